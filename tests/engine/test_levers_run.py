"""Every kind of change reaches the simulation: a run shows what the change says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simsales.engine import simulate
from simsales.model.apply import apply
from simsales.model.levers import CHANGES, Scenario
from simsales.model.schema import Model

GAMMA = {"gamma": {"mean": 2.0, "cv": 1.0}}
BASE = Model.model_validate(
    {
        "name": "base",
        "channels": [{"name": "web", "leads_per_week": 21.0, "spend": {"per_week": 100.0, "most_leads_per_week": 20.0, "half_at": 100.0}}],
        "segments": [{"name": "all", "amount": {"uniform": {"low": 50.0, "high": 150.0}}}],
        "stages": [
            {"name": "Lead", "tasks": [{"role": "SDR", "work_hours": 1.0}], "exits": [{"to": "Demo", "probability": 0.6, "delay_days": GAMMA}, {"to": "lost", "probability": 0.4, "delay_days": GAMMA}]},
            {"name": "Demo", "tasks": [{"role": "AE", "work_hours": 2.0}, {"role": "SDR", "work_hours": 2.0}], "exits": [{"to": "审批", "probability": 0.7, "delay_days": 3.0}, {"to": "lost", "probability": 0.3}]},
            {"name": "审批", "when": "amount >= 100", "tasks": [{"role": "AE", "work_hours": 0.5}], "exits": [{"to": "Close", "probability": 1.0, "delay_days": 4.0}]},
            {"name": "Close", "exits": [{"to": "won", "probability": 0.8, "delay_days": 2.0}, {"to": "lost", "probability": 0.2}]},
        ],
        "roles": [{"name": "AE"}, {"name": "SDR"}],
        "reps": [{"role": "AE", "count": 3, "plan": "std"}, {"role": "SDR", "count": 2}],
        "plans": {"std": {"quota": 1000.0, "base": 10.0, "rates": [{"upto": 1.0, "rate": 0.05}, {"rate": 0.15}]}},
        "handoff": {"delay_days": 0.5, "loss": 0.1},
        "horizon_days": 180.0,
    }
)  # fmt: skip


def run(*changes: dict[str, Any]) -> Any:
    return simulate(apply(Scenario(changes=list(changes)), BASE), seed=3)


AS_IS = run()


def hours(log: Any, role: str, stage: str | None = None) -> float:
    tasks = log.tasks[log.tasks["role"] == role]
    return float((tasks if stage is None else tasks[tasks["stage"] == stage])["work_hours"].median())


def queued_apart(log: Any) -> Any:
    times = log.tasks[log.tasks["stage"] == "Demo"].groupby("deal_id")["queued_at"]
    return times.max() - times.min()


def visits(log: Any, stage: str) -> int:
    return int((log.visits["stage"] == stage).sum())


def wins(log: Any) -> int:
    return int((log.deals["status"] == "won").sum())


def lost_by(log: Any, reason: str) -> int:
    return int((log.deals["reason"] == reason).sum())


SHOWN: dict[str, tuple[dict[str, Any], Any]] = {
    "scale": ({"path": "channels[web].leads_per_week", "by": 2.0}, lambda log: len(log.deals) > 1.4 * len(AS_IS.deals)),
    "set": ({"path": "stages[Close].exits[won].probability", "to": 1.0}, lambda log: wins(log) > wins(AS_IS)),
    "standardise": (
        {"path": "stages[Lead].exits[*].delay_days", "by": 0.0},
        lambda log: set(np.round((log.visit.left - log.visit.entered)[(log.visit.stage == 0) & np.isfinite(log.visit.left)] % 1.0, 6).tolist()) != set(),
    ),
    "add": ({"after": "Demo", "stage": {"name": "Legal", "exits": [{"to": "审批", "probability": 1.0}]}}, lambda log: visits(log, "Legal") > 0),
    "remove": ({"stage": "审批"}, lambda log: "审批" not in set(log.visits["stage"])),
    "reorder": ({"stage": "审批", "after": "Lead"}, lambda log: visits(log, "审批") > visits(AS_IS, "审批")),
    "parallel": (
        {"stage": "Demo"},
        lambda log: queued_apart(log).max() == np.timedelta64(12, "h") < queued_apart(AS_IS).max(),  # the hand-off, not the work
    ),
    "automate": ({"stage": "Demo", "share": 0.5}, lambda log: np.isclose(hours(log, "AE", "Demo"), 1.0)),
    "approve": ({"stage": "审批", "when": "amount >= 149"}, lambda log: visits(log, "审批") < 0.2 * visits(AS_IS, "审批")),
    "respond": ({"stage": "Lead", "patience_days": 0.01}, lambda log: lost_by(log, "no_response") > 0 == lost_by(AS_IS, "no_response")),
    "handoff": ({"loss": 0.0}, lambda log: lost_by(log, "handoff") == 0 < lost_by(AS_IS, "handoff")),
    "hire": ({"role": "AE", "lead_days": 31}, lambda log: len(log.reps) == 6 and str(log.reps["hired_at"].max())[:10] == "2027-02-01"),
    "leave": ({"role": "AE", "start": "2027-03-01"}, lambda log: log.reps["left_at"].notna().sum() == 1),
    "attrition": ({"role": "AE", "per_year": 20.0, "replace": False}, lambda log: log.reps["left_at"].notna().sum() == 3),
    "retrain": (
        {"role": "AE", "speed": 2.0, "start": "2027-02-01"},
        lambda log: np.allclose(log.task.work_hours[(log.task.stage == 1) & (log.task.role == 0) & (log.task.started > 32.0)], 1.0),
    ),
    "route": ({"role": "SDR", "routing": "pool"}, lambda log: log.tasks["rep"].notna().any()),
    "plan": (
        {"name": "std", "rates": [{"upto": 1.0, "rate": 0.1}, {"rate": 0.3}]},
        lambda log: log.kpis()["commission"] == pytest.approx(2 * AS_IS.kpis()["commission"], abs=0.2),
    ),
    "effort": ({"elasticity": 1.0, "win_effect": 0.0}, lambda log: len(set(log.task.work_hours[(log.task.stage == 1) & (log.task.role == 0)].round(6).tolist())) > 2),
    "timing": ({"pull": 0.0, "push": 0.0, "deadline": 1.0, "weeks": 1.0}, lambda log: not log.deals["closed_at"].equals(AS_IS.deals["closed_at"])),
    "price": ({"by": 2.0}, lambda log: np.allclose(log.deal.amount, 2.0 * AS_IS.deal.amount)),
    "budget": ({"channel": "web", "spend_per_week": 0.0}, lambda log: len(log.deals) < len(AS_IS.deals)),
    "shock": ({"event": {"name": "slump", "start": "2027-01-01", "leads": 0.3}}, lambda log: len(log.deals) < 0.6 * len(AS_IS.deals)),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_a_run_shows_what_a_change_says(kind: str) -> None:
    body, shows = SHOWN[kind]
    assert shows(run({kind: body}))


DATED = [kind for kind in CHANGES if kind not in ("shock", "hire", "leave", "retrain", "timing", "effort")]


@pytest.mark.parametrize("kind", DATED)
def test_a_dated_change_leaves_the_past_alone(kind: str) -> None:
    body = {**SHOWN[kind][0], "start": "2027-04-01"}
    log = run({kind: body})
    was = AS_IS.deals[AS_IS.deals["closed_at"] < "2027-04-01"].set_index("deal_id")
    now = log.deals.set_index("deal_id").loc[was.index]
    assert now["closed_at"].equals(was["closed_at"])
    assert now["amount"].equals(was["amount"])
    assert now["status"].equals(was["status"])


def test_standardised_delays_keep_their_mean_and_lose_their_tail() -> None:
    log = run({"standardise": {"path": "stages[Lead].exits[*].delay_days", "by": 0.2}})

    def delays(each: Any) -> np.ndarray:
        ended = each.tasks[each.tasks["stage"] == "Lead"].set_index("deal_id")["ended_at"]
        left = each.visits[each.visits["stage"] == "Lead"].set_index("deal_id")["left_at"]
        return ((left - ended) / np.timedelta64(1, "D")).dropna().to_numpy()

    before, after = delays(AS_IS), delays(log)
    assert np.quantile(after, 0.9) < 0.75 * np.quantile(before, 0.9)
    assert abs(after.mean() - before.mean()) < 3 * before.std() / len(before) ** 0.5
    assert after.std() == pytest.approx(0.2 * before.std(), rel=0.2)


def test_a_bot_works_at_night_and_buyers_wait_as_long_as_before() -> None:
    log = run({"automate": {"stage": "Lead", "share": 1.0, "bot": {"name": "RPA", "speed": 10.0, "cost_per_year": 3650.0}}})
    tasks = log.tasks[log.tasks["role"] == "RPA"]
    started = tasks["started_at"].dt.hour
    assert ((started < 9) | (started >= 17)).mean() > 0.4  # leads come at all hours, and are worked on at once
    assert ((tasks["started_at"] - tasks["queued_at"]) == np.timedelta64(0)).all()
    assert np.allclose(tasks["work_hours"].dropna(), 0.1)
    assert not (log.tasks["stage"] == "Lead")[log.tasks["role"] == "SDR"].any()
    delay = log.visits[log.visits["stage"] == "Lead"].set_index("deal_id")["left_at"] - tasks.set_index("deal_id")["ended_at"]
    base = AS_IS.visits[AS_IS.visits["stage"] == "Lead"].set_index("deal_id")["left_at"] - AS_IS.tasks[AS_IS.tasks["stage"] == "Lead"].set_index("deal_id")["ended_at"]
    both = delay.dropna().index.intersection(base.dropna().index)
    assert np.allclose((delay[both] / np.timedelta64(1, "D")), (base[both] / np.timedelta64(1, "D")), atol=1e-6)
    assert log.kpis()["cost"] == pytest.approx(AS_IS.kpis()["cost"] - AS_IS.kpis()["commission"] + log.kpis()["commission"] + 3650.0 * 180 / 365)
