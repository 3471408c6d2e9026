"""Aalen-Johansen agrees with hand arithmetic, with Kaplan-Meier and with its plain-loop twin."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simsales.survival import SurvivalError, aalen_johansen


def slow_twin(duration, cause, entry, weights, n_causes):
    """The textbook, one subject at a time."""
    times = sorted({t for t, c in zip(duration, cause, strict=True) if c})
    alive, total, curves, survival = 1.0, [0.0] * n_causes, [], []
    for t in times:
        present = sum(
            w for d, e, w in zip(duration, entry, weights, strict=True) if d >= t and (e < t or e <= 0)
        )
        before = alive
        for k in range(n_causes):
            happened = sum(
                w
                for d, c, e, w in zip(duration, cause, entry, weights, strict=True)
                if d == t and c == k + 1 and (e < t or e <= 0)
            )
            if present:
                total[k] += before * happened / present
                alive -= before * happened / present
        curves.append(list(total))
        survival.append(alive)
    return np.array(times), np.array(curves).reshape(-1, n_causes).T, np.array(survival)


subjects = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 3), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=25
)


@given(subjects)
@settings(max_examples=80, deadline=None)
def test_equals_the_plain_loop_with_ties_late_entry_and_weights(rows):
    duration = [float(max(d, e)) for d, _, e, _ in rows]
    cause = [c for _, c, _, _ in rows]
    entry = [float(min(d, e)) for d, _, e, _ in rows]
    weights = [float(w) for *_, w in rows]
    fit = aalen_johansen(duration, cause, entry, weights, n_causes=3)
    times, cif, survival = slow_twin(duration, cause, entry, weights, 3)
    np.testing.assert_array_equal(fit.times, times)
    np.testing.assert_allclose(fit.cif, cif, atol=1e-12)
    np.testing.assert_allclose(fit.survival, survival, atol=1e-12)


def test_a_row_of_weights_is_the_sample_with_repeated_subjects():
    rng = np.random.default_rng(1)
    duration, cause = rng.integers(0, 30, 200).astype(float), rng.integers(0, 3, 200)
    counts = rng.multinomial(200, np.full(200, 1 / 200), size=5)
    fits = aalen_johansen(duration, cause, weights=counts)
    assert fits.cif.shape == (5, 2, fits.times.size)
    for row, weight in enumerate(counts):
        again = aalen_johansen(np.repeat(duration, weight), np.repeat(cause, weight), n_causes=2)
        np.testing.assert_allclose(fits.incidence()[row], again.incidence(), atol=1e-12)


def test_one_cause_is_kaplan_meier():
    # Survival after 6, 7, 10, ... of the 6-MP arm of Freireich et al. (1963): 18/21, 16/17, 14/15, ...
    times = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
    seen = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    fit = aalen_johansen(times, seen)
    np.testing.assert_allclose(fit.survival, [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], atol=5e-4)


def test_without_censoring_incidence_is_the_share():
    fit = aalen_johansen([1, 2, 3, 4, 5], [1, 2, 2, 1, 2])
    np.testing.assert_allclose(fit.incidence(), [0.4, 0.6])
    np.testing.assert_allclose(fit.survival[-1], 0.0, atol=1e-12)


def test_open_deals_are_not_counted_as_losses():
    # two of four won on day 1, two still open on day 1: at day 1 all four are at risk, so 0.5 and not 1.0
    assert aalen_johansen([1, 1, 1, 1], [1, 1, 0, 0]).incidence()[0] == 0.5


def test_late_entrants_are_not_at_risk_before_they_are_seen():
    fit = aalen_johansen([1.0, 3.0, 3.0], [1, 1, 1], entry=[0.0, 2.0, 2.0])
    np.testing.assert_array_equal(fit.at_risk, [1.0, 2.0])


def test_nothing_happened_gives_empty_steps_and_zero_incidence():
    fit = aalen_johansen([5.0, 6.0], [0, 0], n_causes=2)
    assert fit.times.size == 0
    np.testing.assert_array_equal(fit.incidence(), [0.0, 0.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0, 2.0], [1]), "duration, cause and entry must be columns of one length"),
        (([1.0, np.nan], [1, 0]), "duration must be finite and >= 0, got nan"),
        (([1.0, 2.0], [1, 0], [0.0, 3.0]), "entry must be <= duration, got 3.0 > 2.0 in row 1"),
        (([1.0], [-1]), "cause must be >= 0, got -1"),
        (([1.0], [1], None, [[1.0, 1.0]]), "weights must have 1 columns"),
        (([1.0], [1], None, [-1.0]), "weights must be >= 0, got -1.0"),
    ],
)
def test_bad_input_is_refused_with_the_rule(arguments, message):
    with pytest.raises(SurvivalError, match=message):
        aalen_johansen(*arguments)
