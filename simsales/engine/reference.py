"""The reference engine: SimPy, written to be read. A deal's life is :meth:`Run.live`.

Rules R1 to R11 are those of :mod:`simsales.engine`.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from simpy.events import Event

from simsales.engine.collect import collect
from simsales.engine.environment import Kind
from simsales.engine.eventlog import EventLog
from simsales.engine.hooks import Hooks
from simsales.engine.life.state import MAX_VISITS, Deal, Visit
from simsales.engine.life.working import GONE, Working
from simsales.engine.plan import LOST, NOBODY, OPEN, WON, Plan
from simsales.engine.streams import Purpose
from simsales.engine.worktime import INSTANT

Life = Generator[Event, None, None]


class Run(Working):
    """One replication of a plan.

    Parameters
    ----------
    plan : Plan
    seed, replication : int
    hooks : Hooks, optional
    """

    def __init__(self, plan: Plan, seed: int, replication: int, hooks: Hooks | None = None) -> None:
        super().__init__(plan, seed, replication, hooks)
        self.staff.lose = self.lose
        self.created: list[float] = self.facts.created.tolist()
        self.first_roles = [_first_roles(plan, r) for r in range(plan.n_regimes)]

    def log(self) -> EventLog:
        """Run to the horizon and return what happened."""
        with _uncollected():
            self.open_pipeline()
            self.next_arrival()
            self.env.run_before(self.facts.until)
            self.forget()
        return collect(self.plan, self.streams, self.facts, self.deals, self.visits, self.rows, self.staff.employed)

    def forget(self) -> None:
        """Cut the circles between waiting deals and their events, so that memory is free at once."""
        for deal in self.deals:
            for task in deal.tasks:
                task.done.callbacks = []
            deal.tasks.clear()
            for task in deal.visit.batch if deal.visit is not None else ():
                task.done.callbacks = []
            deal.visit = None
        self.staff.lose = None
        self.env.forget()

    # a deal's life -----------------------------------------------------------------------------

    def live(self, deal: Deal, age: float | None = None, waiting: bool = False) -> Life:
        """Carry a deal from arrival, or from a stay of some age (R9), to outcome, and a customer on (R2 to R6)."""
        stage = self.proceed(deal, deal.stage) if age is None else deal.stage  # R6
        while stage >= 0:
            since = self.env.now if age is None else self.plan.start - age
            visit = self.enter(deal, stage, None if age is None else since)  # R2
            if visit is None:
                return self.close(deal, LOST, MAX_VISITS)  # R6
            if visit.view.escalate != NOBODY:
                self.guard(deal, visit)
            if age is None or (waiting and visit.view.tasks):
                reason = yield from self.work(deal, visit, visit.view.batches, since)  # R3, R4
                if reason:
                    return self.give_up(deal, visit, reason)
                target, delay = self.choose(deal, visit)  # R5
            else:
                target, delay = self.choose_given_age(deal, visit, age)  # R9
            age = None
            if target == OPEN:
                return None
            yield self.env.at(self.env.now + delay, Kind.DELAY_END, deal.ordinal)
            reason = GONE if deal.over else 0
            if visit.view.last_batches and not reason:
                reason = yield from self.work(deal, visit, visit.view.last_batches, self.env.now)  # R2
            if reason:
                return self.give_up(deal, visit, reason)
            self.leave(deal, visit, target)
            stage = self.proceed(deal, target)
        return None

    def give_up(self, deal: Deal, visit: Visit, reason: int) -> None:
        """Let a deal leave by way of loss, unless it has gone already (R4)."""
        if reason != GONE:
            self.leave(deal, visit, LOST, reason)

    def proceed(self, deal: Deal, target: int) -> int:
        """Return the next stage (R6); at an outcome close the deal, and let a customer go on."""
        stage = self.gate(deal, target)
        if stage == WON and deal.then != NOBODY:
            self.close(deal, WON)
            stage = self.go_on(deal)
        if stage < 0:
            self.close(deal, stage)
        return stage

    # where deals come from ---------------------------------------------------------------------

    def next_arrival(self, event: Event | None = None) -> None:
        """Let the next lead arrive, be routed and begin to live (R1)."""
        if event is not None:
            deal = self.make(len(self.deals))
            self.route(deal)
            self.env.process(self.live(deal))
        i = len(self.deals)
        if i < len(self.created):
            arrival = self.env.at(self.created[i], Kind.ARRIVAL, i)
            arrival.callbacks.append(self.next_arrival)

    def make(self, i: int) -> Deal:
        """Return deal number i as it is when it appears."""
        facts = self.facts
        deal = Deal(
            i, self.created[i], float(facts.amount[i]), int(facts.segment[i]),
            int(facts.channel[i]), int(facts.entry[i]), int(facts.regime[i]),
            list_amount=float(facts.list_amount[i]), discount=float(facts.discount[i]),
        )  # fmt: skip
        self.deals.append(deal)
        return deal

    def route(self, deal: Deal) -> None:
        """Give a new deal its owner: a rep of the first role that has to do something (R1)."""
        if self.plan.reps:
            self.staff.make_owner(deal, self.first_roles[deal.regime][deal.stage])

    def open_pipeline(self) -> None:
        """Let the deals that are open at the start appear, owned before any is routed (R9)."""
        opening = self.plan.opening
        if opening is None:
            return
        self.staff.hold()
        for i in range(len(opening.ids)):
            deal = self.make(i)
            deal.visits[deal.stage] = int(opening.visit[i]) - 1
            # a deal that has moved on since its creation was answered before the start
            deal.answered = self.plan.start - float(opening.age[i]) > deal.created + INSTANT
            owner = int(opening.owner[i])
            if owner != NOBODY and self.staff.present[owner]:
                self.staff.adopt(deal, owner, self.staff.role[owner])
        for i, deal in enumerate(self.deals):
            if deal.owner == NOBODY:
                self.route(deal)
            p = float(opening.p_waiting[i])
            key = self.plan.stage_key[deal.stage]
            waiting = self.draw(i, Purpose.WAITING, key) < p  # a missing p is never above
            self.env.process(self.live(deal, float(opening.age[i]), waiting))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the cycle collector from searching the many living objects of a run (a third of its time)."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def _first_roles(plan: Plan, r: int) -> list[int]:
    """Return, for each entry stage, the role of its first task, else of the first task anywhere."""
    row = plan.views[r]
    anywhere = next(
        (tasks[0][0] for view in row if view and (tasks := view.tasks + view.last_tasks)), None
    )
    if anywhere is None:
        anywhere = int(plan.rep_role.min()) if plan.reps else NOBODY
    return [
        tasks[0][0] if view and (tasks := view.tasks + view.last_tasks) else anywhere for view in row
    ]
