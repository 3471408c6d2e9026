"""A scenario whose base is another scenario means the same to every verb; another model as its base is said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from test_cli import MODEL, simsales
from typer.testing import CliRunner

import simsales as ss
from simsales.cli.terminal import app
from simsales.files import load_scenario
from simsales.kpi import parse_name

FIRST = """\
name: 先
base: 基线.yaml
changes:
  - set: {path: "stages[报价].exits[won].probability", to: 0.9}
"""
SECOND = """\
name: 后
base: 先.yaml
changes:
  - hire: {role: 销售, cost_per_year: 36500}
"""
BOTH = """\
name: 一并
changes:
  - set: {path: "stages[报价].exits[won].probability", to: 0.9}
  - hire: {role: 销售, cost_per_year: 36500}
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, body in (("基线", MODEL), ("先", FIRST), ("后", SECOND), ("一并", BOTH)):
        (tmp_path / f"{name}.yaml").write_text(body, encoding="utf-8")
    return tmp_path


def kpis(*arguments: object) -> list[dict[str, object]]:
    """KPIs by scenario, without the seed's or the file's names."""
    return [entry["kpis"] for entry in json.loads(simsales(*arguments, "--reps", 3, "--jobs", 1, "--json").stdout)["scenarios"]]


def test_a_stack_is_all_its_changes_in_one_file(files: Path) -> None:
    model = files / "基线.yaml"
    stacked, written = kpis("compare", model, files / "后.yaml"), kpis("compare", model, files / "一并.yaml")
    assert stacked == written
    assert stacked[1] != kpis("compare", model, files / "先.yaml")[1]  # and the upper file has its effect, too
    run = json.loads(simsales("run", files / "后.yaml", "--reps", 3, "--jobs", 1, "--json").stdout)
    assert run["kpis"] == written[1]
    found = load_scenario(files / "后.yaml")
    assert (found.name, found.base, [change.kind for change in found.changes]) == ("后", "基线.yaml", ["set", "hire"])
    model = ss.load_model(model)
    assert ss.apply(found, model).last == ss.apply(load_scenario(files / "一并.yaml"), model).last


@pytest.mark.parametrize("arguments", [("check",), ("process", "--format", "gantt"), ("process", "--format", "times"), ("pay", "-q")])
def test_other_verbs_take_a_stack(arguments: tuple[str, ...], files: Path) -> None:
    verb, *options = arguments
    said = simsales(verb, files / "后.yaml", *options).stdout
    if verb == "check":
        assert re.search(r"后: 2 changes of 基线.yaml\n.*0.900\n.*hire 1 销售", said)


def test_a_base_lies_beside_its_own_file(files: Path) -> None:
    (files / "within").mkdir()
    (files / "within" / "top.yaml").write_text(SECOND.replace("先.yaml", "../先.yaml"), encoding="utf-8")
    assert load_scenario(files / "within" / "top.yaml").base == "../基线.yaml"
    assert kpis("compare", files / "基线.yaml", files / "within" / "top.yaml") == kpis("compare", files / "基线.yaml", files / "一并.yaml")


@pytest.mark.parametrize("verb", ["check", "run", "compare"])
def test_a_mistake_is_shown_in_the_file_that_holds_it(verb: str, files: Path) -> None:
    (files / "先.yaml").write_text(FIRST.replace("[报价]", "[报阶]"), encoding="utf-8")
    first = [files / "基线.yaml"] if verb == "compare" else []
    message = simsales(verb, *first, files / "后.yaml", exit_code=3).stderr
    assert re.search(r"先.yaml:4:\d+ changes\[0\].set.path must name one of its items, got '报阶'", message)
    (files / "先.yaml").write_text(FIRST, encoding="utf-8")
    (files / "后.yaml").write_text(SECOND.replace("销售", "售后"), encoding="utf-8")
    message = simsales(verb, *first, files / "后.yaml", exit_code=3).stderr
    assert re.search(r"后.yaml:4:\d+ changes\[0\].hire.role must be one of", message)


@pytest.mark.parametrize("verb", ["check", "run", "compare"])
@pytest.mark.parametrize(
    ("base", "message"),
    [("后.yaml", r"base must not lead back to a scenario above it"), ("nowhere.yaml", r"base must be the file of a model or of another scenario")],
)
def test_a_base_that_leads_nowhere_is_refused_by_every_verb(base: str, message: str, verb: str, files: Path) -> None:
    (files / "先.yaml").write_text(FIRST.replace("基线.yaml", base), encoding="utf-8")
    first = [files / "基线.yaml"] if verb == "compare" else []
    assert re.search(message, simsales(verb, *first, files / "后.yaml", exit_code=3).stderr)


def test_another_base_than_the_model_compared_is_said_everywhere(files: Path) -> None:
    (files / "other.yaml").write_text(MODEL.replace("leads_per_week: 14", "leads_per_week: 20"), encoding="utf-8")
    page = files / "c.html"
    found = simsales("compare", files / "other.yaml", files / "后.yaml", "--reps", 2, "--jobs", 1, "--html", page)
    said = "后: its base is 基线.yaml, but here it changes other.yaml, which is another model."
    assert said in found.stderr
    assert said in " ".join(found.stdout.split())
    assert said in page.read_text(encoding="utf-8")
    (files / "copy.yaml").write_text(MODEL, encoding="utf-8")
    assert "another model" not in simsales("compare", files / "copy.yaml", files / "后.yaml", "--reps", 2, "--jobs", 1).stderr


def test_every_part_of_a_kpi_may_be_asked_for_and_what_is_not_there_is_refused(files: Path) -> None:
    (files / "基线.yaml").write_text(MODEL.replace("reps: [{role: 销售, count: 2}]", "reps: [{role: 销售, count: 2, team: 北}]"), encoding="utf-8")
    asked = ("leads[month]", "bookings[segment=中小]", "bookings[team=北]", "utilisation[rep=rep-2]", "margin")
    options = [part for name in asked for part in ("--kpi", name)]
    page = files / "c.html"
    found = simsales("compare", files / "基线.yaml", files / "先.yaml", "--reps", 2, "--jobs", 1, "--html", page, *options)
    for label in ("Leads, month 2027-01", "Leads, month 2027-04", "Bookings, segment 中小", "Bookings, team 北", "Utilisation, rep rep-2", "Margin"):
        assert label in found.stdout
        assert f"<td>{label}</td>" in re.sub(r"<td [^>]*>", "<td>", page.read_text(encoding="utf-8"))
    for wrong, message in (("utilisation[role=XX]", "must name one of its members, got 'XX'. Hint: allowed are 销售"),
                           ("leads[month=2031-01]", "must name one of its members"), ("bookings[region=North]", "no region is named in the model"),
                           ("margn", "did you mean 'margin'"), ("win_rate[rep]", "must be broken down by")):  # fmt: skip
        said = simsales("compare", files / "基线.yaml", files / "先.yaml", "--reps", 2, "--jobs", 1, "--kpi", wrong, exit_code=3)
        assert message in said.stderr
        assert not said.stdout


def test_a_part_that_only_a_scenario_has_may_be_asked_for(files: Path) -> None:
    (files / "新.yaml").write_text("name: 新\nchanges:\n  - add: {channel: {name: 伙伴, leads_per_week: 5}}\n", encoding="utf-8")
    found = simsales("compare", files / "基线.yaml", files / "新.yaml", "--reps", 2, "--jobs", 1, "--json", "--kpi", "leads[channel=伙伴]")
    base, new = json.loads(found.stdout)["scenarios"]
    assert new["kpis"]["leads[channel=伙伴]"]["mean"] > 0
    assert base["kpis"].get("leads[channel=伙伴]", {}).get("mean") is None


def test_kpis_that_the_guides_name_are_kpis() -> None:
    guides = "\n".join(path.read_text(encoding="utf-8") for path in (Path(__file__).parents[1] / "docs").glob("*.md"))
    named = set(re.findall(r"(?:--kpi |`)\"?([a-z_]+\[(?:stage|role|rep|team|channel|segment|product|region|month)(?:=[^\]]*)?\])", guides))
    assert len(named) >= 5
    for name in named:
        parse_name(name)


def test_a_repeated_run_shows_what_was_asked_for(files: Path) -> None:
    asked = simsales("compare", files / "基线.yaml", files / "先.yaml", "--reps", 2, "--jobs", 1, "--json", "--kpi", "margin").stdout
    (files / "m.json").write_text(asked, encoding="utf-8")
    again = simsales("run", "--manifest", files / "m.json", "--json", "--jobs", 1).stdout
    assert json.loads(again) == json.loads(asked)


def test_sensitivity_names_the_step_that_takes_a_model_only(files: Path) -> None:
    assert "must be a model, got a scenario" in simsales("sensitivity", files / "后.yaml", exit_code=3).stderr
    assert {"compare", "sensitivity"} <= {command.callback.__name__ for command in app.registered_commands if command.callback}


def test_a_kpi_that_is_asked_for_needs_no_part_that_the_model_lacks(tmp_path):
    model = tmp_path / "m.yaml"
    model.write_text(
        "simsales: 1\nname: m\nhorizon_days: 60\nchannels: [{name: web, leads_per_week: 7}]\nsegments: [{name: all, amount: 100}]\n"
        "stages: [{name: Open, exits: [{to: won, probability: 0.5, delay_days: 5}, {to: lost, probability: 0.5, delay_days: 5}]}]\n"
        "terms: {payment_days: 10}\n",
        encoding="utf-8",
    )
    scenario = tmp_path / "s.yaml"
    scenario.write_text("simsales: 1\nname: s\nbase: m.yaml\nchanges: [{set: {path: terms.payment_days, to: 5}}]\n", encoding="utf-8")
    shown = CliRunner().invoke(app, ["compare", str(model), str(scenario), "--reps", "2", "--kpi", "cash"])
    assert shown.exit_code == 0, shown.output
    assert "Cash" in shown.stdout
    refused = CliRunner().invoke(app, ["compare", str(model), str(scenario), "--reps", "2", "--kpi", "queue_days[role]"])
    assert refused.exit_code == 3
    assert "no role is named in the model" in refused.stderr
