"""Tell a file of another format by how it begins, and say what reads it."""

from __future__ import annotations

import re

__all__ = ["foreign_format"]

_IMPORT = "simsales import reads histories"
_BINARY: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "a workbook or a zip archive", f"{_IMPORT}; models and scenarios are written as text."),
    (b"\xd0\xcf\x11\xe0", "an old Office file", f"save it as .xlsx or CSV; {_IMPORT}."),
    (b"\x1f\x8b", "a gzip archive", f"unpack it; {_IMPORT}."),
    (b"%PDF", "a PDF", "models and scenarios are written as text."),
    (b"\x89PNG", "a picture", "models and scenarios are written as text."),
    (b"\xff\xd8\xff", "a picture", "models and scenarios are written as text."),
    (b"SQLite format 3", "a database", f"export its tables as CSV; {_IMPORT}."),
    (b"PAR1", "a Parquet table", f"write it as CSV; {_IMPORT}."),
    (b"\x80\x04", "a Python pickle", "write models with simsales.save_model."),
    (b"\x80\x05", "a Python pickle", "write models with simsales.save_model."),
)
_TEXT: tuple[tuple[str, str, str], ...] = (
    (r"<(?:\?xml.*?<)?(?:\w+:)?definitions\b|bpmn", "BPMN", "simsales.views.read_bpmn reads its process; a model also needs odds, times and people."),
    (r"<(?:\w+:)?log\b[^>]*(?:xes|openxes)", "an event log (XES)", f"{_IMPORT}."),
    (r"^<!doctype html|<html\b", "a web page", "models and scenarios are written as text."),
    (r"^<\?xml|^<\w+[\s>]", "XML", f"{_IMPORT}; models and scenarios are YAML."),
    (r"^(?:graph|flowchart)\s+(?:TD|TB|BT|LR|RL)\b|^stateDiagram|^gantt\b", "a Mermaid chart", "simsales.views.read_mermaid reads its process; a model also needs odds, times and people."),
)
_HEAD = 2000


def foreign_format(raw: bytes) -> tuple[str, str] | None:
    """Return what a file is that is no YAML, and a hint; None where it may be YAML.

    Parameters
    ----------
    raw : bytes
        The file, or its beginning.

    Examples
    --------
    >>> foreign_format(b"<?xml version='1.0'?><bpmn:definitions/>")[0], foreign_format(b"name: a")
    ('BPMN', None)
    """
    for magic, name, hint in _BINARY:
        if raw.startswith(magic):
            return name, hint
    head = raw[:_HEAD].decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig", errors="replace").lstrip()
    if head.startswith("<"):
        return next(((name, hint) for pattern, name, hint in _TEXT[:-1] if re.search(pattern, head, re.IGNORECASE | re.DOTALL)), None)
    if re.match(_TEXT[-1][0], head):
        return _TEXT[-1][1:]
    if b"\0" in raw[:_HEAD] and raw[:2] not in (b"\xff\xfe", b"\xfe\xff"):
        return "a binary file", "models and scenarios are written as text."
    return ("a table", f"{_IMPORT}.") if _is_table(head) else None


def _is_table(head: str) -> bool:
    """Tell whether the first lines are cells between commas, semicolons or tabs, and no keys."""
    lines = [line for line in head.splitlines()[:-1] or head.splitlines() if line.strip()][:5]
    if len(lines) < 2 or any(re.match(r"\s*(?:- |#|[\w\"']+\s*:(?:\s|$)|[{\[])", line) for line in lines):
        return False
    counts = [{mark: line.count(mark) for mark in ",;\t"} for line in lines]
    return any(counts[0][mark] and all(count[mark] == counts[0][mark] for count in counts) for mark in ",;\t")
