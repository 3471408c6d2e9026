"""What a run costs: leads, people, and the changes themselves."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simsales.money.pay import DAYS_PER_YEAR
from simsales.money.payroll import payroll

if TYPE_CHECKING:
    from simsales.engine.plan import Plan
    from simsales.facts import Facts

__all__ = ["RunCost", "change_cost", "lead_cost", "run_cost"]


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
    """

    leads: float
    base: float
    commission: float
    changes: float

    @property
    def total(self) -> float:
        """The sum of the four."""
        return self.leads + self.base + self.commission + self.changes


def run_cost(facts: Facts) -> RunCost:
    """Return what a simulated run costs.

    Parameters
    ----------
    facts : Facts
        Of a simulated run; a history has no plan and costs nothing that is known here.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.schema import Model
    >>> log = simulate(Model(channels=[{"name": "web", "leads_per_week": 7.0, "cost_per_lead": 20.0}],
    ...                      segments=[{"name": "all", "amount": 100.0}],
    ...                      stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}]), cases=5)
    >>> from simsales.facts import from_log
    >>> run_cost(from_log(log))
    RunCost(leads=100.0, base=0.0, commission=0.0, changes=0.0)
    """
    plan = facts.plan
    if plan is None:
        return RunCost(np.nan, np.nan, np.nan, np.nan)
    deals = facts.deals
    pay = payroll(facts)
    leads = lead_cost(plan, deals.channel[deals.is_new], deals.created[deals.is_new])
    return RunCost(leads, pay.base, pay.commission, change_cost(plan, facts.until))


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
    if not prices.any():
        return 0.0
    price = prices[0, channel]
    for r in range(1, len(prices)):
        if not plan.pilot[r] and (prices[r] != prices[r - 1]).any():
            ramp, age = plan.regime_ramp[r], created - plan.regime_start[r]
            taken = np.where(age < 0, 0.0, 1.0 if ramp <= 0 else np.minimum(age / max(ramp, 1e-9), 1.0))
            price = price + taken * plan.regime_adoption[r] * (prices[r, channel] - price)
    return float(price.sum())


def _lead_prices(plan: Plan) -> np.ndarray:
    """Return the cost per lead by regime and channel."""
    rows = []
    for regime in plan.timeline.regimes:
        by_name = {channel.name: channel.cost_per_lead for channel in regime.model.channels}
        rows.append([by_name.get(name, 0.0) for name in plan.channels])
    return np.array(rows, dtype=float)


def change_cost(plan: Plan, until: float) -> float:
    """Return what the scenario's changes cost between the run's start and its end.

    A one-off cost is paid if its date lies in the run (an undated one at the start); a yearly cost is paid for the
    days it runs, of 365.
    """
    total = 0.0
    for cost in plan.timeline.costs:
        begin = plan.start if cost.start is None else _midnight(plan, cost.start)
        if cost.start is None or plan.start <= begin < until:
            total += cost.once
        total += cost.per_year * max(until - max(begin, plan.start), 0.0) / DAYS_PER_YEAR
    return total


def _midnight(plan: Plan, date: dt.date) -> float:
    return plan.clock.midnight(date)
