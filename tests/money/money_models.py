"""Small organisations whose wins are known beforehand."""

from __future__ import annotations

import pandas as pd

from simsales.model.schema import Model
from simsales.money import pay_statements

STANDARD = {"base": 36_500.0, "quota": 90_000.0, "rates": [{"upto": 1.0, "rate": 0.1}, {"rate": 0.2}]}


def model(**changes) -> Model:
    """A team whose deals are all open at the start and are won after a given number of days."""
    fields = {
        "epoch": "2027-01-01T00:00+08:00",
        "horizon_days": 365.0,
        "calendar": {"timezone": "Asia/Shanghai", "hours": "00:00-24:00", "days": "mon-sun"},
        "channels": [{"name": "web", "leads_per_week": 0.0}],
        "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 1.0, "delay_days": 200.0}]}],
        "roles": [{"name": "AE"}],
        "reps": [{"name": "Ada", "role": "AE", "plan": "std"}],
        "plans": {"std": STANDARD},
    }  # fmt: skip
    return Model(**(fields | changes))


def pipeline(*deals) -> pd.DataFrame:
    """Open deals (day of the win, amount, owner): with a delay of 200 days, the age settles the day."""
    return pd.DataFrame(
        [{"deal_id": f"d{i}", "stage": "Open", "age_days": 200.0 - day, "amount": amount, "owner": owner}
         for i, (day, amount, owner) in enumerate(deals)]
    )  # fmt: skip


def pay(log, period, line, rep="Ada"):
    """Return the amounts of one kind of line of a rep in a period."""
    rows = pay_statements(log, names=True)
    mine = (rows["rep"] == rep) & (rows["period"] == period) & (rows["line"] == line)
    return rows.loc[mine, "amount"].tolist()
