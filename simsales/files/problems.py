"""Turn what a model refuses into advice: ``file:line:column path must rule, got value. Hint: ...``."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from simsales.errors import brief, did_you_mean, got
from simsales.files.document import Document, Step
from simsales.model.base import Value
from simsales.model.laws import LAWS
from simsales.model.levers import CHANGES
from simsales.model.refusals import found, number_hint, rule_in_words, short_loc, without_alternatives, written

_TAGS = {**LAWS, **CHANGES}


def explain(error: ValidationError, document: Document, root: type[Value]) -> str:
    """Return every problem of a file, one a line, in the order in which they stand in it.

    Parameters
    ----------
    error : ValidationError
        What ``root.model_validate(document.data)`` raised.
    document : Document
    root : type
        The class that was to be read; names the fields that a misspelt key may have meant.
    """
    said: list[tuple[tuple[int, int], str]] = []
    for item in without_alternatives(error.errors(include_url=False)):
        loc = tuple(step for step in item["loc"] if step != "[key]")
        if item["type"] == "value_error" and not loc:
            said.extend(_cross_rules(document, str(item["msg"])))
            continue
        at_key = item["loc"][-1:] == ("[key]",) or item["type"] in ("extra_forbidden", "invalid_key")
        place = document.place(loc, key=at_key)
        text = _sentence(item, loc, root)
        said.append((place, text))
    said.sort(key=lambda problem: problem[0])
    lines = [f"{document.path}:{line}:{column} {text}" for (line, column), text in said]
    return "\n".join(dict.fromkeys(lines))


def locate(message: str, document: Document) -> str:
    """Return `message` with ``file:line:column`` before every line that starts with a path.

    Examples
    --------
    A change that does not fit a model says ``changes[1].hire.role must be ...``; where that stands
    in the scenario file is found here.
    """
    return "\n".join(_located(document, line)[1] for line in message.splitlines())


def _located(document: Document, line: str) -> tuple[tuple[int, int], str]:
    steps = document.steps(line.partition(" must ")[0])
    if not steps:
        return (1, 1), f"{document.path} {line}"
    place = document.place(steps)
    return place, f"{document.path}:{place[0]}:{place[1]} {line}"


def _cross_rules(document: Document, text: str) -> Iterable[tuple[tuple[int, int], str]]:
    """Place the lines that :mod:`simsales.model.check` wrote."""
    for line in text.removeprefix("Value error, ").splitlines():
        yield document.place(document.steps(line.partition(" must ")[0])), line


def _sentence(item: Any, loc: tuple[Step, ...], root: type[Value]) -> str:
    """Return ``path must rule, got value. Hint: ...`` for one error of pydantic's."""
    if item["type"] == "value_error":
        text = str(item["msg"]).removeprefix("Value error, ")
        return f"{_own(written(short_loc(loc)), text)} {_meant(text, item['input'])}".rstrip()
    if item["type"] == "missing":
        return f"{written(short_loc(loc))} must be given, got nothing. Hint: add '{brief(str(loc[-1]))}: ...' here."
    if item["type"] == "extra_forbidden":
        allowed = _fields(root, loc[:-1])
        hint = did_you_mean(str(loc[-1]), allowed)
        return f"{written(short_loc(loc))} must be a known field, got {got(loc[-1])}. {hint}".rstrip()
    rule, hint = rule_in_words(item)
    if item["type"] == "model_type" and (fields := _fields(root, loc)):
        hint = f"Hint: its fields are {', '.join(fields[:12])}."
    return f"{written(short_loc(loc))} must {rule}, got {found(item)}. {hint}".rstrip()


def _own(path: str, message: str) -> str:
    """Join the path with a rule of ours, which may begin with the name of a field."""
    joined = f"{path} {message}" if message.startswith("must") else f"{path}.{message}"
    return joined if joined.endswith((".", "?")) else f"{joined}."


def _meant(text: str, value: Any) -> str:
    """Return a hint for a misspelt or badly indented law or change."""
    if "one law of" in text and isinstance(value, str):
        return number_hint(value)
    for words, names in (("one law of", LAWS), ("one change of", CHANGES)):
        if words in text and isinstance(value, dict) and value:
            known = [key for key in value if key in names]
            others = [str(key) for key in value if key not in names]
            if known and others:
                return f"Hint: indent {', '.join(others)} so that it stands under {known[0]}."
            return did_you_mean(str(next(iter(value))), names) if len(value) == 1 else ""
    return ""


def _fields(kind: Any, loc: Sequence[Step]) -> list[str]:
    """Return the keys that a mapping at `loc` below `kind` may have."""
    for step in short_loc(loc):
        kind = _below(kind, step)
    for option in _options(kind):
        if isinstance(option, type) and issubclass(option, Value):
            fields = option.model_fields.items()
            return [field.alias or name for name, field in fields if name != "kind"]
    return []


def _below(kind: Any, step: Step) -> Any:
    """Return the type that `step` leads to below the type `kind`."""
    for option in _options(kind):
        if isinstance(option, type) and issubclass(option, Value):
            for name, field in option.model_fields.items():
                if step in (name, field.alias):
                    return field.annotation
            if step in _TAGS and _TAGS[str(step)] in _options(kind):
                return _TAGS[str(step)]
        origin, arguments = typing.get_origin(option), typing.get_args(option)
        if origin is tuple and isinstance(step, int):
            return arguments[0]
        if origin is dict:
            return arguments[1]
    return None


def _options(kind: Any) -> list[Any]:
    """Return the members of a union, without annotations."""
    origin = typing.get_origin(kind)
    if origin is typing.Annotated:
        return _options(typing.get_args(kind)[0])
    if origin in (typing.Union, types.UnionType):
        return [option for part in typing.get_args(kind) for option in _options(part)]
    return [kind]
