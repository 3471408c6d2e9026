"""Load: how busy reps are, and how many tasks wait for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from simsales.report import palette, text
from simsales.report.figures.base import bare, canvas, chart, date_axis, need, short
from simsales.report.svg import root_figure

_WRITTEN_CELLS = 14
_HEAT = LinearSegmentedColormap.from_list(
    "simsales heat", ["#e8f1f8", "#8fc3e4", palette.BLUE, "#01395c"], N=40
)  # few enough to stay vector


@chart
def utilisation(data: pd.DataFrame, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw a heat map of how busy each rep or role was in each period.

    Parameters
    ----------
    data : DataFrame
        Columns ``period`` (start, Timestamp), ``rep`` (name shown; pseudonyms in reports) and either ``utilisation`` (share
        of working time, 1.0 is all of it) or ``work_hours`` (hours of work).
    ax : Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Heading.

    Returns
    -------
    Axes
        Reps from top to bottom in the order of the data, periods from left to right.

    Raises
    ------
    InvalidInputError
        If a column is missing or there are no rows.

    Examples
    --------
    >>> week = pd.Timestamp("2027-01-04")
    >>> ax = utilisation(pd.DataFrame({"period": [week], "rep": ["销售 1"], "utilisation": [0.8]}))
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['销售 1']
    """
    value = "utilisation" if isinstance(data, pd.DataFrame) and "utilisation" in data else "work_hours"
    rows = need(data, ("period", "rep", value), "utilisation")
    names = list(dict.fromkeys(rows["rep"].astype(str)))
    wide = rows.assign(rep=rows["rep"].astype(str)).pivot_table(index="rep", columns="period", values=value, aggfunc="mean")
    grid = wide.reindex(names).to_numpy(float)
    ax = canvas(ax, 7.6, 1.4 + 0.32 * len(names))
    top = max(1.0, float(np.nanmax(grid))) if value == "utilisation" else float(np.nanmax(grid)) or 1.0
    mesh = ax.pcolormesh(grid, cmap=_HEAT, vmin=0, vmax=top, edgecolors=palette.PAPER, linewidth=1.2)
    ax.set_yticks(np.arange(len(names)) + 0.5, [short(name) for name in names])
    ax.invert_yaxis()
    periods = [f"{period:%Y-%m-%d}" for period in wide.columns]
    step = max(1, int(np.ceil(len(periods) / 8)))
    ax.set_xticks(np.arange(0, len(periods), step) + 0.5, periods[::step])
    ax.tick_params(axis="both", labelcolor=palette.INK)
    bare(ax, "left", "bottom")
    if grid.shape[1] <= _WRITTEN_CELLS:
        _write(ax, grid, value, top)
    unit = "share of working time" if value == "utilisation" else "hours of work"
    bar = root_figure(ax).colorbar(mesh, ax=ax, shrink=0.8, aspect=12, label=unit)
    if value == "utilisation":
        bar.ax.yaxis.set_major_formatter(lambda share, _: f"{share * 100:.0f} %")
    if bar.solids is not None:
        bar.solids.set_edgecolor("face")  # no hairlines between the steps of the scale
    bar.outline.set_visible(False)
    ax.set_xlabel("Period starting")
    ax.set_title(title if title is not None else "How busy the reps are")
    return ax


def _write(ax: Axes, grid: np.ndarray[Any, Any], value: str, top: float) -> None:
    """Write the value into each cell."""
    for (row, column), number in np.ndenumerate(grid):
        if np.isfinite(number):
            shown = f"{number * 100:.0f}" if value == "utilisation" else text.number(number, 2)
            ax.text(column + 0.5, row + 0.5, shown, ha="center", va="center", fontsize=8.5,
                    color="#ffffff" if number > 0.55 * top else "#12202e")  # fmt: skip


@chart
def queue(data: pd.DataFrame, *, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw how many tasks wait for a rep over time, by role.

    Parameters
    ----------
    data : DataFrame
        Columns ``time`` (Timestamp), ``role`` and ``waiting`` (tasks from that time on).
    ax : Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Heading.

    Returns
    -------
    Axes
        Steps, one line a role.

    Raises
    ------
    InvalidInputError
        If a column is missing or there are no rows.

    Examples
    --------
    >>> days = pd.date_range("2027-01-04", periods=3)
    >>> queue(pd.DataFrame({"time": days, "role": "AE", "waiting": [0, 2, 1]})).get_ylabel()
    'Tasks waiting'
    """
    rows = need(data, ("time", "role", "waiting"), "queue")
    ax = canvas(ax, 7.6, 3.2)
    for place, (role, part) in enumerate(rows.groupby("role", sort=False)):
        part = part.sort_values("time")
        waiting = part["waiting"].astype(float)
        ax.step(part["time"], waiting, where="post", color=palette.colour(place), linewidth=1.5, label=short(role))
    ax.set_ylim(bottom=0)
    ax.margins(x=0)
    ax.grid(axis="y")
    date_axis(ax.xaxis, rows["time"])
    ax.set_xlabel("Day")
    ax.set_ylabel("Tasks waiting")
    ax.set_title(title if title is not None else "Tasks that wait for a rep")
    ax.legend(loc="upper left", frameon=True, framealpha=0.85, facecolor=palette.PAPER, edgecolor="none")
    return ax
