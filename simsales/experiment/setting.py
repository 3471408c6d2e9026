"""What stands beside every result of many runs: period, replications, start, and what was assumed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from simsales import kpi
from simsales.engine import Plan
from simsales.model.process import Stage
from simsales.model.schema import Model
from simsales.money import CostParts, cost_parts

__all__ = ["Setting", "faster", "setting_of"]

SPEED = ("cycle_days", "queue_days", "response_hours")
"""KPIs that show that deals go faster or slower; the mean stay is none, since it also moves where more deals come to a long stage."""
EMPTY = "The run starts without open deals: bookings of its first weeks come late, in the base and in every scenario."
ONCE = (
    "{names} how fast deals go: part of a gain from speed comes once, because deals that would have closed after the last day "
    "close before it. Do not count that part again every year{hint}."
)
HINT = "; compare the years of a longer run (--until, --kpi \"bookings[month]\") before calling it lasting"


@dataclass(frozen=True)
class Setting:
    """Period, replications, start and assumptions of a study or comparison.

    Parameters
    ----------
    start, until : str
        First and last day, ISO dates.
    replications : int
    open_deals : int
        With which the run starts; 0: with an empty pipeline.
    cases : int, optional
        So many leads were simulated, and no more.
    assumed : tuple of str
        What nobody measured, in sentences.
    notes : tuple of str
        What else a reader must know, such as estimated holidays or a change that begins after the last day.
    retimed : tuple of str
        Scenarios whose stages take another time than the base's: other work, delays, hand-offs or stages.
    follow : float, optional
        Days for which leads are followed after the last of ``cases``, where no last day is given; ``until`` is empty then.

    Examples
    --------
    >>> setting = Setting("2027-01-01", "2027-12-31", 30, 0)
    >>> setting.line()
    '2027-01-01 to 2027-12-31, 30 replications, starting without open deals'
    >>> Setting("2027-01-01", "", 1, 0, cases=50, follow=365.0).line()
    '50 leads from 2027-01-01 on, followed for 365 days after the last (money covers all of it), 1 replication, starting without open deals'
    """

    start: str
    until: str
    replications: int
    open_deals: int
    cases: int | None = None
    assumed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    retimed: tuple[str, ...] = ()
    follow: float | None = None

    def line(self) -> str:
        """Return period, replications and start in one line."""
        begins = f"starting with {self.open_deals:,} open deals" if self.open_deals else "starting without open deals"
        period = f"{self.start} to {self.until}"
        if self.cases is not None:
            followed = f"followed until {self.until}" if self.follow is None else f"followed for {self.follow:,.0f} days after the last (money covers all of it)"
            period = f"{self.cases:,} leads from {self.start} on, {followed}"
        return f"{period}, {self.replications:,} replication{'s' * (self.replications != 1)}, {begins}"

    def says(self, changed: Sequence[str] = ()) -> tuple[str, ...]:
        """Return what a reader must know of the start and of the assumptions.

        Parameters
        ----------
        changed : sequence of str
            Scenarios that change how fast deals go.

        Examples
        --------
        >>> said = Setting("2027-01-01", "2027-12-31", 30, 0).says(["redesign"])
        >>> "starts without open deals" in said[0], "part of a gain from speed comes once" in said[1]
        (True, True)
        """
        said = [] if self.open_deals or self.cases is not None else [EMPTY]
        if changed and self.cases is None:
            names = " and ".join(filter(None, (", ".join(f"“{name}”" for name in changed[:-1]), f"“{changed[-1]}”")))
            said.append(ONCE.format(names=f"{names} {'changes' if len(changed) == 1 else 'change'}", hint=HINT))
        return (*said, *self.assumed, *self.notes)

    def to_dict(self) -> dict[str, Any]:
        """Return the setting for JSON."""
        lists = {name: list(getattr(self, name)) for name in ("assumed", "notes", "retimed")}
        return asdict(self) | lists | {"line": self.line()}


def setting_of(plans: Sequence[Plan], replications: int) -> Setting:
    """Return the setting of runs of some plans, the base first.

    Parameters
    ----------
    plans : sequence of Plan
        Lowered with the same period and the same open deals.
    replications : int
    """
    plan = plans[0]
    last = plan.clock.date(plan.until - 1e-6)  # the run ends where this day does
    assumed = dict.fromkeys(line for each in plans for model in _models(each) for line in _assumed(model))
    uncertain = any(each.timeline.uncertain is not None for each in plans)
    drawn = ["Numbers that a scenario calls uncertain are drawn anew in every replication."] if uncertain else []
    follow = plan.timeline.model.horizon_days if plan.cases is not None and not plan.until_given else None
    return Setting(
        plan.clock.date(plan.start).isoformat(), "" if follow is not None else last.isoformat(), replications,
        0 if plan.opening is None else len(plan.opening.ids), plan.cases, (_net_is(plans), *assumed, *drawn),
        tuple(dict.fromkeys(note for each in plans for note in each.notes)),
        tuple(each.timeline.name for each in plans[1:] if _times(each) - _times(plan)), follow,
    )  # fmt: skip


def _times(plan: Plan) -> frozenset[str]:
    """Return what decides how long deals take in the models of a plan, as text."""
    return frozenset(repr([_time(stage) for stage in model.stages]) for model in _models(plan))


def _time(stage: Stage) -> tuple[object, ...]:
    delays = sorted((exit_.to, repr(exit_.delay_days)) for exit_ in stage.exits)
    scales = [(context.when, context.delay_scale, context.work_scale) for context in stage.contexts]
    return stage.name, stage.tasks, delays, scales, stage.when, stage.handoff, stage.sla_days, stage.escalate_to


def _net_is(plans: Sequence[Plan]) -> str:
    """Return what net takes off bookings in any of the plans, and which costs nobody stated."""
    parts = [cost_parts(plan) for plan in plans]
    included = dict.fromkeys(name for each in parts for name in each.included)
    unknown = dict.fromkeys(name for each in parts for name in each.unknown if name not in included)
    said = CostParts(tuple(included), tuple(unknown)).label()
    return f"Net is {said}." if said else "No costs are modelled, so cost and net say nothing."


def _models(plan: Plan) -> list[Model]:
    return [regime.model for regime in plan.timeline.regimes]


def _assumed(model: Model) -> list[str]:
    """Return what a model assumes, or does not state at all, in sentences."""
    said = []
    if not any(segment.amount.mean() for segment in model.segments):
        said.append("The model states no amounts: new deals book nothing, and bookings, net and sales velocity are no findings.")
    if model.effort is not None and model.effort.status == "assumed":
        said.append("The reaction of effort to pay is assumed, not measured; compare with effort: off.")
    if any(parameter.status == "assumed" for parameter in model.provenance):
        said.append("Some parameters of the model are assumed, not learnt from data; simsales check lists them.")
    return said


def faster(rows: pd.DataFrame) -> bool:
    """Tell whether a scenario changes how fast deals go, as far as its differences tell.

    Parameters
    ----------
    rows : DataFrame, one row a KPI
        With ``low, high`` of the difference from the base.

    Examples
    --------
    >>> faster(pd.DataFrame({"low": [-3.0], "high": [-1.0]}, index=["cycle_days"]))
    True
    >>> faster(pd.DataFrame({"low": [1.0], "high": [3.0]}, index=["time_in_stage_days"]))  # more deals get to a long stage
    False
    """
    found = rows[[kpi.parse_name(str(name))[0] in SPEED and "[" not in str(name) for name in rows.index]]
    return bool(((found["low"] > 0) | (found["high"] < 0)).any())
