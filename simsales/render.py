"""Results as text for a terminal: aligned tables and a few sentences. Nothing is printed here.

Every function takes the plain values that ``--json`` prints, so what people read and what tools
read cannot drift apart.
"""

from __future__ import annotations

import json
import math
import textwrap
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simsales.report import measures, sentences, text

Data = Mapping[str, Any]
_WIDE = ("W", "F")
_NOTHING = 1e-9  # what rounding leaves of a zero
WIDTH = 100
PAIRED = (
    "Differences are paired: all scenarios meet the same customers and the same luck. The interval is the Monte-Carlo uncertainty "
    "of the mean difference; P(better) is the share of single futures, with the bounds (95 % each) that so many replications can "
    "show. --json has every KPI."
)


def to_json(value: Any) -> str:
    """Return one JSON object with numbers unrounded; what is not known is null.

    Examples
    --------
    >>> print(to_json({"a": float("nan"), "b": [1.5]}))
    {
      "a": null,
      "b": [
        1.5
      ]
    }
    """
    return json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False)


def plain(value: Any) -> Any:
    """Return a value as JSON has it: NumPy scalars as numbers, NaN and NaT as None, times as ISO text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, (str, bool, int)) or value is None:
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value != value:  # noqa: PLR0124 - NaT and NA are not equal to themselves
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def width(label: str) -> int:
    """Return how many terminal columns a text takes; Chinese characters take two.

    Examples
    --------
    >>> width("阶段 A")
    6
    """
    marks = sum(unicodedata.combining(char) > 0 for char in label)
    return len(label) + sum(unicodedata.east_asian_width(char) in _WIDE for char in label) - marks


def columns(header: Sequence[str], rows: Iterable[Sequence[str]], left: int = 1) -> str:
    """Return a table with aligned columns, the first `left` of them to the left.

    Examples
    --------
    >>> print(columns(["Stage", "Deals"], [["报价", "12"], ["Won", "3"]]))
    Stage  Deals
    报价      12
    Won        3
    """
    lines = [list(header), *(list(row) for row in rows)]
    widths = [max(width(line[i]) for line in lines) for i in range(len(header))]
    return "\n".join(
        "  ".join(_pad(cell, widths[i], to_left=i < left) for i, cell in enumerate(line)).rstrip() for line in lines
    )


def _pad(cell: str, to: int, *, to_left: bool) -> str:
    gap = " " * (to - width(cell))
    return cell + gap if to_left else gap + cell


def run_text(result: Data, currency: str | None, replications: int | None) -> str:
    """Return the KPIs of a run: mean, its Monte-Carlo error, and the spread of single runs.

    Parameters
    ----------
    result : mapping
        The JSON shape of ``simsales run``.
    currency : str, optional
        ISO 4217 code.
    replications : int, optional
        How many runs stand behind it.
    """
    rows = [
        _kpi_row(name, kpi, currency)
        for name, kpi in result["kpis"].items()
        if "[" not in name and plain(kpi["mean"]) is not None and not _repeats(name, result["kpis"])
    ]
    loads = [name for name in result["kpis"] if name.startswith("utilisation[role=")]
    if len(loads) > 1:  # the overall figure hides the bottleneck
        rows += [_kpi_row(name, result["kpis"][name], currency) for name in loads if plain(result["kpis"][name]["mean"]) is not None]
    table = columns(["KPI", "Mean", "± MC error", "80 % of runs"], rows)
    count = f"{text.count(replications)} replication{'s' * (replications != 1)}. " if replications else ""
    head = f"{result['setting']['line']}\n\n" if result.get("setting") else ""
    return (
        f"{head}{table}\n\n{count}The Monte-Carlo error is that of the mean and shrinks with more\n"
        "replications; the range is what chance does to single runs. --json also has every stage,\n"
        "role, segment and channel." + _not_modelled(result)
        + "".join(f"\n{line}" for line in (*measures.cautions("", result["kpis"]), *map(_wrapped, result.get("says", ()))))
    )


def _repeats(name: str, kpis: Data) -> bool:
    """Tell whether a KPI says nothing: a net of bookings less no cost at all, breaches and hand-offs where there are none."""
    if name in ("net", "cost"):
        return plain(kpis["cost"]["mean"]) == 0.0 if "cost" in kpis else False
    return name in ("handoff_days", "sla_breach") and plain(kpis[name]["mean"]) == 0.0


def _not_modelled(result: Data) -> str:
    """Return what of the money the model says nothing about, as lines; empty where it says all."""
    missing = measures.unstated(result["kpis"])
    return "\n" + _wrapped(f"Not modelled, so not shown: {', '.join(missing)}.") if missing else ""


def _kpi_row(name: str, kpi: Data, currency: str | None) -> list[str]:
    mean, error, low, high = (measures.show(name, kpi[key], currency) for key in ("mean", "mc_error", "p10", "p90"))
    return [measures.label(name), mean, error, f"{low} to {high}"]


def compare_text(result: Data, currency: str | None, kpis: Sequence[str] = ()) -> str:
    """Return scenarios beside the base: bookings, cycle time, cost and net, as paired differences.

    Parameters
    ----------
    result : mapping
        The JSON shape of ``simsales compare``.
    currency : str, optional
        ISO 4217 code.
    kpis : sequence of str
        Shown besides bookings and cycle time, and besides those that the result was asked for.
    """
    base, *others = result["scenarios"]
    asked = tuple(dict.fromkeys((*kpis, *result.get("asked", ()))))
    lines = [f"{result['setting']['line']}\n"] if result.get("setting") else []
    shown = _shown(asked, result["scenarios"])
    for kpi in shown:
        rows = [_scenario_row(entry, kpi, currency, is_base=entry is base) for entry in (base, *others)]
        lines += [columns([measures.label(kpi), "Mean", "Difference (95 %)", "P(better)"], rows), ""]
    rows = [_money_row(entry, currency, is_base=entry is base) for entry in (base, *others)]
    if any(entry.get("cost") != 0 for entry in (base, *others)):
        lines += [columns(["Money", "Cost", "Net", "Difference in net (95 %)", "P(better)"], rows), ""]
    lines += [f"{entry['name']}: {sentences.outcome(entry, base, currency, asked)}" for entry in others]
    if len(others) > 1:
        ranked = ("net", "bookings") if any(plain(entry.get("cost")) for entry in (base, *others)) else ("bookings",)
        lines += ["", *(line for kpi in ranked for line in sentences.leaders(result, kpi, currency))]
    lines += [line for entry in (base, *others) for line in measures.cautions(str(entry["name"]), entry["kpis"], shown)]
    return "\n".join([*lines, "", *map(_wrapped, (*result.get("says", ()), PAIRED, *sentences.looks(result)))])


def _wrapped(paragraph: str) -> str:
    return textwrap.fill(paragraph, WIDTH)


def _shown(asked: Sequence[str], entries: Sequence[Data]) -> list[str]:
    """Return the KPIs to show: a whole dimension, such as ``leads[month]``, as its members."""
    known = list(dict.fromkeys(name for entry in entries for name in entry["kpis"]))
    found = ["bookings", "cycle_days"]
    for kpi in asked:
        part = f"{kpi.removesuffix(']')}="
        members = [name for name in known if kpi.endswith("]") and name.startswith(part)]
        found += members or [kpi]
    return list(dict.fromkeys(found))


def _money_row(entry: Data, currency: str | None, *, is_base: bool) -> list[str]:
    """Return cost and net of a scenario, and how much it changes net."""
    row = [str(entry["name"]), *(text.money(entry.get(key), currency) for key in ("cost", "net"))]
    gap = sentences.gap_of(entry, "net")
    if is_base or not gap:
        return [*row, "", ""]
    return [*row, sentences.with_interval("net", gap, currency), sentences.better_chance(gap, entry["kpis"].get("net", {}).get("n"))]


def sensitivity_text(result: Data, currency: str | None) -> str:
    """Return the stages by what a small step in each is worth, with the rank that arithmetic alone would give.

    Parameters
    ----------
    result : mapping
        The JSON shape of ``simsales sensitivity``.
    currency : str, optional
    """
    rows = []
    for entry in result["stages"]:
        gap = {"mean": entry["bookings"], "low": entry["bookings_low"], "high": entry["bookings_high"]}
        by_chain = "" if entry["naive"] is None else f"{measures.change('bookings', entry['naive'], currency)} ({entry['naive_rank']:.0f}.)"
        rows.append([f"{entry['rank']}. {entry['stage']}", str(entry["step"]), sentences.with_interval("bookings", gap, currency),
                     _behind(entry, currency), by_chain])  # fmt: skip
    head = ["Stage", "Step", "Bookings (95 %)", "Behind the first, paired", "By arithmetic alone (rank)"]
    note = str(result["note"])
    said = [*_first(result["stages"]), *result.get("says", ()), f"{note[0].upper()}{note[1:]}"]
    return "\n".join([columns(head, rows, left=2), "", *map(_wrapped, said)])


def _behind(entry: Data, currency: str | None) -> str:
    """Return how far a step is behind the first one."""
    if "behind" not in entry or entry["rank"] == 1:
        return ""
    gap = {"mean": entry["behind"], "low": entry["behind_low"], "high": entry["behind_high"]}
    if sentences.state(gap) == "same":
        return "the same"
    return sentences.with_interval("bookings", gap, currency, lambda value: text.money(value, currency))


def _first(stages: Sequence[Data]) -> list[str]:
    """Return whether the first stage is told apart from the others, and whether it is worth anything."""
    if not stages:
        return []
    first, *rest = stages
    own = sentences.state({"mean": first["bookings"], "low": first["bookings_low"], "high": first["bookings_high"]})
    if own in ("same", "less"):
        return [f"No step brings bookings: the best, in “{first['stage']}”, {'changes none' if own == 'same' else 'costs some'}."]
    if own == "unclear":
        return [f"Not even the first, “{first['stage']}”, brings bookings beyond chance with these replications (--reps)."]
    alike = [f"“{entry['stage']}”" for entry in rest if "told" in entry and not entry["told"]]
    if alike:
        return [f"“{first['stage']}” leads, but its paired runs do not tell it apart from {', '.join(alike)} (--reps for more replications)."]
    if rest and "told" in rest[0]:
        return [f"“{first['stage']}” is told apart from every other stage by the paired runs, with allowance for {len(rest)} looks."]
    return []


def _scenario_row(entry: Data, kpi: str, currency: str | None, *, is_base: bool) -> list[str]:
    found, gap = entry["kpis"].get(kpi, {}), sentences.gap_of(entry, kpi)
    row = [str(entry["name"]), measures.show(kpi, found.get("mean"), currency)]
    if is_base or not gap:
        return [*row, "", ""]
    return [*row, sentences.with_interval(kpi, gap, currency), sentences.better_chance(gap, found.get("n"))]


def forecast_text(result: Data, currency: str | None, notes: Sequence[str] = ()) -> str:
    """Return a forecast in words: the range, the chance of the target, the split and the baselines.

    Parameters
    ----------
    result : mapping
        The JSON shape of ``simsales forecast``.
    currency : str, optional
        ISO 4217 code.
    notes : sequence of str
        Said below, as they are.
    """

    def money(value: Any) -> str:
        return text.money(value, currency)

    quantiles = result["quantiles"]
    since = f"from {str(result['since'])[:10]} " if result.get("since") else ""
    lines = [
        f"Bookings {since}until {str(result['until'])[:10]}, as known on {str(result['as_of'])[:10]}",
        "",
        f"  P50 {money(quantiles['p50'])}, 80 % range {money(quantiles['p10'])} to {money(quantiles['p90'])}, "
        f"mean {money(result['mean'])}",
    ]
    if result.get("target") is not None:
        lines.append(f"  Target {money(result['target'])}: reached with probability {text.chance(result['p_target'], result.get('replications'))}")
    lines.append(
        f"  Already booked {money(result['booked'])}, from open deals {money(result['open'])}, "
        f"from deals still to come {money(result['new'])} (means)"
    )
    if plain(result.get("mc_error")) is not None:
        futures = text.count(result.get("replications"))
        lines.append(f"  Monte-Carlo error of the P50 {money(result['mc_error'])}, from {futures} simulated futures")
    floor = plain(result.get("noise_floor"))
    if floor is not None:
        lines.append(f"  Noise floor {text.percent(floor, 1)}: the miss that chance alone leaves to a perfect model")
    known = {name: value for name, value in result.get("baselines", {}).items() if plain(value) is not None}
    if known:
        lines += [
            "",
            columns(["Simple baseline", "Says"], [[_words(name), money(value)] for name, value in known.items()]),
        ]
    lines += [f"\nNote: {note}" for note in notes]
    return "\n".join(lines)


def calibrate_text(result: Data) -> str:
    """Return the parameters of a calibration by status, and its check against the history.

    Parameters
    ----------
    result : mapping
        The JSON shape of ``simsales calibrate``.
    """
    rows = [
        [
            str(row["path"]),
            _value(row["value"]),
            "" if plain(row["low"]) is None else f"{_value(row['low'])} to {_value(row['high'])}",
            "" if plain(row["n"]) is None else text.count(row["n"]),
            str(row["status"]),
        ]
        for row in result["parameters"]
    ]
    statuses = Counter(str(row["status"]) for row in result["parameters"])
    counted = ", ".join(f"{n} {status}" for status, n in statuses.most_common())
    lines = [
        f"{len(rows)} parameters: {counted}",
        "",
        columns(["Parameter", "Estimate", "95 % interval", "n", "Status"], rows),
    ]
    if result.get("check"):
        check = [
            [str(row["measure"]), *(_value(row.get(key)) for key in ("model", "history", "floor"))]
            for row in result["check"]
        ]
        lines += ["", columns(["Check", "Model", "History", "Trace floor"], check)]
    return "\n".join(lines)


def _value(value: Any) -> str:
    value = plain(value)
    if isinstance(value, float) and abs(value) < _NOTHING:
        return "0"
    return value if isinstance(value, str) else text.number(value)


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
