"""Small made-up results for the report tests: every number is chosen by hand or from a formula."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from simsales.report.gantt import gantt_rows

ZONE = "Asia/Shanghai"


def forecast(target: float | None = 3.0e6) -> SimpleNamespace:
    """A forecast from the end of 2026-11-07 with samples spread evenly, so that quantiles are easy to see."""
    spread = np.linspace(-1.0, 1.0, 201)
    open_samples, new_samples = 1.2e6 + 5.0e5 * spread, np.full(201, 4.0e5)
    samples = 1.0e6 + open_samples + new_samples
    as_of = pd.Timestamp("2026-11-08", tz=ZONE)
    until = pd.Timestamp("2027-01-01", tz=ZONE)
    levels = {"p2_5": 0.025, "p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p97_5": 0.975}
    rows: list[dict[str, Any]] = [{"day": pd.Timestamp("2026-10-01", tz=ZONE), "actual": 0.0}]
    rows.append({"day": as_of, "actual": 1.0e6, **dict.fromkeys(levels, 1.0e6)})
    rows.append({"day": until, **{name: float(np.quantile(samples, level)) for name, level in levels.items()}})
    swing = pd.DataFrame({"deal_id": ["D-1", "<b>D-2</b>"], "stage": ["谈判", "报价"], "amount": [4.0e5, 123456.0],
                          "p_win": [0.5, 0.25], "swing": [2.0e5, 53457.0]})  # fmt: skip
    return SimpleNamespace(
        as_of=as_of, until=until, target=target, currency="CNY", samples=samples, booked=1.0e6, open_samples=open_samples,
        new_samples=new_samples, quantiles={"p10": 2.2e6, "p50": 2.6e6, "p90": 3.0e6}, mean=2.6e6,
        p_target=None if target is None else float((samples >= target).mean()), noise_floor=0.11, mc_error=23456.0,
        baselines={"run_rate": 2.34e6, "stage_weighted": 2.86e6}, paths=pd.DataFrame(rows), swing=swing,
        notes=("Only creation and closing are known.",), manifest={"seed": 7, "model": "sha256:abc123"},
    )  # fmt: skip


def funnel() -> pd.DataFrame:
    return pd.DataFrame({"stage": ["线索", "Demo", "商务谈判"], "entered": [1000, 800, 600], "rate": [0.8, 0.75, 0.5]})


def differences() -> pd.DataFrame:
    return pd.DataFrame({
        "scenario": ["加两名销售", "Faster demo"], "difference": [3.7e6, -4.0e5], "low": [3.3e6, -7.0e5], "high": [4.1e6, -1.0e5],
        "p10": [1.0e6, -2.0e6], "p90": [6.0e6, 1.0e6], "p_better": [0.97, 0.38],
    })  # fmt: skip


def kpis(bookings: float) -> dict[str, dict[str, float]]:
    return {
        "bookings": {"mean": bookings, "mc_error": 1.23e5, "p10": bookings - 1e6, "p50": bookings, "p90": bookings + 1e6},
        "win_rate": {"mean": 0.213, "mc_error": 0.004, "p10": 0.19, "p50": 0.21, "p90": 0.24},
        "cycle_days": {"mean": 63.0, "mc_error": 0.4, "p10": 58.0, "p50": 63.0, "p90": 69.0},
        "queue_days[stage=谈判]": {"mean": 1.4, "mc_error": 0.02, "p10": 1.0, "p50": 1.4, "p90": 1.9},
        "bookings[rep=王芳]": {"mean": 1.0, "mc_error": 0.0, "p10": 1.0, "p50": 1.0, "p90": 1.0},
    }


class Comparison:
    """As much of a comparison as reports use."""

    currency = "CNY"
    manifest = {"seed": 11, "model": {"reps": [{"name": "王芳"}]}, "changes": [{"leave": {"rep": "王芳"}}]}  # noqa: RUF012

    def to_dict(self) -> dict[str, Any]:
        zero = {"bookings": {"mean": 0.0, "low": 0.0, "high": 0.0, "p_better": 0.5}}
        found: list[dict[str, Any]] = [{"name": "today", "kpis": kpis(4.12e7), "difference": zero, "cost": 3.1e6, "net": 3.81e7}]
        for row in differences().to_dict("records"):
            gap = {
                "bookings": {"mean": row["difference"], **{key: row[key] for key in ("low", "high", "p_better", "p10", "p90")}}
            }
            net = row["difference"] - 1.0e6
            gap["net"] = {"mean": net, "low": net - 4.0e5, "high": net + 4.0e5, "p_better": 0.5}
            found.append({
                "name": row["scenario"], "kpis": kpis(4.12e7 + row["difference"]), "difference": gap, "cost": 4.1e6,
                "net": 3.71e7 + row["difference"],
                "break_even": {"extra_cost": 1.0e6, "gain": row["difference"], "gain_needed": 0.0243, "net": row["difference"] - 1.0e6,
                               "net_low": 2.3e6, "net_high": 3.1e6, "repaid": "yes"},
            })  # fmt: skip
        return {"scenarios": found, "manifest": self.manifest}

    def samples(self, kpi: str) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
        assert kpi == "bookings"
        return {"加两名销售": np.array([1.0, 2.0, 3.0, -1.0]), "Faster demo": np.array([-1.0, 0.0, 1.0, -2.0])}


def curves() -> pd.DataFrame:
    rows = []
    for stage in ("报价", "Negotiation"):
        for exit_, share in (("won", 0.5), ("lost", 0.25)):
            for kind in ("observed", "fitted"):
                rows += [(stage, days, share * days / 10.0, exit_, kind, 20.0 - days) for days in (0.0, 5.0, 10.0)]
        rows.append((stage, 7.0, np.nan, "", "censored", np.nan))
    return pd.DataFrame(rows, columns=["stage", "days", "p", "exit", "kind", "at_risk"])


def utilisation() -> pd.DataFrame:
    weeks = pd.date_range("2027-01-04", periods=3, freq="7D")
    return pd.DataFrame([{"period": week, "rep": f"AE rep-{k}", "utilisation": 0.25 * k} for k in (1, 2, 3) for week in weeks])


def queue() -> pd.DataFrame:
    times = pd.date_range("2027-01-04", periods=4, freq="D", tz="UTC")
    return pd.DataFrame({"time": times, "role": "销售经理", "waiting": [0, 2, 1, 3]})


def calibration() -> SimpleNamespace:
    rows = pd.DataFrame({
        "path": ["stages[谈判].exits[won].probability", "channels[web].leads_per_week", "effort.elasticity", "calendar"],
        "value": [0.42, 60.2, 0.3, "mon-fri 09:00-18:00"], "low": [0.38, 55.0, np.nan, np.nan], "high": [0.46, 66.0, np.nan, np.nan],
        "n": [230, 12, 0, 0], "status": ["identified", "weakly identified", "assumed", "assumed"], "note": ["", "", "literature", ""],
    })  # fmt: skip
    return SimpleNamespace(summary=lambda: rows, curves=curves, notes=("Stage '谈判': only 18 stays have ended.",))


IMPORT = {
    "read": 812, "kept": 800, "dropped": [{"reason": "no created date", "count": 12}],
    "guessed": {"deal_id": "商机编号", "amount": "预计金额"}, "encoding": "gb18030", "timezone": ZONE, "class": "C",
    "notes": ["37 won deals have no amount."],
}  # fmt: skip

#: Data for every figure of the registry.
FIGURE_DATA: dict[str, Any] = {
    "differences": differences,
    "distribution": lambda: np.arange(1.0, 101.0),
    "ecdf": lambda: Comparison().samples("bookings"),
    "fan": forecast,
    "funnel": funnel,
    "gantt": lambda: gantt_rows([{"name": "线上渠道", "start": "2027-01-01", "days": 31, "owner": "市场部", "cost": 40000.0}]),
    "queue": queue,
    "split": forecast,
    "stage_durations": curves,
    "utilisation": utilisation,
    "value_stream": lambda: pd.DataFrame({"stage": ["报价", "$x$"], "visits": [3, 1], "touch_days": [0.25, 1.0], "pause_days": [0.0, 0.5],
                                           "queue_days": [0.5, 0.0], "delay_days": [2.25, 4.0], "pce": [0.25 / 3, 1 / 5.5]}),
}
