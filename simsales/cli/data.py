"""Verbs that begin with a history: demo, import, calibrate, forecast."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from simsales import options as opt
from simsales.cli.terminal import (
    app,
    check_outputs,
    emit,
    funnel_of,
    guarded,
    progress_bar,
    read_history,
    say,
    tell_notes,
    write_report,
)

DEFAULT_REPS = 100


@app.command()
@guarded
def demo(out: opt.DemoFolder = Path("simsales-demo"), quiet: opt.Quiet = False) -> None:
    """See the whole loop on packaged data: import, calibrate, compare, forecast, report.

    \b
    simsales demo
    simsales demo --out my-demo
    """
    from simsales import demo as story
    from simsales.files.output import check_folder

    check_folder(out)
    with progress_bar("Demo", quiet=quiet) as progress:
        result = story.run(out, progress)
    say(result.text)


@app.command("import")
@guarded
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

    check_outputs(guess)
    if out is not None:
        check_folder(out)
    given = {"source": source, "mapping": mapping, "tz": tz, "dayfirst": dayfirst, "decimal": decimal, "until": until}
    history = read_inputs(files, given)
    report = history.report
    emit(report.to_dict(), lambda _: f"{report}\nDeals:           {history.summary_line()}", as_json=json)
    if check:
        return
    if guess is not None:
        write_text(guess, report.to_mapping())
        tell_notes([f"mapping written to {guess}; edit it and pass it as --mapping"], quiet=quiet)
    if out is not None:
        history.to_folder(out)
        tell_notes([f"canonical tables written to {out}"], quiet=quiet)


@app.command()
@guarded
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

    check_outputs(out, html, opening)
    history = read_history(files, quiet=quiet, source=source, mapping=mapping, tz=tz, dayfirst=dayfirst, decimal=decimal)
    calibration = learn(history, seed=seed, names=names)
    result = calibration.to_dict(with_check=check)
    save_model(calibration.model, out)
    if opening is not None:
        write_text(opening, calibration.opening().to_csv(index=False, lineterminator="\n"))
    sources = {
        "calibration": calibration,
        "import_report": history.report,
        "funnel": funnel_of(history) if html else None,
    }
    write_report(html, f"Calibration of {files[0].name}", **sources)
    emit(result, calibrate_text, as_json=json)
    written = [f"model written to {out}", *([f"today's open deals written to {opening}"] if opening else [])]
    tell_notes([*calibration.notes, *written], quiet=quiet)


@app.command()
@guarded
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

    check_outputs(html)
    history = read_history(files, quiet=quiet, source=source, mapping=mapping, tz=tz, dayfirst=dayfirst, decimal=decimal)
    goal: Any = target  # the option's callback has made a number of it
    with progress_bar("Forecasting", quiet=quiet) as progress:
        found = predict(
            history, as_of=as_of, until=until, target=goal, since=since, replications=reps, seed=seed, jobs=jobs,
            progress=progress,
        )
    sources = {
        "calibration": found.calibration,
        "import_report": history.report,
        "funnel": funnel_of(history) if html else None,
    }
    write_report(html, f"Forecast until {until}", forecast=found, **sources)
    emit(found.to_dict(), lambda d: forecast_text(d, found.currency), as_json=json)
    tell_notes(found.notes, quiet=quiet)
