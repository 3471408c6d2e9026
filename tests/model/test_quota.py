"""Targets: cascades that conserve totals, goals that are complete, the ratchet."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsales.errors import InvalidModelError
from simsales.kpi import KPIS, Kpi, register
from simsales.model.quota import (
    Goal,
    GoalError,
    Quotas,
    Share,
    assigned,
    cascade,
    goal_problems,
    ratchet,
    split_cents,
)
from simsales.model.schema import Model


def floats(values) -> list[float]:
    return [float(value) for value in values]


def test_a_million_over_three_is_a_cent_more_for_the_first():
    assert floats(split_cents(1_000_000.0, [1, 1, 1])) == [333_333.34, 333_333.33, 333_333.33]


def test_what_remains_goes_to_the_largest_remainder():
    # 1.00 over 1 : 2 : 4 = 14.28..., 28.57..., 57.14... cents: one cent is left, .57 is the largest rest
    assert floats(split_cents(1.0, [1, 2, 4])) == [0.14, 0.29, 0.57]


def test_a_hedge_is_a_line_of_its_own():
    found = cascade(1_000_000.0, [Share("A"), Share("B"), Share("C")], hedge=0.05)
    assert [(each.path[-1], float(each.amount), float(each.hedge)) for each in found] == [
        ("all", 1_050_000.0, 50_000.0), ("A", 350_000.0, 0.0), ("B", 350_000.0, 0.0), ("C", 350_000.0, 0.0),
    ]  # fmt: skip


def test_a_year_goes_down_to_reps_and_quarters():
    tree = Share("company", 1.0, (
        Share("华东", 3.0, (Share("Ada", 1.0), Share("Ben", 0.5))),  # Ben is in ramp: half the capacity
        Share("华南", 1.0, (Share("Cai", 1.0),)),
    ))  # fmt: skip
    found = {each.path[-1]: each for each in cascade(1_000_000.0, tree, periods=[1, 1, 1, 1])}
    # 750,000 : 250,000; Ada two thirds of 187,500 = 125,000 a quarter
    assert floats(found["Ada"].periods) == [125_000.0] * 4
    assert float(found["Ben"].amount) == 250_000.0
    assert found["Cai"].path == ("company", "华南", "Cai")


trees = st.recursive(
    st.builds(Share, st.just("rep"), st.floats(0.01, 10.0)),
    lambda parts: st.builds(Share, st.just("team"), st.floats(0.01, 10.0), st.lists(parts, min_size=1, max_size=4).map(tuple)),
    max_leaves=12,
)


@given(st.floats(0.01, 1e9), trees, st.floats(0.0, 0.3), st.lists(st.floats(0.1, 5.0), min_size=1, max_size=12))
def test_parts_and_periods_add_up_exactly_at_every_node(total, tree, hedge, periods):
    found = cascade(total, tree, hedge=hedge, periods=periods)
    whole = found[0]
    assert whole.amount - whole.hedge == Fraction(round(Fraction(str(total)) * 100 + Fraction(1, 10**9)), 100)
    for i, node in enumerate(found):
        assert sum(node.periods) == node.amount
        depth = len(node.path)
        below = []
        for other in found[i + 1 :]:
            if len(other.path) <= depth:
                break
            below += [other] if len(other.path) == depth + 1 else []
        if below:
            assert sum(other.amount for other in below) == node.amount
            assert [sum(x) for x in zip(*(other.periods for other in below), strict=True)] == list(node.periods)


@pytest.mark.parametrize("weights", [[], [0.0, 0.0], [1.0, -1.0]])
def test_weights_that_say_nothing_are_refused(weights):
    with pytest.raises(GoalError, match=r"weights must be at least 0 and not all 0, got"):
        split_cents(1.0, weights)


@pytest.mark.parametrize(("total", "hedge"), [(0.0, 0.0), (-1.0, 0.0), (1.0, -0.1)])
def test_targets_that_cannot_be_are_refused(total, hedge):
    with pytest.raises(GoalError, match="total must be above 0 and hedge at least 0"):
        cascade(total, [Share("A")], hedge=hedge)


@pytest.mark.parametrize(("sold", "quota"), [(130.0, 115.0), (70.0, 94.0), (100.0, 100.0)])
def test_the_ratchet_is_that_of_the_reference(sold, quota):
    assert ratchet(100.0, sold, 0.5, 0.2) == quota


WHOLE = {"name": "faster", "kpi": "cycle_days", "kind": "relative", "target": -0.2, "deadline": "2027-12-31"}


@pytest.mark.parametrize(
    ("missing", "words"),
    [("name", "specific"), ("kpi", "measurable"), ("target", "measurable"), ("deadline", "time-bound")],
)
def test_a_goal_that_lacks_something_says_what(missing, words):
    fields = {key: value for key, value in WHOLE.items() if key != missing}
    with pytest.raises(ValueError, match=rf"{missing} must be stated: a goal is {words}"):
        Goal(**fields)


def test_the_three_source_goals_score_against_a_run():
    faster = Goal(**WHOLE)  # average handling time -20 %
    happy = Goal(name="service", kpi="win_rate", target=0.9, deadline="2027-12-31")  # at least 90 %
    cheaper = Goal(name="cost", kpi="cost", kind="cost", target=-0.05, deadline="2027-12-31")  # cost of sales -5 %
    assert [faster.met(value, base=50.0) for value in (40.0, 40.1)] == [True, False]
    assert [happy.met(value) for value in (0.9, 0.89)] == [True, False]
    assert [cheaper.met(value, base=200.0) for value in (190.0, 191.0)] == [True, False]


def test_a_goal_on_what_nobody_measures_is_refused_until_somebody_does():
    whole = {"name": "csat", "kpi": "csat", "target": 0.9, "deadline": "2027-12-31"}
    with pytest.raises(InvalidModelError, match="kpi must be a known name, got 'csat'. Hint: did you mean 'cost'"):
        Goal(**whole)
    with pytest.raises(InvalidModelError, match="kpi must be a known name, got 'moonshine'"):
        Goal(**whole | {"kpi": "moonshine"})
    with pytest.raises(InvalidModelError, match="bookings must be broken down by .*, got 'planet'"):
        Goal(**whole | {"kpi": "bookings[planet=mars]"})
    mine = register(Kpi("csat", "share", "from the survey", "higher", "满意度", lambda facts: 0.9))
    assert Goal(**whole).met(mine.function(None))
    del KPIS["csat"]


def test_a_relative_goal_without_a_base_says_what_to_pass():
    with pytest.raises(GoalError, match=r"goal 'faster' must be given a base other than 0, got None. Hint: pass"):
        Goal(**WHOLE).met(40.0)


def test_a_probability_is_one():
    with pytest.raises(ValueError, match="attainable must be a probability between 0 and 1, got 1.2"):
        Goal(**WHOLE, attainable=1.2)


def goal(name, target, parent=None):
    return Goal(name=name, kpi="bookings", target=target, parent=parent, deadline="2027-12-31")


def test_orphans_and_parts_that_do_not_add_up_are_flagged():
    assert goal_problems([goal("all", 100.0), goal("a", 60.1, "all"), goal("b", 39.9, "all")]) == ()
    over, orphan = [goal("all", 100.0), goal("a", 110.0, "all")], [goal("a", 1.0, "nowhere")]
    assert "parts of goal 'all' must add up to 100, got 110. Hint: lower them by 10" in goal_problems(over)[0]
    assert "goal 'a' must have a parent that exists, got 'nowhere'" in goal_problems(orphan)[0]


def test_notes_and_factors_round_trip():
    notes = {"strengths": ["产品"], "threats": ["价格战"]}
    one = Goal(**WHOLE, notes=notes, factors={"prior": 1.1})
    assert Goal(**one.model_dump()) == one


def team(quotas: Quotas | None) -> SimpleNamespace:
    whole = Model(
        channels=[{"name": "web", "leads_per_week": 1.0}], roles=[{"name": "AE"}],
        stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}],
        plans={"q": {"quota": 1.0}, "m": {"quota": 1.0, "period": "month"}},
        reps=[{"role": "AE", "name": "Ada", "plan": "q"}, {"role": "AE", "name": "Ben", "plan": "m", "speed": 0.5, "weight": 3.0},
              {"role": "AE", "name": "Cai"}],
    )  # fmt: skip
    return SimpleNamespace(reps=whole.reps, plans=whole.plans, quotas=quotas)


@pytest.mark.parametrize(
    ("by", "ada", "ben"),
    [("equal", 150.0, 50.0), ("capacity", 200.0, 100 / 3), ("weight", 75.0, 75.0)],  # Ben's are a month's
)
def test_one_target_gives_every_rep_with_a_plan_a_quota(by, ada, ben):
    got = assigned(team(Quotas(total=200.0, hedge=0.5, by=by)))  # 300 a quarter are handed out
    assert got == {"Ada": ada, "Ben": pytest.approx(ben)}
    assert assigned(team(None)) == {}


def test_a_tree_may_be_names_or_weights():
    by_weight = {target.path[-1]: float(target.amount) for target in cascade(900.0, {"North": 2, "South": {"Ann": 1, "Bo": 2}})}
    assert by_weight == {"all": 900.0, "North": 600.0, "South": 300.0, "Ann": 100.0, "Bo": 200.0}
    assert [float(t.amount) for t in cascade(100.0, ["A", "B"])] == [100.0, 50.0, 50.0]
    with pytest.raises(GoalError, match="tree must be shares, names, or a mapping from names to weights, got tuple. Hint: write for example"):
        cascade(100.0, [("A", 1)])
