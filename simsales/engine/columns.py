"""The raw columns of a log: what KPIs and forecasts compute on."""

from __future__ import annotations

from dataclasses import dataclass

from simsales.engine.plan import Flags, Floats, Ints


@dataclass(frozen=True, eq=False)
class DealColumns:
    """Deals as arrays of shape (n_deals,): opening deals first, then leads as they arrived.

    Parameters
    ----------
    created, closed, amount, response : ndarray of float
        Days since the epoch (closed: NaN while open), money, hours to the first task (NaN: none).
    status : ndarray of int
        ``WON, LOST, NO_DECISION`` or ``OPEN`` of :mod:`simsales.engine.plan`.
    owner, segment, channel, stage, regime, made_under, won_under, number, reason : ndarray of int
        -1 is nobody or unknown; `stage` is the last one; `regime` held at its last stage, `made_under` at its creation (or the run's start),
        `won_under` at the win (-1: not won); `reason` indexes ``state.REASONS``.
    opening : ndarray of bool
    product, region, currency, source : ndarray of int
        -1 where there is none (currency: where it is the model's); `source` is a position in ``plan.market.sources``, -1 for opening deals.
    after : ndarray of int
        How far a customer is after the win: ``OPEN``, ``RETAINED``, ``CHURNED``, or ``state.NONE`` without after-sale stages.
    list_amount, discount, rate : ndarray of float
        ``amount = list_amount * (1 - discount)`` in the model's currency, `rate` of which make one unit of the deal's own.
    """

    created: Floats
    closed: Floats
    amount: Floats
    response: Floats
    status: Ints
    owner: Ints
    segment: Ints
    channel: Ints
    stage: Ints
    regime: Ints
    made_under: Ints
    won_under: Ints
    number: Ints
    reason: Ints
    opening: Flags
    product: Ints
    region: Ints
    currency: Ints
    source: Ints
    list_amount: Floats
    discount: Floats
    after: Ints
    rate: Floats


@dataclass(frozen=True, eq=False)
class VisitColumns:
    """Visits as arrays of shape (n_visits,), by deal and order.

    Parameters
    ----------
    deal, seq, stage, owner, number : ndarray of int
        `number` counts the visits of this deal to this stage, from 1.
    entered, left : ndarray of float
        Days since the epoch; NaN: still there.
    exit : ndarray of int
        Next stage, an outcome code, or ``state.NONE`` while open. A stage that the deal then skips
        counts as the exit that was taken.
    sla : ndarray of float
        Days within which this very stay should end, by the regime that the deal had taken up; NaN: no service level.
    """

    deal: Ints
    seq: Ints
    stage: Ints
    entered: Floats
    left: Floats
    exit: Ints
    owner: Ints
    number: Ints
    sla: Floats


@dataclass(frozen=True, eq=False)
class TaskColumns:
    """Tasks as arrays of shape (n_tasks,), by deal and order.

    Parameters
    ----------
    deal, seq, stage, role, rep : ndarray of int
        `seq` is that of the visit; `rep` is -1 for a task that never began.
    queued, started, ended : ndarray of float
        Days since the epoch; NaN where it did not happen before the horizon.
    work_hours : ndarray of float
        Working hours that the rep was busy with it, up to the horizon; 0 if it never began.
    dropped : ndarray of float
        Days since the epoch when a task that had waited was taken back: given up, passed on, or lost with its deal; else NaN.
    handed : ndarray of float
        Days since the epoch when the deal was ready to change hands for this task, before any delay of the hand-off;
        NaN where the role had it already.
    """

    deal: Ints
    seq: Ints
    stage: Ints
    role: Ints
    rep: Ints
    queued: Floats
    started: Floats
    ended: Floats
    work_hours: Floats
    dropped: Floats
    handed: Floats
