"""The demo: its data can be made again, reads as class A, and its folder is whole or absent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import simsales as ss
from simsales import demo
from simsales.demo import generate, packaged_exports, stated_baseline
from simsales.demo.folder import MARKER, check_ours, published
from simsales.errors import OutputError


@pytest.fixture(scope="module")
def history() -> ss.History:
    return ss.read_history(packaged_exports())


SEEN: list[tuple[int, int]] = []


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> demo.DemoResult:
    folder = tmp_path_factory.mktemp("parent") / "demo"
    return demo.run(folder, lambda done, total: SEEN.append((done, total)), paired=2, futures=20)


def test_the_packaged_exports_are_what_the_generator_makes() -> None:
    assert generate.exports() == {name: generate.packaged(name) for name in generate.CAPTIONS}


def test_another_seed_makes_other_exports() -> None:
    world = generate.world().model_copy(update={"horizon_days": 30.0})
    assert generate.exports(world, seed=1) == generate.exports(world, seed=1)
    assert generate.exports(world, seed=1) != generate.exports(world, seed=2)


def test_the_packaged_exports_stay_small() -> None:
    assert sum(path.stat().st_size for path in generate.DATA.iterdir()) < 300_000


def test_the_exports_read_as_a_full_stage_history_without_any_hint(history: ss.History) -> None:
    assert history.history_class == "A"
    assert history.timezone == "Asia/Shanghai"
    assert set(history.deals["status"]) == {"won", "lost", "no_decision", "open"}
    assert {"王芳", "Anna Keller"} <= set(history.deals["owner"])
    assert dict(history.report.dropped).keys() == {"duplicate row"}


def test_the_exports_hold_skips_returns_and_deals_that_nobody_closes(history: ss.History) -> None:
    moves = set(zip(history.visits["stage"], history.visits["exit"], strict=True))
    assert ("需求分析 Discovery", "报价 Proposal") in moves
    assert ("方案演示 Demo", "需求分析 Discovery") in moves
    still = history.visits[history.visits["left_at"].isna()]
    assert ((history.observed_until - still["entered_at"]).dt.days > 365).sum() > 50


def test_the_baseline_adds_a_plan_and_effort_and_says_that_they_are_assumed(history: ss.History) -> None:
    calibration = ss.calibrate(history, draws=3)
    found = stated_baseline(calibration)
    assert {rep.plan for rep in found.reps} == {"standard"}
    assert found.effort is not None
    assert found.effort.status == "assumed"
    added = {row.path: row.status for row in found.provenance if row not in calibration.model.provenance}
    assert added == {"plans[standard]": "assumed", "effort.elasticity": "assumed"}


def test_every_promised_file_is_there_and_can_be_used(told: demo.DemoResult) -> None:
    names = {path.name for path in told.folder.iterdir()}
    assert names == {"baseline.yaml", "faster-quotes.yaml", "hire-two.yaml", "accelerator.yaml", "deals.csv",
                     "stage_history.csv", "open-deals.csv", "report.html", "simsales.schema.json", MARKER}  # fmt: skip
    model = ss.load_model(told.folder / "baseline.yaml")
    for name in ("faster-quotes.yaml", "hire-two.yaml", "accelerator.yaml"):
        assert ss.apply(ss.load_scenario(told.folder / name), model).regimes
    assert "ASSUMED" in (told.folder / "baseline.yaml").read_text(encoding="utf-8")
    assert told.report_path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_the_text_tells_the_whole_loop_and_what_comes_next(told: demo.DemoResult) -> None:
    heads = [told.text.index(word) for word in ("1. IMPORT", "2. CALIBRATE", "3. COMPARE", "4. FORECAST", "5. REPORT", "Next,")]
    assert heads == sorted(heads)
    assert "Faster quotes" in told.text
    assert "P(better)" in told.text
    assert "Assumed: " in told.text
    assert f"cd {told.folder}" in told.text
    assert "simsales forecast deals.csv" in told.text


def test_an_untouched_demo_is_replaced_by_the_same_demo(told: demo.DemoResult) -> None:
    before = {path.name: path.read_bytes() for path in told.folder.iterdir()}
    again = demo.run(told.folder, paired=2, futures=20)
    assert again.text == told.text
    assert {path.name: path.read_bytes() for path in told.folder.iterdir()} == before


def test_a_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("work", encoding="utf-8")
    with pytest.raises(OutputError, match=r"must be a new or empty folder, or one that an earlier demo made, got mine\.txt\. Hint: choose another"):
        demo.run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_edited_demo_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "baseline.yaml").write_text("edited", encoding="utf-8")
    (tmp_path / MARKER).write_text(json.dumps({"files": {"baseline.yaml": "0" * 64}}), encoding="utf-8")
    with pytest.raises(OutputError, match=r"must hold the earlier demo as it was written, got changes in baseline\.yaml"):
        check_ours(tmp_path)


def test_a_damaged_record_is_refused(tmp_path: Path) -> None:
    (tmp_path / MARKER).write_text("{", encoding="utf-8")
    with pytest.raises(OutputError, match="must be the record of an earlier demo"):
        check_ours(tmp_path)


def test_a_file_where_the_folder_should_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="must be a folder to write into, got a file"):
        demo.run(tmp_path / "demo")


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> None:
        with published(tmp_path / "demo") as work:
            (work / "half.txt").write_text("half", encoding="utf-8")
            raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - the one just raised
        fail()
    assert list(tmp_path.iterdir()) == []


def test_progress_rises_to_the_end(told: demo.DemoResult) -> None:
    assert told.report_path.is_file()
    assert sorted(SEEN) == SEEN
    assert SEEN[-1] == (100, 100)
