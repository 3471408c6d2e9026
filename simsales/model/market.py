"""Where deals come from and what they are: channels, segments, products, regions, events (rule R1)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from simsales.model.base import Date, Name, NonNegative, Positive, Probability, Seq, Value, Weekday
from simsales.model.laws import AnyLaw, Constant

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
Month = Literal["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]


class Campaign(Value):
    """A burst of leads: a fair, a mailing.

    Parameters
    ----------
    start, until : date
        Days on which the leads come (both included; `until` absent: one day), `lag_days` later.
    leads : float
        Expected leads in all, spread evenly.
    cost : float
        Paid at the start.
    """

    name: Name
    start: Date
    until: Date | None = None
    leads: NonNegative
    lag_days: NonNegative = 0.0
    cost: NonNegative = 0.0


class Spend(Value):
    """Leads that money buys, with diminishing returns, a lag, and a stock that builds up and decays.

    Parameters
    ----------
    per_week : float
        Money spent.
    most_leads_per_week : float
        What no budget exceeds.
    half_at : float
        Money a week that brings half of them.
    shape : float
        1: every further unit brings less; above 1: an S-curve.
    lag_days : float
        From spending to effect.
    half_life_days : float
        Content works on: the effective spend approaches today's with this half-life; 0: at once.
    """

    per_week: NonNegative
    most_leads_per_week: NonNegative
    half_at: Positive
    shape: Positive = 1.0
    lag_days: NonNegative = 0.0
    half_life_days: NonNegative = 0.0


class Market(Value):
    """A finite number of prospects: one that was contacted does not come back within the cool-down.

    Parameters
    ----------
    size : int
    cooldown_days : float
    """

    size: Annotated[int, Field(ge=1, le=100_000_000)]
    cooldown_days: Positive = 365.0


class Channel(Value):
    """A source of leads.

    Parameters
    ----------
    leads_per_week : float
        Mean arrivals in a week at the epoch, before season.
    trend_per_year : float
        Growth of the rate: 0.1 is 10 % a year, compounding.
    season : dict
        Multiplier by month, default 1.
    weekday : dict
        Multiplier by weekday, default 1; the week's total is kept.
    hours : str, optional
        Local hours in which leads arrive; absent: any time of day.
    overdispersion : float
        Variance over mean of weekly counts; 1 is Poisson.
    segments : dict
        Share of each segment; empty: the model's only segment.
    entry : dict
        Share entering at each stage; empty: all at the first stage.
    cost_per_lead : float
        In the model's currency.
    products, regions : dict
        Share of each; empty: the model's own shares.
    campaigns : tuple of Campaign
    spend : Spend, optional
        Leads bought, besides `leads_per_week`.
    market : Market, optional
        A finite market: further leads fail to come when it is worked through.
    partner_share : float
        Share of the amount that a partner keeps (a cost).
    """

    name: Name
    leads_per_week: NonNegative
    trend_per_year: Annotated[float, Field(gt=-1.0)] = 0.0
    season: dict[Month, NonNegative] = {}
    weekday: dict[Weekday, NonNegative] = {}
    hours: str | None = None
    overdispersion: Annotated[float, Field(ge=1.0)] = 1.0
    segments: dict[str, NonNegative] = {}
    entry: dict[str, NonNegative] = {}
    cost_per_lead: NonNegative = 0.0
    products: dict[str, NonNegative] = {}
    regions: dict[str, NonNegative] = {}
    campaigns: Annotated[tuple[Campaign, ...], Seq] = ()
    spend: Spend | None = None
    market: Market | None = None
    partner_share: Probability = 0.0


class Segment(Value):
    """A kind of deal, with its amount and its distance from the average odds of advancing.

    Parameters
    ----------
    name : str
    amount : Law
        List price. Another amount is another kind of deal, with its own cost of delivery; the same deal at another price
        is a ``price`` change.
    advance_logit : float
    discount : Law, optional
        Instead of that of `pricing`.
    price_level : float
        The list price against that by which ``pricing.unit_cost_share`` was stated; a ``price`` change moves both the
        amount and this, so that delivery goes on costing the same money.
    """

    name: Name
    amount: AnyLaw = Constant(value=0.0)
    advance_logit: float = 0.0
    discount: AnyLaw | None = None
    price_level: Positive = 1.0


class Point(Value):
    """A factor on a date; between two dates it changes in a straight line."""

    date: Date
    factor: NonNegative


class Product(Value):
    """Something that is sold.

    Parameters
    ----------
    share : float
        Weight among the products at a life-cycle factor of 1.
    amount_scale : float
    advance_logit : float
    life_cycle : tuple of Point
        Demand over time (introduction, growth, maturity, decline); before the first and after the last date it stays.
    """

    name: Name
    share: NonNegative = 1.0
    amount_scale: Positive = 1.0
    advance_logit: float = 0.0
    life_cycle: Annotated[tuple[Point, ...], Seq] = ()


class Region(Value):
    """Where a customer is.

    Parameters
    ----------
    share : float
        Weight among the regions.
    currency : str, optional
        In which the segment's amount law is meant there; converted by the model's `fx`.
    amount_scale : float
    advance_logit : float
    """

    name: Name
    share: NonNegative = 1.0
    currency: str | None = None
    amount_scale: Positive = 1.0
    advance_logit: float = 0.0


class FxRate(Value):
    """An exchange rate from a date on: units of the model's currency for one unit."""

    start: Date
    rate: Positive


class Event(Value):
    """Something that happens, or may happen, on a date: a competitor's price cut, a slump, a key rep who leaves.

    Parameters
    ----------
    start, until : date
        `until` (included) absent: for good.
    probability : float
        Drawn once a replication; 0 is the base run.
    leads, amount : float
        Multiply the arrivals and the amounts of deals created meanwhile.
    win_logit : float
        Added to the log-odds of advancing meanwhile.
    exposure : float
        Share of deals to which `win_logit` applies.
    where : str, optional
        Condition on ``segment, channel, product, region``: only those deals (channel only, for `leads`).
    rep : str, optional
        Leaves at the start.
    """

    name: Name
    start: Date
    until: Date | None = None
    probability: Probability = 1.0
    leads: NonNegative = 1.0
    amount: NonNegative = 1.0
    win_logit: float = 0.0
    exposure: Probability = 1.0
    where: str | None = None
    rep: Name | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Event:
        if self.until is not None and self.until < self.start:
            message = f"until must not be before start ({self.start}), got {self.until}"
            raise ValueError(message)
        return self


class Shocks(Value):
    """Quarterly ups and downs shared by all deals (a noise floor that more deals cannot average out)."""

    arrivals_quarter_cv: NonNegative = 0.0
    win_logit_quarter_sd: NonNegative = 0.0
    amount_quarter_cv: NonNegative = 0.0


class Pricing(Value):
    """Discounts and what a deal costs to deliver.

    Parameters
    ----------
    discount : Law
        Share of the list price that a deal asks for (a segment may state its own); the amount booked is list x (1 - it).
    unit_cost_share : float
        Cost of delivery as a share of the list price: margin = booked - this x list. A later change of the price does not
        change it: the share goes on being that of the old price (``price_level`` of the segment).
    non_standard_terms : float
        Share of deals that ask for other terms (``when: terms == non_standard``).
    """

    discount: AnyLaw = Constant(value=0.0)
    unit_cost_share: Probability = 0.0
    non_standard_terms: Probability = 0.0
