"""When leads arrive and what they are (R1): computed once a replication, shared by all engines.

A channel's rate is a staircase over local days. Lead *i* arrives where the rate, added up and shaken by
weekly and quarterly multipliers, reaches the sum of the first *i* keyed exponential draws.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simsales.engine.clock import Periods, periods
from simsales.engine.plan import Floats, Ints, Plan
from simsales.engine.streams import DealDraws, Purpose, Streams, hash32, hash64
from simsales.model.apply import Regime
from simsales.model.calendars import WEEKDAYS, parse_hours
from simsales.model.schema import MONTHS, Channel

COMMON = hash32("common")
DAYS_PER_YEAR = 365.25
_CHUNK_DAYS = 364


@dataclass(frozen=True, eq=False)
class Deals:
    """All deals of a run: opening deals first, then leads by time, channel and number.

    Parameters
    ----------
    created, amount : ndarray of float, shape (n_deals,)
    channel, number, segment, entry, regime : ndarray of int, shape (n_deals,)
        `number` is the lead's number within its channel (for opening deals: the row).
    n_opening : int
    until : float
        The end of the run.
    draws : DealDraws
    win_shift : list of float
        Common shift of the log-odds of advancing in each quarter of `quarters`.
    """

    created: Floats
    amount: Floats
    channel: Ints
    number: Ints
    segment: Ints
    entry: Ints
    regime: Ints
    n_opening: int
    until: float
    draws: DealDraws
    quarters: Periods
    win_shift: list[float]


@dataclass(frozen=True, eq=False)
class Pieces:
    """The mean rate of one channel: pieces of constant rate, one a day.

    Parameters
    ----------
    begin, end, leads : ndarray of float, shape (n_pieces,)
        Days since the epoch, and the expected leads of the piece.
    week, quarter : ndarray of int, shape (n_pieces,)
    weekly : ndarray of float, shape (n_pieces,)
        Expected leads of the whole week to which the piece belongs.
    """

    begin: Floats
    end: Floats
    leads: Floats
    week: Ints
    quarter: Ints
    weekly: Floats


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
    times, channel, number, until = _leads(plan, streams)
    index, name = number.astype(np.uint32), np.array(plan.channel_key, dtype=np.uint32)[channel]
    opening = plan.opening
    created, n_opening = times, 0
    if opening is not None and opening.ids:
        n_opening = len(opening.ids)
        words = np.array([hash64(f"open:{deal}") for deal in opening.ids], dtype=np.uint32)
        index = np.concatenate([words[:, 0], index])
        name = np.concatenate([words[:, 1], name])
        created = np.concatenate([opening.created, times])
        channel = np.concatenate([opening.channel, channel])
        number = np.concatenate([np.arange(n_opening), number])
    draws = DealDraws(streams, index, name)
    regime = _regimes(plan, draws, np.maximum(created, plan.start))
    segment = _segments(plan, draws, regime, channel, n_opening)
    quarters = periods(plan.clock, "quarter", min(plan.start, created.min(initial=plan.start)), until)
    return Deals(
        created=created,
        amount=_amounts(plan, draws, regime, segment, created, quarters, n_opening),
        channel=channel,
        number=number,
        segment=segment,
        entry=_entries(plan, draws, regime, channel, n_opening),
        regime=regime,
        n_opening=n_opening,
        until=until,
        draws=draws,
        quarters=quarters,
        win_shift=_win_shifts(plan, streams, quarters),
    )


# times ------------------------------------------------------------------------------------------


def _leads(plan: Plan, streams: Streams) -> tuple[Floats, Ints, Ints, float]:
    """Return times, channels and numbers of all leads in order, and the end of the run."""
    days = plan.until - plan.start
    until = plan.until
    while True:
        found = [_channel_times(plan, c, streams, until) for c in range(len(plan.channels))]
        times = np.concatenate(found) if found else np.zeros(0)
        channel = np.repeat(np.arange(len(found)), [len(each) for each in found])
        number = np.concatenate([np.arange(len(each)) for each in found]) if found else channel
        order = np.lexsort((number, channel, times))
        enough = plan.cases is None or len(times) >= plan.cases
        if enough or plan.until_given or not _grows(plan, until):
            break
        until = plan.start + 2.0 * (until - plan.start)
    order = order[: plan.cases]
    times = times[order]
    if plan.cases is not None and not plan.until_given:
        until = float(times[-1]) + days if len(times) else plan.until
    return times, channel[order], number[order], until


def _grows(plan: Plan, until: float) -> bool:
    """Tell whether leads arrive at all, and the run is not absurdly long yet."""
    if until - plan.start > 1000.0 * (plan.until - plan.start):
        return False
    later = [_pieces(plan, c, until).leads for c in range(len(plan.channels))]
    return any(leads.sum() > 0.0 for leads in later)


def _channel_times(plan: Plan, c: int, streams: Streams, until: float) -> Floats:
    pieces = _pieces(plan, c, until)
    mass = pieces.leads * _multipliers(plan, c, streams, pieces)
    edges = np.cumsum(mass)
    total = float(edges[-1]) if len(edges) else 0.0
    if total <= 0.0:
        return np.zeros(0)
    sums = _exponential_sums(plan.channel_key[c], streams, total)
    i = np.searchsorted(edges, sums, side="left")
    inside = i < len(edges)
    i, sums = i[inside], sums[inside]
    share = (sums - (edges[i] - mass[i])) / mass[i]
    width = pieces.end[i] - pieces.begin[i]
    return pieces.begin[i] + width * np.clip(share, 0.0, np.nextafter(1.0, 0.0))


def _exponential_sums(key: int, streams: Streams, total: float) -> Floats:
    """Return the sums of keyed unit-exponential draws up to the first one above `total`."""
    n = int(total + 6.0 * math.sqrt(total) + 16)
    while True:
        count = np.arange(n, dtype=np.uint32)
        sums = np.cumsum(-np.log(streams.uniforms(count, key, 0, Purpose.ARRIVAL)))
        if sums[-1] > total:
            return sums[: int(np.searchsorted(sums, total, side="right"))]
        n *= 2


def _multipliers(plan: Plan, c: int, streams: Streams, pieces: Pieces) -> Floats:
    """Return the weekly (gamma) times the quarterly (lognormal) multiplier of each piece."""
    model = plan.timeline.model
    factor = np.ones(len(pieces.leads))
    over = next((ch.overdispersion for ch in model.channels if ch.name == plan.channels[c]), 1.0)
    if over > 1.0:
        weeks, where = np.unique(pieces.week, return_inverse=True)
        u = streams.uniforms(weeks.astype(np.uint32), plan.channel_key[c], 0, Purpose.WEEK)[where]
        shape = np.maximum(pieces.weekly, 1e-300) / (over - 1.0)
        drawn = special.gammaincinv(shape, u) / shape
        factor = factor * np.where(pieces.weekly > 1e-9, drawn, 1.0)
    cv = model.shocks.arrivals_quarter_cv
    if cv > 0.0:
        quarters, where = np.unique(pieces.quarter, return_inverse=True)
        u = streams.uniforms(quarters.astype(np.uint32), COMMON, 0, Purpose.QUARTER_ARRIVALS)
        factor = factor * lognormal_factor(u, cv)[where]
    return factor


def lognormal_factor(u: Floats, cv: float) -> Floats:
    """Return lognormal draws of mean 1 and the given coefficient of variation.

    Examples
    --------
    >>> lognormal_factor(np.array([0.5]), 0.0)
    array([1.])
    """
    sd = math.sqrt(math.log1p(cv * cv))
    return np.asarray(np.exp(sd * special.ndtri(u) - 0.5 * sd * sd))


# mean rates -------------------------------------------------------------------------------------


def _pieces(plan: Plan, c: int, until: float) -> Pieces:
    """Return a channel's mean rate from the start to `until`; kept with the plan."""
    cache: dict[tuple[int, float], Pieces] = plan.__dict__.setdefault("_rate_pieces", {})
    if (c, until) not in cache:
        cache[c, until] = _make_pieces(plan, c, until)
    return cache[c, until]


def _make_pieces(plan: Plan, c: int, until: float) -> Pieces:
    clock = plan.clock
    # whole weeks, so that a week's expectation does not depend on where the run begins or ends
    first = clock.date(plan.start)
    first -= dt.timedelta(days=first.weekday())
    n = (clock.date(until) - first).days + 1
    days = [first + dt.timedelta(days=i) for i in range(n + (-n) % 7)]
    edges = _edges(plan, c)
    rows = [
        (clock.at(day, a), clock.at(day, b), day, (a, b))
        for day in days
        for a, b in itertools.pairwise(edges)
    ]
    rows = [row for row in rows if row[1] > row[0]]  # a change of the clock can swallow an hour
    begin, end = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    leads = np.array([_expected(plan, c, *row) for row in rows])
    weeks = np.array([(row[2].toordinal() - 1) // 7 for row in rows])
    quarter = np.array([row[2].year * 4 + (row[2].month - 1) // 3 for row in rows])
    weekly = np.bincount(weeks - weeks[0], weights=leads)[weeks - weeks[0]]
    low, high = np.maximum(begin, plan.start), np.minimum(end, until)
    part = np.clip((high - low) / (end - begin), 0.0, 1.0)
    keep = part > 0.0
    kept = (low, high, leads * part, weeks, quarter, weekly)
    return Pieces(*(column[keep] for column in kept))


def _channel(regime: Regime, name: str) -> Channel | None:
    return next((ch for ch in regime.model.channels if ch.name == name), None)


def _edges(plan: Plan, c: int) -> tuple[float, ...]:
    """Return the hours at which the rate can change within a day."""
    edges = {0.0, 24.0}
    for regime in plan.timeline.regimes:
        channel = _channel(regime, plan.channels[c])
        if channel is not None and channel.hours is not None:
            edges.update(parse_hours(channel.hours))
    return tuple(sorted(edges))


def _expected(
    plan: Plan, c: int, begin: float, end: float, day: dt.date, hours: tuple[float, float]
) -> float:
    """Return the expected leads of a piece: each regime replaces its share of what held before."""
    leads = 0.0
    for r, regime in enumerate(plan.timeline.regimes):
        age = 0.5 * (begin + end) - plan.regime_start[r]
        if age < 0.0:
            break
        ramp = regime.ramp_days
        share = regime.adoption * (1.0 if r == 0 or age >= ramp else age / ramp)
        share = 1.0 if r == 0 else share
        channel = _channel(regime, plan.channels[c])
        own = 0.0 if channel is None else _rate(channel, day, 0.5 * (begin + end), hours)
        leads = (1.0 - share) * leads + share * own
    return leads


def _rate(channel: Channel, day: dt.date, time: float, hours: tuple[float, float]) -> float:
    """Return a channel's expected leads in a part of a day."""
    low, high = parse_hours(channel.hours) if channel.hours else (0.0, 24.0)
    if hours[0] >= high or hours[1] <= low:
        return 0.0
    weights = [channel.weekday.get(name, 1.0) for name in WEEKDAYS]  # type: ignore[call-overload]
    total = sum(weights)
    share = weights[day.weekday()] / total if total > 0.0 else 0.0
    season = channel.season.get(MONTHS[day.month - 1], 1.0)  # type: ignore[call-overload]
    trend = (1.0 + channel.trend_per_year) ** (time / DAYS_PER_YEAR)
    part = (hours[1] - hours[0]) / (high - low)
    return float(channel.leads_per_week * share * season * trend * part)


# attributes -------------------------------------------------------------------------------------


def _regimes(plan: Plan, draws: DealDraws, times: Floats) -> Ints:
    """Return the regime that each deal follows at its creation."""
    found = np.zeros(len(times), dtype=np.int64)
    for r in range(1, plan.n_regimes):
        age = times - plan.regime_start[r]
        ramp = plan.regime_ramp[r]
        ramped = np.where(age >= ramp, 1.0, age / ramp if ramp > 0.0 else 0.0)
        share = plan.regime_adoption[r] * np.where(age < 0.0, 0.0, ramped)
        found[draws.vector(Purpose.ADOPTION, plan.regime_key[r]) < share] = r
    return found


def pick(shares: NDArray[np.float64], u: Floats) -> Ints:
    """Return, row by row, which share a uniform falls into.

    Parameters
    ----------
    shares : ndarray of float, shape (n, k)
        Rows add up to 1 (a row of zeros gives 0).
    u : ndarray of float, shape (n,)

    Examples
    --------
    >>> pick(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0.7, 0.1])).tolist()
    [1, 1]
    """
    sums = np.cumsum(shares, axis=1)
    found = (u[:, None] * sums[:, -1:] >= sums).sum(axis=1)
    last = shares.shape[1] - 1 - np.argmax(shares[:, ::-1] > 0.0, axis=1)
    place: Ints = np.minimum(found, np.where(sums[:, -1] > 0.0, last, 0)).astype(np.int64)
    return place


def _segments(plan: Plan, draws: DealDraws, regime: Ints, channel: Ints, n_opening: int) -> Ints:
    if len(plan.segments) == 1:
        return np.zeros(len(regime), dtype=np.int64)
    drawn = pick(plan.segment_share[regime, channel], draws.vector(Purpose.SEGMENT))
    if plan.opening is not None and n_opening:
        given = plan.opening.segment
        drawn[:n_opening] = np.where(given >= 0, given, drawn[:n_opening])
    return drawn


def _entries(plan: Plan, draws: DealDraws, regime: Ints, channel: Ints, n_opening: int) -> Ints:
    drawn = pick(plan.entry[regime, channel], draws.vector(Purpose.ENTRY))
    if plan.opening is not None and n_opening:
        drawn[:n_opening] = plan.opening.stage
    return drawn


def _amounts(
    plan: Plan,
    draws: DealDraws,
    regime: Ints,
    segment: Ints,
    created: Floats,
    quarters: Periods,
    n_opening: int,
) -> Floats:
    u = draws.vector(Purpose.AMOUNT)
    law = plan.segment_amount[regime, segment]
    amount = np.zeros(len(u))
    for each in np.unique(law):
        if each >= 0:
            amount[law == each] = plan.tables[each].draws(u[law == each])
    cv = plan.timeline.model.shocks.amount_quarter_cv
    if cv > 0.0:
        numbers = np.array(quarters.numbers, dtype=np.uint32)
        factor = lognormal_factor(draws.streams.uniforms(numbers, COMMON, 0, Purpose.QUARTER_AMOUNT), cv)
        where = np.searchsorted(quarters.begins, created, side="right") - 1
        amount = amount * factor[np.clip(where, 0, len(factor) - 1)]
    if plan.opening is not None and n_opening:
        given = plan.opening.amount
        amount[:n_opening] = np.where(np.isnan(given), amount[:n_opening], given)
    return amount


def _win_shifts(plan: Plan, streams: Streams, quarters: Periods) -> list[float]:
    sd = plan.timeline.model.shocks.win_logit_quarter_sd
    numbers = np.array(quarters.numbers, dtype=np.uint32)
    if sd <= 0.0:
        return [0.0] * len(numbers)
    z = special.ndtri(streams.uniforms(numbers, COMMON, 0, Purpose.QUARTER_WINS))
    shifts: list[float] = (sd * z).tolist()
    return shifts
