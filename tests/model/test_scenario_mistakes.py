"""What a hurried author of a scenario gets told: the place, the rule, the value and a way out, without jargon."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simsales.describe import describe_scenario, notes
from simsales.errors import InvalidModelError
from simsales.files import load_any, load_scenario
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model

BASE = Model.model_validate(
    {
        "channels": [{"name": "web", "leads_per_week": 10.0}],
        "segments": [{"name": "企业", "amount": 1000.0}],
        "stages": [
            {
                "name": "Demo",
                "tasks": [{"role": "AE", "work_hours": 2.0}, {"role": "SE", "work_hours": 1.0, "parallel": True}],
                "exits": [{"to": "Close", "probability": 0.5}, {"to": "lost", "probability": 0.5}],
            },
            {
                "name": "Close",
                "tasks": [{"role": "AE", "work_hours": 2.0}],
                "exits": [{"to": "won", "probability": 0.6}, {"to": "lost", "probability": 0.4}],
            },
        ],
        "roles": [{"name": "AE"}, {"name": "SE"}],
        "reps": [{"role": "AE", "count": 2, "plan": "std"}, {"role": "SE"}],
        "plans": {"std": {"quota": 1000.0, "rates": [{"upto": 1.0, "rate": 0.05}, {"rate": 0.1}]}},
    }
)  # fmt: skip
WON = "stages[Close].exits[won].probability"


def refused(*changes: dict[str, Any]) -> str:
    with pytest.raises(InvalidModelError) as caught:
        apply(Scenario.model_validate({"changes": list(changes)}), BASE)
    return str(caught.value)


def file_refused(folder: Path, change: str) -> str:
    path = folder / "s.yaml"
    path.write_text(f"changes:\n  - {change}\n", encoding="utf-8")
    with pytest.raises(InvalidModelError) as caught:
        load_scenario(path)
    return str(caught.value).replace(f"{folder}/", "")


ON_A_MODEL = {
    "a share as a percentage": (
        {"set": {"path": WON, "to": 60}},
        f"changes[0].set.path must keep the model valid at '{WON}': probability must be at most 1, got 60. Hint: for 60 % write 0.6.",
    ),
    "a share with its sign": (
        {"set": {"path": WON, "to": "60%"}},
        f"changes[0].set.path must keep the model valid at '{WON}': probability must be a number, got the text '60%'. Hint: write the share 0.6.",
    ),
    "a product is no percentage": (
        {"scale": {"path": WON, "by": 20.0}},
        f"changes[0].scale.path must keep the model valid at '{WON}': probability must be at most 1, got 12.0.",
    ),
    "an amount in 万": (
        {"set": {"path": "segments[企业].amount", "to": "30万"}},
        "changes[0].set.path must keep the model valid at 'segments[企业].amount': amount must be a number or one law of constant, uniform, "
        "exponential, gamma, lognormal, weibull, empirical, mixture, got '30万'. Hint: write 300000.",
    ),
    "two rules of the whole model": (
        {"set": {"path": "stages[*].tasks[AE].role", "to": "AX"}},
        "changes[0].set.path must keep the model valid at 'stages[*].tasks[AE].role': stages[0].tasks[0].role must be one of the roles, got 'AX'. Hint: allowed are AE, SE.\n"
        "changes[0].set.path must keep the model valid at 'stages[*].tasks[AE].role': stages[1].tasks[0].role must be one of the roles, got 'AX'. Hint: allowed are AE, SE.",
    ),
    "an item by a number too high": (
        {"set": {"path": "plans[std].rates[5].rate", "to": 0.05}},
        "changes[0].set.path must name one of its items, got '5' in 'plans[std].rates[5].rate'. Hint: allowed are 0, 1.",
    ),
    "an item of nothing": (
        {"set": {"path": "events[x].probability", "to": 0.5}},
        "changes[0].set.path must name one of its items, got 'x' in 'events[x].probability'. Hint: there are none.",
    ),
    "a pilot of nobody": (
        {"scale": {"path": "stages[Demo].tasks[*].work_hours", "by": 0.8, "where": "segment == 企"}},
        "changes[0].scale.where must name a segment of the model, got '企'. Hint: did you mean '企业'?",
    ),
    "half a hire": (
        {"hire": {"role": "AE", "adoption": 0.5}},
        "changes[0].hire.adoption must be left out of hire, which holds for everybody from one day on, got 0.5. "
        "Hint: name fewer people, or give several changes with dates of their own.",
    ),
    "a plan that ramps in": (
        {"plan": {"name": "std", "quota": 500.0, "start": "2027-04-01", "ramp_days": 90}},
        "changes[0].plan.ramp_days must be left out of plan, which holds for everybody from one day on, got 90. "
        "Hint: name fewer people, or give several changes with dates of their own.",
    ),
    "a role that is not there leaves": (
        {"leave": {"role": "AEE"}},
        "changes[0].leave.role must be one of the roles, got 'AEE'. Hint: did you mean 'AE'?",
    ),
    "a bot called like people": (
        {"automate": {"stage": "Demo", "share": 0.5, "bot": {"name": "SE"}}},
        "changes[0].automate.bot.name must be new, or the name of another change's bot, got the role 'SE'.",
    ),
    "side by side already": (
        {"parallel": {"stage": "Demo"}},
        "changes[0].parallel.stage must have tasks to do side by side, got they are done so already in 'Demo'.",
    ),
    "side by side with nobody": (
        {"parallel": {"stage": "Demo", "roles": ["SF"]}},
        "changes[0].parallel.roles must do a task in 'Demo', got SF. Hint: allowed are AE, SE.",
    ),
    "another currency": (
        {"set": {"path": "currency", "to": "EUR"}},
        "changes[0].set.path must not lead to currency, which base and scenario share, got a change of it. "
        "Hint: amounts are never converted; change the model.",
    ),
    "other hours in the middle of a run": (
        {"set": {"path": "calendar.hours", "to": "08:00-20:00", "start": "2027-03-01"}},
        "changes[0].set.start must be left out: the calendar must not change during a run, got a change on 2027-03-01. "
        "Hint: leave the date out, so that it holds from the beginning.",
    ),
    "uncertain beyond what fits": (
        {"scale": {"path": WON, "by": 1.1, "uncertain": {"by": {"uniform": {"low": 1.0, "high": 2.0}}}}},
        f"changes[0].scale.path must keep the model valid at '{WON}': probability must be at most 1, got 1.2. "
        "Hint: so it is at the highest values of what is uncertain; narrow its law.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ON_A_MODEL)
def test_a_change_that_does_not_fit_says_why_in_words(case: str) -> None:
    change, expected = ON_A_MODEL[case]
    assert refused(change) == expected


def test_every_wrong_change_is_named_at_once_in_the_order_of_the_file() -> None:
    said = refused({"remove": {"stage": "X", "start": "2027-06-01"}}, {"hire": {"role": "AX"}}, {"scale": {"path": "stages[Demo].tasks[SE].work_hours", "by": 0.5}})
    assert [line.partition(" must ")[0] for line in said.splitlines()] == ["changes[0].remove.stage", "changes[1].hire.role"]


IN_A_FILE = {
    "off": ("effort: off", "s.yaml:2:5 changes[0].effort must be followed by its fields, got 'off'. Hint: write effort: {off: true}."),
    "text instead of fields": ("scale: x", "s.yaml:2:5 changes[0].scale must be followed by its fields, got 'x'."),
    "cost as one number": ("hire: {role: AE, cost: 5}", "s.yaml:2:28 changes[0].hire.cost must be a mapping of fields, got 5. Hint: its fields are once, per_year."),
    "万": ("hire: {role: AE, cost: {once: 5万}}", "s.yaml:2:35 changes[0].hire.cost.once must be a number, got the text '5万'. Hint: write 50000."),
    "commas": ("hire: {role: AE, cost: {once: 50,000}}", "s.yaml:2:22 changes[0].hire.cost[0] must have text as its name, got 0. Hint: numbers are written without commas (50000, not 50,000); a name is put in quotes: \"0\"."),
    "brackets": ("scale: {path: stages[Demo].name}", "s.yaml:2:25 must be valid YAML, got expected ',' or '}', but got '['. Hint: put text that holds brackets in quotes: path: \"stages[Demo].exits[won].probability\"."),
    "a depth in percent": ("hire: {role: AE, dip: {depth: 20, days: 3}}", "s.yaml:2:35 changes[0].hire.dip.depth must be less than 1, got 20. Hint: for 20 % write 0.2."),
    "one role": ("hire: {role: AE, dip: {depth: 0.2, days: 3, roles: AE}}", "s.yaml:2:56 changes[0].hire.dip.roles must be a list (items begin with '- '), got 'AE'. Hint: write [AE]."),
    "no or a number": ("plan: {name: std, cap: -1}", "s.yaml:2:28 changes[0].plan.cap must be greater than 0, got -1."),
    "none or fields": ("plan: {name: std, ratchet: {u: 1}}", "s.yaml:2:32 changes[0].plan.ratchet.up must be given, got nothing. Hint: add 'up: ...' here.\ns.yaml:2:32 changes[0].plan.ratchet.down must be given, got nothing. Hint: add 'down: ...' here.\ns.yaml:2:33 changes[0].plan.ratchet.u must be a known field, got 'u'. Hint: did you mean 'up'?"),
    "a share a little above 1": ("plan: {name: std, splits: [{role: AE, share: 1.5}]}", "s.yaml:2:50 changes[0].plan.splits[0].share must be at most 1, got 1.5."),
    "an unknown kind": ("{kind: hir, role: AE}", "s.yaml:2:5 changes[0] must be one change of scale, set, standardise, add, remove, reorder, parallel, automate, approve, respond, handoff, hire, leave, attrition, retrain, route, plan, effort, timing, price, budget, shock, got kind, role."),
    "nothing routed": ("route: {role: AE}", "s.yaml:2:12 changes[0].route must change something: routing, queue, tiers, max_open_deals, recycle_days, reclaim_days."),
    "uncertain without a range": ("hire: {role: AE, speed: 0.8, uncertain: {speed: 0.1}}", "s.yaml:2:11 changes[0].hire.uncertain.speed must be a law that varies, got 0.1. Hint: for a range write speed: {uniform: {low: ..., high: ...}}."),
}  # fmt: skip


@pytest.mark.parametrize("case", IN_A_FILE)
def test_a_mistake_in_a_file_is_placed_and_answered(case: str, tmp_path: Path) -> None:
    change, expected = IN_A_FILE[case]
    assert file_refused(tmp_path, change) == expected


def test_a_misspelt_key_at_the_top_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text("change:\n  - hire: {role: AE}\n", encoding="utf-8")
    with pytest.raises(InvalidModelError, match="got a mapping of change. Hint: did you mean 'changes'?"):
        load_any(tmp_path / "s.yaml")


def test_a_star_means_wherever_the_rest_of_the_path_is() -> None:
    change = {"scale": {"path": "stages[*].tasks[SE].work_hours", "by": 3.0}}
    last = apply(Scenario.model_validate({"changes": [change]}), BASE).last
    assert [[task.work_hours.median() for task in stage.tasks] for stage in last.stages] == [[2.0, 3.0], [2.0]]


def test_a_star_that_means_nothing_is_refused() -> None:
    assert "must name one of its items, got 'SF'" in refused({"scale": {"path": "stages[*].tasks[SF].work_hours", "by": 3.0}})


WORDS = {
    "one rep leaves": ({"leave": {"role": "AE"}}, "From the beginning: the last AE rep leaves"),
    "two leave": ({"leave": {"role": "AE", "count": 2}}, "From the beginning: the last 2 AE reps leave"),
    "one day": ({"hire": {"role": "AE", "lead_days": 1, "ramp": {"months": 1, "start": 0.5}}}, "From the beginning: hire 1 AE rep, at work 1 day later, ramp from 50 % over 1 month, paid by plan std as the first AE is"),
    "one lead": ({"budget": {"channel": "web", "leads_per_week": 1}}, "From the beginning: channel 'web': 1 lead a week"),
    "effort as usual": ({"effort": {}}, "From the beginning: effort reacts to marginal pay, as usual"),
    "a whole number": ({"set": {"path": "plans[std].quota", "to": 500000}}, "From the beginning: plans[std].quota becomes 500,000"),
    "no days off": ({"retrain": {"role": "AE", "skill": 0.5}}, "From the beginning: AE trained, skill 0.500 more"),
}  # fmt: skip


@pytest.mark.parametrize("case", WORDS)
def test_changes_read_as_sentences(case: str) -> None:
    change, expected = WORDS[case]
    scenario = Scenario.model_validate({"changes": [change]})
    assert describe_scenario(scenario, apply(scenario, BASE))[1:] == [f"  1. {expected}"]


def test_shares_that_look_like_percentages_and_plans_of_nobody_are_noted() -> None:
    plan = {"name": "new", "quota": 100.0, "rates": [{"rate": 5.0}], "cap": 150.0}
    changes = [{"plan": plan}, {"attrition": {"role": "AE", "per_year": 30.0}}, {"price": {"discount": 20}}]
    last = apply(Scenario.model_validate({"changes": changes}), BASE).last
    assert notes(last) == [
        "Plan new is nobody's. Hint: name it at reps, or give a change of the plan its role.",
        "Plan new pays a commission of 500 % of bookings. Hint: for 5 % write 0.05.",
        "Plan new is capped at 15,000 % of quota. Hint: for 150 % write 1.5.",
        "Every AE leaves 30 times a year. Hint: for 30 % write 0.3.",
        "Segment '企业' has discounts of more than 100 %. Hint: for 20 % write 0.2.",
    ]


def test_a_sound_model_has_none_of_these_notes() -> None:
    assert notes(BASE) == []
