"""When a win is signed: pull-in, push-out and the pull of a deadline (R8; apart from effort)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from simsales.model.compensation import Timing

WINDOW_DAYS = 14.0
"""Deals move into the last, or the first, two weeks of a period."""
WEEK = 7.0


class Moved(NamedTuple):
    """When a win is signed, and whether it was pulled in (then it gets the discount)."""

    end: float
    pulled: bool


def moved(
    end: float,
    now: float,
    begin: float,
    finish: float,
    u_pull: float,
    u_push: float,
    u_deadline: float,
    u_place: float,
    timing: Timing,
) -> Moved:
    """Return when a win that is due at `end` is signed.

    Parameters
    ----------
    end, now : float
        Days; nothing moves to before `now`.
    begin, finish : float
        The period in which `end` lies, first included, last not.
    u_pull, u_push, u_deadline, u_place : float
        Keyed uniforms: three decisions, and the place in the two weeks.
    timing : Timing

    Returns
    -------
    Moved

    Examples
    --------
    >>> from simsales.model.compensation import Timing
    >>> moved(100.0, 0.0, 91.0, 182.0, 0.1, 0.9, 0.9, 0.5, Timing(pull=0.2))  # due in week 2, signed in the quarter before
    Moved(end=84.0, pulled=True)
    >>> moved(175.0, 0.0, 91.0, 182.0, 0.1, 0.1, 0.9, 0.5, Timing(push=0.2))
    Moved(end=189.0, pulled=False)
    """
    near = timing.weeks * WEEK
    if end < begin + near and u_pull < timing.pull and now < begin:
        return Moved(_placed(max(begin - WINDOW_DAYS, now), begin, u_place), True)
    if end >= finish - near and u_push < timing.push:
        return Moved(_placed(finish, finish + WINDOW_DAYS, u_place), False)
    if end < finish - WINDOW_DAYS and u_deadline < timing.deadline:
        return Moved(_placed(max(finish - WINDOW_DAYS, now), finish, u_place), False)
    return Moved(end, False)


def _placed(first: float, last: float, u: float) -> float:
    return first + u * (last - first)
