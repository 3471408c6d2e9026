"""Flow charts in Mermaid: a process written for a page or a wiki, and the simple subset read back.

References
----------
mermaid.js.org, syntax of flow charts and of state diagrams.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, NoReturn

from simsales.errors import InvalidInputError, did_you_mean, got
from simsales.views.graph import END_ORDER, Edge, Graph, Kind, Node, graph_of

if TYPE_CHECKING:
    from simsales.calibrate import Calibration
    from simsales.engine import EventLog
    from simsales.history import History
    from simsales.model.apply import Timeline
    from simsales.model.schema import Model

__all__ = ["read_mermaid", "to_mermaid"]

SHAPES: tuple[tuple[str, str, Kind], ...] = (
    ("((", "))", "entry"), ("([", "])", "outcome"), ("[[", "]]", "stage"), ("[(", ")]", "stage"), ("{{", "}}", "stage"),
    ("[", "]", "stage"), ("(", ")", "stage"), ("{", "}", "stage"), ("［", "］", "stage"), ("（", "）", "stage"),
)  # fmt: skip
"""How a node is drawn, and what that says: circles are where deals come in, stadiums are outcomes."""
_BRACKETS = {"stage": ('["', '"]'), "outcome": ('(["', '"])'), "entry": ('(("', '"))')}

_DASH = "-\u2010-\u2015\u2212"  # people copy charts out of documents that have made dashes of hyphens
_ID = re.compile(r"[\w.]+(?:-\w+)*")
_LABELLED = re.compile(rf"\s*[{_DASH}]+\s+(?P<text>[^|>]+?)\s+[{_DASH}]+[>＞]\s*")
_ARROW = re.compile(rf"\s*(?:[{_DASH}]+[>＞]|=+>|-\.+->|→|⟶)\s*(?:\|(?P<label>(?:\"[^\"]*\"|[^|])*)\|)?\s*")
_HEADER = re.compile(r"(?:graph|flowchart)(?:\s+(?:TD|TB|BT|LR|RL))?\s*$")
_DRAWING = re.compile(r"(?:style|classDef|class|linkStyle|click|direction|accTitle|accDescr)\b")
_STATE = re.compile(r'state\s+"(?P<name>[^"]*)"\s+as\s+(?P<id>[\w.-]+)$')
_ENTITIES = str.maketrans({"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", ";": "#59;", "`": "#96;", "|": "#124;"})
_QUOTES = str.maketrans({"\u201c": '"', "\u201d": '"'})


def to_mermaid(process: Model | Timeline | Calibration | EventLog | History | Graph, kind: Literal["graph", "state"] = "graph") -> str:
    """Return a process as a Mermaid chart.

    Parameters
    ----------
    process : Model, Timeline, Calibration, EventLog, History or Graph
        A history or a run is drawn as it was lived: the ways that deals took, with their shares.
    kind : {'graph', 'state'}
        A flow chart from top to bottom, or a state diagram.

    Returns
    -------
    str
        Ids are n0, n1, ...; names stand in quotes, so that any text is safe. Probabilities stand on the edges.

    Raises
    ------
    InvalidInputError
        If `kind` is neither.

    Examples
    --------
    >>> print(to_mermaid(Graph((Node("报价"), Node("won", "outcome")), (Edge(0, 1, 0.4),))), end="")
    graph TD
        n0["报价"]
        n1(["won"])
        n0 -->|0.4| n1
    """
    graph = graph_of(process)
    if kind == "graph":
        return "\n".join(["graph TD", *_flow_lines(graph)]) + "\n"
    if kind == "state":
        return "\n".join(["stateDiagram-v2", *_state_lines(graph)]) + "\n"
    message = f"kind must be 'graph' or 'state', got {got(kind)}. {did_you_mean(str(kind), ['graph', 'state'])}"
    raise InvalidInputError(message)


def _flow_lines(graph: Graph) -> Iterator[str]:
    for i, node in enumerate(graph.nodes):
        left, right = _BRACKETS[node.kind]
        yield f"    n{i}{left}{_quoted(node.name)}{right}"
        if node.note:
            yield f"    %% n{i}: {_line(node.note)}"
    for edge in graph.edges:
        text = _edge_text(edge)
        label = f'|"{_quoted(text)}"|' if edge.label else f"|{text}|" if text else ""
        yield f"    n{edge.source} -->{label} n{edge.target}"


def _state_lines(graph: Graph) -> Iterator[str]:
    """Yield a state diagram; entries and outcomes become the start and end points of the notation."""
    entered = {edge.target for edge in graph.edges}
    for i, node in enumerate(graph.nodes):
        if node.kind != "entry":
            yield f'    state "{_quoted(node.name)}" as n{i}'
    if not any(node.kind == "entry" for node in graph.nodes) and graph.nodes:
        first = next((i for i in range(len(graph.nodes)) if i not in entered), 0)
        yield f"    [*] --> n{first}"
    for edge in graph.edges:
        source = "[*]" if graph.nodes[edge.source].kind == "entry" else f"n{edge.source}"
        text = _quoted(_edge_text(edge)).replace(":", "#58;")
        yield f"    {source} --> n{edge.target}" + (f" : {text}" if text else "")
    leaving = {edge.source for edge in graph.edges}
    for i, node in enumerate(graph.nodes):
        if node.kind == "outcome" and i not in leaving:
            yield f"    n{i} --> [*]"


def _edge_text(edge: Edge) -> str:
    """Return what stands on an edge: its probability, to the last digit that matters, and its condition."""
    number = "" if edge.probability is None else f"{edge.probability:.12g}"
    return " ".join(part for part in (number, edge.label) if part)


def _line(text: str) -> str:
    return " ".join(text.split())


def _quoted(text: str) -> str:
    """Return text with the characters that would end or change a label as Mermaid's entities."""
    return _line(text).translate(_ENTITIES)


def _plain(text: str) -> str:
    """Return a label as its author meant it."""
    names = {"quot": '"', "lt": "<", "gt": ">", "amp": "&"}

    def entity(found: re.Match[str]) -> str:
        word = found[1]
        return chr(int(word)) if word.isdigit() else names.get(word, found[0])

    return re.sub(r"#(\w+);", entity, text.strip().strip('"').strip())


def read_mermaid(text: str) -> Graph:
    """Return the graph of a simple Mermaid chart.

    Parameters
    ----------
    text : str
        A flow chart of nodes and arrows (``A[需求] -->|0.5| B``, chains of arrows, ids as names), or a state diagram.
        Typographic dashes and quotes are read as typed ones; drawing hints (style, class, click) are passed over.

    Returns
    -------
    Graph
        Nodes in order of appearance. Labels that are numbers or percentages become probabilities.

    Raises
    ------
    InvalidInputError
        With the line that cannot be read.

    Examples
    --------
    >>> graph = read_mermaid("graph TD\\n  A[客户识别] --> B[需求分析] –> C([成交])")
    >>> graph.chain
    ('客户识别', '需求分析', '成交')
    """
    lines = [(i + 1, line.strip()) for i, line in enumerate(text.translate(_QUOTES).splitlines())]
    lines = [(number, line) for number, line in lines if line and line not in ("```mermaid", "```") and not line.startswith("%%")]
    if not lines:
        message = "flow chart must begin with graph TD, flowchart LR or stateDiagram-v2, got nothing"
        raise InvalidInputError(message)
    reader = _Reader()
    head = lines[0][1].rstrip(";")
    if head in ("stateDiagram", "stateDiagram-v2"):
        for number, line in lines[1:]:
            reader.state_line(number, line)
    elif _HEADER.match(head.split(";", 1)[0]):
        rest = [(lines[0][0], head.split(";", 1)[1])] if ";" in head else []
        for number, line in [*rest, *lines[1:]]:
            for statement in _statements(line):
                reader.flow_line(number, statement)
    else:
        message = f"flow chart must begin with graph TD, flowchart LR or stateDiagram-v2, got {got(head)}"
        raise InvalidInputError(message)
    return reader.graph()


def _statements(line: str) -> list[str]:
    """Return the statements of a line; a semicolon ends one unless it belongs to an entity or a quoted label."""
    parts = re.findall(r"(?:\"[^\"]*\"|#\w+;|[^;])+", line)
    return [part.strip() for part in parts if part.strip()]


class _Reader:
    """Collects nodes and edges, line by line."""

    def __init__(self) -> None:
        self.place: dict[str, int] = {}
        self.nodes: list[Node] = []
        self.edges: list[Edge] = []

    def graph(self) -> Graph:
        """Return what was read."""
        return Graph(tuple(self.nodes), tuple(self.edges))

    def node(self, key: str, name: str | None, kind: Kind = "stage") -> int:
        """Return the position of a node, noting its name where it is given."""
        if key not in self.place:
            self.place[key] = len(self.nodes)
            self.nodes.append(Node(name if name is not None else key, kind))
        elif name is not None:
            self.nodes[self.place[key]] = Node(name, kind)
        return self.place[key]

    def edge(self, source: int, target: int, label: str | None) -> None:
        """Note an edge; a label that is a number is its probability."""
        text = _plain(label or "")
        found = re.match(r"(\d*\.?\d+(?:[eE][-+]?\d+)?)\s*([%％]?)(?:\s+(.*))?$", text)
        if found and float(found[1]) <= (100.0 if found[2] else 1.0):
            value = float(found[1]) / (100.0 if found[2] else 1.0)
            self.edges.append(Edge(source, target, value, found[3] or ""))
        else:
            self.edges.append(Edge(source, target, None, text))

    def flow_line(self, number: int, line: str) -> None:
        """Read one statement of a flow chart: nodes joined by arrows."""
        if _DRAWING.match(line):
            return
        if line == "end" or line.startswith("subgraph"):
            _refuse(number, line, "subgraphs are not read; take the lines 'subgraph' and 'end' out")
        source, at = self._flow_node(number, line, 0)
        while at < len(line):
            found = _ARROW.match(line, at) or _LABELLED.match(line, at)
            if not found:
                _refuse(number, line, "write A[name] --> B[name], with a label as -->|0.5|")
            target, at = self._flow_node(number, line, found.end())
            self.edge(source, target, found[1])
            source = target

    def _flow_node(self, number: int, line: str, at: int) -> tuple[int, int]:
        """Return the node at a place of a line, and where it ends."""
        found = _ID.match(line, at)
        if not found:
            _refuse(number, line, "an arrow needs a node on both sides, such as A[name]")
        at = found.end()
        for left, right, kind in SHAPES:
            if line.startswith(left, at):
                quoted = re.compile(rf'{re.escape(left)}\s*"([^"]*)"\s*{re.escape(right)}').match(line, at)
                bare = quoted or re.compile(rf"{re.escape(left)}(.*?){re.escape(right)}").match(line, at)
                if bare is None:
                    _refuse(number, line, f"close the name with {right}")
                return self.node(found[0], _plain(bare[1]), kind), bare.end()
        return self.node(found[0], None), at

    def state_line(self, number: int, line: str) -> None:
        """Read one line of a state diagram; start and end points become an entry node or nothing."""
        if _DRAWING.match(line):
            return
        named = _STATE.match(line)
        if named:
            name = _plain(named["name"])  # an outcome after which the customer goes on has no end point
            self.node(named["id"], name, "outcome" if name in END_ORDER else "stage")
            return
        way, _, label = line.partition(":")
        ends = re.split(rf"\s*(?:[{_DASH}]+[>＞]|→)\s*", way.strip())
        if len(ends) != 2 or not all(re.fullmatch(r"\[\*\]|[\w.-]+", end) for end in ends):
            _refuse(number, line, 'write A --> B : label, or state "name" as A')
        source, target = ends
        if target == "[*]":
            place = self.node(source, None)
            self.nodes[place] = Node(self.nodes[place].name, "outcome")
        elif source != "[*]":
            self.edge(self.node(source, None), self.node(target, None), label)
        elif label.strip():
            self.edge(self.node("[*]", "start", "entry"), self.node(target, None), label)
        else:
            self.node(target, None)


def _refuse(number: int, line: str, hint: str) -> NoReturn:
    message = f"line {number} of the flow chart must be a node or nodes joined by arrows, got {got(line)}. Hint: {hint}"
    raise InvalidInputError(message)
