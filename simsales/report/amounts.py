"""Numbers and money as people read them.

Numbers on screen carry three significant digits: more would claim a precision nobody has.
"""

from __future__ import annotations

import math
import re
from typing import SupportsFloat

__all__ = ["SYMBOLS", "UNKNOWN", "count", "known", "money", "money_full", "money_short", "number"]

#: What is shown where a number is not known.
UNKNOWN = "n/a"

SYMBOLS: dict[str, str] = {
    "CNY": "¥", "RMB": "¥", "JPY": "JP¥", "USD": "$", "EUR": "€", "GBP": "£", "INR": "₹", "KRW": "₩",
    "AUD": "A$", "CAD": "C$", "HKD": "HK$", "TWD": "NT$", "SGD": "S$", "BRL": "R$",
}  # fmt: skip

_SCALES = {
    "en": ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")),
    "zh": ((1e8, "亿"), (1e4, "万")),
}
_FIRST_SCALED = 1e4  # below this, all digits are shown


def known(value: object) -> float:
    """Return a float; NaN for anything missing.

    Parameters
    ----------
    value : object
        A number, None or text.

    Returns
    -------
    float
        NaN where it is not a number.

    Examples
    --------
    >>> known("12"), known(None)
    (12.0, nan)
    """
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


_NOTHING = 1e-12


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
    >>> number(None), number(3.5e-15)
    ('n/a', '0')
    """
    amount = known(value)
    if math.isnan(amount):
        return UNKNOWN
    if math.isinf(amount):
        return "∞" if amount > 0 else "-∞"
    if abs(amount) < _NOTHING:
        return "0"  # what is left of adding up and taking away
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
    amount = known(value)
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


def money(value: SupportsFloat | None, currency: str | None = None, digits: int = 3, *, units: str = "en") -> str:
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
    amount = known(value)
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
    amount = known(value)
    if not math.isfinite(amount):
        return number(amount)
    return _with_symbol(f"{abs(amount):,.0f}", currency, negative=round(amount) < 0)
