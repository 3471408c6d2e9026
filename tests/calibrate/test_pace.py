"""Do fast deals stay fast? Worlds made by NumPy with a known answer."""

from __future__ import annotations

import numpy as np
import pytest

from simsales.calibrate.data import StageVisits
from simsales.calibrate.fit import bootstrap_weights
from simsales.calibrate.pace import fit_pace, normal_scores, pace_correlation


def world(rho: float, n: int = 3000, stages: int = 3, seed: int = 1) -> list[StageVisits]:
    """Deals that pass through all stages, with log-durations tied together by a Gaussian copula."""
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=n)
    found = []
    for s in range(stages):
        z = np.sqrt(rho) * latent + np.sqrt(1 - rho) * rng.normal(size=n)
        reached = np.arange(n) < n - s * n // 4
        cause = np.where(rng.random(n) < 0.6, 1, 2)[reached]
        duration = np.exp((0.5 + 0.3 * s) * z + s)[reached]
        found.append(StageVisits(f"S{s}", ("on", "lost"), duration, np.zeros(reached.sum()), cause,
                                 np.flatnonzero(reached), np.full(reached.sum(), 1e9)))  # fmt: skip
    return found


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.7])
def test_the_correlation_of_a_world_is_found(rho):
    found, pairs = pace_correlation(world(rho), bootstrap_weights(3000, 40, 1))
    assert pairs > 3000
    assert abs(found[0] - rho) < 3 * found[1:].std(ddof=1)
    assert found[1:].std(ddof=1) < 0.03


def test_independent_stays_stay_independent_in_the_model():
    used, row = fit_pace(world(0.0), bootstrap_weights(3000, 40, 1))
    assert not used.any()
    assert row.value == 0.0
    assert "not told from 0" in row.note


def test_a_tie_that_was_seen_is_kept_in_every_draw():
    used, row = fit_pace(world(0.5), bootstrap_weights(3000, 40, 1))
    assert row.status == "identified"
    assert row.low < 0.5 < row.high
    assert used[0] == row.value
    assert 0 < used[1:].std() < 0.05


def test_few_pairs_say_nothing():
    used, row = fit_pace(world(0.9, n=20), bootstrap_weights(20, 10, 1))
    assert not used.any()
    assert row.status == "assumed"
    assert "too few" in row.note


def test_a_history_of_one_stage_has_no_pairs():
    used, row = fit_pace(world(0.9, stages=1), bootstrap_weights(3000, 5, 1))
    assert not used.any()
    assert row.n == 0


def test_ties_share_their_rank():
    assert normal_scores(np.array([1.0, 1.0, 1.0, 1.0])).tolist() == [0.0] * 4
