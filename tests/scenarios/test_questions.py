"""Ten questions of managers, each a folder with a model, scenarios, and a README that says how to read the answer."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pandas as pd
import pytest
from chains import ROOT, outcomes
from typer.testing import CliRunner

import simsales as ss
from simsales.cli import app

QUESTIONS = ROOT / "questions"
FOLDERS = sorted(path for path in QUESTIONS.iterdir() if path.is_dir())
MODELINE = "# yaml-language-server: $schema=../../simsales.schema.json\n"
EXACT = {
    "1-prospecting": 159.375,
    "2-first-contact": 160.0,
    "3-needs": 160.0,
    "4-solution": 159.643,
    "5-negotiation": 160.5,
    "6-closing": 162.5,
}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def named(path: Path) -> str:
    return path.name


def base_of(folder: Path) -> ss.Model:
    return ss.load_model(folder / "baseline.yaml")


def scenarios(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.glob("*.yaml")) if not path.stem.startswith("baseline")]


def opening_of(folder: Path) -> pd.DataFrame | None:
    path = folder / "open-deals.csv"
    return pd.read_csv(path) if path.exists() else None


def gains(number: int, *names: str, replications: int = 12, until: str | None = None, base: str = "baseline") -> pd.DataFrame:
    """Return paired mean differences, one column a scenario."""
    folder = FOLDERS[number - 1]
    model = ss.load_model(folder / f"{base}.yaml")
    changes = [ss.load_scenario(folder / f"{name}.yaml") for name in names]
    result = ss.compare(
        model, changes, replications=replications, seed=1, until=until, opening=opening_of(folder), jobs=2
    )
    return pd.DataFrame({
        name: result.table["difference"].xs(change.name, level=0) for name, change in zip(names, changes, strict=True)
    })


def test_there_are_ten_in_the_order_of_the_list() -> None:
    assert [folder.name.split("-")[0] for folder in FOLDERS] == [f"{number:02d}" for number in range(1, 11)]


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_files_open_in_an_editor_with_the_schema_and_begin_with_a_comment(folder: Path) -> None:
    for path in folder.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(MODELINE), path.name
        assert text.removeprefix(MODELINE).startswith("# "), path.name


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_check_is_clean(folder: Path) -> None:
    for path in sorted(folder.glob("*.yaml")):
        found = CliRunner().invoke(app, ["check", str(path)])
        assert found.exit_code == 0, f"{path.name}: {found.output}"


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_question_runs_and_every_scenario_makes_a_difference(folder: Path) -> None:
    model = base_of(folder)
    changes = [ss.load_scenario(path) for path in scenarios(folder)]
    assert changes
    assert {change.base for change in changes} == {"baseline.yaml"}
    until = f"{model.epoch.year}-{'09-15' if model.epoch.month == 7 else '06-30'}"
    result = ss.compare(model, changes, replications=2, seed=1, until=until, opening=opening_of(folder), jobs=2)
    for change in changes:
        assert (result.table.loc[change.name, "difference"].abs() > 0).any(), change.name


def commands(folder: Path) -> list[list[str]]:
    """Return the command lines of a README, as words."""
    text = (folder / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line.removeprefix("$ ").strip()) for line in lines if line.removeprefix("$ ").startswith("simsales ")]


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_readme_asks_in_two_languages_and_says_what_is_assumed(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    title = text.splitlines()[0]
    assert title.startswith("# ")
    assert CHINESE.search(text.split("##")[0]), "the question in Chinese"
    for heading in ("## Commands", "## How to read the answer", "## Assumed", "## Caveats"):
        assert heading in text, heading


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_commands_of_a_readme_exist_and_name_files_that_exist(folder: Path) -> None:
    found = commands(folder)
    assert any(words[1] == "compare" for words in found)
    made: set[str] = set()
    for words in found:
        shown = CliRunner().invoke(app, [words[1], "--help"])
        assert shown.exit_code == 0, words[1]
        for i, word in enumerate(words):
            if word.startswith("--") and word != "--help":
                assert word.split("=")[0] in shown.output or words[1] == "demo", f"{words[1]} {word}"
            if words[i - 1] in ("--out", "--html", "--log", "--manifest"):
                made.add(word.split("/")[0])
            elif word.endswith((".yaml", ".csv")) and word.split("/")[0] not in made:
                assert (folder / word).exists(), word


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_every_scenario_of_a_question_is_in_a_command(folder: Path) -> None:
    words = {word for line in commands(folder) for word in line}
    assert {path.name for path in scenarios(folder)} <= words


# 1. Will we make the quarter?


@pytest.mark.slow
def test_only_deals_that_can_still_close_help_this_quarter() -> None:
    found = gains(1, "largest-first", "executives-help", "more-leads", replications=30)
    assert found.loc["bookings", "executives-help"] > found.loc["bookings", "more-leads"]
    assert found.loc["net", "executives-help"] > 2 * abs(found.loc["net", "more-leads"]), "new leads cost what they bring this quarter"


# 2. Which stage should we fix?


def test_the_funnel_wins_150_in_a_thousand() -> None:
    assert 1000 * outcomes(base_of(FOLDERS[1]))["won"] == pytest.approx(150.0)


@pytest.mark.parametrize(("name", "wins"), EXACT.items())
def test_five_points_more_in_a_stage_are_worth_what_the_chain_says(name: str, wins: float) -> None:
    folder = FOLDERS[1]
    model = ss.apply(ss.load_scenario(folder / f"{name}.yaml"), base_of(folder)).last
    assert 1000 * outcomes(model)["won"] == pytest.approx(wins, abs=5e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "wins"), EXACT.items())
def test_a_simulation_of_the_funnel_wins_as_many(name: str, wins: float) -> None:
    folder, cases = FOLDERS[1], 20_000
    model = ss.apply(ss.load_scenario(folder / f"{name}.yaml"), base_of(folder))
    log = ss.simulate(model, seed=1, cases=cases, until="2045-12-31")
    exact = wins / 1000
    assert float(log.deals["status"].eq("won").mean()) == pytest.approx(exact, abs=3 * (exact * (1 - exact) / cases) ** 0.5)


@pytest.mark.slow
def test_the_ranking_of_stages_is_another_one_where_people_are_busy() -> None:
    free = gains(2, *EXACT, replications=12).loc["won"]
    busy = gains(2, *EXACT, replications=12, base="baseline-busy").loc["won"]
    before, behind = ["1-prospecting", "2-first-contact", "3-needs"], ["4-solution", "5-negotiation", "6-closing"]
    assert busy[behind].min() > 3 * busy[before].clip(lower=0.5).max(), "only what lies behind the bottleneck pays"
    assert free[before].min() > 0.5 * free[behind].max(), "without limits every stage pays"


# 3. Hire, or buy leads?


@pytest.mark.slow
def test_the_scarce_role_is_the_one_to_hire() -> None:
    won = gains(3, "hire-5-ae", "hire-2-ts", "more-leads").loc["won"]
    assert won["hire-2-ts"] > 15
    assert abs(won["hire-5-ae"]) < won["hire-2-ts"] / 4
    assert won["more-leads"] < won["hire-2-ts"] / 4


# 4. Attrition


@pytest.mark.slow
def test_attrition_costs_bookings_and_hiring_ahead_wins_some_back() -> None:
    bookings = gains(4, "attrition-30", "attrition-hire-ahead", "attrition-keep", replications=24).loc["bookings"]
    assert bookings["attrition-30"] < 0
    assert bookings["attrition-30"] < bookings["attrition-keep"] < 0
    assert bookings["attrition-hire-ahead"] > bookings["attrition-30"]


# 5. Pay plans


@pytest.mark.slow
def test_the_answer_about_accelerators_is_mostly_the_elasticity() -> None:
    found = gains(5, "accelerator-theta-low", "accelerator", "accelerator-theta-high", "cap", replications=24)
    low, middle, high, cap = found.loc["bookings"]
    assert 0 < low < middle < high
    assert cap < 0
    assert found.loc["commission", "accelerator"] > 0


# 6. Response


@pytest.mark.slow
def test_a_bot_answers_at_once_and_is_worth_less_if_speed_is_worth_nothing() -> None:
    found = gains(6, "bot", "sdr-team", "no-speed-effect", "bot-no-speed-effect", until="2027-06-30")
    assert found.loc["response_hours", "bot"] < found.loc["response_hours", "sdr-team"] < 0
    worth = found.loc["won", "bot-no-speed-effect"] - found.loc["won", "no-speed-effect"]
    assert found.loc["won", "bot"] > 4 * abs(worth), "all that the bot brings is speed"


# 7. Approval threshold


@pytest.mark.slow
def test_a_higher_threshold_is_faster_and_leaks_discount() -> None:
    found = gains(7, "threshold-200k", "e-contract")
    assert found.loc["cycle_days", "threshold-200k"] < 0
    assert found.loc["discount_rate", "threshold-200k"] > 0
    assert found.loc["cycle_days", "e-contract"] < 0
    assert found.loc["discount_rate", "e-contract"] == pytest.approx(0.0, abs=0.005)


# 8. Redesign


@pytest.mark.slow
def test_the_redesign_is_faster_and_its_transition_costs_something() -> None:
    found = gains(8, "redesign", "redesign-no-dip", "auto-quote")
    assert found.loc["cycle_days", "redesign-no-dip"] < found.loc["cycle_days", "redesign"] < 0
    assert found.loc["cycle_days", "redesign-no-dip"] < found.loc["cycle_days", "auto-quote"]


# 9. Cash


def test_shorter_terms_bring_cash_and_no_bookings() -> None:
    found = gains(9, "shorter-terms", "deposit", "dunning")
    assert (found.loc["cash"] > 0).all()
    assert found.loc["bookings", "shorter-terms"] < 0
    assert found.loc["bookings", "dunning"] == pytest.approx(0.0, abs=1e-6)


# 10. The next million


@pytest.mark.slow
def test_half_the_money_for_ads_brings_more_than_half_of_what_all_of_it_brings() -> None:
    found = gains(10, "ads-500k", "ads-1m", "hire-4", "split", replications=16)
    assert found.loc["bookings", "ads-500k"] > 0.5 * found.loc["bookings", "ads-1m"]
    delivery = found.loc["bookings", "ads-1m"] - found.loc["margin", "ads-1m"]
    assert found.loc["cost", "ads-1m"] - found.loc["commission", "ads-1m"] - delivery == pytest.approx(1_000_000, rel=0.02)


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_check_does_not_call_a_change_idle(folder: Path) -> None:
    for path in scenarios(folder):
        assert "changes nothing" not in CliRunner().invoke(app, ["check", str(path)]).stderr, path.name
