"""Whether the team's throughput or the pipeline sets the pace."""

from __future__ import annotations

import numpy as np
import pytest

from simsales.calibrate.capacity import compare

RAMP = np.linspace(60.0, 180.0, 30)
WOBBLE = 1.0 + 0.06 * np.sin(np.arange(30) * 2.4)


def test_flat_closings_under_a_growing_pipeline_are_the_teams_limit() -> None:
    seen = compare(100.0 * WOBBLE, RAMP)
    assert seen.p_limited > 0.99
    assert seen.elasticity == pytest.approx(0.0, abs=0.1)


def test_closings_that_follow_the_pipeline_are_not() -> None:
    seen = compare(RAMP * WOBBLE, RAMP)
    assert seen.p_limited < 0.01
    assert seen.elasticity == pytest.approx(1.0, abs=0.1)


def test_a_steady_pipeline_tells_nothing() -> None:
    seen = compare(100.0 * WOBBLE, np.full(30, 100.0))
    assert seen.p_limited == pytest.approx(0.5, abs=0.05)


def test_serially_correlated_weeks_count_less() -> None:
    slow = 1.0 + 0.2 * np.sin(np.arange(30) / 5.0)
    hasty = compare(100.0 * WOBBLE, np.linspace(95, 105, 30) * WOBBLE[::-1])
    careful = compare(100.0 * slow, np.linspace(95, 105, 30) * slow[::-1])
    assert careful.error / careful.per_week > 3 * hasty.error / hasty.per_week
