"""What deals are (R1): regime, segment, product, region, amount, discount and terms, each a keyed draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from simsales.engine.clock import Periods
from simsales.engine.leads.events import amount_factor
from simsales.engine.leads.shocks import amount_factors
from simsales.engine.plan import Flags, Floats, Ints, Plan
from simsales.engine.plan.market import EventPlan, at, rate_at
from simsales.engine.streams import DealDraws, Purpose


def pick(shares: NDArray[np.float64], u: Floats) -> Ints:
    """Return, row by row, which share a uniform falls into.

    Parameters
    ----------
    shares : ndarray of float, shape (n, k)
        Rows in any unit (a row of zeros gives 0).
    u : ndarray of float, shape (n,)

    Examples
    --------
    >>> pick(np.array([[0.5, 0.5], [0.0, 1.0]]), np.array([0.7, 0.1])).tolist()
    [1, 1]
    """
    sums = np.cumsum(shares, axis=1)
    found = (u[:, None] * sums[:, -1:] >= sums).sum(axis=1)
    last = shares.shape[1] - 1 - np.argmax(shares[:, ::-1] > 0.0, axis=1)
    place: Ints = np.minimum(found, np.where(sums[:, -1] > 0.0, last, 0)).astype(np.int64)
    return place


def pick_named(shares: NDArray[np.float64], names: Sequence[str], u: Floats) -> Ints:
    """Return which share a uniform falls into, as :func:`pick`, with the shares in the order of their names.

    So the order in which a file lists segments, products or regions decides nothing.

    Examples
    --------
    >>> pick_named(np.array([[0.5, 0.5]]), ("small", "large"), np.array([0.1])).tolist()
    [1]
    """
    order = np.array(sorted(range(len(names)), key=names.__getitem__), dtype=np.int64)
    return order[pick(shares[:, order], u)]


def regimes(
    plan: Plan, draws: DealDraws, times: Floats, eligible: Sequence[Flags | None] | None = None
) -> Ints:
    """Return the regime that each deal follows at its creation.

    A regime with a condition counts only where `eligible` says for which deals it holds: a deal's attributes, on which
    conditions depend, do not themselves depend on them.
    """
    found = np.zeros(len(times), dtype=np.int64)
    for r in range(1, plan.n_regimes):
        if plan.pilot[r] and eligible is None:
            continue
        age = times - plan.regime_start[r]
        ramp = plan.regime_ramp[r]
        ramped = np.where(age >= ramp, 1.0, age / ramp if ramp > 0.0 else 0.0)
        share = plan.regime_adoption[r] * np.where(age < 0.0, 0.0, ramped)
        takes = draws.vector(Purpose.ADOPTION, plan.regime_key[r]) < share
        mask = None if eligible is None else eligible[r]
        for key, start, ramp, adoption in plan.needs[r]:
            takes &= draws.vector(Purpose.ADOPTION, key) < adoption * _risen(times - start, ramp)
        found[takes if mask is None else takes & mask] = r
    return found


def _risen(age: Floats, ramp: float) -> Floats:
    """Return how far a ramp has risen, 0 to 1."""
    return np.where(age < 0.0, 0.0, np.where(age >= ramp, 1.0, age / ramp if ramp > 0.0 else 0.0))


def known(drawn: Ints, given: Ints | None) -> Ints:
    """Return what was drawn, with what is known of opening deals in its place."""
    if given is not None and len(given):
        drawn[: len(given)] = np.where(given >= 0, given, drawn[: len(given)])
    return drawn


def segments(plan: Plan, draws: DealDraws, regime: Ints, channel: Ints) -> Ints:
    """Return the segment of each deal."""
    if len(plan.segments) == 1:
        return np.zeros(len(regime), dtype=np.int64)
    drawn = pick_named(plan.segment_share[regime, channel], plan.segments, draws.vector(Purpose.SEGMENT))
    return known(drawn, plan.opening.segment if plan.opening is not None else None)


def entries(plan: Plan, draws: DealDraws, regime: Ints, channel: Ints) -> Ints:
    """Return the stage in which each deal begins."""
    drawn = pick(plan.entry[regime, channel], draws.vector(Purpose.ENTRY))
    return known(drawn, plan.opening.stage if plan.opening is not None else None)


def products(plan: Plan, draws: DealDraws, regime: Ints, channel: Ints, created: Floats) -> Ints:
    """Return the product of each deal: by the channel's shares times the life cycles at its creation."""
    market = plan.market
    if not market.products:
        return np.full(len(regime), -1)
    weight = market.product_share[regime, channel]
    for r, curves in enumerate(market.life_cycles):
        mine = regime == r
        for k, curve in enumerate(curves):
            if curve is not None:
                weight[mine, k] *= at(curve, created[mine])
    drawn = pick_named(weight, market.products, draws.vector(Purpose.PRODUCT))
    return known(drawn, plan.opening.product if plan.opening is not None else None)


def regions(plan: Plan, draws: DealDraws, regime: Ints, channel: Ints) -> Ints:
    """Return the region of each deal."""
    market = plan.market
    if not market.regions:
        return np.full(len(regime), -1)
    drawn = pick_named(market.region_share[regime, channel], market.regions, draws.vector(Purpose.REGION))
    return known(drawn, plan.opening.region if plan.opening is not None else None)


def exchange(plan: Plan, regime: Ints, region: Ints, created: Floats) -> tuple[Ints, Floats]:
    """Return each deal's currency (-1: the model's) and what one unit of it is worth on the day of its creation."""
    market, rate = plan.market, np.ones(len(created))
    if not market.currencies:
        return np.full(len(created), -1), rate
    code: Ints = market.region_currency[regime, region]
    for i, curve in enumerate(market.rates):
        rate = np.where(code == i, rate_at(curve, created), rate)
    return code, rate


def amounts(
    plan: Plan,
    draws: DealDraws,
    codes: Mapping[str, Ints],
    created: Floats,
    quarters: Periods,
    happened: Sequence[EventPlan],
    rate: Floats,
) -> Floats:
    """Return the list amount of each deal in the model's currency (of opening deals too, as if unknown).

    Parameters
    ----------
    plan : Plan
    draws : DealDraws
    codes : mapping of str to ndarray of int, shape (n_deals,)
        ``regime, segment, channel, product, region``.
    created : ndarray of float, shape (n_deals,)
    quarters : Periods
    happened : sequence of EventPlan
    rate : ndarray of float, shape (n_deals,)
    """
    market, regime = plan.market, codes["regime"]
    u = draws.vector(Purpose.AMOUNT)
    law = plan.segment_amount[regime, codes["segment"]]
    amount = np.zeros(len(u))
    for each in np.unique(law):
        if each >= 0:
            amount[law == each] = plan.tables[each].draws(u[law == each])
    shock = amount_factors(plan, draws.streams, quarters, created)
    if shock is not None:
        amount = amount * shock
    if market.products:
        amount = amount * market.product_scale[regime, codes["product"]]
    if market.regions:
        amount = amount * market.region_scale[regime, codes["region"]]
    if any(event.amount != 1.0 for event in happened):
        amount = amount * amount_factor(happened, named(plan, codes), created)
    return amount * rate if market.currencies else amount


def named(plan: Plan, codes: Mapping[str, Ints]) -> dict[str, tuple[Sequence[str], Ints]]:
    """Return attributes with the names that their positions stand for."""
    names = {
        "segment": plan.segments, "channel": plan.channels, "product": plan.market.products,
        "region": plan.market.regions,
    }  # fmt: skip
    return {field: (each, codes[field]) for field, each in names.items()}


def discounts(plan: Plan, draws: DealDraws, regime: Ints, segment: Ints) -> Floats:
    """Return the share of the list price that each deal asks for."""
    market, opening = plan.market, plan.opening
    found = np.zeros(len(regime))
    if market.priced:
        u = draws.vector(Purpose.DISCOUNT)
        law = market.discount[regime, segment]
        for each in np.unique(law[law >= 0]):
            found[law == each] = np.clip(plan.tables[each].draws(u[law == each]), 0.0, 1.0)
    if opening is not None and len(opening.ids):
        n = len(opening.ids)
        found[:n] = np.where(np.isnan(opening.discount), found[:n], opening.discount)
    return found


def prices(plan: Plan, listed: Floats, discount: Floats) -> tuple[Floats, Floats]:
    """Return list and net amounts; an opening deal's stated amount is net of its discount."""
    opening = plan.opening
    net = listed * (1.0 - discount)
    if opening is not None and len(opening.ids):
        n = len(opening.ids)
        left = 1.0 - discount[:n]
        stated = ~np.isnan(opening.amount)
        listed = listed.copy()
        listed[:n] = np.where(stated, opening.amount / np.where(left > 0.0, left, 1.0), listed[:n])
        net[:n] = np.where(stated, opening.amount, net[:n])
    return listed, net


def standard_terms(plan: Plan, draws: DealDraws, regime: Ints) -> Flags:
    """Tell which deals are content with standard terms."""
    share = plan.market.non_standard
    if not share.any():
        return np.ones(len(regime), dtype=bool)
    return np.asarray(draws.vector(Purpose.TERMS) >= share[regime])
