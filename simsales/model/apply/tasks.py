"""Changes of the work in a stage, applied to a model: bots, approvals, answers, hand-offs, parallel work."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from simsales.errors import did_you_mean, got
from simsales.model import levers
from simsales.model.apply.process import (
    add,
    followed,
    merged,
    next_of,
    redirected,
    removed,
    revalidated,
    stage_index,
    swap,
)
from simsales.model.calendars import Calendar
from simsales.model.process import Stage, Task
from simsales.model.schema import Exit, Handoff, Model, Rep, Role


def _automate(change: levers.Automate, model: Model) -> Model:
    i = stage_index(model, change.stage, "stage")
    stage = model.stages[i]
    chosen = [j for j, task in enumerate(stage.tasks) if change.role in (None, task.role)]
    if not chosen:
        known = [task.role for task in stage.tasks]
        hint = did_you_mean(change.role or "", known) if known else "Hint: the stage has no tasks; scale its delays instead."
        message = f".role must do a task in '{stage.name}', got {change.role or 'nobody'}. {hint}"
        raise ValueError(message)
    error = change.share * change.error_rate
    if error > 0.0:
        stage = stage.model_copy(update={"exits": _with_errors(stage, error, change.error_to)})
    return _relieved(model, i, stage, chosen, change.share, change.bot, change.start)


def _with_errors(stage: Stage, error: float, to: str) -> tuple[Exit, ...]:
    """Let a share of all deals leave because something went wrong."""
    delay = next((e.delay_days for e in stage.exits if e.to == to), None)
    kept = [e.model_copy(update={"probability": e.probability * (1.0 - error)}) for e in stage.exits]
    failed = Exit(to=to, probability=error) if delay is None else Exit(to=to, probability=error, delay_days=delay)
    return merged((*kept, failed))


def _relieved(
    model: Model, i: int, stage: Stage, chosen: list[int], share: float, bot: levers.Bot | None, start: dt.date | None
) -> Model:
    """Return the model with a share of the chosen tasks done by a bot, or by nobody."""
    tasks: list[Task] = []
    for j, task in enumerate(stage.tasks):
        if j not in chosen or share == 0.0:
            tasks.append(task)
            continue
        human = [] if share == 1.0 else [task.model_copy(update={"work_hours": task.work_hours.scaled(1.0 - share)})]
        if bot is not None:
            moved = {"role": bot.name, "work_hours": task.work_hours.scaled(share), "part": "own", "gather": None}
            tasks.append(task.model_copy(update=moved))
            human = [task_.model_copy(update={"parallel": False}) for task_ in human]
        tasks += human
    if tasks and tasks[0].parallel:
        tasks[0] = tasks[0].model_copy(update={"parallel": False})
    stages = (*model.stages[:i], stage.model_copy(update={"tasks": tuple(tasks)}), *model.stages[i + 1 :])
    return revalidated(model, stages=stages, **({} if bot is None else _staffed(model, bot, start)))


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
        return removed(levers.Remove(stage=change.stage), model)
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
    if not stage.tasks:
        message = f".stage must have a task for a bot to take over, got none in '{stage.name}'."
        raise ValueError(message)
    return _relieved(model, i, stage, [0], change.share, change.bot, change.start)


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


def _parallel(change: levers.Parallel, model: Model) -> Model:
    if change.also is not None:
        model = _joined(change.stage, change.also, model)
    i = stage_index(model, change.stage, "stage")
    stage = model.stages[i]
    first = next((j for j, task in enumerate(stage.tasks) if task.at == "start"), len(stage.tasks))
    tasks = tuple(
        task.model_copy(update={"parallel": True})
        if j > first and task.at == "start" and (not change.roles or task.role in change.roles)
        else task
        for j, task in enumerate(stage.tasks)
    )
    known = [task.role for task in stage.tasks]
    for role in change.roles:
        if role not in known:
            message = f".roles must do a task in '{stage.name}', got {role}. {did_you_mean(role, known)}"
            raise ValueError(message)
    if tasks == stage.tasks:
        found = "they are done so already" if len(tasks) > 1 else f"{len(tasks)}"
        message = f".stage must have tasks to do side by side, got {found} in '{stage.name}'."
        raise ValueError(message)
    return swap(model, i, stage.model_copy(update={"tasks": tasks}))


def _joined(first: str, second: str, model: Model) -> Model:
    """Return the model with the work and the exits of `second` done in `first`."""
    i, j = stage_index(model, first, "stage"), stage_index(model, second, "also")
    one, two = model.stages[i], model.stages[j]
    way = next((e for e in one.exits if e.to == second), None)
    if way is None or one.contexts or two.contexts or two.when is not None:
        message = (
            f".also must be a stage that follows '{first}', without contexts or a condition of its own, got {got(second)}. "
            "Hint: write the joint stage with add, and remove the two."
        )
        raise ValueError(message)
    ways = [e for e in one.exits if e.to != second]
    for exit_ in two.exits:
        longer = max((way.delay_days, exit_.delay_days), key=lambda law: law.median())
        to = first if exit_.to == second else exit_.to
        update = {"to": to, "probability": way.probability * exit_.probability, "delay_days": longer}
        ways.append(exit_.model_copy(update=update))
    start = [task for task in (*one.tasks, *two.tasks) if task.at == "start"]
    end = [task for task in (*one.tasks, *two.tasks) if task.at == "end"]
    joint = one.model_copy(update={"exits": merged(tuple(ways)), "tasks": (*start, *end)})
    stages = tuple(joint if k == i else redirected(stage, second, first)
                   for k, stage in enumerate(model.stages) if k != j)  # fmt: skip
    return revalidated(model, stages=stages, channels=tuple(_entering(c, second, first) for c in model.channels))


def _entering(channel: Any, old: str, new: str) -> Any:
    if old not in channel.entry:
        return channel
    entry = {name: share for name, share in channel.entry.items() if name != old}
    return channel.model_copy(update={"entry": entry | {new: entry.get(new, 0.0) + channel.entry[old]}})


def _reorder(change: levers.Reorder, model: Model) -> Model:
    i = stage_index(model, change.stage, "stage")
    stage_index(model, change.after, "after")
    if change.stage == change.after:
        message = f".after must be another stage, got {got(change.after)}."
        raise ValueError(message)
    stage, onward = model.stages[i], next_of(model, i)
    without = removed(levers.Remove(stage=change.stage), model)
    following = followed(without, stage_index(without, change.after, "after"))
    moved = redirected(stage, onward, following)
    step = levers.Add(stage=moved, after=change.after)
    return add(step, without)


STEPS: dict[str, Callable[[Any, Model], Model]] = {
    "automate": _automate,
    "approve": _approve,
    "respond": _respond,
    "handoff": _handoff,
    "parallel": _parallel,
    "reorder": _reorder,
}
