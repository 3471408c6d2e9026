"""Who gets the credit of a win."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from simsales.engine.plan import NOBODY, WON, Flags, Ints, Plan

if TYPE_CHECKING:
    from simsales.engine.eventlog import EventLog

__all__ = ["credited"]


def credited(log: EventLog) -> Ints:
    """Return who owns each deal; a win whose owner has no pay plan is credited to the last rep with one who worked on it.

    Otherwise an SDR who takes a lead from a pool would keep the credit of the AE who closes it. Work after the sale wins nothing.
    """
    paid, owner, task = _has_pay_plan(log.plan), log.deal.owner, log.task
    if not paid.any():
        return owner
    worked = np.full(len(owner), NOBODY)
    for i, known in enumerate(log.plan.opening.known if log.plan.opening is not None else ()):
        worked[i] = next((rep for rep in (known.credit, known.worked_by) if rep != NOBODY and paid[rep]), NOBODY)  # before the start
    mine = np.flatnonzero((task.rep >= 0) & paid[task.rep] & ~log.after_sale[task.stage])
    mine = mine[np.argsort(task.started[mine], kind="stable")]
    worked[task.deal[mine]] = task.rep[mine]  # in order of work: the last one stays
    instead = (log.deal.status == WON) & (worked >= 0) & ((owner < 0) | ~paid[owner])
    return np.where(instead, worked, owner)


@lru_cache(maxsize=64)
def _has_pay_plan(plan: Plan) -> Flags:
    """Tell which reps have a pay plan with a quota in any regime."""
    return np.asarray((np.array(plan.staffing.quota) > 0.0).any(axis=0))
