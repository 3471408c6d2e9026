"""Lower stages, tasks and exits to the plan's tables."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simsales.engine.life.state import REASONS
from simsales.engine.lower.process import process_plan, stage_extra
from simsales.engine.plan import CODES
from simsales.engine.plan.process import ExitTable, ExitView
from simsales.model.conditions import Clause, parse_condition
from simsales.model.schema import Exit, Model, Stage

if TYPE_CHECKING:
    from simsales.engine.lower import Lowering

_RANK = {"no_decision": 3.0, "lost": 4.0, "churned": 4.0, "open": 5.0}


def stage_tables(low: Lowering) -> dict[str, Any]:
    """Return the fields of the plan that say what happens to deals (R2 to R6)."""
    shape = (len(low.models), len(low.stages))
    exits: list[tuple[int, float, int]] = []
    tasks: list[tuple[int, int, int]] = []
    exit_offset, task_offset = [0], [0]
    found: dict[str, Any] = {
        "stage_present": np.zeros(shape, dtype=bool),
        "exit_advancing": np.zeros(shape, dtype=np.int64),
        "patience": np.full(shape, -1),
        "max_visits": np.ones(shape, dtype=np.int64),
        "skip_to": np.full(shape, CODES["won"]),
        "skill_effect": np.zeros(shape),
        "response_effect": np.zeros(shape),
    }
    whens: list[tuple[tuple[Clause, ...] | None, ...]] = []
    extras: list[tuple[Any, ...]] = []
    reasons: list[str] = []
    for r, model in enumerate(low.models):
        by_name = {stage.name: stage for stage in model.stages}
        row: list[Any] = []
        for s, name in enumerate(low.stages):
            row.append(None)
            if (stage := by_name.get(name)) is not None:
                table = exit_table(low, model, stage, stage.exits, reasons)
                found["exit_advancing"][r, s] = table.advancing
                exits += zip(table.targets, table.cumulative, table.delays, strict=True)
                tasks += [
                    (low.roles.index(t.role), low.law(t.work_hours), int(t.at == "end"))
                    for t in stage.tasks
                ]
                skip = _skip(model, stage)
                _stage(low, r, s, stage, found)
                found["skip_to"][r, s] = low.target(skip[0])
                row[-1] = stage_extra(low, model, stage, table.views, skip[1], [
                    exit_table(low, model, stage, context.exits, reasons) if context.exits else None
                    for context in stage.contexts
                ])  # fmt: skip
            exit_offset.append(len(exits))
            task_offset.append(len(tasks))
        whens.append(tuple(_condition(by_name.get(name)) for name in low.stages))
        extras.append(tuple(row))
    return found | {
        "when": tuple(whens), "process": process_plan(low, extras, reasons),
        "exit_offset": np.array(exit_offset), "task_offset": np.array(task_offset),
        "exit_target": np.array([e[0] for e in exits], dtype=np.int64),
        "exit_cumulative": np.array([e[1] for e in exits]),
        "exit_delay": np.array([e[2] for e in exits], dtype=np.int64),
        "task_role": np.array([t[0] for t in tasks], dtype=np.int64),
        "task_work": np.array([t[1] for t in tasks], dtype=np.int64),
        "task_at_end": np.array([t[2] for t in tasks], dtype=np.int64),
    }  # fmt: skip


def _stage(low: Lowering, r: int, s: int, stage: Stage, found: dict[str, Any]) -> None:
    found["stage_present"][r, s] = True
    if stage.patience_days is not None:
        found["patience"][r, s] = low.law(stage.patience_days)
    found["max_visits"][r, s] = stage.max_visits
    found["skill_effect"][r, s] = stage.effects.skill
    found["response_effect"][r, s] = stage.effects.response_hours


def exit_table(low: Lowering, model: Model, stage: Stage, exits: Sequence[Exit], reasons: list[str]) -> ExitTable:
    """Return exits of a stage, best first; reasons that nobody has stated before are appended to `reasons`."""
    order = sorted(exits, key=lambda exit_: exit_rank(model, stage, exit_))
    sums = list(itertools.accumulate(exit_.probability for exit_ in order))
    total = sums[-1]
    return ExitTable(
        targets=tuple(low.target(exit_.to) for exit_ in order),
        cumulative=tuple(1.0 if edge >= total else edge / total for edge in sums),
        advancing=sum(exit_rank(model, stage, exit_)[0] <= 1.0 for exit_ in order),
        delays=tuple(low.law(exit_.delay_days) for exit_ in order),
        views=tuple(_exit_view(low, exit_, reasons) for exit_ in order),
    )


def _exit_view(low: Lowering, exit_: Exit, reasons: list[str]) -> ExitView:
    return ExitView(
        then=-1 if exit_.then is None else low.stages.index(exit_.then),
        max_discount=1.0 if exit_.max_discount is None else exit_.max_discount,
        reason=0 if exit_.reason is None else _reason(exit_.reason, reasons),
    )


def _reason(name: str, reasons: list[str]) -> int:
    """Return the code of a reason; a built-in one keeps its own."""
    if name in REASONS:
        return REASONS.index(name)
    if name not in reasons:
        reasons.append(name)
    return len(REASONS) + reasons.index(name)


def exit_rank(model: Model, stage: Stage, exit_: Exit) -> tuple[float, float]:
    """Return the place of an exit in the order "best first" (R5).

    Won or retained, then later stages (farthest first), then the same or an earlier stage (nearest first), then
    no decision, lost or churned, and deals that nobody will ever close.
    """
    if exit_.to in ("won", "retained"):
        return 0.0, 0.0
    if exit_.to in _RANK:
        return _RANK[exit_.to], 0.0
    names = model.stage_names
    ahead = names.index(exit_.to) - names.index(stage.name)
    return (1.0 if ahead > 0 else 2.0), float(-ahead)


def _skip(model: Model, stage: Stage) -> tuple[str, str | None]:
    """Return where a deal goes that skips `stage`, and what follows a win: its likeliest advancing exit (R6)."""
    ahead = [exit_ for exit_ in stage.exits if exit_rank(model, stage, exit_)[0] <= 1.0]
    if ahead:
        likeliest = max(ahead, key=lambda exit_: exit_.probability)
        return likeliest.to, likeliest.then
    i = model.stage_names.index(stage.name) + 1
    if i < len(model.stages) and model.stages[i].after_sale == stage.after_sale:
        return model.stage_names[i], None
    return ("retained" if stage.after_sale else "won"), None


def _condition(stage: Stage | None) -> tuple[Clause, ...] | None:
    return None if stage is None or stage.when is None else parse_condition(stage.when)
