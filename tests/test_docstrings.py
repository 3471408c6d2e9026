"""Everything that others may use says what it does and what it returns."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "simsales"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))


def public(node: ast.AST) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Yield public functions and classes, and the public methods of public classes."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.ClassDef) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from public(child)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_public_things_have_docstrings_and_types(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree) or not tree.body  # an empty __init__ has nothing to say
    assert [f"{node.name}:{node.lineno}" for node in public(tree) if not ast.get_docstring(node)] == []
    untyped = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.returns is None]
    assert [f"{node.name}:{node.lineno}" for node in untyped] == []
