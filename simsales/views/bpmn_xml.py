"""The XML of BPMN 2.0: a drawing with positions written, and our subset of elements read."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from simsales.errors import InvalidInputError, got
from simsales.views.graph import START, Edge, Graph, Kind, Node

if TYPE_CHECKING:
    from simsales.views.bpmn import Drawing, Symbol

__all__ = ["read_bpmn", "written"]

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
SPACES = {
    "xmlns:bpmn": MODEL,
    "xmlns:bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "xmlns:dc": "http://www.omg.org/spec/DD/20100524/DC",
    "xmlns:di": "http://www.omg.org/spec/DD/20100524/DI",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
SIZES = {"task": (150, 70), "userTask": (150, 70), "exclusiveGateway": (50, 50), "parallelGateway": (50, 50)}
EVENT = (36, 36)
CELL, ROW, LEFT, TOP, HEAD = 200, 100, 180, 80, 30
FORMAL = {"xsi:type": "bpmn:tFormalExpression"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

STAGES: dict[str, Kind] = {
    "task": "stage", "userTask": "stage", "startEvent": "entry", "endEvent": "outcome", "intermediateThrowEvent": "outcome",
}  # fmt: skip
PASSED = ("exclusiveGateway", "parallelGateway", "intermediateCatchEvent")
"""What lies between two nodes: read through, probabilities multiplied."""


class _Box(NamedTuple):
    """Where a symbol stands: left, top, width, height."""

    x: int
    y: int
    w: int
    h: int


def written(drawing: Drawing, lanes: Sequence[str]) -> str:
    """Return a drawing as XML.

    Parameters
    ----------
    drawing : Drawing
    lanes : sequence of str
        From top to bottom; every symbol's lane is among them.

    Returns
    -------
    str
    """
    root = ET.Element("bpmn:definitions", {**SPACES, "id": "definitions", "targetNamespace": "urn:simsales:process"})
    together = ET.SubElement(root, "bpmn:collaboration", id="collaboration")
    name = _clean(drawing.name)
    ET.SubElement(together, "bpmn:participant", id="participant", name=name, processRef="process")
    process = ET.SubElement(root, "bpmn:process", id="process", name=name, isExecutable="false")
    _write_lanes(process, drawing, lanes)
    for symbol in drawing.symbols:
        _write_symbol(process, drawing, symbol)
    for n, flow in enumerate(drawing.flows):
        _write_flow(process, n, flow.source, flow.target, flow.probability, flow.label)
    _write_diagram(root, drawing, lanes)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _clean(text: str) -> str:
    """Return text without what XML cannot hold."""
    return _NOT_XML.sub(" ", text)


def _write_lanes(process: ET.Element, drawing: Drawing, lanes: Sequence[str]) -> None:
    found = ET.SubElement(process, "bpmn:laneSet", id="lanes")
    for n, lane in enumerate(lanes):
        one = ET.SubElement(found, "bpmn:lane", id=f"lane_{n}", name=_clean(lane))
        for symbol in drawing.symbols:
            if symbol.lane == lane:
                ET.SubElement(one, "bpmn:flowNodeRef").text = symbol.key


def _write_symbol(process: ET.Element, drawing: Drawing, symbol: Symbol) -> None:
    named = {"name": _clean(symbol.name)} if symbol.name else {}
    found = ET.SubElement(process, f"bpmn:{symbol.tag}", {"id": symbol.key, **named})
    if symbol.note:
        ET.SubElement(found, "bpmn:documentation").text = _clean(symbol.note)
    for n, flow in enumerate(drawing.flows):
        if flow.target == symbol.key:
            ET.SubElement(found, "bpmn:incoming").text = f"flow_{n}"
    for n, flow in enumerate(drawing.flows):
        if flow.source == symbol.key:
            ET.SubElement(found, "bpmn:outgoing").text = f"flow_{n}"
    if symbol.duration:
        timer = ET.SubElement(found, "bpmn:timerEventDefinition", id=f"{symbol.key}_timer")
        ET.SubElement(timer, "bpmn:timeDuration", FORMAL).text = symbol.duration


def _write_flow(process: ET.Element, n: int, source: str, target: str, probability: float | None, label: str) -> None:
    text = " ".join(part for part in ("" if probability is None else f"{probability:.12g}", label) if part)
    named = {"name": _clean(text)} if text else {}
    found = ET.SubElement(process, "bpmn:sequenceFlow", {"id": f"flow_{n}", **named, "sourceRef": source, "targetRef": target})
    if probability is not None:
        ET.SubElement(found, "bpmn:conditionExpression", FORMAL).text = f"{probability:.12g}"


# the picture -----------------------------------------------------------------------------------


def _write_diagram(root: ET.Element, drawing: Drawing, lanes: Sequence[str]) -> None:
    """Write positions: columns from left to right, lanes from top to bottom, symbols of one cell below one another."""
    rows = _rows(drawing)
    heights = {lane: ROW * max(row + 1 for s, row in zip(drawing.symbols, rows, strict=True) if s.lane == lane) + 20 for lane in lanes}
    tops, y = {}, TOP
    for lane in lanes:
        tops[lane], y = y, y + heights[lane]
    right = LEFT + CELL * (1 + max(symbol.column for symbol in drawing.symbols))
    diagram = ET.SubElement(root, "bpmndi:BPMNDiagram", id="diagram")
    plane = ET.SubElement(diagram, "bpmndi:BPMNPlane", id="plane", bpmnElement="collaboration")
    x = LEFT - 2 * HEAD
    _write_shape(plane, "participant", _Box(x, TOP, right - x, y - TOP), isHorizontal="true")
    for n, lane in enumerate(lanes):
        _write_shape(plane, f"lane_{n}", _Box(x + HEAD, tops[lane], right - x - HEAD, heights[lane]), isHorizontal="true")
    boxes = {s.key: _box(s, row, tops[s.lane]) for s, row in zip(drawing.symbols, rows, strict=True)}
    for symbol in drawing.symbols:
        marked = {"isMarkerVisible": "true"} if symbol.tag == "exclusiveGateway" else {}
        _write_shape(plane, symbol.key, boxes[symbol.key], **marked)
    for n, flow in enumerate(drawing.flows):
        edge = ET.SubElement(plane, "bpmndi:BPMNEdge", id=f"flow_{n}_edge", bpmnElement=f"flow_{n}")
        for px, py in _route(boxes[flow.source], boxes[flow.target]):
            ET.SubElement(edge, "di:waypoint", x=str(px), y=str(py))


def _rows(drawing: Drawing) -> list[int]:
    """Return each symbol's place in its cell."""
    seen: dict[tuple[str, int], int] = {}
    rows = []
    for symbol in drawing.symbols:
        cell = (symbol.lane, symbol.column)
        rows.append(seen.get(cell, 0))
        seen[cell] = rows[-1] + 1
    return rows


def _box(symbol: Symbol, row: int, top: int) -> _Box:
    """Return a symbol's box, centred in its cell."""
    w, h = SIZES.get(symbol.tag, EVENT)
    return _Box(LEFT + symbol.column * CELL + (CELL - w) // 2, top + 10 + row * ROW + (ROW - h) // 2, w, h)


def _write_shape(plane: ET.Element, key: str, box: _Box, **more: str) -> None:
    shape = ET.SubElement(plane, "bpmndi:BPMNShape", {"id": f"{key}_shape", "bpmnElement": key, **more})
    ET.SubElement(shape, "dc:Bounds", x=str(box.x), y=str(box.y), width=str(box.w), height=str(box.h))


def _route(a: _Box, b: _Box) -> list[tuple[int, int]]:
    """Return the corners of an arrow: to the right in the middle of the gap, backwards below both."""
    if b.x > a.x + a.w:
        start, end = (a.x + a.w, a.y + a.h // 2), (b.x, b.y + b.h // 2)
        if start[1] == end[1]:
            return [start, end]
        middle = b.x - 20
        return [start, (middle, start[1]), (middle, end[1]), end]
    below = max(a.y + a.h // 2, b.y + b.h // 2) + ROW // 2 - 5  # under whatever stands in the same row
    return [(a.x + a.w // 2, a.y + a.h), (a.x + a.w // 2, below), (b.x + b.w // 2, below), (b.x + b.w // 2, b.y + b.h)]


# reading ---------------------------------------------------------------------------------------


def read_bpmn(text: str) -> Graph:
    """Return the graph of a BPMN process with start, end, timer and milestone events, tasks and gateways.

    Parameters
    ----------
    text : str
        XML, as :func:`simsales.views.bpmn.to_bpmn` writes it.

    Returns
    -------
    Graph
        Tasks are stages, start events are one entry, end events are outcomes; gateways and timers are read
        through. Lanes hold the stages.

    Raises
    ------
    InvalidInputError
        If the text is not well-formed, has a DOCTYPE, has no process, or holds an element that is not read.

    Examples
    --------
    >>> from simsales.model.schema import Model
    >>> from simsales.views.bpmn import to_bpmn
    >>> graph = read_bpmn(to_bpmn(Model(channels=[{"name": "web", "leads_per_week": 1.0}], stages=[{"name": "报价",
    ...     "exits": [{"to": "won", "probability": 0.3, "delay_days": 6}, {"to": "lost", "probability": 0.7}]}])))
    >>> [(graph.nodes[e.source].name, graph.nodes[e.target].name, e.probability) for e in graph.edges]
    [('start', '报价', None), ('报价', 'won', 0.3), ('报价', 'lost', 0.7)]
    """
    process, title = _process(text)
    tags: dict[str, tuple[str, str]] = {}
    flows: list[tuple[str, str, float | None, str]] = []
    lanes: dict[str, list[str]] = {}
    for item in process:
        tag, key = _tag(item), item.get("id", "")
        if tag == "laneSet":
            lanes = {lane.get("name", ""): [ref.text or "" for ref in lane.iter(f"{{{MODEL}}}flowNodeRef")] for lane in item}
        elif tag == "sequenceFlow":
            flows.append(_flow(item))
        elif tag in STAGES or tag in PASSED:
            tags[key] = (tag, item.get("name", ""))
        elif tag not in ("documentation", "extensionElements"):
            message = (
                f"BPMN process must hold only {', '.join((*STAGES, *PASSED))} and sequenceFlow, got {tag} '{item.get('name') or key}'. "
                "Hint: redraw it with these, or leave it out"
            )
            raise InvalidInputError(message)
    for source, target, _, _ in flows:
        for end in (source, target):
            if end not in tags:
                message = f"sequenceFlow must join two elements of the process, got {got(end)}. Hint: save the file again in its modeller"
                raise InvalidInputError(message)
    return _graph(tags, flows, lanes, title)


def _process(text: str) -> tuple[ET.Element, str]:
    """Return the process element of safe, well-formed XML, and its name."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        message = "BPMN text must not have a DOCTYPE or entities, got one. Hint: BPMN files need none; do not trust this file"
        raise InvalidInputError(message)
    try:
        root = ET.fromstring(text)  # noqa: S314 - guarded: no DOCTYPE, no entities
    except ET.ParseError as error:
        message = f"BPMN text must be well-formed XML, got {error}. Hint: save the file again in its modeller"
        raise InvalidInputError(message) from error
    found = root.findall(f"{{{MODEL}}}process")
    if root.tag != f"{{{MODEL}}}definitions" or len(found) != 1:
        message = f"BPMN text must hold one process, got {len(found)}. Hint: export one BPMN 2.0 process"
        raise InvalidInputError(message)
    return found[0], found[0].get("name", "process")


def _tag(item: ET.Element) -> str:
    return item.tag.removeprefix(f"{{{MODEL}}}")


def _flow(item: ET.Element) -> tuple[str, str, float | None, str]:
    """Return a flow's ends, its probability and what else its name says."""
    condition = item.find(f"{{{MODEL}}}conditionExpression")
    text = (condition.text or "").strip() if condition is not None else ""
    label = item.get("name", "")
    chance = float(text) if re.fullmatch(r"(?:0|1|[01]?\.\d+|\d(?:\.\d+)?e-\d+)", text) else None
    if chance is not None:
        label = label.removeprefix(text).strip()
    return item.get("sourceRef", ""), item.get("targetRef", ""), chance, label


def _graph(
    tags: dict[str, tuple[str, str]], flows: list[tuple[str, str, float | None, str]], lanes: dict[str, list[str]], title: str
) -> Graph:
    """Return the graph of what people see: gateways and timers are read through."""
    order = sorted((key for key in tags if tags[key][0] in STAGES), key=lambda key: ("entry", "stage", "outcome").index(STAGES[tags[key][0]]))
    starts = [key for key in order if tags[key][0] == "startEvent"]
    nodes: list[Node] = []
    place: dict[str, int] = {}
    for key in order:
        kind = STAGES[tags[key][0]]
        if kind == "entry" and nodes:
            place[key] = 0
            continue
        place[key] = len(nodes)
        nodes.append(Node(START if kind == "entry" else tags[key][1] or key, kind))
    edges = []
    for key in order:
        share = re.search(r": ([\d.e-]+) of leads$", tags[key][1]) if key in starts else None
        for target, chance, label in _reached(key, tags, flows, frozenset()):
            edges.append(Edge(place[key], place[target], float(share[1]) if share else chance, label))
    stages = {lane: tuple(place[key] for key in keys if key in place and tags[key][0] in ("task", "userTask")) for lane, keys in lanes.items()}
    return Graph(tuple(nodes), tuple(edges), {lane: found for lane, found in stages.items() if found}, title)


def _reached(
    key: str, tags: dict[str, tuple[str, str]], flows: list[tuple[str, str, float | None, str]], seen: frozenset[str]
) -> list[tuple[str, float | None, str]]:
    """Return the nodes that follow, with the product of the probabilities on the way."""
    found = []
    for source, target, chance, label in flows:
        if source != key or target in seen:
            continue
        if tags[target][0] in STAGES:
            found.append((target, chance, label))
            continue
        for end, rest, text in _reached(target, tags, flows, seen | {target}):
            both = [p for p in (chance, rest) if p is not None]
            found.append((end, both[0] * (both[1] if len(both) > 1 else 1.0) if both else None, " ".join(t for t in (label, text) if t)))
    return found
