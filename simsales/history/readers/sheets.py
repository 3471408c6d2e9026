"""Files as sheets of text cells: encoding, delimiter, header row, row numbers; no meaning yet."""

from __future__ import annotations

import csv
import gzip
import io
import re
import warnings
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pandas as pd

from simsales.errors import HistoryError
from simsales.history.readers import aliases

MAX_BYTES = 2_000_000_000
HEADER_ROWS = 20
DELIMITERS = (",", ";", "\t", "|")


@dataclass(frozen=True, eq=False)
class Sheet:
    """One table of text cells.

    Parameters
    ----------
    file, name : str
        File name and, for workbooks, sheet name.
    cells : DataFrame of str
        Columns are captions; empty cells are ``""``.
    rows : ndarray of int, shape (len(cells),)
        Row number of each row as a spreadsheet shows it.
    header_row : int
        Row number of the captions.
    encoding, delimiter : str
        Empty for workbooks.
    notes : tuple of str
        What was done to the cells.
    kind : str
        Kind of table where the file says it; empty where the captions must.
    """

    file: str
    name: str
    cells: pd.DataFrame
    rows: np.ndarray
    header_row: int
    encoding: str = ""
    delimiter: str = ""
    notes: tuple[str, ...] = field(default=())
    kind: str = ""

    def place(self, position: int) -> str:
        """Return where a row stands, for messages."""
        within = f"{self.name}, row" if self.name else "line"
        skipped = self.cells.iloc[:position].map(lambda cell: str(cell).count("\n")).to_numpy().sum() if not self.name else 0
        return f"{within} {int(self.rows[position]) + int(skipped)}"


def load(path: Path, encoding: str | None = None, sheet: str | None = None) -> list[Sheet]:
    """Return the tables in a file.

    Raises
    ------
    HistoryError
        If it is no readable file, is empty, or cannot be decoded.
    """
    raw = read_bytes(path)
    if raw[:4] == b"PK\x03\x04" or raw[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        from simsales.history.readers import workbooks

        return workbooks.load(path, raw, sheet)
    text, used = decode(raw, path.name, encoding)
    if not text.strip():
        raise HistoryError(f"{path.name} must hold a table, got an empty file. Hint: export it again.")
    start = text.lstrip()[:200].lower()
    if start.startswith(("[", "{")):
        from simsales.history.readers import jsonrows

        return jsonrows.load(path, text, used)
    if "<log" in text[:100_000] and start.startswith(("<?xml", "<log", "<!doctype log")):
        from simsales.history.readers import xes

        return [xes.load(path)]
    if start.startswith(("<html", "<!doctype html", "<table", "<?xml")):
        raise HistoryError(f"{path.name} must be CSV, Excel, JSON or XES, got HTML or XML. Hint: open it in Excel and save it as .xlsx.")
    table = parse_text(path.name, text, used)
    return [table if encoding else replace(table, notes=(*table.notes, *_doubts(text, used)))]


def read_bytes(path: Path) -> bytes:
    """Return the content of a file, unpacked if it is a gzip or a zip of one table."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError as error:
        raise HistoryError(f"{path} must be a file, got no such file. Hint: check the path.") from error
    except OSError as error:
        raise HistoryError(f"{path} must be a readable file, got {error.strerror}. Hint: name a file, or a folder of canonical tables.") from error
    if not raw:
        raise HistoryError(f"{path.name} must hold a table, got an empty file. Hint: export it again.")
    if raw[:2] == b"\x1f\x8b":
        return _gunzip(raw, path.name)
    if raw[:4] == b"PK\x03\x04":
        return _unzip(raw, path.name)
    return raw


def _gunzip(raw: bytes, name: str) -> bytes:
    """Return unpacked gzip data, refusing more than MAX_BYTES."""
    try:
        with gzip.open(io.BytesIO(raw)) as stream:
            data = stream.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise HistoryError(f"{name} must be an undamaged gzip file, got {error}. Hint: copy or export it again.") from error
    return _within_limit(data, len(data), name)


def _unzip(raw: bytes, name: str) -> bytes:
    """Return the one table in a zip, or the zip itself if it is a workbook."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            _within_limit(b"", sum(item.file_size for item in archive.infolist()), name)
            names = archive.namelist()
            if "[Content_Types].xml" in names or "mimetype" in names:
                return raw
            inside = [item for item in archive.infolist() if not item.is_dir() and not item.filename.startswith("__MACOSX")]
            if len(inside) != 1:
                raise HistoryError(f"{name} must hold one table, got {len(inside)} files. Hint: unpack it and name the files.")
            with archive.open(inside[0]) as stream:
                data = stream.read(MAX_BYTES + 1)
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, RuntimeError) as error:
        raise HistoryError(f"{name} must be an undamaged zip or xlsx file, got {error}. Hint: copy or export it again.") from error
    return _within_limit(data, len(data), name)


def _within_limit(data: bytes, size: int, name: str) -> bytes:
    """Return the data unless its unpacked size exceeds the limit."""
    if size > MAX_BYTES:
        raise HistoryError(f"{name} must unpack to at most {MAX_BYTES:,} bytes, got more. Hint: unpack and check it by hand.")
    return data


def decode(raw: bytes, name: str, encoding: str | None) -> tuple[str, str]:
    """Return text and the encoding used: the given one, else BOM, UTF-8, GB18030, Windows-1252."""
    if encoding:
        try:
            return raw.decode(encoding).lstrip("\ufeff"), encoding
        except (UnicodeDecodeError, LookupError) as error:
            raise HistoryError(f"{name} must be readable as {encoding}, got {error}. Hint: leave encoding out to let it be detected.") from error
    for used in _candidates(raw):
        try:
            text = raw.decode(used).lstrip("\ufeff")
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text, used
    raise HistoryError(f"{name} must be text, got bytes that no known encoding explains. Hint: export it as CSV UTF-8, or state encoding: in the mapping.")


def _candidates(raw: bytes) -> tuple[str, ...]:
    """Return the encodings worth trying, best first."""
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return ("utf-16",)
    zeros = raw[:4000:2].count(0), raw[1:4000:2].count(0)
    if max(zeros) > len(raw[:4000]) // 6:
        return ("utf-16-be",) if zeros[0] > zeros[1] else ("utf-16-le",)
    return ("utf-8-sig", "gb18030", "cp1252") if _looks_chinese(raw) else ("utf-8-sig", "cp1252", "gb18030")


def _doubts(text: str, encoding: str) -> tuple[str, ...]:
    """Return a note where the encoding is only the last that fits: any bytes are text in Windows-1252."""
    odd = re.search(r"[^\s,;]{0,12}[^\x00-\x7f][^\s,;]{0,12}", text) if encoding == "cp1252" else None
    if odd is None:
        return ()
    return (f"The text is not UTF-8 and was read as cp1252 (like '{odd[0]}'). Hint: state encoding: in a mapping if that looks wrong.",)


def _looks_chinese(raw: bytes) -> bool:
    """Return whether bytes above 127 come in pairs, as in GBK and not in Latin text."""
    high = np.frombuffer(raw[:1_000_000], dtype=np.uint8) >= 0x81
    if not high.any():
        return True
    paired = (high[1:] & high[:-1]).sum()
    return bool(paired * 2 >= high.sum())


def parse_text(file: str, text: str, encoding: str, delimiter: str | None = None) -> Sheet:
    """Return delimited text as a sheet."""
    delimiter = delimiter or _sniff(text)
    head, ends = _head(text, delimiter, file)
    at = header_position(head)
    width = max(len(row) for row in head[at:])
    body = text[ends[at] :].rstrip("\r\n")
    frame = _frame(body, delimiter, width, file)
    header = head[at] + [""] * (width - len(head[at]))
    return finish(file, "", header, frame, at + 1, encoding, delimiter)


def _sniff(text: str) -> str:
    """Return the delimiter that cuts the first rows most evenly."""
    lines = text[:200_000].splitlines()[: HEADER_ROWS + 50]
    best = (0.0, ",")
    for delimiter in DELIMITERS:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter) if row]
        usual = max(set(counts), key=lambda count: (counts.count(count), count)) if counts else 1
        score = counts.count(usual) / max(len(counts), 1) * min(usual, 5) if usual > 1 else 0.0
        if score > best[0] + 1e-9:
            best = (score, delimiter)
    return best[1]


def _head(text: str, delimiter: str, file: str) -> tuple[list[list[str]], list[int]]:
    """Return the first rows and, for each, where the next one starts in the text."""
    lines = text[:400_000].splitlines(keepends=True)
    reader = csv.reader(lines, delimiter=delimiter)
    offsets = np.concatenate([[0], np.cumsum([len(line) for line in lines])])
    rows, ends = [], []
    try:
        for row in reader:
            rows.append(row)
            ends.append(int(offsets[reader.line_num]))
            if len(rows) >= HEADER_ROWS + 50:
                break
    except csv.Error as error:
        raise HistoryError(f"{file} must be delimited text, got {error}. Hint: export it as CSV UTF-8.") from error
    return rows, ends


def header_position(rows: list[list[str]]) -> int:
    """Return the position of the caption row: the best alias match among the first rows."""
    known = aliases.known_keys()
    scores = [sum(aliases.key(cell.rsplit(" - ", 1)[-1]) in known or aliases.key(cell) in known for cell in row if cell) for row in rows[:HEADER_ROWS]]
    if max(scores, default=0) > 0:
        return int(np.argmax(scores))
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows[:HEADER_ROWS]]
    return int(np.argmax(filled))


def _frame(body: str, delimiter: str, width: int, file: str) -> pd.DataFrame:
    """Return delimited text without header as a frame of str."""
    if not body.strip():
        return pd.DataFrame({column: pd.Series([], dtype=object) for column in range(width)})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(
                io.StringIO(body), sep=delimiter, header=None, names=range(width), index_col=False, dtype=object,
                keep_default_na=False, na_filter=False, skip_blank_lines=False,
            )  # fmt: skip
    except (pd.errors.ParserError, pd.errors.ParserWarning, ValueError) as error:
        raise HistoryError(f"{file} must have {width} cells in every row, got {str(error).strip()}. Hint: look for an unquoted '{delimiter}' in that row.") from error


def finish(file: str, name: str, header: list[str], frame: pd.DataFrame, header_row: int, encoding: str = "", delimiter: str = "") -> Sheet:
    """Return a sheet with named columns; trailing unnamed empty columns are gone."""
    header, children = _two_headers(header, frame)
    second = int(bool(children))
    if second:
        frame = frame.iloc[1:]
    captions = numbered([cell.strip() for cell in header])
    rows = np.arange(len(frame)) + header_row + 1 + second
    frame = frame.reset_index(drop=True)
    notes: tuple[str, ...] = ()
    if second:
        frame = _fill_parents(frame, [position for position in range(len(header)) if position not in children])
        notes = ("Two header rows: the cells of a parent row were repeated for its child rows.",)
    keep = [position for position, caption in enumerate(captions) if caption or (frame.iloc[:, position] != "").any()]
    frame = frame.iloc[:, keep].fillna("")
    frame.columns = pd.Index([captions[position] or f"column {position + 1}" for position in keep], dtype=object)
    return Sheet(file, name, frame, rows, header_row, encoding, delimiter, notes)


def _two_headers(header: list[str], frame: pd.DataFrame) -> tuple[list[str], list[int]]:
    """Return captions of a form with a subform, whose child captions stand in a second row, and the child columns."""
    if frame.empty:
        return header, []
    below = [str(cell).strip() for cell in frame.iloc[0]]
    filled = [position for position, cell in enumerate(below) if cell]
    group = [position for position, cell in enumerate(header) if not cell.strip() or header.count(cell) > 1]
    known = aliases.known_keys()
    if len(filled) < 2 or not set(filled) <= set(group) or not all(aliases.key(below[p]) in known for p in filled[:1]):
        return header, []
    child = {below[p] for p in filled}
    return [below[p] if p in filled else f"{cell} (parent)" if cell in child else cell for p, cell in enumerate(header)], filled


def _fill_parents(frame: pd.DataFrame, parents: list[int]) -> pd.DataFrame:
    """Return rows in which blank parent cells repeat those of the row that began the parent."""
    out = frame.copy()
    block = out.iloc[:, parents]
    begins = (block != "").any(axis=1).to_numpy()
    source = np.maximum.accumulate(np.where(begins, np.arange(len(out)), 0))
    for position in parents:
        out[out.columns[position]] = out[out.columns[position]].to_numpy()[source]
    return out


def numbered(captions: list[str]) -> list[str]:
    """Return captions made unique: the second ``Stage`` becomes ``Stage (2)``.

    Examples
    --------
    >>> numbered(["Stage", "Stage", ""])
    ['Stage', 'Stage (2)', '']
    """
    seen: dict[str, int] = {}
    out = []
    for caption in captions:
        seen[caption] = seen.get(caption, 0) + 1
        out.append(f"{caption} ({seen[caption]})" if caption and seen[caption] > 1 else caption)
    return out


def without(sheet: Sheet, mask: np.ndarray) -> Sheet:
    """Return the sheet without some rows."""
    keep = ~np.asarray(mask, dtype=bool)
    return replace(sheet, cells=sheet.cells[keep].reset_index(drop=True), rows=sheet.rows[keep])
