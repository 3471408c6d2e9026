"""Keyed randomness: known answers, both forms the same bits, and a statistical battery."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special

from simsales.engine.streams import (
    DealDraws,
    Purpose,
    Streams,
    hash32,
    philox,
    philox_array,
    sample,
)

ONES = 0xFFFFFFFF
# Random123 1.14, tests/kat_vectors, philox4x32 10
KNOWN = [
    ((0, 0, 0, 0), (0, 0), "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ((ONES,) * 4, (ONES,) * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_both_forms_give_the_published_answers(counter, key, expected):
    assert " ".join(f"{word:08x}" for word in philox(counter, key)) == expected
    many = philox_array(tuple(np.array([word], dtype=np.uint32) for word in counter), key)
    assert " ".join(f"{int(word[0]):08x}" for word in many) == expected


@pytest.mark.parametrize("seed", [0, 1, -1, 2**31, 2**63 - 1, 2**63, 2**80, -(2**70)])
def test_scalar_and_vector_draws_are_the_same_bits_for_any_seed(seed):
    streams = Streams(seed, 3)
    index = np.array([0, 1, 2**31, 2**32 - 1], dtype=np.uint32)
    name, stage = hash32("channel:官网"), hash32("stage:商务谈判")
    many = streams.uniforms(index, name, stage, Purpose.WORK + 2, 7)
    one = [streams.uniform(int(i), name, stage, Purpose.WORK + 2, 7) for i in index]
    assert many.tolist() == one


def test_uniforms_stay_strictly_inside_the_unit_interval():
    from simsales.engine.streams import SCALE

    assert (0 + 0.5) * SCALE > 0.0
    assert ((2**52 - 1) + 0.5) * SCALE < 1.0


def test_every_part_of_the_key_matters():
    def draw(seed=1, replication=0, index=5, name="channel:web", stage="stage:Demo", purpose=10, visit=1):
        streams = Streams(seed, replication)
        return streams.uniform(index, hash32(name), hash32(stage), purpose, visit)

    changes = [
        {}, {"seed": 2}, {"replication": 1}, {"index": 6}, {"name": "channel:call"},
        {"stage": "stage:Call"}, {"purpose": 11}, {"visit": 2},
    ]  # fmt: skip
    assert len({draw(**change) for change in changes}) == len(changes)


def test_seed_and_replication_are_not_interchangeable():
    assert Streams(1, 2).key != Streams(2, 1).key
    assert Streams(11, 1).key != Streams(1, 11).key


def test_deal_draws_serve_first_visits_from_a_vector_and_later_ones_alike():
    streams = Streams(4)
    index, name = np.arange(5, dtype=np.uint32), np.full(5, 99, dtype=np.uint32)
    draws = DealDraws(streams, index, name)
    assert [draws.one(i, Purpose.EXIT, 3) for i in range(5)] == draws.vector(Purpose.EXIT, 3).tolist()
    assert draws.one(2, Purpose.EXIT, 3, 2) == streams.uniform(2, 99, 3, Purpose.EXIT, 2)


# the battery: 1,000,000 draws along each counting word, thresholds at p = 1e-4 -------------------

N = 1_000_000
WORDS = ["index", "name", "stage"]


def chi_square(counts, expected) -> float:
    """p-value of Pearson's statistic."""
    statistic = float(((counts - expected) ** 2 / expected).sum())
    return float(special.chdtrc(counts.size - 1, statistic))


@pytest.mark.parametrize("along", WORDS)
def test_draws_are_equidistributed(along):
    counts = np.bincount((sample(N, along=along) * 1000).astype(int), minlength=1000)
    assert chi_square(counts, N / 1000) > 1e-4


@pytest.mark.parametrize("along", WORDS)
def test_low_bits_are_equidistributed(along):
    counts = np.bincount((sample(N, along=along) * 2**40 % 256).astype(int), minlength=256)
    assert chi_square(counts, N / 256) > 1e-4


@pytest.mark.parametrize("along", WORDS)
@pytest.mark.parametrize("lag", [1, 2, 3, 4, 7, 16, 1000])
def test_neighbouring_keys_are_uncorrelated(along, lag):
    u = sample(N, along=along) - 0.5
    correlation = float((u[lag:] * u[:-lag]).mean() * 12.0)
    assert abs(correlation) < 4.0 / np.sqrt(N - lag)


@pytest.mark.parametrize(("one", "other"), [(Purpose.EXIT, Purpose.DELAY), (Purpose.WORK, Purpose.WORK + 1)])
def test_draws_for_different_purposes_are_independent(one, other):
    x, y = (sample(N, purpose=purpose) for purpose in (one, other))
    cells = (x * 32).astype(int) * 32 + (y * 32).astype(int)
    assert chi_square(np.bincount(cells, minlength=1024), N / 1024) > 1e-4


def test_triples_fill_the_cube_evenly():
    u = sample(3 * (N // 3)).reshape(-1, 3)
    cells = ((u * 16).astype(int) * np.array([256, 16, 1])).sum(axis=1)
    assert chi_square(np.bincount(cells, minlength=4096), len(u) / 4096) > 1e-4


def test_birthday_collisions_are_as_rare_as_chance_has_it():
    n, days = 2**15, 2**30
    collisions = n - len(np.unique((sample(n) * days).astype(np.int64)))
    expected = n * n / (2.0 * days)  # 0.5
    assert collisions <= expected + 6.0 * np.sqrt(expected)


def test_spectrum_has_no_line():
    n = 2**18
    power = np.abs(np.fft.rfft(sample(n) - 0.5)[1:-1]) ** 2 / (n / 12.0)
    # each is exponential with mean 1: the largest of m exceeds log(m / p) with probability p
    assert power.max() < np.log(len(power) / 1e-4)


def test_pairs_of_entities_do_not_follow_each_other():
    """Draws of one deal in one stage against the same deal in another one."""
    streams, index = Streams(3), np.arange(N, dtype=np.uint32)
    name = hash32("channel:web")
    x, y = (streams.uniforms(index, name, hash32(f"stage:{s}"), Purpose.EXIT) for s in "AB")
    assert abs(float(np.corrcoef(x, y)[0, 1])) < 4.0 / np.sqrt(N)
