"""Uncertain numbers are drawn once a replication: keyed, paired, the same for any number of workers."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from simsales.engine import simulate
from simsales.experiment import compare, replicate, rerun
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model

BASE = Model.model_validate(
    {
        "name": "base",
        "channels": [{"name": "web", "leads_per_week": 14.0}],
        "segments": [{"name": "all", "amount": 100.0}],
        "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 1.0, "delay_days": 1.0}]}],
    }
)
KPIS = ["bookings", "won", "cost", "net"]


def price(**more: Any) -> dict[str, Any]:
    return {"price": {"by": 1.1, "uncertain": {"by": {"uniform": {"low": 1.0, "high": 1.2}}}} | more}


def amounts(study: Any) -> np.ndarray:
    """Return the amount of each replication's deals: all are alike."""
    frame = study.frame
    return (frame["bookings"] / frame["won"]).to_numpy()


def test_each_replication_draws_its_own_number_and_one_run_takes_the_centre() -> None:
    timeline = apply(Scenario(changes=[price()]), BASE)
    assert set(simulate(timeline, cases=5).deals["amount"].round(9)) == {110.0}
    found = amounts(replicate(timeline, 40, cases=5, kpis=KPIS))
    assert len(set(found.round(9))) == 40
    assert (found >= 100.0).all() and (found <= 120.0).all()
    # a uniform of width 20: mean 110 with standard error 20 / sqrt(12 * 40) = 0.91
    assert abs(found.mean() - 110.0) < 3 * 0.91


def test_the_same_number_is_the_same_in_two_scenarios_and_workers_do_not_matter() -> None:
    one = Scenario(name="one", changes=[price()])
    two = Scenario(name="two", changes=[{"scale": {"path": "stages[Open].exits[won].delay_days", "by": 0.5}}, price()])
    serial = compare(BASE, [one, two], 6, cases=8, kpis=KPIS, jobs="serial")
    assert np.array_equal(amounts(serial.studies[1]), amounts(serial.studies[2]))
    threads = compare(BASE, [one, two], 6, cases=8, kpis=KPIS, jobs="threads:3")
    assert all(a.frame.equals(b.frame) for a, b in zip(serial.studies, threads.studies, strict=True))


def test_processes_agree_too() -> None:
    timeline = apply(Scenario(changes=[price()]), BASE)
    assert replicate(timeline, 4, cases=8, kpis=KPIS, jobs=2).frame.equals(replicate(timeline, 4, cases=8, kpis=KPIS, jobs=1).frame)


def test_a_comparison_with_uncertain_numbers_dips_and_pilots_is_made_again_from_json() -> None:
    pilot = {"scale": {"path": "stages[Open].exits[won].delay_days", "by": 0.5, "where": "amount > 105", "start": "2027-01-05"}}
    slow = {"handoff": {"communication": 2.0, "dip": {"depth": 0.2, "days": 30}, "cost": {"once": 7.0}}}
    result = compare(BASE, Scenario(name="试点", changes=[price(), pilot, slow]), 3, cases=8, kpis=KPIS)
    again = rerun(json.loads(json.dumps(result.manifest)))
    assert all(a.frame.equals(b.frame) for a, b in zip(result.studies, again.studies, strict=True))
    written = result.manifest["inputs"]["timelines"][1]
    assert [r.get("where") for r in written["regimes"]] == [None, "amount > 105"]
    assert written["dips"] == [{"start": None, "depth": 0.2, "days": 30.0, "roles": []}]
    assert set(result.manifest["inputs"]["timelines"][0]) == {"name", "regimes", "costs"}


def test_what_the_base_cost_already_stays_with_every_draw() -> None:
    base = apply(Scenario(name="with a fee", changes=[{"handoff": {"communication": 2.0, "cost": {"once": 50.0}}}]), BASE)
    result = compare(base, Scenario(name="more", changes=[price(cost={"once": 9.0})]), 3, cases=4, kpis=KPIS)
    assert result.studies[0].frame["cost"].tolist() == [50.0] * 3
    assert result.studies[1].frame["cost"].tolist() == [59.0] * 3


def test_an_uncertain_cost_is_drawn() -> None:
    change = price(cost={"once": 10.0}, uncertain={"cost.once": {"uniform": {"low": 5.0, "high": 15.0}}})
    found = replicate(apply(Scenario(changes=[change]), BASE), 5, cases=2, kpis=KPIS).frame["cost"]
    assert found.nunique() == 5
    assert found.between(5.0, 15.0).all()


@pytest.mark.parametrize("replications", [3, 5])
def test_a_replication_does_not_depend_on_how_many_there_are(replications: int) -> None:
    timeline = apply(Scenario(changes=[price()]), BASE)
    assert replicate(timeline, replications, cases=3, kpis=KPIS).frame.iloc[2].tolist() == replicate(timeline, 3, cases=3, kpis=KPIS).frame.iloc[2].tolist()
