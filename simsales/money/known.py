"""What a model says of its money, and what it does not: a number that nobody stated is not known, and never 0."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from simsales.engine.plan import Plan
from simsales.model.apply import Timeline, as_timeline
from simsales.model.market import Pricing
from simsales.model.terms import Terms

if TYPE_CHECKING:
    from simsales.model.schema import Channel, Model

__all__ = [
    "CostParts", "cost_parts", "states_delivery", "states_discounts", "states_leavers", "states_marketing", "states_pay",
    "states_terms",
]  # fmt: skip

ZH = {
    "leads": "线索", "campaigns": "市场活动", "spend": "投放", "partners": "渠道分成", "base pay": "底薪", "commission": "提成",
    "cost of people besides pay": "薪酬外人员成本", "training": "培训", "changes": "变更成本", "delivery": "交付成本",
    "bad debt": "坏账", "cancellations": "退单", "marketing": "市场费用",
}  # fmt: skip
"""Parts of the cost in Chinese."""


class CostParts(NamedTuple):
    """Which costs a model states, and which of the usual ones it does not.

    Parameters
    ----------
    included : tuple of str
        What `cost` adds up, and `net` takes off bookings.
    unknown : tuple of str
        What the model says nothing of: it is in neither.
    """

    included: tuple[str, ...]
    unknown: tuple[str, ...]

    def label(self, language: str = "en") -> str:
        """Return both in words; empty where nothing is stated.

        Examples
        --------
        >>> CostParts(("base pay", "delivery"), ("marketing",)).label()
        'bookings less base pay and delivery; not modelled: marketing'
        >>> CostParts(("base pay", "delivery"), ()).label("zh")
        '签约额减去底薪、交付成本'
        """
        if not self.included:
            return ""
        if language == "zh":
            known = "签约额减去" + "、".join(_zh(part) for part in self.included)
            return known + ("；未建模：" + "、".join(_zh(part) for part in self.unknown) if self.unknown else "")
        *most, last = self.included
        known = f"bookings less {', '.join(most)} and {last}" if most else f"bookings less {last}"
        return known + (f"; not modelled: {', '.join(self.unknown)}" if self.unknown else "")


def _zh(part: str) -> str:
    return part.replace("pay of ", "薪酬：") if part.startswith("pay of ") else ZH[part]


def _models(of: Plan | Timeline | Model) -> tuple[Model, ...]:
    """Return the models of a run, that before any change included."""
    timeline = of.timeline if isinstance(of, Plan) else as_timeline(of)
    return (*(regime.model for regime in timeline.regimes), timeline.usual)


def _any(of: Plan | Timeline | Model, says: Callable[[Model], bool]) -> bool:
    return any(says(model) for model in _models(of))


def states_terms(of: Plan | Timeline | Model) -> bool:
    """Tell whether terms of payment are stated, so that cash is known (``deposit_share: 1``: paid on the day of the win).

    Examples
    --------
    >>> from simsales.model.schema import Model
    >>> m = Model(channels=[{"name": "web", "leads_per_week": 1.0}],
    ...           stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> states_terms(m), states_delivery(m), states_pay(m), states_marketing(m)
    (False, False, False, False)
    """
    return _any(of, lambda model: model.terms != Terms())


def states_delivery(of: Plan | Timeline | Model) -> bool:
    """Tell whether the cost of delivery is stated, so that a margin is known."""
    return _any(of, lambda model: model.pricing.unit_cost_share > 0.0)


def states_discounts(of: Plan | Timeline | Model) -> bool:
    """Tell whether discounts are stated: by law, for a segment, at an approval, or of opening deals."""
    if isinstance(of, Plan) and of.opening is not None and not np.isnan(of.opening.discount).all():
        return True
    return _any(of, _discounted)


def _discounted(model: Model) -> bool:
    return (
        model.pricing.discount != Pricing().discount or any(segment.discount is not None for segment in model.segments)
        or (model.timing is not None and model.timing.discount > 0.0)
    )  # fmt: skip


def states_pay(of: Plan | Timeline | Model, role: str | None = None) -> bool:
    """Tell whether reps (of a role) have a pay plan, so that their commission is known."""
    return _any(of, lambda model: any(rep.plan is not None and role in (None, rep.role) for rep in model.reps))


def states_leavers(of: Plan | Timeline | Model) -> bool:
    """Tell whether the model says who leaves, so that attrition is known."""
    return _any(of, lambda model: bool(model.attrition) or any(rep.leaves is not None for rep in model.reps) or any(
        event.rep is not None for event in model.events))  # fmt: skip


def states_marketing(of: Plan | Timeline | Model, channel: str | None = None) -> bool:
    """Tell whether it is stated what it costs that deals come (by a channel)."""
    return _any(of, lambda model: any(_costs(each) for each in model.channels if channel in (None, each.name)))


def _costs(channel: Channel) -> bool:
    """Tell whether a channel says what its leads cost."""
    return bool(channel.cost_per_lead or channel.partner_share or channel.spend or any(each.cost for each in channel.campaigns))


def cost_parts(of: Plan | Timeline | Model) -> CostParts:
    """Return which costs are in `cost` and `net`, and which are not known.

    Parameters
    ----------
    of : Plan, Timeline or Model
        Of a scenario (its timeline) the costs of the changes count too.

    Examples
    --------
    >>> from simsales.model.schema import Model
    >>> m = Model(channels=[{"name": "web", "leads_per_week": 1.0, "cost_per_lead": 9.0}],
    ...           stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> cost_parts(m)
    CostParts(included=('leads',), unknown=('delivery', 'bad debt', 'cancellations'))
    """
    timeline = of.timeline if isinstance(of, Plan) else as_timeline(of)
    terms = states_terms(of)
    known = {
        "leads": _any(of, lambda m: any(c.cost_per_lead for c in m.channels)),
        "campaigns": _any(of, lambda m: any(each.cost for c in m.channels for each in c.campaigns)),
        "spend": _any(of, lambda m: any(c.spend for c in m.channels)),
        "partners": _any(of, lambda m: any(c.partner_share for c in m.channels)),
        "base pay": _any(of, lambda m: any(m.plans[r.plan].base for r in m.reps if r.plan is not None)),
        "commission": _any(of, lambda m: any(m.plans[r.plan].quota is not None for r in m.reps if r.plan is not None)),
        "cost of people besides pay": _any(of, lambda m: any(rep.cost_per_year for rep in m.reps)),
        "training": _any(of, lambda m: any(each.cost_per_head for each in m.trainings)),
        "changes": bool(timeline.costs),
        "delivery": states_delivery(of), "bad debt": terms, "cancellations": terms,
    }  # fmt: skip
    unknown = [] if states_marketing(of) else ["marketing"]
    unknown += _unpaid_roles(_models(of))
    unknown += [name for name in ("delivery", "bad debt", "cancellations") if not known[name]]
    return CostParts(tuple(name for name, stated in known.items() if stated), tuple(unknown))


def _unpaid_roles(models: tuple[Model, ...]) -> list[str]:
    """Return of whose pay nothing is stated: neither a plan nor a cost a year."""
    reps = [rep for model in models for rep in model.reps]
    roles = dict.fromkeys(rep.role for rep in reps if rep.plan is None and not rep.cost_per_year)
    return [f"pay of {', '.join(roles)}"] if roles else []
