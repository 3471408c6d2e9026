"""Lower a model to a plan: units, defaults and names are settled here and nowhere else."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from simsales.engine.clock import Clock
from simsales.engine.lower.leads import lead_tables, names_of
from simsales.engine.lower.opening import lower_opening, not_carried
from simsales.engine.lower.people import people_tables
from simsales.engine.lower.staffing import people_by_regime, run_years
from simsales.engine.lower.stages import stage_tables
from simsales.engine.plan import CODES, Plan
from simsales.engine.streams import hash32
from simsales.engine.tables import Table, table_of
from simsales.engine.worktime import WorkTime
from simsales.errors import InvalidModelError, expect, got, whole
from simsales.model.apply import Timeline, as_timeline
from simsales.model.calendars import zone
from simsales.model.laws import Law
from simsales.model.schema import Model

FIRST_YEAR, LAST_YEAR = 1800, 9000
"""Between them a run begins and ends: a calendar ends with the year 9999."""
MOST_CASES = 2**32 - 1
"""A lead's number is a 32-bit word of its draws."""
When = str | dt.date | np.datetime64 | float | None


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
    expect("opening", opening, (pd.DataFrame, type(None)), "a table of open deals. Hint: calibration.opening() and log.opening() make one", InvalidModelError)
    base = timeline.model
    clock = Clock(base.epoch, zone(base.calendar.timezone))
    begin = time_of(clock, start, "start", 0.0)
    end = time_of(clock, until, "until", begin + base.horizon_days)
    _within_calendar(clock, begin, "start", start)
    _within_calendar(clock, end, *(("horizon_days", base.horizon_days) if until is None else ("until", until)))
    if not end > begin:
        begins = start if start is not None else clock.date(begin)
        message = f"until must be after start ({begins}), got {until}. Hint: give a later date."
        raise InvalidModelError(message)
    if cases is not None:
        cases = _cases(cases)
    if any(regime.model.calendar != base.calendar for regime in timeline.regimes):
        message = (
            "calendar must not change during a run, got a change with a start date. "
            "Hint: leave the date out, so that it holds from the beginning."
        )
        raise InvalidModelError(message)
    return Lowering(timeline, clock, begin, end, None if until is not None else cases).plan(
        cases, until_given=until is not None, opening=opening
    )


def _cases(cases: object) -> int:
    """Return a number of leads as a plain int."""
    hint = "leave it out to simulate all leads"
    if isinstance(cases, int | np.integer) and cases < 0:
        message = f"cases must be 0 or more, got {cases}. Hint: {hint}."
        raise InvalidModelError(message)
    return whole(cases, "cases", least=0, most=MOST_CASES, hint=hint)


def time_of(clock: Clock, value: When, name: str, default: float) -> float:
    """Return a user's date or time as days since the epoch."""
    if value is None:
        return default
    if isinstance(value, str):
        try:
            value = _read_date(value)
        except ValueError as error:
            message = (
                f"{name} must be a date like 2027-03-31, got {got(value)}. "
                "Hint: year, month and day, with hyphens."
            )
            raise InvalidModelError(message) from error
    if isinstance(value, np.datetime64) and not np.isnat(value):  # a date where it counts days, else a moment
        value = value.astype("datetime64[us]").item() if np.datetime_data(value)[0] not in "YMWD" else value.astype("datetime64[D]").item()
    if isinstance(value, dt.datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=clock.zone)
        return clock.days(aware.astimezone(dt.UTC))
    if isinstance(value, dt.date):
        _within_years(value.year, name, value)
        return clock.midnight(value + dt.timedelta(days=1) if name == "until" else value)
    if not isinstance(value, int | float | np.number) or isinstance(value, bool) or not math.isfinite(value):
        message = f"{name} must be a date or a finite number of days, got {str(value)[:60]}. Hint: give a date."
        raise InvalidModelError(message)
    return float(value)


def _within_calendar(clock: Clock, days: float, name: str, said: object) -> None:
    """Refuse a time that no calendar reaches."""
    try:
        year = clock.date(days).year
    except OverflowError:
        year = 0
    _within_years(year, name, said)


def _within_years(year: int, name: str, said: object) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        message = f"{name} must lie in the years {FIRST_YEAR} to {LAST_YEAR}, got {str(said)[:60]}. Hint: give an earlier date, or fewer days."
        raise InvalidModelError(message)


def _read_date(text: str) -> dt.date:
    """Return an ISO date, or a date and time where the text has one."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return dt.datetime.fromisoformat(text)


def _keys(kind: str, names: Sequence[str]) -> tuple[int, ...]:
    """Return the words that stand for names; two names with one word would share their draws."""
    keys = tuple(hash32(f"{kind}:{name}") for name in names)
    seen: dict[int, str] = {}
    for key, name in zip(keys, names, strict=True):
        if key in seen:
            message = (
                f"{kind} names must have different 32-bit keys, got {got(seen[key])} and '{name}' with "
                "the same. Hint: rename one of them."
            )
            raise InvalidModelError(message)
        seen[key] = name
    return keys


class Lowering:
    """Collects the flat tables of one timeline; `cases` where they decide how long the run lasts."""

    def __init__(
        self, timeline: Timeline, clock: Clock, start: float, until: float, cases: int | None = None
    ) -> None:
        self.timeline = timeline
        self.clock = clock
        self.start = start
        self.until = until
        self.models = [regime.model for regime in timeline.regimes]
        self.starts = [-math.inf if r.start is None else clock.midnight(r.start) for r in timeline.regimes]
        self.stages = names_of([model.stage_names for model in self.models])
        self.channels = names_of([[c.name for c in model.channels] for model in self.models])
        self.segments = names_of([[s.name for s in model.segments] for model in self.models])
        self.roles = names_of([[r.name for r in model.roles] for model in self.models])
        years = run_years(self.models, until - start, cases)
        self.people, self.seats = people_by_regime(self.models, years)
        named = names_of([list(people) for people in self.people])
        self.reps = tuple(sorted(named, key=self.seats.__contains__))  # possible replacements come last
        first = clock.date(start) - dt.timedelta(days=8)
        self.worktime = WorkTime(self.models[0].calendar, clock, first, until)
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
        regimes = self.timeline.regimes
        tables = stage_tables(self) | lead_tables(self)
        people = people_tables(self, tables)
        notes = dict.fromkeys(note for hours in (self.worktime, *people["staffing"].hours) for note in hours.notes)
        notes |= dict.fromkeys(self._outside(sure=cases is None or until_given))
        return Plan(
            timeline=self.timeline, clock=self.clock, worktime=self.worktime, start=self.start,
            until=self.until, cases=cases, until_given=until_given, stages=self.stages,
            channels=self.channels, segments=self.segments, roles=self.roles, reps=self.reps,
            regime_start=np.array(self.starts), regime_ramp=np.array([r.ramp_days for r in regimes]),
            regime_adoption=np.array([r.adoption for r in regimes]),
            regime_key=tuple(0 if r.start is None else r.start.toordinal() for r in regimes),
            stage_key=_keys("stage", self.stages), channel_key=_keys("channel", self.channels),
            role_key=_keys("role", self.roles), rep_key=_keys("rep", self.reps),
            **tables, **people,
            opening=None if opening is None else lower_opening(
                opening, clock=self.clock, start=self.start, stages=self.stages,
                segments=self.segments, channels=self.channels, reps=self.reps, roles=self.roles,
                products=names_of([p.name for p in model.products] for model in self.models),
                regions=names_of([region.name for region in model.regions] for model in self.models),
                after_sale=[stage.name for model in self.models for stage in model.stages if stage.after_sale]),
            notes=(*notes, *not_carried(opening, self.models)), tables=tuple(self.tables),
        )  # fmt: skip

    def _outside(self, *, sure: bool) -> Iterator[str]:
        """Yield which changes begin before the run, or not before it ends (where its end is known)."""
        first = self.clock.date(self.start)
        for where, day in self.timeline.begins:
            if self.clock.midnight(day) < self.start and day < first:
                yield f"{where} begins on {day}, before the run: it holds from the first day on ({first})."
            elif sure and self.clock.midnight(day) >= self.until:
                yield f"{where} begins on {day}, not before the run ends: it does nothing in this run. Hint: give a later until."

    def target(self, name: str) -> int:
        """Return the code of an outcome or the position of a stage."""
        return CODES[name] if name in CODES else self.stages.index(name)
