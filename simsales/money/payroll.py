"""Who is employed when, under which plan, and what a run pays them."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache, partial
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from simsales.engine.payday import part_at
from simsales.engine.ramp import mean_ramp
from simsales.errors import expect
from simsales.model.quota import ratcheted
from simsales.money.credit import Account, accounts
from simsales.money.extras import clawback_lines, spiff_lines, split_lines
from simsales.money.pay import Line, Statement, as_decimal, cents, exact, statement

if TYPE_CHECKING:
    from simsales.engine import EventLog
    from simsales.engine.clock import Clock
    from simsales.engine.plan import Plan
    from simsales.facts import Facts
    from simsales.model.compensation import CompPlan

__all__ = ["Employment", "Payroll", "pay_statements", "payroll", "rep_days", "schedule", "statements"]


@dataclass(frozen=True)
class Employment:
    """A rep's part of one pay period inside the run.

    Parameters
    ----------
    rep : int
        Position in the plan's reps.
    plan_name : str
    comp : CompPlan
        The plan in force.
    period : str
        ``2027-03``, ``2027-Q1`` or ``2027``.
    begin, end : float
        What counts: the calendar period, or the part of it between changes of the plan, in days since the epoch.
    first : date
        The rep's first day in it.
    days : int
        Local dates employed in it and inside the run.
    share : Fraction
        `days` of the calendar period's days; the quota shrinks with it.
    quota : Fraction
        Of a whole period, as the plan or the model's `quotas` state it.
    relief : Fraction
        Mean of the ramp over the days employed, to six digits; 1 where the plan gives no ramp relief.
    lump : Fraction
        `days` of the rep's days in the calendar period; below 1 where a change of plan has split it.
    before : Fraction
        What had been booked in the part before the run began, where the model states it: then `share`, `relief` and `lump` are
        those of the part from its begin or the hire on, and only pay beyond what that had earned is paid in the run.
    """

    rep: int
    plan_name: str
    comp: CompPlan
    period: str
    begin: float
    end: float
    first: dt.date
    days: int
    share: Fraction
    quota: Fraction
    relief: Fraction = Fraction(1)
    lump: Fraction = Fraction(1)
    before: Fraction = Fraction(0)

    @property
    def last(self) -> dt.date:
        """The rep's last day in it."""
        return self.first + dt.timedelta(days=self.days - 1)


class Payroll(NamedTuple):
    """What a run pays in total, in the model's currency."""

    base: float
    commission: float


Days = tuple[tuple[float, ...], tuple[float, ...]]


def rep_days(facts: Facts) -> Days:
    """Return on which day each rep was hired and left, in the run where people come and go by themselves."""
    return tuple(facts.reps.hired.tolist()), tuple(facts.reps.left.tolist())


@lru_cache(maxsize=32)
def schedule(plan: Plan, until: float, days: Days | None = None) -> tuple[Employment, ...]:
    """Return every pay period of every rep with a plan, in order of rep and time.

    Parameters
    ----------
    plan : Plan
        A lowered timeline; its start bounds the employment.
    until : float
        End of the run, in days since the epoch.
    days : (tuple of float, tuple of float), optional
        When each rep was hired and left; absent: as planned.

    Returns
    -------
    tuple of Employment
        Calendar months, quarters or years in the calendar's zone, split where the plan changes (each part is a period of
        its own). A period that the part, the run or the employment covers only in part has a share below 1.
    """
    hired, left = days or (tuple(plan.rep_hired.tolist()), tuple(plan.rep_leaves.tolist()))
    found: list[Employment] = []
    for rep in range(len(plan.reps)):
        if hired[rep] < until:  # else a replacement who never came
            found += _periods_of(plan, rep, hired[rep], _employed(plan, hired[rep], left[rep], until))
    return tuple(found)


def _periods_of(plan: Plan, rep: int, hired: float, dates: tuple[dt.date, dt.date]) -> Iterator[Employment]:
    """Yield the parts of pay periods between a rep's first date and the one after the last."""
    (day, last), date = dates, plan.clock.date
    first, booked = day, plan.staffing.people[0][rep].booked_before
    if booked is not None and hired <= plan.start:  # the period goes on
        first = dt.date.min if math.isinf(hired) else date(hired)
    while day < last:
        part = part_at(plan, rep, plan.clock.midnight(day))
        stop = last if math.isinf(part.end) else min(date(part.end), last)
        if part.comp is not None:
            whole, since = (date(part.closes) - date(part.opens)).days, max(date(part.begin), first)
            n, there = (stop - since).days, (min(date(part.closes), last) - max(date(part.opens), first)).days
            relief = _relief(plan, part.regime, rep, since, stop, hired) if part.comp.ramp_relief else Fraction(1)
            quota = exact(plan.staffing.quota[part.regime][rep])
            before = exact(booked) if booked is not None and since < day else Fraction(0)
            yield Employment(
                rep, part.name, part.comp, part.label, part.begin, part.end, day, (stop - day).days, Fraction(n, whole), quota,
                relief, Fraction(n, there), before,
            )  # fmt: skip
        day = stop


def _relief(plan: Plan, regime: int, rep: int, day: dt.date, stop: dt.date, hired: float) -> Fraction:
    """Return the mean of a rep's ramp over dates, to six digits."""
    mean = mean_ramp(plan, regime, rep, plan.clock.midnight(day), plan.clock.midnight(stop), hired)
    return max(exact(round(mean, 6)), Fraction(1, 10**6))


@lru_cache(maxsize=4)
def statements(facts: Facts) -> tuple[tuple[Employment, Statement], ...]:
    """Return the pay statements of a simulated run under its plan (none for a history)."""
    if facts.plan is None:
        return ()
    terms = schedule(facts.plan, facts.until, rep_days(facts))
    pairs = zip(terms, accounts(facts, terms), strict=True)
    found: list[tuple[Employment, Statement]] = []
    for _, mine in groupby(pairs, key=lambda pair: pair[0].rep):
        found += _of_one_rep(list(mine), facts.until)
    return tuple(found)


def _of_one_rep(periods_: Sequence[tuple[Employment, Account]], until: float) -> list[tuple[Employment, Statement]]:
    """Return a rep's statements in order of time; advances, the ratchet and clawback reach from one to the next."""
    found: list[tuple[Employment, Statement]] = []
    paid: list[tuple[Employment, Account, Fraction]] = []
    owed, since, goal = Decimal(0), periods_[0][0].begin, Goal()
    for i, (term, account) in enumerate(periods_):
        goal.take(term)
        paid.append((term, account, goal.quota))
        extra = [line for each in paid for line in _taken_back(each, since, min(term.end, until))]
        since = min(term.end, until)
        pay = _pay(term, account, goal.quota, extra=extra, owed=owed)
        found.append((term, pay))
        owed = pay.owed
        goal.count(term, account, ends=i + 1 == len(periods_) or periods_[i + 1][0].period != term.period)
    return found


@dataclass
class Goal:
    """A rep's quota of a whole period, which a ratchet moves from one calendar period to the next."""

    quota: Fraction = Fraction(0)
    track: tuple[str, Fraction, str] | None = None
    sold: Fraction = Fraction(0)
    weight: Fraction = Fraction(0)

    def take(self, term: Employment) -> None:
        """Begin anew where plan, stated quota or kind of period are others than before."""
        track = (term.plan_name, term.quota, term.comp.period)
        if self.track != track:
            self.track, self.quota = track, term.quota
            self.sold = self.weight = Fraction(0)

    def count(self, term: Employment, account: Account, *, ends: bool) -> None:
        """Count what was sold; at the end of a calendar period the ratchet looks at it, as if the period had been whole."""
        if term.comp.ratchet is None:
            return
        self.sold, self.weight = self.sold + account.total() + term.before, self.weight + term.share * term.relief
        if ends:
            moved = ratcheted(self.quota, self.sold / self.weight, term.comp.ratchet)
            self.quota = max(exact(cents(moved)), Fraction(1, 100))
            self.sold = self.weight = Fraction(0)


def _pay(
    term: Employment, account: Account, quota: Fraction, *, before: float | None = None,
    extra: Sequence[Line] = (), owed: Decimal = Decimal(0),
) -> Statement:  # fmt: skip
    """Return one statement; without the deals that were cancelled before a day, if one is given."""
    kept = account if before is None else account.without(before)
    pairs = [*kept.pairs, (term.begin, term.before)] if term.before else kept.pairs
    lines = [*split_lines(kept.credits), *spiff_lines(term.comp, kept.won), *extra]
    pay = statement(
        term.comp, pairs, term.share, days=term.days, quota=quota, relief=term.relief, lump=term.lump,
        extra=lines, owed=owed,
    )  # fmt: skip
    return _beyond(pay, term, quota) if term.before else pay


def _beyond(pay: Statement, term: Employment, quota: Fraction) -> Statement:
    """Return a statement less what the bookings of before the run had earned already."""
    known = statement(term.comp, term.before, term.share, days=0.0, quota=quota, relief=term.relief, lump=term.lump)
    words = f"earned before the run began, on bookings of {float(term.before):,.10g}"
    line = Line("before", words, as_decimal(term.before), Decimal(0), -known.earned)
    return replace(pay, lines=(*pay.lines, line))


def _taken_back(paid: tuple[Employment, Account, Fraction], since: float, end: float) -> list[Line]:
    """Return what is taken back for deals that were paid earlier or now and are cancelled in a span of time.

    The spans of a rep follow each other without gap or overlap, so that a cancellation is taken back once.
    """
    term, account, quota = paid
    if term.comp.clawback is None:
        return []
    without = partial(_without, term, account, quota)
    return clawback_lines(term.comp, term.period, account.all(), without, since, end)


def _without(term: Employment, account: Account, quota: Fraction, before: float) -> Statement:
    return _pay(term, account, quota, before=before)


def payroll(facts: Facts) -> Payroll:
    """Return what a run pays as base and as commission (bonuses included), to the cent."""
    pays = [pay for _, pay in statements(facts)]
    variable = sum((pay.variable for pay in pays), Decimal(0))
    total = sum((pay.total for pay in pays), Decimal(0))
    return Payroll(float(total - variable), float(variable))


def pay_statements(log: EventLog, *, names: bool = False) -> pd.DataFrame:
    """Return every line of every pay statement of a run.

    Parameters
    ----------
    log : EventLog
        The owner when a deal is won gets the credit, less what the plan's splits give to others.
    names : bool, default False
        Show reps by name; otherwise they are rep-1, rep-2, ... in the model's order.

    Returns
    -------
    DataFrame, one row a line
        ``rep, plan, period, line, detail, basis, rate, amount, from, until``; lines of a rep and period sum to the pay, to
        the cent. ``from`` and ``until`` are the first and the last day that are paid: a change of plan splits a period.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.schema import Model
    >>> log = simulate(Model(channels=[{"name": "web", "leads_per_week": 0.0}], roles=[{"name": "AE"}],
    ...                      stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}],
    ...                      plans={"std": {"base": 36500.0, "quota": 1e5}},
    ...                      reps=[{"name": "Ada", "role": "AE", "plan": "std"}]), until="2027-03-31")
    >>> pay_statements(log, names=True)[["rep", "period", "line", "amount"]].values.tolist()
    [['Ada', '2027-Q1', 'base', 9000.0]]
    """
    from simsales.engine import EventLog
    from simsales.facts import from_log

    expect("log", log, EventLog, "an EventLog. Hint: pass the result of simulate()")
    pays = statements(from_log(log))
    rows = [
        (log.plan.reps[term.rep] if names else f"rep-{term.rep + 1}", term.plan_name, term.period, line.kind, line.detail,
         float(line.basis), float(line.rate), float(line.amount), term.first.isoformat(), term.last.isoformat())
        for term, pay in pays
        for line in pay.lines
    ]  # fmt: skip
    columns = ["rep", "plan", "period", "line", "detail", "basis", "rate", "amount", "from", "until"]
    return pd.DataFrame(rows, columns=columns)


def _employed(plan: Plan, hired: float, left: float, until: float) -> tuple[dt.date, dt.date]:
    """Return the first date of a rep in the run and the date after the last one."""
    clock = plan.clock
    last = _end_date(clock, until)
    first = clock.date(max(plan.start, hired))
    return first, min(last, clock.date(left)) if left < until else last


def _end_date(clock: Clock, until: float) -> dt.date:
    """Return the first date that does not touch the run."""
    date = clock.date(until)
    return date if clock.midnight(date) >= until else date + dt.timedelta(days=1)
