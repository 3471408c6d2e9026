"""Visits and tasks of a run or a history as columns on one time axis, in days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd

from simsales.engine.plan import LOST, NO_DECISION, NOBODY, OPEN, WON
from simsales.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simsales.engine import EventLog
    from simsales.history import History

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]
    Hours = Callable[[int, float, float], float]

__all__ = ["Timeline", "timeline_of"]

DAY = pd.Timedelta(days=1)
TINY_HOURS = 1e-6
STATUS = ("won", "lost", "no_decision", "open")


@dataclass(frozen=True, eq=False)
class Timeline:
    """What happened, in days; what is not over ends at the horizon.

    Parameters
    ----------
    stages, roles : tuple of str
    start, until : float
        The window.
    ids : ndarray of object, shape (n_deals,)
    created, closed : ndarray of float, shape (n_deals,)
        `closed` is NaN while open.
    status : ndarray of int, shape (n_deals,)
        0 won, 1 lost, 2 no decision, 3 open.
    visit_deal, visit_stage : ndarray of int, shape (n_visits,)
    entered, left : ndarray of float, shape (n_visits,)
    over, after : ndarray of bool, shape (n_visits,)
        The visit has ended; the visit follows the deal's close.
    task_visit, task_role : ndarray of int, shape (n_tasks,)
        Sorted by visit, then by `queued`; role -1 is unknown.
    queued, started, ended, work_days : ndarray of float, shape (n_tasks,)
        Inside the visit; a task that never began starts and ends when it was taken back, else when the visit ends. Work in
        days of working time.
    waited_hours : ndarray of float, shape (n_tasks,)
        Working hours of whoever took the task (of the organisation where nobody did) between `queued` and `started`;
        clock hours in a history.
    """

    stages: tuple[str, ...]
    roles: tuple[str, ...]
    start: float
    until: float
    ids: NDArray[np.object_]
    created: Floats
    closed: Floats
    status: Ints
    visit_deal: Ints
    visit_stage: Ints
    entered: Floats
    left: Floats
    over: Flags
    after: Flags
    task_visit: Ints
    task_role: Ints
    queued: Floats
    started: Floats
    ended: Floats
    work_days: Floats
    waited_hours: Floats


def timeline_of(log: EventLog | History) -> Timeline:
    """Return a run or a history on one time axis.

    Raises
    ------
    InvalidInputError
        If `log` is neither.
    """
    if hasattr(log, "replication"):
        return _of_log(cast("EventLog", log))
    if hasattr(log, "observed_until"):
        return _of_history(log)
    message = f"log must be an EventLog or a History, got {type(log).__name__}. Hint: pass the result of simulate() or read_history()"
    raise InvalidInputError(message)


def _of_log(log: EventLog) -> Timeline:
    deal, visit, task = log.deal, log.visit, log.task
    status = np.select([deal.status == WON, deal.status == LOST, deal.status == NO_DECISION], [0, 1, 2], 3).astype(np.int64)
    ends = np.isin(visit.exit, (WON, LOST, NO_DECISION)) & (visit.exit != OPEN)
    return _timeline(
        stages=log.plan.stages, roles=log.plan.roles, start=log.start, until=log.until, ids=log.ids, created=deal.created,
        closed=deal.closed, status=status,
        visits=(visit.deal, visit.seq, visit.stage, visit.entered, visit.left, ends), after_sale=log.after_sale,
        tasks=(task.deal, task.seq, task.role, task.queued, task.started, task.ended, task.work_hours, task.rep, task.dropped),
        hours=partial(_rep_hours, log),
    )  # fmt: skip


def _of_history(history: History) -> Timeline:
    deals, visits, tasks, zero = history.deals, history.visits, history.tasks, history.observed_from
    ids = pd.Index(deals["deal_id"])
    stages = tuple(history.stages.loc[history.stages["kind"] == "open"].sort_values("order")["stage"])
    roles = tuple(sorted({str(role) for role in tasks["role"].dropna()}))
    visits = visits[visits["stage"].isin(stages) & visits["deal_id"].isin(ids)].sort_values(["deal_id", "seq"], kind="stable")
    tasks = tasks[tasks["deal_id"].isin(ids)]
    place = {status: i for i, status in enumerate(STATUS)}
    ends = visits["exit"].isin(STATUS[:3]).to_numpy(bool)
    return _timeline(
        stages=stages, roles=roles, start=0.0, until=float((history.observed_until - zero) / DAY),
        ids=deals["deal_id"].to_numpy(object), created=_days(deals["created_at"], zero), closed=_days(deals["closed_at"], zero),
        status=np.array([place.get(status, 3) for status in deals["status"].tolist()], dtype=np.int64),
        visits=(ids.get_indexer(pd.Index(visits["deal_id"])), visits["seq"].to_numpy(np.int64), _codes(visits["stage"], stages),
                _days(visits["entered_at"], zero), _days(visits["left_at"], zero), ends),
        tasks=(ids.get_indexer(pd.Index(tasks["deal_id"])), tasks["seq"].to_numpy(np.int64), _codes(tasks["role"], roles),
               _days(tasks["queued_at"], zero), _days(tasks["started_at"], zero), _days(tasks["ended_at"], zero),
               tasks["work_hours"].to_numpy(float), np.full(len(tasks), NOBODY),
               _days(tasks["dropped_at"], zero) if "dropped_at" in tasks else np.full(len(tasks), np.nan)),
        hours=None, after_sale=np.zeros(len(stages), dtype=bool),
    )  # fmt: skip


def _days(column: pd.Series[Any], zero: pd.Timestamp) -> Floats:
    return np.asarray((column - zero) / DAY, dtype=float)


def _codes(column: pd.Series[Any], names: tuple[str, ...]) -> Ints:
    """Return the position of each text in names, -1 where it is missing or unknown."""
    place = {name: i for i, name in enumerate(names)}
    return np.array([place.get(name, -1) for name in column.tolist()], dtype=np.int64)


def _timeline(
    *, visits: tuple[Any, ...], tasks: tuple[Any, ...], hours: Hours | None, after_sale: Flags, **rest: Any
) -> Timeline:
    """Return the timeline of sorted visits, with each task cut to its visit."""
    deal, seq, stage, entered, left, ends = visits
    order = np.lexsort((seq, deal))
    deal, seq, stage, entered, left, ends = (column[order] for column in (deal, seq, stage, entered, left, ends))
    over = ~np.isnan(left)
    left = np.where(~over, np.fmax(rest["until"], entered), left)
    entered = np.where(np.isnan(entered), left, entered)
    earlier = np.cumsum(ends) - ends  # closes before each visit, over all deals
    first = np.searchsorted(deal, deal)
    after = (earlier - earlier[first]) > 0 if len(deal) else np.zeros(0, dtype=bool)
    after |= after_sale[stage]  # of a deal that was won by a gate, without a stay
    columns = _cut(tasks, _place_of(deal, seq, tasks[0], tasks[1]), entered, left)
    return Timeline(
        visit_deal=deal.astype(np.int64), visit_stage=stage.astype(np.int64), entered=entered, left=left, over=over, after=after,
        task_visit=columns[0], task_role=columns[1], queued=columns[2], started=columns[3], ended=columns[4],
        work_days=columns[5], waited_hours=_waited(columns[2], columns[3], columns[6], hours), **rest,
    )  # fmt: skip


def _rep_hours(log: EventLog, rep: int, start: float, end: float) -> float:
    """Return the working hours of a rep between two times, of the organisation for nobody."""
    work = log.plan.worktime if rep == NOBODY else log.plan.staffing.hours[rep]
    return work.hours_between(start, end)


def _waited(queued: Floats, started: Floats, rep: Ints, hours: Hours | None) -> Floats:
    """Return how many working hours each task waited; clock hours where no calendar is known."""
    if hours is None:
        return (started - queued) * 24.0
    found = np.zeros(len(queued))
    for i in np.flatnonzero(started > queued).tolist():
        found[i] = hours(int(rep[i]), float(queued[i]), float(started[i]))
    return np.where(found < TINY_HOURS, 0.0, found)


def _place_of(deal: Ints, seq: Ints, task_deal: Ints, task_seq: Ints) -> Ints:
    """Return the position of each task's visit, -1 where there is none."""
    if not len(deal):
        return np.full(len(task_deal), -1, dtype=np.int64)
    base = int(max(seq.max(), task_seq.max(initial=0))) + 1
    keys, wanted = deal * base + seq, task_deal * base + task_seq
    found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[found] == wanted, found, -1)


def _cut(tasks: tuple[Any, ...], visit: Ints, entered: Floats, left: Floats) -> tuple[Any, ...]:
    """Return the tasks that belong to a visit, cut to it and sorted."""
    _, _, role, queued, started, ended, hours, rep, dropped = tasks
    known = (visit >= 0) & ~(np.isnan(queued) & np.isnan(started))
    kept = (visit, role, queued, started, ended, hours, rep, dropped)
    visit, role, queued, started, ended, hours, rep, dropped = (column[known] for column in kept)
    begin, stop = entered[visit], left[visit]
    queued = np.clip(np.where(np.isnan(queued), started, queued), begin, stop)
    gone = np.isnan(started) & ~np.isnan(dropped)
    started = np.clip(np.where(gone, dropped, np.where(np.isnan(started), stop, started)), queued, stop)
    ended = np.where(gone, started, np.clip(np.where(np.isnan(ended), stop, ended), started, stop))
    work = np.where(np.isnan(hours), ended - started, hours / 24.0)
    order = np.lexsort((queued, visit))
    return tuple(column[order] for column in (visit.astype(np.int64), role.astype(np.int64), queued, started, ended, work, rep))
