"""All estimates of one history, under the observed weights and under each bootstrap weighting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simsales.calibrate.arrivals import fit_channels
from simsales.calibrate.capacity import Throughput, throughput
from simsales.calibrate.data import placed, stage_visits
from simsales.calibrate.exits import StageFit, fit_stage
from simsales.calibrate.pace import fit_pace
from simsales.calibrate.people import People, fit_calendar, fit_people
from simsales.engine.streams import Streams, hash32
from simsales.errors import HistoryError
from simsales.model.calendars import Calendar
from simsales.model.schema import Channel, Parameter

if TYPE_CHECKING:
    from simsales.history import History

Floats = NDArray[np.float64]
POISSON_CDF = np.cumsum(np.exp(-1.0) / np.cumprod(np.concatenate([[1.0], np.arange(1.0, 12.0)])))
_BOOTSTRAP = 200
_ARRIVALS = 201
_LIMITED = 202
_LIMIT = 203


@dataclass(frozen=True, eq=False)
class Fit:
    """What was learnt from a history; row 0 of every draw axis is the history as observed.

    Parameters
    ----------
    history : History
    weights : ndarray, shape (n_draws, n_deals)
        How often each deal counts (Poisson bootstrap of deals).
    stages : tuple of StageFit
    channels : tuple of Channel
    channel_rows : tuple of Parameter
    arrival_factor : ndarray, shape (n_draws,)
        Level of arrivals relative to the estimate.
    people : People
    calendar : Calendar
    calendar_status : str
    throughput : Throughput or None
        What the team handles a week, where there are reps and their work was not measured.
    limit : ndarray, shape (n_draws,)
        Stays a week that the team can end; NaN in draws where the pipeline sets the pace.
    pace : ndarray, shape (n_draws,)
        Correlation of the stays of one deal.
    pace_row : Parameter
    """

    history: History
    weights: Floats
    stages: tuple[StageFit, ...]
    channels: tuple[Channel, ...]
    channel_rows: tuple[Parameter, ...]
    arrival_factor: Floats
    people: People
    calendar: Calendar
    calendar_status: str
    throughput: Throughput | None
    limit: Floats
    pace: Floats
    pace_row: Parameter

    @property
    def n_draws(self) -> int:
        """Number of weightings, the observed one included."""
        return len(self.weights)

    def is_limited(self, draw: int = 0) -> bool:
        """Tell whether the team's throughput sets the pace in a draw."""
        return bool(np.isfinite(self.limit[draw]))


def bootstrap_weights(n_deals: int, n_draws: int, seed: int) -> Floats:
    """Return Poisson(1) counts of each deal; row 0 is ones.

    Parameters
    ----------
    n_deals, n_draws : int
    seed : int
        The counts are a pure function of it.

    Examples
    --------
    >>> bootstrap_weights(3, 1, seed=1)
    array([[1., 1., 1.]])
    """
    rows = [np.ones(n_deals)]
    index = np.arange(n_deals, dtype=np.uint32)
    name = hash32("bootstrap")
    for draw in range(1, n_draws):
        u = Streams(seed, draw).uniforms(index, name, 0, _BOOTSTRAP)
        rows.append(np.searchsorted(POISSON_CDF, u).astype(float))
    return np.stack(rows)


def fit(history: History, n_draws: int = 100, seed: int = 1, *, names: bool = False) -> Fit:
    """Estimate everything a model needs from a history.

    Parameters
    ----------
    history : History
    n_draws : int
        Weightings of the deals, the observed one included; intervals come from their spread.
    seed : int
    names : bool
        Call reps by their names instead of pseudonyms.

    Returns
    -------
    Fit

    Raises
    ------
    HistoryError
        If no deal of the history ever stayed in a stage.
    """
    history = placed(history)
    visits = stage_visits(history)
    if not visits:
        message = (
            "history must hold at least one deal with a known creation time, got none. "
            "Hint: look at history.report for what was dropped and why."
        )
        raise HistoryError(message)
    weights = bootstrap_weights(len(history.deals), n_draws, seed)
    stages = tuple(fit_stage(stage, weights) for stage in visits)
    channels, rows = fit_channels(history)
    people = fit_people(history, names=names)
    calendar, calendar_status = fit_calendar(history)
    seen = throughput(history, stages) if people.names and not len(history.tasks) else None
    return Fit(
        history, weights, stages, channels, tuple(rows), _arrival_factors(rows, n_draws, seed),
        people, calendar, calendar_status, seen, _limits(seen, n_draws, seed), *fit_pace(visits, weights),
    )  # fmt: skip


def _limits(seen: Throughput | None, n_draws: int, seed: int) -> Floats:
    """Return the limit of each draw; NaN where the draw takes the pipeline to set the pace."""
    limit = np.full(n_draws, np.nan)
    if seen is None:
        return limit
    from scipy.special import ndtri

    index, name = np.arange(n_draws, dtype=np.uint32), hash32("limit")
    which = Streams(seed, 0).uniforms(index, name, 0, _LIMITED)
    z = ndtri(Streams(seed, 0).uniforms(index, name, 0, _LIMIT))
    level = seen.per_week * np.exp(seen.error / seen.per_week * z)
    level[0] = seen.per_week
    which[0] = 0.5
    return np.where(which < seen.p_limited, level, np.nan)


def _arrival_factors(rows: list[Parameter], n_draws: int, seed: int) -> Floats:
    """Return keyed draws of the overall arrival level around its estimate."""
    levels = [row for row in rows if row.path.endswith("leads_per_week")]
    total = sum(float(row.value or 0.0) for row in levels)
    variance = sum(((row.high or 0.0) - float(row.value or 0.0)) ** 2 / 1.96**2 for row in levels)
    if total <= 0:
        return np.ones(n_draws)
    from scipy.special import ndtri

    u = Streams(seed, 0).uniforms(np.arange(n_draws, dtype=np.uint32), hash32("arrivals"), 0, _ARRIVALS)
    factor = np.exp(np.sqrt(np.log1p(variance / total**2)) * ndtri(u))
    factor[0] = 1.0
    return np.asarray(factor)
