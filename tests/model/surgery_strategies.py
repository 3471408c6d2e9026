"""Random processes for surgery: skips, returns, contexts, gates, reasons, after-sale stages, work side by side."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from simsales.model.schema import Model

NAMES = ["Lead", "演示", "Offer", "Close"]
SEGMENTS = ("a", "b")


def laws() -> st.SearchStrategy[Any]:
    return st.one_of(
        st.sampled_from([0.0, 1.0, 4.0]),
        st.builds(lambda m, cv: {"gamma": {"mean": m, "cv": cv}}, st.floats(0.5, 9.0), st.floats(0.2, 2.0)),
        st.builds(lambda m: {"lognormal": {"median": m, "p90": 4.0 * m}}, st.floats(0.5, 9.0)),
        st.builds(lambda a, b: {"mixture": [{"weight": 1.0, "law": a}, {"weight": 2.0, "law": {"weibull": {"scale": b, "shape": 0.8}}}]},
                  st.floats(0.0, 5.0), st.floats(1.0, 9.0)),
        st.just({"empirical": {"values": [0.0, 1.0, 1.0, 8.0]}}),
    )  # fmt: skip


@st.composite
def exits(draw: st.DrawFn, i: int, names: list[str], *, plain: bool, then: str | None) -> list[dict[str, Any]]:
    """Exits ahead, back and out; plain ones lead to the next stage or out."""
    following = names[i + 1] if i + 1 < len(names) else "won"
    to = {following, "lost"}
    if not plain:
        to |= set(draw(st.lists(st.sampled_from([*names, "won", "no_decision"]), max_size=2)))
    found: list[dict[str, Any]] = []
    order = sorted(to)
    weights = [draw(st.integers(1, 6)) for _ in order]
    for target, weight in zip(order, weights, strict=True):
        exit_ = {"to": target, "probability": weight / sum(weights), "delay_days": draw(laws())}
        if target == "lost" and draw(st.booleans()):
            exit_["reason"] = "price"
        if target == "won" and then is not None:
            exit_["then"] = then
        found.append(exit_)
    return found


@st.composite
def tasks(draw: st.DrawFn) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for j in range(draw(st.integers(0, 3))):
        task: dict[str, Any] = {"role": draw(st.sampled_from(["P", "Q"])), "work_hours": draw(st.sampled_from([1.0, 2.0, 8.0]))}
        if j and draw(st.booleans()):
            task["parallel"] = True
        if draw(st.integers(0, 3)) == 0:
            task["when"] = "segment == b"
        found.append(task)
    return found


@st.composite
def contexts(draw: st.DrawFn, i: int, names: list[str], *, plain: bool, then: str | None, previous: bool) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if draw(st.booleans()):
        found.append({"when": "segment == b", "exits": draw(exits(i, names, plain=plain, then=then)), "advance_logit": draw(st.sampled_from([0.0, 0.7]))})
    if previous and i and draw(st.booleans()):
        found.append({"when": f"previous == {draw(st.sampled_from(names))}", "delay_scale": 2.0, "work_scale": draw(st.sampled_from([1.0, 0.5]))})
    return found


@st.composite
def processes(draw: st.DrawFn, *, plain: bool = False, previous: bool = False, gates: bool = True) -> Model:
    """A process in which reps are never busy; plain: each stage leads to the next one, or out."""
    names = NAMES[: draw(st.integers(2, 4))]
    then = "Onboard" if draw(st.booleans()) else None
    stages = []
    for i, name in enumerate(names):
        stages.append({
            "name": name,
            "exits": draw(exits(i, names, plain=plain, then=then)),
            "contexts": draw(contexts(i, names, plain=plain, then=then, previous=previous)),
            "tasks": draw(tasks()),
            "effects": {"skill": draw(st.sampled_from([0.0, 0.0, 1.0]))},
            "when": draw(st.sampled_from([None, None, "segment == a"])) if gates else None,
            "max_visits": 1000,
        })  # fmt: skip
    if then is not None:
        after = [{"to": "retained", "probability": 0.7, "delay_days": 3.0}, {"to": "churned", "probability": 0.3}]
        stages.append({"name": then, "after_sale": True, "exits": after, "tasks": [{"role": "Q", "work_hours": 1.0}]})
    entry = draw(st.sampled_from([{}, {names[0]: 0.5, names[1]: 0.5}]))
    return Model(
        epoch="2027-01-04", horizon_days=400.0, calendar={"hours": "00:00-24:00", "days": "mon-sun"},
        channels=[{"name": "web", "leads_per_week": 20.0, "segments": {"a": 0.5, "b": 0.5}, "entry": entry}],
        segments=[{"name": "a", "amount": 100.0}, {"name": "b", "amount": 100.0, "advance_logit": draw(st.sampled_from([0.0, -0.5]))}],
        stages=stages,
        roles=[{"name": "P", "routing": "pool", "concurrency": 10_000}, {"name": "Q", "routing": "pool", "concurrency": 10_000}],
        reps=[{"role": "P", "skill": 0.8}, {"role": "Q", "skill": 0.8}],
    )  # fmt: skip
