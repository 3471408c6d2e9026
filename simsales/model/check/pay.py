"""Rules of pay plans that span several parts of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simsales.errors import did_you_mean, got
from simsales.model.check.names import unknown_names
from simsales.model.conditions import ATTRIBUTES, parse_condition

if TYPE_CHECKING:
    from simsales.model.schema import Model


def pay_problems(model: Model) -> Iterator[str]:
    """Yield every broken rule of the pay plans, as ``path must rule, got value. Hint: ...``."""
    roles = [role.name for role in model.roles]
    for name, plan in model.plans.items():
        for j, split in enumerate(plan.splits):
            if split.role not in roles:
                yield (
                    f"plans.{name}.splits[{j}].role must be one of the roles, got {got(split.role)}. "
                    f"{did_you_mean(split.role, roles)}"
                )
        for j, spiff in enumerate(plan.spiffs):
            if spiff.where is not None:
                yield from unknown_names(model, f"plans.{name}.spiffs[{j}].where", parse_condition(spiff.where, ATTRIBUTES))
    if model.quotas is not None and not any(rep.plan for rep in model.reps):
        yield "quotas must have reps with a plan to go to, got none. Hint: give reps a plan."
