"""From when, and for whom, each number of a model can change: by date, for a share of deals or reps, or from the beginning only.

One table says it for every field; what a change touches is found by comparing the models before and after it, so paths
and levers obey the same rules.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any, NamedTuple

from simsales.model import levers
from simsales.model.base import Value
from simsales.model.paths import label
from simsales.model.schema import Model

__all__ = ["SCOPES", "Scope", "Touched", "check_scope", "scope_at", "scope_of", "touched"]


class Scope(NamedTuple):
    """How a part of a model can change.

    Parameters
    ----------
    dated : bool
        It may change on a day of the run.
    shared : bool
        A share of the deals (or reps) may take it up, perhaps in a ramp.
    why : str
        Why not, where one of the two is no.
    hint : str
    """

    dated: bool
    shared: bool
    why: str = ""
    hint: str = ""


LOT = Scope(dated=True, shared=True)
"""Deals (or reps) take it up one by one, by lot; what counts leads or money is blended in proportion."""


def _day(why: str) -> Scope:
    return Scope(dated=True, shared=False, why=why, hint="leave adoption and ramp_days out, or give several changes with dates of their own")


def _whole(why: str, hint: str = "leave start, adoption and ramp_days out, so that it holds from the beginning") -> Scope:
    return Scope(dated=False, shared=False, why=why, hint=hint)


_NOTE = _whole("is a note for people, which no run reads")
_LABEL = _whole("is a label under which a rep is reported, for the whole run")
_OWN_DATE = _whole("carries a date of its own", "leave start out and change the date itself")

_QUOTA = _day("is what the rep's quota goes by, and pay knows no lot")

SCOPES: dict[tuple[str, ...], Scope] = {
    ("simsales",): _NOTE,
    ("name",): _NOTE,
    ("provenance",): _NOTE,
    ("process",): _NOTE,
    ("currency",): _whole("is what all amounts are in"),
    ("epoch",): _whole("is where the run counts from"),
    ("horizon_days",): _whole("is how long the run lasts"),
    ("calendar",): _whole("must not change during a run"),
    ("calendars",): _whole("must not change during a run, nor for a part of the deals"),
    ("channels",): LOT,
    ("channels", "overdispersion"): _day("scatters all leads of a week together"),
    ("channels", "spend", "half_life_days"): _day("belongs to one stock of spending, which all leads share"),
    ("segments",): LOT,
    ("products",): LOT,
    ("regions",): LOT,
    ("fx",): _day("is the same for every deal of a day"),
    ("pricing",): LOT,
    ("terms",): LOT,
    ("scoring",): LOT,
    ("stages",): LOT,
    ("stages", "after_sale"): _whole("says what the stage is, for the whole run"),
    ("stages", "win_probability"): _whole("is what the CRM states; only the stage-weighted baseline reads it"),
    ("stages", "journey"): _NOTE,
    ("stages", "owner_role"): _NOTE,
    ("stages", "checklist"): _NOTE,
    ("stages", "exit_criteria"): _NOTE,
    ("roles",): LOT,
    ("roles", "queue"): _day("is how one queue is served, which all deals share"),
    ("roles", "concurrency"): _day("is how a rep works, whichever deals are in hand"),
    ("handoff",): LOT,
    ("pace",): LOT,
    ("reps",): LOT,
    ("reps", "name"): _whole("says who a rep is"),
    ("reps", "count"): _whole("says how many reps there are from the beginning", "use hire or leave, which have dates"),
    ("reps", "role"): _whole(
        "is what a rep is for the whole run", "let the rep leave on that day and hire one in the new role, or leave start out"
    ),
    ("reps", "team"): _LABEL,
    ("reps", "region"): _LABEL,
    ("reps", "manager"): _LABEL,
    ("reps", "hired"): _OWN_DATE,
    ("reps", "leaves"): _OWN_DATE,
    ("reps", "calendar"): _whole("is for the whole run (the calendar of '{item}' must not change during a run)"),
    ("reps", "off"): _OWN_DATE,
    ("reps", "booked_before"): _whole("lies before the run"),
    ("reps", "plan"): _day("is agreed with a rep from one day on"),
    ("reps", "cost_per_year"): _day("is what a rep costs from one day on"),
    ("attrition",): _day("is how reps leave, whichever deals they have"),
    ("trainings",): _whole("carries a date of its own", "leave start out and change its date, or use retrain"),
    ("plans",): _day("is what reps are paid by, from one day on for everybody"),
    ("quotas",): _day("is what reps are paid by, from one day on for everybody"),
    ("effort",): _day("is how reps react to pay, whichever deals they have"),
    ("effort", "status"): _NOTE,
    ("timing",): LOT,
    ("shocks",): _day("befalls all deals of a quarter together"),
    ("events",): _whole("carries dates of its own", "leave start out and change the dates, or use shock"),
}  # fmt: skip
"""By fields from the model on, items and names left out; the longest beginning of a field's place counts."""

ADDED, REMOVED = "+", "-"


class Touched(NamedTuple):
    """A place that differs between two models: its fields, how a path would call it, and what was added or taken away."""

    fields: tuple[str, ...]
    path: str
    item: Any = None


def touched(before: Any, after: Any, fields: tuple[str, ...] = (), path: str = "") -> Iterator[Touched]:
    """Yield every place at which two models differ.

    Examples
    --------
    >>> from simsales.model.paths import replace_at
    >>> base = Model(channels=[{"name": "web", "leads_per_week": 7.0}],
    ...              stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> [place.path for place in touched(base, replace_at(base, "channels[web].leads_per_week", lambda old: 2 * old))]
    ['channels[web].leads_per_week']
    """
    if before == after:
        return
    if type(before) is type(after) and isinstance(before, Value):
        for name in type(before).model_fields:
            inner = f"{path}.{name}" if path else name
            yield from touched(getattr(before, name), getattr(after, name), (*fields, name), inner)
        return
    old, new = _named(before), _named(after)
    if old is None or new is None:
        yield Touched(fields, path)
        return
    for key in dict.fromkeys((*old, *new)):
        here = f"{path}[{key}]"
        if key not in old:
            yield Touched((*fields, ADDED), here, new[key])
        elif key not in new:
            yield Touched((*fields, REMOVED), here, old[key])
        else:
            yield from touched(old[key], new[key], fields, here)


def _named(value: Any) -> dict[str, Any] | None:
    """Return the items of a mapping, or of a list whose items have different names."""
    if isinstance(value, dict):
        return value
    if not isinstance(value, tuple) or not all(isinstance(item, Value) for item in value):
        return None
    names = [label(item) or str(i) for i, item in enumerate(value)]
    return dict(zip(names, value, strict=True)) if len(set(names)) == len(names) else dict(zip(map(str, range(len(value))), value, strict=True))


def scope_of(fields: tuple[str, ...]) -> Scope:
    """Return how a place of a model can change.

    Examples
    --------
    >>> scope_of(("roles", "queue")).shared, scope_of(("roles", "tiers")).shared
    (False, True)
    """
    known = next(fields[:n] for n in range(len(fields), 0, -1) if fields[:n] in SCOPES)
    return SCOPES[known]


def scope_at(place: Touched, start: dt.date | None, model: Model) -> Scope:
    """Return how a place can change in a model, from a day on: items that come or go, and quotas, have rules of their own."""
    return _of_item(place, start) or _of_quota(place, model) or scope_of(place.fields)


def check_scope(change: levers.Change, start: dt.date | None, before: Model, after: Model) -> None:
    """Refuse a date or a share of deals where a change touches what has neither.

    Parameters
    ----------
    change : Change
    start : date, optional
        From when it holds.
    before, after : Model
    """
    partial = change.adoption < 1.0 or change.ramp_days > 0.0
    if start is None and not partial:
        return
    for place in touched(before, after):
        if place.fields[0] == "calendars":
            continue  # looked at once all changes are made: a bot brings its own
        scope = scope_at(place, start, after)
        if start is not None and not scope.dated:
            _refuse("start", f"{start}", place, scope)
        if partial and not scope.shared:
            name = "adoption" if change.adoption < 1.0 else "ramp_days"
            _refuse(name, f"{getattr(change, name):g}", place, scope)


def _of_item(place: Touched, start: dt.date | None) -> Scope | None:
    """Return how an item that comes or goes can change, where that differs from its fields."""
    if place.fields[-1] not in (ADDED, REMOVED):
        return None
    kind, comes = place.fields[0], place.fields[-1] == ADDED
    if place.fields[:-1] == ("reps",):
        there = comes and start is not None and place.item.hired is not None and place.item.hired >= start
        return LOT if there else SCOPES["reps", "count"]
    if kind in ("calendars", "roles", "plans") and len(place.fields) == 2 and comes:
        return LOT  # nobody has it before
    if place.fields[:-1] == ("events",) and comes and start is not None and place.item.start >= start:
        return Scope(dated=True, shared=False, why=SCOPES["events",].why, hint=SCOPES["events",].hint)
    return None


def _of_quota(place: Touched, model: Model) -> Scope | None:
    """Return how a rep's number can change by which quotas are given: pay knows no lot."""
    if place.fields[0] != "reps" or len(place.fields) == 1:
        return None
    by = None if model.quotas is None else model.quotas.by
    shares = {"weight": by == "weight", "speed": by == "capacity", "selling_share": by == "capacity"}
    relieved = place.fields[1] == "ramp" and any(plan.ramp_relief for plan in model.plans.values())
    return _QUOTA if relieved or shares.get(place.fields[1], False) else None


def _refuse(field: str, value: str, place: Touched, scope: Scope) -> None:
    item = place.path.rpartition("[")[2].partition("]")[0]
    why = scope.why.replace("{item}", item)
    message = f".{field} must be left out: {place.path} {why}, got {value}. Hint: {scope.hint}."
    raise ValueError(message)
