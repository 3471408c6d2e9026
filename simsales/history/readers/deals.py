"""Deals-only exports and snapshots: one row a deal (classes B, C and D)."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from simsales.errors import HistoryError, did_you_mean, got
from simsales.history.asof import OPEN_STAGE
from simsales.history.readers import aliases, milestones
from simsales.history.readers.build import CLOSED, Parts, coarsest, conflicts
from simsales.history.readers.table import Context, Table
from simsales.history.readers.values import shares

STATE_CODES = {"0": "open", "1": "won", "2": "lost"}
STATUS_CODES = {"4": "no_decision"}
TEXTS = ("segment", "channel", "product", "region", "owner", "currency", "stage", "name", "account", "team", "lost_reason")
FOOTER = re.compile(r"copyright|confidential|generated|report|filtered|salesforce|导出|打印|制表", re.IGNORECASE)


def read(table: Table, context: Context) -> Parts:
    """Return the parts of a deals export.

    Raises
    ------
    HistoryError
        If a required column is missing, ids conflict, statuses are unknown, or deals close before they are created.
    """
    deals, precision = attributes(table, context, needs_created=True)
    stages = stage_kinds(deals["stage"], context, table)
    if not (table.first(("status", "state_code", "is_won", "is_closed", "won_at", "lost_at")) or table.has("stage")):
        table.require("status")
    entered = milestones.find(table)
    if entered:
        visits, stages = milestones.visits(deals, entered, table, context)
        return Parts(deals, visits, "B", stages, coarsest(precision))
    moved = table.has("stage_changed_at") and table.has("stage")
    visits = _current_stage(deals, stages, precision) if moved else _one_visit(deals, precision)
    deals = deals.drop(columns=["won_at", "lost_at"], errors="ignore")
    return Parts(deals, visits, "C" if moved else "D", stages, coarsest(precision))


def attributes(table: Table, context: Context, needs_created: bool) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the deals frame of a table and the precision of its stamps, row by row."""
    table.account()
    table.tidy()
    id_field = table.require("deal_id", "name")
    _drop_rows(table, id_field)
    if needs_created:
        table.require("created_at")
        table.drop(table.times("created_at").values.isna(), "no created date")
    if not len(table):
        raise HistoryError(f"{table.sheet.file} must hold at least one usable row, got none after dropping. Hint: see the import report of a file with --check.")
    created, closed = table.times("created_at"), table.times("closed_at")
    frame = pd.DataFrame({"deal_id": table.ids(id_field), "created_at": created.values})
    for name in TEXTS:
        frame[name] = table.text(name)
    frame["stage"], frame["owner"] = table.stages("stage"), table.owners("owner")
    frame["status"] = _status(table, frame, context)
    frame["closed_at"] = closed.values
    frame["expected_close"] = table.times("expected_close").values
    frame = _amounts(table, frame)
    for name in ("modified_at", "stage_changed_at", "last_activity", "won_at", "lost_at"):
        if table.has(name):
            frame[name] = table.times(name).values
    if table.has("probability"):
        frame["probability"] = _probability(table, context)
    for name, column in table.extras().items():
        frame[name if name not in frame else f"{name} (source)"] = column
    frame = frame.drop(columns=[name for name in ("name", "account", "team", "lost_reason") if not table.has(name)])
    frame, keep = _closings(table, frame, context)
    precision = np.where(closed.precision == "day", "day", created.precision)[keep]
    frame = _order_of_dates(table, frame, precision)
    return frame, precision


def _drop_rows(table: Table, id_field: str) -> None:
    """Leave out footers, deleted rows, rows without id and repeated rows."""
    ids = table.text(id_field)
    lone = (table.sheet.cells != "").sum(axis=1).to_numpy() == 1
    footer = lone & ids.fillna("").astype("str").str.contains(FOOTER).to_numpy() if lone.any() and len(table.columns) > 2 else np.zeros(len(table), dtype=bool)
    table.drop(footer, "footer row")
    if table.has("is_deleted"):
        deleted = table.text("is_deleted").fillna("").astype("str").str.lower()
        table.drop(deleted.isin(["true", "1", "yes", "是"]).to_numpy(), "deleted in the source")
    table.drop(table.text(id_field).isna(), "no deal id")
    ids = table.ids(id_field)
    repeated = ids.duplicated(keep=False).to_numpy()
    if repeated.any():
        same = table.sheet.cells.duplicated().to_numpy()
        table.drop(same, "duplicate row")
        ids = table.ids(id_field)
        clash = ids.duplicated().to_numpy()
        frame = pd.DataFrame({"deal_id": ids})
        conflicts(frame, clash, table.sheet.place, "rows repeat a deal id with other values", "one row a deal is expected; if these are stage changes, pass source='stage_history'.", table.sheet.file)


def _status(table: Table, frame: pd.DataFrame, context: Context) -> pd.Series:
    """Return open, won, lost or no_decision per deal; None where nothing says it."""
    given = {**context.stage_kinds, **context.mapping.stages, **context.mapping.outcomes}
    status = pd.Series([None] * len(frame), dtype=object)
    if table.has("status"):
        status = _known(table.text("status"), given, table, "status")
    if table.has("state_code"):
        codes = table.text("state_code").map(lambda code: STATE_CODES.get(str(code)) or aliases.outcome(str(code)))
        canceled = table.text("status_code").map(lambda code: STATUS_CODES.get(str(code)) or (aliases.outcome(str(code)) if str(code) != "3" else None))
        status = status.fillna(codes.mask((codes == "lost") & (canceled == "no_decision"), "no_decision"))
    if table.has("is_won"):
        won = _flag(table.text("is_won"))
        closed = _flag(table.text("is_closed")) if table.has("is_closed") else table.text("stage").map(lambda label: _ends(label, given)).notna() | won
        status = status.fillna(pd.Series(np.where(won, "won", np.where(closed, "lost", "open")), dtype=object))
        by_label = frame["stage"].map(lambda label: _ends(label, given))
        status = status.mask((status == "lost") & (by_label == "no_decision"), "no_decision")
    for name, kind in (("won_at", "won"), ("lost_at", "lost")):
        if table.has(name) and not table.has("status"):
            status = status.mask(table.times(name).values.notna() & status.isna(), kind)
    status = status.fillna(frame["stage"].map(lambda label: _ends(label, given)))
    return status.where(status.isin(CLOSED), "open")


def _ends(label: object, given: dict[str, str]) -> str | None:
    """Return how a stage label ends a deal."""
    kind = aliases.outcome(str(label), given) if label is not None and label == label else None
    return kind if kind in CLOSED else None


def _flag(cells: pd.Series) -> pd.Series:
    """Return yes-or-no text as booleans."""
    return cells.fillna("").astype("str").str.casefold().isin(["true", "1", "yes", "y", "是", "t"])


def _known(cells: pd.Series, given: dict[str, str], table: Table, field: str) -> pd.Series:
    """Return statuses by synonym; unknown labels are one error that lists them all."""
    labels = cells.dropna().unique()
    kinds = {label: aliases.outcome(str(label), given) for label in labels}
    unknown = [label for label, kind in kinds.items() if kind is None]
    if unknown:
        counts = cells.value_counts()
        listed = ", ".join(f"{got(label)} ({int(counts[label]):,})" for label in sorted(unknown, key=lambda label: (-int(counts[label]), str(label)))[:12])
        raise HistoryError(f"{table.sheet.file}, column {table.columns[field]} must say open, won, lost or no decision, got {listed}. Hint: name them in a mapping, like outcomes: {{won: [..], lost: [..]}}.")
    return cells.map(kinds).replace("parked", "open").astype(object)


def stage_kinds(labels: pd.Series, context: Context, table: Table) -> dict[str, str]:
    """Return stage label to kind: as the mapping says, else by synonym (reported as a guess).

    Raises
    ------
    HistoryError
        If the mapping lists the stages and the file has others.
    """
    given = context.mapping.stages
    found = sorted(str(label) for label in labels.dropna().unique())
    outcomes = context.mapping.outcomes
    if given:
        unknown = [label for label in found if label not in given and label not in outcomes and aliases.outcome(label) is None]
        if unknown:
            counts = labels.value_counts()
            listed = ", ".join(f"{got(label)} ({int(counts[label]):,})" for label in unknown[:12])
            raise HistoryError(f"{table.sheet.file} must use the stages of the mapping, got {listed}. {did_you_mean(unknown[0], list(given))}")
    known = {**context.stage_kinds, **given}
    kinds = {**known, **{label: _kind(label) for label in found if label not in known}}
    kinds |= {label: kind for label, kind in outcomes.items() if label in kinds}
    guessed = [f"{label} = {kind}" for label, kind in kinds.items() if kind != "open" and label not in known and label not in outcomes]
    if guessed:
        context.ledger.note(f"Stages that end or park a deal were guessed by their names: {', '.join(guessed)}.")
    return {label: kind for label, kind in kinds.items() if kind == "open"} | {label: kind for label, kind in kinds.items() if kind != "open"}


def _kind(label: str) -> str:
    """Return the kind of a stage label."""
    return aliases.outcome(label) or "open"


def _amounts(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with amount and currency; a final amount replaces the expected one of won deals."""
    numbers = table.money("amount")
    amount, currency = numbers.values, numbers.currency
    if table.has("amount_final"):
        final = table.money("amount_final")
        use = (frame["status"] == "won") & final.values.notna() & ~((final.values == 0) & amount.notna())
        amount, currency = amount.mask(use, final.values), currency.mask(use & final.currency.notna(), final.currency)
    frame["amount"] = amount
    frame["currency"] = frame["currency"].where(frame["currency"].notna(), currency)
    if table.context.mapping.currency:
        frame["currency"] = frame["currency"].fillna(table.context.mapping.currency)
    blank = int(((frame["status"] == "won") & frame["amount"].isna()).sum())
    if blank and table.has("amount"):
        table.context.ledger.note(f"{table.sheet.file}: {blank:,} won deals have no amount.")
    return frame


def _probability(table: Table, context: Context) -> pd.Series:
    """Return win probabilities as fractions."""
    numbers = shares(table.sheet.cells[table.columns["probability"]], context.mapping.percent, f"{table.sheet.file}, column {table.columns['probability']}")
    context.ledger.facts["percent_rule"] = numbers.rule
    bad = table.text("probability")[numbers.unparsed].dropna()
    if len(bad):
        context.ledger.unparsed += len(bad)
        context.ledger.note(
            f"{table.sheet.file}, column {table.columns['probability']}: {len(bad):,} cells are no share from 0 to 100 % "
            f"(like '{bad.iloc[0]}') and count as missing."
        )
    return numbers.values


def _closings(table: Table, frame: pd.DataFrame, context: Context) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the frame with closing times that fit the status; closed deals without one are left out."""
    is_open = frame["status"] == "open"
    for name, kind in (("won_at", "won"), ("lost_at", "lost")):
        if name in frame:
            frame["closed_at"] = frame["closed_at"].mask((frame["status"] == kind) & frame[name].notna(), frame[name])
    planned = is_open & frame["closed_at"].notna()
    if planned.any():
        frame["expected_close"] = frame["expected_close"].mask(planned & frame["expected_close"].isna(), frame["closed_at"])
        context.ledger.note(f"{table.sheet.file}: the close date of {int(planned.sum()):,} open deals was taken as the expected close.")
        frame["closed_at"] = frame["closed_at"].mask(is_open)
    for name in ("stage_changed_at", "modified_at"):
        lacking = ~is_open & frame["closed_at"].isna()
        if name in frame and lacking.any() and frame.loc[lacking, name].notna().any():
            frame["closed_at"] = frame["closed_at"].mask(lacking, frame[name])
            context.ledger.note(f"{table.sheet.file}: {int(lacking.sum()):,} closed deals without a close date were given {table.columns[name]}.")
    keep = (is_open | frame["closed_at"].notna()).to_numpy(dtype=bool)
    if not keep.all():
        table.drop(~keep, "closed without a close date")
    return frame[keep].reset_index(drop=True), keep


def _order_of_dates(table: Table, frame: pd.DataFrame, precision: np.ndarray) -> pd.DataFrame:
    """Return the frame if no deal closes before it is created; on the same day the later stamp counts."""
    early = frame["closed_at"] < frame["created_at"]
    if not early.any():
        return frame
    tz = table.context.tz
    same = early & (frame["closed_at"].dt.tz_convert(tz).dt.normalize() == frame["created_at"].dt.tz_convert(tz).dt.normalize())
    frame["closed_at"] = frame["closed_at"].mask(same, frame["created_at"])
    hint = "check which column is which, or the order of day and month (dayfirst=True)."
    conflicts(frame, (early & ~same).to_numpy(), table.sheet.place, "deals close before they are created", hint, table.sheet.file)
    return frame


def _one_visit(deals: pd.DataFrame, precision: np.ndarray) -> pd.DataFrame:
    """Return one visit a deal, in the stage named Open (class D)."""
    closed = deals["status"] != "open"
    return pd.DataFrame(
        {
            "deal_id": deals["deal_id"], "seq": 0, "stage": OPEN_STAGE, "entered_at": deals["created_at"], "left_at": deals["closed_at"],
            "exit": deals["status"].where(closed, None), "owner": deals["owner"], "amount": deals["amount"],
            "precision": np.where(precision == "", "day", precision), "is_synthetic": False,
        }
    )  # fmt: skip


def _current_stage(deals: pd.DataFrame, stages: dict[str, str], precision: np.ndarray) -> pd.DataFrame:
    """Return one visit a deal in its last known stage since its last change (class C)."""
    visits = _one_visit(deals, precision)
    named = deals["stage"].map(stages).isin(["open", "parked"])
    closed = deals["status"] != "open"
    since = deals["stage_changed_at"].fillna(deals["created_at"])
    since = since.where(since >= deals["created_at"], deals["created_at"])
    use = named & ~(closed & (since > deals["closed_at"]))
    visits["stage"] = visits["stage"].mask(use, deals["stage"])
    visits["entered_at"] = visits["entered_at"].mask(use, since)
    visits["is_synthetic"] = ~use
    return visits
