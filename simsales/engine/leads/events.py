"""What befalls the market in one replication: dated events that happen or do not (R1, R5, R7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from simsales.engine.plan.market import EventPlan
from simsales.engine.streams import DealDraws, Purpose, Streams
from simsales.model.conditions import Clause

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Columns = Mapping[str, tuple[Sequence[str], Ints]]
"""Names and positions by field: ``segment, channel, product, region``."""


def happening(events: Sequence[EventPlan], streams: Streams) -> tuple[EventPlan, ...]:
    """Return the events that happen in a replication: each by its own draw, keyed by its name."""
    return tuple(
        event for event in events if streams.uniform(0, event.key, 0, Purpose.EVENT) < event.probability
    )


def matching(where: Sequence[Clause], columns: Columns, n: int) -> Flags:
    """Tell which of `n` deals meet every clause.

    Examples
    --------
    >>> columns = {"segment": (("smb", "mid"), np.array([0, 1, 1]))}
    >>> matching((("segment", "==", "mid"),), columns, 3).tolist()
    [False, True, True]
    """
    found = np.ones(n, dtype=bool)
    for field, operator, value in where:
        names, codes = columns[field]
        same = codes == (list(names).index(str(value)) if value in names else len(names))
        found &= same if operator == "==" else ~same
    return found


def lead_factor(events: Sequence[EventPlan], channel: str, times: Floats) -> Floats:
    """Return the factor on a channel's arrivals at some times."""
    factor = np.ones(len(times))
    for event in events:
        here = {"channel": ((channel,), np.zeros(1, dtype=np.int64))}
        if event.leads != 1.0 and matching([c for c in event.where if c[0] == "channel"], here, 1)[0]:
            factor = np.where((times >= event.begin) & (times < event.end), factor * event.leads, factor)
    return factor


def amount_factor(events: Sequence[EventPlan], columns: Columns, created: Floats) -> Floats:
    """Return the factor on the amounts of deals by their creation."""
    factor = np.ones(len(created))
    for event in events:
        if event.amount != 1.0:
            on = (created >= event.begin) & (created < event.end)
            factor = np.where(on & matching(event.where, columns, len(created)), factor * event.amount, factor)
    return factor


class Events:
    """The events of one replication, as deals and reps feel them.

    Parameters
    ----------
    happened : sequence of EventPlan
    exposed : sequence of list of bool
        For each of them, which deals it touches.

    Examples
    --------
    >>> cut = EventPlan("price cut", 7, begin=10.0, end=20.0, probability=1.0, win_logit=-0.5)
    >>> events = Events([cut], [[True, False]])
    >>> events.shift(0, 12.0), events.shift(1, 12.0), events.shift(0, 20.0)
    (-0.5, 0.0, 0.0)
    """

    def __init__(self, happened: Sequence[EventPlan] = (), exposed: Sequence[list[bool]] = ()) -> None:
        self.happened = tuple(happened)
        self._shifts = [
            (event.begin, event.end, event.win_logit, deals)
            for event, deals in zip(happened, exposed, strict=True)
            if event.win_logit != 0.0
        ]
        self.shifting = bool(self._shifts)

    def shift(self, ordinal: int, time: float) -> float:
        """Return what the events that are on at `time` add to a deal's log-odds of advancing (R5)."""
        total = 0.0
        for begin, end, logit, exposed in self._shifts:
            if begin <= time < end and exposed[ordinal]:
                total += logit
        return total

    def leavers(self) -> list[tuple[int, float]]:
        """Return the reps whom an event takes away, and when (R7)."""
        return [(event.rep, event.begin) for event in self.happened if event.rep >= 0]


def feel(happened: Sequence[EventPlan], columns: Columns, draws: DealDraws) -> Events:
    """Return the events with the deals that they touch: those of `where`, a keyed share of them."""
    n = len(draws.index)
    exposed: list[list[bool]] = []
    for event in happened:
        touched = np.zeros(n, dtype=bool)
        if event.win_logit != 0.0:
            touched = matching(event.where, columns, n)
            if event.exposure < 1.0:
                touched &= draws.vector(Purpose.EXPOSURE, event.key) < event.exposure
        exposed.append(touched.tolist())
    return Events(happened, exposed)
