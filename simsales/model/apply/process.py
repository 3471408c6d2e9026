"""Changes of the process, applied to a model: numbers by path, stages, exits and tasks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simsales.errors import did_you_mean, got
from simsales.model import levers
from simsales.model.apply.spread import standardised
from simsales.model.apply.ways import (
    Exits,
    Stages,
    Way,
    asks,
    every_exit,
    followed,
    inserted,
    left_out,
    next_of,
    place,
    reached,
    redirected,
    sources,
    with_exits,
)
from simsales.model.base import AFTER_OUTCOMES, OUTCOMES
from simsales.model.laws import Law
from simsales.model.paths import replace_at
from simsales.model.process import Stage
from simsales.model.schema import Channel, Model


def revalidated(model: Model, **updates: Any) -> Model:
    """Return a copy with `updates`, checked as a whole."""
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    return Model(**(fields | updates))


def _number(change: Any, model: Model, move: Callable[[Any], Any]) -> Model:
    return replace_at(model, change.path, move)


def _scale(change: levers.Scale, model: Model) -> Model:
    def move(value: Any) -> Any:
        if isinstance(value, Law):
            return value.scaled(change.by)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            found = "nothing" if value is None else type(value).__name__
            hint = " Hint: it is not set; use set to give it a value." if value is None else ""
            message = f".path must lead to a number or a law, got {found} at '{change.path}'.{hint}"
            raise ValueError(message)
        return round(value * change.by) if isinstance(value, int) else value * change.by

    try:
        return _number(change, model, move)
    except ValueError as error:  # a product is nothing that anybody has written: no advice on how to write it
        raise ValueError(_WRITING.sub("", str(error))) from error


_WRITING = re.compile(r" Hint: for \S+ % write \S+$", re.MULTILINE)


def _standardise(change: levers.Standardise, model: Model) -> Model:
    def move(value: Any) -> Any:
        if not isinstance(value, Law):
            message = f".path must lead to a law, got {type(value).__name__} at '{change.path}'."
            raise ValueError(message)  # noqa: TRY004 - one kind of error for the caller
        return standardised(value, change.by)

    return _number(change, model, move)


def _set(change: levers.Set, model: Model) -> Model:
    return _number(change, model, lambda _: change.to)


def stage_index(model: Model, name: str, field: str) -> int:
    """Return the position of a stage that a change names in `field`."""
    return place(model.stages, name, field)


def swap(model: Model, i: int, stage: Stage) -> Model:
    """Return the model with another stage in place `i`."""
    return revalidated(model, stages=(*model.stages[:i], stage, *model.stages[i + 1 :]))


def _add(change: levers.Add, model: Model) -> Model:
    """Return the model with a stage, an exit or a channel more."""
    if change.channel is not None:
        return revalidated(model, channels=(*model.channels, change.channel))
    if change.exit is not None:
        return _with_exit(change, model)
    assert change.stage is not None
    assert change.after is not None
    i = stage_index(model, change.after, "after")
    if change.stage.name in model.stage_names:
        message = f".stage.name must be new, got {got(change.stage.name)}."
        raise ValueError(message)
    return revalidated(model, stages=inserted(model.stages, i, change.stage))


def _with_exit(change: levers.Add, model: Model) -> Model:
    """Return the model with one more way out of a stage, in its contexts too; it takes its share from the others."""
    new = change.exit
    assert new is not None
    assert change.from_ is not None
    i = stage_index(model, change.from_, "from")
    share = 1.0 - new.probability

    def joined(exits: Exits) -> Exits:
        kept = tuple(e for e in exits if e.to != new.to)
        left = sum(e.probability for e in kept)
        factor = share / left if left > 0.0 else share
        return (*(e.model_copy(update={"probability": e.probability * factor}) for e in kept), new)

    return swap(model, i, with_exits(model.stages[i], joined))


def _remove(change: levers.Remove, model: Model) -> Model:
    """Return the model without a stage or an exit."""
    if change.exit is not None:
        return _without_exit(change, model)
    assert change.stage is not None
    i = stage_index(model, change.stage, "stage")
    return without_stage(model, i, _onward(model.stages, i, change.to))


def _onward(stages: Stages, i: int, to: str | None) -> Way:
    """Return where deals go on that do not come to stage `i` any more."""
    if to is None:
        return next_of(stages, i)
    if to == stages[i].name:
        message = f".to must be another stage or an outcome, got {got(to)}. Hint: leave it out for the likeliest way ahead."
        raise ValueError(message)
    then = next((e.then for e in stages[i].exits if e.to == to), None)
    return Way(to, then)


def without_stage(model: Model, i: int, way: Way) -> Model:
    """Return the model without stage `i`: deals go on `way` in no time, those that would enter there too."""
    stages = left_out(model.stages, i, way, entered=_entered(model, i))
    channels = tuple(_entering(channel, model.stages, i, way.to, stages[0].name if stages else "") for channel in model.channels)
    return revalidated(model, stages=stages, channels=channels)


def _entered(model: Model, i: int) -> bool:
    """Tell whether new deals begin in stage `i`."""
    return any(model.stages[i].name in channel.entry or (i == 0 and not channel.entry) for channel in model.channels)


def _entering(channel: Channel, stages: Stages, i: int, to: str, first: str) -> Channel:
    """Return a channel whose deals enter at `to` instead of at stage `i`."""
    gone = stages[i].name
    entry = dict(channel.entry) or ({gone: 1.0} if i == 0 else {})
    if gone not in entry:
        return channel
    if to in (*OUTCOMES, *AFTER_OUTCOMES):
        message = (
            f".stage must not be where deals of channel '{channel.name}' enter, got {got(gone)}. "
            f"Hint: set channels[{channel.name}].entry first."
        )
        raise ValueError(message)
    share = entry.pop(gone)
    entry[to] = entry.get(to, 0.0) + share
    if not channel.entry and to == first:  # where everybody enters who is told nothing
        return channel
    return channel.model_copy(update={"entry": entry})


def _without_exit(change: levers.Remove, model: Model) -> Model:
    """Return the model in which nobody leaves a stage by one of its exits, whatever the context."""
    assert change.from_ is not None
    i = stage_index(model, change.from_, "from")
    stage = model.stages[i]
    known = list(dict.fromkeys(exit_.to for exit_ in every_exit(stage)))
    if change.exit not in known:
        hint = did_you_mean(change.exit or "", known)
        message = f".exit must name an exit of '{change.from_}', got {got(change.exit)}. {hint}"
        raise ValueError(message)

    def kept(exits: Exits) -> Exits:
        others = tuple(e for e in exits if e.to != change.exit)
        total = sum(e.probability for e in others)
        if total <= 0.0:
            message = f".exit must leave an exit of '{change.from_}' that can be taken, got none."
            raise ValueError(message)
        if len(others) == len(exits):
            return exits
        return tuple(e.model_copy(update={"probability": e.probability / total}) for e in others)

    return swap(model, i, with_exits(stage, kept))


def _reorder(change: levers.Reorder, model: Model) -> Model:
    """Return the model with a stage behind another one: taken out as `remove` does, put in as `add` does."""
    i, j = stage_index(model, change.stage, "stage"), stage_index(model, change.after, "after")
    if i == j:
        message = f".after must be another stage, got {got(change.after)}."
        raise ValueError(message)
    if i == j + 1 and followed(model.stages, j).to == change.stage:
        return model  # it is there
    stage, way = model.stages[i], next_of(model.stages, i)
    rest = model.stages[:i] + model.stages[i + 1 :]
    _told_apart(change, model.stages, way)
    without = left_out(model.stages, i, way, entered=_entered(model, i))
    k = place(without, change.after, "after")
    following = followed(without, k)
    moved = redirected(stage, way.to, following)
    channels = tuple(_entering(channel, model.stages, i, way.to, rest[0].name) for channel in model.channels)
    return revalidated(model, stages=inserted(without, k, moved), channels=channels)


def _told_apart(change: levers.Reorder, stages: Stages, way: Way) -> None:
    """Refuse to move what conditions ask for by its place."""
    j = place(stages, change.after, "after")
    behind = {*reached(stages, way.to), *reached(stages, followed(stages, j).to)}
    before = {change.after, *sources(stages, change.stage)}
    for stage in stages:
        named = asks(stage)
        if change.stage in named or (stage.name == change.stage and named) or (stage.name in behind and before & named):
            message = (
                f".stage must not be one whose place conditions of '{stage.name}' ask for (previous), got {got(change.stage)}. "
                f"Hint: say first, with set, what '{stage.name}' should ask for."
            )
            raise ValueError(message)


STEPS: dict[str, Callable[[Any, Model], Model]] = {
    "scale": _scale,
    "set": _set,
    "standardise": _standardise,
    "add": _add,
    "remove": _remove,
    "reorder": _reorder,
}
