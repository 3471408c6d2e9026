"""Verbs that look into an organisation: its process as a drawing, where time goes, what each rep is paid and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from simsales import options as opt
from simsales.cli.terminal import app, check_outputs, emit, guarded, opened, progress_bar, say, tell_notes


@app.command()
@guarded
def process(
    file: opt.ModelOrScenario,
    form: opt.ProcessForm = "mermaid",
    out: opt.ProcessOut = None,
    seed: opt.Seed = 1,
    start: opt.Start = None,
    until: opt.Until = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Draw a process, show where its time goes, or draw a scenario's changes over time.

    A scenario is shown as what it makes of its base in the end.

    \b
    simsales process model.yaml                                 a Mermaid graph
    simsales process model.yaml --format bpmn --out model.bpmn  BPMN 2.0
    simsales process model.yaml --format times                  work, queue and delay by stage, of one simulated run
    simsales process model.yaml --format journey                the same run by where the customer stands
    simsales process plan.yaml --format gantt                   a scenario's changes over time (Mermaid)
    """
    from simsales.files import load_any, write_text
    from simsales.inputs import read_organisation
    from simsales.model.levers import Scenario

    check_outputs(out)
    found = load_any(file)
    if form == "gantt" and not isinstance(found, Scenario):
        message = "--format gantt must be given a scenario, got a model."
        raise typer.BadParameter(message)
    if form in ("times", "journey"):
        _seen(read_organisation(file), form, seed, {"start": start, "until": until}, out, as_json=json)
        return
    text = _gantt(file, found) if form == "gantt" else _drawn(read_organisation(file).last, form)
    if out is None:
        say(text.rstrip("\n"))
        return
    write_text(out, text)
    tell_notes([f"written to {out}"], quiet=quiet)


def _drawn(found: Any, form: str) -> str:
    """Return a model's process as text."""
    if form == "bpmn":
        from simsales.views.bpmn import to_bpmn

        return to_bpmn(found)
    from simsales.views.mermaid import to_mermaid

    return to_mermaid(found, kind="state" if form == "state" else "graph")


def _gantt(file: Path, scenario: Any) -> str:
    """Return a scenario's changes over time; undated ones begin with the base model, where that is known."""
    from simsales.files import load_model
    from simsales.inputs import base_of
    from simsales.report.gantt import gantt_rows, to_mermaid_gantt

    base = base_of(file, scenario, None)
    model = None if base is None else load_model(base)
    begin = None if model is None else model.epoch.date()
    return to_mermaid_gantt(gantt_rows(scenario, begin), scenario.name, None if model is None else model.currency)


def _seen(model: Any, form: str, seed: int, window: dict[str, Any], out: Path | None, *, as_json: bool) -> None:
    """Print where the time of one simulated run goes, or where its customers stand."""
    from simsales.engine import simulate
    from simsales.files import write_text
    from simsales.views import journey, value_stream

    log = simulate(model, seed=seed, **window)
    stream = value_stream(log) if form == "times" else None
    table = journey(log) if stream is None else stream.table
    legend = "" if stream is None else f"\n\n{stream.legend}"
    if out is not None:
        write_text(out, table.to_csv(index=False, lineterminator="\n"))
        return
    key = "stages" if form == "times" else "states"
    emit({key: table.to_dict("records")}, lambda _: table.to_string(index=False, float_format="%.2f") + legend, as_json=as_json)


@app.command()
@guarded
def pay(
    model: opt.Model,
    seed: opt.Seed = 1,
    start: opt.Start = None,
    until: opt.Until = None,
    opening: opt.Opening = None,
    names: opt.RepNames = False,
    out: opt.PayOut = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Show what each rep is paid in one simulated run, line by line, to the cent.

    \b
    simsales pay model.yaml --until 2027-06-30 --opening open.csv
    simsales pay new_plan.yaml --names --out pay.csv        a scenario on its base
    """
    from simsales.engine import simulate
    from simsales.files import write_text
    from simsales.inputs import read_organisation
    from simsales.money import pay_statements

    check_outputs(out)
    loaded = read_organisation(model)
    deals = opened(opening, None, quiet=quiet)
    table = pay_statements(simulate(loaded, seed=seed, start=start, until=until, opening=deals), names=names)
    if not len(table):
        tell_notes(["nobody has a pay plan. Hint: plans: in the model, and plan: at its reps."], quiet=quiet)
    if out is not None:
        write_text(out, table.to_csv(index=False, lineterminator="\n"))
        tell_notes([f"written to {out}"], quiet=quiet)
        return
    text = table.to_string(index=False, float_format="%.2f") if len(table) else "No pay statements."
    emit({"lines": table.to_dict("records")}, lambda _: text, as_json=json)


@app.command()
@guarded
def sensitivity(
    model: opt.Model,
    kind: opt.StepKind = "points",
    reps: opt.Reps = 20,
    seed: opt.Seed = 1,
    start: opt.Start = None,
    until: opt.Until = None,
    opening: opt.Opening = None,
    jobs: opt.Jobs = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Rank the stages: move one at a time a little, with busy reps and by arithmetic alone.

    \b
    simsales sensitivity model.yaml                   five points more conversion in each stage
    simsales sensitivity model.yaml --kind wait       a fifth of the delay taken away
    """
    from simsales.experiment import sensitivity as experiment
    from simsales.files import load_model
    from simsales.render import sensitivity_text

    base = load_model(model)
    window = {"start": start, "until": until, "opening": opened(opening, None, quiet=quiet)}
    with progress_bar("Moving stages", quiet=quiet) as progress:
        found = experiment(base, both=False, kinds=(kind,), replications=reps, seed=seed, jobs=jobs, progress=progress, **window)
    whole = found.comparison.to_dict()
    data = {"kind": kind, "stages": found.ranking(kind).to_dict("records"), "note": found.note}
    data |= {key: whole[key] for key in ("replications", "setting", "says", "manifest") if key in whole}
    emit(data, lambda d: sensitivity_text(d, base.currency), as_json=json)
