"""Write models and scenarios as YAML that people like to edit."""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from simsales.errors import expect
from simsales.files.load import FORMAT
from simsales.files.output import write_text
from simsales.model.base import Value
from simsales.model.calendars import offset_name
from simsales.model.levers import Scenario
from simsales.model.schema import Model

SCHEMA_NAME = "simsales.schema.json"
WIDTH = 100
_FLOW_LENGTH = 92


def save_model(model: Model, path: str | Path) -> Path:
    """Write `model` as YAML; reading it again gives an equal model.

    Parameters
    ----------
    model : Model
    path : str or Path
        Replaced in one step; untouched if anything fails.

    Returns
    -------
    Path
        `path`.

    Raises
    ------
    OutputError
        If the file cannot be written.
    """
    expect("model", model, Model, "a Model. Hint: save_scenario writes scenarios; of a timeline save .last")
    return write_text(path, to_yaml(model))


def save_scenario(scenario: Scenario, path: str | Path) -> Path:
    """Write `scenario` as YAML, as :func:`save_model` does for a model."""
    expect("scenario", scenario, Scenario, "a Scenario. Hint: save_model writes models")
    return write_text(path, to_yaml(scenario))


def to_yaml(value: Model | Scenario, schema: str = SCHEMA_NAME) -> str:
    """Return the YAML text of a model or scenario, without fields that have their default.

    Parameters
    ----------
    value : Model or Scenario
    schema : str
        What the first line names as the JSON Schema, for editors.

    Examples
    --------
    >>> print(to_yaml(Scenario(name="two more", changes=[{"hire": {"role": "AE", "count": 2}}])))
    # yaml-language-server: $schema=simsales.schema.json
    simsales: 1
    name: two more
    <BLANKLINE>
    changes:
      - hire: {role: AE, count: 2}
    <BLANKLINE>
    """
    data = {"simsales": FORMAT, **_plain_fields(value)}
    sections = [f"# yaml-language-server: $schema={schema}\n"]
    previous_flat = True
    for key, part in data.items():
        flat = not isinstance(part, (dict, list, tuple)) or not part
        gap = "" if flat and previous_flat else "\n"
        sections.append(gap + _dump({key: part}))
        previous_flat = flat
    return "".join(sections)


def _plain_fields(value: Value) -> dict[str, Any]:
    data: dict[str, Any] = value.model_dump(by_alias=True, exclude_defaults=True)
    return _with_zone(value, data) if isinstance(value, Model) else data


def _with_zone(model: Model, data: dict[str, Any]) -> dict[str, Any]:
    """Return the fields with the zones of calendars where they are not what the epoch's offset, or the main calendar, implies."""
    zone = model.calendar.timezone
    if model.calendars:
        data = {**data, "calendars": {
            name: {**({} if each.timezone == zone else {"timezone": each.timezone}),
                   **{field: value for field, value in data["calendars"][name].items() if field != "timezone"}}
            for name, each in model.calendars.items()
        }}  # fmt: skip
    implied = zone == offset_name(model.epoch)
    calendar = {**({} if implied else {"timezone": zone}), **data.get("calendar", {})}
    if implied:
        calendar.pop("timezone", None)
    data = {**data, "calendar": calendar}
    return {name: data[name] for name in type(model).model_fields if name in data and (calendar or name != "calendar")}


def _dump(data: dict[str, Any]) -> str:
    yaml = YAML()
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = WIDTH
    yaml.allow_unicode = True
    yaml.representer.ignore_aliases = lambda *_: True
    out = io.StringIO()
    yaml.dump(_styled(data, 0), out)
    return re.sub(r", +$", ",", out.getvalue(), flags=re.MULTILINE)


def _styled(value: Any, depth: int) -> Any:
    """Return plain data as ruamel's containers: short ones and lists of numbers on one line."""
    if isinstance(value, Value):
        return _styled(_plain_fields(value), depth)
    if isinstance(value, Mapping):
        mapping = CommentedMap({_scalar(key): _styled(item, depth + 1) for key, item in value.items()})
        if depth > 1 and _flat_length(value) <= _FLOW_LENGTH:
            mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, (list, tuple)):
        sequence = CommentedSeq([_styled(item, depth + 1) for item in value])
        if _is_flat(sequence, depth, _flat_length(value)):
            sequence.fa.set_flow_style()
        else:
            _open_changes(sequence)
        return sequence
    return _scalar(value)


def _open_changes(sequence: CommentedSeq) -> None:
    """Write ``- hire: {...}`` rather than ``- {hire: {...}}``."""
    for item in sequence:
        if isinstance(item, CommentedMap) and len(item) == 1:
            item.fa.set_block_style()


def _is_flat(sequence: CommentedSeq, depth: int, length: int) -> bool:
    """Tell whether a list goes on one line (or, for numbers, on wrapped lines)."""
    nested = any(isinstance(item, (Mapping, list)) for item in sequence)
    return not nested or (depth > 2 and length <= _FLOW_LENGTH * 2 // 3)


def _scalar(value: Any) -> Any:
    """Return a value as it is written: 60.0 as 60, a time with its zone, odd characters escaped."""
    if isinstance(value, str):
        return value if _is_simple(value) else DoubleQuotedScalarString(value)
    if isinstance(value, bool) or not isinstance(value, (float, dt.datetime)):
        return value
    if isinstance(value, dt.datetime):
        whole = value.second == value.microsecond == 0
        return value.isoformat(timespec="minutes" if whole else "auto")
    return int(value) if value.is_integer() and abs(value) < 1e15 else float(value)


def _flat_length(value: Any) -> int:
    """Return about how long `value` is on one line.

    A list of one-key mappings never fits: ``[{rate: 0.1}]`` would be written ``[rate: 0.1]``.
    """
    if isinstance(value, Value):
        return _flat_length(_plain_fields(value))
    if isinstance(value, Mapping):
        return 2 + sum(len(str(key)) + 4 + _flat_length(item) for key, item in value.items())
    if isinstance(value, (list, tuple)):
        pairs = any(isinstance(item, Mapping) and len(item) == 1 for item in value)
        return 2 + sum(2 + _flat_length(item) for item in value) + _FLOW_LENGTH * pairs
    return len(str(value))


def _is_simple(text: str) -> bool:
    """Tell whether YAML reads a text back as it is (the library leaves ``? 1`` and ``:1`` bare, which begin a key or a value)."""
    return text.isprintable() and not text.startswith(("?", ":"))
