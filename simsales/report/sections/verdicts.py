"""What a comparison shows in short, and no more than it shows.

A scenario is called better only where the 95 % interval of its mean difference excludes 0, and the best only where the
paired runs tell it apart from every other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simsales.report import measures, sentences, text
from simsales.report.sections.forecast import Headline
from simsales.report.sections.paired import changed, difference_frame, entries, shape, trials
from simsales.report.view import Card

Row = Mapping[Any, Any]
PAYS = "“{}”: {}"


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
    """Return the comparison in short: a tile for every scenario, and which lose or gain money, bookings or time.

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
    result = shape(comparison)
    kpi = "net" if has_costs(comparison) else "bookings"
    cards = tuple(_card(entry, kpi, currency) for entry in changed(entries(result)))
    said = [*(sentences.leaders(result, "net", currency) if kpi == "net" else ()),
            *(line for name in ("bookings", "cycle_days") for line in sentences.leaders(result, name, currency))]  # fmt: skip
    return Headline(cards, tuple(said)) if said else Headline()


def has_costs(comparison: Any) -> bool:  # noqa: ANN401
    """Return whether a comparison knows what things cost: otherwise net says no more than bookings."""
    found = entries(comparison)
    return any(entry.get("cost") for entry in found) and any(sentences.gap_of(entry, "net") for entry in changed(found))


def _card(entry: Row, kpi: str, currency: str | None) -> Card:
    """Return one scenario as a headline number; muted where it cannot be told from chance."""
    label, gap = f"{entry['name']}: {measures.label(kpi).lower()}", sentences.gap_of(entry, kpi)
    beside = _beside(entry, currency) if kpi == "net" else ""
    if not gap:
        return Card(label, text.UNKNOWN, beside, "unsure")
    found, value = sentences.good(gap, kpi), measures.change(kpi, gap["mean"], currency)
    if found == "same":
        return Card(label, "unchanged", "\n".join(filter(None, ("the same in every replication", beside))))
    low, high = (measures.change(kpi, gap[key], currency) for key in ("low", "high"))
    doubt = "cannot be told from chance" if found == "unclear" else ""
    interval = f"95 % interval of the mean difference:\n{low} to {high}" if low != high else "the same in every replication"
    chance = f"P(better) {sentences.better_chance(gap, trials(entry, kpi))}"
    tone = {"gain": "good", "loss": "bad"}.get(found, "unsure")
    return Card(label, value, "\n".join(filter(None, (doubt, interval, chance, beside))), tone)


def _beside(entry: Row, currency: str | None) -> str:
    """Return the bookings of a scenario, for the tile that shows its net."""
    gap = sentences.gap_of(entry, "bookings")
    if not gap:
        return ""
    if sentences.state(gap) == "same":
        return "bookings unchanged"
    doubt = ", cannot be told from chance" if sentences.state(gap) == "unclear" else ""
    return f"bookings {sentences.with_interval('bookings', gap, currency)}{doubt}"


def verdicts(comparison: Any, currency: str | None = None) -> tuple[str, ...]:  # noqa: ANN401
    """Return what each scenario does to bookings, cost and net, and why a mean and its P(better) disagree where they do.

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
    found = entries(comparison)
    puzzles: dict[str, list[str]] = {}
    for kpi in ("bookings", "cycle_days", "net"):
        for row in difference_frame(comparison, kpi).to_dict("records"):
            puzzles.setdefault(str(row["scenario"]), []).extend(_puzzle(row, kpi))
    said = []
    for entry in changed(found):
        asked = tuple(shape(comparison).get("asked") or ())
        said.append(PAYS.format(entry["name"], sentences.outcome(entry, found[0], currency, asked)))
        said += puzzles.get(str(entry["name"]), [])
    return tuple(said)


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
