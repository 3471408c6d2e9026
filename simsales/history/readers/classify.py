"""Decide what kind of table a sheet is, from its captions."""

from __future__ import annotations

import re

from simsales.history.readers import aliases
from simsales.history.readers.sheets import Sheet

PEOPLE = re.compile(r"user|rep|team|owner|employee|staff|人员|员工|团队", re.IGNORECASE)
MAIN = ("xes", "events", "changes", "stage_history", "deals")


def kind_of(sheet: Sheet) -> str:
    """Return the kind of a sheet: xes, events, changes, stage_history, deals, stages, reps, or empty.

    The order of the questions settles sheets that could be two kinds.
    """
    if sheet.kind:
        return sheet.kind
    captions = [str(caption) for caption in sheet.cells.columns]
    keys = {aliases.key(caption) for caption in captions}
    fields = {kind: set(aliases.match(captions, kind)[0]) for kind in ("changes", "events", "stage_history", "deals", "stages", "reps")}
    if fields["changes"] >= {"deal_id", "time", "field", "new_value"}:
        return "changes"
    if _marked(keys, "events") and fields["events"] >= {"deal_id", "activity"} and fields["events"] & {"time", "start", "end"}:
        return "events"
    if fields["stage_history"] >= {"stage", "entered_at"} and fields["stage_history"] & {"deal_id", "name"} and (_marked(keys, "stage_history") or _repeats(sheet, captions)):
        return "stage_history"
    if _is_stages(fields, keys):
        return "stages"
    if _is_people(fields, keys, sheet):
        return "reps"
    dated = fields["deals"] & {"created_at", "closed_at", "stage_changed_at", "won_at", "expected_close"}
    named = fields["deals"] & {"deal_id", "name"}
    return "deals" if named and (dated or fields["deals"] >= {"stage", "amount"} or fields["deals"] >= {"status", "amount"}) else ""


def _marked(keys: set[str], kind: str) -> bool:
    """Return whether a caption belongs to one kind only."""
    return bool(keys & {aliases.key(str(caption)) for caption in aliases.load()["marks"][kind]})


def _repeats(sheet: Sheet, captions: list[str]) -> bool:
    """Return whether rows of one deal differ in stage."""
    found = aliases.match(captions, "stage_history")[0]
    deal = found.get("deal_id") or found["name"]
    pairs = sheet.cells[[deal, found["stage"]]]
    pairs = pairs[(pairs != "").all(axis=1)].drop_duplicates()
    return bool(pairs[deal].duplicated().any())


def _is_stages(fields: dict[str, set[str]], keys: set[str]) -> bool:
    """Return whether captions describe stages rather than deals."""
    described = "label" in fields["stages"] and fields["stages"] & {"stage_id", "order", "kind", "is_won", "is_closed"}
    return bool(described) and not fields["deals"] & {"created_at", "amount", "owner", "account"} and any("stage" in key or "阶段" in key or key in ("masterlabel", "statusid") for key in keys)


def _is_people(fields: dict[str, set[str]], keys: set[str], sheet: Sheet) -> bool:
    """Return whether captions describe people rather than deals."""
    if "rep" not in fields["reps"] or fields["deals"] & {"amount", "stage", "closed_at", "account"}:
        return False
    return bool(fields["reps"] & {"role", "team", "region", "hired_at"}) or "email" in keys or bool(PEOPLE.search(sheet.file + sheet.name))
