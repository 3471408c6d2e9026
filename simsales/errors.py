"""Errors are advice: where the user wrote it, the rule, the value found, and what to do.

Every error that a user can cause derives from :class:`SimsalesError`; the command line turns it
into a message on stderr and an exit code, never into a traceback.
"""

from __future__ import annotations

import difflib
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
