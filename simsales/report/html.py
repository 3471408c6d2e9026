"""One-file HTML reports: open from disk, load nothing, need no script."""

from __future__ import annotations

import json
import os
import re
import tempfile
import warnings
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simsales.errors import OutputError
from simsales.report.embed import page_font
from simsales.report.fonts import ReportWarning, warn_missing
from simsales.report.pseudonyms import rep_names, without_names
from simsales.report.sections.changes import changes_section
from simsales.report.sections.forecast import Headline, forecast_headline, forecast_section
from simsales.report.sections.scenarios import scenario_section
from simsales.report.sections.sources import STATUSES, calibration_section, funnel_section, import_section
from simsales.report.sections.study import study_section
from simsales.report.sections.verdicts import scenario_headline
from simsales.report.view import Canvas, Prose, Section

Charts = Mapping[str, Axes | Figure] | Iterable[Axes | Figure]

GLOSSARY = (
    (
        "P10, P50, P90",
        "One in ten simulated futures ends below P10, half below P50 (the median), nine in ten below P90.",
    ),
    ("80 % range", "From P10 to P90. One result in five should fall outside it."),
    (
        "95 % interval",
        "Where a mean or a parameter lies, given the runs or the data there were. It is not the spread of single results.",
    ),
    (
        "P(better)",
        "Share of paired replications in which the scenario did better than the base; ties count half. Beside it is what so many "
        "replications can show, each bound with 95 % confidence: 30 of 30 show at least 90 %.",
    ),
    (
        "Monte-Carlo error",
        "Error of computing with a limited number of replications. It shrinks with more of them; the uncertainty of the future "
        "does not.",
    ),
    ("Noise floor", "The miss that pure chance leaves even to a model that knows every rate exactly."),
    (
        "Identified",
        "The data determine the number. Weakly identified: they say little. Assumed: they say nothing, and somebody chose it.",
    ),
)  # fmt: skip


def html_report(
    path: str | os.PathLike[str],
    *,
    title: str,
    import_report: Any = None,  # noqa: ANN401 - results of other modules, taken by their attributes
    calibration: Any = None,  # noqa: ANN401
    comparison: Any = None,  # noqa: ANN401
    says: Mapping[str, Sequence[str]] | None = None,
    study: Any = None,  # noqa: ANN401
    forecast: Any = None,  # noqa: ANN401
    funnel: pd.DataFrame | None = None,
    figures: Charts | None = None,
    notes: Iterable[str] = (),
    currency: str | None = None,
) -> Path:
    """Write a report as one HTML file; a section appears for each result that is passed.

    Parameters
    ----------
    path : path-like
        Where to write. An existing file is replaced only when the new one is complete.
    title : str
        Heading of the page.
    import_report : ImportReport, optional
        What was read and left out; by default that of the calibration's history.
    calibration : Calibration, optional
        The model and the status of its parameters; by default the one behind the forecast.
    comparison : Comparison, optional
        Scenarios against the base.
    says : mapping of str to sequence of str, optional
        By scenario, lines in words of what it changes, as :func:`simsales.describe.describe_scenario` gives them; they stand
        before the results, with reps under pseudonyms.
    study : Study, optional
        Many runs of one model.
    forecast : Forecast, optional
        Stands at the top when given.
    funnel : DataFrame, optional
        Columns stage, entered and optionally rate; by default that of the calibration's history, where it has stages.
    figures : mapping of str to Axes or Figure, or iterable of them, optional
        More figures, with their captions.
    notes : iterable of str
        Said on the page as they are.
    currency : str, optional
        ISO 4217 code; by default that of the forecast, the comparison or the model.

    Returns
    -------
    Path
        Where the report is.

    Raises
    ------
    OutputError
        If the file cannot be written; nothing is left behind.

    Examples
    --------
    >>> folder = tempfile.TemporaryDirectory()
    >>> frame = pd.DataFrame({"stage": ["线索", "成交"], "entered": [10, 3], "rate": [0.3, None]})
    >>> page = html_report(Path(folder.name) / "week.html", title="周报", funnel=frame)
    >>> "周报" in page.read_text(encoding="utf-8")
    True
    >>> folder.cleanup()
    """
    target = Path(path)
    check_writable(target)
    results = {"forecast": forecast, "comparison": comparison, "study": study}
    if calibration is None:
        calibration = getattr(forecast, "calibration", None)
    if import_report is None:
        import_report = getattr(getattr(calibration, "history", None), "report", None)
    if funnel is None:
        funnel = _funnel(getattr(calibration, "history", None))
    money = currency or _currency(forecast, comparison, study, calibration)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        page = Canvas()
        changes = changes_section(says or {}, rep_names(_manifest_data(results)))
        sections = _sections(page, results, money, import_report, calibration, funnel, figures, tuple(notes))
        sections = sections if changes is None else [changes, *sections]
    _warn_once(caught)
    head = _headline(forecast, comparison, money)
    text = render(title, head, sections, manifests(results), _subtitle(results))
    write_atomically(target, text)
    return target


def _subtitle(results: Mapping[str, Any]) -> str:
    """Return period, replications and start of the comparison or study of a page; empty where they are not known."""
    for name in ("comparison", "study"):
        result = results[name]
        data = result if isinstance(result, Mapping) else {} if result is None else result.to_dict()
        if line := (data.get("setting") or {}).get("line"):
            return str(line)
    return ""


def _funnel(history: Any) -> pd.DataFrame | None:  # noqa: ANN401 - History or None
    """Return the funnel of a history that knows more than one stage."""
    visits = getattr(history, "visits", None)
    if visits is None or visits["stage"].nunique() < 2:  # noqa: PLR2004 - one bar is no funnel
        return None
    from simsales.kpi import funnel  # noqa: PLC0415 - loads the engine, which other pages do not need

    return funnel(history)


def _headline(forecast: Any, comparison: Any, currency: str | None) -> Headline:  # noqa: ANN401
    """Return the answer in short: of the forecast, else of the comparison."""
    if forecast is not None:
        return forecast_headline(forecast)
    return Headline() if comparison is None else scenario_headline(comparison, currency)


def _currency(*results: Any) -> str | None:  # noqa: ANN401
    """Return the first currency that a result or its model names."""
    for result in results:
        for owner in (result, getattr(result, "model", None), getattr(result, "base", None)):
            found = getattr(owner, "currency", None)
            if isinstance(found, str) and found:
                return found
    return None


def _sections(
    page: Canvas, results: Mapping[str, Any], currency: str | None, import_report: Any, calibration: Any,  # noqa: ANN401
    funnel: pd.DataFrame | None, figures: Charts | None, notes: tuple[str, ...],
) -> list[Section]:  # fmt: skip
    """Return the sections for what there is, answers first and sources last."""
    found: list[Section] = []
    if results["forecast"] is not None:
        found.append(forecast_section(results["forecast"], page))
    if results["comparison"] is not None:
        found.append(scenario_section(results["comparison"], page, currency))
    if results["study"] is not None:
        found.append(study_section(results["study"], page, currency))
    if funnel is not None and len(funnel):
        found.append(funnel_section(funnel, page))
    if figures:
        found.append(_figure_section(figures, page))
    if calibration is not None:
        found.append(calibration_section(calibration, page, tuple(map(str, getattr(results["forecast"], "notes", ())))))
    if import_report is not None:
        found.append(import_section(import_report))
    if notes:
        found.append(Section("notes", "Notes", "", (Prose(notes, "list"),)))
    return found


def _figure_section(figures: Charts, page: Canvas) -> Section:
    """Return the section of further figures; without captions their own titles serve."""
    named = figures.items() if isinstance(figures, Mapping) else ((_title(chart), chart) for chart in figures)
    return Section("figures", "A closer look", "", tuple(page.draw(chart, caption) for caption, chart in named))


def _title(chart: Axes | Figure) -> str:
    """Return what a figure calls itself."""
    axes = chart.axes[:1] if isinstance(chart, Figure) else [chart]
    return next((ax.get_title(loc="left") or ax.get_title() for ax in axes), "") or "Figure"


def _warn_once(caught: Iterable[warnings.WarningMessage]) -> None:
    """Pass warnings on, with the characters that no font has named once for the whole page."""
    missing: set[str] = set()
    for item in caught:
        if isinstance(item.message, ReportWarning) and item.message.characters:
            missing |= set(item.message.characters)
        else:
            warnings.warn_explicit(item.message, item.category, item.filename, item.lineno)
    warn_missing("".join(sorted(missing)))


def manifests(results: Mapping[str, Any]) -> str:
    """Return the manifests of all results as indented JSON; empty where there are none.

    Parameters
    ----------
    results : mapping of str to result
        Results by name; those without a manifest are skipped.

    Returns
    -------
    str
        JSON with Chinese as it is, and reps under pseudonyms.

    Examples
    --------
    >>> manifests({"study": None})
    ''
    """
    found = _manifest_data(results)
    return json.dumps(without_names(found), ensure_ascii=False, indent=2, default=str) if found else ""


def _manifest_data(results: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON-like
    """Return the manifests by result, or the only one; empty where there are none."""
    found = {}
    for name, result in results.items():
        manifest = result.get("manifest") if isinstance(result, Mapping) else getattr(result, "manifest", None)
        if manifest:
            found[name] = manifest
    return next(iter(found.values())) if len(found) == 1 else found


def render(title: str, head: Headline, sections: list[Section], manifest: str = "", subtitle: str = "") -> str:
    """Return the page as text.

    Parameters
    ----------
    title : str
        Heading; escaped like every other text.
    head : Headline
        The answer in short; may be empty.
    sections : list of Section
        In reading order.
    manifest : str
        As :func:`manifests` returns it.
    subtitle : str
        Below the heading.

    Returns
    -------
    str
        A complete HTML document; the same for the same input.

    Examples
    --------
    >>> "&lt;b&gt;" in render("<b>", Headline(), [])
    True
    """
    folder = Path(__file__).parent / "templates"
    loader = jinja2.FileSystemLoader(folder)
    world = jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    world.globals.update(statuses={name: kind for name, (kind, _) in STATUSES.items()}, version=_version())
    template = world.get_template("report.html.j2")
    values: dict[str, Any] = {
        "title": title, "subtitle": subtitle, "cards": head.cards, "verdict": head.verdict, "split": head.split,
        "target": head.target, "target_at": head.target_at, "sections": sections, "manifest": manifest,
        "glossary": (),
    }  # fmt: skip
    if _has_evidence(sections):
        values["glossary"] = _used(template.render(**values | {"manifest": ""}, font=""))
    return template.render(**values, font=page_font(template.render(**values, font="")))


def _used(page: str) -> tuple[tuple[str, str], ...]:
    """Return the terms of the glossary that stand on a page."""
    body = re.sub(r"<style>.*?</style>|<svg.*?</svg>", "", page, flags=re.DOTALL).lower()
    return tuple((term, meaning) for term, meaning in GLOSSARY if any(word.lower() in body for word in term.split(", ")))


def _has_evidence(sections: Iterable[Section]) -> bool:
    return bool({"forecast", "scenarios", "study", "model"} & {section.id for section in sections})


def _version() -> str:
    try:
        return metadata.version("simsales")
    except metadata.PackageNotFoundError:
        return ""


def check_writable(target: Path) -> None:
    """Refuse a place where a report cannot be written, before anything is computed.

    Parameters
    ----------
    target : Path
        Where the report shall be.

    Raises
    ------
    OutputError
        If the folder does not exist or cannot be written, or the target is a folder.
    """
    folder = target.parent
    if target.is_dir():
        message = f"{target} must be a file, got a folder. Hint: name a file, such as {target / 'report.html'}."
        raise OutputError(message)
    if not folder.is_dir():
        message = f"{target} must be in a folder that exists, got {folder}. Hint: create the folder first."
        raise OutputError(message)
    if not os.access(folder, os.W_OK):
        message = f"{target} must be in a folder that can be written, got {folder}. Hint: choose another folder."
        raise OutputError(message)


def write_atomically(target: Path, text: str) -> None:
    """Write a text so that the file is either complete or untouched.

    Parameters
    ----------
    target : Path
        Where to write.
    text : str
        The whole content, written as UTF-8.

    Raises
    ------
    OutputError
        If the system refuses; nothing is left behind.
    """
    temporary = None
    try:
        with tempfile.NamedTemporaryFile("wb", dir=target.parent, prefix=".simsales-", suffix=".html", delete=False) as file:
            temporary = Path(file.name)
            file.write(text.encode("utf-8"))
        temporary.chmod(0o644)
        temporary.replace(target)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        reason = error.strerror or error
        message = f"{target} must be writable, got {reason}. Hint: choose another folder, or free some space."
        raise OutputError(message) from error
