"""Equality by content for results, which hold tables and arrays that do not say whether they are equal in one word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

_SIMPLE = (str, int, bool, type(None))


class Same:
    """Equal by content, and hashable: mixed into results that are dataclasses with tables in them.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> import pandas as pd
    >>> @dataclass(frozen=True, eq=False)
    ... class Result(Same):
    ...     name: str
    ...     frame: pd.DataFrame
    >>> one, other = (Result("a", pd.DataFrame({"x": [1.0, float("nan")]})) for _ in range(2))
    >>> one == other, hash(one) == hash(other), one == "a"
    (True, True, False)
    """

    def _parts(self) -> dict[str, Any]:
        """Return what makes two of them the same: every field, unless a class knows better."""
        return {part.name: getattr(self, part.name) for part in fields(self)}  # type: ignore[arg-type]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Same) or type(other) is not type(self):
            return NotImplemented
        return self is other or same(self._parts(), other._parts())

    def __hash__(self) -> int:
        """Return a hash of the plain texts and whole numbers; equal results have equal hashes."""
        return hash((type(self).__qualname__, *(part for part in self._parts().values() if isinstance(part, _SIMPLE))))


def same(one: Any, other: Any) -> bool:
    """Tell whether two things hold the same, tables and arrays to the last bit; what is missing equals what is missing.

    Parameters
    ----------
    one, other : object
        Numbers, texts, values, frames, arrays, dataclasses, and lists and mappings of such.

    Examples
    --------
    >>> import numpy as np
    >>> same({"a": [np.array([1.0, np.nan])]}, {"a": [np.array([1.0, np.nan])]}), same([1, 2], [2, 1])
    (True, False)
    """
    import numpy as np
    import pandas as pd

    if one is other:
        return True
    if isinstance(one, (pd.DataFrame, pd.Series, pd.Index)):
        frame: Any = one  # the three have the method, with a type of argument each
        return type(one) is type(other) and bool(frame.equals(other))
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return _same_arrays(one, other)
    if isinstance(one, Mapping):
        return isinstance(other, Mapping) and list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    if is_dataclass(one) and not isinstance(one, (Same, type)):
        return type(one) is type(other) and all(same(getattr(one, part.name), getattr(other, part.name)) for part in fields(one))
    return _equal(one, other)


def _same_arrays(one: Any, other: Any) -> bool:
    """Tell whether two arrays have one kind, shape and content."""
    import numpy as np

    if type(one) is not type(other) or one.shape != other.shape or one.dtype != other.dtype:
        return False
    if one.dtype == object or one.dtype.names:
        return same(one.tolist(), other.tolist())
    return bool(np.array_equal(one, other, equal_nan=one.dtype.kind in "fc"))


def _equal(one: Any, other: Any) -> bool:
    """Tell whether two things are equal; two that are unlike themselves (not a number, not a time) are."""
    try:
        return bool(one == other) or bool(one != one and other != other)  # noqa: PLR0124 - what is missing is unlike itself
    except (TypeError, ValueError):  # it cannot say
        return False
