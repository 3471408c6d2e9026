"""Each snippet of the guide is YAML that the program accepts, and names KPIs that exist."""

from __future__ import annotations

import re

import pytest
from chains import ROOT
from ruamel.yaml import YAML

import simsales as ss
from simsales.kpi import KPIS

GUIDE = ROOT.parent / "docs" / "modelling.md"
TEXT = GUIDE.read_text(encoding="utf-8")
SECTIONS = [part for part in TEXT.split("\n## ")[1:] if "```yaml" in part]
SMALL = {
    "epoch": "2027-01-01T00:00+08:00",
    "channels": [{"name": "web", "leads_per_week": 5}],
    "segments": [{"name": "all", "amount": 50000}],
    "stages": [{
        "name": "Talk",
        "tasks": [{"role": "AE", "work_hours": 1}],
        "exits": [{"to": "won", "probability": 0.3, "delay_days": 10}, {"to": "lost", "probability": 0.7, "delay_days": 5}],
    }],
    "roles": [{"name": "AE"}],
    "reps": [{"count": 2, "role": "AE", "plan": "standard"}],
    "plans": {"standard": {"quota": 100000, "rates": [{"rate": 0.05}]}},
}


def title(section: str) -> str:
    return section.splitlines()[0]


SNIPPETS = [
    pytest.param(text, id=f"{title(section)} {i}")
    for section in SECTIONS
    for i, text in enumerate(re.findall(r"```yaml\n(.*?)```", section, re.DOTALL), start=1)
]


def model_of(snippet: str) -> tuple[ss.Model, list[dict[str, object]]]:
    data = YAML(typ="safe", pure=True).load(snippet)
    changes = data.pop("changes", [])
    parts = {**SMALL, **data}
    roles = {role["name"] for role in parts["roles"]}
    used = {task["role"] for stage in parts["stages"] for task in stage.get("tasks", [])}
    if "roles" in data and not used <= roles | {"AE"}:
        pytest.fail("the snippet's tasks name roles that it does not define")
    if "reps" not in data and "AE" not in roles:
        parts["reps"] = []
    return ss.Model(**parts), changes


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_is_a_part_of_a_model_that_runs(snippet: str) -> None:
    model, changes = model_of(snippet)
    log = ss.simulate(ss.apply(ss.Scenario(changes=changes), model), seed=1, until="2027-04-30")
    assert len(log.deals)


def test_the_guide_has_many_sections() -> None:
    assert len(SECTIONS) >= 17


def test_kpis_that_the_guide_names_exist() -> None:
    after = [part.rsplit("```", 1)[1] for part in SECTIONS]
    named = {
        name for text in after for line in re.findall(r"KPIs?:(.*?)(?:\n\n|\Z)", text, re.DOTALL)
        for name in re.findall(r"`(\w+)(?:\[[^`]*\])?`", line)
    }  # fmt: skip
    assert len(named) > 15
    assert named <= set(KPIS) | {"reason"}
