"""Every CRM's export is read as CRM_FORMATS describes it; the expected values are printed there or worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from crm_files import utc, write, write_excel, write_json

from simsales.history import History, read_history

SALESFORCE_HISTORY = '''"Id","OpportunityId","CreatedById","CreatedDate","StageName","Amount","ExpectedRevenue","CloseDate","Probability","ForecastCategory","IsDeleted","PrevAmount","PrevCloseDate"
"0080000000AbCdEAAV","0060000000XyZ12AAF","0050000001aBcDeAAK","2025-03-03T01:12:45.000Z","Prospecting","120000.0","12000.0","2025-06-30","10.0","Pipeline","false","",""
"0080000000AbCdFAAV","0060000000XyZ12AAF","0050000001aBcDeAAK","2025-03-11T08:40:02.000Z","Qualification","120000.0","12000.0","2025-06-30","10.0","Pipeline","false","120000.0","2025-06-30"
"0080000000AbCdGAAV","0060000000XyZ12AAF","0050000001aBcDeAAK","2025-03-11T08:41:10.000Z","Qualification","150000.0","15000.0","2025-06-30","10.0","Pipeline","false","120000.0","2025-06-30"
'''
HUBSPOT = '''Record ID,Deal Name,Deal Stage,Pipeline,Amount,Create Date,Close Date,Deal owner,"Date entered ""Appointment Scheduled (Sales Pipeline)""","Date entered ""Qualified To Buy (Sales Pipeline)""","Date entered ""Closed Won (Sales Pipeline)"""
7001,Project Alder,Closed Won,Sales Pipeline,15000,2024-02-01 09:30,2024-03-19 16:02,Rep 01,2024-02-01 09:30,2024-02-14 11:05,2024-03-19 16:02
7002,Project Birch,Qualified To Buy,Sales Pipeline,(No value),2024-02-05 10:00,,Rep 02,2024-02-20 09:00,2024-02-12 15:30,
'''
PIPEDRIVE = '''Deal - ID,Deal - Title,Deal - Owner,Deal - Stage,Deal - Value,Deal - Currency,Deal - Status,Deal - Deal created,Deal - Last stage change,Deal - Won time,Deal - Lost time,Deal - Expected close date
120,Project Cedar,Rep 03,Proposal,24000,EUR,Open,2025-01-07 08:15:00,2025-02-03 14:20:11,,,2025-04-30
121,Project Dogwood,Rep 03,Qualified,9000,EUR,Lost,2025-01-09 10:00:00,2025-01-21 09:00:00,,2025-02-18 16:45:00,2025-03-31
'''
DYNAMICS = '''opportunityid,name,estimatedvalue,estimatedclosedate,statecode,statuscode,stageid,traversedpath,createdon,modifiedon,actualclosedate
00000000-0000-0000-0000-000000000001,Project Elm,50000,2025-05-30,0,1,a2,"a1,a2",2025-01-08T01:00:00Z,2025-01-29T02:30:00Z,
00000000-0000-0000-0000-000000000002,Project Fir,20000,2025-05-30,2,4,a1,a1,2025-01-08T01:00:00Z,2025-01-29T02:30:00Z,2025-01-29
00000000-0000-0000-0000-000000000003,Project Gum,30000,2025-05-30,1,3,a2,"a1,a2",2025-01-08T01:00:00Z,2025-02-01T02:30:00Z,2025-02-01
00000000-0000-0000-0000-000000000004,Project Haw,30000,2025-05-30,2,5,a2,"a1,a2",2025-01-08T01:00:00Z,2025-02-02T02:30:00Z,2025-02-02
'''
BUSINESS_CENTRAL = """Entry No.,Opportunity No.,Sales Cycle Code,Sales Cycle Stage,Salesperson Code,Date of Change,Active,Date Closed,Estimated Value (LCY),Probability %,Previous Sales Cycle Stage,Estimated Close Date
1,OP0001,FIRSTLARGE,1,R01,2025-01-08,No,,50000,10,0,2025-05-30
2,OP0001,FIRSTLARGE,2,R01,2025-01-29,Yes,,50000,40,1,2025-05-30
"""
BITRIX = """ID,TYPE_ID,OWNER_ID,CREATED_TIME,CATEGORY_ID,STAGE_SEMANTIC_ID,STAGE_ID
1,1,51,2026-03-02T10:00:00+03:00,0,P,NEW
2,3,51,2026-03-20T09:30:00+03:00,0,S,WON
"""
JIANDAOYUN = """商机名称,客户名称,商机阶段,预计成交金额,负责人,提交时间,跟进记录,跟进记录
,,,,,,跟进时间,商机阶段
甲公司项目,甲公司,方案报价,12万,销售01,2026-03-02 10:00:00,2026/3/5,需求确认
,,,,,,2026.3.20,方案报价
"""
FXIAOKE = {
    "_id": "o1", "name": "甲公司项目", "account_id__r": "甲公司", "amount": "120000.00", "close_date": 1782748800000, "sales_stage": "s2",
    "sales_stage__r": "方案报价", "sales_status": "1", "sales_status__r": "进行中", "probability": "40", "stg_changed_time": 1773970200000,
    "create_time": 1772416800000, "owner": ["1001"],
}  # fmt: skip
ZOHO = [
    {"id": "h1", "Stage": "Qualification", "Modified_Time": "2026-03-02T10:00:00+08:00", "Moved_To__s": "Needs Analysis", "Duration_Days": 18, "Amount": 80000, "Potential_Name": {"id": "d1"}},
    {"id": "h2", "Stage": "Needs Analysis", "Modified_Time": "2026-03-20T09:30:00+08:00", "Moved_To__s": None, "Duration_Days": None, "Amount": 80000, "Potential_Name": {"id": "d1"}},
]


def stays(history: History) -> list[tuple[str, int, str, object]]:
    """Return (deal, seq, stage, exit) of every visit; None for an open one."""
    columns = history.visits[["deal_id", "seq", "stage", "exit"]].astype(object)
    return list(columns.where(columns.notna(), None).itertuples(index=False, name=None))


def only(history: History) -> pd.Series:
    """Return the one deal."""
    assert len(history.deals) == 1
    return history.deals.iloc[0]


def test_salesforce_history_collapses_amount_changes_and_keeps_their_trail(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "OpportunityHistory.csv", SALESFORCE_HISTORY))
    deal = "0060000000XyZ12AAF"
    assert stays(history) == [(deal, 0, "Prospecting", "Qualification"), (deal, 1, "Qualification", None)]
    assert history.visits["left_at"].iloc[0] == utc("2025-03-11 08:40:02")
    assert (history.report.source, history.history_class, history.report.precision) == ("stage_history", "A", "second")
    assert only(history)["amount"] == 150000.0
    assert history.as_of(utc("2025-03-11 08:41:00")).deals["amount"].tolist() == [120000.0]
    assert (history.report.read, history.report.kept) == (3, 3)


def test_salesforce_deleted_rows_are_dropped_with_their_reason(tmp_path: Path) -> None:
    text = SALESFORCE_HISTORY + SALESFORCE_HISTORY.splitlines()[2].replace("AbCdF", "AbCdX").replace("false", "true").replace("Qualification", "Closed Won") + "\n"
    history = read_history(write(tmp_path, "h.csv", text))
    assert history.report.dropped == (("deleted in the source", 1),)
    assert only(history)["status"] == "open"


def test_salesforce_field_history_takes_the_first_stage_from_the_old_value(tmp_path: Path) -> None:
    text = (
        "OpportunityId,CreatedDate,Field,OldValue,NewValue\n"
        "006A,2025-01-01T08:00:00Z,created,,\n"
        "006A,2025-01-10T08:00:00Z,StageName,Prospecting,Qualification\n"
        "006A,2025-01-12T08:00:00Z,Amount,1000,2000\n"
        "006A,2025-01-15T08:00:00Z,Owner,Ann,Bob\n"
        "006A,2025-01-20T08:00:00Z,StageName,Qualification,Closed Won\n"
    )
    history = read_history(write(tmp_path, "OpportunityFieldHistory.csv", text))
    assert stays(history) == [("006A", 0, "Prospecting", "Qualification"), ("006A", 1, "Qualification", "won")]
    assert history.visits["entered_at"].iloc[0] == utc("2025-01-01 08:00")
    assert history.visits["is_synthetic"].tolist() == [True, False]
    deal = only(history)
    assert (deal["status"], deal["closed_at"], deal["amount"], deal["owner"]) == ("won", utc("2025-01-20 08:00"), 2000.0, "Bob")
    before = history.as_of("2025-01-13").deals.iloc[0]
    assert (before["amount"], before["status"], before["stage"]) == (2000.0, "open", "Qualification")


def test_hubspot_milestones_give_class_b_and_flag_a_hidden_return(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "hubspot.csv", HUBSPOT))
    assert history.history_class == "B"
    assert stays(history)[:2] == [("7001", 0, "Appointment Scheduled", "Qualified To Buy"), ("7001", 1, "Qualified To Buy", "won")]
    assert stays(history)[2:] == [("7002", 0, "Qualified To Buy", "Appointment Scheduled"), ("7002", 1, "Appointment Scheduled", None)]
    assert any("1 deals entered a stage after a later one (first: deal 7002)" in note for note in history.report.notes)
    assert history.deals["amount"].isna().tolist() == [False, True]
    assert history.report.precision == "minute"


def test_pipedrive_deals_give_the_current_stage_since_its_last_change(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "deals.csv", PIPEDRIVE))
    assert history.history_class == "C"
    assert stays(history) == [("120", 0, "Proposal", None), ("121", 0, "Qualified", "lost")]
    assert history.visits["entered_at"].tolist() == [utc("2025-02-03 14:20:11"), utc("2025-01-21 09:00")]
    assert history.deals["closed_at"].tolist()[1] == utc("2025-02-18 16:45")
    assert history.currency == "EUR"


def test_a_localised_prefix_of_captions_is_ignored(tmp_path: Path) -> None:
    text = PIPEDRIVE.replace("Deal - ", "Obchod - ")
    history = read_history(write(tmp_path, "deals.csv", text))
    assert history.report.guessed["amount"] == "Obchod - Value"


def test_pipedrive_flow_of_changes_is_read_with_its_stage_names(tmp_path: Path) -> None:
    flow = [
        {"data": {"item_id": 7, "field_key": "add_time", "old_value": None, "new_value": "2024-01-01 10:00:00", "log_time": "2024-01-01 10:00:00"}},
        {"data": {"item_id": 7, "field_key": "stage_id", "old_value": "1", "new_value": "2", "log_time": "2024-01-05 10:00:00"}},
        {"data": {"item_id": 7, "field_key": "status", "old_value": "open", "new_value": "won", "log_time": "2024-01-09 10:00:00"}},
    ]
    stages = write(tmp_path, "stages.csv", "id,stage_name\n1,Lead In\n2,Demo\n")
    history = read_history([write_json(tmp_path, "flow.json", flow), stages])
    assert stays(history) == [("7", 0, "Lead In", "Demo"), ("7", 1, "Demo", "won")]


def test_dynamics_codes_say_how_a_deal_ended(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "opportunity.csv", DYNAMICS))
    assert history.deals["status"].tolist() == ["open", "no_decision", "won", "lost"]
    assert history.deals["expected_close"].iloc[0] == utc("2025-05-30")


def test_business_central_entries_have_day_precision_and_an_open_visit(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "entries.csv", BUSINESS_CENTRAL))
    assert stays(history) == [("OP0001", 0, "1", "2"), ("OP0001", 1, "2", None)]
    assert set(history.visits["precision"]) == {"day"}
    assert only(history)["owner"] == "R01"


def test_bitrix_semantics_win_a_deal(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "stagehistory.csv", BITRIX))
    deal = only(history)
    assert (deal["deal_id"], deal["status"], deal["closed_at"]) == ("51", "won", utc("2026-03-20 06:30"))
    assert stays(history) == [("51", 0, "NEW", "won")]


def test_bitrix_stage_codes_of_a_lost_deal_are_read_by_their_semantics(tmp_path: Path) -> None:
    text = BITRIX.replace("S,WON", "F,C4:APOLOGY")
    assert only(read_history(write(tmp_path, "stagehistory.csv", text)))["status"] == "lost"


def test_zoho_history_leaves_the_last_stage_open(tmp_path: Path) -> None:
    history = read_history(write_json(tmp_path, "history.json", {"data": ZOHO}))
    assert stays(history) == [("d1", 0, "Qualification", "Needs Analysis"), ("d1", 1, "Needs Analysis", None)]
    assert history.visits["left_at"].iloc[0] - history.visits["entered_at"].iloc[0] == pd.Timedelta("17 days 23:30:00")
    assert only(history)["amount"] == 80000.0


def test_zoho_row_that_moved_on_closes_the_deal_after_its_days(tmp_path: Path) -> None:
    rows = [dict(ZOHO[0], Moved_To__s="Closed Won")]
    deal = only(read_history(write_json(tmp_path, "history.json", rows)))
    assert (deal["status"], deal["closed_at"]) == ("won", utc("2026-03-20 02:00"))


def test_zoho_chinese_stage_history_is_read_in_chinese_time(tmp_path: Path) -> None:
    text = "商机标识,阶段,更新时间,移动到,金额,阶段持续时间(日历天数)\nd1,初步接洽,2026-03-02 10:00:00,方案报价,8万,18\nd1,方案报价,2026-03-20 09:30:00,,8万,\n"
    history = read_history(write(tmp_path, "阶段历史.csv", text, "gb18030"))
    assert history.timezone == "Asia/Shanghai"
    assert history.visits["entered_at"].iloc[0] == utc("2026-03-02 02:00")
    assert only(history)["amount"] == 80000.0


def test_fxiaoke_record_reads_epochs_and_the_local_date(tmp_path: Path) -> None:
    history = read_history(write_json(tmp_path, "query.json", {"data": {"dataList": [FXIAOKE]}}), tz="Asia/Shanghai")
    deal = only(history)
    assert deal["created_at"] == utc("2026-03-02 02:00")
    assert history.visits["entered_at"].iloc[0] == utc("2026-03-20 01:30")
    assert str(deal["expected_close"].tz_convert("Asia/Shanghai").date()) == "2026-06-30"
    assert (deal["amount"], deal["stage"], deal["status"], history.history_class) == (120000.0, "方案报价", "open", "C")


def test_the_mapping_of_several_files_makes_the_same_history_again(tmp_path: Path) -> None:
    deals = write(tmp_path, "deals.csv", "Id,Name,StageName,Amount,CreatedDate,CloseDate\nD1,Alpha,Talk,9,2025-03-01,2025-06-30\n")
    rows = "Id,OpportunityId,CreatedDate,StageName,Amount\nh1,D1,2025-03-02,Talk,7\nh2,D1,2025-03-09,Closed Won,9\n"
    paths = [deals, write(tmp_path, "history.csv", rows)]
    history = read_history(paths)
    mapping = history.report.mapping
    assert "Id" not in mapping["columns"].values()
    pd.testing.assert_frame_equal(read_history(paths, mapping=mapping).visits, history.visits)
    pd.testing.assert_frame_equal(read_history(paths, mapping=mapping).deals, history.deals)


def test_amounts_without_a_currency_under_chinese_captions_are_yuan_and_said_to_be(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "deals.csv", "商机编号,创建时间,商机阶段,金额\n1,2025-01-01,方案,5万\n"))
    assert history.currency == "CNY"
    assert any("taken as CNY" in note for note in history.report.notes)
    plain = read_history(write(tmp_path, "plain.csv", "id,created,stage,amount\n1,2025-01-01,Demo,5\n"))
    assert plain.currency is None
    stated = read_history(write(tmp_path, "deals.csv", "商机编号,创建时间,商机阶段,金额\n1,2025-01-01,方案,5万\n"), mapping={"currency": "HKD"})
    assert stated.currency == "HKD"
    assert not any("taken as CNY" in note for note in stated.report.notes)


def test_records_in_chinese_are_in_chinese_time_though_their_captions_are_not(tmp_path: Path) -> None:
    history = read_history(write_json(tmp_path, "query.json", {"data": {"dataList": [FXIAOKE]}}))
    assert (history.timezone, history.report.timezone_why) == ("Asia/Shanghai", "the records are in Chinese")
    assert str(only(history)["expected_close"].tz_convert(history.timezone).date()) == "2026-06-30"


def test_fxiaoke_csv_with_chinese_captions_in_gbk(tmp_path: Path) -> None:
    text = (
        "商机ID,商机名称,商机金额,商机阶段,商机状态,创建时间,阶段变更时间,实际成交日期,负责人,赢率,预计成交日期\n"
        "o1,甲公司项目,￥１２，３００,方案报价,进行中,2026-03-02 10:00,2026-03-05 09:00,,销售01,40%,2026/6/30\n"
        "o2,乙公司项目,3.5万,签约,赢单,2026-03-03 10:00,2026-03-20 09:00,2026-03-21,销售02,100%,2026/6/30\n"
        "o3,丙公司项目,5000元,初步接洽,作废,2026-03-03 10:00,2026-03-20 09:00,2026-03-22,销售02,0%,2026/6/30\n"
        "合计,,,,,,,,,,\n"
    )
    history = read_history(write(tmp_path, "商机.csv", text, "gbk"))
    assert history.report.encoding == "gb18030"
    assert history.deals["amount"].tolist() == [12300.0, 35000.0, 5000.0]
    assert history.deals["status"].tolist() == ["open", "won", "no_decision"]
    assert history.deals["probability"].tolist() == [0.4, 1.0, 0.0]
    assert history.report.dropped == (("total row", 1),)
    assert history.deals["created_at"].iloc[0] == utc("2026-03-02 02:00")


def test_jiandaoyun_subform_gives_one_deal_with_two_stages_at_day_precision(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "jdy.csv", JIANDAOYUN))
    deal = only(history)
    assert deal["amount"] == 120000.0
    real = history.visits[~history.visits["is_synthetic"]]
    assert history.visits["stage"].tolist()[-2:] == ["需求确认", "方案报价"]
    assert real["entered_at"].dt.tz_convert("Asia/Shanghai").dt.strftime("%Y-%m-%d").tolist()[-1] == "2026-03-20"
    assert set(history.visits["precision"]) == {"day"}
    assert history.report.read == 2


def test_generic_deals_in_excel_below_a_title(tmp_path: Path) -> None:
    import datetime as dt

    rows = [
        ["Sales report 2025", None, None, None, None],
        [None, None, None, None, None],
        ["Deal ID", "Created", "Close Date", "Stage", "Amount"],
        ["D1", dt.datetime(2025, 1, 5), dt.datetime(2025, 2, 1, 12, 30), "Closed Won", 1200.5],
        ["D2", dt.datetime(2025, 1, 6), None, "Proposal", 300],
        ["Total", None, None, None, 1500.5],
    ]
    history = read_history(write_excel(tmp_path, "report.xlsx", rows))
    assert history.report.header_row == 3
    assert history.deals["amount"].tolist() == [1200.5, 300.0]
    assert history.deals["closed_at"].iloc[0] == utc("2025-02-01 12:30")
    assert history.report.dropped == (("total row", 1),)
    assert history.report.dropped_rows[0].row == 6


def test_a_generic_chinese_fixture_in_utf16(tmp_path: Path) -> None:
    history = read_history(write(tmp_path, "deals.txt", "id\tcreated\tstage\tamount\n1\t2026/1/5\t方案\t1.2万\n", "utf-16"))
    assert (history.report.encoding, history.report.delimiter) == ("utf-16", "\t")
    assert only(history)["amount"] == 12000.0
    assert only(history)["stage"] == "方案"


def test_latin_text_in_windows_1252_is_not_read_as_chinese(tmp_path: Path) -> None:
    text = "id;created;stage;amount;owner\n1;2026-01-05;Angebot;1.234,50;Jürgen Müßig\n"
    history = read_history(write(tmp_path, "deals.csv", text, "cp1252"))
    assert only(history)["owner"] == "Jürgen Müßig"
    assert only(history)["amount"] == 1234.5


def test_deals_file_and_stage_history_are_joined_by_short_ids(tmp_path: Path) -> None:
    deals = "Id,Name,LeadSource,CreatedDate,StageName,Amount,OwnerId\n0060000000XyZ12,Project,Web,2025-03-01T00:00:00Z,Qualification,150000,Ann\n"
    history = read_history([write(tmp_path, "h.csv", SALESFORCE_HISTORY), write(tmp_path, "Opportunity.csv", deals)])
    deal = only(history)
    assert (deal["channel"], deal["owner"], deal["deal_id"]) == ("Web", "Ann", "0060000000XyZ12AAF")
    assert deal["created_at"] == utc("2025-03-01")
    assert history.report.read == 4


def test_a_missing_first_visit_is_added_from_creation_in_the_usual_first_stage(tmp_path: Path) -> None:
    deals = "Id,Name,CreatedDate,StageName,Amount\nA,a,2025-03-01T00:00:00Z,Demo,1\nB,b,2025-03-01T00:00:00Z,Demo,1\nC,c,2025-03-01T00:00:00Z,Demo,1\n"
    rows = "A,New,2025-03-01T00:00:00Z\nA,Demo,2025-03-09T00:00:00Z\nB,New,2025-03-01T00:00:00Z\nC,Demo,2025-03-05T00:00:00Z\n"
    history = read_history([write(tmp_path, "h.csv", "OpportunityId,StageName,CreatedDate\n" + rows), write(tmp_path, "Opportunity.csv", deals)])
    added = history.visits[history.visits["is_synthetic"]]
    assert added[["deal_id", "stage", "exit"]].to_numpy().tolist() == [["C", "New", "Demo"]]
    assert added["entered_at"].tolist() == [utc("2025-03-01")]
    assert history.report.synthetic == 1


def test_stage_kinds_come_from_a_stage_file(tmp_path: Path) -> None:
    stages = "Id,MasterLabel,SortOrder,IsClosed,IsWon\n1,Signed off,3,true,true\n2,Prospecting,1,false,false\n3,Qualification,2,false,false\n"
    text = SALESFORCE_HISTORY + SALESFORCE_HISTORY.splitlines()[3].replace("AbCdG", "AbCdH").replace("Qualification", "Signed off").replace("08:41:10", "09:00:00") + "\n"
    history = read_history([write(tmp_path, "h.csv", text), write(tmp_path, "OpportunityStage.csv", stages)])
    assert only(history)["status"] == "won"
    assert history.stages.set_index("stage")["kind"].to_dict() == {"Prospecting": "open", "Qualification": "open", "Signed off": "won"}


def test_personal_data_is_not_read_unless_the_mapping_names_it(tmp_path: Path) -> None:
    path = write(tmp_path, "d.csv", "id,created,stage,email,mood\n1,2026-01-05,Demo,a@b.example,good\n")
    history = read_history(path)
    assert "email" not in history.deals
    assert history.deals["mood"].tolist() == ["good"]
    assert any("personal data was not read (email)" in note for note in history.report.notes)
    named = read_history(path, mapping={"columns": {"owner": "email"}})
    assert named.deals["owner"].tolist() == ["a@b.example"]


def test_a_reopened_deal_keeps_its_last_closing_only(tmp_path: Path) -> None:
    text = "deal_id,stage,entered_at\n1,Demo,2025-01-01T00:00:00Z\n1,Closed Lost,2025-01-05T00:00:00Z\n1,Proposal,2025-01-09T00:00:00Z\n1,Closed Won,2025-01-20T00:00:00Z\n"
    history = read_history(write(tmp_path, "s.csv", text))
    assert stays(history) == [("1", 0, "Demo", "Proposal"), ("1", 1, "Proposal", "won")]
    assert any("1 deals were closed and opened again" in note for note in history.report.notes)


def test_returns_to_a_stage_stay_and_repeats_collapse(tmp_path: Path) -> None:
    text = "deal_id,stage,entered_at\n1,Demo,2025-01-01\n1,Demo,2025-01-02\n1,Proposal,2025-01-03\n1,Demo,2025-01-04\n"
    history = read_history(write(tmp_path, "s.csv", text))
    assert [stage for _, _, stage, _ in stays(history)] == ["Demo", "Proposal", "Demo"]
    assert history.visits["seq"].tolist() == [0, 1, 2]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_owners_survive_every_encoding(tmp_path: Path, encoding: str) -> None:
    history = read_history(write(tmp_path, "d.csv", "商机编号,创建时间,商机阶段,负责人\nA1,2026-01-05,方案,王小明\n", encoding))
    assert history.deals["owner"].tolist() == ["王小明"]
    assert history.reps["rep"].tolist() == ["王小明"]
