"""How reps react to marginal pay while the run goes on (R8)."""

from __future__ import annotations

import math

from simsales.engine import rules
from simsales.engine.clock import Period, Periods, periods
from simsales.engine.plan import Plan
from simsales.engine.plan.process import NOBODY
from simsales.engine.ramp import mean_ramp
from simsales.model.compensation import Effort

LEAST_SPREAD = 1e-6
"""Of quota; keeps the last instant of a period finite."""
LEAST_QUOTA = 1e-6
"""Of the plan's quota; a ratchet or a ramp never takes it to nothing."""
_KINDS: tuple[Period, ...] = ("month", "quarter", "year")


class EffortState:
    """Bookings of every rep in the current compensation period, and the effort they imply.

    Parameters
    ----------
    plan : Plan

    Attributes
    ----------
    hired : list of float
        Day of each rep's hire; the staff keeps it up to date where people come and go by themselves.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        models = [regime.model for regime in plan.timeline.regimes]
        self.models = [model.effort for model in models]
        self.on = any(effort is not None for effort in self.models) and bool(plan.pay_rules)
        self._periods: dict[str, Periods] = {}
        self._sold: list[tuple[int, float]] = [(-1, 0.0)] * len(plan.reps)
        self._pay: list[list[int]] = plan.rep_pay.tolist()
        self.paid = (plan.rep_pay != NOBODY).any(axis=0).tolist()
        self._end = plan.until
        self.hired: list[float] = plan.rep_hired.tolist()
        self._pulled = [1.0] * len(plan.reps)  # what the ratchet has made of each quota, as a factor
        self._given = [_given(plan, r) for r in range(len(models))] if self.on else []
        self._rules: dict[tuple[int, float], rules.PayRule] = {}
        self._ramps: dict[tuple[int, int, float, float], float] = {}
        if self.on:
            self._begin_with_what_was_booked()

    def _begin_with_what_was_booked(self) -> None:
        """Let attainment begin with what was booked in the period before the run's start."""
        for rep, person in enumerate(self.plan.staffing.people[0]):
            if person.booked_before > 0.0 and self._pay[0][rep] != NOBODY:
                number, _, _ = self._period(self.plan.pay_rules[self._pay[0][rep]].period, self.plan.start)
                self._sold[rep] = (number, person.booked_before)

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
        number, _, _ = self._turned(rep, regime, time)
        _, sold = self._sold[rep]
        self._sold[rep] = (number, amount + sold)

    def attainment(self, rep: int, regime: int, time: float) -> float:
        """Return the share of quota that a rep has sold in the current period (0 without a plan)."""
        if not self.on or self._pay[regime][rep] == NOBODY:
            return 0.0
        _, begin, end = self._turned(rep, regime, time)
        return self._sold[rep][1] / self._rule(rep, regime, begin, end).quota

    def multiplier(self, rep: int, regime: int, time: float) -> float:
        """Return a rep's effort: 1 where effort is off or the rep has no plan."""
        if not self.on:
            return 1.0
        effort = self.models[regime]
        if effort is None or rep == NOBODY or self._pay[regime][rep] == NOBODY:
            return 1.0
        _, begin, end = self._turned(rep, regime, time)
        rule = self._rule(rep, regime, begin, end)
        sold = self._sold[rep][1]
        length, left = end - begin, end - time
        finish = rules.projected_finish(sold, rule.quota, time - begin, length)
        spread = rule.quota * max(effort.horizon_sd * math.sqrt(left / length), LEAST_SPREAD)
        pay = rules.marginal_pay(rule, finish, spread)
        if rule.spiffs or effort.ratchet_aversion > 0.0:
            pay += self._besides(rule, effort, finish, spread, time)
        return rules.effort(pay, rule.reference, effort.elasticity, effort.minimum, effort.maximum)

    def _besides(self, rule: rules.PayRule, effort: Effort, finish: float, spread: float, time: float) -> float:
        """Return what SPIFFs of the day add to marginal pay, less what the ratchet takes."""
        pay = 0.0
        if rule.spiffs:
            today = self.plan.clock.date(time)
            pay = sum(rate for first, last, rate in rule.spiffs if first <= today <= last)
        if effort.ratchet_aversion > 0.0:
            horizon = rule.quota * effort.horizon_sd
            pay -= effort.ratchet_aversion * rules.ratchet_cost(rule, finish, spread, horizon)
        return pay

    def _turned(self, rep: int, regime: int, time: float) -> tuple[int, float, float]:
        """Return the period of a time, once the sales of an earlier one are dropped and its quota has been moved."""
        rule = self.plan.pay_rules[self._pay[regime][rep]]
        number, begin, end = self._period(rule.period, time)
        before, sold = self._sold[rep]
        if before != number:
            if rule.ratchet != (0.0, 0.0):
                first = max(self.plan.start, min(self.hired[rep], time))
                self._pull(rep, regime, before if before >= 0 else self._period(rule.period, first)[0], sold, number)
            self._sold[rep] = (number, 0.0)
        return number, begin, end

    def _pull(self, rep: int, regime: int, number: int, sold: float, until: int) -> None:
        """Move the quota by what was sold in a period, and by nothing sold in those since."""
        rule = self.plan.pay_rules[self._pay[regime][rep]]
        known = self._periods[rule.period]
        for each in range(number, until):
            i = known.numbers.index(each)
            begin, end = known.begins[i], known.begins[i + 1]
            present = (end - max(begin, self.plan.start, self.hired[rep])) / (end - begin)
            quota = self._rule(rep, regime, begin, end).quota * max(present, LEAST_QUOTA)
            gap = (sold if each == number else 0.0) / quota - 1.0
            self._pulled[rep] = max(self._pulled[rep] * (1.0 + rule.ratchet[gap <= 0.0] * gap), LEAST_QUOTA)

    def _rule(self, rep: int, regime: int, begin: float, end: float) -> rules.PayRule:
        """Return the rates of a rep in a period, with the rep's own quota."""
        position = self._pay[regime][rep]
        rule = self.plan.pay_rules[position]
        factor = self._pulled[rep] * self._given[regime][rep]
        if rule.relief:
            factor *= self._relief(rep, regime, begin, end)
        if factor == 1.0:
            return rule
        known = self._rules.get((position, factor))
        if known is None:
            known = self._rules[position, factor] = rules.scaled(rule, factor)
        return known

    def _relief(self, rep: int, regime: int, begin: float, end: float) -> float:
        """Return the mean of a rep's ramp in a period, by which the quota is lower."""
        key = (rep, regime, begin, self.hired[rep])
        if key not in self._ramps:
            self._ramps[key] = max(mean_ramp(self.plan, regime, rep, begin, end, self.hired[rep]), LEAST_QUOTA)
        return self._ramps[key]

    def win_shift(self, multiplier: float, regime: int) -> float:
        """Return what effort adds to the log-odds of advancing."""
        effort = self.models[regime]
        if effort is None or multiplier == 1.0:
            return 0.0
        return effort.win_effect * math.log(multiplier)


def _given(plan: Plan, regime: int) -> list[float]:
    """Return the quota that each rep was given as a factor of that of the rep's plan."""
    rules_, own = plan.pay_rules, plan.staffing.quota[regime]
    return [1.0 if i == NOBODY else own[rep] / rules_[i].quota for rep, i in enumerate(plan.rep_pay[regime].tolist())]
