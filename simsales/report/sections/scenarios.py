"""Scenarios and studies: differences with intervals, and what one organisation does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from simsales.report import measures, text
from simsales.report.figures import differences, ecdf
from simsales.report.sections.forecast import Headline
from simsales.report.view import Block, Canvas, Card, Prose, Section, Table

FIRST = ("bookings", "won", "win_rate", "cycle_days", "cycle_days_p90", "queue_days", "response_hours", "no_response", "utilisation", "wip", "quota_attainment", "commission", "cost", "net", "cash", "leads")  # fmt: skip
DRAWN = ("bookings", "cycle_days")


def entries(comparison: Any) -> list[dict[str, Any]]:  # noqa: ANN401 - a Comparison or its dictionary
    """Return the scenarios of a comparison in the JSON shape of the public contract.

    Parameters
    ----------
    comparison : Comparison or dict
        With ``to_dict()``, or that dictionary.

    Returns
    -------
    list of dict
        Keys name, kpis, difference, cost, net.

    Examples
    --------
    >>> entries({"scenarios": [{"name": "base"}]})
    [{'name': 'base'}]
    """
    data = comparison if isinstance(comparison, Mapping) else comparison.to_dict()
    return list(data["scenarios"])


def difference_frame(comparison: Any, kpi: str = "bookings") -> pd.DataFrame:  # noqa: ANN401
    """Return the differences of one KPI from the base, one row a scenario.

    Parameters
    ----------
    comparison : Comparison or dict
        As in :func:`entries`.
    kpi : str
        Which KPI.

    Returns
    -------
    DataFrame
        Columns scenario, difference, low, high, p_better and, where known, p10 and p90; the base is left out.

    Examples
    --------
    >>> found = {"name": "a", "difference": {"won": {"mean": 1.0, "low": 0.5, "high": 1.5, "p_better": 0.9}}}
    >>> difference_frame({"scenarios": [{"name": "base"}, found]}, "won")["difference"].tolist()
    [1.0]
    """
    rows = []
    for entry in _changed(entries(comparison)):
        found = entry["difference"].get(kpi)
        if found is not None and found.get("mean") is not None:
            spread = {key: found[key] for key in ("p10", "p90") if found.get(key) is not None}
            rows.append({"scenario": entry["name"], "difference": found["mean"], "low": found["low"], "high": found["high"], "p_better": found.get("p_better"), **spread})
    frame = pd.DataFrame(rows, columns=None if rows else ["scenario", "difference", "low", "high", "p_better"])
    return frame.astype({name: float for name in frame.columns if name != "scenario"})


def _changed(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the scenarios that are not the base: those whose differences are not all zero by definition."""
    return [entry for place, entry in enumerate(found) if entry.get("difference") and not (place == 0 and _is_base(entry))]


def _is_base(entry: dict[str, Any]) -> bool:
    return all(not value.get("mean") and not value.get("low") and not value.get("high") for value in entry["difference"].values())


def scenario_headline(comparison: Any, currency: str | None = None) -> Headline:  # noqa: ANN401
    """Return the comparison in short: which scenario gains most bookings, and how surely.

    Parameters
    ----------
    comparison : Comparison or dict
        As in :func:`entries`.
    currency : str, optional
        ISO 4217 code.

    Returns
    -------
    Headline
        For the top of the page.
    """
    rows = difference_frame(comparison)
    if rows.empty:
        return Headline()
    best = rows.sort_values("difference", ascending=False, kind="stable").iloc[0]
    cards, verdict = [], []
    for row in rows.itertuples():
        tone = "good" if row.low > 0 else "bad" if row.high < 0 else ""
        note = f"P(better) {text.chance(row.p_better)}\nmean {text.signed(row.low, 'money', currency)} to {text.signed(row.high, 'money', currency)}"
        cards.append(Card(f"{row.scenario}: bookings", text.signed(row.difference, "money", currency), note, tone))
    if best["low"] > 0:
        verdict.append(f"Most bookings come with \u201c{best['scenario']}\u201d: {text.signed(best['difference'], 'money', currency)} on average against today's way of working.")
    else:
        verdict.append("No scenario raises bookings beyond what chance could explain.")
    if len(rows) > 1:
        verdict.extend(_best_net(comparison, currency))
    return Headline(tuple(cards[:4]), tuple(verdict))


def _best_net(comparison: Any, currency: str | None) -> list[str]:  # noqa: ANN401
    """Return which scenario is best after cost, where costs are known."""
    nets = [(entry["difference"]["net"]["mean"], entry["name"]) for entry in _changed(entries(comparison)) if entry["difference"].get("net", {}).get("mean") is not None]
    if not nets:
        return []
    value, name = max(nets, key=lambda pair: pair[0])
    return [f"After cost, \u201c{name}\u201d is best: {text.signed(value, 'money', currency)}."] if value > 0 else ["After cost, none of them gains."]


def scenario_section(comparison: Any, page: Canvas, currency: str | None = None) -> Section:  # noqa: ANN401
    """Return the section on scenarios: one table to decide by, all measures, figures.

    Parameters
    ----------
    comparison : Comparison or dict
        As in :func:`entries`.
    page : Canvas
        Draws the figures.
    currency : str, optional
        ISO 4217 code.

    Returns
    -------
    Section
        In reading order.
    """
    found = entries(comparison)
    blocks: list[Block] = [_decision(found, currency)]
    for kpi in DRAWN:
        rows = difference_frame(comparison, kpi)
        if len(rows):
            chart = differences(rows, kpi=kpi, unit=measures.unit(kpi), currency=currency)
            blocks.append(page.draw(chart, f"{measures.label(kpi)}: the dot is the mean difference, the thick bar its 95 % interval, the thin line where 80 % of the replications fall. The first is the error of computing, the last is chance."))
    samples = paired_samples(comparison, "bookings")
    if samples:
        blocks.append(page.draw(ecdf(samples, unit="money", currency=currency), "Each curve collects the paired differences of all replications. Where it crosses zero is the chance that the scenario does worse than the base."))
    blocks.append(_measures(found, currency))
    blocks.append(Prose(("The sizes of the changes themselves (how much faster, how many more) are inputs of the scenarios, not findings. Rates and times that no scenario changes are taken to stay as they were.",), "assumed"))
    lead = "Every scenario was simulated on the same random draws as the base, so a difference comes from the scenario and not from luck."
    return Section("scenarios", "Scenarios compared", lead, tuple(blocks))


def paired_samples(comparison: Any, kpi: str) -> dict[str, np.ndarray]:  # type: ignore[type-arg]  # noqa: ANN401
    """Return paired differences by scenario, where the comparison keeps them.

    Parameters
    ----------
    comparison : Comparison
        With ``samples(kpi)``, a mapping of scenario to array; anything else has none.
    kpi : str
        Which KPI.

    Returns
    -------
    dict of str to ndarray, shape (n_replications,)
        Empty where the comparison does not keep them.

    Examples
    --------
    >>> paired_samples({"scenarios": []}, "bookings")
    {}
    """
    samples = getattr(comparison, "samples", None)
    if not callable(samples):
        return {}
    return {str(name): np.asarray(values, dtype=float) for name, values in samples(kpi).items()}


def _decision(found: list[dict[str, Any]], currency: str | None) -> Table:
    """Return the table to decide by: bookings, cycle time, P(better), cost and net."""
    rows = []
    changed = {id(entry) for entry in _changed(found)}
    for entry in found:
        kpis, gap = entry.get("kpis", {}), entry.get("difference", {})
        is_changed = id(entry) in changed
        bookings = gap.get("bookings", {})
        rows.append((
            str(entry["name"]),
            measures.show("bookings", kpis.get("bookings", {}).get("mean"), currency),
            text.signed(bookings.get("mean"), "money", currency) if is_changed else "",
            text.interval(bookings.get("low"), bookings.get("high"), lambda v: text.signed(v, "money", currency)) if is_changed else "",
            text.chance(bookings.get("p_better")) if is_changed else "",
            measures.show("cycle_days", kpis.get("cycle_days", {}).get("mean")),
            text.money(entry.get("cost"), currency),
            text.money(entry.get("net"), currency),
        ))  # fmt: skip
    headings = ("Scenario", "Bookings, mean", "Difference", "95 % interval of it", "P(better)", "Cycle time", "Cost", "Net")
    return Table(headings, tuple(rows), (False, True, True, True, True, True, True, True))


def _measures(found: list[dict[str, Any]], currency: str | None) -> Table:
    """Return all overall measures, one column a scenario, folded."""
    names = [kpi for kpi in FIRST if any(kpi in entry.get("kpis", {}) for entry in found)]
    rows = [
        (measures.label(kpi), *(measures.show(kpi, entry.get("kpis", {}).get(kpi, {}).get("mean"), currency) for entry in found))
        for kpi in names
    ]
    headings = ("Measure, mean", *(str(entry["name"]) for entry in found))
    return Table(headings, tuple(rows), (False, *(True for _ in found)), folded="All measures of all scenarios")


def study_section(study: Any, currency: str | None = None) -> Section:  # noqa: ANN401 - a Study or its dictionary
    """Return the section on a study: every measure with its spread and its Monte-Carlo error.

    Parameters
    ----------
    study : Study or dict
        With ``to_dict()`` in the shape of ``simsales run --json``, or that dictionary.
    currency : str, optional
        ISO 4217 code.

    Returns
    -------
    Section
        One table; breakdowns are folded.
    """
    kpis = (study if isinstance(study, Mapping) else study.to_dict())["kpis"]
    overall = [kpi for kpi in FIRST if kpi in kpis] + [kpi for kpi in kpis if "[" not in kpi and kpi not in FIRST]
    broken = [kpi for kpi in kpis if "[" in kpi and "rep=" not in kpi]
    blocks: list[Block] = [_kpi_table(kpis, overall, currency)]
    if broken:
        blocks.append(_kpi_table(kpis, broken, currency, folded="By stage, role, segment and channel"))
    blocks.append(_meanings(overall))
    lead = "What the simulated organisation does over the whole period. The range is chance from one run to the next; the Monte-Carlo error is the error of computing the mean."
    return Section("study", "The organisation as simulated", lead, tuple(blocks))


def _meanings(names: list[str]) -> Table:
    """Return what each measure means, folded."""
    known = [(kpi, measures.registered(kpi)) for kpi in names]
    rows = tuple((measures.label(kpi), found.zh, found.definition) for kpi, found in known if found is not None)
    return Table(("Measure", "中文", "Meaning"), rows, (False, False, False), folded="What each measure means")


def _kpi_table(kpis: Mapping[str, Any], names: list[str], currency: str | None, folded: str = "") -> Table:
    rows = []
    for kpi in names:
        found = kpis[kpi]
        show = lambda value, kpi=kpi: measures.show(kpi, value, currency)  # noqa: E731
        rows.append((measures.label(kpi), show(found.get("mean")), f"±{show(found.get('mc_error'))}", text.interval(found.get("p10"), found.get("p90"), show)))
    return Table(("Measure", "Mean", "Monte-Carlo error", "80 % of runs"), tuple(rows), (False, True, True, True), folded=folded)
