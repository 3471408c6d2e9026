"""How KPIs are shown: unit, name and good direction, from the KPI registry where it knows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from simsales.report import text

if TYPE_CHECKING:
    from simsales.kpi import Kpi

FULL = 0.95
"""Reps this busy have queues that grow all the time."""
UNITS = {"currency": "money", "money": "money"}


def registered(kpi: str) -> Kpi | None:
    """Return the registry's entry for a KPI.

    Parameters
    ----------
    kpi : str
        With or without a breakdown.

    Returns
    -------
    Kpi or None
        None where the registry does not know it.

    Examples
    --------
    >>> registered("bookings").zh, registered("moonshine")
    ('签约额', None)
    """
    from simsales.kpi import KPIS  # noqa: PLC0415 - loads the engine, which most figures do not need

    return KPIS.get(base(kpi))


def unit(kpi: str) -> str:
    """Return the unit of a KPI.

    Parameters
    ----------
    kpi : str
        Such as ``win_rate`` or ``win_rate[segment=smb]``.

    Returns
    -------
    str
        money, share, days, hours or count; ``number`` where it is not known.

    Examples
    --------
    >>> unit("win_rate[segment=smb]"), unit("moonshine")
    ('share', 'number')
    """
    found = registered(kpi)
    return "number" if found is None else UNITS.get(found.unit, found.unit)


def better(kpi: str) -> str:
    """Return the good direction of a KPI.

    Parameters
    ----------
    kpi : str
        Such as ``cycle_days``.

    Returns
    -------
    str
        higher, lower or target.

    Examples
    --------
    >>> better("cycle_days")
    'lower'
    """
    found = registered(kpi)
    return "higher" if found is None else found.better


def base(kpi: str) -> str:
    """Return the name of a KPI without its breakdown.

    Parameters
    ----------
    kpi : str
        Such as ``queue_days[stage=Demo]``.

    Returns
    -------
    str
        Such as ``queue_days``.

    Examples
    --------
    >>> base("queue_days[stage=演示]")
    'queue_days'
    """
    return kpi.split("[", 1)[0]


def label(kpi: str) -> str:
    """Return the name of a KPI for people.

    Parameters
    ----------
    kpi : str
        As the registry spells it.

    Returns
    -------
    str
        Without underscores; a breakdown follows a comma.

    Examples
    --------
    >>> label("win_rate[segment=smb]"), label("cycle_days_p90")
    ('Win rate, segment smb', 'Cycle time, 90th percentile')
    """
    special = {
        "cycle_days": "Median cycle time",
        "cycle_days_mean": "Mean cycle time",
        "cycle_days_p90": "Cycle time, 90th percentile",
        "time_in_stage_days": "Mean time in stage",
        "queue_days": "Mean time waiting for a rep",
        "win_rate_naive": "Win rate of closed deals only",
        "wip": "Mean number of open deals",
        "response_hours": "Median time to first response",
        "response_hours_mean": "Mean time to first response",
        "no_response": "Leads lost because nobody had time",
        "sla_breach": "Stays beyond their service level",
        "cac": "Marketing cost per win (CAC)",
        "utilisation_busiest": "Utilisation of the busiest rep",
        "ccos": "Pay as a share of bookings (CCOS)",
        "handoff_days": "Mean wait between roles",
        "rework_rate": "Stays that go back",
        "attrition_rate": "Leavers a year",
        "avg_deal_size": "Mean amount of a won deal",
        "sales_velocity": "Sales velocity, money a day",
    }
    name = base(kpi)
    shown = special.get(name, name.replace("_", " ").capitalize())
    rest = kpi[len(name) :].strip("[]").replace("=", " ")
    return f"{shown}, {rest}" if rest else shown


def show(kpi: str, value: Any, currency: str | None = None) -> str:  # noqa: ANN401 - float-like
    """Return a KPI's value for people.

    Parameters
    ----------
    kpi : str
        Its name.
    value : float
        In the KPI's unit.
    currency : str, optional
        ISO 4217 code.

    Returns
    -------
    str
        With its unit.

    Examples
    --------
    >>> show("bookings", 3086111.0, "CNY"), show("win_rate", 0.15)
    ('¥3.09M', '15.0 %')
    """
    return text.in_unit(value, unit(kpi), currency)


def change(kpi: str, value: Any, currency: str | None = None) -> str:  # noqa: ANN401 - float-like
    """Return a difference of a KPI for people, with its sign; shares change by percentage points.

    Parameters
    ----------
    kpi : str
        Its name.
    value : float
        In the KPI's unit.
    currency : str, optional
        ISO 4217 code.

    Returns
    -------
    str
        With sign and unit.

    Examples
    --------
    >>> change("bookings", 3.7e6, "CNY"), change("win_rate", -0.012), change("won", 0.0)
    ('+¥3.70M', '-1.2 points', '0')
    """
    return text.signed(value, unit(kpi), currency)


def busy_lines(name: str, kpis: Mapping[str, Any]) -> list[str]:
    """Return a line about roles, or reps, that have more work than time: their hours, not the market, set the result.

    Parameters
    ----------
    name : str
        Of the scenario, as it is to be shown; empty for a single run.
    kpis : mapping of str to mapping
        With ``utilisation[role=...]``, ``utilisation_busiest[role=...]`` and their ``mean``: one busy rep among idle ones counts.

    Returns
    -------
    list of str
        Empty where neither a role nor one of its reps is above 95 %.

    Examples
    --------
    >>> busy_lines("", {"utilisation[role=AE]": {"mean": 0.97}, "utilisation[role=SDR]": {"mean": 0.4}})
    ['Reps are busy nearly all the time (AE 97 %): queues grow; check hours, reps and leads.']
    >>> busy_lines("", {"utilisation[role=AE]": {"mean": 0.65}, "utilisation_busiest[role=AE]": {"mean": 0.99}})
    ['Reps are busy nearly all the time (the busiest AE 99 %, AE on average 65 %): queues grow; check hours, reps and leads.']
    """
    head, tail = "utilisation[role=", "]"
    full = []
    for key, kpi in kpis.items():
        if not key.startswith(head):
            continue
        role, mean = key.removeprefix(head).removesuffix(tail), kpi.get("mean")
        most = kpis.get(f"utilisation_busiest[role={role}]", {}).get("mean")
        if mean is not None and mean > FULL:
            full.append(f"{role} {text.percent(mean)}")
        elif mean is not None and most is not None and most > FULL:
            full.append(f"the busiest {role} {text.percent(most)}, {role} on average {text.percent(mean)}")
    if not full:
        return []
    where = f"{name}: reps" if name else "Reps"
    return [f"{where} are busy nearly all the time ({', '.join(full)}): queues grow; check hours, reps and leads."]


def horizon_lines(name: str, kpis: Mapping[str, Any]) -> list[str]:
    """Return a line about times that the period is too short to tell, in all runs or in some.

    Parameters
    ----------
    name : str
        Of the scenario, as it is to be shown; empty for a single run.
    kpis : mapping of str to mapping
        With the ``mean`` of each KPI and, where it is not known in every run, ``n``, the runs in which it is.

    Returns
    -------
    list of str
        Empty where all is known, or nothing was won.

    Examples
    --------
    >>> horizon_lines("", {"won": {"mean": 3.0, "n": 8}, "cycle_days": {"mean": 60.0, "n": 8}, "cycle_days_p90": {"mean": None, "n": 0}})
    ['Too short a period to tell: cycle time, 90th percentile. Too few of the deals that will be won are won in it; a longer one (--until) tells.']
    """
    won = kpis.get("won", {})
    if not won.get("mean"):
        return []
    unknown = []
    for kpi in ("cycle_days", "cycle_days_mean", "cycle_days_p90"):
        found = kpis.get(kpi)
        if found is None:
            continue
        told = label(kpi)[0].lower() + label(kpi)[1:]
        if found.get("mean") is None or found["mean"] != found["mean"]:  # noqa: PLR0124 - NaN
            unknown.append(told)
        elif found.get("n") is not None and won.get("n") is not None and found["n"] < won["n"]:
            unknown.append(f"{told} (known in {found['n']:.0f} of {won['n']:.0f} runs, the quicker ones)")
    if not unknown:
        return []
    head = f"{name}: too short a period" if name else "Too short a period"
    return [f"{head} to tell: {'; '.join(unknown)}. Too few of the deals that will be won are won in it; a longer one (--until) tells."]


_UNSTATED = ("commission", "cost", "net", "cash", "margin", "discount_rate", "cac", "attrition_rate")


def unstated(kpis: Mapping[str, Any]) -> list[str]:
    """Return the labels of what a model says nothing about: money and leavers that nobody stated.

    Parameters
    ----------
    kpis : mapping
        KPI to ``{"mean": ...}``; nothing is said where only some KPIs were asked for.

    Examples
    --------
    >>> unstated({"bookings": {"mean": 9.0}, "cash": {"mean": None}, "margin": {"mean": 3.0}})
    ['Cash']
    """
    if "bookings" not in kpis:
        return []

    def missing(name: str) -> bool:
        value = kpis[name]["mean"]
        costs_nothing = name in ("cost", "net") and (kpis.get("cost") or {}).get("mean") == 0.0
        return value is None or value != value or costs_nothing  # noqa: PLR0124 - NaN differs from itself

    return [label(name) for name in _UNSTATED if name in kpis and missing(name)]


def cautions(name: str, kpis: Mapping[str, Any], shown: Collection[str] | None = None) -> list[str]:
    """Return what is to be said about the KPIs of a run: busy reps, and times that the period is too short to tell.

    Parameters
    ----------
    name : str
        Of the scenario, as it is to be shown; empty for a single run.
    kpis : mapping of str to mapping
        As for :func:`busy_lines` and :func:`horizon_lines`.
    shown : collection of str, optional
        The KPIs that a reader sees beside it; absent: all. What is not shown needs no excuse.

    Returns
    -------
    list of str
        Both, a line each.

    Examples
    --------
    >>> cautions("", {"won": {"mean": 3.0}, "cycle_days": {"mean": 60.0}})
    []
    >>> cautions("", {"won": {"mean": 3.0}, "cycle_days": {"mean": 60.0}, "cycle_days_p90": {"mean": None}}, ["cycle_days"])
    []
    """
    seen = kpis if shown is None else {kpi: found for kpi, found in kpis.items() if kpi == "won" or kpi in shown}
    return [*busy_lines(name, kpis), *horizon_lines(name, seen)]
