"""Changes of where deals come from, what they are worth, and what befalls them."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from simsales.model.base import Name, NonNegative, Positive
from simsales.model.laws import AnyLaw
from simsales.model.levers.base import Change
from simsales.model.schema import Campaign, Event


class Price(Change):
    """Change list prices and discounts, with the effect on the odds that you state (none is assumed).

    Parameters
    ----------
    segment : str, optional
        Absent: all.
    by : float
        Factor of the amount. A price is not a cost: delivery goes on costing what it did (``pricing.unit_cost_share`` of the
        old price). Deals of another size are ``scale`` or ``set`` on ``segments[..].amount``.
    advance_logit : float
        Added to the log-odds of advancing: -0.1 lowers odds by about 10 %.
    discount : Law, optional
        New law of the discount that deals ask for.
    """

    kind: Literal["price"] = "price"
    segment: Name | None = None
    by: Positive = 1.0
    advance_logit: float = 0.0
    discount: AnyLaw | None = None

    @model_validator(mode="after")
    def _something(self) -> Price:
        if self.by == 1.0 and self.advance_logit == 0.0 and self.discount is None and not self.uncertain:
            message = "must change something: by, advance_logit or discount"
            raise ValueError(message)
        return self


class Budget(Change):
    """Change what a channel gets: money, bought leads, or a campaign.

    Parameters
    ----------
    channel : str
    spend_per_week : float, optional
        New budget of a channel that has a `spend` curve; or `by`, a factor of it.
    leads_per_week : float, optional
        New rate of the leads that come anyway.
    campaign : Campaign, optional
        A burst with its own dates.
    """

    kind: Literal["budget"] = "budget"
    channel: Name
    spend_per_week: NonNegative | None = None
    by: NonNegative | None = None
    leads_per_week: NonNegative | None = None
    campaign: Campaign | None = None

    @model_validator(mode="after")
    def _something(self) -> Budget:
        given = (self.spend_per_week, self.by, self.leads_per_week, self.campaign)
        if all(item is None for item in given):
            message = "must change something: spend_per_week, by, leads_per_week or campaign"
            raise ValueError(message)
        if self.spend_per_week is not None and self.by is not None:
            message = "must give either spend_per_week or by, got both"
            raise ValueError(message)
        if self.campaign is not None and self.start is not None and given[:3] == (None, None, None):
            message = "must leave start out where there is only a campaign, which has its own dates"
            raise ValueError(message)
        return self


class Shock(Change):
    """Let something happen, or perhaps happen, on its own dates: a competitor, a slump, a rep who leaves."""

    kind: Literal["shock"] = "shock"
    event: Event

    @model_validator(mode="after")
    def _own_dates(self) -> Shock:
        if self.start is not None:
            message = f"must leave start out, got {self.start}. Hint: the event has its own dates"
            raise ValueError(message)
        return self
