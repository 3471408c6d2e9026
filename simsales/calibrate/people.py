"""Owners, their presence and load, and the work that a deal asks of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simsales.calibrate.data import days
from simsales.engine.streams import hash64
from simsales.model.calendars import WEEKDAYS, Calendar, parse_days, parse_hours

if TYPE_CHECKING:
    from simsales.history import History

Floats = NDArray[np.float64]
ABSENT_DAYS = 60.0
"""A rep without a new or closed deal for so long is taken to have left."""
ASSUMED_UTILISATION = 0.75
"""Share of working time that the observed load fills where the history does not show a limit."""


@dataclass(frozen=True, eq=False)
class People:
    """Reps with their share of the load.

    Parameters
    ----------
    names : tuple of str
        As the CRM has them; present at the end of observation.
    labels : tuple of str
        What the model calls them: pseudonyms, unless names were asked for.
    share : ndarray of float, shape (n_reps,)
        Of recent deals, adding up to 1.
    n_seen : int
        All owners of the history, leavers included.
    source : {'owners', 'resources', 'none'}
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    share: Floats
    n_seen: int
    source: Literal["owners", "resources", "none"]


def fit_people(history: History, *, names: bool = False) -> People:
    """Return who works on the deals: owners, else resources of tasks, else nobody.

    Owners that hardly repeat (more than one owner for every five deals) say nothing about load and
    are left out. What a rep sells is personnel data, so the model calls reps ``Rep-01`` and so on,
    in an order that the names do not tell, unless `names` is true.
    """
    deals, tasks = history.deals, history.tasks
    end = history.observed_until
    if deals["owner"].notna().sum() >= max(5, 0.2 * len(deals)):
        age = np.nan_to_num(days(end, deals["closed_at"]), nan=np.inf)  # type: ignore[arg-type]
        age = np.minimum(age, days(end, deals["created_at"]))  # type: ignore[arg-type]
        found = _recent(deals["owner"], age, "owners", names=names)
        if found.n_seen <= len(deals) / 5:
            return found
    if len(tasks) and tasks["rep"].notna().any():
        age = days(end, tasks["started_at"])  # type: ignore[arg-type]
        return _recent(tasks["rep"], age, "resources", names=names)
    return People((), (), np.zeros(0), 0, "none")


def _recent(
    owner: pd.Series, age: Floats, source: Literal["owners", "resources"], *, names: bool
) -> People:
    known = owner.notna().to_numpy()
    owner, age = owner[known].astype(str), age[known]
    last = pd.Series(age).groupby(owner.to_numpy()).min()
    present = [str(name) for name in last.index[last <= ABSENT_DAYS]]
    present = sorted(present or [str(name) for name in last.index], key=hash64)
    recent = owner[(age <= 182) & owner.isin(present).to_numpy()]
    counts = recent.value_counts().reindex(present, fill_value=0).to_numpy(float) + 0.5
    digits = max(2, len(str(len(present))))
    role = "Rep" if source == "owners" else "Staff"
    labels = present if names else [f"{role}-{i:0{digits}d}" for i in range(1, len(present) + 1)]
    return People(tuple(present), tuple(labels), counts / counts.sum(), len(last), source)


def fit_calendar(history: History) -> tuple[Calendar, str]:
    """Return the working calendar and how it was found.

    Days and hours come from the starts of tasks where there are at least 200; otherwise Monday to
    Friday, 9 to 17, is assumed. A history in a Chinese zone gets China's holidays.
    """
    country = "CN" if history.timezone == "Asia/Shanghai" else None
    base = Calendar(timezone=history.timezone, country=country)
    tasks = history.tasks
    if len(tasks) < 200:
        return base, "assumed"
    local = tasks["started_at"].dropna().dt.tz_convert(history.timezone)
    share = local.dt.day_of_week.value_counts(normalize=True).reindex(range(7), fill_value=0.0)
    worked = [WEEKDAYS[i] for i in range(7) if share[i] > 0.02]
    hour = local.dt.hour + local.dt.minute / 60.0
    first = int(np.floor(hour.quantile(0.01)))
    last = min(24, max(int(np.ceil(hour.quantile(0.99))), first + 1))
    hours = f"{first:02d}:00-{last:02d}:00"
    return base.model_copy(update={"days": ",".join(worked), "hours": hours}), "identified"


def week_pattern(calendar: Calendar) -> tuple[Floats, Floats]:
    """Return hours of the week at which working time changes pace, and the working hours until then.

    Holidays and days off are left aside; the week begins on Monday at midnight.
    """
    start, end = parse_hours(calendar.hours)
    pause = parse_hours(calendar.lunch) if calendar.lunch else (end, end)
    marks, worked = [0.0], [0.0]
    for day in parse_days(calendar.days):
        for begin, stop in ((start, min(end, pause[0])), (max(start, min(end, pause[1])), end)):
            if stop > begin:
                marks += [24.0 * day + begin, 24.0 * day + stop]
                worked += [worked[-1], worked[-1] + stop - begin]
    return np.array([*marks, 168.0]), np.array([*worked, worked[-1]])


def hours_worked(calendar: Calendar, started: pd.Series, ended: pd.Series) -> Floats:
    """Return the working hours between two moments (an ordinary week is assumed throughout).

    Examples
    --------
    >>> times = pd.Series(pd.to_datetime(["2027-01-04 16:00", "2027-01-05 10:00"], utc=True))
    >>> hours_worked(Calendar(), times[:1], times[1:].reset_index(drop=True))
    array([2.])
    """
    marks, worked = week_pattern(calendar)

    def until(moment: pd.Series) -> Floats:
        local = moment.dt.tz_convert(calendar.timezone).dt.tz_localize(None)
        hours = (local - pd.Timestamp("2001-01-01")).dt.total_seconds().to_numpy(float) / 3600.0  # a Monday
        return np.asarray(np.floor(hours / 168.0) * worked[-1] + np.interp(hours % 168.0, marks, worked))

    return until(ended) - until(started)


def opening_wait(calendar: Calendar) -> float:
    """Return the mean days that work arriving at any time of the week waits for working time.

    Examples
    --------
    >>> round(opening_wait(Calendar()) * 24, 1)  # four nights of 16 hours and a weekend of 64
    15.2
    >>> opening_wait(Calendar(hours="00:00-24:00", days="mon-sun"))
    0.0
    """
    marks, worked = week_pattern(calendar)
    closed = np.diff(marks)[np.diff(worked) == 0]
    if len(closed) > 1 and worked[-1] > 0:  # the week is a circle: its two ends are one gap
        closed = np.concatenate([[closed[0] + closed[-1]], closed[1:-1]])
    return float((closed**2).sum() / (2.0 * 168.0 * 24.0))


def weekly_hours(calendar: Calendar) -> float:
    """Return the working hours of an ordinary week.

    Examples
    --------
    >>> weekly_hours(Calendar(hours="09:00-18:00", lunch="12:00-13:00"))
    40.0
    """
    start, end = parse_hours(calendar.hours)
    pause = 0.0
    if calendar.lunch:
        from_, to = parse_hours(calendar.lunch)
        pause = max(0.0, min(end, to) - max(start, from_))
    return (end - start - pause) * len(parse_days(calendar.days))
