"""What holds in every run of every model that uses tiers, meetings, hand-offs, contexts, gates and customers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from engine_models import examples, same
from engine_strategies import COLLIDING, laws
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simsales.engine import EventLog, lower, run_plan
from simsales.engine.life.state import HANDOVER, NONE
from simsales.engine.plan import CHURNED, LOST, OPEN, RETAINED, WON
from simsales.engine.reference import Run
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model

EVERYDAY = settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
ROLES = ["AE", "SE", "Boss"]
WHENS = [None, None, "amount >= 50", "discount > authority", "terms == non_standard and visit == 1", "visit >= 2", "previous == 线索", "score > 1"]
GATHERS = [None, None, {"weekday": "wed"}, {"day_of_month": 20}, {"size": 3}, {"size": 2, "within_days": 1.5}]


@st.composite
def tasks(draw: st.DrawFn, whole: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for i in range(draw(st.integers(0, 3))):
        at = draw(st.sampled_from(["start", "start", "end"]))
        found.append({
            "role": draw(st.sampled_from(ROLES)), "at": at,
            "work_hours": draw(st.sampled_from([0, 24, 48]) if whole else laws(whole)),
            "parallel": i > 0 and any(t["at"] == at for t in found) and draw(st.booleans()),
            "when": draw(st.sampled_from(WHENS)), "part": draw(st.sampled_from(["own", "lead", "assist"])),
            "gather": draw(st.sampled_from(GATHERS)),
        })  # fmt: skip
    return found


@st.composite
def exits(draw: st.DrawFn, whole: bool, targets: list[str], then: list[str]) -> list[dict[str, Any]]:
    chosen = draw(st.lists(st.sampled_from(targets), min_size=1, max_size=4, unique=True))
    weights = [draw(st.integers(1, 4)) for _ in chosen]
    return [
        {
            "to": to, "probability": w / sum(weights), "delay_days": draw(laws(whole)),
            "then": draw(st.sampled_from([None, *then])) if to == "won" else None,
            "max_discount": draw(st.sampled_from([None, 0.1])), "reason": draw(st.sampled_from([None, "价格", "no_response"])),
        }
        for to, w in zip(chosen, weights, strict=True)
    ]  # fmt: skip


@st.composite
def stages(draw: st.DrawFn, whole: bool) -> list[dict[str, Any]]:
    before = ["线索", "Demo", "Offer"][: draw(st.integers(1, 3))]
    after = ["Onboarding", "Renewal"][: draw(st.integers(0, 2))]
    found = []
    for name in (*before, *after):
        outcomes = [*after, "retained", "churned"] if name in after else [*before, "won", "lost", "no_decision", "open"]
        contexts = [
            {
                "when": draw(st.sampled_from([w for w in WHENS if w])), "advance_logit": draw(st.sampled_from([0.0, 1.0])),
                "exits": draw(st.one_of(st.just([]), exits(whole, outcomes, after))),
                "delay_scale": draw(st.sampled_from([1.0, 2.0])), "work_scale": draw(st.sampled_from([1.0, 2.0])),
            }
            for _ in range(draw(st.integers(0, 2)))
        ]  # fmt: skip
        found.append({
            "name": name, "after_sale": name in after, "exits": draw(exits(whole, outcomes, after)),
            "tasks": draw(tasks(whole)), "contexts": contexts, "max_visits": draw(st.integers(1, 4)),
            "patience_days": draw(st.one_of(st.none(), laws(whole))), "when": draw(st.sampled_from(WHENS)),
            "sla_days": draw(st.sampled_from([0.5, 2.0])), "escalate_to": draw(st.sampled_from([None, "Boss", "pass"])),
            "handoff": draw(st.sampled_from([None, {"delay_days": 1.0, "loss": 0.1}])),
            "effects": {"skill": 0.5, "discount": 2.0, "score": 0.3, "response": {}, "touch": {"logit": 0.3, "reference_hours": 4.0}},
        })  # fmt: skip
    return found


@st.composite
def models(draw: st.DrawFn) -> Model:
    whole = draw(st.booleans())
    people = []
    for role in ROLES:
        for i in range(draw(st.integers(1, 2))):
            leaves = draw(st.sampled_from([None, None, "2027-02-10"]))
            people.append({"name": f"{role}{i}", "role": role, "leaves": leaves, "skill": draw(st.sampled_from([-1.0, 1.0]))})
    routing = draw(st.sampled_from(["pool", "least_loaded", "round_robin"]))
    roles = [
        {
            "name": role, "routing": routing, "concurrency": draw(st.integers(1, 2)),
            "queue": draw(st.sampled_from(["fifo", "highest_value", "due"])), "discount_authority": 0.1,
            "handover_loss": draw(st.sampled_from([0.0, 0.5])), "recycle_days": None if routing == "pool" else draw(st.sampled_from([None, 3.0])),
        }
        for role in ROLES
    ]  # fmt: skip
    return Model(
        epoch="2027-01-04", horizon_days=60.0, calendar=COLLIDING if whole else {"hours": "09:00-17:00"},
        channels=[{"name": "web", "leads_per_week": draw(st.sampled_from([1.0, 6.0]))}],
        segments=[{"name": "all", "amount": {"uniform": {"low": 0.0, "high": 100.0}}}],
        scoring={"factors": [{"name": "fit", "weight": 1.0, "law": {"uniform": {"low": 0.0, "high": 2.0}}}]},
        pricing={"discount": {"uniform": {"low": 0.0, "high": 0.3}}, "non_standard_terms": 0.4},
        handoff=draw(st.sampled_from([{}, {"delay_days": 0.5, "loss": 0.1, "communication": 2.0}])),
        pace={"correlation": draw(st.sampled_from([0.0, 0.5]))},
        timing=draw(st.sampled_from([None, {"pull": 0.3, "push": 0.3, "deadline": 0.3, "discount": 0.05, "period": "month"}])),
        stages=draw(stages(whole)), roles=roles, reps=people,
    )  # fmt: skip


def check(log: EventLog) -> None:
    """R10, R11, and the laws of nature."""
    deal, visit = log.deal, log.visit
    goes_on = deal.after == OPEN
    open_visits = np.bincount(visit.deal[np.isnan(visit.left)], minlength=len(deal.status))
    assert np.all(open_visits == ((deal.status == OPEN) | goes_on))
    assert set(deal.after[deal.status != WON].tolist()) <= {NONE}
    assert set(deal.after.tolist()) <= {NONE, OPEN, RETAINED, CHURNED}
    assert not np.any(visit.left < visit.entered)
    follows = (visit.deal[1:] == visit.deal[:-1]) & (visit.seq[1:] == visit.seq[:-1] + 1)
    assert np.all(visit.entered[1:][follows] == visit.left[:-1][follows])
    assert np.allclose(deal.amount, deal.list_amount * (1.0 - deal.discount), rtol=1e-12)
    won = visit.exit == WON
    assert np.bincount(visit.deal[won], minlength=len(deal.status)).max(initial=0) <= 1
    _check_tasks(log)
    # what follows a win begins after it
    late = log.after_sale[visit.stage]
    assert np.all(visit.entered[late] >= deal.closed[visit.deal[late]])
    early = ~late & ~np.isnan(deal.closed[visit.deal])
    assert np.all(visit.left[early] <= deal.closed[visit.deal[early]])
    assert set(log.deals["reason"].dropna()) <= {"no_response", "max_visits", "handoff", "handover", "价格"}


def _check_tasks(log: EventLog) -> None:
    visit, task, plan = log.visit, log.task, log.plan
    assert not np.any(task.started < task.queued)
    assert not np.any(task.ended < task.started)
    begun = task.rep >= 0
    assert np.all(begun == ~np.isnan(task.started))
    left = visit.left[np.searchsorted(visit.deal * 1000 + visit.seq, task.deal * 1000 + task.seq)]
    assert not np.any(task.ended > left)  # a visit holds its tasks
    assert not np.any(begun & np.isnan(task.ended) & ~np.isnan(left))  # also those in hand
    # a task that never began was taken back at a stated time, or still waits
    taken = ~np.isnan(task.dropped)
    assert not np.any(taken & begun)
    assert not np.any((task.dropped < task.queued) | (task.dropped > left))
    assert np.all(begun | taken | np.isnan(left))
    # a deal changes hands before its task can queue, and during its stay
    entered = visit.entered[np.searchsorted(visit.deal * 1000 + visit.seq, task.deal * 1000 + task.seq)]
    assert not np.any((task.handed > task.queued) | (task.handed < entered))
    assert np.all(plan.rep_role[task.rep[begun]] == task.role[begun])
    for rep in range(len(plan.reps)):
        mine = begun & (task.rep == rep)
        starts, ends = task.started[mine], np.where(np.isnan(task.ended[mine]), np.inf, task.ended[mine])
        limit = int(plan.role_concurrency[0, plan.rep_role[rep]])
        for start in starts:
            assert int(((starts <= start) & (ends > start)).sum()) <= limit
            assert plan.worktime.is_open(float(start))


def opening(draw: st.DataObject, model: Model) -> pd.DataFrame | None:
    names = [stage.name for stage in model.stages if not stage.after_sale]
    rows = draw.draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from([0.0, 1.0, 40.0]), st.sampled_from([0.0, 1.0])), max_size=8))
    if not rows:
        return None
    return pd.DataFrame([{"deal_id": f"old-{i}", "stage": s, "age_days": a, "p_waiting": p, "owner": "AE0"} for i, (s, a, p) in enumerate(rows)])


@EVERYDAY
@given(model=models(), seed=st.integers(0, 2**64), data=st.data())
def test_every_process_obeys_the_laws(model, seed, data):
    plan = lower(model, opening=opening(data, model))
    log = run_plan(plan, seed)
    check(log)
    same(log, run_plan(plan, seed))
    history = log.to_history()
    assert len(history.visits) == int((~log.after_sale[log.visit.stage]).sum())


LATER = [
    {"set": {"path": "pace.correlation", "to": 0.8, "start": "2027-01-20", "adoption": 0.5}},
    {"set": {"path": "stages[线索].when", "to": "amount >= 20", "start": "2027-01-20"}},
    {"set": {"path": "stages[线索].sla_days", "to": 0.25, "start": "2027-02-01", "ramp_days": 9.0}},
    {"set": {"path": "handoff.loss", "to": 0.9, "start": "2027-02-01"}},
]


@settings(EVERYDAY, max_examples=15)
@given(model=models(), seed=st.integers(0, 2**64), data=st.data())
def test_processes_may_change_while_the_run_goes_on(model, seed, data):
    changed = apply(Scenario(changes=data.draw(st.lists(st.sampled_from(LATER), min_size=1, max_size=3, unique_by=str))), model)
    log = run_plan(lower(changed, opening=opening(data, model)), seed)
    check(log)
    early = log.visit.left < 16.0  # before the first change all is as it was
    plain = run_plan(lower(model), seed) if log.plan.opening is None else None
    if plain is not None:
        before = plain.visit.left < 16.0
        assert log.visit.left[early].tolist() == plain.visit.left[before].tolist()


@settings(EVERYDAY, max_examples=15)
@given(model=models(), seed=st.integers(0, 2**64), data=st.data())
def test_deals_may_be_lost_from_outside_at_any_moment(model, seed, data):
    run = Run(lower(model, opening=opening(data, model)), seed, 0)
    times = data.draw(st.lists(st.sampled_from([0.0, 1.0, 2.5, 7.0, 16.4, 30.0]), min_size=1, max_size=5))
    doomed: list[int] = []

    def lose(_: object) -> None:
        for deal in run.deals[:: 2 + len(doomed) % 3]:
            if deal.status == OPEN:
                doomed.append(deal.ordinal)
            run.lose(deal, HANDOVER)

    for i, time in enumerate(times):
        run.env.at(time, 40, -10 - i).callbacks.append(lose)
    log = run.log()
    check(log)
    closed = np.unique(np.array(doomed, dtype=np.int64))
    assert set(log.deal.status[closed].tolist()) <= {LOST, OPEN}  # open: its task is still in hand
