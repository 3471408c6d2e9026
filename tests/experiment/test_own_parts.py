"""A user's own rules and measures work in every experiment, with workers too, or are refused at the door."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import own_parts
import pytest

import simsales as ss
from simsales.engine import Hooks
from simsales.experiment.executors import JobsError
from simsales.kpi import KPIS, Kpi, KpiError, register

BASE: Any = {
    "name": "tiny", "channels": [{"name": "web", "leads_per_week": 7.0}], "segments": [{"name": "all", "amount": 100.0}],
    "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 0.5}, {"to": "lost", "probability": 0.5}]}],
}  # fmt: skip
MORE = ss.Scenario(name="more", changes=[{"scale": {"path": "channels[web].leads_per_week", "by": 2.0}}])  # type: ignore[list-item]


@pytest.fixture(autouse=True)
def _only_built_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = dict(KPIS)
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parent}:{':'.join(sys.path)}")
    yield
    KPIS.clear()
    KPIS.update(before)


@pytest.mark.parametrize("jobs", ["serial", "threads:2", 2])
def test_own_measures_and_rules_are_the_same_for_any_workers(jobs: Any) -> None:
    model = ss.Model(**BASE)
    study = ss.replicate(model, 4, cases=20, kpis=["won", own_parts.THRICE], jobs=jobs)
    assert (study.frame["thrice_won"] == 3.0 * study.frame["won"]).all()
    assert study.frame["won"].sum() > 0
    hooked = ss.replicate(model, 4, cases=20, kpis=["won", "thrice_won"], jobs=jobs, hooks=Hooks(exit=own_parts.last_exit))
    assert (hooked.frame == 0.0).all(axis=None)
    found = ss.compare(model, MORE, 4, until="2027-03-31", kpis=["won", "bookings", own_parts.THRICE], jobs=jobs)
    assert found.table.loc[("more", "thrice_won"), "mean"] == pytest.approx(3.0 * found.table.loc[("more", "won"), "mean"])
    lost = ss.compare(model, MORE, 4, until="2027-03-31", kpis=["won", "bookings"], jobs=jobs, hooks=Hooks(exit=own_parts.last_exit))
    assert lost.table.loc[("more", "won"), "value"] == 0.0 if "value" in lost.table else lost.table.loc[("more", "won"), "mean"] == 0.0


def test_a_measure_put_into_the_registry_reaches_workers_too() -> None:
    KPIS["thrice_won"] = own_parts.THRICE
    study = ss.replicate(ss.Model(**BASE), 4, cases=20, kpis=["won", "thrice_won"], jobs=2)
    assert (study.frame["thrice_won"] == 3.0 * study.frame["won"]).all()


def test_what_cannot_be_sent_stays_here_or_is_refused_in_words() -> None:
    hooks = Hooks(exit=lambda deal, stage, targets, chosen: "won")
    model = ss.Model(**BASE)
    assert (ss.replicate(model, 4, cases=20, kpis=["won"], hooks=hooks).frame["won"] == 20.0).all()
    with pytest.raises(JobsError, match="must be defined in a module to reach other processes, got jobs=2 .* Hint: pass jobs=\"serial\""):
        ss.replicate(model, 4, cases=20, kpis=["won"], hooks=hooks, jobs=2)
    with pytest.raises(JobsError, match="must be defined in a module"):
        ss.compare(model, MORE, 4, cases=20, kpis=["won"], hooks=hooks, jobs=2)


@pytest.mark.parametrize(
    ("kpi", "message"),
    [(len, "kpi must be a name or a Kpi, got <built-in"), (Kpi("won", "count", "", "higher", "", len), "kpi.name must be a word of your own, got 'won'"),
     (Kpi("a b", "count", "", "higher", "", len), "kpi.name must be a word"), (Kpi("mine", "count", "", "up", "", len), "higher, lower or target")],  # type: ignore[arg-type]
)  # fmt: skip
def test_no_wrong_measure_is_registered(kpi: Any, message: str) -> None:
    with pytest.raises(KpiError, match=message):
        register(kpi)
    with pytest.raises(KpiError, match=message):
        ss.replicate(ss.Model(**BASE), 1, kpis=[kpi])
    with pytest.raises(KpiError, match=r"kpis must be a list of names, got 'won'. Hint: write kpis=\['bookings'\]"):
        ss.replicate(ss.Model(**BASE), 1, kpis="won")


def test_progress_is_a_function() -> None:
    with pytest.raises(JobsError, match="progress must be a function of .done, total., got true. Hint: progress=print"):
        ss.replicate(ss.Model(**BASE), 1, progress=True)  # type: ignore[arg-type]


def test_a_summary_of_unknown_measures_is_refused() -> None:
    study = ss.replicate(ss.Model(**BASE), 2, cases=5, kpis=["won", "bookings"])
    assert list(study.summary(["bookings"]).index) == ["bookings"]
    found = ss.compare(ss.Model(**BASE), MORE, 2, cases=5, kpis=["won", "bookings"])
    for result in (study, found):
        with pytest.raises(ss.InvalidInputError, match="got 'booking'. Hint: did you mean 'bookings'"):
            result.summary(["booking"])
    assert list(found.summary("won").index) == [("more", "won")]
    assert len(found.summary()) == 1, "what was not asked for may be missing"


def test_a_scenario_in_the_wrong_place_is_told_so() -> None:
    model = ss.Model(**BASE)
    with pytest.raises(ss.InvalidModelError, match="apply must be given a Scenario and a Model, got <Model .* Hint: the scenario comes first: apply"):
        ss.apply(model, MORE)  # type: ignore[arg-type]
    with pytest.raises(ss.InvalidModelError, match="model must be a Model, or a scenario applied to one, got <Scenario 'more': scale>. Hint: apply"):
        ss.simulate(MORE)  # type: ignore[arg-type]


def test_the_summary_of_a_calibration_has_typed_columns() -> None:
    run = ss.simulate(ss.Model(**BASE), until="2027-12-31")
    found = ss.calibrate(run.to_history(), draws=4)
    summary = found.summary()
    assert {name: str(kind) for name, kind in summary.dtypes.items() if name in ("value", "low", "high", "n")} == {
        "value": "float64", "low": "float64", "high": "float64", "n": "Int64"}  # fmt: skip
    assert summary["value"].mean() == summary["value"].mean(), "numbers can be averaged"
    stated = {p.path: p.value for p in found.parameters if isinstance(p.value, str)}
    texts = summary.loc[summary["text"] != ""].set_index("path")["text"].to_dict()
    assert texts == stated
    assert found.to_dict(with_check=False)["parameters"][0].keys() >= {"path", "value", "low", "high", "n", "status"}
