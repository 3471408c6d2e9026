"""Read one or several files as a History: decide what each is, join them, report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from simsales.errors import HistoryError, did_you_mean
from simsales.history import folder
from simsales.history.history import History
from simsales.history.readers import aliases, deals, events, sheets
from simsales.history.readers.build import Parts, finish
from simsales.history.readers.ledger import Ledger
from simsales.history.readers.mapping import checked_zone, load_mapping
from simsales.history.readers.sheets import Sheet
from simsales.history.readers.table import Context, Table

Paths = str | Path | Iterable[str | Path]


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
    """Return the history in one or several exports."""
    paths = [Path(path_or_paths)] if isinstance(path_or_paths, (str, Path)) else [Path(path) for path in path_or_paths]
    if len(paths) == 1 and paths[0].is_dir():
        return folder.read(paths[0])
    given = load_mapping(mapping)
    found = [sheet for path in paths for sheet in sheets.load(path, given.encoding, given.sheet)]
    chinese = aliases.has_chinese(caption for sheet in found for caption in sheet.cells.columns)
    context = Context(
        Ledger(files=[path.name for path in paths]), given, tz=checked_zone(tz) or given.tz or ("Asia/Shanghai" if chinese else "UTC"),
        dayfirst=given.dayfirst if dayfirst is None else dayfirst, decimal=decimal or given.decimal, chinese=chinese, until=until,
    )  # fmt: skip
    sheet = found[0]
    kind = "events" if aliases.match(sheet.cells.columns, "events")[0].keys() >= {"deal_id", "activity"} else "deals"
    context.ledger.source = kind
    context.ledger.read = len(sheet.cells)
    context.ledger.facts.update(encoding=sheet.encoding, delimiter=sheet.delimiter, header_row=sheet.header_row, timezone=context.tz)
    return finish(READERS[kind](Table.of(sheet, kind, context), context), context)


READERS: dict[str, Callable[[Table, Context], Parts]] = {"deals": deals.read, "events": events.read}
