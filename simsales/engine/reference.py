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
from simsales.engine.life.resuming import Resuming
from simsales.engine.life.state import Deal
from simsales.engine.plan import NOBODY, Plan
from simsales.engine.plan.opening import Known

Life = Generator[Event, None, None]


class Run(Resuming):
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
        self.hooked = hooks is not None and hooks != Hooks()
        self.created: list[float] = self.facts.created.tolist()
        self.first_roles = [_first_roles(plan, r) for r in range(plan.n_regimes)]

    def log(self) -> EventLog:
        """Run to the horizon and return what happened."""
        with _uncollected():
            self.reach(self.facts.until)
            self.forget()
        return collect(self.plan, self.streams, self.facts, self.deals, self.visits, self.rows, self.staff.employed, hooked=self.hooked)

    def reach(self, time: float) -> None:
        """Begin, and go on up to a time (R9, R11)."""
        self.open_pipeline()
        self.next_arrival()
        self.env.run_before(time)

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

    def live(self, deal: Deal) -> Life:
        """Carry a deal from arrival to outcome, and a customer on (R2 to R6)."""
        stage = self.proceed(deal, deal.stage)  # R6
        while stage >= 0:
            stage = yield from self.stay(deal, stage)

    def live_on(self, deal: Deal, known: Known, waiting: bool) -> Life:
        """Carry a deal that is open at the start from the middle of a stay to outcome (R9)."""
        assert self.plan.opening is not None
        age = float(self.plan.opening.age[deal.ordinal])
        stage = yield from self.resume(deal, known, age, waiting)
        while stage >= 0:
            stage = yield from self.stay(deal, stage)

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
        known = [self.recall(self.make(i)) for i in range(len(opening.ids))]
        waiting = [self.is_waiting(deal) or bool(each.tasks) for deal, each in zip(self.deals, known, strict=True)]
        self.note_backlog([deal for deal, waits in zip(self.deals, waiting, strict=True) if waits])
        for deal, each, waits in zip(self.deals, known, waiting, strict=True):
            if deal.owner == NOBODY and each.owner_role == NOBODY:
                self.route(deal)
            self.env.process(self.live_on(deal, each, waits))


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
    """Return, for each entry stage, the role of its first task, else of the first task anywhere.

    A bot owns nothing where a person has something to do.
    """
    row = [view.tasks + view.last_tasks if view else () for view in plan.views[r]]
    every = [task for tasks in row for task in tasks]
    some = next((task.role for task in every if not task.bot), every[0].role if every else None)
    if some is None:
        some = int(plan.rep_role.min()) if plan.reps else NOBODY
    return [next((task.role for task in tasks if not task.bot), some) for tasks in row]
