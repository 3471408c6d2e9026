"""A sheet whose captions are understood: columns by canonical field, parsed on demand."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from simsales.errors import HistoryError, did_you_mean, named
from simsales.history.readers import aliases, dates, values
from simsales.history.readers.ledger import Ledger
from simsales.history.readers.mapping import Mapping
from simsales.history.readers.sheets import Sheet, without

TIME_FIELDS = (
    "created_at", "closed_at", "won_at", "lost_at", "expected_close", "stage_changed_at", "modified_at", "last_activity",
    "time", "start", "end", "entered_at", "left_at", "hired_at",
)  # fmt: skip
SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d{2}")


@dataclass(eq=False)
class Context:
    """What holds for a whole import: the account, the mapping and the settings that were decided."""

    ledger: Ledger
    mapping: Mapping
    tz: str = "UTC"
    dayfirst: bool | None = None
    decimal: str | None = None
    chinese: bool = False
    until: str | None = None
    stage_names: dict[str, str] = field(default_factory=dict)
    stage_kinds: dict[str, str] = field(default_factory=dict)
    rep_names: dict[str, str] = field(default_factory=dict)
    reps: pd.DataFrame = field(default_factory=pd.DataFrame)
    roles: dict[str, str] = field(default_factory=dict)


@dataclass
class Table:
    """A sheet with its captions matched to canonical fields of one kind of table."""

    sheet: Sheet
    kind: str
    columns: dict[str, str]
    also: dict[str, str]
    context: Context

    @classmethod
    def of(cls, sheet: Sheet, kind: str, context: Context) -> Table:
        """Return the sheet understood as one kind of table; the mapping overrides the aliases."""
        captions = [str(caption) for caption in sheet.cells.columns]
        columns, also = aliases.match(captions, kind)
        for name, caption in context.mapping.columns.items():
            if caption in captions:
                columns = {known: used for known, used in columns.items() if used != caption}
                columns[name] = caption
        return cls(sheet, kind, columns, also, context)

    def account(self) -> None:
        """Report the guesses that were made about the captions."""
        ledger = self.context.ledger
        ledger.match(map(str, self.sheet.cells.columns), self.columns)
        for caption, name in self.also.items():
            ledger.note(f"{self.sheet.file}: '{caption}' would also mean {name}; '{self.columns.get(name)}' was used.")
        for note in self.sheet.notes:
            ledger.note(f"{self.sheet.file}: {note}")

    def __len__(self) -> int:
        return len(self.sheet.cells)

    def has(self, *fields: str) -> bool:
        """Return whether every field has a column."""
        return all(name in self.columns for name in fields)

    def first(self, fields: Iterable[str]) -> str | None:
        """Return the first field that has a column."""
        return next((name for name in fields if name in self.columns), None)

    def require(self, name: str, *others: str) -> str:
        """Return the first of these fields that has a column.

        Raises
        ------
        HistoryError
            If none has; the nearest captions are named.
        """
        found = self.first((name, *others))
        if found is None:
            captions = [str(caption) for caption in self.sheet.cells.columns]
            near = did_you_mean(name, captions)
            raise HistoryError(
                f"{self.sheet.file} must have a column for {name.replace('_', ' ')}, got {named(captions, 30)}. "
                f"{near if 'did you mean' in near else 'Hint:'} Name it in a mapping, like columns: {{{name}: CAPTION}}."
            )
        return found

    def text(self, name: str) -> pd.Series:
        """Return a column as trimmed text with None where missing; all None if there is no column."""
        if name not in self.columns:
            return pd.Series([None] * len(self), dtype=object)
        return values.clean(self.sheet.cells[self.columns[name]])

    def ids(self, name: str) -> pd.Series:
        """Return a column of ids as opaque text.

        Raises
        ------
        HistoryError
            If a spreadsheet turned ids into rounded numbers.
        """
        cells = self.text(name)
        damaged = [cell for cell in cells.dropna().unique() if SCIENTIFIC.fullmatch(cell)]
        if damaged:
            position = int(np.argmax((cells == damaged[0]).to_numpy()))
            raise HistoryError(
                f"{self.sheet.file}: {self.sheet.place(position)}, column {self.columns[name]} must hold whole ids, got {cells.iloc[position]}. "
                "Hint: a spreadsheet rounded them; export again with the column as text."
            )
        return cells

    def times(self, name: str, unique: bool = False) -> dates.Stamps:
        """Return a column as stamps; without a column all are missing."""
        if name not in self.columns:
            blank = pd.Series(pd.NaT, index=range(len(self)), dtype="datetime64[us, UTC]")
            return dates.Stamps(blank, np.full(len(self), "", dtype=object), np.zeros(len(self), dtype=bool))
        return self.parse_times(self.columns[name], unique)

    def parse_times(self, caption: str, unique: bool = False) -> dates.Stamps:
        """Return the stamps under a caption, its day order taken from the column or the rest of the sheet."""
        context = self.context
        where = f"{self.sheet.file}, column {caption}"
        cells = self.sheet.cells[caption]
        try:
            stamps = dates.parse(cells, context.tz, context.dayfirst, where, unique)
        except HistoryError:
            order = self._order_elsewhere(caption) if context.dayfirst is None else None
            if order is None:
                raise
            stamps = dates.parse(cells, context.tz, order == "day-first", where, unique)
            context.ledger.note(f"{where} is read {order}, as another column of the sheet.")
        self._account_times(stamps, where, cells)
        return stamps

    def _order_elsewhere(self, caption: str) -> str | None:
        """Return the order of day and month that other columns of the sheet prove."""
        orders = set()
        for name, other in self.columns.items():
            if name not in TIME_FIELDS or other == caption:
                continue
            try:
                stamps = dates.parse(self.sheet.cells[other], self.context.tz)
            except HistoryError:
                continue
            orders |= {stamps.order} & {"day-first", "month-first"}
        return orders.pop() if len(orders) == 1 else None

    def _account_times(self, stamps: dates.Stamps, where: str, cells: pd.Series) -> None:
        """Report what was decided about a column of stamps."""
        ledger = self.context.ledger
        if stamps.order in ("day-first", "month-first") or (stamps.order and not ledger.facts.get("date_order")):
            ledger.facts.update(date_order=stamps.order, date_evidence=stamps.evidence)
        bad = int(stamps.unparsed.sum())
        if bad:
            sample = cells.to_numpy()[np.argmax(stamps.unparsed)]
            ledger.unparsed += bad
            ledger.note(f"{where}: {bad:,} cells are no dates (first: {sample!r}) and count as missing.")

    def money(self, name: str) -> values.Numbers:
        """Return a column as amounts."""
        cells = self.sheet.cells[self.columns[name]] if name in self.columns else pd.Series([""] * len(self), dtype=object)
        found = values.caption_unit(self.columns.get(name, ""), self.context.chinese)
        numbers = values.money(cells, self.context.decimal, self.context.chinese, found[1:] if found else (1.0, None))
        ledger = self.context.ledger
        if found and found[1] != 1:
            ledger.note(f"{self.sheet.file}, column {self.columns[name]}: amounts without a unit of their own were multiplied by {found[1]:,.0f}, as the caption says.")
        ledger.ambiguous += numbers.ambiguous
        ledger.currencies |= set(numbers.currency.dropna())
        if numbers.ambiguous:
            ledger.note(f"{self.sheet.file}, column {self.columns.get(name)}: {numbers.ambiguous:,} different amounts have two readings; read with {numbers.rule}.")
        if numbers.unparsed.any():
            ledger.unparsed += int(numbers.unparsed.sum())
            ledger.note(f"{self.sheet.file}, column {self.columns.get(name)}: {int(numbers.unparsed.sum()):,} cells are no amounts (like {numbers.samples[0]!r}) and count as missing.")
        return numbers

    def drop(self, mask: np.ndarray | pd.Series, reason: str) -> None:
        """Leave rows out, with the reason in the report."""
        if np.asarray(mask).any():
            self.context.ledger.drop(self.sheet, mask, reason)
            self.sheet = without(self.sheet, np.asarray(mask))

    def extras(self, used: Sequence[str] = ()) -> dict[str, pd.Series]:
        """Return the columns without a canonical field as text; buyers' personal data is left out."""
        taken = set(self.columns.values()) | set(used)
        rest = [str(caption) for caption in self.sheet.cells.columns if caption not in taken]
        personal = [caption for caption in rest if aliases.key(caption.rsplit(" - ", 1)[-1]) in aliases.personal_keys()]
        if personal:
            self.context.ledger.note(f"{self.sheet.file}: personal data was not read ({', '.join(personal)}).")
        return {caption: values.clean(self.sheet.cells[caption]) for caption in rest if caption not in personal}

    def tidy(self) -> None:
        """Leave out empty rows, totals and repeated captions."""
        if self.sheet.cells.empty:
            return
        cells = self.sheet.cells
        lead = cells.iloc[:, 0].to_numpy(dtype=object)
        for position in range(1, min(3, cells.shape[1])):
            lead = np.where(lead == "", cells.iloc[:, position].to_numpy(dtype=object), lead)
        codes, labels = pd.factorize(lead)
        totals = frozenset(aliases.key(word) for word in aliases.load()["totals"])
        is_total = np.array([len(label) < 24 and aliases.key(label) in totals for label in labels], dtype=bool)[codes]
        blank = lead == ""
        blank[blank] = (cells[blank] == "").all(axis=1).to_numpy()
        caption = str(cells.columns[0])
        repeated = lead == caption
        repeated[repeated] = (cells[repeated] == cells.columns.to_numpy()).all(axis=1).to_numpy()
        reason = np.select([blank, is_total, repeated], [1, 2, 3])
        names = ("", "empty row", "total row", "repeated captions")
        for code in (1, 2, 3):
            self.context.ledger.drop(self.sheet, reason == code, names[code])
        if reason.any():
            self.sheet = without(self.sheet, reason > 0)

    def stages(self, name: str) -> pd.Series:
        """Return a column of stages, ids replaced by their labels."""
        cells = self.text(name)
        return cells.map(lambda label: self.context.stage_names.get(label, label), na_action="ignore") if self.context.stage_names else cells

    def owners(self, name: str) -> pd.Series:
        """Return a column of people, ids replaced by their names."""
        cells = self.text(name)
        return cells.map(lambda label: self.context.rep_names.get(label, label), na_action="ignore") if self.context.rep_names else cells
