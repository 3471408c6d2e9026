"""Rules of stages, tasks, exits and contexts that span several parts of a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from simsales.errors import did_you_mean, got
from simsales.model.base import AFTER_OUTCOMES, OUTCOMES
from simsales.model.conditions import ConditionError, parse_condition
from simsales.model.process import ESCALATE_PASS

if TYPE_CHECKING:
    from simsales.model.schema import Context, Exit, Model, Stage

TOLERANCE = 1e-6
TERMS = ("standard", "non_standard")


def process_problems(model: Model) -> Iterator[str]:
    """Yield every broken rule of the process, as ``path must rule, got value. Hint: ...``."""
    for i, stage in enumerate(model.stages):
        yield from _stage(model, i, stage)
    yield from _beginning(model)


def _stage(model: Model, i: int, stage: Stage) -> Iterator[str]:
    path = f"stages[{i}]"
    yield from _exits(model, path, stage, stage.exits)
    yield from _tasks(model, path, stage)
    if stage.when is not None:
        yield from _condition(model, f"{path}.when", stage.when)
    for j, context in enumerate(stage.contexts):
        yield from _context(model, f"{path}.contexts[{j}]", stage, context)
    yield from _escalation(model, path, stage)
    if stage.effects.score and model.scoring is None:
        yield f"{path}.effects.score must stand beside the model's scoring, got none. Hint: add scoring: with its factors."


# exits ------------------------------------------------------------------------------------------


def _exits(model: Model, path: str, stage: Stage, exits: Sequence[Exit]) -> Iterator[str]:
    total = sum(exit_.probability for exit_ in exits)
    if abs(total - 1.0) > TOLERANCE:
        yield (
            f"{path}.exits must have probabilities that add up to 1, got {total:.6g} in "
            f"'{stage.name}'. Hint: change one of {', '.join(e.to for e in exits)}."
        )
    for j, exit_ in enumerate(exits):
        yield from _target(model, f"{path}.exits[{j}]", stage, exit_)
    for to, count in Counter(exit_.to for exit_ in exits).items():
        if count > 1:
            yield f"{path}.exits must name each target once, got {got(to)} {count} times."


def _target(model: Model, path: str, stage: Stage, exit_: Exit) -> Iterator[str]:
    """Yield what is wrong with where an exit leads: nothing but ``then`` crosses the win."""
    after = [each.name for each in model.stages if each.after_sale]
    before = [each.name for each in model.stages if not each.after_sale]
    allowed = (*after, *AFTER_OUTCOMES) if stage.after_sale else (*before, *OUTCOMES)
    other = (*before, *OUTCOMES) if stage.after_sale else (*after, *AFTER_OUTCOMES)
    if exit_.to in other:
        rule = "lead on after the sale" if stage.after_sale else "not lead past the win"
        hint = (
            f"allowed are {', '.join(allowed)}" if stage.after_sale
            else f"write to: won, then: {exit_.to}" if exit_.to in after
            else "retained and churned end after-sale stages; mark the stage with after_sale: true"
        )  # fmt: skip
        yield f"{path}.to must {rule}, got {got(exit_.to)} in '{stage.name}'. Hint: {hint}."
    elif exit_.to not in allowed:
        yield f"{path}.to must be a stage or an outcome, got {got(exit_.to)}. {did_you_mean(exit_.to, allowed)}"
    if exit_.then is None:
        return
    if exit_.to != "won":
        yield f"{path}.then must stand beside to: won, got to: {exit_.to}. Hint: it says where a customer goes on."
    if exit_.then not in after:
        marked = f"Hint: mark '{exit_.then}' with after_sale: true." if exit_.then in before else did_you_mean(exit_.then, after)
        yield f"{path}.then must be an after-sale stage, got {got(exit_.then)}. {marked}"


def _beginning(model: Model) -> Iterator[str]:
    """Yield what is wrong with where deals enter: always before the win."""
    after = [stage.name for stage in model.stages if stage.after_sale]
    if after and model.stages[0].after_sale:
        yield (
            f"stages[0].after_sale must be false, got true in '{after[0]}'. "
            "Hint: list the stages before the win first; deals enter at the first one."
        )
    for i, channel in enumerate(model.channels):
        for name in channel.entry:
            if name in after:
                yield (
                    f"channels[{i}].entry.{name} must be a stage before the win, got an after-sale stage. "
                    "Hint: customers come from an exit with then."
                )


# tasks and escalation ---------------------------------------------------------------------------


def _tasks(model: Model, path: str, stage: Stage) -> Iterator[str]:
    names = [role.name for role in model.roles]
    begun: set[str] = set()
    for j, task in enumerate(stage.tasks):
        if task.role not in names:
            yield (
                f"{path}.tasks[{j}].role must be one of the roles, got {got(task.role)}. "
                f"{did_you_mean(task.role, names)}"
            )
        if (task.parallel or task.continues) and task.at not in begun:
            yield (
                f"{path}.tasks[{j}].{'parallel' if task.parallel else 'continues'} must follow a task with at: {task.at} "
                "to begin with, got the first one. "
                "Hint: mark the second of two tasks that begin together."
            )
        begun.add(task.at)
        others = [name for name in model.stage_names if name != stage.name]
        if task.counts_for is not None and task.counts_for not in others:
            yield (
                f"{path}.tasks[{j}].counts_for must be one of the other stages, got '{task.counts_for}'. "
                f"{did_you_mean(task.counts_for, others)}"
            )
        if task.when is not None:
            yield from _condition(model, f"{path}.tasks[{j}].when", task.when)


def _escalation(model: Model, path: str, stage: Stage) -> Iterator[str]:
    if stage.escalate_to is None:
        return
    if stage.sla_days is None:
        yield f"{path}.escalate_to must stand beside sla_days, got it alone. Hint: say after how many days."
    roles = [role.name for role in model.roles]
    if stage.escalate_to not in (*roles, ESCALATE_PASS):
        yield (
            f"{path}.escalate_to must be one of the roles, or {ESCALATE_PASS}, got {got(stage.escalate_to)}. "
            f"{did_you_mean(stage.escalate_to, (*roles, ESCALATE_PASS))}"
        )
    elif stage.escalate_to in roles and stage.escalate_to not in {rep.role for rep in model.reps}:
        yield f"reps must include somebody of the role '{stage.escalate_to}' to which {path} escalates, got nobody."


# contexts and conditions ------------------------------------------------------------------------


def _context(model: Model, path: str, stage: Stage, context: Context) -> Iterator[str]:
    yield from _condition(model, f"{path}.when", context.when)
    if context.exits:
        yield from _exits(model, path, stage, context.exits)


def _condition(model: Model, path: str, text: str) -> Iterator[str]:
    """Yield what is wrong with a condition: its form, and names that the model does not have."""
    try:
        clauses = parse_condition(text)
    except ConditionError as error:
        yield f"{path} {error}"
        return
    names = {
        "previous": ("stages", model.stage_names),
        "segment": ("segments", [each.name for each in model.segments]),
        "channel": ("channels", [each.name for each in model.channels]),
        "product": ("products", [each.name for each in model.products]),
        "region": ("regions", [each.name for each in model.regions]),
        "terms": ("terms", TERMS),
    }
    for field, _, value in clauses:
        if field == "score" and model.scoring is None:
            yield f"{path} must not ask for a score without scoring, got {got(text)}. Hint: add scoring: with its factors."
        group, known = names.get(field, ("", ()))
        if group and value not in known:
            hint = did_you_mean(str(value), known) if known else f"Hint: the model has no {group}."
            yield f"{path} must compare {field} with one of the {group}, got {got(value)}. {hint}"
