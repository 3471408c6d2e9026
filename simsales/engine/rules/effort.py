"""How reps react to marginal pay (R8; the effort rule)."""

from __future__ import annotations

import math
from dataclasses import dataclass

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
