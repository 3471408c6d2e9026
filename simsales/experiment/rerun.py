"""Make a result again from its manifest."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any

from simsales.experiment.compare import compare_timelines
from simsales.experiment.comparison import Comparison
from simsales.experiment.executors import Progress
from simsales.experiment.replicate import replicate
from simsales.experiment.study import Study
from simsales.manifest import ManifestError, check_versions, frame_from, sha256, timeline_from

__all__ = ["rerun"]


def rerun(
    manifest: Mapping[str, Any],
    *,
    jobs: int | str | Executor | None = None,
    progress: Progress | None = None,
    strict: bool = True,
) -> Study | Comparison:
    """Run again what a manifest describes, bit for bit.

    Parameters
    ----------
    manifest : mapping
        Of a study or comparison, or a result of ``to_dict()`` that contains it.
    jobs, progress
        As in :func:`replicate`; they never change a result.
    strict : bool, default True
        Refuse where versions or platform differ from those of the manifest.

    Returns
    -------
    Study or Comparison

    Raises
    ------
    ManifestError
        If the manifest is incomplete, was changed by hand, or belongs to something else.
    CheckFailedError
        If `strict` and a version differs: names the first field that does.

    Examples
    --------
    >>> from simsales.model.schema import Model
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 7.0}],
    ...               stages=[{"name": "Open", "exits": [{"to": "won", "probability": 0.5},
    ...                                                  {"to": "lost", "probability": 0.5}]}])
    >>> study = replicate(model, 2, seed=3, cases=9, kpis=["won"])
    >>> rerun(study.manifest).frame.equals(study.frame)
    True
    """
    record = manifest.get("manifest", manifest)
    inputs = _checked(record)
    if strict:
        check_versions(record)
    opening, kpis = inputs["opening"], inputs["kpis"]
    arguments = {
        "start": inputs["start"], "until": inputs["until"], "cases": inputs["cases"],
        "opening": None if opening is None else frame_from(opening), "engine": inputs["engine"],
        "kpis": None if kpis is None else tuple(kpis),
    }  # fmt: skip
    if record["command"] == "replicate":
        timeline = timeline_from(inputs["timeline"])
        return replicate(timeline, inputs["replications"], record["seed"], jobs=jobs, progress=progress, **arguments)
    arguments |= {"precision": inputs["precision"], "asked": tuple(inputs.get("asked", ()))}
    timelines = [timeline_from(data) for data in inputs["timelines"]]
    return compare_timelines(timelines, inputs["replications"], record["seed"], arguments, jobs, progress)


NEEDED = {
    "replicate": ("replications", "timeline", "start", "until", "cases", "opening", "engine", "kpis"),
    "compare": ("replications", "timelines", "start", "until", "cases", "opening", "engine", "kpis", "precision"),
}


def _checked(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the inputs of a manifest that can be rerun."""
    command = record.get("command")
    if command not in NEEDED:
        message = (
            f"manifest command must be one of {', '.join(NEEDED)}, got {command}. "
            "Hint: forecasts and calibrations are rerun from their data"
        )
        raise ManifestError(message)
    inputs: Mapping[str, Any] = record.get("inputs", {})
    missing = [name for name in NEEDED[command] if name not in inputs]
    if missing:
        message = (
            f"manifest inputs must have {missing[0]}, got {', '.join(inputs) or 'nothing'}. "
            "Hint: pass the whole manifest"
        )
        raise ManifestError(message)
    for name, expected in record.get("sha256", {}).items():
        if name in inputs and sha256(inputs[name]) != expected:
            message = (
                f"manifest inputs.{name} must have its hash {expected[:12]}, got {sha256(inputs[name])[:12]}. "
                "Hint: it was changed by hand; load the model and run it anew instead"
            )
            raise ManifestError(message)
    return inputs
