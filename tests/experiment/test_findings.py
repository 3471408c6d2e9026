"""When a scenario has paid for itself, and which scenarios are beaten on both counts."""

from __future__ import annotations

import pandas as pd
import pytest

from simsales.errors import InvalidInputError
from simsales.experiment import compare
from simsales.experiment.comparison import Comparison
from simsales.experiment.study import Study
from simsales.model.levers import Scenario
from simsales.model.schema import Model

MONTHS = [f"bookings[month=2027-0{m}]" for m in (1, 2, 3)]


def study(name: str, bookings: list[list[float]], cost: list[float]) -> Study:
    frame = pd.DataFrame(bookings, columns=MONTHS).assign(cost=cost)
    return Study(name, frame.rename_axis("replication"), "CNY", {})


def comparison(costs: list[dict[str, object]]) -> Comparison:
    base = study("base", [[10.0, 10.0, 10.0], [10.0, 10.0, 10.0]], [30.0, 30.0])
    other = study("new", [[10.0, 40.0, 40.0], [10.0, 10.0, 90.0]], [93.0, 93.0])
    timelines = [{"name": "base", "costs": []}, {"name": "new", "costs": costs}]
    return Comparison((base, other), {"inputs": {"timelines": timelines}})


def test_costs_of_changes_count_when_they_are_paid_and_the_rest_is_spread() -> None:
    found = comparison([{"start": "2027-01-10", "once": 60.0, "per_year": 0.0}])
    # extra cost 63: 60 in January, the other 3 evenly: 1 a month
    path = found.net_by_month("new")
    assert path.to_numpy().round(9).tolist() == [[-61.0, -32.0, -3.0], [-61.0, -62.0, 17.0]]
    dates = found.break_even_dates()
    assert dates.loc["new"].tolist() == ["2027-03", 0.5, 0.5, -61.0]


def test_a_scenario_that_never_pays_has_no_date() -> None:
    base = study("base", [[10.0, 10.0, 10.0]] * 2, [0.0, 0.0])
    other = study("new", [[9.0, 10.0, 10.0]] * 2, [0.0, 0.0])
    dates = Comparison((base, other), {}).break_even_dates()
    assert dates.loc["new", "month"] is None
    assert dates.loc["new", "p_by_end"] == 0.0


BASE = Model.model_validate(
    {
        "name": "base",
        "channels": [{"name": "web", "leads_per_week": 14.0}],
        "segments": [{"name": "all", "amount": 100.0}],
        "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 0.5, "delay_days": 10.0}, {"to": "lost", "probability": 0.5, "delay_days": 10.0}]}],
        "horizon_days": 90.0,
    }
)  # fmt: skip


def test_dates_come_from_compare_and_ask_for_months() -> None:
    better = Scenario(name="better", changes=[{"set": {"path": "stages[Open].exits[won].probability", "to": 1.0, "cost": {"once": 1000.0}}}])
    result = compare(BASE, better, 3, kpis=["bookings", "cost", "net", "bookings[month]"])
    assert result.break_even_dates().loc["better", "month"] in {"2027-01", "2027-02"}
    last = result.net_by_month("better").iloc[:, -1]
    frames = [study.frame for study in result.studies]
    assert last.round(6).tolist() == (frames[1]["net"] - frames[0]["net"]).round(6).tolist()
    with pytest.raises(InvalidInputError, match="must have bookings by month and cost, got other KPIs. Hint: pass kpis="):
        compare(BASE, better, 2, kpis=["bookings", "cost", "net"]).break_even_dates()


def test_the_frontier_names_who_is_beaten_by_whom() -> None:
    scenarios = [
        Scenario(name="fast", changes=[{"scale": {"path": "stages[Open].exits[*].delay_days", "by": 0.5}}]),
        Scenario(name="careful", changes=[{"set": {"path": "stages[Open].exits[won].probability", "to": 0.8}}, {"scale": {"path": "stages[Open].exits[*].delay_days", "by": 2.0}}]),
        Scenario(name="slow", changes=[{"scale": {"path": "stages[Open].exits[*].delay_days", "by": 2.0}}]),
    ]
    found = compare(BASE, scenarios, 4, kpis=["cycle_days", "net", "bookings", "cost"]).frontier()
    assert found.loc[["fast", "careful"], "dominated_by"].tolist() == [None, None]
    assert found.loc["slow", "dominated_by"] in {"fast", "careful"}
    assert found.loc["base", "dominated_by"] == "fast"


def test_a_kpi_without_a_good_direction_is_refused() -> None:
    result = compare(BASE, Scenario(name="same"), 2, kpis=["wip", "net"])
    with pytest.raises(InvalidInputError, match="wip must be a KPI of which more is better, or less"):
        result.frontier("wip", "net")
