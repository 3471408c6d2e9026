"""Names in conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from simsales.errors import did_you_mean, got
from simsales.model.conditions import Clause

if TYPE_CHECKING:
    from simsales.model.schema import Model


def unknown_names(model: Model, path: str, clauses: Iterable[Clause]) -> Iterator[str]:
    """Yield what a condition names that the model does not have."""
    names = {
        "segment": [each.name for each in model.segments], "channel": [each.name for each in model.channels],
        "product": [each.name for each in model.products], "region": [each.name for each in model.regions],
    }  # fmt: skip
    for field, _, value in clauses:
        known = names.get(field, [])
        if field in names and value not in known:
            hint = did_you_mean(str(value), known) or f"Hint: the model has no {field}s."
            yield f"{path} must name a {field} of the model, got {got(value)}. {hint}"
