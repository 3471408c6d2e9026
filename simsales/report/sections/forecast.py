"""The forecast: the answer in short, and the section that explains it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from simsales.intervals import share_bounds
from simsales.report import text
from simsales.report.figures.fan import fan, local_day
from simsales.report.figures.split import PARTS, parts, split
from simsales.report.view import Block, Canvas, Card, Column, Part, Prose, Section, Table, table

_ROWS = 12
FAN_CAPTION = (
    "Cumulative bookings. Half of the simulated futures stay inside the dark band, 80 % inside the middle one, 95 % inside the "
    "light one."
)
SPLIT_CAPTION = (
    "Bars are means, because means add up; the whiskers are 80 % ranges. New deals are those not yet created on the day of the "
    "forecast."
)
SWING_NOTE = (
    "How far each deal alone moves the total up or down (one standard deviation): large amounts that are neither safe nor lost."
)
SPREAD = "What may happen: chance, common shocks and parameters known only roughly."
ERROR = "Error of computing only, from {} simulated futures; more of them make it smaller, not the range."
FLOOR = "The average miss, relative to bookings, that chance alone leaves to a perfect model. No method can promise less."
ASSUMED = (
    "Deals keep arriving, moving and being won as in the history. How well the history determines those rates, and shocks "
    "that hit all deals at once, are inside the range; a change of market, price or team that the history has not seen is not."
)


@dataclass(frozen=True)
class Headline:
    """The answer at the top of a page.

    Parameters
    ----------
    cards : tuple of Card
        Headline numbers.
    verdict : tuple of str
        The answer in sentences.
    split : tuple of Part
        Sources of the bookings, as a stacked bar.
    target : str
        The target, as text; empty without one.
    target_at : float or None
        Its place on the bar, between 0 and 1.

    Examples
    --------
    >>> Headline().target_at is None
    True
    """

    cards: tuple[Card, ...] = ()
    verdict: tuple[str, ...] = ()
    split: tuple[Part, ...] = ()
    target: str = ""
    target_at: float | None = None


def forecast_headline(forecast: Any) -> Headline:  # noqa: ANN401 - a Forecast, or anything with its attributes
    """Return the forecast in short: P50 with its 80 % range, P(target) and the split.

    Parameters
    ----------
    forecast : Forecast
        What was forecast.

    Returns
    -------
    Headline
        For the top of the page.
    """
    currency, quantiles = forecast.currency, forecast.quantiles
    low, middle, high = (float(quantiles[name]) for name in ("p10", "p50", "p90"))
    cards = [
        Card(
            f"Bookings by {local_day(forecast, 'until')}, median",
            text.money(middle, currency),
            f"80 % range: {text.money_range(low, high, currency)}",
            "main",
        )  # fmt: skip
    ]
    verdict = [
        f"Half of the simulated futures end above {text.money(middle, currency)}; "
        f"eight in ten end between {text.money(low, currency)} and {text.money(high, currency)}."
    ]
    if forecast.target is not None:
        cards.append(_target_card(forecast, currency))
        verdict.append(_target_sentence(forecast, middle, currency))
    booked = float(forecast.booked)
    cards.append(Card("Already booked", text.money(booked, currency), f"as of {local_day(forecast, 'as_of')}"))
    shares, at = _stack(forecast, currency)
    target = "" if forecast.target is None else text.money(forecast.target, currency)
    return Headline(tuple(cards), tuple(verdict), shares, target, at)


def _target_card(forecast: Any, currency: str | None) -> Card:  # noqa: ANN401
    p_target, n = float(forecast.p_target), len(forecast.samples)
    tone = "good" if p_target >= 0.6 else "bad" if p_target <= 0.4 else ""  # noqa: PLR2004 - colour only
    return Card(f"Chance to reach {text.money(forecast.target, currency)}", text.chance(p_target, n), odds(p_target, n), tone)


def odds(probability: float, trials: float | None = None) -> str:
    """Return a probability as a frequency that can be pictured.

    Parameters
    ----------
    probability : float
        Between 0 and 1.
    trials : int, optional
        From how many simulated futures: few of them do not show that something hardly ever happens.

    Returns
    -------
    str
        Such as ``about 1 time in 6``.

    Examples
    --------
    >>> odds(0.16), odds(0.75), odds(0.5), odds(0.001)
    ('about 1 time in 6', 'about 3 times in 4', 'about 1 time in 2', 'hardly ever')
    """
    low, high = (probability, probability) if trials is None else share_bounds(probability, trials)
    if probability < 0.02 or probability > 0.98:  # noqa: PLR2004 - beyond what a small frequency can picture
        rare, sure = high < 0.02, low > 0.98  # noqa: PLR2004
        return "hardly ever" if rare else "almost always" if sure else "too few futures to say how sure"
    choices = ((k, n) for n in range(2, 11) for k in range(1, n))
    best = min(choices, key=lambda kn: (round(abs(kn[0] / kn[1] - probability), 2), kn[1]))
    if best == (1, 10) and probability < 0.08:  # noqa: PLR2004
        return f"about 1 time in {round(1 / probability)}"
    return f"about {best[0]} time{'s' if best[0] > 1 else ''} in {best[1]}"


def _target_sentence(forecast: Any, middle: float, currency: str | None) -> str:  # noqa: ANN401
    gap = float(forecast.target) - middle
    side = "short of" if gap > 0 else "above"
    return (
        f"The target of {text.money(forecast.target, currency)} is reached in {text.chance(forecast.p_target, len(forecast.samples))} of them; "
        f"the median is {text.money(abs(gap), currency)} {side} it."
    )


def _stack(forecast: Any, currency: str | None) -> tuple[tuple[Part, ...], float | None]:  # noqa: ANN401
    """Return the stacked bar of means, scaled so that the target fits."""
    amounts = parts(forecast)
    whole = max(sum(max(amount, 0.0) for amount in amounts), float(forecast.target or 0.0)) or 1.0
    labels = (PARTS[0], f"{PARTS[1]}, mean", f"{PARTS[2]}, mean")
    stack = tuple(
        Part(label, text.money(amount, currency), max(amount, 0.0) / whole, colour)
        for label, amount, colour in zip(labels, amounts, ("ink", "blue", "sky"), strict=True)
    )
    return stack, None if forecast.target is None else float(forecast.target) / whole


def forecast_section(forecast: Any, page: Canvas) -> Section:  # noqa: ANN401 - a Forecast
    """Return the section on a forecast: fan, split, error, noise floor, baselines and swing deals.

    Parameters
    ----------
    forecast : Forecast
        What was forecast.
    page : Canvas
        Draws the figures.

    Returns
    -------
    Section
        In reading order.
    """
    currency = forecast.currency
    blocks: list[Block] = []
    if getattr(forecast, "paths", None) is not None and len(forecast.paths):
        blocks.append(page.draw(fan(forecast), FAN_CAPTION))
    blocks.append(page.draw(split(forecast), SPLIT_CAPTION))
    blocks.append(_how_sure(forecast, currency))
    if getattr(forecast, "baselines", None):
        blocks.append(_baselines(forecast, currency))
    swing = getattr(forecast, "swing", None)
    if swing is not None and len(swing):
        blocks.append(_swing(swing, currency, len(forecast.samples)))
    blocks.append(Prose((ASSUMED,), "assumed"))
    notes = tuple(dict.fromkeys(str(note) for note in getattr(forecast, "notes", ())))
    if notes:
        blocks.append(Prose(notes, "warning"))
    lead = (
        f"Seen from {local_day(forecast, 'as_of')}, looking to {local_day(forecast, 'until')}: what is booked, what the open "
        "deals will still bring, and what deals not yet created will bring in time."
    )
    return Section("forecast", "The forecast", lead, tuple(blocks))


def _how_sure(forecast: Any, currency: str | None) -> Table:  # noqa: ANN401
    """Return the table that keeps three kinds of error apart."""
    quantiles = forecast.quantiles
    rows = [
        ("Forecast spread (80 % range)", text.money_range(quantiles["p10"], quantiles["p90"], currency), SPREAD),
        ("Monte-Carlo error of the median", f"±{text.money(forecast.mc_error, currency)}",
         ERROR.format(text.count(len(forecast.samples)))),
    ]  # fmt: skip
    if getattr(forecast, "noise_floor", None) is not None:
        rows.append(("Noise floor", text.percent(forecast.noise_floor), FLOOR))
    return Table(("How sure is this?", "", "Meaning"), tuple(rows), (False, False, False))


def _baselines(forecast: Any, currency: str | None) -> Table:  # noqa: ANN401
    """Return the simple methods beside the forecast."""
    middle = float(forecast.quantiles["p50"])
    rows = [("This forecast, median", text.money(middle, currency), "")]
    for name, amount in forecast.baselines.items():
        known = bool(middle) and amount is not None and math.isfinite(amount)
        away = f"{100 * (float(amount) / middle - 1.0):+.0f} %" if known else ""
        rows.append((str(name).replace("_", " ").capitalize(), text.money(amount, currency), away))
    note = "A forecast far from all of them deserves a reason."
    return Table(("Simple methods beside it", "Bookings", "Against the median"), tuple(rows), (False, True, True), note=note)


def _swing(swing: pd.DataFrame, currency: str | None, trials: int) -> Table:
    """Return the deals that move the result most."""
    columns: list[Column] = [
        ("deal_id", "Deal", text.cell), ("stage", "Stage", text.cell),
        ("amount", "Amount", lambda value: text.money_full(value, currency)), ("p_win", "Chance to be won in time", lambda value: text.chance(value, trials)),
        ("swing", "Moves the total by", lambda value: f"±{text.money(value, currency)}"),
    ]  # fmt: skip
    return table(swing, columns, caption="Open deals that matter most", note=SWING_NOTE, limit=_ROWS)
