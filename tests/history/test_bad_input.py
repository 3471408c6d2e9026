"""Every bad input gives a HistoryError that says where, what and what to do; nothing else escapes."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from crm_files import write, write_excel, write_json

from simsales.errors import HistoryError
from simsales.history import History, read_history
from simsales.history.readers import sheets

HEAD = "deal_id,created_at,closed_at,status,amount\n"


def refused(match: str, path: Any, **options: Any) -> None:
    """Require that reading fails with this message and exit code 3."""
    with pytest.raises(HistoryError, match=match) as caught:
        read_history(path, **options)
    assert caught.value.exit_code == 3
    assert "Hint:" in str(caught.value)


def test_no_such_file(tmp_path: Path) -> None:
    refused("must be a file, got no such file", tmp_path / "none.csv")


def test_a_folder_without_tables(tmp_path: Path) -> None:
    refused("must hold history.json", tmp_path)


def test_an_empty_file(tmp_path: Path) -> None:
    refused("deals.csv must hold a table, got an empty file", write(tmp_path, "deals.csv", ""))
    refused("blank.csv must hold a table, got an empty file", write(tmp_path, "blank.csv", "\n \n"))


def test_only_captions(tmp_path: Path) -> None:
    refused("deals.csv must hold at least one usable row", write(tmp_path, "deals.csv", HEAD))


def test_a_stated_encoding_that_is_wrong(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", "商机编号,创建时间,商机阶段\n1,2025-01-01,方案\n", "gbk")
    refused("deals.csv must be readable as utf-8", path, mapping={"encoding": "utf-8"})
    refused("must be readable as klingon", path, mapping={"encoding": "klingon"})


def test_text_in_an_unknown_encoding_is_noted(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(b"deal_id,created_date,stage\n1,2025-01-01,Gespr\xe4ch\n")
    history = read_history(path)
    assert history.report.encoding == "cp1252"
    assert any("not UTF-8 and was read as cp1252 (like 'Gespräch')" in note for note in history.report.notes)
    assert not any("cp1252" in note for note in read_history(path, mapping={"encoding": "cp1252"}).report.notes)


def test_a_field_of_the_mapping_that_is_nearly_a_known_one_is_noted(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", "deal_id,created_date,stage,worth\n1,2025-01-01,Open,5\n")
    notes = read_history(path, mapping={"columns": {"amountt": "worth"}}).report.notes
    assert any("names 'amountt', which no reader knows" in note and "did you mean 'amount'" in note for note in notes)
    assert not any("no reader knows" in note for note in read_history(path, mapping={"columns": {"shoe_size": "worth"}}).report.notes)


def test_deals_that_are_all_open_are_noted(tmp_path: Path) -> None:
    rows = "deal_id,created_date,closed_date,stage\n1,2025-01-01,2025-02-01,Gewonnen\n2,2025-01-01,2025-02-01,Verloren\n"
    path = write(tmp_path, "deals.csv", rows)
    assert any("All deals are open" in note for note in read_history(path).report.notes)
    named = read_history(path, mapping={"outcomes": {"won": ["Gewonnen"], "lost": ["Verloren"]}})
    assert not any("All deals are open" in note for note in named.report.notes)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "deals.csv"
    path.write_bytes(bytes(range(256)) * 20)
    refused("deals.csv must be text", path)


def test_missing_columns_name_the_nearest_captions(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", "deal_idd,created_att,amount\n1,2025-01-01,5\n")
    refused("deals.csv must have columns for deal id.* got deal_idd, created_att, amount. Hint: did you mean 'deal_idd'", path)


def test_a_missing_created_date_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", "deal_id,creation,status,close_date\n1,2025-01-01,won,2025-02-01\n")
    refused("must have a column for created at, got deal_id, creation, status, close_date", path)


def test_a_mapping_names_a_column_that_is_not_there(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", HEAD + "1,2025-01-01,,open,5\n")
    refused("must have the column 'Amout' that the mapping names for amount.*did you mean 'amount'", path, mapping={"columns": {"amount": "Amout"}})


def test_ambiguous_dates_ask_for_dayfirst(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", HEAD + "1,01/02/2025,,open,5\n")
    refused("deals.csv, column created_at must say whether the day or the month stands first, got 01/02/2025", path)
    assert read_history(path, dayfirst=True).deals["created_at"].dt.month.tolist() == [2]
    assert read_history(path, mapping={"dayfirst": False}).deals["created_at"].dt.month.tolist() == [1]


def test_another_column_may_prove_the_order_of_dates(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", HEAD + "1,01/02/2025,28/02/2025,won,5\n")
    history = read_history(path)
    assert history.deals["created_at"].dt.month.tolist() == [2]
    assert history.report.date_order == "day-first"


def test_deals_that_close_before_they_are_created(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", HEAD + "1,2025-01-02,2025-02-01,won,5\n2,2025-03-01,2025-02-01,won,5\n3,2025-03-01,2025-02-01,lost,5\n")
    refused("deals.csv: 2 deals close before they are created .first: line 3, deal 2.. Hint: .*dayfirst=True", path)


def test_stays_that_end_before_they_begin(tmp_path: Path) -> None:
    rows = "deal_id,stage,entered_at,left_at\n1,A,2025-01-02,2025-01-05\n2,A,2025-01-05,2025-01-04\n"
    refused("h.csv: 1 stays end before they begin .first: line 3, deal 2.. Hint: .*dayfirst=True", write(tmp_path, "h.csv", rows))
    same_day = "deal_id,stage,entered_at,left_at\n1,A,2025-01-05 10:00,2025-01-05\n"
    assert len(read_history(write(tmp_path, "h.csv", same_day)).visits) == 1


def test_probabilities_that_exceed_one_are_missing_and_noted(tmp_path: Path) -> None:
    rows = "id,created,stage,probability\n1,2025-01-05,A,150\n2,2025-01-05,A,60%\n3,2025-01-05,A,\n"
    history = read_history(write(tmp_path, "deals.csv", rows))
    assert history.deals["probability"].isna().tolist() == [True, False, True]
    assert any("column probability: 1 cells are no share from 0 to 100 % (like '150')" in note for note in history.report.notes)
    assert history.report.unparsed == 1


def test_lines_with_quoted_newlines_are_counted_as_the_editor_counts_them(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", "deal_id,created_at,closed_at,status,note\n1,2025-01-02,2025-02-01,won,\"a\nb\"\n2,2025-03-01,2025-02-01,won,x\n")
    refused("first: line 4, deal 2", path)


def test_identical_rows_are_dropped_and_counted(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "deals.csv", HEAD + "1,2025-01-02,,open,5\n1,2025-01-02,,open,5\n"))
    assert history.report.dropped == (("duplicate row", 1),)
    assert (history.report.read, history.report.kept) == (2, 1)


def test_conflicting_ids_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", HEAD + "1,2025-01-02,,open,5\n1,2025-01-02,,open,6\n")
    refused("deals.csv: 1 rows repeat a deal id with other values .first: line 3, deal 1.", path)


def test_unknown_statuses_are_one_error_that_lists_them(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", HEAD + "1,2025-01-02,,odd,5\n2,2025-01-02,,odd,5\n3,2025-01-02,,weird,5\n")
    refused(r"column status must say open, won, lost or no decision, got 'odd' \(2\), 'weird' \(1\)", path)
    assert read_history(path, mapping={"outcomes": {"open": ["odd", "weird"]}}).deals["status"].tolist() == ["open"] * 3


def test_stages_that_the_mapping_lacks_are_one_error(tmp_path: Path) -> None:
    path = write(tmp_path, "s.csv", "deal_id,stage,entered_at\n1,Demo,2025-01-01\n1,Propsal,2025-01-02\n1,Other,2025-01-03\n")
    refused(r"s.csv must use the stages of the mapping, got 'Other' \(1\), 'Propsal' \(1\)", path, mapping={"stages": ["Demo", "Proposal"]})


def test_won_deals_without_an_amount_are_noted(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "deals.csv", HEAD + "1,2025-01-02,2025-01-05,won,\n2,2025-01-02,2025-01-05,won,abc\n"))
    assert any("2 won deals have no amount" in note for note in history.report.notes)
    assert history.report.unparsed == 1


def test_closed_deals_without_a_close_date_are_dropped_and_counted(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "deals.csv", HEAD + "1,2025-01-02,,won,5\n2,2025-01-02,,open,5\n"))
    assert history.report.dropped == (("closed without a close date", 1),)


def test_ids_that_a_spreadsheet_rounded_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "deals.csv", HEAD + "1.23457E+17,2025-01-02,,open,5\n")
    refused(r"deals.csv: line 2, column deal_id must hold whole ids, got 1.23457E\+17", path)
    excel = write_excel(tmp_path, "deals.xlsx", [["deal_id", "created_at", "status"], [1234567890123456.0, "2025-01-02", "open"]])
    refused("must hold whole ids", excel)


def test_rows_of_uneven_width_are_refused(tmp_path: Path) -> None:
    refused("deals.csv must have 5 cells in every row", write(tmp_path, "deals.csv", HEAD + "1,2025-01-02,,open,5\n" * 80 + "1,2025-01-02,,open,5,6,7\n"))


def test_an_open_quote_is_refused(tmp_path: Path) -> None:
    refused("deals.csv must", write(tmp_path, "deals.csv", HEAD + '1,2025-01-02,,open,5\n2,2025-01-02,,"open,5\n' + "3,2025-01-02,,open,5\n" * 80))


def test_damaged_archives_and_workbooks(tmp_path: Path) -> None:
    packed = gzip.compress(b"deal_id,created_at\n" * 500)
    (tmp_path / "deals.csv.gz").write_bytes(packed[: len(packed) // 2])
    refused("must be an undamaged gzip file", tmp_path / "deals.csv.gz")
    (tmp_path / "deals.xlsx").write_bytes(b"PK\x03\x04" + b"nonsense" * 50)
    refused("must be an undamaged zip or xlsx file", tmp_path / "deals.xlsx")
    (tmp_path / "old.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    refused("must be an undamaged Excel workbook", tmp_path / "old.xls")


@pytest.mark.parametrize("name", ["deals.csv.gz", "deals.zip"])
def test_archive_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(sheets, "MAX_BYTES", 1000)
    content = b"0" * 5000
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deals.csv", content)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else buffer.getvalue())
    refused("must unpack to at most 1,000 bytes", tmp_path / name)


def test_html_in_disguise(tmp_path: Path) -> None:
    refused("must be CSV, Excel, JSON or XES, got HTML", write(tmp_path, "deals.xls", "<html><table><tr><td>1</td></tr></table></html>"))


def test_json_that_is_broken_or_no_list(tmp_path: Path) -> None:
    refused("must be JSON, got", write(tmp_path, "a.json", "[{"))
    refused("must hold a list of records, got list", write_json(tmp_path, "b.json", [1, 2]))
    refused("got an empty list", write_json(tmp_path, "c.json", {"data": []}))


@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz"])
def test_xes_with_a_doctype_is_refused(tmp_path: Path, name: str) -> None:
    text = '<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "b">]><log><trace/></log>'
    (tmp_path / name).write_bytes(gzip.compress(text.encode()) if name.endswith("gz") else text.encode())
    refused(f"{name} must not have a DOCTYPE", tmp_path / name)


def test_xes_that_is_broken_or_empty(tmp_path: Path) -> None:
    refused("must be well-formed XML", write(tmp_path, "a.xes", "<log><trace>"))
    refused("must hold events, got none", write(tmp_path, "b.xes", "<log><trace/></log>"))


def test_events_that_end_before_they_begin(tmp_path: Path) -> None:
    path = write(tmp_path, "log.csv", "case_id,activity,start_time,end_time\n1,A,2025-01-02 10:00:00,2025-01-02 09:00:00\n")
    refused("log.csv: 1 events end before they begin .first: line 2, A.", path)


def test_mapping_files_with_mistakes(tmp_path: Path) -> None:
    deals = write(tmp_path, "deals.csv", HEAD + "1,2025-01-02,,open,5\n")
    refused("twice.yaml:3 must not repeat a key", deals, mapping=write(tmp_path, "twice.yaml", "tz: UTC\nsource: deals\ntz: UTC\n"))
    refused("must have known keys only, got 'colums'.*did you mean 'columns'", deals, mapping=write(tmp_path, "odd.yaml", "colums: {}\n"))
    refused("must be YAML", deals, mapping=write(tmp_path, "bad.yaml", "columns: [\n"))
    refused("must be a readable mapping file", deals, mapping=tmp_path / "none.yaml")
    refused("stages.Demo must be one of open, won", deals, mapping={"stages": {"Demo": "opn"}})
    refused("outcomes must name a label once, got 'x'", deals, mapping={"outcomes": {"won": ["x"], "lost": ["x"]}})
    refused("tz must be an IANA time zone, got 'Mars'", deals, tz="Mars")
    refused("source must be auto or one of deals", deals, source="dealz")
    refused("decimal must be", deals, decimal=";")


def test_outcomes_and_stages_that_the_log_lacks(tmp_path: Path) -> None:
    log = write(tmp_path, "log.csv", "case_id,activity,timestamp\n1,Qualify,2026-01-01T10:00:00Z\n")
    refused("must have the activity 'Won' that the mapping names as an outcome", log, mapping={"outcomes": {"won": ["Won"]}})
    refused("stages of the mapping must be activities of the log, got 'Demo'", log, mapping={"stages": ["Demo"]})
    refused("stage_pattern must select an activity", log, mapping={"stage_pattern": "^Z"})
    refused("stage_pattern must be a regular expression", log, mapping={"stage_pattern": "("})


def test_two_deals_files_are_refused(tmp_path: Path) -> None:
    first, second = (write(tmp_path, name, HEAD + "1,2025-01-02,,open,5\n") for name in ("a.csv", "b.csv"))
    refused("a.csv and b.csv must not both be deals tables", [first, second])


def test_a_damaged_folder_of_tables(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "deals.csv", HEAD + "1,2025-01-02,,open,5\n"))
    folder = history.to_folder(tmp_path / "out")
    write(folder, "deals.csv", "deal_id\n1\n")
    refused("deals.csv must have the column created_at", folder)
    write(folder, "history.json", "{")
    refused("history.json must be JSON", folder)


def test_as_of_needs_a_moment_inside_the_history(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "deals.csv", HEAD + "1,2025-01-02,,open,5\n"))
    assert isinstance(history, History)
    with pytest.raises(HistoryError, match="as_of must be a date or time, got 'soon'"):
        history.as_of("soon")
    with pytest.raises(HistoryError, match="as_of must not lie before the first deal"):
        history.as_of("2024-01-01")
