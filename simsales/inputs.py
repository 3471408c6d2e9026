"""Turn what somebody types on a command line into values: dates, amounts, histories, scenarios."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simsales.errors import InvalidInputError, InvalidModelError, got, named

if TYPE_CHECKING:
    import pandas as pd

    from simsales.history import History
    from simsales.model.apply import Timeline
    from simsales.model.levers import Scenario
    from simsales.model.schema import Model


def iso_date(text: str | None) -> str | None:
    """Return `text` if it is an ISO date (or date and time).

    Raises
    ------
    ValueError
        If it is something else.

    Examples
    --------
    >>> iso_date("2027-03-31")
    '2027-03-31'
    """
    if text is None:
        return None
    try:
        dt.datetime.fromisoformat(text)
    except ValueError as error:
        message = f"must be a date like 2027-03-31, got {got(text)}"
        raise ValueError(message) from error
    return text


def amount(text: str | None) -> float | None:
    """Return an amount of money as people write it.

    Raises
    ------
    ValueError
        If it is no amount.

    Examples
    --------
    >>> amount("1200万"), amount("1.2M"), amount("3,000,000"), amount("¥1.5亿"), amount("250k")
    (12000000.0, 1200000.0, 3000000.0, 150000000.0, 250000.0)
    """
    if text is None:
        return None
    found = re.fullmatch(r"(.*\d)\s*(k|m|mn|bn|b)", text.strip(), flags=re.IGNORECASE)
    scale = {"k": 1e3, "m": 1e6, "b": 1e9}[found[2][0].lower()] if found else 1.0
    value = _money(found[1] if found else text)
    if value is None or not 0 <= value < math.inf:
        message = f"must be an amount like 3000000, 1.2M or 1200万, got {got(text)}"
        raise ValueError(message)
    return value * scale


def _money(text: str) -> float | None:
    """Return an amount by the rules of CRM exports, the same as in imported files."""
    try:
        return float(text)  # the common case needs no parser of money
    except ValueError:
        pass
    import pandas as pd

    from simsales.history.readers.values import money

    read = money(pd.Series([text], dtype=object), chinese=True)
    return None if bool(read.unparsed[0]) or pd.isna(read.values.iloc[0]) else float(read.values.iloc[0])


def read_inputs(paths: Sequence[Path], options: dict[str, Any]) -> History:
    """Return the history in CRM files, event logs or a folder of canonical tables.

    Parameters
    ----------
    paths : sequence of Path
    options : dict
        Keyword arguments of :func:`simsales.read_history`; those that are None are left out.
    """
    from simsales.history import read_history

    given = {key: value for key, value in options.items() if value is not None}
    return read_history(paths[0] if len(paths) == 1 else list(paths), **given)


def read_scenarios(paths: Sequence[Path], model: Model, given: Path) -> tuple[list[Scenario], list[str]]:
    """Return scenarios that are known to fit `model`, read from the file `given`, and notes where they name another base.

    Raises
    ------
    InvalidModelError
        With every problem of every file, each with file, line and column.
    """
    from simsales.files import load_scenario

    found, notes, problems = [], [], []
    for path in paths:
        try:
            scenario = _named(load_scenario(path), path)
            notes += other_base(path, scenario, given, model)
            apply_at(path, scenario, model)
        except InvalidModelError as error:
            problems.append(str(error))
            continue
        found.append(scenario)
    if problems:
        raise InvalidModelError("\n".join(problems))
    names = [scenario.name for scenario in found]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        message = f"scenarios must have different names, got {got(twice)} twice. Hint: change name: in one of them."
        raise InvalidModelError(message)
    return found, notes


def _named(scenario: Scenario, path: Path) -> Scenario:
    """Return the scenario under its own name, else under that of its file."""
    default = type(scenario).model_fields["name"].default
    return scenario.model_copy(update={"name": path.stem}) if scenario.name == default else scenario


def apply_at(path: Path, scenario: Scenario, model: Model) -> Timeline:
    """Return `model` changed by the scenario in the file `path`, errors with their place in it."""
    from simsales.files import locate_changes
    from simsales.model.apply import apply

    try:
        return apply(scenario, model)
    except InvalidModelError as error:
        raise InvalidModelError(locate_changes(str(error), path)) from error


def base_of(path: Path, scenario: Scenario, given: Path | None) -> Path | None:
    """Return the file of a scenario's base model: `given`, else what its ``base:`` names.

    Raises
    ------
    InvalidModelError
        If the scenario names a base that is not there: it might be a scenario whose changes belong to it.
    """
    named = None if scenario.base is None else path.parent / scenario.base
    if named is not None and not named.is_file():
        message = f"{path} base must be the file of a model or of another scenario, got '{scenario.base}', which is not there. Hint: correct it, or take base: out."
        raise InvalidModelError(message)
    return named if given is None else given


def other_base(path: Path, scenario: Scenario, given: Path, model: Model) -> list[str]:
    """Return a note where a scenario names another model as its base than the one that it is applied to.

    Raises
    ------
    InvalidModelError
        As :func:`base_of`; also where the base cannot be read.
    """
    from simsales.files import load_model

    named = base_of(path, scenario, None)
    if named is None or named.resolve() == given.resolve() or load_model(named) == model:
        return []
    return [f"{scenario.name}: its base is {scenario.base}, but here it changes {given.name}, which is another model."]


def known_kpis(names: Sequence[str]) -> list[str]:
    """Return KPI names that exist; whether a model has the part that one names is known only with the model.

    Raises
    ------
    KpiError
        With the nearest name, or the dimensions by which the KPI is broken down.
    """
    from simsales.kpi import parse_name

    for name in names:
        parse_name(name)
    return list(names)


def read_organisation(path: Path, base: Path | None = None) -> Timeline:
    """Return what a file says shall be simulated: a model, or a scenario applied to its base.

    Raises
    ------
    InvalidModelError
        With file, line and column; also where a scenario names no base.
    """
    from simsales.files import load_any, load_model
    from simsales.model.apply import as_timeline
    from simsales.model.levers import Scenario

    found = load_any(path)
    if not isinstance(found, Scenario):
        return as_timeline(found)
    model_file = base_of(path, found, base)
    if model_file is None:
        message = f"{path} must name the model that it changes, got no base. Hint: base: MODEL.yaml at its head."
        raise InvalidModelError(message)
    return apply_at(path, found, load_model(model_file))


OPENING = ("deal_id", "stage", "age_days")
TEXTS = frozenset({
    "deal_id", "stage", "segment", "channel", "product", "region", "owner", "owner_role", "previous", "last_role", "credit",
    "worked_by", "lead", "barred", "ending", "exit", "rep", "worked", "task", "task_rep", "task_role", "ahead_by", "ahead_lead",
})  # fmt: skip
"""Columns of open deals, and families of them such as ``rep[AE]``, that hold names: a rep may be called 007."""


def _is_text(name: str) -> bool:
    return name.partition("[")[0] in TEXTS


def read_opening(path: Path | None) -> pd.DataFrame | None:
    """Return the open deals that a run starts with, from a CSV that ``calibrate --opening`` or ``log.opening()`` wrote.

    Raises
    ------
    InvalidInputError
        If the file cannot be read or lacks a column; what is in them is checked against the model later.
    """
    if path is None:
        return None
    import pandas as pd

    try:
        names = pd.read_csv(path, nrows=0).columns
        frame = pd.read_csv(path, dtype={name: str for name in names if _is_text(str(name))})
    except OSError as error:
        message = f"{path} must be a file that can be read, got: {error.strerror or error}."
        raise InvalidInputError(message) from error
    except (ValueError, pd.errors.ParserError) as error:
        message = f"{path} must be a table in CSV and UTF-8, got: {str(error).strip()}."
        raise InvalidInputError(message) from error
    missing = [name for name in OPENING if name not in frame]
    if missing:
        message = (
            f"{path} must have the columns {', '.join(OPENING)}, got {named(frame.columns)}. "
            "Hint: simsales calibrate HISTORY --out MODEL.yaml --opening OPEN.csv writes such a file."
        )
        raise InvalidInputError(message)
    return frame


def log_paths(pattern: Path, runs: int) -> list[Path]:
    """Return one file a run: ``F_0.csv`` to ``F_{K-1}.csv``, or ``F.csv`` for a single one.

    Examples
    --------
    >>> [str(path) for path in log_paths(Path("a/F.csv"), 2)]
    ['a/F_0.csv', 'a/F_1.csv']
    """
    if runs == 1:
        return [pattern]
    return [pattern.with_name(f"{pattern.stem}_{k}{pattern.suffix}") for k in range(runs)]


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest in a JSON file: the object itself, or the ``manifest`` of a saved result.

    Raises
    ------
    InvalidInputError
        If the file is absent, is not JSON, or holds no manifest.
    """
    import json

    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        message = f"{path} must be a file that can be read, got: {error.strerror or error}."
        raise InvalidInputError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path} must be text in UTF-8, got byte 0x{error.object[error.start]:02x}."
        raise InvalidInputError(message) from error
    except json.JSONDecodeError as error:
        message = f"{path}:{error.lineno}:{error.colno} must be valid JSON, got: {error.msg}. Hint: pass what simsales run --json printed."
        raise InvalidInputError(message) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, brackets of thousands
        message = f"{path} must be valid JSON, got: {error}. Hint: pass what simsales run --json printed."
        raise InvalidInputError(message) from error
    if isinstance(found, dict) and isinstance(found.get("manifest"), dict):
        found = found["manifest"]
    if not isinstance(found, dict) or "versions" not in found:
        message = f"{path} must hold a manifest, got none. Hint: save the output of simsales run --json."
        raise InvalidInputError(message)
    return found
