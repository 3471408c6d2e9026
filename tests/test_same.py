"""Results are equal where they hold the same, and never refuse to say so."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simsales as ss
from simsales.same import Same, same

MODEL: dict[str, Any] = {
    "name": "tiny",
    "epoch": "2027-01-01",
    "channels": [{"name": "web", "leads_per_week": 7.0, "segments": {"all": 1.0}}],
    "segments": [{"name": "all", "amount": {"lognormal": {"median": 100.0, "p90": 300.0}}}],
    "stages": [{"name": "Open", "exits": [
        {"to": "won", "probability": 0.4, "delay_days": {"exponential": {"mean": 20.0}}},
        {"to": "lost", "probability": 0.6, "delay_days": {"exponential": {"mean": 20.0}}}]}],
    "plans": {"p": {"base": 1.0, "quota": 5.0, "rates": [{"rate": 0.1}]}},
}  # fmt: skip


def _model() -> ss.Model:
    return ss.Model(**MODEL)


def _run(seed: int) -> ss.EventLog:
    return ss.simulate(_model(), seed=seed, until="2027-12-31")


def _scenario(by: float) -> ss.Scenario:
    return ss.Scenario(changes=[{"scale": {"path": "channels[web].leads_per_week", "by": by}}])


MAKERS: dict[str, Callable[[int], Any]] = {
    "Model": lambda k: _model().model_copy(update={"horizon_days": 300.0 + k}),
    "Scenario": lambda k: _scenario(1.0 + k),
    "Timeline": lambda k: ss.apply(_scenario(1.0 + k), _model()),
    "EventLog": _run,
    "History": lambda k: _run(k).to_history(),
    "ImportReport": lambda k: _run(k).to_history().report,
    "Study": lambda k: ss.replicate(_model(), replications=2, seed=k, cases=9),
    "Comparison": lambda k: ss.compare(_model(), _scenario(2.0), replications=2, seed=k, cases=9),
    "Calibration": lambda k: ss.calibrate(_run(k).to_history(), draws=4),
    "Forecast": lambda k: ss.forecast(_run(k).to_history(), as_of="2027-09-30", replications=20, draws=4, jobs="serial"),
}


@pytest.mark.parametrize("kind", MAKERS)
def test_a_result_equals_one_made_in_the_same_way_and_no_other(kind: str) -> None:
    one, again, other = MAKERS[kind](1), MAKERS[kind](1), MAKERS[kind](2)
    assert one == again
    assert (one != again) is False
    assert hash(one) == hash(again)
    if kind != "ImportReport":  # two reports of a simulated run may say the same
        assert one != other
    for strange in (None, 1, "x", [one], {}, object()):
        assert (one == strange) is False
    assert len({one, again}) == 1


def test_no_class_compares_its_tables_with_an_equals_sign() -> None:
    wrong = []
    for module in pkgutil.walk_packages(ss.__path__, "simsales."):
        if module.name.endswith("__main__"):
            continue
        for name, kind in vars(importlib.import_module(module.name)).items():
            if inspect.isclass(kind) and dataclasses.is_dataclass(kind) and kind.__module__ == module.name:
                types = " ".join(str(part.type) for part in dataclasses.fields(kind))
                if any(word in types for word in ("DataFrame", "ndarray", "Floats", "Ints", "Flags", "Series")) and kind.__dataclass_params__.eq:  # type: ignore[attr-defined]
                    wrong.append(f"{module.name}.{name}")
    assert wrong == []


LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=3))
TREES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3), max_leaves=8)


@given(TREES)
def test_what_is_copied_is_the_same(tree: Any) -> None:
    import copy

    assert same(tree, copy.deepcopy(tree))
    assert not same([tree], [tree, tree])


@dataclasses.dataclass(frozen=True, eq=False)
class _Holder(Same):
    name: str
    table: pd.DataFrame
    values: np.ndarray[Any, Any]


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, True), ({"name": "b"}, False), ({"table": pd.DataFrame({"x": [1.0, 2.0]})}, False),
     ({"table": pd.DataFrame({"y": [1.0, np.nan]})}, False), ({"values": np.array([1, 3])}, False),
     ({"values": np.array([1.0, 2.0])}, False), ({"values": [1, 2]}, False)],
)  # fmt: skip
def test_one_cell_that_differs_makes_two_results_differ(change: dict[str, Any], expected: bool) -> None:
    one = _Holder("a", pd.DataFrame({"x": [1.0, np.nan]}), np.array([1, 2]))
    fresh = _Holder("a", pd.DataFrame({"x": [1.0, np.nan]}), np.array([1, 2]))
    assert (one == dataclasses.replace(fresh, **change)) is expected
