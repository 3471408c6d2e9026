"""The base of every model value: frozen, strict, and closed to unknown keys."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from simsales.errors import InvalidModelError, got
from simsales.model.refusals import refusals

OUTCOMES = ("won", "lost", "no_decision", "open")
"""How a deal can end; ``open`` is a deal that nobody will ever close."""
AFTER_OUTCOMES = ("retained", "churned")
"""How what follows a win can end; the deal stays won."""


class Value(BaseModel):
    """A frozen, strict value that refuses unknown keys, NaN and infinity at birth.

    Raises
    ------
    InvalidModelError
        Listing every problem as ``path must rule, got value``, one a line. NumPy's numbers, arrays and dates are taken
        for what they say.

    Examples
    --------
    >>> class Point(Value):
    ...     x: float
    >>> Point(x=1.0) == Point(x=1.0)
    True
    >>> Point(x="a")
    Traceback (most recent call last):
        ...
    simsales.errors.InvalidModelError: x must be a number, got the text 'a'.
    """

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="constants"
    )

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**{name: _plain(value) for name, value in data.items()})
        except ValidationError as error:
            raise InvalidModelError(refusals(error, type(self).model_fields)) from error

    # pydantic's own mark of a constructor that only passes on: parts of a value are read without a detour through it
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        """Return a hash of the content, mappings included; equal values have equal hashes."""
        return hash((type(self), *(_hashable(getattr(self, name)) for name in type(self).model_fields)))

    def __setattr__(self, name: str, value: Any) -> None:
        """Refuse to change a value: others may share it."""
        try:
            super().__setattr__(name, value)
        except ValidationError as error:
            message = f"{name} must stay as it is: a {type(self).__name__} is never changed. Hint: model_copy(update={{'{name}': ...}}) makes another."
            raise InvalidModelError(message) from error

    @classmethod
    def model_validate(cls, obj: Any, **options: Any) -> Self:
        """Return the value that plain data describe; it refuses what the class refuses."""
        try:
            return super().model_validate(obj, **options)
        except ValidationError as error:
            raise InvalidModelError(refusals(error, cls.model_fields)) from error

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
        """Return the value that a JSON text describes; it refuses what the class refuses."""
        try:
            return super().model_validate_json(json_data, **options)
        except ValidationError as error:
            raise InvalidModelError(refusals(error, cls.model_fields)) from error

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy with some fields replaced, checked like a new value.

        Parameters
        ----------
        update : mapping of str to object, optional
            Fields by name, as they would be given to the class.
        deep : bool, default False
            Also copy the parts; they are frozen, so this is hardly ever needed.

        Raises
        ------
        InvalidModelError
            If the result breaks a rule.

        Examples
        --------
        >>> class Point(Value):
        ...     x: float
        >>> Point(x=1.0).model_copy(update={"x": 2.0})
        Point(x=2.0)
        """
        if not update:
            return super().model_copy(deep=deep)
        fields = type(self).model_fields
        kept = {fields[name].alias or name: getattr(self, name) for name in self.model_fields_set if name not in update}
        new = {fields[name].alias or name if name in fields else name: value for name, value in update.items()}
        copy = type(self)(**kept, **new)
        return copy.model_copy(deep=True) if deep else copy

    def copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:  # type: ignore[override]
        """Return :meth:`model_copy`: the older name checks nothing where pydantic still has it."""
        return self.model_copy(update=update, deep=deep)


def _hashable(value: Any) -> Any:
    """Return a stand-in with a hash for a mapping or list, at any depth."""
    if isinstance(value, dict):
        return frozenset((key, _hashable(item)) for key, item in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, (list, tuple)) else value


def _plain(value: Any) -> Any:
    """Return what comes from NumPy and pandas as the plain value that it stands for, at any depth."""
    if isinstance(value, np.datetime64):
        return float("nan") if np.isnat(value) else value.astype("datetime64[us]").item()
    if isinstance(value, (np.generic, np.ndarray)):
        return _plain(value.tolist())
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_plain(item) for item in value)
    return value


def _as_date(value: Any) -> Any:
    """Accept ISO text where YAML has not made a date of it."""
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError as error:
            message = f"must be a date like 2027-03-01, got {got(value)}"
            raise ValueError(message) from error
    if isinstance(value, dt.datetime):
        return value.date() if value == value else "not a time"  # noqa: PLR0124 - pandas has a moment that is none, unlike itself
    return value


def _as_datetime(value: Any) -> Any:
    """Accept ISO text, a date (midnight UTC) or a naive time (UTC)."""
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError as error:
            message = f"must be a time like 2027-01-01T00:00+08:00, got {got(value)}"
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
