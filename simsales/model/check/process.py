"""Rules of stages, tasks and exits that span several parts of a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simsales.errors import did_you_mean
from simsales.model.base import OUTCOMES
from simsales.model.conditions import ConditionError, parse_condition

if TYPE_CHECKING:
    from simsales.model.schema import Model, Stage

TOLERANCE = 1e-6


def process_problems(model: Model) -> Iterator[str]:
    """Yield every broken rule of the process, as ``path must rule, got value. Hint: ...``."""
    for i, stage in enumerate(model.stages):
        yield from _stage(model, i, stage)


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
