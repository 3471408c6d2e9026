"""Read the table of deals that are open at the start of a run (R9)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from simsales.engine.clock import SECONDS, Clock
from simsales.engine.lower.columns import numbers, people, places
from simsales.engine.lower.known import draws, lower_known
from simsales.engine.plan import Floats, Opening
from simsales.engine.plan.process import NOBODY
from simsales.errors import InvalidModelError, got
from simsales.model.schema import Model

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
    roles: Sequence[str] = (),
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
        p_waiting, discount, score``, and what :func:`~simsales.engine.lower.known.lower_known` reads. The amount is
        what is left after the discount.
    clock : Clock
    start : float
    stages, segments, channels, reps, roles, products, regions : sequence of str
        Without products (regions), that column is not read.
    after_sale : sequence of str
        Stages that follow a win: no open deal is in one.

    Raises
    ------
    InvalidModelError
        If a column is missing, an id is there twice, a stage, segment, channel, product or region is unknown, an age is
        negative or missing, a stage follows a win, a probability is outside 0 to 1, or columns contradict each other.
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
        message = f"opening.deal_id must be unique, got {got(twice[0])} twice. Hint: keep one row a deal."
        raise InvalidModelError(message)
    order = sorted(range(len(ids)), key=ids.__getitem__)  # ties are settled by the deal, not by the row (R10)
    opening, ids = opening.iloc[order].reset_index(drop=True), tuple(ids[i] for i in order)
    n = len(ids)
    for deal, name in zip(ids, opening["stage"], strict=True):
        if name in after_sale:
            message = (
                f"opening.stage must be a stage before the win, got {got(name)} for deal '{deal}'. "
                "Hint: leave out deals that are won; customers come from wins of the run."
            )
            raise InvalidModelError(message)
    age = numbers(opening, "age_days", low=0.0)
    visit = numbers(opening, "visit", low=1.0, default=1.0)
    return Opening(
        ids=ids,
        stage=places(opening, "stage", stages),
        segment=places(opening, "segment", segments),
        channel=places(opening, "channel", channels),
        owner=people(opening, "owner", reps),
        visit=visit.astype(np.int64),
        age=age,
        created=_created(opening, clock, start, age),
        amount=numbers(opening, "amount", low=None, default=np.nan),
        p_waiting=numbers(opening, "p_waiting", low=0.0, high=1.0, default=np.nan),
        product=places(opening, "product", products) if products else np.full(n, NOBODY),
        region=places(opening, "region", regions) if regions else np.full(n, NOBODY),
        discount=numbers(opening, "discount", low=0.0, high=1.0, default=np.nan),
        score=numbers(opening, "score", low=None, default=np.nan),
        known=lower_known(opening, age, stages=stages, roles=roles, reps=reps),
        draws=draws(opening),
        cut=_cut(opening),
    )


def not_carried(opening: pd.DataFrame | None, models: Sequence[Model]) -> list[str]:
    """Return notes on what the state of a run does not carry over, where the model has it."""
    if opening is None or "cut_at" not in opening.columns:
        return []
    found = []
    if any(stage.after_sale for model in models for stage in model.stages):
        found.append(
            "opening: customers who go on after their win are not in the state of a run; "
            "their work begins anew with the wins of this one."
        )
    if any(channel.market is not None for model in models for channel in model.channels):
        found.append(
            "opening: prospects whose deals are closed are not in the state of a run; "
            "in a finite market they may come again before their cool-down is over."
        )
    return found


def _cut(frame: pd.DataFrame) -> str:
    """Return when the run was cut of which the table is the state; empty where it is none's."""
    when = numbers(frame, "cut_at", low=-np.inf, default=np.nan)
    known = when[~np.isnan(when)]
    return f"{known.max():.6f}" if len(known) else ""


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
