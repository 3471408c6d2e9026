"""Two studies on the same draws: the difference of every KPI, how far it is known, how often it is for the better."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from simsales import kpi
from simsales.intervals import CONFIDENCE, NOISE, mean_half_width, share_bounds

__all__ = ["COLUMNS", "gaps", "joint_factor", "paired"]

COLUMNS = ["mean", "difference", "low", "high", "p_better", "p_better_low", "p_better_high", "p10", "p90", "n"]


def gaps(frame: pd.DataFrame, against: pd.DataFrame) -> pd.DataFrame:
    """Return `frame` minus `against` by replication and KPI; NaN where only one of them has the KPI.

    What adding up in another order leaves of equal numbers is exactly 0: it is no difference, and a tie.

    Examples
    --------
    >>> one, other = pd.DataFrame({"net": [0.1 + 0.2, 2.0]}), pd.DataFrame({"net": [0.3, 1.0]})
    >>> gaps(one, other)["net"].tolist()
    [0.0, 1.0]
    """
    names = list(dict.fromkeys([*against.columns, *frame.columns]))
    ours, theirs = frame.reindex(columns=names), against.reindex(columns=names)
    found = ours - theirs
    sizes = pd.DataFrame(np.fmax(ours.abs(), theirs.abs()), index=found.index, columns=names)
    return found.mask(found.abs() <= NOISE * sizes, 0.0)


def paired(frame: pd.DataFrame, against: pd.DataFrame) -> pd.DataFrame:
    """Return what a study does better or worse than another, one row a KPI.

    ``mean`` of the study; ``difference``, its 95 % interval ``low, high`` (Student t; both equal to it where it is the same in
    every replication), ``p_better`` with its one-sided 95 % bounds, ``p10, p90`` of single replications, ``n`` of them.
    """
    found = gaps(frame, against)
    names, values = found.columns, found.to_numpy(dtype=float)
    there = ~np.isnan(values)
    n = there.sum(axis=0)
    direction = np.array([kpi.better(name) for name in names], dtype=float)
    signed = np.where(there, values * direction, 0.0)
    mean = _share(np.where(there, values, 0.0), n)
    better = np.where(direction != 0, _share((signed > 0) + 0.5 * (signed == 0) * there, n), np.nan)
    bounds = np.array([share_bounds(share, trials) for share, trials in zip(better, n, strict=True)]).reshape(-1, 2)
    wide = np.array([_half(column) for column in values.T])
    p10, p90 = (np.array([_quantile(column, q) for column in values.T]) for q in (0.1, 0.9))
    rows = {
        "mean": frame.mean().reindex(names).to_numpy(), "difference": mean, "low": mean - wide, "high": mean + wide,
        "p_better": better, "p_better_low": bounds[:, 0], "p_better_high": bounds[:, 1], "p10": p10, "p90": p90, "n": n,
    }  # fmt: skip
    return pd.DataFrame(rows, index=names)[COLUMNS]


def _share(values: np.ndarray[Any, Any], n: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return column sums over counts; NaN of nothing."""
    with np.errstate(invalid="ignore"):
        return np.asarray(values.sum(axis=0) / n)


def _half(column: np.ndarray[Any, Any]) -> float:
    """Return half the interval of a mean; 0 where it is the same in every replication, but for rounding."""
    known = column[~np.isnan(column)]
    if len(known) > 1 and known.max() - known.min() <= NOISE * np.abs(known).max():
        return 0.0
    return mean_half_width(known)


def _quantile(column: np.ndarray[Any, Any], q: float) -> float:
    known = column[~np.isnan(column)]
    return float(np.quantile(known, q)) if len(known) else float("nan")


def joint_factor(n: float, pairs: int) -> float:
    """Return by how much an interval must widen so that all of several pairs hold together at 95 % (Bonferroni).

    Parameters
    ----------
    n : float
        Replications.
    pairs : int
        How many differences are looked at.

    Examples
    --------
    >>> joint_factor(12, 1), round(joint_factor(12, 15), 2)  # 3.73 / 2.20
    (1.0, 1.69)
    """
    miss = 1.0 - CONFIDENCE
    if not n > 1 or pairs <= 1:
        return 1.0
    return float(stdtrit(n - 1, 1.0 - miss / (2 * pairs)) / stdtrit(n - 1, 1.0 - miss / 2))
