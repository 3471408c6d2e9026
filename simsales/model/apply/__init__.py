"""Apply a scenario to a model: the result is a timeline of models that hold one after another.

Changes without a date hold from the beginning; dated ones begin a new regime. A deal that enters a
stage takes the latest regime that has begun and that it adopts (a keyed draw against adoption and
ramp-in), so the same deal decides alike in every scenario. A change that is not for all deals (a condition, an adoption
below 1, a ramp that is still rising) branches: later changes go on with it for the deals that have it, and without it for
all others.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from simsales.errors import InvalidModelError, did_you_mean, got
from simsales.model import levers
from simsales.model.apply import market, people, process, tasks
from simsales.model.apply.sampling import checked_ends, sampled
from simsales.model.apply.scope import check_scope
from simsales.model.apply.timeline import Adoption, DatedCost, DatedDip, Regime, Timeline, Uncertain, as_timeline
from simsales.model.apply.ways import merged
from simsales.model.base import Value
from simsales.model.calendars import zone
from simsales.model.check.names import unknown_names
from simsales.model.conditions import ATTRIBUTES, parse_condition, together
from simsales.model.schema import Model

__all__ = ["Adoption", "DatedCost", "DatedDip", "Regime", "Timeline", "Uncertain", "Value", "apply", "as_timeline", "merged",
           "sampled"]  # fmt: skip

STEPS: dict[str, Callable[[Any, Model], Model]] = {**process.STEPS, **tasks.STEPS, **people.STEPS, **market.STEPS}
PILOTS = ("stages", "handoff")
"""What a change with a condition may touch: what happens to a deal, not where it comes from or who is there."""
BOTS = ("roles", "reps", "calendars")
"""What a bot adds besides: it changes nothing for deals that do not come to it."""


MOST = 256
"""Regimes of one timeline: eight partial changes that overlap."""

_Condition = tuple[Adoption | None, str | None]


@dataclass
class _Branch:
    """The model of all deals for which some conditions hold."""

    conditions: tuple[_Condition, ...]
    model: Model
    last: int


def apply(scenario: levers.Scenario, model: Model) -> Timeline:
    """Return `model` changed by `scenario`.

    Parameters
    ----------
    scenario : Scenario
    model : Model

    Returns
    -------
    Timeline
        With the central values of uncertain numbers.

    Raises
    ------
    InvalidModelError
        If a change does not fit the model; the message names the change and the rule.

    Examples
    --------
    >>> base = Model(channels=[{"name": "web", "leads_per_week": 10.0}],
    ...              stages=[{"name": "Open", "exits": [{"to": "won", "probability": 0.2},
    ...                                                 {"to": "lost", "probability": 0.8}]}])
    >>> change = {"set": {"path": "stages[Open].exits[won].probability", "to": 0.3}}
    >>> better = apply(levers.Scenario(changes=[change]), base).last
    >>> [round(e.probability, 6) for e in better.stages[0].exits]
    [0.3, 0.7]
    """
    if not isinstance(scenario, levers.Scenario) or not isinstance(model, Model):
        order = " Hint: the scenario comes first: apply(scenario, model)." * (isinstance(scenario, Model) and isinstance(model, levers.Scenario))
        message = f"apply must be given a Scenario and a Model, got {got(scenario)} and {got(model)}.{order}"
        raise InvalidModelError(message)
    timeline = _applied(scenario, model)
    if any(change.uncertain for change in scenario.changes):
        checked_ends(scenario, lambda ends: _applied(ends, model))
        return replace(timeline, uncertain=Uncertain(scenario, model))
    return timeline


def _applied(scenario: levers.Scenario, model: Model) -> Timeline:
    numbered = [(i, _dated(change, model)) for i, change in enumerate(scenario.changes)]
    numbered.sort(key=lambda item: (_starts(item[1]) is not None, _starts(item[1]) or dt.date.min))
    regimes = [Regime(model)]
    branches = [_Branch((), model, 0)]
    wrong: list[tuple[int, str]] = []
    for i, change in numbered:
        try:
            _take(change, regimes, branches)
        except ValueError as error:
            wrong.append((i, _explain(error, i, change)))
    if wrong:  # all of them, in the order of the file
        raise InvalidModelError("\n".join(text for _, text in sorted(wrong)))
    costs, dips = _costs(scenario), _dips(scenario, regimes[-1].model)
    return Timeline(scenario.name, _with_calendars(regimes), costs, dips, base=model, begins=_begins(scenario))


def _take(change: levers.Change, regimes: list[Regime], branches: list[_Branch]) -> None:
    """Let every branch go on with a change; one that is not for all deals begins new branches."""
    start = _starts(change)
    _for_all(change)
    if change.where is not None:
        _known_names(change.where, branches[0].model)
    _settle(start, branches)
    share = _share(change)
    own: _Condition = (share, change.where)
    for branch in tuple(branches):
        changed = STEPS[change.kind](change, branch.model)
        _same_frame(start, branch.model, changed)
        check_scope(change, start, branch.model, changed)
        conditions = branch.conditions
        if not together(*(text for _, text in conditions), change.where)[1]:
            continue  # two pilots of different deals: nobody is in both
        if own != (None, None) and own not in conditions:
            if change.where is not None:
                _of_deals_only(change, branch.model, changed)
            conditions = (*conditions, own)
            if any(other.conditions == conditions for other in branches):
                continue  # that branch exists: it takes the change itself
        _go_on(branch, branches, regimes, _regime(change, changed, start, conditions), conditions)
    if len(regimes) > MOST:
        message = f" must leave at most {MOST} rules side by side, got {len(regimes)}. Hint: let fewer changes ramp in at once"
        raise ValueError(message)


ONE_DAY = (levers.Hire, levers.Leave, levers.Retrain, levers.PlanChange, levers.AttritionChange, levers.Shock)
"""What begins on one day for everybody: no share of deals takes it up."""


def _for_all(change: levers.Change) -> None:
    """Refuse an adoption that would do nothing."""
    if isinstance(change, ONE_DAY) and (change.adoption < 1.0 or change.ramp_days):
        field = "adoption" if change.adoption < 1.0 else "ramp_days"
        message = (
            f".{field} must be left out of {change.kind}, which holds for everybody from one day on, "
            f"got {getattr(change, field):g}. Hint: name fewer people, or give several changes with dates of their own."
        )
        raise ValueError(message)


def _share(change: levers.Change) -> Adoption | None:
    """Return which share of deals takes up a change; None: all."""
    partial = change.adoption < 1.0 or change.ramp_days > 0.0
    return Adoption(_starts(change), change.ramp_days, change.adoption) if partial and not _of_people(change) else None


def _of_people(change: levers.Change) -> bool:
    return isinstance(change, (levers.Hire, levers.Leave, levers.Retrain))


def _settle(start: dt.date | None, branches: list[_Branch]) -> None:
    """Forget what every deal has taken up by `start`: a ramp to all deals that is over."""
    over = {c for branch in branches for c in branch.conditions if c[1] is None and c[0] is not None and _is_over(c[0], start)}
    for condition in over:
        branches[:] = [branch for branch in branches if condition in branch.conditions]
        for branch in branches:
            branch.conditions = tuple(c for c in branch.conditions if c != condition)


def _is_over(share: Adoption, start: dt.date | None) -> bool:
    if share.adoption < 1.0 or share.start is None or start is None:
        return False
    return (start - share.start).days >= share.ramp_days


def _regime(
    change: levers.Change, model: Model, start: dt.date | None, conditions: tuple[_Condition, ...]
) -> Regime:
    where, _ = together(*(text for _, text in conditions))
    mine = Adoption(start, change.ramp_days, change.adoption)
    needs = tuple(dict.fromkeys(share for share, _ in conditions if share not in (None, mine)))
    return Regime(model, start, change.ramp_days, change.adoption, where, needs)


def _go_on(
    branch: _Branch, branches: list[_Branch], regimes: list[Regime], new: Regime, conditions: tuple[_Condition, ...]
) -> None:
    """Add a regime to its branch, or begin a branch; two full changes of one day are one regime."""
    old = regimes[branch.last]
    full = all(r.adoption == 1.0 and r.ramp_days == 0.0 for r in (new, old))
    if full and new.start == old.start and conditions == branch.conditions and new.needs == old.needs:
        regimes[branch.last] = new
        branch.model = new.model
        return
    regimes.append(new)
    if conditions == branch.conditions:
        branch.model, branch.last = new.model, len(regimes) - 1
    else:
        branches.append(_Branch(conditions, new.model, len(regimes) - 1))


FRAME = {
    "epoch": "give --start and --until to all scenarios at once",
    "horizon_days": "give --until to all scenarios at once",
    "currency": "amounts are never converted; change the model",
}
"""What base and scenario must have in common, and what to do instead."""


def _same_frame(start: dt.date | None, before: Model, after: Model) -> None:
    """Refuse what would make a scenario another story than its base, or could not begin during a run."""
    for name, instead in FRAME.items():
        if getattr(before, name) != getattr(after, name):
            message = f".path must not lead to {name}, which base and scenario share, got a change of it. Hint: {instead}."
            raise ValueError(message)
    if start is not None and before.calendar != after.calendar:
        message = (
            f".start must be left out: the calendar must not change during a run, got a change on {start}. "
            "Hint: leave the date out, so that it holds from the beginning."
        )
        raise ValueError(message)


def _known_names(where: str, model: Model) -> None:
    wrong = list(unknown_names(model, ".where", parse_condition(where, ATTRIBUTES)))
    if wrong:
        raise ValueError("\n".join(wrong))


def _of_deals_only(change: levers.Change, before: Model, after: Model) -> None:
    """Refuse a condition where the change is not about what happens to single deals."""
    bot = getattr(change, "bot", None) is not None
    allowed = (*PILOTS, *BOTS) if bot else PILOTS
    touched = [name for name in Model.model_fields if getattr(before, name) != getattr(after, name)]
    wrong = [name for name in touched if name not in allowed]
    if wrong:
        message = (
            f".where must stand with a change of stages or hand-offs, got one of {', '.join(wrong)}. "
            "Hint: name the segment, channel or rep in the path instead"
        )
        raise ValueError(message)


def _begins(scenario: levers.Scenario) -> tuple[tuple[str, dt.date], ...]:
    """Return when each dated change begins."""
    lead = [dt.timedelta(days=round(getattr(change, "lead_days", 0.0))) for change in scenario.changes]
    return tuple(
        (f"changes[{i}].{change.kind}", change.start + lead[i]) for i, change in enumerate(scenario.changes) if change.start is not None
    )


def _costs(scenario: levers.Scenario) -> tuple[DatedCost, ...]:
    return tuple(
        DatedCost(change.start, change.cost.once, change.cost.per_year)
        for change in scenario.changes
        if change.cost.once or change.cost.per_year
    )


def _dips(scenario: levers.Scenario, model: Model) -> tuple[DatedDip, ...]:
    names = [role.name for role in model.roles]
    found = []
    for i, change in enumerate(scenario.changes):
        if change.dip is None:
            continue
        for role in change.dip.roles:
            if role not in names:
                message = f"changes[{i}].{change.kind}.dip.roles must name roles, got {got(role)}. {did_you_mean(role, names)}"
                raise InvalidModelError(message)
        if change.dip.depth > 0.0:
            share = _share(_dated(change, model))
            found.append(DatedDip(change.start, change.dip.depth, change.dip.days, change.dip.roles, share, change.where))
    return tuple(found)


def _with_calendars(regimes: list[Regime]) -> tuple[Regime, ...]:
    """Let every regime know the calendars that changes bring for new reps and bots."""
    every = {name: calendar for regime in regimes for name, calendar in regime.model.calendars.items()}
    for regime in regimes:
        for name, calendar in regime.model.calendars.items():
            if calendar != every[name]:
                message = (
                    f"calendars[{name}] must not change during a run, nor for a part of the deals, got such a change. "
                    "Hint: leave start, adoption, ramp and where out, so that it holds from the beginning."
                )
                raise InvalidModelError(message)
    return tuple(
        regime if regime.model.calendars == every
        else replace(regime, model=regime.model.model_copy(update={"calendars": every}))
        for regime in regimes
    )  # fmt: skip


def _dated(change: levers.Change, model: Model) -> levers.Change:
    """Let a ramp without a date rise from the model's epoch: it needs a day to rise from."""
    if change.start is not None or not change.ramp_days or isinstance(change, ONE_DAY):
        return change
    return change.model_copy(update={"start": model.epoch.astimezone(zone(model.calendar.timezone)).date()})


def _starts(change: levers.Change) -> dt.date | None:
    """Return when a change begins a regime; people and campaigns carry their own dates."""
    return None if isinstance(change, (levers.Hire, levers.Leave, levers.Retrain)) else change.start


def _explain(error: Exception, i: int, change: levers.Change) -> str:
    where = f"changes[{i}].{change.kind}"
    if isinstance(error.__cause__, ValidationError):
        return "\n".join(f"{where} must leave a valid model, got: {line}" for line in str(error).splitlines())
    return "\n".join(f"{where}{line}" for line in str(error).splitlines())
