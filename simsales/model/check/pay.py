"""Rules of pay plans that span several parts of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simsales.errors import did_you_mean
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
                    f"plans.{name}.splits[{j}].role must be one of the roles, got '{split.role}'. "
                    f"{did_you_mean(split.role, roles)}"
                )
        for j, spiff in enumerate(plan.spiffs):
            if spiff.where is not None:
                yield from _known(model, f"plans.{name}.spiffs[{j}].where", spiff.where)
    if model.quotas is not None and not any(rep.plan for rep in model.reps):
        yield "quotas must have reps with a plan to go to, got none. Hint: give reps a plan."


def _known(model: Model, path: str, text: str) -> Iterator[str]:
    """Yield the names in a condition that the model does not have."""
    names = {
        "segment": [segment.name for segment in model.segments],
        "channel": [channel.name for channel in model.channels],
        "product": [product.name for product in model.products],
        "region": [region.name for region in model.regions],
    }
    for field, _, value in parse_condition(text, ATTRIBUTES):
        if field in names and value not in names[field]:
            yield f"{path} must name a {field} of the model, got '{value}'. {did_you_mean(str(value), names[field])}"
