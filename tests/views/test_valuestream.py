"""The value stream: touch, pause, queue and delay add up to the cycle time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsales.engine import EventLog, simulate
from simsales.errors import InvalidInputError
from simsales.history import History, ImportReport
from simsales.history.tables import shaped
from simsales.model.schema import Model
from simsales.views.valuestream import ValueStream, _swept, value_stream

PARTS = ["touch_days", "pause_days", "queue_days", "delay_days"]
ALWAYS = {"hours": "00:00-24:00", "days": "mon-sun"}
OFFICE = {"hours": "09:00-17:00", "days": "mon-fri"}


def model(**parts: Any) -> Model:
    fields: dict[str, Any] = {
        "epoch": "2027-01-04", "horizon_days": 100.0, "calendar": ALWAYS, "channels": [{"name": "web", "leads_per_week": 0.0}],
        "roles": [{"name": "AE"}], "reps": [{"name": "Ann", "role": "AE"}],
    }  # fmt: skip
    return Model(**(fields | parts))


def stage(name: str, to: str = "won", days: float = 0.0, **parts: Any) -> dict[str, Any]:
    return {"name": name, "exits": [{"to": to, "probability": 1.0, "delay_days": days}], **parts}


def work(hours: float, role: str = "AE") -> dict[str, Any]:
    return {"role": role, "work_hours": hours}


def run(chosen: Model, n: int = 1, **more: Any) -> EventLog:
    """Run deals that are all created at the start."""
    rows = [{"deal_id": f"d{i}", "stage": chosen.stages[0].name, "age_days": 0.0, "p_waiting": 1.0} for i in range(n)]
    return simulate(chosen, opening=pd.DataFrame(rows), **more)


def row(stream: ValueStream, name: str) -> dict[str, Any]:
    rows = stream.table[stream.table["stage"] == name].to_dict("records")
    assert len(rows) == 1
    return rows[0]


def test_six_hours_of_seventy_two_are_8_33_percent():
    stream = value_stream(run(model(stages=[stage("Offer", days=2.75, tasks=[work(6.0)])])))
    assert stream.pce == pytest.approx(6 / 72)
    assert stream.deals[[*PARTS, "total_days"]].iloc[0].tolist() == pytest.approx([0.25, 0.0, 0.0, 2.75, 3.0])
    assert "Process-cycle efficiency 8.33%" in stream.explain()
    assert "8.33%" in repr(stream)


def test_the_second_deal_queues_while_the_first_is_worked_on():
    stream = value_stream(run(model(stages=[stage("Offer", days=1.0, tasks=[work(12.0)])]), 2))
    assert stream.deals["queue_days"].tolist() == pytest.approx([0.0, 0.5])
    assert stream.deals["total_days"].tolist() == pytest.approx([1.5, 2.0])
    offer = row(stream, "Offer")
    assert [offer[name] for name in ("visits", *PARTS, "total_days")] == pytest.approx([2, 0.5, 0.0, 0.25, 1.0, 1.75])
    assert offer["share"] == pytest.approx(1.0)


def test_nights_are_pauses_not_work():
    stream = value_stream(run(model(calendar=OFFICE, stages=[stage("Offer", tasks=[work(12.0)])])))
    # Monday 0:00 queue until 9:00; 9 to 17 work; the night; Tuesday 9 to 13
    expected = [12 / 24, 16 / 24, 9 / 24, 0.0, 37 / 24]
    assert stream.deals[[*PARTS, "total_days"]].iloc[0].tolist() == pytest.approx(expected)


def test_tasks_at_both_ends_of_the_delay_count():
    tasks = [work(6.0), {**work(12.0), "at": "end"}]
    stream = value_stream(run(model(stages=[stage("Offer", days=2.0, tasks=tasks)])))
    assert stream.deals[PARTS].iloc[0].tolist() == pytest.approx([0.75, 0.0, 0.0, 2.0])


def test_open_deals_are_a_line_of_their_own():
    chosen = model(stages=[stage("Offer", days=2.0, tasks=[work(24.0 * 30)])], horizon_days=40.0)
    stream = value_stream(run(chosen, 2))
    assert row(stream, "all closed deals")["visits"] == 1
    still = row(stream, "open deals so far")
    assert [still[name] for name in ("visits", *PARTS, "total_days")] == pytest.approx([1, 10.0, 0.0, 30.0, 0.0, 40.0])
    assert np.isnan(still["share"])


def test_a_task_that_never_began_waited_to_the_end():
    offer = stage("Offer", days=1.0, tasks=[work(24.0)], patience_days=0.25)
    offer["exits"] = [{"to": "won", "probability": 0.5, "delay_days": 1.0}, {"to": "lost", "probability": 0.5, "delay_days": 1.0}]
    stream = value_stream(run(model(stages=[offer]), 2))
    impatient = stream.deals[stream.deals["deal_id"] == "d1"].iloc[0]
    assert impatient[[*PARTS, "total_days"]].tolist() == pytest.approx([0.0, 0.0, 0.25, 0.0, 0.25])


@pytest.fixture(scope="module")
def busy() -> EventLog:
    """A run with two roles, loops, nights, lost deals, open deals and a real queue."""
    chosen = model(
        calendar=OFFICE, channels=[{"name": "web", "leads_per_week": 12.0}], horizon_days=150.0,
        roles=[{"name": "AE"}, {"name": "TS"}],
        reps=[{"role": "AE", "count": 2}, {"role": "TS"}],
        stages=[
            {"name": "需求", "tasks": [work(2.0)], "exits": [
                {"to": "方案", "probability": 0.7, "delay_days": {"gamma": {"mean": 3.0, "cv": 1.0}}},
                {"to": "lost", "probability": 0.3, "delay_days": 5.0}]},
            {"name": "方案", "tasks": [work(1.0), work(4.7, "TS")], "exits": [
                {"to": "won", "probability": 0.4, "delay_days": 4.0}, {"to": "需求", "probability": 0.2, "delay_days": 1.0},
                {"to": "lost", "probability": 0.4, "delay_days": 2.0}]},
        ],
    )  # fmt: skip
    return simulate(chosen, seed=5)


def test_parts_add_up_to_the_cycle_of_every_deal(busy: EventLog):
    deals = value_stream(busy).deals
    assert len(deals) > 100
    closed = busy.deals.set_index("deal_id").loc[deals["deal_id"]]
    cycle = (closed["closed_at"] - closed["created_at"]) / pd.Timedelta(days=1)
    assert np.abs(deals[PARTS].sum(axis=1).to_numpy() - deals["total_days"].to_numpy()).max() <= 1e-9
    assert np.abs(deals["total_days"].to_numpy() - cycle.to_numpy()).max() <= 1e-8  # stamps are to the microsecond
    assert (deals[PARTS].to_numpy() >= -1e-9).all()


def test_stages_add_up_to_the_total(busy: EventLog):
    stream = value_stream(busy)
    total, stages = row(stream, "all closed deals"), stream.table.iloc[:2]
    for part in [*PARTS, "total_days"]:
        summed = float((stages[part] * stages["visits"]).sum())
        assert summed == pytest.approx(total[part] * total["visits"], rel=1e-9)
        assert total[part] == pytest.approx(float(stream.deals[part].mean()))
    assert float(stages["share"].sum()) == pytest.approx(1.0)


def test_touch_is_the_work_of_closed_deals(busy: EventLog):
    stream = value_stream(busy)
    tasks = busy.tasks[busy.tasks["deal_id"].isin(stream.deals["deal_id"])]
    assert float(stream.deals["touch_days"].sum()) == pytest.approx(float(tasks["work_hours"].sum()) / 24.0)
    waited = (tasks["started_at"] - tasks["queued_at"]) / pd.Timedelta(days=1)
    assert float(stream.deals["queue_days"].sum()) == pytest.approx(float(waited.sum()), rel=1e-6)


def test_the_stage_that_waits_for_the_scarce_role_ranks_first(busy: EventLog):
    stream = value_stream(busy)
    ranks = stream.table.set_index("stage")["rank"]
    assert (ranks["方案"], ranks["需求"]) == (1, 2)
    first = stream.bottlenecks()[0]
    assert first.startswith("1. 方案: ")
    assert "busy" in first
    assert first in stream.explain()
    assert row(stream, "方案")["pressure"] == pytest.approx(row(stream, "方案")["queue_share"] * row(stream, "方案")["utilisation"])


def test_a_history_with_tasks_gives_the_same_view(busy: EventLog):
    ours, theirs = value_stream(busy), value_stream(busy.to_history())
    one = ours.deals.sort_values("deal_id").reset_index(drop=True)
    other = theirs.deals.sort_values("deal_id").reset_index(drop=True)
    assert one["deal_id"].tolist() == other["deal_id"].tolist()
    np.testing.assert_allclose(one[PARTS].to_numpy(), other[PARTS].to_numpy(), atol=1e-7)
    assert theirs.table["rank"].dropna().tolist() == ours.table["rank"].dropna().tolist()
    assert theirs.table["utilisation"].isna().all()  # a history does not know capacity


def test_an_outcome_narrows_the_view(busy: EventLog):
    won = value_stream(busy, "won")
    assert set(won.deals["status"]) == {"won"}
    assert len(won.deals) == int((busy.deals["status"] == "won").sum())
    with pytest.raises(InvalidInputError, match=r"outcome must be one of won, lost, no_decision, got 'win'. Hint: did you mean 'won'"):
        value_stream(busy, "win")


def test_without_tasks_everything_is_delay():
    stream = value_stream(run(model(roles=[], reps=[], stages=[stage("Open", days=3.0)])))
    assert stream.deals[PARTS].iloc[0].tolist() == [0.0, 0.0, 0.0, 3.0]
    assert stream.bottlenecks() == ()
    assert "No stage waits for people." in stream.explain()
    assert "No tasks are known" in stream.explain()


def test_nothing_closed_says_so():
    stream = value_stream(run(model(stages=[stage("Open", days=300.0)])))
    assert np.isnan(stream.pce)
    assert stream.explain().startswith("No closed deal was seen")
    assert "No deal is closed" in stream.notes[0]


def test_deals_from_before_the_window_are_left_out_and_counted():
    chosen = model(stages=[stage("Open", days=3.0)])
    rows = [{"deal_id": "old", "stage": "Open", "age_days": 2.0, "p_waiting": 0.0}, {"deal_id": "new", "stage": "Open", "age_days": 0.0, "p_waiting": 0.0}]
    stream = value_stream(simulate(chosen, opening=pd.DataFrame(rows)))
    assert stream.deals["deal_id"].tolist() == ["new"]
    assert stream.notes[0].startswith("1 deals created before the window are left out")


def test_overlapping_work_counts_once():
    def swept(*tasks: tuple[float, float, float, float]) -> tuple[float, float, float]:
        return _swept(*(np.array(column) for column in zip(*tasks, strict=True)))

    # two tasks begin together, one lasts a day, one two days; nobody pauses
    assert swept((0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 2.0, 2.0)) == pytest.approx((2.0, 0.0, 0.0))
    # the second waits until day 3, the first is in hand until day 2: one day of queue
    assert swept((0.0, 0.0, 2.0, 2.0), (0.0, 3.0, 4.0, 1.0)) == pytest.approx((3.0, 0.0, 1.0))
    # work that rests half of the time, beside a queue
    assert swept((0.0, 0.0, 2.0, 1.0), (0.0, 2.0, 2.0, 0.0)) == pytest.approx((1.0, 1.0, 0.0))


def test_something_else_is_refused():
    with pytest.raises(InvalidInputError, match="log must be an EventLog or a History, got str"):
        value_stream("run")  # type: ignore[arg-type]


def test_parallel_tasks_of_one_visit_count_once():
    tasks = [work(12.0), {**work(24.0, "TS"), "parallel": True}]
    chosen = model(
        roles=[{"name": "AE"}, {"name": "TS"}], reps=[{"name": "Ann", "role": "AE"}, {"name": "Tom", "role": "TS"}],
        stages=[stage("Offer", days=1.0, tasks=tasks)],
    )  # fmt: skip
    stream = value_stream(run(chosen, 2))
    # the first: both begin at once, a day of work; the second: AE is free after half a day, TS after one, until day two
    assert stream.deals["touch_days"].tolist() == pytest.approx([1.0, 1.5])
    assert stream.deals["queue_days"].tolist() == pytest.approx([0.0, 0.5])
    assert stream.deals["total_days"].tolist() == pytest.approx([2.0, 3.0])


def test_what_follows_a_win_is_outside_the_cycle():
    rows = [("d0", 0, "Offer", 0, 2, "won"), ("d0", 1, "Delivery", 2, 7, "retained"), ("d1", 0, "Offer", 0, 4, "won"), ("d1", 1, "Delivery", 4, None, None)]
    zero = pd.Timestamp("2027-01-04", tz="UTC")
    visits = pd.DataFrame(rows, columns=["deal_id", "seq", "stage", "entered_at", "left_at", "exit"])
    for column in ("entered_at", "left_at"):
        visits[column] = zero + pd.to_timedelta(visits[column].astype(float), unit="D")
    deals = pd.DataFrame({"deal_id": ["d0", "d1"], "created_at": zero, "status": "won", "closed_at": [zero + pd.Timedelta(days=2), zero + pd.Timedelta(days=4)]})
    stages = pd.DataFrame({"stage": ["Offer", "Delivery"], "order": [0, 1], "kind": "open"})
    empty = {name: shaped(pd.DataFrame(), name) for name in ("tasks", "reps")}
    history = History(
        deals=shaped(deals, "deals"), visits=shaped(visits, "visits"), stages=shaped(stages, "stages"), **empty,
        report=ImportReport(source="test"), observed_from=zero, observed_until=zero + pd.Timedelta(days=10), history_class="A",
    )  # fmt: skip
    stream = value_stream(history)
    assert stream.deals["total_days"].tolist() == pytest.approx([2.0, 4.0])
    delivery = row(stream, "Delivery")
    assert (delivery["visits"], delivery["total_days"]) == (1, 5.0)  # the stay that is not over does not count
    assert np.isnan(delivery["share"])
    assert row(stream, "all closed deals")["total_days"] == pytest.approx(3.0)


def test_a_log_without_outcomes_still_shows_its_finished_stays():
    chosen = model(stages=[stage("A", "B", 2.0, tasks=[work(24.0)]), stage("B", days=300.0)])
    stream = value_stream(run(chosen, 2))
    assert row(stream, "A")["visits"] == 2
    assert row(stream, "A")["queue_days"] == pytest.approx(0.5)
    assert np.isnan(row(stream, "A")["share"])
    assert stream.bottlenecks()[0].startswith("1. A: 100% of all waiting for people, 12.00 hours a visit")
    assert "No deal is closed" in stream.explain()


@st.composite
def overlapping(draw):
    """Tasks on a grid of quarter days: queued, then started, then ended, all worked on without a pause."""
    tasks = []
    for _ in range(draw(st.integers(1, 6))):
        queued, wait, busy = draw(st.integers(0, 40)), draw(st.integers(0, 12)), draw(st.integers(0, 12))
        tasks.append((queued / 4, (queued + wait) / 4, (queued + wait + busy) / 4, busy / 4))
    return sorted(tasks)


@given(overlapping())
def test_the_sweep_agrees_with_looking_at_every_quarter_day(tasks):
    touch = queue = 0.0
    for k in range(300):
        t = k / 4 + 0.125
        if any(started < t < ended for _, started, ended, _ in tasks):
            touch += 0.25
        elif any(queued < t < started for queued, started, _, _ in tasks):
            queue += 0.25
    found = _swept(*(np.array(column) for column in zip(*tasks, strict=True)))
    assert found == pytest.approx((touch, 0.0, queue))


def test_a_night_before_work_is_a_queue_but_not_a_bottleneck():
    chosen = model(calendar=OFFICE, stages=[stage("Night", "Scarce", tasks=[work(1.0)]), stage("Scarce", tasks=[work(8.0)])])
    stream = value_stream(run(chosen, 2))
    # both come at midnight; from 9 on Ann does one hour, then the other's hour; both then want her for a whole day
    night, scarce = row(stream, "Night"), row(stream, "Scarce")
    assert night["queue_days"] == pytest.approx((9 + 10) / 2 / 24)
    assert night["wait_hours"] == pytest.approx(0.5)
    assert scarce["rank"] == 1
    assert night["queue_share"] + scarce["queue_share"] == pytest.approx(1.0)
    alone = value_stream(run(chosen))
    assert row(alone, "Night")["queue_days"] == pytest.approx(9 / 24)
    assert alone.bottlenecks() == ()


def test_waiting_counts_the_hours_of_the_rep_who_took_the_task():
    late = {"name": "Ann", "role": "AE", "calendar": "late"}
    chosen = model(
        calendar=OFFICE, calendars={"late": {"hours": "13:00-21:00"}}, reps=[late], stages=[stage("Offer", tasks=[work(2.0)])]
    )
    stream = value_stream(run(chosen, n=2))
    assert row(stream, "Offer")["wait_hours"] == pytest.approx(1.0)  # 13:00 at once, and 15:00 after two of her hours


def test_what_follows_a_win_by_a_gate_is_no_part_of_the_cycle():
    care = stage("Care", "retained", 5.0, after_sale=True, tasks=[work(2.0)])
    offer = {"name": "Offer", "when": "amount >= 10", "exits": [{"to": "won", "probability": 1.0, "then": "Care"}]}
    web = [{"name": "web", "leads_per_week": 7.0}]  # amounts of 0: won at once, without a stay
    stream = value_stream(simulate(model(channels=web, stages=[offer, care]), cases=1))
    assert stream.deals[[*PARTS, "total_days"]].iloc[0].tolist() == [0.0] * 5


def test_the_legend_says_what_every_column_is_and_the_stream_where_to_look():
    stream = value_stream(run(model(stages=[stage("报价 <b>", tasks=[work(8.0)])])))
    named = [line.split()[0] for line in stream.legend.splitlines()]
    assert named == [column.removesuffix("_days") for column in stream.table.columns if column != "stage"]
    assert "queue        days in which nobody works on it and a task waits for a rep" in stream.legend.splitlines()
    page = stream._repr_html_()
    for place in (".table", ".deals", ".explain()"):
        assert place in repr(stream)
        assert place in page
        assert place in ValueStream.__doc__
    assert ".legend" in repr(stream)
    assert "process-cycle efficiency: touch / total" in page
    assert "报价 &lt;b&gt;" in page
