"""The effort rule against the table of DOMAIN 5.6, and what it does in a run."""

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
    rule = pay_rule("std", m, m)
    got = [
        rules.effort(rules.marginal_pay(rule, finish, 0.12), rule.reference, 0.5, 0.5, 1.8)
        for finish in FINISHES
    ]
    assert got == pytest.approx(expected, abs=0.0101)


def test_marginal_pay_is_the_slope_of_expected_pay():
    m = with_plan({"rates": [{"upto": 0.8, "rate": 0.05}, {"upto": 1.2, "rate": 0.1}, {"rate": 0.02}], "bonuses": [{"at": 1.0, "amount": 0.04}]})
    rule = pay_rule("std", m, m)

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
    assert pay_rule("std", changed, base).reference == pytest.approx(0.1)


def test_bonuses_above_the_cap_are_never_paid():
    m = with_plan({"rates": [{"rate": 0.1}], "cap": 1.0, "bonuses": [{"at": 1.0, "amount": 1.0}, {"at": 1.2, "amount": 5.0}]})
    assert pay_rule("std", m, m).bonuses == ((1.0, 1.0),)


def test_rates_end_where_the_last_one_says():
    m = with_plan({"rates": [{"upto": 1.5, "rate": 0.1}]})
    rule = pay_rule("std", m, m)
    assert (rule.rates, rule.bounds) == ((0.1, 0.0), (1.5,))


def test_the_projection_begins_at_quota_pace_and_follows_sales():
    assert rules.projected_finish(0.0, 100.0, 0.0, 90.0) == pytest.approx(100.0)
    assert rules.projected_finish(50.0, 100.0, 45.0, 90.0) == pytest.approx(100.0)
    # 80 sold in half the time: rate (80 + 10) / (45 + 9), 45 days left
    assert rules.projected_finish(80.0, 100.0, 45.0, 90.0) == pytest.approx(80.0 + 90.0 / 54.0 * 45.0)


ANN = {"name": "Ann", "role": "AE", "plan": "std"}


def busy(effort, plan) -> Model:
    return model(
        roles=[{"name": "AE"}], reps=[ANN], plans={"std": {"quota": 100.0, "period": "quarter", **plan}},
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
