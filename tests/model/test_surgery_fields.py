"""Every field of stages, exits, tasks and contexts survives the surgery of something else, or the change is refused.

A field that is added to the schema is tested as soon as it has an example here; without one a test fails.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from simsales.errors import InvalidModelError
from simsales.model.apply import apply
from simsales.model.apply.ways import every_exit
from simsales.model.laws import Mixture
from simsales.model.levers import CHANGES, Scenario
from simsales.model.process import Context, Exit, Stage, Task
from simsales.model.schema import Model

LAW = {"weibull": {"scale": 7.0, "shape": 1.7}}
EXAMPLES: dict[type, dict[str, Any]] = {
    Stage: {
        "patience_days": LAW, "effects": {"skill": 0.7, "touch": {"logit": 0.2, "reference_hours": 3.0}}, "when": "amount >= 20",
        "max_visits": 7, "win_probability": 0.37, "sla_days": 2.5, "escalate_to": "pass", "handoff": {"loss": 0.11}, "journey": "decision",
        "owner_role": "Q", "checklist": ["asked"], "exit_criteria": ["known"],
    },
    Exit: {"delay_days": LAW, "then": "After", "max_discount": 0.07, "reason": "why"},
    Task: {
        "work_hours": LAW, "at": "end", "parallel": True, "continues": True, "when": "amount >= 30", "part": "lead",
        "gather": {"weekday": "tue"}, "counts_for": "After",
    },
    Context: {"exits": "own", "advance_logit": 0.3, "delay_scale": 1.5, "work_scale": 0.6},
}  # fmt: skip
STRUCTURE = {Stage: {"name", "tasks", "exits", "contexts", "after_sale"}, Exit: {"to", "probability"}, Task: {"role"}, Context: {"when"}}
"""What makes a process what it is: other tests look at it."""
BESIDE = {"sla_days": 9.0}
"""What a field asks for beside it."""
SURGERY: dict[str, dict[str, Any]] = {
    "add": {"after": "B", "stage": {"name": "N", "exits": [{"to": "C", "probability": 1.0}]}},
    "add exit": {"from": "B", "exit": {"to": "no_decision", "probability": 0.2}},
    "remove": {"stage": "X"}, "remove exit": {"from": "B", "exit": "A"}, "reorder": {"stage": "B", "after": "C"}, "reorder X": {"stage": "X", "after": "A"},
    "parallel": {"stage": "B"}, "parallel also": {"stage": "B", "also": "C"}, "parallel also A": {"stage": "A", "also": "B"},
    "automate": {"stage": "B", "share": 0.5, "role": "P", "bot": {"name": "bot"}}, "automate away": {"stage": "B", "share": 1.0, "role": "P"},
    "automate errors": {"stage": "B", "share": 0.5, "error_rate": 0.1}, "approve": {"stage": "B", "tiers": [{"role": "Q", "work_hours": 1.0}]},
    "approve remove": {"stage": "X", "remove": True}, "respond": {"stage": "B", "share": 0.5, "bot": {"name": "bot"}},
    "handoff": {"stage": "B", "communication": 2.0}, "standardise": {"path": "stages[A].exits[*].delay_days", "by": 0.5},
    "scale": {"path": "stages[B].exits[C].probability", "by": 0.9}, "set": {"path": "stages[B].exits[C].probability", "to": 0.4},
    "price": {"by": 1.1, "advance_logit": 0.1}, "route": {"role": "P", "routing": "pool"}, "hire": {"role": "P"},
}  # fmt: skip
NOT_OF_STAGES = {"leave", "attrition", "retrain", "plan", "effort", "timing", "budget", "shock"}
SPOKEN = {
    ("handoff", "B", "handoff"), ("automate", "B", "work_hours"), ("automate away", "B", "work_hours"), ("respond", "B", "work_hours"),
    ("automate errors", "B", "work_hours"), ("standardise", "A", "delay_days"),
    ("automate away", "B", "parallel"), ("automate away", "B", "continues"),  # what the task stood beside or behind is gone
}  # fmt: skip
"""What a change speaks of."""


def stage_data(name: str, to: str, **more: Any) -> dict[str, Any]:
    tasks = [{"role": "Q", "work_hours": 2.0}, {"role": "P", "work_hours": 1.0}, {"role": "Q", "work_hours": 4.0}]
    exits = [{"to": to, "probability": 0.6}, {"to": "A", "probability": 0.1, "delay_days": 1.0}, {"to": "lost", "probability": 0.3}]
    context = {"when": "segment == all and visit >= 2", "delay_scale": 1.1}
    return {"name": name, "tasks": tasks, "exits": exits, "contexts": [context], **more}


def base(name: str = "", kind: type = Stage, field: str = "", value: Any = None) -> Model:
    """A process with one field of one stage set."""
    stages = [stage_data("A", "X"), stage_data("X", "B"), stage_data("B", "C"), stage_data("C", "won")]
    for stage in stages:
        if stage["name"] == name:
            _put(stage, kind, field, value)
    stages.append({"name": "After", "after_sale": True, "exits": [{"to": "retained", "probability": 1.0}]})
    return Model(
        channels=[{"name": "web", "leads_per_week": 5.0}], segments=[{"name": "all", "amount": 100.0}], stages=stages,
        roles=[{"name": "P"}, {"name": "Q"}], reps=[{"role": "P"}, {"role": "Q"}],
    )  # fmt: skip


def _put(stage: dict[str, Any], kind: type, field: str, value: Any) -> None:
    if kind is Stage:
        stage[field] = value
        if field == "escalate_to":
            stage.update(BESIDE)
    elif kind is Exit:
        to = {"then": "won", "reason": "lost"}.get(field)
        next(e for e in stage["exits"] if to is None or e["to"] == to)[field] = value
    elif kind is Task:
        stage["tasks"][2][field] = value
        if field == "at":
            stage["tasks"][1]["parallel"] = True
    else:
        own = [{"to": e["to"], "probability": e["probability"], "delay_days": LAW} for e in stage["exits"]]
        stage["contexts"][0][field] = own if value == "own" else value


def held(model: Model, kind: type, field: str) -> Iterator[Any]:
    """Yield every value of a field in the process; a mixture holds what it mixes."""
    for stage in model.stages:
        items = {Stage: (stage,), Exit: every_exit(stage), Task: stage.tasks, Context: stage.contexts}[kind]
        for item in items:
            value = getattr(item, field)
            if kind is Context and field == "exits":
                yield from (exit_.delay_days for exit_ in value)
                continue
            yield value
            if isinstance(value, Mixture):
                yield from (part.law for part in value.parts)


def fields() -> list[tuple[type, str]]:
    return [(kind, field) for kind, known in EXAMPLES.items() for field in known]


@cache
def wanted(name: str, kind: type, field: str) -> tuple[Model, Any]:
    """A process with a field set, and the value as the model holds it: one that nothing else in it has."""
    value = EXAMPLES[kind][field]
    model = base(name, kind, field, value)
    plain = [repr(each) for each in held(base(), kind, field)]
    return model, next(each for each in held(model, kind, field) if repr(each) not in plain)


def test_every_field_has_an_example_and_every_change_of_stages_is_tried() -> None:
    for kind, known in EXAMPLES.items():
        assert set(known) | STRUCTURE[kind] == set(kind.model_fields)  # type: ignore[attr-defined]
    assert {name.split()[0] for name in SURGERY} | NOT_OF_STAGES == set(CHANGES)


CASES = [(name, kind, field) for name in "ABC" for kind, field in fields() if field != "then" or name == "C"]


@pytest.mark.parametrize("change", SURGERY)
@pytest.mark.parametrize(("name", "kind", "field"), CASES, ids=lambda each: each if isinstance(each, str) else each.__name__)
def test_a_field_survives_the_surgery_of_something_else(name: str, kind: type, field: str, change: str) -> None:
    if (change, name, field) in SPOKEN:
        return
    model, value = wanted(name, kind, field)
    try:
        after = apply(Scenario(changes=[{change.split(maxsplit=1)[0]: SURGERY[change]}]), model).last
    except InvalidModelError as error:
        assert "must" in str(error)
        assert ", got" in str(error)
        return
    assert any(each == value for each in held(after, kind, field))
    own = next((stage for stage in after.stages if stage.name == name), None)
    if kind is Stage and own is not None and not change.startswith("parallel also"):
        assert getattr(own, field) == value


def test_most_changes_are_made_and_not_refused() -> None:
    refused = 0
    for change, body in SURGERY.items():
        for kind, field in fields():
            try:
                apply(Scenario(changes=[{change.split()[0]: body}]), wanted("C", kind, field)[0])
            except InvalidModelError:
                refused += 1
    assert refused < 0.1 * len(SURGERY) * len(fields())
