"""Laws: the distributions of durations, work and amounts.

A law is its mathematics and nothing else: a quantile function and a distribution function. Everything
an engine draws goes through the quantile (one keyed uniform a draw), so two scenarios that change a
law stay comparable deal by deal. Fitting, YAML, lowering and plots are written once for all laws.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Union

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    model_serializer,
    model_validator,
)
from pydantic_core import CoreSchema
from scipy import special

from simsales.errors import got, named
from simsales.model.base import NonNegative, Positive, Seq, Value

Floats = NDArray[np.float64]
Z90 = 1.2815515655446004
"""The 90 % point of the standard normal, by which a p90 states a spread."""


class Law(Value):
    """A distribution on the non-negative numbers, given by its quantile function.

    Subclasses state ``quantile`` and ``cdf``; both are vectorised, monotone and inverse to each
    other where the law is continuous.
    """

    kind: str

    def quantile(self, u: Floats) -> Floats:
        """Return the value below which a share `u` of the draws falls.

        Parameters
        ----------
        u : ndarray of float, shape (n,)
            Probabilities strictly between 0 and 1.

        Returns
        -------
        ndarray of float, shape (n,)
            In the law's unit (days, hours or money).
        """
        raise NotImplementedError

    def cdf(self, x: Floats) -> Floats:
        """Return the probability of a draw of at most `x`."""
        raise NotImplementedError

    def survival(self, x: Floats) -> Floats:
        """Return the probability of a draw above `x`."""
        return 1.0 - self.cdf(np.asarray(x, dtype=float))

    def mean(self) -> float:
        """Return the expectation, exactly; infinite where it is beyond the largest number."""
        raise NotImplementedError

    def median(self) -> float:
        """Return the 50 % quantile."""
        return float(self.quantile(np.array([0.5]))[0])

    def scaled(self, factor: float) -> Law:
        """Return the law of `factor` times the draw."""
        raise NotImplementedError

    @model_serializer(mode="plain")
    def _to_data(self) -> Any:
        """Write the law as the one-key mapping (or bare number) that a scenario file holds."""
        fields = {
            name: _plain(getattr(self, name)) for name in type(self).model_fields if name != "kind"
        }
        return {self.kind: {key: value for key, value in fields.items() if value is not None}}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Value):
        return value.model_dump()
    return value


class Constant(Law):
    """Always the same value; a bare number in a scenario file.

    Examples
    --------
    >>> Constant(value=3.0).median()
    3.0
    """

    kind: Literal["constant"] = "constant"
    value: NonNegative

    def quantile(self, u: Floats) -> Floats:
        """Return the constant, once for each `u`."""
        return np.full(np.shape(u), self.value)

    def cdf(self, x: Floats) -> Floats:
        """Return 1 from the constant on, else 0."""
        return np.where(np.asarray(x) >= self.value, 1.0, 0.0)

    def mean(self) -> float:
        """Return the constant."""
        return self.value

    def scaled(self, factor: float) -> Constant:
        """Return the constant times `factor`."""
        return Constant(value=self.value * factor)

    @model_serializer(mode="plain")
    def _to_data(self) -> Any:
        return self.value


class Uniform(Law):
    """Equally likely anywhere between `low` and `high`."""

    kind: Literal["uniform"] = "uniform"
    low: NonNegative = 0.0
    high: Positive

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.high < self.low:
            message = f"high must be at least low ({self.low}), got {self.high}"
            raise ValueError(message)
        return self

    def quantile(self, u: Floats) -> Floats:
        """Return ``low + u (high - low)``."""
        return self.low + np.asarray(u, dtype=float) * (self.high - self.low)

    def cdf(self, x: Floats) -> Floats:
        """Return the share of the interval that lies below `x`."""
        width = self.high - self.low
        if width == 0:
            return np.where(np.asarray(x) >= self.low, 1.0, 0.0)
        return np.clip((np.asarray(x, dtype=float) - self.low) / width, 0.0, 1.0)

    def mean(self) -> float:
        """Return the middle."""
        return 0.5 * (self.low + self.high)

    def scaled(self, factor: float) -> Uniform:
        """Return the interval times `factor`."""
        return Uniform(low=self.low * factor, high=self.high * factor)


class Exponential(Law):
    """Memoryless, with the given mean."""

    kind: Literal["exponential"] = "exponential"
    mean_: Positive = Field(alias="mean")

    def quantile(self, u: Floats) -> Floats:
        """Return ``-mean log(1 - u)``."""
        return np.asarray(-self.mean_ * np.log1p(-np.asarray(u, dtype=float)))

    def cdf(self, x: Floats) -> Floats:
        """Return ``1 - exp(-x / mean)``."""
        return np.asarray(-np.expm1(-np.maximum(np.asarray(x, dtype=float), 0.0) / self.mean_))

    def mean(self) -> float:
        """Return the mean that is stated."""
        return self.mean_

    def scaled(self, factor: float) -> Exponential:
        """Return the law with `factor` times the mean."""
        return Exponential(mean=self.mean_ * factor)

    @model_serializer(mode="plain")
    def _to_data(self) -> Any:
        return {self.kind: {"mean": self.mean_}}


class Gamma(Law):
    """Gamma with a mean and a coefficient of variation (shape 1 / cv squared)."""

    kind: Literal["gamma"] = "gamma"
    mean_: Positive = Field(alias="mean")
    cv: Positive

    @property
    def _shape(self) -> float:
        return 1.0 / self.cv**2

    def quantile(self, u: Floats) -> Floats:
        """Return the inverse of the regularised incomplete gamma function."""
        return np.asarray(special.gammaincinv(self._shape, u) * (self.mean_ / self._shape))

    def cdf(self, x: Floats) -> Floats:
        """Return the regularised incomplete gamma function."""
        scaled = np.maximum(np.asarray(x, dtype=float), 0.0) * (self._shape / self.mean_)
        return np.asarray(special.gammainc(self._shape, scaled))

    def mean(self) -> float:
        """Return the mean that is stated."""
        return self.mean_

    def scaled(self, factor: float) -> Gamma:
        """Return the law with `factor` times the mean and the same cv."""
        return Gamma(mean=self.mean_ * factor, cv=self.cv)

    @model_serializer(mode="plain")
    def _to_data(self) -> Any:
        return {self.kind: {"mean": self.mean_, "cv": self.cv}}


class Lognormal(Law):
    """Lognormal by median and p90, or by mean and coefficient of variation.

    Examples
    --------
    >>> law = Lognormal(median=6.0, p90=21.0)
    >>> round(float(law.quantile(np.array([0.9]))[0]), 6)
    21.0
    """

    kind: Literal["lognormal"] = "lognormal"
    median_: Positive | None = Field(default=None, alias="median")
    p90: Positive | None = None
    mean_: Positive | None = Field(default=None, alias="mean")
    cv: Positive | None = None

    @model_validator(mode="after")
    def _complete(self) -> Lognormal:
        first = self.median_ is not None and self.p90 is not None
        second = self.mean_ is not None and self.cv is not None
        extra = (self.mean_ is not None or self.cv is not None) if first else self.p90 is not None
        if not (first or second) or extra:
            message = "must give either median and p90, or mean and cv"
            raise ValueError(message)
        if self.median_ is not None and self.p90 is not None and self.p90 <= self.median_:
            message = f"p90 must be above the median ({self.median_}), got {self.p90}"
            raise ValueError(message)
        return self

    @property
    def log_median(self) -> float:
        """The mean of the logarithm."""
        if self.median_ is not None:
            return float(np.log(self.median_))
        assert self.mean_ is not None
        return float(np.log(self.mean_)) - 0.5 * self.sigma**2

    @property
    def sigma(self) -> float:
        """The standard deviation of the logarithm."""
        if self.median_ is not None and self.p90 is not None:
            return float(np.log(self.p90 / self.median_)) / Z90
        assert self.cv is not None
        return float(np.sqrt(np.log1p(self.cv**2)))

    def quantile(self, u: Floats) -> Floats:
        """Return ``exp(log_median + sigma z(u))``."""
        return np.asarray(np.exp(self.log_median + self.sigma * special.ndtri(u)))

    def cdf(self, x: Floats) -> Floats:
        """Return the normal distribution function of the logarithm."""
        with np.errstate(divide="ignore"):
            logs = np.log(np.maximum(np.asarray(x, dtype=float), 0.0))
        return np.asarray(special.ndtr((logs - self.log_median) / self.sigma))

    def mean(self) -> float:
        """Return ``exp(log_median + sigma squared / 2)``, or the mean that is stated."""
        if self.mean_ is not None:
            return self.mean_
        with np.errstate(over="ignore"):
            return float(np.exp(self.log_median + 0.5 * self.sigma**2))

    def scaled(self, factor: float) -> Lognormal:
        """Return the law of `factor` times the draw (same spread)."""
        if self.median_ is not None and self.p90 is not None:
            return Lognormal(median=self.median_ * factor, p90=self.p90 * factor)
        assert self.mean_ is not None
        return Lognormal(mean=self.mean_ * factor, cv=self.cv)

    @model_serializer(mode="plain")
    def _to_data(self) -> Any:
        if self.median_ is not None:
            return {self.kind: {"median": self.median_, "p90": self.p90}}
        return {self.kind: {"mean": self.mean_, "cv": self.cv}}


class Weibull(Law):
    """Weibull with a scale (63.2 % point) and a shape (below 1: the hazard falls with age)."""

    kind: Literal["weibull"] = "weibull"
    scale: Positive
    shape: Positive

    def quantile(self, u: Floats) -> Floats:
        """Return ``scale (-log(1 - u)) ** (1 / shape)``."""
        exponential = -np.log1p(-np.asarray(u, dtype=float))
        return np.asarray(self.scale * exponential ** (1.0 / self.shape))

    def cdf(self, x: Floats) -> Floats:
        """Return ``1 - exp(-(x / scale) ** shape)``."""
        ratio = np.maximum(np.asarray(x, dtype=float), 0.0) / self.scale
        with np.errstate(over="ignore"):
            return np.asarray(-np.expm1(-(ratio**self.shape)))

    def mean(self) -> float:
        """Return ``scale Gamma(1 + 1 / shape)``."""
        with np.errstate(over="ignore"):
            return float(self.scale * special.gamma(1.0 + 1.0 / self.shape))

    def scaled(self, factor: float) -> Weibull:
        """Return the law with `factor` times the scale."""
        return Weibull(scale=self.scale * factor, shape=self.shape)


class Empirical(Law):
    """Observed values, linear between them.

    Parameters
    ----------
    values : tuple of float
        Sorted or not (sorted on construction when `p` is absent), in the law's unit.
    p : tuple of float, optional
        The probability up to each value, ascending from 0 to 1, as a censored estimate has it.
        Absent: equally likely values, each spread over its share of the probability.
    file : str, optional
        A CSV with a column of values (and optionally ``p``), beside the scenario file; replaced by
        its values when the file is loaded.

    Examples
    --------
    >>> Empirical(values=(1.0, 2.0, 4.0), p=(0.0, 0.5, 1.0)).median()
    2.0
    """

    kind: Literal["empirical"] = "empirical"
    values: Annotated[tuple[NonNegative, ...], Seq] = ()
    p: Annotated[tuple[float, ...], Seq] | None = None
    file: str | None = None

    @model_validator(mode="after")
    def _complete(self) -> Empirical:
        if not self.values:
            message = "values must not be empty (a file is read when the scenario file is loaded)"
            raise ValueError(message)
        if self.p is None:
            if any(b < a for a, b in zip(self.values, self.values[1:], strict=False)):
                object.__setattr__(self, "values", tuple(sorted(self.values)))
            return self
        rising = all(b >= a for a, b in zip(self.p, self.p[1:], strict=False))
        sorted_values = all(b >= a for a, b in zip(self.values, self.values[1:], strict=False))
        ends = len(self.p) > 1 and self.p[0] == 0.0 and abs(self.p[-1] - 1.0) < 1e-9
        if len(self.p) != len(self.values) or not (rising and sorted_values and ends):
            message = "p must rise from 0 to 1 with one entry for each of the ascending values"
            raise ValueError(message)
        return self

    def knots(self) -> tuple[Floats, Floats]:
        """Return probabilities and values between which the quantile is linear."""
        values = np.asarray(self.values, dtype=float)
        if self.p is not None:
            return np.asarray(self.p, dtype=float), values
        n = len(values)
        if n == 1:
            return np.array([0.0, 1.0]), np.repeat(values, 2)
        middles = (np.arange(n) + 0.5) / n
        return np.concatenate([[0.0], middles, [1.0]]), np.concatenate(
            [values[:1], values, values[-1:]]
        )

    def quantile(self, u: Floats) -> Floats:
        """Interpolate linearly between the observed values."""
        p, x = self.knots()
        return np.asarray(np.interp(np.asarray(u, dtype=float), p, x))

    def cdf(self, x: Floats) -> Floats:
        """Return the inverse of the quantile function (the right end of a step)."""
        p, values = self.knots()
        x = np.asarray(x, dtype=float)
        right = np.searchsorted(values, x, side="right")
        lo = np.clip(right - 1, 0, len(values) - 1)
        hi = np.clip(right, 0, len(values) - 1)
        gap = values[hi] - values[lo]
        share = np.where(gap > 0, (x - values[lo]) / np.where(gap > 0, gap, 1.0), 0.0)
        inside = p[lo] + share * (p[hi] - p[lo])
        return np.where(right == 0, 0.0, np.where(right == len(values), 1.0, inside))

    def mean(self) -> float:
        """Return the area under the quantile function."""
        p, x = self.knots()
        return float(np.sum(np.diff(p) * (x[1:] + x[:-1]) / 2.0) / (p[-1] - p[0]))

    def scaled(self, factor: float) -> Empirical:
        """Return the observed values times `factor`."""
        return Empirical(values=tuple(value * factor for value in self.values), p=self.p)


class Part(Value):
    """One component of a mixture: a law and its weight."""

    weight: Positive
    law: AnyLaw


class Mixture(Law):
    """A draw from one of several laws, chosen by weight.

    Its quantile is found by bisection on the distribution function, so one uniform still gives one
    draw and stays monotone.
    """

    kind: Literal["mixture"] = "mixture"
    parts: Annotated[tuple[Part, ...], Seq, Field(min_length=1)]
    _STEPS: ClassVar[int] = 200

    def _weights(self) -> Floats:
        weights = np.array([part.weight for part in self.parts])
        return np.asarray(weights / weights.sum())

    def cdf(self, x: Floats) -> Floats:
        """Return the weighted mean of the parts' distribution functions."""
        parts = zip(self._weights(), self.parts, strict=True)
        return np.asarray(sum(weight * part.law.cdf(x) for weight, part in parts))

    def quantile(self, u: Floats) -> Floats:
        """Bisect the distribution function between the parts' own quantiles."""
        u = np.asarray(u, dtype=float)
        each = np.array([part.law.quantile(u) for part in self.parts])
        low, high = each.min(axis=0), each.max(axis=0)
        for _ in range(self._STEPS):
            middle = 0.5 * (low + high)
            above = self.cdf(middle) >= u
            high = np.where(above, middle, high)
            low = np.where(above, low, middle)
            if np.all(high - low <= 1e-13 * np.maximum(high, 1e-300)):
                break
        return np.asarray(high)

    def mean(self) -> float:
        """Return the weighted mean of the parts' means."""
        parts = zip(self._weights(), self.parts, strict=True)
        return float(sum(weight * part.law.mean() for weight, part in parts))

    def scaled(self, factor: float) -> Mixture:
        """Return the mixture of the scaled parts."""
        return Mixture(
            parts=tuple(Part(weight=part.weight, law=part.law.scaled(factor)) for part in self.parts)
        )


LAWS: dict[str, type[Law]] = {
    "constant": Constant,
    "uniform": Uniform,
    "exponential": Exponential,
    "gamma": Gamma,
    "lognormal": Lognormal,
    "weibull": Weibull,
    "empirical": Empirical,
    "mixture": Mixture,
}


def _open(value: Any) -> Any:
    """Turn ``{lognormal: {...}}`` or a bare number into the tagged mapping that pydantic reads."""
    if isinstance(value, bool):
        message = f"must be a number or one of {', '.join(LAWS)}, got {got(value)}"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports ValueError with its place
    if isinstance(value, (int, float)):
        return {"kind": "constant", "value": float(value)}
    if isinstance(value, dict) and len(value) == 1:
        kind, parameters = next(iter(value.items()))
        if kind in LAWS and isinstance(parameters, dict):
            return {"kind": kind, **parameters}
        if kind == "constant":
            return {"kind": kind, "value": parameters}
        if kind == "mixture" and isinstance(parameters, list):
            return {"kind": kind, "parts": parameters}
    if isinstance(value, Law) or (isinstance(value, dict) and "kind" in value):
        return value
    found = named(value) if isinstance(value, dict) else got(value)
    message = f"must be a number or one law of {', '.join(LAWS)}, got {found}"
    raise ValueError(message)


def _kind(value: Any) -> str | None:
    return value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)


class _LawSchema:
    """Describes a law in the JSON Schema as the one-key mapping that users write."""

    @staticmethod
    def __get_pydantic_json_schema__(
        schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        inner = handler(schema)
        options: list[dict[str, Any]] = [{"type": "number", "minimum": 0}]
        for kind, law in LAWS.items():
            fields: dict[str, Any] = {
                field.alias or name: {} for name, field in law.model_fields.items() if name != "kind"
            }
            body = {"type": "object", "properties": fields, "additionalProperties": False}
            options.append(
                {
                    "type": "object",
                    "properties": {kind: body},
                    "required": [kind],
                    "additionalProperties": False,
                }
            )
        del inner
        return {"anyOf": options}


AnyLaw = Annotated[
    Union[
        Annotated[Constant, Tag("constant")],
        Annotated[Uniform, Tag("uniform")],
        Annotated[Exponential, Tag("exponential")],
        Annotated[Gamma, Tag("gamma")],
        Annotated[Lognormal, Tag("lognormal")],
        Annotated[Weibull, Tag("weibull")],
        Annotated[Empirical, Tag("empirical")],
        Annotated[Mixture, Tag("mixture")],
    ],
    Discriminator(_kind),
    BeforeValidator(_open),
    _LawSchema,
]

Part.model_rebuild()
Mixture.model_rebuild()
