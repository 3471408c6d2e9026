"""Execute every notebook of this folder from its first cell to its last; fail at the first error.

Run ``python notebooks/execute.py [NAME...]``. Nothing is written: notebooks stay without outputs. SIMSALES_FAST=1
lowers the replications; a notebook that takes more than a minute fails.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
LIMIT_SECONDS = 60


def execute(path: Path) -> float:
    """Run a notebook and return the seconds it took."""
    began = time.monotonic()
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=LIMIT_SECONDS, kernel_name="python3", resources={"metadata": {"path": str(FOLDER)}}).execute()
    return time.monotonic() - began


def with_outputs(path: Path) -> bool:
    """Tell whether a notebook was saved with outputs."""
    return any(cell.get("outputs") or cell.get("execution_count") for cell in nbformat.read(path, as_version=4).cells)


def main(names: list[str]) -> int:
    """Execute the notebooks and return how many failed their limits."""
    failed = 0
    for path in sorted(FOLDER.glob("*.ipynb")):
        if names and path.stem not in names:
            continue
        seconds = execute(path)
        problem = "has saved outputs" if with_outputs(path) else f"takes more than {LIMIT_SECONDS} s" if seconds > LIMIT_SECONDS else ""
        failed += bool(problem)
        sys.stdout.write(f"{path.name}: {seconds:.1f} s {problem}\n")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
