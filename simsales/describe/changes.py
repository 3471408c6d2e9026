"""A scenario in words: from when, for whom, what changes, at what cost, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simsales.describe.organisation import event_words
from simsales.describe.words import amount, brief, extras, law, plural, ramp, rates
from simsales.model import levers
from simsales.model.apply import Timeline
from simsales.model.compensation import CompPlan
from simsales.model.laws import Law
from simsales.model.schema import Model
from simsales.report import text


def describe_scenario(scenario: levers.Scenario, timeline: Timeline | None = None) -> list[str]:
    """Return what a scenario changes, one line a change.

    Parameters
    ----------
    scenario : Scenario
    timeline : Timeline, optional
        The scenario applied to its base; says in which currency, and from when which model holds.

    Examples
    --------
    >>> gate = {"stage": "审批", "when": "amount >= 200000", "start": "2027-07-01", "cost": {"once": 50000}}
    >>> print(describe_scenario(levers.Scenario(name="lighter", changes=[{"approve": gate}]))[1])
      1. From 2027-07-01 on: deals skip '审批' unless amount >= 200000; costs 50,000 once
    """
    currency = None if timeline is None else timeline.model.currency
    head = f"{scenario.name}: {plural(len(scenario.changes), 'change')}"
    lines = [head + (f" of {scenario.base}" if scenario.base else "")]
    if scenario.description:
        lines.append(f"  {scenario.description}")
    if scenario.goal:
        lines.append(f"  Goal: {scenario.goal}")
    model = None if timeline is None else timeline.usual
    lines += [f"  {i + 1}. {change_words(change, currency, model)}" for i, change in enumerate(scenario.changes)]
    regimes = () if timeline is None else timeline.regimes
    starts = dict.fromkeys(str(regime.start) for regime in regimes if regime.start)
    if starts:
        lines.append(f"  Rules change at: {', '.join(starts)}")
    if timeline is not None and timeline.uncertain is not None:
        lines.append("  Uncertain numbers are drawn once a replication; a single run takes the values given.")
    return lines


def change_words(change: levers.Change, currency: str | None = None, model: Model | None = None) -> str:
    """Return one change as a sentence; with the model that it changes, a hire says which pay plan it takes."""
    start = f"From {change.start} on" if change.start else "From the beginning"
    if change.adoption < 1 or change.ramp_days:
        start += f", for {text.percent(change.adoption)} of deals" if change.adoption < 1 else ", for all deals"
        start += f" (rising over {amount(change.ramp_days, 'days')})" if change.ramp_days else ""
    start += f", where {change.where}" if change.where else ""
    what = WORDS[change.kind](change, currency)
    what += _pay_of_hire(change, model) if model is not None and isinstance(change, levers.Hire) else ""
    step = f"{change.step}: " if change.step else ""
    return f"{step}{start}: " + "; ".join([what, *_conditions(change, currency)])


def _money(value: float, currency: str | None) -> str:
    return text.number(value) + (f" {currency}" if currency else "")


def _conditions(change: levers.Change, currency: str | None) -> list[str]:
    """Return dip, cost, uncertainty, source and owner."""
    said = []
    if change.dip is not None and change.dip.depth:
        who = ", ".join(change.dip.roles) or "everybody"
        said.append(f"{who} {text.percent(change.dip.depth)} slower at first, as before after {amount(change.dip.days, 'days')}")
    paid = ((change.cost.once, "once"), (change.cost.per_year, "a year"))
    if any(value for value, _ in paid):
        said.append("costs " + " and ".join(f"{_money(value, currency)} {when}" for value, when in paid if value))
    if change.uncertain:
        said.append("uncertain: " + ", ".join(f"{name} {law(each, '')}" for name, each in change.uncertain.items()))
    if change.source or change.grade:
        grade = f" ({change.grade}: {levers.GRADES[change.grade]})" if change.grade else ""
        said.append(f"source: {change.source or 'not named'}{grade}")
    if change.owner:
        said.append(f"owner: {change.owner}")
    return said


def _scale(change: levers.Scale, _: str | None) -> str:
    return f"{change.path} is multiplied by {text.number(change.by)}"


def _set(change: levers.Set, _: str | None) -> str:
    return f"{change.path} becomes {brief(change.to)}"


def _standardise(change: levers.Standardise, _: str | None) -> str:
    return f"{change.path} varies {text.percent(change.by)} as much as before, around the same mean"


def _add(change: levers.Add, _: str | None) -> str:
    if change.channel is not None:
        return f"a new channel '{change.channel.name}' with {amount(change.channel.leads_per_week, 'leads a week')}"
    if change.stage is not None:
        gate = f" (only when {change.stage.when})" if change.stage.when else ""
        return f"a new stage '{change.stage.name}'{gate} after '{change.after}'"
    assert change.exit is not None
    return f"{text.percent(change.exit.probability, 1)} of deals go from '{change.from_}' to {change.exit.to}"


def _remove(change: levers.Remove, _: str | None) -> str:
    if change.exit is not None:
        return f"no deal goes from '{change.from_}' to {change.exit} any more"
    return f"stage '{change.stage}' falls away" + (f", deals go on to {change.to}" if change.to else "")


def _reorder(change: levers.Reorder, _: str | None) -> str:
    return f"stage '{change.stage}' moves behind '{change.after}'"


def _parallel(change: levers.Parallel, _: str | None) -> str:
    with_ = f", together with those of '{change.also}', which needs no work of its own any more" if change.also else ""
    who = f" of {', '.join(change.roles)}" if change.roles else ""
    return f"the tasks{who} in '{change.stage}' run side by side{with_}"


def _bot(bot: levers.Bot, share: float, currency: str | None) -> str:
    fee = f" for {_money(bot.cost_per_year, currency)} a year" if bot.cost_per_year else ""
    return f"'{bot.name}' does {text.percent(share)} of it at all hours{fee}"


def _automate(change: levers.Automate, currency: str | None) -> str:
    whose = f"{change.role}'s work" if change.role else "the work"
    said = f"{text.percent(change.share)} of {whose} in '{change.stage}' is automated"
    if change.bot is not None:
        said += f": {_bot(change.bot, change.share, currency)}"
    if change.error_rate:
        said += f"; {text.percent(change.error_rate, 1)} of the automated cases go wrong, to {change.error_to}"
    return said


def _approve(change: levers.Approve, _: str | None) -> str:
    if change.remove:
        return f"'{change.stage}' is no longer needed"
    said = [f"deals skip '{change.stage}' unless {change.when}"] if change.when else []
    said += [
        f"{tier.role} approves in '{change.stage}' too" + (f" when {tier.when}" if tier.when else "") for tier in change.tiers
    ]
    return "; ".join([*said, *_service(change)])


def _service(change: levers.Approve | levers.Respond) -> list[str]:
    said = [f"'{change.stage}' should take at most {amount(change.sla_days, 'days')}"] if change.sla_days else []
    if change.escalate_to == "pass":
        said.append("late ones go on without")
    elif change.escalate_to:
        said.append(f"late ones go to any {change.escalate_to}")
    return said


def _respond(change: levers.Respond, currency: str | None) -> str:
    said = []
    if change.patience_days is not None:
        said.append(f"deals in '{change.stage}' wait at most {law(change.patience_days, 'days')}")
    if change.response is not None:
        said.append(
            f"odds in '{change.stage}' fall with the first response (k {text.number(change.response.k)}, "
            f"{text.percent(change.response.kept)} of an association believed)"
        )
    if change.bot is not None:
        said.append(f"the first answer in '{change.stage}': {_bot(change.bot, change.share, currency)}")
    return "; ".join([*said, *_service(change)])


def _handoff(change: levers.HandoffChange, _: str | None) -> str:
    said = [f"takes {law(change.delay_days, 'days')}"] if change.delay_days is not None else []
    said += [f"loses {text.percent(change.loss, 1)}"] if change.loss is not None else []
    if change.communication is not None:
        said.append(f"delay and loss divided by {text.number(change.communication)}")
    return f"hand-off between roles{_in(change.stage)}: {', '.join(said)}"


def _in(stage: str | None) -> str:
    return f" in '{stage}'" if stage else ""


def _hire(change: levers.Hire, currency: str | None) -> str:
    who = change.name or plural(change.count, f"{change.role} rep")
    said = [f"hire {who}" + (f" as {change.role}" if change.name else "")]
    if change.lead_days:
        said[0] += f", at work {amount(change.lead_days, 'days')} later"
    said += [f"{ramp(change.ramp)}"] if change.ramp else []
    for name, default in (("speed", 1.0), ("skill", 0.0), ("weight", 1.0)):
        value = getattr(change, name)
        said += [f"{name} {text.number(value)}"] if value != default else []
    for name in ("team", "region", "manager", "calendar", "territory"):
        said += [f"{name} {getattr(change, name)}"] if getattr(change, name) else []
    said += [] if change.plan is None else ["no pay plan"] if change.plan == "none" else [f"plan {change.plan}"]
    said += [f"{_money(change.cost_per_year, currency)} a year each besides pay"] if change.cost_per_year else []
    return ", ".join(said)


def _pay_of_hire(change: levers.Hire, model: Model) -> str:
    """Return what somebody hired without a word about pay is paid."""
    if change.plan is not None:
        return ""
    plan = next((rep.plan for rep in model.reps if rep.role == change.role), None)
    paid = f"paid by plan {plan} as the first {change.role} is" if plan else "without a pay plan"
    return f", {paid}" + (" (plan: none leaves it out)" if plan and change.cost_per_year else "")


def _leave(change: levers.Leave, _: str | None) -> str:
    if change.rep or change.count == 1:
        return f"{change.rep or f'the last {change.role} rep'} leaves"
    return f"the last {plural(change.count, f'{change.role} rep')} leave"


def _retrain(change: levers.Retrain, currency: str | None) -> str:
    said = [f"{change.role or change.team or change.rep} trained"]
    said += [f"{plural(change.days_off, 'day')} off"] if change.days_off else []
    said += [f"skill {text.number(change.skill)} more"] if change.skill else []
    said += [f"speed x {text.number(change.speed)}"] if change.speed != 1.0 else []
    said += [f"half gone after {amount(change.half_life_days, 'days')}"] if change.half_life_days else []
    said += [f"{_money(change.cost_per_head, currency)} a head"] if change.cost_per_head else []
    return ", ".join(said)


def _fields(change: levers.Change, *without: str) -> str:
    """Return the stated fields of a change, briefly."""
    known = {*levers.Change.model_fields, *without}
    stated = {name: getattr(change, name) for name in type(change).model_fields if name not in known}
    return ", ".join(
        f"{name.replace('_', ' ')} {brief(value if isinstance(value, Law) else _plain(value))}"
        for name, value in stated.items()
        if value not in (None, False, ())
    )


def _stated(change: levers.Change) -> str:
    return f": {fields}" if (fields := _fields(change)) else ", as usual"


def _plain(value: Any) -> Any:
    return value.model_dump(exclude_defaults=True) if hasattr(value, "model_dump") else value


def _attrition(change: levers.AttritionChange, _: str | None) -> str:
    return f"{change.role} reps leave by themselves: {_fields(change, 'role')}"


def _route(change: levers.Route, _: str | None) -> str:
    return f"deals of {change.role}: {_fields(change, 'role')}"


def _plan(change: levers.PlanChange, currency: str | None) -> str:
    said = []
    for name, words in (("base", "a year"), ("quota", f"a {change.period or 'period'}")):
        if getattr(change, name) is not None:
            said.append(f"{name} {_money(getattr(change, name), currency)} {words}")
    said += [f"counted by the {change.period}"] if change.period and change.quota is None else []
    said += [f"commission {rates(change.rates)}"] if change.rates is not None else []
    if change.bonuses is not None:
        paid = ", ".join(f"{_money(b.amount, currency)} at {text.percent(b.at)} of quota" for b in change.bonuses)
        said.append(f"bonus {paid}" if paid else "no bonus")
    if isinstance(change.cap, float):
        said.append(f"capped at {text.percent(change.cap)} of quota")
    said += [f"no {name}" for name in ("cap", "threshold", "draw", "clawback", "ratchet") if getattr(change, name) == "none"]
    names = [name for name in CompPlan.model_fields if getattr(change, name, None) not in (None, "none") and name != "cap"]
    other = CompPlan(**{"quota": 1.0} | {name: getattr(change, name) for name in names})
    said += extras(other, currency or "")
    who = f" for {change.role} reps" if change.role else ""
    return f"pay plan '{change.name}'{who}: {', '.join(said) or 'as it is'}"


def _effort(change: levers.EffortChange, _: str | None) -> str:
    return "effort does not react to pay" if change.off else f"effort reacts to marginal pay{_stated(change)}"


def _timing(change: levers.TimingChange, _: str | None) -> str:
    return "signatures do not move around period ends" if change.off else f"signatures move around period ends{_stated(change)}"


def _price(change: levers.Price, _: str | None) -> str:
    said = [f"amounts of {change.segment or 'all segments'} x {text.number(change.by)}"]
    said += [f"log-odds of advancing {text.number(change.advance_logit)}, as stated"] if change.advance_logit else []
    said += [f"discount {law(change.discount, '')}"] if change.discount is not None else []
    return ", ".join(said)


def _budget(change: levers.Budget, currency: str | None) -> str:
    said = []
    if change.spend_per_week is not None:
        said.append(f"{_money(change.spend_per_week, currency)} a week")
    said += [f"money x {text.number(change.by)}"] if change.by is not None else []
    said += [amount(change.leads_per_week, "leads a week")] if change.leads_per_week is not None else []
    if change.campaign is not None:
        campaign = change.campaign
        said.append(f"campaign {campaign.name} on {campaign.start}: {amount(campaign.leads, 'leads')} for {_money(campaign.cost, currency)}")
    return f"channel '{change.channel}': {', '.join(said)}"


def _shock(change: levers.Shock, _: str | None) -> str:
    return event_words(change.event)


WORDS: dict[str, Callable[[Any, str | None], str]] = {
    "scale": _scale, "set": _set, "standardise": _standardise, "add": _add, "remove": _remove, "reorder": _reorder,
    "parallel": _parallel, "automate": _automate, "approve": _approve, "respond": _respond, "handoff": _handoff,
    "hire": _hire, "leave": _leave, "attrition": _attrition, "retrain": _retrain, "route": _route, "plan": _plan,
    "effort": _effort, "timing": _timing, "price": _price, "budget": _budget, "shock": _shock,
}  # fmt: skip
