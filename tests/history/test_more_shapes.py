"""Less common shapes of the same exports: flags, closing dates, merged cells, archives, several files."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from crm_files import utc, write, write_excel, write_json

from simsales.errors import HistoryError
from simsales.history import read_history

HEAD = "deal_id,created_at,closed_at,status,amount\n"
LOG = "case_id,activity,timestamp,amount,city,note\n1,Call,2026-01-01T10:00:00Z,100,Bonn,a\n1,Offer,2026-01-02T10:00:00Z,120,Bonn,b\n1,Won,2026-01-03T10:00:00Z,150,Bonn,c\n2,Call,2026-01-02T11:00:00Z,80,Kiel,d\n"


def refused(match: str, path: Any, **options: Any) -> None:
    """Require that reading fails with this message."""
    with pytest.raises(HistoryError, match=match):
        read_history(path, **options)


def test_salesforce_flags_say_how_a_deal_ended(tmp_path: Path) -> None:
    text = "Id,CreatedDate,CloseDate,StageName,IsClosed,IsWon\n1,2025-01-01,2025-02-01,Signed,true,true\n2,2025-01-01,2025-02-01,Gone,true,false\n3,2025-01-01,2025-06-01,Demo,false,false\n"
    assert read_history(write(tmp_path, "Opportunity.csv", text)).deals["status"].tolist() == ["won", "lost", "open"]


def test_won_and_lost_times_alone_say_how_a_deal_ended(tmp_path: Path) -> None:
    text = "id,created,stage,won_time,lost_time\n1,2025-01-01 10:00:00,Demo,2025-02-01 10:00:00,\n2,2025-01-01 10:00:00,Demo,,2025-02-02 10:00:00\n3,2025-01-01 10:00:00,Demo,,\n"
    deals = read_history(write(tmp_path, "d.csv", text)).deals
    assert deals["status"].tolist() == ["won", "lost", "open"]
    assert deals["closed_at"].tolist()[:2] == [utc("2025-02-01 10:00"), utc("2025-02-02 10:00")]


def test_deleted_deals_and_footers_are_dropped(tmp_path: Path) -> None:
    text = "Id,CreatedDate,StageName,IsDeleted\n1,2025-01-01,Demo,false\n2,2025-01-01,Demo,true\nCopyright (c) 2025 Somebody,,,\n,,,\n,2025-01-01,Demo,false\n"
    report = read_history(write(tmp_path, "d.csv", text)).report
    assert dict(report.dropped) == {"deleted in the source": 1, "footer row": 1, "empty row": 1, "no deal id": 1}
    assert (report.read, report.kept) == (5, 1)


def test_a_closed_deal_without_close_date_takes_its_last_stage_change(tmp_path: Path) -> None:
    text = "id,created,stage,Last stage change\n1,2025-01-01 10:00:00,Closed Won,2025-02-01 10:00:00\n"
    history = read_history(write(tmp_path, "d.csv", text))
    assert history.deals["closed_at"].tolist() == [utc("2025-02-01 10:00")]
    assert history.visits[["stage", "exit", "is_synthetic"]].to_numpy().tolist() == [["Open", "won", True]]
    assert any("closed deals without a close date were given Last stage change" in note for note in history.report.notes)


def test_closing_on_the_day_of_creation_is_no_mistake(tmp_path: Path) -> None:
    text = HEAD + "1,2025-01-01 15:00:00,2025-01-01,won,5\n"
    deal = read_history(write(tmp_path, "d.csv", text)).deals.iloc[0]
    assert deal["closed_at"] == deal["created_at"] == utc("2025-01-01 15:00")


def test_several_currencies_are_not_mixed_silently(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "d.csv", HEAD + "1,2025-01-01,,open,€5\n2,2025-01-01,,open,US$5\n"))
    assert history.currency is None
    assert history.deals["currency"].tolist() == ["EUR", "USD"]
    assert any("several currencies (EUR, USD)" in note for note in history.report.notes)


def test_the_mapping_states_the_currency(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "d.csv", HEAD + "1,2025-01-01,,open,5\n"), mapping={"currency": "SEK"})
    assert (history.currency, history.deals["currency"].tolist()) == ("SEK", ["SEK"])


def test_a_closing_date_in_stage_history_closes_the_deal(tmp_path: Path) -> None:
    text = "Entry No.,Opportunity No.,Sales Cycle Stage,Date of Change,Date Closed,Action Taken\n1,O1,1,2025-01-08,,\n2,O1,2,2025-01-29,2025-02-10,Won\n3,O2,1,2025-01-08,2025-01-20,\n"
    history = read_history(write(tmp_path, "e.csv", text))
    assert history.deals["status"].tolist() == ["won", "no_decision"]
    assert history.deals["closed_at"].tolist() == [utc("2025-02-10"), utc("2025-01-20")]
    assert any("1 deals have a closing date but no outcome" in note for note in history.report.notes)


def test_record_numbers_order_changes_of_one_day(tmp_path: Path) -> None:
    text = "Entry No.,Opportunity No.,Sales Cycle Stage,Date of Change\n10,O1,A,2025-01-08\n9,O1,Z,2025-01-08\n"
    assert read_history(write(tmp_path, "e.csv", text)).visits["stage"].tolist() == ["Z", "A"]


def test_the_previous_stage_fills_the_first_visit(tmp_path: Path) -> None:
    text = "Opportunity ID,From Stage,To Stage,Last Modified,Created Date\n7,New,Demo,2025-01-08T10:00:00Z,2025-01-01T10:00:00Z\n"
    history = read_history(write(tmp_path, "h.csv", text), mapping={"columns": {"entered_at": "Last Modified", "created_at": "Created Date"}})
    assert history.visits[["stage", "is_synthetic"]].to_numpy().tolist() == [["New", True], ["Demo", False]]
    assert history.visits["entered_at"].iloc[0] == utc("2025-01-01 10:00")


def test_deals_without_stage_history_keep_their_outcome(tmp_path: Path) -> None:
    history = read_history(
        [
            write(tmp_path, "h.csv", "OpportunityId,StageName,CreatedDate\nA,New,2025-01-01T00:00:00Z\nA,Demo,2025-01-05T00:00:00Z\n"),
            write(tmp_path, "Opportunity.csv", "Id,Name,CreatedDate,CloseDate,StageName,Amount\nA,a,2025-01-01T00:00:00Z,2025-06-30,Demo,5\nB,b,2025-01-02T00:00:00Z,2025-02-02,Closed Lost,6\n"),
        ]
    )
    assert history.deals["status"].tolist() == ["open", "lost"]
    assert history.visits[history.visits["deal_id"] == "B"][["stage", "exit", "is_synthetic"]].to_numpy().tolist() == [["New", "lost", True]]
    assert any("1 deals have no stage history" in note for note in history.report.notes)


def test_several_parts_of_one_export_are_joined(tmp_path: Path) -> None:
    head = "deal_id,stage,entered_at\n"
    parts = [write(tmp_path, "1.csv", head + "1,Demo,2025-01-01\n1,Offer,2025-01-03\n"), write(tmp_path, "2.csv", head + "2,Demo,2025-01-05\n2,Offer,2025-01-07\n")]
    history = read_history(parts)
    assert history.deals["deal_id"].tolist() == ["1", "2"]
    assert history.report.read == 4


def test_change_logs_without_stages_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "c.csv", "deal_id,change_time,field,new_value\n1,2025-01-01 10:00:00,mood,good\n")
    refused("c.csv must hold changes of the stage, got the fields mood", path)


def test_a_mapping_names_the_stage_field_of_a_change_log(tmp_path: Path) -> None:
    path = write(tmp_path, "c.csv", "deal_id,change_time,field,new_value\n1,2025-01-01 10:00:00,mood,good\n1,2025-01-02 10:00:00,mood,won\n")
    history = read_history(path, mapping={"columns": {"stage": "mood"}})
    assert history.visits[["stage", "exit"]].to_numpy().tolist() == [["good", "won"]]


def test_expected_closes_leave_a_trail(tmp_path: Path) -> None:
    rows = "1,2025-01-01T00:00:00Z,StageName,Demo\n1,2025-01-01T00:00:00Z,CloseDate,2025-03-31\n1,2025-02-01T00:00:00Z,CloseDate,2025-06-30\n1,2025-03-01T00:00:00Z,label,x\n"
    history = read_history(write(tmp_path, "c.csv", "OpportunityId,CreatedDate,Field,NewValue\n" + rows))
    assert history.deals["expected_close"].tolist() == [utc("2025-06-30")]
    assert history.as_of("2025-01-15").deals["expected_close"].tolist() == [utc("2025-03-31")]
    assert any("1 changes of other fields were not used (label)" in note for note in history.report.notes)


def test_amounts_that_change_within_a_case_leave_a_trail(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "log.csv", LOG))
    assert history.deals["amount"].tolist() == [150.0, 80.0]
    assert history.visits["amount"].tolist() == [100.0, 120.0, 80.0]
    assert history.as_of(utc("2026-01-02 12:00")).deals["amount"].tolist() == [120.0, 80.0]


def test_case_attributes_become_columns_of_deals_and_event_attributes_do_not(tmp_path: Path) -> None:
    deals = read_history(write(tmp_path, "log.csv", LOG)).deals
    assert deals["city"].tolist() == ["Bonn", "Kiel"]
    assert "note" not in deals


def test_json_labels_and_values_are_told_apart(tmp_path: Path) -> None:
    record = {"_id": "1", "create_time": 1772416800000, "sales_stage": {"label": "方案", "value": "s2"}, "sales_status": {"label": "赢单", "value": "9"}, "closed_at": 1773970200000, "is_deleted": False}
    deal = read_history(write_json(tmp_path, "r.json", {"recordResult": [record]})).deals.iloc[0]
    assert (deal["stage"], deal["status"]) == ("方案", "won")


def test_merged_captions_in_excel_repeat(tmp_path: Path) -> None:
    rows = [
        ["商机名称", "商机阶段", "提交时间", "跟进记录", None],
        [None, None, None, "跟进时间", "商机阶段"],
        ["甲", "方案", "2026-03-02 10:00:00", "2026/3/5", "需求"],
        [None, None, None, "2026/3/20", "方案"],
    ]
    history = read_history(write_excel(tmp_path, "jdy.xlsx", rows, merge="D1:E1"))
    assert history.visits["stage"].tolist() == ["需求", "方案"]
    assert history.deals["deal_id"].tolist() == ["甲"]


def test_a_sheet_that_is_not_there(tmp_path: Path) -> None:
    refused("must have the sheet 'Dels', got Sheet.*", write_excel(tmp_path, "b.xlsx", [["id"]]), mapping={"sheet": "Dels"})
    refused("must hold a table, got an empty workbook", write_excel(tmp_path, "e.xlsx", []))


def test_a_zip_of_one_table_is_read_and_one_of_two_refused(tmp_path: Path) -> None:
    for count in (1, 2):
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for place in range(count):
                archive.writestr(f"d{place}.csv", HEAD + "1,2025-01-01,,open,5\n")
        (tmp_path / f"{count}.zip").write_bytes(buffer.getvalue())
    assert len(read_history(tmp_path / "1.zip").deals) == 1
    refused("2.zip must hold one table, got 2 files", tmp_path / "2.zip")


def test_nothing_to_read_and_folders_among_files(tmp_path: Path) -> None:
    refused("The files must be at least one, got none", [])
    path = write(tmp_path, "d.csv", HEAD + "1,2025-01-01,,open,5\n")
    refused("must be a readable file", [path, tmp_path])
    refused("must hold history.json", path, source="tables")


def test_mapping_values_of_the_wrong_kind(tmp_path: Path) -> None:
    path = write(tmp_path, "d.csv", HEAD + "1,2025-01-01,,open,5\n")
    for mapping, message in (
        ({"decimal": ";"}, "decimal must be '.' or ','"),
        ({"dayfirst": "yes"}, "dayfirst must be true or false"),
        ({"percent": "some"}, "percent must be percent or fraction"),
        ({"columns": ["a"]}, "columns must be 'field: caption' pairs"),
        ({"stages": "Demo"}, "stages must be a list or 'label: kind' pairs"),
        ({"outcomes": ["x"]}, r"outcomes must be 'won: \[..\]' pairs"),
        ({"outcomes": {"wun": ["x"]}}, "outcomes must be one of won, lost, no_decision, got 'wun'"),
    ):
        refused(message, path, mapping=mapping)
    refused("must be a list of 'key: value'", path, mapping=write(tmp_path, "m.yaml", "- a\n"))
    assert len(read_history(path, mapping=write(tmp_path, "empty.yaml", "")).deals) == 1


def test_damaged_tables_on_disk(tmp_path: Path) -> None:
    folder = read_history(write(tmp_path, "d.csv", HEAD + "1,2025-01-01,,open,5\n")).to_folder(tmp_path / "out")
    good = (folder / "deals.csv").read_text()
    write(folder, "deals.csv", good.replace("2025-01-01T00:00:00.000000Z", "yesterday"))
    refused("deals.csv must hold readable values", folder)
    (folder / "deals.csv").unlink()
    refused("deals.csv must exist, got no such file", folder)
    write(folder, "history.json", '{"simsales_history": 2}')
    refused("history.json must be of version 1", folder)
    write(folder, "deals.csv", good)
    write(folder, "history.json", '{"simsales_history": 1}')
    refused("history.json must be complete", folder)


def test_xml_that_is_no_log(tmp_path: Path) -> None:
    refused("must be an XES log, got <data>", write(tmp_path, "a.xes", '<?xml version="1.0"?><data><log/></data>'))
    refused("must be CSV, Excel, JSON or XES, got HTML or XML", write(tmp_path, "b.xml", '<?xml version="1.0"?><data/>'))


STAGES = "Opportunity ID,Phase To,When\n1,Demo,2025-01-01 10:00\n1,报价,2025-01-05 10:00\n1,Closed Won,2025-02-01 10:00\n2,Demo,2025-01-03 10:00\n"
OPPORTUNITIES = "Opportunity ID,Created Date,Stage,Close Date,Amount (EUR)\n1,2025-01-01 10:00,Closed Won,2025-02-01 10:00,\"1,200.00\"\n2,2025-01-03 10:00,Demo,,300.00\n"


@pytest.mark.parametrize("source", [{}, {"source": "stage_history"}])
def test_a_mapping_says_what_kind_of_table_a_file_is(tmp_path: Path, source: dict[str, str]) -> None:
    files = [write(tmp_path, "opps.csv", OPPORTUNITIES), write(tmp_path, "steps.csv", STAGES)]
    history = read_history(files, mapping={"columns": {"stage": "Phase To", "entered_at": "When"}, **source})
    assert (history.history_class, len(history.visits)) == ("A", 3)
    assert history.deals["amount"].tolist() == [1200.0, 300.0]  # the deals file is still joined


def test_a_file_that_nearly_is_a_history_says_what_it_lacks(tmp_path: Path) -> None:
    files = [write(tmp_path, "opps.csv", OPPORTUNITIES), write(tmp_path, "steps.csv", STAGES.replace("Phase To", "Stage")), write(tmp_path, "mood.csv", "a,b\n1,2\n")]
    notes = read_history(files).report.notes
    assert any(note.startswith("steps.csv was not used: as stage history it lacks a column for entered at.") and "columns: {entered_at: CAPTION}" in note for note in notes)
    assert "mood.csv was not used: it is no table that a history needs." in notes
    refused(r"must have columns for entered at, .*columns: \{entered_at: CAPTION\}, or pass source='stage_history'", files[1])


@pytest.mark.parametrize(
    ("caption", "cell", "amount", "currency"),
    [
        ("Amount (EUR)", "1200", 1200.0, "EUR"), ("Deal Value [$]", "1200", 1200.0, None), ("金额（万元）", "12.5", 125000.0, "CNY"),
        ("金额（万元）", "3亿", 3e8, "CNY"), ("金额（万元）", "1200元", 1200.0, "CNY"), ("Amount (k€)", "(1.5)", -1500.0, "EUR"), ("Amount (EUR)", "US$7", 7.0, "USD"),
    ],
)  # fmt: skip
def test_the_unit_of_amounts_may_stand_in_the_caption(tmp_path: Path, caption: str, cell: str, amount: float, currency: str | None) -> None:
    history = read_history(write(tmp_path, "d.csv", f"deal_id,created_at,stage,{caption}\n1,2025-01-01,Demo,{cell}\n"))
    assert (history.deals["amount"].tolist(), history.deals["currency"].dropna().tolist()) == ([amount], [currency] if currency else [])
    assert any("as the caption says" in note for note in history.report.notes) == ("万" in caption or "k" in caption)


def test_a_history_without_amounts_says_so(tmp_path: Path) -> None:
    text = "deal_id,created_at,stage,Volume\n1,2025-01-01,Demo,5\n"
    assert any(note.startswith("No amounts were found") for note in read_history(write(tmp_path, "d.csv", text)).report.notes)
    assert not any("No amounts" in note for note in read_history(write(tmp_path, "e.csv", text.replace("Volume", "Amount"))).report.notes)
