"""The working calendar as a user states it; the engine compiles it into intervals of working time."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import field_validator

from simsales.errors import got
from simsales.model.base import Date, Seq, Value

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_OFFSET = re.compile(r"^([+-])(\d{2}):(\d{2})$")
_HOURS = re.compile(r"^(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})$")


def parse_hours(text: str) -> tuple[float, float]:
    """Return the opening and closing hour of ``"09:00-18:00"``.

    Parameters
    ----------
    text : str
        Two times of day joined by a hyphen; 24:00 is allowed as an end.

    Returns
    -------
    tuple of float
        Hours after midnight.

    Raises
    ------
    ValueError
        If the text has another form or the end is not after the start.

    Examples
    --------
    >>> parse_hours("09:00-17:30")
    (9.0, 17.5)
    """
    match = _HOURS.match(text.replace(" ", ""))
    if match:
        start = int(match[1]) + int(match[2]) / 60
        end = int(match[3]) + int(match[4]) / 60
        if start < end <= 24 and int(match[2]) < 60 and int(match[4]) < 60:
            return start, end
    message = f'must be two times of day like "09:00-18:00", the second one later, got {got(text)}'
    raise ValueError(message)


def parse_days(text: str) -> tuple[int, ...]:
    """Return the weekday numbers (Monday is 0) of ``"mon-fri"`` or ``"mon,wed,sat"``.

    Examples
    --------
    >>> parse_days("mon-wed,sat")
    (0, 1, 2, 5)
    """
    found: set[int] = set()
    for part in text.lower().replace(" ", "").split(","):
        ends = part.split("-")
        if len(ends) > 2 or any(end not in WEEKDAYS for end in ends):
            message = f'must be weekdays like "mon-fri" or "mon,wed,sat", got {got(text)}'
            raise ValueError(message)
        first, last = WEEKDAYS.index(ends[0]), WEEKDAYS.index(ends[-1])
        span = (last - first) % 7
        found.update((first + step) % 7 for step in range(span + 1))
    return tuple(sorted(found))


def zone(name: str) -> dt.tzinfo:
    """Return the time zone of an IANA name or of an offset from UTC.

    Examples
    --------
    >>> zone("+05:30")
    datetime.timezone(datetime.timedelta(seconds=19800))
    >>> zone("Asia/Shanghai")
    zoneinfo.ZoneInfo(key='Asia/Shanghai')
    """
    match = _OFFSET.match(name)
    if match is None:
        return ZoneInfo(name)
    offset = dt.timedelta(hours=int(match[2]), minutes=int(match[3]))
    return dt.timezone(-offset if match[1] == "-" else offset)


def offset_name(moment: dt.datetime) -> str:
    """Return a moment's offset from UTC as a zone name; nought is ``UTC``.

    Examples
    --------
    >>> offset_name(dt.datetime.fromisoformat("2027-01-01T00:00+08:00"))
    '+08:00'
    """
    signed = f"{moment:%z}"
    return f"{signed[:3]}:{signed[3:5]}" if moment.utcoffset() else "UTC"


class Calendar(Value):
    """When the organisation works.

    Parameters
    ----------
    country : str, optional
        ISO code whose public holidays are days off (make-up working days, as in China, included).
    subdivision : str, optional
        State or province for its own holidays.
    timezone : str
        IANA zone in which `hours` are local time, or an offset such as ``+08:00``. In a model that
        states none, the offset of its epoch.
    hours, lunch : str
        Working hours of a day, and an unpaid pause in it (optional).
    days : str
        Working weekdays.
    off, extra : tuple of date
        Days off, and additional working days, that override everything else.

    Examples
    --------
    >>> Calendar(hours="00:00-24:00", days="mon-sun").hours
    '00:00-24:00'
    """

    country: str | None = None
    subdivision: str | None = None
    timezone: str = "UTC"
    hours: str = "09:00-17:00"
    days: str = "mon-fri"
    lunch: str | None = None
    off: Annotated[tuple[Date, ...], Seq] = ()
    extra: Annotated[tuple[Date, ...], Seq] = ()

    @field_validator("hours", "lunch")
    @classmethod
    def _hours(cls, value: str | None) -> str | None:
        if value is not None:
            parse_hours(value)
        return value

    @field_validator("days")
    @classmethod
    def _days(cls, value: str) -> str:
        parse_days(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        try:
            zone(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            message = f"must be an IANA time zone like Asia/Shanghai or an offset like +08:00, got {got(value)}"
            raise ValueError(message) from error
        return value

    @field_validator("country")
    @classmethod
    def _country(cls, value: str | None) -> str | None:
        if value is None:
            return None
        import holidays  # heavy: only where a country is named

        known = holidays.list_supported_countries()
        if value not in known:
            message = f"must be an ISO country code with known holidays, like CN or DE, got {got(value)}"
            raise ValueError(message)
        return value

    def is_always_open(self) -> bool:
        """Tell whether every hour of every day is working time."""
        whole = parse_hours(self.hours) == (0.0, 24.0) and len(parse_days(self.days)) == 7
        return whole and not (self.country or self.lunch or self.off)


def local_date(moment: dt.datetime, calendar: Calendar) -> dt.date:
    """Return the calendar's local date of a moment."""
    return moment.astimezone(zone(calendar.timezone)).date()
