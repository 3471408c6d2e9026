"""The demo's data and scenarios, for notebooks and for trying things out."""

from __future__ import annotations

from pathlib import Path

from simsales.demo.generate import CAPTIONS, DATA, FOLDER
from simsales.files import load_scenario
from simsales.model.levers import Scenario

SCENARIOS = ("faster-quotes.yaml", "hire-two.yaml", "accelerator.yaml")


def packaged_exports() -> list[Path]:
    """Return the files of the made-up company's CRM export, as :func:`simsales.read_history` takes them.

    Examples
    --------
    >>> [path.name for path in packaged_exports()]
    ['deals.csv.gz', 'stage_history.csv.gz']
    """
    return [DATA / f"{name}.gz" for name in CAPTIONS]


def packaged_scenarios() -> list[Scenario]:
    """Return a process redesign, a staffing change and an incentive scheme for :func:`stated_baseline`.

    Examples
    --------
    >>> [scenario.name for scenario in packaged_scenarios()]
    ['Faster quotes', 'Hire two', 'Accelerator']
    """
    return [load_scenario(FOLDER / "scenarios" / name) for name in SCENARIOS]
