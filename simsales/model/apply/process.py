"""Changes of the process, applied to a model: numbers by path, stages, exits and tasks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simsales.errors import did_you_mean, got
from simsales.model import levers
from simsales.model.apply.spread import standardised
from simsales.model.base import OUTCOMES
from simsales.model.laws import Law
from simsales.model.paths import replace_at
from simsales.model.process import Stage
from simsales.model.schema import Exit, Model


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
    if name not in model.stage_names:
        hint = did_you_mean(name, model.stage_names)
        message = f".{field} must name a stage, got {got(name)}. {hint}"
        raise ValueError(message)
    return model.stage_names.index(name)


def swap(model: Model, i: int, stage: Stage) -> Model:
    """Return the model with another stage in place `i`."""
    return revalidated(model, stages=(*model.stages[:i], stage, *model.stages[i + 1 :]))


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


def add(change: levers.Add, model: Model) -> Model:
    """Return the model with a stage, an exit or a channel more."""
    if change.channel is not None:
        return revalidated(model, channels=(*model.channels, change.channel))
    if change.exit is not None:
        assert change.from_ is not None
        i = stage_index(model, change.from_, "from")
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
        return swap(model, i, _with_exits(model.stages[i], (*kept, change.exit)))
    assert change.stage is not None
    assert change.after is not None
    i = stage_index(model, change.after, "after")
    if change.stage.name in model.stage_names:
        message = f".stage.name must be new, got {got(change.stage.name)}."
        raise ValueError(message)
    following = followed(model, i)
    before = model.stages[i]
    redirected = tuple(
        e.model_copy(update={"to": change.stage.name}) if e.to == following else e
        for e in before.exits
    )
    stages = (*model.stages[:i], _with_exits(before, redirected), change.stage, *model.stages[i + 1 :])
    return revalidated(model, stages=stages)


def removed(change: levers.Remove, model: Model) -> Model:
    """Return the model without a stage or an exit."""
    if change.exit is not None:
        assert change.from_ is not None
        i = stage_index(model, change.from_, "from")
        exits = model.stages[i].exits
        kept = tuple(exit_ for exit_ in exits if exit_.to != change.exit)
        if len(kept) == len(exits):
            hint = did_you_mean(change.exit, [exit_.to for exit_ in exits])
            message = f".exit must name an exit of '{change.from_}', got {got(change.exit)}. {hint}"
            raise ValueError(message)
        total = sum(exit_.probability for exit_ in kept)
        if total <= 0:
            message = f".exit must leave an exit of '{change.from_}' that can be taken, got none."
            raise ValueError(message)
        scaled = tuple(
            e.model_copy(update={"probability": e.probability / total}) for e in kept
        )
        return swap(model, i, model.stages[i].model_copy(update={"exits": scaled}))
    assert change.stage is not None
    i = stage_index(model, change.stage, "stage")
    target = change.to or next_of(model, i)
    stages = []
    for j, stage in enumerate(model.stages):
        if j != i:
            stages.append(redirected(stage, change.stage, target))
    channels = []
    for channel in model.channels:
        entry = dict(channel.entry)
        if change.stage in entry:
            if target in OUTCOMES:
                message = f".stage must not be where deals of channel '{channel.name}' enter."
                raise ValueError(message)
            entry[target] = entry.get(target, 0.0) + entry.pop(change.stage)
        channels.append(channel.model_copy(update={"entry": entry}))
    return revalidated(model, stages=tuple(stages), channels=tuple(channels))


def redirected(stage: Stage, old: str, new: str) -> Stage:
    """Return a stage whose exits, also those of its contexts, lead to `new` instead of `old`."""

    def turned(exits: tuple[Exit, ...]) -> tuple[Exit, ...]:
        return merged(tuple(e.model_copy(update={"to": new}) if e.to == old else e for e in exits))

    contexts = tuple(c.model_copy(update={"exits": turned(c.exits)}) for c in stage.contexts)
    return stage.model_copy(update={"exits": turned(stage.exits), "contexts": contexts})


def followed(model: Model, i: int) -> str:
    """Return where deals go from stage `i`: the next stage if it is an exit, else the likeliest way ahead."""
    following = model.stage_names[i + 1] if i + 1 < len(model.stages) else "won"
    if any(exit_.to == following for exit_ in model.stages[i].exits):
        return following
    try:
        return next_of(model, i)
    except ValueError:
        message = f".after must name a stage with an exit forward, got {got(model.stages[i].name)}. Hint: add an exit to it first."
        raise ValueError(message) from None


def next_of(model: Model, i: int) -> str:
    """Return the most likely exit of stage `i` that goes forward."""
    later = {*model.stage_names[i + 1 :], "won"}
    forward = [exit_ for exit_ in model.stages[i].exits if exit_.to in later]
    if not forward:
        message = f".to must be given: stage '{model.stages[i].name}' has no exit forward."
        raise ValueError(message)
    return max(forward, key=lambda exit_: exit_.probability).to


STEPS: dict[str, Callable[[Any, Model], Model]] = {
    "scale": _scale,
    "set": _set,
    "standardise": _standardise,
    "add": add,
    "remove": removed,
}
