"""Pay and cost of simulated runs whose wins are known beforehand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from money_models import STANDARD, model, pay, pipeline

from simsales.engine import simulate
from simsales.facts import from_log
from simsales.kpi import table
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.money import pay_statements, run_cost
from simsales.money.cost import change_cost, lead_cost
from simsales.money.payroll import schedule, statements


def test_wins_are_paid_in_the_local_calendar_quarter_in_which_they_fall():
    # day 90 is 1 April: half a day before it is still the first quarter in Shanghai
    log = simulate(model(), opening=pipeline((10.0, 60_000.0, "Ada"), (89.5, 60_000.0, "Ada"), (90.5, 1_000.0, "Ada")))
    assert pay(log, "2027-Q1", "commission") == [9_000.0, 6_000.0]  # 90,000 at 10 %, 30,000 at 20 %
    assert pay(log, "2027-Q2", "commission") == [100.0]


def test_base_is_by_days_of_the_quarter():
    log = simulate(model(), opening=pipeline((1.0, 0.0, "Ada")))
    assert [pay(log, f"2027-Q{q}", "base")[0] for q in (1, 2, 3, 4)] == [9_000.0, 9_100.0, 9_200.0, 9_200.0]


def test_a_mid_quarter_hire_has_part_of_the_quota_and_of_the_base():
    reps = [{"name": "Ada", "role": "AE", "plan": "std", "hired": "2027-03-02"}]  # 30 of 90 days
    log = simulate(model(reps=reps), until="2027-03-31", cases=0)
    assert pay(log, "2027-Q1", "base") == [3_000.0]
    assert [pay.quota for _, pay in statements(from_log(log))] == [30_000]


def test_a_leaver_is_employed_up_to_the_day_before():
    reps = [{"name": "Ada", "role": "AE", "plan": "std", "leaves": "2027-02-10"}]
    terms = schedule(simulate(model(reps=reps), cases=0).plan, 365.0)
    assert [(t.period, t.days, t.share) for t in terms] == [("2027-Q1", 40, pytest.approx(40 / 90))]


def test_a_run_that_begins_within_a_quarter_has_its_part_of_the_quota():
    log = simulate(model(), start="2027-03-02", until="2027-03-31", opening=pipeline((10.0, 45_000.0, "Ada")))
    assert table(log)["quota_attainment"] == pytest.approx(1.5)
    assert pay(log, "2027-Q1", "commission") == [3_000.0, 3_000.0]  # 30,000 at 10 %, 15,000 at 20 %


def test_plans_by_month_and_year_have_their_own_periods():
    monthly = schedule(simulate(model(plans={"std": STANDARD | {"period": "month"}}), cases=0).plan, 59.0)
    yearly = schedule(simulate(model(plans={"std": STANDARD | {"period": "year"}}), cases=0).plan, 365.0)
    assert [(t.period, t.days) for t in monthly] == [("2027-01", 31), ("2027-02", 28)]
    assert [(t.period, t.share) for t in yearly] == [("2027", 1)]


def test_a_period_is_paid_by_the_plan_in_force_on_its_first_day():
    change = {"plan": {"name": "std", "rates": [{"rate": 0.5}], "start": "2027-04-01"}}
    timeline = apply(Scenario(changes=[change]), model())
    log = simulate(timeline, opening=pipeline((10.0, 10_000.0, "Ada"), (100.0, 10_000.0, "Ada")))
    assert pay(log, "2027-Q1", "commission") == [1_000.0]
    assert pay(log, "2027-Q2", "commission") == [5_000.0]


def test_a_rep_without_a_plan_is_not_paid():
    log = simulate(model(reps=[{"name": "Ada", "role": "AE"}]), opening=pipeline((10.0, 10_000.0, "Ada")))
    assert pay_statements(log).empty
    assert table(log)["cost"] == 0.0


def test_statement_rows_sum_to_commission_and_base_of_the_run():
    log = simulate(model(), opening=pipeline((10.0, 123_456.78, "Ada"), (120.0, 33.335, "Ada")))
    rows, cost = pay_statements(log), run_cost(from_log(log))
    assert cost.base == pytest.approx(rows.loc[rows["line"] == "base", "amount"].sum())
    assert cost.commission == pytest.approx(rows.loc[rows["line"] != "base", "amount"].sum())
    assert cost.commission == 9_000 + 6_691.36 + 3.33  # 33,456.78 at 20 % = 6,691.356; 33.335 at 10 % = 3.3335


def test_leads_cost_what_their_channel_costs():
    channels = [{"name": "web", "leads_per_week": 20.0, "cost_per_lead": 90.0},
                {"name": "展会", "leads_per_week": 5.0, "cost_per_lead": 400.0}]  # fmt: skip
    log = simulate(model(channels=channels), seed=2)
    counts = log.deals["channel"].value_counts()
    assert run_cost(from_log(log)).leads == pytest.approx(90 * counts["web"] + 400 * counts["展会"])


def test_a_change_of_the_price_of_leads_is_paid_as_it_is_taken_up():
    channels = [{"name": "web", "leads_per_week": 20.0, "cost_per_lead": 100.0}]
    change = {"set": {"path": "channels[web].cost_per_lead", "to": 200.0, "start": "2027-01-11", "ramp_days": 10.0,
                      "adoption": 0.5}}  # fmt: skip
    plan = simulate(apply(Scenario(changes=[change]), model(channels=channels)), cases=0).plan
    created = np.array([0.0, 10.0, 15.0, 20.0, 300.0])  # before, at the start, half way, done
    prices = [lead_cost(plan, np.zeros(1, dtype=int), created[i : i + 1]) for i in range(5)]
    assert prices == [100.0, 100.0, 125.0, 150.0, 150.0]


@pytest.mark.parametrize(
    ("start", "until", "expected"),
    [
        (None, "2027-12-31", 1_000 + 36_500),  # undated: from the start
        ("2027-03-02", "2027-12-31", 1_000 + 305 * 100),  # 60 days later
        ("2026-06-01", "2027-12-31", 36_500),  # begun before the run: paid once then
        ("2028-01-01", "2027-12-31", 0),
    ],
)
def test_changes_cost_once_and_by_the_day(start, until, expected):
    change = {"hire": {"role": "AE", "start": start, "cost": {"once": 1_000.0, "per_year": 36_500.0}}}
    log = simulate(apply(Scenario(changes=[change]), model()), until=until)
    assert change_cost(log.plan, log.until) == pytest.approx(expected)


def test_net_is_bookings_less_all_four_costs():
    change = {"hire": {"role": "AE", "cost": {"once": 5_000.0}}}
    timeline = apply(Scenario(changes=[change]), model())
    log = simulate(timeline, until="2027-03-31", opening=pipeline((10.0, 50_000.0, "Ada")))
    values = table(log)
    # base 9,000 for Ada and as much for the new AE, commission 5,000, the change 5,000
    assert values["cost"] == pytest.approx(9_000 + 9_000 + 5_000 + 5_000)
    assert values["net"] == pytest.approx(50_000 - 28_000)
    assert values["bookings"] == 50_000

SOLD = {
    "roles": [{"name": "SDR", "routing": "pool"}, {"name": "AE", "routing": "pool"}, {"name": "CS", "routing": "pool"}],
    "stages": [
        {"name": "Qualify", "tasks": [{"role": "SDR", "work_hours": 1.0}], "exits": [{"to": "Open", "probability": 1.0}]},
        {"name": "Open", "tasks": [{"role": "AE", "work_hours": 24.0}],
         "exits": [{"to": "won", "probability": 1.0, "then": "Care"}]},
        {"name": "Care", "after_sale": True, "tasks": [{"role": "CS", "work_hours": 24.0}],
         "exits": [{"to": "retained", "probability": 1.0}]},
    ],
}  # fmt: skip


def test_work_after_the_sale_does_not_earn_the_credit_of_the_win():
    reps = [{"name": "Sid", "role": "SDR"}, {"name": "Ada", "role": "AE", "plan": "std"}, {"name": "Cleo", "role": "CS", "plan": "std"}]
    fresh = pd.DataFrame([{"deal_id": "d", "stage": "Qualify", "age_days": 0.0, "p_waiting": 1.0, "amount": 9_000.0}])
    log = simulate(model(**SOLD, reps=reps), opening=fresh)
    assert log.tasks["rep"].tolist() == ["Sid", "Ada", "Cleo"]
    assert log.deals["owner"].tolist() == ["Sid"]  # who has no pay plan
    assert pay(log, "2027-Q1", "commission", "Ada") == [900.0]
    assert pay(log, "2027-Q1", "commission", "Cleo") == []


def test_work_after_the_sale_gets_no_part_of_a_split():
    plans = {"std": {**STANDARD, "splits": [{"role": "CS", "share": 0.5}]}}
    reps = [{"name": "Sid", "role": "SDR", "plan": "std"}, {"name": "Ada", "role": "AE"}, {"name": "Cleo", "role": "CS", "plan": "std"}]
    fresh = pd.DataFrame([{"deal_id": "d", "stage": "Qualify", "age_days": 0.0, "p_waiting": 1.0, "amount": 9_000.0}])
    log = simulate(model(**SOLD, reps=reps, plans=plans), opening=fresh)
    assert pay(log, "2027-Q1", "commission", "Sid") == [900.0]
    assert pay(log, "2027-Q1", "commission", "Cleo") == []
