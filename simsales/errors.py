"""Errors are advice: where the user wrote it, the rule, the value found, and what to do.

Every error that a user can cause derives from :class:`SimsalesError`; the command line turns it
into a message on stderr and an exit code, never into a traceback.
"""

from __future__ import annotations

import difflib
import operator
from collections.abc import Iterable


class SimsalesError(Exception):
    """Base of every error that simsales raises on purpose.

    Examples
    --------
    >>> SimsalesError("reps must not be empty").exit_code
    1
    """

    exit_code = 1


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
        return f"Hint: did you mean '{near[0]}'?"
    return f"Hint: allowed are {', '.join(names[:12])}." if names else ""
