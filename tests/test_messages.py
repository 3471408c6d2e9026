"""No message prints somebody's file: what is wrong is shown short, on its line, whatever was given."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import simsales as ss
from simsales import inputs
from simsales.errors import LINE, LINES, brief, got
from simsales.files import load_any, load_model, load_scenario
from simsales.kpi import parse_name
from simsales.model.conditions import ConditionError, parse_condition
from simsales.model.paths import parse_path
from simsales.views import mined_graph, read_bpmn, read_mermaid, to_bpmn, to_mermaid

MODEL = {
    "name": "tiny",
    "channels": [{"name": "web", "leads_per_week": 10.0, "segments": {"all": 1.0}}],
    "segments": [{"name": "all", "amount": 5.0}],
    "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 0.25, "delay_days": 30.0}, {"to": "lost", "probability": 0.75}]}],
}
BPMN = to_bpmn(ss.Model(**MODEL))
MERMAID = to_mermaid(ss.Model(**MODEL))
DEALS = "deal_id,stage,amount,created_at,closed_at,status\n" + "".join(f"d{i},Demo,{i}00,2027-01-0{i},2027-02-0{i},won\n" for i in range(1, 9))
YAML = json.dumps(MODEL, indent=1)
LONG = "这是一段很长的文字 " * 400
LINES_OF = "\n".join(f"row {i}: something, else" for i in range(500))
FILES = {
    "bpmn": BPMN, "mermaid": MERMAID, "csv": DEALS, "yaml": YAML, "long": LONG, "lines": LINES_OF, "json list": json.dumps([MODEL] * 40),
    "quoted": f"stages: '{LONG}'", "block": "stages: |\n" + "".join(f"  line {i}\n" for i in range(300)), "key": f"? '{LONG}'\n: 1\n",
    "key of lines": "? |\n" + "".join(f"  line {i}\n" for i in range(300)) + ": 1\n", "tag": f"!{'x' * 3000} a", "number": "9" * 5000,
    "value": YAML.replace('"won"', json.dumps(LINES_OF)), "name": YAML.replace('"Open"', json.dumps(LONG)), "law": YAML.replace("30.0", json.dumps(LONG)),
    "when": YAML.replace('"exits"', f'"when": {json.dumps(LINES_OF)}, "exits"'), "date": f"epoch: {json.dumps(LONG)}\n",
    "cell": DEALS.replace("2027-01-01", f'"{LINES_OF}"'), "caption": DEALS.replace("stage", f'"{LINES_OF}"', 1), "html": "<!doctype html><html>" + LONG,
    "state": DEALS.replace("won", f'"{LONG}"'), "nul": "\0" * 3000, "wide": ",".join(f"column {i}" for i in range(4000)) + "\n" + ",".join("1" for _ in range(4000)),
}  # fmt: skip
BINARY = {"zip": b"PK\x03\x04" + bytes(range(256)) * 20, "random": bytes((i * 37) % 256 for i in range(9000)), "utf-16": ("\ufeff" + LONG).encode("utf-16-le"),
          "pdf": b"%PDF-1.7" + b"\x80" * 4000, "gzip": b"\x1f\x8b" + b"x" * 999, "latin": "grüße;größe\n".encode("latin-1") * 300}  # fmt: skip


UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def calm(act: Callable[[], Any]) -> str:
    """Do something and return what is said if it is refused; it must be said calmly."""
    try:
        act()
    except (ss.SimsalesError, ConditionError) as error:
        text = str(error)
        assert "must" in text or "line" in text
        assert max(map(len, text.split("\n"))) <= LINE
        assert len(text) < 4000, text
        assert not UNSEEN.search(text)
        assert len(text.split("\n")) <= LINES
        assert not any(f"{what} {i}" in text for what in ("line", "row") for i in range(30, 300)), "lines of the file"
        return text
    return ""


def read_file(read: Callable[[Any], Any], content: bytes, name: str) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        return calm(lambda: read(path))


def _with_mapping(path: Path) -> Any:
    deals = path.with_name("deals.csv")
    deals.write_text(DEALS, encoding="utf-8")
    return ss.read_history(deals, mapping=path)


READERS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "load_any": (load_any, "f.yaml"), "load_model": (load_model, "f.yaml"), "load_scenario": (load_scenario, "f.bpmn"),
    "read_history csv": (ss.read_history, "f.csv"), "read_history json": (ss.read_history, "f.json"), "read_history xes": (ss.read_history, "f.xes"),
    "read_history xlsx": (ss.read_history, "f.xlsx"), "mapping": (_with_mapping, "m.yaml"), "manifest": (inputs.read_manifest, "f.json"),
    "opening": (inputs.read_opening, "f.csv"),
}  # fmt: skip


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("content", [*FILES, *BINARY])
def test_no_reader_prints_what_it_cannot_read(reader: str, content: str) -> None:
    read, name = READERS[reader]
    read_file(read, FILES[content].encode() if content in FILES else BINARY[content], name)


@pytest.mark.parametrize(
    ("content", "said"),
    [("bpmn", "got BPMN. Hint: simsales.views.read_bpmn"), ("mermaid", "got a Mermaid chart. Hint: simsales.views.read_mermaid"),
     ("csv", "got a table. Hint: simsales import"), ("html", "got a web page"), ("zip", "got a workbook or a zip archive"), ("pdf", "got a PDF"),
     ("gzip", "got a gzip archive. Hint: unpack it"), ("nul", "got a binary file")],
)  # fmt: skip
def test_a_file_of_another_format_is_called_by_its_name(content: str, said: str) -> None:
    text = read_file(load_any, FILES[content].encode() if content in FILES else BINARY[content], "flow.bpmn")
    assert said in text
    assert len(text) < 300


def _scenario(text: str) -> Any:
    return ss.apply(ss.Scenario(changes=[{"set": {"path": text, "to": 1.0}}]), ss.Model(**MODEL))  # type: ignore[arg-type]


def _frame(text: str) -> Any:
    return ss.simulate(ss.Model(**MODEL), opening=pd.DataFrame({"deal_id": ["a"], "stage": [text], "age_days": [1.0]}))  # type: ignore[arg-type]


PARSERS: dict[str, Callable[[str], Any]] = {
    "condition": parse_condition, "condition value": lambda text: parse_condition(f"amount > {text}"), "path": lambda text: calm_value(parse_path, text), "scenario path": _scenario,
    "kpi": parse_name, "bpmn": read_bpmn, "mermaid": read_mermaid, "until": lambda text: ss.simulate(ss.Model(**MODEL), until=text),  # type: ignore[arg-type]
    "engine": lambda text: ss.simulate(ss.Model(**MODEL), engine=text), "jobs": lambda text: ss.replicate(ss.Model(**MODEL), 2, cases=2, jobs=text),  # type: ignore[arg-type]
    "model": lambda text: ss.Model(**MODEL | {"currency": text, text or "x": 1, "horizon_days": text, "process": text}),  # type: ignore[arg-type]
    "names": lambda text: ss.Model(**MODEL | {"segments": [{"name": text[:100], "amount": text}], "stages": [{"name": text[:110], "exits": [{"to": text, "probability": 1.0}]}]}),  # type: ignore[arg-type]
    "calendar": lambda text: ss.Model(**MODEL | {"calendar": {"hours": text, "days": text, "timezone": text, "country": text}}),  # type: ignore[arg-type]
    "when": lambda text: ss.Model(**MODEL | {"stages": [MODEL["stages"][0] | {"when": text}]}),  # type: ignore[arg-type, index, operator]
    "goal": lambda text: ss.Goal(name="a", kpi=text, target=1.0, deadline=text), "opening": _frame,  # type: ignore[arg-type]
    "kind": lambda text: to_mermaid(ss.Model(**MODEL), kind=text),  # type: ignore[arg-type]
    "amount": lambda text: calm_value(inputs.amount, text), "date": lambda text: calm_value(inputs.iso_date, text),
}  # fmt: skip


def calm_value(parse: Callable[[str], Any], text: str) -> None:
    """Parsers of the command line raise ValueError, which it shows as a usage error."""
    try:
        parse(text)
    except ValueError as error:
        raise ss.InvalidInputError(str(error)) from error


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("content", FILES)
def test_no_parser_prints_what_it_cannot_read(parser: str, content: str) -> None:
    calm(lambda: PARSERS[parser](FILES[content]))


@settings(max_examples=25)
@given(st.sampled_from(sorted(PARSERS)), st.text(min_size=1).map(lambda text: text * 60))
def test_no_text_breaks_a_message(parser: str, text: str) -> None:
    calm(lambda: PARSERS[parser](text))


@given(st.one_of(st.text(), st.binary(), st.integers(), st.floats(), st.lists(st.text()), st.dictionaries(st.text(), st.text()), st.dates(), st.none()))
def test_what_was_found_is_short_and_on_one_line(value: Any) -> None:
    assert len(got(value)) <= 320
    assert not UNSEEN.search(got(value))
    assert "\n" not in got(value)
    assert len(brief(str(value))) <= 63
    assert got(10**5000) == "a number too long to write"


def test_a_history_and_a_run_are_drawn_as_they_were_lived() -> None:
    run = ss.simulate(ss.Model(**MODEL), cases=200)  # type: ignore[arg-type]
    history = run.to_history()
    for lived in (run, history):
        graph = mined_graph(lived)
        assert to_mermaid(lived) == to_mermaid(graph)
        assert {(a, b, None if p is None else round(p, 9)) for a, b, p in read_mermaid(to_mermaid(lived)).ways()} == {(a, b, None if p is None else round(p, 9)) for a, b, p in graph.ways()}
        assert {w for w in read_bpmn(to_bpmn(lived)).ways() if w[0] != "start"} == graph.ways()
    assert to_bpmn(ss.apply(ss.Scenario(), ss.Model(**MODEL))) == BPMN  # type: ignore[arg-type]
    for wrong in (None, [], "x", 3, pd.DataFrame()):
        for draw in (to_mermaid, to_bpmn):
            with pytest.raises(ss.InvalidInputError, match="process must be a model, a history, a run or a graph, got"):
                draw(wrong)  # type: ignore[arg-type]
