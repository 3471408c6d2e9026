"""Pilot and control of one run."""

from __future__ import annotations

import pytest

from simsales.engine import simulate
from simsales.errors import InvalidInputError
from simsales.experiment.pilot import pilot
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model

BASE = Model.model_validate(
    {
        "channels": [{"name": "web", "leads_per_week": 70.0, "segments": {"smb": 0.5, "large": 0.5}}],
        "segments": [{"name": "smb", "amount": 10.0}, {"name": "large", "amount": 500.0}],
        "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 0.2, "delay_days": 9.0}, {"to": "lost", "probability": 0.8, "delay_days": 9.0}]}],
        "horizon_days": 200.0,
    }
)  # fmt: skip


def run(**more: object) -> object:
    change = {"set": {"path": "stages[Open].exits[won].delay_days", "to": 3.0} | more}
    return simulate(apply(Scenario(changes=[change]), BASE))


def test_a_pilot_of_some_deals_has_a_control_of_the_same_kind() -> None:
    found = pilot(run(where="segment == large", adoption=0.5, start="2027-02-01"))  # type: ignore[arg-type]
    table = found.table
    assert list(table.index) == ["pilot", "control", "not asked"]
    assert table["cycle_days"].round(6).tolist() == [3.0, 9.0, 9.0]
    assert table["amount"].tolist() == [500.0, 500.0, 10.0]
    assert "random" in found.note
    # about 10 leads a day for 169 days, half of them large, half of those in the pilot
    assert abs(table.loc["pilot", "deals"] - 422) < 5 * 422**0.5


def test_what_begins_later_for_all_keeps_the_groups_apart() -> None:
    half = {"set": {"path": "stages[Open].exits[won].delay_days", "to": 3.0, "adoption": 0.5, "start": "2027-02-01"}}
    later = {"set": {"path": "stages[Open].exits[lost].delay_days", "to": 1.0, "start": "2027-03-01"}}
    table = pilot(simulate(apply(Scenario(changes=[half, later]), BASE))).table
    assert table["cycle_days"].round(6).tolist() == [3.0, 9.0]
    assert abs(table.loc["pilot", "deals"] / table["deals"].sum() - 0.5) < 3 * 0.5 / table["deals"].sum() ** 0.5


def test_without_a_control_the_words_are_of_association() -> None:
    found = pilot(run(where="segment == large"))  # type: ignore[arg-type]
    assert list(found.table.index) == ["pilot", "not asked"]
    assert "association" in found.note
    assert "effect" not in found.note


def test_a_run_without_a_pilot_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="regime must be one of the 0 that follow the first, got 0. Hint: a pilot is a change"):
        pilot(simulate(BASE))
