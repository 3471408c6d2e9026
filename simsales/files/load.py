"""Read models and scenarios from YAML files."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from simsales.errors import InvalidModelError, did_you_mean, got
from simsales.files.document import Document, read_document
from simsales.files.problems import explain, locate
from simsales.files.tables import resolve_tables
from simsales.model.base import Value
from simsales.model.levers import Scenario
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
        Its changes are checked against a model only by :func:`simsales.apply`. Where its ``base`` is another scenario, that
        one's changes come first, and ``base`` is the file of the model below them all.

    Raises
    ------
    InvalidModelError
        Listing every problem of the file, one a line, each with its line and column; also where a base leads back to its
        own file.
    """
    document = read_document(path)
    if _is_model(document.data):
        message = f"{document.path} must be a scenario, got a model (it has 'stages'). Hint: the model comes first, scenarios after it."
        raise InvalidModelError(message)
    return load_stacked(document)


def load_any(path: str | Path) -> Model | Scenario:
    """Read a model or a scenario, whichever the file holds.

    Raises
    ------
    InvalidModelError
        As :func:`load_model`; also where the file is neither.
    """
    document = read_document(path)
    if _is_scenario(document.data):
        return load_stacked(document)
    if _is_model(document.data):
        return _validated(document, Model)
    message = (
        f"{document.path} must be a model (with 'channels' and 'stages') or a scenario (with "
        f"'changes'), got {got(document.data)}. {_meant(document.data)}"
    ).rstrip()
    raise InvalidModelError(message)


def load_stacked(document: Document) -> Scenario:
    """Return a scenario with the changes of the scenarios that its base names before its own."""
    chain = _chain(document)
    top, bottom = chain[-1][1], chain[0]
    if len(chain) == 1:
        return top
    base = bottom[1].base
    file = None if base is None else Path(os.path.relpath(bottom[0].path.parent / base, document.path.parent or ".")).as_posix()
    return top.model_copy(update={"base": file, "changes": tuple(change for _, each in chain for change in each.changes)})


def _chain(document: Document) -> list[tuple[Document, Scenario]]:
    """Return a scenario file and those below it, the lowest first; a base that is no file yet ends the chain."""
    found = [(document, _validated(document, Scenario))]
    seen = [document.path.resolve()]
    while (base := found[0][1].base) is not None and (below := found[0][0].path.parent / base).is_file():
        if below.resolve() in seen:
            way = " -> ".join(path.name for path in (*seen, below.resolve()))
            message = f"{found[0][0].where(['base'])} base must not lead back to a scenario above it, got {way}. Hint: name the model."
            raise InvalidModelError(message)
        data = read_document(below)
        if not _is_scenario(data.data):
            break
        found.insert(0, (data, _validated(data, Scenario)))
        seen.append(below.resolve())
    return found


def locate_changes(message: str, path: str | Path) -> str:
    """Return `message` with ``file:line:column`` before every line about a change, in the file of a stack that holds it.

    Parameters
    ----------
    message : str
        Lines such as ``changes[3].hire.role must be ...``: counted through all files of the stack, the lowest first.
    path : str or Path
        Of the scenario on top.
    """
    chain = _chain(read_document(path))
    return "\n".join(_in_chain(line, chain) for line in message.splitlines())


def _in_chain(line: str, chain: Sequence[tuple[Document, Scenario]]) -> str:
    number = re.match(r"changes\[(\d+)\]", line)
    place = 0 if number is None else int(number[1])
    for document, scenario in chain if number is not None else ():
        if place < len(scenario.changes):
            return locate(line.replace(f"changes[{number[1]}]", f"changes[{place}]", 1), document)  # type: ignore[index]
        place -= len(scenario.changes)
    return locate(line, chain[-1][0])


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
