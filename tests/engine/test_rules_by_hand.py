"""Rules R2 to R9 on models so small that every time can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from engine_models import days, hours, model, simulate, stage, waiting, work

from simsales.engine.plan import LOST, NO_DECISION, OPEN, WON

ONE_REP = {"roles": [{"name": "AE"}], "reps": [{"name": "Ann", "role": "AE"}]}
TWO_REPS = {"roles": [{"name": "AE"}], "reps": [{"name": "Ann", "role": "AE"}, {"name": "Bo", "role": "AE"}]}
OFFICE = {"hours": "09:00-17:00", "days": "mon-fri"}


def test_a_stage_without_tasks_is_elapsed_time():
    m = model(stages=[stage("Open", "Next", 3.0), stage("Next", "lost", 4.0)])
    log = simulate(m, opening=waiting({}))
    assert days(log.visit.entered) == [0.0, 3.0]
    assert days(log.visit.left) == [3.0, 7.0]
    assert log.visit.exit.tolist() == [1, LOST]
    assert (log.deal.status.tolist(), days(log.deal.closed)) == ([LOST], [7.0])
    assert len(log.task.deal) == 0


def test_one_rep_takes_one_deal_after_the_other():
    m = model(**ONE_REP, stages=[stage("Open", "won", 1.0, tasks=work(5.0))])
    log = simulate(m, opening=waiting({}, {}))
    assert hours(log, "queued") == [0.0, 0.0]
    assert hours(log, "started") == [0.0, 5.0]
    assert hours(log, "ended") == [5.0, 10.0]
    assert days(log.deal.closed) == pytest.approx([1 + 5 / 24, 1 + 10 / 24])


def test_two_reps_share_the_deals():
    m = model(**TWO_REPS, stages=[stage("Open", "won", 1.0, tasks=work(5.0))])
    log = simulate(m, opening=waiting({}, {}, {}))
    assert hours(log, "started") == [0.0, 0.0, 5.0]
    first, second, third = log.task.rep.tolist()  # least loaded; ties by lot
    assert {first, second} == {0, 1}
    assert third in {0, 1}


def test_concurrency_lets_a_rep_do_several_tasks_at_once():
    m = model(
        roles=[{"name": "AE", "concurrency": 2}], reps=ONE_REP["reps"],
        stages=[stage("Open", "won", 1.0, tasks=work(5.0))],
    )  # fmt: skip
    log = simulate(m, opening=waiting({}, {}, {}))
    assert hours(log, "started") == [0.0, 0.0, 5.0]


def test_work_pauses_overnight():
    m = model(**ONE_REP, calendar=OFFICE, stages=[stage("Open", "won", 0.0, tasks=work(6.0))])
    log = simulate(m, opening=waiting({}, {}))
    assert hours(log, "started") == [9.0, 15.0]  # nothing begins before opening time
    assert hours(log, "ended") == [15.0, 24.0 + 13.0]  # 2 h on Monday, 4 h on Tuesday
    assert log.task.work_hours.tolist() == pytest.approx([6.0, 6.0])


def test_no_task_begins_at_closing_time():
    m = model(**ONE_REP, calendar=OFFICE, stages=[stage("Open", "won", 0.0, tasks=work(8.0))])
    log = simulate(m, opening=waiting({}, {}))
    assert hours(log, "ended") == [17.0, 41.0]
    assert hours(log, "started") == [9.0, 33.0]


def test_speed_selling_share_and_ramp_scale_the_work():
    rep = {"name": "Ann", "role": "AE", "speed": 2.0, "selling_share": 0.25}
    m = model(roles=[{"name": "AE"}], reps=[rep], stages=[stage("Open", tasks=work(3.0))])
    assert hours(simulate(m, opening=waiting({})), "ended") == [6.0]
    new = {"name": "Ann", "role": "AE", "hired": "2027-01-06", "ramp": {"months": 2.0, "start": 0.5}}
    m = model(roles=[{"name": "AE"}], reps=[new], stages=[stage("Open", tasks=work(3.0))])
    assert hours(simulate(m, opening=waiting({})), "ended") == [48.0 + 6.0]  # half speed on the first day


def test_tasks_of_a_stage_follow_one_another():
    m = model(
        roles=[{"name": "AE"}, {"name": "SE"}],
        reps=[{"name": "Ann", "role": "AE"}, {"name": "Sam", "role": "SE"}],
        stages=[stage("Open", "won", 1.0, tasks=work(2.0) + work(4.0, "SE") + work(1.0))],
    )
    log = simulate(m, opening=waiting({}))
    assert hours(log, "started") == [0.0, 2.0, 6.0]
    assert log.task.rep.tolist() == [0, 1, 0]
    assert days(log.deal.closed) == pytest.approx([1 + 7 / 24])


def test_the_owner_keeps_the_deal_and_does_the_work_even_if_others_are_free():
    m = model(**TWO_REPS, stages=[stage("Open", "Next", 1.0, tasks=work(2.0)), stage("Next", tasks=work(2.0))])
    log = simulate(m, opening=waiting({"owner": "Bo"}, {"owner": "Bo"}))
    assert log.task.rep.tolist() == [1, 1, 1, 1]
    assert hours(log, "started") == [0.0, 25.999999999 + 1e-9, 2.0, 28.0]


def test_a_pool_uses_whoever_is_free():
    m = model(
        roles=[{"name": "AE", "routing": "pool"}], reps=TWO_REPS["reps"],
        stages=[stage("Open", "Next", 1.0, tasks=work(2.0)), stage("Next", tasks=work(2.0))],
    )  # fmt: skip
    log = simulate(m, opening=waiting({"owner": "Bo"}, {"owner": "Bo"}))
    assert hours(log, "started") == [0.0, 26.0, 0.0, 26.0]
    assert sorted(log.task.rep.tolist()) == [0, 0, 1, 1]


def test_a_deal_from_a_pool_is_credited_to_who_works_first():
    m = model(roles=[{"name": "AE", "routing": "pool"}], reps=TWO_REPS["reps"], stages=[stage("Open", tasks=work(2.0))])
    log = simulate(m, opening=waiting({}, {}))
    assert log.deal.owner.tolist() == [0, 1]


def test_patience_ends_a_wait_that_is_strictly_too_long():
    m = model(**ONE_REP, stages=[stage("Open", tasks=work(6.0), patience_days=0.25)])
    log = simulate(m, opening=waiting({}, {}, {}))
    # the second starts after exactly 6 h = its patience; the third would wait 12 h and leaves after 6
    assert log.deal.status.tolist() == [WON, WON, LOST]
    assert hours(log, "started")[:2] == [0.0, 6.0]
    assert np.isnan(log.task.started[2])
    assert days(log.deal.closed)[2] == 0.25
    assert log.deals["reason"].tolist()[2] == "no_response"
    assert log.visits["exit"].tolist()[2] == "lost"


def test_a_deal_that_waited_before_the_start_keeps_its_place():
    m = model(**ONE_REP, stages=[stage("Open", tasks=work(6.0))])
    log = simulate(m, opening=waiting({"age_days": 1.0}, {"age_days": 3.0}))
    assert hours(log, "started") == [6.0, 0.0]
    assert hours(log, "queued") == [-24.0, -72.0]


QUEUES = {
    "fifo": [1, 2, 3, 0],
    "highest_value": [3, 1, 2, 0],
    "newest": [2, 1, 3, 0],
    "oldest": [0, 3, 1, 2],
}


@pytest.mark.parametrize("rule", QUEUES)
def test_queue_rules_order_waiting_tasks(rule):
    m = model(
        roles=[{"name": "AE", "queue": rule}], reps=ONE_REP["reps"],
        stages=[stage("Open", tasks=work(1.0)), stage("Later", tasks=work(1.0))],
    )  # fmt: skip
    deals = [
        {"amount": 1.0, "created_days": -9.0, "age_days": 0.0},
        {"amount": 20.0, "created_days": -5.0, "age_days": 3.0},
        {"amount": 10.0, "created_days": -4.0, "age_days": 2.0},
        {"amount": 30.0, "created_days": -8.0, "age_days": 1.0},
    ]
    log = simulate(m, opening=waiting(*deals))
    order = np.argsort(log.task.started, kind="stable")
    assert order.tolist() == QUEUES[rule]


def test_equal_claims_are_settled_by_the_deal():
    m = model(roles=[{"name": "AE", "queue": "highest_value"}], reps=ONE_REP["reps"], stages=[stage("Open", tasks=work(1.0))])
    log = simulate(m, opening=waiting(*[{"amount": 5.0}] * 4))
    assert hours(log, "started") == [0.0, 1.0, 2.0, 3.0]


def owners(rule, n, seed):
    reps = [{"name": name, "role": "AE", "weight": weight} for name, weight in (("A", 1.0), ("B", 1.0), ("C", 2.0))]
    m = model(roles=[{"name": "AE", "routing": rule}], reps=reps, stages=[stage("Open", "lost", 50.0)])
    return simulate(m, opening=waiting(*[{}] * n), seed=seed).deal.owner.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_routing_in_turn_goes_round_from_wherever_it_begins(seed):
    found = owners("round_robin", 7, seed)
    assert found == [(found[0] + i) % 3 for i in range(7)]


@pytest.mark.parametrize("seed", range(5))
def test_routing_by_load_counts_a_rep_of_twice_the_weight_for_two(seed):
    """Whoever wins the ties: after 3 deals everybody has one, after 4 the third has two, after 8 all have their weights' share."""
    found = owners("least_loaded", 8, seed)
    assert sorted(found[:3]) == [0, 1, 2]
    assert found[3] == 2
    assert [found.count(rep) for rep in range(3)] == [2, 2, 4]


def test_weighted_routing_follows_the_weights():
    reps = [{"name": "A", "role": "AE", "weight": 1.0}, {"name": "B", "role": "AE", "weight": 3.0}]
    m = model(roles=[{"name": "AE", "routing": "weighted"}], reps=reps)
    log = simulate(m, opening=waiting(*[{"deal_id": f"x{i}"} for i in range(4000)]))
    share = float((log.deal.owner == 1).mean())
    assert abs(share - 0.75) < 4 * np.sqrt(0.75 * 0.25 / 4000)


def test_a_rep_hired_during_the_run_takes_what_waits():
    rep = {"name": "Ann", "role": "AE", "hired": "2027-01-06"}
    m = model(roles=[{"name": "AE"}], reps=[rep], stages=[stage("Open", tasks=work(5.0))])
    log = simulate(m, opening=waiting({}, {}))
    assert hours(log, "started") == [48.0, 53.0]
    assert log.deal.owner.tolist() == [0, 0]


def test_a_leaver_finishes_the_task_in_hand_and_hands_over_the_rest():
    reps = [{"name": "Ann", "role": "AE", "leaves": "2027-01-05"}, {"name": "Bo", "role": "AE"}]
    m = model(roles=[{"name": "AE"}], reps=reps, stages=[stage("Open", tasks=work(30.0))])
    log = simulate(m, opening=waiting({"owner": "Ann"}, {"owner": "Ann"}, {"owner": "Bo"}))
    assert log.task.rep.tolist() == [0, 1, 1]
    assert hours(log, "started") == [0.0, 30.0, 0.0]  # Bo: own task first (24 h queue of Ann comes after)
    assert hours(log, "ended")[0] == 30.0
    assert log.deal.owner.tolist() == [1, 1, 1]


def test_nobody_left_means_waiting_for_the_next_hire():
    reps = [
        {"name": "Ann", "role": "AE", "leaves": "2027-01-05"},
        {"name": "Bo", "role": "AE", "hired": "2027-01-08"},
    ]
    m = model(roles=[{"name": "AE"}], reps=reps, stages=[stage("Open", tasks=work(30.0))])
    log = simulate(m, opening=waiting({}, {}))
    assert hours(log, "started") == [0.0, 96.0]
    assert log.deal.owner.tolist() == [-1, 1]  # the first deal closed without an owner


def test_a_gate_is_skipped_in_no_time_by_its_likeliest_way_ahead():
    gate = {
        "name": "Approval", "when": "amount >= 100",
        "exits": [{"to": "Open", "probability": 0.0}, {"to": "Closing", "probability": 1.0, "delay_days": 5.0}],
    }  # fmt: skip
    m = model(stages=[stage("Open", "Approval", 1.0), gate, stage("Closing", "won", 2.0)])
    log = simulate(m, opening=waiting({"amount": 50.0}, {"amount": 100.0}))
    assert days(log.deal.closed) == [3.0, 8.0]
    assert log.visits["stage"].tolist() == ["Open", "Closing", "Open", "Approval", "Closing"]


def test_too_many_visits_lose_the_deal():
    m = model(stages=[stage("Open", "Open", 2.0, max_visits=3)])
    log = simulate(m, opening=waiting({}))
    assert days(log.visit.entered) == [0.0, 2.0, 4.0]
    assert days(log.deal.closed) == [6.0]
    assert log.deals[["status", "reason"]].iloc[0].tolist() == ["lost", "max_visits"]


def test_a_deal_that_nobody_will_close_stays_open():
    m = model(stages=[stage("Open", "open", 2.0)])
    log = simulate(m, opening=waiting({}))
    assert log.deal.status.tolist() == [OPEN]
    assert np.isnan(log.visit.left[0])
    assert log.visits["exit"].isna().all()


def test_events_at_the_horizon_belong_to_what_follows():
    m = model(stages=[stage("Open", "no_decision", 10.0)])
    assert simulate(m, until=10.0, opening=waiting({})).deal.status.tolist() == [OPEN]
    assert simulate(m, until=10.0001, opening=waiting({})).deal.status.tolist() == [NO_DECISION]


def test_a_task_in_hand_stays_in_hand_at_the_horizon():
    m = model(**ONE_REP, calendar=OFFICE, stages=[stage("Open", tasks=work(10.0))])
    log = simulate(m, until="2027-01-04", opening=waiting({}, {}))
    assert hours(log, "started")[0] == 9.0
    assert np.isnan(log.task.ended).all()
    assert log.task.work_hours.tolist() == pytest.approx([8.0, 0.0])
    assert log.task.rep.tolist() == [0, -1]


def test_a_regime_begins_at_local_midnight():
    from simsales.model.apply import apply
    from simsales.model.levers import Scenario

    m = model(
        calendar={"hours": "00:00-24:00", "days": "mon-sun", "timezone": "Asia/Shanghai"},
        epoch="2027-01-04T00:00+08:00",
        stages=[stage("Open", "Open", 1.0, max_visits=4)],
    )
    slower = Scenario(changes=[{"set": {"path": "stages[Open].exits[Open].delay_days", "to": 3.0, "start": "2027-01-06"}}])
    log = simulate(apply(slower, m), opening=waiting({}))
    assert days(log.visit.entered) == [0.0, 1.0, 2.0, 5.0]  # the third visit, on the 6th, is the first slow one


def test_adoption_decides_deal_by_deal_and_ramps_in():
    from simsales.model.apply import apply
    from simsales.model.levers import Scenario

    m = model(stages=[stage("Open", "won", 10.0)])
    change = {"path": "stages[Open].exits[won].delay_days", "to": 2.0, "adoption": 0.3}
    half = {**change, "adoption": 1.0, "start": "2027-01-01", "ramp_days": 6.0}
    deals = waiting(*[{"deal_id": f"x{i}"} for i in range(4000)])
    fast = [
        float((simulate(apply(Scenario(changes=[{"set": c}]), m), opening=deals).deal.closed < 5.0).mean())
        for c in (change, half)
    ]
    assert fast == pytest.approx([0.3, 0.5], abs=4 * np.sqrt(0.25 / 4000))


def test_reps_change_with_the_regime():
    from simsales.model.apply import apply
    from simsales.model.levers import Scenario

    m = model(**ONE_REP, stages=[stage("Open", tasks=work(12.0))])
    trained = Scenario(changes=[{"set": {"path": "reps[Ann].speed", "to": 2.0, "start": "2027-01-05"}}])
    log = simulate(apply(trained, m), opening=waiting({}, {}, {}))
    assert hours(log, "ended") == [12.0, 24.0, 30.0]


def test_work_at_the_end_follows_the_delay():
    last = [{"role": "AE", "work_hours": 5.0, "at": "end"}]
    m = model(**ONE_REP, stages=[stage("Open", "won", 1.0, tasks=last)])
    log = simulate(m, opening=waiting({}, {}))
    assert hours(log, "queued") == [24.0, 24.0]
    assert hours(log, "started") == [24.0, 29.0]  # one rep closes one deal after the other
    assert days(log.deal.closed) == pytest.approx([1 + 5 / 24, 1 + 10 / 24])
    assert days(log.visit.left) == days(log.deal.closed)
    assert np.isnan(log.deal.response).all()  # closing is no answer to a lead


def test_a_stage_may_have_work_at_both_ends():
    both = [{"role": "AE", "work_hours": 2.0}, {"role": "AE", "work_hours": 3.0, "at": "end"}]
    m = model(**ONE_REP, stages=[stage("Open", "won", 1.0, tasks=both)])
    log = simulate(m, opening=waiting({}))
    assert hours(log, "started") == [0.0, 26.0]
    assert hours(log, "ended") == [2.0, 29.0]


def test_work_at_the_end_is_all_that_a_team_can_close():
    last = [{"role": "AE", "work_hours": 12.0, "at": "end"}]
    m = model(**ONE_REP, stages=[stage("Open", "won", 0.0, tasks=last)], channels=[{"name": "web", "leads_per_week": 70.0}])
    log = simulate(m, seed=1, until="2027-02-02")
    assert (log.deal.status == WON).sum() == pytest.approx(2 * 30, abs=2)  # two a day, whatever waits


def test_ties_between_opening_deals_are_settled_by_the_deal_not_by_its_row():
    m = model(**ONE_REP, stages=[stage("Open", "won", 1.0, tasks=work(5.0))])
    table = waiting({}, {}, {})
    one, other = simulate(m, opening=table), simulate(m, opening=table.iloc[::-1])
    assert one.deals.equals(other.deals)
    assert hours(other, "started") == [0.0, 5.0, 10.0]
