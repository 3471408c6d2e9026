"""What every law promises: quantile and cdf undo each other, scaling scales, data round-trips."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from simsales.model.laws import (
    LAWS,
    AnyLaw,
    Constant,
    Empirical,
    Exponential,
    Gamma,
    Lognormal,
    Mixture,
    Part,
    Uniform,
    Weibull,
)

EXAMPLES = {
    "constant": Constant(value=7.5),
    "uniform": Uniform(low=2.0, high=5.0),
    "exponential": Exponential(mean=40.0),
    "gamma": Gamma(mean=1.5, cv=0.6),
    "lognormal": Lognormal(median=6.0, p90=21.0),
    "weibull": Weibull(scale=60.0, shape=1.2),
    "empirical": Empirical(values=(0.0, 3.0, 10.0), p=(0.0, 0.25, 1.0)),
    "mixture": Mixture(parts=(Part(weight=1.0, law=Gamma(mean=1.0, cv=0.5)), Part(weight=3.0, law=Exponential(mean=20.0)))),
}
U = (np.arange(999) + 0.5) / 999
anything = TypeAdapter(AnyLaw)


def test_every_law_is_tested():
    assert set(EXAMPLES) == set(LAWS)


@pytest.mark.parametrize("kind", LAWS)
def test_quantiles_rise_and_are_never_negative(kind):
    x = EXAMPLES[kind].quantile(U)
    assert np.all(np.diff(x) >= 0.0)
    assert x[0] >= 0.0


@pytest.mark.parametrize("kind", sorted(set(LAWS) - {"constant"}))
def test_cdf_undoes_quantile(kind):
    law = EXAMPLES[kind]
    assert np.allclose(law.cdf(law.quantile(U)), U, atol=1e-9)


@pytest.mark.parametrize("kind", LAWS)
def test_survival_is_what_cdf_leaves(kind):
    x = np.array([0.0, 1.0, 7.5, 100.0])
    assert np.allclose(EXAMPLES[kind].survival(x) + EXAMPLES[kind].cdf(x), 1.0)


@pytest.mark.parametrize("kind", LAWS)
def test_scaling_scales_every_quantile(kind):
    law = EXAMPLES[kind]
    assert np.allclose(law.scaled(3.0).quantile(U), 3.0 * law.quantile(U), rtol=1e-9)


@pytest.mark.parametrize("kind", LAWS)
def test_the_mean_is_that_of_the_quantiles(kind):
    u = (np.arange(400_000) + 0.5) / 400_000
    law = EXAMPLES[kind]
    assert law.mean() == pytest.approx(float(law.quantile(u).mean()), rel=3e-3)


@pytest.mark.parametrize("kind", LAWS)
def test_data_round_trip(kind):
    law = EXAMPLES[kind]
    assert anything.validate_python(law.model_dump()) == law


def test_named_moments_are_met():
    assert Lognormal(mean=100.0, cv=2.0).mean() == pytest.approx(100.0)
    assert Lognormal(median=6.0, p90=21.0).quantile(np.array([0.5, 0.9])).tolist() == pytest.approx([6.0, 21.0])
    gamma = Gamma(mean=2.0, cv=0.5).quantile((np.arange(200_000) + 0.5) / 200_000)
    assert (gamma.mean(), gamma.std()) == pytest.approx((2.0, 1.0), rel=1e-3)
    assert Weibull(scale=60.0, shape=1.0).quantile(np.array([1 - np.exp(-1.0)])).tolist() == pytest.approx([60.0])


def test_a_bare_number_is_a_constant():
    assert anything.validate_python(3) == Constant(value=3.0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"lognormal": {"median": 6.0, "p90": 5.0}}, "p90 must be above the median"),
        ({"lognormal": {"median": 6.0}}, "must give either median and p90, or mean and cv"),
        ({"lognormal": {"median": 6.0, "p90": 9.0, "cv": 1.0}}, "must give either median and p90, or mean and cv"),
        ({"uniform": {"low": 5.0, "high": 2.0}}, "high must be at least low"),
        ({"empirical": {"values": [1.0, 2.0], "p": [0.0, 0.5]}}, "p must rise from 0 to 1"),
        ({"empirical": {"values": []}}, "values must not be empty"),
        ({"gama": {"mean": 1.0}}, "must be a number or one law of constant, uniform"),
        ({"gamma": {"mean": -1.0, "cv": 1.0}}, "greater than 0"),
        (-1.0, "greater than or equal to 0"),
        (True, "must be a number or one of"),
        (float("nan"), "finite"),
    ],
)
def test_nonsense_is_refused_at_birth(data, message):
    with pytest.raises(ValidationError, match=message):
        anything.validate_python(data)
