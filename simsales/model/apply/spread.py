"""Standardised work: less spread around the same mean."""

from __future__ import annotations

import math

from simsales.model.laws import (
    Z90,
    AnyLaw,
    Constant,
    Empirical,
    Gamma,
    Law,
    Lognormal,
    Mixture,
    Part,
    Uniform,
    Weibull,
)

SAME = 1e-12
"""A coefficient of variation below this is none."""
LARGEST = 700.0
"""Logarithm that a float can undo."""


def standardised(law: Law, by: float) -> Law:
    """Return a law with the same mean and `by` times the coefficient of variation.

    Lognormal, gamma and Weibull keep their form; an exponential becomes a gamma; uniform and empirical laws are drawn
    together around their mean, value by value. In a mixture the means of the parts move toward the common mean, and each
    part has `by` times its own spread: so mean and standard deviation of the whole are exact, too.

    Parameters
    ----------
    law : Law
    by : float
        Between 0 (always the mean) and 1 (as it was).

    Raises
    ------
    ValueError
        If the law has no finite mean.

    Examples
    --------
    >>> standardised(Gamma(mean=4.0, cv=0.8), 0.5)
    Gamma(kind='gamma', mean_=4.0, cv=0.4)
    >>> standardised(Uniform(low=2.0, high=6.0), 0.5)
    Uniform(kind='uniform', low=3.0, high=5.0)
    """
    centre = law.mean()
    if not math.isfinite(centre):
        message = " must have a finite mean to keep, got a law whose mean is beyond all numbers."
        raise ValueError(message)
    if by == 1.0 or isinstance(law, Constant):
        return law
    return Constant(value=centre) if by == 0.0 else _drawn_in(law, centre, by)


def _drawn_in(law: Law, centre: float, by: float) -> AnyLaw:
    """Return the law of ``centre + by (draw - centre)``, in its mean, its standard deviation and its form."""
    if isinstance(law, Mixture):
        return Mixture(parts=tuple(Part(weight=each.weight, law=_drawn_in(each.law, centre, by)) for each in law.parts))
    own = law.mean()
    mean = own if own == centre else centre + by * (own - centre)
    if isinstance(law, Constant):
        return Constant(value=mean)
    if isinstance(law, Uniform):
        half = 0.5 * by * (law.high - law.low)
        return Uniform(low=max(mean - half, 0.0), high=mean + half) if mean > 0.0 else Constant(value=0.0)
    if isinstance(law, Empirical):
        p, x = law.knots()
        values = tuple(max(mean + by * (value - own), 0.0) for value in x.tolist())
        return Empirical(values=values, p=tuple(p.tolist()))
    return _of_form(law, mean, by if own == mean else by * (own / mean))


def _of_form(law: Law, mean: float, factor: float) -> AnyLaw:
    """Return a law of the same form with another mean, whose cv is `factor` times as large."""
    # log(1 + cv squared) is finite where the cv itself is beyond all numbers
    wide = _log_variance(law)
    narrow = _scaled_log_variance(wide, factor * factor)
    if narrow < SAME**2:
        return Constant(value=mean)
    if isinstance(law, Lognormal):
        return _lognormal(mean, wide, narrow, factor)
    if isinstance(law, Weibull):
        shape = _weibull_shape(narrow)
        return Weibull(scale=mean / math.exp(math.lgamma(1.0 + 1.0 / shape)), shape=shape)
    return Gamma(mean=mean, cv=factor * (law.cv if isinstance(law, Gamma) else 1.0))


def _lognormal(mean: float, wide: float, narrow: float, factor: float) -> Lognormal:
    """Return a lognormal by mean and cv, or by median and p90 where a cv is beyond all numbers."""
    if wide < LARGEST:
        return Lognormal(mean=mean, cv=factor * math.sqrt(math.expm1(wide)))
    median = mean * math.exp(-0.5 * narrow)
    return Lognormal(median=median, p90=median * math.exp(Z90 * math.sqrt(narrow)))


def _log_variance(law: Law) -> float:
    """Return ``log(1 + cv squared)``."""
    if isinstance(law, Lognormal):
        return law.sigma**2
    if isinstance(law, Weibull):
        return _weibull_log_variance(law.shape)
    return math.log1p((law.cv if isinstance(law, Gamma) else 1.0) ** 2)


def _scaled_log_variance(value: float, factor: float) -> float:
    """Return ``log(1 + factor (exp(value) - 1))``, without overflow."""
    if value < 1.0:
        return math.log1p(factor * math.expm1(value))
    return value + math.log(factor + (1.0 - factor) * math.exp(-value))


def _weibull_shape(wanted: float) -> float:
    """Return the shape of a Weibull with the given ``log(1 + cv squared)``, by bisection on its logarithm."""
    low, high = math.log(1e-4), math.log(1e14)
    for _ in range(200):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _weibull_log_variance(math.exp(middle)) > wanted else (low, middle)
    return math.exp(high)


ZETA = (1.6449340668482264, 1.2020569031595942, 1.0823232337111382, 1.0369277551433699)
"""Riemann's zeta at 2, 3, 4, 5: the series of log gamma at 1."""


def _weibull_log_variance(shape: float) -> float:
    x = 1.0 / shape
    if x < 1e-3:  # the difference of two logarithms of gamma would lose its digits
        return sum((-1.0) ** n * ZETA[n] * (2.0 ** (n + 2) - 2.0) / (n + 2) * x ** (n + 2) for n in range(4))
    return math.lgamma(1.0 + 2.0 * x) - 2.0 * math.lgamma(1.0 + x)
