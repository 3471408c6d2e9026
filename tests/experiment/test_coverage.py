"""Intervals mean what they say: they cover a difference that is known beforehand as often as promised."""

from __future__ import annotations

import numpy as np
import pytest

from simsales.experiment import compare
from simsales.model.levers import Scenario
from simsales.model.schema import Model

LEADS, REPLICATIONS, SEEDS = 40, 12, 60


def funnel() -> Model:
    exits = [{"to": "won", "probability": 0.3, "delay_days": 5}, {"to": "lost", "probability": 0.7, "delay_days": 5}]
    return Model(
        horizon_days=30.0,
        channels=[{"name": "web", "leads_per_week": 70.0}],
        segments=[{"name": "all", "amount": 100.0}],
        stages=[{"name": "Open", "exits": exits}],
    )


@pytest.fixture(scope="module")
def rows():
    better = Scenario(name="better", changes=[{"set": {"path": "stages[Open].exits[won].probability", "to": 0.4}}])
    found = [
        compare(funnel(), better, REPLICATIONS, seed, cases=LEADS, kpis=["bookings"], jobs=1) for seed in range(SEEDS)
    ]
    return [result.table.loc[("better", "bookings")] for result in found]


def test_95_percent_intervals_cover_the_true_difference_that_often(rows):
    truth = 0.1 * LEADS * 100.0  # expected wins more, times the amount
    covered = sum(row["low"] <= truth <= row["high"] for row in rows)
    assert covered >= 0.95 * SEEDS - 3 * np.sqrt(SEEDS * 0.95 * 0.05)


def test_the_mean_difference_is_unbiased(rows):
    means = np.array([row["difference"] for row in rows])
    error = means.std(ddof=1) / np.sqrt(SEEDS)
    assert abs(means.mean() - 400.0) < 3 * error


def test_intervals_are_not_wider_than_they_need_be(rows):
    # a lead wins only in the better scenario with probability 0.1: variance 40 * 0.1 * 0.9 * 100^2
    half = np.mean([(row["high"] - row["low"]) / 2 for row in rows])
    assert half == pytest.approx(2.201 * np.sqrt(40 * 0.09) * 100 / np.sqrt(REPLICATIONS), rel=0.1)
