"""Pilots: regimes that hold only for deals with certain attributes (R1, R5)."""

from __future__ import annotations

import itertools
import math
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
    return _masks([regime.where for regime in plan.timeline.regimes], amount, named)


def in_dips(plan: Plan, amount: Floats, named: Named) -> tuple[Flags | None, ...]:
    """Tell the same, dip by dip, of the changes that slow work at first."""
    return _masks([dip.where for dip in plan.timeline.dips], amount, named)


def _masks(wheres: Sequence[str | None], amount: Floats, named: Named) -> tuple[Flags | None, ...]:
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


def regime_shares(plan: Plan, time: float) -> tuple[float, ...]:
    """Return the share of deals that follow each regime at a time, conditions on deals left out.

    Draws of one date are one draw; draws of several dates are independent.
    """
    limits = [_limits(plan, r, time) for r in range(plan.n_regimes)]
    edges: dict[int, set[float]] = {}
    for each in limits:
        for key, limit in (each or {}).items():
            edges.setdefault(key, {0.0, 1.0}).add(limit)
    keys = list(edges)
    shares = [0.0] * plan.n_regimes
    for cell in itertools.product(*(itertools.pairwise(sorted(edges[key])) for key in keys)):
        below = {key: high for key, (_, high) in zip(keys, cell, strict=True)}
        last = max(r for r, each in enumerate(limits) if each is not None and all(below[k] <= limit for k, limit in each.items()))
        shares[last] += math.prod(high - low for low, high in cell)
    return tuple(shares)


def _limits(plan: Plan, r: int, time: float) -> dict[int, float] | None:
    """Return below which limits the draws of a deal that follows a regime must lie; None where none does."""
    own = (plan.regime_key[r], float(plan.regime_start[r]), float(plan.regime_ramp[r]), float(plan.regime_adoption[r]))
    found: dict[int, float] = {}
    for key, start, ramp, adoption in () if r == 0 else (own, *plan.needs[r]):
        age = time - start
        if age < 0.0 or plan.pilot[r]:
            return None
        limit = adoption * (1.0 if age >= ramp else age / ramp)
        found[key] = min(found.get(key, 1.0), limit)
    return found


_COMPARE = {
    ">=": np.greater_equal, "<=": np.less_equal, ">": np.greater, "<": np.less, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
