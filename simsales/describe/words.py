"""Small phrases: laws, rates, counts, and anything else briefly."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simsales.model.compensation import CompPlan
from simsales.model.laws import Constant, Law, Uniform
from simsales.model.people import Ramp
from simsales.report import text


def plural(n: int, word: str) -> str:
    """Return a count with its word: 1 stage, 2 stages."""
    return f"{n:,} {word}" + "s" * (n != 1)


def amount(value: float, unit: str) -> str:
    """Return a number with its unit: 1 day, 2 days."""
    first, space, rest = unit.partition(" ")
    one = value == 1.0 and first in ("days", "hours", "months", "leads")
    return text.number(value) + (f" {first[:-1] if one else first}{space}{rest}" if unit else "")


def law(law_: Law, unit: str) -> str:
    """Return a law by its median and its 90 % point.

    Examples
    --------
    >>> law(Uniform(low=2.0, high=4.0), "days")
    '2 to 4 days'
    """
    if isinstance(law_, Constant):
        return amount(law_.median(), unit)
    unit = f" {unit}" if unit else ""
    if isinstance(law_, Uniform):
        return f"{text.number(law_.low)} to {text.number(law_.high)}{unit}"
    import numpy as np  # heavy, and only for this

    p90 = float(law_.quantile(np.array([0.9]))[0])
    return f"median {text.number(law_.median())}{unit}, P90 {text.number(p90)} ({law_.kind})"


def rate(share: float, upto: float | None, *, alone: bool) -> str:
    """Return a commission rate with the attainment up to which it holds."""
    where = f" up to {text.percent(upto)} of quota" if upto else "" if alone else " beyond"
    return text.percent(share, 1) + where


def rates(found: Iterable[Any]) -> str:
    """Return all commission rates of a plan."""
    known = list(found)
    return ", ".join(rate(each.rate, each.upto, alone=len(known) == 1) for each in known) or "no commission"


def ramp(found: Ramp) -> str:
    """Return how quickly a new rep learns."""
    shape = f"by {' / '.join(text.percent(step) for step in found.curve)}" if found.curve else f"from {text.percent(found.start)}"
    return f"ramp {shape} over {amount(found.months, 'months')}"


def brief(value: Any) -> str:
    """Return any value on a few words."""
    if isinstance(value, Law):
        return law(value, "")
    if isinstance(value, dict):
        named = value.get("name") or value.get("to")
        return str(named) if named else " ".join(f"{key} {brief(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return "; ".join(brief(item) for item in value[:4]) + ("; ..." if len(value) > 4 else "")
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return text.number(value) if is_number else str(value).lower() if isinstance(value, bool) else str(value)


def extras(plan: CompPlan, currency: str) -> list[str]:
    """Return what a pay plan has besides base, quota, rates, bonuses and cap."""
    said = []
    if plan.threshold is not None:
        first = "then from the first unit" if plan.threshold_from == "first" else "then on what lies above"
        said.append(f"nothing below {text.percent(plan.threshold)} of quota, {first}")
    said += [f"{text.money(p.amount, currency)} below {text.percent(p.at_below)} of quota" for p in plan.penalties]
    for spiff in plan.spiffs:
        worth = [text.percent(spiff.rate, 1) if spiff.rate else "", f"{text.money(spiff.amount_per_win, currency)} a win" if spiff.amount_per_win else ""]
        where = f" where {spiff.where}" if spiff.where else ""
        said.append(f"SPIFF {spiff.name} {' and '.join(filter(None, worth))} from {spiff.start} to {spiff.until}{where}")
    if plan.draw is not None:
        kind = "recoverable" if plan.draw.recoverable else "not recoverable"
        said.append(f"draw {text.money(plan.draw.amount_per_period, currency)} a {plan.period}, {kind}")
    said += [f"{text.percent(s.share)} credit to {s.role}" + (" on top" if s.overlay else " of the owner's") for s in plan.splits]
    if plan.paid_at == "collection":
        said.append("paid when the cash arrives")
    if plan.clawback is not None:
        said.append(f"{text.percent(plan.clawback.share)} taken back if cancelled within {amount(plan.clawback.within_days, 'days')}")
    if plan.ratchet is not None:
        said.append(f"next quota follows sales by {text.percent(plan.ratchet.up)} up, {text.percent(plan.ratchet.down)} down")
    if plan.ramp_relief:
        said.append("quota reduced while ramping up")
    return said
