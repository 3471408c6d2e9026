"""How new reps ramp up, what training does, and when somebody leaves (R7)."""

from __future__ import annotations

import math
from collections.abc import Sequence

DAYS_PER_YEAR = 365.25


def ramp_factor(start: float, days: float, age_days: float, curve: Sequence[float] = ()) -> float:
    """Return a new rep's speed: from `start` at hire to 1 after `days` (R7).

    Parameters
    ----------
    start, days, age_days : float
    curve : sequence of float
        Speeds at the end of each equal part of the ramp, linear between; none: a straight line to 1.

    Examples
    --------
    >>> round(ramp_factor(0.2, 100.0, 50.0), 12)
    0.6
    >>> round(ramp_factor(0.0, 100.0, 75.0, (0.1, 0.5)), 12), ramp_factor(0.0, 100.0, 100.0, (0.1, 0.5))
    (0.3, 1.0)
    """
    if age_days >= days:
        return 1.0
    if not curve:
        return start + (1.0 - start) * max(age_days, 0.0) / days
    place = max(age_days, 0.0) / days * len(curve)
    part = min(int(place), len(curve) - 1)
    before = curve[part - 1] if part else start
    return before + (curve[part] - before) * (place - part)


def trained(gain: float, half_life_days: float, age_days: float) -> float:
    """Return what is left of a training's gain (inf: it stays; before its end there is none).

    Examples
    --------
    >>> trained(0.4, 90.0, 90.0), trained(0.4, math.inf, 1e6), trained(0.4, 90.0, -1.0)
    (0.2, 0.4, 0.0)
    """
    if age_days < 0.0:
        return 0.0
    return gain if math.isinf(half_life_days) else gain * 0.5 ** (age_days / half_life_days)


def is_low(sold: float, quota: float, gone: float, low_attainment: float) -> bool:
    """Tell whether a rep is behind: sold less than `low_attainment` x quota x the share of the period gone.

    Examples
    --------
    >>> is_low(20.0, 100.0, 0.5, 0.5), is_low(25.0, 100.0, 0.5, 0.5), is_low(0.0, 100.0, 0.0, 0.5)
    (True, False, False)
    """
    return sold < low_attainment * quota * gone


def dip_factor(depth: float, days: float, age: float) -> float:
    """Return what is left of speed in a transition: ``1 - depth x (1 - age / days)``, 1 before and after (R3).

    Parameters
    ----------
    depth : float
        Share lost on the first day.
    days, age : float
        How long it lasts, and days since it began.

    Examples
    --------
    >>> dip_factor(0.4, 40.0, 0.0), dip_factor(0.4, 40.0, 10.0), dip_factor(0.4, 40.0, 40.0), dip_factor(0.4, 40.0, -1.0)
    (0.6, 0.7, 1.0, 1.0)
    """
    return 1.0 - depth * (1.0 - age / days) if 0.0 <= age < days else 1.0


def hazard_steps(
    per_year: float, first_year: float, factor: float, hired: float, begin: float, end: float
) -> tuple[tuple[float, float, float], ...]:
    """Return spans of constant hazard of leaving between two times: begin, end, hazard per day (R7).

    Examples
    --------
    >>> hazard_steps(0.36525, 2.0, 1.0, 0.0, 360.0, 370.0)
    ((360.0, 365.25, 0.002), (365.25, 370.0, 0.001))
    """
    daily = per_year * factor / DAYS_PER_YEAR
    turn = min(max(hired + DAYS_PER_YEAR, begin), end)
    steps = ((begin, turn, daily * first_year), (turn, end, daily))
    return tuple(step for step in steps if step[1] > step[0])


def leaving(left: float, steps: Sequence[tuple[float, float, float]]) -> tuple[float, float]:
    """Return when a rep's hazard uses up what is left of an exponential draw (inf: not yet), and what then is left.

    Examples
    --------
    >>> leaving(0.5, [(0.0, 10.0, 0.04), (10.0, 20.0, 0.02)])
    (15.0, 0.0)
    >>> time, left = leaving(0.7, [(0.0, 10.0, 0.04), (10.0, 20.0, 0.02)])
    >>> time, round(left, 12)
    (inf, 0.1)
    """
    for begin, end, rate in steps:
        spent = rate * (end - begin)
        if spent > left:
            return begin + left / rate, 0.0
        left -= spent
    return math.inf, left


def most_leavers(hazard: float, chance: float = 1e-9) -> int:
    """Return a number of leavers of one seat that is passed with a probability below `chance` (Poisson tail).

    Parameters
    ----------
    hazard : float
        The largest that it can add up to over the run.
    chance : float

    Examples
    --------
    >>> most_leavers(0.0), most_leavers(0.25), most_leavers(2.0)
    (0, 7, 15)
    """
    n, term = 0, math.exp(-hazard)
    tail = -math.expm1(-hazard)
    while tail >= chance and n < 10_000:
        n += 1
        term *= hazard / n
        tail = math.fsum(_poisson_terms(hazard, n, term)) if n > hazard else 1.0
    return n


def _poisson_terms(hazard: float, n: int, term: float) -> list[float]:
    """Return the terms of the Poisson tail after `n`, as long as they count."""
    terms = []
    while term > 1e-20:
        n += 1
        term *= hazard / n
        terms.append(term)
    return terms
