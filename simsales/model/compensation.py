"""Compensation plans as a user states them, and the effort rule that reacts to them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from simsales.model.base import NonNegative, Positive, Seq, Value


class Rate(Value):
    """Commission rate up to an attainment; the last rate of a plan has no `upto`."""

    upto: Positive | None = None
    rate: NonNegative


class Bonus(Value):
    """A lump sum, paid once a period when attainment reaches `at`."""

    at: Positive
    amount: NonNegative


class CompPlan(Value):
    """What a rep is paid.

    Parameters
    ----------
    base : float
        Fixed salary a year, prorated by days employed.
    quota : float
        Bookings expected in one `period`, in the model's currency.
    period : {'month', 'quarter', 'year'}
        The period over which attainment counts and resets.
    rates : tuple of Rate
        Commission on each slice of bookings, by attainment (1.0 = quota); marginal, not cliff.
    bonuses : tuple of Bonus
        Lump sums.
    cap : float, optional
        Attainment above which nothing more is paid.
    """

    base: NonNegative = 0.0
    quota: Positive
    period: Literal["month", "quarter", "year"] = "quarter"
    rates: Annotated[tuple[Rate, ...], Seq] = ()
    bonuses: Annotated[tuple[Bonus, ...], Seq] = ()
    cap: Positive | None = None

    @model_validator(mode="after")
    def _rising(self) -> CompPlan:
        bounds = [rate.upto for rate in self.rates]
        inner = bounds[:-1]
        if any(bound is None for bound in inner):
            message = "rates must each have an upto, except the last one"
            raise ValueError(message)
        known = [bound for bound in bounds if bound is not None]
        if any(b <= a for a, b in zip(known, known[1:], strict=False)):
            message = f"rates must have rising upto, got {known}"
            raise ValueError(message)
        return self


class Effort(Value):
    """How reps react to marginal pay (DOMAIN 5.6): ``e = clip((mp / mp_ref) ** elasticity)``.

    Parameters
    ----------
    elasticity : float
        The exponent; a stated assumption, since pay histories rarely identify it.
    minimum, maximum : float
        Bounds of the multiplier.
    win_effect : float
        Log-odds of advancing gained per unit of log effort (sales elasticity of personal selling).
    horizon_sd : float
        Uncertainty of attainment over a whole period, as a share of quota; it shrinks with the
        square root of the time left.
    reference_rate : float, optional
        Marginal pay per unit of bookings at which effort is 1; absent: the plan's average rate at
        quota under the base model.
    status : {'assumed', 'fitted'}
        Where the elasticity comes from.
    """

    elasticity: NonNegative = 0.3
    minimum: Annotated[float, Field(gt=0.0, le=1.0)] = 0.7
    maximum: Annotated[float, Field(ge=1.0)] = 1.3
    win_effect: NonNegative = 0.34
    horizon_sd: Positive = 0.35
    reference_rate: Positive | None = None
    status: Literal["assumed", "fitted"] = "assumed"
