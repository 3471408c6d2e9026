"""Numbers as people read them."""

from __future__ import annotations

import math
import subprocess
import sys

import pandas as pd
import pytest

from simsales.report import text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "¥0"), (7, "¥7"), (7.5, "¥7.50"), (999, "¥999"), (9999, "¥9,999"), (10000, "¥10.0K"), (999499, "¥999K"),
        (999500, "¥1.00M"), (3086111, "¥3.09M"), (1.2345e9, "¥1.23B"), (-950, "-¥950"), (-3086111, "-¥3.09M"), (None, "n/a"),
        (math.nan, "n/a"), (math.inf, "∞"),
    ],
)  # fmt: skip
def test_money_is_short_and_never_shows_a_thousand_of_a_unit(value: float, shown: str) -> None:
    assert text.money(value, "CNY") == shown


@pytest.mark.parametrize(
    ("currency", "shown"), [("USD", "$12.3K"), ("JPY", "JP¥12.3K"), ("SEK", "SEK 12.3K"), (None, "12.3K"), ("cny", "¥12.3K")]
)
def test_money_names_its_currency(currency: str | None, shown: str) -> None:
    assert text.money(12345, currency) == shown


@pytest.mark.parametrize(("value", "shown"), [(9999, "¥9,999"), (12345, "¥1.23万"), (1.2e7, "¥1,200万"), (1.25e8, "¥1.25亿")])
def test_money_in_chinese_units(value: float, shown: str) -> None:
    assert text.money(value, "CNY", units="zh") == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.0, "0 %"),
        (0.004, "<1 %"),
        (0.005, "<1 %"),
        (0.006, "1 %"),
        (0.994, "99 %"),
        (0.995, ">99 %"),
        (1.0, "100 %"),
        (None, "n/a"),
    ],
)
def test_a_small_share_is_never_none_and_a_large_one_never_all(share: float, shown: str) -> None:
    assert text.percent(share) == shown


@pytest.mark.parametrize(("probability", "shown"), [(0.0, "<1 %"), (1.0, ">99 %"), (0.5, "50 %"), (math.nan, "n/a")])
def test_a_simulated_chance_is_never_certain(probability: float, shown: str) -> None:
    assert text.chance(probability) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.00012345, "0.000123"), (9.999, "10.0"), (99.96, "100"), (1234.6, "1,230"), (-12.34, "-12.3"), (7, "7")],
)
def test_numbers_have_three_significant_digits(value: float, shown: str) -> None:
    assert text.number(value) == shown


def test_differences_carry_their_sign_and_shares_differ_by_points() -> None:
    assert text.signed(0.021, "share") == "+2.1 points"
    assert text.signed(-3.1, "days") == "-3.10 days"
    assert text.signed(math.nan, "money") == "n/a"


def test_a_table_escapes_everything_and_says_what_it_leaves_out() -> None:
    frame = pd.DataFrame({"<stage>": ["<script>x</script>"] * 25, "amount": [1.5] * 25})
    shown = text.html_table(frame, caption="<i>")
    assert "<script>" not in shown
    assert "&lt;stage&gt;" in shown
    assert "&lt;i&gt;" in shown
    assert shown.count("<tr>") == 21
    assert "5 more rows are not shown." in shown


def test_a_table_shows_missing_values_and_times_plainly() -> None:
    frame = pd.DataFrame({"at": [pd.Timestamp("2027-01-04"), pd.NaT], "n": [float("nan"), 2.0], "name": ["商务", None]})
    shown = text.html_table(frame)
    assert "2027-01-04<" in shown
    assert "nan" not in shown.lower()
    assert "nat" not in shown.lower().replace("alternat", "")
    assert "商务" in shown


def test_text_helpers_do_not_load_matplotlib_or_pandas() -> None:
    code = "import sys, simsales.report.text; print(sorted({'matplotlib', 'pandas', 'numpy'} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
