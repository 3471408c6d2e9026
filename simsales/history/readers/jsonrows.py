"""JSON lists of records, as web interfaces of CRMs return them, as sheets of text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simsales.errors import HistoryError
from simsales.history.readers.sheets import Sheet

WRAPPERS = ("data", "dataList", "recordResult", "result", "items", "results", "records", "value", "rows")


def load(path: Path, text: str, encoding: str) -> list[Sheet]:
    """Return the records of a JSON file.

    Raises
    ------
    HistoryError
        If it is no JSON, or holds no list of records.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise HistoryError(f"{path.name} must be JSON, got {error}. Hint: export it again.") from error
    records = _records(content)
    if records is None:
        raise HistoryError(f"{path.name} must hold a list of records, got {type(content).__name__}. Hint: give the list under data or result.")
    if not records:
        raise HistoryError(f"{path.name} must hold a table, got an empty list. Hint: export it again.")
    rows = [_flat(record) for record in records]
    cells = pd.DataFrame(rows, dtype=object).fillna("")
    return [Sheet(path.name, "", cells, np.arange(1, len(rows) + 1), 0, encoding, "")]


def _records(content: Any) -> list[dict[str, Any]] | None:
    """Return the first list of objects inside the usual wrappers."""
    if isinstance(content, list):
        return [item for item in content if isinstance(item, dict)] if all(isinstance(item, dict) for item in content) else None
    if isinstance(content, dict):
        for name in WRAPPERS:
            if name in content and (found := _records(content[name])) is not None:
                return found
        return [content] if any(not isinstance(value, (dict, list)) for value in content.values()) else None
    return None


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, str]:
    """Return a record as caption to text: nested names by dots, label-and-value pairs by their label."""
    out: dict[str, str] = {}
    for name, value in record.items():
        caption = f"{prefix}{name}"
        if isinstance(value, dict) and {"label", "value"} <= set(value):
            out[caption] = _text(value["value"])
            out[f"{caption}__r"] = _text(value["label"])
        elif isinstance(value, dict):
            out |= _flat(value, f"{caption}.")
        else:
            out[caption] = _text(value)
    return out


def _text(value: Any) -> str:
    """Return a JSON value as the text a cell would hold."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(_text(item) for item in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
