"""Products, regions, currencies, campaigns, spending, finite markets, prices and scores, worked out by hand (R1)."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from engine_models import model, simulate
from scipy import special

from simsales.engine import lower
from simsales.engine.leads.arrivals import Deals, make_deals
from simsales.engine.leads.rates import rate_pieces
from simsales.engine.lower.leads import distinct
from simsales.engine.streams import Streams
from simsales.errors import InvalidModelError
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.market import Point
from simsales.model.scoring import Scoring, lead_score

WEB = {"name": "web", "leads_per_week": 70.0}


def deals(seed: int = 1, replication: int = 0, **parts) -> Deals:
    return make_deals(lower(model(**parts)), Streams(seed, replication))


def expected(i: int = 0, **parts) -> list[float]:
    """Expected leads of source i day by day from Monday 2027-01-04."""
    plan = lower(model(**parts))
    pieces = rate_pieces(plan, i, plan.until)
    day = np.floor(pieces.begin).astype(int)
    return np.bincount(day, weights=pieces.leads).round(9).tolist()


def count_is(count: float, mean: float) -> None:
    assert abs(count - mean) < 4.0 * math.sqrt(mean)


# products and regions ---------------------------------------------------------------------------


def test_products_and_regions_are_drawn_in_their_shares_and_scale_amounts():
    found = deals(
        channels=[{**WEB, "leads_per_week": 700.0, "regions": {"N": 0.25, "S": 0.75}}],
        products=[{"name": "A", "share": 3.0, "amount_scale": 2.0}, {"name": "B", "share": 1.0, "amount_scale": 0.5}],
        regions=[{"name": "N", "amount_scale": 10.0}, {"name": "S"}], segments=[{"name": "all", "amount": 100.0}],
    )  # fmt: skip
    n = len(found.created)
    assert (found.product == 0).mean() == pytest.approx(0.75, abs=4 * 0.433 / n**0.5)
    assert (found.region == 0).mean() == pytest.approx(0.25, abs=4 * 0.433 / n**0.5)
    scale = np.array([2.0, 0.5])[found.product] * np.array([10.0, 1.0])[found.region]
    assert found.amount.tolist() == (100.0 * scale).tolist()


def test_a_model_without_products_has_none():
    found = deals(channels=[WEB])
    assert set(found.product.tolist()) == set(found.region.tolist()) == {-1}
    assert found.standard.all()
    assert not found.has_logit
    assert found.amount is not found.list_amount
    assert found.amount.tolist() == found.list_amount.tolist()


def test_a_life_cycle_moves_the_mix_and_the_rate_of_a_channel():
    """A is half of demand; its factor rises from 1 (day 0) to 3 (day 100): day 50 has factor 2, so 1.5 times the leads."""
    products = [
        {"name": "A", "life_cycle": [{"date": "2027-01-04", "factor": 1.0}, {"date": "2027-04-14", "factor": 3.0}]},
        {"name": "B"},
    ]  # fmt: skip
    daily = expected(channels=[WEB], products=products)
    assert daily[0] == pytest.approx(10.0 * (1.01 + 1) / 2)  # the middle of the first day: factor 1.01
    assert daily[49] == pytest.approx(10.0 * (1 + 0.02 * 49.5 + 1) / 2)
    found = deals(channels=[{**WEB, "leads_per_week": 7000.0}], products=products)
    late = found.created > 90
    mean = (1.0 + 0.02 * 95.0) / (2.0 + 0.02 * 95.0)
    assert (found.product[late] == 0).mean() == pytest.approx(mean, abs=4 * 0.5 / late.sum() ** 0.5)


def test_before_its_launch_a_product_is_not_sold():
    points = [Point(date="2027-01-31", factor=0.0), Point(date="2027-02-01", factor=1.0)]
    found = deals(channels=[WEB], products=[{"name": "old"}, {"name": "new", "life_cycle": points}])
    assert (found.product[found.created < 27] == 0).all()
    assert (found.product[found.created > 28] == 1).any()


def test_product_and_region_shift_the_odds():
    found = deals(
        channels=[WEB], products=[{"name": "A", "advance_logit": 0.5}], regions=[{"name": "N", "advance_logit": -0.2}]
    )
    assert found.has_logit
    assert found.logit(3, 0) == 0.5 - 0.2


def test_a_new_product_moves_no_other_draw():
    one, two = (
        deals(channels=[WEB], segments=[{"name": "all", "amount": {"uniform": {"low": 1.0, "high": 9.0}}}], products=p)
        for p in ([], [{"name": "A"}, {"name": "B"}])
    )
    assert one.created.tolist() == two.created.tolist()
    assert one.amount.tolist() == two.amount.tolist()


# currencies -------------------------------------------------------------------------------------


def test_amounts_are_converted_at_the_rate_of_the_day_of_creation():
    log = simulate(model(
        currency="CNY", channels=[WEB], segments=[{"name": "all", "amount": 100.0}],
        regions=[{"name": "EU", "currency": "EUR"}, {"name": "华东"}],
        fx={"EUR": [{"start": "2027-01-01", "rate": 7.5}, {"start": "2027-02-03", "rate": 8.0}]},
    ))  # fmt: skip
    rows = log.deals
    europe = rows["region"] == "EU"
    early = log.deal.created < 30.0
    assert set(rows["amount"][europe & early]) == {750.0}
    assert set(rows["amount"][europe & ~early]) == {800.0}
    assert set(rows["amount"][~europe]) == {100.0}
    assert set(rows["local_amount"]) == {100.0}
    assert rows["local_currency"].tolist() == np.where(europe, "EUR", "CNY").tolist()
    assert set(rows["currency"]) == {"CNY"}  # every amount in one currency: a sum counts each deal once


def test_a_region_may_state_the_models_own_currency():
    log = simulate(model(currency="CNY", channels=[WEB], regions=[{"name": "华东", "currency": "CNY"}]))
    assert "local_amount" not in log.deals


# campaigns --------------------------------------------------------------------------------------


def test_a_campaign_brings_its_leads_evenly_over_its_days_after_the_lag():
    fair = {"name": "fair", "start": "2027-01-08", "until": "2027-01-10", "leads": 90.0, "lag_days": 2.0}
    daily = expected(1, channels=[{**WEB, "campaigns": [fair], "hours": "09:00-18:00"}])
    assert daily[5:11] == pytest.approx([0.0, 30.0, 30.0, 30.0, 0.0, 0.0])
    assert sum(daily) == pytest.approx(90.0)
    half = expected(1, channels=[{**WEB, "campaigns": [fair | {"lag_days": 2.5}]}])
    assert half[5:11] == pytest.approx([0.0, 15.0, 30.0, 30.0, 15.0, 0.0])


def test_a_campaign_moves_nobody_elses_draws_and_has_ids_of_its_own():
    fair = {"name": "展会", "start": "2027-01-08", "leads": 50.0}
    parts = {"segments": [{"name": "all", "amount": {"uniform": {"low": 1.0, "high": 9.0}}}]}
    before = simulate(model(channels=[WEB], **parts)).deals.set_index("deal_id")
    after = simulate(model(channels=[{**WEB, "campaigns": [fair]}], **parts)).deals.set_index("deal_id")
    columns = ["created_at", "amount", "closed_at", "status"]
    assert after.loc[before.index, columns].equals(before[columns])
    extra = after.drop(before.index)
    assert extra.index[0] == "web/展会-000001"
    assert (extra["channel"] == "web").all()
    count_is(len(extra), 50.0)
    assert set(extra["created_at"].dt.date) == {dt.date(2027, 1, 8)}


def test_a_dated_campaign_of_a_scenario_replaces_its_share():
    m = model(channels=[{**WEB, "campaigns": [{"name": "fair", "start": "2027-02-08", "leads": 100.0}]}])
    change = {"path": "channels[web].campaigns[fair].leads", "by": 3.0, "start": "2027-02-01", "adoption": 0.5}
    plan = lower(apply(Scenario(changes=[{"scale": change}]), m))
    assert rate_pieces(plan, 1, plan.until).leads.sum() == pytest.approx(200.0)


# spending ---------------------------------------------------------------------------------------


def bought(**spend) -> dict:
    return {"name": "web", "leads_per_week": 0.0, "spend": {"per_week": 100.0, "most_leads_per_week": 70.0, "half_at": 100.0, **spend}}


def test_spending_brings_leads_with_diminishing_returns():
    assert sum(expected(1, channels=[bought()])[:7]) == pytest.approx(35.0)
    assert sum(expected(1, channels=[bought(per_week=300.0)])[:7]) == pytest.approx(52.5)
    assert sum(expected(1, channels=[bought(per_week=300.0, shape=2.0)])[:7]) == pytest.approx(63.0)
    assert sum(expected(1, channels=[bought(per_week=0.0)])) == 0.0
    log = simulate(model(channels=[bought()], horizon_days=700.0))
    count_is(len(log.deals), 3500.0)
    assert log.deals["deal_id"].iloc[0] == "web:spend-000001"


def budget(to: float, start: str = "2027-01-18", **spend) -> list[float]:
    change = {"path": "channels[web].spend.per_week", "to": to, "start": start}
    plan = lower(apply(Scenario(changes=[{"set": change}]), model(channels=[bought(**spend)])))
    pieces = rate_pieces(plan, 1, plan.until)
    return (pieces.leads * 7.0).tolist()  # a day's leads as a weekly rate


def test_a_spend_shift_moves_arrivals_after_the_lag():
    weekly = budget(300.0, lag_days=7.0)
    assert weekly[:21] == pytest.approx([35.0] * 21)
    assert weekly[21:] == pytest.approx([52.5] * 79)


def test_content_works_on_with_its_half_life():
    weekly = budget(0.0, half_life_days=10.0)
    assert weekly[:14] == pytest.approx([35.0] * 14)
    stock = 100.0 * 0.5 ** (10.0 / 10.0)  # ten days after the money stops, half of it still works
    assert weekly[23:25] == pytest.approx([70.0 * s / (s + 100.0) for s in (stock * 2**0.05, stock * 2**-0.05)], rel=1e-3)


# finite markets ---------------------------------------------------------------------------------


def finite(size: int, cooldown: float = 365.0, rate: float = 70.0, days: float = 700.0) -> Deals:
    market = {"size": size, "cooldown_days": cooldown}
    return deals(channels=[{"name": "web", "leads_per_week": rate, "market": market}], horizon_days=days)


def test_one_prospect_comes_once_a_cooldown():
    gaps = np.diff(finite(1, cooldown=100.0).created)
    assert (gaps >= 100.0).all()
    assert len(gaps) == 6  # at 10 leads a day the next one comes within a day or so: days 0, 100, ..., 600
    assert len(finite(1, cooldown=1e9).created) == 1


def test_a_market_is_worked_through():
    """After n contacts of N prospects, N (1 - exp(-n / N)) are known: 1000 of 500 leave 13.5 % (and nobody comes back)."""
    found = finite(500, cooldown=1e9, days=100.0)
    count_is(len(found.created), 500 * (1 - math.exp(-1000 / 500)))


def test_the_survivors_keep_their_numbers_and_a_huge_market_is_none():
    free = deals(channels=[WEB], horizon_days=100.0)
    huge = finite(100_000_000, days=100.0)
    assert huge.created.tolist() == free.created.tolist()
    small = finite(200, days=100.0)
    assert len(small.created) < len(free.created)
    numbers = small.number.tolist()
    assert small.created.tolist() == free.created[numbers].tolist()
    assert numbers == sorted(numbers)
    assert numbers != list(range(len(numbers)))


def test_a_campaign_draws_on_the_same_market():
    channel = {**WEB, "campaigns": [{"name": "fair", "start": "2027-01-04", "leads": 400.0}], "market": {"size": 100}}
    found = deals(channels=[channel])
    organic = (found.source == 0) & (found.created >= 1.0)
    assert organic.sum() < 15  # the fair has met nearly all 100 on the first day


def test_opening_deals_count_as_contacted():
    m = model(channels=[{**WEB, "market": {"size": 1, "cooldown_days": 60.0}}])
    opening = pd.DataFrame({"deal_id": ["x"], "stage": ["Open"], "age_days": [10.0], "channel": ["web"]})
    found = make_deals(lower(m, opening=opening), Streams(1))
    assert found.created[1] >= 50.0
    assert len(found.created) == 2


def test_exactly_so_many_cases_come_from_a_finite_market():
    m = model(channels=[{**WEB, "market": {"size": 50, "cooldown_days": 30.0}}])
    assert len(simulate(m, cases=120).deals) == 120


# prices -----------------------------------------------------------------------------------------


def test_a_discount_is_clipped_and_lowers_the_amount():
    found = deals(
        channels=[{**WEB, "segments": {"a": 0.5, "b": 0.5}}], pricing={"discount": {"uniform": {"low": 0.0, "high": 2.0}}},
        segments=[{"name": "a", "amount": 100.0}, {"name": "b", "amount": 100.0, "discount": 0.25}],
    )  # fmt: skip
    a = found.segment == 0
    assert found.amount.tolist() == (found.list_amount * (1.0 - found.discount)).tolist()
    assert set(found.amount[~a]) == {75.0}
    assert found.discount.max() == 1.0
    assert (found.discount[a] == 1.0).mean() == pytest.approx(0.5, abs=4 * 0.5 / a.sum() ** 0.5)


def test_some_deals_ask_for_other_terms():
    found = deals(channels=[{**WEB, "leads_per_week": 700.0}], pricing={"non_standard_terms": 0.2})
    assert (~found.standard).mean() == pytest.approx(0.2, abs=0.03)


def test_what_is_known_of_opening_deals_stays():
    m = model(
        channels=[{**WEB, "leads_per_week": 0.0}], products=[{"name": "A", "share": 0.0}, {"name": "B"}], regions=[{"name": "N"}],
        segments=[{"name": "all", "amount": 500.0}], pricing={"discount": 0.5},
        scoring={"factors": [{"name": "size", "law": 3.0}]},
    )  # fmt: skip
    opening = pd.DataFrame({
        "deal_id": ["x", "y"], "stage": "Open", "age_days": 1.0, "product": ["A", None], "discount": [0.2, None],
        "amount": [80.0, None], "score": [9.0, None],
    })  # fmt: skip
    found = make_deals(lower(m, opening=opening), Streams(1))
    assert found.product.tolist() == [0, 1]
    assert found.list_amount.tolist() == [100.0, 500.0]
    assert found.amount.tolist() == [80.0, 250.0]
    assert [found.score_at(i, 0.0) for i in (0, 1)] == [9.0, 3.0]


# scores -----------------------------------------------------------------------------------------

SCORING = {
    "factors": [
        {"name": "visits", "weight": 2.0, "kind": "behaviour", "half_life_days": 10.0, "law": {"uniform": {"low": 0.0, "high": 10.0}}},
        {"name": "size", "law": {"uniform": {"low": 0.0, "high": 100.0}}, "bands": [{"upto": 50, "points": 1}, {"points": 8}]},
    ],
    "intercept": 0.5,
}  # fmt: skip


def test_scores_are_weighted_draws_and_behaviour_fades():
    found = deals(channels=[WEB], scoring=SCORING)
    start = found.created[5]
    fresh, old = found.score_at(5, start), found.score_at(5, start + 10.0)
    behaviour = 2.0 * (fresh - old)  # half of it is gone after a half-life
    assert 0.0 < behaviour < 20.0
    assert fresh - behaviour - 0.5 in (pytest.approx(1.0), pytest.approx(8.0))
    size = 60.0 if fresh - behaviour > 5 else 40.0
    assert fresh == pytest.approx(lead_score(Scoring(**SCORING), {"visits": behaviour / 2.0, "size": size}))
    assert found.seen_score_at(5, start) == fresh  # no noise


def test_a_fitted_score_is_a_probability_and_people_see_it_with_noise():
    fitted = {"form": "logistic", "intercept": -1.0, "noise_sd": 0.7, "factors": [{"name": "v", "weight": 0.5, "law": 2.0}]}
    found = deals(channels=[{**WEB, "leads_per_week": 700.0}], scoring=fitted)
    assert found.score_at(0, 50.0) == 0.5  # -1 + 0.5 x 2
    noise = special.logit([found.seen_score_at(i, 50.0) for i in range(len(found.created))])
    assert noise.std() == pytest.approx(0.7, rel=0.1)
    assert noise.mean() == pytest.approx(0.0, abs=0.1)


def test_without_scoring_every_score_is_zero():
    assert deals(channels=[WEB]).score_at(0, 1.0) == 0.0


# what check says --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"channels": [{**WEB, "products": {"A": 0.5, "B": 0.4}}], "products": [{"name": "A"}, {"name": "B"}]},
         r"channels\[0\].products must have shares that add up to 1, got 0.9"),
        ({"channels": [{**WEB, "regions": {"Nord": 1.0}}], "regions": [{"name": "North"}]},
         r"channels\[0\].regions.Nord must name one of the model's regions.*did you mean 'North'"),
        ({"regions": [{"name": "EU", "currency": "EUR"}]}, r"regions\[0\].currency must be USD or have an exchange rate, got 'EUR'"),
        ({"channels": [{**WEB, "campaigns": [{"name": "f", "start": "2027-02-01", "until": "2027-01-01", "leads": 1.0}]}]},
         r"channels\[0\].campaigns\[0\].until must not be before start \(2027-02-01\), got 2027-01-01"),
        ({"channels": [{**WEB, "campaigns": [{"name": "f", "start": "2027-02-01", "leads": 1.0}] * 2}]},
         r"channels\[0\].campaigns must have unique names, got 'f' 2 times"),
        ({"channels": [{**WEB, "campaigns": [{"name": "f", "start": "2027-02-01", "leads": 1.0}]}, {"name": "web/f", "leads_per_week": 1.0}]},
         r"channels\[0\].campaigns\[0\].name must give ids of its own, got 'web/f'"),
        ({"channels": [{**WEB, "spend": {"per_week": 1.0, "most_leads_per_week": 1.0, "half_at": 1.0}}, {"name": "web:spend", "leads_per_week": 1.0}]},
         r"channels\[0\].spend must give ids of its own, got 'web:spend'"),
        ({"products": [{"name": "A", "share": 0.0}]}, "products must have a share above 0 somewhere"),
        ({"scoring": {"factors": [{"name": "v"}]}}, r"scoring.factors\[0\].law must say how 'v' spreads over leads"),
    ],
)  # fmt: skip
def test_a_market_that_does_not_fit_is_refused(parts, message):
    with pytest.raises(InvalidModelError, match=message):
        model(**parts)


def test_an_opening_deal_of_an_unknown_product_is_refused():
    opening = pd.DataFrame({"deal_id": ["x"], "stage": ["Open"], "age_days": [1.0], "product": ["Basix"]})
    with pytest.raises(InvalidModelError, match="opening.product must name a product of the model, got 'Basix'.*did you mean 'Basic'"):
        lower(model(products=[{"name": "Basic"}]), opening=opening)
    assert lower(model(), opening=opening).opening is not None  # a model without products does not read them


def test_sources_with_one_key_are_refused():
    with pytest.raises(InvalidModelError, match="channels and campaigns must have different 32-bit keys, got 'web' and 'web/fair'"):
        distinct(["web", "web/fair"], [7, 7])


def test_the_seen_score_decides_who_is_called_first():
    """Ten leads wait on the first morning; one rep calls the highest score first (hours 0, 1, 2, ...)."""
    fast = {"leads_per_week": 0.0, "campaigns": [{"name": "fair", "start": "2027-01-04", "leads": 10.0}], "name": "web"}
    stages = [{"name": "Open", "tasks": [{"role": "SDR", "work_hours": 1.0}], "exits": [{"to": "won", "probability": 1.0}]}]
    scoring = {"factors": [{"name": "size", "law": {"uniform": {"low": 0.0, "high": 100.0}}}], "noise_sd": 30.0}
    m = model(channels=[fast], stages=stages, scoring=scoring, roles=[{"name": "SDR", "queue": "score", "routing": "pool"}],
              reps=[{"name": "Ann", "role": "SDR", "hired": "2027-01-06"}])  # fmt: skip
    log, facts = simulate(m), make_deals(lower(m), Streams(1))
    n = len(log.deal.created)
    order = log.task.deal[np.argsort(log.task.started)].tolist()
    seen = sorted(range(n), key=lambda i: -facts.seen_score_at(i, 2.0))
    true = sorted(range(n), key=lambda i: -facts.score_at(i, 2.0))
    assert n > 5
    assert order == seen
    assert order != true
