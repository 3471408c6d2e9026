"""A rule and a measure as a user writes them in a module of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simsales.facts import Facts
from simsales.kpi import Kpi


def last_exit(deal: Mapping[str, Any], stage: str, targets: Sequence[str], chosen: str) -> str:
    """Every deal is lost."""
    return "lost"


def thrice_won(facts: Facts) -> float:
    from simsales.kpi import KPIS

    return 3.0 * KPIS["won"].function(facts)


THRICE = Kpi("thrice_won", "count", "three times the wins", "higher", "三倍", thrice_won)
