"""Views: a process as others draw it, and what a run says about time and people.

Importing this package is cheap: every name is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "Edge": "graph",
    "Graph": "graph",
    "Node": "graph",
    "Quadrants": "quadrant",
    "ValueStream": "valuestream",
    "journey": "journeys",
    "mined_graph": "graph",
    "process_graph": "graph",
    "read_bpmn": "bpmn",
    "read_mermaid": "mermaid",
    "rep_quadrants": "quadrant",
    "to_bpmn": "bpmn",
    "to_mermaid": "mermaid",
    "value_stream": "valuestream",
}

__all__ = [  # noqa: PLE0604 - the keys are literals above
    *sorted(_HOMES),
]


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use (PEP 562)."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
