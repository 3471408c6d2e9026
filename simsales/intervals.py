"""How far a mean or a share is known from a limited number of replications."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaincinv, stdtrit

__all__ = ["CONFIDENCE", "NOISE", "mean_half_width", "rounding", "share_bounds"]

CONFIDENCE = 0.95
NOISE = 1e-9
"""What adding up in another order may leave of a number, relative to its size: less than that is zero."""


def mean_half_width(values: ArrayLike, confidence: float = CONFIDENCE) -> float:
    """Return half the interval of the mean (Student t); 0 where all are equal, NaN of fewer than two.

    Parameters
    ----------
    values : array of float
        NaN is left out.
    confidence : float
        Two-sided.

    Examples
    --------
    >>> round(mean_half_width([1.0, 2.0, 3.0]), 4)  # 4.3027 * 1 / sqrt(3)
    2.4841
    """
    known = np.asarray(values, dtype=float)
    known = known[~np.isnan(known)]
    n = len(known)
    if n < 2:  # noqa: PLR2004 - no spread of one
        return math.nan
    return float(stdtrit(n - 1, 0.5 + confidence / 2) * known.std(ddof=1) / math.sqrt(n))


def share_bounds(share: float, trials: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the one-sided bounds of a probability, of which a share of some trials was seen (Clopper and Pearson).

    Each bound by itself holds with `confidence`: 30 of 30 show at least 0.905, since 0.905 to the power of 30 is 0.05.

    Parameters
    ----------
    share : float
        Between 0 and 1; a tie may count half.
    trials : float
        How many; bounds of none are 0 and 1.
    confidence : float

    Returns
    -------
    tuple of float
        Lower and upper bound, NaN where the share is.

    References
    ----------
    Clopper and Pearson (1934), The use of confidence or fiducial limits illustrated in the case of the binomial: the bounds
    are quantiles of Beta(k, n - k + 1) and Beta(k + 1, n - k), which a half k interpolates.

    Examples
    --------
    >>> [round(bound, 3) for bound in share_bounds(1.0, 30)], [round(bound, 3) for bound in share_bounds(0.5, 30)]
    ([0.905, 1.0], [0.339, 0.661])
    """
    if math.isnan(share):
        return math.nan, math.nan
    if not trials > 0:
        return 0.0, 1.0
    k = share * trials
    low = 0.0 if k <= 0 else float(betaincinv(k, trials - k + 1.0, 1.0 - confidence))
    high = 1.0 if k >= trials else float(betaincinv(k + 1.0, trials - k, confidence))
    return low, high


def rounding(value: float, *sizes: float) -> float:
    """Return `value`, or exactly 0 where it is what adding up in another order leaves of numbers of these sizes.

    Examples
    --------
    >>> rounding(0.1 + 0.2 - 0.3, 0.3), rounding(1e-3, 0.3), rounding(0.0)
    (0.0, 0.001, 0.0)
    """
    size = max((abs(each) for each in sizes if math.isfinite(each)), default=0.0)
    return 0.0 if abs(value) <= NOISE * size else value
