"""Replications of a forecast: every draw of the parameters, simulated from today's pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from simsales.engine import lower, run_plan
from simsales.engine.plan import WON

if TYPE_CHECKING:
    import pandas as pd

    from simsales.calibrate import Calibration
    from simsales.engine import Plan

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Block:
    """Outcomes of some replications of one draw of the parameters.

    Parameters
    ----------
    open_by_day, new_by_day : ndarray, shape (n_replications, n_days)
        Bookings of each day to go: from deals that are open today, and from deals not yet created.
    wins : ndarray, shape (n_replications,)
    won : ndarray, shape (n_opening,)
        How often each open deal was won in the period.
    """

    open_by_day: Floats
    new_by_day: Floats
    wins: Floats
    won: Floats


@dataclass(frozen=True)
class Item:
    """One draw of the parameters and the replications that use it."""

    plan: int
    replications: tuple[int, ...]


@dataclass(frozen=True)
class Shared:
    """What every worker needs."""

    plans: tuple[Plan, ...]
    seed: int
    skip_days: float = 0.0
    """Days from the start of the runs to the period: what is won before belongs to another one."""


def plans(calibration: Calibration, draws: int, until: pd.Timestamp) -> tuple[Plan, ...]:
    """Return the lowered model of each bootstrap draw, started from today's open deals.

    The best estimate itself is not among them: each replication carries the uncertainty of the
    parameters.
    """
    opening = calibration.opening()
    horizon = until.to_pydatetime()
    return tuple(
        lower(calibration.draw(number), until=horizon, opening=opening)
        for number in range(1, draws + 1)
    )


def items(draws: int, replications: int) -> list[Item]:
    """Return the work in pieces: replication r uses draw r modulo `draws`.

    Examples
    --------
    >>> [item.replications for item in items(2, 5)]
    [(0, 2, 4), (1, 3)]
    """
    return [
        Item(draw, tuple(range(draw, replications, draws)))
        for draw in range(min(draws, replications))
    ]


def simulate_block(shared: Shared, item: Item) -> Block:
    """Simulate one piece of work."""
    plan = shared.plans[item.plan]
    n_days = max(1, int(np.ceil(plan.until - plan.start - 1e-6)))
    opened = len(plan.opening.ids) if plan.opening is not None else 0
    n = len(item.replications)
    open_by_day, new_by_day = np.zeros((n, n_days)), np.zeros((n, n_days))
    wins, won_by_deal = np.zeros(n), np.zeros(opened)
    for i, replication in enumerate(item.replications):
        deal = run_plan(plan, shared.seed, replication).deal
        won = (deal.status == WON) & (deal.closed - plan.start >= shared.skip_days)
        day = np.clip(np.floor(deal.closed[won] - plan.start).astype(int), 0, n_days - 1)
        old = deal.opening[won]
        np.add.at(open_by_day[i], day[old], deal.amount[won][old])
        np.add.at(new_by_day[i], day[~old], deal.amount[won][~old])
        wins[i] = won.sum()
        won_by_deal += won[:opened]
    return Block(open_by_day, new_by_day, wins, won_by_deal)


def ordered(blocks: list[Block], work: list[Item], replications: int) -> Block:
    """Return the blocks as one, rows in the order of the replications."""
    n_days = blocks[0].open_by_day.shape[1]
    open_by_day, new_by_day = np.zeros((replications, n_days)), np.zeros((replications, n_days))
    wins, won = np.zeros(replications), np.zeros_like(blocks[0].won)
    for block, item in zip(blocks, work, strict=True):
        rows = list(item.replications)
        open_by_day[rows], new_by_day[rows] = block.open_by_day, block.new_by_day
        wins[rows] = block.wins
        won += block.won
    return Block(open_by_day, new_by_day, wins, won / replications)
