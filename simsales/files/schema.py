"""The JSON Schema (draft 07) of model and scenario files, for completion and checks in editors."""

from __future__ import annotations

import inspect
import json
import re
import typing
from typing import Any

from pydantic.fields import FieldInfo

from simsales.model import calendars, compensation, levers, market, people, process, schema, scoring, terms
from simsales.model.base import Value
from simsales.model.laws import LAWS

_LAW_HELP = {
    "constant": "Always the same value; the same as a bare number.",
    "mixture": "A draw from one of several laws: a list of {weight, law}.",
}
_NUMBER = {"type": "number", "minimum": 0}
_NUMBERS = {"type": "array", "items": {"type": "number"}}


def json_schema() -> dict[str, Any]:
    """Return one schema for both kinds of file: with ``changes`` or ``base`` it is a scenario.

    Returns
    -------
    dict
        JSON Schema draft 07; descriptions come from the docstrings of the model.

    Examples
    --------
    >>> json_schema()["$schema"]
    'http://json-schema.org/draft-07/schema#'
    """
    parts: dict[str, Any] = {}
    for root in (schema.Model, levers.Scenario):
        tree = root.model_json_schema(by_alias=True, ref_template="#/definitions/{model}")
        parts.update(tree.pop("$defs", {}))
        parts[root.__name__] = tree
    for name, part in parts.items():
        _describe(part, _classes()[name])
    parts = {name: _with_law(part) for name, part in parts.items()}
    _spell_changes(parts)
    parts["Model"]["properties"]["effort"].setdefault("anyOf", []).append({"const": "off"})
    parts["Law"] = _law()
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "simsales model or scenario",
        "if": {"anyOf": [{"required": ["changes"]}, {"required": ["base"]}]},
        "then": {"$ref": "#/definitions/Scenario"},
        "else": {"$ref": "#/definitions/Model"},
        "definitions": dict(sorted(parts.items())),
    }


def schema_text() -> str:
    """Return the schema as the text that ``simsales schema`` prints."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _classes() -> dict[str, type[Value]]:
    return {
        name: member
        for module in (schema, process, people, market, levers, compensation, calendars, scoring, terms)
        for name, member in vars(module).items()
        if isinstance(member, type) and issubclass(member, Value)
    }


def _describe(part: dict[str, Any], kind: type[Value]) -> None:
    """Put the docstring's summary on the type and its parameter texts on the fields."""
    doc = inspect.getdoc(kind) or ""
    part["description"] = doc.split("\n\n")[0].replace("\n", " ").replace("``", "")
    part.pop("title", None)
    helps = _parameters(kind)
    for name, field in part.get("properties", {}).items():
        field.pop("title", None)
        if field.get("type") == "array" and "minLength" in field:
            field["minItems"] = field.pop("minLength")
        if name in helps and "$ref" not in field:
            field["description"] = helps[name]
    if not issubclass(kind, levers.Change):
        return
    part.get("properties", {}).pop("kind", None)  # the change's key says it
    if "kind" in part.get("required", []):
        part["required"].remove("kind")


def _parameters(kind: type[Value]) -> dict[str, str]:
    """Return the text of each parameter in the numpydoc docstrings of a class and its bases."""
    helps: dict[str, str] = {}
    for base in reversed(kind.__mro__[:-1]):
        doc = inspect.cleandoc(base.__doc__ or "")
        section = re.search(r"Parameters\n-+\n(.*?)(?:\n\n\S|\Z)", doc, re.DOTALL)
        if section and issubclass(base, Value):
            for names, text in re.findall(r"^(\S[^\n]*)\n((?:    .*\n?)+)", section[1], re.MULTILINE):
                for name in names.split(" : ")[0].split(","):
                    helps[name.strip()] = " ".join(text.split()).replace("``", "")
    return helps


def _with_law(value: Any) -> Any:
    """Return `value` with each spelled-out law replaced by a reference to one definition."""
    if isinstance(value, list):
        return [_with_law(item) for item in value]
    if not isinstance(value, dict):
        return value
    options = value.get("anyOf", [])
    kinds = {key for option in options for key in option.get("properties", {})}
    if len(options) > len(LAWS) and set(LAWS) <= kinds:
        others = [o for o in options if o == {"type": "null"}]
        kept = {key: item for key, item in value.items() if key not in ("anyOf", "title")}
        law = {"$ref": "#/definitions/Law"}
        return kept | ({"anyOf": [law, *others]} if others or kept else law)
    return {key: _with_law(item) for key, item in value.items()}


def _spell_changes(parts: dict[str, Any]) -> None:
    """Describe a change as the one-key mapping that users write."""
    names = {kind: member.__name__ for kind, member in levers.CHANGES.items()}
    parts["Scenario"]["properties"]["changes"]["items"] = {
        "anyOf": [_one_key(kind, {"$ref": f"#/definitions/{name}"}) for kind, name in names.items()]
    }


def _one_key(key: str, body: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {key: body},
        "required": [key],
        "additionalProperties": False,
    }


def _law() -> dict[str, Any]:
    """Return the definition of a law: a bare number or one key with its parameters."""
    options: list[dict[str, Any]] = [dict(_NUMBER)]
    for kind, law in LAWS.items():
        fields = {field.alias or name: field for name, field in law.model_fields.items() if name != "kind"}
        body: dict[str, Any] = {
            "type": "object",
            "description": _LAW_HELP.get(kind, (inspect.getdoc(law) or "").split("\n\n")[0]),
            "properties": {name: _law_field(name, field) for name, field in fields.items()},
            "additionalProperties": False,
        }
        required = [name for name, field in fields.items() if field.is_required()]
        if required:
            body["required"] = required
        if kind == "constant":
            body = {"anyOf": [dict(_NUMBER), body]}
        if kind == "mixture":
            body = {"anyOf": [body["properties"]["parts"], body]}
        options.append(_one_key(kind, body))
    return {"description": "A number, or one law by its name and parameters.", "anyOf": options}


def _law_field(name: str, field: FieldInfo) -> dict[str, Any]:
    if name == "parts":
        part = {"weight": {"type": "number", "exclusiveMinimum": 0}, "law": {"$ref": "#/definitions/Law"}}
        item = {"type": "object", "properties": part, "required": ["weight", "law"]}
        return {"type": "array", "minItems": 1, "items": item}
    if name == "file":
        return {"type": "string", "description": "A CSV with a column of values, beside this file."}
    is_list = "tuple" in str(field.annotation) or typing.get_origin(field.annotation) is tuple
    return dict(_NUMBERS) if is_list else dict(_NUMBER)
