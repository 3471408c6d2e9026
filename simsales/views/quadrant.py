"""Conversion against deal size, rep by rep: a place to start a conversation, not a verdict.

Luck alone moves reps across the lines, so every number has its interval and `clear` says whether both are beyond it.
Reps appear under pseudonyms, and only with enough closed deals. Each is compared with the reps of the same role: who qualifies
leads for others loses many and wins none, whatever he or she does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from simsales.errors import InvalidInputError, expect
from simsales.facts import facts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simsales.engine import EventLog
    from simsales.facts import Facts
    from simsales.history import History

    Flags = NDArray[np.bool_]
    Ints = NDArray[np.int64]
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
NO_PEERS, NO_WINS = "nobody of the role to compare with", "the role wins no deals itself"
COLUMNS = [
    "rep", "role", "closed", "won", "conversion", "conversion_low", "conversion_high", "amount", "amount_low", "amount_high", "quadrant",
    "clear", "look_at",
]  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Quadrants:
    """Reps by conversion and deal size.

    Parameters
    ----------
    table : DataFrame, one row a rep with enough deals, then one for all others together
        ``rep, role`` (empty where not known), ``closed, won``; ``conversion`` (won / closed) and ``amount`` (median of won
        deals), each with a 95 % interval (``_low, _high``); ``quadrant`` against the lines of the role; ``clear``: both
        intervals lie on the quadrant's side of the lines; ``look_at``, empty where there is no quadrant.
    conversion, amount : float
        Won / closed, and the median won amount, of all deals.
    lines : DataFrame, one row a role
        ``role, reps, closed, won, conversion, amount``: the lines of each role.
    """

    table: pd.DataFrame
    conversion: float
    amount: float
    lines: pd.DataFrame

    def __repr__(self) -> str:
        return f"<Quadrants: {len(self.table)} rows, all deals at {self.conversion:.1%} and {self.amount:,.0f}>"

    def _repr_html_(self) -> str:
        """Return the table for notebooks."""
        return self.table.to_html(index=False, float_format=lambda x: f"{x:.3g}", na_rep="", border=0)


def rep_quadrants(log: EventLog | History, min_deals: int = 20, *, names: bool = False) -> Quadrants:
    """Return where each rep stands in conversion and deal size against the other reps of the role.

    A closed deal, won or lost alike, counts for the rep who was the last to begin a task on it before it closed; work after the
    sale does not count. Where nobody is known to have worked on a deal (a history without tasks) it counts for its owner. So
    what an SDR disqualifies counts for the SDR, and what an AE wins or loses after a handover for the AE.

    Parameters
    ----------
    log : EventLog or History
        Deals closed in its window count.
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
    expect("min_deals", min_deals, int, "a whole number of at least 5")
    if min_deals < 5:
        message = f"min_deals must be at least 5, got {min_deals}. Hint: with fewer deals a rep's numbers are mostly luck"
        raise InvalidInputError(message)
    facts = facts_of(log)
    deals, rep = facts.deals, _last_at_work(log, facts)
    closed = (deals.cause > 0) & (deals.closed >= facts.start) & (deals.closed <= facts.until) & (rep >= 0)
    if not closed.any():
        message = "log must hold closed deals with a rep, got none. Hint: does the history have an owner column?"
        raise InvalidInputError(message)
    won = closed & deals.won
    counts = np.bincount(rep[closed], minlength=len(facts.rep_names))
    roles = _roles(log, facts)
    lines = _lines(roles, rep, closed, won, deals.amount)
    rows = [
        _row(facts.rep_names[i] if names else f"rep-{i + 1}", int(counts[i]), deals.amount[won & (rep == i)], lines.loc[[roles[i]]].iloc[0])
        for i in np.flatnonzero(counts >= min_deals).tolist()
    ]
    few = (counts > 0) & (counts < min_deals)
    if few.any():
        rest = few[rep] & closed
        rows.append(_together(int(few.sum()), int(rest.sum()), deals.amount[rest & won]))
    overall = float(won.sum() / closed.sum()), _median(deals.amount[won])
    return Quadrants(pd.DataFrame(rows, columns=COLUMNS), *overall, lines.reset_index())


def _last_at_work(log: EventLog | History, facts: Facts) -> Ints:
    """Return the last rep who began a task on each deal before it closed, else its owner; -1 for nobody."""
    tasks, deals = getattr(log, "tasks", None), getattr(log, "deals", None)
    if not isinstance(tasks, pd.DataFrame) or not isinstance(deals, pd.DataFrame):
        return facts.deals.owner
    place, seat = pd.Index(deals["deal_id"]).get_indexer(pd.Index(tasks["deal_id"])), {name: i for i, name in enumerate(facts.rep_names)}
    rep = np.array([seat.get(name, -1) for name in tasks["rep"].tolist()], dtype=np.int64)
    begun, closed = tasks["started_at"], deals["closed_at"].reset_index(drop=True).reindex(place)
    in_time = (begun.reset_index(drop=True) <= closed.reset_index(drop=True)).to_numpy(bool)
    mine = np.flatnonzero((place >= 0) & (rep >= 0) & in_time & ~_after_sale(log, tasks))
    mine = mine[np.argsort(begun.to_numpy()[mine], kind="stable")]
    found = facts.deals.owner.copy()
    found[place[mine]] = rep[mine]  # in order of work: the last one stays
    return found


def _after_sale(log: EventLog | History, tasks: pd.DataFrame) -> Flags:
    """Tell which tasks follow a win; a history holds none of them."""
    flags = getattr(log, "after_sale", None)
    if flags is None:
        return np.zeros(len(tasks), dtype=bool)
    after = {name for name, is_after in zip(log.plan.stages, flags, strict=True) if is_after}  # type: ignore[union-attr]
    return tasks["stage"].isin(after).to_numpy(bool)


def _roles(log: EventLog | History, facts: Facts) -> list[str]:
    """Return the role of each rep; empty where it is not known."""
    people = getattr(log, "reps", None)
    known = dict(zip(people["rep"], people["role"], strict=True)) if isinstance(people, pd.DataFrame) else {}
    return [role if isinstance(role := known.get(name), str) else "" for name in facts.rep_names]


def _lines(roles: list[str], rep: Ints, closed: Flags, won: Flags, amount: Floats) -> pd.DataFrame:
    """Return what the reps of each role do together."""
    rows = []
    for role in dict.fromkeys(roles[i] for i in np.unique(rep[closed]).tolist()):
        here = np.array([name == role for name in roles])[rep] & closed
        share = float((here & won).sum() / here.sum())
        rows.append((role, len(np.unique(rep[here])), int(here.sum()), int((here & won).sum()), share, _median(amount[here & won])))
    return pd.DataFrame(rows, columns=["role", "reps", "closed", "won", "conversion", "amount"]).set_index("role")


def _row(rep: str, closed: int, amounts: Floats, line: pd.Series) -> tuple[object, ...]:
    """Return one rep's row against the line of the role."""
    won, known, role = len(amounts), np.sort(amounts[~np.isnan(amounts)]), str(line.name)
    share, size = won / closed, _median(known)
    low, high = _wilson(won, closed)
    least, most = _median_interval(known)
    found = (rep, role, closed, won, share, low, high, size, least, most)
    if line["won"] == 0 or line["reps"] == 1 or np.isnan(size):
        why = NO_WINS if line["won"] == 0 else NO_PEERS if line["reps"] == 1 else "amounts not known"
        return (*found, why, False, "")
    level, middle = float(line["conversion"]), float(line["amount"])
    quadrant = f"{'high' if share >= level else 'low'} conversion, {'large' if size >= middle else 'small'} deals"
    clear = (low >= level or high < level) and (least >= middle or most < middle)
    return (*found, quadrant, bool(clear), LOOK_AT[quadrant])


def _together(reps: int, closed: int, amounts: Floats) -> tuple[object, ...]:
    """Return the row of all reps with few deals; of one such rep alone only the count, for it would be personal."""
    label, nan = f"{reps} rep{'s' * (reps > 1)} with few deals", float("nan")
    if reps == 1:
        return (label, "", closed, 0, nan, nan, nan, nan, nan, nan, TOO_FEW, False, "")
    low, high = _wilson(len(amounts), closed)
    known = np.sort(amounts[~np.isnan(amounts)])
    return (label, "", closed, len(amounts), len(amounts) / closed, low, high, _median(known), *_median_interval(known), TOO_FEW, False, "")


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
