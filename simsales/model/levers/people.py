"""Changes of who does the work, how deals find them, and what they are paid."""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar

from pydantic import Field, model_validator

from simsales.model.base import Name, NonNegative, Positive, Probability, Seq
from simsales.model.compensation import Bonus, Clawback, CompPlan, Draw, Penalty, Ratchet, Rate, Span, Spiff, Split
from simsales.model.laws import AnyLaw
from simsales.model.levers.base import Change
from simsales.model.routing import Queue, Routing
from simsales.model.schema import Ramp


class Hire(Change):
    """Add reps of a role from `start` on.

    Parameters
    ----------
    role : str
    count, name
        How many; or one by name.
    lead_days : float
        From the decision (`start`) to the first day at work.
    calendar : str, optional
        One of the model's `calendars`.
    territory : str, optional
        For routing ``territory``.
    cost_per_year : float
        Besides pay.
    plan, selling_share : optional
        Absent: those of the first rep of the role. ``plan: none`` gives no pay plan (with `cost_per_year`: that is all they
        cost).
    """

    kind: Literal["hire"] = "hire"
    role: Name
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    name: Name | None = None
    team: str | None = None
    region: str | None = None
    manager: str | None = None
    speed: Positive = 1.0
    skill: float = 0.0
    selling_share: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    weight: Positive = 1.0
    ramp: Ramp | None = None
    plan: str | None = None
    lead_days: NonNegative = 0.0
    calendar: str | None = None
    territory: str | None = None
    cost_per_year: NonNegative = 0.0


_Stated = TypeVar("_Stated", bound=Change)


def _stated(change: _Stated, names: tuple[str, ...]) -> _Stated:
    """Return a change that states one of some fields."""
    if all(getattr(change, name) is None for name in names):
        message = f"must change something: {', '.join(names)}"
        raise ValueError(message)
    return change


class Leave(Change):
    """Let a named rep, or the `count` last reps of a role, leave at `start`."""

    kind: Literal["leave"] = "leave"
    rep: Name | None = None
    role: Name | None = None
    count: Annotated[int, Field(ge=1, le=10_000)] = 1

    @model_validator(mode="after")
    def _one(self) -> Leave:
        if (self.rep is None) == (self.role is None):
            message = "must give either rep or role"
            raise ValueError(message)
        return self


class Retrain(Change):
    """Train a role, a team or a rep from `start` on: days off the floor, a cost a head, an effect that may fade.

    Parameters
    ----------
    role, team, rep : str
        One of them.
    name : str, optional
    days_off : int
        Calendar days away from work.
    skill, speed : float
        Added to the skill, and multiplied into the speed, afterwards.
    half_life_days : float, optional
        After which half of the effect is gone.
    cost_per_head : float
    """

    kind: Literal["retrain"] = "retrain"
    role: Name | None = None
    team: Name | None = None
    rep: Name | None = None
    name: Name | None = None
    days_off: Annotated[int, Field(ge=0, le=366)] = 0
    skill: float = 0.0
    speed: Positive = 1.0
    half_life_days: Positive | None = None
    cost_per_head: NonNegative = 0.0

    @model_validator(mode="after")
    def _one(self) -> Retrain:
        if sum(item is not None for item in (self.role, self.team, self.rep)) != 1:
            message = "must give one of role, team, rep"
            raise ValueError(message)
        return self


class AttritionChange(Change):
    """Change how reps of a role leave by themselves; fields left out stay.

    Parameters
    ----------
    role : str
    per_year, first_year, low_attainment, low_factor, replace, vacancy_days, ramp
        As in the model's `attrition`.
    """

    kind: Literal["attrition"] = "attrition"
    role: Name
    per_year: NonNegative | None = None
    first_year: Positive | None = None
    low_attainment: NonNegative | None = None
    low_factor: Positive | None = None
    replace: bool | None = None
    vacancy_days: AnyLaw | None = None
    ramp: Ramp | None = None


class Route(Change):
    """Change how a role's deals are routed or its queue is served; fields left out stay.

    Parameters
    ----------
    role : str
    routing, queue : str, optional
    tiers : tuple of float, optional
    max_open_deals : int or 'none', optional
    recycle_days : float or 'none', optional
    reclaim_days : float, optional
    """

    kind: Literal["route"] = "route"
    role: Name
    routing: Routing | None = None
    queue: Queue | None = None
    tiers: Annotated[tuple[float, ...], Seq] | None = None
    max_open_deals: Annotated[int, Field(ge=1, le=1_000_000)] | Literal["none"] | None = None
    recycle_days: Positive | Literal["none"] | None = None
    reclaim_days: NonNegative | None = None

    @model_validator(mode="after")
    def _something(self) -> Route:
        names = ("routing", "queue", "tiers", "max_open_deals", "recycle_days", "reclaim_days")
        return _stated(self, names)


class PlanChange(Change):
    """Change a compensation plan (fields left out stay) or make a new one, and assign it to a role.

    Parameters
    ----------
    name : str
        Of the plan.
    role : str, optional
        Whose reps get it.
    cap, threshold, draw, clawback, ratchet : optional
        ``none`` removes one.
    """

    kind: Literal["plan"] = "plan"
    name: Name
    role: Name | None = None
    base: NonNegative | None = None
    quota: Positive | None = None
    period: Span | None = None
    rates: Annotated[tuple[Rate, ...], Seq] | None = None
    bonuses: Annotated[tuple[Bonus, ...], Seq] | None = None
    cap: Positive | Literal["none"] | None = None
    threshold: Positive | Literal["none"] | None = None
    threshold_from: Literal["first", "threshold"] | None = None
    penalties: Annotated[tuple[Penalty, ...], Seq] | None = None
    spiffs: Annotated[tuple[Spiff, ...], Seq] | None = None
    draw: Draw | Literal["none"] | None = None
    splits: Annotated[tuple[Split, ...], Seq] | None = None
    paid_at: Literal["booking", "collection"] | None = None
    clawback: Clawback | Literal["none"] | None = None
    ratchet: Ratchet | Literal["none"] | None = None
    ramp_relief: bool | None = None

    @model_validator(mode="after")
    def _something(self) -> PlanChange:
        return _stated(self, ("role", *CompPlan.model_fields))


class EffortChange(Change):
    """Change how reps react to marginal pay (fields left out stay), or switch it off.

    Parameters
    ----------
    off : bool
    elasticity, minimum, maximum, win_effect, horizon_sd, ratchet_aversion : float, optional
        As in the model's `effort`.
    """

    kind: Literal["effort"] = "effort"
    off: bool = False
    elasticity: NonNegative | None = None
    minimum: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    maximum: Annotated[float, Field(ge=1.0)] | None = None
    win_effect: NonNegative | None = None
    horizon_sd: Positive | None = None
    ratchet_aversion: NonNegative | None = None


class TimingChange(Change):
    """Change how signatures move around period ends (fields left out stay), or switch it off.

    Parameters
    ----------
    off : bool
    weeks, pull, push, deadline, discount : float, optional
        As in the model's `timing`.
    period : {'month', 'quarter', 'year'}, optional
    """

    kind: Literal["timing"] = "timing"
    off: bool = False
    weeks: Positive | None = None
    pull: Probability | None = None
    push: Probability | None = None
    deadline: Probability | None = None
    discount: Probability | None = None
    period: Span | None = None
