"""Manifests: what went into a result, so that it can be made again bit for bit.

A manifest names versions and platform, embeds the models and arguments, and carries a hash of each. It holds no clock
time: the same question asked twice has the same manifest.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import importlib.metadata
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pydantic import BaseModel

from simsales.errors import CheckFailedError, InvalidInputError
from simsales.model.apply import Adoption, DatedCost, DatedDip, Regime, Timeline, Uncertain
from simsales.model.levers import Scenario
from simsales.model.schema import Model

__all__ = ["ManifestError", "canonical", "check_versions", "frame_data", "frame_from", "manifest", "sha256",
           "timeline_data", "timeline_from", "versions"]  # fmt: skip

FORMAT = 1
PACKAGES = ("simsales", "numpy", "scipy", "pandas", "simpy", "pydantic", "holidays", "tzdata")
"""Whose versions may change a result (``holidays`` and ``tzdata`` are the calendar's sources)."""


class ManifestError(InvalidInputError, ValueError):
    """A manifest cannot be read or rerun."""


def manifest(command: str | None = None, seed: int | None = None, **inputs: Any) -> dict[str, Any]:
    """Return what is needed to make a result again.

    Parameters
    ----------
    command : str, optional
        What was done, such as ``replicate``.
    seed : int, optional
    **inputs
        Models, scenarios, timelines and tables (embedded, with a hash), paths (name and hash of the file), dates,
        numbers and texts, and lists or dicts of them.

    Returns
    -------
    dict
        Plain data, ready for JSON: ``format, command, seed, versions, platform, inputs, sha256``.

    Examples
    --------
    >>> found = manifest("replicate", seed=7, replications=200)
    >>> found["command"], found["seed"], found["inputs"]
    ('replicate', 7, {'replications': 200})
    """
    plain = {name: _plain(value) for name, value in inputs.items()}
    hashes = {name: sha256(plain[name]) for name in plain if isinstance(plain[name], (dict, list))}
    return {
        "format": FORMAT,
        "command": command,
        "seed": seed,
        "versions": versions(),
        "platform": f"{platform.system()} {platform.machine()}",
        "inputs": plain,
        "sha256": hashes,
    }


def versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that may change a result."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "unknown"
    return found


def canonical(data: Any) -> str:
    """Return data as JSON in one spelling only: sorted keys, no spaces, plain Unicode."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)


def sha256(data: Any) -> str:
    """Return the hash of plain data in its canonical spelling.

    Examples
    --------
    >>> sha256({"b": 1, "a": 2}) == sha256({"a": 2, "b": 1})
    True
    """
    return hashlib.sha256(canonical(data).encode()).hexdigest()


def check_versions(record: Mapping[str, Any]) -> None:
    """Check that a manifest was made by what runs now.

    Raises
    ------
    CheckFailedError
        Naming the first field that differs.
    """
    now = versions() | {"platform": f"{platform.system()} {platform.machine()}"}
    then = dict(record.get("versions", {})) | {"platform": record.get("platform")}
    for name, value in now.items():
        if then.get(name) != value:
            message = (
                f"manifest {name} must be {value} to be reproduced here, got {then.get(name)}. "
                "Hint: install that version, or rerun without the check; the last digits may differ"
            )
            raise CheckFailedError(message)


# values as plain data -----------------------------------------------------------------------------


def _plain(value: Any) -> Any:
    """Return a value as plain data for JSON."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True)
    if isinstance(value, Timeline):
        return timeline_data(value)
    if isinstance(value, pd.DataFrame):
        return frame_data(value)
    if isinstance(value, Path):
        return {"file": value.name, "sha256": hashlib.sha256(value.read_bytes()).hexdigest()}
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def timeline_data(timeline: Timeline) -> dict[str, Any]:
    """Return a timeline as plain data; models that do not change are written once.

    Examples
    --------
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 1.0}],
    ...               stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> timeline_from(timeline_data(Timeline("as is", (Regime(model),)))).model == model
    True
    """
    found: dict[str, Any] = {
        "name": timeline.name,
        "regimes": [_regime_data(regime) for regime in timeline.regimes],
        "costs": _costs_data(timeline.costs),
    }
    if timeline.base is not None and timeline.base != timeline.model:
        found["base"] = _plain(timeline.base)
    if timeline.begins:
        found["begins"] = [{"change": where, "start": _plain(day)} for where, day in timeline.begins]
    if timeline.dips:
        found["dips"] = _dips_data(timeline.dips)
    if timeline.uncertain is not None:
        known = timeline.uncertain
        found["uncertain"] = {"scenario": _plain(known.scenario), "base": _plain(known.base),
                              "costs": _costs_data(known.costs), "dips": _dips_data(known.dips)}  # fmt: skip
    return found


def _regime_data(regime: Regime) -> dict[str, Any]:
    data = {"model": _plain(regime.model), "start": _plain(regime.start), "ramp_days": regime.ramp_days,
            "adoption": regime.adoption}  # fmt: skip
    if regime.needs:
        data["needs"] = [_adoption_data(need) for need in regime.needs]
    return data if regime.where is None else data | {"where": regime.where}


def _costs_data(costs: tuple[DatedCost, ...]) -> list[dict[str, Any]]:
    return [{"start": _plain(c.start), "once": c.once, "per_year": c.per_year} for c in costs]


def _dips_data(dips: tuple[DatedDip, ...]) -> list[dict[str, Any]]:
    return [_dip_data(dip) for dip in dips]


def _dip_data(dip: DatedDip) -> dict[str, Any]:
    data = {"start": _plain(dip.start), "depth": dip.depth, "days": dip.days, "roles": list(dip.roles)}
    if dip.share is not None:
        data["share"] = _adoption_data(dip.share)
    return data if dip.where is None else data | {"where": dip.where}


def _adoption_data(share: Adoption) -> dict[str, Any]:
    return {"start": _plain(share.start), "ramp_days": share.ramp_days, "adoption": share.adoption}


def timeline_from(data: Mapping[str, Any]) -> Timeline:
    """Return the timeline that :func:`timeline_data` wrote."""
    regimes = tuple(
        Regime(_model(r["model"]), _date(r["start"]), float(r["ramp_days"]), float(r["adoption"]), r.get("where"), _needs(r))
        for r in data["regimes"]
    )
    uncertain = None
    if "uncertain" in data:
        known = data["uncertain"]
        scenario = Scenario.model_validate_json(json.dumps(known["scenario"]))
        uncertain = Uncertain(scenario, _model(known["base"]), _costs(known["costs"]), _dips(known["dips"]))
    base = _model(data["base"]) if "base" in data else None
    begins = tuple((str(each["change"]), dt.date.fromisoformat(each["start"])) for each in data.get("begins", []))
    return Timeline(str(data["name"]), regimes, _costs(data["costs"]), _dips(data.get("dips", [])), uncertain, base, begins)


def _needs(data: Mapping[str, Any]) -> tuple[Adoption, ...]:
    return tuple(_adoption(need) for need in data.get("needs", []))


def _adoption(data: Mapping[str, Any]) -> Adoption:
    return Adoption(_date(data["start"]), float(data["ramp_days"]), float(data["adoption"]))


def _costs(data: list[dict[str, Any]]) -> tuple[DatedCost, ...]:
    return tuple(DatedCost(_date(c["start"]), float(c["once"]), float(c["per_year"])) for c in data)


def _dips(data: list[dict[str, Any]]) -> tuple[DatedDip, ...]:
    return tuple(
        DatedDip(_date(d["start"]), float(d["depth"]), float(d["days"]), tuple(d["roles"]),
                 _adoption(d["share"]) if "share" in d else None, d.get("where"))
        for d in data
    )  # fmt: skip


def _model(data: Mapping[str, Any]) -> Model:
    return Model.model_validate_json(json.dumps(data))


def _date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def frame_data(frame: pd.DataFrame) -> dict[str, Any]:
    """Return a table as plain data, column by column with its kind."""
    return {str(name): _column(frame[name]) for name in frame.columns}


def _column(column: pd.Series) -> dict[str, Any]:
    if isinstance(column.dtype, pd.DatetimeTZDtype) or column.dtype.kind == "M":
        return {"kind": "time", "values": [None if pd.isna(x) else x.isoformat() for x in column]}
    if column.dtype.kind in "iub":
        return {"kind": "bool" if column.dtype.kind == "b" else "int", "values": column.tolist()}
    if column.dtype.kind == "f":
        return {"kind": "float", "values": [None if pd.isna(x) else x for x in column.tolist()]}
    return {"kind": "text", "values": [None if pd.isna(x) else str(x) for x in column]}


def frame_from(data: Mapping[str, Any]) -> pd.DataFrame:
    """Return the table that :func:`frame_data` wrote.

    Examples
    --------
    >>> table = pd.DataFrame({"deal_id": ["a", "b"], "age_days": [0.1, float("nan")]})
    >>> frame_from(frame_data(table))["age_days"].tolist()
    [0.1, nan]
    """
    return pd.DataFrame({name: _series(item["kind"], item["values"]) for name, item in data.items()})


def _series(kind: str, values: list[Any]) -> pd.Series:
    if kind == "time":
        return pd.Series(pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601"))
    if kind == "text":
        return pd.Series(values, dtype="str" if pd.__version__ >= "3" else "object")
    return pd.Series(values, dtype={"float": "float64", "int": "int64", "bool": "bool"}[kind])
