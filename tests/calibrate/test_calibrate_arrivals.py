"""Arrivals: level, trend, overdispersion and what short histories cannot tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from simsales.calibrate import calibrate
from simsales.calibrate.arrivals import block_cv, level, overdispersion, season, shares, trend, weekly
from simsales.engine import simulate
from simsales.model.schema import Model


def test_weeks_end_at_the_end_of_observation_and_the_rest_is_left_out() -> None:
    counts = weekly(np.array([0.1, 6.9, 7.1, 20.0, 25.0]), 23.0).counts
    assert counts.tolist() == [1.0, 1.0, 2.0]  # 25 days back lies in the broken first week


def test_the_level_follows_a_jump_and_ignores_it_where_there_is_none() -> None:
    jump, _, half_life = level(np.array([20.0] * 20 + [40.0] * 12))
    assert half_life <= 8
    assert jump > 35
    steady, error, _ = level(np.array([20.0, 24, 18, 22, 19, 21, 20, 23] * 4))
    assert steady == pytest.approx(20.9, abs=1.0)
    assert error == pytest.approx(np.sqrt(20.9 / 32), rel=0.5)


def test_the_trend_is_the_weekly_growth() -> None:
    t = np.arange(80)
    slope, error = trend(np.round(30 * np.exp(0.01 * t)))
    assert slope == pytest.approx(0.01, abs=0.0005)
    assert error < 0.001 * 1.5


def test_poisson_counts_are_not_overdispersed_and_clumped_ones_are() -> None:
    assert overdispersion(np.array([10.0, 13, 8, 11, 9, 12, 10, 7, 13, 10])) < 1.5
    assert overdispersion(np.array([0.0, 25, 2, 30, 1, 22, 3, 28, 0, 26])) > 10


def test_no_season_is_claimed_below_two_years() -> None:
    created = pd.Series(pd.date_range("2025-01-01", periods=400, freq="D"))
    assert season(created, 57) == {}


def test_a_strong_december_is_found_in_three_years() -> None:
    days = pd.date_range("2022-01-01", "2024-12-31", freq="D")
    created = pd.Series(days.repeat(np.where(days.month == 12, 6, 2)))
    found = season(created, 156)
    assert found["dec"] == pytest.approx(6 / (28 / 12), rel=0.05)
    assert found["mar"] < 1


def test_quarters_that_differ_by_chance_have_no_common_shock() -> None:
    assert block_cv(np.full(60, 20.0)) == 0.0
    assert block_cv(np.repeat([10.0, 30.0, 10.0, 30.0], 13)) == pytest.approx(0.5, abs=0.15)
    assert block_cv(np.full(40, 20.0)) is None  # three quarters tell nothing
    assert block_cv(np.zeros(60)) is None  # nor do five without a lead


def test_shares_add_up_and_leave_out_what_is_missing() -> None:
    assert shares(pd.Series(["a", "b", None, "a"])) == pytest.approx({"a": 2 / 3, "b": 1 / 3})


def test_a_trend_of_which_nothing_is_known_has_a_finite_upper_end() -> None:
    model = Model(
        epoch="2027-01-04", horizon_days=56.0, channels=[{"name": "web", "leads_per_week": 0.0, "campaigns": [
            {"name": "fair", "start": "2027-01-04", "until": "2027-01-08", "leads": 30.0}]}],
        stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}],
    )  # fmt: skip
    found = next(p for p in calibrate(simulate(model, seed=1).to_history()).parameters if p.path.endswith("trend_per_year"))
    assert found.high is not None
    assert 1e20 < found.high < 1e22
