"""What happened in one replication: raw columns for speed, History's tables for people."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simsales.engine.columns import DealColumns, TaskColumns, VisitColumns
from simsales.engine.credit import credited
from simsales.engine.life.state import NONE, REASONS
from simsales.engine.plan import OPEN, STATUS, WON, Flags, Floats, Ints, Plan
from simsales.engine.plan.process import NOBODY
from simsales.model.roster import named_reps
from simsales.same import Same

if TYPE_CHECKING:
    from simsales.engine.hooks import Hooks
    from simsales.engine.lower import When
    from simsales.history import History
    from simsales.model.apply import Timeline

MICROSECONDS = 86_400e6


@dataclass(frozen=True, eq=False, repr=False)
class EventLog(Same):
    """One replication: tables in History's shape, raw columns, and the plan that made them.

    Parameters
    ----------
    plan : Plan
    seed, replication : int
    start, until : float
        Days since the epoch.
    deal, visit, task : DealColumns, VisitColumns, TaskColumns
    rep_hired, rep_left : ndarray of float, shape (n_reps,)
        Days since the epoch on which each rep began and left; -inf and inf where that is not known. A possible
        replacement who never came has inf and inf.
    hooked : bool
        Whether a user's own rules took part.
    """

    plan: Plan
    seed: int
    replication: int
    start: float
    until: float
    deal: DealColumns
    visit: VisitColumns
    task: TaskColumns
    rep_hired: Floats
    rep_left: Floats
    hooked: bool = False

    def __repr__(self) -> str:
        won = int((self.deal.status == WON).sum())
        return (
            f"EventLog({self.plan.timeline.name!r}, seed {self.seed}, replication {self.replication}: "
            f"{len(self.deal.created)} deals, {won} won, {len(self.visit.deal)} visits, "
            f"{len(self.task.deal)} tasks)"
        )

    def _repr_html_(self) -> str:
        """Return what happened in one line, for notebooks."""
        return f"<p><b>Simulated run</b>: {escape(repr(self))}</p>"

    @property
    def plot(self) -> Any:
        """Figures: ``funnel()``, ``durations()``, ``utilisation()``, ``queue()``."""
        from simsales.report.plots import HistoryPlots  # only where somebody looks

        return HistoryPlots(self)

    # tables ------------------------------------------------------------------------------------

    @cached_property
    def ids(self) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Deal ids: an opening deal's own, else source (channel, campaign) and number."""
        given = self.plan.opening.ids if self.plan.opening is not None else ()
        numbers, sources = self.deal.number.tolist(), self.deal.source.tolist()
        names = [source.name for source in self.plan.market.sources]
        n = len(given)
        fresh = [f"{names[c]}-{i + 1:06d}" for c, i in zip(sources[n:], numbers[n:], strict=True)]
        while not set(given).isdisjoint(fresh):  # again and again where runs go on from one another
            fresh = [f"new-{name}" for name in fresh]
        return np.array([*given, *fresh], dtype=object)

    @cached_property
    def deals(self) -> pd.DataFrame:
        """One row a deal, with History's columns, then ``reason, response_hours, is_opening``.

        With after-sale stages in the model also ``after`` (open, retained or churned); with discounts also ``list_amount, discount``; with regions of another currency also
        ``local_amount, local_currency`` (at the rate of the day of creation).
        """
        deal, n = self.deal, len(self.deal.created)
        found = pd.DataFrame(
            {
                "deal_id": _texts(self.ids),
                "created_at": self.moments(deal.created),
                "segment": _named(self.plan.segments, deal.segment),
                "channel": _named(self.plan.channels, deal.channel),
                "product": _named(self.plan.market.products, deal.product),
                "region": _named(self.plan.market.regions, deal.region),
                "owner": _named(self.plan.reps, deal.owner),
                "amount": deal.amount,
                "currency": _texts(np.full(n, self.plan.timeline.model.currency, dtype=object)),
                "status": _coded(STATUS, deal.status),
                "closed_at": self.moments(deal.closed),
                "stage": _named(self.plan.stages, deal.stage),
                "expected_close": self.moments(np.full(n, np.nan)),
                "reason": _coded({**dict(enumerate((*REASONS, *self.plan.process.reasons))), 0: None}, deal.reason),
                "response_hours": deal.response,
                "is_opening": deal.opening,
            }
        )
        if self.after_sale.any():
            found["after"] = _coded({**STATUS, NONE: None}, deal.after)
        return found.assign(**self._prices())

    @cached_property
    def after_sale(self) -> Flags:
        """Which stages of the plan follow a win."""
        return np.array([any(extra is not None and extra.after_sale for extra in column) for column in zip(*self.plan.process.stages, strict=True)])

    def _prices(self) -> dict[str, Any]:
        """Return the columns that only models with discounts or several currencies have."""
        deal, market = self.deal, self.plan.market
        found: dict[str, Any] = {}
        if market.priced or any(timing and timing.discount for timing in self.plan.process.timing):
            found |= {"list_amount": deal.list_amount, "discount": deal.discount}
        if market.currencies:
            names = np.array([*market.currencies, self.plan.timeline.model.currency], dtype=object)
            found |= {"local_amount": deal.amount / deal.rate, "local_currency": _texts(names[deal.currency])}
        return found

    @cached_property
    def visits(self) -> pd.DataFrame:
        """One row a stay of a deal in a stage, with History's columns."""
        visit, n = self.visit, len(self.visit.deal)
        exits = dict(enumerate(self.plan.stages)) | STATUS | {NONE: None}
        return pd.DataFrame(
            {
                "deal_id": _texts(self.ids[visit.deal]),
                "seq": visit.seq,
                "stage": _named(self.plan.stages, visit.stage),
                "entered_at": self.moments(visit.entered),
                "left_at": self.moments(visit.left),
                "exit": _coded(exits, visit.exit),
                "owner": _named(self.plan.reps, visit.owner),
                "amount": self.deal.amount[visit.deal],
                "precision": _texts(np.full(n, "second", dtype=object)),
                "is_synthetic": np.zeros(n, dtype=bool),
            }
        )

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """One row a task, with History's columns.

        Where it happened also ``dropped_at`` (a task that had waited was given up, passed on or lost with its deal) and
        ``handed_at`` (when the deal was ready to change hands for this task, before any delay of the hand-off).
        """
        task = self.task
        found = pd.DataFrame(
            {
                "deal_id": _texts(self.ids[task.deal]),
                "seq": task.seq,
                "stage": _named(self.plan.stages, task.stage),
                "role": _named(self.plan.roles, task.role),
                "rep": _named(self.plan.reps, task.rep),
                "queued_at": self.moments(task.queued),
                "started_at": self.moments(task.started),
                "ended_at": self.moments(task.ended),
                "work_hours": task.work_hours,
            }
        )
        rare = {"dropped_at": task.dropped, "handed_at": task.handed}
        return found.assign(**{name: self.moments(days) for name, days in rare.items() if not np.isnan(days).all()})

    @cached_property
    def reps(self) -> pd.DataFrame:
        """One row a rep, with History's columns and the manager where one is named; leaves after the horizon are not known yet."""
        plan = self.plan
        people = {str(rep.name): rep for rep in named_reps(plan.timeline.last)}
        known = [people.get(plan.reps[seat]) for seat in plan.staffing.seat]
        hired = np.where(np.isfinite(self.rep_hired), self.rep_hired, np.nan)
        left = np.where(self.rep_left <= self.until, self.rep_left, np.nan)
        table = pd.DataFrame(
            {
                "rep": _texts(np.array(plan.reps, dtype=object)),
                "role": _named(plan.roles, plan.rep_role),
                "team": _texts(np.array([rep and rep.team for rep in known], dtype=object)),
                "region": _texts(np.array([rep and rep.region for rep in known], dtype=object)),
                "hired_at": self.moments(hired),
                "left_at": self.moments(left),
            }
        )
        if any(rep and rep.manager for rep in known):
            table["manager"] = _texts(np.array([rep and rep.manager for rep in known], dtype=object))
        return table[self.rep_there].reset_index(drop=True)

    @property
    def rep_there(self) -> Flags:
        """Which reps of the plan there are: all that the model names, and the replacements who came."""
        named = np.arange(len(self.rep_hired)) < self.plan.staffing.n_named
        return np.asarray(named | (self.rep_hired < self.until))

    def moments(self, days: Floats) -> pd.DatetimeIndex:
        """Return days since the epoch as UTC timestamps (to the microsecond; NaN is NaT)."""
        epoch = pd.Timestamp(self.plan.clock.epoch).tz_convert("UTC").tz_localize(None)
        known = np.where(np.isnan(days), 0.0, days)
        steps = np.rint(known * MICROSECONDS).astype("timedelta64[us]")
        stamps = epoch.to_datetime64().astype("datetime64[us]") + steps
        stamps[np.isnan(days)] = np.datetime64("NaT")
        return pd.DatetimeIndex(stamps).tz_localize("UTC")

    # another run's start -----------------------------------------------------------------------

    def opening(self, at: When = None, *, hooks: Hooks | None = None) -> pd.DataFrame:
        """Return the deals that are open at a time, as the opening table of a run that goes on from there (R9).

        Parameters
        ----------
        at : date, str, datetime or float, optional
            A time in the run: a date means the beginning of that day; default: the end of the run.
        hooks : Hooks, optional
            The user's own rules, where the run had some.

        Returns
        -------
        DataFrame
            One row a deal before its win, with all that is true of it: see :func:`simsales.simulate`. Customers who go
            on after the win are not in it, nor are prospects of a finite market whose deals are closed.

        Raises
        ------
        InvalidModelError
            If the time lies outside the run, or the run had hooks and none are given.

        Examples
        --------
        >>> from simsales.engine import simulate
        >>> from simsales.model.schema import Model
        >>> model = Model(channels=[{"name": "web", "leads_per_week": 7.0}], stages=[{"name": "Open", "exits": [
        ...     {"to": "won", "probability": 1.0, "delay_days": {"exponential": {"mean": 9.0}}}]}])
        >>> log = simulate(model, seed=1, until=30.0)
        >>> opening = log.opening()
        >>> goes_on = simulate(log.organisation(), seed=1, start=30.0, until=60.0, opening=opening)
        >>> int((log.deal.status == OPEN).sum()) == len(opening) == int(goes_on.deal.opening.sum())
        True
        """
        from simsales.engine import restart  # runs again what has made this log: only when asked

        time = restart.moment(self.plan, at, self.until)
        return restart.opening_at(restart.run_to(self, time, hooks), self.ids, time)

    def organisation(self, at: When = None, *, hooks: Hooks | None = None) -> Timeline:
        """Return the organisation as it is at a time, for a run that goes on from there (R9).

        Who has left has left, replacements are there by name, `booked_before` is what each rep has booked in the period
        that goes on, and events that have begun happened or did not. The quarter's common shocks belong to seed and
        replication: a run with the same ones goes on with them. What a ratchet has made of a quota is not kept.

        Parameters
        ----------
        at : date, str, datetime or float, optional
            As in :meth:`opening`.
        hooks : Hooks, optional

        Returns
        -------
        Timeline
            What :func:`simsales.simulate` takes in place of a model.

        Examples
        --------
        >>> from simsales.engine import simulate
        >>> from simsales.model.schema import Model
        >>> model = Model(channels=[{"name": "web", "leads_per_week": 7.0}], roles=[{"name": "AE"}],
        ...               reps=[{"name": "Ann", "role": "AE"}], attrition={"AE": {"per_year": 9.0, "vacancy_days": 5}},
        ...               stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
        >>> log = simulate(model, seed=1, until=90.0)
        >>> [(rep.name, rep.hired is not None, rep.leaves is not None) for rep in log.organisation().model.reps]
        [('Ann', False, True), ('Ann (2)', True, False)]
        """
        from simsales.engine import restart  # as above

        time = restart.moment(self.plan, at, self.until)
        return restart.organisation_at(restart.run_to(self, time, hooks), time)

    # other shapes ------------------------------------------------------------------------------

    def kpis(self) -> Any:
        """Return the KPI table of this replication."""
        from simsales import kpi  # above the engine: only when asked

        return kpi.table(self)

    def value_stream(self, outcome: str | None = None) -> Any:
        """Return where the time of deals goes: work, closed hours, queue and delay, by stage and by deal."""
        from simsales.views import value_stream  # above the engine: only when asked

        return value_stream(self, outcome)

    def pay_statements(self, *, names: bool = False) -> pd.DataFrame:
        """Return every line of every pay statement of this replication."""
        from simsales.money import pay_statements  # above the engine: only when asked

        return pay_statements(self, names=names)

    def to_history(self) -> History:
        """Return the run as a History of class A, observed from its start to its end.

        Opening deals keep their creation and their current stay, which began before the start. What follows a win is
        left out: a history of deals ends with their outcomes. Where wins are credited to others than their owners (an SDR owns
        what an AE closes), ``credited`` names them.
        """
        from simsales.history import History, ImportReport
        from simsales.history.tables import shaped

        n, model = len(self.deal.created), self.plan.timeline.model
        first, last = self.moments(np.array([self.start, self.until]))
        report = ImportReport(
            source="simulation", read=n, kept=n, timezone=model.calendar.timezone,
            timezone_why="the model's calendar", currencies=(model.currency,), history_class="A",
            precision="second", censored_share=float((self.deal.status == OPEN).mean()) if n else 0.0,
            notes=(f"simulated: {self!r}", *self.plan.notes),
        )  # fmt: skip
        closed = ("won", "lost", "no_decision")

        def before(stage: Ints) -> Flags:
            return np.asarray(~self.after_sale[stage])

        known = [name for name, after in zip(self.plan.stages, self.after_sale, strict=True) if not after]
        names = [*known, *closed]
        kinds = ["open"] * len(known) + list(closed)
        stages = pd.DataFrame({"stage": names, "order": range(len(names)), "kind": kinds})
        return History(
            deals=shaped(self._with_credit().sort_values(["created_at", "deal_id"], kind="stable"), "deals"),
            visits=shaped(self.visits.assign(exit=self._way())[before(self.visit.stage)], "visits"),
            tasks=shaped(self.tasks[before(self.task.stage)], "tasks"),
            reps=shaped(self.reps, "reps"), stages=shaped(stages, "stages"), report=report,
            observed_from=first, observed_until=last, history_class="A",
            currency=model.currency, timezone=model.calendar.timezone,
        )  # fmt: skip

    def _with_credit(self) -> pd.DataFrame:
        """Return the deals with who gets the credit of each win, where that is not always the owner."""
        rep = credited(self)
        same = np.array_equal(rep, self.deal.owner)
        return self.deals if same else self.deals.assign(credited=_named(self.plan.reps, np.where(self.deal.status == WON, rep, NOBODY)))

    def _way(self) -> pd.Series:
        """Return where each stay led: past the stages that the deal skipped, for in a history it was never there."""
        visit, status = self.visit, self.deal.status
        following = np.append(visit.deal[1:] == visit.deal[:-1], [False] * (len(visit.deal) > 0)).astype(bool)
        following &= ~self.after_sale[np.roll(visit.stage, -1)]
        led = np.where(following, np.roll(visit.stage, -1), status[visit.deal])
        exits = dict(enumerate(self.plan.stages)) | STATUS | {NONE: None}
        return _coded(exits, np.where(visit.exit >= 0, led, visit.exit))

    def to_event_log(self, *, every_case: bool = False) -> pd.DataFrame:
        """Return the run as an event log.

        Parameters
        ----------
        every_case : bool
            A case of which nobody has done anything has a row still: its last stay (or, without any, the deal itself),
            without a resource. Otherwise such cases are not in the log.

        Returns
        -------
        DataFrame
            ``case_id, activity, start_time, end_time, resource``: one row a task that began, and one row
            a visit to a stage without tasks (no resource); no end time where the horizon came first.
            Sorted by start time, then case.
        """
        tasks = self.tasks[self.task.rep != NOBODY]
        busy = set(zip(self.task.deal.tolist(), self.task.seq.tolist(), strict=True))
        pairs = zip(self.visit.deal.tolist(), self.visit.seq.tolist(), strict=True)
        idle = self.visits[np.array([pair not in busy for pair in pairs], dtype=bool)]
        names = ["case_id", "activity", "start_time", "end_time", "resource"]
        first = tasks[["deal_id", "stage", "started_at", "ended_at", "rep"]].set_axis(names, axis=1)
        second = idle[["deal_id", "stage", "entered_at", "left_at"]].assign(
            resource=_texts(np.full(len(idle), None, dtype=object))
        )
        second = second.set_axis(names, axis=1)
        rows = [first, second]
        if every_case:
            rows.append(self._untouched({*first["case_id"], *second["case_id"]}).set_axis(names, axis=1))
        parts = [part for part in rows if len(part)]
        both: pd.DataFrame = pd.concat(parts, ignore_index=True) if parts else first
        return both.sort_values(["start_time", "case_id"], kind="stable", ignore_index=True)

    def _untouched(self, seen: set[str]) -> pd.DataFrame:
        """Return one row for each case that is not among those seen: its last stay, else the deal from creation to close."""
        deals = self.deals[["deal_id", "stage", "created_at", "closed_at"]]
        stays = self.visits.groupby("deal_id", sort=False).tail(1)[["deal_id", "stage", "entered_at", "left_at"]]
        names = ["deal_id", "stage", "begin", "end"]
        both = pd.concat([stays.set_axis(names, axis=1), deals.set_axis(names, axis=1)], ignore_index=True)
        found = both[~both["deal_id"].isin(seen)].drop_duplicates("deal_id")
        return found.assign(resource=_texts(np.full(len(found), None, dtype=object)))


def _texts(values: np.ndarray[Any, Any]) -> pd.Series:
    """Return text as the canonical tables hold it: missing is NaN."""
    return pd.Series(values, dtype="str" if pd.__version__ >= "3" else "object")


def _named(names: tuple[str, ...], codes: Ints) -> pd.Series:
    table = np.array([*names, None], dtype=object)  # code -1 reads the last entry: missing
    return _texts(table[codes])


def _coded(names: dict[int, Any], codes: Ints) -> pd.Series:
    return _texts(np.array([names[code] for code in codes.tolist()], dtype=object))
