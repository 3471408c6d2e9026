"""From stage entries to visits, and from parts to a History: shared by every reader."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from simsales.errors import HistoryError
from simsales.history import tables
from simsales.history.asof import moment
from simsales.history.history import History
from simsales.history.readers.table import Context

CLOSED = ("won", "lost", "no_decision")
UNLIKELY = 7.0  # closings expected before the first one; chance leaves that many out once in a thousand histories (exp(-7))
COARSENESS = ("snapshot", "day", "minute", "second")


@dataclass(eq=False)
class Parts:
    """What a reader found, before it is a History."""

    deals: pd.DataFrame
    visits: pd.DataFrame
    history_class: str
    stages: dict[str, str]
    precision: str
    tasks: pd.DataFrame = field(default_factory=pd.DataFrame)
    reps: pd.DataFrame = field(default_factory=pd.DataFrame)
    changes: pd.DataFrame = field(default_factory=pd.DataFrame)
    last_seen: pd.Timestamp | None = None


def coarsest(precision: np.ndarray) -> str:
    """Return the least precise of some precisions."""
    found = set(np.unique(precision.astype("U8"))) - {""}
    return next((name for name in COARSENESS if name in found), "day")


def finish(parts: Parts, context: Context) -> History:
    """Return the History of what a reader found, with its report."""
    deals = tables.shaped(parts.deals, "deals").sort_values(["created_at", "deal_id"], kind="stable")
    deals["status"] = deals["status"].fillna("open")
    deals = tables.shaped(deals, "deals")
    visits = tables.shaped(parts.visits, "visits")
    place = pd.Series(np.arange(len(deals)), index=deals["deal_id"])
    rank = visits["deal_id"].map(place).to_numpy()
    visits = tables.shaped(visits.iloc[np.lexsort((visits["seq"].to_numpy(), rank))], "visits")
    tasks = _sorted_tasks(tables.shaped(parts.tasks, "tasks"), place)
    until = _until(parts, deals, visits, context)
    start = _observed_from(parts, deals, context)
    currency = _currency(deals, context)
    if (deals["status"] == "open").all() and context.ledger.source in ("deals", "stage_history", "changes"):
        context.ledger.note("All deals are open: no status or stage says that one ended. Hint: if some did, name how in a mapping, like outcomes: {won: [..], lost: [..]}.")
    if deals["amount"].isna().all():
        context.ledger.note("No amounts were found: bookings and sizes of deals are not known. Hint: if there is such a column, name it in a mapping, like columns: {amount: CAPTION}.")
    unnamed = [str(stage) for stage in visits["stage"].dropna().unique() if stage not in parts.stages]
    stages = {**dict.fromkeys(sorted(unnamed), "open"), **parts.stages}
    report = context.ledger.report(
        {
            "history_class": parts.history_class,
            "precision": parts.precision,
            "synthetic": int(visits["is_synthetic"].sum()),
            "censored_share": float((deals["status"] == "open").mean()) if len(deals) else 0.0,
        }.items()
    )
    return History(
        deals=deals, visits=visits, tasks=tasks, reps=_reps(parts.reps, deals, visits, tasks), stages=_stages(stages),
        report=report, observed_from=start, observed_until=until, history_class=parts.history_class, currency=currency,
        timezone=context.tz, changes=_changes(parts.changes),
    )  # fmt: skip


def _sorted_tasks(tasks: pd.DataFrame, place: pd.Series) -> pd.DataFrame:
    """Return tasks by deal, visit and time."""
    order = tasks.assign(_place=tasks["deal_id"].map(place)).sort_values(["_place", "seq", "queued_at", "started_at", "rep"], kind="stable")
    return tables.shaped(order.drop(columns="_place"), "tasks")


def _changes(changes: pd.DataFrame) -> pd.DataFrame:
    """Return recorded changes in order of time."""
    shaped = tables.shaped(changes, "changes")
    return tables.shaped(shaped.sort_values(["changed_at", "deal_id", "field", "value"], kind="stable"), "changes")


def _until(parts: Parts, deals: pd.DataFrame, visits: pd.DataFrame, context: Context) -> pd.Timestamp:
    """Return the moment after which nothing is known: as given, else the last stamp (the end of its day)."""
    given = context.until or context.mapping.until
    if given is not None:
        return moment(given, context.tz)
    seen = [deals["created_at"].max(), deals["closed_at"].max(), visits["entered_at"].max(), parts.last_seen]
    stamps = [stamp for stamp in seen if stamp is not None and not pd.isna(stamp)]
    if not stamps:
        raise HistoryError("The history must hold at least one dated deal, got none. Hint: check the created date column.")
    last = max(stamps)
    return moment(str(last.tz_convert(context.tz).date()), context.tz) if parts.precision == "day" else last.as_unit("us")


def _observed_from(parts: Parts, deals: pd.DataFrame, context: Context) -> pd.Timestamp:
    """Return the moment from which closings are recorded; a guess unless the mapping says it."""
    first: pd.Timestamp = deals["created_at"].min()
    given = context.mapping.observed_from
    if given is not None:
        start: pd.Timestamp = moment(given, context.tz).tz_convert(context.tz).normalize().tz_convert("UTC").as_unit("us")
        return start
    closed = deals[deals["closed_at"].notna() & (deals["status"] != "open")]
    if len(closed) < 20:
        return first
    opening: pd.Timestamp = closed["closed_at"].min()
    cycles = np.sort((closed["closed_at"] - closed["created_at"]).dt.total_seconds().to_numpy())
    ages = (opening - deals.loc[deals["created_at"] < opening, "created_at"]).dt.total_seconds().to_numpy()
    expected = float(np.searchsorted(cycles, ages, side="left").sum()) / len(cycles) * len(closed) / len(deals)
    if expected < UNLIKELY:
        return first
    context.ledger.note(
        f"No deal closed before {opening.tz_convert(context.tz):%Y-%m-%d}, although about {expected:,.0f} of the {len(ages):,} created earlier should have: closings seem "
        "to be recorded only from that day (a guess; observed_from: in the mapping states it)."
    )
    return opening


def _currency(deals: pd.DataFrame, context: Context) -> str | None:
    """Return the one currency, and fill it in where the source names none."""
    codes = sorted(set(deals["currency"].dropna()) | ({context.mapping.currency} if context.mapping.currency else set()) | context.ledger.currencies)
    context.ledger.currencies |= set(codes)
    if len(codes) > 1:
        context.ledger.note(f"Amounts are in several currencies ({', '.join(codes)}) and were not converted.")
    if not codes and context.chinese and deals["amount"].notna().any():
        context.ledger.note("No currency is named; amounts were taken as CNY, since the captions are Chinese. Hint: state currency: in a mapping.")
        return "CNY"
    return codes[0] if len(codes) == 1 else None


def _stages(kinds: Mapping[str, str]) -> pd.DataFrame:
    """Return stage metadata in the order given."""
    rows = [{"stage": stage, "order": order, "kind": kind} for order, (stage, kind) in enumerate(kinds.items())]
    return tables.shaped(pd.DataFrame(rows, columns=list(tables.STAGES)), "stages")


def _reps(given: pd.DataFrame, deals: pd.DataFrame, visits: pd.DataFrame, tasks: pd.DataFrame) -> pd.DataFrame:
    """Return the reps of a reps file and every owner or rep that it lacks."""
    known = tables.shaped(given, "reps").dropna(subset="rep").drop_duplicates("rep")
    seen = pd.concat([deals["owner"], visits["owner"], tasks["rep"]]).dropna()
    new = sorted(set(seen.unique()) - set(known["rep"]))
    extra = tables.shaped(pd.DataFrame({"rep": new}), "reps")
    if known.empty:
        return extra
    return tables.shaped(pd.concat([known, extra]) if new else known, "reps")


def visits_of(entries: pd.DataFrame, closings: pd.DataFrame) -> pd.DataFrame:
    """Return one row a stay from sorted stage entries.

    Parameters
    ----------
    entries : DataFrame
        ``deal_id, time, stage, precision`` and optionally owner, amount, is_synthetic, left_at; sorted by deal and time.
        Consecutive equal stages collapse; returns to a stage stay.
    closings : DataFrame, indexed by deal_id
        ``closed_at, status`` of closed deals.

    Returns
    -------
    DataFrame
        The visits table.
    """
    deal, stage = entries["deal_id"].to_numpy(dtype=object), entries["stage"].to_numpy(dtype=object)
    new = np.ones(len(entries), dtype=bool)
    new[1:] = (deal[1:] != deal[:-1]) | (stage[1:] != stage[:-1])
    out = entries[new].reset_index(drop=True)
    deal = out["deal_id"].to_numpy(dtype=object)
    last = np.ones(len(out), dtype=bool)
    last[:-1] = deal[1:] != deal[:-1]
    starts = np.flatnonzero(np.concatenate([[True], last[:-1]])) if len(out) else np.zeros(0, dtype=int)
    seq = np.arange(len(out)) - np.repeat(starts, np.diff(np.concatenate([starts, [len(out)]])))
    following = out["time"].shift(-1).mask(last)
    left = following.where(~last, lookup(out["deal_id"], closings["closed_at"]))
    exits = out["stage"].shift(-1).where(~last, lookup(out["deal_id"], closings["status"]))
    out = out.rename(columns={"time": "entered_at"}).assign(seq=seq, left_at=left, exit=exits)
    out = out if "is_synthetic" in out else out.assign(is_synthetic=False)
    return out[[name for name in tables.VISITS if name in out]]


def lookup(keys: pd.Series, table: pd.Series) -> pd.Series:
    """Return the value of each key in a table with distinct labels; missing where it has none."""
    return pd.Series(table.reindex(keys.to_numpy()).array, index=keys.index)


def order_of(entries: pd.DataFrame) -> list[str]:
    """Return stages in the order in which deals usually reach them.

    Each stage counts by the mean place of its first entry within a deal; ties by name. Independent of row order.
    """
    if entries.empty:
        return []
    firsts = entries.groupby(["deal_id", "stage"], sort=False, observed=True)["time"].min().reset_index()
    firsts["place"] = firsts.groupby("deal_id", sort=False)["time"].rank(method="average")
    mean = firsts.groupby("stage", observed=True)["place"].mean().round(9)
    ordered = mean.reset_index().sort_values(["place", "stage"], kind="stable")["stage"]
    return [str(stage) for stage in ordered]


def conflicts(frame: pd.DataFrame, mask: np.ndarray, table_place: Any, rule: str, hint: str, file: str) -> None:
    """Raise an error that counts the rows in a mask and names the first."""
    if mask.any():
        first = int(np.argmax(mask))
        raise HistoryError(f"{file}: {int(mask.sum()):,} {rule} (first: {table_place(first)}, deal {frame['deal_id'].iloc[first]}). Hint: {hint}")
