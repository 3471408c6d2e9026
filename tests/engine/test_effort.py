"""The effort rule against the reference table, and what it does in a run."""

from __future__ import annotations

import math

import numpy as np
import pytest
from engine_models import hours, model, simulate, stage, waiting, work

from simsales.engine import lower, rules
from simsales.engine.pay import average_rate, pay_rule
from simsales.model.compensation import CompPlan
from simsales.model.schema import Model

FINISHES = (0.6, 0.8, 1.0, 1.1, 1.3)
PLANS = {
    "flat 10 %": ({"rates": [{"rate": 0.10}]}, (1.00, 1.00, 1.00, 1.00, 1.00)),
    "7 % + bonus .03 at quota": (
        {"rates": [{"rate": 0.07}], "bonuses": [{"at": 1.0, "amount": 0.03}]}, (0.84, 0.97, 1.30, 1.19, 0.86),
    ),
    "0.01 % + bonus .10": (
        {"rates": [{"rate": 0.0001}], "bonuses": [{"at": 1.0, "amount": 0.10}]}, (0.50, 0.91, 1.80, 1.53, 0.50),
    ),
    "10 %, 20 % above quota": (
        {"rates": [{"upto": 1.0, "rate": 0.10}, {"rate": 0.20}]}, (1.00, 1.02, 1.22, 1.34, 1.41),
    ),
    "10 %, cap at 110 %": ({"rates": [{"rate": 0.10}], "cap": 1.1}, (1.00, 1.00, 0.89, 0.71, 0.50)),
}  # fmt: skip


def with_plan(plan: dict, **parts) -> Model:
    return model(plans={"std": {"quota": 1.0, **plan}}, **parts)


@pytest.mark.parametrize("name", PLANS)
def test_effort_is_that_of_the_reference_table(name):
    plan, expected = PLANS[name]
    m = with_plan(plan, effort={"reference_rate": 0.10})
    rule = pay_rule("std", m, m.plans["std"])
    got = [
        rules.effort(rules.marginal_pay(rule, finish, 0.12), rule.reference, 0.5, 0.5, 1.8)
        for finish in FINISHES
    ]
    assert [round(value, 2) for value in got] == list(expected)


def test_marginal_pay_is_the_slope_of_expected_pay():
    m = with_plan({"rates": [{"upto": 0.8, "rate": 0.05}, {"upto": 1.2, "rate": 0.1}, {"rate": 0.02}], "bonuses": [{"at": 1.0, "amount": 0.04}]})
    rule = pay_rule("std", m, m.plans["std"])

    def expected_pay(mean: float) -> float:
        z = (np.arange(-80_000, 80_001)) / 10_000.0
        x = mean + 0.15 * z
        pay = 0.05 * np.minimum(x, 0.8) + 0.1 * np.clip(x - 0.8, 0.0, 0.4) + 0.02 * np.maximum(x - 1.2, 0.0) + 0.04 * (x >= 1.0)
        return float((pay * np.exp(-z * z / 2)).sum() / np.exp(-z * z / 2).sum())

    for finish in (0.7, 1.0, 1.3):
        slope = (expected_pay(finish + 0.01) - expected_pay(finish - 0.01)) / 0.02
        assert rules.marginal_pay(rule, finish, 0.15) == pytest.approx(slope, rel=2e-3)


def test_the_reference_is_the_average_rate_at_quota_of_the_base_plan():
    plan = CompPlan(quota=100.0, rates=[{"upto": 0.5, "rate": 0.04}, {"rate": 0.10}], bonuses=[{"at": 1.0, "amount": 9.0}])
    assert average_rate(plan) == pytest.approx(0.07)
    base, changed = with_plan({"rates": [{"rate": 0.1}]}), with_plan({"rates": [{"rate": 0.3}]})
    assert pay_rule("std", changed, base.plans["std"]).reference == pytest.approx(0.1)


def test_bonuses_above_the_cap_are_never_paid():
    m = with_plan({"rates": [{"rate": 0.1}], "cap": 1.0, "bonuses": [{"at": 1.0, "amount": 1.0}, {"at": 1.2, "amount": 5.0}]})
    assert pay_rule("std", m, m.plans["std"]).bonuses == ((1.0, 1.0),)


def test_rates_end_where_the_last_one_says():
    m = with_plan({"rates": [{"upto": 1.5, "rate": 0.1}]})
    rule = pay_rule("std", m, m.plans["std"])
    assert (rule.rates, rule.bounds) == ((0.1, 0.0), (1.5,))


def test_the_projection_begins_at_quota_pace_and_follows_sales():
    assert rules.projected_finish(0.0, 100.0, 0.0, 90.0) == pytest.approx(100.0)
    assert rules.projected_finish(50.0, 100.0, 45.0, 90.0) == pytest.approx(100.0)
    # 80 sold in half the time: rate (80 + 10) / (45 + 9), 45 days left
    assert rules.projected_finish(80.0, 100.0, 45.0, 90.0) == pytest.approx(80.0 + 90.0 / 54.0 * 45.0)


ANN = {"name": "Ann", "role": "AE", "plan": "std"}


def busy(effort, plan) -> Model:
    """Ann, who had sold nothing in the first three days of the quarter when the run begins on 4 January."""
    return model(
        roles=[{"name": "AE"}], reps=[ANN | {"booked_before": 0.0}], plans={"std": {"quota": 100.0, "period": "quarter", **plan}},
        effort=effort, stages=[stage("Open", tasks=work(12.0))],
    )  # fmt: skip


def test_effort_scales_the_pace_of_work_and_can_be_off():
    flat = {"rates": [{"rate": 0.1}]}
    double = {"elasticity": 1.0, "reference_rate": 0.05, "maximum": 2.0}
    assert hours(simulate(busy(double, flat), opening=waiting({})), "ended") == [6.0]
    assert hours(simulate(busy("off", flat), opening=waiting({})), "ended") == [12.0]
    assert hours(simulate(busy(None, flat), opening=waiting({})), "ended") == [12.0]
    assert hours(simulate(busy({"elasticity": 0.3}, flat), opening=waiting({})), "ended") == [12.0]  # at reference


def test_effort_follows_what_the_rep_has_sold_so_far():
    capped = {"rates": [{"rate": 0.1}], "cap": 1.0}
    m = busy({"elasticity": 1.0, "minimum": 0.1, "reference_rate": 0.1, "horizon_sd": 0.01}, capped)
    log = simulate(m, opening=waiting({"amount": 900.0}, {"amount": 1.0}, {"amount": 1.0}))
    # nothing sold on 4 January: below quota, full pay; the second begins before the first is won
    assert log.task.work_hours.tolist() == pytest.approx([12.0, 12.0, 120.0])  # far above the cap at last


def test_attainment_begins_anew_in_each_period():
    capped = {"rates": [{"rate": 0.1}], "cap": 1.0, "period": "month"}
    m = busy({"elasticity": 1.0, "minimum": 0.1, "reference_rate": 0.1, "horizon_sd": 0.01}, capped)
    log = simulate(m, opening=waiting(*[{"amount": 900.0}] * 9))
    february = log.task.started >= 28.0
    assert log.task.work_hours[~february].tolist() == pytest.approx([12.0, 12.0, *[120.0] * 6][: (~february).sum()])
    assert log.task.work_hours[february][0] == pytest.approx(12.0)


def test_effort_moves_the_odds_of_advancing():
    flat = {"rates": [{"rate": 0.1}]}
    exits = [{"to": "won", "probability": 0.5, "delay_days": 1.0}, {"to": "lost", "probability": 0.5, "delay_days": 1.0}]
    m = busy({"elasticity": 1.0, "reference_rate": 0.05, "maximum": 2.0, "win_effect": 1.0}, flat).model_copy()
    m = Model(**{**{n: getattr(m, n) for n in Model.model_fields}, "stages": [{"name": "Open", "exits": exits}]})
    n = 4000
    log = simulate(m, opening=waiting(*[{"deal_id": f"x{i}", "p_waiting": 1.0, "amount": 0.0} for i in range(n)]))
    rate = float((log.deal.status == -1).mean())
    assert abs(rate - 2 / 3) < 3 * math.sqrt(2 / 9 / n)  # log-odds ln 2: odds 2 to 1


def test_a_rep_without_a_plan_makes_the_usual_effort():
    m = model(roles=[{"name": "AE"}], reps=[{"name": "Ann", "role": "AE"}], effort={"reference_rate": 0.01},
              plans={"std": {"quota": 100.0, "rates": [{"rate": 0.1}]}}, stages=[stage("Open", tasks=work(12.0))])  # fmt: skip
    assert hours(simulate(m, opening=waiting({})), "ended") == [12.0]
    assert lower(m).rep_pay.tolist() == [[-1]]


def test_a_win_handed_on_to_a_paid_closer_counts_toward_the_closers_quota():
    """The owner (an SDR without a plan) is not paid; the AE who worked last is, and so sees the attainment."""
    from engine_models import model, stage, work

    from simsales.engine import simulate

    def busy(cap: float | None) -> float:
        plan = {"quota": 1000.0, "rates": [{"rate": 0.1}], "cap": cap}
        m = model(
            channels=[{"name": "web", "leads_per_week": 14.0}],
            segments=[{"name": "all", "amount": 500.0}],
            roles=[{"name": "SDR"}, {"name": "AE"}],
            reps=[{"role": "SDR", "name": "Sue"}, {"role": "AE", "name": "Al", "plan": "p"}],
            plans={"p": plan},
            effort={"elasticity": 1.0, "minimum": 0.5, "maximum": 1.5},
            stages=[stage("Open", "Close", 0.0, tasks=work(1.0, "SDR")), stage("Close", "won", 0.0, tasks=work(4.0))],
        )
        log = simulate(m, seed=3, until="2027-03-31")
        mine = log.task.rep == 1
        return float(log.task.work_hours[mine].mean())

    assert busy(cap=1.0) > 1.3 * busy(cap=None)  # beyond a cap of 100 % there is nothing to work for


# thresholds, SPIFFs, penalties, ratchets ------------------------------------------------------------


def expected_pay(plan: CompPlan, mean: float, spread: float, quota: float = 1.0) -> float:
    """Return expected commission, bonuses and penalties at a normal finish, by plain summation on a grid."""
    z = np.arange(-80_000, 80_001) / 10_000.0
    x = mean + spread * z
    top = x if plan.cap is None else np.minimum(x, plan.cap * quota)
    pay, low = np.zeros_like(x), 0.0
    floor = (plan.threshold or 0.0) * quota if plan.threshold_from == "threshold" else 0.0
    for rate in plan.rates:
        high = np.inf if rate.upto is None else rate.upto * quota
        pay += rate.rate * np.maximum(np.minimum(top, high) - max(low, floor), 0.0)
        low = high
    if plan.threshold is not None:
        pay = np.where(top >= plan.threshold * quota, pay, 0.0)
    for bonus in plan.bonuses:
        pay += bonus.amount * (x >= bonus.at * quota)
    for penalty in plan.penalties:
        pay += penalty.amount * (x < penalty.at_below * quota)
    weight = np.exp(-z * z / 2)
    return float((pay * weight).sum() / weight.sum())


TIERS = [{"upto": 0.5, "rate": 0.04}, {"upto": 1.0, "rate": 0.08}, {"rate": 0.15}]
MORE_PLANS = {
    "threshold from the first unit": {"rates": TIERS, "threshold": 0.6},
    "threshold, only above": {"rates": TIERS, "threshold": 0.6, "threshold_from": "threshold"},
    "threshold and cap": {"rates": [{"rate": 0.1}], "threshold": 0.5, "cap": 1.1},
    "decelerator": {"rates": [{"upto": 1.0, "rate": 0.10}, {"rate": 0.04}]},
    "bonuses at 80 % and 120 %": {"rates": [{"rate": 0.05}], "bonuses": [{"at": 0.8, "amount": 0.01}, {"at": 1.2, "amount": 0.02}]},
    "penalty": {"rates": [{"rate": 0.05}], "penalties": [{"at_below": 0.7, "amount": -0.02}]},
}


@pytest.mark.parametrize("name", MORE_PLANS)
def test_marginal_pay_and_the_cost_of_quota_are_slopes_of_expected_pay(name):
    m = with_plan(MORE_PLANS[name])
    rule, plan, step = pay_rule("std", m, m.plans["std"]), m.plans["std"], 0.01
    for finish in (0.75, 0.9, 1.0, 1.2):
        slope = (expected_pay(plan, finish + step, 0.2) - expected_pay(plan, finish - step, 0.2)) / (2 * step)
        assert rules.marginal_pay(rule, finish, 0.2) == pytest.approx(slope, rel=5e-3, abs=2e-5)
        by_quota = (expected_pay(plan, finish, 0.2, 1.0 - step) - expected_pay(plan, finish, 0.2, 1.0 + step)) / (2 * step)
        assert rules.quota_cost(rule, finish, 0.2) == pytest.approx(by_quota, rel=5e-3, abs=2e-5)


def test_a_rule_with_another_quota_pays_as_the_plan_would_with_it():
    plan = {"rates": TIERS, "threshold": 0.6, "bonuses": [{"at": 1.0, "amount": 0.5}], "cap": 1.5}
    m, twice = with_plan(plan), model(plans={"std": {"quota": 2.0, **plan}})
    scaled, meant = rules.scaled(pay_rule("std", m, m.plans["std"]), 2.0), pay_rule("std", twice, twice.plans["std"])
    assert rules.marginal_pay(scaled, 1.7, 0.3) == pytest.approx(rules.marginal_pay(meant, 1.7, 0.3))


def test_the_average_rate_knows_a_threshold():
    # at quota: 50 x 4 % + 50 x 8 %; above the threshold only: 40 x 8 %; beyond it: nothing
    plans = [{"threshold": 0.6}, {"threshold": 0.6, "threshold_from": "threshold"}, {"threshold": 1.2}]
    rates = [average_rate(CompPlan(quota=100.0, rates=TIERS, **plan)) for plan in plans]
    assert rates == pytest.approx([0.06, 0.032, 0.0])


def test_the_cost_of_a_ratchet_is_what_the_next_quota_costs():
    bonus = {"rates": [{"rate": 0.05}], "bonuses": [{"at": 1.0, "amount": 0.1}], "ratchet": {"up": 0.5, "down": 0.2}}
    m = with_plan(bonus)
    rule = pay_rule("std", m, m.plans["std"])
    # half above, half below quota: weight 0.35; a bonus of 0.1 at a density of 0.39894 / 0.35
    assert rules.ratchet_cost(rule, 1.0, 0.1, 0.35) == pytest.approx(0.35 * 0.1 * 0.3989423 / 0.35)
    assert rules.ratchet_cost(rule, 9.0, 0.1, 0.35) == pytest.approx(0.50 * 0.1 * 0.3989423 / 0.35)
    flat = with_plan({"rates": [{"rate": 0.05}]})
    assert rules.ratchet_cost(pay_rule("std", flat, flat.plans["std"]), 1.0, 0.1, 0.35) == 0.0


ONE = {"elasticity": 1.0, "minimum": 0.1, "maximum": 10.0, "reference_rate": 0.1}


def first_pace(effort: dict, plan: dict, rep: dict | None = None, **parts) -> float:
    """Return the effort of the first task of a run that begins on 4 January."""
    m = model(
        roles=[{"name": "AE"}], reps=[ANN | (rep or {})], plans={"std": {"quota": 100.0, "period": "quarter", **plan}},
        effort=effort, stages=[stage("Open", tasks=work(12.0))], **parts,
    )  # fmt: skip
    return 12.0 / simulate(m, opening=waiting({})).task.work_hours[0]


@pytest.mark.parametrize(
    ("window", "pace"),
    [(("2027-01-01", "2027-01-31"), 1.5), (("2027-02-01", "2027-02-28"), 1.0), (("2026-12-01", "2027-01-04"), 1.5)],
)
def test_a_spiff_raises_effort_while_it_runs(window, pace):
    spiff = {"name": "s", "start": window[0], "until": window[1], "rate": 0.05}
    segments = [{"name": "all", "amount": 100.0}]
    assert first_pace(ONE, {"rates": [{"rate": 0.1}], "spiffs": [spiff]}, segments=segments) == pytest.approx(pace)


def test_a_sum_for_each_win_counts_by_the_mean_amount():
    spiff = {"name": "s", "start": "2027-01-01", "until": "2027-01-31", "amount_per_win": 10.0}
    segments = [{"name": "all", "amount": 100.0}]  # 10 on 100 is 10 %
    assert first_pace(ONE, {"rates": [{"rate": 0.1}], "spiffs": [spiff]}, segments=segments) == pytest.approx(2.0)


def test_what_was_booked_before_the_start_counts_toward_a_cap():
    capped = {"rates": [{"rate": 0.1}], "cap": 1.0}
    effort = ONE | {"horizon_sd": 0.01}
    assert first_pace(effort, capped, {"booked_before": 0.0}) == pytest.approx(1.0)
    assert first_pace(effort, capped) == pytest.approx(0.5)  # unknown: the period begins with the run, at quota pace
    assert first_pace(effort, capped, {"booked_before": 900.0}) == pytest.approx(0.1)


def test_reps_who_fear_the_ratchet_hold_back():
    plan = {"rates": [{"upto": 1.0, "rate": 0.1}, {"rate": 0.2}], "ratchet": {"up": 0.5, "down": 0.2}}
    careless, careful = (first_pace(ONE | {"ratchet_aversion": aversion}, plan) for aversion in (0.0, 1.0))
    assert careful < careless
    assert first_pace(ONE | {"ratchet_aversion": 1.0}, plan | {"ratchet": None}) == pytest.approx(careless)


def test_quotas_of_ones_own_scale_what_is_stated_as_attainment():
    tiers = {"rates": [{"upto": 1.0, "rate": 0.1}, {"rate": 0.3}]}
    effort = ONE | {"horizon_sd": 0.01}
    sold = {"booked_before": 150.0}
    assert first_pace(effort, tiers, sold) == pytest.approx(3.0)  # above a quota of 100
    assert first_pace(effort, tiers | {"quota": 1e4}, sold) == pytest.approx(1.0)


@pytest.mark.parametrize(("relief", "pace"), [(True, 3.0), (False, 1.0)])
def test_ramp_relief_brings_the_accelerator_nearer(relief, pace):
    from simsales.engine.effort import EffortState

    # a ramp of ten years: the mean of the first quarter is 0.01 + 0.99 x 45 / 3,652 = 0.022, the quota 222 of 10,000
    plan = {"quota": 1e4, "rates": [{"upto": 1.0, "rate": 0.1}, {"rate": 0.3}], "ramp_relief": relief}
    ann = ANN | {"hired": "2027-01-01", "ramp": {"months": 120.0, "start": 0.01}, "booked_before": 300.0}
    m = model(roles=[{"name": "AE"}], reps=[ann], plans={"std": plan}, effort=ONE | {"horizon_sd": 0.01})
    assert EffortState(lower(m, start="2027-03-01")).multiplier(0, 0, 60.0) == pytest.approx(pace)


def test_the_ratchet_of_a_run_moves_the_quota_after_each_period():
    from simsales.engine.effort import EffortState

    plan = {"quota": 100.0, "rates": [{"rate": 0.1}], "period": "month", "ratchet": {"up": 0.5, "down": 0.2}}
    m = model(roles=[{"name": "AE"}], reps=[ANN], plans={"std": plan}, effort=ONE)
    state = EffortState(lower(m, start="2027-01-01"))
    state.book(0, 130.0, 10.0)
    assert state.attainment(0, 20.0) == pytest.approx(1.3)
    state.book(0, 23.0, 40.0)  # February: quota 115
    assert state.attainment(0, 41.0) == pytest.approx(0.2)
    # March: 115 - 0.2 x 92 = 96.6; nothing sold in March: April 0.8 of it
    state.book(0, 96.6 * 0.8, 100.0)
    assert state.attainment(0, 101.0) == pytest.approx(1.0)
