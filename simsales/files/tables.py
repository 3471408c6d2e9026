"""Replace ``empirical: {file: x.csv}`` by the values of that file."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

from simsales.errors import InvalidModelError, did_you_mean, got
from simsales.files.document import Document, Step

MAX_BYTES = 20_000_000


def resolve_tables(document: Document) -> dict[str, Any]:
    """Return the document's data with the values of all files that empirical laws name.

    Parameters
    ----------
    document : Document
        Files are looked up beside it; a path that leaves its folder is refused.

    Raises
    ------
    InvalidModelError
        If a file is absent, lies elsewhere or holds something other than numbers; all such files
        are named at once.
    """
    found: list[str] = []
    data = _resolved(document.data, (), document, found)
    if found:
        raise InvalidModelError("\n".join(found))
    return dict(data)


def _resolved(value: Any, loc: tuple[Step, ...], document: Document, found: list[str]) -> Any:
    if isinstance(value, list):
        return [_resolved(item, (*loc, i), document, found) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    body = value.get("empirical")
    if len(value) == 1 and isinstance(body, dict) and "file" in body:
        return {"empirical": _read(body, (*loc, "empirical", "file"), document, found)}
    return {key: _resolved(item, (*loc, str(key)), document, found) for key, item in value.items()}


def _read(body: dict[str, Any], loc: tuple[Step, ...], document: Document, found: list[str]) -> dict[str, Any]:
    """Return the law's body with `values` (and `p`) instead of `file`."""
    from simsales.model.refusals import written

    where = f"{document.where(loc)} {written(loc)}"
    name = body["file"]
    problem = _refusal(name, body, document)
    if problem:
        found.append(f"{where} {problem}")
        return {"values": [0.0]}
    path = document.path.parent / str(name)
    try:
        values, p = read_values(path)
    except InvalidModelError as error:
        found.append(f"{where} must hold values: {error}")
        return {"values": [0.0]}
    return {"values": values} if p is None else {"values": values, "p": p}


def _refusal(name: Any, body: dict[str, Any], document: Document) -> str:
    """Return why a file is not read, or nothing."""
    if not isinstance(name, str):
        return f"must be the name of a CSV file, got {got(name)}."
    if len(body) > 1:
        others = ", ".join(key for key in body if key != "file")
        return f"must stand alone, got {others} beside it. Hint: the file brings values and p."
    folder = document.path.parent.resolve()
    path = (folder / name).resolve()
    if not path.is_relative_to(folder):
        return f"must lie in the folder of {document.path.name}, got {got(name)}."
    if not path.is_file():
        try:
            names = sorted(item.name for item in folder.iterdir() if item.suffix == ".csv")
        except OSError:
            names = []
        rule = f"must be a file that exists beside {document.path.name}, got {got(name)}."
        return f"{rule} {did_you_mean(name, names)}".rstrip()
    if path.stat().st_size > MAX_BYTES:
        return f"must be at most {MAX_BYTES / 1e6:.0f} MB, got {path.stat().st_size / 1e6:.1f} MB."
    return ""


def read_values(path: Path) -> tuple[list[float], list[float] | None]:
    """Return the column ``value`` (else the first one) of a CSV file, and ``p`` where it has one.

    Parameters
    ----------
    path : Path
        UTF-8, comma-separated, with or without a row of captions.

    Raises
    ------
    InvalidModelError
        Naming the file and line of the first cell that is not a non-negative number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [(line, row) for line, row in enumerate(csv.reader(file), 1) if any(row)]
    except UnicodeDecodeError as error:
        message = f"{path.name} must be text in UTF-8, got byte 0x{error.object[error.start]:02x}."
        raise InvalidModelError(message) from error
    if not rows:
        message = f"{path.name} must not be empty, got no rows."
        raise InvalidModelError(message)
    captions = [cell.strip().lower() for cell in rows[0][1]]
    headed = not _is_number(captions[0])
    column = captions.index("value") if "value" in captions else 0
    body = rows[1:] if headed else rows
    if not body:
        message = f"{path.name} must hold at least one value, got captions only."
        raise InvalidModelError(message)
    values = [_cell(path, line, row, column, "value") for line, row in body]
    if not headed or "p" not in captions:
        return values, None
    at = captions.index("p")
    return values, [_cell(path, line, row, at, "p") for line, row in body]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _cell(path: Path, line: int, row: list[str], column: int, name: str) -> float:
    text = row[column].strip() if column < len(row) else ""
    value = float(text) if _is_number(text) else math.nan
    if not math.isfinite(value) or value < 0:
        message = f"{path.name}:{line} {name} must be a number of at least 0, got {got(text)}."
        raise InvalidModelError(message)
    return value
