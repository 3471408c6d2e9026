"""The split: what is booked, what the open pipeline adds, what deals not yet created add."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from simsales.report import palette, text
from simsales.report.figures.base import bare, canvas, chart, finite, halo, money_axis, money_label

PARTS = ("Booked", "Open pipeline", "New deals")


def parts(data: Any) -> tuple[float, float, float]:  # noqa: ANN401 - a Forecast
    """Return booked, mean of the open pipeline and mean of deals not yet created; they add up to the mean."""
    open_mean = finite(data.open_samples).mean() if finite(data.open_samples).size else 0.0
    new_mean = finite(data.new_samples).mean() if finite(data.new_samples).size else 0.0
    return float(data.booked), float(open_mean), float(new_mean)


@chart
def split(data: Any, *, ax: Axes | None = None, title: str = "Where the bookings come from") -> Axes:  # noqa: ANN401
    """Draw the forecast as a waterfall of its three sources, against the target.

    Parameters
    ----------
    data : Forecast
        Uses ``booked``, ``open_samples``, ``new_samples``, ``samples``, ``target`` and ``currency``.
    ax : Axes, optional
        Where to draw; a new figure by default.
    title : str
        Heading.

    Returns
    -------
    Axes
        Bars are means, because means add up; whiskers are 80 % ranges.
    """
    currency = getattr(data, "currency", None)
    amounts = parts(data)
    samples = (None, data.open_samples, data.new_samples, data.samples)
    starts = (0.0, amounts[0], amounts[0] + amounts[1], 0.0)
    heights = (*amounts, sum(amounts))
    ax = canvas(ax, 7.6, 3.6)
    colours = (palette.INK, palette.BLUE, palette.SKY, palette.GREEN)
    names = (*PARTS, "Expected total")
    ax.bar(range(4), heights, bottom=starts, width=0.6, color=colours)
    for place in range(3):
        level = starts[place] + heights[place]
        ax.plot([place + 0.3, place + 0.7], [level, level], color=palette.MUTED, linewidth=0.8)
    for place, (start, height, sample) in enumerate(zip(starts, heights, samples, strict=True)):
        top = _whisker(ax, place, start, sample)
        label = text.money(height, currency)
        ax.annotate(label, (place, max(start + height, top)), xytext=(0, 5), textcoords="offset points",
                    ha="center", fontweight="bold", path_effects=halo())  # fmt: skip
    _target(ax, getattr(data, "target", None), currency)
    ax.set_xticks(range(4), names)
    ax.tick_params(axis="x", labelcolor=palette.INK, labelsize=10)
    ax.set_ylim(0, ax.get_ylim()[1] * 1.08)
    ax.grid(axis="y")
    bare(ax, "left")
    money_axis(ax.yaxis, currency)
    ax.set_ylabel(money_label("Bookings, mean", currency))
    ax.set_title(title)
    return ax


def _whisker(ax: Axes, place: int, start: float, sample: Any) -> float:  # noqa: ANN401 - array-like
    """Draw the 80 % range of a part; return its upper end."""
    values = finite(sample) if sample is not None else np.empty(0)
    if not values.size:
        return 0.0
    low, high = np.quantile(values, [0.1, 0.9]) + start
    ax.plot([place, place], [low, high], color=palette.MUTED, linewidth=1.6)
    for end in (low, high):
        ax.plot([place - 0.07, place + 0.07], [end, end], color=palette.MUTED, linewidth=1.6)
    return float(high)


def _target(ax: Axes, target: float | None, currency: str | None) -> None:
    """Draw the target as a dashed line with its amount."""
    if target is None:
        return
    ax.axhline(target, color=palette.VERMILLION, linestyle="--", linewidth=1.6)
    ax.annotate(f"target {text.money(target, currency)}", (-0.45, target), xytext=(0, 4), textcoords="offset points",
                color=palette.VERMILLION, fontsize=9, path_effects=halo())  # fmt: skip
