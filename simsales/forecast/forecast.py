"""Will we make the quarter? Booked, plus today's pipeline, plus deals not yet created."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simsales.calibrate import Calibration, calibrate
from simsales.calibrate.data import DAY
from simsales.engine.streams import checked_seed
from simsales.errors import ForecastError, expect, got, whole
from simsales.forecast.baselines import baselines, noise_floor, won_between
from simsales.forecast.runs import Block, Shared, items, ordered, plans, simulate_block
from simsales.intervals import share_bounds
from simsales.same import Same

if TYPE_CHECKING:
    from collections.abc import Callable

    from simsales.history import History

Floats = NDArray[np.float64]
REPLICATIONS = 200
DRAWS = 40
LEVELS = {"p2_5": 0.025, "p10": 0.10, "p25": 0.25, "p50": 0.50, "p75": 0.75, "p90": 0.90, "p97_5": 0.975}
Day = str | dt.date | pd.Timestamp


@dataclass(frozen=True, eq=False, repr=False)
class Forecast(Same):
    """Bookings from `since` to `until`, as known at `as_of`.

    Parameters
    ----------
    as_of, since, until : Timestamp
        UTC ends of local days.
    target : float or None
    currency : str
    booked : float
        Won between `since` and `as_of`.
    open_samples, new_samples : ndarray, shape (n_replications,)
        Bookings to come from deals open at `as_of`, and from deals created later.
    wins : ndarray, shape (n_replications,)
        Deals still to be won.
    baselines : dict
        Simple forecasts of the same period.
    noise_floor : float
        Mean absolute error, relative to the total, that nobody can beat: chance in the deals still to
        come; see :func:`simsales.forecast.noise_floor`.
    paths : DataFrame
        Cumulative bookings by day: ``day``, quantile columns ``p2_5 ... p97_5``, and ``actual`` up to
        `as_of`.
    swing : DataFrame
        Open deals whose outcome moves the total most: ``deal_id, stage, amount, p_win, swing``.
    calibration : Calibration
    notes : tuple of str
    manifest : dict
    """

    as_of: pd.Timestamp
    since: pd.Timestamp
    until: pd.Timestamp
    target: float | None
    currency: str
    booked: float
    open_samples: Floats
    new_samples: Floats
    wins: Floats
    baselines: dict[str, float]
    noise_floor: float
    paths: pd.DataFrame
    swing: pd.DataFrame
    calibration: Calibration
    notes: tuple[str, ...] = ()
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def samples(self) -> Floats:
        """Total bookings of the period in each replication."""
        return self.booked + self.open_samples + self.new_samples

    @property
    def quantiles(self) -> dict[str, float]:
        """P10, P50 and P90 of total bookings; P10 is the downside."""
        p10, p50, p90 = np.quantile(self.samples, [0.1, 0.5, 0.9])
        return {"p10": float(p10), "p50": float(p50), "p90": float(p90)}

    @property
    def mean(self) -> float:
        """Expected total bookings."""
        return float(self.samples.mean())

    @property
    def p_target(self) -> float | None:
        """Probability of reaching the target; None without one."""
        return None if self.target is None else float((self.samples >= self.target).mean())

    @property
    def p_target_bounds(self) -> tuple[float, float] | None:
        """What so many futures can show of :attr:`p_target`: one-sided 95 % bounds (each by itself); None without a target."""
        return None if self.p_target is None else share_bounds(self.p_target, len(self.samples))

    @property
    def mc_error(self) -> float:
        """Standard error of P50 that comes from the number of replications alone (in money)."""
        ordered_samples = np.sort(self.samples)
        n = len(ordered_samples)
        half = 0.5 * np.sqrt(n)
        low = ordered_samples[max(0, int(np.floor(0.5 * n - half)))]
        high = ordered_samples[min(n - 1, int(np.ceil(0.5 * n + half)))]
        return float(high - low) / 2.0

    def summary(self) -> pd.DataFrame:
        """Return the forecast in rows: measure and value (money in the currency, shares as shares)."""
        rows: list[tuple[str, float | None]] = [
            *self.quantiles.items(), ("mean", self.mean), ("mc_error", self.mc_error),
            ("target", self.target), ("p_target", self.p_target),
            *zip(("p_target_low", "p_target_high"), self.p_target_bounds or (None, None), strict=True), ("booked", self.booked),
            ("open", float(self.open_samples.mean())), ("new", float(self.new_samples.mean())),
            ("wins_to_come", float(self.wins.mean())), ("noise_floor", self.noise_floor),
            *((f"baseline:{name}", value) for name, value in self.baselines.items()),
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=["measure", "value"])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON shape of the public contract."""
        bounds = self.p_target_bounds or (None, None)
        return {
            "as_of": self._date(self.as_of), "until": self._date(self.until),
            "since": (dt.date.fromisoformat(self._date(self.since)) + dt.timedelta(days=1)).isoformat(),
            "target": self.target, "quantiles": self.quantiles, "mean": self.mean,
            "p_target": self.p_target, "p_target_low": bounds[0], "p_target_high": bounds[1], "booked": self.booked, "open": float(self.open_samples.mean()),
            "new": float(self.new_samples.mean()), "noise_floor": self.noise_floor,
            "mc_error": self.mc_error, "replications": len(self.samples), "currency": self.currency,
            "baselines": self.baselines, "notes": list(self.notes), "manifest": self.manifest,
        }  # fmt: skip

    def _date(self, moment: pd.Timestamp) -> str:
        """Return the local day that a moment ends."""
        local = (moment - pd.Timedelta(microseconds=1)).tz_convert(self.calibration.history.timezone)
        return local.date().isoformat()

    @property
    def plot(self) -> Any:
        """Figures: ``fan()``, ``split()``, ``funnel()``."""
        from simsales.report.plots import ForecastPlots

        return ForecastPlots(self)

    def __repr__(self) -> str:
        q = self.quantiles
        chance = "" if self.p_target_bounds is None else f", P(target) {self.p_target:.0%} ({_careful(self.p_target_bounds)})"
        return f"<Forecast until {self._date(self.until)}: P50 {q['p50']:,.0f} (P10 {q['p10']:,.0f}, P90 {q['p90']:,.0f}){chance}>"

    def _repr_html_(self) -> str:
        from simsales.report.text import html_table

        return html_table(self.summary())


def _careful(bounds: tuple[float, float]) -> str:
    """Return bounds in whole percent, rounded to the careful side."""
    return f"{math.floor(100 * bounds[0])}% to {math.ceil(100 * bounds[1])}%"


def forecast(
    history: History,
    as_of: Day | None = None,
    until: Day | None = None,
    target: float | None = None,
    *,
    since: Day | None = None,
    replications: int = REPLICATIONS,
    draws: int = DRAWS,
    seed: int = 1,
    jobs: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> Forecast:
    """Forecast bookings up to the end of a day.

    Parameters
    ----------
    history : History
    as_of : date, optional
        Forecast as known at the end of this day; default: the end of the history. The past is
        rebuilt without anything that became known later.
    until : date, optional
        Last day of the period; default: the end of the calendar quarter of the day after `as_of`.
    target : float, optional
    since : date, optional
        First day of the period, also one after `as_of`: what is won before it does not count.
        Default: the first day of `until`'s calendar quarter, or the day after `as_of` where that is
        earlier.
    replications, draws : int
        Simulated futures, and parameter draws (bootstrap of deals) that they share.
    seed : int
    jobs : optional
        Workers; see :func:`simsales.replicate`.
    progress : callable, optional
        Called with pieces done and in all.

    Returns
    -------
    Forecast

    Raises
    ------
    ForecastError
        If `until` is not after `as_of` or `since`, the target is not a finite number, or the history
        has no won deal.
    """
    from simsales.experiment.executors import checked_progress, map_blocks
    from simsales.history import History

    seed = checked_seed(seed)
    expect("history", history, History, "a History. Hint: read_history(path) reads one", ForecastError)
    expect("target", target, (int, float, type(None)), "an amount. Hint: leave it out to forecast without one", ForecastError)
    checked_progress(progress)
    now, past = _known(history, as_of)
    end, begin = _period(past, now, until, since)
    if not past.deals["status"].eq("won").any():
        message = (
            f"history must hold at least one won deal by {now.date()}, got none of {len(past.deals)}. "
            "Hint: check which values mean won (a mapping's outcomes or stages), or choose a later as_of."
        )
        raise ForecastError(message)
    if not (past.deals.loc[past.deals["status"].eq("won"), "amount"] > 0).any():
        message = (
            "history must give the amounts of won deals, got none. "
            "Hint: name the column in a mapping (columns: {amount: ...})."
        )
        raise ForecastError(message)
    _check_numbers(replications, draws, target)
    calibration = calibrate(past, draws=draws + 1, seed=seed)
    booked = won_between(past, begin, now + pd.Timedelta(microseconds=1)) if begin < now else 0.0
    shared = Shared(plans(calibration, draws, end), seed, max(0.0, float((begin - now) / DAY)))
    work = items(draws, replications)
    blocks = map_blocks(simulate_block, shared, work, jobs, progress)
    block = ordered(blocks, work, replications)
    amounts = past.deals.loc[past.deals["status"].eq("won"), "amount"]
    return Forecast(
        as_of=now, since=begin, until=end, target=target, currency=calibration.model.currency,
        booked=booked, open_samples=block.open_by_day.sum(axis=1), new_samples=block.new_by_day.sum(axis=1),
        wins=block.wins, baselines=baselines(calibration, begin, end, booked),
        noise_floor=_floor(block, booked, amounts), paths=_paths(past, begin, now, booked, block),
        swing=_swing(calibration, block), calibration=calibration,
        notes=(*calibration.notes, *shared.plans[0].notes),
        manifest=_manifest(calibration, now, end, begin, target, replications, draws, seed),
    )  # fmt: skip


def _floor(block: Block, booked: float, amounts: pd.Series) -> float:
    """Return the noise floor of the total: only what is still to come is uncertain."""
    to_come = float((block.open_by_day + block.new_by_day).sum(axis=1).mean())
    total = booked + to_come
    return noise_floor(float(block.wins.mean()), amounts) * to_come / total if total > 0 else float("nan")


def _known(history: History, as_of: Day | None) -> tuple[pd.Timestamp, History]:
    if as_of is None:
        return history.observed_until, history
    wanted = _moment(as_of, history.timezone, "as_of", DAY)
    if wanted > history.observed_until + pd.Timedelta(days=1, seconds=1):
        last = history.observed_until.tz_convert(history.timezone).date()
        message = (
            f"as_of must not be after the data end ({last}), got {as_of}. "
            "Hint: leave as_of out to forecast from the last day of the data, or export newer data."
        )
        raise ForecastError(message)
    past = history.as_of(as_of)
    return past.observed_until, past


def _check_numbers(replications: int, draws: int, target: float | None) -> None:
    if target is not None and not np.isfinite(target):
        message = f"target must be a finite amount, got {target}. Hint: leave it out to forecast without one."
        raise ForecastError(message)
    for name, number in (("replications", replications), ("draws", draws)):
        whole(number, name, most=1_000_000, hint="leave it out")
    if replications < 20 or draws < 1:
        message = f"replications must be at least 20 and draws at least 1, got {replications} and {draws}."
        raise ForecastError(message)


def day_end(day: Day, timezone: str) -> pd.Timestamp:
    """Return the UTC moment at which a local day ends (a timestamp with a time of day stays)."""
    return _moment(day, timezone, "until", DAY)


def _moment(day: Day, timezone: str, name: str, shift: pd.Timedelta) -> pd.Timestamp:
    """Return a time of day as it is in UTC, and of a bare day its first moment plus `shift`."""
    message = f"{name} must be a date like 2027-03-31, got {got(day)}."
    try:
        stamp = pd.Timestamp(day)
    except (ValueError, TypeError) as error:
        raise ForecastError(message) from error
    if pd.isna(stamp):
        raise ForecastError(message)
    if stamp.tzinfo is not None:
        return stamp.tz_convert("UTC")
    is_day = stamp == stamp.normalize()
    return _utc(stamp + shift if is_day else stamp, timezone)


def _utc(local: pd.Timestamp, timezone: str) -> pd.Timestamp:
    """Return a local time in UTC; some zones skip or repeat midnight when their clocks change."""
    return local.tz_localize(timezone, ambiguous=True, nonexistent="shift_forward").tz_convert("UTC")


def _period(
    history: History, now: pd.Timestamp, until: Day | None, since: Day | None
) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the end and the beginning of the period."""
    zone = history.timezone
    if until is None:
        tomorrow = now.tz_convert(zone) + DAY
        until = (tomorrow.tz_localize(None).normalize() + pd.offsets.QuarterEnd(0)).normalize()
    end = day_end(until, zone)
    if end <= now + pd.Timedelta(seconds=1):
        message = (
            f"until must be after {now.tz_convert(zone).date()}, the day of the forecast, got {until}. "
            "Hint: pass a later date, or an earlier as_of."
        )
        raise ForecastError(message)
    if since is not None:
        begin = _moment(since, zone, "since", 0 * DAY)
        if begin >= end:
            message = f"since must not be after until, got {since} and {until}. Hint: swap them, or leave since out."
            raise ForecastError(message)
        return end, begin
    last = (end - pd.Timedelta(seconds=1)).tz_convert(zone).tz_localize(None)
    quarter = pd.Timestamp(last.year, 3 * ((last.month - 1) // 3) + 1, 1)
    return end, min(now, _utc(quarter, zone))


def _paths(history: History, begin: pd.Timestamp, now: pd.Timestamp, booked: float, block: Block) -> pd.DataFrame:
    """Return cumulative bookings by day: what happened up to now, quantiles from then on."""
    deals = history.deals
    past = pd.date_range(begin, now, freq="D")
    won = deals["status"].eq("won") & (deals["closed_at"] >= begin) & (deals["closed_at"] <= now)
    closed = np.sort(_elapsed(deals.loc[won, "closed_at"], begin))
    order = np.argsort(_elapsed(deals.loc[won, "closed_at"], begin), kind="stable")
    total_won = np.concatenate([[0.0], np.cumsum(deals.loc[won, "amount"].fillna(0.0).to_numpy(float)[order])])
    actual = total_won[np.searchsorted(closed, np.arange(len(past)), side="right")]
    history_rows = pd.DataFrame({"day": past, "actual": actual})
    total = booked + np.cumsum(block.open_by_day + block.new_by_day, axis=1)
    ahead = pd.DataFrame({"day": [now + (i + 1) * DAY for i in range(total.shape[1])]})
    today = pd.DataFrame({"day": [now], "actual": [booked]} | {name: [booked] for name in LEVELS})
    for name, level in LEVELS.items():
        ahead[name] = np.quantile(total, level, axis=0)
    frame = pd.concat([history_rows[history_rows["day"] < now], today, ahead], ignore_index=True)
    return frame[["day", *LEVELS, "actual"]]


def _elapsed(moments: pd.Series, begin: pd.Timestamp) -> Floats:
    """Return days since `begin`."""
    return np.asarray((moments - begin) / DAY, dtype=float)


def _swing(calibration: Calibration, block: Block, top: int = 10) -> pd.DataFrame:
    """Return the open deals whose outcome moves the total most: amount times the spread of winning."""
    frame = calibration.opening()[["deal_id", "stage", "amount"]].copy()
    frame["p_win"] = block.won
    frame["swing"] = frame["amount"] * np.sqrt(frame["p_win"] * (1.0 - frame["p_win"]))
    known = frame[frame["swing"].notna() & (frame["swing"] > 0)]
    return known.sort_values(["swing", "deal_id"], ascending=[False, True]).head(top).reset_index(drop=True)


def _manifest(
    calibration: Calibration, now: pd.Timestamp, end: pd.Timestamp, begin: pd.Timestamp,
    target: float | None, replications: int, draws: int, seed: int,
) -> dict[str, Any]:  # fmt: skip
    from simsales.manifest import manifest

    return manifest(
        command="forecast", seed=seed, model=calibration.model, replications=replications, draws=draws,
        as_of=now.isoformat(), since=begin.isoformat(), until=end.isoformat(), target=target,
    )  # fmt: skip
