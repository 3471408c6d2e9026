"""Surgery in a run: what changes nothing changes nothing deal by deal, and what is joined or shared takes its time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simsales.engine import simulate
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.process import Effects, Exit
from simsales.model.schema import Model
from tests.model.chain_reference import expected
from tests.model.surgery_strategies import SEGMENTS, processes
from tests.model.test_surgery import changed, changed_or_none

OPEN = {"hours": "00:00-24:00", "days": "mon-sun"}
BOT = {"bot": {"name": "bot"}}


def ends(log: Any) -> pd.DataFrame:
    """What became of every deal, and when, to the last bit."""
    return log.deals.set_index("deal_id")[["status", "reason", "closed_at", "amount", "owner"]]


def hours_in(log: Any, stage: str = "S") -> np.ndarray:
    stays = log.visits[log.visits["stage"] == stage].dropna(subset=["left_at"])
    return ((stays["left_at"] - stays["entered_at"]) / np.timedelta64(1, "h")).to_numpy()


# what changes nothing ---------------------------------------------------------------------------

RICH = Model.model_validate(
    {
        "epoch": "2027-01-04", "horizon_days": 120.0, "calendar": OPEN,
        "channels": [{"name": "web", "leads_per_week": 30.0, "segments": {"a": 0.5, "b": 0.5}}],
        "segments": [{"name": "a", "amount": {"uniform": {"low": 50.0, "high": 150.0}}}, {"name": "b", "amount": 100.0}],
        "stages": [
            {"name": "A", "tasks": [{"role": "P", "work_hours": {"gamma": {"mean": 5.0, "cv": 0.8}}}], "patience_days": 4.0, "effects": {"skill": 0.5},
             "exits": [{"to": "B", "probability": 0.7, "delay_days": {"exponential": {"mean": 3.0}}}, {"to": "lost", "probability": 0.3, "reason": "price"}],
             "contexts": [{"when": "segment == b", "exits": [{"to": "B", "probability": 1.0, "delay_days": 2.0}]}]},
            {"name": "B", "tasks": [{"role": "Q", "work_hours": 4.0}, {"role": "P", "work_hours": 2.0, "at": "end"}], "sla_days": 3.0,
             "contexts": [{"when": "previous == A and segment == a", "advance_logit": 0.5}],
             "exits": [{"to": "C", "probability": 0.8, "delay_days": 1.0}, {"to": "A", "probability": 0.2}]},
            {"name": "C", "when": "amount >= 80", "exits": [{"to": "won", "probability": 0.5, "then": "D", "delay_days": {"weibull": {"scale": 4.0, "shape": 0.8}}}, {"to": "lost", "probability": 0.5}]},
            {"name": "D", "after_sale": True, "exits": [{"to": "retained", "probability": 0.9, "delay_days": 9.0}, {"to": "churned", "probability": 0.1}]},
        ],
        "roles": [{"name": "P"}, {"name": "Q", "routing": "pool"}], "reps": [{"role": "P", "count": 3, "skill": 0.7}, {"role": "Q", "count": 2}],
        "handoff": {"delay_days": 0.2, "loss": 0.02}, "shocks": {"win_logit_quarter_sd": 0.2},
    }
)  # fmt: skip
NOTHING = {"exits": [{"to": "B", "probability": 1.0}], "name": "N", "max_visits": 1000}
NEUTRAL: dict[str, list[dict[str, Any]]] = {
    "a stage that does nothing": [{"add": {"after": "A", "stage": NOTHING}}],
    "a stage before the win that does nothing": [{"add": {"after": "C", "stage": NOTHING | {"exits": [{"to": "won", "probability": 1.0}]}}}],
    "a gate that does nothing, for some": [{"add": {"after": "B", "stage": NOTHING | {"when": "segment == b", "exits": [{"to": "C", "probability": 1.0}]}}}],
    "in and out": [{"add": {"after": "A", "stage": NOTHING}}, {"remove": {"stage": "N"}}],
    "to its own place": [{"reorder": {"stage": "C", "after": "B"}}],
    "a share of nothing": [{"automate": {"stage": "A", "share": 0.0, **BOT}}],
    "a tier for nobody": [{"approve": {"stage": "A", "tiers": [{"role": "Q", "when": "amount >= 1000000", "work_hours": 9.0}]}}],
    "the same spread": [{"standardise": {"path": "stages[*].exits[*].delay_days", "by": 1.0}}],
    "the same hand-off": [{"handoff": {"stage": "B", "loss": 0.02}}],
    "the same patience": [{"respond": {"stage": "A", "patience_days": 4.0}}],
}  # fmt: skip


@pytest.mark.parametrize("name", NEUTRAL)
def test_what_changes_nothing_changes_no_deal(name: str) -> None:
    before = ends(simulate(RICH, seed=5))
    after = ends(simulate(changed(RICH, *NEUTRAL[name]), seed=5))
    assert (before["status"] == "won").sum() > 20
    pd.testing.assert_frame_equal(before, after)


# work side by side --------------------------------------------------------------------------------


def stage_of(tasks: list[dict[str, Any]], **more: Any) -> Model:
    roles = [{"name": role, "routing": "pool"} for role in ("A", "B", "C")]
    return Model(
        epoch="2027-01-04", horizon_days=100.0, calendar=OPEN, channels=[{"name": "web", "leads_per_week": 14.0}],
        stages=[{"name": "S", "tasks": tasks, "exits": [{"to": "won", "probability": 1.0}]}], roles=roles,
        reps=[{"role": role["name"], "count": 30} for role in roles], **more,
    )  # fmt: skip


SIDE_BY_SIDE = [{"role": "A", "work_hours": 8.0}, {"role": "B", "work_hours": 8.0, "parallel": True}, {"role": "C", "work_hours": 6.0, "parallel": True}]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
@pytest.mark.parametrize("role", [None, "A", "B", "C"])
@pytest.mark.parametrize("at", ["start", "end"])
def test_a_bot_of_a_persons_speed_takes_no_longer_whatever_runs_beside(share: float, role: str | None, at: str) -> None:
    model = changed(stage_of([task | {"at": at} for task in SIDE_BY_SIDE]), {"automate": {"stage": "S", "share": share, "role": role, **BOT}})
    log = simulate(model, seed=1)
    assert np.allclose(hours_in(log), 8.0, atol=1e-6)
    done = log.tasks.dropna(subset=["ended_at"]).groupby("role")["work_hours"].sum() / log.deals["closed_at"].notna().sum()
    for each, hours in (("A", 8.0), ("B", 8.0), ("C", 6.0)):
        kept = hours * (1.0 - share if role in (None, each) else 1.0)
        assert done.get(each, 0.0) == pytest.approx(kept, rel=0.02, abs=1e-9)


def test_a_faster_bot_shortens_its_own_part_only() -> None:
    change = {"automate": {"stage": "S", "share": 0.5, "role": "A", "bot": {"name": "bot", "speed": 4.0}}}
    assert np.allclose(hours_in(simulate(changed(stage_of(SIDE_BY_SIDE[:2]), change), seed=1)), 8.0, atol=1e-6)  # B takes 8
    assert np.allclose(hours_in(simulate(changed(stage_of(SIDE_BY_SIDE[:1]), change), seed=1)), 1.0 + 4.0, atol=1e-6)


def test_what_goes_on_with_a_task_is_skipped_given_up_or_passed_like_any_other() -> None:
    chain = [{"role": "A", "work_hours": 4.0}, {"role": "A", "work_hours": 5.0, "continues": True, "when": "amount >= 1"},
             {"role": "A", "work_hours": 6.0, "continues": True}, {"role": "B", "work_hours": 2.0, "parallel": True}]  # fmt: skip
    assert np.allclose(hours_in(simulate(stage_of(chain), seed=1)), 10.0, atol=1e-6)
    late = stage_of(chain).stages[0].model_copy(update={"sla_days": 0.1, "escalate_to": "pass"})
    tight = [{"role": "A", "count": 1}, {"role": "B", "count": 30}, {"role": "C"}]
    base = stage_of(chain)
    passed = Model(**{name: getattr(base, name) for name in Model.model_fields} | {"stages": (late,), "reps": tight})
    log = simulate(passed, seed=1)
    spent = hours_in(log)
    assert spent.min() >= 2.4 - 1e-6
    assert (np.abs(spent - 2.4) < 1e-6).any()  # nobody had begun: passed at the breach
    assert spent.max() < 48.0


HOW = st.sampled_from([{}, {"parallel": True}, {"continues": True}])
WORK = st.tuples(st.sampled_from("ABC"), st.sampled_from([1.0, 2.0, 5.0]), HOW, st.sampled_from([None, None, "amount >= 999", "amount >= 1"]), st.sampled_from(["start", "end"]))


@settings(max_examples=30, deadline=None)
@given(st.lists(WORK, min_size=1, max_size=6), st.sampled_from([None, {"stage": "S", "share": 0.25, "role": "A", **BOT}]))
def test_a_stay_lasts_as_long_as_its_rows_of_tasks(work: list[tuple[Any, ...]], bot: dict[str, Any] | None) -> None:
    tasks: list[dict[str, Any]] = []
    for role, hours, how, when, at in work:
        first = all(task["at"] != at for task in tasks)
        tasks.append({"role": role, "work_hours": hours, "when": when, "at": at} | ({} if first else how))
    base = stage_of(tasks)
    assume(bot is None or any(task["role"] == "A" for task in tasks))
    model = base if bot is None else changed(base, {"automate": bot})
    spent = hours_in(simulate(model, seed=1, until=30.0))
    assert np.allclose(spent, 24.0 * expected(base, amount=0.0, segment="all").days, atol=1e-6)


@pytest.mark.parametrize("at", [20.03, 30.1, 41.7])
def test_a_row_of_tasks_goes_on_where_a_run_was_cut(at: float) -> None:
    row = [{"role": "A", "work_hours": hours, "continues": hours > 4.0} for hours in (4.0, 5.0, 6.0)]
    model = stage_of([*row, {"role": "B", "work_hours": 2.0, "parallel": True}])
    opening = simulate(model, seed=1, until=50.0).opening(at)
    after = simulate(model, seed=2, start=at, until=60.0, opening=opening).visits
    known = after[after["deal_id"].isin(opening["deal_id"])]
    assert len(known) == len(opening) > 0
    assert np.allclose((known["left_at"] - known["entered_at"]) / np.timedelta64(1, "h"), 15.0, atol=1e-6)


def test_a_bot_owns_no_deal_and_costs_no_hand_off() -> None:
    log = simulate(changed(RICH, {"automate": {"stage": "A", "share": 0.5, **BOT}}), seed=5)
    base = simulate(RICH, seed=5)
    assert set(log.deals["owner"].dropna()) <= {"P-01", "P-02", "P-03"}
    lost = [(each.deals["reason"] == "handoff").mean() for each in (base, log)]
    assert lost[1] == pytest.approx(lost[0], abs=3 * (lost[0] / len(base.deals)) ** 0.5)


# two stages as one ----------------------------------------------------------------------------------


def two_stages(**second: Any) -> Model:
    one = {"name": "Demo", "tasks": [{"role": "A", "work_hours": 1.0}], "effects": {"skill": 0.6},
           "exits": [{"to": "Legal", "probability": 0.5, "delay_days": 2.0}, {"to": "lost", "probability": 0.5, "reason": "need"}]}  # fmt: skip
    two = {"name": "Legal", "tasks": [{"role": "B", "work_hours": 3.0}], "effects": {"skill": 1.0}, "sla_days": 3.0,
           "exits": [{"to": "won", "probability": 0.5, "delay_days": 1.0}, {"to": "lost", "probability": 0.5, "reason": "terms"}]}  # fmt: skip
    return Model(
        epoch="2027-01-04", horizon_days=200.0, calendar=OPEN, channels=[{"name": "web", "leads_per_week": 70.0}], stages=[one, two | second],
        segments=[{"name": "all", "amount": 100.0, "advance_logit": -0.2}], shocks={"win_logit_quarter_sd": 0.3},
        roles=[{"name": "A", "routing": "round_robin"}, {"name": "B", "routing": "round_robin"}],
        reps=[{"role": "A", "name": f"A{i}", "skill": 2.0 * i - 1.0} for i in range(2)] + [{"role": "B", "name": f"B{i}", "skill": 1.5 - i} for i in range(3)],
    )  # fmt: skip


@pytest.mark.parametrize("second", [{}, {"effects": {"touch": {"logit": 0.5, "reference_hours": 2.0}}}, {"effects": {"score": 0.0}},
                                    {"contexts": [{"when": "amount >= 50", "advance_logit": 0.4}]}, {"when": "amount >= 50"}])  # fmt: skip
def test_side_by_side_the_odds_stay_whatever_decides_them(second: dict[str, Any]) -> None:
    model = two_stages(**second)
    if "when" in second:
        model = changed(model, {"set": {"path": "stages[Demo].exits[Legal].delay_days", "to": 0.0}})
    before, after = simulate(model, seed=1).deals, simulate(changed(model, {"parallel": {"stage": "Demo", "also": "Legal"}}), seed=1).deals
    closed = [(each["created_at"] < "2027-07-01") for each in (before, after)]
    rates = [(each["status"] == "won")[c].mean() for each, c in zip((before, after), closed, strict=True)]
    n = int(closed[0].sum())
    assert n > 1500
    assert rates[1] == pytest.approx(rates[0], abs=3.0 * (2.0 * rates[0] * (1.0 - rates[0]) / n) ** 0.5)
    reasons = [set(each["reason"].dropna()) for each in (before, after)]
    assert reasons[0] == reasons[1] == {"need", "terms"}


def test_the_skill_of_each_part_counts_for_its_own_decision() -> None:
    model = two_stages()
    people = tuple(rep.model_copy(update={"skill": 50.0 if rep.role == "B" else 0.0}) for rep in model.reps)
    sure = Model(**{name: getattr(model, name) for name in Model.model_fields} | {"reps": people})
    log = simulate(changed(sure, {"parallel": {"stage": "Demo", "also": "Legal"}}), seed=1)
    legal = log.visits[(log.visits["stage"] == "Legal") & log.visits["exit"].notna()]
    demo = log.visits[(log.visits["stage"] == "Demo") & log.visits["exit"].notna()]
    assert set(legal["exit"]) == {"won"}  # the skill of B decides there, and not in the demo
    assert 0.3 < (demo["exit"] == "Legal").mean() < 0.7


# contexts ---------------------------------------------------------------------------------------------


def test_all_deals_come_to_a_new_stage_whatever_their_context() -> None:
    model = changed(RICH, {"add": {"after": "A", "stage": {"name": "N", "exits": [{"to": "B", "probability": 1.0}]}}})
    visits = simulate(model, seed=1).visits
    left = visits[(visits["stage"] == "A") & (visits["exit"].isin(["B", "N"]))]
    assert set(left["exit"]) == {"N"}
    assert len(left) == (visits["stage"] == "N").sum() > 300


@pytest.mark.slow
@settings(max_examples=4, deadline=None)
@given(processes(previous=True))
def test_a_run_after_surgery_is_what_the_chain_says(model: Model) -> None:
    names = [each.name for each in model.stages if not each.after_sale]
    changes: list[dict[str, Any]] = [{"remove": {"stage": names[-1]}}, {"parallel": {"stage": names[0], "also": names[1]}},
               {"add": {"after": names[0], "stage": {"name": "N", "exits": [{"to": names[1], "probability": 0.7}, {"to": "lost", "probability": 0.3}]}}}]  # fmt: skip
    found = [after for change in changes if (after := changed_or_none(model, change)) is not None]
    assume(found)
    for after in found:
        chain = [expected(after, segment=segment, amount=100.0) for segment in SEGMENTS]
        p = sum(each.outcomes.get("won", 0.0) for each in chain) / 2.0
        deals = simulate(after, cases=1500, until=None, seed=3).deals
        assume(deals["closed_at"].notna().all())
        assert (deals["status"] == "won").mean() == pytest.approx(p, abs=4.0 * (max(p * (1.0 - p), 1e-4) / len(deals)) ** 0.5)


def test_a_dated_surgery_leaves_the_past_alone() -> None:
    change = {"remove": {"stage": "B", "start": "2027-03-01"}}
    before, after = simulate(RICH, seed=5), simulate(apply(Scenario(changes=[change]), RICH), seed=5)
    was = ends(before)
    old = was[was["closed_at"] < "2027-03-01"]
    pd.testing.assert_frame_equal(old, ends(after).loc[old.index])
    new = after.deals[after.deals["created_at"] >= "2027-03-01"]["deal_id"]  # who was in A goes on as it was there
    visits = after.visits[after.visits["deal_id"].isin(new)]
    assert "C" in set(visits["stage"])
    assert "B" not in set(visits["stage"])


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_the_skill_of_the_people_who_are_left_decides_and_not_that_of_a_bot(parallel: bool, share: float) -> None:
    tasks = [{"role": "A", "work_hours": 1.0}, {"role": "B", "work_hours": 1.0, "parallel": parallel}]
    base = stage_of(tasks)
    stage = base.stages[0].model_copy(update={"effects": Effects(skill=1.0), "exits": (Exit(to="won", probability=0.5), Exit(to="lost", probability=0.5))})
    sure = tuple(rep.model_copy(update={"skill": 60.0}) for rep in base.reps)
    model = Model(**{name: getattr(base, name) for name in Model.model_fields} | {"stages": (stage,), "reps": sure})
    after = changed(model, {"automate": {"stage": "S", "share": share, "role": "B", **BOT}})
    assert set(simulate(after, seed=1).deals["status"]) <= {"won", "open"}
