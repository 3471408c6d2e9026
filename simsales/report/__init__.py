"""Figures and one-file HTML reports: what people look at.

Importing this package is cheap: every name below is loaded on first use, so that
:mod:`simsales.report.text` can serve the command line without loading matplotlib.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "FIGURES": "figures",
    "ReportWarning": "fonts",
    "style": "fonts",
    "inline_svg": "svg",
    "html_report": "html",
    "html_table": "text",
    "log_figures": "plots",
    "money": "text",
    "number": "text",
    "percent": "text",
    "CalibrationPlots": "plots",
    "ComparisonPlots": "plots",
    "ForecastPlots": "plots",
    "HistoryPlots": "plots",
    "StudyPlots": "plots",
}

__all__ = [  # noqa: PLE0604 - the keys are literals above
    *sorted(_HOMES),
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - lazy names have many types
    """Load a public name from its module on first use (PEP 562)."""
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    """Return the public names."""
    return list(__all__)
