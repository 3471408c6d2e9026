"""A study: what one organisation does, measure by measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simsales.report import measures, text
from simsales.report.figures import distribution
from simsales.report.measures import cautions
from simsales.report.sections.scenarios import FIRST
from simsales.report.view import Block, Canvas, Prose, Section, Table

LEAD = (
    "What the simulated organisation does over the whole period. The range is chance from one run to the next; the Monte-Carlo "
    "error is the error of computing the mean."
)
CAPTION = "How bookings fall from one run to the next: half of the runs end above P50, eight in ten between P10 and P90."


def study_section(study: Any, page: Canvas, currency: str | None = None) -> Section:  # noqa: ANN401 - a Study or its dictionary
    """Return the section on a study: every measure with its spread and its Monte-Carlo error.

    Parameters
    ----------
    study : Study or dict
        With ``to_dict()`` in the shape of ``simsales run --json``, or that dictionary.
    page : Canvas
        Draws the figure.
    currency : str, optional
        ISO 4217 code.

    Returns
    -------
    Section
        Overall measures; breakdowns and meanings are folded, breakdowns by rep are left out.
    """
    data = study if isinstance(study, Mapping) else study.to_dict()
    kpis = data["kpis"]
    overall = [kpi for kpi in FIRST if kpi in kpis] + [kpi for kpi in kpis if "[" not in kpi and kpi not in FIRST]
    broken = [kpi for kpi in kpis if "[" in kpi and "[rep=" not in kpi]
    line, said = (data.get("setting") or {}).get("line"), tuple(data.get("says") or ())
    blocks: list[Block] = [*([Prose((f"Simulated: {line}.",))] if line else ()), *([Prose(said, "warning")] if said else ())]
    frame = getattr(study, "frame", None)
    if frame is not None and "bookings" in frame and frame["bookings"].notna().any():
        blocks.append(page.draw(distribution(frame["bookings"], kpi="bookings", currency=currency), CAPTION))
    blocks.append(_table(kpis, overall, currency))
    if missing := measures.unstated(kpis):
        blocks.append(Prose((f"Not modelled, so n/a: {', '.join(missing)}.",)))
    if full := tuple(cautions("", kpis)):
        blocks.append(Prose(full, "warning"))
    if broken:
        blocks.append(_table(kpis, broken, currency, folded="By stage, role, segment and channel"))
    blocks.append(_meanings(overall))
    if notes := tuple(str(note) for note in getattr(study, "notes", ())):
        blocks.append(Prose(notes, "warning"))
    return Section("study", "The organisation as simulated", LEAD, tuple(blocks))


def _meanings(names: list[str]) -> Table:
    """Return what each measure means, folded."""
    known = [(kpi, measures.registered(kpi)) for kpi in names]
    rows = tuple((measures.label(kpi), found.zh, found.definition) for kpi, found in known if found is not None)
    return Table(("Measure", "中文", "Meaning"), rows, (False, False, False), folded="What each measure means")


def _table(kpis: Mapping[str, Any], names: list[str], currency: str | None, folded: str = "") -> Table:
    """Return mean, Monte-Carlo error and 80 % range of some measures."""
    idle = () if (kpis.get("cost") or {}).get("mean") else ("cost", "net")  # a net of no costs is only bookings again
    rows = tuple(_row(kpi, {} if kpi in idle else kpis[kpi], currency) for kpi in names)
    return Table(("Measure", "Mean", "Monte-Carlo error", "80 % of runs"), rows, (False, True, True, True), folded=folded)


def _row(kpi: str, found: Mapping[str, Any], currency: str | None) -> tuple[str, ...]:
    """Return one measure; where it is not defined, only that."""

    def show(value: Any) -> str:  # noqa: ANN401 - float or None
        return measures.show(kpi, value, currency)

    error = show(found.get("mc_error"))
    shown = error if error == text.UNKNOWN else f"±{error}"
    return measures.label(kpi), show(found.get("mean")), shown, text.interval(found.get("p10"), found.get("p90"), show)
