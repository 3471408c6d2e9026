"""Read what is known of each opening deal besides attributes, stage and age (R9)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from simsales.engine.life.state import REASONS
from simsales.engine.lower.columns import flags, members, numbers, people, places, texts
from simsales.engine.plan import CODES, Floats
from simsales.engine.plan.opening import NOTHING, Known, KnownTask
from simsales.engine.worktime import INSTANT
from simsales.errors import InvalidModelError, did_you_mean, got

NAN = float("nan")
STATES = ("done", "handing", "gathering", "waiting", "working")
_NUMBERS = {
    "response": "response_hours", "delay_age": "delay_days", "worked": "worked_hours", "effort": "effort",
    "waited": "waited_days",
}  # fmt: skip


def lower_known(
    frame: pd.DataFrame, age: Floats, *, stages: Sequence[str], roles: Sequence[str], reps: Sequence[str]
) -> tuple[Known, ...]:
    """Return what is known of each row.

    Parameters
    ----------
    frame : DataFrame
    age : ndarray of float, shape (n_open,)
        Days in the stage.
    stages, roles, reps : sequence of str

    Raises
    ------
    InvalidModelError
        If a name is unknown, a number is out of bounds, or columns contradict each other.
    """
    columns: dict[str, list[Any]] = {
        field: numbers(frame, name, low=0.0, default=NAN).tolist() for field, name in _NUMBERS.items()
    }
    columns["log_odds"] = numbers(frame, "log_odds", low=-np.inf, default=NAN).tolist()
    columns["cut"] = numbers(frame, "price_cut", low=0.0, high=1.0, default=NAN).tolist()
    columns["answered"] = flags(frame, "answered")
    columns["passed"] = [flag is True for flag in flags(frame, "passed")]
    for name in ("owner_role", "last_role"):
        columns[name] = places(frame, name, roles, what="role").tolist()
    columns["previous"] = places(frame, "previous", stages, what="stage").tolist()
    for name in ("credit", "worked_by", "lead"):
        columns[name] = people(frame, name, reps).tolist()
    columns["doomed"] = [max(code, 0) for code in places(frame, "ending", REASONS, what="reason").tolist()]
    columns["exit"] = _exits(frame, stages)
    columns["reps"] = _by_role(frame, roles, reps, "rep")
    columns["workers"] = [each or () for each in _by_role(frame, roles, reps, "worked")]
    columns["visits"] = _by_stage(frame, stages)
    columns["ahead"] = _ahead(frame, stages, reps)
    columns["barred"] = _barred(frame, reps)
    columns["tasks"] = _tasks(frame, roles, reps)
    columns["paced"] = (~np.isnan(numbers(frame, "draw[pace]", low=0.0, high=1.0, default=NAN))).tolist()
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    found = tuple(Known(**row) for row in rows)
    for deal, known, days in zip(frame["deal_id"], found, age.tolist(), strict=True):
        _check(str(deal), known, days)
    return tuple(NOTHING if _says_nothing(known) else known for known in found)


def draws(frame: pd.DataFrame) -> dict[str, Floats]:
    """Return the uniforms behind what no other column shows, by what they decide."""
    found = {}
    for member, name in members(frame, "draw"):
        values = numbers(frame, name, low=0.0, high=1.0, default=NAN)
        found[member] = np.where((values > 0.0) & (values < 1.0), values, NAN)
    return found


def _says_nothing(known: Known) -> bool:
    """Tell whether a row has no more than attributes, stage and age; NaN is unknown."""
    return all(value == plain or (value != value and plain != plain) for value, plain in zip(known, NOTHING, strict=True))


def _check(deal: str, known: Known, age: float) -> None:
    """Refuse what cannot be true of one deal."""
    going_on = [task for task in known.tasks if task.state != "done"]
    if known.delay_age > age + INSTANT:
        message = (
            f"opening.delay_days must be at most age_days ({age:g}), got {known.delay_age:g} for deal '{deal}'. "
            "Hint: age_days counts from the entry to the stage, delay_days from the end of its work."
        )
        raise InvalidModelError(message)
    if going_on and known.delay_age == known.delay_age:  # noqa: PLR0124 - not NaN
        message = (
            f"opening.delay_days must be empty while a task goes on, got {known.delay_age:g} for deal '{deal}' "
            f"with task[{going_on[0].position + 1}] {going_on[0].state}. Hint: the delay begins when the tasks are done."
        )
        raise InvalidModelError(message)
    late = [task for task in going_on if task.days > age + INSTANT]
    if late:
        message = (
            f"opening.task_days[{late[0].position + 1}] must be at most age_days ({age:g}), got {late[0].days:g} "
            f"for deal '{deal}'. Hint: both count days up to the start."
        )
        raise InvalidModelError(message)


def _exits(frame: pd.DataFrame, stages: Sequence[str]) -> list[int | None]:
    names = CODES | {name: place for place, name in enumerate(stages)}
    found: list[int | None] = []
    for i, text in enumerate(texts(frame, "exit")):
        if text and text not in names:
            message = (
                f"opening.exit must name a stage of the model or an outcome, got {got(text)} for deal "
                f"'{frame['deal_id'].iloc[i]}'. {did_you_mean(text, tuple(names))}"
            )
            raise InvalidModelError(message)
        found.append(names[text] if text else None)
    return found


def _by_role(
    frame: pd.DataFrame, roles: Sequence[str], reps: Sequence[str], family: str
) -> list[tuple[tuple[int, int], ...] | None]:
    """Return who works for each deal by role; None where no column says so."""
    named = [(_place(member, roles, name, "role"), people(frame, name, reps).tolist()) for member, name in members(frame, family)]
    if not named:
        return [None] * len(frame)
    return [tuple((role, row[i]) for role, row in named if row[i] >= 0) for i in range(len(frame))]


def _by_stage(frame: pd.DataFrame, stages: Sequence[str]) -> list[tuple[tuple[int, int], ...]]:
    named = [
        (_place(member, stages, name, "stage"), numbers(frame, name, low=0.0, default=0.0).astype(int).tolist())
        for member, name in members(frame, "visits")
    ]
    return [tuple((stage, row[i]) for stage, row in named if row[i]) for i in range(len(frame))]


def _ahead(
    frame: pd.DataFrame, stages: Sequence[str], reps: Sequence[str]
) -> list[tuple[tuple[int, float, int, int, float], ...]]:
    """Return what counts for stages to come: stage, hours, rep, lead and effort."""
    found: list[list[tuple[int, float, int, int, float]]] = [[] for _ in range(len(frame))]
    for member, name in members(frame, "ahead_hours"):
        stage = _place(member, stages, name, "stage")
        hours = numbers(frame, name, low=0.0, default=NAN).tolist()
        rep = people(frame, f"ahead_by[{member}]", reps).tolist()
        lead = people(frame, f"ahead_lead[{member}]", reps).tolist()
        effort = numbers(frame, f"ahead_effort[{member}]", low=0.0, default=1.0).tolist()
        for i, row in enumerate(found):
            if hours[i] == hours[i]:  # noqa: PLR0124 - not NaN
                row.append((stage, hours[i], rep[i], lead[i], effort[i]))
    return [tuple(row) for row in found]


def _barred(frame: pd.DataFrame, reps: Sequence[str]) -> list[tuple[int, float] | None]:
    who, days = people(frame, "barred", reps).tolist(), numbers(frame, "barred_days", low=0.0, default=0.0).tolist()
    return [(rep, left) if rep >= 0 else None for rep, left in zip(who, days, strict=True)]


def _tasks(frame: pd.DataFrame, roles: Sequence[str], reps: Sequence[str]) -> list[tuple[KnownTask, ...]]:
    """Return the tasks of the stay that goes on, by place."""
    found: list[list[KnownTask]] = [[] for _ in range(len(frame))]
    for member, name in members(frame, "task"):
        position = _number(member, name) - 1
        states = texts(frame, name)
        days = numbers(frame, f"task_days[{member}]", low=0.0, default=0.0).tolist()
        done = numbers(frame, f"task_done[{member}]", low=0.0, default=0.0).tolist()
        pace = numbers(frame, f"task_pace[{member}]", low=0.0, default=NAN).tolist()
        role = places(frame, f"task_role[{member}]", roles, what="role").tolist()
        rep = people(frame, f"task_rep[{member}]", reps).tolist()
        for i, state in enumerate(states):
            if state and state not in STATES:
                message = (
                    f"opening.{name} must be {', '.join(STATES)} or empty, got {got(state)} for deal "
                    f"'{frame['deal_id'].iloc[i]}'. {did_you_mean(state, STATES)}"
                )
                raise InvalidModelError(message)
            if state:
                found[i].append(KnownTask(position, state, days[i], rep[i], role[i], done[i], pace[i]))
    return [tuple(sorted(row)) for row in found]


def _place(member: str, names: Sequence[str], column: str, what: str) -> int:
    if member not in names:
        message = f"opening.{column} must name a {what} of the model, got {got(member)}. {did_you_mean(member, names)}"
        raise InvalidModelError(message)
    return names.index(member)


def _number(member: str, column: str) -> int:
    if not member.isdecimal() or int(member) < 1:
        message = f"opening.{column} must count tasks from 1, got {got(member)}. Hint: task[1] is the stage's first task."
        raise InvalidModelError(message)
    return int(member)
