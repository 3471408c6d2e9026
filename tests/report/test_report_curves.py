"""From logs to the frames that figures draw: small logs, worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from simsales.report.curves import observed_curves, rep_load, waiting

START = pd.Timestamp("2027-01-04", tz="UTC")  # a Monday


def day(number: float) -> pd.Timestamp:
    return START + pd.Timedelta(days=number)


def visits(rows: list[tuple[str, str, float, float | None, str | None]]) -> pd.DataFrame:
    return pd.DataFrame({
        "deal_id": [row[0] for row in rows], "seq": 0, "stage": [row[1] for row in rows],
        "entered_at": pd.DatetimeIndex([day(row[2]) for row in rows]),
        "left_at": pd.DatetimeIndex([pd.NaT if row[3] is None else day(row[3]) for row in rows]),
        "exit": pd.Series([row[4] for row in rows], dtype=object),
    })  # fmt: skip


def test_curves_count_open_visits_as_open() -> None:
    # four visits begin on day 0: won after 2 days; open for 3 days (censored, began on day 7); lost after 4; won after 6
    rows = [("a", "谈判", 0, 2, "won"), ("b", "谈判", 7, None, None), ("c", "谈判", 0, 4, "lost"), ("d", "谈判", 0, 6, "won")]
    log = SimpleNamespace(visits=visits(rows), observed_until=day(10))
    found = observed_curves(log)
    won = found[(found["exit"] == "won") & (found["kind"] == "observed")].set_index("days")
    lost = found[(found["exit"] == "lost") & (found["kind"] == "observed")].set_index("days")
    # 4 at risk at 2 days: 1/4 won. 2 at risk at 4 days: 3/4 x 1/2 lost. 1 at risk at 6 days: 3/8 won.
    np.testing.assert_allclose(won.loc[[0, 2, 4, 6], "p"], [0, 0.25, 0.25, 0.625])
    np.testing.assert_allclose(lost.loc[[0, 2, 4, 6], "p"], [0, 0, 0.375, 0.375])
    np.testing.assert_allclose(won.loc[[2, 4, 6], "at_risk"], [4, 2, 1])
    assert found.loc[found["kind"] == "censored", "days"].tolist() == [3.0]


def test_stays_seen_only_from_the_middle_do_not_count_as_seen_from_the_start() -> None:
    rows = [("a", "S", 0, 8, "won"), ("b", "S", 5, 6, "won"), ("c", "S", 5, None, None)]
    log = SimpleNamespace(visits=visits(rows), observed_until=day(10), observed_from=day(5))
    found = observed_curves(log)
    one = found[(found["kind"] == "observed") & (found["days"] == 1.0)]
    # deal a enters the picture at age 5, so at age 1 only b and c are at risk
    assert one["p"].tolist() == [0.5]


def test_curves_follow_the_order_of_the_process() -> None:
    log = SimpleNamespace(
        visits=visits([("a", "B", 0, 2, "won"), ("b", "A", 0, 2, "B")]), observed_until=day(10),
        stages=pd.DataFrame({"stage": ["A", "B"], "order": [0, 1]}),
    )  # fmt: skip
    assert list(dict.fromkeys(observed_curves(log)["stage"])) == ["A", "B"]


def tasks(rows: list[tuple[str, str, str | None, float, float | None, float | None]]) -> pd.DataFrame:
    moments = [[pd.NaT if value is None else day(value) for value in row[3:]] for row in rows]
    return pd.DataFrame({
        "deal_id": [row[0] for row in rows], "seq": 0, "role": [row[1] for row in rows],
        "rep": pd.Series([row[2] for row in rows], dtype=object), "queued_at": pd.DatetimeIndex([m[0] for m in moments]),
        "started_at": pd.DatetimeIndex([m[1] for m in moments]), "ended_at": pd.DatetimeIndex([m[2] for m in moments]),
        "work_hours": [np.nan] * len(rows),
    })  # fmt: skip


def test_waiting_goes_up_when_a_task_queues_and_down_when_it_starts_or_is_given_up() -> None:
    log = SimpleNamespace(
        tasks=tasks([("a", "AE", "x", 0, 2, 3), ("b", "AE", "x", 1, 3, 4), ("c", "AE", None, 1, None, None)]),
        visits=visits([("a", "S", 0, 5, "won"), ("b", "S", 0, 5, "won"), ("c", "S", 1, 6, "lost")]), observed_until=day(10),
    )  # fmt: skip
    found = waiting(log)
    steps = dict(zip([(time - START) / pd.Timedelta(days=1) for time in found["time"]], found["waiting"], strict=True))
    assert steps == {0: 1, 1: 3, 2: 2, 3: 1, 6: 0, 10: 0}


def test_a_task_that_was_taken_back_waits_until_then_and_not_until_its_visit_ends() -> None:
    rows = tasks([("a", "AE", "x", 0, 2, 3), ("b", "AE", None, 1, None, None)])
    rows["dropped_at"] = pd.DatetimeIndex([pd.NaT, day(4)])
    log = SimpleNamespace(tasks=rows, visits=visits([("a", "S", 0, 5, "won"), ("b", "S", 1, 9, "won")]), observed_until=day(10))
    found = waiting(log)
    steps = dict(zip([(time - START) / pd.Timedelta(days=1) for time in found["time"]], found["waiting"], strict=True))
    assert steps == {0: 1, 1: 2, 2: 1, 4: 0, 10: 0}


def test_a_task_that_still_waits_at_the_end_is_still_waiting_there() -> None:
    log = SimpleNamespace(
        tasks=tasks([("a", "AE", None, 1, None, None)]), visits=visits([("a", "S", 0, None, None)]), observed_until=day(10)
    )
    assert waiting(log)["waiting"].tolist() == [1, 1]


def test_a_log_without_tasks_has_nobody_waiting() -> None:
    empty = tasks([("a", "AE", "x", 0, 1, 2)]).iloc[:0]
    log = SimpleNamespace(tasks=empty, visits=visits([]), observed_until=day(1), reps=pd.DataFrame({"rep": []}))
    assert waiting(log).empty
    assert rep_load(log).empty


def test_load_without_a_calendar_is_hours_by_week_under_pseudonyms() -> None:
    log = SimpleNamespace(
        tasks=tasks([("a", "AE", "王芳", 0, 0.5, 0.75), ("b", "AE", "王芳", 7, 8, 8.25), ("c", "SE", "Ann", 1, 2, 3)]),
        visits=visits([]), reps=pd.DataFrame({"rep": ["Ann", "王芳", "idle"]}), observed_until=day(12), timezone="UTC",
    )  # fmt: skip
    found = rep_load(log)
    assert found["rep"].tolist() == ["SE rep-1", "SE rep-1", "AE rep-2", "AE rep-2"]
    np.testing.assert_allclose(found["work_hours"], [24, 0, 6, 6])
    assert set(rep_load(log, names=True)["rep"]) == {"Ann", "王芳"}


def test_load_with_a_calendar_is_a_share_of_working_time_while_present() -> None:
    plan = SimpleNamespace(
        clock=SimpleNamespace(epoch=START, zone="UTC"), reps=("x",), rep_role=[0],
        role_concurrency=[[1]], staffing=SimpleNamespace(hours=(SimpleNamespace(hours_between=lambda a, b: 8.0 * (b - a)),)),
    )  # fmt: skip
    log = SimpleNamespace(
        tasks=tasks([("a", "AE", "x", 0, 1, 2), ("b", "AE", "x", 7, 8, 9)]).assign(work_hours=[28.0, 12.0]), visits=visits([]),
        reps=pd.DataFrame({"rep": ["x"]}), plan=plan, start=0.0, until=14.0,
        rep_hired=[0.0], rep_left=[10.0], moments=lambda days: pd.DatetimeIndex([day(days[0])]),
    )  # fmt: skip
    # week 1: 7 days x 8 h = 56 h; week 2: present for 3 days = 24 h
    assert rep_load(log)["utilisation"].tolist() == pytest.approx([0.5, 0.5])
