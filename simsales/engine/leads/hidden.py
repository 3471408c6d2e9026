"""What draws decide about a deal for good without any column showing it (R9)."""

from __future__ import annotations

import datetime as dt

from simsales.engine.plan import Plan
from simsales.engine.streams import DealDraws, Purpose

__all__ = ["give_known", "hidden_draws"]

Key = tuple[int, int]


def hidden_draws(plan: Plan) -> dict[str, Key]:
    """Return the purpose and the word of each such draw, by what it decides.

    Parameters
    ----------
    plan : Plan

    Returns
    -------
    dict of str to (int, int)
        ``pace``, ``adoption`` (of an undated change) and ``adoption DATE``, ``factor NAME`` and ``score noise``,
        ``exposure EVENT``, ``terms``, ``prospect``: those that the plan has.

    Examples
    --------
    >>> from simsales.engine.lower import lower
    >>> from simsales.model.schema import Model
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 7.0}], pace={"correlation": 0.4},
    ...               stages=[{"name": "Open", "exits": [{"to": "lost", "probability": 1.0}]}])
    >>> list(hidden_draws(lower(model)))
    ['pace']
    """
    found: dict[str, Key] = {}
    if any(plan.process.pace):
        found["pace"] = (Purpose.PACE, 0)
    for key, ramp, share in _adoptions(plan):
        if share < 1.0 or ramp > 0.0:
            found["adoption" if key == 0 else f"adoption {dt.date.fromordinal(key)}"] = (Purpose.ADOPTION, key)
    for scores in plan.market.scores:
        if scores is not None:
            for factor, key in zip(scores.scoring.factors, scores.keys, strict=True):
                found[f"factor {factor.name}"] = (Purpose.FACTOR, key)
            if scores.scoring.noise_sd > 0.0:
                found["score noise"] = (Purpose.SCORE_NOISE, 0)
    for event in plan.market.events:
        if event.exposure < 1.0:
            found[f"exposure {event.name}"] = (Purpose.EXPOSURE, event.key)
    if plan.market.non_standard.any():
        found["terms"] = (Purpose.TERMS, 0)
    if (plan.market.market_size > 0.0).any():
        found["prospect"] = (Purpose.PROSPECT, 0)
    return found


def _adoptions(plan: Plan) -> list[tuple[int, float, float]]:
    """Return key, ramp and adoption of everything that deals may have taken up."""
    own = zip(plan.regime_key[1:], plan.regime_ramp.tolist()[1:], plan.regime_adoption.tolist()[1:], strict=True)
    slowed = [plan.taken_up(dip.share) for dip in plan.timeline.dips if dip.share is not None]
    return [*own, *((key, ramp, share) for taken in (*plan.needs, slowed) for key, _, ramp, share in taken)]


def give_known(plan: Plan, draws: DealDraws) -> None:
    """Let what is known of opening deals stand for their draws; what the plan does not have is not asked."""
    if plan.opening is None or not plan.opening.draws:
        return
    known = hidden_draws(plan)
    for what, values in plan.opening.draws.items():
        if what in known:
            draws.give(*known[what], values)
