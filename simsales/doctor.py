"""Look at the machine that simsales runs on, for ``simsales doctor``."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import simsales

REQUIRED = (
    "simpy", "numpy", "scipy", "pandas", "matplotlib", "pydantic", "ruamel.yaml", "typer", "rich",
    "jinja2", "openpyxl", "python-calamine", "holidays", "tzdata",
)  # fmt: skip
OPTIONAL = ("pyarrow",)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Parameters
    ----------
    name : str
        What.
    value : str
        What was found.
    is_ok : bool
        False: simsales will not work well.
    """

    name: str
    value: str
    is_ok: bool = True


def examine() -> list[Finding]:
    """Return what was found, in a fixed order.

    Examples
    --------
    >>> [finding.name for finding in examine()][:3]
    ['simsales', 'Python', 'platform']
    """
    return [
        Finding("simsales", f"{simsales.__version__} ({Path(simsales.__file__).parent})"),
        Finding("Python", platform.python_version(), is_ok=sys.version_info >= (3, 11)),
        Finding("platform", platform.platform(terse=True)),
        Finding("cores", str(cores())),
        *[_package(name, required=True) for name in REQUIRED],
        *[_package(name, required=False) for name in OPTIONAL],
        _temporary(),
        *_fonts(),
        _holidays(),
        _zones(),
    ]


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _package(name: str, *, required: bool) -> Finding:
    try:
        return Finding(name, importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        hint = "missing. Hint: pip install simsales" if required else "not installed (optional)"
        return Finding(name, hint, is_ok=not required)


def _temporary() -> Finding:
    folder = tempfile.gettempdir()
    try:
        with tempfile.TemporaryFile():
            pass
    except OSError as error:
        return Finding("temporary folder", f"{folder}: {error.strerror}", is_ok=False)
    return Finding("temporary folder", f"{folder} is writable")


def _fonts() -> list[Finding]:
    try:
        from simsales.report.fonts import families, missing_characters
    except ImportError as error:
        return [Finding("fonts", f"cannot be loaded: {error}", is_ok=False)]
    missing = missing_characters(["阶段 谈判 赢单 ¥ −"])
    shown = "Chinese labels are drawn" if not missing else f"cannot draw {missing}"
    return [Finding("fonts", f"{', '.join(families())}; {shown}", is_ok=not missing)]


def _holidays() -> Finding:
    try:
        import holidays
    except ImportError as error:
        return Finding("calendar data", f"cannot be loaded: {error}", is_ok=False)
    known = [
        year
        for year in range(2020, 2040)
        if any(day.year == year for day in holidays.country_holidays("CN", years=year).weekend_workdays)
    ]
    years = f"{known[0]} to {known[-1]}" if known else "no year"
    return Finding(
        "calendar data", f"holidays {importlib.metadata.version('holidays')}; China's make-up days known for {years}"
    )


def _zones() -> Finding:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo("Asia/Shanghai")
    except ZoneInfoNotFoundError:
        return Finding("time zones", "missing. Hint: pip install tzdata", is_ok=False)
    return Finding("time zones", "found")
