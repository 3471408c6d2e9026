"""Differences on common draws: values by hand, guarantees, and the public shape."""

from __future__ import annotations

import json
import math

import numpy as np
import pandas as pd
import pytest
from test_replicate import shop

from simsales.errors import InvalidInputError, InvalidModelError
from simsales.experiment import Comparison, Study, compare
from simsales.experiment.compare import CompareError
from simsales.experiment.replicate import ReplicationError
from simsales.model.apply import apply
from simsales.model.levers import Scenario

MORE_WINS = Scenario(name="更高赢单率", changes=[{"set": {"path": "stages[沟通].exits[won].probability", "to": 0.36}}])
TWO_MORE = Scenario(
    name="two more", changes=[{"hire": {"role": "AE", "count": 2, "cost": {"once": 1_000.0, "per_year": 3_650.0}}}]
)


def made_up(**samples) -> Comparison:
    """A comparison of given bookings by replication."""
    studies = tuple(Study(name, pd.DataFrame(values), "CNY", {}) for name, values in samples.items())
    return Comparison(studies, {})


@pytest.fixture(scope="module")
def result():
    return compare(shop(), [MORE_WINS, TWO_MORE], replications=10, seed=2, jobs="serial")


def test_differences_are_paired_means_with_a_t_interval():
    found = made_up(base={"bookings": [10.0, 20.0, 30.0]}, better={"bookings": [11.0, 22.0, 36.0]})
    row = found.table.loc[("better", "bookings")]
    # differences 1, 2, 6: mean 3, sd sqrt(7), t(2) = 4.30265: half width 4.30265 * sqrt(7 / 3) = 6.5724
    assert row["difference"] == 3.0
    assert row["low"] == pytest.approx(3 - 6.5724, abs=1e-4)
    assert row["high"] == pytest.approx(3 + 6.5724, abs=1e-4)
    assert row["p10"] == pytest.approx(1.2)
    assert row["p90"] == pytest.approx(5.2)
    assert row["p_better"] == 1.0
    assert row["n"] == 3


def test_p_better_knows_the_good_direction_and_halves_ties():
    found = made_up(
        base={"cycle_days": [10.0, 10.0, 10.0, 10.0], "wip": [5.0, 5.0, 5.0, 5.0]},
        quick={"cycle_days": [9.0, 10.0, 11.0, 8.0], "wip": [6.0, 6.0, 6.0, 6.0]},
    )
    assert found.table.loc[("quick", "cycle_days"), "p_better"] == 2.5 / 4
    assert math.isnan(found.table.loc[("quick", "wip"), "p_better"])  # more is neither good nor bad


def test_replications_without_a_value_are_left_out_in_pairs():
    found = made_up(base={"cycle_days": [10.0, math.nan, 10.0]}, other={"cycle_days": [9.0, 8.0, 7.0]})
    row = found.table.loc[("other", "cycle_days")]
    assert (row["difference"], row["n"], row["p_better"]) == (-2.0, 2, 1.0)


def test_pairing_says_what_common_draws_save():
    found = made_up(base={"bookings": [10.0, 20.0, 30.0]}, better={"bookings": [12.0, 22.0, 35.0]})
    # variances 100 and 133, of the differences (2, 2, 5) 3: independent runs would need 77.67 times as many
    assert found.pairing.loc["better", "bookings"] == pytest.approx((100 + 133) / 3)


def test_common_draws_really_save_replications(result):
    assert result.pairing.loc["更高赢单率", "bookings"] > 3


def test_break_even_compares_cost_with_gain():
    found = made_up(
        base={"bookings": [100.0, 200.0], "cost": [50.0, 60.0], "net": [50.0, 140.0]},
        dear={"bookings": [130.0, 220.0], "cost": [90.0, 90.0], "net": [40.0, 130.0]},
    )
    row = found.break_even.loc["dear"]
    assert (row["extra_cost"], row["gain"], row["net"]) == (35.0, 25.0, -10.0)
    assert row["gain_needed"] == pytest.approx(35 / 150)
    assert row["repaid"] == "no"  # -10 in both


def test_the_base_against_itself_differs_in_nothing():
    found = compare(shop(), [shop()], replications=3, jobs=1)
    rows = found.table.loc["门店 (2)"]
    assert (rows["difference"].dropna() == 0).all()
    assert (rows["p_better"].dropna() == 0.5).all()
    assert (rows[["low", "high"]].dropna() == 0).all(axis=None)


def test_a_scenario_in_the_list_is_the_scenario_applied_by_hand(result):
    by_hand = compare(shop(), apply(MORE_WINS, shop()), replications=10, seed=2, jobs="serial")
    assert by_hand.names == ("门店", "更高赢单率")
    pd.testing.assert_frame_equal(by_hand.table, result.table.loc[["门店", "更高赢单率"]], check_exact=True)


def test_more_wins_win_more_in_every_replication(result):
    samples = result.samples("won")["更高赢单率"]
    assert (samples >= 0).all()
    assert samples.mean() > 3
    assert result.table.loc[("更高赢单率", "win_rate"), "low"] > 0


def test_costs_of_a_change_are_in_cost_and_net(result):
    # two AEs more: two base salaries of 60,000 and 3,650 a year for 60 days, 1,000 once; commission follows bookings
    row = result.table.loc["two more"]
    fixed = 2 * 60_000 * 60 / 365 + 600 + 1_000
    assert row.loc["cost", "difference"] - row.loc["commission", "difference"] == pytest.approx(fixed, abs=0.05)
    assert row.loc["net", "difference"] == pytest.approx(row.loc["bookings", "difference"] - row.loc["cost", "difference"])


@pytest.mark.parametrize("jobs", [2, "threads:2"])
def test_any_number_of_workers_gives_the_same_bytes(result, jobs):
    again = compare(shop(), [MORE_WINS, TWO_MORE], replications=10, seed=2, jobs=jobs)
    assert again.table.to_csv().encode() == result.table.to_csv().encode()
    assert json.dumps(again.to_dict()) == json.dumps(result.to_dict())


def test_json_has_the_public_shape(result):
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    base, *others = data["scenarios"]
    assert [entry["name"] for entry in data["scenarios"]] == ["门店", "更高赢单率", "two more"]
    for entry in data["scenarios"]:
        assert set(entry) >= {"name", "kpis", "difference", "cost", "net"}
        assert set(entry["kpis"]["bookings"]) >= {"mean", "mc_error", "p10", "p50", "p90"}
        assert set(entry["difference"]["bookings"]) >= {"mean", "low", "high", "p_better"}
        assert entry["net"] == pytest.approx(entry["kpis"]["bookings"]["mean"] - entry["cost"])
    assert base["difference"]["bookings"]["mean"] == 0
    gap = others[0]["kpis"]["bookings"]["mean"] - base["kpis"]["bookings"]["mean"]
    assert others[0]["difference"]["bookings"]["mean"] == pytest.approx(gap)
    assert others[1]["break_even"]["repaid"] in {"yes", "no", "not sure"}


def test_a_new_stage_has_kpis_but_no_difference():
    stage = {"name": "Legal", "exits": [{"to": "won", "probability": 1.0, "delay_days": 1.0}]}
    changed = compare(shop(), Scenario(name="legal", changes=[{"add": {"stage": stage, "after": "沟通"}}]), 2, jobs=1)
    row = changed.table.loc[("legal", "time_in_stage_days[stage=Legal]")]
    assert row["mean"] == pytest.approx(1.0)
    assert math.isnan(row["difference"])
    json.dumps(changed.to_dict(), allow_nan=False)


def test_a_wide_precision_stops_early_and_a_narrow_one_does_not():
    arguments = {"replications": 120, "cases": 40, "kpis": ["won", "bookings"], "jobs": 1}
    early = compare(shop(), [MORE_WINS], precision=0.5, **arguments)
    late = compare(shop(), [MORE_WINS], precision=1e-6, **arguments)
    assert len(early.base.frame) == 50
    assert len(late.base.frame) == 120
    pd.testing.assert_frame_equal(late.base.frame.iloc[:50], early.base.frame, check_exact=True)
    half = np.ptp(early.table.loc[("更高赢单率", "bookings"), ["low", "high"]]) / 2
    assert half <= 0.5 * early.base.frame["bookings"].mean()


def test_a_notebook_shows_a_table(result):
    shown = result._repr_html_()
    assert "更高赢单率" in shown
    assert "10 paired replications" in shown
    assert "'two more'" in repr(result)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: compare(shop(), []), CompareError, "scenarios must not be empty"),
        (lambda: compare(shop(), [MORE_WINS], 1), ReplicationError, "replications must be a whole number >= 2, got 1"),
        (lambda: compare(shop(), [MORE_WINS], precision=0.0), CompareError, "precision must be above 0, got 0.0"),
        (lambda: compare(shop(), [Scenario(changes=[{"leave": {"rep": "Bo"}}])]), InvalidModelError, r"changes\[0\]"),
        (lambda: made_up(base={"won": [1.0]}, a={"won": [1.0]}).samples("bookings"), InvalidInputError,
         "kpi must be one that was computed, got 'bookings'"),
        (lambda: made_up(base={"won": [1.0]}, a={"won": [1.0]}).break_even, InvalidInputError,
         "break_even must have bookings, cost and net"),
    ],
)  # fmt: skip
def test_bad_requests_are_refused_with_the_rule(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_scenario_needs_a_base_without_dated_changes():
    dated = Scenario(name="later", changes=[{"scale": {"path": "channels[web].leads_per_week", "by": 2.0, "start": "2027-02-01"}}])
    with pytest.raises(CompareError, match="base must be a model for scenario 'two more' to change, got a timeline of 2"):
        compare(apply(dated, shop()), [TWO_MORE])


@pytest.mark.parametrize(("bookings", "said"), [([10.0, 20.0, 30.0], ()), ([12.0, 22.0, 33.0], ("quicker",))])
def test_no_gain_that_comes_once_where_bookings_are_unchanged(bookings, said):
    days = {"base": [9.0, 9.5, 9.1], "quicker": [8.0, 8.5, 8.2]}
    found = made_up(base={"bookings": [10.0, 20.0, 30.0], "cycle_days": days["base"]}, quicker={"bookings": bookings, "cycle_days": days["quicker"]})
    assert found._faster() == said
