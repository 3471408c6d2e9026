"""Who does the work: roles, reps, how they come and go, and how they learn (rules R3 and R7)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from simsales.model.base import Date, Name, NonNegative, Positive, Probability, Seq, Value
from simsales.model.laws import AnyLaw, Constant
from simsales.model.routing import Queue, Routing

MIN_SPEED = 0.01
"""Somebody who works at no speed at all would never finish a task that was begun."""


class Role(Value):
    """A kind of rep: how its deals are routed and its queue is served.

    Parameters
    ----------
    queue, routing : str
        See :mod:`simsales.model.routing`.
    concurrency : int
        Tasks that one rep works on at the same time.
    max_open_deals : int, optional
        Open deals per rep; further ones wait in the pool until somebody has room (a cap on private leads).
    tiers : tuple of float
        For routing ``skill`` (bounds of the amount) and ``score`` (bounds of the score): two bounds make three tiers; the
        most skilled reps get the highest tier.
    recycle_days : float, optional
        An owned deal whose task nobody has begun for this long goes back to the pool, where any rep may take it.
    reclaim_days : float
        For so long the rep who lost it may not take it again.
    handover_loss : float
        Probability that a deal is lost when its owner leaves (reason ``handover``).
    discount_authority : float
        Discount that a rep may give alone; ``when: discount > authority`` sends more to an approval.
    """

    name: Name
    queue: Queue = "fifo"
    routing: Routing = "least_loaded"
    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 1
    max_open_deals: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    tiers: Annotated[tuple[float, ...], Seq] = ()
    recycle_days: Positive | None = None
    reclaim_days: NonNegative = 0.0
    handover_loss: Probability = 0.0
    discount_authority: Probability = 1.0


class Ramp(Value):
    """A new rep's speed rises linearly from `start` to 1 over `months`.

    Parameters
    ----------
    months : float
    start : float
    curve : tuple of float
        Instead of the straight line: speed at the end of each equal part of the ramp, such as ``[0.1, 0.4, 0.8]``
        (linear between; the last one need not be 1, but from the end of the ramp on the speed is 1).
    """

    months: Positive
    start: Annotated[float, Field(ge=MIN_SPEED, le=1.0)] = 0.2
    curve: Annotated[tuple[Annotated[float, Field(ge=MIN_SPEED)], ...], Seq] = ()


class Rep(Value):
    """One rep by name, or `count` alike (named ``ROLE-01`` and so on).

    Parameters
    ----------
    calendar : str, optional
        One of the model's `calendars`; its hours are in its own time zone.
    off : tuple of str
        Days away: ``2027-08-02`` or ``2027-08-02..2027-08-20`` (both included).
    territory : str, optional
        For routing ``territory``: a condition such as ``region == 华东 and segment == large``.
    booked_before : float, optional
        Bookings in the pay period that were made before the run's start (0: none); effort and pay go on from there. Absent: nothing is known of the time
        before, and a period begins with the run, with its part of the quota.
    cost_per_year : float
        Besides pay: licences, a bot's fee, overhead.
    """

    name: Name | None = None
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    role: Name
    team: str | None = None
    region: str | None = None
    manager: str | None = None
    hired: Date | None = None
    leaves: Date | None = None
    speed: Positive = 1.0
    skill: float = 0.0
    selling_share: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    weight: Positive = 1.0
    ramp: Ramp | None = None
    plan: str | None = None
    calendar: str | None = None
    off: Annotated[tuple[str, ...], Seq] = ()
    territory: str | None = None
    booked_before: NonNegative | None = None
    cost_per_year: NonNegative = 0.0

    @model_validator(mode="after")
    def _one_of_a_name(self) -> Rep:
        if self.name is not None and self.count > 1:
            message = f"count must be 1 for a rep with a name, got {self.count}"
            raise ValueError(message)
        if self.hired and self.leaves and self.leaves < self.hired:
            message = f"leaves must not be before hired ({self.hired}), got {self.leaves}"
            raise ValueError(message)
        return self


class Attrition(Value):
    """How reps of a role leave by themselves, and when somebody new sits down in their place (R7).

    Parameters
    ----------
    per_year : float
        Hazard of leaving: 0.25 means that after a year 1 - exp(-0.25) = 22 % have left.
    first_year : float
        Multiplies the hazard in the first year of employment.
    low_attainment, low_factor : float
        In a month that begins with attainment so far in the pay period below `low_attainment` x the share of the period
        gone, the hazard is multiplied by `low_factor`. Where a pay period begins with the month (each month under a monthly
        plan) it is the attainment of the period that has just ended.
    replace : bool
    vacancy_days : Law
        From leaving to the replacement's first day.
    ramp : Ramp, optional
        Of the replacement; without it the seat's own ramp.
    """

    per_year: NonNegative
    first_year: Positive = 1.0
    low_attainment: NonNegative = 0.0
    low_factor: Positive = 1.0
    replace: bool = True
    vacancy_days: AnyLaw = Constant(value=0.0)
    ramp: Ramp | None = None


class Training(Value):
    """A training: time off the floor, a cost, and an effect that fades.

    Parameters
    ----------
    role : str, optional
        Everybody of a role; or `rep`, one rep; or `team`.
    start : date
    days_off : int
        Calendar days away from work, from `start` on.
    skill : float
        Added to the rep's skill afterwards.
    speed : float
        Multiplies the rep's speed afterwards.
    half_life_days : float, optional
        After which half of the effect is gone; none: it stays.
    cost_per_head : float
    """

    name: Name
    role: Name | None = None
    rep: Name | None = None
    team: Name | None = None
    start: Date
    days_off: Annotated[int, Field(ge=0, le=366)] = 0
    skill: float = 0.0
    speed: Positive = 1.0
    half_life_days: Positive | None = None
    cost_per_head: NonNegative = 0.0

    @model_validator(mode="after")
    def _one(self) -> Training:
        given = [name for name in ("role", "rep", "team") if getattr(self, name) is not None]
        if len(given) != 1:
            message = f"must give one of role, rep, team, got {', '.join(given) or 'none'}"
            raise ValueError(message)
        return self
