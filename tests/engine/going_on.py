"""Whether a run that goes on from the state of another one is like that one going on: measures and their z."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from simsales.engine import EventLog, lower, restart, run_plan
from simsales.engine.plan import LOST, NO_DECISION, OPEN, WON, Plan
from simsales.model.apply import as_timeline

Spoil = Callable[[pd.DataFrame], pd.DataFrame]
Table = np.ndarray


def measures(log: EventLog, since: float) -> dict[str, float]:
    """What happens from a time on: outcomes, work, waits, answers, moves, and what is left at the end."""
    deal, task, visit = log.deal, log.task, log.visit
    old, late = deal.created < since, deal.closed >= since
    found = {
        f"{name} {who}": float((late & mine & (deal.status == code)).sum())
        for name, code in (("won", WON), ("lost", LOST), ("undecided", NO_DECISION))
        for who, mine in (("old", old), ("new", ~old))
    }
    won = late & (deal.status == WON)
    found["bookings"] = float(deal.amount[won].sum())
    found["days to win"] = float((deal.closed[won & old] - since).sum())
    found["age at win"] = float((deal.closed[won] - deal.created[won]).sum())
    before = ~log.after_sale[task.stage] if len(task.stage) else np.zeros(0, bool)
    begun = before & (task.started >= since)
    found["begun"], found["waited"] = float(begun.sum()), float((task.started - task.queued)[begun].sum())
    found["ended"] = float((before & (task.ended >= since)).sum())
    found["hours"] = _hours(log, before & (task.rep >= 0), since)
    waits = before & np.isnan(task.started) & np.isnan(task.dropped) & (deal.status[task.deal] == OPEN)
    found["waiting"] = float(waits.sum())
    answered = ~np.isnan(deal.response) & (deal.created + deal.response / 24.0 >= since)
    found["answered"], found["response"] = float(answered.sum()), float(deal.response[answered].sum())
    found["entered"] = float((~log.after_sale[visit.stage] & (visit.entered >= since)).sum())
    found["still open"] = float((deal.status == OPEN).sum())
    return found


def _hours(log: EventLog, which: np.ndarray, since: float) -> float:
    """Working hours on some tasks from a time on."""
    task, hours = log.task, log.plan.staffing.hours
    ends = np.where(np.isnan(task.ended), log.until, task.ended)
    rows = zip(task.rep[which].tolist(), task.started[which].tolist(), ends[which].tolist(), strict=True)
    return float(sum(hours[rep].hours_between(max(a, since), b) for rep, a, b in rows))


def restarted(log: EventLog, cut: float, spoil: Spoil | None = None) -> EventLog:
    """The run that goes on from the state of another one at a time, with the same common shocks."""
    run = restart.run_to(log, cut)
    opening = restart.opening_at(run, log.ids, cut)
    plan = lower(restart.organisation_at(run, cut), start=cut, until=log.until, opening=opening if spoil is None else spoil(opening))
    return run_plan(plan, log.seed, log.replication)


def pairs(model: Any, cut: float, weeks: float, replications: int, *, seed: int = 1, spoil: Spoil | None = None) -> tuple[list[str], Table]:
    """By replication and measure: the run that goes on, and the one that was cut less that; shape (replications, measures, 2)."""
    plan: Plan = lower(as_timeline(model), until=cut + 7.0 * weeks)
    names: list[str] = []
    rows = []
    for replication in range(replications):
        log = run_plan(plan, seed, replication)
        one, other = measures(log, cut), measures(restarted(log, cut, spoil), cut)
        names = list(one)
        rows.append([(one[name], other[name] - one[name]) for name in names])
    return names, np.array(rows)


def z_scores(gaps: Table, least: int = 5) -> np.ndarray:
    """Mean of each column of differences by its standard error; 0 where hardly any of them differ."""
    error = gaps.std(axis=0, ddof=1) / np.sqrt(len(gaps))
    told = ((gaps != 0.0).sum(axis=0) >= least) & (error > 0.0)
    return np.where(told, gaps.mean(axis=0) / np.where(error > 0.0, error, 1.0), 0.0)


def differences(model: Any, cut: float, weeks: float, replications: int, *, seed: int = 1, spoil: Spoil | None = None) -> dict[str, tuple[float, float, float]]:
    """By measure: mean of the run that goes on, mean of the one that was cut less that, and z of this difference."""
    names, table = pairs(model, cut, weeks, replications, seed=seed, spoil=spoil)
    z = z_scores(table[:, :, 1])
    return {name: (float(table[:, k, 0].mean()), float(table[:, k, 1].mean()), float(z[k])) for k, name in enumerate(names)}
