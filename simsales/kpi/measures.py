"""How each KPI is worked out: one function from facts to a number; NaN where it is not defined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simsales.facts import Facts
from simsales.facts.columns import masked
from simsales.facts.lasting import lengths
from simsales.money.cash import cash_between
from simsales.money.cost import delivered, marketing_costs, run_cost, unpaid
from simsales.money.known import (
    states_delivery,
    states_discounts,
    states_leavers,
    states_marketing,
    states_pay,
    states_terms,
)
from simsales.money.months import cost_by_month
from simsales.money.payroll import statements

if TYPE_CHECKING:
    from simsales.money.pay import Statement

DAYS_PER_YEAR = 365.25


def leads(facts: Facts) -> float:
    """Return the number of leads created in the window."""
    return _count(facts.deals.is_new)


def won(facts: Facts) -> float:
    """Return the number of deals won."""
    return _count(facts.deals.won)


def win_rate(facts: Facts) -> float:
    """Return the share won at the end of follow-up; see :attr:`Facts.outcomes`."""
    return float(facts.outcomes[0])


def no_decision_rate(facts: Facts) -> float:
    """Return the share that ends without a decision by the end of follow-up."""
    return float(facts.outcomes[2])


def win_rate_naive(facts: Facts) -> float:
    """Return won / closed of deals closed in the window, in whatever way."""
    deals = facts.deals
    decided = (deals.cause > 0) & (deals.closed >= facts.start) & (deals.closed <= facts.until)
    return ratio(_count(deals.won & decided), _count(decided))


def bookings(facts: Facts) -> float:
    """Return the sum of amounts won."""
    return float(np.nansum(facts.deals.amount[facts.deals.won]))


def cycle_days(facts: Facts) -> float:
    """Return the median days from creation to win, of deals that will be won; see :mod:`simsales.facts.lasting`."""
    return facts.cycle.quantile(0.5)


def cycle_days_p90(facts: Facts) -> float:
    """Return the 90th percentile of days from creation to win, of deals that will be won."""
    return facts.cycle.quantile(0.9)


def cycle_days_mean(facts: Facts) -> float:
    """Return the mean days from creation to win, of deals that will be won."""
    return facts.cycle.mean


def time_in_stage_days(facts: Facts) -> float:
    """Return the mean length of stays, those that are not over counted as open."""
    return facts.stays.over().until().mean


def queue_days(facts: Facts) -> float:
    """Return the mean wait of tasks."""
    wait = facts.tasks.wait_days
    return _mean(wait[~np.isnan(wait)])


def utilisation(facts: Facts) -> float:
    """Return busy over available hours."""
    available = float(np.sum(facts.reps.available_hours))
    return min(ratio(float(np.sum(facts.tasks.busy_hours)), available), 1.0)


def utilisation_busiest(facts: Facts) -> float:
    """Return busy over available hours of the busiest rep, of those there for at least half as long as anybody."""
    reps = facts.reps
    if not len(reps.position) or not float(np.max(reps.available_hours)) > 0.0:
        return float("nan")
    mine = np.isin(facts.tasks.rep, reps.position)
    busy = np.bincount(facts.tasks.rep[mine], facts.tasks.busy_hours[mine], minlength=int(reps.position.max()) + 1)[reps.position]
    long = reps.available_hours >= 0.5 * float(np.max(reps.available_hours))
    return min(float(np.max(busy[long] / reps.available_hours[long])), 1.0)


def wip(facts: Facts) -> float:
    """Return the time average of open deals, or of deals in the stage."""
    if facts.by == "stage":
        begin, end = facts.visits.entered, facts.visits.left
    else:
        begin, end = facts.deals.created, facts.deals.closed
    last = np.minimum(np.where(np.isnan(end), facts.until, end), facts.until)
    stays = np.maximum(last - np.maximum(begin, facts.start), 0.0)
    return float(np.nansum(stays)) / (facts.until - facts.start)


def response_hours(facts: Facts) -> float:
    """Return the median hours to the first task, of leads that will be answered."""
    return facts.response.quantile(0.5) * 24.0


def response_hours_mean(facts: Facts) -> float:
    """Return the mean hours to the first task, of leads that will be answered."""
    return facts.response.mean * 24.0


def no_response(facts: Facts) -> float:
    """Return the share of leads that are lost because nobody had time, by the end of follow-up."""
    return facts.lapsed


def quota_attainment(facts: Facts) -> float:
    """Return credited bookings over quota, of all statements."""
    if facts.plan is None:
        return np.nan
    pays = [pay for pay in _pays(facts) if pay.quota]
    return ratio(float(sum(pay.credited for pay in pays)), float(sum(pay.quota for pay in pays)))


def commission(facts: Facts) -> float:
    """Return commission and bonuses of all statements; NaN where nobody has a pay plan."""
    if facts.plan is None or not states_pay(facts.plan):
        return np.nan
    return float(sum(pay.variable for pay in _pays(facts)))


def _pays(facts: Facts) -> list[Statement]:
    """Return the pay statements of the reps that the facts are about."""
    mine = set(facts.reps.position.tolist())
    return [pay for term, pay in statements(facts.root) if term.rep in mine]


def cost(facts: Facts) -> float:
    """Return what the run, or a month of it, costs in all: every part that the model states."""
    if facts.by == "month" and facts.plan is not None:
        return float(cost_by_month(facts.root)[facts.part])
    return run_cost(facts.root).total


def net(facts: Facts) -> float:
    """Return bookings less every cost that the model states."""
    return bookings(facts) - cost(facts)


def margin(facts: Facts) -> float:
    """Return amounts won less the cost of delivery and what is never paid; NaN where no unit cost is stated."""
    won = facts.deals.won
    gained = facts.deals.amount[won]
    if facts.plan is None:
        cost = facts.deals.delivery[won]
        return np.nan if np.isnan(facts.root.deals.delivery).all() else float(np.nansum(gained - cost))
    if not states_delivery(facts.plan):
        return np.nan
    mine = facts.deals.position[won]  # type: ignore[index]  # those of a run have it
    return float(np.nansum(gained - delivered(facts.root)[mine] - unpaid(facts.root)[mine]))


def discount_rate(facts: Facts) -> float:
    """Return the part of the list prices that won deals do not pay; NaN where no discounts are stated or known."""
    if facts.plan is not None and not states_discounts(facts.plan):
        return np.nan
    known = facts.deals.won & ~np.isnan(facts.deals.listed)
    net, listed = facts.deals.amount[known], facts.deals.listed[known]
    return 1.0 - ratio(float(np.nansum(net)), float(listed.sum()))


def avg_deal_size(facts: Facts) -> float:
    """Return the mean amount of won deals."""
    amount = facts.deals.amount[facts.deals.won]
    return _mean(amount[~np.isnan(amount)])


def sales_velocity(facts: Facts) -> float:
    """Return leads a day x win rate x deal size: money a day.

    By Little's law leads a day are the open deals over the mean time for which a deal is open, so this is the usual open deals
    x win rate x deal size / cycle, and does not depend on how long one looks.
    """
    return leads(facts) / (facts.until - facts.start) * win_rate(facts) * avg_deal_size(facts)


def cac(facts: Facts) -> float:
    """Return the marketing cost of a won deal; NaN where the model does not say what its deals cost to come by."""
    channel = facts.channels[facts.part] if facts.by == "channel" else None
    if facts.plan is None or not states_marketing(facts.plan, channel):
        return np.nan
    costs = marketing_costs(facts.root).sum(axis=0)
    return ratio(float(costs[facts.part]) if facts.by == "channel" else float(costs.sum()), won(facts))


def sla_breach(facts: Facts) -> float:
    """Return the share of stays that last longer than their service level; those that are not over count as open."""
    visits = masked(facts.visits, ~np.isnan(facts.visits.sla))
    over = (~np.isnan(visits.left)).astype(np.int64)
    unit = visits.sla
    return lengths(visits.entered / unit, visits.left / unit, over, facts.start / unit, facts.until / unit).beyond(1.0)


def handoff_days(facts: Facts) -> float:
    """Return the mean time between tasks of different roles."""
    handed = facts.tasks.handed_days
    return _mean(handed[~np.isnan(handed)])


def rework_rate(facts: Facts) -> float:
    """Return the share of stays from which a deal goes back; those that are not over count as open."""
    if not facts.traced or not len(facts.stays.length):
        return np.nan
    back, on = facts.stays.until(1).total, facts.stays.until(2).total
    return ratio(back, back + on)


def attrition_rate(facts: Facts) -> float:
    """Return leavers over mean head count, a year; NaN where nothing says who leaves."""
    hired, left = facts.reps.hired, facts.reps.left
    known = states_leavers(facts.plan) if facts.plan is not None else bool(np.isfinite(left).any() or np.isfinite(hired).any())
    if not known:
        return np.nan
    begin, end = np.where(np.isnan(hired), -np.inf, hired), np.where(np.isnan(left), np.inf, left)
    present = np.maximum(np.minimum(end, facts.until) - np.maximum(begin, facts.start), 0.0)
    gone = (end >= facts.start) & (end < facts.until)
    return ratio(_count(gone), float(present.sum()) / DAYS_PER_YEAR)


def ccos(facts: Facts) -> float:
    """Return base pay and commission over bookings; NaN where nobody has a pay plan."""
    if facts.plan is None or not states_pay(facts.plan):
        return np.nan
    cost = run_cost(facts.root)
    return ratio(cost.base + cost.commission, bookings(facts))


def cash(facts: Facts) -> float:
    """Return what was received in the window; NaN where no terms of payment are stated."""
    if facts.log is None or not states_terms(facts.log.plan):
        return np.nan
    begin, end = facts.months[facts.part][1:] if facts.by == "month" else (facts.start, facts.until)
    return cash_between(facts.log, begin, end)


def _count(flags: np.ndarray) -> float:
    return float(np.count_nonzero(flags))


def ratio(part: float, whole: float) -> float:
    """Return a quotient, NaN where there is nothing to divide by."""
    return part / whole if whole else np.nan


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else np.nan
