"""The base of every model value: frozen, strict, and closed to unknown keys."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

OUTCOMES = ("won", "lost", "no_decision", "open")
"""How a deal can end; ``open`` is a deal that nobody will ever close."""
AFTER_OUTCOMES = ("retained", "churned")
"""How what follows a win can end; the deal stays won."""


class Value(BaseModel):
    """A frozen, strict value that refuses unknown keys, NaN and infinity at birth.

    Examples
    --------
    >>> class Point(Value):
    ...     x: float
    >>> Point(x=1.0) == Point(x=1.0)
    True
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="constants"
    )


def _as_date(value: Any) -> Any:
    """Accept ISO text where YAML has not made a date of it."""
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            message = f"must be a date like 2027-03-01, got {value!r}"
            raise ValueError(message) from error
    if isinstance(value, dt.datetime):
        return value.date()
    return value


def _as_datetime(value: Any) -> Any:
    """Accept ISO text, a date (midnight UTC) or a naive time (UTC)."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError as error:
            message = f"must be a time like 2027-01-01T00:00+08:00, got {value!r}"
            raise ValueError(message) from error
    elif isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)  # noqa: DTZ001 - zone set below
    if isinstance(value, dt.datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=dt.UTC)
    return value


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


Date = Annotated[dt.date, BeforeValidator(_as_date)]
Moment = Annotated[AwareDatetime, BeforeValidator(_as_datetime)]
Seq = BeforeValidator(_as_tuple)
"""Lets a YAML list stand for a tuple; the items stay strict."""

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Name = Annotated[str, Field(min_length=1, max_length=120)]
