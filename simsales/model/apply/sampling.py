"""Uncertain numbers of a scenario: their two ends are checked once, then one draw a replication."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from simsales.errors import InvalidModelError
from simsales.model.apply.timeline import Timeline
from simsales.model.laws import Law
from simsales.model.levers import Change, Scenario, field_at, subject, with_numbers

EDGE = 1e-6
"""Draws are kept this far from 0 and 1, so that the two ends that were checked are the ends."""


def sampled(timeline: Timeline, uniform: Callable[[str], float]) -> Timeline:
    """Return a timeline with its uncertain numbers drawn.

    Parameters
    ----------
    timeline : Timeline
    uniform : callable
        From the key of a number (what the change is about, and the field) to a uniform; one key, one number.

    Returns
    -------
    Timeline
        Without anything uncertain; the timeline itself where nothing is.

    Examples
    --------
    >>> from simsales.model.apply import apply
    >>> from simsales.model.schema import Model
    >>> base = Model(channels=[{"name": "web", "leads_per_week": 10.0}],
    ...              stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> more = {"scale": {"path": "channels[web].leads_per_week", "by": 1.2,
    ...                   "uncertain": {"by": {"uniform": {"low": 1.0, "high": 2.0}}}}}
    >>> sampled(apply(Scenario(changes=[more]), base), lambda key: 0.5).last.channels[0].leads_per_week
    15.0
    """
    from simsales.model.apply import apply

    known = timeline.uncertain
    if known is None:
        return timeline
    drawn = apply(certain(known.scenario, uniform), known.base)
    costs, dips = (*known.costs, *drawn.costs), (*known.dips, *drawn.dips)
    return replace(drawn, name=timeline.name, costs=costs, dips=dips, base=timeline.base)


def certain(scenario: Scenario, uniform: Callable[[str], float]) -> Scenario:
    """Return the scenario with every uncertain number replaced by a draw."""
    seen: dict[str, int] = {}
    changes = []
    for change in scenario.changes:
        key = subject(change)
        seen[key] = seen.get(key, 0) + 1
        key += f"#{seen[key]}" if seen[key] > 1 else ""
        changes.append(_drawn(change, key, uniform))
    return Scenario(**{**_fields(scenario), "changes": tuple(changes)})


def _drawn(change: Change, key: str, uniform: Callable[[str], float]) -> Change:
    if not change.uncertain:
        return change
    numbers = {name: _number(change, name, law, uniform(f"{key}:{name}")) for name, law in change.uncertain.items()}
    return with_numbers(change.model_copy(update={"uncertain": {}}), numbers)


def _number(change: Change, name: str, law: Law, u: float) -> float:
    """Return a draw; where the number itself is negative the law describes its size."""
    size = float(law.quantile(np.array([min(max(u, EDGE), 1.0 - EDGE)]))[0])
    return -size if field_at(change, name) < 0 else size


def _fields(scenario: Scenario) -> dict[str, Any]:
    return {name: getattr(scenario, name) for name in Scenario.model_fields}


def checked_ends(scenario: Scenario, applied: Callable[[Scenario], Timeline]) -> None:
    """Check that the lowest and the highest draws fit the model, too.

    Raises
    ------
    InvalidModelError
        Where one does not.
    """
    for word, u in (("lowest", 0.0), ("highest", 1.0)):
        try:
            applied(certain(scenario, lambda _, u=u: u))  # type: ignore[misc]  # the default binds the loop's value
        except (ValueError, InvalidModelError) as error:
            lines = [f"{line} Hint: so it is at the {word} values of what is uncertain; narrow its law." for line in str(error).splitlines()]
            raise InvalidModelError("\n".join(lines)) from error
