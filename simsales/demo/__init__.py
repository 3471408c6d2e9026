"""The whole loop on packaged data: import, calibrate, compare, forecast, report."""

from __future__ import annotations

from simsales.demo.baseline import stated_baseline
from simsales.demo.packaged import packaged_exports, packaged_scenarios
from simsales.demo.story import DemoResult, run

__all__ = ["DemoResult", "packaged_exports", "packaged_scenarios", "run", "stated_baseline"]
