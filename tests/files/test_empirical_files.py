"""Empirical laws that name a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from simsales.errors import InvalidModelError
from simsales.files import load_model, load_scenario
from simsales.model.laws import Empirical

MODEL = """\
channels: [{name: web, leads_per_week: 1}]
stages:
  - name: A
    exits:
      - {to: won, probability: 1, delay_days: {empirical: {file: NAME}}}
"""


def load(folder: Path, name: str, table: str | None = None) -> object:
    if table is not None:
        (folder / "d.csv").write_text(table, encoding="utf-8")
    (folder / "m.yaml").write_text(MODEL.replace("NAME", name), encoding="utf-8")
    return load_model(folder / "m.yaml").stages[0].exits[0].delay_days


@pytest.mark.parametrize(
    "table", ["value\n3\n1\n2.5\n", "3\n1\n2.5\n", "days,other\n3,x\n1,y\n2.5,z\n\n", "id,value\n9,3\n9,1\n9,2.5\n"]
)
def test_values_come_from_the_file(table: str, tmp_path: Path) -> None:
    assert load(tmp_path, "d.csv", table) == Empirical(values=(1.0, 2.5, 3.0))


def test_probabilities_come_from_the_file(tmp_path: Path) -> None:
    assert load(tmp_path, "d.csv", "value,p\n1,0\n4,1\n") == Empirical(values=(1.0, 4.0), p=(0.0, 1.0))


def test_a_scenario_may_name_a_file(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text("7\n", encoding="utf-8")
    path = tmp_path / "s.yaml"
    path.write_text("changes: [{set: {path: a, to: {empirical: {file: d.csv}}}}]\n", encoding="utf-8")
    assert load_scenario(path).model_dump()["changes"][0]["set"]["to"] == {"empirical": {"values": [7.0]}}


@pytest.mark.parametrize(
    ("name", "table", "message"),
    [
        (
            "e.csv",
            "1\n",
            r"m.yaml:5:66 .*file must be a file that exists beside m.yaml, got 'e.csv'. Hint: did you mean 'd.csv'",
        ),
        ("../d.csv", "1\n", r"must lie in the folder of m.yaml, got '../d.csv'"),
        ("/etc/passwd", "1\n", r"must lie in the folder of m.yaml, got '/etc/passwd'"),
        ("d.csv", "value\n1\nx\n", r"must hold values: d.csv:3 value must be a number of at least 0, got 'x'"),
        ("d.csv", "value\n-1\n", r"d.csv:2 value must be a number of at least 0, got '-1'"),
        ("d.csv", "value\nnan\n", r"d.csv:2 value must be a number of at least 0, got 'nan'"),
        ("d.csv", "value\n", r"must hold at least one value, got captions only"),
        ("d.csv", "", r"must not be empty"),
        ("d.csv, p: [0, 1]", "1\n", r"must stand alone, got p beside it"),
        ("3", "1\n", r"must be the name of a CSV file, got 3"),
    ],
)
def test_a_table_that_cannot_be_used_is_explained(name: str, table: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidModelError, match=message):
        load(tmp_path, name, table)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.csv").write_text("1\n", encoding="utf-8")
    (inner / "d.csv").symlink_to(tmp_path / "secret.csv")
    with pytest.raises(InvalidModelError, match="must lie in the folder"):
        load(inner, "d.csv")
