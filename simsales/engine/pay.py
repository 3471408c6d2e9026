"""Lower compensation plans to the marginal rates that the effort rule reads (R8)."""

from __future__ import annotations

from simsales.engine.rules import PayRule
from simsales.model.compensation import CompPlan
from simsales.model.schema import Model


def pay_rule(name: str, model: Model, base: Model) -> PayRule:
    """Return the rates of a model's plan, with the reference of the base model's plan of that name.

    Parameters
    ----------
    name : str
        A plan of `model`.
    model, base : Model

    Returns
    -------
    PayRule

    Examples
    --------
    >>> m = Model(channels=[{"name": "web", "leads_per_week": 1.0}],
    ...           stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}],
    ...           plans={"std": {"quota": 100.0, "rates": [{"rate": 0.1}], "cap": 1.1}})
    >>> pay_rule("std", m, m)
    PayRule(quota=100.0, period='quarter', rates=(0.1, 0.0), bounds=(110.00000000000001,), bonuses=(), reference=0.1)
    """
    plan = model.plans[name]
    rates, bounds = _slices(plan)
    bonuses = tuple(
        (bonus.at * plan.quota, bonus.amount)
        for bonus in plan.bonuses
        if plan.cap is None or bonus.at <= plan.cap
    )
    reference = model.effort.reference_rate if model.effort is not None else None
    if reference is None:
        reference = average_rate(base.plans.get(name, plan))
    return PayRule(plan.quota, plan.period, rates, bounds, bonuses, reference)


def _slices(plan: CompPlan) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return marginal rates and the bookings at which each further one begins."""
    steps: list[tuple[float, float]] = []  # (attainment from which the rate holds, rate)
    begins = 0.0
    for rate in plan.rates:
        steps.append((begins, rate.rate))
        if rate.upto is None:
            break
        begins = rate.upto
    else:
        steps.append((begins, 0.0))
    if plan.cap is not None:
        steps = [step for step in steps if step[0] < plan.cap] + [(plan.cap, 0.0)]
    return tuple(rate for _, rate in steps), tuple(at * plan.quota for at, _ in steps[1:])


def average_rate(plan: CompPlan) -> float:
    """Return the commission on quota per unit of quota; a plan of bonuses only: its bonuses.

    Examples
    --------
    >>> average_rate(CompPlan(quota=100.0, rates=[{"upto": 0.5, "rate": 0.1}, {"rate": 0.2}]))
    0.15
    """
    rates, bounds = _slices(plan)
    edges = [0.0, *(min(bound, plan.quota) for bound in bounds), plan.quota]
    paid = sum(rate * (b - a) for rate, a, b in zip(rates, edges, edges[1:], strict=False))
    if paid <= 0.0:
        paid = sum(bonus.amount for bonus in plan.bonuses if bonus.at <= 1.0)
    return paid / plan.quota
