"""To whom a deal goes (R1, R7), and whose turn it is in a queue (R3)."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache

_BITS, _MASK = 1 << 53, (1 << 64) - 1


def least_loaded(loads: Sequence[float], weights: Sequence[float], present: Sequence[int]) -> list[int]:
    """Return the reps with the fewest deals for their weight: one, or all that are tied.

    Examples
    --------
    >>> least_loaded([4, 3, 6], [1.0, 1.0, 3.0], [0, 1, 2]), least_loaded([4, 3, 3], [1.0, 1.0, 1.0], [0, 1, 2])
    ([2], [1, 2])
    """
    least, tied = math.inf, []
    for rep in present:
        share = loads[rep] / weights[rep]
        if share < least:
            least, tied = share, [rep]
        elif share == least:
            tied.append(rep)
    return tied


def lot(u: float, reps: Sequence[int], words: Sequence[int] | None = None) -> int:
    """Return one of several reps by a keyed draw, each with the same chance: the one with the smallest lot number.

    One more rep takes only what he or she wins; nothing else changes hands. With `words`, one a rep that stands for the
    name, the order in which reps are listed decides nothing.

    Examples
    --------
    >>> [lot(u, [0, 1]) for u in (0.1, 0.2, 0.3, 0.4)], [lot(u, [0, 1, 2]) for u in (0.1, 0.2, 0.3, 0.4)]
    ([1, 1, 0, 1], [2, 2, 0, 1])
    """
    return min(reps, key=lambda rep: lot_number(u, rep if words is None else words[rep]))


def lot_number(u: float, rep: int) -> int:
    """Return the lot number of a rep (a position or a word): a keyed draw times the rep's own odd number, modulo 2**64 (multiplicative hashing).

    Examples
    --------
    >>> lot_number(0.5, 0) != lot_number(0.5, 1)
    True
    """
    return int(u * _BITS) * _odd(rep) & _MASK


@cache
def _odd(rep: int) -> int:
    """Return a rep's odd number: 64 bits mixed from his or her position or word (the finaliser of SplitMix64)."""
    z = (rep + 1) * 0x9E3779B97F4A7C15 & _MASK
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    z = (z ^ z >> 27) * 0x94D049BB133111EB & _MASK
    return z ^ z >> 31 | 1


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


def tier_of(value: float, bounds: Sequence[float]) -> int:
    """Return the tier of an amount or a score: how many bounds it reaches.

    Examples
    --------
    >>> tier_of(9.0, (10.0, 50.0)), tier_of(10.0, (10.0, 50.0)), tier_of(80.0, (10.0, 50.0))
    (0, 1, 2)
    """
    return bisect_right(bounds, value)


def tier_groups(
    reps: Sequence[int], skills: Sequence[float], n: int, u: float = 0.0, words: Sequence[int] | None = None
) -> list[list[int]]:
    """Return `n` groups of reps, least skilled first, as even as possible; upper groups get the odd ones.

    Parameters
    ----------
    reps : sequence of int
    skills : sequence of float
        By rep.
    n : int
    u : float
        A keyed draw: who is in which group among the equally skilled is decided by lot.
    words : sequence of int, optional
        As in :func:`lot`.

    Examples
    --------
    >>> tier_groups([0, 1, 2], [0.1, 0.9, 0.5], 2)
    [[0], [1, 2]]
    """
    order = sorted(reps, key=lambda rep: (-skills[rep], lot_number(u, rep if words is None else words[rep])))
    small, odd = divmod(len(order), n)
    groups, begin = [], 0
    for g in range(n):
        end = begin + small + (g < odd)
        groups.append(sorted(order[begin:end]))
        begin = end
    return groups[::-1]


def of_tier(tier: int, groups: Sequence[Sequence[int]], free: Sequence[int]) -> list[int]:
    """Return the reps of a tier that are free; else of the next lower one, and so on; else of the next higher one.

    Examples
    --------
    >>> of_tier(1, [[4], [1, 2], [0]], [0, 4]), of_tier(1, [[4], [1, 2], [0]], [0])
    ([4], [0])
    """
    for g in (*range(tier, -1, -1), *range(tier + 1, len(groups))):
        found = [rep for rep in groups[g] if rep in free]
        if found:
            return found
    return []


def has_room(load: int, limit: float) -> bool:
    """Tell whether a rep may take one more deal.

    Examples
    --------
    >>> has_room(39, 40.0), has_room(40, 40.0)
    (True, False)
    """
    return load < limit


def queue_key(
    rule: str, since: float, deal: int, amount: float, created: float, worth: float = 0.0
) -> tuple[float, ...]:
    """Return by what a role's queue is sorted: its rule, then waiting since, then the deal (R3).

    Parameters
    ----------
    rule : str
    since : float
    deal : int
    amount, created : float
    worth : float
        For ``expected_value`` the chance of winning, for ``score`` the score, for ``due`` when the service level ends.

    Examples
    --------
    >>> queue_key("highest_value", 2.0, 7, 500.0, 1.0)
    (-500.0, 2.0, 7)
    >>> queue_key("expected_value", 2.0, 7, 500.0, 1.0, 0.5), queue_key("due", 2.0, 7, 500.0, 1.0, 9.0)
    ((-250.0, 2.0, 7), (9.0, 2.0, 7))
    """
    if rule == "fifo":
        return since, deal
    if rule == "highest_value":
        return -amount, since, deal
    if rule == "newest":
        return -created, since, deal
    if rule == "expected_value":
        return -amount * worth, since, deal
    if rule == "score":
        return -worth, since, deal
    if rule == "due":
        return worth, since, deal
    return created, since, deal
