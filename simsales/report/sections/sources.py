"""What the numbers rest on: the import, the funnel of the history, and the calibrated parameters."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

import pandas as pd

from simsales.report import text
from simsales.report.figures import funnel, stage_durations
from simsales.report.pseudonyms import paths_without_names
from simsales.report.view import Block, Canvas, Column, Prose, Section, Table, table

#: Status of a parameter, its colour class and its meaning.
STATUSES = {
    "identified": ("good", "the data determine it"),
    "weakly identified": ("weak", "the data say little: mind the interval"),
    "prior": ("none", "a default from general experience; the data did not set it"),
    "assumed": ("none", "no data; a stated assumption"),
    "set": ("none", "entered by a person"),
}
CLASSES = {
    "A": "every stage change is known",
    "B": "only the last entry into each stage is known",
    "C": "only the current stage and its last change are known",
    "D": "only creation and closing are known",
}
CURVES_CAPTION = (
    "Share of visits that have ended by each number of days. Visits still open count: they are ticks on the curve. Dashed lines "
    "are the model."
)
FUNNEL_CAPTION = (
    "Deals that entered each stage. Below each bar: the share of them that went on to a later stage, whether or not it skipped "
    "the next one. Deals still open count as not gone on yet, so the last rates are low for a young pipeline."
)


def import_section(report: Any) -> Section:  # noqa: ANN401 - an ImportReport or its dictionary
    """Return the section on the data: what was read, left out and taken for what.

    Parameters
    ----------
    report : ImportReport or dict
        With ``to_dict()``, or that dictionary.

    Returns
    -------
    Section
        With the rows left out by reason and the columns that were read.
    """
    data = report if isinstance(report, Mapping) else report.to_dict()
    history_class = str(data.get("class", ""))
    lead = f"{text.count(data['read'])} rows were read and {text.count(data['kept'])} kept."
    if history_class in CLASSES:
        lead += f" It is a history of class {history_class}: {CLASSES[history_class]}."
    blocks: list[Block] = []
    if data.get("dropped"):
        rows = tuple((str(item["reason"]), text.count(item["count"])) for item in data["dropped"])
        blocks.append(Table(("Rows left out, by reason", "Rows"), rows, (False, True)))
    facts = (("Encoding", "encoding"), ("Time zone", "timezone"), ("Precision of times", "precision"))
    known = tuple((name, str(data[key])) for name, key in facts if data.get(key))
    if known:
        blocks.append(Table(("How it was read", ""), known, (False, False)))
    if data.get("guessed"):
        guessed = tuple((str(field), str(caption)) for field, caption in data["guessed"].items())
        headings = ("Field", "Column it was read from")
        blocks.append(Table(headings, guessed, (False, False), folded="Columns, as guessed or as the mapping says"))
    if data.get("notes"):
        blocks.append(Prose(tuple(str(note) for note in data["notes"]), "warning"))
    return Section("data", "The data behind it", lead, tuple(blocks))


def funnel_section(frame: pd.DataFrame, page: Canvas) -> Section:
    """Return the section on the funnel.

    Parameters
    ----------
    frame : DataFrame
        Columns stage, entered and optionally rate.
    page : Canvas
        Draws the figure.

    Returns
    -------
    Section
        One figure.
    """
    lead = "How many deals reach each stage, and which share goes on from it."
    return Section("funnel", "The funnel", lead, (page.draw(funnel(frame), FUNNEL_CAPTION),))


def calibration_section(calibration: Any, page: Canvas, said: Collection[str] = ()) -> Section:  # noqa: ANN401
    """Return the section on the model: how much the data determine, curves and every parameter.

    Parameters
    ----------
    calibration : Calibration
        Uses ``summary()`` and, where they exist, ``curves()`` and ``notes``.
    page : Canvas
        Draws the figures.
    said : collection of str
        Notes that the page holds already.

    Returns
    -------
    Section
        In reading order.
    """
    rows = calibration.summary()
    blocks: list[Block] = []
    curves = _curves(calibration)
    if curves is not None and len(curves):
        blocks.append(page.draw(stage_durations(curves), CURVES_CAPTION))
    blocks.append(_status_table(rows))
    notes = tuple(str(note) for note in getattr(calibration, "notes", ()) if str(note) not in said)
    if notes:
        blocks.append(Prose(notes, "warning"))
    blocks.append(_parameters(rows))
    lead = "The model was learnt from the data above. Each of its numbers says how well the data determine it."
    return Section("model", "The model, and how far to believe it", lead, tuple(blocks))


def _curves(calibration: Any) -> pd.DataFrame | None:  # noqa: ANN401
    """Return the duration curves, whether they are an attribute or a method."""
    curves = getattr(calibration, "curves", None)
    return curves() if callable(curves) else curves


def _status_table(rows: pd.DataFrame) -> Table:
    """Return how many parameters have each status."""
    counts = rows["status"].value_counts()
    order = [name for name in (*STATUSES, *sorted(set(counts.index) - set(STATUSES))) if name in counts.index]
    body = tuple((name, text.count(counts[name]), STATUSES.get(name, ("", ""))[1]) for name in order)
    return Table(("Status", "Parameters", "Meaning"), body, (False, True, False))


def _parameters(rows: pd.DataFrame) -> Table:
    """Return every parameter, folded."""
    bounds = zip(rows["low"], rows["high"], rows["low"].notna() | rows["high"].notna(), strict=True)
    said = rows["text"] if "text" in rows else [""] * len(rows)
    shown = rows.assign(
        n=pd.Series([None if pd.isna(n) else int(n) for n in rows["n"]], index=rows.index, dtype=object),
        value=[stated or value for stated, value in zip(said, rows["value"], strict=True)],
        path=paths_without_names([str(path) for path in rows["path"]]),
        interval=[text.interval(low, high) if known else "" for low, high, known in bounds],
    )
    columns: list[Column] = [
        ("path", "Parameter", text.cell), ("value", "Value", _value), ("interval", "95 % interval", str),
        ("n", "From n", text.cell), ("status", "Status", str), ("note", "Note", text.cell),
    ]  # fmt: skip
    return table(shown, columns, folded=f"All {text.count(len(rows))} parameters", limit=400)


def _value(value: Any) -> str:  # noqa: ANN401 - numbers, text or small structures
    """Return a parameter's value, short."""
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, ensure_ascii=False, default=str)[:120]
    return text.cell(value)
