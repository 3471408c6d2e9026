"""The whole loop, told step by step: import, calibrate, compare, forecast, report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from simsales.calibrate import Calibration, calibrate
from simsales.demo import text
from simsales.demo.baseline import baseline_text, stated_baseline
from simsales.demo.folder import check_ours, published
from simsales.demo.generate import FOLDER, unpack
from simsales.demo.packaged import SCENARIOS
from simsales.experiment import Comparison, compare
from simsales.files import load_model, load_scenario
from simsales.files.output import write_text
from simsales.files.schema import schema_text
from simsales.forecast import Forecast, forecast
from simsales.history import History, read_history
from simsales.report.html import html_report

UNTIL = "2027-03-31"
QUARTER_END = "2026-09-30"
TARGET = 8_000_000.0
PAIRED = 30
FUTURES = 200
DRAWS = 40
SEED = 1
REPORT = "report.html"
OPENING = "open-deals.csv"
Progress = Callable[[int, int], None]


@dataclass(frozen=True, repr=False)
class DemoResult:
    """What the demo found, and where it left its files.

    Parameters
    ----------
    folder, report_path : Path
    text : str
        The story for a terminal.
    history : History
    calibration : Calibration
    comparison : Comparison
    forecast : Forecast
    """

    folder: Path
    report_path: Path
    text: str
    history: History
    calibration: Calibration
    comparison: Comparison
    forecast: Forecast

    def __repr__(self) -> str:
        return f"<DemoResult in {self.folder}: {self.comparison!r}, {self.forecast!r}>"


def run(out_dir: str | Path = "simsales-demo", progress: Progress | None = None, *, paired: int = PAIRED, futures: int = FUTURES) -> DemoResult:
    """Run the whole loop on the packaged data and leave everything in a folder to go on with.

    Parameters
    ----------
    out_dir : str or Path
        New, empty, or made by an earlier demo and not edited since.
    progress : callable, optional
        Called with (done, 100).
    paired : int
        Paired replications of each scenario.
    futures : int
        Simulated futures of the forecast.

    Returns
    -------
    DemoResult

    Raises
    ------
    OutputError
        If the folder holds somebody's work or cannot be written; then nothing is written.
    """
    folder = Path(out_dir)
    check_ours(folder)
    with published(folder) as work:
        _say(progress, 1)
        history = read_history(unpack(work))
        _say(progress, 8)
        calibration = calibrate(history, seed=SEED)
        comparison = _compared(work, calibration, paired, _part(progress, 12, 70))
        ahead = forecast(history, until=QUARTER_END, target=TARGET, replications=futures, draws=DRAWS, seed=SEED, progress=_part(progress, 70, 93))
        html_report(work / REPORT, title="Farsail Software: demo of simsales", import_report=history.report, calibration=calibration,
                    comparison=comparison, forecast=ahead, notes=text.REPORT_NOTES)  # fmt: skip
        _say(progress, 99)
    told = text.story(folder, history, calibration, comparison, ahead)
    _say(progress, 100)
    return DemoResult(folder, folder / REPORT, told, history, calibration, comparison, ahead)


def _compared(work: Path, calibration: Calibration, paired: int, progress: Progress | None) -> Comparison:
    """Write the baseline and the scenarios, and compare them from today's open deals on."""
    write_text(work / "simsales.schema.json", schema_text())
    write_text(work / "baseline.yaml", baseline_text(stated_baseline(calibration)))
    for name in SCENARIOS:
        write_text(work / name, (FOLDER / "scenarios" / name).read_text(encoding="utf-8"))
    today = calibration.opening()
    write_text(work / OPENING, today.to_csv(index=False, lineterminator="\n"))
    base = load_model(work / "baseline.yaml")
    scenarios = [load_scenario(work / name) for name in SCENARIOS]
    return compare(base, scenarios, paired, SEED, until=UNTIL, opening=today, progress=progress)


def _say(progress: Progress | None, percent: int) -> None:
    if progress is not None:
        progress(percent, 100)


def _part(progress: Progress | None, first: int, last: int) -> Progress | None:
    """Return a callback that moves the demo's bar from `first` to `last` percent."""
    if progress is None:
        return None
    return lambda done, total: progress(first + (last - first) * done // max(total, 1), 100)

