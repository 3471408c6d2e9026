"""The command line: streams, exit codes, JSON shapes, and messages instead of tracebacks."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from simsales import cli
from simsales.files import load_model

ROOT = Path(__file__).parents[1]
VERBS = ("demo", "import", "calibrate", "forecast", "check", "run", "compare", "process", "pay", "sensitivity", "schema", "doctor")

MODEL = """\
simsales: 1
name: 基线
currency: CNY
epoch: 2027-01-01T00:00+08:00
horizon_days: 120
channels: [{name: 网站, leads_per_week: 14}]
segments: [{name: 中小, amount: {lognormal: {median: 1000, p90: 3000}}}]
stages:
  - name: 初步沟通
    tasks: [{role: 销售, work_hours: 1.5}]
    exits:
      - {to: 报价, probability: 0.5, delay_days: {weibull: {scale: 10, shape: 1.2}}}
      - {to: lost, probability: 0.5, delay_days: 4}
  - name: 报价
    exits:
      - {to: won, probability: 0.4, delay_days: {gamma: {mean: 12, cv: 0.5}}}
      - {to: lost, probability: 0.6, delay_days: 9}
roles: [{name: 销售}]
reps: [{role: 销售, count: 2}]
"""
BETTER = """\
name: 更快报价
base: 基线.yaml
changes:
  - set: {path: "stages[报价].exits[won].probability", to: 0.6, cost: {once: 100}}
  - hire: {role: 销售, start: 2027-02-01}
"""


def simsales(*arguments: object, exit_code: int = 0, env: dict[str, str] | None = None) -> Any:
    """Run the program in this process and check its exit code."""
    result = CliRunner().invoke(cli.app, [str(argument) for argument in arguments], env=env)
    assert result.exit_code == exit_code, (result.exit_code, result.stderr, result.exception)
    assert "Traceback" not in result.stderr
    return result


def program(*arguments: object, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program as users do, in a process of its own."""
    command = [sys.executable, "-m", "simsales.cli", *map(str, arguments)]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=env, check=False, **options
    )


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a model and a scenario, under Chinese names."""
    (tmp_path / "基线.yaml").write_text(MODEL, encoding="utf-8")
    (tmp_path / "更快.yaml").write_text(BETTER, encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def deals(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deals-only export: one deal a day for 500 days, two of five won after 20 days, two lost after 10."""
    path = tmp_path_factory.mktemp("crm") / "商机.csv"
    first, last = dt.date(2025, 1, 1), dt.date(2026, 5, 15)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["商机编号", "创建日期", "关闭日期", "阶段", "负责人", "金额"])
        for i in range(500):
            created = first + dt.timedelta(days=i)
            stage, days = (("赢单", 20), ("输单", 10), ("赢单", 25), ("输单", 5), ("跟进中", 999))[i % 5]
            closed = created + dt.timedelta(days=days + i % 7)
            done = closed <= last
            out.writerow(
                [
                    f"D{i:04d}",
                    created,
                    closed if done else "",
                    stage if done else "跟进中",
                    f"销售{i % 3}",
                    1000 + 10 * (i % 50),
                ]
            )
    return path


# help ---------------------------------------------------------------------------------------------


def test_help_lists_every_verb() -> None:
    listed = re.findall(r"^  (\w+)  ", simsales("--help").stdout, flags=re.MULTILINE)
    assert [verb for verb in VERBS if verb not in listed] == []


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_a_verb_shows_examples_before_its_options(verb: str) -> None:
    text = simsales(verb, "--help").stdout
    assert 0 < text.index(f"  simsales {verb}") < text.index("Options:")


def test_help_answers_at_once(tmp_path: Path) -> None:
    taken = []
    for _ in range(3):
        begin = time.perf_counter()
        assert program("--help", cwd=tmp_path).returncode == 0
        taken.append(time.perf_counter() - begin)
    assert min(taken) < 0.6


def test_the_version_is_printed() -> None:
    assert simsales("--version").stdout == "simsales 0.1.0\n"


# run ----------------------------------------------------------------------------------------------


def test_run_prints_one_json_object_and_nothing_else(files: Path) -> None:
    result = simsales("run", files / "基线.yaml", "--reps", 3, "--jobs", 1, "--json")
    data = json.loads(result.stdout)
    assert {"kpis", "setting", "says", "manifest"} == set(data)
    assert {"mean", "mc_error", "p10", "p50", "p90"} <= set(data["kpis"]["bookings"])
    assert {"leads", "won", "win_rate", "bookings", "cycle_days", "utilisation[role=销售]"} <= set(data["kpis"])


def test_run_is_the_same_for_any_number_of_jobs_and_for_its_manifest(files: Path) -> None:
    first = simsales("run", files / "基线.yaml", "--reps", 3, "--cases", 30, "--seed", 7, "--jobs", 1, "--json").stdout
    assert (
        simsales("run", files / "基线.yaml", "--reps", 3, "--cases", 30, "--seed", 7, "--jobs", 2, "--json").stdout
        == first
    )
    (files / "run.json").write_text(first, encoding="utf-8")
    assert simsales("run", "--manifest", files / "run.json", "--json", "--jobs", 1).stdout == first
    other = simsales("run", files / "基线.yaml", "--reps", 3, "--cases", 30, "--seed", 8, "--jobs", 1, "--json").stdout
    assert json.loads(other)["kpis"] != json.loads(first)["kpis"]


def test_cases_counts_leads(files: Path) -> None:
    data = json.loads(simsales("run", files / "基线.yaml", "--reps", 2, "--cases", 25, "--jobs", 1, "--json").stdout)
    assert data["kpis"]["leads"]["mean"] == 25.0


def test_cases_say_until_when_they_are_followed(files: Path) -> None:
    common = ("run", files / "基线.yaml", "--reps", 1, "--cases", 5, "--jobs", 1)
    text = simsales(*common, "--html", files / "run.html").stdout
    assert re.match(r"5 leads from \S+ on, followed for \d+ days after the last \(money covers all of it\), 1 replication,", text)
    assert "1 replication. The" in text
    assert "Not modelled, so n/a: " in (files / "run.html").read_text(encoding="utf-8")
    setting = json.loads(simsales(*common, "--json").stdout)["setting"]
    assert (setting["until"], setting["cases"]) == ("", 5)  # it ends so long after the last lead: another day in each replication
    bounded = json.loads(simsales(*common, "--until", "2027-06-30", "--json").stdout)["setting"]
    assert (bounded["until"], bounded["follow"]) == ("2027-06-30", None)
    assert "on, followed until 2027-06-30, 1 replication," in bounded["line"]


def test_start_and_until_bound_the_run(files: Path) -> None:
    common = ("run", files / "基线.yaml", "--reps", 2, "--jobs", 1, "--json", "--start", "2027-01-01", "--until")
    short = json.loads(simsales(*common, "2027-01-14").stdout)
    long = json.loads(simsales(*common, "2027-03-31").stdout)
    assert 10 < short["kpis"]["leads"]["mean"] < 50 < long["kpis"]["leads"]["mean"]


def test_run_reads_for_people_without_json(files: Path) -> None:
    text = simsales("run", files / "基线.yaml", "--reps", 2, "--cases", 10, "--jobs", 1).stdout
    assert "Bookings" in text
    assert "¥" in text
    assert "nan" not in text


@pytest.mark.parametrize(("runs", "names"), [(1, ["log.csv"]), (3, ["log_0.csv", "log_1.csv", "log_2.csv"])])
def test_logs_are_written_one_a_run(runs: int, names: list[str], files: Path) -> None:
    simsales("run", files / "基线.yaml", "--cases", 12, "--log", files / "log.csv", "--runs", runs, "--jobs", 1)
    assert sorted(path.name for path in files.glob("*.csv")) == names
    with (files / names[0]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["case_id", "activity", "start_time", "end_time", "resource"]
    assert len({row["case_id"] for row in rows}) == 12
    assert {row["activity"] for row in rows} <= {"初步沟通", "报价"}
    contents = {(files / name).read_text(encoding="utf-8") for name in names}
    assert len(contents) == runs


# compare ------------------------------------------------------------------------------------------


def test_compare_prints_the_agreed_shape(files: Path) -> None:
    result = simsales("compare", files / "基线.yaml", files / "更快.yaml", "--reps", 4, "--jobs", 1, "--json")
    data = json.loads(result.stdout)
    assert [entry["name"] for entry in data["scenarios"]] == ["基线", "更快报价"]
    base, better = data["scenarios"]
    assert base["difference"]["bookings"]["mean"] == 0.0
    assert set(better["difference"]["bookings"]) >= {"mean", "low", "high", "p_better"}
    assert better["difference"]["bookings"]["mean"] > 0
    assert {"kpis", "cost", "net"} <= set(better)


def test_compare_reads_for_people_and_writes_a_report(files: Path) -> None:
    page = files / "page.html"
    text = simsales(
        "compare", files / "基线.yaml", files / "更快.yaml", "--reps", 4, "--jobs", 1, "--html", page
    ).stdout
    assert "更快报价: ¥" in text
    assert "more bookings" in text
    assert "更快报价" in page.read_text(encoding="utf-8")


OPEN = "deal_id,stage,age_days,amount\n旧单-1,报价,3,5000\n旧单-2,报价,400,7000\n007,初步沟通,1,\n"


@pytest.mark.parametrize("verb", ["run", "compare"])
def test_a_run_can_start_from_open_deals(verb: str, files: Path) -> None:
    (files / "open.csv").write_text(OPEN, encoding="utf-8")
    arguments = [
        verb,
        files / "基线.yaml",
        *([files / "更快.yaml"] if verb == "compare" else []),
        "--reps",
        2,
        "--jobs",
        1,
        "--json",
    ]
    cold = simsales(*arguments)
    assert "starts without open deals" in cold.stderr
    warm = simsales(*arguments, "--opening", files / "open.csv")
    assert "starts without open deals" not in warm.stderr
    assert json.loads(cold.stdout)["manifest"]["inputs"]["opening"] is None
    assert json.loads(warm.stdout)["manifest"]["inputs"]["opening"]["deal_id"] is not None
    (files / "warm.json").write_text(warm.stdout, encoding="utf-8")
    assert simsales("run", "--manifest", files / "warm.json", "--json", "--jobs", 1).stdout == warm.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "deal_id,phase\n1,报价\n",
            r"open.csv must have the columns deal_id, stage, age_days, got deal_id, phase. Hint:",
        ),
        ("", "open.csv must be a table in CSV"),
        (None, "open.csv must be a file that can be read"),
        ("deal_id,stage,age_days\n1,报阶,3\n", "报阶"),
    ],
)
def test_open_deals_that_cannot_be_used_are_explained(text: str | None, message: str, files: Path) -> None:
    if text is not None:
        (files / "open.csv").write_text(text, encoding="utf-8")
    result = simsales(
        "run", files / "基线.yaml", "--reps", 2, "--jobs", 1, "--opening", files / "open.csv", exit_code=3
    )
    assert re.search(message, result.stderr)


# histories ----------------------------------------------------------------------------------------


def test_import_check_writes_nothing(deals: Path) -> None:
    before = sorted(deals.parent.iterdir())
    text = simsales("import", deals, "--check").stdout
    assert "500 read, 500 kept" in text
    assert sorted(deals.parent.iterdir()) == before


def test_import_json_has_the_agreed_shape(deals: Path) -> None:
    data = json.loads(simsales("import", deals, "--check", "--json").stdout)
    assert set(data) >= {"read", "kept", "dropped", "guessed", "encoding", "timezone", "class"}
    assert (data["read"], data["kept"], data["class"]) == (500, 500, "D")


def test_imported_tables_are_a_history_again(deals: Path, tmp_path: Path) -> None:
    simsales("import", deals, "--out", tmp_path / "history")
    again = json.loads(simsales("import", tmp_path / "history", "--check", "--json").stdout)
    assert again["kept"] == 500


def test_a_guessed_mapping_reproduces_the_import(deals: Path, tmp_path: Path) -> None:
    simsales("import", deals, "--guess", tmp_path / "m.yaml")
    first = json.loads(simsales("import", deals, "--check", "--json").stdout)
    again = json.loads(simsales("import", deals, "--mapping", tmp_path / "m.yaml", "--check", "--json").stdout)
    assert (again["kept"], again["class"], again["timezone"]) == (first["kept"], first["class"], first["timezone"])


def test_import_needs_a_place_to_write(deals: Path) -> None:
    assert "add --out DIR, or --check" in simsales("import", deals, exit_code=2).stderr


def test_calibrate_writes_a_model_that_loads_and_runs(deals: Path, tmp_path: Path) -> None:
    out = tmp_path / "模型.yaml"
    today = tmp_path / "open.csv"
    data = json.loads(simsales("calibrate", deals, "--out", out, "--opening", today, "--no-check", "--json").stdout)
    assert set(data) >= {"parameters", "check", "class"}
    won = next(row for row in data["parameters"] if row["path"].endswith("exits[won].probability"))
    assert won["low"] <= won["value"] <= won["high"]
    assert 0.3 < won["value"] < 0.5
    assert load_model(out).stages[0].exits
    assert "valid model" in simsales("check", out).stdout
    with today.open(encoding="utf-8", newline="") as file:
        assert len(list(csv.DictReader(file))) == 115
    run = simsales("run", out, "--opening", today, "--reps", 2, "--jobs", 1, "--until", "2026-08-31", "--json")
    assert json.loads(run.stdout)["kpis"]["won"]["mean"] > 0


def test_calibrate_checks_itself_and_writes_a_report(deals: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    result = simsales("calibrate", deals, "--out", tmp_path / "m.yaml", "--html", page, "--json")
    check = json.loads(result.stdout)["check"]
    assert check
    assert {"measure", "model", "history", "floor"} <= set(check[0])
    assert "<html" in page.read_text(encoding="utf-8")


def test_forecast_prints_the_agreed_shape(deals: Path) -> None:
    result = simsales(
        "forecast",
        deals,
        "--as-of",
        "2026-03-31",
        "--until",
        "2026-05-15",
        "--target",
        "1.5万",
        "--reps",
        40,
        "--jobs",
        1,
        "--json",
    )
    data = json.loads(result.stdout)
    keys = {
        "as_of",
        "until",
        "target",
        "quantiles",
        "mean",
        "p_target",
        "booked",
        "open",
        "new",
        "noise_floor",
        "baselines",
        "manifest",
    }
    assert keys <= set(data)
    assert (data["as_of"], data["until"], data["target"]) == ("2026-03-31", "2026-05-15", 15000.0)
    quantiles = data["quantiles"]
    assert quantiles["p10"] <= quantiles["p50"] <= quantiles["p90"]
    assert math.isclose(data["mean"], data["booked"] + data["open"] + data["new"], rel_tol=1e-9)


def test_forecast_reads_for_people_and_writes_a_report(deals: Path, tmp_path: Path) -> None:
    page = tmp_path / "周报.html"
    text = simsales(
        "forecast", deals, "--until", "2026-06-30", "--target", "20,000", "--reps", 40, "--jobs", 1, "--html", page
    ).stdout
    assert "80 % range" in text
    assert "reached with probability" in text
    assert "<html" in page.read_text(encoding="utf-8")


# check, schema, doctor ----------------------------------------------------------------------------


def test_check_says_what_a_model_holds(files: Path) -> None:
    text = simsales("check", files / "基线.yaml").stdout
    assert "基线: 2 stages, 1 channel, 1 segment, 2 reps; CNY; from 2027-01-01 for 120 days" in text
    assert "50.0 % to 报价 after median" in text


def test_check_holds_a_scenario_against_its_base(files: Path) -> None:
    text = simsales("check", files / "更快.yaml").stdout
    assert "更快报价: 2 changes of 基线.yaml" in text
    assert "2. From 2027-02-01 on: hire 1 销售 rep" in text


def test_check_says_what_is_wrong_with_the_logic(files: Path) -> None:
    text = MODEL.replace("to: 报价, probability: 0.5", "to: 初步沟通, probability: 0.5")
    (files / "m.yaml").write_text(text, encoding="utf-8")
    said = json.loads(simsales("check", files / "m.yaml", "--json").stdout)["notes"]
    assert "No deal ever reaches stage '报价'." in said
    assert "No deal can ever be won." in said


def test_schema_prints_the_schema() -> None:
    assert json.loads(simsales("schema").stdout)["$schema"].startswith("http://json-schema.org/draft-07")


def test_doctor_looks_at_the_machine() -> None:
    data = json.loads(simsales("doctor", "--json").stdout)
    names = [finding["name"] for finding in data["findings"]]
    assert {"Python", "cores", "fonts", "calendar data", "temporary folder"} <= set(names)


def test_doctor_exits_with_4_when_something_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simsales.doctor.REQUIRED", ("no-such-package",))
    result = simsales("doctor", exit_code=4)
    assert "must have a working no-such-package" in result.stderr
    assert "BAD no-such-package" in result.stdout


# what goes wrong ----------------------------------------------------------------------------------

BAD_MODELS = {
    "probabilities beyond 1": (
        ("to: lost, probability: 0.6", "to: lost, probability: 0.7"),
        r"bad.yaml:16:7 stages\[1\].exits must have probabilities that add up to 1, got 1.1 in '报价'. Hint:",
    ),
    "duplicate keys": (
        ("currency: CNY", "name: 又一个"),
        r"bad.yaml:3:1 must not repeat a key, got 'name' again \(first on line 2\). Hint:",
    ),
    "an unknown stage": (
        ("to: 报价", "to: 报阶"),
        r"stages\[0\].exits\[0\].to must be a stage or an outcome, got '报阶'",
    ),
    "a NaN": (("leads_per_week: 14", "leads_per_week: .nan"), r"leads_per_week must be a finite number, got nan"),
    "broken YAML": (("name: 基线", "name: [基线"), r"bad.yaml:\d+:\d+ must be valid YAML"),
}


@pytest.mark.parametrize("case", BAD_MODELS)
@pytest.mark.parametrize("verb", ["check", "run", "compare"])
def test_a_bad_model_is_explained_and_nothing_is_written(verb: str, case: str, files: Path) -> None:
    (old, new), message = BAD_MODELS[case]
    (files / "bad.yaml").write_text(MODEL.replace(old, new), encoding="utf-8")
    before = sorted(files.iterdir())
    more = {
        "check": (),
        "run": ("--html", files / "o.html"),
        "compare": (files / "更快.yaml", "--html", files / "o.html"),
    }[verb]
    result = simsales(verb, files / "bad.yaml", *more, exit_code=3)
    assert re.search(message, result.stderr)
    assert result.stdout == ""
    assert sorted(files.iterdir()) == before


def test_a_missing_model_names_the_nearest_file(files: Path) -> None:
    assert "did you mean" in simsales("run", files / "基线.yml", exit_code=3).stderr


def test_every_bad_scenario_is_named_at_its_place(files: Path) -> None:
    (files / "a.yaml").write_text(BETTER.replace("[报价]", "[报阶]"), encoding="utf-8")
    (files / "b.yaml").write_text(BETTER.replace("hire:", "hires:"), encoding="utf-8")
    message = simsales("compare", files / "基线.yaml", files / "a.yaml", files / "b.yaml", exit_code=3).stderr
    assert re.search(r"a.yaml:4:17 changes\[0\].set.path must name one of its items, got '报阶'", message)
    assert re.search(r"b.yaml:5:5 changes\[1\] must be one change of .* did you mean 'hire'", message)


def test_scenarios_of_one_name_are_refused(files: Path) -> None:
    message = simsales("compare", files / "基线.yaml", files / "更快.yaml", files / "更快.yaml", exit_code=3).stderr
    assert "scenarios must have different names, got '更快报价' twice" in message


BAD_CRM = {
    "nothing there": (None, r"export.csv"),
    "empty": (b"", r"export.csv"),
    "missing columns": (b"a,b\n1,2\n3,4\n", r"created|column"),
    "ambiguous dates": (
        b"id,created,closed,stage,amount\n1,01/02/2025,03/04/2025,Won,5\n",
        r"dayfirst|--dayfirst|day-first",
    ),
    "wrong order of dates": (
        b"id,created,closed,stage,amount\n1,2025-03-01,2025-02-01,Won,5\n2,2025-03-01,2025-04-01,Won,5\n",
        r"before",
    ),
    "no text": (bytes(range(256)) * 4, r"export.csv"),
}


@pytest.mark.parametrize("case", BAD_CRM)
@pytest.mark.parametrize("verb", ["import", "calibrate", "forecast"])
def test_a_bad_export_is_explained_and_nothing_is_written(verb: str, case: str, tmp_path: Path) -> None:
    content, message = BAD_CRM[case]
    path = tmp_path / "export.csv"
    if content is not None:
        path.write_bytes(content)
    before = sorted(tmp_path.iterdir())
    more = {
        "import": ("--out", tmp_path / "out"),
        "calibrate": ("--out", tmp_path / "m.yaml"),
        "forecast": ("--until", "2027-03-31", "--html", tmp_path / "o.html"),
    }[verb]
    result = simsales(verb, path, *more, exit_code=3)
    assert re.search(message, result.stderr)
    assert result.stdout == ""
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("verb", ["run", "compare", "calibrate", "forecast", "import"])
def test_a_place_that_cannot_be_written_to_is_refused_before_any_work(
    verb: str, files: Path, deals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def work(*_: object, **__: object) -> None:
        raise AssertionError("the work began before the place was checked")

    for name in ("simsales.files.load_model", "simsales.history.read_history"):
        monkeypatch.setattr(name, work)
    nowhere = files / "nowhere" / "out"
    arguments = {
        "run": (files / "基线.yaml", "--html", nowhere),
        "compare": (files / "基线.yaml", files / "更快.yaml", "--html", nowhere),
        "calibrate": (deals, "--out", nowhere),
        "forecast": (deals, "--until", "2026-06-30", "--html", nowhere),
        "import": (deals, "--out", nowhere),
    }[verb]
    assert "must lie in a folder that exists" in simsales(verb, *arguments, exit_code=3).stderr


@pytest.mark.skipif(
    os.name == "nt" or (hasattr(os, "geteuid") and os.geteuid() == 0), reason="permissions do not bind this user"
)
def test_a_folder_without_permission_is_refused(files: Path, tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert "must be writable" in simsales("run", files / "基线.yaml", "--html", locked / "o.html", exit_code=3).stderr


def test_a_manifest_that_is_none_is_refused(files: Path) -> None:
    (files / "m.json").write_text("{}", encoding="utf-8")
    assert "must hold a manifest" in simsales("run", "--manifest", files / "m.json", exit_code=3).stderr
    (files / "m.json").write_text("{", encoding="utf-8")
    assert re.search(
        r"m.json:1:\d+ must be valid JSON", simsales("run", "--manifest", files / "m.json", exit_code=3).stderr
    )


def test_a_manifest_of_other_versions_names_the_first_that_differs(files: Path) -> None:
    text = simsales("run", files / "基线.yaml", "--reps", 2, "--cases", 5, "--jobs", 1, "--json").stdout
    data = json.loads(text)
    data["manifest"]["versions"]["numpy"] = "0.1"
    (files / "m.json").write_text(json.dumps(data), encoding="utf-8")
    assert re.search(r"numpy .*0\.1", simsales("run", "--manifest", files / "m.json", exit_code=4).stderr)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("forecast", "x.csv"), "--until"),
        (("forecast", "x.csv", "--until", "spring"), "must be a date like 2027-03-31, got 'spring'"),
        (("forecast", "x.csv", "--until", "2027-01-01", "--target", "much"), "must be an amount like .* got 'much'"),
        (("run",), "either MODEL.yaml or --manifest"),
        (("run", "m.yaml", "--reps", "0"), "--reps"),
        (("run", "m.yaml", "--runs", "3"), "must come with --log"),
        (("run", "--manifest", "m.json", "--cases", "3"), "must stand alone"),
        (("compare", "m.yaml"), "SCENARIO"),
        (("simulate",), "No such command"),
    ],
)
def test_wrong_usage_exits_with_2(arguments: tuple[str, ...], message: str) -> None:
    assert re.search(message, simsales(*arguments, exit_code=2).stderr)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3000000", 3e6),
        ("3,000,000", 3e6),
        ("1.2M", 1.2e6),
        ("250k", 2.5e5),
        ("1200万", 1.2e7),
        ("1.5亿", 1.5e8),
        ("¥1,200万", 1.2e7),
        ("$3.5m", 3.5e6),
    ],
)
def test_targets_are_read_as_people_write_them(text: str, expected: float) -> None:
    from simsales.inputs import amount

    assert amount(text) == pytest.approx(expected)


@pytest.mark.parametrize("text", ["", "much", "nan", "inf", "-5", "10-20万", "1.2.3"])
def test_targets_that_are_no_amounts_are_refused(text: str) -> None:
    from simsales.inputs import amount

    with pytest.raises(ValueError, match="must be an amount like 3000000"):
        amount(text)


def test_the_unexpected_is_one_message_and_exit_1(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("simsales.files.load_any", broken)
    result = simsales("check", files / "基线.yaml", exit_code=1)
    assert (
        "something went wrong inside simsales: ZeroDivisionError: by zero. Hint: run again with SIMSALES_DEBUG=1"
        in result.stderr
    )
    with pytest.raises(ZeroDivisionError):
        CliRunner().invoke(cli.app, ["check", "x.yaml"], env={"SIMSALES_DEBUG": "1"}, catch_exceptions=False)


def test_interruption_exits_with_130(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("simsales.files.load_any", interrupted)
    assert "Interrupted" in simsales("check", files / "基线.yaml", exit_code=130).stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX pipe")
def test_a_reader_that_stops_early_is_no_error() -> None:
    command = f"{sys.executable} -m simsales.cli schema | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.stdout == "{\n"
    assert done.stderr == ""


def test_as_a_process_data_and_messages_are_kept_apart(files: Path) -> None:
    good = program("run", "基线.yaml", "--reps", 2, "--cases", 10, "--jobs", 1, "--json", cwd=files)
    assert good.returncode == 0
    assert json.loads(good.stdout)["kpis"]["leads"]["mean"] == 10.0
    bad = program("run", "没有.yaml", cwd=files)
    assert (bad.returncode, bad.stdout) == (3, "")
    assert bad.stderr.startswith("Error: 没有.yaml must be a file that exists, got nothing there.")


def test_chinese_output_survives_a_plain_locale(files: Path) -> None:
    env = {
        "LC_ALL": "C",
        "PYTHONPATH": str(ROOT),
        "PATH": os.environ["PATH"],
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
    }
    done = subprocess.run(
        [sys.executable, "-m", "simsales.cli", "check", str(files / "基线.yaml")],
        capture_output=True,
        env=env,
        check=False,
    )
    assert done.returncode == 0
    assert "初步沟通" in done.stdout.decode("utf-8")
