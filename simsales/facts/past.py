"""Facts of a real history."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simsales.engine.life.state import NO_RESPONSE, REASONS
from simsales.facts.columns import Deals, Facts, Reps, Tasks, handed, masked, stays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from simsales.history import History

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

DAY = pd.Timedelta(days=1)
CAUSES = ("open", "won", "lost", "no_decision")


def from_history(history: History) -> Facts:
    """Return the facts of a real history; its window is what was observed, and nothing after it counts.

    Parameters
    ----------
    history : History

    Returns
    -------
    Facts
        Days since the first observed moment. Capacity is not known, so utilisation is not either.
    """
    history = _without_later(history)
    deals, visits = history.deals, history.visits
    zero = history.observed_from
    until = float((history.observed_until - zero) / DAY)
    ids = pd.Index(deals["deal_id"])
    segments, channels = _names(deals["segment"]), _names(deals["channel"])
    reps = _names(pd.concat([history.reps["rep"], deals["owner"]], ignore_index=True))
    products, regions, teams = (_names(table[name]) for table, name in (
        (deals, "product"), (deals, "region"), (history.reps, "team")))  # fmt: skip
    stages = tuple(history.stages.loc[history.stages["kind"] == "open", "stage"])
    created, cause = _days(deals["created_at"], zero), _codes(deals["status"], CAUSES)
    closed = _days(deals["closed_at"], zero)
    tasks, roles = _history_tasks(history, ids, zero, stages, reps, np.where(np.isnan(closed), until, closed))
    first = _first_start(history, ids, zero)
    columns = Deals(
        created=created, closed=closed, amount=deals["amount"].to_numpy(float),
        won=(cause == 1) & ~(closed < 0) & ~(closed > until), is_new=(created >= 0) & (created <= until), unanswered=_unanswered(history),
        cause=cause, owner=_codes(deals["credited"].fillna(deals["owner"]) if "credited" in deals else deals["owner"], reps), segment=_codes(deals["segment"], segments),
        channel=_codes(deals["channel"], channels), answered=first,
        product=_codes(deals["product"], products), region=_codes(deals["region"], regions),
        listed=deals["list_amount"].to_numpy(float) if "list_amount" in deals else np.full(len(deals), np.nan),
        delivery=np.full(len(deals), np.nan), position=np.arange(len(deals)),
    )  # fmt: skip
    visited = stays(
        ids.get_indexer(pd.Index(visits["deal_id"])).astype(np.int64), _codes(visits["stage"], stages),
        _days(visits["entered_at"], zero), _days(visits["left_at"], zero), np.full(len(visits), np.nan),
        np.ones(len(visits), dtype=bool),
    )  # fmt: skip
    people = _history_people(history, reps, teams, zero)
    months = _history_months(history, zero)
    return Facts(0.0, until, columns, masked(visited, visited.deal >= 0), tasks, people, segments, channels, stages,
                 roles, reps, months, products=products, regions=regions, teams=teams, traced=history.history_class == "A")  # fmt: skip


def _without_later(history: History) -> History:
    """Return a history without what its tables say of the time after its end, where they do."""
    end = history.observed_until
    deals, visits, tasks = history.deals, history.visits, history.tasks
    stamps = (deals["created_at"], deals["closed_at"], visits["entered_at"], visits["left_at"], tasks["queued_at"], tasks["started_at"])
    if not any((stamp > end).any() for stamp in stamps):
        return history
    open_then = deals["closed_at"] > end
    deals = deals.assign(closed_at=deals["closed_at"].mask(open_then), status=deals["status"].mask(open_then, "open"))
    if "credited" in deals:
        deals = deals.assign(credited=deals["credited"].mask(open_then))
    visits = visits.assign(left_at=visits["left_at"].mask(visits["left_at"] > end))
    later = tasks["started_at"] > end
    tasks = tasks.assign(rep=tasks["rep"].mask(later), started_at=tasks["started_at"].mask(later), ended_at=tasks["ended_at"].mask(tasks["ended_at"] > end))
    return dataclasses.replace(
        history, deals=deals[~(deals["created_at"] > end)], visits=visits[~(visits["entered_at"] > end)],
        tasks=tasks[~(tasks["queued_at"] > end)],
    )  # fmt: skip


def _history_people(history: History, reps: Sequence[str], teams: Sequence[str], zero: pd.Timestamp) -> Reps:
    """Return the reps of a history; who is not in its table of reps has no team and no dates."""
    rows, n = history.reps.drop_duplicates("rep"), len(reps)
    place = _codes(rows["rep"], reps)
    team, hired, left = np.full(n, -1), np.full(n, np.nan), np.full(n, np.nan)
    team[place], hired[place] = _codes(rows["team"], teams), _days(rows["hired_at"], zero)
    left[place] = _days(rows["left_at"], zero)
    return Reps(np.arange(n), np.full(n, -1), np.full(n, np.nan), team, hired, left)


def _unanswered(history: History) -> Floats:
    """Return which deals were lost because nobody had time, where the history records that (as that of a simulated run does).

    A CRM's own reasons for losses (price, competitor) say nothing of it.
    """
    deals, name = history.deals, REASONS[NO_RESPONSE]
    said = deals["reason"] == name if "reason" in deals else pd.Series(data=False, index=deals.index)
    if history.report.source != "simulation" and not said.any():
        return np.full(len(deals), np.nan)
    return np.asarray(said, dtype=np.float64)


def _names(column: pd.Series) -> tuple[str, ...]:
    return tuple(sorted({str(name) for name in column.dropna()}))


def _codes(column: pd.Series, names: Sequence[str]) -> Ints:
    """Return the position of each text in names, -1 where it is missing or unknown."""
    place = {name: i for i, name in enumerate(names)}
    return np.array([place.get(name, -1) for name in column.tolist()], dtype=np.int64)


def _days(column: pd.Series, zero: pd.Timestamp) -> Floats:
    return np.asarray((column - zero) / DAY, dtype=float)


def _history_tasks(
    history: History, ids: pd.Index, zero: pd.Timestamp, stages: Sequence[str], reps: Sequence[str], ends: Floats
) -> tuple[Tasks, tuple[str, ...]]:
    """Return the tasks and the roles in them; a task that never began waited until its deal's end."""
    tasks = history.tasks
    roles, deal = _names(tasks["role"]), ids.get_indexer(pd.Index(tasks["deal_id"])).astype(np.int64)
    queued, started = _days(tasks["queued_at"], zero), _days(tasks["started_at"], zero)
    never = ends[deal] if len(ends) else np.full(len(tasks), np.nan)
    if "dropped_at" in tasks:  # a simulated run tells when
        dropped = _days(tasks["dropped_at"], zero)
        never = np.where(np.isnan(dropped), never, dropped)
    wait = np.where(np.isnan(started), never, started) - queued
    does = _codes(tasks["role"], roles)
    if "handed_at" in tasks:
        waited = started - _days(tasks["handed_at"], zero)
    else:
        waited = handed(deal, does, queued, started, _days(tasks["ended_at"], zero))
    columns = Tasks(
        deal, _codes(tasks["stage"], stages), does, _codes(tasks["rep"], reps), wait, np.full(len(tasks), np.nan), waited,
    )  # fmt: skip
    before = (started < 0) | (queued + wait < 0)  # begun or given up before the window
    return masked(columns, (columns.deal >= 0) & ~before), roles


def _first_start(history: History, ids: pd.Index, zero: pd.Timestamp) -> Floats:
    """Return the day on which each deal's first task began."""
    first = history.tasks.groupby("deal_id")["started_at"].min().reindex(ids)
    return _days(first, zero) if len(first.dropna()) else np.full(len(ids), np.nan)


def _history_months(history: History, zero: pd.Timestamp) -> tuple[tuple[str, float, float], ...]:
    """Return the calendar months that the history touches, in its own zone."""
    first, last = (t.tz_convert(history.timezone) for t in (history.observed_from, history.observed_until))
    starts = pd.date_range(first.normalize().replace(day=1), periods=(last.year - first.year) * 12 + last.month
                           - first.month + 2, freq="MS")  # fmt: skip
    days = [float((t.tz_convert("UTC") - zero) / DAY) for t in starts]
    last_day = float((history.observed_until - zero) / DAY)
    return tuple((f"{t:%Y-%m}", a, b) for t, a, b in zip(starts, days, days[1:], strict=False) if a < last_day)
