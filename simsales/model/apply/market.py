"""Changes of prices, budgets and events, applied to a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simsales.errors import did_you_mean, got
from simsales.model import levers
from simsales.model.apply.process import revalidated
from simsales.model.schema import Channel, Model


def _price(change: levers.Price, model: Model) -> Model:
    names = [segment.name for segment in model.segments]
    if change.segment is not None and change.segment not in names:
        message = f".segment must name a segment, got {got(change.segment)}. {did_you_mean(change.segment, names)}"
        raise ValueError(message)
    segments = []
    for segment in model.segments:
        if change.segment not in (None, segment.name):
            segments.append(segment)
            continue
        update: dict[str, Any] = {
            "amount": segment.amount if change.by == 1.0 else segment.amount.scaled(change.by),
            "advance_logit": segment.advance_logit + change.advance_logit,
            "price_level": segment.price_level * change.by,
        }
        if change.discount is not None:
            update["discount"] = change.discount
        segments.append(segment.model_copy(update=update))
    return revalidated(model, segments=tuple(segments))


def _budget(change: levers.Budget, model: Model) -> Model:
    names = [channel.name for channel in model.channels]
    if change.channel not in names:
        hint = did_you_mean(change.channel, names)
        message = f".channel must name a channel, got {got(change.channel)}. {hint} A new one: add: {{channel: ...}}"
        raise ValueError(message)
    channels = tuple(
        _funded(change, channel) if channel.name == change.channel else channel for channel in model.channels
    )
    return revalidated(model, channels=channels)


def _funded(change: levers.Budget, channel: Channel) -> Channel:
    update: dict[str, Any] = {}
    if change.leads_per_week is not None:
        update["leads_per_week"] = change.leads_per_week
    if change.campaign is not None:
        update["campaigns"] = (*channel.campaigns, change.campaign)
    if change.spend_per_week is not None or change.by is not None:
        if channel.spend is None:
            message = (
                f".channel must have a spend curve for a budget to act on, got none in '{channel.name}'. "
                "Hint: add spend: {per_week, most_leads_per_week, half_at} to it, or give leads_per_week"
            )
            raise ValueError(message)
        money = channel.spend.per_week * change.by if change.by is not None else change.spend_per_week
        update["spend"] = channel.spend.model_copy(update={"per_week": money})
    return channel.model_copy(update=update)


def _shock(change: levers.Shock, model: Model) -> Model:
    return revalidated(model, events=(*model.events, change.event))


STEPS: dict[str, Callable[[Any, Model], Model]] = {"price": _price, "budget": _budget, "shock": _shock}
