"""What every verb shares: data to stdout, messages to stderr, exit codes, errors in words.

Heavy imports stay inside functions, so that ``simsales --help`` answers at once.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer

from simsales.errors import SimsalesError

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


# streams and exit codes ---------------------------------------------------------------------------


def say(message: str = "") -> None:
    """Print data."""
    print(message)  # noqa: T201 - the one place that may


def tell(message: str) -> None:
    """Print a message for people, beside the data."""
    print(message, file=sys.stderr)  # noqa: T201 - as above


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong and end with an exit code."""
    tell(f"Error: {message}" if "\n" not in message else f"Errors:\n{message}")
    raise typer.Exit(code)


def guarded(command: Command) -> Command:
    """Turn errors into a message and an exit code: never a traceback, never half an output."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            with _warnings_in_words():
                command(*args, **kwargs)
            sys.stdout.flush()
        except SimsalesError as error:
            fail(str(error), error.exit_code)
        except KeyboardInterrupt:
            tell("Interrupted; nothing more was written.")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # the reader, such as head, has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except MemoryError:
            fail("the machine ran out of memory. Hint: fewer --jobs, or a shorter --until.", 1)
        except Exception as error:
            if os.environ.get(DEBUG) or hasattr(error, "exit_code"):  # Typer's own carry a code
                raise
            name = type(error).__name__
            fail(
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
            tell(f"Warning: {message}")

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


@contextlib.contextmanager
def progress_bar(label: str, *, quiet: bool) -> Iterator[Progress | None]:
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


def emit(data: Any, text: Callable[[Any], str], *, as_json: bool) -> None:
    """Print a result once: as JSON, or as a table made of the same values."""
    from simsales.render import plain, to_json

    say(to_json(data) if as_json else text(plain(data)))


def tell_notes(lines: Any, *, quiet: bool) -> None:
    """Print notes on stderr, unless they are not wanted."""
    for line in () if quiet else lines:
        tell(f"Note: {line}")


# pieces that several verbs share ------------------------------------------------------------------


def read_history(files: list[Path], *, quiet: bool, **options: Any) -> History:
    """Read a history and say on stderr what was read."""
    from simsales.inputs import read_inputs

    history = read_inputs(files, options)
    if not quiet:
        report = history.report
        tell(f"Read {history.summary_line()}; class {history.history_class}, times in {history.timezone}")
        if report.dropped:
            tell("Left out: " + "; ".join(f"{count:,} {reason}" for reason, count in report.dropped))
        tell_notes(report.notes, quiet=quiet)
    return history


def check_outputs(*paths: Path | None) -> None:
    """Refuse places that cannot be written to before anything long begins."""
    from simsales.files.output import check_writable

    for path in paths:
        if path is not None:
            check_writable(path)


def write_report(path: Path | None, title: str, **parts: Any) -> None:
    """Write an HTML report where one was asked for."""
    if path is not None:
        from simsales.report.html import html_report

        html_report(path, title=title, **parts)


def funnel_of(history: History) -> Any:
    """Return the funnel of a history that knows more than one stage."""
    from simsales.kpi import funnel

    table = funnel(history)
    return table if len(table) > 1 else None


def opened(path: Path | None, cases: int | None, *, quiet: bool) -> Any:
    """Return the open deals that a run starts with; say so where it starts with none."""
    from simsales.inputs import read_opening

    if path is None and cases is None:
        note = "the run starts without open deals, so its first bookings come late. Hint: --opening OPEN.csv"
        tell_notes([note], quiet=quiet)
    return read_opening(path)
