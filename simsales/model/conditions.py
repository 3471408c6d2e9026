"""Conditions on a deal, such as ``amount >= 50000 and segment == smb`` (rule R6)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from simsales.errors import got

NUMBERS = ("amount", "discount", "score", "visit")
TEXTS = ("segment", "channel", "product", "region", "previous", "terms")
FIELDS = (*NUMBERS, *TEXTS)
ATTRIBUTES = ("amount", "segment", "channel", "product", "region")
"""What is known of a deal from its creation on and does not change."""
AUTHORITY = "authority"
"""In ``discount > authority``: what the owner's role may give alone."""
_CLAUSE = re.compile(r"^\s*(\w+)\s*(>=|<=|==|!=|>|<)\s*(.+?)\s*$")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


class ConditionError(ValueError):
    """A condition that cannot be read."""


Clause = tuple[str, str, float | str]


def parse_condition(text: str, fields: Sequence[str] = FIELDS) -> tuple[Clause, ...]:
    """Return the clauses of a condition, all of which must hold.

    Parameters
    ----------
    text : str
        Clauses joined by ``and``; each compares a field with a value.
    fields : sequence of str
        What may be compared here.

    Returns
    -------
    tuple of (field, operator, value)

    Raises
    ------
    ConditionError
        If a clause has another form.

    Examples
    --------
    >>> parse_condition("amount >= 50000 and segment == smb")
    (('amount', '>=', 50000.0), ('segment', '==', 'smb'))
    >>> parse_condition("discount > authority")
    (('discount', '>', 'authority'),)
    """
    clauses = _clauses(text, fields)
    for field, _, value in clauses:
        _in_range(field, value)
    if verdict(clauses) == "never":
        message = f"must be able to hold, got {got(text)}, which no deal meets. Hint: every part of it must hold at once; write two rules for one or the other."
        raise ConditionError(message)
    return clauses


def _clauses(text: str, fields: Sequence[str]) -> tuple[Clause, ...]:
    return tuple(_clause(part, text, fields) for part in re.split(r"\s+and\s+", text.strip()))


def together(*texts: str | None) -> tuple[str | None, bool]:
    """Return the condition that several ones make together (None: none of them asks anything), and whether it can hold.

    Examples
    --------
    >>> together("segment == smb", None, "amount > 5"), together("segment == smb", "segment == mid")[1]
    (('segment == smb and amount > 5', True), False)
    """
    text = " and ".join(dict.fromkeys(each for each in texts if each is not None)) or None
    return text, text is None or verdict(_clauses(text, FIELDS)) != "never"


RANGES = {"amount": (0.0, math.inf), "discount": (0.0, 1.0), "visit": (1.0, 1000.0)}
"""Between what the numbers of a deal lie."""


def _in_range(field: str, value: float | str) -> None:
    """Refuse a bound that no deal can lie on either side of."""
    if isinstance(value, str) or field not in RANGES:
        return
    low, high = RANGES[field]
    if field == "discount" and not low <= value <= high:
        hint = f" Hint: for {value:g} % write {value:g}% or {value / 100:g}." if 1.0 < value <= 100.0 else ""
        message = f"must compare discount with a share between 0 and 1, got {value:g}.{hint}"
        raise ConditionError(message)
    if value < min(low, 0.0) or value > high or math.isnan(value):
        message = f"must compare {field} with a number that a deal can have, got {value:g}."
        raise ConditionError(message)


def verdict(clauses: Sequence[Clause], known: Mapping[str, Sequence[float | str]] | None = None) -> str:
    """Return ``never`` or ``always`` where a condition can have no other answer, else ``sometimes``.

    Parameters
    ----------
    clauses : sequence of Clause
    known : mapping of str to sequence, optional
        The values that a field can have; of numbers the least and the greatest. Absent: anything.

    Examples
    --------
    >>> verdict(parse_condition("amount >= 0")), verdict(parse_condition("segment == smb"), {"segment": ["mid"]})
    ('always', 'never')
    >>> verdict(parse_condition("amount > 5 and amount <= 9")), verdict([("visit", ">", 1.0), ("visit", "<", 2.0)])
    ('sometimes', 'never')
    """
    answers = set()
    for field in dict.fromkeys(field for field, _, _ in clauses):
        mine = [clause for clause in clauses if clause[0] == field]
        if any(clause[2] == AUTHORITY for clause in mine):
            answers.add("sometimes")
            continue
        found = {all(_COMPARE[sign](value, bound) for _, sign, bound in mine) for value in _values(field, mine, known or {})}
        answers.add("sometimes" if len(found) > 1 else "always" if True in found else "never")
    return "never" if "never" in answers else "sometimes" if "sometimes" in answers else "always"


def _values(field: str, clauses: Sequence[Clause], known: Mapping[str, Sequence[float | str]]) -> list[Any]:
    """Return values that stand for all that a field can have: every bound, and one between every two."""
    bounds = [clause[2] for clause in clauses]
    if field in TEXTS:
        return list(known[field]) if field in known else [*bounds, "\0"]
    low, high = (float(end) for end in known.get(field) or RANGES.get(field, (-math.inf, math.inf)))
    if field == "visit":
        return [float(n) for n in range(int(low), int(high) + 1)]
    points = sorted({float(bound) for bound in bounds if low <= float(bound) <= high} | {float(end) for end in (low, high) if math.isfinite(float(end))})
    between = [(a + b) / 2.0 for a, b in zip(points, points[1:], strict=False)]
    outside = [points[-1] + 1.0 if points else 0.0] * (not math.isfinite(float(high))) + [points[0] - 1.0 if points else 0.0] * (not math.isfinite(float(low)))
    return [*points, *between, *outside]


def _clause(part: str, text: str, fields: Sequence[str]) -> Clause:
    match = _CLAUSE.match(part)
    if not match or match[1] not in fields:
        message = (
            f"must compare {', '.join(fields)} with a value, got {got(text)}. "
            f"Hint: write for example {'amount >= 50000' if 'amount' in fields else f'{fields[0]} == NAME'}."
        )
        raise ConditionError(message)
    field, operator, value = match[1], match[2], match[3].strip("'\"")
    if field in TEXTS:
        if operator not in ("==", "!="):
            message = f"must compare {field} with == or !=, got {got(text)}."
            raise ConditionError(message)
        return field, operator, value
    if field == "discount" and value == AUTHORITY:
        return field, operator, AUTHORITY
    if field != "discount" and value.endswith("%"):
        message = f"must compare {field} with a number, got {got(value)}, a share. Hint: of the fields here only discount is a share."
        raise ConditionError(message)
    try:
        return field, operator, _number(value)
    except ValueError as error:
        message = f"must compare {field} with a number, got {got(value)}. Hint: write for example {field} >= 2."
        raise ConditionError(message) from error


def _number(text: str) -> float:
    """Return a number as people write it: 50_000, 50,000, 12 %, 5万."""
    text = text.replace("_", "").replace(",", "").strip()
    for sign, factor in (("%", 0.01), ("万", 1e4), ("亿", 1e8)):
        if text.endswith(sign):
            return float(text.removesuffix(sign)) * factor
    return float(text)


def holds(clauses: tuple[Clause, ...], deal: Mapping[str, Any]) -> bool:
    """Tell whether all `clauses` hold for the fields of `deal`.

    Examples
    --------
    >>> holds(parse_condition("amount > 10"), {"amount": 10.0})
    False
    >>> holds(parse_condition("discount > authority"), {"discount": 0.2, "authority": 0.1})
    True
    """
    return all(
        _COMPARE[operator](deal[field], deal[AUTHORITY] if field == "discount" and value == AUTHORITY else value)
        for field, operator, value in clauses
    )
