"""Working time: a calendar compiled to sorted intervals, so that work pauses at night (R3).

Times are days since the epoch; work is hours. Days that change the clock (daylight saving) are as long
as they are. A calendar that never closes takes a short cut.
"""

from __future__ import annotations

import datetime as dt
import math
from bisect import bisect_left, bisect_right

from simsales.engine.clock import Clock
from simsales.errors import InvalidModelError
from simsales.model.calendars import Calendar, parse_days, parse_hours

CHUNK_DAYS = 366
EAGER_DAYS = 10 * CHUNK_DAYS
"""So far a calendar is compiled (and checked) before the run; the rest when somebody asks."""
LAST_OFFICIAL_YEAR = {"CN": 2026}
"""Until when the holidays package has the official notices of countries with make-up days."""

LAST_DAY = dt.date(9900, 1, 1)
"""No calendar is compiled beyond it."""
INSTANT = 1e-9
"""Days (a tenth of a millisecond) that count as no time at all."""

_TOO_LONG = (
    f"work must end before the year {LAST_DAY.year} in this calendar, got more. "
    "Hint: look at work_hours, and at the calendar's days and hours."
)

State = tuple[list[float], list[float], list[float], dt.date]


class WorkTime:
    """Arithmetic with working hours.

    Parameters
    ----------
    calendar : Calendar
    clock : Clock
    first : date
        From where on working time is known (earlier times count as closed).
    until : float
        The end of the run, in days since the epoch: compiled at once if it is near, else when needed.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> clock = Clock(dt.datetime(2027, 1, 1, tzinfo=dt.UTC), ZoneInfo("UTC"))  # a Friday
    >>> work = WorkTime(Calendar(hours="09:00-18:00"), clock, dt.date(2027, 1, 1), 30.0)
    >>> friday_1730 = 17.5 / 24
    >>> work.add(friday_1730, 1.0) == 3 + 9.5 / 24  # Monday 09:30
    True
    """

    def __init__(self, calendar: Calendar, clock: Clock, first: dt.date, until: float) -> None:
        self.calendar = calendar
        self.clock = clock
        self.first = first
        self.always = calendar.is_always_open()
        self.notes: tuple[str, ...] = _notes(calendar, clock, first, until)
        self._shifts = _shifts(calendar)
        self._weekdays = frozenset(parse_days(calendar.days))
        a_day = sum(end - start for start, end in self._shifts)
        # twice as much as the weekdays alone: make-up days are fewer than that
        self._most_hours = 2.0 * a_day * ((LAST_DAY - first).days * len(self._weekdays) / 7.0 + len(calendar.extra))
        self._state: State = ([], [], [0.0], first)
        if not self.always:
            while self._reach() <= min(until, clock.midnight(first) + EAGER_DAYS):
                self._extend(self._state)

    def is_open(self, time: float) -> bool:
        """Tell whether `time` is working time (openings count, closings do not)."""
        if self.always:
            return True
        opens, closes, _, _ = self._known(time)
        i = bisect_right(opens, time) - 1
        return i >= 0 and time < closes[i]

    def next_open(self, time: float) -> float:
        """Return `time` if it is working time, else the next opening."""
        if self.always:
            return time
        while True:
            state = self._known(time)
            opens, closes, _, _ = state
            i = bisect_right(opens, time) - 1
            if i >= 0 and time < closes[i]:
                return time
            if i + 1 < len(opens):
                return opens[i + 1]
            self._extend(state)

    def add(self, time: float, hours: float, horizon: float = math.inf) -> float:
        """Return when `hours` of work are done that begin at `time`; infinity where that is after `horizon`.

        Raises
        ------
        InvalidModelError
            If the work ends neither before the horizon nor in this calendar at all.
        """
        end = self._end(time, hours, horizon)
        return end if end <= horizon else math.inf

    def _end(self, time: float, hours: float, horizon: float) -> float:
        if self.always:
            return time + hours / 24.0
        state = self._known(time)
        opens, closes, totals, _ = state
        i = bisect_right(opens, time) - 1
        if i >= 0 and time + hours / 24.0 <= closes[i] + INSTANT:
            return _snapped(time + hours / 24.0, closes[i])
        target = self._worked(time) + hours
        if horizon == math.inf and hours > self._most_hours:
            raise InvalidModelError(_TOO_LONG)
        while state[2][-1] < target - INSTANT:
            if state[0] and state[0][-1] > horizon:
                return math.inf
            state = self._extend(state)
        opens, closes, totals, _ = state
        j = max(bisect_left(totals, target - INSTANT) - 1, 0)
        return _snapped(opens[j] + (target - totals[j]) / 24.0, closes[j])

    def hours_between(self, start: float, end: float) -> float:
        """Return the working hours from `start` to `end` (0 if `end` is earlier)."""
        if end <= start:
            return 0.0
        if self.always:
            return (end - start) * 24.0
        return self._worked(end) - self._worked(start)

    def _worked(self, time: float) -> float:
        """Return the working hours from the first day up to `time`."""
        opens, closes, totals, _ = self._known(time)
        i = bisect_right(opens, time) - 1
        if i < 0:
            return 0.0
        return totals[i] + (min(time, closes[i]) - opens[i]) * 24.0

    def _reach(self) -> float:
        return self.clock.midnight(self._state[3])

    def _known(self, time: float) -> State:
        """Return what is compiled, at least up to `time`."""
        state = self._state
        while not state[0] or (time > state[0][-1] and time >= self.clock.midnight(state[3])):
            state = self._extend(state)
        return state

    def _extend(self, state: State) -> State:
        """Compile as much again as there is; threads that share a plan may do so at once and agree."""
        opens, closes, totals, day = state
        opens, closes, totals = list(opens), list(closes), list(totals)
        years = max((day - self.first).days // CHUNK_DAYS, 1)
        for _ in range(years):
            if day > LAST_DAY:
                break
            day = self._compile(opens, closes, totals, day)
        if day == state[3]:
            raise InvalidModelError(_TOO_LONG)
        self._state = (opens, closes, totals, day)
        return self._state

    def _compile(self, opens: list[float], closes: list[float], totals: list[float], day: dt.date) -> dt.date:
        """Add the working time of a year; return the day after it."""
        before = len(opens)
        free, extra = self._exceptions(day, day + dt.timedelta(days=CHUNK_DAYS))
        for _ in range(CHUNK_DAYS):
            works = day.weekday() in self._weekdays and day not in free
            if works or day in extra:
                for a, b in self._shifts:
                    start, end = self.clock.at(day, a), self.clock.at(day, b)
                    if end > start:
                        opens.append(start)
                        closes.append(end)
                        totals.append(totals[-1] + round((end - start) * 24.0, 9))
            day += dt.timedelta(days=1)
        if len(opens) == before:
            message = (
                f"calendar must have working time in every year, got none in the year before {day}. "
                "Hint: look at days, hours and off."
            )
            raise InvalidModelError(message)
        return day

    def _exceptions(self, first: dt.date, last: dt.date) -> tuple[set[dt.date], set[dt.date]]:
        """Return days off and additional working days between two dates."""
        free, extra = _public(self.calendar, first.year, last.year)
        extra = (extra | set(self.calendar.extra)) - set(self.calendar.off)
        free = (free | set(self.calendar.off)) - set(self.calendar.extra)
        return free, extra


def _snapped(end: float, close: float) -> float:
    """Return `end`, or closing time where rounding has put it a hair beside that."""
    return close if end > close - INSTANT else end


def _shifts(calendar: Calendar) -> list[tuple[float, float]]:
    """Return the working hours of a day, cut by lunch."""
    start, end = parse_hours(calendar.hours)
    if calendar.lunch is None:
        return [(start, end)]
    out, back = parse_hours(calendar.lunch)
    parts = [(start, min(out, end)), (max(back, start), end)]
    return [(a, b) for a, b in parts if b > a]


def _public(calendar: Calendar, first: int, last: int) -> tuple[set[dt.date], set[dt.date]]:
    """Return a country's public holidays and make-up working days in some years."""
    if calendar.country is None:
        return set(), set()
    import holidays  # heavy: only where a country is named

    years = range(first, last + 1)
    known = holidays.country_holidays(calendar.country, subdiv=calendar.subdivision, years=years)
    worked = {day for day in getattr(known, "weekend_workdays", set()) if first <= day.year <= last}
    return set(known) - worked, worked


def _notes(calendar: Calendar, clock: Clock, first: dt.date, until: float) -> tuple[str, ...]:
    last = LAST_OFFICIAL_YEAR.get(calendar.country or "")
    final = clock.date(until).year
    if last is None or final <= last:
        return ()
    since = max(first.year, last + 1)
    years = f"{since} to {final}" if final > since else f"{final}"
    note = (
        f"calendar: {calendar.country} has announced holidays and make-up working days until {last}; "
        f"for {years} holidays are estimated and there are no make-up days. "
        "Hint: give calendar.off and calendar.extra once they are announced."
    )
    return (note,)
