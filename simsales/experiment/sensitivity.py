"""Which stage should we fix? Every stage moved a little, one at a time, on the same draws."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from simsales.engine.lower.stages import exit_rank
from simsales.errors import InvalidInputError, got
from simsales.experiment.compare import compare
from simsales.experiment.comparison import Comparison
from simsales.experiment.executors import Progress
from simsales.experiment.paired import joint_factor
from simsales.model.apply import apply, as_timeline
from simsales.model.apply.spread import standardised
from simsales.model.apply.ways import Exits, with_exits
from simsales.model.levers import Scenario
from simsales.model.schema import Model, Stage

__all__ = ["Sensitivity", "sensitivity", "win_chance"]

MEASURES = ("bookings", "cycle_days", "cost")
KINDS = ("points", "percent", "wait", "spread")
NOTE = (
    "naive (by arithmetic alone): what the chain of exits says (bookings in proportion to the chance of a win, nobody ever waits; contexts, "
    "conditions and effects left out). A relative step is worth the same at every stage there, so rank points and percent apart."
)


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """Differences from the base when one stage at a time is moved.

    Parameters
    ----------
    table : DataFrame
        One row a step: ``stage, kind, step``, for bookings, cycle_days and cost the difference with its 95 % interval
        (``bookings, bookings_low, bookings_high``, ...), and ``naive``: the difference in bookings by the chain alone.
    comparison : Comparison
        Everything that was computed.
    note : str
    """

    table: pd.DataFrame
    comparison: Comparison
    note: str = NOTE

    def ranking(self, kind: str = "points", measure: str = "bookings") -> pd.DataFrame:
        """Return the steps of a kind, the most valuable first, with their rank by the chain alone.

        ``behind, behind_low, behind_high``: the first step minus this one in the measure, from their paired runs (95 %
        interval); ``told``: whether the two are told apart, with allowance for so many looks (Bonferroni).

        Parameters
        ----------
        kind : {'points', 'percent', 'wait', 'spread', 'own'}
        measure : {'bookings', 'cycle_days', 'cost'}
        """
        known = list(dict.fromkeys(self.table["kind"]))
        if kind not in known or measure not in MEASURES:
            message = f"kind must be one of {', '.join(known)} and measure one of {', '.join(MEASURES)}, got {kind}, {measure}. Hint: see .table"
            raise InvalidInputError(message)
        rows = self.table[self.table["kind"] == kind]
        if kind in ("points", "percent"):
            rows = rows[rows["step"].str.startswith("+")]
        rows = rows.sort_values(measure, ascending=measure != "bookings", kind="stable")
        columns = ["stage", "step", measure, f"{measure}_low", f"{measure}_high", "naive"]
        ranked = rows[columns].assign(rank=range(1, len(rows) + 1), **self._leads(rows, measure))
        return ranked.assign(naive_rank=ranked["naive"].rank(ascending=False, method="min")).reset_index(drop=True)

    def _leads(self, rows: pd.DataFrame, measure: str) -> dict[str, list[Any]]:
        """Return how far the first step is ahead of each, by their paired runs, and whether that many looks leave it told."""
        names = [self.comparison.names[1 + int(place)] for place in rows.index]
        found: dict[str, list[Any]] = {key: [] for key in ("behind", "behind_low", "behind_high", "told")}
        for name in names:
            row = self.comparison.between(names[0], name).to_dict("index")[measure]
            mean, half = float(row["difference"]), float(row["high"] - row["low"]) / 2.0
            wide = half * joint_factor(float(row["n"]), len(names) - 1)
            found["behind"].append(mean)
            found["behind_low"].append(mean - half)
            found["behind_high"].append(mean + half)
            found["told"].append(bool(mean - wide > 0.0 or mean + wide < 0.0))
        return found


def sensitivity(
    model: Model,
    changes: str | Sequence[Scenario] = "stages",
    *,
    points: float = 0.05,
    percent: float = 0.05,
    wait: float = 0.2,
    spread: float = 0.5,
    both: bool = True,
    kinds: Sequence[str] = KINDS,
    replications: int = 100,
    seed: int = 1,
    jobs: int | str | Executor | None = None,
    progress: Progress | None = None,
    **window: Any,
) -> Sensitivity:
    """Move every stage a little, one at a time, and rank what that is worth, with busy reps and without.

    Parameters
    ----------
    model : Model
    changes : 'stages' or list of Scenario
        Scenarios of one's own instead of the steps below.
    points : float
        Conversion (all advancing exits together) up by so much, absolute: 0.05 is five percentage points.
    percent : float
        Conversion up by this share of itself.
    wait : float
        Share of the delays taken away.
    spread : float
        Factor of the coefficient of variation of delays and work, the mean kept.
    both : bool, default True
        Conversion also down.
    kinds : sequence of {'points', 'percent', 'wait', 'spread'}
        What is moved; fewer take less time.
    replications, seed, jobs, progress
        As in :func:`compare`; `window` may give ``start, until, cases, opening``.

    Returns
    -------
    Sensitivity

    Raises
    ------
    InvalidInputError
        If no stage has an exit forward and one that is not.

    Examples
    --------
    >>> stages = [{"name": "A", "exits": [{"to": "B", "probability": 0.8}, {"to": "lost", "probability": 0.2}]},
    ...           {"name": "B", "exits": [{"to": "won", "probability": 0.5}, {"to": "lost", "probability": 0.5}]}]
    >>> base = Model(channels=[{"name": "web", "leads_per_week": 7.0}], stages=stages,
    ...              segments=[{"name": "all", "amount": 100.0}])
    >>> found = sensitivity(base, replications=4, cases=1000, both=False)
    >>> found.ranking("points")["stage"].tolist()
    ['B', 'A']
    """
    if set(kinds) - set(KINDS):
        message = f"kinds must be some of {', '.join(KINDS)}, got {', '.join(kinds)}. Hint: leave it out for all of them"
        raise InvalidInputError(message)
    if not isinstance(model, Model):
        as_timeline(model)  # says what else it may be
        message = f"model must be a Model, got {got(model)}. Hint: of a timeline pass .last."
        raise InvalidInputError(message)
    steps = [] if isinstance(changes, str) else _own(model, changes)
    if isinstance(changes, str):
        steps = [step for step in _steps(model, points, percent, wait, spread, both=both) if step.kind in kinds]
    if not steps:
        message = "stages must include one with an exit forward and another one, got none. Hint: pass scenarios as changes"
        raise InvalidInputError(message)
    kpis = (*MEASURES, "net")
    found = compare(model, [step.timeline for step in steps], replications, seed, jobs=jobs, progress=progress, kpis=kpis, **window)
    base, chance = float(found.base.frame["bookings"].mean()), win_chance(model)
    rows = []
    for step, name in zip(steps, found.names[1:], strict=True):
        row: dict[str, Any] = {"stage": step.stage, "kind": step.kind, "step": step.label}
        for measure in MEASURES:
            line = found.table.loc[[(name, measure)]].iloc[0]
            row |= {measure: line["difference"], f"{measure}_low": line["low"], f"{measure}_high": line["high"]}
        row["naive"] = base * (win_chance(step.timeline.last) / chance - 1.0) if chance > 0.0 else float("nan")
        rows.append(row)
    return Sensitivity(pd.DataFrame(rows), found)


@dataclass(frozen=True)
class _Step:
    """One thing that is moved."""

    stage: str
    kind: str
    label: str
    timeline: Any


def _own(model: Model, changes: Sequence[Scenario]) -> list[_Step]:
    return [_Step(scenario.name, "own", scenario.name, apply(scenario, model)) for scenario in changes]


def _steps(model: Model, points: float, percent: float, wait: float, spread: float, *, both: bool) -> list[_Step]:
    moves: list[tuple[str, str, Callable[[Stage], Stage | None]]] = []
    for sign in (1.0, -1.0) if both else (1.0,):
        mark = "+" if sign > 0 else "-"
        add, factor = sign * points, 1.0 + sign * percent
        moves.append(("points", f"{mark}{100 * points:g} pp", lambda stage, add=add: _converted(model, stage, lambda p: p + add)))  # type: ignore[misc]
        moves.append(("percent", f"{mark}{100 * percent:g} %", lambda stage, f=factor: _converted(model, stage, lambda p: p * f)))  # type: ignore[misc]
    moves.append(("wait", f"-{100 * wait:g} % delay", lambda stage: _delayed(stage, lambda law: law.scaled(1.0 - wait))))
    moves.append(("spread", f"x {spread:g} spread", lambda stage: _evened(stage, spread)))
    steps = []
    for i, stage in enumerate(model.stages):
        for kind, label, move in moves if not stage.after_sale else ():  # what follows a win changes no bookings
            moved = move(stage)
            if moved is None or moved == stage:
                continue
            stages = (*model.stages[:i], moved, *model.stages[i + 1 :])
            changed = model.model_copy(update={"name": f"{stage.name} {label}", "stages": stages})
            steps.append(_Step(stage.name, kind, label, as_timeline(changed)))
    return steps


def _converted(model: Model, stage: Stage, new: Callable[[float], float]) -> Stage | None:
    """Return the stage with another share of deals that advance, in its contexts too; None where all or none do."""

    def moved(exits: Exits) -> Exits:
        ahead = [exit_rank(model, stage, exit_)[0] <= 1.0 for exit_ in exits]
        p = sum(e.probability for e, forward in zip(exits, ahead, strict=True) if forward)
        if not 0.0 < p < 1.0:
            return exits
        q = min(max(new(p), 0.0), 1.0)
        return tuple(
            e.model_copy(update={"probability": e.probability * (q / p if forward else (1.0 - q) / (1.0 - p))})
            for e, forward in zip(exits, ahead, strict=True)
        )

    return None if moved(stage.exits) is stage.exits else with_exits(stage, moved)


def _delayed(stage: Stage, move: Callable[[Any], Any]) -> Stage:
    """Return the stage with other delays, in its contexts too."""
    return with_exits(stage, lambda exits: tuple(e.model_copy(update={"delay_days": move(e.delay_days)}) for e in exits))


def _evened(stage: Stage, spread: float) -> Stage:
    tasks = tuple(t.model_copy(update={"work_hours": standardised(t.work_hours, spread)}) for t in stage.tasks)
    return _delayed(stage, lambda law: standardised(law, spread)).model_copy(update={"tasks": tasks})


def win_chance(model: Model) -> float:
    """Return the chance that a lead is won by the exits alone: an absorbing chain.

    Leads enter as the channels say, in proportion to their rates; contexts, conditions, effects and limits are left out.

    Examples
    --------
    >>> stages = [{"name": "A", "exits": [{"to": "B", "probability": 0.5}, {"to": "lost", "probability": 0.5}]},
    ...           {"name": "B", "exits": [{"to": "won", "probability": 0.5}, {"to": "A", "probability": 0.5}]}]
    >>> round(win_chance(Model(channels=[{"name": "web", "leads_per_week": 1.0}], stages=stages)), 9)
    0.333333333
    """
    names = list(model.stage_names)
    onward, won = np.zeros((len(names), len(names))), np.zeros(len(names))
    for i, stage in enumerate(model.stages):
        for exit_ in stage.exits:
            if exit_.to in names:
                onward[i, names.index(exit_.to)] += exit_.probability
            elif exit_.to == "won":
                won[i] += exit_.probability
    chance = np.linalg.solve(np.eye(len(names)) - np.minimum(onward, 1.0 - 1e-12), won)
    entries, total = 0.0, 0.0
    for channel in model.channels:
        shares = channel.entry or {names[0]: 1.0}
        entries += channel.leads_per_week * sum(share * chance[names.index(name)] for name, share in shares.items())
        total += channel.leads_per_week
    return float(entries / total) if total > 0.0 else float(chance[0])
