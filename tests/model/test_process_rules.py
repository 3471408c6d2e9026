"""Rules of the process: each broken one is said in words, with advice."""

from __future__ import annotations

import re
from typing import Any

import pytest

from simsales.errors import InvalidModelError
from simsales.model.schema import Model

WON = {"to": "won", "probability": 1.0}
ADVICE = "Hint"


def model(*stages: dict[str, Any], **parts: Any) -> Model:
    fields: dict[str, Any] = {
        "channels": [{"name": "web", "leads_per_week": 1.0}],
        "roles": [{"name": "AE"}, {"name": "Boss"}], "reps": [{"role": "AE"}],
        "stages": list(stages),
    }  # fmt: skip
    return Model(**(fields | parts))


def open_(**parts: Any) -> dict[str, Any]:
    return {"name": "Open", "exits": [WON], **parts}


def after(name: str = "Onboarding", to: str = "retained") -> dict[str, Any]:
    return {"name": name, "after_sale": True, "exits": [{"to": to, "probability": 1.0}]}


def task(**parts: Any) -> dict[str, Any]:
    return {"role": "AE", "work_hours": 1.0, **parts}


SOLD = open_(exits=[{**WON, "then": "Onboarding"}])
BROKEN: dict[str, tuple[list[dict[str, Any]], str]] = {
    "then without a win": (
        [open_(exits=[{"to": "lost", "probability": 1.0, "then": "Onboarding"}]), after()],
        "stages[0].exits[0].then must stand beside to: won, got to: lost. Hint",
    ),
    "then to a stage before the win": (
        [open_(exits=[{**WON, "then": "Offer"}]), {"name": "Offer", "exits": [WON]}],
        "stages[0].exits[0].then must be an after-sale stage, got 'Offer'. Hint: mark 'Offer' with after_sale: true.",
    ),
    "then to nowhere": (
        [open_(exits=[{**WON, "then": "Onbording"}]), after()],
        "then must be an after-sale stage, got 'Onbording'. Hint: did you mean 'Onboarding'?",
    ),
    "straight past the win": (
        [open_(exits=[{"to": "Onboarding", "probability": 1.0}]), after()],
        "stages[0].exits[0].to must not lead past the win, got 'Onboarding' in 'Open'. Hint: write to: won, then: Onboarding.",
    ),
    "retained before the win": (
        [open_(exits=[{"to": "retained", "probability": 1.0}])],
        "stages[0].exits[0].to must not lead past the win, got 'retained' in 'Open'. Hint: retained and churned end after-sale stages",
    ),
    "back before the win": (
        [SOLD, after(to="Open")],
        "stages[1].exits[0].to must lead on after the sale, got 'Open' in 'Onboarding'. Hint: allowed are Onboarding, retained, churned.",
    ),
    "won after the win": ([SOLD, after(to="won")], "stages[1].exits[0].to must lead on after the sale, got 'won' in 'Onboarding'. Hint"),
    "customers first": ([after(), open_()], "stages[0].after_sale must be false, got true in 'Onboarding'. Hint: list the stages before the win first"),
    "the first task is parallel": (
        [open_(tasks=[task(), task(at="end", parallel=True)])],
        "stages[0].tasks[1].parallel must follow a task with at: end to begin with, got the first one. Hint",
    ),
    "a tier that cannot be read": ([open_(tasks=[task(when="amount 5")])], "stages[0].tasks[0].when must compare amount"),
    "escalation without a level": ([open_(escalate_to="AE")], "stages[0].escalate_to must stand beside sla_days, got it alone. Hint"),
    "escalation to nobody": (
        [open_(sla_days=1.0, escalate_to="AEE")],
        "stages[0].escalate_to must be one of the roles, or pass, got 'AEE'. Hint: did you mean 'AE'?",
    ),
    "escalation to an empty role": (
        [open_(sla_days=1.0, escalate_to="Boss")],
        "reps must include somebody of the role 'Boss' to which stages[0] escalates, got nobody.",
    ),
    "a context's condition": (
        [open_(contexts=[{"when": "weekday == mon"}])],
        "stages[0].contexts[0].when must compare amount, discount, score, visit",
    ),
    "a context's exits": (
        [open_(contexts=[{"when": "visit >= 2", "exits": [{"to": "lost", "probability": 0.4}]}])],
        "stages[0].contexts[0].exits must have probabilities that add up to 1, got 0.4 in 'Open'. Hint",
    ),
    "a context's target": (
        [open_(contexts=[{"when": "visit >= 2", "exits": [{"to": "losst", "probability": 1.0}]}])],
        "stages[0].contexts[0].exits[0].to must be a stage or an outcome, got 'losst'. Hint: did you mean 'lost'?",
    ),
    "an unknown stage before": (
        [open_(contexts=[{"when": "previous == Opne"}])],
        "stages[0].contexts[0].when must compare previous with one of the stages, got 'Opne'. Hint: did you mean 'Open'?",
    ),
    "an unknown segment": ([open_(when="segment == big")], "stages[0].when must compare segment with one of the segments, got 'big'. Hint: allowed are all."),
    "an unknown channel": ([open_(when="channel != mail")], "stages[0].when must compare channel with one of the channels, got 'mail'. Hint"),
    "products without products": ([open_(when="product == P")], "stages[0].when must compare product with one of the products, got 'P'. Hint: the model has no products."),
    "an unknown region": ([open_(when="region == 华东")], "stages[0].when must compare region with one of the regions, got '华东'. Hint: the model has no regions."),
    "unknown terms": ([open_(when="terms == special")], "stages[0].when must compare terms with one of the terms, got 'special'. Hint"),
    "a score without scoring": ([open_(when="score >= 3")], "stages[0].when must not ask for a score without scoring, got 'score >= 3'. Hint: add scoring"),
    "an effect of a score without scoring": ([open_(effects={"score": 0.5})], "stages[0].effects.score must stand beside the model's scoring, got none. Hint: add scoring"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_of_the_process_is_said_with_its_place(name):
    stages, message = BROKEN[name]
    with pytest.raises(InvalidModelError, match=re.escape(message)):
        model(*stages)


def test_deals_enter_before_the_win():
    channel = {"name": "web", "leads_per_week": 1.0, "entry": {"Onboarding": 1.0}}
    with pytest.raises(InvalidModelError, match=re.escape("channels[0].entry.Onboarding must be a stage before the win, got an after-sale stage. Hint")):
        model(SOLD, after(), channels=[channel])


def test_a_sound_process_is_accepted():
    stage = open_(
        tasks=[task(part="lead"), task(parallel=True, part="assist"), task(when="discount > authority", gather={"weekday": "tue"})],
        exits=[{**WON, "then": "Onboarding", "max_discount": 0.1}], sla_days=2.0, escalate_to="pass",
        contexts=[{"when": "previous != Open and visit <= 2", "exits": [{**WON, "then": "Onboarding"}]}],
    )  # fmt: skip
    assert model(stage, after()).stages[1].after_sale
