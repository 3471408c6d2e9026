"""Random markets: ids are unique, prices hold together, sources keep their own draws, prospects rest between contacts."""

from __future__ import annotations

from typing import Any

import numpy as np
from engine_models import model, simulate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simsales.engine import lower
from simsales.engine.leads.arrivals import Deals, make_deals
from simsales.engine.leads.rates import rate_pieces
from simsales.engine.streams import Purpose, Streams

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
LAW = st.sampled_from([0.0, 0.1, {"uniform": {"low": 0.0, "high": 1.5}}])
DATES = st.sampled_from(["2027-01-04", "2027-01-15", "2027-02-28"])


@st.composite
def channels(draw: st.DrawFn, name: str, products: list[str], regions: list[str]) -> dict[str, Any]:
    campaigns = [
        {"name": n, "start": draw(DATES), "leads": draw(st.sampled_from([0.0, 30.0])), "lag_days": draw(st.sampled_from([0.0, 3.0, 1.25]))}
        for n in draw(st.sampled_from([(), ("fair",), ("fair", "展会")]))
    ]
    found: dict[str, Any] = {
        "name": name, "leads_per_week": draw(st.sampled_from([0.0, 35.0])), "campaigns": campaigns,
        "overdispersion": draw(st.sampled_from([1.0, 2.5])), "hours": draw(st.sampled_from([None, "09:00-18:00"])),
        "market": draw(st.sampled_from([None, None, {"size": 40, "cooldown_days": 20.0}])),
        "spend": draw(st.sampled_from([None, {"per_week": 50.0, "most_leads_per_week": 70.0, "half_at": 100.0, "half_life_days": 9.0}])),
    }  # fmt: skip
    if products and draw(st.booleans()):
        found["products"] = {products[0]: 1.0}
    if regions and draw(st.booleans()):
        found["regions"] = {regions[-1]: 1.0}
    return found


@st.composite
def markets(draw: st.DrawFn) -> dict[str, Any]:
    products = draw(st.sampled_from([[], ["A"], ["A", "产品"]]))
    regions = draw(st.sampled_from([[], ["EU", "华东"]]))
    curve = st.sampled_from([(), ({"date": "2027-01-20", "factor": 0.0}, {"date": "2027-02-20", "factor": 2.0})])
    events = [
        {"name": "cut", "start": draw(DATES), "probability": draw(st.sampled_from([0.0, 0.5, 1.0])), "win_logit": -1.0,
         "exposure": 0.5, "amount": 0.8, "leads": draw(st.sampled_from([0.0, 1.0, 2.0]))},
        {"name": "small", "start": "2027-01-10", "until": "2027-01-20", "amount": 2.0, "where": "segment != mid"},
    ]  # fmt: skip
    return {
        "channels": [
            {**draw(channels(n, products, regions)), "segments": {"smb": 0.5, "mid": 0.5}} for n in ("web", "phone")
        ],
        "products": [{"name": n, "amount_scale": 1.5, "advance_logit": 0.3, "life_cycle": draw(curve)} for n in products],
        "regions": [{"name": n, "currency": "EUR" if n == "EU" else None} for n in regions],
        "fx": {"EUR": 7.5}, "events": events, "horizon_days": 80.0,
        "segments": [{"name": "smb", "amount": {"uniform": {"low": 1.0, "high": 9.0}}}, {"name": "mid", "amount": 100.0, "discount": draw(LAW)}],
        "pricing": {"discount": draw(LAW), "non_standard_terms": 0.3},
        "shocks": {"arrivals_quarter_cv": draw(st.sampled_from([0.0, 0.3])), "amount_quarter_cv": draw(st.sampled_from([0.0, 0.2]))},
        "scoring": {"factors": [{"name": "size", "law": {"exponential": {"mean": 2.0}}}], "noise_sd": 1.0},
        "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 0.5, "delay_days": 9.0}, {"to": "lost", "probability": 0.5}]}],
    }  # fmt: skip


@QUICK
@given(markets(), st.integers(0, 3))
def test_every_market_makes_deals_that_hold_together(parts, replication):
    log = simulate(model(**parts), replication=replication)
    assert len(set(log.ids.tolist())) == len(log.ids)
    assert (np.diff(log.deal.created) >= 0.0).all()
    assert np.allclose(log.deal.amount, log.deal.list_amount * (1.0 - log.deal.discount))
    assert ((log.deal.discount >= 0.0) & (log.deal.discount <= 1.0)).all()
    assert (log.deal.product >= 0).all() == bool(parts["products"]) or not len(log.ids)
    if parts["regions"] and len(log.ids):
        rows = log.deals
        assert np.allclose(rows["local_amount"] * np.where(rows["region"] == "EU", 7.5, 1.0), rows["amount"])


def prospects(deals: Deals, c: int, size: int) -> list[int]:
    mine = deals.channel == c
    return (deals.draws.vector(Purpose.PROSPECT)[mine] * size).astype(int).tolist()


@QUICK
@given(markets(), st.integers(0, 3))
def test_prospects_rest_between_contacts_and_nobody_else_stays_away(parts, replication):
    """A plain loop over all leads of the unlimited market lets through the same ones."""
    free = [{**channel, "market": None} for channel in parts["channels"]]
    limited, unlimited = (
        make_deals(lower(model(**(parts | {"channels": ch}))), Streams(1, replication)) for ch in (parts["channels"], free)
    )
    for c, channel in enumerate(parts["channels"]):
        mine = unlimited.channel == c
        times = unlimited.created[mine].tolist()
        expected, last = times, {}
        if channel["market"] is not None:
            expected = []
            for time, who in zip(times, prospects(unlimited, c, 40), strict=True):
                if time - last.get(who, -1e9) >= 20.0:
                    last[who] = time
                    expected.append(time)
        assert limited.created[limited.channel == c].tolist() == expected


@QUICK
@given(markets())
def test_campaigns_bring_what_they_state_whatever_the_hours(parts):
    plan = lower(model(**parts), until="2027-04-30")
    stated = {
        f"{channel['name']}/{campaign['name']}": campaign["leads"]
        for channel in parts["channels"] for campaign in channel["campaigns"]
    }  # fmt: skip
    for i, source in enumerate(plan.market.sources):
        if source.campaign is not None:
            assert np.isclose(rate_pieces(plan, i, plan.until).leads.sum(), stated[source.name])


@QUICK
@given(markets())
def test_taking_a_campaign_away_moves_no_other_source(parts):
    bare = [{**channel, "campaigns": [], "market": None} for channel in parts["channels"]]
    full = [{**channel, "market": None} for channel in parts["channels"]]
    one, two = (make_deals(lower(model(**(parts | {"channels": ch}))), Streams(1)) for ch in (full, bare))
    names = [source.campaign for source in lower(model(**(parts | {"channels": full}))).market.sources]
    kept = np.array([names[i] is None for i in one.source], dtype=bool)
    for column in ("created", "amount", "segment", "product", "region", "discount", "standard"):
        assert getattr(one, column)[kept].tolist() == getattr(two, column).tolist(), column
