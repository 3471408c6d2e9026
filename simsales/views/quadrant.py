"""Conversion against deal size, rep by rep: a place to start a conversation, not a verdict.

Luck alone moves reps across the lines, so every number has its interval and `clear` says whether both are beyond it.
Reps appear under pseudonyms, and only with enough closed deals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from simsales.errors import InvalidInputError
from simsales.facts import facts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simsales.engine import EventLog
    from simsales.history import History

    Floats = NDArray[np.float64]

__all__ = ["LOOK_AT", "Quadrants", "rep_quadrants"]

Z95 = 1.959963984540054
LOOK_AT = {
    "high conversion, small deals": "negotiation and discounts, and which leads come here",
    "high conversion, large deals": "what others could take over",
    "low conversion, small deals": "which leads come here, and the time for each",
    "low conversion, large deals": "qualification: how early deals that will not close are given up",
}
"""Where to look first; nothing here says why a rep is where he or she is."""
TOO_FEW = "not enough deals"
COLUMNS = [
    "rep", "closed", "won", "conversion", "conversion_low", "conversion_high", "amount", "amount_low", "amount_high", "quadrant",
    "clear", "look_at",
]  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Quadrants:
    """Reps by conversion and deal size.

    Parameters
    ----------
    table : DataFrame, one row a rep with enough deals, then one for all others together
        ``rep, closed, won``; ``conversion`` (won / closed) and ``amount`` (median of won deals), each with a 95 %
        interval (``_low, _high``); ``quadrant``; ``clear``: both intervals lie on the quadrant's side of the lines;
        ``look_at``.
    conversion, amount : float
        The lines: won / closed, and the median won amount, of all deals.
    """

    table: pd.DataFrame
    conversion: float
    amount: float

    def __repr__(self) -> str:
        return f"<Quadrants: {len(self.table)} rows, lines at {self.conversion:.1%} and {self.amount:,.0f}>"

    def _repr_html_(self) -> str:
        """Return the table for notebooks."""
        return self.table.to_html(index=False, float_format=lambda x: f"{x:.3g}", na_rep="", border=0)


def rep_quadrants(log: EventLog | History, min_deals: int = 20, *, names: bool = False) -> Quadrants:
    """Return where each rep stands in conversion and deal size against all deals together.

    Parameters
    ----------
    log : EventLog or History
        Deals closed in its window count for the rep who is credited with them.
    min_deals : int
        Reps with fewer closed deals appear in one row together.
    names : bool
        Show reps by name; otherwise they are rep-1, rep-2, ... as in the KPIs.

    Returns
    -------
    Quadrants
        Conversion is that of closed deals: reps whose deals are lost quickly look worse than they are while the
        organisation grows.

    Raises
    ------
    InvalidInputError
        If `min_deals` is below 5 or no deal with a rep was closed.

    References
    ----------
    Wilson (1927) for shares; order statistics for the median.
    """
    if min_deals < 5:
        message = f"min_deals must be at least 5, got {min_deals}. Hint: with fewer deals a rep's numbers are mostly luck"
        raise InvalidInputError(message)
    facts = facts_of(log)
    deals = facts.deals
    closed = (deals.cause > 0) & (deals.closed >= facts.start) & (deals.closed <= facts.until) & (deals.owner >= 0)
    if not closed.any():
        message = "log must hold closed deals with a rep, got none. Hint: does the history have an owner column?"
        raise InvalidInputError(message)
    won = closed & deals.won
    lines = float(won.sum() / closed.sum()), _median(deals.amount[won])
    counts = np.bincount(deals.owner[closed], minlength=len(facts.rep_names))
    rows = [
        _row(facts.rep_names[i] if names else f"rep-{i + 1}", int(counts[i]), deals.amount[won & (deals.owner == i)], lines)
        for i in np.flatnonzero(counts >= min_deals).tolist()
    ]
    few = (counts > 0) & (counts < min_deals)
    if few.any():
        rest = few[deals.owner] & closed
        rows.append(_together(int(few.sum()), int(rest.sum()), deals.amount[rest & won]))
    return Quadrants(pd.DataFrame(rows, columns=COLUMNS), *lines)


def _row(rep: str, closed: int, amounts: Floats, lines: tuple[float, float]) -> tuple[object, ...]:
    """Return one rep's row."""
    won, known = len(amounts), np.sort(amounts[~np.isnan(amounts)])
    share, size = won / closed, _median(known)
    low, high = _wilson(won, closed)
    least, most = _median_interval(known)
    if np.isnan(size):
        return (rep, closed, won, share, low, high, size, least, most, "amounts not known", False, "")
    quadrant = f"{'high' if share >= lines[0] else 'low'} conversion, {'large' if size >= lines[1] else 'small'} deals"
    clear = (low >= lines[0] or high < lines[0]) and (least >= lines[1] or most < lines[1])
    return (rep, closed, won, share, low, high, size, least, most, quadrant, bool(clear), LOOK_AT[quadrant])


def _together(reps: int, closed: int, amounts: Floats) -> tuple[object, ...]:
    """Return the row of all reps with few deals; of one such rep alone only the count, for it would be personal."""
    label, nan = f"{reps} rep{'s' * (reps > 1)} with few deals", float("nan")
    if reps == 1:
        return (label, closed, 0, nan, nan, nan, nan, nan, nan, TOO_FEW, False, "")
    low, high = _wilson(len(amounts), closed)
    known = np.sort(amounts[~np.isnan(amounts)])
    return (label, closed, len(amounts), len(amounts) / closed, low, high, _median(known), *_median_interval(known), TOO_FEW, False, "")


def _median(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else float("nan")


def _wilson(won: int, closed: int) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    share, z2 = won / closed, Z95**2 / closed
    middle = (share + z2 / 2) / (1 + z2)
    half = Z95 * np.sqrt(share * (1 - share) / closed + z2 / (4 * closed)) / (1 + z2)
    return float(middle - half), float(middle + half)


def _median_interval(ordered: Floats) -> tuple[float, float]:
    """Return an interval of the median that holds with at least 95 %; unbounded for fewer than six values."""
    n = len(ordered)
    below = special.bdtr(np.arange(n), n, 0.5) if n else np.zeros(0)  # P(at most k of n values under the median)
    k = int(np.searchsorted(below, 0.025, side="right"))
    return (float(ordered[k - 1]), float(ordered[n - k])) if k else (float("-inf"), float("inf"))
