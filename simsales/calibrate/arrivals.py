"""Lead arrivals per channel: level, trend, season, weekday and overdispersion of weekly counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simsales.calibrate.data import DAY, column, days
from simsales.model.calendars import WEEKDAYS
from simsales.model.schema import MONTHS, Channel, Parameter, Status

if TYPE_CHECKING:
    from simsales.history import History

Floats = NDArray[np.float64]
HALF_LIVES = (4.0, 8.0, 13.0, 26.0, 1e9)
YEAR_WEEKS = 52.18
Z95 = 1.96
MOST_LOG_GROWTH = 50.0
"""Where few weeks say nothing about a trend its upper end is not a number that overflows."""


@dataclass(frozen=True, eq=False)
class Weeks:
    """Whole weeks of arrivals, the last one ending at the end of observation.

    Parameters
    ----------
    counts : ndarray of float, shape (n_weeks,)
    """

    counts: Floats


def weekly(created_days_before_end: Floats, observed_days: float) -> Weeks:
    """Return weekly counts of arrivals, oldest first.

    Parameters
    ----------
    created_days_before_end : ndarray of float
        Age of each lead at the end of observation.
    observed_days : float
        Length of the observation.

    Examples
    --------
    >>> weekly(np.array([0.5, 6.0, 8.0]), 14.0).counts
    array([1., 2.])
    """
    n = max(int(observed_days // 7), 1)
    week = np.floor(np.maximum(created_days_before_end, 0.0) / 7.0)
    counts = np.bincount(week[week < n].astype(int), minlength=n)[::-1]
    return Weeks(counts.astype(float))


def level(counts: Floats) -> tuple[float, float, float]:
    """Return the current weekly rate, its standard error and the half-life used (weeks).

    An exponentially weighted mean whose half-life had the best one-step Poisson likelihood.
    """
    scores = [_one_step(counts, half_life) for half_life in HALF_LIVES]
    half_life = HALF_LIVES[int(np.argmax(scores))]
    weight = 0.5 ** (np.arange(len(counts))[::-1] / half_life)
    mean = float(np.average(counts, weights=weight))
    effective = float(weight.sum() ** 2 / (weight**2).sum())
    phi = overdispersion(counts)
    return mean, float(np.sqrt(max(mean, 0.5) * phi / effective)), half_life


def _one_step(counts: Floats, half_life: float) -> float:
    """Return the Poisson log-likelihood of each week given an average of the weeks before it."""
    decay = 0.5 ** (1.0 / half_life)
    total, mass, score = 0.0, 0.0, 0.0
    for i, count in enumerate(counts):
        if i >= 4:
            mean = max(total / mass, 0.1)
            score += count * np.log(mean) - mean
        total, mass = total * decay + count, mass * decay + 1.0
    return float(score)


def overdispersion(counts: Floats) -> float:
    """Return variance over mean of weekly counts around a running mean of five weeks (at least 1)."""
    if len(counts) < 8 or counts.sum() < 20:
        return 1.0
    first = np.diff(counts) ** 2 / 2.0
    mean = 0.5 * (counts[1:] + counts[:-1])
    return float(max(1.0, first.sum() / max(mean.sum(), 1e-9)))


def trend(counts: Floats) -> tuple[float, float]:
    """Return the weekly growth of the log rate and its standard error (quasi-Poisson regression)."""
    n = len(counts)
    t = np.arange(n) - (n - 1) / 2.0
    design = np.column_stack([np.ones(n), t])
    beta = np.array([np.log(max(counts.mean(), 0.1)), 0.0])
    for _ in range(50):
        mean = np.exp(np.clip(design @ beta, -20, 20))
        information = design.T @ (design * mean[:, None])
        step = np.linalg.solve(information + 1e-9 * np.eye(2), design.T @ (counts - mean))
        beta = beta + step
        if np.abs(step).max() < 1e-10:
            break
    mean = np.exp(design @ beta)
    phi = max(1.0, float((((counts - mean) ** 2) / np.maximum(mean, 1e-9)).sum() / max(n - 2, 1)))
    covariance = np.linalg.inv(information + 1e-9 * np.eye(2)) * phi
    return float(beta[1]), float(np.sqrt(covariance[1, 1]))


def season(created: pd.Series, weeks: int) -> dict[str, float]:
    """Return month multipliers, shrunk toward 1; empty below two years of history."""
    if weeks < 2 * YEAR_WEEKS - 1 or len(created) < 240:
        return {}
    by_month = created.dt.month.value_counts().reindex(range(1, 13), fill_value=0).to_numpy(float)
    start, end = created.min().normalize(), created.max().normalize()
    calendar = pd.date_range(start, end, freq="D").month.value_counts().reindex(range(1, 13), fill_value=1)
    rate = by_month / calendar.to_numpy(float)
    raw = rate / rate.mean()
    noise = 1.0 / np.maximum(by_month, 1.0)
    spread = max(float(np.var(raw)) - float(noise.mean()), 0.0)
    if spread <= 0.0:
        return {}
    shrunk = 1.0 + (raw - 1.0) * spread / (spread + noise)
    return {name: round(float(value), 4) for name, value in zip(MONTHS, shrunk, strict=True)}


def weekday(created: pd.Series) -> dict[str, float]:
    """Return weekday multipliers (mean 1), with one lead a weekday as prior; empty below 100 leads."""
    if len(created) < 100:
        return {}
    counts = created.dt.day_of_week.value_counts().reindex(range(7), fill_value=0).to_numpy(float)
    share = counts / counts.sum()
    return {name: round(float(7 * value), 4) for name, value in zip(WEEKDAYS, share, strict=True)}


def block_cv(counts: Floats, block: int = 13) -> float | None:
    """Return the spread of whole-quarter means beyond chance, or None below four quarters or without leads."""
    n = len(counts) // block
    if n < 4 or counts[-n * block :].sum() <= 0:
        return None
    sums = counts[-n * block :].reshape(n, block).sum(axis=1)
    slope, _ = trend(counts)
    expected = np.exp(slope * block * (np.arange(n) - (n - 1) / 2.0))
    expected *= sums.sum() / expected.sum()
    extra = np.var(sums / expected, ddof=1) - overdispersion(counts) / max(sums.mean(), 1e-9)
    return float(np.sqrt(max(extra, 0.0)))


def fit_channels(history: History) -> tuple[tuple[Channel, ...], list[Parameter]]:
    """Return the channels of a history and where their numbers come from.

    Only leads created while arrivals were observed count; the trend is used from a year of history
    on, the season from two, because less cannot tell one from the other.
    """
    names = column(history, "channel", "all")
    local = history.deals["created_at"].dt.tz_convert(history.timezone)
    segment = column(history, "segment", "all")
    entry = _entry_stage(history)
    observed = float((history.observed_until - history.observed_from) / DAY)
    age = days(history.observed_until, history.deals["created_at"])  # type: ignore[arg-type]
    counted = (age <= observed) & (age >= 0)
    if counted.sum() < 10:
        counted, observed = age >= 0, float(np.nanmax(age)) if len(age) else 1.0
    channels, parameters = [], []
    for name in _by_size(names[counted]):
        chosen = counted & names.eq(name).to_numpy()
        channel, rows = _fit_channel(
            str(name), age[chosen], observed, local[chosen], segment[chosen], entry[chosen]
        )
        channels.append(channel)
        parameters.extend(rows)
    return tuple(channels), parameters


def _by_size(values: pd.Series) -> list[str]:
    counts = values.value_counts(sort=False)
    return sorted(counts.index, key=lambda value: (-int(counts[value]), str(value)))


def _entry_stage(history: History) -> pd.Series:
    """Return the first stage of each deal (missing where it has no visits)."""
    first = history.visits.sort_values(["deal_id", "seq"], kind="stable").drop_duplicates("deal_id")
    return history.deals["deal_id"].map(first.set_index("deal_id")["stage"])


def shares(values: pd.Series) -> dict[str, float]:
    """Return the share of each label, largest first, adding up to 1."""
    values = values.dropna()
    counts = values.value_counts(sort=False)
    names = _by_size(values)
    total = float(counts.sum())
    return {str(name): float(counts[name]) / total for name in names}


def _fit_channel(
    name: str, age: Floats, observed: float, local: pd.Series, segment: pd.Series, entry: pd.Series
) -> tuple[Channel, list[Parameter]]:
    counts = weekly(age, observed).counts
    rate, error, half_life = level(counts)
    slope, slope_error = trend(counts) if len(counts) >= 8 and counts.sum() >= 20 else (0.0, np.inf)
    use_trend = len(counts) >= 52 and abs(slope) > 2 * slope_error
    months = season(local, len(counts))
    phi = overdispersion(counts)
    growth = float(np.expm1(np.clip(slope, -0.05, 0.05) * YEAR_WEEKS))
    entries = shares(entry)
    channel = Channel(
        name=name,
        leads_per_week=rate,
        trend_per_year=growth if use_trend else 0.0,
        season=months,  # type: ignore[arg-type]  # keys are checked on construction
        weekday=weekday(local),  # type: ignore[arg-type]
        overdispersion=phi,
        segments=shares(segment),
        entry=entries if len(entries) > 1 else {},
    )
    path = f"channels[{name}]"
    status: Status = "identified" if len(counts) >= 8 and counts.sum() >= 50 else "weakly identified"
    n = int(counts.sum())
    ends = [float(np.expm1(min((slope + side * Z95 * slope_error) * YEAR_WEEKS, MOST_LOG_GROWTH))) for side in (-1, 1)] if np.isfinite(slope_error) else [None, None]
    note = "" if use_trend else "not used: season and trend cannot be told apart in under a year" if len(counts) < 52 else "not used: within chance"
    window = "all weeks" if half_life > 1e3 else f"weights halve every {half_life:.0f} weeks"
    rows = [
        Parameter(path=f"{path}.leads_per_week", value=rate, low=max(0.0, rate - Z95 * error),
                  high=rate + Z95 * error, n=n, status=status, note=f"{len(counts)} weeks, {window}"),
        Parameter(path=f"{path}.trend_per_year", value=growth, low=ends[0], high=ends[1], n=len(counts),
                  status="identified" if use_trend else "weakly identified", note=note),
        Parameter(path=f"{path}.overdispersion", value=phi, n=len(counts),
                  status="identified" if len(counts) >= 8 else "assumed", note="variance over mean of weekly counts"),
        Parameter(path=f"{path}.season", value=f"{len(months)} months" if months else "none", n=len(counts),
                  status="identified" if months else "assumed", note="" if months else "needs two years of leads"),
        Parameter(path=f"{path}.weekday", value="7 days" if len(local) >= 100 else "none", n=n,
                  status="identified" if len(local) >= 100 else "assumed", note=""),
    ]  # fmt: skip
    return channel, rows
