"""Who is employed when, under which plan, and what a run pays them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from simsales.engine.clock import periods
from simsales.money.pay import Statement, statement

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simsales.engine import EventLog
    from simsales.engine.clock import Clock
    from simsales.engine.plan import Plan
    from simsales.facts import Facts
    from simsales.model.compensation import CompPlan

__all__ = ["Employment", "Payroll", "credited", "pay_statements", "payroll", "schedule", "statements"]


@dataclass(frozen=True)
class Employment:
    """A rep's part of one pay period inside the run.

    Parameters
    ----------
    rep : int
        Position in the plan's reps.
    plan_name : str
    comp : CompPlan
        The plan in force on the rep's first day in the period.
    period : str
        ``2027-03``, ``2027-Q1`` or ``2027``.
    begin, end : float
        The whole calendar period, in days since the epoch.
    days : int
        Local dates employed in the period and inside the run.
    share : Fraction
        `days` of the period's days; the quota shrinks with it.
    """

    rep: int
    plan_name: str
    comp: CompPlan
    period: str
    begin: float
    end: float
    days: int
    share: Fraction


class Payroll(NamedTuple):
    """What a run pays in total, in the model's currency."""

    base: float
    commission: float


@lru_cache(maxsize=32)
def schedule(plan: Plan, until: float) -> tuple[Employment, ...]:
    """Return every pay period of every rep with a plan, in order of rep and time.

    Parameters
    ----------
    plan : Plan
        A lowered timeline; its start, hires and leaves bound the employment.
    until : float
        End of the run, in days since the epoch.

    Returns
    -------
    tuple of Employment
        Calendar months, quarters or years in the calendar's zone. A period that the run or the employment covers
        only in part has a share below 1.
    """
    found: list[Employment] = []
    for rep in range(len(plan.reps)):
        first, last = _employed(plan, rep, until)
        day = first
        while day < last:
            known = _comp_plan(plan, rep, day)
            if known is None:
                day = _next_month(day)
                continue
            name, comp = known
            begin, end, label = _period(plan, comp.period, day)
            stop = min(plan.clock.date(end), last)
            days, whole = (stop - day).days, (plan.clock.date(end) - plan.clock.date(begin)).days
            found.append(Employment(rep, name, comp, label, begin, end, days, Fraction(days, whole)))
            day = stop
    return tuple(found)


def credited(
    terms: Sequence[Employment], owner: NDArray[np.int64], closed: NDArray[np.float64], amount: NDArray[np.float64]
) -> list[list[tuple[float, float]]]:
    """Return the (day, amount) of the deals won in each employment, credited to the owner at the win.

    Parameters
    ----------
    terms : sequence of Employment
    owner, closed, amount : ndarray, shape (n_won,)
        Won deals only: position of the owner in the plan's reps, day of the win, amount.
    """
    mine: dict[int, list[tuple[float, float]]] = {}
    for rep, day, value in zip(owner.tolist(), closed.tolist(), amount.tolist(), strict=True):
        mine.setdefault(rep, []).append((day, value))
    return [[deal for deal in mine.get(term.rep, ()) if term.begin <= deal[0] < term.end] for term in terms]


@lru_cache(maxsize=4)
def statements(facts: Facts) -> tuple[tuple[Employment, Statement], ...]:
    """Return the pay statements of a simulated run under its plan (none for a history)."""
    if facts.plan is None:
        return ()
    terms = schedule(facts.plan, facts.until)
    deals = credited(terms, *_won(facts))
    return tuple((t, statement(t.comp, mine, t.share, days=t.days)) for t, mine in zip(terms, deals, strict=True))


def payroll(facts: Facts) -> Payroll:
    """Return what a run pays as base and as commission (bonuses included), to the cent."""
    pays = [pay for _, pay in statements(facts)]
    variable = sum((pay.variable for pay in pays), Decimal(0))
    total = sum((pay.total for pay in pays), Decimal(0))
    return Payroll(float(total - variable), float(variable))


def pay_statements(log: EventLog) -> pd.DataFrame:
    """Return every line of every pay statement of a run.

    Parameters
    ----------
    log : EventLog
        The owner when a deal is won gets the credit.

    Returns
    -------
    DataFrame, one row a line
        ``rep, plan, period, line, detail, basis, rate, amount``; lines of a rep and period sum to the pay, to the cent.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.schema import Model
    >>> log = simulate(Model(channels=[{"name": "web", "leads_per_week": 0.0}], roles=[{"name": "AE"}],
    ...                      stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}],
    ...                      plans={"std": {"base": 36500.0, "quota": 1e5}},
    ...                      reps=[{"name": "Ada", "role": "AE", "plan": "std"}]), until="2027-03-31")
    >>> pay_statements(log)[["rep", "period", "line", "amount"]].values.tolist()
    [['Ada', '2027-Q1', 'base', 9000.0]]
    """
    from simsales.facts import from_log

    pays = statements(from_log(log))
    rows = [
        (log.plan.reps[term.rep], term.plan_name, term.period, line.kind, line.detail,
         float(line.basis), float(line.rate), float(line.amount))
        for term, pay in pays
        for line in pay.lines
    ]  # fmt: skip
    names = ["rep", "plan", "period", "line", "detail", "basis", "rate", "amount"]
    return pd.DataFrame(rows, columns=names)


def _won(facts: Facts) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Return owner, day and amount of the won deals."""
    deals = facts.deals
    return deals.owner[deals.won], deals.closed[deals.won], deals.amount[deals.won]


def _employed(plan: Plan, rep: int, until: float) -> tuple[dt.date, dt.date]:
    """Return the first date of a rep in the run and the date after the last one."""
    clock = plan.clock
    first = clock.date(max(plan.start, float(plan.rep_hired[rep])))
    leaves = float(plan.rep_leaves[rep])
    last = _end_date(clock, until)
    return first, min(last, clock.date(leaves)) if leaves < until else last


def _end_date(clock: Clock, until: float) -> dt.date:
    """Return the first date that does not touch the run."""
    date = clock.date(until)
    return date if clock.midnight(date) >= until else date + dt.timedelta(days=1)


def _comp_plan(plan: Plan, rep: int, day: dt.date) -> tuple[str, CompPlan] | None:
    """Return the plan in force for a rep on a date: that of the latest regime begun by then."""
    chosen = None
    for regime, named in zip(plan.timeline.regimes, _named(plan), strict=True):
        if regime.start is not None and regime.start > day:
            continue
        name = named.get(plan.reps[rep], _named(plan)[-1][plan.reps[rep]])
        chosen = (name, regime.model.plans[name]) if name in regime.model.plans else None
    return chosen


@lru_cache(maxsize=32)
def _named(plan: Plan) -> tuple[dict[str, str], ...]:
    """Return the plan name of every rep, by regime (empty text: none)."""
    from simsales.model.apply import named_reps

    return tuple(
        {str(rep.name): rep.plan or "" for rep in named_reps(regime.model)} for regime in plan.timeline.regimes
    )


def _period(plan: Plan, kind: str, day: dt.date) -> tuple[float, float, str]:
    """Return where the calendar period around a date begins and ends, and its name."""
    at = plan.clock.midnight(day)
    around = periods(plan.clock, kind, at, at)  # type: ignore[arg-type]  # validated by the model
    label = {"month": f"{day:%Y-%m}", "quarter": f"{day.year}-Q{(day.month + 2) // 3}", "year": f"{day.year}"}[kind]
    return around.begins[0], around.begins[1], label


def _next_month(day: dt.date) -> dt.date:
    return dt.date(day.year + day.month // 12, day.month % 12 + 1, 1)
