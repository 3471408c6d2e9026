"""The process linter: what a stage lacks that people would need to work by it."""

from __future__ import annotations

from collections.abc import Iterator

from simsales.model.base import AFTER_OUTCOMES, OUTCOMES
from simsales.model.schema import Model, Stage


def lint(model: Model) -> list[str]:
    """Return the gaps of a process, stage by stage: owner, criteria, service level, ways out.

    A gap is no error: the simulation runs without an owner. It is what a design review would ask.

    Examples
    --------
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 1.0}], stages=[{
    ...     "name": "Open", "owner_role": "AE", "exit_criteria": ["budget known"], "sla_days": 10.0,
    ...     "exits": [{"to": "won", "probability": 1.0}]}])
    >>> lint(model)
    ["Stage 'Open' has no way out but forward: deals that fail must leave somewhere. Hint: add an exit to lost."]
    """
    return [f"Stage '{stage.name}' {gap}" for stage in model.stages for gap in _gaps(model, stage)]


def _gaps(model: Model, stage: Stage) -> Iterator[str]:
    if stage.owner_role is None and not any(task.part == "lead" for task in stage.tasks):
        yield "has no owner. Hint: give owner_role, or part: lead to one of its tasks."
    if not stage.exit_criteria:
        yield "has no exit criterion: when is it done? Hint: list exit_criteria."
    if stage.sla_days is None:
        yield "has no service level: how long may it take? Hint: give sla_days."
    ends = {*OUTCOMES, *AFTER_OUTCOMES} - {"won", "retained"}
    names = model.stage_names
    back = {name for name in names if names.index(name) <= names.index(stage.name)}
    if not any(e.to in ends | back for e in stage.exits):
        yield "has no way out but forward: deals that fail must leave somewhere. Hint: add an exit to lost."
    if not any(e.to not in ends | back for e in stage.exits):
        yield "has no way forward. Hint: add an exit to the next stage, or to won."
    if stage.exits and any(e.to in back for e in stage.exits) and stage.max_visits > MANY:
        yield f"may be repeated {stage.max_visits} times. Hint: give max_visits, so that somebody decides in the end."


MANY = 25
"""More visits than the usual limit: rework without an end."""
