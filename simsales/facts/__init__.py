"""What a KPI reads: one simulated run or one real history as columns of numbers.

Names become positions, stamps become days, so that every KPI is one function for real and simulated data, and fast
enough to be worked out for every replication.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from simsales.errors import InvalidInputError
from simsales.facts.columns import Deals, Facts, Reps, Tasks, Visits
from simsales.facts.past import from_history
from simsales.facts.run import from_log, members_of

if TYPE_CHECKING:
    from simsales.engine import EventLog
    from simsales.history import History

__all__ = ["Deals", "Facts", "Reps", "Tasks", "Visits", "facts_of", "from_history", "from_log", "members_of"]


def facts_of(source: EventLog | History | Facts) -> Facts:
    """Return the facts of a simulated run or a real history.

    Raises
    ------
    InvalidInputError
        If `source` is neither.
    """
    if isinstance(source, Facts):
        return source
    if hasattr(source, "replication"):
        return from_log(cast("EventLog", source))
    if hasattr(source, "observed_until"):
        return from_history(source)
    message = (
        f"log must be an EventLog or a History, got {type(source).__name__}. "
        "Hint: pass the result of simulate() or read_history()"
    )
    raise InvalidInputError(message)
