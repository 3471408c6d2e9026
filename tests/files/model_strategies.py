"""Hypothesis strategies for models that are valid by construction."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from simsales.model.base import OUTCOMES
from simsales.model.schema import Model

NUMBERS = st.floats(min_value=1e-6, max_value=1e12, allow_nan=False)
SMALL = st.floats(min_value=1e-3, max_value=1e3)
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(
    lambda name: name not in OUTCOMES
)


def laws() -> st.SearchStrategy[Any]:
    """Every law as a file spells it."""
    simple = st.one_of(
        st.floats(min_value=0, max_value=1e9),
        st.builds(lambda low, width: {"uniform": {"low": low, "high": low + width}}, SMALL, SMALL),
        st.builds(lambda mean: {"exponential": {"mean": mean}}, NUMBERS),
        st.builds(lambda mean, cv: {"gamma": {"mean": mean, "cv": cv}}, NUMBERS, SMALL),
        st.builds(lambda m, k: {"lognormal": {"median": m, "p90": m * (1.0 + k)}}, SMALL, SMALL),
        st.builds(lambda mean, cv: {"lognormal": {"mean": mean, "cv": cv}}, NUMBERS, SMALL),
        st.builds(lambda a, b: {"weibull": {"scale": a, "shape": b}}, SMALL, SMALL),
        st.builds(lambda v: {"empirical": {"values": v}}, st.lists(NUMBERS, min_size=1, max_size=40)),
        st.builds(
            lambda v: {"empirical": {"values": sorted(v), "p": [i / (len(v) - 1) for i in range(len(v))]}},
            st.lists(NUMBERS, min_size=2, max_size=40),
        ),
    )
    parts = st.lists(st.builds(lambda w, law: {"weight": w, "law": law}, SMALL, simple), min_size=1, max_size=3)
    return st.one_of(simple, st.builds(lambda p: {"mixture": p}, parts))


@st.composite
def stage_data(draw: st.DrawFn, name: str, targets: list[str], roles: list[str]) -> dict[str, Any]:
    """A stage whose exits add up to 1."""
    to = draw(st.lists(st.sampled_from(targets), min_size=1, max_size=4, unique=True))
    weights = [draw(st.integers(min_value=1, max_value=9)) for _ in to]
    exits = [
        {"to": target, "probability": weight / sum(weights), "delay_days": draw(laws())}
        for target, weight in zip(to, weights, strict=True)
    ]
    stage: dict[str, Any] = {"name": name, "exits": exits}
    if roles and draw(st.booleans()):
        stage["tasks"] = [{"role": draw(st.sampled_from(roles)), "work_hours": draw(laws())}]
    if draw(st.booleans()):
        context = {"when": "visit >= 2 and amount < 50000", "advance_logit": draw(st.floats(-2, 2)), "delay_scale": draw(SMALL)}
        stage["contexts"] = [context, {"when": "terms == standard", "exits": exits}]
    if draw(st.booleans()):
        stage["patience_days"] = draw(laws())
        stage["when"] = "amount >= 50000 and terms == non_standard"
        stage["effects"] = {"skill": draw(st.floats(-2, 2))}
    return stage


DAYS = st.dates(dt.date(2027, 1, 1), dt.date(2027, 12, 31))
SHARES = st.floats(min_value=0.0, max_value=1.0)
LABELS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@st.composite
def some(draw: st.DrawFn, /, **fields: st.SearchStrategy[Any]) -> dict[str, Any]:
    """Some of the fields: each is there or not."""
    return {name: draw(strategy) for name, strategy in fields.items() if draw(st.booleans())}


@st.composite
def windows(draw: st.DrawFn) -> dict[str, Any]:
    """A first and a last day."""
    first, last = sorted([draw(DAYS), draw(DAYS)])
    return {"start": first, "until": last}


@st.composite
def plans(draw: st.DrawFn, roles: list[str]) -> dict[str, Any]:
    """A pay plan with any of its components."""
    spiff = st.builds(lambda when, name, rate: {"name": name, "rate": rate, "where": "amount >= 10", **when}, windows(), LABELS, SMALL)
    split = st.builds(lambda role, share, overlay: {"role": role, "share": share, "overlay": overlay},
                      st.sampled_from(roles or ["-"]), st.floats(0.01, 0.4), st.booleans())  # fmt: skip
    return {
        "quota": draw(NUMBERS), "rates": [{"upto": 1.0, "rate": 0.08}, {"rate": draw(SMALL)}],
        **draw(some(
            base=NUMBERS, period=st.sampled_from(["month", "quarter", "year"]), cap=st.floats(1.0, 9.0),
            threshold=st.floats(0.01, 0.9), threshold_from=st.sampled_from(["first", "threshold"]),
            bonuses=st.builds(lambda at, amount: [{"at": at, "amount": amount}], st.floats(0.1, 1.0), NUMBERS),
            penalties=st.builds(lambda at, amount: [{"at_below": at, "amount": -amount}], st.floats(0.1, 1.0), NUMBERS),
            spiffs=st.lists(spiff, max_size=2, unique_by=lambda each: each["name"]),
            draw=st.builds(lambda a, b: {"amount_per_period": a, "recoverable": b}, NUMBERS, st.booleans()),
            splits=st.lists(split, max_size=2, unique_by=lambda each: each["role"]) if roles else st.just([]),
            paid_at=st.sampled_from(["booking", "collection"]),
            clawback=st.builds(lambda days, share: {"within_days": days, "share": share}, SMALL, SHARES),
            ratchet=st.builds(lambda up, down: {"up": up, "down": down}, SHARES, SHARES), ramp_relief=st.booleans(),
        )),
    }  # fmt: skip


def channel_extras() -> st.SearchStrategy[dict[str, Any]]:
    """Campaigns, spend, a market, seasons."""
    campaign = st.builds(lambda when, name, leads: {"name": name, "leads": leads, **when}, windows(), LABELS, SMALL)
    spend = st.builds(lambda a, b, c: {"per_week": a, "most_leads_per_week": b, "half_at": c}, SMALL, SMALL, SMALL)
    return some(
        campaigns=st.lists(campaign, max_size=2, unique_by=lambda each: each["name"]), spend=spend,
        market=st.builds(lambda size, days: {"size": size, "cooldown_days": days}, st.integers(1, 10**6), SMALL),
        season=st.dictionaries(st.sampled_from(["jan", "may", "dec"]), SMALL), partner_share=SHARES,
        overdispersion=st.floats(1.0, 9.0), cost_per_lead=SMALL,
    )  # fmt: skip


def extra_parts(segments: list[str], roles: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Parts of a model that are off by default."""
    products = st.lists(st.builds(lambda name, share: {"name": name, "share": share}, LABELS, SMALL), max_size=2, unique_by=lambda each: each["name"])
    regions = st.lists(st.builds(lambda name, scale: {"name": name, "amount_scale": scale, "currency": "EUR"}, LABELS, SMALL), max_size=2, unique_by=lambda each: each["name"])
    event = st.builds(lambda when, name, p, logit: {"name": name, "probability": p, "win_logit": logit, **when}, windows(), LABELS, SHARES, st.floats(-2, 2))
    factor = st.builds(lambda name, weight, law: {"name": name, "weight": weight, "law": law, "bands": [{"upto": 5, "points": 0}, {"points": 9}]}, LABELS, st.floats(-9, 9), laws())
    scoring = st.builds(lambda factors, sd: {"factors": factors, "noise_sd": sd}, st.lists(factor, min_size=1, max_size=2, unique_by=lambda each: each["name"]), SMALL)
    training = st.builds(lambda name, start, role: {"name": name, "start": start, "role": role, "days_off": 3, "skill": 0.2}, LABELS, DAYS, st.sampled_from(roles or ["-"]))
    leaving = st.builds(lambda a, law: {"per_year": a, "vacancy_days": law, "ramp": {"months": 5, "curve": [0.1, 0.5]}}, SMALL, laws())
    people: dict[str, st.SearchStrategy[Any]] = {}
    if roles:
        people = {
            "trainings": st.lists(training, max_size=2, unique_by=lambda each: each["name"]),
            "attrition": st.dictionaries(st.sampled_from(roles), leaving),
        }
    return some(
        products=products, events=st.lists(event, max_size=2, unique_by=lambda each: each["name"]), scoring=scoring,
        fx=st.builds(lambda a, b: {"EUR": [{"start": dt.date(2027, 1, 1), "rate": a}, {"start": dt.date(2027, 6, 1), "rate": b}]}, SMALL, SMALL),
        terms=some(deposit_share=SHARES, payment_days=laws(), bad_debt_share=SHARES, cancel_share=SHARES, cancel_days=laws()),
        pricing=some(unit_cost_share=SHARES, non_standard_terms=SHARES), handoff=some(delay_days=laws(), loss=SHARES, communication=SMALL),
        timing=some(weeks=st.floats(0.5, 4.0), pull=SHARES, push=SHARES), shocks=some(arrivals_quarter_cv=SMALL, win_logit_quarter_sd=SMALL),
        pace=some(correlation=st.floats(0.0, 0.9)), **people,
    ).flatmap(lambda found: regions.map(lambda each: found | {"regions": each} if "fx" in found else found))  # fmt: skip


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A model with any names (Chinese, punctuation, YAML words) and any laws."""
    stage_names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    segments = draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))
    roles = draw(st.lists(NAMES, max_size=2, unique=True))
    targets = [*stage_names, "won", "lost", "no_decision", "open"]
    reps = [
        {"role": role, "name": f"{role} 1", "plan": "标准", "hired": draw(st.dates(dt.date(2000, 1, 1)))}
        for role in roles
    ]
    share = {name: 1 / len(segments) for name in segments}
    return Model.model_validate(
        draw(extra_parts(segments, roles))
        | {
            "name": draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=200)),
            "epoch": draw(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1), timezones=_zones())),
            "calendar": {"off": [draw(st.dates())], "timezone": "Asia/Shanghai"},
            "channels": [{"name": draw(NAMES), "leads_per_week": draw(NUMBERS), "segments": share, **draw(channel_extras())}],
            "segments": [{"name": name, "amount": draw(laws())} for name in segments],
            "stages": [draw(stage_data(name, targets, roles)) for name in stage_names],
            "roles": [{"name": role} for role in roles],
            "reps": reps,
            "plans": {"标准": draw(plans(roles))},
            "effort": draw(st.sampled_from([None, {}, {"elasticity": 0.5}])),
            "provenance": [
                {
                    "path": "channels[0]",
                    "value": draw(st.one_of(st.none(), NUMBERS, st.text(max_size=20).filter(_encodable))),
                }
            ],
        }
    )


def _encodable(text: str) -> bool:
    return all(not 0xD800 <= ord(char) < 0xE000 for char in text)


def _zones() -> st.SearchStrategy[dt.timezone]:
    return st.integers(-12, 14).map(lambda hours: dt.timezone(dt.timedelta(hours=hours)))
