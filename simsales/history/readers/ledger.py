"""The running account of one import; it becomes the ImportReport."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simsales.history.report import DroppedRow, ImportReport

if TYPE_CHECKING:
    from simsales.history.readers.sheets import Sheet


@dataclass
class Ledger:
    """Mutable account of rows, guesses and doubts while a file is read."""

    source: str = ""
    files: list[str] = field(default_factory=list)
    read: int = 0
    dropped: list[DroppedRow] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    guessed: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    currencies: set[str] = field(default_factory=set)
    ambiguous: int = 0
    unparsed: int = 0
    mapping: dict[str, Any] = field(default_factory=dict)
    _tables: list[tuple[frozenset[str], dict[str, str]]] = field(default_factory=list)

    def match(self, captions: Iterable[str], columns: dict[str, str]) -> None:
        """Account for what the captions of one table were taken to mean."""
        self._tables.append((frozenset(captions), dict(columns)))
        self.guessed.update(columns)

    def agreed(self) -> dict[str, str]:
        """Return the guesses that hold in every table: one mapping serves all files of an import."""
        return {
            name: caption
            for name, caption in self.guessed.items()
            if all(columns.get(name) == caption for captions, columns in self._tables if caption in captions)
        }

    def note(self, sentence: str) -> None:
        """Add a warning once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def drop(self, sheet: Sheet, mask: np.ndarray | pd.Series, reason: str) -> None:
        """Account for rows of a sheet that are left out."""
        positions = np.flatnonzero(np.asarray(mask))
        if not len(positions):
            return
        for position, values in zip(positions, sheet.cells.iloc[positions].itertuples(index=False, name=None), strict=True):
            text = " | ".join(str(value) for value in values).strip(" |")
            self.dropped.append(DroppedRow(sheet.file, sheet.name, int(sheet.rows[position]), text, reason))

    def reasons(self) -> tuple[tuple[str, int], ...]:
        """Return reason and count, most frequent first."""
        counts = Counter(row.reason for row in self.dropped)
        return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def report(self, facts: Iterable[tuple[str, Any]]) -> ImportReport:
        """Return the finished report."""
        values = {**self.facts, **dict(facts)}
        return ImportReport(
            source=self.source,
            files=tuple(self.files),
            read=self.read,
            kept=self.read - len(self.dropped),
            dropped=self.reasons(),
            dropped_rows=tuple(self.dropped),
            guessed=dict(self.guessed),
            currencies=tuple(sorted(self.currencies)),
            ambiguous=self.ambiguous,
            unparsed=self.unparsed,
            notes=tuple(self.notes),
            mapping=dict(self.mapping),
            **values,
        )
