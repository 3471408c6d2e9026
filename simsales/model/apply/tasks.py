"""Changes of the work in a stage, applied to a model: bots, approvals, answers, hand-offs, parallel work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from simsales.errors import did_you_mean
from simsales.model import levers
from simsales.model.apply.beside import parallel
from simsales.model.apply.process import revalidated, stage_index, swap, without_stage
from simsales.model.apply.ways import Exits, next_of, with_exits
from simsales.model.calendars import Calendar
from simsales.model.process import Stage, Task
from simsales.model.schema import Exit, Handoff, Model, Rep, Role


def _automate(change: levers.Automate, model: Model) -> Model:
    i = stage_index(model, change.stage, "stage")
    stage = model.stages[i]
    chosen = [j for j, task in enumerate(stage.tasks) if change.role == task.role or (change.role is None and task.part != "bot")]
    if not chosen:
        known = [task.role for task in stage.tasks]
        hint = did_you_mean(change.role or "", known) if known else "Hint: the stage has no tasks; scale its delays instead."
        if known and change.role is None:
            hint = "Hint: bots do all of it already; name the bot as role to change its share."
        message = f".role must do a task in '{stage.name}', got {change.role or 'nobody'}. {hint}"
        raise ValueError(message)
    error = change.share * change.error_rate
    if error > 0.0:
        stage = with_exits(stage, lambda exits: _with_errors(exits, error, change.error_to))
    return _relieved(model, i, stage, chosen, change.share, change.bot, change.start)


def _with_errors(exits: Exits, error: float, to: str) -> Exits:
    """Let a share of all deals leave because something went wrong, as others that go there do."""
    kept = [e.model_copy(update={"probability": e.probability * (1.0 - error)}) for e in exits]
    known = next((e for e in exits if e.to == to), None)
    failed = Exit(to=to, probability=error) if known is None else known.model_copy(update={"probability": error})
    return (*kept, failed)


def _relieved(
    model: Model, i: int, stage: Stage, chosen: list[int], share: float, bot: levers.Bot | None, start: dt.date | None
) -> Model:
    """Return the model with a share of the chosen tasks done by a bot, or by nobody."""
    parts = [
        _parts(task, share, bot) if j in chosen and share > 0.0 else (task,) for j, task in enumerate(stage.tasks)
    ]
    tasks = _closed_up(stage.tasks, parts)
    stages = (*model.stages[:i], stage.model_copy(update={"tasks": tasks}), *model.stages[i + 1 :])
    return revalidated(model, stages=stages, **({} if bot is None else _staffed(model, bot, start)))


def _parts(task: Task, share: float, bot: levers.Bot | None) -> tuple[Task, ...]:
    """Return who does a task: the bot its share, in the task's place, and then people the rest of that task."""
    rest = task if share == 1.0 else task.model_copy(update={"work_hours": task.work_hours.scaled(1.0 - share)})
    if bot is None:
        return () if share == 1.0 else (rest,)
    moved = {"role": bot.name, "work_hours": task.work_hours.scaled(share), "part": "bot", "gather": None}
    first = task.model_copy(update=moved)
    return (first,) if share == 1.0 else (first, rest.model_copy(update={"parallel": False, "continues": True}))


def _closed_up(tasks: tuple[Task, ...], parts: list[tuple[Task, ...]]) -> tuple[Task, ...]:
    """Return the parts in order; where a task falls away what began with it, or after it, begins in its place."""
    found: list[Task] = []
    vacant: dict[str, dict[str, bool]] = {}
    for task, each in zip(tasks, parts, strict=True):
        place = {"parallel": task.parallel, "continues": task.continues}
        gap = vacant.pop(task.at, None)
        if gap is not None and (task.continues or (task.parallel and not any(gap.values()))):
            place = gap
        if each:
            found += [each[0].model_copy(update=place), *each[1:]]
        else:
            vacant[task.at] = place
    return tuple(found)


def _staffed(model: Model, bot: levers.Bot, start: dt.date | None) -> dict[str, Any]:
    """Return roles, reps and calendars with the bot among them."""
    name = f"{bot.name} 24/7"
    if any(role.name == bot.name for role in model.roles):
        if name not in model.calendars:
            message = f".bot.name must be new, or the name of another change's bot, got the role '{bot.name}'."
            raise ValueError(message)
        return {}
    open_ = Calendar(hours="00:00-24:00", days="mon-sun", timezone=model.calendar.timezone)
    role = Role(name=bot.name, routing="pool", concurrency=bot.at_once)
    rep = Rep(name=bot.name, role=bot.name, hired=start, speed=bot.speed, calendar=name, cost_per_year=bot.cost_per_year)
    return {
        "roles": (*model.roles, role), "reps": (*model.reps, rep), "calendars": {**model.calendars, name: open_},
    }  # fmt: skip


def _approve(change: levers.Approve, model: Model) -> Model:
    i = stage_index(model, change.stage, "stage")
    if change.remove:
        return without_stage(model, i, next_of(model.stages, i))
    stage = model.stages[i]
    update: dict[str, Any] = _given(change, ("when", "sla_days", "escalate_to"))
    if change.tiers:
        more = tuple(Task(role=tier.role, when=tier.when, work_hours=tier.work_hours) for tier in change.tiers)
        update["tasks"] = (*stage.tasks, *more)
    return swap(model, i, stage.model_copy(update=update))


def _given(change: levers.Change, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(change, name) for name in names if getattr(change, name) is not None}


def _respond(change: levers.Respond, model: Model) -> Model:
    i = stage_index(model, change.stage, "stage")
    stage = model.stages[i].model_copy(update=_given(change, ("patience_days", "sla_days", "escalate_to")))
    if change.response is not None:
        effects = stage.effects.model_copy(update={"response": change.response})
        stage = stage.model_copy(update={"effects": effects})
    if change.bot is None:
        return swap(model, i, stage)
    first = next((j for j, task in enumerate(stage.tasks) if task.at == "start" and task.part != "bot"), None)
    if first is None:
        message = f".stage must have a task of people for a bot to take over, got none in '{stage.name}'."
        raise ValueError(message)
    return _relieved(model, i, stage, [first], change.share, change.bot, change.start)


def _handoff(change: levers.HandoffChange, model: Model) -> Model:
    given = _given(change, ("delay_days", "loss", "communication"))
    if not given:
        message = " must change something: delay_days, loss or communication"
        raise ValueError(message)
    if change.stage is None:
        return revalidated(model, handoff=model.handoff.model_copy(update=given))
    i = stage_index(model, change.stage, "stage")
    known: Handoff = model.stages[i].handoff or model.handoff
    return swap(model, i, model.stages[i].model_copy(update={"handoff": known.model_copy(update=given)}))


STEPS: dict[str, Callable[[Any, Model], Model]] = {
    "automate": _automate,
    "approve": _approve,
    "respond": _respond,
    "handoff": _handoff,
    "parallel": parallel,
}
