"""What holds for every KPI of the registry, whatever it measures: parts, lengths, order, and what lies outside the window."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pandas as pd
import pytest
from scipy.special import stdtrit

from simsales import kpi
from simsales.engine import simulate
from simsales.history import History
from simsales.kpi.registry import BUILT_IN
from simsales.model.schema import Model

KPIS = {name: member for name, member in kpi.KPIS.items() if name in BUILT_IN}
RATE = 5.0
RUNS = 16
CHANCE = 1e-4  # that one of all comparisons misses by luck
BURN_IN, LENGTHS = 120, (60, 120, 240)


def organisation(**changes) -> Model:
    """An organisation that becomes steady: rep queues, returns, two ways to lose, parked deals, hand-overs, discounts."""
    fields = {
        "epoch": "2027-01-01T00:00+08:00",
        "calendar": {"timezone": "Asia/Shanghai", "hours": "00:00-24:00", "days": "mon-sun"},
        "channels": [{"name": "web", "leads_per_week": 4 * RATE, "segments": {"小客户": 0.7, "mid": 0.3}, "cost_per_lead": 9.0},
                     {"name": "fair", "leads_per_week": 3 * RATE, "segments": {"mid": 1.0}, "cost_per_lead": 20.0}],
        "segments": [{"name": "小客户", "amount": {"lognormal": {"median": 100.0, "p90": 300.0}}}, {"name": "mid", "amount": 500.0}],
        "stages": [
            {"name": "Talk", "sla_days": 8.0, "patience_days": 1.0, "tasks": [{"role": "SDR", "work_hours": {"exponential": {"mean": 3.0}}}],
             "exits": [{"to": "Offer", "probability": 0.5, "delay_days": {"exponential": {"mean": 6.0}}},
                       {"to": "lost", "probability": 0.5, "delay_days": {"exponential": {"mean": 3.0}}}]},
            {"name": "Offer", "sla_days": 20.0, "tasks": [{"role": "AE", "work_hours": {"exponential": {"mean": 6.0}}}],
             "exits": [{"to": "won", "probability": 0.4, "delay_days": {"gamma": {"mean": 12.0, "cv": 0.6}}},
                       {"to": "Talk", "probability": 0.15, "delay_days": 4.0},
                       {"to": "lost", "probability": 0.25, "delay_days": {"exponential": {"mean": 8.0}}},
                       {"to": "no_decision", "probability": 0.2, "delay_days": {"exponential": {"mean": 10.0}}}]},
        ],
        "roles": [{"name": "SDR", "routing": "pool"}, {"name": "AE"}],
        "plans": {"std": {"base": 1200.0, "quota": 4000.0, "rates": [{"rate": 0.08}]}},
        "reps": [{"role": "SDR", "count": 1, "team": "In"}, {"role": "AE", "count": 2, "plan": "std", "team": "Out"}],
        "products": [{"name": "A", "share": 2.0}, {"name": "B"}], "regions": [{"name": "North"}, {"name": "South"}],
        "pricing": {"discount": {"uniform": {"low": 0.0, "high": 0.2}}, "unit_cost_share": 0.4},
    }  # fmt: skip
    return Model(**(fields | changes))


def window(history: History, first: float, last: float) -> History:
    """Return what is known of some days of a history, from an organisation that had long been at work."""
    start = history.observed_from
    return dataclasses.replace(history, observed_from=start + pd.Timedelta(days=first), observed_until=start + pd.Timedelta(days=last))


def windows() -> dict[int, pd.DataFrame]:
    """Return the KPIs of windows of three lengths of histories, from when the organisation has filled up; a row a run."""
    rows: dict[int, list[dict[str, float]]] = {length: [] for length in LENGTHS}
    for r in range(RUNS):
        history = simulate(organisation(), seed=5, replication=r, until=float(BURN_IN + max(LENGTHS))).to_history()
        for length in LENGTHS:
            rows[length].append(kpi.table(window(history, BURN_IN, BURN_IN + length), by=("stage", "role", "segment", "channel")))
    return {length: pd.DataFrame(found) for length, found in rows.items()}


def runs() -> dict[int, pd.DataFrame]:
    """Return the KPIs of runs of three lengths that start from the open deals of an organisation that has filled up."""
    rows: dict[int, list[dict[str, float]]] = {length: [] for length in LENGTHS}
    for r in range(RUNS):
        opening = simulate(organisation(), seed=5, replication=r, until=float(BURN_IN)).opening()
        for length in LENGTHS:
            log = simulate(organisation(), seed=6, replication=r, start=float(BURN_IN), until=float(BURN_IN + length), opening=opening)
            rows[length].append(kpi.table(log))
    return {length: pd.DataFrame(found) for length, found in rows.items()}


@pytest.mark.parametrize("steady", [windows, runs])
def test_a_steady_organisation_has_the_same_levels_and_growing_sums_at_every_length(steady):
    found = steady()
    longest = found[max(LENGTHS)]
    known = [name for name in longest if kpi.parse_name(name)[0] in KPIS and longest[name].notna().any()]
    expected = {"cycle_days", "wip", "queue_days", "rework_rate", "sales_velocity", "handoff_days"} if steady is windows else set(KPIS) - {"cash", "attrition_rate"}  # no terms, nobody leaves
    assert {kpi.parse_name(name)[0] for name in known} >= expected
    for length in LENGTHS[:-1]:
        for name in known:
            share = length / max(LENGTHS) if KPIS[kpi.parse_name(name)[0]].adds_up else 1.0
            gap = found[length][name] - longest[name] * share
            if gap.isna().any():  # too short a window for some runs: those that know are the quicker ones
                assert length == min(LENGTHS), name
                assert KPIS[kpi.parse_name(name)[0]].unit == "days", name
                continue
            error = gap.std(ddof=1) / math.sqrt(RUNS)
            errors = stdtrit(RUNS - 1, 1.0 - CHANCE / (2 * len(known)))
            assert abs(gap.mean()) <= errors * error + 1e-9, (name, length, found[length][name].mean(), longest[name].mean())


@pytest.fixture(scope="module")
def log():
    return simulate(organisation(), seed=4, until=150.0)


@pytest.fixture(scope="module")
def values(log):
    return kpi.table(log, by=kpi.DIMENSIONS, names=True)


def test_sums_are_the_sums_of_their_parts(log, values):
    for source, found in ((log, values), (log.to_history(), kpi.table(log.to_history(), by=kpi.DIMENSIONS, names=True))):
        for name, member in KPIS.items():
            for dimension in member.by if member.adds_up else ():
                parts = sum(value for key, value in found.items() if key.startswith(f"{name}[{dimension}="))
                nobody = _owned_by_nobody(source, name) if dimension in ("rep", "team") else 0.0
                assert parts + nobody == pytest.approx(found[name], nan_ok=True), (name, dimension)


def _owned_by_nobody(source, name: str) -> float:
    """Return what counts for no rep: deals that are won without an owner."""
    from simsales.facts import facts_of

    facts = facts_of(source)
    lost = facts.deals.won & (facts.deals.owner < 0)
    amount = facts.deals.amount[lost]
    return {"won": float(lost.sum()), "bookings": float(amount.sum()), "margin": float((amount - facts.deals.delivery[lost]).sum())}.get(name, 0.0)


def test_the_only_member_of_a_dimension_is_the_whole():
    model = organisation(
        channels=[{"name": "web", "leads_per_week": 7 * RATE, "cost_per_lead": 9.0, "segments": {"mid": 1.0}}],
        segments=[{"name": "mid", "amount": 500.0}], products=[{"name": "A"}], regions=[{"name": "North"}],
        stages=[{"name": "Talk", "sla_days": 1.0, "tasks": [{"role": "AE", "work_hours": {"exponential": {"mean": 1.0}}}],
                 "exits": [{"to": "won", "probability": 0.4, "delay_days": 1.0}, {"to": "lost", "probability": 0.6, "delay_days": {"exponential": {"mean": 1.0}}}]}],
        roles=[{"name": "AE"}], reps=[{"name": "Ada", "role": "AE", "plan": "std", "team": "Out"}],
    )  # fmt: skip
    log = simulate(model, seed=1, until=31.0)
    for source in (log, log.to_history()):
        found = kpi.table(source, by=kpi.DIMENSIONS, names=True)
        parts = [name for name in found if "[" in name]
        assert {kpi.parse_name(name)[1] for name in parts} == set(kpi.DIMENSIONS)
        for name in parts:
            assert found[name] == pytest.approx(found[kpi.parse_name(name)[0]], nan_ok=True), name


def test_a_run_and_its_history_agree_or_the_history_does_not_know(log, values):
    real = kpi.table(log.to_history(), by=kpi.DIMENSIONS, names=True)
    both = set(real) & set(values)
    assert {kpi.parse_name(name)[0] for name in both} >= set(KPIS)
    for name in both:
        assert math.isnan(real[name]) or real[name] == pytest.approx(values[name], rel=1e-6, abs=1e-9), name
    unknown = {name for name in KPIS if math.isnan(real[name])}
    assert unknown >= {"utilisation", "quota_attainment", "commission", "cost", "net", "margin", "cac", "sla_breach", "ccos"}


def test_the_order_of_deals_visits_and_tasks_does_not_matter(log):
    history = log.to_history()
    shuffled = dataclasses.replace(history, **{
        name: getattr(history, name).sample(frac=1.0, random_state=7).reset_index(drop=True) for name in ("deals", "visits", "tasks")
    })  # fmt: skip
    first, second = (kpi.table(each, by=kpi.DIMENSIONS, names=True) for each in (history, shuffled))
    assert list(first) == list(second)
    for name, value in first.items():
        assert second[name] == pytest.approx(value, nan_ok=True), name


def test_what_happens_after_the_window_does_not_matter(log):
    cut = log.to_history().observed_from + pd.Timedelta(days=90)
    late = dataclasses.replace(log.to_history(), observed_until=cut)  # the tables know the future, the window ends before it
    known = kpi.table(log.to_history().as_of(cut), by=kpi.DIMENSIONS, names=True)
    for name, value in kpi.table(late, by=kpi.DIMENSIONS, names=True).items():
        if name in known:
            assert value == pytest.approx(known[name], nan_ok=True), name


def test_what_was_over_before_the_window_does_not_matter(log):
    history = window(log.to_history(), 60, 150)
    over = set(history.deals.loc[history.deals["closed_at"] < history.observed_from, "deal_id"])
    assert len(over) > 50
    without = dataclasses.replace(history, **{
        name: (table := getattr(history, name))[~table["deal_id"].isin(over)].reset_index(drop=True) for name in ("deals", "visits", "tasks")
    })  # fmt: skip
    first, second = (kpi.table(each, by=kpi.DIMENSIONS, names=True) for each in (history, without))
    for name in set(first) & set(second):
        assert second[name] == pytest.approx(first[name], nan_ok=True), name


@pytest.mark.parametrize("history_class", ["B", "C", "D"])
def test_a_history_without_all_stays_knows_no_returns(log, history_class):
    assert KPIS["rework_rate"](log.to_history()) > 0
    assert math.isnan(KPIS["rework_rate"](dataclasses.replace(log.to_history(), history_class=history_class)))


def test_reasons_of_a_crm_say_nothing_of_lost_time(log):
    history = log.to_history()
    assert KPIS["no_response"](history) > 0
    said = history.deals.assign(reason=history.deals["reason"].mask(history.deals["status"] == "lost", "price"))
    report = dataclasses.replace(history.report, source="deals")
    assert math.isnan(KPIS["no_response"](dataclasses.replace(history, deals=said, report=report)))
    assert np.isfinite(KPIS["no_response"](dataclasses.replace(history, deals=said)))  # a simulated run would tell


def test_a_win_of_an_opening_deal_is_credited_to_who_had_worked_on_it_before_the_start():
    stages = [
        {"name": "Talk", "tasks": [{"role": "SDR", "work_hours": 0.1}], "exits": [{"to": "Offer", "probability": 1.0}]},
        {"name": "Offer", "tasks": [{"role": "AE", "work_hours": 0.1}], "exits": [{"to": "won", "probability": 1.0, "delay_days": 30.0}]},
    ]
    model = organisation(stages=stages, pricing={}, products=[], regions=[])
    opening = simulate(model, seed=2, until=30.0).opening()
    log = simulate(model, seed=2, start=30.0, until=59.0, opening=opening)  # no deal of the run itself is won by then
    found = kpi.table(log, kpis=["won", "bookings", "won[team=Out]", "commission"])
    assert found["won"] > 50
    assert found["won[team=Out]"] == found["won"]
    assert found["commission"] == pytest.approx(0.08 * found["bookings"], abs=0.02)  # to the cent, for each of two
