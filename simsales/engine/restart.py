"""The state of a run at a time, as what another run starts with (R9).

A model, a seed and a replication determine every event, so the state at any time is found by running up to it again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from simsales.engine.eventlog import EventLog
from simsales.engine.hooks import Hooks
from simsales.engine.leads.hidden import hidden_draws
from simsales.engine.life.gathering import Gathering
from simsales.engine.life.state import NONE, REASONS, Deal, Task, Visit
from simsales.engine.lower.lower import When, time_of
from simsales.engine.plan import NOBODY, OPEN, STATUS, Plan
from simsales.engine.reference import Run
from simsales.errors import InvalidModelError
from simsales.model.apply import Timeline
from simsales.model.market import Event
from simsales.model.people import Rep
from simsales.model.roster import named_reps
from simsales.model.schema import Model

__all__ = ["moment", "opening_at", "organisation_at", "run_to"]

NAN = float("nan")
ALWAYS = ("deal_id", "stage", "age_days", "created_days", "amount", "segment", "channel", "owner", "visit", "cut_at")


def run_to(log: EventLog, time: float, hooks: Hooks | None = None) -> Run:
    """Return the run that made a log as it was at a time.

    Raises
    ------
    InvalidModelError
        If it had hooks, and none are given.
    """
    if log.hooked and hooks is None:
        message = "hooks must be given again for a run that had some, got none. Hint: log.opening(at, hooks=...)."
        raise InvalidModelError(message)
    run = Run(log.plan, log.seed, log.replication, hooks)
    run.reach(time)
    return run


# deals ---------------------------------------------------------------------------------------------


def opening_at(run: Run, ids: np.ndarray[Any, Any], time: float) -> pd.DataFrame:
    """Return the deals that are open at a time to which a run has come, with all that is true of them.

    Parameters
    ----------
    run : Run
    ids : ndarray of str
        Of all its deals.
    time : float
        Days since the epoch.

    Returns
    -------
    DataFrame
        Columns as :func:`simsales.simulate` reads them; those that are empty everywhere are left out.
    """
    table = _Table(run, time)
    rows = [table.row(deal, str(ids[deal.ordinal])) for deal in run.deals if deal.status == OPEN and deal.visit is not None]
    frame = pd.DataFrame(rows, columns=list(dict.fromkeys(name for row in rows for name in row)) or list(ALWAYS))
    kept = [name for name in frame.columns if name in ALWAYS or name.startswith("rep[") or frame[name].notna().any()]
    return frame[kept]


class _Table:
    """Rows of the table of open deals."""

    def __init__(self, run: Run, time: float) -> None:
        self.run, self.plan, self.time = run, run.plan, time
        self.draws = {what: run.facts.draws.vector(*key) for what, key in hidden_draws(run.plan).items()}
        self.waits: dict[tuple[float, float], float] = {}
        for row in run.rows:  # of tasks that have begun
            if row[6] == row[6]:  # noqa: PLR0124 - not NaN
                stay = (row[0], row[1])
                self.waits[stay] = max(self.waits.get(stay, 0.0), row[6] - row[5])

    def row(self, deal: Deal, name: str) -> dict[str, Any]:
        """Return one deal."""
        visit, plan, facts, i = deal.visit, self.plan, self.run.facts, deal.ordinal
        assert visit is not None
        known: dict[str, Any] = {
            "deal_id": name, "stage": plan.stages[visit.stage], "age_days": self.time - visit.row[3],
            "created_days": deal.created - self.time, "amount": deal.amount, "discount": deal.discount or None,
            "segment": plan.segments[deal.segment], "channel": plan.channels[deal.channel] if deal.channel >= 0 else None,
            "product": self._name(plan.market.products, int(facts.product[i])),
            "region": self._name(plan.market.regions, int(facts.region[i])),
            "score": self._score(i), "owner": self._rep(deal.owner), "visit": visit.number, "cut_at": self.time,
        }  # fmt: skip
        return known | self._of_deal(deal, visit) | self._of_stay(deal, visit) | {
            f"draw[{what}]": float(values[i]) for what, values in self.draws.items()
        }

    def _of_deal(self, deal: Deal, visit: Visit) -> dict[str, Any]:
        plan = self.plan
        who, until = deal.barred if deal.barred is not None and deal.barred[1] > self.time else (NOBODY, self.time)
        found: dict[str, Any] = {
            "answered": deal.answered, "response_hours": deal.response,
            "previous": self._name(plan.stages, deal.previous), "owner_role": self._name(plan.roles, deal.owner_role),
            "last_role": self._name(plan.roles, deal.last_role), "credit": self._rep(deal.credit),
            "barred": self._rep(who), "barred_days": until - self.time if who != NOBODY else None,
            "ending": REASONS[deal.doomed] if deal.doomed else None,
        }  # fmt: skip
        found |= {f"rep[{role}]": self._rep(deal.reps.get(k, NOBODY)) for k, role in enumerate(plan.roles)}
        for stage, ahead in sorted(deal.ahead.items()):
            name = f"[{plan.stages[stage]}]"
            going_on = sum(task.work for task in visit.batch if task.counts is ahead and not task.done.processed)
            found |= {
                f"ahead_hours{name}": ahead.work - going_on, f"ahead_by{name}": self._rep(ahead.rep),
                f"ahead_lead{name}": self._rep(ahead.lead), f"ahead_effort{name}": ahead.effort,
            }  # fmt: skip
        found |= {f"worked[{plan.roles[k]}]": self._rep(rep) for k, rep in sorted(deal.worked.items())}
        return found | {
            f"visits[{plan.stages[stage]}]": number for stage, number in sorted(deal.visits.items()) if stage != visit.stage
        }

    def _of_stay(self, deal: Deal, visit: Visit) -> dict[str, Any]:
        """Return how far the stay is: at work, in its delay, or at the tasks at its end."""
        active = [task for task in visit.batch if not task.done.processed]
        found: dict[str, Any] = {
            "worked_hours": visit.work - sum(task.work for task in active if task.counts is visit), "worked_by": self._rep(visit.rep),
            "lead": self._rep(visit.lead), "effort": visit.effort if visit.effort != 1.0 else None,
            "waited_days": max(self.waits.get((visit.row[0], visit.row[1]), 0.0), visit.waited) or None,
            "passed": visit.passed or None,
        }  # fmt: skip
        if visit.delayed == visit.delayed:  # noqa: PLR0124 - not NaN: the exit is drawn
            found["log_odds"] = visit.odds
            if visit.target == NONE:
                return found | {"delay_days": self.time - visit.delayed}
            names = dict(enumerate(self.plan.stages)) | STATUS
            found |= {"exit": names[visit.target], "price_cut": deal.cut or None}
        if visit.handing is not None:
            position, since = visit.handing
            return found | {f"task[{position + 1}]": "handing", f"task_days[{position + 1}]": self.time - since}
        for task in visit.batch:
            found |= self._of_task(task)
        return found

    def _of_task(self, task: Task) -> dict[str, Any]:
        j = f"[{task.position + 1}]"
        if task.done.triggered and not task.in_hand:
            return {f"task{j}": "done"}
        if task.in_hand:
            rep, started = task.rep, task.row[6]
            busy = self.plan.staffing.hours[rep].hours_between(max(started, self.plan.start), self.time)
            return {
                f"task{j}": "working", f"task_days{j}": self.time - started, f"task_rep{j}": self._rep(rep),
                f"task_done{j}": task.before + busy * task.pace, f"task_pace{j}": task.pace,
            }  # fmt: skip
        state = "gathering" if isinstance(task.queue, Gathering) else "handing" if task.queue is None else "waiting"
        home = next(view.role for view in self._tasks(task.visit) if view.position == task.position)
        escalated = self.plan.roles[task.role] if task.role != home else None
        return {f"task{j}": state, f"task_days{j}": self.time - task.since, f"task_role{j}": escalated}

    @staticmethod
    def _tasks(visit: Visit) -> tuple[Any, ...]:
        return (*visit.view.tasks, *visit.view.last_tasks)

    def _score(self, i: int) -> float | None:
        """Return a score that was given, not drawn."""
        scores = self.run.facts.scores
        return scores.given[i] if scores.on and scores.given[i] == scores.given[i] else None  # noqa: PLR0124

    def _rep(self, rep: int) -> str | None:
        return self.plan.reps[rep] if rep != NOBODY else None

    @staticmethod
    def _name(names: tuple[str, ...], code: int) -> str | None:
        return names[code] if code >= 0 else None


# people and events -----------------------------------------------------------------------------------


def organisation_at(run: Run, time: float) -> Timeline:
    """Return the organisation as it is at a time to which a run has come.

    Who has left by then has left; who has taken a vacant seat, or is to take it, is there by name; what each rep has
    booked in the current period is `booked_before`; events that have begun happened or did not; a transition without a
    date goes on as one that began with the run.
    """
    timeline, plan = run.plan.timeline, run.plan
    regimes = tuple(replace(regime, model=_model_at(run, regime.model, r, time)) for r, regime in enumerate(timeline.regimes))
    began = plan.clock.date(plan.start)
    dips = tuple(replace(dip, start=began) if dip.start is None else dip for dip in timeline.dips)
    return replace(timeline, regimes=regimes, dips=dips, uncertain=None)


def _model_at(run: Run, model: Model, r: int, time: float) -> Model:
    events = tuple(event for each in model.events if (event := _event_at(run, each, time)) is not None)
    if not run.plan.reps:
        return model.model_copy(update={"events": events})
    named = {str(rep.name): rep for rep in named_reps(model)}
    people = [_rep_at(run, rep, run.plan.reps.index(name), time) for name, rep in named.items()]
    seats = run.plan.staffing.seat
    for rep in range(run.plan.staffing.n_named, len(run.plan.reps)):
        if run.staff.hired[rep] < np.inf and run.plan.reps[seats[rep]] in named:
            person = run.plan.staffing.people[r][rep]
            begins = run.plan.clock.date(run.staff.hired[rep] + 0.5)  # a model's people begin at midnight: the nearest one
            people.append(_rep_at(run, person.model_copy(update={"hired": begins, "count": 1}), rep, time))
    return model.model_copy(update={"events": events, "reps": tuple(people)})


def _rep_at(run: Run, person: Rep, rep: int, time: float) -> Rep:
    """Return a rep as he or she is at a time; a leave by attrition that is still to come is not known yet."""
    changes: dict[str, Any] = {"booked_before": None}
    if run.staff.hired[rep] <= time:
        standing = run.staff.attainment.standing(rep, time)
        changes["booked_before"] = standing.sold if standing.paid else None
    if run.staff.leaves[rep] < time:
        changes["leaves"] = run.plan.clock.date(run.staff.leaves[rep])
        if person.hired is not None and changes["leaves"] < person.hired:  # rounded apart
            changes["hired"] = changes["leaves"]
    return person.model_copy(update=changes)


def _event_at(run: Run, event: Event, time: float) -> Event | None:
    """Return an event as it is known at a time: one that has begun happened for sure, or is none."""
    plan = run.plan
    if event.probability >= 1.0 or plan.clock.midnight(event.start) >= time:
        return event
    happened = {each.name for each in run.facts.events.happened}
    return event.model_copy(update={"probability": 1.0}) if event.name in happened else None


def moment(plan: Plan, at: When, default: float) -> float:
    """Return a time between the start and the end of a plan's run, in days since the epoch.

    Raises
    ------
    InvalidModelError
        If it lies outside.
    """
    time = time_of(plan.clock, at, "at", default)
    if not plan.start <= time <= default:
        first, last = plan.clock.date(plan.start), plan.clock.date(default)
        message = f"at must lie in the run ({first} to {last}), got {at}. Hint: leave it out for the end of the run."
        raise InvalidModelError(message)
    return time
