"""The process as it is written, and as it was lived."""

from __future__ import annotations

import math
from typing import Any

import pytest

from simsales.engine import EventLog, simulate
from simsales.model.schema import Model
from simsales.views.graph import Edge, Graph, Node, mined_graph, process_graph


@pytest.fixture(scope="module")
def model() -> Model:
    fields: dict[str, Any] = {
        "epoch": "2027-01-04", "horizon_days": 2000.0,
        "channels": [{"name": "web", "leads_per_week": 3.0}, {"name": "转介绍", "leads_per_week": 1.0, "entry": {"报价": 1.0}}],
        "stages": [
            {"name": "登记", "exits": [{"to": "需求", "probability": 0.99}, {"to": "lost", "probability": 0.01}]},
            {"name": "需求", "exits": [{"to": "报价", "probability": 0.6}, {"to": "lost", "probability": 0.4}]},
            {"name": "报价", "exits": [{"to": "won", "probability": 0.3}, {"to": "需求", "probability": 0.2}, {"to": "no_decision", "probability": 0.5}]},
        ],
    }  # fmt: skip
    return Model(**fields)


@pytest.fixture(scope="module")
def log(model: Model) -> EventLog:
    return simulate(model, seed=4, cases=3000)


def test_the_mined_graph_is_the_generating_graph(model: Model, log: EventLog) -> None:
    truth, mined = process_graph(model), mined_graph(log)
    assert mined.nodes == truth.nodes
    assert [(edge.source, edge.target) for edge in sorted(mined.edges, key=lambda e: (e.source, e.target))] == sorted((e.source, e.target) for e in truth.edges)
    found = {(edge.source, edge.target): edge.probability for edge in mined.edges}
    for edge in truth.edges:
        p = edge.probability or 0.0
        assert abs((found[edge.source, edge.target] or 0.0) - p) < 4 * math.sqrt(p * (1 - p) / 1000)


def test_a_history_gives_the_same_graph(log: EventLog) -> None:
    assert mined_graph(log.to_history()).ways() == mined_graph(log).ways()


def test_rare_ways_can_be_left_out(log: EventLog) -> None:
    ways = {(a, b) for a, b, _ in mined_graph(log, least=0.05).ways()}
    assert ("登记", "lost") not in ways
    assert ("登记", "需求") in ways


def test_a_step_that_decides_nothing_is_flagged(model: Model) -> None:
    assert process_graph(model).pass_through() == ("登记",)
    nodes = (Node("a"), Node("won", "outcome"))
    assert Graph(nodes, (Edge(0, 1, 1.0),)).pass_through() == ()  # the way to an outcome is what the step is for
