"""Lead scoring: weighted factors, bands, decay, the logistic form, noise, grades."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsales.errors import InvalidInputError, InvalidModelError
from simsales.model.scoring import (
    Factor,
    Scoring,
    factor_values,
    grade,
    is_monotone,
    lead_score,
    lead_scores,
    points,
    reference_score,
    seen_scores,
)

VISITS = {"name": "visits", "weight": 2.0, "kind": "behaviour", "half_life_days": 14.0, "law": {"exponential": {"mean": 3.0}}}
SIZE = {
    "name": "企业规模", "weight": 1.5, "law": {"uniform": {"low": 0, "high": 1000}},
    "bands": [{"upto": 50, "points": 0}, {"upto": 500, "points": 10}, {"points": 20}],
}  # fmt: skip


def scoring(**changes: object) -> Scoring:
    return Scoring(**({"factors": [VISITS, SIZE]} | changes))


def test_a_score_is_the_weighted_sum_of_points() -> None:
    assert lead_score(scoring(), {"visits": 4, "企业规模": 50}) == 8.0  # the bound belongs to its band
    assert lead_score(scoring(intercept=5.0), {"visits": 4, "企业规模": 51}) == 5.0 + 8.0 + 15.0
    assert lead_score(scoring(), {"企业规模": 1e9}) == 30.0


def test_behaviour_halves_with_each_half_life_and_attributes_stay() -> None:
    fresh, later, much_later = (lead_score(scoring(), {"visits": 4, "企业规模": 600}, age_days=t) for t in (0.0, 14.0, 28.0))
    assert (fresh, later, much_later) == (38.0, 34.0, 32.0)


def test_the_logistic_form_is_a_probability() -> None:
    form = Scoring(form="logistic", intercept=-1.0, factors=[{"name": "x", "weight": 0.5}])
    assert lead_score(form, {"x": 4.0}) == pytest.approx(1 / (1 + math.exp(-1.0)), abs=1e-15)
    assert lead_score(form, {"x": -1e6}) == 0.0


def test_what_is_not_known_gives_no_points() -> None:
    assert lead_score(scoring(), {}) == 0.0
    assert lead_scores(scoring(), [[np.nan, 1.0], [600.0, np.nan]]).tolist() == [30.0, 2.0]


@given(st.floats(0, 2000), st.floats(0, 2000), st.floats(0, 100), st.sampled_from(["points", "logistic"]))
def test_the_score_is_monotone_in_each_factor(low: float, high: float, other: float, form: str) -> None:
    low, high = min(low, high), max(low, high)
    for name, rest in (("visits", "企业规模"), ("企业规模", "visits")):
        chosen = scoring(form=form, intercept=-5.0)
        assert lead_score(chosen, {name: low, rest: other}) <= lead_score(chosen, {name: high, rest: other})


def test_monotone_looks_at_weight_and_bands() -> None:
    falling = [{"upto": 1, "points": 5}, {"points": 2}]
    assert is_monotone(Factor(name="a", weight=3.0))
    assert not is_monotone(Factor(name="a", weight=-3.0))
    assert not is_monotone(Factor(name="a", bands=falling))
    assert is_monotone(Factor(name="a", weight=-1.0, bands=falling))


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0, 1000), st.floats(0, 400)), min_size=1, max_size=23))
def test_many_leads_get_the_same_bits_as_one_at_a_time(rows: list[tuple[float, float, float]]) -> None:
    for form in ("points", "logistic"):
        chosen = scoring(form=form, intercept=-0.3)
        table = np.array(rows)
        together = lead_scores(chosen, table[:, :2].T, table[:, 2])
        alone = [lead_score(chosen, {"visits": a, "企业规模": b}, age) for a, b, age in rows]
        assert together.tolist() == alone


def test_a_plain_loop_agrees() -> None:
    def by_hand(visits: float, size: float, age: float) -> float:
        band = 0 if size <= 50 else 10 if size <= 500 else 20
        return 2.0 * visits * 0.5 ** (age / 14.0) + 1.5 * band

    values = np.array([[0.0, 3.0, 7.5], [20.0, 400.0, 900.0]])
    ages = np.array([0.0, 3.0, 60.0])
    expected = [by_hand(*values[:, i], ages[i]) for i in range(3)]
    assert lead_scores(scoring(), values, ages).tolist() == pytest.approx(expected, rel=1e-14)


def test_the_reference_is_the_expected_score() -> None:
    expected = 2.0 * 3.0 + 1.5 * (0.05 * 0 + 0.45 * 10 + 0.5 * 20)  # exponential mean 3; uniform on 0 to 1000
    assert reference_score(scoring()) == pytest.approx(expected, abs=0.05)
    assert reference_score(scoring(reference=12.5)) == 12.5
    assert reference_score(scoring()) == reference_score(scoring())
    form = Scoring(form="logistic", factors=[{"name": "x", "law": {"uniform": {"low": 0.0, "high": 2.0}}}])
    exact = (math.log1p(math.exp(2.0)) - math.log(2.0)) / 2.0  # the integral of the logistic curve
    assert reference_score(form) == pytest.approx(exact, abs=1e-3)


def test_values_follow_the_laws() -> None:
    assert factor_values(scoring(), [[0.5], [0.25]])[:, 0].tolist() == pytest.approx([3.0 * math.log(2.0), 250.0])


def test_people_see_the_score_with_noise() -> None:
    assert seen_scores(scoring(noise_sd=3.0), [10.0, 20.0], [1.0, -2.0]).tolist() == [13.0, 14.0]
    assert seen_scores(scoring(), [10.0], [5.0]).tolist() == [10.0]
    form = Scoring(form="logistic", noise_sd=1.0, factors=[{"name": "x"}])
    assert seen_scores(form, [0.5, 1.0], [2.0, -3.0]).tolist() == pytest.approx([1 / (1 + math.exp(-2.0)), 1.0])


def test_a_score_changes_who_is_called_first() -> None:
    columns = [[0.0, 9.0, 2.0], [40.0, 40.0, 900.0]]
    assert np.argsort(-lead_scores(scoring(), columns)).tolist() == [2, 1, 0]
    assert np.argsort(-lead_scores(Scoring(factors=[VISITS]), columns[:1])).tolist() == [1, 2, 0]


def test_grades_begin_at_their_bound() -> None:
    tiers = scoring(grades=[{"from": 0, "name": "铜"}, {"from": 20, "name": "银"}, {"from": 60, "name": "金"}])
    assert [grade(tiers, score) for score in (-0.1, 0.0, 19.9, 20.0, 60.0, 1e9)] == [None, "铜", "铜", "银", "金", "金"]


def test_a_scoring_survives_its_yaml_shape() -> None:
    tiers = scoring(grades=[{"from": 0, "name": "铜"}], noise_sd=1.0, reference=3.0)
    assert Scoring.model_validate(tiers.model_dump(by_alias=True)) == tiers


def test_points_keep_the_shape() -> None:
    assert points(Factor(name="a"), 3.0).tolist() == 3.0
    assert points(Factor(name="a"), [[1.0], [np.nan]]).tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"factors": [VISITS, VISITS]}, "factors must have different names, got 'visits' twice"),
        ({"factors": [{"name": "a", "half_life_days": 3.0}]}, "half_life_days must stand with kind: behaviour"),
        ({"factors": [{"name": "a", "bands": [{"upto": 1, "points": 1}]}]}, "bands must end with one without upto, got upto 1"),
        ({"factors": [{"name": "a", "bands": [{"upto": 2, "points": 1}, {"upto": 1, "points": 2}, {"points": 3}]}]},
         "bands must have rising upto, got 2, 1, none"),
        ({"factors": [{"name": "a", "bands": [{"points": 1}, {"points": 3}]}]}, "bands must have rising upto, got none, none"),
        ({"factors": []}, "at least 1 item"),
        ({"grades": [{"from": 5, "name": "b"}, {"from": 1, "name": "a"}]}, "grades must have rising from, got 5, 1"),
        ({"form": "odds"}, "form"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_at_birth(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidModelError, match=message):
        scoring(**changes)


def test_wrong_use_is_advice() -> None:
    with pytest.raises(InvalidInputError, match=r"values must belong to factors of the score, got 'visit'. Hint: did you mean 'visits'"):
        lead_score(scoring(), {"visit": 1.0})
    with pytest.raises(InvalidInputError, match=r"columns must have one row for each of the 2 factors, got shape \(3, 1\)"):
        lead_scores(scoring(), [[1.0], [2.0], [3.0]])
    with pytest.raises(InvalidInputError, match=r"age_days must be 0 or more, got -1"):
        lead_score(scoring(), {}, age_days=-1.0)
    with pytest.raises(InvalidInputError, match=r"factor 'x' must have a law, got none. Hint: say how"):
        reference_score(Scoring(factors=[{"name": "x"}]))
