"""Ways through the process: exits that meet, exits that are turned, and conditions that ask where a deal comes from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import NamedTuple

from simsales.errors import did_you_mean, got
from simsales.model.conditions import parse_condition
from simsales.model.laws import AnyLaw, Mixture, Part
from simsales.model.process import Context, Exit, Stage

Exits = tuple[Exit, ...]
Stages = tuple[Stage, ...]


class Way(NamedTuple):
    """Where deals go on: a stage or an outcome, and after a win the stage in which the customer goes on."""

    to: str
    then: str | None = None


# exits that meet --------------------------------------------------------------------------------


def mixed(weighted: Iterable[tuple[float, AnyLaw]]) -> AnyLaw:
    """Return the law of a draw from one of several laws; equal ones are one, mixtures are opened.

    Examples
    --------
    >>> from simsales.model.laws import Constant
    >>> two, ten = Constant(value=2.0), Constant(value=10.0)
    >>> mixed([(0.2, two), (0.3, two)])
    Constant(kind='constant', value=2.0)
    >>> mixed([(0.75, two), (0.25, ten)]).mean()
    4.0
    """
    weights: dict[AnyLaw, float] = {}
    for weight, law in weighted:
        parts = law.parts if isinstance(law, Mixture) else (Part(weight=1.0, law=law),)
        total = sum(part.weight for part in parts)
        for part in parts:
            weights[part.law] = weights.get(part.law, 0.0) + weight * part.weight / total
    if len(weights) == 1:
        return next(iter(weights))
    return Mixture(parts=tuple(Part(weight=weight, law=law) for law, weight in weights.items()))


def merged(exits: Exits) -> Exits:
    """Return `exits` with those to one target added up: their delays mix by probability.

    Raises
    ------
    ValueError
        If two of them differ in something else, such as the reason: a stage has one exit to each target.
    """
    by_target: dict[str, list[Exit]] = {}
    for exit_ in exits:
        by_target.setdefault(exit_.to, []).append(exit_)
    return tuple(_one(group) for group in by_target.values())


def _one(group: list[Exit]) -> Exit:
    taken = [exit_ for exit_ in group if exit_.probability > 0.0] or group[:1]
    first = taken[0]
    if len(taken) == 1:
        return first
    for name in Exit.model_fields:
        values = list(dict.fromkeys(getattr(exit_, name) for exit_ in taken))
        if name not in ("to", "probability", "delay_days") and len(values) > 1:
            found = " and ".join("none" if value is None else f"'{value}'" for value in values)
            message = (
                f" must leave one exit to '{first.to}', got several that differ in {name}: {found}. "
                f"Hint: give them the same {name} first, with set."
            )
            raise ValueError(message)
    total = min(1.0, sum(exit_.probability for exit_ in taken))
    delay = mixed((exit_.probability, exit_.delay_days) for exit_ in taken)
    return first.model_copy(update={"probability": total, "delay_days": delay})


def with_exits(stage: Stage, change: Callable[[Exits], Exits]) -> Stage:
    """Return a stage whose exits, and those that its contexts have instead, are changed and merged."""
    contexts = tuple(
        c.model_copy(update={"exits": merged(change(c.exits))}) if c.exits else c for c in stage.contexts
    )
    return stage.model_copy(update={"exits": merged(change(stage.exits)), "contexts": contexts})


def every_exit(stage: Stage) -> Exits:
    """Return the exits of a stage and of its contexts."""
    return (*stage.exits, *(exit_ for context in stage.contexts for exit_ in context.exits))


def redirected(stage: Stage, old: str, way: Way) -> Stage:
    """Return a stage whose exits, also those of its contexts, lead `way` instead of to `old`."""
    turned = {"to": way.to, "then": way.then}
    return with_exits(stage, lambda exits: tuple(e.model_copy(update=turned) if e.to == old else e for e in exits))


# where deals go on ------------------------------------------------------------------------------


def place(stages: Stages, name: str, field: str) -> int:
    """Return the position of a stage that a change names in `field`."""
    names = [stage.name for stage in stages]
    if name not in names:
        message = f".{field} must name a stage, got {got(name)}. {did_you_mean(name, names)}"
        raise ValueError(message)
    return names.index(name)


def next_of(stages: Stages, i: int) -> Way:
    """Return the most likely exit of stage `i` that goes forward: so is a skipped stage left, too (R6)."""
    ahead = {*(stage.name for stage in stages[i + 1 :]), "won", "retained"}
    forward = [exit_ for exit_ in stages[i].exits if exit_.to in ahead]
    if not forward:
        message = f".to must be given: stage '{stages[i].name}' has no exit forward."
        raise ValueError(message)
    likeliest = max(forward, key=lambda exit_: exit_.probability)
    return Way(likeliest.to, likeliest.then)


def followed(stages: Stages, i: int) -> Way:
    """Return where deals go from stage `i`: the next stage if it is an exit, else the likeliest way ahead."""
    stage = stages[i]
    following = stages[i + 1].name if i + 1 < len(stages) else "won"
    if not any(exit_.to == following for exit_ in stage.exits):
        try:
            following = next_of(stages, i).to
        except ValueError:
            message = f".after must name a stage with an exit forward, got {got(stage.name)}. Hint: add an exit to it first."
            raise ValueError(message) from None
    after = list(dict.fromkeys(exit_.then for exit_ in every_exit(stage) if exit_.to == following))
    if len(after) > 1:
        message = (
            f".after must name a stage whose customers go on in one way after the win, got several in '{stage.name}'. "
            "Hint: give its exits to won the same then first, with set."
        )
        raise ValueError(message)
    return Way(following, after[0])


def inserted(stages: Stages, i: int, new: Stage) -> Stages:
    """Return the stages with `new` behind stage `i`: all deals that would have gone on from there come to it."""
    way, before = followed(stages, i), stages[i]
    if way.then is not None:  # customers go on as before, unless the new stage says how
        new = with_exits(new, lambda exits: tuple(
            e.model_copy(update={"then": way.then}) if e.to == "won" and e.then is None else e for e in exits
        ))  # fmt: skip
    only = new.when is None
    if before.when is not None and any(asks(stage) for stage in stages if stage.name in reached(stages, way.to)):
        message = (
            f".after must not be a stage that deals may skip where conditions behind it ask for previous, got {got(before.name)}. "
            f"Hint: say first, with set, what the stages behind '{before.name}' should ask for."
        )
        raise ValueError(message)
    told = {name: _behind(stage, before.name, new, only=only and name == way.to)
            for name in reached(stages, way.to) if (stage := _named(stages, name)) is not None and stage is not before}  # fmt: skip
    rest = [told.get(stage.name, stage) for stage in stages]
    rest[i] = redirected(before, way.to, Way(new.name))
    return (*rest[: i + 1], new, *rest[i + 1 :])


def left_out(stages: Stages, i: int, way: Way, *, entered: bool) -> Stages:
    """Return the stages without stage `i`: whoever would have come to it (new deals too, if `entered`) goes on `way` at once."""
    gone = stages[i]
    found = []
    for stage in stages:
        if stage is gone:
            continue
        if any(exit_.then == gone.name for exit_ in every_exit(stage)):
            stage = _then(stage, gone.name, way, stages)  # noqa: PLW2901
        if stage.name in reached(stages, way.to):
            stage = without_before(stage, gone, stages, entered=entered)  # noqa: PLW2901
        elif gone.name in asks(stage):
            message = (
                f".stage must not be asked for by conditions of '{stage.name}' (previous), got {got(gone.name)}. "
                f"Hint: say first, with set, what '{stage.name}' should ask for."
            )
            raise ValueError(message)
        found.append(redirected(stage, gone.name, way))
    return tuple(found)


def _then(stage: Stage, gone: str, way: Way, stages: Stages) -> Stage:
    """Return a stage after whose win customers do not come to `gone` any more."""
    if way.to not in [each.name for each in stages]:
        message = (
            f".stage must not be the only one that customers come to after the win, got {got(gone)}. "
            f"Hint: set stages[{stage.name}].exits[won].then to null first."
        )
        raise ValueError(message)
    return with_exits(stage, lambda exits: tuple(
        e.model_copy(update={"then": way.to}) if e.then == gone else e for e in exits
    ))  # fmt: skip


# conditions on where a deal comes from ----------------------------------------------------------

_AND = re.compile(r"\s+and\s+")


def conditions(stage: Stage) -> tuple[str, ...]:
    """Return every condition that a stage states."""
    tasks = (task.when for task in stage.tasks)
    return tuple(text for text in (stage.when, *tasks, *(c.when for c in stage.contexts)) if text is not None)


def asked(text: str | None) -> frozenset[str]:
    """Return the stages before that a condition asks for.

    Examples
    --------
    >>> sorted(asked("previous == Demo and amount > 5"))
    ['Demo']
    """
    return frozenset() if text is None else frozenset(
        str(value) for field, _, value in parse_condition(text) if field == "previous"
    )  # fmt: skip


def asks(stage: Stage) -> frozenset[str]:
    """Return the stages before that any condition of a stage asks for."""
    return frozenset[str]().union(*(asked(text) for text in conditions(stage)))


def renamed(text: str, old: str, new: str) -> str:
    """Return a condition that asks for `new` where it asked for `old` as the stage before.

    Examples
    --------
    >>> renamed("amount > 5 and previous != Demo", "Demo", "Legal")
    'amount > 5 and previous != Legal'
    """

    def turned(part: str) -> str:
        ((field, operator, value),) = parse_condition(part)
        return f"previous {operator} {new}" if (field, value) == ("previous", old) else part

    return " and ".join(turned(part) for part in _AND.split(text.strip()))


def _behind(stage: Stage, before: str, new: Stage, *, only: bool) -> Stage:
    """Return a stage to which deals come from `new` now instead of from `before`, or (not only) from one of the two."""
    if before not in asks(stage):
        return stage
    if only:
        return _asking(stage, lambda text: renamed(text, before, new.name))
    contexts: list[Context] = []
    for context in stage.contexts:
        if before not in asked(context.when):
            contexts.append(context)
        elif _denied(context.when, before):
            contexts.append(context.model_copy(update={"when": f"{context.when} and previous != {new.name}"}))
        else:
            contexts += [context, context.model_copy(update={"when": renamed(context.when, before, new.name)})]
    stage = stage.model_copy(update={"contexts": tuple(contexts)})
    for text in (stage.when, *(task.when for task in stage.tasks)):
        if before in asked(text):
            message = (
                f".after must not be what work or gate of '{stage.name}' asks for as the stage before, got {got(before)}. "
                f"Hint: say with set what '{stage.name}' should ask for."
            )
            raise ValueError(message)
    return stage


def _denied(text: str, name: str) -> bool:
    return ("previous", "!=", name) in parse_condition(text)


def _asking(stage: Stage, turn: Callable[[str], str]) -> Stage:
    """Return a stage with all its conditions changed."""
    return stage.model_copy(
        update={
            "when": None if stage.when is None else turn(stage.when),
            "tasks": tuple(t if t.when is None else t.model_copy(update={"when": turn(t.when)}) for t in stage.tasks),
            "contexts": tuple(c.model_copy(update={"when": turn(c.when)}) for c in stage.contexts),
        }
    )


def without_before(stage: Stage, gone: Stage, stages: Stages, *, entered: bool) -> Stage:
    """Return a stage to which deals came from `gone`, and now come straight from the stages before that.

    Raises
    ------
    ValueError
        If its conditions cannot tell any more what they told: which deals came that way.
    """
    named = asks(stage)
    before = [name for name in sources(stages, gone.name) if name != gone.name]
    if not named & {gone.name, *before}:
        return stage
    if len(before) == 1 and not entered:
        (name,) = before
        source = next(each for each in stages if each.name == name)
        others = [e.to for e in every_exit(source) if e.to != gone.name]
        direct = gone.when is not None or any(stage.name in reached(stages, to) for to in others)
        told = _told(stage, gone.name, name, direct=direct)
        if told is not None and source.when is None:
            return told
    message = (
        f".stage must not be what conditions of '{stage.name}' tell apart (previous), got {got(gone.name)}. "
        f"Hint: say first, with set, where deals of '{stage.name}' come from without it."
    )
    raise ValueError(message)


def _told(stage: Stage, gone: str, before: str, *, direct: bool) -> Stage | None:
    """Return a stage that asks for `before` where it asked for `gone`; None where that is not the same.

    Where deals came straight from `before`, too, both ways must have been treated alike.
    """

    def turn(text: str) -> str:
        return " and ".join(dict.fromkeys(_AND.split(renamed(text, gone, before))))

    def alone(text: str | None, name: str) -> bool:
        """Tell whether a condition tells one of the two ways from the other."""
        return asked(text) & {gone, before} == {name}

    own = (stage.when, *(task.when for task in stage.tasks))
    if not direct:
        texts = (*own, *(c.when for c in stage.contexts))
        return None if any(alone(text, before) for text in texts) else _asking(stage, turn)
    by_gone = [c.model_copy(update={"when": turn(c.when)}) for c in stage.contexts if not alone(c.when, before)]
    straight = [c.model_copy(update={"when": turn(c.when)}) for c in stage.contexts if not alone(c.when, gone)]
    if by_gone != straight or any(alone(text, name) for text in own for name in (gone, before)):
        return None
    return _asking(stage.model_copy(update={"contexts": tuple(straight)}), turn)


def sources(stages: Stages, name: str) -> list[str]:
    """Return from where deals come to a stage, also past stages that they skip."""
    return [stage.name for stage in stages if any(name in reached(stages, exit_.to) for exit_ in every_exit(stage))]


def reached(stages: Stages, name: str) -> list[str]:
    """Return a stage, and those in which deals may be instead because they skip it."""
    found: list[str] = []
    stage = _named(stages, name)
    while stage is not None and stage.name not in found:
        found.append(stage.name)
        if stage.when is None:
            break
        try:
            name = next_of(stages, stages.index(stage)).to
        except ValueError:
            break
        stage = _named(stages, name)
    return found


def _named(stages: Stages, name: str) -> Stage | None:
    return next((stage for stage in stages if stage.name == name), None)
