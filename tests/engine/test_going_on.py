"""A run restarted from its own state goes on in distribution as if it had not been cut (R9).

What the run shows at the cut becomes the opening of another one; outcomes, bookings, work, waits and answers of the next weeks
are compared over replications. Each z is a mean difference by its standard error; with about 20 measures a model and a
few dozen models, 4.5 is passed by chance once in some 200 suites (and seeds are fixed).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from engine_strategies import models as plain_models
from going_on import differences, pairs, z_scores
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_process_properties import models as process_models

from simsales.files import load_model
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model

LARGEST = 4.5
TEMPLATES = sorted((Path(__file__).parents[2] / "scenarios" / "templates").glob("*.yaml"))
HALF = [{"to": "won", "probability": 0.5}, {"to": "lost", "probability": 0.5}]


def organisation(leads: float, stages: list[dict[str, Any]], **parts: Any) -> Model:
    fields: dict[str, Any] = {
        "epoch": "2027-01-04", "horizon_days": 200.0, "segments": [{"name": "all", "amount": {"lognormal": {"median": 900, "p90": 4000}}}],
        "channels": [{"name": "web", "leads_per_week": leads}], "stages": stages, "roles": [{"name": "X", "routing": "pool"}],
        "reps": [{"role": "X", "count": 6}],
    }  # fmt: skip
    return Model(**(fields | parts))


def exits(won: Any, lost: Any) -> list[dict[str, Any]]:
    return [HALF[0] | {"delay_days": won}, HALF[1] | {"delay_days": lost}]


def gamma(mean: float, cv: float = 0.4) -> dict[str, Any]:
    return {"gamma": {"mean": mean, "cv": cv}}


def exponential(mean: float) -> dict[str, Any]:
    return {"exponential": {"mean": mean}}


WORK = organisation(12.0, [{"name": "A", "tasks": [{"role": "X", "work_hours": gamma(16.0, 0.5)}], "exits": exits(gamma(14.0), gamma(28.0))}])
ANSWERS = organisation(25.0, [
    {"name": "A", "tasks": [{"role": "X", "work_hours": 0.3}], "exits": [{"to": "B", "probability": 1.0, "delay_days": exponential(10.0)}]},
    {"name": "B", "tasks": [{"role": "X", "work_hours": 0.3}], "effects": {"response": {"k": 1.3, "tau_hours": 1.0, "kept": 0.9}}, "exits": exits(3.0, 3.0)},
])  # fmt: skip
TOUCH = organisation(12.0, [{"name": "A", "tasks": [{"role": "X", "work_hours": gamma(8.0, 1.0)}], "effects": {"touch": {"logit": 1.0, "reference_hours": 8.0}},
                             "exits": exits(exponential(12.0), exponential(12.0))}])  # fmt: skip
TEAMS = organisation(
    20.0,
    [
        {"name": "Qualify", "tasks": [{"role": "SDR", "work_hours": gamma(2.0)}], "patience_days": exponential(9.0),
         "exits": [{"to": "Sell", "probability": 0.7, "delay_days": exponential(4.0)}, {"to": "lost", "probability": 0.3, "delay_days": exponential(8.0)}]},
        {"name": "Sell", "tasks": [{"role": "AE", "work_hours": gamma(8.0)}, {"role": "SE", "work_hours": gamma(9.0), "parallel": True},
                                   {"role": "AE", "work_hours": 2.0, "when": "amount >= 900"}, {"role": "AE", "work_hours": 3.0, "at": "end"}],
         "handoff": {"delay_days": exponential(2.0), "loss": 0.1}, "sla_days": 6.0, "escalate_to": "Boss", "effects": {"skill": 0.8, "score": 0.5},
         "contexts": [{"when": "previous == Board", "advance_logit": 1.0, "delay_scale": 2.0}],
         "exits": [{"to": "Board", "probability": 0.6, "delay_days": gamma(9.0, 0.8)}, {"to": "lost", "probability": 0.4, "delay_days": gamma(15.0)}]},
        {"name": "Board", "tasks": [{"role": "Boss", "work_hours": 1.0, "gather": {"weekday": "wed"}}], "max_visits": 2,
         "exits": [{"to": "won", "probability": 0.6, "delay_days": exponential(6.0), "max_discount": 0.1}, {"to": "Sell", "probability": 0.4, "delay_days": 1.0}]},
    ],
    roles=[{"name": "SDR", "routing": "round_robin", "recycle_days": 2.0, "reclaim_days": 4.0}, {"name": "AE", "routing": "least_loaded", "max_open_deals": 20},
           {"name": "SE", "routing": "pool"}, {"name": "Boss", "routing": "pool"}],
    reps=[{"role": "SDR", "count": 2, "plan": None}, {"role": "AE", "count": 4, "plan": "base"}, {"role": "SE", "count": 3}, {"name": "Ada", "role": "Boss"},
          {"role": "AE", "name": "New", "hired": "2027-02-15", "ramp": {"months": 4, "start": 0.2}, "plan": "base", "skill": 1.0}],
    plans={"base": {"quota": 9000.0, "period": "month", "rates": [{"upto": 1.0, "rate": 0.05}, {"rate": 0.2}]}}, effort={"elasticity": 0.5, "win_effect": 0.5},
    attrition={"AE": {"per_year": 2.0, "vacancy_days": exponential(20.0)}}, pace={"correlation": 0.5}, pricing={"discount": {"uniform": {"low": 0.0, "high": 0.3}}},
    scoring={"factors": [{"name": "visits", "law": {"uniform": {"low": 0.0, "high": 2.0}}, "kind": "behaviour", "half_life_days": 20.0}]},
    shocks={"win_logit_quarter_sd": 0.5}, events=[{"name": "slump", "start": "2027-02-20", "probability": 0.5, "win_logit": -1.0, "exposure": 0.5}],
)  # fmt: skip
PARTLY = apply(Scenario(changes=[
    {"scale": {"path": "stages[A].exits[*].delay_days", "by": 0.4, "start": "2027-02-01", "adoption": 0.5}},
    {"scale": {"path": "stages[A].tasks[0].work_hours", "by": 0.5, "start": "2027-03-20", "ramp_days": 30.0}},
]), WORK)  # fmt: skip
SMALL = {"work and delay": WORK, "answers": ANSWERS, "touch": TOUCH, "teams": TEAMS, "changes that some deals take up": PARTLY}


def worst(found: dict[str, tuple[float, float, float]]) -> dict[str, tuple[float, float, float]]:
    return {name: values for name, values in found.items() if abs(values[2]) > LARGEST}


@pytest.mark.parametrize("name", SMALL)
def test_a_run_goes_on_as_if_it_had_not_been_cut(name):
    assert worst(differences(SMALL[name], 71.4, 3.0, 12)) == {}


def as_old_as_the_stay(opening: pd.DataFrame) -> pd.DataFrame:
    """The delay as old as the stay."""
    return opening.assign(delay_days=opening["age_days"].where(opening["delay_days"].notna()))


def not_answered(opening: pd.DataFrame) -> pd.DataFrame:
    """Nobody has answered the deals of the first stage."""
    return opening.assign(answered=opening["stage"] != "A", response_hours=np.nan)


def not_worked(opening: pd.DataFrame) -> pd.DataFrame:
    """Nobody has worked on the deals."""
    return opening.drop(columns="log_odds").assign(worked_hours=0.0)


@pytest.mark.parametrize(("model", "spoil"), [(WORK, as_old_as_the_stay), (ANSWERS, not_answered), (TOUCH, not_worked)])
def test_a_state_that_is_wrong_in_one_thing_is_noticed(model, spoil):
    assert worst(differences(model, 71.4, 3.0, 15, spoil=spoil)) != {}


def only_ages(opening: pd.DataFrame) -> pd.DataFrame:
    """What a CRM tells: stage, age, creation, owner, and whether the work is done."""
    waits = opening[[name for name in opening.columns if name.startswith("task[")]].notna().any(axis=1)
    known = ["deal_id", "stage", "age_days", "created_days", "amount", "segment", "channel", "owner", "visit"]
    return opening[known].assign(p_waiting=waits.astype(float))


SPEED = {"response": {"k": 1.0, "tau_hours": 3.0, "kept": 1.0}}
BY_DAY = organisation(
    20.0,
    [
        {"name": "A", "tasks": [{"role": "X", "work_hours": gamma(3.0, 0.8)}], "effects": SPEED,
         "exits": [{"to": "B", "probability": 0.7, "delay_days": exponential(8.0)}, {"to": "lost", "probability": 0.3, "delay_days": 3.0}]},
        {"name": "B", "tasks": [{"role": "Y", "work_hours": gamma(10.0)}], "effects": SPEED, "exits": exits(gamma(14.0), exponential(10.0))},
    ],
    roles=[{"name": "X", "routing": "pool"}, {"name": "Y"}], reps=[{"role": "X", "count": 2}, {"role": "Y", "count": 5}],
    calendar={"hours": "09:00-17:00", "days": "mon-fri"},
)  # fmt: skip


@pytest.mark.parametrize("model", [WORK, TOUCH, BY_DAY])
def test_what_is_not_known_is_drawn_given_what_is(model):
    found = differences(model, 71.4, 3.0, 20, spoil=only_ages)
    outcomes = {name: values for name, values in found.items() if name.endswith((" old", " to win"))}
    assert worst(outcomes) == {}


def drawn(strategy: st.SearchStrategy[Model], n: int) -> list[Model]:
    """Random models, the same ones every time."""
    found: list[Model] = []
    rules = settings(max_examples=n, deadline=None, derandomize=True, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))

    @rules
    @given(strategy)
    def collect(model: Model) -> None:
        found.append(model)

    collect()
    return found


def pooled(models: list[Model], replications: int) -> dict[str, float]:
    """The z of every measure over all models and their replications, each model with a seed of its own."""
    tables = []
    for i, model in enumerate(models):
        names, table = pairs(model, 35.3 if i % 2 else 35.0, 3.0, replications, seed=100 + i)
        tables.append(table[:, :, 1])
    return dict(zip(names, z_scores(np.concatenate(tables)).tolist(), strict=True))


@pytest.mark.parametrize("strategy", [plain_models(rich=True), process_models()], ids=["people", "process"])
def test_random_models_go_on(strategy):
    found = pooled(drawn(strategy, 10), 3)
    assert {name: z for name, z in found.items() if abs(z) > LARGEST} == {}


@pytest.mark.slow
@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_templates_go_on(path):
    replications = 6 if path.stem == "self_service" else 10
    assert worst(differences(load_model(path), 61.0, 4.0, replications)) == {}


@pytest.mark.slow
@pytest.mark.parametrize("strategy", [plain_models(rich=True), process_models()], ids=["people", "process"])
def test_many_random_models_go_on(strategy):
    found = pooled(drawn(strategy, 40), 5)
    assert {name: z for name, z in found.items() if abs(z) > LARGEST} == {}
