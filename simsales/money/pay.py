"""Pay statements to the cent: every amount is a line that says where it comes from.

Arithmetic is exact (fractions of the decimal numbers that the plan states); each line is rounded once, half up,
to the cent, and the pay is the sum of the rounded lines. So the order of deals cannot matter.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING

from simsales.errors import InvalidInputError

if TYPE_CHECKING:
    from simsales.model.compensation import CompPlan

__all__ = ["DAYS_PER_YEAR", "EARNED", "Line", "PayError", "Statement", "statement"]

DAYS_PER_YEAR = 365
"""A base salary is paid for days employed / 365, in leap years too."""

EARNED = ("commission", "bonus", "spiff")
"""Lines that single deals earn: what a clawback takes back."""

PERIODS_PER_YEAR = {"month": 12, "quarter": 4, "year": 1}


class PayError(InvalidInputError, ValueError):
    """A pay statement was asked for with impossible numbers."""


@dataclass(frozen=True)
class Line:
    """One line of a pay statement.

    Parameters
    ----------
    kind : {'base', 'quota', 'split', 'commission', 'threshold', 'bonus', 'penalty', 'cap', 'spiff', 'clawback', 'draw', \
'recovery', 'before'}
        What it pays. Lines that pay nothing explain: ``quota`` how the quota came about, ``split`` whose deals are
        credited, ``threshold`` and ``cap`` how much of the bookings earned nothing.
    detail : str
        The rule in words.
    basis : Decimal
        What the rate applies to: days (base), bookings in the slice (commission), bookings (bonus, cap), pay before
        (draw), what was advanced before (recovery).
    rate : Decimal
        Pay per unit of basis; for a lump sum (bonus, penalty, draw) the sum.
    amount : Decimal
        In the model's currency, rounded half up to the cent.
    """

    kind: str
    detail: str
    basis: Decimal
    rate: Decimal
    amount: Decimal


@dataclass(frozen=True)
class Statement:
    """What a rep is paid for one period, and why.

    Parameters
    ----------
    quota : Decimal
        Quota of the period after relief for days not employed; 0 where the plan has none.
    credited : Decimal
        Bookings credited.
    lines : tuple of Line
        They add up to `total`.
    owed : Decimal
        Advances of a recoverable draw that later pay has still to make good.
    """

    quota: Decimal
    credited: Decimal
    lines: tuple[Line, ...]
    owed: Decimal = Decimal(0)

    @property
    def total(self) -> Decimal:
        """Pay of the period: the sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def variable(self) -> Decimal:
        """Commission, bonuses and all else: pay without base."""
        return sum((line.amount for line in self.lines if line.kind != "base"), Decimal(0))

    @property
    def earned(self) -> Decimal:
        """What deals have earned: commission, bonuses and SPIFFs."""
        return sum((line.amount for line in self.lines if line.kind in EARNED), Decimal(0))

    @property
    def attainment(self) -> float:
        """Credited bookings as a share of quota; NaN without a quota."""
        return float(self.credited / self.quota) if self.quota else math.nan


Bookings = float | Decimal | Fraction | Iterable[tuple[float, float | Fraction]]


def statement(
    plan: CompPlan,
    bookings: Bookings,
    employed: float | Fraction = 1.0,
    *,
    days: float | None = None,
    quota: float | Fraction | None = None,
    relief: float | Fraction = 1.0,
    lump: float | Fraction = 1.0,
    extra: Sequence[Line] = (),
    owed: Decimal = Decimal(0),
) -> Statement:
    """Return what one rep is paid for one period, line by line.

    Parameters
    ----------
    plan : CompPlan
    bookings : number, or iterable of (day, amount)
        Credited in the period, in the model's currency; floats are read as they print.
    employed : float or Fraction, default 1
        Share of the period employed, above 0; quota and draw shrink with it.
    days : float, optional
        Days employed in the period, for the base; absent: `employed` x 365 / periods a year.
    quota : float or Fraction, optional
        Of a whole period, where it is not the plan's (given by a cascade, moved by a ratchet).
    relief : float or Fraction, default 1
        Mean ramp factor by which the quota shrinks besides.
    lump : float or Fraction, default 1
        Share of lump sums (bonuses, penalties): below 1 for a part of a period that a change of plan has split.
    extra : sequence of Line
        Worked out deal by deal: splits, SPIFFs, clawback (:mod:`simsales.money.extras`).
    owed : Decimal
        Advances of earlier periods.

    Returns
    -------
    Statement
        Base, commission by slice (marginal rates), bonuses and penalties, what a threshold or a cap withheld, then
        `extra`, then the draw: variable pay is topped up to it, or pays back what had been advanced.

    Raises
    ------
    PayError
        If `employed`, `relief` or `lump` is outside (0, 1] or `days` is negative.

    Examples
    --------
    >>> from simsales.model.compensation import CompPlan
    >>> plan = CompPlan(quota=1e6, period="year", rates=[{"upto": 1.0, "rate": 0.1}, {"rate": 0.2}])
    >>> pay = statement(plan, 1.3e6)
    >>> for line in pay.lines: (line.kind, line.detail, str(line.amount))
    ('commission', '10 % of bookings up to 100 % of quota', '100000.00')
    ('commission', '20 % of bookings above 100 % of quota', '60000.00')
    >>> str(pay.total)
    '160000.00'
    """
    share, ramped, lumps = _share("employed", employed), _share("relief", relief), _share("lump", lump)
    if days is not None and days < 0:
        message = f"days must be >= 0, got {days}. Hint: count the days employed in the period"
        raise PayError(message)
    present = share * DAYS_PER_YEAR / PERIODS_PER_YEAR[plan.period] if days is None else exact(days)
    whole = exact((plan.quota or 0.0) if quota is None else quota)
    due, credited = whole * share * ramped, exact(_total(bookings))
    payable = credited if plan.cap is None else min(credited, exact(plan.cap) * due)
    lines = [
        *_base_lines(plan, present),
        *_quota_lines(plan, whole, share, ramped, is_part=lumps != 1),
        *_commission_lines(plan, payable, due),
        *_threshold_lines(plan, payable, due),
        *_bonus_lines(plan, credited, due, lumps),
        *_penalty_lines(plan, credited, due, lumps),
        *_cap_lines(plan, credited - payable),
        *extra,
    ]
    advance, still_owed = _draw_lines(plan, share, lines, owed)
    return Statement(as_decimal(due), as_decimal(credited), (*lines, *advance), still_owed)


def _share(name: str, value: float | Fraction) -> Fraction:
    """Return a share as a fraction."""
    share = exact(value)
    if not 0 < share <= 1:
        hint = {"employed": "leave out periods in which the rep is not employed", "relief": "1 is no relief", "lump": "1 is all"}[name]
        message = f"{name} must be a share above 0 and at most 1, got {value}. Hint: {hint}"
        raise PayError(message)
    return share


def exact(value: float | Decimal | Fraction) -> Fraction:
    """Return a number as an exact fraction; a float is read as it prints, so 0.1 is one tenth.

    Examples
    --------
    >>> exact(0.1)
    Fraction(1, 10)
    """
    return value if isinstance(value, Fraction) else Fraction(str(value))


def cents(value: Fraction) -> Decimal:
    """Return an amount rounded half up (away from zero) to the cent.

    Examples
    --------
    >>> str(cents(Fraction("2.675"))), str(cents(Fraction("-0.005")))
    ('2.68', '-0.01')
    """
    whole = int(abs(value) * 100 + Fraction(1, 2))
    return (Decimal(whole) if value >= 0 else -Decimal(whole)).scaleb(-2)


def _base_lines(plan: CompPlan, days: Fraction) -> list[Line]:
    if not plan.base:
        return []
    amount = cents(exact(plan.base) * days / DAYS_PER_YEAR)
    detail = f"{plan.base:,.10g} a year for {float(days):.10g} days of {DAYS_PER_YEAR}"
    return [Line("base", detail, as_decimal(days), as_decimal(exact(plan.base) / DAYS_PER_YEAR), amount)]


def _quota_lines(plan: CompPlan, whole: Fraction, share: Fraction, ramped: Fraction, *, is_part: bool) -> list[Line]:
    """Return how the quota came about where it is not the plan's, or where a change has split the period."""
    if plan.quota is None or (ramped == 1 and whole == exact(plan.quota) and not is_part):
        return []
    detail = f"quota {float(whole):,.10g} of a whole period"
    detail += f" x {percent(share)} of it {'under this plan' if is_part else 'employed'}" if share != 1 else ""
    detail += f" x {percent(ramped)} ramped up" if ramped != 1 else ""
    return [Line("quota", detail, as_decimal(whole * share * ramped), Decimal(0), Decimal("0.00"))]


def _commission_lines(plan: CompPlan, payable: Fraction, quota: Fraction) -> list[Line]:
    """Return one line for each slice of attainment that the bookings reach; rates are marginal."""
    floor, words = Fraction(0), ""
    if plan.threshold is not None:
        if payable < exact(plan.threshold) * quota:
            return []
        if plan.threshold_from == "threshold":
            floor, words = exact(plan.threshold) * quota, f"{percent(plan.threshold)} of quota"
    lines = []
    lower = floor
    for tier in plan.rates:
        upper = payable if tier.upto is None else exact(tier.upto) * quota
        if upper <= floor and tier.upto is not None:
            continue
        slice_ = min(payable, upper) - lower
        if slice_ > 0:
            above = f"above {words}" if words else ""
            upto = "" if tier.upto is None else f"up to {percent(tier.upto)} of quota"
            detail = " ".join(x for x in (f"{percent(tier.rate)} of bookings", above, upto) if x)
            rate = exact(tier.rate)
            lines.append(Line("commission", detail, as_decimal(slice_), as_decimal(rate), cents(slice_ * rate)))
        lower, words = upper, f"{percent(tier.upto or 0)} of quota"
    return lines


def _threshold_lines(plan: CompPlan, payable: Fraction, quota: Fraction) -> list[Line]:
    """Return what a threshold withheld."""
    if plan.threshold is None or payable <= 0:
        return []
    bound = exact(plan.threshold) * quota
    if payable < bound:
        words, withheld = f"no commission below {percent(plan.threshold)} of quota", payable
    elif plan.threshold_from == "threshold":
        words, withheld = f"nothing for bookings up to {percent(plan.threshold)} of quota", bound
    else:
        return []
    return [Line("threshold", words, as_decimal(withheld), Decimal(0), Decimal("0.00"))]


def _penalty_lines(plan: CompPlan, credited: Fraction, quota: Fraction, lump: Fraction) -> list[Line]:
    """Return what is taken off for low attainment."""
    return [
        Line("penalty", f"below {percent(penalty.at_below)} of quota{_part(lump)}", as_decimal(credited),
             as_decimal(exact(penalty.amount) * lump), cents(exact(penalty.amount) * lump))
        for penalty in plan.penalties
        if credited < exact(penalty.at_below) * quota
    ]  # fmt: skip


def _part(lump: Fraction) -> str:
    """Return in words that a lump sum is paid for a part of the period."""
    return "" if lump == 1 else f" x {percent(lump)} of the days"


def _draw_lines(
    plan: CompPlan, share: Fraction, lines: Sequence[Line], owed: Decimal
) -> tuple[list[Line], Decimal]:
    """Return the advance or its recovery, and what is owed afterwards."""
    if plan.draw is None:
        return [], owed
    variable = sum((line.amount for line in lines if line.kind != "base"), Decimal(0))
    least = cents(exact(plan.draw.amount_per_period) * share)
    if variable < least:
        advance = least - variable
        kind = "recoverable" if plan.draw.recoverable else "not recoverable"
        line = Line("draw", f"advance up to {float(least):,.10g} ({kind})", variable, least, advance)
        return [line], owed + advance if plan.draw.recoverable else owed
    back = min(owed, variable - least)
    if back <= 0:
        return [], owed
    detail = f"pays back advances of {float(owed):,.10g} from pay above the draw of {float(least):,.10g}"
    return [Line("recovery", detail, owed, Decimal(-1), -back)], owed - back


def _bonus_lines(plan: CompPlan, credited: Fraction, quota: Fraction, lump: Fraction) -> list[Line]:
    """Return the bonuses reached; one set above the cap can never be."""
    return [
        Line("bonus", f"reached {percent(bonus.at)} of quota{_part(lump)}", as_decimal(credited),
             as_decimal(exact(bonus.amount) * lump), cents(exact(bonus.amount) * lump))
        for bonus in plan.bonuses
        if credited >= exact(bonus.at) * quota and (plan.cap is None or bonus.at <= plan.cap)
    ]  # fmt: skip


def _cap_lines(plan: CompPlan, withheld: Fraction) -> list[Line]:
    if plan.cap is None or withheld <= 0:
        return []
    detail = f"nothing for bookings above {percent(plan.cap)} of quota"
    return [Line("cap", detail, as_decimal(withheld), Decimal(0), Decimal("0.00"))]


def _total(bookings: Bookings) -> Decimal | Fraction:
    """Return the exact sum of what was credited, whatever its order."""
    if not isinstance(bookings, Iterable):
        return exact(bookings)
    amounts = [amount for _, amount in bookings]
    fractions = sum((each for each in amounts if isinstance(each, Fraction)), Fraction(0))
    with localcontext() as context:
        context.prec = 80  # wide enough that no digit of any amount is ever rounded away
        plain = sum((Decimal(str(float(each))) for each in amounts if not isinstance(each, Fraction)), Decimal(0))
    return fractions + exact(plain) if fractions else plain


def as_decimal(value: Fraction) -> Decimal:
    """Return a fraction as a decimal for display (exact where it can be)."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def percent(share: float | Fraction) -> str:
    """Return a share in words.

    Examples
    --------
    >>> percent(0.075)
    '7.5 %'
    """
    return f"{float(exact(share) * 100):.10g} %"
