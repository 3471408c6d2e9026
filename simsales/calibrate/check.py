"""The loop closes: simulate the training window and hold it against the history and the trace floor.

The trace floor resamples whole historical deals. It answers no what-if, but it is the best that a
memory without a model can do; a model that stands much further from the history than the floor does
is not calibrated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simsales.calibrate.arrivals import YEAR_WEEKS
from simsales.calibrate.data import DAY, SAME_DAY, column, days
from simsales.calibrate.exits import StageFit
from simsales.engine import lower, run_plan
from simsales.engine.streams import Streams, hash32

if TYPE_CHECKING:
    from simsales.calibrate.calibration import Calibration
    from simsales.history import History
    from simsales.model.schema import Model

Floats = NDArray[np.float64]
_RESAMPLE = 210
MARKS = 200
POINTS = 120


def check(calibration: Calibration, replications: int | None = None, seed: int = 1) -> pd.DataFrame:
    """Return how a simulated training window compares with the history.

    Parameters
    ----------
    calibration : Calibration
    replications : int, optional
        Simulated windows, and resampled histories; default: 20, fewer (at least 2) from 1,000 deals on.
    seed : int

    Returns
    -------
    DataFrame
        ``measure, model, history, floor``. Plain measures are means over the replications; rows
        named ``distance: ...`` are mean absolute differences between sorted values (Wasserstein, in
        days or money) to the history, so 0 would be perfect and `floor` is what resampling gets.
    """
    history = calibration.history
    if replications is None:
        replications = int(np.clip(20_000 // max(len(history.deals), 1), 2, 20))
    plan = lower(_windowed(calibration), start=history.observed_from.to_pydatetime(),
                 until=history.observed_until.to_pydatetime(), opening=_opened_before(calibration))  # fmt: skip
    real = _Facts(history.deals, history.observed_from)
    simulated = []
    for replication in range(replications):
        log = run_plan(plan, seed, replication)
        simulated.append(_Facts(log.deals, history.observed_from))
    resampled = [_Facts(_resampled(history, seed, r), history.observed_from) for r in range(replications)]
    rows = []
    for name in _Facts.MEASURES:
        values = [[getattr(facts, name)() for facts in group] for group in (simulated, [real], resampled)]
        means = [float(np.nanmean(group)) if np.isfinite(group).any() else float("nan") for group in values]
        rows.append((name, *means))
    for name in ("cycle_days", "amounts"):
        truth = getattr(real, name)
        near = [_mean([_distance(getattr(f, name), truth) for f in group]) for group in (simulated, resampled)]
        rows.append((f"distance: {name}", near[0], 0.0, near[1]))
    return pd.DataFrame(rows, columns=["measure", "model", "history", "floor"])


class _Facts:
    """What is compared of a table of deals."""

    MEASURES = ("leads", "won", "bookings", "closed", "open_at_end", "won_share_of_closed", "median_cycle_days")

    def __init__(self, deals: pd.DataFrame, start: pd.Timestamp) -> None:
        status = deals["status"].to_numpy()
        self._won = status == "won"
        self._open = status == "open"
        self._new = (deals["created_at"] >= start).to_numpy()
        amounts = deals["amount"].to_numpy(float)
        self.amounts: Floats = np.sort(amounts[self._won & np.isfinite(amounts)])
        cycle = np.maximum(days(deals["closed_at"], deals["created_at"])[self._won], SAME_DAY)
        self.cycle_days: Floats = np.sort(cycle[np.isfinite(cycle)])

    def leads(self) -> float:
        return float(self._new.sum())

    def won(self) -> float:
        return float(self._won.sum())

    def bookings(self) -> float:
        return float(self.amounts.sum())

    def closed(self) -> float:
        return float((~self._open).sum())

    def open_at_end(self) -> float:
        return float(self._open.sum())

    def won_share_of_closed(self) -> float:
        closed = (~self._open).sum()
        return float(self._won.sum() / closed) if closed else float("nan")

    def median_cycle_days(self) -> float:
        return float(np.median(self.cycle_days)) if len(self.cycle_days) else float("nan")


def _mean(values: list[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return float(np.mean(finite)) if finite else float("nan")


def _distance(values: Floats, truth: Floats) -> float:
    """Return the Wasserstein distance of two samples, from 200 quantiles of each."""
    if len(values) == 0 or len(truth) == 0:
        return float("nan")
    at = (np.arange(200) + 0.5) / 200
    return float(np.mean(np.abs(np.quantile(values, at) - np.quantile(truth, at))))


def _windowed(calibration: Calibration) -> Model:
    """Return the model with each channel's rate scaled to the leads of the window."""
    model, history = calibration.model, calibration.history
    weeks = max(float((history.observed_until - history.observed_from) / DAY) / 7.0, 1e-6)
    created = history.deals["created_at"] >= history.observed_from
    names = column(history, "channel", "all")
    channels = []
    for channel in model.channels:
        growth = float(np.log1p(channel.trend_per_year)) / YEAR_WEEKS
        mean = 1.0 if growth == 0 else -np.expm1(-growth * weeks) / (growth * weeks)
        rate = float((created & names.eq(channel.name)).sum()) / weeks / mean
        channels.append(channel.model_copy(update={"leads_per_week": rate}))
    return model.model_copy(update={"channels": tuple(channels)})


def _opened_before(calibration: Calibration) -> pd.DataFrame | None:
    """Return the deals that were under way when observation began, with their age then."""
    history = calibration.history
    visits = history.visits
    started = visits["entered_at"] < history.observed_from
    later = visits["left_at"].isna() | (visits["left_at"] >= history.observed_from)
    chosen = visits[started & later].drop_duplicates("deal_id", keep="last")
    known = {stage.visits.name for stage in calibration.fit.stages}
    chosen = chosen[chosen["stage"].isin(known)]
    if chosen.empty:
        return None
    created = chosen["deal_id"].map(history.deals.set_index("deal_id")["created_at"])
    return pd.DataFrame({
        "deal_id": chosen["deal_id"].to_numpy(), "stage": chosen["stage"].to_numpy(),
        "age_days": -days(chosen["entered_at"], history.observed_from),
        "created_days": np.minimum(days(created, history.observed_from), 0.0),
    })  # fmt: skip


def _resampled(history: History, seed: int, replication: int) -> pd.DataFrame:
    """Return as many whole deals as there are, drawn with replacement."""
    n = len(history.deals)
    index = np.arange(n, dtype=np.uint32)
    u = Streams(seed, replication).uniforms(index, hash32("resample"), 0, _RESAMPLE)
    found: pd.DataFrame = history.deals.iloc[np.minimum((u * n).astype(int), n - 1)]
    return found


def curves(calibration: Calibration) -> pd.DataFrame:
    """Return the share of stays that have ended by each age: observed, fitted, and who is still there."""
    pieces = [piece for stage in calibration.fit.stages for piece in _stage_curves(stage)]
    return pd.concat(pieces, ignore_index=True)


def _grid(stage: StageFit) -> Floats:
    """Return ages at which curves are drawn: where stays end, thinned, and an even grid between."""
    even = np.linspace(0.0, max(stage.follow_up, 1e-9), 41)
    events = stage.time if len(stage.time) <= POINTS else np.quantile(stage.time, np.linspace(0.0, 1.0, POINTS))
    return np.unique(np.concatenate([even, events]))


def _stage_curves(stage: StageFit) -> list[pd.DataFrame]:
    pieces = []
    name = stage.visits.name
    grid = _grid(stage)
    at_risk = (stage.visits.duration[None, :] >= grid[:, None]) & (stage.visits.entry[None, :] <= grid[:, None])
    followed = at_risk.sum(axis=1).astype(float)
    for k, to in enumerate(stage.visits.causes):
        observed = np.interp(grid, np.concatenate([[0.0], stage.time]), np.concatenate([[0.0], stage.incidence[0, k]]))
        fitted = stage.probability[0, k] * stage.law(0, k).cdf(grid)
        for kind, p in (("observed", observed), ("fitted", fitted)):
            pieces.append(pd.DataFrame({"stage": name, "days": grid, "p": p, "exit": to, "kind": kind, "at_risk": followed}))
    still = np.sort(stage.visits.duration[stage.visits.cause == 0])
    if len(still) > MARKS:
        still = np.quantile(still, np.linspace(0.0, 1.0, MARKS))
    if len(still):
        pieces.append(pd.DataFrame({"stage": name, "days": still, "p": np.nan, "exit": "", "kind": "censored", "at_risk": np.nan}))
    return pieces
