"""Standardised work: less spread around the same mean."""

from __future__ import annotations

import math

import numpy as np

from simsales.model.laws import Constant, Empirical, Exponential, Gamma, Law, Lognormal, Uniform, Weibull

KNOTS = 400
"""Of a mixture, which has no closed form once it is shrunk."""


def standardised(law: Law, by: float) -> Law:
    """Return a law with the same mean and `by` times the coefficient of variation.

    Lognormal, gamma and Weibull keep their form; an exponential becomes a gamma; other laws are drawn together around their
    mean, value by value.

    Parameters
    ----------
    law : Law
    by : float
        Between 0 (always the mean) and 1 (as it was).

    Examples
    --------
    >>> standardised(Gamma(mean=4.0, cv=0.8), 0.5)
    Gamma(kind='gamma', mean_=4.0, cv=0.4)
    >>> standardised(Uniform(low=2.0, high=6.0), 0.5)
    Uniform(kind='uniform', low=3.0, high=5.0)
    """
    if by == 1.0 or isinstance(law, Constant):
        return law
    if by == 0.0:
        return Constant(value=_mean(law))
    if isinstance(law, Lognormal):
        return Lognormal(mean=law.mean(), cv=by * math.sqrt(math.expm1(law.sigma**2)))
    if isinstance(law, (Gamma, Exponential)):
        return Gamma(mean=law.mean_, cv=by * getattr(law, "cv", 1.0))
    if isinstance(law, Weibull):
        return _weibull(law, by)
    if isinstance(law, Uniform):
        middle = _mean(law)
        return Uniform(low=middle + by * (law.low - middle), high=middle + by * (law.high - middle))
    p, x = _knots(law)
    middle = _between(p, x)
    return Empirical(values=tuple((middle + by * (x - middle)).tolist()), p=tuple(p.tolist()))


def _weibull(law: Weibull, by: float) -> Weibull:
    """Return the Weibull of the same mean whose cv is `by` times as large (by bisection on the shape)."""
    wanted = by * _weibull_cv(law.shape)
    low, high = law.shape, 1e4
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _weibull_cv(middle) > wanted else (low, middle)
    return Weibull(scale=law.mean() / math.gamma(1.0 + 1.0 / high), shape=high)


def _weibull_cv(shape: float) -> float:
    first = math.lgamma(1.0 + 1.0 / shape)
    return math.sqrt(max(math.expm1(math.lgamma(1.0 + 2.0 / shape) - 2.0 * first), 0.0))


def _knots(law: Law) -> tuple[np.ndarray, np.ndarray]:
    """Return probabilities and values between which a law is taken as linear."""
    if isinstance(law, Empirical):
        return law.knots()
    p = np.linspace(0.0, 1.0, KNOTS + 1)
    inside = np.clip(p, 0.5 / KNOTS, 1.0 - 0.5 / KNOTS)
    return p, np.asarray(law.quantile(inside))


def _between(p: np.ndarray, x: np.ndarray) -> float:
    """Return the mean of a quantile function that is linear between knots."""
    return float(np.sum(np.diff(p) * (x[1:] + x[:-1]) / 2.0))


def _mean(law: Law) -> float:
    if isinstance(law, Uniform):
        return 0.5 * (law.low + law.high)
    if isinstance(law, (Gamma, Exponential)):
        return law.mean_
    return _between(*law.knots()) if isinstance(law, Empirical) else law.mean()
