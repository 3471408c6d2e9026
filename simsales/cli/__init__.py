"""The command line. Results go to stdout, everything else to stderr; only this part prints.

Heavy imports stay inside the commands, so that ``simsales --help`` answers at once.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from simsales import __version__
from simsales.cli import data, machine, models, process  # noqa: F401, I001 - in the order in which help lists the verbs
from simsales.cli.terminal import app, say


def _version(wanted: bool) -> None:
    if wanted:
        say(f"simsales {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[  # noqa: ARG001 - the callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Hold the options of the program as a whole."""


def main() -> None:
    """Run the command line; the entry point of ``simsales``."""
    for stream in (sys.stdout, sys.stderr):  # Chinese labels must get out of any terminal and into any pipe
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="replace")
    app(prog_name="simsales")


__all__ = ["app", "main"]
