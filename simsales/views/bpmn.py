"""BPMN 2.0: a process as a file that process modellers open, and the same subset read back.

Roles are lanes, tasks are user tasks, several exits are an exclusive gateway with the probability as each way's
condition, delays are timer events, outcomes are end events. The drawing is for people and tools to talk about; odds that
depend on the deal, and times other than medians, stay in the model.

References
----------
OMG, Business Process Model and Notation 2.0.2 (formal/2013-12-09), sections 7, 10 and 12.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simsales.model.laws import Constant, Law
from simsales.views.bpmn_xml import read_bpmn, written
from simsales.views.graph import START, Edge, Graph, graph_of, process_graph

if TYPE_CHECKING:
    from simsales.calibrate import Calibration
    from simsales.engine import EventLog
    from simsales.history import History
    from simsales.model.apply import Timeline
    from simsales.model.process import Exit, Stage, Task
    from simsales.model.schema import Model

__all__ = ["Drawing", "Flow", "Symbol", "read_bpmn", "to_bpmn"]

NO_ROLE = "(no role)"


@dataclass(frozen=True)
class Symbol:
    """One symbol of the drawing.

    Parameters
    ----------
    key, tag, name, lane : str
        `tag` is the BPMN element, such as ``userTask``.
    column : int
        From left to right.
    note : str
        Documentation.
    duration : str
        ISO 8601, for timers.
    """

    key: str
    tag: str
    name: str
    lane: str
    column: int
    note: str = ""
    duration: str = ""


@dataclass(frozen=True)
class Flow:
    """An arrow between two symbols, by key."""

    source: str
    target: str
    probability: float | None = None
    label: str = ""


@dataclass
class Drawing:
    """Symbols and flows as they are added, from left to right."""

    name: str
    symbols: list[Symbol] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    column: int = 0

    def add(self, key: str, tag: str, name: str, lane: str, **more: str) -> str:
        """Add a symbol in the next column; return its key."""
        self.symbols.append(Symbol(key, tag, name, lane, self.column, **more))
        self.column += 1
        return key

    def beside(self, key: str, tag: str, name: str, lane: str, **more: str) -> str:
        """Add a symbol in the same column as the one before; return its key."""
        self.column -= 1
        return self.add(key, tag, name, lane, **more)


def to_bpmn(process: Model | Timeline | Calibration | EventLog | History | Graph) -> str:
    """Return a process as BPMN 2.0 XML, with a drawing that modellers open.

    Parameters
    ----------
    process : Model, Timeline, Calibration, EventLog, History or Graph
        A model with its tasks and delays; a history or a run as it was lived, stage by stage, with the share of each way.

    Returns
    -------
    str
        The same for the same process, to the byte.

    Raises
    ------
    InvalidInputError
        If `process` is something else.

    Examples
    --------
    >>> from simsales.model.schema import Model
    >>> text = to_bpmn(Model(channels=[{"name": "web", "leads_per_week": 1.0}], stages=[{"name": "报价", "exits": [
    ...     {"to": "won", "probability": 0.3, "delay_days": 6}, {"to": "lost", "probability": 0.7}]}]))
    >>> [line.strip() for line in text.splitlines() if "conditionExpression" in line]
    ['<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">0.3</bpmn:conditionExpression>', \
'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">0.7</bpmn:conditionExpression>']
    """
    model: Any = getattr(process, "last", getattr(process, "model", process))  # of a timeline, of a calibration
    if hasattr(model, "visits") or not hasattr(model, "stages") or isinstance(model, Graph):
        return _drawn(graph_of(process))
    graph, drawing = process_graph(model), Drawing(model.name)
    keys = {stage.name: f"stage_{i}" for i, stage in enumerate(model.stages)}
    _entries(drawing, graph, model, keys)
    targets = keys | {f"{way.to}>{way.then or ''}": _outcome_key(way, keys) for stage in model.stages for way, _ in _ways(stage) if way.to not in keys}
    for i, stage in enumerate(model.stages):
        last = _work(drawing, stage, keys[stage.name])
        _exits(drawing, stage, i, last, targets)
    _outcomes(drawing, model, keys)
    return written(drawing, _lanes(drawing, model))


def _drawn(graph: Graph) -> str:
    """Return a graph as XML: a task a stage, a gateway where there are several ways, an event for entries and outcomes."""
    lanes = {i: lane for lane, nodes in graph.lanes.items() for i in nodes}
    drawing, away = Drawing(graph.name), [[edge for edge in graph.edges if edge.source == i] for i in range(len(graph.nodes))]
    first = next((i for i, node in enumerate(graph.nodes) if node.kind == "stage"), None)
    entries = [edge for i, node in enumerate(graph.nodes) if node.kind == "entry" for edge in away[i]]
    if not entries and first is not None:
        entries = [Edge(first, first)]
    for n, edge in enumerate(entries):
        label = START if edge.probability is None else f"{START}: {edge.probability:.3g} of leads"
        (drawing.beside if n else drawing.add)(f"start_{n}", "startEvent", label, lanes.get(edge.target, NO_ROLE))
        drawing.flows.append(Flow(f"start_{n}", f"node_{edge.target}"))
    for i, node in enumerate(graph.nodes):
        if node.kind == "stage":
            drawing.add(f"node_{i}", "userTask" if i in lanes else "task", node.name, lanes.get(i, NO_ROLE), note=node.note)
            source = drawing.add(f"gate_{i}", "exclusiveGateway", "", lanes.get(i, NO_ROLE)) if len(away[i]) > 1 else f"node_{i}"
            drawing.flows += [Flow(f"node_{i}", source)] if len(away[i]) > 1 else []
            drawing.flows += [Flow(source, f"node_{edge.target}", edge.probability, edge.label) for edge in away[i]]
    ends = [i for i, node in enumerate(graph.nodes) if node.kind == "outcome"]
    for n, i in enumerate(ends):
        (drawing.beside if n else drawing.add)(f"node_{i}", "intermediateThrowEvent" if away[i] else "endEvent", graph.nodes[i].name, NO_ROLE)
        drawing.flows += [Flow(f"node_{i}", f"node_{edge.target}", edge.probability, edge.label) for edge in away[i]]
    used = {symbol.lane for symbol in drawing.symbols}
    return written(drawing, [lane for lane in (*graph.lanes, NO_ROLE) if lane in used])


def _entries(drawing: Drawing, graph: Graph, model: Model, keys: dict[str, str]) -> None:
    """Draw where deals come in: one start event for each stage that they enter."""
    shares = {graph.nodes[e.target].name: e.probability for e in graph.edges if graph.nodes[e.source].kind == "entry"}
    lanes = {stage.name: _lane(stage) for stage in model.stages}
    for n, (name, share) in enumerate((shares or {model.stages[0].name: None}).items()):
        label = START if share is None else f"{START}: {share:.3g} of leads"
        add = drawing.beside if n else drawing.add
        drawing.flows.append(Flow(add(f"start_{n}", "startEvent", label, lanes[name]), keys[name]))


def _lane(stage: Stage) -> str:
    """Return who a stage belongs to."""
    return stage.tasks[0].role if stage.tasks else stage.owner_role or NO_ROLE


def _ways(stage: Stage) -> Iterator[tuple[Exit, str]]:
    """Yield the exits of a stage and of its contexts, with the condition."""
    for way in stage.exits:
        yield way, ""
    for context in stage.contexts:
        for way in context.exits:
            yield way, f"when {context.when}"


def _outcome_key(way: Exit, keys: dict[str, str]) -> str:
    """Return the key of an outcome; a win after which the customer goes on is a milestone of its own."""
    return f"{way.to}_then_{keys[way.then]}" if way.then else f"end_{way.to}"


def _work(drawing: Drawing, stage: Stage, first: str) -> str:
    """Draw the tasks of a stage, with one timer before work at the end of the delay; return the last key."""
    begin = [task for task in stage.tasks if task.at == "start"]
    end = [task for task in stage.tasks if task.at == "end"]
    note = f"only when {stage.when}" if stage.when else ""
    if not stage.tasks:
        return drawing.add(first, "task", stage.name, _lane(stage), note=note)
    last = _chain(drawing, stage, begin, first, None, note) if begin else None
    if end:
        key = f"{first}_delay" if last else first
        timer = drawing.add(key, "intermediateCatchEvent", f"{stage.name}: delay", _lane(stage), note="depends on the exit", duration=_duration(stage.exits[0].delay_days))
        drawing.flows += [Flow(last, timer)] if last else []
        last = _chain(drawing, stage, end, f"{first}_end", timer, note)
    assert last is not None
    return last


def _chain(drawing: Drawing, stage: Stage, tasks: Sequence[Task], first: str, last: str | None, note: str) -> str:
    """Draw tasks one after the other, parallel ones between two gateways; return the last key."""
    for g, group in enumerate(_groups(tasks)):
        key = first if g == 0 else f"{first}_{g}"
        if len(group) == 1:
            last = _row(drawing, stage, group[0], key, last, note)
            continue
        fork = drawing.add(key, "parallelGateway", "", group[0][0].role)
        drawing.flows += [Flow(last, fork)] if last else []
        ends = [_row(drawing, stage, row, f"{key}_part{n}", fork, note, first=n == 0) for n, row in enumerate(group)]
        last = drawing.add(f"{key}_join", "parallelGateway", "", group[0][0].role)
        drawing.flows += [Flow(one, last) for one in ends]
    assert last is not None
    return last


def _groups(tasks: Sequence[Task]) -> list[list[list[Task]]]:
    """Return what is done one after the other: rows of tasks that run side by side, each task of a row after the one before."""
    groups: list[list[list[Task]]] = []
    for task in tasks:
        if task.continues and groups:
            groups[-1][-1].append(task)
        elif task.parallel and groups:
            groups[-1].append([task])
        else:
            groups.append([[task]])
    return groups


def _row(drawing: Drawing, stage: Stage, row: list[Task], key: str, last: str | None, note: str, *, first: bool = True) -> str:
    """Draw tasks of which each goes on with the one before; return the last key."""
    for n, task in enumerate(row):
        found = _task(drawing, stage, task, key if n == 0 else f"{key}_then{n}", note, first=first)
        drawing.flows += [Flow(last, found)] if last else []
        last = found
    assert last is not None
    return last


def _task(drawing: Drawing, stage: Stage, task: Task, key: str, note: str, *, first: bool) -> str:
    """Draw one task; it is named by its stage, and by its role where the stage has several."""
    name = stage.name if len(stage.tasks) == 1 else f"{stage.name}: {task.role}"
    hours = f"{task.work_hours.median():.3g} working hours (median)"
    notes = [part for part in (note, f"only when {task.when}" if task.when else "", hours) if part]
    return (drawing.add if first else drawing.beside)(key, "userTask", name, task.role, note="; ".join(notes))


def _exits(drawing: Drawing, stage: Stage, i: int, last: str, targets: dict[str, str]) -> None:
    """Draw how a stage ends: a gateway where there are several ways, and a timer on each way that takes time."""
    ways = list(_ways(stage))
    lane = next(symbol.lane for symbol in reversed(drawing.symbols) if symbol.key == last)
    if len(ways) > 1:
        gate = drawing.add(f"gate_{i}", "exclusiveGateway", "", lane)
        drawing.flows.append(Flow(last, gate))
        last = gate
    late = any(task.at == "end" for task in stage.tasks)  # their delay is drawn before them
    timers = 0
    for n, (way, label) in enumerate(ways):
        target = targets.get(way.to) or targets[f"{way.to}>{way.then or ''}"]
        chance = way.probability if len(ways) > 1 else None
        if late or _is_zero(way.delay_days):
            drawing.flows.append(Flow(last, target, chance, label))
            continue
        add = drawing.beside if timers else drawing.add
        days = way.delay_days.median()
        timer = add(f"timer_{i}_{n}", "intermediateCatchEvent", f"{days:.3g} days", lane, note="median", duration=_duration(way.delay_days))
        drawing.flows += [Flow(last, timer, chance, label), Flow(timer, target)]
        timers += 1


def _is_zero(law: Law) -> bool:
    return isinstance(law, Constant) and law.value == 0.0


def _duration(law: Law) -> str:
    """Return the median of a law as an ISO 8601 duration, to the minute."""
    minutes = round(law.median() * 24 * 60)
    days, rest = divmod(minutes, 24 * 60)
    hours, minutes = divmod(rest, 60)
    clock = f"{hours}H" * bool(hours) + f"{minutes}M" * bool(minutes)
    return "P" + f"{days}D" * bool(days or not clock) + f"T{clock}" * bool(clock)


def _outcomes(drawing: Drawing, model: Model, keys: dict[str, str]) -> None:
    """Draw the outcomes at the right, in the lane of the stage that first leads there."""
    drawn: set[str] = set()
    for stage in model.stages:
        for way, _ in _ways(stage):
            key = _outcome_key(way, keys) if way.to not in keys else ""
            if not key or key in drawn:
                continue
            tag = "intermediateThrowEvent" if way.then else "endEvent"
            (drawing.beside if drawn else drawing.add)(key, tag, way.to, _lane(stage))
            drawing.flows += [Flow(key, keys[way.then])] if way.then else []
            drawn.add(key)


def _lanes(drawing: Drawing, model: Model) -> list[str]:
    """Return the lanes in use, in the model's order of roles."""
    used = {symbol.lane for symbol in drawing.symbols}
    known = [role.name for role in model.roles if role.name in used]
    rest = sorted(used - set(known) - {NO_ROLE}, key=lambda name: re.sub(r"\s", " ", name))
    return [*known, *rest, *([NO_ROLE] if NO_ROLE in used else [])]
