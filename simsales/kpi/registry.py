"""Every KPI: its name, unit, definition, good direction, Chinese term and dimensions."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from simsales.errors import got
from simsales.kpi import measures
from simsales.kpi.base import Kpi, KpiError

_ATTRIBUTES = ("segment", "channel", "product", "region")
_DEALS = (*_ATTRIBUTES, "rep", "team")

_REGISTRY = (
    Kpi("leads", "count", "leads created in the run", "higher", "新增线索", measures.leads, (*_ATTRIBUTES, "month")),
    Kpi("won", "count", "deals won in the run, opening deals included", "higher", "赢单数", measures.won, (*_DEALS, "month")),
    Kpi("win_rate", "share", "Aalen-Johansen cumulative incidence of won at the end of follow-up (the age that a tenth of "
        "the leads could reach), among leads created in the run: open deals count as censored, not as lost", "higher", "赢单率", measures.win_rate, _ATTRIBUTES),
    Kpi("win_rate_naive", "share", "won / closed (won, lost and no decision), of deals closed in the run; biased towards fast exits",
        "target", "表观赢单率", measures.win_rate_naive, _DEALS),
    Kpi("bookings", "money", "sum of amounts of deals won in the run, by day of the win", "higher", "签约额", measures.bookings,
        (*_DEALS, "month")),
    Kpi("cycle_days", "days", "median days from creation to win, of deals that will be won: open deals count as open, so it does not depend on "
        "the length of the run; not known where fewer than half of them can be won within it", "lower", "销售周期（中位数）",
        measures.cycle_days, _ATTRIBUTES),
    Kpi("cycle_days_p90", "days", "90th percentile of days from creation to win, of deals that will be won, as for the median; not known where the run "
        "is too short to see nine in ten of them won", "lower",
        "销售周期 P90", measures.cycle_days_p90, _ATTRIBUTES),
    Kpi("time_in_stage_days", "days", "mean length of a stay in a stage: queue + work + delay (overall: before the win); stays that are not over count "
        "as open; not known where more than a quarter of it would lie beyond the run", "lower",
        "平均阶段停留时间", measures.time_in_stage_days, ("stage", *_ATTRIBUTES)),
    Kpi("queue_days", "days", "mean wait of a task for a rep, in calendar days; tasks that still wait count with their "
        "wait so far, tasks given up with their wait until then", "lower", "平均排队时间", measures.queue_days, ("stage", "role", "rep",
        "team", *_ATTRIBUTES)),
    Kpi("utilisation", "share", "busy working hours / available working hours (calendar x present x tasks at a time)",
        "target", "资源利用效率", measures.utilisation, ("role", "rep", "team")),
    Kpi("wip", "count", "time average of open deals (by stage: of deals in the stage)", "target", "平均在手商机数", measures.wip,
        ("stage", *_DEALS)),
    Kpi("response_hours", "hours", "median clock hours from creation to the start of the first task, of leads created in "
        "the run that will be answered; leads that still wait count as waiting", "lower", "响应时间（中位数）", measures.response_hours, _ATTRIBUTES),
    Kpi("no_response", "share", "cumulative incidence of lost because nobody had time at the end of follow-up, as for the win rate, among leads created in the run", "lower", "线索流失率",
        measures.no_response, _ATTRIBUTES),
    Kpi("quota_attainment", "share", "bookings credited / quota, over all reps with a plan and all their periods (quota "
        "by the part of the period that the rep and the run cover)", "higher", "目标完成率", measures.quota_attainment, ("role",
        "rep", "team")),
    Kpi("commission", "money", "commission and bonuses of all pay statements (not known without pay plans)", "target", "提成",
        measures.commission, ("role", "rep", "team")),
    Kpi("cost", "money", "every cost that the model states, in the run: leads, campaigns, spending, partners' shares, base pay, "
        "commission, what people cost besides, training, the changes themselves, delivery, and what won deals will never pay "
        "(bad debt, cancelled deals); simsales.money.cost_parts says which are stated", "lower", "成本", measures.cost, ("month",)),
    Kpi("net", "money", "bookings - every cost that the model states (see cost), both of the run", "higher", "净额", measures.net,
        ("month",)),
    Kpi("cash", "money", "received in the run by the model's terms, refunds deducted (not known without terms)", "higher",
        "回款额", measures.cash, ("month",)),
)  # fmt: skip

_FURTHER = (
    Kpi("margin", "money", "amounts of deals won in the run - what they will never pay - cost of delivery (the model's unit cost "
        "share of their list prices before any change of the price; not known without one)", "higher", "毛利", measures.margin,
        (*_DEALS, "month")),
    Kpi("discount_rate", "share", "1 - sum of amounts / sum of list prices, of deals won in the run (not known where the model "
        "states no discounts)", "lower", "折扣率", measures.discount_rate, _DEALS),
    Kpi("utilisation_busiest", "share", "utilisation of the busiest rep, of those there for at least half as long as anybody: idle people "
        "do not lower it", "target", "最忙人员利用率", measures.utilisation_busiest, ("role", "team")),
    Kpi("avg_deal_size", "money", "mean amount of deals won in the run", "higher", "平均成交金额", measures.avg_deal_size, _DEALS),
    Kpi("cycle_days_mean", "days", "mean days from creation to win, of deals that will be won, as for the median; not known where "
        "more than a quarter of it would lie beyond the run", "lower", "平均成交周期", measures.cycle_days_mean, _ATTRIBUTES),
    Kpi("response_hours_mean", "hours", "mean clock hours from creation to the start of the first task, of leads created in the run "
        "that will be answered", "lower", "平均响应时间", measures.response_hours_mean, _ATTRIBUTES),
    Kpi("sales_velocity", "money", "a day: leads a day x win rate x mean amount of a won deal; by Little's law the same as open deals x "
        "win rate x mean amount / mean days that a deal is open",
        "higher", "销售速度", measures.sales_velocity, ("segment", "product", "region")),
    Kpi("no_decision_rate", "share", "cumulative incidence of no decision at the end of follow-up, as for the win rate",
        "lower", "无决策率", measures.no_decision_rate, _ATTRIBUTES),
    Kpi("cac", "money", "leads, campaigns, spending and partners' shares in the run / deals won in it (people are not "
        "attributed; not known where the model does not say what leads cost)", "lower", "获客成本", measures.cac, ("channel",)),
    Kpi("sla_breach", "share", "share of stays that last longer than their stage's service level; stays that are not over count as "
        "open", "lower", "超时率", measures.sla_breach, ("stage",)),
    Kpi("handoff_days", "days", "mean time from when a deal was ready for another role to the start of that role's work: delay of the "
        "hand-off and queue, without the customer's time", "lower", "交接时间", measures.handoff_days, ("stage", "role")),
    Kpi("rework_rate", "share", "share of stays before the win from which the deal goes back to the same or an earlier stage; stays that are not over count as open", "lower",
        "返工率", measures.rework_rate, ("stage",)),
    Kpi("attrition_rate", "share", "reps who left in the run / mean head count, a year (not known where the model states neither "
        "attrition nor leavers)", "lower", "人员流失率", measures.attrition_rate, ("role", "team")),
    Kpi("ccos", "share", "base pay and commission / bookings (not known without pay plans)", "lower", "薪酬费用率",
        measures.ccos),
)  # fmt: skip

_SUMS = ("leads", "won", "bookings", "commission", "cost", "net", "cash", "margin")

KPIS: dict[str, Kpi] = {kpi.name: replace(kpi, adds_up=kpi.name in _SUMS) for kpi in (*_REGISTRY, *_FURTHER)}
"""Every KPI by name."""

BUILT_IN = frozenset(KPIS)


def register(kpi: Kpi) -> Kpi:
    """Let a KPI of one's own be known by its name, in tables, studies and comparisons; workers learn it, too.

    Parameters
    ----------
    kpi : Kpi
        Its function goes from :class:`simsales.facts.Facts` to a number. To reach worker processes it must be defined in a
        module, not in a notebook or with ``lambda``.

    Returns
    -------
    Kpi
        The same.

    Raises
    ------
    KpiError
        If the name is that of a built-in KPI or no plain word, or what is given is no KPI.

    Examples
    --------
    >>> mine = register(Kpi("open_deals", "count", "deals open at the end", "target", "在手", lambda facts: 1.0))
    >>> del KPIS[mine.name]
    """
    if not isinstance(kpi, Kpi):
        message = f"kpi must be a name or a Kpi, got {got(kpi)}. Hint: simsales.kpi.Kpi(name, unit, definition, better, zh, function)."
        raise KpiError(message)
    if kpi.name in BUILT_IN or not kpi.name.isidentifier():
        message = f"kpi.name must be a word of your own, got {got(kpi.name)}. Hint: letters, digits and _; not the name of a built-in KPI."
        raise KpiError(message)
    if not callable(kpi.function) or kpi.better not in ("higher", "lower", "target"):
        message = f"kpi must have a function, and higher, lower or target as its good direction, got {got(kpi.function)} and {got(kpi.better)}."
        raise KpiError(message)
    KPIS[kpi.name] = kpi
    _PASSED.discard(kpi.name)
    return kpi


_PASSED: set[str] = set()
"""Names of KPIs that were only passed to an experiment: known by name, and no part of later ones that do not ask for them."""


def usual() -> tuple[str, ...]:
    """Return the names of the KPIs that every table has: those built in, and those that were registered."""
    return tuple(name for name in KPIS if name not in _PASSED)


def own(names: Iterable[str] | None = None) -> tuple[Kpi, ...]:
    """Return the KPIs that are not built in.

    Parameters
    ----------
    names : iterable of str, optional
        Those among these, such as ``mine[month]``; absent: those of every table.
    """
    wanted = usual() if names is None else {name.partition("[")[0] for name in names}
    return tuple(kpi for name, kpi in KPIS.items() if name not in BUILT_IN and name in wanted)


def names_of(kpis: Iterable[str | Kpi] | None) -> tuple[str, ...] | None:
    """Return KPIs by name; those given as such are known by it from then on, and no part of tables that do not ask for them.

    Raises
    ------
    KpiError
        If it is one text in place of a list, or something else than names and KPIs.
    """
    if kpis is None:
        return None
    if isinstance(kpis, (str, Kpi)) or not isinstance(kpis, Iterable):
        message = f"kpis must be a list of names, got {got(kpis)}. Hint: write kpis=['bookings']."
        raise KpiError(message)
    return tuple(kpi if isinstance(kpi, str) else _passed(kpi) for kpi in kpis)


def _passed(kpi: Kpi) -> str:
    """Return the name of a KPI that is passed: known from now on, and in no more tables than before."""
    before = usual()
    name = register(kpi).name
    if name not in before:
        _PASSED.add(name)
    return name


ARROWS = {"higher": "↑", "lower": "↓", "target": "○"}


def glossary() -> str:
    """Return a table of all built-in KPIs in Markdown: name, unit, good direction, Chinese term, parts and definition.

    Returns
    -------
    str
        A row a KPI; ``docs/concepts.md`` holds it.

    Examples
    --------
    >>> print(glossary().splitlines()[2])
    | `leads` | count, sum | ↑ | 新增线索 | segment, channel, product, region, month | leads created in the run |
    """
    rows = ["| KPI | Unit | Good | 中文 | Also by | Definition |", "|---|---|---|---|---|---|"]
    for kpi in (KPIS[name] for name in KPIS if name in BUILT_IN):
        unit = f"{kpi.unit}, sum" if kpi.adds_up else kpi.unit
        rows.append(f"| `{kpi.name}` | {unit} | {ARROWS[kpi.better]} | {kpi.zh} | {', '.join(kpi.by) or '–'} | {kpi.definition} |")
    return "\n".join(rows)
