"""Stage exits: censoring, late entry, deals that nobody closes, and what day precision means."""

from __future__ import annotations

import numpy as np
import pytest

from simsales.calibrate.assemble import shrunk
from simsales.calibrate.data import StageVisits
from simsales.calibrate.exits import fit_stage
from simsales.model.laws import Constant
from simsales.model.schema import Exit


def visits(duration: list[float], cause: list[int], entry: list[float] | None = None) -> StageVisits:
    n = len(duration)
    return StageVisits(
        "Open", ("won", "lost"), np.array(duration, float), np.array(entry or [0.0] * n),
        np.array(cause), np.arange(n), np.array(duration, float),
    )  # fmt: skip


def ones(stage: StageVisits) -> np.ndarray:
    return np.ones((1, len(stage.duration)))


def test_without_censoring_the_probabilities_are_plain_shares() -> None:
    stage = visits([1, 2, 3, 4, 5, 6, 7, 8], [1, 2, 2, 1, 2, 2, 2, 2])
    fit = fit_stage(stage, ones(stage))
    assert fit.probability[0] == pytest.approx([0.25, 0.75])
    assert fit.never[0] == pytest.approx(0.0, abs=1e-12)


def test_open_stays_count_as_lasting_at_least_so_long() -> None:
    # two exits at day 10 of ten stays; five of the other eight are censored at day 5
    stage = visits([5] * 5 + [10] * 2 + [20] * 3, [0] * 5 + [1] * 2 + [2] * 3)
    fit = fit_stage(stage, ones(stage))
    assert fit.incidence[0, 0, -1] == pytest.approx(2 / 5)  # of the five still at risk at day 10


def test_a_plateau_of_old_open_deals_stays_open_for_good() -> None:
    stage = visits([5.0, 6, 7, 8, 9, 10] * 5 + [400.0] * 30, [1, 2] * 15 + [0] * 30)
    fit = fit_stage(stage, ones(stage))
    assert fit.never[0] == pytest.approx(0.5, abs=0.01)
    assert fit.probability[0] == pytest.approx([0.25, 0.25], abs=0.01)


def test_young_open_deals_are_not_taken_for_dead() -> None:
    rng = np.linspace(0.02, 0.98, 200)
    times = -30.0 * np.log1p(-rng)  # exponential with mean 30 days, all cut at day 25
    stage = visits(list(np.minimum(times, 25.0)), [1 if t <= 25 else 0 for t in times])
    fit = fit_stage(stage, ones(stage))
    assert fit.never[0] < 0.35  # 43 % were still open when the record ends; many of them would still close
    assert fit.tail_rate[0] == pytest.approx(1 / 30, rel=0.25)


def test_late_entry_does_not_count_time_nobody_watched() -> None:
    early = visits([10.0] * 10 + [30.0] * 10, [1] * 10 + [2] * 10, [0.0] * 10 + [20.0] * 10)
    fit = fit_stage(early, ones(early))
    # at day 10 only the ten stays from day 0 are at risk, and all of them are won
    assert fit.incidence[0, 0, 0] == pytest.approx(1.0)


def test_the_law_of_an_exit_has_the_median_of_its_durations() -> None:
    times = list(np.arange(1.0, 102.0))
    stage = visits(times, [1] * 101)
    fit = fit_stage(stage, ones(stage))
    assert fit.law(0, 0).median() == pytest.approx(51.0, abs=0.6)


def test_many_distinct_times_are_pooled_without_bias() -> None:
    times = -20.0 * np.log1p(-(np.arange(5000) + 0.5) / 5000)
    stage = visits(list(times), [1 + (i % 4 == 0) for i in range(5000)])
    fit = fit_stage(stage, ones(stage))
    assert fit.probability[0, 1] == pytest.approx(0.25, abs=0.002)
    assert fit.law(0, 0).median() == pytest.approx(20 * np.log(2), rel=0.01)


def test_weights_of_zero_leave_a_deal_out() -> None:
    stage = visits([1.0, 2, 3, 4, 5, 6], [1, 1, 1, 2, 2, 2])
    weights = np.array([[1.0] * 6, [1, 1, 1, 0, 0, 0]])
    fit = fit_stage(stage, weights)
    assert fit.probability[1] == pytest.approx([1.0, 0.0], abs=1e-9)


def test_work_is_taken_off_the_mean_delay_in_proportion() -> None:
    won = Exit(to="won", probability=0.25, delay_days=8.0)
    assert shrunk(won, 2.0).delay_days == Constant(value=6.0)
    assert shrunk(won, 9.0).delay_days == Constant(value=0.0)
    assert shrunk(won, 0.0) == won
