"""Random small models; one in three uses whole days only, so that events collide."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from simsales.model.schema import Model

ROLES = ["AE", "SE"]
COLLIDING = {"hours": "00:00-24:00", "days": "mon-sun"}
CALENDARS = [COLLIDING, {"hours": "09:00-17:00"}, {"hours": "09:00-18:00", "lunch": "12:00-13:00", "timezone": "Asia/Shanghai"}]


def laws(whole: bool) -> st.SearchStrategy[Any]:
    if whole:
        return st.sampled_from([0, 1, 2, 5])
    return st.one_of(
        st.floats(0.0, 5.0),
        st.builds(lambda m, cv: {"gamma": {"mean": m, "cv": cv}}, st.floats(0.1, 9.0), st.floats(0.2, 1.5)),
        st.builds(lambda s, k: {"weibull": {"scale": s, "shape": k}}, st.floats(0.5, 20.0), st.floats(0.6, 2.0)),
        st.just({"empirical": {"values": [0.0, 1.0, 1.0, 8.0]}}),
    )


@st.composite
def stages(draw: st.DrawFn, whole: bool) -> list[dict[str, Any]]:
    names = ["线索", "Demo", "Offer", "Closing"][: draw(st.integers(1, 4))]
    found = []
    for name in names:
        targets = draw(
            st.lists(st.sampled_from([*names, "won", "lost", "no_decision", "open"]), min_size=1, max_size=4, unique=True)
        )
        weights = [draw(st.integers(1, 4)) for _ in targets]
        exits = [
            {"to": to, "probability": w / sum(weights), "delay_days": draw(laws(whole))}
            for to, w in zip(targets, weights, strict=True)
        ]
        tasks = draw(st.lists(st.sampled_from(ROLES), max_size=2))
        hours = st.sampled_from([0, 24, 48]) if whole else laws(whole)
        found.append({
            "name": name,
            "exits": exits,
            "tasks": [{"role": role, "work_hours": draw(hours)} for role in tasks],
            "max_visits": draw(st.integers(1, 4)),
            "patience_days": draw(st.one_of(st.none(), laws(whole))),
            "when": draw(st.sampled_from([None, None, "amount >= 50"])),
            "effects": {"skill": draw(st.sampled_from([0.0, 0.5])), "response_hours": draw(st.sampled_from([0.0, -0.02]))},
        })  # fmt: skip
    return found


@st.composite
def models(
    draw: st.DrawFn, routing: tuple[str, ...] = ("pool", "round_robin", "least_loaded", "weighted"), *, rich: bool = False
) -> Model:
    """Models with a few dozen deals in ten weeks; rich ones with all that people may have."""
    whole = draw(st.integers(0, 2)) == 0
    dates = st.sampled_from([None, None, "2027-01-20", "2027-02-10"])
    reps = []
    for role in ROLES:
        for i in range(draw(st.integers(1, 3))):
            hired = draw(dates)
            leaves = draw(st.sampled_from([None, None, "2027-02-25"]))
            reps.append({
                "name": f"{role}{i}", "role": role, "hired": hired, "leaves": leaves,
                "speed": draw(st.sampled_from([0.5, 1.0, 2.0])), "skill": draw(st.sampled_from([-1.0, 0.0, 1.0])),
            })  # fmt: skip
    roles = [
        {
            "name": role,
            "queue": draw(st.sampled_from(["fifo", "highest_value", "newest", "oldest"])),
            "routing": draw(st.sampled_from(routing)),
            "concurrency": draw(st.integers(1, 2)),
        }
        for role in ROLES
    ]
    further: dict[str, Any] = {}
    if rich:
        for rep in reps:
            rep.update(draw(own_ways()))
        for role in roles:
            role.update(draw(role_limits(whole)))
        reps[0]["territory"] = reps[-1]["territory"] = "amount >= 40"
        further = draw(organisations())
    return Model(
        **further,
        epoch="2027-01-04",
        horizon_days=70.0,
        calendar=COLLIDING if whole else draw(st.sampled_from(CALENDARS)),
        channels=[{"name": "web", "leads_per_week": draw(st.sampled_from([0.5, 4.0, 9.0])), "overdispersion": draw(st.sampled_from([1.0, 2.0]))}],
        segments=[{"name": "all", "amount": {"uniform": {"low": 0.0, "high": 100.0}}}],
        stages=draw(stages(whole)),
        roles=roles,
        reps=reps,
        shocks={"win_logit_quarter_sd": draw(st.sampled_from([0.0, 0.5]))},
    )


def own_ways() -> st.SearchStrategy[dict[str, Any]]:
    """What a rep may have besides role and speed."""
    return st.fixed_dictionaries({
        "calendar": st.sampled_from([None, None, "late", "west"]),
        "off": st.sampled_from([(), ("2027-01-12",), ("2027-01-18..2027-01-31", "2027-02-12")]),
        "territory": st.sampled_from([None, "amount < 60", "segment == all and channel == web"]),
        "ramp": st.sampled_from([None, {"months": 2.0, "start": 0.1, "curve": [0.2, 0.9]}]),
    })  # fmt: skip


@st.composite
def role_limits(draw: st.DrawFn, whole: bool) -> dict[str, Any]:
    """Routing, queue and limits of a role; whole days collide."""
    routing = draw(st.sampled_from(["pool", "round_robin", "least_loaded", "weighted", "territory", "skill", "score"]))
    spans = st.sampled_from([None, 1.0, 3.0] if whole else [None, 0.3, 2.7])
    recycle = None if routing == "pool" else draw(spans)
    return {
        "routing": routing,
        "queue": draw(st.sampled_from(["fifo", "highest_value", "expected_value", "score", "newest", "oldest"])),
        "max_open_deals": draw(st.sampled_from([None, 1, 2, 5])),
        "tiers": draw(st.sampled_from([[50.0], [30.0, 70.0]])),
        "recycle_days": recycle,
        "reclaim_days": draw(st.sampled_from([0.0, 2.0, 30.0])) if recycle else 0.0,
        "handover_loss": draw(st.sampled_from([0.0, 0.5, 1.0])),
    }


def organisations() -> st.SearchStrategy[dict[str, Any]]:
    """Calendars, attrition, training and scoring."""
    return st.fixed_dictionaries({
        "calendars": st.just({"late": {"hours": "13:00-21:00"}, "west": {"hours": "08:00-16:00", "timezone": "-08:00"}}),
        "attrition": st.sampled_from([{}, {"AE": {"per_year": 5.0, "vacancy_days": 3.0}}, {
            "AE": {"per_year": 8.0, "first_year": 2.0, "vacancy_days": {"uniform": {"low": 0.0, "high": 20.0}}, "ramp": {"months": 1.0}},
            "SE": {"per_year": 9.0, "replace": False},
        }]),
        "trainings": st.sampled_from([(), ({"name": "t", "role": "AE", "start": "2027-01-20", "days_off": 3, "speed": 1.5, "skill": 1.0, "half_life_days": 20.0},)]),
        "scoring": st.just({"factors": [{"name": "visits", "law": {"uniform": {"low": 0.0, "high": 100.0}}, "kind": "behaviour", "half_life_days": 5.0}]}),
    })  # fmt: skip


def openings(names: tuple[str, ...]) -> st.SearchStrategy[list[dict[str, Any]]]:
    deal = st.fixed_dictionaries({
        "stage": st.sampled_from(list(names)),
        "age_days": st.sampled_from([0.0, 1.0, 2.5, 40.0]),
        "p_waiting": st.sampled_from([0.0, 0.5, 1.0]),
        "owner": st.sampled_from(["AE0", "SE0", "nobody known"]),
    })  # fmt: skip
    return st.lists(deal, max_size=12)
