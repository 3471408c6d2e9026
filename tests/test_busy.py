"""A warning about busy people looks at each of them: idle colleagues do not hide who is swamped."""

from __future__ import annotations

from typing import Any

import pytest

import simsales as ss
from simsales.report.measures import busy_lines


def organisation(**rep: Any) -> ss.Model:
    """Two reps with 60 leads of two hours each a week in territories of their own, and further ones."""
    return ss.Model(
        name="areas", horizon_days=120.0, regions=[{"name": "N"}, {"name": "S"}],
        channels=[{"name": "web", "leads_per_week": 60.0, "regions": {"N": 0.5, "S": 0.5}}],
        stages=[{"name": "Talk", "tasks": [{"role": "AE", "work_hours": 2.0}], "exits": [{"to": "won", "probability": 0.2}, {"to": "lost", "probability": 0.8}]}],
        roles=[{"name": "AE", "routing": "territory"}],
        reps=[{"role": "AE", "territory": "region == N"}, {"role": "AE", "territory": "region == S"}, *([{"role": "AE"} | rep] if rep else [])],
    )  # fmt: skip


@pytest.mark.parametrize("idle", [{}, {"count": 2}, {"count": 20}])
def test_idle_colleagues_do_not_hide_who_is_busy(idle: dict[str, Any]) -> None:
    study = ss.replicate(organisation(**idle), 4, seed=1)
    mean = study.frame.mean()
    assert mean["utilisation_busiest[role=AE]"] > 0.95
    assert (mean["utilisation[role=AE]"] > 0.95) == (not idle)
    lines = busy_lines("", study.to_dict()["kpis"])
    assert len(lines) == 1
    assert ("the busiest AE" in lines[0]) == bool(idle)


def test_nobody_is_busy_where_there_is_time() -> None:
    study = ss.replicate(organisation().model_copy(update={"channels": [{"name": "web", "leads_per_week": 10.0}]}), 4, seed=1)
    assert busy_lines("", study.to_dict()["kpis"]) == []
    assert (study.frame["utilisation_busiest"] >= study.frame["utilisation"]).all()


def test_the_busiest_by_hand() -> None:
    """One of two reps has all the work: the busiest is twice as busy as the mean; a rep of a few days does not count."""
    log = ss.simulate(organisation(count=1), seed=2, until="2027-03-01")
    hours = log.tasks.groupby("rep")["work_hours"].sum()
    found = log.kpis()
    available = hours.sum() / found["utilisation"]
    assert found["utilisation_busiest"] == pytest.approx(min(hours.max() / (available / 3), 1.0), rel=0.02)
    newcomer = ss.simulate(organisation(hired="2027-02-27", territory="region == N"), seed=2, until="2027-03-01").kpis()
    assert newcomer["utilisation_busiest"] <= 1.0
