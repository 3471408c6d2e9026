"""Conditions on a deal, such as ``amount >= 50000 and segment == smb`` (rule R6)."""

from __future__ import annotations

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
    return tuple(_clause(part, text, fields) for part in re.split(r"\s+and\s+", text.strip()))


def _clause(part: str, text: str, fields: Sequence[str]) -> Clause:
    match = _CLAUSE.match(part)
    if not match or match[1] not in fields:
        message = (
            f"must compare {', '.join(fields)} with a value, got {got(text)}. "
            "Hint: write for example amount >= 50000."
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
