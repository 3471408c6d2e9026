"""The tiny decisions of the simulation: pure functions that every engine shares.

Each one takes numbers and gives a number, cites its rule, and can be handed round numbers in a test.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

INVERSE_ROOT_2PI = 0.3989422804014327
PROJECTION_WEIGHT = 0.1
"""Share of a period that counts as sold at quota pace when a rep's own rate is projected."""


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


@dataclass(frozen=True)
class PayRule:
    """What a rep's next unit of bookings pays, in money (a cap is a last rate of 0).

    Parameters
    ----------
    quota : float
        Bookings of one period.
    period : {'month', 'quarter', 'year'}
    rates : tuple of float
        Commission on each slice.
    bounds : tuple of float
        Bookings at which each further rate begins; one fewer than `rates`.
    bonuses : tuple of (float, float)
        Bookings at which a lump sum is paid, and the sum.
    reference : float
        Marginal pay at which effort is 1.
    """

    quota: float
    period: str
    rates: tuple[float, ...]
    bounds: tuple[float, ...]
    bonuses: tuple[tuple[float, float], ...]
    reference: float


def marginal_pay(rule: PayRule, finish: float, spread: float) -> float:
    """Return the expected pay for one more unit of bookings (DOMAIN 5.6).

    Parameters
    ----------
    rule : PayRule
    finish, spread : float
        Mean and standard deviation of the period's bookings.

    Returns
    -------
    float
        ``r0 + sum (r_k - r_k-1) Phi((m - q_k) / s) + B phi((Q - m) / s) / s``

    Examples
    --------
    >>> flat = PayRule(100.0, "quarter", (0.1,), (), (), 0.1)
    >>> marginal_pay(flat, 80.0, 12.0)
    0.1
    """
    pay = rule.rates[0]
    for before, rate, bound in zip(rule.rates, rule.rates[1:], rule.bounds, strict=False):
        pay += (rate - before) * (0.5 * math.erfc((bound - finish) / spread / math.sqrt(2.0)))
    for bound, lump in rule.bonuses:
        z = (bound - finish) / spread
        pay += lump * INVERSE_ROOT_2PI * math.exp(-0.5 * z * z) / spread
    return pay


def projected_finish(sold: float, quota: float, elapsed: float, length: float) -> float:
    """Return the bookings that a rep expects to have at the period's end.

    The rate so far is shrunk to quota pace: a tenth of a period at quota counts as sold.

    Examples
    --------
    >>> projected_finish(0.0, 100.0, 0.0, 90.0)
    100.0
    """
    weight = PROJECTION_WEIGHT
    rate = (sold + quota * weight) / (elapsed + length * weight)
    return sold + rate * (length - elapsed)


def effort(
    pay: float, reference: float, elasticity: float, minimum: float, maximum: float
) -> float:
    """Return the effort multiplier ``clip((pay / reference) ** elasticity)`` (R8).

    Examples
    --------
    >>> effort(0.2, 0.1, 1.0, 0.7, 1.3), effort(0.1, 0.1, 0.3, 0.7, 1.3)
    (1.3, 1.0)
    """
    if reference <= 0.0 or elasticity == 0.0:
        return 1.0
    if pay <= 0.0:
        return minimum
    return min(max(math.pow(pay / reference, elasticity), minimum), maximum)
