"""What the reader should know before trusting a run: assumptions, gaps, dead ends."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version

from simsales.describe.idle import idle_changes, idle_parts, idle_results, last_day
from simsales.describe.words import plural
from simsales.model.base import AFTER_OUTCOMES, OUTCOMES
from simsales.model.calendars import Calendar
from simsales.model.levers import Change, Scenario
from simsales.model.schema import Exit, Model, Stage


def notes(model: Model) -> list[str]:
    """Return what the reader should know before trusting a run: assumptions, gaps, dead ends."""
    return [*_assumed(model), *_calendar_notes(model), *_unreached(model), *_endless(model), *_without_effect(model), *idle_parts(model), *percents(model)]


def brief_notes(model: Model, file: str) -> list[str]:
    """Return the notes that go with every result: what is assumed in one line, gaps and dead ends in full.

    Examples
    --------
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 1.0}], effort={}, roles=[{"name": "AE"}],
    ...               plans={"std": {"quota": 100.0}}, reps=[{"role": "AE", "plan": "std"}],
    ...               stages=[{"name": "Open", "tasks": [{"role": "AE", "work_hours": 1.0}],
    ...                        "exits": [{"to": "won", "probability": 1.0}]}],
    ...               provenance=[{"path": "a", "status": "assumed"}])
    >>> brief_notes(model, "m.yaml")
    ['parameters: 1 assumed; the reaction of effort to pay is assumed. See simsales check m.yaml']
    """
    statuses = Counter(parameter.status for parameter in model.provenance)
    counts = [f"{statuses[name]:,} {name}" for name in ("assumed", "weakly identified") if statuses[name]]
    said = [f"parameters: {' and '.join(counts)}"] if counts else []
    if model.effort is not None and model.effort.status == "assumed":
        said.append("the reaction of effort to pay is assumed")
    line = [f"{'; '.join(said)}. See simsales check {file}"] if said else []
    return [*line, *_calendar_notes(model), *_unreached(model), *_endless(model), *_without_effect(model), *idle_parts(model)]


def late(scenario: Scenario, model: Model, until: str | None = None, *, results: bool = True) -> list[str]:
    """Return a note for each change that begins when a run is over, or that changes nothing for another reason.

    Parameters
    ----------
    scenario : Scenario
    model : Model
        Gives the last day where `until` does not.
    until : str, optional
        Last day of the run, an ISO date.
    results : bool, default True
        Also what can do nothing in the model that comes out.
    """
    end = last_day(model, until)
    over = [
        f"{scenario.name}: change {i + 1} ({change.kind}) begins on {change.start}, after the run ends on {end}: it changes nothing."
        for i, change in enumerate(scenario.changes)
        if change.start is not None and change.start > end
    ]
    return [*over, *_sizes(scenario, model), *(_assumption(scenario) if model.effort is not None else ()), *idle_changes(scenario, model, until), *(idle_results(scenario, model) if results else [])]


def _assumption(scenario: Scenario) -> Iterator[str]:
    """Yield a scenario that changes pay and switches off how people, in its base, react to pay."""
    paths = [(change.kind, getattr(change, "path", "")) for change in scenario.changes]
    pay = any(kind == "plan" or path.startswith("plans[") or path.endswith("].plan") for kind, path in paths)
    if pay and any(_without_reaction(change) for change in scenario.changes):
        yield f"{scenario.name}: it changes pay and lets nobody react to pay; the difference is of both. Hint: take effort out of the model, for base and scenario alike."


def _without_reaction(change: Change) -> bool:
    """Tell whether a change switches effort off, in whichever way."""
    if change.kind == "effort":
        return bool(getattr(change, "off", False)) or getattr(change, "elasticity", None) == 0.0
    path, to = getattr(change, "path", ""), getattr(change, "to", ...)
    return (path == "effort" and to is None) or (path == "effort.elasticity" and to == 0.0)


def _sizes(scenario: Scenario, model: Model) -> Iterator[str]:
    """Yield changes of what deals are worth where delivery costs a share of that: a price may have been meant."""
    share = model.pricing.unit_cost_share
    for i, change in enumerate(scenario.changes):
        path = getattr(change, "path", "")
        if share and re.search(r"^(segments|products|regions)\[.*\]\.amount(_scale)?($|\.)", path):
            yield (
                f"{scenario.name}: change {i + 1} ({change.kind}) is of the size of deals: delivery, {share:.0%} of it, changes with it. "
                "Hint: for another price of the same deals, whose delivery costs what it did, write price: {segment: ..., by: ...}."
            )


def _assumed(model: Model) -> Iterator[str]:
    for status, words in (
        ("assumed", "assumed, not learnt from data"),
        ("weakly identified", "only weakly identified by the data"),
    ):
        paths = [parameter.path for parameter in model.provenance if parameter.status == status]
        if paths:
            more = f" and {len(paths) - 4} more" if len(paths) > 4 else ""
            yield f"{plural(len(paths), 'parameter')} {words}: {', '.join(paths[:4])}{more}."
    if model.effort is not None and model.effort.status == "assumed":
        yield "The reaction of effort to pay is an assumption; compare with effort: off."


def _without_effect(model: Model) -> Iterator[str]:
    """Yield pay plans, or parts of them, that can never do anything in this model."""
    used = {rep.plan for rep in model.reps}
    for name, plan in model.plans.items():
        if name not in used:
            yield f"Plan {name} is nobody's. Hint: name it at reps, or give a change of the plan its role."
        if plan.clawback is not None and model.terms.cancel_share == 0.0:
            yield f"Plan {name} takes pay back for cancelled deals, but none is ever cancelled. Hint: terms: {{cancel_share: 0.05}}."


def percents(model: Model) -> list[str]:
    """Return notes on shares that look like percentages: a rate of 5 pays five times the bookings.

    Examples
    --------
    >>> percents(Model(channels=[{"name": "web", "leads_per_week": 1.0}], plans={"std": {"quota": 9.0, "rates": [{"rate": 5.0}]}},
    ...                stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}], roles=[{"name": "AE"}],
    ...                reps=[{"role": "AE", "plan": "std"}]))
    ['Plan std pays a commission of 500 % of bookings. Hint: for 5 % write 0.05.']
    """
    return [f"{what}. Hint: for {value:g} % write {value / 100:g}." for what, value in _large(model)]


def _large(model: Model) -> Iterator[tuple[str, float]]:
    for name, plan in model.plans.items():
        for tier in plan.rates:
            if tier.rate > MOST_RATE:
                yield f"Plan {name} pays a commission of {tier.rate:.0%} of bookings".replace("%", " %"), tier.rate
        for words, value in (("is capped at", plan.cap), ("has its threshold at", plan.threshold)):
            if value is not None and value >= MOST_ATTAINMENT:
                yield f"Plan {name} {words} {value:,.0%} of quota".replace("%", " %"), value
    for role, leaving in model.attrition.items():
        if leaving.per_year >= MOST_LEAVING:
            yield f"Every {role} leaves {leaving.per_year:g} times a year", leaving.per_year
    discounts = [("The model", model.pricing.discount), *((f"Segment '{each.name}'", each.discount) for each in model.segments)]
    for whose, law in discounts:
        if law is not None and law.median() > 1.0:
            yield f"{whose} has discounts of more than 100 %", law.median()


MOST_RATE, MOST_ATTAINMENT, MOST_LEAVING = 1.0, 10.0, 5.0
"""Beyond these a share was probably written as a percentage."""


def _calendar_notes(model: Model) -> Iterator[str]:
    last = model.epoch + dt.timedelta(days=model.horizon_days)
    yield from calendar_notes(model.calendar, range(model.epoch.year, last.year + 1))


def calendar_notes(calendar: Calendar, years: range) -> list[str]:
    """Return what is not known about the working days of some years.

    Examples
    --------
    >>> calendar_notes(Calendar(), range(2027, 2028))
    []
    """
    if calendar.country != "CN":
        return []
    import holidays  # heavy: only where China's make-up days matter

    missing = []
    for year in years:
        found = holidays.country_holidays("CN", subdiv=calendar.subdivision, years=year)
        if not any(day.year == year for day in getattr(found, "weekend_workdays", ())):
            missing.append(str(year))
    if not missing:
        return []
    return [
        f"China's make-up working days of {', '.join(missing)} are not known (holidays {version('holidays')}): "
        "the holidays are estimates. Hint: add them under calendar: {extra: [...], off: [...]}."
    ]


def _unreached(model: Model) -> Iterator[str]:
    entered = {name for channel in model.channels for name in channel.entry}
    if any(not channel.entry for channel in model.channels):
        entered.add(model.stages[0].name)
    reached, todo = set(entered), list(entered)
    stages = {stage.name: stage for stage in model.stages}
    while todo:
        for exit_ in every_exit(stages[todo.pop()]):
            for to in (exit_.to, exit_.then):
                if to in stages and to not in reached and exit_.probability > 0:
                    reached.add(to)
                    todo.append(to)
    for stage in model.stages:
        if stage.name not in reached:
            yield f"No deal ever reaches stage '{stage.name}'."
    if not any(e.to == "won" and e.probability > 0 for name in sorted(reached) for e in every_exit(stages[name])):
        yield "No deal can ever be won."


def _endless(model: Model) -> Iterator[str]:
    """Yield stages from which no outcome can be reached."""
    ends = {name for stage in model.stages for name in [stage.name] if _leaves(stage, {*OUTCOMES, *AFTER_OUTCOMES})}
    grown = True
    while grown:
        more = {s.name for s in model.stages if s.name not in ends and _leaves(s, ends)}
        grown = bool(more)
        ends |= more
    for stage in model.stages:
        if stage.name not in ends:
            yield f"From stage '{stage.name}' no outcome can be reached; deals end there by max_visits only."


def _leaves(stage: Stage, targets: set[str]) -> bool:
    return any(e.to in targets and e.probability > 0 for e in every_exit(stage))


def every_exit(stage: Stage) -> tuple[Exit, ...]:
    """Return the exits of a stage with those of its contexts."""
    return (*stage.exits, *(exit_ for context in stage.contexts for exit_ in context.exits))
