"""Figures reach the screen: in a notebook whatever the last line of a cell is, and by ``plt.show()``."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import nbformat
import pytest
import report_samples as samples
from nbclient import NotebookClient

from simsales.report import CalibrationPlots, ComparisonPlots, ForecastPlots, HistoryPlots, StudyPlots
from simsales.report.plots import log_figures

ACCESSORS = (CalibrationPlots, ComparisonPlots, ForecastPlots, HistoryPlots, StudyPlots)


@pytest.fixture
def plt() -> Iterator[object]:
    """Pyplot without a screen, and without figures."""
    mpl.use("agg")
    import matplotlib.pyplot as plt

    plt.close("all")
    yield plt
    plt.close("all")


def test_figures_of_results_are_pyplots_and_show_once(plt) -> None:  # type: ignore[no-untyped-def]
    ax = ForecastPlots(samples.forecast()).fan()
    assert plt.gcf() is ax.figure
    assert ax._repr_png_() is None, "the notebook would show it twice"  # type: ignore[attr-defined]
    plt.close(ax.figure)
    assert ax._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ACCESSORS)
def test_every_accessor_hands_its_figures_to_the_screen(kind: type) -> None:
    methods = [getattr(kind, name) for name in dir(kind) if not name.startswith("_")]
    assert methods
    assert all(hasattr(method, "__wrapped__") for method in methods)


def test_a_figure_on_axes_of_the_caller_opens_no_other(plt) -> None:  # type: ignore[no-untyped-def]
    _, ax = plt.subplots()
    assert ForecastPlots(samples.forecast()).split(ax=ax) is ax
    assert len(plt.get_fignums()) == 1


def test_figures_for_a_page_are_not_shown(plt) -> None:  # type: ignore[no-untyped-def]
    from simsales.engine import simulate
    from simsales.model.schema import Model

    log = simulate(Model(channels=[{"name": "web", "leads_per_week": 7.0}],
                         stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0, "delay_days": 3.0}]}]), cases=9)  # fmt: skip
    assert len(log_figures(log)) == 2
    assert plt.get_fignums() == []


SETUP = """
import pandas as pd
from simsales.report import StudyPlots
from types import SimpleNamespace
study = SimpleNamespace(frame=pd.DataFrame({"won": [1.0, 2.0, 5.0]}), model=SimpleNamespace(currency="EUR"))
plot = StudyPlots(study)
"""
CELLS = {
    "plot.distribution('won')": 1,
    "plot.distribution('won');": 1,
    "ax = plot.distribution('won')": 1,
    "ax = plot.distribution('won')\nimport matplotlib.pyplot as plt\nplt.show()": 1,
    "ax": 1,  # again, in a later cell
    "for _ in range(2): plot.distribution('won', title='赢单');": 2,
}


def test_every_way_to_end_a_cell_shows_each_figure_once() -> None:
    cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, *CELLS)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = [sum("image/png" in output.get("data", {}) for output in cell.outputs) for cell in notebook.cells[1:]]
    assert dict(zip(CELLS, shown, strict=True)) == CELLS
    said = [output.get("text", "") for cell in notebook.cells for output in cell.outputs if output.output_type == "stream"]
    assert said == [], "no warning about fonts or the screen"


