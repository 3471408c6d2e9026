"""Stage and people files that stand beside the main export."""

from __future__ import annotations

import pandas as pd

from simsales.history.readers import aliases
from simsales.history.readers.table import Context, Table


def stages(table: Table, context: Context) -> None:
    """Take stage labels, order and kinds into the context."""
    table.tidy()
    frame = pd.DataFrame({name: table.text(name) for name in ("stage_id", "label", "order", "kind", "is_won", "is_closed")})
    frame = frame.dropna(subset="label")
    order = pd.to_numeric(frame["order"].fillna(frame["stage_id"]), errors="coerce")
    if order.notna().all():
        frame = frame.assign(place=order).sort_values(["place", "label"], kind="stable")
    stated = table.has("is_won") or table.has("is_closed") or table.has("kind")
    for row in frame.itertuples(index=False):
        kind = _kind(row) if stated else aliases.outcome(str(row.label)) or "open"
        context.stage_kinds[str(row.label)] = kind
        if isinstance(row.stage_id, str):
            context.stage_names[str(row.stage_id)] = str(row.label)
    context.ledger.note(f"{table.sheet.file}: {len(frame):,} stages gave names and order.")


def _kind(row: object) -> str:
    """Return the kind of a stage from its flags."""
    named = aliases.outcome(str(getattr(row, "kind", None))) or aliases.outcome(str(row.label))  # type: ignore[attr-defined]
    yes = ("true", "1", "yes", "是")
    if str(row.is_won).lower() in yes:  # type: ignore[attr-defined]
        return "won"
    if str(row.is_closed).lower() in yes:  # type: ignore[attr-defined]
        return named if named in ("lost", "no_decision") else "lost"
    return named if named else "open"


def reps(table: Table, context: Context) -> None:
    """Take people into the context; two of one name are told apart by their id."""
    table.tidy()
    frame = pd.DataFrame({name: table.text(name) for name in ("rep", "rep_id", "role", "team", "region")})
    frame["hired_at"], frame["left_at"] = table.times("hired_at").values, table.times("left_at").values
    frame = frame.dropna(subset="rep")
    twins = frame["rep"].duplicated(keep=False) & frame["rep_id"].notna()
    frame["rep"] = frame["rep"].mask(twins, frame["rep"] + " (" + frame["rep_id"].fillna("") + ")")
    frame = frame.drop_duplicates("rep")
    context.rep_names |= {str(key): str(name) for key, name in zip(frame["rep_id"], frame["rep"], strict=True) if isinstance(key, str)}
    context.reps = frame.drop(columns="rep_id")
    context.ledger.note(f"{table.sheet.file}: {len(frame):,} people gave names, teams and regions.")
