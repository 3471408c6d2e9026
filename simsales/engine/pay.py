"""Lower compensation plans to the marginal rates that the effort rule reads (R8)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from simsales.engine.rules import PayRule
from simsales.model.compensation import CompPlan, Spiff
from simsales.model.conditions import ATTRIBUTES, holds, parse_condition
from simsales.model.roster import by_name, named_reps
from simsales.model.schema import Model

__all__ = ["Usual", "average_rate", "pay_rule", "spiff_rate"]


class Usual:
    """What people are used to be paid: by the organisation before any change, dated or not.

    Parameters
    ----------
    base : Model

    Examples
    --------
    >>> m = Model(channels=[{"name": "web", "leads_per_week": 1.0}], roles=[{"name": "AE"}],
    ...           stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}],
    ...           plans={"std": {"quota": 100.0, "rates": [{"rate": 0.1}]}}, reps=[{"name": "Ada", "role": "AE", "plan": "std"}])
    >>> new = CompPlan(quota=100.0, rates=[{"rate": 0.0}])
    >>> average_rate(Usual(m).plan("Ada", "AE", "other", new)), average_rate(Usual(m).plan("Bob", "AE", "other", new))
    (0.1, 0.1)
    """

    def __init__(self, base: Model) -> None:
        self.plans = base.plans
        self.before = {str(rep.name): rep.plan for rep in named_reps(base)}
        self.peers: dict[str, list[str]] = {}
        for rep in named_reps(base):
            if rep.plan is not None:
                self.peers.setdefault(rep.role, []).append(rep.plan)

    def plan(self, seat: str, role: str, name: str, own: CompPlan) -> CompPlan:
        """Return the plan that makes the usual pay of a rep.

        Parameters
        ----------
        seat, role : str
            Of the rep; a replacement has the seat of who left.
        name : str
            Of the plan that the rep has now.
        own : CompPlan
            The first form in which the changed organisation has that plan.

        Returns
        -------
        CompPlan
            What the base pays the same rep. Somebody new: the base's plan of that name where it pays people of the role so,
            else what it pays the first of the role, else its plan of that name, else `own`.
        """
        peers = self.peers.get(role, [])
        wanted = [self.before.get(seat), name if name in peers else None, *peers[:1], name]
        return next((self.plans[each] for each in wanted if each is not None and each in self.plans), own)

    def rate(self, seat: str, role: str) -> float:
        """Return the average rate that somebody is used to who now has no plan that pays for bookings.

        Parameters
        ----------
        seat, role : str

        Returns
        -------
        float
            What the base pays the same rep; somebody new: the first of the role. 0 where it pays nothing for bookings.
        """
        name = self.before[seat] if seat in self.before else next(iter(self.peers.get(role, [])), None)
        return average_rate(self.plans[name]) if name is not None and name in self.plans else 0.0


def pay_rule(name: str, model: Model, usual: CompPlan) -> PayRule:
    """Return the rates of a model's plan, with what is usual as the reference.

    Parameters
    ----------
    name : str
        A plan of `model` with a quota.
    model : Model
    usual : CompPlan
        What the rep was paid by before any change (:class:`Usual`).

    Returns
    -------
    PayRule
        A penalty is a bonus for reaching its bound. A draw is not in it: within an advance that is taken back reps
        still earn; nor are splits, the time of payment, and clawback.

    Examples
    --------
    >>> m = Model(channels=[{"name": "web", "leads_per_week": 1.0}],
    ...           stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}],
    ...           plans={"std": {"quota": 100.0, "rates": [{"rate": 0.1}], "cap": 1.1}})
    >>> rule = pay_rule("std", m, m.plans["std"])
    >>> rule.rates, rule.bounds, rule.reference
    ((0.1, 0.0), (110.00000000000001,), 0.1)
    """
    plan = model.plans[name]
    quota = _quota(plan)
    rates, bounds = _slices(plan)
    lumps = [(bonus.at, bonus.amount) for bonus in plan.bonuses if plan.cap is None or bonus.at <= plan.cap]
    lumps += [(penalty.at_below, -penalty.amount) for penalty in plan.penalties]
    reference = model.effort.reference_rate if model.effort is not None else None
    if reference is None:
        reference = average_rate(usual)
    return PayRule(
        quota, plan.period, rates, bounds, tuple((at * quota, lump) for at, lump in lumps), reference,
        jump=_jump(plan),
        spiffs=tuple((spiff.start, spiff.until, spiff_rate(spiff, model)) for spiff in plan.spiffs),
        ratchet=(0.0, 0.0) if plan.ratchet is None else (plan.ratchet.up, plan.ratchet.down),
        relief=plan.ramp_relief,
    )  # fmt: skip


def _quota(plan: CompPlan) -> float:
    assert plan.quota is not None  # who asks has seen that bookings count
    return plan.quota


def _slices(plan: CompPlan, *, held_back: bool = True) -> tuple[tuple[float, ...], tuple[float, ...]]:
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
    if plan.threshold is not None and held_back:
        reached = [rate for begins, rate in steps if begins <= plan.threshold][-1]
        steps = [(0.0, 0.0), (plan.threshold, reached), *(step for step in steps if step[0] > plan.threshold)]
    return tuple(rate for _, rate in steps), tuple(at * _quota(plan) for at, _ in steps[1:])


def _jump(plan: CompPlan) -> tuple[float, float]:
    """Return where a threshold lies, and the average rate up to it that is paid once it is reached."""
    if plan.threshold is None or plan.threshold_from == "threshold":
        return 0.0, 0.0
    at = plan.threshold * _quota(plan)
    rates, bounds = _slices(plan, held_back=False)
    return at, _earned(rates, bounds, at) / at


def _earned(rates: tuple[float, ...], bounds: tuple[float, ...], sold: float) -> float:
    """Return the commission on bookings."""
    edges = [0.0, *(min(bound, sold) for bound in bounds), sold]
    return sum(rate * (b - a) for rate, a, b in zip(rates, edges, edges[1:], strict=False))


def average_rate(plan: CompPlan) -> float:
    """Return the commission on quota per unit of quota; a plan of bonuses only: its bonuses.

    Examples
    --------
    >>> average_rate(CompPlan(quota=100.0, rates=[{"upto": 0.5, "rate": 0.1}, {"rate": 0.2}]))
    0.15
    """
    if plan.quota is None:
        return 0.0
    paid = _earned(*_slices(plan), plan.quota)
    at, rate = _jump(plan)
    if 0.0 < at <= plan.quota:
        paid += at * rate
    if paid <= 0.0:
        paid = sum(bonus.amount for bonus in plan.bonuses if bonus.at <= 1.0)
    return paid / plan.quota


def spiff_rate(spiff: Spiff, model: Model) -> float:
    """Return what a SPIFF is expected to pay per unit of bookings, at the model's mix of leads and mean amounts.

    Parameters
    ----------
    spiff : Spiff
    model : Model

    Examples
    --------
    >>> m = Model(channels=[{"name": "web", "leads_per_week": 1.0, "segments": {"smb": 0.5, "large": 0.5}}],
    ...           segments=[{"name": "smb", "amount": 100.0}, {"name": "large", "amount": 300.0}],
    ...           stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> spiff_rate(Spiff(name="large", start="2027-01-01", until="2027-01-31", rate=0.04, where="segment == large"), m)
    0.03
    """
    clauses = () if spiff.where is None else parse_condition(spiff.where, ATTRIBUTES)
    paid = booked = 0.0
    for weight, deal in _mix(model):
        booked += weight * float(deal["amount"])
        if holds(clauses, deal):
            paid += weight * (spiff.rate * float(deal["amount"]) + spiff.amount_per_win)
    return paid / booked if booked > 0.0 else 0.0


def _mix(model: Model) -> Iterator[tuple[float, dict[str, float | str]]]:
    """Yield the kinds of deals with their weight: each channel's segments at their mean amount, products, regions."""
    amounts = {segment.name: segment.amount.mean() for segment in model.segments}
    products: list[tuple[str, float, float]] = [(p.name, p.share, p.amount_scale) for p in by_name(model.products)]
    regions: list[tuple[str, float, float]] = [(r.name, r.share, r.amount_scale) for r in by_name(model.regions)]
    channels = by_name(model.channels)  # sums do not depend on the order in the file, to the last bit
    leads = [channel.leads_per_week for channel in channels]
    if not any(leads):  # only deals that are open at the start: nobody knows their channel's weight
        leads = [1.0] * len(leads)
    for channel, per_week in zip(channels, leads, strict=True):
        shares = channel.segments or {model.segments[0].name: 1.0}
        total = sum(share for _, share in sorted(shares.items()))
        whole = product(sorted(shares.items()), products or [("", 1.0, 1.0)], regions or [("", 1.0, 1.0)])
        for (segment, share), (name, p, by_product), (region, r, by_region) in whole:
            amount = amounts[segment] * by_product * by_region
            yield per_week * share / total * p * r, {
                "amount": amount, "segment": segment, "channel": channel.name, "product": name, "region": region,
            }  # fmt: skip
