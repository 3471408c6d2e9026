"""Read models and scenarios from YAML files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from simsales.errors import InvalidModelError, did_you_mean
from simsales.files.document import Document, read_document
from simsales.files.problems import explain
from simsales.files.tables import resolve_tables
from simsales.model.base import Value
from simsales.model.levers import Scenario
from simsales.model.refusals import got
from simsales.model.schema import Model

FORMAT = 1
"""The version of the file format that this package writes; it reads this and every older one."""

_Read = TypeVar("_Read", bound=Value)


def load_model(path: str | Path) -> Model:
    """Read a model from a YAML file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Model

    Raises
    ------
    InvalidModelError
        Listing every problem of the file, one a line, each with its line and column.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "m.yaml"
    >>> _ = path.write_text('''
    ... channels: [{name: web, leads_per_week: 10}]
    ... stages:
    ...   - {name: Open, exits: [{to: won, probability: 0.25}, {to: lost, probability: 0.75}]}
    ... ''', encoding="utf-8")
    >>> load_model(path).stage_names
    ('Open',)
    >>> folder.cleanup()
    """
    document = read_document(path)
    if _is_scenario(document.data):
        message = (
            f"{document.path} must be a model, got a scenario (it has 'changes'). "
            "Hint: the model comes first, scenarios after it."
        )
        raise InvalidModelError(message)
    return _validated(document, Model)


def load_scenario(path: str | Path) -> Scenario:
    """Read a scenario from a YAML file.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Scenario
        Its changes are checked against a model only by :func:`simsales.apply`.

    Raises
    ------
    InvalidModelError
        Listing every problem of the file, one a line, each with its line and column.
    """
    document = read_document(path)
    if _is_model(document.data):
        message = f"{document.path} must be a scenario, got a model (it has 'stages'). Hint: the model comes first, scenarios after it."
        raise InvalidModelError(message)
    return _validated(document, Scenario)


def load_any(path: str | Path) -> Model | Scenario:
    """Read a model or a scenario, whichever the file holds.

    Raises
    ------
    InvalidModelError
        As :func:`load_model`; also where the file is neither.
    """
    document = read_document(path)
    if _is_scenario(document.data):
        return _validated(document, Scenario)
    if _is_model(document.data):
        return _validated(document, Model)
    message = (
        f"{document.path} must be a model (with 'channels' and 'stages') or a scenario (with "
        f"'changes'), got {got(document.data)}. {_meant(document.data)}"
    ).rstrip()
    raise InvalidModelError(message)


def _meant(data: dict[str, Any]) -> str:
    """Return a hint where a key is nearly one that tells what a file is."""
    hints = (did_you_mean(str(key), ("changes", "stages", "channels")) for key in data)
    return next((hint for hint in hints if "did you mean" in hint), "")


def _is_scenario(data: dict[str, Any]) -> bool:
    return ("changes" in data or "base" in data) and not _is_model(data)


def _is_model(data: dict[str, Any]) -> bool:
    return "stages" in data or "channels" in data


def _validated(document: Document, root: type[_Read]) -> _Read:
    _check_version(document)
    data = resolve_tables(document)
    try:
        return TypeAdapter(root).validate_python(data)
    except ValidationError as error:
        raise InvalidModelError(explain(error, document, root)) from error


def _check_version(document: Document) -> None:
    version = document.data.get("simsales", FORMAT)
    if isinstance(version, int) and not isinstance(version, bool) and version > FORMAT:
        message = (
            f"{document.where(['simsales'])} simsales must be at most {FORMAT}, the file format "
            f"that this version reads, got {version}. Hint: the file comes from a newer version; "
            "run pip install --upgrade simsales."
        )
        raise InvalidModelError(message)
