"""The customer's journey: the same run seen from the other side, by where customers stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simsales.errors import InvalidInputError

if TYPE_CHECKING:
    from simsales.engine import EventLog

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
        as won (before retention) or retained; ``rate`` = further / customers; ``days``: mean days that a customer
        spent in the state so far. Stages without a state are left out and named in ``attrs["unmapped"]``.

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
    reach = np.full(n, -1)
    np.maximum.at(reach, visit.deal, state)
    deals = log.deals
    reach = np.where((deals["status"] == "won").to_numpy(), np.maximum(reach, STATES.index("retention")), reach)
    if "after" in deals:
        reach = np.where((deals["after"] == "retained").to_numpy(), len(STATES), reach)
    rows = []
    for i, name in enumerate(STATES):
        mine = state == i
        if i not in states:
            continue
        customers = np.unique(visit.deal[mine])
        further = int((reach[customers] > i).sum())
        stages = ", ".join(stage for stage, s in zip(log.plan.stages, states, strict=True) if s == i)
        spent = float(days[mine].sum() / len(customers)) if len(customers) else float("nan")
        rate = further / len(customers) if len(customers) else float("nan")
        rows.append((name, STATES_ZH[i], stages, int(mine.sum()), len(customers), further, rate, spent))
    table = pd.DataFrame(rows, columns=["state", "zh", "stages", "visits", "customers", "further", "rate", "days"])
    table.attrs["unmapped"] = [stage for stage, s in zip(log.plan.stages, states, strict=True) if s < 0]
    return table


def _states(log: EventLog) -> list[int]:
    """Return the state of each stage of the plan, -1 where it states none (the last regime that has the stage counts)."""
    known = {
        stage.name: stage.journey for regime in log.plan.timeline.regimes for stage in regime.model.stages
    }
    return [STATES.index(state) if (state := known[name]) is not None else -1 for name in log.plan.stages]
