"""Decide what kind of table a sheet is, from its captions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from simsales.history.readers import aliases
from simsales.history.readers.sheets import Sheet

PEOPLE = re.compile(r"user|rep|team|owner|employee|staff|人员|员工|团队", re.IGNORECASE)
MAIN = ("xes", "events", "changes", "stage_history", "deals")


def kind_of(sheet: Sheet, columns: Mapping[str, str]) -> str:
    """Return the kind of a sheet: xes, events, changes, stage_history, deals, stages, reps, or empty.

    The order of the questions settles sheets that could be two kinds. What the mapping says of columns (field to
    caption) counts like a caption that is known.
    """
    if sheet.kind:
        return sheet.kind
    captions = [str(caption) for caption in sheet.cells.columns]
    keys = {aliases.key(caption) for caption in captions}
    fields = {kind: set(meant(captions, kind, columns)) for kind in ("changes", "events", "stage_history", "deals", "stages", "reps")}
    marks = keys | {aliases.key(name) for name, caption in columns.items() if caption in captions}
    if fields["changes"] >= {"deal_id", "time", "field", "new_value"}:
        return "changes"
    if _marked(marks, "events") and fields["events"] >= {"deal_id", "activity"} and fields["events"] & {"time", "start", "end"}:
        return "events"
    if fields["stage_history"] >= {"stage", "entered_at"} and fields["stage_history"] & {"deal_id", "name"} and (_marked(marks, "stage_history") or _repeats(sheet, captions, columns)):
        return "stage_history"
    if _is_stages(fields, keys):
        return "stages"
    if _is_people(fields, keys, sheet):
        return "reps"
    dated = fields["deals"] & {"created_at", "closed_at", "stage_changed_at", "won_at", "expected_close"}
    named = fields["deals"] & {"deal_id", "name"}
    return "deals" if named and (dated or fields["deals"] >= {"stage", "amount"} or fields["deals"] >= {"status", "amount"}) else ""


def meant(captions: list[str], kind: str, columns: Mapping[str, str]) -> dict[str, str]:
    """Return field to caption for one kind of table: what the mapping says, then what the captions are known to mean."""
    stated = {name: caption for name, caption in columns.items() if caption in captions}
    known = aliases.match([caption for caption in captions if caption not in stated.values()], kind)[0]
    return {**known, **{name: caption for name, caption in stated.items() if name in aliases.load()[kind]}}


def _marked(keys: set[str], kind: str) -> bool:
    """Return whether a caption belongs to one kind only."""
    return bool(keys & {aliases.key(str(caption)) for caption in aliases.load()["marks"][kind]})


def _repeats(sheet: Sheet, captions: list[str], columns: Mapping[str, str]) -> bool:
    """Return whether rows of one deal differ in stage."""
    found = meant(captions, "stage_history", columns)
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
