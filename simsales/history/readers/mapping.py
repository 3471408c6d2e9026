"""The mapping: what the user states about a file, as YAML or a dict."""

from __future__ import annotations

import io
from collections.abc import Mapping as MappingType
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from simsales.errors import HistoryError, did_you_mean, got

KEYS = (
    "source", "columns", "tz", "dayfirst", "decimal", "currency", "stages", "outcomes", "stage_pattern",
    "observed_from", "until", "encoding", "percent", "known_at_creation", "sheet",
)  # fmt: skip
KINDS = ("open", "won", "lost", "no_decision", "parked")


@dataclass(frozen=True)
class Mapping:
    """What is given rather than guessed.

    Parameters
    ----------
    columns : mapping of str to str
        Canonical field to caption.
    stages : mapping of str to str
        Stage label to kind, in order; empty where all are to be found.
    outcomes : mapping of str to str
        Value or activity to won, lost or no_decision.
    tz, decimal, currency, stage_pattern, observed_from, until, encoding, percent, sheet : str or None
        As in the YAML file.
    dayfirst : bool or None
        Whether 01/02/2025 is 1 February.
    """

    source: str | None = None
    columns: MappingType[str, str] = field(default_factory=dict)
    tz: str | None = None
    dayfirst: bool | None = None
    decimal: str | None = None
    currency: str | None = None
    stages: MappingType[str, str] = field(default_factory=dict)
    outcomes: MappingType[str, str] = field(default_factory=dict)
    stage_pattern: str | None = None
    observed_from: str | None = None
    until: str | None = None
    encoding: str | None = None
    percent: str | None = None
    known_at_creation: tuple[str, ...] = ()
    sheet: str | None = None
    raw: MappingType[str, Any] = field(default_factory=dict)


def load_mapping(given: str | Path | MappingType[str, Any] | None) -> Mapping:
    """Return a mapping from a YAML file, a dict or nothing.

    Raises
    ------
    HistoryError
        If the file is not YAML, repeats a key or has an unknown one.
    """
    if given is None:
        return Mapping()
    where = str(given) if isinstance(given, (str, Path)) else "mapping"
    values = _parse(Path(given), where) if isinstance(given, (str, Path)) else dict(given)
    for name in values:
        if name not in KEYS:
            raise HistoryError(f"{where} must have known keys only, got {got(name)}. {did_you_mean(str(name), KEYS)}")
    return _build(values, where)


def _parse(path: Path, where: str) -> dict[str, Any]:
    """Return the YAML file as a dict."""
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import YAMLError

    try:
        values = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise HistoryError(f"{where} must be a readable mapping file, got {error.strerror}. Hint: check the path.") from error
    except DuplicateKeyError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise HistoryError(f"{where}:{line} must not repeat a key, got {_first(error.problem)}. Hint: keep one of the two.") from error
    except (YAMLError, ValueError) as error:
        raise HistoryError(f"{where} must be YAML, got {_first(error)}. Hint: see the mapping that --check writes.") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise HistoryError(f"{where} must be a list of 'key: value', got {type(values).__name__}. Hint: start with 'columns:'.")
    return values


def _first(error: object) -> str:
    """Return the first line of a message."""
    return str(error).strip().split("\n")[0]


def _build(values: dict[str, Any], where: str) -> Mapping:
    """Return the checked mapping."""
    plain = {name: values[name] for name in ("source", "dayfirst", "decimal", "currency", "stage_pattern", "encoding", "percent", "sheet") if name in values}
    if plain.get("decimal") not in (None, ".", ","):
        raise HistoryError(f"{where} decimal must be '.' or ',', got {got(plain['decimal'])}. Hint: write decimal: ','.")
    if plain.get("dayfirst") not in (None, True, False):
        raise HistoryError(f"{where} dayfirst must be true or false, got {got(plain['dayfirst'])}. Hint: write dayfirst: true.")
    if plain.get("percent") not in (None, "percent", "fraction"):
        raise HistoryError(f"{where} percent must be percent or fraction, got {got(plain['percent'])}. Hint: 60 is percent, 0.6 a fraction.")
    columns = values.get("columns") or {}
    if not isinstance(columns, MappingType):
        raise HistoryError(f"{where} columns must be 'field: caption' pairs, got {got(columns)}. Hint: columns: {{amount: 金额}}.")
    return Mapping(
        columns={str(name): str(caption) for name, caption in columns.items()},
        tz=checked_zone(values.get("tz"), where),
        stages=_stages(values.get("stages"), where),
        outcomes=_outcomes(values.get("outcomes"), where),
        observed_from=_text(values.get("observed_from")),
        until=_text(values.get("until")),
        known_at_creation=tuple(values.get("known_at_creation") or ()),
        raw=values,
        **plain,
    )


def _text(value: object) -> str | None:
    """Return a YAML date or text as text."""
    return None if value is None else str(value)


def checked_zone(name: object, where: str = "tz") -> str | None:
    """Return a zone name that exists, or None for None."""
    if name is None:
        return None
    try:
        ZoneInfo(str(name))
    except (KeyError, ValueError, OSError) as error:
        raise HistoryError(f"{where} tz must be an IANA time zone, got {got(name)}. Hint: write it like Asia/Shanghai or UTC.") from error
    return str(name)


def _stages(given: object, where: str) -> dict[str, str]:
    """Return label to kind from a list of labels or a mapping."""
    if given is None:
        return {}
    if isinstance(given, (list, tuple)):
        return {str(label): "open" for label in given}
    if not isinstance(given, MappingType):
        raise HistoryError(f"{where} stages must be a list or 'label: kind' pairs, got {got(given)}. Hint: stages: [Demo, Proposal].")
    for label, kind in given.items():
        if kind not in KINDS:
            raise HistoryError(f"{where} stages.{label} must be one of {', '.join(KINDS)}, got {got(kind)}. {did_you_mean(str(kind), KINDS)}")
    return {str(label): str(kind) for label, kind in given.items()}


def _outcomes(given: object, where: str) -> dict[str, str]:
    """Return value to outcome from outcome to values."""
    if given is None:
        return {}
    if not isinstance(given, MappingType):
        raise HistoryError(f"{where} outcomes must be 'won: [..]' pairs, got {got(given)}. Hint: outcomes: {{won: [Approved]}}.")
    found: dict[str, str] = {}
    for kind, labels in given.items():
        if kind not in KINDS:
            raise HistoryError(f"{where} outcomes must be one of won, lost, no_decision, got {got(kind)}. {did_you_mean(str(kind), KINDS)}")
        for label in labels if isinstance(labels, (list, tuple)) else [labels]:
            if found.setdefault(str(label), str(kind)) != kind:
                raise HistoryError(f"{where} outcomes must name a label once, got {got(label)} as {found[str(label)]} and {kind}. Hint: keep one.")
    return found


def dump_mapping(values: MappingType[str, Any]) -> str:
    """Return a mapping as YAML text."""
    from ruamel.yaml import YAML

    out = io.StringIO()
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.allow_unicode = True
    yaml.sort_base_mapping_type_on_output = False
    yaml.dump({name: _plain(value) for name, value in values.items()}, out)
    return out.getvalue()


def _plain(value: Any) -> Any:
    """Return nested tuples and mappings as lists and dicts."""
    if isinstance(value, MappingType):
        return {name: _plain(item) for name, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value
