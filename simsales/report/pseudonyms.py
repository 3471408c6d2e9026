"""Rep-level output is personal data: pages and figures show pseudonyms."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_IN_PATH = re.compile(r"\breps\[([^\]]+)\]")


def rep_names(data: Any) -> list[str]:  # noqa: ANN401 - JSON-like
    """Return the names of reps in JSON-like data, in order of appearance.

    Parameters
    ----------
    data : JSON-like
        Names stand under ``reps: [{name: ...}]`` and ``rep: ...``.

    Returns
    -------
    list of str
        Each once.

    Examples
    --------
    >>> rep_names({"model": {"name": "base", "reps": [{"name": "王芳"}, {"count": 3}]}, "leave": {"rep": "Bob"}})
    ['王芳', 'Bob']
    """
    found: dict[str, None] = {}
    _collect(data, found)
    return list(found)


def _collect(data: Any, found: dict[str, None]) -> None:  # noqa: ANN401
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key == "reps" and isinstance(value, Sequence) and not isinstance(value, str):
                found.update({str(rep["name"]): None for rep in value if isinstance(rep, Mapping) and rep.get("name")})
            elif key == "rep" and isinstance(value, str):
                found[value] = None
            _collect(value, found)
    elif isinstance(data, list | tuple):
        for value in data:
            _collect(value, found)


def without_names(data: Any) -> Any:  # noqa: ANN401 - JSON-like
    """Return JSON-like data with the names of reps replaced by rep-1, rep-2, ...

    Parameters
    ----------
    data : JSON-like
        Such as a manifest.

    Returns
    -------
    JSON-like
        The same shape; numbers and other texts are untouched.

    Examples
    --------
    >>> without_names({"reps": [{"name": "王芳", "speed": 1.1}], "changes": [{"set": {"path": "reps[王芳].speed"}}]})
    {'reps': [{'name': 'rep-1', 'speed': 1.1}], 'changes': [{'set': {'path': 'reps[rep-1].speed'}}]}
    """
    table = {name: f"rep-{place + 1}" for place, name in enumerate(rep_names(data))}
    return _replaced(data, table)


def _replaced(data: Any, table: Mapping[str, str]) -> Any:  # noqa: ANN401
    if isinstance(data, Mapping):
        return {table.get(key, key) if isinstance(key, str) else key: _replaced(value, table) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_replaced(value, table) for value in data]
    if isinstance(data, str):
        return table.get(data) or _IN_PATH.sub(lambda found: f"reps[{table.get(found[1], found[1])}]", data)
    return data


def replaced_in_text(words: str, names: Sequence[str]) -> str:
    """Return a text for people with the names of reps replaced.

    Parameters
    ----------
    words : str
        A sentence.
    names : sequence of str
        As :func:`rep_names` returns them; the first becomes rep-1. A name in Latin letters is replaced as a whole word only.

    Returns
    -------
    str
        Without these names.

    Examples
    --------
    >>> replaced_in_text("Al leaves, 王芳接手; Also: reps[王芳].speed", ["王芳", "Al"])
    'rep-2 leaves, rep-1接手; Also: reps[rep-1].speed'
    """
    if not names:
        return words
    table = {name: f"rep-{place + 1}" for place, name in enumerate(names)}
    longest_first = sorted(table, key=len, reverse=True)
    parts = (rf"(?<!\w){re.escape(name)}(?!\w)" if name.isascii() else re.escape(name) for name in longest_first)
    return re.sub("|".join(parts), lambda found: table[found[0]], words)


def paths_without_names(paths: Sequence[str]) -> list[str]:
    """Return parameter paths with reps numbered in order of appearance.

    Parameters
    ----------
    paths : sequence of str
        Such as ``reps[王芳].speed``.

    Returns
    -------
    list of str
        Such as ``reps[rep-1].speed``.

    Examples
    --------
    >>> paths_without_names(["reps[王芳].speed", "stages[谈判].exits", "reps[Bob].speed", "reps[王芳].skill"])
    ['reps[rep-1].speed', 'stages[谈判].exits', 'reps[rep-2].speed', 'reps[rep-1].skill']
    """
    names = dict.fromkeys(name for path in paths for name in _IN_PATH.findall(path))
    table = {name: f"rep-{place + 1}" for place, name in enumerate(names)}
    return [_IN_PATH.sub(lambda found: f"reps[{table[found[1]]}]", path) for path in paths]
