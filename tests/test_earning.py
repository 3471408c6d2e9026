"""Pay that nobody can earn is said: it would drive effort and cost nothing."""

from __future__ import annotations

import pytest

from simsales.describe import unearned
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model


def shop(spiff: dict | None = None, splits: tuple = (), **parts) -> Model:
    plans = {"s": {"quota": 1e5, "rates": [{"rate": 0.01}], "splits": list(splits)}, "a": {"quota": 1e5, "rates": [{"rate": 0.08}]}}
    if spiff is not None:
        plans["s"]["spiffs"] = [{"name": "x", "start": "2027-03-01", "until": "2027-03-31", "rate": 0.01} | spiff]
    fields = {
        "epoch": "2027-01-01", "horizon_days": 365.0,
        "channels": [{"name": "web", "leads_per_week": 10.0, "segments": {"small": 1.0}}],
        "segments": [{"name": "small", "amount": {"lognormal": {"median": 1_000.0, "p90": 3_000.0}}}, {"name": "large", "amount": 9e4}],
        "roles": [{"name": "SDR"}, {"name": "AE"}], "plans": plans,
        "reps": [{"role": "SDR", "plan": "s"}, {"role": "AE", "plan": "a"}],
        "stages": [{"name": "Answer", "tasks": [{"role": "SDR", "work_hours": 1.0}], "exits": [{"to": "Sell", "probability": 1.0}]},
                   {"name": "Sell", "tasks": [{"role": "AE", "work_hours": 1.0}], "exits": [{"to": "won", "probability": 1.0}]}],
    }  # fmt: skip
    return Model(**(fields | parts))


SHARED = ({"role": "AE", "share": 1.0, "overlay": True},)


@pytest.mark.parametrize(
    ("spiff", "reason"),
    [
        ({}, None),
        ({"where": "amount > 2500"}, None),
        ({"where": "segment == large"}, "no deal meets segment == large"),  # no channel brings one
        ({"where": "amount > 90000000"}, "no deal meets amount > 90000000"),
        ({"where": "segment == small and channel == web"}, None),
        ({"start": "2028-03-01", "until": "2028-03-31"}, "it runs from 2028-03-01 to 2028-03-31, and the plan pays from 2027-01-01 to 2027-12-31"),
        ({"start": "2026-03-01", "until": "2026-12-31"}, "it runs from 2026-03-01 to 2026-12-31"),
    ],
)
def test_a_spiff_that_nobody_can_earn_is_said(spiff, reason):
    said = unearned(shop(spiff, SHARED))
    assert len(said) == (reason is not None)
    assert reason is None or reason in said[0]


def test_a_spiff_is_over_before_the_change_that_brings_it():
    change = {"plan": {"name": "s", "start": "2027-06-01", "spiffs": [{"name": "x", "start": "2027-03-01", "until": "2027-05-31", "rate": 0.1}]}}
    said = unearned(apply(Scenario(changes=[change]), shop(splits=SHARED)))
    assert said == ["Nobody can earn the SPIFF 'x' of plan s: it runs from 2027-03-01 to 2027-05-31, and the plan pays from 2027-06-01 to 2027-12-31."]
    change["plan"]["start"] = "2027-05-31"
    assert unearned(apply(Scenario(changes=[change]), shop(splits=SHARED))) == []
    assert unearned(shop({"start": "2028-03-01", "until": "2028-03-31"}, SHARED), until="2028-03-01") == []


def test_a_plan_whose_people_are_never_credited_is_said():
    said = unearned(shop())
    assert len(said) == 1
    assert said[0].startswith("Plan a pays for bookings, but no win is credited to its people (AE): wins are those of SDR. Hint: splits:")
    assert unearned(shop(splits=SHARED)) == []
    # owners without a plan leave the credit to whoever works last with one
    assert unearned(shop(reps=[{"role": "SDR"}, {"role": "AE", "plan": "a"}], splits=())) == []


def test_a_first_stage_that_some_deals_skip_makes_owners_of_the_next_role():
    m = shop()
    skipped = m.stages[0].model_copy(update={"when": "amount > 10"})
    assert unearned(m.model_copy(update={"stages": (skipped, m.stages[1])})) == []


@pytest.mark.parametrize(("share", "said"), [(1.0, False), (0.1, True), (None, True)])
def test_a_smaller_part_in_wins_of_others_is_said_since_effort_does_not_know_of_it(share, said):
    splits = [] if share is None else [{"role": "AE", "share": share, "overlay": True}]
    change = {"plan": {"name": "s", "base": 7.0, "splits": splits}}
    words = "Role 'AE' is credited"
    found = unearned(apply(Scenario(changes=[change]), shop(None, SHARED, effort={"elasticity": 0.3})))
    assert any(words in line and "where it was 100%" in line for line in found) == said
    assert not any(words in line for line in unearned(apply(Scenario(changes=[change]), shop(None, SHARED))))
