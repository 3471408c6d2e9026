"""Pay that drives effort and that nobody can ever earn, or that is taken away: said, since either would look free."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from itertools import product

import numpy as np

from simsales.engine.pay import Usual
from simsales.model.apply import Timeline, as_timeline
from simsales.model.calendars import zone
from simsales.model.compensation import CompPlan, Spiff
from simsales.model.conditions import ATTRIBUTES, holds, parse_condition
from simsales.model.process import Stage
from simsales.model.roster import named_reps
from simsales.model.schema import Model

__all__ = ["unearned"]

ENDS = (1e-6, 1.0 - 1e-6)
"""Amounts beyond these quantiles do not happen."""


def unearned(of: Model | Timeline, until: str | None = None) -> list[str]:
    """Return a note for each SPIFF that nobody can earn, for plans whose people are never credited for a win, and for pay that ends.

    Parameters
    ----------
    of : Model or Timeline
        Of a scenario, all plans that hold at some time.
    until : str, optional
        Last day of the run, an ISO date; absent: by the model's horizon.

    Examples
    --------
    >>> spiff = {"name": "push", "start": "2027-03-01", "until": "2027-03-31", "rate": 0.02, "where": "amount > 5000"}
    >>> m = Model(epoch="2027-01-01", channels=[{"name": "web", "leads_per_week": 1.0}], segments=[{"name": "all", "amount": 100.0}],
    ...           stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}], roles=[{"name": "AE"}],
    ...           reps=[{"role": "AE", "plan": "std"}], plans={"std": {"quota": 9.0, "rates": [{"rate": 0.1}], "spiffs": [spiff]}})
    >>> unearned(m)
    ["Nobody can earn the SPIFF 'push' of plan std: no deal meets amount > 5000."]
    """
    timeline = as_timeline(of)
    end = _last(timeline.model) if until is None else dt.date.fromisoformat(until[:10]) + dt.timedelta(days=1)
    said: dict[str, None] = {}
    seen: dict[tuple[str, Spiff], list[str]] = {}
    for i, regime in enumerate(timeline.regimes):
        begins = regime.start or _first(regime.model)
        later = [other.start for other in timeline.regimes[i + 1 :] if other.start is not None and other.start > begins]
        said |= dict.fromkeys(_uncredited(regime.model))
        for name, plan in regime.model.plans.items():
            for spiff in plan.spiffs:
                seen.setdefault((name, spiff), []).append(_why_not(regime.model, name, spiff, begins, min([*later, end])))
    said |= {
        f"Nobody can earn the SPIFF '{spiff.name}' of plan {name}: {reasons[0]}.": None
        for (name, spiff), reasons in seen.items() if all(reasons)
    }  # fmt: skip
    return [*said, *_ended(timeline), *_credited_less(timeline)]


def _credited_less(timeline: Timeline) -> Iterator[str]:
    """Yield roles whose part in others' wins a change makes smaller or larger: pay goes with it, and effort does not know."""
    if all(regime.model.effort is None for regime in timeline.regimes):
        return
    before = _parts_given(timeline.usual)
    told: dict[str, None] = {}
    for regime in timeline.regimes:
        now = _parts_given(regime.model)
        for role in dict.fromkeys((*before, *now)):
            then, share = before.get(role, 0.0), now.get(role, 0.0)
            if then != share:
                told.setdefault(
                    f"Role '{role}' is credited {share:.0%} of wins of others, where it was {then:.0%}: its pay changes, but effort answers to rates and "
                    "not to shares of credit. Hint: change its rates for that."
                )
    yield from told


def _parts_given(model: Model) -> dict[str, float]:
    """Return the largest share of a win that plans in use credit to each other role."""
    found: dict[str, float] = {}
    for rep in model.reps:
        for split in model.plans[rep.plan].splits if rep.plan is not None else ():
            found[split.role] = max(found.get(split.role, 0.0), split.share)
    return found


def _ended(timeline: Timeline) -> Iterator[str]:
    """Yield whom a change pays nothing for bookings, which the organisation before it does: effort answers to that."""
    usual = Usual(timeline.usual)
    told: dict[str, tuple[int, float]] = {}
    for regime in timeline.regimes:
        effort, heads = regime.model.effort, Counter[str]()
        for rep in named_reps(regime.model):
            plan = regime.model.plans.get(rep.plan or "")
            if effort is not None and effort.elasticity > 0.0 and (plan is None or plan.quota is None) and usual.rate(str(rep.name), rep.role) > 0.0:
                heads[rep.role] += 1
        for role, n in heads.items():
            assert effort is not None  # only then are heads counted
            told[role] = max(told.get(role, (0, 0.0)), (n, effort.minimum))
    for role, (n, least) in told.items():
        yield (
            f"{n} of role '{role}' {'are' if n > 1 else 'is'} paid nothing for bookings, which {timeline.usual.name or 'the base'} pays that role for: effort "
            f"is at its minimum ({least:g}). Hint: name a plan that pays for bookings (plan: at hire), or compare with effort: off."
        )


def _first(model: Model) -> dt.date:
    return model.epoch.astimezone(zone(model.calendar.timezone)).date()


def _last(model: Model) -> dt.date:
    """Return the first date after the model's horizon."""
    return (model.epoch + dt.timedelta(days=model.horizon_days)).astimezone(zone(model.calendar.timezone)).date()


def _why_not(model: Model, name: str, spiff: Spiff, begins: dt.date, ends: dt.date) -> str:
    """Return why nobody can earn a SPIFF between two dates; empty where somebody can."""
    if not any(rep.plan == name for rep in model.reps):
        return "nobody has the plan"
    if spiff.until < begins or spiff.start >= max(ends, begins + dt.timedelta(days=1)):
        return f"it runs from {spiff.start} to {spiff.until}, and the plan pays from {begins} to {ends - dt.timedelta(days=1)}"
    if spiff.where is not None and not _ever(model, spiff.where):
        return f"no deal meets {spiff.where}"
    return ""


def _ever(model: Model, where: str) -> bool:
    """Tell whether any kind of deal meets a condition."""
    clauses = parse_condition(where, ATTRIBUTES)
    products = [(p.name, p.amount_scale) for p in model.products] or [("", 1.0)]
    regions = [(r.name, r.amount_scale) for r in model.regions] or [("", 1.0)]
    for channel in model.channels:
        for segment in model.segments:
            if channel.segments and not channel.segments.get(segment.name):
                continue
            ends = np.asarray(segment.amount.quantile(np.array(ENDS))).tolist()
            for amount, (thing, by_thing), (region, by_region) in product(ends, products, regions):
                deal = {"amount": amount * by_thing * by_region, "segment": segment.name, "channel": channel.name,
                        "product": thing, "region": region}  # fmt: skip
                if holds(clauses, deal):
                    return True
    return False


def _uncredited(model: Model) -> Iterator[str]:
    """Yield plans whose people do work but are credited for no win: they neither own deals nor get a share."""
    owners = _owning_roles(model)
    paid = {rep.role for rep in model.reps if rep.plan is not None and model.plans[rep.plan].quota is not None}
    unpaid = {rep.role for rep in model.reps if rep.plan is None or model.plans[rep.plan].quota is None}
    if not owners or owners & unpaid or not owners & paid:
        return  # nobody works, or who works last with a plan is credited
    shared = {split.role for rep in model.reps if rep.plan is not None for split in model.plans[rep.plan].splits}
    for name, plan in model.plans.items():
        roles = {rep.role for rep in model.reps if rep.plan == name}
        if roles and _pays_for_wins(plan) and not roles & (owners | shared):
            whose = ", ".join(sorted(owners))
            yield (
                f"Plan {name} pays for bookings, but no win is credited to its people ({', '.join(sorted(roles))}): wins are "
                f"those of {whose}. Hint: splits: [{{role: {min(roles)}, share: 1.0, overlay: true}}] in the plan of {whose}."
            )


def _pays_for_wins(plan: CompPlan) -> bool:
    return any(tier.rate for tier in plan.rates) or bool(plan.bonuses or plan.spiffs)


def _owning_roles(model: Model) -> set[str]:
    """Return the roles that may be the first to work on a deal: theirs it is."""
    stages = {stage.name: stage for stage in model.stages}
    todo = [name for channel in model.channels for name in (channel.entry or [model.stages[0].name])]
    seen: set[str] = set()
    found: set[str] = set()
    while todo:
        name = todo.pop()
        if name in seen or name not in stages:
            continue
        seen.add(name)
        first, sure = _first_roles(stages[name])
        found |= first
        if not sure:
            todo += [exit_.to for exit_ in stages[name].exits if exit_.probability > 0]
    return found


def _first_roles(stage: Stage) -> tuple[set[str], bool]:
    """Return who may begin work first in a stage, and whether somebody surely does."""
    roles: set[str] = set()
    for task in stage.tasks:
        if task.part == "assist":
            continue
        roles.add(task.role)
        if task.when is None and stage.when is None:
            return roles, True
    return roles, False
