"""Figures: functions of plain data that draw on matplotlib axes and return them.

Each takes ``ax=`` and returns Axes, never shows anything itself, writes units into its labels, and
leaves global matplotlib settings as they were. The registry at the foot lists them all.
"""

from __future__ import annotations

from collections.abc import Callable

from matplotlib.axes import Axes

from simsales.report.figures.differences import differences, ecdf
from simsales.report.figures.distribution import distribution
from simsales.report.figures.durations import stage_durations
from simsales.report.figures.fan import fan
from simsales.report.figures.funnel import funnel
from simsales.report.figures.gantt import gantt
from simsales.report.figures.load import queue, utilisation
from simsales.report.figures.split import split
from simsales.report.figures.valuestream import value_stream

__all__ = [
    "FIGURES", "differences", "distribution", "ecdf", "fan", "funnel", "gantt", "queue", "split", "stage_durations", "utilisation",
    "value_stream",
]  # fmt: skip

FIGURES: dict[str, Callable[..., Axes]] = {
    "differences": differences,
    "distribution": distribution,
    "ecdf": ecdf,
    "fan": fan,
    "funnel": funnel,
    "gantt": gantt,
    "queue": queue,
    "split": split,
    "stage_durations": stage_durations,
    "utilisation": utilisation,
    "value_stream": value_stream,
}
