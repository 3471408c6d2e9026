"""Flow charts: written safely, read forgivingly."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simsales.errors import InvalidInputError
from simsales.model.schema import Model, Stage
from simsales.views.graph import Edge, Graph, Node, process_graph
from simsales.views.mermaid import read_mermaid, to_mermaid

SOURCE = """graph TD
    A[客户识别] --> B[需求分析]
    B --> C[方案制定]
    C --> D[商务谈判]
    D --> E[成交]
"""


def model(**parts: Any) -> Model:
    fields: dict[str, Any] = {
        "channels": [{"name": "web", "leads_per_week": 3.0}],
        "roles": [{"name": "AE"}, {"name": "经理"}], "reps": [{"role": "AE"}, {"role": "经理"}],
        "stages": [
            {"name": "报价 \"A\" <1>; #2 | `x`", "tasks": [{"role": "AE", "work_hours": 2.0}], "exits": [
                {"to": "审批", "probability": 0.6}, {"to": "lost", "probability": 0.25, "delay_days": 3.0},
                {"to": "no_decision", "probability": 0.15}]},
            {"name": "审批", "when": "amount >= 50000", "tasks": [{"role": "经理", "work_hours": 1.0}], "exits": [
                {"to": "won", "probability": 0.9}, {"to": "报价 \"A\" <1>; #2 | `x`", "probability": 0.1}]},
        ],
    }  # fmt: skip
    return Model(**(fields | parts))


def test_the_source_chain_of_five_nodes_and_four_edges_round_trips() -> None:
    graph = read_mermaid(SOURCE)
    assert (len(graph.nodes), len(graph.edges)) == (5, 4)
    assert graph.chain == ("客户识别", "需求分析", "方案制定", "商务谈判", "成交")
    again = read_mermaid(to_mermaid(graph))
    assert (again.nodes, again.edges) == (graph.nodes, graph.edges)


@pytest.mark.parametrize("arrow", ["-->", "–>", "—>", "––>", "−−>", "---->", "==>", "-.->", "→"])
def test_typographic_dashes_of_copied_text_are_arrows(arrow: str) -> None:
    assert read_mermaid(SOURCE.replace("-->", arrow)).chain == read_mermaid(SOURCE).chain


@pytest.mark.parametrize(
    "text",
    [
        "flowchart LR\nA[需求] -->|0.5| B[报价]",
        "graph TD; A[需求] -->|0.5| B[报价];",
        "graph LR\nA[需求]\nB[报价]\nA -- 0.5 --> B",
        "graph LR\nA[“需求”] –>|50 %| B(报价)\n%% a comment\nstyle A fill:#fff\nclassDef big font-size:20px",
        "```mermaid\ngraph TB\nA{需求} -->|50%| B{{报价}}\n```",
        "graph TD\nA［需求］ —>|.5| B（报价）",
        "graph TD\n需求 -->|0.5| 报价",
    ],
)
def test_the_simple_subset_is_read(text: str) -> None:
    assert read_mermaid(text).ways() == {("需求", "报价", 0.5)}


def test_chains_of_arrows_and_text_labels_are_read() -> None:
    graph = read_mermaid("graph TD\nA --> B -->|客户同意| C([won])")
    assert [(edge.source, edge.target, edge.probability, edge.label) for edge in graph.edges] == [(0, 1, None, ""), (1, 2, None, "客户同意")]
    assert graph.nodes[2] == Node("won", "outcome")


def test_a_model_keeps_its_names_ways_and_probabilities() -> None:
    graph = process_graph(model())
    text = to_mermaid(model())
    again = read_mermaid(text)
    assert again.ways() == graph.ways()
    assert [node.name for node in again.nodes] == [node.name for node in graph.nodes]
    assert [node.kind for node in again.nodes] == ["stage", "stage", "outcome", "outcome", "outcome"]
    assert set(re.findall(r"^\s+(\w+)", text, re.MULTILINE)) == {"n0", "n1", "n2", "n3", "n4"}
    assert "%% n1: only when amount >= 50000" in text


def test_a_state_diagram_keeps_them_too() -> None:
    graph = process_graph(model())
    text = to_mermaid(model(), kind="state")
    assert text.startswith("stateDiagram-v2\n")
    assert "[*] --> n0" in text
    again = read_mermaid(text)
    assert again.ways() == graph.ways()
    assert [node.kind for node in again.nodes] == [node.kind for node in graph.nodes]


def test_deals_that_come_in_mid_process_have_an_entry_node() -> None:
    channels = [
        {"name": "web", "leads_per_week": 3.0},
        {"name": "转介绍", "leads_per_week": 1.0, "entry": {"审批": 1.0}},
    ]  # fmt: skip
    graph = process_graph(model(channels=channels))
    assert [(graph.nodes[e.target].name[:2], e.probability) for e in graph.edges if graph.nodes[e.source].kind == "entry"] == [("报价", 0.75), ("审批", 0.25)]
    for kind in ("graph", "state"):
        assert read_mermaid(to_mermaid(graph, kind)).ways() == graph.ways()


def test_what_follows_a_win_and_exceptions_are_drawn() -> None:
    stages = [
        {"name": "Offer", "exits": [{"to": "won", "probability": 0.5, "then": "Delivery"}, {"to": "lost", "probability": 0.5}],
         "contexts": [{"when": "visit >= 2", "exits": [{"to": "won", "probability": 0.9}, {"to": "lost", "probability": 0.1}]}]},
        {"name": "Delivery", "after_sale": True, "exits": [{"to": "retained", "probability": 0.8}, {"to": "churned", "probability": 0.2}]},
    ]  # fmt: skip
    base = model()
    made = tuple(Stage(**stage) for stage in stages)
    graph = process_graph(SimpleNamespace(name="m", stages=made, channels=base.channels, roles=(), stage_names=("Offer", "Delivery")))
    assert ("won", "Delivery", None) in graph.ways()
    assert ("Delivery", "retained", 0.8) in graph.ways()
    assert [edge.label for edge in graph.edges if edge.probability == 0.9] == ["when visit >= 2"]
    assert read_mermaid(to_mermaid(graph)).ways() == graph.ways()


names = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), min_size=1, max_size=12)


@given(st.lists(names, min_size=2, max_size=5, unique=True), st.data())
def test_any_names_round_trip(found: list[str], data: st.DataObject) -> None:
    names = [" ".join(name.split()) for name in found]
    place = st.integers(0, len(names) - 1)
    pairs = data.draw(st.lists(st.tuples(place, place, st.none() | st.integers(0, 1000)), max_size=8))
    edges = tuple(Edge(a, b, None if p is None else p / 1000) for a, b, p in pairs)
    graph = Graph(tuple(Node(name) for name in names), edges)
    again = read_mermaid(to_mermaid(graph))
    plain = tuple(Node(node.name.replace("\u201c", '"').replace("\u201d", '"')) for node in graph.nodes)
    assert again.edges == graph.edges
    assert tuple(Node(node.name.strip('" ')) for node in again.nodes) == tuple(Node(node.name.strip('" ')) for node in plain)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "flow chart must begin with graph TD, flowchart LR or stateDiagram-v2, got nothing"),
        ("sequenceDiagram\nA->>B: hi", "must begin with graph TD, .* got 'sequenceDiagram'"),
        ("graph TD\nA --> ", "line 2 of the flow chart .* Hint: an arrow needs a node on both sides"),
        ("graph TD\nA[x --> B", r"line 2 .* Hint: close the name with \]"),
        ("graph TD\nA --- B", "line 2 .* Hint: write A"),
        ("graph TD\nA-->B\nsubgraph one\nend", "line 3 .* Hint: subgraphs are not read"),
        ("stateDiagram-v2\nA : waits", "line 2 .* Hint: write A --> B : label"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read_mermaid(text)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"kind must be 'graph' or 'state', got 'grph'. Hint: did you mean 'graph'"):
        to_mermaid(Graph((Node("a"),)), "grph")  # type: ignore[arg-type]


def test_an_edge_joins_known_nodes() -> None:
    with pytest.raises(InvalidInputError, match="edge must join two of the 1 nodes, got 0 to 1"):
        Graph((Node("a"),), (Edge(0, 1),))


def test_only_a_line_is_a_chain() -> None:
    nodes = (Node("a"), Node("b"), Node("c"))
    assert Graph(nodes, (Edge(2, 0), Edge(0, 1))).chain == ("c", "a", "b")
    assert Graph(nodes, (Edge(0, 1), Edge(0, 2))).chain is None
    assert Graph(nodes, (Edge(0, 1), Edge(1, 0))).chain is None
    assert Graph(nodes, (Edge(0, 1),)).chain is None
