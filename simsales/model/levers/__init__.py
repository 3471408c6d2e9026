"""Scenarios: typed changes of a model, each with a date, a ramp-in, an adoption share and a cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, Union

from pydantic import BeforeValidator, Discriminator, Tag

from simsales.errors import got, named
from simsales.model.base import Seq, Value
from simsales.model.levers.base import GRADES, Change, Cost, Dip, Grade, field_at, subject, with_numbers
from simsales.model.levers.market import Budget, Price, Shock
from simsales.model.levers.people import (
    AttritionChange,
    EffortChange,
    Hire,
    Leave,
    PlanChange,
    Retrain,
    Route,
    TimingChange,
)
from simsales.model.levers.process import (
    Add,
    Approve,
    Automate,
    Bot,
    HandoffChange,
    Parallel,
    Remove,
    Reorder,
    Respond,
    Scale,
    Set,
    Standardise,
    Tier,
)

__all__ = [
    "CHANGES", "GRADES", "Add", "AnyChange", "Approve", "AttritionChange", "Automate", "Bot", "Budget", "Change", "Cost",
    "Dip", "EffortChange", "Grade", "HandoffChange", "Hire", "Leave", "Parallel", "PlanChange", "Price", "Remove",
    "Reorder", "Respond", "Retrain", "Route", "Scale", "Scenario", "Set", "Shock", "Standardise", "Tier", "TimingChange",
    "field_at", "subject", "with_numbers",
]  # fmt: skip

CHANGES: dict[str, type[Change]] = {
    "scale": Scale,
    "set": Set,
    "standardise": Standardise,
    "add": Add,
    "remove": Remove,
    "reorder": Reorder,
    "parallel": Parallel,
    "automate": Automate,
    "approve": Approve,
    "respond": Respond,
    "handoff": HandoffChange,
    "hire": Hire,
    "leave": Leave,
    "attrition": AttritionChange,
    "retrain": Retrain,
    "route": Route,
    "plan": PlanChange,
    "effort": EffortChange,
    "timing": TimingChange,
    "price": Price,
    "budget": Budget,
    "shock": Shock,
}


def _open(value: Any) -> Any:
    """Turn ``{hire: {...}}`` into the tagged mapping that pydantic reads."""
    if isinstance(value, Change) or (isinstance(value, dict) and value.get("kind") in CHANGES):
        return value
    if isinstance(value, dict) and len(value) == 1:
        kind, body = next(iter(value.items()))
        if kind in CHANGES and isinstance(body, dict):
            return {"kind": kind, **body}
    if isinstance(value, dict) and len(value) == 1 and kind in CHANGES:
        off = f" Hint: write {kind}: {{off: true}}." if kind in ("effort", "timing") and body in (False, "off") else ""
        message = f"{kind} must be followed by its fields, got {got(body)}.{off}"
        raise ValueError(message)
    found = named(value) if isinstance(value, dict) else got(value)
    message = f"must be one change of {', '.join(CHANGES)}, got {found}"
    raise ValueError(message)


def _kind(value: Any) -> str | None:
    return value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)


if TYPE_CHECKING:
    AnyChange = Change
else:  # one branch a kind, so that the registry is the only list of them
    AnyChange = Annotated[
        Union[tuple(Annotated[member, Tag(kind)] for kind, member in CHANGES.items())],  # noqa: UP007
        Discriminator(_kind),
        BeforeValidator(_open),
    ]


class Scenario(Value):
    """A named list of changes to a base model.

    Parameters
    ----------
    name, description : str
    goal : str
        What it is meant to reach, in words: ``first conversion from 80 % to 85 %``.
    base : str, optional
        File of the model.
    changes : tuple of changes

    Examples
    --------
    >>> scenario = Scenario(name="two more", changes=[{"hire": {"role": "AE", "count": 2}}])
    >>> scenario.changes[0].kind
    'hire'
    """

    simsales: Literal[1] = 1
    name: str = "scenario"
    description: str = ""
    goal: str = ""
    base: str | None = None
    changes: Annotated[tuple[AnyChange, ...], Seq] = ()

    if TYPE_CHECKING:  # plain data are read, as in a file: what type checkers see of the fields would refuse them

        def __init__(self, /, **fields: Any) -> None: ...

    def __repr__(self) -> str:
        return f"<Scenario {self.name!r}: {', '.join(change.kind for change in self.changes) or 'no changes'}>"
