"""Pay by hand, to the cent."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsales.model.compensation import CompPlan
from simsales.money import PayError, statement


def plan(**fields):
    return CompPlan(**({"quota": 1_000_000.0, "period": "year"} | fields))


FLAT = [{"rate": 0.10}]
DOUBLE_ABOVE = [{"upto": 1.0, "rate": 0.10}, {"rate": 0.20}]
THREE = [{"upto": 0.5, "rate": 0.04}, {"upto": 1.0, "rate": 0.08}, {"rate": 0.15}]
STOPS = [{"upto": 1.0, "rate": 0.10}]

HAND = [
    # name, plan, bookings, employed share, pay worked out by hand
    ("accelerator doubles above quota", plan(rates=DOUBLE_ABOVE), 1_300_000, 1, "160000.00"),
    ("accelerator is not reached", plan(rates=DOUBLE_ABOVE), 800_000, 1, "80000.00"),
    ("accelerator at quota exactly", plan(rates=DOUBLE_ABOVE), 1_000_000, 1, "100000.00"),
    ("cap at 110 %", plan(rates=FLAT, cap=1.1), 1_300_000, 1, "110000.00"),
    ("cap not reached", plan(rates=FLAT, cap=1.1), 1_050_000, 1, "105000.00"),
    ("one short of the bonus", plan(rates=[{"rate": 0.07}], bonuses=[{"at": 1.0, "amount": 30_000}]), 999_999, 1,
     "69999.93"),
    ("bonus at quota", plan(rates=[{"rate": 0.07}], bonuses=[{"at": 1.0, "amount": 30_000}]), 1_000_000, 1,
     "100000.00"),
    # 500k * 4% + 500k * 8% + 250k * 15% = 20,000 + 40,000 + 37,500
    ("three slices", plan(rates=THREE), 1_250_000, 1, "97500.00"),
    # half the period: quota 500k; slices 250k * 4% + 250k * 8% + 100k * 15% = 10,000 + 20,000 + 15,000
    ("mid-period hire has half the quota", plan(rates=THREE), 600_000, 0.5, "45000.00"),
    ("nothing above a last bound", plan(rates=STOPS), 1_300_000, 1, "100000.00"),
    ("bonus above the cap is out of reach", plan(rates=FLAT, cap=1.1, bonuses=[{"at": 1.2, "amount": 5_000}]),
     2_000_000, 1, "110000.00"),
    ("bonus at the cap counts", plan(rates=FLAT, cap=1.1, bonuses=[{"at": 1.1, "amount": 5_000}]), 2_000_000, 1,
     "115000.00"),
    # base 120,000 for a quarter by default: 120,000 / 4
    ("base of a whole quarter", plan(base=120_000, period="quarter"), 0, 1, "30000.00"),
    # 120,000 + 10 % of 12,345.67 = 1,234.567 -> 1,234.57
    ("half a cent up", plan(base=120_000, rates=FLAT), 12_345.67, 1, "121234.57"),
    ("two bonuses", plan(bonuses=[{"at": 0.8, "amount": 100.10}, {"at": 1.0, "amount": 200.20}]), 1_000_000, 1,
     "300.30"),
    ("nothing booked", plan(rates=DOUBLE_ABOVE), 0, 1, "0"),
]  # fmt: skip


@pytest.mark.parametrize(("comp", "bookings", "employed", "pay"), [row[1:] for row in HAND], ids=[r[0] for r in HAND])
def test_pay_is_what_the_hand_says(comp, bookings, employed, pay):
    assert statement(comp, float(bookings), employed).total == Decimal(pay)


def test_base_is_paid_by_days_employed_of_365():
    # 91 days: 120,000 * 91 / 365 = 29,917.808...
    assert statement(plan(base=120_000), 0.0, days=91).total == Decimal("29917.81")


def test_half_a_cent_rounds_up_at_the_line_and_not_to_even():
    # 0.5 % of 25.00 = 0.125 -> 0.13 (bankers would give 0.12)
    assert statement(plan(rates=[{"rate": 0.005}]), 25.0).total == Decimal("0.13")


def test_lines_explain_every_amount():
    pay = statement(plan(base=73_000, rates=DOUBLE_ABOVE, cap=1.2, bonuses=[{"at": 1.0, "amount": 500}]),
                    1_300_000.0, days=10)  # fmt: skip
    assert [(line.kind, line.amount) for line in pay.lines] == [
        ("base", Decimal("2000.00")),
        ("commission", Decimal("100000.00")),
        ("commission", Decimal("40000.00")),
        ("bonus", Decimal("500.00")),
        ("cap", Decimal("0.00")),
    ]
    assert pay.lines[-1].basis == 100_000
    assert pay.lines[2].detail == "20 % of bookings above 100 % of quota"
    assert pay.attainment == 1.3
    assert pay.variable == Decimal("140500.00")


def test_deal_order_does_not_matter_even_where_float_sums_would_differ():
    deals = [(1.0, 0.1), (2.0, 0.2), (3.0, 0.3), (4.0, 1e9), (5.0, 999_999.9)]
    comp = plan(rates=[{"rate": 1.0}])
    totals = {statement(comp, list(order)).total for order in itertools.permutations(deals)}
    assert totals == {Decimal("1001000000.50")}


@given(
    st.lists(st.floats(0, 5e5), max_size=12),
    st.fractions(Fraction(1, 92), 1, max_denominator=92),
    st.floats(0.5, 2.0),
)
def test_lines_sum_to_pay_and_more_bookings_never_pay_less(amounts, share, cap):
    comp = plan(base=60_000.0, rates=THREE, cap=cap, bonuses=[{"at": 0.9, "amount": 1234.56}], period="quarter")
    less = statement(comp, [(0.0, a) for a in amounts[1:]], share)
    more = statement(comp, [(0.0, a) for a in amounts], share)
    assert sum(line.amount for line in more.lines) == more.total
    assert more.total >= less.total
    commission = [line for line in more.lines if line.kind == "commission"]
    withheld = sum(line.basis for line in more.lines if line.kind == "cap")
    assert float(sum(line.basis for line in commission) + withheld) == pytest.approx(sum(amounts))


@pytest.mark.parametrize("employed", [0.0, 1.01, -0.5])
def test_impossible_employment_is_refused(employed):
    with pytest.raises(PayError, match=r"employed must be a share above 0 and at most 1, got"):
        statement(plan(), 1.0, employed)


def test_negative_days_are_refused():
    with pytest.raises(PayError, match="days must be >= 0, got -1"):
        statement(plan(), 1.0, days=-1)
