"""Excel workbooks as sheets of text: titles, merged cells, numbers and dates as a text export would write them."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path
from typing import Any

import pandas as pd

from simsales.errors import HistoryError, did_you_mean
from simsales.history.readers import sheets


def load(path: Path, raw: bytes, wanted: str | None = None) -> list[sheets.Sheet]:
    """Return the sheets of a workbook that hold a table.

    Raises
    ------
    HistoryError
        If the workbook is damaged or protected, or lacks the wanted sheet.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        names = list(book.sheet_names)
        if wanted is not None and wanted not in names:
            raise HistoryError(f"{path.name} must have the sheet '{wanted}', got {', '.join(names)}. {did_you_mean(wanted, names)}")
        grids = {name: _grid(book.get_sheet_by_name(name)) for name in names if wanted in (None, name)}
    except (CalamineError, OSError, ValueError) as error:
        raise HistoryError(f"{path.name} must be an undamaged Excel workbook without a password, got {error}. Hint: save it again as .xlsx.") from error
    found = [_sheet(path.name, name, grid) for name, grid in grids.items() if any(any(row) for row in grid)]
    if not found:
        raise HistoryError(f"{path.name} must hold a table, got an empty workbook. Hint: export it again.")
    return found


def _grid(sheet: Any) -> list[list[str]]:
    """Return a sheet as text; merged cells in rows repeat across them only where captions need it."""
    grid = [[_text(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
    width = max((len(row) for row in grid), default=0)
    grid = [row + [""] * (width - len(row)) for row in grid]
    for (top, left), (bottom, right) in getattr(sheet, "merged_cell_ranges", None) or ():
        if bottom == top and right > left and top < sheets.HEADER_ROWS and top < len(grid) and _is_caption_row(grid, top):
            for column in range(left, min(right + 1, width)):
                grid[top][column] = grid[top][left]
    return grid


def _is_caption_row(grid: list[list[str]], row: int) -> bool:
    """Return whether a row holds more than a title."""
    return len({cell for cell in grid[row] if cell}) > 1


def _text(cell: object) -> str:
    """Return a cell as text; integers of 16 digits and more show that they were rounded."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if abs(cell) >= 1e15:
            return f"{cell:.5E}"
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat() if cell.time() == dt.time(0) else cell.isoformat(sep=" ")
    return "" if cell is None else str(cell)


def _sheet(file: str, name: str, grid: list[list[str]]) -> sheets.Sheet:
    """Return a grid as a sheet."""
    at = sheets.header_position(grid)
    frame = pd.DataFrame(grid[at + 1 :], columns=range(len(grid[at])), dtype=object)
    return sheets.finish(file, name, grid[at], frame, at + 1)
