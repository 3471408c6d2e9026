"""Read one YAML 1.2 file into plain data, and remember where every part of it stands.

The node tree of the parser is kept: it holds the line and column of every key and value, it shows
duplicate keys and unknown tags before they are lost, and it is the only place where the size of
an expanded alias can be counted before anything is built from it.
"""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from simsales.errors import InvalidModelError, expect, got
from simsales.files.foreign import foreign_format

MAX_BYTES = 2_000_000
MAX_NODES = 500_000
MAX_DEPTH = 60
_TAG = "tag:yaml.org,2002:"
_KNOWN_TAGS = {_TAG + name for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp", "merge")}
_STEP = re.compile(r"\[(\d+)\]")
Step = str | int


@dataclass(frozen=True)
class Document:
    """The data of a file and the tree that knows where they stand.

    Parameters
    ----------
    path : Path
        As the user wrote it.
    data : dict
        Plain values.
    node : Node
        Root of the parser's tree.
    """

    path: Path
    data: dict[str, Any]
    node: Node

    def place(self, loc: Sequence[Step], *, key: bool = False) -> tuple[int, int]:
        """Return line and column (from 1) of the part that `loc` leads to.

        Steps that the file does not have (a field left out, a tag of pydantic's) are passed over,
        so the answer is the nearest part that was written. With `key`, the key rather than the
        value.
        """
        node, mark = self.node, self.node.start_mark
        for step in loc:
            found = _child(node, step)
            if found is not None:
                above, node = found
                mark = above.start_mark if key else node.start_mark
        return mark.line + 1, mark.column + 1

    def where(self, loc: Sequence[Step], *, key: bool = False) -> str:
        """Return ``file:line:column`` of the part that `loc` leads to."""
        line, column = self.place(loc, key=key)
        return f"{self.path}:{line}:{column}"

    def steps(self, path: str) -> tuple[Step, ...]:
        """Return the steps of a written path such as ``stages[0].exits[2].to``.

        Keys may hold dots and spaces: at each mapping the longest key that fits is taken.
        """
        found: list[Step] = []
        node, rest = self.node, path.strip()
        while rest:
            rest = rest.removeprefix(".")
            step, rest = _next_step(node, rest)
            if step is None:
                break
            found.append(step)
            child = _child(node, step)
            if child is None:
                break
            node = child[1]
        return tuple(found)


def _next_step(node: Node, rest: str) -> tuple[Step | None, str]:
    """Return the first step of `rest` at `node`, and what is left."""
    match = _STEP.match(rest)
    if match:
        return int(match[1]), rest[match.end() :]
    if isinstance(node, MappingNode):
        keys = sorted((str(key.value) for key, _ in node.value), key=len, reverse=True)
        for key in keys:
            if key and rest.startswith(key) and rest[len(key) : len(key) + 1] in ("", ".", "["):
                return key, rest[len(key) :]
    return None, rest


def _child(node: Node, step: Step) -> tuple[Node, Node] | None:
    """Return the node that holds the key, and the value's node."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if str(key.value) == str(step):
                return key, value
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def read_document(path: str | Path) -> Document:
    """Read a YAML file and refuse what a data file must not hold.

    Parameters
    ----------
    path : str or Path
        A file of at most 2 MB, in UTF-8 (UTF-16 with a byte order mark is read too).

    Raises
    ------
    InvalidModelError
        If the file is absent, is not text or YAML, is empty, repeats a key, uses a tag, or grows
        beyond the limits when its aliases are followed. All repeated keys are named at once.
    """
    expect("path", path, (str, Path), "the name of a YAML file", InvalidModelError)
    path = Path(path)
    text = _read_text(path)
    yaml = YAML(typ="safe", pure=True)
    try:
        with warnings.catch_warnings():  # YAML 1.2 lets a later anchor take an earlier one's name
            warnings.simplefilter("ignore", ReusedAnchorWarning)
            node = yaml.compose(text)
    except MarkedYAMLError as error:
        raise InvalidModelError(_syntax(path, text, error)) from error
    except YAMLError as error:
        message = f"{path} must be valid YAML, got {_first_line(error)}."
        raise InvalidModelError(message) from error
    except RecursionError as error:
        message = f"{path} must be nested at most {MAX_DEPTH} deep, got more."
        raise InvalidModelError(message) from error
    if node is None:
        message = f"{path} must hold a model or a scenario, got an empty file."
        raise InvalidModelError(message)
    found = _expansion(path, node) or list(_forbidden(path, node))
    if not found and not isinstance(node, MappingNode):
        found = [f"{path}:1:1 must be a mapping of fields such as 'stages:', got {_sort(node)}."]
    if found:
        raise InvalidModelError("\n".join(found))
    return Document(path, _construct(path, node), node)


def _read_text(path: Path) -> str:
    """Return the text of a file, whatever it starts with."""
    try:
        if path.is_file() and path.stat().st_size > MAX_BYTES:
            message = (
                f"{path} must be at most {MAX_BYTES / 1e6:.0f} MB, got "
                f"{path.stat().st_size / 1e6:.1f} MB. Hint: put long tables of values into CSV "
                "files and write empirical: {file: values.csv}."
            )
            raise InvalidModelError(message)
        raw = path.read_bytes()
    except FileNotFoundError as error:
        message = f"{path} must be a file that exists, got nothing there.{_near(path)}"
        raise InvalidModelError(message) from error
    except IsADirectoryError as error:
        message = f"{path} must be a YAML file, got a folder."
        raise InvalidModelError(message) from error
    except OSError as error:
        message = f"{path} must be readable, got: {error.strerror or error}."
        raise InvalidModelError(message) from error
    foreign = foreign_format(raw)
    if foreign:
        message = f"{path} must be a model or scenario in YAML, got {foreign[0]}. Hint: {foreign[1]}"
        raise InvalidModelError(message)
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise InvalidModelError(_encoding(path, raw, error)) from error


def _near(path: Path) -> str:
    """Return a hint that names a file with nearly the same name."""
    try:
        names = sorted(item.name for item in path.parent.iterdir() if item.is_file())
    except OSError:
        return f" Hint: the folder {path.parent} does not exist."
    stems = {Path(name).stem: name for name in reversed(names)}
    near = difflib.get_close_matches(path.stem, stems, n=1)
    return f" Hint: did you mean '{path.parent / stems[near[0]]}'?" if near else " Hint: check the path."


def _encoding(path: Path, raw: bytes, error: UnicodeDecodeError) -> str:
    line = raw.count(b"\n", 0, error.start) + 1
    guess = ""
    try:
        raw.decode("gb18030")
        guess = ", which looks like GBK"
    except UnicodeDecodeError:
        pass
    return (
        f"{path}:{line} must be text in UTF-8, got byte 0x{raw[error.start]:02x}{guess}. "
        "Hint: save the file again with the encoding UTF-8."
    )


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _syntax(path: Path, text: str, error: MarkedYAMLError) -> str:
    """Return where and why the text is not YAML, with the usual cause as a hint."""
    mark = error.problem_mark or error.context_mark
    where, hint = str(path), ""
    if mark is not None:
        where = f"{path}:{mark.line + 1}:{mark.column + 1}"
        lines = text.splitlines()
        nearby = lines[max(0, mark.line - 1) : mark.line + 1]
        if any("\t" in line for line in nearby):
            hint = " Hint: indent with spaces, not with tabs."
        elif any("：" in line or "，" in line for line in nearby):  # noqa: RUF001
            hint = " Hint: write the ASCII marks ':' and ',' instead of the full-width ones."
        elif "got '['" in (error.problem or "") or "got '{'" in (error.problem or ""):
            hint = ' Hint: put text that holds brackets in quotes: path: "stages[Demo].exits[won].probability".'
        else:
            hint = " Hint: look for a missing colon, bracket or quote, or a wrong indent, just above."
    return f"{where} must be valid YAML, got {error.problem or 'something else'}.{hint}"


def _expansion(path: Path, root: Node) -> list[str]:
    """Refuse trees that are too deep, refer to themselves, or explode when aliases are followed."""
    sizes: dict[int, tuple[int, int]] = {}
    stack: list[tuple[Node, bool]] = [(root, False)]
    active: set[int] = set()
    while stack:
        node, done = stack.pop()
        children = _children(node)
        if done:
            active.discard(id(node))
            size = 1 + sum(sizes[id(child)][0] for child in children)
            depth = 1 + max((sizes[id(child)][1] for child in children), default=0)
            sizes[id(node)] = (size, depth)
            continue
        if id(node) in sizes:
            continue
        if id(node) in active:
            return [f"{_at(path, node)} must not refer to itself, got an alias to a part it is in."]
        active.add(id(node))
        stack.append((node, True))
        stack.extend((child, False) for child in reversed(children) if id(child) not in sizes)
    size, depth = sizes[id(root)]
    if size > MAX_NODES:
        return [f"{path} must hold at most {MAX_NODES:,} values, got {size:,} with its aliases."]
    if depth > MAX_DEPTH:
        return [f"{path} must be nested at most {MAX_DEPTH} deep, got {depth} levels."]
    return []


def _children(node: Node) -> list[Node]:
    if isinstance(node, MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, SequenceNode) else []


def _forbidden(path: Path, node: Node) -> Iterator[str]:
    """Yield a line for every repeated key and every tag."""
    if node.tag not in _KNOWN_TAGS:
        yield (
            f"{_at(path, node)} must be plain YAML, got the tag '{node.tag}'. "
            "Hint: leave out the word that begins with '!'."
        )
    if isinstance(node, MappingNode):
        seen: dict[str, Node] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, ScalarNode) else ""
            if not isinstance(key, ScalarNode):
                yield f"{_at(path, key)} must be a plain key, got {_sort(key)}."
            elif name in seen:
                first = seen[name].start_mark.line + 1
                yield (
                    f"{_at(path, key)} must not repeat a key, got {got(name)} again "
                    f"(first on line {first}). Hint: keep one of the two."
                )
            seen.setdefault(name, key)
            yield from _forbidden(path, value)
    elif isinstance(node, SequenceNode):
        for item in node.value:
            yield from _forbidden(path, item)


def _construct(path: Path, node: Node) -> dict[str, Any]:
    """Return plain data; times keep their text, since the parser would drop their zone."""
    for part in _walk(node):
        if part.tag == _TAG + "timestamp" and len(part.value) > len("2027-01-01"):
            part.tag = _TAG + "str"
    constructor = SafeConstructor(loader=YAML(typ="safe", pure=True))
    try:
        data: dict[str, Any] = constructor.construct_document(node)
    except ConstructorError as error:
        raise InvalidModelError(_syntax(path, "", error)) from error
    except ValueError as error:
        bad = next((part for part in _walk(node) if not _readable(part)), node)
        message = f"{_at(path, bad)} must be a valid date or number, got {got(bad.value)}: {error}."
        raise InvalidModelError(message) from error
    return data


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in _children(node):
        yield from _walk(child)


def _readable(node: Node) -> bool:
    if not isinstance(node, ScalarNode):
        return True
    try:
        SafeConstructor(loader=YAML(typ="safe", pure=True)).construct_document(node)
    except ValueError:
        return False
    return True


def _at(path: Path, node: Node) -> str:
    return f"{path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _sort(node: Node) -> str:
    if isinstance(node, MappingNode):
        return "a mapping"
    return "a list" if isinstance(node, SequenceNode) else got(node.value)
