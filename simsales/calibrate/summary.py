"""Parameters as rows: estimate, interval, n, and whether the history identifies them."""

from __future__ import annotations

import numpy as np

from simsales.calibrate.exits import StageFit
from simsales.calibrate.fit import Fit
from simsales.model.schema import Parameter

ENOUGH = 30
WIDE = 0.25


def exit_rows(fit: Fit) -> list[Parameter]:
    """Return one row for each exit probability and each median time to an exit.

    Times are those in the stage as seen: waiting and work included. Intervals are 95 %, from the
    bootstrap of deals.
    """
    return [row for stage in fit.stages for row in _stage_rows(stage)]


def _interval(draws: np.ndarray) -> tuple[float | None, float | None]:
    draws = draws[np.isfinite(draws)]
    if len(draws) < 20:
        return None, None
    low, high = np.quantile(draws, [0.025, 0.975], method="weibull")  # unbiased plotting positions
    return float(low), float(high)


def _stage_rows(stage: StageFit) -> list[Parameter]:
    rows = []
    name = stage.visits.name
    empty = stage.probability.sum(axis=1) <= 0
    for k, to in enumerate(stage.visits.causes):
        n = int((stage.visits.cause == k + 1).sum())
        draws = np.where(empty, np.nan, stage.probability[:, k])
        low, high = _interval(draws[1:])
        wide = low is None or high is None or high - low > WIDE
        rows.append(
            Parameter(path=f"stages[{name}].exits[{to}].probability", value=float(stage.probability[0, k]),
                      low=low, high=high, n=n, status="weakly identified" if wide or n < ENOUGH else "identified")
        )  # fmt: skip
        medians = stage.medians(k)
        low, high = _interval(np.where(stage.probability[:, k] > 0, medians, np.nan)[1:])
        rows.append(
            Parameter(path=f"stages[{name}].exits[{to}].time_days.median", value=float(medians[0]), low=low,
                      high=high, n=n, status="identified" if n >= ENOUGH else "weakly identified",
                      note="time in stage: waiting, work and delay")
        )  # fmt: skip
    low, high = _interval(np.where(empty, np.nan, stage.never)[1:])
    open_now = int((stage.visits.cause == 0).sum())
    if not stage.visits.causes:
        return [
            Parameter(path=f"stages[{name}].exits[*].probability", n=open_now, status="assumed",
                      note="nobody has left this stage yet: outcomes and times of all closed deals stand in")
        ]  # fmt: skip
    rows.append(
        Parameter(path=f"stages[{name}].exits[open].probability", value=float(stage.never[0]), low=low,
                  high=high, n=open_now, status="weakly identified",
                  note=f"share that will never end; seen up to {stage.follow_up:.0f} days")
    )  # fmt: skip
    return rows


def people_rows(fit: Fit) -> list[Parameter]:
    """Return rows for the number of reps and the calendar."""
    people = fit.people
    if not people.names:
        return [Parameter(path="reps", value=0.0, status="assumed", note="no owners in the history: no limit of capacity")]
    return [
        Parameter(path="reps", value=float(len(people.names)), n=people.n_seen, status="identified",
                  note=f"{people.source} with work in the last 60 days, of {people.n_seen} seen"),
        *_load_rows(fit),
        Parameter(path="calendar", value=f"{fit.calendar.days} {fit.calendar.hours}", status="identified" if fit.calendar_status == "identified" else "assumed"),
    ]  # fmt: skip


def _load_rows(fit: Fit) -> list[Parameter]:
    """Return the open deals per owner: the mean, and the least and the most loaded."""
    if fit.people.source != "owners":
        return []
    deals = fit.history.deals
    mine = deals.loc[deals["status"].eq("open"), "owner"].value_counts()
    load = mine.reindex(list(fit.people.names), fill_value=0).to_numpy(float)
    return [
        Parameter(path="reps[*].open_deals", value=float(load.mean()), low=float(load.min()), high=float(load.max()),
                  n=int(load.sum()), status="identified", note="open deals of a rep: mean, least and most"),
    ]  # fmt: skip
