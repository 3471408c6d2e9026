"""Keyed randomness: every draw is a pure function of who asks, for what, and on which visit.

A counter-based generator (Philox4x32-10) turns the four words *(index, name, stage, purpose and
visit)* and a key made of *(seed, replication)* into a uniform. Nothing has to be drawn in order, so
adding a stage or a rep moves nobody else's draws: common random numbers by construction.

The vectorised form (NumPy) and the scalar form (plain Python integers) give the same bits.

References
----------
Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC'11.
"""

from __future__ import annotations

import hashlib
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from simsales.errors import BITS, InvalidModelError, whole

Words = NDArray[np.uint32]
Floats = NDArray[np.float64]

M0, M1 = 0xD2511F53, 0xCD9E8D57
W0, W1 = 0x9E3779B9, 0xBB67AE85
ROUNDS = 10
MASK = 0xFFFFFFFF
SCALE = 2.0**-52
VISIT_LIMIT = 1 << 16
_SEED_HINT = "a seed only names a future: take 1, 2, 3"


class Purpose(IntEnum):
    """What a draw decides; the numbers are part of the file format of results and never change."""

    ARRIVAL = 1
    SEGMENT = 2
    ENTRY = 3
    AMOUNT = 4
    WEEK = 5
    QUARTER_ARRIVALS = 6
    QUARTER_WINS = 7
    QUARTER_AMOUNT = 8
    ADOPTION = 9
    EXIT = 10
    DELAY = 11
    PATIENCE = 12
    ROUTE = 13
    WAITING = 14
    PACE = 15
    HANDOFF = 16
    HANDOFF_LOSS = 17
    PULL = 20
    PUSH = 21
    DEADLINE = 22
    PLACE = 23
    CASH = 24
    BAD_DEBT = 25
    CANCEL = 26
    CANCEL_AFTER = 27
    PRODUCT = 30
    REGION = 31
    DISCOUNT = 32
    TERMS = 33
    SCORE_NOISE = 34
    PROSPECT = 35
    EVENT = 36
    EXPOSURE = 37
    FACTOR = 38
    ATTRITION = 40
    VACANCY = 41
    HANDOVER = 42
    TIE = 43
    UNCERTAIN = 50
    PAST = 51
    PAST_CHOICE = 52
    WORK = 64
    """Task j of a visit draws with WORK + j."""


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return the four output words of Philox4x32-10 for one counter.

    Parameters
    ----------
    counter : tuple of int
        Four 32-bit words.
    key : tuple of int
        Two 32-bit words.

    Returns
    -------
    tuple of int
        Four 32-bit words.

    Examples
    --------
    >>> [f"{word:08x}" for word in philox((0, 0, 0, 0), (0, 0))]
    ['6627e8d5', 'e169c58d', 'bc57ac4c', '9b00dbd8']
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):
        p0 = M0 * c0
        p1 = M1 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & MASK, (p0 >> 32) ^ c3 ^ k1, p0 & MASK
        k0 = (k0 + W0) & MASK
        k1 = (k1 + W1) & MASK
    return c0, c1, c2, c3


def philox_array(
    counter: tuple[Words | int, Words | int, Words | int, Words | int], key: tuple[int, int]
) -> tuple[Words, Words, Words, Words]:
    """Return the four output words of Philox4x32-10 for many counters at once.

    Parameters
    ----------
    counter : tuple of (ndarray of uint32 or int)
        Four words, broadcast against each other to shape (n,).
    key : tuple of int

    Returns
    -------
    tuple of ndarray of uint32, shape (n,)
    """
    # all arithmetic in uint64: mixing it with signed integers would silently give floats
    words = [np.asarray(word, dtype=np.uint64) for word in counter]
    c0, c1, c2, c3 = (np.array(word) for word in np.broadcast_arrays(*words))
    low, shift = np.uint64(MASK), np.uint64(32)
    m0, m1 = np.uint64(M0), np.uint64(M1)
    k0, k1 = key
    for _ in range(ROUNDS):
        p0 = m0 * c0
        p1 = m1 * c2
        c0 = (p1 >> shift) ^ c1 ^ np.uint64(k0)
        c2 = (p0 >> shift) ^ c3 ^ np.uint64(k1)
        c1 = p1 & low
        c3 = p0 & low
        k0 = (k0 + W0) & MASK
        k1 = (k1 + W1) & MASK
    return tuple(word.astype(np.uint32) for word in (c0, c1, c2, c3))  # type: ignore[return-value]


def hash64(text: str) -> tuple[int, int]:
    """Return two 32-bit words that stand for a name (BLAKE2b, the same everywhere).

    Examples
    --------
    >>> hash64("stage:Demo") == hash64("stage:Demo")
    True
    """
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:], "little")


def hash32(text: str) -> int:
    """Return one 32-bit word that stands for a name."""
    return hash64(text)[0]


def checked_seed(seed: object) -> int:
    """Return a seed as a plain int.

    Raises
    ------
    InvalidModelError
        If it is no whole number (True, 1.5 and text are none; NumPy integers are), or one of more than 128 bits.

    Examples
    --------
    >>> checked_seed(np.int64(7))
    7
    """
    number = whole(seed, "seed", hint=_SEED_HINT)
    if number.bit_length() > BITS:
        message = f"seed must be a whole number of at most {BITS} bits, got one of {number.bit_length()}. Hint: {_SEED_HINT}."
        raise InvalidModelError(message)
    return number


class Streams:
    """All randomness of one replication.

    Parameters
    ----------
    seed, replication : int
        Whole numbers, of any sign and the second one from 0; together they make the 64-bit key.

    Examples
    --------
    >>> streams = Streams(seed=1, replication=0)
    >>> one = streams.uniform(7, hash32("channel:web"), hash32("stage:Demo"), Purpose.EXIT)
    >>> 0.0 < one < 1.0
    True
    >>> many = streams.uniforms(np.array([7], dtype=np.uint32), hash32("channel:web"),
    ...                         hash32("stage:Demo"), Purpose.EXIT)
    >>> one == float(many[0])
    True
    """

    def __init__(self, seed: int, replication: int = 0) -> None:
        self.seed = checked_seed(seed)
        self.replication = whole(replication, "replication", least=0, most=VISIT_LIMIT**4, hint="replications are counted from 0")
        self.key = hash64(f"simsales:{self.seed}:{self.replication}")

    def uniform(self, index: int, name: int, stage: int, purpose: int, visit: int = 1) -> float:
        """Return one uniform strictly between 0 and 1.

        Parameters
        ----------
        index, name, stage : int
            32-bit words that say whose draw it is.
        purpose : int
            A :class:`Purpose` (or WORK plus the number of the task).
        visit : int
            Number of the visit, from 1.
        """
        w0, w1, _, _ = philox((index, name, stage, (purpose << 16 | visit) & MASK), self.key)
        return ((w0 << 20 | w1 >> 12) + 0.5) * SCALE

    def uniforms(
        self,
        index: Words | int,
        name: Words | int,
        stage: Words | int,
        purpose: int,
        visit: int = 1,
    ) -> Floats:
        """Return uniforms for many keys, the same bits as :meth:`uniform`.

        Parameters
        ----------
        index, name, stage : ndarray of uint32, shape (n,), or int
        purpose, visit : int

        Returns
        -------
        ndarray of float, shape (n,)
            Strictly between 0 and 1, multiples of 2**-53.
        """
        last = (purpose << 16 | visit) & MASK
        w0, w1, _, _ = philox_array((index, name, stage, last), self.key)
        bits = (w0.astype(np.uint64) << np.uint64(20)) | (w1.astype(np.uint64) >> np.uint64(12))
        # 52 bits and a half: with 53 bits the largest one would round to 1
        return (bits.astype(np.float64) + 0.5) * SCALE


def sample(n: int, seed: int = 1, purpose: int = Purpose.EXIT, *, along: str = "index") -> Floats:
    """Return `n` uniforms along one word of the counter, for statistical tests.

    Parameters
    ----------
    n : int
    seed : int
    purpose : int
    along : {'index', 'name', 'stage'}
        The word that counts up; the others stay.

    Returns
    -------
    ndarray of float, shape (n,)

    Examples
    --------
    >>> sample(3).shape
    (3,)
    """
    count = np.arange(n, dtype=np.uint32)
    words: dict[str, Words | int] = {"index": 1, "name": hash32("channel:web"), "stage": 0}
    words[along] = count
    return Streams(seed).uniforms(words["index"], words["name"], words["stage"], purpose)


class DealDraws:
    """Draws of all deals of a run, first visits computed for all deals at once.

    Parameters
    ----------
    streams : Streams
    index, name : ndarray of uint32, shape (n_deals,)
        The two words that stand for each deal.
    """

    def __init__(self, streams: Streams, index: Words, name: Words) -> None:
        self.streams = streams
        self.index = index
        self.name = name
        self._index: list[int] = index.tolist()
        self._name: list[int] = name.tolist()
        self._first: dict[tuple[int, int], list[float]] = {}
        self._given: dict[tuple[int, int], Floats] = {}

    def give(self, purpose: int, stage: int, values: Floats) -> None:
        """Let what is known of the first deals stand for their draws of first visits (R9; NaN: unknown, drawn)."""
        self._given[purpose, stage] = values

    def vector(self, purpose: int, stage: int = 0, visit: int = 1) -> Floats:
        """Return the uniforms of every deal, shape (n_deals,)."""
        drawn = self.streams.uniforms(self.index, self.name, stage, purpose, visit)
        known = self._given.get((purpose, stage)) if visit == 1 else None
        if known is not None:
            drawn[: len(known)] = np.where(np.isnan(known), drawn[: len(known)], known)
        return drawn

    def one(self, deal: int, purpose: int, stage: int = 0, visit: int = 1) -> float:
        """Return the uniform of one deal."""
        if visit == 1:
            known = self._first.get((purpose, stage))
            if known is None:
                known = self._first[purpose, stage] = self.vector(purpose, stage).tolist()
            return known[deal]
        return self.streams.uniform(self._index[deal], self._name[deal], stage, purpose, visit)
