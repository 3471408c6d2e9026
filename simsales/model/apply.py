"""Apply a scenario to a model: the result is a timeline of models that hold one after another.

Changes without a date hold from the beginning; dated ones begin a new regime. A deal that enters a
stage takes the latest regime that has begun and that it adopts (a keyed draw against adoption and
ramp-in), so the same deal decides alike in every scenario.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from simsales.errors import InvalidModelError, did_you_mean
from simsales.model import levers
from simsales.model.base import OUTCOMES, Value
from simsales.model.compensation import CompPlan
from simsales.model.paths import replace_at
from simsales.model.schema import Exit, Model, Rep, Stage


@dataclass(frozen=True)
class Regime:
    """A model that holds from a date on.

    Parameters
    ----------
    model : Model
    start : date or None
        None: from the beginning.
    ramp_days, adoption : float
        How quickly, and by which share of deals, it is taken up.
    """

    model: Model
    start: dt.date | None = None
    ramp_days: float = 0.0
    adoption: float = 1.0


@dataclass(frozen=True)
class DatedCost:
    """A scenario cost: once and per year from `start` (None: the beginning) on."""

    start: dt.date | None
    once: float
    per_year: float


@dataclass(frozen=True)
class Timeline:
    """What an engine simulates: regimes in order of their start, and what the changes cost."""

    name: str
    regimes: tuple[Regime, ...]
    costs: tuple[DatedCost, ...] = ()

    @property
    def model(self) -> Model:
        """The first regime's model: epoch, calendar and currency are its."""
        return self.regimes[0].model

    @property
    def last(self) -> Model:
        """The last regime's model: its reps include all dated hires and leaves."""
        return self.regimes[-1].model


def as_timeline(model: Model | Timeline) -> Timeline:
    """Return `model` as a timeline of one regime (a timeline is returned as it is)."""
    return model if isinstance(model, Timeline) else Timeline(model.name, (Regime(model),))


def apply(scenario: levers.Scenario, model: Model) -> Timeline:
    """Return `model` changed by `scenario`.

    Parameters
    ----------
    scenario : Scenario
    model : Model

    Returns
    -------
    Timeline

    Raises
    ------
    InvalidModelError
        If a change does not fit the model; the message names the change and the rule.

    Examples
    --------
    >>> base = Model(channels=[{"name": "web", "leads_per_week": 10.0}],
    ...              stages=[{"name": "Open", "exits": [{"to": "won", "probability": 0.2},
    ...                                                 {"to": "lost", "probability": 0.8}]}])
    >>> change = {"set": {"path": "stages[Open].exits[won].probability", "to": 0.3}}
    >>> better = apply(levers.Scenario(changes=[change]), base).last
    >>> [round(e.probability, 6) for e in better.stages[0].exits]
    [0.3, 0.7]
    """
    numbered = list(enumerate(scenario.changes))
    numbered.sort(key=lambda item: (_starts(item[1]) is not None, _starts(item[1]) or dt.date.min))
    regimes = [Regime(model)]
    for i, change in numbered:
        try:
            changed = STEPS[change.kind](change, regimes[-1].model)
        except (ValidationError, ValueError, InvalidModelError) as error:
            raise InvalidModelError(_explain(error, i, change)) from error
        start = _starts(change)
        same = start == regimes[-1].start and change.adoption == 1.0 and change.ramp_days == 0.0
        if same and regimes[-1].adoption == 1.0 and regimes[-1].ramp_days == 0.0:
            regimes[-1] = Regime(changed, start)
        else:
            regimes.append(Regime(changed, start, change.ramp_days, change.adoption))
    costs = tuple(
        DatedCost(change.start, change.cost.once, change.cost.per_year)
        for change in scenario.changes
        if change.cost.once or change.cost.per_year
    )
    return Timeline(scenario.name, tuple(regimes), costs)


def _starts(change: levers.Change) -> dt.date | None:
    """Return when a change begins a regime; people carry their own dates."""
    return None if isinstance(change, (levers.Hire, levers.Leave)) else change.start


def _explain(error: Exception, i: int, change: levers.Change) -> str:
    where = f"changes[{i}].{change.kind}"
    if isinstance(error, ValidationError):
        lines = [str(item["msg"]).removeprefix("Value error, ") for item in error.errors()]
        return f"{where} must leave a valid model, got: " + "\n".join(lines)
    return f"{where}{error}"


def _revalidated(model: Model, **updates: Any) -> Model:
    """Return a copy with `updates`, checked as a whole."""
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    return Model(**(fields | updates))


def _number(change: Any, model: Model, move: Callable[[Any], Any]) -> Model:
    return replace_at(model, change.path, move)


def _scale(change: levers.Scale, model: Model) -> Model:
    def move(value: Any) -> Any:
        if hasattr(value, "scaled"):
            return value.scaled(change.by)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            message = f".path must lead to a number or a law, got {type(value).__name__} at '{change.path}'."
            raise ValueError(message)  # noqa: TRY004 - one kind of error for the caller
        return value * change.by

    return _number(change, model, move)


def _set(change: levers.Set, model: Model) -> Model:
    return _number(change, model, lambda _: change.to)


def _stage_index(model: Model, name: str, field: str) -> int:
    if name not in model.stage_names:
        hint = did_you_mean(name, model.stage_names)
        message = f".{field} must name a stage, got '{name}'. {hint}"
        raise ValueError(message)
    return model.stage_names.index(name)


def _swap(model: Model, i: int, stage: Stage) -> Model:
    return _revalidated(model, stages=(*model.stages[:i], stage, *model.stages[i + 1 :]))


def _with_exits(stage: Stage, exits: tuple[Exit, ...]) -> Stage:
    return stage.model_copy(update={"exits": merged(exits)})


def merged(exits: tuple[Exit, ...]) -> tuple[Exit, ...]:
    """Return `exits` with those to one target added up (the likelier one's delay is kept)."""
    by_target: dict[str, Exit] = {}
    for exit_ in exits:
        known = by_target.get(exit_.to)
        if known is None:
            by_target[exit_.to] = exit_
            continue
        likelier = known if known.probability >= exit_.probability else exit_
        total = min(1.0, known.probability + exit_.probability)
        by_target[exit_.to] = likelier.model_copy(update={"probability": total})
    return tuple(by_target.values())


def _add(change: levers.Add, model: Model) -> Model:
    if change.exit is not None:
        assert change.from_ is not None
        i = _stage_index(model, change.from_, "from")
        share = 1.0 - change.exit.probability
        kept = tuple(
            exit_.model_copy(update={"probability": exit_.probability * share})
            for exit_ in model.stages[i].exits
            if exit_.to != change.exit.to
        )
        left = sum(exit_.probability for exit_ in kept)
        if left > 0:
            kept = tuple(
                e.model_copy(update={"probability": e.probability * share / left}) for e in kept
            )
        return _swap(model, i, _with_exits(model.stages[i], (*kept, change.exit)))
    assert change.stage is not None
    assert change.after is not None
    i = _stage_index(model, change.after, "after")
    if change.stage.name in model.stage_names:
        message = f".stage.name must be new, got '{change.stage.name}'."
        raise ValueError(message)
    following = _followed(model, i)
    before = model.stages[i]
    redirected = tuple(
        e.model_copy(update={"to": change.stage.name}) if e.to == following else e
        for e in before.exits
    )
    stages = (*model.stages[:i], _with_exits(before, redirected), change.stage, *model.stages[i + 1 :])
    return _revalidated(model, stages=stages)


def _remove(change: levers.Remove, model: Model) -> Model:
    if change.exit is not None:
        assert change.from_ is not None
        i = _stage_index(model, change.from_, "from")
        exits = model.stages[i].exits
        kept = tuple(exit_ for exit_ in exits if exit_.to != change.exit)
        if len(kept) == len(exits):
            hint = did_you_mean(change.exit, [exit_.to for exit_ in exits])
            message = f".exit must name an exit of '{change.from_}', got '{change.exit}'. {hint}"
            raise ValueError(message)
        total = sum(exit_.probability for exit_ in kept)
        if total <= 0:
            message = f".exit must leave an exit of '{change.from_}' that can be taken, got none."
            raise ValueError(message)
        scaled = tuple(
            e.model_copy(update={"probability": e.probability / total}) for e in kept
        )
        return _swap(model, i, model.stages[i].model_copy(update={"exits": scaled}))
    assert change.stage is not None
    i = _stage_index(model, change.stage, "stage")
    target = change.to or _next_of(model, i)
    stages = []
    for j, stage in enumerate(model.stages):
        if j != i:
            moved = tuple(
                e.model_copy(update={"to": target}) if e.to == change.stage else e
                for e in stage.exits
            )
            stages.append(_with_exits(stage, moved))
    channels = []
    for channel in model.channels:
        entry = dict(channel.entry)
        if change.stage in entry:
            if target in OUTCOMES:
                message = f".stage must not be where deals of channel '{channel.name}' enter."
                raise ValueError(message)
            entry[target] = entry.get(target, 0.0) + entry.pop(change.stage)
        channels.append(channel.model_copy(update={"entry": entry}))
    return _revalidated(model, stages=tuple(stages), channels=tuple(channels))


def _followed(model: Model, i: int) -> str:
    """Return where deals go from stage `i`: the next stage if it is an exit, else the likeliest way ahead."""
    following = model.stage_names[i + 1] if i + 1 < len(model.stages) else "won"
    if any(exit_.to == following for exit_ in model.stages[i].exits):
        return following
    try:
        return _next_of(model, i)
    except ValueError:
        message = f".after must name a stage with an exit forward, got '{model.stages[i].name}'. Hint: add an exit to it first."
        raise ValueError(message) from None


def _next_of(model: Model, i: int) -> str:
    """Return the most likely exit of stage `i` that goes forward."""
    later = {*model.stage_names[i + 1 :], "won"}
    forward = [exit_ for exit_ in model.stages[i].exits if exit_.to in later]
    if not forward:
        message = f".to must be given: stage '{model.stages[i].name}' has no exit forward."
        raise ValueError(message)
    return max(forward, key=lambda exit_: exit_.probability).to


def _known_role(model: Model, role: str) -> None:
    names = [known.name for known in model.roles]
    if role not in names:
        hint = did_you_mean(role, names) if names else "Hint: the model has no roles; list them under roles:."
        message = f".role must be one of the roles, got '{role}'. {hint}"
        raise ValueError(message)


def _hire(change: levers.Hire, model: Model) -> Model:
    _known_role(model, change.role)
    peers = [rep for rep in model.reps if rep.role == change.role]
    share = change.selling_share
    if share is None:
        share = peers[0].selling_share if peers else 1.0
    plan = change.plan if change.plan is not None else (peers[0].plan if peers else None)
    speed = change.speed
    rep = Rep(
        name=change.name, count=change.count, role=change.role, team=change.team,
        region=change.region, hired=change.start, speed=speed, skill=change.skill,
        selling_share=share, weight=change.weight, ramp=change.ramp, plan=plan,
    )  # fmt: skip
    return _revalidated(model, reps=(*model.reps, rep))


def _leave(change: levers.Leave, model: Model) -> Model:
    named = named_reps(model)
    if change.rep is not None:
        chosen = [rep for rep in named if rep.name == change.rep]
        if not chosen:
            hint = did_you_mean(change.rep, [str(rep.name) for rep in named])
            message = f".rep must name a rep, got '{change.rep}'. {hint}"
            raise ValueError(message)
    else:
        chosen = [rep for rep in named if rep.role == change.role and rep.leaves is None]
        if len(chosen) < change.count:
            message = (
                f".count must be at most the {len(chosen)} reps of role '{change.role}', "
                f"got {change.count}."
            )
            raise ValueError(message)
        chosen = chosen[-change.count :]
    names = {rep.name for rep in chosen}
    date = change.start or (model.epoch.date())
    reps = tuple(
        Rep(**{**{k: getattr(rep, k) for k in Rep.model_fields}, "leaves": date})
        if rep.name in names
        else rep
        for rep in named
    )
    return _revalidated(model, reps=reps)


def named_reps(model: Model) -> tuple[Rep, ...]:
    """Return one rep a person: counts are spelled out as ``ROLE-01`` and so on.

    Examples
    --------
    >>> m = Model(channels=[{"name": "web", "leads_per_week": 1.0}], roles=[{"name": "AE"}],
    ...           reps=[{"role": "AE", "count": 2}],
    ...           stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> [rep.name for rep in named_reps(m)]
    ['AE-01', 'AE-02']
    """
    taken = {rep.name for rep in model.reps if rep.name}
    found: list[Rep] = []
    numbers: dict[str, int] = {}
    for rep in model.reps:
        if rep.name is not None:
            found.append(rep)
            continue
        for _ in range(rep.count):
            while True:
                numbers[rep.role] = numbers.get(rep.role, 0) + 1
                name = f"{rep.role}-{numbers[rep.role]:02d}"
                if name not in taken:
                    break
            found.append(rep.model_copy(update={"name": name, "count": 1}))
    return tuple(found)


def _route(change: levers.Route, model: Model) -> Model:
    _known_role(model, change.role)
    updates: dict[str, Any] = {}
    if change.routing is not None:
        updates["routing"] = change.routing
    if change.queue is not None:
        updates["queue"] = change.queue
    roles = tuple(
        role.model_copy(update=updates) if role.name == change.role else role
        for role in model.roles
    )
    return _revalidated(model, roles=roles)


def _plan(change: levers.PlanChange, model: Model) -> Model:
    known = model.plans.get(change.name)
    fields: dict[str, Any] = (
        {name: getattr(known, name) for name in CompPlan.model_fields} if known else {}
    )
    for name in ("base", "quota", "period", "rates", "bonuses"):
        value = getattr(change, name)
        if value is not None:
            fields[name] = value
    if change.cap is not None:
        fields["cap"] = None if change.cap == "none" else change.cap
    if "quota" not in fields:
        hint = did_you_mean(change.name, model.plans)
        message = f".quota must be given for a new plan, got none for '{change.name}'. {hint}"
        raise ValueError(message)
    reps = model.reps
    if change.role is not None:
        _known_role(model, change.role)
        reps = tuple(
            rep.model_copy(update={"plan": change.name}) if rep.role == change.role else rep
            for rep in reps
        )
    return _revalidated(model, plans={**model.plans, change.name: CompPlan(**fields)}, reps=reps)


STEPS: dict[str, Callable[[Any, Model], Model]] = {
    "scale": _scale,
    "set": _set,
    "add": _add,
    "remove": _remove,
    "hire": _hire,
    "leave": _leave,
    "route": _route,
    "plan": _plan,
}

__all__ = ["DatedCost", "Regime", "Timeline", "Value", "apply", "as_timeline", "named_reps"]
