"""Event logs become visits, tasks and outcomes by the rules of the reader; times worked out by hand."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest
from crm_files import utc, write

from simsales.history import History, read_history

LIFECYCLE = """case_id,activity,lifecycle,resource,timestamp,amount
1,Submit,complete,web,2026-01-01T08:00:00Z,500
1,Call,schedule,,2026-01-01T09:00:00Z,500
1,Call,start,ann,2026-01-01T10:00:00Z,500
1,Call,complete,ann,2026-01-01T10:30:00Z,500
1,Call,start,bob,2026-01-02T10:00:00Z,500
1,Offer,schedule,bob,2026-01-02T10:50:00Z,500
1,Call,complete,bob,2026-01-02T11:00:00Z,500
1,Offer,start,bob,2026-01-02T12:00:00Z,500
1,Won,complete,bob,2026-01-03T12:00:00Z,500
1,Offer,complete,bob,2026-01-03T12:30:00Z,500
2,Submit,complete,web,2026-01-02T08:00:00Z,900
2,Call,schedule,,2026-01-02T09:00:00Z,900
3,Submit,complete,web,2026-01-02T08:00:00Z,70
3,Declined,complete,web,2026-01-02T08:00:01Z,70
"""
RANGED = """case_id,activity,start_time,end_time,resource
a,Check,2026-01-05 09:00:00,2026-01-05 10:00:00,R1
a,Decide,2026-01-05 12:00:00,2026-01-05 12:30:00,R2
b,Check,2026-01-06 09:00:00,2026-01-06 09:30:00,R1
"""
XES = """<log xes.version="1849-2016" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/"><float key="meta"><string key="concept:name" value="x"/></float>
<trace><string key="concept:name" value="case-1"/><string key="AMOUNT_REQ" value="1500"/>
<event><date key="time:timestamp" value="2026-01-01T10:00:00.000+00:00"/><string key="concept:name" value="Qualify"/><string key="org:resource" value="r01"/><string key="lifecycle:transition" value="complete"/></event>
<event><string key="concept:name" value="Closed Won"/><date key="time:timestamp" value="2026-01-03T10:00:00"/></event></trace></log>
"""


def visit(history: History, deal: str) -> list[tuple[str, pd.Timestamp, pd.Timestamp, object]]:
    """Return stage, entry, leaving and exit of a deal's visits."""
    rows = history.visits[history.visits["deal_id"] == deal]
    return list(rows[["stage", "entered_at", "left_at", "exit"]].itertuples(index=False, name=None))


def test_a_stay_begins_with_the_first_lifecycle_event_and_ends_with_the_next_activity(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "log.csv", LIFECYCLE))
    assert visit(history, "1") == [
        ("Submit", utc("2026-01-01 08:00"), utc("2026-01-01 09:00"), "Call"),
        ("Call", utc("2026-01-01 09:00"), utc("2026-01-02 10:50"), "Offer"),
        ("Offer", utc("2026-01-02 10:50"), utc("2026-01-03 12:00"), "won"),
    ]
    assert history.deals["status"].tolist() == ["won", "open", "lost"]
    assert history.deals.set_index("deal_id")["amount"].to_dict() == {"1": 500.0, "2": 900.0, "3": 70.0}


def test_pieces_of_work_in_one_stay_add_up(tmp_path: Path) -> None:
    tasks = read_history(write(tmp_path, "log.csv", LIFECYCLE)).tasks
    call = tasks.iloc[0]
    assert (call["deal_id"], call["seq"], call["stage"], call["rep"]) == ("1", 1, "Call", "bob")
    assert [call["queued_at"], call["started_at"], call["ended_at"]] == [utc("2026-01-01 09:00"), utc("2026-01-01 10:00"), utc("2026-01-02 11:00")]
    assert call["work_hours"] == pytest.approx(1.5)
    assert tasks["stage"].tolist() == ["Call", "Offer", "Call"]


def test_work_that_waits_has_no_start(tmp_path: Path) -> None:
    waiting = read_history(write(tmp_path, "log.csv", LIFECYCLE)).tasks.iloc[-1]
    assert (waiting["deal_id"], waiting["queued_at"]) == ("2", utc("2026-01-02 09:00"))
    assert waiting[["started_at", "ended_at", "rep", "work_hours"]].isna().all()


def test_roles_of_resources_reach_tasks_and_reps(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "log.csv", RANGED.replace("resource", "resource,role").replace(",R1", ",R1,Clerk").replace(",R2", ",R2,Boss")))
    assert history.tasks["role"].tolist() == ["Clerk", "Boss", "Clerk"]
    assert history.reps[["rep", "role"]].to_numpy().tolist() == [["R1", "Clerk"], ["R2", "Boss"]]


def test_an_open_case_has_an_open_visit(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "log.csv", LIFECYCLE))
    last = history.visits[history.visits["deal_id"] == "2"].iloc[-1]
    assert last["stage"] == "Call"
    assert pd.isna(last["left_at"]) and pd.isna(last["exit"])


def test_start_and_end_columns_give_visits_and_tasks(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "log.csv", RANGED))
    assert visit(history, "a")[0] == ("Check", utc("2026-01-05 09:00"), utc("2026-01-05 12:00"), "Decide")
    assert history.tasks["work_hours"].tolist() == [1.0, 0.5, 0.5]
    assert history.tasks["rep"].tolist() == ["R1", "R2", "R1"]
    assert set(history.deals["status"]) == {"open"}
    assert any("No activity says how a case ended" in note for note in history.report.notes)


def test_an_outcome_that_takes_work_is_a_stage_and_closes_at_its_end(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "log.csv", RANGED), mapping={"outcomes": {"won": ["Decide"]}})
    assert visit(history, "a")[-1] == ("Decide", utc("2026-01-05 12:00"), utc("2026-01-05 12:30"), "won")


def test_a_stage_pattern_turns_other_work_into_tasks(tmp_path: Path) -> None:
    mapping = {"stages": ["Submit", "Offer"], "outcomes": {"won": ["Won"], "lost": ["Declined"]}}
    history = read_history(write(tmp_path, "log.csv", LIFECYCLE), mapping=mapping)
    assert [stage for stage, *_ in visit(history, "1")] == ["Submit", "Offer"]
    call = history.tasks.iloc[0]
    assert (call["stage"], call["activity"], call["queued_at"]) == ("Submit", "Call", utc("2026-01-01 09:00"))


def test_the_last_outcome_decides_and_the_deal_closes_at_its_first_event(tmp_path: Path) -> None:
    log = "case_id,activity,timestamp\n1,Qualify,2026-01-01T10:00:00Z\n1,Lost,2026-01-02T10:00:00Z\n1,Won,2026-01-03T10:00:00Z\n1,Won,2026-01-04T10:00:00Z\n"
    deal = read_history(write(tmp_path, "log.csv", log)).deals.iloc[0]
    assert (deal["status"], deal["closed_at"]) == ("won", utc("2026-01-03 10:00"))


def test_an_outcome_word_that_opens_cases_is_not_an_outcome(tmp_path: Path) -> None:
    log = "case_id,activity,timestamp\n1,Lead registered,2026-01-01T10:00:00Z\n1,Deal won,2026-01-02T10:00:00Z\n2,Lead registered,2026-01-03T10:00:00Z\n2,Call,2026-01-04T10:00:00Z\n"
    history = read_history(write(tmp_path, "log.csv", log))
    assert history.deals["status"].tolist() == ["won", "open"]
    assert visit(history, "2")[0][0] == "Lead registered"


def test_chinese_activities_are_read(tmp_path: Path) -> None:
    log = "案例编号,活动,时间,执行人\n1,初步接洽,2026-01-01 10:00:00,王小明\n1,签约,2026-01-02 10:00:00,王小明\n"
    history = read_history(write(tmp_path, "log.csv", log, "gb18030"))
    assert visit(history, "1") == [("初步接洽", utc("2026-01-01 02:00"), utc("2026-01-02 02:00"), "won")]


@pytest.mark.parametrize("packed", [False, True])
def test_xes_attributes_in_any_order_and_missing_zones(tmp_path: Path, packed: bool) -> None:
    path = tmp_path / ("log.xes.gz" if packed else "log.xes")
    path.write_bytes(gzip.compress(XES.encode()) if packed else XES.encode())
    history = read_history(path)
    deal = history.deals.iloc[0]
    assert (history.report.source, deal["deal_id"], deal["amount"], deal["status"]) == ("xes", "case-1", 1500.0, "won")
    assert visit(history, "case-1") == [("Qualify", utc("2026-01-01 10:00"), utc("2026-01-03 10:00"), "won")]
    assert history.visits["owner"].tolist() == ["r01"]


def test_rows_without_case_activity_or_time_are_dropped_with_reasons(tmp_path: Path) -> None:
    log = "case_id,activity,timestamp\n1,Qualify,2026-01-01T10:00:00Z\n,Qualify,2026-01-01T10:00:00Z\n1,,2026-01-01T10:00:00Z\n1,Demo,\n1,Demo,never\n"
    report = read_history(write(tmp_path, "log.csv", log)).report
    assert report.dropped == (("no time", 2), ("no activity", 1), ("no case id", 1))
    assert (report.read, report.kept) == (5, 1)
    assert [row.row for row in report.dropped_rows if row.reason == "no time"] == [5, 6]
