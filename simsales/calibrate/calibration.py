"""The result of a calibration."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from simsales.calibrate.assemble import build, opening
from simsales.calibrate.data import DAY
from simsales.calibrate.fit import Fit, fit
from simsales.engine.streams import checked_seed
from simsales.errors import HistoryError, expect
from simsales.model.schema import Model, Parameter
from simsales.same import Same

if TYPE_CHECKING:
    from simsales.history import History

DRAWS = 200
MANY_BLANK = 0.05
CLASS_NOTES = {
    "B": "Only the last entry into each stage is known: returns to a stage are hidden.",
    "C": (
        "Only the current stage and its last change are known, and of closed deals not even the "
        "stages: the model has one stage, 'Open', from creation to closing. A stage history, or "
        "dated exports of the same deals read together, would give the stages."
    ),
    "D": (
        "Only creation and closing are known: the model has one stage, 'Open'. It cannot tell which "
        "stage is slow, what a redesign of one stage would do, or where deals get lost."
    ),
}



def _number(text: str) -> float:
    """Return the number of a text such as ``12 months``; NaN where it is not one number with a unit."""
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?)(?: [^\W\d]+)?", text)
    return float(found[1]) if found else float("nan")


@dataclass(frozen=True, eq=False, repr=False)
class Calibration(Same):
    """A model learnt from a history, with everything that says how far to believe it.

    Parameters
    ----------
    model : Model
        Best estimate; its epoch is the end of the history.
    parameters : tuple of Parameter
        Estimate, 95 % interval, n and status of every number.
    fit : Fit
        Estimates under every bootstrap weighting.
    notes : tuple of str
        What the history cannot tell.
    """

    model: Model
    parameters: tuple[Parameter, ...]
    fit: Fit
    notes: tuple[str, ...] = field(default=())

    @property
    def history(self) -> History:
        """The history that was calibrated."""
        return self.fit.history

    def summary(self) -> pd.DataFrame:
        """Return one row a parameter: ``path, value, text, low, high, n, status, note``.

        ``value`` is a number: NaN where the parameter is none, such as working hours; then, and where it has a unit, ``text``
        says what it is. ``n`` is a whole number, or missing.
        """
        rows = [parameter.model_dump() for parameter in self.parameters]
        found = pd.DataFrame(rows, columns=["path", "value", "low", "high", "n", "status", "note"])
        stated = [value if isinstance(value, str) else "" for value in found["value"]]
        numbers = [_number(text) if text else value for text, value in zip(stated, found["value"], strict=True)]
        found = found.assign(value=pd.Series(numbers, dtype=float), n=found["n"].astype("Int64"))
        found.insert(2, "text", stated)
        return found.astype({"low": float, "high": float})

    def opening(self) -> pd.DataFrame:
        """Return today's open deals as a warm start for :func:`simsales.simulate`."""
        return opening(self.fit)

    def draw(self, number: int) -> Model:
        """Return the model under bootstrap weighting `number` (0 is the best estimate)."""
        return self.model if number == 0 else build(self.fit, number)[0]

    def check(self, replications: int | None = None, seed: int = 1) -> pd.DataFrame:
        """Simulate the training window and compare it with the history and with the trace floor.

        Returns
        -------
        DataFrame
            ``measure, model, history, floor``; see :mod:`simsales.calibrate.check`.
        """
        from simsales.calibrate.check import check

        return check(self, replications, seed)

    def curves(self) -> pd.DataFrame:
        """Return the share of stays that have ended by each age, observed and as the model has it.

        Returns
        -------
        DataFrame
            ``stage, days, p, exit, kind``; kind is ``observed``, ``fitted`` or ``censored``.
        """
        from simsales.calibrate.check import curves

        return curves(self)

    def to_dict(self, *, with_check: bool = True) -> dict[str, Any]:
        """Return the JSON shape of the public contract: parameters, check, class."""
        keep = ("path", "value", "low", "high", "n", "status", "note")
        rows = [{key: getattr(p, key) for key in keep} for p in self.parameters]
        found = self.check().to_dict("records") if with_check else []
        return {
            "parameters": rows,
            "check": found,
            "class": self.history.history_class,
            "notes": list(self.notes),
        }

    @property
    def plot(self) -> Any:
        """Figures: ``durations()``, ``funnel()``."""
        from simsales.report.plots import CalibrationPlots

        return CalibrationPlots(self)

    def __repr__(self) -> str:
        counts = self.summary()["status"].value_counts()
        parts = ", ".join(f"{int(n)} {status}" for status, n in counts.items())
        return f"<Calibration of {len(self.history.deals)} deals: {parts}>"

    def _repr_html_(self) -> str:
        from simsales.report.text import html_table

        return html_table(self.summary())


def calibrate(
    history: History, *, draws: int = DRAWS, seed: int = 1, names: bool = False
) -> Calibration:
    """Learn a model from a history.

    Parameters
    ----------
    history : History
    draws : int
        Bootstrap weightings of deals behind every interval.
    seed : int
        Determines them.
    names : bool
        Keep the names of reps in the model. By default it has pseudonyms: what a rep sells is
        personnel data.

    Returns
    -------
    Calibration

    Raises
    ------
    HistoryError
        If the history holds no deal that can be placed in time.
    """
    from simsales.history import History

    expect("history", history, History, "a History. Hint: read_history(path) reads one, run.to_history() makes one of a run", HistoryError)
    expect("draws", draws, (int, np.integer), "a whole number of bootstrap draws", HistoryError)
    if draws < 1:
        message = f"draws must be at least 1, got {draws}. Hint: 200 give intervals"
        raise HistoryError(message)
    found = fit(history, int(draws), checked_seed(seed), names=names)
    model, rows = build(found)
    return Calibration(model, tuple(rows), found, notes(found))


def notes(found: Fit) -> tuple[str, ...]:
    """Return in words what the history cannot tell."""
    history = found.history
    said = [CLASS_NOTES[history.history_class]] if history.history_class in CLASS_NOTES else []
    for stage in found.stages:
        share = float((stage.visits.cause == 0).mean())
        closed = int((stage.visits.cause > 0).sum())
        if share > 0.6:
            said.append(f"Stage '{stage.visits.name}': {share:.0%} of stays are still going on; its times are extrapolated.")
        if closed < 30:
            said.append(f"Stage '{stage.visits.name}': only {closed} stays have ended; wide intervals.")
    if not len(history.tasks) and found.people.names:
        said.append("The history has no start and end times of work: work content is "
                    + ("inferred from the team's throughput." if found.is_limited() else "assumed."))
    if found.is_limited() and len(found.stages) == 1:
        said.append("The team's throughput sets the pace, but one stage does not show which step waits for the team: if quick losses "
                    "are among what it ends, wins come later than forecast. A stage history would show it.")
    said.extend(_export_notes(found))
    if not found.people.names:
        said.append("No owners that repeat: the model has no reps and no limit of capacity.")
    return tuple(said)


def _export_notes(found: Fit) -> list[str]:
    """Return signs that the export left deals out or holds wrong values."""
    said = []
    deals = found.history.deals
    if found.history.currency is None and deals["amount"].notna().any():
        said.append("No currency is stated: amounts are shown as USD. A mapping's currency: says otherwise.")
    if not deals["status"].eq("open").any() and len(deals) >= 20:
        said.append("The history has no open deal: if only closed deals were exported, recent leads are missing "
                    "and the forecast of new deals is too low. Export open deals too.")
    said.extend(_amount_notes(deals))
    said.extend(_date_notes(found))
    return said


def _amount_notes(deals: pd.DataFrame) -> list[str]:
    """Return what missing and negative amounts of won deals do to bookings."""
    won = deals.loc[deals["status"].eq("won"), "amount"]
    said = []
    if won.isna().mean() > MANY_BLANK and won.notna().any():
        said.append(f"{int(won.isna().sum()):,} of {len(won):,} won deals have no amount: past bookings count them as nothing, "
                    "future ones as deals like the others, so a forecast can stand above the past.")
    if (won < 0).any():
        said.append(f"{int((won < 0).sum()):,} won deals have a negative amount: they count in past bookings, "
                    "but no new deal is expected to have one.")
    return said


def _date_notes(found: Fit) -> list[str]:
    """Return signs that the last dates of the history are not when it really ends."""
    history = found.history
    said = []
    created = history.deals["created_at"].dropna().sort_values()
    silent = float((history.observed_until - created.max()) / DAY)
    gaps = created.diff().dropna().dt.total_seconds() / 86_400.0
    if len(gaps) >= 20 and silent > max(14.0, 20.0 * float(gaps.quantile(0.95))):
        level = sum(channel.leads_per_week for channel in found.channels)
        said.append(f"No deal was created in the last {silent:.0f} days of the history: new deals are taken to fade, "
                    f"to {level:.2g} a week now.")
    known = pd.concat([created, history.deals["closed_at"].dropna()]).sort_values()
    before = known.quantile(0.95)
    late = float((history.observed_until - before) / DAY)
    if len(known) >= 40 and late > max(90.0, 0.5 * float((before - known.iloc[0]) / DAY)):
        said.append(f"95 % of the dates of the history lie before {before:%Y-%m-%d}, but it ends on "
                    f"{history.observed_until:%Y-%m-%d}: a wrong date in the future moves the forecast. Correct it, or forecast as of an earlier day.")
    return said
