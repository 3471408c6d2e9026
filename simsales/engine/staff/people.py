"""Reps as servers: who is there, whose turn it is, and who comes and goes (R1, R3, R4, R7).

The layers are in :mod:`simsales.engine.staff`: the bench, routing, queues; here people come and go.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from simpy.events import Event

from simsales.engine.environment import Kind, OrderedEnvironment
from simsales.engine.hooks import Hooks
from simsales.engine.leads.arrivals import Deals
from simsales.engine.life.state import Deal
from simsales.engine.plan import NOBODY, Plan
from simsales.engine.staff.queues import Queues
from simsales.engine.staff.turnover import Turnover
from simsales.engine.streams import Purpose, Streams

__all__ = ["Staff"]

REGIME = -2
REVIEW = -1
HANDOVER = 4
"""Position of the reason in ``state.REASONS``."""


class Staff(Queues):
    """All reps of a run, their queues, and the pools of the roles.

    Parameters
    ----------
    plan : Plan
    env : OrderedEnvironment
    facts : Deals
        What the deals are, and their draws.
    streams : Streams
    hooks : Hooks
    """

    def __init__(
        self, plan: Plan, env: OrderedEnvironment, facts: Deals, streams: Streams, hooks: Hooks
    ) -> None:
        super().__init__(plan, env, facts, streams, hooks)
        self.lose: Callable[[Deal, int], None] | None = None
        """What ends a deal from outside, set by the run."""
        self.turnover = Turnover(plan, streams, facts.until, self.attainment) if plan.staffing.has_attrition else None
        if self.turnover is not None:
            self.credits = True
        self.attainment.hired, self.attainment.leaves = self.hired, self.leaves
        for rep, time in facts.events.leavers():
            self.leaves[rep] = min(self.leaves[rep], time)
            self.present[rep] &= env.now < time
        self._muster()
        self._schedule()

    @property
    def employed(self) -> tuple[list[float], list[float]]:
        """When each rep began and left."""
        return self.hired, self.leaves

    def _schedule(self) -> None:
        for rep, (hired, leaving) in enumerate(zip(self.hired, self.leaves, strict=True)):
            if hired > self.env.now:
                self._staffing(hired, self.places[rep], partial(self.hire, rep))
            if leaving > self.env.now:
                self._staffing(leaving, self.after_hires + self.places[rep], partial(self.leave, rep))
        for r, start in enumerate(self.plan.regime_start.tolist()):
            if start <= self.env.now:
                self._begun = r
            else:
                self._staffing(start, REGIME, partial(self.begin_regime, r), r)
        if self.turnover is not None:
            for rep in self.roster:
                self._consider(rep)
            for time in self.turnover.reviews:
                self.env.at(time, Kind.REVIEW, REVIEW).callbacks.append(self.review)

    def _staffing(self, time: float, ident: int, call: Callable[[Event], None], sub: int = 0) -> None:
        if time < float("inf"):
            self.env.at(time, Kind.STAFFING, ident, sub=sub).callbacks.append(call)

    # coming and going --------------------------------------------------------------------------

    def hire(self, rep: int, _: Event | None = None) -> None:
        """Let a rep begin (R7)."""
        if self.env.now >= self.leaves[rep]:
            return
        self.present[rep] = True
        self.free_since[rep] = self.env.now
        self._muster()
        if self.turnover is not None and self.env.now not in self.turnover.reviews:  # else in a moment
            self._consider(rep)
        self.hold()

    def leave(self, rep: int, _: Event | None = None) -> None:
        """Let a rep go, and who else goes at this instant: tasks in hand are finished, the rest is handed over (R7)."""
        if not self.present[rep]:
            return
        leavers = [each for each in self.roster if self.leaves[each] <= self.env.now]
        for each in leavers:
            self.present[each] = False
        self._muster()
        self.hold()
        deals = sorted((ordinal, each) for each in leavers for ordinal in self.deals[each])
        for ordinal, each in deals:
            deal = self.deals[each].get(ordinal)
            if deal is not None and not (deal.owner == each and self._lost_on_the_way(deal)):
                self._hand_over(deal, each)
        waiting = sorted(entry for each in leavers for entry in self.own[each])
        for task in (entry[-1] for entry in waiting):
            if any(task.queue is self.own[each] for each in leavers):  # work for customers who are no deals any more
                self.assign(task.deal, task.role)
                self._enqueue(task, self.env.now)

    def _hand_over(self, deal: Deal, rep: int) -> None:
        """Route a leaver's deal anew, with what waits for it."""
        self._drop(deal, rep)
        role = self.role[rep]
        if deal.owner == rep:
            deal.owner = NOBODY
            self.make_owner(deal, role)
        else:
            self.assign(deal, role)
        for task in tuple(deal.tasks):
            if task.queue is self.own[rep]:
                self._enqueue(task, self.env.now)

    def _lost_on_the_way(self, deal: Deal) -> bool:
        """Lose a deal whose owner leaves, with the probability that the role states (R7)."""
        loss = self.rule(deal, deal.owner_role).handover_loss
        deal.handovers += 1
        if loss == 0.0 or self.lose is None:
            return False
        if self.draws.one(deal.ordinal, Purpose.HANDOVER, 0, deal.handovers) >= loss:
            return False
        self.lose(deal, HANDOVER)
        return True

    def begin_regime(self, r: int, _: Event | None = None) -> None:
        """Serve queues by the rules of a regime that begins (deals adopt it one by one)."""
        before, self._begun = self._begun, r
        for role, rule in enumerate(self.plan.role_queue[r]):
            if rule != self.plan.role_queue[before][role]:
                self._resort(role)
        self.hold()

    # attrition ---------------------------------------------------------------------------------

    def review(self, _: Event | None = None) -> None:
        """Look at tenure and attainment of everybody at a month's begin (R7)."""
        for rep in self.roster:
            self._consider(rep)

    def _consider(self, rep: int) -> None:
        """Let a rep leave whose hazard passes the draw before the next review."""
        assert self.turnover is not None
        time = self.turnover.review(rep, self._begun, self.hired[rep], self.env.now)
        if time < self.leaves[rep]:
            self.leaves[rep] = time
            self.soonest = min(self.soonest, time)
            self._staffing(time, self.after_hires + self.places[rep], partial(self.resign, rep), 1)

    def resign(self, rep: int, _: Event | None = None) -> None:
        """Let a rep leave by himself or herself, and somebody new take the seat (R7)."""
        assert self.turnover is not None
        found = self.turnover.replacement(rep, self._begun, self.env.now)
        if found is not None:
            following, begins = found
            self.hired[following] = begins
            if begins > self.env.now:
                self._staffing(begins, self.places[following], partial(self.hire, following))
            else:
                self.hire(following)  # without a vacancy the newcomer is there when the deals are handed over
        self.leave(rep)

    # bookings ----------------------------------------------------------------------------------

    def book(self, deal: Deal) -> None:
        """Credit a won deal to whom it counts for: quota attainment, effort, and who is likely to stay (R7, R8)."""
        rep = self.effort.credited(deal.owner, deal.credit)
        if rep == NOBODY or not self.credits:
            return
        if not self.attainment.has_splits:
            self.attainment.book(rep, deal.amount, self.env.now)
            return
        for each, share in self.attainment.shares(rep, deal.worked, self.env.now):
            self.attainment.book(each, deal.amount * share, self.env.now)
