"""Turn a finished run into a log, and check that nothing vanished (R11)."""

from __future__ import annotations

import numpy as np

from simsales.engine.columns import DealColumns, TaskColumns, VisitColumns
from simsales.engine.eventlog import EventLog
from simsales.engine.leads.arrivals import Deals
from simsales.engine.life.state import NONE, Deal
from simsales.engine.plan import LOST, NO_DECISION, OPEN, WON, Floats, Ints, Plan
from simsales.engine.streams import Streams
from simsales.errors import SimsalesError


class ConservationError(SimsalesError, AssertionError):
    """A run lost or invented a deal (R11): a fault of the engine, never of the user."""


def collect(
    plan: Plan,
    streams: Streams,
    facts: Deals,
    deals: list[Deal],
    visits: list[list[float]],
    tasks: list[list[float]],
    employed: tuple[list[float], list[float]],
    *,
    hooked: bool = False,
) -> EventLog:
    """Return the log of a finished run, after the check of R11."""
    log = EventLog(
        plan=plan,
        seed=streams.seed,
        replication=streams.replication,
        start=plan.start,
        until=facts.until,
        deal=_deal_columns(facts, deals),
        visit=_visit_columns(visits),
        task=_task_columns(plan, facts.until, tasks),
        rep_hired=np.array(employed[0], dtype=float),
        rep_left=np.array(employed[1], dtype=float),
        hooked=hooked,
    )
    check_conservation(log, len(facts.created))
    return log


def _deal_columns(facts: Deals, deals: list[Deal]) -> DealColumns:
    n = len(deals)

    def ints(name: str) -> Ints:
        return np.array([getattr(deal, name) for deal in deals], dtype=np.int64)

    return DealColumns(
        created=facts.created[:n],
        closed=np.array([deal.closed for deal in deals], dtype=float),
        amount=np.array([deal.amount for deal in deals], dtype=float),
        response=np.array([deal.response for deal in deals], dtype=float),
        status=ints("status"),
        owner=np.array([deal.owner if deal.after == NONE else deal.seller for deal in deals], dtype=np.int64),
        segment=facts.segment[:n],
        channel=facts.channel[:n],
        stage=ints("stage"),
        regime=ints("regime"),
        made_under=facts.regime[:n],
        won_under=ints("won_under"),
        number=facts.number[:n],
        reason=ints("reason"),
        opening=np.arange(n) < facts.n_opening,
        product=facts.product[:n],
        region=facts.region[:n],
        currency=facts.currency[:n],
        source=facts.source[:n],
        list_amount=facts.list_amount[:n],
        discount=np.array([deal.discount for deal in deals], dtype=float),
        after=ints("after"),
        rate=facts.rate[:n],
    )


def _table(rows: list[list[float]], width: int) -> Floats:
    """Return rows as an array, by deal, then visit, then as they happened."""
    table = np.array(rows, dtype=float).reshape(len(rows), width)
    return table[np.lexsort((table[:, 1], table[:, 0]))]


def _visit_columns(rows: list[list[float]]) -> VisitColumns:
    t = _table(rows, 9)
    deal, seq, stage, exit_, owner, number = (t[:, i].astype(np.int64) for i in (0, 1, 2, 5, 6, 7))
    return VisitColumns(deal, seq, stage, t[:, 3], t[:, 4], exit_, owner, number, np.where(np.isinf(t[:, 8]), np.nan, t[:, 8]))


def _task_columns(plan: Plan, until: float, rows: list[list[float]]) -> TaskColumns:
    t = _table(rows, 11)
    deal, seq, stage, role, rep = (t[:, i].astype(np.int64) for i in range(5))
    started, ended, hours = t[:, 6], t[:, 7].copy(), np.nan_to_num(t[:, 8])
    for i in np.flatnonzero(ended >= until):  # in hand at the horizon
        ended[i] = np.nan
        hours[i] = plan.staffing.hours[rep[i]].hours_between(max(float(started[i]), plan.start), until)
    return TaskColumns(deal, seq, stage, role, rep, t[:, 5], started, ended, hours, t[:, 9], t[:, 10])


def check_conservation(log: EventLog, expected: int) -> None:
    """Check that nothing vanished (R11).

    Raises
    ------
    ConservationError
        If created + opened differs from won + lost + no_decision + open, a closed deal has no closing
        time, a deal that was worked on is in no stage or in several, or somebody is a customer without a win.
    """
    status, closed = log.deal.status, log.deal.closed
    counted = sum(int((status == code).sum()) for code in (WON, LOST, NO_DECISION, OPEN))
    open_visits = np.bincount(log.visit.deal[np.isnan(log.visit.left)], minlength=len(status))
    goes_on = log.deal.after == OPEN
    wrong = (
        (status == OPEN) != np.isnan(closed),
        open_visits != ((status == OPEN) | goes_on),
        closed < log.deal.created,
        (log.deal.after != NONE) & (status != WON),
    )
    if counted != expected or any(each.any() for each in wrong):
        message = (
            f"a run must conserve deals (R11): created + opened = {expected}, got {counted} in all, "
            f"and {[int(each.sum()) for each in wrong]} deals with inconsistent records."
        )
        raise ConservationError(message)
