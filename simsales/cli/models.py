"""Verbs that begin with a model: check, run, compare."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from simsales import options as opt
from simsales.cli.terminal import (
    app,
    check_outputs,
    emit,
    guarded,
    opened,
    progress_bar,
    tell_notes,
    write_report,
)

DEFAULT_REPS = 100


@app.command()
@guarded
def check(file: opt.ModelOrScenario, base: opt.Base = None, lint: opt.Lint = False, json: opt.Json = False) -> None:
    """Check a model or scenario and say in words what it holds.

    \b
    simsales check model.yaml
    simsales check hire_two.yaml --base model.yaml
    simsales check model.yaml --lint
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
        notes = unchecked if timeline is None else [
            *describe.notes(timeline.last), *describe.unearned(timeline), *describe.late(found, timeline.base or timeline.model, results=False),
        ]  # fmt: skip
    else:
        kind, lines, notes, timeline = "model", describe.describe_model(found), [*describe.notes(found), *describe.unearned(found)], None
    model = (None if timeline is None else timeline.last) if isinstance(found, Scenario) else found
    gaps = describe.lint(model) if lint and model is not None else []
    data = {"file": str(file), "kind": kind, "valid": True, "says": lines, "notes": notes, "gaps": gaps}
    said = [f"{file} is a valid {kind}.", *lines, *(f"Note: {note}" for note in notes), *(f"Gap: {gap}" for gap in gaps)]
    emit(data, lambda _: "\n".join(said), as_json=json)


@app.command()
@guarded
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
    """Simulate a model, or a scenario on its base, and report its KPIs.

    \b
    simsales run model.yaml --reps 200 --seed 7
    simsales run hire_two.yaml
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
    check_outputs(html)
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
        write_report(html, "Simulation", study=found)
        emit(found.to_dict(), lambda d: run_text(d, found.currency, len(found.frame)), as_json=as_json)
    else:
        write_report(html, "Scenarios", comparison=found)
        emit(found.to_dict(), lambda d: compare_text(d, found.currency), as_json=as_json)


def _repeated(manifest: Path, jobs: int | None) -> Any:
    from simsales.experiment import rerun
    from simsales.inputs import read_manifest

    return rerun(read_manifest(manifest), jobs=jobs)


def _simulated(
    path: Path, opening: Path | None, reps: int | None, seed: int, engine: str, window: dict[str, Any],
    logs: tuple[Path | None, int], jobs: int | None, *, quiet: bool,
) -> Any:  # fmt: skip
    """Return the study of a model, and write its event logs where they were asked for."""
    from simsales.describe import brief_notes, unearned
    from simsales.experiment import replicate
    from simsales.inputs import log_paths, read_organisation

    loaded = read_organisation(path)
    window["opening"] = opened(opening, window["cases"], quiet=quiet)
    tell_notes([*brief_notes(loaded.last, str(path)), *unearned(loaded, window["until"])], quiet=quiet)
    log, runs = logs
    paths = [] if log is None else log_paths(log, runs)
    check_outputs(*paths)
    if reps is None:
        reps = DEFAULT_REPS if log is None else runs
    with progress_bar("Simulating", quiet=quiet) as progress:
        study = replicate(loaded, reps, seed, engine=engine, jobs=jobs, progress=progress, **window)
    if paths:
        tell_notes(_write_logs(loaded, window, seed, paths), quiet=quiet)
        tell_notes([f"{len(paths)} event log(s) written, the first to {paths[0]}"], quiet=quiet)
    return study


def _write_logs(model: Any, window: dict[str, Any], seed: int, paths: list[Path]) -> list[str]:
    """Write event logs; return which of them hold fewer cases than were asked for."""
    from simsales.engine import lower, run_plan
    from simsales.files import write_text

    plan = lower(model, **window)
    short: list[str] = []
    for k, path in enumerate(paths):
        log = run_plan(plan, seed, k)
        write_text(path, log.to_event_log(every_case=True).to_csv(index=False, lineterminator="\n"))
        new = int((~log.deal.opening).sum())
        if plan.cases is not None and new < plan.cases:
            short.append(f"{path} holds {new} of {plan.cases} cases: no more leads come {'by the end of the run' if plan.until_given else 'at all'}")
    return short


@app.command()
@guarded
def compare(
    model: opt.Model,
    scenarios: opt.Scenarios,
    reps: opt.Reps = DEFAULT_REPS,
    seed: opt.Seed = 1,
    start: opt.Start = None,
    until: opt.Until = None,
    opening: opt.Opening = None,
    precision: opt.Precision = None,
    kpi: opt.Kpis = None,
    jobs: opt.Jobs = None,
    html: opt.Html = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Compare scenarios with a model: same customers, same luck, paired differences.

    \b
    simsales compare model.yaml hire_two.yaml new_plan.yaml
    simsales compare model.yaml hire_two.yaml --opening open.csv --reps 400 --html compare.html
    simsales compare model.yaml threshold.yaml --kpi margin --kpi discount_rate --kpi "utilisation[role=AE]" --kpi "leads[month]"
    """
    from simsales.describe import brief_notes, describe_scenario, late, unearned
    from simsales.experiment import compare as experiment
    from simsales.files import load_model
    from simsales.inputs import known_kpis, read_scenarios
    from simsales.model.apply import apply
    from simsales.render import compare_text

    check_outputs(html)
    wanted = known_kpis(kpi or [])
    base = load_model(model)
    changes, notes = read_scenarios(scenarios, base, model)
    window = {"start": start, "until": until, "opening": opened(opening, None, quiet=quiet)}
    notes += [note for scenario in changes for note in late(scenario, base, until)]
    notes += [f"{scenario.name}: {note}" for scenario in changes for note in unearned(apply(scenario, base), until)]
    tell_notes([*brief_notes(base, str(model)), *notes], quiet=quiet)
    with progress_bar("Comparing", quiet=quiet) as progress:
        result = experiment(base, changes, reps, seed, precision=precision, jobs=jobs, progress=progress, also=wanted, **window).noted(notes)
    says = {scenario.name: describe_scenario(scenario, apply(scenario, base)) for scenario in changes} if html else {}
    write_report(html, f"Scenarios of {base.name}", comparison=result, currency=base.currency, says=says)
    emit(result.to_dict(), lambda d: compare_text(d, base.currency), as_json=json)
