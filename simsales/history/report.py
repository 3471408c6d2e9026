"""The import report: what was read, what was guessed, what was left out and why."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from simsales.same import Same

CLASS_MEANINGS = {
    "A": "every stage change",
    "B": "the last entry into each stage",
    "C": "current stage and time of the last change",
    "D": "created and closed only",
}


@dataclass(frozen=True)
class DroppedRow:
    """One source row that was left out.

    Parameters
    ----------
    file, sheet : str
        Where it stands; ``sheet`` is empty for text files.
    row : int
        Row number as a spreadsheet shows it (the first row is 1).
    text : str
        The raw cells, joined by `` | ``.
    reason : str
        Why it was left out.
    """

    file: str
    sheet: str
    row: int
    text: str
    reason: str


@dataclass(frozen=True, eq=False, repr=False)
class ImportReport(Same):
    """What an import did, in numbers that add up: ``read == kept + dropped``.

    Parameters
    ----------
    source : str
        Name of the reader (a key of ``READERS``).
    files : tuple of str
        File names, in the order given.
    read, kept : int
        Source rows of the main tables.
    dropped : tuple of (str, int)
        Reason and number of rows, most frequent first.
    dropped_rows : tuple of DroppedRow
        Every dropped row with its place and raw text.
    guessed : mapping of str to str
        Canonical field to the caption it was found under.
    encoding, delimiter, sheet : str
        How the main file was read.
    header_row : int
        Row number of the captions; 0 where there is none.
    timezone, timezone_why : str
        IANA zone of stamps without one, and the reason for it.
    date_order, date_evidence : str
        ``year-first``, ``day-first`` or ``month-first``, and what decided it.
    percent_rule : str
        ``percent``, ``fraction`` or empty.
    currencies : tuple of str
        ISO codes seen.
    history_class, precision : str
        A, B, C or D; second, minute, day or snapshot.
    ambiguous, unparsed, synthetic : int
        Cells with two readings, cells without one, and visits that were not in the data.
    censored_share : float
        Share of deals still open at the end, between 0 and 1.
    notes : tuple of str
        Warnings, as sentences.
    mapping : mapping
        The mapping that reproduces this import.

    Examples
    --------
    >>> report = ImportReport(source="deals", read=3, kept=2, dropped=(("total row", 1),), history_class="D")
    >>> print(report.to_dict()["dropped"])
    [{'reason': 'total row', 'count': 1}]
    """

    source: str
    files: tuple[str, ...] = ()
    read: int = 0
    kept: int = 0
    dropped: tuple[tuple[str, int], ...] = ()
    dropped_rows: tuple[DroppedRow, ...] = ()
    guessed: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_row: int = 0
    timezone: str = "UTC"
    timezone_why: str = ""
    date_order: str = ""
    date_evidence: str = ""
    percent_rule: str = ""
    currencies: tuple[str, ...] = ()
    history_class: str = "D"
    precision: str = "day"
    ambiguous: int = 0
    unparsed: int = 0
    synthetic: int = 0
    censored_share: float = 0.0
    notes: tuple[str, ...] = ()
    mapping: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain values for JSON; dropped rows are counted, not listed."""
        return {
            "read": self.read,
            "kept": self.kept,
            "dropped": [{"reason": reason, "count": count} for reason, count in self.dropped],
            "guessed": dict(self.guessed),
            "encoding": self.encoding,
            "timezone": self.timezone,
            "class": self.history_class,
            "source": self.source,
            "files": list(self.files),
            "delimiter": self.delimiter,
            "sheet": self.sheet,
            "header_row": self.header_row,
            "timezone_why": self.timezone_why,
            "date_order": self.date_order,
            "date_evidence": self.date_evidence,
            "percent_rule": self.percent_rule,
            "currencies": list(self.currencies),
            "precision": self.precision,
            "ambiguous": self.ambiguous,
            "unparsed": self.unparsed,
            "synthetic": self.synthetic,
            "censored_share": self.censored_share,
            "notes": list(self.notes),
            "mapping": dict(self.mapping),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ImportReport:
        """Return the report that :meth:`to_dict` described (without the dropped rows)."""
        known = {name: values[name] for name in cls.__dataclass_fields__ if name in values}
        known["history_class"] = values.get("class", "D")
        known["dropped"] = tuple((item["reason"], item["count"]) for item in values.get("dropped", ()))
        for name in ("files", "currencies", "notes"):
            known[name] = tuple(values.get(name, ()))
        return cls(**known)

    def to_mapping(self) -> str:
        """Return the mapping as YAML text; reading the files with it gives the same history."""
        from simsales.history.readers.mapping import dump_mapping

        return dump_mapping(self.mapping)

    def dropped_csv(self) -> str:
        """Return the dropped rows as CSV text: file, sheet, row, reason, text."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["file", "sheet", "row", "reason", "text"])
        for row in self.dropped_rows:
            writer.writerow([_inert(row.file), _inert(row.sheet), row.row, row.reason, _inert(row.text)])
        return out.getvalue()

    def _facts(self) -> list[tuple[str, str]]:
        """Return label and text of every line worth showing."""
        dropped = "; ".join(f"{count:,} {reason}" for reason, count in self.dropped) or "none"
        guessed = ", ".join(f"{field} = {caption}" for field, caption in self.guessed.items())
        meaning = CLASS_MEANINGS.get(self.history_class, "")
        facts = [
            ("Files", ", ".join(self.files)),
            ("Rows", f"{self.read:,} read, {self.kept:,} kept, {self.read - self.kept:,} dropped"),
            ("Dropped", dropped),
            ("Source", self.source),
            ("History class", f"{self.history_class} ({meaning}), precision {self.precision}"),
            ("Columns", guessed),
            ("Encoding", " ".join(part for part in (self.encoding, _delimiter_name(self.delimiter)) if part)),
            ("Sheet", self.sheet),
            ("Header row", str(self.header_row) if self.header_row > 1 else ""),
            ("Time zone", f"{self.timezone} ({self.timezone_why})" if self.timezone_why else self.timezone),
            ("Dates", f"{self.date_order} ({self.date_evidence})" if self.date_order else ""),
            ("Percentages", self.percent_rule),
            ("Currencies", ", ".join(self.currencies)),
            ("Still open", f"{self.censored_share:.1%} of the deals"),
            ("Ambiguous cells", f"{self.ambiguous:,}" if self.ambiguous else ""),
            ("Unreadable cells", f"{self.unparsed:,}" if self.unparsed else ""),
            ("Visits added", f"{self.synthetic:,}" if self.synthetic else ""),
        ]
        return [(label, text) for label, text in facts if text]

    def __str__(self) -> str:
        lines = [f"{label + ':':<17}{text}" for label, text in self._facts()]
        return "\n".join(lines + [f"Note: {note}" for note in self.notes])

    def __repr__(self) -> str:
        return f"<ImportReport {self.source}: {self.read:,} rows read, {self.kept:,} kept, class {self.history_class}>"

    def _repr_html_(self) -> str:
        rows = "".join(f"<tr><th style='text-align:left'>{html.escape(a)}</th><td style='text-align:left'>{html.escape(b)}</td></tr>" for a, b in self._facts())
        notes = "".join(f"<li>{html.escape(note)}</li>" for note in self.notes)
        return f"<table>{rows}</table>" + (f"<ul>{notes}</ul>" if notes else "")


def _delimiter_name(delimiter: str) -> str:
    """Return a delimiter in words."""
    return {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}.get(delimiter, delimiter)


def _inert(text: str) -> str:
    """Return text that a spreadsheet will not run as a formula."""
    return "'" + text if text[:1] in ("=", "+", "-", "@") else text
