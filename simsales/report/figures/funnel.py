"""The funnel: how many deals enter each stage and which share goes on."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes

from simsales.report import palette, text
from simsales.report.figures.base import bare, canvas, chart, legend_below, need, short


@chart
def funnel(data: pd.DataFrame, *, ax: Axes | None = None, title: str = "Funnel", unit: str = "deals") -> Axes:
    """Draw a funnel as horizontal bars with counts, their share of all deals and the share that goes on from each.

    Parameters
    ----------
    data : DataFrame
        Columns ``stage``, ``entered`` (count) and, optionally, ``rate`` (share of those who entered that went on to any later
        row; in the last row before the win, that were won), ``next`` (count that went straight to the next row), ``open``
        (count that are there now), ``share`` (of all deals, those who entered; without it, bars are compared with the first)
        and ``after_sale`` (whether the row follows a win); rows in the order of the process. Stages that nobody entered are
        left out.
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
        ax.text(amount + top * 0.012, place, text.count(amount), va="center", fontweight="bold")
        ax.text(top * 1.3, place, _part(rows, place), va="center", ha="right", color=palette.MUTED, fontsize=9)
    _rates(ax, rows, top)
    ax.set_yticks(list(places), [short(stage) for stage in rows["stage"]])
    ax.tick_params(axis="y", labelcolor=palette.INK, labelsize=10)
    ax.set_xlim(0, top * 1.3)
    ax.set_ylim(len(rows) - 0.25, -0.5)  # room for the rate below the last bar
    ax.set_xticks([])
    bare(ax, "bottom", "left")
    ax.set_xlabel(f"Number of {unit} that entered; of them, the share below each bar went on to a later stage")
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


def _part(rows: pd.DataFrame, place: int) -> str:
    """Return which part of all deals entered a stage, or of those in the first where all are not known."""
    if "share" in rows:
        share = float(rows["share"].iloc[place])
        return "" if place == 0 and share == 1.0 else f"{text.percent(share, 1)} of all"
    first = float(rows["entered"].iloc[0])
    return f"{text.percent(float(rows['entered'].iloc[place]) / first, 1)} of the first" if place and first else ""


def _rates(ax: Axes, rows: pd.DataFrame, top: float) -> None:
    """Write below each bar how many of it went on, and how many straight to the next one."""
    if "rate" not in rows:
        return
    after = rows["after_sale"].astype(bool) if "after_sale" in rows else pd.Series(data=False, index=rows.index)
    last_before = int((~after).sum()) - 1
    for place, rate in enumerate(rows["rate"].astype(float)):
        if rate != rate:  # noqa: PLR0124 - NaN
            continue
        end = " won" if place == last_before else " stayed" if place == len(rows) - 1 else _straight(rows, place, rate)
        ax.text(top * 0.012, place + 0.5, f"↓ {text.percent(rate, 1)}{end}", va="center", fontsize=8.5, color=palette.MUTED)


def _straight(rows: pd.DataFrame, place: int, rate: float) -> str:
    """Return the share that went straight to the next stage, where others skipped it."""
    if "next" not in rows or not rows["entered"].iloc[place]:
        return ""
    share = text.percent(float(rows["next"].iloc[place]) / float(rows["entered"].iloc[place]), 1)
    return "" if share == text.percent(rate, 1) else f", {share} to the next one"
