"""Work side by side: the tasks of one stage, or of two stages that followed each other."""

from __future__ import annotations

from typing import Any

from simsales.errors import did_you_mean, got
from simsales.model import levers
from simsales.model.apply.process import revalidated, stage_index, swap
from simsales.model.apply.ways import Exits, asks, every_exit, merged, sources, with_exits
from simsales.model.conditions import parse_condition, together
from simsales.model.laws import AnyLaw, Constant
from simsales.model.process import Context, Effects, Exit, Stage, Task
from simsales.model.schema import Model

NOW = Constant(value=0.0)
MEANT = {"name", "tasks", "exits", "sla_days"}
"""What two stages that become one may both state: it is put together."""


def parallel(change: levers.Parallel, model: Model) -> Model:
    """Return the model with the tasks of a stage, and perhaps of the next one, side by side."""
    if change.also is not None:
        model = _joined(change.stage, change.also, model)
    i = stage_index(model, change.stage, "stage")
    stage = model.stages[i]
    known = [task.role for task in stage.tasks]
    for role in change.roles:
        if role not in known:
            message = f".roles must do a task in '{stage.name}', got {role}. {did_you_mean(role, known)}"
            raise ValueError(message)
    tasks = _side_by_side(stage.tasks, change.roles)
    if tasks == stage.tasks and change.also is None:
        found = "they are done so already" if len(tasks) > 1 else f"{len(tasks)}"
        message = f".stage must have tasks to do side by side, got {found} in '{stage.name}'."
        raise ValueError(message)
    return swap(model, i, stage.model_copy(update={"tasks": tasks}))


def _side_by_side(tasks: tuple[Task, ...], roles: tuple[str, ...]) -> tuple[Task, ...]:
    """Return the tasks with those of `roles` (none: all) beginning with the first one; what goes on with a task stays so."""
    chains: list[list[Task]] = []
    for task in tasks:
        if task.at == "start" and task.continues:
            chains[-1].append(task)
        elif task.at == "start":
            chains.append([task])
    if not chains:
        return tasks
    first, *others = chains
    beside = [chain for chain in others if not roles or chain[0].role in roles]
    later = [chain for chain in others if chain not in beside]
    moved = [[chain[0].model_copy(update={"parallel": True}), *chain[1:]] for chain in beside]
    at_start = [task for chain in (first, *moved, *later) for task in chain]
    return (*at_start, *(task for task in tasks if task.at == "end")) if beside else tasks


# two stages ---------------------------------------------------------------------------------------


def _joined(first: str, second: str, model: Model) -> Model:
    """Return the model with the work of `second` done in `first`.

    Where nothing but probabilities decides, the two become one stage. Else `second` stays, as a decision without work: its
    effects, contexts and limits act as before.
    """
    i, j = stage_index(model, first, "stage"), stage_index(model, second, "also")
    one, two = model.stages[i], model.stages[j]
    ways = [exit_ for exit_ in every_exit(one) if exit_.to == second]
    if i >= j or not ways:
        message = f".also must be a stage that follows '{first}', got {got(second)}. Hint: name one to which '{first}' has an exit."
        raise ValueError(message)
    _fit(one, two, ways)
    stage = _joint_work(one, two, model)
    plain = _plain(one, two, model)
    if plain is not None:
        stage = stage.model_copy(update={"exits": plain, "tasks": (*stage.tasks, *(t for t in two.tasks if t.at == "end"))})
        stages = tuple(stage if k == i else each for k, each in enumerate(model.stages) if k != j)
        return revalidated(model, stages=stages)
    stage, decision = _decided_after(stage, one, two, model)
    return revalidated(model, stages=tuple({i: stage, j: decision}.get(k, each) for k, each in enumerate(model.stages)))


def _refusal(one: Stage, two: Stage, rule: str, found: str, hint: str) -> ValueError:
    return ValueError(f".also must {rule} as '{one.name}', got {found} in '{two.name}'. Hint: {hint}.")


def _fit(one: Stage, two: Stage, ways: list[Exit]) -> None:
    """Refuse what would hold for the work of the other stage, too, once the two are done together."""
    mine, moved = [t for t in one.tasks if t.at == "start"], [t for t in two.tasks if t.at == "start"]
    if mine and moved:
        for name in ("patience_days", "handoff"):
            if getattr(one, name) != getattr(two, name):
                raise _refusal(one, two, f"have the same {name}", "another one", f"set {name} of both to what holds for the joint work first")
        if one.escalate_to != two.escalate_to or (one.escalate_to is not None and one.sla_days != two.sla_days):
            raise _refusal(one, two, "escalate alike", "another rule", "set sla_days and escalate_to of both to what holds for the joint work first")
    if moved and any(context.work_scale != 1.0 for stage in (one, two) for context in stage.contexts):
        raise _refusal(one, two, "have work that does not depend on the context", "a work_scale", "state the work of the joint stage with set first")
    texts = [text for text in (two.when, *(task.when for task in moved)) if text is not None]
    fields = {field for text in texts for field, _, _ in parse_condition(text)}
    changing = {"visit", "previous"} | ({"amount", "discount"} if any(e.max_discount is not None for e in ways) else set())
    if moved and fields & changing:
        raise _refusal(one, two, "have conditions that can be read as early", ", ".join(sorted(fields & changing)), "state the conditions with set first")


def _joint_work(one: Stage, two: Stage, model: Model) -> Stage:
    """Return the first stage with the work of both; the stricter service level and the patience of who has work hold."""
    apart = any(stage.effects.skill or stage.effects.touch for stage in (one, two)) or model.effort is not None
    moved = []
    for task in two.tasks:
        if task.at == "start":
            when, possible = together(two.when, task.when)
            if not possible:
                continue  # nobody ever had this work
            counts_for = task.counts_for or (two.name if apart else None)
            moved.append(task.model_copy(update={"when": when, "counts_for": counts_for}))
    mine = [task for task in one.tasks if task.at == "start"]
    update: dict[str, Any] = {"tasks": (*mine, *moved, *(task for task in one.tasks if task.at == "end"))}
    if moved:
        levels = [stage.sla_days for stage in (one, two) if stage.sla_days is not None]
        update["sla_days"] = min(levels, default=None)
        if not mine:
            update |= {name: getattr(two, name) for name in ("patience_days", "handoff", "escalate_to")}
    return one.model_copy(update=update)


def _longer(one: AnyLaw, two: AnyLaw) -> AnyLaw:
    return one if one.median() >= two.median() else two


def _plain(one: Stage, two: Stage, model: Model) -> Exits | None:
    """Return the exits of both decisions in one; None where more than probabilities decides, or exits cannot be one."""
    plain = Stage(name=two.name, exits=two.exits)
    same = all(
        getattr(two, name) in (getattr(plain, name), *((getattr(one, name),) if name != "effects" else ()))
        for name in Stage.model_fields
        if name not in MEANT
    )
    told = any({one.name, two.name} & asks(stage) for stage in model.stages)
    if not same or one.contexts or one.effects != Effects() or told or _other_ways(one, two, model) or _odds_move(model):
        return None
    (way,) = (exit_ for exit_ in one.exits if exit_.to == two.name)
    exits = [exit_ for exit_ in one.exits if exit_.to != two.name]
    for exit_ in two.exits:
        update = {"probability": way.probability * exit_.probability, "delay_days": _longer(way.delay_days, exit_.delay_days)}
        exits.append(exit_.model_copy(update=update))
    try:
        return merged(tuple(exits)) if way.max_discount is None and way.reason is None else None
    except ValueError:
        return None  # a reason each: two decisions can tell them apart


def _odds_move(model: Model) -> bool:
    """Tell whether something shifts the odds of every stage: two decisions are shifted twice."""
    logits = [each.advance_logit for each in model.segments]
    logits += [each.advance_logit for each in model.products] + [each.advance_logit for each in model.regions]
    logits += [event.win_logit for event in model.events] + [model.shocks.win_logit_quarter_sd]
    return any(logits) or model.effort is not None


def _decided_after(stage: Stage, one: Stage, two: Stage, model: Model) -> tuple[Stage, Stage]:
    """Return the joint stage, and the second one as a decision of no work: who comes another way works there as before."""
    if any(task.at == "end" for task in one.tasks):
        raise _refusal(one, two, "decide by probabilities alone where work at the end of the stay is left", "more", "set at: start for that task first")
    came = f"previous != {one.name}"
    elsewhere = _other_ways(one, two, model)
    kept = tuple(
        task if task.at == "end" else task.model_copy(update={"when": came if task.when is None else f"{came} and {task.when}"})
        for task in two.tasks
        if task.at == "end" or elsewhere
    )
    decision = two.model_copy(update={"tasks": kept, **({} if elsewhere else {"patience_days": None, "escalate_to": None})})
    return _waited(stage, decision, elsewhere=elsewhere)


def _other_ways(one: Stage, two: Stage, model: Model) -> bool:
    """Tell whether deals come to the second stage that have not been in the first."""
    after_win = any(exit_.then == two.name for each in model.stages for exit_ in every_exit(each))
    entered = any(two.name in channel.entry for channel in model.channels)
    return one.when is not None or after_win or entered or sources(model.stages, two.name) != [one.name]


def _waited(stage: Stage, two: Stage, *, elsewhere: bool) -> tuple[Stage, Stage]:
    """Return both stages with the longer of the two delays waited for, once, after the first decision."""
    delays = list(dict.fromkeys(exit_.delay_days for exit_ in every_exit(stage) if exit_.to == two.name))
    delay = delays[0]
    if delays == [NOW]:
        return stage, two
    scaled = any(context.delay_scale != 1.0 for each in (stage, two) for context in each.contexts)
    if len(delays) > 1 or scaled or two.when is not None:
        raise _refusal(stage, two, "wait one time", "delays that depend on the deal", f"set the delay from '{stage.name}' to it to 0 first")
    stage = with_exits(stage, lambda exits: tuple(
        e.model_copy(update={"delay_days": NOW}) if e.to == two.name else e for e in exits
    ))  # fmt: skip

    def waiting(exits: Exits) -> Exits:
        return tuple(e.model_copy(update={"delay_days": _longer(delay, e.delay_days)}) for e in exits)

    if not elsewhere:
        return stage, with_exits(two, waiting)
    from_here = f"previous == {stage.name}"
    early = [c.model_copy(update={"when": f"{from_here} and {c.when}", "exits": waiting(c.exits or two.exits)}) for c in two.contexts]
    early.append(Context(when=from_here, exits=waiting(two.exits)))
    return stage, two.model_copy(update={"contexts": (*early, *two.contexts)})
