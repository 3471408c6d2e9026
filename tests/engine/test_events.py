"""Events that may happen: probability, dates, exposure, and what they touch (R1, R5, R7)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from engine_models import model, same, simulate

from simsales.engine import lower
from simsales.engine.leads.arrivals import Deals, make_deals
from simsales.engine.streams import Streams
from simsales.errors import InvalidModelError

WEB = {"name": "web", "leads_per_week": 70.0}
CUT = {"name": "price cut", "start": "2027-01-14", "until": "2027-02-02"}  # days 10 to 30


def deals(*events: dict, replication: int = 0, **parts) -> Deals:
    fields = {"channels": [WEB], "segments": [{"name": "all", "amount": 100.0}], **parts}
    return make_deals(lower(model(events=list(events), **fields)), Streams(1, replication))


def test_an_event_of_probability_zero_is_the_base_run():
    m = {"channels": [WEB], "segments": [{"name": "all", "amount": {"lognormal": {"median": 9.0, "p90": 30.0}}}]}
    event = {**CUT, "probability": 0.0, "leads": 0.1, "amount": 0.1, "win_logit": -9.0}
    same(simulate(model(**m)), simulate(model(**m, events=[event])))


def test_an_event_is_drawn_once_a_replication():
    event = {**CUT, "probability": 0.3, "leads": 0.0}
    hit = [not ((d.created > 10) & (d.created < 30)).any() for d in (deals(event, replication=r) for r in range(400))]
    assert np.mean(hit) == pytest.approx(0.3, abs=4 * (0.21 / 400) ** 0.5)


def test_leads_are_scaled_while_it_lasts_in_its_channels():
    channels = [{"name": n, "leads_per_week": 7000.0} for n in ("web", "展会")]
    found = deals({**CUT, "leads": 0.5, "where": "channel == 展会"}, channels=channels)
    during = (found.created >= 10.0) & (found.created < 30.0)
    for c, mean in ((0, 20_000.0), (1, 10_000.0)):
        count = (during & (found.channel == c)).sum()
        assert abs(count - mean) < 4 * math.sqrt(mean)
    assert abs((~during & (found.channel == 1)).sum() - 80_000) < 4 * math.sqrt(80_000)


def test_amounts_of_deals_created_meanwhile_are_scaled():
    found = deals({**CUT, "amount": 0.8, "where": "product == A"}, products=[{"name": "A"}, {"name": "B"}])
    hit = (found.created >= 10.0) & (found.created < 30.0) & (found.product == 0)
    assert set(found.amount[hit]) == {80.0}
    assert set(found.amount[~hit]) == {100.0}


def test_only_exposed_deals_feel_it_and_only_while_it_lasts():
    parts = {"channels": [{**WEB, "segments": {"smb": 0.5, "mid": 0.5}}], "segments": [{"name": "smb"}, {"name": "mid"}]}
    found = deals({**CUT, "win_logit": -0.7, "exposure": 0.4, "where": "segment != mid"}, **parts)
    n = len(found.created)
    shifts = np.array([found.events.shift(i, 20.0) for i in range(n)])
    assert set(shifts[found.segment == 1]) == {0.0}
    small = found.segment == 0
    assert set(shifts[small]) == {0.0, -0.7}
    assert (shifts[small] != 0).mean() == pytest.approx(0.4, abs=4 * 0.49 / small.sum() ** 0.5)
    i = int(np.flatnonzero(shifts)[0])
    assert [found.events.shift(i, t) for t in (9.99, 10.0, 29.99, 30.0)] == [0.0, -0.7, -0.7, 0.0]


def test_events_add_up_and_an_open_end_lasts():
    one = {"name": "a", "start": "2027-01-14", "win_logit": 0.5}
    two = {"name": "b", "start": "2027-01-24", "win_logit": 0.25}
    found = deals(one, two)
    assert [found.events.shift(0, t) for t in (0.0, 15.0, 90.0)] == [0.0, 0.5, 0.75]
    assert found.events.shifting
    assert not deals().events.shifting


def test_a_key_rep_leaves_on_the_day():
    parts = {"roles": [{"name": "AE"}], "reps": [{"name": "Ada", "role": "AE"}, {"name": "Bo", "role": "AE"}]}
    found = deals({"name": "Bo goes", "start": "2027-01-14", "rep": "Bo"}, **parts)
    assert found.events.leavers() == [(1, 10.0)]
    assert deals({"name": "Bo goes", "start": "2027-01-14", "rep": "Bo", "probability": 0.0}, **parts).events.leavers() == []


def test_a_further_event_does_not_change_whether_another_happens():
    event = {**CUT, "probability": 0.5, "win_logit": -1.0}
    other = {"name": "other", "start": "2027-01-14", "probability": 0.5, "win_logit": 1.0}
    names = [
        {e.name for e in deals(*events, replication=r).events.happened} - {"other"}
        for r in range(20) for events in ((event,), (other, event))
    ]  # fmt: skip
    assert names[::2] == names[1::2]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({"where": "amount > 5"}, r"events\[0\].where must compare segment, channel, product, region with a value, got 'amount > 5'"),
        ({"where": "channel == wev"}, r"events\[0\].where must name one of the model's channels, got 'wev'.*did you mean 'web'"),
        ({"where": "segment == all", "leads": 0.5}, r"events\[0\].leads must be 1 where the condition speaks of a segment, got 0.5"),
        ({"rep": "Bob"}, r"events\[0\].rep must name a rep, got 'Bob'"),
        ({"until": "2026-01-01"}, "until must not be before start"),
    ],
)  # fmt: skip
def test_an_event_that_does_not_fit_is_refused(event, message):
    with pytest.raises(InvalidModelError, match=message):
        model(channels=[WEB], events=[{**CUT, **event}])


# through a whole run ----------------------------------------------------------------------------

EXITS = [{"to": "won", "probability": 0.5, "delay_days": 3.0}, {"to": "lost", "probability": 0.5, "delay_days": 3.0}]
STAGES = [{"name": "Open", "exits": EXITS}]


def test_a_price_cut_lowers_the_win_rate_of_exposed_deals_only():
    channels = [{"name": n, "leads_per_week": 140.0} for n in ("web", "展会")]
    event = {**CUT, "win_logit": -50.0, "where": "channel == 展会"}
    base, cut = (simulate(model(channels=channels, stages=STAGES, events=e)) for e in ([], [event]))
    hit = (base.deal.channel == 1) & (base.deal.created >= 10.0) & (base.deal.created < 30.0)  # decided on entry
    assert (cut.deal.status[hit] == -2).all()
    assert (base.deal.status[hit] == -1).any()
    assert cut.deal.status[~hit].tolist() == base.deal.status[~hit].tolist()
    assert cut.deal.closed.tolist()[-1] == base.deal.closed.tolist()[-1] or np.isnan(base.deal.closed[-1])


def test_a_products_odds_are_felt_in_every_stage():
    products = [{"name": "A", "advance_logit": 50.0}, {"name": "B", "advance_logit": -50.0}]
    log = simulate(model(channels=[WEB], stages=STAGES, products=products, horizon_days=200.0), until=150.0)
    done = log.deal.status != -4
    assert ((log.deal.product == 0) == (log.deal.status == -1))[done].all()
    assert {-1, -2} <= set(log.deal.status.tolist())


def test_a_rep_whom_an_event_takes_away_does_no_more_work():
    stages = [{"name": "Open", "tasks": [{"role": "AE", "work_hours": 1.0}], "exits": [{"to": "won", "probability": 1.0}]}]
    m = model(channels=[WEB], stages=stages, roles=[{"name": "AE"}], reps=[{"name": "Ada", "role": "AE"}, {"name": "Bo", "role": "AE"}],
              events=[{"name": "Bo goes", "start": "2027-01-14", "rep": "Bo"}])  # fmt: skip
    log = simulate(m)
    bo = log.task.rep == 1
    assert bo.any()
    assert log.task.started[bo].max() < 10.0
    assert log.rep_left.tolist() == [math.inf, 10.0]
