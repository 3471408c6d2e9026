"""Scenario differences: paired on the same random draws, so what differs is the scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from simsales.errors import InvalidInputError
from simsales.report import measures, palette, text
from simsales.report.figures.base import bare, canvas, chart, finite, halo, legend_below, need, percent_axis, short
from simsales.report.sentences import better_chance


@chart
def differences(
    data: pd.DataFrame,
    *,
    kpi: str = "bookings",
    unit: str = "money",
    currency: str | None = None,
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw each scenario's difference from the base with its interval and P(better).

    Parameters
    ----------
    data : DataFrame
        One row a scenario: ``scenario``, ``difference`` (mean), ``low`` and ``high`` (95 % interval of that
        mean), optionally ``p10`` and ``p90`` (spread over replications) and ``p_better``.
    kpi : str
        Name of the KPI, for the labels.
    unit : str
        Its unit: money, share, days, hours or count.
    currency : str, optional
        ISO 4217 code.
    ax : Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Heading.

    Returns
    -------
    Axes
        With one row a scenario, in the order given, from the top; a difference whose interval includes 0 is thin and grey.

    Raises
    ------
    InvalidInputError
        If a column is missing or there are no rows.

    Examples
    --------
    >>> rows = pd.DataFrame({"scenario": ["two SDR"], "difference": [3.7e6], "low": [3.3e6], "high": [4.1e6]})
    >>> differences(rows, currency="CNY").get_xlabel()
    'Difference in bookings from the base (CNY)'
    """
    rows = need(data, ("scenario", "difference", "low", "high"), "differences").reset_index(drop=True)
    ax = canvas(ax, 7.6, 1.5 + 0.55 * len(rows))
    ax.axvline(0, color=palette.INK, linewidth=1)
    for place, row in rows.iterrows():
        _one(ax, float(place), row, unit, currency)  # type: ignore[arg-type]
    ax.set_yticks(range(len(rows)), [short(name) for name in rows["scenario"]])
    ax.tick_params(axis="y", labelcolor=palette.INK, labelsize=10)
    ax.set_ylim(len(rows) - 0.4, -0.75)
    ax.margins(x=0.12)
    ax.grid(axis="x")
    bare(ax, "left")
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, unit, currency)))
    ax.xaxis.set_major_locator(MaxNLocator(6))
    name = measures.label(kpi)[:1].lower() + measures.label(kpi)[1:]
    ax.set_xlabel(f"Difference in {name} from the base ({_unit_name(unit, currency)})")
    ax.set_title(title if title is not None else f"What changes in {name}")
    legend_below(ax, columns=2)
    return ax


def _unit_name(unit: str, currency: str | None) -> str:
    """Return how a unit is written in a label."""
    if unit in {"money", "currency"}:
        return currency or "money"
    return "percentage points" if unit in text.SHARES else unit


def _tick(value: float, unit: str, currency: str | None) -> str:
    """Return a difference for an axis: no trailing zeros in money."""
    if unit not in {"money", "currency"}:
        return f"{value * 100 if unit in text.SHARES else value:+.4g}" if value else "0"
    return f"{'+' if value > 0 else ''}{text.money_short(value, currency)}"


def _one(ax: Axes, place: float, row: Any, unit: str, currency: str | None) -> None:  # noqa: ANN401 - a row
    """Draw one scenario: thin line for the spread, thick line for the interval of the mean, dot for the mean."""
    if {"p10", "p90"} <= set(row.index):
        ax.plot([row["p10"], row["p90"]], [place, place], color=palette.SKY, linewidth=1.6, solid_capstyle="round",
                label="80 % of replications" if place == 0 else None)  # fmt: skip
    sure = row["low"] > 0 or row["high"] < 0
    same = row["difference"] == row["low"] == row["high"] == 0
    bar, dot, wide, size = (palette.BLUE, palette.INK, 6, 7) if sure else (palette.MUTED, palette.MUTED, 3, 5)
    label = "95 % interval of the mean" + ("" if sure else ": exactly 0" if same else ", not told from chance")
    known = {line.get_label() for line in ax.lines}
    ax.plot([row["low"], row["high"]], [place, place], color=bar, linewidth=wide, solid_capstyle="butt", alpha=0.85,
            label=None if label in known else label)  # fmt: skip
    ax.plot([row["difference"]], [place], marker="o", markersize=size, color=dot, markeredgecolor=palette.PAPER)
    note = text.signed(float(row["difference"]), unit, currency)
    if "p_better" in row.index and np.isfinite(row["p_better"]):
        note += f"   P(better) {better_chance(row, row.get('n'))}"
    ax.annotate(note, (row["difference"], place), xytext=(0, 11), textcoords="offset points", ha="center",
                fontsize=9 if sure else 8, color=palette.INK if sure else palette.MUTED, annotation_clip=False,
                path_effects=halo())  # fmt: skip


@chart
def ecdf(
    data: Mapping[str, Any],
    *,
    kpi: str = "bookings",
    unit: str = "money",
    currency: str | None = None,
    better: str = "higher",
    ax: Axes | None = None,
    title: str | None = None,
) -> Axes:
    """Draw the distribution of each scenario's paired difference over the replications.

    Parameters
    ----------
    data : mapping of str to array, shape (n_replications,)
        Paired differences by scenario, in the KPI's unit.
    kpi, unit, currency : str
        As in :func:`differences`.
    better : {"higher", "lower"}
        Which direction is good.
    ax : Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Heading.

    Returns
    -------
    Axes
        Share of replications over difference; where a curve meets zero tells how often a scenario loses.

    Raises
    ------
    InvalidInputError
        If there are no differences.

    Examples
    --------
    >>> ecdf({"two SDR": [1.0, 2.0, -1.0, 3.0]}).get_ylabel()
    'Share of replications'
    """
    samples = {name: np.sort(finite(values)) for name, values in data.items()}
    samples = {name: values for name, values in samples.items() if values.size}
    if not samples:
        message = "data of the ecdf figure must hold differences, got none. Hint: compare at least one scenario."
        raise InvalidInputError(message)
    ax = canvas(ax, 7.6, 3.8)
    ax.axvline(0, color=palette.INK, linewidth=1)
    for place, (name, values) in enumerate(samples.items()):
        wins = values > 0 if better == "higher" else values < 0
        share = float(np.mean(wins) + 0.5 * np.mean(values == 0))
        heights = np.arange(1, values.size + 1) / values.size
        ax.step(values, heights, where="post", color=palette.colour(place), linewidth=1.8,
                label=f"{short(name, 48)}: better in {text.chance(share, values.size)}")  # fmt: skip
    percent_axis(ax.yaxis)
    ax.set_ylim(0, 1.02)
    ax.grid(axis="y")
    name = measures.label(kpi)[:1].lower() + measures.label(kpi)[1:]
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _tick(value, unit, currency)))
    ax.xaxis.set_major_locator(MaxNLocator(6))
    ax.set_xlabel(f"Difference in {name} from the base ({_unit_name(unit, currency)})")
    ax.set_ylabel("Share of replications")
    ax.set_title(title if title is not None else f"How the difference in {name} spreads")
    legend_below(ax)
    return ax
