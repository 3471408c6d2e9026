"""What a run costs: leads, campaigns, spending, partners, people, and the changes themselves."""

from __future__ import annotations

import datetime as dt
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simsales.engine.leads.pilots import regime_shares
from simsales.engine.leads.rates import blend, channel_of, money_per_week
from simsales.money.cash import cancelled_at, never_paid
from simsales.money.pay import DAYS_PER_YEAR
from simsales.money.payroll import payroll

if TYPE_CHECKING:
    from simsales.engine.plan import Plan
    from simsales.engine.plan.market import Source
    from simsales.facts import Facts
    from simsales.model.market import Campaign

__all__ = [
    "RunCost", "campaign_cost", "change_cost", "delivered", "lead_cost", "marketing_costs", "overhead_cost", "partner_cost", "run_cost", "spend_cost",
    "training_cost", "unpaid",
]  # fmt: skip

DAYS_PER_WEEK = 7.0
Span = tuple[float, float]


class RunCost(NamedTuple):
    """Where the money goes, in the model's currency.

    Parameters
    ----------
    leads : float
        Cost per lead of its channel, for leads created in the run.
    base, commission : float
        Pay; commission includes bonuses.
    changes : float
        What the scenario's changes cost in the run.
    campaigns, spend, partners : float
        Campaigns that began in the run, money spent on leads in it, and what partners keep of the deals won in it.
    training : float
        Per head present when a training begins.
    overhead : float
        What reps cost besides pay (`cost_per_year`), by the days they are there, of 365.
    delivery : float
        Of the deals won in the run that are not cancelled, where the model states a unit cost.
    unpaid : float
        What the deals won in the run will never pay, by the terms: bad debt, and cancelled deals (whenever that shows).
    """

    leads: float
    base: float
    commission: float
    changes: float
    campaigns: float = 0.0
    spend: float = 0.0
    partners: float = 0.0
    training: float = 0.0
    overhead: float = 0.0
    delivery: float = 0.0
    unpaid: float = 0.0

    @property
    def total(self) -> float:
        """The sum of all."""
        return float(sum(self))

    @property
    def marketing(self) -> float:
        """What it costs that deals come: leads, campaigns, spending, partners."""
        return self.leads + self.campaigns + self.spend + self.partners


def run_cost(facts: Facts) -> RunCost:
    """Return what a simulated run costs.

    Parameters
    ----------
    facts : Facts
        Of a simulated run; a history has no plan, and what it costs is not known. Parts that the model does not state
        count nothing: :func:`simsales.money.cost_parts` names them.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.schema import Model
    >>> log = simulate(Model(channels=[{"name": "web", "leads_per_week": 7.0, "cost_per_lead": 20.0}],
    ...                      segments=[{"name": "all", "amount": 100.0}],
    ...                      stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}]), cases=5)
    >>> from simsales.facts import from_log
    >>> cost = run_cost(from_log(log))
    >>> cost.leads, cost.total
    (100.0, 100.0)
    """
    if facts.plan is None:
        return RunCost(np.nan, np.nan, np.nan, np.nan)
    known: RunCost | None = facts.__dict__.get("_cost")  # several KPIs ask
    if known is None:
        known = facts.__dict__["_cost"] = _run_cost(facts, facts.plan)
    return known


def _run_cost(facts: Facts, plan: Plan) -> RunCost:
    pay, market = payroll(facts), marketing_costs(facts)
    leads, campaigns, spend, partners = (float(row.sum()) for row in market)
    deals = facts.deals
    if _lead_prices(plan).any():  # in the order of the leads: the sum keeps its bits
        leads = lead_cost(plan, deals.channel[deals.is_new], deals.created[deals.is_new])
    won = np.flatnonzero(deals.won)
    return RunCost(
        leads, pay.base, pay.commission, change_cost(plan, facts.until), campaigns, spend, partners,
        training_cost(facts, plan), overhead_cost(facts, plan), float(np.nansum(delivered(facts)[won])),
        float(np.nansum(unpaid(facts)[won])),
    )  # fmt: skip


def unpaid(facts: Facts) -> np.ndarray:
    """Return what each deal, if it is won, will never pay: its bad debt, or all of it where it is cancelled.

    Parameters
    ----------
    facts : Facts
        Of a whole simulated run.

    Returns
    -------
    ndarray of float, shape (n_deals,)
    """
    assert facts.log is not None
    return never_paid(facts.log)


def delivered(facts: Facts) -> np.ndarray:
    """Return what each deal, if it is won, costs to deliver; a cancelled one is not delivered.

    Parameters
    ----------
    facts : Facts
        Of a whole simulated run.

    Returns
    -------
    ndarray of float, shape (n_deals,)
        NaN where the amount is not known.
    """
    assert facts.log is not None
    return np.where(np.isfinite(cancelled_at(facts.log)), 0.0, facts.deals.delivery)


def marketing_costs(facts: Facts) -> np.ndarray:
    """Return what each channel costs: leads, campaigns, spending, and the partners' share.

    Parameters
    ----------
    facts : Facts
        Of a whole simulated run.

    Returns
    -------
    ndarray of float, shape (4, n_channels)
    """
    known: np.ndarray | None = facts.__dict__.get("_marketing")
    if known is None:
        assert facts.plan is not None
        known = facts.__dict__["_marketing"] = _marketing_costs(facts, facts.plan)
    return known


def _marketing_costs(facts: Facts, plan: Plan) -> np.ndarray:
    deals, n = facts.deals, len(plan.channels)
    found = np.zeros((4, n))
    prices = _lead_prices(plan)
    for c in range(n) if prices.any() else ():
        mine = deals.is_new & (deals.channel == c)
        found[0, c] = lead_cost(plan, deals.channel[mine], deals.created[mine])
    for source in plan.market.sources:
        if source.campaign is not None:
            found[1, source.channel] += campaign_cost(plan, source, plan.start, facts.until)
        elif source.spend:
            found[2, source.channel] += spend_cost(plan, source.channel, plan.start, facts.until)
    won = deals.won & (deals.channel >= 0)
    found[3] = np.bincount(deals.channel[won], weights=partner_cost(facts, plan, won), minlength=n)
    return found


def partner_cost(facts: Facts, plan: Plan, won: np.ndarray) -> np.ndarray:
    """Return what partners keep of some won deals (a mask), deal by deal."""
    deals, shares = facts.deals, _by_channel(plan, "partner_share")
    chosen = won & (deals.channel >= 0)
    if not shares.any():
        return np.zeros(int(chosen.sum()))
    return np.asarray(np.nan_to_num(deals.amount[chosen]) * _blended(plan, shares, deals.channel[chosen], deals.closed[chosen]))


def campaign_cost(plan: Plan, source: Source, since: float, until: float) -> float:
    """Return what a campaign costs on each day of a span on which what is in force then lets it begin."""
    channels = [channel_of(regime, plan.channels[source.channel]) for regime in plan.timeline.regimes]
    found = [
        next((each for each in channel.campaigns if each.name == source.campaign), None) if channel else None
        for channel in channels
    ]
    days = sorted({campaign.start for campaign in found if campaign is not None})
    begins = [(day, _midnight(plan, day)) for day in days]
    return sum(blend(plan, begin, partial(_cost_on, found, day)) for day, begin in begins if since <= begin < until)


def _cost_on(found: list[Campaign | None], day: dt.date, r: int) -> float:
    """Return what a campaign costs under a regime if it begins on a day."""
    campaign = found[r]
    return 0.0 if campaign is None or campaign.start != day else campaign.cost


def spend_cost(plan: Plan, c: int, since: float, until: float) -> float:
    """Return the money that a channel spends in a span of time, day by day; where a change begins a day is cut."""
    cache: dict[tuple[int, float, float], float] = plan.__dict__.setdefault("_spend_costs", {})
    if (c, since, until) not in cache:
        channels = [channel_of(regime, plan.channels[c]) for regime in plan.timeline.regimes]
        changes = [start for start in plan.regime_start.tolist() if since < start < until]
        edges = [*np.union1d(np.arange(since, until), changes).tolist(), until]
        money = [money_per_week(plan, channels, 0.5 * (a + b)) * (b - a) for a, b in pairwise(edges)]
        cache[c, since, until] = sum(money) / DAYS_PER_WEEK
    return cache[c, since, until]


def training_cost(facts: Facts, plan: Plan, span: Span | None = None) -> float:
    """Return what the trainings cost that begin in the run, or in a span of it: per head present on the first day."""
    since, until = span or (plan.start, facts.until)
    trainings = [each for each in plan.timeline.last.trainings if each.cost_per_head > 0.0]
    reps, total = facts.reps, 0.0
    for training in trainings:
        begin = _midnight(plan, training.start)
        if not since <= begin < until:
            continue
        present = (reps.hired <= begin) & (begin < reps.left)
        if training.role is not None:
            present &= reps.role == (facts.roles.index(training.role) if training.role in facts.roles else -2)
        elif training.team is not None:
            present &= reps.team == (facts.teams.index(training.team) if training.team in facts.teams else -2)
        else:
            present &= np.array([name == training.rep for name in facts.rep_names], dtype=bool)
        total += training.cost_per_head * float(np.count_nonzero(present))
    return total


def overhead_cost(facts: Facts, plan: Plan, span: Span | None = None) -> float:
    """Return what reps cost besides pay: licences, a bot's fee; for the days between hire and leaving in a run or a span."""
    since, until = span or (plan.start, facts.until)
    people = plan.staffing.people
    if not any(rep.cost_per_year for row in people for rep in row):
        return 0.0
    bounds = [since, *(t for t in plan.regime_start.tolist() if since < t < until), until]
    total = 0.0
    for a, b in zip(bounds, bounds[1:], strict=False):
        regime = int(np.flatnonzero(plan.regime_start <= a)[-1])
        rates = np.array([rep.cost_per_year for rep in people[regime]])
        days = np.minimum(facts.reps.left, b) - np.maximum(facts.reps.hired, a)
        total += float(np.sum(np.maximum(days, 0.0) * rates)) / DAYS_PER_YEAR
    return total


def lead_cost(plan: Plan, channel: np.ndarray, created: np.ndarray) -> float:
    """Return what the leads cost; a change that ramps in is paid for in proportion to its adoption.

    Parameters
    ----------
    plan : Plan
    channel : ndarray of int, shape (n_leads,)
        Position in the plan's channels.
    created : ndarray of float, shape (n_leads,)
        Days since the epoch.
    """
    prices = _lead_prices(plan)
    return float(_blended(plan, prices, channel, created).sum()) if prices.any() else 0.0


def _blended(plan: Plan, table: np.ndarray, channel: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Return a number that regimes state by channel, at some times: each replaces its share of what held before."""
    if any(plan.needs):
        shares = np.array([regime_shares(plan, float(moment)) for moment in time]).reshape(len(time), len(table))
        return np.asarray((shares * table[:, channel].T).sum(axis=1))
    value: np.ndarray = table[0, channel]
    for r in range(1, len(table)):
        if not plan.pilot[r] and (table[r] != table[r - 1]).any():
            ramp, age = plan.regime_ramp[r], time - plan.regime_start[r]
            taken = np.where(age < 0, 0.0, 1.0 if ramp <= 0 else np.minimum(age / max(ramp, 1e-9), 1.0))
            value = value + taken * plan.regime_adoption[r] * (table[r, channel] - value)
    return value


def _lead_prices(plan: Plan) -> np.ndarray:
    """Return the cost per lead by regime and channel."""
    return _by_channel(plan, "cost_per_lead")


def _by_channel(plan: Plan, field: str) -> np.ndarray:
    """Return a number of the channels by regime and channel, 0 where a regime lacks the channel."""
    cache: dict[str, np.ndarray] = plan.__dict__.setdefault("_by_channel", {})
    if field not in cache:
        rows = []
        for regime in plan.timeline.regimes:
            by_name = {channel.name: float(getattr(channel, field)) for channel in regime.model.channels}
            rows.append([by_name.get(name, 0.0) for name in plan.channels])
        cache[field] = np.array(rows, dtype=float)
    return cache[field]


def change_cost(plan: Plan, until: float, since: float | None = None) -> float:
    """Return what the scenario's changes cost between the run's start (or a later time) and its end.

    A one-off cost is paid if its date lies in the run (an undated one at the start); a yearly cost is paid for the
    days it runs, of 365.
    """
    total, first = 0.0, plan.start if since is None else since
    for cost in plan.timeline.costs:
        begin = plan.start if cost.start is None else _midnight(plan, cost.start)
        if first <= begin < until:
            total += cost.once
        total += cost.per_year * max(until - max(begin, first), 0.0) / DAYS_PER_YEAR
    return total


def _midnight(plan: Plan, date: dt.date) -> float:
    return plan.clock.midnight(date)
