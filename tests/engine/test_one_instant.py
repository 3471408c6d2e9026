"""What happens at one instant: a total order of events, people who come and go together, parts that end a stay (R4, R7, R10)."""

from __future__ import annotations

import itertools
from heapq import heapify
from typing import Any, ClassVar

import numpy as np
import pandas as pd
import pytest
from engine_models import days, examples, model, same, simulate, stage, waiting, work
from engine_strategies import models as people_models
from engine_strategies import openings
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_process_properties import models as process_models

from simsales.engine import lower, run_plan
from simsales.engine.environment import Kind, OrderedEnvironment
from simsales.engine.life.state import HANDOVER
from simsales.engine.plan import LOST

EVERYDAY = settings(max_examples=examples(16), deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)


# a total order -----------------------------------------------------------------------------------


class Backwards(OrderedEnvironment):
    """Where two events are alike in time, kind, id and sub-key, the one scheduled last comes first; such pairs are noted."""

    alike: ClassVar[list[tuple[int, int]]] = []

    def at(self, time, kind, ident, event=None, sub=0):
        event = super().at(time, kind, ident, event, sub)
        entry = next(each for each in self._queue if each[3] is event)
        self._queue.remove(entry)
        self.alike += [(kind, ident) for each in self._queue if each[:2] == (time, kind) and each[2][:-1] == entry[2][:-1]]
        self._queue.append((*entry[:2], (*entry[2][:-1], -entry[2][-1]), event))
        heapify(self._queue)
        return event


def both_ways(plan: Any, seed: int) -> None:
    """Require the same log when what is scheduled last comes first."""
    one = run_plan(plan, seed)
    Backwards.alike.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simsales.engine.life.entering.OrderedEnvironment", Backwards)
        same(one, run_plan(plan, seed))


@EVERYDAY
@given(model=st.one_of(people_models(rich=True), process_models()), seed=st.integers(0, 2**32), data=st.data())
def test_nothing_is_left_to_the_order_of_scheduling(model, seed, data):
    names = tuple(each.name for each in model.stages if not each.after_sale)
    rows = data.draw(openings(names))
    plan = lower(model, opening=pd.DataFrame([{"deal_id": f"old-{i}", **row} for i, row in enumerate(rows)]) if rows else None)
    both_ways(plan, seed)
    # what is alike means the same: everybody takes work, or a service level of a stay that may be over
    assert all(ident == 2 * len(plan.reps) if kind == Kind.STAFFING else kind == Kind.REVIEW for kind, ident in Backwards.alike)


@pytest.mark.parametrize("order", list(itertools.permutations(["AE", "SE", "Legal"])))
def test_parts_that_end_at_one_instant_end_in_their_order(order):
    """The role of the part listed last has done the last task: only the two others have to hand over to AE."""
    parts = [{"role": role, "work_hours": 24.0, "parallel": i > 0} for i, role in enumerate(order)]
    plan = lower(model(
        handoff={"delay_days": 0.5}, stages=[stage("Open", tasks=[*parts, {"role": "AE", "work_hours": 1.0}])],
        roles=[{"name": role, "routing": "pool"} for role in order], reps=[{"role": role} for role in order],
    ), opening=waiting({}))  # fmt: skip
    both_ways(plan, 1)
    log = run_plan(plan, 1)
    assert days(log.task.started[-1:] - log.start) == [1.0 if order[-1] == "AE" else 1.5]


def test_two_changes_of_one_day_begin_in_their_order():
    env = OrderedEnvironment()
    seen: list[int] = []
    for r in (2, 1, 3):
        env.at(1.0, Kind.STAFFING, -2, sub=r).callbacks.append(lambda _, r=r: seen.append(r))
    env.run_before(2.0)
    assert seen == [1, 2, 3]


# people of one instant ---------------------------------------------------------------------------


def crowd(n: int, k: int, loss: float = 0.2, delay: float = 300.0, **parts: Any) -> Any:
    """Of n reps the first k leave on 1 June, when each has about fifty deals."""
    return model(**({
        "epoch": "2027-01-01", "horizon_days": 200.0, "channels": [{"name": "web", "leads_per_week": 20.0 * n}],
        "stages": [stage("Open", "won", delay, tasks=work(0.1))], "roles": [{"name": "AE", "routing": "round_robin", "handover_loss": loss}],
        "reps": [{"role": "AE", "count": k, "leaves": "2027-06-01"}, {"role": "AE", "count": n - k}],
    } | parts))  # fmt: skip


def lost_of_leavers(log: Any, k: int) -> tuple[int, int]:
    """Deals lost by the hand-over, and all that a leaver had (whoever did the work had it)."""
    mine = log.task.deal[(log.task.rep >= 0) & (log.task.rep < k) & (log.task.ended < log.rep_left[0])]
    return int((log.deal.reason[mine] == HANDOVER).sum()), len(mine)


@pytest.mark.parametrize("k", [1, 3, 5, 6])
def test_leavers_of_one_day_lose_the_stated_share_once(k):
    """Each deal changes hands once, however many leave: the share lost is that of one hand-over."""
    reps = [{"role": "AE", "count": k, "leaves": "2027-06-01"}, *([{"role": "AE", "count": 6 - k}] if k < 6 else [])]
    lost, had = np.sum([lost_of_leavers(simulate(crowd(6, k, reps=reps), seed=seed), k) for seed in range(2)], axis=0)
    assert abs(lost / had - 0.2) < 4.0 * np.sqrt(0.2 * 0.8 / had)


def test_deals_without_loss_go_to_those_who_stay():
    log = simulate(crowd(6, 4, loss=0.0), seed=1)
    old = log.deal.created < log.rep_left[0]
    assert set(log.deal.owner[old].tolist()) == {4, 5}
    handed = np.bincount(log.deal.owner[old], minlength=6)[4:]
    assert abs(handed[0] - handed[1]) <= 2  # in turn


@pytest.mark.parametrize("first", [True, False])
def test_who_is_hired_on_the_day_takes_over_wherever_the_file_names_him(first):
    old, new = {"name": "Ann", "role": "AE", "leaves": "2027-06-01"}, {"name": "Bob", "role": "AE", "hired": "2027-06-01"}
    log = simulate(crowd(2, 1, loss=0.0, reps=[new, old] if first else [old, new]), seed=1)
    assert set(log.deals.loc[log.deal.created < 151.0, "owner"]) == {"Bob"}


def test_a_lead_of_the_last_instant_does_not_go_to_a_leaver():
    people = [{"role": "AE", "leaves": "2027-01-05"}, {"role": "AE"}]
    rows = [{"age_days": 0.0, "deal_id": f"d{i}"} for i in range(4)]
    parts = [{"role": "SE", "work_hours": 24.0}, {"role": "AE", "work_hours": 1.0}]  # the first ends as Ann leaves
    log = simulate(model(stages=[stage("Open", tasks=parts)], roles=[{"name": "SE", "concurrency": 9, "routing": "pool"},
                   {"name": "AE", "routing": "least_loaded", "handover_loss": 1.0}], reps=[*people, {"role": "SE"}]),
                   opening=waiting(*rows))  # fmt: skip
    assert set(log.task.rep[log.task.role == 1].tolist()) == {1}
    assert not (log.deal.reason == HANDOVER).any()


def test_hires_of_one_instant_share_what_waits():
    """Whatever their place in the file: nobody takes work before all who come at that instant are there."""
    first = [
        int(simulate(model(stages=[stage("Open", tasks=work(1.0))], roles=[{"name": "AE", "routing": "pool"}],
                           reps=[{"role": "AE", "count": 3, "hired": "2027-01-06"}]), seed=seed, opening=waiting({})).task.rep[0])
        for seed in range(60)
    ]  # fmt: skip
    counts = np.bincount(first, minlength=3)
    assert counts.min() >= 10  # 20 on average; below 10 with a probability of 0.2 %


def test_what_leavers_had_is_taken_up_by_the_queue_rule_not_by_the_order_of_leaving():
    """Two leave at once; the only one who stays first does the older of their waiting tasks."""
    rows = [{"owner": "A", "age_days": 0.0}, {"owner": "A", "age_days": 1.0}, {"owner": "B", "age_days": 2.0}, {"owner": "B", "age_days": 3.0}]
    people = [{"name": "A", "role": "AE", "leaves": "2027-01-05"}, {"name": "B", "role": "AE", "leaves": "2027-01-05"}, {"name": "C", "role": "AE"}]
    log = simulate(model(stages=[stage("Open", tasks=work(48.0))], roles=[{"name": "AE", "routing": "least_loaded"}], reps=people),
                   opening=waiting(*rows))  # fmt: skip
    mine = np.argsort(log.task.started)
    assert log.task.rep[mine].tolist() == [0, 1, 2, 2]
    assert log.task.deal[mine].tolist()[2:] == [2, 0]


# parts of one stay -------------------------------------------------------------------------------


def outcome(log: Any) -> tuple[list[Any], list[Any]]:
    """What became of the deals, and of the tasks by role."""
    task = log.tasks.assign(dropped=days(log.task.dropped), handed=days(log.task.handed))
    columns = ["deal_id", "seq", "role", "rep", "queued_at", "started_at", "ended_at", "work_hours", "dropped", "handed"]
    rows = task[columns].astype(str).sort_values(columns).to_numpy().tolist()
    return log.deals[["status", "reason", "closed_at", "owner"]].astype(str).to_numpy().tolist(), rows


ROLES = ("AE", "SE", "Legal")


@settings(EVERYDAY, max_examples=examples(24))
@given(
    hours=st.permutations([5.0, 11.0, 26.0]), first=st.sampled_from(ROLES), patience=st.sampled_from([None, 0.3, 0.9, 1.7]),
    handoff=st.sampled_from([{}, {"delay_days": 0.37}, {"delay_days": 0.37, "loss": 1.0}, {"delay_days": 1.9}]),
    gone=st.sampled_from([None, "2027-01-05", "2027-01-06"]), away=st.sampled_from(ROLES), loss=st.sampled_from([0.0, 1.0]),
    escalate=st.sampled_from([None, "pass"]), deals=st.integers(1, 3), gather=st.booleans(),
)  # fmt: skip
def test_the_order_of_parallel_parts_in_the_file_changes_nothing(hours, first, patience, handoff, gone, away, loss, escalate, deals, gather):
    parts = [{"role": role, "work_hours": h} for role, h in zip(ROLES, hours, strict=True)]
    if gather:
        parts[1]["gather"] = {"size": 2, "within_days": 0.61}
    found = []
    for order in itertools.permutations(parts):
        together = [{**part, "parallel": i > 0} for i, part in enumerate(order)]
        tasks = [{"role": first, "work_hours": 7.0}, *together, {"role": "AE", "work_hours": 1.0}]
        log = simulate(model(
            handoff=handoff, horizon_days=40.0,
            stages=[stage("Open", "won", 1.3, tasks=tasks, patience_days=patience, sla_days=1.13, escalate_to=escalate)],
            roles=[{"name": role, "routing": "pool" if role != "SE" else "least_loaded", "handover_loss": loss} for role in ROLES],
            reps=[{"role": role, "leaves": gone if role == away else None} for role in ROLES],
        ), opening=waiting(*[{"deal_id": f"d{i}"} for i in range(deals)]))  # fmt: skip
        found.append(outcome(log))
    for other in found[1:]:
        assert other == found[0]


def both_orders(*parts: dict[str, Any], **more: Any) -> list[Any]:
    """Logs of one waiting deal whose parallel parts are written in both orders, after a first task of B."""
    return [
        simulate(model(
            stages=[stage("Open", tasks=[{"role": "B", "work_hours": 24.0}, order[0], {**order[1], "parallel": True}], patience_days=1.0)],
            roles=[{"name": "A", "routing": "pool"}, {"name": "B", "routing": "pool"}], **more,
        ), opening=waiting({}))
        for order in (parts, parts[::-1])
    ]  # fmt: skip


def test_a_part_on_its_way_to_another_role_is_taken_back_as_another_part_lapses():
    """B's part has waited for its one day on day 2; A's would arrive on day 6."""
    a, b = {"role": "A", "work_hours": 24.0}, {"role": "B", "work_hours": 24.0}
    for log in both_orders(a, b, handoff={"delay_days": 5.0}, reps=[{"role": "A"}, {"role": "B", "leaves": "2027-01-05"}]):
        assert (log.deals["reason"][0], days(log.deal.closed)) == ("no_response", [2.0])
        assert sorted(log.task.work_hours.tolist()) == [0.0, 24.0]
        assert np.nanmax(log.task.dropped) == log.start + 2.0 if log.start else 2.0


def test_a_part_in_hand_is_finished_before_a_lapsed_deal_goes():
    """A works from day 1 to day 4, B's part lapses on day 2: the deal goes on day 4, for want of an answer."""
    a, b = {"role": "A", "work_hours": 72.0}, {"role": "B", "work_hours": 24.0}
    for log in both_orders(a, b, reps=[{"role": "A"}, {"role": "B", "leaves": "2027-01-05"}]):
        assert (log.deals["reason"][0], days(log.deal.closed)) == ("no_response", [log.start + 4.0])
        dropped = log.task.dropped[~np.isnan(log.task.dropped)]
        assert days(dropped) == [log.start + 2.0]


def test_a_deal_that_has_lapsed_is_not_lost_again_by_a_hand_over():
    """B's part lapses on day 2, the owner A leaves on day 3 with work in hand: the reason stays."""
    a, b = {"role": "A", "work_hours": 72.0}, {"role": "B", "work_hours": 24.0}
    for order in ((a, {**b, "parallel": True}), (b, {**a, "parallel": True})):
        log = simulate(model(
            stages=[stage("Open", tasks=[{"role": "A", "work_hours": 24.0}, *order], patience_days=1.0)],
            roles=[{"name": "A", "routing": "least_loaded", "handover_loss": 1.0}, {"name": "B", "routing": "pool"}],
            reps=[{"name": "Ann", "role": "A", "leaves": "2027-01-07"}, {"role": "B", "hired": "2028-01-01"}],
        ), opening=waiting({"owner": "Ann"}))  # fmt: skip
        assert log.deals["reason"].tolist() == ["no_response"]
        assert days(log.deal.closed - log.start) == [4.0]


def test_a_hand_over_takes_back_what_is_on_its_way():
    """The owner leaves on day 2; a part of B on its way would have been queued, and worked on, for a deal that is lost."""
    a, b = {"role": "A", "work_hours": 24.0}, {"role": "B", "work_hours": 24.0}
    for order in ((a, {**b, "parallel": True}), (b, {**a, "parallel": True})):
        log = simulate(model(
            handoff={"delay_days": 5.0},
            stages=[stage("Open", tasks=[{"role": "A", "work_hours": 12.0}, *order])],
            roles=[{"name": "A", "routing": "least_loaded", "handover_loss": 1.0}, {"name": "B", "routing": "pool"}],
            reps=[{"name": "Ann", "role": "A", "leaves": "2027-01-07"}, {"role": "B"}],
        ), opening=waiting({"owner": "Ann"}))  # fmt: skip
        assert log.deal.status.tolist() == [LOST]
        assert log.deals["reason"].tolist() == ["handover"]
        assert len(log.task.deal) == 2  # nothing of B was ever queued
        assert days(log.deal.closed - log.start) == [3.0]
