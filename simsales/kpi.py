"""The KPI registry: what each number means, whether more is better, its Chinese term, and how it is worked out.

One function serves simulated runs and real histories. A name alone is the whole organisation; ``win_rate[segment=smb]``
is a part of it. Members of a dimension come from the model, so every replication has the same names; what is not
defined (no won deal, no rep) is NaN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from simsales.errors import InvalidInputError, did_you_mean
from simsales.facts import Facts, facts_of
from simsales.money.cost import run_cost
from simsales.money.payroll import statements
from simsales.survival import aalen_johansen

if TYPE_CHECKING:
    from simsales.engine import EventLog
    from simsales.history import History
    from simsales.money.pay import Statement

__all__ = ["DEFAULT_BY", "KPIS", "Kpi", "KpiError", "better", "funnel", "funnel_of", "parse_name", "table"]

DEFAULT_BY = ("stage", "role", "segment", "channel")
DIMENSIONS = ("stage", "role", "rep", "channel", "segment", "month")
FOLLOWED = 0.1
"""Share of leads that must have been followed for as long as the win rate looks: beyond, single deals would decide."""

_NAME = re.compile(r"^(?P<kpi>\w+)(?:\[(?P<by>\w+)(?:=(?P<member>.*))?\])?$", re.DOTALL)


class KpiError(InvalidInputError, ValueError):
    """A KPI name or dimension is not known."""


@dataclass(frozen=True)
class Kpi:
    """One measure of how the organisation does.

    Parameters
    ----------
    name, unit, definition, zh : str
        `zh` is the Chinese term.
    better : {'higher', 'lower', 'target'}
        Good direction; a target is good or bad only in context.
    function : callable
        From facts to a number.
    by : tuple of str
        Dimensions along which it makes sense.

    Examples
    --------
    >>> KPIS["win_rate"].better, KPIS["win_rate"].zh
    ('higher', '赢单率')
    """

    name: str
    unit: str
    definition: str
    better: Literal["higher", "lower", "target"]
    zh: str
    function: Callable[[Facts], float]
    by: tuple[str, ...] = ()

    def __call__(self, log: EventLog | History | Facts) -> float:
        """Return the value for a run or a history."""
        return self.function(facts_of(log))


def table(
    log: EventLog | History | Facts,
    by: Sequence[str] = DEFAULT_BY,
    kpis: Iterable[str] | None = None,
    *,
    names: bool = False,
) -> dict[str, float]:
    """Return the KPIs of a run or a history by name, overall first.

    Parameters
    ----------
    log : EventLog, History or Facts
    by : sequence of str
        Dimensions to break down by: stage, role, segment, channel, and on request rep and month.
    kpis : iterable of str, optional
        Only these: ``bookings`` (overall), ``bookings[month=2027-03]``, or ``bookings[month]`` for all months; `by`
        is then not used.
    names : bool, default False
        Show reps by name; otherwise they are rep-1, rep-2, ... in the model's order.

    Returns
    -------
    dict of str to float
        NaN where a KPI is not defined.

    Raises
    ------
    KpiError
        If a KPI or a dimension is not known.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.schema import Model
    >>> log = simulate(Model(channels=[{"name": "web", "leads_per_week": 7.0}],
    ...                      segments=[{"name": "all", "amount": 100.0}],
    ...                      stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}]), cases=5)
    >>> table(log, kpis=["won", "bookings", "leads[channel]"])
    {'won': 5.0, 'bookings': 500.0, 'leads[channel=web]': 5.0}
    """
    facts = facts_of(log)
    wanted = _all_wanted(by) if kpis is None else [parse_name(name) for name in kpis]
    parts: dict[tuple[str, int], Facts] = {}
    found: dict[str, float] = {}
    for kpi, dimension, member in wanted:
        if dimension is None:
            found[kpi] = KPIS[kpi].function(facts)
            continue
        labels = _labels(facts, dimension, names)
        for i, label in enumerate(labels):
            if member is None or member == label:
                if (dimension, i) not in parts:
                    parts[dimension, i] = facts.narrowed(dimension, i)
                found[f"{kpi}[{dimension}={label}]"] = KPIS[kpi].function(parts[dimension, i])
        if member is not None and member not in labels:
            message = f"{kpi}[{dimension}] must name one of its members, got '{member}'. {did_you_mean(member, labels)}"
            raise KpiError(message)
    return found


def parse_name(name: str) -> tuple[str, str | None, str | None]:
    """Return KPI, dimension and member of a name.

    Raises
    ------
    KpiError
        If the KPI is not known or has no such dimension.

    Examples
    --------
    >>> parse_name("win_rate[segment=smb]")
    ('win_rate', 'segment', 'smb')
    >>> parse_name("bookings")
    ('bookings', None, None)
    """
    match = _NAME.match(name)
    kpi = match["kpi"] if match else name
    if match is None or kpi not in KPIS:
        message = f"kpi must be a known name, got '{name}'. {did_you_mean(kpi, KPIS)}"
        raise KpiError(message)
    dimension = match["by"]
    if dimension is not None and dimension not in KPIS[kpi].by:
        allowed = ", ".join(KPIS[kpi].by) or "nothing"
        message = (
            f"{kpi} must be broken down by {allowed}, got '{dimension}'. "
            "Hint: leave the brackets out for the whole organisation"
        )
        raise KpiError(message)
    return kpi, dimension, match["member"]


def better(name: str) -> int:
    """Return 1 where more of a KPI is better, -1 where less is, 0 where neither.

    Examples
    --------
    >>> better("bookings"), better("cycle_days[segment=smb]"), better("wip")
    (1, -1, 0)
    """
    return {"higher": 1, "lower": -1, "target": 0}[KPIS[parse_name(name)[0]].better]


def _all_wanted(by: Sequence[str]) -> list[tuple[str, str | None, str | None]]:
    for dimension in by:
        if dimension not in DIMENSIONS:
            message = (
                f"by must be some of {', '.join(DIMENSIONS)}, got '{dimension}'. {did_you_mean(dimension, DIMENSIONS)}"
            )
            raise KpiError(message)
    whole: list[tuple[str, str | None, str | None]] = [(name, None, None) for name in KPIS]
    return whole + [(name, d, None) for d in by for name, kpi in KPIS.items() if d in kpi.by]


def _labels(facts: Facts, dimension: str, names: bool) -> tuple[str, ...]:
    if dimension == "rep" and not names:
        return tuple(f"rep-{i + 1}" for i in range(len(facts.rep_names)))
    return facts.members(dimension)


def _leads(facts: Facts) -> float:
    return _count(facts.deals.is_new)


def _won(facts: Facts) -> float:
    return _count(facts.deals.won)


def _win_rate(facts: Facts) -> float:
    deals, new = facts.deals, facts.deals.is_new
    if not new.any():
        return np.nan
    ends = np.where(np.isnan(deals.closed), facts.until, deals.closed)[new]
    age = np.maximum(ends - deals.created[new], 0.0)
    follow_up = float(np.quantile(facts.until - deals.created[new], 1.0 - FOLLOWED))
    return float(aalen_johansen(age, deals.cause[new], n_causes=3).incidence(follow_up)[0])


def _win_rate_naive(facts: Facts) -> float:
    decided = np.isin(facts.deals.cause, (1, 2)) & (facts.deals.closed >= facts.start)
    return _ratio(_count(facts.deals.won & decided), _count(decided))


def _bookings(facts: Facts) -> float:
    return float(np.nansum(facts.deals.amount[facts.deals.won]))


def _cycles(facts: Facts) -> np.ndarray:
    cycle = (facts.deals.closed - facts.deals.created)[facts.deals.won]
    return cycle[~np.isnan(cycle)]


def _cycle_days(facts: Facts) -> float:
    return _quantile(_cycles(facts), 0.5)


def _cycle_days_p90(facts: Facts) -> float:
    return _quantile(_cycles(facts), 0.9)


def _time_in_stage_days(facts: Facts) -> float:
    stays = facts.visits.left - facts.visits.entered
    return _mean(stays[~np.isnan(stays)])


def _queue_days(facts: Facts) -> float:
    wait = facts.tasks.wait_days
    return _mean(wait[~np.isnan(wait)])


def _utilisation(facts: Facts) -> float:
    available = float(np.sum(facts.reps.available_hours))
    return min(_ratio(float(np.sum(facts.tasks.busy_hours)), available), 1.0)


def _wip(facts: Facts) -> float:
    if facts.by == "stage":
        begin, end = facts.visits.entered, facts.visits.left
    else:
        begin, end = facts.deals.created, facts.deals.closed
    last = np.minimum(np.where(np.isnan(end), facts.until, end), facts.until)
    stays = np.maximum(last - np.maximum(begin, facts.start), 0.0)
    return float(np.nansum(stays)) / (facts.until - facts.start)


def _response_hours(facts: Facts) -> float:
    waited = (facts.deals.answered - facts.deals.created)[facts.deals.is_new]
    return _quantile(waited[~np.isnan(waited)], 0.5) * 24.0


def _no_response(facts: Facts) -> float:
    return _mean(facts.deals.unanswered[facts.deals.is_new])


def _quota_attainment(facts: Facts) -> float:
    if facts.plan is None:
        return np.nan
    pays = _pays(facts)
    return _ratio(float(sum(pay.credited for pay in pays)), float(sum(pay.quota for pay in pays)))


def _commission(facts: Facts) -> float:
    return np.nan if facts.plan is None else float(sum(pay.variable for pay in _pays(facts)))


def _pays(facts: Facts) -> list[Statement]:
    """Return the pay statements of the reps that the facts are about."""
    mine = set(facts.reps.position.tolist())
    return [pay for term, pay in statements(facts.root) if term.rep in mine]


def _cost(facts: Facts) -> float:
    return run_cost(facts.root).total


def _net(facts: Facts) -> float:
    return _bookings(facts) - _cost(facts)


def _count(flags: np.ndarray) -> float:
    return float(np.count_nonzero(flags))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else np.nan


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if values.size else np.nan


def _quantile(values: np.ndarray, q: float) -> float:
    return float(np.quantile(values, q)) if values.size else np.nan


_ATTRIBUTES = ("segment", "channel")
_DEALS = (*_ATTRIBUTES, "rep")

_REGISTRY = (
    Kpi("leads", "count", "leads created in the run", "higher", "新增线索", _leads, (*_ATTRIBUTES, "month")),
    Kpi("won", "count", "deals won in the run, opening deals included", "higher", "赢单数", _won, (*_DEALS, "month")),
    Kpi("win_rate", "share", "Aalen-Johansen cumulative incidence of won at the end of follow-up (the age that a tenth of "
        "the leads could reach), among leads created in the run: open deals count as censored, not as lost", "higher", "赢单率", _win_rate, _ATTRIBUTES),
    Kpi("win_rate_naive", "share", "won / (won + lost) among deals closed in the run; biased towards fast exits",
        "target", "表观赢单率", _win_rate_naive, _DEALS),
    Kpi("bookings", "money", "sum of amounts of deals won in the run, by day of the win", "higher", "签约额", _bookings,
        (*_DEALS, "month")),
    Kpi("cycle_days", "days", "median days from creation to win, of deals won in the run", "lower", "销售周期",
        _cycle_days, _ATTRIBUTES),
    Kpi("cycle_days_p90", "days", "90th percentile of days from creation to win, of deals won in the run", "lower",
        "销售周期 P90", _cycle_days_p90, _ATTRIBUTES),
    Kpi("time_in_stage_days", "days", "mean length of finished stays in a stage: queue + work + delay", "lower",
        "阶段停留时间", _time_in_stage_days, ("stage", *_ATTRIBUTES)),
    Kpi("queue_days", "days", "mean wait of a task for a rep, in calendar days; tasks that still wait count with their "
        "wait so far, tasks given up with their wait until then", "lower", "排队时间", _queue_days, ("stage", "role", "rep",
        *_ATTRIBUTES)),
    Kpi("utilisation", "share", "busy working hours / available working hours (calendar x present x tasks at a time)",
        "target", "资源利用效率", _utilisation, ("role", "rep")),
    Kpi("wip", "count", "time average of open deals (by stage: of deals in the stage)", "target", "在手商机数", _wip,
        ("stage", *_DEALS)),
    Kpi("response_hours", "hours", "median clock hours from creation to the start of the first task, of leads created in "
        "the run that were answered", "lower", "响应时间", _response_hours, _ATTRIBUTES),
    Kpi("no_response", "share", "leads created in the run that were lost because nobody had time", "lower", "线索流失率",
        _no_response, _ATTRIBUTES),
    Kpi("quota_attainment", "share", "bookings credited / quota, over all reps with a plan and all their periods (quota "
        "by the part of the period that the rep and the run cover)", "higher", "目标完成率", _quota_attainment, ("role",
        "rep")),
    Kpi("commission", "money", "commission and bonuses of all pay statements", "target", "提成", _commission, ("role",
        "rep")),
    Kpi("cost", "money", "leads + base pay + commission + what the changes cost, in the run", "lower", "成本", _cost),
    Kpi("net", "money", "bookings - cost, both of the run", "higher", "净额", _net),
    Kpi("cash", "money", "received by the day of the win: the model has no payment terms, so cash equals bookings",
        "higher", "回款额", _bookings, ("month",)),
)  # fmt: skip

KPIS: dict[str, Kpi] = {kpi.name: kpi for kpi in _REGISTRY}
"""Every KPI by name."""


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
        rate, beyond = _ratio(advanced, entered), int((reach > i).sum())
        rows.append((stage, entered, advanced, staying, rate, _ratio(beyond, n_deals)))
    return pd.DataFrame(rows, columns=["stage", "entered", "advanced", "open", "rate", "cumulative"])
