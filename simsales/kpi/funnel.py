"""How far deals get, stage by stage."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
    DataFrame, one row a stage in order, those before the win first
        ``stage``; ``entered``: deals that were ever in it; ``advanced``: those of them that left it for a later stage, skips
        included, or were won from it (after the sale: for a later stage, or stayed a customer); ``open``: those that are in it
        now; ``rate`` = advanced / entered; ``next``: deals that went from it straight to the stage of the next row (from the
        last before the win: were won; from the last of all: stayed); ``share`` = entered / all deals; ``cumulative``: share of
        all deals that got beyond the stage, by whatever way; ``after_sale``: whether the stage follows a win. Deals still open
        count as not advanced (yet).

    Examples
    --------
    >>> import pandas as pd
    >>> visits = pd.DataFrame({"deal_id": ["a", "b", "a"], "stage": ["Talk", "Talk", "Offer"],
    ...                        "exit": ["Offer", "lost", "won"]})
    >>> funnel_of(visits, ["Talk", "Offer"], n_deals=2)[["stage", "entered", "advanced", "rate", "share"]]
       stage  entered  advanced  rate  share
    0   Talk        2         1   0.5    1.0
    1  Offer        1         1   1.0    0.5
    """
    stages = getattr(log, "stages", None)
    if stages is not None:
        names = list(stages.loc[stages["kind"] == "open"].sort_values("order")["stage"])
        return funnel_of(log.visits, names, len(log.deals))
    names, follows = list(log.plan.stages), log.after_sale.tolist()  # type: ignore[union-attr]
    after_sale = [name for name, after in zip(names, follows, strict=True) if after]
    return funnel_of(_as_gone(log, names), names, len(log.deals), after_sale)


def _as_gone(log: EventLog | History, names: Sequence[str]) -> pd.DataFrame:
    """Return the visits of a run with where each led in the end: past the stages that the deal skipped."""
    visits = log.visits
    following = visits["stage"].shift(-1).where(visits["deal_id"] == visits["deal_id"].shift(-1))
    outcome = visits["deal_id"].map(log.deals.set_index("deal_id")["status"])
    return visits.assign(exit=visits["exit"].where(~visits["exit"].isin(names), following.fillna(outcome)))


def funnel_of(visits: pd.DataFrame, stages: Sequence[str], n_deals: int, after_sale: Collection[str] = ()) -> pd.DataFrame:
    """Return the funnel of visits with columns deal_id, stage and exit; see :func:`funnel`."""
    before = [stage for stage in stages if stage not in after_sale]
    after = [stage for stage in stages if stage in after_sale]
    steps = [*before, "won", *after, "retained"]
    rank = {step: i for i, step in enumerate(steps)}
    here, there = visits["stage"].map(rank), visits["exit"].map(rank)
    forward = there > here
    reach = pd.concat([here, there]).groupby(pd.concat([visits["deal_id"]] * 2)).max()

    def deals(which: pd.Series) -> int:
        return int(visits.loc[which, "deal_id"].nunique())

    rows = []
    for stage in (*before, *after):
        i = rank[stage]
        mine = here == i
        entered, advanced = deals(mine), deals(mine & forward)
        beyond = int((reach > i).sum())
        rows.append((stage, entered, advanced, deals(mine & visits["exit"].isna()), ratio(advanced, entered), deals(mine & (there == i + 1)),
                     ratio(entered, n_deals), ratio(beyond, n_deals), stage in after_sale))  # fmt: skip
    return pd.DataFrame(rows, columns=["stage", "entered", "advanced", "open", "rate", "next", "share", "cumulative", "after_sale"])
