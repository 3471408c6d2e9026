"""Whatever a file holds, reading it gives a value or advice that names the file: never another error."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from simsales.errors import InvalidModelError
from simsales.files import load_any

MODEL = """\
simsales: 1
epoch: 2027-01-01T00:00:00+08:00
channels: [{name: web, leads_per_week: 60, segments: {smb: 1.0}, season: {dec: 0.8}}]
segments: [{name: smb, amount: {lognormal: {median: 1, p90: 2}}}]
stages:
  - name: 沟通
    when: amount >= 5
    tasks: [{role: AE, work_hours: 1.5}]
    exits:
      - {to: won, probability: 0.25, delay_days: {empirical: {values: [1, 2], p: [0, 1]}}}
      - {to: lost, probability: 0.75, delay_days: {mixture: [{weight: 1, law: 3}]}}
roles: [{name: AE}]
reps: [{role: AE, count: 2, hired: 2027-01-05, plan: p}]
plans: {p: {quota: 3, rates: [{upto: 1, rate: 0.1}, {rate: 0.2}]}}
calendar: {country: CN, days: mon-fri, off: [2027-01-01]}
"""
SCENARIO = """\
name: s
changes:
  - hire: {role: AE, start: 2027-03-01, ramp: {months: 3}}
  - set: {path: "stages[沟通].exits[won].probability", to: 0.3}
  - add: {stage: {name: X, exits: [{to: won, probability: 1}]}, after: 沟通}
"""
WORDS = ["{", "}", "[", "]", ":", " ", "\n", "  ", "- ", "'", '"', "&a ", "*a", "!x ", "? ", "| ", "> ", "%", "@", "`", "#", ",",
         ".nan", "-1", "1e999", "null", "true", "2027-02-30", "0x1F", "<<: ", "~", "\t", "：", "0o9", "1_0", "---\n", "...", "\x85", "9" * 400,
         "9" * 5000, "simsales: ", "name: ", "{file: x.csv}", "12:30:45", "2027-01-01 25:00:00", "=", "stages: "]  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A good file with a few cuts and insertions."""
    text = draw(st.sampled_from([MODEL, SCENARIO]))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.sampled_from([0, 0, 1, 2, 5, 20])))
        text = text[:start] + draw(st.sampled_from(WORDS)) + text[end:]
    return text


def reads_or_advises(raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.yaml"
        path.write_bytes(raw)
        try:
            load_any(path)
        except InvalidModelError as error:
            lines = str(error).splitlines()
            assert lines[0].startswith(str(path))
            assert all(" must " in line for line in lines if line.startswith(str(path)))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=mutated())
@example(text="? [a]\n: 1\n")
@example(text="a: !!int x\n")
@example(text="stages: !!set {a}\n")
@example(text="channels: {1: 2, [3]: 4}\nstages: 1\n")
@example(text=MODEL.replace("name: web", "1: 2"))
@example(text=MODEL.replace("{smb: 1.0}", "{2027: 1.0}"))
@example(text=MODEL.replace("simsales: 1", "simsales: one"))
@example(text=MODEL.replace("simsales: 1", "simsales: 0"))
def test_a_damaged_file_gives_advice(text: str) -> None:
    reads_or_advises(text.encode("utf-8", errors="surrogatepass"))


@settings(max_examples=100, deadline=None)
@given(raw=st.binary(max_size=200))
def test_any_bytes_give_advice(raw: bytes) -> None:
    reads_or_advises(raw)
