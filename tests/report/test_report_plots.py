"""Accessors: ``result.plot.<figure>()``."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest
import report_samples as samples

from simsales.errors import InvalidInputError
from simsales.report import CalibrationPlots, ComparisonPlots, ForecastPlots, HistoryPlots, StudyPlots


def test_forecast_figures_know_their_currency() -> None:
    plots = ForecastPlots(samples.forecast())
    assert plots.fan().get_ylabel() == "Cumulative bookings (CNY)"
    assert plots.split().get_ylabel() == "Bookings, mean (CNY)"
    assert plots.distribution().get_xlabel() == "Bookings (CNY)"


def test_comparison_figures_leave_the_base_out() -> None:
    plots = ComparisonPlots(samples.Comparison())
    ax = plots.differences()
    assert [item.get_text() for item in ax.get_yticklabels()] == ["加两名销售", "Faster demo"]
    assert "CNY" in ax.get_xlabel()
    assert plots.ecdf().get_ylabel() == "Share of replications"


def test_an_unknown_measure_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(
        InvalidInputError, match="kpi must be one that the comparison holds, got 'booking'. Hint: did you mean 'bookings'"
    ):
        ComparisonPlots(samples.Comparison()).differences("booking")
    study = SimpleNamespace(frame=pd.DataFrame({"bookings": [1.0, 2.0]}))
    with pytest.raises(
        InvalidInputError, match="kpi must be one that the study holds, got 'bokings'. Hint: did you mean 'bookings'"
    ):
        StudyPlots(study).distribution("bokings")


def test_study_and_calibration_figures() -> None:
    study = SimpleNamespace(frame=pd.DataFrame({"won": [1.0, 2.0, 5.0]}), model=SimpleNamespace(currency="EUR"))
    assert StudyPlots(study).distribution("won").get_xlabel() == "Won (count)"
    assert CalibrationPlots(samples.calibration()).durations("报价").get_title(loc="left") == "How visits to 报价 end"


def test_history_figures_of_a_small_history() -> None:
    start = pd.Timestamp("2027-01-04", tz="UTC")
    visits = pd.DataFrame({
        "deal_id": ["a", "b", "a"], "seq": [0, 0, 1], "stage": ["线索", "线索", "谈判"],
        "entered_at": pd.DatetimeIndex([start, start, start + pd.Timedelta(days=3)]),
        "left_at": pd.DatetimeIndex([start + pd.Timedelta(days=3), pd.NaT, start + pd.Timedelta(days=5)]),
        "exit": pd.Series(["谈判", None, "won"], dtype=object),
    })  # fmt: skip
    history = SimpleNamespace(
        visits=visits, deals=pd.DataFrame({"deal_id": ["a", "b"]}), observed_until=start + pd.Timedelta(days=9),
        stages=pd.DataFrame({"stage": ["线索", "谈判"], "order": [0, 1], "kind": "open"}),
    )  # fmt: skip
    plots = HistoryPlots(history)
    widths = [bar.get_width() for bar in plots.funnel().patches]  # type: ignore[attr-defined]
    assert widths == [1, 1, 1, 0]  # of two deals in 线索 one went on and one is there now
    assert "线索" in {str(line.get_label()) for line in plots.durations().lines}
