"""A simulated log as a History."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simsales.engine.eventlog import EventLog
    from simsales.history import History


def to_history(log: EventLog) -> History:
    """Return the log's tables as a History of class A, observed from the run's start to its end."""
    raise NotImplementedError
