"""Whether a run that goes on from the state of another one is like that one going on: measures and their z."""

from __future__ import annotations

from typing import Any

import numpy as np

from simsales.engine import EventLog, lower, restart, run_plan
from simsales.engine.plan import LOST, NO_DECISION, OPEN, WON
from simsales.model.apply import as_timeline

BLIND = ("created_days", "age_days", "stage", "deal_id", "amount", "segment", "channel", "owner", "visit")
"""What a list of open deals tells that says nothing about their stay but its age."""


def measures(log: EventLog, since: float) -> dict[str, float]:
    """What happens from a time on to the deals that were open then, and to all."""
    deal, task, visit, until = log.deal, log.task, log.visit, log.until
    old = deal.created < since
    late = deal.closed >= since
    found = {f"{name} {who}": float((late & mine & (deal.status == code)).sum())
             for name, code in (("won", WON), ("lost", LOST), ("undecided", NO_DECISION))
             for who, mine in (("old", old), ("new", ~old))}  # fmt: skip
    won = late & (deal.status == WON)
    found["bookings"] = float(deal.amount[won].sum())
    found["days to win"] = float((deal.closed[won & old] - since).sum())
    found["age at win"] = float((deal.closed[won] - deal.created[won]).sum())
    before = ~log.after_sale[task.stage] if len(task.stage) else np.zeros(0, bool)
    begun = before & (task.started >= since)
    found["begun"] = float(begun.sum())
    found["waited"] = float((task.started - task.queued)[begun].sum())
    found["ended"] = float((before & (task.ended >= since)).sum())
    hours = [log.plan.staffing.hours[int(rep)] for rep in task.rep[before & (task.rep >= 0)]]
    ends = np.where(np.isnan(task.ended), until, task.ended)[before & (task.rep >= 0)]
    starts = task.started[before & (task.rep >= 0)]
    found["hours"] = float(sum(h.hours_between(max(a, since), b) for h, a, b in zip(hours, starts.tolist(), ends.tolist(), strict=True)))
    waits = before & np.isnan(task.started) & (deal.status[task.deal] == OPEN)
    found["waiting"] = float(waits.sum())
    answered = ~np.isnan(deal.response) & (deal.created + deal.response / 24.0 >= since)
    found["answered"], found["response"] = float(answered.sum()), float(deal.response[answered].sum())
    moved = ~log.after_sale[visit.stage] & (visit.entered >= since)
    found["entered"] = float(moved.sum())
    found["still open"] = float((deal.status == OPEN).sum())
    return found


def restarted(log: EventLog, cut: float, columns: tuple[str, ...] | None = None) -> EventLog:
    """The run that goes on from the state of another one at a time, with the same common shocks."""
    run = restart.run_to(log, cut)
    opening = restart.opening_at(run, log.ids, cut)
    if columns is not None:
        opening = opening[[name for name in opening.columns if name in columns]]
    plan = lower(restart.organisation_at(run, cut), start=cut, until=log.until, opening=opening)
    return run_plan(plan, log.seed, log.replication)


def differences(model: Any, cut: float, weeks: float, replications: int, *, seed: int = 1, columns: tuple[str, ...] | None = None) -> dict[str, tuple[float, float, float]]:
    """By measure: mean of the run that goes on, mean of the one that was cut less that, and z of this difference."""
    plan = lower(as_timeline(model), until=cut + 7.0 * weeks)
    rows = []
    for replication in range(replications):
        log = run_plan(plan, seed, replication)
        one, other = measures(log, cut), measures(restarted(log, cut, columns), cut)
        rows.append([(one[name], other[name] - one[name]) for name in one])
    table = np.array(rows)
    found = {}
    for k, name in enumerate(one):
        gap = table[:, k, 1]
        error = gap.std(ddof=1) / np.sqrt(replications)
        found[name] = (float(table[:, k, 0].mean()), float(gap.mean()), float(gap.mean() / error) if error > 0.0 else 0.0)
    return found
