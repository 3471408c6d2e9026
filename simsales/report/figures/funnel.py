"""The funnel: how many deals enter each stage and which share goes on."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from simsales.report import palette, text
from simsales.report.figures.base import bare, canvas, chart, legend_below, need, short


@chart
def funnel(data: pd.DataFrame, *, ax: Axes | None = None, title: str = "Funnel", unit: str = "deals") -> Axes:
    """Draw a funnel as horizontal bars with counts and the share that goes on to the next bar.

    Parameters
    ----------
    data : DataFrame
        Columns ``stage``, ``entered`` (count) and, optionally, ``rate`` (share of those who entered that
        went on to the next row; in the last row, that were won) and ``open`` (count that are there now); rows in the
        order of the process. Stages that nobody entered are left out.
    ax : Axes, optional
        Where to draw; a new figure by default.
    title : str
        Heading.
    unit : str
        What is counted.

    Returns
    -------
    Axes
        With one bar a row.

    Raises
    ------
    InvalidInputError
        If a column is missing or there are no rows.

    Examples
    --------
    >>> ax = funnel(pd.DataFrame({"stage": ["线索", "Demo"], "entered": [100, 40], "rate": [0.4, None]}))
    >>> len(ax.patches)
    2
    """
    rows = need(data, ("stage", "entered"), "funnel")
    rows = rows[rows["entered"] > 0].reset_index(drop=True) if rows["entered"].gt(0).any() else rows.reset_index(drop=True)
    ax = canvas(ax, 7.6, 0.9 + 0.52 * len(rows))
    entered = rows["entered"].astype(float)
    places = range(len(rows))
    _bars(ax, rows, entered)
    top = max(float(entered.max()), 1.0)
    for place, amount in zip(places, entered, strict=True):
        share = "" if place == 0 else f"  {text.percent(amount / entered.iloc[0], 1)} of all" if entered.iloc[0] else ""
        ax.text(amount + top * 0.012, place, text.count(amount), va="center", fontweight="bold")
        ax.text(top * 1.3, place, share.strip(), va="center", ha="right", color=palette.MUTED, fontsize=9)
    _rates(ax, rows, top)
    ax.set_yticks(list(places), [short(stage) for stage in rows["stage"]])
    ax.tick_params(axis="y", labelcolor=palette.INK, labelsize=10)
    ax.set_xlim(0, top * 1.3)
    ax.set_ylim(len(rows) - 0.25, -0.5)  # room for the rate below the last bar
    ax.set_xticks([])
    bare(ax, "bottom", "left")
    ax.set_xlabel(f"Number of {unit} that entered; the share between bars went on to the next stage")
    ax.set_title(title)
    return ax


def _bars(ax: Axes, rows: pd.DataFrame, entered: pd.Series[float]) -> None:
    """Draw the bars; deals that are still in the stage are the lighter end."""
    still = rows["open"].astype(float).fillna(0.0).clip(0, entered) if "open" in rows else entered * 0.0
    places = range(len(rows))
    ax.barh(places, entered - still, height=0.62, color=palette.BLUE, label="went on or ended")
    if still.sum() > 0:
        ax.barh(places, still, left=entered - still, height=0.62, color=palette.SKY, label="there now (open)")
        legend_below(ax, columns=2)


def _rates(ax: Axes, rows: pd.DataFrame, top: float) -> None:
    """Write the stage-to-stage rates into the gaps between bars."""
    if "rate" not in rows:
        return
    rates = rows["rate"].astype(float)
    for place, rate in enumerate(rates):
        if rate == rate:  # noqa: PLR0124 - not NaN
            won = " won" if place == len(rates) - 1 else ""
            ax.text(top * 0.012, place + 0.5, f"↓ {text.percent(rate, 1)}{won}", va="center", fontsize=8.5, color=palette.MUTED)
