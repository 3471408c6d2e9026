"""Errors are advice: where the user wrote it, the rule, the value found, and what to do.

Every error that a user can cause derives from :class:`SimsalesError`; the command line turns it
into a message on stderr and an exit code, never into a traceback.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Iterable
from pathlib import PurePath
from typing import Any

SHORT = 60
"""So much of a text stands in a message."""
LINE, LINES = 700, 60
"""A message has no longer line, and no more of them: it never prints somebody's file."""
_LONG = 15
_TABLE = 2
"""Dimensions of a table: rows and columns."""
_UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class SimsalesError(Exception):
    """Base of every error that simsales raises on purpose.

    Parameters
    ----------
    message : str
        One line a problem. Whatever it quotes, a line is kept below 700 characters and a message below 60 lines.

    Examples
    --------
    >>> SimsalesError("reps must not be empty").exit_code
    1
    >>> len(str(SimsalesError("x" * 10_000)))
    700
    """

    exit_code = 1

    def __init__(self, message: object = "", *others: object) -> None:
        super().__init__(*((_readable(message), *others) if isinstance(message, str) else (message, *others)))


def _readable(message: str) -> str:
    """Return a message without what no terminal shows and no reader wants."""
    lines = [_shortened(_UNSEEN.sub(_escaped, line)) for line in message.split("\n")]
    if len(lines) > LINES:
        lines[LINES - 1 :] = [f"... and {len(lines) - LINES + 1} lines more."]
    return "\n".join(lines)


def _shortened(line: str) -> str:
    """Return a line whose middle is left out where it is long: what is wrong stands first, the hint last."""
    head = LINE * 2 // 3
    return line if len(line) <= LINE else f"{line[:head]} ... {line[len(line) - (LINE - head - 5) :]}"


def _escaped(found: re.Match[str]) -> str:
    """Return a character that cannot be seen by its code."""
    return repr(found[0])[1:-1] if ord(found[0]) < 256 else f"\\u{ord(found[0]):04x}"


def got(value: Any) -> str:
    """Return a value as an error shows it: short, on one line, text in quotes.

    Examples
    --------
    >>> got("12"), got(12), got({"a": 1}), got([1, 2])
    ("'12'", '12', 'a mapping of a', 'a list of 2')
    >>> got("one\\ntwo"), len(got("x" * 10_000))
    ("'one two'", 65)
    """
    if value is None:
        return "nothing"
    if isinstance(value, PurePath):
        return f"'{value}'"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, str):
        return f"'{brief(value)}'"
    if isinstance(value, dict):
        return f"a mapping of {', '.join(brief(str(key)) for key in list(value)[:4])}" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}" if value else "an empty list"
    if len(getattr(value, "shape", ())) == _TABLE:
        return f"a table of {value.shape[0]} x {value.shape[1]}"
    if isinstance(value, float) and len(repr(value)) > _LONG:
        return f"{value:.6g}"
    if isinstance(value, bool):
        return str(value).lower()
    try:
        return brief(repr(value))
    except ValueError:  # Python writes no whole number of thousands of digits
        return "a number too long to write"


def named(names: Iterable[Any], most: int = 12) -> str:
    """Return names as an error lists them: short, on one line, the first of them.

    Examples
    --------
    >>> named(["id", "stage"]), named("abc", 2), named([])
    ('id, stage', 'a, b and 1 more', 'nothing')
    """
    every = [brief(str(name)) for name in names]
    more = f" and {len(every) - most} more" * (len(every) > most)
    return f"{', '.join(every[:most])}{more}" or "nothing"


def brief(text: str) -> str:
    """Return the beginning of a text, on one line.

    Examples
    --------
    >>> brief("one\\ntwo")
    'one two'
    """
    line = _UNSEEN.sub(_escaped, " ".join(text[: 4 * SHORT].split()))
    return line if len(line) <= SHORT and len(text) <= 4 * SHORT else f"{line[:SHORT]}..."


class InvalidInputError(SimsalesError):
    """Something the user supplied breaks a rule; nothing was written (exit code 3)."""

    exit_code = 3


class InvalidModelError(InvalidInputError, ValueError):
    """A model or scenario breaks a rule; the message lists every problem, one a line."""


class HistoryError(InvalidInputError):
    """A CRM export or event log cannot be read as a history."""


class ForecastError(InvalidInputError):
    """A forecast was asked for that the history cannot support."""


class OutputError(InvalidInputError):
    """An output cannot be written where the user asked for it."""


class CheckFailedError(SimsalesError):
    """A check that the user asked for did not pass (exit code 4)."""

    exit_code = 4


def whole(value: object, name: str, least: int | None = None, most: int | None = None, hint: str = "") -> int:
    """Return a whole number that a user gave: an int or a NumPy integer, never True, 1.5 or text.

    Parameters
    ----------
    value : object
        What the user gave.
    name : str
        Of the argument, for the error.
    least, most : int, optional
        Bounds, both allowed.
    hint : str

    Raises
    ------
    InvalidModelError
        If it is none, or out of bounds.

    Examples
    --------
    >>> whole(7, "seed")
    7
    >>> whole(1.5, "seed", hint="take 1, 2, 3")
    Traceback (most recent call last):
    ...
    simsales.errors.InvalidModelError: seed must be a whole number, got 1.5. Hint: take 1, 2, 3.
    """
    number = None
    if not isinstance(value, bool):
        try:
            number = operator.index(value)  # type: ignore[arg-type]  # what has no index is refused below
        except TypeError:
            number = None
    if number is not None and (least is None or number >= least) and (most is None or number <= most):
        return number
    if least is not None and most is not None:
        bounds = f" from {least} to {most}"
    else:
        bounds = f" >= {least}" if least is not None else f" <= {most}" if most is not None else ""
    many = 0 if number is None else number.bit_length()
    shown = f"a number of {many} bits" if many > BITS else repr(value)[:60]
    message = f"{name} must be a whole number{bounds}, got {shown}." + (f" Hint: {hint}." if hint else "")
    raise InvalidModelError(message)


BITS = 128
"""Numbers of more bits are not spelled out in an error."""


def did_you_mean(value: str, allowed: Iterable[str]) -> str:
    """Return a hint that names the nearest allowed spelling, or lists what is allowed.

    Parameters
    ----------
    value : str
        What the user wrote.
    allowed : iterable of str
        What would have been accepted.

    Returns
    -------
    str
        A sentence that begins with ``Hint:``; empty where nothing is allowed.

    Examples
    --------
    >>> did_you_mean("AEE", ["AE", "SDR"])
    "Hint: did you mean 'AE'?"
    >>> did_you_mean("x", ["AE", "SDR"])
    'Hint: allowed are AE, SDR.'
    """
    names = [str(name) for name in allowed]
    near = difflib.get_close_matches(str(value), names, n=1, cutoff=0.6)
    if near:
        return f"Hint: did you mean '{brief(near[0])}'?"
    return f"Hint: allowed are {', '.join(map(brief, names[:12]))}." if names else ""


def expect(name: str, value: object, kinds: type | tuple[type, ...], rule: str, error: type[SimsalesError] = InvalidInputError) -> None:
    """Refuse an argument of another kind, in words.

    Parameters
    ----------
    name : str
        Of the argument.
    value : object
    kinds : type or tuple of type
        What it may be.
    rule : str
        The same in words, and a hint if there is one: ``a History. Hint: read_history(path) reads one``.
    error : type
        What is raised.

    Examples
    --------
    >>> expect("draws", 3, int, "a whole number")
    >>> expect("draws", "x", int, "a whole number. Hint: 200 are enough")
    Traceback (most recent call last):
        ...
    simsales.errors.InvalidInputError: draws must be a whole number, got 'x'. Hint: 200 are enough.
    """
    kinds = kinds if isinstance(kinds, tuple) else (kinds,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        what, _, hint = rule.partition(". Hint: ")
        message = f"{name} must be {what}, got {got(value)}.{f' Hint: {hint}.' * bool(hint)}"
        raise error(message)
