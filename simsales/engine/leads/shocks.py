"""Ups and downs that all deals of a quarter share, and those of a week's leads (R1, R5).

One keyed draw a quarter (or week) and kind; a change of how strong they are acts on the days from its own on.
"""

from __future__ import annotations

import math
from bisect import bisect_left

import numpy as np
from scipy import special

from simsales.engine.clock import Periods
from simsales.engine.leads.rates import Pieces, channel_of
from simsales.engine.plan import Floats, Ints, Plan
from simsales.engine.streams import Purpose, Streams, hash32

__all__ = ["COMMON", "amount_factors", "lead_factors", "lognormal_factor", "shock_periods", "win_shifts"]

COMMON = hash32("common")


def lognormal_factor(u: Floats, cv: float) -> Floats:
    """Return lognormal draws of mean 1 and the given coefficient of variation.

    Examples
    --------
    >>> lognormal_factor(np.array([0.5]), 0.0)
    array([1.])
    """
    sd = math.sqrt(math.log1p(cv * cv))
    return np.asarray(np.exp(sd * special.ndtri(u) - 0.5 * sd * sd))


def shock_periods(plan: Plan, quarters: Periods) -> Periods:
    """Return quarters, cut where a regime with other shocks begins (the parts keep the quarter's number).

    Parameters
    ----------
    plan : Plan
    quarters : Periods
        Of the whole run.
    """
    begins, numbers = list(quarters.begins), list(quarters.numbers)
    models = [regime.model.shocks for regime in plan.timeline.regimes]
    for r in range(1, len(models)):
        start = float(plan.regime_start[r])
        if models[r] != models[r - 1] and begins[0] < start < begins[-1] and start not in begins:
            i = bisect_left(begins, start)
            begins.insert(i, start)
            numbers.insert(i, numbers[i - 1])
    return Periods(begins, numbers)


def _begun(plan: Plan, times: Floats) -> Ints:
    """Return the latest regime that has begun at each time."""
    return np.maximum(np.searchsorted(plan.regime_start, times, side="right") - 1, 0)


def _stated(plan: Plan, field: str, times: Floats) -> Floats:
    """Return a shock's size at some times."""
    sizes = np.array([getattr(regime.model.shocks, field) for regime in plan.timeline.regimes])
    return np.asarray(sizes[_begun(plan, times)])


def _uniforms(streams: Streams, numbers: Ints, purpose: Purpose) -> Floats:
    return streams.uniforms(numbers.astype(np.uint32), COMMON, 0, purpose)


def _factors(u: Floats, cv: Floats) -> Floats:
    found = np.ones(len(u))
    for size in np.unique(cv[cv > 0.0]).tolist():
        found[cv == size] = lognormal_factor(u[cv == size], size)
    return found


def win_shifts(plan: Plan, streams: Streams, parts: Periods) -> list[float]:
    """Return the common shift of the log-odds of advancing in each part of a quarter."""
    sd = _stated(plan, "win_logit_quarter_sd", np.array(parts.begins[:-1]))
    if not (sd > 0.0).any():
        return [0.0] * len(sd)
    z = special.ndtri(_uniforms(streams, np.array(parts.numbers), Purpose.QUARTER_WINS))
    shifts: list[float] = (sd * z).tolist()
    return shifts


def amount_factors(plan: Plan, streams: Streams, parts: Periods, created: Floats) -> Floats | None:
    """Return the common factor on the amount of each deal by its creation; None where there is none."""
    cv = _stated(plan, "amount_quarter_cv", np.array(parts.begins[:-1]))
    if not (cv > 0.0).any():
        return None
    factor = _factors(_uniforms(streams, np.array(parts.numbers), Purpose.QUARTER_AMOUNT), cv)
    where = np.searchsorted(parts.begins, created, side="right") - 1
    return np.asarray(factor[np.clip(where, 0, len(factor) - 1)])


def lead_factors(plan: Plan, i: int, streams: Streams, pieces: Pieces) -> Floats:
    """Return the weekly (gamma) times the quarterly (lognormal) multiplier of each piece of source i."""
    source = plan.market.sources[i]
    channels = [channel_of(regime, plan.channels[source.channel]) for regime in plan.timeline.regimes]
    stated = np.array([1.0 if channel is None else channel.overdispersion for channel in channels])
    over = stated[_begun(plan, pieces.begin)]
    factor = np.ones(len(pieces.leads))
    if (over > 1.0).any():
        weeks, where = np.unique(pieces.week, return_inverse=True)
        u = streams.uniforms(weeks.astype(np.uint32), source.key, 0, Purpose.WEEK)[where]
        shape = np.maximum(pieces.weekly, 1e-300) / np.where(over > 1.0, over - 1.0, 1.0)
        drawn = special.gammaincinv(shape, u) / shape
        factor = factor * np.where((pieces.weekly > 1e-9) & (over > 1.0), drawn, 1.0)
    cv = _stated(plan, "arrivals_quarter_cv", pieces.begin)
    if (cv > 0.0).any():
        quarters, where = np.unique(pieces.quarter, return_inverse=True)
        factor = factor * _factors(_uniforms(streams, quarters, Purpose.QUARTER_ARRIVALS)[where], cv)
    return factor
