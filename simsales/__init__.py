"""Simulate and forecast a sales organisation, from its own CRM history.

The public names, by topic; each is loaded on its first use, so ``import simsales`` costs next to
nothing:

========== ==========================================================================
read       ``read_history``, ``History``, ``ImportReport``
calibrate  ``calibrate``, ``Calibration``
model      ``Model``, ``Scenario``, ``apply``, ``load_model``, ``save_model``,
           ``load_scenario``, ``save_scenario``
simulate   ``simulate``, ``EventLog``
experiment ``replicate``, ``Study``, ``compare``, ``Comparison``, ``sensitivity``, ``pilot``
look       ``value_stream``, ``to_mermaid``, ``to_bpmn``, ``rep_quadrants``
score      ``lead_score``, ``fit_score``, ``rank_needs``
pay        ``pay_statements``, ``receipts``, ``cascade``, ``Share``, ``Goal``
forecast   ``forecast``, ``Forecast``
report     ``html_report``
errors     ``SimsalesError`` and its children
========== ==========================================================================

Examples
--------
>>> import simsales as ss
>>> model = ss.Model(
...     channels=[{"name": "web", "leads_per_week": 5.0}],
...     stages=[{"name": "Open", "exits": [{"to": "won", "probability": 0.25, "delay_days": 10},
...                                        {"to": "lost", "probability": 0.75, "delay_days": 5}]}],
... )
>>> model.stage_names
('Open',)
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simsales.calibrate import Calibration, calibrate
    from simsales.calibrate.scoring import fit_score
    from simsales.engine.eventlog import EventLog
    from simsales.engine.simulate import simulate
    from simsales.errors import (
        CheckFailedError,
        ForecastError,
        HistoryError,
        InvalidInputError,
        InvalidModelError,
        OutputError,
        SimsalesError,
    )
    from simsales.experiment.compare import compare
    from simsales.experiment.comparison import Comparison
    from simsales.experiment.pilot import pilot
    from simsales.experiment.replicate import replicate
    from simsales.experiment.sensitivity import sensitivity
    from simsales.experiment.study import Study
    from simsales.files import load_model, load_scenario, save_model, save_scenario
    from simsales.forecast.forecast import Forecast, forecast
    from simsales.history import History, ImportReport, read_history
    from simsales.model.apply import apply
    from simsales.model.levers import Scenario
    from simsales.model.priority import rank_needs
    from simsales.model.quota import Goal, Share, cascade
    from simsales.model.schema import Model
    from simsales.model.scoring import lead_score
    from simsales.money import pay_statements, receipts
    from simsales.report.html import html_report
    from simsales.views import rep_quadrants, to_bpmn, to_mermaid, value_stream

__version__ = "0.1.0"

_HOMES = {
    "read_history": "simsales.history",
    "History": "simsales.history",
    "ImportReport": "simsales.history",
    "calibrate": "simsales.calibrate",
    "Calibration": "simsales.calibrate",
    "Model": "simsales.model.schema",
    "Scenario": "simsales.model.levers",
    "apply": "simsales.model.apply",
    "load_model": "simsales.files",
    "save_model": "simsales.files",
    "load_scenario": "simsales.files",
    "save_scenario": "simsales.files",
    "simulate": "simsales.engine",
    "EventLog": "simsales.engine",
    "replicate": "simsales.experiment",
    "Study": "simsales.experiment",
    "compare": "simsales.experiment",
    "Comparison": "simsales.experiment",
    "sensitivity": "simsales.experiment",
    "pilot": "simsales.experiment",
    "value_stream": "simsales.views",
    "to_mermaid": "simsales.views",
    "to_bpmn": "simsales.views",
    "rep_quadrants": "simsales.views",
    "lead_score": "simsales.model.scoring",
    "fit_score": "simsales.calibrate.scoring",
    "rank_needs": "simsales.model.priority",
    "pay_statements": "simsales.money",
    "cascade": "simsales.model.quota",
    "Share": "simsales.model.quota",
    "Goal": "simsales.model.quota",
    "receipts": "simsales.money",
    "forecast": "simsales.forecast",
    "Forecast": "simsales.forecast",
    "html_report": "simsales.report.html",
    "SimsalesError": "simsales.errors",
    "InvalidInputError": "simsales.errors",
    "InvalidModelError": "simsales.errors",
    "HistoryError": "simsales.errors",
    "ForecastError": "simsales.errors",
    "OutputError": "simsales.errors",
    "CheckFailedError": "simsales.errors",
}

__all__ = [  # noqa: RUF022 - by topic, as in the docstring
    "read_history", "History", "ImportReport",
    "calibrate", "Calibration",
    "Model", "Scenario", "apply", "load_model", "save_model", "load_scenario", "save_scenario",
    "simulate", "EventLog",
    "replicate", "Study", "compare", "Comparison", "sensitivity", "pilot",
    "value_stream", "to_mermaid", "to_bpmn", "rep_quadrants",
    "lead_score", "fit_score", "rank_needs",
    "pay_statements", "receipts", "cascade", "Share", "Goal",
    "forecast", "Forecast",
    "html_report",
    "SimsalesError", "InvalidInputError", "InvalidModelError", "HistoryError", "ForecastError",
    "OutputError", "CheckFailedError",
    "__version__",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use (PEP 562)."""
    if name not in _HOMES:
        message = f"module 'simsales' has no attribute {name!r}"
        raise AttributeError(message)
    module = importlib.import_module(_HOMES[name])
    if _HOMES[name] == f"simsales.{name}":
        return globals()[name]  # a folder that is also a verb: see _Verb
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names."""
    return sorted(__all__)


class _Verb:
    """A folder that can be called: ``simsales.calibrate`` is a package and the function of that name.

    Python binds an imported subpackage to its parent under its own name, so the function of that name would be hidden as
    soon as anybody imports the folder. This stands in its place: to Python's tools (``help``, ``?``, ``inspect``) it is the
    function, and what else is asked of it is answered by the folder.
    """

    _module: ModuleType

    def __init__(self, module: ModuleType) -> None:
        function = vars(module)[module.__name__.rpartition(".")[2]]
        told = {name: getattr(function, name) for name in ("__doc__", "__name__", "__qualname__", "__module__", "__annotations__")}
        vars(self).update(told, __wrapped__=function, _module=module)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function that has the folder's name."""
        return self.__wrapped__(*args, **kwargs)

    def __get__(self, owner: Any, kind: Any = None) -> _Verb:
        """Return itself: what has this is a routine to ``help``, which then shows its parameters."""
        return self

    @property
    def __signature__(self) -> Any:
        import inspect  # lazily: only asked for by tools

        return inspect.signature(self.__wrapped__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._module, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._module, name)

    def __dir__(self) -> list[str]:
        return dir(self._module)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by name, as functions are."""
        return _public, (self._module.__name__.rpartition(".")[2],)


def _public(name: str) -> Any:
    """Return a public name."""
    return getattr(sys.modules[__name__], name)


class _Package(ModuleType):
    """The package itself: it puts a :class:`_Verb` in the place of the folders that are verbs when they are imported."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Bind a name, as the import system does with subpackages."""
        is_verb = type(value) is ModuleType and _HOMES.get(name) == value.__name__
        super().__setattr__(name, _Verb(value) if is_verb else value)


sys.modules[__name__].__class__ = _Package
