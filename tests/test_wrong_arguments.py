"""Every public function refuses what it cannot use in words, whichever argument it is; never from within."""

from __future__ import annotations

import inspect
import math
from pathlib import Path
from typing import Any

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
