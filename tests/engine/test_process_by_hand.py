"""Tasks together, in tiers and in meetings, hand-offs, losses from outside, and what follows a win: times worked out by hand."""

from __future__ import annotations

import datetime as dt
import gc
import weakref
from typing import Any

import numpy as np
import pytest
from engine_models import days, hours, model, same, simulate, stage, waiting

from simsales.engine import lower
from simsales.engine.life.state import HANDOVER, NONE
from simsales.engine.plan import CHURNED, LOST, OPEN, RETAINED, WON
from simsales.engine.reference import Run
from simsales.engine.rules import next_meeting
from simsales.errors import InvalidModelError
from simsales.model.process import Gather

TWO_ROLES = {
    "roles": [{"name": "AE"}, {"name": "SE"}],
    "reps": [{"name": "Ann", "role": "AE"}, {"name": "Sam", "role": "SE"}],
}
OFFICE = {"hours": "09:00-17:00", "days": "mon-fri"}


def task(hours_: float, role: str = "AE", **parts: Any) -> dict[str, Any]:
    return {"role": role, "work_hours": hours_, **parts}


# tasks: tiers, together -------------------------------------------------------------------------


def test_a_tier_of_an_approval_is_skipped_below_its_threshold():
    tasks = [task(1.0), task(2.0, "SE", when="amount >= 100"), task(4.0, when="amount >= 1000 and visit == 1")]
    m = model(**TWO_ROLES, stages=[stage("Open", "won", 0.0, tasks=tasks)])
    for amount, ends in ((50.0, [1.0]), (100.0, [1.0, 3.0]), (1000.0, [1.0, 3.0, 7.0])):
        assert hours(simulate(m, opening=waiting({"amount": amount})), "ended") == ends


def test_parallel_tasks_begin_together_and_the_deal_goes_on_with_the_last():
    tasks = [task(3.0), task(5.0, "SE", parallel=True), task(1.0)]
    m = model(**TWO_ROLES, stages=[stage("Open", "won", 1.0, tasks=tasks)])
    log = simulate(m, opening=waiting({}))
    assert hours(log, "started") == [0.0, 0.0, 5.0]
    assert hours(log, "ended") == [3.0, 5.0, 6.0]
    assert days(log.deal.closed) == pytest.approx([1 + 6 / 24])


def test_nobody_does_two_parallel_tasks_at_once():
    tasks = [task(3.0), task(5.0, parallel=True)]
    log = simulate(model(**TWO_ROLES, stages=[stage("Open", tasks=tasks)]), opening=waiting({}))
    assert hours(log, "started") == [0.0, 3.0]
    both = {"roles": [{"name": "AE", "concurrency": 2}], "reps": [{"name": "Ann", "role": "AE"}]}
    log = simulate(model(**both, stages=[stage("Open", tasks=tasks)]), opening=waiting({}))
    assert hours(log, "started") == [0.0, 0.0]
    assert days(log.deal.closed) == pytest.approx([5 / 24])


def test_a_rep_who_has_done_his_parallel_part_is_free_for_others():
    tasks = [task(9.0), task(2.0, "SE", parallel=True)]
    m = model(
        roles=TWO_ROLES["roles"], reps=[*TWO_ROLES["reps"], {"name": "Bo", "role": "AE"}],
        stages=[stage("Open", tasks=tasks)],
    )  # fmt: skip
    log = simulate(m, opening=waiting({}, {}))
    assert hours(log, "started") == [0.0, 0.0, 0.0, 2.0]
    assert days(log.deal.closed) == pytest.approx([9 / 24, 9 / 24])


def test_parallel_tasks_at_the_end_of_a_stay():
    tasks = [task(2.0, at="end"), task(3.0, "SE", at="end", parallel=True)]
    log = simulate(model(**TWO_ROLES, stages=[stage("Open", "won", 1.0, tasks=tasks)]), opening=waiting({}))
    assert hours(log, "started") == [24.0, 24.0]
    assert days(log.deal.closed) == pytest.approx([1 + 3 / 24])


def test_a_deal_that_gives_up_leaves_when_the_part_in_hand_is_done():
    tasks = [task(8.0), task(1.0, "SE", parallel=True)]
    m = model(**TWO_ROLES, stages=[stage("Open", tasks=tasks, patience_days=0.25), stage("Busy", tasks=[task(48.0, "SE")])])
    log = simulate(m, opening=waiting({"stage": "Busy"}, {"age_days": 0.0}))
    # the SE is busy; after 6 h the second deal gives up, Ann ends her part at 8 h, nobody begins the SE's
    mine = log.task.deal == 1
    assert days(log.deal.closed)[1] == pytest.approx(8 / 24)
    assert log.deals["reason"].tolist()[1] == "no_response"
    assert hours(log, "ended")[1] == 8.0
    assert np.isnan(log.task.started[mine][1])


def test_if_all_parts_of_a_batch_are_skipped_the_stay_goes_on():
    tasks = [task(3.0, when="amount >= 100"), task(5.0, "SE", parallel=True, when="amount >= 100")]
    log = simulate(model(**TWO_ROLES, stages=[stage("Open", "won", 1.0, tasks=tasks)]), opening=waiting({"amount": 1.0}))
    assert (len(log.task.deal), days(log.deal.closed)) == (0, [1.0])


# meetings and batches ---------------------------------------------------------------------------


def committee(**gather: Any) -> dict[str, Any]:
    parts = {"roles": [{"name": "AE", "concurrency": 9}], "reps": [{"name": "Ann", "role": "AE"}], "calendar": OFFICE}
    return {**parts, "stages": [stage("Wait", "Open", 1.0), stage("Open", "won", 0.0, tasks=[task(1.0, gather=gather)])]}


def test_a_committee_meets_on_its_weekday_when_work_begins():
    # epoch is Monday; Wednesday 09:00 is hour 57
    m = model(**committee(weekday="wed"))
    log = simulate(m, opening=waiting({"age_days": 0.0}, {"stage": "Wait", "p_waiting": 0.0, "age_days": -0.0}))
    assert hours(log, "queued") == [0.0, 24.0]
    assert hours(log, "started") == [57.0, 57.0]


def test_who_comes_on_the_day_before_work_begins_is_in_time_and_at_the_instant_too():
    parts = committee(weekday="wed")
    for delay, began in ((2.0, 57.0), (2.0 + 9 / 24, 57.0), (2.0 + 9.5 / 24, 57.0 + 168.0)):
        parts["stages"][0] = stage("Wait", "Open", delay)
        log = simulate(model(**parts), opening=waiting({"stage": "Wait", "p_waiting": 0.0}))
        assert hours(log, "started") == [began]


def test_a_meeting_on_a_day_off_is_held_when_work_begins_again():
    parts = committee(weekday="wed")
    parts["calendar"] = {**OFFICE, "off": ["2027-01-06"]}
    log = simulate(model(**parts), opening=waiting({}))
    assert hours(log, "started") == [81.0]  # Thursday, 09:00
    parts["stages"][0] = stage("Wait", "Open", 2.5)  # on the day off itself: still in time
    assert hours(simulate(model(**parts), opening=waiting({"stage": "Wait", "p_waiting": 0.0})), "started") == [81.0]


def test_a_monthly_review_waits_for_its_day():
    m = model(**committee(day_of_month=15))
    assert hours(simulate(m, opening=waiting({})), "started") == [11 * 24 + 9.0]  # Friday, 15 January


def test_the_next_meeting_of_a_month_may_be_in_the_next_one():
    def opening(date: dt.date) -> float:
        return float((date - dt.date(2027, 1, 1)).days)

    assert next_meeting(Gather(day_of_month=3), 10.0, dt.date(2027, 1, 11), opening) == 33.0
    assert next_meeting(Gather(day_of_month=3), 340.0, dt.date(2027, 12, 7), opening) == 367.0


def test_the_queue_rule_decides_who_comes_first_in_a_meeting():
    parts = committee(weekday="wed")
    parts["roles"] = [{"name": "AE", "queue": "highest_value"}]
    log = simulate(model(**parts), opening=waiting({"amount": 1.0}, {"amount": 9.0}))
    assert hours(log, "started") == [58.0, 57.0]


def test_a_batch_goes_when_it_is_full():
    parts = committee(size=3)
    parts["calendar"] = {"hours": "00:00-24:00", "days": "mon-sun"}
    rows = [{"stage": "Wait", "p_waiting": 0.0, "age_days": age} for age in (0.9, 0.6, 0.2, 0.1)]
    log = simulate(model(**parts), opening=waiting(*rows))
    assert days(log.task.queued) == [0.1, 0.4, 0.8, 0.9]
    assert days(log.task.started)[:3] == [0.8, 0.8, 0.8]
    assert np.isnan(log.task.started[3])  # waits for two more, for good
    assert log.deal.status.tolist() == [WON, WON, WON, OPEN]


def test_a_batch_that_is_not_full_goes_after_a_while():
    parts = committee(size=3, within_days=0.5)
    parts["calendar"] = {"hours": "00:00-24:00", "days": "mon-sun"}
    rows = [{"stage": "Wait", "p_waiting": 0.0, "age_days": age} for age in (0.9, 0.6, 0.2)]
    log = simulate(model(**parts), opening=waiting(*rows))
    assert days(log.task.started) == [0.6, 0.6, 1.3]


def test_patience_runs_while_a_task_waits_for_a_meeting():
    parts = committee(weekday="wed")
    parts["stages"][1]["patience_days"] = 1.0
    log = simulate(model(**parts), opening=waiting({}))
    assert (log.deals["reason"].tolist(), days(log.deal.closed)) == (["no_response"], [1.0])
    assert np.isnan(log.task.started[0])


def test_a_breach_takes_work_out_of_a_meeting():
    stages = [stage("Open", tasks=[task(1.0, gather={"weekday": "wed"})], sla_days=1.0, escalate_to="SE")]
    log = simulate(model(**TWO_ROLES, stages=stages), opening=waiting({}))
    assert (hours(log, "started"), log.tasks["rep"].tolist()) == ([24.0], ["Sam"])


def test_who_gave_up_does_not_count_for_a_batch():
    parts = committee(size=2)
    parts["calendar"] = {"hours": "00:00-24:00", "days": "mon-sun"}
    parts["stages"][1]["patience_days"] = 0.3
    rows = [{"stage": "Wait", "p_waiting": 0.0, "age_days": age} for age in (0.9, 0.5, 0.4)]
    log = simulate(model(**parts), opening=waiting(*rows))
    assert log.deal.status.tolist() == [LOST, WON, WON]
    assert days(log.deal.closed)[0] == 0.4


def test_queue_time_counts_the_wait_for_a_meeting():
    log = simulate(model(**committee(weekday="wed")), opening=waiting({}))
    assert days(log.task.started - log.task.queued) == [round(57 / 24, 9)]


# hand-offs --------------------------------------------------------------------------------------


def handed(handoff: dict[str, Any], tasks: list[dict[str, Any]], n: int = 1, **parts: Any) -> Any:
    roles = [{"name": "AE", "concurrency": n}, {"name": "SE", "concurrency": n}]
    m = model(roles=roles, reps=TWO_ROLES["reps"], handoff=handoff, stages=[stage("Open", tasks=tasks, **parts)])
    return simulate(m, opening=waiting(*[{"deal_id": f"x{i}"} for i in range(n)]))


def test_a_hand_off_takes_time_before_the_next_role_has_the_task():
    log = handed({"delay_days": 0.5, "communication": 2.0}, [task(1.0), task(1.0, "SE"), task(1.0, "SE"), task(1.0)])
    assert hours(log, "queued") == [0.0, 7.0, 8.0, 15.0]  # 6 h each way; the same role again costs nothing
    assert hours(log, "ended") == [1.0, 8.0, 9.0, 16.0]


def test_a_hand_off_reaches_over_stages_and_may_be_a_stages_own():
    stages = [
        stage("Open", "Next", 1.0, tasks=[task(1.0)]),
        stage("Next", "Last", 0.0, tasks=[task(1.0, "SE")]),
        stage("Last", tasks=[task(1.0)], handoff={"delay_days": 0.0}),
    ]
    log = simulate(model(**TWO_ROLES, handoff={"delay_days": 2.0}, stages=stages), opening=waiting({}))
    assert hours(log, "queued") == [0.0, 73.0, 74.0]


def test_an_assistant_takes_nothing_over():
    log = handed({"delay_days": 1.0}, [task(1.0), task(1.0, "SE", part="assist"), task(1.0)])
    assert hours(log, "queued") == [0.0, 1.0, 2.0]


def test_parallel_tasks_are_handed_over_each_by_itself():
    log = handed({"delay_days": 0.5}, [task(1.0), task(1.0), task(2.0, "SE", parallel=True)])
    assert hours(log, "queued") == [0.0, 1.0, 13.0]
    assert days(log.deal.closed) == pytest.approx([15 / 24])


def test_deals_are_lost_on_the_way():
    n = 3000
    log = handed({"delay_days": 0.5, "loss": 0.3, "communication": 1.5}, [task(1.0), task(1.0, "SE")], n)
    lost = log.deals["reason"] == "handoff"
    assert abs(lost.mean() - 0.2) < 4 * np.sqrt(0.16 / n)
    assert ((log.deal.status == LOST) == lost).all()
    assert set(days(log.deal.closed[lost])) == {round(1 / 24 + 1 / 3, 9)}
    assert (np.bincount(log.task.deal)[lost] == 1).all()


def test_a_parallel_task_lost_on_the_way_ends_the_deal_when_the_other_is_done():
    log = handed({"loss": 1.0, "delay_days": 0.5}, [task(1.0), task(20.0), task(2.0, "SE", parallel=True)])
    assert days(log.deal.closed) == pytest.approx([21 / 24])
    assert log.deals["reason"].tolist() == ["handoff"]
    assert len(log.task.deal) == 2


def test_a_second_hand_off_in_a_stay_has_its_own_luck():
    n = 2000
    tasks = [task(0.0), task(0.0, "SE"), task(0.0)]
    log = handed({"loss": 0.5}, tasks, n)
    assert abs((log.deal.status == WON).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / n)


# losing a deal from outside ---------------------------------------------------------------------


def lose_at(m: Any, time: float, *rows: dict[str, Any]) -> Any:
    """Simulate, and lose the first deal at a time."""
    run = Run(lower(m, opening=waiting(*rows)), 1, 0)
    run.env.at(time, 40, 0).callbacks.append(lambda _: run.lose(run.deals[0], HANDOVER))
    return run.log()


ONE = {"roles": [{"name": "AE"}], "reps": [{"name": "Ann", "role": "AE"}]}


def test_a_deal_in_its_delay_is_lost_at_once():
    m = model(**ONE, stages=[stage("Open", "won", 5.0)])
    log = lose_at(m, 2.0, {})
    assert (days(log.deal.closed), log.deals["reason"].tolist()) == ([2.0], ["handover"])
    assert (log.visits["exit"].tolist(), days(log.visit.left)) == (["lost"], [2.0])


def test_a_waiting_deal_is_lost_at_once_and_the_queue_goes_on():
    m = model(**ONE, stages=[stage("Open", tasks=[task(12.0)], patience_days=0.9)])
    log = lose_at(m, 0.25, {"age_days": 0.0, "owner": "Ann"}, {"age_days": 0.1})
    assert days(log.deal.closed) == [0.25, 0.5]
    assert np.isnan(log.task.started[0])


def test_a_task_in_hand_is_finished_before_the_deal_is_lost():
    m = model(**ONE, stages=[stage("Open", tasks=[task(12.0), task(1.0)]), stage("Late", tasks=[task(4.0)])])
    log = lose_at(m, 0.25, {}, {"stage": "Late"})
    assert days(log.deal.closed) == pytest.approx([0.5, 16 / 24])
    assert log.deals["reason"].tolist()[0] == "handover"
    assert hours(log, "ended") == [12.0, 16.0]


def test_a_deal_waiting_for_a_meeting_is_lost_at_once():
    log = lose_at(model(**committee(weekday="wed")), 1.0, {})
    assert days(log.deal.closed) == [1.0]


def test_a_deal_on_its_way_between_two_roles_is_lost_at_once():
    m = model(**TWO_ROLES, handoff={"delay_days": 2.0}, stages=[stage("Open", tasks=[task(24.0), task(24.0, "SE")])])
    assert days(lose_at(m, 1.5, {}).deal.closed) == [1.5]


def test_losing_a_customer_is_churn():
    m = sold(stage("Onboarding", "retained", 30.0))
    log = lose_at(m, 9.0, {})
    assert (log.deal.status.tolist(), log.deal.after.tolist(), days(log.visit.left)[-1]) == ([WON], [CHURNED], 9.0)
    assert log.visits["exit"].tolist() == ["won", "churned"]


def test_losing_a_closed_deal_changes_nothing():
    m = model(stages=[stage("Open", "won", 1.0)])
    same(lose_at(m, 3.0, {}), simulate(m, opening=waiting({})))


# what follows a win -----------------------------------------------------------------------------


def sold(*after: dict[str, Any], then: str = "Onboarding", **parts: Any) -> Any:
    first = {"name": "Open", "exits": [{"to": "won", "probability": 1.0, "delay_days": 1.0, "then": then}], "tasks": [task(2.0)]}
    return model(**TWO_ROLES, stages=[first, *({**each, "after_sale": True} for each in after)], **parts)


def test_a_customer_goes_on_after_the_win():
    m = sold(stage("Onboarding", "Renewal", 10.0, tasks=[task(5.0, "SE")]), stage("Renewal", "retained", 30.0))
    log = simulate(m, opening=waiting({"owner": "Ann"}))
    assert (log.deal.status.tolist(), log.deal.after.tolist()) == ([WON], [RETAINED])
    assert days(log.deal.closed) == pytest.approx([1 + 2 / 24])  # the booking is at the win
    assert log.deals["after"].tolist() == ["retained"]
    assert log.visits["exit"].tolist() == ["won", "Renewal", "retained"]
    assert days(log.visit.left) == pytest.approx([26 / 24, 26 / 24 + 5 / 24 + 10, 26 / 24 + 5 / 24 + 40])
    assert log.task.rep.tolist() == [0, 1]
    assert log.deals["stage"].tolist() == ["Open"]
    assert log.deals["owner"].tolist() == ["Ann"]


def test_work_for_customers_takes_the_time_of_reps():
    m = sold(stage("Onboarding", "retained", 0.0, tasks=[task(48.0)]), horizon_days=20.0)
    log = simulate(m, opening=waiting({}, {"age_days": 0.5, "delay_days": 0.5, "p_waiting": 0.0}))
    # the second is won after 0.5 days and takes Ann from 12 h to 60 h; the first had its 2 h, is won at 26 h, waits
    assert hours(log, "started") == [0.0, 60.0, 12.0]
    assert days(log.deal.closed) == pytest.approx([26 / 24, 0.5])
    assert log.deal.after.tolist() == [RETAINED, RETAINED]


def test_customers_at_the_horizon_and_churn():
    m = sold(stage("Onboarding", "churned", 10.0))
    assert simulate(m, opening=waiting({}), until=5.0).deals["after"].tolist() == ["open"]
    log = simulate(m, opening=waiting({}))
    assert (log.deal.status.tolist(), log.deal.after.tolist()) == ([WON], [CHURNED])
    assert simulate(m, opening=waiting({}), until=0.5).deal.after.tolist() == [NONE]


def test_a_customer_who_waits_too_long_churns_and_one_who_comes_too_often_stays():
    m = sold(stage("Onboarding", "retained", 0.0, tasks=[task(48.0)], patience_days=1.0))
    log = simulate(m, opening=waiting({"age_days": 0.5, "p_waiting": 0.0}, {"age_days": 0.4, "p_waiting": 0.0}))
    assert log.deal.after.tolist() == [RETAINED, CHURNED]
    assert log.deal.status.tolist() == [WON, WON]
    assert log.deals["reason"].isna().all()
    m = sold(stage("Onboarding", "Onboarding", 1.0, max_visits=3))
    log = simulate(m, opening=waiting({}))
    assert (len(log.visit.deal), log.deal.after.tolist()) == (4, [RETAINED])


def test_an_after_sale_stage_may_be_skipped():
    m = sold(stage("Onboarding", "retained", 9.0, when="amount >= 100"))
    log = simulate(m, opening=waiting({"amount": 1.0}))
    assert (len(log.visit.deal), log.deal.after.tolist()) == (1, [RETAINED])


def test_the_seller_stays_the_owner_in_the_log_when_the_rep_leaves():
    m = sold(stage("Onboarding", "retained", 0.0, tasks=[task(48.0)]))
    reps = [{"name": "Ann", "role": "AE", "leaves": "2027-01-05"}, {"name": "Bo", "role": "AE", "hired": "2027-01-06"}, {"name": "Sam", "role": "SE"}]
    m = model(**{**TWO_ROLES, "reps": reps}, stages=list(m.stages))
    log = simulate(m, opening=waiting({"owner": "Ann", "age_days": 0.5, "delay_days": 0.5, "p_waiting": 0.0}, {"owner": "Ann", "age_days": 0.4, "delay_days": 0.4, "p_waiting": 0.0}))
    assert log.deals["owner"].tolist() == ["Ann", "Ann"]
    assert hours(log, "started") == [12.0, 48.0]
    assert [log.plan.reps[rep] for rep in log.task.rep] == ["Ann", "Bo"]


def test_histories_end_with_the_win():
    m = sold(stage("Onboarding", "retained", 3.0, tasks=[task(5.0, "SE")]))
    log = simulate(m, opening=waiting({"owner": "Ann"}))
    history = log.to_history()
    assert (history.visits["stage"].tolist(), history.tasks["stage"].tolist()) == (["Open"], ["Open"])
    assert history.stages["stage"].tolist() == ["Open", "won", "lost", "no_decision"]
    without = model(**TWO_ROLES, stages=[{**m.stages[0].model_dump(), "exits": [{"to": "won", "probability": 1.0, "delay_days": 1.0}]}])
    plain = simulate(without, opening=waiting({"owner": "Ann"}))
    assert plain.deal.closed.tolist() == log.deal.closed.tolist()
    assert "after" not in plain.deals


def test_an_opening_deal_cannot_be_a_customer_already():
    m = sold(stage("Onboarding", "retained", 3.0))
    with pytest.raises(InvalidModelError, match="opening.stage must be a stage before the win, got 'Onboarding' for deal 'd0'. Hint"):
        simulate(m, opening=waiting({"stage": "Onboarding"}))


def test_memory_is_free_after_a_run_with_everything_in_it():
    tasks = [task(3.0), task(5.0, "SE", parallel=True), task(1.0, gather={"weekday": "wed"})]
    m = model(**TWO_ROLES, handoff={"delay_days": 0.5}, stages=[stage("Open", "won", 1.0, tasks=tasks, sla_days=2.0, escalate_to="SE")])
    gc.collect()
    gc.disable()
    try:
        run = Run(lower(m, opening=waiting({}, {}, {}), until=0.3), 1, 0)
        known = [weakref.ref(each) for each in (run, run.staff, run.gathering)]
        run.log()
        del run
        assert [each() for each in known] == [None] * len(known)
    finally:
        gc.enable()
