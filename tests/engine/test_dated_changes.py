"""Every number of a model obeys the date, the ramp and the adoption of a change, or the change is refused in words.

The numbers are found by reflection in one rich organisation: a field that is added later is tested without a new test.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from engine_models import simulate
from rich_model import Leaf, fields_of, is_number, leaves, rich

from simsales import kpi
from simsales.engine import EventLog
from simsales.engine.life.state import REASONS
from simsales.errors import InvalidModelError
from simsales.model.apply import Timeline, apply
from simsales.model.apply.scope import SCOPES, scope_at, touched
from simsales.model.laws import Law
from simsales.model.levers import Scenario
from simsales.model.schema import Model
from simsales.money.cash import flows

BASE = rich()
DATE, DAY, UNTIL = dt.date(2027, 2, 16), 46.0, 85.0  # a Tuesday within month and quarter
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
    ("scoring", "grades", "from"): "names a score for people",
    ("plans", "quota"): "the organisation's target gives every rep a quota",
    ("regions", "share"): "every channel that has regions states its own shares",
    ("products", "share"): "every channel that has products states its own shares",
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


def together(chosen: Iterable[tuple[Leaf, dict[str, Any]]], **when: Any) -> Timeline:
    """One timeline with as many changes at once as fit each other."""
    timeline, bodies = apply(Scenario(), BASE), []
    for _, change in chosen:
        [(kind, body)] = change.items()
        bodies.append({kind: {**body, **when}})
    while True:
        try:
            return apply(Scenario(changes=bodies), BASE)
        except InvalidModelError as error:
            wrong = {int(i) for i in re.findall(r"^changes\[(\d+)\]", str(error), re.MULTILINE)}
            assert wrong, timeline
            bodies = [body for i, body in enumerate(bodies) if i not in wrong]


@cache
def base_run(seed: int, until: float = UNTIL) -> EventLog:
    return simulate(BASE, seed=seed, until=until)


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
    assert differing(known_by(base_run(seed), DAY), known_by(run, DAY)) == []
    assert len(differing(known_by(base_run(seed), UNTIL), known_by(run, UNTIL))) > 10
    stopped = simulate(timeline, seed=seed, until=DAY)
    assert differing(known_by(base_run(seed, DAY), DAY), known_by(stopped, DAY)) == []
    assert other_kpis(base_run(seed, DAY), stopped) == []  # pay and cost too


def test_a_change_of_everything_that_nobody_takes_up_changes_nothing():
    timeline = together(allowed(shared=True), start=DATE, adoption=0.0)
    run = simulate(timeline, seed=1, until=UNTIL)
    assert differing(known_by(base_run(1), UNTIL), known_by(run, UNTIL)) == []
    assert other_kpis(base_run(1), run) == []


def test_a_condition_that_no_deal_meets_changes_nothing():
    chosen = [(leaf, change) for leaf, change in allowed(shared=True) if leaf.fields[0] in ("stages", "handoff")]
    run = simulate(together(chosen, start=DATE, where="amount >= 1000000000000"), seed=1, until=UNTIL)
    assert differing(known_by(base_run(1), UNTIL), known_by(run, UNTIL)) == []


def test_a_change_dated_at_the_beginning_is_one_without_a_date():
    steady = [
        (leaf, change) for leaf, change in allowed(shared=False)
        if leaf.fields[:2] != ("channels", "spend") and leaf.fields[0] not in ("plans", "quotas", "effort")  # an old stock is used up first; pay is tested with pay
    ]  # fmt: skip
    undated, first = together(steady), together(steady, start=BASE.epoch.date())
    one, other = simulate(undated, seed=1, until=UNTIL), simulate(first, seed=1, until=UNTIL)
    assert differing(known_by(one, UNTIL), known_by(other, UNTIL)) == []


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
            assert differing(known_by(base_run(seed), DAY), known_by(run, DAY)) == [], change
            if differing(known_by(base_run(seed), UNTIL), known_by(run, UNTIL)) or other_kpis(base_run(seed), run):
                return True
    return False
