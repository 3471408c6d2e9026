"""Rules of roles and reps that span several parts of a model."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from simsales.errors import did_you_mean, got
from simsales.model.check.names import unknown_names
from simsales.model.conditions import ATTRIBUTES, ConditionError, parse_condition
from simsales.model.roster import named_reps

if TYPE_CHECKING:
    from simsales.model.people import Training
    from simsales.model.schema import Model, Rep, Role


def people_problems(model: Model) -> Iterator[str]:
    """Yield every broken rule of the people, as ``path must rule, got value. Hint: ...``."""
    for i, rep in enumerate(model.reps):
        yield from _rep(model, i, rep)
    yield from _staffed(model)
    for i, role in enumerate(model.roles):
        yield from _routing(model, i, role)
        yield from _queue(model, i, role)
    yield from _attrition(model)
    for i, training in enumerate(model.trainings):
        yield from _training(model, i, training)


def _rep(model: Model, i: int, rep: Rep) -> Iterator[str]:
    roles = [role.name for role in model.roles]
    if rep.role not in roles:
        yield f"reps[{i}].role must be one of the roles, got {got(rep.role)}. {did_you_mean(rep.role, roles)}"
    if rep.plan is not None and rep.plan not in model.plans:
        yield f"reps[{i}].plan must be one of the plans, got {got(rep.plan)}. {did_you_mean(rep.plan, model.plans)}"
    if rep.calendar is not None and rep.calendar not in model.calendars:
        hint = did_you_mean(rep.calendar, model.calendars) or "Hint: add it to calendars."
        yield f"reps[{i}].calendar must be one of the calendars, got {got(rep.calendar)}. {hint}"
    if rep.manager is not None and rep.manager not in (names := _names(model)):
        yield f"reps[{i}].manager must name a rep, got {got(rep.manager)}. {did_you_mean(rep.manager, names)}"
    for j, text in enumerate(rep.off):
        if not _is_span(text):
            yield (
                f"reps[{i}].off[{j}] must be a date or a..b, got {got(text)}. "
                "Hint: write 2027-08-02 or 2027-08-02..2027-08-20, the earlier day first."
            )
    if rep.territory is not None:
        yield from _territory(model, f"reps[{i}].territory", rep.territory)


def _territory(model: Model, path: str, text: str) -> Iterator[str]:
    """Yield what is wrong with a territory: its form, and names that the model does not have."""
    try:
        clauses = parse_condition(text, ATTRIBUTES)
    except ConditionError as error:
        yield f"{path} {error}"
        return
    yield from unknown_names(model, path, clauses)


def _names(model: Model) -> list[str]:
    return [str(rep.name) for rep in named_reps(model)]


def _is_span(text: str) -> bool:
    first, _, last = text.partition("..")
    try:
        begin = dt.date.fromisoformat(first.strip())
        return begin <= dt.date.fromisoformat((last or first).strip())
    except ValueError:
        return False


def _staffed(model: Model) -> Iterator[str]:
    staffed = {rep.role for rep in model.reps}
    known = {role.name for role in model.roles}
    needed = sorted({task.role for stage in model.stages for task in stage.tasks})
    for role in needed:
        if role in known and role not in staffed:
            yield f"reps must include somebody of the role '{role}' that does tasks, got nobody."


def _routing(model: Model, i: int, role: Role) -> Iterator[str]:
    where = f"roles[{i}]"
    if role.routing in ("skill", "score") and not role.tiers:
        yield f"{where}.tiers must give bounds for routing {role.routing}, got none. Hint: two bounds make three tiers."
    if any(b <= a for a, b in zip(role.tiers, role.tiers[1:], strict=False)):
        yield f"{where}.tiers must rise, got {', '.join(f'{bound:g}' for bound in role.tiers)}."
    if role.routing == "territory" and not any(rep.role == role.name and rep.territory for rep in model.reps):
        yield (
            f"{where}.routing must have a rep with a territory to be territory, got none of role '{role.name}'. "
            "Hint: give a rep territory: region == north."
        )
    if role.routing == "score" and model.scoring is None:
        yield f"{where}.routing must stand with scoring to be score, got no scoring. Hint: add scoring with factors."
    if role.recycle_days is not None and role.routing == "pool":
        yield (
            f"{where}.recycle_days must stand with a routing that gives tasks to owners, got pool. "
            "Hint: in a pool any rep may take a waiting task anyway."
        )


def _queue(model: Model, i: int, role: Role) -> Iterator[str]:
    if role.queue == "score" and model.scoring is None:
        yield f"roles[{i}].queue must stand with scoring to be score, got no scoring. Hint: add scoring with factors."
    if role.queue == "due" and all(stage.sla_days is None for stage in model.stages):
        yield f"roles[{i}].queue must have a stage with sla_days to be due, got none."


def _attrition(model: Model) -> Iterator[str]:
    roles = [role.name for role in model.roles]
    for name in model.attrition:
        if name not in roles:
            yield f"attrition.{name} must be one of the roles, got {got(name)}. {did_you_mean(name, roles)}"


def _training(model: Model, i: int, training: Training) -> Iterator[str]:
    for kind, name, known in (
        ("role", training.role, [role.name for role in model.roles]),
        ("rep", training.rep, _names(model)),
        ("team", training.team, sorted({rep.team for rep in model.reps if rep.team})),
    ):
        if name is not None and name not in known:
            yield f"trainings[{i}].{kind} must name a {kind} of the model, got {got(name)}. {did_you_mean(name, known)}"
