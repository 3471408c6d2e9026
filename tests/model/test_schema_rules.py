"""A model that breaks a rule is refused, with the place, the rule, the value and advice."""

from __future__ import annotations

from typing import Any

import pytest

from simsales.errors import InvalidModelError
from simsales.model.calendars import Calendar, parse_days, parse_hours
from simsales.model.conditions import ConditionError, holds, parse_condition
from simsales.model.roster import named_reps
from simsales.model.schema import Model


def fields(**parts: Any) -> dict[str, Any]:
    good = {
        "channels": [{"name": "web", "leads_per_week": 10.0}],
        "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 0.25}, {"to": "lost", "probability": 0.75}]}],
        "roles": [{"name": "AE"}],
        "reps": [{"role": "AE"}],
    }
    return good | parts


def stage(**parts: Any) -> dict[str, Any]:
    return {"stages": [{"name": "Open", "exits": [{"to": "won", "probability": 1.0}], **parts}]}


def exits(*pairs: tuple[str, float]) -> dict[str, Any]:
    return stage(exits=[{"to": to, "probability": p} for to, p in pairs])


PROBLEMS = {
    "probabilities": (exits(("won", 0.5), ("lost", 0.6)), r"stages\[0\].exits must have probabilities that add up to 1, got 1.1"),
    "target": (exits(("wonn", 1.0)), r"stages\[0\].exits\[0\].to must be a stage or an outcome, got 'wonn'. Hint: did you mean 'won'"),
    "twice": (exits(("won", 0.5), ("won", 0.5)), r"must name each target once, got 'won' 2 times"),
    "task role": (stage(tasks=[{"role": "AEE", "work_hours": 1}]), r"stages\[0\].tasks\[0\].role must be one of the roles, got 'AEE'"),
    "when": (stage(when="amount is big"), r"stages\[0\].when must compare"),
    "outcome": ({"stages": [{"name": "won", "exits": [{"to": "won", "probability": 1.0}]}]}, "must not be an outcome"),
    "names": ({"roles": [{"name": "AE"}, {"name": "AE"}]}, "roles must have unique names, got 'AE' 2 times"),
    "rep role": ({"reps": [{"role": "SE"}]}, r"reps\[0\].role must be one of the roles, got 'SE'"),
    "rep plan": ({"reps": [{"role": "AE", "plan": "gold"}]}, r"reps\[0\].plan must be one of the plans, got 'gold'"),
    "unstaffed": ({"reps": [], **stage(tasks=[{"role": "AE", "work_hours": 1}])}, "reps must include somebody of the role 'AE'"),
    "entry": ({"channels": [{"name": "web", "leads_per_week": 1.0, "entry": {"Opne": 1.0}}]}, r"channels\[0\].entry.Opne must name"),
    "shares": ({"channels": [{"name": "web", "leads_per_week": 1.0, "entry": {"Open": 0.5}}]}, "must have shares that add up to 1, got 0.5"),
    "segments": ({"segments": [{"name": "a"}, {"name": "b"}]}, r"channels\[0\].segments must give the share of each segment"),
    "count": ({"reps": [{"role": "AE", "name": "Ann", "count": 2}]}, "count must be 1 for a rep with a name"),
    "dates": ({"reps": [{"role": "AE", "hired": "2027-03-01", "leaves": "2027-02-01"}]}, "leaves must not be before hired"),
    "unknown key": ({"stagess": []}, "stagess must be a known field, got 'stagess'. Hint: did you mean 'stages'"),
    "negative rate": ({"channels": [{"name": "web", "leads_per_week": -1.0}]}, "leads_per_week must be at least 0, got -1"),
    "rates": ({"plans": {"p": {"quota": 1.0, "rates": [{"upto": 2.0, "rate": 0.1}, {"upto": 1.0, "rate": 0.2}]}}}, "rising upto"),
    "open rate": ({"plans": {"p": {"quota": 1.0, "rates": [{"rate": 0.1}, {"rate": 0.2}]}}}, "must each have an upto, except the last"),
    "epoch": ({"epoch": "1 January"}, "must be a time like 2027-01-01"),
    "zone": ({"calendar": {"timezone": "China"}}, "must be an IANA time zone like Asia/Shanghai or an offset like .08:00, got 'China'"),
    "country": ({"calendar": {"country": "Atlantis"}}, "must be an ISO country code"),
    "hours": ({"calendar": {"hours": "9-18"}}, "must be two times of day"),
    "days": ({"calendar": {"days": "mon-fry"}}, "must be weekdays"),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
def test_broken_rules_are_named(name):
    parts, message = PROBLEMS[name]
    with pytest.raises(InvalidModelError, match=message):
        Model(**fields(**parts))


def test_all_problems_are_reported_at_once():
    with pytest.raises(InvalidModelError) as caught:
        Model(**fields(**exits(("wonn", 0.5)), reps=[{"role": "SE"}]))
    text = str(caught.value)
    assert "add up to 1" in text
    assert "'wonn'" in text
    assert "'SE'" in text


def test_a_model_is_frozen():
    model = Model(**fields())
    with pytest.raises(InvalidModelError):
        model.name = "other"


def test_numbers_of_a_count_skip_names_that_are_taken():
    model = Model(**fields(reps=[{"role": "AE", "name": "AE-02"}, {"role": "AE", "count": 2}]))
    assert [rep.name for rep in named_reps(model)] == ["AE-02", "AE-01", "AE-03"]


def test_hours_and_days_are_read():
    assert parse_hours("00:00-24:00") == (0.0, 24.0)
    assert parse_days("sat-mon") == (0, 5, 6)
    with pytest.raises(ValueError, match="the second one later"):
        parse_hours("18:00-09:00")
    assert Calendar(hours="00:00-24:00", days="mon-sun").is_always_open()
    assert not Calendar(hours="00:00-24:00", days="mon-sun", off=("2027-01-01",)).is_always_open()


@pytest.mark.parametrize(
    ("text", "deal", "expected"),
    [
        ("amount >= 50000", {"amount": 50000.0}, True),
        ("amount > 50,000", {"amount": 50000.0}, False),
        ("segment == '大客户'", {"segment": "大客户"}, True),
        ("amount < 10 and channel != web", {"amount": 5.0, "channel": "web"}, False),
        ("amount<10 and channel!=web", {"amount": 5.0, "channel": "call"}, True),
    ],
)
def test_conditions(text, deal, expected):
    assert holds(parse_condition(text), deal) is expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("owner == Ann", "must compare amount, discount, score, .* with a value.*Hint"),
        ("segment > smb", "must compare segment with == or !="),
        ("amount >= big", "must compare amount with a number, got 'big'"),
        ("amount >= 1 or amount <= 0", "must compare amount with a number"),
    ],
)
def test_conditions_that_cannot_be_read(text, message):
    with pytest.raises(ConditionError, match=message):
        parse_condition(text)


def _line(**parts):
    ends = [{"to": "B", "probability": 0.5}, {"to": "lost", "probability": 0.5}]
    return {
        "process": "linear", "channels": [{"name": "web", "leads_per_week": 1.0}],
        "stages": [{"name": "A", "exits": ends}, {"name": "B", "exits": [{"to": "C", "probability": 1.0}]},
                   {"name": "C", "exits": [{"to": "won", "probability": 1.0}]}], **parts,
    }  # fmt: skip


def test_a_linear_process_goes_from_stage_to_stage():
    assert Model(**_line()).process == "linear"


def test_a_skip_in_a_linear_process_is_an_error():
    fields = _line()
    fields["stages"][0] = {"name": "A", "exits": [{"to": "C", "probability": 1.0}]}
    with pytest.raises(ValueError, match=r"stages\[0\].exits must lead to the next stage or out in a linear process, got 'C' from 'A'"):
        Model(**fields)


def test_a_late_entry_into_a_linear_process_is_an_error():
    channels = [{"name": "web", "leads_per_week": 1.0, "entry": {"A": 0.5, "B": 0.5}}]
    with pytest.raises(ValueError, match=r"channels\[0\].entry must be the first stage in a linear process, got 'B'"):
        Model(**_line(channels=channels))


@pytest.mark.parametrize("ramp", [{"months": 3.0, "start": 0.0}, {"months": 3.0, "curve": [0.0, 1.0]}])
def test_a_ramp_without_any_speed_is_refused(ramp):
    with pytest.raises(InvalidModelError, match="must be at least 0.01"):
        Model(**(_line() | {"roles": [{"name": "AE"}], "reps": [{"role": "AE", "ramp": ramp}]}))
