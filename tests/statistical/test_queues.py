"""The engine against closed forms: queues, Little's law, funnels. Fixed seeds; three standard errors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from simsales.engine import EventLog, simulate
from simsales.engine.plan import LOST, WON
from simsales.model.schema import Model

ALWAYS = {"hours": "00:00-24:00", "days": "mon-sun"}


def queue_model(per_day: float, mean_hours: float, servers: int, law: Any = None, days: float = 2500.0) -> Model:
    """One stage, one task, a pool of servers, Poisson arrivals round the clock."""
    return Model(
        calendar=ALWAYS,
        horizon_days=days,
        channels=[{"name": "web", "leads_per_week": 7.0 * per_day}],
        roles=[{"name": "AE", "routing": "pool"}],
        reps=[{"role": "AE", "count": servers}],
        stages=[{
            "name": "Open",
            "tasks": [{"role": "AE", "work_hours": law or {"exponential": {"mean": mean_hours}}}],
            "exits": [{"to": "won", "probability": 1.0}],
        }],
    )  # fmt: skip


def erlang_c(servers: int, load: float) -> float:
    """Probability of waiting in M/M/c with an offered load in erlangs."""
    top = load**servers / math.factorial(servers) * servers / (servers - load)
    return top / (sum(load**k / math.factorial(k) for k in range(servers)) + top)


def waits(log: EventLog, warm: float = 100.0) -> np.ndarray:
    """Days in queue of tasks that arrived after the warm-up and began."""
    keep = (log.task.queued > warm) & ~np.isnan(log.task.started)
    return (log.task.started - log.task.queued)[keep]


def batch_error(values: np.ndarray, batches: int = 25) -> float:
    """Standard error of the mean of a correlated series, by batch means."""
    means = np.array([part.mean() for part in np.array_split(values, batches)])
    return float(means.std(ddof=1) / math.sqrt(batches))


def agrees(values: np.ndarray, expected: float) -> None:
    error = batch_error(values)
    assert error < 0.15 * expected, "the sample is too small to say anything"
    assert abs(values.mean() - expected) < 3.0 * error


def test_erlang_c_is_that_of_the_reference_table():
    assert erlang_c(2, 8 / 5) == pytest.approx(0.7111, abs=5e-5)


@pytest.mark.parametrize(
    ("per_day", "mean_hours", "servers"),
    [(6.0, 2.8, 1), (8.0, 24 / 5, 2), (9.0, 8.0, 4)],
    ids=["M/M/1", "M/M/2", "M/M/4"],
)
def test_waiting_agrees_with_erlang_c(per_day, mean_hours, servers):
    service = mean_hours / 24.0
    load = per_day * service
    wait = waits(simulate(queue_model(per_day, mean_hours, servers), seed=11))
    chance = erlang_c(servers, load)
    agrees(wait, chance * service / (servers - load))
    agrees((wait > 0.0).astype(float), chance)


def test_waiting_for_regular_work_is_half_as_long():
    """Pollaczek and Khinchine: M/D/1 waits half of M/M/1."""
    wait = waits(simulate(queue_model(6.0, 3.0, 1, law=3.0), seed=12))
    load, service = 6.0 / 8.0, 3.0 / 24.0
    agrees(wait, load * service / (2.0 * (1.0 - load)))


def test_work_in_progress_is_rate_times_time():
    """Little's law in exact form: the area under the number in system is the sum of the stays."""
    log = simulate(queue_model(9.0, 8.0, 4, days=800.0), seed=13)
    left = np.where(np.isnan(log.visit.left), log.until, log.visit.left)
    stays = (left - log.visit.entered).sum()
    times = np.concatenate([log.visit.entered, left])
    steps = np.concatenate([np.ones(len(left)), -np.ones(len(left))])
    order = np.argsort(times, kind="stable")
    level = np.cumsum(steps[order])
    area = float((level[:-1] * np.diff(times[order])).sum())
    assert area == pytest.approx(stays, rel=1e-9)


def test_ten_deals_a_week_for_six_weeks_are_sixty_open():
    m = Model(
        calendar=ALWAYS, horizon_days=6000.0, channels=[{"name": "web", "leads_per_week": 10.0}],
        stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0, "delay_days": {"gamma": {"mean": 42.0, "cv": 0.5}}}]}],
    )  # fmt: skip
    log = simulate(m, seed=14)
    moments = np.arange(300.0, 5900.0, 5.0)
    closed = np.where(np.isnan(log.deal.closed), np.inf, log.deal.closed)
    open_ = np.array([((log.deal.created <= t) & (closed > t)).sum() for t in moments])
    agrees(open_.astype(float), 60.0)


def test_ample_capacity_is_the_semi_markov_process():
    """With more reps than work, times are those of the laws: no queue at all."""
    log = simulate(queue_model(3.0, 8.0, 60, days=400.0), seed=15)
    assert waits(log).max() == 0.0


def test_at_full_load_more_leads_win_nothing_more():
    won = [
        int((simulate(queue_model(rate, 8.0, 1, law=8.0, days=300.0), seed=16).deal.status == WON).sum())
        for rate in (4.0, 8.0)
    ]
    assert abs(won[1] - won[0]) <= 2
    assert won[0] == pytest.approx(900, abs=5)  # one rep, three tasks of 8 h a day


def test_with_scarce_leads_more_reps_win_nothing_more():
    won = [int((simulate(queue_model(2.0, 2.0, n, law=2.0, days=300.0), seed=17).deal.status == WON).sum()) for n in (2, 8)]
    assert abs(won[1] - won[0]) <= 1


# funnels ----------------------------------------------------------------------------------------

COUNTS = [1000, 800, 600, 450, 350, 250, 150]
LABELS = ["潜在客户开发", "初步接触", "需求分析", "方案制定", "商务谈判", "成交"]


def linear_funnel() -> Model:
    stages = [
        {
            "name": name,
            "exits": [
                {"to": LABELS[i + 1] if i + 1 < len(LABELS) else "won", "probability": COUNTS[i + 1] / COUNTS[i], "delay_days": 2.0},
                {"to": "lost", "probability": 1.0 - COUNTS[i + 1] / COUNTS[i], "delay_days": 2.0},
            ],
        }
        for i, name in enumerate(LABELS)
    ]
    return Model(channels=[{"name": "展会", "leads_per_week": 500.0}], stages=stages)


def test_the_linear_funnel_wins_fifteen_percent():
    plan_product = math.prod(stage.exits[0].probability for stage in linear_funnel().stages)
    assert plan_product == pytest.approx(0.15, abs=1e-12)
    log = simulate(linear_funnel(), seed=18, cases=20_000)
    assert (log.deal.status != -4).all()
    rate = float((log.deal.status == WON).mean())
    assert abs(rate - 0.15) < 3.0 * math.sqrt(0.15 * 0.85 / 20_000)
    entered = np.bincount(log.visit.stage, minlength=6) / 20_000
    expected = np.array(COUNTS[:6]) / 1000.0
    error = np.sqrt(expected * (1.0 - expected) / 20_000)
    assert np.all(np.abs(entered - expected) <= 3.0 * error + 1e-12)


def nonlinear_world(entry: dict[str, float]) -> Model:
    """Skips, returns and direct wins: the world whose win rate is 0.1302"""
    advance, lost = [0.55, 0.50, 0.50, 0.55, 0.55], [0.39, 0.40, 0.40, 0.40, 0.41]
    stages = []
    for i in range(5):
        exits = [{"to": f"S{i + 2}" if i < 4 else "won", "probability": advance[i]}, {"to": "lost", "probability": lost[i]}]
        if i < 3:
            exits.append({"to": f"S{i + 3}", "probability": 0.05})
        if i > 0:
            exits.append({"to": f"S{i}", "probability": 0.04})
        if i < 4:
            exits.append({"to": "won", "probability": 0.01})
        for exit_ in exits:
            exit_["delay_days"] = {"exponential": {"mean": 3.0}}
        stages.append({"name": f"S{i + 1}", "exits": exits})
    return Model(channels=[{"name": "web", "leads_per_week": 500.0, "entry": entry}], stages=stages)


MIX = {"S1": 0.70, "S2": 0.15, "S3": 0.08, "S4": 0.05, "S5": 0.02}


def test_the_nonlinear_world_wins_what_the_absorbing_chain_says():
    log = simulate(nonlinear_world(MIX), seed=19, cases=20_000)
    rate = float((log.deal.status == WON).mean())
    assert abs(rate - 0.1302) < 3.0 * math.sqrt(0.1302 * 0.8698 / 20_000)
    assert ((log.deal.status == WON) | (log.deal.status == LOST)).all()


@pytest.mark.parametrize(("stage", "expected"), [("S1", 0.0940), ("S3", 0.2075), ("S5", 0.5631)])
def test_the_nonlinear_world_wins_by_entry_stage(stage, expected):
    log = simulate(nonlinear_world({stage: 1.0}), seed=20, cases=6_000)
    rate = float((log.deal.status == WON).mean())
    assert abs(rate - expected) < 3.0 * math.sqrt(expected * (1.0 - expected) / 6_000)


def test_stale_deals_become_hopeless_by_themselves():
    """R5 and R9: wins are quick and losses slow, so the chance of winning falls with age."""
    import pandas as pd

    m = Model(
        channels=[{"name": "web", "leads_per_week": 0.0}],
        horizon_days=3000.0,
        stages=[{"name": "Open", "exits": [
            {"to": "won", "probability": 0.5, "delay_days": {"exponential": {"mean": 10.0}}},
            {"to": "lost", "probability": 0.5, "delay_days": {"exponential": {"mean": 30.0}}},
        ]}],
    )  # fmt: skip
    n = 6000
    for age in (0.0, 15.0, 45.0):
        deals = pd.DataFrame({"deal_id": range(n), "stage": "Open", "age_days": age})
        log = simulate(m, seed=21, opening=deals)
        a, b = math.exp(-age / 10.0), math.exp(-age / 30.0)
        expected = a / (a + b)
        rate = float((log.deal.status == WON).mean())
        assert abs(rate - expected) < 3.0 * math.sqrt(expected * (1.0 - expected) / n)
        left = log.deal.closed - log.start
        mean = left[log.deal.status == LOST].mean()
        assert abs(mean - 30.0) < 3.0 * 30.0 / math.sqrt((log.deal.status == LOST).sum())
