"""The fan: cumulative bookings of the period so far, and where they may end."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from simsales.report import palette, text
from simsales.report.figures.base import (
    canvas,
    chart,
    date_axis,
    finite,
    halo,
    legend_below,
    money_axis,
    money_label,
    need,
)

BANDS = (("p2_5", "p97_5", 0.12, "95 %"), ("p10", "p90", 0.20, "80 %"), ("p25", "p75", 0.28, "50 %"))


@chart
def fan(data: Any, *, ax: Axes | None = None, title: str | None = None) -> Axes:  # noqa: ANN401 - a Forecast
    """Draw the forecast fan with bands of 50, 80 and 95 %, the booked past and the target.

    Parameters
    ----------
    data : Forecast
        Uses ``paths`` (columns day, p2_5, p10, p25, p50, p75, p90, p97_5 and optionally actual),
        ``target``, ``p_target``, ``currency`` and ``as_of``.
    ax : Axes, optional
        Where to draw; a new figure by default.
    title : str, optional
        Heading; by default P(target), or the median when there is no target.

    Returns
    -------
    Axes
        Money over days.

    Raises
    ------
    InvalidInputError
        If ``paths`` lacks a column or has no rows.
    """
    columns = ("day", "p50", *(name for low, high, _, _ in BANDS for name in (low, high)))
    paths = need(data.paths, columns, "fan").sort_values("day")
    currency = getattr(data, "currency", None)
    ax = canvas(ax, 7.6, 4.4)
    paths = paths.assign(day=_local(paths["day"], data))
    ahead = paths[paths["p50"].notna()]
    for low, high, alpha, label in BANDS:
        ax.fill_between(
            ahead["day"], ahead[low].astype(float), ahead[high].astype(float),
            color=palette.BLUE, alpha=alpha, linewidth=0, label=f"{label} range",
        )  # fmt: skip
    ax.plot(ahead["day"], ahead["p50"].astype(float), color=palette.BLUE, linewidth=2, label="median (P50)")
    _actual(ax, paths, local_day(data, "as_of"))
    _target(ax, paths, getattr(data, "target", None), currency)
    _ends(ax, ahead, currency)
    ax.set_ylim(bottom=0)
    ax.margins(x=0)
    ax.grid(axis="y")
    date_axis(ax.xaxis, paths["day"])
    money_axis(ax.yaxis, currency)
    ax.set_ylabel(money_label("Cumulative bookings", currency))
    ax.set_xlabel("Day")
    ax.set_title(heading(data) if title is None else title)
    legend_below(ax, columns=3)
    return ax


def heading(data: Any) -> str:  # noqa: ANN401 - a Forecast
    """Return P(target) in words, or the median when there is no target."""
    currency = getattr(data, "currency", None)
    target, p_target = getattr(data, "target", None), getattr(data, "p_target", None)
    if target is None or p_target is None:
        return f"Median {text.money(data.quantiles['p50'], currency)}"
    samples = getattr(data, "samples", None)
    return f"P(bookings reach {text.money(target, currency)}) = {text.chance(p_target, None if samples is None else len(samples))}"


def local_day(data: Any, name: str) -> str:  # noqa: ANN401 - a Forecast
    """Return the last local day before a moment of a forecast, as an ISO date."""
    shown = data.to_dict().get(name) if hasattr(data, "to_dict") else None
    if shown:
        return str(shown)[:10]
    moment = pd.Timestamp(getattr(data, name))
    return f"{moment if moment.tzinfo is None else moment - pd.Timedelta(microseconds=1):%Y-%m-%d}"


def _local(days: pd.Series[Any], data: Any) -> pd.Series[Any]:  # noqa: ANN401
    """Return the days in the organisation's time zone, where the forecast knows it."""
    zone = getattr(getattr(getattr(data, "calibration", None), "history", None), "timezone", None)
    return days.dt.tz_convert(zone) if zone and days.dt.tz is not None else days


def _actual(ax: Axes, paths: pd.DataFrame, as_of: str) -> None:
    """Draw what is booked: solid, up to the day of the forecast."""
    if "actual" not in paths:
        return
    past = paths[paths["actual"].notna()]
    if len(past) < 2:  # noqa: PLR2004 - a line needs two points
        return
    ax.plot(past["day"], past["actual"].astype(float), color=palette.INK, linewidth=2.4, label="booked so far")
    today = past["day"].iloc[-1]
    ax.axvline(today, color=palette.MUTED, linewidth=0.8, linestyle=":")
    ax.annotate(f"as of {as_of}", (today, 0), xytext=(5, 6), textcoords="offset points", fontsize=8.5,
                color=palette.MUTED, path_effects=halo())  # fmt: skip


def _target(ax: Axes, paths: pd.DataFrame, target: float | None, currency: str | None) -> None:
    """Draw the target as a dashed line with its amount."""
    if target is None:
        return
    ax.axhline(target, color=palette.VERMILLION, linestyle="--", linewidth=1.6, label=f"target {text.money(target, currency)}")


def _ends(ax: Axes, ahead: pd.DataFrame, currency: str | None) -> None:
    """Write the quantiles of the last day beside the fan, unless they would overlap."""
    if ahead.empty:
        return
    last = ahead.iloc[-1]
    values = finite([last["p10"], last["p50"], last["p90"]])
    top = max(float(finite(ahead["p97_5"]).max(initial=0.0)), ax.get_ylim()[1], 1e-9)  # a far target shrinks the fan
    shown = [(name, value) for name, value in zip(("P10", "P50", "P90"), values, strict=False)]
    if len(values) == 3 and min(values[1] - values[0], values[2] - values[1]) < 0.05 * top:  # noqa: PLR2004
        shown = [("P50", values[1])]
    for name, value in shown:
        ax.annotate(
            f"{name} {text.money(value, currency)}", (last["day"], value), xytext=(5, 0),
            textcoords="offset points", va="center", fontsize=9, annotation_clip=False,
            fontweight="bold" if name == "P50" else "normal",
        )  # fmt: skip
