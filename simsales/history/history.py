"""What happened: the canonical tables of one CRM export or event log."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from simsales.history import asof, folder, tables
from simsales.history.report import ImportReport
from simsales.same import Same


@dataclass(frozen=True, eq=False, repr=False)
class History(Same):
    """What is known about an organisation's deals, and how well it is known.

    Parameters
    ----------
    deals : DataFrame, one row a deal
        ``deal_id, created_at, segment, channel, product, region, owner, amount, currency, status, closed_at,
        stage, expected_close`` and whatever else the source had; sorted by ``created_at, deal_id``. ``amount`` is in
        ``currency``; ``status`` is open, won, lost or no_decision.
    visits : DataFrame, one row a stay in an open stage
        ``deal_id, seq, stage, entered_at, left_at, exit, owner, amount, precision, is_synthetic``. ``exit`` is the
        next stage, or how the deal ended; missing while the visit is open. ``owner`` and ``amount`` are those at entry.
    tasks : DataFrame, one row a piece of work
        ``deal_id, seq, stage, role, rep, queued_at, started_at, ended_at, work_hours`` (clock hours); may be empty.
    reps : DataFrame
        ``rep, role, team, region, hired_at, left_at``.
    stages : DataFrame
        ``stage, order, kind`` with kind open, won, lost, no_decision or parked.
    report : ImportReport
        What the import did.
    observed_from, observed_until : Timestamp
        UTC; closings and moves are recorded from the first, nothing is known after the second.
    history_class : str
        A every stage change, B last entry per stage, C current stage and last change, D created and closed only.
    currency : str or None
        ISO code where all deals share one.
    timezone : str
        IANA zone of the organisation.
    changes : DataFrame, one row a recorded change of a value
        ``deal_id, changed_at, field, value`` for owner, amount and expected_close; empty where not recorded.

    Notes
    -----
    Class D gives one visit per deal in a stage named ``Open``. Class C gives one visit in the current stage since the
    last stage change; a closed deal whose label no longer names an open stage gets a synthetic visit in ``Open`` from
    its creation to its end. All stamps are UTC with microseconds.
    """

    deals: pd.DataFrame
    visits: pd.DataFrame
    tasks: pd.DataFrame
    reps: pd.DataFrame
    stages: pd.DataFrame
    report: ImportReport
    observed_from: pd.Timestamp
    observed_until: pd.Timestamp
    history_class: str
    currency: str | None = None
    timezone: str = "UTC"
    changes: pd.DataFrame = field(default_factory=lambda: tables.shaped(pd.DataFrame(), "changes"))

    def as_of(self, t: str | dt.date | pd.Timestamp) -> History:
        """Return exactly what was known at a moment.

        Parameters
        ----------
        t : str, date, datetime or Timestamp
            A date means the end of that day in the history's time zone; a stamp without a zone is read in it.

        Returns
        -------
        History
            Later deals are gone; visits and deals that end later are open, without their final amount, stage, expected
            close or outcome. Columns beyond the canonical ones are blanked for deals open at ``t`` unless the mapping
            lists them under ``known_at_creation``. Segment, channel, product, region and (where owner changes were
            not recorded) owner count as known at creation. Deals without ``created_at`` are left out and counted.

        Raises
        ------
        HistoryError
            If ``t`` is not a date or lies before the first deal.
        """
        return asof.snapshot(self, t)

    def to_folder(self, path: str | Path) -> Path:
        """Write the tables as CSV and ``history.json`` into a folder; return the folder."""
        return folder.write(self, Path(path))

    @classmethod
    def from_folder(cls, path: str | Path) -> History:
        """Return the history that :meth:`to_folder` wrote."""
        return folder.read(Path(path))

    @property
    def plot(self) -> Any:
        """Figures: ``funnel()``, ``durations()``, ``utilisation()``, ``queue()``."""
        from simsales.report.plots import HistoryPlots  # only where somebody looks

        return HistoryPlots(self)

    def __repr__(self) -> str:
        return f"<History class {self.history_class}: {self.summary_line()}>"

    def summary_line(self) -> str:
        """Return the counts of deals by status and the window, in one line."""
        counts = self.deals["status"].value_counts()
        parts = [f"{int(counts[status]):,} {status}" for status in tables.STATUSES if status in counts]
        first, last = (t.tz_convert(self.timezone) for t in (self.observed_from, self.observed_until))
        window = f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"
        return f"{len(self.deals):,} deals ({', '.join(parts)}), {len(self.visits):,} visits, {window}"

    def _repr_html_(self) -> str:
        return f"<p><b>History</b>: {self.summary_line()}</p>{self.report._repr_html_()}"
