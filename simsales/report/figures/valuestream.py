"""The value stream: work, pauses, queues and other delay, stage by stage."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from simsales.report import palette
from simsales.report.figures.base import bare, canvas, chart, legend_below, need, short

PARTS = {
    "touch_days": ("Work", palette.GREEN),
    "pause_days": ("Pause (closed hours)", palette.SKY),
    "queue_days": ("Queue for people", palette.VERMILLION),
    "delay_days": ("Other delay", palette.GRID),
}
"""What each part is called, and its colour."""


@chart
def value_stream(data: pd.DataFrame, *, ax: Axes | None = None, title: str = "Where the time of deals goes") -> Axes:
    """Draw the days of a visit as stacked bars: work, pause, queue and other delay.

    Parameters
    ----------
    data : DataFrame
        The table of a :class:`simsales.views.ValueStream`: ``stage, visits, touch_days, pause_days, queue_days, delay_days``.
    ax : Axes, optional
        Where to draw; a new figure by default.
    title : str
        Heading.

    Returns
    -------
    Axes
        Rows in the order of the table, each with its process-cycle efficiency; rows without visits are left out.

    Raises
    ------
    InvalidInputError
        If a column is missing or there are no rows.

    Examples
    --------
    >>> ax = value_stream(pd.DataFrame({"stage": ["报价"], "visits": [1], "touch_days": [0.25], "pause_days": [0.0],
    ...                                 "queue_days": [0.5], "delay_days": [2.25], "pce": [0.25 / 3]}))
    >>> [item.get_text() for item in ax.texts]
    ['8.3 % work']
    """
    rows = need(data, ("stage", "visits", *PARTS, "pce"), "value_stream")
    rows = need(rows[rows["visits"] > 0], (), "value_stream")
    ax = canvas(ax, 7.6, 1.6 + 0.42 * len(rows))
    place, left = np.arange(len(rows)), np.zeros(len(rows))
    for part, (name, colour) in PARTS.items():
        width = np.maximum(rows[part].to_numpy(float), 0.0)
        ax.barh(place, width, left=left, height=0.6, color=colour, label=name)
        left = left + width
    for y, end, share in zip(place, left, rows["pce"], strict=True):
        if not np.isnan(share):
            ax.annotate(f"{share * 100:.1f} % work", (end, y), xytext=(6, 0), textcoords="offset points", va="center",
                        color=palette.MUTED, fontsize=8.5)  # fmt: skip
    ax.set_xlim(0.0, max(float(left.max()), 1e-9) * 1.16)
    ax.set_yticks(place, [short(stage) for stage in rows["stage"]])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", labelcolor=palette.INK)
    bare(ax, "left")
    ax.grid(visible=True, axis="x")
    ax.set_xlabel("Days, mean per visit (per deal in the rows below the stages)")
    legend_below(ax, columns=4)
    ax.set_title(title)
    return ax
