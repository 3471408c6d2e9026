"""Which customer needs come first: weighted factors, each of which says whether more of it is good.

The trap: a difficulty of 5 means *hard*. A plain weighted sum ranks the hard needs first; a factor with
``direction: cost`` is turned round (6 minus the mark on a scale from 1 to 5) before it is weighed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from simsales.errors import InvalidInputError, did_you_mean, got
from simsales.model.base import Name, Positive, Seq, Value

__all__ = ["NEEDS", "Priority", "PriorityFactor", "RankedNeed", "priority", "rank_needs"]

LOWEST, HIGHEST = 1, 5


class PriorityFactor(Value):
    """One factor and its weight; with direction ``cost`` a high mark lowers the priority."""

    name: Name
    weight: Positive
    direction: Literal["benefit", "cost"] = "benefit"


class Priority(Value):
    """Weights of the factors; they add up to 1, so that a priority is on the scale of the marks.

    Examples
    --------
    >>> Priority(factors=[{"name": "impact", "weight": 0.5}, {"name": "effort", "weight": 0.5, "direction": "cost"}]).names
    ('impact', 'effort')
    """

    factors: Annotated[tuple[PriorityFactor, ...], Seq, Field(min_length=1)]

    @model_validator(mode="after")
    def _consistent(self) -> Priority:
        total = sum(factor.weight for factor in self.factors)
        if abs(total - 1.0) > 1e-6:
            message = f"weights must add up to 1, got {total:g}"
            raise ValueError(message)
        twice = sorted({name for name in self.names if self.names.count(name) > 1})
        if twice:
            message = f"factors must have different names, got {got(twice[0])} twice"
            raise ValueError(message)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the factors, in order."""
        return tuple(factor.name for factor in self.factors)


NEEDS = Priority(
    factors=(
        PriorityFactor(name="impact", weight=0.4),
        PriorityFactor(name="difficulty", weight=0.3, direction="cost"),
        PriorityFactor(name="urgency", weight=0.3),
    )
)
"""Impact on the business, difficulty of a solution, urgency to the customer (业务影响、解决难度、紧急度)."""


@dataclass(frozen=True)
class RankedNeed:
    """A need, its priority from 1 to 5, and its rank; equal priorities share a rank."""

    name: str
    priority: float
    rank: int


def priority(marks: Mapping[str, float], weights: Priority = NEEDS, *, as_printed: bool = False) -> float:
    """Return the priority of one need.

    Parameters
    ----------
    marks : mapping of str to float
        A mark from 1 to 5 for each factor.
    weights : Priority
    as_printed : bool
        Ignore directions: the plain weighted sum, as the usual printed table has it.

    Returns
    -------
    float
        From 1 to 5.

    Raises
    ------
    InvalidInputError
        If a mark is missing, unknown or off the scale.

    Examples
    --------
    >>> easy, hard = {"impact": 5, "difficulty": 1, "urgency": 5}, {"impact": 5, "difficulty": 5, "urgency": 5}
    >>> priority(easy), priority(hard)
    (5.0, 3.8)
    >>> priority(easy, as_printed=True), priority(hard, as_printed=True)
    (3.8, 5.0)
    """
    _check(marks, weights)
    total = 0.0
    for factor in weights.factors:
        mark = float(marks[factor.name])
        turned = factor.direction == "cost" and not as_printed
        total += factor.weight * (LOWEST + HIGHEST - mark if turned else mark)
    return round(total, 12)


def _check(marks: Mapping[str, float], weights: Priority) -> None:
    """Refuse marks that do not fit the factors."""
    for name in marks:
        if name not in weights.names:
            message = f"marks must be of known factors, got {got(name)}. {did_you_mean(name, weights.names)}"
            raise InvalidInputError(message)
    for name in weights.names:
        if name not in marks:
            message = f"marks must cover every factor, got none for '{name}'. Hint: factors are {', '.join(weights.names)}"
            raise InvalidInputError(message)
        if not LOWEST <= float(marks[name]) <= HIGHEST:
            message = f"mark for '{name}' must be from {LOWEST} to {HIGHEST}, got {marks[name]:g}. Hint: 5 is most of it"
            raise InvalidInputError(message)


def rank_needs(
    needs: Mapping[str, Mapping[str, float]], weights: Priority = NEEDS, *, as_printed: bool = False
) -> tuple[RankedNeed, ...]:
    """Return needs by falling priority; among equals the order given stays.

    Parameters
    ----------
    needs : mapping of str to mapping
        The marks of each need; see :func:`priority`.
    weights : Priority
    as_printed : bool

    Returns
    -------
    tuple of RankedNeed

    Examples
    --------
    >>> marks = {"单点登录": {"impact": 4, "difficulty": 5, "urgency": 4}, "报表": {"impact": 4, "difficulty": 2, "urgency": 3}}
    >>> [(need.name, need.priority, need.rank) for need in rank_needs(marks)]
    [('报表', 3.7, 1), ('单点登录', 3.1, 2)]
    """
    found = {name: priority(marks, weights, as_printed=as_printed) for name, marks in needs.items()}
    ranks = {name: 1 + sum(other > value for other in found.values()) for name, value in found.items()}
    ordered = sorted(found, key=lambda name: -found[name])
    return tuple(RankedNeed(name, found[name], ranks[name]) for name in ordered)
