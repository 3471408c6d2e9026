"""A pilot in one run: deals that were handled the new way beside those that were not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from simsales.engine.leads.arrivals import make_deals
from simsales.engine.plan import LOST, NO_DECISION, WON
from simsales.engine.streams import Purpose, Streams
from simsales.errors import InvalidInputError

if TYPE_CHECKING:
    from simsales.engine import EventLog

__all__ = ["Pilot", "pilot"]

CONTROL = "control"
ELSEWHERE = "not asked"


@dataclass(frozen=True, eq=False)
class Pilot:
    """What became of deals with and without a change.

    Parameters
    ----------
    table : DataFrame
        One row a group: ``pilot`` (took it up), ``control`` (the condition holds, but they did not take it up), ``not
        asked`` (the condition does not hold): deals, won, win_rate (of closed deals), cycle_days and amount (means of won
        deals).
    note : str
        How far the difference may be read as an effect.
    """

    table: pd.DataFrame
    note: str


def pilot(log: EventLog, regime: int | None = None) -> Pilot:
    """Compare deals of a pilot with the others of the same run, created from its start on.

    Parameters
    ----------
    log : EventLog
        Of a scenario with a partly adopted change (`adoption`, `where`).
    regime : int, optional
        Position of the regime in the timeline; absent: the first with a condition or an adoption below 1.

    Returns
    -------
    Pilot

    Raises
    ------
    InvalidInputError
        If the run has no such regime.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.apply import apply
    >>> from simsales.model.levers import Scenario
    >>> from simsales.model.schema import Model
    >>> base = Model(channels=[{"name": "web", "leads_per_week": 70.0}], horizon_days=100.0,
    ...              stages=[{"name": "Open", "exits": [{"to": "won", "probability": 0.2},
    ...                                                 {"to": "lost", "probability": 0.8}]}])
    >>> change = {"set": {"path": "stages[Open].exits[won].probability", "to": 1.0, "adoption": 0.5}}
    >>> found = pilot(simulate(apply(Scenario(changes=[change]), base)))
    >>> found.table.loc["pilot", "win_rate"], list(found.table.index)
    (np.float64(1.0), ['pilot', 'control'])
    """
    plan = log.plan
    which = _partial(log) if regime is None else regime
    if not 0 < which < plan.n_regimes:
        message = (
            f"regime must be one of the {plan.n_regimes - 1} that follow the first, got {which}. "
            "Hint: a pilot is a change with adoption: 0.5, or with where: a condition"
        )
        raise InvalidInputError(message)
    facts = make_deals(plan, Streams(log.seed, log.replication))
    asked = np.array(facts.eligible[which], dtype=bool) if plan.pilot[which] else np.ones(len(facts.created), dtype=bool)
    age = np.maximum(facts.created, plan.start) - plan.regime_start[which]
    since, ramp = age >= 0.0, float(plan.regime_ramp[which])
    risen = np.where(age >= ramp, 1.0, age / ramp) if ramp > 0.0 else np.ones(len(age))
    u = facts.draws.vector(Purpose.ADOPTION, plan.regime_key[which])
    took = asked & (u < plan.regime_adoption[which] * risen)
    groups = {"pilot": took, CONTROL: asked & ~took, ELSEWHERE: ~asked}
    rows = {name: _row(log, since & chosen) for name, chosen in groups.items() if (since & chosen).any()}
    return Pilot(pd.DataFrame.from_dict(rows, orient="index").rename_axis("group"), _note(CONTROL in rows))


def _partial(log: EventLog) -> int:
    """Return the first regime that not every deal takes up; 0 if there is none."""
    plan = log.plan
    some = [r for r in range(1, plan.n_regimes) if plan.pilot[r] or plan.regime_adoption[r] < 1.0 or plan.regime_ramp[r] > 0.0]
    return some[0] if some else 0


def _row(log: EventLog, chosen: np.ndarray) -> dict[str, float]:
    deal = log.deal
    won = chosen & (deal.status == WON)
    closed = chosen & np.isin(deal.status, (WON, LOST, NO_DECISION))
    return {
        "deals": int(chosen.sum()),
        "won": int(won.sum()),
        "win_rate": float(won.sum() / closed.sum()) if closed.any() else float("nan"),
        "cycle_days": float((deal.closed - deal.created)[won].mean()) if won.any() else float("nan"),
        "amount": float(deal.amount[won].mean()) if won.any() else float("nan"),
    }


def _note(control: bool) -> str:
    if control:
        return (
            "Pilot and control were told apart by a keyed draw, which knows nothing of the deal: in this simulation the "
            "assignment is random, and a difference beyond chance is the change's effect, less what the groups do to each "
            "other (they share the reps). In a real organisation that holds only if deals are assigned by lot, too."
        )
    return (
        "All deals of the condition take part, so there is no control group: the others differ from them by the condition "
        "itself. Read the difference as an association, or compare with a base run."
    )
