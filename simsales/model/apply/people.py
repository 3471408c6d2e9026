"""Changes of the people, applied to a model: who comes and goes, routing, training, pay."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from simsales.errors import did_you_mean, got
from simsales.model import levers
from simsales.model.apply.process import revalidated
from simsales.model.compensation import CompPlan, Effort, Timing
from simsales.model.people import Attrition, Training
from simsales.model.roster import named_reps
from simsales.model.schema import Model, Rep


def _known_role(model: Model, role: str) -> None:
    names = [known.name for known in model.roles]
    if role not in names:
        hint = did_you_mean(role, names) if names else "Hint: the model has no roles; list them under roles:."
        message = f".role must be one of the roles, got {got(role)}. {hint}"
        raise ValueError(message)


def _hire(change: levers.Hire, model: Model) -> Model:
    _known_role(model, change.role)
    peers = [rep for rep in model.reps if rep.role == change.role]
    share = change.selling_share
    if share is None:
        share = peers[0].selling_share if peers else 1.0
    plan = change.plan if change.plan is not None else (peers[0].plan if peers else None)
    plan = None if plan == "none" else plan
    rep = Rep(
        name=change.name, count=change.count, role=change.role, team=change.team,
        region=change.region, manager=change.manager, hired=_first_day(change, model), speed=change.speed,
        skill=change.skill, selling_share=share, weight=change.weight, ramp=change.ramp, plan=plan,
        calendar=change.calendar, territory=change.territory, cost_per_year=change.cost_per_year,
    )  # fmt: skip
    return revalidated(model, reps=(*model.reps, rep))


def _leave(change: levers.Leave, model: Model) -> Model:
    named = named_reps(model)
    if change.rep is not None:
        chosen = [rep for rep in named if rep.name == change.rep]
        if not chosen:
            hint = did_you_mean(change.rep, [str(rep.name) for rep in named])
            message = f".rep must name a rep, got {got(change.rep)}. {hint}"
            raise ValueError(message)
    else:
        assert change.role is not None
        _known_role(model, change.role)
        chosen = [rep for rep in named if rep.role == change.role and rep.leaves is None]
        if len(chosen) < change.count:
            message = f".count must be at most the {len(chosen)} reps of role '{change.role}', got {change.count}."
            raise ValueError(message)
        chosen = chosen[-change.count :]
    names = {rep.name for rep in chosen}
    date = change.start or (model.epoch.date())
    reps = tuple(
        Rep(**{**{k: getattr(rep, k) for k in Rep.model_fields}, "leaves": date})
        if rep.name in names
        else rep
        for rep in named
    )
    return revalidated(model, reps=reps)


def _first_day(change: levers.Hire, model: Model) -> dt.date | None:
    """Return when somebody who is looked for from `start` on begins to work."""
    if not change.lead_days:
        return change.start
    return (change.start or model.epoch.date()) + dt.timedelta(days=round(change.lead_days))


def _route(change: levers.Route, model: Model) -> Model:
    _known_role(model, change.role)
    names = ("routing", "queue", "tiers", "max_open_deals", "recycle_days", "reclaim_days")
    roles = tuple(
        role.model_copy(update=_given(change, names)) if role.name == change.role else role for role in model.roles
    )
    return revalidated(model, roles=roles)


def _given(change: levers.Change, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the fields that a change states; ``none`` takes one away."""
    stated = {name: getattr(change, name) for name in names}
    return {name: None if value == "none" else value for name, value in stated.items() if value is not None}


def _plan(change: levers.PlanChange, model: Model) -> Model:
    known = model.plans.get(change.name)
    fields: dict[str, Any] = (
        {name: getattr(known, name) for name in CompPlan.model_fields} if known else {}
    )
    fields |= _given(change, tuple(CompPlan.model_fields))
    if "quota" not in fields and set(fields) - {"base", "period"}:
        hint = did_you_mean(change.name, model.plans)
        message = f".quota must be given for a new plan, got none for '{change.name}'. {hint}"
        raise ValueError(message)
    reps = model.reps
    if change.role is not None:
        _known_role(model, change.role)
        reps = tuple(
            rep.model_copy(update={"plan": change.name}) if rep.role == change.role else rep
            for rep in reps
        )
    return revalidated(model, plans={**model.plans, change.name: CompPlan(**fields)}, reps=reps)


def _retrain(change: levers.Retrain, model: Model) -> Model:
    if change.role is not None:
        _known_role(model, change.role)
    taken = {training.name for training in model.trainings}
    wanted = change.name or f"training of {change.role or change.team or change.rep}"
    name, number = wanted, 1
    while name in taken:
        number += 1
        name = f"{wanted} ({number})"
    training = Training(
        name=name, role=change.role, team=change.team, rep=change.rep, start=change.start or model.epoch.date(),
        days_off=change.days_off, skill=change.skill, speed=change.speed, half_life_days=change.half_life_days,
        cost_per_head=change.cost_per_head,
    )  # fmt: skip
    return revalidated(model, trainings=(*model.trainings, training))


def _attrition(change: levers.AttritionChange, model: Model) -> Model:
    _known_role(model, change.role)
    known = model.attrition.get(change.role)
    fields = {name: getattr(known, name) for name in Attrition.model_fields} if known else {}
    fields |= _given(change, tuple(Attrition.model_fields))
    if "per_year" not in fields:
        message = f".per_year must be given where the model has no attrition of '{change.role}', got none."
        raise ValueError(message)
    return revalidated(model, attrition={**model.attrition, change.role: Attrition(**fields)})


def _effort(change: levers.EffortChange, model: Model) -> Model:
    if change.off:
        return revalidated(model, effort=None)
    known = {name: getattr(model.effort, name) for name in Effort.model_fields} if model.effort else {}
    names = ("elasticity", "minimum", "maximum", "win_effect", "horizon_sd", "ratchet_aversion")
    return revalidated(model, effort=Effort(**(known | _given(change, names))))


def _timing(change: levers.TimingChange, model: Model) -> Model:
    if change.off:
        return revalidated(model, timing=None)
    known = {name: getattr(model.timing, name) for name in Timing.model_fields} if model.timing else {}
    return revalidated(model, timing=Timing(**(known | _given(change, tuple(Timing.model_fields)))))


STEPS: dict[str, Callable[[Any, Model], Model]] = {
    "hire": _hire,
    "leave": _leave,
    "attrition": _attrition,
    "retrain": _retrain,
    "route": _route,
    "plan": _plan,
    "effort": _effort,
    "timing": _timing,
}
