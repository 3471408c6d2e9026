"""Every example model and scenario loads, fits its base and runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from chains import outcomes

import simsales as ss
from simsales.demo.generate import FOLDER
from simsales.files.schema import schema_text

ROOT = Path(__file__).parents[2] / "scenarios"
STORIES = sorted(path.parent for path in ROOT.glob("*/baseline.yaml"))
FILES = sorted(ROOT.glob("*/*.yaml"))
MODELINE = "# yaml-language-server: $schema=../simsales.schema.json\n"


def scenarios(story: Path) -> list[Path]:
    return [path for path in sorted(story.glob("*.yaml")) if path.name != "baseline.yaml"]


def test_the_promised_stories_are_there() -> None:
    assert {story.name for story in STORIES} >= {"quickstart", "funnel", "incentives"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_editors_find_the_schema_and_people_find_a_comment(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith(MODELINE)
    assert text.removeprefix(MODELINE).startswith("# ")


def test_the_schema_beside_the_examples_is_that_of_the_program() -> None:
    assert json.loads((ROOT / "simsales.schema.json").read_text(encoding="utf-8")) == json.loads(schema_text())


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
def test_a_story_runs_and_every_change_makes_a_difference(story: Path) -> None:
    base = ss.load_model(story / "baseline.yaml")
    changes = [ss.load_scenario(path) for path in scenarios(story)]
    assert {change.base for change in changes} == {"baseline.yaml"}
    result = ss.compare(base, changes, replications=2, until="2027-06-30", jobs=1)
    for change in changes:
        assert (result.table.loc[change.name, "difference"].abs() > 0).any(), change.name


def test_the_funnel_example_wins_fifteen_percent() -> None:
    model = ss.load_model(ROOT / "funnel" / "baseline.yaml")
    log = ss.simulate(model, seed=1, cases=20_000, until="2040-12-31")
    share = float(log.deals["status"].eq("won").mean())
    assert share == pytest.approx(0.15, abs=3 * (0.15 * 0.85 / 20_000) ** 0.5)


def test_thirteen_percent_of_leads_become_customers_who_stay() -> None:
    model = ss.load_model(ROOT / "funnel" / "baseline.yaml")
    assert outcomes(model, after=True)["retained"] == pytest.approx(0.13)
    log = ss.simulate(model, seed=1, cases=1000, until="2040-12-31")
    assert set(log.deals.loc[log.deals["status"] == "won", "after"]) == {"retained", "churned"}


def test_five_points_at_the_lowest_rate_pay_most() -> None:
    base = ss.load_model(ROOT / "funnel" / "baseline.yaml")
    shares = {}
    for name in ("baseline", "more-leads-qualified", "better-closing", "every-stage"):
        model = base if name == "baseline" else ss.apply(ss.load_scenario(ROOT / "funnel" / f"{name}.yaml"), base).last
        shares[name] = round(1000 * outcomes(model)["won"], 4)
    assert shares == {"baseline": 150.0, "more-leads-qualified": 159.375, "better-closing": 162.5, "every-stage": 157.5}


def test_the_scenarios_of_the_demo_name_their_base() -> None:
    for path in sorted((FOLDER / "scenarios").glob("*.yaml")):
        assert ss.load_scenario(path).base == "baseline.yaml"
