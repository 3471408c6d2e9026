"""Rules of channels, segments and what befalls them that span several parts of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simsales.errors import did_you_mean, got
from simsales.model.conditions import ConditionError, parse_condition
from simsales.model.roster import named_reps

if TYPE_CHECKING:
    from simsales.model.market import Campaign, Channel, Event
    from simsales.model.schema import Model

TOLERANCE = 1e-6
WHERE = ("segment", "channel", "product", "region")


def market_problems(model: Model) -> Iterator[str]:
    """Yield every broken rule of the market, as ``path must rule, got value. Hint: ...``."""
    for i, channel in enumerate(model.channels):
        yield from _channel(model, i, channel)
        for j, campaign in enumerate(channel.campaigns):
            yield from _campaign(model, i, j, channel, campaign)
    for i, event in enumerate(model.events):
        yield from _event(model, i, event)
    yield from _weights(model)
    yield from _rates(model)
    yield from _laws(model)


def _channel(model: Model, i: int, channel: Channel) -> Iterator[str]:
    segments = [segment.name for segment in model.segments]
    for kind, shares, allowed in (
        ("segments", channel.segments, segments),
        ("entry", channel.entry, model.stage_names),
        ("products", channel.products, [product.name for product in model.products]),
        ("regions", channel.regions, [region.name for region in model.regions]),
    ):
        for name in shares:
            if name not in allowed:
                yield (
                    f"channels[{i}].{kind}.{name} must name one of the model's "
                    f"{'stages' if kind == 'entry' else kind}, got {got(name)}. "
                    f"{did_you_mean(name, allowed)}"
                )
        if shares and abs(sum(shares.values()) - 1.0) > TOLERANCE:
            total = sum(shares.values())
            yield f"channels[{i}].{kind} must have shares that add up to 1, got {total:.6g}."
    if not channel.segments and len(segments) > 1:
        yield (
            f"channels[{i}].segments must give the share of each segment when there are several, "
            f"got none. Hint: write segments: {{{', '.join(f'{name}: {1 / len(segments):.2g}' for name in segments)}}}."
        )
    if channel.spend is not None:
        yield from _label(model, f"channels[{i}].spend", f"{channel.name}:spend")
    names = [campaign.name for campaign in channel.campaigns]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"channels[{i}].campaigns must have unique names, got {got(name)} {names.count(name)} times."


def _campaign(model: Model, i: int, j: int, channel: Channel, campaign: Campaign) -> Iterator[str]:
    here = f"channels[{i}].campaigns[{j}]"
    if campaign.until is not None and campaign.until < campaign.start:
        yield f"{here}.until must not be before start ({campaign.start}), got {campaign.until}."
    yield from _label(model, f"{here}.name", f"{channel.name}/{campaign.name}")


def _label(model: Model, here: str, label: str) -> Iterator[str]:
    if label in [other.name for other in model.channels]:
        yield f"{here} must give ids of its own, got {got(label)}, which is a channel. Hint: rename one of them."


def _event(model: Model, i: int, event: Event) -> Iterator[str]:
    here, known = f"events[{i}]", {
        "segment": [segment.name for segment in model.segments],
        "channel": [channel.name for channel in model.channels],
        "product": [product.name for product in model.products],
        "region": [region.name for region in model.regions],
    }  # fmt: skip
    if event.rep is not None:
        people = [str(rep.name) for rep in named_reps(model)]
        if event.rep not in people:
            yield f"{here}.rep must name a rep, got {got(event.rep)}. {did_you_mean(event.rep, people)}"
    if event.where is None:
        return
    try:
        clauses = parse_condition(event.where, WHERE)
    except ConditionError as error:
        yield f"{here}.where {error}"
        return
    for field, _, value in clauses:
        if value not in known[field]:
            yield (
                f"{here}.where must name one of the model's {field}s, got {got(value)}. "
                f"{did_you_mean(str(value), known[field])}"
            )
        if field != "channel" and event.leads != 1.0:
            yield (
                f"{here}.leads must be 1 where the condition speaks of a {field}, got {event.leads:g}. "
                "Hint: arrivals can only be changed channel by channel; write a second event for the leads."
            )


def _weights(model: Model) -> Iterator[str]:
    for kind, group in (("products", model.products), ("regions", model.regions)):
        if group and not any(each.share > 0.0 for each in group):
            yield f"{kind} must have a share above 0 somewhere, got only 0."


def _rates(model: Model) -> Iterator[str]:
    for i, region in enumerate(model.regions):
        if region.currency is not None and region.currency != model.currency and not model.fx.get(region.currency):
            yield (
                f"regions[{i}].currency must be {model.currency} or have an exchange rate, got {got(region.currency)} "
                f"without one. Hint: write fx: {{{region.currency}: 1.0}} with what one {region.currency} is worth "
                f"in {model.currency}."
            )


def _laws(model: Model) -> Iterator[str]:
    """Yield factors of the score that cannot be simulated."""
    for i, factor in enumerate(model.scoring.factors if model.scoring is not None else ()):
        if factor.law is None:
            yield (
                f"scoring.factors[{i}].law must say how '{factor.name}' spreads over leads, got none. "
                "Hint: write for example law: {exponential: {mean: 3}}."
            )
