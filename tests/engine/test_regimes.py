"""Runs in which the organisation changes while deals are on their way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine_models import days, hours, model, same, simulate, stage, waiting, work
from test_properties import check

from simsales.model.apply import apply
from simsales.model.levers import Scenario

GAMMA = {"gamma": {"mean": 9.0, "cv": 0.6}}
BASE = model(
    calendar={"hours": "09:00-17:00"},
    channels=[{"name": "web", "leads_per_week": 15.0, "overdispersion": 1.5}],
    segments=[{"name": "all", "amount": {"lognormal": {"median": 100.0, "p90": 400.0}}}],
    roles=[{"name": "AE"}, {"name": "SE"}],
    reps=[{"role": "AE", "count": 3, "plan": "std"}, {"role": "SE"}],
    plans={"std": {"quota": 3000.0, "rates": [{"upto": 1.0, "rate": 0.05}, {"rate": 0.1}]}},
    effort={"elasticity": 0.5},
    shocks={"arrivals_quarter_cv": 0.1, "win_logit_quarter_sd": 0.2, "amount_quarter_cv": 0.1},
    stages=[
        {"name": "Lead", "tasks": work(2.0), "patience_days": 9.0, "exits": [
            {"to": "Demo", "probability": 0.6, "delay_days": GAMMA}, {"to": "lost", "probability": 0.4, "delay_days": 5.0}]},
        {"name": "Demo", "tasks": work(3.0) + work(2.0, "SE"), "effects": {"skill": 0.5, "response_hours": -0.01}, "exits": [
            {"to": "Close", "probability": 0.5, "delay_days": GAMMA}, {"to": "Lead", "probability": 0.1}, {"to": "no_decision", "probability": 0.4, "delay_days": 30.0}]},
        {"name": "Close", "exits": [{"to": "won", "probability": 0.7, "delay_days": GAMMA}, {"to": "open", "probability": 0.3}]},
    ],
)  # fmt: skip
WHEN = {"start": "2027-02-10", "ramp_days": 20.0, "adoption": 0.7}
LEGAL = {"name": "Legal", "tasks": work(1.0, "SE"), "exits": [{"to": "Close", "probability": 1.0, "delay_days": 3.0}]}
CHANGES: dict[str, dict[str, Any]] = {
    "a stage begins": {"add": {"after": "Demo", "stage": LEGAL, **WHEN}},
    "a stage ends": {"remove": {"stage": "Demo", **WHEN}},
    "an exit begins": {"add": {"from": "Lead", "exit": {"to": "Close", "probability": 0.2}, **WHEN}},
    "queues change": {"route": {"role": "AE", "queue": "highest_value", "routing": "pool", "start": "2027-02-10"}},
    "owners begin": {"route": {"role": "SE", "routing": "pool"}},
    "pay changes": {"plan": {"name": "std", "role": "AE", "cap": 1.0, "start": "2027-02-10"}},
    "people come": {"hire": {"role": "AE", "count": 2, "start": "2027-02-15", "ramp": {"months": 2.0}}},
    "people go": {"leave": {"role": "AE", "count": 2, "start": "2027-02-15"}},
    "odds change": {"set": {"path": "stages[Close].exits[won].probability", "to": 0.9, **WHEN}},
    "leads change": {"scale": {"path": "channels[web].leads_per_week", "by": 2.0, **WHEN}},
}


def opening():
    rows = [{"stage": s, "age_days": float(i), "created_days": -30.0, "p_waiting": 0.5} for i, s in enumerate(["Lead", "Demo", "Close"] * 5)]
    return waiting(*rows)


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_leaves_a_sound_run(name):
    timeline = apply(Scenario(changes=[CHANGES[name]]), BASE)
    check(simulate(timeline, seed=6, opening=opening()))


def test_all_changes_together_leave_a_sound_run():
    changes = [change for name, change in CHANGES.items() if name != "a stage ends"]
    log = simulate(apply(Scenario(changes=changes), BASE), seed=6, opening=opening())
    assert {"Lead", "Demo", "Legal", "Close"} == set(log.visits["stage"])


def test_a_regime_changes_nothing_before_it_begins():
    """Nothing that ended before the start of a change knows of it."""
    before = simulate(BASE, seed=8).to_history().as_of("2027-02-09")
    for name in ("a stage begins", "odds change", "queues change", "pay changes"):
        after = simulate(apply(Scenario(changes=[CHANGES[name]]), BASE), seed=8).to_history().as_of("2027-02-09")
        columns = ["deal_id", "stage", "entered_at", "left_at", "exit"]
        assert after.visits[columns].equals(before.visits[columns]), name


def test_a_deal_in_a_stage_that_is_removed_finishes_its_stay():
    m = model(stages=[stage("Open", "Mid", 4.0), stage("Mid", "Last", 6.0), stage("Last", "won", 1.0)])
    gone = {"remove": {"stage": "Mid", "start": "2027-01-10"}}  # day 6
    log = simulate(apply(Scenario(changes=[gone]), m), opening=waiting({}, {"stage": "Mid"}, {"stage": "Open", "age_days": 0.0}))
    assert log.visits["stage"].tolist() == ["Open", "Mid", "Last", "Mid", "Last", "Open", "Mid", "Last"]
    late = simulate(apply(Scenario(changes=[{"remove": {"stage": "Mid", "start": "2027-01-04"}}]), m), opening=waiting({}))
    assert late.visits["stage"].tolist() == ["Open", "Last"]
    assert days(late.deal.closed) == [5.0]


def test_waiting_tasks_are_sorted_anew_when_the_queue_rule_changes():
    m = model(roles=[{"name": "AE"}], reps=[{"role": "AE", "name": "Ann"}], stages=[stage("Open", tasks=work(20.0))])
    change = {"route": {"role": "AE", "queue": "highest_value", "start": "2027-01-05"}}
    rows = [{"amount": float(a)} for a in (1, 2, 3, 9)]
    log = simulate(apply(Scenario(changes=[change]), m), opening=waiting(*rows))
    assert hours(log, "started") == [0.0, 20.0, 60.0, 40.0]  # the second was in hand on the 5th


def test_people_of_a_scenario_are_there_from_their_date_only():
    log = simulate(apply(Scenario(changes=[CHANGES["people come"]]), BASE), seed=6)
    fresh = log.task.rep >= 3
    names = np.array(log.plan.reps)
    newcomers = np.flatnonzero(np.isin(names, ["AE-04", "AE-05"]))
    mine = np.isin(log.task.rep, newcomers)
    assert mine.any()
    assert log.task.started[mine].min() >= 42.0
    assert fresh.any()


@pytest.mark.parametrize("more", [(), ({"set": {"path": "stages[Open].max_visits", "to": 9, "start": "2027-01-20", "adoption": 0.3}},)])
def test_a_partial_change_of_something_else_moves_no_lead(more):
    base = model(channels=[{"name": "web", "leads_per_week": 14.3, "trend_per_year": 0.5, "season": {"feb": 0.7}}])
    change = {"set": {"path": "pricing.unit_cost_share", "to": 0.4, "start": "2027-01-11", "ramp_days": 40.0, "adoption": 0.9}}
    changed = apply(Scenario(changes=[change, *more]), base)
    for seed in range(5):
        assert simulate(changed, seed).deal.created.tolist() == simulate(base, seed).deal.created.tolist()


def test_a_ramp_without_a_date_rises_from_the_epoch_on():
    change = {"scale": {"path": "stages[*].exits[*].delay_days", "by": 0.5, "ramp_days": 60.0}}
    undated = apply(Scenario(changes=[change]), BASE)
    dated = apply(Scenario(changes=[{"scale": {**change["scale"], "start": BASE.epoch.date().isoformat()}}]), BASE)
    same(simulate(undated, seed=3), simulate(dated, seed=3))
    regimes = simulate(undated, seed=3).deal
    early = regimes.regime[regimes.created < 15.0]
    assert 0.0 < early.mean() < 0.5
    assert (regimes.regime[regimes.created > 60.0] == 1).all()
