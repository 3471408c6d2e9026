"""Change logs: deal, time, field, new value (class A)."""

from __future__ import annotations

import pandas as pd

from simsales.errors import HistoryError
from simsales.history.readers import aliases, dates
from simsales.history.readers.build import CLOSED, Parts
from simsales.history.readers.journal import Journal, assemble, trail
from simsales.history.readers.table import Context, Table
from simsales.history.readers.values import money


def read(table: Table, attributes: Table | None, context: Context) -> Parts:
    """Return the parts of a change log, joined with a deals file if there is one.

    A change of the stage is an entry; a status, a won or lost time, or a lost reason closes the deal (the last is a
    guess and reported). Owner, amount and expected close leave a trail.

    Raises
    ------
    HistoryError
        If deal, time, field or value have no column, or no change of a stage is found.
    """
    table.account()
    table.tidy()
    for name in ("deal_id", "time", "field", "new_value"):
        table.require(name)
    if table.has("is_deleted"):
        table.drop(table.text("is_deleted").fillna("").str.lower().isin(["true", "1", "yes"]).to_numpy(), "deleted in the source")
    table.drop(table.text("deal_id").isna(), "no deal id")
    table.drop(table.text("field").isna(), "no field")
    table.drop(table.times("time").values.isna(), "no time")
    table.drop(table.sheet.cells.duplicated().to_numpy(), "duplicate row")
    log = _log(table)
    stages = log[(log["what"] == "stage") & log["new"].notna()]
    if stages.empty:
        fields = ", ".join(sorted(table.text("field").dropna().unique())[:12])
        raise HistoryError(f"{table.sheet.file} must hold changes of the stage, got the fields {fields}. Hint: name the field in a mapping, like columns: {{stage: FIELD}}.")
    stages = stages.assign(stage=stages["new"].map(lambda label: context.stage_names.get(label, label)), order=0.0)
    _account_fields(log, table, context)
    journal = Journal(
        stages[["deal_id", "time", "stage", "order", "precision"]].reset_index(drop=True), _closings(log, table, context), _created(log, context),
        _first_stage(stages, context), _trails(log, context),
    )  # fmt: skip
    return assemble(journal, table, attributes, context)


def _log(table: Table) -> pd.DataFrame:
    """Return the changes by deal and time, each with what it is about."""
    fields = aliases.load()["fields"]
    known = {aliases.key(str(caption)): what for what, captions in fields.items() for caption in captions}
    stated = {caption: name for name, caption in table.context.mapping.columns.items() if name in fields}
    names = table.text("field")
    about = {name: stated.get(name) or known.get(aliases.key(name)) or "unknown" for name in names.unique()}
    stamps = table.times("time")
    log = pd.DataFrame({"deal_id": table.ids("deal_id"), "time": stamps.values, "precision": stamps.precision, "field": names, "what": names.map(about)})
    log["new"], log["old"] = table.text("new_value"), table.text("old_value")
    return log.sort_values(["deal_id", "time", "what", "new"], kind="stable").reset_index(drop=True)


def _account_fields(log: pd.DataFrame, table: Table, context: Context) -> None:
    """Report fields that mean nothing to a history."""
    rest = log[log["what"].isin(["other", "unknown"])]
    if len(rest):
        context.ledger.note(f"{table.sheet.file}: {len(rest):,} changes of other fields were not used ({', '.join(sorted(rest['field'].unique())[:12])}).")


def _created(log: pd.DataFrame, context: Context) -> pd.Series:
    """Return the first recorded creation by deal: the value if it is a time, else when it was recorded."""
    rows = log[log["what"] == "created"]
    if rows.empty:
        return pd.Series(dtype="datetime64[us, UTC]")
    said = dates.parse(rows["new"].fillna("").reset_index(drop=True), context.tz, context.dayfirst).values
    when = said.fillna(rows["time"].reset_index(drop=True))
    again = int(rows["deal_id"].duplicated().sum())
    if again:
        context.ledger.note(f"{again:,} deals are created more than once; the first time counts.")
    return when.groupby(rows["deal_id"].to_numpy()).min()


def _first_stage(stages: pd.DataFrame, context: Context) -> pd.Series:
    """Return the old value of each deal's first stage change."""
    first = stages[~stages["deal_id"].duplicated()].dropna(subset="old")
    return pd.Series([context.stage_names.get(label, label) for label in first["old"]], index=first["deal_id"].to_numpy(dtype=object), dtype=object)


def _closings(log: pd.DataFrame, table: Table, context: Context) -> pd.DataFrame:
    """Return closings told by a status, a won or lost time or a lost reason."""
    rows = log[log["what"].isin(["status", "won", "lost"]) & log["new"].notna()]
    said = rows["new"].map(lambda label: aliases.outcome(str(label), context.mapping.outcomes))
    kind = rows["what"].where(rows["what"] != "status", said)
    weak = rows["field"].map(lambda name: "reason" in name.lower() or "原因" in name).astype(bool)
    found = pd.DataFrame({"deal_id": rows["deal_id"], "time": rows["time"], "kind": kind, "weak": weak})
    reasons = rows[weak & (rows["what"] == "lost")]
    if len(reasons):
        share = reasons["deal_id"].nunique() / max(log["deal_id"].nunique(), 1)
        extra = " All deals have one, whatever stage they reached, so nothing marks a win; name the stages that are wins in a mapping, like outcomes: {won: [..]}." if share > 0.99 else ""
        context.ledger.note(f"{table.sheet.file}: a change of {reasons['field'].iloc[0]} was taken to lose the deal, for {reasons['deal_id'].nunique():,} deals (a guess).{extra}")
    return found[found["kind"].isin([*CLOSED, "open"])].reset_index(drop=True)


def _trails(log: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return the changes of owner, amount and expected close."""
    found = [pd.DataFrame({"deal_id": [], "changed_at": pd.Series([], dtype="datetime64[us, UTC]"), "field": [], "value": []}, dtype=object).astype({"changed_at": "datetime64[us, UTC]"})]
    for name in ("owner", "amount", "expected_close"):
        rows = log[log["what"] == name].reset_index(drop=True)
        if rows.empty:
            continue
        cells = rows["new"].fillna("").astype(object)
        values: pd.Series = rows["new"].map(lambda label: context.rep_names.get(label, label), na_action="ignore")
        if name == "amount":
            values = money(cells, context.decimal, context.chinese).values
        elif name == "expected_close":
            values = dates.parse(cells, context.tz, context.dayfirst, name).values
        found.append(trail(rows["deal_id"], rows["time"], name, values))
    return pd.concat([frame for frame in found if len(frame)] or found, ignore_index=True)


