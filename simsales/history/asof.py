"""Rebuild what was known at a past moment, without leaks."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simsales.errors import HistoryError, got
from simsales.history import pieces, tables

if TYPE_CHECKING:
    from simsales.history.history import History

OPEN_STAGE = "Open"
ATTRIBUTES = ("deal_id", "created_at", "segment", "channel", "product", "region", "currency")


def moment(t: str | dt.date | pd.Timestamp, timezone: str) -> pd.Timestamp:
    """Return a moment as UTC; a bare date is the last microsecond of that day in the zone.

    Examples
    --------
    >>> moment("2026-06-30", "Asia/Shanghai")
    Timestamp('2026-06-30 15:59:59.999999+0000', tz='UTC')
    """
    try:
        stamp = pd.Timestamp(t)
    except (ValueError, TypeError) as error:
        raise HistoryError(f"as_of must be a date or time, got {got(t)}. Hint: write it like 2026-06-30.") from error
    if pd.isna(stamp):
        raise HistoryError(f"as_of must be a date or time, got {got(t)}. Hint: write it like 2026-06-30.")
    is_day = (isinstance(t, dt.date) and not isinstance(t, dt.datetime)) or (isinstance(t, str) and len(t.strip()) <= 10)
    if stamp.tz is None:
        stamp = (stamp + pd.Timedelta(days=1) if is_day else stamp).tz_localize(timezone, ambiguous=True, nonexistent="shift_forward")
        stamp = stamp - pd.Timedelta(microseconds=1) if is_day else stamp
    return stamp.tz_convert("UTC").as_unit("us")


def snapshot(history: History, t: str | dt.date | pd.Timestamp) -> History:
    """Return the history as it was known at ``t``; see :meth:`History.as_of`."""
    at = moment(t, history.timezone)
    undated = int(history.deals["created_at"].isna().sum())
    deals = history.deals[history.deals["created_at"].notna() & (history.deals["created_at"] <= at)].reset_index(drop=True)
    if deals.empty:
        first = history.deals["created_at"].min()
        raise HistoryError(f"as_of must not lie before the first deal ({first:%Y-%m-%d}), got {at:%Y-%m-%d}. Hint: choose a later date.")
    visits, deals = _visits_then(history, deals, at), deals
    changes = _changes_then(history.changes[history.changes["deal_id"].isin(deals["deal_id"])], at)
    deals = _deals_then(history, deals, visits, changes, at)
    tasks = _tasks_then(history.tasks, visits, at)
    note = f"As of {at:%Y-%m-%d %H:%M} UTC: {len(history.deals) - len(deals) - undated:,} later deals left out" + (
        f", {undated:,} deals without a created date left out" if undated else ""
    )
    report = replace(history.report, censored_share=float((deals["status"] == "open").mean()), notes=(*history.report.notes, note + "."))
    return replace(
        history, deals=deals, visits=visits, tasks=tasks, reps=_reps_then(history.reps, deals, visits, tasks, at),
        changes=changes.reset_index(drop=True), report=report,
        observed_from=min(history.observed_from, at), observed_until=min(history.observed_until, at),
    )  # fmt: skip


def _changes_then(changes: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """Return the changes by ``at``; a status is on record only of deals that were opened again by then."""
    known = changes[changes["changed_at"] <= at]
    status = known[known["field"] == "status"].sort_values(["deal_id", "changed_at"], kind="stable")
    again = (status["value"] == "open") & (status["deal_id"] == status["deal_id"].shift())
    return known[(known["field"] != "status") | known["deal_id"].isin(status.loc[again, "deal_id"])]


def _visits_then(history: History, deals: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """Return the visits entered by ``at``, those that end later reopened."""
    visits = history.visits[(history.visits["entered_at"] <= at) & history.visits["deal_id"].isin(deals["deal_id"])].copy()
    unfinished = visits["left_at"].isna() | (visits["left_at"] > at)
    if history.history_class != "A" and at < history.observed_until and "amount" not in history.report.mapping.get("known_at_creation", ()):
        visits["amount"] = visits["amount"].mask(unfinished)  # the amount of today, not that at entry
    visits["left_at"] = visits["left_at"].mask(unfinished)
    visits["exit"] = visits["exit"].mask(unfinished)
    closed = _closed_then(history, at)
    if len(closed):  # deals that were closed at the time and opened again later
        last = unfinished & visits["deal_id"].isin(closed.index)
        visits["left_at"] = visits["left_at"].mask(last, visits["deal_id"].map(closed["changed_at"]))
        visits["exit"] = visits["exit"].mask(last, visits["deal_id"].map(closed["value"]))
    return tables.shaped(pd.concat([visits, _placeholders(history, deals, visits, at)]) if history.history_class == "C" else visits, "visits")


def _closed_then(history: History, at: pd.Timestamp) -> pd.DataFrame:
    """Return when and how deals were closed that were opened again after ``at``, by deal."""
    trail = history.changes[(history.changes["field"] == "status") & (history.changes["changed_at"] <= at)]
    last = trail.sort_values("changed_at", kind="stable").groupby("deal_id")[["changed_at", "value"]].last()
    final = history.deals.set_index("deal_id")["closed_at"].reindex(last.index)
    return last[(last["value"] != "open") & ~(final <= at)]


def _placeholders(history: History, deals: pd.DataFrame, visits: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """Return an ``Open`` visit for each deal whose stage at ``at`` nobody recorded (class C)."""
    missing = deals[~deals["deal_id"].isin(visits["deal_id"]) & ~(deals["closed_at"] <= at)]
    precision = history.report.precision
    return tables.shaped(
        missing[["deal_id", "owner"]].assign(
            seq=0, stage=OPEN_STAGE, entered_at=missing["created_at"], precision=precision, is_synthetic=True
        ),
        "visits",
    )


def _deals_then(history: History, deals: pd.DataFrame, visits: pd.DataFrame, changes: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """Return the deals with everything that happened after ``at`` undone."""
    out = deals.copy()
    was_open = ~((out["status"] != "open") & (out["closed_at"] <= at))
    current = visits.groupby("deal_id", sort=False).last()
    out["status"] = out["status"].mask(was_open, "open")
    out["closed_at"] = out["closed_at"].mask(was_open)
    closed = _closed_then(history, at)
    if len(closed):
        hit = out["deal_id"].isin(closed.index)
        out["status"] = out["status"].mask(hit, out["deal_id"].map(closed["value"]))
        out["closed_at"] = out["closed_at"].mask(hit, out["deal_id"].map(closed["changed_at"]))
    if at >= history.observed_until:  # nothing is undone, so nothing can leak
        return tables.shaped(out, "deals")
    out["stage"] = out["stage"].mask(was_open, out["deal_id"].map(current["stage"]))
    known = set(history.report.mapping.get("known_at_creation", ()))
    out["amount"] = _amount_then(history, out, current, known, was_open)
    if "expected_close" not in known:
        out["expected_close"] = out["expected_close"].mask(was_open)
    if history.history_class in "AB":
        out["owner"] = out["owner"].mask(was_open & out["deal_id"].isin(current.index), out["deal_id"].map(current["owner"]))
    later = history.changes[history.changes["changed_at"] > at]
    out = _apply_changes(out, changes, later, was_open)
    for name in [name for name in out.columns if name not in tables.DEALS and name not in known]:
        out[name] = out[name].mask(was_open)
    return tables.shaped(out, "deals")


def _amount_then(history: History, deals: pd.DataFrame, current: pd.DataFrame, known: set[str], was_open: pd.Series) -> pd.Series:
    """Return amounts known at the moment: the visits' trail for class A, otherwise none for open deals."""
    if "amount" in known:
        return deals["amount"]
    trail = deals["deal_id"].map(current["amount"]) if history.history_class == "A" else np.nan
    return deals["amount"].mask(was_open, trail)


def _apply_changes(deals: pd.DataFrame, changes: pd.DataFrame, later: pd.DataFrame, was_open: pd.Series) -> pd.DataFrame:
    """Return deals with the owner, amount and expected close last recorded, where those of today came later."""
    for name, group in changes[changes["field"] != "status"].groupby("field", sort=True):
        last = group.sort_values("changed_at", kind="stable").groupby("deal_id")["value"].last()
        value = deals["deal_id"].map(last)
        changed = deals["deal_id"].isin(later.loc[later["field"] == name, "deal_id"])
        hit = (was_open | changed) & value.notna()
        if name == "amount":
            value = value.astype("float64")
        elif name == "expected_close":
            value = tables.times(value)
        deals[str(name)] = deals[str(name)].mask(hit, value)
    return deals


def _tasks_then(tasks: pd.DataFrame, visits: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """Return the tasks queued by ``at``; what was unfinished then has no end and no work yet."""
    queued = tasks["queued_at"].fillna(tasks["started_at"]).dt.as_unit("us")
    keys = pd.MultiIndex.from_frame(visits[["deal_id", "seq"]])
    out = tasks[(queued <= at) & pd.MultiIndex.from_frame(tasks[["deal_id", "seq"]]).isin(keys)].copy()
    not_begun = out["started_at"].isna() | (out["started_at"] > at)
    unfinished = out["ended_at"].isna() | (out["ended_at"] > at)
    out["rep"] = out["rep"].mask(not_begun)
    out["started_at"] = out["started_at"].mask(not_begun)
    out["ended_at"] = out["ended_at"].mask(unfinished)
    out["work_hours"] = out["work_hours"].mask(unfinished)
    for name in ("dropped_at", "handed_at"):  # a simulated run has them
        if name in out:
            out[name] = out[name].mask(out[name] > at)
    if "pieces" in out and (several := unfinished & out["pieces"].notna()).any():
        then = pieces.until(out.loc[several, "pieces"], at)
        for name in then.columns:
            out[name] = out[name].astype("object").where(~several, then[name].astype("object").reindex(out.index))
            out[name] = tables.times(out[name]) if name.endswith("_at") else out[name]
    return tables.shaped(out, "tasks")


def _reps_then(reps: pd.DataFrame, deals: pd.DataFrame, visits: pd.DataFrame, tasks: pd.DataFrame, at: pd.Timestamp) -> pd.DataFrame:
    """Return the reps known at ``at``: hired by then, or seen at work by then."""
    seen = pd.concat([deals["owner"], visits["owner"], tasks["rep"]]).dropna().unique()
    described = reps[["role", "team", "region", "hired_at"]].notna().any(axis=1)
    out = reps[(reps["rep"].isin(seen) | described) & ~(reps["hired_at"] > at)].copy()
    out["left_at"] = out["left_at"].mask(out["left_at"] > at)
    return tables.shaped(out, "reps")
