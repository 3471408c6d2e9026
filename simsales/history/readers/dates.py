"""Text to stamps: one decision per column, a fast path for ISO dates, nothing guessed silently."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simsales.errors import HistoryError
from simsales.history.readers.values import is_missing

ZONE = r"(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?"
CLOCK = (
    r"(?:[T,\s]*(?P<half>上午|下午|中午|凌晨|晚上|早上)?\s*(?P<hour>\d{1,2})[:时点](?P<minute>\d{1,2})分?"
    r"(?::?(?P<second>\d{1,2})(?:[.,](?P<fraction>\d+))?秒?)?\s*(?P<ampm>[AaPp]\.?[Mm]\.?)?)?"
)
YEAR_FIRST = re.compile(r"(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?" + CLOCK + r"\s*" + ZONE)
YEAR_LAST = re.compile(r"(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<year>\d{4})" + CLOCK + r"\s*" + ZONE)
NAMED = re.compile(r"(?:(?P<d1>\d{1,2})[\s-](?P<m1>[A-Za-z]{3,9})\.?|(?P<m2>[A-Za-z]{3,9})\.?\s(?P<d2>\d{1,2}),?)[\s,-]+(?P<year>\d{4})" + CLOCK + r"\s*" + ZONE)
DIGITS = re.compile(r"\d+(?:\.\d+)?")
MONTHS = {name: number for number, name in enumerate(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1)}
EXCEL_DAY_ZERO = dt.datetime(1899, 12, 30)
DAY, MINUTE, SECOND = "day", "minute", "second"


@dataclass(frozen=True, eq=False)
class Stamps:
    """Parsed stamps of one column.

    Parameters
    ----------
    values : Series of datetime64[us, UTC]
    precision : ndarray of str
        day, minute or second per row; empty where missing.
    unparsed : ndarray of bool
        Cells that hold something which is no date.
    order : str
        year-first, day-first or month-first; empty for numbers.
    evidence : str
        What decided the order.
    """

    values: pd.Series
    precision: np.ndarray
    unparsed: np.ndarray
    order: str = ""
    evidence: str = ""


def parse(cells: pd.Series, tz: str, dayfirst: bool | None = None, where: str = "column", unique: bool = False) -> Stamps:
    """Return the stamps in a column of text.

    Parameters
    ----------
    cells : Series of str
    tz : str
        Zone of stamps without one.
    dayfirst : bool or None
        Order of 01/02/2025; None takes it from the column.
    where : str
        Name for messages.
    unique : bool
        Whether most values differ, so that looking for repeats is not worth it.

    Raises
    ------
    HistoryError
        If day and month cannot be told apart, or contradict each other.

    Examples
    --------
    >>> parse(pd.Series(["2025-03-01 09:05"]), "Asia/Shanghai").values[0]
    Timestamp('2025-03-01 01:05:00+0000', tz='UTC')
    """
    codes, uniques = pd.factorize(cells.to_numpy(dtype=object)) if not unique else (np.arange(len(cells)), cells.to_numpy(dtype=object))
    table = _parse_unique(np.asarray(uniques, dtype=object), tz, dayfirst, where)
    return Stamps(
        pd.Series(table.values.array[codes], index=cells.index), table.precision[codes], table.unparsed[codes], table.order, table.evidence
    )


def _parse_unique(texts: np.ndarray, tz: str, dayfirst: bool | None, where: str) -> Stamps:
    """Return stamps of distinct texts."""
    plain, aware, width = _iso_shape(texts)
    stamps = np.full(len(texts), np.datetime64("NaT"), dtype="datetime64[us]")
    precision = np.full(len(texts), "", dtype=object)
    unparsed = np.zeros(len(texts), dtype=bool)
    if plain.any():
        stamps[plain] = _iso(texts[plain], aware[plain], tz)
        precision[plain] = np.select([width[plain] == 10, width[plain] == 16], [DAY, MINUTE], SECOND)
        plain &= ~np.isnat(stamps)
    rest = np.flatnonzero(~plain)
    readings = [_Reading.of(str(texts[position])) for position in rest]
    first, evidence = _day_first(readings, dayfirst, where)
    for position, reading in zip(rest, readings, strict=True):
        stamp, how = reading.stamp(bool(first), tz)
        stamps[position] = stamp
        precision[position] = how
        unparsed[position] = stamp is None and not reading.missing
    if not (precision[precision != ""] != SECOND).any():
        precision = _midnights_are_days(stamps, precision, tz)
    order = "" if not evidence and not plain.any() and not any(reading.fields for reading in readings) else "year-first"
    if evidence:
        order = "day-first" if first else "month-first"
    return Stamps(pd.Series(pd.DatetimeIndex(stamps).tz_localize("UTC")), precision, unparsed, order, evidence or ("the year stands first" if order else ""))


def _iso_shape(texts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which texts are ISO dates (YYYY-MM-DD...), which of them carry a zone, and their length."""
    if not len(texts):
        return np.zeros(0, bool), np.zeros(0, bool), np.zeros(0, int)
    fixed = texts.astype("U")
    span = max(fixed.dtype.itemsize // 4, 10)
    if span > 40:
        fixed, span = np.char.add(fixed, "").astype("U40"), 40
    letters = np.ascontiguousarray(fixed.astype(f"U{span}")).view(np.uint32).reshape(len(texts), span)
    width = (letters != 0).sum(axis=1)
    digit = (letters >= 48) & (letters <= 57)
    shape = digit[:, [0, 1, 2, 3, 5, 6, 8, 9]].all(axis=1) & (letters[:, 4] == 45) & (letters[:, 7] == 45)
    after = letters[:, 10] if span > 10 else np.zeros(len(texts), dtype=np.uint32)
    shape &= (width == 10) | (((after == 84) | (after == 32)) & (width >= 16))
    last = np.arange(len(texts)), np.maximum(width - 1, 0)
    tail = [letters[last[0], np.maximum(width - back, 0)] for back in (6, 5)]
    aware = (width > 16) & ((letters[last] == 90) | np.isin(tail[0], (43, 45)) | np.isin(tail[1], (43, 45)))
    gap = (letters == 32).sum(axis=1) - (after == 32)
    return shape & (gap == 0) & digit[last] | shape & (letters[last] == 90), aware, width


def _iso(texts: np.ndarray, aware: np.ndarray, tz: str) -> np.ndarray:
    """Return UTC microseconds of ISO texts; impossible dates become NaT."""
    out = np.full(len(texts), np.datetime64("NaT"), dtype="datetime64[us]")
    if aware.any():
        parsed = pd.to_datetime(pd.Index(texts[aware]), format="ISO8601", utc=True, errors="coerce")
        out[aware] = parsed.as_unit("us").tz_localize(None).to_numpy()
    if (~aware).any():
        naive = pd.to_datetime(pd.Index(texts[~aware]), format="ISO8601", errors="coerce").as_unit("us")
        out[~aware] = _to_utc(naive, tz)
    return out


def _to_utc(naive: pd.DatetimeIndex, tz: str) -> np.ndarray:
    """Return UTC microseconds of wall-clock times; of a repeated hour the first is taken."""
    if tz == "UTC":
        return naive.to_numpy()
    local = naive.tz_localize(tz, ambiguous=np.ones(len(naive), dtype=bool), nonexistent="shift_forward")
    return local.tz_convert("UTC").tz_localize(None).to_numpy()


def _midnights_are_days(stamps: np.ndarray, precision: np.ndarray, tz: str) -> np.ndarray:
    """Return day precision where every stamp of a column is a local midnight."""
    known = stamps[~np.isnat(stamps)]
    if not len(known):
        return precision
    local = pd.DatetimeIndex(known).tz_localize("UTC").tz_convert(tz)
    return np.where(precision == "", "", DAY).astype(object) if bool((local == local.normalize()).all()) else precision


@dataclass(frozen=True)
class _Reading:
    """What one text could mean before the order of day and month is known."""

    missing: bool = False
    fields: tuple[int, int, int, str] | None = None  # year or a, month or b, day or year, separator ('' = year first)
    clock: tuple[int, int, int, int] | None = None
    precision: str = ""
    zone: str = ""
    absolute: dt.datetime | None = None
    is_utc: bool = False

    @classmethod
    def of(cls, text: str) -> _Reading:
        """Return the reading of a text; one without fields and stamp is no date."""
        clean = unicodedata.normalize("NFKC", text).strip().lstrip("'").strip()
        if is_missing(clean) or clean in ("0000-00-00", "0000-00-00 00:00:00"):
            return cls(missing=True)
        if DIGITS.fullmatch(clean):
            return _number(clean)
        for pattern, fields in _PATTERNS:
            hit = pattern.fullmatch(clean)
            if hit:
                return _dated(hit, fields(hit))
        return cls()

    def stamp(self, first: bool, tz: str) -> tuple[np.datetime64 | None, str]:
        """Return UTC microseconds and precision, or (None, '')."""
        moment = self.absolute
        if moment is None and self.fields is not None:
            a, b, c, separator = self.fields
            year, month, day = (a, b, c) if not separator else (c, b, a) if first else (c, a, b)
            try:
                moment = dt.datetime(year, month, day, *(self.clock or (0, 0, 0, 0)))
            except ValueError:
                return None, ""
        if moment is None:
            return None, ""
        if self.zone:
            return np.datetime64(moment - _offset(self.zone), "us"), self.precision
        return (np.datetime64(moment, "us") if self.is_utc else _to_utc(pd.DatetimeIndex([moment]).as_unit("us"), tz)[0]), self.precision


def _number(text: str) -> _Reading:
    """Return the reading of digits: compact dates, epoch seconds or milliseconds, Excel serials."""
    whole, _, part = text.partition(".")
    if part.strip("0") == "" and len(whole) in (8, 14) and whole[:2] in ("19", "20"):
        clock = (int(whole[8:10]), int(whole[10:12]), int(whole[12:14]), 0) if len(whole) == 14 else None
        return _Reading(fields=(int(whole[:4]), int(whole[4:6]), int(whole[6:8]), ""), clock=clock, precision=SECOND if clock else DAY)
    if len(whole) == 13 or len(whole) == 10 and whole[0] in "123":
        seconds = float(text) / (1000 if len(whole) == 13 else 1)
        return _Reading(absolute=dt.datetime(1970, 1, 1) + dt.timedelta(microseconds=round(seconds * 1e6)), is_utc=True, precision=SECOND)
    if len(whole) == 5 and 20000 <= float(text) < 80000:
        days = float(text)
        return _Reading(absolute=EXCEL_DAY_ZERO + dt.timedelta(seconds=round(days * 86400)), precision=DAY if days == int(days) else SECOND)
    return _Reading()


def _dated(hit: re.Match[str], fields: tuple[int, int, int, str] | None) -> _Reading:
    """Return the reading of a matched date with its clock."""
    if fields is None:
        return _Reading()
    zone = hit["zone"] or ""
    if hit["hour"] is None:
        return _Reading(fields=fields, precision=DAY, zone="") if not zone else _Reading()
    hour = _hour(int(hit["hour"]), hit["half"], hit["ampm"])
    if hour is None:
        return _Reading()
    fraction = int(((hit["fraction"] or "") + "000000")[:6])
    clock = (hour, int(hit["minute"]), int(hit["second"] or 0), fraction)
    return _Reading(fields=fields, clock=clock, precision=SECOND if hit["second"] else MINUTE, zone=zone)


def _hour(hour: int, half: str | None, ampm: str | None) -> int | None:
    """Return the hour of 24 from a hour of 12 and its half of the day."""
    late = half in ("下午", "晚上") or (ampm or "")[:1].lower() == "p"
    early = half in ("上午", "凌晨", "早上") or (ampm or "")[:1].lower() == "a"
    if half == "中午":
        return hour + 12 if hour < 3 else hour
    if late and hour < 12:
        return hour + 12
    return 0 if early and hour == 12 else hour


def _offset(zone: str) -> dt.timedelta:
    """Return a zone mark as a difference from UTC."""
    if zone in ("Z", "UTC", "GMT"):
        return dt.timedelta(0)
    digits = zone[1:].replace(":", "").ljust(4, "0")
    size = dt.timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if zone[0] == "-" else size


def _year_first(hit: re.Match[str]) -> tuple[int, int, int, str] | None:
    return int(hit["year"]), int(hit["month"]), int(hit["day"]), ""


def _year_last(hit: re.Match[str]) -> tuple[int, int, int, str] | None:
    return int(hit["a"]), int(hit["b"]), int(hit["year"]), hit["sep"]


def _named(hit: re.Match[str]) -> tuple[int, int, int, str] | None:
    month = MONTHS.get((hit["m1"] or hit["m2"])[:3].lower())
    return None if month is None else (int(hit["year"]), month, int(hit["d1"] or hit["d2"]), "")


_Fields = Callable[[re.Match[str]], tuple[int, int, int, str] | None]
_PATTERNS: tuple[tuple[re.Pattern[str], _Fields], ...] = ((YEAR_FIRST, _year_first), (YEAR_LAST, _year_last), (NAMED, _named))


def _day_first(readings: list[_Reading], given: bool | None, where: str) -> tuple[bool | None, str]:
    """Return whether the day stands first, and why; ask where nothing tells."""
    pairs = [reading.fields for reading in readings if reading.fields and reading.fields[3] and min(reading.fields[:2]) <= 12]
    if not pairs:
        return given, ""
    days = sum(a > 12 >= b for a, b, _, _ in pairs)
    months = sum(b > 12 >= a for a, b, _, _ in pairs)
    if days and months:
        raise HistoryError(
            f"{where} must use one order of day and month, got {days} cells that are day-first and {months} that are month-first. Hint: write dates as 2025-03-01."
        )
    if given is not None:
        return given, "as given"
    if days or months:
        return bool(days), f"{max(days, months)} cells have a number above 12 in that place"
    if all(separator == "." for *_, separator in pairs):
        return True, "dates with dots are day-first"
    if all(a == b for a, b, _, _ in pairs):
        return True, "day and month are equal everywhere"
    a, b, year, separator = next(pair for pair in pairs if pair[0] != pair[1])
    sample = f"{a:02d}{separator}{b:02d}{separator}{year}"
    raise HistoryError(f"{where} must say whether the day or the month stands first, got {sample} and no date that tells. Hint: pass dayfirst=True or dayfirst=False (--dayfirst or --monthfirst).")
