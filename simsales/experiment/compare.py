"""Scenarios against a base on the same keyed draws: differences, not numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import pandas as pd

from simsales.engine import Hooks, lower
from simsales.engine.streams import checked_seed
from simsales.errors import InvalidInputError, expect
from simsales.experiment.comparison import Comparison
from simsales.experiment.executors import Progress, checked_progress
from simsales.experiment.replicate import Batch, When, checked, frame_of, open_batch
from simsales.experiment.setting import setting_of
from simsales.experiment.study import Study
from simsales.intervals import mean_half_width
from simsales.kpi import Kpi, default_names, names_of, own
from simsales.manifest import manifest
from simsales.model.apply import Timeline, apply, as_timeline
from simsales.model.levers import Scenario
from simsales.model.schema import Model

__all__ = ["CompareError", "compare", "compare_timelines"]

BLOCK = 50
"""Replications between two looks at the precision: fixed, so that results depend on nothing else."""


class CompareError(InvalidInputError, ValueError):
    """A comparison was asked for that makes no sense."""


def compare(
    base: Model | Timeline,
    scenarios: Sequence[Scenario | Timeline | Model] | Scenario | Timeline | Model,
    replications: int = 200,
    seed: int = 1,
    *,
    start: When = None,
    until: When = None,
    cases: int | None = None,
    opening: pd.DataFrame | None = None,
    jobs: int | str | Executor | None = None,
    engine: str = "auto",
    kpis: Iterable[str | Kpi] | None = None,
    also: Iterable[str | Kpi] = (),
    precision: float | None = None,
    progress: Progress | None = None,
    hooks: Hooks | None = None,
) -> Comparison:
    """Compare scenarios with a base, replication by replication on the same draws.

    Parameters
    ----------
    base : Model or Timeline
    scenarios : Scenario, Timeline or Model, or a list of them
        A scenario is applied to the base.
    replications, seed : int
        With `precision`: the most replications.
    start, until, cases, opening, jobs, engine, kpis, progress, hooks
        As in :func:`replicate`.
    also : iterable of str
        KPIs beside those of `kpis` (or beside the default table), such as ``bookings[region=North]`` or ``leads[month]``;
        they stand on the page and in the paired differences of every two scenarios.
    precision : float, optional
        Stop once the 95 % interval of every scenario's difference in bookings is no wider than plus or minus this share
        of the base's mean bookings; looked at every 50 replications.

    Returns
    -------
    Comparison

    Raises
    ------
    CompareError
        If there is no scenario, fewer than 2 replications, or `precision` is not above 0.
    InvalidModelError
        If a scenario does not fit the base.
    KpiError
        If a KPI is not known, or no organisation compared has the part that it names.

    Examples
    --------
    >>> base = Model(name="today", channels=[{"name": "web", "leads_per_week": 7.0}],
    ...              segments=[{"name": "all", "amount": 100.0}],
    ...              stages=[{"name": "Open", "exits": [{"to": "won", "probability": 0.2},
    ...                                                 {"to": "lost", "probability": 0.8}]}])
    >>> better = Scenario(name="better", changes=[{"set": {"path": "stages[Open].exits[won].probability", "to": 1.0}}])
    >>> result = compare(base, [better], replications=4, cases=50, kpis=["bookings"])
    >>> float(result.table.loc[("better", "bookings"), "mean"])
    5000.0
    >>> float(result.table.loc[("better", "bookings"), "p_better"])
    1.0
    """
    expect("scenarios", scenarios, (Scenario, Timeline, Model, list, tuple), "a scenario, or a list of scenarios", CompareError)
    chosen = [scenarios] if isinstance(scenarios, (Scenario, Timeline, Model)) else list(scenarios)
    if not chosen:
        message = "scenarios must not be empty, got none. Hint: pass at least one scenario to compare with"
        raise CompareError(message)
    timelines = named_apart([as_timeline(base), *(_applied(scenario, base) for scenario in chosen)])
    chosen_kpis, more = names_of(kpis), names_of(also) or ()
    wanted = chosen_kpis if not more else tuple(dict.fromkeys((*(chosen_kpis or default_names()), *more)))
    arguments = {"start": start, "until": until, "cases": cases, "opening": opening, "engine": engine, "kpis": wanted,
                 "precision": precision, "asked": more or chosen_kpis or ()}  # fmt: skip
    return compare_timelines(timelines, replications, seed, arguments, jobs, progress, hooks)


def compare_timelines(
    timelines: Sequence[Timeline], replications: int, seed: int, arguments: dict[str, Any], jobs: Any, progress: Any,
    hooks: Hooks | None = None,
) -> Comparison:
    """Return the comparison of timelines, the first of which is the base; `arguments` are those of :func:`compare`."""
    replications, seed = checked(replications, least=2), checked_seed(seed)
    checked_progress(progress)
    precision, kpis = arguments["precision"], arguments["kpis"]
    expect("precision", precision, (int, float, type(None)), "a share above 0. Hint: 0.01 is 1 % of the base's bookings", CompareError)
    if precision is not None and not precision > 0:
        message = f"precision must be above 0, got {precision}. Hint: 0.01 is 1 % of the base's bookings"
        raise CompareError(message)
    window = [arguments[name] for name in ("start", "until", "cases", "opening")]
    plans = tuple(lower(timeline, *window) for timeline in timelines)
    wanted = _with_months(kpis if precision is None or kpis is None else _with_bookings(kpis))
    batch = Batch(plans, seed, arguments["engine"], wanted, tuple(window), hooks, own(wanted), _named(wanted, arguments.get("asked") or ()))
    frames = _frames(batch, replications, precision, jobs, progress)
    notes = tuple(dict.fromkeys(note for plan in plans for note in plan.notes))
    record = manifest("compare", seed, replications=replications, timelines=list(timelines), **arguments, notes=notes)
    currency = timelines[0].model.currency
    studies = tuple(
        Study(timeline.name, frame, currency, record, plan.notes)
        for timeline, frame, plan in zip(timelines, frames, plans, strict=True)
    )
    asked = _expanded(arguments.get("asked") or (), [name for frame in frames for name in frame.columns])
    return Comparison(studies, record, setting_of(plans, len(frames[0])), asked)


def _named(kpis: tuple[str, ...] | None, asked: Sequence[str]) -> tuple[str, ...]:
    """Return the KPIs that somebody asked for: not the parts of the default table, which a model may lack."""
    usual = set(default_names()).difference(asked)
    return tuple(name for name in kpis or () if name not in usual)


def _expanded(names: Sequence[str], columns: Sequence[str]) -> tuple[str, ...]:
    """Return names with whole dimensions written out: ``leads[month]`` becomes the months that there are."""
    found: dict[str, None] = {}
    for name in names:
        part = f"{name.removesuffix(']')}="
        found |= dict.fromkeys(column for column in columns if column == name or (name.endswith("]") and column.startswith(part)))
    return tuple(found)


def _frames(batch: Batch, replications: int, precision: float | None, jobs: Any, progress: Any) -> list[pd.DataFrame]:
    """Return the KPIs of each plan, one row a replication, as many as the precision takes."""
    n = len(batch.plans)
    rows: list[list[dict[str, float]]] = [[] for _ in range(n)]
    size = replications if precision is None else BLOCK
    with open_batch(batch, n * replications, jobs) as run:
        while len(rows[0]) < replications:
            first = len(rows[0])
            items = [(p, r) for r in range(first, min(first + size, replications)) for p in range(n)]
            report = None if progress is None else _shifted(progress, first * n, replications * n)
            for (which, _), found in zip(items, run(items, report), strict=True):
                rows[which].append(found)
            if precision is not None and _precise(rows, precision):
                break
    return [frame_of(found) for found in rows]


def _precise(rows: list[list[dict[str, float]]], precision: float) -> bool:
    """Tell whether every difference in bookings is known well enough."""
    bookings = [pd.Series([row["bookings"] for row in found]) for found in rows]
    allowed = precision * abs(float(bookings[0].mean()))
    return all(mean_half_width(other - bookings[0]) <= allowed for other in bookings[1:])


def _shifted(progress: Progress, done: int, total: int) -> Progress:
    return lambda more, _: progress(done + more, total)


def _with_months(kpis: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Return the KPIs with cost by month where bookings by month and cost are asked for: break-even dates take both."""
    if kpis is None or not {"bookings[month]", "cost"} <= set(kpis) or "cost[month]" in kpis:
        return kpis
    return (*kpis, "cost[month]")


def _with_bookings(kpis: tuple[str, ...]) -> tuple[str, ...]:
    return kpis if "bookings" in kpis else (*kpis, "bookings")


def _applied(scenario: Scenario | Timeline | Model, base: Model | Timeline) -> Timeline:
    """Return what a scenario makes of the base."""
    if not isinstance(scenario, Scenario):
        return as_timeline(scenario)
    if isinstance(base, Timeline) and len(base.regimes) > 1:
        message = (
            f"base must be a model for scenario '{scenario.name}' to change, got a timeline of "
            f"{len(base.regimes)} regimes. Hint: put all changes into one scenario"
        )
        raise CompareError(message)
    model = base.model if isinstance(base, Timeline) else base
    timeline = apply(scenario, model)
    inherited = base.costs if isinstance(base, Timeline) else ()
    dips = base.dips if isinstance(base, Timeline) else ()
    known = timeline.uncertain
    return replace(
        timeline,
        costs=(*inherited, *timeline.costs),
        dips=(*dips, *timeline.dips),
        uncertain=known and replace(known, costs=inherited, dips=dips),
        base=base.usual if isinstance(base, Timeline) else base,
    )


def named_apart(timelines: Sequence[Timeline]) -> list[Timeline]:
    """Return the timelines with names that differ: a second "pilot" becomes "pilot (2)"."""
    seen: dict[str, int] = {}
    found = []
    for timeline in timelines:
        seen[timeline.name] = seen.get(timeline.name, 0) + 1
        number = seen[timeline.name]
        name = timeline.name if number == 1 else f"{timeline.name} ({number})"
        found.append(replace(timeline, name=name))
    return found
