"""What a KPI reads: one simulated run or one real history as columns of numbers.

Names become positions, stamps become days, so that every KPI is one function for real and simulated data, and fast
enough to be worked out for every replication.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

import numpy as np
import pandas as pd

from simsales.engine.clock import periods
from simsales.engine.plan import LOST, NO_DECISION, WON
from simsales.engine.state import NO_RESPONSE, REASONS
from simsales.errors import InvalidInputError
from simsales.model.apply import named_reps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simsales.engine import EventLog
    from simsales.engine.plan import Plan
    from simsales.history import History

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

__all__ = ["Deals", "Facts", "Reps", "Tasks", "Visits", "facts_of", "from_history", "from_log"]

DAY = pd.Timedelta(days=1)
CAUSES = ("open", "won", "lost", "no_decision")

T = TypeVar("T", bound="Deals | Visits | Tasks | Reps")


class Deals(NamedTuple):
    """Deals as columns of shape (n_deals,).

    Parameters
    ----------
    created, closed : ndarray of float
        Days; `closed` is NaN while open.
    amount : ndarray of float
        NaN where unknown.
    won, is_new : ndarray of bool
        `is_new`: created inside the window.
    unanswered : ndarray of float
        1: lost because nobody had time, 0: not so, NaN: unknown.
    cause : ndarray of int
        0 open, 1 won, 2 lost, 3 no decision.
    owner, segment, channel : ndarray of int
        Positions; -1 where unknown.
    answered : ndarray of float
        Day on which the first task began; NaN where none did.
    """

    created: Floats
    closed: Floats
    amount: Floats
    won: Flags
    is_new: Flags
    unanswered: Floats
    cause: Ints
    owner: Ints
    segment: Ints
    channel: Ints
    answered: Floats


class Visits(NamedTuple):
    """Stays in a stage as columns of shape (n_visits,); `left` is NaN while they last."""

    deal: Ints
    stage: Ints
    entered: Floats
    left: Floats


class Tasks(NamedTuple):
    """Pieces of work as columns of shape (n_tasks,).

    Parameters
    ----------
    deal, stage, role, rep : ndarray of int
        Positions; rep is -1 where nobody has begun.
    wait_days : ndarray of float
        From queueing to the start of the work, to giving up, or to the end of the window.
    busy_hours : ndarray of float
        Working hours that the rep spent on it inside the window and the employment.
    """

    deal: Ints
    stage: Ints
    role: Ints
    rep: Ints
    wait_days: Floats
    busy_hours: Floats


class Reps(NamedTuple):
    """People as columns of shape (n_reps,).

    Parameters
    ----------
    position, role : ndarray of int
    available_hours : ndarray of float
        Working hours present in the window, times the tasks that the role does at a time.
    """

    position: Ints
    role: Ints
    available_hours: Floats


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything that KPIs need to know about a window of time.

    Parameters
    ----------
    start, until : float
        The window, in days.
    deals, visits, tasks, reps
        Columns.
    segments, channels, stages, roles, rep_names : tuple of str
        What the positions mean.
    months : tuple of (str, float, float)
        Label, begin and end of each calendar month that the window touches.
    plan : Plan, optional
        What was simulated; none for a history.
    by : str
        The dimension along which these facts were narrowed; empty for the whole.
    whole : Facts, optional
        What they were narrowed from.
    log : EventLog, optional
        What was simulated, for what money asks of single deals.
    part : int
        Position of the member along `by`; -1 for the whole.
    """

    start: float
    until: float
    deals: Deals
    visits: Visits
    tasks: Tasks
    reps: Reps
    segments: tuple[str, ...]
    channels: tuple[str, ...]
    stages: tuple[str, ...]
    roles: tuple[str, ...]
    rep_names: tuple[str, ...]
    months: tuple[tuple[str, float, float], ...]
    plan: Plan | None = None
    by: str = ""
    whole: Facts | None = None
    log: EventLog | None = None
    part: int = -1

    @property
    def root(self) -> Facts:
        """The facts of the whole organisation."""
        return self if self.whole is None else self.whole

    def members(self, by: str) -> tuple[str, ...]:
        """Return the names along a dimension: stage, role, rep, channel, segment or month."""
        if by == "month":
            return tuple(label for label, _, _ in self.months)
        return {"stage": self.stages, "role": self.roles, "rep": self.rep_names, "channel": self.channels,
                "segment": self.segments}[by]  # fmt: skip

    def narrowed(self, by: str, i: int) -> Facts:
        """Return the facts of the i-th member of a dimension (what has no such dimension stays whole)."""
        narrow = {"segment": _of_deals, "channel": _of_deals, "stage": _of_stage, "role": _of_role, "rep": _of_rep,
                  "month": _of_month}[by]  # fmt: skip
        return dataclasses.replace(narrow(self, by, i), by=by, whole=self.root, part=i)


def _masked(table: T, mask: Flags) -> T:
    """Return the rows of a table of columns where mask holds."""
    return cast("T", type(table)._make(column[mask] for column in table))


def _of_deals(facts: Facts, by: str, i: int) -> Facts:
    code = getattr(facts.deals, by)
    mine = code == i
    return dataclasses.replace(
        facts,
        deals=_masked(facts.deals, mine),
        visits=_masked(facts.visits, mine[facts.visits.deal]),
        tasks=_masked(facts.tasks, mine[facts.tasks.deal]),
    )


def _of_stage(facts: Facts, _: str, i: int) -> Facts:
    visits, tasks = _masked(facts.visits, facts.visits.stage == i), _masked(facts.tasks, facts.tasks.stage == i)
    return dataclasses.replace(facts, visits=visits, tasks=tasks)


def _of_role(facts: Facts, _: str, i: int) -> Facts:
    reps, tasks = _masked(facts.reps, facts.reps.role == i), _masked(facts.tasks, facts.tasks.role == i)
    return dataclasses.replace(facts, reps=reps, tasks=tasks)


def _of_rep(facts: Facts, _: str, i: int) -> Facts:
    return dataclasses.replace(
        facts,
        deals=_masked(facts.deals, facts.deals.owner == i),
        visits=_masked(facts.visits, facts.deals.owner[facts.visits.deal] == i),
        tasks=_masked(facts.tasks, facts.tasks.rep == i),
        reps=_masked(facts.reps, facts.reps.position == i),
    )


def _of_month(facts: Facts, _: str, i: int) -> Facts:
    """Keep leads created and deals won in the month; nothing is dropped, other deals only stop counting."""
    deals, (_, begin, end) = facts.deals, facts.months[i]
    created = deals.is_new & (deals.created >= begin) & (deals.created < end)
    won = deals.won & (deals.closed >= begin) & (deals.closed < end)
    return dataclasses.replace(facts, deals=deals._replace(is_new=created, won=won))


def facts_of(source: EventLog | History | Facts) -> Facts:
    """Return the facts of a simulated run or a real history.

    Raises
    ------
    InvalidInputError
        If `source` is neither.
    """
    if isinstance(source, Facts):
        return source
    if hasattr(source, "replication"):
        return from_log(cast("EventLog", source))
    if hasattr(source, "observed_until"):
        return from_history(source)
    message = (
        f"log must be an EventLog or a History, got {type(source).__name__}. "
        "Hint: pass the result of simulate() or read_history()"
    )
    raise InvalidInputError(message)


def from_history(history: History) -> Facts:
    """Return the facts of a real history; its window is what was observed.

    Parameters
    ----------
    history : History

    Returns
    -------
    Facts
        Days since the first observed moment. Capacity is not known, so utilisation is not either.
    """
    deals, visits = history.deals, history.visits
    zero = history.observed_from
    until = float((history.observed_until - zero) / DAY)
    ids = pd.Index(deals["deal_id"])
    segments, channels = _names(deals["segment"]), _names(deals["channel"])
    reps = _names(pd.concat([history.reps["rep"], deals["owner"]], ignore_index=True))
    stages = tuple(history.stages.loc[history.stages["kind"] == "open", "stage"])
    created, cause = _days(deals["created_at"], zero), _codes(deals["status"], CAUSES)
    closed = _days(deals["closed_at"], zero)
    tasks, roles = _history_tasks(history, ids, zero, stages, reps, np.where(np.isnan(closed), until, closed))
    first = _first_start(history, ids, zero)
    columns = Deals(
        created=created, closed=closed, amount=deals["amount"].to_numpy(float),
        won=cause == 1, is_new=(created >= 0) & (created <= until), unanswered=_unanswered(deals),
        cause=cause, owner=_codes(deals["owner"], reps), segment=_codes(deals["segment"], segments),
        channel=_codes(deals["channel"], channels), answered=first,
    )  # fmt: skip
    stays = Visits(
        ids.get_indexer(pd.Index(visits["deal_id"])).astype(np.int64), _codes(visits["stage"], stages),
        _days(visits["entered_at"], zero), _days(visits["left_at"], zero),
    )  # fmt: skip
    people = Reps(np.arange(len(reps)), np.full(len(reps), -1), np.full(len(reps), np.nan))
    months = _history_months(history, zero)
    return Facts(0.0, until, columns, _masked(stays, stays.deal >= 0), tasks, people, segments, channels, stages,
                 roles, reps, months)  # fmt: skip


def _unanswered(deals: pd.DataFrame) -> Floats:
    """Return which deals were lost unanswered, where the history has reasons (as that of a simulated run has)."""
    if "reason" not in deals:
        return np.full(len(deals), np.nan)
    return np.asarray(deals["reason"] == REASONS[NO_RESPONSE], dtype=np.float64)


def _names(column: pd.Series) -> tuple[str, ...]:
    return tuple(sorted({str(name) for name in column.dropna()}))


def _codes(column: pd.Series, names: Sequence[str]) -> Ints:
    """Return the position of each text in names, -1 where it is missing or unknown."""
    place = {name: i for i, name in enumerate(names)}
    return np.array([place.get(name, -1) for name in column.tolist()], dtype=np.int64)


def _days(column: pd.Series, zero: pd.Timestamp) -> Floats:
    return np.asarray((column - zero) / DAY, dtype=float)


def _history_tasks(
    history: History, ids: pd.Index, zero: pd.Timestamp, stages: Sequence[str], reps: Sequence[str], ends: Floats
) -> tuple[Tasks, tuple[str, ...]]:
    """Return the tasks and the roles in them; a task that never began waited until its deal's end."""
    tasks = history.tasks
    roles, deal = _names(tasks["role"]), ids.get_indexer(pd.Index(tasks["deal_id"])).astype(np.int64)
    queued, started = _days(tasks["queued_at"], zero), _days(tasks["started_at"], zero)
    wait = np.where(np.isnan(started), ends[deal] if len(ends) else np.nan, started) - queued
    columns = Tasks(
        deal, _codes(tasks["stage"], stages),
        _codes(tasks["role"], roles), _codes(tasks["rep"], reps), wait, np.full(len(tasks), np.nan),
    )  # fmt: skip
    return _masked(columns, columns.deal >= 0), roles


def _first_start(history: History, ids: pd.Index, zero: pd.Timestamp) -> Floats:
    """Return the day on which each deal's first task began."""
    first = history.tasks.groupby("deal_id")["started_at"].min().reindex(ids)
    return _days(first, zero) if len(first.dropna()) else np.full(len(ids), np.nan)


def _history_months(history: History, zero: pd.Timestamp) -> tuple[tuple[str, float, float], ...]:
    """Return the calendar months that the history touches, in its own zone."""
    first, last = (t.tz_convert(history.timezone) for t in (history.observed_from, history.observed_until))
    starts = pd.date_range(first.normalize().replace(day=1), periods=(last.year - first.year) * 12 + last.month
                           - first.month + 2, freq="MS")  # fmt: skip
    days = [float((t.tz_convert("UTC") - zero) / DAY) for t in starts]
    return tuple((f"{t:%Y-%m}", a, b) for t, a, b in zip(starts, days, days[1:], strict=False))


def from_log(log: EventLog) -> Facts:
    """Return the facts of a simulated run.

    Parameters
    ----------
    log : EventLog

    Returns
    -------
    Facts
        In days since the model's epoch.
    """
    plan, deal, visit, task = log.plan, log.deal, log.visit, log.task
    cause = np.select([deal.status == WON, deal.status == LOST, deal.status == NO_DECISION], [1, 2, 3], 0)
    deals = Deals(
        created=deal.created, closed=deal.closed, amount=deal.amount, won=cause == 1, is_new=~deal.opening,
        unanswered=(deal.reason == NO_RESPONSE).astype(float), cause=cause.astype(np.int64), owner=_credited(log), segment=deal.segment,
        channel=deal.channel, answered=deal.created + deal.response / 24.0,
    )  # fmt: skip
    gave_up = np.where(np.isnan(deal.closed), log.until, deal.closed)[task.deal]
    wait = np.where(np.isnan(task.started), gave_up, task.started) - task.queued
    tasks = Tasks(task.deal, task.stage, task.role, task.rep, wait, _busy_hours(log))
    reps = Reps(np.arange(len(plan.reps)), plan.rep_role, _available_hours(plan, log.until))
    return Facts(
        start=log.start, until=log.until, deals=deals, visits=Visits(visit.deal, visit.stage, visit.entered, visit.left),
        tasks=tasks, reps=reps, segments=plan.segments, channels=plan.channels, stages=plan.stages, roles=plan.roles,
        rep_names=plan.reps, months=_months(plan, log.until), plan=plan, log=log,
    )  # fmt: skip


def _credited(log: EventLog) -> Ints:
    """Return who owns each deal; a win whose owner has no pay plan is credited to the last rep with one who worked on it.

    Otherwise an SDR who takes a lead from a pool would keep the credit of the AE who closes it.
    """
    paid, owner, task = _has_pay_plan(log.plan), log.deal.owner, log.task
    if not paid.any():
        return owner
    worked = np.full(len(owner), -1)
    mine = (task.rep >= 0) & paid[task.rep]
    worked[task.deal[mine]] = task.rep[mine]  # in order of work: the last one stays
    instead = (log.deal.status == WON) & (worked >= 0) & ((owner < 0) | ~paid[owner])
    return np.where(instead, worked, owner)


@lru_cache(maxsize=64)
def _has_pay_plan(plan: Plan) -> Flags:
    """Tell which reps have a pay plan in any regime."""
    named = [rep for regime in plan.timeline.regimes for rep in named_reps(regime.model)]
    paid = {rep.name for rep in named if rep.plan is not None}
    return np.array([name in paid for name in plan.reps], dtype=bool)


def _busy_hours(log: EventLog) -> Floats:
    """Return the working hours spent on each task, without what a leaver does after the last day."""
    task, leaves = log.task, log.plan.rep_leaves
    busy = task.work_hours
    if not np.isfinite(leaves).any():
        return busy
    ends = np.where(np.isnan(task.ended), log.until, task.ended)
    late = np.flatnonzero((task.rep >= 0) & (ends > leaves[task.rep]))
    busy = busy.copy()
    for i in late.tolist():
        busy[i] = log.plan.worktime.hours_between(float(task.started[i]), float(leaves[task.rep[i]]))
    return busy


@lru_cache(maxsize=64)
def _available_hours(plan: Plan, until: float) -> Floats:
    """Return each rep's working hours from the start to `until`, times the role's tasks at a time."""
    bounds = [plan.start, *(t for t in plan.regime_start.tolist() if plan.start < t < until), until]
    hours = np.zeros(len(plan.reps))
    for a, b in zip(bounds, bounds[1:], strict=False):
        regime = int(np.flatnonzero(plan.regime_start <= a)[-1])
        for rep, role in enumerate(plan.rep_role.tolist()):
            begin, end = max(a, float(plan.rep_hired[rep])), min(b, float(plan.rep_leaves[rep]))
            hours[rep] += plan.worktime.hours_between(begin, end) * float(plan.role_concurrency[regime, role])
    return hours


@lru_cache(maxsize=64)
def _months(plan: Plan, until: float) -> tuple[tuple[str, float, float], ...]:
    """Return the calendar months that a run touches, in the calendar's zone."""
    found = periods(plan.clock, "month", plan.start, until)
    labels = [f"{number // 12}-{number % 12 + 1:02d}" for number in found.numbers]
    spans = zip(labels, found.begins, found.begins[1:], strict=False)
    return tuple((label, a, b) for label, a, b in spans if a < until)
