"""Initiatives on a time line."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any

import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.dates import num2date

from simsales.engine import simulate
from simsales.errors import InvalidInputError
from simsales.model.levers import Scenario
from simsales.model.schema import Model
from simsales.report.figures import gantt, value_stream
from simsales.report.figures.base import figure_texts
from simsales.report.gantt import gantt_csv, gantt_rows, to_mermaid_gantt

PLAN: list[dict[str, Any]] = [
    {"name": "拓展线上渠道", "start": "2027-01-01", "end": "2027-01-31", "owner": "市场部", "cost": 40_000},
    {"name": "首批内容上线", "start": "2027-02-01", "days": 28, "owner": "市场部", "cost": 30_000},
    {"name": "发展五家伙伴", "start": dt.date(2027, 3, 1), "days": 31, "owner": "销售部", "cost": 20_000},
    {"name": "团队培训", "start": "2027-04-01", "end": dt.date(2027, 4, 30), "owner": "销售部", "cost": 10_000},
]
SCENARIO = Scenario(name="提升", changes=[
    {"hire": {"role": "AE", "count": 2, "start": "2027-03-01", "cost": {"once": 5000.0, "per_year": 90_000.0}}},
    {"scale": {"path": "stages[报价].exits", "by": 1.1, "start": "2027-01-15", "ramp_days": 60.0, "adoption": 0.8, "step": "模板", "owner": "法务"}},
])  # fmt: skip


def bars(ax: Axes) -> list[tuple[str, str]]:
    """Begin and end of each bar, from top to bottom."""
    found = sorted((p for c in ax.containers for p in c.patches), key=lambda p: p.get_y())
    return [(f"{num2date(p.get_x()):%Y-%m-%d}", f"{num2date(p.get_x() + p.get_width()):%Y-%m-%d}") for p in found]


def test_the_source_plan_renders_four_bars_in_order_of_date() -> None:
    ax = gantt(gantt_rows(reversed(PLAN)), currency="CNY")
    assert bars(ax) == [("2027-01-01", "2027-02-01"), ("2027-02-01", "2027-03-01"), ("2027-03-01", "2027-04-01"), ("2027-04-01", "2027-05-01")]
    assert [item.get_text() for item in ax.get_yticklabels()] == [step["name"] for step in PLAN]
    assert ax.yaxis_inverted()
    texts = figure_texts(ax)
    assert {"市场部", "销售部"} <= set(texts)
    assert "¥40.0K" in texts


def test_rows_count_the_last_day_in() -> None:
    rows = gantt_rows(PLAN)
    assert rows["days"].tolist() == [31, 28, 31, 30]
    assert rows["cost"].sum() == 100_000
    assert rows["start"].is_monotonic_increasing


def test_a_scenario_s_changes_last_until_they_are_in_full_force() -> None:
    rows = gantt_rows(SCENARIO)
    assert rows[["step", "days", "owner"]].to_numpy().tolist() == [["模板", 60, "法务"], ["hire 2 AE", 0, ""]]
    ax = gantt(rows, currency="CNY")
    assert bars(ax) == [("2027-01-15", "2027-03-16")]
    diamonds = [line for line in ax.lines if line.get_marker() == "D"]
    assert [f"{num2date(line.get_xdata()[0]):%Y-%m-%d}" for line in diamonds] == ["2027-03-01"]  # type: ignore[index]
    texts = figure_texts(ax)
    assert "80 % of deals" in texts
    assert "¥5,000, ¥90.0K a year" in texts


def test_changes_without_a_start_begin_with_the_run() -> None:
    scenario = Scenario(changes=[{"leave": {"rep": "王芳"}}, {"route": {"role": "AE", "queue": "newest"}}])
    rows = gantt_rows(scenario, begin="2027-01-01")
    assert rows["start"].tolist() == [dt.date(2027, 1, 1)] * 2
    assert rows["step"].tolist() == ["leave", "route AE"]  # names of reps are personal data
    with pytest.raises(InvalidInputError, match=r"changes\[0\] must have a start to be drawn, got none. Hint: pass begin="):
        gantt_rows(scenario)


def test_lead_time_counts() -> None:
    hire = Scenario(changes=[{"hire": {"role": "AE", "start": "2027-03-01", "lead_days": 45.0}}])
    assert gantt_rows(hire)["end"].tolist() == [dt.date(2027, 4, 15)]


def test_csv_is_a_task_list() -> None:
    rows = gantt_rows(PLAN)
    again = pd.read_csv(io.StringIO(gantt_csv(rows)))
    assert again["step"].tolist() == rows["step"].tolist()
    assert again["end"].tolist() == ["2027-02-01", "2027-03-01", "2027-04-01", "2027-05-01"]


def test_mermaid_has_a_section_for_each_owner_and_safe_names() -> None:
    plan = [*PLAN, {"name": "评审: 价格, 合同; #1", "start": "2027-05-01", "days": 0, "owner": "销售部"}]
    text = to_mermaid_gantt(gantt_rows(plan), title="首阶段转化 80 → 85 %", currency="CNY")
    assert text.splitlines() == [
        "gantt", "    title 首阶段转化 80 → 85 %", "    dateFormat YYYY-MM-DD",
        "    section 市场部",
        "    拓展线上渠道 (¥40.0K) :s0, 2027-01-01, 31d", "    首批内容上线 (¥30.0K) :s1, 2027-02-01, 28d",
        "    section 销售部",
        "    发展五家伙伴 (¥20.0K) :s2, 2027-03-01, 31d", "    团队培训 (¥10.0K) :s3, 2027-04-01, 30d",
        "    评审： 价格, 合同 1 :milestone, s4, 2027-05-01, 0d",
    ]  # fmt: skip


def test_percent_signs_and_commas_stay_as_they_were_written() -> None:
    change = {"scale": {"path": "stages[Demo].tasks[0].work_hours", "by": 0.8, "start": "2027-03-01", "adoption": 0.9, "cost": {"once": 5000},
                        "step": "Demo kit, v2"}}  # fmt: skip
    text = to_mermaid_gantt(gantt_rows(Scenario(changes=[change])), title="Faster, cheaper: 20 %", currency="USD")
    assert text.splitlines()[1] == "    title Faster, cheaper - 20 %"
    assert "Demo kit, v2 ($5,000, 90 % of deals) :" in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [("5% off", "5 % off"), ("%% hidden", "hidden"), ("50%% off", "50% off"), ("Ratio 3:1", "Ratio 3∶1"), ("第一步:招聘", "第一步：招聘")],
)
def test_nothing_in_a_name_starts_a_comment_or_ends_the_name(name: str, shown: str) -> None:
    assert f"    {shown} :s0, " in to_mermaid_gantt(gantt_rows([{"name": name, "start": "2027-01-01", "days": 2}]))


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"name": "a", "start": "2027-01-01"}, r"steps\[0\] must give name, start, and either days or end, got name, start"),
        ({"name": "a", "start": "2027-01-01", "days": 3, "end": "2027-02-01"}, "either days or end"),
        ({"start": "2027-01-01", "days": 3}, "must give name"),
        ({"name": "a", "start": "2027-01-09", "end": "2027-01-01"}, r"steps\[0\].end must not be before its start \(2027-01-09\), got 2027-01-01"),
        ({"name": "a", "start": "9.1.2027", "days": 3}, r"steps\[0\].start must be a date like 2027-03-01, got '9.1.2027'"),
        ({"name": "a", "start": "2027-01-01", "days": -1}, r"steps\[0\].days must be a whole number of days, 0 or more, got -1"),
        ({"name": "a", "start": "2027-01-01", "dayss": 3}, r"steps\[0\] must have known keys, got 'dayss'. Hint: did you mean 'days'"),
    ],
)
def test_wrong_steps_are_advice(step: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        gantt_rows([step])


def test_an_empty_plan_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="plan must have at least one step, got none"):
        gantt_rows([])
    with pytest.raises(InvalidInputError, match="data of the gantt figure must have the columns"):
        gantt(pd.DataFrame({"step": ["a"]}))


def test_the_value_stream_stacks_its_parts() -> None:
    table = pd.DataFrame({
        "stage": ["报价", "空", "all closed deals"], "visits": [2, 0, 2], "touch_days": [0.25, float("nan"), 0.25],
        "pause_days": [0.25, float("nan"), 0.25], "queue_days": [0.5, float("nan"), 0.5],
        "delay_days": [2.0, float("nan"), 4.0], "pce": [0.25 / 3, float("nan"), 0.05],
    })  # fmt: skip
    ax = value_stream(table)
    assert [item.get_text() for item in ax.get_yticklabels()] == ["报价", "all closed deals"]
    ends = [[p.get_x() + p.get_width() for p in container.patches] for container in ax.containers]
    assert ends == [[0.25, 0.25], [0.5, 0.5], [1.0, 1.0], [3.0, 5.0]]
    assert [item.get_text() for item in ax.texts] == ["8.3 % work", "5.0 % work"]
    with pytest.raises(InvalidInputError, match="data of the value_stream figure must have rows, got none"):
        value_stream(table[table["visits"] == 0])


def test_a_run_draws_its_value_stream() -> None:
    chosen = Model(
        channels=[{"name": "web", "leads_per_week": 7.0}], roles=[{"name": "AE"}], reps=[{"role": "AE"}],
        stages=[{"name": "报价", "tasks": [{"role": "AE", "work_hours": 6.0}], "exits": [{"to": "won", "probability": 1.0}]}],
    )  # fmt: skip
    ax = simulate(chosen, cases=5).plot.value_stream()
    assert "报价" in [item.get_text() for item in ax.get_yticklabels()]
