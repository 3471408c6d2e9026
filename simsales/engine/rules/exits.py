"""How a visit ends, and which change a deal takes up (R5, R9)."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def choose_exit(cumulative: Sequence[float], advancing: int, shift: float, u: float) -> int:
    """Return which exit a visit takes (R5).

    Parameters
    ----------
    cumulative : sequence of float
        Probabilities added up, best exits first; the last one is 1.
    advancing : int
        How many exits, from the first, advance the deal.
    shift : float
        Added to the log-odds of advancing; the shares within the advancing exits, and within the
        others (deals that nobody will ever close among them), stay.
    u : float
        The keyed uniform.

    Returns
    -------
    int

    Examples
    --------
    >>> choose_exit((0.5, 1.0), 1, 0.0, 0.49), choose_exit((0.5, 1.0), 1, 0.0, 0.5)
    (0, 1)
    >>> choose_exit((0.5, 1.0), 1, math.log(3), 0.7)  # even odds become 3 to 1
    0
    """
    if shift != 0.0 and 0 < advancing < len(cumulative):
        p = cumulative[advancing - 1]
        if 0.0 < p < 1.0:
            u = unshifted(p, shift, u)
    chosen = bisect_right(cumulative, u)
    return chosen if chosen < len(cumulative) else bisect_left(cumulative, cumulative[-1])


def shifted(p: float, shift: float) -> float:
    """Return the probability `p` with `shift` added to its log-odds.

    Examples
    --------
    >>> round(shifted(0.5, math.log(3)), 12)
    0.75
    """
    odds = p / (1.0 - p) * math.exp(min(max(shift, -50.0), 50.0))
    return odds / (1.0 + odds)


def unshifted(p: float, shift: float, u: float) -> float:
    """Return the uniform on the unshifted scale: [0, p') is stretched to [0, p), the rest likewise."""
    new = shifted(p, shift)
    if u < new:
        return min(u * (p / new), math.nextafter(p, 0.0))
    return max(p, p + (u - new) * ((1.0 - p) / (1.0 - new)))


def shares_given_age(
    cumulative: Sequence[float], survivals: Sequence[float]
) -> tuple[float, ...] | None:
    """Return exit probabilities of a stay that has lasted some time, added up (R9).

    Parameters
    ----------
    cumulative : sequence of float
        Of a fresh stay.
    survivals : sequence of float
        For each exit, the probability that its delay exceeds the age (1 for an exit never taken).

    Returns
    -------
    tuple of float, or None
        None if no exit can last that long.

    Examples
    --------
    >>> shares_given_age((0.5, 1.0), (0.5, 1.0))
    (0.3333333333333333, 1.0)
    """
    total, before, sums = 0.0, 0.0, []
    for edge, survival in zip(cumulative, survivals, strict=True):
        total += (edge - before) * survival
        before = edge
        sums.append(total)
    if total <= 0.0:
        return None
    return tuple(value / total for value in sums)


def adopted(share: float, ramp_days: float, age_days: float, u: float) -> bool:
    """Tell whether a deal takes up a change that began `age_days` ago."""
    if age_days < 0.0:
        return False
    ramped = 1.0 if age_days >= ramp_days else age_days / ramp_days
    return u < share * ramped
