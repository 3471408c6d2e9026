"""The value stream: how much of a deal's life is work, and where it waits.

Every moment between a deal's creation and its close is one of four things, so the parts add up to the cycle time:

* *touch*: somebody works on it;
* *pause*: work is begun and rests (nights, weekends, holidays);
* *queue*: nobody works on it and a task waits for a rep (calendar time: a lead of Saturday waits until Monday);
* *delay*: all the rest, mostly waiting for the customer, a date or a paper.

Process-cycle efficiency is touch / total.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simsales import kpi
from simsales.errors import InvalidInputError, did_you_mean, got
from simsales.views.timeline import Timeline, timeline_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simsales.engine import EventLog
    from simsales.history import History

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["ValueStream", "value_stream"]

PARTS = ("touch_days", "pause_days", "queue_days", "delay_days")
WORDS = ("work", "pause at closed hours", "queue for people", "other delay")
TOTAL, STILL_OPEN, NO_STAGE = "all closed deals", "open deals so far", "(in no stage)"
OUTCOMES = ("won", "lost", "no_decision")
TINY = 1e-9
LEGEND = {
    "visits": "stays in the stage that are over (in the last rows: deals)",
    "touch": "days in which somebody works on the deal",
    "pause": "days in which work is begun and rests: nights, weekends, holidays",
    "queue": "days in which nobody works on it and a task waits for a rep",
    "delay": "all other days, mostly waiting for the customer, a date or a paper",
    "total": "touch + pause + queue + delay",
    "share": "of the total time of closed deals",
    "pce": "process-cycle efficiency: touch / total",
    "wait_hours": "working hours that tasks waited for a rep, a stay (clock hours in a CRM history)",
    "queue_share": "the stage's part of all waiting for reps",
    "utilisation": "how busy the roles are that are waited for",
    "pressure": "queue_share x utilisation: much waiting for people who have no time to spare",
    "rank": "1 is the stage with the most pressure; empty where nobody waits",
}
"""What the columns of :attr:`ValueStream.table` mean; the parts of time end in ``_days`` there."""


@dataclass(frozen=True, eq=False, repr=False)
class ValueStream:
    """Where the time of deals goes: ``.table`` by stage, ``.deals`` by deal, ``.explain()`` in words, ``.legend`` for the columns.

    Parameters
    ----------
    table : DataFrame, one row a stage in order, then the total and the deals still open
        ``stage``; ``visits`` (deals in the last rows); ``touch_days, pause_days, queue_days, delay_days, total_days``: means per
        visit (per deal in the last rows); ``share`` of the total time of closed deals (NaN for after-sale stages, which come
        after the close); ``pce`` = touch / total; ``wait_hours``: working hours that tasks waited (clock hours in a
        history), and ``queue_share``, the share of all of them; ``utilisation`` of the roles that are waited for;
        ``pressure`` = queue_share x utilisation; ``rank`` by falling pressure.
    deals : DataFrame, one row a closed deal
        ``deal_id, status, touch_days, pause_days, queue_days, delay_days, total_days, pce``; the parts add up to
        `total_days`, which is close minus creation.
    notes : tuple of str
        What was left out, and what is estimated.
    """

    table: pd.DataFrame
    deals: pd.DataFrame
    notes: tuple[str, ...] = field(default=())

    @property
    def legend(self) -> str:
        """What the columns of the table mean, one a line."""
        wide = max(map(len, LEGEND))
        return "\n".join(f"{name:<{wide}}  {meaning}" for name, meaning in LEGEND.items())

    @property
    def pce(self) -> float:
        """Process-cycle efficiency over all closed deals: touch / total; NaN where there are none."""
        return float(self.table.loc[self.table["stage"] == TOTAL, "pce"].iloc[0])

    def bottlenecks(self) -> tuple[str, ...]:
        """Return the stages in which deals wait for people, worst first, each with its reason."""
        ranked = self.table[self.table["rank"].notna()].sort_values("rank")
        return tuple(_reason(row) for row in ranked.to_dict("records"))

    def explain(self) -> str:
        """Return the value stream in words."""
        total = self.table[self.table["stage"] == TOTAL].iloc[0]
        parts = ", ".join(f"{total[part]:.2f} {what}" for part, what in zip(PARTS, WORDS, strict=True))
        text = [f"A closed deal takes {total['total_days']:.2f} days: {parts}. Process-cycle efficiency {total['pce']:.2%}."]
        text = text if total["visits"] else ["No closed deal was seen from its creation on."]
        worst = self.bottlenecks()
        return "\n".join([*text, *(worst or ("No stage waits for people.",)), *self.notes])

    def __repr__(self) -> str:
        size = f"{len(self.deals):,} closed deals, process-cycle efficiency {self.pce:.2%}"
        return f"<ValueStream: {size}; see .table, .deals, .explain(), .legend>"

    def _repr_html_(self) -> str:
        """Return the table for notebooks, with the meaning of its columns and where to find more."""
        table = self.table.to_html(index=False, float_format=lambda x: f"{x:.3g}", na_rep="", border=0)
        meanings = "".join(f"<li><b>{name}</b>: {escape(meaning)}</li>" for name, meaning in LEGEND.items())
        more = "<p>By stage in <code>.table</code>, by deal in <code>.deals</code>, in words with <code>.explain()</code>.</p>"
        return f"{table}{more}<details><summary>What the columns mean</summary><ul>{meanings}</ul></details>"


def _reason(row: dict[Any, Any]) -> str:
    """Return why a stage is where it is in the ranking."""
    busy = "" if np.isnan(row["utilisation"]) else f"; the roles waited for are {row['utilisation']:.0%} busy"
    waited = f"{row['queue_share']:.0%} of all waiting for people, {row['wait_hours']:.2f} hours a visit"
    return f"{row['rank']:.0f}. {row['stage']}: {waited}{busy}."


def value_stream(log: EventLog | History, outcome: str | None = None) -> ValueStream:
    """Return where the time of deals goes: touch, pause, queue and delay by stage and by deal.

    Parameters
    ----------
    log : EventLog or History
        With tasks; without any, all time is delay.
    outcome : {'won', 'lost', 'no_decision'}, optional
        Only closed deals that ended so.

    Returns
    -------
    ValueStream
        Of deals created in the window (opening deals were not seen whole). Where several tasks of a visit overlap, a
        moment with any work in hand is touch or pause, and work is taken as evenly spread in each task.

    Raises
    ------
    InvalidInputError
        If `outcome` is not known.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.schema import Model
    >>> log = simulate(Model(
    ...     calendar={"hours": "00:00-24:00", "days": "mon-sun"}, channels=[{"name": "web", "leads_per_week": 7.0}],
    ...     stages=[{"name": "Offer", "tasks": [{"role": "AE", "work_hours": 6}],
    ...              "exits": [{"to": "won", "probability": 1.0, "delay_days": 2.75}]}],
    ...     roles=[{"name": "AE"}], reps=[{"role": "AE"}]), cases=1)
    >>> stream = value_stream(log)
    >>> f"{stream.pce:.2%}"  # 6 hours of 72
    '8.33%'
    """
    if outcome is not None and outcome not in OUTCOMES:
        message = f"outcome must be one of {', '.join(OUTCOMES)}, got {got(outcome)}. {did_you_mean(outcome, OUTCOMES)}"
        raise InvalidInputError(message)
    line = timeline_of(log)
    parts = _parts(line)
    whole = line.created >= line.start - TINY
    status = np.array([*OUTCOMES, "open"], dtype=object)[line.status]
    closed = whole & ((status == outcome) if outcome else (line.status < len(OUTCOMES)))
    deals = _deals(line, parts, closed, status)
    basis = closed if closed.any() else whole  # a log without outcomes still shows its finished stays
    utilisation = _utilisation(log, line, basis)
    table = _table(line, parts, basis, whole & (line.status == len(OUTCOMES)), deals, utilisation)
    return ValueStream(table, deals, _notes(line, whole, closed))


@dataclass(frozen=True, eq=False)
class _Parts:
    """Touch, pause and queue days and waiting hours of each visit, shape (n_visits,)."""

    touch: Floats
    pause: Floats
    queue: Floats
    hours: Floats


def _parts(line: Timeline) -> _Parts:
    """Return what each visit consists of; visits whose tasks overlap are swept one by one."""
    n = len(line.visit_deal)
    busy, wait = line.ended - line.started, line.started - line.queued
    work = np.minimum(line.work_days, busy)
    touch, queue = _summed(line.task_visit, work, n), _summed(line.task_visit, wait, n)
    pause = _summed(line.task_visit, busy, n) - touch
    pause[pause < TINY] = 0.0
    same = line.task_visit[1:] == line.task_visit[:-1]
    overlap = np.unique(line.task_visit[1:][same & (line.queued[1:] < line.ended[:-1] - TINY)])
    for visit in overlap.tolist():
        mine = slice(*np.searchsorted(line.task_visit, [visit, visit + 1]))
        touch[visit], pause[visit], queue[visit] = _swept(line.queued[mine], line.started[mine], line.ended[mine], work[mine])
    return _Parts(touch, pause, queue, _summed(line.task_visit, line.waited_hours, n))


def _summed(place: Ints, values: Floats, n: int) -> Floats:
    """Return the sum of values at each of n places."""
    return np.bincount(place, values, n).astype(np.float64)  # of no values numpy makes integers


def _swept(queued: Floats, started: Floats, ended: Floats, work: Floats) -> tuple[float, float, float]:
    """Return touch, pause and queue of tasks that overlap: any work in hand comes before any waiting."""
    edges = np.unique(np.concatenate([queued, started, ended]))
    density = work / np.where(ended > started, ended - started, 1.0)
    touch = pause = queue = 0.0
    for a, b in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        in_hand = (started <= a) & (ended >= b)
        if in_hand.any():
            worked = min(float(density[in_hand].max()), 1.0) * (b - a)
            touch, pause = touch + worked, pause + (b - a) - worked
        elif ((queued <= a) & (started >= b)).any():
            queue += b - a
    return touch, pause, queue


def _deals(line: Timeline, parts: _Parts, closed: NDArray[np.bool_], status: NDArray[np.object_]) -> pd.DataFrame:
    """Return the parts of each closed deal's life; delay is what remains."""
    kept, n = ~line.after, len(line.created)
    touch, pause, queue = (
        _summed(line.visit_deal[kept], part[kept], n)[closed] for part in (parts.touch, parts.pause, parts.queue)
    )
    total = (line.closed - line.created)[closed]
    delay = total - (touch + pause + queue)
    columns = dict(zip(PARTS, (touch, pause, queue, delay), strict=True))
    share = np.divide(touch, total, out=np.full(len(total), np.nan), where=total > 0)
    return pd.DataFrame({"deal_id": line.ids[closed], "status": status[closed], **columns, "total_days": total, "pce": share})


def _utilisation(log: EventLog | History, line: Timeline, basis: NDArray[np.bool_]) -> Floats:
    """Return how busy the roles are that each stage waits for, weighed by the wait; NaN where not known."""
    found = kpi.table(log, kpis=["utilisation[role]"])
    busy = np.array([found.get(f"utilisation[role={role}]", np.nan) for role in (*line.roles, "")], dtype=float)
    level = busy[line.task_role]  # role -1 reads the last entry
    counts = ~np.isnan(level) & basis[line.visit_deal[line.task_visit]]
    stage, n = line.visit_stage[line.task_visit[counts]], len(line.stages)
    weight = _summed(stage, line.waited_hours[counts], n)
    total = _summed(stage, line.waited_hours[counts] * level[counts], n)
    return np.asarray(np.divide(total, weight, out=np.full(n, np.nan), where=weight > 0))


def _table(
    line: Timeline, parts: _Parts, basis: NDArray[np.bool_], still_open: NDArray[np.bool_], deals: pd.DataFrame, utilisation: Floats
) -> pd.DataFrame:
    """Return the table by stage, with the total and the open deals below."""
    length = line.left - line.entered
    mine, n = basis[line.visit_deal] & line.over, len(line.stages)
    cycle = float(deals["total_days"].sum())
    rows: list[dict[str, Any]] = []
    waited = np.zeros(n)
    for s in range(n):
        here = mine & (line.visit_stage == s)
        values = _sums(parts, length, here)
        waited[s] = parts.hours[here].sum()
        rows.append(_row(line.stages[s], int(here.sum()), values, cycle if not line.after[here].any() else np.nan))
    inside = sum(row["total"] for row in rows if not np.isnan(row["share"]))
    if cycle - inside > TINY * max(cycle, 1.0):
        rows.append(_row(NO_STAGE, len(deals), np.array([0.0, 0.0, 0.0, cycle - inside]), cycle))
    rows.append(_row(TOTAL, len(deals), np.array([float(deals[part].sum()) for part in PARTS]), cycle))
    rows.append(_row(STILL_OPEN, int(still_open.sum()), _open_sums(line, parts, still_open), np.nan))
    table = pd.DataFrame(rows)
    below = np.full(len(table) - n, np.nan)
    visits = table["visits"].to_numpy(float)[:n]
    table["wait_hours"] = np.r_[np.divide(waited, visits, out=np.full(n, np.nan), where=visits > 0), below]
    table["queue_share"] = np.r_[waited / waited.sum() if waited.sum() > 0 else np.full(n, np.nan), below]
    table["utilisation"] = np.r_[utilisation, below]
    table["pressure"] = table["queue_share"] * table["utilisation"].fillna(1.0)
    table["rank"] = table["pressure"].where(table["pressure"] > 0).rank(ascending=False, method="first")
    return table.drop(columns=["total"])


def _sums(parts: _Parts, length: Floats, here: NDArray[np.bool_]) -> Floats:
    """Return the summed parts of some visits."""
    touch, pause, queue = (float(part[here].sum()) for part in (parts.touch, parts.pause, parts.queue))
    return np.array([touch, pause, queue, float(length[here].sum()) - (touch + pause + queue)])


def _open_sums(line: Timeline, parts: _Parts, still_open: NDArray[np.bool_]) -> Floats:
    """Return the summed parts of open deals from creation to the horizon."""
    here = still_open[line.visit_deal]
    touch, pause, queue = (float(part[here].sum()) for part in (parts.touch, parts.pause, parts.queue))
    total = float((line.until - line.created[still_open]).sum())
    return np.array([touch, pause, queue, total - (touch + pause + queue)])


def _row(stage: str, visits: int, sums: Floats, cycle: float) -> dict[str, Any]:
    """Return one row: means per visit, the share of the cycle, and what ranking needs."""
    total = float(sums.sum())
    means = sums / visits if visits else np.full(len(PARTS), np.nan)
    share = total / cycle if cycle > 0 else np.nan
    return {
        "stage": stage, "visits": visits, **dict(zip(PARTS, means.tolist(), strict=True)),
        "total_days": total / visits if visits else np.nan, "share": share, "pce": float(sums[0]) / total if total > 0 else np.nan,
        "total": total,
    }  # fmt: skip


def _notes(line: Timeline, whole: NDArray[np.bool_], closed: NDArray[np.bool_]) -> tuple[str, ...]:
    """Return what the reader must know."""
    notes = []
    if not whole.all():
        notes.append(f"{int((~whole).sum()):,} deals created before the window are left out: their past work is not known.")
    if not closed.any():
        notes.append("No deal is closed, so stages count the finished stays of open deals, and there is no total.")
    if not len(line.queued):
        notes.append("No tasks are known, so all time counts as delay.")
    return tuple(notes)
