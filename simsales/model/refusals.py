"""What a value refuses, in words: ``path must rule, got value. Hint: ...``, wherever the value was given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pydantic import ValidationError

from simsales.errors import brief, did_you_mean, got

NUMERIC = ("float_type", "int_type")
_UNITS = {"%": 0.01, "万": 1e4, "亿": 1e8}
_THOUSAND = 1000
_MANY = 2.0
"""A share above it was meant as a percentage."""


def refusal(item: Any, fields: Sequence[str] = ()) -> str:
    """Return one error of pydantic's as ``path must rule, got value. Hint: ...``, one line a problem.

    Parameters
    ----------
    item : dict
        One of ``ValidationError.errors()``.
    fields : sequence of str
        What may stand at the head of a path.
    """
    loc, text = short_loc(item["loc"]), str(item["msg"]).removeprefix("Value error, ")
    path = written(loc)
    if item["type"] == "value_error":
        hint = number_hint(item["input"]) if "one law of" in text else ""
        joined = f"{path} {text}" if text.startswith("must") or not path else f"{path}.{text}"
        return f"{joined.strip()}{'. ' * bool(hint)}{hint}"
    if item["type"] == "missing":
        return f"{path} must be given, got nothing."
    if item["type"] == "extra_forbidden":
        hint = did_you_mean(str(loc[-1]), fields) if len(loc) == 1 else ""
        return f"{path} must be a known field, got {got(loc[-1])}. {hint}".rstrip()
    rule, hint = rule_in_words(item)
    return f"{path} must {rule}, got {found(item)}. {hint}".strip()


def refusals(error: ValidationError, fields: Iterable[str] = ()) -> str:
    """Return all that pydantic refuses in words, one line a problem, each once.

    Parameters
    ----------
    error : ValidationError
    fields : iterable of str
        What the value has: one of them may have been meant by a key that it does not have.
    """
    known = tuple(fields)
    items = without_alternatives(error.errors(include_url=False))
    return "\n".join(dict.fromkeys(line for item in items for line in refusal(item, known).splitlines()))


def without_alternatives(items: Sequence[Any]) -> list[Any]:
    """Leave out that a value is not the word ``none`` either, where it breaks a rule of what it was meant to be."""
    words = [item for item in items if item["type"] == "literal_error" and is_member(item["loc"][-1], None)]
    others = [short_loc(item["loc"]) for item in items if item not in words]

    def is_other(item: Any) -> bool:
        loc = short_loc(item["loc"])
        return item in words and any(other[: len(loc)] == loc for other in others)

    return [item for item in items if not is_other(item)]


def found(item: Any) -> str:
    """Return what an error of pydantic's found; text in the place of a number is called so."""
    text = "the text " if isinstance(item["input"], str) and item["type"] in NUMERIC else ""
    return text + got(item["input"])


def written(loc: Sequence[int | str]) -> str:
    """Return steps as a user writes them.

    Examples
    --------
    >>> written(("stages", 0, "exits", 2, "to"))
    'stages[0].exits[2].to'
    """
    text = ""
    for step in loc:
        text += f"[{step}]" if isinstance(step, int) else f".{brief(step)}" if text else brief(step)
    return text


def short_loc(loc: Sequence[int | str]) -> tuple[int | str, ...]:
    """Leave out what no file has: a bare number is a constant law, and members of a union have no key.

    Examples
    --------
    >>> short_loc(("delay_days", "constant", "value")), short_loc(("cap", "constrained-float"))
    (('delay_days',), ('cap',))
    """
    kept: list[int | str] = []
    for step in loc[:-2] if tuple(loc[-2:]) == ("constant", "value") else loc:
        if step == "[key]" or is_member(step, kept[-1] if kept else None):
            continue
        kept.append(step)
    return tuple(kept)


def is_member(step: int | str, before: int | str | None) -> bool:
    """Tell whether a step names a member of a union, which no file has."""
    if not isinstance(step, str):
        return False
    is_class = isinstance(before, str) and step[:1].isupper() and step.lower() == before
    return is_class or step.startswith(("constrained-", "literal["))


def number_hint(value: Any) -> str:
    """Return how text that was meant as a number is written.

    Examples
    --------
    >>> number_hint("20%"), number_hint("50,000"), number_hint("1.5亿")
    ('Hint: write the share 0.2.', 'Hint: write 50000 without quotes or commas.', 'Hint: write 150000000.')
    """
    if not isinstance(value, str):
        return ""
    plain = value.strip().replace(",", "").replace("，", "").replace("_", "")  # noqa: RUF001 - as it is typed
    unit = plain[-1:]
    number = _float(plain.removesuffix(unit) if unit in _UNITS else plain)
    if number is None:
        return ""
    if unit == "%":
        return f"Hint: write the share {number / 100:.10g}."
    return f"Hint: write {number * _UNITS[unit]:.15g}." if unit in _UNITS else f"Hint: write {brief(plain)} without quotes or commas."


def _float(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def rule_in_words(item: Any) -> tuple[str, str]:
    """Return the rule of a built-in check in words, and a hint."""
    ctx, value, kind = item.get("ctx", {}), item["input"], item["type"]
    if kind == "literal_error":
        options = [part.strip(" '") for part in ctx["expected"].replace(" or ", ", ").split(",")]
        return f"be one of {', '.join(options)}", did_you_mean(str(value), options)
    return _rule(kind, ctx, item), _hint(kind, ctx, value)


def _rule(kind: str, ctx: dict[str, Any], item: Any) -> str:
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
    return rules[kind]() if kind in rules else f"be valid ({item['msg']})"


def _hint(kind: str, ctx: dict[str, Any], value: Any) -> str:
    if kind in NUMERIC:
        return number_hint(value)
    if kind == "finite_number":
        return "Hint: look where the number comes from; an empty cell or a division by zero makes such a value."
    if kind == "invalid_key" and isinstance(value, int) and value < _THOUSAND and not isinstance(value, bool):
        return f'Hint: numbers are written without commas (50000, not 50,000); a name is put in quotes: "{value}".'
    if kind in ("string_type", "invalid_key") and not isinstance(value, (dict, list)):
        return f'Hint: put it in quotes: "{brief(str(value))}".'
    if kind == "tuple_type" and isinstance(value, (str, int, float)):
        return f"Hint: write [{brief(str(value))}]."
    most = ctx.get("le", ctx.get("lt")) if kind in ("less_than_equal", "less_than") else None
    if most == 1 and isinstance(value, (int, float)) and _MANY <= value <= 100:
        return f"Hint: for {value:g} % write {value / 100:g}."
    return ""
