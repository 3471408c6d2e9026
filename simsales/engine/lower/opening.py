"""Read the table of deals that are open at the start of a run (R9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from simsales.engine.clock import SECONDS, Clock
from simsales.engine.plan import Floats, Ints, Opening
from simsales.engine.plan.process import NOBODY
from simsales.errors import InvalidModelError, did_you_mean

REQUIRED = ("deal_id", "stage", "age_days")


def lower_opening(
    opening: pd.DataFrame,
    *,
    clock: Clock,
    start: float,
    stages: Sequence[str],
    segments: Sequence[str],
    channels: Sequence[str],
    reps: Sequence[str],
    products: Sequence[str] = (),
    regions: Sequence[str] = (),
    after_sale: Sequence[str] = (),
) -> Opening:
    """Return the opening deals as arrays, checked against the model's names.

    Parameters
    ----------
    opening : DataFrame
        Columns ``deal_id, stage, age_days``; optional ``created_days`` (days before the start, as a
        number of at most 0) or ``created_at``, ``amount, segment, channel, product, region, owner, visit,
        p_waiting, discount, score``. The amount is what is left after the discount.
    clock : Clock
    start : float
    stages, segments, channels, reps, products, regions : sequence of str
        Without products (regions), that column is not read.
    after_sale : sequence of str
        Stages that follow a win: no open deal is in one.

    Raises
    ------
    InvalidModelError
        If a column is missing, an id is there twice, a stage, segment, channel, product or region is unknown, an age is
        negative or missing, a stage follows a win, or a probability is outside 0 to 1.
    """
    missing = [name for name in REQUIRED if name not in opening.columns]
    if missing:
        message = (
            f"opening must have the columns {', '.join(REQUIRED)}, got no {', '.join(missing)}. "
            f"Hint: its columns are {', '.join(map(str, opening.columns))}."
        )
        raise InvalidModelError(message)
    ids = tuple(str(value) for value in opening["deal_id"])
    twice = pd.Index(ids)[pd.Index(ids).duplicated()]
    if len(twice):
        message = f"opening.deal_id must be unique, got '{twice[0]}' twice. Hint: keep one row a deal."
        raise InvalidModelError(message)
    order = sorted(range(len(ids)), key=ids.__getitem__)  # ties are settled by the deal, not by the row (R10)
    opening, ids = opening.iloc[order].reset_index(drop=True), tuple(ids[i] for i in order)
    n = len(ids)
    for deal, name in zip(ids, opening["stage"], strict=True):
        if name in after_sale:
            message = (
                f"opening.stage must be a stage before the win, got '{name}' for deal '{deal}'. "
                "Hint: leave out deals that are won; customers come from wins of the run."
            )
            raise InvalidModelError(message)
    age = _numbers(opening, "age_days", n, low=0.0)
    visit = _numbers(opening, "visit", n, low=1.0, default=1.0)
    owners = _texts(opening, "owner", n)
    found = {name: p for p, name in enumerate(reps)}
    return Opening(
        ids=ids,
        stage=_places(opening, "stage", stages, n),
        segment=_places(opening, "segment", segments, n),
        channel=_places(opening, "channel", channels, n),
        owner=np.array([found.get(name, NOBODY) for name in owners], dtype=np.int64),
        visit=visit.astype(np.int64),
        age=age,
        created=_created(opening, clock, start, age),
        amount=_numbers(opening, "amount", n, low=None, default=np.nan),
        p_waiting=_numbers(opening, "p_waiting", n, low=0.0, high=1.0, default=np.nan),
        product=_places(opening, "product", products, n) if products else np.full(n, NOBODY),
        region=_places(opening, "region", regions, n) if regions else np.full(n, NOBODY),
        discount=_numbers(opening, "discount", n, low=0.0, high=1.0, default=np.nan),
        score=_numbers(opening, "score", n, low=None, default=np.nan),
    )


def _texts(frame: pd.DataFrame, name: str, n: int) -> list[str]:
    if name not in frame.columns:
        return [""] * n
    return ["" if pd.isna(value) else str(value) for value in frame[name]]


def _places(frame: pd.DataFrame, name: str, known: Sequence[str], n: int) -> Ints:
    """Return positions of names; an empty cell is -1, except that a stage is required."""
    where = {label: i for i, label in enumerate(known)}
    found = np.full(n, NOBODY)
    for i, text in enumerate(_texts(frame, name, n)):
        if text == "" and name != "stage":
            continue
        if text not in where:
            message = (
                f"opening.{name} must name a {name} of the model, got '{text}' for deal "
                f"'{frame['deal_id'].iloc[i]}'. {did_you_mean(text, known)}"
            )
            raise InvalidModelError(message)
        found[i] = where[text]
    return found


def _numbers(
    frame: pd.DataFrame,
    name: str,
    n: int,
    *,
    low: float | None,
    high: float | None = None,
    default: float | None = None,
) -> Floats:
    if name not in frame.columns:
        assert default is not None
        return np.full(n, default)
    try:
        values: Floats = np.array(pd.to_numeric(frame[name]), dtype=float)
    except (ValueError, TypeError) as error:
        message = f"opening.{name} must be numbers, got text. Hint: {error}"
        raise InvalidModelError(message) from error
    if default is not None:
        values = np.where(np.isnan(values), default, values)
    bad: Any = ~np.isfinite(values) & ~(np.isnan(values) & (default is not None))
    if low is not None:
        bad |= values < low
    if high is not None:
        bad |= values > high
    if bad.any():
        i = int(np.argmax(bad))
        span = f"from {low:g} to {high:g}" if high is not None else f"at least {low or 0:g}"
        message = (
            f"opening.{name} must be {span}, got {values[i]:g} for deal "
            f"'{frame['deal_id'].iloc[i]}'. Hint: check that row."
        )
        raise InvalidModelError(message)
    return values


def _created(frame: pd.DataFrame, clock: Clock, start: float, age: Floats) -> Floats:
    """Return when the deals were created, in days since the epoch; default: when they entered."""
    if "created_days" in frame.columns:
        days = np.array(pd.to_numeric(frame["created_days"]), dtype=float)
    elif "created_at" in frame.columns:
        moments = pd.to_datetime(frame["created_at"], utc=True)
        epoch = pd.Timestamp(clock.epoch)
        days = np.array((moments - epoch).dt.total_seconds(), dtype=float) / SECONDS - start
    else:
        days = -age
    days = np.where(np.isnan(days), -age, days)
    late = days > 0.0
    if late.any():
        i = int(np.argmax(late))
        message = (
            f"opening.created_days must be at most 0 (the start), got {days[i]:g} for deal "
            f"'{frame['deal_id'].iloc[i]}'. Hint: leave out deals that were created later."
        )
        raise InvalidModelError(message)
    created: Floats = start + np.minimum(days, 0.0)
    return created
