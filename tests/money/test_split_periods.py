"""A plan holds from its day on, for pay and effort alike: periods are split by days, and nothing is paid twice."""

from __future__ import annotations

import pandas as pd
import pytest
from money_models import STANDARD, model, pay, pipeline

from simsales.describe import unearned
from simsales.engine import lower, simulate
from simsales.engine.effort import EffortState
from simsales.engine.payday import part_at
from simsales.experiment import compare
from simsales.facts import from_log
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model
from simsales.money import pay_statements
from simsales.money.payroll import schedule, statements


def changed(m: Model, **fields):
    """The model with its plan changed."""
    return apply(Scenario(changes=[{"plan": {"name": "std", **fields}}]), m)


def total(log) -> float:
    return float(pay_statements(log)["amount"].sum())


# the days ------------------------------------------------------------------------------------------


def test_a_change_inside_a_period_is_paid_from_its_day_on():
    # Q1 has 90 days; from 15 February (day 45) on the rate is 30 % and the base twice as much
    log = simulate(changed(model(plans={"std": STANDARD | {"rates": [{"rate": 0.1}]}}), start="2027-02-15", base=73_000.0, rates=[{"rate": 0.3}]),
                   until="2027-03-31", opening=pipeline((44.5, 1_000.0, "Ada"), (45.5, 1_000.0, "Ada")))  # fmt: skip
    assert pay(log, "2027-Q1", "commission") == [100.0, 300.0]
    assert pay(log, "2027-Q1", "base") == [4_500.0, 9_000.0]
    rows = pay_statements(log)
    assert list(dict.fromkeys(zip(rows["from"], rows["until"], strict=True))) == [("2027-01-01", "2027-02-14"), ("2027-02-15", "2027-03-31")]


def test_each_part_has_its_days_of_quota_and_of_lump_sums():
    plan = {"quota": 90_000.0, "rates": [{"upto": 1.0, "rate": 0.1}, {"rate": 0.2}], "bonuses": [{"at": 1.0, "amount": 900.0}],
            "penalties": [{"at_below": 0.5, "amount": -90.0}]}  # fmt: skip
    # 30 days with a quota of 30,000, 60 with one of 60,000: 31,000 in the first part, 20,000 in the second
    log = simulate(changed(model(plans={"std": plan}), start="2027-01-31", draw={"amount_per_period": 0.01}),
                   until="2027-03-31", opening=pipeline((5.0, 31_000.0, "Ada"), (50.0, 20_000.0, "Ada")))  # fmt: skip
    assert [float(each.quota) for _, each in statements(from_log(log))] == [30_000.0, 60_000.0]
    assert pay(log, "2027-Q1", "commission") == [3_000.0, 200.0, 2_000.0]
    assert pay(log, "2027-Q1", "bonus") == [300.0]  # 30 of 90 days
    assert pay(log, "2027-Q1", "penalty") == [-60.0]  # 60 of 90 days


def test_a_day_later_is_a_day_less():
    """Total pay is linear in the day of the change where each day sells the same."""
    deals = pipeline(*[(day + 0.5, 1_000.0, "Ada") for day in range(90)])
    plan = {"base": 36_500.0, "quota": 90_000.0, "rates": [{"rate": 0.1}]}
    paid = [
        total(simulate(changed(model(plans={"std": plan}), start=start, base=73_000.0, rates=[{"rate": 0.3}]), until="2027-03-31", opening=deals))
        for start in ("2027-01-01", "2027-01-02", "2027-01-03", "2027-02-15", "2027-03-31")
    ]
    assert paid == [90 * 500.0, 90 * 500.0 - 300.0, 90 * 500.0 - 600.0, 45 * 700.0, 90 * 200.0 + 300.0]


def test_a_change_that_is_no_change_of_pay_splits_nothing():
    plan = {"std": STANDARD | {"bonuses": [{"at": 1.0, "amount": 500.0}]}}
    more = apply(Scenario(changes=[{"scale": {"path": "channels[web].leads_per_week", "by": 2.0, "start": "2027-02-15"}}]), model(plans=plan))
    assert schedule(lower(more), 365.0) == schedule(lower(model(plans=plan)), 365.0)


@pytest.mark.parametrize("path", ["plans[std].rates[0].rate", "plans[std].base", "quotas.total"])
def test_plans_that_change_by_a_path_are_split_too(path):
    m = model(plans={"std": STANDARD | {"rates": [{"rate": 0.1}]}}, quotas={"total": 1e5})
    later = apply(Scenario(changes=[{"scale": {"path": path, "by": 2.0, "start": "2027-02-15"}}]), m)
    assert [(t.period, t.days) for t in schedule(lower(later, until="2027-06-30"), 181.0)] == [("2027-Q1", 45), ("2027-Q1", 45), ("2027-Q2", 91)]


def test_hires_and_leavers_have_their_days_of_each_part():
    reps = [{"name": "Ada", "role": "AE", "plan": "std", "hired": "2027-01-11", "leaves": "2027-03-02"}]
    plan = changed(model(reps=reps), start="2027-02-10", bonuses=[{"at": 1.0, "amount": 5.0}])
    found = schedule(lower(plan), 365.0)
    # 30 and 20 of 50 days employed; of 90 days of the quarter
    assert [(t.days, float(t.share), float(t.lump)) for t in found] == [
        (30, pytest.approx(30 / 90), 0.6), (20, pytest.approx(20 / 90), 0.4),
    ]  # fmt: skip


def test_a_ratchet_looks_at_the_whole_period_once():
    plan = {"quota": 90_000.0, "rates": [{"rate": 0.1}], "ratchet": {"up": 0.5, "down": 0.2}}
    split = changed(model(plans={"std": plan}), start="2027-02-15", rates=[{"rate": 0.2}])
    log = simulate(split, opening=pipeline((10.0, 110_000.0, "Ada"), (60.0, 20_000.0, "Ada")))
    # 130,000 of 90,000 in the quarter: 110,000 from April on; nothing then: 0.8 of it, and again
    assert [float(each.quota) for _, each in statements(from_log(log))] == [45_000.0, 45_000.0, 110_000.0, 88_000.0, 70_400.0]


def carried_on(day: str, **rep):
    """Ada in a run that begins inside the first quarter, of which something is known."""
    m = model(reps=[{"name": "Ada", "role": "AE", "plan": "std", **rep}], plans={"std": STANDARD | {"base": 0.0}})
    return simulate(m, start=day, until="2027-03-31", opening=pipeline((10.0, 20_000.0, "Ada")))


def test_a_period_that_the_run_goes_on_with_is_paid_from_where_it_stands():
    # 80,000 of 90,000 sold before 15 February: the next 10,000 at 10 %, the other 10,000 at 20 %
    log = carried_on("2027-02-15", booked_before=80_000.0)
    (_, statement), *_ = statements(from_log(log))
    assert (float(statement.quota), float(statement.credited)) == (90_000.0, 100_000.0)
    assert total(log) == 9_000.0 + 2_000.0 - 8_000.0
    assert pay(log, "2027-Q1", "before") == [-8_000.0]
    # nothing sold before: the whole quota is ahead; nothing known: that of the 45 days
    assert total(carried_on("2027-02-15", booked_before=0.0)) == 2_000.0
    assert [float(each.quota) for _, each in statements(from_log(carried_on("2027-02-15")))] == [45_000.0]
    # hired in January: 75 of 90 days
    hired = carried_on("2027-02-15", booked_before=80_000.0, hired="2027-01-16")
    assert [float(each.quota) for _, each in statements(from_log(hired))] == [75_000.0]
    assert total(hired) == 20_000 * 0.2


@pytest.mark.parametrize("cut", ["2027-01-20", "2027-02-15", "2027-03-30"])
def test_pay_of_a_run_that_is_cut_is_that_of_the_whole(cut):
    plan = {"base": 36_500.0, "quota": 50_000.0, "rates": [{"upto": 0.5, "rate": 0.04}, {"upto": 1.0, "rate": 0.1}, {"rate": 0.2}],
            "bonuses": [{"at": 0.3, "amount": 111.0}, {"at": 1.0, "amount": 500.0}], "penalties": [{"at_below": 1.2, "amount": -50.0}]}  # fmt: skip
    deals = [(day + 0.5, 500.0, "Ada") for day in range(90)]
    whole = simulate(model(plans={"std": plan}), until="2027-03-31", opening=pipeline(*deals))
    at = float((pd.Timestamp(cut) - pd.Timestamp("2027-01-01")).days)
    sold = 500.0 * sum(day < at for day, _, _ in deals)
    rep = {"name": "Ada", "role": "AE", "plan": "std", "booked_before": sold}
    rest = [(day - at, amount, who) for day, amount, who in deals if day > at]
    second = simulate(model(plans={"std": plan}, reps=[rep]), start=cut, until="2027-03-31", opening=pipeline(*rest))
    earned = 0.04 * min(sold, 25_000.0) + 0.1 * max(sold - 25_000.0, 0.0) + 111.0 * (sold >= 15_000.0)
    assert total(second) == pytest.approx(total(whole) - earned - 100.0 * at)


# what is taken back --------------------------------------------------------------------------------

SWITCHES = {
    "no change": [],
    "month to quarter": [{"period": "quarter", "quota": 30_000.0, "start": "2027-02-01"}],
    "month to quarter inside a month": [{"period": "quarter", "quota": 30_000.0, "start": "2027-02-13"}],
    "month to year and back": [{"period": "year", "quota": 120_000.0, "start": "2027-02-13"}, {"period": "month", "quota": 10_000.0, "start": "2027-03-20"}],
    "another quota": [{"quota": 5_000.0, "start": "2027-01-25"}],
    "a base, day by day": [{"base": 100.0 * day, "start": f"2027-01-{day:02d}"} for day in range(2, 30)],
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_cancelled_deal_is_taken_back_once(switch):
    plan = {"quota": 10_000.0, "period": "month", "rates": [{"rate": 0.1}], "clawback": {"within_days": 90.0}}
    m = model(plans={"std": plan}, terms={"cancel_share": 1.0, "cancel_days": 10.0})
    timeline = apply(Scenario(changes=[{"plan": {"name": "std", **each}} for each in SWITCHES[switch]]), m)
    days = [1.5 + 3.0 * i for i in range(58)]
    log = simulate(timeline, until="2027-06-30", opening=pipeline(*[(day, 1_000.0, "Ada") for day in days]))
    rows = pay_statements(log)
    stays = sum(day + 10.0 >= 181.0 for day in days)  # not cancelled by the end
    assert rows.loc[rows["line"] == "commission", "amount"].sum() == 58 * 100.0
    assert rows.loc[rows["line"].isin(["commission", "clawback"]), "amount"].sum() == pytest.approx(stays * 100.0)


def test_what_is_cancelled_after_a_rep_has_left_stays_paid():
    plan = {"quota": 10_000.0, "period": "month", "rates": [{"rate": 0.1}], "clawback": {"within_days": 90.0}}
    reps = [{"name": "Ada", "role": "AE", "plan": "std", "leaves": "2027-02-10"}]
    m = model(plans={"std": plan}, reps=reps, terms={"cancel_share": 1.0, "cancel_days": 30.0})
    log = simulate(m, opening=pipeline((10.5, 1_000.0, "Ada"), (35.5, 3_000.0, "Ada")))
    # the first is cancelled in February, Ada's last month; the second in March
    assert total(log) == 300.0


# who is paid a SPIFF -------------------------------------------------------------------------------


def handed_on(split: dict, spiffs: dict) -> pd.DataFrame:
    """Wins of an SDR's that an AE has closed."""
    all_year = {"name": "x", "start": "2027-01-01", "until": "2027-12-31", "amount_per_win": 100.0}
    plans = {"s": {"quota": 1e5, "rates": [{"rate": 0.01}], "splits": [{"role": "AE", **split}]}, "a": {"quota": 1e5, "rates": [{"rate": 0.08}]}}
    for name, wanted in spiffs.items():
        plans[name] |= {"spiffs": [all_year]} if wanted else {}
    m = model(
        channels=[{"name": "web", "leads_per_week": 10.0}], segments=[{"name": "all", "amount": 1_000.0}],
        roles=[{"name": "SDR"}, {"name": "AE"}], plans=plans,
        reps=[{"role": "SDR", "name": "Sue", "plan": "s"}, {"role": "AE", "name": "Al", "plan": "a"}],
        stages=[{"name": "Answer", "tasks": [{"role": "SDR", "work_hours": 1.0}], "exits": [{"to": "Sell", "probability": 1.0}]},
                {"name": "Sell", "tasks": [{"role": "AE", "work_hours": 1.0}], "exits": [{"to": "won", "probability": 1.0}]}],
    )  # fmt: skip
    log = simulate(m, seed=1, until="2027-12-31")
    rows = pay_statements(log, names=True)
    rows["won"] = int((log.deal.status == -1).sum())
    return rows


def spiff(rows: pd.DataFrame, rep: str) -> float:
    return float(rows.loc[(rows["rep"] == rep) & (rows["line"] == "spiff"), "amount"].sum())


@pytest.mark.parametrize(
    ("split", "spiffs", "sue", "al"),
    [
        ({"share": 1.0, "overlay": True}, {"a": True}, 0.0, 100.0),  # an AE who is credited by an overlay
        ({"share": 1.0, "overlay": True}, {"a": True, "s": True}, 100.0, 100.0),  # on top
        ({"share": 0.3}, {"a": True, "s": True}, 70.0, 30.0),  # once in all
        ({"share": 0.3}, {"a": True}, 0.0, 30.0),
    ],
)
def test_a_spiff_for_each_win_goes_to_whoever_is_credited(split, spiffs, sue, al):
    rows = handed_on(split, spiffs)
    won = rows["won"].iloc[0]
    assert won > 400
    assert (spiff(rows, "Sue"), spiff(rows, "Al")) == (pytest.approx(sue * won), pytest.approx(al * won))


# what drives effort is what pays -------------------------------------------------------------------


def selling(**plan) -> Model:
    """Three people who are busy all the time; effort answers to pay."""
    return model(
        channels=[{"name": "web", "leads_per_week": 30.0}], segments=[{"name": "all", "amount": 1_000.0}],
        stages=[{"name": "S", "tasks": [{"role": "AE", "work_hours": 12.0}],
                 "exits": [{"to": "won", "probability": 0.5}, {"to": "lost", "probability": 0.5}]}],
        reps=[{"role": "AE", "count": 3, "plan": "std"}],
        plans={"std": {"base": 36_500.0, "quota": 40_000.0, "rates": [{"rate": 0.05}]} | plan}, effort={"elasticity": 0.5, "minimum": 0.5, "maximum": 2.0},
    )  # fmt: skip


def effect(m: Model, kpis=("bookings", "commission"), **change) -> pd.Series:
    found = compare(m, [Scenario(name="s", changes=[{"plan": {"name": "std", **change}}])], 4, until="2027-06-30", jobs=1, kpis=list(kpis))
    return found.table.loc["s", "difference"]


@pytest.mark.parametrize("rate", [0.0, 0.15])
def test_a_change_from_the_beginning_is_measured_by_what_people_were_used_to(rate):
    undated = effect(selling(), rates=[{"rate": rate}])
    dated = effect(selling(), rates=[{"rate": rate}], start="2027-01-01")
    assert undated.tolist() == dated.tolist()
    assert (undated["bookings"] > 0) == (rate > 0.05)
    assert undated["bookings"] != 0


def test_a_new_plan_is_measured_by_the_old_one_of_the_same_people():
    change = {"plan": {"name": "other", "role": "AE", "quota": 40_000.0, "rates": [{"rate": 0.0}]}}
    hire = {"hire": {"role": "AE", "name": "New", "plan": "other"}}
    plan = lower(apply(Scenario(changes=[change, hire]), selling()))
    assert {plan.pay_rules[i].reference for i in plan.rep_pay[0].tolist()} == {0.05}
    state = EffortState(plan)
    assert {state.multiplier(rep, 0, 1.0) for rep in range(4)} == {0.5}


NO_COMMISSION = {
    "a rate of 0": [{"plan": {"name": "std", "rates": [{"rate": 0.0}], "start": "2027-02-15"}}],
    "a salary alone": [{"plan": {"name": "fixed", "role": "AE", "base": 36_500.0, "start": "2027-02-15"}}],
    "no plan": [{"set": {"path": "reps[*].plan", "to": None, "start": "2027-02-15"}}],
    "the plan without its quota": [{"set": {"path": "plans[std]", "to": {"base": 36_500.0}, "start": "2027-02-15"}}],
}


@pytest.mark.parametrize("ways", NO_COMMISSION.values(), ids=NO_COMMISSION)
def test_commission_is_abolished_for_nothing_in_no_way(ways):
    """Whoever is paid for bookings before a change and not after it puts in the least effort, as at a rate of 0."""
    timeline = apply(Scenario(changes=ways), selling())
    state = EffortState(lower(timeline))
    assert [state.multiplier(0, 0, 44.5) > 0.5, state.multiplier(0, 1, 45.5)] == [True, 0.5]
    undated = [{kind: {k: v for k, v in fields.items() if k != "start"} for kind, fields in way.items()} for way in ways]
    state = EffortState(lower(apply(Scenario(changes=undated), selling())))
    assert {state.multiplier(rep, 0, 1.0) for rep in range(3)} == {0.5}


@pytest.mark.parametrize(("base", "effort"), [("std", 0.5), (None, 1.0), ("fixed", 1.0)])
def test_a_hire_without_pay_for_bookings_is_measured_by_the_role(base, effort):
    m = selling()
    m = m.model_copy(update={"plans": {**m.plans, "fixed": {"base": 1.0}}, "reps": [{"name": "Ada", "role": "AE", "plan": base}]})
    for plan in ("none", "fixed"):
        timeline = apply(Scenario(changes=[{"hire": {"role": "AE", "name": "New", "plan": plan}}]), m)
        plan_ = lower(timeline)
        assert EffortState(plan_).multiplier(plan_.reps.index("New"), 0, 1.0) == effort
        assert any("paid nothing for bookings" in note for note in unearned(timeline)) == (effort < 1.0)
    assert EffortState(lower(m)).multiplier(0, 0, 1.0) == pytest.approx(1.0, abs=0.2)


def test_a_day_later_changes_a_ninetieth_and_pay_goes_with_effort():
    first, second, half = (effect(selling(), rates=[{"rate": 0.1}], base=73_000.0, start=start, kpis=("bookings", "cost"))
                           for start in ("2027-04-01", "2027-04-02", "2027-05-15"))  # fmt: skip
    days = 91
    assert second["cost"] == pytest.approx(first["cost"] * (days - 1) / days, rel=0.01)
    assert half["cost"] == pytest.approx(first["cost"] * 47 / days, rel=0.05)
    assert half["bookings"] == pytest.approx(first["bookings"] * 47 / days, rel=0.2)


def test_nothing_changes_before_its_day():
    m = selling(bonuses=[{"at": 1.0, "amount": 2_000.0}], rates=[{"upto": 1.0, "rate": 0.05}, {"rate": 0.1}])
    before, after = (simulate(each, seed=3, until="2027-06-30") for each in (m, changed(m, quota=20_000.0, start="2027-05-15")))
    early = before.task.started < 134.0
    assert (before.task.work_hours[early] == after.task.work_hours[early]).all()
    assert not (before.task.work_hours[~early] == after.task.work_hours[~early]).all()


def test_effort_has_the_quota_that_pays_in_each_part():
    m = selling(bonuses=[{"at": 1.0, "amount": 2_000.0}])
    plan = lower(changed(m, rates=[{"rate": 0.1}], start="2027-02-15"))
    state, terms = EffortState(plan), [term for term in schedule(plan, 90.0) if term.rep == 0]
    now = state.credited_so_far.standing(0, 50.0)
    rule = state.rule(0, now)
    assert rule.quota == pytest.approx(float(terms[1].share * terms[1].quota))
    assert (rule.rates, rule.bonuses) == ((0.1,), ((rule.quota, 1_000.0),))  # 45 of 90 days
    assert part_at(plan, 0, 50.0).begin == terms[1].begin == 45.0
    # at quota pace at the change: r + B phi(0) / (0.35 q), against 5 %
    expected = ((0.1 + 1_000.0 * 0.3989422804 / (0.35 * rule.quota)) / 0.05) ** 0.5
    assert EffortState(plan).multiplier(0, 1, 45.0) == pytest.approx(expected)


@pytest.mark.parametrize(("parts", "start", "day"), [({"hired": "2027-03-01"}, None, 59.0), ({}, "2027-03-01", 59.0)])
def test_effort_of_who_comes_inside_a_period_is_that_of_the_quota_that_pays(parts, start, day):
    """A hire, and a run that begins inside a period: 31 of 90 days, and at quota pace on the first of them."""
    plan = {"quota": 20_000.0, "rates": [{"rate": 0.05}], "bonuses": [{"at": 1.0, "amount": 2_000.0}]}
    m = model(reps=[{"name": "Ada", "role": "AE", "plan": "std"} | parts], plans={"std": plan}, effort={"elasticity": 0.5, "minimum": 0.3, "maximum": 5.0})
    low = lower(m, start=start)
    quota = 20_000.0 * 31 / 90
    assert float(schedule(low, low.until)[0].share) == pytest.approx(31 / 90)
    expected = ((0.05 + 2_000.0 * 0.3989422804 / (0.35 * quota)) / 0.05) ** 0.5  # 2.76
    assert EffortState(low).multiplier(0, 0, day) == pytest.approx(expected)
