"""Targets and quotas: goals, a cascade that conserves totals to the cent, and the ratchet.

Pure functions of numbers; nothing here reads a run.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

from pydantic import field_validator, model_validator

from simsales.errors import InvalidInputError, expect, got
from simsales.model.base import Date, Name, NonNegative, Positive, Value
from simsales.model.compensation import Ratchet, Span
from simsales.model.roster import named_reps

if TYPE_CHECKING:
    from simsales.model.schema import Model

__all__ = [
    "MONTHS_IN",
    "Goal",
    "GoalError",
    "Quotas",
    "Share",
    "Target",
    "assigned",
    "cascade",
    "goal_problems",
    "ratchet",
    "ratcheted",
    "split_cents",
]

MONTHS_IN = {"month": 1, "quarter": 3, "year": 12}
CENT = 100


class GoalError(InvalidInputError, ValueError):
    """A goal or a cascade was asked for with numbers that cannot be."""


class Quotas(Value):
    """Quotas of all reps with a plan from one target; they replace the plans' own quotas.

    Parameters
    ----------
    total : float
        Target of the company for one `period`.
    period : {'month', 'quarter', 'year'}
        A plan with another period gets its part by months.
    hedge : float
        Over-assignment: 0.05 hands out 5 % more than the target.
    by : {'equal', 'capacity', 'weight'}
        Alike for everybody, by speed x selling share, or by the reps' `weight`.

    Examples
    --------
    >>> Quotas(total=3e6, hedge=0.05).by
    'equal'
    """

    total: Positive
    period: Span = "quarter"
    hedge: NonNegative = 0.0
    by: Literal["equal", "capacity", "weight"] = "equal"


class Goal(Value):
    """A goal that can be checked: what, how much, by when, and for what (SMART).

    Parameters
    ----------
    name : str
        Specific: what is to be reached, in words.
    kpi : str
        Measurable: a KPI name such as ``bookings`` or ``cycle_days``.
    kind : {'level', 'relative', 'cost'}
        A level to reach, a change against a base run (-0.2 is 20 % less), or a change of a cost.
    target : float
    deadline : date
        Time-bound.
    why : str
        Relevant: which goal of the company it serves.
    attainable : float, optional
        Probability of reaching it that a simulation gave.
    parent : str, optional
        The goal of which this one is a part.
    factors : dict of str to float
        What the target was made from (prior period, market, competitors).
    notes : dict of str to list of str
        Free lists, such as strengths, weaknesses, opportunities and threats; without effect.

    Examples
    --------
    >>> Goal(name="faster", kpi="cycle_days", kind="relative", target=-0.2, deadline="2027-12-31").met(40.0, base=50.0)
    True
    """

    name: Name
    kpi: Name
    kind: Literal["level", "relative", "cost"] = "level"
    target: float
    deadline: Date
    why: str = ""
    attainable: float | None = None
    parent: Name | None = None
    factors: dict[str, float] = {}
    notes: dict[str, list[str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _smart(cls, data: Any) -> Any:
        """Name what a goal lacks, in the words of the rule."""
        if isinstance(data, Mapping):
            for key, rule in _SMART.items():
                if data.get(key) in (None, ""):
                    message = f"{key} must be stated: {rule}"
                    raise ValueError(message)
        return data

    @field_validator("attainable")
    @classmethod
    def _is_share(cls, value: float | None) -> float | None:
        if value is not None and not 0.0 <= value <= 1.0:
            message = f"attainable must be a probability between 0 and 1, got {value:g}"
            raise ValueError(message)
        return value

    @model_validator(mode="after")
    def _is_measured(self) -> Goal:
        """A goal is measurable: its KPI is one that is measured."""
        from simsales.kpi import parse_name

        parse_name(self.kpi)
        return self

    def met(self, value: float, base: float | None = None) -> bool:
        """Tell whether a run's value reaches the goal.

        Parameters
        ----------
        value : float
        base : float, optional
            The value without the change, for relative and cost goals.

        Raises
        ------
        GoalError
            If a relative or a cost goal is given no base.
        """
        if self.kind == "level":
            return value >= self.target
        if base is None or base == 0.0:
            message = f"goal '{self.name}' must be given a base other than 0, got {base}. Hint: pass the base run's {self.kpi}"
            raise GoalError(message)
        change = (value - base) / abs(base)
        return change <= self.target + 1e-12 if self.target < 0.0 else change >= self.target - 1e-12


_SMART = {
    "name": "a goal is specific. Hint: say what is to be reached",
    "kpi": "a goal is measurable. Hint: name a KPI such as bookings",
    "target": "a goal is measurable. Hint: say how much",
    "deadline": "a goal is time-bound. Hint: add a date such as 2027-12-31",
}


def goal_problems(goals: Sequence[Goal]) -> tuple[str, ...]:
    """Return what is wrong in a tree of goals: orphans, and parts that add up to more or less than the whole.

    Only level goals of the same KPI as their parent are added up.

    Examples
    --------
    >>> goals = [Goal(name="all", kpi="bookings", target=100.0, deadline="2027-12-31"),
    ...          Goal(name="north", kpi="bookings", target=70.0, deadline="2027-12-31", parent="all"),
    ...          Goal(name="south", kpi="bookings", target=40.0, deadline="2027-12-31", parent="all"),
    ...          Goal(name="lost", kpi="won", target=5.0, deadline="2027-12-31", parent="east")]
    >>> for problem in goal_problems(goals): problem
    "goal 'lost' must have a parent that exists, got 'east'. Hint: one of all, north, south"
    "parts of goal 'all' must add up to 100, got 110. Hint: lower them by 10, or state the hedge as its own goal"
    """
    known = {goal.name: goal for goal in goals}
    found = [
        f"goal '{goal.name}' must have a parent that exists, got {got(goal.parent)}. "
        f"Hint: one of {', '.join(name for name in known if name != goal.name)}"
        for goal in goals
        if goal.parent is not None and (goal.parent not in known or goal.parent == goal.name)
    ]
    for goal in goals:
        parts = [g for g in goals if g.parent == goal.name and g is not goal]
        parts = [g for g in parts if g.kind == goal.kind == "level" and g.kpi == goal.kpi]
        total = sum((Fraction(str(g.target)) for g in parts), Fraction(0))
        gap = total - Fraction(str(goal.target))
        if parts and gap:
            advice = f"lower them by {float(gap):g}, or state the hedge as its own goal" if gap > 0 else f"{float(-gap):g} has no part"
            found.append(f"parts of goal '{goal.name}' must add up to {goal.target:g}, got {float(total):g}. Hint: {advice}")
    return tuple(found)


@dataclass(frozen=True)
class Share:
    """A node of the tree down which a target is split.

    Parameters
    ----------
    name : str
    weight : float
        Capacity against its siblings.
    parts : tuple of Share
    """

    name: str
    weight: float = 1.0
    parts: tuple[Share, ...] = ()


Tree = Share | Sequence[Share | str] | Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """One node of a cascade, with what its parts add up to.

    Parameters
    ----------
    path : tuple of str
        From the whole to this node.
    amount : Fraction
        What the node has to reach, in whole cents.
    hedge : Fraction
        What is handed out above the target (the whole only), shown as its own line.
    periods : tuple of Fraction
        The amount by period; they add up to it.
    """

    path: tuple[str, ...]
    amount: Fraction
    hedge: Fraction = Fraction(0)
    periods: tuple[Fraction, ...] = field(default=())


def split_cents(total: float | Fraction, weights: Sequence[float | Fraction]) -> tuple[Fraction, ...]:
    """Split an amount in proportion to weights, in whole cents that add up to it (largest remainder; ties by order).

    Parameters
    ----------
    total : float or Fraction
        Rounded half up to the cent first.
    weights : sequence of float or Fraction, shape (n,)
        At least 0, not all 0.

    Raises
    ------
    GoalError
        If the weights are none, negative or all 0.

    Examples
    --------
    >>> [float(x) for x in split_cents(1_000_000.0, [1, 1, 1])]
    [333333.34, 333333.33, 333333.33]
    """
    exact = [_exact(weight) for weight in weights]
    if not exact or min(exact) < 0 or not sum(exact):
        message = f"weights must be at least 0 and not all 0, got {list(weights)}. Hint: give every part its capacity"
        raise GoalError(message)
    cents = _cents(_exact(total))
    ideal = [cents * weight / sum(exact) for weight in exact]
    whole = [int(x // 1) for x in ideal]
    order = sorted(range(len(ideal)), key=lambda i: (whole[i] - ideal[i], i))
    for i in order[: cents - sum(whole)]:
        whole[i] += 1
    return tuple(Fraction(x, CENT) for x in whole)


def cascade(
    total: float, tree: Tree, *, hedge: float = 0.0, periods: Sequence[float] = (1.0,)
) -> tuple[Target, ...]:
    """Split a target down a tree and over periods, so that parts add up to the whole to the cent.

    Parameters
    ----------
    total : float
        Target of the whole.
    tree : Share, sequence of Share or str, or mapping
        ``{"North": 2, "South": 1}`` splits by weight; a mapping or list in place of a weight goes on below.
        Company, regions or teams, reps; weights are capacities, so that a rep in ramp gets relief by a smaller one.
    hedge : float
        Over-assignment: the parts add up to total x (1 + hedge); the difference stands in the whole's `hedge`.
    periods : sequence of float
        Weights of the periods (four equal ones: a year in quarters; a season in them is fine).

    Returns
    -------
    tuple of Target
        The whole first, then depth first in the order of the tree. Each node's periods add up to its amount, and so do
        its parts, period by period.

    Examples
    --------
    >>> found = cascade(1_000_000.0, ["A", "B", "C"], hedge=0.05)
    >>> for target in found: (target.path, float(target.amount), float(target.hedge))
    (('all',), 1050000.0, 50000.0)
    (('all', 'A'), 350000.0, 0.0)
    (('all', 'B'), 350000.0, 0.0)
    (('all', 'C'), 350000.0, 0.0)
    """
    for name, value in (("total", total), ("hedge", hedge)):
        expect(name, value, (int, float, Fraction), "a number", GoalError)
    expect("tree", tree, (Share, Sequence, Mapping), "shares, names, or a mapping from names to weights. Hint: {'North': 2, 'South': 1}", GoalError)
    expect("periods", periods, (list, tuple), "a list of weights. Hint: [1, 1, 1, 1] are four equal quarters", GoalError)
    for weight in periods:
        expect("periods", weight, (int, float, Fraction), "a list of weights", GoalError)
    if not 0.0 < total < math.inf or not 0.0 <= hedge < math.inf:
        message = f"total must be above 0 and hedge at least 0, got {total} and {hedge}. Hint: state the target in money"
        raise GoalError(message)
    root = tree if isinstance(tree, Share) else Share("all", 1.0, _shares(tree))
    target = Fraction(_cents(_exact(total)), CENT)
    handed = Fraction(_cents(target * (1 + _exact(hedge))), CENT)
    by_period = split_cents(handed, periods)
    return tuple(_down(root, (root.name,), by_period, handed - target))


def _shares(tree: Sequence[Share | str] | Mapping[str, Any]) -> tuple[Share, ...]:
    """Return nodes from shares, names, or a mapping from names to weights (or to mappings of their own)."""
    if isinstance(tree, Mapping):
        return tuple(
            Share(str(name), 1.0, _shares(value)) if isinstance(value, (Mapping, list, tuple)) else Share(str(name), float(value))
            for name, value in tree.items()
        )
    if any(not isinstance(part, (Share, str)) for part in tree):
        message = (
            f"tree must be shares, names, or a mapping from names to weights, got {type(next(iter(tree))).__name__}. "
            "Hint: write for example {'North': 2, 'South': 1}"
        )
        raise GoalError(message)
    return tuple(part if isinstance(part, Share) else Share(part) for part in tree)


def _down(node: Share, path: tuple[str, ...], by_period: tuple[Fraction, ...], hedge: Fraction) -> list[Target]:
    """Return a node's target and those below it."""
    found = [Target(path, sum(by_period, Fraction(0)), hedge, by_period)]
    if node.parts:
        shares = [split_cents(amount, [part.weight for part in node.parts]) for amount in by_period]
        for i, part in enumerate(node.parts):
            found += _down(part, (*path, part.name), tuple(share[i] for share in shares), Fraction(0))
    return found


def assigned(model: Model) -> dict[str, float]:
    """Return the quota of every rep with a plan that has one, for one period of that plan; empty without the model's `quotas`.

    Parameters
    ----------
    model : Model
        Reps share the target whenever they are hired; days not employed and ramps are relieved in the statement.

    Returns
    -------
    dict of str to float
        By rep, in whole cents of the target's period.
    """
    quotas = model.quotas
    reps = [rep for rep in sorted(named_reps(model), key=lambda rep: str(rep.name)) if rep.plan is not None and model.plans[rep.plan].quota is not None]
    if quotas is None or not reps:
        return {}
    weights = {
        "equal": [1.0] * len(reps), "weight": [rep.weight for rep in reps],
        "capacity": [rep.speed * rep.selling_share for rep in reps],
    }[quotas.by]  # fmt: skip
    whole = Fraction(_cents(_exact(quotas.total) * (1 + _exact(quotas.hedge))), CENT)
    found = {}
    for rep, share in zip(reps, split_cents(whole, weights), strict=True):
        months = MONTHS_IN[model.plans[str(rep.plan)].period]
        found[str(rep.name)] = float(share * months / MONTHS_IN[quotas.period])
    return found


def ratchet(quota: float, sold: float, up: float, down: float) -> float:
    """Return the next quota: ``quota + w (sold - quota)`` with another weight above quota than below.

    Examples
    --------
    >>> ratchet(100.0, 130.0, 0.5, 0.2), ratchet(100.0, 70.0, 0.5, 0.2)
    (115.0, 94.0)
    """
    return float(ratcheted(_exact(quota), _exact(sold), Ratchet(up=up, down=down)))


def ratcheted(quota: Fraction, sold: Fraction, rule: Ratchet) -> Fraction:
    """Return the next quota exactly; see :func:`ratchet`."""
    gap = sold - quota
    return quota + _exact(rule.up if gap > 0 else rule.down) * gap


def _exact(value: float | Fraction) -> Fraction:
    """Return a number as it prints, so 0.1 is one tenth."""
    return value if isinstance(value, Fraction) else Fraction(str(value))


def _cents(value: Fraction) -> int:
    """Return an amount in cents, half up."""
    return int((value * CENT + Fraction(1, 2)) // 1)
