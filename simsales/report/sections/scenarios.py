"""Scenarios: differences from the base with intervals, chances, cost and break-even."""

from __future__ import annotations

from typing import Any

from simsales.report import measures, text
from simsales.report.figures import differences, ecdf
from simsales.report.measures import cautions
from simsales.report.sections.paired import Entry, changed, difference_frame, entries, gap, mean, paired_samples, trials
from simsales.report.sections.verdicts import told_apart, verdicts
from simsales.report.view import Block, Canvas, Muted, Prose, Section, Table

#: Measures in the order in which they are shown.
FIRST = (
    "bookings", "won", "win_rate", "cycle_days", "cycle_days_p90", "queue_days", "response_hours", "no_response",
    "utilisation", "sla_breach", "wip", "quota_attainment", "commission", "cost", "net", "cash", "leads",
)  # fmt: skip
BROKEN = {"utilisation": "role", "sla_breach": "stage"}
"""Measures shown by role or stage too."""
SOMETIMES = frozenset({"sla_breach"})
"""Measures that only some models define."""
DRAWN = ("bookings", "cycle_days")
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
    "Every scenario was simulated on the same random draws as the base, so both meet the same customers and the same luck. How "
    "much of a difference may still be chance is in its interval; what cannot be told from chance is shown in grey."
)


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
    if said := verdicts(comparison, currency):
        blocks.append(Prose(said, "list"))
    if full := tuple(line for entry in found for line in cautions(f"“{entry['name']}”", entry.get("kpis") or {})):
        blocks.append(Prose(full, "warning"))
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
    blocks += [all_measures(found, currency), Prose((ASSUMED,), "assumed")]
    return Section("scenarios", "Scenarios compared", LEAD, tuple(blocks))


def _decision(found: list[Entry], currency: str | None) -> Table:
    """Return the table to decide by: bookings, cycle time, P(better), cost and net."""
    others = {id(entry) for entry in changed(found)}
    rows = tuple(_decision_row(entry, currency, is_base=id(entry) not in others) for entry in found)
    headings = ("Scenario", "Bookings, mean", "Difference", "95 % interval of it", "P(better)", "Median cycle time", "Cost", "Net")
    return Table(headings, rows, (False, *(True,) * 7))


def _decision_row(entry: Entry, currency: str | None, *, is_base: bool) -> tuple[str, ...]:
    found = gap(entry, "bookings")

    def signed(value: Any) -> str:  # noqa: ANN401 - float or None
        return text.signed(value, "money", currency)

    chance = text.chance(found.get("p_better"), trials(entry, "bookings"))
    compared: tuple[str, ...] = (signed(found.get("mean")), text.interval(found.get("low"), found.get("high"), signed), chance)
    if not told_apart(found):
        compared = tuple(map(Muted, compared))
    return (
        str(entry["name"]), measures.show("bookings", mean(entry, "bookings"), currency), *(("",) * 3 if is_base else compared),
        measures.show("cycle_days", mean(entry, "cycle_days")), text.money(entry.get("cost"), currency),
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
            sure = told_apart({"low": repay.get("net_low"), "high": repay.get("net_high")})
            gain = signed[1] if told_apart(gap(entry, "bookings")) else Muted(signed[1])
            net = (signed[2], f"{signed[3]} to {signed[4]}")
            shown = (gain, *(net if sure else map(Muted, net)))
            needed = text.percent(repay.get("gain_needed"), 1)
            rows.append(
                (str(entry["name"]), signed[0], needed, *shown, str(repay.get("repaid")))
            )
    if not rows:
        return None
    headings = ("Does it pay?", "Extra cost", "Gain in bookings needed", "Gain found", "Net", "95 % interval of net", "Repaid")
    return Table(headings, tuple(rows), (False, *(True,) * 5, False), note=PAYS_NOTE)


def all_measures(found: list[Entry], currency: str | None = None) -> Table:
    """Return all overall measures and how busy each role is, one column a scenario, folded."""
    rows = tuple((measures.label(kpi), *(measures.show(kpi, mean(entry, kpi), currency) for entry in found)) for kpi in _shown(found))
    headings = ("Measure, mean", *(str(entry["name"]) for entry in found))
    return Table(headings, rows, (False, *(True for _ in found)), folded="All measures of all scenarios")


def _shown(found: list[Entry]) -> list[str]:
    """Return the measures to show: in order, each followed by its roles or stages where these matter."""
    known = list(dict.fromkeys(kpi for entry in found for kpi in entry.get("kpis") or {}))
    names: list[str] = []
    for kpi in FIRST:
        if kpi in known and (kpi not in SOMETIMES or _defined(found, kpi)):
            names.append(kpi)
        if kpi in BROKEN:
            names += [each for each in known if each.startswith(f"{kpi}[{BROKEN[kpi]}=") and _defined(found, each)]
    return names


def _defined(found: list[Entry], kpi: str) -> bool:
    """Return whether a measure has a value in any scenario."""
    return any(mean(entry, kpi) is not None for entry in found)
