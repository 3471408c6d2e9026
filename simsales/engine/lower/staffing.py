"""Lower how reps come and go, what they may take, and when they work."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simsales.engine import rules
from simsales.engine.clock import Clock
from simsales.engine.plan.staffing import Leaving, RoleRule, Staffing, Trained
from simsales.engine.worktime import WorkTime
from simsales.errors import InvalidModelError
from simsales.model.calendars import Calendar, zone
from simsales.model.conditions import ATTRIBUTES, Clause, parse_condition
from simsales.model.quota import assigned
from simsales.model.roster import named_reps
from simsales.model.schema import Attrition, Model, Rep, Training

if TYPE_CHECKING:
    from simsales.engine.lower import Lowering

__all__ = ["off_days", "people_by_regime", "staffing"]

DAYS_PER_YEAR = 365.25
DAYS_PER_WEEK = 7.0
LAST_DEAL_MARGIN = 2.0
"""A run of a given number of leads may take this much longer than their mean rate says."""
ALMOST_ONE = 1.0 - 1e-12
"""Keeps a process that goes in circles solvable."""
People = list[dict[str, Rep]]


def people_by_regime(models: Sequence[Model], years: float) -> tuple[People, dict[str, str]]:
    """Return the reps of every regime by name, and the seat of each possible replacement.

    Parameters
    ----------
    models : sequence of Model
        By regime.
    years : float
        How long the run may last; so many replacements are made that they run out with a chance below 1e-9.

    Returns
    -------
    list of dict of str to Rep, dict of str to str
        The second one maps ``AE-01 (2)`` to ``AE-01``.
    """
    people: People = [{str(rep.name): rep for rep in named_reps(model)} for model in models]
    taken = {name for row in people for name in row}
    seats: dict[str, str] = {}
    for name in dict.fromkeys(name for row in reversed(people) for name in row):
        found = [(row, model.attrition.get(row[name].role)) for row, model in zip(people, models, strict=True) if name in row]
        most = max((_hazard(each) for _, each in found if each is not None and each.replace), default=0.0) * years
        number = 1
        for _ in range(rules.most_leavers(most)):
            number += 1
            while f"{name} ({number})" in taken:
                number += 1
            slot = f"{name} ({number})"
            seats[slot] = name
            for row, attrition in found:
                ramp = row[name].ramp if attrition is None or attrition.ramp is None else attrition.ramp
                row[slot] = row[name].model_copy(
                    update={"name": slot, "hired": None, "ramp": ramp, "booked_before": None}
                )
    return people, seats


def _hazard(attrition: Attrition) -> float:
    return attrition.per_year * max(1.0, attrition.first_year) * max(1.0, attrition.low_factor)


def run_years(models: Sequence[Model], days: float, cases: int | None) -> float:
    """Return how many years a run may last; with a number of leads it ends when they are through."""
    if cases is not None:
        rates = [sum(channel.leads_per_week for channel in model.channels) for model in models]
        slowest = min((rate for rate in rates if rate > 0.0), default=math.inf)
        days += LAST_DEAL_MARGIN * cases / slowest * DAYS_PER_WEEK
    return days / DAYS_PER_YEAR


def staffing(low: Lowering, people: Sequence[Sequence[Rep]], found: dict[str, Any]) -> Staffing:
    """Return the part of a plan that says how reps come and go.

    Parameters
    ----------
    low : Lowering
    people : sequence of sequence of Rep
        By regime and rep.
    found : dict
        The plan's other tables: exits and segments.
    """
    hours, shift, n_shifts = _hours(low, people[-1])
    seat = [low.reps.index(low.seats.get(name, name)) for name in low.reps]
    asked = any(role.queue == "expected_value" for model in low.models for role in model.roles)
    return Staffing(
        hours=hours, shift=shift, n_shifts=n_shifts, people=tuple(map(tuple, people)), seat=tuple(seat),
        following=_following(seat), n_named=len(low.reps) - len(low.seats),
        roles=tuple(tuple(_role_rule(model, name) for name in low.roles) for model in low.models),
        leaving=tuple(tuple(_leaving(low, model, name) for name in low.roles) for model in low.models),
        territory=tuple(tuple(_territory(rep) for rep in row) for row in people),
        curves=tuple(tuple(rep.ramp.curve if rep.ramp else () for rep in row) for row in people),
        trainings=tuple(_trained(low, rep) for rep in people[-1]),
        quota=_quotas(low, people, seat), win_chance=_win_chances(low, found) if asked else (),
    )  # fmt: skip


def _following(seat: Sequence[int]) -> tuple[int, ...]:
    """Return who sits down next in each rep's seat."""
    found = [-1] * len(seat)
    last: dict[int, int] = {}
    for rep, place in enumerate(seat):
        if place in last and place != rep:
            found[last[place]] = rep
        last[place] = rep
    return tuple(found)


def _role_rule(model: Model, name: str) -> RoleRule:
    role = next((role for role in model.roles if role.name == name), None)
    if role is None:
        return RoleRule((), math.inf, math.inf, 0.0, 0.0)
    most = math.inf if role.max_open_deals is None else float(role.max_open_deals)
    recycle = math.inf if role.recycle_days is None else role.recycle_days
    return RoleRule(role.tiers, most, recycle, role.reclaim_days, role.handover_loss)


def _leaving(low: Lowering, model: Model, role: str) -> Leaving | None:
    each = model.attrition.get(role)
    if each is None:
        return None
    return Leaving(
        each.per_year, each.first_year, each.low_attainment, each.low_factor, each.replace, low.law(each.vacancy_days)
    )


def _territory(rep: Rep) -> tuple[Clause, ...] | None:
    return None if rep.territory is None else parse_condition(rep.territory, ATTRIBUTES)


# when they work ------------------------------------------------------------------------------------


def off_days(text: str) -> list[dt.date]:
    """Return the days of ``2027-08-02`` or ``2027-08-02..2027-08-20`` (both included).

    Parameters
    ----------
    text : str

    Raises
    ------
    ValueError
        If a date cannot be read, or the last day is before the first.

    Examples
    --------
    >>> [day.day for day in off_days("2027-08-02..2027-08-04")]
    [2, 3, 4]
    """
    first, _, last = text.partition("..")
    begin = dt.date.fromisoformat(first.strip())
    end = dt.date.fromisoformat(last.strip()) if last else begin
    if end < begin:
        message = f"the last day {end} is before the first {begin}"
        raise ValueError(message)
    return [begin + dt.timedelta(days=i) for i in range((end - begin).days + 1)]


def _hours(low: Lowering, people: Sequence[Rep]) -> tuple[tuple[WorkTime, ...], tuple[int, ...], int]:
    """Return every rep's working time, one object for all who share it; the first one is the organisation's."""
    known: dict[tuple[str | None, tuple[dt.date, ...]], int] = {(None, ()): 0}
    made, shift = [low.worktime], []
    for rep in people:
        named = {row[str(rep.name)].calendar for row in low.people if str(rep.name) in row}
        if len(named) > 1:
            message = (
                f"the calendar of '{rep.name}' must not change during a run, got a change with a start date. "
                "Hint: leave the date out, so that it holds from the beginning."
            )
            raise InvalidModelError(message)
        off = {day for text in rep.off for day in off_days(text)}
        off |= {day for training in _trainings(low, rep) for day in _away(training)}
        key = (rep.calendar, tuple(sorted(off)))
        if key not in known:
            known[key] = len(made)
            made.append(_worktime(low, rep, key[1]))
        shift.append(known[key])
    return tuple(made[k] for k in shift), tuple(shift), len(made)


def _worktime(low: Lowering, rep: Rep, off: tuple[dt.date, ...]) -> WorkTime:
    base = low.models[0].calendar
    calendar = base if rep.calendar is None else _calendar(low, rep.calendar)
    if off:
        extra = tuple(day for day in calendar.extra if day not in off)  # a rep who is away is away
        calendar = calendar.model_copy(update={"off": (*calendar.off, *off), "extra": extra})
    clock = Clock(low.clock.epoch, zone(calendar.timezone))
    return WorkTime(calendar, clock, low.worktime.first, low.until)


def _calendar(low: Lowering, name: str) -> Calendar:
    """Return a named calendar."""
    return next(model.calendars[name] for model in reversed(low.models) if name in model.calendars)


# training ------------------------------------------------------------------------------------------


def _trainings(low: Lowering, rep: Rep) -> list[Training]:
    """Return the trainings that a rep takes, if employed at the start of it (of a replacement only the run knows)."""
    named = {training.name: training for model in low.models for training in model.trainings}
    return [
        training for _, training in sorted(named.items())
        if (training.rep == rep.name or training.role == rep.role or (training.team is not None and training.team == rep.team))
        and (rep.hired is None or rep.hired <= training.start) and (rep.leaves is None or rep.leaves > training.start)
    ]  # fmt: skip


def _away(training: Training) -> list[dt.date]:
    return [training.start + dt.timedelta(days=i) for i in range(training.days_off)]


def _trained(low: Lowering, rep: Rep) -> tuple[Trained, ...]:
    return tuple(
        Trained(
            low.clock.midnight(training.start),
            low.clock.midnight(training.start + dt.timedelta(days=training.days_off)), training.skill, training.speed,
            math.inf if training.half_life_days is None else training.half_life_days,
        )
        for training in _trainings(low, rep)
    )  # fmt: skip


# what they are measured by -------------------------------------------------------------------------


def _quotas(low: Lowering, people: Sequence[Sequence[Rep]], seat: Sequence[int]) -> tuple[tuple[float, ...], ...]:
    """Return the quota of every rep's plan, by regime; a replacement has the quota of the seat."""
    quotas = []
    for model, row in zip(low.models, people, strict=True):
        given = assigned(model)
        plans = [model.plans.get(rep.plan or "") for rep in row]
        quotas.append(tuple(
            0.0 if plan is None or plan.quota is None else given.get(low.reps[seat[rep]], plan.quota)
            for rep, plan in enumerate(plans)
        ))  # fmt: skip
    return tuple(quotas)


def _win_chances(low: Lowering, found: dict[str, Any]) -> tuple[tuple[tuple[float, ...], ...], ...]:
    """Return the chance of winning from each stage, by regime and segment (an absorbing chain)."""
    n = len(low.stages)
    logit = found["segment_logit"]
    table = []
    for r, model in enumerate(low.models):
        after = {stage.name for stage in model.stages if stage.after_sale}
        won = [name in after for name in low.stages]
        table.append(tuple(win_chance(*_chain(found, r, n, float(logit[r, g])), won) for g in range(logit.shape[1])))
    return tuple(table)


def _chain(found: dict[str, Any], r: int, n: int, shift: float) -> tuple[Any, Any]:
    """Return the moves between stages under one regime, and the chance of winning at once."""
    moves, wins = np.zeros((n, n)), np.zeros(n)
    for s in range(n):
        i = r * n + s
        exits = slice(int(found["exit_offset"][i]), int(found["exit_offset"][i + 1]))
        edges = found["exit_cumulative"][exits].tolist()
        edges = _shifted(edges, int(found["exit_advancing"][r, s]), shift)
        for target, before, edge in zip(found["exit_target"][exits].tolist(), [0.0, *edges], edges, strict=False):
            if target >= 0:
                moves[s, target] += edge - before
            elif target == -1:
                wins[s] += edge - before
    return moves, wins


def _shifted(edges: list[float], advancing: int, shift: float) -> list[float]:
    """Return cumulative probabilities with the log-odds of the advancing exits shifted."""
    p = edges[advancing - 1] if advancing else 0.0
    if shift == 0.0 or not 0.0 < p < 1.0:
        return edges
    new = rules.shifted(p, shift)
    return [
        edge * (new / p) if i < advancing else new + (edge - p) * ((1.0 - new) / (1.0 - p))
        for i, edge in enumerate(edges)
    ]


def win_chance(moves: Any, wins: Any, won: Sequence[bool]) -> tuple[float, ...]:
    """Return the chance of being won from each stage.

    Parameters
    ----------
    moves : ndarray of float, shape (n_stages, n_stages)
        Probabilities of the next stage.
    wins : ndarray of float, shape (n_stages,)
        Probability of being won at once.
    won : sequence of bool
        Stages after the win.

    Examples
    --------
    >>> win_chance(np.array([[0.0, 0.5], [0.0, 0.5]]), np.array([0.0, 0.25]), [False, False])
    (0.25, 0.5)
    """
    n = len(wins)
    chance = np.linalg.solve(np.eye(n) - ALMOST_ONE * moves, wins)
    return tuple(1.0 if done else float(round(p, 9)) for p, done in zip(chance, won, strict=True))
