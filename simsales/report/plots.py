"""Figures of results: ``result.plot.<figure>(ax=None)``.

Each class takes one result and offers the figures that suit it; owners attach them as ``.plot``.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from simsales.errors import InvalidInputError, did_you_mean, got
from simsales.report import figures, measures
from simsales.report.curves import observed_curves, rep_load, waiting
from simsales.report.figures.base import on_screen
from simsales.report.sections.paired import difference_frame, paired_samples


def _shown(draw: Callable[..., Axes]) -> Callable[..., Axes]:
    """Give the figure of an accessor to pyplot, as pandas does: it shows in a notebook, and by ``plt.show()``."""

    @functools.wraps(draw)
    def drawn(self: _Plots, *args: Any, **kwargs: Any) -> Axes:  # noqa: ANN401 - those of the figure
        with on_screen() if self._screen else nullcontext():
            return draw(self, *args, **kwargs)

    return drawn


class _Plots:
    """What all accessors share."""

    def __init__(self, result: Any, *, screen: bool = True) -> None:  # noqa: ANN401 - results of other modules
        self._result = result
        self._screen = screen

    def __init_subclass__(cls) -> None:
        for name, draw in list(vars(cls).items()):
            if callable(draw) and not name.startswith("_"):
                setattr(cls, name, _shown(draw))

    @property
    def _currency(self) -> str | None:
        for owner in (self._result, getattr(self._result, "model", None), getattr(self._result, "base", None)):
            found = getattr(owner, "currency", None)
            if isinstance(found, str) and found:
                return found
        return None

    def __repr__(self) -> str:
        names = [name for name in dir(type(self)) if not name.startswith("_")]
        return f"<{type(self).__name__}: {', '.join(f'.{name}()' for name in names)}>"


class ForecastPlots(_Plots):
    """Figures of a forecast.

    Parameters
    ----------
    result : Forecast
        What to draw.

    Examples
    --------
    >>> ForecastPlots(None)
    <ForecastPlots: .distribution(), .fan(), .funnel(), .split()>
    """

    def fan(self, *, ax: Axes | None = None, title: str | None = None) -> Axes:
        """Draw cumulative bookings so far and where they may end; see :func:`simsales.report.figures.fan`."""
        return figures.fan(self._result, ax=ax, title=title)

    def split(self, *, ax: Axes | None = None) -> Axes:
        """Draw booked, open pipeline and new deals; see :func:`simsales.report.figures.split`."""
        return figures.split(self._result, ax=ax)

    def distribution(self, *, ax: Axes | None = None) -> Axes:
        """Draw how the bookings of the period spread; see :func:`simsales.report.figures.distribution`."""
        return figures.distribution(
            self._result.samples, kpi="bookings", currency=self._currency, target=self._result.target, ax=ax
        )

    def funnel(self, *, ax: Axes | None = None) -> Axes:
        """Draw the funnel of the history behind the forecast; see :func:`simsales.report.figures.funnel`."""
        return figures.funnel(_funnel(self._result.calibration.history), ax=ax)


class ComparisonPlots(_Plots):
    """Figures of a comparison of scenarios.

    Parameters
    ----------
    result : Comparison
        What to draw.

    Examples
    --------
    >>> ComparisonPlots(None)
    <ComparisonPlots: .differences(), .ecdf()>
    """

    def differences(self, kpi: str = "bookings", *, ax: Axes | None = None, title: str | None = None) -> Axes:
        """Draw each scenario's difference from the base; see :func:`simsales.report.figures.differences`."""
        rows = difference_frame(self._result, kpi)
        if rows.empty:
            message = f"kpi must be one that the comparison holds, got {got(kpi)}. {did_you_mean(kpi, self._kpis())}"
            raise InvalidInputError(message)
        return figures.differences(rows, kpi=kpi, unit=measures.unit(kpi), currency=self._currency, ax=ax, title=title)

    def ecdf(self, kpi: str = "bookings", *, ax: Axes | None = None, title: str | None = None) -> Axes:
        """Draw how the paired differences spread; see :func:`simsales.report.figures.ecdf`."""
        return figures.ecdf(
            paired_samples(self._result, kpi), kpi=kpi, unit=measures.unit(kpi), currency=self._currency,
            better=measures.better(kpi), ax=ax, title=title,
        )  # fmt: skip

    def _kpis(self) -> list[str]:
        return sorted({kpi for entry in self._result.to_dict()["scenarios"] for kpi in entry.get("difference", {})})


class StudyPlots(_Plots):
    """Figures of a study: many runs of one model.

    Parameters
    ----------
    result : Study
        What to draw; uses its ``frame``, one row a replication, one column a KPI.

    Examples
    --------
    >>> StudyPlots(None)
    <StudyPlots: .distribution()>
    """

    def distribution(self, kpi: str = "bookings", *, ax: Axes | None = None, title: str | None = None) -> Axes:
        """Draw how a measure spreads over the runs; see :func:`simsales.report.figures.distribution`."""
        frame = self._result.frame
        if kpi not in frame.columns:
            message = f"kpi must be one that the study holds, got {got(kpi)}. {did_you_mean(kpi, map(str, frame.columns))}"
            raise InvalidInputError(message)
        return figures.distribution(frame[kpi], kpi=kpi, currency=self._currency, ax=ax, title=title)


class CalibrationPlots(_Plots):
    """Figures of a calibration.

    Parameters
    ----------
    result : Calibration
        What to draw.

    Examples
    --------
    >>> CalibrationPlots(None)
    <CalibrationPlots: .durations(), .funnel()>
    """

    def durations(self, stage: str | None = None, *, ax: Axes | None = None, title: str | None = None) -> Axes:
        """Draw observed and fitted durations; see :func:`simsales.report.figures.stage_durations`."""
        curves = self._result.curves
        return figures.stage_durations(curves() if callable(curves) else curves, stage=stage, ax=ax, title=title)

    def funnel(self, *, ax: Axes | None = None) -> Axes:
        """Draw the funnel of the history; see :func:`simsales.report.figures.funnel`."""
        return figures.funnel(_funnel(self._result.history), ax=ax)


class HistoryPlots(_Plots):
    """Figures of a history, or of one simulated run: they have the same tables.

    Parameters
    ----------
    result : History or EventLog
        What to draw.

    Examples
    --------
    >>> HistoryPlots(None)
    <HistoryPlots: .durations(), .funnel(), .queue(), .utilisation(), .value_stream()>
    """

    def funnel(self, *, ax: Axes | None = None) -> Axes:
        """Draw the funnel; see :func:`simsales.report.figures.funnel`."""
        return figures.funnel(_funnel(self._result), ax=ax)

    def durations(self, stage: str | None = None, *, ax: Axes | None = None, title: str | None = None) -> Axes:
        """Draw how long visits last and how they end; see :func:`simsales.report.figures.stage_durations`."""
        return figures.stage_durations(observed_curves(self._result), stage=stage, ax=ax, title=title)

    def utilisation(self, *, names: bool = False, ax: Axes | None = None) -> Axes:
        """Draw how busy each rep was, under pseudonyms unless `names`; see :func:`simsales.report.figures.utilisation`."""
        return figures.utilisation(rep_load(self._result, names=names), ax=ax)

    def queue(self, *, ax: Axes | None = None) -> Axes:
        """Draw how many tasks wait, by role; see :func:`simsales.report.figures.queue`."""
        return figures.queue(waiting(self._result), ax=ax)

    def value_stream(self, *, ax: Axes | None = None) -> Axes:
        """Draw where the time of closed deals goes; see :func:`simsales.report.figures.value_stream`."""
        from simsales.views import value_stream  # noqa: PLC0415 - loads the engine, which most figures do not need

        return figures.value_stream(value_stream(self._result).table, ax=ax)


def log_figures(log: Any) -> dict[str, Axes]:  # noqa: ANN401 - EventLog or History
    """Return the figures of one run or history that have something to show, with captions for a report.

    Parameters
    ----------
    log : EventLog or History
        Uses its visits and, where there are any, its tasks.

    Returns
    -------
    dict of str to Axes
        Funnel, stage durations, rep utilisation (pseudonyms) and queue; for ``html_report(figures=...)``.
    """
    plots = HistoryPlots(log, screen=False)  # for a page
    found: dict[str, Axes] = {}
    if len(log.visits):
        found["Deals that entered each stage, and the share that went on."] = plots.funnel()
        found["How long visits last: open ones count as open, so slow deals are not forgotten."] = plots.durations()
    if len(log.tasks) and log.tasks["started_at"].notna().any():
        found["How busy each rep is, as a share of working time. Reps appear under pseudonyms."] = plots.utilisation()
    if len(log.tasks) and log.tasks["queued_at"].notna().any():
        found["Tasks that wait for a rep: a line that keeps rising is a bottleneck."] = plots.queue()
    return found


def _funnel(log: Any) -> pd.DataFrame:  # noqa: ANN401 - History or EventLog
    """Return the funnel of a history or run."""
    from simsales.kpi import funnel  # noqa: PLC0415 - loads the engine, which most figures do not need

    return funnel(log)
