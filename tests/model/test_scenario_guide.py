"""The examples of docs/scenarios.md are scenarios that can be read and applied; its table names every kind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from simsales.model.apply import apply
from simsales.model.levers import CHANGES, Change, Scenario
from simsales.model.schema import Model

GUIDE = (Path(__file__).parents[2] / "docs" / "scenarios.md").read_text(encoding="utf-8")
BLOCKS = [YAML(typ="safe").load(block) for block in re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)]
SCENARIOS = [block for block in BLOCKS if "changes" in block]

MODEL = Model.model_validate(
    {
        "channels": [{"name": "web", "leads_per_week": 20.0, "segments": {"smb": 1.0}}],
        "segments": [{"name": "smb", "amount": 100.0}],
        "stages": [
            {"name": "Lead", "exits": [{"to": "Demo", "probability": 0.8}, {"to": "lost", "probability": 0.2}]},
            {"name": "Demo", "tasks": [{"role": "AE", "work_hours": 2.0}], "exits": [{"to": "Proposal", "probability": 1.0}]},
            {"name": "Proposal", "exits": [{"to": "won", "probability": 0.5}, {"to": "lost", "probability": 0.5}]},
        ],
        "roles": [{"name": "AE"}],
        "reps": [{"role": "AE"}],
    }
)


@pytest.mark.parametrize("data", SCENARIOS, ids=lambda data: data["name"])
def test_the_guides_scenarios_can_be_applied(data: dict[str, object]) -> None:
    apply(Scenario.model_validate(data), MODEL)


def test_the_guide_has_its_three_scenarios() -> None:
    assert [data["name"] for data in SCENARIOS] == ["Faster quotes", "Shorter demo, tried out", "First conversion 80 to 85 %"]


def test_the_source_plan_is_one_initiative_of_four_steps_and_a_hundred_thousand() -> None:
    plan = Scenario.model_validate(SCENARIOS[2])
    assert [change.step for change in plan.changes] == ["online channels", "first content", "five partners", "team trained"]
    assert sum(change.cost.once for change in plan.changes) == 100_000
    found = apply(plan, MODEL)
    assert [str(regime.start) for regime in found.regimes] == ["None", "2027-01-01", "2027-02-01", "2027-03-01", "2027-04-01"]
    assert found.last.stages[0].exits[0].probability == 0.85


def test_the_guide_names_every_kind_and_every_common_field() -> None:
    named = {name for row in re.findall(r"^\| (`[^|]*)\|", GUIDE, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert set(CHANGES) <= named
    for field in set(Change.model_fields) - {"kind"}:
        assert f"`{field}" in GUIDE, field
