"""How reps react to marginal pay while the run goes on (R8)."""

from __future__ import annotations

import math

from simsales.engine import rules
from simsales.engine.clock import Period, Periods, periods
from simsales.engine.plan import NOBODY, Plan

LEAST_SPREAD = 1e-6
"""Of quota; keeps the last instant of a period finite."""
_KINDS: tuple[Period, ...] = ("month", "quarter", "year")


class EffortState:
    """Bookings of every rep in the current compensation period, and the effort they imply.

    Parameters
    ----------
    plan : Plan
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.models = [regime.model.effort for regime in plan.timeline.regimes]
        self.on = any(effort is not None for effort in self.models) and bool(plan.pay_rules)
        self._periods: dict[str, Periods] = {}
        self._sold: list[tuple[int, float]] = [(-1, 0.0)] * len(plan.reps)
        self._pay: list[list[int]] = plan.rep_pay.tolist()
        self.paid = (plan.rep_pay != NOBODY).any(axis=0).tolist()
        self._end = plan.until

    def _period(self, kind: str, time: float) -> tuple[int, float, float]:
        """Return the number, beginning and end of the period in which `time` lies."""
        known = self._periods.get(kind)
        if known is None or time >= known.begins[-1]:
            last = max(self._end, time) + 1.0
            chosen = next(each for each in _KINDS if each == kind)
            known = periods(self.plan.clock, chosen, self.plan.start, last)
            self._periods[kind] = known
        i = known.index(time)
        return known.numbers[i], known.begins[i], known.begins[i + 1]

    def credited(self, owner: int, last: int) -> int:
        """Return who is paid for a win: the owner, else the last rep with a plan who worked on it."""
        return owner if owner != NOBODY and self.paid[owner] else last

    def book(self, rep: int, regime: int, amount: float, time: float) -> None:
        """Credit a won deal to a rep."""
        if not self.on or rep == NOBODY or self._pay[regime][rep] == NOBODY:
            return
        number, _, _ = self._period(self.plan.pay_rules[self._pay[regime][rep]].period, time)
        period, sold = self._sold[rep]
        self._sold[rep] = (number, amount + (sold if period == number else 0.0))

    def multiplier(self, rep: int, regime: int, time: float) -> float:
        """Return a rep's effort: 1 where effort is off or the rep has no plan."""
        if not self.on:
            return 1.0
        effort = self.models[regime]
        if effort is None or rep == NOBODY or self._pay[regime][rep] == NOBODY:
            return 1.0
        rule = self.plan.pay_rules[self._pay[regime][rep]]
        number, begin, end = self._period(rule.period, time)
        period, sold = self._sold[rep]
        sold = sold if period == number else 0.0
        length, left = end - begin, end - time
        finish = rules.projected_finish(sold, rule.quota, time - begin, length)
        spread = rule.quota * max(effort.horizon_sd * math.sqrt(left / length), LEAST_SPREAD)
        pay = rules.marginal_pay(rule, finish, spread)
        return rules.effort(pay, rule.reference, effort.elasticity, effort.minimum, effort.maximum)

    def win_shift(self, multiplier: float, regime: int) -> float:
        """Return what effort adds to the log-odds of advancing."""
        effort = self.models[regime]
        if effort is None or multiplier == 1.0:
            return 0.0
        return effort.win_effect * math.log(multiplier)
