"""Many replications of one or several organisations on the same keyed draws."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simsales import kpi
from simsales.engine import Hooks, Plan, lower, simulate
from simsales.engine.streams import Purpose, Streams, checked_seed, hash32
from simsales.errors import InvalidInputError, expect
from simsales.experiment.executors import (
    Jobs,
    JobsError,
    Progress,
    checked_progress,
    is_sendable,
    open_workers,
    resolve,
)
from simsales.experiment.setting import setting_of
from simsales.experiment.study import Study
from simsales.manifest import manifest
from simsales.model.apply import Timeline, as_timeline, sampled
from simsales.model.schema import Model

__all__ = ["Batch", "ReplicationError", "measure", "open_batch", "replicate"]

SMALL = 15_000
"""Fewer simulated leads than this are not worth starting worker processes for."""

When = str | dt.date | float | None


class ReplicationError(InvalidInputError, ValueError):
    """An experiment was asked for with impossible numbers."""


@dataclass(frozen=True)
class Batch:
    """What every worker needs to know.

    Parameters
    ----------
    plans : tuple of Plan
        One an organisation.
    seed : int
    engine : str
    kpis : tuple of str, optional
        Which KPIs; None: the default table.
    window : tuple
        What the plans were lowered with: start, until, cases, opening.
    hooks : Hooks, optional
        A user's own rules.
    own : tuple of Kpi
        A user's own measures.
    named : tuple of str, optional
        The KPIs that somebody asked for by name, whose parts must be there; None: all of `kpis`.
    """

    plans: tuple[Plan, ...]
    seed: int
    engine: str = "auto"
    kpis: tuple[str, ...] | None = None
    window: tuple[Any, ...] = ()
    hooks: Hooks | None = None
    own: tuple[kpi.Kpi, ...] = ()
    named: tuple[str, ...] | None = None


def replicate(
    model: Model | Timeline,
    replications: int = 200,
    seed: int = 1,
    *,
    start: When = None,
    until: When = None,
    cases: int | None = None,
    opening: pd.DataFrame | None = None,
    jobs: int | str | Executor | None = None,
    engine: str = "auto",
    kpis: Iterable[str | kpi.Kpi] | None = None,
    progress: Progress | None = None,
    hooks: Hooks | None = None,
) -> Study:
    """Simulate a model many times and return its KPIs.

    Parameters
    ----------
    model : Model or Timeline
    replications, seed : int
        Replication r of seed s is always the same, whatever the number of replications or workers.
    start, until, cases, opening, engine
        As in :func:`simsales.simulate`.
    jobs : None, int, str or Executor
        None: every CPU (one process where the work is small); see :func:`simsales.experiment.executors.resolve`.
    kpis : iterable of str or Kpi, optional
        Names such as ``bookings``, ``bookings[month=2027-03]`` or ``bookings[month]`` (every month); absent: all KPIs,
        overall and by stage, role, segment and channel. A :class:`simsales.kpi.Kpi` is a measure of your own.
    progress : callable, optional
        Called with (done, total).
    hooks : Hooks, optional
        Your own rules, as in :func:`simsales.simulate`. Rules and measures that cannot be sent to other processes
        (``lambda``, or defined in a notebook) run in this one.

    Returns
    -------
    Study

    Raises
    ------
    ReplicationError
        If `replications` is less than 1.

    Examples
    --------
    >>> model = Model(name="tiny", channels=[{"name": "web", "leads_per_week": 7.0}],
    ...               segments=[{"name": "all", "amount": 100.0}],
    ...               stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> study = replicate(model, replications=5, cases=10, kpis=["won", "bookings"])
    >>> study.summary().loc["bookings", ["mean", "mc_error", "n"]].tolist()
    [1000.0, 0.0, 5.0]
    """
    replications, seed = checked(replications), checked_seed(seed)
    checked_progress(progress)
    timeline = as_timeline(model)
    plan = lower(timeline, start, until, cases, opening)
    chosen = kpi.names_of(kpis)
    batch = Batch((plan,), seed, engine, chosen, (start, until, cases, opening), hooks, kpi.own(chosen))
    with open_batch(batch, replications, jobs) as run:
        rows = run([(0, r) for r in range(replications)], progress)
    record = manifest("replicate", seed, replications=replications, timeline=timeline, start=start, until=until,
                      cases=cases, opening=opening, engine=engine, kpis=chosen, notes=plan.notes)  # fmt: skip
    return Study(timeline.name, frame_of(rows), timeline.model.currency, record, plan.notes, setting_of([plan], replications))


def checked(replications: int, least: int = 1) -> int:
    """Return a number of replications as a plain int.

    Raises
    ------
    ReplicationError
        If it is too small or no whole number.
    """
    if isinstance(replications, bool) or not isinstance(replications, (int, np.integer)) or replications < least:
        message = (
            f"replications must be a whole number >= {least}, got {replications}. "
            "Hint: 200 give means to about 7 % of the spread"
        )
        raise ReplicationError(message)
    return int(replications)


def measure(batch: Batch, item: tuple[int, int]) -> dict[str, float]:
    """Return the KPIs of one replication of one plan: item is (plan, replication)."""
    which, replication = item
    for mine in batch.own:
        kpi.KPIS.setdefault(mine.name, mine)  # a worker process has only those that are built in
    log = simulate(drawn(batch, which, replication), batch.seed, replication, batch.engine, hooks=batch.hooks)
    return kpi.table(log, kpis=batch.kpis, strict=False)  # a member may be another plan's; checked before


def drawn(batch: Batch, which: int, replication: int) -> Plan:
    """Return a plan with the uncertain numbers of its scenario as this replication draws them.

    The draw is keyed by seed, replication, what the change is about and its field: the same number is the same in every
    scenario that has it, whichever worker asks.
    """
    plan = batch.plans[which]
    timeline = plan.timeline
    if timeline.uncertain is None:
        return plan
    streams = Streams(batch.seed, replication)
    return lower(sampled(timeline, lambda key: streams.uniform(0, hash32(key), 0, Purpose.UNCERTAIN)), *batch.window)


Items = Sequence[tuple[int, int]]
Runner = Callable[[Items, Progress | None], list[dict[str, float]]]


@contextmanager
def open_batch(batch: Batch, n_items: int, jobs: Any = None) -> Iterator[Runner]:
    """Keep workers for a batch: yields a function from (plan, replication) items to their KPIs, in order.

    Parameters
    ----------
    batch : Batch
    n_items : int
        How many items there will be in all: few do not pay for worker processes.
    jobs
        As in :func:`replicate`.
    """
    expect("hooks", batch.hooks, (Hooks, type(None)), "Hooks. Hint: Hooks(route=..., exit=...) holds rules of your own")
    kpi.check_members(batch.kpis or () if batch.named is None else batch.named, batch.plans)  # a wrong name fails here and not in a worker
    how = resolve(jobs)
    if not is_sendable((batch.hooks, batch.own)):  # said here, not by a worker that dies
        if how.kind == "processes" and jobs is not None:
            message = (
                f"hooks and KPIs of your own must be defined in a module to reach other processes, got jobs={jobs} and some that are not. "
                'Hint: pass jobs="serial" or "threads:2", or put the functions into a file and import them.'
            )
            raise JobsError(message)
        how = how if jobs is not None else Jobs("serial")
    if jobs is None and n_items * max(expected_leads(plan) for plan in batch.plans) < SMALL:
        how = Jobs("serial")
    with open_workers(measure, batch, how) as run:
        yield run


def expected_leads(plan: Plan) -> float:
    """Return roughly how many deals a replication has: it decides about worker processes, never about results."""
    opening = len(plan.opening.ids) if plan.opening is not None else 0
    if plan.cases is not None:
        return float(plan.cases + opening)
    rate = sum(channel.leads_per_week for channel in plan.timeline.last.channels)
    return opening + rate * (plan.until - plan.start) / 7.0


def frame_of(rows: Sequence[dict[str, float]]) -> pd.DataFrame:
    """Return KPIs of replications as a frame, one row each."""
    return pd.DataFrame(list(rows), dtype=float).rename_axis("replication")
