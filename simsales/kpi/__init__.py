"""The KPI registry: what each number means, whether more is better, its Chinese term, and how it is worked out.

One function serves simulated runs and real histories. A name alone is the whole organisation; ``win_rate[segment=smb]``
is a part of it. Members of a dimension come from the model, so every replication has the same names; what is not
defined (no won deal, no rep) is NaN.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from simsales.errors import did_you_mean, got
from simsales.facts import Facts, facts_of, members_of
from simsales.kpi.base import Kpi, KpiError
from simsales.kpi.funnel import funnel, funnel_of
from simsales.kpi.registry import KPIS, glossary, names_of, own, register, usual

if TYPE_CHECKING:
    from simsales.engine import EventLog, Plan
    from simsales.history import History

__all__ = [
    "DEFAULT_BY", "KPIS", "Kpi", "KpiError", "better", "check_members", "default_names", "funnel", "funnel_of", "glossary",
    "names_of", "own", "parse_name", "register", "table",
]  # fmt: skip

DEFAULT_BY = ("stage", "role", "segment", "channel")
DIMENSIONS = ("stage", "role", "rep", "team", "channel", "segment", "product", "region", "month")

_NAME = re.compile(r"^(?P<kpi>\w+)(?:\[(?P<by>\w+)(?:=(?P<member>.*))?\])?$", re.DOTALL)


def table(
    log: EventLog | History | Facts,
    by: Sequence[str] = DEFAULT_BY,
    kpis: Iterable[str] | None = None,
    *,
    names: bool = False,
    strict: bool = True,
) -> dict[str, float]:
    """Return the KPIs of a run or a history by name, overall first.

    Parameters
    ----------
    log : EventLog, History or Facts
    by : sequence of str
        Dimensions to break down by: stage, role, segment, channel, and on request rep, team, product, region and month.
    kpis : iterable of str, optional
        Only these: ``bookings`` (overall), ``bookings[month=2027-03]``, or ``bookings[month]`` for all months; `by`
        is then not used.
    names : bool, default False
        Show reps by name; otherwise they are rep-1, rep-2, ... in the model's order.
    strict : bool, default True
        Refuse a member that is not there; otherwise it is left out, as a channel is that only another scenario has.

    Returns
    -------
    dict of str to float
        NaN where a KPI is not defined.

    Raises
    ------
    KpiError
        If a KPI or a dimension is not known.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.schema import Model
    >>> log = simulate(Model(channels=[{"name": "web", "leads_per_week": 7.0}],
    ...                      segments=[{"name": "all", "amount": 100.0}],
    ...                      stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}]), cases=5)
    >>> table(log, kpis=["won", "bookings", "leads[channel]"])
    {'won': 5.0, 'bookings': 500.0, 'leads[channel=web]': 5.0}
    """
    facts = facts_of(log)
    wanted = _all_wanted(by) if kpis is None else [parse_name(name) for name in kpis]
    parts: dict[tuple[str, int], Facts] = {}
    found: dict[str, float] = {}
    for kpi, dimension, member in wanted:
        if dimension is None:
            found[kpi] = _number(kpi, KPIS[kpi].function(facts))
            continue
        labels = _labels(facts, dimension, names)
        for i, label in enumerate(labels):
            if member == label or (member is None and facts.is_there(dimension, i)):
                if (dimension, i) not in parts:
                    parts[dimension, i] = facts.narrowed(dimension, i)
                found[f"{kpi}[{dimension}={label}]"] = _number(kpi, KPIS[kpi].function(parts[dimension, i]))
        if strict and member is not None and member not in labels:
            raise _no_member(kpi, dimension, member, labels)
    return found


def _number(name: str, value: object) -> float:
    """Return what a KPI's function gave; a user's own may give anything."""
    if isinstance(value, float):
        return value
    if isinstance(value, (int, np.number, np.bool_)):
        return float(value)
    message = f"the function of the KPI '{name}' must return a number, got {got(value)}. Hint: float('nan') where it is not defined."
    raise KpiError(message)


def default_names() -> tuple[str, ...]:
    """Return the names of the default table: every KPI, and its parts by stage, role, segment and channel.

    Examples
    --------
    >>> names = default_names()
    >>> names[0], "utilisation[role]" in names, "leads[month]" in names
    ('leads', True, False)
    """
    return tuple(name if dimension is None else f"{name}[{dimension}]" for name, dimension, _ in _all_wanted(DEFAULT_BY))


def check_members(names: Iterable[str], plans: Sequence[Plan]) -> None:
    """Check that each part that some names ask for is there in at least one of the organisations to be simulated.

    Parameters
    ----------
    names : iterable of str
        Such as ``utilisation[role=AE]``; whole KPIs are always there.
    plans : sequence of Plan

    Raises
    ------
    KpiError
        If a KPI or dimension is not known, or no plan has the member: with those that there are.
    """
    for name in names:
        kpi, dimension, member = parse_name(name)
        if dimension is None:
            continue
        labels = tuple(dict.fromkeys(label for plan in plans for label in members_of(plan, dimension)))
        if member is None and not labels:
            message = f"{kpi} must be broken down by what the model names, got {got(dimension)}. Hint: no {dimension} is named in the model"
            raise KpiError(message)
        if member is not None and member not in labels:
            raise _no_member(kpi, dimension, member, labels)


def _no_member(kpi: str, dimension: str, member: str, labels: Sequence[str]) -> KpiError:
    hint = did_you_mean(member, labels) or f"Hint: no {dimension} is named in the model"
    return KpiError(f"{kpi}[{dimension}] must name one of its members, got {got(member)}. {hint}")


def parse_name(name: str) -> tuple[str, str | None, str | None]:
    """Return KPI, dimension and member of a name.

    Raises
    ------
    KpiError
        If the KPI is not known or has no such dimension.

    Examples
    --------
    >>> parse_name("win_rate[segment=smb]")
    ('win_rate', 'segment', 'smb')
    >>> parse_name("bookings")
    ('bookings', None, None)
    """
    match = _NAME.match(name)
    kpi = match["kpi"] if match else name
    if match is None or kpi not in KPIS:
        message = f"kpi must be a known name, got {got(name)}. {did_you_mean(kpi, KPIS)}"
        raise KpiError(message)
    dimension = match["by"]
    if dimension is not None and dimension not in KPIS[kpi].by:
        allowed = ", ".join(KPIS[kpi].by) or "nothing"
        message = (
            f"{kpi} must be broken down by {allowed}, got {got(dimension)}. "
            "Hint: leave the brackets out for the whole organisation"
        )
        raise KpiError(message)
    return kpi, dimension, match["member"]


def better(name: str) -> int:
    """Return 1 where more of a KPI is better, -1 where less is, 0 where neither.

    Examples
    --------
    >>> better("bookings"), better("cycle_days[segment=smb]"), better("wip")
    (1, -1, 0)
    """
    return {"higher": 1, "lower": -1, "target": 0}[KPIS[parse_name(name)[0]].better]


def _all_wanted(by: Sequence[str]) -> list[tuple[str, str | None, str | None]]:
    for dimension in by:
        if dimension not in DIMENSIONS:
            message = (
                f"by must be some of {', '.join(DIMENSIONS)}, got {got(dimension)}. {did_you_mean(dimension, DIMENSIONS)}"
            )
            raise KpiError(message)
    names = usual()
    whole: list[tuple[str, str | None, str | None]] = [(name, None, None) for name in names]
    return whole + [(name, d, None) for d in by for name in names if d in KPIS[name].by]


def _labels(facts: Facts, dimension: str, names: bool) -> tuple[str, ...]:
    if dimension == "rep" and not names:
        return tuple(f"rep-{i + 1}" for i in range(len(facts.rep_names)))
    return facts.members(dimension)
