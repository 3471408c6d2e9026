"""When the money of won deals arrives, and which deals are cancelled (keyed draws, so that scenarios stay paired)."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from simsales.engine.plan import WON
from simsales.engine.streams import Purpose, Streams, hash64
from simsales.errors import expect
from simsales.model.laws import AnyLaw
from simsales.model.terms import Terms
from simsales.money.pay import exact

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simsales.engine import EventLog

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["Flows", "cancelled_at", "cash_between", "flows", "never_paid", "receipts"]

"""Purposes of the draws; the numbers never change."""
KINDS = ("deposit", "payment", "refund")
EDGE = 1e-12
CENT = 0.005
"""Less than half a cent is the noise of float sums."""


class Flows(NamedTuple):
    """Expected and received payments as columns of shape (n_flows,), by deal, then due day, then kind.

    Parameters
    ----------
    deal, kind : ndarray of int
        Position in the log; index in ``KINDS``.
    due, received : ndarray of float
        Days since the epoch; NaN where the money never comes (bad debt, cancelled before).
    amount : ndarray of float
        Below 0 for a refund.
    """

    deal: Ints
    kind: Ints
    due: Floats
    received: Floats
    amount: Floats


def receipts(log: EventLog) -> pd.DataFrame:
    """Return every payment that won deals bring, one row a payment.

    Parameters
    ----------
    log : EventLog

    Returns
    -------
    DataFrame
        ``deal_id, kind, due_at, received_at, amount``: a deposit on the day of the win, the rest by the terms that held
        for the deal then, and refunds (below 0) when a deal is cancelled. Not received (missing): never, or not by the end of the run.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.schema import Model
    >>> log = simulate(Model(channels=[{"name": "web", "leads_per_week": 7.0}],
    ...                      segments=[{"name": "all", "amount": 100.0}],
    ...                      terms={"deposit_share": 0.3, "payment_days": 60.0},
    ...                      stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}]), cases=1)
    >>> receipts(log)[["kind", "amount"]].values.tolist()
    [['deposit', 30.0], ['payment', 70.0]]
    """
    from simsales.engine import EventLog

    expect("log", log, EventLog, "an EventLog. Hint: pass the result of simulate()")
    found = flows(log)
    known = np.where(found.received < log.until, found.received, np.nan)
    return pd.DataFrame(
        {
            "deal_id": pd.Series(log.ids[found.deal], dtype=object),
            "kind": pd.Series([KINDS[kind] for kind in found.kind.tolist()], dtype=object),
            "due_at": log.moments(found.due),
            "received_at": log.moments(known),
            "amount": found.amount,
        }
    )


@lru_cache(maxsize=4)
def flows(log: EventLog) -> Flows:
    """Return the payments of a run's won deals, beyond its end too."""
    won = np.flatnonzero((log.deal.status == WON) & ~np.isnan(log.deal.amount))
    closed, amount = log.deal.closed[won], log.deal.amount[won]
    deposit, after, bad = _terms(log, won)
    cancelled = cancelled_at(log)[won]
    first = np.round(amount * deposit, 2)
    last = closed + after
    paid_late = np.where(bad | (last >= cancelled), np.nan, last)
    rest, lost = _less(amount, first), np.isnan(paid_late)
    refunded = -(first + np.where(lost, 0.0, rest))
    parts = (
        _flows(won, 0, closed, closed, first, first > 0.0),
        _flows(won, 1, last, paid_late, rest, (rest > 0.0) | (amount == 0.0)),
        _flows(won, 2, cancelled, cancelled, refunded, np.isfinite(cancelled) & (refunded < 0.0)),
    )
    whole = Flows._make(np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((whole.kind, whole.due, whole.deal))
    return Flows._make(column[order] for column in whole)


def _less(amount: Floats, first: Floats) -> Floats:
    """Return what is left of each amount, without the noise of float subtraction (100.10 - 30.03 is 70.07)."""
    pairs = zip(amount.tolist(), first.tolist(), strict=True)
    return np.array([a if b == 0.0 else float(exact(a) - exact(b)) for a, b in pairs], dtype=float)


def _flows(deal: Ints, kind: int, due: Floats, received: Floats, amount: Floats, keep: NDArray[np.bool_]) -> Flows:
    """Return the payments of one kind that there are."""
    return Flows(deal[keep], np.full(int(keep.sum()), kind), due[keep], received[keep], amount[keep])


def cash_between(log: EventLog, begin: float, end: float) -> float:
    """Return what was received from `begin` on and before `end`, refunds deducted."""
    found = flows(log)
    inside = (found.received >= begin) & (found.received < min(end, log.until))
    return float(found.amount[inside].sum())


@lru_cache(maxsize=4)
def cancelled_at(log: EventLog) -> Floats:
    """Return the day on which each deal is cancelled after its win; infinite for those that stay.

    Parameters
    ----------
    log : EventLog

    Returns
    -------
    ndarray of float, shape (n_deals,)
    """
    found = np.full(len(log.deal.status), np.inf)
    won = np.flatnonzero(log.deal.status == WON)
    for terms, mine in _by_terms(log, won):
        if terms.cancel_share > 0.0:
            deals = won[mine]
            gone = _uniforms(log, deals, Purpose.CANCEL) < terms.cancel_share
            after = _drawn(terms.cancel_days, _uniforms(log, deals, Purpose.CANCEL_AFTER))
            found[deals[gone]] = log.deal.closed[deals[gone]] + after[gone]
    return found


def never_paid(log: EventLog) -> Floats:
    """Return what each deal, if it is won, will never pay, however late one looks.

    Parameters
    ----------
    log : EventLog

    Returns
    -------
    ndarray of float, shape (n_deals,)
        All of a cancelled deal, and the rest that is bad debt; 0 for others.
    """
    terms = [regime.model.terms for regime in log.plan.timeline.regimes]
    if not any(each.bad_debt_share or each.cancel_share for each in terms):
        return np.zeros(len(log.deal.status))
    found = flows(log)
    due = np.zeros(len(log.deal.status))
    np.add.at(due, found.deal, np.where(np.isnan(found.received), 0.0, found.amount))
    won = (log.deal.status == WON) & ~np.isnan(log.deal.amount)
    missing = np.where(won, log.deal.amount - due, 0.0)
    return np.where(np.abs(missing) < CENT, 0.0, missing)


def _by_terms(log: EventLog, won: Ints) -> list[tuple[Terms, Ints]]:
    """Return the terms of every regime with the positions in `won` of the deals for which it held at their win."""
    regime = log.deal.won_under[won]
    models = [each.model for each in log.plan.timeline.regimes]
    return [(models[r].terms, np.flatnonzero(regime == r)) for r in np.unique(regime).tolist()]


def _terms(log: EventLog, won: Ints) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return deposit share, days to the rest, and whether the rest is never paid, of won deals."""
    deposit, after, bad = np.zeros(len(won)), np.zeros(len(won)), np.zeros(len(won), dtype=bool)
    for terms, mine in _by_terms(log, won):
        deposit[mine] = terms.deposit_share
        after[mine] = _drawn(terms.payment_days, _uniforms(log, won[mine], Purpose.CASH))
        if terms.bad_debt_share > 0.0:
            bad[mine] = _uniforms(log, won[mine], Purpose.BAD_DEBT) < terms.bad_debt_share
    return deposit, after, bad


def _drawn(law: AnyLaw, u: Floats) -> Floats:
    """Return draws of a law, ends cut off as tables do."""
    return np.asarray(law.quantile(np.clip(u, EDGE, 1.0 - EDGE)), dtype=float)


def _uniforms(log: EventLog, deals: Ints, purpose: int) -> Floats:
    """Return one keyed uniform a deal, shape (n,)."""
    index, name = _words(log)
    return Streams(log.seed, log.replication).uniforms(index[deals], name[deals], 0, purpose)


@lru_cache(maxsize=4)
def _words(log: EventLog) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the two words that stand for each deal in every draw (those of the engine)."""
    plan, deal = log.plan, log.deal
    index = deal.number.astype(np.uint32)
    name = np.array([*(source.key for source in plan.market.sources), 0], dtype=np.uint32)[deal.source]
    ids = plan.opening.ids if plan.opening is not None else ()
    if ids:
        words = np.array([hash64(f"open:{each}") for each in ids], dtype=np.uint32)
        index[: len(ids)], name[: len(ids)] = words[:, 0], words[:, 1]
    return index, name
