"""When leads arrive and what they are (R1): computed once a replication, shared by all engines.

Lead *i* of a source arrives where the source's mean rate (:mod:`simsales.engine.leads.rates`), added up and shaken by weekly
and quarterly multipliers and by events, reaches the sum of the first *i* keyed exponential draws. In a finite market
a lead whose prospect came within the cool-down before does not come; the others keep their numbers.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simsales.engine.clock import Periods, periods
from simsales.engine.leads import attributes
from simsales.engine.leads.attributes import pick
from simsales.engine.leads.events import Events, feel, happening, lead_factor
from simsales.engine.leads.hidden import give_known
from simsales.engine.leads.pilots import eligible, in_dips
from simsales.engine.leads.rates import rate_pieces
from simsales.engine.leads.scores import Scores
from simsales.engine.leads.shocks import lead_factors, lognormal_factor, shock_periods, win_shifts
from simsales.engine.plan import Flags, Floats, Ints, Opening, Plan
from simsales.engine.plan.market import EventPlan
from simsales.engine.streams import DealDraws, Purpose, Streams, hash64

LAST_DAY = dt.date(9000, 12, 31)
LONGEST = 1000.0
"""So many times longer than the horizon a run of some cases may last."""
MONTH = 31.0

__all__ = ["Deals", "lognormal_factor", "make_deals", "pick"]


@dataclass(frozen=True, eq=False)
class Deals:
    """All deals of a run: opening deals first, then leads by time, channel and number.

    Parameters
    ----------
    created, amount, list_amount, discount : ndarray of float, shape (n_deals,)
        ``amount = list_amount * (1 - discount)``, in the model's currency.
    channel, number, source, segment, entry, regime : ndarray of int, shape (n_deals,)
        `number` is the lead's number within its source (for opening deals: the row); `source` is -1 for opening deals.
    product, region, currency : ndarray of int, shape (n_deals,)
        -1 where the model has none (currency: where it is the model's).
    standard : ndarray of bool, shape (n_deals,)
        Whether standard terms will do.
    rate : ndarray of float, shape (n_deals,)
        What one unit of the deal's currency is worth in the model's.
    n_opening : int
    until : float
        The end of the run.
    draws : DealDraws
    win_shift : list of float
        Common shift of the log-odds of advancing in each part of `quarters` (a change of the shocks cuts its quarter).
    events : Events
    scores : Scores
    logits : tuple of list by regime of list of float
        What products and regions add to the log-odds of advancing; see :meth:`logit`.
    masks : tuple of ndarray of bool
        By regime with a condition: for which deals it holds; empty where no regime has one.
    dipped : tuple of ndarray of bool
        By transition dip with a condition: for which deals it holds; empty where no dip has one.
    """

    created: Floats
    amount: Floats
    list_amount: Floats
    discount: Floats
    channel: Ints
    number: Ints
    source: Ints
    segment: Ints
    entry: Ints
    regime: Ints
    product: Ints
    region: Ints
    currency: Ints
    standard: Flags
    rate: Floats
    n_opening: int
    until: float
    draws: DealDraws
    quarters: Periods
    win_shift: list[float]
    events: Events
    scores: Scores
    logits: tuple[list[list[float]], list[list[float]]]
    masks: tuple[Flags | None, ...] = ()
    dipped: tuple[Flags | None, ...] = ()

    @cached_property
    def eligible(self) -> list[list[bool]]:
        """By regime: for which deals its condition holds (empty: no condition)."""
        return [[] if mask is None else mask.tolist() for mask in self.masks]

    def score_at(self, ordinal: int, time: float) -> float:
        """Return a deal's true score at a time; 0 where the model has no scoring."""
        return self.scores.at(ordinal, time)

    def seen_score_at(self, ordinal: int, time: float) -> float:
        """Return the score as people see it: routing and queues go by this one."""
        return self.scores.at(ordinal, time, seen=True)

    @cached_property
    def has_logit(self) -> bool:
        """Whether a product or a region shifts the odds."""
        return any(value != 0.0 for table in self.logits for row in table for value in row)

    def logit(self, ordinal: int, regime: int) -> float:
        """Return what a deal's product and region add to the log-odds of advancing (R5)."""
        product, region = self._codes[ordinal]
        by_product, by_region = self.logits
        total = by_product[regime][product] if product >= 0 else 0.0
        return total + by_region[regime][region] if region >= 0 else total

    @cached_property
    def _codes(self) -> list[tuple[int, int]]:
        return list(zip(self.product.tolist(), self.region.tolist(), strict=True))


def make_deals(plan: Plan, streams: Streams) -> Deals:
    """Return every deal of one replication, before the run starts (R1).

    Parameters
    ----------
    plan : Plan
    streams : Streams

    Returns
    -------
    Deals

    Examples
    --------
    >>> from simsales.engine.lower import lower
    >>> from simsales.model.schema import Model
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 7.0}],
    ...               stages=[{"name": "Open", "exits": [{"to": "lost", "probability": 1.0}]}])
    >>> make_deals(lower(model, cases=3), Streams(1)).number.tolist()
    [0, 1, 2]
    """
    market = plan.market
    happened = happening(market.events, streams)
    created, source, number, until = _leads(plan, streams, happened)
    name = np.array([each.key for each in market.sources], dtype=np.uint32)[source] ^ np.uint32(plan.cut_word)
    channel = np.array([each.channel for each in market.sources], dtype=np.int64)[source]
    index = number.astype(np.uint32)
    opening, n_opening = plan.opening, 0
    given_score = np.full(len(created), np.nan)
    if opening is not None and opening.ids:
        n_opening = len(opening.ids)
        words = _opening_words(opening)
        index, name = np.concatenate([words[:, 0], index]), np.concatenate([words[:, 1], name])
        created = np.concatenate([opening.created, created])
        channel = np.concatenate([opening.channel, channel])
        number = np.concatenate([np.arange(n_opening), number])
        source = np.concatenate([np.full(n_opening, -1), source])
        given_score = np.concatenate([opening.score, given_score])
    draws = DealDraws(streams, index, name)
    give_known(plan, draws)
    regime = attributes.regimes(plan, draws, np.maximum(created, plan.start))
    segment = attributes.segments(plan, draws, regime, channel)
    product = attributes.products(plan, draws, regime, channel, created)
    region = attributes.regions(plan, draws, regime, channel)
    codes = {"regime": regime, "segment": segment, "channel": channel, "product": product, "region": region}
    quarters = shock_periods(plan, periods(plan.clock, "quarter", min(plan.start, created.min(initial=plan.start)), until))
    currency, rate = attributes.exchange(plan, regime, region, created)
    listed = attributes.amounts(plan, draws, codes, created, quarters, happened, rate)
    discount = attributes.discounts(plan, draws, regime, segment)
    listed, amount = attributes.prices(plan, listed, discount)
    entry, standard = attributes.entries(plan, draws, regime, channel), attributes.standard_terms(plan, draws, regime)
    fit: tuple[Flags | None, ...] = ()
    if any(plan.pilot):
        fit = eligible(plan, amount, attributes.named(plan, codes))
        regime = attributes.regimes(plan, draws, np.maximum(created, plan.start), fit)
    conditional = any(dip.where is not None for dip in plan.timeline.dips)
    dipped = in_dips(plan, amount, attributes.named(plan, codes)) if conditional else ()
    return Deals(
        created=created, amount=amount, list_amount=listed, discount=discount, channel=channel, number=number,
        source=source, segment=segment, entry=entry, regime=regime,
        product=product, region=region, currency=currency, rate=rate,
        standard=standard, n_opening=n_opening, until=until, draws=draws, quarters=quarters,
        win_shift=win_shifts(plan, streams, quarters),
        events=feel(happened, attributes.named(plan, codes), draws) if happened else Events(),
        scores=Scores(market.scores, regime, created, given_score, draws),
        logits=(market.product_logit.tolist(), market.region_logit.tolist()), masks=fit, dipped=dipped,
    )  # fmt: skip


def _opening_words(opening: Opening) -> np.ndarray:
    """Return the two words that key each opening deal's draws, shape (n_opening, 2)."""
    cut = f":{opening.cut}" if opening.cut else ""
    return np.array([hash64(f"open:{deal}{cut}") for deal in opening.ids], dtype=np.uint32)


# times ------------------------------------------------------------------------------------------


def _leads(plan: Plan, streams: Streams, happened: Sequence[EventPlan]) -> tuple[Floats, Ints, Ints, float]:
    """Return times, sources and numbers of all leads in order, and the end of the run.

    With a number of cases only as much time is looked at as they need, a whole number of days that doubles.
    """
    days, horizon = plan.until - plan.start, _horizon(plan)
    until = horizon if plan.cases is None else min(_first_guess(plan), horizon)
    place = _places(plan)
    while True:
        found = [_source_times(plan, i, streams, until, happened) for i in range(len(plan.market.sources))]
        times = np.concatenate(found) if found else np.zeros(0)
        source = np.repeat(np.arange(len(found)), [len(each) for each in found])
        number = np.concatenate([np.arange(len(each)) for each in found]) if found else source
        order = np.lexsort((number, place[source], times))
        if plan.market.market_size.any():
            order = order[_new_prospects(plan, streams, times[order], source[order], number[order])]
        if plan.cases is None or len(order) >= plan.cases or until >= horizon:
            break
        until = min(_midnight(plan, plan.start + 2.0 * (until - plan.start)), horizon)
    order = order[: plan.cases]
    times = times[order]
    until = plan.until
    if plan.cases is not None and not plan.until_given and len(times):
        until = float(times[-1]) + days
    return times, source[order], number[order], until


def _places(plan: Plan) -> Ints:
    """Return the rank of each source's name: leads of one instant do not depend on the order in the file."""
    names = [source.name for source in plan.market.sources]
    return np.argsort(np.argsort(np.array(names, dtype=object), kind="stable"), kind="stable")


def _horizon(plan: Plan) -> float:
    """Return until when leads may come: the end of the run, or a thousand times as long where cases decide about it."""
    if plan.cases is None or plan.until_given:
        return plan.until
    return min(plan.start + LONGEST * (plan.until - plan.start), plan.clock.midnight(LAST_DAY))


def _first_guess(plan: Plan) -> float:
    """Return by when the cases have come at the mean rates that the channels state, and a month more."""
    models = [regime.model for regime in plan.timeline.regimes]
    rate = min(sum(channel.leads_per_week for channel in model.channels) for model in models)
    days = MONTH + (7.0 * (plan.cases or 0) / rate if rate > 0.0 else 0.0)
    return _midnight(plan, plan.start + min(days, LONGEST * (plan.until - plan.start) + MONTH))


def _midnight(plan: Plan, time: float) -> float:
    """Return the first midnight after a time: whole days have the same leads however far one looks."""
    last = plan.clock.midnight(LAST_DAY)
    return last if time >= last else plan.clock.midnight(plan.clock.date(time) + dt.timedelta(days=1))


def _source_times(plan: Plan, i: int, streams: Streams, until: float, happened: Sequence[EventPlan]) -> Floats:
    pieces, source = rate_pieces(plan, i, until), plan.market.sources[i]
    mass = pieces.leads * lead_factors(plan, i, streams, pieces)
    if any(event.leads != 1.0 for event in happened):
        middle = 0.5 * (pieces.begin + pieces.end)
        mass = mass * lead_factor(happened, plan.channels[source.channel], middle)
    edges = np.cumsum(mass)
    total = float(edges[-1]) if len(edges) else 0.0
    if total <= 0.0:
        return np.zeros(0)
    sums = _exponential_sums(source.key ^ plan.cut_word, streams, total)
    k = np.searchsorted(edges, sums, side="left")
    inside = k < len(edges)
    k, sums = k[inside], sums[inside]
    share = (sums - (edges[k] - mass[k])) / mass[k]
    width = pieces.end[k] - pieces.begin[k]
    return pieces.begin[k] + width * np.clip(share, 0.0, np.nextafter(1.0, 0.0))


def _exponential_sums(key: int, streams: Streams, total: float) -> Floats:
    """Return the sums of keyed unit-exponential draws up to the first one above `total`."""
    n = int(total + 6.0 * math.sqrt(total) + 16)
    while True:
        count = np.arange(n, dtype=np.uint32)
        sums = np.cumsum(-np.log(streams.uniforms(count, key, 0, Purpose.ARRIVAL)))
        if sums[-1] > total:
            return sums[: int(np.searchsorted(sums, total, side="right"))]
        n *= 2


# finite markets ---------------------------------------------------------------------------------


def _new_prospects(plan: Plan, streams: Streams, times: Floats, source: Ints, number: Ints) -> Flags:
    """Tell which leads, in order of time, come from a prospect that nobody has contacted within the cool-down.

    A prospect is a keyed place in the channel's market. Leads that stay away do not renew the cool-down; opening
    deals were contacted when they were created.
    """
    market = plan.market
    keys = np.array([each.key for each in market.sources], dtype=np.uint32)[source] ^ np.uint32(plan.cut_word)
    channel = np.array([each.channel for each in market.sources], dtype=np.int64)[source]
    draws = DealDraws(streams, number.astype(np.uint32), keys)
    regime = attributes.regimes(plan, draws, times)
    finite = market.market_size[regime, channel]
    prospects = (draws.vector(Purpose.PROSPECT) * finite).astype(int).tolist()
    cooldown = market.cooldown[regime, channel].tolist()
    come = np.ones(len(times), dtype=bool)
    last = _contacted(plan, streams)
    limited = np.flatnonzero(finite > 0.0)
    for i, c, time in zip(limited.tolist(), channel[limited].tolist(), times[limited].tolist(), strict=True):
        who = (c, prospects[i])
        come[i] = time - last.get(who, -math.inf) >= cooldown[i]
        if come[i]:
            last[who] = time
    return come


def _contacted(plan: Plan, streams: Streams) -> dict[tuple[int, int], float]:
    """Return when the prospects of the opening deals were contacted, by channel and place."""
    opening = plan.opening
    if opening is None or not opening.ids:
        return {}
    words = _opening_words(opening)
    draws = DealDraws(streams, words[:, 0], words[:, 1])
    give_known(plan, draws)
    place = draws.vector(Purpose.PROSPECT)
    size = np.where(opening.channel >= 0, plan.market.market_size[0, opening.channel], 0.0)
    rows = zip(opening.channel.tolist(), (place * size).astype(int).tolist(), opening.created.tolist(), strict=True)
    return {(c, prospect): time for c, prospect, time in sorted(rows)}
