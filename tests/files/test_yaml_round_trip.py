"""What is saved and read again is the same."""

from __future__ import annotations

import stat
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from model_strategies import models

from simsales.errors import OutputError
from simsales.files import load_model, load_scenario, save_model, save_scenario, to_yaml, write_text
from simsales.model.levers import Scenario
from simsales.model.schema import Model


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(model=models())
def test_a_saved_model_reads_back_equal(model: Model) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = save_model(model, Path(folder) / "m.yaml")
        assert load_model(path) == model


def small(**fields: object) -> Model:
    exits = [{"to": "won", "probability": 0.25, "delay_days": 30}, {"to": "lost", "probability": 0.75}]
    return Model.model_validate(
        {
            "epoch": "2027-01-01T00:00+08:00",
            "channels": [{"name": "网站", "leads_per_week": 60}],
            "stages": [{"name": "初步沟通", "exits": exits}],
        }
        | fields
    )


def test_the_text_is_what_a_person_would_write() -> None:
    assert to_yaml(small()) == (
        "# yaml-language-server: $schema=simsales.schema.json\n"
        "simsales: 1\n"
        "epoch: 2027-01-01T00:00+08:00\n"
        "\n"
        "channels:\n"
        "  - {name: 网站, leads_per_week: 60}\n"
        "\n"
        "stages:\n"
        "  - name: 初步沟通\n"
        "    exits:\n"
        "      - {to: won, probability: 0.25, delay_days: 30}\n"
        "      - {to: lost, probability: 0.75}\n"
    )


@pytest.mark.parametrize("zone", ["UTC", "+08:00", "+05:30", "Asia/Shanghai"])
def test_the_zone_of_the_calendar_survives_whatever_the_epoch_implies(tmp_path: Path, zone: str) -> None:
    for epoch in ("2027-01-01", "2027-01-01T00:00+08:00"):
        model = small(epoch=epoch, calendar={"timezone": zone})
        again = load_model(save_model(model, tmp_path / "m.yaml"))
        assert (again.calendar.timezone, again) == (zone, model)


@pytest.mark.parametrize("zone", [{}, {"timezone": "UTC"}, {"timezone": "+08:00"}, {"timezone": "America/New_York"}])
def test_the_zones_of_named_calendars_survive_in_yaml_and_json(tmp_path: Path, zone: dict[str, str]) -> None:
    model = small(epoch="2027-01-01T00:00+08:00", calendars={"late": {"hours": "13:00-21:00", **zone}, "plain": zone})
    assert model.calendars["late"].timezone == zone.get("timezone", "+08:00")  # like the organisation's
    assert load_model(save_model(model, tmp_path / "m.yaml")) == model
    assert type(model).model_validate_json(model.model_dump_json(by_alias=True)) == model


def test_numbers_of_numpy_are_written_as_numbers(tmp_path: Path) -> None:
    model = small(segments=[{"name": "all", "amount": 3.5, "advance_logit": np.float64(-0.25)}])
    assert "advance_logit: -0.25" in to_yaml(model)
    assert load_model(save_model(model, tmp_path / "m.yaml")) == model


def test_long_lists_of_values_are_wrapped() -> None:
    values = [i + 0.123456789 for i in range(100)]
    exits = [{"to": "won", "probability": 1.0, "delay_days": {"empirical": {"values": values}}}]
    text = to_yaml(small(stages=[{"name": "A", "exits": exits}]))
    assert max(map(len, text.splitlines())) <= 112
    assert not any(line.endswith(" ") for line in text.splitlines())
    assert len(text.splitlines()) < 40


def test_a_lone_rate_is_written_as_a_mapping() -> None:
    plans = {"p": {"quota": 10, "rates": [{"upto": 1.0, "rate": 0.1}, {"rate": 0.2}]}}
    text = to_yaml(small(plans=plans))
    assert "[{upto" not in text
    assert "- rate: 0.2" in text


def test_a_saved_scenario_reads_back_equal(tmp_path: Path) -> None:
    scenario = Scenario.model_validate(
        {
            "name": "多招两人",
            "base": "基线.yaml",
            "changes": [
                {"hire": {"role": "AE", "count": 2, "start": "2027-03-01", "cost": {"per_year": 5.5}}},
                {"remove": {"exit": "lost", "from": "演示"}},
                {"set": {"path": "stages[演示].exits[won].delay_days", "to": {"weibull": {"scale": 3, "shape": 2}}}},
                {"plan": {"name": "标准", "cap": "none", "rates": [{"rate": 0.1}]}},
            ],
        }
    )
    path = save_scenario(scenario, tmp_path / "s.yaml")
    assert "- hire: {start: 2027-03-01" in path.read_text(encoding="utf-8")
    assert load_scenario(path) == scenario


def test_saving_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("old", encoding="utf-8")
    save_model(small(), path)
    assert load_model(path) == small()
    assert [item.name for item in tmp_path.iterdir()] == ["m.yaml"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("old", encoding="utf-8")
    with pytest.raises(OutputError, match="must hold text that UTF-8 can write"):
        write_text(path, "lone surrogate \ud800")
    assert path.read_text(encoding="utf-8") == "old"
    assert [item.name for item in tmp_path.iterdir()] == ["m.yaml"]


def test_permissions_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "m.yaml"
    path.write_text("old", encoding="utf-8")
    path.chmod(0o640)
    write_text(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_missing_folder_is_named_with_advice(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"must lie in a folder that exists, got '.*nowhere'. Hint: make it first"):
        save_model(small(), tmp_path / "nowhere" / "m.yaml")


def test_a_folder_is_no_file_to_write(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"must be a file to write, got a folder. Hint: add a file name"):
        save_model(small(), tmp_path)


def test_a_file_is_no_folder_to_write_into(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("", encoding="utf-8")
    with pytest.raises(OutputError, match="must lie in a folder, got the file"):
        save_model(small(), tmp_path / "f" / "m.yaml")


@pytest.mark.parametrize("name", ["? 1", "?", "- x", "& y", "!z", "%", "@", "`", "yes", "1_000", "a: b", "# c", " d", "万"])
def test_awkward_names_read_back_equal(tmp_path, name):
    model = Model(channels=[{"name": name, "leads_per_week": 1.0}], stages=[{"name": name, "exits": [{"to": "won", "probability": 1.0}]}])
    save_model(model, tmp_path / "m.yaml")
    assert load_model(tmp_path / "m.yaml") == model


def test_a_name_that_begins_with_a_colon_is_quoted(tmp_path: Path) -> None:
    model = small(segments=[{"name": ":0"}], channels=[{"name": "web", "leads_per_week": 1.0, "segments": {":0": 1.0}}])
    assert load_model(save_model(model, tmp_path / "m.yaml")) == model
