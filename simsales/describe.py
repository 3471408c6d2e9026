"""Say in words what a model or scenario holds, for ``simsales check``."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from simsales.model.apply import Timeline
from simsales.model.base import OUTCOMES
from simsales.model.calendars import Calendar
from simsales.model.laws import Law
from simsales.model.levers import Change, Scenario
from simsales.model.schema import MONTHS, Channel, Exit, Model, Stage
from simsales.report import text


def describe_model(model: Model) -> list[str]:
    """Return lines that a manager can check against what they know.

    Examples
    --------
    >>> model = Model(name="tiny", channels=[{"name": "web", "leads_per_week": 10.0}],
    ...               stages=[{"name": "Open", "exits": [{"to": "won", "probability": 0.25, "delay_days": 30},
    ...                                                  {"to": "lost", "probability": 0.75}]}])
    >>> print(describe_model(model)[0])
    tiny: 1 stage, 1 channel, 1 segment, no reps; USD; from 2027-01-01 for 365 days
    """
    lines = [_headline(model)]
    lines += [f"  Channel {_channel(channel)}" for channel in model.channels]
    lines += [f"  Segment {segment.name}: amount {_law(segment.amount, model.currency)}" for segment in model.segments]
    lines += [line for stage in model.stages for line in _stage(stage)]
    lines += [f"  {line}" for line in _people(model)]
    lines += [f"  Plan {name}: {_plan(model, name)}" for name in model.plans]
    if model.effort is not None:
        elasticity = text.number(model.effort.elasticity)
        lines.append(f"  Effort reacts to marginal pay with elasticity {elasticity} ({model.effort.status})")
    return lines


def notes(model: Model) -> list[str]:
    """Return what the reader should know before trusting a run: assumptions, gaps, dead ends."""
    return [*_assumed(model), *_calendar_notes(model), *_unreached(model), *_endless(model)]


def brief_notes(model: Model, file: str) -> list[str]:
    """Return the notes that go with every result: what is assumed in one line, gaps and dead ends in full.

    Examples
    --------
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 1.0}], effort={},
    ...               stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}],
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
    return [*line, *_calendar_notes(model), *_unreached(model), *_endless(model)]


def describe_scenario(scenario: Scenario, timeline: Timeline | None = None) -> list[str]:
    """Return what a scenario changes, one line a change.

    Parameters
    ----------
    scenario : Scenario
    timeline : Timeline, optional
        The scenario applied to its base; says from when which model holds.
    """
    head = f"{scenario.name}: {_plural(len(scenario.changes), 'change')}"
    lines = [head + (f" of {scenario.base}" if scenario.base else "")]
    if scenario.description:
        lines.append(f"  {scenario.description}")
    lines += [f"  {i + 1}. {_change(change)}" for i, change in enumerate(scenario.changes)]
    if timeline is not None and len(timeline.regimes) > 1:
        starts = ", ".join(str(r.start or "the beginning") for r in timeline.regimes)
        lines.append(f"  Rules change at: {starts}")
    return lines


def late(scenario: Scenario, model: Model, until: str | None = None) -> list[str]:
    """Return a note for each change that begins when a run is over.

    Parameters
    ----------
    scenario : Scenario
    model : Model
        Gives the last day where `until` does not.
    until : str, optional
        Last day of the run, an ISO date.
    """
    end = (model.epoch + dt.timedelta(days=model.horizon_days)).date() if until is None else dt.date.fromisoformat(until[:10])
    return [
        f"{scenario.name}: change {i + 1} ({change.kind}) begins on {change.start}, after the run ends on {end}: it changes nothing."
        for i, change in enumerate(scenario.changes)
        if change.start is not None and change.start > end
    ]


def _plural(n: int, word: str) -> str:
    return f"{n:,} {word}" + "s" * (n != 1)


def _headline(model: Model) -> str:
    reps = sum(rep.count for rep in model.reps)
    parts = [
        _plural(len(model.stages), "stage"),
        _plural(len(model.channels), "channel"),
        _plural(len(model.segments), "segment"),
        _plural(reps, "rep") if reps else "no reps",
    ]
    horizon = f"from {model.epoch.date()} for {text.number(model.horizon_days)} days"
    return f"{model.name}: {', '.join(parts)}; {model.currency}; {horizon}"


def _channel(channel: Channel) -> str:
    facts = [f"{channel.name}: {text.number(channel.leads_per_week)} leads a week"]
    if channel.trend_per_year:
        facts.append(f"{text.percent(channel.trend_per_year, 1)} growth a year")
    if channel.season:
        facts.append("seasonal" if len(channel.season) == len(MONTHS) else f"season in {', '.join(channel.season)}")
    if len(channel.segments) > 1:
        facts.append(", ".join(f"{name} {text.percent(share)}" for name, share in channel.segments.items()))
    return "; ".join(facts)


def _law(law: Law, unit: str) -> str:
    """Return a law by its median and its 90 % point."""
    if law.kind == "constant":
        return f"{text.number(law.median())} {unit}"
    p90 = float(law.quantile(_ninety())[0])
    return f"median {text.number(law.median())} {unit}, P90 {text.number(p90)} ({law.kind})"


def _ninety() -> Any:
    import numpy as np  # heavy, and only for this

    return np.array([0.9])


def _stage(stage: Stage) -> Iterator[str]:
    head = f"  Stage {stage.name}"
    if stage.when:
        head += f" (only when {stage.when})"
    work = "; ".join(f"{task.role} works {_law(task.work_hours, 'hours')}" for task in stage.tasks)
    yield f"{head}: {work}" if work else head
    if stage.patience_days is not None:
        yield f"    waits for a rep at most {_law(stage.patience_days, 'days')}"
    for exit_ in stage.exits:
        yield f"    {text.percent(exit_.probability, 1):>7} {_exit(exit_)}"


def _exit(exit_: Exit) -> str:
    if exit_.to == "open":
        return "are never closed by anybody"
    return f"to {exit_.to} after {_law(exit_.delay_days, 'days')}"


def _people(model: Model) -> Iterator[str]:
    counts = Counter[str]()
    for rep in model.reps:
        counts[rep.role] += rep.count
    for role in model.roles:
        yield f"Role {role.name}: {_plural(counts[role.name], 'rep')}, routing {role.routing}, queue {role.queue}"
    calendar = model.calendar
    if calendar.is_always_open():
        yield "Calendar: always open"
    else:
        where = f"{calendar.country} holidays" if calendar.country else "no holidays"
        yield f"Calendar: {calendar.days} {calendar.hours} {calendar.timezone}, {where}"


def _plan(model: Model, name: str) -> str:
    plan = model.plans[name]
    rates = ", ".join(_rate(rate.rate, rate.upto, alone=len(plan.rates) == 1) for rate in plan.rates)
    bonuses = ", ".join(f"{text.money(b.amount, model.currency)} at {text.percent(b.at)}" for b in plan.bonuses)
    facts = [
        f"base {text.money(plan.base, model.currency)} a year",
        f"quota {text.money(plan.quota, model.currency)} a {plan.period}",
        f"commission {rates}" if rates else "no commission",
        f"bonus {bonuses}" if bonuses else "",
        f"capped at {text.percent(plan.cap)} of quota" if plan.cap else "",
    ]
    return "; ".join(fact for fact in facts if fact)


def _change(change: Change) -> str:
    body = change.model_dump(by_alias=True, exclude_defaults=True)[change.kind]
    body = {key: value for key, value in body.items() if key not in ("start", "ramp_days", "adoption", "cost")}
    said = ", ".join(f"{key} {_field(key, value)}" for key, value in body.items())
    start = f"from {change.start}" if change.start else "from the beginning"
    ramp = f", over {text.number(change.ramp_days)} days" if change.ramp_days else ""
    share = f", {text.percent(change.adoption)} of deals" if change.adoption < 1 else ""
    cost = ""
    if change.cost.once or change.cost.per_year:
        amounts = ((change.cost.once, "once"), (change.cost.per_year, "a year"))
        cost = ", costs " + " and ".join(f"{text.number(amount)} {when}" for amount, when in amounts if amount)
    return f"{change.kind} {said} ({start}{ramp}{share}{cost})"


def _field(key: str, value: Any) -> str:
    """Return a field of a change: rates, bonuses and ramps in words, anything else briefly."""
    if key == "rates" and value:
        return ", ".join(_rate(rate.get("rate", 0.0), rate.get("upto"), alone=len(value) == 1) for rate in value)
    if key == "bonuses" and value:
        return ", ".join(f"{text.number(item['amount'])} at {text.percent(item['at'])} of quota" for item in value)
    if key == "ramp" and value:
        started = f"from {text.percent(value['start'])} " if "start" in value else ""
        return f"{started}over {text.number(value['months'])} months"
    return _brief(value)


def _rate(rate: float, upto: float | None, *, alone: bool) -> str:
    where = f" up to {text.percent(upto)} of quota" if upto else "" if alone else " beyond"
    return text.percent(rate, 1) + where


def _brief(value: Any) -> str:
    if isinstance(value, dict):
        named = value.get("name") or value.get("to")
        return str(named) if named else " ".join(f"{key} {_brief(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return "; ".join(_brief(item) for item in value[:4]) + ("; ..." if len(value) > 4 else "")
    return text.number(value) if isinstance(value, float) else str(value)


def _assumed(model: Model) -> Iterator[str]:
    for status, words in (
        ("assumed", "assumed, not learnt from data"),
        ("weakly identified", "only weakly identified by the data"),
    ):
        paths = [parameter.path for parameter in model.provenance if parameter.status == status]
        if paths:
            more = f" and {len(paths) - 4} more" if len(paths) > 4 else ""
            yield f"{_plural(len(paths), 'parameter')} {words}: {', '.join(paths[:4])}{more}."
    if model.effort is not None and model.effort.status == "assumed":
        yield "The reaction of effort to pay is an assumption; compare with effort: off."


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
        for exit_ in stages[todo.pop()].exits:
            if exit_.to in stages and exit_.to not in reached and exit_.probability > 0:
                reached.add(exit_.to)
                todo.append(exit_.to)
    for stage in model.stages:
        if stage.name not in reached:
            yield f"No deal ever reaches stage '{stage.name}'."
    if not any(e.to == "won" and e.probability > 0 for name in sorted(reached) for e in stages[name].exits):
        yield "No deal can ever be won."


def _endless(model: Model) -> Iterator[str]:
    """Yield stages from which no outcome can be reached."""
    ends = {name for stage in model.stages for name in [stage.name] if _leaves(stage, set(OUTCOMES))}
    grown = True
    while grown:
        more = {s.name for s in model.stages if s.name not in ends and _leaves(s, ends)}
        grown = bool(more)
        ends |= more
    for stage in model.stages:
        if stage.name not in ends:
            yield f"From stage '{stage.name}' no outcome can be reached; deals end there by max_visits only."


def _leaves(stage: Stage, targets: set[str]) -> bool:
    return any(e.to in targets and e.probability > 0 for e in stage.exits)
