"""What is taken off bookings, when it arises, and what is not known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from money_models import STANDARD, model, pipeline

from simsales.engine import simulate
from simsales.experiment import compare
from simsales.facts import from_log
from simsales.kpi import table
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model
from simsales.money import cost_by_month, cost_parts, run_cost

DEALS = pipeline((10.0, 60_000.0, None), (40.0, 40_000.0, None))


def bare(**parts) -> Model:
    return model(roles=[], reps=[], plans={}, **parts)


def leads(**parts) -> Model:
    """New deals of 1,000 that are won at once."""
    fields = {"channels": [{"name": "web", "leads_per_week": 70.0}], "segments": [{"name": "all", "amount": 1_000.0}],
              "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}], "horizon_days": 90.0}  # fmt: skip
    return bare(**(fields | parts))


def values(log, *names: str) -> list[float]:
    found = table(log, kpis=names)
    return [found[name] for name in names]


# a price is not a cost -----------------------------------------------------------------------------

CHEAPER = {"by": {"price": {"by": 0.85}}, "by a segment": {"price": {"segment": "all", "by": 0.85}}, "twice": {"price": {"by": 0.85**0.5}},
           "discount": {"price": {"discount": 0.15}}, "from a date": {"price": {"by": 0.85, "start": "2026-12-01"}}}  # fmt: skip


@pytest.mark.parametrize("way", CHEAPER)
def test_the_same_price_costs_the_same_however_it_is_written(way):
    m = leads(pricing={"unit_cost_share": 0.7})
    changes = [CHEAPER[way]] * (2 if way == "twice" else 1)
    log = simulate(apply(Scenario(changes=changes), m), seed=1)
    won = int((log.deal.status == -1).sum())
    bookings, margin, cost, net = values(log, "bookings", "margin", "cost", "net")
    assert (bookings, cost) == (pytest.approx(850.0 * won), pytest.approx(700.0 * won))
    assert (margin, net) == (pytest.approx(150.0 * won), pytest.approx(150.0 * won))


def test_a_price_that_is_taken_up_bit_by_bit_leaves_the_cost_alone():
    m = leads(pricing={"unit_cost_share": 0.7})
    timeline = apply(Scenario(changes=[{"price": {"by": 0.5, "start": "2027-02-01", "adoption": 0.5, "ramp_days": 20.0}}]), m)
    log = simulate(timeline, seed=1)
    assert set(log.deal.amount.tolist()) == {500.0, 1_000.0}
    assert values(log, "cost") == [pytest.approx(700.0 * len(log.deal.amount))]


def test_bigger_deals_cost_more_to_deliver():
    m = leads(pricing={"unit_cost_share": 0.7})
    log = simulate(apply(Scenario(changes=[{"scale": {"path": "segments[all].amount", "by": 2.0}}]), m), seed=1)
    assert values(log, "cost") == [pytest.approx(1_400.0 * len(log.deal.amount))]


def test_open_deals_keep_the_price_and_the_cost_that_were_agreed():
    m = bare(pricing={"unit_cost_share": 0.7})
    log = simulate(apply(Scenario(changes=[{"price": {"by": 0.5}}]), m), opening=DEALS)
    assert values(log, "bookings", "cost") == [100_000.0, pytest.approx(70_000.0)]


# what is never paid --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("terms", "lost", "delivery"),
    [
        ({"bad_debt_share": 1.0}, 100_000.0, 50_000.0),
        ({"bad_debt_share": 1.0, "deposit_share": 0.3}, 70_000.0, 50_000.0),
        ({"cancel_share": 1.0}, 100_000.0, 0.0),  # within the run: nothing is delivered
        ({"cancel_share": 1.0, "cancel_days": 4_000.0, "payment_days": 10.0}, 100_000.0, 0.0),  # long after it
        ({"bad_debt_share": 1.0, "cancel_share": 1.0, "deposit_share": 0.3}, 100_000.0, 0.0),
        ({"deposit_share": 0.3, "payment_days": 900.0}, 0.0, 50_000.0),  # late is not never
    ],
)
def test_net_is_of_what_is_paid_one_day(terms, lost, delivery):
    log = simulate(bare(terms=terms, pricing={"unit_cost_share": 0.5}), opening=DEALS)
    cost = run_cost(from_log(log))
    assert (cost.unpaid, cost.delivery) == (pytest.approx(lost), pytest.approx(delivery))
    left = pytest.approx(100_000.0 - lost - delivery, abs=1e-6)
    assert values(log, "net", "margin") == [left, left]


def test_who_chases_debts_is_paid_for_by_the_debts():
    m = leads(terms={"bad_debt_share": 0.2, "payment_days": 30.0})
    chase = Scenario(name="chase", changes=[{"set": {"path": "terms.bad_debt_share", "to": 0.1, "cost": {"once": 5_000.0}}}])
    found = compare(m, [chase], 4, kpis=["bookings", "cost", "net"]).table.loc["chase", "difference"]
    won = int((simulate(m, seed=1).deal.status == -1).sum())
    assert found["bookings"] == 0.0
    # a tenth of about 900 deals of 1,000, three standard errors of which are 9,000 in four replications
    assert found["net"] == pytest.approx(0.1 * 1_000.0 * won - 5_000.0, abs=3 * 1_000.0 * (0.09 * won / 4) ** 0.5)


# what is not known ---------------------------------------------------------------------------------

UNKNOWN = ("cash", "margin", "cac", "discount_rate", "commission", "ccos", "attrition_rate")
STATED = {
    "cash": {"terms": {"deposit_share": 1.0}},
    "margin": {"pricing": {"unit_cost_share": 0.1}},
    "cac": {"channels": [{"name": "web", "leads_per_week": 0.0, "cost_per_lead": 1.0}]},
    "discount_rate": {"pricing": {"discount": 0.1}},
    "commission": {"roles": [{"name": "AE"}], "reps": [{"role": "AE", "plan": "std"}], "plans": {"std": STANDARD}},
    "ccos": {"roles": [{"name": "AE"}], "reps": [{"role": "AE", "plan": "std"}], "plans": {"std": STANDARD}},
    "attrition_rate": {"roles": [{"name": "AE"}], "reps": [{"role": "AE"}], "attrition": {"AE": {"per_year": 0.0}}},
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_nobody_has_stated_is_not_known(name):
    fields = {"roles": [{"name": "AE"}], "reps": [{"role": "AE"}], "plans": {}}
    assert math.isnan(values(simulate(model(**fields), opening=DEALS), name)[0])
    stated = values(simulate(model(**(fields | STATED[name])), opening=DEALS), name)[0]
    assert math.isfinite(stated)


def test_the_parts_of_the_cost_are_those_that_the_model_states():
    reps = [{"role": "AE", "plan": "std"}, {"role": "SDR"}]
    m = model(roles=[{"name": "AE"}, {"name": "SDR"}], reps=reps, pricing={"unit_cost_share": 0.3})
    assert cost_parts(m) == (("base pay", "commission", "delivery"), ("marketing", "pay of SDR", "bad debt", "cancellations"))
    said = "bookings less base pay, commission and delivery; not modelled: marketing, pay of SDR, bad debt, cancellations"
    assert cost_parts(m).label() == said
    assert cost_parts(m).label("zh") == "签约额减去底薪、提成、交付成本；未建模：市场费用、薪酬：SDR、坏账、退单"
    hire = Scenario(changes=[{"hire": {"role": "AE", "cost": {"once": 1.0}, "cost_per_year": 5.0}}])
    assert set(cost_parts(apply(hire, m)).included) - set(cost_parts(m).included) == {"changes", "cost of people besides pay"}
    assert cost_parts(bare()).label() == ""


# by month ------------------------------------------------------------------------------------------


def rich(seed: int) -> Model:
    """Every cost that a model can state."""
    return model(
        channels=[
            {"name": "web", "leads_per_week": 20.0, "cost_per_lead": 90.0, "partner_share": 0.1},
            {"name": "ads", "leads_per_week": 2.0, "spend": {"per_week": 700.0 + seed, "most_leads_per_week": 9.0, "half_at": 900.0},
             "campaigns": [{"name": "fair", "start": "2027-03-10", "until": "2027-03-12", "leads": 8, "cost": 1_200.0}]},
        ],
        segments=[{"name": "all", "amount": {"lognormal": {"median": 3_000.0, "p90": 9_000.0}}}],
        stages=[{"name": "Open", "tasks": [{"role": "AE", "work_hours": 2.0}],
                 "exits": [{"to": "won", "probability": 0.4, "delay_days": 9.0}, {"to": "lost", "probability": 0.6, "delay_days": 9.0}]}],
        reps=[{"role": "AE", "count": 2, "plan": "std", "cost_per_year": 3_650.0}, {"role": "AE", "plan": "std", "hired": "2027-04-13"}],
        plans={"std": STANDARD | {"draw": {"amount_per_period": 9_000.0}, "clawback": {"within_days": 60.0}}},
        attrition={"AE": {"per_year": 0.5, "vacancy_days": 20.0}}, pricing={"unit_cost_share": 0.3, "discount": 0.1},
        terms={"deposit_share": 0.2, "payment_days": 40.0, "bad_debt_share": 0.1, "cancel_share": 0.1},
        trainings=[{"name": "t", "role": "AE", "start": "2027-05-03", "days_off": 2, "cost_per_head": 50.0}],
    )  # fmt: skip


@pytest.mark.parametrize(("seed", "start", "until"), [(1, None, None), (2, "2027-02-12", "2027-07-05"), (3, "2027-01-31", "2027-10-31")])
def test_the_months_add_up_to_the_run(seed, start, until):
    changes = [
        {"hire": {"role": "AE", "start": "2027-05-20", "cost": {"once": 700.0, "per_year": 365.0}}},
        {"plan": {"name": "std", "rates": [{"rate": 0.2}], "base": 50_000.0, "start": "2027-04-20"}},
        {"set": {"path": "channels[web].cost_per_lead", "to": 40.0, "start": "2027-03-03", "adoption": 0.5, "ramp_days": 30.0}},
    ]
    facts = from_log(simulate(apply(Scenario(changes=changes), rich(seed)), seed=seed, start=start, until=until))
    months, whole = cost_by_month(facts), run_cost(facts)
    assert months.sum() == pytest.approx(whole.total)
    assert all(part > 0.0 for part in whole)
    assert len(months) == len(facts.months)


def test_people_cost_nothing_before_they_are_there():
    m = model(reps=[{"name": "Ada", "role": "AE"}], plans={"std": {"base": 36_500.0}})
    hire = Scenario(name="late", changes=[{"hire": {"role": "AE", "count": 5, "start": "2027-11-01", "plan": "std", "cost_per_year": 365.0}}])
    path = compare(m, [hire], 2, kpis=["bookings", "cost", "net", "bookings[month]"]).net_by_month("late")
    expected = np.array([0.0] * 10 + [-5 * 30 * 101.0, -5 * 61 * 101.0])
    assert path.to_numpy() == pytest.approx(np.array([expected] * 2))


def test_people_on_a_salary_need_no_quota():
    reps = [{"name": "Ada", "role": "AE", "plan": "std"}, {"name": "Sam", "role": "SE", "plan": "sc"}]
    m = model(roles=[{"name": "AE"}, {"name": "SE"}], reps=reps, plans={"std": STANDARD, "sc": {"base": 73_000.0}}, effort={"elasticity": 0.5})
    log = simulate(m, opening=pipeline((10.0, 45_000.0, "Ada")), until="2027-03-31")
    cost = run_cost(from_log(log))
    assert (cost.base, cost.commission) == (9_000.0 + 18_000.0, 4_500.0)
    assert values(log, "quota_attainment") == [0.5]


@pytest.mark.parametrize("more", [{"rates": [{"rate": 0.1}]}, {"cap": 1.0}, {"ratchet": {"up": 0.1, "down": 0.1}}])
def test_what_is_measured_by_attainment_needs_a_quota(more):
    with pytest.raises(ValueError, match=rf"quota must be given, got none beside {next(iter(more))}\. Hint: only a plan of base pay alone"):
        model(plans={"std": {"base": 100.0, **more}})
