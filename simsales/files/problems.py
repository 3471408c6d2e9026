"""Turn what a model refuses into advice: ``file:line:column path must rule, got value. Hint: ...``."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from simsales.errors import did_you_mean
from simsales.files.document import Document, Step
from simsales.model.base import Value
from simsales.model.laws import LAWS
from simsales.model.levers import CHANGES

_TAGS = {**LAWS, **CHANGES}
_NUMERIC = ("float_type", "int_type")
_SHORT = 60


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
    found: list[tuple[tuple[int, int], str]] = []
    for item in error.errors(include_url=False):
        loc = tuple(step for step in item["loc"] if step != "[key]")
        if item["type"] == "value_error" and not loc:
            found.extend(_cross_rules(document, str(item["msg"])))
            continue
        at_key = item["loc"][-1:] == ("[key]",) or item["type"] in ("extra_forbidden", "invalid_key")
        place = document.place(loc, key=at_key)
        text = _sentence(item, loc, root)
        found.append((place, text))
    found.sort(key=lambda problem: problem[0])
    lines = [f"{document.path}:{line}:{column} {text}" for (line, column), text in found]
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


def written(loc: Sequence[Step]) -> str:
    """Return steps as a user writes them.

    Examples
    --------
    >>> written(("stages", 0, "exits", 2, "to"))
    'stages[0].exits[2].to'
    """
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _sentence(item: Any, loc: tuple[Step, ...], root: type[Value]) -> str:
    """Return ``path must rule, got value. Hint: ...`` for one error of pydantic's."""
    if item["type"] == "value_error":
        text = str(item["msg"]).removeprefix("Value error, ")
        return f"{_own(written(_short_loc(loc)), text)} {_meant(text, item['input'])}".rstrip()
    if item["type"] == "missing":
        return f"{written(_short_loc(loc))} must be given, got nothing. Hint: add '{loc[-1]}: ...' here."
    if item["type"] == "extra_forbidden":
        allowed = _fields(root, loc[:-1])
        hint = did_you_mean(str(loc[-1]), allowed)
        return f"{written(_short_loc(loc))} must be a known field, got '{loc[-1]}'. {hint}".rstrip()
    rule, hint = _rule(item)
    text = "the text " * (isinstance(item["input"], str) and item["type"] in _NUMERIC)
    return f"{written(_short_loc(loc))} must {rule}, got {text}{got(item['input'])}. {hint}".rstrip()


def _own(path: str, message: str) -> str:
    """Join the path with a rule of ours, which may begin with the name of a field."""
    joined = f"{path} {message}" if message.startswith("must") else f"{path}.{message}"
    return joined if joined.endswith((".", "?")) else f"{joined}."


def _meant(text: str, value: Any) -> str:
    """Return a hint for a misspelt or badly indented law or change."""
    for words, names in (("one law of", LAWS), ("one change of", CHANGES)):
        if words in text and isinstance(value, dict) and value:
            known = [key for key in value if key in names]
            others = [str(key) for key in value if key not in names]
            if known and others:
                return f"Hint: indent {', '.join(others)} so that it stands under {known[0]}."
            return did_you_mean(str(next(iter(value))), names) if len(value) == 1 else ""
    return ""


def _short_loc(loc: tuple[Step, ...]) -> tuple[Step, ...]:
    """Leave out what the file does not have: a bare number is a constant law."""
    return loc[:-2] if loc[-2:] == ("constant", "value") else loc


def got(value: Any) -> str:
    """Return a value as an error shows it: short, text in quotes.

    Examples
    --------
    >>> got("12"), got(12), got({"a": 1}), got([1, 2])
    ("'12'", '12', 'a mapping of a', 'a list of 2')
    """
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return f"'{value[:_SHORT]}'"
    if isinstance(value, dict):
        return f"a mapping of {', '.join(map(str, list(value)[:4]))}" if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}" if value else "an empty list"
    return repr(value)[:_SHORT] if not isinstance(value, bool) else str(value).lower()


def _is_number(text: Any) -> bool:
    try:
        float(str(text).replace(",", "").replace("_", "").removesuffix("%"))
    except ValueError:
        return False
    return True


def _number_hint(value: Any) -> str:
    if isinstance(value, str) and value.endswith("%") and _is_number(value):
        return f"Hint: write the share {float(value[:-1].replace(',', '')) / 100:g}."
    if isinstance(value, str) and _is_number(value):
        return f"Hint: write {value.replace(',', '')} without quotes or commas."
    return ""


def _rule(item: Any) -> tuple[str, str]:
    """Return the rule in words and a hint for a built-in check."""
    ctx, value = item.get("ctx", {}), item["input"]
    rules: dict[str, Callable[[], str]] = {
        "float_type": lambda: "be a number",
        "int_type": lambda: "be a whole number",
        "int_from_float": lambda: "be a whole number",
        "string_type": lambda: "be text",
        "bool_type": lambda: "be true or false",
        "finite_number": lambda: "be a finite number",
        "greater_than": lambda: f"be greater than {ctx['gt']:g}",
        "greater_than_equal": lambda: f"be at least {ctx['ge']:g}",
        "less_than": lambda: f"be less than {ctx['lt']:g}",
        "less_than_equal": lambda: f"be at most {ctx['le']:g}",
        "too_short": lambda: f"have at least {ctx['min_length']} item{'s' * (ctx['min_length'] > 1)}",
        "string_too_short": lambda: "not be empty",
        "string_too_long": lambda: f"have at most {ctx['max_length']} characters",
        "tuple_type": lambda: "be a list (items begin with '- ')",
        "invalid_key": lambda: "have text as its name",
        "dict_type": lambda: "be a mapping (name: value)",
        "model_type": lambda: "be a mapping of fields",
        "date_type": lambda: "be a date like 2027-03-01",
        "datetime_type": lambda: "be a time like 2027-01-01T00:00+08:00",
    }
    kind = item["type"]
    if kind == "literal_error":
        options = [part.strip(" '") for part in ctx["expected"].replace(" or ", ", ").split(",")]
        return f"be one of {', '.join(options)}", did_you_mean(str(value), options)
    if kind in rules:
        hint = _number_hint(value) if kind in _NUMERIC else ""
        if kind == "finite_number":
            hint = "Hint: look where the number comes from; an empty cell or a division by zero makes such a value."
        if kind in ("string_type", "invalid_key"):
            hint = f'Hint: put it in quotes: "{value}".' if not isinstance(value, (dict, list)) else ""
        if kind == "less_than_equal" and ctx["le"] == 1 and isinstance(value, (int, float)) and value <= 100:
            hint = f"Hint: for {value:g} % write {value / 100:g}."
        return rules[kind](), hint
    return f"be valid ({item['msg']})", ""


def _fields(kind: Any, loc: Sequence[Step]) -> list[str]:
    """Return the keys that a mapping at `loc` below `kind` may have."""
    for step in loc:
        kind = _below(kind, step)
    if isinstance(kind, type) and issubclass(kind, Value):
        fields = kind.model_fields.items()
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
