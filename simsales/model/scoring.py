"""Lead scoring: a weighted sum of what a lead does and what it is, as points or as a probability.

A score orders leads; it pays only where there are more leads than hands. People see the score with noise, and behaviour
counts less the older it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, model_validator
from scipy import special

from simsales.errors import InvalidInputError, did_you_mean, got
from simsales.model.base import Name, NonNegative, Positive, Seq, Value
from simsales.model.laws import AnyLaw

__all__ = [
    "Band", "Factor", "Grade", "Scoring", "factor_values", "grade", "is_monotone", "lead_score", "lead_scores", "points",
    "reference_score", "seen_scores",
]  # fmt: skip

Floats = NDArray[np.float64]
REFERENCE_POINTS = 4096


class Band(Value):
    """Points for values up to and including `upto` (absent: for all above the band before)."""

    upto: float | None = None
    points: float


class Factor(Value):
    """One thing that a score looks at.

    Parameters
    ----------
    name : str
    weight : float
        Points per unit, or log-odds per unit in the logistic form; with bands it multiplies their points.
    law : Law, optional
        How the values spread over leads; needed to simulate them.
    kind : {'attribute', 'behaviour'}
        What the lead is (size, industry), or what it does (visits, downloads, enquiries).
    bands : tuple of Band
        Points by value; the last has no `upto`. None: the value itself counts.
    half_life_days : float, optional
        Behaviour of this age counts half.
    """

    name: Name
    weight: float = 1.0
    law: AnyLaw | None = None
    kind: Literal["attribute", "behaviour"] = "attribute"
    bands: Annotated[tuple[Band, ...], Seq] = ()
    half_life_days: Positive | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Factor:
        if self.half_life_days is not None and self.kind != "behaviour":
            message = f"half_life_days must stand with kind: behaviour, got kind: {self.kind}. Hint: attributes do not fade."
            raise ValueError(message)
        bounds = [band.upto for band in self.bands]
        if bounds and bounds[-1] is not None:
            message = f"bands must end with one without upto, got upto {bounds[-1]:g}. Hint: the last band is for all above."
            raise ValueError(message)
        known = [bound for bound in bounds if bound is not None]
        if len(known) < len(bounds) - 1 or any(b <= a for a, b in zip(known, known[1:], strict=False)):
            message = f"bands must have rising upto, got {', '.join('none' if b is None else f'{b:g}' for b in bounds)}"
            raise ValueError(message)
        return self


class Grade(Value):
    """A tier of leads or customers: all with a score of at least `from` (gold, silver, bronze)."""

    from_: float = Field(alias="from")
    name: Name


class Scoring(Value):
    """How leads are scored.

    Parameters
    ----------
    factors : tuple of Factor
    form : {'points', 'logistic'}
        The weighted sum itself, or the probability that it stands for as log-odds.
    intercept : float
        Added to the weighted sum.
    noise_sd : float
        What people see is the score plus this much normal noise (logistic form: noise of the log-odds).
    reference : float, optional
        Score at which effects are zero; absent: the expected score of a fresh lead (see :func:`reference_score`).
    grades : tuple of Grade
        Rising; a score below the first has no grade.

    Examples
    --------
    >>> scoring = Scoring(factors=[
    ...     {"name": "downloads", "weight": 2.0, "kind": "behaviour", "half_life_days": 30.0, "law": 3.0},
    ...     {"name": "employees", "law": {"lognormal": {"median": 80.0, "p90": 900.0}},
    ...      "bands": [{"upto": 50, "points": 0}, {"upto": 500, "points": 10}, {"points": 20}]}])
    >>> lead_score(scoring, {"downloads": 3, "employees": 200})
    16.0
    >>> lead_score(scoring, {"downloads": 3, "employees": 200}, age_days=30.0)
    13.0
    """

    factors: Annotated[tuple[Factor, ...], Seq, Field(min_length=1)]
    form: Literal["points", "logistic"] = "points"
    intercept: float = 0.0
    noise_sd: NonNegative = 0.0
    reference: float | None = None
    grades: Annotated[tuple[Grade, ...], Seq] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Scoring:
        names = self.names
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            message = f"factors must have different names, got {got(twice[0])} twice"
            raise ValueError(message)
        steps = [grade.from_ for grade in self.grades]
        if any(b <= a for a, b in zip(steps, steps[1:], strict=False)):
            message = f"grades must have rising from, got {', '.join(f'{step:g}' for step in steps)}. Hint: lowest grade first."
            raise ValueError(message)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the factors, in order."""
        return tuple(factor.name for factor in self.factors)


def points(factor: Factor, value: ArrayLike) -> Floats:
    """Return the points of values of one factor, before weight and age.

    Parameters
    ----------
    factor : Factor
    value : float or ndarray of float, shape (n,)
        NaN (not known) gives 0 points.

    Returns
    -------
    ndarray of float, the shape of `value`

    Examples
    --------
    >>> visits = Factor(name="visits", bands=[{"upto": 1, "points": 0}, {"upto": 5, "points": 4}, {"points": 9}])
    >>> points(visits, [1, 2, 5, 6]).tolist()
    [0.0, 4.0, 4.0, 9.0]
    """
    x = np.asarray(value, dtype=np.float64)
    worth = x
    if factor.bands:
        bounds = np.array([band.upto for band in factor.bands if band.upto is not None], dtype=np.float64)
        worth = np.array([band.points for band in factor.bands])[np.searchsorted(bounds, x, side="left")]
    return np.where(np.isnan(x), 0.0, worth)


def lead_scores(scoring: Scoring, columns: ArrayLike, age_days: ArrayLike = 0.0) -> Floats:
    """Return the true scores of many leads.

    Parameters
    ----------
    scoring : Scoring
    columns : ndarray of float, shape (n_factors, n_leads)
        Values in the order of the factors; NaN is not known.
    age_days : float or ndarray of float, shape (n_leads,)
        How old the behaviour is.

    Returns
    -------
    ndarray of float, shape (n_leads,)
        Points, or probabilities in the logistic form.

    Raises
    ------
    InvalidInputError
        If the number of rows is not that of the factors, or an age is negative.
    """
    values, age = np.asarray(columns, dtype=np.float64), np.asarray(age_days, dtype=np.float64)
    if values.ndim != 2 or len(values) != len(scoring.factors):
        message = (
            f"columns must have one row for each of the {len(scoring.factors)} factors, got shape {values.shape}. "
            f"Hint: the rows are {', '.join(scoring.names)}"
        )
        raise InvalidInputError(message)
    if np.any(age < 0):
        message = f"age_days must be 0 or more, got {float(np.min(age)):g}"
        raise InvalidInputError(message)
    total = np.full(values.shape[1], scoring.intercept)
    for factor, row in zip(scoring.factors, values, strict=True):
        part = factor.weight * points(factor, row)
        # scipy's exp2 and expit work value by value: one lead gets the same bits alone and among many
        total = total + (part if factor.half_life_days is None else part * special.exp2(-age / factor.half_life_days))
    return np.asarray(special.expit(total) if scoring.form == "logistic" else total)


def lead_score(scoring: Scoring, values: Mapping[str, float], age_days: float = 0.0) -> float:
    """Return the true score of one lead; see :func:`lead_scores`.

    Parameters
    ----------
    scoring : Scoring
    values : mapping of str to float
        By factor; a factor that is left out is not known and gives no points.
    age_days : float

    Returns
    -------
    float

    Raises
    ------
    InvalidInputError
        If a value belongs to no factor.

    Examples
    --------
    >>> fitted = Scoring(form="logistic", intercept=-2.0, factors=[{"name": "visits", "weight": 0.5}])
    >>> lead_score(fitted, {"visits": 4})
    0.5
    """
    unknown = [name for name in values if name not in scoring.names]
    if unknown:
        message = f"values must belong to factors of the score, got {got(unknown[0])}. {did_you_mean(unknown[0], scoring.names)}"
        raise InvalidInputError(message)
    column = [[float(values.get(name, np.nan))] for name in scoring.names]
    return float(lead_scores(scoring, column, age_days)[0])


def seen_scores(scoring: Scoring, scores: ArrayLike, normal: ArrayLike) -> Floats:
    """Return what people see: the true scores with noise.

    Parameters
    ----------
    scoring : Scoring
    scores : ndarray of float, shape (n,)
        As :func:`lead_scores` returns them.
    normal : ndarray of float, shape (n,)
        Standard normal draws.

    Returns
    -------
    ndarray of float, shape (n,)
        In the logistic form still probabilities: the noise moves the log-odds.

    Examples
    --------
    >>> seen_scores(Scoring(factors=[{"name": "a"}], noise_sd=2.0), [10.0, 10.0], [0.5, -1.0]).tolist()
    [11.0, 8.0]
    """
    true, noise = np.asarray(scores, dtype=np.float64), scoring.noise_sd * np.asarray(normal, dtype=np.float64)
    if scoring.noise_sd == 0.0:
        return true
    return np.asarray(special.expit(special.logit(true) + noise)) if scoring.form == "logistic" else true + noise


def factor_values(scoring: Scoring, uniforms: ArrayLike) -> Floats:
    """Return the values of leads that their uniforms stand for, by each factor's law.

    Parameters
    ----------
    scoring : Scoring
    uniforms : ndarray of float, shape (n_factors, n_leads)
        Strictly between 0 and 1.

    Returns
    -------
    ndarray of float, shape (n_factors, n_leads)

    Raises
    ------
    InvalidInputError
        If a factor has no law.
    """
    missing = [factor.name for factor in scoring.factors if factor.law is None]
    if missing:
        message = f"factor '{missing[0]}' must have a law, got none. Hint: say how its values spread over leads"
        raise InvalidInputError(message)
    rows: Sequence[Floats] = np.asarray(uniforms, dtype=np.float64)  # type: ignore[assignment]  # rows of a matrix
    laws = [factor.law for factor in scoring.factors if factor.law is not None]
    return np.array([law.quantile(row) for law, row in zip(laws, rows, strict=True)])


def reference_score(scoring: Scoring) -> float:
    """Return the score at which effects are zero.

    Parameters
    ----------
    scoring : Scoring

    Returns
    -------
    float
        What the model states, else the mean score of fresh leads by a rule of 4096 fixed points (no randomness).

    Raises
    ------
    InvalidInputError
        If it is not stated and a factor has no law.

    References
    ----------
    Points: additive recurrence with the generalised golden ratio (M. Roberts 2018, quasirandom sequence R_d).

    Examples
    --------
    >>> round(reference_score(Scoring(factors=[{"name": "visits", "weight": 2.0, "law": {"exponential": {"mean": 3.0}}}])), 1)
    6.0
    """
    if scoring.reference is not None:
        return scoring.reference
    d = len(scoring.factors)
    ratio = 2.0
    for _ in range(64):  # the root of x^(d+1) = x + 1
        ratio = (1.0 + ratio) ** (1.0 / (d + 1))
    steps = ratio ** -np.arange(1.0, d + 1.0)
    uniforms = (0.5 + np.outer(steps, np.arange(1.0, REFERENCE_POINTS + 1.0))) % 1.0
    inside = np.clip(uniforms, 0.5 / REFERENCE_POINTS, 1.0 - 0.5 / REFERENCE_POINTS)
    return float(np.mean(lead_scores(scoring, factor_values(scoring, inside))))


def grade(scoring: Scoring, score: float) -> str | None:
    """Return the grade of a score: the highest whose `from` it reaches; None below the first.

    Examples
    --------
    >>> tiers = Scoring(factors=[{"name": "a"}], grades=[
    ...     {"from": 0, "name": "bronze"}, {"from": 40, "name": "silver"}, {"from": 70, "name": "gold"}])
    >>> grade(tiers, 70.0), grade(tiers, 69.9), grade(tiers, -1.0)
    ('gold', 'silver', None)
    """
    reached = [step.name for step in scoring.grades if score >= step.from_]
    return reached[-1] if reached else None


def is_monotone(factor: Factor) -> bool:
    """Tell whether a higher value never lowers the score.

    Examples
    --------
    >>> is_monotone(Factor(name="age", bands=[{"upto": 1, "points": 5}, {"points": 2}]))
    False
    """
    steps = [band.points for band in factor.bands]
    rising = all(b >= a for a, b in zip(steps, steps[1:], strict=False))
    falling = all(b <= a for a, b in zip(steps, steps[1:], strict=False))
    return factor.weight == 0.0 or (rising if factor.weight > 0 else bool(steps) and falling)
