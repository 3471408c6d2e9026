"""When work is done that waits for a fixed weekday or a day of the month (R3)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

from simsales.model.calendars import WEEKDAYS
from simsales.model.process import Gather

_BACK_DAYS = 35


def next_meeting(gather: Gather, now: float, today: dt.date, opening: Callable[[dt.date], float]) -> float:
    """Return when the next meeting begins, at `now` or later.

    Parameters
    ----------
    gather : Gather
        With a weekday or a day of the month.
    now : float
    today : date
        The local date of `now`.
    opening : callable
        The first working instant on or after a local date: a meeting that falls on a day off is held then.

    Returns
    -------
    float
        Who comes at that very instant is in time.

    Examples
    --------
    >>> monday = dt.date(2027, 1, 4)
    >>> nine = lambda date: (date - monday).days + 9 / 24
    >>> next_meeting(Gather(weekday="tue"), 1.0, dt.date(2027, 1, 5), nine) == 1 + 9 / 24  # midnight: in time
    True
    >>> next_meeting(Gather(weekday="tue"), 1.5, dt.date(2027, 1, 5), nine) == 8 + 9 / 24  # noon: next week
    True
    """
    for date in _dates(gather, today - dt.timedelta(days=_BACK_DAYS)):
        begins = opening(date)
        if begins >= now:
            return begins
    raise AssertionError  # the dates never end


def _dates(gather: Gather, first: dt.date) -> Iterator[dt.date]:
    """Yield the dates of meetings from `first` on."""
    if gather.weekday is not None:
        ahead = (WEEKDAYS.index(gather.weekday) - first.weekday()) % 7
        while True:
            yield first + dt.timedelta(days=ahead)
            ahead += 7
    assert gather.day_of_month is not None
    year, month = first.year, first.month
    while True:
        date = dt.date(year, month, gather.day_of_month)
        if date >= first:
            yield date
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004 - December
