"""Scenarios: differences from the base with intervals, chances, cost and break-even."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from simsales.report import measures, text
from simsales.report.figures import differences, ecdf
from simsales.report.sections.forecast import Headline
from simsales.report.view import Block, Canvas, Card, Prose, Section, Table

#: Measures in the order in which they are shown.
FIRST = (
    "bookings", "won", "win_rate", "cycle_days", "cycle_days_p90", "queue_days", "response_hours", "no_response",
    "utilisation", "wip", "quota_attainment", "commission", "cost", "net", "cash", "leads",
)  # fmt: skip
DRAWN = ("bookings", "cycle_days")
_CARDS = 4
DRAWN_CAPTION = (
    "the dot is the mean difference, the thick bar its 95 % interval (error of computing), the thin line where 80 % of the "
    "replications fall (chance)."
)
ECDF_CAPTION = (
    "Each curve collects the paired differences of all replications. Where it crosses zero is the chance that the scenario "
    "does worse than the base."
)
ASSUMED = (
    "The sizes of the changes themselves (how much faster, how many more) are inputs of the scenarios, not findings. Rates and "
    "times that no scenario changes are taken to stay as they were."
)
PAYS_NOTE = (
    "The gain needed is the share of the base's bookings at which the net result is unchanged. Pay that grows with bookings is "
    "part of the cost."
)
LEAD = (
    "Every scenario was simulated on the same random draws as the base, so a difference comes from the scenario and not from "
    "luck."
)

Entry = dict[str, Any]


def entries(comparison: Any) -> list[Entry]:  # noqa: ANN401 - a Comparison or its dictionary
    """Return the scenarios of a comparison in the JSON shape of the public contract.

    Parameters
    ----------
    comparison : Comparison or dict
        With ``to_dict()``, or that dictionary.

    Returns
    -------
    list of dict
        Keys name, kpis, difference, cost, net; the base first.

    Examples
    --------
    >>> entries({"scenarios": [{"name": "base"}]})
    [{'name': 'base'}]
    """
    data = comparison if isinstance(comparison, Mapping) else comparison.to_dict()
    return list(data["scenarios"])


def _changed(found: list[Entry]) -> list[Entry]:
    """Return the scenarios without the base, which stands first with differences of zero."""
    return found[1:] if found and _is_base(found[0]) else found


def _is_base(entry: Entry) -> bool:
    """Return whether an entry differs from the base in nothing."""
    gaps = entry.get("difference") or {}
    return not any(gap.get(key) for gap in gaps.values() for key in ("mean", "low", "high"))


def _gap(entry: Entry, kpi: str) -> Mapping[str, Any]:
    """Return the difference of a scenario in one KPI; empty where it is not known."""
    found = (entry.get("difference") or {}).get(kpi) or {}
    return found if found.get("mean") is not None else {}


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
        Columns scenario, difference, low, high, p_better and, where known, p10, p90 and n; the base is left out.

    Examples
    --------
    >>> found = {"name": "a", "difference": {"won": {"mean": 1.0, "low": 0.5, "high": 1.5, "p_better": 0.9}}}
    >>> difference_frame({"scenarios": [{"name": "base"}, found]}, "won")["difference"].tolist()
    [1.0]
    """
    rows = []
    for entry in _changed(entries(comparison)):
        if found := _gap(entry, kpi):
            keys = ("low", "high", "p_better", *(key for key in ("p10", "p90") if key in found))
            rows.append({"scenario": str(entry["name"]), "difference": found["mean"], **{key: found.get(key) for key in keys}})
            if trials := _trials(entry, kpi):
                rows[-1]["n"] = trials
    frame = pd.DataFrame(rows, columns=None if rows else ["scenario", "difference", "low", "high", "p_better"])
    return frame.astype({name: float for name in frame.columns if name != "scenario"})


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
    cards = tuple(_card(row, currency) for row in rows.head(_CARDS).to_dict("records"))
    name = str(entries(comparison)[0]["name"])
    best = rows.sort_values("difference", ascending=False, kind="stable").to_dict("records")[0]
    if best["low"] > 0 and len(rows) == 1:
        gain = text.money(best["difference"], currency)
        verdict = [f"“{best['scenario']}” raises bookings by {gain} on average against “{name}”."]
    elif best["low"] > 0:
        gain = text.signed(best["difference"], "money", currency)
        verdict = [f"Most bookings come with “{best['scenario']}”: {gain} on average against “{name}”."]
    else:
        verdict = ["No scenario is sure to raise bookings: none of the intervals of the mean difference lies above zero."]
    return Headline(cards, (*verdict, *_fastest(comparison), *_best_net(comparison, currency)))


def _card(row: Mapping[Any, Any], currency: str | None) -> Card:
    """Return one scenario as a headline number."""
    low, high = (text.signed(row[key], "money", currency) for key in ("low", "high"))
    tone = "good" if row["low"] > 0 else "bad" if row["high"] < 0 else ""
    note = f"P(better) {text.chance(row['p_better'], row.get('n'))}\nmean {low} to {high}"
    return Card(f"{row['scenario']}: bookings", text.signed(row["difference"], "money", currency), note, tone)


def _fastest(comparison: Any) -> list[str]:  # noqa: ANN401
    """Return which scenario shortens the cycle most, if one surely does."""
    rows = difference_frame(comparison, "cycle_days")
    shorter = rows[rows["high"] < 0].sort_values("difference", kind="stable").to_dict("records")
    if not shorter:
        return []
    return [f"The cycle shortens most with “{shorter[0]['scenario']}”: {text.signed(shorter[0]['difference'], 'days')}."]


def _best_net(comparison: Any, currency: str | None) -> list[str]:  # noqa: ANN401
    """Return which scenario is best after cost, where costs are known."""
    rows = difference_frame(comparison, "net")
    if rows.empty or not any(entry.get("cost") for entry in entries(comparison)):
        return []
    best = rows.sort_values("difference", ascending=False, kind="stable").to_dict("records")[0]
    if best["difference"] <= 0:
        return ["After cost, none gains on average."]
    if not best["low"] > 0:
        return ["After cost, none is sure to gain."]
    return [f"After cost, “{best['scenario']}” is best: {text.signed(best['difference'], 'money', currency)}."]


def scenario_section(comparison: Any, page: Canvas, currency: str | None = None) -> Section:  # noqa: ANN401
    """Return the section on scenarios: one table to decide by, figures, cost, all measures.

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
            blocks.append(page.draw(chart, f"{measures.label(kpi)}: {DRAWN_CAPTION}"))
    samples = paired_samples(comparison, "bookings")
    if samples:
        blocks.append(page.draw(ecdf(samples, unit="money", currency=currency), ECDF_CAPTION))
    if repay := _break_even(found, currency):
        blocks.append(repay)
    blocks += [_measures(found, currency), Prose((ASSUMED,), "assumed")]
    return Section("scenarios", "Scenarios compared", LEAD, tuple(blocks))


def paired_samples(comparison: Any, kpi: str) -> dict[str, np.ndarray[Any, Any]]:  # noqa: ANN401
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
        Empty where the comparison does not keep them or does not hold the KPI.

    Examples
    --------
    >>> paired_samples({"scenarios": []}, "bookings")
    {}
    """
    samples = getattr(comparison, "samples", None)
    if not callable(samples) or not any(_gap(entry, kpi) for entry in entries(comparison)):
        return {}
    return {str(name): np.asarray(values, dtype=float) for name, values in samples(kpi).items()}


def _mean(entry: Entry, kpi: str) -> Any:  # noqa: ANN401 - float or None
    return ((entry.get("kpis") or {}).get(kpi) or {}).get("mean")


def _trials(entry: Entry, kpi: str) -> Any:  # noqa: ANN401 - number or None
    """Return how many replications stand behind a KPI, where known."""
    return ((entry.get("kpis") or {}).get(kpi) or {}).get("n")


def _decision(found: list[Entry], currency: str | None) -> Table:
    """Return the table to decide by: bookings, cycle time, P(better), cost and net."""
    changed = {id(entry) for entry in _changed(found)}
    rows = tuple(_decision_row(entry, currency, is_base=id(entry) not in changed) for entry in found)
    headings = ("Scenario", "Bookings, mean", "Difference", "95 % interval of it", "P(better)", "Cycle time", "Cost", "Net")
    return Table(headings, rows, (False, *(True,) * 7))


def _decision_row(entry: Entry, currency: str | None, *, is_base: bool) -> tuple[str, ...]:
    gap = _gap(entry, "bookings")

    def signed(value: Any) -> str:  # noqa: ANN401 - float or None
        return text.signed(value, "money", currency)

    compared = (signed(gap.get("mean")), text.interval(gap.get("low"), gap.get("high"), signed), text.chance(gap.get("p_better"), _trials(entry, "bookings")))
    return (
        str(entry["name"]), measures.show("bookings", _mean(entry, "bookings"), currency), *(("",) * 3 if is_base else compared),
        measures.show("cycle_days", _mean(entry, "cycle_days")), text.money(entry.get("cost"), currency),
        text.money(entry.get("net"), currency),
    )  # fmt: skip


def _break_even(found: list[Entry], currency: str | None) -> Table | None:
    """Return what each scenario costs and whether its gain repays it, where the comparison says so."""
    rows = []
    for entry in found:
        repay = entry.get("break_even") or {}
        if repay.get("extra_cost"):
            signed = [
                text.signed(repay.get(key), "money", currency) for key in ("extra_cost", "gain", "net", "net_low", "net_high")
            ]
            needed = text.percent(repay.get("gain_needed"), 1)
            rows.append(
                (str(entry["name"]), signed[0], needed, *signed[1:3], f"{signed[3]} to {signed[4]}", str(repay.get("repaid")))
            )
    if not rows:
        return None
    headings = ("Does it pay?", "Extra cost", "Gain in bookings needed", "Gain found", "Net", "95 % interval of net", "Repaid")
    return Table(headings, tuple(rows), (False, *(True,) * 5, False), note=PAYS_NOTE)


def _measures(found: list[Entry], currency: str | None) -> Table:
    """Return all overall measures, one column a scenario, folded."""
    names = [kpi for kpi in FIRST if any(kpi in (entry.get("kpis") or {}) for entry in found)]
    rows = tuple((measures.label(kpi), *(measures.show(kpi, _mean(entry, kpi), currency) for entry in found)) for kpi in names)
    headings = ("Measure, mean", *(str(entry["name"]) for entry in found))
    return Table(headings, rows, (False, *(True for _ in found)), folded="All measures of all scenarios")
