"""The columns that KPIs read, and how they are narrowed to a part of the organisation."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

import numpy as np

from simsales.facts.lasting import FOLLOWED, Lasting, Lengths, lengths, quantile
from simsales.survival import aalen_johansen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simsales.engine import EventLog
    from simsales.engine.plan import Plan

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

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
        Won, and created, inside the window.
    unanswered : ndarray of float
        1: lost because nobody had time, 0: not so, NaN: such losses are not recorded.
    cause : ndarray of int
        0 open, 1 won, 2 lost, 3 no decision.
    owner, segment, channel : ndarray of int
        Positions; -1 where unknown.
    answered : ndarray of float
        Day on which the first task began; NaN where none did.
    product, region : ndarray of int
        Positions; -1 where unknown.
    listed, delivery : ndarray of float
        List price, and the cost of what was sold; NaN where unknown.
    position : ndarray of int, optional
        In the whole organisation's table.
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
    product: Ints
    region: Ints
    listed: Floats
    delivery: Floats
    position: Ints | None = None


class Visits(NamedTuple):
    """Stays in a stage as columns of shape (n_visits,).

    Parameters
    ----------
    deal, stage : ndarray of int
    entered, left : ndarray of float
        Days; `left` is NaN while they last.
    returned : ndarray of bool
        Whether the deal went on to the same or an earlier stage.
    sla : ndarray of float
        The service level of the stay in days; NaN: none, or not known.
    selling : ndarray of bool
        Whether the stage comes before the win; after-sale stages are not part of the cycle.
    """

    deal: Ints
    stage: Ints
    entered: Floats
    left: Floats
    returned: Flags
    sla: Floats
    selling: Flags


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
    handed_days : ndarray of float
        From when the deal was ready to change hands for this task to the start of the work, the delay of the hand-off
        included and the customer's time not; NaN where the role had it already. See :func:`handed` for histories.
    """

    deal: Ints
    stage: Ints
    role: Ints
    rep: Ints
    wait_days: Floats
    busy_hours: Floats
    handed_days: Floats


class Reps(NamedTuple):
    """People as columns of shape (n_reps,).

    Parameters
    ----------
    position, role : ndarray of int
    available_hours : ndarray of float
        Working hours present in the window, times the tasks that the role does at a time.
    team : ndarray of int
        -1 where unknown.
    hired, left : ndarray of float
        Days; infinite where they were always there or stay, NaN where unknown.
    """

    position: Ints
    role: Ints
    available_hours: Floats
    team: Ints
    hired: Floats
    left: Floats


@dataclass(frozen=True, eq=False)
class Facts:
    """Everything that KPIs need to know about a window of time.

    Parameters
    ----------
    start, until : float
        The window, in days.
    deals, visits, tasks, reps
        Columns.
    segments, channels, stages, roles, rep_names, products, regions, teams : tuple of str
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
    traced : bool
        Whether every stay of every deal is known, so that going back shows.
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
    products: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    traced: bool = True

    @property
    def root(self) -> Facts:
        """The facts of the whole organisation."""
        return self if self.whole is None else self.whole

    @cached_property
    def outcomes(self) -> Floats:
        """Shares of the leads created in the window that are won, lost and without decision at the end of follow-up.

        Cumulative incidences (Aalen-Johansen) at the age that a tenth of the leads could reach; NaN without leads.
        """
        deals, new = self.deals, self.deals.is_new
        if not new.any():
            return np.full(3, np.nan)
        ends = np.where(np.isnan(deals.closed), self.until, deals.closed)[new]
        age = np.maximum(ends - deals.created[new], 0.0)
        follow_up = quantile(self.until - deals.created[new], 1.0 - FOLLOWED)
        return np.asarray(aalen_johansen(age, deals.cause[new], n_causes=3).incidence(follow_up))

    @cached_property
    def cycle(self) -> Lasting:
        """How long deals take from creation to the win; opening deals count from the start of the window on."""
        deals = self.deals
        return lengths(deals.created, deals.closed, deals.cause, self.start, self.until).until()

    @cached_property
    def response(self) -> Lasting:
        """How long leads created in the window wait for their first task; the other way out is a close without one."""
        deals = self.deals
        new, answered = deals.is_new, ~np.isnan(deals.answered)
        ends = np.where(answered, deals.answered, deals.closed)
        cause = np.where(answered, 1, np.where(deals.cause > 0, 2, 0))
        return lengths(deals.created[new], ends[new], cause[new], self.start, self.until).until()

    @cached_property
    def lapsed(self) -> float:
        """Share of the leads created in the window that are lost by the end of follow-up because nobody had time; NaN if unknown."""
        new = self.deals.is_new & ~np.isnan(self.deals.unanswered)
        if not new.any():
            return float("nan")
        deals = masked(self.deals, new)
        cause = np.where(deals.cause > 0, np.where(deals.unanswered > 0, 1, 2), 0)
        seen = lengths(deals.created, deals.closed, cause, self.start, self.until)
        fit = aalen_johansen(seen.length, seen.cause, n_causes=2)
        return float(fit.incidence(seen.follow_up)[0])

    @cached_property
    def stays(self) -> Lengths:
        """How long stays last: before the win, but for a stage of its own. Cause 1 went back, 2 did not."""
        visits = self.visits if self.by == "stage" else masked(self.visits, self.visits.selling)
        over = ~np.isnan(visits.left)
        cause = np.where(over, np.where(visits.returned, 1, 2), 0)
        return lengths(visits.entered, visits.left, cause, self.start, self.until)

    def members(self, by: str) -> tuple[str, ...]:
        """Return the names along a dimension: stage, role, rep, team, channel, segment, product, region or month."""
        if by == "month":
            return tuple(label for label, _, _ in self.months)
        return {"stage": self.stages, "role": self.roles, "rep": self.rep_names, "channel": self.channels,
                "segment": self.segments, "product": self.products, "region": self.regions, "team": self.teams}[by]  # fmt: skip

    def is_there(self, by: str, i: int) -> bool:
        """Tell whether the i-th member of a dimension exists in this run: a replacement who never came does not."""
        return by != "rep" or self.log is None or bool(self.log.rep_there[i])

    def narrowed(self, by: str, i: int) -> Facts:
        """Return the facts of the i-th member of a dimension (what has no such dimension stays whole)."""
        narrow = {"stage": _of_stage, "role": _of_role, "rep": _of_rep, "team": _of_team, "month": _of_month}.get(by, _of_deals)
        return dataclasses.replace(narrow(self, by, i), by=by, whole=self.root, part=i)


def masked(table: T, mask: Flags) -> T:
    """Return the rows of a table of columns where mask holds."""
    return cast("T", type(table)._make(None if column is None else column[mask] for column in table))


def _of_deals(facts: Facts, by: str, i: int) -> Facts:
    code = getattr(facts.deals, by)
    mine = code == i
    return dataclasses.replace(
        facts,
        deals=masked(facts.deals, mine),
        visits=masked(facts.visits, mine[facts.visits.deal]),
        tasks=masked(facts.tasks, mine[facts.tasks.deal]),
    )


def _of_stage(facts: Facts, _: str, i: int) -> Facts:
    visits, tasks = masked(facts.visits, facts.visits.stage == i), masked(facts.tasks, facts.tasks.stage == i)
    return dataclasses.replace(facts, visits=visits, tasks=tasks)


def _of_role(facts: Facts, _: str, i: int) -> Facts:
    reps, tasks = masked(facts.reps, facts.reps.role == i), masked(facts.tasks, facts.tasks.role == i)
    return dataclasses.replace(facts, reps=reps, tasks=tasks)


def _of_rep(facts: Facts, _: str, i: int) -> Facts:
    return _of_people(facts, facts.reps.position == i)


def _of_team(facts: Facts, _: str, i: int) -> Facts:
    return _of_people(facts, facts.reps.team == i)


def _of_people(facts: Facts, mine: Flags) -> Facts:
    """Return what some reps own and do."""
    chosen = np.append(mine, False)  # position -1, nobody, reads the last entry
    owned = chosen[facts.deals.owner]
    return dataclasses.replace(
        facts,
        deals=masked(facts.deals, owned),
        visits=masked(facts.visits, owned[facts.visits.deal]),
        tasks=masked(facts.tasks, chosen[facts.tasks.rep]),
        reps=masked(facts.reps, mine),
    )


def _of_month(facts: Facts, _: str, i: int) -> Facts:
    """Keep leads created and deals won in the month; nothing is dropped, other deals only stop counting."""
    deals, (_, begin, end) = facts.deals, facts.months[i]
    created = deals.is_new & (deals.created >= begin) & (deals.created < end)
    won = deals.won & (deals.closed >= begin) & (deals.closed < end)
    return dataclasses.replace(facts, deals=deals._replace(is_new=created, won=won))


def stays(
    deal: Ints, stage: Ints, entered: Floats, left: Floats, sla: Floats, selling: Flags
) -> Visits:
    """Return stays with what follows them and their service levels (NaN: none)."""
    order = np.lexsort((entered, deal))
    here, there = order[:-1], order[1:]
    returned = np.zeros(len(deal), dtype=bool)
    back = (stage[there] <= stage[here]) & (stage[there] >= 0) & selling[here] & selling[there]
    returned[here] = (deal[here] == deal[there]) & back
    return Visits(deal, stage, entered, left, returned, sla, selling)


def handed(deal: Ints, role: Ints, queued: Floats, started: Floats, ended: Floats) -> Floats:
    """Return how long each task of a history waited for hands other than those that ended the deal's work before it.

    Tasks of any order. The task before is the one that had ended last when this one was queued; the wait begins then.
    Where the queueing is not known, it begins with the end of the task before, and the customer's time may be in it.
    NaN where the same role goes on.

    Examples
    --------
    >>> deal, role = np.zeros(3, dtype=int), np.array([0, 1, 0])  # a short part of role 1 beside a long one of role 0
    >>> handed(deal, role, np.array([0.0, 0.0, 2.0]), np.array([0.0, 0.0, 2.5]), np.array([2.0, 0.1, 3.0]))
    array([nan, nan, nan])
    >>> handed(deal, 1 - role, np.full(3, np.nan), np.array([0.0, 1.0, 4.0]), np.array([0.5, 2.0, 5.0]))
    array([nan, 0.5, 2. ])
    """
    ready = np.where(np.isnan(queued), started, queued)
    n, at_once = len(deal), ended == started
    moment = np.concatenate([ended, ready])
    kind = np.concatenate([np.where(at_once, 2, 0), np.ones(n, dtype=np.int64)])  # no task comes before itself
    order = np.lexsort((kind, moment, np.concatenate([deal, deal])))  # what has not ended is last of its deal
    is_end = order < n
    last = np.maximum.accumulate(np.where(is_end, np.arange(2 * n), -1))
    place = np.flatnonzero(~is_end)
    task, before = order[place] - n, order[np.maximum(last[place], 0)] % max(n, 1)
    known = (last[place] >= 0) & ~np.isnan(ready[task]) & (deal[before] == deal[task]) & (role[before] != role[task])
    found = np.full(n, np.nan)
    task, before = task[known], before[known]
    found[task] = started[task] - np.where(np.isnan(queued[task]), ended[before], queued[task])
    return found
