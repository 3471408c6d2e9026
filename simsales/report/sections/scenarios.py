"""Scenarios: differences from the base with intervals, chances, cost and break-even."""

from __future__ import annotations

from typing import Any

from simsales.report import amounts, measures, sentences, text
from simsales.report.figures import differences, ecdf
from simsales.report.measures import cautions
from simsales.report.sections.paired import (
    Entry,
    changed,
    difference_frame,
    entries,
    gap,
    mean,
    paired_samples,
    shape,
    trials,
)
from simsales.report.sections.verdicts import has_costs, told_apart, verdicts
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
    "Each curve collects the paired differences of all replications. Its height at zero is the share of them in which the "
    "scenario did no better than the base."
)
ASSUMED = (
    "The sizes of the changes themselves (how much faster, how many more) are inputs of the scenarios, not findings. Rates and "
    "times that no scenario changes are taken to stay as they were."
)
PAYS_NOTE = (
    "The gain needed is the share of the base's bookings at which the net result is unchanged. Pay that grows with bookings is "
    "part of the cost."
)
PAIRS_NOTE = (
    "First minus second, replication by replication. The wider interval holds for all pairs together (95 %, Bonferroni): who picks "
    "the best of many must use it."
)
FOLD = 6
"""More pairs than this are folded."""
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
    result = shape(comparison)
    found = entries(result)
    blocks: list[Block] = [*_setting(result), _decision(found, currency)]
    if said := verdicts(result, currency):
        blocks.append(Prose(said, "list"))
    if full := tuple(line for entry in found for line in cautions(f"“{entry['name']}”", entry.get("kpis") or {}, (*DRAWN, *result.get("asked", ())))):
        blocks.append(Prose(full, "warning"))
    if repay := _break_even(found, currency):
        blocks.append(repay)
    if asked := _asked(result, found, currency):
        blocks.append(asked)
    for kpi in (*DRAWN, "net") if has_costs(result) else DRAWN:
        rows = difference_frame(result, kpi)
        if len(rows):
            chart = differences(rows, kpi=kpi, unit=measures.unit(kpi), currency=currency)
            blocks.append(page.draw(chart, f"{measures.label(kpi)}: {DRAWN_CAPTION}"))
    samples = paired_samples(comparison, "bookings")
    if samples:
        blocks.append(page.draw(ecdf(samples, unit="money", currency=currency), ECDF_CAPTION))
    if pairs := _pairs(result, "net" if has_costs(result) else "bookings", currency):
        blocks.append(pairs)
    blocks += [all_measures(found, currency), Prose((ASSUMED,), "assumed")]
    return Section("scenarios", "Scenarios compared", LEAD, tuple(blocks))


def _setting(result: Any) -> list[Block]:  # noqa: ANN401 - the JSON shape
    """Return period, replications, start and assumptions, as far as they are known."""
    line = (result.get("setting") or {}).get("line")
    said = tuple(result.get("says") or ())
    return [*([Prose((f"Simulated: {line}.",))] if line else ()), *([Prose(said, "warning")] if said else ())]


def _asked(result: Any, found: list[Entry], currency: str | None) -> Table | None:  # noqa: ANN401 - the JSON shape
    """Return the KPIs that were asked for by name, each with every scenario's paired difference."""
    names = [kpi for kpi in result.get("asked") or () if any(kpi in (entry.get("kpis") or {}) for entry in found)]
    if not names:
        return None
    rows = tuple(_asked_row(entry, kpi, currency, is_base=entry is found[0]) for kpi in names for entry in found)
    headings = ("Asked for", "Scenario", "Mean", "Difference", "95 % interval of it", "P(better)")
    return Table(headings, rows, (False, False, *(True,) * 4))


def _asked_row(entry: Entry, kpi: str, currency: str | None, *, is_base: bool) -> tuple[str, ...]:
    head = (measures.label(kpi), str(entry["name"]), measures.show(kpi, mean(entry, kpi), currency))
    return (*head, *(("",) * 3 if is_base else _compared(entry, kpi, currency)))


def _compared(entry: Entry, kpi: str, currency: str | None) -> tuple[str, ...]:
    """Return difference, interval and P(better) of a scenario; muted where they may be chance."""
    found = gap(entry, kpi)
    if not found:
        return (text.UNKNOWN, "", "")

    def signed(value: Any) -> str:  # noqa: ANN401 - float or None
        return measures.change(kpi, value, currency)

    same = found.get("low") is not None and found.get("low") == found.get("high")
    ends = "the same in every replication" if same else text.interval(found.get("low"), found.get("high"), signed)
    cells = (signed(found["mean"]), ends, sentences.better_chance(found, trials(entry, kpi)))
    return cells if told_apart(found) or same else tuple(map(Muted, cells))


def _pairs(result: Any, kpi: str, currency: str | None) -> Table | None:  # noqa: ANN401 - the JSON shape
    """Return the paired difference of every two scenarios, by which they are ranked."""
    rows = []
    for pair in result.get("pairwise") or ():
        if found := sentences.gap_of(pair, kpi):
            ends = [measures.change(kpi, found.get(key), currency) for key in ("low", "high", "low_joint", "high_joint")]
            cells = (measures.change(kpi, found["mean"], currency), f"{ends[0]} to {ends[1]}", f"{ends[2]} to {ends[3]}",
                     sentences.better_chance(found))  # fmt: skip
            told = told_apart({"low": found.get("low_joint"), "high": found.get("high_joint")}) or sentences.state(found) == "same"
            rows.append((str(pair["first"]), str(pair["second"]), *(cells if told else map(Muted, cells))))
    if not rows:
        return None
    headings = ("First", "Second", f"{measures.label(kpi)}: first minus second", "95 % interval of it", "for all pairs together", "P(first better)")
    folded = f"Every two scenarios against one another ({len(rows)} pairs)" if len(rows) > FOLD else ""
    return Table(headings, tuple(rows), (False, False, *(True,) * 4), note=PAIRS_NOTE, folded=folded)


def _decision(found: list[Entry], currency: str | None) -> Table:
    """Return the table to decide by: bookings, cycle time, P(better), cost and net."""
    known = found if any(entry.get("cost") for entry in found) else [entry | {"cost": None, "net": None} for entry in found]
    rows = tuple(_decision_row(entry, currency, is_base=entry is known[0]) for entry in known)
    headings = ("Scenario", "Bookings, mean", "Difference", "95 % interval of it", "P(better)", measures.label("cycle_days"), "Cost", "Net")
    return Table(headings, rows, (False, *(True,) * 7))


def _decision_row(entry: Entry, currency: str | None, *, is_base: bool) -> tuple[str, ...]:
    return (
        str(entry["name"]), measures.show("bookings", mean(entry, "bookings"), currency),
        *(("",) * 3 if is_base else _compared(entry, "bookings", currency)),
        measures.show("cycle_days", mean(entry, "cycle_days")), text.money(entry.get("cost"), currency),
        text.money(entry.get("net"), currency),
    )  # fmt: skip


def _break_even(found: list[Entry], currency: str | None) -> Table | None:
    """Return what each scenario costs and whether its gain repays it, where the comparison says so."""
    rows = []
    for entry in changed(found):
        repay = entry.get("break_even") or {}
        if not repay:
            continue
        signed = [text.signed(repay.get(key), "money", currency) for key in ("extra_cost", "gain", "net", "net_low", "net_high")]
        net = {"mean": repay.get("net"), "low": repay.get("net_low"), "high": repay.get("net_high")}
        sure = sentences.state(net) != "unclear"
        gain = signed[1] if sentences.state(gap(entry, "bookings")) != "unclear" else Muted(signed[1])
        ends = "the same in every replication" if signed[3] == signed[4] and sure else f"{signed[3]} to {signed[4]}"
        chance = sentences.better_chance(gap(entry, "net"), trials(entry, "net"))
        shown = (gain, *((signed[2], ends, chance) if sure else map(Muted, (signed[2], ends, chance))))
        rows.append((str(entry["name"]), signed[0], _needed(repay), *shown, _repaid(repay, net)))
    if not any((entry.get("break_even") or {}).get("extra_cost") for entry in found):
        return None
    headings = ("Does it pay?", "Extra cost", "Gain in bookings needed", "Gain found", "Net", "95 % interval of net", "P(net better)", "Repaid")
    return Table(headings, tuple(rows), (False, *(True,) * 6, False), note=PAYS_NOTE)


def _needed(repay: Entry) -> str:
    """Return the gain that repays the cost; where a scenario costs less, what it may lose."""
    needed = amounts.known(repay.get("gain_needed"))
    if needed < 0:
        return f"none: may lose {text.percent(-needed, 1)}"
    return "none" if needed == 0 else text.percent(needed, 1)


def _repaid(repay: Entry, net: Entry) -> str:
    """Return whether a scenario is repaid; one that changes nothing has nothing to repay."""
    return "nothing to repay" if sentences.state(net) == "same" else str(repay.get("repaid"))


def all_measures(found: list[Entry], currency: str | None = None) -> Table:
    """Return all overall measures and how busy each role is, one column a scenario, folded."""
    idle = () if any(mean(entry, "cost") for entry in found) else ("cost", "net")  # a net of no costs is only bookings again
    rows = tuple(
        (measures.label(kpi), *(measures.show(kpi, None if kpi in idle else mean(entry, kpi), currency) for entry in found))
        for kpi in _shown(found)
    )
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
    return names + [kpi for kpi in known if "[" not in kpi and kpi not in FIRST and _defined(found, kpi)]


def _defined(found: list[Entry], kpi: str) -> bool:
    """Return whether a measure has a value in any scenario."""
    return any(mean(entry, kpi) is not None for entry in found)
