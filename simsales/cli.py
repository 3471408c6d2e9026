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
from simsales.errors import CheckFailedError, SimsalesError

if TYPE_CHECKING:
    from simsales.history import History

app = typer.Typer(
    name="simsales",
    help="Simulate and forecast a sales organisation from its own CRM history.\n\n"
    "\b\nFirst steps:\n  simsales demo                                     see the whole loop on packaged data\n"
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


def _say(message: str = "") -> None:
    """Print data."""
    print(message)  # noqa: T201 - the one place that may


def _tell(message: str) -> None:
    """Print a message for people, beside the data."""
    print(message, file=sys.stderr)  # noqa: T201


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
            if os.environ.get(DEBUG) or isinstance(error, (typer.Exit, typer.Abort)) or hasattr(error, "exit_code"):
                raise
            _fail(
                f"something went wrong inside simsales: {type(error).__name__}: {error}. "
                f"Hint: run again with {DEBUG}=1 to see where, and report it.",
                1,
            )

    return run  # type: ignore[return-value]


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
    if quiet or not sys.stderr.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bar(*parts, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _parsed(parse: Callable[[str | None], Any]) -> Callable[[str | None], Any]:
    """Return an option's callback: what cannot be read is a usage error."""

    def read(text: str | None) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return read


def _date(text: str | None) -> str | None:
    from simsales.inputs import iso_date

    return iso_date(text)


def _amount(text: str | None) -> Any:
    from simsales.inputs import amount

    return amount(text)


def _version(wanted: bool) -> None:
    if wanted:
        _say(f"simsales {__version__}")
        raise typer.Exit


Files = Annotated[list[Path], typer.Argument(metavar="HISTORY...", help="CRM exports, event logs, or a folder of canonical tables.", show_default=False)]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL.yaml", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object with unrounded numbers.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no notes.")]
Seed = Annotated[int, typer.Option(help="Same seed, same result.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Worker processes; default: all cores.", show_default=False)]
Html = Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a one-file HTML report.", show_default=False)]
Reps = Annotated[int, typer.Option(min=2, help="Replications.")]
Opening = Annotated[Path | None, typer.Option(metavar="OPEN.csv", help="Start from these open deals; see calibrate --opening.", show_default=False)]
Start = Annotated[str | None, typer.Option(callback=_parsed(_date), metavar="DATE", help="First day; default: the model's epoch.", show_default=False)]
Until = Annotated[str | None, typer.Option(callback=_parsed(_date), metavar="DATE", help="Last day; default: the model's horizon.", show_default=False)]
Source = Annotated[str | None, typer.Option(help="deals, changes, stage_history, events, xes or tables; default: guessed.", show_default=False)]
Mapping = Annotated[Path | None, typer.Option(metavar="M.yaml", help="States what would be guessed; see import --guess.", show_default=False)]
Zone = Annotated[str | None, typer.Option("--tz", help="Time zone of stamps without one, such as Asia/Shanghai.", show_default=False)]
DayFirst = Annotated[bool | None, typer.Option("--dayfirst/--monthfirst", help="How 01/02/2027 is read.", show_default=False)]
Decimal = Annotated[str | None, typer.Option(help="Decimal mark of amounts: . or ,", show_default=False)]


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Hold the options of the program as a whole."""


def _emit(data: Any, text: Callable[[Any], str], *, as_json: bool) -> None:
    """Print a result once: as JSON, or as a table made of the same values."""
    from simsales.render import plain, to_json

    _say(to_json(data) if as_json else text(plain(data)))


def _notes(lines: Any, *, quiet: bool) -> None:
    for line in () if quiet else lines:
        _tell(f"Note: {line}")


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


@app.command()
@_guarded
def demo(
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files that it makes.")] = Path("simsales-demo"),
    quiet: Quiet = False,
) -> None:
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
    files: Files,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder for the canonical tables.", show_default=False)] = None,
    check: Annotated[bool, typer.Option("--check", help="Only report; write nothing.")] = False,
    guess: Annotated[Path | None, typer.Option(metavar="M.yaml", help="Write the guessed mapping, to edit and pass as --mapping.", show_default=False)] = None,
    source: Source = None,
    mapping: Mapping = None,
    tz: Zone = None,
    dayfirst: DayFirst = None,
    decimal: Decimal = None,
    until: Annotated[str | None, typer.Option(callback=_parsed(_date), metavar="DATE", help="Day of the export; default: the last stamp.", show_default=False)] = None,
    json: Json = False,
    quiet: Quiet = False,
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
    history = read_inputs(files, {"source": source, "mapping": mapping, "tz": tz, "dayfirst": dayfirst, "decimal": decimal, "until": until})
    _emit(history.report.to_dict(), lambda _: f"{history.report}\nDeals:           {history.summary_line()}", as_json=json)
    if check:
        return
    if guess is not None:
        write_text(guess, history.report.to_mapping())
        _notes([f"mapping written to {guess}; edit it and pass it as --mapping"], quiet=quiet)
    if out is not None:
        history.to_folder(out)
        _notes([f"canonical tables written to {out}"], quiet=quiet)


@app.command()
@_guarded
def calibrate(
    files: Files,
    out: Annotated[Path, typer.Option(metavar="MODEL.yaml", help="Where to write the model.", show_default=False)],
    opening: Annotated[Path | None, typer.Option(metavar="OPEN.csv", help="Also write today's open deals, for run and compare.", show_default=False)] = None,
    check: Annotated[bool, typer.Option("--check/--no-check", help="Simulate the training window and compare.")] = True,
    seed: Seed = 1,
    html: Html = None,
    source: Source = None,
    mapping: Mapping = None,
    tz: Zone = None,
    dayfirst: DayFirst = None,
    decimal: Decimal = None,
    json: Json = False,
    quiet: Quiet = False,
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
    calibration = learn(history, seed=seed)
    result = calibration.to_dict(with_check=check)
    save_model(calibration.model, out)
    if opening is not None:
        write_text(opening, calibration.opening().to_csv(index=False, lineterminator="\n"))
    if html is not None:
        _report(html, f"Calibration of {files[0].name}", import_report=history.report, calibration=calibration)
    _emit(result, calibrate_text, as_json=json)
    _notes([*calibration.notes, f"model written to {out}"], quiet=quiet)


def _report(path: Path, title: str, **parts: Any) -> None:
    from simsales.report.html import html_report

    html_report(path, title=title, **parts)


@app.command()
@_guarded
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.yaml", help="A model or a scenario.", show_default=False)],
    base: Annotated[Path | None, typer.Option(metavar="MODEL.yaml", help="The model that a scenario changes; default: its base.", show_default=False)] = None,
    json: Json = False,
) -> None:
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
    notes: list[str] = []
    if isinstance(found, Scenario):
        model_file = base_of(file, found, base)
        timeline = None if model_file is None else apply_at(file, found, load_model(model_file))
        lines = describe.describe_scenario(found, timeline)
        notes = describe.notes(timeline.last) if timeline else ["not checked against a model. Hint: add --base MODEL.yaml."]
    else:
        lines, notes = describe.describe_model(found), describe.notes(found)
    kind = "scenario" if isinstance(found, Scenario) else "model"
    data = {"file": str(file), "kind": kind, "valid": True, "says": lines, "notes": notes}
    _emit(data, lambda d: "\n".join([f"{file} is a valid {kind}.", *d["says"], *(f"Note: {n}" for n in d["notes"])]), as_json=json)


@app.command()
@_guarded
def run(
    model: Annotated[Path | None, typer.Argument(metavar="MODEL.yaml", show_default=False)] = None,
    reps: Annotated[int | None, typer.Option(min=1, help="Replications; default 100, or --runs with --log.", show_default=False)] = None,
    seed: Seed = 1,
    engine: Annotated[str, typer.Option(help="auto or reference.")] = "auto",
    start: Start = None,
    until: Until = None,
    cases: Annotated[int | None, typer.Option(min=1, help="Simulate exactly the first N leads.", show_default=False)] = None,
    log: Annotated[Path | None, typer.Option(metavar="F.csv", help="Write event logs: case_id, activity, start_time, end_time, resource.", show_default=False)] = None,
    runs: Annotated[int, typer.Option(min=1, help="How many logs: F_0.csv, F_1.csv, ...; one: F.csv.")] = 1,
    opening: Opening = None,
    manifest: Annotated[Path | None, typer.Option(metavar="FILE.json", help="Repeat a run from its manifest, bit for bit.", show_default=False)] = None,
    jobs: Jobs = None,
    html: Html = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Simulate a model and report its KPIs.

    \b
    simsales run model.yaml --reps 200 --seed 7
    simsales run model.yaml --cases 1000 --log log.csv --runs 10
    simsales run model.yaml --json > run.json; simsales run --manifest run.json
    """
    from simsales.render import compare_text, run_text

    if (model is None) == (manifest is None):
        message = "run must be given either MODEL.yaml or --manifest FILE.json"
        raise typer.BadParameter(message)
    _check_outputs(html)
    if manifest is not None:
        found = _repeated(manifest, jobs)
    else:
        assert model is not None
        window = {"start": start, "until": until, "cases": cases}
        found = _simulated(model, opening, reps, seed, engine, window, (log, runs), jobs, quiet=quiet)
    is_study = hasattr(found, "frame")  # the manifest of a comparison makes the comparison again
    if html is not None:
        _report(html, "Simulation", **{"study" if is_study else "comparison": found})
    say = (lambda d: run_text(d, found.currency, len(found.frame))) if is_study else (lambda d: compare_text(d, found.currency))
    _emit(found.to_dict(), say, as_json=json)


def _opened(path: Path | None, cases: int | None, *, quiet: bool) -> Any:
    """Return the open deals that a run starts with; say so where it starts with none."""
    from simsales.inputs import read_opening

    if path is None and cases is None:
        _notes(["the run starts without open deals, so its first bookings come late. Hint: --opening OPEN.csv"], quiet=quiet)
    return read_opening(path)


def _repeated(manifest: Path, jobs: int | None) -> Any:
    from simsales.experiment import rerun
    from simsales.inputs import read_manifest

    return rerun(read_manifest(manifest), jobs=jobs)


def _simulated(
    path: Path, opening: Path | None, reps: int | None, seed: int, engine: str, window: dict[str, Any],
    logs: tuple[Path | None, int], jobs: int | None, *, quiet: bool,
) -> Any:  # fmt: skip
    """Return the study of a model, and write its event logs where they were asked for."""
    from simsales.describe import notes
    from simsales.engine import lower, run_plan
    from simsales.experiment import replicate
    from simsales.files import load_model, write_text
    from simsales.inputs import log_paths

    loaded = load_model(path)
    window["opening"] = _opened(opening, window["cases"], quiet=quiet)
    _notes(notes(loaded), quiet=quiet)
    log, runs = logs
    paths = [] if log is None else log_paths(log, runs)
    _check_outputs(*paths)
    if reps is None:
        reps = 100 if log is None else runs
    with _progress("Simulating", quiet=quiet) as progress:
        study = replicate(loaded, reps, seed, engine=engine, jobs=jobs, progress=progress, **window)
    if paths:
        plan = lower(loaded, **window)
        for k, target in enumerate(paths):
            write_text(target, run_plan(plan, seed, k).to_event_log().to_csv(index=False, lineterminator="\n"))
        _notes([f"event log{'s' * (runs > 1)} written to {paths[0]}" + (f" ... {paths[-1]}" if runs > 1 else "")], quiet=quiet)
    return study


@app.command()
@_guarded
def compare(
    model: ModelFile,
    scenarios: Annotated[list[Path], typer.Argument(metavar="SCENARIO.yaml...", show_default=False)],
    reps: Reps = 100,
    seed: Seed = 1,
    start: Start = None,
    until: Until = None,
    opening: Opening = None,
    precision: Annotated[float | None, typer.Option(min=0.0001, max=1.0, help="Stop early when the bookings difference is known to this share of bookings.", show_default=False)] = None,
    jobs: Jobs = None,
    html: Html = None,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Compare scenarios with a model: same customers, same luck, paired differences.

    \b
    simsales compare model.yaml hire_two.yaml new_plan.yaml
    simsales compare model.yaml hire_two.yaml --reps 400 --seed 7 --html compare.html
    """
    from simsales.describe import notes
    from simsales.experiment import compare as experiment
    from simsales.files import load_model
    from simsales.inputs import read_scenarios
    from simsales.render import compare_text

    _check_outputs(html)
    base = load_model(model)
    changes = read_scenarios(scenarios, base)
    today = _opened(opening, None, quiet=quiet)
    _notes(notes(base), quiet=quiet)
    with _progress("Comparing", quiet=quiet) as progress:
        result = experiment(base, changes, reps, seed, start=start, until=until, opening=today, jobs=jobs, precision=precision, progress=progress)
    if html is not None:
        _report(html, f"Scenarios of {base.name}", comparison=result, currency=base.currency)
    _emit(result.to_dict(), lambda d: compare_text(d, base.currency), as_json=json)


@app.command()
@_guarded
def forecast(
    files: Files,
    until: Annotated[str, typer.Option(callback=_parsed(_date), metavar="DATE", help="Last day of the period.", show_default=False)],
    as_of: Annotated[str | None, typer.Option(callback=_parsed(_date), metavar="DATE", help="Forecast as known on this day; default: the last day of the data.", show_default=False)] = None,
    target: Annotated[str | None, typer.Option(callback=_parsed(_amount), metavar="AMOUNT", help="Such as 3000000, 1.2M or 1200万.", show_default=False)] = None,
    reps: Annotated[int, typer.Option(min=20, help="Simulated futures.")] = 300,
    seed: Seed = 1,
    jobs: Jobs = None,
    html: Html = None,
    source: Source = None,
    mapping: Mapping = None,
    tz: Zone = None,
    dayfirst: DayFirst = None,
    decimal: Decimal = None,
    json: Json = False,
    quiet: Quiet = False,
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
    wanted: Any = target  # the callback has made a number of it
    with _progress("Forecasting", quiet=quiet) as progress:
        found = predict(history, as_of=as_of, until=until, target=wanted, replications=reps, seed=seed, jobs=jobs, progress=progress)
    if html is not None:
        _report(html, f"Forecast until {until}", forecast=found, import_report=history.report)
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
def doctor(json: Json = False) -> None:
    """Print versions, fonts, cores and calendar data; exit 4 if something is missing.

    \b
    simsales doctor
    """
    from simsales.doctor import examine

    found = examine()
    data = {"findings": [{"name": f.name, "value": f.value, "ok": f.is_ok} for f in found]}
    _emit(data, lambda d: "\n".join(f"{'ok ' if f['ok'] else 'BAD'} {f['name']:<18}{f['value']}" for f in d["findings"]), as_json=json)
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
