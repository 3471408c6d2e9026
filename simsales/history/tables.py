"""The canonical tables: their columns, their types, and how loose frames are brought into shape."""

from __future__ import annotations

import numpy as np
import pandas as pd

STR_DTYPE = int(pd.__version__.split(".")[0]) >= 3  # before, text is object and "str" would spell missing values out
TIME = "datetime64[us, UTC]"

DEALS = {
    "deal_id": "str", "created_at": TIME, "segment": "str", "channel": "str", "product": "str", "region": "str",
    "owner": "str", "amount": "float64", "currency": "str", "status": "str", "closed_at": TIME, "stage": "str",
    "expected_close": TIME,
}  # fmt: skip
VISITS = {
    "deal_id": "str", "seq": "int64", "stage": "str", "entered_at": TIME, "left_at": TIME, "exit": "str",
    "owner": "str", "amount": "float64", "precision": "str", "is_synthetic": "bool",
}  # fmt: skip
TASKS = {
    "deal_id": "str", "seq": "int64", "stage": "str", "role": "str", "rep": "str", "queued_at": TIME,
    "started_at": TIME, "ended_at": TIME, "work_hours": "float64",
}  # fmt: skip
REPS = {"rep": "str", "role": "str", "team": "str", "region": "str", "hired_at": TIME, "left_at": TIME}
STAGES = {"stage": "str", "order": "int64", "kind": "str"}
CHANGES = {"deal_id": "str", "changed_at": TIME, "field": "str", "value": "str"}

SCHEMAS = {"deals": DEALS, "visits": VISITS, "tasks": TASKS, "reps": REPS, "stages": STAGES, "changes": CHANGES}
RARE = {"tasks": {"dropped_at": TIME, "handed_at": TIME}}
"""Columns that only some tables have (those of simulated runs), typed where they are there."""
STATUSES = ("open", "won", "lost", "no_decision")


def text(values: pd.Series) -> pd.Series:
    """Return a column of text in which empty cells are missing."""
    out = values.astype("object")
    out = out.where(out.notna() & (out != ""), np.nan)
    return out.astype("str") if STR_DTYPE else out


def times(values: pd.Series) -> pd.Series:
    """Return a column of UTC stamps with microseconds."""
    if isinstance(values.dtype, pd.DatetimeTZDtype):
        stamps: pd.Series = values.dt.tz_convert("UTC").dt.as_unit("us")
        return stamps
    return pd.to_datetime(values, utc=True, format="ISO8601").dt.as_unit("us")


def shaped(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return a frame with every column of a canonical table, typed, in order; other columns follow.

    Parameters
    ----------
    frame : DataFrame
        Any subset of the columns.
    table : str
        ``deals``, ``visits``, ``tasks``, ``reps``, ``stages`` or ``changes``.

    Returns
    -------
    DataFrame
        With a fresh index; missing columns are filled with missing values.

    Examples
    --------
    >>> shaped(pd.DataFrame({"rep": ["Li Wei"]}), "reps").columns.tolist()
    ['rep', 'role', 'team', 'region', 'hired_at', 'left_at']
    """
    schema = SCHEMAS[table]
    columns = {name: _typed(frame, name, kind) for name, kind in schema.items()}
    for name in frame.columns:
        if name in RARE.get(table, {}):
            columns[str(name)] = _typed(frame, str(name), RARE[table][name])
        elif name not in schema:
            extra = frame[name].reset_index(drop=True)
            columns[str(name)] = text(extra) if extra.dtype == object else extra
    return pd.DataFrame(columns, index=pd.RangeIndex(len(frame)))


def _typed(frame: pd.DataFrame, name: str, kind: str) -> pd.Series:
    """Return one column in its canonical type."""
    if name not in frame.columns:
        blank: object = {"bool": False, "int64": 0, TIME: pd.NaT, "float64": float("nan")}.get(kind)
        values = pd.Series([blank] * len(frame), dtype="object")
    else:
        values = frame[name].reset_index(drop=True)
    if kind == "str":
        return text(values)
    if kind == TIME:
        return times(values) if name in frame.columns else pd.Series(pd.NaT, index=values.index, dtype=TIME)
    return values.astype(kind)  # type: ignore[call-overload,no-any-return]
