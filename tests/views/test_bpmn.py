"""BPMN 2.0: what is written holds together, and reads back."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET
from types import SimpleNamespace
from typing import Any

import pytest

from simsales.errors import InvalidInputError
from simsales.model.schema import Model, Stage
from simsales.views.bpmn import read_bpmn, to_bpmn
from simsales.views.graph import process_graph

B = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
NODES = ("startEvent", "endEvent", "task", "userTask", "exclusiveGateway", "parallelGateway", "intermediateCatchEvent", "intermediateThrowEvent")


def model(**parts: Any) -> Model:
    fields: dict[str, Any] = {
        "name": "基线 <2027> & \"more\"",
        "channels": [{"name": "web", "leads_per_week": 3.0}, {"name": "转介绍", "leads_per_week": 1.0, "entry": {"审批": 1.0}}],
        "roles": [{"name": "客户经理"}, {"name": "技术销售"}, {"name": "经理"}],
        "reps": [{"role": "客户经理"}, {"role": "技术销售"}, {"role": "经理"}],
        "stages": [
            {"name": "方案 \"A\" <1> & 2", "tasks": [
                {"role": "客户经理", "work_hours": 2.0}, {"role": "技术销售", "work_hours": 3.0, "parallel": True},
                {"role": "客户经理", "work_hours": 1.0}],
             "exits": [{"to": "审批", "probability": 0.6, "delay_days": 2.25}, {"to": "等待", "probability": 0.1},
                       {"to": "lost", "probability": 0.3, "delay_days": {"lognormal": {"median": 6.0, "p90": 21.0}}}]},
            {"name": "等待", "exits": [{"to": "方案 \"A\" <1> & 2", "probability": 1.0, "delay_days": 14.0}]},
            {"name": "审批", "when": "amount >= 50000", "tasks": [
                {"role": "经理", "work_hours": 0.5}, {"role": "客户经理", "work_hours": 1.0, "at": "end"}],
             "exits": [{"to": "won", "probability": 0.9, "delay_days": 1.0}, {"to": "no_decision", "probability": 0.1, "delay_days": 9.0}]},
        ],
    }  # fmt: skip
    return Model(**(fields | parts))


@pytest.fixture(scope="module")
def root() -> ET.Element:
    return ET.fromstring(to_bpmn(model()))


def process(root: ET.Element) -> ET.Element:
    found = root.find(f"{B}process")
    assert found is not None
    return found


def test_every_sequence_flow_joins_elements_that_exist(root: ET.Element) -> None:
    nodes = {item.get("id") for item in process(root) if item.tag.removeprefix(B) in NODES}
    flows = process(root).findall(f"{B}sequenceFlow")
    assert len(flows) > 15
    for flow in flows:
        assert {flow.get("sourceRef"), flow.get("targetRef")} <= nodes
    for item in process(root):
        if item.get("id") in nodes:
            out = {flow.get("id") for flow in flows if flow.get("sourceRef") == item.get("id")}
            into = {flow.get("id") for flow in flows if flow.get("targetRef") == item.get("id")}
            assert out == {ref.text for ref in item.findall(f"{B}outgoing")}
            assert into == {ref.text for ref in item.findall(f"{B}incoming")}
            assert bool(out) == (item.tag != f"{B}endEvent")
            assert bool(into) == (item.tag != f"{B}startEvent")


def test_ids_are_unique(root: ET.Element) -> None:
    ids = [item.get("id") for item in root.iter() if item.get("id")]
    assert len(ids) == len(set(ids))


def test_lanes_are_the_roles_and_cover_every_symbol_once(root: ET.Element) -> None:
    lanes = {lane.get("name"): [ref.text for ref in lane] for lane in root.iter(f"{B}lane")}
    assert list(lanes) == ["客户经理", "技术销售", "经理", "(no role)"]
    symbols = [item.get("id") for item in process(root) if item.tag.removeprefix(B) in NODES]
    assert sorted(itertools.chain.from_iterable(lanes.values())) == sorted(symbols)
    tasks = {item.get("id"): item.get("name") for item in process(root).findall(f"{B}userTask")}
    assert [tasks[key] for key in lanes["技术销售"] if key in tasks] == ['方案 "A" <1> & 2: 技术销售']


def test_several_exits_are_a_gateway_whose_conditions_add_up(root: ET.Element) -> None:
    gates = process(root).findall(f"{B}exclusiveGateway")
    assert len(gates) == 2  # the waiting stage has one exit and needs none
    for gate in gates:
        conditions = [flow.find(f"{B}conditionExpression") for flow in process(root).findall(f"{B}sequenceFlow") if flow.get("sourceRef") == gate.get("id")]
        assert all(one is not None and one.get(f"{XSI}type") == "bpmn:tFormalExpression" for one in conditions)
        assert sum(float(one.text or "") for one in conditions if one is not None) == pytest.approx(1.0)


def test_delays_are_timers_with_iso_durations(root: ET.Element) -> None:
    timers = {item.get("name"): item.findtext(f".//{B}timeDuration") for item in process(root).findall(f"{B}intermediateCatchEvent")}
    assert timers == {"2.25 days": "P2DT6H", "6 days": "P6D", "14 days": "P14D", "审批: delay": "P1D"}


def test_parallel_tasks_stand_between_two_gateways(root: ET.Element) -> None:
    flows = [(flow.get("sourceRef"), flow.get("targetRef")) for flow in process(root).findall(f"{B}sequenceFlow")]
    split, join = (gate.get("id") for gate in process(root).findall(f"{B}parallelGateway"))
    inside = {target for source, target in flows if source == split}
    assert inside == {source for source, target in flows if target == join}
    assert len(inside) == 2


def test_entries_and_outcomes_are_events(root: ET.Element) -> None:
    assert [item.get("name") for item in process(root).findall(f"{B}startEvent")] == ["start: 0.75 of leads", "start: 0.25 of leads"]
    assert {item.get("name") for item in process(root).findall(f"{B}endEvent")} == {"won", "lost", "no_decision"}


def test_every_symbol_and_flow_is_drawn_and_nothing_overlaps(root: ET.Element) -> None:
    shapes = {shape.get("bpmnElement"): shape.find(f"{DC}Bounds") for shape in root.iter(f"{DI}BPMNShape")}
    edges = {edge.get("bpmnElement"): list(edge) for edge in root.iter(f"{DI}BPMNEdge")}
    symbols = [str(item.get("id")) for item in process(root) if item.tag.removeprefix(B) in NODES]
    flows = {flow.get("id") for flow in process(root).findall(f"{B}sequenceFlow")}
    assert set(edges) == flows
    assert all(len(points) >= 2 for points in edges.values())
    assert set(shapes) == {*symbols, "participant", "lane_0", "lane_1", "lane_2", "lane_3"}

    def box(key: str) -> tuple[float, ...]:
        found = shapes[key]
        assert found is not None
        x, y, w, h = (float(found.get(side, "")) for side in ("x", "y", "width", "height"))
        return x, y, x + w, y + h

    for a, b in itertools.combinations(symbols, 2):
        (ax, ay, ar, ab), (bx, by, br, bb) = box(a), box(b)
        assert ar <= bx or br <= ax or ab <= by or bb <= ay, f"{a} overlaps {b}"
    for n, lane in enumerate(root.iter(f"{B}lane")):
        left, top, right, bottom = box(f"lane_{n}")
        for ref in lane:
            x, y, r, b = box(ref.text or "")
            assert left <= x and r <= right and top <= y and b <= bottom


def test_names_of_any_kind_survive(root: ET.Element) -> None:
    assert process(root).get("name") == '基线 <2027> & "more"'
    assert '方案 "A" <1> & 2: 客户经理' in {item.get("name") for item in process(root)}
    bell = model(name="bell \x07 rings")
    assert process(ET.fromstring(to_bpmn(bell))).get("name") == "bell   rings"


def test_conditions_of_entry_are_noted(root: ET.Element) -> None:
    notes = [item.text for item in root.iter(f"{B}documentation")]
    assert "only when amount >= 50000; 0.5 working hours (median)" in notes


SIMPLE = [
    {"name": "报价", "tasks": [{"role": "经理", "work_hours": 2.0}], "exits": [
        {"to": "谈判", "probability": 0.7, "delay_days": 3.0}, {"to": "lost", "probability": 0.3}]},
    {"name": "谈判", "exits": [
        {"to": "won", "probability": 0.5}, {"to": "报价", "probability": 0.2, "delay_days": 2.0},
        {"to": "lost", "probability": 0.3}]},
]  # fmt: skip


def test_reading_back_gives_the_process_graph() -> None:
    simple = model(stages=SIMPLE, channels=[{"name": "web", "leads_per_week": 1.0}])
    graph, again = process_graph(simple), read_bpmn(to_bpmn(simple))
    assert again.ways() == graph.ways() | {("start", "报价", None)}
    assert again.stages == graph.stages
    assert {lane: [again.nodes[i].name for i in nodes] for lane, nodes in again.lanes.items()} == {"经理": ["报价"], "(no role)": ["谈判"]}
    assert again.name == simple.name


def test_entry_shares_read_back() -> None:
    channels = [{"name": "web", "leads_per_week": 3.0}, {"name": "转介绍", "leads_per_week": 1.0, "entry": {"谈判": 1.0}}]
    chosen = model(stages=SIMPLE, channels=channels)
    assert read_bpmn(to_bpmn(chosen)).ways() == process_graph(chosen).ways()


def test_writing_is_the_same_to_the_byte() -> None:
    assert to_bpmn(model()) == to_bpmn(model())


def test_a_win_after_which_the_customer_goes_on_is_a_milestone() -> None:
    stages = (
        Stage(name="Offer", exits=[{"to": "won", "probability": 0.5, "then": "Delivery"}, {"to": "won", "probability": 0.2}, {"to": "lost", "probability": 0.3}]),
        Stage(name="Delivery", after_sale=True, exits=[{"to": "retained", "probability": 0.8}, {"to": "churned", "probability": 0.2}]),
    )
    base = model()
    text = to_bpmn(SimpleNamespace(name="m", stages=stages, channels=base.channels[:1], roles=(), stage_names=("Offer", "Delivery")))  # type: ignore[arg-type]
    root = ET.fromstring(text)
    assert [item.get("name") for item in process(root).findall(f"{B}intermediateThrowEvent")] == ["won"]
    assert {item.get("name") for item in process(root).findall(f"{B}endEvent")} == {"won", "lost", "retained", "churned"}
    assert ("won", "Delivery", None) in read_bpmn(text).ways()


def wrapped(inside: str) -> str:
    return f'<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL"><process id="p">{inside}</process></definitions>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (wrapped('<serviceTask id="s" name="Send"/>'), "must hold only task, .* got serviceTask 'Send'. Hint: redraw"),
        (wrapped('<task id="a"/><sequenceFlow id="f" sourceRef="a" targetRef="b"/>'), "sequenceFlow must join two elements of the process, got 'b'"),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + wrapped(""), "must not have a DOCTYPE or entities"),
        ("<definitions", "BPMN text must be well-formed XML"),
        ("<svg/>", "BPMN text must hold one process, got 0"),
    ],
)
def test_what_is_not_read_is_named(text: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read_bpmn(text)


def test_another_modeller_s_file_is_read() -> None:
    graph = read_bpmn(wrapped(
        '<startEvent id="s"/><task id="a" name="识别"/><exclusiveGateway id="g"/><userTask id="b" name="报价"/><endEvent id="e" name="结束"/>'
        '<sequenceFlow id="1" sourceRef="s" targetRef="a"/><sequenceFlow id="2" sourceRef="a" targetRef="g"/>'
        '<sequenceFlow id="3" sourceRef="g" targetRef="b" name="large"/><sequenceFlow id="4" sourceRef="g" targetRef="g"/>'
        '<sequenceFlow id="5" sourceRef="b" targetRef="e"/>'
    ))  # fmt: skip
    assert [(graph.nodes[e.source].name, graph.nodes[e.target].name, e.label) for e in graph.edges] == [
        ("start", "识别", ""), ("识别", "报价", "large"), ("报价", "结束", ""),
    ]  # fmt: skip


def test_a_row_of_tasks_stays_in_one_branch_beside_the_others():
    tasks = [{"role": "Bot", "work_hours": 1.0}, {"role": "AE", "work_hours": 1.0, "continues": True}, {"role": "SE", "work_hours": 1.0, "parallel": True}]
    model = Model(
        channels=[{"name": "web", "leads_per_week": 1.0}], roles=[{"name": role} for role in ("Bot", "AE", "SE")],
        reps=[{"role": role} for role in ("Bot", "AE", "SE")],
        stages=[{"name": "Demo", "tasks": tasks, "exits": [{"to": "won", "probability": 1.0}]}],
    )  # fmt: skip
    flows = set(re.findall(r'sourceRef="([^"]*)" targetRef="([^"]*)"', to_bpmn(model)))
    assert {
        ("stage_0", "stage_0_part0"), ("stage_0_part0", "stage_0_part0_then1"), ("stage_0_part0_then1", "stage_0_join"),
        ("stage_0", "stage_0_part1"), ("stage_0_part1", "stage_0_join"),
    } <= flows  # fmt: skip
