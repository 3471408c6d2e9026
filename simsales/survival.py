"""Competing risks with censoring and late entry: the Aalen-Johansen estimator.

An open deal is not a missing answer: it says that the exit took *at least* so long. The estimator here counts
it as exactly that. It is used by the KPIs (win rate of deals still open) and by calibration (stage exits).

References
----------
Aalen, O., Johansen, S. (1978), An empirical transition matrix for non-homogeneous Markov chains based on
censored observations, Scandinavian Journal of Statistics 5, equation 3.4.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simsales.errors import InvalidInputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

__all__ = ["CompetingRisks", "SurvivalError", "aalen_johansen"]


class SurvivalError(InvalidInputError, ValueError):
    """Durations, causes, entries or weights do not fit together."""


class CompetingRisks(NamedTuple):
    """What became of a cohort, as step functions that jump at ``times`` (right-continuous).

    Parameters
    ----------
    times : ndarray of float, shape (n_times,)
        Distinct times at which something other than censoring happened, ascending.
    cif : ndarray of float, shape (..., n_causes, n_times)
        Cumulative incidence: probability that cause k+1 has happened by that time.
    survival : ndarray of float, shape (..., n_times)
        Probability that nothing has happened yet; ``cif.sum(-2) + survival == 1``.
    at_risk : ndarray of float, shape (..., n_times)
        Weight under observation just before that time.
    events : ndarray of float, shape (..., n_causes, n_times)
        Weight of the events at that time, by cause.

    Notes
    -----
    The leading dimension is there only when weights of shape (n_samples, n) were given.
    """

    times: NDArray[np.float64]
    cif: NDArray[np.float64]
    survival: NDArray[np.float64]
    at_risk: NDArray[np.float64]
    events: NDArray[np.float64]

    def incidence(self, at: float = np.inf) -> NDArray[np.float64]:
        """Return the probability of each cause by one time (default: the end of follow-up), shape (..., n_causes).

        Examples
        --------
        >>> aalen_johansen([1.0, 2.0, 3.0, 4.0], [1, 2, 1, 0]).incidence(2.5)
        array([0.25, 0.25])
        """
        step = int(np.searchsorted(self.times, at, side="right")) - 1
        if step < 0:
            return np.zeros(self.cif.shape[:-1])
        return self.cif[..., step]


def aalen_johansen(
    duration: ArrayLike,
    cause: ArrayLike,
    entry: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    n_causes: int | None = None,
) -> CompetingRisks:
    """Estimate how often and when each cause happens, from durations of which some are only lower bounds.

    Parameters
    ----------
    duration : array of float, shape (n,)
        Time from origin to the event or to the end of observation, any unit, >= 0.
    cause : array of int, shape (n,)
        What happened: 1, 2, ... or 0 for censored (still open when observation ended).
    entry : array of float, shape (n,), optional
        Age at which observation began (left truncation); 0 or less means from the origin. A subject is at
        risk at t when ``entry < t <= duration``, so one that enters and leaves at the same age counts nowhere.
    weights : array of float, shape (n,) or (n_samples, n), optional
        Case weights >= 0; a row a bootstrap sample gives a result a row.
    n_causes : int, optional
        Number of causes, when it may exceed the largest one seen.

    Returns
    -------
    CompetingRisks
        Times, cumulative incidence, survival, weight at risk and events.

    Raises
    ------
    SurvivalError
        If lengths differ, a duration is not finite or negative, ends before its entry, or a weight is negative.

    References
    ----------
    Aalen and Johansen (1978). At each time t: ``cif_k += S(t-) d_k / Y`` and ``S *= 1 - d / Y``. With one cause
    it is Kaplan-Meier. Censorings at t are still at risk at t.

    Examples
    --------
    Four deals: won on day 1, lost on day 2, won on day 3, and one still open on day 4.

    >>> fit = aalen_johansen([1.0, 2.0, 3.0, 4.0], [1, 2, 1, 0])
    >>> fit.cif[:, -1]
    array([0.5 , 0.25])
    >>> float(fit.survival[-1])
    0.25
    """
    ends, causes, starts = _checked(duration, cause, entry)
    samples = _checked_weights(weights, ends.size)
    count = int(max(n_causes or 0, causes.max(initial=0)))
    times = np.unique(ends[causes > 0])
    first = np.searchsorted(times, np.where(starts > 0, starts, -np.inf), side="right")
    last = np.searchsorted(times, ends, side="right")
    seen = first < last
    at_risk = _running(samples[:, seen], first[seen], last[seen], times.size)
    events = np.zeros((len(samples), count, times.size))
    for k in range(count):
        mine = seen & (causes == k + 1)
        events[:, k] = _tally(samples[:, mine], last[mine] - 1, times.size)
    survival, cif = _product_integral(events, at_risk)
    fit = CompetingRisks(times, cif, survival, at_risk, events)
    return fit if weights is not None and np.ndim(weights) == 2 else CompetingRisks(times, *(x[0] for x in fit[1:]))  # noqa: PLR2004


def _product_integral(
    events: NDArray[np.float64], at_risk: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return survival (b, t) and cumulative incidence (b, k, t) from events (b, k, t) and risk sets (b, t)."""
    hazard = np.divide(events, at_risk[:, None], out=np.zeros_like(events), where=at_risk[:, None] > 0)
    survival = np.cumprod(1.0 - np.minimum(hazard.sum(axis=1), 1.0), axis=1)
    before = np.concatenate([np.ones((len(at_risk), 1)), survival], axis=1)[:, : at_risk.shape[1]]
    return survival, np.cumsum(before[:, None] * hazard, axis=2)


def _running(
    weights: NDArray[np.float64], first: NDArray[np.intp], last: NDArray[np.intp], size: int
) -> NDArray[np.float64]:
    """Return the weight present at each time index, every subject being present on [first, last)."""
    change = _tally(weights, first, size + 1) - _tally(weights, last, size + 1)
    return np.maximum(np.cumsum(change, axis=1)[:, :size], 0.0)


def _tally(weights: NDArray[np.float64], index: NDArray[np.intp], size: int) -> NDArray[np.float64]:
    """Return the sum of weights (b, n) by index (n,) as an array (b, size)."""
    total = np.zeros((len(weights), size))
    for row, weight in zip(total, weights, strict=True):  # one bincount a sample: no (b * n) index is built
        row[:] = np.bincount(index, weight, size) if size else 0.0
    return total


def _checked(
    duration: ArrayLike, cause: ArrayLike, entry: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Return the three columns as arrays, or raise."""
    ends = np.asarray(duration, dtype=float)
    causes = np.asarray(cause).astype(np.int64)
    starts = np.zeros(ends.shape) if entry is None else np.asarray(entry, dtype=float)
    if ends.ndim != 1 or not ends.shape == causes.shape == starts.shape:
        shapes = f"{ends.shape}, {causes.shape} and {starts.shape}"
        message = (
            f"duration, cause and entry must be columns of one length, got shapes {shapes}. "
            "Hint: give one value a subject"
        )
        raise SurvivalError(message)
    if not np.isfinite(ends).all() or (ends < 0).any():
        bad = ends[~(np.isfinite(ends) & (ends >= 0))][0]
        message = f"duration must be finite and >= 0, got {bad}. Hint: drop rows without an end or a cut-off"
        raise SurvivalError(message)
    if not (starts <= ends).all():
        bad = int(np.flatnonzero(~(starts <= ends))[0])
        message = (
            f"entry must be <= duration, got {starts[bad]} > {ends[bad]} in row {bad}. "
            "Hint: entry is the age when observation began"
        )
        raise SurvivalError(message)
    if (causes < 0).any():
        message = f"cause must be >= 0, got {causes.min()}. Hint: 0 is censored, 1, 2, ... are causes"
        raise SurvivalError(message)
    return ends, causes, starts


def _checked_weights(weights: ArrayLike | None, size: int) -> NDArray[np.float64]:
    """Return weights as (n_samples, n), or raise."""
    if weights is None:
        return np.ones((1, size))
    table = np.atleast_2d(np.asarray(weights, dtype=float))
    if table.ndim != 2 or table.shape[1] != size:  # noqa: PLR2004
        message = (
            f"weights must have {size} columns, got shape {np.shape(weights)}. "
            "Hint: one row a sample, one column a subject"
        )
        raise SurvivalError(message)
    if not (table >= 0).all():
        message = f"weights must be >= 0, got {table.min()}. Hint: bootstrap counts are whole numbers >= 0"
        raise SurvivalError(message)
    return table
