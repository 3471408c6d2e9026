"""The options of the command line, each stated once: its type, spelling and help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from simsales.errors import did_you_mean, got
from simsales.inputs import amount, iso_date


def _parsed(parse: Callable[[str | None], Any]) -> Callable[[str | None], Any]:
    """Return an option's callback: what cannot be read is a usage error."""

    def read(text: str | None) -> Any:
        try:
            return parse(text)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return read


def _date(text: str) -> Any:
    return typer.Option(callback=_parsed(iso_date), metavar="DATE", help=text, show_default=False)


def _one_of(*choices: str) -> Callable[[str], str]:
    """Return an option's callback: another word is a usage error that says which are known."""

    def read(text: str) -> str:
        if text not in choices:
            message = f"must be one of {', '.join(choices)}, got {got(text)}. {did_you_mean(text, choices)}"
            raise typer.BadParameter(message)
        return text

    return read


def _file(name: str, text: str) -> Any:
    return typer.Option(metavar=name, help=text, show_default=False)


# what is read
Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="HISTORY...",
        help="CRM exports, event logs, or a folder of canonical tables.",
        show_default=False,
    ),
]
Model = Annotated[Path, typer.Argument(metavar="MODEL.yaml", show_default=False)]
MaybeModel = Annotated[Path | None, typer.Argument(metavar="MODEL.yaml", show_default=False)]
Scenarios = Annotated[list[Path], typer.Argument(metavar="SCENARIO.yaml...", show_default=False)]
ModelOrScenario = Annotated[
    Path, typer.Argument(metavar="FILE.yaml", help="A model or a scenario.", show_default=False)
]
Lint = Annotated[bool, typer.Option("--lint", help="Also list what a stage lacks for people: owner, criteria, service level, ways out.")]
Base = Annotated[Path | None, _file("MODEL.yaml", "The model that a scenario changes; default: its base.")]
Manifest = Annotated[Path | None, _file("FILE.json", "Repeat a run from its manifest, bit for bit.")]
Opening = Annotated[Path | None, _file("OPEN.csv", "Start from these open deals; see calibrate --opening.")]

# how a history is read
Source = Annotated[
    str | None,
    typer.Option(help="deals, changes, stage_history, events, xes or tables; default: guessed.", show_default=False),
]
Mapping = Annotated[Path | None, _file("M.yaml", "States what would be guessed; see import --guess.")]
Zone = Annotated[
    str | None,
    typer.Option("--tz", help="Time zone of stamps without one, such as Asia/Shanghai.", show_default=False),
]
DayFirst = Annotated[
    bool | None,
    typer.Option("--dayfirst/--monthfirst", help="How 01/02/2027 is read.", show_default=False),
]
Decimal = Annotated[str | None, typer.Option(help="Decimal mark of amounts: . or ,", show_default=False)]
Exported = Annotated[str | None, _date("Day of the export; default: the last stamp.")]

# what is written
DemoFolder = Annotated[Path, typer.Option(metavar="DIR", help="Folder for the files that it makes.")]
Tables = Annotated[Path | None, _file("DIR", "Folder for the canonical tables.")]
DryRun = Annotated[bool, typer.Option("--check", help="Only report; write nothing.")]
Guess = Annotated[Path | None, _file("M.yaml", "Write the guessed mapping, to edit and pass as --mapping.")]
ModelOut = Annotated[Path, typer.Option(metavar="MODEL.yaml", help="Where to write the model.", show_default=False)]
OpeningOut = Annotated[Path | None, _file("OPEN.csv", "Also write today's open deals, for run and compare.")]
Html = Annotated[Path | None, _file("FILE", "Also write a one-file HTML report.")]
Log = Annotated[Path | None, _file("F.csv", "Write event logs: case_id, activity, start_time, end_time, resource.")]
Runs = Annotated[int, typer.Option(min=1, help="How many logs: F_0.csv, F_1.csv, ...; one: F.csv.")]
ProcessForm = Annotated[
    str,
    typer.Option("--format", callback=_one_of("mermaid", "state", "bpmn", "times", "journey", "gantt"), help="mermaid, state, bpmn, times, journey or gantt."),
]
Kpis = Annotated[
    list[str] | None,
    typer.Option("--kpi", metavar="KPI", help="Show this KPI, too, such as margin, utilisation[role=AE] or leads[month]; again for more.", show_default=False),
]
StepKind = Annotated[
    str,
    typer.Option(callback=_one_of("points", "percent", "wait", "spread"), help="What is moved: points, percent, wait or spread."),
]
ProcessOut = Annotated[Path | None, _file("FILE", "Write it there instead of printing it.")]
PayOut = Annotated[Path | None, _file("F.csv", "Write the lines there instead of printing them.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object with unrounded numbers.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar and no notes.")]

# how it is simulated
Reps = Annotated[int, typer.Option(min=2, help="Replications.")]
MaybeReps = Annotated[
    int | None,
    typer.Option(min=1, help="Replications; default 100, or --runs with --log.", show_default=False),
]
Futures = Annotated[int, typer.Option(min=20, help="Simulated futures.")]
Seed = Annotated[int, typer.Option(help="Same seed, same result.")]
Jobs = Annotated[int | None, typer.Option(min=1, help="Worker processes; default: all cores.", show_default=False)]
Engine = Annotated[str, typer.Option(help="auto or reference.")]
Start = Annotated[str | None, _date("First day; default: the model's epoch.")]
Until = Annotated[str | None, _date("Last day; default: the model's horizon.")]
Cases = Annotated[int | None, typer.Option(min=1, help="Simulate exactly the first N leads.", show_default=False)]
Precision = Annotated[
    float | None,
    typer.Option(
        min=0.0001,
        max=1.0,
        help="Stop early when the bookings difference is known to this share of bookings.",
        show_default=False,
    ),
]
CheckFit = Annotated[bool, typer.Option("--check/--no-check", help="Simulate the training window and compare.")]
RepNames = Annotated[bool, typer.Option("--names", help="Keep the names of reps; default: pseudonyms.")]

# what is forecast
LastDay = Annotated[str, _date("Last day of the period.")]
AsOf = Annotated[str | None, _date("Forecast as known on this day; default: the last day of the data.")]
Since = Annotated[
    str | None, _date("First day of the period; default: that of the quarter of --until, or the day after --as-of if earlier.")
]
Target = Annotated[
    str | None,
    typer.Option(
        callback=_parsed(amount), metavar="AMOUNT", help="Such as 3000000, 1.2M or 1200万.", show_default=False
    ),
]
