"""The distribution of one measure over many runs."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from simsales.errors import InvalidInputError
from simsales.report import measures, palette, text
from simsales.report.figures.base import bare, canvas, chart, finite, halo, money_axis, percent_axis


@chart
def distribution(
    data: Any,  # noqa: ANN401 - array-like
    *,
    kpi: str = "bookings",
    currency: str | None = None,
    target: float | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw how often each value of a measure came up, with P10, P50 and P90.

    Parameters
    ----------
    data : array-like of float, shape (n_replications,)
        One value a run, in the KPI's unit.
    kpi : str
        Which KPI, for unit and labels.
    currency : str, optional
        ISO 4217 code.
    target : float, optional
        Drawn as a dashed line.
    ax : Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Heading.

    Returns
    -------
    Axes
        A histogram.

    Raises
    ------
    InvalidInputError
        If there is no number.

    Examples
    --------
    >>> distribution([1.0, 2.0, 4.0], kpi="won").get_ylabel()
    'Runs'
    """
    values = finite(data)
    if not values.size:
        message = "data of the distribution figure must hold numbers, got none. Hint: this measure is not defined in any run."
        raise InvalidInputError(message)
    ax = canvas(ax, 7.6, 3.2)
    bins = min(40, max(8, int(np.sqrt(values.size) * 1.6)))
    ax.hist(values, bins=bins, color=palette.BLUE, alpha=0.55, edgecolor=palette.PAPER, linewidth=0.8)
    top = ax.get_ylim()[1] * 1.18
    ax.set_ylim(0, top)
    for name, quantile in zip(("P10", "P50", "P90"), np.quantile(values, [0.1, 0.5, 0.9]), strict=True):
        ax.plot([quantile, quantile], [0, top * 0.88], color=palette.INK, linewidth=2.0 if name == "P50" else 1.0)
        ax.annotate(f"{name} {measures.show(kpi, quantile, currency)}", (quantile, top * 0.89), ha="center", va="bottom",
                    fontsize=8.5, path_effects=halo())  # fmt: skip
    if target is not None:
        ax.axvline(target, color=palette.VERMILLION, linestyle="--", linewidth=1.6)
    _scale(ax, kpi, currency)
    bare(ax, "left")
    ax.set_ylabel("Runs")
    ax.set_title(title if title is not None else f"{measures.label(kpi)} over {text.count(values.size)} runs")
    return ax


def _scale(ax: Axes, kpi: str, currency: str | None) -> None:
    """Format and name the axis of values."""
    unit = measures.unit(kpi)
    if unit == "money":
        money_axis(ax.xaxis, currency)
    elif unit in text.SHARES:
        percent_axis(ax.xaxis)
    else:
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: text.number(value)))
    shown = {"money": currency or "money", "share": "%"}.get(unit, unit)
    ax.set_xlabel(f"{measures.label(kpi)} ({shown})")
