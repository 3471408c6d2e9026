"""Money, dates and percentages of CRM_FORMATS section 15, cell by cell."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from crm_files import utc

from simsales.errors import HistoryError
from simsales.history.readers import dates, values

MONEY = [
    ("¥12,300.00", 12300.0, None), ("￥１２，３００．００", 12300.0, None), ("1.2万", 12000.0, None), ("3.5亿元", 350000000.0, "CNY"),
    ("RMB 1.2百万", 1200000.0, "CNY"), ("$1,234.56", 1234.56, None), ("€1.234,56", 1234.56, "EUR"), ("(500)", -500.0, None), ("-12", -12.0, None),
    ("1,5", 1.5, None), ("2w", 20000.0, None), ("--", math.nan, None), ("12.0", 12.0, None), ("12 345,60", 12345.6, None),
    ("12\u00a0345,60", 12345.6, None), ("US$ 1.2M", 1200000.0, "USD"), ("HK$3,000", 3000.0, "HKD"), ("1,234", 1234.0, None), ("1,234,567", 1234567.0, None),
    ("12,300元整", 12300.0, "CNY"), ("50万元", 500000.0, "CNY"), ("1.2 万", 12000.0, None), ("¥-500", -500.0, None), ("-¥500", -500.0, None),
    ("(￥500.00)", -500.0, None), ("1.234.567", 1234567.0, None), ("500-", -500.0, None), ("1e6", 1e6, None), ("CHF 1’234.50", 1234.5, "CHF"),
    ("₹1,00,000", 100000.0, "INR"), ("৳2,999", 2999.0, "BDT"), ("S$500", 500.0, "SGD"), ("A$500", 500.0, "AUD"), ("JP¥500", 500.0, "JPY"),
    ("'12", 12.0, None), ("2千", 2000.0, None), ("3千万", 3e7, None), ("1.5b", 1.5e9, None),
]  # fmt: skip
DATES = [
    ("2025/3/1 9:05", "2025-03-01 09:05", "minute"), ("2025年3月2日", "2025-03-02", "day"), ("2025年3月2日 14时05分", "2025-03-02 14:05", "minute"),
    ("2025.3.2", "2025-03-02", "day"), ("1588040003479", "2020-04-28 02:13:23.479", "second"), ("45718", "2025-03-02", "day"),
    ("45718.5", "2025-03-02 12:00", "second"), ("2024-01-05T13:02:11.000Z", "2024-01-05 13:02:11", "second"),
    ("2024-01-05T13:02:11.000+0000", "2024-01-05 13:02:11", "second"), ("2026-09-22T13:00:27-04:00", "2026-09-22 17:00:27", "second"),
    ("2025/3/1 下午 3:20", "2025-03-01 15:20", "minute"), ("20250301", "2025-03-01", "day"), ("2026-05-01 10:00:00 +0200", "2026-05-01 08:00", "second"),
    ("2025/3/1 上午 12:20", "2025-03-01 00:20", "minute"), ("2025/3/1 下午 12:20", "2025-03-01 12:20", "minute"), ("20250301120000", "2025-03-01 12:00", "second"),
    ("1588040003", "2020-04-28 02:13:23", "second"), ("1588040003479.0", "2020-04-28 02:13:23.479", "second"), ("2025/3/1 中午 12:20", "2025-03-01 12:20", "minute"),
    ("13/02/2025", "2025-02-13", "day"), ("2/13/2025 3:20 PM", "2025-02-13 15:20", "minute"), ("5 Jan 2025", "2025-01-05", "day"), ("1.2.2025", "2025-02-01", "day"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value", "currency"), MONEY)
def test_money_is_read(text: str, value: float, currency: str | None) -> None:
    numbers = values.money(pd.Series([text]))
    assert numbers.values.tolist() == pytest.approx([value], nan_ok=True)
    assert numbers.currency.tolist() == [currency]
    assert not numbers.unparsed.any()


@pytest.mark.parametrize("text", ["约12万", "10-20万", "10000元/年", "abc", "1.2.3", "--5--"])
def test_money_that_cannot_be_read_is_no_guess(text: str) -> None:
    numbers = values.money(pd.Series([text]))
    assert math.isnan(numbers.values[0])
    assert numbers.unparsed.tolist() == [True]


@pytest.mark.parametrize("text", ["$1,234.56", "1,234", "1.234", "0,500"])
def test_money_with_two_readings_is_counted(text: str) -> None:
    assert values.money(pd.Series([text])).ambiguous == 1


def test_decimal_comma_is_decided_for_the_column() -> None:
    assert values.money(pd.Series(["0,500", "1.234", "2,5"])).values.tolist() == [0.5, 1234.0, 2.5]
    assert values.money(pd.Series(["1,234", "1.234"]), decimal=",").values.tolist() == [1.234, 1234.0]


def test_yen_sign_means_yuan_with_chinese_captions() -> None:
    assert values.money(pd.Series(["¥500"]), chinese=True).currency.tolist() == ["CNY"]


@pytest.mark.parametrize(("text", "stamp", "precision"), DATES)
def test_dates_are_read(text: str, stamp: str, precision: str) -> None:
    found = dates.parse(pd.Series([text]), "UTC")
    assert found.values[0] == utc(stamp)
    assert found.precision.tolist() == [precision]


@pytest.mark.parametrize("text", ["2025年3月", "2025-03", "2025Q1", "25/3/1", "2025-02-30", "13/14/2025", "soon", "2025-03-01Z"])
def test_text_that_is_no_day_is_unparsed(text: str) -> None:
    found = dates.parse(pd.Series([text]), "UTC")
    assert found.values.isna().all()
    assert found.unparsed.tolist() == [True]


@pytest.mark.parametrize("text", ["0000-00-00", "--", "", "无", "#N/A"])
def test_missing_dates_are_missing_not_unparsed(text: str) -> None:
    found = dates.parse(pd.Series([text]), "UTC")
    assert found.values.isna().all()
    assert found.unparsed.tolist() == [False]


def test_naive_times_take_the_zone_and_marked_ones_keep_theirs() -> None:
    found = dates.parse(pd.Series(["2025-03-01 09:05:00", "2025-03-01T09:05:00Z"]), "Asia/Shanghai")
    assert found.values.tolist() == [utc("2025-03-01 01:05"), utc("2025-03-01 09:05")]


def test_the_repeated_hour_of_autumn_is_read_once_and_the_missing_hour_of_spring_moves_on() -> None:
    found = dates.parse(pd.Series(["2025-10-26 02:30:00", "2025-03-30 02:30:00"]), "Europe/Berlin")
    assert found.values.tolist() == [utc("2025-10-26 00:30"), utc("2025-03-30 01:00")]


def test_day_order_is_taken_from_the_column() -> None:
    assert dates.parse(pd.Series(["01/02/2025", "13/02/2025"]), "UTC").values[0] == utc("2025-02-01")
    assert dates.parse(pd.Series(["01/02/2025", "02/13/2025"]), "UTC").values[0] == utc("2025-01-02")
    assert dates.parse(pd.Series(["01/02/2025"]), "UTC", dayfirst=True).values[0] == utc("2025-02-01")


def test_day_order_without_evidence_is_asked_for() -> None:
    with pytest.raises(HistoryError, match=r"d.csv must say whether the day or the month stands first, got 01/02/2025 .*Hint: pass dayfirst=True or dayfirst=False"):
        dates.parse(pd.Series(["01/02/2025"]), "UTC", where="d.csv")


def test_contradicting_day_orders_are_refused() -> None:
    with pytest.raises(HistoryError, match="must use one order of day and month, got 1 cells that are day-first and 1 that are month-first"):
        dates.parse(pd.Series(["13/02/2025", "02/13/2025"]), "UTC")


def test_percentages_and_fractions_are_decided_by_column() -> None:
    assert values.shares(pd.Series(["60%", "60％", "0.6"])).values.tolist() == pytest.approx([0.6, 0.6, 0.6])
    assert values.shares(pd.Series(["60", "5", "100"])).values.tolist() == pytest.approx([0.6, 0.05, 1.0])
    assert values.shares(pd.Series(["0.6", "1"])).values.tolist() == pytest.approx([0.6, 1.0])
    outside = values.shares(pd.Series(["120", "50"]))
    assert outside.unparsed.tolist() == [True, False]


def test_only_zeros_and_ones_ask_for_the_percent_rule() -> None:
    with pytest.raises(HistoryError, match="must say whether 1 means 1 % or 100 %"):
        values.shares(pd.Series(["0", "1"]))
    assert values.shares(pd.Series(["0", "1"]), rule="percent").values.tolist() == [0.0, 0.01]
