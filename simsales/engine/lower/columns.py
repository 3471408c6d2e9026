"""Read columns of the table of opening deals: texts, numbers, flags and names of the model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from simsales.engine.plan import Floats, Ints
from simsales.engine.plan.process import NOBODY
from simsales.errors import InvalidModelError, did_you_mean, got

_FAMILY = re.compile(r"^(?P<family>[a-z_]+)\[(?P<member>.+)\]$")
_FLAGS = {"true": True, "yes": True, "1": True, "1.0": True, "false": False, "no": False, "0": False, "0.0": False}


def members(frame: pd.DataFrame, family: str) -> Iterator[tuple[str, str]]:
    """Yield the columns of a family, such as ``visits[Demo]``: the member and the column's name, in order of the table."""
    for name in frame.columns:
        found = _FAMILY.match(str(name))
        if found is not None and found["family"] == family:
            yield found["member"], str(name)


def texts(frame: pd.DataFrame, name: str) -> list[str]:
    """Return a column as text; an empty cell, and a column that is not there, is an empty text."""
    if name not in frame.columns:
        return [""] * len(frame)
    return ["" if pd.isna(value) else str(value) for value in frame[name]]


def places(frame: pd.DataFrame, name: str, known: Sequence[str], *, what: str = "") -> Ints:
    """Return positions of names; an empty cell is -1, except that a stage is required."""
    where = {label: i for i, label in enumerate(known)}
    found = np.full(len(frame), NOBODY)
    what = what or name
    for i, text in enumerate(texts(frame, name)):
        if text == "" and name != "stage":
            continue
        if text not in where:
            message = (
                f"opening.{name} must name a {what} of the model, got {got(text)} for deal "
                f"'{frame['deal_id'].iloc[i]}'. {did_you_mean(text, known)}"
            )
            raise InvalidModelError(message)
        found[i] = where[text]
    return found


def people(frame: pd.DataFrame, name: str, reps: Sequence[str]) -> Ints:
    """Return positions of reps; who is not there any more is nobody."""
    where = {label: i for i, label in enumerate(reps)}
    return np.array([where.get(text, NOBODY) for text in texts(frame, name)], dtype=np.int64)


def flags(frame: pd.DataFrame, name: str) -> list[bool | None]:
    """Return a column of yes and no; an empty cell is None."""
    found: list[bool | None] = []
    for i, text in enumerate(texts(frame, name)):
        if text and text.lower() not in _FLAGS:
            message = (
                f"opening.{name} must be true or false, got {got(text)} for deal '{frame['deal_id'].iloc[i]}'. "
                "Hint: leave the cell empty where it is not known."
            )
            raise InvalidModelError(message)
        found.append(_FLAGS[text.lower()] if text else None)
    return found


def numbers(
    frame: pd.DataFrame,
    name: str,
    *,
    low: float | None,
    high: float | None = None,
    default: float | None = None,
) -> Floats:
    """Return a column of numbers between bounds; `default` (None: there is none) stands for an empty cell."""
    if name not in frame.columns:
        assert default is not None
        return np.full(len(frame), default)
    try:
        values: Floats = np.array(pd.to_numeric(frame[name]), dtype=float)
    except (ValueError, TypeError) as error:
        message = f"opening.{name} must be numbers, got text. Hint: {error}"
        raise InvalidModelError(message) from error
    if default is not None:
        values = np.where(np.isnan(values), default, values)
    bad: Any = ~np.isfinite(values) & ~(np.isnan(values) & (default is not None))
    if low is not None:
        bad |= values < low
    if high is not None:
        bad |= values > high
    if bad.any():
        i = int(np.argmax(bad))
        span = f"from {low:g} to {high:g}" if high is not None else f"at least {low or 0:g}"
        message = (
            f"opening.{name} must be {span}, got {values[i]:g} for deal "
            f"'{frame['deal_id'].iloc[i]}'. Hint: check that row."
        )
        raise InvalidModelError(message)
    return values
