"""Quantile tables: every law within 1e-6, monotone, invertible; residuals."""

from __future__ import annotations

import numpy as np
import pytest

from simsales.engine.tables import Table, table_of
from simsales.model.laws import (
    LAWS,
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
    "constant": [Constant(value=0.0), Constant(value=7.5)],
    "uniform": [Uniform(low=2.0, high=5.0), Uniform(low=3.0, high=3.0)],
    "exponential": [Exponential(mean=0.01), Exponential(mean=40.0)],
    "gamma": [Gamma(mean=1.5, cv=0.6), Gamma(mean=1.5, cv=1.7), Gamma(mean=100.0, cv=0.1)],
    "lognormal": [Lognormal(median=6.0, p90=21.0), Lognormal(mean=12000.0, cv=2.0)],
    "weibull": [Weibull(scale=60.0, shape=1.2), Weibull(scale=12.0, shape=0.6)],
    "empirical": [
        Empirical(values=(1.0, 2.0, 2.0, 9.0)),
        Empirical(values=(0.0, 3.0, 3.0, 10.0), p=(0.0, 0.25, 0.5, 1.0)),
        Empirical(values=(4.0,)),
    ],
    "mixture": [
        Mixture(parts=(Part(weight=1.0, law=Gamma(mean=1.0, cv=0.5)), Part(weight=3.0, law=Exponential(mean=20.0))))
    ],
}
CASES = [(kind, law) for kind, laws in EXAMPLES.items() for law in laws]


def test_every_law_has_an_example():
    assert set(EXAMPLES) == set(LAWS)


def grid():
    tails = 2.0 ** -np.linspace(1.0, 40.0, 3001)
    rng_free = (np.arange(4000) + 0.371) / 4000
    return np.unique(np.concatenate([tails, 1.0 - tails, rng_free]))


@pytest.mark.parametrize(("kind", "law"), CASES)
def test_tables_are_within_a_millionth_of_the_law(kind, law):
    u = grid()
    exact, got = law.quantile(u), table_of(law).draws(u)
    allowed = np.full(len(u), 1e-6)
    if kind == "mixture":  # bisects its cdf, whose last bit near 1 is worth more than a millionth
        allowed[u > 1.0 - 1e-9] = 5e-6
    assert np.all(np.abs(got - exact) <= allowed * np.abs(exact) + 1e-300)


@pytest.mark.parametrize(("kind", "law"), CASES)
def test_tables_are_monotone(kind, law):
    del kind
    table = table_of(law)
    assert np.all(np.diff(table.u) >= 0.0)
    assert np.all(np.diff(table.x) >= 0.0)


@pytest.mark.parametrize(("kind", "law"), CASES)
def test_scalar_and_vector_draws_are_the_same_bits(kind, law):
    del kind
    u = grid()[::37]
    table = table_of(law)
    assert [table.draw(float(v)) for v in u] == table.draws(u).tolist()


@pytest.mark.parametrize(("kind", "law"), CASES)
def test_cdf_undoes_draw(kind, law):
    table = table_of(law)
    u = np.linspace(0.001, 0.999, 97)
    back = np.array([table.cdf(table.draw(float(v))) for v in u])
    if kind in ("constant", "empirical") or table.constant is not None:
        assert np.all(back >= u - 1e-9)  # the right end of a step
    else:
        assert np.allclose(back, u, rtol=0.0, atol=1e-9)


def test_equal_laws_share_a_table():
    assert table_of(Gamma(mean=2.0, cv=0.5)) is table_of(Gamma(mean=2.0, cv=0.5))
    assert table_of(Constant(value=2.0)) is not table_of(Constant(value=3.0))


def test_laws_of_different_kinds_never_share_a_table():
    assert table_of(Uniform(low=1.0, high=2.0)).draw(0.5) == 1.5
    assert table_of(Empirical(values=(1.0, 2.0))).draw(0.5) == 1.5
    assert table_of(Exponential(mean=2.0)).draw(0.5) != table_of(Constant(value=2.0)).draw(0.5)


def test_constants_need_two_nodes_and_empirical_laws_their_own_knots():
    assert len(table_of(Constant(value=3.0)).u) == 2
    assert len(table_of(Empirical(values=(0.0, 5.0, 9.0), p=(0.0, 0.5, 1.0))).u) == 3


def test_residual_of_an_exponential_is_memoryless():
    table = table_of(Exponential(mean=10.0))
    for age in (0.0, 3.0, 50.0):
        assert table.residual(0.5, age) == pytest.approx(10.0 * np.log(2.0), rel=1e-5)


def test_residual_of_a_uniform_is_what_is_left_of_it():
    # given more than 4 of U(0, 10), the rest is U(0, 6)
    assert table_of(Uniform(low=0.0, high=10.0)).residual(0.25, 4.0) == pytest.approx(1.5)


def test_residual_is_never_negative():
    assert table_of(Constant(value=3.0)).residual(0.3, 5.0) == 0.0


def test_a_table_survives_pickling():
    import pickle

    table = table_of(Gamma(mean=2.0, cv=0.5))
    copy = pickle.loads(pickle.dumps(table))
    assert isinstance(copy, Table)
    assert copy.draw(0.3) == table.draw(0.3)
