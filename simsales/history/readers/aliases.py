"""Which caption means which canonical field: the alias file, and matching against it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from simsales.history.readers.values import caption_unit

_REQUIRED = re.compile(r"[(（]\s*(必填|required)\s*[)）]", re.IGNORECASE)
_NOT_WORD = re.compile(r"[\W_]+")
_CJK = re.compile(r"[\u3400-\u9fff]")


@lru_cache(maxsize=1)
def load() -> dict[str, Any]:
    """Return the alias file: section to field to captions."""
    from ruamel.yaml import YAML

    text = resources.files("simsales.history.readers").joinpath("aliases.yaml").read_text(encoding="utf-8")
    return dict(YAML(typ="safe", pure=True).load(text))


@lru_cache(maxsize=4096)
def key(caption: str) -> str:
    """Return what two spellings of a caption have in common.

    Examples
    --------
    >>> key("Deal - ID*") == key("deal_id"), key("商机名称（必填）")
    (True, '商机名称')
    """
    plain = _REQUIRED.sub("", unicodedata.normalize("NFKC", str(caption)))
    return _NOT_WORD.sub("", plain).casefold()


@lru_cache(maxsize=16)
def index(section: str) -> dict[str, tuple[str, int]]:
    """Return caption key to (field, preference) for one kind of table."""
    found: dict[str, tuple[str, int]] = {}
    for field, captions in load()[section].items():
        for rank, caption in enumerate(captions):
            found.setdefault(key(str(caption)), (field, rank))
    return found


def match(captions: Iterable[str], section: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return field to caption, and the captions that lost against a more specific one.

    Parameters
    ----------
    captions : iterable of str
        As the file has them.
    section : str
        Kind of table: deals, changes, stage_history, events, stages or reps.

    Returns
    -------
    (dict, dict)
        Field to its caption; other caption to the field it would also have meant.

    Examples
    --------
    >>> match(["Deal - ID", "Deal - Value", "Mood"], "deals")[0]
    {'deal_id': 'Deal - ID', 'amount': 'Deal - Value'}
    """
    table = index(section)
    best: dict[str, tuple[int, str]] = {}
    hits: list[tuple[str, str]] = []
    for caption in captions:
        hit = table.get(key(caption)) or (table.get(key(caption.rsplit(" - ", 1)[-1])) if " - " in caption else None) or _in_units(caption, table)
        if hit is None:
            continue
        hits.append((hit[0], caption))
        if hit[0] not in best or hit[1] < best[hit[0]][0]:
            best[hit[0]] = (hit[1], caption)
    order = load()[section]
    chosen = {field: best[field][1] for field in order if field in best}
    also = {caption: field for field, caption in hits if chosen[field] != caption}
    return chosen, also


def _in_units(caption: str, table: Mapping[str, tuple[str, int]]) -> tuple[str, int] | None:
    """Return what a caption such as Amount (EUR) means without its unit, if that is an amount."""
    found = caption_unit(caption)
    hit = table.get(key(found[0])) if found else None
    return hit if hit and hit[0].startswith("amount") else None


@lru_cache(maxsize=1)
def fields() -> tuple[str, ...]:
    """Return every canonical field that some kind of table has."""
    sections = ("deals", "changes", "stage_history", "events", "stages", "reps")
    return tuple(dict.fromkeys(field for section in sections for field in load()[section]))


@lru_cache(maxsize=1)
def known_keys() -> frozenset[str]:
    """Return every caption key of every kind of table, for finding the header row."""
    sections = ("deals", "changes", "stage_history", "events", "stages", "reps")
    return frozenset(name for section in sections for name in index(section))


@lru_cache(maxsize=1)
def personal_keys() -> frozenset[str]:
    """Return caption keys of buyers' personal data."""
    return frozenset(key(caption) for caption in load()["personal"])


@lru_cache(maxsize=1)
def outcome_keys() -> dict[str, str]:
    """Return value key to won, lost, no_decision, open or parked."""
    return {key(str(value)): kind for kind, values in load()["outcomes"].items() for value in values}


def outcome(label: str, given: Mapping[str, str] | None = None) -> str | None:
    """Return how a status or stage label ends a deal, or None where it says nothing.

    Examples
    --------
    >>> outcome("Closed Won"), outcome("已签约"), outcome("Demo")
    ('won', 'won', None)
    """
    if given and label in given:
        return given[label]
    return outcome_keys().get(key(label))


def has_chinese(texts: Iterable[str]) -> bool:
    """Return whether any text holds a Chinese character."""
    return any(_CJK.search(str(text)) for text in texts)
