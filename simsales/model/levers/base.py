"""What every change has: from when, how quickly, for whom, at what cost, and how sure we are."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_serializer, model_validator

from simsales.errors import got
from simsales.model.base import Date, Name, NonNegative, Positive, Probability, Seq, Value
from simsales.model.conditions import ATTRIBUTES, parse_condition
from simsales.model.laws import AnyLaw, Constant

Grade = Literal["study", "survey", "vendor", "judgement"]
GRADES: dict[str, str] = {
    "study": "measured, with a control group or a natural experiment",
    "survey": "asked of many organisations",
    "vendor": "published by somebody who sells it",
    "judgement": "the estimate of people who know the work",
}
"""How good a source is, best first."""


class Cost(Value):
    """What a change costs: once at its start, and per year from then on (model currency)."""

    once: NonNegative = 0.0
    per_year: NonNegative = 0.0


class Dip(Value):
    """While people get used to something new they are slower: work at ``1 - depth x (1 - t / days)`` of the usual speed.

    Parameters
    ----------
    depth : float
        Share of speed that is lost on the first day; it comes back in a straight line.
    days : float
        Until the old speed is reached again.
    roles : tuple of str
        Whose speed; none named: everybody's.
    """

    depth: Annotated[float, Field(ge=0.0, lt=1.0)]
    days: Positive
    roles: Annotated[tuple[Name, ...], Seq] = ()


class Change(Value):
    """What every change has.

    Parameters
    ----------
    start : date, optional
        From when it holds; absent: from the beginning of the run.
    ramp_days : float
        Days over which the share of deals that are handled the new way rises from 0 to `adoption` (from the model's
        epoch on where there is no `start`).
    adoption : float
        Share of deals that are handled the new way in the end.
    where : str, optional
        Only deals such as ``segment == smb and region == 华东`` (a pilot); all others go on as before.
    dip : Dip, optional
        Slower work in the transition, on the deals that take the change up.
    cost : Cost
        Charged to the scenario.
    uncertain : dict
        A law for a number of this change, such as ``by: {uniform: {low: 0.7, high: 0.9}}``: drawn once a replication, the
        same draw for the same number in every scenario. A single run takes the number itself.
    source, grade
        Where the numbers come from, and how good that is: ``study``, ``survey``, ``vendor`` or ``judgement``.
    step, owner
        For people: what this step of an initiative is called, and who sees to it.
    """

    kind: str
    start: Date | None = None
    ramp_days: NonNegative = 0.0
    adoption: Probability = 1.0
    where: str | None = None
    dip: Dip | None = None
    cost: Cost = Cost()
    uncertain: dict[str, AnyLaw] = {}
    source: str = ""
    grade: Grade | None = None
    step: str = ""
    owner: str = ""

    @model_validator(mode="after")
    def _readable(self) -> Change:
        if self.where is not None:
            parse_condition(self.where, ATTRIBUTES)
        for name in self.uncertain:
            value = field_at(self, name)
            if isinstance(self.uncertain[name], Constant):
                message = (
                    f"uncertain.{name} must be a law that varies, got {self.uncertain[name].median():g}. "
                    f"Hint: for a range write {name}: {{uniform: {{low: ..., high: ...}}}}"
                )
                raise ValueError(message)
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                message = (
                    f"uncertain must name numbers of this change, got {got(name)}. "
                    "Hint: give the central value too, and write dots for inner fields: dip.depth"
                )
                raise ValueError(message)
        return self

    @model_serializer(mode="wrap")
    def _to_data(self, handler: Any) -> dict[str, Any]:
        """Write the change as the one-key mapping that a scenario file holds."""
        body = handler(self)
        body.pop("kind", None)
        return {self.kind: body}


def field_at(change: Any, name: str) -> Any:
    """Return a field of a change by a dotted name; None where there is none.

    Examples
    --------
    >>> field_at(Change(kind="x", dip={"depth": 0.2, "days": 30}), "dip.depth")
    0.2
    """
    value = change
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
    return value


def subject(change: Change) -> str:
    """Return what a change is about: two scenarios' changes of one subject share their uncertain draws.

    Examples
    --------
    >>> subject(Change(kind="x", start="2027-01-01"))
    'x'
    """
    names = ("path", "stage", "role", "rep", "team", "channel", "segment", "name", "exit", "from_")
    said = [f"{name}={getattr(change, name)}" for name in names if isinstance(getattr(change, name, None), str)]
    return ":".join([change.kind, *said])


def with_numbers(change: Change, numbers: dict[str, float]) -> Change:
    """Return a change with some of its numbers replaced, checked again; whole numbers are rounded.

    Parameters
    ----------
    change : Change
    numbers : dict
        By dotted name.

    Examples
    --------
    >>> with_numbers(Change(kind="x", ramp_days=10), {"ramp_days": 12.5}).ramp_days
    12.5
    """
    data: dict[str, Any] = {
        field.alias or name: getattr(change, name) for name, field in type(change).model_fields.items()
    }
    for name, number in numbers.items():
        _put(data, name.split("."), number)
    return type(change)(**data)


def _put(data: dict[str, Any], steps: list[str], number: float) -> None:
    """Set a number in plain data, opening values on the way."""
    key = steps[0]
    if len(steps) > 1:
        inner = data[key]
        opened = dict(inner) if isinstance(inner, dict) else _open(inner)
        _put(opened, steps[1:], number)
        data[key] = opened
        return
    whole = isinstance(data[key], int) and key != "to"
    data[key] = round(number) if whole else number


def _open(value: Value) -> dict[str, Any]:
    return {field.alias or name: getattr(value, name) for name, field in type(value).model_fields.items()}
