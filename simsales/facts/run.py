"""Facts of a simulated run."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from simsales.engine.clock import periods
from simsales.engine.credit import credited
from simsales.engine.life.state import NO_RESPONSE
from simsales.engine.plan import LOST, NO_DECISION, WON
from simsales.facts.columns import Deals, Facts, Reps, Tasks, stays
from simsales.model.roster import named_reps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simsales.engine import EventLog
    from simsales.engine.plan import Plan

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]


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
        unanswered=(deal.reason == NO_RESPONSE).astype(float), cause=cause.astype(np.int64), owner=credited(log), segment=deal.segment,
        channel=deal.channel, answered=deal.created + deal.response / 24.0, product=deal.product, region=deal.region,
        listed=deal.list_amount, delivery=_delivery(log), position=np.arange(len(cause)),
    )  # fmt: skip
    until_then = np.where(np.isnan(task.dropped), log.until, task.dropped)
    wait = np.where(np.isnan(task.started), until_then, task.started) - task.queued
    tasks = Tasks(task.deal, task.stage, task.role, task.rep, wait, _busy_hours(log), task.started - task.handed)
    team, teams = _teams(plan)
    reps = Reps(np.arange(len(plan.reps)), plan.rep_role, _available_hours(log), team, *_employment(log))
    visited = stays(visit.deal, visit.stage, visit.entered, visit.left, visit.sla,
                    ~log.after_sale[visit.stage])  # fmt: skip
    return Facts(
        start=log.start, until=log.until, deals=deals, visits=visited, tasks=tasks,
        reps=reps, segments=plan.segments, channels=plan.channels, stages=plan.stages, roles=plan.roles,
        rep_names=plan.reps, months=_months(plan, log.until), plan=plan, log=log, products=plan.market.products,
        regions=plan.market.regions, teams=teams,
    )  # fmt: skip


def _delivery(log: EventLog) -> Floats:
    """Return what each deal costs to deliver: a share of the list price before any change of the price.

    The price is that under which the deal was created, the share of it that delivery costs that of its win. An opening
    deal whose amount is stated has the price of before the changes.
    """
    plan, deal = log.plan, log.deal
    rows = deal.made_under
    if plan.opening is not None and len(plan.opening.ids):
        rows = rows.copy()
        agreed = np.flatnonzero(~np.isnan(plan.opening.amount))
        rows[agreed] = plan.n_regimes
    level = np.where(deal.segment >= 0, plan.market.price_level[rows, deal.segment], 1.0)
    sold = np.where(deal.won_under >= 0, deal.won_under, deal.regime)
    return np.asarray(plan.market.unit_cost[sold] * deal.list_amount / level)


def _employment(log: EventLog) -> tuple[Floats, Floats]:
    """Return when each rep came and left in a run, in days; infinite for always and never."""
    return log.rep_hired, log.rep_left


@lru_cache(maxsize=64)
def _teams(plan: Plan) -> tuple[Ints, tuple[str, ...]]:
    """Return each rep's team, and the names of the teams in order of appearance."""
    people = {rep.name: rep.team for regime in plan.timeline.regimes for rep in named_reps(regime.model)}
    by_rep = [people.get(plan.reps[seat]) for seat in plan.staffing.seat]
    names = tuple(dict.fromkeys(team for team in by_rep if team is not None))
    return np.array([-1 if team is None else names.index(team) for team in by_rep], dtype=np.int64), names


def _busy_hours(log: EventLog) -> Floats:
    """Return the working hours spent on each task, without what a leaver does after the last day."""
    task, leaves = log.task, log.rep_left
    busy = task.work_hours
    if not np.isfinite(leaves).any():
        return busy
    ends = np.where(np.isnan(task.ended), log.until, task.ended)
    late = np.flatnonzero((task.rep >= 0) & (ends > leaves[task.rep]))
    busy = busy.copy()
    for i in late.tolist():
        rep = int(task.rep[i])
        busy[i] = log.plan.staffing.hours[rep].hours_between(float(task.started[i]), float(leaves[rep]))
    return busy


def _available_hours(log: EventLog) -> Floats:
    """Return each rep's working hours in the run, times the role's tasks at a time."""
    plan = log.plan
    if np.array_equal(log.rep_hired, plan.rep_hired) and np.array_equal(log.rep_left, plan.rep_leaves):
        return _planned_hours(plan, log.until)
    return _present_hours(plan, log.until, log.rep_hired, log.rep_left)


@lru_cache(maxsize=64)
def _planned_hours(plan: Plan, until: float) -> Floats:
    return _present_hours(plan, until, plan.rep_hired, plan.rep_leaves)


def _present_hours(plan: Plan, until: float, hired: Floats, left: Floats) -> Floats:
    bounds = [plan.start, *(t for t in plan.regime_start.tolist() if plan.start < t < until), until]
    hours = np.zeros(len(plan.reps))
    for a, b in zip(bounds, bounds[1:], strict=False):
        regime = int(np.flatnonzero(plan.regime_start <= a)[-1])
        for rep, role in enumerate(plan.rep_role.tolist()):
            begin, end = max(a, float(hired[rep])), min(b, float(left[rep]))
            hours[rep] += plan.staffing.hours[rep].hours_between(begin, end) * float(plan.role_concurrency[regime, role])
    return hours


@lru_cache(maxsize=64)
def _months(plan: Plan, until: float) -> tuple[tuple[str, float, float], ...]:
    """Return the calendar months that a run touches, in the calendar's zone."""
    found = periods(plan.clock, "month", plan.start, until)
    labels = [f"{number // 12}-{number % 12 + 1:02d}" for number in found.numbers]
    spans = zip(labels, found.begins, found.begins[1:], strict=False)
    return tuple((label, a, b) for label, a, b in spans if a < until)


def members_of(plan: Plan, by: str) -> tuple[str, ...]:
    """Return the names along a dimension that a run of a plan can have, as KPI names show them: reps are rep-1, rep-2, ...

    Parameters
    ----------
    plan : Plan
    by : str
        stage, role, rep, team, channel, segment, product, region or month.
    """
    if by == "month":
        return tuple(label for label, _, _ in _months(plan, plan.until))
    if by == "rep":
        return tuple(f"rep-{i + 1}" for i in range(len(plan.reps)))
    return {"stage": plan.stages, "role": plan.roles, "channel": plan.channels, "segment": plan.segments,
            "product": plan.market.products, "region": plan.market.regions, "team": _teams(plan)[1]}[by]  # fmt: skip
