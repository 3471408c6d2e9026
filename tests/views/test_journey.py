"""The second axis: the same run by where the customer stands."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from simsales.engine import simulate
from simsales.errors import InvalidInputError
from simsales.files import load_model
from simsales.model.schema import Model
from simsales.views import journey

TEMPLATE = Path(__file__).parents[2] / "scenarios" / "templates" / "customer_journey.yaml"


def test_counts_of_a_state_are_those_of_its_stages():
    log = simulate(load_model(TEMPLATE), seed=3)
    table = journey(log)
    assert table["state"].tolist() == ["awareness", "consideration", "decision", "retention"]
    assert table.attrs["unmapped"] == []
    counts = log.visits["stage"].value_counts()
    for row in table.itertuples():
        assert row.visits == sum(counts.get(stage, 0) for stage in row.stages.split(", "))
    assert table["visits"].sum() == len(log.visits)
    assert (table["further"] <= table["customers"]).all()
    retained = int((log.deals["after"] == "retained").sum())
    assert table["further"].iloc[-1] == retained
    assert table["customers"].iloc[-1] == log.visits[log.visits["stage"].isin(table["stages"].iloc[-1].split(", "))]["deal_id"].nunique()


def test_days_of_all_states_are_the_time_of_all_stays():
    log = simulate(load_model(TEMPLATE), seed=3)
    table = journey(log)
    ends = np.where(np.isnan(log.visit.left), log.until, log.visit.left)
    assert (table["days"] * table["customers"]).sum() == pytest.approx((ends - log.visit.entered).sum())


def test_a_skipped_state_still_counts_as_passed():
    stages = [
        {"name": "A", "journey": "awareness", "exits": [{"to": "D", "probability": 0.5}, {"to": "lost", "probability": 0.5}]},
        {"name": "D", "journey": "decision", "exits": [{"to": "won", "probability": 1.0}]},
        {"name": "X", "exits": [{"to": "won", "probability": 1.0}]},
    ]
    log = simulate(Model(channels=[{"name": "web", "leads_per_week": 70.0}], stages=stages), cases=400)
    table = journey(log).set_index("state")
    assert table.loc["awareness", "further"] == table.loc["decision", "customers"] == (log.deals["status"] == "won").sum()
    assert table.loc["decision", "rate"] == 1.0
    assert journey(log).attrs["unmapped"] == ["X"]


def test_a_model_without_a_journey_is_told_so():
    log = simulate(Model(channels=[{"name": "web", "leads_per_week": 7.0}], stages=[{"name": "A", "exits": [{"to": "won", "probability": 1.0}]}]), cases=3)
    with pytest.raises(InvalidInputError, match="stages must state their journey, got none that does. Hint: journey: awareness"):
        journey(log)


def test_the_rate_of_a_state_does_not_depend_on_how_long_one_looks():
    truth = [0.8, 0.75 * 0.75 * 350 / 450, 250 / 350 * 0.6, 130 / 150]
    for days in (200.0, 500.0):
        tables = [journey(simulate(load_model(TEMPLATE), seed=s, until=days)) for s in range(3)]
        for i, expected in enumerate(truth):
            rates, customers = ([table[name].iloc[i] for table in tables] for name in ("rate", "customers"))
            over = sum(customers) - sum(table["open"].iloc[i] for table in tables)
            assert np.mean(rates) == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / over)), (i, days)


def test_customers_are_further_or_still_may_be_or_are_gone():
    log = simulate(load_model(TEMPLATE), seed=3, until=200.0)
    table, deals = journey(log), log.deals
    kept = table.iloc[-1]
    assert [kept["further"], kept["open"]] == [(deals["after"] == "retained").sum(), (deals["after"] == "open").sum()]
    assert kept["further"] + kept["open"] + (deals["after"] == "churned").sum() == kept["customers"]
    assert kept["further"] / kept["customers"] < 0.7 < kept["rate"]  # those who may still stay are not gone
