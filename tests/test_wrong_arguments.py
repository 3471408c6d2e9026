"""Every public function refuses what it cannot use in words, whichever argument it is; never from within."""

from __future__ import annotations

import inspect
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import simsales as ss

MODEL: dict[str, Any] = {
    "name": "tiny", "epoch": "2027-01-01", "channels": [{"name": "web", "leads_per_week": 7.0, "segments": {"all": 1.0}}],
    "segments": [{"name": "all", "amount": 100.0}], "roles": [{"name": "AE"}],
    "reps": [{"role": "AE", "count": 2, "plan": "p"}], "plans": {"p": {"base": 1.0, "quota": 5.0, "rates": [{"rate": 0.1}]}},
    "stages": [{"name": "Open", "tasks": [{"role": "AE", "work_hours": 1.0}], "exits": [
        {"to": "won", "probability": 0.4, "delay_days": 20.0}, {"to": "lost", "probability": 0.6, "delay_days": 20.0}]}],
}  # fmt: skip
WRONG: dict[str, Any] = {"None": None, "list": [], "text": "x", "minus": -1, "nan": math.nan, "object": object(), "number": 3.7, "dict": {"a": 1}, "class": int}


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Return arguments with which every public function works."""
    folder = tmp_path_factory.mktemp("wrong")
    model = ss.Model(**MODEL)
    scenario = ss.Scenario(name="s", changes=[{"scale": {"path": "channels[web].leads_per_week", "by": 1.2}}])
    ss.save_model(model, folder / "m.yaml")
    ss.save_scenario(scenario, folder / "s.yaml")
    run = ss.simulate(model, until="2027-12-31")
    history = run.to_history()
    history.to_folder(folder / "h")
    few: dict[str, Any] = {"replications": 2, "jobs": "serial", "until": "2027-02-01"}
    return {
        "read_history": {"path_or_paths": folder / "h"}, "calibrate": {"history": history, "draws": 2}, "apply": {"scenario": scenario, "model": model},
        "load_model": {"path": folder / "m.yaml"}, "load_scenario": {"path": folder / "s.yaml"},
        "save_model": {"model": model, "path": folder / "m2.yaml"}, "save_scenario": {"scenario": scenario, "path": folder / "s2.yaml"},
        "simulate": {"model": model, "until": "2027-02-01"}, "replicate": {"model": model} | few, "compare": {"base": model, "scenarios": [scenario]} | few,
        "value_stream": {"log": run}, "to_mermaid": {"process": model}, "to_bpmn": {"process": model}, "rep_quadrants": {"log": run},
        "pay_statements": {"log": run}, "receipts": {"log": run}, "cascade": {"total": 100.0, "tree": ["a", "b"]},
        "forecast": {"history": history, "as_of": "2027-09-30", "replications": 20, "draws": 2, "jobs": "serial"},
    }  # fmt: skip


NAMES = ("read_history", "calibrate", "apply", "load_model", "load_scenario", "save_model", "save_scenario", "simulate", "replicate", "compare", "value_stream",
         "to_mermaid", "to_bpmn", "rep_quadrants", "pay_statements", "receipts", "cascade", "forecast")  # fmt: skip
CASES = [(name, parameter) for name in NAMES for parameter in inspect.signature(getattr(ss, name)).parameters]


@pytest.mark.parametrize(("name", "parameter"), CASES)
def test_a_wrong_argument_is_refused_in_words(things: dict[str, dict[str, Any]], name: str, parameter: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    wrong: list[str] = []
    for kind, value in WRONG.items():
        if parameter == "progress" and kind == "class":
            continue  # it can be called: what it makes of two numbers is its own affair
        arguments: dict[str, Any] = things[name] | {parameter: value}
        try:
            getattr(ss, name)(**arguments)
        except ss.SimsalesError:
            continue
        except Exception as error:  # noqa: BLE001 - what is looked for
            wrong.append(f"{parameter}={kind}: {type(error).__name__}: {str(error)[:100]}")
    assert wrong == []


TABLE = pd.DataFrame({"a": [1, 2], "b": [3, 4]})
SCENARIO = ss.Scenario(name="s", changes=[{"effort": {"off": True}}])  # type: ignore[list-item]


@pytest.mark.parametrize("name", ["calibrate", "simulate", "replicate", "sensitivity", "value_stream", "to_mermaid", "pay_statements"])
@pytest.mark.parametrize("thing", [TABLE, SCENARIO, ss.apply(SCENARIO, ss.Model(**MODEL))], ids=["a table", "a scenario", "a timeline"])
def test_a_thing_of_another_kind_is_refused_by_its_kind(name: str, thing: Any) -> None:
    if name in ("simulate", "replicate", "to_mermaid") and not isinstance(thing, (pd.DataFrame, ss.Scenario)):
        return  # they take what a scenario makes of a model
    with pytest.raises(ss.SimsalesError) as caught:
        getattr(ss, name)(thing, **({"replications": 2} if name == "replicate" else {}))
    assert len(str(caught.value)) < 250
    assert "0  1" not in str(caught.value).replace("\n", " ")
    assert not isinstance(thing, pd.DataFrame) or re.search(r"got (a table of 2 x 2|DataFrame)", str(caught.value))


def test_numpy_dates_are_dates() -> None:
    model = ss.Model(**MODEL)
    day, moment = ss.simulate(model, until=np.datetime64("2027-02-01")), ss.simulate(model, until=np.datetime64("2027-02-01T12:00"))
    assert day == ss.simulate(model, until="2027-02-01")
    assert day.until - moment.until == 0.5
    with pytest.raises(ss.InvalidModelError, match="until must be a date"):
        ss.simulate(model, until=np.datetime64("NaT"))


def test_the_older_name_of_a_copy_checks_too() -> None:
    model = ss.Model(**MODEL)
    assert model.copy(update={"name": "other"}).name == "other"
    with pytest.raises(ss.InvalidModelError, match="currency must be text"):
        model.copy(update={"currency": 123})


def test_a_kpi_of_ones_own_gives_a_number() -> None:
    from simsales.kpi import Kpi

    for value in ("text", None, [1.0]):
        wrong = Kpi("mine", "count", "mine", "higher", "我", lambda _, value=value: value)
        with pytest.raises(ss.SimsalesError, match="the function of the KPI 'mine' must return a number"):
            ss.replicate(ss.Model(**MODEL), 2, jobs="serial", kpis=[wrong])
    for value in (3, np.int64(3), np.float32(3.0), True):
        right = Kpi("mine", "count", "mine", "higher", "我", lambda _, value=value: value)
        assert set(ss.replicate(ss.Model(**MODEL), 2, jobs="serial", kpis=[right]).frame["mine"]) == {float(value)}


def test_a_kpi_that_was_passed_once_is_no_part_of_later_studies() -> None:
    from simsales.kpi import KPIS, Kpi, register

    model, few = ss.Model(**MODEL), {"until": "2027-02-01"}
    plain = ss.replicate(model, 2, jobs="serial", **few)
    passed = Kpi("once", "count", "once", "higher", "次", lambda _: 1.0)
    for _ in range(2):
        assert list(ss.replicate(model, 2, jobs="serial", kpis=["won", passed], **few).frame) == ["won", "once"]
    assert ss.replicate(model, 2, jobs="serial", **few) == plain
    assert ss.replicate(model, 2, jobs="processes:2", **few) == plain  # what cannot travel is not asked for
    register(passed)
    try:
        assert "once" in ss.replicate(model, 2, jobs="serial", **few).frame
        with pytest.raises(ss.SimsalesError, match="defined in a module"):
            ss.replicate(model, 2, jobs="processes:2", **few)
    finally:
        del KPIS["once"]
