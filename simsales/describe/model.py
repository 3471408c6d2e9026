"""A model in words, for ``simsales check``: what a manager can compare with what they know."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simsales.describe.organisation import environment, people
from simsales.describe.words import amount, extras, law, plural, rates
from simsales.model.process import Gather
from simsales.model.schema import MONTHS, Channel, Context, Exit, Handoff, Model, Segment, Stage, Task
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
    lines += [line for channel in model.channels for line in _channel(channel, model.currency)]
    lines += [f"  Segment {_segment(segment, model.currency)}" for segment in model.segments]
    lines += [f"  {line}" for line in environment(model)]
    lines += [line for stage in model.stages for line in _stage(stage)]
    if model.handoff != Handoff():
        lines.append(f"  Hand-off between roles: {_handoff(model.handoff)}")
    if model.pace.correlation:
        lines.append(f"  Fast deals stay fast: delays of a deal correlate by {text.number(model.pace.correlation)}")
    lines += [f"  {line}" for line in people(model)]
    lines += [f"  Plan {name}: {_plan(model, name)}" for name in model.plans]
    return lines + [f"  {line}" for line in _reactions(model)]


def _headline(model: Model) -> str:
    reps = sum(rep.count for rep in model.reps)
    parts = [
        plural(len(model.stages), "stage"),
        plural(len(model.channels), "channel"),
        plural(len(model.segments), "segment"),
        plural(reps, "rep") if reps else "no reps",
    ]
    horizon = f"from {model.epoch.date()} for {text.number(model.horizon_days)} days"
    return f"{model.name}: {', '.join(parts)}; {model.currency}; {horizon}"


def _channel(channel: Channel, currency: str) -> Iterator[str]:
    facts = [f"{channel.name}: {text.number(channel.leads_per_week)} leads a week"]
    if channel.trend_per_year:
        facts.append(f"{text.percent(channel.trend_per_year, 1)} growth a year")
    if channel.season:
        facts.append("seasonal" if len(channel.season) == len(MONTHS) else f"season in {', '.join(channel.season)}")
    for shares in (channel.segments, channel.products, channel.regions, channel.entry):
        if len(shares) > 1:
            facts.append(", ".join(f"{name} {text.percent(share)}" for name, share in shares.items()))
    if channel.market is not None:
        facts.append(f"{channel.market.size:,} prospects, each at most every {text.number(channel.market.cooldown_days)} days")
    if channel.partner_share:
        facts.append(f"the partner keeps {text.percent(channel.partner_share)}")
    yield "  Channel " + "; ".join(facts)
    if channel.spend is not None:
        spend = channel.spend
        lag = f", {text.number(spend.lag_days)} days later" if spend.lag_days else ""
        stock = f", building up with a half-life of {text.number(spend.half_life_days)} days" if spend.half_life_days else ""
        yield (
            f"    buys up to {text.number(spend.most_leads_per_week)} leads a week for {text.money(spend.per_week, currency)} "
            f"a week (half of them at {text.money(spend.half_at, currency)}){lag}{stock}"
        )
    for campaign in channel.campaigns:
        until = f" to {campaign.until}" if campaign.until else ""
        yield f"    campaign {campaign.name}: {text.number(campaign.leads)} leads for {text.money(campaign.cost, currency)}, {campaign.start}{until}"


def _segment(segment: Segment, currency: str) -> str:
    facts = [f"{segment.name}: amount {law(segment.amount, currency)}"]
    if segment.advance_logit:
        facts.append(f"log-odds of advancing {text.number(segment.advance_logit)}")
    if segment.discount is not None:
        facts.append(f"asks for a discount of {law(segment.discount, '')}")
    return "; ".join(facts)


def _stage(stage: Stage) -> Iterator[str]:
    head = f"  Stage {stage.name}" + (" (after the sale)" if stage.after_sale else "")
    if stage.when:
        head += f" (only when {stage.when})"
    work = "; ".join(_task(task) for task in stage.tasks)
    yield f"{head}: {work}" if work else head
    if stage.patience_days is not None:
        yield f"    waits for a rep at most {law(stage.patience_days, 'days')}"
    if stage.sla_days is not None:
        then = {None: "", "pass": ", then it goes on without"}.get(stage.escalate_to, f", then any {stage.escalate_to} may do it")
        yield f"    should take at most {amount(stage.sla_days, 'days')}{then}"
    if stage.handoff is not None:
        yield f"    hand-off between roles: {_handoff(stage.handoff)}"
    for exit_ in stage.exits:
        yield f"    {text.percent(exit_.probability, 1):>7} {_exit(exit_)}"
    yield from (f"    {_context(context)}" for context in stage.contexts)
    effects = _effects(stage)
    if effects:
        yield f"    odds of advancing: {effects}"


def _task(task: Task) -> str:
    facts = [f"{task.role} works {law(task.work_hours, 'hours')}"]
    facts += [f"only when {task.when}"] if task.when else []
    facts += ["side by side with the task before"] if task.parallel else []
    facts += ["goes on with the task before"] if task.continues else []
    facts += [f"counts for the odds of '{task.counts_for}'"] if task.counts_for else []
    facts += ["before the exit"] if task.at == "end" else []
    facts += [f"waits for {_gather(task.gather)}"] if task.gather else []
    facts += [{"lead": "leads", "assist": "assists", "bot": "a bot"}[task.part]] if task.part != "own" else []
    return facts[0] + (f" ({', '.join(facts[1:])})" if facts[1:] else "")


def _gather(gather: Gather) -> str:
    if gather.weekday:
        return f"the next {gather.weekday}"
    if gather.day_of_month:
        return f"day {gather.day_of_month} of the month"
    within = f", at most {text.number(gather.within_days)} days" if gather.within_days else ""
    return f"{gather.size} cases{within}"


def _exit(exit_: Exit) -> str:
    if exit_.to == "open":
        return "are never closed by anybody"
    said = f"to {exit_.to} after {law(exit_.delay_days, 'days')}"
    said += f", then {exit_.then}" if exit_.then else ""
    said += f", discount cut to {text.percent(exit_.max_discount)}" if exit_.max_discount is not None else ""
    return said + (f" ({exit_.reason})" if exit_.reason else "")


def _context(context: Context) -> str:
    facts = []
    if context.exits:
        facts.append(", ".join(f"{text.percent(e.probability, 1)} {_exit(e)}" for e in context.exits))
    if context.advance_logit:
        facts.append(f"log-odds of advancing {text.number(context.advance_logit)}")
    if context.delay_scale != 1.0:
        facts.append(f"delays x {text.number(context.delay_scale)}")
    if context.work_scale != 1.0:
        facts.append(f"work x {text.number(context.work_scale)}")
    return f"where {context.when}: {'; '.join(facts) or 'nothing changes'}"


def _effects(stage: Stage) -> str:
    effects, said = stage.effects, []
    for name in ("skill", "score", "discount", "response_hours"):
        if value := getattr(effects, name):
            said.append(f"{text.number(value)} a unit of {name.replace('_', ' ')}")
    if effects.response is not None:
        response = effects.response
        said.append(
            f"fall with the first response (k {text.number(response.k)}, {text.percent(response.kept)} of an association believed)"
        )
    if effects.touch is not None:
        said.append(f"rise with work above {text.number(effects.touch.reference_hours)} hours")
    return "; ".join(said)


def _handoff(handoff: Handoff) -> str:
    better = f", both divided by {text.number(handoff.communication)}" if handoff.communication != 1.0 else ""
    return f"{law(handoff.delay_days, 'days')}, {text.percent(handoff.loss, 1)} lost{better}"


def _plan(model: Model, name: str) -> str:
    plan = model.plans[name]
    bonuses = ", ".join(f"{text.money(b.amount, model.currency)} at {text.percent(b.at)}" for b in plan.bonuses)
    if plan.quota is None:
        return f"base {text.money(plan.base, model.currency)} a year and nothing else"
    facts = [
        f"base {text.money(plan.base, model.currency)} a year",
        f"quota {text.money(plan.quota, model.currency)} a {plan.period}",
        f"commission {rates(plan.rates)}" if plan.rates else "no commission",
        f"bonus {bonuses}" if bonuses else "",
        *extras(plan, model.currency),
        f"capped at {text.percent(plan.cap)} of quota" if plan.cap else "",
    ]
    return "; ".join(fact for fact in facts if fact)


def _reactions(model: Model) -> Iterator[str]:
    if model.effort is not None:
        elasticity = text.number(model.effort.elasticity)
        yield f"Effort reacts to marginal pay with elasticity {elasticity} ({model.effort.status})"
    if model.timing is not None:
        timing = model.timing
        shares = Counter({name: getattr(timing, name) for name in ("pull", "push", "deadline")})
        said = ", ".join(f"{text.percent(share)} {name}" for name, share in shares.items() if share) or "nothing"
        yield f"Signatures move around the end of a {timing.period}: {said}"
