"""Which stage should we fix? The chain's answer, and the answer with busy reps."""

from __future__ import annotations

import pytest

from simsales.errors import InvalidInputError
from simsales.experiment.sensitivity import sensitivity, win_chance
from simsales.model.levers import Scenario
from simsales.model.schema import Model


def model(rates: dict[str, float], hours: float = 0.0) -> Model:
    names = [*rates, "won"]
    stages = []
    for i, (name, rate) in enumerate(rates.items()):
        exits = [{"to": names[i + 1], "probability": rate, "delay_days": {"gamma": {"mean": 4.0, "cv": 1.0}}}, {"to": "lost", "probability": 1.0 - rate, "delay_days": 3.0}]
        stages.append({"name": name, "exits": exits, "tasks": [{"role": "AE", "work_hours": hours}] if hours and i == len(rates) - 1 else []})
    people = {"roles": [{"name": "AE"}], "reps": [{"role": "AE"}]} if hours else {}
    return Model.model_validate({"name": "漏斗", "channels": [{"name": "web", "leads_per_week": 70.0}], "segments": [{"name": "all", "amount": 100.0}], "stages": stages, "horizon_days": 120.0} | people)


def test_the_chain_alone_is_the_product_of_the_rates() -> None:
    assert win_chance(model({"A": 0.8, "B": 0.75, "C": 0.5})) == pytest.approx(0.3)


def test_points_pay_most_at_the_lowest_rate_and_percent_pay_alike() -> None:
    found = sensitivity(model({"A": 0.8, "B": 0.5, "C": 0.6}), replications=3, cases=400, both=False)
    naive = found.ranking("points").set_index("stage")["naive_rank"]
    assert naive.sort_values().index.tolist() == ["B", "C", "A"]
    percent = found.ranking("percent")["naive"]
    assert percent.max() - percent.min() < 1e-6 * percent.max()
    base = found.comparison.base.frame["bookings"].mean()
    # + 5 points on 0.5 is + 10 % of all wins
    row = found.table[(found.table["stage"] == "B") & (found.table["kind"] == "points")].iloc[0]
    assert row["naive"] == pytest.approx(0.1 * base)
    assert row["bookings_low"] <= row["bookings"] <= row["bookings_high"]
    # on the same draws a step up can only add wins: its size is the chain's within three standard errors of a binomial count
    assert abs(row["bookings"] - row["naive"]) < 3 * 100 * (3 * 400 * 0.24 * 0.1) ** 0.5 / 3 * 1.5


def test_busy_reps_change_the_answer_and_the_chain_does_not_see_it() -> None:
    free = sensitivity(model({"A": 0.8, "B": 0.5}), replications=3, both=False)
    busy = sensitivity(model({"A": 0.8, "B": 0.5}, hours=8.0), replications=3, both=False)
    more_leads = lambda found: found.table.query("stage == 'A' and kind == 'points'").iloc[0]  # noqa: E731
    assert more_leads(free)["bookings"] > 0.5 * more_leads(free)["naive"] > 0.0
    assert abs(more_leads(busy)["bookings"]) < 0.5 * more_leads(busy)["naive"]  # the one rep had more to do than he could already


def test_waits_and_spread_are_moved_too_and_both_ways_if_wanted() -> None:
    found = sensitivity(model({"A": 0.8, "B": 0.5}, hours=1.0), replications=2, cases=60)
    assert set(found.table["kind"]) == {"points", "percent", "wait", "spread"}
    assert set(found.table.query("kind == 'points'")["step"]) == {"+5 pp", "-5 pp"}
    assert (found.table.query("kind == 'wait'")["cycle_days"] < 0).all()
    assert set(found.ranking("points")["step"]) == {"+5 pp"}
    assert found.ranking("wait", "cycle_days")["cycle_days"].is_monotonic_increasing


def test_own_scenarios_may_be_ranked() -> None:
    scenarios = [Scenario(name=f"x{by}", changes=[{"scale": {"path": "channels[web].leads_per_week", "by": by}}]) for by in (1.1, 1.5)]
    found = sensitivity(model({"A": 0.8}), scenarios, replications=2)
    assert found.ranking("own")["stage"].tolist() == ["x1.5", "x1.1"]


def test_what_cannot_be_ranked_is_refused() -> None:
    certain = model({"A": 1.0})
    bare = certain.model_copy(update={"stages": tuple(s.model_copy(update={"exits": tuple(e.model_copy(update={"delay_days": type(s.exits[1].delay_days)(value=1.0)}) for e in s.exits)}) for s in certain.stages)})
    assert set(sensitivity(bare, replications=2, cases=3).table["kind"]) == {"wait"}
    with pytest.raises(InvalidInputError, match="kind must be one of points, percent"):
        sensitivity(model({"A": 0.8}), replications=2, cases=3).ranking("price")
    with pytest.raises(InvalidInputError, match="stages must include one with an exit forward"):
        sensitivity(bare, [], replications=2)


def test_what_follows_a_win_is_not_ranked():
    stages = [
        {"name": "A", "exits": [{"to": "won", "then": "Use", "probability": 0.5}, {"to": "lost", "probability": 0.5}]},
        {"name": "Use", "after_sale": True, "exits": [{"to": "retained", "probability": 0.8}, {"to": "churned", "probability": 0.2}]},
    ]
    model = Model(channels=[{"name": "web", "leads_per_week": 7.0}], segments=[{"name": "all", "amount": 100.0}], stages=stages)
    found = sensitivity(model, both=False, replications=2, cases=50)
    assert set(found.table["stage"]) == {"A"}


def test_only_the_kinds_that_are_asked_for_are_moved():
    model = Model(channels=[{"name": "web", "leads_per_week": 7.0}], segments=[{"name": "all", "amount": 100.0}], stages=[
        {"name": "A", "exits": [{"to": "won", "probability": 0.5, "delay_days": 5.0}, {"to": "lost", "probability": 0.5}]}])  # fmt: skip
    found = sensitivity(model, both=False, kinds=("wait",), replications=2, cases=50)
    assert set(found.table["kind"]) == {"wait"}
    with pytest.raises(InvalidInputError, match="kinds must be some of points, percent, wait, spread, got speed. Hint: leave it out"):
        sensitivity(model, kinds=("speed",), replications=2, cases=50)
