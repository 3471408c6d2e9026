"""Pay lines that are worked out deal by deal: SPIFFs, splits and clawback."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from simsales.model.conditions import ATTRIBUTES, holds, parse_condition
from simsales.money.pay import Line, Statement, as_decimal, cents, exact, percent

if TYPE_CHECKING:
    from simsales.model.compensation import CompPlan, Spiff

__all__ = ["Credit", "clawback_lines", "spiff_lines", "split_lines"]

Without = Callable[[float], Statement]
NOTHING = Decimal("0.00")


@dataclass(frozen=True)
class Credit:
    """What a rep is credited for one deal.

    Parameters
    ----------
    day : float
        On which it counts: of the win, or of the cash.
    amount : Fraction
    deal : int
        Position in the log.
    own : bool
        As the deal's owner; otherwise by a split.
    given : Fraction
        What splits took from the owner.
    share : Fraction
        Of the deal: 1 less what others got for its owner, the split's share for others.
    date : date, optional
        Local date of the win, for SPIFFs.
    cancelled : float
        Day of the cancellation; infinite for a deal that stays.
    facts : dict
        ``amount, segment, channel, product, region`` of the deal, for conditions.
    """

    day: float
    amount: Fraction
    deal: int = -1
    own: bool = True
    given: Fraction = Fraction(0)
    share: Fraction = Fraction(1)
    date: dt.date | None = None
    cancelled: float = float("inf")
    facts: Mapping[str, float | str] = field(default_factory=dict)


def split_lines(credits_: Iterable[Credit]) -> list[Line]:
    """Return what was credited to others, and from others' deals; the lines pay nothing, they explain.

    Examples
    --------
    >>> for line in split_lines([Credit(1.0, Fraction(70), given=Fraction(30)), Credit(2.0, Fraction(5), own=False)]):
    ...     line.detail, str(line.basis)
    ('credit of own deals that went to others', '30')
    ("credit for work on others' deals", '5')
    """
    mine = list(credits_)
    given = sum((credit.given for credit in mine), Fraction(0))
    gained = sum((credit.amount for credit in mine if not credit.own), Fraction(0))
    found = [("credit of own deals that went to others", given), ("credit for work on others' deals", gained)]
    return [Line("split", words, as_decimal(basis), Decimal(0), NOTHING) for words, basis in found if basis]


def spiff_lines(plan: CompPlan, won: Sequence[Credit]) -> list[Line]:
    """Return one line for each part of a SPIFF that a rep's wins of a period have earned.

    A sum for each win is paid to whoever is credited for the deal, in proportion of the credit: with a split of 30 % the
    other rep gets 30 % of it and the owner 70 %, each if his or her own plan has the SPIFF; an overlay pays on top.

    Parameters
    ----------
    plan : CompPlan
    won : sequence of Credit
        By the day of the win, whenever the plan pays.

    Examples
    --------
    >>> from simsales.model.compensation import CompPlan
    >>> plan = CompPlan(quota=1e6, spiffs=[{"name": "June push", "start": "2027-06-01", "until": "2027-06-30",
    ...                                     "rate": 0.02, "amount_per_win": 100.0}])
    >>> for line in spiff_lines(plan, [Credit(1.0, Fraction(5000), date=dt.date(2027, 6, 30))]):
    ...     line.detail, str(line.amount)
    ('June push: 2 % of bookings', '100.00')
    ('June push: 1 deal', '100.00')
    """
    lines: list[Line] = []
    for spiff in plan.spiffs:
        mine = [credit for credit in won if _counts(spiff, credit)]
        booked = sum((credit.amount for credit in mine), Fraction(0))
        deals = sum((credit.share for credit in mine), Fraction(0))
        lines += _spiff_line(f"{spiff.name}: {percent(spiff.rate)} of bookings", booked, spiff.rate)
        lines += _spiff_line(f"{spiff.name}: {_deals(deals)}", deals, spiff.amount_per_win)
    return lines


def _counts(spiff: Spiff, credit: Credit) -> bool:
    if credit.date is None or not spiff.start <= credit.date <= spiff.until:
        return False
    return spiff.where is None or holds(parse_condition(spiff.where, ATTRIBUTES), credit.facts)


def _spiff_line(words: str, basis: Fraction, rate: float) -> list[Line]:
    if not basis or not rate:
        return []
    return [Line("spiff", words, as_decimal(basis), as_decimal(exact(rate)), cents(basis * exact(rate)))]


def clawback_lines(
    plan: CompPlan, period: str, credits_: Sequence[Credit], without: Without, begin: float, end: float
) -> list[Line]:
    """Return what is taken back in one period for deals of one (earlier or the same) period.

    Parameters
    ----------
    plan : CompPlan
        Under which the deals were paid.
    period : str
        In which they were paid.
    credits_ : sequence of Credit
        All that was credited then.
    without : callable
        Returns that period's statement without the deals cancelled before a day.
    begin, end : float
        The period in which cancellations are taken back.

    Returns
    -------
    list of Line
        At most one: the share of what the deals had earned, as if they had never been won (so that tiers and bonuses
        which only they reached go too).
    """
    rule = plan.clawback
    if rule is None:
        return []
    gone = [credit for credit in credits_ if begin <= credit.cancelled < end]
    if not gone:
        return []
    before, after = without(begin), without(end)
    back = cents(exact(before.earned - after.earned) * exact(rule.share))
    deals = _deals(len({credit.deal for credit in gone}))
    detail = f"{deals} of {period} cancelled within {rule.within_days:g} days: {percent(rule.share)} of what they earned"
    return [Line("clawback", detail, before.earned - after.earned, -as_decimal(exact(rule.share)), -back)]


def _deals(n: int | Fraction) -> str:
    return "1 deal" if n == 1 else f"{float(n):.10g} deals"
