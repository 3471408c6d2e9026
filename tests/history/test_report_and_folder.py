"""The import report adds up, reproduces the import, and the tables survive the disk."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pandas as pd
import pytest
from crm_files import utc, write, write_excel

from simsales.errors import OutputError
from simsales.history import READERS, History, ImportReport, read_history
from simsales.history.readers import aliases

DEALS = "Deal ID;Create Date;Close Date;Deal Stage;Amount;Owner;mood\n7;03.01.2025;10.02.2025;Closed Won;1.234,50;=1+1;+49\n8;04.01.2025;;Demo;n/a;王小明;'x\nTotal;;;;1.234,50;;\n"


@pytest.fixture
def history(tmp_path: Path) -> History:
    """A small history with a dropped row, a decimal comma, dangerous text and Chinese."""
    return read_history(write(tmp_path, "deals.csv", DEALS))


def same(one: History, other: History) -> None:
    """Require equal histories."""
    for name in ("deals", "visits", "tasks", "reps", "stages", "changes"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    for name in ("observed_from", "observed_until", "history_class", "currency", "timezone"):
        assert getattr(one, name) == getattr(other, name)


def test_the_report_has_the_public_json_shape(history: History) -> None:
    report = history.report.to_dict()
    assert {"read", "kept", "dropped", "guessed", "encoding", "timezone", "class"} <= set(report)
    assert report["dropped"] == [{"reason": "total row", "count": 1}]
    assert (report["read"], report["kept"], report["class"], report["delimiter"]) == (3, 2, "D", ";")
    assert report["guessed"]["amount"] == "Amount"
    assert json.loads(json.dumps(report)) == report


def test_a_dropped_row_keeps_its_place_and_text(history: History) -> None:
    row = history.report.dropped_rows[0]
    assert (row.file, row.row, row.reason) == ("deals.csv", 4, "total row")
    assert row.text.startswith("Total")
    assert history.report.dropped_csv().splitlines()[0] == "file,sheet,row,reason,text"


def test_the_report_reads_as_prose_and_html(history: History) -> None:
    text = str(history.report)
    assert "3 read, 2 kept, 1 dropped" in text
    assert "D (created and closed only)" in text
    assert "day-first (dates with dots are day-first)" in text
    assert "<table>" in history.report._repr_html_()
    assert "2 deals (1 open, 1 won)" in history._repr_html_()


def test_html_of_the_report_escapes_what_the_file_says(tmp_path: Path) -> None:
    text = "id,created,stage,<script>\n1,2025-01-01,<b>,x\n"
    report = read_history(write(tmp_path, "<i>.csv", text)).report
    assert "<script>" not in report._repr_html_()
    assert "<i>" not in report._repr_html_()


def test_the_written_mapping_reproduces_the_import(history: History, tmp_path: Path) -> None:
    path = write(tmp_path, "map.yaml", history.report.to_mapping())
    again = read_history(tmp_path / "deals.csv", mapping=path)
    same(history, again)
    assert "dayfirst: true" in path.read_text()


def test_the_written_mapping_reproduces_an_event_log(tmp_path: Path) -> None:
    log = write(tmp_path, "log.csv", "case_id,activity,timestamp\n1,A_Call,2026-01-01T10:00:00Z\n1,A_Approved,2026-01-02T10:00:00Z\n")
    history = read_history(log)
    again = read_history(log, mapping=write(tmp_path, "map.yaml", history.report.to_mapping()))
    same(history, again)
    assert again.deals["status"].tolist() == ["won"]


def test_tables_survive_the_folder(history: History, tmp_path: Path) -> None:
    folder = history.to_folder(tmp_path / "out")
    same(history, History.from_folder(folder))
    same(history, read_history(folder))
    assert History.from_folder(folder).report.to_dict() == history.report.to_dict()


def test_written_text_cannot_run_as_a_formula(history: History, tmp_path: Path) -> None:
    text = (history.to_folder(tmp_path / "out") / "deals.csv").read_text(encoding="utf-8")
    assert "'=1+1" in text
    assert ",=1+1" not in text
    assert read_history(tmp_path / "out").deals["owner"].tolist() == ["=1+1", "王小明"]


def test_a_folder_that_cannot_be_written(history: History, tmp_path: Path) -> None:
    blocked = write(tmp_path, "file", "x")
    with pytest.raises(OutputError, match="must be a folder that can be written"):
        history.to_folder(blocked / "out")


def test_the_time_zone_and_its_reason_are_reported(tmp_path: Path) -> None:
    chinese = write(tmp_path, "a.csv", "商机编号,创建时间,商机阶段\n1,2025-01-01,方案\n")
    assert (read_history(chinese).timezone, read_history(chinese).report.timezone_why) == ("Asia/Shanghai", "the captions are Chinese")
    assert read_history(chinese, tz="UTC").report.timezone_why == "as given"
    assert read_history(chinese, mapping={"tz": "Europe/Berlin"}).report.timezone_why == "as the mapping says"


def test_two_captions_of_one_field_use_the_more_specific_and_report_the_other(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "商机编号,创建时间,提交时间,商机阶段\n1,2025-01-01,2025-01-02,方案\n")
    history = read_history(path)
    assert history.report.guessed["created_at"] == "创建时间"
    assert any("'提交时间' would also mean created_at" in note for note in history.report.notes)


def test_final_amounts_replace_expected_ones_for_won_deals_only(tmp_path: Path) -> None:
    text = "商机编号,创建时间,商机状态,预计成交金额,成交金额,实际成交日期\n1,2025-01-01,赢单,100,80,2025-02-01\n2,2025-01-01,输单,100,80,2025-02-01\n3,2025-01-01,进行中,100,80,\n"
    assert read_history(write(tmp_path, "a.csv", text)).deals["amount"].tolist() == [80.0, 100.0, 100.0]


def test_the_close_date_of_an_open_deal_is_what_is_expected(tmp_path: Path) -> None:
    deal = read_history(write(tmp_path, "a.csv", "Id,CreatedDate,StageName,CloseDate\n1,2025-01-01,Demo,2025-06-30\n")).deals.iloc[0]
    assert deal["expected_close"] == utc("2025-06-30")
    assert pd.isna(deal["closed_at"])


def test_recording_that_starts_late_is_guessed_and_may_be_stated(tmp_path: Path) -> None:
    created = pd.date_range("2024-01-01", periods=900, freq="8h").normalize()
    closed = created + pd.to_timedelta([(place * 37) % 60 + 1 for place in range(900)], unit="D")
    frame = pd.DataFrame({"id": range(900), "created": created, "closed": closed, "status": "won"})
    complete = tmp_path / "all.csv"
    frame.to_csv(complete, index=False)
    frame[frame["closed"] >= "2024-05-01"].to_csv(tmp_path / "late.csv", index=False)
    assert read_history(complete).observed_from == utc("2024-01-01")
    late = read_history(tmp_path / "late.csv")
    assert late.observed_from == utc("2024-05-01")
    assert any("closings seem to be recorded only from that day" in note for note in late.report.notes)
    assert read_history(tmp_path / "late.csv", mapping={"observed_from": "2024-04-01"}).observed_from == utc("2024-04-01")


def test_the_export_date_may_be_given(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "id,created,stage\n1,2025-01-01,Demo\n")
    assert read_history(path).observed_until == utc("2025-01-01 23:59:59.999999")
    assert read_history(path, until="2025-03-01").observed_until == utc("2025-03-01 23:59:59.999999")


def test_a_sheet_may_be_named(tmp_path: Path) -> None:
    rows = [["id", "created", "stage"], ["1", "2025-01-01", "Demo"]]
    path = write_excel(tmp_path, "book.xlsx", [["notes"], ["nothing"]], {"Deals": rows})
    assert read_history(path).report.sheet == "Deals"
    assert read_history(path, mapping={"sheet": "Deals"}).deals["deal_id"].tolist() == ["1"]


def test_every_reader_is_named_in_the_registry() -> None:
    assert list(READERS) == ["deals", "changes", "stage_history", "events", "xes", "tables"]


@pytest.mark.parametrize("section", ["deals", "changes", "stage_history", "events", "stages", "reps"])
def test_no_caption_means_two_fields_of_one_table(section: str) -> None:
    seen: dict[str, str] = {}
    for field, captions in aliases.load()[section].items():
        for caption in captions:
            other = seen.setdefault(aliases.key(str(caption)), field)
            assert other == field, f"{caption} means {other} and {field}"


def test_a_report_from_its_dict_is_the_same() -> None:
    report = ImportReport(source="deals", read=3, kept=2, dropped=(("total row", 1),), notes=("a",))
    again = ImportReport.from_dict(report.to_dict())
    assert all(getattr(report, field.name) == getattr(again, field.name) for field in fields(report))
