"""The pay table: statements worked out by hand, to the cent. Each row shows its arithmetic."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from money_models import STANDARD, model, pay, pipeline

from simsales.engine import simulate
from simsales.facts import from_log
from simsales.model.compensation import CompPlan
from simsales.money import PayError, pay_statements, statement
from simsales.money.extras import Credit, spiff_lines, split_lines
from simsales.money.payroll import statements

FLAT = [{"rate": 0.10}]
DOUBLE = [{"upto": 1.0, "rate": 0.10}, {"rate": 0.20}]
THREE = [{"upto": 0.5, "rate": 0.04}, {"upto": 1.0, "rate": 0.08}, {"rate": 0.15}]
SEVEN = {"rates": [{"rate": 0.07}], "bonuses": [{"at": 1.0, "amount": 30_000}]}
DRAW = {"amount_per_period": 2_000, "recoverable": False}

TABLE = [
    # what, plan (quota 1,000,000 a year unless said), bookings, other arguments, pay
    # 1,000,000 x 10 %
    ("flat rate", {"rates": FLAT}, 1_000_000, {}, "100000.00"),
    # 999,999 x 7 % = 69,999.93
    ("one short of the bonus", SEVEN, 999_999, {}, "69999.93"),
    # 1,000,000 x 7 % + 30,000
    ("bonus at quota", SEVEN, 1_000_000, {}, "100000.00"),
    # 1,000,000 x 10 % + 300,000 x 20 %
    ("accelerator", {"rates": DOUBLE}, 1_300_000, {}, "160000.00"),
    # 1,100,000 x 10 %
    ("cap at 110 %", {"rates": FLAT, "cap": 1.1}, 1_300_000, {}, "110000.00"),
    # 500,000 x 4 % + 500,000 x 8 % + 250,000 x 15 % = 20,000 + 40,000 + 37,500
    ("three tiers", {"rates": THREE}, 1_250_000, {}, "97500.00"),
    # 1,000,000 x 10 % + 300,000 x 4 %
    ("decelerator", {"rates": [{"upto": 1.0, "rate": 0.10}, {"rate": 0.04}]}, 1_300_000, {}, "112000.00"),
    # 100,000 + nothing for 200,000 + 100,000 x 5 %
    ("a rate of nothing in between",
     {"rates": [{"upto": 1.0, "rate": 0.10}, {"upto": 1.2, "rate": 0.0}, {"rate": 0.05}]}, 1_300_000, {}, "105000.00"),
    # 1,000,000 x 10 % + 100,000 x 20 %, nothing for the other 200,000
    ("accelerator under a cap", {"rates": DOUBLE, "cap": 1.1}, 1_300_000, {}, "120000.00"),
    # a cent below 50 %: nothing
    ("just below the threshold", {"rates": FLAT, "threshold": 0.5}, 499_999.99, {}, "0.00"),
    # 500,000 x 10 %
    ("at the threshold, from the first unit", {"rates": FLAT, "threshold": 0.5}, 500_000, {}, "50000.00"),
    # (600,000 - 500,000) x 10 %
    ("above the threshold only", {"rates": FLAT, "threshold": 0.5, "threshold_from": "threshold"}, 600_000, {}, "10000.00"),
    # 500,000 x 8 % + 250,000 x 15 % = 40,000 + 37,500: the 4 % tier lies below the threshold
    ("tiers above a threshold", {"rates": THREE, "threshold": 0.5, "threshold_from": "threshold"}, 1_250_000, {}, "77500.00"),
    # 700,000 to 1,000,000 at 8 %: 24,000; 250,000 x 15 % = 37,500
    ("a threshold within a tier", {"rates": THREE, "threshold": 0.7, "threshold_from": "threshold"}, 1_250_000, {}, "61500.00"),
    # bonus 5,000 at 40 % is no commission, so the threshold does not hold it back
    ("a bonus below the threshold", {"rates": FLAT, "threshold": 0.5, "bonuses": [{"at": 0.4, "amount": 5_000}]},
     450_000, {}, "5000.00"),
    # 400,000 x 10 % - 1,000
    ("penalty", {"rates": FLAT, "penalties": [{"at_below": 0.5, "amount": -1_000}]}, 400_000, {}, "39000.00"),
    # at 50 % there is none
    ("penalty avoided", {"rates": FLAT, "penalties": [{"at_below": 0.5, "amount": -1_000}]}, 500_000, {}, "50000.00"),
    # 2,000 for 80 %, less 500 below 100 %
    ("reward and penalty together",
     {"bonuses": [{"at": 0.8, "amount": 2_000}], "penalties": [{"at_below": 1.0, "amount": -500}]}, 900_000, {}, "1500.00"),
    ("penalty for nothing booked", {"penalties": [{"at_below": 0.5, "amount": -1_000}]}, 0, {}, "-1000.00"),
    # quota 500,000: 500,000 x 10 % + 100,000 x 20 %
    ("hired at half time", {"rates": DOUBLE}, 600_000, {"employed": 0.5}, "70000.00"),
    # quota 1,000,000 x 0.6: 600,000 x 10 % + 100,000 x 20 %
    ("ramp relief", {"rates": DOUBLE}, 700_000, {"relief": 0.6}, "80000.00"),
    # quota 1,000,000 / 2 x 0.5 = 250,000: 250,000 x 7 % + 30,000
    ("hired at half time and in ramp", SEVEN, 250_000, {"employed": 0.5, "relief": 0.5}, "47500.00"),
    # quota 500,000, cap 550,000 x 10 %
    ("the cap moves with relief", {"rates": FLAT, "cap": 1.1}, 700_000, {"employed": 0.5}, "55000.00"),
    # quota 800,000: 80,000 + 200,000 x 20 %
    ("a quota from the cascade", {"rates": DOUBLE}, 1_000_000, {"quota": 800_000.0}, "120000.00"),
    # threshold at 50 % of 500,000: 240,000 earns nothing
    ("the threshold moves with relief", {"rates": FLAT, "threshold": 0.5}, 240_000, {"employed": 0.5}, "0.00"),
    # 73,000 x 366 / 365
    ("base of a leap year", {"base": 73_000}, 0, {"days": 366}, "73200.00"),
    # 120,000 x 29 / 365 = 9,534.246...
    ("base of a leap February", {"base": 120_000, "period": "month"}, 0, {"days": 29}, "9534.25"),
    # 73,000 x 45 / 365 = 9,000; quota 45,000: 4,500 + 15,000 x 20 % = 3,000
    ("mid-quarter hire with base", {"base": 73_000, "quota": 90_000, "period": "quarter", "rates": DOUBLE}, 60_000,
     {"employed": Fraction(45, 90), "days": 45}, "16500.00"),
    # 31,000.01 x 12 % = 3,720.0012
    ("fractions of a cent go", {"quota": 30_000, "period": "month", "rates": [{"rate": 0.12}]}, 31_000.01, {}, "3720.00"),
    # each of two slices of 25: 0.125 -> 0.13 (together they would be 0.25)
    ("each line is rounded", {"quota": 25, "rates": [{"upto": 1.0, "rate": 0.005}, {"rate": 0.005}]}, 50, {}, "0.26"),
    # a third of the quota 100: 33.33... x 10 % = 3.33; the rest 66.66... x 20 % = 13.33
    ("a third of a period", {"quota": 100, "rates": DOUBLE}, 100, {"employed": Fraction(1, 3)}, "16.66"),
    # 500 earned, topped up
    ("draw tops up", {"rates": FLAT, "draw": DRAW, "period": "month"}, 5_000, {}, "2000.00"),
    # half a month: at least 1,000
    ("draw of half a month", {"rates": FLAT, "draw": DRAW, "period": "month"}, 3_000, {"employed": 0.5}, "1000.00"),
    ("draw not needed", {"rates": FLAT, "draw": DRAW, "period": "month"}, 30_000, {}, "3000.00"),
    # the base does not count against the draw: 12,000 / 12 + 2,000
    ("draw besides base", {"base": 12_000, "rates": FLAT, "draw": DRAW, "period": "month"}, 0, {}, "3000.00"),
]  # fmt: skip


@pytest.mark.parametrize(("plan", "bookings", "other", "expected"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE])
def test_pay_is_what_the_hand_says(plan, bookings, other, expected):
    got = statement(CompPlan(**({"quota": 1_000_000, "period": "year"} | plan)), float(bookings), **other)
    assert got.total == Decimal(expected)
    assert sum(line.amount for line in got.lines) == got.total


def test_an_advance_is_paid_back_over_three_periods_from_pay_above_the_draw():
    plan = CompPlan(quota=1e5, period="month", rates=FLAT, draw={"amount_per_period": 2_000, "recoverable": True})
    owed, paid, owing = Decimal(0), [], []
    for sold in (5_000, 26_000, 50_000):  # earns 500, 2,600 and 5,000
        month = statement(plan, float(sold), owed=owed)
        owed = month.owed
        paid.append(month.total)
        owing.append(owed)
    # 500 + 1,500 advanced; 2,600 - 600 back; 5,000 - 900 back: 8,100 in all, as earned
    assert paid == [Decimal("2000.00"), Decimal("2000.00"), Decimal("4100.00")]
    assert owing == [Decimal("1500.00"), Decimal("900.00"), Decimal("0.00")]


def test_an_advance_that_is_not_recoverable_is_kept():
    plan = CompPlan(quota=1e5, period="month", rates=FLAT, draw={"amount_per_period": 2_000, "recoverable": False})
    first = statement(plan, 5_000.0)
    assert (first.total, first.owed) == (Decimal("2000.00"), Decimal(0))


# SPIFFs ------------------------------------------------------------------------------------------

JUNE = {"name": "六月冲刺", "start": "2027-06-01", "until": "2027-06-30"}


def won(day: str, amount: float, segment: str = "smb", *, own: bool = True, share: str = "1") -> Credit:
    facts = {"amount": amount, "segment": segment, "channel": "web", "product": "", "region": ""}
    part = Fraction(share)
    return Credit(0.0, Fraction(str(amount)) * part, own=own, share=part, date=dt.date.fromisoformat(day), facts=facts)


DEALS = [won("2027-05-31", 10_000.0), won("2027-06-01", 10_000.0), won("2027-06-30", 20_000.0, "large"),
         won("2027-07-01", 10_000.0)]  # fmt: skip
SPIFFS = [
    # (10,000 + 20,000) x 2 %: the first and the last day count
    ("a rate in the window", {"rate": 0.02}, DEALS, ["600.00"]),
    # two deals x 150
    ("a sum for each win", {"amount_per_win": 150}, DEALS, ["300.00"]),
    # 600 and 300
    ("both", {"rate": 0.02, "amount_per_win": 150}, DEALS, ["600.00", "300.00"]),
    # only the large one
    ("one segment", {"rate": 0.02, "where": "segment == large"}, DEALS, ["400.00"]),
    # only at least 15,000
    ("an amount", {"amount_per_win": 150, "where": "amount >= 15_000"}, DEALS, ["150.00"]),
    # 30 % of somebody else's win: 1,500 x 2 %, and 0.3 x 150
    ("credit by a split", {"rate": 0.02, "amount_per_win": 150}, [won("2027-06-15", 5_000.0, own=False, share="0.3")], ["30.00", "45.00"]),
    # the owner keeps 70 %: the deal is paid for once in all
    ("what a split leaves", {"rate": 0.02, "amount_per_win": 150}, [won("2027-06-15", 5_000.0, share="0.7")], ["70.00", "105.00"]),
    ("nothing in the window", {"rate": 0.02}, DEALS[:1], []),
]


@pytest.mark.parametrize(("spiff", "deals", "expected"), [row[1:] for row in SPIFFS], ids=[row[0] for row in SPIFFS])
def test_spiffs_pay_for_wins_in_their_window(spiff, deals, expected):
    plan = CompPlan(quota=1e6, spiffs=[JUNE | spiff])
    for order in itertools.permutations(deals):
        assert [line.amount for line in spiff_lines(plan, order)] == [Decimal(x) for x in expected]


def test_a_cap_does_not_hold_spiffs_back():
    plan = CompPlan(quota=10_000, period="year", rates=FLAT, cap=1.0, spiffs=[JUNE | {"rate": 0.02}])
    got = statement(plan, 50_000.0, extra=spiff_lines(plan, DEALS))
    assert got.total == Decimal("1600.00")  # 10,000 x 10 % + 600


def test_splits_are_explained():
    lines = split_lines([Credit(0.0, Fraction(70_000), given=Fraction(30_000)), Credit(0.0, Fraction(5), own=False)])
    assert [(line.kind, line.basis, line.amount) for line in lines] == [
        ("split", Decimal(30_000), Decimal("0.00")), ("split", Decimal(5), Decimal("0.00")),
    ]  # fmt: skip


# in runs -----------------------------------------------------------------------------------------


def team(plan: dict, *, se_plan: str | None = "se", se_works: bool = True, amount: float = 100_000.0):
    """One deal of Ada's on which Sam, a sales engineer, worked; won on 1 January."""
    tasks = [{"role": "AE", "work_hours": 1.0}, *([{"role": "SE", "work_hours": 1.0}] if se_works else [])]
    m = model(
        roles=[{"name": "AE"}, {"name": "SE"}],
        reps=[{"name": "Ada", "role": "AE", "plan": "std"}, {"name": "Sam", "role": "SE", "plan": se_plan}],
        plans={"std": {"quota": 1e6, "rates": FLAT} | plan, "se": {"quota": 1e6, "rates": [{"rate": 0.05}]}},
        stages=[{"name": "Open", "tasks": tasks, "exits": [{"to": "won", "probability": 1.0}]}],
    )  # fmt: skip
    deals = pipeline((0.0, amount, "Ada")).assign(age_days=0.0, p_waiting=1.0)
    return simulate(m, opening=deals, until="2027-03-31")


SE_30 = {"role": "SE", "share": 0.3}
SPLITS = [
    # 70,000 x 10 %, 30,000 x 5 %
    ("from the owner", {"splits": [SE_30]}, {}, [7_000.0], [1_500.0]),
    # 100,000 x 10 %, 30,000 x 5 %
    ("on top", {"splits": [SE_30 | {"overlay": True}]}, {}, [10_000.0], [1_500.0]),
    # nobody of the role worked on the deal: the owner keeps all
    ("nobody worked", {"splits": [SE_30]}, {"se_works": False}, [10_000.0], []),
    # an engineer without a plan is not credited
    ("no plan", {"splits": [SE_30]}, {"se_plan": None}, [10_000.0], []),
    # all of it: 100,000 x 5 %
    ("everything", {"splits": [{"role": "SE", "share": 1.0}]}, {}, [], [5_000.0]),
    # 66,666.67 x 10 % = 6,666.667; 33,333.33 x 5 % = 1,666.6665 -> 1,666.67
    ("to the cent", {"splits": [{"role": "SE", "share": 0.3333333}]}, {}, [6_666.67], [1_666.67]),
]


@pytest.mark.parametrize(("plan", "people", "ada", "sam"), [row[1:] for row in SPLITS], ids=[row[0] for row in SPLITS])
def test_a_team_shares_the_credit(plan, people, ada, sam):
    log = team(plan, **people)
    assert pay(log, "2027-Q1", "commission") == ada
    assert pay(log, "2027-Q1", "commission", rep="Sam") == sam


def cancelled(share: float = 1.0, within: float = 90.0, **terms):
    """Two deals of Ada's, won on days 10 and 40; every deal is cancelled 60 days after the win."""
    plan = {"quota": 90_000.0, "rates": DOUBLE, "clawback": {"within_days": within, "share": share}}
    m = model(plans={"std": plan}, terms={"cancel_share": 1.0, "cancel_days": 60.0} | terms)
    return simulate(m, opening=pipeline((10.0, 60_000.0, "Ada"), (40.0, 40_000.0, "Ada")))


def test_clawback_takes_back_what_a_cancelled_deal_earned_tiers_and_all():
    log = cancelled()
    # 100,000: 9,000 + 2,000. Day 70: without 60,000 only 4,000 are earned, 7,000 go back; day 100: the last 4,000
    assert pay(log, "2027-Q1", "commission") == [9_000.0, 2_000.0]
    assert pay(log, "2027-Q1", "clawback") == [-7_000.0]
    assert pay(log, "2027-Q2", "clawback") == [-4_000.0]
    assert [each.total for _, each in statements(from_log(log))][:2] == [Decimal("4000.00"), Decimal("-4000.00")]


def test_half_a_clawback_takes_back_half():
    log = cancelled(share=0.5)
    assert pay(log, "2027-Q1", "clawback") + pay(log, "2027-Q2", "clawback") == [-3_500.0, -2_000.0]


def test_a_deal_cancelled_after_the_window_stays_paid():
    log = cancelled(within=59.0)
    assert pay(log, "2027-Q1", "clawback") == pay(log, "2027-Q2", "clawback") == []


def test_commission_at_collection_counts_when_the_cash_arrives():
    plan = STANDARD | {"base": 0.0, "paid_at": "collection"}
    m = model(plans={"std": plan}, terms={"deposit_share": 0.3, "payment_days": 60.0})
    log = simulate(m, opening=pipeline((40.0, 100_000.0, "Ada")))
    # 30,000 on day 40 (10 %), 70,000 on day 100: each below the quota of its quarter
    assert pay(log, "2027-Q1", "commission") == [3_000.0]
    assert pay(log, "2027-Q2", "commission") == [7_000.0]


def test_cash_that_never_arrives_earns_nothing_at_collection():
    plan = STANDARD | {"base": 0.0, "paid_at": "collection"}
    m = model(plans={"std": plan}, terms={"deposit_share": 0.3, "payment_days": 10.0, "bad_debt_share": 1.0})
    log = simulate(m, opening=pipeline((40.0, 100_000.0, "Ada")))
    assert pay_statements(log)["amount"].sum() == 3_000.0


def test_a_spiff_at_collection_is_paid_by_the_day_of_the_win():
    plan = {"quota": 90_000.0, "rates": FLAT, "paid_at": "collection",
            "spiffs": [{"name": "Q1", "start": "2027-01-01", "until": "2027-03-31", "amount_per_win": 500}]}  # fmt: skip
    log = simulate(model(plans={"std": plan}, terms={"payment_days": 60.0}), opening=pipeline((40.0, 10_000.0, "Ada")))
    assert (pay(log, "2027-Q1", "spiff"), pay(log, "2027-Q1", "commission")) == ([500.0], [])
    assert (pay(log, "2027-Q2", "spiff"), pay(log, "2027-Q2", "commission")) == ([], [1_000.0])


def test_a_ratchet_moves_the_quota_of_the_next_quarter():
    plan = {"quota": 100_000.0, "rates": FLAT, "ratchet": {"up": 0.5, "down": 0.2}}
    log = simulate(model(plans={"std": plan}), opening=pipeline((10.0, 130_000.0, "Ada"), (100.0, 70_000.0, "Ada")))
    # 100, sold 130 -> 115; sold 70 of 115 -> 115 - 0.2 x 45 = 106; nothing -> 106 x 0.8 = 84.8
    quotas = [float(each.quota) for _, each in statements(from_log(log))]
    assert quotas == [100_000.0, 115_000.0, 106_000.0, 84_800.0]


def test_the_quota_of_a_new_rep_is_relieved_by_the_mean_of_the_ramp():
    ramp = {"months": 100 / 30.4375, "start": 0.2}  # 100 days
    reps = [{"name": "Ada", "role": "AE", "plan": "std", "hired": "2027-01-01", "ramp": ramp}]
    log = simulate(model(reps=reps, plans={"std": STANDARD | {"ramp_relief": True}}), until="2027-06-30", cases=0)
    # days 0 to 90 of 100: from 0.2 to 0.92, mean 0.56; then 10 days from 0.92 to 1, mean 0.96, and 81 days at 1
    quotas = [float(each.quota) for _, each in statements(from_log(log))]
    assert quotas[0] == pytest.approx(90_000 * 0.56)
    assert quotas[1] == pytest.approx(90_000 * round((10 * 0.96 + 81) / 91, 6))


def test_a_quota_that_is_not_the_plans_is_explained():
    got = statement(CompPlan(quota=1e6, period="year", rates=FLAT), 0.0, 0.5, relief=0.6)
    assert [(line.kind, line.detail, line.basis) for line in got.lines] == [
        ("quota", "quota 1,000,000 of a whole period x 50 % of it employed x 60 % ramped up", Decimal(300_000)),
    ]  # fmt: skip


def test_reps_are_numbered_unless_names_are_asked_for():
    log = team({})
    assert set(pay_statements(log)["rep"]) == {"rep-1"}
    assert set(pay_statements(log, names=True)["rep"]) == {"Ada"}


@pytest.mark.parametrize("relief", [0.0, 1.5])
def test_impossible_relief_is_refused(relief):
    with pytest.raises(PayError, match=r"relief must be a share above 0 and at most 1, got"):
        statement(CompPlan(quota=1.0), 1.0, relief=relief)


REFUSED = [
    ({"threshold": 1.2, "cap": 1.1}, r"threshold must not be above the cap \(1.1\), got 1.2"),
    ({"splits": [{"role": "SE", "share": 0.7}, {"role": "SDR", "share": 0.4}]}, "splits must take at most 1 from the owner, got 1.1"),
    ({"splits": [SE_30, SE_30]}, "splits must name each role once, got SE, SE"),
    ({"penalties": [{"at_below": 0.5, "amount": 5.0}]}, "must be at most 0, got 5"),
    ({"spiffs": [JUNE]}, "must pay a rate or an amount_per_win, got neither"),
    ({"spiffs": [JUNE | {"rate": 0.1, "until": "2027-05-01"}]}, r"until must not be before start \(2027-06-01\)"),
    ({"spiffs": [JUNE | {"rate": 0.1, "where": "colour == red"}]}, "must compare amount"),
]


@pytest.mark.parametrize(("fields", "message"), REFUSED)
def test_plans_that_cannot_be_are_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        CompPlan(quota=1.0, **fields)


# what reaches from one period to the next, and order -------------------------------------------------


def test_an_advance_is_carried_from_month_to_month_in_a_run():
    plan = {"quota": 100_000.0, "period": "month", "rates": FLAT, "draw": {"amount_per_period": 2_000}}
    deals = pipeline((10.0, 5_000.0, "Ada"), (40.0, 26_000.0, "Ada"), (70.0, 50_000.0, "Ada"))
    log = simulate(model(plans={"std": plan}), opening=deals, until="2027-03-31")
    assert [float(each.total) for _, each in statements(from_log(log))] == [2_000.0, 2_000.0, 4_100.0]
    assert [pay(log, f"2027-0{i}", "recovery") for i in (1, 2, 3)] == [[], [-600.0], [-900.0]]


def test_cash_that_arrives_after_a_rep_has_left_is_not_paid_out():
    plan = STANDARD | {"base": 0.0, "paid_at": "collection"}
    reps = [{"name": "Ada", "role": "AE", "plan": "std", "leaves": "2027-03-01"}]
    m = model(plans={"std": plan}, reps=reps, terms={"deposit_share": 0.3, "payment_days": 60.0})
    log = simulate(m, opening=pipeline((40.0, 100_000.0, "Ada")))
    # 59 of 90 days: a quota of 59,000; the deposit of 30,000 at 10 %
    assert pay_statements(log)["amount"].tolist() == [3_000.0]


def test_a_changed_plan_starts_from_its_own_quota():
    from simsales.model.apply import apply
    from simsales.model.levers import Scenario

    plan = {"quota": 100_000.0, "rates": FLAT, "ratchet": {"up": 0.5, "down": 0.2}}
    change = {"plan": {"name": "std", "quota": 200_000.0, "start": "2027-07-01"}}
    timeline = apply(Scenario(changes=[change]), model(plans={"std": plan}))
    log = simulate(timeline, opening=pipeline((10.0, 130_000.0, "Ada")))
    quotas = [float(each.quota) for _, each in statements(from_log(log))]
    assert quotas == [100_000.0, 115_000.0, 200_000.0, 160_000.0]


def test_the_order_of_deals_does_not_matter_with_everything_on():
    plan = {
        "base": 36_500.0, "quota": 90_000.0, "rates": THREE, "threshold": 0.3, "cap": 1.4,
        "bonuses": [{"at": 1.0, "amount": 777.77}], "penalties": [{"at_below": 0.4, "amount": -50.5}],
        "spiffs": [{"name": "s", "start": "2027-01-05", "until": "2027-02-20", "rate": 0.013, "amount_per_win": 9.99}],
        "draw": {"amount_per_period": 2_500.0}, "clawback": {"within_days": 50.0}, "ratchet": {"up": 0.5, "down": 0.2},
    }  # fmt: skip
    m = model(plans={"std": plan}, terms={"cancel_share": 0.4, "cancel_days": 40.0})
    deals = [(5.0, 33_333.33, "Ada"), (30.0, 0.1, "Ada"), (60.0, 70_000.07, "Ada"), (100.0, 12_345.67, "Ada")]
    frame = pipeline(*deals)
    expected = pay_statements(simulate(m, opening=frame, seed=4))
    for rows in itertools.permutations(range(4)):
        shuffled = pay_statements(simulate(m, opening=frame.iloc[list(rows)].reset_index(drop=True), seed=4))
        assert shuffled.equals(expected)
    kinds = set(expected["line"])
    assert {"base", "quota", "commission", "threshold", "spiff", "draw"} <= kinds
    sums = expected.groupby("period", sort=False)["amount"].sum().tolist()
    assert sums == pytest.approx([float(each.total) for _, each in statements(from_log(simulate(m, opening=frame, seed=4)))])


# a slow twin ---------------------------------------------------------------------------------------


def unit_by_unit(plan: CompPlan, sold: int, quota: int) -> Fraction:
    """Return commission, bonuses and penalties by walking over every unit sold."""
    cap = quota if plan.cap is None else Fraction(str(plan.cap)) * quota
    payable = sold if plan.cap is None else min(Fraction(sold), cap)
    threshold = Fraction(str(plan.threshold or 0)) * quota
    pay = Fraction(0)
    for unit in range(sold):
        rate = next((r for r in plan.rates if r.upto is None or unit < Fraction(str(r.upto)) * quota), None)
        above = plan.threshold is None or plan.threshold_from == "first" or unit >= threshold
        if rate is not None and unit < payable and payable >= threshold and above:
            pay += Fraction(str(rate.rate))
    reach = [b for b in plan.bonuses if sold >= Fraction(str(b.at)) * quota and (plan.cap is None or b.at <= plan.cap)]
    missed = [p for p in plan.penalties if sold < Fraction(str(p.at_below)) * quota]
    return pay + sum(Fraction(str(x.amount)) for x in (*reach, *missed))


tenths = st.integers(1, 15).map(lambda n: n / 10)
percents = st.integers(0, 30).map(lambda n: n / 100)


@st.composite
def plans(draw):
    bounds = sorted(draw(st.sets(tenths, max_size=3)))
    threshold, cap = draw(st.none() | tenths), draw(st.none() | tenths)
    if threshold is not None and cap is not None and threshold > cap:
        threshold, cap = cap, threshold
    return CompPlan(
        quota=100, period="year", rates=[*({"upto": b, "rate": draw(percents)} for b in bounds), {"rate": draw(percents)}],
        threshold=threshold, threshold_from=draw(st.sampled_from(["first", "threshold"])), cap=cap,
        bonuses=draw(st.lists(st.builds(dict, at=tenths, amount=st.integers(0, 9).map(float)), max_size=2)),
        penalties=draw(st.lists(st.builds(dict, at_below=tenths, amount=st.integers(-9, 0).map(float)), max_size=2)),
    )  # fmt: skip


@given(plans(), st.integers(0, 200), st.sampled_from([Fraction(1), Fraction(1, 2), Fraction(1, 5)]))
def test_pay_equals_walking_over_every_unit(plan, sold, employed):
    got = statement(plan, float(sold), employed)
    assert got.total == unit_by_unit(plan, sold, int(100 * employed))
