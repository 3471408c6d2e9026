"""The plan: a model lowered to flat arrays, with every unit and default decided once.

Engines read plans and nothing else. Times are days since the epoch, work is hours, money is in the
model's currency; stages, roles, reps, channels and segments are positions in tuples of names; laws are
positions in :attr:`Plan.tables`. Tables by regime have a first axis of length ``n_regimes``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simsales.engine.clock import Clock
from simsales.engine.plan.market import MarketPlan
from simsales.engine.plan.opening import Opening
from simsales.engine.plan.process import NOBODY, ProcessPlan, StageView, batches, dressed
from simsales.engine.plan.staffing import Staffing
from simsales.engine.rules import PayRule
from simsales.engine.streams import hash32
from simsales.engine.tables import Table
from simsales.engine.worktime import WorkTime
from simsales.model.apply import Adoption, Timeline
from simsales.model.conditions import Clause
from simsales.same import Same

__all__ = [
    "CHURNED", "CODES", "LOST", "NOBODY", "NO_DECISION", "OPEN", "RETAINED", "STATUS", "WON",
    "Flags", "Floats", "Ints", "Opening", "Plan", "StageView",
]  # fmt: skip

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

WON, LOST, NO_DECISION, OPEN, RETAINED, CHURNED = -1, -2, -3, -4, -5, -6
STATUS: dict[int, str] = {
    WON: "won", LOST: "lost", NO_DECISION: "no_decision", OPEN: "open",
    RETAINED: "retained", CHURNED: "churned",
}  # fmt: skip
CODES: dict[str, int] = {name: code for code, name in STATUS.items()}


@dataclass(frozen=True, eq=False, repr=False)
class Plan(Same):
    """A lowered timeline: what an engine simulates.

    Parameters
    ----------
    timeline : Timeline
        What was lowered; for names, costs and pay, never read by an engine.
    clock : Clock
    worktime : WorkTime
    start, until : float
        The run covers ``start <= t < until``.
    cases : int, optional
        Exactly this many new leads; see :mod:`simsales.engine.leads.arrivals`.
    regime_start, regime_ramp, regime_adoption : ndarray of float, shape (n_regimes,)
    regime_key : tuple of int
        The word that keys each regime's adoption draw.
    exit_offset : ndarray of int, shape (n_regimes * n_stages + 1,)
        Where the exits of stage s under regime r begin: position ``r * n_stages + s``.
    exit_target, exit_delay : ndarray of int, shape (n_exits,)
        Stage or outcome code; law. Best exits first.
    exit_cumulative : ndarray of float, shape (n_exits,)
    exit_advancing, patience, max_visits, skip_to : ndarray of int, shape (n_regimes, n_stages)
    task_offset, task_role, task_work, task_at_end : ndarray of int
    process : ProcessPlan
        Contexts, gates, hand-offs, gatherings, effects, pace and timing.
    rep_hired, rep_leaves : ndarray of float, shape (n_reps,)
    rep_speed, rep_skill, rep_share, rep_weight, rep_ramp_days, rep_ramp_start : ndarray of float, \
shape (n_regimes, n_reps)
    rep_pay : ndarray of int, shape (n_regimes, n_reps)
        Position in `pay_rules`; -1 for none.
    rep_usual : ndarray of float, shape (n_regimes, n_reps)
        Of who has none: the average rate that the organisation before any change pays for bookings.
    staffing : Staffing
        Calendars, territories, attrition, training and limits of reps.
    """

    timeline: Timeline
    clock: Clock
    worktime: WorkTime
    start: float
    until: float
    cases: int | None
    until_given: bool
    stages: tuple[str, ...]
    channels: tuple[str, ...]
    segments: tuple[str, ...]
    roles: tuple[str, ...]
    reps: tuple[str, ...]
    tables: tuple[Table, ...]
    regime_start: Floats
    regime_ramp: Floats
    regime_adoption: Floats
    regime_key: tuple[int, ...]
    stage_key: tuple[int, ...]
    channel_key: tuple[int, ...]
    role_key: tuple[int, ...]
    rep_key: tuple[int, ...]
    stage_present: Flags
    exit_offset: Ints
    exit_target: Ints
    exit_cumulative: Floats
    exit_delay: Ints
    exit_advancing: Ints
    task_offset: Ints
    task_role: Ints
    task_work: Ints
    task_at_end: Ints
    process: ProcessPlan
    patience: Ints
    max_visits: Ints
    skip_to: Ints
    skill_effect: Floats
    response_effect: Floats
    when: tuple[tuple[tuple[Clause, ...] | None, ...], ...]
    entry: Floats
    segment_share: Floats
    segment_amount: Ints
    segment_logit: Floats
    market: MarketPlan
    role_routing: tuple[tuple[str, ...], ...]
    role_queue: tuple[tuple[str, ...], ...]
    role_concurrency: Ints
    rep_role: Ints
    rep_hired: Floats
    rep_leaves: Floats
    rep_speed: Floats
    rep_skill: Floats
    rep_share: Floats
    rep_weight: Floats
    rep_ramp_days: Floats
    rep_ramp_start: Floats
    rep_pay: Ints
    rep_usual: Floats
    pay_rules: tuple[PayRule, ...]
    staffing: Staffing
    opening: Opening | None
    notes: tuple[str, ...]

    def _parts(self) -> dict[str, Any]:
        """Return what was lowered: all else follows from it."""
        return {name: getattr(self, name) for name in ("timeline", "start", "until", "cases", "opening")}

    def __repr__(self) -> str:
        what = f"{len(self.regime_start)} regimes, {len(self.stages)} stages, {len(self.reps)} reps"
        return f"Plan({self.timeline.name!r}, {what}, days {self.start:g} to {self.until:g})"

    @property
    def n_regimes(self) -> int:
        """How many regimes follow each other."""
        return len(self.regime_start)

    @cached_property
    def cut_word(self) -> int:
        """What keys the draws of leads and leavers in a run that goes on from the state of another one; else 0."""
        return hash32(f"cut:{self.opening.cut}") if self.opening is not None and self.opening.cut else 0

    @cached_property
    def pilot(self) -> tuple[bool, ...]:
        """Which regimes hold for some deals only (by condition): reps, queues and arrivals go on by the ones before."""
        return tuple(regime.where is not None for regime in self.timeline.regimes)

    @cached_property
    def needs(self) -> tuple[tuple[tuple[int, float, float, float], ...], ...]:
        """What else a deal must have taken up, by regime: key of the draw, start, ramp in days, adoption."""
        return tuple(tuple(self.taken_up(need) for need in regime.needs) for regime in self.timeline.regimes)

    def taken_up(self, share: Adoption) -> tuple[int, float, float, float]:
        """Return the key of the draw, start, ramp in days and adoption of a share of deals."""
        key, start = (0, -math.inf) if share.start is None else (share.start.toordinal(), self.clock.midnight(share.start))
        return key, start, share.ramp_days, share.adoption

    @cached_property
    def views(self) -> tuple[tuple[StageView | None, ...], ...]:
        """Stages by regime as plain tuples; None where a regime lacks the stage."""
        return tuple(
            tuple(self._view(r, s) for s in range(len(self.stages))) for r in range(self.n_regimes)
        )

    def _view(self, r: int, s: int) -> StageView | None:
        if not self.stage_present[r, s]:
            return None
        i = r * len(self.stages) + s
        exits = slice(self.exit_offset[i], self.exit_offset[i + 1])
        tasks = slice(self.task_offset[i], self.task_offset[i + 1])
        patience = int(self.patience[r, s])
        work = list(zip(self.task_role[tasks].tolist(), self.task_work[tasks].tolist(), strict=True))
        extra = self.process.stages[r][s]
        assert extra is not None
        views = [extra.tasks[j].at(role, self.tables[law]) for j, (role, law) in enumerate(work)]
        at_end = self.task_at_end[tasks].tolist()
        first = tuple(view for view, last in zip(views, at_end, strict=True) if not last)
        late = tuple(view for view, last in zip(views, at_end, strict=True) if last)
        plain = StageView(
            targets=tuple(self.exit_target[exits].tolist()),
            cumulative=tuple(self.exit_cumulative[exits].tolist()),
            advancing=int(self.exit_advancing[r, s]),
            delays=tuple(self.tables[j] for j in self.exit_delay[exits].tolist()),
            tasks=first,
            last_tasks=late,
            patience=self.tables[patience] if patience >= 0 else None,
            skill=float(self.skill_effect[r, s]),
            response=float(self.response_effect[r, s]),
            when=self.when[r][s],
            skip_to=int(self.skip_to[r, s]),
            max_visits=int(self.max_visits[r, s]),
            batches=batches(first),
            last_batches=batches(late),
        )
        return dressed(plain, extra, self.tables)
