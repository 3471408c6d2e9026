"""Absorbing chains worked out without any engine: the truth that simulations must meet."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import simsales as ss

ROOT = Path(__file__).parents[2] / "scenarios"


def outcomes(model: ss.Model, start: dict[str, float] | None = None, *, after: bool = False) -> dict[str, float]:
    """Return the probability of each end, from the general exits alone (no gates, contexts or limits of visits).

    With `after`, a win that goes on to an after-sale stage counts under how that ends.
    """
    names = [stage.name for stage in model.stages]
    ways: list[dict[str, float]] = []
    for stage in model.stages:
        row: dict[str, float] = {}
        for way in stage.exits:
            to = way.then if after and way.then else way.to
            row[to] = row.get(to, 0.0) + way.probability
        ways.append(row)
    ends = sorted({to for row in ways for to in row if to not in names})
    inner = np.array([[row.get(name, 0.0) for name in names] for row in ways])
    outer = np.array([[row.get(end, 0.0) for end in ends] for row in ways])
    absorbed = np.linalg.solve(np.eye(len(names)) - inner, outer)
    shares = np.array([(start or {names[0]: 1.0}).get(name, 0.0) for name in names])
    return dict(zip(ends, (shares @ absorbed).tolist(), strict=True))
