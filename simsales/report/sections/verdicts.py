"""What a comparison shows in sentences, and no more than it shows.

A scenario is called better only where the 95 % interval of its mean difference excludes 0, and the best only where that
interval does not meet the runner-up's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from simsales.report import measures, text
from simsales.report.sections.forecast import Headline
from simsales.report.sections.paired import difference_frame, entries
from simsales.report.view import Card

Row = Mapping[Any, Any]

_CARDS = 4
CHANCE = "no difference in {} can be told from chance with these replications"
_WORDS = {"bookings": ("raises", "raise", "bookings"), "cycle_days": ("shortens", "shorten", "the cycle")}


def told_apart(row: Row) -> bool:
    """Return whether the interval of a mean difference excludes 0.

    Parameters
    ----------
    row : mapping
        With ``low`` and ``high``; what is not known is not told apart.

    Examples
    --------
    >>> told_apart({"low": 0.5, "high": 1.5}), told_apart({"low": -0.5, "high": 1.5}), told_apart({"low": None, "high": None})
    (True, False, False)
    """
    low, high = row.get("low"), row.get("high")
    return low is not None and high is not None and bool(low > 0 or high < 0)


def scenario_headline(comparison: Any, currency: str | None = None) -> Headline:  # noqa: ANN401
    """Return the comparison in short: which scenarios gain bookings, time or money, as far as that can be told from chance.

    Parameters
    ----------
    comparison : Comparison or dict
        As in :func:`simsales.report.sections.paired.entries`.
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
    base = str(entries(comparison)[0]["name"])
    verdict = [_leading(rows, "bookings", base, currency)]
    cycle = difference_frame(comparison, "cycle_days")
    if len(cycle):
        verdict.append(_leading(cycle, "cycle_days", base, currency))
    return Headline(cards, (*verdict, *_best_net(comparison, currency)))


def _card(row: Row, currency: str | None) -> Card:
    """Return one scenario as a headline number; muted where it cannot be told from chance."""
    low, high = (text.signed(row[key], "money", currency) for key in ("low", "high"))
    tone = "good" if row["low"] > 0 else "bad" if row["high"] < 0 else "unsure"
    note = f"95 % interval of the mean difference:\n{low} to {high}\nP(better) {text.chance(row['p_better'], row.get('n'))}"
    note = note if told_apart(row) else f"cannot be told from chance\n{note}"
    return Card(f"{row['scenario']}: bookings", text.signed(row["difference"], "money", currency), note, tone)


def _ranked(rows: pd.DataFrame, kpi: str) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the best scenario (or none), those that gain about as much, and those that may, since their intervals meet its."""
    sign = -1.0 if measures.better(kpi) == "lower" else 1.0
    ends = rows[["low", "high"]] * sign
    ordered = rows.assign(gain=rows["difference"] * sign, least=ends.min(axis=1, skipna=False), most=ends.max(axis=1, skipna=False))
    found = ordered.sort_values("gain", ascending=False, kind="stable").to_dict("records")
    sure = [row for row in found if row["least"] > 0]
    if not sure:
        return [], [], []
    best = sure[0]
    meets = [row for row in found if row is not best and not row["most"] < best["least"]]
    return [best], [row for row in meets if row["least"] > 0], [row for row in meets if not row["least"] > 0]


def _leading(rows: pd.DataFrame, kpi: str, base: str, currency: str | None) -> str:
    """Return which scenario gains most in a KPI, as far as the intervals tell the scenarios apart."""
    one, many, what = _WORDS[kpi]
    best, alike, perhaps = _ranked(rows, kpi)
    if not best:
        if len(rows) == 1:
            return f"“{rows['scenario'].iloc[0]}” does not {many} {what} beyond chance."
        return f"No scenario {one} {what} beyond chance."
    gain = f"{text.signed(best[0]['difference'], measures.unit(kpi), currency)} on average against “{base}”"
    name = f"“{best[0]['scenario']}”"
    if alike:
        return f"{_sized([*best, *alike], kpi, currency)} {many} {what}; which does most cannot be told: their intervals overlap."
    if perhaps:
        return f"{name} {one} {what}: {gain}. Whether by more than {_listed(perhaps, 'or')} cannot be told from chance."
    if len(rows) == 1:
        return f"{name} {one} {what}: {gain}."
    return f"Most bookings come with {name}: {gain}." if kpi == "bookings" else f"The cycle shortens most with {name}: {gain}."


def _sized(rows: list[Row], kpi: str, currency: str | None) -> str:
    """Return the scenarios of some rows by name, each with its mean difference."""
    return _joined([f"“{row['scenario']}” ({text.signed(row['difference'], measures.unit(kpi), currency)})" for row in rows], "and")


def _listed(rows: list[Row], word: str) -> str:
    """Return the scenarios of some rows by name."""
    return _joined([f"“{row['scenario']}”" for row in rows], word)


def _joined(names: list[str], word: str) -> str:
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _best_net(comparison: Any, currency: str | None) -> list[str]:  # noqa: ANN401
    """Return which scenario is best after cost, where costs are known."""
    rows = difference_frame(comparison, "net")
    if rows.empty or not any(entry.get("cost") for entry in entries(comparison)):
        return []
    best, alike, perhaps = _ranked(rows, "net")
    if not best:
        return ["After cost, none gains beyond chance."]
    if alike:
        return [f"After cost, {_sized([*best, *alike], 'net', currency)} gain; which does most cannot be told: their intervals overlap."]
    gain = text.signed(best[0]["difference"], "money", currency)
    if perhaps:
        others = _listed(perhaps, "or")
        return [f"After cost, “{best[0]['scenario']}” gains {gain}; whether more than {others} cannot be told from chance."]
    if len(rows) == 1:
        return [f"After cost, “{best[0]['scenario']}” gains {gain}."]
    return [f"After cost, “{best[0]['scenario']}” is best: {gain}."]


def verdicts(comparison: Any, currency: str | None = None) -> tuple[str, ...]:  # noqa: ANN401
    """Return what each scenario does to bookings, in a sentence, and why a mean and its P(better) disagree where they do.

    Parameters
    ----------
    comparison : Comparison or dict
        As in :func:`simsales.report.sections.paired.entries`.
    currency : str, optional
        ISO 4217 code.

    Returns
    -------
    tuple of str
        In the order of the scenarios; sentences about other measures only where mean and P(better) disagree.

    Examples
    --------
    >>> gap = {"mean": 5.0, "low": -1.0, "high": 11.0, "p_better": 0.6}
    >>> verdicts({"scenarios": [{"name": "base"}, {"name": "pilot", "difference": {"bookings": gap}}]})
    ('“pilot”: no difference in bookings can be told from chance with these replications.',)
    """
    said = []
    for row in difference_frame(comparison).to_dict("records"):
        said.append(_verdict(row, currency))
        said += _puzzle(row, "bookings")
    said += [line for row in difference_frame(comparison, "cycle_days").to_dict("records") for line in _puzzle(row, "cycle_days")]
    return tuple(said)


def _verdict(row: Row, currency: str | None) -> str:
    """Return what one scenario does to bookings."""
    if not told_apart(row):
        return f"“{row['scenario']}”: {CHANCE.format('bookings')}."
    side = "more" if row["difference"] > 0 else "less"
    return f"“{row['scenario']}”: {text.money(abs(row['difference']), currency)} {side} bookings on average."


def _puzzle(row: Row, kpi: str) -> list[str]:
    """Return why a scenario is better on average but worse more often than not, or the reverse."""
    gain = row["difference"] * (-1 if measures.better(kpi) == "lower" else 1)
    share = row["p_better"]
    if not (abs(share - 0.5) >= 0.005 and gain * (share - 0.5) < 0):  # what rounds to 50 % puzzles nobody
        return []
    head, shown = f"“{row['scenario']}”, {measures.label(kpi).lower()}", text.chance(share, row.get("n"))
    if gain < 0:
        why = "a few bad futures weigh more than many slightly better ones"
        return [f"{head}: worse on average, yet better in {shown} of the replications, because {why}."]
    why = "a few very good futures weigh more than many slightly worse ones"
    return [f"{head}: better on average, yet better in only {shown} of the replications, because {why}."]
