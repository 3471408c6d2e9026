"""Gates: approvals, discounts that are cut, service levels, reasons, and thresholds that move (R6)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine_models import days, hours, model, simulate, stage, waiting, work

from simsales.engine import EventLog
from simsales.engine.plan import LOST, WON
from simsales.model.apply import apply
from simsales.model.levers import Scenario

LAW = {"lognormal": {"median": 6.0, "p90": 21.0}}
PEOPLE = {
    "roles": [{"name": "AE", "discount_authority": 0.1}, {"name": "Manager"}],
    "reps": [{"name": "Ann", "role": "AE"}, {"name": "Meg", "role": "Manager"}],
}


def test_more_discount_than_the_owner_may_give_goes_to_an_approval():
    gate = stage("Approval", "Closing", 5.0, when="discount > authority")
    stages = [stage("Open", "Approval", 1.0), gate, stage("Closing", "won", 2.0)]
    for asked, closed in ((0.1, 3.0), (0.15, 8.0)):
        m = model(**PEOPLE, pricing={"discount": asked}, stages=stages)
        assert days(simulate(m, opening=waiting({"owner": "Ann"})).deal.closed) == [closed]
        assert days(simulate(m, opening=waiting({"owner": "Meg"})).deal.closed) == [3.0]  # may give anything
        assert days(simulate(m, opening=waiting({}), until=90.0).deal.closed) == [closed]  # the first role, if nobody


def test_terms_and_earlier_visits_are_gates_too():
    gate = stage("Legal", "Closing", 5.0, when="terms == non_standard")
    m = model(pricing={"non_standard_terms": 1.0}, stages=[stage("Open", "Legal", 1.0), gate, stage("Closing")])
    assert days(simulate(m, opening=waiting({})).deal.closed) == [6.0]
    once = stage("Check", "Open", 5.0, when="visit <= 1")
    again = stage("Open", "Check", 1.0, contexts=[{"when": "visit >= 3", "exits": [{"to": "won", "probability": 1.0}]}])
    # the second time Check is skipped, by its only way: the next stage of the list
    m = model(stages=[again, once, stage("End", "won", 7.0)])
    assert days(simulate(m, opening=waiting({})).visit.entered) == [0.0, 1.0, 6.0, 7.0]


def test_an_approval_cuts_the_discount_and_so_the_amount():
    gate = {"name": "Approval", "exits": [{"to": "Closing", "probability": 1.0, "delay_days": 5.0, "max_discount": 0.2}]}
    m = model(
        channels=[{"name": "web", "leads_per_week": 7.0}], segments=[{"name": "all", "amount": 1000.0}],
        stages=[stage("Open", "Approval", 1.0), gate, stage("Closing", "won", 2.0, when="amount < 800")],
    )  # fmt: skip
    for asked, amount, lasts in ((0.3, 800.0, 6.0), (0.15, 850.0, 6.0), (0.201, 800.0, 6.0)):
        log = simulate(m.model_copy(update={"pricing": type(m.pricing)(discount=asked)}), cases=2)
        assert days(log.deal.amount) == [amount] * 2
        assert days(log.deal.discount) == [min(asked, 0.2)] * 2
        assert days(log.deal.list_amount) == [1000.0] * 2
        assert days(log.deal.closed - log.deal.created) == [lasts] * 2  # the gate behind it sees the new amount
        assert log.deals[["list_amount", "discount", "amount"]].iloc[0].tolist() == [1000.0, min(asked, 0.2), amount]


def test_what_is_booked_keeps_its_price_after_the_sale():
    care = {"name": "Care", "after_sale": True, "exits": [{"to": "retained", "probability": 1.0, "delay_days": 1.0, "max_discount": 0.1}]}
    m = model(
        channels=[{"name": "web", "leads_per_week": 7.0}], segments=[{"name": "all", "amount": 1000.0}], pricing={"discount": 0.2},
        stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0, "then": "Care"}]}, care],
    )  # fmt: skip
    log = simulate(m, cases=2)
    assert log.deals["after"].tolist() == ["retained"] * 2
    assert days(log.deal.amount) == [800.0] * 2


def test_a_deal_that_never_leaves_the_approval_keeps_its_discount():
    gate = {"name": "Open", "exits": [{"to": "won", "probability": 1.0, "delay_days": 500.0, "max_discount": 0.2}]}
    m = model(pricing={"discount": 0.5}, segments=[{"name": "all", "amount": 1000.0}],
              channels=[{"name": "web", "leads_per_week": 7.0}], stages=[gate])  # fmt: skip
    assert simulate(m, cases=1).deal.amount.tolist() == [500.0]


def test_bookings_and_effort_count_what_is_booked_in_the_end():
    gate = {"name": "Open", "exits": [{"to": "won", "probability": 1.0, "max_discount": 0.2}]}
    m = model(
        pricing={"discount": 0.5}, segments=[{"name": "all", "amount": 1000.0}], stages=[gate],
        channels=[{"name": "web", "leads_per_week": 7.0}], roles=[{"name": "AE"}],
        reps=[{"name": "Ann", "role": "AE", "plan": "p"}],
        plans={"p": {"quota": 1600.0, "rates": [{"upto": 1.0, "rate": 0.1}, {"rate": 0.2}]}}, effort={},
    )  # fmt: skip
    log = simulate(m, cases=2)
    assert float(log.kpis()["bookings"]) == 1600.0
    assert float(log.kpis()["quota_attainment"]) > 0.0


def test_reasons_of_lost_deals_are_in_the_log():
    exits = [
        {"to": "lost", "probability": 0.5, "reason": "价格"}, {"to": "no_decision", "probability": 0.25, "reason": "no budget"},
        {"to": "Open", "probability": 0.25, "reason": "missing paper"},
    ]  # fmt: skip
    m = model(stages=[{"name": "Open", "exits": exits}])
    log = simulate(m, opening=waiting(*[{"deal_id": f"x{i}"} for i in range(40)]))
    assert {(a, b) for a, b in zip(log.deals["status"], log.deals["reason"], strict=True)} == {("lost", "价格"), ("no_decision", "no budget")}
    assert not log.to_history().deals["reason"].isna().any()


# service levels ---------------------------------------------------------------------------------


def breach(to: str, **parts: Any) -> EventLog:
    s = stage("Open", "won", 1.0, tasks=work(30.0), sla_days=0.5, escalate_to=to, **parts)
    return simulate(model(**PEOPLE, stages=[s]), opening=waiting({}, {}, {}))


def test_at_the_breach_waiting_work_goes_to_another_role():
    log = breach("Manager")
    # Ann begins the first at 0; at 12 h both others go to Meg, who does one after the other
    assert hours(log, "started") == [0.0, 12.0, 42.0]
    assert log.task.rep.tolist() == [0, 1, 1]
    assert log.tasks["role"].tolist() == ["AE", "Manager", "Manager"]
    assert log.deal.status.tolist() == [WON] * 3


def test_pass_lets_a_deal_go_on_as_if_the_work_were_done():
    log = breach("pass")
    assert np.isnan(log.task.started[1:]).all()
    assert days(log.deal.closed) == [1 + 30 / 24, 1.5, 1.5]
    assert log.task.work_hours.tolist() == [30.0, 0.0, 0.0]


def test_pass_drops_the_tasks_that_would_have_followed():
    s = stage("Open", "won", 1.0, tasks=work(30.0) + work(1.0, "Manager"), sla_days=0.5, escalate_to="pass")
    log = simulate(model(**PEOPLE, stages=[s]), opening=waiting({}, {}))
    assert len(log.task.deal) == 3  # the first deal's two, and the second deal's one that waited
    assert days(log.deal.closed) == pytest.approx([1 + 31 / 24, 1.5])


def test_pass_drops_a_part_that_is_on_its_way_to_another_role():
    tasks = [*work(1.0), *work(30.0), {"role": "Manager", "work_hours": 1.0, "parallel": True}]
    s = stage("Open", "won", 1.0, tasks=tasks, sla_days=0.5, escalate_to="pass", handoff={"delay_days": 2.0})
    busy = stage("Busy", "won", 1.0, tasks=work(30.0))
    log = simulate(model(**PEOPLE, stages=[s, busy]), opening=waiting({"owner": "Ann"}, {"owner": "Ann", "stage": "Busy"}))
    # from 1:00 on Ann is busy elsewhere; at noon the second part waits for her and the third one is under way
    assert days(log.deal.closed) == pytest.approx([1.5, 1 + 31 / 24])
    assert log.task.deal.tolist() == [0, 0, 1]


def test_a_breach_without_waiting_work_changes_nothing():
    s = stage("Open", "won", 5.0, tasks=work(1.0), sla_days=0.5, escalate_to="Manager")
    log = simulate(model(**PEOPLE, stages=[s]), opening=waiting({}))
    assert log.task.rep.tolist() == [0]
    assert days(log.deal.closed) == pytest.approx([5 + 1 / 24])


def test_a_breach_before_the_start_escalates_at_the_start():
    s = stage("Open", "won", 1.0, tasks=work(30.0), sla_days=0.5, escalate_to="Manager")
    log = simulate(model(**PEOPLE, stages=[s]), opening=waiting({"age_days": 2.0}, {"age_days": 1.0}))
    assert hours(log, "started") == [0.0, 0.0]
    assert log.task.rep.tolist() == [0, 1]


def test_patience_still_runs_after_an_escalation():
    log = breach("Manager", patience_days=1.0)
    # the third deal waits for Meg, who is busy from 12 h on; after 24 h it is gone
    assert log.deal.status.tolist() == [WON, WON, LOST]
    assert days(log.deal.closed)[2] == 1.0


# a pair of scenarios ----------------------------------------------------------------------------


def lives(log: EventLog) -> dict[str, list[tuple[str, ...]]]:
    """Everything that happened to each deal, by names."""
    found: dict[str, list[tuple[str, ...]]] = {name: [] for name in log.ids.tolist()}
    for table in (log.deals, log.visits, log.tasks):
        for name, row in zip(table["deal_id"], table.itertuples(index=False), strict=True):
            found[name].append(tuple(map(str, row)))
    return found


def test_a_moved_approval_threshold_changes_only_the_deals_that_meet_it():
    """Same seed, another threshold: whole histories of all other deals stay, to the last bit."""
    negotiation = {
        "name": "Negotiation",
        "exits": [
            {"to": "Approval", "probability": 0.6, "delay_days": LAW}, {"to": "lost", "probability": 0.4, "delay_days": LAW, "reason": "price"},
        ],
    }  # fmt: skip
    approval = {
        "name": "Approval", "when": "amount >= 50000", "tasks": work({"gamma": {"mean": 1.0, "cv": 0.5}}, "Manager"),
        "exits": [
            {"to": "Closing", "probability": 0.8, "delay_days": LAW, "max_discount": 0.1},
            {"to": "Negotiation", "probability": 0.2, "delay_days": LAW},
        ],
    }  # fmt: skip
    base = model(
        channels=[{"name": "web", "leads_per_week": 30.0}], pace={"correlation": 0.4}, pricing={"discount": {"uniform": {"low": 0.0, "high": 0.3}}},
        segments=[{"name": "all", "amount": {"lognormal": {"median": 40000.0, "p90": 150000.0}}}],
        roles=[{"name": "Manager", "routing": "pool", "concurrency": 1000}], reps=[{"name": "Meg", "role": "Manager"}],
        stages=[negotiation, approval, {"name": "Closing", "exits": [{"to": "won", "probability": 1.0, "delay_days": LAW}]}], horizon_days=300.0,
    )  # fmt: skip
    raised = apply(Scenario(changes=[{"set": {"path": "stages[Approval].when", "to": "amount >= 80000"}}]), base)
    a, b = simulate(base, seed=3), simulate(raised, seed=3)
    ids = a.ids.tolist()
    before, after = lives(a), lives(b)
    assert ids == b.ids.tolist()
    changed = {name for name in ids if before[name] != after[name]}
    assert 50 < len(changed) < len(ids) / 3
    # a deal changes only if it came to the gate with an amount between the two thresholds
    booked = dict(zip(ids, zip(a.deal.amount.tolist(), b.deal.amount.tolist(), strict=True), strict=True))
    assert all(min(booked[name]) < 80000.0 and max(booked[name]) >= 50000.0 for name in changed)
