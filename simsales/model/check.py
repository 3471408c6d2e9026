"""Rules that span several parts of a model; each problem is one line that starts with its path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from simsales.errors import did_you_mean
from simsales.model.base import OUTCOMES
from simsales.model.conditions import ConditionError, parse_condition

if TYPE_CHECKING:
    from simsales.model.schema import Channel, Model, Rep, Stage

TOLERANCE = 1e-6


def problems(model: Model) -> list[str]:
    """Return every broken rule of `model`, as ``path must rule, got value. Hint: ...``."""
    return [
        *_unique(model),
        *(line for i, stage in enumerate(model.stages) for line in _stage(model, i, stage)),
        *(line for i, channel in enumerate(model.channels) for line in _channel(model, i, channel)),
        *(line for i, rep in enumerate(model.reps) for line in _rep(model, i, rep)),
        *_staffed(model),
    ]


def _unique(model: Model) -> Iterator[str]:
    groups: dict[str, Iterable[str]] = {
        "channels": [channel.name for channel in model.channels],
        "segments": [segment.name for segment in model.segments],
        "stages": [stage.name for stage in model.stages],
        "roles": [role.name for role in model.roles],
        "reps": [rep.name for rep in model.reps if rep.name],
    }
    for group, names in groups.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield f"{group} must have unique names, got '{name}' {count} times."
    for i, stage in enumerate(model.stages):
        if stage.name in OUTCOMES:
            yield (
                f"stages[{i}].name must not be an outcome ({', '.join(OUTCOMES)}), got '{stage.name}'. "
                "Hint: outcomes are exits, not stages."
            )


def _stage(model: Model, i: int, stage: Stage) -> Iterator[str]:
    targets = (*model.stage_names, *OUTCOMES)
    total = sum(exit_.probability for exit_ in stage.exits)
    if abs(total - 1.0) > TOLERANCE:
        yield (
            f"stages[{i}].exits must have probabilities that add up to 1, got {total:.6g} in "
            f"'{stage.name}'. Hint: change one of {', '.join(e.to for e in stage.exits)}."
        )
    for j, exit_ in enumerate(stage.exits):
        if exit_.to not in targets:
            yield (
                f"stages[{i}].exits[{j}].to must be a stage or an outcome, got '{exit_.to}'. "
                f"{did_you_mean(exit_.to, targets)}"
            )
    for to, count in Counter(exit_.to for exit_ in stage.exits).items():
        if count > 1:
            yield f"stages[{i}].exits must name each target once, got '{to}' {count} times."
    names = [role.name for role in model.roles]
    for j, task in enumerate(stage.tasks):
        if task.role not in names:
            yield (
                f"stages[{i}].tasks[{j}].role must be one of the roles, got '{task.role}'. "
                f"{did_you_mean(task.role, names)}"
            )
    if stage.when is not None:
        try:
            parse_condition(stage.when)
        except ConditionError as error:
            yield f"stages[{i}].when {error}"


def _channel(model: Model, i: int, channel: Channel) -> Iterator[str]:
    segments = [segment.name for segment in model.segments]
    for kind, shares, allowed in (
        ("segments", channel.segments, segments),
        ("entry", channel.entry, model.stage_names),
    ):
        for name in shares:
            if name not in allowed:
                yield (
                    f"channels[{i}].{kind}.{name} must name one of the model's "
                    f"{'stages' if kind == 'entry' else 'segments'}, got '{name}'. "
                    f"{did_you_mean(name, allowed)}"
                )
        if shares and abs(sum(shares.values()) - 1.0) > TOLERANCE:
            total = sum(shares.values())
            yield f"channels[{i}].{kind} must have shares that add up to 1, got {total:.6g}."
    if not channel.segments and len(segments) > 1:
        yield (
            f"channels[{i}].segments must give the share of each segment when there are several, "
            f"got none. Hint: write segments: {{{segments[0]}: 1.0}}."
        )


def _rep(model: Model, i: int, rep: Rep) -> Iterator[str]:
    roles = [role.name for role in model.roles]
    if rep.role not in roles:
        yield (
            f"reps[{i}].role must be one of the roles, got '{rep.role}'. "
            f"{did_you_mean(rep.role, roles)}"
        )
    if rep.plan is not None and rep.plan not in model.plans:
        yield (
            f"reps[{i}].plan must be one of the plans, got '{rep.plan}'. "
            f"{did_you_mean(rep.plan, model.plans)}"
        )


def _staffed(model: Model) -> Iterator[str]:
    staffed = {rep.role for rep in model.reps}
    known = {role.name for role in model.roles}
    needed = sorted({task.role for stage in model.stages for task in stage.tasks})
    for role in needed:
        if role in known and role not in staffed:
            yield f"reps must include somebody of the role '{role}' that does tasks, got nobody."
