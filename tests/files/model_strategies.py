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
        stage["patience_days"] = draw(laws())
        stage["when"] = "amount >= 50000 and terms == non_standard"
        stage["effects"] = {"skill": draw(st.floats(-2, 2))}
    return stage


@st.composite
def models(draw: st.DrawFn) -> Model:
    """A model with any names (Chinese, punctuation, YAML words) and any laws."""
    stage_names = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    segments = draw(st.lists(NAMES, min_size=1, max_size=2, unique=True))
    roles = draw(st.lists(NAMES, max_size=2, unique=True))
    targets = [*stage_names, "won", "lost", "no_decision", "open"]
    plan = {"quota": draw(NUMBERS), "rates": [{"upto": 1.0, "rate": 0.08}, {"rate": draw(SMALL)}]}
    reps = [
        {"role": role, "name": f"{role} 1", "plan": "标准", "hired": draw(st.dates(dt.date(2000, 1, 1)))}
        for role in roles
    ]
    share = {name: 1 / len(segments) for name in segments}
    return Model.model_validate(
        {
            "name": draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=200)),
            "epoch": draw(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2100, 1, 1), timezones=_zones())),
            "calendar": {"off": [draw(st.dates())], "timezone": "Asia/Shanghai"},
            "channels": [{"name": draw(NAMES), "leads_per_week": draw(NUMBERS), "segments": share}],
            "segments": [{"name": name, "amount": draw(laws())} for name in segments],
            "stages": [draw(stage_data(name, targets, roles)) for name in stage_names],
            "roles": [{"name": role} for role in roles],
            "reps": reps,
            "plans": {"标准": plan},
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
