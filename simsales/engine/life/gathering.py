"""Work that waits for a meeting or for a batch before it joins a queue (R3)."""

from __future__ import annotations

import datetime as dt
from functools import partial

from simpy.events import Event

from simsales.engine import rules
from simsales.engine.environment import Kind, OrderedEnvironment
from simsales.engine.life.state import Task
from simsales.engine.plan import Plan
from simsales.engine.staff.people import Staff
from simsales.model.process import Gather

Place = tuple[int, int]
MEETING = -1
"""Sub-key of a meeting: before the batches, which have the deal that has waited for long enough."""


class Gathering:
    """Tasks that wait together, by stage and place of the task in it.

    Parameters
    ----------
    plan : Plan
    env : OrderedEnvironment
    staff : Staff
    """

    def __init__(self, plan: Plan, env: OrderedEnvironment, staff: Staff) -> None:
        self.plan, self.env, self.staff = plan, env, staff
        self._meetings: dict[tuple[Place, float], list[Task]] = {}
        self._batches: dict[tuple[Place, Gather], list[Task]] = {}

    def add(self, task: Task, place: Place, gather: Gather) -> None:
        """Let a task wait; it counts as waiting since it came, so patience and queue time run."""
        task.queue = self
        task.deal.tasks.append(task)
        if gather.size is not None:
            self._join_batch(task, place, gather)
        else:
            self._await_meeting(task, place, gather)

    def _await_meeting(self, task: Task, place: Place, gather: Gather) -> None:
        now = self.env.now
        begins = rules.next_meeting(gather, now, self.plan.clock.date(now), self._opening)
        waiting = self._meetings.get((place, begins))
        if waiting is None:
            waiting = self._meetings[place, begins] = []
            self._at(begins, place, MEETING, partial(self._meet, (place, begins)))
        waiting.append(task)

    def _opening(self, date: dt.date) -> float:
        return self.plan.worktime.next_open(self.plan.clock.midnight(date))

    def _meet(self, key: tuple[Place, float], _: Event) -> None:
        self._free(self._meetings.pop(key))

    def _join_batch(self, task: Task, place: Place, gather: Gather) -> None:
        key = place, gather
        waiting = [each for each in self._batches.get(key, []) if each.queue is self]
        waiting.append(task)
        self._batches[key] = waiting
        assert gather.size is not None
        if len(waiting) >= gather.size:
            del self._batches[key]
            self._free(waiting)
        elif gather.within_days is not None:
            due = max(task.since + gather.within_days, self.env.now)
            self._at(due, place, task.deal.ordinal, partial(self._close_batch, key, task))

    def _close_batch(self, key: tuple[Place, Gather], member: Task, _: Event) -> None:
        """Let a batch go of which a member has waited long enough."""
        if member.queue is self:
            self._free(self._batches.pop(key))

    def _at(self, time: float, place: Place, sub: int, call: partial[None]) -> None:
        ident = -1 - (place[0] * 1000 + place[1])  # before all deals of that instant (R10)
        self.env.at(time, Kind.DELAY_END, ident, sub=sub).callbacks.append(call)

    def _free(self, tasks: list[Task]) -> None:
        """Queue tasks; nobody begins until all of them have queued."""
        waiting = [task for task in tasks if task.queue is self]
        if not waiting:
            return
        self.staff.hold()
        for task in waiting:
            task.queue = None
            task.deal.tasks.remove(task)
            self.staff.queue(task)
