"""R1: leads come at the rates that the channels state, with their ups and downs."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from engine_models import model, simulate, stage

from simsales.engine import lower
from simsales.engine.leads.arrivals import lognormal_factor, make_deals, pick
from simsales.engine.plan import Plan
from simsales.engine.streams import Streams, sample
from simsales.model.apply import apply
from simsales.model.levers import Scenario


def leads(seed: int = 1, replications: int = 1, **channel) -> list[np.ndarray]:
    """Arrival times of one channel, days since Monday 2027-01-04 UTC, replication by replication."""
    parts = channel.pop("model", {})
    m = model(channels=[{"name": "web", "leads_per_week": 20.0, **channel}], horizon_days=364.0, **parts)
    plan = lower(m)
    return [make_deals(plan, Streams(seed, r)).created for r in range(replications)]


def expect(count: float, mean: float) -> None:
    assert abs(count - mean) < 4.0 * math.sqrt(mean)


def test_the_mean_rate_is_that_of_the_channel():
    expect(sum(map(len, leads(replications=20))), 20 * 52 * 20.0)


def test_gaps_are_exponential():
    gaps = np.diff(leads(leads_per_week=700.0)[0])
    u = np.sort(1.0 - np.exp(-gaps * 100.0))
    n = len(u)
    distance = np.abs(u - (np.arange(n) + 0.5) / n).max()
    assert distance < 1.95 / math.sqrt(n)  # Kolmogorov, p about 0.001


def test_trend_compounds_by_the_year():
    times = np.concatenate(leads(replications=20, trend_per_year=0.5))
    first, last = (times < 28).sum(), (times > 364 - 28).sum()
    expect(last, 20 * 80 * 1.5 ** (350 / 365.25))
    expect(first, 20 * 80 * 1.5 ** (14 / 365.25))


def test_seasons_multiply_months():
    times = np.concatenate(leads(replications=20, season={"feb": 0.0, "mar": 2.0}))
    assert ((times >= 28) & (times < 56)).sum() == 0
    expect(((times >= 56) & (times < 87)).sum(), 20 * 31 / 7 * 40.0)


def test_weekday_shares_keep_the_total_of_the_week():
    times = np.concatenate(leads(replications=20, weekday={"sat": 0.0, "sun": 0.0, "mon": 2.0}))
    expect(len(times), 20 * 52 * 20.0)
    day = times.astype(int) % 7
    assert not np.isin(day, (5, 6)).any()
    expect((day == 0).sum(), 20 * 52 * 20.0 * 2 / 6)


def test_hours_are_local_and_keep_the_total():
    times = np.concatenate(leads(replications=20, hours="09:00-18:00", model={"calendar": {"timezone": "Asia/Shanghai"}}))
    hour = (times * 24 + 8) % 24
    assert (hour >= 9 - 1e-6).all()
    assert (hour < 18).all()
    expect(len(times), 20 * 52 * 20.0)


def test_overdispersion_is_variance_over_mean_of_weeks():
    weeks = np.concatenate([np.bincount((t // 7).astype(int), minlength=52) for t in leads(replications=40, overdispersion=3.0)])
    ratio = weeks.var(ddof=1) / weeks.mean()
    assert ratio == pytest.approx(3.0, rel=0.2)
    plain = np.concatenate([np.bincount((t // 7).astype(int), minlength=52) for t in leads(replications=40)])
    assert plain.var(ddof=1) / plain.mean() == pytest.approx(1.0, rel=0.15)


def test_quarters_shake_all_channels_alike():
    channels = [{"name": n, "leads_per_week": 400.0} for n in ("a", "b")]
    plan = lower(model(channels=channels, horizon_days=364.0, shocks={"arrivals_quarter_cv": 0.3}))
    counts = []
    for r in range(25):
        deals = make_deals(plan, Streams(7, r))
        quarter = np.searchsorted(deals.quarters.begins, deals.created, side="right") - 1
        counts.append([np.bincount(quarter[deals.channel == c], minlength=4)[1:4] for c in (0, 1)])
    a, b = np.array(counts).transpose(1, 0, 2).reshape(2, -1).astype(float)
    assert np.corrcoef(a, b)[0, 1] > 0.9
    assert (a / a.mean()).std() == pytest.approx(0.3, rel=0.3)


def test_shocks_have_the_stated_mean_and_spread():
    u = sample(200_000)
    factor = lognormal_factor(u, 0.3)
    assert factor.mean() == pytest.approx(1.0, abs=0.004)
    assert factor.std() == pytest.approx(0.3, rel=0.02)


def test_amounts_share_the_shock_of_their_quarter():
    m = model(
        channels=[{"name": "web", "leads_per_week": 20.0}], horizon_days=364.0,
        segments=[{"name": "all", "amount": 100.0}], shocks={"amount_quarter_cv": 0.5},
    )  # fmt: skip
    log = simulate(m)
    dates = [lower(m).clock.date(created) for created in log.deal.created]
    quarter = [(date.year, (date.month - 1) // 3) for date in dates]
    pairs = set(zip(quarter, log.deal.amount.tolist(), strict=True))
    assert len(pairs) == len(set(quarter)) == len({amount for _, amount in pairs})


def test_segments_and_entry_stages_are_drawn_in_their_shares():
    channel = {"name": "web", "leads_per_week": 100.0, "segments": {"smb": 0.8, "mid": 0.2}, "entry": {"A": 0.25, "B": 0.75}}
    m = model(
        channels=[channel], segments=[{"name": "smb", "amount": 1.0}, {"name": "mid", "amount": 10.0}],
        stages=[stage("A", "lost", 1.0), stage("B", "lost", 1.0)],
    )  # fmt: skip
    log = simulate(m, cases=8000)
    assert (log.deal.segment == 1).mean() == pytest.approx(0.2, abs=4 * 0.4 / 8000**0.5)
    assert (log.visit.stage == 1).mean() == pytest.approx(0.75, abs=4 * 0.4331 / 8000**0.5)
    assert set(log.deal.amount[log.deal.segment == 1].tolist()) == {10.0}


def test_segment_odds_shift_the_advancing_exits():
    channel = {"name": "web", "leads_per_week": 100.0, "segments": {"smb": 0.5, "mid": 0.5}}
    exits = [{"to": "won", "probability": 0.2}, {"to": "lost", "probability": 0.6}, {"to": "open", "probability": 0.2}]
    m = model(channels=[channel], stages=[{"name": "Open", "exits": exits}],
              segments=[{"name": "smb"}, {"name": "mid", "advance_logit": math.log(4.0)}])  # fmt: skip
    log = simulate(m, cases=8000)
    mid = log.deal.segment == 1
    assert (log.deal.status[mid] == -1).mean() == pytest.approx(0.5, abs=0.032)  # odds 1/4 become 1
    assert (log.deal.status[mid] == -4).mean() == pytest.approx(0.125, abs=0.022)  # 1 : 3 of the rest
    assert (log.deal.status[~mid] == -1).mean() == pytest.approx(0.2, abs=0.026)


def test_a_regime_replaces_the_rate_as_it_is_taken_up():
    m = model(channels=[{"name": "web", "leads_per_week": 200.0}], horizon_days=364.0)
    change = {"path": "channels[web].leads_per_week", "by": 3.0, "start": "2027-04-12", "ramp_days": 98.0, "adoption": 0.5}
    times = make_deals(lower(apply(Scenario(changes=[{"scale": change}]), m)), Streams(3)).created
    start = 98.0
    expect((times < start).sum(), 14 * 200.0)
    expect(((times >= start) & (times < start + 98)).sum(), 14 * 200.0 * (1 + 2 * 0.5 * 0.5))
    expect((times >= start + 98).sum(), 24 * 200.0 * 2.0)


def test_changing_the_rate_keeps_the_order_and_luck_of_leads():
    plan, double = (lower(model(channels=[{"name": "web", "leads_per_week": r}])) for r in (20.0, 40.0))
    a, b = (make_deals(p, Streams(5)).created for p in (plan, double))
    assert np.allclose(b[: len(a)], a / 2.0)


def test_leads_before_the_start_are_not_made_and_the_numbers_begin_anew():
    m = model(channels=[{"name": "web", "leads_per_week": 20.0}])
    log = simulate(m, start="2027-02-01")
    assert (log.deal.created >= 28.0).all()
    assert log.deals["deal_id"].iloc[0] == "web-000001"


def test_a_silent_model_is_an_empty_log():
    log = simulate(model(), cases=5)
    assert len(log.deal.created) == 0
    assert log.deals.empty
    assert log.to_event_log().empty


def test_pick_never_takes_a_share_of_zero():
    shares = np.array([[0.0, 0.5, 0.5, 0.0]] * 3)
    assert pick(shares, np.array([1e-16, 0.5, 1.0 - 1e-16])).tolist() == [1, 2, 2]


def test_the_clock_change_moves_no_leads():
    """A day of 23 hours brings a day's leads."""
    m = model(channels=[{"name": "web", "leads_per_week": 7.0}], calendar={"timezone": "Europe/Berlin"},
              epoch=dt.datetime(2027, 3, 22, tzinfo=dt.UTC), horizon_days=14.0)  # fmt: skip
    plan: Plan = lower(m)
    make_deals(plan, Streams(1))
    pieces = next(iter(plan.__dict__["_rate_pieces"].values()))
    assert pieces.leads[1:-1].tolist() == pytest.approx([1.0] * (len(pieces.leads) - 2))
