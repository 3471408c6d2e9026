"""The stylised facts of sales organisations, each as a test of the engine with a tolerance from the standard error.

Facts 1, 2, 5 and 6 (linear funnel, non-linear world, closed forms, scarcity) are in ``test_queues``; 9 and 15 (effort table,
pay to the cent) in ``tests/engine/test_effort`` and ``tests/money/test_pay_table``; 16 (quota cascade) in
``tests/model/test_quota``. Fact 14 (cash) waits for invoices.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simsales.engine import EventLog, lower, run_plan, simulate
from simsales.engine.plan import LOST, OPEN, WON
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model
from simsales.survival import aalen_johansen

ALWAYS = {"hours": "00:00-24:00", "days": "mon-sun"}
Z90 = 1.2815515655446004


def lognormal(median: float, sigma: float) -> dict[str, Any]:
    return {"lognormal": {"median": median, "p90": median * math.exp(Z90 * sigma)}}


def exits(to: str, p: float, days: Any, lost_days: Any) -> list[dict[str, Any]]:
    return [{"to": to, "probability": p, "delay_days": days}, {"to": "lost", "probability": 1.0 - p, "delay_days": lost_days}]


def within(estimate: float, expected: float, error: float, times: float = 3.0) -> None:
    assert abs(estimate - expected) < times * error, f"{estimate:.4f} is not {expected:.4f} +- {times * error:.4f}"


# 3: stale deals --------------------------------------------------------------------------------------------


def test_3_a_mixture_of_live_and_dead_deals_makes_stale_deals_hopeless():
    """Constant hazards: live 1/60 and 1/120 a day, dead 1/3000 and 1/250; 30 % live."""
    live, dead = 1 / 60 + 1 / 120, 1 / 3000 + 1 / 250

    def stage(name: str, win: float, total: float) -> dict[str, Any]:
        law = {"exponential": {"mean": 1.0 / total}}
        return {"name": name, "exits": exits("won", win / total, law, law)}

    m = Model(
        calendar=ALWAYS, horizon_days=1200.0,
        channels=[{"name": "web", "leads_per_week": 20000.0, "entry": {"Live": 0.3, "Dead": 0.7}}],
        stages=[stage("Live", 1 / 60, live), stage("Dead", 1 / 3000, dead)],
    )  # fmt: skip
    log = simulate(m, seed=41, cases=40_000)
    age = np.where(np.isnan(log.deal.closed), np.inf, log.deal.closed - log.deal.created)
    won = log.deal.status == WON
    for at, ninety in ((0, 0.196), (30, 0.132), (60, 0.088), (90, 0.061), (180, 0.031), (365, 0.025)):
        still = age > at
        share = float((won & (age <= at + 90))[still].mean())
        within(share, ninety, math.sqrt(ninety * (1 - ninety) / still.sum()) + 0.0005 / 3)  # printed to 0.1 %
    assert (log.deal.stage[age > 365] == 1).mean() > 0.999


# 4: the naive win rate -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("growth", "naive"), [(0.0, (0.304, 0.343, 0.278)), (0.08, (0.352, 0.365, 0.253))])
def test_4_won_over_closed_is_biased_and_the_incidence_is_not(growth, naive):
    m = Model(
        calendar=ALWAYS, horizon_days=720.0,
        channels=[{"name": "web", "leads_per_week": 14.0, "trend_per_year": (1 + growth) ** (365.25 / 30) - 1}],
        stages=[{"name": "Open", "exits": exits("won", 0.3, lognormal(45, 0.7), lognormal(120, 0.9))}],
    )  # fmt: skip
    plan = lower(m)
    logs = [run_plan(plan, 42, r).deal for r in range(12 if growth == 0.0 else 4)]
    created = np.concatenate([deal.created for deal in logs])
    closed = np.concatenate([deal.closed for deal in logs])
    status = np.concatenate([deal.status for deal in logs])
    done = status != OPEN
    last = done & (closed >= 630.0)
    for estimate, printed, n in (
        ((status == WON)[last].mean(), naive[0], last.sum()),
        ((status == WON)[done].mean(), naive[1], done.sum()),
        ((status == WON).mean(), naive[2], len(status)),
    ):
        within(float(estimate), printed, math.sqrt(0.3 * 0.7 / n + 0.003**2))  # the fixture's own error is up to 0.3 %
    age = np.where(done, closed, 720.0) - created
    cause = np.where(status == WON, 1, np.where(status == LOST, 2, 0))
    curve = aalen_johansen(age, cause, n_causes=2)
    true = 0.3 * 0.5 * math.erfc(-math.log(300 / 45) / 0.7 / math.sqrt(2.0))
    within(float(curve.incidence(300.0)[0]), true, math.sqrt(true * (1 - true) / len(age)) * 1.3)
    assert (status == WON)[done].mean() > true + 0.03


# 7, 8: roles and gates -------------------------------------------------------------------------------------


def team(am: int, ts: int) -> Model:
    return Model(
        calendar=ALWAYS, horizon_days=400.0, channels=[{"name": "web", "leads_per_week": 70.0}],
        roles=[{"name": "AM"}, {"name": "TS"}],
        reps=[{"role": "AM", "count": am}, {"role": "TS", "count": ts}],
        stages=[{"name": "Demo", "tasks": [{"role": "AM", "work_hours": 4.0}, {"role": "TS", "work_hours": 6.0}],
                 "exits": [{"to": "won", "probability": 1.0}]}],
    )  # fmt: skip


def wins(log: EventLog) -> int:
    return int((log.deal.status == WON).sum())


def test_7_one_scarce_specialist_limits_everything():
    base, more_am, more_ts = (wins(simulate(team(*n), seed=43)) for n in ((2, 1), (6, 1), (2, 2)))
    assert base == pytest.approx(400 * 24 / 6, abs=3)  # one specialist, six hours a deal
    assert abs(more_am - base) <= 1
    assert more_ts > 1.8 * base


def gated(days: float) -> Model:
    return Model(
        channels=[{"name": "web", "leads_per_week": 30.0}], horizon_days=300.0,
        segments=[{"name": "all", "amount": {"lognormal": {"median": 40000, "p90": 90000}}}],
        stages=[
            {"name": "Talk", "exits": exits("Approval", 0.5, {"exponential": {"mean": 9.0}}, 20.0)},
            {"name": "Approval", "when": "amount >= 50000", "exits": [{"to": "Closing", "probability": 1.0, "delay_days": days}]},
            {"name": "Closing", "exits": exits("won", 0.7, {"exponential": {"mean": 5.0}}, 20.0)},
        ],
    )  # fmt: skip


def test_8_a_slow_approval_moves_gated_deals_only():
    quick, slow = (simulate(gated(days), seed=44) for days in (1.0, 6.0))
    free = quick.deal.amount < 50000
    np.testing.assert_array_equal(quick.deal.closed[free], slow.deal.closed[free])
    np.testing.assert_array_equal(quick.deal.status[free], slow.deal.status[free])
    passed = ~free & (quick.deal.status == WON) & (slow.deal.status == WON)
    np.testing.assert_allclose((slow.deal.closed - quick.deal.closed)[passed], 5.0, rtol=1e-9)
    assert 20 < passed.sum() < free.sum()


# 9, 10: pay and timing -------------------------------------------------------------------------------------


def paid(plan: dict[str, Any]) -> Model:
    """Twelve busy reps whose pace follows their pay."""
    return Model(
        calendar=ALWAYS, horizon_days=364.0, epoch="2027-01-01", channels=[{"name": "web", "leads_per_week": 700.0}],
        segments=[{"name": "all", "amount": 1000.0}], roles=[{"name": "AE"}],
        reps=[{"name": f"R{i}", "role": "AE", "speed": 0.4 + 0.1 * i, "plan": "p"} for i in range(12)],
        stages=[{"name": "Open", "tasks": [{"role": "AE", "work_hours": 8.0}], "exits": [{"to": "won", "probability": 1.0}]}],
        plans={"p": {"quota": 270_000.0, "period": "quarter", **plan}},
        effort={"elasticity": 0.5, "minimum": 0.5, "maximum": 1.8, "reference_rate": 0.1, "horizon_sd": 0.12, "win_effect": 0.0},
    )  # fmt: skip


def test_9_accelerators_sustain_caps_suppress_and_cliffs_make_some_give_up():
    flat = {"rates": [{"rate": 0.1}]}
    plans = {
        "flat": flat,
        "accelerator": {"rates": [{"upto": 1.0, "rate": 0.1}, {"rate": 0.2}]},
        "cap": flat | {"cap": 1.1},
        "cliff": {"rates": [{"rate": 0.0001}], "bonuses": [{"at": 1.0, "amount": 27_000.0}]},
    }
    sold = {name: simulate(paid(plan), seed=45) for name, plan in plans.items()}
    total = {name: wins(log) for name, log in sold.items()}
    assert total["accelerator"] > 1.02 * total["flat"] > 1.02 * total["cap"]
    by_rep = {name: np.bincount(log.deal.owner[log.deal.status == WON], minlength=12) for name, log in sold.items()}
    weak = slice(0, 2)
    assert by_rep["cliff"][weak].sum() < 0.8 * by_rep["flat"][weak].sum()  # far from quota: give up
    near, past = slice(4, 7), slice(8, 12)
    assert by_rep["cliff"][near].sum() > by_rep["flat"][near].sum()  # near it: sprint
    assert by_rep["cliff"][past].sum() < by_rep["flat"][past].sum()  # past it: coast
    assert by_rep["cap"][-3:].sum() < 0.9 * by_rep["flat"][-3:].sum()


def weekly(timing: dict[str, float] | None) -> tuple[np.ndarray, int]:
    """Wins by time in the quarter (days from its begin and to its end), over four years without the edges."""
    m = Model(
        calendar=ALWAYS, epoch="2027-01-01", horizon_days=1826.0, channels=[{"name": "web", "leads_per_week": 140.0}],
        stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0, "delay_days": {"uniform": {"low": 120.0, "high": 240.0}}}]}],
        **({"timing": timing} if timing else {}),
    )  # fmt: skip
    log = simulate(m, seed=46)
    moments = log.moments(log.deal.closed[log.deal.status == WON])
    quarter = moments.tz_localize(None).to_period("Q")
    inside = (quarter >= pd.Period("2028Q1")) & (quarter <= pd.Period("2031Q3"))
    since = ((moments.tz_localize(None) - quarter.start_time) / pd.Timedelta(days=1)).to_numpy()[inside]
    length = ((quarter.end_time - quarter.start_time) / pd.Timedelta(days=1)).to_numpy()[inside]
    settled = log.deal.created < 1400.0  # due, wherever its signature moves to, well before the horizon
    return np.column_stack([since, np.round(length) - since]), int((log.deal.status[settled] == WON).sum())


@pytest.mark.parametrize(
    ("timing", "last", "first"),
    [
        (None, 0.154, 0.154),
        ({"pull": 0.2}, 0.215, 0.123),
        ({"pull": 0.4, "push": 0.05}, 0.269, 0.108),
        ({"pull": 0.4, "push": 0.05, "deadline": 0.15}, 0.376, 0.094),
        ({"pull": 0.5, "push": 0.1, "deadline": 0.3}, 0.496, 0.085),
    ],
)
def test_10_timing_makes_the_hockey_stick_and_the_hole_after_it(timing, last, first):
    times, total = weekly(timing and {"weeks": 4, **timing})
    n = len(times)
    thirteen = 91.0 / 91.3  # the table counts 13 weeks, a quarter has 91.3 days
    within(float((times[:, 1] <= 14).mean()), last * thirteen, math.sqrt(last * (1 - last) / n) + 0.001)
    within(float((times[:, 0] <= 14).mean()), first * thirteen, math.sqrt(first * (1 - first) / n) + 0.001)
    _, without = weekly(None)
    assert total == without  # timing moves signatures; it wins and loses none


def test_10_effort_alone_leaves_the_weeks_flat():
    log = simulate(paid({"rates": [{"upto": 1.0, "rate": 0.1}, {"rate": 0.2}]}), seed=47)
    closed = log.moments(log.deal.closed[log.deal.status == WON]).tz_localize(None)
    day = np.asarray((closed - closed.to_period("Q").start_time) / pd.Timedelta(days=1))
    assert 0.20 < float((day >= 70).mean()) < 0.26  # the last 3 of 13 weeks: 23 % if flat


# 11: people come and go ------------------------------------------------------------------------------------


def occupied(rate: float, vacancy: float, days: float, step: float = 0.5) -> float:
    """Mean share of time in which a chair is taken that is taken at first: A(t) = e^(-at) + int a e^(-as) A(t - s - v) ds."""
    t = np.arange(0.0, days, step)
    leaving = rate * np.exp(-rate * t) * step
    taken, late = np.exp(-rate * t), round(vacancy / step)
    for i in range(late, len(t)):
        taken[i] += leaving[: i - late + 1] @ taken[i - late :: -1][: i - late + 1]
    return float(taken.mean())


def test_11_attrition_and_ramp_leave_a_gap_against_full_employment():
    """Somebody sits in a chair for 1 / hazard on average, then it is empty for the vacancy."""
    n, hazard, vacancy, days = 20, 0.5, 90.0, 3 * 365.0
    full: dict[str, Any] = {
        "calendar": ALWAYS, "horizon_days": days, "channels": [{"name": "web", "leads_per_week": 280.0}],
        "roles": [{"name": "AE", "routing": "pool"}], "reps": [{"role": "AE", "count": n, "hired": "2020-01-01"}],
        "stages": [{"name": "Open", "tasks": [{"role": "AE", "work_hours": 24.0}], "patience_days": 0.5,
                    "exits": [{"to": "won", "probability": 1.0}]}],
    }  # fmt: skip
    leaving = full | {"attrition": {"AE": {"per_year": hazard, "vacancy_days": vacancy, "ramp": {"months": 6, "start": 0.05}}}}
    a, b = simulate(Model(**full), seed=48), simulate(Model(**leaving), seed=48)
    here = np.clip(np.minimum(b.rep_left, days) - np.maximum(b.rep_hired, 0.0), 0.0, None).sum() / (n * days)
    expected = occupied(hazard / 365.25, vacancy, days)
    spread = math.sqrt(hazard * days / 365.25 * n) * vacancy / (n * days)
    within(here, expected, spread)
    assert wins(a) == pytest.approx(n * days, rel=0.02)
    assert wins(b) < here * wins(a)  # the ramp costs more on top of the empty chairs


# 12, 13: response and scoring ------------------------------------------------------------------------------


def answered(count: int, **parts: Any) -> Model:
    stage: dict[str, Any] = {
        "name": "Inbound", "tasks": [{"role": "SDR", "work_hours": 2.0}], "exits": exits("won", 0.3, 5.0, 9.0),
        "effects": {"response": {"k": 1.3, "tau_hours": 1.0, "kept": 0.5}},
    }  # fmt: skip
    return Model(
        calendar=ALWAYS, horizon_days=200.0, channels=[{"name": "web", "leads_per_week": 70.0}],
        roles=[{"name": "SDR", "routing": "pool", **parts}], reps=[{"role": "SDR", "count": count}], stages=[stage],
    )  # fmt: skip


def test_12_a_faster_answer_helps_only_leads_that_were_waiting():
    one, two, ten = (simulate(answered(n), seed=49) for n in (1, 2, 10))
    n = min(len(one.deal.created), len(two.deal.created))
    same = one.deal.response[:n] == two.deal.response[:n]
    assert 0.1 < same.mean() < 0.9
    differs = one.deal.status[:n] != two.deal.status[:n]
    assert not differs[same].any()
    ended = differs & (one.deal.status[:n] != OPEN) & (two.deal.status[:n] != OPEN)
    sooner = two.deal.response[:n] < one.deal.response[:n]
    assert ended.sum() > 10
    np.testing.assert_array_equal(two.deal.status[:n][ended] == WON, sooner[ended])  # who is answered sooner can only gain
    assert wins(two) > wins(one)
    assert ten.deal.response[~np.isnan(ten.deal.response)].max() == 0.0
    np.testing.assert_array_equal(ten.deal.status, simulate(answered(20), seed=49).deal.status)


def scored(count: int, queue: str) -> Model:
    stage: dict[str, Any] = {
        "name": "Call", "tasks": [{"role": "SDR", "work_hours": 4.0}], "patience_days": 3.0, "effects": {"score": 1.0},
        "exits": exits("won", 0.25, 5.0, 9.0),
    }  # fmt: skip
    return Model(
        calendar=ALWAYS, horizon_days=300.0, channels=[{"name": "web", "leads_per_week": 84.0}],
        roles=[{"name": "SDR", "routing": "pool", "queue": queue}], reps=[{"role": "SDR", "count": count}], stages=[stage],
        scoring={"factors": [{"name": "fit", "weight": 1.0, "law": {"uniform": {"low": 0.0, "high": 4.0}}}]},
    )  # fmt: skip


def test_13_scoring_helps_only_under_scarcity():
    scarce = [wins(simulate(scored(1, queue), seed=50)) for queue in ("fifo", "score")]
    ample = [wins(simulate(scored(12, queue), seed=50)) for queue in ("fifo", "score")]
    assert ample[0] == ample[1]
    assert scarce[1] - scarce[0] > 3 * math.sqrt(scarce[0])


# 17, 18: forecasts -----------------------------------------------------------------------------------------


def pipeline() -> Model:
    return Model(
        calendar=ALWAYS, epoch="2027-01-01", horizon_days=1500.0, channels=[{"name": "web", "leads_per_week": 40.0}],
        stages=[
            {"name": "Talk", "exits": exits("Offer", 0.5, {"gamma": {"mean": 40.0, "cv": 0.4}}, lognormal(60, 0.8))},
            {"name": "Offer", "exits": exits("won", 0.5, {"gamma": {"mean": 50.0, "cv": 0.4}}, lognormal(70, 0.8))},
        ],
    )  # fmt: skip


def test_17_a_warm_start_that_keeps_time_in_stage_beats_a_cold_one():
    world = simulate(pipeline(), seed=51)
    truth, warm, cold = [], [], []
    for origin in range(300, 1350, 75):
        t = float(origin)
        open_ = (world.deal.created < t) & ~(world.deal.closed < t)
        stay = (world.visit.entered < t) & ~(world.visit.left < t)
        deals = pd.DataFrame({
            "deal_id": [f"d{d}" for d in world.visit.deal[stay]],
            "stage": [world.plan.stages[s] for s in world.visit.stage[stay]], "age_days": t - world.visit.entered[stay],
        })  # fmt: skip
        assert len(deals) == open_.sum()
        closed = world.deal.closed
        truth.append(int(((world.deal.status == WON) & (closed >= t) & (closed < t + 30.0) & (world.deal.created < t)).sum()))
        for found, table in ((warm, deals), (cold, deals.assign(age_days=0.0))):
            plan = lower(pipeline(), start=t, until=t + 30.0, opening=table)
            runs = [run_plan(plan, 52, r).deal for r in range(5)]
            found.append(float(np.mean([((deal.status == WON) & deal.opening).sum() for deal in runs])))
    actual, kept, fresh = np.array(truth), np.array(warm), np.array(cold)
    error = math.sqrt(actual.sum()) * 1.1  # counts of wins, and the replications' own error
    within(kept.sum(), actual.sum(), error)
    assert abs(fresh.sum() - actual.sum()) > 3 * error
    assert np.abs(kept - actual).mean() < np.abs(fresh - actual).mean()


def test_18_without_a_shared_shock_bands_are_too_narrow_and_with_it_they_hold():
    """400 wins a quarter, amounts of CV 1, a common effect of 10 %: a nominal 80 % band covers 54 %."""
    parts: dict[str, Any] = {
        "calendar": ALWAYS, "epoch": "2027-01-01", "horizon_days": 90.0,
        "channels": [{"name": "web", "leads_per_week": 400 * 7 / 90}],
        "segments": [{"name": "all", "amount": {"lognormal": {"mean": 1000.0, "cv": 1.0}}}],
        "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}],
    }  # fmt: skip
    without, with_ = Model(**parts), Model(**parts, shocks={"amount_quarter_cv": 0.1})

    def bookings(model: Model, seed: int, n: int) -> np.ndarray:
        plan = lower(model)
        return np.array([run_plan(plan, seed, r).deal.amount.sum() for r in range(n)])

    truth = bookings(with_, 53, 250)
    for model, expected in ((without, 0.54), (with_, 0.80)):
        low, high = np.quantile(bookings(model, 54, 400), [0.1, 0.9])
        covered = float(((truth >= low) & (truth <= high)).mean())
        within(covered, expected, math.sqrt(expected * (1 - expected) * (1 / 250 + 1 / 400)))


def test_scenarios_of_the_same_seed_share_every_draw():
    change = Scenario(changes=[{"scale": {"path": "stages[Closing].exits[won].delay_days", "by": 2.0}}])
    base, other = simulate(gated(1.0), seed=55), simulate(apply(change, gated(1.0)), seed=55)
    np.testing.assert_array_equal(base.deal.amount, other.deal.amount)
