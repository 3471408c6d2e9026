"""From logs to plain frames for the figures: duration curves, rep load, waiting tasks.

Everything here takes a History or an EventLog by its tables, so real and simulated data meet the same figures.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from simsales.survival import aalen_johansen

DAY = pd.Timedelta(days=1)
_MOST_PERIODS = 16
_MARKS = 60
_STEPS = 400


def observed_curves(log: Any) -> pd.DataFrame:  # noqa: ANN401 - History or EventLog
    """Return the share of visits that have ended by each age, by stage and exit, open visits counted as open.

    Parameters
    ----------
    log : History or EventLog
        Uses ``visits`` (stage, entered_at, left_at, exit) and the end of the log.

    Returns
    -------
    DataFrame
        Columns stage, days, p, exit, kind (observed or censored) and at_risk, as
        :func:`simsales.report.figures.stage_durations` takes them; stages in order.

    References
    ----------
    Aalen and Johansen (1978), An empirical transition matrix for non-homogeneous Markov chains.
    """
    visits, end, begin = log.visits, end_of(log), start_of(log)
    known = visits[visits["entered_at"].notna()]
    pieces = [_stage_curves(stage, part, end, begin) for stage, part in _in_order(log, known)]
    columns = ["stage", "days", "p", "exit", "kind", "at_risk"]
    return pd.concat(pieces, ignore_index=True)[columns] if pieces else pd.DataFrame(columns=columns)


def _in_order(log: Any, visits: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:  # noqa: ANN401
    """Return the visits by stage, in the order of the process where the log knows it."""
    groups = {str(stage): part for stage, part in visits.groupby("stage", sort=False)}
    stages = getattr(log, "stages", None)
    if stages is not None:
        order = [str(stage) for stage in stages.sort_values("order")["stage"]]
    else:
        order = list(getattr(getattr(log, "plan", None), "stages", ()))
    names = [name for name in order if name in groups] + [name for name in groups if name not in order]
    return [(name, groups[name]) for name in names]


def end_of(log: Any) -> pd.Timestamp:  # noqa: ANN401
    """Return the moment after which a log knows nothing.

    Parameters
    ----------
    log : History or EventLog
        Uses ``observed_until``, or ``until`` in days with ``moments``.

    Returns
    -------
    Timestamp
        In UTC.
    """
    until = getattr(log, "observed_until", None)
    return pd.Timestamp(until if until is not None else log.moments(np.array([log.until]))[0])


def start_of(log: Any) -> pd.Timestamp | None:  # noqa: ANN401
    """Return the moment from which a log knows everything; None where it does not say.

    Parameters
    ----------
    log : History or EventLog
        Uses ``observed_from``, or ``start`` in days with ``moments``.

    Returns
    -------
    Timestamp or None
        In UTC.
    """
    begin = getattr(log, "observed_from", None)
    if begin is None and hasattr(log, "moments"):
        begin = log.moments(np.array([log.start]))[0]
    return None if begin is None else pd.Timestamp(begin)


def _stage_curves(stage: str, part: pd.DataFrame, end: pd.Timestamp, begin: pd.Timestamp | None) -> pd.DataFrame:
    """Return the curves of one stage."""
    is_open = part["left_at"].isna().to_numpy()
    stops = part["left_at"].where(part["left_at"].notna(), end)
    days = np.maximum(_days(stops - part["entered_at"]), 0.0)
    exits = part["exit"].astype(object).where(part["exit"].notna(), "").astype(str).to_numpy()
    names = sorted(set(exits[~is_open]))
    cause = np.zeros(len(part), dtype=np.int64)
    for place, name in enumerate(names):
        cause[(exits == name) & ~is_open] = place + 1
    entry = None
    if begin is not None:  # stays begun before anything was recorded are seen only if they lasted until then
        entry = np.clip(_days(begin - part["entered_at"]), 0.0, days)
    found = aalen_johansen(days, cause, entry, n_causes=max(len(names), 1))
    keep = _thinned(len(found.times), _STEPS)
    days_seen = np.concatenate([[0.0], found.times[keep]])
    at_risk = np.concatenate([[float(len(part))], found.at_risk[keep]])
    curves = [
        pd.DataFrame({"days": days_seen, "p": np.concatenate([[0.0], found.cif[k][keep]]), "exit": name, "kind": "observed",
                      "at_risk": at_risk})
        for k, name in enumerate(names)
    ]  # fmt: skip
    open_days = np.sort(days[is_open])
    marks = open_days[_thinned(len(open_days), _MARKS)]
    curves.append(pd.DataFrame({"days": marks, "p": np.nan, "exit": "", "kind": "censored", "at_risk": np.nan}))
    return pd.concat([curve for curve in curves if len(curve)], ignore_index=True).assign(stage=stage)


def _days(spans: Any) -> np.ndarray[Any, np.dtype[np.float64]]:  # noqa: ANN401 - timedeltas, whatever stubs call them
    """Return time spans as days."""
    return np.asarray(spans / DAY, dtype=float)


def _thinned(size: int, most: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return evenly spread positions, first and last included, so that a figure stays small."""
    return np.unique(np.linspace(0, max(size - 1, 0), min(size, most)).astype(np.int64))


def waiting(log: Any) -> pd.DataFrame:  # noqa: ANN401 - History or EventLog
    """Return how many tasks wait for a rep, as steps over time, by role.

    Parameters
    ----------
    log : History or EventLog
        Uses ``tasks`` (role, queued_at, started_at) and ``visits``; a task that never began waits until it was taken back
        (``dropped_at``, where the log knows that), else until its visit ends.

    Returns
    -------
    DataFrame
        Columns time, role and waiting; empty where no task is known.
    """
    tasks = log.tasks[log.tasks["queued_at"].notna()]
    columns = ["time", "role", "waiting"]
    if tasks.empty:
        return pd.DataFrame(columns=columns)
    end = end_of(log)
    ends = log.visits[["deal_id", "seq", "left_at"]].drop_duplicates(["deal_id", "seq"])
    tasks = tasks.merge(ends, on=["deal_id", "seq"], how="left")
    stop = tasks["started_at"].where(tasks["started_at"].notna(), tasks["left_at"])
    if "dropped_at" in tasks:
        stop = stop.where(tasks["dropped_at"].isna(), tasks["dropped_at"])
    roles = tasks["role"].astype(object).where(tasks["role"].notna(), "all").astype(str)
    pieces = [
        _steps(str(role), tasks.loc[part.index, "queued_at"], stop.loc[part.index], end)
        for role, part in roles.groupby(roles, sort=True)
    ]
    return pd.concat(pieces, ignore_index=True)[columns]


def _steps(role: str, start: pd.Series[Any], stop: pd.Series[Any], end: pd.Timestamp) -> pd.DataFrame:
    """Return the step function of one role: up when a task queues, down when it starts; some wait at the end."""
    stop = stop.dropna()
    moments = [moment for moment in (start, stop, pd.Series([end])) if len(moment)]
    times = pd.concat(moments, ignore_index=True)
    change = np.concatenate([np.ones(len(start)), -np.ones(len(stop)), [0.0]])
    total = pd.Series(change).groupby(times).sum().sort_index().cumsum()
    steps = pd.DataFrame({"time": total.index, "role": role, "waiting": total.to_numpy()})
    return steps[steps["time"] <= end]


def rep_load(log: Any, *, names: bool = False) -> pd.DataFrame:  # noqa: ANN401 - History or EventLog
    """Return how busy each rep was in each week, or month where the log is long.

    Parameters
    ----------
    log : History or EventLog
        Uses ``tasks`` (role, rep, started_at, ended_at, work_hours); where the log has a plan, working hours come from its
        calendar.
    names : bool
        Show reps by name; otherwise they are rep-1, rep-2, ... in the order of the log's reps.

    Returns
    -------
    DataFrame
        Columns period, rep and either ``utilisation`` (share of working time) or, without a calendar, ``work_hours``.
    """
    tasks = log.tasks[log.tasks["started_at"].notna() & log.tasks["rep"].notna()]
    if tasks.empty:
        return pd.DataFrame(columns=["period", "rep", "work_hours"])
    order = [str(rep) for rep in log.reps["rep"]] if len(log.reps) else sorted(tasks["rep"].astype(str).unique())
    edges = _edges(tasks["started_at"].min(), end_of(log), _zone(log))
    period = np.searchsorted(_seconds(edges), _seconds(pd.DatetimeIndex(tasks["started_at"])), side="right") - 1
    busy = pd.Series(_hours(log, tasks)).groupby([tasks["rep"].astype(str).to_numpy(), period]).sum()
    available = _available(log, edges, order)
    roles = dict(zip(tasks["rep"].astype(str), tasks["role"].astype(object), strict=True))
    rows = []
    for place, rep in enumerate(order):
        if rep not in roles:
            continue
        role = roles[rep]
        shown = rep if names else f"{role} rep-{place + 1}" if isinstance(role, str) else f"rep-{place + 1}"
        for k in range(len(edges) - 1):
            hours = float(busy.get((rep, k), 0.0))
            rows.append((edges[k].tz_localize(None), shown, hours if available is None else _share(hours, available[place][k])))
    return pd.DataFrame(rows, columns=["period", "rep", "work_hours" if available is None else "utilisation"])


def _seconds(moments: pd.DatetimeIndex) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return moments as seconds, so that they can be searched."""
    return np.asarray((moments - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1), dtype=float)


def _share(hours: float, available: float) -> float:
    """Return a share of working time; a task is booked to the period in which it starts, so it may pass 1 a little."""
    return min(hours / available, 1.0) if available > 0 else float("nan")


def _hours(log: Any, tasks: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float64]]:  # noqa: ANN401
    """Return working hours of tasks, clock hours where nothing better is known."""
    stop = tasks["ended_at"].where(tasks["ended_at"].notna(), end_of(log))
    clock = _days(stop - tasks["started_at"]) * 24.0
    known = tasks["work_hours"].to_numpy(float)
    return np.where(np.isnan(known), clock, known)


def _zone(log: Any) -> str:  # noqa: ANN401
    """Return the time zone in which a log's days begin."""
    plan = getattr(log, "plan", None)
    found = getattr(log, "timezone", None) or getattr(getattr(plan, "clock", None), "zone", None)
    return str(found) if found is not None else "UTC"


def _edges(begin: pd.Timestamp, end: pd.Timestamp, zone: str) -> pd.DatetimeIndex:
    """Return the starts of weeks (or months) that cover a span, and its end."""
    first = begin.tz_convert(zone).normalize()
    weeks = (end - begin) / pd.Timedelta(weeks=1)
    monday = first - pd.Timedelta(days=first.day_of_week)
    if weeks <= _MOST_PERIODS:
        starts = pd.date_range(monday.tz_localize(None), end.tz_convert(zone).tz_localize(None), freq="7D")
    else:
        starts = pd.date_range(first.tz_localize(None).replace(day=1), end.tz_convert(zone).tz_localize(None), freq="MS")
    days = pd.DatetimeIndex(starts).tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
    return pd.DatetimeIndex([*days, end.tz_convert(zone)]).unique()


def _available(log: Any, edges: pd.DatetimeIndex, order: list[str]) -> list[list[float]] | None:  # noqa: ANN401
    """Return each rep's working hours in each period; None where the log has no calendar."""
    plan = getattr(log, "plan", None)
    if plan is None:
        return None
    epoch = pd.Timestamp(plan.clock.epoch).tz_convert("UTC")
    days = np.asarray((edges - epoch) / DAY, dtype=float)
    days = np.clip(days, log.start, log.until)
    hired = dict(zip(plan.reps, zip(log.rep_hired, log.rep_left, plan.rep_role, plan.staffing.hours, strict=True), strict=True))
    at_once = np.asarray(plan.role_concurrency)[-1]
    table = []
    for rep in order:
        begin, end, role, hours = hired[rep]
        spans = [(max(a, begin), min(b, end)) for a, b in zip(days, days[1:], strict=False)]
        table.append([hours.hours_between(a, b) * float(at_once[role]) if b > a else 0.0 for a, b in spans])
    return table
