"""Paths into a model, such as ``stages[Demo].exits[won].probability``."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from simsales.errors import InvalidModelError, did_you_mean, got
from simsales.model.base import Value
from simsales.model.schema import Context, Exit, Model, Stage

_STEP = re.compile(r"([A-Za-z_]\w*)|\[([^\]]*)\]")
Step = tuple[str, str]


def parse_path(path: str) -> tuple[Step, ...]:
    """Return the steps of a path: fields, and items by name, index or ``*``.

    Examples
    --------
    >>> parse_path("stages[Demo].exits[*].delay_days")
    (('field', 'stages'), ('item', 'Demo'), ('field', 'exits'), ('item', '*'), ('field', 'delay_days'))
    """
    steps: list[Step] = []
    rest = path.strip()
    while rest:
        match = _STEP.match(rest)
        if not match:
            break
        steps.append(("field", match[1]) if match[1] else ("item", match[2].strip()))
        rest = rest[match.end() :].removeprefix(".")
    if rest or not steps or steps[0][0] != "field":
        message = (
            f".path must look like stages[Demo].exits[won].probability, got {got(path)}. "
            "Hint: fields with dots, items by name in brackets."
        )
        raise ValueError(message)
    return tuple(steps)


def label(item: Any) -> str:
    """Return by what an item of a list is called in a path: its target, name, role, condition or date."""
    if isinstance(item, Exit):
        return item.to
    for field in ("name", "role", "when", "start", "date"):
        found = getattr(item, field, None)
        if found is not None:
            return str(found)
    return ""


def replace_at(model: Model, path: str, move: Callable[[Any], Any]) -> Model:
    """Return `model` with ``move(old)`` at every place that `path` names.

    Where an exit's probability changes, the other exits of its stage keep their proportions and
    share what is left.

    Parameters
    ----------
    model : Model
    path : str
        Items by name (exits by target, tasks and reps without a name by role, contexts by condition, rates by date), by
        index, or ``*`` (all that have what follows: ``stages[*].tasks[SE]`` is wherever an SE works).
    move : callable
        From the old value to the new one (plain data is validated).

    Raises
    ------
    ValueError
        If the path leads nowhere or the new value breaks a rule.
    """
    changed = _walk(model, parse_path(path), move, path)
    if not isinstance(changed, Model):
        message = f".path must lead into the model, got {got(path)}."
        raise ValueError(message)  # noqa: TRY004 - the caller reports ValueError with its place
    return changed


def _walk(value: Any, steps: tuple[Step, ...], move: Callable[[Any], Any], path: str) -> Any:
    if not steps:
        return move(value)
    kind, name = steps[0]
    if kind == "item":
        return _walk_items(value, name, steps[1:], move, path)
    if value is None:
        message = f".path must lead through values that are set, got nothing before '{name}' in '{path}'. Hint: set the whole value first."
        raise ValueError(message)
    fields = type(value).model_fields if isinstance(value, Value) else {}
    attribute = name if name in fields else f"{name}_"
    if attribute not in fields:
        hint = did_you_mean(name, [field.alias or key for key, field in fields.items()])
        message = f".path must name a field that exists, got {got(name)} in '{path}'. {hint}"
        raise ValueError(message)
    new = _walk(getattr(value, attribute), steps[1:], move, path)
    return _rebuilt(value, attribute, new, path)


def _rebuilt(value: Value, attribute: str, new: Any, path: str) -> Value:
    """Return `value` with one field replaced, validated again."""
    fields = type(value).model_fields
    data = {field.alias or key: getattr(value, key) for key, field in fields.items()}
    data[fields[attribute].alias or attribute] = new
    if isinstance(value, (Stage, Context)) and attribute == "exits" and len(new) == len(value.exits):
        data["exits"] = _shared(value.exits, new)
    try:
        return type(value)(**data)
    except InvalidModelError as error:
        lines = str(error).splitlines()
        raise ValueError("\n".join(f".path must keep the model valid at '{path}': {line}" for line in lines)) from error


def _shared(old: tuple[Exit, ...], new: tuple[Exit, ...]) -> tuple[Exit, ...]:
    """Let the exits whose probability was not touched share what the others leave."""
    touched = [i for i, (a, b) in enumerate(zip(old, new, strict=True)) if a.probability != b.probability]
    if not touched or len(touched) == len(new):
        return new
    fixed = sum(new[i].probability for i in touched)
    if fixed > 1.0 + 1e-9:
        message = f".path must leave probabilities of at most 1, got {fixed:.6g}."
        raise ValueError(message)
    free = sum(e.probability for i, e in enumerate(new) if i not in touched)
    left = max(0.0, 1.0 - fixed)
    if free == 0 and left > 1e-9:
        message = f".path must leave probabilities that add up to 1, got {fixed:.6g}."
        raise ValueError(message)
    return tuple(
        e if i in touched else e.model_copy(update={"probability": e.probability * left / free if free else 0.0})
        for i, e in enumerate(new)
    )


def _walk_items(
    value: Any, name: str, rest: tuple[Step, ...], move: Callable[[Any], Any], path: str
) -> Any:
    if isinstance(value, dict):
        if name not in value and name != "*" and rest:
            if not value:
                message = f".path must name one of its entries, got {got(name)} in '{path}'. Hint: there are none; set [{name}] as a whole first."
                raise ValueError(message)
            message = f".path must name one of its entries, got {got(name)}. {did_you_mean(name, value)}"
            raise ValueError(message)
        keys = list(value) if name == "*" else [name]
        return {**value, **{key: _walk(value.get(key, 1.0), rest, move, path) for key in keys}}
    if not isinstance(value, tuple):
        message = f".path must put [{name}] after a list, got {got(path)}."
        raise ValueError(message)  # noqa: TRY004
    if name == "*" and value:
        return _walk_all(value, rest, move, path)
    chosen = [i for i, item in enumerate(value) if name in (label(item), str(i))]
    if not chosen:
        labels = [label(item) or str(i) for i, item in enumerate(value)]
        hint = did_you_mean(name, labels) or "Hint: there are none."
        message = f".path must name one of its items, got {got(name)} in '{path}'. {hint}"
        raise _NoSuchItemError(message)
    return tuple(
        _walk(item, rest, move, path) if i in chosen else item for i, item in enumerate(value)
    )


class _NoSuchItemError(ValueError):
    """A path names an item that a list does not have."""


def _walk_all(value: tuple[Any, ...], rest: tuple[Step, ...], move: Callable[[Any], Any], path: str) -> tuple[Any, ...]:
    """Change every item that has what the rest of the path names; one at least must have it."""
    new, missing = [], []
    for item in value:
        try:
            new.append(_walk(item, rest, move, path))
        except _NoSuchItemError as error:
            new.append(item)
            missing.append(error)
    if len(missing) == len(value):
        raise missing[0]
    return tuple(new)
