"""The demo's story for a terminal: what was done, what came out, how far to believe it, what to do next."""

from __future__ import annotations

import math
import textwrap
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simsales.report import measures, sentences, text

if TYPE_CHECKING:
    from simsales.calibrate import Calibration
    from simsales.experiment import Comparison
    from simsales.forecast import Forecast
    from simsales.history import History

REPORT_NOTES = (
    "The company is made up: the exports were simulated from a stated model and contain no real customer or person.",
    "The pay plan and the reaction of effort to pay are assumptions of the demo; a CRM export holds neither.",
    "Scenario effects (40 % faster quotes, the ramp of new reps) are what the scenario files say, not findings.",
)
Rows = Sequence[Sequence[str]]
Row = Mapping[str, Any]
WORTH_SHOWING = 0.01
WIDTH = 118


def story(folder: Path, history: History, calibration: Calibration, comparison: Comparison, forecast: Forecast) -> str:
    """Return the whole story.

    Parameters
    ----------
    folder : Path
        Where the files are.
    history : History
    calibration : Calibration
    comparison : Comparison
    forecast : Forecast

    Returns
    -------
    str
        Paragraphs and tables, at most about 110 columns wide.
    """
    parts = (_read(history), _learnt(calibration), _compared(comparison), _ahead(forecast), _next(folder))
    return "\n\n".join(parts)


def _read(history: History) -> str:
    report = history.report
    first, last = (moment.tz_convert(history.timezone).date() for moment in (history.observed_from, history.observed_until))
    dropped = ", ".join(f"{count:,} {reason}" for reason, count in report.dropped) or "none"
    lines = [
        "1. IMPORT  two CRM exports of a made-up company, with Chinese captions (deals.csv, stage_history.csv)",
        f"   {report.read:,} rows read, {report.kept:,} kept, left out: {dropped}",
        f"   {len(history.deals):,} deals, {len(history.visits):,} stays in stages, {first} to {last}, times in {history.timezone}",
        f"   History of class {history.history_class}: every stage change is known.",
    ]
    return "\n".join([*lines, *(f"   Note: {note}" for note in report.notes)])


def _learnt(calibration: Calibration) -> str:
    summary = calibration.summary()
    counts = summary["status"].value_counts()
    said = ", ".join(f"{int(counts[name])} {name}" for name in ("identified", "weakly identified", "prior", "assumed") if name in counts)
    rows: dict[str, Row] = {str(row["path"]): row for row in summary.to_dict("records")}  # type: ignore[misc]
    assumed = [f"   Assumed: {path} = {_plain(row['text'] or row['value'])} ({row['note'] or 'no data'})" for path, row in rows.items() if row["status"] == "assumed"]
    table = _table(["Parameter", "Estimate", "95 % interval", "Status"], _parameters(calibration, rows))
    return "\n".join([f"2. CALIBRATE  {len(summary)} parameters: {said}", table, *assumed])


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else text.number(value)


def _parameters(calibration: Calibration, rows: Mapping[str, Row]) -> Rows:
    """Return the parameters that matter most: arrivals, the way forward in each stage, deals that never end."""
    found = [_row(f"Leads a week, {c.name}", rows[f"channels[{c.name}].leads_per_week"], text.number) for c in calibration.model.channels]
    order = [*calibration.model.stage_names, "won"]
    for i, stage in enumerate(calibration.model.stages):
        best = max((e for e in stage.exits if e.to in order[i + 1 :]), key=lambda e: e.probability)
        found.append(_row(f"{stage.name} → {best.to}", rows[f"stages[{stage.name}].exits[{best.to}].probability"], _share))
        never = rows.get(f"stages[{stage.name}].exits[open].probability")
        if never is not None and never["value"] > WORTH_SHOWING:
            found.append(_row(f"{stage.name}: never closed", never, _share))
    return found


def _share(value: Any) -> str:
    return text.percent(value, 1)


def _row(label: str, row: Row, show: Callable[[Any], str]) -> list[str]:
    low, high = row["low"], row["high"]
    known = low is not None and math.isfinite(low)
    return [label, show(row["value"]), f"{show(low)} to {show(high)}" if known else "", str(row["status"])]


def _compared(comparison: Comparison) -> str:
    money = comparison.currency
    table = comparison.table
    lines = []
    for kpi in ("bookings", "cycle_days"):
        rows = [_scenario(name, table.loc[(name, kpi)], kpi, money, is_base=name == comparison.base.name) for name in comparison.names]
        lines.append(_table([measures.label(kpi), "Mean", "Difference (95 % interval)", "P(better)"], rows))
    result = comparison.to_dict()
    base, *others = result["scenarios"]
    rows = [
        [entry["name"], *(sentences.with_interval(kpi, sentences.gap_of(entry, kpi), money) for kpi in ("cost", "net")),
         sentences.better_chance(sentences.gap_of(entry, "net"))]
        for entry in others
    ]  # fmt: skip
    lines.append(_table(["Money", "Extra cost (95 % interval)", "Net (95 % interval)", "P(net better)"], rows))
    said = [f"{entry['name']}: {sentences.outcome(entry, base, money)}" for entry in others]
    said += [line for kpi in ("net", "bookings") for line in sentences.leaders(result, kpi, money)]
    said += [*result.get("says", ()), *sentences.looks(result)]
    lines.append("\n".join(textwrap.fill(line, WIDTH, initial_indent="   ", subsequent_indent="     ") for line in said))
    n = len(comparison.base.frame)
    head = f"3. COMPARE  three changes with the baseline, from today's open deals to March 2027, {n} paired replications"
    foot = (
        "   All scenarios meet the same customers and the same luck, so differences show through the noise. The interval is that\n"
        "   of the mean difference; P(better) is the share of single futures in which the scenario wins, with the bounds (95 %\n"
        "   each) that so many replications can show."
    )
    return "\n".join([head, "\n\n".join(lines), foot])


def _scenario(name: str, row: Any, kpi: str, money: str, *, is_base: bool) -> list[str]:
    shown = [name, measures.show(kpi, row["mean"], money)]
    if is_base:
        return [*shown, "", ""]
    gap = {"mean": row["difference"], **{key: row[key] for key in ("low", "high", "p_better", "n")}}
    return [*shown, sentences.with_interval(kpi, gap, money), sentences.better_chance(gap)]


def _ahead(forecast: Forecast) -> str:
    found = forecast.to_dict()
    money = found["currency"]
    q = {name: text.money(value, money) for name, value in found["quantiles"].items()}
    split = " · ".join(f"{label} {text.money(found[key], money)}" for label, key in (("booked", "booked"), ("open deals", "open"), ("not yet created", "new")))
    simple = ", ".join(f"{name.replace('_', ' ')} {text.money(value, money)}" for name, value in found["baselines"].items() if value is not None and math.isfinite(value))
    return "\n".join([
        f"4. FORECAST  bookings of this quarter, until {found['until']}, as known on {found['as_of']}",
        f"   P50 {q['p50']}, 80 % range {q['p10']} to {q['p90']}; target {text.money(found['target'], money)} is reached with probability {text.chance(found['p_target'], found['replications'])}",
        f"   {split}",
        f"   Noise floor {text.percent(found['noise_floor'], 1)}: the miss that chance alone leaves to a perfect model",
        f"   Simple baselines say: {simple}",
    ])  # fmt: skip


def _next(folder: Path) -> str:
    return "\n".join([
        f"5. REPORT  {folder / 'report.html'}  (one file, opens from disk)",
        "",
        "Next, change a number in a scenario or in the baseline, and compare again:",
        f"   cd {folder}",
        "   simsales check hire-two.yaml",
        "   simsales compare baseline.yaml faster-quotes.yaml hire-two.yaml accelerator.yaml --opening open-deals.csv"
        " --until 2027-03-31 --html compare.html",
        "With your own CRM export (CSV, Excel, XES; captions are guessed, in English or Chinese):",
        "   simsales import deals.csv --check",
        "   simsales forecast deals.csv --until 2026-12-31 --target 3M --html forecast.html",
        "   simsales calibrate deals.csv --out model.yaml --opening open-deals.csv",
    ])  # fmt: skip


def _table(header: Sequence[str], rows: Rows) -> str:
    """Return an indented table with aligned columns, the first to the left; Chinese takes two places."""
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(_width(line[i]) for line in lines) for i in range(len(header))]
    padded = [[cell + _gap(cell, widths[0]) if i == 0 else _gap(cell, widths[i]) + cell for i, cell in enumerate(line)] for line in lines]
    return "\n".join("   " + "  ".join(line).rstrip() for line in padded)


def _gap(cell: str, width: int) -> str:
    return " " * (width - _width(cell))


def _width(label: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in ("W", "F") else 1 for char in label)
