"""Lower contexts, gates, hand-offs, gatherings, effects, pace and timing (R2 to R6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from simsales.engine.plan.process import (
    NOBODY,
    PASS,
    ContextExtra,
    EffectsView,
    ExitTable,
    ExitView,
    ProcessPlan,
    StageExtra,
    TaskExtra,
)
from simsales.model.conditions import parse_condition
from simsales.model.laws import Constant
from simsales.model.process import ESCALATE_PASS, Task
from simsales.model.schema import Effects, Model, Stage

if TYPE_CHECKING:
    from simsales.engine.lower import Lowering


def process_plan(low: Lowering, stages: list[tuple[Any, ...]], reasons: list[str]) -> ProcessPlan:
    """Return the process part of a plan."""
    roles = [{role.name: role.discount_authority for role in model.roles} for model in low.models]
    return ProcessPlan(
        stages=tuple(stages),
        reasons=tuple(reasons),
        pace=tuple(model.pace.correlation for model in low.models),
        timing=tuple(model.timing for model in low.models),
        authority=tuple(tuple(row.get(name, 1.0) for name in low.roles) for row in roles),
    )


def stage_extra(
    low: Lowering,
    model: Model,
    stage: Stage,
    exits: tuple[ExitView, ...],
    skip_then: str | None,
    own: Sequence[ExitTable | None],
) -> StageExtra:
    """Return what a stage states besides exits, tasks and limits; `own` are the exits of its contexts."""
    return StageExtra(
        tasks=tuple(_tasks(low, stage)),
        exits=exits,
        contexts=tuple(
            ContextExtra(parse_condition(c.when), table, c.advance_logit, c.delay_scale, c.work_scale)
            for c, table in zip(stage.contexts, own, strict=True)
        ),
        sla=math.inf if stage.sla_days is None else stage.sla_days,
        escalate=_escalate(low, stage),
        handoff=_handoff(low, model, stage),
        effects=_effects(model, stage.effects),
        after_sale=stage.after_sale,
        skip_then=NOBODY if skip_then is None else low.stages.index(skip_then),
    )


def _tasks(low: Lowering, stage: Stage) -> list[TaskExtra]:
    """Return the tasks as listed; positions count tasks on entry first, then those at the end."""
    first = sum(task.at == "start" for task in stage.tasks)
    count = {"start": 0, "end": first}
    found = []
    for task in stage.tasks:
        found.append(_task(low, task, count[task.at]))
        count[task.at] += 1
    return found


def _task(low: Lowering, task: Task, position: int) -> TaskExtra:
    when = None if task.when is None else parse_condition(task.when)
    counts_for = NOBODY if task.counts_for is None else low.stages.index(task.counts_for)
    return TaskExtra(
        position, when, task.parallel, task.part == "lead", task.part in ("assist", "bot"), task.gather, task.continues, counts_for,
        task.part == "bot",
    )


def _escalate(low: Lowering, stage: Stage) -> int:
    if stage.escalate_to is None:
        return NOBODY
    return PASS if stage.escalate_to == ESCALATE_PASS else low.roles.index(stage.escalate_to)


def _handoff(low: Lowering, model: Model, stage: Stage) -> tuple[int, float, float] | None:
    """Return law, scale and loss of a hand-off; None where it costs nothing."""
    handoff = stage.handoff or model.handoff
    if handoff.loss == 0.0 and handoff.delay_days == Constant(value=0.0):
        return None
    scale = 1.0 / handoff.communication
    return low.law(handoff.delay_days), scale, min(handoff.loss * scale, 1.0)


def _effects(model: Model, effects: Effects) -> EffectsView | None:
    if not (effects.response or effects.score or effects.discount or effects.touch):
        return None
    return EffectsView(effects.response, effects.score, _reference(model), effects.discount, effects.touch)


def _reference(model: Model) -> float:
    """Return the score at which effects are zero."""
    if model.scoring is None:
        return 0.0
    from simsales.model.scoring import reference_score

    return reference_score(model.scoring)
