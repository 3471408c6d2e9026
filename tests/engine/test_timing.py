"""Signatures around the end of a period, against the reference table"""

from __future__ import annotations

import math

import numpy as np
import pytest

from simsales.engine import rules
from simsales.engine.streams import Streams
from simsales.model.compensation import Timing

QUARTER = 91.0  # 13 weeks
N = 40_000

TABLE = [
    # pull, push, deadline, share of the last 2 weeks, share of the first 2
    (0.0, 0.0, 0.0, 15.4, 15.4),
    (0.2, 0.0, 0.0, 21.5, 12.3),
    (0.4, 0.05, 0.0, 26.9, 10.8),
    (0.4, 0.05, 0.15, 37.6, 9.3),
    (0.5, 0.1, 0.3, 49.6, 8.5),
]


def signed(due: np.ndarray, timing: Timing) -> np.ndarray:
    """Return the days on which wins are signed that have been due on uniform days."""
    streams = Streams(seed=5)
    u = [streams.uniforms(np.arange(len(due), dtype=np.uint32), 0, 0, purpose).tolist() for purpose in (20, 21, 22, 23)]
    ends = []
    for i, end in enumerate(due.tolist()):
        begin = end // QUARTER * QUARTER
        ends.append(rules.moved(end, -1e9, begin, begin + QUARTER, u[0][i], u[1][i], u[2][i], u[3][i], timing).end)
    return np.array(ends)


@pytest.mark.parametrize(("pull", "push", "deadline", "last", "first"), TABLE)
def test_shares_of_the_last_and_first_weeks_are_those_of_the_table(pull, push, deadline, last, first):
    due = (np.arange(N) + 0.5) / N * 10 * QUARTER
    ends = signed(due, Timing(weeks=4.0, pull=pull, push=push, deadline=deadline))
    assert len(ends) == N  # totals are conserved: nothing is won or lost by timing
    inside = ends[(ends >= QUARTER) & (ends < 9 * QUARTER)] % QUARTER
    for got, printed in ((np.mean(inside >= QUARTER - 14.0), last), (np.mean(inside < 14.0), first)):
        error = math.sqrt(printed / 100 * (1 - printed / 100) / len(inside))
        assert abs(got - printed / 100) < 3 * error + 0.0005  # the table is rounded to 0.1 %


def at(end: float, now: float = -1e9, u=(0.99, 0.99, 0.99, 0.5), **fields) -> rules.Moved:
    return rules.moved(end, now, QUARTER, 2 * QUARTER, *u, Timing(weeks=4.0, **fields))


def test_nothing_moves_where_timing_is_off():
    assert all(at(end, u=(0.0,) * 4) == (end, False) for end in (91.0, 100.0, 150.0, 181.9))


def test_a_pulled_win_is_signed_in_what_is_left_of_the_two_weeks():
    always = (0.0, 0.99, 0.99, 0.25)
    assert at(118.9, u=always, pull=0.5) == (77.0 + 14.0 / 4, True)
    assert at(118.9, now=83.0, u=always, pull=0.5) == (83.0 + 8.0 / 4, True)


def test_a_win_is_not_pulled_before_now_nor_from_beyond_the_window():
    assert at(100.0, now=91.0, u=(0.0, 0.9, 0.9, 0.5), pull=1.0) == (100.0, False)  # the period has already begun
    assert at(119.0, u=(0.0, 0.9, 0.9, 0.5), pull=1.0) == (119.0, False)  # the fifth week


def test_a_pushed_win_is_signed_in_the_first_two_weeks_after():
    assert at(154.0, u=(0.9, 0.0, 0.0, 0.5), push=0.5, deadline=1.0) == (189.0, False)
    assert at(153.9, u=(0.9, 0.0, 0.9, 0.5), push=0.5) == (153.9, False)


def test_a_deadline_moves_forward_only_and_leaves_the_last_two_weeks_alone():
    assert at(130.0, u=(0.9, 0.9, 0.0, 0.5), deadline=0.5) == (175.0, False)
    assert at(130.0, now=172.0, u=(0.9, 0.9, 0.0, 0.5), deadline=0.5) == (177.0, False)
    assert at(170.0, u=(0.9, 0.9, 0.0, 0.5), deadline=0.5) == (170.0, False)
