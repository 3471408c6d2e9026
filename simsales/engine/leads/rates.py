"""The mean rate of every source of leads: a staircase over local days (R1).

A channel's own leads follow its rate, season, weekday, trend and hours, and the life cycles of what it sells. A
campaign's come evenly over its days, a lag later, in the channel's hours. Bought leads follow a Hill curve of the
effective spend a lag ago, with the channel's weekdays and hours and the life cycles. A dated change replaces its
share of what held before.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from simsales.engine.leads.pilots import regime_shares
from simsales.engine.plan.market import Floats, Ints, Source, at
from simsales.model.apply import Adoption, Regime
from simsales.model.calendars import WEEKDAYS, parse_hours
from simsales.model.market import MONTHS, Campaign, Channel, Spend

if TYPE_CHECKING:
    from simsales.engine.plan import Plan

    class Expected(Protocol):
        """The expected leads of a piece; see :func:`_expectation`."""

        def __call__(self, time: float, day: dt.date, hours: Hours, when: float | None = None) -> float: ...


DAYS_PER_YEAR = 365.25
DAYS_PER_WEEK = 7
Hours = tuple[float, float]
Row = tuple[float, float, dt.date, Hours]
"""Begin, end, day and hours of a piece."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """The mean rate of one source: pieces of constant rate, at least one a day.

    Parameters
    ----------
    begin, end, leads : ndarray of float, shape (n_pieces,)
        Days since the epoch, and the expected leads of the piece.
    week, quarter : ndarray of int, shape (n_pieces,)
    weekly : ndarray of float, shape (n_pieces,)
        Expected leads of the whole week to which the piece belongs, by what is in force at the piece.
    """

    begin: Floats
    end: Floats
    leads: Floats
    week: Ints
    quarter: Ints
    weekly: Floats


def rate_pieces(plan: Plan, i: int, until: float) -> Pieces:
    """Return the mean rate of source i from the start to `until`; kept with the plan."""
    cache: dict[tuple[int, float], Pieces] = plan.__dict__.setdefault("_rate_pieces", {})
    if (i, until) not in cache:
        cache[i, until] = _make_pieces(plan, plan.market.sources[i], until)
    return cache[i, until]


def _make_pieces(plan: Plan, source: Source, until: float) -> Pieces:
    clock = plan.clock
    # whole weeks, so that a week's expectation does not depend on where the run begins or ends
    first = clock.date(plan.start)
    first -= dt.timedelta(days=first.weekday())
    n = (clock.date(until) - first).days + 1
    days = [first + dt.timedelta(days=i) for i in range(n + (-n) % DAYS_PER_WEEK)]
    rows = [row for day in days for row in _rows(plan, source.channel, day, clock.midnight(day))]
    begin, end = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    expected = _expectation(plan, source, until)
    leads = np.array([expected(0.5 * (row[0] + row[1]), row[2], row[3]) for row in rows])
    weeks = np.array([(row[2].toordinal() - 1) // 7 for row in rows])
    quarter = np.array([row[2].year * 4 + (row[2].month - 1) // 3 for row in rows])
    weekly = np.bincount(weeks - weeks[0], weights=leads)[weeks - weeks[0]]
    _split_weeks(plan, source, rows, expected, weekly)
    low, high = np.maximum(begin, plan.start), np.minimum(end, until)
    part = np.clip((high - low) / (end - begin), 0.0, 1.0)
    keep = part > 0.0
    kept = (low, high, leads * part, weeks, quarter, weekly)
    return Pieces(*(column[keep] for column in kept))


def _rows(plan: Plan, c: int, day: dt.date, when: float) -> list[Row]:
    """Return the parts of a day between which the rate can change, as what has begun by `when` cuts it."""
    edges = _edges(plan, c, when)
    rows = [(plan.clock.at(day, a), plan.clock.at(day, b), day, (a, b)) for a, b in itertools.pairwise(edges)]
    return [row for row in rows if row[1] > row[0]]  # a change of the clock can swallow an hour


def _split_weeks(plan: Plan, source: Source, rows: list[Row], expected: Expected, weekly: Floats) -> None:
    """Give every piece of a week in which something changes the expectation of the week as it was at that piece.

    A week's multiplier has the shape of its expectation: with the whole week's, a change on Saturday would move the leads
    of Monday. What has not begun yet is not in it.
    """
    changes = _changes(plan)
    if not changes:
        return
    known: dict[tuple[dt.date, tuple[float, ...]], float] = {}
    for i, (begin, end, day, _) in enumerate(rows):
        monday = day - dt.timedelta(days=day.weekday())
        low, high = plan.clock.midnight(monday), plan.clock.midnight(monday + dt.timedelta(days=DAYS_PER_WEEK))
        if not any(first < high and last > low for first, last in changes):
            continue
        when = 0.5 * (begin + end)
        key = monday, regime_weights(plan, when)
        if key not in known:
            week = [monday + dt.timedelta(days=j) for j in range(DAYS_PER_WEEK)]
            parts = [part for each in week for part in _rows(plan, source.channel, each, when)]
            leads = [expected(0.5 * (part[0] + part[1]), part[2], part[3], when) for part in parts]
            known[key] = float(np.cumsum(leads)[-1])  # in order, as bincount adds: the same bits where nothing differs
        weekly[i] = known[key]


def _changes(plan: Plan) -> list[tuple[float, float]]:
    """Return when each regime begins, and when its ramp is over."""
    found = zip(plan.regime_start.tolist(), plan.regime_ramp.tolist(), strict=True)
    return [(start, start + ramp) for start, ramp in found if math.isfinite(start)]


def blend(plan: Plan, time: float, own: Callable[[int], float]) -> float:
    """Return a number that regimes state, at a time: each replaces its share of what held before.

    Parameters
    ----------
    plan : Plan
    time : float
        Days since the epoch.
    own : callable
        From the position of a regime to its number.
    """
    if any(plan.needs):
        held = [(share, own(r)) for r, share in enumerate(regime_shares(plan, time)) if share > 0.0]
        if all(number == held[0][1] for _, number in held):
            return held[0][1]  # to the last bit: a change of something else moves no lead
        return sum(share * number for share, number in held)
    value = 0.0
    for r, share in enumerate(regime_weights(plan, time)):
        if share > 0.0:
            number = own(r)
            if number != value:  # equal ones stay to the last bit: a change of something else moves no lead
                value = (1.0 - share) * value + share * number
    return value


def regime_weights(plan: Plan, time: float) -> tuple[float, ...]:
    """Return the share of what held before that each regime has replaced at a time, conditions on deals left out."""
    if any(plan.needs):
        return regime_shares(plan, time)
    found = []
    for r, regime in enumerate(plan.timeline.regimes):
        age, ramp = time - plan.regime_start[r], regime.ramp_days
        if age < 0.0 or plan.pilot[r]:
            found.append(0.0)
        else:
            found.append(1.0 if r == 0 else regime.adoption * (1.0 if age >= ramp else age / ramp))
    return tuple(found)


def channel_of(regime: Regime, name: str) -> Channel | None:
    """Return a regime's channel of that name, if it has one."""
    return next((channel for channel in regime.model.channels if channel.name == name), None)


def _edges(plan: Plan, c: int, when: float) -> tuple[float, ...]:
    """Return the hours at which the rate can change within a day, by what has begun at a time."""
    edges = {0.0, 24.0}
    for r, regime in enumerate(plan.timeline.regimes):
        channel = channel_of(regime, plan.channels[c])
        begun = plan.regime_start[r] <= when and regime.adoption > 0.0
        if begun and channel is not None and channel.hours is not None:
            edges.update(parse_hours(channel.hours))
    return tuple(sorted(edges))


def _expectation(plan: Plan, source: Source, until: float) -> Expected:
    """Return what gives the expected leads of a piece from its middle, its date and its hours.

    A fourth argument is the time whose mixture of regimes holds instead of that of the middle.
    """
    channels = [channel_of(regime, plan.channels[source.channel]) for regime in plan.timeline.regimes]
    cycles = [_life_cycle(plan, r, source.channel) for r in range(plan.n_regimes)]
    stock = _stock(plan, channels, until) if source.spend else None

    growth = [_growth(plan, channels, r) for r in range(plan.n_regimes)]

    def expected(time: float, day: dt.date, hours: Hours, when: float | None = None) -> float:
        def own(r: int) -> float:
            channel, cycle = channels[r], cycles[r]
            if channel is None:
                return 0.0
            if source.campaign is not None:
                return _campaign(channel, source.campaign, day) * _hours(channel, hours)
            if stock is None:
                leads = _rate(channel, day, growth[r](time), hours)
            elif channel.spend is None:
                return 0.0
            else:
                bought = hill(channel.spend, stock(time - channel.spend.lag_days))
                leads = bought * _weekday(channel, day) * _hours(channel, hours)
            return leads if cycle is None else leads * cycle(time)

        return blend(plan, time if when is None else when, own)

    return expected


# a channel's own leads --------------------------------------------------------------------------


def _weekday(channel: Channel, day: dt.date) -> float:
    weights = [channel.weekday.get(name, 1.0) for name in WEEKDAYS]  # type: ignore[call-overload]
    total = sum(weights)
    return weights[day.weekday()] / total if total > 0.0 else 0.0


def _hours(channel: Channel, hours: Hours) -> float:
    """Return the share of a day's leads that come in some hours."""
    low, high = parse_hours(channel.hours) if channel.hours else (0.0, 24.0)
    return 0.0 if hours[0] >= high or hours[1] <= low else (hours[1] - hours[0]) / (high - low)


def _rate(channel: Channel, day: dt.date, trend: float, hours: Hours) -> float:
    """Return a channel's expected leads in a part of a day, grown by a trend."""
    part = _hours(channel, hours)
    if part == 0.0:
        return 0.0
    season = channel.season.get(MONTHS[day.month - 1], 1.0)  # type: ignore[call-overload]
    return float(channel.leads_per_week * _weekday(channel, day) * season * trend * part)


def _growth(plan: Plan, channels: list[Channel | None], r: int) -> Callable[[float], float]:
    """Return the growth of a regime's rate since the epoch; a dated change of the trend goes on from where it had come."""
    channel = channels[r]
    trend = 0.0 if channel is None else channel.trend_per_year
    begin = float(plan.regime_start[r])
    earlier = next((q for q in range(r - 1, -1, -1) if channels[q] is not None and _holds_too(plan, q, r)), None)
    if channel is None or earlier is None or not math.isfinite(begin):
        return lambda time: float((1.0 + trend) ** (time / DAYS_PER_YEAR))
    before = _growth(plan, channels, earlier)
    if getattr(channels[earlier], "trend_per_year", None) == trend:
        return before
    return lambda time: float(before(begin) * (1.0 + trend) ** ((time - begin) / DAYS_PER_YEAR))


def _holds_too(plan: Plan, q: int, r: int) -> bool:
    """Tell whether whatever follows regime r has taken up regime q before."""
    old, new = plan.timeline.regimes[q], plan.timeline.regimes[r]
    shares = [*old.needs] if old.adoption == 1.0 and not old.ramp_days else [*old.needs, Adoption(old.start, old.ramp_days, old.adoption)]
    return (q == 0 or old.where in (None, new.where)) and all(share in new.needs for share in shares)


def _life_cycle(plan: Plan, r: int, c: int) -> Callable[[float], float] | None:
    """Return the factor of what a channel sells: the mean of the life cycles, by the products' shares."""
    market = plan.market
    order = sorted(range(len(market.products)), key=market.products.__getitem__)
    share = market.product_share[r, c][order]
    total = float(share.sum())
    if total <= 0.0 or all(curve is None for curve in market.life_cycles[r]):
        return None

    def factor(time: float) -> float:
        curves = market.life_cycles[r]
        factors = [1.0 if curves[k] is None else float(at(curves[k], time)) for k in order]  # type: ignore[arg-type]  # one or the other
        return float(share @ np.array(factors)) / total

    return factor


# campaigns and spending -------------------------------------------------------------------------


def _campaign(channel: Channel, name: str, day: dt.date) -> float:
    """Return the leads of a day: evenly over the campaign's days, a lag later (half a day falls on both)."""
    campaign: Campaign | None = next((each for each in channel.campaigns if each.name == name), None)
    if campaign is None:
        return 0.0
    n = ((campaign.until or campaign.start) - campaign.start).days + 1
    whole = math.floor(campaign.lag_days)
    part = campaign.lag_days - whole
    i = (day - campaign.start).days - whole
    return campaign.leads / n * ((1.0 - part) * (0 <= i < n) + part * (0 <= i - 1 < n))


def hill(spend: Spend, money: float) -> float:
    """Return the leads a week that a weekly spend brings in the long run.

    Examples
    --------
    >>> hill(Spend(per_week=100.0, most_leads_per_week=40.0, half_at=100.0), 100.0)
    20.0
    >>> hill(Spend(per_week=100.0, most_leads_per_week=40.0, half_at=100.0, shape=2.0), 300.0)
    36.0
    """
    if money <= 0.0:
        return 0.0
    ratio = (money / spend.half_at) ** spend.shape
    return float(spend.most_leads_per_week * (ratio / (1.0 + ratio)))


def money_per_week(plan: Plan, channels: list[Channel | None], time: float) -> float:
    """Return what a channel spends a week at a time."""

    def own(r: int) -> float:
        channel = channels[r]
        return 0.0 if channel is None or channel.spend is None else channel.spend.per_week

    return blend(plan, time, own)


def _stock(plan: Plan, channels: list[Channel | None], until: float) -> Callable[[float], float]:
    """Return the effective spend over time: it approaches the money spent with the half-life, day by day.

    Before the first change the money has always been what the base model states.
    """
    spends = [channel.spend for channel in channels if channel is not None and channel.spend is not None]
    if all(spend.half_life_days == 0.0 for spend in spends):
        return lambda time: money_per_week(plan, channels, time)
    starts = [start for start in plan.regime_start.tolist() if math.isfinite(start)]
    first = min([plan.start, *starts]) - max(spend.lag_days for spend in spends) - 1.0
    times = np.union1d(np.arange(first, until + 8.0), [start for start in starts if start < until + 8.0])
    level = money_per_week(plan, channels, first)
    levels = [level]
    for begin, end in itertools.pairwise(times.tolist()):
        middle = 0.5 * (begin + end)
        money, half_life = money_per_week(plan, channels, middle), _half_life(plan, channels, middle)
        level = money if half_life == 0.0 else money + (level - money) * 2.0 ** (-(end - begin) / half_life)
        levels.append(level)
    known = np.array(levels)
    return lambda time: float(np.interp(time, times, known))


def _half_life(plan: Plan, channels: list[Channel | None], time: float) -> float:
    """Return the half-life of the latest regime that has begun and spends; 0: at once."""
    for r in range(plan.n_regimes - 1, -1, -1):
        channel = channels[r]
        if plan.regime_start[r] <= time and channel is not None and channel.spend is not None:
            return channel.spend.half_life_days
    return 0.0
