"""How reps do the tasks of a stay: in turn, together, handed on, escalated (R3, R4, R6)."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import Any

from simpy.events import Event

from simsales.engine.environment import Kind, Review
from simsales.engine.hooks import Hooks
from simsales.engine.life.gathering import Gathering
from simsales.engine.life.leaving import Leaving
from simsales.engine.life.state import HANDOFF, NO_RESPONSE, Ahead, Deal, Task, Visit
from simsales.engine.plan import NOBODY, Plan
from simsales.engine.plan.process import PASS, Batches, TaskView, chains
from simsales.engine.streams import MASK, Purpose

GONE = -1
"""The deal has been lost from outside meanwhile."""
NAN = float("nan")
_STEP = 0x9E3779B9
Answer = Generator[Event, None, int]


class Working(Leaving):
    """The middle of a stay. Methods that answer with a number give 0 (go on), a reason, or ``GONE``.

    Parameters
    ----------
    plan : Plan
    seed, replication : int
    hooks : Hooks, optional
    """

    def __init__(self, plan: Plan, seed: int, replication: int, hooks: Hooks | None = None) -> None:
        super().__init__(plan, seed, replication, hooks)
        self.gathering = Gathering(plan, self.env, self.staff)

    def work(self, deal: Deal, visit: Visit, batches: Batches, since: float) -> Answer:
        """Let reps do a visit's tasks in order (R3, R4)."""
        handoff = visit.view.handoff
        for batch in batches:
            if visit.passed:
                return 0
            if len(batch) > 1:
                reason = yield from self.together(deal, visit, batch, since)
                if reason:
                    return reason
                since = self.env.now
                continue
            item = batch[0]
            if item.when is not None and not self.meets(deal, item.when, visit.number):
                continue
            ready = NAN
            if NOBODY != deal.last_role != item.role and self._changes_hands(deal, item):
                ready = since
            if handoff is not None and ready == ready:  # noqa: PLR0124 - not NaN
                reason = yield from self.hand_on(deal, visit, item)
                if reason:
                    return reason
                since = self.env.now
            task = self.task(deal, visit, item, since, ready)
            visit.batch = (task,)
            self.submit(task, item)
            reason = yield from self.served(deal, visit, item, task)
            if reason:
                return reason
            since = self.env.now
        return 0

    def served(self, deal: Deal, visit: Visit, item: TaskView, task: Task) -> Answer:
        """Wait until a task is done, given up, or passed on."""
        yield task.done
        visit.batch = ()  # no circle of stay and task: memory is free at once
        if task.lapsed:
            return GONE if deal.over else deal.doomed
        if task.rep == NOBODY:  # passed on after a breach
            return 0
        self.staff.finish(task)
        if item.lead or item.assist:
            self._note(item, task)
        else:
            deal.last_role = item.role
        return deal.doomed

    def task(
        self, deal: Deal, visit: Visit, item: TaskView, since: float, ready: float, done: float = 0.0
    ) -> Task:
        """Return a task with its work drawn, given that some hours are done.

        `ready` is when the deal was ready to change hands for it (NaN: it does not).
        """
        key, scale = self.plan.stage_key[visit.stage], visit.view.work_scale
        u = self.draw(deal.ordinal, Purpose.WORK + item.position, key, visit.number)
        hours = done + item.law.residual(u, done / scale) * scale if done > 0.0 else item.law.draw(u) * scale
        counts = visit if item.counts_for == NOBODY else deal.ahead.setdefault(item.counts_for, Ahead())
        counts.work += hours
        row = [deal.ordinal, visit.row[1], visit.stage, item.role, NOBODY, since, NAN, NAN, NAN, NAN, ready]
        return Task(deal, visit, item.role, hours, since, Event(self.env), row, item.position, counts, item.bot)

    def submit(self, task: Task, item: TaskView) -> None:
        """Queue a task, now or with a meeting or a batch; its deal may give up meanwhile (R3, R4)."""
        visit = task.visit
        self.rows.append(task.row)
        if item.gather is not None:
            self.gathering.add(task, (visit.stage, item.position), item.gather)
        else:
            self.staff.queue(task)
        self.bide(task, item)

    def bide(self, task: Task, item: TaskView) -> None:
        """Let a deal be patient with a task that waits (those at the end of a stay wait without end)."""
        visit = task.visit
        late = visit.view.patience is None or item.position >= len(visit.view.tasks)
        if task.queue is not None and not late:
            self.watch(task, visit)

    def watch(self, task: Task, visit: Visit) -> None:
        """Let the deal give up when it has waited longer than its patience (R4)."""
        patience, deal = visit.view.patience, task.deal
        assert patience is not None
        waited = self.env.now - task.since
        if visit.patience == visit.patience:  # noqa: PLR0124 - not NaN: drawn for an earlier task of the stay
            left = max(visit.patience - waited, 0.0)
        else:
            u = self.draw(deal.ordinal, Purpose.PATIENCE, self.plan.stage_key[visit.stage], visit.number)
            longest = max(waited, visit.waited)
            left = patience.residual(u, longest) + (longest - waited) if longest > 0.0 else patience.draw(u)
            visit.patience = waited + left if longest > 0.0 else NAN
        lapse = self.env.at(self.env.now + left, Kind.PATIENCE, deal.ordinal, sub=task.position)
        lapse.callbacks.append(lambda _: self._give_up(task))

    def _give_up(self, task: Task) -> None:
        """Let a deal leave whose task still waits, as soon as the parts in hand beside it end (R4)."""
        if task.queue is not None:
            self.doom(task.deal, task.visit, NO_RESPONSE)

    def _note(self, item: TaskView, task: Task) -> None:
        if not item.assist:
            task.deal.last_role = item.role
        if item.lead:
            task.counts.lead = task.rep

    # several at once ----------------------------------------------------------------------------

    def together(self, deal: Deal, visit: Visit, batch: tuple[TaskView, ...], since: float) -> Answer:
        """Let reps do tasks that begin together; all of them have to be done (R2)."""
        every = [self._to_do(deal, visit, chain) for chain in chains(batch)]
        todo = [chain for chain in every if chain]
        hands = [since if self._changes_hands(deal, chain[0]) else NAN for chain in todo]
        tasks = tuple(self.task(deal, visit, chain[0], since, ready) for chain, ready in zip(todo, hands, strict=True))
        visit.batch = tasks
        for chain, task in zip(todo, tasks, strict=True):
            task.done.callbacks.append(partial(self.ended, chain, task))
            self._begin(chain[0], task)
        return (yield from self.all_served(deal, visit))

    def _to_do(self, deal: Deal, visit: Visit, chain: tuple[TaskView, ...]) -> tuple[TaskView, ...]:
        """Return a chain from its first task on whose condition holds."""
        for i, item in enumerate(chain):
            if item.when is None or self.meets(deal, item.when, visit.number):
                return chain[i:]
        return ()

    @staticmethod
    def all_served(deal: Deal, visit: Visit) -> Answer:
        """Wait until tasks that began together, and those that went on with them, are done, given up, or passed on."""
        i = 0
        while i < len(visit.batch):
            task = visit.batch[i]
            if not task.done.processed:
                yield task.done
            i += 1
        visit.batch = ()
        return GONE if deal.over else deal.doomed

    def _begin(self, item: TaskView, task: Task) -> None:
        """Queue a task of several, or send it on its way to another role."""
        if task.visit.view.handoff is None or task.row[10] != task.row[10]:
            self.submit(task, item)
            return
        self.send(item, task)

    def send(self, item: TaskView, task: Task, days: float = 0.0) -> None:
        """Send a task of several on its way to another role, or let it go on after so many days."""
        delay, lost = self.handing(task.deal, task.visit, item, days)
        arrival = self.env.at(self.env.now + delay, Kind.DELAY_END, task.deal.ordinal, sub=item.position)
        arrival.callbacks.append(partial(self._arrive, item, task, lost))

    def ended(self, chain: tuple[TaskView, ...], task: Task, _: Event) -> None:
        """Free who did a task of several, and note who it was; what goes on with it begins."""
        if task.rep != NOBODY and not task.lapsed:
            self.staff.finish(task)
            self._note(chain[0], task)
        deal, visit = task.deal, task.visit
        rest = chain[1:]
        if not rest or task.lapsed or visit.passed or deal.doomed or not (rest := self._to_do(deal, visit, rest)):
            return
        now = self.env.now
        following = self.task(deal, visit, rest[0], now, now if self._changes_hands(deal, rest[0]) else NAN)
        visit.batch = (*visit.batch, following)
        following.done.callbacks.append(partial(self.ended, rest, following))
        self._begin(rest[0], following)

    def _arrive(self, item: TaskView, task: Task, lost: bool, _: Event) -> None:
        """Let a task of several queue after its hand-off, unless it was taken back meanwhile."""
        if task.done.triggered:
            return
        if lost:
            self.lose(task.deal, HANDOFF)
            return
        task.since = task.row[5] = self.env.now
        self.submit(task, item)

    # hand-offs and escalation -------------------------------------------------------------------

    @staticmethod
    def _changes_hands(deal: Deal, item: TaskView) -> bool:
        """Tell whether a task is another role's than the last one; an assistant takes over nothing."""
        return deal.last_role not in (NOBODY, item.role) and not item.assist

    def handing(self, deal: Deal, visit: Visit, item: TaskView, days: float = 0.0) -> tuple[float, bool]:
        """Return how long a hand-off takes that is under way for some days, and whether the deal is lost on the way."""
        handoff = visit.view.handoff
        if handoff is None:
            return 0.0, False
        word = (self.plan.stage_key[visit.stage] + (item.position + 1) * _STEP) & MASK
        u = self.draw(deal.ordinal, Purpose.HANDOFF, word, visit.number)
        delay = handoff.delay.residual(u, days / handoff.scale) if days > 0.0 else handoff.delay.draw(u)
        lost = self.draw(deal.ordinal, Purpose.HANDOFF_LOSS, word, visit.number) < handoff.loss
        return delay * handoff.scale, lost

    def hand_on(self, deal: Deal, visit: Visit, item: TaskView, days: float = 0.0) -> Answer:
        """Pass a deal to another role; it may be lost on the way."""
        delay, lost = self.handing(deal, visit, item, days)
        visit.handing = (item.position, self.env.now - days)
        yield self.env.at(self.env.now + delay, Kind.DELAY_END, deal.ordinal)
        visit.handing = None
        if deal.over:
            return GONE
        return HANDOFF if lost else 0

    def guard(self, deal: Deal, visit: Visit) -> None:
        """Look after the service level of a stay: at its breach waiting work escalates (R6)."""
        due = max(float(visit.row[3]) + visit.view.sla, self.env.now)
        breach = self.env.at(due, Kind.REVIEW, deal.ordinal, sub=Review.BREACH)
        breach.callbacks.append(partial(self._breach, deal, visit))

    def _breach(self, deal: Deal, visit: Visit, _: Any) -> None:
        waiting = [task for task in deal.tasks if task.visit is visit]
        for task in waiting:
            if visit.view.escalate != PASS:
                self.staff.escalate(task, visit.view.escalate)
                continue
            visit.passed = True
            self.staff.withdraw(task)
        for task in visit.batch if visit.passed else ():  # a part that is on its way to another role
            if task.rep == NOBODY and not task.done.triggered:
                self.staff.withdraw(task)
