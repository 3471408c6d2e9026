"""Lower roles and reps to the plan's tables."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from simsales.engine.lower.staffing import staffing
from simsales.engine.pay import Usual, pay_rule
from simsales.engine.plan import NOBODY
from simsales.engine.rules import PayRule
from simsales.model.compensation import CompPlan
from simsales.model.schema import Rep

if TYPE_CHECKING:
    from simsales.engine.lower import Lowering

DAYS_PER_MONTH = 365.25 / 12


def people_tables(low: Lowering, tables: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of the plan that say who does the work (R3, R7), given those of stages and leads."""
    people = [[_rep(low, r, name) for name in low.reps] for r in range(len(low.models))]
    pay, usual, rules = _pay(low, people)
    last = people[-1]
    roles = [{role.name: role for role in model.roles} for model in low.models]
    known = [[role.get(name) or _role(low, name) for name in low.roles] for role in roles]

    def column(get: Any) -> Any:
        return np.array([[get(rep) for rep in row] for row in people], dtype=float).reshape(
            len(low.models), len(low.reps)
        )

    return {
        "role_routing": tuple(tuple(role.routing for role in row) for row in known),
        "role_queue": tuple(tuple(role.queue for role in row) for row in known),
        "role_concurrency": np.array([[role.concurrency for role in row] for row in known]),
        "rep_role": np.array([low.roles.index(rep.role) for rep in last], dtype=np.int64),
        "rep_hired": np.array([_date(low, rep.hired, _first_day(low, rep)) for rep in last]),
        "rep_leaves": np.array([_date(low, rep.leaves, math.inf) for rep in last]),
        "rep_speed": column(lambda rep: rep.speed),
        "rep_skill": column(lambda rep: rep.skill),
        "rep_share": column(lambda rep: rep.selling_share),
        "rep_weight": column(lambda rep: rep.weight),
        "rep_ramp_days": column(lambda rep: rep.ramp.months * DAYS_PER_MONTH if rep.ramp else 0),
        "rep_ramp_start": column(lambda rep: rep.ramp.start if rep.ramp else 1.0),
        "rep_pay": pay, "rep_usual": usual, "pay_rules": tuple(rules), "staffing": staffing(low, people, tables),
    }  # fmt: skip


def _pay(low: Lowering, people: list[list[Rep]]) -> tuple[Any, Any, list[PayRule]]:
    """Return each rep's rates by regime, and what those are used to who get none.

    The reference is what the organisation before any change pays the seat, whether or not the plan of today has a quota.
    """
    usual = Usual(low.timeline.usual)
    pay = np.full((len(low.models), len(low.reps)), NOBODY)
    unpaid = np.zeros(pay.shape)
    known: dict[PayRule, int] = {}
    made: dict[tuple[int, str, CompPlan], PayRule] = {}
    first: dict[str, CompPlan] = {}
    for r, row in enumerate(people):
        plans = low.models[r].plans
        for p, rep in enumerate(row):
            name = rep.plan or ""
            seat = low.seats.get(low.reps[p], low.reps[p])
            if name not in plans or plans[name].quota is None:
                unpaid[r, p] = usual.rate(seat, rep.role)
                continue
            before = usual.plan(seat, rep.role, name, first.setdefault(name, plans[name]))
            key = (r, name, before)
            if key not in made:
                made[key] = pay_rule(name, low.models[r], before)
            pay[r, p] = known.setdefault(made[key], len(known))
    return pay, unpaid, list(known)


def _rep(low: Lowering, r: int, name: str) -> Rep:
    """Return a rep as regime `r` knows him, else as the nearest regime does."""
    near = [*low.people[r:], *reversed(low.people[:r])]
    return next(people[name] for people in near if name in people)


def _role(low: Lowering, name: str) -> Any:
    return next(role for model in low.models for role in model.roles if role.name == name)


def _first_day(low: Lowering, rep: Rep) -> float:
    """Return when a rep without a hiring date begins: long ago, or never yet for a possible replacement."""
    return math.inf if rep.name in low.seats else -math.inf


def _date(low: Lowering, date: dt.date | None, default: float) -> float:
    return default if date is None else low.clock.midnight(date)
