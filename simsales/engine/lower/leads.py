"""Lower channels, segments and the market to the plan's tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simsales.engine.plan.market import NEVER, Curve, EventPlan, MarketPlan, ScorePlan, Source
from simsales.engine.streams import hash32
from simsales.errors import InvalidModelError, got
from simsales.model.conditions import parse_condition
from simsales.model.laws import Constant
from simsales.model.schema import Channel, Event, Model

if TYPE_CHECKING:
    from simsales.engine.lower import Lowering


def lead_tables(low: Lowering) -> dict[str, Any]:
    """Return the fields of the plan that say where deals come from (R1)."""
    n = len(low.models)
    entry = np.zeros((n, len(low.channels), len(low.stages)))
    share = np.zeros((n, len(low.channels) + 1, len(low.segments)))
    amount = np.full((n, len(low.segments)), -1)
    logit = np.zeros((n, len(low.segments)))
    for r, model in enumerate(low.models):
        for channel in model.channels:
            c = low.channels.index(channel.name)
            for name, value in _entry(channel, model).items():
                entry[r, c, low.stages.index(name)] = value
            for name, value in _segments(channel, model).items():
                share[r, c, low.segments.index(name)] = value
        _anywhere(low, r, share[r])
        for segment in model.segments:
            g = low.segments.index(segment.name)
            amount[r, g] = low.law(segment.amount)
            logit[r, g] = segment.advance_logit
    return {
        "entry": entry, "segment_share": share, "segment_amount": amount,
        "segment_logit": logit, "market": _market(low),
    }  # fmt: skip


def _entry(channel: Channel, model: Model) -> dict[str, float]:
    return channel.entry or {model.stages[0].name: 1.0}


def _segments(channel: Channel, model: Model) -> dict[str, float]:
    return channel.segments or {model.segments[0].name: 1.0}


# the market -------------------------------------------------------------------------------------


def names_of(groups: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return all names of the groups, in the order of the last group, then of earlier ones."""
    return tuple(dict.fromkeys(name for group in reversed(list(groups)) for name in group))


def _market(low: Lowering) -> MarketPlan:
    products = names_of([product.name for product in model.products] for model in low.models)
    regions = names_of([region.name for region in model.regions] for model in low.models)
    own = low.models[0].currency
    used = names_of([r.currency for r in m.regions if r.currency] for m in low.models)
    currencies = tuple(name for name in used if name != own)
    return MarketPlan(
        sources=_sources(low), products=products, regions=regions, currencies=currencies,
        rates=tuple(_rates(low, name) for name in currencies),
        **_products(low, products), **_regions(low, regions, currencies), **_prices(low),
        scores=tuple(_scores(low)), events=tuple(_event(low, event) for event in sorted(low.timeline.last.events, key=lambda event: event.name)),
    )  # fmt: skip


def _sources(low: Lowering) -> tuple[Source, ...]:
    """Return the streams of leads; the channels' own come first and keep the words they always had."""
    found = [Source(name, c, hash32(f"channel:{name}")) for c, name in enumerate(low.channels)]
    for c, name in enumerate(low.channels):
        same = [channel for model in low.models for channel in model.channels if channel.name == name]
        for campaign in names_of([each.name for each in channel.campaigns] for channel in same):
            label = f"{name}/{campaign}"
            found.append(Source(label, c, hash32(f"campaign:{label}"), campaign))
        if any(channel.spend is not None for channel in same):
            found.append(Source(f"{name}:spend", c, hash32(f"channel:{name}:spend"), spend=True))
    distinct([source.name for source in found], [source.key for source in found])
    return tuple(found)


def distinct(names: Sequence[str], keys: Sequence[int]) -> None:
    """Refuse sources whose words are the same: they would share their draws."""
    seen: dict[int, str] = {}
    for name, key in zip(names, keys, strict=True):
        if key in seen:
            message = (
                f"channels and campaigns must have different 32-bit keys, got {got(seen[key])} and '{name}' with the same. "
                "Hint: rename one of them."
            )
            raise InvalidModelError(message)
        seen[key] = name


def _table(low: Lowering, *width: int) -> Any:
    return np.zeros((len(low.models), *width))


def _products(low: Lowering, names: Sequence[str]) -> dict[str, Any]:
    share = _table(low, len(low.channels) + 1, len(names))
    scale, logit = _table(low, len(names)) + 1.0, _table(low, len(names))
    cycles: list[tuple[Curve | None, ...]] = []
    for r, model in enumerate(low.models):
        default = {product.name: product.share for product in model.products}
        _shares(low, r, share, names, [(c, c.products or default) for c in model.channels])
        curves: dict[str, Curve] = {}
        for product in model.products:
            k = names.index(product.name)
            scale[r, k], logit[r, k] = product.amount_scale, product.advance_logit
            if product.life_cycle:
                points = sorted((low.clock.midnight(p.date), p.factor) for p in product.life_cycle)
                curves[product.name] = (np.array([p[0] for p in points]), np.array([p[1] for p in points]))
        cycles.append(tuple(curves.get(name) for name in names))
    return {"product_share": share, "product_scale": scale, "product_logit": logit, "life_cycles": tuple(cycles)}


def _regions(low: Lowering, names: Sequence[str], currencies: Sequence[str]) -> dict[str, Any]:
    share = _table(low, len(low.channels) + 1, len(names))
    scale, logit = _table(low, len(names)) + 1.0, _table(low, len(names))
    currency = np.full((len(low.models), len(names)), -1)
    for r, model in enumerate(low.models):
        default = {region.name: region.share for region in model.regions}
        _shares(low, r, share, names, [(c, c.regions or default) for c in model.channels])
        for region in model.regions:
            k = names.index(region.name)
            scale[r, k], logit[r, k] = region.amount_scale, region.advance_logit
            if region.currency in currencies:
                currency[r, k] = currencies.index(region.currency)
    return {"region_share": share, "region_scale": scale, "region_logit": logit, "region_currency": currency}


def _shares(
    low: Lowering, r: int, share: Any, names: Sequence[str], rows: Iterable[tuple[Channel, dict[str, float]]]
) -> None:
    for channel, shares in rows:
        for name, value in shares.items():
            share[r, low.channels.index(channel.name), names.index(name)] = value
    _anywhere(low, r, share[r])


def _anywhere(low: Lowering, r: int, share: Any) -> None:
    """Fill the last row: the shares of a deal whose channel is unknown are the mean of all channels', by their leads."""
    weights = {channel.name: channel.leads_per_week for channel in low.models[r].channels}
    if not any(weights.values()):
        weights = dict.fromkeys(weights, 1.0)
    rows = [(weights[name], share[low.channels.index(name)]) for name in sorted(weights)]
    if len(rows) == 1:
        share[-1] = rows[0][1]
        return
    for weight, row in rows:
        share[-1] += weight * row / max(float(row.sum()), 1e-300)


def _rates(low: Lowering, currency: str) -> Curve:
    """Return a currency's exchange rates: each regime's from its begin on.

    Where a regime has none (nobody asks for it then), those of the nearest one that has stand in.
    """
    begins: list[float] = []
    rates: list[float] = []
    for r, start in enumerate(low.starts):
        near = [*low.models[r:], *reversed(low.models[:r])]
        known = sorted((low.clock.midnight(each.start), each.rate) for each in next(m.fx[currency] for m in near if currency in m.fx))
        first = max((row for row in known if row[0] <= start), default=known[0])
        kept = [row for row in zip(begins, rates, strict=True) if row[0] < start]
        kept += [(start, first[1])] if r else []
        kept += [row for row in known if row[0] > start]
        begins, rates = [row[0] for row in kept], [row[1] for row in kept]
    return np.array(begins), np.array(rates)


def _prices(low: Lowering) -> dict[str, Any]:
    discount = np.full((len(low.models), len(low.segments)), -1)
    size, cooldown = _table(low, len(low.channels)), _table(low, len(low.channels))
    for r, model in enumerate(low.models):
        for segment in model.segments:
            law = model.pricing.discount if segment.discount is None else segment.discount
            if not (isinstance(law, Constant) and law.value == 0.0):
                discount[r, low.segments.index(segment.name)] = low.law(law)
        for channel in model.channels:
            if channel.market is not None:
                c = low.channels.index(channel.name)
                size[r, c], cooldown[r, c] = channel.market.size, channel.market.cooldown_days
    return {
        "discount": discount, "market_size": size, "cooldown": cooldown,
        "non_standard": np.array([model.pricing.non_standard_terms for model in low.models]),
        "unit_cost": np.array([model.pricing.unit_cost_share for model in low.models]),
        "price_level": _price_levels(low),
    }  # fmt: skip


def _price_levels(low: Lowering) -> np.ndarray:
    """Return list prices against those by which delivery is stated, by regime and segment; the last row: before any change."""
    models = (*low.models, low.timeline.usual)
    found = np.ones((len(models), len(low.segments)))
    for r, model in enumerate(models):
        for segment in model.segments:
            if segment.name in low.segments:
                found[r, low.segments.index(segment.name)] = segment.price_level
    return found


def _scores(low: Lowering) -> list[ScorePlan | None]:
    """Return each regime's scoring; regimes with the same one share it, and its draws are made once."""
    found: list[ScorePlan | None] = []
    for r, model in enumerate(low.models):
        if r > 0 and model.scoring == low.models[r - 1].scoring:
            found.append(found[-1])
            continue
        scoring = model.scoring
        if scoring is None:
            found.append(None)
            continue
        laws = tuple(low.tables[low.law(factor.law)] for factor in scoring.factors if factor.law is not None)
        found.append(ScorePlan(scoring, tuple(hash32(f"factor:{name}") for name in scoring.names), laws))
    return found


def _event(low: Lowering, event: Event) -> EventPlan:
    last = NEVER if event.until is None else low.clock.midnight(event.until + dt.timedelta(days=1))
    return EventPlan(
        name=event.name, key=hash32(f"event:{event.name}"), begin=low.clock.midnight(event.start), end=last,
        probability=event.probability, leads=event.leads, amount=event.amount, win_logit=event.win_logit,
        exposure=event.exposure, where=parse_condition(event.where) if event.where else (),
        rep=low.reps.index(event.rep) if event.rep in low.reps else -1,
    )  # fmt: skip
