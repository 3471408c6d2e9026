"""Every number of a model obeys the date, the ramp and the adoption of a change, or the change is refused in words.

The numbers are found by reflection in one rich organisation: a field that is added later is tested without a new test.
"""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from engine_models import model, same, simulate
from rich_model import Leaf, fields_of, is_number, leaves, rich

from simsales import kpi
from simsales.engine import EventLog, lower
from simsales.engine.life.state import REASONS
from simsales.errors import InvalidModelError
from simsales.model.apply import Timeline, apply
from simsales.model.apply.scope import SCOPES, scope_at, touched
from simsales.model.laws import Law
from simsales.model.levers import Scenario
from simsales.model.schema import Model
from simsales.money.cash import flows

BASE = rich()
DATE, DAY, UNTIL = dt.date(2027, 2, 16), 46.0, 80.0  # a Tuesday within month and quarter
SEEDS = (1, 2, 3, 4)
WORDS: dict[tuple[str, ...], Any] = {
    ("name",): "other", ("process",): "linear", ("channels", "hours"): "09:00-17:00", ("channels", "campaigns", "until"): dt.date(2027, 3, 5),
    ("channels", "campaigns", "start"): dt.date(2027, 2, 25), ("regions", "currency"): None,
    ("products", "life_cycle", "date"): dt.date(2027, 2, 28), ("fx", "start"): dt.date(2027, 3, 8),
    ("scoring", "factors", "kind"): "attribute", ("scoring", "form"): "logistic",
    ("stages", "tasks", "role"): "SDR", ("stages", "tasks", "at"): "end", ("stages", "tasks", "parallel"): True, ("stages", "tasks", "continues"): True, ("stages", "tasks", "when"): "amount >= 900",
    ("stages", "tasks", "part"): "own", ("stages", "tasks", "gather", "weekday"): "fri", ("stages", "exits", "to"): "no_decision", ("stages", "exits", "then"): None,
    ("stages", "exits", "reason"): "price", ("stages", "contexts", "when"): "visit >= 1", ("stages", "when"): None, ("stages", "escalate_to"): None,
    ("stages", "after_sale"): True, ("stages", "journey"): "decision", ("stages", "owner_role"): "AE", ("stages", "checklist"): "asked",
    ("stages", "exit_criteria"): "money is known", ("roles", "queue"): "newest", ("roles", "routing"): "least_loaded",
    ("reps", "name"): "Zoe", ("reps", "role"): "SDR", ("reps", "team"): "south", ("reps", "region"): "cn", ("reps", "manager"): "AE-02",
    ("reps", "hired"): dt.date(2026, 12, 1), ("reps", "leaves"): dt.date(2027, 3, 25), ("reps", "plan"): None, ("reps", "calendar"): None,
    ("reps", "off"): "2027-02-04", ("reps", "territory"): "region == cn", ("attrition", "replace"): False,
    ("trainings", "start"): dt.date(2027, 3, 1), ("plans", "period"): "quarter", ("plans", "threshold_from"): "threshold",
    ("plans", "spiffs", "start"): dt.date(2027, 3, 1), ("plans", "spiffs", "until"): dt.date(2027, 3, 1), ("plans", "spiffs", "where"): "segment == mid",
    ("plans", "draw", "recoverable"): False, ("plans", "splits", "overlay"): True, ("plans", "paid_at"): "collection", ("plans", "ramp_relief"): False,
    ("quotas", "period"): "quarter", ("quotas", "by"): "equal", ("effort", "status"): "fitted", ("timing", "period"): "quarter",
    ("trainings", "role"): "SDR", ("plans", "splits", "role"): "AE", ("stages", "contexts", "exits", "to"): "won",
    ("events", "start"): dt.date(2027, 1, 21), ("events", "until"): dt.date(2027, 3, 1), ("events", "where"): "segment == mid", ("events", "rep"): None,
    ("calendar", "hours"): "09:00-21:00", ("calendars", "hours"): "09:00-21:00", ("calendar", "days"): "mon-sat", ("calendars", "days"): "mon-sun",
}  # fmt: skip
"""Another value for what is no number."""
IDENTITY = ("simsales", "name", "currency", "epoch", "timezone", "kind", "country", "subdivision", "lunch", "off", "extra")
"""What names things (another name is another thing) or belongs to the calendar; the rest of a calendar stands in WORDS."""
INERT = {
    ("channels", "spend", "lag_days"): "what has always been spent alike arrives alike whenever it was spent",
    ("channels", "spend", "half_life_days"): "what has always been spent alike has filled its stock",
    ("scoring", "grades", "from_"): "names a score for people",
}
"""What does nothing in this organisation from any day on, and why."""


def moved(leaf: Leaf) -> Iterator[dict[str, Any]]:
    """Changes of what stands at a place, without a date: some values may break a rule of the model."""
    if not is_number(leaf.value):
        yield {"set": {"path": leaf.path, "to": WORDS[leaf.fields]}}
        return
    if isinstance(leaf.value, Law) or leaf.value != 0:
        yield from ({"scale": {"path": leaf.path, "by": by}} for by in ((0.5, 2.0) if isinstance(leaf.value, int) else (0.4, 1.6)))
    else:
        yield from ({"set": {"path": leaf.path, "to": to}} for to in (0.4, 3))


def dated(change: dict[str, Any], **when: Any) -> Scenario:
    """A scenario of one change with a date or an adoption."""
    [(kind, body)] = change.items()
    return Scenario(changes=[{kind: {**body, **when}}])


@cache
def places() -> tuple[tuple[Leaf, dict[str, Any]], ...]:
    """Every place that can be moved at all, and a change that moves it from the beginning."""
    found = []
    for leaf in leaves(BASE):
        wordless = not is_number(leaf.value) and (leaf.fields not in WORDS or WORDS[leaf.fields] == leaf.value or leaf.value is None)
        if wordless or leaf.fields[0] == "provenance":
            continue
        for change in moved(leaf):
            try:
                timeline = apply(dated(change), BASE)
            except InvalidModelError:
                continue
            if timeline.model != BASE:
                found.append((leaf, change))
                break
    return tuple(found)


@cache
def scopes() -> dict[str, tuple[bool, bool]]:
    """By path: whether a change of it may have a date, and an adoption."""
    found = {}
    for leaf, change in places():
        after = apply(dated(change), BASE).model
        rules = [scope_at(place, DATE, after) for place in touched(BASE, after)]
        found[leaf.path] = all(rule.dated for rule in rules), all(rule.shared for rule in rules)
    return found


def allowed(*, shared: bool) -> list[tuple[Leaf, dict[str, Any]]]:
    """The places whose changes may have a date, or an adoption."""
    return [(leaf, change) for leaf, change in places() if scopes()[leaf.path][shared]]


def fitting(bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As many of the changes as fit each other."""
    while True:
        try:
            apply(Scenario(changes=bodies), BASE)
        except InvalidModelError as error:
            wrong = {int(i) for i in re.findall(r"^changes\[(\d+)\]", str(error), re.MULTILINE)}
            assert wrong, error
            bodies = [body for i, body in enumerate(bodies) if i not in wrong]
        else:
            return bodies


def together(chosen: Iterable[tuple[Leaf, dict[str, Any]]], **when: Any) -> Timeline:
    """One timeline with as many changes at once as fit each other."""
    bodies = [{kind: {**body, **when}} for _, change in chosen for kind, body in change.items()]
    return apply(Scenario(changes=fitting(bodies)), BASE)


@cache
def base_run(seed: int, until: float = UNTIL) -> EventLog:
    return simulate(BASE, seed=seed, until=until)


@cache
def base_by(seed: int, day: float) -> dict[str, np.ndarray]:
    """What had happened before a day in a run of the organisation as it is."""
    return known_by(base_run(seed), day)


def known_by(log: EventLog, day: float) -> dict[str, np.ndarray]:
    """What had happened before a day: deals, stays, tasks, people and money."""
    deal, visit, task = log.deal, log.visit, log.task
    found: dict[str, np.ndarray] = {}
    early = deal.created < day
    for name in ("created", "list_amount", "segment", "channel", "product", "region", "currency", "source", "number", "rate"):
        found[f"deal.{name}"] = getattr(deal, name)[early]
    names = ("", *REASONS[1:], *log.plan.process.reasons)
    found["deal.reason"] = np.where(deal.closed < day, np.array(names, dtype=object)[deal.reason], "")[early].astype(str)
    for name in ("closed", "status", "amount", "discount"):
        found[f"deal.{name}"] = np.where(deal.closed < day, getattr(deal, name), np.nan)[early]
    found["deal.response"] = np.where(deal.created + deal.response / 24.0 < day, deal.response, np.nan)[early]
    early = visit.entered < day
    for name in ("deal", "seq", "stage", "entered", "number"):
        found[f"visit.{name}"] = getattr(visit, name)[early]
    for name in ("left", "exit", "owner"):
        found[f"visit.{name}"] = np.where(visit.left < day, getattr(visit, name), np.nan)[early]
    early = task.queued < day
    for name in ("deal", "seq", "stage", "queued"):
        found[f"task.{name}"] = getattr(task, name)[early]
    for name in ("started", "rep", "role"):
        found[f"task.{name}"] = np.where(task.started < day, getattr(task, name), np.nan)[early]
    found["task.ended"] = np.where(task.ended < day, task.ended, np.nan)[early]
    money = flows(log)
    found["cash"] = money.amount[money.received < day]
    named = [log.plan.reps.index(name) for name in ("Ann", "Bob", "AE-01", "AE-02", "Sue", "Tom")]
    for name in ("rep_hired", "rep_left"):
        times = getattr(log, name)[named]
        found[name] = np.where(times < day, times, np.inf)
    return found


def differing(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> list[str]:
    return [name for name in a if not np.array_equal(a[name], b[name], equal_nan=a[name].dtype.kind == "f")]


def other_kpis(one: EventLog, other: EventLog) -> list[str]:
    a, b = kpi.table(one), kpi.table(other)
    return [name for name in a if not np.array_equal(a[name], b[name], equal_nan=True)]


def test_the_rich_organisation_has_every_number_of_the_schema():
    assert not set(fields_of(Model)) - {leaf.fields for leaf in leaves(BASE) if is_number(leaf.value)}


def test_every_field_of_a_model_says_how_it_can_change():
    assert {fields[0] for fields in SCOPES} == set(Model.model_fields)
    known = {leaf.fields[:n] for leaf in leaves(BASE) for n in range(1, len(leaf.fields) + 1)}
    assert set(SCOPES) <= known
    assert all(scope.why and scope.hint for scope in SCOPES.values() if not (scope.dated and scope.shared))


def test_everything_that_is_no_number_has_another_value_to_try():
    unknown = {leaf.fields for leaf in leaves(BASE) if not is_number(leaf.value) and leaf.value is not None} - set(WORDS)
    assert {fields for fields in unknown if fields[-1] not in IDENTITY and fields[0] != "provenance"} == set()


@pytest.mark.parametrize("field", ["start", "adoption", "ramp_days"])
def test_what_cannot_change_by_date_or_share_is_refused_in_words_and_the_rest_is_not(field):
    value = {"start": DATE, "adoption": 0.5, "ramp_days": 20.0}[field]
    refused = 0
    for leaf, change in places():
        may_be_dated, may_be_shared = scopes()[leaf.path]
        fits = may_be_dated and (field == "start" or may_be_shared)
        if fits:
            apply(dated(change, **{field: value}), BASE)
            continue
        refused += 1
        with pytest.raises(InvalidModelError, match=r"must (be left out|not change during a run|not lead to).*Hint: "):
            apply(dated(change, **{field: value}), BASE)
    assert refused > 20


def test_a_condition_goes_with_stages_and_handoffs_only():
    for leaf, change in places():
        if leaf.fields[0] in ("stages", "handoff"):
            continue
        with pytest.raises(InvalidModelError, match=r"where must stand with a change of stages|must not|already|must be"):
            apply(dated(change, where="segment == smb"), BASE)


@pytest.mark.parametrize("seed", SEEDS[:2])
def test_nothing_before_its_date_knows_of_a_change_of_everything(seed):
    timeline = together(allowed(shared=False), start=DATE)
    assert len(timeline.regimes) == 2
    run = simulate(timeline, seed=seed, until=UNTIL)
    assert differing(base_by(seed, DAY), known_by(run, DAY)) == []
    assert len(differing(base_by(seed, UNTIL), known_by(run, UNTIL))) > 10
    stopped = simulate(timeline, seed=seed, until=DAY)
    assert differing(known_by(base_run(seed, DAY), DAY), known_by(stopped, DAY)) == []
    assert other_kpis(base_run(seed, DAY), stopped) == []  # pay and cost too


def test_a_change_of_everything_that_nobody_takes_up_changes_nothing():
    timeline = together(allowed(shared=True), start=DATE, adoption=0.0)
    run = simulate(timeline, seed=1, until=UNTIL)
    assert differing(base_by(1, UNTIL), known_by(run, UNTIL)) == []
    assert other_kpis(base_run(1), run) == []


def test_a_condition_that_no_deal_meets_changes_nothing():
    chosen = [(leaf, change) for leaf, change in allowed(shared=True) if leaf.fields[0] in ("stages", "handoff")]
    run = simulate(together(chosen, start=DATE, where="amount >= 1000000000000"), seed=1, until=UNTIL)
    assert differing(base_by(1, UNTIL), known_by(run, UNTIL)) == []


def test_a_change_dated_at_the_beginning_is_one_without_a_date():
    steady = [
        (leaf, change) for leaf, change in allowed(shared=False)
        if leaf.fields[:2] != ("channels", "spend") and leaf.fields[0] not in ("plans", "quotas", "effort")  # an old stock is used up first; pay is tested with pay
    ]  # fmt: skip
    undated, first = together(steady), together(steady, start=BASE.epoch.date())
    one, other = simulate(undated, seed=1, until=UNTIL), simulate(first, seed=1, until=UNTIL)
    assert differing(known_by(one, UNTIL), known_by(other, UNTIL)) == []


@pytest.mark.parametrize("draw", range(4))
def test_changes_of_several_dates_shares_and_conditions_do_not_know_of_later_ones(draw):
    """Up to each date the run is that of the earlier changes alone, whatever branches they make."""
    rng = random.Random(draw)
    dates = [DATE, DATE + dt.timedelta(days=6), DATE + dt.timedelta(days=17)]
    bodies: list[dict[str, Any]] = []
    for n, (leaf, change) in enumerate(rng.sample(allowed(shared=True), 9)):
        when: dict[str, Any] = {"start": dates[n % 3], "adoption": rng.choice([0.4, 1.0]), "ramp_days": rng.choice([0.0, 0.0, 20.0])}
        if leaf.fields[0] in ("stages", "handoff"):
            when["where"] = rng.choice([None, "segment == smb"])
        [(kind, body)] = change.items()
        bodies.append({kind: {**body, **when}})
    bodies = fitting(bodies)
    logs = []
    for n in range(4):
        early = [body for body in bodies for change in body.values() if change["start"] in dates[:n]]
        logs.append(simulate(apply(Scenario(changes=early), BASE), seed=1, until=UNTIL))
    for n, date in enumerate(dates):
        day = (date - BASE.epoch.date()).days
        for later in logs[n + 1 :]:
            assert differing(known_by(logs[n], day), known_by(later, day)) == []
    assert differing(known_by(logs[0], UNTIL), known_by(logs[-1], UNTIL)) != []


@pytest.mark.slow
def test_every_single_change_acts_after_its_date_and_only_then():
    by_fields: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for leaf, change in allowed(shared=False):
        by_fields.setdefault(leaf.fields, []).append(change)
    idle = [fields for fields, changes in by_fields.items() if not _acts(changes)]
    assert sorted(idle) == sorted(INERT)


def _acts(changes: list[dict[str, Any]]) -> bool:
    """Tell whether one of the changes does something in one of the runs; before its date none may."""
    for seed in SEEDS:
        for change in changes:
            run = simulate(apply(dated(change, start=DATE), BASE), seed=seed, until=UNTIL)
            assert differing(base_by(seed, DAY), known_by(run, DAY)) == [], change
            if differing(base_by(seed, UNTIL), known_by(run, UNTIL)) or other_kpis(base_run(seed), run):
                return True
    return False


# what single numbers have to give ---------------------------------------------------------------

PLAIN = {"channels": [{"name": "web", "leads_per_week": 100.0}], "segments": [{"name": "all", "amount": 100.0}], "horizon_days": 364.0}
MIDYEAR, JULY = 178.0, "2027-07-01"  # days since Monday 2027-01-04


def put(path: str, to: Any, start: str | None = JULY, **when: Any) -> dict[str, Any]:
    return {"set": {"path": path, "to": to, **({} if start is None else {"start": start}), **when}}


def run(base: Model, *changes: dict[str, Any], seed: int = 1) -> EventLog:
    return simulate(apply(Scenario(changes=list(changes)), base), seed=seed)


def test_a_rate_of_exchange_changes_on_its_day():
    """An amount of 100 euros is 110 before July, and 130 after it; a rate that the base had for later falls away."""
    base = model(**PLAIN, regions=[{"name": "eu", "currency": "EUR"}], fx={"EUR": [{"start": "2020-01-01", "rate": 1.1}, {"start": "2027-09-01", "rate": 2.0}]})
    deal = run(base, put("fx[EUR]", 1.3)).deal
    assert set(deal.amount[deal.created < MIDYEAR].round(9)) == {110.0}
    assert set(deal.amount[deal.created >= MIDYEAR].round(9)) == {130.0}


def test_overdispersion_begins_on_its_day():
    """Weekly counts scatter as variance over mean says: 1 before, 9 after; 26 weeks of 30 futures each (4 standard errors)."""
    base = model(**PLAIN)
    counts = np.array([np.bincount((run(base, put("channels[web].overdispersion", 9.0), seed=s).deal.created // 7).astype(int), minlength=52) for s in range(30)])
    for weeks, ratio in ((counts[:, :25], 1.0), (counts[:, 26:], 9.0)):
        found = weeks.var(ddof=1) / 100.0
        assert abs(found / ratio - 1.0) < 4.0 * (2.0 / weeks.size) ** 0.5 * 1.3  # a gamma mixture has some more


def test_shocks_begin_on_their_day_and_are_those_of_an_undated_change():
    """The quarter's draw is one: from July on the same factor stands on amounts and odds as if it had always been so strong."""
    half = [{"name": "S", "exits": [{"to": "won", "probability": 0.5}, {"to": "lost", "probability": 0.5}]}]
    base = model(**PLAIN, stages=half)
    changes = [("shocks.amount_quarter_cv", 0.5), ("shocks.win_logit_quarter_sd", 2.0)]
    plain, always, later = run(base), run(base, *(put(*each, None) for each in changes)), run(base, *(put(*each) for each in changes))
    early, late = plain.deal.created < MIDYEAR, plain.deal.created >= MIDYEAR
    for name in ("amount", "status"):
        assert getattr(later.deal, name)[early].tolist() == getattr(plain.deal, name)[early].tolist()
        assert getattr(later.deal, name)[late].tolist() == getattr(always.deal, name)[late].tolist() != getattr(plain.deal, name)[late].tolist()


@pytest.mark.parametrize("change", [
    {"scale": {"path": "channels[web].leads_per_week", "by": 3.0}}, {"set": {"path": "channels[web].trend_per_year", "to": 2.0}},
    {"set": {"path": "channels[web].weekday", "to": {"sat": 9.0}}}, {"set": {"path": "channels[web].hours", "to": "10:00-16:00"}},
    {"set": {"path": "products[P].life_cycle[2027-01-01].factor", "to": 4.0}}, {"scale": {"path": "channels[web].overdispersion", "by": 2.0}},
    {"set": {"path": "channels[web].season", "to": {"feb": 5.0}}}, {"set": {"path": "channels[web].campaigns", "to": [{"name": "fair", "start": "2027-02-13", "leads": 5000.0}]}},
    {"set": {"path": "channels[web].spend.lag_days", "to": 0.0}}, {"scale": {"path": "channels[web].spend.half_life_days", "by": 0.1}}, {"scale": {"path": "channels[web].spend.per_week", "by": 9.0}},
])  # fmt: skip
def test_a_week_keeps_the_leads_of_the_days_before_a_switch(change):
    """Also where the week's count is overdispersed, and where the change is only worth the share that has risen."""
    channel = {"name": "web", "leads_per_week": 50.0, "overdispersion": 3.0, "hours": "08:00-18:00",
               "spend": {"per_week": 100.0, "most_leads_per_week": 40.0, "half_at": 90.0, "lag_days": 3.5, "half_life_days": 5.0}}  # fmt: skip
    base = model(channels=[channel], products=[{"name": "P", "life_cycle": [{"date": "2027-01-01", "factor": 1.0}, {"date": "2028-01-01", "factor": 2.0}]}])
    saturday = 40.0
    plain = simulate(base).deal.created
    [kind] = change
    for when in ({}, {"ramp_days": 30.0, "adoption": 0.7}):
        if when and change[kind]["path"].endswith(("overdispersion", "half_life_days")):
            continue  # not for a share of the leads
        moved = run(base, {kind: {**change[kind], "start": "2027-02-13", **when}}).deal.created
        assert plain[plain < saturday].tolist() == moved[moved < saturday].tolist()
        idle = change[kind]["path"].endswith(("lag_days", "half_life_days"))
        assert idle or plain[plain >= saturday].tolist() != moved[moved >= saturday].tolist()


def test_a_trend_goes_on_from_where_the_old_one_had_come():
    """Growth of 10 a year from July on: nothing jumps on the first of July (it did, by the growth since the epoch)."""
    base = model(**{**PLAIN, "channels": [{"name": "web", "leads_per_week": 700.0, "trend_per_year": 0.2}]})
    created = run(base, put("channels[web].trend_per_year", 9.0)).deal.created
    week = ((created >= MIDYEAR) & (created < MIDYEAR + 7)).sum()
    mean = 700.0 * 1.2 ** (MIDYEAR / 365.25) * 10.0 ** (3.5 / 365.25)
    assert abs(week - mean) < 4.0 * mean**0.5


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_terms_are_those_of_the_share_of_deals_that_took_them_up(share):
    """Every deal of 100 pays after 60 days; a share of those won from July on pays at once."""
    base = model(**PLAIN, terms={"payment_days": 60.0})
    log = run(base, put("terms.payment_days", 0.0, adoption=share))
    money = flows(log)
    waited = (money.due - log.deal.closed[money.deal]).round(6)
    late = log.deal.closed[money.deal] >= MIDYEAR
    assert set(waited[~late]) == {60.0}
    n = int(late.sum())
    assert abs((waited[late] == 0.0).mean() - share) <= 4.0 * (share * (1 - share) / n) ** 0.5


def test_a_campaign_that_is_moved_costs_on_the_day_on_which_it_begins():
    """It began in March as the base has it, and begins again in September as the change has it: twice the leads, twice the cost."""
    fair = {"name": "fair", "start": "2027-03-01", "leads": 300.0, "cost": 700.0}
    base = model(**{**PLAIN, "channels": [{"name": "web", "leads_per_week": 0.0, "campaigns": [fair]}]})
    log = run(base, put("channels[web].campaigns[fair].start", dt.date(2027, 9, 1)), put("channels[web].campaigns[fair].cost", 500.0))
    assert kpi.table(log)["cost"] == 1200.0
    months = log.deals["created_at"].dt.month
    assert set(months) == {3, 9}
    assert kpi.table(simulate(apply(Scenario(changes=[put("channels[web].campaigns[fair].cost", 0.0)]), base), until=100.0))["cost"] == 700.0


@pytest.mark.parametrize(("start", "words"), [("2026-12-01", "before the run: it holds from the first day on"), ("2028-03-01", "not before the run ends: it does nothing in this run")])
def test_a_run_says_which_changes_lie_outside_of_it(start, words):
    timeline = apply(Scenario(changes=[put("pricing.unit_cost_share", 0.5, start), {"hire": {"role": "AE", "start": "2027-02-01"}}]), model(**PLAIN, roles=[{"name": "AE"}]))
    notes = lower(timeline).notes
    assert [note for note in notes if "changes[" in note] == [next(note for note in notes if note.startswith(f"changes[0].set begins on {start}, {words}"))]
    assert not any("changes[" in note for note in lower(timeline, start="2026-11-01" if start < "2027" else None, until="2028-12-31").notes)
    if start < "2027":
        same(simulate(timeline), run(model(**PLAIN, roles=[{"name": "AE"}]), put("pricing.unit_cost_share", 0.5, "2027-01-04"), {"hire": {"role": "AE", "start": "2027-02-01"}}))
