"""The reference data sets are read unmodified, with the counts that their README gives."""

from __future__ import annotations

import time
from pathlib import Path

import pandas as pd
import pytest
from crm_files import utc

from simsales.history import History, read_history

pytestmark = pytest.mark.data
OUTCOMES = {"won": ["A_ACTIVATED", "A_APPROVED", "A_REGISTERED"], "lost": ["A_DECLINED"], "no_decision": ["A_CANCELLED"]}
BPIC = {"won": 2246, "lost": 7635, "no_decision": 2807, "open": 399}


@pytest.fixture(scope="module")
def bpic(shared_data: Path) -> History:
    """The full loan log, read once."""
    return read_history(shared_data / "bpic2012_full" / "bpic2012_events.csv.gz")


def counts(history: History) -> dict[str, int]:
    """Return deals by status."""
    return {str(status): int(count) for status, count in history.deals["status"].value_counts().items()}


def test_maven_keeps_every_dated_deal(shared_data: Path) -> None:
    begun = time.perf_counter()
    history = read_history(shared_data / "maven_crm_sales" / "sales_pipeline.csv")
    assert time.perf_counter() - begun < 5
    assert counts(history) == {"won": 4238, "lost": 2473, "open": 1589}
    assert history.report.dropped == (("no created date", 500),)
    assert (history.report.read, history.report.kept, history.history_class) == (8800, 8300, "D")
    assert history.observed_from == utc("2017-03-01")
    assert history.deals["segment"].isna().all()
    won = history.deals[history.deals["status"] == "won"]
    by_quarter = won.groupby(won["closed_at"].dt.quarter)["amount"].sum()
    assert by_quarter.tolist() == [1134672.0, 3086111.0, 2982255.0, 2802496.0]


def test_maven_teams_join_by_name(shared_data: Path) -> None:
    folder = shared_data / "maven_crm_sales"
    history = read_history([folder / "sales_pipeline.csv", folder / "sales_teams.csv", folder / "products.csv"])
    assert len(history.reps) == 35
    assert set(history.reps["region"]) == {"Central", "East", "West"}
    assert any("products.csv was not used" in note for note in history.report.notes)


def test_enpal_keeps_returns_and_collapses_repeats(shared_data: Path) -> None:
    folder = shared_data / "enpal_pipedrive_deal_changes"
    history = read_history([folder / "deal_changes.csv", folder / "stages.csv", folder / "users.csv"])
    assert (len(history.deals), history.history_class, history.report.read) == (1995, "A", 15406)
    order = history.stages.set_index("stage")["order"]
    place = history.visits["stage"].map(order)
    step = place.groupby(history.visits["deal_id"]).diff()
    assert int((step < 0).sum()) == 8
    assert int((step == 0).sum()) == 0
    assert len(history.visits) == 8906 - 2
    assert counts(history) == {"lost": 1995}
    assert any("nothing marks a win" in note for note in history.report.notes)


def test_enpal_wins_may_be_stated(shared_data: Path) -> None:
    folder = shared_data / "enpal_pipedrive_deal_changes"
    mapping = {"outcomes": {"won": ["Implementation/Onboarding", "Follow-up/Customer Success", "Renewal/Expansion"]}}
    history = read_history([folder / "deal_changes.csv", folder / "stages.csv"], mapping=mapping)
    assert counts(history)["won"] > 900


def test_skygeni_takes_the_outcome_and_not_the_stage(shared_data: Path) -> None:
    history = read_history(shared_data / "skygeni_deals" / "skygeni_sales_data.csv")
    assert counts(history) == {"won": 2263, "lost": 2737}
    assert history.visits["stage"].unique().tolist() == ["Open"]


def test_bpic_outcomes_are_guessed_right(bpic: History) -> None:
    assert counts(bpic) == BPIC
    won = bpic.deals[bpic.deals["status"] == "won"]
    assert won["amount"].sum() == 35_290_338
    assert ((won["closed_at"] - won["created_at"]).dt.total_seconds() / 86400).median() == pytest.approx(14.4, abs=0.5)
    assert bpic.report.read == bpic.report.kept == 262_200


def test_bpic_with_a_mapping_counts_the_same(shared_data: Path) -> None:
    path = shared_data / "bpic2012_full" / "bpic2012_events.csv.gz"
    history = read_history(path, mapping={"outcomes": OUTCOMES, "stage_pattern": "^A_", "tz": "Europe/Amsterdam"})
    assert counts(history) == BPIC
    assert history.visits["stage"].str.startswith("A_").all()
    assert history.tasks["activity"].str.startswith("W_").all()
    assert len(history.tasks) > 20_000


def test_bpic_visits_are_chained_without_gaps(bpic: History) -> None:
    visits = bpic.visits
    follows = visits["deal_id"].eq(visits["deal_id"].shift(-1))
    assert (visits["left_at"][follows].to_numpy() == visits["entered_at"].shift(-1)[follows].to_numpy()).all()
    assert (visits["exit"][follows].to_numpy() == visits["stage"].shift(-1)[follows].to_numpy()).all()
    last = visits[~follows].set_index("deal_id")["exit"].fillna("open")
    pd.testing.assert_series_equal(last.sort_index(), bpic.deals.set_index("deal_id")["status"].sort_index(), check_names=False)


def test_bpic_sample_in_xes_equals_the_table(shared_data: Path, bpic: History) -> None:
    sample = read_history(shared_data / "bpic2012_xes_sample" / "bpic2012_first300.xes.gz")
    whole = bpic.deals[bpic.deals["deal_id"].isin(sample.deals["deal_id"])].reset_index(drop=True)
    columns = ["deal_id", "created_at", "amount", "status", "closed_at"]
    pd.testing.assert_frame_equal(sample.deals[columns], whole[columns])
    assert sample.report.read == 6929
    tasks = bpic.tasks[bpic.tasks["deal_id"].isin(sample.deals["deal_id"])]
    assert sample.tasks["work_hours"].sum() == pytest.approx(tasks["work_hours"].sum())
