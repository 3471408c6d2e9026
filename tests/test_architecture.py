"""The project lints its own rules: arrows, who prints, who makes randomness, who reads a clock."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "simsales"

LEVELS = {
    "errors": 0,
    "intervals": 1, "survival": 1, "same": 1, "model": 1,
    "files": 2, "history": 2, "engine": 2, "manifest": 2,
    "calibrate": 3, "facts": 3,
    "money": 4,
    "kpi": 5,
    "experiment": 6, "views": 6,
    "forecast": 7,
    "report": 8,
    "describe": 9, "render": 9, "doctor": 9, "inputs": 9, "options": 10, "demo": 9,
    "cli": 11,
}  # fmt: skip
"""A part may import parts of a lower level; parts of one level do not know one another."""

LAZY = {
    ("engine.eventlog", "kpi"): "log.kpis() is the reader's name for kpi.table(log)",
    ("engine.eventlog", "history"): "a simulated log is a history: log.to_history()",
    ("engine.eventlog", "views"): "log.value_stream() is the reader's name for views.value_stream(log)",
    ("engine.eventlog", "money"): "log.pay_statements() is the reader's name for money.pay_statements(log)",
    ("engine.eventlog", "report"): "log.plot reaches for the figures when asked, as history.plot does",
    ("history.history", "report"): "history.plot reaches for the figures when asked",
    ("experiment", "report"): "study.plot and _repr_html_ reach for the figures when asked",
    ("calibrate", "report"): "calibration.plot and _repr_html_ reach for the figures when asked",
    ("model.quota", "kpi"): "a goal names a KPI, and is refused at birth where nobody measures it",
    ("model.schema", "describe"): "print(model) and _repr_html_ say a model in words when asked",
    ("forecast", "report"): "forecast.plot and _repr_html_ reach for the figures when asked",
}
"""Imports inside functions that go upward on purpose, each with its reason."""

PRINTERS = {"cli.terminal"}
CLOCK_READERS = {"cli.terminal"}
MAX_LINES = 450
LONG = {
    "model.laws": "eight laws, each its mathematics: one place on purpose",
    "report.text": "every function has its examples",

}


@dataclass(frozen=True)
class Import:
    """One import statement of the package by the package."""

    module: str
    target: str
    inside_function: bool
    typing_only: bool
    line: int


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def dotted(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def top(module: str) -> str:
    return module.split(".", maxsplit=1)[0]


def imports(path: Path) -> Iterator[Import]:
    """Yield what a module imports from the package, and where it does so."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield from _imports(tree, dotted(path), inside=False, typing_only=False)


def _imports(node: ast.AST, module: str, *, inside: bool, typing_only: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom | ast.Import):
            for target in _targets(child):
                yield Import(module, target, inside, typing_only, child.lineno)
        else:
            deeper = inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef)
            typed = typing_only or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test))
            yield from _imports(child, module, inside=deeper, typing_only=typed)


def _targets(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute, so that the arrows can be read"
        names = [
            f"{node.module}.{alias.name}" if node.module == "simsales" else str(node.module) for alias in node.names
        ]
    else:
        names = [alias.name for alias in node.names]
    for name in dict.fromkeys(names):
        if name.startswith("simsales."):
            yield name.removeprefix("simsales.")


def allowed(found: Import) -> bool:
    here, there = top(found.module), top(found.target)
    if here in ("", there) or there == "__version__" or found.typing_only:
        return True
    if LEVELS[there] < LEVELS[here]:
        return True
    reasons = [key for key in LAZY if (found.module == key[0] or here == key[0]) and there == key[1]]
    return found.inside_function and bool(reasons)


def test_every_part_has_a_level() -> None:
    parts = {top(dotted(path)) for path in modules()} - {""}
    assert parts <= set(LEVELS)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_arrows_point_one_way(path: Path) -> None:
    wrong = [f"{found.module}:{found.line} imports {found.target}" for found in imports(path) if not allowed(found)]
    assert wrong == []


def test_a_wrong_arrow_would_be_found() -> None:
    assert not allowed(Import("model.schema", "history.report", False, False, 1))
    assert not allowed(Import("engine.plan", "experiment", True, False, 1))
    assert not allowed(Import("engine.eventlog", "kpi", False, False, 1))
    assert allowed(Import("engine.eventlog", "kpi", True, False, 1))


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """Yield the dotted name and line of every call."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def names(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every dotted attribute and imported name with its line."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node), node.lineno
        elif isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_only_the_command_line_prints(path: Path) -> None:
    if dotted(path) in PRINTERS:
        return
    found = [line for name, line in calls(path) if name in ("print", "sys.stdout.write", "sys.stderr.write")]
    assert found == []


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_nothing_makes_randomness_but_the_keyed_streams(path: Path) -> None:
    banned = ("np.random", "numpy.random", "random.", "secrets.", "uuid.", "os.urandom")
    found = [(name, line) for name, line in names(path) if name in ("random", "secrets") or name.startswith(banned)]
    assert found == []


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_nothing_reads_the_clock_but_the_command_line(path: Path) -> None:
    if dotted(path) in CLOCK_READERS:
        return
    banned = (
        "time.time",
        "time.perf_counter",
        "time.monotonic",
        "datetime.now",
        "date.today",
        "Timestamp.now",
        "Timestamp.today",
        "datetime.utcnow",
        "datetime.today",
    )
    found = [(name, line) for name, line in calls(path) if name.endswith(banned)]
    assert found == []


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_no_error_is_swallowed_or_nameless(path: Path) -> None:
    wrong = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ExceptHandler) and node.type is None:
            wrong.append((node.lineno, "bare except"))
        if isinstance(node, ast.Raise) and node.exc is not None:
            called = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            if ast.unparse(called) in ("Exception", "BaseException", "RuntimeError"):
                wrong.append((node.lineno, "raises " + ast.unparse(called)))
    assert wrong == []


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_modules_stay_readable(path: Path) -> None:
    if dotted(path) in LONG:
        return
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", modules(), ids=dotted)
def test_names_follow_the_glossary(path: Path) -> None:
    banned = {"agent", "agents", "opportunity", "utils", "helpers"}
    theirs = {"get_tightbbox"}  # a method of matplotlib's that a figure of ours answers
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and (node.name.startswith("get_") or node.name.endswith("Manager") or node.name.lower() in banned)
        and node.name not in theirs
    ]
    assert found == []
    assert path.stem not in banned


def test_every_exception_from_the_arrows_is_used() -> None:
    found = [item for path in modules() for item in imports(path) if item.inside_function]
    used = {
        key
        for key in LAZY
        for item in found
        if key[0] in (item.module, top(item.module)) and top(item.target) == key[1]
    }
    assert set(LAZY) - used == set()
