"""How new reps ramp up (R7), to whom a deal goes (R1), and whose turn it is (R3)."""

from __future__ import annotations

import math
from collections.abc import Sequence


def ramp_factor(start: float, days: float, age_days: float) -> float:
    """Return a new rep's speed: from `start` at hire, linearly to 1 after `days` (R7).

    Examples
    --------
    >>> round(ramp_factor(0.2, 100.0, 50.0), 12)
    0.6
    """
    if age_days >= days:
        return 1.0
    return start + (1.0 - start) * max(age_days, 0.0) / days


def least_loaded(loads: Sequence[float], weights: Sequence[float], present: Sequence[int]) -> int:
    """Return the rep with the fewest deals for his or her weight; ties by rep order.

    Examples
    --------
    >>> least_loaded([4, 3, 6], [1.0, 1.0, 3.0], [0, 1, 2])
    2
    """
    return min(present, key=lambda rep: (loads[rep] / weights[rep], rep))


def round_robin(last: int, present: Sequence[int]) -> int:
    """Return the next rep after `last`, in rep order.

    Examples
    --------
    >>> round_robin(4, [1, 4, 7]), round_robin(7, [1, 4, 7])
    (7, 1)
    """
    return next((rep for rep in present if rep > last), present[0])


def weighted(weights: Sequence[float], present: Sequence[int], u: float) -> int:
    """Return a rep by a keyed draw in proportion to the weights.

    Examples
    --------
    >>> weighted([1.0, 3.0], [0, 1], 0.2), weighted([1.0, 3.0], [0, 1], 0.3)
    (0, 1)
    """
    target = u * math.fsum(weights[rep] for rep in present)
    for rep in present:
        target -= weights[rep]
        if target < 0.0:
            return rep
    return present[-1]


def queue_key(rule: str, since: float, deal: int, amount: float, created: float) -> tuple[float, ...]:
    """Return by what a role's queue is sorted: its rule, then waiting since, then the deal (R3).

    Examples
    --------
    >>> queue_key("highest_value", 2.0, 7, 500.0, 1.0)
    (-500.0, 2.0, 7)
    """
    if rule == "fifo":
        return since, deal
    if rule == "highest_value":
        return -amount, since, deal
    if rule == "newest":
        return -created, since, deal
    return created, since, deal
