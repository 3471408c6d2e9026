"""Forecasts: the three parts, ranges that hold, no leaks, simple baselines by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simsales.engine import simulate
from simsales.errors import ForecastError
from simsales.forecast import Forecast, forecast, noise_floor
from simsales.forecast.baselines import last_period, run_rate, same_period_last_year, won_between
from simsales.forecast.forecast import day_end
from simsales.history import History, read_history
from simsales.model.schema import Model

WORLD = Model(
    epoch="2026-01-01", horizon_days=273, currency="CNY",
    channels=[{"name": "web", "leads_per_week": 20.0}],
    segments=[{"name": "all", "amount": {"gamma": {"mean": 1000.0, "cv": 0.5}}}],
    roles=[{"name": "AE"}], reps=[{"role": "AE", "count": 5}],
    stages=[
        {"name": "Discovery", "exits": [
            {"to": "Offer", "probability": 0.6, "delay_days": {"gamma": {"mean": 10.0, "cv": 0.7}}},
            {"to": "lost", "probability": 0.4, "delay_days": {"gamma": {"mean": 15.0, "cv": 0.7}}}]},
        {"name": "Offer", "exits": [
            {"to": "won", "probability": 0.5, "delay_days": {"gamma": {"mean": 20.0, "cv": 0.7}}},
            {"to": "lost", "probability": 0.5, "delay_days": {"gamma": {"mean": 25.0, "cv": 0.7}}}]},
    ],
)  # fmt: skip


@pytest.fixture(scope="module")
def history() -> History:
    return simulate(WORLD, seed=2).to_history()


@pytest.fixture(scope="module")
def quarter(history: History) -> Forecast:
    return forecast(history, as_of="2026-08-09", until="2026-09-30", target=70_000, replications=60, draws=10, jobs="serial")


def test_the_total_is_booked_plus_open_plus_new(quarter: Forecast, history: History) -> None:
    start, now = pd.Timestamp("2026-07-01", tz="UTC"), pd.Timestamp("2026-08-10", tz="UTC")
    deals = history.deals
    won = deals["status"].eq("won") & (deals["closed_at"] > start) & (deals["closed_at"] < now)
    assert quarter.booked == pytest.approx(deals.loc[won, "amount"].sum())
    assert quarter.samples == pytest.approx(quarter.booked + quarter.open_samples + quarter.new_samples)
    assert quarter.open_samples.mean() > 0
    assert quarter.new_samples.mean() > 0


def test_the_range_holds_what_came(quarter: Forecast, history: History) -> None:
    actual = quarter.booked + won_between(history, quarter.as_of, quarter.until)
    wide = np.quantile(quarter.samples, [0.005, 0.995])
    assert wide[0] <= actual <= wide[1]


def test_the_chance_of_a_target_falls_as_it_rises(quarter: Forecast) -> None:
    chances = [dataclasses.replace(quarter, target=t).p_target for t in (0.0, 5e4, 7e4, 9e4, 1e9)]
    assert chances[0] == 1.0
    assert chances[-1] == 0.0
    assert chances == sorted(chances, reverse=True)


def test_the_result_has_the_contracts_keys(quarter: Forecast) -> None:
    found = quarter.to_dict()
    assert {"as_of", "until", "target", "quantiles", "mean", "p_target", "booked", "open", "new", "noise_floor",
            "baselines", "manifest"} <= set(found)  # fmt: skip
    assert found["as_of"] == "2026-08-09"
    assert found["until"] == "2026-09-30"
    assert set(found["quantiles"]) == {"p10", "p50", "p90"}
    assert 0 < found["mc_error"] < found["quantiles"]["p90"] - found["quantiles"]["p10"]


def test_same_seed_same_forecast_for_any_number_of_workers(history: History, quarter: Forecast) -> None:
    again = forecast(history, as_of="2026-08-09", until="2026-09-30", target=70_000, replications=60, draws=10, jobs=2)
    assert again.samples.tobytes() == quarter.samples.tobytes()


def test_what_happens_later_does_not_leak(history: History, quarter: Forecast) -> None:
    now = quarter.as_of
    deals, visits = history.deals.copy(), history.visits.copy()
    closed_later = deals["closed_at"] > now
    deals.loc[closed_later, ["status", "amount", "stage"]] = ["lost", 9e9, "lost"]
    deals.loc[closed_later, "closed_at"] = history.observed_until
    born_later = deals["created_at"] > now
    deals, keep = deals[~born_later], visits["deal_id"].isin(deals.loc[~born_later, "deal_id"])
    ends_later = visits["left_at"] > now
    visits.loc[ends_later, "exit"] = "lost"
    visits = visits[keep & (visits["entered_at"] <= now)]
    visits["amount"] = visits["amount"].where(visits["entered_at"] <= now)
    other = dataclasses.replace(history, deals=deals.reset_index(drop=True), visits=visits.reset_index(drop=True))
    told = forecast(other, as_of="2026-08-09", until="2026-09-30", target=70_000, replications=60, draws=10, jobs="serial")
    assert told.samples.tobytes() == quarter.samples.tobytes()


def test_more_pipeline_means_more_bookings(history: History, quarter: Forecast) -> None:
    past = history.as_of("2026-08-09")
    drop = past.deals["status"].eq("open") & (np.arange(len(past.deals)) % 2 == 0)
    fewer = past.deals[~drop]
    half = dataclasses.replace(past, deals=fewer.reset_index(drop=True),
                               visits=past.visits[past.visits["deal_id"].isin(fewer["deal_id"])].reset_index(drop=True))  # fmt: skip
    less = forecast(half, until="2026-09-30", replications=40, draws=5, jobs="serial")
    assert less.open_samples.mean() < 0.75 * quarter.open_samples.mean()


def test_paths_end_at_the_quantiles_and_begin_at_what_is_booked(quarter: Forecast) -> None:
    last = quarter.paths.iloc[-1]
    assert last["p50"] == pytest.approx(quarter.quantiles["p50"])
    today = quarter.paths[quarter.paths["actual"].notna()].iloc[-1]
    assert today["actual"] == pytest.approx(quarter.booked)
    assert (quarter.paths["p10"].dropna().diff().dropna() >= -1e-9).all()


def test_swing_deals_are_open_and_ranked(quarter: Forecast, history: History) -> None:
    now_open = history.as_of("2026-08-09").deals.query("status == 'open'")["deal_id"]
    assert set(quarter.swing["deal_id"]) <= set(now_open)
    assert quarter.swing["swing"].is_monotonic_decreasing
    assert quarter.swing["p_win"].between(0, 1).all()


def test_a_default_period_is_the_quarter_under_way(history: History) -> None:
    found = forecast(history, as_of="2026-08-09", replications=20, draws=2, jobs="serial")
    assert found.to_dict()["until"] == "2026-09-30"


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"as_of": "2026-08-09", "until": "2026-08-09"}, "until must be after 2026-08-09.*Hint"),
        ({"as_of": "2026-08-09", "until": "soon"}, "until must be a date like"),
        ({"as_of": "2026-01-03", "until": "2026-03-31"}, "at least one won deal"),
        ({"as_of": "2026-08-09", "until": "2026-09-30", "replications": 3}, "replications must be at least 20"),
        ({"as_of": "2026-08-09", "since": "soon"}, "since must be a date like"),
        ({"as_of": "2026-08-09", "until": "2026-09-30", "since": "2026-10-01"}, "since must not be after until.*Hint"),
        ({"as_of": "2026-08-09", "target": float("nan")}, "target must be a finite amount, got nan.*Hint"),
    ],
)
def test_impossible_requests_are_refused_with_advice(history: History, arguments: dict[str, object], match: str) -> None:
    with pytest.raises(ForecastError, match=match):
        forecast(history, **arguments)  # type: ignore[arg-type]


def test_days_end_at_local_midnight() -> None:
    assert day_end("2026-03-31", "Asia/Shanghai") == pd.Timestamp("2026-03-31 16:00", tz="UTC")


def test_a_zone_that_skips_midnight_has_days_too() -> None:
    # clocks in Beirut went from 24:00 on 2026-03-28 straight to 01:00 (UTC+3)
    assert day_end("2026-03-28", "Asia/Beirut") == pd.Timestamp("2026-03-28 22:00", tz="UTC")


def test_the_first_day_of_the_period_is_told_where_clocks_change(history: History) -> None:
    local = dataclasses.replace(history, timezone="America/New_York")
    found = forecast(local, as_of="2026-08-09", until="2026-11-30", since="2026-11-01", replications=20, draws=1, jobs="serial")
    assert found.to_dict()["since"] == "2026-11-01"  # a day of 25 hours
    spring = dataclasses.replace(found, since=pd.Timestamp("2026-03-08 05:00", tz="UTC"))
    assert spring.to_dict()["since"] == "2026-03-08"  # a day of 23 hours


def test_a_period_that_begins_later_leaves_out_what_is_won_before(history: History, quarter: Forecast) -> None:
    late = forecast(history, as_of="2026-08-09", until="2026-09-30", since="2026-09-01", replications=60, draws=10, jobs="serial")
    assert late.booked == 0.0
    # the same futures, so the path of the whole quarter gives the difference
    by_day = quarter.paths.set_index("day")["p50"]
    august = by_day[pd.Timestamp("2026-09-01", tz="UTC") - pd.Timedelta(microseconds=1)] - quarter.booked
    assert (late.samples <= quarter.samples - quarter.booked + 1e-6).all()
    assert np.median(quarter.samples - quarter.booked - late.samples) == pytest.approx(august, rel=0.15)
    assert np.isnan(late.baselines["last_period"])  # August is not over


def test_the_noise_floor_matches_its_table() -> None:
    amounts = pd.Series([0.0, 2.0])  # cv = 1
    assert noise_floor(100.0, amounts) == pytest.approx(0.11, abs=0.005)
    assert noise_floor(400.0, amounts) == pytest.approx(0.056, abs=0.001)
    assert np.isnan(noise_floor(0.0, amounts))


def dated(history: History, closed: list[str], amounts: list[float]) -> History:
    """A history of won deals only, for arithmetic by hand."""
    deals = history.deals.head(len(closed)).copy()
    deals["status"], deals["amount"] = "won", amounts
    deals["closed_at"] = pd.to_datetime(closed, utc=True).as_unit("us")
    deals["created_at"] = pd.Timestamp("2025-01-01", tz="UTC")
    return dataclasses.replace(history, deals=deals, visits=history.visits.iloc[:0],
                               observed_from=pd.Timestamp("2025-01-01", tz="UTC"),
                               observed_until=pd.Timestamp("2026-04-01", tz="UTC"))  # fmt: skip


def test_baselines_by_hand(history: History) -> None:
    past = dated(history, ["2025-05-10", "2026-02-01", "2026-03-15", "2025-12-30"], [70.0, 91.0, 182.0, 1000.0])
    since, until = pd.Timestamp("2026-04-01", tz="UTC"), pd.Timestamp("2026-07-01", tz="UTC")
    # 91 days before April hold 91 + 182 = 273, so 3 a day for the 91 days of the second quarter
    assert run_rate(past, since, until, booked=0.0) == pytest.approx(273.0)
    assert last_period(past, since, until) == pytest.approx(273.0)
    assert same_period_last_year(past, since, until) == pytest.approx(70.0)


@pytest.mark.data
@pytest.mark.slow
def test_three_quarters_of_the_reference_sales(shared_data: Path) -> None:
    history = read_history(shared_data / "maven_crm_sales" / "sales_pipeline.csv")
    inside, errors = 0, []
    for origin, until, actual in (("2017-03-31", "2017-06-30", 3_086_111), ("2017-06-30", "2017-09-30", 2_982_255),
                                  ("2017-09-30", "2017-12-31", 2_802_496)):  # fmt: skip
        found = forecast(history, as_of=origin, until=until)
        inside += found.quantiles["p10"] <= actual <= found.quantiles["p90"]
        errors.append(abs(found.quantiles["p50"] / actual - 1))
    assert inside >= 2
    assert np.mean(errors) <= 0.15


def test_a_history_without_amounts_is_refused_with_advice(history: History) -> None:
    bare = dataclasses.replace(history, deals=history.deals.assign(amount=np.nan))
    with pytest.raises(ForecastError, match="must give the amounts of won deals.*Hint"):
        forecast(bare, until="2026-12-31")


def test_a_day_belongs_to_one_period_only(history: History) -> None:
    past = dated(history, ["2026-03-31", "2026-04-01", "2026-06-30", "2026-07-01"], [1.0, 10.0, 100.0, 1000.0])
    begin, end = day_end("2026-03-31", "UTC"), day_end("2026-06-30", "UTC")
    assert won_between(past, begin, end) == 110.0
    assert won_between(past, end, day_end("2026-09-30", "UTC")) == 1000.0


def test_an_as_of_beyond_the_data_is_refused(history: History) -> None:
    with pytest.raises(ForecastError, match="as_of must not be after the data end.*Hint"):
        forecast(history, as_of="2030-01-01", until="2030-03-31")
