"""History tables as the flat arrays that the estimators read."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

if TYPE_CHECKING:
    from simsales.history import History

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
DAY = pd.Timedelta(days=1)
ONE_STAGE = "Open"
OUTCOMES = ("won", "lost", "no_decision", "open")
SAME_DAY = 1.0 / 3.0
"""Mean distance, in days, of two moments of one day: what a zero at day precision stands for."""


@dataclass(frozen=True, eq=False)
class StageVisits:
    """The stays in one stage.

    Parameters
    ----------
    name : str
    causes : tuple of str
        Targets of the exits that were seen, most frequent first.
    duration : ndarray of float, shape (n_visits,)
        Days in the stage, up to the exit or to the end of observation.
    entry : ndarray of float, shape (n_visits,)
        Age in days at which the stay came under observation (0 unless it began before).
    cause : ndarray of int, shape (n_visits,)
        0 where the stay was still going on, else 1 + index into `causes`.
    deal : ndarray of int, shape (n_visits,)
        Row of the deal.
    age_at_end : ndarray of float, shape (n_visits,)
        Days from the beginning of the stay to the end of observation.
    """

    name: str
    causes: tuple[str, ...]
    duration: Floats
    entry: Floats
    cause: Ints
    deal: Ints
    age_at_end: Floats


def placed(history: History) -> History:
    """Return the history with the visits that can be calibrated.

    Where only the current stage and its last change are known (class C), the stages of closed deals
    are not, so a stage model would have open deals that never end. Such a history counts as one
    stage, 'Open', from creation to closing, like class D.

    Parameters
    ----------
    history : History

    Returns
    -------
    History
    """
    if history.history_class != "C":
        return _unreserved(history)
    deals = history.deals[history.deals["created_at"].notna()]
    closed = deals["status"].ne("open") & deals["closed_at"].notna()
    precision = history.visits.groupby("deal_id", sort=True)["precision"].first()
    visits = pd.DataFrame({
        "deal_id": deals["deal_id"], "seq": 0, "stage": ONE_STAGE, "entered_at": deals["created_at"],
        "left_at": deals["closed_at"].where(closed), "exit": deals["status"].where(closed),
        "owner": deals["owner"], "amount": deals["amount"],
        "precision": deals["deal_id"].map(precision).fillna("day"), "is_synthetic": True,
    })  # fmt: skip
    kinds = history.stages[history.stages["kind"].isin(["won", "lost", "no_decision"])]
    one = pd.DataFrame({"stage": [ONE_STAGE], "order": [-1], "kind": ["open"]})
    stages = pd.concat([one, kinds], ignore_index=True)
    return dataclasses.replace(history, visits=visits.reset_index(drop=True), stages=stages)


def _unreserved(history: History) -> History:
    """Return the history with stages that are called like an outcome renamed: 'open' to 'open (stage)'."""
    names = {name: f"{name} (stage)" for name in OUTCOMES if history.visits["stage"].eq(name).any()}
    if not names:
        return history
    visits = history.visits.assign(stage=history.visits["stage"].replace(names))
    visits["exit"] = visits["exit"].replace({name: new for name, new in names.items() if name == "open"})
    stages = history.stages.assign(stage=history.stages["stage"].where(
        ~history.stages["kind"].isin(["open", "parked"]), history.stages["stage"].replace(names)))  # fmt: skip
    return dataclasses.replace(history, visits=visits, stages=stages)


def days(later: pd.Series, earlier: pd.Series | pd.Timestamp) -> Floats:
    """Return the time between two moments in days, as floats (NaN where one is missing)."""
    return np.asarray((later - earlier).dt.total_seconds(), dtype=np.float64) / 86_400.0


def stage_visits(history: History) -> tuple[StageVisits, ...]:
    """Return the stays of every open stage, in stage order.

    Stays that ended before `history.observed_from` are left out, because stays like them that
    are not in the export cannot be counted; stays under way then count from their age (left
    truncation).

    Parameters
    ----------
    history : History

    Returns
    -------
    tuple of StageVisits
    """
    visits = history.visits
    row_of = pd.Series(np.arange(len(history.deals)), index=history.deals["deal_id"].to_numpy())
    deal = row_of.reindex(visits["deal_id"]).to_numpy()
    ended = visits["left_at"].notna() & visits["exit"].notna()
    end = visits["left_at"].where(ended, history.observed_until)
    duration = np.maximum(days(end, visits["entered_at"]), 0.0)
    entry = np.maximum(days(history.observed_from, visits["entered_at"]), 0.0)  # type: ignore[arg-type]
    age_at_end = days(history.observed_until, visits["entered_at"])  # type: ignore[arg-type]
    is_day = visits["precision"].eq("day").to_numpy()
    duration = np.where(is_day & (duration <= 0.0), SAME_DAY, duration)
    known = ~np.isnan(duration) & ~np.isnan(deal.astype(float)) & (duration >= entry)
    known &= (duration > entry) | ended.to_numpy()
    exits = visits["exit"].where(ended)
    found = []
    for name in stage_order(history):
        chosen = known & visits["stage"].eq(name).to_numpy()
        if not chosen.any():
            continue
        counts = exits[chosen].value_counts(sort=False)
        causes = tuple(sorted(counts.index, key=lambda target: (-int(counts[target]), str(target))))
        codes = {target: i + 1 for i, target in enumerate(causes)}
        cause = exits[chosen].map(codes).fillna(0).to_numpy().astype(np.int64)
        found.append(
            StageVisits(
                name, causes, duration[chosen], entry[chosen], cause,
                deal[chosen].astype(np.int64), age_at_end[chosen],
            )  # fmt: skip
        )
    return tuple(found)


def stage_order(history: History) -> tuple[str, ...]:
    """Return the stages in which deals stay, in their order."""
    meta = history.stages
    names = [str(s) for s in meta.loc[meta["kind"].isin(["open", "parked"])].sort_values("order")["stage"]]
    seen = history.visits.groupby("stage", sort=True)["seq"].median()
    names = [name for name in names if name in seen.index]
    rest = [str(name) for name in seen.sort_values(kind="stable").index if name not in names]
    return tuple(names + rest)


def column(history: History, name: str, default: str) -> pd.Series:
    """Return a text column of the deals with blanks replaced; all `default` where it is empty."""
    values = history.deals[name] if name in history.deals else pd.Series(index=history.deals.index)
    values = values.astype("object").where(values.notna(), None)
    if values.isna().all():
        return pd.Series(default, index=history.deals.index, dtype="object")
    return values.where(values.notna(), "(none)").astype(str)


def rounded(values: Floats) -> list[float]:
    """Return values to seven significant digits: more would only make model files longer.

    Examples
    --------
    >>> rounded(np.array([1234.56789123]))
    [1234.568]
    """
    return [float(f"{value:.7g}") for value in values]
