"""What ``simsales check`` says about a model: in words, with its gaps."""

from __future__ import annotations

from typing import Any

import pytest

from simsales import describe
from simsales.model.apply import apply
from simsales.model.calendars import Calendar
from simsales.model.levers import Scenario
from simsales.model.schema import Model


def model(**fields: Any) -> Model:
    exits = [{"to": "won", "probability": 0.25, "delay_days": 30}, {"to": "open", "probability": 0.75}]
    base = {"channels": [{"name": "web", "leads_per_week": 10.0}], "stages": [{"name": "Open", "exits": exits}]}
    return Model.model_validate(base | fields)


def test_exits_are_said_in_words() -> None:
    lines = describe.describe_model(model())
    assert "     25.0 % to won after 30 days" in lines
    assert "     75.0 % are never closed by anybody" in lines


@pytest.mark.parametrize(
    ("rates", "says"),
    [
        ([{"rate": 0.05}], "commission 5.0 %"),
        ([{"upto": 1.0, "rate": 0.05}, {"rate": 0.1}], "commission 5.0 % up to 100 % of quota, 10.0 % beyond"),
        ([], "no commission"),
    ],
)
def test_a_pay_plan_is_said_in_words(rates: list[dict[str, float]], says: str) -> None:
    plans = {"p": {"base": 1000, "quota": 500, "rates": rates, "bonuses": [{"at": 1.0, "amount": 30}], "cap": 1.5}}
    line = next(line for line in describe.describe_model(model(plans=plans)) if "Plan p" in line)
    assert says in line
    assert line.endswith("bonus $30 at 100 %; capped at 150 % of quota")


def test_assumed_parameters_are_counted_and_named() -> None:
    found = [{"path": f"p{i}", "status": "assumed"} for i in range(6)] + [{"path": "q", "status": "identified"}]
    assert describe.notes(model(provenance=found)) == [
        "6 parameters assumed, not learnt from data: p0, p1, p2, p3 and 2 more."
    ]


def test_a_stage_that_nobody_reaches_and_one_that_nobody_leaves_are_named() -> None:
    stages = [
        {"name": "A", "exits": [{"to": "won", "probability": 0.5}, {"to": "B", "probability": 0.5}]},
        {"name": "B", "exits": [{"to": "B", "probability": 1.0}]},
        {"name": "C", "exits": [{"to": "lost", "probability": 1.0}]},
    ]
    assert describe.notes(model(stages=stages)) == [
        "No deal ever reaches stage 'C'.",
        "From stage 'B' no outcome can be reached; deals end there by max_visits only.",
    ]


def test_years_without_known_make_up_days_are_named() -> None:
    found = describe.calendar_notes(Calendar(country="CN"), range(2025, 2040))
    assert len(found) == 1
    assert "2039" in found[0]
    assert "2025" not in found[0]
    assert describe.calendar_notes(Calendar(country="DE"), range(2025, 2040)) == []


def test_a_scenario_is_said_change_by_change() -> None:
    scenario = Scenario.model_validate(
        {
            "name": "s",
            "description": "Why.",
            "changes": [
                {"set": {"path": "stages[Open].exits[won].probability", "to": 0.5, "start": "2027-03-01", "ramp_days": 30, "adoption": 0.5,
                         "cost": {"once": 5000, "per_year": 100}}},
                {"scale": {"path": "channels[web].leads_per_week", "by": 1.5}},
            ],
        }
    )  # fmt: skip
    assert describe.describe_scenario(scenario, apply(scenario, model())) == [
        "s: 2 changes",
        "  Why.",
        "  1. set path stages[Open].exits[won].probability, to 0.500 (from 2027-03-01, over 30 days, 50 % of deals, "
        "costs 5,000 once and 100 a year)",
        "  2. scale path channels[web].leads_per_week, by 1.50 (from the beginning)",
        "  Rules change at: the beginning, 2027-03-01",
    ]


def test_pay_and_ramps_of_a_scenario_are_said_in_words() -> None:
    plan = {"name": "p", "rates": [{"upto": 1.0, "rate": 0.08}, {"rate": 0.12}], "bonuses": [{"at": 1.0, "amount": 5000}]}
    hire = {"role": "AE", "count": 2, "ramp": {"months": 4, "start": 0.3}, "cost": {"once": 60000}}
    lines = describe.describe_scenario(Scenario.model_validate({"name": "s", "changes": [{"plan": plan}, {"hire": hire}]}))
    assert lines[1:] == [
        "  1. plan name p, rates 8.0 % up to 100 % of quota, 12.0 % beyond, bonuses 5,000 at 100 % of quota (from the beginning)",
        "  2. hire role AE, count 2, ramp from 30 % over 4 months (from the beginning, costs 60,000 once)",
    ]


def test_a_change_after_the_end_of_the_run_is_noted() -> None:
    late = {"scale": {"path": "channels[web].leads_per_week", "by": 2.0, "start": "2028-02-01"}}
    scenario = Scenario(name="late", changes=[{"scale": {"path": "channels[web].leads_per_week", "by": 2.0}}, late])
    assert describe.late(scenario, model()) == ["late: change 2 (scale) begins on 2028-02-01, after the run ends on 2028-01-01: it changes nothing."]
    assert describe.late(scenario, model(), "2028-06-30") == []
