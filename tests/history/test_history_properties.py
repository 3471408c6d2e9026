"""Properties that hold for every input: rows add up, row order is nothing, and only HistoryError escapes."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simsales.errors import HistoryError
from simsales.history import History, read_history

QUICK = settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
IDS = st.sampled_from(["1", "2", "3", "4", "甲", "", " ", "Total", "合计"])
DATES = st.sampled_from(["2025-01-05", "2025/2/6", "2025-03-07 10:00", "45718", "soon", "", "--", "2025年4月8日"])
STATUSES = st.sampled_from(["won", "lost", "open", "输单", "进行中", "无效"])
AMOUNTS = st.sampled_from(["5", "1.2万", "1,234.5", "€7", "x", "", "(3)"])
DEAL = st.tuples(IDS, DATES, STATUSES, AMOUNTS)
EVENT = st.tuples(
    st.sampled_from(["a", "b", "c", ""]),
    st.sampled_from(["Call", "Offer", "Won", "Lost", "签约"]),
    st.sampled_from(["schedule", "start", "complete", "odd", ""]),
    st.integers(0, 40).map(lambda hours: str(pd.Timestamp("2025-01-01") + pd.Timedelta(hours=hours))),
    st.sampled_from(["ann", "bob", ""]),
)
STAGE = st.tuples(st.sampled_from(["a", "b", "c"]), st.sampled_from(["New", "Demo", "Closed Won", "Closed Lost"]), st.integers(1, 28).map("2025-01-{:02d}".format))


def read_rows(columns: list[str], rows: list[tuple[str, ...]], source: str) -> History | str:
    """Return the history of some rows, or the message that refuses them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        pd.DataFrame(rows, columns=columns).to_csv(path, index=False)
        try:
            return read_history(path, source)
        except HistoryError as error:
            return str(error)


def assert_order_is_nothing(columns: list[str], rows: list[tuple[str, ...]], source: str) -> None:
    """Require the same history from rows turned round."""
    one, other = read_rows(columns, rows, source), read_rows(columns, rows[::-1], source)
    assert isinstance(one, str) == isinstance(other, str)
    if isinstance(one, str) or isinstance(other, str):
        return
    assert one.report.read == one.report.kept + sum(count for _, count in one.report.dropped) == len(rows)
    assert len(one.report.dropped_rows) == one.report.read - one.report.kept
    for name in ("deals", "visits", "tasks", "reps", "stages", "changes"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    assert (one.observed_from, one.observed_until) == (other.observed_from, other.observed_until)
    assert set(one.visits["deal_id"]) <= set(one.deals["deal_id"])
    assert not (one.visits["left_at"] < one.visits["entered_at"]).any()
    assert not one.visits.duplicated(["deal_id", "seq"]).any()


@QUICK
@given(st.lists(DEAL, min_size=1, max_size=12))
def test_deals_add_up_in_any_order(rows: list[tuple[str, ...]]) -> None:
    closed = [(deal, created, "2025-06-01" if status in ("won", "lost", "输单") else "", status, amount) for deal, created, status, amount in rows]
    assert_order_is_nothing(["deal_id", "created_at", "closed_at", "status", "amount"], closed, "deals")


@QUICK
@given(st.lists(EVENT, min_size=1, max_size=25))
def test_events_add_up_in_any_order(rows: list[tuple[str, ...]]) -> None:
    assert_order_is_nothing(["case_id", "activity", "lifecycle", "timestamp", "resource"], rows, "events")


@QUICK
@given(st.lists(STAGE, min_size=1, max_size=15))
def test_stage_histories_add_up_in_any_order(rows: list[tuple[str, ...]]) -> None:
    assert_order_is_nothing(["deal_id", "stage", "entered_at"], rows, "stage_history")


@settings(QUICK, max_examples=15)
@given(st.lists(EVENT, min_size=1, max_size=25), st.integers(0, 40))
def test_a_snapshot_never_holds_a_later_stamp(rows: list[tuple[str, ...]], hours: int) -> None:
    history = read_rows(["case_id", "activity", "lifecycle", "timestamp", "resource"], rows, "events")
    at = pd.Timestamp("2025-01-01", tz="UTC") + pd.Timedelta(hours=hours)
    if isinstance(history, str) or at < history.deals["created_at"].min():
        return
    then = history.as_of(at)
    for frame in (then.deals, then.visits, then.tasks, then.changes):
        for name in frame.columns:
            if isinstance(frame[name].dtype, pd.DatetimeTZDtype):
                assert not (frame[name] > at).any()
    is_open = then.visits.groupby("deal_id")["left_at"].last().isna()
    assert set(is_open[is_open].index) <= set(then.deals.loc[then.deals["status"] == "open", "deal_id"])


@settings(QUICK, max_examples=60)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))), st.sampled_from(["a.csv", "a.json", "a.xes", "a.xlsx", "a.csv.gz"]))
def test_any_bytes_are_refused_politely(raw: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(raw)
        try:
            read_history(Path(folder) / name)
        except HistoryError as error:
            assert "Hint:" in str(error)


CAPTIONS = st.sampled_from(["deal_id", "created_at", "stage", "status", "amount", "close_date", "StageName", "entered_at", "activity", "case_id", "timestamp", "probability", "商机名称", "x", "", "owner", "owner"])


@settings(QUICK, max_examples=60)
@given(st.lists(CAPTIONS, min_size=1, max_size=7), st.lists(st.lists(st.one_of(IDS, DATES, STATUSES, AMOUNTS), min_size=7, max_size=7), max_size=6), st.sampled_from(["auto", "deals", "events", "stage_history", "changes"]))
def test_any_table_is_read_or_refused_politely(captions: list[str], rows: list[list[str]], source: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        lines = [captions, *(row[: len(captions)] for row in rows)]
        path.write_text("\n".join(",".join(f'"{cell}"' for cell in line) for line in lines), encoding="utf-8")
        try:
            report = read_history(path, source).report
        except HistoryError as error:
            assert "Hint:" in str(error)
        else:
            assert report.read == report.kept + sum(count for _, count in report.dropped)
