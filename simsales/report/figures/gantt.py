"""A Gantt figure: the steps of an initiative, or the changes of a scenario, on a time line."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.patches import Rectangle

from simsales.report import palette
from simsales.report.figures.base import bare, canvas, chart, date_axis, legend_below, need, short
from simsales.report.gantt import COLUMNS, NOBODY, label


@chart
def gantt(data: pd.DataFrame, *, currency: str | None = None, ax: Axes | None = None, title: str = "The plan") -> Axes:
    """Draw steps as bars, by start; a step without length is a diamond.

    Parameters
    ----------
    data : DataFrame
        As :func:`simsales.report.gantt.gantt_rows` returns it.
    currency : str, optional
        Of the costs.
    ax : Axes, optional
        Where to draw; a new figure by default.
    title : str
        Heading.

    Returns
    -------
    Axes
        The first step on top; a colour for each owner where there are several.

    Raises
    ------
    InvalidInputError
        If a column is missing or there are no rows.

    Examples
    --------
    >>> from simsales.report.gantt import gantt_rows
    >>> ax = gantt(gantt_rows([{"name": "培训", "start": "2027-04-01", "days": 30}]))
    >>> [item.get_text() for item in ax.get_yticklabels()]
    ['培训']
    """
    rows = need(data, COLUMNS, "gantt")
    starts, ends = pd.to_datetime(rows["start"]), pd.to_datetime(rows["end"])
    lefts, rights = date2num(starts), date2num(ends)  # type: ignore[no-untyped-call]
    owners = list(dict.fromkeys(str(owner) for owner in rows["owner"]))
    colours = {owner: palette.colour(place) for place, owner in enumerate(owners)}
    ax = canvas(ax, 7.6, 1.5 + 0.42 * len(rows))
    span = max(float(rights.max() - lefts.min()), 14.0)
    for place, (row, left, right) in enumerate(zip(rows.itertuples(index=False), lefts, rights, strict=True)):
        colour = colours[str(row.owner)]
        if row.days:
            ax.barh(place, right - left, left=left, height=0.55, color=colour)
        else:
            ax.plot([left], [place], marker="D", markersize=8, color=colour)
        details = label(row, currency).removeprefix(str(row.step)).strip(" ()")
        if details:
            ax.annotate(details, (right, place), xytext=(8, 0), textcoords="offset points", va="center", color=palette.MUTED, fontsize=8.5)
    ax.set_xlim(float(lefts.min()) - 0.02 * span, float(rights.max()) + 0.25 * span)
    ax.set_yticks(range(len(rows)), [short(step) for step in rows["step"]])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.tick_params(axis="y", labelcolor=palette.INK)
    date_axis(ax.xaxis, starts)
    ax.grid(visible=True, axis="x")
    bare(ax, "left")
    ax.set_xlabel("Date")
    if len(owners) > 1:
        for owner in owners:
            ax.add_patch(Rectangle((float(lefts[0]), 0), 0, 0, color=colours[owner], label=owner or NOBODY))  # for the legend only
        legend_below(ax, columns=min(len(owners), 4))
    ax.set_title(title)
    return ax

