"""Stage exits and exit-specific durations by competing risks.

Per stage: Aalen-Johansen cumulative incidence with right-censoring and left truncation, so deals
that are still open count and slow exits are not lost. What the follow-up does not show is split by
the hazard of its last third: exits that would come within as long again, and deals that nobody will
ever close (the exit ``open``). Closed deals alone would make winners of the latter.

References
----------
Aalen & Johansen (1978), Scand. J. Statist. 5, 141-150.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsales.calibrate.data import StageVisits, rounded
from simsales.model.laws import AnyLaw, Constant, Empirical
from simsales.survival import aalen_johansen

Floats = NDArray[np.float64]
CELLS = 400
MIN_AT_RISK = 5
KNOTS = np.round(
    np.concatenate(
        [[0.0, 0.002, 0.005, 0.01, 0.02], np.arange(0.03, 0.98, 0.02), [0.98, 0.99, 0.995, 0.998, 1.0]]
    ),
    4,
)


@dataclass(frozen=True, eq=False)
class StageFit:
    """Estimates of one stage, for each of `n_draws` weightings of the deals (row 0: as observed).

    Parameters
    ----------
    probability : ndarray, shape (n_draws, n_causes)
        Of each exit, the share that never closes taken out.
    never : ndarray, shape (n_draws,)
        Share of stays that will never end.
    time : ndarray, shape (n_cells,)
        Days at which the incidence rises.
    incidence : ndarray, shape (n_draws, n_causes, n_cells)
    tail_rate : ndarray, shape (n_draws,)
        Hazard per day beyond `follow_up`.
    follow_up : float
        Longest age in days with enough stays at risk.
    """

    visits: StageVisits
    probability: Floats
    never: Floats
    time: Floats
    incidence: Floats
    tail_rate: Floats
    follow_up: float

    def quantile(self, draw: int, cause: int, u: Floats) -> Floats:
        """Return quantiles in days of the time to exit `cause` (given that exit)."""
        total = self.probability[draw, cause]
        seen = self.incidence[draw, cause]
        if total <= 0:
            return np.zeros(len(u))
        start = np.concatenate([[0.0], seen[:-1]])
        rises = seen > start
        middle, x = 0.5 * (start + seen)[rises] / total, self.time[rises]
        if len(x) == 0:
            return np.full_like(u, self.follow_up)
        end = seen[-1] / total
        p = np.concatenate([[0.0], middle, [end]])
        values = np.concatenate([[self._first(x)], x, x[-1:]])
        inside = np.interp(u, p, values)
        beyond = u > end + 1e-12
        if not beyond.any() or end >= 1.0 - 1e-9:
            return np.asarray(inside)
        share = np.clip((u - end) / (1.0 - end), 0.0, 1.0)
        rate = max(self.tail_rate[draw], 1e-9)
        reach = -np.expm1(-rate * self.follow_up)
        later = self.follow_up - np.log1p(-share * reach) / rate
        return np.asarray(np.where(beyond, np.maximum(later, x[-1]), inside))

    @staticmethod
    def _first(x: Floats) -> float:
        """Return where the distribution begins: half the first time, as nothing was seen before."""
        return float(x[0] * 0.5) if x[0] > 0 else 0.0

    def law(self, draw: int, cause: int) -> AnyLaw:
        """Return the law of the time to exit `cause`: the incidence at fixed probabilities."""
        x = np.maximum.accumulate(np.maximum(self.quantile(draw, cause, KNOTS), 0.0))
        if x[-1] <= 0 or np.ptp(x) <= 1e-12:
            return Constant(value=float(x[-1]))
        return Empirical(values=tuple(rounded(x)), p=tuple(map(float, KNOTS)))

    def medians(self, cause: int) -> Floats:
        """Return the median days to exit `cause`, one for each draw."""
        half = np.array([0.5])
        return np.array(
            [self.quantile(draw, cause, half)[0] for draw in range(len(self.never))]
        )


def fit_stage(visits: StageVisits, weights: Floats) -> StageFit:
    """Estimate the exits of one stage under each weighting of the deals.

    Parameters
    ----------
    visits : StageVisits
    weights : ndarray, shape (n_draws, n_deals)
        Row 0 should be ones: the history as observed.

    Returns
    -------
    StageFit
    """
    if not visits.causes:  # nobody has left the stage yet
        n = len(weights)
        longest = float(visits.duration.max())
        return StageFit(
            visits, np.zeros((n, 0)), np.ones(n), np.zeros(0), np.zeros((n, 0, 0)), np.zeros(n), longest
        )
    time, cell, entry_cell = _cells(visits)
    table = aalen_johansen(
        cell, visits.cause, entry=entry_cell, weights=weights[:, visits.deal], n_causes=len(visits.causes)
    )
    index = np.asarray(table.times, dtype=np.int64)
    counts = _at_risk(cell, entry_cell, index)
    last = _last_usable(counts, cell, visits.cause, index)
    days = time[np.clip(index // 2 - 1, 0, max(len(time) - 1, 0))] if len(time) else np.zeros(0)
    cif = np.asarray(table.cif)[:, :, : last + 1]
    left = np.asarray(table.survival)[:, last] if last >= 0 else np.ones(len(weights))
    ended = np.sort(visits.duration)[::-1]
    follow_up = float(max(days[last], ended[min(MIN_AT_RISK, len(ended)) - 1])) if last >= 0 else float(ended[0])
    rate = _tail_rate(visits, weights, follow_up)
    eventual = left * -np.expm1(-rate * follow_up)
    split = _tail_split(visits, weights, follow_up)
    at_end = cif[:, :, -1] if last >= 0 else np.zeros((len(weights), len(visits.causes)))
    probability = at_end + eventual[:, None] * split
    total = probability.sum(axis=1)
    never = np.clip(1.0 - total, 0.0, 1.0)
    return StageFit(visits, probability, never, days[: last + 1], cif, rate, follow_up)


def _cells(visits: StageVisits) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return event times in at most CELLS cells, and each stay's cell on a doubled scale.

    Events of cell j stand at 2j + 2; stays censored before its event time (before its middle, where
    times were pooled) stand at 2j + 1, so that they are not at risk in it.
    """
    events = visits.duration[visits.cause > 0]
    times = np.unique(events)
    pooled = len(times) > CELLS
    if pooled:
        times = np.unique(np.quantile(events, np.linspace(0.0, 1.0, CELLS + 1)[1:]))
    if len(times) == 0:
        zero = np.zeros(len(visits.duration), dtype=np.int64)
        return times, zero, zero
    edge = np.concatenate([[-np.inf], times[:-1]])
    at = np.minimum(np.searchsorted(times, visits.duration, side="left"), len(times) - 1)
    cell = 2 * at.astype(np.int64) + 2
    width = times - np.where(np.isinf(edge), 0.0, edge)
    half = 0.5 * width[at] if pooled else 0.0
    early = (visits.cause == 0) & (visits.duration < times[at] - half)
    beyond = (visits.cause == 0) & (visits.duration > times[-1])
    cell = np.where(early, cell - 1, np.where(beyond, 2 * len(times) + 2, cell))
    entry = 2 * np.searchsorted(times, visits.entry, side="right").astype(np.int64) + 1
    entry = np.where(visits.entry <= 0, 0, entry)
    return times, cell, np.minimum(entry, cell - 1)


def _last_usable(
    counts: NDArray[np.int64], cell: NDArray[np.int64], cause: NDArray[np.int64], index: NDArray[np.int64]
) -> int:
    """Return the last cell with enough stays at risk; all of them where nothing is censored later."""
    if len(counts) == 0:
        return -1
    usable = np.flatnonzero(counts >= min(MIN_AT_RISK, int(counts.max())))
    last = int(usable[-1])
    return last if ((cause == 0) & (cell > index[last])).any() else len(counts) - 1


def _at_risk(
    cell: NDArray[np.int64], entry: NDArray[np.int64], index: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return how many stays were under observation at each cell."""
    inside = np.searchsorted(np.sort(entry), index, side="left")
    gone = np.searchsorted(np.sort(cell), index, side="left")
    return np.asarray(inside - gone, dtype=np.int64)


def _tail(visits: StageVisits, follow_up: float) -> tuple[Floats, NDArray[np.bool_]]:
    """Return each stay's days at risk in the last third of the follow-up, and who ended there."""
    start = follow_up * 2.0 / 3.0
    low = np.maximum(visits.entry, start)
    exposure = np.clip(np.minimum(visits.duration, follow_up) - low, 0.0, None)
    ended = (visits.cause > 0) & (visits.duration > start) & (visits.duration <= follow_up)
    return exposure, ended


def _tail_rate(visits: StageVisits, weights: Floats, follow_up: float) -> Floats:
    """Return the hazard per day in the last third of the follow-up, for each weighting."""
    exposure, ended = _tail(visits, follow_up)
    w = weights[:, visits.deal]
    at_risk = w @ exposure
    events = w @ ended.astype(float)
    return np.asarray(np.where(at_risk > 0, events / np.maximum(at_risk, 1e-12), 0.0))


def _tail_split(visits: StageVisits, weights: Floats, follow_up: float) -> Floats:
    """Return how exits beyond the follow-up share among the causes: as in its last third."""
    _, ended = _tail(visits, follow_up)
    w = weights[:, visits.deal]
    causes = np.arange(1, len(visits.causes) + 1)
    late = np.stack([w @ (ended & (visits.cause == k)).astype(float) for k in causes], axis=1)
    every = np.stack([w @ (visits.cause == k).astype(float) for k in causes], axis=1)
    mixed = late + every / np.maximum(every.sum(axis=1, keepdims=True), 1e-12)
    return np.asarray(mixed / np.maximum(mixed.sum(axis=1, keepdims=True), 1e-12))
