"""Read one or several files as a History: decide what each is, join them, report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simsales.errors import HistoryError, did_you_mean, expect, got, named
from simsales.history import folder
from simsales.history.history import History
from simsales.history.readers import aliases, changes, classify, deals, events, metadata, sheets, stage_history
from simsales.history.readers.build import Parts, finish
from simsales.history.readers.ledger import Ledger
from simsales.history.readers.mapping import Mapping as Given
from simsales.history.readers.mapping import checked_zone, load_mapping
from simsales.history.readers.sheets import Sheet
from simsales.history.readers.table import Context, Table

Paths = str | Path | Iterable[str | Path]


@dataclass
class Inputs:
    """What a reader gets: the main table, the deals file beside it if any, and the context."""

    main: Table
    deals: Table | None
    context: Context


def read_history(
    path_or_paths: Paths,
    source: str = "auto",
    mapping: str | Path | Mapping[str, Any] | None = None,
    *,
    dayfirst: bool | None = None,
    decimal: str | None = None,
    tz: str | None = None,
    until: str | None = None,
) -> History:
    """Return the history in one or several exports, or in a folder of canonical tables.

    Parameters
    ----------
    path_or_paths : str, Path or iterable of them
        CSV, TSV, Excel, JSON or XES (also gzipped); several files of one source are joined: a deals file, stage
        history or a change log, a file of stages, a file of people. A folder holds canonical tables.
    source : str
        ``auto`` (decided from the captions) or a key of ``READERS``.
    mapping : str, Path, mapping or None
        YAML file or dict that states what is otherwise guessed: ``columns`` (field to caption), ``tz``, ``dayfirst``,
        ``decimal``, ``currency``, ``stages`` (list, or label to kind), ``outcomes`` (won, lost, no_decision to labels),
        ``stage_pattern``, ``observed_from``, ``until``, ``encoding``, ``percent``, ``sheet``, ``known_at_creation``.
    dayfirst : bool or None
        Whether 01/02/2025 is 1 February; None takes it from the column and asks where nothing tells.
    decimal : str or None
        ``.`` or ``,``; None takes it from the column.
    tz : str or None
        IANA zone of stamps without one; None means the mapping's, else Asia/Shanghai with Chinese captions, else UTC.
    until : str or None
        Date of the export; None means the last stamp seen.

    Returns
    -------
    History
        With its import report as ``.report``.

    Raises
    ------
    HistoryError
        If the files cannot be read as a history; the message says where, what and what to do.
    """
    rule = "a file, a folder, or a list of files. Hint: read_history('deals.csv')"
    expect("path_or_paths", path_or_paths, (str, Path, list, tuple), rule, HistoryError)
    for path in path_or_paths if isinstance(path_or_paths, (list, tuple)) else ():
        expect("path_or_paths", path, (str, Path), rule, HistoryError)
    expect("source", source, str, "text such as 'auto' or 'deals'", HistoryError)
    expect("mapping", mapping, (str, Path, Mapping, type(None)), "a mapping, or a file with one", HistoryError)
    expect("dayfirst", dayfirst, (bool, type(None)), "true or false", HistoryError)
    expect("decimal", decimal, (str, type(None)), "'.' or ','", HistoryError)
    expect("tz", tz, (str, type(None)), "an IANA time zone. Hint: write it like Asia/Shanghai or UTC", HistoryError)
    expect("until", until, (str, dt.date, type(None)), "a date like 2026-06-30", HistoryError)
    paths = [Path(path_or_paths)] if isinstance(path_or_paths, (str, Path)) else [Path(path) for path in path_or_paths]
    if not paths:
        raise HistoryError("The files must be at least one, got none. Hint: name an export.")
    if source != "auto" and source not in READERS:
        raise HistoryError(f"source must be auto or one of {', '.join(READERS)}, got {got(source)}. {did_you_mean(source, READERS)}")
    if source == "tables" or (len(paths) == 1 and paths[0].is_dir()):
        return folder.read(paths[0])
    given = load_mapping(mapping)
    found = [sheet for path in paths for sheet in sheets.load(path, given.encoding, given.sheet)]
    context = _context(found, paths, given, dayfirst, decimal, tz, until)
    _check_columns(found, given, context.ledger)
    inputs = _inputs(found, source if source != "auto" else given.source or "auto", context)
    history = READERS[context.ledger.source](inputs)
    return replace(history, report=replace(history.report, mapping=_mapping(history, context)))


def _context(found: list[Sheet], paths: list[Path], given: Given, dayfirst: bool | None, decimal: str | None, tz: str | None, until: str | None) -> Context:
    """Return the settings of an import."""
    if decimal not in (None, ".", ","):
        raise HistoryError(f"decimal must be '.' or ',', got {got(decimal)}. Hint: pass decimal=','.")
    chinese = aliases.has_chinese(caption for sheet in found for caption in sheet.cells.columns)
    zone, why = (checked_zone(tz), "as given") if tz else (given.tz, "as the mapping says")
    if zone is None and not chinese and any(_chinese_records(sheet) for sheet in found):
        chinese, zone, why = True, "Asia/Shanghai", "the records are in Chinese"
    if zone is None:
        zone, why = ("Asia/Shanghai", "the captions are Chinese") if chinese else ("UTC", "nothing says otherwise")
    ledger = Ledger(files=[path.name for path in paths], facts={"timezone": zone, "timezone_why": why})
    return Context(ledger, given, zone, given.dayfirst if dayfirst is None else dayfirst, decimal or given.decimal, chinese, until)


def _chinese_records(sheet: Sheet) -> bool:
    """Return whether JSON records, whose captions are names of a programming interface, hold Chinese text."""
    is_json = sheet.header_row == 0
    return is_json and aliases.has_chinese(cell for _, column in sheet.cells.head(200).items() for cell in column)


def _check_columns(found: list[Sheet], given: Given, ledger: Ledger) -> None:
    """Raise an error if the mapping names a column (or, in a change log, a field) that no file has."""
    captions = [str(caption) for sheet in found for caption in sheet.cells.columns]
    for name, caption in given.columns.items():
        if name not in aliases.fields() and "mean" in (hint := did_you_mean(name, aliases.fields())):
            ledger.note(f"The mapping names '{name}', which no reader knows; '{caption}' is kept under that name. {hint}")
        if caption in captions:
            continue
        in_log = name in aliases.load()["fields"] and any((sheet.cells == caption).any(axis=None) for sheet in found)
        if not in_log:
            files = ", ".join(dict.fromkeys(sheet.file for sheet in found))
            raise HistoryError(f"{files} must have the column '{caption}' that the mapping names for {name}, got {named(captions, 30)}. {did_you_mean(caption, captions)}")


def _inputs(found: list[Sheet], source: str, context: Context) -> Inputs:
    """Return the main table and what stands beside it."""
    kinds = [classify.kind_of(sheet, context.mapping.columns) for sheet in found]
    if source != "auto":
        kinds = _forced(found, kinds, source)
    main_kind = next((kind for kind in classify.MAIN if kind in kinds), None)
    if main_kind is None:
        _refuse(found, context.mapping.columns)
    assert main_kind is not None
    main = _combined([sheet for sheet, kind in zip(found, kinds, strict=True) if kind == main_kind], main_kind)
    beside = [sheet for sheet, kind in zip(found, kinds, strict=True) if kind == "deals"] if main_kind in ("changes", "stage_history") else []
    _beside(found, kinds, main_kind, context)
    ledger = context.ledger
    ledger.source = main_kind
    ledger.read = len(main.cells) + sum(len(sheet.cells) for sheet in beside)
    ledger.facts.update(encoding=main.encoding, delimiter=main.delimiter, sheet=main.name, header_row=main.header_row)
    table = Table.of(main, "events" if main_kind == "xes" else main_kind, context)
    return Inputs(table, Table.of(_combined(beside, "deals"), "deals", context) if beside else None, context)


def _forced(found: list[Sheet], kinds: list[str], source: str) -> list[str]:
    """Return kinds in which the source that the user named is the main one."""
    if source in kinds:
        return [kind if kind == source or kind in ("stages", "reps", "deals") else "" for kind in kinds]
    joined = ("stages", "reps", "deals") if source in ("changes", "stage_history") and "" in kinds else ("stages", "reps")
    largest = max(range(len(found)), key=lambda place: (kinds[place] not in joined, len(found[place].cells)))
    beside = ("stages", "reps", "deals") if source in ("changes", "stage_history") else ("stages", "reps")
    return [source if place == largest else kind if kind in beside else "" for place, kind in enumerate(kinds)]


def _refuse(found: list[Sheet], columns: Mapping[str, str]) -> None:
    """Raise the error for files that are no history."""
    sheet = max(found, key=lambda item: len(item.cells))
    captions = [str(caption) for caption in sheet.cells.columns]
    kind, wanted = _nearest(captions, columns)
    lacking = ", ".join(name.replace("_", " ") for name in wanted) or "dates"
    like = f"Hint: name them in a mapping, like columns: {{{wanted[0] if wanted else 'created_at'}: CAPTION}}, or pass source='{kind}'."
    near = next((hint for name in wanted if "did you mean" in (hint := did_you_mean(name, captions))), like)
    raise HistoryError(f"{sheet.file} must have columns for {lacking}, got {named(captions, 30)}. {near}")


REQUIRED = {
    "deals": ("deal_id", "created_at", "status"), "changes": ("deal_id", "time", "field", "new_value"),
    "stage_history": ("deal_id", "stage", "entered_at"), "events": ("deal_id", "activity", "time"),
}  # fmt: skip


def _nearest(captions: list[str], columns: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the kind of table that a sheet is nearest to, and the required fields that no caption matches."""
    lacking = {kind: [name for name in names if name not in classify.meant(captions, kind, columns)] for kind, names in REQUIRED.items()}
    return min(lacking.items(), key=lambda item: len(item[1]))


def _unused(sheet: Sheet, columns: Mapping[str, str]) -> str:
    """Return why a sheet was not used; one that nearly is a table of a history says what it lacks."""
    kind, lacking = _nearest([str(caption) for caption in sheet.cells.columns], columns)
    if len(lacking) != 1:
        return "it is no table that a history needs."
    return f"as {kind.replace('_', ' ')} it lacks a column for {lacking[0].replace('_', ' ')}. Hint: if it has one, name it in a mapping, like columns: {{{lacking[0]}: CAPTION}}."


def _combined(parts: list[Sheet], kind: str) -> Sheet:
    """Return several sheets of one shape as one."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    for other in parts[1:]:
        if list(other.cells.columns) != list(first.cells.columns) or kind == "deals":
            raise HistoryError(f"{first.file} and {other.file} must not both be {kind.replace('_', ' ')} tables, got two. Hint: read them one by one, or name one sheet.")
    cells = pd.concat([sheet.cells for sheet in parts], ignore_index=True)
    return replace(first, file=" + ".join(sheet.file for sheet in parts), cells=cells, rows=np.concatenate([sheet.rows for sheet in parts]))


def _beside(found: list[Sheet], kinds: list[str], main_kind: str, context: Context) -> None:
    """Take stage and people files into the context; report files that were not used."""
    for sheet, kind in zip(found, kinds, strict=True):
        label = f"{sheet.file}, sheet {sheet.name}" if sheet.name else sheet.file
        if kind == "stages":
            metadata.stages(Table.of(sheet, "stages", context), context)
        elif kind == "reps":
            metadata.reps(Table.of(sheet, "reps", context), context)
        elif kind == "" or (kind != main_kind and not (kind == "deals" and main_kind in ("changes", "stage_history"))):
            why = _unused(sheet, context.mapping.columns) if kind == "" else "it is no table that a history needs."
            context.ledger.note(f"{label} was not used: {why}")


def _mapping(history: History, context: Context) -> dict[str, Any]:
    """Return the mapping that reproduces an import."""
    facts = context.ledger.facts
    values: dict[str, Any] = {"source": context.ledger.source, "columns": {**context.ledger.agreed(), **context.mapping.columns}, "tz": context.tz}
    if facts.get("date_order") in ("day-first", "month-first"):
        values["dayfirst"] = facts["date_order"] == "day-first"
    if facts.get("percent_rule"):
        values["percent"] = facts["percent_rule"]
    ends = history.stages[history.stages["kind"].isin(["won", "lost", "no_decision"])]
    if context.ledger.source in ("events", "xes") and len(ends):
        values["outcomes"] = {str(kind): sorted(group["stage"]) for kind, group in ends.groupby("kind", sort=True)}
    return {**values, **{name: value for name, value in context.mapping.raw.items() if name != "columns"}}


def _finished(parts: Parts, inputs: Inputs) -> History:
    """Return the history of what a reader found, with the people of the context."""
    if parts.reps.empty and not inputs.context.reps.empty:
        parts.reps = inputs.context.reps
    return finish(parts, inputs.context)


def _deals(inputs: Inputs) -> History:
    return _finished(deals.read(inputs.main, inputs.context), inputs)


def _changes(inputs: Inputs) -> History:
    return _finished(changes.read(inputs.main, inputs.deals, inputs.context), inputs)


def _stage_history(inputs: Inputs) -> History:
    return _finished(stage_history.read(inputs.main, inputs.deals, inputs.context), inputs)


def _events(inputs: Inputs) -> History:
    return _finished(events.read(inputs.main, inputs.context), inputs)


def _tables(inputs: Inputs) -> History:
    raise HistoryError(f"{inputs.main.sheet.file} must be a folder of canonical tables, got a file. Hint: name the folder.")


READERS: dict[str, Callable[[Inputs], History]] = {
    "deals": _deals, "changes": _changes, "stage_history": _stage_history, "events": _events, "xes": _events, "tables": _tables,
}  # fmt: skip
