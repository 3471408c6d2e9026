"""Simple forecasts to stand beside ours: what anybody could have said on the same day."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simsales.calibrate.data import DAY

if TYPE_CHECKING:
    from simsales.calibrate import Calibration
    from simsales.history import History

RUN_RATE_DAYS = 91.0


def won_between(history: History, start: pd.Timestamp, end: pd.Timestamp) -> float:
    """Return the amount won in ``start <= closed < end``, in the history's currency.

    Half-open, because days end where the next one begins: a deal that closed on a day without a time
    of day carries that day's first moment.
    """
    deals = history.deals
    inside = deals["status"].eq("won") & (deals["closed_at"] >= start) & (deals["closed_at"] < end)
    return float(deals.loc[inside, "amount"].sum())


def run_rate(history: History, since: pd.Timestamp, until: pd.Timestamp, booked: float) -> float:
    """Return booked plus the daily bookings of the last 91 days (or of what there is) times days to go."""
    now = history.observed_until
    span = min(RUN_RATE_DAYS, float((now - history.observed_from) / DAY))
    if span <= 0:
        return float("nan")
    per_day = won_between(history, now - span * DAY, now) / span
    return booked + per_day * max(float((until - max(now, since)) / DAY), 0.0)


def last_period(history: History, since: pd.Timestamp, until: pd.Timestamp) -> float:
    """Return what was booked in the period of the same length before `since`; NaN if not observed."""
    start = since - (until - since)
    if start < history.observed_from - DAY or since > history.observed_until + DAY:
        return float("nan")
    return won_between(history, start, since)


def same_period_last_year(history: History, since: pd.Timestamp, until: pd.Timestamp) -> float:
    """Return what was booked in the same period a year ago; NaN if not observed."""
    start, end = since - pd.DateOffset(years=1), until - pd.DateOffset(years=1)
    if start < history.observed_from - DAY or end > history.observed_until + DAY:
        return float("nan")
    return won_between(history, start, end)


def stage_weighted(calibration: Calibration, booked: float) -> float:
    """Return booked plus open amounts times the win rate of closed deals that saw their stage.

    The usual CRM number: it forgets deals not yet created, takes the eventual win rate for this
    period's, and the closed deals' rate for all.
    """
    history = calibration.history
    opening = calibration.opening()
    status = history.deals.set_index("deal_id")["status"]
    seen = history.visits[["deal_id", "stage"]].drop_duplicates()
    outcome = seen["deal_id"].map(status)
    closed = outcome.ne("open")
    won = outcome.eq("won")
    rate = won[closed].groupby(seen["stage"][closed]).mean()
    known = history.deals.loc[history.deals["status"].eq("won"), "amount"].dropna()
    typical = float(known.mean()) if len(known) else 0.0
    amount = opening["amount"].astype(float).fillna(typical)
    return booked + float((amount * opening["stage"].map(rate).fillna(0.0)).sum())


def baselines(
    calibration: Calibration, since: pd.Timestamp, until: pd.Timestamp, booked: float
) -> dict[str, float]:
    """Return every simple forecast of the bookings from `since` to `until`.

    Parameters
    ----------
    calibration : Calibration
        Of the history as known at the forecast's date.
    since, until : Timestamp
    booked : float
        Already won since `since`.

    Returns
    -------
    dict
        Name to amount; NaN where the history is too short.
    """
    history = calibration.history
    return {
        "run_rate": run_rate(history, since, until, booked),
        "last_period": last_period(history, since, until),
        "same_period_last_year": same_period_last_year(history, since, until),
        "stage_weighted": stage_weighted(calibration, booked),
    }


def noise_floor(expected_wins: float, amounts: pd.Series) -> float:
    """Return the mean absolute error, relative to the forecast, that nobody can beat.

    With every rate known, the number of wins is still a draw: ``sqrt(2 / pi) sqrt((1 + cv^2) / W)``.

    Parameters
    ----------
    expected_wins : float
        Wins still to come.
    amounts : Series of float
        Won amounts, for their coefficient of variation.

    Returns
    -------
    float
        NaN without an expected win.

    Examples
    --------
    >>> round(noise_floor(100.0, pd.Series([1.0, 1.0])), 3)
    0.08
    """
    if expected_wins <= 0:
        return float("nan")
    values = amounts.dropna().to_numpy(float)
    mean = values.mean() if len(values) else 0.0
    cv = float(values.std() / mean) if mean > 0 else 0.0
    return float(np.sqrt(2.0 / np.pi) * np.sqrt((1.0 + cv**2) / expected_wins))


__all__ = ["baselines", "noise_floor", "won_between"]
