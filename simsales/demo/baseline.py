"""The demo's baseline: the calibrated model, and what a CRM export cannot tell and somebody must state."""

from __future__ import annotations

from simsales.calibrate import Calibration
from simsales.files.save import to_yaml
from simsales.model.compensation import CompPlan, Effort, Rate
from simsales.model.schema import Model, Parameter

PLAN = "standard"
BASE_SALARY = 150_000.0
QUOTA = 500_000.0
RATE = 0.05
CAP = 1.5
HORIZON_DAYS = 216.0
ASSUMED = (
    Parameter(path=f"plans[{PLAN}]", status="assumed", note="a CRM export holds no pay: stated for the demo"),
    Parameter(path="effort.elasticity", value=Effort().elasticity, status="assumed",
              note="how reps react to pay: a judgement, not this history"),
)  # fmt: skip
HEAD = """\
# What simsales learnt from deals.csv and stage_history.csv, and two things it could not learn (search for ASSUMED).
# Change a number and run:  simsales check baseline.yaml
# Where each number came from, with its interval, stands at the end under provenance.
"""
NOTES = {
    "stages": "# Every exit has its own probability and its own time; tasks are the reps' work, in hours of their working time.",
    "reps": "# The reps whose deals moved in the last 60 days. A rep's speed is the rep's share of the team's deals.",
    "plans": "# ASSUMED: a CRM export says nothing about pay. Put your own plan here; attainment 1.0 is the quota.",
    "effort": (
        "# ASSUMED: how reps react to pay. Effort is (marginal pay / usual pay) ** elasticity, within the bounds.\n"
        "# Write  effort: off  to see what a plan costs if it changes nobody's behaviour."
    ),
    "shocks": "# Good and bad quarters that hit all deals at once.",
    "provenance": "# Estimate, 95 % interval, number of observations, and whether the data determine it.",
}


def stated_baseline(calibration: Calibration) -> Model:
    """Return the calibrated model with a stated plan for every rep and a stated reaction to pay.

    Parameters
    ----------
    calibration : Calibration

    Returns
    -------
    Model
        Its provenance marks both as assumed.
    """
    learnt = calibration.model
    fields = {name: getattr(learnt, name) for name in Model.model_fields}
    stated = {
        "name": "Baseline",
        "horizon_days": HORIZON_DAYS,
        "reps": tuple(rep.model_copy(update={"plan": PLAN}) for rep in learnt.reps),
        "plans": {PLAN: CompPlan(base=BASE_SALARY, quota=QUOTA, period="quarter", rates=(Rate(rate=RATE),), cap=CAP)},
        "effort": Effort(),
        "provenance": (*learnt.provenance, *ASSUMED),
    }
    return Model.model_validate_json(Model(**(fields | stated)).model_dump_json(by_alias=True))


def baseline_text(model: Model) -> str:
    """Return the baseline as YAML with comments for the person who edits it.

    Parameters
    ----------
    model : Model

    Returns
    -------
    str
        Reading it gives an equal model.
    """
    modeline, rest = to_yaml(model).split("\n", 1)
    rest = rest.replace("\neffort: {}", f"\neffort: {_effort(model.effort or Effort())}", 1)
    for key, note in NOTES.items():
        rest = rest.replace(f"\n{key}:", f"\n{note}\n{key}:", 1)
    return f"{modeline}\n{HEAD}{rest}"


def _effort(effort: Effort) -> str:
    """Return the reaction to pay in full, defaults included: it is there to be changed."""
    shown = ("elasticity", "minimum", "maximum", "win_effect", "status")
    return "{" + ", ".join(f"{name}: {getattr(effort, name)}" for name in shown) + "}"
