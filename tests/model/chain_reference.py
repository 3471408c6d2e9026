"""A second opinion on a process without queues: an absorbing chain, solved exactly.

States are a stage and the stage before it. Reads the model alone; knows nothing of the engine.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from simsales.model.conditions import holds, parse_condition
from simsales.model.process import Exit, Stage, Task
from simsales.model.schema import Model

State = tuple[str, str]


@dataclass(frozen=True)
class Expected:
    """What becomes of a deal of one kind, in expectation."""

    outcomes: dict[str, float]
    days: float
    hours: dict[str, float]

    def close_to(self, other: Expected, tolerance: float = 1e-9) -> bool:
        """Tell whether two say the same."""
        pairs = [(self.days, other.days)]
        for mine, theirs in ((self.outcomes, other.outcomes), (self.hours, other.hours)):
            pairs += [(mine.get(name, 0.0), theirs.get(name, 0.0)) for name in {*mine, *theirs}]
        return all(math.isclose(a, b, rel_tol=tolerance, abs_tol=tolerance) for a, b in pairs)


def expected(model: Model, **deal: Any) -> Expected:
    """Return what becomes of a lead with the given facts (segment, amount), reps of one skill, and work at all hours."""
    by_name = {stage.name: stage for stage in model.stages}
    skill = model.reps[0].skill if model.reps else 0.0
    logit = next((s.advance_logit for s in model.segments if s.name == deal.get("segment")), 0.0)
    rows: dict[State, tuple[dict[State, float], dict[str, float], float, dict[str, float]]] = {}

    def gate(name: str, previous: str, then: str | None, ends: dict[str, float], p: float) -> State | None:
        while name in by_name:
            stage = by_name[name]
            if stage.when is None or holds(parse_condition(stage.when), {**deal, "previous": previous}):
                return name, previous
            likeliest = max((e for e in stage.exits if _ahead(model, stage, e)), key=lambda e: e.probability)
            name, then = likeliest.to, likeliest.then
        ends[name] = ends.get(name, 0.0) + p
        return None if then is None else gate(then, previous, None, ends, p)

    def visit(state: State) -> None:
        if state in rows:
            return
        stage, previous = by_name[state[0]], state[1]
        context = next((c for c in stage.contexts if holds(parse_condition(c.when), {**deal, "previous": previous})), None)
        exits = context.exits if context is not None and context.exits else stage.exits
        shift = logit + stage.effects.skill * skill + (0.0 if context is None else context.advance_logit)
        scale = 1.0 if context is None else context.delay_scale
        work = 1.0 if context is None else context.work_scale
        onward: dict[State, float] = defaultdict(float)
        ends: dict[str, float] = {}
        days = work * sum(_span(tasks) for tasks in _groups(stage, deal | {"previous": previous})) / 24.0
        odds = _shifted(model, stage, exits, shift)
        for exit_, p in zip(exits, odds, strict=True):
            days += p * scale * exit_.delay_days.mean()
            following = gate(exit_.to, stage.name, exit_.then, ends, p) if p > 0.0 else None
            if following is not None:
                onward[following] += p
        hours: dict[str, float] = defaultdict(float)
        for group in _groups(stage, deal | {"previous": previous}):
            for task in (task for chain in group for task in chain):
                hours[task.role] += work * task.work_hours.mean()
        rows[state] = onward, ends, days, hours
        for following in onward:
            visit(following)

    start: dict[State, float] = defaultdict(float)
    at_once: dict[str, float] = {}
    channel = model.channels[0]
    entry = channel.entry or {model.stages[0].name: 1.0}
    for name, share in entry.items():
        state = gate(name, "", None, at_once, share / sum(entry.values()))
        if state is not None:
            start[state] += share / sum(entry.values())
            visit(state)
    return _solved(rows, start, at_once)


def _solved(rows: dict[State, Any], start: dict[State, float], at_once: dict[str, float]) -> Expected:
    states = list(rows)
    matrix = np.array([[rows[a][0].get(b, 0.0) for b in states] for a in states]).reshape(len(states), len(states))
    visits = np.linalg.solve(np.eye(len(states)) - matrix.T, np.array([start.get(s, 0.0) for s in states]))
    outcomes, hours, days = defaultdict(float, at_once), defaultdict[str, float](float), 0.0
    for times, state in zip(visits.tolist(), states, strict=True):
        _, ends, span, work = rows[state]
        days += times * span
        for name, p in ends.items():
            outcomes[name] += times * p
        for role, each in work.items():
            hours[role] += times * each
    return Expected(dict(outcomes), days, dict(hours))


def _ahead(model: Model, stage: Stage, exit_: Exit) -> bool:
    names = list(model.stage_names)
    if exit_.to in ("won", "retained"):
        return True
    return exit_.to in names and names.index(exit_.to) > names.index(stage.name)


def _shifted(model: Model, stage: Stage, exits: tuple[Exit, ...], shift: float) -> list[float]:
    ahead = [_ahead(model, stage, exit_) for exit_ in exits]
    p = sum(e.probability for e, a in zip(exits, ahead, strict=True) if a)
    if not 1e-12 < p < 1.0 - 1e-12:
        return [e.probability for e in exits]
    odds = p / (1.0 - p) * math.exp(shift)
    new = odds / (1.0 + odds)
    return [e.probability * (new / p if a else (1.0 - new) / (1.0 - p)) for e, a in zip(exits, ahead, strict=True)]


def _groups(stage: Stage, deal: dict[str, Any]) -> list[list[list[Task]]]:
    """Return what is done one after another: chains of tasks that run side by side."""
    groups: list[list[list[Task]]] = []
    for at in ("start", "end"):
        for task in (task for task in stage.tasks if task.at == at):
            if task.continues:
                groups[-1][-1].append(task)
            elif task.parallel:
                groups[-1].append([task])
            else:
                groups.append([[task]])
    return [
        [[task for task in chain if task.when is None or holds(parse_condition(task.when), deal)] for chain in group]
        for group in groups
    ]


def _span(group: list[list[Task]]) -> float:
    """Return how long chains that run side by side take: the hours are constant."""
    return max(sum(task.work_hours.mean() for task in chain) for chain in group)
