"""Every model that ships can be drawn, and reads back as it is."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from simsales.files import load_model
from simsales.views.bpmn import read_bpmn, to_bpmn
from simsales.views.graph import process_graph
from simsales.views.mermaid import read_mermaid, to_mermaid

ROOT = Path(__file__).parents[2]
FILES = sorted(path for path in (ROOT / "scenarios").rglob("*.yaml") if "\nstages:" in path.read_text(encoding="utf-8"))
B = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_shipped_model_is_drawn_and_read_back(path: Path) -> None:
    model = load_model(path)
    graph = process_graph(model)
    for kind in ("graph", "state"):
        again = read_mermaid(to_mermaid(model, kind))
        assert [(name, to) for name, to, _ in sorted(again.ways(), key=str)] == [(name, to) for name, to, _ in sorted(graph.ways(), key=str)]
        assert again.stages == graph.stages
    text = to_bpmn(model)
    root = ET.fromstring(text)
    ids = {item.get("id") for item in root.iter() if item.get("id")}
    flows = list(root.iter(f"{B}sequenceFlow"))
    assert {flow.get("sourceRef") for flow in flows} | {flow.get("targetRef") for flow in flows} <= ids
    drawn = {ref.text for ref in root.iter(f"{B}flowNodeRef")}
    assert {flow.get("sourceRef") for flow in flows} | {flow.get("targetRef") for flow in flows} == drawn
    again = read_bpmn(text)
    assert {node.name for node in again.nodes if node.kind == "outcome"} == {node.name for node in graph.nodes if node.kind == "outcome"}
    named = {node.name.split(": ")[0] for node in again.nodes if node.kind == "stage"}
    assert named == set(graph.stages)


def test_there_are_shipped_models() -> None:
    assert len(FILES) >= 3
