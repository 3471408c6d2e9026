"""Do fast deals stay fast? The correlation of a deal's stays, and what a model keeps of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from simsales.calibrate.data import StageVisits
from simsales.model.schema import Parameter

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MIN_PAIRS = 100
MOST = 0.9


def normal_scores(values: Floats) -> Floats:
    """Return each value's rank as a standard normal number; ties share their mean rank.

    Parameters
    ----------
    values : ndarray of float, shape (n,)

    Examples
    --------
    >>> normal_scores(np.array([3.0, 1.0, 2.0])).round(3).tolist()
    [0.967, -0.967, 0.0]
    """
    _, where, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    rank = last - 0.5 * (count - 1) - 0.5
    return np.asarray(ndtri(rank[where] / len(values)))


def _scores(stages: Sequence[StageVisits]) -> tuple[Ints, Floats]:
    """Return deal and normal score of every finished stay, each among the stays of its stage and exit."""
    deals, scores = [], []
    for stage in stages:
        for cause in range(1, len(stage.causes) + 1):
            mine = (stage.cause == cause) & (stage.entry == 0.0)
            if mine.sum() > 1:
                deals.append(stage.deal[mine])
                scores.append(normal_scores(stage.duration[mine]))
    if not deals:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    return np.concatenate(deals), np.concatenate(scores)


def pace_correlation(stages: Sequence[StageVisits], weights: Floats) -> tuple[Floats, int]:
    """Return the correlation of the stays of one deal under each weighting of the deals, and the number of pairs.

    Parameters
    ----------
    stages : sequence of StageVisits
    weights : ndarray, shape (n_draws, n_deals)
        Row 0 is the history as observed.

    Returns
    -------
    ndarray of float, shape (n_draws,)
        Mean product of normal scores over all pairs of stays of a deal (a deal of m stays has m (m - 1) / 2).
    int
    """
    deal, score = _scores(stages)
    n = weights.shape[1]
    count = np.bincount(deal, minlength=n).astype(float)
    total = np.bincount(deal, score, minlength=n)
    squares = np.bincount(deal, score**2, minlength=n)
    products, pairs = 0.5 * (total**2 - squares), 0.5 * count * (count - 1.0)
    among = weights @ pairs
    found = np.divide(weights @ products, among, out=np.zeros(len(weights)), where=among > 0)
    return np.asarray(found), int(pairs.sum())


def fit_pace(stages: Sequence[StageVisits], weights: Floats) -> tuple[Floats, Parameter]:
    """Return the pace correlation that the model of each draw uses, and where it comes from.

    Parameters
    ----------
    stages : sequence of StageVisits
    weights : ndarray, shape (n_draws, n_deals)

    Returns
    -------
    ndarray of float, shape (n_draws,)
        0 in every draw where there are fewer than 100 pairs of stays or the 95 % interval reaches 0.
    Parameter
    """
    found, pairs = pace_correlation(stages, weights)
    low, high = (float(q) for q in np.quantile(found, [0.025, 0.975]))
    path, value = "pace.correlation", float(found[0])
    if pairs < MIN_PAIRS:
        note = f"{pairs} pairs of stays are too few; stays of a deal are taken as independent"
        return np.zeros(len(found)), Parameter(path=path, value=0.0, n=pairs, status="assumed", note=note)
    if low <= 0.0:
        note = f"measured {value:.2g}, not told from 0; stays of a deal are taken as independent"
        return np.zeros(len(found)), Parameter(path=path, value=0.0, low=low, high=high, n=pairs, status="identified", note=note)
    note = "fast deals stay fast: correlation of the (normal scores of the) stays of one deal, by stage and exit"
    row = Parameter(path=path, value=min(value, MOST), low=low, high=high, n=pairs, status="identified", note=note)
    return np.clip(found, 0.0, MOST), row
