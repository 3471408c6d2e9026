"""The whole loop on packaged data: import, calibrate, compare, forecast, report."""

from __future__ import annotations

from simsales.demo.story import DemoResult, run

__all__ = ["DemoResult", "run"]
