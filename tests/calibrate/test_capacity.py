"""Whether the team's throughput or the pipeline sets the pace."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simsales.calibrate import calibrate
from simsales.calibrate.assemble import build
from simsales.calibrate.capacity import compare
from simsales.calibrate.fit import fit
from simsales.history import read_history

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


def two_stage_file(folder: Path, *, limited: bool) -> Path:
    """A year of growing arrivals; the second stage ends after a gamma time, or when one team of four gets to it."""
    rng = np.random.default_rng(7)
    times = np.sort(365.0 * np.sqrt(rng.random(1500)))  # the rate rises linearly from nothing
    second = times + rng.gamma(2.0, 5.0, 1500)
    done, free = second + rng.gamma(2.0, 10.0, 1500), np.zeros(4)
    for i in np.argsort(second) if limited else ():
        k = int(np.argmin(free))
        free[k] = done[i] = max(free[k], second[i]) + rng.gamma(4.0, 0.5)  # four people, two days each: 14 a week
    rows = ["deal_id,stage,entered_at,owner,amount"]
    for i in range(1500):
        last = "Won" if i % 3 == 0 else "Lost"
        for stage, at in (("Contact", times[i]), ("Offer", second[i]), (last, done[i])):
            if at <= 365.0:
                stamp = pd.Timestamp("2025-01-01") + pd.Timedelta(days=at)
                rows.append(f"D{i},{stage},{stamp:%Y-%m-%d %H:%M:%S},Owner {i % 4},1000")
    (folder / "stages.csv").write_text("\n".join(rows), encoding="utf-8")
    return folder / "stages.csv"


def test_a_limit_of_one_stage_is_found_though_the_others_keep_growing(tmp_path: Path) -> None:
    found = fit(read_history(two_stage_file(tmp_path, limited=True)), 4)
    assert found.throughput is not None
    assert found.throughput.stages == ("Offer",)
    assert found.throughput.p_limited > 0.99
    assert found.throughput.per_week == pytest.approx(14.0, rel=0.1)
    model, rows = build(found)
    assert [stage.name for stage in model.stages if stage.tasks] == ["Offer"]
    assert "stages[Offer].tasks[0].work_hours.mean" in {row.path for row in rows}


def test_growth_without_a_limit_is_not_taken_for_one(tmp_path: Path) -> None:
    found = fit(read_history(two_stage_file(tmp_path, limited=False)), 4)
    assert found.throughput is not None
    assert found.throughput.p_limited < 0.3


def test_a_limit_seen_without_stages_says_what_it_cannot_tell(tmp_path: Path) -> None:
    history = read_history(two_stage_file(tmp_path, limited=True))
    whole = history.visits.groupby("deal_id", sort=False).agg({"left_at": "last", "exit": "last"}).reindex(history.deals["deal_id"])
    first = history.visits.drop_duplicates("deal_id").set_index("deal_id").reindex(history.deals["deal_id"])
    visits = first.assign(stage="Open", left_at=whole["left_at"], exit=whole["exit"]).reset_index()
    ended = visits["exit"].isin(["won", "lost"])
    visits["left_at"], visits["exit"] = visits["left_at"].where(ended), visits["exit"].where(ended)
    found = calibrate(dataclasses.replace(history, visits=visits), draws=3)
    assert found.fit.is_limited()
    assert any("does not show which step waits for the team" in note for note in found.notes)


def test_a_week_without_any_end_does_not_break_the_comparison() -> None:
    quiet = 100.0 * WOBBLE
    quiet[20] = 0.0  # everybody is on holiday
    assert np.isfinite(compare(quiet, RAMP).evidence)
