"""Whose deal is it: what each rep is credited in each pay period, deal by deal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from simsales.money.cash import cancelled_at, flows
from simsales.money.extras import Credit
from simsales.money.pay import exact

if TYPE_CHECKING:
    from simsales.engine import EventLog
    from simsales.facts import Facts
    from simsales.model.compensation import CompPlan
    from simsales.money.payroll import Employment

__all__ = ["Account", "accounts"]

Pairs = Sequence[tuple[float, float | Fraction]]


@dataclass(frozen=True)
class Account:
    """What a rep is credited in one pay period.

    Parameters
    ----------
    pairs : sequence of (day, amount)
        What counts toward quota and commission.
    credits : tuple of Credit
        The same deal by deal, where the plan asks for it.
    won : tuple of Credit
        By the day of the win, for SPIFFs.
    """

    pairs: Pairs
    credits: tuple[Credit, ...] = ()
    won: tuple[Credit, ...] = ()

    def total(self) -> Fraction:
        """Return the exact sum of what counts."""
        return sum((exact(amount) for _, amount in self.pairs), Fraction(0))

    def all(self) -> list[Credit]:
        """Return everything that cancellation can reach, each deal's credit once."""
        known = {credit.deal for credit in self.credits}
        return [*self.credits, *(credit for credit in self.won if credit.deal not in known)]

    def without(self, before: float) -> Account:
        """Return the account without the deals cancelled before a day."""
        return _account(
            [credit for credit in self.credits if credit.cancelled >= before],
            [credit for credit in self.won if credit.cancelled >= before],
        )


def _account(credits_: Iterable[Credit], won: Iterable[Credit]) -> Account:
    mine = tuple(credits_)
    return Account([(credit.day, credit.amount) for credit in mine], mine, tuple(won))


class Win(NamedTuple):
    """One won deal."""

    deal: int
    owner: int
    day: float
    amount: float
    cancelled: float


def accounts(facts: Facts, terms: Sequence[Employment]) -> list[Account]:
    """Return what each employment is credited.

    Parameters
    ----------
    facts : Facts
        Of a simulated run; the owner at the win gets the credit.
    terms : sequence of Employment

    Returns
    -------
    list of Account
        In the order of `terms`.
    """
    by_rep: dict[int, list[int]] = {}
    for i, term in enumerate(terms):
        by_rep.setdefault(term.rep, []).append(i)
    deals = facts.deals
    won = np.flatnonzero(deals.won & ~np.isnan(deals.amount))
    if not any(_by_deal(term.comp) for term in terms):
        pairs: list[list[tuple[float, float]]] = [[] for _ in terms]
        columns = (deals.owner[won].tolist(), deals.closed[won].tolist(), deals.amount[won].tolist())
        for owner, day, amount in zip(*columns, strict=True):
            at = _at(terms, by_rep.get(owner, ()), day)
            if at is not None:
                pairs[at].append((day, amount))
        return [Account(mine) for mine in pairs]
    return _Ledger(facts, terms, by_rep).accounts(_wins(facts, won))


def _by_deal(comp: CompPlan) -> bool:
    """Tell whether a plan looks at single deals."""
    return bool(comp.splits or comp.spiffs or comp.clawback or comp.paid_at == "collection")


def _at(terms: Sequence[Employment], mine: Sequence[int], day: float) -> int | None:
    """Return which of a rep's employments a day falls into."""
    return next((i for i in mine if terms[i].begin <= day < terms[i].end), None)


def _wins(facts: Facts, won: np.ndarray[Any, np.dtype[np.int64]]) -> Iterator[Win]:
    assert facts.log is not None
    deals, cancelled = facts.deals, cancelled_at(facts.log)
    columns = (won, deals.owner[won], deals.closed[won], deals.amount[won], cancelled[won])
    for row in zip(*(column.tolist() for column in columns), strict=True):
        yield Win(*row)


class _Ledger:
    """Credits of a run, deal by deal."""

    def __init__(self, facts: Facts, terms: Sequence[Employment], by_rep: dict[int, list[int]]) -> None:
        assert facts.log is not None
        assert facts.plan is not None
        self.facts, self.terms, self.by_rep = facts, terms, by_rep
        self.log: EventLog = facts.log
        self.clock = facts.plan.clock
        self.worked = _last_workers(facts)
        self.cash = _received(facts.log, facts.until) if any(t.comp.paid_at == "collection" for t in terms) else {}
        self.credits: list[list[Credit]] = [[] for _ in terms]
        self.won: list[list[Credit]] = [[] for _ in terms]

    def accounts(self, wins: Iterable[Win]) -> list[Account]:
        """Return the accounts after all wins."""
        for win in wins:
            i = _at(self.terms, self.by_rep.get(win.owner, ()), win.day)
            if i is None:
                continue
            given = Fraction(0)
            for rep, share, overlay in self.others(win, self.terms[i].comp):
                self.enter(win, rep, share, Fraction(0), own=False)
                given += Fraction(0) if overlay else share
            self.enter(win, win.owner, 1 - given, given, own=True)
        return [_account(*pair) for pair in zip(self.credits, self.won, strict=True)]

    def others(self, win: Win, comp: CompPlan) -> Iterator[tuple[int, Fraction, bool]]:
        """Yield who else gets credit for a win: of each role the last one, with a plan, who worked on it."""
        for split in comp.splits:
            rep = self.worked.get((win.deal, split.role), -1)
            if rep >= 0 and rep != win.owner and _at(self.terms, self.by_rep.get(rep, ()), win.day) is not None:
                yield rep, exact(split.share), split.overlay

    def enter(self, win: Win, rep: int, share: Fraction, given: Fraction, *, own: bool) -> None:
        """Enter a rep's share of a win, by the win or by the cash that it brings."""
        mine = self.by_rep.get(rep, ())
        i = _at(self.terms, mine, win.day)
        assert i is not None
        comp, whole = self.terms[i].comp, exact(win.amount)
        soon = comp.clawback is not None and win.cancelled - win.day <= comp.clawback.within_days
        credit = Credit(
            win.day, whole * share, win.deal, own, whole * given, share, self.clock.date(win.day),
            win.cancelled if soon else np.inf, self.fields(win),
        )  # fmt: skip
        self.won[i].append(credit)
        if comp.paid_at == "booking":
            self.credits[i].append(credit)
            return
        for day, money in self.cash.get(win.deal, ()):
            at = _at(self.terms, mine, day)
            if at is not None:
                paid = Credit(day, money * share, win.deal, own, money * given, share, credit.date, credit.cancelled)
                self.credits[at].append(paid)

    def fields(self, win: Win) -> dict[str, float | str]:
        """Return what conditions ask of a deal."""
        plan, deal, found = self.log.plan, self.log.deal, {}
        columns = {
            "segment": (plan.segments, deal.segment), "channel": (plan.channels, deal.channel),
            "product": (plan.market.products, deal.product), "region": (plan.market.regions, deal.region),
        }  # fmt: skip
        for field, (names, codes) in columns.items():
            code = int(codes[win.deal])
            found[field] = names[code] if code >= 0 else ""
        return {"amount": win.amount, **found}


def _last_workers(facts: Facts) -> dict[tuple[int, str], int]:
    """Return the last rep of each role who began work on each deal before the win, be it before the run; what follows the sale wins nothing."""
    assert facts.plan is not None
    assert facts.log is not None
    roles = [facts.roles[role] for role in facts.plan.rep_role.tolist()]
    task = facts.log.task
    worked = np.flatnonzero((task.rep >= 0) & ~facts.log.after_sale[task.stage])
    worked = worked[np.argsort(task.started[worked], kind="stable")]
    opening = facts.plan.opening
    before = {
        (i, facts.roles[role]): rep
        for i, known in enumerate(opening.known if opening is not None else ()) for role, rep in known.workers
    }  # fmt: skip
    pairs = zip(task.deal[worked].tolist(), task.rep[worked].tolist(), strict=True)
    return before | {(deal, roles[rep]): rep for deal, rep in pairs}


def _received(log: EventLog, until: float) -> dict[int, list[tuple[float, Fraction]]]:
    """Return day and amount of what each deal has paid, refunds left out."""
    found: dict[int, list[tuple[float, Fraction]]] = {}
    payments = flows(log)
    rows = zip(payments.deal.tolist(), payments.received.tolist(), payments.amount.tolist(), strict=True)
    for deal, day, money in rows:
        if day < until and money >= 0.0:
            found.setdefault(deal, []).append((day, exact(money)))
    return found
