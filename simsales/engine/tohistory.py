"""A simulated log as a History: the loop closes here."""

from __future__ import annotations

import numpy as np
import pandas as pd

from simsales.engine.eventlog import EventLog
from simsales.engine.plan import STATUS
from simsales.history import History, ImportReport
from simsales.history.tables import shaped

_CLOSED = ("won", "lost", "no_decision")


def to_history(log: EventLog) -> History:
    """Return the log's tables as a History of class A.

    Parameters
    ----------
    log : EventLog

    Returns
    -------
    History
        Observed from the run's start to its end; opening deals keep their creation and their current
        stay, whose beginning lies before the start.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.schema import Model
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 7.0}],
    ...               stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> to_history(simulate(model, cases=3)).deals["deal_id"].tolist()
    ['web-000001', 'web-000002', 'web-000003']
    """
    n = len(log.deal.created)
    model = log.plan.timeline.model
    first, last = log.moments(np.array([log.start, log.until]))
    is_open = log.deal.status == next(code for code, name in STATUS.items() if name == "open")
    report = ImportReport(
        source="simulation",
        read=n,
        kept=n,
        timezone=model.calendar.timezone,
        timezone_why="the model's calendar",
        currencies=(model.currency,),
        history_class="A",
        precision="second",
        censored_share=float(is_open.mean()) if n else 0.0,
        notes=(f"simulated: {log!r}", *log.plan.notes),
    )
    deals = log.deals.sort_values(["created_at", "deal_id"], kind="stable")
    names = [*log.plan.stages, *_CLOSED]
    kinds = ["open"] * len(log.plan.stages) + list(_CLOSED)
    stages = pd.DataFrame({"stage": names, "order": range(len(names)), "kind": kinds})
    return History(
        deals=shaped(deals, "deals"),
        visits=shaped(log.visits.sort_values(["deal_id", "seq"], kind="stable"), "visits"),
        tasks=shaped(log.tasks.sort_values(["deal_id", "seq"], kind="stable"), "tasks"),
        reps=shaped(log.reps, "reps"),
        stages=shaped(stages, "stages"),
        report=report,
        observed_from=first,
        observed_until=last,
        history_class="A",
        currency=model.currency,
        timezone=model.calendar.timezone,
    )
