"""What a plan knows about the market: where leads come from, what they are, and what befalls them (R1).

Everything is a position in a tuple of names or an array by regime, as in :mod:`simsales.engine.plan`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simsales.engine.tables import Table
from simsales.model.conditions import Clause
from simsales.model.scoring import Scoring

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Curve = tuple[Floats, Floats]
"""Days and factors of a life cycle, or begins and rates of a currency."""


@dataclass(frozen=True)
class Source:
    """One stream of leads: a channel's own, a campaign's, or those that its spending buys.

    Parameters
    ----------
    name : str
        What deal ids begin with: ``web``, ``web/fair`` or ``web:spend``.
    channel, key : int
        Position, and the word that keys its draws: a further campaign moves nobody else's.
    campaign : str, optional
    spend : bool
    """

    name: str
    channel: int
    key: int
    campaign: str | None = None
    spend: bool = False


@dataclass(frozen=True)
class EventPlan:
    """Something that may happen, in days since the epoch; `rep` is -1 for none."""

    name: str
    key: int
    begin: float
    end: float
    probability: float
    leads: float = 1.0
    amount: float = 1.0
    win_logit: float = 0.0
    exposure: float = 1.0
    where: tuple[Clause, ...] = ()
    rep: int = -1


@dataclass(frozen=True, eq=False)
class ScorePlan:
    """A regime's scoring; one word and one law a factor."""

    scoring: Scoring
    keys: tuple[int, ...]
    laws: tuple[Table, ...]


@dataclass(frozen=True, eq=False)
class MarketPlan:
    """The market's part of a plan.

    Parameters
    ----------
    sources : tuple of Source
        The channels in their order, then campaigns and bought leads.
    products, regions, currencies : tuple of str
        `currencies` are those of the regions other than the model's own.
    product_share, region_share : ndarray of float, shape (n_regimes, n_channels + 1, n_products or n_regions)
        Weights, before the life cycle; the last row is that of an unknown channel (-1).
    product_scale, product_logit, region_scale, region_logit : ndarray of float, shape (n_regimes, n_...)
    life_cycles : tuple by regime of tuple by product
        None where a product has none.
    region_currency : ndarray of int, shape (n_regimes, n_regions)
        -1 is the model's own currency.
    rates : tuple of Curve
        By currency; a rate holds from its begin on, the first one also before.
    market_size, cooldown : ndarray of float, shape (n_regimes, n_channels)
        Size 0: not finite.
    discount : ndarray of int, shape (n_regimes, n_segments)
        Law; -1 where nobody asks for a discount.
    non_standard, unit_cost : ndarray of float, shape (n_regimes,)
    price_level : ndarray of float, shape (n_regimes + 1, n_segments)
        List prices against those by which `unit_cost` is stated; the last row is before any change.
    scores : tuple by regime of ScorePlan or None
    events : tuple of EventPlan
    """

    sources: tuple[Source, ...]
    products: tuple[str, ...]
    regions: tuple[str, ...]
    currencies: tuple[str, ...]
    product_share: Floats
    product_scale: Floats
    product_logit: Floats
    life_cycles: tuple[tuple[Curve | None, ...], ...]
    region_share: Floats
    region_scale: Floats
    region_logit: Floats
    region_currency: Ints
    rates: tuple[Curve, ...]
    market_size: Floats
    cooldown: Floats
    discount: Ints
    non_standard: Floats
    unit_cost: Floats
    price_level: Floats
    scores: tuple[ScorePlan | None, ...]
    events: tuple[EventPlan, ...]

    @property
    def priced(self) -> bool:
        """Whether anybody asks for a discount."""
        return bool((self.discount >= 0).any())


def at(curve: Curve, days: Floats | float) -> Floats:
    """Return a life cycle's factors: straight lines between its points, flat outside.

    Examples
    --------
    >>> float(at((np.array([0.0, 10.0]), np.array([1.0, 3.0])), 5.0))
    2.0
    """
    return np.asarray(np.interp(days, *curve))


def rate_at(curve: Curve, days: Floats) -> Floats:
    """Return the exchange rates that hold at some times.

    Examples
    --------
    >>> rate_at((np.array([0.0, 10.0]), np.array([7.0, 8.0])), np.array([-1.0, 9.9, 10.0])).tolist()
    [7.0, 7.0, 8.0]
    """
    begins, rates = curve
    return np.asarray(rates[np.maximum(np.searchsorted(begins, days, side="right") - 1, 0)])


NEVER = math.inf
