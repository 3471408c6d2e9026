"""When the money of won deals arrives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from money_models import model, pipeline

from simsales.engine import simulate
from simsales.facts import from_log
from simsales.kpi import table
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.money import receipts, run_cost
from simsales.money.cash import cancelled_at, flows

DEALS = ((10.0, 60_000.0, "Ada"), (40.0, 100.10, "Ada"))


def rows(log):
    """Return (deal, kind, due day, received day or None, amount) of every payment."""
    found = flows(log)
    columns = zip(found.deal.tolist(), found.kind.tolist(), found.due.tolist(), found.received.tolist(),
                  found.amount.tolist(), strict=True)  # fmt: skip
    return [(d, k, round(due, 6), None if math.isnan(r) else round(r, 6), a) for d, k, due, r, a in columns]


def test_without_terms_a_deal_is_paid_on_the_day_of_its_win():
    log = simulate(model(), opening=pipeline(*DEALS))
    assert rows(log) == [(0, 1, 10.0, 10.0, 60_000.0), (1, 1, 40.0, 40.0, 100.10)]
    assert math.isnan(table(log)["cash"])  # nobody has said when money comes
    said = simulate(model(terms={"deposit_share": 1.0}), opening=pipeline(*DEALS))
    assert table(said)["cash"] == table(said)["bookings"] == 60_100.10


def test_a_deposit_comes_at_once_and_the_rest_by_the_terms():
    log = simulate(model(terms={"deposit_share": 0.3, "payment_days": 60.0}), opening=pipeline(*DEALS))
    assert rows(log) == [
        (0, 0, 10.0, 10.0, 18_000.0), (0, 1, 70.0, 70.0, 42_000.0),
        (1, 0, 40.0, 40.0, 30.03), (1, 1, 100.0, 100.0, 70.07),
    ]  # fmt: skip
    assert receipts(log)["deal_id"].tolist() == ["d0", "d0", "d1", "d1"]


def test_cash_is_what_has_arrived_by_the_end_and_by_month():
    log = simulate(model(terms={"deposit_share": 0.3, "payment_days": 60.0}), opening=pipeline(*DEALS), until="2027-03-31")
    values = table(log, kpis=["cash", "cash[month]"])
    assert values["cash"] == pytest.approx(18_000 + 42_000 + 30.03)  # 100 days are beyond March
    months = {name: values[f"cash[month={name}]"] for name in ("2027-01", "2027-02", "2027-03")}
    assert months == {"2027-01": 18_000.0, "2027-02": 30.03, "2027-03": 42_000.0}
    assert receipts(log)["received_at"].isna().tolist() == [False, False, False, True]


def test_bad_debt_keeps_the_deposit_only():
    log = simulate(model(terms={"deposit_share": 0.5, "bad_debt_share": 1.0}), opening=pipeline(DEALS[0]))
    assert rows(log) == [(0, 0, 10.0, 10.0, 30_000.0), (0, 1, 10.0, None, 30_000.0)]
    assert table(log)["cash"] == 30_000.0


def test_a_cancelled_deal_is_paid_back():
    terms = {"deposit_share": 0.5, "payment_days": 60.0, "cancel_share": 1.0, "cancel_days": 30.0}
    log = simulate(model(terms=terms), opening=pipeline(DEALS[0]))
    assert rows(log) == [
        (0, 0, 10.0, 10.0, 30_000.0), (0, 2, 40.0, 40.0, -30_000.0), (0, 1, 70.0, None, 30_000.0),
    ]  # fmt: skip
    assert table(log)["cash"] == 0.0
    late = simulate(model(terms=terms | {"payment_days": 10.0}), opening=pipeline(DEALS[0]))
    assert rows(late)[-1] == (0, 2, 40.0, 40.0, -60_000.0)


def many(**terms):
    m = model(channels=[{"name": "web", "leads_per_week": 100.0}], segments=[{"name": "all", "amount": 100.0}],
              stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}], terms=terms)  # fmt: skip
    return simulate(m, seed=3)


def test_shares_and_delays_are_those_stated_and_stay_paired_between_scenarios():
    log = many(payment_days={"exponential": {"mean": 30.0}}, bad_debt_share=0.2, cancel_share=0.1, cancel_days=5.0)
    found, n = flows(log), len(log.deal.status)
    rest = found.kind == 1
    assert abs(np.isfinite(cancelled_at(log)).mean() - 0.1) < 3 * math.sqrt(0.09 / n)
    delay = (found.due - log.deal.closed[found.deal])[rest]
    assert abs(delay.mean() - 30.0) < 3 * 30.0 / math.sqrt(n)
    slower = flows(many(payment_days={"exponential": {"mean": 60.0}}, bad_debt_share=0.2))
    again = (slower.due - log.deal.closed[slower.deal])[slower.kind == 1]
    assert again == pytest.approx(2.0 * delay, rel=1e-6)  # the same uniform for the same deal


def test_all_money_is_received_lost_or_still_out():
    log = many(deposit_share=0.2, payment_days={"exponential": {"mean": 90.0}}, bad_debt_share=0.1)
    found, booked = flows(log), table(log)["bookings"]
    bad = np.isnan(found.received)
    received = found.amount[~bad & (found.received < log.until)].sum()
    out = found.amount[~bad & (found.received >= log.until)].sum()
    assert received + out + found.amount[bad].sum() == pytest.approx(booked)
    assert 0.0 < out < booked


def test_terms_are_those_in_force_on_the_day_of_the_win():
    change = {"set": {"path": "terms.payment_days", "to": 5.0, "start": "2027-02-01"}}
    timeline = apply(Scenario(changes=[change]), model(terms={"payment_days": 60.0}))
    log = simulate(timeline, opening=pipeline(*DEALS))
    assert [row[2] for row in rows(log)] == [70.0, 45.0]


def test_reps_cost_what_they_cost_besides_pay_for_the_days_they_are_there():
    reps = [{"name": "Bot", "role": "AE", "cost_per_year": 36_500.0, "hired": "2027-03-02"}]  # 30 days in March
    log = simulate(model(reps=reps), until="2027-03-31", cases=0)
    cost = run_cost(from_log(log))
    assert (cost.overhead, cost.base) == (pytest.approx(3_000.0), 0.0)
    assert table(log)["cost"] == pytest.approx(3_000.0)
