"""Conditions on a deal, such as ``amount >= 50000 and segment == smb`` (rule R6)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

FIELDS = ("amount", "segment", "channel")
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


def parse_condition(text: str) -> tuple[Clause, ...]:
    """Return the clauses of a condition, all of which must hold.

    Parameters
    ----------
    text : str
        Clauses joined by ``and``; each compares ``amount``, ``segment`` or ``channel``.

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
    """
    return tuple(_clause(part, text) for part in re.split(r"\s+and\s+", text.strip()))


def _clause(part: str, text: str) -> Clause:
    match = _CLAUSE.match(part)
    if not match or match[1] not in FIELDS:
        message = (
            f"must compare {', '.join(FIELDS)} with a value, got {text!r}. "
            "Hint: write for example amount >= 50000."
        )
        raise ConditionError(message)
    field, operator, value = match[1], match[2], match[3].strip("'\"")
    if field != "amount":
        if operator not in ("==", "!="):
            message = f"must compare {field} with == or !=, got {text!r}."
            raise ConditionError(message)
        return field, operator, value
    try:
        return field, operator, float(value.replace("_", "").replace(",", ""))
    except ValueError as error:
        message = f"must compare amount with a number, got {value!r}."
        raise ConditionError(message) from error


def holds(clauses: tuple[Clause, ...], deal: Mapping[str, Any]) -> bool:
    """Tell whether all `clauses` hold for the fields of `deal`.

    Examples
    --------
    >>> holds(parse_condition("amount > 10"), {"amount": 10.0})
    False
    """
    return all(_COMPARE[operator](deal[field], value) for field, operator, value in clauses)
