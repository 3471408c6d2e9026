"""Lower channels and segments to the plan's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simsales.model.schema import Channel, Model

if TYPE_CHECKING:
    from simsales.engine.lower import Lowering


def lead_tables(low: Lowering) -> dict[str, Any]:
    """Return the fields of the plan that say where deals come from (R1)."""
    n = len(low.models)
    entry = np.zeros((n, len(low.channels), len(low.stages)))
    share = np.zeros((n, len(low.channels), len(low.segments)))
    amount = np.full((n, len(low.segments)), -1)
    logit = np.zeros((n, len(low.segments)))
    for r, model in enumerate(low.models):
        for channel in model.channels:
            c = low.channels.index(channel.name)
            for name, value in _entry(channel, model).items():
                entry[r, c, low.stages.index(name)] = value
            for name, value in _segments(channel, model).items():
                share[r, c, low.segments.index(name)] = value
        for segment in model.segments:
            g = low.segments.index(segment.name)
            amount[r, g] = low.law(segment.amount)
            logit[r, g] = segment.advance_logit
    return {
        "entry": entry, "segment_share": share, "segment_amount": amount,
        "segment_logit": logit,
    }  # fmt: skip


def _entry(channel: Channel, model: Model) -> dict[str, float]:
    return channel.entry or {model.stages[0].name: 1.0}


def _segments(channel: Channel, model: Model) -> dict[str, float]:
    return channel.segments or {model.segments[0].name: 1.0}
