"""The command line. Results go to stdout, everything else to stderr; this is the only module that prints.

Heavy imports stay inside the commands, so that ``simsales --help`` answers at once.
"""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer

from simsales import __version__
from simsales import options as opt
from simsales.errors import CheckFailedError, SimsalesError

if TYPE_CHECKING:
    from simsales.history import History

app = typer.Typer(
    name="simsales",
    help="Simulate and forecast a sales organisation from its own CRM history.\n\n"
    "\b\nFirst steps:\n"
    "  simsales demo                                     see the whole loop on packaged data\n"
    "  simsales import deals.csv --check                 see how your own file would be read\n"
    "  simsales forecast deals.csv --until 2027-03-31 --target 3M\n"
    "  simsales calibrate deals.csv --out model.yaml     learn a model\n"
    "  simsales compare model.yaml hire_two.yaml         compare a change with it\n\n"
    "Exit codes: 0 done, 1 failure, 2 usage, 3 invalid input (nothing written), 4 a check failed.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
Command = TypeVar("Command", bound=Callable[..., None])
Progress = Callable[[int, int], None]
DEBUG = "SIMSALES_DEBUG"
INTERRUPTED = 130
DEFAULT_REPS = 100


# streams and exit codes ---------------------------------------------------------------------------


def _say(message: str = "") -> None:
    """Print data."""
    print(message)  # noqa: T201 - the one place that may


def _tell(message: str) -> None:
    """Print a message for people, beside the data."""
    print(message, file=sys.stderr)  # noqa: T201 - as above


def _fail(message: str, code: int) -> NoReturn:
    _tell(f"Error: {message}" if "\n" not in message else f"Errors:\n{message}")
    raise typer.Exit(code)


def _guarded(command: Command) -> Command:
    """Turn errors into a message and an exit code: never a traceback, never half an output."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            with _warnings_in_words():
                command(*args, **kwargs)
            sys.stdout.flush()
        except SimsalesError as error:
            _fail(str(error), error.exit_code)
        except KeyboardInterrupt:
            _tell("Interrupted; nothing more was written.")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # the reader, such as head, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except MemoryError:
            _fail("the machine ran out of memory. Hint: fewer --jobs, or a shorter --until.", 1)
        except Exception as error:
            if os.environ.get(DEBUG) or hasattr(error, "exit_code"):  # Typer's own carry a code
                raise
            name = type(error).__name__
            _fail(
                f"something went wrong inside simsales: {name}: {error}. "
                f"Hint: run again with {DEBUG}=1 to see where, and report it.",
                1,
            )

    return run  # type: ignore[return-value]  # the wrapper has the signature that Typer reads


@contextlib.contextmanager
def _warnings_in_words() -> Iterator[None]:
    """Show warnings for users as one line each; leave out those for programmers."""

    def show(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
        if issubclass(category, UserWarning) or os.environ.get(DEBUG):
            _tell(f"Warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def _progress(label: str, *, quiet: bool) -> Iterator[Progress | None]:
    """Yield a callback that moves a bar on stderr; None where nobody is watching."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    if quiet or plain or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _emit(data: Any, text: Callable[[Any], str], *, as_json: bool) -> None:
    """Print a result once: as JSON, or as a table made of the same values."""
    from simsales.render import plain, to_json

    _say(to_json(data) if as_json else text(plain(data)))


def _notes(lines: Any, *, quiet: bool) -> None:
    for line in () if quiet else lines:
        _tell(f"Note: {line}")


# pieces that several verbs share ------------------------------------------------------------------


def _read(files: list[Path], *, quiet: bool, **options: Any) -> History:
    """Read a history and say on stderr what was read."""
    from simsales.inputs import read_inputs

    history = read_inputs(files, options)
    if not quiet:
        report = history.report
        _tell(f"Read {history.summary_line()}; class {history.history_class}, times in {history.timezone}")
        if report.dropped:
            _tell("Left out: " + "; ".join(f"{count:,} {reason}" for reason, count in report.dropped))
        _notes(report.notes, quiet=quiet)
    return history


def _check_outputs(*paths: Path | None) -> None:
    """Refuse places that cannot be written to before anything long begins."""
    from simsales.files.output import check_writable

    for path in paths:
        if path is not None:
            check_writable(path)


def _report(path: Path | None, title: str, **parts: Any) -> None:
    """Write an HTML report where one was asked for."""
    if path is not None:
        from simsales.report.html import html_report

        html_report(path, title=title, **parts)


def _funnel(history: History) -> Any:
    """Return the funnel of a history that knows more than one stage."""
    from simsales.kpi import funnel

    table = funnel(history)
    return table if len(table) > 1 else None


def _opened(path: Path | None, cases: int | None, *, quiet: bool) -> Any:
    """Return the open deals that a run starts with; say so where it starts with none."""
    from simsales.inputs import read_opening

    if path is None and cases is None:
        note = "the run starts without open deals, so its first bookings come late. Hint: --opening OPEN.csv"
        _notes([note], quiet=quiet)
    return read_opening(path)


# verbs --------------------------------------------------------------------------------------------


def _version(wanted: bool) -> None:
    if wanted:
        _say(f"simsales {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # noqa: ARG001 - the callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Hold the options of the program as a whole."""


@app.command()
@_guarded
def demo(out: opt.DemoFolder = Path("simsales-demo"), quiet: opt.Quiet = False) -> None:
    """See the whole loop on packaged data: import, calibrate, compare, forecast, report.

    \b
    simsales demo
    simsales demo --out my-demo
    """
    from simsales import demo as story
    from simsales.files.output import check_folder

    check_folder(out)
    with _progress("Demo", quiet=quiet) as progress:
        result = story.run(out, progress)
    _say(result.text)


@app.command("import")
@_guarded
def import_(
    files: opt.Files,
    out: opt.Tables = None,
    check: opt.DryRun = False,
    guess: opt.Guess = None,
    source: opt.Source = None,
    mapping: opt.Mapping = None,
    tz: opt.Zone = None,
    dayfirst: opt.DayFirst = None,
    decimal: opt.Decimal = None,
    until: opt.Exported = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Read CRM exports or event logs into canonical tables, and report what was read.

    \b
    simsales import deals.csv --check
    simsales import 商机导出.xlsx --guess mapping.yaml
    simsales import opportunities.csv stage_history.csv --out history
    """
    if out is None and guess is None and not check:
        message = "import must be told where to write. Hint: add --out DIR, or --check to write nothing."
        raise typer.BadParameter(message)
    from simsales.files.output import check_folder, write_text
    from simsales.inputs import read_inputs

    _check_outputs(guess)
    if out is not None:
        check_folder(out)
    given = {"source": source, "mapping": mapping, "tz": tz, "dayfirst": dayfirst, "decimal": decimal, "until": until}
    history = read_inputs(files, given)
    report = history.report
    _emit(report.to_dict(), lambda _: f"{report}\nDeals:           {history.summary_line()}", as_json=json)
    if check:
        return
    if guess is not None:
        write_text(guess, report.to_mapping())
        _notes([f"mapping written to {guess}; edit it and pass it as --mapping"], quiet=quiet)
    if out is not None:
        history.to_folder(out)
        _notes([f"canonical tables written to {out}"], quiet=quiet)


@app.command()
@_guarded
def calibrate(
    files: opt.Files,
    out: opt.ModelOut,
    opening: opt.OpeningOut = None,
    check: opt.CheckFit = True,
    names: opt.RepNames = False,
    seed: opt.Seed = 1,
    html: opt.Html = None,
    source: opt.Source = None,
    mapping: opt.Mapping = None,
    tz: opt.Zone = None,
    dayfirst: opt.DayFirst = None,
    decimal: opt.Decimal = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Learn a model from a history: every number with interval, n and status.

    \b
    simsales calibrate deals.csv --out model.yaml --opening open.csv
    simsales calibrate history/ --out model.yaml --html calibration.html
    """
    from simsales.calibrate import calibrate as learn
    from simsales.files import save_model, write_text
    from simsales.render import calibrate_text

    _check_outputs(out, html, opening)
    history = _read(files, quiet=quiet, source=source, mapping=mapping, tz=tz, dayfirst=dayfirst, decimal=decimal)
    calibration = learn(history, seed=seed, names=names)
    result = calibration.to_dict(with_check=check)
    save_model(calibration.model, out)
    if opening is not None:
        write_text(opening, calibration.opening().to_csv(index=False, lineterminator="\n"))
    sources = {
        "calibration": calibration,
        "import_report": history.report,
        "funnel": _funnel(history) if html else None,
    }
    _report(html, f"Calibration of {files[0].name}", **sources)
    _emit(result, calibrate_text, as_json=json)
    written = [f"model written to {out}", *([f"today's open deals written to {opening}"] if opening else [])]
    _notes([*calibration.notes, *written], quiet=quiet)


@app.command()
@_guarded
def check(file: opt.ModelOrScenario, base: opt.Base = None, json: opt.Json = False) -> None:
    """Check a model or scenario and say in words what it holds.

    \b
    simsales check model.yaml
    simsales check hire_two.yaml --base model.yaml
    """
    from simsales import describe
    from simsales.files import load_any, load_model
    from simsales.inputs import apply_at, base_of
    from simsales.model.levers import Scenario

    found = load_any(file)
    if isinstance(found, Scenario):
        kind, model_file = "scenario", base_of(file, found, base)
        timeline = None if model_file is None else apply_at(file, found, load_model(model_file))
        lines = describe.describe_scenario(found, timeline)
        unchecked = ["not checked against a model. Hint: add --base MODEL.yaml."]
        notes = unchecked if timeline is None else [*describe.notes(timeline.last), *describe.late(found, timeline.model)]
    else:
        kind, lines, notes = "model", describe.describe_model(found), describe.notes(found)
    data = {"file": str(file), "kind": kind, "valid": True, "says": lines, "notes": notes}
    said = [f"{file} is a valid {kind}.", *lines, *(f"Note: {note}" for note in notes)]
    _emit(data, lambda _: "\n".join(said), as_json=json)


@app.command()
@_guarded
def run(
    model: opt.MaybeModel = None,
    reps: opt.MaybeReps = None,
    seed: opt.Seed = 1,
    engine: opt.Engine = "auto",
    start: opt.Start = None,
    until: opt.Until = None,
    cases: opt.Cases = None,
    log: opt.Log = None,
    runs: opt.Runs = 1,
    opening: opt.Opening = None,
    manifest: opt.Manifest = None,
    jobs: opt.Jobs = None,
    html: opt.Html = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Simulate a model and report its KPIs.

    \b
    simsales run model.yaml --reps 200 --seed 7
    simsales run model.yaml --cases 1000 --log log.csv --runs 10
    simsales run model.yaml --json > run.json; simsales run --manifest run.json
    """
    if (model is None) == (manifest is None):
        message = "run must be given either MODEL.yaml or --manifest FILE.json"
        raise typer.BadParameter(message)
    if manifest is not None and any(option is not None for option in (reps, start, until, cases, log, opening)):
        message = "run --manifest must stand alone: the manifest says how to run. Hint: only --jobs, --html and --json."
        raise typer.BadParameter(message)
    if runs > 1 and log is None:
        message = "run --runs must come with --log FILE.csv. Hint: --reps sets the number of replications."
        raise typer.BadParameter(message)
    _check_outputs(html)
    if manifest is not None:
        found = _repeated(manifest, jobs)
    else:
        assert model is not None
        window = {"start": start, "until": until, "cases": cases}
        found = _simulated(model, opening, reps, seed, engine, window, (log, runs), jobs, quiet=quiet)
    _show_run(found, html, as_json=json)


def _show_run(found: Any, html: Path | None, *, as_json: bool) -> None:
    """Print a study, or the comparison that a manifest of one makes again."""
    from simsales.render import compare_text, run_text

    if hasattr(found, "frame"):
        _report(html, "Simulation", study=found)
        _emit(found.to_dict(), lambda d: run_text(d, found.currency, len(found.frame)), as_json=as_json)
    else:
        _report(html, "Scenarios", comparison=found)
        _emit(found.to_dict(), lambda d: compare_text(d, found.currency), as_json=as_json)


def _repeated(manifest: Path, jobs: int | None) -> Any:
    from simsales.experiment import rerun
    from simsales.inputs import read_manifest

    return rerun(read_manifest(manifest), jobs=jobs)


def _simulated(
    path: Path, opening: Path | None, reps: int | None, seed: int, engine: str, window: dict[str, Any],
    logs: tuple[Path | None, int], jobs: int | None, *, quiet: bool,
) -> Any:  # fmt: skip
    """Return the study of a model, and write its event logs where they were asked for."""
    from simsales.describe import brief_notes
    from simsales.experiment import replicate
    from simsales.files import load_model
    from simsales.inputs import log_paths

    loaded = load_model(path)
    window["opening"] = _opened(opening, window["cases"], quiet=quiet)
    _notes(brief_notes(loaded, str(path)), quiet=quiet)
    log, runs = logs
    paths = [] if log is None else log_paths(log, runs)
    _check_outputs(*paths)
    if reps is None:
        reps = DEFAULT_REPS if log is None else runs
    with _progress("Simulating", quiet=quiet) as progress:
        study = replicate(loaded, reps, seed, engine=engine, jobs=jobs, progress=progress, **window)
    if paths:
        _write_logs(loaded, window, seed, paths)
        _notes([f"{len(paths)} event log(s) written, the first to {paths[0]}"], quiet=quiet)
    return study


def _write_logs(model: Any, window: dict[str, Any], seed: int, paths: list[Path]) -> None:
    from simsales.engine import lower, run_plan
    from simsales.files import write_text

    plan = lower(model, **window)
    for k, path in enumerate(paths):
        frame = run_plan(plan, seed, k).to_event_log()
        write_text(path, frame.to_csv(index=False, lineterminator="\n"))


@app.command()
@_guarded
def compare(
    model: opt.Model,
    scenarios: opt.Scenarios,
    reps: opt.Reps = DEFAULT_REPS,
    seed: opt.Seed = 1,
    start: opt.Start = None,
    until: opt.Until = None,
    opening: opt.Opening = None,
    precision: opt.Precision = None,
    jobs: opt.Jobs = None,
    html: opt.Html = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Compare scenarios with a model: same customers, same luck, paired differences.

    \b
    simsales compare model.yaml hire_two.yaml new_plan.yaml
    simsales compare model.yaml hire_two.yaml --opening open.csv --reps 400 --html compare.html
    """
    from simsales.describe import brief_notes, late
    from simsales.experiment import compare as experiment
    from simsales.files import load_model
    from simsales.inputs import read_scenarios
    from simsales.render import compare_text

    _check_outputs(html)
    base = load_model(model)
    changes = read_scenarios(scenarios, base)
    window = {"start": start, "until": until, "opening": _opened(opening, None, quiet=quiet)}
    dated = [note for scenario in changes for note in late(scenario, base, until)]
    _notes([*brief_notes(base, str(model)), *dated], quiet=quiet)
    with _progress("Comparing", quiet=quiet) as progress:
        result = experiment(base, changes, reps, seed, precision=precision, jobs=jobs, progress=progress, **window)
    _report(html, f"Scenarios of {base.name}", comparison=result, currency=base.currency)
    _emit(result.to_dict(), lambda d: compare_text(d, base.currency), as_json=json)


@app.command()
@_guarded
def forecast(
    files: opt.Files,
    until: opt.LastDay,
    as_of: opt.AsOf = None,
    target: opt.Target = None,
    since: opt.Since = None,
    reps: opt.Futures = 200,
    seed: opt.Seed = 1,
    jobs: opt.Jobs = None,
    html: opt.Html = None,
    source: opt.Source = None,
    mapping: opt.Mapping = None,
    tz: opt.Zone = None,
    dayfirst: opt.DayFirst = None,
    decimal: opt.Decimal = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Forecast bookings: booked, open pipeline and deals still to come, with an honest range.

    \b
    simsales forecast deals.csv --until 2027-03-31 --target 3M
    simsales forecast 商机导出.xlsx --until 2026-12-31 --target 1200万 --html 周报.html
    simsales forecast deals.csv --as-of 2026-09-30 --until 2026-12-31 --json
    """
    from simsales.forecast import forecast as predict
    from simsales.render import forecast_text

    _check_outputs(html)
    history = _read(files, quiet=quiet, source=source, mapping=mapping, tz=tz, dayfirst=dayfirst, decimal=decimal)
    goal: Any = target  # the option's callback has made a number of it
    with _progress("Forecasting", quiet=quiet) as progress:
        found = predict(
            history, as_of=as_of, until=until, target=goal, since=since, replications=reps, seed=seed, jobs=jobs,
            progress=progress,
        )
    sources = {
        "calibration": found.calibration,
        "import_report": history.report,
        "funnel": _funnel(history) if html else None,
    }
    _report(html, f"Forecast until {until}", forecast=found, **sources)
    _emit(found.to_dict(), lambda d: forecast_text(d, found.currency), as_json=json)
    _notes(found.notes, quiet=quiet)


@app.command()
@_guarded
def schema() -> None:
    """Print the JSON Schema of model and scenario files, for editors.

    \b
    simsales schema > simsales.schema.json
    """
    from simsales.files.schema import schema_text

    _say(schema_text().rstrip("\n"))


@app.command()
@_guarded
def doctor(json: opt.Json = False) -> None:
    """Print versions, fonts, cores and calendar data; exit 4 if something is missing.

    \b
    simsales doctor
    """
    from simsales.doctor import examine

    found = examine()
    data = {"findings": [{"name": f.name, "value": f.value, "ok": f.is_ok} for f in found]}
    lines = [f"{'ok ' if f.is_ok else 'BAD'} {f.name:<18}{f.value}" for f in found]
    _emit(data, lambda _: "\n".join(lines), as_json=json)
    bad = [finding.name for finding in found if not finding.is_ok]
    if bad:
        message = f"this machine must have a working {', '.join(bad)}; see above."
        raise CheckFailedError(message)


def main() -> None:
    """Run the command line; the entry point of ``simsales``."""
    for stream in (sys.stdout, sys.stderr):  # Chinese labels must get out of any terminal and into any pipe
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
    app(prog_name="simsales")


__all__ = ["app", "main"]

if __name__ == "__main__":
    main()
