"""The end of a stay, on the way to the next one: the delay, the tasks at its end, the outcome (R2, R5, R6)."""

from __future__ import annotations

from collections.abc import Generator

from simpy.events import Event

from simsales.engine.environment import Kind
from simsales.engine.life.state import MAX_VISITS, Deal, Visit
from simsales.engine.life.working import GONE, Working
from simsales.engine.plan import LOST, NOBODY, OPEN, WON

Onward = Generator[Event, None, int]


class Staying(Working):
    """Whole stays: generators that answer with the next stage, or with an outcome (negative) that ends the life."""

    def stay(self, deal: Deal, stage: int) -> Onward:
        """Carry a deal through a stage, from its entry on (R2 to R5)."""
        visit = self.enter(deal, stage)  # R2
        if visit is None:
            self.close(deal, LOST, MAX_VISITS)  # R6
            return LOST
        if visit.view.escalate != NOBODY:
            self.guard(deal, visit)
        reason = yield from self.work(deal, visit, visit.view.batches, self.env.now)  # R3, R4
        return (yield from self.decide(deal, visit, reason))

    def decide(self, deal: Deal, visit: Visit, reason: int) -> Onward:
        """Draw the exit once the work is done, unless the deal has given up (R4, R5)."""
        if reason:
            return self.give_up(deal, visit, reason)
        target, delay = self.choose(deal, visit)
        return (yield from self.depart(deal, visit, target, delay))

    def depart(self, deal: Deal, visit: Visit, target: int, delay: float) -> Onward:
        """Wait the delay, have the tasks at the end done, and leave (R2)."""
        if target == OPEN:
            return OPEN
        yield self.env.at(self.env.now + delay, Kind.DELAY_END, deal.ordinal)
        visit.target = target
        reason = GONE if deal.over else 0
        if visit.view.last_batches and not reason:
            reason = yield from self.work(deal, visit, visit.view.last_batches, self.env.now)
        return self.go(deal, visit, target, reason)

    def go(self, deal: Deal, visit: Visit, target: int, reason: int) -> int:
        """Leave a stage for the next one, or by way of loss."""
        if reason:
            return self.give_up(deal, visit, reason)
        self.leave(deal, visit, target)
        return self.proceed(deal, target)

    def give_up(self, deal: Deal, visit: Visit, reason: int) -> int:
        """Let a deal leave by way of loss, unless it has gone already (R4)."""
        if reason != GONE:
            self.leave(deal, visit, LOST, reason)
        return LOST

    def proceed(self, deal: Deal, target: int) -> int:
        """Return the next stage (R6); at an outcome close the deal, and let a customer go on."""
        stage = self.gate(deal, target)
        if stage == WON and deal.then != NOBODY:
            self.close(deal, WON)
            stage = self.go_on(deal)
        if stage < 0:
            self.close(deal, stage)
        return stage
