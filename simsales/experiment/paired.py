"""Two studies on the same draws: the difference of every KPI, how far it is known, how often it is for the better."""

from __future__ import annotations

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
    known = found.notna().sum()
    direction = pd.Series([kpi.better(name) for name in found.columns], index=found.columns, dtype=float)
    signed = found * direction
    better = ((signed > 0) + 0.5 * (signed == 0)).where(found.notna()).mean().where(direction != 0)
    bounds = [share_bounds(share, n) for share, n in zip(better, known, strict=True)]
    mean, wide = found.mean(), found.apply(mean_half_width)
    constant = (found.max() - found.min()) <= NOISE * found.abs().max()  # the same in every replication
    wide = wide.mask(constant & wide.notna(), 0.0)
    rows = {
        "mean": frame.mean().reindex(found.columns), "difference": mean, "low": mean - wide, "high": mean + wide,
        "p_better": better, "p_better_low": [low for low, _ in bounds], "p_better_high": [high for _, high in bounds],
        "p10": found.quantile(0.1), "p90": found.quantile(0.9), "n": known,
    }  # fmt: skip
    return pd.DataFrame(rows)[COLUMNS]


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
    >>> joint_factor(12, 1), round(joint_factor(12, 15), 2)  # 3.70 / 2.20
    (1.0, 1.68)
    """
    miss = 1.0 - CONFIDENCE
    if not n > 1 or pairs <= 1:
        return 1.0
    return float(stdtrit(n - 1, 1.0 - miss / (2 * pairs)) / stdtrit(n - 1, 1.0 - miss / 2))
