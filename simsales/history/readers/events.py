"""Event logs: one row an event, or one row an activity with start and end (class A)."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from simsales.errors import HistoryError, got
from simsales.history.pieces import added_up
from simsales.history.readers import outcomes
from simsales.history.readers.build import Parts, coarsest, lookup, order_of, visits_of
from simsales.history.readers.deals import TEXTS
from simsales.history.readers.journal import trail
from simsales.history.readers.table import Context, Table

SCHEDULE, START, COMPLETE = 0, 1, 2
LIFECYCLES = {
    "schedule": SCHEDULE, "assign": SCHEDULE, "reassign": SCHEDULE, "enabled": SCHEDULE, "start": START, "resume": START, "started": START,
    "complete": COMPLETE, "completed": COMPLETE, "suspend": COMPLETE, "withdraw": COMPLETE, "ate_abort": COMPLETE, "pi_abort": COMPLETE,
    "autoskip": COMPLETE, "manualskip": COMPLETE, "end": COMPLETE,
}  # fmt: skip


@dataclass(eq=False)
class Log:
    """An event log taken apart: what began when, what work was done, when it was complete.

    All frames carry ``case`` (code), ``stage`` (activity), and stamps; ``events`` keeps every row.
    """

    cases: np.ndarray
    events: pd.DataFrame
    entries: pd.DataFrame
    work: pd.DataFrame
    ends: pd.DataFrame
    precision: str


def read(table: Table, context: Context) -> Parts:
    """Return the parts of an event log.

    A stay begins with the first lifecycle event of an activity and lasts until another activity begins. Work between
    start and complete inside one stay is one task: its hours add up, it starts with the first and ends with the last.

    Raises
    ------
    HistoryError
        If case, activity or time have no column, or work ends before it starts.
    """
    log = _take_apart(table, context)
    ends_with = outcomes.of_activities(log.entries, context, table.sheet.file)
    closings = _closings(log, ends_with)
    chosen = _stages(log, ends_with, context)
    entries = _stage_entries(log, chosen, closings, context)
    visits = visits_of(entries.assign(precision=log.precision), closings)
    deals = _deals(table, log, closings, visits, context)
    names = pd.Series(log.cases, dtype=object)
    tasks = _tasks(log, visits, closings, set(chosen), context)
    for frame in (visits, tasks):
        frame["deal_id"] = names.to_numpy()[frame["deal_id"].to_numpy(dtype=int)]
    order = [name for name in context.mapping.stages if name in chosen] or [name for name in order_of(entries) if name in chosen]
    kinds = dict.fromkeys(order, "open") | {activity: kind for activity, kind in ends_with.items() if activity not in chosen}
    last = pd.Timestamp(log.events["time"].max())
    reps = pd.DataFrame({"rep": list(context.roles), "role": list(context.roles.values())}, dtype=object)
    return Parts(deals, visits, "A", kinds, log.precision, tasks=tasks, reps=reps, changes=_amount_trail(log), last_seen=last)


def _take_apart(table: Table, context: Context) -> Log:
    """Return the log as entries, work and ends."""
    table.account()
    table.tidy()
    table.require("deal_id")
    table.require("activity")
    ranged = table.has("start", "end")
    if not ranged:
        table.require("time", "start", "end")
    if table.has("start", "time") and not table.has("end"):
        table.columns["end"], ranged = table.columns.pop("time"), True
    time_field = "start" if ranged else (table.first(("time", "end", "start")) or "time")
    stamps = table.times(time_field, unique=True)
    lost = stamps.values.isna() & (table.times("end").values.isna() if ranged else True)
    for mask, reason in ((table.text("deal_id").isna(), "no case id"), (table.text("activity").isna(), "no activity"), (lost, "no time")):
        if mask.any():
            table.drop(mask[: len(table)] if len(mask) == len(table) else table.text("activity").isna(), reason)
            return _take_apart(table, context)
    codes, cases = pd.factorize(table.ids("deal_id"), sort=True)
    events = pd.DataFrame({"deal_id": codes, "stage": table.text("activity").astype("category"), "time": stamps.values})
    events["owner"] = table.text("resource").to_numpy()
    if table.has("role", "resource"):
        context.roles |= _usual_roles(table)
    if table.has("amount"):
        events["amount"] = table.money("amount").values.to_numpy()
    end = table.times("end", unique=True).values if ranged else None
    if end is not None:
        events["end"] = end.to_numpy() if end.dtype == object else end.array
        events["time"] = events["time"].fillna(events["end"])
        _check_ranges(events, table)
    precision = coarsest(stamps.precision)
    names = np.asarray(cases, dtype=object)
    return _ranged(names, events, precision) if ranged else _lifecycle(names, events, table, context, precision)


def _usual_roles(table: Table) -> dict[str, str]:
    """Return each resource's most frequent role; ties by name."""
    pairs = pd.DataFrame({"rep": table.text("resource"), "role": table.text("role")}).dropna()
    counted = pairs.groupby(["rep", "role"], sort=True).size().reset_index(name="rows").sort_values("rows", kind="stable")
    return {str(rep): str(role) for rep, role in counted.groupby("rep", sort=True)["role"].last().items()}


def _check_ranges(events: pd.DataFrame, table: Table) -> None:
    """Raise an error if work ends before it starts."""
    wrong = (events["end"] < events["time"]).to_numpy()
    if wrong.any():
        first = int(np.argmax(wrong))
        raise HistoryError(
            f"{table.sheet.file}: {int(wrong.sum()):,} events end before they begin (first: {table.sheet.place(first)}, {events['stage'].iloc[first]}). "
            "Hint: check which column is the start, or the order of day and month (dayfirst=True)."
        )


def _ranged(cases: np.ndarray, events: pd.DataFrame, precision: str) -> Log:
    """Return a log whose rows have a start and an end."""
    order = _activity_rank(events)
    events = events.assign(rank=events["stage"].map(order).astype(int)).sort_values(["deal_id", "time", "rank", "end"], kind="stable").reset_index(drop=True)
    work = events[(events["end"] > events["time"]).to_numpy()].rename(columns={"time": "started_at", "end": "ended_at"})
    work["queued_at"] = work["started_at"]
    ends = events.assign(time=events["end"].fillna(events["time"]))
    return Log(cases, events.assign(time=ends["time"]), events, work, ends, precision)


def _activity_rank(events: pd.DataFrame) -> dict[str, int]:
    """Return activity to its usual place in a case, which decides the order of equal stamps."""
    return {activity: place for place, activity in enumerate(order_of(events[["deal_id", "stage", "time"]]))}


def _lifecycle(cases: np.ndarray, events: pd.DataFrame, table: Table, context: Context, precision: str) -> Log:
    """Return a log of point events, those of one activity paired by their lifecycle."""
    rank = _activity_rank(events)
    events["rank"] = events["stage"].map(rank).astype(int)
    events["step"] = _steps(table, context)
    events = events.sort_values(["deal_id", "rank", "time", "step"], kind="stable").reset_index(drop=True)
    step, deal, activity = (events[name].to_numpy() for name in ("step", "deal_id", "rank"))
    same = np.zeros(len(events), dtype=bool)
    same[1:] = (deal[1:] == deal[:-1]) & (activity[1:] == activity[:-1])
    before = np.where(same, np.roll(step, 1), COMPLETE)
    opens = np.select([step == SCHEDULE, step == START], [True, before != SCHEDULE], before == COMPLETE)
    entries = events[opens].sort_values(["deal_id", "time", "rank"], kind="stable").reset_index(drop=True)
    ends = events[step == COMPLETE].sort_values(["deal_id", "time", "rank"], kind="stable").reset_index(drop=True)
    return Log(cases, events, entries, _paired(events, same, step), ends, precision)


def _steps(table: Table, context: Context) -> np.ndarray:
    """Return schedule, start or complete per row; without a lifecycle column all are complete."""
    if not table.has("lifecycle"):
        return np.full(len(table), COMPLETE)
    labels = table.text("lifecycle").fillna("complete")
    codes = {label: LIFECYCLES.get(str(label).casefold()) for label in labels.unique()}
    odd = sorted(str(label) for label, code in codes.items() if code is None)
    if odd:
        context.ledger.note(f"Lifecycle steps {', '.join(odd)} are unknown and were read as complete.")
    return labels.map({label: COMPLETE if code is None else code for label, code in codes.items()}).to_numpy(dtype=int)


def _paired(events: pd.DataFrame, same: np.ndarray, step: np.ndarray) -> pd.DataFrame:
    """Return one row per start, with the complete that follows it and the schedule that went before, and one per schedule that nothing follows."""
    follows = np.zeros(len(events), dtype=bool)
    follows[:-1] = same[1:] & (step[1:] == COMPLETE) & (step[:-1] == START)
    end = events["time"].shift(-1).where(follows)
    waited = np.zeros(len(events), dtype=bool)
    waited[1:] = same[1:] & (step[:-1] == SCHEDULE) & (step[1:] == START)
    queued = events["time"].shift(1).where(waited, events["time"])
    helper = np.roll(events["owner"].to_numpy(dtype=object), -1)
    pending = step == SCHEDULE
    pending[:-1] &= ~same[1:] | (step[1:] == SCHEDULE)
    work: pd.DataFrame = events.assign(started_at=events["time"].mask(pending), ended_at=end, queued_at=queued, helper=helper, follows=follows)[(step == START) | pending]
    work["owner"] = work["owner"].where(work["started_at"].notna(), None)
    work["owner"] = work["owner"].where(work["owner"].notna() | ~work["follows"], work["helper"])
    return work.drop(columns=["helper", "follows"])


def _closings(log: Log, ends_with: dict[str, str]) -> pd.DataFrame:
    """Return status and closing time by case: the class of the last outcome, the time of its first."""
    found = log.ends[log.ends["stage"].isin(list(ends_with))]
    found = found.assign(status=found["stage"].map(ends_with).astype(object))
    last = found.groupby("deal_id", sort=False)[["status"]].last()
    winning = found[(found["status"] == lookup(found["deal_id"], last["status"])).to_numpy()]
    first = winning.groupby("deal_id", sort=False)["time"].min()
    return pd.DataFrame({"closed_at": first, "status": last["status"].reindex(first.index)})


def _stages(log: Log, ends_with: dict[str, str], context: Context) -> list[str]:
    """Return the activities that are stages: as the mapping selects, else all but the outcomes without work."""
    activities = [str(activity) for activity in log.entries["stage"].cat.categories]
    selected = [label for label, kind in context.mapping.stages.items() if kind in ("open", "parked")]
    if selected:
        unknown = [label for label in selected if label not in activities]
        if unknown:
            raise HistoryError(f"The stages of the mapping must be activities of the log, got {got(unknown[0])}. Hint: the log has {', '.join(activities[:12])}.")
        return selected
    if context.mapping.stage_pattern:
        return [name for name in _matching(activities, context.mapping.stage_pattern) if name not in ends_with]
    worked = set(log.work["stage"].astype("str").unique())
    return [name for name in activities if name not in ends_with or name in worked]


def _matching(activities: list[str], pattern: str) -> list[str]:
    """Return the activities that a pattern selects."""
    try:
        found = [name for name in activities if re.search(pattern, name)]
    except re.error as error:
        raise HistoryError(f"stage_pattern must be a regular expression, got {got(pattern)} ({error}). Hint: write it like '^A_'.") from error
    if not found:
        raise HistoryError(f"stage_pattern must select an activity, got {got(pattern)}. Hint: the log has {', '.join(activities[:12])}.")
    return found


def _stage_entries(log: Log, chosen: list[str], closings: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return the entries into stages before the case closed; cases without any get a synthetic first one."""
    entries = log.entries[log.entries["stage"].isin(chosen)].reset_index(drop=True)
    closed = lookup(entries["deal_id"], closings["closed_at"])
    first = ~entries["deal_id"].duplicated().to_numpy()
    late = (entries["time"] >= closed).to_numpy()
    after = late & ~(first & (entries["time"] <= closed).to_numpy())
    if after.any():
        context.ledger.note(f"{int(after.sum()):,} events at or after the closing of their deal make no visits.")
    entries = entries[~after]
    ignored = int((~log.events["stage"].isin([*chosen, *log.work["stage"].unique()])).sum())
    if (context.mapping.stages or context.mapping.stage_pattern) and ignored:
        context.ledger.note(f"{ignored:,} events of activities that are neither stages nor work were not used for visits.")
    starts = log.events.groupby("deal_id", sort=True)["time"].min()
    lacking = starts[~starts.index.isin(entries["deal_id"])]
    usual = entries.loc[~entries["deal_id"].duplicated(), "stage"].astype("str").mode()
    entries = entries.assign(stage=entries["stage"].astype(object), is_synthetic=False)
    if len(lacking) and len(usual):
        added = pd.DataFrame({"deal_id": lacking.index, "time": lacking.array, "stage": usual.iloc[0], "is_synthetic": True})
        context.ledger.note(f"{len(lacking):,} deals never enter a stage and were given a first visit in {usual.iloc[0]}.")
        entries = pd.concat([entries, added], ignore_index=True).sort_values(["deal_id", "time"], kind="stable")
    columns = [name for name in ("deal_id", "time", "stage", "owner", "amount", "is_synthetic") if name in entries]
    return entries[columns].reset_index(drop=True)


def _deals(table: Table, log: Log, closings: pd.DataFrame, visits: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Return one row a case."""
    by_case = log.events.groupby("deal_id", sort=True)
    started = log.entries.groupby("deal_id", sort=True)["time"].min().reindex(range(len(log.cases)))
    deals = pd.DataFrame({"deal_id": log.cases, "created_at": started.to_numpy() if started.dtype == object else started.array})
    codes = pd.factorize(table.ids("deal_id"), sort=True)[0]
    if table.has("created_at"):
        said = table.times("created_at").values.groupby(codes).min().reindex(range(len(log.cases)))
        deals["created_at"] = said.where(said < deals["created_at"], deals["created_at"])
    deals["status"] = closings["status"].reindex(range(len(deals))).to_numpy()
    deals["closed_at"] = closings["closed_at"].reindex(range(len(deals))).array
    last = visits.groupby("deal_id", sort=True).last().reindex(range(len(deals)))
    deals["stage"] = last["stage"].to_numpy()
    deals["owner"] = last["owner"].to_numpy()
    if "amount" in log.events:
        deals["amount"] = by_case["amount"].last().reindex(range(len(deals))).to_numpy()
        visits["amount"] = visits["amount"].fillna(lookup(visits["deal_id"], by_case["amount"].first())) if table.has("amount") else np.nan
    for name in TEXTS[:4]:
        if table.has(name):
            deals[name] = table.text(name).groupby(codes).first().reindex(range(len(deals))).to_numpy()
    for name, column in table.extras().items():
        value = _case_attribute(column, codes)
        if value is not None and name not in deals:
            deals[name] = value
    return deals


def _amount_trail(log: Log) -> pd.DataFrame:
    """Return the changes of amounts if any case changes its amount."""
    if "amount" not in log.events:
        return pd.DataFrame()
    by_case = log.events.groupby("deal_id")["amount"]
    if (by_case.max() == by_case.min()).all():
        return pd.DataFrame()
    ordered = log.events.sort_values(["deal_id", "time"], kind="stable")
    return trail(pd.Series(log.cases[ordered["deal_id"].to_numpy()], dtype=object), ordered["time"], "amount", ordered["amount"])


def _case_attribute(column: pd.Series, codes: np.ndarray) -> np.ndarray | None:
    """Return one value a case if the column never changes within a case."""
    numbers, texts = pd.factorize(column, use_na_sentinel=False)
    grouped = pd.Series(numbers).groupby(codes)
    low = grouped.min()
    if (low != grouped.max()).any() or len(texts) == len(column):
        return None
    values: np.ndarray = np.asarray(texts, dtype=object)[low.to_numpy()]
    return values


def _tasks(log: Log, visits: pd.DataFrame, closings: pd.DataFrame, chosen: set[str], context: Context) -> pd.DataFrame:
    """Return one row per stay and activity with work; several pieces add up, the rep with most hours did it.

    Work of an activity that is a stage belongs to that stage's visit; other work to the visit in which it was queued.
    Work that was queued and never started has no start.
    """
    work = log.work[["deal_id", "stage", "owner", "started_at", "ended_at", "queued_at"]].assign(activity=log.work["stage"].astype(object))
    work["begun"] = work["started_at"].fillna(work["queued_at"])
    stays = visits[["deal_id", "seq", "stage", "entered_at"]].sort_values("entered_at", kind="stable")
    own = work["activity"].isin(chosen)
    work = work.drop(columns="stage").sort_values("begun", kind="stable")
    first = pd.merge_asof(work[own.reindex(work.index)], stays.assign(activity=stays["stage"]), left_on="begun", right_on="entered_at", by=["deal_id", "activity"])
    rest = work[~own.reindex(work.index)].sort_values("queued_at", kind="stable")
    other = pd.merge_asof(rest, stays, left_on="queued_at", right_on="entered_at", by="deal_id")
    found = pd.concat([first.assign(own=True), other.assign(own=False)], ignore_index=True)
    outside = found["seq"].isna() | (found["begun"] > lookup(found["deal_id"], closings["closed_at"]))
    if outside.any():
        context.ledger.note(f"{int(outside.sum()):,} pieces of work lie outside the visits of their deal and were left out.")
    found = found[~outside].astype({"seq": "int64"})
    keys = ["deal_id", "seq", "stage", "activity"]
    tasks = added_up(found.sort_values([*keys, "begun", "queued_at"], kind="stable"), keys).reset_index()
    if context.roles:
        tasks["role"] = tasks["rep"].map(context.roles)
    return tasks
