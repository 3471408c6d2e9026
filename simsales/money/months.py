"""What a run costs month by month: each cost on the days on which it arises."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from simsales.money.cost import (
    campaign_cost,
    change_cost,
    delivered,
    lead_cost,
    overhead_cost,
    partner_cost,
    spend_cost,
    training_cost,
    unpaid,
)
from simsales.money.credit import accounts
from simsales.money.payroll import statements

if TYPE_CHECKING:
    from simsales.engine.plan import Plan
    from simsales.facts import Facts
    from simsales.money.credit import Account
    from simsales.money.payroll import Employment

__all__ = ["cost_by_month"]


def cost_by_month(facts: Facts) -> np.ndarray:
    """Return the cost of each calendar month of a run; the months add up to :func:`simsales.money.run_cost`.

    Leads count when they come, campaigns and trainings when they begin, spending, base pay and what people cost besides by the
    days, commission by the days on which what it pays for was credited (else by the days of its period), partners,
    delivery and what is never paid by the day of the win, and changes once and by the days.

    Parameters
    ----------
    facts : Facts
        Of a whole simulated run.

    Returns
    -------
    ndarray of float, shape (n_months,)
    """
    assert facts.plan is not None
    known: np.ndarray | None = facts.__dict__.get("_cost_by_month")
    if known is None:
        spans = [(max(begin, facts.start), min(end, facts.until)) for _, begin, end in facts.months]
        known = np.array([_of_span(facts, facts.plan, *span) for span in spans]) + _pay(facts, facts.plan)
        facts.__dict__["_cost_by_month"] = known
    return known


def _of_span(facts: Facts, plan: Plan, begin: float, end: float) -> float:
    """Return all but pay in a span of time."""
    deals = facts.deals
    new = deals.is_new & (deals.created >= begin) & (deals.created < end)
    won = deals.won & (deals.closed >= begin) & (deals.closed < end)
    found = lead_cost(plan, deals.channel[new], deals.created[new]) + float(partner_cost(facts, plan, won).sum())
    for source in plan.market.sources:
        if source.campaign is not None:
            found += campaign_cost(plan, source, begin, end)
        elif source.spend:
            found += spend_cost(plan, source.channel, begin, end)
    found += change_cost(plan, end, begin) + training_cost(facts, plan, (begin, end)) + overhead_cost(facts, plan, (begin, end))
    return found + float(np.nansum(delivered(facts)[won])) + float(np.nansum(unpaid(facts)[won]))


def _pay(facts: Facts, plan: Plan) -> np.ndarray:
    """Return what is paid for each month."""
    found = np.zeros(len(facts.months))
    pays = statements(facts)
    if not pays:
        return found
    firsts = [plan.clock.date(begin + 0.5) for _, begin, _ in facts.months]
    bounds = [dt.date(day.year, day.month, 1) for day in firsts]
    bounds.append((bounds[-1] + dt.timedelta(days=32)).replace(day=1))
    edges = np.array([begin for _, begin, _ in facts.months][1:])
    for (term, pay), account in zip(pays, accounts(facts, [term for term, _ in pays]), strict=True):
        days = _days(term, bounds)
        found += float(pay.total - pay.variable) * days
        found += float(pay.variable) * _credited(account, edges, days)
    return found


def _days(term: Employment, bounds: list[dt.date]) -> np.ndarray:
    """Return which share of a term's days lies in each month."""
    after = term.last + dt.timedelta(days=1)
    spans = zip(bounds, bounds[1:], strict=False)
    return np.array([max((min(after, b) - max(term.first, a)).days, 0) for a, b in spans]) / term.days


def _credited(account: Account, edges: np.ndarray, days: np.ndarray) -> np.ndarray:
    """Return which share of what was credited falls into each month; by days where nothing was."""
    pairs = [*account.pairs, *((credit.day, credit.amount) for credit in account.won if not account.pairs)]
    money = np.array([float(amount) for _, amount in pairs])
    if not money.sum() > 0.0:
        return days
    month = np.searchsorted(edges, np.array([day for day, _ in pairs]), side="right")
    return np.asarray(np.bincount(month, weights=money, minlength=len(days)) / money.sum())
