"""What happened in one replication: raw columns for speed, History's tables for people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simsales.engine.arrivals import Deals
from simsales.engine.plan import LOST, NO_DECISION, NOBODY, OPEN, STATUS, WON, Floats, Ints, Plan
from simsales.engine.state import NONE, REASONS, Deal
from simsales.engine.streams import Streams
from simsales.errors import SimsalesError
from simsales.model.apply import named_reps

if TYPE_CHECKING:
    from simsales.history import History

MICROSECONDS = 86_400e6


class ConservationError(SimsalesError, AssertionError):
    """A run lost or invented a deal (R11): a fault of the engine, never of the user."""


@dataclass(frozen=True, eq=False)
class DealColumns:
    """Deals as arrays of shape (n_deals,): opening deals first, then leads as they arrived.

    Parameters
    ----------
    created, closed, amount, response : ndarray of float
        Days since the epoch (closed: NaN while open), money, hours to the first task (NaN: none).
    status : ndarray of int
        ``WON, LOST, NO_DECISION`` or ``OPEN`` of :mod:`simsales.engine.plan`.
    owner, segment, channel, stage, regime, number, reason : ndarray of int
        -1 is nobody or unknown; `stage` is the last one; `reason` indexes ``state.REASONS``.
    opening : ndarray of bool
    """

    created: Floats
    closed: Floats
    amount: Floats
    response: Floats
    status: Ints
    owner: Ints
    segment: Ints
    channel: Ints
    stage: Ints
    regime: Ints
    number: Ints
    reason: Ints
    opening: np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, eq=False)
class VisitColumns:
    """Visits as arrays of shape (n_visits,), by deal and order.

    Parameters
    ----------
    deal, seq, stage, owner, number : ndarray of int
        `number` counts the visits of this deal to this stage, from 1.
    entered, left : ndarray of float
        Days since the epoch; NaN: still there.
    exit : ndarray of int
        Next stage, an outcome code, or ``state.NONE`` while open. A stage that the deal then skips
        counts as the exit that was taken.
    """

    deal: Ints
    seq: Ints
    stage: Ints
    entered: Floats
    left: Floats
    exit: Ints
    owner: Ints
    number: Ints


@dataclass(frozen=True, eq=False)
class TaskColumns:
    """Tasks as arrays of shape (n_tasks,), by deal and order.

    Parameters
    ----------
    deal, seq, stage, role, rep : ndarray of int
        `seq` is that of the visit; `rep` is -1 for a task that never began.
    queued, started, ended : ndarray of float
        Days since the epoch; NaN where it did not happen before the horizon.
    work_hours : ndarray of float
        Working hours that the rep was busy with it, up to the horizon; 0 if it never began.
    """

    deal: Ints
    seq: Ints
    stage: Ints
    role: Ints
    rep: Ints
    queued: Floats
    started: Floats
    ended: Floats
    work_hours: Floats


@dataclass(frozen=True, eq=False, repr=False)
class EventLog:
    """One replication: tables in History's shape, raw columns, and the plan that made them.

    Parameters
    ----------
    plan : Plan
    seed, replication : int
    start, until : float
        Days since the epoch.
    deal, visit, task : DealColumns, VisitColumns, TaskColumns
    """

    plan: Plan
    seed: int
    replication: int
    start: float
    until: float
    deal: DealColumns
    visit: VisitColumns
    task: TaskColumns

    def __repr__(self) -> str:
        won = int((self.deal.status == WON).sum())
        return (
            f"EventLog({self.plan.timeline.name!r}, seed {self.seed}, replication {self.replication}: "
            f"{len(self.deal.created)} deals, {won} won, {len(self.visit.deal)} visits, "
            f"{len(self.task.deal)} tasks)"
        )

    # tables ------------------------------------------------------------------------------------

    @cached_property
    def ids(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Deal ids: an opening deal's own, else channel and number."""
        given = self.plan.opening.ids if self.plan.opening is not None else ()
        numbers, channels = self.deal.number.tolist(), self.deal.channel.tolist()
        names = self.plan.channels
        n = len(given)
        fresh = [f"{names[c]}-{i + 1:06d}" for c, i in zip(channels[n:], numbers[n:], strict=True)]
        if not set(given).isdisjoint(fresh):
            fresh = [f"new-{name}" for name in fresh]
        return np.array([*given, *fresh], dtype=object)

    @cached_property
    def deals(self) -> pd.DataFrame:
        """One row a deal, with History's columns, then ``reason, response_hours, is_opening``."""
        deal, n = self.deal, len(self.deal.created)
        blank = np.full(n, None, dtype=object)
        return pd.DataFrame(
            {
                "deal_id": _texts(self.ids),
                "created_at": self.moments(deal.created),
                "segment": _named(self.plan.segments, deal.segment),
                "channel": _named(self.plan.channels, deal.channel),
                "product": _texts(blank),
                "region": _texts(blank),
                "owner": _named(self.plan.reps, deal.owner),
                "amount": deal.amount,
                "currency": _texts(np.full(n, self.plan.timeline.model.currency, dtype=object)),
                "status": _coded(STATUS, deal.status),
                "closed_at": self.moments(deal.closed),
                "stage": _named(self.plan.stages, deal.stage),
                "expected_close": self.moments(np.full(n, np.nan)),
                "reason": _coded({**dict(enumerate(REASONS)), 0: None}, deal.reason),
                "response_hours": deal.response,
                "is_opening": deal.opening,
            }
        )

    @cached_property
    def visits(self) -> pd.DataFrame:
        """One row a stay of a deal in a stage, with History's columns."""
        visit, n = self.visit, len(self.visit.deal)
        exits = dict(enumerate(self.plan.stages)) | STATUS | {NONE: None}
        return pd.DataFrame(
            {
                "deal_id": _texts(self.ids[visit.deal]),
                "seq": visit.seq,
                "stage": _named(self.plan.stages, visit.stage),
                "entered_at": self.moments(visit.entered),
                "left_at": self.moments(visit.left),
                "exit": _coded(exits, visit.exit),
                "owner": _named(self.plan.reps, visit.owner),
                "amount": self.deal.amount[visit.deal],
                "precision": _texts(np.full(n, "second", dtype=object)),
                "is_synthetic": np.zeros(n, dtype=bool),
            }
        )

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """One row a task, with History's columns."""
        task = self.task
        return pd.DataFrame(
            {
                "deal_id": _texts(self.ids[task.deal]),
                "seq": task.seq,
                "stage": _named(self.plan.stages, task.stage),
                "role": _named(self.plan.roles, task.role),
                "rep": _named(self.plan.reps, task.rep),
                "queued_at": self.moments(task.queued),
                "started_at": self.moments(task.started),
                "ended_at": self.moments(task.ended),
                "work_hours": task.work_hours,
            }
        )

    @cached_property
    def reps(self) -> pd.DataFrame:
        """One row a rep, with History's columns; leaves after the horizon are not known yet."""
        plan = self.plan
        people = {str(rep.name): rep for rep in named_reps(plan.timeline.last)}
        known = [people.get(name) for name in plan.reps]
        hired = np.where(np.isfinite(plan.rep_hired), plan.rep_hired, np.nan)
        left = np.where(plan.rep_leaves <= self.until, plan.rep_leaves, np.nan)
        return pd.DataFrame(
            {
                "rep": _texts(np.array(plan.reps, dtype=object)),
                "role": _named(plan.roles, plan.rep_role),
                "team": _texts(np.array([rep and rep.team for rep in known], dtype=object)),
                "region": _texts(np.array([rep and rep.region for rep in known], dtype=object)),
                "hired_at": self.moments(hired),
                "left_at": self.moments(left),
            }
        )

    def moments(self, days: Floats) -> pd.DatetimeIndex:
        """Return days since the epoch as UTC timestamps (to the microsecond; NaN is NaT)."""
        epoch = pd.Timestamp(self.plan.clock.epoch).tz_convert("UTC").tz_localize(None)
        known = np.where(np.isnan(days), 0.0, days)
        steps = np.rint(known * MICROSECONDS).astype("timedelta64[us]")
        stamps = np.datetime64(epoch.to_datetime64(), "us") + steps
        stamps[np.isnan(days)] = np.datetime64("NaT")
        return pd.DatetimeIndex(stamps).tz_localize("UTC")

    # other shapes ------------------------------------------------------------------------------

    def kpis(self) -> Any:
        """Return the KPI table of this replication."""
        from simsales import kpi  # above the engine: only when asked

        return kpi.table(self)

    def to_history(self) -> History:
        """Return the run as a :class:`~simsales.history.History` of class A."""
        from simsales.engine.tohistory import to_history

        return to_history(self)

    def to_event_log(self) -> pd.DataFrame:
        """Return the run as an event log.

        Returns
        -------
        DataFrame
            ``case_id, activity, start_time, end_time, resource``: one row a task that began, and one row
            a visit to a stage without tasks (no resource); no end time where the horizon came first.
            Sorted by start time, then case.
        """
        tasks = self.tasks[self.task.rep != NOBODY]
        busy = set(zip(self.task.deal.tolist(), self.task.seq.tolist(), strict=True))
        pairs = zip(self.visit.deal.tolist(), self.visit.seq.tolist(), strict=True)
        idle = self.visits[np.array([pair not in busy for pair in pairs], dtype=bool)]
        names = ["case_id", "activity", "start_time", "end_time", "resource"]
        first = tasks[["deal_id", "stage", "started_at", "ended_at", "rep"]].set_axis(names, axis=1)
        second = idle[["deal_id", "stage", "entered_at", "left_at"]].assign(
            resource=_texts(np.full(len(idle), None, dtype=object))
        )
        parts = [part for part in (first, second.set_axis(names, axis=1)) if len(part)]
        both = pd.concat(parts, ignore_index=True) if parts else first
        return both.sort_values(["start_time", "case_id"], kind="stable", ignore_index=True)


def _texts(values: np.ndarray[Any, Any]) -> pd.Series:
    """Return text as the canonical tables hold it: missing is NaN."""
    return pd.Series(values, dtype="str" if pd.__version__ >= "3" else "object")


def _named(names: tuple[str, ...], codes: Ints) -> pd.Series:
    table = np.array([*names, None], dtype=object)  # code -1 reads the last entry: missing
    return _texts(table[codes])


def _coded(names: dict[int, Any], codes: Ints) -> pd.Series:
    return _texts(np.array([names[code] for code in codes.tolist()], dtype=object))


# collecting -------------------------------------------------------------------------------------


def collect(
    plan: Plan,
    streams: Streams,
    facts: Deals,
    deals: list[Deal],
    visits: list[list[float]],
    tasks: list[list[float]],
) -> EventLog:
    """Return the log of a finished run, after the check of R11."""
    log = EventLog(
        plan=plan,
        seed=streams.seed,
        replication=streams.replication,
        start=plan.start,
        until=facts.until,
        deal=_deal_columns(facts, deals),
        visit=_visit_columns(visits),
        task=_task_columns(plan, facts.until, tasks),
    )
    check_conservation(log, len(facts.created))
    return log


def _deal_columns(facts: Deals, deals: list[Deal]) -> DealColumns:
    n = len(deals)

    def ints(name: str) -> Ints:
        return np.array([getattr(deal, name) for deal in deals], dtype=np.int64)

    return DealColumns(
        created=facts.created[:n],
        closed=np.array([deal.closed for deal in deals], dtype=float),
        amount=facts.amount[:n],
        response=np.array([deal.response for deal in deals], dtype=float),
        status=ints("status"),
        owner=ints("owner"),
        segment=facts.segment[:n],
        channel=facts.channel[:n],
        stage=ints("stage"),
        regime=ints("regime"),
        number=facts.number[:n],
        reason=ints("reason"),
        opening=np.arange(n) < facts.n_opening,
    )


def _table(rows: list[list[float]], width: int) -> Floats:
    """Return rows as an array, by deal, then visit, then as they happened."""
    table = np.array(rows, dtype=float).reshape(len(rows), width)
    return table[np.lexsort((table[:, 1], table[:, 0]))]


def _visit_columns(rows: list[list[float]]) -> VisitColumns:
    t = _table(rows, 8)
    deal, seq, stage, exit_, owner, number = (t[:, i].astype(np.int64) for i in (0, 1, 2, 5, 6, 7))
    return VisitColumns(deal, seq, stage, t[:, 3], t[:, 4], exit_, owner, number)


def _task_columns(plan: Plan, until: float, rows: list[list[float]]) -> TaskColumns:
    t = _table(rows, 9)
    deal, seq, stage, role, rep = (t[:, i].astype(np.int64) for i in range(5))
    started, ended, hours = t[:, 6], t[:, 7].copy(), np.nan_to_num(t[:, 8])
    for i in np.flatnonzero(ended >= until):  # in hand at the horizon
        ended[i] = np.nan
        hours[i] = plan.worktime.hours_between(float(started[i]), until)
    return TaskColumns(deal, seq, stage, role, rep, t[:, 5], started, ended, hours)


def check_conservation(log: EventLog, expected: int) -> None:
    """Check that nothing vanished (R11).

    Raises
    ------
    ConservationError
        If created + opened differs from won + lost + no_decision + open, a closed deal has no closing
        time, or a deal that was worked on is in no stage or in several.
    """
    status, closed = log.deal.status, log.deal.closed
    counted = sum(int((status == code).sum()) for code in (WON, LOST, NO_DECISION, OPEN))
    open_visits = np.bincount(log.visit.deal[np.isnan(log.visit.left)], minlength=len(status))
    wrong = (
        (status == OPEN) != np.isnan(closed),
        open_visits != (status == OPEN),
        closed < log.deal.created,
    )
    if counted != expected or any(each.any() for each in wrong):
        message = (
            f"a run must conserve deals (R11): created + opened = {expected}, got {counted} in all, "
            f"and {[int(each.sum()) for each in wrong]} deals with inconsistent records."
        )
        raise ConservationError(message)
