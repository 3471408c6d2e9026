"""Pilots hold for the deals of their condition only; transition dips slow work, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simsales.engine import lower, simulate
from simsales.engine.leads.pilots import regime_shares
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model

BASE = Model.model_validate(
    {
        "channels": [{"name": "网站", "leads_per_week": 14.0, "segments": {"smb": 0.5, "large": 0.5}}, {"name": "fair", "leads_per_week": 7.0, "segments": {"smb": 1.0}}],
        "segments": [{"name": "smb", "amount": {"uniform": {"low": 10, "high": 20}}}, {"name": "large", "amount": 500.0}],
        "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 0.5, "delay_days": 20.0}, {"to": "lost", "probability": 0.5, "delay_days": 20.0}]}],
        "horizon_days": 200.0,
    }
)  # fmt: skip


def run(*changes: dict[str, Any], base: Model = BASE) -> Any:
    return simulate(apply(Scenario(changes=list(changes)), base), seed=5)


def quick(**more: Any) -> dict[str, Any]:
    return {"set": {"path": "stages[Open].exits[*].delay_days", "to": 5.0} | more}


def days(log: Any) -> np.ndarray:
    return np.asarray((log.deals["closed_at"] - log.deals["created_at"]) / np.timedelta64(1, "D"))


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("segment == large", lambda d: d["segment"] == "large"),
        ("segment != large and channel == 网站", lambda d: (d["segment"] != "large") & (d["channel"] == "网站")),
        ("amount >= 15", lambda d: d["amount"] >= 15),
        ("amount >= 1亿", lambda d: d["segment"] == "nothing"),
    ],
)
def test_only_deals_of_the_condition_go_the_new_way(where: str, holds: Any) -> None:
    base, pilot = run(), run(quick(where=where))
    closed = pilot.deals["closed_at"].notna().to_numpy()
    expected = np.where(holds(pilot.deals), 5.0, 20.0)
    assert np.allclose(days(pilot)[closed], expected[closed])
    assert base.deals["created_at"].equals(pilot.deals["created_at"])
    assert base.deals["amount"].equals(pilot.deals["amount"])
    others = ~np.asarray(holds(pilot.deals))
    assert base.deals[others].equals(pilot.deals[others])


def test_a_later_change_for_all_does_not_spread_the_pilot() -> None:
    later = {"set": {"path": "stages[Open].exits[won].probability", "to": 1.0, "start": "2027-03-02"}}
    log = run(quick(where="segment == large", start="2027-02-01"), later)
    created = log.deal.created
    closed = log.deals["closed_at"].notna().to_numpy()
    large = (log.deals["segment"] == "large").to_numpy()
    assert np.allclose(days(log)[closed], np.where(large & (created >= 31.0), 5.0, 20.0)[closed])
    assert (log.deals["status"].to_numpy()[closed & (created >= 60.0)] == "won").all()


def test_a_pilot_that_half_of_its_deals_take_up_leaves_all_others_alone() -> None:
    log = run(quick(where="segment == large", adoption=0.5))
    closed = log.deals["closed_at"].notna().to_numpy()
    large = (log.deals["segment"] == "large").to_numpy()
    fast = np.isclose(days(log), 5.0)
    assert not fast[closed & ~large].any()
    n, k = int((closed & large).sum()), int((closed & large & fast).sum())
    assert abs(k / n - 0.5) < 3 * 0.5 / n**0.5


def test_a_new_stage_and_a_bot_may_be_piloted() -> None:
    work = {"tasks": [{"role": "AE", "work_hours": 1.0}]}
    stages = [BASE.model_dump(by_alias=True)["stages"][0] | work]
    base = Model.model_validate(BASE.model_dump(by_alias=True) | {"stages": stages, "roles": [{"name": "AE"}], "reps": [{"role": "AE", "count": 3}]})
    bot = {"automate": {"stage": "Open", "share": 1.0, "bot": {"name": "rpa"}, "where": "segment == large", "start": "2027-03-01"}}
    legal = {"add": {"after": "Open", "stage": {"name": "Legal", "exits": [{"to": "won", "probability": 1.0}]}, "where": "segment == smb"}}
    log = run(bot, legal, base=base)
    tasks = log.tasks.merge(log.deals[["deal_id", "segment", "created_at"]], on="deal_id")
    bots = tasks["role"] == "rpa"
    assert bots.any()
    assert (tasks[bots]["segment"] == "large").all()
    later = log.deals.merge(log.visits[log.visits["stage"] == "Legal"][["deal_id"]], on="deal_id")
    assert set(later["segment"]) == {"smb"}


WORK = Model.model_validate(
    {
        "channels": [{"name": "web", "leads_per_week": 3.0}],
        "stages": [{"name": "Open", "tasks": [{"role": "AE", "work_hours": 6.0}, {"role": "SE", "work_hours": 3.0}], "exits": [{"to": "won", "probability": 1.0}]}],
        "roles": [{"name": "AE", "concurrency": 100}, {"name": "SE", "concurrency": 100}],
        "reps": [{"role": "AE"}, {"role": "SE"}],
        "calendar": {"hours": "00:00-24:00", "days": "mon-sun"},
        "horizon_days": 120.0,
    }
)  # fmt: skip


def test_a_dip_slows_the_work_of_its_roles_and_fades_in_a_straight_line() -> None:
    dip = {"handoff": {"loss": 0.0, "start": "2027-02-01", "dip": {"depth": 0.4, "days": 40, "roles": ["AE"]}}}
    log = run(dip, base=WORK)
    ae = log.task.role == log.plan.roles.index("AE")
    started, hours = log.task.started, log.task.work_hours
    age = started - 31.0
    expected = np.where((age >= 0) & (age < 40), 6.0 / (1.0 - 0.4 * (1.0 - age / 40.0)), 6.0)
    assert np.allclose(hours[ae], expected[ae])
    assert (hours[ae] > 6.5).any()
    assert np.allclose(hours[~ae], 3.0)


def test_an_undated_dip_begins_with_the_run() -> None:
    log = simulate(apply(Scenario(changes=[{"handoff": {"loss": 0.0, "dip": {"depth": 0.5, "days": 1000}}}]), WORK), start="2027-02-01", until="2027-02-02", seed=3)
    if len(log.task.deal):
        assert log.task.work_hours[0] > 11.5
    first = run({"handoff": {"loss": 0.0, "dip": {"depth": 0.5, "days": 1000}}}, base=WORK)
    assert np.isclose(first.task.work_hours[0], 6.0 / (1 - 0.5 * (1 - first.task.started[0] / 1000.0)))


def test_a_change_for_all_does_not_end_the_ramp_of_another_one() -> None:
    ramp = {"set": {"path": "stages[Open].exits[*].delay_days", "to": 5.0, "start": "2027-02-01", "ramp_days": 100.0}}
    full = {"set": {"path": "stages[Open].exits[won].probability", "to": 1.0, "start": "2027-02-01"}}
    log = run(ramp, full)
    created, closed = log.deal.created, np.isfinite(log.deal.closed)
    fast = np.isclose(days(log), 5.0)
    for low, high in ((31.0, 71.0), (91.0, 131.0)):
        chosen = closed & (created >= low) & (created < high)
        expected = ((low + high) / 2 - 31.0) / 100.0
        assert abs(fast[chosen].mean() - expected) < 3 * 0.5 / chosen.sum() ** 0.5
    later = closed & (created >= 31.0)
    assert (log.deals["status"].to_numpy()[later] == "won").all()
    assert fast[closed & (created > 131.0)].all()


def test_two_partial_changes_meet_independently_or_on_one_day_together() -> None:
    one = {"set": {"path": "stages[Open].exits[*].delay_days", "to": 5.0, "adoption": 0.5, "start": "2027-01-02"}}
    two = {"set": {"path": "stages[Open].exits[won].probability", "to": 1.0, "adoption": 0.5}}
    for start, both in (("2027-01-03", 0.25), ("2027-01-02", 0.5)):
        log = run(one, {"set": {**two["set"], "start": start}})
        chosen = (log.deal.created >= 2.0) & (log.deal.created < 179.0)
        fast = np.isclose(days(log), 5.0)[chosen]
        won = (log.deals["status"] == "won").to_numpy()[chosen]
        n = int(chosen.sum())
        # the second one wins for sure, else half of the deals win anyway
        lost_fast = (fast & ~won).mean()
        assert abs(fast.mean() - 0.5) < 3 * 0.5 / n**0.5
        assert abs(lost_fast - (0.5 - both) * 0.5) < 3 * (0.11 / n) ** 0.5


def test_the_rate_of_leads_is_that_of_the_mix_of_regimes() -> None:
    half = {"scale": {"path": "channels[fair].leads_per_week", "by": 2.0, "adoption": 0.5, "start": "2027-01-02"}}
    more = {"scale": {"path": "channels[fair].leads_per_week", "by": 10.0, "start": "2027-01-03"}}
    plan = lower(apply(Scenario(changes=[half, more]), BASE))
    assert [round(share, 9) for share in regime_shares(plan, 0.5)] == [1.0, 0.0, 0.0, 0.0]
    assert [round(share, 9) for share in regime_shares(plan, 1.5)] == [0.5, 0.5, 0.0, 0.0]
    assert [round(share, 9) for share in regime_shares(plan, 5.0)] == [0.0, 0.0, 0.5, 0.5]
    fairs = (simulate(plan, seed=5).deals["channel"] == "fair").sum()
    # 7 a week x 10 x 1.5 = 15 a day for 198 days: 2970, and a little before
    assert abs(fairs - 2972) < 4 * 2972**0.5


@pytest.mark.parametrize("when", [{}, {"start": "2027-02-01"}, {"start": "2027-02-01", "ramp_days": 20}])
@pytest.mark.parametrize("nobody", [{"adoption": 0.0}, {"where": "amount > 1000000000"}])
def test_a_dip_of_a_change_that_nobody_takes_up_slows_nobody(when, nobody) -> None:
    change = {"handoff": {"loss": 0.0, "dip": {"depth": 0.5, "days": 90}, **when, **nobody}}
    assert (run(change, base=WORK).task.work_hours == run(base=WORK).task.work_hours).all()


def test_a_dip_slows_the_work_on_the_deals_that_take_the_change_up() -> None:
    quicker = {"scale": {"path": "stages[Open].exits[*].delay_days", "by": 0.25, "where": "segment == large", "adoption": 0.5,
                         "dip": {"depth": 0.5, "days": 1e6}}}  # fmt: skip
    stages = [BASE.model_dump(by_alias=True)["stages"][0] | {"tasks": [{"role": "AE", "work_hours": 1.0}]}]
    log = run(quicker, base=BASE.model_copy(update={"stages": stages, "roles": [{"name": "AE", "routing": "pool"}], "reps": [{"role": "AE", "count": 60}]}))
    slow, task = np.isclose(log.task.work_hours, 2.0, atol=1e-3), log.task
    adopted = log.deal.regime[task.deal] > 0
    assert 0 < adopted.sum() < (log.deals["segment"].to_numpy()[task.deal] == "large").sum()
    done = ~np.isnan(task.ended)
    assert (slow == adopted)[done].all()
    assert np.isclose(task.work_hours[done & ~adopted], 1.0).all()
