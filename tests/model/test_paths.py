"""Paths reach every part of a model, and say what is missing where they lead nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from simsales.model.paths import replace_at
from simsales.model.schema import Model

MODEL = Model.model_validate(
    {
        "channels": [
            {"name": "展会", "leads_per_week": 10.0, "season": {"dec": 0.5}, "campaigns": [{"name": "spring", "start": "2027-03-01", "leads": 50.0}]}
        ],
        "stages": [
            {
                "name": "报价",
                "tasks": [{"role": "AE", "work_hours": 2.0}, {"role": "SE", "work_hours": 3.0}],
                "contexts": [{"when": "segment == all", "advance_logit": 0.5}],
                "exits": [{"to": "won", "probability": 0.5}, {"to": "lost", "probability": 0.5}],
            }
        ],
        "roles": [{"name": "AE"}, {"name": "SE"}],
        "reps": [{"role": "AE", "count": 2, "plan": "std"}, {"role": "SE", "name": "王芳"}],
        "attrition": {"AE": {"per_year": 0.2}},
        "plans": {"std": {"quota": 100.0, "rates": [{"upto": 1.0, "rate": 0.05}, {"rate": 0.1}], "clawback": {"within_days": 30.0}}},
        "fx": {"EUR": 1.1},
        "regions": [{"name": "EU", "currency": "EUR"}],
    }
)  # fmt: skip


def at(model: Any, path: str) -> Any:
    """Read a value by plain Python, for the expected side."""
    return eval("model." + path, {"model": model})  # noqa: S307 - the tests' own text


@pytest.mark.parametrize(
    ("path", "to", "read"),
    [
        ("attrition[AE].per_year", 0.4, "attrition['AE'].per_year"),
        ("plans[std].quota", 50.0, "plans['std'].quota"),
        ("plans[std].rates[1].rate", 0.2, "plans['std'].rates[1].rate"),
        ("plans[std].clawback.share", 0.5, "plans['std'].clawback.share"),
        ("fx[EUR][1900-01-01].rate", 1.3, "fx['EUR'][0].rate"),
        ("stages[报价].contexts[segment == all].advance_logit", 0.1, "stages[0].contexts[0].advance_logit"),
        ("stages[报价].tasks[SE].parallel", True, "stages[0].tasks[1].parallel"),
        ("channels[展会].campaigns[spring].leads", 80.0, "channels[0].campaigns[0].leads"),
        ("channels[展会].season[dec]", 0.9, "channels[0].season['dec']"),
        ("reps[王芳].speed", 2.0, "reps[1].speed"),
        ("reps[AE].count", 3, "reps[0].count"),
        ("stages[报价].sla_days", 5.0, "stages[0].sla_days"),
        ("terms.deposit_share", 0.3, "terms.deposit_share"),
        ("pace.correlation", 0.4, "pace.correlation"),
        ("roles[AE].max_open_deals", 20, "roles[0].max_open_deals"),
    ],
)
def test_a_path_reaches(path: str, to: Any, read: str) -> None:
    assert at(replace_at(MODEL, path, lambda _: to), read) == to


def test_a_whole_value_may_be_set_where_there_was_none() -> None:
    assert replace_at(MODEL, "timing", lambda _: {"pull": 0.2}).timing.pull == 0.2  # type: ignore[union-attr]
    assert replace_at(MODEL, "attrition[SE]", lambda _: {"per_year": 0.1}).attrition["SE"].per_year == 0.1
    assert replace_at(MODEL, "fx[EUR]", lambda _: 1.5).fx["EUR"][0].rate == 1.5


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("timing.pull", "must lead through values that are set, got nothing before 'pull' in 'timing.pull'. Hint: set the whole"),
        ("attrition[AF].per_year", "must name one of its entries, got 'AF'. Hint: allowed are AE"),
        ("calendars[CN].hours", r"got 'CN' in 'calendars\[CN\].hours'. Hint: there are none; set \[CN\] as a whole first"),
        ("stages[报价].contexts[x].work_scale", "must name one of its items, got 'x'"),
    ],
)
def test_a_path_that_leads_nowhere_says_what_is_missing(path: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace_at(MODEL, path, lambda _: 1.0)


def test_the_exits_of_a_context_share_what_is_left_as_those_of_a_stage_do():
    exits = [{"to": "won", "probability": 0.5}, {"to": "lost", "probability": 0.3}, {"to": "no_decision", "probability": 0.2}]
    stage = {"name": "Open", "exits": exits, "contexts": [{"when": "visit >= 2", "exits": exits}]}
    model = Model(channels=[{"name": "web", "leads_per_week": 1.0}], stages=[stage])
    changed = replace_at(model, "stages[Open].contexts[visit >= 2].exits[won].probability", lambda _: 0.75).stages[0]
    assert [round(e.probability, 12) for e in changed.contexts[0].exits] == [0.75, 0.15, 0.1]
    assert changed.exits == model.stages[0].exits
