"""A snapshot holds what was known and nothing that happened later."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from crm_files import utc, write

from simsales.history import History, read_history

HEAD = "deal_id,created_at,closed_at,status,stage,amount,owner,product,mood,expected_close\n"
DEALS = HEAD + (
    "1,2025-01-02,2025-02-01,won,Closed,5,Ann,P,happy,2025-01-31\n2,2025-01-03,2025-03-01,lost,Closed,0,Bob,P,sad,2025-02-28\n"
    "3,2025-01-04,,open,Demo,7,Ann,Q,calm,2025-06-30\n4,2025-03-04,,open,Demo,7,Cid,Q,calm,2025-06-30\n"
)


def tables_of(history: History) -> list[pd.DataFrame]:
    """Return the tables that a snapshot must rebuild."""
    return [history.deals, history.visits, history.tasks, history.changes, history.reps]


def assert_same(one: History, other: History) -> None:
    """Require equal tables."""
    for left, right in zip(tables_of(one), tables_of(other), strict=True):
        pd.testing.assert_frame_equal(left, right)


def staged_log(seed: int, deals: int = 40) -> pd.DataFrame:
    """Return a change log of stages, owners and amounts drawn at random."""
    rng = np.random.default_rng(seed)
    rows = []
    for deal in range(deals):
        at = pd.Timestamp("2025-01-01") + pd.Timedelta(days=int(rng.integers(0, 60)))
        rows.append((f"D{deal}", at, "add_time", str(at)))
        for stage in ("New", "Demo", "Proposal", "Closed Won" if rng.random() < 0.5 else "Closed Lost"):
            rows.append((f"D{deal}", at, "StageName", stage))
            rows.append((f"D{deal}", at, "Amount", str(int(rng.integers(1, 9)) * 100)))
            rows.append((f"D{deal}", at, "Owner", str(rng.choice(["Ann", "Bob", "王小明"]))))
            at += pd.Timedelta(hours=int(rng.integers(1, 700)))
    return pd.DataFrame(rows, columns=["deal_id", "change_time", "field", "new_value"])


def saved(frame: pd.DataFrame, folder: Path, name: str) -> Path:
    """Write a frame as CSV."""
    frame.to_csv(folder / name, index=False)
    return folder / name


def test_later_deals_closings_and_final_values_are_gone(tmp_path: Path) -> None:
    then = read_history(write(tmp_path, "d.csv", DEALS)).as_of("2025-02-15")
    deals = then.deals.set_index("deal_id")
    assert deals["status"].to_dict() == {"1": "won", "2": "open", "3": "open"}
    assert deals["closed_at"].notna().tolist() == [True, False, False]
    assert deals["amount"].tolist()[0] == 5.0
    assert deals["amount"].isna().tolist() == [False, True, True]
    assert deals["stage"].tolist() == ["Closed", "Open", "Open"]
    assert deals["mood"].isna().tolist() == [False, True, True]
    assert deals["expected_close"].isna().tolist() == [False, True, True]
    assert deals["product"].tolist() == ["P", "P", "Q"]
    assert then.visits["left_at"].isna().tolist() == [False, True, True]
    assert then.reps["rep"].tolist() == ["Ann", "Bob"]
    assert then.report.censored_share == pytest.approx(2 / 3)


def test_the_mapping_says_what_was_known_at_creation(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "d.csv", DEALS), mapping={"known_at_creation": ["amount", "mood"]})
    then = history.as_of("2025-02-15").deals
    assert then["amount"].tolist() == [5.0, 0.0, 7.0]
    assert then["mood"].tolist() == ["happy", "sad", "calm"]


def test_a_date_means_the_end_of_the_day_in_the_zone_of_the_history(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "d.csv", DEALS), tz="Asia/Shanghai")
    end = utc("2025-02-01 15:59:59.999999")
    for day in ("2025-02-01", dt.date(2025, 2, 1)):
        assert history.as_of(day).observed_until == end
        assert history.as_of(day).deals["status"].tolist()[0] == "won"
    assert history.as_of(dt.datetime(2025, 1, 31, 23)).observed_until == utc("2025-01-31 15:00")
    assert history.as_of(utc("2025-01-31 15:59")).deals["status"].tolist()[0] == "open"


def test_as_of_the_end_changes_nothing(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "d.csv", DEALS))
    pd.testing.assert_frame_equal(history.as_of(history.observed_until).deals, history.deals)
    assert history.as_of("2030-01-01").observed_until == history.observed_until


def test_a_snapshot_of_a_snapshot_is_the_earlier_snapshot(tmp_path: Path) -> None:
    history = read_history(saved(staged_log(3), tmp_path, "log.csv"))
    assert_same(history.as_of("2025-02-20").as_of("2025-02-01"), history.as_of("2025-02-01"))


@pytest.mark.parametrize("seed", range(5))
def test_the_future_may_be_deleted_without_changing_the_snapshot(tmp_path: Path, seed: int) -> None:
    log = staged_log(seed)
    at = pd.Timestamp("2025-02-15 12:00", tz="UTC")
    past = log[log["change_time"] <= at.tz_localize(None)]
    full, cut = (read_history(saved(frame, tmp_path, name)) for frame, name in ((log, "full.csv"), (past, "cut.csv")))
    assert_same(full.as_of(at), cut)


@pytest.mark.parametrize("seed", range(5))
def test_the_future_may_be_shuffled_without_changing_the_snapshot(tmp_path: Path, seed: int) -> None:
    log = staged_log(seed)
    later = (log["change_time"] > pd.Timestamp("2025-02-15 12:00")) & (log["field"] != "add_time")
    shuffled = log.copy()
    order = np.random.default_rng(seed).permutation(int(later.sum()))
    shuffled.loc[later, ["field", "new_value"]] = log.loc[later, ["field", "new_value"]].to_numpy()[order]
    one, other = (read_history(saved(frame, tmp_path, name)).as_of(utc("2025-02-15 12:00")) for frame, name in ((log, "a.csv"), (shuffled, "b.csv")))
    assert_same(one, other)


def test_the_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    log = staged_log(1)
    one = read_history(saved(log, tmp_path, "a.csv"))
    other = read_history(saved(log.sample(frac=1, random_state=2), tmp_path, "b.csv"))
    assert_same(one, other)


def test_tasks_lose_what_came_later(tmp_path: Path) -> None:
    log = "case_id,activity,start_time,end_time,resource\na,Check,2026-01-05 09:00:00,2026-01-05 10:00:00,R1\na,Decide,2026-01-05 12:00:00,2026-01-05 14:00:00,R2\n"
    then = read_history(write(tmp_path, "log.csv", log)).as_of(utc("2026-01-05 13:00"))
    assert then.tasks["work_hours"].isna().tolist() == [False, True]
    assert then.tasks["ended_at"].isna().tolist() == [False, True]
    assert then.tasks["rep"].tolist() == ["R1", "R2"]


def test_a_current_stage_entered_later_was_unknown(tmp_path: Path) -> None:
    text = "id,created,stage,Last stage change\n1,2025-01-01 10:00:00,Proposal,2025-03-01 10:00:00\n"
    then = read_history(write(tmp_path, "d.csv", text), until="2025-04-01").as_of("2025-02-01")
    assert then.visits[["stage", "is_synthetic"]].to_numpy().tolist() == [["Open", True]]
    assert then.visits["entered_at"].tolist() == [utc("2025-01-01 10:00")]
    assert then.deals["stage"].tolist() == ["Open"]


@pytest.mark.data
def test_maven_snapshot_equals_a_file_from_which_the_future_was_cut(shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "maven_crm_sales" / "sales_pipeline.csv"
    raw = pd.read_csv(path, dtype=str)
    raw = raw[(raw["engage_date"] <= "2017-06-30")].copy()
    later = ~(raw["close_date"] <= "2017-06-30")
    raw.loc[later, ["close_date", "close_value"]] = None
    raw.loc[later, "deal_stage"] = "Engaging"
    cut = read_history(saved(raw, tmp_path, "cut.csv"), until="2017-06-30")
    then = read_history(path).as_of("2017-06-30")
    pd.testing.assert_frame_equal(then.visits, cut.visits)
    ours = then.deals.drop(columns=["stage", "account"])
    pd.testing.assert_frame_equal(ours, cut.deals.drop(columns=["stage", "account"]))
    assert (then.observed_from, then.observed_until) == (cut.observed_from, cut.observed_until)


def worked_log(seed: int, cases: int = 60) -> pd.DataFrame:
    """Return an event log with lifecycles, repeated work, owners and one outcome a case, no two stamps of a case equal."""
    rng = np.random.default_rng(seed)
    rows = []
    for case in range(cases):
        at = pd.Timestamp("2025-01-01") + pd.Timedelta(minutes=int(rng.integers(0, 40 * 1440)))
        steps = [("Submit", "complete")]
        for activity in ("Call", "Offer", "Call"):
            steps += [(activity, "schedule")] * int(rng.integers(0, 2))
            steps += [(activity, "start"), (activity, "complete")] * int(rng.integers(0, 3))
        steps += [(str(rng.choice(["Won", "Lost"])), "complete")] * int(rng.integers(0, 2))
        for activity, step in steps:
            rows.append((f"C{case}", activity, step, str(at), str(rng.choice(["ann", "bob", "cid"]))))
            at += pd.Timedelta(minutes=int(rng.integers(1, 4000)))
    return pd.DataFrame(rows, columns=["case_id", "activity", "lifecycle", "timestamp", "resource"])


@pytest.mark.parametrize("stages", [None, ["Submit", "Offer"]])
@pytest.mark.parametrize("seed", range(4))
def test_the_future_of_an_event_log_may_be_deleted_without_changing_the_snapshot(tmp_path: Path, seed: int, stages: list[str] | None) -> None:
    log = worked_log(seed)
    mapping = {"outcomes": {"won": ["Won"], "lost": ["Lost"]}} | ({"stages": stages} if stages else {})
    at = pd.Timestamp("2025-02-01", tz="UTC")
    past = log[pd.to_datetime(log["timestamp"]) <= at.tz_localize(None)]
    full, cut = (read_history(saved(frame, tmp_path, name), mapping=mapping) for name, frame in (("full.csv", log), ("cut.csv", past)))
    then = full.as_of(at)
    assert len(then.tasks) > 10
    assert_same(then, cut)


def test_a_deal_that_is_opened_again_later_was_closed_at_the_time(tmp_path: Path) -> None:
    text = "deal_id,stage,entered_at\n1,Demo,2025-01-01T00:00:00Z\n1,Closed Lost,2025-01-05T00:00:00Z\n1,Proposal,2025-01-09T00:00:00Z\n1,Closed Won,2025-01-20T00:00:00Z\n2,Demo,2025-01-01T00:00:00Z\n"
    history = read_history(write(tmp_path, "s.csv", text))
    cut = read_history(write(tmp_path, "cut.csv", "".join(line for line in text.splitlines(keepends=True) if "01-09" not in line and "01-20" not in line)), until="2025-01-06")
    then = history.as_of("2025-01-06")
    pd.testing.assert_frame_equal(then.visits, cut.visits)
    pd.testing.assert_frame_equal(then.deals.drop(columns="stage"), cut.deals.drop(columns="stage"))
    assert then.deals["status"].tolist() == ["lost", "open"]
    assert history.as_of("2025-01-10").deals["status"].tolist() == ["open", "open"]
    assert history.as_of("2025-01-21").deals["status"].tolist() == ["won", "open"]
