"""Compensation plans as a user states them, and how reps react to them: effort, and the timing of signatures."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from simsales.model.base import Date, Name, NonNegative, Positive, Probability, Seq, Value
from simsales.model.conditions import ATTRIBUTES, parse_condition

Span = Literal["month", "quarter", "year"]


class Rate(Value):
    """Commission rate up to an attainment; the last rate of a plan has no `upto`.

    A rate above the one before it is an accelerator, a rate below it a decelerator.
    """

    upto: Positive | None = None
    rate: NonNegative


class Bonus(Value):
    """A lump sum, paid once a period when attainment reaches `at`."""

    at: Positive
    amount: NonNegative


class Penalty(Value):
    """A lump sum taken off, once a period, when attainment stays below `at_below`: `amount` is negative."""

    at_below: Positive
    amount: Annotated[float, Field(le=0.0)]


class Spiff(Value):
    """Extra pay for deals won in a window of dates, besides commission and cap.

    Parameters
    ----------
    name : str
    start, until : date
        First and last day of the window, by the day of the win.
    rate : float
        Paid on the credited amount.
    amount_per_win : float
        Paid once for each deal, to whoever is credited for it and in proportion of the credit (splits and overlays).
    where : str, optional
        Only for deals such as ``segment == large and amount >= 50000``.
    """

    name: Name
    start: Date
    until: Date
    rate: NonNegative = 0.0
    amount_per_win: NonNegative = 0.0
    where: str | None = None

    @model_validator(mode="after")
    def _readable(self) -> Spiff:
        if self.until < self.start:
            message = f"until must not be before start ({self.start}), got {self.until}"
            raise ValueError(message)
        if not self.rate and not self.amount_per_win:
            message = "must pay a rate or an amount_per_win, got neither"
            raise ValueError(message)
        if self.where is not None:
            parse_condition(self.where, ATTRIBUTES)
        return self


class Draw(Value):
    """An advance: variable pay of a period is at least the draw.

    Parameters
    ----------
    amount_per_period : float
        Of a whole period; a part of one has its part by days employed.
    recoverable : bool
        What was advanced is taken back from later variable pay above the draw.
    """

    amount_per_period: Positive
    recoverable: bool = True


class Split(Value):
    """Credit of a won deal for the last rep of another role who worked on it.

    Parameters
    ----------
    role : str
    share : float
        Of the deal's amount.
    overlay : bool
        The credit comes on top; otherwise it is taken from the owner.
    """

    role: Name
    share: Annotated[float, Field(gt=0.0, le=1.0)]
    overlay: bool = False


class Clawback(Value):
    """Pay for a deal that is cancelled soon after the win is taken back (needs the model's `terms`).

    Parameters
    ----------
    within_days : float
        From the win; what is cancelled later stays paid.
    share : float
        Of what the deal had earned.
    """

    within_days: Positive
    share: Probability = 1.0


class Ratchet(Value):
    """The next period's quota moves toward what was sold: quota + weight x (sold - quota).

    Parameters
    ----------
    up, down : float
        Weight after a period above quota, and below.
    """

    up: Probability
    down: Probability


class CompPlan(Value):
    """What a rep is paid.

    Parameters
    ----------
    base : float
        Fixed salary a year, prorated by days employed.
    quota : float, optional
        Bookings expected in one `period`, in the model's currency. A plan of base pay alone (salaried people) has none.
    period : {'month', 'quarter', 'year'}
        The period over which attainment counts and resets.
    rates : tuple of Rate
        Commission on each slice of bookings, by attainment (1.0 = quota); marginal, not cliff.
    bonuses : tuple of Bonus
        Lump sums.
    cap : float, optional
        Attainment above which nothing more is paid.
    threshold : float, optional
        Attainment below which no commission is paid at all.
    threshold_from : {'first', 'threshold'}
        Once the threshold is reached commission is paid from the first unit, or only on what lies above it.
    penalties : tuple of Penalty
        Lump sums taken off.
    spiffs : tuple of Spiff
        Dated extra pay.
    draw : Draw, optional
    splits : tuple of Split
        Credit that other roles get for the deals of a rep with this plan.
    paid_at : {'booking', 'collection'}
        Whether a deal counts when it is won, or as its cash arrives (needs the model's `terms`).
    clawback : Clawback, optional
    ratchet : Ratchet, optional
    ramp_relief : bool
        The quota of a rep who ramps up is reduced to the mean of the ramp over the days employed.
    """

    base: NonNegative = 0.0
    quota: Positive | None = None
    period: Span = "quarter"
    rates: Annotated[tuple[Rate, ...], Seq] = ()
    bonuses: Annotated[tuple[Bonus, ...], Seq] = ()
    cap: Positive | None = None
    threshold: Positive | None = None
    threshold_from: Literal["first", "threshold"] = "first"
    penalties: Annotated[tuple[Penalty, ...], Seq] = ()
    spiffs: Annotated[tuple[Spiff, ...], Seq] = ()
    draw: Draw | None = None
    splits: Annotated[tuple[Split, ...], Seq] = ()
    paid_at: Literal["booking", "collection"] = "booking"
    clawback: Clawback | None = None
    ratchet: Ratchet | None = None
    ramp_relief: bool = False

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

    @model_validator(mode="after")
    def _measured(self) -> CompPlan:
        if self.quota is not None:
            return self
        plain = ("base", "quota", "period")
        more = [name for name, field in type(self).model_fields.items() if name not in plain and getattr(self, name) != field.default]
        if more or not self.base:
            got = f"none beside {', '.join(more)}" if more else "none"
            message = f"quota must be given, got {got}. Hint: only a plan of base pay alone (base: 60000) needs none"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _within_bounds(self) -> CompPlan:
        if self.threshold is not None and self.cap is not None and self.threshold > self.cap:
            message = f"threshold must not be above the cap ({self.cap:g}), got {self.threshold:g}"
            raise ValueError(message)
        taken = sum(split.share for split in self.splits if not split.overlay)
        if taken > 1.0 + 1e-9:
            message = f"splits must take at most 1 from the owner, got {taken:g}. Hint: overlay: true gives credit on top"
            raise ValueError(message)
        roles = [split.role for split in self.splits]
        if len(set(roles)) < len(roles):
            message = f"splits must name each role once, got {', '.join(roles)}"
            raise ValueError(message)
        return self


class Effort(Value):
    """How reps react to marginal pay: ``e = clip((mp / mp_ref) ** elasticity)``.

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
    ratchet_aversion : float
        How much of what a higher next quota will cost them reps take into account (0: nothing, 1: one period ahead);
        matters under plans with a `ratchet`.
    status : {'assumed', 'fitted'}
        Where the elasticity comes from.
    """

    elasticity: NonNegative = 0.3
    minimum: Annotated[float, Field(gt=0.0, le=1.0)] = 0.7
    maximum: Annotated[float, Field(ge=1.0)] = 1.3
    win_effect: NonNegative = 0.34
    horizon_sd: Positive = 0.35
    reference_rate: Positive | None = None
    ratchet_aversion: NonNegative = 0.0
    status: Literal["assumed", "fitted"] = "assumed"


class Timing(Value):
    """Signatures move around the end of a period: not effort, and deals are neither won nor lost by it.

    Parameters
    ----------
    weeks : float
        A win due so many weeks after the end of a period may be pulled into it, one due so many before may be pushed out.
    pull : float
        Probability that a win due in the first `weeks` of a period is pulled into the last two weeks of the one before.
    push : float
        Probability that a win due in the last `weeks` is pushed into the first two weeks of the next.
    deadline : float
        Probability that any other win is signed in the last two weeks of its period instead.
    discount : float
        Price cut that a pulled deal gets.
    period : {'month', 'quarter', 'year'}
    """

    weeks: Positive = 4.0
    pull: Probability = 0.0
    push: Probability = 0.0
    deadline: Probability = 0.0
    discount: Probability = 0.0
    period: Span = "quarter"
