"""Queues with priorities and with impatience against their closed forms; Little's law by stage. Three standard errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from test_queues import ALWAYS, agrees, waits

from simsales.engine import simulate
from simsales.model.schema import Model


def model(days: float, per_day: float, stage: dict[str, Any], segments: Any = None, **role: Any) -> Model:
    """One server, Poisson arrivals round the clock."""
    names = segments or [{"name": "all", "amount": 1.0}]
    shares = {segment["name"]: 1.0 / len(names) for segment in names}
    return Model(
        calendar=ALWAYS, horizon_days=days, roles=[{"name": "AE", "routing": "pool", **role}], reps=[{"role": "AE"}],
        channels=[{"name": "web", "leads_per_week": 7.0 * per_day, "segments": shares}], segments=names,
        stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}], **stage}],
    )  # fmt: skip


EXPONENTIAL = [{"role": "AE", "work_hours": {"exponential": {"mean": 2.4}}}]
"""Ten a day."""


def test_two_priority_classes_wait_as_cobham_says():
    """M/M/1, no preemption: W1 = W0 / (1 - rho1), W2 = W0 / ((1 - rho1)(1 - rho)), W0 = rho / mu."""
    m = model(6000.0, 7.0, {"tasks": EXPONENTIAL}, queue="highest_value",
              segments=[{"name": "large", "amount": 2.0}, {"name": "small", "amount": 1.0}])  # fmt: skip
    log = simulate(m, seed=31)
    first = log.deal.segment[log.task.deal] == 0
    settled = (log.task.queued > 100.0) & ~np.isnan(log.task.started)
    wait = log.task.started - log.task.queued
    w0, rho1, rho = 0.7 / 10.0, 0.35, 0.7
    agrees(wait[settled & first], w0 / (1.0 - rho1))
    agrees(wait[settled & ~first], w0 / ((1.0 - rho1) * (1.0 - rho)))


def impatient(rate: float, service: float, leave: float) -> tuple[float, float]:
    """Chance of leaving unserved and mean number waiting in M/M/1 with exponential patience, by its birth-death chain."""
    weights = [1.0]
    for n in range(1, 400):
        weights.append(weights[-1] * rate / (service + (n - 1) * leave))
    waiting = sum((n - 1) * w for n, w in enumerate(weights) if n > 1) / sum(weights)
    return leave * waiting / rate, waiting


def test_impatient_deals_leave_as_the_birth_death_chain_says():
    rate, service, leave = 12.0, 10.0, 4.0
    m = model(1500.0, rate, {"tasks": EXPONENTIAL, "patience_days": {"exponential": {"mean": 1.0 / leave}}})
    log = simulate(m, seed=32)
    chance, waiting = impatient(rate, service, leave)
    settled = (log.deal.created > 50.0) & (log.deal.created < log.until - 20.0)
    agrees((log.deal.reason[settled] == 1).astype(float), chance)
    ends = np.where(np.isnan(log.task.started), log.deal.closed[log.task.deal], log.task.started)
    kept = settled[log.task.deal]
    agrees((ends - log.task.queued)[kept], waiting / rate)  # Little's law for the queue


def test_without_patience_the_same_chain_is_the_plain_queue():
    assert impatient(6.0, 10.0, 1e-9)[1] == pytest.approx(0.36 / 0.4, rel=1e-6)


def test_littles_law_holds_for_every_stage():
    """L = lambda W where every stay is counted with its part inside the window."""
    m = Model(
        calendar=ALWAYS, horizon_days=900.0, roles=[{"name": "AE"}], reps=[{"role": "AE", "count": 3}],
        channels=[{"name": "web", "leads_per_week": 35.0}],
        stages=[
            {"name": "A", "tasks": [{"role": "AE", "work_hours": {"gamma": {"mean": 4.0, "cv": 1.0}}}], "exits": [
                {"to": "B", "probability": 0.6, "delay_days": {"exponential": {"mean": 5.0}}},
                {"to": "lost", "probability": 0.4, "delay_days": 2.0}]},
            {"name": "B", "tasks": [{"role": "AE", "work_hours": 3.0}], "exits": [
                {"to": "A", "probability": 0.1}, {"to": "won", "probability": 0.9, "delay_days": {"exponential": {"mean": 8.0}}}]},
        ],
    )  # fmt: skip
    log = simulate(m, seed=33)
    from simsales import kpi

    table = kpi.table(log, by=("stage",))
    begin, end = 0.0, log.until
    for s, name in enumerate(("A", "B")):
        mine = log.visit.stage == s
        left = np.where(np.isnan(log.visit.left), end, log.visit.left)[mine]
        entered = log.visit.entered[mine]
        arrivals, stay = len(entered) / (end - begin), float((left - entered).mean())
        assert table[f"wip[stage={name}]"] == pytest.approx(arrivals * stay, rel=1e-9)
    # and with what the model says, in the long run: 5 a day enter A first, a tenth of B comes back
    into_a = 5.0 / (1.0 - 0.06)
    counts = np.bincount(log.visit.entered[log.visit.stage == 0].astype(int), minlength=900)[50:]
    agrees(counts.astype(float), into_a)


def test_waits_helper_leaves_out_the_warm_up():
    log = simulate(model(300.0, 6.0, {"tasks": EXPONENTIAL}), seed=34)
    assert 0 < len(waits(log)) < len(log.task.queued)
    assert math.isfinite(float(waits(log).mean()))
