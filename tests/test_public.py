"""What ``import simsales`` offers, and what it costs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import simsales

ROOT = Path(__file__).parents[1]
HEAVY = ("numpy", "pandas", "scipy", "matplotlib", "pydantic", "ruamel", "simpy", "typer", "rich", "holidays")


def python(code: str) -> str:
    """Run code in a fresh interpreter and return what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout.strip()


def test_importing_simsales_imports_nothing_heavy() -> None:
    loaded = python("import sys, simsales; dir(simsales); print(*sys.modules)").split()
    assert [name for name in HEAVY if name in loaded] == []


def test_the_command_line_imports_nothing_heavy() -> None:
    loaded = python("import sys, simsales.cli; print(*sys.modules)").split()
    assert [name for name in HEAVY if name in loaded and name not in ("typer", "rich")] == []


@pytest.mark.parametrize("name", simsales.__all__)
def test_every_public_name_exists(name: str) -> None:
    assert getattr(simsales, name) is not None


def test_the_docstring_names_every_public_name() -> None:
    named = set(re.findall(r"``(\w+)``", simsales.__doc__ or ""))
    errors = {name for name in simsales.__all__ if name.endswith("Error")}
    assert named >= set(simsales.__all__) - errors - {"__version__"}
    assert named <= set(simsales.__all__)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'simulat'"):
        _ = simsales.simulat


@pytest.mark.parametrize("verb", ["calibrate", "forecast"])
def test_a_folder_that_is_a_verb_can_be_called_whatever_was_imported_first(verb: str) -> None:
    check = f"assert callable(simsales.{verb}); assert callable(simsales.{verb}.{verb})"
    python(f"import simsales; {check}")
    python(f"import simsales, simsales.{verb}; {check}")
    python(f"from simsales.{verb} import {verb}; import simsales; {check}")
    signature = python(f"import inspect, simsales; print(inspect.signature(simsales.{verb}))")
    assert "history" in signature


def test_the_version_is_that_of_the_project() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert f'version = "{simsales.__version__}"' in text
