"""How reps react to marginal pay while the run goes on (R8)."""

from __future__ import annotations

import math

from simsales.engine import rules
from simsales.engine.payday import Attainment, Standing
from simsales.engine.plan import Plan
from simsales.engine.plan.process import NOBODY
from simsales.model.compensation import Effort

LEAST_SPREAD = 1e-6
"""Of quota; keeps the last instant of a period finite."""


class EffortState:
    """The effort that each rep's attainment in the pay period implies.

    Parameters
    ----------
    plan : Plan
    attainment : Attainment, optional
        What reps have been credited; shared with whoever else asks.
    """

    def __init__(self, plan: Plan, attainment: Attainment | None = None) -> None:
        self.plan = plan
        models = [regime.model for regime in plan.timeline.regimes]
        self.models = [model.effort for model in models]
        self.on = any(effort is not None for effort in self.models) and bool(plan.pay_rules or plan.rep_usual.any())
        self.credited_so_far = Attainment(plan) if attainment is None else attainment
        self._pay: list[list[int]] = plan.rep_pay.tolist()
        self._usual: list[list[float]] = plan.rep_usual.tolist()
        self.paid = (plan.rep_pay != NOBODY).any(axis=0).tolist()
        self._reacts = [bool(paid) or any(row[rep] > 0.0 for row in self._usual) for rep, paid in enumerate(self.paid)]
        self._given = [_given(plan, r) for r in range(len(models))] if self.on else []
        self._rules: dict[tuple[int, float, float], rules.PayRule] = {}

    def credited(self, owner: int, last: int) -> int:
        """Return who is paid for a win: the owner, else the last rep with a plan who worked on it."""
        return owner if owner != NOBODY and self.paid[owner] else last

    def book(self, rep: int, amount: float, time: float) -> None:
        """Credit bookings to a rep."""
        if rep != NOBODY:
            self.credited_so_far.book(rep, amount, time)

    def attainment(self, rep: int, time: float) -> float:
        """Return the share of quota that a rep has sold in the part of the period that goes on (0 without a quota)."""
        now = self.credited_so_far.standing(rep, time)
        return now.sold / self.rule(rep, now).quota if now.paid and self.on else 0.0

    def multiplier(self, rep: int, regime: int, time: float) -> float:
        """Return a rep's effort: 1 where effort is off, or who has no plan with a quota is used to none.

        Parameters
        ----------
        rep, regime : int
            Whose effort, and under which regime's `effort`; the plan is the one that pays on that day.
        time : float
            Days since the epoch.
        """
        if not self.on:
            return 1.0
        effort = self.models[regime]
        if effort is None or rep == NOBODY or not self._reacts[rep]:
            return 1.0
        now = self.credited_so_far.standing(rep, time)
        if not now.paid:  # a salary alone, or no plan: who is used to something for bookings gets nothing for them
            usual = self._usual[now.part.regime][rep]
            return _react(effort, 0.0, usual) if usual > 0.0 else 1.0
        rule, end = self.rule(rep, now), now.part.closes
        length, left = end - now.begin, end - time
        finish = rules.projected_finish(now.sold, rule.quota, time - now.begin, length)
        spread = rule.quota * max(effort.horizon_sd * math.sqrt(left / length), LEAST_SPREAD)
        pay = rules.marginal_pay(rule, finish, spread)
        if rule.spiffs or effort.ratchet_aversion > 0.0:
            pay += self._besides(rule, effort, finish, spread, time)
        return _react(effort, pay, rule.reference)

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

    def rule(self, rep: int, now: Standing) -> rules.PayRule:
        """Return the rates of a rep in the part of a period that goes on, with the quota that pays."""
        regime = now.part.regime
        position = self._pay[regime][rep]
        rule = self.plan.pay_rules[position]
        factor = now.pulled * self._given[regime][rep]
        if rule.relief:
            factor *= now.relief
        if now.share != 1.0:
            factor *= now.share
        if factor == 1.0 and now.lump == 1.0:
            return rule
        key = (position, factor, now.lump)
        if key not in self._rules:
            self._rules[key] = rules.scaled(rule, factor, now.lump)
        return self._rules[key]

    def win_shift(self, multiplier: float, regime: int) -> float:
        """Return what effort adds to the log-odds of advancing."""
        effort = self.models[regime]
        if effort is None or multiplier == 1.0:
            return 0.0
        return effort.win_effect * math.log(multiplier)


def _react(effort: Effort, pay: float, usual: float) -> float:
    """Return effort by marginal pay; a stated reference (a dated one from its day on) stands for what is usual."""
    reference = usual if effort.reference_rate is None else effort.reference_rate
    return rules.effort(pay, reference, effort.elasticity, effort.minimum, effort.maximum)


def _given(plan: Plan, regime: int) -> list[float]:
    """Return the quota that each rep was given as a factor of that of the rep's plan."""
    rules_, own = plan.pay_rules, plan.staffing.quota[regime]
    return [1.0 if i == NOBODY else own[rep] / rules_[i].quota for rep, i in enumerate(plan.rep_pay[regime].tolist())]
