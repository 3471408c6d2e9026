"""Local dates and the engine's days since the epoch."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass
from typing import Literal

Period = Literal["month", "quarter", "year"]
MONTHS_IN: dict[str, int] = {"month": 1, "quarter": 3, "year": 12}
SECONDS = 86_400.0


@dataclass(frozen=True)
class Clock:
    """Converts between local dates, moments and days since the epoch.

    Parameters
    ----------
    epoch : datetime
        Day 0, time-zone-aware.
    zone : tzinfo
        Whose midnights begin days, months and quarters.

    Examples
    --------
    >>> clock = Clock(dt.datetime(2027, 1, 1, tzinfo=dt.UTC), dt.UTC)
    >>> clock.midnight(dt.date(2027, 1, 3)), clock.date(1.5)
    (2.0, datetime.date(2027, 1, 2))
    """

    epoch: dt.datetime
    zone: dt.tzinfo

    def __post_init__(self) -> None:
        # in UTC: adding days to a local time would follow the wall clock
        object.__setattr__(self, "epoch", self.epoch.astimezone(dt.UTC))

    def days(self, moment: dt.datetime) -> float:
        """Return the days from the epoch to a time-zone-aware moment."""
        return (moment.astimezone(dt.UTC) - self.epoch) / dt.timedelta(days=1)

    def at(self, date: dt.date, hour: float = 0.0) -> float:
        """Return the days from the epoch to a local time of day (24 is the next midnight)."""
        whole, rest = divmod(round(hour * 60), 24 * 60)
        date = date + dt.timedelta(days=whole)
        local = dt.datetime(
            date.year, date.month, date.day, rest // 60, rest % 60, tzinfo=self.zone
        )
        return (local.astimezone(dt.UTC) - self.epoch) / dt.timedelta(days=1)

    def midnight(self, date: dt.date) -> float:
        """Return the days from the epoch to the local midnight that begins `date`."""
        return self.at(date)

    def date(self, days: float) -> dt.date:
        """Return the local date of a time."""
        moment = self.epoch + dt.timedelta(days=days)
        return moment.astimezone(self.zone).date()

    def moment(self, days: float) -> dt.datetime:
        """Return a time as a UTC moment, to the microsecond."""
        return self.epoch + dt.timedelta(days=days)


@dataclass(frozen=True)
class Periods:
    """Calendar periods in order: where they begin, and a number that stays the same in every run.

    Parameters
    ----------
    begins : list of float
        Local midnights, in days since the epoch; one more than there are numbers.
    numbers : list of int
        ``year * 12 + month - 1`` of the first month, divided by the months in a period.
    """

    begins: list[float]
    numbers: list[int]

    def index(self, time: float) -> int:
        """Return the position of the period in which `time` lies."""
        return min(max(bisect_right(self.begins, time) - 1, 0), len(self.numbers) - 1)


def periods(clock: Clock, kind: Period, start: float, until: float) -> Periods:
    """Return the calendar periods that touch the time from `start` to `until`.

    Examples
    --------
    >>> clock = Clock(dt.datetime(2027, 1, 1, tzinfo=dt.UTC), dt.UTC)
    >>> periods(clock, "quarter", 0.0, 100.0).begins
    [0.0, 90.0, 181.0]
    """
    step = MONTHS_IN[kind]
    first = clock.date(start)
    number = (first.year * 12 + first.month - 1) // step
    begins = [_month(clock, number * step)]
    numbers: list[int] = []
    while begins[-1] <= until or not numbers:
        numbers.append(number)
        number += 1
        begins.append(_month(clock, number * step))
    return Periods(begins, numbers)


def _month(clock: Clock, month: int) -> float:
    return clock.midnight(dt.date(month // 12, month % 12 + 1, 1))
