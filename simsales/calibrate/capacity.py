"""What the team can handle: whether its throughput or its pipeline sets the pace.

Where reps are the constraint, the number of stays that end in a week hardly follows the number that
would end if every deal ran on its own. So two explanations of the weekly counts compete: each deal
ends by its own hazard (the expected count rises with the backlog), or the team handles so many a
week whatever waits. Neither has a free shape parameter; their likelihoods are compared with the
weeks discounted for serial correlation, and the answer is a probability, not a verdict.

The team may be the limit of one stage only, and only since the pipeline has grown. So the second
explanation comes in variants, all stages or one, all weeks or the last ones, which share its prior
probability: more variants do not make a limit more likely. What lies outside a variant says the same
under both explanations and cancels.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simsales.calibrate.data import DAY

if TYPE_CHECKING:
    from simsales.calibrate.exits import StageFit
    from simsales.history import History

Floats = NDArray[np.float64]
MIN_WEEKS = 4
MAX_WEEKS = 104
MIN_PER_WEEK = 5.0
MIN_LATE_WEEKS = 13
"""A limit is also looked for in the last half of the weeks where that half is at least so long."""


@dataclass(frozen=True, eq=False)
class Throughput:
    """Weekly throughput of a team, and how likely it is its limit.

    Parameters
    ----------
    ended, expected : ndarray of float, shape (n_weeks,)
        Stays that ended in each whole week, and how many would have if each deal ran on its own.
    per_week : float
        Mean of `ended`.
    error : float
        Its standard error, serial correlation included.
    p_limited : float
        Probability that the team's throughput, not the pipeline, sets the count.
    elasticity : float
        Change of the log count with the log of the expected count: 1 for independent deals, 0 for a
        team at its limit.
    evidence : float
        Log of the odds of the limit that the weeks give.
    stages : tuple of str
        Stages whose ends the team limits; the weeks above are those of these stages.
    """

    ended: Floats
    expected: Floats
    per_week: float
    error: float
    p_limited: float
    elasticity: float
    evidence: float = 0.0
    stages: tuple[str, ...] = ()


def throughput(history: History, stages: tuple[StageFit, ...]) -> Throughput | None:
    """Return the weekly throughput of a history, or None where it is too short or too thin.

    Parameters
    ----------
    history : History
    stages : tuple of StageFit

    Returns
    -------
    Throughput or None
    """
    span = float((history.observed_until - history.observed_from) / DAY)
    weeks = min(int((span + 1e-6) // 7), MAX_WEEKS)
    if weeks < MIN_WEEKS:
        return None
    starts = -7.0 * np.arange(weeks, 0, -1, dtype=np.float64)  # days before the end of observation
    each = {stage.visits.name: _stage_weeks(stage, starts) for stage in stages}
    scopes = [tuple(each), *((name,) for name in each if len(each) > 1)]
    found = []
    for scope in scopes:
        ended = np.sum([each[name][0] for name in scope], axis=0)
        expected = np.sum([each[name][1] for name in scope], axis=0)
        found += [replace(seen, stages=scope) for seen in _variants(ended, expected)]
    return _chosen(found)


def _variants(ended: Floats, expected: Floats) -> list[Throughput]:
    """Return the comparison over all weeks, and over the last ones where there are enough of them."""
    begin = int(np.argmax(ended > 0))  # a record that begins with an empty pipeline has no ends at first
    weeks = len(ended) - begin
    lengths = [weeks, *([weeks // 2] if weeks // 2 >= MIN_LATE_WEEKS else [])]
    windows = [(ended[-n:], expected[-n:]) for n in lengths if n >= MIN_WEEKS]
    return [compare(y, x) for y, x in windows if y.mean() >= MIN_PER_WEEK and x.min() > 0]


def _chosen(found: list[Throughput]) -> Throughput | None:
    """Return the variant that the weeks speak for most, with the probability of any limit."""
    if not found:
        return None
    evidence = np.clip([seen.evidence for seen in found], -30.0, 30.0)
    odds = float(np.mean(np.exp(evidence)))  # the variants share the prior of a limit
    best = found[int(np.argmax(evidence))]
    return replace(best, p_limited=odds / (1.0 + odds))


def compare(ended: Floats, expected: Floats) -> Throughput:
    """Return how far weekly counts follow what independent deals would give.

    Parameters
    ----------
    ended, expected : ndarray of float, shape (n_weeks,)

    Returns
    -------
    Throughput

    Examples
    --------
    >>> flat = compare(np.array([50.0, 52, 49, 51, 50, 48]), np.array([40.0, 45, 50, 55, 60, 65]))
    >>> bool(flat.p_limited > 0.8)
    True
    """
    y, x = np.log(ended + 0.5), np.log(expected + 0.5)  # a week of holidays may see none
    y, x = y - y.mean(), x - x.mean()
    n = len(y)
    chance = 1.0 / ended.mean()  # Poisson variance of a log count: no model can do better
    limited = max(float(y @ y) / (n - 1), chance)
    alone = max(float((y - x) @ (y - x)) / (n - 1), chance)
    effective = n * _independence(y if limited < alone else y - x)
    evidence = 0.5 * effective * float(np.log(alone / limited))
    slope = float(x @ y / max(x @ x, 1e-12))
    error = float(ended.mean() * np.sqrt(limited / (n * _independence(y))))
    probability = 1.0 / (1.0 + float(np.exp(-np.clip(evidence, -30.0, 30.0))))
    return Throughput(ended, expected, float(ended.mean()), error, probability, slope, evidence)


def _independence(residual: Floats) -> float:
    """Return the share of independent information in serially correlated weeks."""
    power = float(residual @ residual)
    if len(residual) < 8 or power <= 0:
        return 1.0
    rho = float(np.clip(residual[1:] @ residual[:-1] / power, 0.0, 0.9))
    return (1.0 - rho) / (1.0 + rho)


def _stage_weeks(stage: StageFit, starts: Floats) -> tuple[Floats, Floats]:
    """Return, for each week, the stays of a stage that ended and the expected number."""
    visits = stage.visits
    entered = -visits.age_at_end
    left = np.where(visits.cause > 0, entered + visits.duration, np.inf)
    ended, expected = np.zeros(len(starts)), np.zeros(len(starts))
    gone = np.concatenate([[0.0], np.minimum(stage.incidence[0].sum(axis=0), 1.0)])
    time = np.concatenate([[0.0], stage.time])
    for i, start in enumerate(starts):
        inside = (entered < start + 7.0) & (left >= start)
        age = np.maximum(start - entered[inside], 0.0)
        before = np.interp(age, time, gone)
        after = np.interp(np.minimum(start + 7.0 - entered[inside], 1e9), time, gone)
        expected[i] = float(((after - before) / np.maximum(1.0 - before, 1e-9)).sum())
        ended[i] = float(((left >= start) & (left < start + 7.0)).sum())
    return ended, expected

