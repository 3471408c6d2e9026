"""Who works, and what befalls them, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from simsales.describe.words import law, plural, ramp
from simsales.model.calendars import Calendar
from simsales.model.schema import Event, Model, Role, Shocks
from simsales.model.terms import Terms
from simsales.report import text


def environment(model: Model) -> Iterator[str]:
    """Yield products, regions, prices, terms, scores, shocks and events."""
    for product in model.products:
        cycle = f", life cycle with {plural(len(product.life_cycle), 'point')}" if product.life_cycle else ""
        yield f"Product {product.name}: weight {text.number(product.share)}, amount x {text.number(product.amount_scale)}{cycle}"
    for region in model.regions:
        money = f", in {region.currency}" if region.currency else ""
        yield f"Region {region.name}: weight {text.number(region.share)}, amount x {text.number(region.amount_scale)}{money}"
    for currency, dated in model.fx.items():
        yield f"1 {currency} is " + ", then ".join(f"{text.number(rate.rate)} {model.currency} from {rate.start}" for rate in dated)
    yield from _money(model)
    if model.scoring is not None:
        yield f"Leads are scored by {', '.join(factor.name for factor in model.scoring.factors)}"
    if model.shocks != Shocks():
        shocks = model.shocks
        yield (
            f"Quarters differ: leads by {text.percent(shocks.arrivals_quarter_cv)}, amounts by "
            f"{text.percent(shocks.amount_quarter_cv)}, log-odds by {text.number(shocks.win_logit_quarter_sd)}"
        )
    yield from (f"Event {event_words(event)}" for event in model.events)


def _money(model: Model) -> Iterator[str]:
    pricing, terms = model.pricing, model.terms
    if pricing.discount.median() or pricing.discount.kind != "constant" or pricing.unit_cost_share or pricing.non_standard_terms:
        yield (
            f"Deals ask for a discount of {law(pricing.discount, '')}, {text.percent(pricing.non_standard_terms)} for other terms; "
            f"delivery costs {text.percent(pricing.unit_cost_share)} of the list price"
        )
    if terms != Terms():
        yield (
            f"Payment: {text.percent(terms.deposit_share)} at once, the rest after {law(terms.payment_days, 'days')}; "
            f"{text.percent(terms.bad_debt_share, 1)} never pay, {text.percent(terms.cancel_share, 1)} are cancelled"
        )


def event_words(event: Event) -> str:
    """Return what an event does, with its dates and its chance."""
    facts = []
    facts += [f"leads x {text.number(event.leads)}"] if event.leads != 1.0 else []
    facts += [f"amounts x {text.number(event.amount)}"] if event.amount != 1.0 else []
    if event.win_logit:
        exposed = f" for {text.percent(event.exposure)} of deals" if event.exposure < 1 else ""
        facts.append(f"log-odds of advancing {text.number(event.win_logit)}{exposed}")
    facts += [f"{event.rep} leaves"] if event.rep else []
    until = f" to {event.until}" if event.until else " on"
    where = f", where {event.where}" if event.where else ""
    chance = f", with probability {text.percent(event.probability)}" if event.probability < 1 else ""
    return f"{event.name}: from {event.start}{until}, {', '.join(facts) or 'nothing changes'}{where}{chance}"


def people(model: Model) -> Iterator[str]:
    """Yield roles, attrition, trainings and calendars."""
    counts = Counter[str]()
    for rep in model.reps:
        counts[rep.role] += rep.count
    for role in model.roles:
        yield f"Role {role.name}: {plural(counts[role.name], 'rep')}, routing {role.routing}, queue {role.queue}{_limits(role)}"
    for name, attrition in model.attrition.items():
        seats = f"replaced after {law(attrition.vacancy_days, 'days')}" if attrition.replace else "not replaced"
        learning = f", {ramp(attrition.ramp)}" if attrition.ramp else ""
        yield f"{name} reps leave at a rate of {text.percent(attrition.per_year)} a year, {seats}{learning}"
    for training in model.trainings:
        fades = f", half gone after {text.number(training.half_life_days)} days" if training.half_life_days else ""
        yield (
            f"Training {training.name} of {training.role or training.team or training.rep} on {training.start}: "
            f"{plural(training.days_off, 'day')} off, skill {text.number(training.skill)}, speed x {text.number(training.speed)}{fades}"
        )
    calendar = model.calendar
    if calendar.is_always_open():
        yield "Calendar: always open"
    else:
        yield f"Calendar: {_hours(calendar)}"
    for name, own in model.calendars.items():
        yield f"Calendar {name}: {_hours(own)}"


def _hours(calendar: Calendar) -> str:
    where = f"{calendar.country} holidays" if calendar.country else "no holidays"
    return f"{calendar.days} {calendar.hours} {calendar.timezone}, {where}"


def _limits(role: Role) -> str:
    said = []
    if role.concurrency > 1:
        said.append(f"{role.concurrency} tasks at once")
    if role.max_open_deals is not None:
        said.append(f"at most {role.max_open_deals} open deals each")
    if role.recycle_days is not None:
        said.append(f"untouched deals go back to the pool after {text.number(role.recycle_days)} days")
    if role.handover_loss:
        said.append(f"{text.percent(role.handover_loss)} lost when the owner leaves")
    if role.discount_authority < 1:
        said.append(f"may give {text.percent(role.discount_authority)} discount alone")
    return "".join(f", {fact}" for fact in said)
