"""Numbers, money, shares and times as people read them; small HTML tables.

Shared by the command line, the figures and the HTML reports. Nothing heavy is imported here.
"""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, SupportsFloat

from simsales.report.amounts import SYMBOLS, UNKNOWN, count, known, money, money_full, money_short, number

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "SHARES", "SYMBOLS", "UNKNOWN", "cell", "chance", "count", "html_table", "in_unit", "interval", "money", "money_full",
    "money_range", "money_short", "number", "percent", "signed",
]  # fmt: skip

#: Units shown as percentages; their differences are percentage points.
SHARES = frozenset({"share", "probability", "rate", "ratio"})


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
    part = known(share)
    if math.isnan(part):
        return UNKNOWN
    step = 10.0**-decimals
    if 0 < part * 100 <= step / 2:
        return f"<{step:.{decimals}f} %"
    if 100 - step / 2 <= part * 100 < 100:  # noqa: PLR2004 - per hundred
        return f">{100 - step:.{decimals}f} %"
    return f"{part * 100:,.{decimals}f} %"


def chance(probability: SupportsFloat | None, trials: SupportsFloat | None = None) -> str:
    """Return an estimated probability with what so many simulated futures can show of it.

    A simulation never proves that something cannot happen: where all futures agree, what is said is the bound that they
    bear. Each bound holds by itself with 95 % (Clopper and Pearson), rounded to the careful side.

    Parameters
    ----------
    probability : float or None
        Between 0 and 1; ties may count half.
    trials : int, optional
        From how many simulated futures; without it only the estimate is shown.

    Returns
    -------
    str
        Whole percent.

    Examples
    --------
    >>> chance(1.0, 30), chance(0.0, 8), chance(0.77, 30)
    ('30 of 30: at least 90 %', '0 of 8: at most 32 %', '77 % (60 to 89 %)')
    >>> chance(0.0), chance(0.22), chance(1.0)
    ('<1 %', '22 %', '>99 %')
    """
    part, n = known(probability), known(trials)
    if math.isnan(part) or not n >= 1:
        return percent(part if math.isnan(part) else min(max(part, 1e-9), 1 - 1e-9))
    from simsales.intervals import share_bounds  # noqa: PLC0415 - loads SciPy, which most texts do not need

    low, high = share_bounds(part, n)
    least, most = math.floor(low * 100), math.ceil(high * 100)
    if part >= 1.0:
        return f"{count(n)} of {count(n)}: at least {least} %"
    if part <= 0.0:
        return f"0 of {count(n)}: at most {most} %"
    return f"{percent(part)} ({least} to {most} %)"


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
    if math.isnan(known(low)) and math.isnan(known(high)):
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
    amount = known(value)
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
