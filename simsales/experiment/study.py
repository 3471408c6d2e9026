"""A study: the KPIs of many replications of one organisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simsales.errors import InvalidInputError, did_you_mean, got
from simsales.same import Same

if TYPE_CHECKING:
    from simsales.experiment.setting import Setting

__all__ = ["Study", "finite", "plain", "spread"]

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}


@dataclass(frozen=True, eq=False, repr=False)
class Study(Same):
    """KPIs by replication, and what they say together.

    Parameters
    ----------
    name : str
        Of the model or scenario.
    frame : DataFrame, one row a replication
        One column a KPI; NaN where a replication does not define it.
    currency : str
        ISO code of the money in it.
    manifest : dict
        Enough to make it again.
    notes : tuple of str
        What the reader should know, such as estimated holidays.
    setting : Setting, optional
        Period, replications, start and assumptions.

    Examples
    --------
    >>> study = Study("as is", pd.DataFrame({"won": [1.0, 2.0, 3.0]}), "CNY", {})
    >>> study.to_dict()["kpis"]["won"]["p50"]
    2.0
    """

    name: str
    frame: pd.DataFrame
    currency: str
    manifest: dict[str, Any]
    notes: tuple[str, ...] = field(default=())
    setting: Setting | None = None

    def summary(self, kpis: Sequence[str] | None = None) -> pd.DataFrame:
        """Return one row a KPI: ``mean, mc_error, sd, p10, p50, p90, n``.

        Parameters
        ----------
        kpis : sequence of str, optional
            Only these.

        ``mc_error`` is the standard error of the mean (it shrinks with more replications); ``sd`` and the quantiles
        describe how much one replication differs from the next (they do not).

        Raises
        ------
        InvalidInputError
            If the study has no KPI of a name.
        """
        if kpis is None:
            return spread(self.frame)
        wanted = [kpis] if isinstance(kpis, str) else list(kpis)
        absent = [name for name in wanted if name not in self.frame]
        if absent:
            message = f"kpis must be some that the study holds, got {got(absent[0])}. {did_you_mean(str(absent[0]), self.frame.columns)}"
            raise InvalidInputError(message)
        return spread(self.frame[wanted])

    def to_dict(self) -> dict[str, Any]:
        """Return the study in the JSON shape of ``simsales run --json``; undefined numbers are None."""
        found: dict[str, Any] = {"kpis": plain(self.summary())}
        if self.setting is not None:
            found |= {"setting": self.setting.to_dict(), "says": list(self.setting.says())}
        return found | {"manifest": self.manifest}

    @cached_property
    def plot(self) -> Any:
        """Figures of the study."""
        from simsales.report.plots import StudyPlots  # matplotlib: only when asked

        return StudyPlots(self)

    def __repr__(self) -> str:
        mean = self.frame["bookings"].mean() if "bookings" in self.frame else float("nan")
        return f"<Study {self.name!r}: {len(self.frame)} replications, mean bookings {mean:,.0f} {self.currency}>"

    def _repr_html_(self) -> str:
        from simsales.report.text import html_table

        rows = self.summary()
        rows = rows[~rows.index.str.contains("[", regex=False)].rename_axis("kpi").reset_index()
        caption = f"{self.name}: {len(self.frame)} replications, money in {self.currency}"
        return html_table(rows, caption=caption, limit=len(rows))


def spread(frame: pd.DataFrame) -> pd.DataFrame:
    """Return mean, Monte-Carlo error, standard deviation and quantiles of each column, NaN left out.

    Examples
    --------
    >>> spread(pd.DataFrame({"won": [1.0, 2.0, 3.0]})).loc["won", ["mean", "sd", "p50", "n"]].tolist()
    [2.0, 1.0, 2.0, 3.0]
    """
    known = frame.notna().sum()
    sd = frame.std(ddof=1)
    found = {"mean": frame.mean(), "mc_error": sd / np.sqrt(known.where(known > 0)), "sd": sd}
    found |= {name: frame.quantile(q) for name, q in QUANTILES.items()}
    return pd.DataFrame(found).assign(n=known).rename_axis("kpi")


def finite(value: float) -> float | None:
    """Return a number for JSON, which knows neither NaN nor infinity: those are None."""
    return float(value) if np.isfinite(value) else None


def plain(table: pd.DataFrame) -> dict[str, dict[str, float | None]]:
    """Return a table as dicts by row, for JSON."""
    return {
        str(name): {str(key): finite(value) for key, value in row.items()}
        for name, row in zip(table.index, table.to_dict("records"), strict=True)
    }
