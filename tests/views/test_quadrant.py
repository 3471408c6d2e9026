"""Conversion against deal size, rep by rep."""

from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd
import pytest

from simsales import views
from simsales.engine import simulate
from simsales.errors import InvalidInputError
from simsales.history import History, ImportReport
from simsales.history.tables import shaped
from simsales.model.schema import Model
from simsales.views.quadrant import LOOK_AT, Quadrants, _median_interval, rep_quadrants


def history(*reps: tuple[str, int, int, float]) -> History:
    """Reps with so many closed deals, so many of them won, at about this amount."""
    start = pd.Timestamp("2026-01-01", tz="UTC")
    rows = [
        {"owner": rep, "status": "won" if k < won else "lost", "amount": amount * (1 + 0.01 * (k % 7 - 3))}
        for rep, closed, won, amount in reps for k in range(closed)
    ]  # fmt: skip
    deals = pd.DataFrame(rows)
    deals["deal_id"] = [f"D{i}" for i in range(len(deals))]
    deals["created_at"], deals["closed_at"] = start, start + pd.Timedelta(days=20)
    empty = {name: shaped(pd.DataFrame(), name) for name in ("visits", "tasks", "reps", "stages")}
    return History(
        deals=shaped(deals, "deals"), **empty, report=ImportReport(source="test"), observed_from=start,
        observed_until=start + pd.Timedelta(days=90), history_class="D",
    )  # fmt: skip


def row(found: Quadrants, rep: str) -> pd.Series:
    rows = found.table[found.table["rep"] == rep]
    assert len(rows) == 1
    return rows.iloc[0]


def test_a_rep_built_to_convert_well_at_small_amounts_lands_there() -> None:
    found = rep_quadrants(history(("Ann", 100, 70, 10_000.0), ("Bo", 100, 30, 50_000.0), ("陈", 100, 32, 48_000.0)), names=True)
    ann = row(found, "Ann")
    assert ann["quadrant"] == "high conversion, small deals"
    assert ann["clear"]
    assert "negotiation and discounts" in ann["look_at"]
    assert (ann["closed"], ann["won"], ann["conversion"]) == (100, 70, 0.7)
    assert found.conversion == pytest.approx(132 / 300)
    assert row(found, "Bo")["quadrant"] == "low conversion, large deals"


def test_every_quadrant_exists() -> None:
    found = rep_quadrants(history(("a", 40, 30, 10.0), ("b", 40, 30, 1000.0), ("c", 40, 5, 10.0), ("d", 40, 5, 1000.0)))
    assert set(found.table["quadrant"]) == set(LOOK_AT)


def test_reps_are_pseudonyms_unless_names_are_asked_for() -> None:
    deals = history(("王芳", 30, 10, 10.0), ("Bob", 30, 12, 10.0))
    assert rep_quadrants(deals).table["rep"].tolist() == ["rep-1", "rep-2"]
    assert set(rep_quadrants(deals, names=True).table["rep"]) == {"王芳", "Bob"}


def test_luck_is_not_called_clear() -> None:
    found = rep_quadrants(history(("a", 30, 11, 10.0), ("b", 30, 10, 10.1)))
    assert not found.table["clear"].any()


def test_reps_with_few_deals_stand_together() -> None:
    found = rep_quadrants(history(("a", 40, 20, 10.0), ("b", 19, 9, 10.0), ("c", 6, 1, 10.0)))
    rest = row(found, "2 reps with few deals")
    assert (rest["closed"], rest["won"], rest["quadrant"]) == (25, 10, "not enough deals")
    alone = row(rep_quadrants(history(("a", 40, 20, 10.0), ("b", 19, 9, 10.0))), "1 rep with few deals")
    assert np.isnan(alone["conversion"])  # one rep's numbers under another label would still be that rep's


def test_the_interval_of_the_median_covers_95_percent() -> None:
    for n in (6, 11, 20, 57):
        low, high = _median_interval(np.arange(1.0, n + 1.0))
        k = int(low)
        assert high == n - k + 1
        tail = sum(comb(n, j) for j in range(k)) / 2**n
        assert tail <= 0.025 < sum(comb(n, j) for j in range(k + 1)) / 2**n
    assert _median_interval(np.arange(5.0)) == (-np.inf, np.inf)


def test_a_simulated_run_has_quadrants_too() -> None:
    chosen = Model(
        channels=[{"name": "web", "leads_per_week": 30.0}], segments=[{"name": "all", "amount": 100.0}], roles=[{"name": "AE"}],
        reps=[{"role": "AE", "count": 2}], calendar={"hours": "00:00-24:00", "days": "mon-sun"},
        stages=[{"name": "Open", "tasks": [{"role": "AE", "work_hours": 1.0}], "exits": [
            {"to": "won", "probability": 0.4}, {"to": "lost", "probability": 0.6}]}],
    )  # fmt: skip
    log = simulate(chosen, cases=300)
    found = views.rep_quadrants(log)
    assert found.table["closed"].sum() == int((log.deals["status"] != "open").sum())
    assert found.amount == 100.0


def handover(*more: dict[str, object], sale: float = 0.4) -> Model:
    """SDRs pass half of the leads on; AEs win a known share of what they get."""
    lost = {"to": "lost", "probability": 0.5}
    return Model(
        channels=[{"name": "web", "leads_per_week": 60.0}], segments=[{"name": "all", "amount": 100.0}],
        roles=[{"name": "SDR"}, {"name": "AE"}], reps=[{"role": "SDR", "count": 2}, {"role": "AE", "count": 2}],
        calendar={"hours": "00:00-24:00", "days": "mon-sun"}, stages=[
            {"name": "Qualify", "tasks": [{"role": "SDR", "work_hours": 4.0}], "exits": [{"to": "Offer", "probability": 0.5}, lost]},
            {"name": "Offer", "tasks": [{"role": "AE", "work_hours": 6.0}], "exits": [
                {"to": "won", "probability": sale, **({"then": str(more[0]["name"])} if more else {})},
                {"to": "lost", "probability": 1.0 - sale}]}, *more],
    )  # fmt: skip


@pytest.mark.parametrize("as_history", [False, True])
def test_won_and_lost_deals_count_alike_for_who_worked_on_them_last(as_history: bool) -> None:
    log = simulate(handover(), cases=1500)
    found = rep_quadrants(log.to_history() if as_history else log, names=True)
    offers = log.visits[log.visits["stage"] == "Offer"]
    done = log.tasks[(log.tasks["stage"] == "Offer") & log.tasks["started_at"].notna()].merge(offers[["deal_id", "exit"]], on="deal_id")
    for rep, deals in done[done["exit"].isin(["won", "lost"])].groupby("rep"):
        mine = row(found, str(rep))
        assert (mine["role"], mine["closed"], mine["won"]) == ("AE", len(deals), int((deals["exit"] == "won").sum()))
        assert mine["conversion_low"] < 0.4 < mine["conversion_high"]  # the model's own share, not all of them won
    assert found.table["closed"].sum() == int((log.deals["status"] != "open").sum())
    assert found.lines.set_index("role").loc["AE", "conversion"] == pytest.approx(0.4, abs=0.06)


def test_a_role_that_hands_deals_on_is_told_nothing_about_its_conversion() -> None:
    found = rep_quadrants(simulate(handover(), cases=600), names=True)
    sdr = found.table[found.table["role"] == "SDR"]
    assert len(sdr) == 2
    assert set(sdr["quadrant"]) == {"the role wins no deals itself"}
    assert set(sdr["look_at"]) == {""}
    assert (sdr["won"] == 0).all()


def test_work_after_the_sale_wins_no_deal() -> None:
    work = [{"role": "SDR", "work_hours": 1.0}]
    log = simulate(handover({"name": "Care", "after_sale": True, "tasks": work, "exits": [{"to": "retained", "probability": 1.0}]}), cases=400)
    assert (log.tasks["stage"] == "Care").any()
    found = rep_quadrants(log, names=True)
    assert found.table.loc[found.table["role"] == "SDR", "won"].sum() == 0


def test_a_rep_alone_in_the_role_is_compared_with_nobody() -> None:
    found = rep_quadrants(history(("a", 40, 20, 10.0)))
    assert found.table["quadrant"].tolist() == ["nobody of the role to compare with"]
    assert found.table["look_at"].tolist() == [""]


def test_groups_get_no_advice() -> None:
    found = rep_quadrants(history(("a", 40, 20, 10.0), ("b", 19, 9, 10.0), ("c", 6, 1, 10.0)))
    assert row(found, "2 reps with few deals")["look_at"] == ""


def test_amounts_that_are_not_known_are_said_to_be() -> None:
    found = rep_quadrants(history(("a", 40, 20, np.nan), ("b", 40, 10, np.nan)))
    assert set(found.table["quadrant"]) == {"amounts not known"}
    assert "Quadrants: 2 rows" in repr(found)


def test_too_little_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="min_deals must be at least 5, got 1. Hint"):
        rep_quadrants(history(("a", 30, 10, 10.0)), min_deals=1)
    deals = history(("a", 30, 10, 10.0))
    nobody = History(**{**deals.__dict__, "deals": deals.deals.assign(owner=None)})
    with pytest.raises(InvalidInputError, match="log must hold closed deals with a rep, got none"):
        rep_quadrants(nobody)


def test_the_package_loads_names_when_asked() -> None:
    assert views.to_mermaid is not None
    assert set(dir(views)) == set(views.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        views.nothing  # noqa: B018
