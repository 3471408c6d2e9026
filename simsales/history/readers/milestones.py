"""Columns that hold the time of the last entry into each stage (class B)."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from simsales.history.readers import aliases
from simsales.history.readers.build import CLOSED, lookup, order_of, visits_of
from simsales.history.readers.table import Context, Table

LABELLED = re.compile(r"date entered [\"“”']?(?P<stage>.+?)[\"“”']?$", re.IGNORECASE)
API = re.compile(r"hs_(?:v2_)?date_entered_(?P<stage>.+?)(?:_\d+)?$", re.IGNORECASE)
PIPELINE = re.compile(r"^(?P<stage>.+?)\s*\((?P<pipeline>[^()]+)\)$")


def find(table: Table) -> dict[str, str]:
    """Return stage label to the caption of its entry time."""
    found: dict[str, str] = {}
    for caption in table.sheet.cells.columns:
        hit = LABELLED.match(str(caption).strip()) or API.match(str(caption).strip())
        if hit and hit["stage"] != "current_stage":
            label = hit["stage"].strip(' "“”')
            inner = PIPELINE.match(label)
            short = inner["stage"] if inner else label
            found[label if short in found else short] = str(caption)
    return found


def visits(deals: pd.DataFrame, entered: dict[str, str], table: Table, context: Context) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the visits between the last entries into stages; hidden returns are reported.

    A deal whose entries are out of the usual order went back to an earlier stage at least once.
    """
    given = {**context.mapping.stages, **context.mapping.outcomes}
    kinds = {label: aliases.outcome(label, given) or "open" for label in entered}
    pieces = []
    for place, (label, caption) in enumerate(entered.items()):
        stamps = table.parse_times(caption)
        piece = pd.DataFrame({"deal_id": deals["deal_id"], "time": stamps.values.to_numpy(), "stage": label, "precision": stamps.precision, "place": place})
        piece["time"] = stamps.values.array
        pieces.append(piece[piece["time"].notna().to_numpy()])
        if caption in deals:
            del deals[caption]
    entries = pd.concat(pieces, ignore_index=True).sort_values(["deal_id", "time", "place"], kind="stable")
    _report_returns(entries, context, table)
    entries = entries[entries["stage"].map(kinds).isin(["open", "parked"])]
    owner = deals.set_index("deal_id")["owner"]
    entries = entries.assign(owner=lookup(entries["deal_id"], owner), amount=np.nan)
    entries = entries[~(entries["time"] > lookup(entries["deal_id"], deals.set_index("deal_id")["closed_at"]))]
    entries = pd.concat([_missing_first(deals, entries, order_of(entries)), entries]).sort_values(["deal_id", "time", "place"], kind="stable")
    closed = deals[deals["status"].isin(CLOSED)].set_index("deal_id")[["closed_at", "status"]]
    return visits_of(entries.drop(columns="place"), closed), kinds


def _report_returns(entries: pd.DataFrame, context: Context, table: Table) -> None:
    """Say how many deals must have returned to an earlier stage."""
    back = entries["place"].diff().lt(0) & (entries["deal_id"] == entries["deal_id"].shift())
    count = entries.loc[back, "deal_id"].nunique()
    if count:
        first = entries.loc[back, "deal_id"].iloc[0]
        context.ledger.note(f"{table.sheet.file}: {count:,} deals entered a stage after a later one (first: deal {first}); only last entries are exported, so earlier visits are hidden.")


def _missing_first(deals: pd.DataFrame, entries: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Return synthetic first visits, from creation, of deals without any entry."""
    lacking = deals[~deals["deal_id"].isin(entries["deal_id"])]
    return pd.DataFrame(
        {
            "deal_id": lacking["deal_id"], "time": lacking["created_at"], "stage": order[0] if order else "Open",
            "precision": "day", "place": -1, "owner": lacking["owner"], "amount": np.nan, "is_synthetic": True,
        }
    )  # fmt: skip
