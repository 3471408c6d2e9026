"""When reps leave by themselves, and who sits down in their place (R7)."""

from __future__ import annotations

import math

from simsales.engine import rules
from simsales.engine.clock import periods
from simsales.engine.payday import Attainment
from simsales.engine.plan import Plan
from simsales.engine.streams import Purpose, Streams

__all__ = ["Turnover"]


class Turnover:
    """Each rep's keyed exponential draw, and what tenure and attainment have used up of it.

    Parameters
    ----------
    plan : Plan
    streams : Streams
    until : float
        The end of the run.
    attainment : Attainment
        What reps have been credited.
    """

    def __init__(self, plan: Plan, streams: Streams, until: float, attainment: Attainment) -> None:
        self.plan, self.staffing, self.streams = plan, plan.staffing, streams
        draws = [streams.uniform(0, key, plan.cut_word, Purpose.ATTRITION) for key in plan.rep_key]
        self._left = [-math.log(u) for u in draws]
        self._low = [False] * len(plan.reps)
        self.attainment = attainment
        self._until = until
        rules_of, begins = self.staffing.leaving, plan.regime_start.tolist()
        starts = {begins[r] for r in range(1, len(begins)) if rules_of[r] != rules_of[r - 1] and plan.start < begins[r] < until}
        months = {begin for begin in periods(plan.clock, "month", plan.start, until).begins if plan.start < begin < until}
        self.reviews = sorted(months | starts)
        self._months = months

    def next_review(self, time: float) -> float:
        """Return until when a hazard stays as it is."""
        return next((review for review in self.reviews if review > time), math.inf)

    def review(self, rep: int, regime: int, hired: float, time: float) -> float:
        """Return when a rep leaves before the next review (inf: not yet), by the rules of a regime.

        Attainment is looked at when a month, or the run, begins; time before the hire does not count for it. Where a pay
        period begins at that moment (each month under a monthly plan) it is that of the period that has just ended.
        """
        rule = self.staffing.leaving[regime][self.plan.rep_role[rep]]
        if rule is None:
            return math.inf
        if time in self._months or time == self.plan.start:
            self._low[rep] = self._is_low(rep, time, rule.low_attainment)
        end = self.next_review(time)
        factor = rule.low_factor if self._low[rep] else 1.0
        end = min(end, self._until + 1.0)  # the last one need not have an end
        steps = rules.hazard_steps(rule.per_year, rule.first_year, factor, hired, time, end)
        leaves, self._left[rep] = rules.leaving(self._left[rep], steps)
        return leaves

    def _is_low(self, rep: int, time: float, low_attainment: float) -> bool:
        """Tell whether a rep is behind: in the pay period so far, or in the one that has just ended."""
        now = self.attainment.standing(rep, time)
        if low_attainment == 0.0 or not (now.paid or now.last[1]):
            return False
        if time <= now.begin:  # nothing to look at yet
            sold, quota = now.last
            return quota > 0.0 and rules.is_low(sold, quota, 1.0, low_attainment)
        if not now.paid:
            return False
        gone = (time - now.begin) / (now.part.closes - now.begin)
        return rules.is_low(now.sold, self.attainment.quota(rep, now), gone, low_attainment)

    def replacement(self, rep: int, regime: int, time: float) -> tuple[int, float] | None:
        """Return who takes the seat of a leaver, and on which day; None if it stays empty."""
        rule = self.staffing.leaving[regime][self.plan.rep_role[rep]]
        following = self.staffing.following[rep]
        if rule is None or not rule.replace or following < 0:
            return None
        u = self.streams.uniform(0, self.plan.rep_key[rep], self.plan.cut_word, Purpose.VACANCY)
        begins = time + self.plan.tables[rule.vacancy].draw(u)
        return (following, begins) if begins < self.plan.rep_leaves[following] else None
