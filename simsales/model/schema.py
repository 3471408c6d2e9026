"""What a sales organisation is: a tree of frozen, strict values, readable as YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from simsales.errors import did_you_mean
from simsales.model.base import OUTCOMES, Moment, Positive, Seq, Value
from simsales.model.calendars import Calendar, offset_name
from simsales.model.compensation import CompPlan, Effort, Timing
from simsales.model.market import (
    MONTHS,
    Campaign,
    Channel,
    Event,
    FxRate,
    Market,
    Month,
    Point,
    Pricing,
    Product,
    Region,
    Segment,
    Shocks,
    Spend,
)
from simsales.model.people import Attrition, Ramp, Rep, Role, Training
from simsales.model.process import (
    Context,
    Effects,
    Exit,
    Gather,
    Handoff,
    Pace,
    SpeedToLead,
    Stage,
    Task,
    Touch,
)
from simsales.model.quota import Quotas
from simsales.model.scoring import Scoring
from simsales.model.terms import Terms

TOLERANCE = 1e-6

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


def _rates(value: Any) -> Any:
    """Let a bare number stand for a rate that always holds."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return ({"start": "1900-01-01", "rate": float(value)},)
    return tuple(value) if isinstance(value, list) else value


def _local(calendar: Calendar, timezone: str) -> Calendar:
    """Return the calendar with a zone where it states none: the epoch's offset, or that of the organisation's calendar."""
    if "timezone" in calendar.model_fields_set:
        return calendar
    return calendar.model_copy(update={"timezone": timezone})


class Model(Value):
    """A sales organisation. After it exists it is valid; nobody checks again.

    Parameters
    ----------
    calendars : dict
        Further calendars by name, for reps elsewhere.
    process : {'graph', 'linear'}
        linear: every way from a stage leads to the next one or out; a skip or a return is an error.
    fx : dict
        Units of the model's currency for one unit of another: a number, or dated rates.
    handoff, pace, pricing, terms, quotas, timing, effort, scoring
        Mechanisms of the whole organisation; absent or at their defaults they do nothing.
    attrition : dict
        By role.

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
    calendars: dict[str, Calendar] = {}
    process: Literal["graph", "linear"] = "graph"
    channels: Annotated[tuple[Channel, ...], Seq, Field(min_length=1)]
    segments: Annotated[tuple[Segment, ...], Seq] = (Segment(name="all"),)
    products: Annotated[tuple[Product, ...], Seq] = ()
    regions: Annotated[tuple[Region, ...], Seq] = ()
    fx: dict[str, Annotated[tuple[FxRate, ...], BeforeValidator(_rates)]] = {}
    pricing: Pricing = Pricing()
    terms: Terms = Terms()
    scoring: Scoring | None = None
    stages: Annotated[tuple[Stage, ...], Seq, Field(min_length=1)]
    roles: Annotated[tuple[Role, ...], Seq] = ()
    handoff: Handoff = Handoff()
    pace: Pace = Pace()
    reps: Annotated[tuple[Rep, ...], Seq] = ()
    attrition: dict[str, Attrition] = {}
    trainings: Annotated[tuple[Training, ...], Seq] = ()
    plans: dict[str, CompPlan] = {}
    quotas: Quotas | None = None
    effort: Annotated[Effort | None, BeforeValidator(_effort)] = None
    timing: Timing | None = None
    shocks: Shocks = Shocks()
    events: Annotated[tuple[Event, ...], Seq] = ()
    provenance: Annotated[tuple[Parameter, ...], Seq] = ()

    model_config = Value.model_config | {"validate_default": True}

    if TYPE_CHECKING:  # plain data are read, as in a file: what type checkers see of the fields would refuse them

        def __init__(self, /, **fields: Any) -> None: ...

    @model_validator(mode="after")
    def _hours_are_local(self) -> Model:
        object.__setattr__(self, "calendar", _local(self.calendar, offset_name(self.epoch)))
        named = {name: _local(calendar, self.calendar.timezone) for name, calendar in self.calendars.items()}
        object.__setattr__(self, "calendars", named)
        return self

    @model_validator(mode="after")
    def _consistent(self) -> Model:
        from simsales.model.check import problems  # split off to keep this module a plain tree

        found = problems(self)
        if found:
            raise ValueError("\n".join(found))
        return self

    def __repr__(self) -> str:
        reps = sum(rep.count for rep in self.reps)
        parts = ((len(self.stages), "stage"), (len(self.channels), "channel"), (len(self.segments), "segment"), (reps, "rep"))
        said = ", ".join(f"{n} {word}" + "s" * (n != 1) for n, word in parts)
        return f"<Model {self.name!r}: {said}>"

    def __str__(self) -> str:
        """Return the model in words, as ``simsales check`` prints it."""
        from simsales.describe import describe_model

        return "\n".join(describe_model(self))

    def _repr_html_(self) -> str:
        """Return the model in words, for notebooks."""
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"

    @property
    def stage_names(self) -> tuple[str, ...]:
        """Names of the stages, in order."""
        return tuple(stage.name for stage in self.stages)


__all__ = [
    "MONTHS",
    "OUTCOMES",
    "TOLERANCE",
    "Attrition",
    "Campaign",
    "Channel",
    "Context",
    "Effects",
    "Event",
    "Exit",
    "FxRate",
    "Gather",
    "Handoff",
    "Market",
    "Model",
    "Month",
    "Pace",
    "Parameter",
    "Point",
    "Pricing",
    "Product",
    "Ramp",
    "Region",
    "Rep",
    "Role",
    "Segment",
    "Shocks",
    "SpeedToLead",
    "Spend",
    "Stage",
    "Task",
    "Touch",
    "Training",
    "did_you_mean",
]
