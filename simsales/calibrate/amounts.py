"""Deal amounts per segment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simsales.calibrate.data import column, rounded
from simsales.model.laws import AnyLaw, Constant, Empirical
from simsales.model.schema import Parameter, Segment, Status

if TYPE_CHECKING:
    from simsales.history import History

Floats = NDArray[np.float64]
FEW = 30
GRID = np.round(np.concatenate([[0.0, 0.005, 0.01], np.arange(0.02, 0.985, 0.02), [0.99, 0.995, 1.0]]), 4)


def amount_law(values: Floats, weights: Floats | None = None) -> AnyLaw:
    """Return the law of observed amounts: a quantile table that keeps their mean.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
    weights : ndarray of float, shape (n,), optional

    Examples
    --------
    >>> amount_law(np.array([5.0, 5.0])).median()
    5.0
    """
    if len(values) == 0:
        return Constant(value=0.0)
    order = np.argsort(values, kind="stable")
    x = values[order]
    w = np.ones(len(x)) if weights is None else weights[order]
    if w.sum() <= 0:
        w = np.ones(len(x))
    if x[0] == x[-1]:
        return Constant(value=float(x[0]))
    middle = (np.cumsum(w) - 0.5 * w) / w.sum()
    knots = np.interp(GRID, middle, x)
    mean = float(np.average(x, weights=w))
    table = float(np.sum(np.diff(GRID) * 0.5 * (knots[1:] + knots[:-1])))
    if table > 0:  # the coarse table must not change what a deal is worth on average
        knots = knots * (mean / table)
    return Empirical(values=tuple(rounded(knots)), p=tuple(map(float, GRID)))


def fit_segments(history: History, weights: Floats | None = None) -> tuple[tuple[Segment, ...], list[Parameter]]:
    """Return the segments with their amount laws and where the numbers come from.

    Bookings are won amounts, so won deals count where a segment has at least 30 of them; below that
    all its known amounts count, and below 30 of those the whole history stands in (labelled).
    """
    names = column(history, "segment", "all")
    amount = history.deals["amount"].to_numpy(float)
    won = history.deals["status"].eq("won").to_numpy()
    known = np.isfinite(amount) & (amount >= 0)
    weights = np.ones(len(amount)) if weights is None else weights
    segments, rows = [], []
    for name in sorted(names.unique()):
        mine = names.eq(name).to_numpy()
        chosen, status, note = _choice(mine, won, known, amount)
        law = amount_law(amount[chosen], weights[chosen])
        segments.append(Segment(name=str(name), amount=law))
        low, high = _median_interval(amount[chosen])
        rows.append(
            Parameter(path=f"segments[{name}].amount.median", value=float(np.median(amount[chosen])) if chosen.any() else 0.0, low=low, high=high,
                      n=int(chosen.sum()), status=status, note=note)
        )  # fmt: skip
    return tuple(segments), rows


def _choice(
    mine: NDArray[np.bool_], won: NDArray[np.bool_], known: NDArray[np.bool_], amount: Floats
) -> tuple[NDArray[np.bool_], Status, str]:
    if (mine & won & known).sum() >= FEW:
        return mine & won & known, "identified", "won deals"
    positive = known & (amount > 0)
    if (mine & positive).sum() >= FEW:
        return mine & positive, "weakly identified", "won and other deals"
    if (won & known).sum() >= 1:
        return won & known, "weakly identified", "won deals of all segments"
    if positive.any():
        return positive, "weakly identified", "all deals of all segments"
    return known & mine, "assumed", "the history has no amounts"


def _median_interval(values: Floats) -> tuple[float | None, float | None]:
    """Return the 95 % interval of the median from order statistics."""
    n = len(values)
    if n < 6:
        return None, None
    half = 0.98 * np.sqrt(n)
    ordered = np.sort(values)
    low = ordered[max(0, int(np.floor(n / 2 - half)))]
    high = ordered[min(n - 1, int(np.ceil(n / 2 + half)))]
    return float(low), float(high)


def deal_frame(history: History) -> pd.DataFrame:
    """Return the deals with blanks of segment and channel replaced as the estimators name them."""
    frame = history.deals[["deal_id", "created_at", "amount", "owner"]].copy()
    frame["segment"] = column(history, "segment", "all")
    frame["channel"] = column(history, "channel", "all")
    return frame
