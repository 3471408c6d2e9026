"""From dated stage entries, closings and value changes to deals and visits (class A)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from simsales.history.readers import aliases, deals
from simsales.history.readers.build import CLOSED, Parts, coarsest, lookup, order_of, visits_of
from simsales.history.readers.table import Context, Table

ENTRIES = ("deal_id", "time", "stage", "order", "precision")


@dataclass(eq=False)
class Journal:
    """What was recorded, in loose form.

    Parameters
    ----------
    entries : DataFrame
        ``deal_id, time, stage, order, precision``: a deal entered a stage, open or closed.
    closings : DataFrame
        ``deal_id, time, kind, weak``: a deal was closed (or, kind open, reopened) by something other than a stage; weak
        evidence counts only for deals without stronger.
    created : Series of UTC stamps, indexed by deal_id
    first_stage : Series of str, indexed by deal_id
        Where a deal was before its first recorded entry, if known.
    changes : DataFrame
        ``deal_id, changed_at, field, value``.
    kinds : dict
        Stage to kind, as far as metadata or the mapping say it.
    """

    entries: pd.DataFrame
    closings: pd.DataFrame
    created: pd.Series
    first_stage: pd.Series
    changes: pd.DataFrame
    kinds: dict[str, str] = field(default_factory=dict)


def assemble(journal: Journal, table: Table, attributes: Table | None, context: Context) -> Parts:
    """Return the parts of a history that records every stage change.

    A deal is closed by the last closing that no later stage entry undoes, at its first record; earlier closings are
    counted as reopened. A stay before the first recorded entry is added from creation, in the stage the deal came
    from or else the usual first one.
    """
    kinds = _kinds(journal, table, context)
    entries = journal.entries.assign(kind=journal.entries["stage"].map(kinds))
    known = _attributes(attributes, journal, context)
    ids = pd.Index(sorted(set(entries["deal_id"]) | set(journal.created.index) | set(known.index)), dtype=object)
    events = _status_events(entries, journal.closings)
    closings = _closings(events, known, context)
    changes = pd.concat([frame for frame in (journal.changes, _reopenings(events)) if len(frame)] or [journal.changes], ignore_index=True)
    stays = entries[entries["kind"].isin(["open", "parked"])].drop(columns="kind")
    created = _created(ids, journal, entries, known, context)
    usual = order_of(stays)
    stays = _with_first(stays, created, closings, journal.first_stage, kinds, usual, context)
    rank = {stage: place for place, stage in enumerate([*context.mapping.stages] or [*context.stage_kinds] or usual)}
    stays = stays.assign(rank=stays["stage"].map(rank).fillna(len(rank)))
    stays = stays.sort_values(["deal_id", "time", "order", "rank", "stage"], kind="stable").reset_index(drop=True)
    late = (stays["time"] > lookup(stays["deal_id"], closings["closed_at"])).to_numpy()
    stays = _with_values(stays[~late], journal.changes)
    visits = visits_of(stays, closings)
    if "amount" not in journal.changes["field"].to_numpy() and "amount" in known:
        visits["amount"] = np.nan
    frame = _deals(ids, created, closings, entries, journal.changes, known)
    order = [stage for stage in rank if stage in kinds] + [stage for stage in usual if stage not in rank]
    stages = {stage: kinds[stage] for stage in order if kinds[stage] in ("open", "parked")}
    stages |= {stage: kind for stage, kind in kinds.items() if stage not in stages}
    last = max([stamp for stamp in (entries["time"].max(), journal.changes["changed_at"].max()) if not pd.isna(stamp)], default=None)
    return Parts(frame, visits, "A", stages, coarsest(entries["precision"].to_numpy(dtype=object)), changes=changes, reps=context.reps, last_seen=last)


def _kinds(journal: Journal, table: Table, context: Context) -> dict[str, str]:
    """Return stage to kind: stated, else by name."""
    labels = journal.entries["stage"]
    stated = {**context.stage_kinds, **journal.kinds}
    saved, context.stage_kinds = context.stage_kinds, stated
    try:
        return deals.stage_kinds(labels, context, table)
    finally:
        context.stage_kinds = saved


def _attributes(table: Table | None, journal: Journal, context: Context) -> pd.DataFrame:
    """Return the deals file, indexed by the ids that the journal uses."""
    if table is None:
        return pd.DataFrame(index=pd.Index([], dtype=object))
    frame, _ = deals.attributes(table, context, needs_created=False)
    ids = frame["deal_id"].astype(object)
    recorded = pd.Index(journal.entries["deal_id"].unique())
    if not ids.isin(recorded).any() and len(recorded):
        short = {str(name)[:15]: name for name in recorded if len(str(name)) in (15, 18)}
        matched = ids.str[:15].map(short)
        if matched.notna().any():
            context.ledger.note("Ids of 15 and 18 characters were matched by their first 15.")
            ids = matched.fillna(ids)
    unknown = int((~ids.isin(recorded)).sum())
    if unknown:
        context.ledger.note(f"{table.sheet.file}: {unknown:,} deals have no stage history.")
    return frame.drop(columns="deal_id").set_index(pd.Index(ids, dtype=object))


def _status_events(entries: pd.DataFrame, explicit: pd.DataFrame) -> pd.DataFrame:
    """Return everything that opens or closes a deal, in order."""
    by_stage = entries.loc[:, ["deal_id", "time", "kind", "order"]].assign(weak=False)
    events = pd.concat([by_stage, explicit.assign(order=np.inf)], ignore_index=True) if len(explicit) else by_stage.copy()
    events["kind"] = events["kind"].replace("parked", "open")
    return events.sort_values(["deal_id", "time", "order", "kind"], kind="stable").reset_index(drop=True)


def _opened(events: pd.DataFrame) -> pd.Series:
    """Return the last time a deal was opened, row by row."""
    opened = events["time"].where(~events["kind"].isin(CLOSED)).groupby(events["deal_id"]).max()
    return lookup(events["deal_id"], opened)


def _reopenings(events: pd.DataFrame) -> pd.DataFrame:
    """Return the changes of status of deals that were closed and opened again."""
    undone = events["kind"].isin(CLOSED) & (events["time"] < _opened(events))
    rows = events[events["deal_id"].isin(events.loc[undone, "deal_id"])]
    return trail(rows["deal_id"], rows["time"], "status", rows["kind"])


def _closings(events: pd.DataFrame, known: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return closed_at and status by deal."""
    closing = events["kind"].isin(CLOSED)
    undone = closing & (events["time"] < _opened(events))
    standing = events[closing & ~undone]
    strong = standing.loc[~standing["weak"], "deal_id"]
    standing = standing[~(standing["weak"] & standing["deal_id"].isin(strong))]
    reopened = events.loc[undone, "deal_id"].nunique()
    if reopened:
        context.ledger.note(f"{reopened:,} deals were closed and opened again; only their last closing counts.")
    last = standing.groupby("deal_id", sort=False)["kind"].last()
    same = standing[(standing["kind"] == lookup(standing["deal_id"], last)).to_numpy()]
    first = same.groupby("deal_id", sort=False)["time"].min()
    found = pd.DataFrame({"closed_at": first, "status": last.reindex(first.index)})
    if "closed_at" not in known:
        return found
    said = known.loc[known["status"].isin(CLOSED) & known["closed_at"].notna() & ~known.index.isin(found.index), ["closed_at", "status"]]
    entered = events.groupby("deal_id")["time"].max()
    floor = entered.reindex(said.index)
    said = said.assign(closed_at=said["closed_at"].where(~(said["closed_at"] < floor), floor))
    return pd.concat([found, said]) if len(said) else found


def _created(ids: pd.Index, journal: Journal, entries: pd.DataFrame, known: pd.DataFrame, context: Context) -> pd.Series:
    """Return creation times: as recorded, as in the deals file, else the first entry; never after the first entry."""
    first = entries.groupby("deal_id")["time"].min().reindex(ids)
    said = journal.created.reindex(ids)
    if "created_at" in known:
        said = said.fillna(known["created_at"].reindex(ids))
    missing = int((said.isna() & first.notna()).sum())
    if missing and missing < len(ids):
        context.ledger.note(f"{missing:,} deals have no record of their creation; their first stage entry was taken.")
    return said.where(~(said > first), first).fillna(first)


def _with_first(stays: pd.DataFrame, created: pd.Series, closings: pd.DataFrame, first_stage: pd.Series, kinds: dict[str, str], usual: list[str], context: Context) -> pd.DataFrame:
    """Return entries with a synthetic first one for deals whose stay before the first entry was not recorded."""
    stays = stays.assign(is_synthetic=False)
    entered = stays.groupby("deal_id")["time"].min().reindex(created.index)
    tz = context.tz
    day = stays.loc[stays["precision"] == "day", "deal_id"]
    same_day = (created.dt.tz_convert(tz).dt.normalize() == entered.dt.tz_convert(tz).dt.normalize()) & created.index.isin(day)
    late = created.notna() & ((entered > created) & ~same_day | entered.isna())
    starts = stays.loc[stays["time"].eq(lookup(stays["deal_id"], entered)), "stage"].mode()
    default = str(starts.iloc[0]) if len(starts) else (usual[0] if usual else "Open")
    stage = first_stage.reindex(created.index)
    stage = stage.where(stage.map(kinds).isin(["open", "parked"]) | (stage.notna() & ~stage.isin(list(kinds))), default)
    begun = stays[stays["time"].eq(lookup(stays["deal_id"], entered))].groupby("deal_id")["stage"].first().reindex(created.index)
    waits = late & (begun == stage) & ~created.index.isin(first_stage.index)
    if waits.any():
        gap = (entered - created)[waits].median() / pd.Timedelta(days=1)
        context.ledger.note(f"{int(waits.sum()):,} deals enter their first stage later than they are created (median {gap:.1f} days); that time belongs to no visit.")
    late &= ~waits
    added = pd.DataFrame({"deal_id": created.index[late], "time": created[late].array, "stage": stage[late].to_numpy(), "order": -np.inf, "is_synthetic": True})
    if len(added):
        context.ledger.note(f"{len(added):,} deals have no record of their first stay; it was taken to begin when they were created, in the stage they came from or in {default}.")
        precision = stays["precision"].iloc[0] if len(stays) else "day"
        return pd.concat([stays, added.assign(precision=precision)], ignore_index=True)
    return stays


def _with_values(stays: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Return entries with the owner and amount that held when they began."""
    out = stays.reset_index(drop=True)
    for name in ("owner", "amount"):
        trail = changes[changes["field"] == name]
        if trail.empty:
            out[name] = np.nan if name == "amount" else None
            continue
        left = out[["deal_id", "time"]].assign(place=np.arange(len(out))).sort_values("time", kind="stable")
        right = trail[["deal_id", "changed_at", "value"]].sort_values("changed_at", kind="stable")
        left["deal_id"], right["deal_id"] = left["deal_id"].astype(object), right["deal_id"].astype(object)
        values = pd.merge_asof(left, right, left_on="time", right_on="changed_at", by="deal_id").set_index("place")["value"].sort_index()
        out[name] = values.astype(float).to_numpy() if name == "amount" else values.to_numpy(dtype=object)
    return out


def _deals(ids: pd.Index, created: pd.Series, closings: pd.DataFrame, entries: pd.DataFrame, changes: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Return one row a deal: the last values recorded, the rest from the deals file."""
    base = known.reindex(ids).reset_index(drop=True) if len(known) else pd.DataFrame(index=range(len(ids)))
    base["deal_id"], base["created_at"] = ids, created.array
    base["status"] = closings["status"].reindex(ids).fillna("open").to_numpy()
    base["closed_at"] = closings["closed_at"].reindex(ids).array
    last = entries.sort_values(["deal_id", "time", "order", "stage"], kind="stable").groupby("deal_id")["stage"].last().reindex(ids)
    base["stage"] = last.where(last.notna(), base["stage"].to_numpy() if "stage" in base else None).to_numpy()
    latest = changes.sort_values("changed_at", kind="stable").groupby(["field", "deal_id"])["value"].last()
    for name in ("owner", "amount", "expected_close"):
        if name not in latest.index.get_level_values(0):
            continue
        value = latest.xs(name).reindex(ids).reset_index(drop=True)
        if name == "amount":
            value = value.astype(float)
        if name == "expected_close":
            value = pd.to_datetime(value, utc=True, format="ISO8601").dt.as_unit("us")
        base[name] = value if name not in base else base[name].where(base[name].notna() & (name != "owner"), value)
    return base.drop(columns=["won_at", "lost_at"], errors="ignore")


def trail(deal_id: pd.Series, at: pd.Series, name: str, value: pd.Series) -> pd.DataFrame:
    """Return the changes of one value: rows where it differs from the row before, as text."""
    frame = pd.DataFrame({"deal_id": deal_id.to_numpy(dtype=object), "changed_at": at.array, "field": name, "value": _plain(value)})
    frame = frame[frame["value"].notna() & frame["changed_at"].notna()].sort_values(["deal_id", "changed_at"], kind="stable")
    changed = (frame["value"] != frame.groupby("deal_id", sort=False)["value"].shift()).to_numpy()
    return frame[changed]


def _plain(values: pd.Series) -> np.ndarray:
    """Return values as text that reads back without loss."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        values = values.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ").astype(object)
    if values.dtype.kind == "f":
        return np.array([None if value != value else repr(float(value)) for value in values], dtype=object)
    texts: np.ndarray = values.where(values.notna(), None).to_numpy(dtype=object)
    return texts


def semantic_kinds(stages: pd.Series, codes: pd.Series) -> dict[str, str]:
    """Return stage to kind from a column of semantics (P, S, F or words)."""
    pairs = pd.DataFrame({"stage": stages, "code": codes}).dropna().drop_duplicates()
    return {str(stage): aliases.outcome(str(code)) or "open" for stage, code in pairs.itertuples(index=False, name=None)}
