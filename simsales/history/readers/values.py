"""Text to amounts and shares: one decision per column, ambiguous cells counted."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from simsales.errors import HistoryError

MISSING = frozenset(
    ("", "-", "--", "—", "——", "/", "n/a", "na", "#n/a", "#ref!", "#value!", "#div/0!", "#name?", "null", "none", "nan", "nat", "(no value)", "无", "空", "暂无", "未填写")
)
UNITS = {
    "千": 1e3, "k": 1e3, "万": 1e4, "萬": 1e4, "w": 1e4, "百万": 1e6, "m": 1e6, "mn": 1e6, "million": 1e6, "千万": 1e7,
    "亿": 1e8, "億": 1e8, "b": 1e9, "bn": 1e9, "billion": 1e9,
}  # fmt: skip
CURRENCIES = {
    "US$": "USD", "USD": "USD", "HK$": "HKD", "HKD": "HKD", "S$": "SGD", "SGD": "SGD", "A$": "AUD", "AUD": "AUD", "C$": "CAD", "CAD": "CAD",
    "NT$": "TWD", "TWD": "TWD", "JP¥": "JPY", "JPY": "JPY", "CN¥": "CNY", "RMB": "CNY", "CNY": "CNY", "人民币": "CNY", "EUR": "EUR", "€": "EUR",
    "GBP": "GBP", "£": "GBP", "CHF": "CHF", "₹": "INR", "INR": "INR", "৳": "BDT", "BDT": "BDT", "元整": "CNY", "元": "CNY", "₩": "KRW", "KRW": "KRW",
    "R$": "BRL", "BRL": "BRL", "SEK": "SEK", "NOK": "NOK", "DKK": "DKK", "PLN": "PLN", "zł": "PLN", "CZK": "CZK", "Kč": "CZK", "$": "", "¥": "",
}  # fmt: skip
_MARK = "|".join(re.escape(mark) for mark in sorted(CURRENCIES, key=len, reverse=True))
_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_MONEY = re.compile(rf"(?P<s1>[-+]?)\s*(?P<before>{_MARK})?\s*(?P<s2>[-+]?)\s*(?P<number>[\d.,'’\s]*\d)(?P<exponent>e[+-]?\d+)?\s*(?P<unit>{_UNIT})?\s*(?P<after>{_MARK})?\s*(?P<s3>-?)", re.IGNORECASE)
_PLAIN = re.compile(r"-?\d+(\.(\d{1,2}|\d{4,}))?")
MARKS = {mark.casefold(): code for mark, code in CURRENCIES.items()}
_CAPTION = re.compile(rf"[(\[]\s*(?P<unit>{_UNIT})?\s*(?P<mark>{_MARK})?\s*[)\]]\s*$", re.IGNORECASE)


def is_missing(text: str) -> bool:
    """Return whether a cell says that it has no value.

    Examples
    --------
    >>> is_missing("(No value)"), is_missing("暂无"), is_missing("0")
    (True, True, False)
    """
    return text.strip().casefold() in MISSING


def clean(cells: pd.Series) -> pd.Series:
    """Return text cells in NFKC, trimmed, with missing tokens as None."""
    codes, uniques = pd.factorize(cells.to_numpy(dtype=object), use_na_sentinel=False)
    table = np.empty(len(uniques), dtype=object)
    for position, value in enumerate(uniques):
        plain = unicodedata.normalize("NFKC", str(value)).strip()
        plain = plain.removeprefix("'")
        table[position] = None if is_missing(plain) else plain
    return pd.Series(table[codes] if len(table) else np.empty(0, dtype=object), index=cells.index, dtype=object)


@dataclass(frozen=True, eq=False)
class Numbers:
    """Parsed numbers of one column.

    Parameters
    ----------
    values : Series of float
        NaN where missing or unparsed.
    currency : Series of str or None
        ISO code where the cell names one.
    unparsed : ndarray of bool
        Cells that hold something which is no amount.
    ambiguous : int
        Cells with two readings.
    rule : str
        What was decided for the column.
    """

    values: pd.Series
    currency: pd.Series
    unparsed: np.ndarray
    ambiguous: int = 0
    rule: str = ""
    samples: tuple[str, ...] = field(default=())


def caption_unit(caption: str, chinese: bool = False) -> tuple[str, float, str | None] | None:
    """Return a caption without the unit in brackets at its end, the unit's scale and currency; None without a unit.

    Examples
    --------
    >>> caption_unit("Amount (EUR)"), caption_unit("金额（万元）"), caption_unit("Amount (net)")
    (('Amount', 1.0, 'EUR'), ('金额', 10000.0, 'CNY'), None)
    """
    plain = unicodedata.normalize("NFKC", str(caption))
    hit = _CAPTION.search(plain)
    if hit is None or not (hit["unit"] or hit["mark"]):
        return None
    return plain[: hit.start()].strip(), UNITS.get((hit["unit"] or "").lower(), 1.0), _code(hit["mark"], chinese)


def _code(mark: str | None, chinese: bool) -> str | None:
    """Return the currency of a mark; None where it may be several."""
    return MARKS.get((mark or "").casefold()) or ("CNY" if mark == "¥" and chinese else None)


def money(cells: pd.Series, decimal: str | None = None, chinese: bool = False, unit: tuple[float, str | None] = (1.0, None)) -> Numbers:
    """Return the amounts in a column of text.

    Parameters
    ----------
    cells : Series of str
    decimal : str or None
        ``.`` or ``,``; None takes it from the column.
    chinese : bool
        Whether ``¥`` means CNY.

    Examples
    --------
    >>> money(pd.Series(["1.2万", "(500)", "€1.234,56"])).values.tolist()
    [12000.0, -500.0, 1234.56]
    """
    codes, uniques = pd.factorize(cells.to_numpy(dtype=object), use_na_sentinel=False)
    texts = [unicodedata.normalize("NFKC", str(value)).strip().lstrip("'").strip() for value in uniques]
    comma = _decimal_comma(texts) if decimal is None else decimal == ","
    if all(text == "" or _PLAIN.fullmatch(text) for text in texts) and not comma:
        table = pd.to_numeric(pd.Series(texts, dtype=object).replace("", None), errors="coerce").to_numpy(dtype=float)
        parsed: list[tuple[float, str | None, bool, bool]] = [(float(value) * unit[0], None if np.isnan(value) else unit[1], False, False) for value in table]
    else:
        parsed = [_amount(text, comma, decimal is not None, chinese, unit) for text in texts]
    values = np.array([item[0] for item in parsed], dtype=float)[codes] if parsed else np.zeros(0)
    currency = np.array([item[1] for item in parsed], dtype=object)[codes] if parsed else np.zeros(0, dtype=object)
    unparsed = np.array([item[3] for item in parsed], dtype=bool)[codes] if parsed else np.zeros(0, dtype=bool)
    doubtful = np.array([item[2] for item in parsed], dtype=bool)[codes] if parsed else np.zeros(0, dtype=bool)
    samples = tuple(text for text, item in zip(texts, parsed, strict=True) if item[3])[:3]
    return Numbers(
        pd.Series(values, index=cells.index), pd.Series(currency, index=cells.index, dtype=object), unparsed, int(doubtful.sum()),
        "decimal comma" if comma else "decimal point", samples,
    )  # fmt: skip


def _decimal_comma(texts: list[str]) -> bool:
    """Return whether a column writes 0,5 for a half: only if cells say so and none says otherwise."""
    commas = sum(bool(re.search(r"\d\.\d{3},\d|\d{1,3}(?:\.\d{3}){2,}(?![\d.])|\d[ \u00a0]\d{3},\d|^[^.,]*\d,(?:\d{1,2}|\d{4,})(?!\d)[^.,]*$", text)) for text in texts)
    points = sum(bool(re.search(r"\d,\d{3}\.\d|\d{1,3}(?:,\d{3}){2,}(?![\d,])|^[^.,]*\d\.(?:\d{1,2}|\d{4,})(?!\d)[^.,]*$", text)) for text in texts)
    return commas > 0 and points == 0


def _amount(text: str, comma: bool, sure: bool, chinese: bool, unit: tuple[float, str | None]) -> tuple[float, str | None, bool, bool]:
    """Return value, currency, whether it has two readings, whether it has none."""
    if is_missing(text):
        return float("nan"), None, False, False
    inner = text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text
    hit = _MONEY.fullmatch(inner)
    if not hit:
        return float("nan"), None, False, True
    number, doubtful = _number(hit["number"], comma, sure)
    if number is None:
        return float("nan"), None, False, True
    minus = [hit["s1"], hit["s2"], hit["s3"], "-" if inner != text else ""].count("-")
    if minus > 1:
        return float("nan"), None, False, True
    mark = hit["before"] or hit["after"]
    code = _code(mark, chinese) if mark else unit[1]
    scale = UNITS.get((hit["unit"] or "").lower(), 1.0 if mark else unit[0])
    value = float(f"{number}{hit['exponent'] or ''}") * scale
    return (-value if minus else value), code, doubtful or bool(mark and code is None), False


def _number(text: str, comma: bool, sure: bool) -> tuple[str | None, bool]:
    """Return digits with a decimal point, and whether there were two readings."""
    plain = re.sub(r"['’\s]", "", text)
    if re.search(r"\s", text.strip()) and not re.fullmatch(r"\d{1,3}(?:\s\d{3})+(?:[.,]\d+)?", text.strip()):
        return None, False
    dots, commas = plain.count("."), plain.count(",")
    if dots and commas:
        last = max(plain.rfind("."), plain.rfind(","))
        group = "," if plain[last] == "." else "."
        return (plain.replace(group, "").replace(",", "."), False) if plain.count(plain[last]) == 1 else (None, False)
    mark = "." if dots else ","
    if dots + commas > 1:
        grouped = re.fullmatch(rf"\d{{1,3}}(\{mark}\d{{2,3}})*\{mark}\d{{3}}", plain)
        return (plain.replace(mark, ""), False) if grouped else (None, False)
    if dots + commas == 0:
        return plain, False
    return _lone_mark(plain, mark, comma, sure)


def _lone_mark(plain: str, mark: str, comma: bool, sure: bool) -> tuple[str | None, bool]:
    """Return the reading of a number with one mark: 1,234 or 1.234 or 1,5."""
    head, _, tail = plain.partition(mark)
    if len(tail) != 3 or len(head) > 3:
        return f"{head or 0}.{tail}", False
    is_decimal = (mark == ",") == comma
    if not is_decimal and head.lstrip("0") == "":  # 0,500 cannot be five hundred
        return f"0.{tail}", True
    return (f"{head or 0}.{tail}" if is_decimal else head + tail), not (comma or sure)


def shares(cells: pd.Series, rule: str | None = None, where: str = "column") -> Numbers:
    """Return percentages or fractions as fractions between 0 and 1.

    Parameters
    ----------
    cells : Series of str
    rule : str or None
        ``percent`` or ``fraction`` for cells without a sign; None takes it from the column.
    where : str
        Name for messages.

    Raises
    ------
    HistoryError
        If only 0 and 1 occur, which mean either.

    Examples
    --------
    >>> shares(pd.Series(["60%", "0.6"])).values.tolist()
    [0.6, 0.6]
    """
    texts = [unicodedata.normalize("NFKC", str(cell)).strip() for cell in cells]
    signed = np.array([text.endswith("%") for text in texts], dtype=bool)
    numbers = money(pd.Series([text.rstrip("%").strip() for text in texts], index=cells.index), ".")
    values = numbers.values.to_numpy(dtype=float, copy=True)
    bare = values[~signed & ~np.isnan(values)]
    if rule is None and len(bare):
        if np.isin(bare, (0.0, 1.0)).all() and (bare == 1.0).any() and not signed.any():
            raise HistoryError(f"{where} must say whether 1 means 1 % or 100 %, got only 0 and 1. Hint: put percent: percent or percent: fraction in the mapping.")
        rule = "percent" if (bare > 1).any() else "fraction"
    values = np.where(signed | (rule == "percent"), values / 100, values)
    outside = (values < 0) | (values > 1)
    values[outside] = np.nan
    return Numbers(pd.Series(values, index=cells.index), numbers.currency, numbers.unparsed | outside, 0, rule or ("percent" if signed.any() else ""))
