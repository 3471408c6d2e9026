"""Initiatives on a time line: the steps of a plan, or the changes of a scenario, as rows, CSV and a Mermaid chart."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from simsales.errors import InvalidInputError, did_you_mean, got
from simsales.report import text

if TYPE_CHECKING:
    from simsales.model.levers import Scenario

__all__ = ["COLUMNS", "gantt_csv", "gantt_rows", "to_mermaid_gantt"]

COLUMNS = ("step", "start", "end", "days", "owner", "cost", "cost_per_year", "adoption")
KEYS = ("name", "start", "days", "end", "owner", "cost")
NOBODY = "(no owner)"


class _Row(NamedTuple):
    """One bar: `end` is the first day after it; `adoption` NaN where it does not apply."""

    step: str
    start: dt.date
    end: dt.date
    days: int
    owner: str
    cost: float
    cost_per_year: float
    adoption: float


def gantt_rows(plan: Scenario | Iterable[Mapping[str, Any]], begin: str | dt.date | None = None) -> pd.DataFrame:
    """Return the bars of a plan, by start.

    Parameters
    ----------
    plan : Scenario, or mappings with ``name, start, days`` or ``end`` (the last day), and perhaps ``owner, cost``
        A scenario's change lasts from its start until it is in full force: lead time and ramp.
    begin : str or date, optional
        Start of the run, for changes without a start.

    Returns
    -------
    DataFrame, one row a step
        ``step, start, end, days, owner, cost, cost_per_year, adoption``; `end` is the first day after the bar, so that
        no days make a milestone. Among equal starts the order given stays.

    Raises
    ------
    InvalidInputError
        If a step lacks its name or dates, ends before it begins, or has an unknown key.

    Examples
    --------
    >>> rows = gantt_rows([{"name": "内容营销", "start": "2027-02-01", "end": "2027-02-28", "owner": "市场部"},
    ...                    {"name": "线上渠道", "start": "2027-01-01", "days": 31, "cost": 40000}])
    >>> rows[["step", "days"]].values.tolist()
    [['线上渠道', 31], ['内容营销', 28]]
    """
    if hasattr(plan, "changes"):
        found = [_of_change(i, change, _date(begin, "begin") if begin is not None else None) for i, change in enumerate(plan.changes)]
    else:
        found = [_of_step(i, step) for i, step in enumerate(plan)]
    if not found:
        message = "plan must have at least one step, got none. Hint: a scenario needs changes, an initiative needs steps"
        raise InvalidInputError(message)
    ordered: list[_Row] = sorted(found, key=lambda row: row.start)
    return pd.DataFrame(ordered, columns=list(COLUMNS))


def _date(value: object, where: str) -> dt.date:
    """Return a date, from a date or ISO text."""
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError as error:
        message = f"{where} must be a date like 2027-03-01, got {got(value)}"
        raise InvalidInputError(message) from error


def _of_step(i: int, step: Mapping[str, Any]) -> _Row:
    """Return the bar of one step of an initiative."""
    unknown = [key for key in step if key not in KEYS]
    if unknown:
        message = f"steps[{i}] must have known keys, got {got(unknown[0])}. {did_you_mean(unknown[0], KEYS)}"
        raise InvalidInputError(message)
    missing = [key for key in ("name", "start") if not step.get(key)]
    if missing or ("days" in step) == ("end" in step):
        message = f"steps[{i}] must give name, start, and either days or end, got {', '.join(step) or 'nothing'}"
        raise InvalidInputError(message)
    start = _date(step["start"], f"steps[{i}].start")
    end = start + dt.timedelta(days=_days(i, step["days"])) if "days" in step else _date(step["end"], f"steps[{i}].end") + dt.timedelta(days=1)
    if end < start:
        message = f"steps[{i}].end must not be before its start ({start}), got {step['end']}"
        raise InvalidInputError(message)
    return _Row(str(step["name"]), start, end, (end - start).days, str(step.get("owner") or ""), float(step.get("cost") or 0.0), 0.0, float("nan"))


def _days(i: int, days: Any) -> int:
    """Return a whole number of days."""
    if isinstance(days, bool) or not isinstance(days, int | float) or days < 0 or days != int(days):
        message = f"steps[{i}].days must be a whole number of days, 0 or more, got {got(days)}"
        raise InvalidInputError(message)
    return int(days)


def _of_change(i: int, change: Any, begin: dt.date | None) -> _Row:
    """Return the bar of one change of a scenario."""
    start = change.start or begin
    if start is None:
        message = f"changes[{i}] must have a start to be drawn, got none. Hint: pass begin=, the day on which the run begins"
        raise InvalidInputError(message)
    days = round(change.ramp_days + float(getattr(change, "lead_days", 0.0) or 0.0))
    end = start + dt.timedelta(days=days)
    return _Row(_named(change), start, end, days, change.owner, change.cost.once, change.cost.per_year, change.adoption)


def _named(change: Any) -> str:
    """Return what a change is called: its step, else its kind and what it is about (a rep's name is personal data)."""
    if change.step:
        return str(change.step)
    about = next((getattr(change, key) for key in ("path", "role", "name", "team", "channel") if getattr(change, key, None)), None)
    for key in ("stage", "exit"):
        inner = getattr(change, key, None)
        about = about or getattr(inner, "name", None) or getattr(inner, "to", None) or inner
    number = getattr(change, "count", 1)
    return " ".join(str(part) for part in (change.kind, number if number > 1 else None, about) if part is not None)


def gantt_csv(rows: pd.DataFrame) -> str:
    """Return the rows as CSV text, for a task list.

    Examples
    --------
    >>> print(gantt_csv(gantt_rows([{"name": "培训", "start": "2027-04-01", "days": 30, "owner": "销售部"}])), end="")
    step,start,end,days,owner,cost,cost_per_year,adoption
    培训,2027-04-01,2027-05-01,30,销售部,0.0,0.0,
    """
    return rows.to_csv(index=False, lineterminator="\n")


def to_mermaid_gantt(rows: pd.DataFrame, title: str = "", currency: str | None = None) -> str:
    """Return the rows as a Mermaid Gantt chart, with a section for each owner.

    Parameters
    ----------
    rows : DataFrame
        As :func:`gantt_rows` returns them.
    title : str
    currency : str, optional
        For costs, which stand behind the name.

    Returns
    -------
    str

    Examples
    --------
    >>> print(to_mermaid_gantt(gantt_rows([{"name": "培训", "start": "2027-04-01", "days": 30, "owner": "销售部"}])), end="")
    gantt
        dateFormat YYYY-MM-DD
        section 销售部
        培训 :s0, 2027-04-01, 30d
    """
    lines = ["gantt", *([f"    title {_safe(title)}"] if title else []), "    dateFormat YYYY-MM-DD"]
    owners = list(dict.fromkeys(rows["owner"]))
    for owner in owners:
        if owners != [""]:
            lines.append(f"    section {_safe(owner) or NOBODY}")
        for place, row in enumerate(rows.itertuples(index=False)):
            if row.owner == owner:
                lines.append(f"    {_safe(label(row, currency))} :{'' if row.days else 'milestone, '}s{place}, {row.start}, {row.days}d")
    return "\n".join(lines) + "\n"


def _safe(words: str) -> str:
    """Return text that Mermaid reads as one name: a colon ends it, ; and # begin a comment, and so does a percent sign in front."""
    plain = re.sub(r"(?<=[^\x00-\x7f]):|:(?=[^\x00-\x7f])", "：", re.sub(r"[;#]+", " ", words))
    plain = re.sub(r":(?=\s|$)", " -", plain).replace(":", "∶")  # "Phase 1: hire" and "3:1"
    plain = " ".join(re.sub(r"%+", "%", plain).split()).lstrip("% ")
    return re.sub(r"^(.)%", r"\1 %", plain)


def label(row: Any, currency: str | None = None) -> str:
    """Return what stands beside a bar: the step, what it costs, and how far it is meant to reach.

    Examples
    --------
    >>> label(gantt_rows([{"name": "培训", "start": "2027-04-01", "days": 30, "cost": 40000.0}]).iloc[0], "CNY")
    '培训 (¥40.0K)'
    """
    details = [text.money(row.cost, currency)] if row.cost else []
    details += [f"{text.money(row.cost_per_year, currency)} a year"] if row.cost_per_year else []
    details += [f"{text.percent(row.adoption)} of deals"] if row.adoption < 1 else []
    return f"{row.step} ({', '.join(details)})" if details else str(row.step)
