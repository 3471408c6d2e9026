"""Deals that are open at the start of a run, and what is known of each of them (R9)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from simsales.engine.plan.process import NOBODY

__all__ = ["NOTHING", "Known", "KnownTask", "Opening"]

NAN = float("nan")
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class KnownTask(NamedTuple):
    """One task of the stay that goes on.

    Parameters
    ----------
    position : int
        Which task of the stage, first ones first.
    state : {'done', 'handing', 'gathering', 'waiting', 'working'}
        Over or not needed; on its way to another role; waiting for a meeting or batch, for a rep; in hand.
    days : float
        For how long it has been in that state (since it came, where it waits).
    rep, role : int
        Who has it in hand; which role it has escalated to (-1: none).
    done, pace : float
        Hours of work done, and hours of work in an hour of working time, read at its start (NaN: unknown).
    """

    position: int
    state: str
    days: float = 0.0
    rep: int = NOBODY
    role: int = NOBODY
    done: float = 0.0
    pace: float = NAN


class Known(NamedTuple):
    """What is known of one opening deal besides attributes, stage and age; by default nothing.

    Parameters
    ----------
    answered : bool or None
        Whether the first task of the deal has begun.
    response, log_odds, delay_age, worked, effort, waited, cut : float
        Hours to the first task; what moved the odds as the exit was drawn; days in the delay; hours of work done in
        this stay; effort of who worked last; longest wait of the stay in days; price cut of a signature pulled in.
        NaN where unknown.
    owner_role, previous, last_role, credit, worked_by, lead : int
        -1 where there is none, or nothing known.
    reps : tuple of (int, int), or None
        Who works for the deal in each role.
    visits : tuple of (int, int)
        Earlier visits to other stages.
    barred : tuple of (int, float), or None
        Who may not take the deal from the pool, and for how many days.
    passed : bool
        Nobody works on it any more after a breach of the service level.
    doomed : int
        Why the deal is lost once what is in hand ends.
    exit : int or None
        Where the deal will go: known once the tasks at the end of the stay have begun.
    tasks : tuple of KnownTask
    workers : tuple of (int, int)
        Who worked last on the deal in each role.
    ahead : tuple of (int, float, int, int, float)
        What counts for stages to come: stage, hours of work, rep, lead, effort.
    paced : bool
        Whether the deal's pace is known (``draw[pace]``).
    """

    answered: bool | None = None
    response: float = NAN
    log_odds: float = NAN
    delay_age: float = NAN
    worked: float = NAN
    effort: float = NAN
    waited: float = NAN
    cut: float = NAN
    owner_role: int = NOBODY
    previous: int = NOBODY
    last_role: int = NOBODY
    credit: int = NOBODY
    worked_by: int = NOBODY
    lead: int = NOBODY
    reps: tuple[tuple[int, int], ...] | None = None
    visits: tuple[tuple[int, int], ...] = ()
    barred: tuple[int, float] | None = None
    passed: bool = False
    doomed: int = 0
    exit: int | None = None
    tasks: tuple[KnownTask, ...] = ()
    workers: tuple[tuple[int, int], ...] = ()
    ahead: tuple[tuple[int, float, int, int, float], ...] = ()
    paced: bool = False


NOTHING = Known()


@dataclass(frozen=True, eq=False)
class Opening:
    """Deals that are open at the start (R9); ages in days, missing numbers are NaN.

    Parameters
    ----------
    ids : tuple of str
    stage, segment, channel, owner, visit : ndarray of int, shape (n_open,)
        Segment and channel are -1 where unknown; owner is -1 where nobody of that name is there: the deal is routed.
    age, created, amount, p_waiting : ndarray of float, shape (n_open,)
        `created` is in days since the epoch.
    product, region : ndarray of int, shape (n_open,)
        -1 where unknown: then drawn.
    discount, score : ndarray of float, shape (n_open,)
        NaN where unknown: then drawn.
    known : tuple of Known, shape (n_open,)
    draws : dict of str to ndarray of float, shape (n_open,)
        Uniforms behind what no other column shows (NaN: unknown), by what they decide.
    cut : str
        When another run was cut whose state this is; empty: the deals come from elsewhere. Draws of the run that goes on
        are keyed by it, so that nothing which has been drawn up to the cut is drawn again.
    """

    ids: tuple[str, ...]
    stage: Ints
    segment: Ints
    channel: Ints
    owner: Ints
    visit: Ints
    age: Floats
    created: Floats
    amount: Floats
    p_waiting: Floats
    product: Ints
    region: Ints
    discount: Floats
    score: Floats
    known: tuple[Known, ...] = ()
    draws: dict[str, Floats] = field(default_factory=dict)
    cut: str = ""
