"""When reps leave by themselves, and who sits down in their place (R7)."""

from __future__ import annotations

import math

from simsales.engine import rules
from simsales.engine.clock import Period, Periods, periods
from simsales.engine.plan import Plan
from simsales.engine.streams import Purpose, Streams

__all__ = ["Turnover"]

_KINDS: tuple[Period, ...] = ("month", "quarter", "year")


class Turnover:
    """Each rep's keyed exponential draw, what tenure and attainment have used up of it, and what was booked.

    Parameters
    ----------
    plan : Plan
    streams : Streams
    until : float
        The end of the run.
    """

    def __init__(self, plan: Plan, streams: Streams, until: float) -> None:
        self.plan, self.staffing, self.streams = plan, plan.staffing, streams
        draws = [streams.uniform(0, key, 0, Purpose.ATTRITION) for key in plan.rep_key]
        self._left = [-math.log(u) for u in draws]
        self._low = [False] * len(plan.reps)
        self._sold: list[tuple[int, float]] = [(-1, 0.0)] * len(plan.reps)
        self._until = until
        self._periods: dict[str, Periods] = {kind: periods(plan.clock, kind, plan.start, until) for kind in _KINDS}
        starts = {start for start in plan.regime_start.tolist() if plan.start < start < until}
        months = {begin for begin in self._periods["month"].begins if plan.start < begin < until}
        self.reviews = sorted(months | starts)
        self._months = months
        for rep, person in enumerate(self.staffing.people[0]):
            if person.booked_before > 0.0:
                self.book(rep, 0, person.booked_before, plan.start)

    def next_review(self, time: float) -> float:
        """Return until when a hazard stays as it is."""
        return next((review for review in self.reviews if review > time), math.inf)

    def book(self, rep: int, regime: int, amount: float, time: float) -> None:
        """Count a won deal for a rep with a pay plan."""
        if (kind := self.staffing.period[regime][rep]) != "":
            number = self._period(kind, time)[0]
            before, sold = self._sold[rep]
            self._sold[rep] = (number, amount + (sold if before == number else 0.0))

    def _period(self, kind: str, time: float) -> tuple[int, float, float]:
        known = self._periods[kind]
        i = known.index(time)
        return known.numbers[i], known.begins[i], known.begins[i + 1]

    def review(self, rep: int, regime: int, hired: float, time: float) -> float:
        """Return when a rep leaves before the next review (inf: not yet), by the rules of a regime.

        Attainment is looked at when a month, or the run, begins; time before the hire does not count for it.
        """
        rule = self.staffing.leaving[regime][self.plan.rep_role[rep]]
        if rule is None:
            return math.inf
        if time in self._months or time == self.plan.start:
            self._low[rep] = self._is_low(rep, regime, hired, time, rule.low_attainment)
        end = self.next_review(time)
        factor = rule.low_factor if self._low[rep] else 1.0
        end = min(end, self._until + 1.0)  # the last one need not have an end
        steps = rules.hazard_steps(rule.per_year, rule.first_year, factor, hired, time, end)
        leaves, self._left[rep] = rules.leaving(self._left[rep], steps)
        return leaves

    def _is_low(self, rep: int, regime: int, hired: float, time: float, low_attainment: float) -> bool:
        kind = self.staffing.period[regime][rep]
        if kind == "" or low_attainment == 0.0:
            return False
        number, begin, end = self._period(kind, time)
        before, sold = self._sold[rep]
        gone = (time - min(max(begin, hired), time)) / (end - begin)
        return rules.is_low(sold if before == number else 0.0, self.staffing.quota[regime][rep], gone, low_attainment)

    def replacement(self, rep: int, regime: int, time: float) -> tuple[int, float] | None:
        """Return who takes the seat of a leaver, and on which day; None if it stays empty."""
        rule = self.staffing.leaving[regime][self.plan.rep_role[rep]]
        following = self.staffing.following[rep]
        if rule is None or not rule.replace or following < 0:
            return None
        u = self.streams.uniform(0, self.plan.rep_key[rep], 0, Purpose.VACANCY)
        begins = time + self.plan.tables[rule.vacancy].draw(u)
        return (following, begins) if begins < self.plan.rep_leaves[following] else None
