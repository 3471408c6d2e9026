"""Rules of roles and reps that span several parts of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simsales.errors import did_you_mean

if TYPE_CHECKING:
    from simsales.model.schema import Model, Rep


def people_problems(model: Model) -> Iterator[str]:
    """Yield every broken rule of the people, as ``path must rule, got value. Hint: ...``."""
    for i, rep in enumerate(model.reps):
        yield from _rep(model, i, rep)
    yield from _staffed(model)


def _rep(model: Model, i: int, rep: Rep) -> Iterator[str]:
    roles = [role.name for role in model.roles]
    if rep.role not in roles:
        yield (
            f"reps[{i}].role must be one of the roles, got '{rep.role}'. "
            f"{did_you_mean(rep.role, roles)}"
        )
    if rep.plan is not None and rep.plan not in model.plans:
        yield (
            f"reps[{i}].plan must be one of the plans, got '{rep.plan}'. "
            f"{did_you_mean(rep.plan, model.plans)}"
        )


def _staffed(model: Model) -> Iterator[str]:
    staffed = {rep.role for rep in model.reps}
    known = {role.name for role in model.roles}
    needed = sorted({task.role for stage in model.stages for task in stage.tasks})
    for role in needed:
        if role in known and role not in staffed:
            yield f"reps must include somebody of the role '{role}' that does tasks, got nobody."
