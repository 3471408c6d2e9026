"""SimPy with a total order of events (R10).

SimPy breaks ties by insertion. Here an event that happens *at a time* is ordered by (time, kind, id, sub-key); what
follows from it at the same instant (SimPy's own priorities 0 and 1) is complete before the next one, and
nothing depends on who was scheduled first: two events that agree in all four must mean the same.
"""

from __future__ import annotations

from enum import IntEnum
from heapq import heappush
from typing import Any

import simpy
from simpy.events import Event


class Kind(IntEnum):
    """Kinds of events in the order in which they happen at one instant."""

    ARRIVAL = 10
    DELAY_END = 20
    TASK_END = 30
    STAFFING = 40
    REVIEW = 50
    PATIENCE = 60


class Review(IntEnum):
    """Sub-keys of reviews of one deal at one instant; the task, or the rep, is added."""

    BREACH = 0
    RECYCLE = 1 << 20
    RECLAIM = 2 << 20


class OrderedEnvironment(simpy.Environment):
    """A SimPy environment whose dated events are ordered by (time, kind, id, sub-key).

    Examples
    --------
    >>> env = OrderedEnvironment()
    >>> seen = []
    >>> for name, kind in (("task", Kind.TASK_END), ("arrival", Kind.ARRIVAL)):
    ...     event = env.at(1.0, kind, 0)
    ...     event.callbacks.append(lambda _, name=name: seen.append(name))
    >>> env.run_before(2.0)
    >>> seen
    ['arrival', 'task']
    """

    def at(self, time: float, kind: int, ident: int, event: Event | None = None, sub: int = 0) -> Event:
        """Let `event` (a new one if None) happen at an absolute time.

        Parameters
        ----------
        time : float
            Days since the epoch.
        kind : int
            A :class:`Kind`.
        ident : int
            The deal, the rep or whatever it happens to.
        event : Event, optional
        sub : int
            What tells apart events of one kind that happen to the same one: the position of a task, the kind of a review.
        """
        if event is None:
            event = Event(self)
        event._ok = True  # noqa: SLF001 - as succeed() does, but without scheduling at once
        event._value = None  # noqa: SLF001
        entry: Any = (time, kind, (ident, sub, next(self._eid)), event)
        heappush(self._queue, entry)
        return event

    def run_before(self, until: float) -> None:
        """Process every event before `until`; events at that very time belong to what follows."""
        queue, step = self._queue, self.step
        while queue and queue[0][0] < until:
            step()

    def forget(self) -> None:
        """Drop what would have happened later, and with it the references that keep a run alive."""
        for entry in self._queue:
            entry[3].callbacks = []
        self._queue.clear()
