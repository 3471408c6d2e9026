"""A sales process as a graph: what flow charts and BPMN files are written from and read into."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from simsales.errors import InvalidInputError, got
from simsales.model.base import AFTER_OUTCOMES, OUTCOMES

if TYPE_CHECKING:
    from simsales.calibrate import Calibration
    from simsales.engine import EventLog
    from simsales.history import History
    from simsales.model.apply import Timeline
    from simsales.model.schema import Exit, Model, Stage

__all__ = ["Edge", "Graph", "Node", "graph_of", "mined_graph", "process_graph"]

Kind = Literal["entry", "stage", "outcome"]
END_ORDER = (*OUTCOMES, *AFTER_OUTCOMES)
START = "start"


@dataclass(frozen=True)
class Node:
    """A stage, an outcome, or where deals come in.

    Parameters
    ----------
    name : str
        What people read; stages and outcomes have different names, or differ in kind.
    kind : {'entry', 'stage', 'outcome'}
    note : str
        What the drawing cannot show, such as an entry condition.
    """

    name: str
    kind: Kind = "stage"
    note: str = ""


@dataclass(frozen=True)
class Edge:
    """A way from one node to another, both by position in the graph's nodes.

    Parameters
    ----------
    source, target : int
    probability : float, optional
        Not known: the way exists.
    label : str
        What else stands beside it, such as a condition.
    """

    source: int
    target: int
    probability: float | None = None
    label: str = ""


@dataclass(frozen=True)
class Graph:
    """A process as nodes and edges, in a fixed order.

    Parameters
    ----------
    nodes : tuple of Node
    edges : tuple of Edge
    lanes : mapping of str to tuple of int
        Nodes by who works there; empty where not known.
    name : str

    Examples
    --------
    >>> graph = Graph((Node("识别"), Node("报价"), Node("won", "outcome")), (Edge(0, 1), Edge(1, 2, 0.4)))
    >>> graph.chain
    ('识别', '报价', 'won')
    >>> graph.stages
    ('识别', '报价')
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()
    lanes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    name: str = "process"

    def __post_init__(self) -> None:
        for edge in self.edges:
            if not (0 <= edge.source < len(self.nodes) and 0 <= edge.target < len(self.nodes)):
                message = f"edge must join two of the {len(self.nodes)} nodes, got {edge.source} to {edge.target}"
                raise InvalidInputError(message)

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages, in order."""
        return tuple(node.name for node in self.nodes if node.kind == "stage")

    @property
    def chain(self) -> tuple[str, ...] | None:
        """Names along the way if the graph is one straight line, else None."""
        after = {edge.source: edge.target for edge in self.edges}
        firsts = set(range(len(self.nodes))) - set(after.values())
        if len(after) != len(self.edges) or len(self.edges) != len(self.nodes) - 1 or len(firsts) != 1:
            return None
        place: int | None = firsts.pop()
        names = []
        while place is not None:
            names.append(self.nodes[place].name)
            place = after.get(place)
        return tuple(names) if len(names) == len(self.nodes) else None

    def pass_through(self, share: float = 0.98) -> tuple[str, ...]:
        """Return stages that nearly all deals leave by one way: worth asking what the step decides.

        Examples
        --------
        >>> nodes = (Node("登记"), Node("报价"), Node("won", "outcome"), Node("lost", "outcome"))
        >>> Graph(nodes, (Edge(0, 1, 0.99), Edge(0, 3, 0.01), Edge(1, 2, 0.4), Edge(1, 3, 0.6))).pass_through()
        ('登记',)
        """
        best = {e.source for e in self.edges if e.probability is not None and e.probability >= share and self.nodes[e.target].kind == "stage"}
        return tuple(node.name for i, node in enumerate(self.nodes) if i in best and node.kind == "stage")

    def ways(self) -> frozenset[tuple[str, str, float | None]]:
        """Return the edges by names, for comparing two graphs."""
        return frozenset((self.nodes[e.source].name, self.nodes[e.target].name, e.probability) for e in self.edges)


def process_graph(model: Model) -> Graph:
    """Return the process of a model as a graph: entries, stages, outcomes, and the ways between them.

    Parameters
    ----------
    model : Model

    Returns
    -------
    Graph
        An entry node only where deals come in elsewhere than at the first stage. The lanes are the roles of each stage's
        first task (or its owner role); stages of elapsed time are in no lane.

    Examples
    --------
    >>> from simsales.model.schema import Model
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 1.0}], stages=[{"name": "报价", "exits": [
    ...     {"to": "won", "probability": 0.3}, {"to": "lost", "probability": 0.7}]}])
    >>> sorted(process_graph(model).ways())
    [('报价', 'lost', 0.7), ('报价', 'won', 0.3)]
    """
    entries = _entries(model)
    ends = [name for name in END_ORDER if any(way.to == name for stage in model.stages for way, _ in _ways(stage))]
    nodes = [Node(START, "entry")] if entries else []
    nodes += [Node(stage.name, "stage", f"only when {stage.when}" if stage.when else "") for stage in model.stages]
    nodes += [Node(name, "outcome") for name in ends]
    place: dict[tuple[Kind, str], int] = {(node.kind, node.name): i for i, node in enumerate(nodes)}
    edges = [Edge(0, place["stage", name], share) for name, share in entries.items()]
    for stage in model.stages:
        here = place["stage", stage.name]
        for way, label in _ways(stage):
            kind: Kind = "stage" if ("stage", way.to) in place else "outcome"
            edges.append(Edge(here, place[kind, way.to], way.probability, label))
    edges += [Edge(place["outcome", "won"], place["stage", name], None, "after sale") for name in _after_sale(model)]
    return Graph(tuple(nodes), tuple(edges), _lanes(model, place), model.name)


def graph_of(process: Model | Timeline | Calibration | EventLog | History | Graph) -> Graph:
    """Return what somebody calls a process as a graph: as modelled, or as lived where it is a history or a run.

    Parameters
    ----------
    process : Model, Timeline, Calibration, EventLog, History or Graph
        Of a timeline its last model, of a calibration its model.

    Raises
    ------
    InvalidInputError
        If it is something else.

    Examples
    --------
    >>> graph = Graph((Node("报价"), Node("won", "outcome")), (Edge(0, 1, 0.4),))
    >>> graph_of(graph) is graph
    True
    """
    from simsales.calibrate import Calibration
    from simsales.engine import EventLog
    from simsales.history import History
    from simsales.model.apply import Timeline
    from simsales.model.schema import Model

    if isinstance(process, Graph):
        return process
    if isinstance(process, (EventLog, History)):
        return mined_graph(process)
    if isinstance(process, (Timeline, Calibration)):
        process = process.last if isinstance(process, Timeline) else process.model
    if isinstance(process, Model):
        return process_graph(process)
    message = f"process must be a model, a history, a run or a graph, got {got(process)}. Hint: pass for example load_model(...) or read_history(...)."
    raise InvalidInputError(message)


def mined_graph(log: EventLog | History, least: float = 0.0) -> Graph:
    """Return the process as it was lived: the ways that deals took between stages, with their shares.

    Parameters
    ----------
    log : EventLog or History
        Uses its visits; stays that are not over have no way yet and do not count, so ways that take long are seen a
        little less than they should be.
    least : float
        Ways with a smaller share of their stage's exits are left out.

    Returns
    -------
    Graph
        With the same order and names as :func:`process_graph` of the model that made the log.

    Examples
    --------
    >>> from simsales.engine import simulate
    >>> from simsales.model.schema import Model
    >>> model = Model(channels=[{"name": "web", "leads_per_week": 7.0}], stages=[{"name": "报价", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> mined_graph(simulate(model, cases=5)).ways() == process_graph(model).ways()
    True
    """
    visits = log.visits.sort_values(["deal_id", "seq"], kind="stable")
    meta = getattr(log, "stages", None)
    order = list(log.plan.stages) if meta is None else [str(s) for s in meta.loc[meta["kind"] == "open"].sort_values("order")["stage"]]  # type: ignore[union-attr]
    done = visits[visits["exit"].notna() & visits["stage"].isin(order)]
    counts = done.groupby(["stage", "exit"], sort=True).size()
    totals = done.groupby("stage", sort=True).size()
    ends = sorted({str(name) for name in done["exit"]} - set(order), key=lambda name: (END_ORDER.index(name) if name in END_ORDER else len(END_ORDER), name))
    first = visits.drop_duplicates("deal_id")["stage"]
    entry = {stage: float((first == stage).mean()) for stage in order if (first == stage).any()}
    entry = {} if list(entry) == order[:1] else entry
    nodes = (*([Node(START, "entry")] if entry else []), *(Node(name) for name in order), *(Node(name, "outcome") for name in ends))
    place = {node.name: i for i, node in enumerate(nodes) if node.kind != "entry"}
    edges = [Edge(0, place[name], share) for name, share in entry.items()]
    for stage in order:
        for name in (*order, *ends):
            share = float(counts.get((stage, name), 0)) / max(int(totals.get(stage, 0)), 1)
            if share > 0 and share >= least:
                edges.append(Edge(place[stage], place[name], share))
    return Graph(nodes, tuple(edges), name="as lived")


def _ways(stage: Stage) -> Iterator[tuple[Exit, str]]:
    """Yield the exits of a stage, then those of its contexts with their condition."""
    for way in stage.exits:
        yield way, ""
    for context in stage.contexts:
        for way in context.exits:
            yield way, f"when {context.when}"


def _after_sale(model: Model) -> list[str]:
    """Return the stages in which customers go on after a win, each once."""
    return list(dict.fromkeys(way.then for stage in model.stages for way, _ in _ways(stage) if way.then))


def _entries(model: Model) -> dict[str, float]:
    """Return the share of leads that enter each stage; empty where all enter at the first."""
    first = model.stages[0].name
    flow: dict[str, float] = dict.fromkeys(model.stage_names, 0.0)
    silent = all(channel.leads_per_week == 0 for channel in model.channels)
    for channel in model.channels:
        entry = channel.entry or {first: 1.0}
        rate = (1.0 if silent else channel.leads_per_week) / sum(entry.values())
        for name, share in entry.items():
            flow[name] += rate * share
    total = sum(flow.values())
    shares = {name: value / total for name, value in flow.items() if value > 0}
    return {} if list(shares) == [first] else shares


def _lanes(model: Model, place: dict[tuple[Kind, str], int]) -> dict[str, tuple[int, ...]]:
    """Return the stages of each role, in the model's order of roles."""
    lanes: dict[str, list[int]] = {role.name: [] for role in model.roles}
    for stage in model.stages:
        role = stage.tasks[0].role if stage.tasks else stage.owner_role
        if role is not None:
            lanes.setdefault(role, []).append(place["stage", stage.name])
    return {role: tuple(nodes) for role, nodes in lanes.items() if nodes}
