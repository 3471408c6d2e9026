"""Results as text: aligned, in words, and honest about what is not known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from simsales import render


def test_json_knows_no_nan() -> None:
    data = {
        "a": np.float64("nan"),
        "b": np.array([1.0, np.inf]),
        "c": pd.NaT,
        "d": pd.Timestamp("2027-01-01"),
        "e": np.int64(3),
        "f": True,
    }
    assert json.loads(render.to_json(data)) == {
        "a": None,
        "b": [1.0, None],
        "c": None,
        "d": "2027-01-01T00:00:00",
        "e": 3,
        "f": True,
    }


def test_json_numbers_are_not_rounded() -> None:
    assert json.loads(render.to_json({"x": 0.1 + 0.2}))["x"] == 0.1 + 0.2


def test_chinese_and_english_cells_line_up() -> None:
    lines = render.columns(["Stage", "n"], [["初步接触 Contact", "7"], ["Won", "1,000"]]).splitlines()
    assert len({render.width(line) for line in lines}) == 1


def kpis(bookings: float) -> dict[str, Any]:
    row = {"mean": bookings, "mc_error": 1.0, "p10": bookings - 10, "p50": bookings, "p90": bookings + 10}
    return {"bookings": row, "cycle_days": row | {"mean": 30.0}}


def comparison(low: float, high: float) -> dict[str, Any]:
    gap = {"mean": (low + high) / 2, "low": low, "high": high, "p_better": 0.9}
    return {
        "scenarios": [
            {"name": "base", "kpis": kpis(100.0), "difference": {}, "cost": 10.0, "net": 90.0},
            {
                "name": "变化",
                "kpis": kpis(150.0),
                "difference": {"bookings": gap, "cycle_days": gap},
                "cost": 20.0,
                "net": 130.0,
            },
        ]
    }


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (40.0, 60.0, "变化: ¥50 more bookings (¥40 to ¥60); net +¥40."),
        (-60.0, -40.0, "变化: ¥50 less bookings (¥40 to ¥60); net +¥40."),
        (-5.0, 60.0, "变化: no difference in bookings can be told from chance with these replications; net +¥40."),
    ],
)
def test_a_comparison_ends_in_a_sentence_a_scenario(low: float, high: float, says: str) -> None:
    assert says in render.compare_text(comparison(low, high), "CNY").splitlines()


def test_unknown_differences_are_said_to_be_unknown() -> None:
    assert "变化: bookings are not known; net +¥40." in render.compare_text(comparison(float("nan"), float("nan")), "CNY")


def test_a_comparison_fits_a_terminal() -> None:
    assert max(map(render.width, render.compare_text(comparison(40.0, 60.0), "CNY").splitlines())) <= 100


def test_thirty_of_thirty_show_what_thirty_can_show() -> None:
    found = comparison(40.0, 60.0)
    found["scenarios"][1]["difference"]["bookings"]["p_better"] = 1.0
    found["scenarios"][1]["kpis"]["bookings"]["n"] = 30
    row = next(line for line in render.compare_text(found, "CNY").splitlines() if line.startswith("变化"))
    assert row.endswith("30 of 30: at least 90 %")  # 0.90 to the power of 30 is 0.04


def test_a_team_without_spare_time_is_named() -> None:
    found = comparison(40.0, 60.0)
    found["scenarios"][0]["kpis"] |= {"utilisation[role=AE]": {"mean": 0.98}, "utilisation[role=SDR]": {"mean": 0.9}}
    line = "base: reps are busy nearly all the time (AE 98 %): queues grow; check hours, reps and leads."
    assert line in render.compare_text(found, "CNY").splitlines()
    assert "变化: reps" not in render.compare_text(found, "CNY")


FORECAST: dict[str, Any] = {
    "as_of": "2026-09-30", "until": "2026-12-31", "target": 3e6, "quantiles": {"p10": 2.62e6, "p50": 3.09e6, "p90": 3.53e6},
    "mean": 3.1e6, "p_target": 0.58, "booked": 1e6, "open": 1.5e6, "new": 0.6e6, "noise_floor": 0.11, "mc_error": 2e4, "replications": 300,
    "baselines": {"run_rate": 2.9e6, "stage_weighted": None},
}  # fmt: skip


def test_a_forecast_reads_as_sentences() -> None:
    text = render.forecast_text(FORECAST, "CNY", ["class D"])
    assert "Bookings until 2026-12-31, as known on 2026-09-30" in text
    assert "P50 ¥3.09M, 80 % range ¥2.62M to ¥3.53M, mean ¥3.10M" in text
    assert "Target ¥3.00M: reached with probability 58 %" in text
    assert "Already booked ¥1.00M, from open deals ¥1.50M, from deals still to come ¥600K" in text
    assert "Noise floor 11.0 %" in text
    assert "Run rate" in text
    assert "Stage weighted" not in text
    assert text.endswith("Note: class D")


def test_a_forecast_says_from_when_it_counts() -> None:
    text = render.forecast_text(FORECAST | {"since": "2026-10-01"}, "CNY")
    assert text.startswith("Bookings from 2026-10-01 until 2026-12-31, as known on 2026-09-30")


def test_a_forecast_without_a_target_speaks_of_none() -> None:
    assert "Target" not in render.forecast_text(FORECAST | {"target": None, "p_target": None}, "CNY")


def test_a_calibration_counts_what_is_known() -> None:
    row = {"path": "a", "value": 0.25, "low": 1e-17, "high": 0.3, "n": 12, "status": "identified"}
    result = {"parameters": [row, row | {"value": "mon-fri", "low": None, "high": None, "n": None, "status": "assumed"}],
              "check": [{"measure": "won", "model": 3.0, "history": 4.0, "floor": None}], "class": "D"}  # fmt: skip
    text = render.calibrate_text(result)
    assert text.startswith("2 parameters: 1 identified, 1 assumed\n")
    assert "0 to 0.300" in text
    assert "mon-fri" in text
    assert text.splitlines()[-1].split() == ["won", "3", "4", "n/a"]


def test_breakdowns_and_unknown_kpis_stay_out_of_the_table() -> None:
    row = {"mean": 1.0, "mc_error": 0.1, "p10": 0.5, "p90": 1.5}
    text = render.run_text({"kpis": {"won": row, "won[role=AE]": row, "cash": row | {"mean": None}}}, "CNY", 5)
    assert "Won" in text
    assert "AE" not in text
    assert "Cash" not in text
    assert "5 replications." in text
