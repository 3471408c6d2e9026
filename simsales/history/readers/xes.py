"""XES event logs (IEEE 1849), read piece by piece; DOCTYPE is refused."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path
from typing import IO
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd

from simsales.errors import HistoryError
from simsales.history.readers import sheets

VALUES = frozenset(("string", "date", "int", "float", "boolean", "id"))


class _Guard(io.RawIOBase):
    """A stream that refuses a DOCTYPE and more bytes than the limit."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        super().__init__()
        self.stream, self.name, self.size, self.tail = stream, name, 0, b""

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.size += len(data)
        window = self.tail + data
        if self.size < 1_000_000 + len(data) and b"<!DOCTYPE" in window.upper().replace(b"\x00", b""):
            raise HistoryError(f"{self.name} must not have a DOCTYPE, got one. Hint: a log needs none; remove that line.")
        if self.size > sheets.MAX_BYTES:
            raise HistoryError(f"{self.name} must unpack to at most {sheets.MAX_BYTES:,} bytes, got more. Hint: unpack and check it by hand.")
        self.tail = window[-32:]
        return data


def load(path: Path) -> sheets.Sheet:
    """Return an XES file as a sheet: one row an event, attributes of the trace under ``case:``.

    Raises
    ------
    HistoryError
        If it is damaged, has a DOCTYPE or holds no event.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            stream = gzip.open(raw) if packed else raw  # noqa: SIM115 - closed with the file beneath it
            rows = _rows(_Guard(stream, path.name))  # type: ignore[arg-type]
    except ET.ParseError as error:
        raise HistoryError(f"{path.name} must be well-formed XML, got {error}. Hint: export the log again.") from error
    except (EOFError, zlib.error, OSError) as error:
        raise HistoryError(f"{path.name} must be an undamaged XES file, got {error}. Hint: copy or export it again.") from error
    if not rows:
        raise HistoryError(f"{path.name} must hold events, got none. Hint: export the log again.")
    cells = pd.DataFrame(rows, dtype=object).fillna("")
    return sheets.Sheet(path.name, "", cells, np.arange(1, len(cells) + 1), 0, "utf-8", "", (), "xes")


def _rows(stream: _Guard) -> list[dict[str, str]]:
    """Return one dict an event."""
    rows: list[dict[str, str]] = []
    depth: list[str] = []
    number = 0
    root: ET.Element | None = None
    for event, element in ET.iterparse(stream, events=("start", "end")):
        tag = element.tag.rsplit("}", 1)[-1]
        if event == "start":
            root = element if root is None else root
            depth.append(tag)
            continue
        depth.pop()
        if tag == "trace":
            number += 1
            rows.extend(_trace(element, number))
        if len(depth) == 1 and root is not None:
            root.clear()
    if root is not None and root.tag.rsplit("}", 1)[-1] != "log":
        raise HistoryError(f"{stream.name} must be an XES log, got <{root.tag}>. Hint: XES files start with <log>.")
    return rows


def _trace(trace: ET.Element, number: int) -> list[dict[str, str]]:
    """Return the events of a trace with its own attributes."""
    case = {f"case:{name}": value for name, value in _attributes(trace).items()}
    case.setdefault("case:concept:name", str(number))
    events = (child for child in trace if child.tag.rsplit("}", 1)[-1] == "event")
    return [case | _attributes(event) for event in events]


def _attributes(element: ET.Element) -> dict[str, str]:
    """Return the direct attributes of a trace or event."""
    return {
        child.get("key", ""): child.get("value", "")
        for child in element
        if child.tag.rsplit("}", 1)[-1] in VALUES and child.get("key")
    }
