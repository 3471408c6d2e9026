"""Replications are the same whatever the workers, and say what they should."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from simsales.engine import simulate
from simsales.errors import InvalidModelError
from simsales.experiment import replicate
from simsales.experiment.replicate import ReplicationError, expected_leads
from simsales.kpi import KpiError, table
from simsales.model.schema import Model


def shop(**changes) -> Model:
    fields = {
        "name": "门店",
        "currency": "CNY",
        "horizon_days": 60.0,
        "channels": [{"name": "web", "leads_per_week": 20.0, "cost_per_lead": 10.0}],
        "segments": [{"name": "all", "amount": {"lognormal": {"median": 1000.0, "p90": 4000.0}}}],
        "stages": [
            {"name": "沟通", "tasks": [{"role": "AE", "work_hours": {"gamma": {"mean": 2.0, "cv": 0.7}}}],
             "exits": [{"to": "won", "probability": 0.3, "delay_days": {"exponential": {"mean": 10.0}}},
                       {"to": "lost", "probability": 0.7, "delay_days": {"exponential": {"mean": 5.0}}}]},
        ],
        "roles": [{"name": "AE"}],
        "reps": [{"role": "AE", "count": 2, "plan": "std"}],
        "plans": {"std": {"base": 60_000.0, "quota": 20_000.0, "rates": [{"rate": 0.1}]}},
    }  # fmt: skip
    return Model(**(fields | changes))


@pytest.fixture(scope="module")
def study():
    return replicate(shop(), 6, seed=5, jobs="serial")


@pytest.mark.parametrize("jobs", [2, "threads:2", "processes:3"])
def test_any_number_of_workers_gives_the_same_bytes(study, jobs):
    again = replicate(shop(), 6, seed=5, jobs=jobs)
    assert again.frame.to_csv().encode() == study.frame.to_csv().encode()
    assert json.dumps(again.to_dict()) == json.dumps(study.to_dict())


def test_a_given_executor_gives_the_same_too(study):
    with ThreadPoolExecutor(2) as pool:
        pd.testing.assert_frame_equal(replicate(shop(), 6, seed=5, jobs=pool).frame, study.frame, check_exact=True)


def test_replication_r_is_the_simulated_one_and_does_not_depend_on_how_many_there_are(study):
    fewer = replicate(shop(), 3, seed=5, jobs="serial")
    pd.testing.assert_frame_equal(fewer.frame, study.frame.iloc[:3], check_exact=True)
    assert study.frame.iloc[4].to_dict() == pytest.approx(table(simulate(shop(), seed=5, replication=4)), nan_ok=True, rel=0)


def test_replications_and_seeds_differ(study):
    assert study.frame["bookings"].nunique() == 6
    assert not np.array_equal(replicate(shop(), 6, seed=6, jobs=1).frame["bookings"], study.frame["bookings"])


def test_summary_is_mean_error_spread_and_quantiles(study):
    row, values = study.summary().loc["bookings"], study.frame["bookings"].to_numpy()
    assert row["mean"] == pytest.approx(values.mean())
    assert row["sd"] == pytest.approx(values.std(ddof=1))
    assert row["mc_error"] == pytest.approx(values.std(ddof=1) / np.sqrt(6))
    assert row["p90"] == pytest.approx(np.quantile(values, 0.9))
    assert row["n"] == 6


def test_undefined_values_are_left_out_and_counted():
    # hardly any lead wins within a day: the cycle time is often not defined
    study = replicate(shop(), 12, seed=1, until="2027-01-02", kpis=["cycle_days", "won"], jobs=1)
    defined = int((study.frame["won"] > 0).sum())
    assert study.summary().loc["cycle_days", "n"] == defined < 12
    assert replicate(shop(), 2, cases=0, kpis=["cycle_days"], jobs=1).to_dict()["kpis"]["cycle_days"]["mean"] is None


def test_json_has_the_public_shape(study):
    data = json.loads(json.dumps(study.to_dict(), allow_nan=False))
    assert set(data) >= {"kpis", "manifest"}
    assert set(data["kpis"]["win_rate"]) >= {"mean", "mc_error", "p10", "p50", "p90"}
    assert data["kpis"]["queue_days[stage=沟通]"]["mean"] > 0
    assert data["manifest"]["seed"] == 5


def test_only_the_wanted_kpis_are_computed():
    study = replicate(shop(), 2, kpis=["won", "bookings[month]"], jobs=1)
    assert list(study.frame) == ["won", "bookings[month=2027-01]", "bookings[month=2027-02]", "bookings[month=2027-03]"]


def test_start_until_and_opening_reach_the_simulation():
    opening = pd.DataFrame({"deal_id": ["a"], "stage": ["沟通"], "age_days": [1.0], "amount": [5e6]})
    study = replicate(shop(), 40, start="2027-03-01", until="2027-03-31", opening=opening, jobs=1, kpis=["bookings", "leads"])
    assert 0.05 < (study.frame["bookings"] > 4e6).mean() < 0.6
    assert 50 < study.frame["leads"].mean() < 130  # 31 days of 20 a week: 88.6


def test_small_work_is_recognised_and_big_work_too():
    from simsales.engine import lower

    assert expected_leads(lower(shop(), cases=7)) == 7
    assert expected_leads(lower(shop(), until="2027-01-07")) == pytest.approx(20)


def test_progress_is_reported():
    seen = []
    replicate(shop(), 3, cases=2, jobs=1, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_a_notebook_shows_a_table(study):
    shown = study._repr_html_()
    assert "win_rate" in shown
    assert "门店" in shown
    assert "stage=" not in shown
    assert "6 replications" in repr(study)


@pytest.mark.parametrize("replications", [0, -1, 2.5, True])
def test_impossible_numbers_of_replications_are_refused(replications):
    with pytest.raises(ReplicationError, match="replications must be a whole number >= 1, got"):
        replicate(shop(), replications)


def test_unknown_kpis_and_engines_are_refused_before_any_worker_starts():
    with pytest.raises(KpiError, match="Hint: did you mean 'win_rate'"):
        replicate(shop(), 2, kpis=["winrate"], jobs=2)
    with pytest.raises(InvalidModelError, match="engine must be"):
        replicate(shop(), 2, engine="fast", jobs="serial")
