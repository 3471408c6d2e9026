"""What a plan says about the life of a deal, as plain tuples for a reader in Python (R2 to R6)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from simsales.engine.tables import Table
from simsales.model.compensation import Timing
from simsales.model.conditions import Clause
from simsales.model.process import Gather, SpeedToLead, Touch

NOBODY = -1
PASS = -2
"""Instead of a role to which a breach escalates: the deal goes on without the work."""
Clauses = tuple[Clause, ...]


class TaskView(NamedTuple):
    """One task of a stage; `position` counts the tasks of the stage as the model lists them, first ones first.

    `follows`: begins when the task before it ends, beside what else runs. `counts_for`: the stage for whose odds it is done.
    """

    role: int
    law: Table
    position: int
    when: Clauses | None
    parallel: bool
    lead: bool
    assist: bool
    gather: Gather | None
    follows: bool = False
    counts_for: int = NOBODY
    bot: bool = False


class TaskExtra(NamedTuple):
    """What a task states besides role and work."""

    position: int
    when: Clauses | None = None
    parallel: bool = False
    lead: bool = False
    assist: bool = False
    gather: Gather | None = None
    follows: bool = False
    counts_for: int = NOBODY
    bot: bool = False

    def at(self, role: int, law: Table) -> TaskView:
        """Return the task of a role."""
        return TaskView(role, law, *self)


class ExitView(NamedTuple):
    """What an exit does besides leading somewhere: -1, 1.0 and 0 are nothing."""

    then: int = NOBODY
    max_discount: float = 1.0
    reason: int = 0


PLAIN_EXIT = ExitView()


class HandoffView(NamedTuple):
    """What it costs to pass a deal on."""

    delay: Table
    scale: float
    loss: float


class EffectsView(NamedTuple):
    """Shifts of the log-odds that few models use."""

    response: SpeedToLead | None
    score: float
    reference: float
    discount: float
    touch: Touch | None


class ExitTable(NamedTuple):
    """Exits, best first; delays are positions in the plan's tables."""

    targets: tuple[int, ...]
    cumulative: tuple[float, ...]
    advancing: int
    delays: tuple[int, ...]
    views: tuple[ExitView, ...]


class ContextExtra(NamedTuple):
    """An exception from a stage's exits; `exits` is None where they stay."""

    when: Clauses
    exits: ExitTable | None
    logit: float
    delay_scale: float
    work_scale: float


class StageExtra(NamedTuple):
    """What a stage states besides exits, tasks and limits."""

    tasks: tuple[TaskExtra, ...]
    exits: tuple[ExitView, ...]
    contexts: tuple[ContextExtra, ...]
    sla: float
    escalate: int
    handoff: tuple[int, float, float] | None
    effects: EffectsView | None
    after_sale: bool
    skip_then: int


class ProcessPlan(NamedTuple):
    """Contexts, gates, hand-offs, gatherings, effects, pace and timing of a plan.

    Parameters
    ----------
    stages : tuple of tuple of StageExtra, shape (n_regimes, n_stages)
        None where a regime lacks the stage.
    reasons : tuple of str
        Reasons that exits state; they follow ``state.REASONS``.
    pace : tuple of float, shape (n_regimes,)
        Correlation between the delays of a deal.
    timing : tuple of Timing, shape (n_regimes,)
    authority : tuple of tuple of float, shape (n_regimes, n_roles)
        Discount that a role may give alone.
    """

    stages: tuple[tuple[StageExtra | None, ...], ...]
    reasons: tuple[str, ...]
    pace: tuple[float, ...]
    timing: tuple[Timing | None, ...]
    authority: tuple[tuple[float, ...], ...]


Batches = tuple[tuple[TaskView, ...], ...]


class StageView(NamedTuple):
    """One stage under one regime, and in one context."""

    targets: tuple[int, ...]
    cumulative: tuple[float, ...]
    advancing: int
    delays: tuple[Table, ...]
    tasks: tuple[TaskView, ...]
    last_tasks: tuple[TaskView, ...]
    patience: Table | None
    skill: float
    response: float
    when: Clauses | None
    skip_to: int
    max_visits: int
    batches: Batches = ()
    last_batches: Batches = ()
    sla: float = math.inf
    escalate: int = NOBODY
    handoff: HandoffView | None = None
    effects: EffectsView | None = None
    exits: tuple[ExitView, ...] | None = None
    after_sale: bool = False
    skip_then: int = NOBODY
    logit: float = 0.0
    delay_scale: float = 1.0
    work_scale: float = 1.0
    contexts: tuple[tuple[Clauses, StageView], ...] = ()


def batches(tasks: Sequence[TaskView]) -> Batches:
    """Return tasks in groups that are done one after another; in a group of several, chains run side by side."""
    found: list[list[TaskView]] = []
    for task in tasks:
        if (task.parallel or task.follows) and found:
            found[-1].append(task)
        else:
            found.append([task])
    return tuple(batch for group in found for batch in _batches(group))


def _batches(group: list[TaskView]) -> Batches:
    """Return a group as it is, or task by task where nothing runs beside."""
    return (tuple(group),) if any(task.parallel for task in group) else tuple((task,) for task in group)


def chains(batch: Sequence[TaskView]) -> Batches:
    """Return the tasks of a group in chains: within each, one begins when the one before it ends."""
    found: list[list[TaskView]] = []
    for task in batch:
        if task.follows and found:
            found[-1].append(task)
        else:
            found.append([task])
    return tuple(tuple(chain) for chain in found)


def dressed(plain: StageView, extra: StageExtra, tables: Sequence[Table]) -> StageView:
    """Return a stage with what it states besides exits, tasks and limits."""
    handoff = None
    if extra.handoff is not None:
        law, scale, loss = extra.handoff
        handoff = HandoffView(tables[law], scale, loss)
    view = plain._replace(
        sla=extra.sla, escalate=extra.escalate, handoff=handoff, effects=extra.effects,
        exits=_unless_plain(extra.exits), after_sale=extra.after_sale, skip_then=extra.skip_then,
    )  # fmt: skip
    return view._replace(contexts=tuple((c.when, _in_context(view, c, tables)) for c in extra.contexts))


def _in_context(view: StageView, context: ContextExtra, tables: Sequence[Table]) -> StageView:
    view = view._replace(logit=context.logit, delay_scale=context.delay_scale, work_scale=context.work_scale)
    own = context.exits
    if own is None:
        return view
    return view._replace(
        targets=own.targets, cumulative=own.cumulative, advancing=own.advancing,
        delays=tuple(tables[law] for law in own.delays), exits=_unless_plain(own.views),
    )  # fmt: skip


def _unless_plain(exits: tuple[ExitView, ...]) -> tuple[ExitView, ...] | None:
    return None if all(exit_ == PLAIN_EXIT for exit_ in exits) else exits
