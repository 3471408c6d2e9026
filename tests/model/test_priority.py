"""Needs priority: weights with a direction."""

from __future__ import annotations

import pytest

from simsales.errors import InvalidInputError, InvalidModelError
from simsales.model.priority import NEEDS, Priority, priority, rank_needs

EASY = {"impact": 5, "difficulty": 1, "urgency": 5}
HARD = {"impact": 5, "difficulty": 5, "urgency": 5}


def test_difficulty_as_cost_flips_the_order_of_the_printed_table() -> None:
    assert (priority(EASY, as_printed=True), priority(HARD, as_printed=True)) == (3.8, 5.0)
    assert (priority(EASY), priority(HARD)) == (5.0, 3.8)
    needs = {"hard": HARD, "easy": EASY}
    assert [need.name for need in rank_needs(needs)] == ["easy", "hard"]
    assert [need.name for need in rank_needs(needs, as_printed=True)] == ["hard", "easy"]


def test_the_weights_are_those_of_the_source() -> None:
    assert {factor.name: (factor.weight, factor.direction) for factor in NEEDS.factors} == {
        "impact": (0.4, "benefit"), "difficulty": (0.3, "cost"), "urgency": (0.3, "benefit"),
    }  # fmt: skip


def test_equal_priorities_share_a_rank_and_keep_their_order() -> None:
    ranked = rank_needs({"乙": EASY, "甲": EASY, "丙": HARD})
    assert [(need.name, need.rank) for need in ranked] == [("乙", 1), ("甲", 1), ("丙", 3)]


def test_own_weights_work() -> None:
    own = Priority(factors=[{"name": "value", "weight": 0.75}, {"name": "effort", "weight": 0.25, "direction": "cost"}])
    assert priority({"value": 3, "effort": 2}, own) == 0.75 * 3 + 0.25 * 4


@pytest.mark.parametrize(
    ("marks", "message"),
    [
        ({"impact": 5, "difficulty": 1}, "marks must cover every factor, got none for 'urgency'. Hint: factors are impact"),
        (EASY | {"urgancy": 1}, "marks must be of known factors, got 'urgancy'. Hint: did you mean 'urgency'"),
        (EASY | {"impact": 6}, "mark for 'impact' must be from 1 to 5, got 6"),
        (EASY | {"impact": float("nan")}, "mark for 'impact' must be from 1 to 5, got nan"),
    ],
)  # fmt: skip
def test_wrong_marks_are_advice(marks: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        priority(marks)


def test_weights_must_add_up() -> None:
    with pytest.raises(InvalidModelError, match=r"weights must add up to 1, got 0\.9"):
        Priority(factors=[{"name": "a", "weight": 0.4}, {"name": "b", "weight": 0.5}])
    with pytest.raises(InvalidModelError, match="factors must have different names, got 'a' twice"):
        Priority(factors=[{"name": "a", "weight": 0.5}, {"name": "a", "weight": 0.5}])
