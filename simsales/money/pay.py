"""Pay statements to the cent: every amount is a line that says where it comes from.

Arithmetic is exact (fractions of the decimal numbers that the plan states); each line is rounded once, half up,
to the cent, and the pay is the sum of the rounded lines. So the order of deals cannot matter.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING

from simsales.errors import InvalidInputError

if TYPE_CHECKING:
    from simsales.model.compensation import CompPlan

__all__ = ["DAYS_PER_YEAR", "Line", "PayError", "Statement", "statement"]

DAYS_PER_YEAR = 365
"""A base salary is paid for days employed / 365, in leap years too."""

PERIODS_PER_YEAR = {"month": 12, "quarter": 4, "year": 1}


class PayError(InvalidInputError, ValueError):
    """A pay statement was asked for with impossible numbers."""


@dataclass(frozen=True)
class Line:
    """One line of a pay statement.

    Parameters
    ----------
    kind : {'base', 'commission', 'bonus', 'cap'}
        What it pays; a ``cap`` line pays nothing and says how much of the bookings earned nothing.
    detail : str
        The rule in words.
    basis : Decimal
        What the rate applies to: days (base), bookings in the slice (commission), bookings (bonus, cap).
    rate : Decimal
        Pay per unit of basis; for a bonus the lump sum.
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
        Quota of the period after relief for days not employed.
    credited : Decimal
        Bookings credited.
    lines : tuple of Line
        They add up to `total`.
    """

    quota: Decimal
    credited: Decimal
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        """Pay of the period: the sum of the lines."""
        return sum((line.amount for line in self.lines), Decimal(0))

    @property
    def variable(self) -> Decimal:
        """Commission and bonuses: pay without base."""
        return sum((line.amount for line in self.lines if line.kind != "base"), Decimal(0))

    @property
    def attainment(self) -> float:
        """Credited bookings as a share of quota."""
        return float(self.credited / self.quota)


Bookings = float | Decimal | Iterable[tuple[float, float]]


def statement(
    plan: CompPlan, bookings: Bookings, employed: float | Fraction = 1.0, *, days: float | None = None
) -> Statement:
    """Return what one rep is paid for one period, line by line.

    Parameters
    ----------
    plan : CompPlan
    bookings : number, or iterable of (day, amount)
        Credited in the period, in the model's currency; floats are read as they print.
    employed : float or Fraction, default 1
        Share of the period employed, above 0; the quota shrinks with it (ramp relief).
    days : float, optional
        Days employed in the period, for the base; absent: `employed` x 365 / periods a year.

    Returns
    -------
    Statement
        Base, commission by slice (marginal rates), bonuses, and what a cap withheld.

    Raises
    ------
    PayError
        If `employed` is outside (0, 1] or `days` is negative.

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
    share = exact(employed)
    if not 0 < share <= 1:
        message = (
            f"employed must be a share above 0 and at most 1, got {employed}. "
            "Hint: leave out periods in which the rep is not employed"
        )
        raise PayError(message)
    if days is not None and days < 0:
        message = f"days must be >= 0, got {days}. Hint: count the days employed in the period"
        raise PayError(message)
    present = share * DAYS_PER_YEAR / PERIODS_PER_YEAR[plan.period] if days is None else exact(days)
    quota, credited = exact(plan.quota) * share, exact(_total(bookings))
    payable = credited if plan.cap is None else min(credited, exact(plan.cap) * quota)
    lines = [
        *_base_lines(plan, present),
        *_commission_lines(plan, payable, quota),
        *_bonus_lines(plan, credited, quota),
        *_cap_lines(plan, credited - payable),
    ]
    return Statement(_plain(quota), _plain(credited), tuple(lines))


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
    return [Line("base", detail, _plain(days), _plain(exact(plan.base) / DAYS_PER_YEAR), amount)]


def _commission_lines(plan: CompPlan, payable: Fraction, quota: Fraction) -> list[Line]:
    """Return one line for each slice of attainment that the bookings reach; rates are marginal."""
    lines = []
    lower, words = Fraction(0), ""
    for tier in plan.rates:
        upper = payable if tier.upto is None else exact(tier.upto) * quota
        slice_ = min(payable, upper) - lower
        if slice_ > 0:
            above = f"above {words}" if words else ""
            upto = "" if tier.upto is None else f"up to {_percent(tier.upto)} of quota"
            detail = " ".join(x for x in (f"{_percent(tier.rate)} of bookings", above, upto) if x)
            rate = exact(tier.rate)
            lines.append(Line("commission", detail, _plain(slice_), _plain(rate), cents(slice_ * rate)))
        lower, words = upper, f"{_percent(tier.upto or 0)} of quota"
    return lines


def _bonus_lines(plan: CompPlan, credited: Fraction, quota: Fraction) -> list[Line]:
    """Return the bonuses reached; one set above the cap can never be."""
    return [
        Line("bonus", f"reached {_percent(bonus.at)} of quota", _plain(credited), _plain(exact(bonus.amount)),
             cents(exact(bonus.amount)))
        for bonus in plan.bonuses
        if credited >= exact(bonus.at) * quota and (plan.cap is None or bonus.at <= plan.cap)
    ]  # fmt: skip


def _cap_lines(plan: CompPlan, withheld: Fraction) -> list[Line]:
    if plan.cap is None or withheld <= 0:
        return []
    detail = f"nothing for bookings above {_percent(plan.cap)} of quota"
    return [Line("cap", detail, _plain(withheld), Decimal(0), Decimal("0.00"))]


def _total(bookings: Bookings) -> Decimal | Fraction:
    """Return the exact sum of what was credited, whatever its order."""
    if not isinstance(bookings, Iterable):
        return exact(bookings)
    with localcontext() as context:
        context.prec = 80  # wide enough that no digit of any amount is ever rounded away
        return sum((Decimal(str(float(amount))) for _, amount in bookings), Decimal(0))


def _plain(value: Fraction) -> Decimal:
    """Return a fraction as a decimal for display (exact where it can be)."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def _percent(share: float) -> str:
    return f"{float(exact(share) * 100):.10g} %"
