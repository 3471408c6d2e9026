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


def lasting_at_pace(below: float, z: float, correlation: float) -> float:
    """Return the probability that a delay lasts beyond an age, for a deal of known pace (R9).

    Parameters
    ----------
    below : float
        Probability of a shorter delay by its law alone.
    z, correlation : float
        As in :func:`paced`.

    Examples
    --------
    >>> round(lasting_at_pace(0.5, -1.0, 0.5), 4)  # a fast deal: 1 - Phi(1)
    0.1587
    >>> lasting_at_pace(0.0, -1.0, 0.5), lasting_at_pace(1.0, -1.0, 0.5)
    (1.0, 0.0)
    """
    if below <= 0.0 or below >= 1.0:
        return float(below <= 0.0)
    return 0.5 * math.erfc(_own_score(below, z, correlation) / _ROOT_2)


def paced_beyond(u: float, below: float, z: float, correlation: float) -> float:
    """Return the uniform of a delay that has lasted beyond an age, for a deal of known pace (R9).

    Examples
    --------
    >>> paced_beyond(0.3, 0.0, -2.0, 0.5) == paced(0.3, -2.0, 0.5)
    True
    >>> 0.5 < paced_beyond(0.01, 0.5, -2.0, 0.5) < paced_beyond(0.99, 0.5, -2.0, 0.5) < 1.0
    True
    """
    beyond = lasting_at_pace(below, z, correlation)
    own = u if beyond >= 1.0 else 1.0 - beyond * (1.0 - u)
    found = paced(min(max(own, _LEAST), 1.0 - _LEAST), z, correlation)
    return max(found, below)


def _own_score(below: float, z: float, correlation: float) -> float:
    """Return the delay's own normal score at a probability of its law."""
    return (normal_score(below) - math.sqrt(correlation) * z) / math.sqrt(1.0 - correlation)
