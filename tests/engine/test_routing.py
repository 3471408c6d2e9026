"""Routing by territory, skill and score; the richer queue rules (R1, R3), by hand."""

from __future__ import annotations

import numpy as np
import pytest
from engine_models import hours, model, simulate, stage, waiting, work

from simsales.engine import lower
from simsales.engine.lower.staffing import win_chance

SCORING = {"factors": [{"name": "visits", "law": {"uniform": {"low": 0.0, "high": 100.0}}}]}


def reps(*parts: dict, role: str = "AE") -> list[dict]:
    return [{"name": f"{role}{i}", "role": role, **part} for i, part in enumerate(parts)]


def routed(role: dict, people: list[dict], *deals: dict, **parts) -> list[int]:
    m = model(roles=[{"name": "AE", **role}], reps=people, **({"stages": [stage("Open", "won", 50.0, tasks=work(1.0))]} | parts))
    return simulate(m, opening=waiting(*({"owner": ""} | deal for deal in deals))).deal.owner.tolist()


def test_deals_go_to_the_territory_they_are_in_and_there_to_the_least_loaded():
    people = reps({"territory": "amount >= 100"}, {"territory": "amount < 100 and segment == all"}, {"territory": "amount < 100"}, {})
    owners = routed({"routing": "territory"}, people, {"amount": 50.0}, {"amount": 60.0}, {"amount": 200.0}, {"amount": 10.0})
    assert owners[2] == 0
    assert set(owners[:2]) == {1, 2}  # who is first is decided by lot, the second deal goes to who has none
    assert owners[3] in {1, 2}


def test_a_deal_in_no_territory_goes_to_the_least_loaded_of_all():
    people = reps({"territory": "amount >= 100"}, {"territory": "segment != all"}, {})
    owners = routed({"routing": "territory"}, people, *({"amount": 1.0} for _ in range(3)))
    assert sorted(owners) == [0, 1, 2]


def test_territories_know_regions_and_products():
    m = model(
        channels=[{"name": "web", "leads_per_week": 20.0}], regions=[{"name": "华东", "share": 0.5}, {"name": "华北", "share": 0.5}],
        products=[{"name": "A", "share": 0.5}, {"name": "B", "share": 0.5}],
        roles=[{"name": "AE", "routing": "territory"}], stages=[stage("Open", tasks=work(0.0))],
        reps=reps({"territory": "region == 华东"}, {"territory": "region == 华北 and product == A"}, {"territory": "region == 华北 and product == B"}),
    )  # fmt: skip
    deals = simulate(m).deals
    expected = np.where(deals["region"] == "华东", "AE0", np.where(deals["product"] == "A", "AE1", "AE2"))
    assert deals["owner"].tolist() == expected.tolist()


def test_large_deals_go_to_the_most_skilled():
    people = reps({"skill": 0.1}, {"skill": 0.9}, {"skill": 0.5}, {"skill": 0.2})  # by skill: 1, 2, 3, 0
    role = {"routing": "skill", "tiers": [100.0]}  # two tiers: 1 and 2 take 100 and more
    owners = routed(role, people, *({"amount": a} for a in (100.0, 99.0, 500.0, 50.0, 300.0)))
    assert {owners[0], owners[2]} == {1, 2}  # each gets one before anybody gets two; ties by lot
    assert owners[4] in {1, 2}
    assert {owners[1], owners[3]} == {0, 3}


def test_a_tier_without_anybody_falls_to_the_next_lower_one_then_to_the_next_higher_one():
    role = {"routing": "skill", "tiers": [100.0], "max_open_deals": 1}
    people = reps({"skill": 0.9}, {"skill": 0.1})
    assert routed(role, people, {"amount": 200.0}, {"amount": 300.0}) == [0, 1]
    assert routed(role, people, {"amount": 20.0}, {"amount": 30.0}) == [1, 0]
    # three tiers and one rep: everything is his
    assert routed({"routing": "skill", "tiers": [10.0, 100.0]}, reps({}), {"amount": 5.0}, {"amount": 500.0}) == [0, 0]


def test_high_scores_go_to_the_most_skilled():
    m = model(channels=[{"name": "web", "leads_per_week": 30.0}], scoring=SCORING, roles=[{"name": "AE", "routing": "score", "tiers": [50.0]}],
              reps=reps({"skill": 0.0}, {"skill": 1.0}), stages=[stage("Open", tasks=work(0.0))])  # fmt: skip
    plan = lower(m)
    from simsales.engine.reference import Run

    run = Run(plan, 1, 0)
    log = run.log()
    scores = [run.facts.seen_score_at(i, float(t)) for i, t in enumerate(log.deal.created)]
    assert log.deal.owner.tolist() == [int(score >= 50.0) for score in scores]
    assert 0 < sum(log.deal.owner) < len(scores)


# queues ---------------------------------------------------------------------------------------------


def order(role: dict, *deals: dict, **parts) -> list[int]:
    m = model(roles=[{"name": "AE", **role}], reps=[{"name": "Ann", "role": "AE"}], **parts)
    started = hours(simulate(m, opening=waiting(*deals)), "started")
    return [int(i) for i in np.argsort(started)]


def test_expected_value_is_the_amount_times_the_chance_of_winning_from_the_stage():
    stages = [
        {"name": "Open", "tasks": work(1.0), "exits": [{"to": "Late", "probability": 0.4}, {"to": "lost", "probability": 0.6}]},
        {"name": "Late", "tasks": work(1.0), "exits": [{"to": "won", "probability": 0.5}, {"to": "lost", "probability": 0.5}]},
    ]
    # 100 x 0.2 = 20, 60 x 0.5 = 30, 120 x 0.2 = 24
    deals = ({"amount": 100.0}, {"amount": 60.0, "stage": "Late"}, {"amount": 120.0})
    found = order({"queue": "expected_value"}, *deals, stages=stages)
    assert [i for i in found if i < 3][:1] != [0]
    m = model(roles=[{"name": "AE", "queue": "expected_value"}], reps=[{"name": "Ann", "role": "AE"}], stages=stages)
    log = simulate(m, opening=waiting(*deals))
    first = {int(d): float(s) for d, s in sorted(zip(log.task.deal, log.task.started, strict=True), key=lambda row: -row[1])}
    assert sorted(first, key=first.__getitem__) == [1, 2, 0]


def test_the_chance_of_winning_solves_loops_and_follows_the_segment():
    stages = [
        {"name": "A", "exits": [{"to": "B", "probability": 0.5}, {"to": "lost", "probability": 0.5}]},
        {"name": "B", "exits": [{"to": "won", "probability": 0.5}, {"to": "A", "probability": 0.5}]},
        {"name": "C", "exits": [{"to": "C", "probability": 1.0}]},
    ]
    m = model(stages=stages, roles=[{"name": "AE", "queue": "expected_value"}], channels=[{"name": "w", "leads_per_week": 1.0, "segments": {"x": 0.5, "y": 0.5}}],
              segments=[{"name": "x"}, {"name": "y", "advance_logit": float(np.log(3.0))}])  # fmt: skip
    x, y = lower(m).staffing.win_chance[0]
    # x: a = b / 2, b = 1/2 + a / 2 -> a = 1/3, b = 2/3. y: a = 3/4 b, b = 3/4 + a / 4 -> a = 9/13, b = 12/13
    assert x == pytest.approx((1 / 3, 2 / 3, 0.0))
    assert y == pytest.approx((9 / 13, 12 / 13, 0.0))


def test_a_stage_after_the_win_counts_in_full():
    assert win_chance(np.zeros((2, 2)), np.array([0.5, 0.0]), [False, True]) == (0.5, 1.0)


def test_due_takes_what_its_service_level_ends_first_and_others_last():
    stages = [stage("Open", tasks=work(1.0), sla_days=3.0), stage("Slow", tasks=work(1.0)), stage("Fast", tasks=work(1.0), sla_days=1.0)]
    # due on: day 3, never, day 1, day 3 - 2.5 = 0.5
    found = order({"queue": "due"}, {}, {"stage": "Slow"}, {"stage": "Fast"}, {"age_days": 2.5}, stages=stages)
    assert found == [3, 2, 0, 1]


def test_score_takes_the_highest_score_first():
    from simsales.engine.reference import Run

    m = model(scoring=SCORING, roles=[{"name": "AE", "queue": "score"}], reps=[{"name": "Ann", "role": "AE"}],
              stages=[stage("Open", tasks=work(1.0))])  # fmt: skip
    run = Run(lower(m, opening=waiting({}, {}, {}, {})), 5, 0)
    log = run.log()
    scores = [run.facts.seen_score_at(i, 0.0) for i in range(4)]
    assert np.argsort(log.task.started).tolist() == np.argsort([-score for score in scores]).tolist()
