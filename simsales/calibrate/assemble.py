"""From estimates to a model, and from open deals to a warm start."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from simsales.calibrate.amounts import amount_law, deal_frame, fit_segments
from simsales.calibrate.arrivals import block_cv, weekly
from simsales.calibrate.data import DAY, column, days
from simsales.calibrate.exits import StageFit
from simsales.calibrate.fit import Fit
from simsales.calibrate.people import ASSUMED_UTILISATION, hours_worked, opening_wait, weekly_hours
from simsales.calibrate.progress import progress
from simsales.model.laws import AnyLaw, Constant, Empirical, Gamma
from simsales.model.routing import Routing
from simsales.model.schema import (
    Exit,
    Model,
    Pace,
    Parameter,
    Rep,
    Role,
    Segment,
    Shocks,
    Stage,
    Task,
)

Floats = NDArray[np.float64]
MIN_TASKS = 50
WORK_CV = 0.6
PRIOR_ARRIVALS_CV = 0.10
PRIOR_WIN_SD = 0.15
PRIOR_QUARTERS = 4
LEAST_NEVER = 1e-6


def role_name(fit: Fit) -> str:
    """Return the name of the one role that a calibrated model has."""
    return "Staff" if fit.people.source == "resources" else "Rep"


def measured_work(fit: Fit) -> dict[str, tuple[Floats, float]]:
    """Return, for each stage, hours of work of the visits that had any, and the share that had.

    Empty where the history has fewer than 50 tasks with a start and an end.
    """
    tasks = fit.history.tasks
    hours = tasks["work_hours"].to_numpy(float) if len(tasks) else np.zeros(0)
    good = np.isfinite(hours) & (hours > 0)
    if good.sum() < MIN_TASKS:
        return {}
    chosen = tasks[good & tasks["started_at"].notna().to_numpy() & tasks["ended_at"].notna().to_numpy()]
    inside = hours_worked(fit.calendar, chosen["started_at"], chosen["ended_at"])
    clock = chosen["work_hours"].to_numpy(float)
    # a clock that ran overnight counts its working time only; work outside the calendar counts as it is
    used = chosen.assign(hours=np.where(inside > 0, np.minimum(inside, clock), clock))
    per_visit = used.groupby(["stage", "deal_id", "seq"], sort=True)["hours"].sum().reset_index()
    visits = fit.history.visits.groupby("stage", sort=True).size()
    found = {}
    for name, group in per_visit.groupby("stage", sort=True):
        values = np.sort(group["hours"].to_numpy(float))
        total = float(visits.get(name, len(values)))
        found[str(name)] = (values, min(1.0, len(values) / max(total, 1.0)))
    return found


def assumed_hours(fit: Fit) -> tuple[float, float]:
    """Return the working hours of a visit with which the busiest quarter filled 75 % of the time.

    The team has coped with that quarter, so it can be taken to cope with as much again. Where few
    deals keep many reps, that would be more than the working time of an average stay, which is then
    the most. Second, the share of the time that the last quarter's load fills with such visits.
    """
    history = fit.history
    span = float((history.observed_until - history.observed_from) / DAY)
    age = days(history.observed_until, history.visits["entered_at"])  # type: ignore[arg-type]
    counts = weekly(age[(age >= 0) & (age <= span)], span).counts
    width = min(13, len(counts))
    loads = np.convolve(counts, np.ones(width) / width, mode="valid")
    peak = max(float(loads.max()), 1e-6)
    week = weekly_hours(fit.calendar)
    hours = ASSUMED_UTILISATION * len(fit.people.names) * week / peak
    stay = np.concatenate([stage.visits.duration for stage in fit.stages]).mean() * week / 7.0
    used = min(hours, float(stay))
    return used, ASSUMED_UTILISATION * float(loads[-1]) / peak * used / hours


def _work(fit: Fit, draw: int) -> tuple[dict[str, AnyLaw], dict[str, float], list[Parameter]]:
    """Return work laws by stage, the days that work takes of a visit, and where they come from."""
    names = [stage.visits.name for stage in fit.stages]
    if not fit.people.names:
        return {}, {}, []
    measured = measured_work(fit)
    if measured:
        return _measured(fit, measured)
    week = weekly_hours(fit.calendar)
    if fit.is_limited(draw):
        assert fit.throughput is not None
        seen = fit.throughput
        hours = len(fit.people.names) * week / float(fit.limit[draw])
        spent = {}
        half = 1.96 * seen.error / seen.per_week
        row = Parameter(
            path=f"stages[{'*' if len(seen.stages) == len(names) else seen.stages[0]}].tasks[0].work_hours.mean",
            value=hours, low=hours / (1.0 + half), high=hours / max(1.0 - half, 0.05), n=len(seen.ended),
            status="weakly identified", note=f"the team ends {seen.per_week:.0f} stays a week whatever waits "
                 f"(probability {seen.p_limited:.0%} that it is its limit)",
        )  # fmt: skip
    else:
        hours, rho = assumed_hours(fit)
        wait = 1.0 + rho / (1.0 - rho) * (1.0 + WORK_CV**2) / 2.0  # Pollaczek-Khinchine, each rep alone
        spent = dict.fromkeys(names, hours * wait * 7.0 / week + opening_wait(fit.calendar))
        row = Parameter(
            path="stages[*].tasks[0].work_hours.mean", value=hours, status="assumed",
            note=f"so that the busiest quarter filled {ASSUMED_UTILISATION:.0%} of the working time, "
                 "but no more than an average stay",
        )  # fmt: skip
    busy = [name for name in names if not fit.is_limited(draw) or name in fit.throughput.stages]  # type: ignore[union-attr]
    return {name: Gamma(mean=hours, cv=WORK_CV) for name in busy}, spent, [row]


def _measured(
    fit: Fit, measured: dict[str, tuple[Floats, float]]
) -> tuple[dict[str, AnyLaw], dict[str, float], list[Parameter]]:
    laws: dict[str, AnyLaw] = {}
    spent, rows = {}, []
    for name, (hours, share) in measured.items():
        capped = np.minimum(hours, np.quantile(hours, 0.99))
        laws[name] = _with_zeros(amount_law(capped), share)
        week = max(weekly_hours(fit.calendar), 1e-9)
        spent[name] = share * (float(capped.mean()) * 7.0 / week + opening_wait(fit.calendar))
        rows.append(
            Parameter(path=f"stages[{name}].tasks[0].work_hours.mean", value=float(capped.mean() * share),
                      n=len(hours), status="identified", note=f"start and end times; {share:.0%} of visits")
        )  # fmt: skip
    return laws, spent, rows


def _with_zeros(law: AnyLaw, share: float) -> AnyLaw:
    """Return the law of work where only a share of visits has any."""
    if share >= 0.999 or not isinstance(law, Empirical) or law.p is None:
        return law
    p = [0.0, 1.0 - share, *(1.0 - share + share * q for q in law.p[1:])]
    return Empirical(values=(0.0, 0.0, *law.values[1:]), p=(*p[:-1], 1.0))


def shrunk(exit_: Exit, by: float) -> Exit:
    """Return an exit whose mean delay is `by` days shorter: the part of a visit that is no delay.

    The delay shrinks in proportion, so the mean time to each exit stays what was observed once the
    simulation adds waiting and work, and short visits keep their order.

    Examples
    --------
    >>> shrunk(Exit(to="won", probability=0.5, delay_days=6.0), 1.5).delay_days.median()
    4.5
    """
    mean = exit_.delay_days.mean()
    if by <= 0 or mean <= 0:
        return exit_
    factor = 1.0 - by / mean
    law = exit_.delay_days.scaled(factor) if factor > 0 else Constant(value=0.0)
    return exit_.model_copy(update={"delay_days": law})


def _stage(fit: Fit, stage: StageFit, draw: int, work: dict[str, AnyLaw], spent: dict[str, float]) -> Stage:
    name = stage.visits.name
    p, never = stage.probability[draw], float(stage.never[draw])
    if p.sum() <= 0 and draw > 0:
        p, never, draw = stage.probability[0], float(stage.never[0]), 0
    exits = [
        Exit(to=to, probability=min(1.0, float(p[k])), delay_days=stage.law(draw, k))
        for k, to in enumerate(stage.visits.causes)
        if p[k] > 0
    ]
    exits = [shrunk(exit_, spent.get(name, 0.0)) for exit_ in exits]
    exits = exits or _borrowed(fit)
    # never exactly 0: a deal older than any that ended is then one that nobody will close (R9)
    never = max(never if p.sum() > 0 else 0.0, LEAST_NEVER)
    exits.append(Exit(to="open", probability=min(1.0, never)))
    total = sum(e.probability for e in exits)
    exits = [e.model_copy(update={"probability": e.probability / total}) for e in exits]
    at: Literal["start", "end"] = "end" if fit.is_limited(draw) else "start"
    tasks = (Task(role=role_name(fit), work_hours=work[name], at=at),) if name in work else ()
    return Stage(name=name, tasks=tasks, exits=tuple(exits), max_visits=100)


def _borrowed(fit: Fit) -> list[Exit]:
    """Return exits for a stage that nobody has left yet: outcomes and times of all closed deals."""
    deals = fit.history.deals
    closed = deals[deals["status"].ne("open") & deals["closed_at"].notna()]
    found = []
    for status in ("won", "lost", "no_decision"):
        mine = closed[closed["status"].eq(status)]
        if len(mine):
            spent = np.maximum(days(mine["closed_at"], mine["created_at"]), 0.0)
            found.append(Exit(to=status, probability=len(mine) / len(closed), delay_days=amount_law(spent)))
    return found


def _shocks(fit: Fit) -> tuple[Shocks, list[Parameter]]:
    """Return the quarterly shocks: measured from four whole quarters on, else stated priors."""
    history = fit.history
    age = days(history.observed_until, history.deals["created_at"])  # type: ignore[arg-type]
    span = float((history.observed_until - history.observed_from) / DAY)
    arrivals = block_cv(weekly(age[age <= span], span).counts)
    wins = _win_sd(fit)
    quarters = int(span // 91)
    cv, cv_row = _blended("arrivals_quarter_cv", arrivals, PRIOR_ARRIVALS_CV, quarters)
    sd, sd_row = _blended("win_logit_quarter_sd", wins, PRIOR_WIN_SD, quarters)
    return Shocks(arrivals_quarter_cv=cv, win_logit_quarter_sd=sd), [cv_row, sd_row]


def _blended(name: str, found: float | None, prior: float, quarters: int) -> tuple[float, Parameter]:
    """Return a spread between quarters: a few quarters often show none, so the prior counts for four.

    A spread of 0 from five quarters is no reason for ranges without common ups and downs.
    """
    path = f"shocks.{name}"
    if found is None:
        note = "needs four whole quarters; a judgement, not this history"
        return prior, Parameter(path=path, value=prior, status="prior", note=note)
    variance = (PRIOR_QUARTERS * prior**2 + (quarters - 1) * found**2) / (PRIOR_QUARTERS + quarters - 1)
    value = float(np.sqrt(variance))
    note = f"{found:.3g} beyond chance in {quarters} quarters; a prior of {prior:g} counts for {PRIOR_QUARTERS}"
    return value, Parameter(path=path, value=value, n=quarters, status="weakly identified", note=note)


def _win_sd(fit: Fit) -> float | None:
    """Return the spread of the quarterly log-odds of winning beyond chance, or None if too short."""
    deals = fit.history.deals
    closed = deals["closed_at"].notna() & deals["status"].ne("open")
    back = days(fit.history.observed_until, deals["closed_at"])  # type: ignore[arg-type]
    span = float((fit.history.observed_until - fit.history.observed_from) / DAY)
    quarters = int(span // 91)
    if quarters < 4:
        return None
    block = np.floor(back[closed.to_numpy()] / 91.0).astype(np.int64)
    won = deals["status"].eq("won").to_numpy()[closed.to_numpy()]
    inside = block < quarters
    n = np.bincount(block[inside], minlength=quarters).astype(float)
    w = np.bincount(block[inside], won[inside].astype(float), minlength=quarters)
    if n.min() < 10:
        return None
    logit = np.log((w + 0.5) / (n - w + 0.5))
    chance = float(np.mean(1.0 / (w + 0.5) + 1.0 / (n - w + 0.5)))
    return float(np.sqrt(max(float(np.var(logit, ddof=1)) - chance, 0.0)))


def build(fit: Fit, draw: int = 0) -> tuple[Model, list[Parameter]]:
    """Return the model of one draw of the parameters, and where its numbers come from.

    Parameters
    ----------
    fit : Fit
    draw : int
        0 is the best estimate.

    Returns
    -------
    Model
        Epoch at the end of observation.
    list of Parameter
    """
    work, spent, work_rows = _work(fit, draw)
    segments, segment_rows = fit_segments(fit.history, fit.weights[draw])
    segments, offset_rows = _offsets(fit, segments)
    shocks, shock_rows = _shocks(fit)
    factor = float(fit.arrival_factor[draw])
    channels = tuple(
        channel.model_copy(update={"leads_per_week": channel.leads_per_week * factor})
        for channel in fit.channels
    )
    n = len(fit.people.names)
    reps = tuple(
        Rep(name=name, role=role_name(fit), speed=float(share * n), weight=float(share * n))
        for name, share in zip(fit.people.labels, fit.people.share, strict=True)
    )
    roles = (Role(name=role_name(fit), routing=_routing(fit, draw)),) if reps else ()
    from simsales.calibrate.summary import exit_rows, people_rows

    rows = [*fit.channel_rows, *exit_rows(fit), *segment_rows, *offset_rows, *work_rows, *people_rows(fit), *shock_rows, fit.pace_row] if draw == 0 else []
    model = Model(
        name="calibrated",
        currency=fit.history.currency or "USD",
        epoch=fit.history.observed_until.to_pydatetime(),
        calendar=fit.calendar,
        channels=channels,
        segments=segments,
        stages=tuple(_stage(fit, stage, draw, work, spent) for stage in fit.stages),
        roles=roles,
        reps=reps,
        shocks=shocks,
        pace=Pace(correlation=round(float(fit.pace[draw]), 4)),
        provenance=tuple(rows),
    )
    return model, rows


def _routing(fit: Fit, draw: int) -> Routing:
    """Return how deals find reps: a limit was seen for the team as a whole, so it works as one."""
    return "pool" if fit.people.source == "resources" or fit.is_limited(draw) else "weighted"


def _offsets(fit: Fit, segments: tuple[Segment, ...]) -> tuple[tuple[Segment, ...], list[Parameter]]:
    """Return the segments with their shrunk log-odds of advancing (observed over expected)."""
    if len(segments) < 2:
        return segments, []
    names = column(fit.history, "segment", "all").to_numpy()
    order = {stage.visits.name: i for i, stage in enumerate(fit.stages)}
    seen: dict[str, Floats] = {segment.name: np.zeros(4) for segment in segments}
    for i, stage in enumerate(fit.stages):
        advancing = np.array([to == "won" or order.get(to, -1) > i for to in stage.visits.causes] or [False])
        closed = stage.visits.cause > 0
        good = advancing[np.maximum(stage.visits.cause[closed] - 1, 0)].astype(float)
        rate = float(good.mean()) if len(good) else 0.0
        who = names[stage.visits.deal[closed]]
        for name, total in seen.items():
            mine = good[who == name]
            total += np.array([len(mine) * rate, mine.sum(), len(mine) * rate * (1 - rate), len(mine)])
    offsets = {name: (float((o - e) / v), 1.0 / v) if v > 1 else (0.0, np.inf) for name, (e, o, v, _) in seen.items()}
    usable = [value for value in offsets.values() if np.isfinite(value[1])]
    between = max(0.0, float(np.var([b for b, _ in usable]) - np.mean([v for _, v in usable]))) if len(usable) > 1 else 0.0
    rows, found = [], []
    for segment in segments:
        raw, variance = offsets[segment.name]
        shrunk = raw * between / (between + variance) if between > 0 and np.isfinite(variance) else 0.0
        found.append(segment.model_copy(update={"advance_logit": float(shrunk)}))
        half = 1.96 * float(np.sqrt(variance)) if np.isfinite(variance) else None
        rows.append(
            Parameter(path=f"segments[{segment.name}].advance_logit", value=shrunk,
                      low=None if half is None else raw - half, high=None if half is None else raw + half,
                      n=int(seen[segment.name][3]), status="weakly identified",
                      note="log-odds of advancing against the average, shrunk toward 0; associated, not caused")
        )  # fmt: skip
    return tuple(found), rows


def opening(fit: Fit) -> pd.DataFrame:
    """Return the deals that are open at the end of observation, as the engine warm-starts them.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    DataFrame
        ``deal_id, stage, age_days, created_days, amount, segment, channel, owner, visit``; where the history has tasks
        also how far each stay is, see :func:`simsales.calibrate.progress.progress`.
    """
    history = fit.history
    visits = history.visits
    still = visits["left_at"].isna() | visits["exit"].isna()
    deals = deal_frame(history).set_index("deal_id")
    status = history.deals.set_index("deal_id")["status"]
    current = visits[still].sort_values(["deal_id", "seq"], kind="stable").drop_duplicates("deal_id", keep="last")
    known = {stage.visits.name for stage in fit.stages}
    current = current[current["deal_id"].map(status).eq("open") & current["stage"].isin(known)]
    frame = pd.DataFrame({"deal_id": current["deal_id"].astype(str), "stage": current["stage"].astype(str)})
    frame["age_days"] = np.maximum(days(history.observed_until, current["entered_at"]), 0.0)  # type: ignore[arg-type]
    joined = deals.reindex(frame["deal_id"])
    frame["created_days"] = -np.maximum(days(history.observed_until, joined["created_at"]), 0.0)  # type: ignore[arg-type]
    frame["visit"] = _visit_number(visits).reindex(current.index).fillna(1).to_numpy(int)
    for name in ("amount", "segment", "channel"):
        frame[name] = joined[name].to_numpy()
    labels = dict(zip(fit.people.names, fit.people.labels, strict=True))
    frame["owner"] = joined["owner"].map(labels).to_numpy()
    worked = set(measured_work(fit)) if fit.people.names else set()
    if worked:
        frame = pd.concat([frame, progress(history, current, worked, labels)], axis=1)
    return frame.sort_values("deal_id", kind="stable").reset_index(drop=True)


def _visit_number(visits: pd.DataFrame) -> pd.Series:
    """Return which visit of the same stage each row is, from 1."""
    return visits.groupby(["deal_id", "stage"], sort=False).cumcount() + 1


__all__ = ["build", "measured_work", "opening", "role_name", "shrunk"]
