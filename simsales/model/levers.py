"""Scenarios: typed changes of a model, each with a date, a ramp-in, an adoption share and a cost."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Union

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_serializer, model_validator

from simsales.model.base import Date, Name, NonNegative, Positive, Probability, Seq, Value
from simsales.model.compensation import Bonus, Rate
from simsales.model.routing import Queue, Routing
from simsales.model.schema import Exit, Ramp, Stage


class Cost(Value):
    """What a change costs: once at its start, and per year from then on (model currency)."""

    once: NonNegative = 0.0
    per_year: NonNegative = 0.0


class Change(Value):
    """What every change has.

    Parameters
    ----------
    start : date, optional
        From when it holds; absent: from the beginning of the run.
    ramp_days : float
        Days over which the share of deals that are handled the new way rises from 0 to `adoption`.
    adoption : float
        Share of deals that are handled the new way in the end.
    cost : Cost
        Charged to the scenario.
    """

    kind: str
    start: Date | None = None
    ramp_days: NonNegative = 0.0
    adoption: Probability = 1.0
    cost: Cost = Cost()

    @model_serializer(mode="wrap")
    def _to_data(self, handler: Any) -> dict[str, Any]:
        """Write the change as the one-key mapping that a scenario file holds."""
        body = handler(self)
        body.pop("kind", None)
        return {self.kind: body}


class Scale(Change):
    """Multiply the number or law at `path`; other exits share what a probability leaves."""

    kind: Literal["scale"] = "scale"
    path: Name
    by: Positive


class Set(Change):
    """Replace the value at `path`; other exits share what a probability leaves."""

    kind: Literal["set"] = "set"
    path: Name
    to: Any


class Add(Change):
    """Add a stage after another one, or an exit to a stage.

    A new stage is entered instead of the stage that followed `after`: the next one in order if deals
    go there, else the one most of them go on to.
    """

    kind: Literal["add"] = "add"
    stage: Stage | None = None
    after: Name | None = None
    exit: Exit | None = None
    from_: Name | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _one(self) -> Add:
        if (self.stage is None) == (self.exit is None):
            message = "must give either stage (with after) or exit (with from)"
            raise ValueError(message)
        if (self.stage is not None and self.after is None) or (
            self.exit is not None and self.from_ is None
        ):
            message = "must say where: after (for a stage) or from (for an exit)"
            raise ValueError(message)
        return self


class Remove(Change):
    """Remove a stage (deals go on to `to`, else to its most likely next stage) or an exit."""

    kind: Literal["remove"] = "remove"
    stage: Name | None = None
    to: Name | None = None
    exit: Name | None = None
    from_: Name | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _one(self) -> Remove:
        if (self.stage is None) == (self.exit is None) or (
            self.exit is not None and self.from_ is None
        ):
            message = "must give either stage, or exit with from"
            raise ValueError(message)
        return self


class Hire(Change):
    """Add reps of a role from `start` on."""

    kind: Literal["hire"] = "hire"
    role: Name
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    name: Name | None = None
    team: str | None = None
    region: str | None = None
    speed: Positive = 1.0
    skill: float = 0.0
    selling_share: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    weight: Positive = 1.0
    ramp: Ramp | None = None
    plan: str | None = None


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


class Route(Change):
    """Change how a role's deals are routed or its queue is served."""

    kind: Literal["route"] = "route"
    role: Name
    routing: Routing | None = None
    queue: Queue | None = None


class PlanChange(Change):
    """Change a compensation plan (fields left out stay) or make a new one, and assign it to a role."""

    kind: Literal["plan"] = "plan"
    name: Name
    role: Name | None = None
    base: NonNegative | None = None
    quota: Positive | None = None
    period: Literal["month", "quarter", "year"] | None = None
    rates: Annotated[tuple[Rate, ...], Seq] | None = None
    bonuses: Annotated[tuple[Bonus, ...], Seq] | None = None
    cap: Positive | Literal["none"] | None = None


CHANGES: dict[str, type[Change]] = {
    "scale": Scale,
    "set": Set,
    "add": Add,
    "remove": Remove,
    "hire": Hire,
    "leave": Leave,
    "route": Route,
    "plan": PlanChange,
}


def _open(value: Any) -> Any:
    """Turn ``{hire: {...}}`` into the tagged mapping that pydantic reads."""
    if isinstance(value, Change) or (isinstance(value, dict) and "kind" in value):
        return value
    if isinstance(value, dict) and len(value) == 1:
        kind, body = next(iter(value.items()))
        if kind in CHANGES and isinstance(body, dict):
            return {"kind": kind, **body}
    found = ", ".join(map(str, value)) if isinstance(value, dict) else repr(value)
    message = f"must be one change of {', '.join(CHANGES)}, got {found}"
    raise ValueError(message)


def _kind(value: Any) -> str | None:
    return value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)


AnyChange = Annotated[
    Union[
        Annotated[Scale, Tag("scale")],
        Annotated[Set, Tag("set")],
        Annotated[Add, Tag("add")],
        Annotated[Remove, Tag("remove")],
        Annotated[Hire, Tag("hire")],
        Annotated[Leave, Tag("leave")],
        Annotated[Route, Tag("route")],
        Annotated[PlanChange, Tag("plan")],
    ],
    Discriminator(_kind),
    BeforeValidator(_open),
]


class Scenario(Value):
    """A named list of changes to a base model.

    Examples
    --------
    >>> scenario = Scenario(name="two more", changes=[{"hire": {"role": "AE", "count": 2}}])
    >>> scenario.changes[0].kind
    'hire'
    """

    simsales: Literal[1] = 1
    name: str = "scenario"
    description: str = ""
    base: str | None = None
    changes: Annotated[tuple[AnyChange, ...], Seq] = ()
