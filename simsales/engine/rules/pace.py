"""Fast deals stay fast: one latent pace ties the delays of a deal together (R5)."""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_LEAST = 2.0**-53
_ROOT_2 = math.sqrt(2.0)


def normal_score(u: float) -> float:
    """Return the standard normal quantile of a uniform.

    Examples
    --------
    >>> normal_score(0.5)
    0.0
    """
    return _NORMAL.inv_cdf(u)


def paced(u: float, z: float, correlation: float) -> float:
    """Return the uniform of one delay, tied to the deal's pace by a Gaussian copula.

    Parameters
    ----------
    u : float
        The delay's own keyed uniform.
    z : float
        The deal's pace: a standard normal, low for a fast deal.
    correlation : float
        Between the normal scores of any two delays of the deal.

    Returns
    -------
    float
        ``Phi(sqrt(rho) z + sqrt(1 - rho) Phi^-1(u))``: uniform again, so that each delay's law stays.

    References
    ----------
    Li (2000), "On default correlation: a copula function approach", eq. 7 (one factor).

    Examples
    --------
    >>> paced(0.3, -2.0, 0.0)
    0.3
    >>> round(paced(0.5, -1.0, 0.5), 4)  # Phi(-0.7071)
    0.2398
    """
    if correlation == 0.0:
        return u
    score = math.sqrt(correlation) * z + math.sqrt(1.0 - correlation) * normal_score(u)
    return min(max(0.5 * math.erfc(-score / _ROOT_2), _LEAST), 1.0 - _LEAST)
