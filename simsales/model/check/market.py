"""Rules of channels, segments and what befalls them that span several parts of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from simsales.errors import did_you_mean

if TYPE_CHECKING:
    from simsales.model.schema import Channel, Model

TOLERANCE = 1e-6


def market_problems(model: Model) -> Iterator[str]:
    """Yield every broken rule of the market, as ``path must rule, got value. Hint: ...``."""
    for i, channel in enumerate(model.channels):
        yield from _channel(model, i, channel)


def _channel(model: Model, i: int, channel: Channel) -> Iterator[str]:
    segments = [segment.name for segment in model.segments]
    for kind, shares, allowed in (
        ("segments", channel.segments, segments),
        ("entry", channel.entry, model.stage_names),
    ):
        for name in shares:
            if name not in allowed:
                yield (
                    f"channels[{i}].{kind}.{name} must name one of the model's "
                    f"{'stages' if kind == 'entry' else 'segments'}, got '{name}'. "
                    f"{did_you_mean(name, allowed)}"
                )
        if shares and abs(sum(shares.values()) - 1.0) > TOLERANCE:
            total = sum(shares.values())
            yield f"channels[{i}].{kind} must have shares that add up to 1, got {total:.6g}."
    if not channel.segments and len(segments) > 1:
        yield (
            f"channels[{i}].segments must give the share of each segment when there are several, "
            f"got none. Hint: write segments: {{{segments[0]}: 1.0}}."
        )
