"""What a comparison found: paired differences with intervals, chances, costs and break-even."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from simsales import kpi
from simsales.errors import InvalidInputError, did_you_mean, got
from simsales.experiment import findings
from simsales.experiment.paired import COLUMNS, gaps, joint_factor, paired
from simsales.experiment.setting import Setting, faster
from simsales.experiment.study import Study, finite, plain
from simsales.same import Same

__all__ = ["RANKED", "Comparison"]

RANKED = ("bookings", "cycle_days", "cost", "net")
"""KPIs by which scenarios are compared with one another, besides those that were asked for."""

_SHOWN = ("bookings", "cycle_days", "cost", "net")
"""What a summary shows where nothing is asked for."""


@dataclass(frozen=True, eq=False, repr=False)
class Comparison(Same):
    """Scenarios against a base, simulated on the same keyed draws.

    Parameters
    ----------
    studies : tuple of Study
        The base first; replication r of each used the same draws.
    manifest : dict
        Enough to make it again.
    setting : Setting, optional
        Period, replications, start and assumptions.
    asked : tuple of str
        KPIs that were asked for by name: shown besides the usual ones.

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
    setting: Setting | None = None
    asked: tuple[str, ...] = ()

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
        nor bad; ``p_better_low, p_better_high``: what that many replications can show of it, each bound by itself with
        95 %; ``p10, p90`` of the difference; ``n`` replications with a difference.
        """
        tables = {study.name: paired(study.frame, self.base.frame) for study in self.studies}
        return pd.concat(tables, names=["scenario", "kpi"])

    def between(self, first: str, second: str) -> pd.DataFrame:
        """Return what one scenario does better or worse than another, from their paired runs.

        Two intervals against the base may overlap although the two differ for sure: their common luck is in both. This
        is the difference that ranks them.

        Parameters
        ----------
        first, second : str
            Names of scenarios, or of the base.

        Returns
        -------
        DataFrame, one row a KPI
            Columns as in :attr:`table`; ``difference`` is `first` minus `second`.

        Raises
        ------
        InvalidInputError
            If no scenario has that name.

        Examples
        --------
        >>> luck = [10.0, 20.0, 60.0, 30.0]
        >>> made = {"base": 0.0, "a": 5.0, "b": 4.0}
        >>> studies = [Study(name, pd.DataFrame({"bookings": [x * (gain + 1.0) for x in luck]}), "CNY", {}) for name, gain in made.items()]
        >>> Comparison(tuple(studies), {}).between("a", "b").loc["bookings", ["difference", "p_better"]].tolist()
        [30.0, 1.0]
        """
        return paired(self._study(first).frame, self._study(second).frame)

    def pairs(self, name: str = "net") -> pd.DataFrame:
        """Return the paired difference of every two scenarios in one KPI, the base left out.

        Returns
        -------
        DataFrame, one row a pair
            ``first, second``, the columns of :attr:`table` but ``mean``, and ``low_joint, high_joint``: the interval widened
            so that all pairs hold together with 95 % (Bonferroni). Who ranks many must use these: the best of many looks
            better than it is.

        Raises
        ------
        InvalidInputError
            If no study has the KPI.
        """
        self._check(name)
        rows = [{"first": a.name, "second": b.name, **_joint(paired(a.frame[[name]], b.frame[[name]]), name, self._n_pairs)}
                for a, b in self._couples if name in a.frame and name in b.frame]  # fmt: skip
        return pd.DataFrame(rows).rename(columns={"mean": "difference"})

    @property
    def _couples(self) -> list[tuple[Study, Study]]:
        return [(a, b) for i, a in enumerate(self.studies[1:]) for b in self.studies[i + 2 :]]

    @property
    def _n_pairs(self) -> int:
        return len(self._couples)

    def _study(self, name: str) -> Study:
        if name not in self.names:
            message = f"scenario must be one of {', '.join(self.names)}, got '{name}'. {did_you_mean(name, self.names)}"
            raise InvalidInputError(message)
        return self.studies[self.names.index(name)]

    def _gaps(self, study: Study) -> pd.DataFrame:
        """Return scenario minus base by replication and KPI (NaN where only one of them has the KPI)."""
        return gaps(study.frame, self.base.frame)

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
            message = f"kpi must be one that was computed, got {got(name)}. Hint: pass kpis=['{name}'] to compare"
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

        ``sure`` tells whether the paired runs bear that out: better on one of the two beyond chance, and not worse on the
        other; otherwise a scenario is beaten by means that luck may have ordered.
        """
        for name in (x, y):
            self._check(name)
        means = pd.DataFrame({study.name: study.frame.mean() for study in self.studies}).T
        found = findings.frontier(means.rename_axis("scenario"), x, y)
        sure = [None if by is None else self._beats(by, str(name), (x, y)) for name, by in found["dominated_by"].items()]
        return found.assign(sure=pd.Series(sure, index=found.index, dtype=object))

    def _beats(self, first: str, second: str, names: tuple[str, str]) -> bool:
        """Tell whether a scenario beats another on one KPI beyond chance and is not worse on the other."""
        rows = self.between(first, second)
        good = [(float(rows.at[name, "low"]), float(rows.at[name, "high"])) for name in names]  # type: ignore[arg-type]
        least = [low if kpi.better(name) > 0 else -high for name, (low, high) in zip(names, good, strict=True)]
        return min(least) >= 0.0 and max(least) > 0.0

    def summary(self, kpis: Sequence[str] = _SHOWN) -> pd.DataFrame:
        """Return the rows of :attr:`table` for a few KPIs, without the base.

        Raises
        ------
        KpiError
            If the comparison has none of that name; those that are not named explicitly may be missing.
        """
        known = self.table.index.get_level_values("kpi").unique()
        absent = [name for name in ([kpis] if isinstance(kpis, str) else kpis) if name not in known]
        if absent and kpis is not _SHOWN:
            message = f"kpis must be some that the comparison holds, got {got(absent[0])}. {did_you_mean(str(absent[0]), known)}"
            raise kpi.KpiError(message)
        rows = self.table.drop(index=self.base.name, level="scenario")
        return rows[rows.index.get_level_values("kpi").isin([kpis] if isinstance(kpis, str) else list(kpis))]

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison in the JSON shape of ``simsales compare --json``; undefined numbers are None.

        The base is the first scenario, with differences 0. ``cost`` and ``net`` are each scenario's own means, ``net_low`` and
        ``net_high`` bound its difference in net from the base. ``pairwise`` holds the paired difference of every two
        scenarios in the KPIs that rank them; ``says`` what a reader must know of the start, the period and assumptions.
        """
        found: dict[str, Any] = {"scenarios": [self._entry(study) for study in self.studies], "pairwise": self._pairwise()}
        found |= {"replications": len(self.base.frame), "asked": list(self.asked)}
        if self.setting is not None:
            found |= {"setting": self.setting.to_dict(), "says": list(self.setting.says(self._faster()))}
        return found | {"manifest": self.manifest}

    def noted(self, notes: Sequence[str]) -> Comparison:
        """Return the comparison with more that its reader must know: it stands on the page and in ``says``."""
        if self.setting is None or not notes:
            return self
        return replace(self, setting=replace(self.setting, notes=(*self.setting.notes, *notes)))

    def _faster(self) -> tuple[str, ...]:
        """Return the scenarios that change how fast deals go, and bookings with it."""
        retimed = () if self.setting is None else self.setting.retimed
        rows = {study.name: self.table.loc[[study.name]].droplevel("scenario") for study in self.studies[1:]}
        return tuple(name for name, found in rows.items() if (name in retimed or faster(found)) and not _same_bookings(found))

    def _pairwise(self) -> list[dict[str, Any]]:
        found = []
        for a, b in self._couples:
            shared = [name for name in dict.fromkeys((*RANKED, *self.asked)) if name in a.frame and name in b.frame]
            rows = paired(a.frame[shared], b.frame[shared])
            gap = {name: {key: finite(value) for key, value in _joint(rows, name, self._n_pairs).items()} for name in shared}
            found.append({"first": a.name, "second": b.name, "difference": gap})
        return found

    def _entry(self, study: Study) -> dict[str, Any]:
        rows = self.table.loc[[study.name]].droplevel("scenario")[COLUMNS[1:]].rename(columns={"difference": "mean"})
        means = study.to_dict()["kpis"]
        entry = {"name": study.name, "kpis": means, "difference": plain(rows)}
        for name in ("cost", "net"):
            entry[name] = means[name]["mean"] if name in means else None
        if "net" in rows.index:
            entry |= {f"net_{side}": finite(float(rows.at["net", side])) for side in ("low", "high")}  # type: ignore[arg-type]
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


def _joint(rows: pd.DataFrame, name: str, pairs: int) -> dict[str, float]:
    """Return the difference in a KPI with the interval that holds for all pairs together."""
    row = rows.to_dict("index")[name]
    mean, half = float(row["difference"]), float(row["high"] - row["low"]) / 2.0
    wide = half * joint_factor(float(row["n"]), pairs)
    found = {"mean": mean, **{name: float(row[name]) for name in COLUMNS[2:]}}
    return found | {"low_joint": mean - wide, "high_joint": mean + wide}


def _same_bookings(rows: pd.DataFrame) -> bool:
    """Tell whether a scenario leaves bookings exactly as they are: then no part of them is a gain that comes once."""
    return "bookings" in rows.index and bool((rows.loc["bookings", ["low", "high"]] == 0.0).all())
