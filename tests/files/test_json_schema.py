"""The JSON Schema that editors use agrees with what the package reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simsales.files import json_schema, read_document, save_model
from simsales.files.schema import schema_text
from simsales.model.laws import LAWS
from simsales.model.levers import CHANGES
from simsales.model.schema import Model

COMMITTED = Path(__file__).parents[2] / "scenarios" / "simsales.schema.json"


def problems(data: dict[str, Any]) -> list[str]:
    jsonschema = pytest.importorskip("jsonschema")
    return [error.message for error in jsonschema.Draft7Validator(json_schema()).iter_errors(data)]


def model(**fields: Any) -> dict[str, Any]:
    exits = [{"to": "won", "probability": 1.0, "delay_days": fields.pop("delay", 3)}]
    return {"channels": [{"name": "w", "leads_per_week": 1}], "stages": [{"name": "A", "exits": exits}]} | fields


def test_the_committed_schema_is_in_step() -> None:
    assert COMMITTED.read_text(encoding="utf-8") == schema_text()


def test_it_is_draft_07() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator.check_schema(json_schema())
    text = json.dumps(json_schema())
    assert "$defs" not in text
    assert "prefixItems" not in text


LAW_EXAMPLES: dict[str, Any] = {
    "constant": 3,
    "uniform": {"low": 1, "high": 2},
    "exponential": {"mean": 1},
    "gamma": {"mean": 1, "cv": 2},
    "lognormal": {"median": 1, "p90": 2},
    "weibull": {"scale": 1, "shape": 2},
    "empirical": {"file": "x.csv"},
    "mixture": [{"weight": 1, "law": {"gamma": {"mean": 1, "cv": 2}}}],
}


@pytest.mark.parametrize("kind", LAWS)
def test_every_law_is_allowed_as_users_write_it(kind: str) -> None:
    assert problems(model(delay={kind: LAW_EXAMPLES[kind]})) == []
    assert problems(model(delay={kind + "x": LAW_EXAMPLES[kind]}))


@pytest.mark.parametrize("kind", CHANGES)
def test_every_change_is_a_one_key_mapping(kind: str) -> None:
    assert any(
        kind in option["properties"]
        for option in json_schema()["definitions"]["Scenario"]["properties"]["changes"]["items"]["anyOf"]
    )


@pytest.mark.parametrize(
    "data",
    [
        model(),
        model(effort="off", reps=[{"role": "AE", "hired": "2027-01-01", "ramp": {"months": 2}}]),
        {"base": "m.yaml", "changes": [{"hire": {"role": "AE"}}, {"set": {"path": "x", "to": [1]}}]},
        {"changes": [{"remove": {"exit": "lost", "from": "A"}}]},
    ],
)
def test_good_files_pass(data: dict[str, Any]) -> None:
    assert problems(data) == []


@pytest.mark.parametrize(
    "data",
    [
        model(namee="x"),
        model(stages=[]),
        {"changes": [{"hire": {}}]},
        {"changes": [{"hire": {"role": "AE", "kind": "hire"}}]},
        {"changes": [{"hire": {"role": "AE"}, "scale": {"path": "x", "by": 1}}]},
    ],
)
def test_bad_files_do_not(data: dict[str, Any]) -> None:
    assert problems(data)


def test_fields_carry_the_words_of_the_docstrings() -> None:
    channel = json_schema()["definitions"]["Channel"]
    assert (
        channel["properties"]["leads_per_week"]["description"] == "Mean arrivals in a week at the epoch, before season."
    )
    hire = json_schema()["definitions"]["Hire"]
    assert hire["properties"]["start"]["description"] == "From when it holds; absent: from the beginning of the run."


EXAMPLES = sorted(COMMITTED.parent.rglob("*.yaml"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_the_example_files_agree_with_the_schema_that_they_name(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# yaml-language-server: $schema=")
    assert (path.parent / first.partition("$schema=")[2]).resolve() == COMMITTED.resolve()
    assert problems(json.loads(json.dumps(read_document(path).data, default=str))) == []


def test_what_is_saved_agrees_with_the_schema(tmp_path: Path) -> None:
    value = Model.model_validate(
        model(
            roles=[{"name": "AE"}],
            reps=[{"role": "AE", "hired": "2027-01-01"}],
            effort={},
            plans={"p": {"quota": 1, "rates": [{"rate": 0.1}]}},
        )
    )
    data = read_document(save_model(value, tmp_path / "m.yaml")).data
    assert problems(json.loads(json.dumps(data, default=str))) == []
