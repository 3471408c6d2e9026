"""Changes of a model: what each one does, and what it refuses."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from simsales.errors import InvalidModelError
from simsales.model.apply import apply
from simsales.model.levers import CHANGES, Scenario
from simsales.model.roster import named_reps
from simsales.model.schema import Model

BASE = Model(
    channels=[{"name": "web", "leads_per_week": 10.0, "entry": {"Lead": 0.5, "Demo": 0.5}}],
    stages=[
        {"name": "Lead", "exits": [{"to": "Demo", "probability": 0.6, "delay_days": 4.0}, {"to": "lost", "probability": 0.4, "delay_days": 2.0}]},
        {"name": "Demo", "exits": [{"to": "Close", "probability": 0.5}, {"to": "Lead", "probability": 0.2}, {"to": "lost", "probability": 0.3}]},
        {"name": "Close", "exits": [{"to": "won", "probability": 0.8}, {"to": "lost", "probability": 0.2}]},
    ],
    roles=[{"name": "AE"}],
    reps=[{"role": "AE", "count": 3, "plan": "std"}],
    plans={"std": {"quota": 100.0, "base": 10.0, "rates": [{"rate": 0.1}]}},
)


def after(change: dict[str, Any]) -> Model:
    return apply(Scenario(changes=[change]), BASE).last


def odds(model: Model, stage: str) -> dict[str, float]:
    found = next(s for s in model.stages if s.name == stage)
    return {e.to: round(e.probability, 9) for e in found.exits}


def test_scaling_a_probability_lets_the_others_share_the_rest():
    assert odds(after({"scale": {"path": "stages[Demo].exits[Close].probability", "by": 1.5}}), "Demo") == {"Close": 0.75, "Lead": 0.1, "lost": 0.15}


def test_scaling_a_law_scales_its_draws():
    assert after({"scale": {"path": "stages[Lead].exits[Demo].delay_days", "by": 0.5}}).stages[0].exits[0].delay_days.median() == 2.0


def test_a_star_names_all_items():
    model = after({"scale": {"path": "stages[*].exits[*].delay_days", "by": 2.0}})
    assert [e.delay_days.median() for e in model.stages[0].exits] == [8.0, 4.0]


def test_a_new_stage_is_entered_instead_of_the_next_one():
    change = {"add": {"after": "Demo", "stage": {"name": "Legal", "exits": [{"to": "Close", "probability": 1.0}]}}}
    model = after(change)
    assert model.stage_names == ("Lead", "Demo", "Legal", "Close")
    assert odds(model, "Demo") == {"Legal": 0.5, "Lead": 0.2, "lost": 0.3}


def test_a_new_stage_comes_before_the_likeliest_next_one_where_the_next_in_order_is_never_entered():
    gate = {"name": "Gate", "exits": [{"to": "Close", "probability": 1.0}]}
    first = {"name": "Talk", "exits": [{"to": "Close", "probability": 0.7}, {"to": "lost", "probability": 0.3}]}
    close = {"name": "Close", "exits": [{"to": "won", "probability": 1.0}]}
    base = Model(channels=[{"name": "web", "leads_per_week": 1.0}], stages=[first, gate, close])
    legal = {"name": "Legal", "exits": [{"to": "Close", "probability": 1.0}]}
    model = apply(Scenario(changes=[{"add": {"after": "Talk", "stage": legal}}]), base).last
    assert odds(model, "Talk") == {"Legal": 0.7, "lost": 0.3}


def test_a_stage_without_a_way_ahead_cannot_be_followed_by_a_new_one():
    end = {"name": "End", "exits": [{"to": "lost", "probability": 1.0}]}
    base = Model(channels=[{"name": "web", "leads_per_week": 1.0}], stages=[end])
    new = {"name": "New", "exits": [{"to": "won", "probability": 1.0}]}
    with pytest.raises(InvalidModelError, match="after must name a stage with an exit forward, got 'End'. Hint: add an exit"):
        apply(Scenario(changes=[{"add": {"after": "End", "stage": new}}]), base)


def test_a_new_exit_takes_its_share_from_the_others():
    model = after({"add": {"from": "Lead", "exit": {"to": "Close", "probability": 0.5}}})
    assert odds(model, "Lead") == {"Demo": 0.3, "lost": 0.2, "Close": 0.5}


def test_a_removed_stage_sends_its_deals_onward():
    model = after({"remove": {"stage": "Demo"}})
    assert model.stage_names == ("Lead", "Close")
    assert odds(model, "Lead") == {"Close": 0.6, "lost": 0.4}
    assert model.channels[0].entry == {"Lead": 0.5, "Close": 0.5}


def test_a_removed_exit_leaves_its_share_to_the_others():
    assert odds(after({"remove": {"from": "Demo", "exit": "Lead"}}), "Demo") == {"Close": 0.625, "lost": 0.375}


def test_hires_and_leaves_carry_their_dates():
    hired = after({"hire": {"role": "AE", "count": 2, "start": "2027-05-01"}})
    reps = named_reps(hired)
    assert [rep.name for rep in reps] == ["AE-01", "AE-02", "AE-03", "AE-04", "AE-05"]
    assert [rep.hired for rep in reps[3:]] == [dt.date(2027, 5, 1)] * 2
    assert [rep.plan for rep in reps[3:]] == ["std", "std"]
    gone = after({"leave": {"role": "AE", "count": 1, "start": "2027-06-01"}})
    assert [rep.leaves for rep in named_reps(gone)] == [None, None, dt.date(2027, 6, 1)]
    assert len(apply(Scenario(changes=[{"hire": {"role": "AE", "start": "2027-05-01"}}]), BASE).regimes) == 1


def test_routing_and_plans_change_what_they_name():
    assert after({"route": {"role": "AE", "routing": "pool"}}).roles[0].routing == "pool"
    plan = after({"plan": {"name": "std", "quota": 50.0, "cap": 1.2}}).plans["std"]
    assert (plan.quota, plan.cap, plan.base) == (50.0, 1.2, 10.0)
    new = after({"plan": {"name": "gold", "role": "AE", "quota": 10.0}})
    assert {rep.plan for rep in new.reps} == {"gold"}


def test_dated_changes_make_regimes_in_order_of_their_dates():
    late = {"set": {"path": "stages[Close].exits[won].probability", "to": 0.9, "start": "2027-06-01"}}
    early = {"set": {"path": "stages[Close].exits[won].probability", "to": 0.7, "start": "2027-03-01", "adoption": 0.5}}
    timeline = apply(Scenario(changes=[late, early, {"scale": {"path": "channels[web].leads_per_week", "by": 2.0}}]), BASE)
    assert [regime.start for regime in timeline.regimes] == [None, dt.date(2027, 3, 1), dt.date(2027, 6, 1), dt.date(2027, 6, 1)]
    assert [regime.adoption for regime in timeline.regimes] == [1.0, 0.5, 1.0, 1.0]
    assert [len(regime.needs) for regime in timeline.regimes] == [0, 0, 0, 1]  # the last: deals that had taken up the first
    assert [regime.model.channels[0].leads_per_week for regime in timeline.regimes] == [20.0] * 4


REFUSED = {
    "set path": ({"set": {"path": "stages[Dem].exits[won].probability", "to": 1.0}}, r"changes\[0\].set.path must name one of its items, got 'Dem'"),
    "set value": ({"set": {"path": "stages[Close].exits[won].probability", "to": 1.5}}, r"changes\[0\].set.path must keep the model valid at '.*': probability must be at most 1, got 1.5"),
    "set field": ({"set": {"path": "stages[Close].exit", "to": 1}}, "must name a field that exists, got 'exit'.*did you mean 'exits'"),
    "scale text": ({"scale": {"path": "stages[Close].name", "by": 2.0}}, "must lead to a number or a law"),
    "add after": ({"add": {"after": "Demon", "stage": {"name": "X", "exits": [{"to": "won", "probability": 1.0}]}}}, "must name a stage, got 'Demon'. Hint: did you mean 'Demo'"),
    "add twice": ({"add": {"after": "Demo", "stage": {"name": "Close", "exits": [{"to": "won", "probability": 1.0}]}}}, "must be new, got 'Close'"),
    "remove exit": ({"remove": {"from": "Close", "exit": "Demo"}}, "must name an exit of 'Close', got 'Demo'"),
    "hire": ({"hire": {"role": "AEE"}}, r"role must be one of the roles, got 'AEE'"),
    "leave": ({"leave": {"role": "AE", "count": 9}}, "must be at most the 3 reps of role 'AE', got 9"),
    "leave name": ({"leave": {"rep": "AE-07"}}, "must name a rep, got 'AE-07'"),
    "route": ({"route": {"role": "SE", "routing": "pool"}}, "must be one of the roles, got 'SE'"),
    "plan": ({"plan": {"name": "gold", "cap": 1.0}}, "quota must be given for a new plan, got none for 'gold'"),
    "scale nothing": ({"scale": {"path": "stages[Close].sla_days", "by": 2.0}}, "got nothing at 'stages\\[Close\\].sla_days'. Hint: it is not set; use set"),
    "standardise": ({"standardise": {"path": "stages[Close].max_visits", "by": 0.5}}, "must lead to a law, got int"),
    "reorder": ({"reorder": {"stage": "Demo", "after": "Demo"}}, "after must be another stage, got 'Demo'"),
    "parallel": ({"parallel": {"stage": "Demo"}}, "must have tasks to do side by side, got 0 in 'Demo'"),
    "parallel also": ({"parallel": {"stage": "Lead", "also": "Close"}}, "also must be a stage that follows 'Lead'.* got 'Close'"),
    "automate": ({"automate": {"stage": "Demo", "share": 0.5}}, "role must do a task in 'Demo', got nobody. Hint: the stage has no tasks"),
    "approve": ({"approve": {"stage": "Legal", "when": "amount >= 5"}}, "stage must name a stage, got 'Legal'"),
    "respond": ({"respond": {"stage": "Demo", "share": 0.5, "bot": {"name": "b"}}}, "must have a task of people for a bot to take over, got none in 'Demo'"),
    "handoff": ({"handoff": {"stage": "Demo"}}, "must change something: delay_days, loss or communication"),
    "attrition": ({"attrition": {"role": "AE", "replace": False}}, "per_year must be given where the model has no attrition of 'AE'"),
    "attrition share": ({"attrition": {"role": "AE", "per_year": 0.1, "adoption": 0.5}}, "adoption must be left out of attrition.*got 0.5"),
    "retrain": ({"retrain": {"role": "SE"}}, "must be one of the roles, got 'SE'"),
    "effort": ({"effort": {"minimum": 0.5, "where": "amount > 1"}}, "where must stand with a change of stages or hand-offs, got one of effort"),
    "timing": ({"timing": {"pull": 0.2, "where": "amount > 1"}}, "where must stand with a change of stages or hand-offs, got one of timing"),
    "price": ({"price": {"segment": "big", "by": 1.1}}, "segment must name a segment, got 'big'"),
    "budget": ({"budget": {"channel": "web", "by": 2.0}}, "must have a spend curve for a budget to act on, got none in 'web'. Hint: add spend"),
    "budget channel": ({"budget": {"channel": "seo", "by": 2.0}}, "must name a channel, got 'seo'.*A new one: add"),
    "shock": ({"shock": {"event": {"name": "x", "start": "2027-05-01", "rep": "Nobody"}, "where": "amount > 1"}}, "where must stand with|must .*rep"),
    "dip": ({"scale": {"path": "stages[Lead].exits[Demo].delay_days", "by": 0.5, "dip": {"depth": 0.2, "days": 30, "roles": ["SE"]}}}, r"changes\[0\].scale.dip.roles must name roles, got 'SE'"),
    "uncertain": ({"scale": {"path": "stages[Close].exits[won].probability", "by": 1.1, "uncertain": {"by": {"uniform": {"low": 1.0, "high": 2.0}}}}}, r"changes\[0\].scale.path must .* at the highest values of what is uncertain; narrow its law"),
}  # fmt: skip


def test_a_hire_into_a_model_without_roles_says_what_is_missing():
    base = Model(channels=[{"name": "web", "leads_per_week": 1.0}], stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    with pytest.raises(InvalidModelError, match="got 'AE'. Hint: the model has no roles; list them under roles:"):
        apply(Scenario(changes=[{"hire": {"role": "AE"}}]), base)


@pytest.mark.parametrize("name", REFUSED)
def test_changes_that_do_not_fit_are_refused_with_their_place(name):
    change, message = REFUSED[name]
    with pytest.raises(InvalidModelError, match=message):
        after(change)


def test_every_kind_of_change_is_tested():
    used = {next(iter(change)) for change, _ in REFUSED.values()}
    assert used == set(CHANGES)
