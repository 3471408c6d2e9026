"""The mean of a new rep's ramp over some time: what it takes off a quota (ramp relief)."""

from __future__ import annotations

import math

from simsales.engine import rules
from simsales.engine.plan import Plan

__all__ = ["mean_ramp", "ramp_at"]


def ramp_at(plan: Plan, regime: int, rep: int, age_days: float) -> float:
    """Return the ramp factor of a rep so many days after hire."""
    days = float(plan.rep_ramp_days[regime, rep])
    if age_days >= days:
        return 1.0
    return rules.ramp_factor(float(plan.rep_ramp_start[regime, rep]), days, age_days, plan.staffing.curves[regime][rep])


def mean_ramp(
    plan: Plan, regime: int, rep: int, begin: float, end: float, hired: float | None = None
) -> float:
    """Return the mean ramp factor of a rep over whole days, each at its middle.

    Parameters
    ----------
    plan : Plan
    regime, rep : int
    begin, end : float
        Days since the epoch; time before the hire does not count.
    hired : float, optional
        Day of the hire; absent: the plan's.
    """
    hired = float(plan.rep_hired[rep]) if hired is None else hired
    first = max(begin, hired)
    days = float(plan.rep_ramp_days[regime, rep])
    if days <= 0.0 or first - hired >= days or first >= end:
        return 1.0
    n = max(round(end - first), 1)
    width = (end - first) / n
    return math.fsum(ramp_at(plan, regime, rep, first + (i + 0.5) * width - hired) for i in range(n)) / n
