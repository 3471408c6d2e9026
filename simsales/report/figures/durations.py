"""Stage durations: how long visits last, open ones counted, and how they end."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from simsales.errors import InvalidInputError, did_you_mean, got
from simsales.report import palette, text
from simsales.report.figures.base import canvas, chart, need, percent_axis, short

LINES = {"observed": ("-", 2.0), "fitted": ("--", 1.4)}
_RISK_TIMES = 5
_NEARLY = 0.97


@chart
def stage_durations(data: pd.DataFrame, *, stage: str | None = None, ax: Axes | None = None, title: str | None = None) -> Axes:
    """Draw the share of visits that have ended, by days in the stage: observed, fitted, censored.

    Parameters
    ----------
    data : DataFrame
        Columns ``stage``, ``days``, ``p`` (share of visits ended by then through ``exit``, from 0 to 1), ``exit`` and
        ``kind`` in {observed, fitted, censored}; rows of kind censored are visits still open, drawn as ticks.
        Optional ``at_risk``: visits still followed at that time.
    stage : str, optional
        Draw one stage, a curve for each way to end; by default every stage, all ways to end together.
    ax : Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Heading.

    Returns
    -------
    Axes
        Solid lines are observed (Aalen-Johansen), dashed ones fitted.

    Raises
    ------
    InvalidInputError
        If a column is missing, there are no rows, or the stage is unknown.

    Examples
    --------
    >>> rows = pd.DataFrame({"stage": "报价", "days": [0.0, 5, 9], "p": [0, 0.4, 0.7], "exit": "won", "kind": "observed"})
    >>> stage_durations(rows).get_xlabel()
    'Days in the stage'
    """
    rows = need(data, ("stage", "days", "p", "exit", "kind"), "stage_durations")
    if stage is not None:
        rows = _only(rows, stage)
        curves = {str(name): group for name, group in rows.groupby("exit", sort=False, dropna=False)}
        colours = {name: palette.OUTCOMES.get(name, palette.colour(place)) for place, name in enumerate(curves)}
    else:
        curves = {str(name): _together(group) for name, group in rows.groupby("stage", sort=False)}
        colours = {name: palette.colour(place) for place, name in enumerate(curves)}
    ax = canvas(ax, 7.6, 3.9)
    for name, group in curves.items():
        _curve(ax, group, name, colours[name])
    _axes(ax, rows, curves)
    if "at_risk" in rows:
        shown = {stage: rows[rows["exit"] == rows["exit"].iloc[0]]} if stage else curves
        _risk_table(ax, shown, {stage: palette.MUTED} if stage else colours)
    ax.set_title(title if title is not None else (f"How visits to {stage} end" if stage else "How long deals stay in each stage"))
    _legend(ax, curves)
    return ax


def _only(rows: pd.DataFrame, stage: str) -> pd.DataFrame:
    """Return the rows of one stage."""
    chosen = rows[rows["stage"] == stage]
    if chosen.empty:
        message = f"stage must be one of the stages of the data, got {got(stage)}. {did_you_mean(stage, rows['stage'].unique())}"
        raise InvalidInputError(message)
    return chosen


def _together(group: pd.DataFrame) -> pd.DataFrame:
    """Return the curves of one stage summed over its exits: the share that has ended in any way."""
    pieces = [_sum_exits(part) for kind, part in group.groupby("kind", sort=False) if kind in LINES]
    censored = group[group["kind"] == "censored"].drop_duplicates("days")
    return pd.concat([part for part in (*pieces, censored) if len(part)], ignore_index=True) if pieces else censored


def _sum_exits(part: pd.DataFrame) -> pd.DataFrame:
    """Add up step functions of several exits on the union of their times."""
    wide = part.pivot_table(index="days", columns="exit", values="p", aggfunc="last", dropna=False)
    total = pd.DataFrame({"p": wide.ffill().fillna(0.0).sum(axis=1)}).reset_index()
    total["kind"] = part["kind"].iloc[0]
    if "at_risk" in part:
        total["at_risk"] = total["days"].map(part.groupby("days")["at_risk"].max())
    return total


def _curve(ax: Axes, group: pd.DataFrame, name: str, colour: str) -> None:
    """Draw the observed and fitted lines of one curve and its censoring ticks."""
    for kind, (line, width) in LINES.items():
        part = group[group["kind"] == kind].sort_values("days")
        if part.empty:
            continue
        days, ended = part["days"].to_numpy(float), part["p"].to_numpy(float)
        label = short(name, 28) if kind == "observed" or "observed" not in set(group["kind"]) else None
        ax.plot(days, ended, drawstyle="steps-post" if kind == "observed" else "default", linestyle=line, linewidth=width,
                color=colour, label=label)  # fmt: skip
    observed = group[group["kind"] == "observed"].sort_values("days")
    marks = group[group["kind"] == "censored"]
    if observed.empty or marks.empty:
        return
    where = np.searchsorted(observed["days"].to_numpy(float), marks["days"].to_numpy(float), side="right") - 1
    heights = np.where(where >= 0, observed["p"].to_numpy(float)[np.maximum(where, 0)], 0.0)
    ax.plot(marks["days"].astype(float), heights, linestyle="none", marker="|", markersize=6, color=colour, alpha=0.7)


def _axes(ax: Axes, rows: pd.DataFrame, curves: dict[str, pd.DataFrame]) -> None:
    """Set scales and labels; the axis ends soon after nearly all has ended, so that a few old stays do not squeeze it."""
    followed = rows.loc[rows["kind"] != "fitted", "days"]
    longest = float((followed if len(followed) else rows["days"]).astype(float).max())
    shown = min(longest, 2.0 * max(_settled(group) for group in curves.values()))
    ax.set_xlim(0, shown * 1.02 if shown > 0 else 1)
    ax.set_ylim(0, 1.02)
    percent_axis(ax.yaxis)
    ax.grid(axis="y")
    ax.set_xlabel(
        "Days in the stage" if shown >= longest else f"Days in the stage (the longest stay: {text.number(longest)} days)"
    )
    ax.set_ylabel("Share of visits ended")


def _settled(group: pd.DataFrame) -> float:
    """Return the day by which a curve has reached nearly its last height."""
    parts = [part.sort_values("days") for kind, part in group.groupby("kind") if kind in LINES]
    ends = [part.loc[part["p"] >= _NEARLY * part["p"].iloc[-1], "days"].astype(float).min() for part in parts if len(part)]
    return float(max(ends, default=float(group["days"].astype(float).max())))


def _risk_table(ax: Axes, curves: dict[str, pd.DataFrame], colours: dict[str, str]) -> None:
    """Write below the axis how many visits were still followed at five times."""
    times = np.linspace(0, ax.get_xlim()[1] / 1.02, _RISK_TIMES)
    where: dict[str, Any] = {
        "xycoords": ax.get_xaxis_transform(),
        "textcoords": "offset points",
        "fontsize": 8.5,
        "annotation_clip": False,
    }
    ax.annotate("visits still followed", (0, 0), xytext=(0, -48), color=palette.MUTED, **where)
    for place, (name, group) in enumerate(curves.items()):
        part = group[(group["kind"] == "observed") & group["at_risk"].notna()].sort_values("days")
        if part.empty:
            continue
        days, risk = part["days"].to_numpy(float), part["at_risk"].to_numpy(float)
        for time in times:
            at = int(np.searchsorted(days, time, side="left"))
            left = risk[at] if at < len(risk) else 0.0
            ax.annotate(text.count(left), (time, 0), xytext=(0, -61 - 12 * place), color=colours[name],
                        ha="left" if time == 0 else "center", **where)  # fmt: skip


def _legend(ax: Axes, curves: dict[str, pd.DataFrame]) -> None:
    """Name the curves and what lines and ticks mean."""
    kinds = {kind for group in curves.values() for kind in group["kind"]}
    if "fitted" in kinds:
        ax.plot([], [], color=palette.MUTED, linestyle="--", label="fitted model")
    if "censored" in kinds:
        ax.plot([], [], color=palette.MUTED, linestyle="none", marker="|", label="still open (censored)")
    ax.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
