"""How far deals get, stage by stage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from simsales.kpi.measures import ratio

if TYPE_CHECKING:
    from simsales.engine import EventLog
    from simsales.history import History


def funnel(log: EventLog | History) -> pd.DataFrame:
    """Return how many deals entered each stage and how many got further.

    Parameters
    ----------
    log : EventLog or History

    Returns
    -------
    DataFrame, one row a stage in order
        ``stage``; ``entered``: deals that were ever in it; ``advanced``: those of them that left it for a later stage or
        were won from it; ``open``: those that are in it now; ``rate`` = advanced / entered; ``cumulative``: share of all
        deals that got beyond the stage, by whatever way. Deals still open count as not advanced (yet).

    Examples
    --------
    >>> import pandas as pd
    >>> visits = pd.DataFrame({"deal_id": ["a", "b", "a"], "stage": ["Talk", "Talk", "Offer"],
    ...                        "exit": ["Offer", "lost", "won"]})
    >>> funnel_of(visits, ["Talk", "Offer"], n_deals=2)[["stage", "entered", "advanced", "rate"]]
       stage  entered  advanced  rate
    0   Talk        2         1   0.5
    1  Offer        1         1   1.0
    """
    stages = getattr(log, "stages", None)
    if stages is None:
        names = list(log.plan.stages)  # type: ignore[union-attr]
    else:
        names = list(stages.loc[stages["kind"] == "open"].sort_values("order")["stage"])
    return funnel_of(log.visits, names, len(log.deals))


def funnel_of(visits: pd.DataFrame, stages: Sequence[str], n_deals: int) -> pd.DataFrame:
    """Return the funnel of visits with columns deal_id, stage and exit; see :func:`funnel`."""
    rank = {stage: i for i, stage in enumerate(stages)} | {"won": len(stages)}
    here, there = visits["stage"].map(rank), visits["exit"].map(rank)
    forward = there > here
    reach = pd.concat([here, there]).groupby(pd.concat([visits["deal_id"]] * 2)).max()
    rows = []
    for i, stage in enumerate(stages):
        mine = here == i
        entered = visits.loc[mine, "deal_id"].nunique()
        advanced = visits.loc[mine & forward, "deal_id"].nunique()
        staying = visits.loc[mine & visits["exit"].isna(), "deal_id"].nunique()
        rate, beyond = ratio(advanced, entered), int((reach > i).sum())
        rows.append((stage, entered, advanced, staying, rate, ratio(beyond, n_deals)))
    return pd.DataFrame(rows, columns=["stage", "entered", "advanced", "open", "rate", "cumulative"])
