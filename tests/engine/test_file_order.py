"""Results do not depend on the order in which a file lists things whose order means nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from engine_models import model, stage, work
from rich_model import RICH

from simsales import kpi
from simsales.engine import EventLog, simulate
from simsales.model.schema import Model

KEYS = {"deals": ["deal_id"], "visits": ["deal_id", "seq"], "tasks": ["deal_id", "seq", "queued_at", "role", "work_hours"], "reps": ["rep"]}


def turned(data: Any) -> Any:
    """A list or a mapping from its end to its beginning."""
    return list(reversed(data)) if isinstance(data, list) else dict(reversed(list(data.items())))


def tables(log: EventLog) -> dict[str, pd.DataFrame]:
    return {name: getattr(log, name).sort_values(key).reset_index(drop=True) for name, key in KEYS.items()}


def assert_alike(one: EventLog, other: EventLog) -> None:
    """The same deals, stays and tasks to the last bit; KPIs but for the rounding of sums, which go in the order of the file."""
    for (name, a), b in zip(tables(one).items(), tables(other).values(), strict=True):
        pd.testing.assert_frame_equal(a, b, check_exact=True, obj=name)
    before, after = kpi.table(one), kpi.table(other)
    assert [name for name in before if not np.allclose(before[name], after[name], rtol=1e-12, atol=0.0, equal_nan=True)] == []


LISTS = ["reps", "channels", "segments", "products", "regions", "roles", "attrition", "calendars", "plans", "trainings", "events", "fx"]


def test_the_order_of_lists_decides_nothing():
    base = simulate(Model(**RICH), seed=2, until=70.0)
    assert_alike(base, simulate(Model(**{**RICH, **{name: turned(RICH[name]) for name in LISTS}}), seed=2, until=70.0))


def test_the_order_inside_a_channel_decides_nothing():
    web, fairs = RICH["channels"]
    more = {"name": "mailing", "start": "2027-01-10", "until": "2027-02-10", "leads": 9.0}
    web = {**web, "campaigns": [*web["campaigns"], more]}
    other = {key: turned(value) if isinstance(value, list | dict) and key not in ("spend", "market") else value for key, value in turned(web).items()}
    runs = [simulate(Model(**{**RICH, "channels": [channel, fairs]}), seed=2, until=70.0) for channel in (web, other)]
    assert_alike(*runs)


def test_a_deal_of_an_unknown_channel_is_one_of_them_by_their_leads():
    """It was one of the channel that the file lists last."""
    channels = [{"name": "a", "leads_per_week": 90.0, "segments": {"s": 1.0, "t": 0.0}}, {"name": "b", "leads_per_week": 30.0, "segments": {"s": 0.0, "t": 1.0}}]
    stages = [{"name": "S", "exits": [{"to": "won", "probability": 1.0, "delay_days": 900.0}]}]
    opening = pd.DataFrame({"deal_id": [f"d{i}" for i in range(2000)], "stage": "S", "age_days": 1.0})
    found = []
    for order in (channels, channels[::-1]):
        m = Model(channels=order, segments=[{"name": "s"}, {"name": "t"}], stages=stages, horizon_days=1.0)
        deals = simulate(m, opening=opening).deals
        found.append(deals.loc[deals["is_opening"], "segment"].tolist())
    assert found[0] == found[1]
    share = np.mean(np.array(found[0]) == "t")
    assert abs(share - 0.25) < 4 * (0.25 * 0.75 / 2000) ** 0.5


@pytest.mark.parametrize("name", ["segments", "products", "regions"])
def test_one_more_kind_that_nobody_is_of_moves_nobody(name):
    nobody = {"name": "A first by name", **({} if name == "segments" else {"share": 0.0})}
    more = {**RICH, name: [nobody, *RICH[name]]}
    a, b = (simulate(Model(**data), seed=2, until=40.0) for data in (RICH, more))
    field = name.removesuffix("s")
    assert a.deals[["deal_id", field, "amount"]].equals(b.deals[["deal_id", field, "amount"]])


@pytest.mark.parametrize("role", [
    {}, {"routing": "weighted"}, {"routing": "pool"}, {"routing": "skill", "tiers": [50.0]}, {"concurrency": 2, "queue": "newest"}, {"max_open_deals": 3}, {"recycle_days": 1.0, "handover_loss": 0.3},
])  # fmt: skip
def test_who_stands_first_among_reps_gets_no_other_deal(role):
    """Equal reps, ties all day, two who leave on one day and two who come: the same names have the same deals."""
    reps = [{"name": name, "role": "AE"} for name in ("Cid", "Ann", "Bob")]
    reps += [{"name": name, "role": "AE", "leaves": "2027-01-20"} for name in ("Eve", "Dan")] + [{"name": name, "role": "AE", "hired": "2027-01-20"} for name in ("Gil", "Fay")]
    runs = [
        simulate(model(
            channels=[{"name": "web", "leads_per_week": 60.0}], calendar={"hours": "09:00-17:00"}, horizon_days=40.0, roles=[{"name": "AE", **role}], reps=order,
            segments=[{"name": "all", "amount": {"uniform": {"low": 0.0, "high": 100.0}}}], stages=[stage("Open", days=3.0, tasks=work(4.0))],
        ), seed=3)
        for order in (reps, reps[::-1], sorted(reps, key=str))
    ]  # fmt: skip
    assert len(set(runs[0].tasks["rep"].dropna())) == 7
    for other in runs[1:]:
        assert_alike(runs[0], other)
