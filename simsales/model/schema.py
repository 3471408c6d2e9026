"""What a sales organisation is: a tree of frozen, strict values, readable as YAML."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from simsales.errors import did_you_mean
from simsales.model.base import (
    OUTCOMES,
    Date,
    Moment,
    Name,
    NonNegative,
    Positive,
    Probability,
    Seq,
    Value,
)
from simsales.model.calendars import Calendar, offset_name
from simsales.model.compensation import CompPlan, Effort
from simsales.model.laws import AnyLaw, Constant
from simsales.model.routing import Queue, Routing

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
Month = Literal["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TOLERANCE = 1e-6


class Channel(Value):
    """A source of leads.

    Parameters
    ----------
    leads_per_week : float
        Mean arrivals in a week at the epoch, before season.
    trend_per_year : float
        Growth of the rate: 0.1 is 10 % a year, compounding.
    season : dict
        Multiplier by month, default 1.
    weekday : dict
        Multiplier by weekday, default 1; the week's total is kept.
    hours : str, optional
        Local hours in which leads arrive; absent: any time of day.
    overdispersion : float
        Variance over mean of weekly counts; 1 is Poisson.
    segments : dict
        Share of each segment; empty: the model's only segment.
    entry : dict
        Share entering at each stage; empty: all at the first stage.
    cost_per_lead : float
        In the model's currency.
    """

    name: Name
    leads_per_week: NonNegative
    trend_per_year: Annotated[float, Field(gt=-1.0)] = 0.0
    season: dict[Month, NonNegative] = {}
    weekday: dict[Weekday, NonNegative] = {}
    hours: str | None = None
    overdispersion: Annotated[float, Field(ge=1.0)] = 1.0
    segments: dict[str, NonNegative] = {}
    entry: dict[str, NonNegative] = {}
    cost_per_lead: NonNegative = 0.0


class Segment(Value):
    """A kind of deal, with its amount and its distance from the average odds of advancing."""

    name: Name
    amount: AnyLaw = Constant(value=0.0)
    advance_logit: float = 0.0


class Task(Value):
    """Work that a rep of a role does in a stage, in hours of the rep's working time.

    Work is done on entry (R2); with ``at: end`` it is done after the delay, before the exit, as
    where closing a deal is what takes the rep's time.
    """

    role: Name
    work_hours: AnyLaw
    at: Literal["start", "end"] = "start"


class Exit(Value):
    """A way out of a stage: to another stage or to an outcome.

    The outcome ``open`` is a deal that nobody will ever close: it stays in the stage for good.
    """

    to: Name
    probability: Probability
    delay_days: AnyLaw = Constant(value=0.0)


class Effects(Value):
    """Shifts of the log-odds of advancing: per unit of rep skill, per hour of first response."""

    skill: float = 0.0
    response_hours: float = 0.0


class Stage(Value):
    """A stay of a deal: tasks in order, then a delay, then one of the exits (R2 to R6).

    Parameters
    ----------
    tasks : tuple of Task
        Work done before the delay; none: pure elapsed time.
    patience_days : Law, optional
        A deal whose task waits longer than this is lost with reason ``no_response`` (R4).
    exits : tuple of Exit
        Probabilities must add up to 1.
    when : str, optional
        Condition on entry such as ``amount >= 50000`` or ``segment == smb``; otherwise skipped (R6).
    max_visits : int
        A deal that would enter once more is lost instead (R6).
    win_probability : float, optional
        What the CRM states for a deal in this stage; used by the stage-weighted baseline only.
    """

    name: Name
    tasks: Annotated[tuple[Task, ...], Seq] = ()
    patience_days: AnyLaw | None = None
    exits: Annotated[tuple[Exit, ...], Seq, Field(min_length=1)]
    effects: Effects = Effects()
    when: str | None = None
    max_visits: Annotated[int, Field(ge=1, le=1000)] = 25
    win_probability: Probability | None = None


class Role(Value):
    """A kind of rep: how its deals are routed and its queue is served."""

    name: Name
    queue: Queue = "fifo"
    routing: Routing = "least_loaded"
    concurrency: Annotated[int, Field(ge=1, le=10_000)] = 1


class Ramp(Value):
    """A new rep's speed rises linearly from `start` to 1 over `months`."""

    months: Positive
    start: Probability = 0.2


class Rep(Value):
    """One rep by name, or `count` alike (named ``ROLE-01`` and so on)."""

    name: Name | None = None
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    role: Name
    team: str | None = None
    region: str | None = None
    hired: Date | None = None
    leaves: Date | None = None
    speed: Positive = 1.0
    skill: float = 0.0
    selling_share: Annotated[float, Field(gt=0.0, le=1.0)] = 1.0
    weight: Positive = 1.0
    ramp: Ramp | None = None
    plan: str | None = None

    @model_validator(mode="after")
    def _one_of_a_name(self) -> Rep:
        if self.name is not None and self.count > 1:
            message = f"count must be 1 for a rep with a name, got {self.count}"
            raise ValueError(message)
        if self.hired and self.leaves and self.leaves < self.hired:
            message = f"leaves must not be before hired ({self.hired}), got {self.leaves}"
            raise ValueError(message)
        return self


class Shocks(Value):
    """Quarterly ups and downs shared by all deals (a noise floor that more deals cannot average out)."""

    arrivals_quarter_cv: NonNegative = 0.0
    win_logit_quarter_sd: NonNegative = 0.0
    amount_quarter_cv: NonNegative = 0.0


Status = Literal["identified", "weakly identified", "assumed", "prior", "set"]


class Parameter(Value):
    """Where a number came from."""

    path: str
    value: float | str | None = None
    low: float | None = None
    high: float | None = None
    n: int | None = None
    status: Status = "set"
    note: str = ""


def _effort(value: Any) -> Any:
    return None if value in ("off", False) else value


def _local(calendar: Calendar, epoch: dt.datetime) -> Calendar:
    """Return the calendar with the epoch's offset as its zone where it states none."""
    if "timezone" in calendar.model_fields_set:
        return calendar
    return calendar.model_copy(update={"timezone": offset_name(epoch)})


class Model(Value):
    """A sales organisation. After it exists it is valid; nobody checks again.

    Examples
    --------
    >>> model = Model(
    ...     name="tiny",
    ...     channels=[{"name": "web", "leads_per_week": 10.0}],
    ...     stages=[{"name": "Open", "exits": [
    ...         {"to": "won", "probability": 0.25, "delay_days": 30},
    ...         {"to": "lost", "probability": 0.75, "delay_days": 20}]}],
    ... )
    >>> model.stages[0].exits[0].to
    'won'
    """

    simsales: Literal[1] = 1
    name: str = "model"
    currency: str = "USD"
    epoch: Moment = "2027-01-01"  # type: ignore[assignment]  # validated to a moment
    horizon_days: Positive = 365.0
    calendar: Calendar = Calendar()
    channels: Annotated[tuple[Channel, ...], Seq, Field(min_length=1)]
    segments: Annotated[tuple[Segment, ...], Seq] = (Segment(name="all"),)
    stages: Annotated[tuple[Stage, ...], Seq, Field(min_length=1)]
    roles: Annotated[tuple[Role, ...], Seq] = ()
    reps: Annotated[tuple[Rep, ...], Seq] = ()
    plans: dict[str, CompPlan] = {}
    effort: Annotated[Effort | None, BeforeValidator(_effort)] = None
    shocks: Shocks = Shocks()
    provenance: Annotated[tuple[Parameter, ...], Seq] = ()

    model_config = Value.model_config | {"validate_default": True}

    @model_validator(mode="after")
    def _hours_are_local(self) -> Model:
        object.__setattr__(self, "calendar", _local(self.calendar, self.epoch))
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Model:
        from simsales.model.check import problems  # split off to keep this module a plain tree

        found = problems(self)
        if found:
            raise ValueError("\n".join(found))
        return self

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Names of the stages, in order."""
        return tuple(stage.name for stage in self.stages)


__all__ = [
    "MONTHS",
    "OUTCOMES",
    "TOLERANCE",
    "Channel",
    "Effects",
    "Exit",
    "Model",
    "Parameter",
    "Ramp",
    "Rep",
    "Role",
    "Segment",
    "Shocks",
    "Stage",
    "Task",
    "did_you_mean",
]
