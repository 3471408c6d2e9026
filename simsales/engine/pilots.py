"""Pilots: regimes that hold only for deals with certain attributes (R1, R5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from simsales.engine.plan import Flags, Floats, Ints, Plan
from simsales.model.conditions import ATTRIBUTES, Clause, parse_condition

Named = Mapping[str, tuple[Sequence[str], Ints]]


def eligible(plan: Plan, amount: Floats, named: Named) -> tuple[Flags | None, ...]:
    """Tell, regime by regime, for which deals its condition holds; None where a regime has none.

    Parameters
    ----------
    plan : Plan
    amount : ndarray of float, shape (n_deals,)
        As it is at the creation.
    named : mapping
        From segment, channel, product and region to names and positions, shape (n_deals,).
    """
    wheres = [regime.where for regime in plan.timeline.regimes]
    return tuple(None if where is None else _holding(parse_condition(where, ATTRIBUTES), amount, named) for where in wheres)


def _holding(clauses: tuple[Clause, ...], amount: Floats, named: Named) -> Flags:
    found = np.ones(len(amount), dtype=bool)
    for field, operator, value in clauses:
        if field == "amount":
            found &= _COMPARE[operator](amount, float(value))
            continue
        names, codes = named[field]
        same = np.array([*(name == value for name in names), value == ""], dtype=bool)[codes]  # -1 reads the last one
        found &= same if operator == "==" else ~same
    return found


_COMPARE = {
    ">=": np.greater_equal, "<=": np.less_equal, ">": np.greater, "<": np.less, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
