"""What the log records, so that nobody has to guess: waits that were given up, hand-overs, the service level of a stay."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from engine_models import days, examples, model, simulate, stage, waiting, work
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_process_properties import models as process_models

from simsales import apply
from simsales.engine import lower, run_plan
from simsales.facts import facts_of
from simsales.kpi import KPIS, table
from simsales.model.levers import Scenario
from simsales.views import value_stream
from simsales.views.timeline import timeline_of

EVERYDAY = settings(max_examples=examples(12), deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
LEADS = {"name": "web", "leads_per_week": 14.0}


def busy(**parts: Any) -> Any:
    """One rep who could do two tasks a day and gets two: most deals wait, many for longer than a day."""
    fields = {"horizon_days": 300.0, "channels": [LEADS], "roles": [{"name": "A", "routing": "pool"}], "reps": [{"role": "A"}]}
    return model(**(fields | {"stages": [stage("Open", "won", 30.0, tasks=work(12.0, "A"), **parts)]}))


# waits that end without work ------------------------------------------------------------------------


def test_work_that_is_passed_on_has_waited_until_then_and_no_longer():
    """The service level of a day drops what still waits; the 30 days after it are the customer's."""
    log = simulate(busy(sla_days=1.0, escalate_to="pass"), seed=3)
    task = log.task
    taken = ~np.isnan(task.dropped)
    assert taken.sum() > 50
    assert days((task.dropped - task.queued)[taken]) == [1.0] * int(taken.sum())
    waits = np.where(taken, 1.0, np.where(np.isnan(task.started), log.until, task.started) - task.queued)
    assert KPIS["queue_days"](log) == pytest.approx(waits.mean())
    assert KPIS["queue_days"](log) < 1.0
    stages = value_stream(log).table.set_index("stage")
    assert stages.loc["Open", "delay_days"] == pytest.approx(30.0)
    assert stages.loc["Open", "queue_days"] < 1.0


def test_a_part_that_lapses_has_waited_until_then_while_another_part_goes_on():
    """Nobody of B is there: its part lapses after a day, A works for ten more."""
    parts = [{"role": "A", "work_hours": 240.0}, {"role": "B", "work_hours": 1.0, "parallel": True}]
    for order in (parts, [{**parts[1], "parallel": False}, {**parts[0], "parallel": True}]):
        log = simulate(model(stages=[stage("Open", tasks=order, patience_days=1.0)], roles=[{"name": "A"}, {"name": "B", "routing": "pool"}],
                             reps=[{"role": "A"}, {"role": "B", "hired": "2030-01-01"}]), opening=waiting({}))  # fmt: skip
        assert table(log, kpis=["queue_days[role]"])["queue_days[role=B]"] == pytest.approx(1.0)
        history = log.to_history()
        assert table(history, kpis=["queue_days[role]"])["queue_days[role=B]"] == pytest.approx(1.0)


def test_a_history_knows_of_a_lapse_only_when_it_has_happened():
    log = simulate(busy(patience_days=2.0), seed=3)
    history = log.to_history()
    then = history.as_of("2027-03-01")
    assert then.tasks["dropped_at"].max() <= then.observed_until < history.tasks["dropped_at"].max()
    assert then.tasks["dropped_at"].notna().sum() > 5


def test_tasks_keep_their_usual_columns_where_nothing_was_taken_back():
    log = simulate(model(channels=[LEADS], roles=[{"name": "AE"}], reps=[{"role": "AE", "count": 9}], stages=[stage("Open", tasks=work(1.0))]))
    assert log.tasks.columns[-1] == "work_hours"


@EVERYDAY
@given(model=process_models(), seed=st.integers(0, 2**32))
def test_every_moment_of_a_stay_is_accounted_for_once(model, seed):
    """Work, pause, queue and the rest add up in every stay, and none of them is negative."""
    log = run_plan(lower(model), seed)
    stream = value_stream(log)
    parts = stream.deals[["touch_days", "pause_days", "queue_days", "delay_days"]]
    assert (parts.to_numpy() > -1e-6).all()
    assert np.allclose(parts.sum(axis=1), stream.deals["total_days"], atol=1e-6)
    line = timeline_of(log)
    assert np.all(line.queued >= line.entered[line.task_visit] - 1e-9)
    assert np.all(line.started >= line.queued)
    wait = line.started - line.queued
    begun = ~np.isnan(log.task.started)
    assert wait.sum() == pytest.approx((np.where(begun, log.task.started, np.fmin(log.task.dropped, log.until)) - log.task.queued).sum(), abs=1e-6)


@EVERYDAY
@given(
    seed=st.integers(0, 2**32), limit=st.sampled_from([0.3, 1.0, 2.5]), kind=st.sampled_from(["pass", "patience"]),
    n=st.integers(1, 3), handoff=st.sampled_from([{}, {"delay_days": 0.4}]),
)  # fmt: skip
def test_nobody_waits_longer_than_the_stay_allows(seed, limit, kind, n, handoff):
    allows = {"sla_days": limit, "escalate_to": "pass"} if kind == "pass" else {"patience_days": limit}
    tasks = [{"role": "A", "work_hours": 10.0}] + [{"role": "B", "work_hours": 12.0, "parallel": i > 0} for i in range(n - 1)]
    log = simulate(model(
        channels=[LEADS], handoff=handoff, stages=[stage("Open", "won", 20.0, tasks=tasks, **allows)],
        roles=[{"name": "A", "routing": "pool"}, {"name": "B", "routing": "pool"}], reps=[{"role": "A"}, {"role": "B"}],
    ), seed=seed)  # fmt: skip
    first = log.task.role == 0
    waits = facts_of(log).tasks.wait_days
    assert waits[first if kind == "pass" else slice(None)].max() <= limit + 1e-9  # a later task may queue after the breach


# hand-overs -------------------------------------------------------------------------------------------


def test_hand_off_days_are_delay_and_queue_without_the_customers_time():
    """Half a day of hand-off; nobody is busy; the customer takes 20 days between the stages."""
    for customer in (5.0, 20.0):
        m = model(
            horizon_days=200.0, channels=[LEADS], handoff={"delay_days": 0.5}, roles=[{"name": "A", "routing": "pool"}, {"name": "B", "routing": "pool"}],
            reps=[{"role": "A", "count": 9}, {"role": "B", "count": 9}],
            stages=[stage("Open", "Next", customer, tasks=work(1.0, "A")), stage("Next", tasks=work(1.0, "B"))],
        )  # fmt: skip
        log = simulate(m, seed=1)
        assert KPIS["handoff_days"](log) == pytest.approx(0.5)
        assert KPIS["handoff_days"](log.to_history()) == pytest.approx(0.5)
        ready = log.task.handed[log.task.role == 1]
        entered = log.visit.entered[log.visit.stage == 1]
        assert set(ready.tolist()) <= set(entered.tolist())


def test_hand_off_days_count_the_queue_of_the_next_role():
    """Two deals come to B at once: the second waits the 24 hours of the first. Mean: half a day."""
    tasks = [{"role": "A", "work_hours": 1.0}, {"role": "B", "work_hours": 24.0}]
    log = simulate(model(roles=[{"name": "A", "routing": "pool"}, {"name": "B", "routing": "pool"}], reps=[{"role": "A", "count": 2}, {"role": "B"}],
                         stages=[stage("Open", tasks=tasks)]), opening=waiting({}, {}))  # fmt: skip
    assert KPIS["handoff_days"](log) == pytest.approx(0.5)


def test_parallel_parts_hand_over_from_the_one_that_ended_last():
    """A goes on after A's own long part; B's short part beside it ended two days before."""
    tasks = [{"role": "A", "work_hours": 48.0}, {"role": "B", "work_hours": 1.0, "parallel": True}, {"role": "A", "work_hours": 1.0}]
    fields = {"horizon_days": 100.0, "channels": [LEADS], "roles": [{"name": "A", "routing": "pool"}, {"name": "B", "routing": "pool"}],
              "reps": [{"role": "A", "count": 30}, {"role": "B", "count": 30}]}  # fmt: skip
    same_goes_on = simulate(model(**fields, stages=[stage("Open", tasks=tasks)]), seed=1)
    assert math.isnan(KPIS["handoff_days"](same_goes_on))
    other = simulate(model(**fields, stages=[stage("Open", tasks=[*tasks[:2], {"role": "B", "work_hours": 1.0}])]), seed=1)
    assert KPIS["handoff_days"](other) == pytest.approx(0.0, abs=1e-9)


def test_an_assistant_takes_nothing_over():
    tasks = [{"role": "A", "work_hours": 1.0}, {"role": "B", "work_hours": 1.0, "part": "assist"}, {"role": "A", "work_hours": 1.0}]
    log = simulate(model(roles=[{"name": "A"}, {"name": "B"}], reps=[{"role": "A"}, {"role": "B"}], stages=[stage("Open", tasks=tasks)]),
                   opening=waiting({}, {}))  # fmt: skip
    assert math.isnan(KPIS["handoff_days"](log))


# service levels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("where", "breaches"), [
    ({"where": "amount >= 1000000"}, 0.0), ({"adoption": 0.0}, 0.0), ({"where": "amount >= 0"}, 1.0), ({}, 1.0),
    ({"start": "2027-03-01"}, None),
])  # fmt: skip
def test_a_service_level_counts_for_the_stays_that_follow_it(where, breaches):
    """All stays last 3 days; the level is 5, and 1 for whom the change means."""
    base = model(channels=[{"name": "web", "leads_per_week": 30.0}], stages=[{"name": "Open", "sla_days": 5.0,
                 "exits": [{"to": "won", "probability": 1.0, "delay_days": 3.0}]}])  # fmt: skip
    log = simulate(apply(Scenario(name="x", changes=[{"approve": {"stage": "Open", "sla_days": 1.0, **where}}]), base), seed=1)
    assert np.array_equal(facts_of(log).visits.sla, log.visit.sla)
    if breaches is None:
        begins = float(log.plan.regime_start[-1])
        assert set(log.visit.sla[log.visit.entered < begins].tolist()) == {5.0}
        assert set(log.visit.sla[log.visit.entered >= begins].tolist()) == {1.0}
    else:
        assert KPIS["sla_breach"](log) == breaches


def test_half_of_the_deals_are_measured_by_the_level_that_half_took_up():
    base = model(channels=[{"name": "web", "leads_per_week": 60.0}], stages=[{"name": "Open", "sla_days": 5.0,
                 "exits": [{"to": "won", "probability": 1.0, "delay_days": 3.0}]}])  # fmt: skip
    log = simulate(apply(Scenario(name="x", changes=[{"approve": {"stage": "Open", "sla_days": 1.0, "adoption": 0.5}}]), base), seed=1)
    n = len(log.visit.sla)
    assert abs((log.visit.sla == 1.0).mean() - 0.5) < 4.0 * math.sqrt(0.25 / n)
    still_open = np.isnan(log.visit.left).mean()  # of them it may not be known yet
    assert abs(KPIS["sla_breach"](log) - (log.visit.sla == 1.0).mean()) <= still_open


def test_a_folder_keeps_what_was_taken_back_and_handed_on(tmp_path):
    tasks = [{"role": "A", "work_hours": 12.0}, {"role": "B", "work_hours": 14.0}]
    log = simulate(model(
        channels=[LEADS], handoff={"delay_days": 0.2}, stages=[stage("Open", "won", 3.0, tasks=tasks, patience_days=1.0)],
        roles=[{"name": "A", "routing": "pool"}, {"name": "B", "routing": "pool"}], reps=[{"role": "A"}, {"role": "B"}],
    ))  # fmt: skip
    history = log.to_history()
    again = history.from_folder(history.to_folder(tmp_path / "run"))
    assert again.tasks[["dropped_at", "handed_at"]].notna().any().all()
    for name in ("queue_days", "handoff_days"):
        assert KPIS[name](again) == pytest.approx(KPIS[name](log), rel=1e-6)
    assert KPIS["handoff_days"](log) > 0.2
