"""Open deals of a history with tasks enter as far as they are: worked on, waiting, or in their delay since when."""

from __future__ import annotations

import pytest

import simsales as ss
from simsales.model.schema import Model

CHAIN = Model(
    epoch="2026-01-05", channels=[{"name": "web", "leads_per_week": 9.0}],
    stages=[
        {"name": "Talk", "tasks": [{"role": "Staff", "work_hours": {"gamma": {"mean": 5.0, "cv": 0.5}}}], "exits": [
            {"to": "Offer", "probability": 0.7, "delay_days": {"gamma": {"mean": 9.0, "cv": 0.6}}}, {"to": "lost", "probability": 0.3, "delay_days": 12}]},
        {"name": "Offer", "exits": [{"to": "won", "probability": 0.5, "delay_days": {"gamma": {"mean": 20.0, "cv": 0.6}}}, {"to": "lost", "probability": 0.5, "delay_days": 30}]},
    ],
    roles=[{"name": "Staff", "routing": "pool"}], reps=[{"role": "Staff", "count": 2}],
)  # fmt: skip


@pytest.fixture(scope="module")
def both():
    log = ss.simulate(CHAIN, seed=5, until=198.52)
    return ss.calibrate(log.to_history(), draws=2).opening().set_index("deal_id"), log.opening().set_index("deal_id")


def test_what_the_tasks_tell_is_what_was_so(both):
    told, true = both[0], both[1].loc[both[0].index]
    working = true["task[1]"] == "working"
    assert working.any()
    assert (told["task[1]"].fillna("") == true["task[1]"].fillna("")).all()
    assert told["task_days[1]"].dropna().tolist() == pytest.approx(true["task_days[1]"].dropna().tolist(), abs=1e-6)
    late = true["delay_days"].notna() & (true["stage"] == "Talk")
    assert late.sum() > 5
    # exits of a calibrated model are learnt from whole stays, so the age that goes with them is that of the stay
    assert told.loc[late, "delay_days"].tolist() == pytest.approx(true.loc[late, "age_days"].tolist(), abs=1e-6)
    assert told.loc[true["stage"] == "Offer", "delay_days"].isna().all()  # all of that stay is delay: its age is known
    answered = told["answered"].notna()
    assert (true.loc[answered, "answered"]).all()
    assert told.loc[answered, "response_hours"].tolist() == pytest.approx(true.loc[answered, "response_hours"].tolist(), abs=1e-4)


def test_a_history_without_tasks_tells_ages_only():
    history = ss.simulate(CHAIN, seed=5, until=198.52).to_history()
    told = ss.calibrate(type(history)(**{name: getattr(history, name) for name in history.__dataclass_fields__} | {"tasks": history.tasks.iloc[:0]}), draws=2).opening()
    assert told.columns.tolist() == ["deal_id", "stage", "age_days", "created_days", "visit", "amount", "segment", "channel", "owner"]
