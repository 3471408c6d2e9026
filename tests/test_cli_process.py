"""The verbs that look into an organisation: process and pay."""

from __future__ import annotations

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest
from test_cli import BETTER, MODEL, simsales

PAID = MODEL + """\
plans: {标准: {base: 120000, quota: 9000, period: month, rates: [{upto: 1.0, rate: 0.05}, {rate: 0.1}], bonuses: [{at: 1.0, amount: 500}]}}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "基线.yaml").write_text(MODEL, encoding="utf-8")
    (tmp_path / "更快.yaml").write_text(BETTER, encoding="utf-8")
    (tmp_path / "薪酬.yaml").write_text(PAID.replace("{role: 销售, count: 2}", "{role: 销售, count: 2, plan: 标准}"), encoding="utf-8")
    return tmp_path


def test_a_process_is_drawn_as_a_mermaid_graph(folder):
    text = simsales("process", folder / "基线.yaml").stdout
    assert text.startswith(("graph", "flowchart"))
    assert "初步沟通" in text
    assert "报价" in text


def test_a_process_is_written_as_bpmn(folder):
    out = folder / "m.bpmn"
    result = simsales("process", folder / "基线.yaml", "--format", "bpmn", "--out", out)
    assert result.stdout == ""
    assert str(out) in result.stderr
    text = out.read_text(encoding="utf-8")
    assert "http://www.omg.org/spec/BPMN/20100524/MODEL" in text
    assert "初步沟通" in text


def test_times_say_where_a_deal_waits(folder):
    data = json.loads(simsales("process", folder / "基线.yaml", "--format", "times", "--json").stdout)
    rows = {row["stage"]: row for row in data["stages"]}
    assert rows["报价"]["touch_days"] == 0.0
    assert rows["初步沟通"]["touch_days"] > 0.0
    assert "初步沟通" in simsales("process", folder / "基线.yaml", "--format", "times").stdout


def test_a_scenario_is_drawn_as_a_gantt_chart(folder):
    text = simsales("process", folder / "更快.yaml", "--format", "gantt").stdout
    assert text.startswith("gantt")
    assert "2027-02-01" in text


@pytest.mark.parametrize(
    ("file", "form", "message"),
    [
        ("基线.yaml", "gantt", "--format gantt must be given a scenario, got a model"),
        ("基线.yaml", "bpnm", "must be one of mermaid, state, bpmn, times, journey, gantt, got 'bpnm'. Hint: did you mean 'bpmn'"),
    ],
)
def test_a_format_that_does_not_fit_is_a_usage_error(folder, file, form, message):
    said = simsales("process", folder / file, "--format", form, exit_code=2).stderr
    assert message in " ".join(said.replace("│", " ").split())


def test_pay_explains_every_amount_to_the_cent(folder):
    lines = json.loads(simsales("pay", folder / "薪酬.yaml", "--until", "2027-03-31", "--json").stdout)["lines"]
    kinds = {line["line"] for line in lines}
    assert {"base", "commission"} <= kinds
    assert {line["rep"] for line in lines} == {"rep-1", "rep-2"}
    assert all(Decimal(str(line["amount"])).as_tuple().exponent >= -2 for line in lines)
    base = [line["amount"] for line in lines if line["line"] == "base" and line["rep"] == "rep-1"]
    assert sum(map(Decimal, map(str, base))) == Decimal("29589.04")  # 31, 28 and 31 days of 120,000 / 365, each to the cent
    named = simsales("pay", folder / "薪酬.yaml", "--names").stdout
    assert "销售-01" in named


def test_pay_may_start_with_open_deals(folder):
    opening = folder / "open.csv"
    opening.write_text("deal_id,stage,age_days,amount,owner\n" + "".join(f"D{i},报价,1,1000000,销售-01\n" for i in range(20)), encoding="utf-8")
    common = ("pay", folder / "薪酬.yaml", "--until", "2027-03-31", "--json")

    def paid(*options):
        return sum(line["amount"] for line in json.loads(simsales(*common, *options).stdout)["lines"] if line["line"] == "commission")

    assert paid("--opening", opening) > paid()
    assert "starts without open deals" in simsales(*common).stderr


def test_a_model_without_amounts_says_that_its_bookings_are_no_finding(folder):
    bare = "name: b\nchannels: [{name: web, leads_per_week: 5}]\nstages: [{name: Open, exits: [{to: won, probability: 1, delay_days: 3}]}]\n"
    (folder / "bare.yaml").write_text(bare, encoding="utf-8")
    said = "The model states no amounts: new deals book nothing"
    assert said in simsales("run", folder / "bare.yaml", "--reps", 2, "--jobs", 1).stdout
    assert said not in simsales("run", folder / "基线.yaml", "--reps", 2, "--jobs", 1).stdout


def test_pay_is_written_as_a_table(folder):
    out = folder / "pay.csv"
    simsales("pay", folder / "薪酬.yaml", "--out", out)
    rows = list(csv.DictReader(io.StringIO(out.read_text(encoding="utf-8"))))
    assert rows
    assert {"rep", "period", "line", "detail", "amount"} <= set(rows[0])


def test_a_model_without_pay_plans_says_so(folder):
    result = simsales("pay", folder / "基线.yaml")
    assert "nobody has a pay plan" in result.stderr


def test_the_linter_names_what_stages_lack(folder):
    data = json.loads(simsales("check", folder / "基线.yaml", "--lint", "--json").stdout)
    assert any(gap.startswith("Stage '报价' has no owner") for gap in data["gaps"])
    assert "Gap: Stage '初步沟通' has no service level" in simsales("check", folder / "基线.yaml", "--lint").stdout
    assert "Gap:" not in simsales("check", folder / "基线.yaml").stdout


def test_a_scenario_is_linted_as_what_it_makes_of_its_base(folder):
    data = json.loads(simsales("check", folder / "更快.yaml", "--lint", "--json").stdout)
    assert data["kind"] == "scenario"
    assert data["gaps"]


def test_stages_are_ranked_with_busy_reps_and_by_arithmetic(folder):
    arguments = ("sensitivity", folder / "基线.yaml", "--reps", "2", "--until", "2027-03-31", "--quiet")
    data = json.loads(simsales(*arguments, "--json").stdout)
    assert [row["rank"] for row in data["stages"]] == [1, 2]
    naive = {row["stage"]: row["naive_rank"] for row in data["stages"]}
    assert naive == {"报价": 1.0, "初步沟通": 2.0}  # five points on 40 % are worth more than on 50 %
    text = simsales(*arguments).stdout
    assert "By arithmetic alone" in text
    assert "-20 % delay" in simsales(*arguments, "--kind", "wait").stdout


def test_a_kind_of_step_that_is_none_is_a_usage_error(folder):
    said = simsales("sensitivity", folder / "基线.yaml", "--kind", "pionts", exit_code=2).stderr
    assert "did you mean 'points'" in " ".join(said.replace("│", " ").split())


def test_a_journey_counts_customers_by_state(folder):
    template = Path(__file__).parents[1] / "scenarios" / "templates" / "customer_journey.yaml"
    data = json.loads(simsales("process", template, "--format", "journey", "--json").stdout)
    assert [row["state"] for row in data["states"]] == ["awareness", "consideration", "decision", "retention"]
    said = simsales("process", folder / "基线.yaml", "--format", "journey", exit_code=3).stderr
    assert "stages must state their journey" in said


def test_a_scenario_can_be_drawn_timed_run_and_paid_as_what_it_makes_of_its_base(folder):
    assert "初步沟通" in simsales("process", folder / "更快.yaml").stdout
    stages = json.loads(simsales("process", folder / "更快.yaml", "--format", "times", "--json").stdout)["stages"]
    assert "报价" in {row["stage"] for row in stages}
    both = [json.loads(simsales("run", folder / name, "--reps", "3", "--json", "--quiet").stdout) for name in ("基线.yaml", "更快.yaml")]
    won = [data["kpis"]["won"]["mean"] for data in both]
    assert won[1] > won[0]
    assert "nobody has a pay plan" in simsales("pay", folder / "更快.yaml").stderr


def test_a_scenario_without_a_base_says_what_is_missing(folder):
    (folder / "ohne.yaml").write_text("name: x\nchanges: [{hire: {role: 销售}}]\n", encoding="utf-8")
    said = simsales("run", folder / "ohne.yaml", exit_code=3).stderr
    assert "must name the model that it changes, got no base. Hint: base: MODEL.yaml" in said


def test_compare_shows_further_kpis_on_request(folder):
    arguments = ("compare", folder / "基线.yaml", folder / "更快.yaml", "--reps", "3", "--quiet")
    text = simsales(*arguments, "--kpi", "cash", "--kpi", "utilisation[role=销售]").stdout
    assert "Cash" in text
    assert "销售" in text
    assert "Cash" not in simsales(*arguments).stdout
    said = simsales(*arguments, "--kpi", "cahs", exit_code=3).stderr
    assert "kpi must be a known name, got 'cahs'. Hint: did you mean 'cash'" in said
    assert "2027-01" in simsales(*arguments, "--kpi", "won[month=2027-01]").stdout
    said = simsales(*arguments, "--kpi", "won[month=2007-01]", exit_code=3).stderr
    assert "must name one of its members, got '2007-01'" in said
