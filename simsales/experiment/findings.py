"""What follows from a comparison: when a scenario has paid for itself, and which ones are beaten on both counts."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simsales import kpi
from simsales.errors import InvalidInputError

if TYPE_CHECKING:
    from simsales.experiment.study import Study

__all__ = ["break_even_dates", "frontier", "net_by_month"]

DAYS_PER_YEAR = 365.0
_MONTH = re.compile(r"^bookings\[month=(\d{4}-\d{2})\]$")


def net_by_month(base: Study, study: Study, costs: Mapping[str, float], base_costs: Mapping[str, float]) -> pd.DataFrame:
    """Return the cumulative net difference from the base at each month's end, one row a replication.

    Bookings count in their month, and so does cost where the studies have it by month (pay by the days of work). Where they
    have it for the whole run only, what the changes cost counts when it is paid, and the rest is spread evenly.

    Parameters
    ----------
    base, study : Study
        With ``bookings[month=...]`` and ``cost[month=...]``, or ``cost``.
    costs, base_costs : mapping
        What the changes cost by month.

    Returns
    -------
    DataFrame, shape (n_replications, n_months)
    """
    months = [f"bookings[month={month}]" for month in months_of(base.frame)]
    if not months or "cost" not in base.frame:
        message = (
            "break-even dates must have bookings by month and cost, got other KPIs. "
            'Hint: pass kpis=["bookings", "cost", "net", "bookings[month]"] to compare'
        )
        raise InvalidInputError(message)
    gain = study.frame[months].fillna(0.0) - base.frame[months].fillna(0.0)
    gain.columns = pd.Index(months_of(base.frame))
    paid = [f"cost[month={month}]" for month in gain.columns]
    if set(paid) <= set(base.frame) and set(paid) <= set(study.frame):
        more = study.frame[paid] - base.frame[paid]
        return (gain - more.set_axis(gain.columns, axis="columns")).cumsum(axis=1)
    extra = pd.Series({month: costs.get(month, 0.0) - base_costs.get(month, 0.0) for month in gain.columns})
    rest = study.frame["cost"] - base.frame["cost"] - float(extra.sum())
    spread = np.outer(rest.to_numpy(), np.full(len(months), 1.0 / len(months)))
    return (gain - extra - spread).cumsum(axis=1)


def months_of(frame: pd.DataFrame) -> list[str]:
    """Return the months for which a frame has bookings, in order, such as ``2027-03``."""
    return [_MONTH.sub(r"\1", name) for name in map(str, frame.columns) if _MONTH.match(name)]


def break_even_dates(paths: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return by scenario when the cumulative net difference turns positive for good.

    Parameters
    ----------
    paths : mapping of str to DataFrame
        As :func:`net_by_month` returns them.

    Returns
    -------
    DataFrame, one row a scenario
        ``month`` at whose end the mean is 0 or more and stays so (None: not in this run); ``p_by_then`` and ``p_by_end``:
        share of replications that have broken even by then, and by the end; ``lowest``: the lowest point of the mean, which
        is what has to be put up in advance.

    Examples
    --------
    >>> found = break_even_dates({"pilot": pd.DataFrame([[-5.0, -1.0, 3.0], [-5.0, 1.0, 4.0]], columns=["2027-01", "2027-02", "2027-03"])})
    >>> found.loc["pilot", "month"], float(found.loc["pilot", "p_by_then"]), float(found.loc["pilot", "lowest"])
    ('2027-02', 0.5, -5.0)
    """
    return pd.DataFrame.from_dict({name: _date(path) for name, path in paths.items()}, orient="index").rename_axis("scenario")


def _date(path: pd.DataFrame) -> dict[str, Any]:
    mean = path.mean()
    stays = (mean >= 0.0)[::-1].cummin()[::-1]
    month = str(stays.idxmax()) if stays.any() else None
    by_then = float((path[month] >= 0.0).mean()) if month else float("nan")
    return {
        "month": month, "p_by_then": by_then, "p_by_end": float((path.iloc[:, -1] >= 0.0).mean()),
        "lowest": float(mean.min()),
    }  # fmt: skip


def costs_by_month(costs: Sequence[Mapping[str, Any]], months: Sequence[str]) -> dict[str, float]:
    """Return what changes cost in each month: once in the month of their start, and by the days that they run.

    Parameters
    ----------
    costs : sequence of mapping
        ``start`` (ISO date or None: the first month), ``once, per_year``.
    months : sequence of str
        Such as ``2027-03``, in order.

    Examples
    --------
    >>> costs_by_month([{"start": "2027-02-15", "once": 100.0, "per_year": 365.0}], ["2027-01", "2027-02", "2027-03"])
    {'2027-01': 0.0, '2027-02': 114.0, '2027-03': 31.0}
    """
    found = dict.fromkeys(months, 0.0)
    for cost in costs:
        start = dt.date.fromisoformat(cost["start"]) if cost["start"] else dt.date.min
        for month in months:
            first = dt.date.fromisoformat(f"{month}-01")
            after = (first + dt.timedelta(days=32)).replace(day=1)
            begins = first <= start < after if cost["start"] else month == months[0]
            found[month] += cost["once"] * begins
            found[month] += cost["per_year"] * max((after - max(first, start)).days, 0) / DAYS_PER_YEAR
    return found


def frontier(means: pd.DataFrame, x: str, y: str) -> pd.DataFrame:
    """Return which scenarios nobody beats on two KPIs at once.

    Parameters
    ----------
    means : DataFrame, one row a scenario
        With columns `x` and `y`.
    x, y : str
        KPIs with a good direction.

    Returns
    -------
    DataFrame, best `y` first
        The two means, and ``dominated_by``: a scenario that is at least as good on both and better on one; None on the
        frontier.

    Examples
    --------
    >>> means = pd.DataFrame({"cycle_days": [50.0, 40.0, 60.0], "net": [10.0, 12.0, 20.0]}, index=["base", "fast", "careful"])
    >>> frontier(means, "cycle_days", "net")["dominated_by"].tolist()
    [None, None, 'fast']
    """
    for name in (x, y):
        if kpi.better(name) == 0:
            message = f"{name} must be a KPI of which more is better, or less, got one with a target. Hint: take net or cycle_days"
            raise InvalidInputError(message)
    good = means[[x, y]] * [kpi.better(x), kpi.better(y)]
    beaten: list[str | None] = []
    for name in good.index:
        others = good.drop(index=name)
        better = others[(others >= good.loc[name]).all(axis=1) & (others > good.loc[name]).any(axis=1)]
        beaten.append(None if better.empty else str(better.sum(axis=1).idxmax()))
    found = means[[x, y]].assign(dominated_by=pd.Series(beaten, index=means.index, dtype=object))
    return found.loc[good.sort_values(y, ascending=False, kind="stable").index]
