"""Models made in Python: errors in words, NumPy's numbers, copies that stay valid, short texts."""

from __future__ import annotations

import datetime as dt
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import simsales as ss
from simsales.model.base import Value
from simsales.model.laws import Gamma
from simsales.model.schema import Exit, Rep, Stage

STAGES = [{"name": "Open", "exits": [{"to": "won", "probability": 0.25, "delay_days": 30}, {"to": "lost", "probability": 0.75}]}]
CHANNELS = [{"name": "web", "leads_per_week": 10.0}]


def tiny(**parts: Any) -> ss.Model:
    return ss.Model(**({"name": "tiny", "channels": CHANNELS, "stages": STAGES} | parts))


def inner_values() -> list[type[Value]]:
    """Every kind of value there is."""
    found: list[type[Value]] = [Value]
    for kind in found:
        found += [sub for sub in kind.__subclasses__() if sub not in found]
    return [kind for kind in found if kind.__module__.startswith("simsales.")]


@pytest.mark.parametrize("kind", inner_values(), ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("wrong", [{"no_such_field": 1}, {"name": object()}, {"kind": [], "name": -1}])
def test_every_value_is_refused_in_words(kind: type[Value], wrong: dict[str, Any]) -> None:
    with pytest.raises(ss.InvalidModelError) as caught:
        kind(**wrong)
    text = str(caught.value)
    assert " must " in text
    assert "pydantic" not in text
    with pytest.raises(ss.InvalidModelError):
        kind.model_validate(wrong)


def test_all_problems_are_named_with_their_paths() -> None:
    with pytest.raises(ss.InvalidModelError) as caught:
        tiny(horizon_days="long", channels=[{"name": "web", "leads_per_week": -1.0}], stage=[])
    assert str(caught.value).splitlines() == [
        "horizon_days must be a number, got the text 'long'.",
        "channels[0].leads_per_week must be at least 0, got -1.0.",
        "stage must be a known field, got 'stage'. Hint: did you mean 'stages'?",
    ]
    assert isinstance(caught.value, ss.SimsalesError)


@pytest.mark.parametrize(
    ("update", "message"),
    [({"effort": 3}, "effort must be"), ({"currency": 123}, "currency must be text"), ({"foo": 1}, "foo must be a known field"),
     ({"stages": ()}, "stages must have at least 1 item"), ({"horizon_days": -1.0}, "horizon_days must be greater than 0"),
     ({"stages": [{"name": "Open", "exits": [{"to": "wonn", "probability": 1.0}]}]}, "to must be a stage or an outcome, got 'wonn'"),
     ({"plans": {"p": None}}, r"plans.p must be")],
)  # fmt: skip
def test_no_copy_is_invalid(update: dict[str, Any], message: str) -> None:
    with pytest.raises(ss.InvalidModelError, match=message):
        tiny().model_copy(update=update)


def test_a_copy_is_what_the_class_would_have_made() -> None:
    model = tiny()
    assert model.model_copy(update={"horizon_days": 90}) == tiny(horizon_days=90.0)
    assert model.model_copy() == model.model_copy(deep=True) == model.model_copy(update={}) == model
    assert model.model_copy(update={"epoch": "2028-01-01T00:00+08:00"}) == tiny(epoch="2028-01-01T00:00+08:00"), "hours follow the zone"
    exit_ = Exit(to="won", probability=0.5, delay_days=3.0)  # type: ignore[arg-type]
    assert exit_.model_copy(update={"probability": 0.25}).delay_days == exit_.delay_days
    with pytest.raises(ss.InvalidModelError, match="probability must be at most 1, got 2"):
        exit_.model_copy(update={"probability": 2.0})
    assert ss.save_model.__doc__ is not None
    assert model.model_copy(update={"name": "b"}).model_fields_set == model.model_fields_set


def test_a_value_is_never_changed() -> None:
    with pytest.raises(ss.InvalidModelError, match=r"name must stay as it is: a Model is never changed. Hint: model_copy"):
        tiny().name = "other"


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint16])
def test_numpy_whole_numbers_are_whole_numbers(kind: Any) -> None:
    rep = Rep(role="AE", count=kind(3))
    assert rep.count == 3
    assert type(rep.count) is int
    with pytest.raises(ss.InvalidModelError, match="count must be"):
        Rep(role="AE", count=np.float64(2.5))  # type: ignore[arg-type]
    with pytest.raises(ss.InvalidModelError, match="count must be"):
        Rep(role="AE", count=np.bool_(True))  # noqa: FBT003 - what is under test


def test_numpy_numbers_texts_and_arrays_count_at_any_depth() -> None:
    plain = tiny(segments=[{"name": "all", "amount": {"empirical": {"values": [1.0, 2.0, 5.0]}}}], horizon_days=30.0)
    numpy = tiny(
        segments=[{"name": np.str_("all"), "amount": {"empirical": {"values": np.array([1, 2, 5])}}}],
        horizon_days=np.float32(30.0),
    )
    assert numpy == plain
    assert pickle.loads(pickle.dumps(numpy)) == plain  # noqa: S301 - our own
    assert type(numpy.segments[0].name) is str
    assert Gamma(mean=np.int64(2), cv=np.float32(0.5)) == Gamma(mean=2.0, cv=0.5)


DATES = [dt.date(2027, 3, 1), "2027-03-01", dt.datetime(2027, 3, 1, 12, tzinfo=dt.UTC), pd.Timestamp("2027-03-01"), np.datetime64("2027-03-01"),
         np.datetime64("2027-03-01T05:00:00.000000001"), np.array("2027-03-01", dtype="M8[D]")]  # fmt: skip


@pytest.mark.parametrize("date", DATES, ids=repr)
def test_every_kind_of_date_is_a_date(date: Any) -> None:
    assert Rep(role="AE", hired=date).hired == dt.date(2027, 3, 1)
    assert tiny(epoch=date).epoch.date() == dt.date(2027, 3, 1)


@pytest.mark.parametrize("nothing", [pd.NaT, np.datetime64("NaT"), float("nan"), "soon"], ids=repr)
def test_what_is_no_date_is_said(nothing: Any) -> None:
    with pytest.raises(ss.InvalidModelError, match=r"start must be (a date|given)"):
        ss.Scenario(changes=[{"scale": {"path": "horizon_days", "by": 1.0, "start": nothing}}])  # type: ignore[list-item]


def test_texts_of_a_model_are_short_or_in_words() -> None:
    many = tiny(reps=[{"role": "AE", "name": f"r{i}"} for i in range(300)], roles=[{"name": "AE"}],
                stages=[STAGES[0] | {"tasks": [{"role": "AE", "work_hours": 1.0}]}])  # fmt: skip
    assert repr(many) == "<Model 'tiny': 1 stage, 1 channel, 1 segment, 300 reps>"
    assert str(tiny()).startswith("tiny: 1 stage, 1 channel, 1 segment, no reps; USD;")
    assert tiny(name="<b>")._repr_html_().startswith("<pre>&lt;b&gt;: 1 stage")
    scenario = ss.Scenario(name="two more", changes=[{"hire": {"role": "AE", "count": 2}}])  # type: ignore[list-item]
    assert repr(scenario) == "<Scenario 'two more': hire>"
    assert len(repr(ss.apply(ss.Scenario(), many))) < 600


@given(st.dictionaries(st.sampled_from([*ss.Model.model_fields]), st.one_of(st.none(), st.integers(), st.text(max_size=3), st.lists(st.integers(), max_size=2)), max_size=3))
def test_whatever_is_given_makes_a_model_or_a_refusal_in_words(parts: dict[str, Any]) -> None:
    model = tiny()
    for make in (lambda: tiny(**parts), lambda: model.model_copy(update=parts)):
        try:
            made = make()
        except ss.InvalidModelError as error:
            assert "must" in str(error)
        else:
            assert ss.Model.model_validate(made.model_dump()) == made


def test_a_stage_given_by_itself_names_its_own_fields() -> None:
    with pytest.raises(ss.InvalidModelError, match=r"exits\[0\].to must be given"):
        Stage(name="Open", exits=[{"probability": 1.0}])  # type: ignore[arg-type, list-item]
