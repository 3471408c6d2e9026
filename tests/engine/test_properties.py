"""What holds in every run of every model."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from engine_models import examples, same
from engine_strategies import models, openings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simsales.engine import EventLog, lower, run_plan
from simsales.engine.life.state import NONE
from simsales.engine.lower.staffing import off_days
from simsales.engine.plan import OPEN
from simsales.engine.reference import Run

EVERYDAY = settings(max_examples=examples(50), deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


def check(log: EventLog) -> None:
    """R10, R11, and the laws of nature."""
    deal, visit, task, plan = log.deal, log.visit, log.task, log.plan
    # nothing vanishes (collect() has counted; here the tables agree with one another)
    assert len(set(log.ids)) == len(log.ids)
    assert np.all((deal.status == OPEN) == np.isnan(deal.closed))
    assert np.all((visit.exit == NONE) == np.isnan(visit.left))
    # time never runs back, and a deal is in one stage at a time
    assert not np.any(visit.left < visit.entered)
    follows = (visit.deal[1:] == visit.deal[:-1]) & (visit.seq[1:] == visit.seq[:-1] + 1)
    assert np.all(visit.entered[1:][follows] == visit.left[:-1][follows])
    assert np.all(deal.created[~deal.opening] >= log.start)
    assert not np.any(deal.closed >= log.until)
    assert not np.any(task.started < task.queued)
    assert not np.any(task.ended < task.started)
    begun = task.rep >= 0
    assert np.all(begun == ~np.isnan(task.started))
    _check_reps(log, begun)
    # a visit holds its tasks
    last = visit.left[np.searchsorted(visit.deal * 1000 + visit.seq, task.deal * 1000 + task.seq)]
    assert not np.any(task.ended > last)
    taken = ~np.isnan(task.dropped)
    assert not np.any(taken & begun)
    assert not np.any((task.dropped < task.queued) | (task.dropped > last))
    assert np.all(begun | taken | np.isnan(last))
    assert np.all(plan.rep_role[task.rep[begun]] == task.role[begun])


def _check_reps(log: EventLog, begun: np.ndarray) -> None:
    plan, task = log.plan, log.task
    for rep in range(len(plan.reps)):
        mine = begun & (task.rep == rep)
        starts, ends = task.started[mine], np.where(np.isnan(task.ended[mine]), np.inf, task.ended[mine])
        assert np.all((starts >= log.rep_hired[rep]) & (starts < log.rep_left[rep]))
        hours_of_rep = plan.staffing.hours[rep]
        limit = int(plan.role_concurrency[0, plan.rep_role[rep]])
        for start in starts:  # tasks in hand at each start; work of no duration is never in hand
            in_hand = int(((starts <= start) & (ends > start)).sum())
            assert in_hand <= limit
        for start, end, work in zip(starts, ends, task.work_hours[mine], strict=True):
            assert hours_of_rep.is_open(float(start))
            until = min(float(end), log.until)
            assert abs(hours_of_rep.hours_between(float(start), until) - work) < 1e-6


@EVERYDAY
@given(model=models(), seed=st.integers(0, 2**64), data=st.data())
def test_every_run_obeys_the_laws(model, seed, data):
    rows = data.draw(openings(model.stage_names))
    opening = pd.DataFrame([{"deal_id": f"old-{i}", **row} for i, row in enumerate(rows)]) if rows else None
    check(run_plan(lower(model, opening=opening), seed))


@EVERYDAY
@given(model=models(rich=True), seed=st.integers(0, 2**64), data=st.data())
def test_every_run_with_people_who_come_and_go_obeys_the_laws(model, seed, data):
    rows = data.draw(openings(model.stage_names))
    opening = pd.DataFrame([{"deal_id": f"old-{i}", **row} for i, row in enumerate(rows)]) if rows else None
    log = run_plan(lower(model, opening=opening), seed)
    check(log)
    _check_days_off(log)


def _check_days_off(log: EventLog) -> None:
    """Nobody begins on a day off, as the model states it."""
    people = log.plan.staffing.people[-1]
    for rep, start in zip(log.task.rep.tolist(), log.task.started.tolist(), strict=True):
        if rep >= 0 and people[rep].off:
            calendar = log.plan.staffing.hours[rep].clock
            assert calendar.date(start) not in {day for text in people[rep].off for day in off_days(text)}


@EVERYDAY
@given(model=models(rich=True), seed=st.integers(0, 2**64), data=st.data())
def test_nobody_is_given_more_deals_than_the_limit(model, seed, data):
    rows = data.draw(openings(model.stage_names))
    opening = pd.DataFrame([{"deal_id": f"old-{i}", **row} for i, row in enumerate(rows)]) if rows else None
    run = Run(lower(model, opening=opening), seed, 0)
    staff, limits = run.staff, {role.name: role.max_open_deals or np.inf for role in model.roles}
    limit = [limits[run.plan.roles[role]] for role in staff.role]
    run.open_pipeline()
    run.next_arrival()
    before = list(staff.loads)  # opening deals may exceed it
    while run.env.peek() < run.facts.until:
        run.env.step()
        assert staff.loads == [len(deals) for deals in staff.deals]
        for rep, (load, had) in enumerate(zip(staff.loads, before, strict=True)):
            assert load <= max(limit[rep], had)
        before = list(staff.loads)
        for deal in run.deals:
            if deal.owner >= 0 and deal.status == OPEN and not deal.doomed:
                assert staff.present[deal.owner]
                assert deal.ordinal in staff.deals[deal.owner]


@settings(EVERYDAY, max_examples=25)
@given(model=models(rich=True), seed=st.integers(0, 2**64))
def test_renaming_reps_changes_nothing_but_the_draws_of_names(model, seed):
    """Attrition, adoption and lots are keyed by the rep's name, so the new names stand for the words of the old ones."""
    renamed = tuple(rep.model_copy(update={"name": f"员工{i}"}) for i, rep in enumerate(model.reps))
    plan, other = lower(model), lower(model.model_copy(update={"reps": renamed}))
    same(run_plan(plan, seed), run_plan(dataclasses.replace(other, rep_key=plan.rep_key), seed))


def busy_at(log: EventLog, rep: int, moment: float) -> int:
    mine = log.task.rep == rep
    ends = np.where(np.isnan(log.task.ended[mine]), np.inf, log.task.ended[mine])
    return int(((log.task.started[mine] < moment) & (ends > moment)).sum())


def check_no_idling(log: EventLog) -> int:
    """R3 with pools: while a task waits in working time, whoever may take it is fully busy."""
    plan, task, looked = log.plan, log.task, 0
    events = np.sort(np.concatenate([task.queued, task.started, task.ended, log.rep_hired, log.rep_left, log.visit.left]))
    events = np.unique(events[np.isfinite(events)])
    for queued, started, role in zip(task.queued, task.started, task.role, strict=True):
        if np.isnan(started) or started - queued < 1e-6:
            continue
        inside = events[(events >= queued) & (events <= started)]
        for moment in 0.5 * (inside[1:] + inside[:-1]):  # between two events nothing changes but the calendar
            for rep in np.flatnonzero(plan.rep_role == role):
                if not plan.staffing.hours[rep].is_open(float(moment)):
                    continue
                looked += 1
                if log.rep_hired[rep] < moment < log.rep_left[rep]:
                    assert busy_at(log, rep, float(moment)) == plan.role_concurrency[0, role]
    return looked


@settings(EVERYDAY, max_examples=25)
@given(model=models(routing=("pool",)), seed=st.integers(0, 2**64))
def test_no_rep_idles_while_a_task_waits_for_him(model, seed):
    check_no_idling(run_plan(lower(model), seed))


@settings(EVERYDAY, max_examples=25)
@given(model=models(rich=True), seed=st.integers(0, 2**64))
def test_no_rep_idles_in_his_own_hours_while_a_task_waits_for_him(model, seed):
    shared = {"routing": "pool", "max_open_deals": None, "recycle_days": None}
    roles = tuple(role.model_copy(update=shared) for role in model.roles)
    check_no_idling(run_plan(lower(model.model_copy(update={"roles": roles})), seed))


@settings(EVERYDAY, max_examples=10)
@given(model=models(), seed=st.integers(0, 2**64))
def test_logs_are_histories(model, seed):
    log = run_plan(lower(model), seed)
    history = log.to_history()
    assert len(history.deals) == len(log.deal.created)
    assert (history.report.read, history.report.kept) == (len(history.deals), len(history.deals))
    assert len(history.visits) == len(log.visit.deal)
    assert str(history.visits["entered_at"].dtype) == "datetime64[us, UTC]"
