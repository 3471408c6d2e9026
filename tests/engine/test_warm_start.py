"""What is known of a deal that is open at the start holds, and the rest is drawn given it (R9): values by hand."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from engine_models import hours, model, same, simulate, stage, waiting, work

from simsales.engine import EventLog, Hooks
from simsales.engine.plan import LOST, OPEN, WON
from simsales.errors import InvalidModelError

MANY = 2000
ONE = {"roles": [{"name": "AE"}, {"name": "SE"}], "reps": [{"name": "Ann", "role": "AE"}, {"name": "Sam", "role": "SE"}]}
CROWD = {"roles": [{"name": "AE", "concurrency": MANY}], "reps": [{"name": "Ann", "role": "AE"}]}


def near(share: float, n: int = MANY) -> object:
    return pytest.approx(share, abs=4.0 * math.sqrt(share * (1.0 - share) / n))


def even(days: object = 0.0, **parts: object) -> dict[str, object]:
    exits = [{"to": to, "probability": 0.5, "delay_days": days} for to in ("won", "lost")]
    return {"name": "Open", "exits": exits, **parts}


def crowd(**row: object) -> pd.DataFrame:
    return pd.DataFrame([{"deal_id": f"x{i}", "stage": "Open", "age_days": 5.0, **row} for i in range(MANY)])


def share_won(log: EventLog) -> float:
    return float((log.deal.status == WON).mean())


# answered, worked -------------------------------------------------------------------------------


def test_a_deal_whose_tasks_are_done_was_answered_at_an_unknown_time():
    curve = {"response": {"k": 1.0, "tau_hours": 1.0, "kept": 1.0}}
    first = {"name": "Open", "tasks": work(0.01), "exits": [{"to": "Talk", "probability": 1.0, "delay_days": 4.0}]}
    m = model(**CROWD, stages=[first, even(tasks=work(0.01), effects=curve) | {"name": "Talk"}])
    done = simulate(m, opening=crowd(age_days=2.0))
    assert np.isnan(done.deal.response).all()
    assert share_won(done) == near(0.5)  # no shift, not that of an answer after two days
    known = simulate(m, opening=crowd(age_days=2.0, response_hours=3.0))
    assert share_won(known) == near(0.2)  # odds of 1 to 4
    late = simulate(m, opening=crowd(age_days=2.0, answered=False))
    assert late.deal.response[0] == pytest.approx(96.0 + 0.01, abs=0.1)  # the next stage's task is the first one
    with pytest.raises(InvalidModelError, match="opening.answered must be true or false, got 'maybe' for deal 'x0'"):
        simulate(m, opening=crowd(answered="maybe"))


def test_work_before_the_start_is_not_no_work():
    touch = {"touch": {"logit": 1.0, "reference_hours": 8.0}}
    m = model(**CROWD, stages=[even(3.0, tasks=work(8.0), effects=touch)])
    assert share_won(simulate(m, opening=crowd(age_days=2.0))) == near(0.5)  # drawn: the law's 8 hours
    assert share_won(simulate(m, opening=crowd(age_days=2.0, worked_hours=24.0))) == near(0.75)
    assert share_won(simulate(m, opening=crowd(delay_days=1.0, worked_hours=24.0))) == near(0.75)
    assert share_won(simulate(m, opening=crowd(delay_days=1.0, log_odds=math.log(4.0)))) == near(0.8)


def test_what_moved_the_odds_when_the_delay_began_still_does():
    cut = {"name": "price cut", "start": "2027-01-04", "until": "2027-03-01", "win_logit": -math.log(9.0)}
    m = model(events=[cut], stages=[even(10.0)])
    assert share_won(simulate(m, opening=crowd(log_odds=0.0))) == near(0.5)  # decided before the event
    assert share_won(simulate(m, opening=crowd())) == near(0.1)  # nothing is known: as it is now


# the age of the delay -----------------------------------------------------------------------------


def test_the_delay_begins_when_the_work_ends():
    m = model(**CROWD, stages=[stage("Open", "won", 10.0, tasks=work(48.0))])
    assert simulate(m, opening=crowd(age_days=5.0)).deal.closed[0] == pytest.approx(7.0)  # two days of work, three of delay
    assert simulate(m, opening=crowd(age_days=5.0, delay_days=1.0)).deal.closed[0] == pytest.approx(9.0)
    assert simulate(m, opening=crowd(age_days=1.0)).deal.closed[0] == pytest.approx(10.0)  # less than the work: as late as can be


def test_work_is_imagined_in_working_time_at_the_mean_pace():
    parts = {"calendar": {"hours": "09:00-17:00"}, "roles": [{"name": "AE"}], "reps": [{"role": "AE", "count": 2, "speed": 0.5}]}
    m = model(**parts, stages=[stage("Open", "won", 30.0, tasks=work(8.0))])
    log = simulate(m, start="2027-01-11", opening=waiting({"age_days": 6.0, "p_waiting": 0.0}), until=60.0)
    # in on a Tuesday at midnight; eight hours at half speed end on Wednesday at 17:00: 4 days 7 hours ago
    assert log.deal.closed[0] == pytest.approx(7.0 + 30.0 - 4.0 - 7.0 / 24.0)


def test_old_age_is_more_likely_after_a_short_work():
    # half have 24 h of work, half 120 h; the delay is exponential with a mean of 2 days: after six days the delay has lasted
    # 5 days or 1, so the odds of the short work are exp(-2.5) to exp(-0.5)
    law = {"empirical": {"values": [24.0, 24.0, 120.0, 120.0]}}
    touch = {"touch": {"logit": 50.0, "reference_hours": 60.0}}  # all or nothing: short work loses, long work wins
    m = model(**CROWD, stages=[even({"exponential": {"mean": 2.0}}, tasks=work(law), effects=touch)])
    short = math.exp(-2.5) / (math.exp(-2.5) + math.exp(-0.5))
    assert 1.0 - share_won(simulate(m, opening=crowd(age_days=6.0))) == pytest.approx(short, abs=0.05)


def test_stages_without_tasks_know_nothing_new():
    m = model(pace={"correlation": 0.4}, horizon_days=400.0, stages=[even({"gamma": {"mean": 9.0, "cv": 0.8}})])
    rows = crowd(age_days=6.0)
    same(simulate(m, opening=rows), simulate(m, opening=rows.assign(delay_days=6.0)))
    same(simulate(m, opening=rows), simulate(m, opening=rows.assign(p_waiting=1.0)))


def test_a_known_pace_holds_for_the_rest_of_the_delay_and_for_what_follows():
    stages = [stage("Open", "Next", {"gamma": {"mean": 10.0, "cv": 0.5}}), stage("Next", "won", {"gamma": {"mean": 10.0, "cv": 0.5}})]
    m = model(pace={"correlation": 0.8}, horizon_days=900.0, stages=stages)
    fast, slow = (simulate(m, opening=crowd(age_days=1.0, **{"draw[pace]": u})).deal.closed for u in (0.05, 0.95))
    assert fast.mean() < 10.0
    assert slow.mean() > 25.0


# work that goes on --------------------------------------------------------------------------------


def test_work_in_hand_goes_on_where_it_was():
    m = model(**ONE, stages=[stage("Open", tasks=work(10.0) + work(5.0, "SE"))])
    log = simulate(m, opening=waiting({"age_days": 1.0, "task[1]": "working", "task_days[1]": 0.5, "task_rep[1]": "Ann", "task_done[1]": 4.0}))
    assert hours(log, "started") == [-12.0, 6.0]
    assert hours(log, "ended") == [6.0, 11.0]
    assert log.task.work_hours.tolist() == [6.0, 5.0]  # of this run
    slow = simulate(m, opening=waiting({"age_days": 1.0, "task[1]": "working", "task_rep[1]": "Ann", "task_done[1]": 4.0, "task_pace[1]": 0.5}))
    assert hours(slow, "ended") == [12.0, 17.0]
    gone = simulate(m, opening=waiting({"age_days": 1.0, "task[1]": "working", "task_rep[1]": "Zoe", "task_done[1]": 4.0}))
    assert hours(gone, "ended") == [6.0, 11.0]  # what is left is taken on by Ann


def test_the_second_task_may_wait_while_the_first_is_done():
    m = model(**ONE, stages=[stage("Open", tasks=work(10.0) + work(5.0, "SE"), patience_days=2.0)])
    log = simulate(m, opening=waiting({"age_days": 3.0, "task[2]": "waiting", "task_days[2]": 1.5}))
    assert (hours(log, "queued"), hours(log, "started"), hours(log, "ended")) == ([-36.0], [0.0], [5.0])
    nobody = model(roles=ONE["roles"], reps=[{"name": "Sam", "role": "SE", "hired": "2027-02-01"}, {"name": "Ann", "role": "AE"}],
                   stages=[stage("Open", tasks=work(10.0) + work(5.0, "SE"), patience_days=2.0)])  # fmt: skip
    lost = simulate(nobody, opening=waiting({"age_days": 3.0, "task[2]": "waiting", "task_days[2]": 1.5}))
    assert (lost.deal.status.tolist(), lost.deal.closed.tolist()) == ([LOST], [0.5])


def test_patience_is_longer_than_the_longest_wait_so_far():
    law = {"uniform": {"low": 0.0, "high": 4.0}}
    late = [{"name": "Ann", "role": "AE"}, {"name": "Sam", "role": "SE", "hired": "2027-03-01"}]
    m = model(roles=ONE["roles"], reps=late, stages=[stage("Open", tasks=work(1.0) + work(1.0, "SE"), patience_days=law)])
    rows = crowd(**{"task[2]": "waiting", "task_days[2]": 1.0, "waited_days": 3.0})
    closed = simulate(m, opening=rows).deal.closed
    assert closed.min() >= 2.0  # patience from 3 to 4 days, one of which is over
    assert closed.mean() == pytest.approx(2.5, abs=4 * 0.29 / math.sqrt(MANY))


def test_parallel_work_goes_on_part_by_part():
    both = [*work(10.0), {**work(5.0, "SE")[0], "parallel": True}]
    m = model(**ONE, stages=[stage("Open", tasks=both)])
    row = {"age_days": 1.0, "task[1]": "working", "task_rep[1]": "Ann", "task_done[1]": 7.0, "task[2]": "waiting", "task_days[2]": 1.0}
    assert hours(simulate(m, opening=waiting(row)), "ended") == [3.0, 5.0]
    half = simulate(m, opening=waiting(row | {"task[2]": "done"}))
    assert hours(half, "ended") == [3.0]


def test_a_hand_off_under_way_goes_on():
    m = model(**ONE, handoff={"delay_days": 2.0}, stages=[stage("Open", tasks=work(1.0) + work(1.0, "SE"))])
    log = simulate(m, opening=waiting({"age_days": 3.0, "last_role": "AE", "task[2]": "handing", "task_days[2]": 1.25}))
    assert hours(log, "started") == [18.0]
    come = simulate(m, opening=waiting({"age_days": 3.0, "last_role": "AE", "task[2]": "waiting", "task_days[2]": 0.25}))
    assert hours(come, "started") == [0.0]  # it has changed hands


def test_tasks_at_the_end_of_a_stay_go_on_to_the_exit_that_is_known():
    late = [{**work(6.0)[0], "at": "end"}]
    m = model(**CROWD, stages=[even(10.0, tasks=late)])
    log = simulate(m, opening=crowd(**{"age_days": 12.0, "task[1]": "working", "task_rep[1]": "Ann", "task_done[1]": 2.0, "exit": "lost"}))
    assert set(log.deal.status.tolist()) == {LOST}
    assert hours(log, "ended")[0] == 4.0


def test_who_works_for_a_deal_is_known():
    m = model(roles=[{"name": "AE", "routing": "round_robin"}], reps=[{"name": "Ann", "role": "AE"}, {"name": "Bo", "role": "AE"}],
              stages=[stage("Open", tasks=work(3.0))])  # fmt: skip
    log = simulate(m, opening=waiting({"owner": "Ann", "rep[AE]": "Bo", "task[1]": "waiting"}))
    assert log.task.rep.tolist() == [1]
    pool = simulate(m, opening=waiting({"owner": "", "owner_role": "AE", "rep[AE]": "", "task[1]": "waiting"}))
    assert (pool.task.rep.tolist(), pool.deal.owner.tolist()) == ([0], [0])  # whoever takes it from the pool


def test_a_rep_who_let_a_deal_wait_may_not_take_it_back_yet():
    roles = [{"name": "AE", "routing": "round_robin", "recycle_days": 1.0, "reclaim_days": 5.0}]
    m = model(roles=roles, reps=[{"name": "Ann", "role": "AE"}], stages=[stage("Open", tasks=work(3.0))])
    log = simulate(m, opening=waiting({"age_days": 2.0, "owner": "", "owner_role": "AE", "rep[AE]": "", "task[1]": "waiting", "barred": "Ann", "barred_days": 2.5}))
    assert hours(log, "started") == [60.0]


def test_visits_and_the_stage_before_are_known():
    stages = [stage("Open", "Next", 1.0), stage("Next", "Open", 1.0, max_visits=2)]
    m = model(stages=stages)
    log = simulate(m, opening=waiting({"visits[Next]": 2, "previous": "Next", "p_waiting": 0.0}))
    assert (log.deals["reason"].tolist(), log.deal.closed.tolist()) == (["max_visits"], [1.0])
    context = {"when": "previous == Next", "exits": [{"to": "lost", "probability": 1.0, "delay_days": 5.0}]}
    back = model(stages=[stage("Open", "won", 9.0, contexts=[context]), stage("Next")])
    assert simulate(back, opening=waiting({"previous": "Next"}, {})).deal.status.tolist() == [LOST, WON]


def test_a_change_that_came_after_the_entry_does_not_hold_for_the_stay():
    from simsales.model.apply import apply
    from simsales.model.levers import Scenario

    m = model(stages=[stage("Open", "won", 9.0)])
    change = {"set": {"path": "stages[Open].exits[won].delay_days", "to": 4.0, "start": "2027-01-06"}}
    log = simulate(apply(Scenario(changes=[change]), m), start="2027-01-08", until=60.0, opening=waiting({"age_days": 3.0}, {"age_days": 1.0}))
    assert log.deal.closed.tolist() == [4.0 + 6.0, 4.0 + 3.0]  # in before the change, and after it


# words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("row", "words"), [
    ({"delay_days": 9.0, "age_days": 5.0}, r"opening.delay_days must be at most age_days \(5\), got 9 for deal 'd0'"),
    ({"delay_days": 1.0, "age_days": 5.0, "task[1]": "waiting"}, "must be empty while a task goes on"),
    ({"task[1]": "sleeping"}, r"opening.task\[1\] must be done, handing, gathering, waiting, working or empty, got 'sleeping'"),
    ({"task[1]": "waiting", "task_days[1]": 3.0}, r"opening.task_days\[1\] must be at most age_days \(0\), got 3"),
    ({"task[zero]": "waiting"}, r"opening.task\[zero\] must count tasks from 1"),
    ({"visits[Opne]": 1}, r"opening.visits\[Opne\] must name a stage of the model, got 'Opne'.*did you mean 'Open'"),
    ({"rep[AF]": "Ann"}, r"opening.rep\[AF\] must name a role of the model, got 'AF'"),
    ({"exit": "Nowhere"}, "opening.exit must name a stage of the model or an outcome, got 'Nowhere'"),
    ({"owner_role": "Boss"}, "opening.owner_role must name a role of the model, got 'Boss'"),
])  # fmt: skip
def test_what_cannot_be_is_refused(row, words):
    with pytest.raises(InvalidModelError, match=words):
        simulate(model(**ONE, stages=[stage("Open", tasks=work(1.0))]), opening=waiting(row))


# the state of a run ---------------------------------------------------------------------------------


def test_the_state_of_a_run_at_a_time_is_what_it_was():
    m = model(**ONE, channels=[{"name": "web", "leads_per_week": 5.0}], stages=[stage("Open", "won", 9.0, tasks=work(30.0) + work(5.0, "SE"))])
    log = simulate(m, seed=3, until=100.0)
    short = simulate(m, seed=3, until=40.0)
    pd.testing.assert_frame_equal(log.opening(40.0), short.opening())
    at = log.opening("2027-02-13")  # day 40
    pd.testing.assert_frame_equal(at, log.opening(40.0))
    assert set(at["deal_id"]) == set(log.deals["deal_id"][(log.deal.created < 40.0) & ~(log.deal.closed < 40.0)])
    busy = at[at["task[1]"] == "working"]
    assert busy["task_rep[1]"].tolist() == ["Ann"]
    with pytest.raises(InvalidModelError, match="at must lie in the run"):
        log.opening(101.0)


def test_a_table_that_has_been_a_file_is_the_same(tmp_path):
    from simsales.inputs import read_opening

    m = model(**ONE, channels=[{"name": "web", "leads_per_week": 5.0}], stages=[stage("Open", "won", 9.0, tasks=work(30.0) + work(5.0, "SE"))])
    opening = simulate(m, seed=3, until=40.0).opening()
    opening.to_csv(tmp_path / "open.csv", index=False)
    again = read_opening(tmp_path / "open.csv")
    one, other = (simulate(m, seed=4, start=40.0, until=80.0, opening=each) for each in (opening, again))
    np.testing.assert_allclose(one.deal.closed, other.deal.closed, atol=1e-6)


def test_a_run_may_go_on_again_and_again():
    m = model(**ONE, channels=[{"name": "web", "leads_per_week": 3.0}], stages=[stage("Open", "won", 9.0, tasks=work(10.0) + work(5.0, "SE"))])
    log, created = simulate(m, seed=3, until=20.0), 0
    for cut in (20.0, 40.0, 60.0):
        assert len(set(log.ids)) == len(log.ids)
        created += int((~log.deal.opening).sum())
        opening = log.opening()
        assert len(opening) == int((log.deal.status == OPEN).sum())
        log = simulate(log.organisation(), seed=3, start=cut, until=cut + 20.0, opening=opening)
    assert created > 10


def test_a_run_with_hooks_needs_them_again():
    hooks = Hooks(exit=lambda deal, stage, targets, chosen: "lost")
    m = model(channels=[{"name": "web", "leads_per_week": 5.0}], stages=[even({"exponential": {"mean": 9.0}})])
    log = simulate(m, seed=3, until=40.0, hooks=hooks)
    with pytest.raises(InvalidModelError, match="hooks must be given again"):
        log.opening()
    assert len(log.opening(hooks=hooks)) == int((log.deal.status == OPEN).sum())


def test_the_organisation_goes_on_with_the_people_and_events_of_the_cut():
    flood = {"name": "flood", "start": "2027-01-10", "probability": 0.5, "win_logit": -3.0}
    reps = [{"role": "AE", "count": 4, "plan": "base"}]
    plans = {"base": {"quota": 1000.0, "period": "quarter", "rates": [{"rate": 0.1}]}}
    m = model(roles=[{"name": "AE"}], reps=reps, plans=plans, events=[flood], segments=[{"name": "all", "amount": 10.0}], attrition={"AE": {"per_year": 4.0, "vacancy_days": 40}},
              channels=[{"name": "web", "leads_per_week": 9.0}], stages=[stage("Open", "won", 1.0, tasks=work(3.0))])  # fmt: skip
    fates = set()
    for seed in range(6):
        log = simulate(m, seed=seed, until=75.0)
        then = log.organisation()
        there = simulate(then, seed=seed + 50, start=75.0, until=75.1, opening=log.opening())
        left = set(log.reps["rep"][log.reps["left_at"].notna()])
        assert {rep.name for rep in then.model.reps if rep.leaves} == left
        assert len(then.model.reps) == 4 + int(np.isfinite(log.rep_hired[4:]).sum())
        sold = {rep.name: rep.booked_before for rep in then.model.reps}
        won = log.deals[log.deals["status"] == "won"].groupby("owner")["amount"].sum()
        assert all(sold[name] == pytest.approx(float(won.get(name, 0.0))) for name in sold if sold[name])
        happened = [event.probability for event in then.model.events]
        assert happened in ([], [1.0])
        fates.add(len(happened))
        assert set(there.rep_left[there.rep_left < 75.0]) <= set(np.floor(log.rep_left[log.rep_left < 75.0]).tolist())
    assert fates == {0, 1}


def test_work_waited_before_as_it_waits_now():
    # 20 deals of 12 hours each wait for one rep: ten days, the mean of an exponential wait before the day of work
    m = model(roles=[{"name": "AE"}], reps=[{"name": "Ann", "role": "AE"}], horizon_days=400.0, stages=[stage("Open", "won", 100.0, tasks=work(12.0))])
    rows = [{"age_days": 60.0, "p_waiting": float(i < 20), "deal_id": f"x{i}"} for i in range(1000)]
    log = simulate(m, opening=waiting(*rows))
    begun = 100.0 - log.deal.closed[np.isin(log.ids, [f"x{i}" for i in range(20, 1000)])]
    waits = 60.0 - 0.5 - begun  # cut at 59.5 days, which hardly any wait reaches
    assert waits.mean() == pytest.approx(10.0, abs=4.0 * 10.0 / math.sqrt(980))


def test_work_for_a_stage_to_come_is_known_or_drawn():
    touch = {"touch": {"logit": 1.0, "reference_hours": 8.0}}
    first = {**stage("Open", "Next", 1.0, tasks=[{**work(8.0)[0]}]), "exits": [{"to": "Next", "probability": 1.0, "delay_days": 1.0}]}
    first["tasks"] = [{"role": "AE", "work_hours": 8.0, "counts_for": "Next"}]
    m = model(**CROWD, stages=[first, even(3.0, effects=touch) | {"name": "Next"}])
    assert share_won(simulate(m, opening=crowd(stage="Next", age_days=1.0))) == near(0.5)  # the law's eight hours
    assert share_won(simulate(m, opening=crowd(age_days=0.5, delay_days=0.5, **{"ahead_hours[Next]": 24.0}))) == near(0.75)


def test_what_a_state_does_not_carry_is_said():
    after = {**stage("Care", "retained", 5.0), "after_sale": True}
    sold = {"name": "Open", "exits": [{"to": "won", "probability": 1.0, "delay_days": 3.0, "then": "Care"}]}
    m = model(channels=[{"name": "web", "leads_per_week": 9.0, "market": {"size": 50, "cooldown_days": 90}}], stages=[sold, after])
    log = simulate(m, seed=1, until=30.0)
    assert log.plan.notes == ()
    notes = " ".join(simulate(m, seed=1, start=30.0, until=40.0, opening=log.opening()).plan.notes)
    assert "customers who go on after their win are not in the state of a run" in notes
    assert "prospects whose deals are closed" in notes
