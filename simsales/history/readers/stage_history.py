"""Stage-history rows: deal, stage, entered at (class A)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simsales.errors import HistoryError
from simsales.history.readers import aliases
from simsales.history.readers.build import CLOSED, Parts, conflicts
from simsales.history.readers.journal import Journal, assemble, semantic_kinds, trail
from simsales.history.readers.table import Context, Table
from simsales.history.readers.values import money


def read(table: Table, attributes: Table | None, context: Context) -> Parts:
    """Return the parts of stage-history rows, joined with a deals file if there is one.

    Raises
    ------
    HistoryError
        If deal, stage or time have no column, or no row is usable.
    """
    table.account()
    table.tidy()
    id_field = table.require("deal_id", "name")
    for name in ("stage", "entered_at"):
        table.require(name)
    if table.has("is_deleted"):
        table.drop(table.text("is_deleted").fillna("").str.lower().isin(["true", "1", "yes"]).to_numpy(), "deleted in the source")
    table.drop(table.text(id_field).isna(), "no deal id")
    table.drop(table.text("stage").isna(), "no stage")
    table.drop(table.times("entered_at").values.isna(), "no time")
    table.drop(table.sheet.cells.duplicated().to_numpy(), "duplicate row")
    if not len(table):
        raise HistoryError(f"{table.sheet.file} must hold at least one usable row, got none. Hint: check deal, stage and time columns.")
    stamps = table.times("entered_at")
    order = _numbers(table.text("entry_id"))
    entries = pd.DataFrame({"deal_id": table.ids(id_field), "time": stamps.values, "stage": table.stages("stage"), "order": order, "precision": stamps.precision})
    kinds = semantic_kinds(entries["stage"], table.text("semantics")) if table.has("semantics") else {}
    _check_order_of_dates(table, entries)
    entries, rows = _in_order(entries)
    first = _came_from(entries, table.text("from_stage").iloc[rows]) if table.has("from_stage") else pd.Series(dtype=object)
    changes = _trails(table, entries, rows)
    closings = _closings(table, entries, rows, context)
    entries = pd.concat([entries, _moved_on(table, entries, rows)], ignore_index=True)
    created = table.times("created_at").values.iloc[rows].groupby(entries["deal_id"].iloc[: len(rows)].to_numpy()).min().dropna() if table.has("created_at") else pd.Series(dtype="datetime64[us, UTC]")
    parts = assemble(Journal(entries, closings, created, first, changes, kinds), table, attributes, context)
    for name in ("name", "account"):
        if table.has(name) and name not in parts.deals and name != id_field:
            values = table.text(name).iloc[rows].groupby(entries["deal_id"].iloc[: len(rows)].to_numpy()).first()
            parts.deals[name] = parts.deals["deal_id"].map(values)
    return parts


def _check_order_of_dates(table: Table, entries: pd.DataFrame) -> None:
    """Raise an error if a stay ends on a day before it begins."""
    left = table.times("left_at").values.dt.tz_convert(table.context.tz).dt.normalize()
    early = left.reset_index(drop=True) < entries["time"].dt.tz_convert(table.context.tz).dt.normalize()
    hint = "check which column is which, or the order of day and month (dayfirst=True)."
    conflicts(entries, early.to_numpy(), table.sheet.place, "stays end before they begin", hint, table.sheet.file)


def _in_order(entries: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Return entries by deal and time, and the row each came from."""
    ordered = entries.sort_values(["deal_id", "time", "order", "stage"], kind="stable")
    return ordered.reset_index(drop=True), ordered.index.to_numpy()


def _numbers(cells: pd.Series) -> pd.Series:
    """Return record numbers as floats; text ids order nothing."""
    numbers = pd.to_numeric(cells, errors="coerce").astype(float)
    return numbers if numbers.notna().all() else pd.Series(0.0, index=cells.index)


def _last_of_deal(entries: pd.DataFrame) -> np.ndarray:
    """Return which entries are the last of their deal."""
    return ~entries["deal_id"].duplicated(keep="last").to_numpy()


def _came_from(entries: pd.DataFrame, cells: pd.Series) -> pd.Series:
    """Return the stage before the first recorded entry, by deal."""
    first = ~entries["deal_id"].duplicated().to_numpy()
    values = pd.Series(cells.to_numpy(dtype=object)[first], index=entries["deal_id"].to_numpy(dtype=object)[first])
    return values.dropna()


def _trails(table: Table, entries: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """Return the changes of owner, amount and expected close that the rows show."""
    found = []
    columns = {"owner": table.owners("owner"), "amount": table.money("amount").values, "expected_close": table.times("expected_close").values}
    for name, values in columns.items():
        if table.has(name):
            found.append(trail(entries["deal_id"], entries["time"], name, values.iloc[rows].reset_index(drop=True)))
    empty = pd.DataFrame({"deal_id": [], "changed_at": pd.Series([], dtype="datetime64[us, UTC]"), "field": [], "value": []})
    return pd.concat(found, ignore_index=True) if found else empty


def _closings(table: Table, entries: pd.DataFrame, rows: np.ndarray, context: Context) -> pd.DataFrame:
    """Return closings that a closing date (or the end of the last stay) tells."""
    when = table.times("closed_at").values.iloc[rows].reset_index(drop=True)
    last = _last_of_deal(entries)
    left = table.times("left_at").values.iloc[rows].reset_index(drop=True).where(last)
    moved = table.text("next_stage").iloc[rows].reset_index(drop=True).notna()
    when = when.fillna(left.where(~moved))
    status = table.text("status").iloc[rows].reset_index(drop=True).map(lambda label: aliases.outcome(str(label), context.mapping.outcomes), na_action="ignore")
    ends = entries["stage"].map(lambda stage: aliases.outcome(str(stage)) in CLOSED)
    found = pd.DataFrame({"deal_id": entries["deal_id"], "time": when, "kind": status.where(status.isin(CLOSED)), "weak": False})[when.notna() & ~ends]
    unknown = int(found["kind"].isna().sum())
    if unknown:
        context.ledger.note(f"{unknown:,} deals have a closing date but no outcome and count as no_decision; a deals file beside the history would tell.")
    return found.assign(kind=found["kind"].fillna("no_decision"))


def _moved_on(table: Table, entries: pd.DataFrame, rows: np.ndarray) -> pd.DataFrame:
    """Return entries into the stage a deal's last row moved to, where that has no row of its own."""
    if not table.has("next_stage"):
        return entries.iloc[:0]
    following = table.text("next_stage").iloc[rows].reset_index(drop=True)
    days = money(table.text("duration").fillna("").astype(object)).values.iloc[rows].reset_index(drop=True)
    when = table.times("left_at").values.iloc[rows].reset_index(drop=True).fillna(entries["time"] + pd.to_timedelta(days, unit="D").dt.as_unit("us"))
    use = _last_of_deal(entries) & following.notna().to_numpy() & when.notna().to_numpy()
    return entries.assign(time=when, stage=following, precision="day")[use]
