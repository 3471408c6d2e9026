"""Writers of small export files for the tests of the readers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    """Write text as it stands and return the path."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def write_json(folder: Path, name: str, content: Any) -> Path:
    """Write JSON and return the path."""
    return write(folder, name, json.dumps(content, ensure_ascii=False))


def write_excel(folder: Path, name: str, rows: Sequence[Sequence[object]], sheets: dict[str, Sequence[Sequence[object]]] | None = None, merge: str = "") -> Path:
    """Write rows to a workbook and return the path."""
    from openpyxl import Workbook

    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(list(row))
    if merge:
        page.merge_cells(merge)
    for title, others in (sheets or {}).items():
        page = book.create_sheet(title)
        for row in others:
            page.append(list(row))
    path = folder / name
    book.save(path)
    return path


def utc(text: str) -> pd.Timestamp:
    """Return a UTC stamp."""
    return pd.Timestamp(text, tz="UTC")
