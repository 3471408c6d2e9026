"""Which pay plan holds for a rep on a day: the one answer that pay, effort and turnover share.

A plan holds from its day on. Where it changes inside a pay period, the period is split: each part is a period of its own,
with the quota by days (as for somebody hired inside one), and lump sums (bonuses, penalties) are shared out over the parts
by days. Nobody knows of a change, a leave or the end of the run before it comes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from simsales.engine.clock import Period, Periods, periods
from simsales.engine.ramp import mean_ramp

if TYPE_CHECKING:
    from simsales.engine.plan import Plan
    from simsales.model.compensation import CompPlan

__all__ = ["Attainment", "Part", "Standing", "part_at", "pay_steps"]

LEAST_QUOTA = 1e-6
"""Of the plan's quota; a ratchet or a ramp never takes it to nothing."""
_LABEL = {"month": "{0.year}-{0.month:02d}", "quarter": "{0.year}-Q{1}", "year": "{0.year}"}


class Step(NamedTuple):
    """From a day on (days since the epoch) a rep is paid as a regime says."""

    day: float
    regime: int
    name: str
    comp: CompPlan | None


class Part(NamedTuple):
    """A stretch of time in one pay period and under one plan.

    Parameters
    ----------
    regime : int
        Whose plan it is.
    name : str
    comp : CompPlan or None
        None: no plan at all; then the stretch ends where one begins.
    begin, end : float
        Days since the epoch: of the calendar period, or where the plan changed or changes.
    opens, closes : float
        The calendar period; equal to `begin` and `end` without a plan.
    label : str
        ``2027-03``, ``2027-Q1`` or ``2027``.
    """

    regime: int
    name: str
    comp: CompPlan | None
    begin: float
    end: float
    opens: float
    closes: float
    label: str


@lru_cache(maxsize=65_536)
def pay_steps(plan: Plan, rep: int) -> tuple[Step, ...]:
    """Return by which plan a rep is paid from which day on, each step a change of plan or quota.

    Parameters
    ----------
    plan : Plan
    rep : int

    Returns
    -------
    tuple of Step
        The first one from the beginning of time. Plans hold for everybody from one day on: what single deals take up, or
        meet a condition for, does not count.
    """
    found: list[Step] = []
    for r, start in enumerate(plan.regime_start.tolist()):
        if plan.pilot[r]:
            continue
        name = plan.staffing.people[r][rep].plan or ""
        step = Step(start, r, name, plan.timeline.regimes[r].model.plans.get(name))
        if found and found[-1].day == start:
            found.pop()
        if not found or _terms(plan, step, rep) != _terms(plan, found[-1], rep):
            found.append(step)
    return tuple(found)


def _terms(plan: Plan, step: Step, rep: int) -> tuple[str, CompPlan | None, float]:
    return step.name, step.comp, plan.staffing.quota[step.regime][rep]


def part_at(plan: Plan, rep: int, time: float) -> Part:
    """Return the part of a pay period in which a time lies for a rep.

    Parameters
    ----------
    plan : Plan
    rep : int
    time : float
        Days since the epoch.
    """
    steps = pay_steps(plan, rep)
    i = max(k for k, step in enumerate(steps) if k == 0 or step.day <= time)
    step, until = steps[i], steps[i + 1].day if i + 1 < len(steps) else math.inf
    if step.comp is None:
        return Part(step.regime, step.name, None, step.day, until, step.day, until, "")
    opens, closes, label = period_at(plan, step.comp.period, time)
    return Part(
        step.regime, step.name, step.comp, max(opens, step.day), min(closes, until), opens, closes, label
    )  # fmt: skip


def period_at(plan: Plan, kind: Period, time: float) -> tuple[float, float, str]:
    """Return where the calendar period around a time begins and ends, and its name."""
    known: dict[str, Periods] = plan.__dict__.setdefault("_pay_periods", {})
    found = known.get(kind)
    if found is None or not found.begins[0] <= time < found.begins[-1]:
        found = known[kind] = periods(plan.clock, kind, min(plan.start, time), max(plan.until, time) + 1.0)
    i = found.index(time)
    day = plan.clock.date(found.begins[i] + 0.5)
    return found.begins[i], found.begins[i + 1], _LABEL[kind].format(day, (day.month + 2) // 3)


def dates_between(plan: Plan, begin: float, end: float) -> int:
    """Return how many local dates lie between two times, that of the first one included."""
    return (plan.clock.date(end) - plan.clock.date(begin)).days


# while a run goes on --------------------------------------------------------------------------------


@dataclass(slots=True)
class Standing:
    """How a rep stands in the part of a pay period that goes on.

    Parameters
    ----------
    part : Part
    begin : float
        Since when bookings count: the part's begin, the hire, or the start of the run.
    share : float
        Of the calendar period, by dates, if nothing changes any more; the quota shrinks with it.
    lump : float
        Share of lump sums: 1, and after a change by the dates left.
    relief : float
        Mean of the ramp, where the plan relieves the quota by it.
    pulled : float
        What the ratchet has made of the quota, as a factor.
    sold : float
        Bookings credited since `begin`.
    earlier : (float, float)
        Bookings and quota of earlier parts of the period under the same plan and quota.
    last : (float, float)
        Bookings and quota of the part before; a quota of 0: nothing is known.
    """

    part: Part
    begin: float
    share: float
    lump: float
    relief: float
    pulled: float = 1.0
    sold: float = 0.0
    earlier: tuple[float, float] = (0.0, 0.0)
    last: tuple[float, float] = (0.0, 0.0)

    @property
    def paid(self) -> bool:
        """Whether bookings count for anything."""
        return self.part.comp is not None and self.part.comp.quota is not None


class Attainment:
    """What every rep is credited in the part of the pay period that goes on.

    Parameters
    ----------
    plan : Plan

    Attributes
    ----------
    hired, leaves : list of float
        The staff keeps them up to date where people come and go by themselves.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.hired: list[float] = plan.rep_hired.tolist()
        self.leaves: list[float] = plan.rep_leaves.tolist()
        self._now: list[Standing | None] = [None] * len(plan.reps)
        self._since = [plan.start] * len(plan.reps)  # from when on a period counts for each rep
        regimes = plan.timeline.regimes
        self.has_splits = any(each.splits for regime in regimes for each in regime.model.plans.values())

    def standing(self, rep: int, time: float) -> Standing:
        """Return how a rep stands at a time; times of one rep never go back."""
        known = self._now[rep]
        if known is None:
            known = self._now[rep] = self._first(rep, max(self.plan.start, min(self.hired[rep], time)))
        while time >= known.part.end:
            known = self._now[rep] = self._next(rep, known)
        return known

    def quota(self, rep: int, standing: Standing) -> float:
        """Return the quota of the part that goes on."""
        whole: float = self.plan.staffing.quota[standing.part.regime][rep]
        return whole * max(standing.pulled * standing.share * standing.relief, LEAST_QUOTA)

    def book(self, rep: int, amount: float, time: float) -> None:
        """Credit bookings to a rep."""
        self.standing(rep, time).sold += amount

    def shares(self, rep: int, worked: dict[int, int], time: float) -> list[tuple[int, float]]:
        """Return who is credited which share of a win of a rep's.

        Parameters
        ----------
        rep : int
            The owner, or who is credited instead.
        worked : dict of int to int
            The last rep of each role who began work on the deal.
        time : float
            Of the win.
        """
        if not self._counts(rep, time):
            return []
        comp = self.standing(rep, time).part.comp
        assert comp is not None
        found, given = [], 0.0
        for split in comp.splits:
            other = worked.get(self.plan.roles.index(split.role), -1)
            if other >= 0 and other != rep and self._counts(other, time):
                found.append((other, split.share))
                given += 0.0 if split.overlay else split.share
        return [*found, (rep, 1.0 - given)]

    def _counts(self, rep: int, time: float) -> bool:
        """Tell whether what a rep is credited at a time is paid: by a plan with a quota, and not after the last part."""
        now = self.standing(rep, time)
        return now.paid and self.leaves[rep] > now.part.begin

    def _first(self, rep: int, time: float) -> Standing:
        """Return how a rep stands on the first day; what was booked before the run's start lets the period go on."""
        part = part_at(self.plan, rep, time)
        before = self.plan.staffing.people[0][rep].booked_before
        self._since[rep] = self.hired[rep] if before is not None else max(self.hired[rep], self.plan.start)
        return self._made(rep, part, max(part.begin, self._since[rep]), sold=before or 0.0)

    def _next(self, rep: int, old: Standing) -> Standing:
        """Return how a rep stands in the next part, once the quota has been moved by what was sold."""
        part = part_at(self.plan, rep, old.part.end)
        quota = self._closed_quota(rep, old)
        new = self._made(rep, part, part.begin, last=(old.sold, quota))
        if not old.paid or self._track(rep, part) != self._track(rep, old.part):
            return new
        sold, aim = old.earlier[0] + old.sold, old.earlier[1] + quota
        new.pulled = old.pulled
        if part.opens == old.part.opens:
            new.earlier = (sold, aim)
        elif old.part.comp is not None and old.part.comp.ratchet is not None:
            gap = sold / aim - 1.0
            rule = old.part.comp.ratchet
            new.pulled = max(old.pulled * (1.0 + (rule.down if gap <= 0.0 else rule.up) * gap), LEAST_QUOTA)
        return new

    def _track(self, rep: int, part: Part) -> tuple[str, float, str]:
        """Return what a ratchet goes on with: the same plan, stated quota and kind of period."""
        kind = "" if part.comp is None else part.comp.period
        return part.name, self.plan.staffing.quota[part.regime][rep], kind

    def _made(
        self, rep: int, part: Part, begin: float, sold: float = 0.0, last: tuple[float, float] = (0.0, 0.0)
    ) -> Standing:
        if part.comp is None or part.comp.quota is None:
            return Standing(part, begin, 1.0, 1.0, 1.0, sold=sold, last=last)
        there = dates_between(self.plan, max(part.opens, self._since[rep]), part.closes)
        lump = dates_between(self.plan, begin, part.closes) / there
        share, relief = self._share(part, begin, part.closes), self._relief(rep, part, begin, part.closes)
        return Standing(part, begin, share, lump, relief, sold=sold, last=last)

    def _share(self, part: Part, begin: float, end: float) -> float:
        whole = dates_between(self.plan, part.opens, part.closes)
        days = dates_between(self.plan, begin, end)
        return 1.0 if days == whole else max(days, 1) / whole

    def _relief(self, rep: int, part: Part, begin: float, end: float) -> float:
        """Return the mean of a rep's ramp, by which the quota is lower."""
        if part.comp is None or not part.comp.ramp_relief:
            return 1.0
        return max(mean_ramp(self.plan, part.regime, rep, begin, end, self.hired[rep]), LEAST_QUOTA)

    def _closed_quota(self, rep: int, old: Standing) -> float:
        """Return the quota of a part that has ended, by the days that it lasted."""
        if not old.paid or old.part.end == old.part.closes:
            return self.quota(rep, old) if old.paid else 0.0
        whole: float = self.plan.staffing.quota[old.part.regime][rep]
        share = self._share(old.part, old.begin, old.part.end)
        relief = self._relief(rep, old.part, old.begin, old.part.end)
        return whole * max(old.pulled * share * relief, LEAST_QUOTA)
