"""Slower work in a transition: on the deals that take up the change, and no others (R3)."""

from __future__ import annotations

from typing import NamedTuple

from simsales.engine import rules
from simsales.engine.leads.arrivals import Deals
from simsales.engine.plan import Flags, Plan
from simsales.engine.streams import Purpose

__all__ = ["Dips"]


class _Dip(NamedTuple):
    """One dip: when it began, how deep and long it is, in which roles (none: all), for which deals (None: all)."""

    start: float
    depth: float
    days: float
    roles: frozenset[int]
    share: tuple[int, float, float, float] | None
    holds: Flags | None


class Dips:
    """The transition dips of a run; one without a date begins with the run.

    Parameters
    ----------
    plan : Plan
    facts : Deals
        Which deals a change is for, and their draws.
    """

    def __init__(self, plan: Plan, facts: Deals) -> None:
        self._draws = facts.draws
        self._dips = [
            _Dip(
                plan.start if dip.start is None else plan.clock.midnight(dip.start), dip.depth, dip.days,
                frozenset(plan.roles.index(role) for role in dip.roles),
                None if dip.share is None else plan.taken_up(dip.share), facts.dipped[i] if facts.dipped else None,
            )
            for i, dip in enumerate(plan.timeline.dips)
        ]  # fmt: skip

    def factor(self, deal: int, role: int, now: float) -> float:
        """Return what is left of speed at work that begins now on a deal."""
        left = 1.0
        for dip in self._dips:
            if (not dip.roles or role in dip.roles) and self._concerns(dip, deal, now):
                left *= rules.dip_factor(dip.depth, dip.days, now - dip.start)
        return left

    def _concerns(self, dip: _Dip, deal: int, now: float) -> bool:
        """Tell whether a deal takes up the change by now, with the draw that lets it follow the change."""
        if dip.holds is not None and not dip.holds[deal]:
            return False
        if dip.share is None:
            return True
        key, start, ramp, adoption = dip.share
        return rules.adopted(adoption, ramp, now - start, self._draws.one(deal, Purpose.ADOPTION, key))
