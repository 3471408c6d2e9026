"""What a comparison says in sentences, the same on the terminal and on the page: each scenario by itself, and who leads.

Everything is read from the public JSON shape. Three states are kept apart: what is exactly the same, what is told from
chance, and what is not told from it. A loss that is sure comes first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simsales.report import amounts, measures, text

__all__ = ["CHANCE", "LOOKS", "Gap", "better_chance", "gap_of", "good", "leaders", "looks", "outcome", "pair_of", "state", "with_interval"]

Gap = Mapping[str, Any]
CHANCE = "no difference in {} can be told from chance with these replications"
LOOKS = (
    "Who leads is told by the paired runs of each two scenarios. Among {pairs} pairs some differ by luck alone, so a lead counts only "
    "where its interval, widened for so many looks (Bonferroni), stays on one side of zero."
)


def gap_of(entry: Mapping[str, Any], kpi: str) -> dict[str, float]:
    """Return the difference of a scenario in one KPI as numbers; empty where it is not known.

    Examples
    --------
    >>> gap_of({"difference": {"won": {"mean": 1.0, "low": 0.5, "high": 1.5, "p_better": None}}}, "won")["low"]
    0.5
    """
    found = (entry.get("difference") or {}).get(kpi) or {}
    if math.isnan(amounts.known(found.get("mean"))):
        return {}
    numbers = {key: amounts.known(value) for key, value in found.items()}
    return {"low": math.nan, "high": math.nan, "p_better": math.nan} | numbers


def state(gap: Gap) -> str:
    """Return what is known of a difference: ``same`` (exactly 0 in every replication), ``more``, ``less`` or ``unclear``.

    Examples
    --------
    >>> [state({"mean": 1.0, "low": low, "high": high}) for low, high in ((0.5, 1.5), (-0.5, 2.5), (-2.0, -1.0))]
    ['more', 'unclear', 'less']
    >>> state({"mean": 0.0, "low": 0.0, "high": 0.0}), state({"mean": 1.0, "low": None, "high": None})
    ('same', 'unclear')
    """
    mean, low, high = (amounts.known(gap.get(key)) for key in ("mean", "low", "high"))
    if mean == low == high == 0.0:
        return "same"
    return "more" if low > 0 else "less" if high < 0 else "unclear"


def good(gap: Gap, kpi: str) -> str:
    """Return the state of a difference by what it is worth: ``gain``, ``loss``, ``same`` or ``unclear``."""
    found = state(gap)
    if found in ("same", "unclear"):
        return found
    return "gain" if (found == "more") == (measures.better(kpi) != "lower") else "loss"


def with_interval(kpi: str, gap: Gap, currency: str | None, show: Callable[[Any], str] | None = None) -> str:
    """Return a difference with its 95 % interval; without one where it is the same in every replication, or not known."""
    shown = show or (lambda value: measures.change(kpi, value, currency))
    low, high = amounts.known(gap.get("low")), amounts.known(gap.get("high"))
    mean = shown(gap["mean"])
    if math.isnan(low) or low == high:
        return mean
    return f"{mean} ({shown(low)} to {shown(high)})"


def better_chance(gap: Gap, n: Any = None) -> str:  # noqa: ANN401 - number or None
    """Return P(better) as text: with what so many replications can show; empty where more is neither good nor bad.

    Examples
    --------
    >>> better_chance({"mean": 2.0, "low": 1.0, "high": 3.0, "p_better": 1.0}, 30)
    '30 of 30: at least 90 %'
    >>> better_chance({"mean": 0.0, "low": 0.0, "high": 0.0, "p_better": 0.5}, 30)
    'same in all 30'
    """
    trials = gap.get("n") or n
    if math.isnan(amounts.known(gap.get("p_better"))):
        return ""
    if state(gap) == "same":
        return f"same in all {text.count(trials)}" if trials else "always the same"
    return text.chance(gap["p_better"], trials)


def outcome(entry: Mapping[str, Any], base: Mapping[str, Any], currency: str | None, kpis: Sequence[str] = ()) -> str:
    """Return what one scenario does, in a sentence without its name: bookings, cost and net, a sure loss first.

    Parameters
    ----------
    entry, base : mapping
        Of the scenario and of the base, in the JSON shape of ``simsales compare``.
    currency : str, optional
        ISO 4217 code.
    kpis : sequence of str
        Further KPIs to speak of, where they differ.

    Examples
    --------
    >>> same, loss = {"mean": 0.0, "low": 0.0, "high": 0.0}, {"mean": -5e7, "low": -5e7, "high": -5e7}
    >>> dear = {"difference": {"bookings": same, "cost": {"mean": 5e7, "low": 5e7, "high": 5e7}, "net": loss}}
    >>> outcome(dear, {}, "USD")
    'bookings unchanged; costs $50.0M more: net -$50.0M.'
    """
    book = gap_of(entry, "bookings")
    first, cost, net = _bookings(book, currency), _cost(gap_of(entry, "cost"), currency), _net(entry, base, currency)
    further = [_further(entry, kpi, currency) for kpi in kpis if kpi not in ("bookings", "cost", "net", "cycle_days")]
    lost = state(gap_of(entry, "net")) == "less"
    if lost and state(book) in ("more", "unclear"):
        parts = [f"{net}, a loss", first, cost, *further]
        return "; ".join(filter(None, parts)) + "."
    money = f"{cost}: {net}" if cost and net else cost or net
    return "; ".join(filter(None, [first, money, *further])) + "."


def _bookings(gap: Gap, currency: str | None) -> str:
    if not gap:
        return "bookings are not known"
    found = state(gap)
    if found == "same":
        return "bookings unchanged"
    if found == "unclear":
        return CHANCE.format("bookings")
    mean, *sides = (text.money(value, currency) for value in (abs(gap["mean"]), *sorted(abs(gap[key]) for key in ("low", "high"))))
    return f"{mean} {found} bookings" + ("" if gap["low"] == gap["high"] else f" ({sides[0]} to {sides[1]})")


def _cost(gap: Gap, currency: str | None) -> str:
    if not gap or state(gap) not in ("more", "less"):
        return ""
    return f"costs {text.money(abs(gap['mean']), currency)} {state(gap)}"


def _net(entry: Mapping[str, Any], base: Mapping[str, Any], currency: str | None) -> str:
    """Return what a scenario does to net: with its interval, or that it cannot be told from zero."""
    gap = gap_of(entry, "net")
    if entry.get("cost") == 0 == base.get("cost"):
        return ""  # without any cost net says no more than bookings
    if not gap:
        known = [amounts.known(side.get("net")) for side in (entry, base)]
        return "" if any(map(math.isnan, known)) else f"net {measures.change('net', known[0] - known[1], currency)}"
    found = state(gap)
    if found == "same":
        return "net unchanged"
    if found == "unclear" and not math.isnan(gap["low"]):
        return f"net cannot be told from zero: {with_interval('net', gap, currency)}"
    return f"net {with_interval('net', gap, currency)}"


def _further(entry: Mapping[str, Any], kpi: str, currency: str | None) -> str:
    gap = gap_of(entry, kpi)
    if not gap or state(gap) not in ("more", "less"):
        return ""
    label = measures.label(kpi)
    return f"{label[:1].lower()}{label[1:]} {with_interval(kpi, gap, currency)}"


@dataclass(frozen=True)
class Words:
    """How a KPI is spoken of: what one scenario does, what several do, and what leads."""

    gain: tuple[str, str]
    loss: tuple[str, str]
    none: tuple[str, str]
    lead: str
    after: str = ""


_WORDS = {
    "bookings": Words(("raises bookings", "raise bookings"), ("lowers bookings", "lower bookings"),
                      ("leaves bookings unchanged", "changes bookings"), "Most bookings come with {}"),
    "cycle_days": Words(("shortens the cycle", "shorten the cycle"), ("lengthens the cycle", "lengthen the cycle"),
                        ("leaves the cycle unchanged", "changes the cycle"), "The cycle shortens most with {}"),
    "net": Words(("gains", "gain"), ("loses", "lose"), ("neither gains nor loses", "gains or loses"), "{} is best", "After cost, "),
}  # fmt: skip


def pair_of(result: Mapping[str, Any], first: Mapping[str, Any], second: Mapping[str, Any], kpi: str) -> dict[str, float]:
    """Return the difference of two scenarios in a KPI, `first` less `second`, from their paired runs.

    Where a result holds no paired difference of the two, their intervals against the base are added: an interval that is
    too wide for any two runs, so what it tells apart is told apart.

    Parameters
    ----------
    result : mapping
        The JSON shape of ``simsales compare``.
    first, second : mapping
        Two of its scenarios.
    kpi : str
    """
    names = (first["name"], second["name"])
    for pair in result.get("pairwise") or ():
        if {pair["first"], pair["second"]} != set(names) or not gap_of(pair, kpi):
            continue
        found = gap_of(pair, kpi)
        found = {"low_joint": found["low"], "high_joint": found["high"]} | found
        return found if pair["first"] == names[0] else _turned(found)
    a, b = gap_of(first, kpi), gap_of(second, kpi)
    mean, wide = a["mean"] - b["mean"], sum((gap["high"] - gap["low"]) / 2.0 for gap in (a, b))
    ends = {"low": mean - wide, "high": mean + wide}
    return {"mean": mean, **ends, "low_joint": ends["low"], "high_joint": ends["high"]}


def _turned(gap: Gap) -> dict[str, float]:
    """Return a difference the other way round."""
    turned = {"mean": -gap["mean"], "low": -gap["high"], "high": -gap["low"]}
    return turned | {"low_joint": -gap["high_joint"], "high_joint": -gap["low_joint"]}


def _ahead(pair: Gap, kpi: str) -> str:
    """Return whether the first of a pair is better: ``sure`` with all pairs looked at, ``alone`` by itself only, ``same``, ``no``."""
    joint = {"mean": pair["mean"], "low": pair["low_joint"], "high": pair["high_joint"]}
    if state(pair) == "same":
        return "same"
    return "sure" if good(joint, kpi) == "gain" else "alone" if good(pair, kpi) == "gain" else "no"


def leaders(result: Mapping[str, Any], kpi: str, currency: str | None = None) -> list[str]:
    """Return who gains, who loses and who leads in a KPI, as far as the paired runs tell.

    Parameters
    ----------
    result : mapping
        The JSON shape of ``simsales compare``.
    kpi : {'bookings', 'cycle_days', 'net'}
    currency : str, optional
        ISO 4217 code.

    Returns
    -------
    list of str
        For net sure losses first; nothing where the KPI is not known.
    """
    base, *others = result["scenarios"]
    known = [entry for entry in others if gap_of(entry, kpi)]
    if not known:
        return []
    losses = _losses(known, kpi, currency)
    gains = _gains(result, known, kpi, currency, str(base["name"]), lost=bool(losses))
    return [*losses, *gains] if kpi == "net" else [*gains, *losses]


def looks(result: Mapping[str, Any]) -> list[str]:
    """Return how rankings allow for many looks, where there are three scenarios or more.

    Examples
    --------
    >>> looks({"scenarios": [{}, {}, {}]}), len(looks({"scenarios": [{}, {}, {}, {}]}))
    ([], 1)
    """
    n = len(result["scenarios"]) - 1
    return [LOOKS.format(pairs=n * (n - 1) // 2)] if n > 2 else []  # noqa: PLR2004 - two make one pair


def _losses(known: Sequence[Mapping[str, Any]], kpi: str, currency: str | None) -> list[str]:
    words, lost = _WORDS[kpi], [entry for entry in known if good(gap_of(entry, kpi), kpi) == "loss"]
    if not lost:
        return []
    lost = sorted(lost, key=lambda entry: -abs(gap_of(entry, kpi)["mean"]))
    if kpi == "net":
        said = [f"“{entry['name']}” loses {text.money(abs(gap_of(entry, kpi)['mean']), currency)}" for entry in lost]
        return [f"{words.after}{_joined(said, 'and')}."]
    return [f"{_sized(lost, kpi, currency)} {words.loss[len(lost) > 1]}."]


def _gains(result: Mapping[str, Any], known: Sequence[Mapping[str, Any]], kpi: str, currency: str | None, base: str, *, lost: bool) -> list[str]:  # fmt: skip
    words, sign = _WORDS[kpi], -1.0 if measures.better(kpi) == "lower" else 1.0
    ordered = sorted(known, key=lambda entry: -sign * gap_of(entry, kpi)["mean"])
    gained = [entry for entry in ordered if good(gap_of(entry, kpi), kpi) == "gain"]
    if not gained:
        return _no_gain(known, kpi, lost=lost)
    best, rest = gained[0], [entry for entry in ordered if entry is not gained[0]]
    name, size = f"“{best['name']}”", measures.change(kpi, gap_of(best, kpi)["mean"], currency)
    by = f"{size} on average against “{base}”"
    if not rest:
        return [f"{words.after}{name} gains {by}." if kpi == "net" else f"{name} {words.gain[0]}: {by}."]
    pairs = {entry["name"]: pair_of(result, best, entry, kpi) for entry in rest}
    open_ = [entry for entry in rest if good(gap_of(entry, kpi), kpi) in ("gain", "unclear")]  # the others are behind by their own interval
    rivals = [entry for entry in open_ if _ahead(pairs[entry["name"]], kpi) != "sure"]
    if not rivals:
        return [f"{words.after}{words.lead.format(name)}: {by}, {_by_pair(rest[0], pairs, kpi, currency)}."]
    alike = [entry for entry in rivals if entry in gained]
    shown = rivals[0] if not alike else alike[0]
    told = _doubt(best, shown, pairs[shown["name"]], kpi, currency)
    if alike:
        return [f"{words.after}{_sized([best, *alike], kpi, currency)} {words.gain[1]}; {told}"]
    verb = f"gains {by}" if kpi == "net" else f"{words.gain[0]}: {by}"
    return [f"{words.after}{name} {verb}; whether more than {_listed(rivals, 'or')} cannot be told from chance."]


def _by_pair(other: Mapping[str, Any], pairs: Mapping[str, Gap], kpi: str, currency: str | None) -> str:
    """Return by how much the leader is ahead of the next."""
    pair = pairs[other["name"]]
    sides = sorted(abs(pair[key]) for key in ("low", "high"))
    size = [measures.change(kpi, value, currency).removeprefix("+") for value in (abs(pair["mean"]), *sides)]
    ends = "" if sides[0] == sides[1] else f" ({size[1]} to {size[2]} in paired runs)"
    more = "shorter" if kpi == "cycle_days" else "more"
    return f"{size[0]} {more} than “{other['name']}”, the next{ends}"


def _doubt(best: Mapping[str, Any], other: Mapping[str, Any], pair: Gap, kpi: str, currency: str | None) -> str:
    """Return why the leader is not called the best."""
    found = _ahead(pair, kpi)
    if found == "same":
        return f"“{best['name']}” and “{other['name']}” come to the same."
    less = f"“{best['name']}” minus “{other['name']}” is {with_interval(kpi, pair, currency)} in paired runs"
    if found == "alone":
        return f"{less}: a lead by itself, but among so many pairs one of this size may be luck."
    return f"which does most cannot be told: {less}."


def _no_gain(known: Sequence[Mapping[str, Any]], kpi: str, *, lost: bool) -> list[str]:
    words, states = _WORDS[kpi], [good(gap_of(entry, kpi), kpi) for entry in known]
    if len(known) == 1 and lost:
        return []
    if len(known) == 1:
        name = f"“{known[0]['name']}”"
        if states[0] == "same":
            return [f"{words.after}{name} {words.none[0]}."]
        return [f"{words.after}{name} does not {words.gain[1]} beyond chance."]
    if set(states) == {"same"}:
        return [f"{words.after}{'no' if words.after else 'No'} scenario {words.none[1]}."]
    if "unclear" not in states:
        return [f"{words.after}{'none' if words.after else 'No scenario'} {words.gain[0]}."]
    return [f"{words.after}{'none' if words.after else 'No scenario'} {words.gain[0]} beyond chance."]


def _sized(rows: Sequence[Mapping[str, Any]], kpi: str, currency: str | None) -> str:
    """Return the scenarios of some rows by name, each with its mean difference."""
    return _joined([f"“{row['name']}” ({measures.change(kpi, gap_of(row, kpi)['mean'], currency)})" for row in rows], "and")


def _listed(rows: Sequence[Mapping[str, Any]], word: str) -> str:
    """Return the scenarios of some rows by name."""
    return _joined([f"“{row['name']}”" for row in rows], word)


def _joined(names: list[str], word: str) -> str:
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
