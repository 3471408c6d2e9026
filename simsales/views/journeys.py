"""The customer's journey: the same run seen from the other side, by where customers stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simsales.engine.plan import OPEN, RETAINED, WON
from simsales.errors import InvalidInputError
from simsales.facts.lasting import lengths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simsales.engine import EventLog

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["STATES", "journey"]

STATES = ("awareness", "consideration", "decision", "retention")
STATES_ZH = ("意识", "考虑", "决策", "留存")


def journey(log: EventLog) -> pd.DataFrame:
    """Return how many customers a run has in each state of the journey, and how far they go.

    Parameters
    ----------
    log : EventLog
        Of a model whose stages state their `journey`.

    Returns
    -------
    DataFrame, one row a state in order
        ``state, zh, stages`` (names, in order); ``visits``: stays in these stages (the sum over the stages);
        ``customers``: deals that were ever in one of them; ``further``: those of them that were in a later state or ended
        as won (before retention) or retained; ``open``: those that still may; ``rate``: the share that goes further in the end,
        customers who still may counted as open (Aalen-Johansen; NaN where the run is too short for anybody to have gone
        further or out), so that it does not depend on the length of the run; ``days``: mean days that a customer spent in the
        state so far. Stages without a state are left out and named in ``attrs["unmapped"]``.

    Raises
    ------
    InvalidInputError
        If no stage of the model states a journey.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.schema import Model
    >>> log = simulate(Model(channels=[{"name": "web", "leads_per_week": 70.0}], stages=[
    ...     {"name": "Visit", "journey": "awareness", "exits": [{"to": "Talk", "probability": 1.0, "delay_days": 2}]},
    ...     {"name": "Talk", "journey": "decision", "exits": [{"to": "won", "probability": 1.0, "delay_days": 1}]}]), cases=5)
    >>> journey(log)[["state", "customers", "further", "days"]].values.tolist()
    [['awareness', 5, 5, 2.0], ['decision', 5, 5, 1.0]]
    """
    states = _states(log)
    if all(state < 0 for state in states):
        message = "stages must state their journey, got none that does. Hint: journey: awareness, consideration, decision or retention."
        raise InvalidInputError(message)
    visit, n = log.visit, len(log.deal.created)
    state = np.array(states)[visit.stage]
    ends = np.where(np.isnan(visit.left), log.until, visit.left)
    days = np.where(state >= 0, ends - np.maximum(visit.entered, log.start), 0.0)
    later = _later(log, state)
    goes_on = (log.deal.status == OPEN) | (log.deal.after == OPEN)
    ended = np.where(np.isnan(log.deal.closed), np.nan, np.fmax(log.deal.closed, _last_left(log)))
    ended[goes_on] = np.nan
    rows = []
    for i, name in enumerate(STATES):
        if i not in states:
            continue
        mine = state == i
        customers = np.unique(visit.deal[mine])
        since = np.full(n, np.inf)
        np.minimum.at(since, visit.deal[mine], visit.entered[mine])
        onward = later[i][customers]
        further = np.isfinite(onward)
        cause = np.where(further, 1, np.where(goes_on[customers], 0, 2))
        seen = lengths(since[customers], np.where(further, onward, ended[customers]), cause, log.start, log.until)
        stages = ", ".join(stage for stage, s in zip(log.plan.stages, states, strict=True) if s == i)
        spent = float(days[mine].sum() / len(customers)) if len(customers) else float("nan")
        rows.append((name, STATES_ZH[i], stages, int(mine.sum()), len(customers), int(further.sum()), int((cause == 0).sum()),
                     seen.until().total, spent))  # fmt: skip
    table = pd.DataFrame(rows, columns=["state", "zh", "stages", "visits", "customers", "further", "open", "rate", "days"])
    table.attrs["unmapped"] = [stage for stage, s in zip(log.plan.stages, states, strict=True) if s < 0]
    return table


def _later(log: EventLog, state: Ints) -> Floats:
    """Return when each deal was first beyond each state, shape (n_states, n_deals); infinite where it was not."""
    deal, visit = log.deal, log.visit
    beyond = np.full((len(STATES), len(deal.created)), np.inf)
    for i in range(len(STATES)):
        mine = state > i
        np.minimum.at(beyond[i], visit.deal[mine], visit.entered[mine])
    won = deal.status == WON
    before = STATES.index("retention")
    beyond[:before, won] = np.minimum(beyond[:before, won], deal.closed[won])
    stays = deal.after == RETAINED
    beyond[:, stays] = np.minimum(beyond[:, stays], _last_left(log)[stays])
    return beyond


def _last_left(log: EventLog) -> Floats:
    """Return when each deal left its last stay so far; NaN where it left none."""
    last = np.full(len(log.deal.created), np.nan)
    np.fmax.at(last, log.visit.deal, log.visit.left)
    return last


def _states(log: EventLog) -> list[int]:
    """Return the state of each stage of the plan, -1 where it states none (the last regime that has the stage counts)."""
    known = {
        stage.name: stage.journey for regime in log.plan.timeline.regimes for stage in regime.model.stages
    }
    return [STATES.index(state) if (state := known[name]) is not None else -1 for name in log.plan.stages]
