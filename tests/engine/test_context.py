"""Contexts, effects, pace and timing: what a deal's past and state change (R5, R8), worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from engine_models import days, hours, model, simulate, stage, waiting, work

from simsales.engine import rules
from simsales.engine.plan import LOST, NO_DECISION, WON

MANY = 4000
LAW = {"lognormal": {"median": 6.0, "p90": 21.0}}


def crowd(**row):
    return waiting(*[{"deal_id": f"x{i}", **row} for i in range(MANY)])


def share_won(m, **row):
    """The share of many deals that win, at once."""
    return float((simulate(m, opening=crowd(**row)).deal.status == WON).mean())


def near(p):
    return pytest.approx(p, abs=4 * math.sqrt(p * (1 - p) / MANY))


def even(**parts):
    """A stage in which half of the deals win."""
    exits = [{"to": "won", "probability": 0.5}, {"to": "lost", "probability": 0.5}]
    return {"name": "Open", "exits": exits, **parts}


def odds(p, shift):
    return p * math.exp(shift) / (1 - p + p * math.exp(shift))


# contexts ---------------------------------------------------------------------------------------


def test_the_first_context_that_holds_decides_the_exits():
    contexts = [
        {"when": "amount >= 100", "exits": [{"to": "lost", "probability": 1.0, "delay_days": 2.0}]},
        {"when": "amount >= 10", "exits": [{"to": "no_decision", "probability": 1.0, "delay_days": 3.0}]},
        {"when": "amount >= 10", "exits": [{"to": "lost", "probability": 1.0, "delay_days": 50.0}]},
    ]
    m = model(stages=[stage("Open", "won", 1.0, contexts=contexts)])
    log = simulate(m, opening=waiting({"amount": 5.0}, {"amount": 10.0}, {"amount": 100.0}))
    assert log.deal.status.tolist() == [WON, NO_DECISION, LOST]
    assert days(log.deal.closed) == [1.0, 3.0, 2.0]


def test_exits_depend_on_the_stage_before_and_on_the_number_of_the_visit():
    back = {"when": "visit >= 2", "exits": [{"to": "won", "probability": 1.0, "delay_days": 0.5}]}
    after_b = {"when": "previous == B", "delay_scale": 3.0}
    stages = [
        stage("Open", "B", 1.0, contexts=[back]),
        stage("B", "C", 1.0),
        stage("C", "Open", 2.0, contexts=[after_b]),
    ]
    log = simulate(model(stages=stages), opening=waiting({}, {"stage": "C"}))
    assert days(log.visit.left - log.visit.entered) == [1.0, 1.0, 6.0, 0.5, 2.0, 1.0, 1.0, 6.0, 0.5]
    assert log.deal.status.tolist() == [WON, WON]  # an opening deal's stage before is unknown


def test_a_context_scales_work_and_delays():
    slow = {"when": "segment == large", "delay_scale": 2.0, "work_scale": 1.5}
    m = model(
        segments=[{"name": "small"}, {"name": "large"}],
        channels=[{"name": "web", "leads_per_week": 0.0, "segments": {"small": 1.0}}],
        roles=[{"name": "AE", "concurrency": 2}], reps=[{"name": "Ann", "role": "AE"}],
        stages=[stage("Open", "won", 1.0, tasks=work(4.0), contexts=[slow])],
    )  # fmt: skip
    log = simulate(m, opening=waiting({"segment": "small"}, {"segment": "large"}))
    assert hours(log, "ended") == [4.0, 6.0]
    assert days(log.deal.closed) == pytest.approx([1 + 4 / 24, 2 + 6 / 24])


def test_a_context_shifts_the_odds_of_advancing():
    m = model(stages=[even(contexts=[{"when": "amount >= 10", "advance_logit": math.log(3)}])])
    assert share_won(m, amount=10.0) == near(0.75)
    assert share_won(m, amount=9.0) == near(0.5)


def test_contexts_know_channel_product_region_terms_and_score():
    names = {"channel == web": 1.0, "channel != web": 0.0, "product == P": 1.0, "region != 华东": 0.0, "region == 华东": 1.0,
             "terms == standard": 1.0, "terms == non_standard": 0.0, "score >= 3": 1.0, "score > 3": 0.0}  # fmt: skip
    for when, scaled in names.items():
        m = model(
            channels=[{"name": "web", "leads_per_week": 10.0}], products=[{"name": "P"}], regions=[{"name": "华东"}],
            scoring={"factors": [{"name": "fit", "weight": 1.0, "law": 3.0}]},
            stages=[stage("Open", "won", 2.0, contexts=[{"when": when, "delay_scale": 3.0}])],
        )  # fmt: skip
        log = simulate(m, cases=3)
        assert days(log.deal.closed - log.deal.created) == [6.0 if scaled else 2.0] * 3


def test_a_context_holds_for_what_an_opening_deal_has_still_to_do():
    m = model(stages=[stage("Open", "won", 4.0, contexts=[{"when": "amount >= 10", "delay_scale": 2.0}])])
    log = simulate(m, opening=waiting({"amount": 10.0, "age_days": 3.0, "p_waiting": 0.0}, {"amount": 1.0, "age_days": 3.0, "p_waiting": 0.0}))
    assert days(log.deal.closed) == [5.0, 1.0]


def test_contexts_follow_the_regime():
    from simsales.model.apply import apply
    from simsales.model.levers import Scenario

    m = model(stages=[stage("Open", "Open", 1.0, max_visits=4, contexts=[{"when": "visit >= 1", "delay_scale": 2.0}])])
    faster = Scenario(changes=[{"set": {"path": "stages[Open].contexts[0].delay_scale", "to": 1.0, "start": "2027-01-06"}}])
    log = simulate(apply(faster, m), opening=waiting({}))
    assert days(log.visit.entered) == [0.0, 2.0, 3.0, 4.0]


# effects ----------------------------------------------------------------------------------------


def test_the_rules_of_response_and_touch_by_hand():
    assert rules.response_shift(1.3, 0.5, 1.0, 1.0) == pytest.approx(-0.65 * math.log(2))
    assert rules.response_shift(1.3, 0.0, 1.0, 99.0) == 0.0
    assert rules.touch_shift(0.5, 8.0, 2.0) == pytest.approx(0.5 * math.log(4))
    assert rules.touch_shift(0.5, 0.0, 2.0) == pytest.approx(0.5 * math.log(0.01))


def test_a_late_answer_lowers_the_odds_with_a_curve_that_flattens():
    parts = {"roles": [{"name": "AE", "concurrency": MANY}], "reps": [{"name": "Ann", "role": "AE"}]}
    curve = {"response": {"k": 1.0, "tau_hours": 2.0, "kept": 0.5}}
    m = model(**parts, stages=[even(tasks=work(1.0), effects=curve)])
    late = [share_won(m, created_days=-d, age_days=0.0) for d in (0.25, 1.0)]
    assert share_won(m) == near(0.5)  # answered at once
    # an opening deal that has moved on was answered before: no response is known of it
    assert late == [near(0.5), near(0.5)]
    waited = [share_won(m, created_days=-h / 24, age_days=h / 24) for h in (6.0, 30.0)]
    assert waited == [near(odds(0.5, -0.5 * math.log(4))), near(odds(0.5, -0.5 * math.log(16)))]


def test_score_and_discount_move_the_odds():
    score = {"factors": [{"name": "fit", "weight": 1.0, "law": 3.0}], "reference": 2.0}
    m = model(scoring=score, stages=[even(effects={"score": math.log(3)})])
    assert share_won(m) == near(0.75)  # one point above the reference
    m = model(pricing={"discount": 0.1}, stages=[even(effects={"discount": 3.0})])
    assert share_won(m) == near(odds(0.5, 0.3))


def test_more_work_raises_the_odds():
    parts = {"roles": [{"name": "AE", "concurrency": MANY}], "reps": [{"name": "Ann", "role": "AE"}]}
    two = work(3.0) + work(5.0)
    m = model(**parts, stages=[even(tasks=two, effects={"touch": {"logit": 0.5, "reference_hours": 2.0}})])
    assert share_won(m) == near(odds(0.5, 0.5 * math.log(4)))


def test_products_and_events_move_the_odds():
    m = model(products=[{"name": "P", "advance_logit": math.log(3)}], stages=[even()])
    assert share_won(m) == near(0.75)
    cut = {"name": "price cut", "start": "2027-01-01", "until": "2027-01-10", "win_logit": -math.log(3)}
    later = {**cut, "start": "2027-02-01", "until": "2027-02-10"}
    assert share_won(model(events=[cut], stages=[even()])) == near(0.25)
    assert share_won(model(events=[later], stages=[even()])) == near(0.5)


def test_the_leads_skill_counts_where_somebody_leads():
    reps = [{"name": "Ann", "role": "AE", "skill": math.log(3)}, {"name": "Sam", "role": "SE", "skill": -9.0}]
    parts = {"roles": [{"name": "AE", "concurrency": MANY}, {"name": "SE", "concurrency": MANY}], "reps": reps}
    tasks = [{"role": "AE", "work_hours": 1.0, "part": "lead"}, {"role": "SE", "work_hours": 1.0, "part": "assist"}]
    assert share_won(model(**parts, stages=[even(tasks=tasks, effects={"skill": 1.0})])) == near(0.75)
    tasks[0].pop("part")
    assert share_won(model(**parts, stages=[even(tasks=tasks, effects={"skill": 1.0})])) < 0.01


# pace -------------------------------------------------------------------------------------------

CHAIN = [stage("Open", "Next", LAW), stage("Next", "won", {"exponential": {"mean": 5.0}})]


def two_delays(rho, **row):
    log = simulate(model(pace={"correlation": rho}, horizon_days=4000.0, stages=CHAIN), opening=crowd(p_waiting=0.0, **row))
    lasted = (log.visit.left - np.maximum(log.visit.entered, 0.0)).reshape(-1, 2)
    return lasted[:, 0], lasted[:, 1]


def test_pace_ties_delays_together_and_keeps_their_laws():
    from scipy import stats

    first, second = two_delays(0.6)
    scores = [stats.norm.ppf((stats.rankdata(each) - 0.5) / MANY) for each in (first, second)]
    assert np.corrcoef(scores)[0, 1] == pytest.approx(0.6, abs=4 * (1 - 0.36) / math.sqrt(MANY))
    sigma = math.log(21 / 6) / stats.norm.ppf(0.9)
    assert stats.kstest(first, stats.lognorm(sigma, scale=6.0).cdf).statistic < 1.95 / math.sqrt(MANY)
    assert stats.kstest(second, stats.expon(scale=5.0).cdf).statistic < 1.95 / math.sqrt(MANY)


def test_without_pace_delays_are_independent_and_the_same_as_ever():
    first, second = two_delays(0.0)
    assert abs(np.corrcoef(np.argsort(np.argsort(first)), np.argsort(np.argsort(second)))[0, 1]) < 4 / math.sqrt(MANY)
    plain = simulate(model(horizon_days=4000.0, stages=CHAIN), opening=crowd(p_waiting=0.0))
    assert plain.visit.left.reshape(-1, 2)[:, 0].tolist() == first.tolist()


def test_pace_also_holds_for_what_is_left_of_a_stay():
    from scipy import stats

    first, second = two_delays(0.6, age_days=4.0)
    assert stats.spearmanr(first, second).statistic > 0.4
    sigma = math.log(21 / 6) / stats.norm.ppf(0.9)
    law = stats.lognorm(sigma, scale=6.0)
    assert stats.kstest(first + 4.0, lambda x: (law.cdf(x) - law.cdf(4.0)) / law.sf(4.0)).statistic < 1.95 / math.sqrt(MANY)


def test_paced_is_the_copula():
    from scipy import special

    assert rules.paced(0.7, 1.3, 0.0) == 0.7
    by_hand = special.ndtr(math.sqrt(0.3) * 1.3 + math.sqrt(0.7) * special.ndtri(0.7))
    assert rules.paced(0.7, 1.3, 0.3) == pytest.approx(by_hand, rel=1e-12)
    assert 0.0 < rules.paced(1e-300, -40.0, 0.9) < rules.paced(1 - 1e-16, 40.0, 0.9) < 1.0


# timing -----------------------------------------------------------------------------------------


def test_wins_move_around_the_end_of_a_quarter():
    # the quarter ends at day 87 (1 April, counted from Monday 4 January)
    stages = [stage("Open", "won", 90.0)]
    pulled = simulate(model(timing={"pull": 1.0, "discount": 0.1}, stages=stages), opening=waiting({"amount": 100.0}))
    assert 73.0 <= pulled.deal.closed[0] < 87.0
    assert pulled.deal.amount.tolist() == [90.0]
    assert pulled.deal.discount[0] == pytest.approx(0.1)
    stages = [stage("Open", "won", 80.0)]
    pushed = simulate(model(timing={"push": 1.0, "discount": 0.1}, stages=stages), opening=waiting({"amount": 100.0}))
    assert 87.0 <= pushed.deal.closed[0] < 101.0
    assert pushed.deal.amount.tolist() == [100.0]
    stages = [stage("Open", "won", 20.0)]
    due = simulate(model(timing={"deadline": 1.0}, stages=stages), opening=waiting({}))
    assert 73.0 <= due.deal.closed[0] < 87.0


def test_timing_moves_wins_only_and_nothing_when_off():
    stages = [stage("Open", "lost", 90.0)]
    m = model(timing={"pull": 1.0, "push": 1.0, "deadline": 1.0}, stages=stages)
    assert days(simulate(m, opening=waiting({})).deal.closed) == [90.0]
    m = model(timing={}, stages=[stage("Open", "won", 90.0)])
    assert days(simulate(m, opening=waiting({})).deal.closed) == [90.0]


def test_an_opening_deals_win_may_move_too():
    m = model(timing={"push": 1.0}, stages=[stage("Open", "won", 90.0)])
    log = simulate(m, opening=waiting({"age_days": 10.0, "p_waiting": 0.0}))
    assert 87.0 <= log.deal.closed[0] < 101.0
