"""Lower stages, tasks and exits to the plan's tables."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from simsales.engine.plan import CODES
from simsales.model.conditions import Clause, parse_condition
from simsales.model.schema import Exit, Model, Stage

if TYPE_CHECKING:
    from simsales.engine.lower import Lowering

_RANK = {"no_decision": 3.0, "lost": 4.0, "open": 5.0}


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
    for r, model in enumerate(low.models):
        by_name = {stage.name: stage for stage in model.stages}
        for s, name in enumerate(low.stages):
            if (stage := by_name.get(name)) is not None:
                found["exit_advancing"][r, s] = _exits(low, model, stage, exits)
                tasks += [
                    (low.roles.index(t.role), low.law(t.work_hours), int(t.at == "end"))
                    for t in stage.tasks
                ]
                _stage(low, r, s, model, stage, found)
            exit_offset.append(len(exits))
            task_offset.append(len(tasks))
        whens.append(tuple(_condition(by_name.get(name)) for name in low.stages))
    return found | {
        "when": tuple(whens),
        "exit_offset": np.array(exit_offset), "task_offset": np.array(task_offset),
        "exit_target": np.array([e[0] for e in exits], dtype=np.int64),
        "exit_cumulative": np.array([e[1] for e in exits]),
        "exit_delay": np.array([e[2] for e in exits], dtype=np.int64),
        "task_role": np.array([t[0] for t in tasks], dtype=np.int64),
        "task_work": np.array([t[1] for t in tasks], dtype=np.int64),
        "task_at_end": np.array([t[2] for t in tasks], dtype=np.int64),
    }  # fmt: skip


def _stage(low: Lowering, r: int, s: int, model: Model, stage: Stage, found: dict[str, Any]) -> None:
    found["stage_present"][r, s] = True
    if stage.patience_days is not None:
        found["patience"][r, s] = low.law(stage.patience_days)
    found["max_visits"][r, s] = stage.max_visits
    found["skip_to"][r, s] = low.target(_skip_to(model, stage))
    found["skill_effect"][r, s] = stage.effects.skill
    found["response_effect"][r, s] = stage.effects.response_hours


def _exits(low: Lowering, model: Model, stage: Stage, exits: list[tuple[int, float, int]]) -> int:
    """Append a stage's exits, best first; return how many of them advance."""
    order = sorted(stage.exits, key=lambda exit_: exit_rank(model, stage, exit_))
    sums = list(itertools.accumulate(exit_.probability for exit_ in order))
    total = sums[-1]
    for exit_, edge in zip(order, sums, strict=True):
        share = 1.0 if edge >= total else edge / total
        exits.append((low.target(exit_.to), share, low.law(exit_.delay_days)))
    return sum(exit_rank(model, stage, exit_)[0] <= 1.0 for exit_ in order)


def exit_rank(model: Model, stage: Stage, exit_: Exit) -> tuple[float, float]:
    """Return the place of an exit in the order "best first" (R5).

    Won, then later stages (farthest first), then the same or an earlier stage (nearest first), then no
    decision, lost, and deals that nobody will ever close.
    """
    if exit_.to == "won":
        return 0.0, 0.0
    if exit_.to in _RANK:
        return _RANK[exit_.to], 0.0
    names = model.stage_names
    ahead = names.index(exit_.to) - names.index(stage.name)
    return (1.0 if ahead > 0 else 2.0), float(-ahead)


def _skip_to(model: Model, stage: Stage) -> str:
    """Return where a deal goes that skips `stage`: by its likeliest advancing exit (R6)."""
    ahead = [exit_ for exit_ in stage.exits if exit_rank(model, stage, exit_)[0] <= 1.0]
    if ahead:
        return max(ahead, key=lambda exit_: exit_.probability).to
    i = model.stage_names.index(stage.name) + 1
    return model.stage_names[i] if i < len(model.stages) else "won"


def _condition(stage: Stage | None) -> tuple[Clause, ...] | None:
    return None if stage is None or stage.when is None else parse_condition(stage.when)
