"""Simulate a model: the front door of the engines."""

from __future__ import annotations

import pandas as pd

from simsales.engine.eventlog import EventLog
from simsales.engine.hooks import Hooks
from simsales.engine.lower import When, lower
from simsales.engine.plan import Plan
from simsales.engine.reference import Run
from simsales.engine.streams import checked_seed
from simsales.errors import InvalidModelError, expect, got
from simsales.model.apply import Timeline
from simsales.model.schema import Model

ENGINES = ("auto", "reference")


def simulate(
    model: Model | Timeline | Plan,
    seed: int = 1,
    replication: int = 0,
    engine: str = "auto",
    start: When = None,
    until: When = None,
    *,
    opening: pd.DataFrame | None = None,
    cases: int | None = None,
    hooks: Hooks | None = None,
) -> EventLog:
    """Return what happens when a model runs once.

    Parameters
    ----------
    model : Model, Timeline or Plan
        A timeline is a scenario applied to a model; a plan is already lowered (then `start`, `until`,
        `opening` and `cases` are its own).
    seed, replication : int
        Together with the model they determine every event.
    engine : {'auto', 'reference'}
    start, until : date, str, datetime or float, optional
        From the beginning of `start` to the end of `until` (local days); default: the model's epoch, and
        `horizon_days` later.
    opening : DataFrame, optional
        Deals that are open at the start (R9): ``deal_id, stage, age_days`` (days in that stage), and as far
        as known ``created_days`` (at most 0, before the start) or ``created_at``, ``amount, segment,
        channel, product, region, owner, discount, score, visit`` (number of this stay in this stage), ``p_waiting``
        (probability that its tasks are still to be done; default 0: they are done, the deal is in its delay). An empty
        cell is not known, and drawn given what is known. Further columns, as :meth:`EventLog.opening` writes them:

        * the stay: ``delay_days`` (age of its delay; default: drawn given `age_days` and the work before it), ``log_odds``
          (what moved the odds of advancing as the delay began), ``worked_hours`` (of its tasks that are done),
          ``worked_by, lead`` (reps), ``effort, waited_days`` (longest wait for a rep), ``passed`` (over to nobody after a breach
          of the service level), ``exit, price_cut`` (once the tasks at its end have begun), ``ending`` (why it is lost
          once what is in hand ends);
        * the j-th task of the stage, where one goes on: ``task[j]`` (done, handing, gathering, waiting, working),
          ``task_days[j]`` (for how long), ``task_rep[j]``, ``task_done[j]`` (hours of work), ``task_pace[j]`` (hours of work in
          an hour of working time), ``task_role[j]`` (escalated to);
        * the way: ``answered, response_hours, previous`` (stage), ``visits[STAGE]`` (earlier ones), ``last_role, credit`` (last
          rep with a pay plan who worked on it), ``worked[ROLE]``, ``ahead_hours[STAGE]``, ``ahead_by, ahead_lead, ahead_effort`` (work
          that counts for a stage to come);
        * people: ``owner_role, rep[ROLE]`` (who works for it; with such columns an empty cell is nobody), ``barred,
          barred_days`` (who may not take it back from the pool, for how many days);
        * ``draw[...]``: uniforms behind what no column shows (``pace``, ``adoption DATE``, ``factor NAME``, ``score noise``,
          ``exposure EVENT``, ``terms``, ``prospect``); ``cut_at``: when another run was cut whose state this is.
    cases : int, optional
        Exactly the first `cases` leads; without `until`, the run then ends `horizon_days` after the last.
    hooks : Hooks, optional
        A user's own rules.

    Returns
    -------
    EventLog

    Raises
    ------
    InvalidModelError
        If the engine is unknown, the dates are wrong, or the opening deals do not fit the model.

    Examples
    --------
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 7.0}],
    ...               stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> log = simulate(model, seed=1, cases=5)
    >>> log.deals["status"].tolist()
    ['won', 'won', 'won', 'won', 'won']
    """
    seed = checked_seed(seed)
    if engine not in ENGINES:
        message = (
            f"engine must be {' or '.join(ENGINES)}, got {got(engine)}. "
            "Hint: 'auto' takes the fastest engine that can run the model."
        )
        raise InvalidModelError(message)
    if isinstance(model, Plan):
        if not (start is None and until is None and opening is None and cases is None):
            message = (
                "start, until, opening and cases must be given when the plan is made, got them with a "
                "finished plan. Hint: pass them to lower()."
            )
            raise InvalidModelError(message)
        plan = model
    else:
        plan = lower(model, start, until, cases, opening)
    return run_plan(plan, seed, replication, hooks=hooks)


def run_plan(
    plan: Plan, seed: int = 1, replication: int = 0, *, hooks: Hooks | None = None
) -> EventLog:
    """Return one replication of a lowered plan.

    Parameters
    ----------
    plan : Plan
    seed, replication : int
    hooks : Hooks, optional

    Returns
    -------
    EventLog

    Examples
    --------
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 7.0}],
    ...               stages=[{"name": "Open", "exits": [{"to": "lost", "probability": 1.0}]}])
    >>> plan = lower(model, cases=4)
    >>> [len(run_plan(plan, seed=1, replication=r).deals) for r in range(2)]
    [4, 4]
    """
    expect("hooks", hooks, (Hooks, type(None)), "Hooks. Hint: Hooks(route=..., exit=...) holds rules of your own", InvalidModelError)
    return Run(plan, seed, replication, hooks).log()
