"""How far open stays are, where the history has recorded their tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from simsales.calibrate.data import DAY

if TYPE_CHECKING:
    from simsales.history import History

__all__ = ["progress"]

COLUMNS = ["answered", "response_hours", "delay_days", "task[1]", "task_days[1]", "task_rep[1]"]


def progress(history: History, current: pd.DataFrame, worked: set[str], labels: dict[str, str]) -> pd.DataFrame:
    """Return what tasks say about open stays: columns of the opening table, empty where nothing is recorded.

    Parameters
    ----------
    history : History
    current : DataFrame
        Open visits, one a deal: ``deal_id, seq, stage, entered_at``.
    worked : set of str
        Stages in which the model has work; a stay in another one is all delay.
    labels : dict of str to str
        Names of reps in the model.

    Returns
    -------
    DataFrame
        Rows as `current`: ``answered, response_hours, delay_days, task[1], task_days[1], task_rep[1]``.
    """
    tasks, created = history.tasks, history.deals.set_index("deal_id")["created_at"]
    begun = tasks.dropna(subset=["started_at"]).groupby("deal_id")["started_at"].min()
    stays = dict(iter(tasks[tasks["stage"].isin(worked)].groupby(["deal_id", "seq"], sort=False)))
    rows: list[dict[str, Any]] = []
    for deal, seq, entered in zip(current["deal_id"], current["seq"], current["entered_at"], strict=True):
        row: dict[str, Any] = {}
        if deal in begun.index:
            row |= {"answered": True, "response_hours": max(_days(created[deal], begun[deal]) * 24.0, 0.0)}
        group = stays.get((deal, seq))
        rows.append(row | (_stay(group, entered, history.observed_until, labels) if group is not None else {}))
    found = pd.DataFrame(rows, index=current.index, columns=COLUMNS)
    return found[[name for name in COLUMNS if found[name].notna().any()]]


def _stay(tasks: pd.DataFrame, entered: Any, now: Any, labels: dict[str, str]) -> dict[str, Any]:
    """Return how far one stay is, given its tasks."""
    age = _days(entered, now)
    going_on = tasks[tasks["ended_at"].isna()]
    if going_on.empty:
        return {"delay_days": age}  # the laws of exits are learnt from whole stays: so is the age that goes with them
    at_work = going_on.dropna(subset=["started_at"])
    if at_work.empty:
        since = going_on["queued_at"].min()
        return {"task[1]": "waiting", "task_days[1]": age if pd.isna(since) else _within(_days(since, now), age)}
    days = _within(_days(at_work["started_at"].min(), now), age)
    return {"task[1]": "working", "task_days[1]": days, "task_rep[1]": labels.get(str(at_work["rep"].iloc[0]))}


def _days(begin: Any, end: Any) -> float:
    """Return the days between two moments."""
    return float((end - begin) / DAY)


def _within(days: float, age: float) -> float:
    return min(max(days, 0.0), age)
