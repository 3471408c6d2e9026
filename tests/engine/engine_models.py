"""Small models whose histories can be worked out by hand, and what tests do with logs."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd

from simsales.engine import EventLog, simulate
from simsales.model.schema import Model


def examples(everyday: int) -> int:
    """How many random models a property meets: a build sets SIMSALES_EXAMPLES for more."""
    return max(everyday, int(os.environ.get("SIMSALES_EXAMPLES", "0")))


OPEN_ALL_DAY = {"hours": "00:00-24:00", "days": "mon-sun"}


def model(**parts: Any) -> Model:
    """A model with one silent channel (nobody arrives), always open, from Monday 2027-01-04 UTC."""
    fields: dict[str, Any] = {
        "epoch": "2027-01-04",
        "horizon_days": 100.0,
        "calendar": OPEN_ALL_DAY,
        "channels": [{"name": "web", "leads_per_week": 0.0}],
        "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}],
    }
    return Model(**(fields | parts))


def stage(name: str, to: str = "won", days: Any = 0.0, **parts: Any) -> dict[str, Any]:
    return {"name": name, "exits": [{"to": to, "probability": 1.0, "delay_days": days}], **parts}


def work(hours: Any, role: str = "AE") -> list[dict[str, Any]]:
    return [{"role": role, "work_hours": hours}]


def waiting(*deals: dict[str, Any]) -> pd.DataFrame:
    """Opening deals that still wait for their tasks; ages 0 unless given."""
    rows = [
        {"deal_id": f"d{i}", "stage": "Open", "age_days": 0.0, "p_waiting": 1.0, **deal}
        for i, deal in enumerate(deals)
    ]
    return pd.DataFrame(rows)


def hours(log: EventLog, column: str) -> list[float]:
    """A task column in hours since the start."""
    return [round(float(v), 9) for v in (getattr(log.task, column) - log.start) * 24.0]


def days(values: np.ndarray) -> list[float]:
    return [round(float(v), 9) for v in values]


def same(one: EventLog, other: EventLog) -> None:
    """Both logs hold the same rows in the same order with the same bits."""
    for table in ("deal", "visit", "task"):
        a, b = getattr(one, table), getattr(other, table)
        for name in a.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=f"{table}.{name}")


__all__ = ["OPEN_ALL_DAY", "days", "examples", "hours", "model", "same", "simulate", "stage", "waiting", "work"]
