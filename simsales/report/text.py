"""Numbers, money, shares and times as people read them; small HTML tables.

Shared by the command line, the figures and the HTML reports. Nothing heavy is imported here.
Numbers on screen carry three significant digits: more would claim a precision nobody has.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, SupportsFloat

if TYPE_CHECKING:
    import pandas as pd

#: What is shown where a number is not known.
UNKNOWN = "n/a"

SYMBOLS: dict[str, str] = {
    "CNY": "¥", "RMB": "¥", "JPY": "JP¥", "USD": "$", "EUR": "€", "GBP": "£", "INR": "₹", "KRW": "₩",
    "AUD": "A$", "CAD": "C$", "HKD": "HK$", "TWD": "NT$", "SGD": "S$", "BRL": "R$",
}  # fmt: skip

#: Units shown as percentages; their differences are percentage points.
SHARES = frozenset({"share", "probability", "rate", "ratio"})

_SCALES = {
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")),
    "zh": ((1e8, "亿"), (1e4, "万")),
}
_FIRST_SCALED = 1e4  # below this, all digits are shown


def _known(value: object) -> float:
    """Return a float; NaN for anything missing."""
    if value is None:
        return math.nan
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan


def _significant(value: float, digits: int) -> str:
    """Return a number with at most this many significant digits and thousands separators."""
    if value == 0:
        return "0"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, places)
    if rounded != 0:  # rounding may carry: 9.999 becomes 10.0, which needs one place less
        places = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:,.{max(places, 0)}f}"


def number(value: SupportsFloat | None, digits: int = 3) -> str:
    """Return a number with a few significant digits and thousands separators.

    Parameters
    ----------
    value : float or None
        Any unit. None and NaN are shown as unknown.
    digits : int
        Significant digits.

    Returns
    -------
    str
        Text for people; not meant to be parsed.

    Examples
    --------
    >>> number(0.012345), number(12.0), number(262200)
    ('0.0123', '12', '262,000')
    >>> number(None)
    'n/a'
    """
    amount = _known(value)
    if math.isnan(amount):
        return UNKNOWN
    if math.isinf(amount):
        return "∞" if amount > 0 else "-∞"
    if amount == round(amount) and abs(amount) < _FIRST_SCALED:
        return f"{amount:,.0f}"
    return _significant(amount, digits)


def count(value: SupportsFloat | None) -> str:
    """Return a count in full: counts are exact.

    Parameters
    ----------
    value : int or None
        How many.

    Returns
    -------
    str
        With thousands separators.

    Examples
    --------
    >>> count(262200)
    '262,200'
    """
    amount = _known(value)
    return UNKNOWN if math.isnan(amount) else f"{amount:,.0f}"


def _scale(amount: float, digits: int, units: str) -> tuple[float, str]:
    """Return the divisor and suffix that suit an amount after rounding."""
    if round(abs(amount)) < _FIRST_SCALED:
        return 1.0, ""
    for divisor, suffix in _SCALES[units]:
        if abs(amount) >= divisor * (1 - 0.5 * 10**-digits):
            return divisor, suffix
    return 1.0, ""


def _with_symbol(text: str, currency: str | None, *, negative: bool) -> str:
    """Put the currency before an unsigned text, and the sign before the currency."""
    sign = "-" if negative else ""
    if not currency:
        return f"{sign}{text}"
    symbol = SYMBOLS.get(currency.upper())
    return f"{sign}{symbol}{text}" if symbol else f"{sign}{currency} {text}"


def money(
    value: SupportsFloat | None, currency: str | None = None, digits: int = 3, *, units: str = "en"
) -> str:
    """Return an amount of money, short enough to be read at a glance.

    Parameters
    ----------
    value : float or None
        Amount, in `currency`.
    currency : str or None
        ISO 4217 code; None shows no currency.
    digits : int
        Significant digits of amounts from 10,000 on; smaller ones are shown in full.
    units : {"en", "zh"}
        K, M, B, T, or 万 and 亿.

    Returns
    -------
    str
        Such as ``¥3.09M``.

    Examples
    --------
    >>> money(3086111, "CNY"), money(-950, "USD"), money(12345, "SEK"), money(None, "EUR")
    ('¥3.09M', '-$950', 'SEK 12.3K', 'n/a')
    >>> money(12000000, "CNY", 4, units="zh")
    '¥1,200万'
    """
    amount = _known(value)
    if not math.isfinite(amount):
        return number(amount)
    divisor, suffix = _scale(amount, digits, units)
    scaled = abs(amount) / divisor
    if suffix:
        text = _significant(scaled, digits)
    elif scaled >= 100 or scaled == round(scaled):  # noqa: PLR2004 - cents stop to matter
        text = f"{scaled:,.0f}"
    else:
        text = f"{scaled:,.2f}"
    return _with_symbol(text + suffix, currency, negative=amount < 0)


def money_short(value: SupportsFloat | None, currency: str | None = None) -> str:
    """Return a round amount without trailing zeros, as on the axis of a figure.

    Parameters
    ----------
    value : float or None
        Amount, in `currency`.
    currency : str or None
        ISO 4217 code.

    Returns
    -------
    str
        Such as ``¥12M``.

    Examples
    --------
    >>> money_short(12e6, "CNY"), money_short(2.5e6, "USD"), money_short(0), money_short(100)
    ('¥12M', '$2.5M', '0', '100')
    """
    return re.sub(r"(\.\d*?)0+(?=\D*$)", lambda found: found[1].rstrip("."), money(value, currency))


def money_full(value: SupportsFloat | None, currency: str | None = None) -> str:
    """Return an amount in whole units of its currency.

    Parameters
    ----------
    value : float or None
        Amount, in `currency`.
    currency : str or None
        ISO 4217 code.

    Returns
    -------
    str
        With thousands separators.

    Examples
    --------
    >>> money_full(3086111.4, "CNY")
    '¥3,086,111'
    """
    amount = _known(value)
    if not math.isfinite(amount):
        return number(amount)
    return _with_symbol(f"{abs(amount):,.0f}", currency, negative=round(amount) < 0)


def percent(share: SupportsFloat | None, decimals: int = 0) -> str:
    """Return a share as a percentage; never rounds a small share to none or a large one to all.

    Parameters
    ----------
    share : float or None
        1.0 is the whole.
    decimals : int
        Digits after the point.

    Returns
    -------
    str
        Such as ``22 %``.

    Examples
    --------
    >>> percent(0.2234), percent(0.15, 1), percent(0.001), percent(0.999), percent(0.0)
    ('22 %', '15.0 %', '<1 %', '>99 %', '0 %')
    """
    part = _known(share)
    if math.isnan(part):
        return UNKNOWN
    step = 10.0**-decimals
    if 0 < part * 100 <= step / 2:
        return f"<{step:.{decimals}f} %"
    if 100 - step / 2 <= part * 100 < 100:  # noqa: PLR2004 - per hundred
        return f">{100 - step:.{decimals}f} %"
    return f"{part * 100:,.{decimals}f} %"


def chance(probability: SupportsFloat | None) -> str:
    """Return an estimated probability; a simulation never proves that something cannot happen.

    Parameters
    ----------
    probability : float or None
        Between 0 and 1.

    Returns
    -------
    str
        Whole percent, from ``<1 %`` to ``>99 %``.

    Examples
    --------
    >>> chance(0.0), chance(0.22), chance(1.0)
    ('<1 %', '22 %', '>99 %')
    """
    part = _known(probability)
    return percent(part if math.isnan(part) else min(max(part, 1e-9), 1 - 1e-9))


def interval(low: SupportsFloat | None, high: SupportsFloat | None, show: Callable[[Any], str] = number) -> str:
    """Return a range in words.

    Parameters
    ----------
    low, high : float or None
        Bounds, same unit.
    show : callable
        Turns one bound into text.

    Returns
    -------
    str
        Such as ``0.8 to 1.3``; unknown where both bounds are.

    Examples
    --------
    >>> interval(0.8, 1.25)
    '0.800 to 1.25'
    """
    if math.isnan(_known(low)) and math.isnan(_known(high)):
        return UNKNOWN
    return f"{show(low)} to {show(high)}"


def money_range(low: SupportsFloat | None, high: SupportsFloat | None, currency: str | None = None) -> str:
    """Return a range of money.

    Parameters
    ----------
    low, high : float or None
        Bounds, in `currency`.
    currency : str or None
        ISO 4217 code.

    Returns
    -------
    str
        Such as ``¥2.62M to ¥3.53M``.

    Examples
    --------
    >>> money_range(2620000, 3530000, "CNY")
    '¥2.62M to ¥3.53M'
    """
    return interval(low, high, lambda value: money(value, currency))


def duration(days: SupportsFloat | None) -> str:
    """Return a length of time given in days.

    Parameters
    ----------
    days : float or None
        Days.

    Returns
    -------
    str
        Days, or hours below one day.

    Examples
    --------
    >>> duration(1), duration(12.34), duration(0.25)
    ('1 day', '12.3 days', '6 hours')
    """
    length = _known(days)
    if math.isnan(length):
        return UNKNOWN
    if 0 < abs(length) < 1:
        return f"{number(length * 24, 2)} hours"
    return f"{number(length)} {'day' if length == 1 else 'days'}"


def in_unit(value: SupportsFloat | None, unit: str, currency: str | None = None) -> str:
    """Return a KPI's value in the way its unit asks for.

    Parameters
    ----------
    value : float or None
        In `unit`.
    unit : str
        ``money``, ``share`` (or ``probability``), ``days``, ``hours``, ``count``; anything else is a plain number.
    currency : str or None
        ISO 4217 code, for money.

    Returns
    -------
    str
        Text for people.

    Examples
    --------
    >>> in_unit(0.15, "share"), in_unit(42.04, "days"), in_unit(1.2e6, "money", "USD"), in_unit(7, "reps")
    ('15.0 %', '42.0 days', '$1.20M', '7')
    """
    if unit in {"money", "currency"}:
        return money(value, currency)
    if unit in SHARES:
        return percent(value, 1)
    if unit in {"days", "hours"}:
        known = number(value)
        return known if known == UNKNOWN else f"{known} {unit}"
    return number(value)


def signed(value: SupportsFloat | None, unit: str, currency: str | None = None) -> str:
    """Return a difference with its sign; shares differ by percentage points.

    Parameters
    ----------
    value : float or None
        In `unit`.
    unit : str
        As in :func:`in_unit`.
    currency : str or None
        ISO 4217 code, for money.

    Returns
    -------
    str
        Text for people.

    Examples
    --------
    >>> signed(3.7e6, "money", "CNY"), signed(-0.012, "share"), signed(0.0, "days")
    ('+¥3.70M', '-1.2 points', '0 days')
    """
    amount = _known(value)
    if math.isnan(amount):
        return UNKNOWN
    size = abs(amount)
    shown = f"{size * 100:.1f} points" if unit in SHARES else in_unit(size, unit, currency)
    sign = "+" if amount > 0 else "-"
    return shown if amount == 0 else f"{sign}{shown}"


def cell(value: object) -> str:
    """Return any value of a table as text; not yet escaped.

    Parameters
    ----------
    value : object
        A number, a time, text or something missing.

    Returns
    -------
    str
        Text for people.

    Examples
    --------
    >>> cell(None), cell(True), cell(3.14159), cell("谈判")
    ('', 'yes', '3.14', '谈判')
    """
    if value is None or value != value or type(value).__name__ in {"NaTType", "NAType"}:  # noqa: PLR0124 - NaN
        return ""
    if isinstance(value, str):
        return value
    if type(value).__name__ in {"bool", "bool_"}:
        return "yes" if value else "no"
    if hasattr(value, "strftime"):
        text = value.strftime("%Y-%m-%d %H:%M")
        return str(text.removesuffix(" 00:00"))
    if hasattr(value, "__index__"):
        return count(value)  # type: ignore[arg-type]
    return number(value) if hasattr(value, "__float__") else str(value)


_TABLE_STYLE = "border-collapse:collapse;font-size:0.92em;line-height:1.35;color:inherit;background:transparent"
_CELL_STYLE = "padding:3px 10px;border:0;border-bottom:1px solid rgba(128,128,128,.3);"


def _is_number_column(frame: pd.DataFrame, position: int) -> bool:
    return frame.dtypes.iloc[position].kind in "iufc"


def _row(texts: list[str], right: list[bool], tag: str) -> str:
    """Return one table row; every text is escaped here."""
    cells = (
        f'<{tag} style="{_CELL_STYLE}text-align:{"right" if is_right else "left"}">{html.escape(text)}</{tag}>'
        for text, is_right in zip(texts, right, strict=True)
    )
    return f"<tr>{''.join(cells)}</tr>"


def html_table(
    frame: pd.DataFrame,
    *,
    caption: str = "",
    limit: int = 20,
    formats: Mapping[str, Callable[[Any], str]] | None = None,
    headings: Mapping[str, str] | None = None,
) -> str:
    """Return a DataFrame as a compact HTML table that suits light and dark pages.

    Parameters
    ----------
    frame : DataFrame
        Shown without its index; everything in it is escaped.
    caption : str
        Shown above the table.
    limit : int
        Rows shown; how many were left out is said below.
    formats : mapping of str to callable, optional
        How to show the values of a column.
    headings : mapping of str to str, optional
        What to call a column.

    Returns
    -------
    str
        One ``<table>`` element, without script and without references to anything outside.

    Examples
    --------
    >>> import pandas as pd
    >>> "&lt;b&gt;" in html_table(pd.DataFrame({"deal": ["<b>"]}))
    True
    """
    shows = [(formats or {}).get(str(name), cell) for name in frame.columns]
    names = [(headings or {}).get(str(name), str(name).replace("_", " ")) for name in frame.columns]
    right = [_is_number_column(frame, position) for position in range(frame.shape[1])]
    lines = [_row(names, right, "th")]
    for values in frame.head(limit).itertuples(index=False, name=None):
        lines.append(_row([show(value) for show, value in zip(shows, values, strict=True)], right, "td"))
    title = f'<caption style="text-align:left;padding:3px 10px">{html.escape(caption)}</caption>' if caption else ""
    inside = f"{title}<thead>{lines[0]}</thead><tbody>{''.join(lines[1:])}</tbody>"
    body = f'<table class="simsales" style="{_TABLE_STYLE}">{inside}</table>'
    if len(frame) > limit:
        body += f'<p style="opacity:.7;font-size:.85em">{count(len(frame) - limit)} more rows are not shown.</p>'
    return body
