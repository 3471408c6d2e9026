"""Lower a model to a plan: units, defaults and names are settled here and nowhere else."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from simsales.engine.clock import Clock
from simsales.engine.opening import lower_opening
from simsales.engine.pay import pay_rule
from simsales.engine.plan import CODES, NOBODY, Plan
from simsales.engine.streams import hash32
from simsales.engine.tables import Table, table_of
from simsales.engine.worktime import WorkTime
from simsales.errors import InvalidModelError
from simsales.model.apply import Timeline, as_timeline, named_reps
from simsales.model.calendars import zone
from simsales.model.conditions import Clause, parse_condition
from simsales.model.laws import Law
from simsales.model.schema import Channel, Exit, Model, Rep, Stage

DAYS_PER_MONTH = 365.25 / 12
When = str | dt.date | float | None
_RANK = {"no_decision": 3.0, "lost": 4.0, "open": 5.0}


def lower(
    model: Model | Timeline,
    start: When = None,
    until: When = None,
    cases: int | None = None,
    opening: pd.DataFrame | None = None,
) -> Plan:
    """Return the plan of a model or of a scenario applied to one.

    Parameters
    ----------
    model : Model or Timeline
    start, until : str, date, datetime or float, optional
        A date without a time begins (start) or ends (until: the end of that day) at local midnight;
        a number is days since the epoch. Default: the epoch, and `horizon_days` later.
    cases : int, optional
        Simulate exactly the first `cases` leads of all channels together. Without `until` the run
        then ends `horizon_days` after the last of them has arrived.
    opening : DataFrame, optional
        Open deals at the start; see :func:`simsales.engine.simulate`.

    Returns
    -------
    Plan

    Raises
    ------
    InvalidModelError
        If `until` is not after `start`, `cases` is negative, a date cannot be read, or the opening
        deals do not fit the model.

    Examples
    --------
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 7.0}],
    ...               stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> lower(model, until="2027-01-31").until
    31.0
    """
    timeline = as_timeline(model)
    base = timeline.model
    clock = Clock(base.epoch, zone(base.calendar.timezone))
    begin = _time(clock, start, "start", 0.0)
    end = _time(clock, until, "until", begin + base.horizon_days)
    if not end > begin:
        begins = start if start is not None else clock.date(begin)
        message = f"until must be after start ({begins}), got {until}. Hint: give a later date."
        raise InvalidModelError(message)
    if cases is not None and cases < 0:
        message = f"cases must be 0 or more, got {cases}. Hint: leave it out to simulate all leads."
        raise InvalidModelError(message)
    if any(regime.model.calendar != base.calendar for regime in timeline.regimes):
        message = (
            "calendar must not change during a run, got a change with a start date. "
            "Hint: leave the date out, so that it holds from the beginning."
        )
        raise InvalidModelError(message)
    return _Lowering(timeline, clock, begin, end).plan(
        cases, until_given=until is not None, opening=opening
    )


def _time(clock: Clock, value: When, name: str, default: float) -> float:
    """Return a user's date or time as days since the epoch."""
    if value is None:
        return default
    if isinstance(value, str):
        try:
            value = _read_date(value)
        except ValueError as error:
            message = (
                f"{name} must be a date like 2027-03-31, got {value!r}. "
                "Hint: year, month and day, with hyphens."
            )
            raise InvalidModelError(message) from error
    if isinstance(value, dt.datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=clock.zone)
        return clock.days(aware.astimezone(dt.UTC))
    if isinstance(value, dt.date):
        return clock.midnight(value + dt.timedelta(days=1) if name == "until" else value)
    if not isinstance(value, int | float) or not math.isfinite(value):
        message = f"{name} must be a date or a finite number of days, got {value}. Hint: give a date."
        raise InvalidModelError(message)
    return float(value)


def _read_date(text: str) -> dt.date:
    """Return an ISO date, or a date and time where the text has one."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return dt.datetime.fromisoformat(text)


def _union(groups: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Return all names of the groups, in the order of the last group, then of earlier ones."""
    return tuple(dict.fromkeys(name for group in reversed(list(groups)) for name in group))


def _keys(kind: str, names: Sequence[str]) -> tuple[int, ...]:
    """Return the words that stand for names; two names with one word would share their draws."""
    keys = tuple(hash32(f"{kind}:{name}") for name in names)
    seen: dict[int, str] = {}
    for key, name in zip(keys, names, strict=True):
        if key in seen:
            message = (
                f"{kind} names must have different 32-bit keys, got '{seen[key]}' and '{name}' with "
                "the same. Hint: rename one of them."
            )
            raise InvalidModelError(message)
        seen[key] = name
    return keys


class _Lowering:
    """Collects the flat tables of one timeline."""

    def __init__(self, timeline: Timeline, clock: Clock, start: float, until: float) -> None:
        self.timeline = timeline
        self.clock = clock
        self.start = start
        self.until = until
        self.models = [regime.model for regime in timeline.regimes]
        self.stages = _union([model.stage_names for model in self.models])
        self.channels = _union([[c.name for c in model.channels] for model in self.models])
        self.segments = _union([[s.name for s in model.segments] for model in self.models])
        self.roles = _union([[r.name for r in model.roles] for model in self.models])
        self.people = [{str(rep.name): rep for rep in named_reps(model)} for model in self.models]
        self.reps = _union([list(people) for people in self.people])
        self.tables: list[Table] = []
        self._ids: dict[int, int] = {}

    def law(self, law: Law) -> int:
        """Return the position of a law's table."""
        table = table_of(law)
        if id(table) not in self._ids:
            self._ids[id(table)] = len(self.tables)
            self.tables.append(table)
        return self._ids[id(table)]

    def plan(self, cases: int | None, *, until_given: bool, opening: pd.DataFrame | None) -> Plan:
        """Return the finished plan."""
        first = self.clock.date(self.start) - dt.timedelta(days=8)
        worktime = WorkTime(self.models[0].calendar, self.clock, first, self.until)
        regimes = self.timeline.regimes
        starts = [-math.inf if r.start is None else self.clock.midnight(r.start) for r in regimes]
        return Plan(
            timeline=self.timeline, clock=self.clock, worktime=worktime, start=self.start,
            until=self.until, cases=cases, until_given=until_given, stages=self.stages,
            channels=self.channels, segments=self.segments, roles=self.roles, reps=self.reps,
            regime_start=np.array(starts), regime_ramp=np.array([r.ramp_days for r in regimes]),
            regime_adoption=np.array([r.adoption for r in regimes]),
            regime_key=tuple(0 if r.start is None else r.start.toordinal() for r in regimes),
            stage_key=_keys("stage", self.stages), channel_key=_keys("channel", self.channels),
            role_key=_keys("role", self.roles), rep_key=_keys("rep", self.reps),
            **self._stage_tables(), **self._lead_tables(), **self._people_tables(),
            opening=None if opening is None else lower_opening(
                opening, clock=self.clock, start=self.start, stages=self.stages,
                segments=self.segments, channels=self.channels, reps=self.reps),
            notes=worktime.notes, tables=tuple(self.tables),
        )  # fmt: skip

    # stages -----------------------------------------------------------------------------------

    def _stage_tables(self) -> dict[str, Any]:
        shape = (len(self.models), len(self.stages))
        exits: list[tuple[int, float, int]] = []
        tasks: list[tuple[int, int, int]] = []
        exit_offset, task_offset = [0], [0]
        found: dict[str, Any] = {
            "stage_present": np.zeros(shape, dtype=bool),
            "exit_advancing": np.zeros(shape, dtype=np.int64),
            "patience": np.full(shape, -1),
            "max_visits": np.ones(shape, dtype=np.int64),
            "skip_to": np.full(shape, CODES["won"]),
            "skill_effect": np.zeros(shape),
            "response_effect": np.zeros(shape),
        }
        whens: list[tuple[tuple[Clause, ...] | None, ...]] = []
        for r, model in enumerate(self.models):
            by_name = {stage.name: stage for stage in model.stages}
            for s, name in enumerate(self.stages):
                if (stage := by_name.get(name)) is not None:
                    found["exit_advancing"][r, s] = self._exits(model, stage, exits)
                    tasks += [
                        (self.roles.index(t.role), self.law(t.work_hours), int(t.at == "end"))
                        for t in stage.tasks
                    ]
                    self._stage(r, s, model, stage, found)
                exit_offset.append(len(exits))
                task_offset.append(len(tasks))
            whens.append(tuple(_condition(by_name.get(name)) for name in self.stages))
        return found | {
            "when": tuple(whens),
            "exit_offset": np.array(exit_offset), "task_offset": np.array(task_offset),
            "exit_target": np.array([e[0] for e in exits], dtype=np.int64),
            "exit_cumulative": np.array([e[1] for e in exits]),
            "exit_delay": np.array([e[2] for e in exits], dtype=np.int64),
            "task_role": np.array([t[0] for t in tasks], dtype=np.int64),
            "task_work": np.array([t[1] for t in tasks], dtype=np.int64),
            "task_at_end": np.array([t[2] for t in tasks], dtype=np.int64),
        }  # fmt: skip

    def _stage(self, r: int, s: int, model: Model, stage: Stage, found: dict[str, Any]) -> None:
        found["stage_present"][r, s] = True
        if stage.patience_days is not None:
            found["patience"][r, s] = self.law(stage.patience_days)
        found["max_visits"][r, s] = stage.max_visits
        found["skip_to"][r, s] = self._target(_skip_to(model, stage))
        found["skill_effect"][r, s] = stage.effects.skill
        found["response_effect"][r, s] = stage.effects.response_hours

    def _exits(self, model: Model, stage: Stage, exits: list[tuple[int, float, int]]) -> int:
        """Append a stage's exits, best first; return how many of them advance."""
        order = sorted(stage.exits, key=lambda exit_: exit_rank(model, stage, exit_))
        sums = list(itertools.accumulate(exit_.probability for exit_ in order))
        total = sums[-1]
        for exit_, edge in zip(order, sums, strict=True):
            share = 1.0 if edge >= total else edge / total
            exits.append((self._target(exit_.to), share, self.law(exit_.delay_days)))
        return sum(exit_rank(model, stage, exit_)[0] <= 1.0 for exit_ in order)

    def _target(self, name: str) -> int:
        return CODES[name] if name in CODES else self.stages.index(name)

    # leads ------------------------------------------------------------------------------------

    def _lead_tables(self) -> dict[str, Any]:
        n = len(self.models)
        entry = np.zeros((n, len(self.channels), len(self.stages)))
        share = np.zeros((n, len(self.channels), len(self.segments)))
        amount = np.full((n, len(self.segments)), -1)
        logit = np.zeros((n, len(self.segments)))
        for r, model in enumerate(self.models):
            for channel in model.channels:
                c = self.channels.index(channel.name)
                for name, value in _entry(channel, model).items():
                    entry[r, c, self.stages.index(name)] = value
                for name, value in _segments(channel, model).items():
                    share[r, c, self.segments.index(name)] = value
            for segment in model.segments:
                g = self.segments.index(segment.name)
                amount[r, g] = self.law(segment.amount)
                logit[r, g] = segment.advance_logit
        return {
            "entry": entry, "segment_share": share, "segment_amount": amount,
            "segment_logit": logit,
        }  # fmt: skip

    # people -----------------------------------------------------------------------------------

    def _people_tables(self) -> dict[str, Any]:
        rules: list[Any] = []
        people = [[self._rep(r, name) for name in self.reps] for r in range(len(self.models))]
        pay = np.full((len(self.models), len(self.reps)), NOBODY)
        for r, row in enumerate(people):
            for p, rep in enumerate(row):
                if rep.plan is not None:
                    rule = pay_rule(rep.plan, self.models[r], self.models[0])
                    if rule not in rules:
                        rules.append(rule)
                    pay[r, p] = rules.index(rule)
        last = people[-1]
        roles = [{role.name: role for role in model.roles} for model in self.models]
        known = [[role.get(name) or self._role(name) for name in self.roles] for role in roles]

        def column(get: Any) -> Any:
            return np.array([[get(rep) for rep in row] for row in people], dtype=float).reshape(
                len(self.models), len(self.reps)
            )

        return {
            "role_routing": tuple(tuple(role.routing for role in row) for row in known),
            "role_queue": tuple(tuple(role.queue for role in row) for row in known),
            "role_concurrency": np.array([[role.concurrency for role in row] for row in known]),
            "rep_role": np.array([self.roles.index(rep.role) for rep in last], dtype=np.int64),
            "rep_hired": np.array([self._date(rep.hired, -math.inf) for rep in last]),
            "rep_leaves": np.array([self._date(rep.leaves, math.inf) for rep in last]),
            "rep_speed": column(lambda rep: rep.speed),
            "rep_skill": column(lambda rep: rep.skill),
            "rep_share": column(lambda rep: rep.selling_share),
            "rep_weight": column(lambda rep: rep.weight),
            "rep_ramp_days": column(lambda rep: rep.ramp.months * DAYS_PER_MONTH if rep.ramp else 0),
            "rep_ramp_start": column(lambda rep: rep.ramp.start if rep.ramp else 1.0),
            "rep_pay": pay, "pay_rules": tuple(rules),
        }  # fmt: skip

    def _rep(self, r: int, name: str) -> Rep:
        """Return a rep as regime `r` knows him, else as the nearest regime does."""
        near = [*self.people[r:], *reversed(self.people[:r])]
        return next(people[name] for people in near if name in people)

    def _role(self, name: str) -> Any:
        return next(role for model in self.models for role in model.roles if role.name == name)

    def _date(self, date: dt.date | None, default: float) -> float:
        return default if date is None else self.clock.midnight(date)


def exit_rank(model: Model, stage: Stage, exit_: Exit) -> tuple[float, float]:
    """Return the place of an exit in the order "best first" (R5).

    Won, then later stages (farthest first), then the same or an earlier stage (nearest first), then no
    decision, lost, and deals that nobody will ever close.
    """
    if exit_.to == "won":
        return 0.0, 0.0
    if exit_.to in _RANK:
        return _RANK[exit_.to], 0.0
    names = model.stage_names
    ahead = names.index(exit_.to) - names.index(stage.name)
    return (1.0 if ahead > 0 else 2.0), float(-ahead)


def _skip_to(model: Model, stage: Stage) -> str:
    """Return where a deal goes that skips `stage`: by its likeliest advancing exit (R6)."""
    ahead = [exit_ for exit_ in stage.exits if exit_rank(model, stage, exit_)[0] <= 1.0]
    if ahead:
        return max(ahead, key=lambda exit_: exit_.probability).to
    i = model.stage_names.index(stage.name) + 1
    return model.stage_names[i] if i < len(model.stages) else "won"


def _condition(stage: Stage | None) -> tuple[Clause, ...] | None:
    return None if stage is None or stage.when is None else parse_condition(stage.when)


def _entry(channel: Channel, model: Model) -> dict[str, float]:
    return channel.entry or {model.stages[0].name: 1.0}


def _segments(channel: Channel, model: Model) -> dict[str, float]:
    return channel.segments or {model.segments[0].name: 1.0}
