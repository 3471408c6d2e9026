"""The calibrated model as a whole: what it holds, what it says it cannot tell, and the loop that closes."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simsales.calibrate import Calibration, calibrate
from simsales.engine import simulate
from simsales.errors import HistoryError
from simsales.files import load_model, save_model
from simsales.history import History, read_history
from simsales.model.schema import Model


def world(**changes: object) -> Model:
    fields: dict[str, object] = {
        "epoch": "2026-01-01", "horizon_days": 300, "currency": "CNY",
        "channels": [{"name": "web", "leads_per_week": 15.0}, {"name": "展会", "leads_per_week": 5.0}],
        "segments": [{"name": "all", "amount": {"gamma": {"mean": 1000.0, "cv": 0.5}}}],
        "roles": [{"name": "AE"}], "reps": [{"role": "AE", "count": 5}],
        "stages": [
            {"name": "需求", "tasks": [{"role": "AE", "work_hours": 2}], "exits": [
                {"to": "报价", "probability": 0.6, "delay_days": {"gamma": {"mean": 6.0, "cv": 0.7}}},
                {"to": "lost", "probability": 0.4, "delay_days": {"gamma": {"mean": 15.0, "cv": 0.7}}}]},
            {"name": "报价", "exits": [
                {"to": "won", "probability": 0.4, "delay_days": {"gamma": {"mean": 12.0, "cv": 0.7}}},
                {"to": "lost", "probability": 0.3, "delay_days": {"gamma": {"mean": 20.0, "cv": 0.7}}},
                {"to": "open", "probability": 0.3}]},
        ],
    }  # fmt: skip
    return Model(**(fields | changes))


@pytest.fixture(scope="module")
def history() -> History:
    return simulate(world(), seed=4).to_history()


@pytest.fixture(scope="module")
def calibration(history: History) -> Calibration:
    return calibrate(history, draws=60)


def value(calibration: Calibration, path: str) -> float:
    return float(calibration.summary().set_index("path")["value"][path])


def test_a_simulated_history_gives_its_model_back(calibration: Calibration) -> None:
    assert value(calibration, "stages[需求].exits[报价].probability") == pytest.approx(0.6, abs=0.05)
    assert value(calibration, "stages[报价].exits[won].probability") == pytest.approx(0.4, abs=0.06)
    assert {channel.name for channel in calibration.model.channels} == {"web", "展会"}
    assert calibration.model.stage_names == ("需求", "报价")


def test_deals_that_nobody_closes_do_not_become_wins(calibration: Calibration) -> None:
    assert value(calibration, "stages[报价].exits[open].probability") == pytest.approx(0.3, abs=0.07)


def test_work_with_start_and_end_is_measured(calibration: Calibration) -> None:
    row = calibration.summary().set_index("path").loc["stages[需求].tasks[0].work_hours.mean"]
    assert row["status"] == "identified"


def test_every_parameter_says_how_far_it_is_known(calibration: Calibration) -> None:
    summary = calibration.summary()
    assert set(summary["status"]) <= {"identified", "weakly identified", "assumed", "prior", "set"}
    inside = summary.dropna(subset=["low", "high"])
    numbers = inside[inside["path"].str.contains("probability|median")]
    assert (numbers["low"].astype(float) <= numbers["value"].astype(float) + 1e-9).all()
    assert (numbers["value"].astype(float) <= numbers["high"].astype(float) + 1e-9).all()


def test_a_calibrated_model_survives_its_file(calibration: Calibration, tmp_path: Path) -> None:
    save_model(calibration.model, tmp_path / "模型.yaml")
    assert load_model(tmp_path / "模型.yaml") == calibration.model


def test_the_same_history_and_seed_give_the_same_numbers(history: History, calibration: Calibration) -> None:
    again = calibrate(history, draws=60)
    pd.testing.assert_frame_equal(again.summary(), calibration.summary())


def test_row_order_of_the_history_does_not_matter(history: History, calibration: Calibration) -> None:
    import dataclasses

    shuffled = dataclasses.replace(history, visits=history.visits.iloc[::-1].reset_index(drop=True))
    assert calibrate(shuffled, draws=60).summary().equals(calibration.summary())


def test_the_loop_closes_on_the_training_window(calibration: Calibration) -> None:
    found = calibration.check(replications=6).set_index("measure")
    assert found.loc["won", "model"] == pytest.approx(found.loc["won", "history"], rel=0.2)
    assert found.loc["leads", "model"] == pytest.approx(found.loc["leads", "history"], rel=0.1)
    assert found.loc["distance: cycle_days", "floor"] > 0
    assert found.loc["distance: cycle_days", "history"] == 0


def test_curves_rise_to_the_probability_of_each_exit(calibration: Calibration) -> None:
    curves = calibration.curves()
    won = curves[(curves["stage"] == "报价") & (curves["exit"] == "won")]
    for kind in ("observed", "fitted"):
        p = won.loc[won["kind"] == kind, "p"].to_numpy()
        assert (np.diff(p) >= -1e-12).all()
        assert p[-1] == pytest.approx(value(calibration, "stages[报价].exits[won].probability"), abs=0.03)


def test_open_deals_become_the_warm_start(history: History, calibration: Calibration) -> None:
    opening = calibration.opening()
    assert set(opening["deal_id"]) == set(history.deals.loc[history.deals["status"].eq("open"), "deal_id"])
    assert (opening["age_days"] <= -opening["created_days"] + 1e-6).all()


def test_deals_only_history_becomes_one_stage_and_says_what_it_cannot_tell(tmp_path: Path, history: History) -> None:
    deals = history.deals
    frame = pd.DataFrame({
        "id": deals["deal_id"], "created": deals["created_at"].dt.strftime("%Y-%m-%d"),
        "closed": deals["closed_at"].dt.strftime("%Y-%m-%d"), "stage": deals["status"].map(
            {"won": "Won", "lost": "Lost", "open": "Open"}), "amount": deals["amount"].round(2)})  # fmt: skip
    frame.to_csv(tmp_path / "deals.csv", index=False)
    found = calibrate(read_history(tmp_path / "deals.csv"), draws=30)
    assert len(found.model.stages) == 1
    assert any("cannot tell" in note for note in found.notes)
    assert value(found, "stages[Open].exits[won].probability") == pytest.approx(0.24, abs=0.06)


def test_without_repeating_owners_there_are_no_reps(history: History) -> None:
    import dataclasses

    deals = history.deals.assign(owner=history.deals["deal_id"])
    alone = dataclasses.replace(history, deals=deals, tasks=history.tasks.iloc[:0])
    found = calibrate(alone, draws=10)
    assert found.model.reps == ()
    assert any("No owners that repeat" in note for note in found.notes)


def test_unmeasured_work_is_labelled_assumed(history: History) -> None:
    import dataclasses

    bare = dataclasses.replace(history, tasks=history.tasks.iloc[:0])
    found = calibrate(bare, draws=10)
    rows = found.summary()
    work = rows[rows["path"].str.contains("work_hours")]
    assert set(work["status"]) <= {"assumed", "weakly identified"}
    assert len(work) == 1


def test_an_empty_history_is_refused_with_advice(history: History) -> None:
    import dataclasses

    empty = dataclasses.replace(history, deals=history.deals.iloc[:0], visits=history.visits.iloc[:0])
    with pytest.raises(HistoryError, match="must hold at least one deal.*Hint"):
        calibrate(empty)


@pytest.mark.data
def test_real_logs_calibrate(shared_data: Path) -> None:
    history = read_history(shared_data / "enpal_pipedrive_deal_changes" / "deal_changes.csv")
    found = calibrate(history, draws=20)
    assert len(found.model.stages) >= 8
    assert found.to_dict(with_check=False)["class"] == "A"


def test_reps_are_pseudonymous_unless_names_are_asked_for(history: History) -> None:
    owners = {"AE-01": "王芳", "AE-02": "Anna Keller", "AE-03": "李伟", "AE-04": "Zoe", "AE-05": "Ben"}
    import dataclasses

    named = dataclasses.replace(history, deals=history.deals.assign(owner=history.deals["owner"].map(owners)))
    hidden, shown = calibrate(named, draws=5), calibrate(named, draws=5, names=True)
    assert [rep.name for rep in hidden.model.reps] == [f"Rep-0{i}" for i in range(1, 6)]
    assert {rep.name for rep in shown.model.reps} == set(owners.values())
    assert not set(hidden.opening()["owner"].dropna()) & set(owners.values())
    assert "王芳" not in hidden.summary().to_string()


def test_a_snapshot_with_last_changes_counts_as_one_stage(tmp_path: Path) -> None:
    rows = ["Deal - ID,Deal - Stage,Deal - Value,Deal - Status,Deal - Deal created,Deal - Last stage change,Deal - Won time,Deal - Lost time"]
    for i in range(60):
        day = f"2025-{1 + i // 10:02d}-{1 + i % 10:02d} 08:00:00"
        end = f"2025-{2 + i // 10:02d}-{11 + i % 10:02d} 09:00:00"
        status = ("Won", "Lost", "Open")[i % 3]
        won, lost = (end if status == "Won" else ""), (end if status == "Lost" else "")
        rows.append(f"{i},Proposal,1000,{status},{day},{end if status != 'Open' else day},{won},{lost}")
    (tmp_path / "pipedrive.csv").write_text("\n".join(rows), encoding="utf-8")
    history = read_history(tmp_path / "pipedrive.csv")
    assert history.history_class == "C"
    found = calibrate(history, draws=20)
    assert found.model.stage_names == ("Open",)
    assert len(found.opening()) == 20
    assert value(found, "stages[Open].exits[won].probability") > 0.2


def test_a_stage_that_nobody_has_left_borrows_the_outcomes_of_all_deals(history: History) -> None:
    import dataclasses

    visits = history.visits.copy()
    fresh = visits["left_at"].isna() & visits["stage"].eq("报价")
    visits.loc[fresh, "stage"] = "法务"
    found = calibrate(dataclasses.replace(history, visits=visits), draws=10)
    stage = next(s for s in found.model.stages if s.name == "法务")
    assert {e.to for e in stage.exits if e.probability > 0.01} == {"won", "lost"}
    rows = found.summary()
    assert rows.loc[rows["path"].str.contains("法务"), "status"].tolist() == ["assumed"]


def test_a_deal_older_than_any_that_ended_is_not_expected_to_end(history: History, calibration: Calibration) -> None:
    from simsales.engine import simulate as run

    ancient = pd.DataFrame({"deal_id": ["old"], "stage": ["需求"], "age_days": [5000.0], "created_days": [-5000.0]})
    for replication in range(5):
        log = run(calibration.model, seed=1, replication=replication, until="2026-12-31", opening=ancient)
        assert log.deals.set_index("deal_id")["status"]["old"] == "open"


def read_deals(folder: Path, **columns: object) -> History:
    """Two hundred deals of five owners, created over 200 days and closed ten days later, every third won."""
    n = np.arange(200)
    created = pd.Timestamp("2025-01-01") + pd.to_timedelta(n, unit="D")
    frame = pd.DataFrame({"deal_id": n, "created": created, "closed": created + pd.Timedelta(days=10), "amount": 100.0,
                          "stage": np.where(n % 3 == 0, "Won", "Lost"), "owner": [f"O{i % 5}" for i in n]})  # fmt: skip
    frame.assign(**columns).to_csv(folder / "deals.csv", index=False)
    return read_history(folder / "deals.csv")


def test_assumed_work_never_takes_longer_than_an_average_stay(tmp_path: Path) -> None:
    found = calibrate(read_deals(tmp_path, created="2025-01-01"), draws=5)  # imported on one day: no whole week has any
    stays = found.fit.stages[0].visits.duration
    hours = value(found, "stages[*].tasks[0].work_hours.mean")
    assert hours <= stays.mean() * 40 / 7 + 1e-6
    assert found.check(replications=2)["model"].notna().any()


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"amount": [np.nan if i % 2 else 100.0 for i in range(200)]}, "33 of 67 won deals have no amount"),
        ({"amount": [-5.0 if i == 0 else 100.0 for i in range(200)]}, "1 won deals have a negative amount"),
        ({"closed": ["2031-01-01" if i == 0 else f"2025-{8 + i // 100:02d}-{1 + i % 28:02d}" for i in range(200)]}, "it ends on 2031-01-0.: a wrong date"),
        ({"closed": "2026-06-30"}, "new deals are taken to fade, to .* a week now"),
    ],
)  # fmt: skip
def test_values_that_distort_a_forecast_are_named(tmp_path: Path, columns: dict[str, object], said: str) -> None:
    notes = " ".join(calibrate(read_deals(tmp_path, **columns), draws=2).notes)
    assert re.search(said, notes)
    assert not re.search(said, " ".join(calibrate(read_deals(tmp_path), draws=2).notes))


def test_a_stage_called_like_an_outcome_is_renamed(tmp_path: Path) -> None:
    rows = ["deal_id,stage,entered_at,owner,amount"]
    for i in range(60):
        for k, stage in enumerate(("open", "offer", "Won" if i % 2 else "Lost")):
            rows.append(f"{i},{stage},2025-{1 + i // 10 + k:02d}-{1 + i % 10:02d} 08:00,O{i % 3},100")
    (tmp_path / "stages.csv").write_text("\n".join(rows), encoding="utf-8")
    found = calibrate(read_history(tmp_path / "stages.csv"), draws=3)
    assert found.model.stage_names == ("open (stage)", "offer")
    assert value(found, "stages[open (stage)].exits[offer].probability") == pytest.approx(1.0, abs=1e-3)


def test_segments_say_how_many_stays_stand_behind_their_odds(history: History) -> None:
    import dataclasses

    kinds = np.where(np.arange(len(history.deals)) % 3 == 0, "大", "小")
    split = dataclasses.replace(history, deals=history.deals.assign(segment=kinds))
    rows = calibrate(split, draws=5).summary().set_index("path")
    ended = int(history.visits["exit"].notna().sum())
    assert rows["n"]["segments[大].advance_logit"] + rows["n"]["segments[小].advance_logit"] == ended
    assert ended > 100
