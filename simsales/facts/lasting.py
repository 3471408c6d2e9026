"""How long things take when not all of them are over: medians and means that do not depend on how long one looks.

The average of what is over at the end of a run forgets whatever takes long: quick deals close first, quick stays end first. Here
what is still open counts as open (Aalen-Johansen), what was open before the window counts from then on (late entry), and
what will still happen after the end of follow-up is estimated from how the curve flattens. Where the window is too short to
tell, the answer is NaN.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from simsales.survival import aalen_johansen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

FOLLOWED = 0.1
"""Share of the subjects that must have been followed for as long as one looks: beyond, single ones would decide."""
UNSEEN = 0.25
"""A mean is told only if at most this part of it comes from beyond the end of follow-up."""
FLAT = 0.1
"""Where fewer of the open ones than this ended in the last third of follow-up, the rest may never do so."""
TINY = 1e-9


def quantile(values: Floats, q: float) -> float:
    """Return a quantile, the same bits as ``np.quantile`` in a tenth of its time; NaN of nothing.

    Examples
    --------
    >>> quantile(np.array([3.0, 1.0, 2.0, 5.0]), 0.5)
    2.5
    """
    n = len(values)
    if n == 0:
        return float("nan")
    place = (n - 1) * q
    i = int(place)
    low, high = np.partition(values, (i, min(i + 1, n - 1)))[[i, min(i + 1, n - 1)]].tolist()
    part = place - i
    return float(low + (high - low) * part if part < 0.5 else high - (high - low) * (1.0 - part))


@dataclass(frozen=True, eq=False)
class Lasting:
    """How long it takes until something ends by one cause, and how often it does.

    Parameters
    ----------
    times, reached : ndarray of float, shape (n_times,)
        Lengths at which it ended by the cause, ascending, up to the end of follow-up; the share that had by then.
    single : ndarray of float, shape (n_times,)
        What one of those that ended then adds to `reached`.
    follow_up : float
        How long at least a tenth of the subjects could be seen.
    total, later : float
        Estimated share that ever ends so, NaN where nothing has ended yet; of it, what does after follow-up.
    rest : float
        Estimated mean length beyond `follow_up` of those that end so later.
    """

    times: Floats
    reached: Floats
    single: Floats
    follow_up: float
    total: float
    later: float
    rest: float

    def quantile(self, q: float) -> float:
        """Return a quantile of the length among those that ever end so; NaN where the window is too short to tell.

        Where all are over it is the quantile of their lengths, as NumPy has it.
        """
        if not self.times.size:
            return float("nan")
        before = np.concatenate([[0.0], self.reached[:-1]])
        place = np.column_stack([before, np.maximum(self.reached - self.single, before)]).ravel()
        target = q * (self.total - float(self.single[-1]))
        if target > place[-1] + TINY:
            return float("nan")
        return float(np.interp(target, place, np.repeat(self.times, 2)))

    @property
    def mean(self) -> float:
        """The mean length among those that ever end so; NaN where more than a quarter of it lies beyond follow-up."""
        if not self.times.size:
            return float("nan")
        seen = float((np.diff(self.reached, prepend=0.0) * self.times).sum())
        unseen = self.later * (self.follow_up + self.rest) if self.later > TINY else 0.0
        if unseen > UNSEEN * (seen + unseen):
            return float("nan")
        return (seen + unseen) / self.total


NOTHING = Lasting(np.zeros(0), np.zeros(0), np.zeros(0), float("nan"), float("nan"), 0.0, 0.0)


@dataclass(frozen=True, eq=False)
class Lengths:
    """Lengths of which some are only lower bounds, as columns of shape (n,).

    Parameters
    ----------
    length : ndarray of float
        Until it ended, or until the window did.
    cause : ndarray of int
        0: not over, 1, 2, ...: how it ended.
    entry : ndarray of float
        How long it had lasted when the window began; 0 for what began inside.
    seen : ndarray of float
        How long it could be followed.
    """

    length: Floats
    cause: Ints
    entry: Floats
    seen: Floats

    def over(self) -> Lengths:
        """Return the lengths with one way to end."""
        return Lengths(self.length, np.minimum(self.cause, 1), self.entry, self.seen)

    @property
    def follow_up(self) -> float:
        """The greatest length up to which a tenth as many subjects as began inside the window could be followed; NaN without any."""
        fresh = self.entry <= 0
        if not fresh.any():
            return float("nan")
        alone = quantile(self.seen[fresh], 1.0 - FOLLOWED)
        if fresh.all():
            return alone
        ages, entries = np.sort(self.seen), np.sort(self.entry)
        n = len(ages)
        followed = n - np.arange(n) - (n - np.searchsorted(entries, ages, side="right"))
        enough = ages[followed >= FOLLOWED * np.count_nonzero(fresh)]
        return max(alone, float(enough[-1]) if enough.size else 0.0)

    def until(self, cause: int = 1) -> Lasting:
        """Return how long it takes until the ending by one cause; without subjects that began inside the window nothing is told."""
        end = self.follow_up
        if not end > 0:
            end = 0.0
        if not len(self.length) or not (self.entry <= 0).any():
            return NOTHING
        fit = aalen_johansen(self.length, self.cause, self.entry, n_causes=max(cause, int(self.cause.max())))
        curve, events = fit.cif[cause - 1], fit.events[cause - 1]
        mine = (events > 0) & (fit.times <= end + TINY)
        if not mine.any():
            return dataclasses.replace(NOTHING, total=0.0) if fit.times.size else NOTHING
        reached = curve[mine]
        single = np.diff(reached, prepend=0.0) / events[mine]
        thirds = np.searchsorted(fit.times, np.array([end / 3.0, end * 2.0 / 3.0, end + TINY]), side="right")
        open_then = np.concatenate([[1.0], fit.survival])[thirds]
        ended_so = np.concatenate([[0.0], curve])[thirds]
        later, rest = _later(open_then, ended_so, end)
        return Lasting(fit.times[mine], reached, single, end, float(reached[-1]) + later, later, rest)

    def beyond(self, length: float) -> float:
        """Return the share that lasts longer than a length; NaN where nothing was followed for so long."""
        if not len(self.length) or not (self.entry <= 0).any():
            return float("nan")
        fit = aalen_johansen(self.length, self.cause, self.entry, n_causes=max(1, int(self.cause.max())))
        place = int(np.searchsorted(fit.times, length + TINY, side="right"))
        left = float(np.concatenate([[1.0], fit.survival])[place])
        return left if left <= 0 or float(self.length.max()) >= length - TINY else float("nan")


def _later(open_then: Floats, ended_so: Floats, end: float) -> tuple[float, float]:
    """Return the share that will end by the cause after follow-up, and how much later in the mean.

    As long as the open ones still end, all of them will, at the rate of the last third of follow-up and as they did in the last two.
    Where hardly any does, most never will, such as parked deals: what is open is taken to go on flattening as a geometric
    series (Aitken's extrapolation).
    """
    before, middle, last = open_then.tolist()
    first, second = before - middle, middle - last
    if (first <= 0 and second <= 0) or last <= 0:
        return 0.0, 0.0
    share = (ended_so[2] - ended_so[0]) / (before - last)
    if second >= FLAT * middle:
        return float(last * share), float((end / 3.0) / np.log(middle / last))
    never = max(last - second**2 / (first - second), 0.0) if second < first else 0.0
    rest = (end / 3.0) / np.log(first / second) if 0 < second < first else 0.0
    return float((last - never) * share), float(min(rest, end))


def lengths(begin: Floats, end: Floats, cause: Ints, start: float | Floats, until: float | Floats) -> Lengths:
    """Return how long things lasted inside a window, from when they began and ended.

    Parameters
    ----------
    begin, end : ndarray of float, shape (n,)
        Days; an unknown begin leaves the row out, `end` is NaN while it lasts.
    cause : ndarray of int, shape (n,)
        1, 2, ...: how it ended; what ended after the window is open.
    start, until : float, or ndarray of float, shape (n,)
        The window, in days (or in the same units as the row).

    Returns
    -------
    Lengths
        Without what was over before the window, or began after it.

    Examples
    --------
    One began on each of four days, and they took 1 and 3 days by turns; the last is not over when the window ends on day 4.

    >>> begin = np.array([0.0, 1.0, 2.0, 3.0])
    >>> seen = lengths(begin, begin + np.array([1.0, 3.0, 1.0, 3.0]), np.array([1, 1, 1, 1]), 0.0, 4.0)
    >>> seen.length.tolist(), seen.cause.tolist()
    ([1.0, 3.0, 1.0, 1.0], [1, 1, 1, 0])
    """
    over = np.minimum(np.where(np.isnan(end), until, end), until)
    open_ = np.isnan(end) | (end > until)
    mine = (begin <= until) & ((begin >= start) | (over > start)) & ~(np.isnan(end) & (cause > 0))
    length = np.maximum(over - begin, 0.0)
    entry = np.minimum(np.maximum(start - begin, 0.0), length)
    causes = np.where(open_, 0, cause).astype(np.int64)
    return Lengths(length[mine], causes[mine], entry[mine], (until - begin)[mine])
