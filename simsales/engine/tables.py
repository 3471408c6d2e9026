"""Every law lowered to one quantile table: what engines draw from.

A table is two ascending columns: probabilities and values, linear in between. Parametric laws get
nodes that grow denser toward both tails until the relative error at the middle of each piece is below
1e-6; constants, uniforms and empirical laws are exact as they are.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simsales.model.laws import Constant, Empirical, Law, Uniform

Floats = NDArray[np.float64]

TOLERANCE = 8e-7
"""Asked of points inside each piece while building; the contract (1e-6) leaves room for rounding."""
OCTAVES = 53
EXACT = 2.0**-40
"""The contract holds for probabilities from this to one minus this."""
_SPLITS = 24
_MOST_NODES = 400_000


class Table:
    """A monotone quantile function, linear between nodes.

    Parameters
    ----------
    u : ndarray of float, shape (n_nodes,)
        Ascending probabilities.
    x : ndarray of float, shape (n_nodes,)
        Ascending values, in the law's unit.

    Examples
    --------
    >>> table = Table(np.array([0.0, 1.0]), np.array([10.0, 20.0]))
    >>> table.draw(0.25), table.cdf(12.5), table.survival(12.5)
    (12.5, 0.25, 0.75)
    """

    __slots__ = ("_u", "_x", "constant", "u", "x")

    def __init__(self, u: Floats, x: Floats) -> None:
        self.u = u
        self.x = x
        self.constant: float | None = float(x[0]) if x[0] == x[-1] else None

    def __getattr__(self, name: str) -> list[float]:
        """Make the lists for scalar draws when they are first needed (lists bisect fastest)."""
        if name not in ("_u", "_x"):
            raise AttributeError(name)
        self._u: list[float] = self.u.tolist()
        self._x: list[float] = self.x.tolist()
        found: list[float] = object.__getattribute__(self, name)
        return found

    def draw(self, u: float) -> float:
        """Return the value at probability `u` (0 < u < 1)."""
        if self.constant is not None:
            return self.constant
        us, xs = self._u, self._x
        i = bisect_right(us, u)
        if i == 0:
            return xs[0]
        if i == len(us):
            return xs[-1]
        low, left = xs[i - 1], us[i - 1]
        return low + (xs[i] - low) * ((u - left) / (us[i] - left))

    def draws(self, u: Floats) -> Floats:
        """Return the values at many probabilities, the same bits as :meth:`draw`.

        Parameters
        ----------
        u : ndarray of float, shape (n,)

        Returns
        -------
        ndarray of float, shape (n,)
        """
        if self.constant is not None:
            return np.full(u.shape, self.constant)
        i = np.searchsorted(self.u, u, side="right")
        a, b = np.maximum(i - 1, 0), np.minimum(i, len(self.u) - 1)
        gap = self.u[b] - self.u[a]
        share = np.where(gap > 0.0, (u - self.u[a]) / np.where(gap > 0.0, gap, 1.0), 0.0)
        return self.x[a] + (self.x[b] - self.x[a]) * share

    def mean(self) -> float:
        """Return the mean of a draw.

        Examples
        --------
        >>> Table(np.array([0.0, 1.0]), np.array([10.0, 20.0])).mean()
        15.0
        """
        return float(np.sum(np.diff(self.u) * (self.x[1:] + self.x[:-1])) / 2.0 + self.u[0] * self.x[0] + (1.0 - self.u[-1]) * self.x[-1])

    def cdf(self, x: float) -> float:
        """Return the probability of a draw of at most `x`."""
        xs, us = self._x, self._u
        i = bisect_right(xs, x)
        if i == 0:
            return 0.0
        if i == len(xs):
            return 1.0
        return us[i - 1] + (us[i] - us[i - 1]) * ((x - xs[i - 1]) / (xs[i] - xs[i - 1]))

    def survival(self, x: float) -> float:
        """Return the probability of a draw above `x`."""
        return 1.0 - self.cdf(x)

    def residual(self, u: float, age: float) -> float:
        """Return what is left of a draw that is known to exceed `age` (R9).

        Examples
        --------
        >>> Table(np.array([0.0, 1.0]), np.array([0.0, 10.0])).residual(0.5, 4.0)
        3.0
        """
        below = self.cdf(age)
        return max(self.draw(below + u * (1.0 - below)) - age, 0.0)

    def __reduce__(self) -> tuple[type[Table], tuple[Floats, Floats]]:
        return Table, (self.u, self.x)


@lru_cache(maxsize=4096)
def table_of(law: Law) -> Table:
    """Return the quantile table of `law`; equal laws share one.

    Parameters
    ----------
    law : Law

    Returns
    -------
    Table

    Examples
    --------
    >>> table_of(Constant(value=3.0)).draw(0.9)
    3.0
    """
    if isinstance(law, Constant):
        return Table(np.array([0.0, 1.0]), np.array([law.value, law.value]))
    if isinstance(law, Uniform):
        return Table(np.array([0.0, 1.0]), np.array([law.low, law.high]))
    if isinstance(law, Empirical):
        u, x = law.knots()  # exact
        return Table(np.ascontiguousarray(u), np.ascontiguousarray(x))
    return _adaptive(law)


def _first_nodes() -> Floats:
    """Return four nodes an octave toward both ends, from 2**-53 to 1 - 2**-53."""
    octaves = 2.0 ** -np.arange(OCTAVES, 0, -1, dtype=float)
    quarters = np.array([1.0, 1.25, 1.5, 1.75])
    lower = np.multiply.outer(octaves[:-1], quarters).ravel()
    upper = 1.0 - lower[::-1]
    return np.unique(np.concatenate([lower, [0.5], upper[upper < 1.0]]))


def _adaptive(law: Law) -> Table:
    u = _first_nodes()
    x = np.maximum.accumulate(law.quantile(u))
    fresh = np.ones(len(u) - 1, dtype=bool)
    for _ in range(_SPLITS):
        left = np.flatnonzero(fresh)
        left = left[(u[left + 1] > EXACT) & (u[left] < 1.0 - EXACT)]
        if not len(left) or len(u) > _MOST_NODES:
            break
        # three points, since a piece with a turning point in it can be exact in its middle
        inside = [u[left] + part * (u[left + 1] - u[left]) for part in (0.25, 0.5, 0.75)]
        exact = law.quantile(np.concatenate(inside)).reshape(3, -1)
        guess = np.array([x[left] + part * (x[left + 1] - x[left]) for part in (0.25, 0.5, 0.75)])
        bad = (np.abs(guess - exact) > TOLERANCE * np.abs(exact)).any(axis=0)
        left, middle, exact = left[bad], inside[1][bad], exact[1][bad]
        u = np.insert(u, left + 1, middle)
        x = np.insert(x, left + 1, exact)
        fresh = np.zeros(len(u) - 1, dtype=bool)
        where = left + np.arange(len(left))
        fresh[where] = True
        fresh[where + 1] = True
    return Table(u, np.maximum.accumulate(x))
