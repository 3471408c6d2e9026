"""Rules that span several parts of a model; each problem is one line that starts with its path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from simsales.errors import got
from simsales.model.base import AFTER_OUTCOMES, OUTCOMES
from simsales.model.check.market import market_problems
from simsales.model.check.pay import pay_problems
from simsales.model.check.people import people_problems
from simsales.model.check.process import process_problems

if TYPE_CHECKING:
    from simsales.model.schema import Model


def problems(model: Model) -> list[str]:
    """Return every broken rule of `model`, as ``path must rule, got value. Hint: ...``."""
    return [*_unique(model), *_linear(model), *process_problems(model), *market_problems(model), *people_problems(model), *pay_problems(model)]


def _unique(model: Model) -> Iterator[str]:
    groups: dict[str, Iterable[str]] = {
        "channels": [channel.name for channel in model.channels],
        "segments": [segment.name for segment in model.segments],
        "stages": [stage.name for stage in model.stages],
        "roles": [role.name for role in model.roles],
        "reps": [rep.name for rep in model.reps if rep.name],
        "products": [product.name for product in model.products],
        "regions": [region.name for region in model.regions],
        "events": [event.name for event in model.events],
        "trainings": [training.name for training in model.trainings],
    }
    for group, names in groups.items():
        for name, count in Counter(names).items():
            if count > 1:
                yield f"{group} must have unique names, got {got(name)} {count} times."
    for i, stage in enumerate(model.stages):
        if stage.name in (*OUTCOMES, *AFTER_OUTCOMES):
            yield (
                f"stages[{i}].name must not be an outcome ({', '.join((*OUTCOMES, *AFTER_OUTCOMES))}), got {got(stage.name)}. "
                "Hint: outcomes are exits, not stages."
            )


def _linear(model: Model) -> Iterator[str]:
    """Yield the skips and returns of a process that is said to be linear."""
    if model.process != "linear":
        return
    names = model.stage_names
    hint = "Hint: process: graph allows any way."
    for i, stage in enumerate(model.stages):
        if stage.after_sale:
            continue
        following = names[i + 1] if i + 1 < len(names) else None
        every = (*stage.exits, *(exit_ for context in stage.contexts for exit_ in context.exits))
        for exit_ in every:
            if exit_.to in names and exit_.to != following:
                yield f"stages[{i}].exits must lead to the next stage or out in a linear process, got {got(exit_.to)} from '{stage.name}'. {hint}"
    for j, channel in enumerate(model.channels):
        for name in channel.entry:
            if name != names[0]:
                yield f"channels[{j}].entry must be the first stage in a linear process, got {got(name)}. {hint}"
