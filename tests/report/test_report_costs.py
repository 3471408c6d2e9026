"""A net of no costs is only bookings again: pages do not show it."""

from __future__ import annotations

import pytest

from simsales.report import text
from simsales.report.sections.scenarios import all_measures


@pytest.mark.parametrize(("cost", "shown"), [((0.0, 0.0), False), ((0.0, 5.0), True)])
def test_cost_and_net_are_shown_where_some_scenario_costs_something(cost: tuple[float, float], shown: bool) -> None:
    found = [
        {"name": name, "kpis": {"bookings": {"mean": 100.0}, "cost": {"mean": each}, "net": {"mean": 100.0 - each}}}
        for name, each in zip(("base", "new"), cost, strict=True)
    ]
    rows = {row[0]: row[1:] for row in all_measures(found, "EUR").rows}
    assert (rows["Net"] != (text.UNKNOWN, text.UNKNOWN)) == (rows["Cost"] != (text.UNKNOWN, text.UNKNOWN)) == shown
    assert text.UNKNOWN not in rows["Bookings"]
