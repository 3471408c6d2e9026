"""Lead scores in a run: what a lead is worth by the model, and what people see of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from simsales.engine.plan.market import ScorePlan
from simsales.engine.streams import DealDraws, Purpose
from simsales.model.scoring import points

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Book:
    """The scores of all deals by one scoring; behaviour counts less the older the lead."""

    def __init__(self, plan: ScorePlan, draws: DealDraws) -> None:
        scoring, n = plan.scoring, len(draws.index)
        self.scoring = scoring
        self.logistic = scoring.form == "logistic"
        self.parts: list[tuple[list[float], float | None]] = []
        for factor, key, law in zip(scoring.factors, plan.keys, plan.laws, strict=True):
            values = law.draws(draws.vector(Purpose.FACTOR, key))
            self.parts.append(((factor.weight * points(factor, values)).tolist(), factor.half_life_days))
        self.noise: list[float] = [0.0] * n
        if scoring.noise_sd > 0.0:
            self.noise = (scoring.noise_sd * special.ndtri(draws.vector(Purpose.SCORE_NOISE))).tolist()

    def at(self, ordinal: int, age: float, *, seen: bool) -> float:
        """Return the score of a deal at an age, as it is or as people see it."""
        total = self.scoring.intercept
        for part, half_life in self.parts:
            # scipy's exp2 and expit, as in model.scoring: the same bits
            total += part[ordinal] if half_life is None else part[ordinal] * float(special.exp2(-age / half_life))
        total += self.noise[ordinal] if seen else 0.0
        return float(special.expit(total)) if self.logistic else total


class Scores:
    """Scores of all deals, each by the scoring of the regime at its creation.

    Parameters
    ----------
    plans : sequence by regime of ScorePlan or None
    regime : ndarray of int, shape (n_deals,)
    created, given : ndarray of float, shape (n_deals,)
        `given`: a score that is known from the start (NaN: none); it stays.
    draws : DealDraws
    """

    def __init__(
        self, plans: Sequence[ScorePlan | None], regime: Ints, created: Floats, given: Floats, draws: DealDraws
    ) -> None:
        self.on = any(plan is not None for plan in plans) or bool((~np.isnan(given)).any())
        if not self.on:
            return
        books: dict[int, Book | None] = {}
        for plan in plans:
            if id(plan) not in books:
                books[id(plan)] = None if plan is None else Book(plan, draws)
        self.books = [books[id(plan)] for plan in plans]
        self.regime: list[int] = regime.tolist()
        self.created: list[float] = created.tolist()
        self.given: list[float] = given.tolist()

    def at(self, ordinal: int, time: float, *, seen: bool = False) -> float:
        """Return a deal's score at a time; 0 where the model has no scoring."""
        if not self.on:
            return 0.0
        known = self.given[ordinal]
        if known == known:  # noqa: PLR0124 - not NaN
            return known
        book = self.books[self.regime[ordinal]]
        return 0.0 if book is None else book.at(ordinal, max(time - self.created[ordinal], 0.0), seen=seen)
