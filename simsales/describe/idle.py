"""What a model holds that can do nothing: nothing passes in silence that would have no effect."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from simsales.describe.words import plural
from simsales.errors import named
from simsales.model.calendars import zone
from simsales.model.conditions import FIELDS, Clause, parse_condition, verdict
from simsales.model.laws import Law
from simsales.model.levers import Scenario
from simsales.model.process import Context, Stage
from simsales.model.roster import named_reps
from simsales.model.schema import Model, Rep

MOST = 2000
"""Kinds of deals looked at one by one; with more of them territories are not looked through."""
_FAR = 1e-9


def idle_parts(model: Model) -> list[str]:
    """Return what of a model can have no effect, or never on anybody, and what to do about it.

    Examples
    --------
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 1.0}, {"name": "fair", "leads_per_week": 0.0}],
    ...               stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> idle_parts(model)
    ["Channel 'fair' brings no leads."]
    """
    said = (_sources, _parts_of_deals, _rules, _without_work, _unreachable, _shelved, _dates)
    return [line for part in said for line in part(model)]


# where deals come from, and what they are -----------------------------------------------------------


def _sources(model: Model) -> Iterator[str]:
    for channel in model.channels:
        bought = channel.spend is not None and channel.spend.most_leads_per_week > 0 and channel.spend.per_week > 0
        if channel.leads_per_week == 0 and not bought and not any(campaign.leads > 0 for campaign in channel.campaigns):
            yield f"Channel '{channel.name}' brings no leads."
        if channel.season and all(factor == 0 for factor in channel.season.values()) and len(channel.season) == 12:
            yield f"Channel '{channel.name}' has no season in which leads come."


def present(model: Model, kind: str) -> list[str]:
    """Return the segments, products or regions that some deal has; `kind` is the field of the model."""
    group = [each.name for each in getattr(model, kind)]
    found: set[str] = set()
    for channel in model.channels:
        shares = getattr(channel, kind)
        default = {each.name: getattr(each, "share", 1.0) for each in getattr(model, kind)}
        found |= {name for name, share in (shares or default).items() if share > 0}
    return [name for name in group if name in found]


def _parts_of_deals(model: Model) -> Iterator[str]:
    for kind in ("segments", "products", "regions"):
        there = present(model, kind)
        for each in getattr(model, kind):
            if each.name not in there:
                yield f"No deal is of {kind[:-1]} '{each.name}'. Hint: give it a share in a channel's {kind}."
    foreign = {region.currency for region in model.regions}
    for currency in model.fx:
        if currency not in foreign:
            yield f"The exchange rate of {currency} is used by no region."


# conditions -----------------------------------------------------------------------------------------


def known_values(model: Model, stage: Stage | None = None) -> dict[str, Sequence[Any]]:
    """Return what the fields of conditions can be in a model (and on entering a stage), for :func:`verdict`."""
    known: dict[str, Sequence[Any]] = {
        "segment": present(model, "segments"), "channel": [channel.name for channel in model.channels],
        "product": present(model, "products") or [""], "region": present(model, "regions") or [""],
        "amount": _amounts(model), "discount": _discounts(model),
        "terms": ["standard"] * (model.pricing.non_standard_terms < 1) + ["non_standard"] * (model.pricing.non_standard_terms > 0),
    }  # fmt: skip
    if stage is not None:
        before = [s.name for s in model.stages for e in _every(s) if stage.name in (e.to, e.then) and e.probability > 0]
        skipped = [s for s in model.stages if s.when is not None and s.name in before]
        entered = any((stage.name in channel.entry) if channel.entry else stage.name == model.stages[0].name for channel in model.channels)
        # a stage that is skipped counts as passed through for what follows, whichever came before it
        known["previous"] = model.stage_names if skipped else [*dict.fromkeys(before), *([""] * entered)] or [""]
        known["visit"] = [1.0, float(stage.max_visits) if _returns(model, stage.name) else 1.0]
    return known


def _returns(model: Model, name: str) -> bool:
    """Tell whether a deal may come back to a stage."""
    ways = {stage.name: {to for way in _every(stage) if way.probability > 0 for to in (way.to, way.then)} for stage in model.stages}
    seen: set[str] = set()
    todo = [name]
    while todo:
        nexts = ways.get(todo.pop(), set()) - seen
        seen |= nexts
        todo += nexts
    return name in seen


def _every(stage: Stage) -> tuple[Any, ...]:
    return (*stage.exits, *(way for context in stage.contexts for way in context.exits))


def _amounts(model: Model) -> tuple[float, float]:
    """Return bounds of what deals are worth: nothing is said where shocks or events move them."""
    moved = model.shocks.amount_quarter_cv > 0 or any(event.amount != 1.0 for event in model.events) or bool(model.fx)
    scaled = any(product.amount_scale != 1.0 for product in model.products) or any(region.amount_scale != 1.0 for region in model.regions)
    if moved or scaled or any(getattr(product, "life_cycle", ()) for product in model.products):
        return 0.0, np.inf
    ends = [_ends(segment.amount) for segment in model.segments]
    cut = _discounts(model)[1]
    levels = [segment.price_level for segment in model.segments]
    return (min((low for low, _ in ends), default=0.0) * min([*levels, 1.0]) * (1.0 - cut), max((high for _, high in ends), default=0.0) * max([*levels, 1.0]))


def _ends(law: Law) -> tuple[float, float]:
    low, high = law.quantile(np.array([_FAR, 1.0 - _FAR]))
    return float(low), float(high)


def _discounts(model: Model) -> tuple[float, float]:
    laws = [segment.discount or model.pricing.discount for segment in model.segments] or [model.pricing.discount]
    ends = [_ends(law) for law in laws]
    return min(low for low, _ in ends), min(1.0, max(high for _, high in ends))


def _rules(model: Model) -> Iterator[str]:
    for stage in model.stages:
        known = known_values(model, stage)
        for what, text in _conditions(stage):
            found = verdict(parse_condition(text), known)
            if found != "sometimes":
                fate = "holds for every deal: it does nothing" if found == "always" else "holds for no deal of this model"
                yield f"Stage '{stage.name}': {what} '{text}' {fate}."
        yield from _shadowed(stage)
        yield from _nothing_to_do(model, stage)


def _conditions(stage: Stage) -> Iterator[tuple[str, str]]:
    if stage.when is not None:
        yield "when:", stage.when
    yield from (("the task's when:", task.when) for task in stage.tasks if task.when is not None)
    yield from (("the context", context.when) for context in stage.contexts)


def _shadowed(stage: Stage) -> Iterator[str]:
    """Yield contexts that come after one that holds whenever they do: the first that holds is taken."""
    read = [(context, parse_condition(context.when)) for context in stage.contexts]
    for (first, wide), (second, narrow) in itertools.combinations(read, 2):
        if implies(narrow, wide):
            yield f"Stage '{stage.name}': the context '{second.when}' never counts, since '{first.when}' holds first. Hint: put the narrower one first."


def implies(narrow: Sequence[Clause], wide: Sequence[Clause]) -> bool:
    """Tell whether a condition can hold only where another one does.

    Examples
    --------
    >>> implies(parse_condition("amount > 9 and segment == a"), parse_condition("amount >= 5"))
    True
    """
    for field, sign, value in wide:
        against = [clause for clause in narrow if clause[0] == field]
        opposite = {">": "<=", "<": ">=", ">=": "<", "<=": ">", "==": "!=", "!=": "=="}[sign]
        if (field, sign, value) not in against and ("authority" in (value, *(c[2] for c in against)) or verdict([*against, (field, opposite, value)]) != "never"):
            return False
    return True


def _nothing_to_do(model: Model, stage: Stage) -> Iterator[str]:
    """Yield settings of a stage that need tasks, or other stages, to do anything."""
    if stage.patience_days is not None and not stage.tasks:
        yield f"Stage '{stage.name}': patience_days does nothing, since nobody is waited for. Hint: give the stage tasks."
    if stage.effects.response and not any(task for each in model.stages for task in each.tasks):
        yield f"Stage '{stage.name}': effects.response does nothing, since no deal is ever answered. Hint: give a stage tasks."
    ways = [(way, "") for way in stage.exits] + [(way, f" in the context '{c.when}'") for c in stage.contexts for way in c.exits]
    for way, where in ways:
        elsewhere = any(other.to == way.to and other.probability > 0 for other, _ in ways)
        if way.probability == 0 and not elsewhere:
            yield f"Stage '{stage.name}': no deal takes the exit to '{way.to}'{where} (probability 0)."
        if way.max_discount is not None and way.max_discount >= _discounts(model)[1]:
            yield f"Stage '{stage.name}': max_discount {way.max_discount:g} of the exit to '{way.to}' binds nobody, since no discount is higher."
    yield from (f"Stage '{stage.name}': the context '{c.when}' changes nothing." for c in stage.contexts if _is_empty(c))


def _is_empty(context: Context) -> bool:
    return context == Context(when=context.when)


# people ---------------------------------------------------------------------------------------------


def _without_work(model: Model) -> Iterator[str]:
    working = {task.role for stage in model.stages for task in stage.tasks} | {stage.escalate_to for stage in model.stages}
    staffed = {rep.role for rep in model.reps}
    paid = {role for plan in model.plans.values() for role in _credited(plan)}
    managers = {rep.manager for rep in model.reps} - {None}
    for role in model.roles:
        heads = sum(rep.count for rep in model.reps if rep.role == role.name)
        if role.name not in working and not any(rep.name in managers for rep in model.reps if rep.role == role.name) and role.name not in paid:
            whose = f"{plural(heads, 'rep')} of role '{role.name}' {'have' if heads != 1 else 'has'}" if heads else f"Role '{role.name}' has"
            yield f"{whose} no work: no task is for {'them' if heads > 1 else 'it'}. Hint: name the role at a stage's tasks."
        if role.name in model.attrition and role.name not in staffed:
            yield f"Nobody of role '{role.name}' is there who could leave by attrition."
    for role in model.roles:
        if role.max_open_deals is not None and role.routing == "pool":
            yield f"Role '{role.name}': max_open_deals does nothing in a pool, where nobody owns deals."
    if model.effort is not None and not any(rep.plan for rep in model.reps):
        yield "Nobody has a pay plan: effort reacts only where a change alters pay."


def _credited(plan: Any) -> Iterator[str]:
    for split in getattr(plan, "splits", ()):
        yield split.role


def _unreachable(model: Model) -> Iterator[str]:
    """Yield reps of a territory-routed role whom no deal can reach, and deals that no territory covers."""
    for role in model.roles:
        reps = [(f"rep-{i + 1}", rep) for i, rep in enumerate(named_reps(model)) if rep.role == role.name]
        if role.routing == "territory" and reps:
            yield from _territories(model, role.name, reps)
        elif role.routing != "territory":
            idle = [name for name, rep in reps if rep.territory is not None]
            if idle:
                yield f"The territory of {named(idle, 4)} does nothing, since role '{role.name}' is routed by {role.routing}. Hint: routing: territory."


def _territories(model: Model, role: str, reps: Sequence[tuple[str, Rep]]) -> Iterator[str]:
    kinds = _kinds(model, [rep.territory for _, rep in reps if rep.territory is not None])
    if kinds is None:
        return
    areas = {name: parse_condition(rep.territory) for name, rep in reps if rep.territory is not None}
    covered = [{name for name, area in areas.items() if verdict(area, _as_known(kind)) == "always"} for kind in kinds]
    everywhere = all(covered)
    for name in areas:
        if not any(name in found for found in covered):
            yield f"No deal lies in the territory of {name}. Hint: name segments, channels, products or regions that deals have."
    rest = [name for name, rep in reps if rep.territory is None]
    if rest and everywhere:
        region = next((rep.region for _, rep in reps if rep.territory is None and rep.region), model.regions[0].name if model.regions else "North")
        yield (
            f"No deal can reach {named(rest, 4)} of role '{role}': deals go to whose territory they lie in, and all lie in somebody's; only "
            f"while nobody else is there would they get any. Hint: give them a territory, such as territory: region == {region}."
        )
    elif not everywhere:
        lost = next(kind for kind, found in zip(kinds, covered, strict=True) if not found)
        words = ", ".join(f"{field} {value}" for field, value in lost.items() if value and field != "amount")
        yield f"Some deals lie in no territory{f' ({words})' * bool(words)}: they go to anybody of role '{role}'."


def _as_known(kind: dict[str, Any]) -> dict[str, Sequence[Any]]:
    return {field: [value, value] if field == "amount" else [value] for field, value in kind.items()}


def _kinds(model: Model, texts: Sequence[str]) -> list[dict[str, Any]] | None:
    """Return one deal of every kind that territories can tell apart; None where there are too many."""
    clauses = [clause for text in texts for clause in parse_condition(text)]
    used = {field for field, _, _ in clauses}
    values: dict[str, Sequence[Any]] = {field: known for field, known in known_values(model).items() if field in used}
    if "amount" in used:
        low, high = values["amount"]
        bounds = sorted({float(v) for f, _, v in clauses if f == "amount"})
        around = [bounds[0] / 2, *bounds, *((a + b) / 2 for a, b in itertools.pairwise(bounds)), bounds[-1] * 2 + 1]
        values["amount"] = [point for point in around if low <= point <= high] or [low]
    if np.prod([float(len(found)) for found in values.values()]) > MOST:
        return None
    return [dict(zip(values, kind, strict=True)) for kind in itertools.product(*values.values())]


# what lies unused, and dates ------------------------------------------------------------------------


def _shelved(model: Model) -> Iterator[str]:
    used = {rep.calendar for rep in model.reps}
    for name in model.calendars:
        if name not in used:
            yield f"Calendar '{name}' is nobody's. Hint: name it at reps."
    if model.scoring is not None and not _scored(model):
        yield "The score of leads is used nowhere. Hint: routing or queue: score, effects: {score: ...}, or a condition on score."


def _scored(model: Model) -> bool:
    texts = [text for stage in model.stages for _, text in _conditions(stage)]
    return (
        any("score" in (role.routing, role.queue) for role in model.roles) or any(stage.effects.score for stage in model.stages)
        or any(clause[0] == "score" for text in texts for clause in parse_condition(text, FIELDS))
    )  # fmt: skip


def last_day(model: Model, until: str | None = None) -> dt.date:
    """Return the last date of a run: the one that is stated, else that of the last instant of the model's horizon.

    Examples
    --------
    >>> last_day(Model(epoch="2027-01-01", horizon_days=365, channels=[{"name": "web", "leads_per_week": 1.0}],
    ...                stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])).isoformat()
    '2027-12-31'
    """
    if until is not None:
        return dt.date.fromisoformat(until[:10])
    end = model.epoch + dt.timedelta(days=model.horizon_days) - dt.timedelta(microseconds=1)
    return end.astimezone(zone(model.calendar.timezone)).date()


def _dates(model: Model) -> Iterator[str]:
    first = model.epoch.astimezone(zone(model.calendar.timezone)).date()
    last = last_day(model)
    out = f"outside the run ({first} to {last})"
    for event in model.events:
        if event.start > last or (event.until or last) < first:
            yield f"Event '{event.name}' is {out}."
        if (event.leads, event.amount, event.win_logit) == (1.0, 1.0, 0.0) and event.rep is None:
            yield f"Event '{event.name}' moves nothing. Hint: leads, amount (factors) or win_logit."
        if event.where is not None and verdict(parse_condition(event.where), known_values(model)) == "never":
            yield f"Event '{event.name}': no deal of this model meets '{event.where}'."
    for channel in model.channels:
        for campaign in channel.campaigns:
            if campaign.start > last:
                yield f"Campaign '{campaign.name}' begins after the run ends on {last}."
            elif (campaign.until or campaign.start) + dt.timedelta(days=campaign.lag_days) < first:
                yield f"Campaign '{campaign.name}' is over before the run begins on {first}: none of its leads come in it."
            elif campaign.leads == 0:
                yield f"Campaign '{campaign.name}' brings no leads."
    for training in model.trainings:
        if training.start > last:
            yield f"Training '{training.name}' begins after the run ends on {last}."
    for i, rep in enumerate(model.reps):
        if rep.hired is not None and rep.hired > last:
            yield f"reps[{i}] of role '{rep.role}' begin after the run ends on {last}."
        if rep.leaves is not None and rep.leaves <= first:
            yield f"reps[{i}] of role '{rep.role}' have left before the run begins on {first}."


def idle_changes(scenario: Scenario, model: Model, until: str | None = None) -> list[str]:
    """Return what of a scenario changes nothing in a run of `model`.

    Parameters
    ----------
    scenario : Scenario
    model : Model
        Its base.
    until : str, optional
        Last day of the run, an ISO date; else the model's.

    Examples
    --------
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 1.0}], stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> same = Scenario(name="same", changes=[{"scale": {"path": "channels[web].leads_per_week", "by": 1.0}}])
    >>> idle_changes(same, model)
    ['same: change 1 (scale) changes nothing: it leaves the model as it is.']
    """
    from simsales.model.apply import apply

    first = model.epoch.astimezone(zone(model.calendar.timezone)).date()
    last = last_day(model, until)
    found: list[str] = []
    for i, change in enumerate(scenario.changes):
        who = f"{scenario.name}: change {i + 1} ({change.kind})"
        if change.start is not None and change.start > last:
            continue  # said by late()
        before = apply(scenario.model_copy(update={"changes": scenario.changes[:i]}), model).regimes
        after = apply(scenario.model_copy(update={"changes": scenario.changes[: i + 1]}), model).regimes
        if change.adoption == 0.0:
            found.append(f"{who} is adopted for no deal (adoption 0): it changes nothing.")
        elif change.where is not None and all(verdict(parse_condition(change.where), known_values(each)) == "never" for each in (before[-1].model, after[-1].model)):
            found.append(f"{who} is for deals with {change.where}, and no deal of the model meets that: it changes nothing.")
        elif change.uncertain:
            pass  # its numbers are drawn anew in every replication
        elif after[-1].model == before[-1].model and change.dip is None and len(after) == len(before) and before == after or all(regime.model == before[-1].model for regime in after) and change.dip is None and len(before) == 1:
            found.append(f"{who} changes nothing: it leaves the model as it is.")
        if change.cost.once and change.start is not None and change.start < first:
            found.append(f"{who} begins on {change.start}, before the run: its cost of {change.cost.once:g} once is not in the result.")
    return found


def idle_results(scenario: Scenario, model: Model) -> list[str]:
    """Return what can do nothing in the model that a scenario makes, and could in its base: hires whom no deal reaches."""
    from simsales.model.apply import apply

    before = idle_parts(model)
    return [f"{scenario.name}: {line}" for line in idle_parts(apply(scenario, model).last) if line not in before]

