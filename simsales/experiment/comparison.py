"""What a comparison found: paired differences with intervals, chances, costs and break-even."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from simsales import kpi
from simsales.errors import InvalidInputError
from simsales.experiment import findings
from simsales.experiment.study import Study, finite, plain
from simsales.same import Same

__all__ = ["CONFIDENCE", "Comparison", "half_width"]

CONFIDENCE = 0.95
COLUMNS = ["mean", "difference", "low", "high", "p_better", "p10", "p90", "n"]


def half_width(difference: pd.Series) -> float:
    """Return half the 95 % interval of the mean of paired differences (Student t); 0 where all are equal.

    Examples
    --------
    >>> round(half_width(pd.Series([1.0, 2.0, 3.0])), 4)  # 4.3027 * 1 / sqrt(3)
    2.4841
    """
    known = difference.dropna()
    if len(known) < 2:  # noqa: PLR2004 - no spread of one
        return float("nan")
    return float(stdtrit(len(known) - 1, 0.5 + CONFIDENCE / 2) * known.std(ddof=1) / np.sqrt(len(known)))


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Same):
    """Scenarios against a base, simulated on the same keyed draws.

    Parameters
    ----------
    studies : tuple of Study
        The base first; replication r of each used the same draws.
    manifest : dict
        Enough to make it again.

    Notes
    -----
    Two uncertainties are kept apart. ``low`` and ``high`` bound the *mean* difference: more replications narrow them.
    ``p10`` and ``p90`` (and ``p_better``) describe the difference of a *single* replication: that is how luck falls,
    and no amount of computing removes it.

    Examples
    --------
    >>> base = Study("as is", pd.DataFrame({"won": [1.0, 2.0, 3.0]}), "CNY", {})
    >>> other = Study("pilot", pd.DataFrame({"won": [2.0, 2.0, 5.0]}), "CNY", {})
    >>> Comparison((base, other), {}).table.loc[("pilot", "won"), ["difference", "p_better"]].round(3).tolist()
    [1.0, 0.833]
    """

    studies: tuple[Study, ...]
    manifest: dict[str, Any]

    @property
    def base(self) -> Study:
        """What the scenarios are compared with."""
        return self.studies[0]

    @property
    def names(self) -> tuple[str, ...]:
        """Names, the base first."""
        return tuple(study.name for study in self.studies)

    @property
    def currency(self) -> str:
        """Of all money."""
        return self.base.currency

    @cached_property
    def table(self) -> pd.DataFrame:
        """One row a scenario and KPI (the base first, with differences 0).

        ``mean`` of the KPI; ``difference`` from the base, mean over replications; ``low, high``: its 95 % interval;
        ``p_better``: share of replications in which the scenario is better, ties half, NaN where more is neither good
        nor bad; ``p10, p90`` of the difference; ``n`` replications with a difference.
        """
        tables = {study.name: self._rows(study) for study in self.studies}
        return pd.concat(tables, names=["scenario", "kpi"])

    def _rows(self, study: Study) -> pd.DataFrame:
        gaps = self._gaps(study)
        known = gaps.notna().sum()
        direction = pd.Series([kpi.better(name) for name in gaps.columns], index=gaps.columns)
        signed = gaps * direction
        better = ((signed > 0) + 0.5 * (signed == 0)).where(gaps.notna()).mean().where(direction != 0)
        mean, wide = gaps.mean(), gaps.apply(half_width)
        own = study.frame.mean().reindex(gaps.columns)
        found = {"mean": own, "difference": mean, "low": mean - wide, "high": mean + wide, "p_better": better,
                 "p10": gaps.quantile(0.1), "p90": gaps.quantile(0.9), "n": known}  # fmt: skip
        return pd.DataFrame(found)[COLUMNS]

    def _gaps(self, study: Study) -> pd.DataFrame:
        """Return scenario minus base by replication and KPI (NaN where only one of them has the KPI)."""
        names = list(dict.fromkeys([*self.base.frame.columns, *study.frame.columns]))
        return study.frame.reindex(columns=names) - self.base.frame.reindex(columns=names)

    def samples(self, name: str = "bookings") -> dict[str, np.ndarray]:
        """Return the paired differences of a KPI by scenario, each of shape (n_replications,).

        Raises
        ------
        InvalidInputError
            If no study has the KPI.
        """
        self._check(name)
        return {study.name: self._gaps(study)[name].to_numpy() for study in self.studies[1:]}

    def _check(self, name: str) -> None:
        known = [column for study in self.studies for column in study.frame.columns]
        if name not in known:
            kpi.parse_name(name)
            message = f"kpi must be one that was computed, got '{name}'. Hint: pass kpis=['{name}'] to compare"
            raise InvalidInputError(message)

    @cached_property
    def pairing(self) -> pd.DataFrame:
        """By scenario and KPI, how many times more replications independent runs would need.

        ``(variance of scenario + variance of base) / variance of the paired difference``; infinite where the difference
        never varies, NaN where nothing does.
        """
        found = {}
        for study in self.studies[1:]:
            gaps = self._gaps(study).var(ddof=1)
            apart = self.base.frame.var(ddof=1).reindex(gaps.index) + study.frame.var(ddof=1).reindex(gaps.index)
            with np.errstate(divide="ignore", invalid="ignore"):
                found[study.name] = apart / gaps
        return pd.DataFrame(found).rename_axis("kpi").T.rename_axis("scenario")

    @cached_property
    def break_even(self) -> pd.DataFrame:
        """By scenario: what it costs more than the base, and the gain in bookings that repays it.

        ``extra_cost``: mean difference in cost (pay that grows with bookings included); ``gain``: mean difference in
        bookings; ``gain_needed``: the same as a share of the base's bookings at which net is unchanged; ``net``: mean
        difference in net with ``net_low, net_high``; ``repaid``: whether its interval is above 0, below it, or neither.
        """
        rows = {}
        for study in self.studies[1:]:
            row = self.table.loc[study.name]
            if not {"bookings", "cost", "net"} <= set(row.index):
                message = (
                    "break_even must have bookings, cost and net, got other KPIs. "
                    "Hint: leave kpis out of compare, or name these three"
                )
                raise InvalidInputError(message)
            extra, net = float(row.at["cost", "difference"]), row.loc["net"]  # type: ignore[arg-type]
            verdict = "yes" if net["low"] > 0 else "no" if net["high"] < 0 else "not sure"
            base = self.base.frame["bookings"].mean()
            rows[study.name] = {
                "extra_cost": extra, "gain": row.loc["bookings", "difference"],
                "gain_needed": extra / base if base else float("nan"),
                "net": net["difference"], "net_low": net["low"], "net_high": net["high"], "repaid": verdict,
            }  # fmt: skip
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("scenario")

    def net_by_month(self, name: str) -> pd.DataFrame:
        """Return a scenario's cumulative net difference at each month's end, one row a replication.

        Needs ``bookings[month]`` and ``cost``. Bookings and what the changes cost count in their months; the other cost
        (leads, pay) is spread evenly over the run, since it is known for the whole run only.
        """
        study = self.studies[self.names.index(name)]
        months = findings.months_of(self.base.frame)
        paid = [findings.costs_by_month(costs, months) for costs in (self._costs(study), self._costs(self.base))]
        return findings.net_by_month(self.base, study, *paid)

    def _costs(self, study: Study) -> list[dict[str, Any]]:
        timelines = self.manifest.get("inputs", {}).get("timelines", [])
        found = next((timeline for timeline in timelines if timeline["name"] == study.name), None)
        return [] if found is None else list(found["costs"])

    def break_even_dates(self) -> pd.DataFrame:
        """Return by scenario the month at whose end it has paid for itself for good, with its probability.

        See :func:`simsales.experiment.findings.break_even_dates`; ask for ``bookings[month]`` and ``cost`` in `compare`.
        """
        return findings.break_even_dates({study.name: self.net_by_month(study.name) for study in self.studies[1:]})

    def frontier(self, x: str = "cycle_days", y: str = "net") -> pd.DataFrame:
        """Return the trade-off of two KPIs by scenario, the base included, with those that another one beats on both.

        Means over replications; two scenarios that differ by less than their intervals are told apart by luck.
        """
        for name in (x, y):
            self._check(name)
        means = pd.DataFrame({study.name: study.frame.mean() for study in self.studies}).T
        return findings.frontier(means.rename_axis("scenario"), x, y)

    def summary(self, kpis: Sequence[str] = ("bookings", "cycle_days", "cost", "net")) -> pd.DataFrame:
        """Return the rows of :attr:`table` for a few KPIs, without the base."""
        rows = self.table.drop(index=self.base.name, level="scenario")
        return rows[rows.index.get_level_values("kpi").isin(list(kpis))]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison in the JSON shape of ``simsales compare --json``; undefined numbers are None.

        The base is the first scenario, with differences 0. ``cost`` and ``net`` are each scenario's own means.
        """
        return {"scenarios": [self._entry(study) for study in self.studies], "manifest": self.manifest}

    def _entry(self, study: Study) -> dict[str, Any]:
        rows = self.table.loc[[study.name]].droplevel("scenario")[["difference", *COLUMNS[2:-1]]]
        rows = rows.set_axis(["mean", *COLUMNS[2:-1]], axis="columns")
        means = study.to_dict()["kpis"]
        entry = {"name": study.name, "kpis": means, "difference": plain(rows)}
        for name in ("cost", "net"):
            entry[name] = means[name]["mean"] if name in means else None
        if study is not self.base and {"bookings", "cost", "net"} <= set(means):
            found = self.break_even.to_dict("index")[study.name]
            entry["break_even"] = {str(k): v if isinstance(v, str) else finite(v) for k, v in found.items()}
        return entry

    @cached_property
    def plot(self) -> Any:
        """Figures of the comparison."""
        from simsales.report.plots import ComparisonPlots  # matplotlib: only when asked

        return ComparisonPlots(self)

    def __repr__(self) -> str:
        others = ", ".join(repr(name) for name in self.names[1:])
        return f"<Comparison of {others} with {self.base.name!r}: {len(self.base.frame)} replications>"

    def _repr_html_(self) -> str:
        from simsales.report.text import html_table

        caption = (
            f"Difference from {self.base.name}: {len(self.base.frame)} paired replications, money in {self.currency}"
        )
        rows = self.summary().reset_index()
        return html_table(rows, caption=caption, limit=len(rows))
