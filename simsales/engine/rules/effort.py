"""How reps react to marginal pay (R8; the effort rule)."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, replace

INVERSE_ROOT_2PI = 0.3989422804014327
PROJECTION_WEIGHT = 0.1
"""Share of a period that counts as sold at quota pace when a rep's own rate is projected."""


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
    jump : (float, float)
        Bookings at a threshold, and the average rate that is paid on all of them once it is reached.
    spiffs : tuple of (date, date, float)
        First and last day, and what a unit of bookings earns besides.
    ratchet : (float, float)
        Weights up and down with which sales move the next quota.
    relief : bool
        Whether a ramp lowers the quota.
    """

    quota: float
    period: str
    rates: tuple[float, ...]
    bounds: tuple[float, ...]
    bonuses: tuple[tuple[float, float], ...]
    reference: float
    jump: tuple[float, float] = (0.0, 0.0)
    spiffs: tuple[tuple[dt.date, dt.date, float], ...] = ()
    ratchet: tuple[float, float] = (0.0, 0.0)
    relief: bool = False


def scaled(rule: PayRule, factor: float, lump: float = 1.0) -> PayRule:
    """Return the rule with another quota; what is stated as attainment moves with it.

    Parameters
    ----------
    rule : PayRule
    factor : float
        Of the quota.
    lump : float
        Share of every lump sum that is paid.

    Examples
    --------
    >>> scaled(PayRule(100.0, "quarter", (0.1, 0.2), (100.0,), ((80.0, 5.0),), 0.1), 0.5).bounds
    (50.0,)
    """
    return replace(
        rule,
        quota=rule.quota * factor,
        bounds=tuple(bound * factor for bound in rule.bounds),
        bonuses=tuple((bound * factor, money * lump) for bound, money in rule.bonuses),
        jump=(rule.jump[0] * factor, rule.jump[1]),
    )


def marginal_pay(rule: PayRule, finish: float, spread: float) -> float:
    """Return the expected pay for one more unit of bookings.

    Parameters
    ----------
    rule : PayRule
    finish, spread : float
        Mean and standard deviation of the period's bookings.

    Returns
    -------
    float
        ``r0 + sum (r_k - r_k-1) Phi((m - q_k) / s) + B phi((Q - m) / s) / s``; a penalty is a bonus for
        reaching its bound, a threshold a bonus of all that it had held back. Without SPIFFs.

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
    if rule.jump[0] > 0.0:
        pay += rule.jump[0] * rule.jump[1] * _density((rule.jump[0] - finish) / spread) / spread
    return pay


def quota_cost(rule: PayRule, finish: float, spread: float) -> float:
    """Return the expected pay lost by one more unit of quota: minus the slope of expected pay in the quota.

    Parameters
    ----------
    rule : PayRule
    finish, spread : float
        Mean and standard deviation of the period's bookings.

    Examples
    --------
    >>> flat = PayRule(100.0, "quarter", (0.1,), (), (), 0.1)
    >>> quota_cost(flat, 100.0, 35.0)  # a flat commission does not look at the quota
    0.0
    """
    cost = 0.0
    for before, rate, bound in zip(rule.rates, rule.rates[1:], rule.bounds, strict=False):
        cost += (rate - before) * bound / rule.quota * _reached((finish - bound) / spread)
    for bound, lump in rule.bonuses:
        cost += lump * bound / rule.quota * _density((bound - finish) / spread) / spread
    bound, rate = rule.jump
    z, share = (finish - bound) / spread, bound / rule.quota
    return cost + rate * share * (bound * _density(z) / spread - _reached(z))


def ratchet_cost(rule: PayRule, finish: float, spread: float, horizon: float) -> float:
    """Return what one more unit of bookings costs the next period's pay through a higher quota.

    Parameters
    ----------
    rule : PayRule
    finish, spread : float
        Of this period.
    horizon : float
        Standard deviation of a whole period's bookings, expected at quota.

    Examples
    --------
    >>> bonus = PayRule(100.0, "quarter", (0.0,), (), ((100.0, 10.0),), 0.1, ratchet=(0.5, 0.2))
    >>> round(ratchet_cost(bonus, 100.0, 10.0, 35.0), 4)  # 0.35 x 10 phi(0) / 35
    0.0399
    """
    up, down = rule.ratchet
    if up == 0.0 and down == 0.0:
        return 0.0
    weight = down + (up - down) * _reached((finish - rule.quota) / spread)
    return weight * quota_cost(rule, rule.quota, horizon)


def _density(z: float) -> float:
    """Return the standard normal density."""
    return INVERSE_ROOT_2PI * math.exp(-0.5 * z * z)


def _reached(z: float) -> float:
    """Return the standard normal distribution function."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


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
