"""Manifests are plain, stable, and tell one input from another."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pandas as pd
import pytest

from simsales.manifest import canonical, check_versions, frame_data, frame_from, manifest, sha256, versions
from simsales.model.levers import Scenario
from simsales.model.schema import Model

MODEL = Model(
    name="小", channels=[{"name": "web", "leads_per_week": 0.1}],
    stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0, "delay_days": {"weibull": {"scale": 9.0, "shape": 0.7}}}]}],
)  # fmt: skip


def test_the_same_question_has_the_same_manifest():
    first, second = (manifest("replicate", 1, model=MODEL, until=dt.date(2027, 3, 31)) for _ in range(2))
    assert canonical(first) == canonical(second)
    assert first["inputs"]["until"] == "2027-03-31"


def test_another_model_has_another_hash():
    other = Model.model_validate(MODEL.model_dump() | {"horizon_days": 366.0})
    assert manifest(model=MODEL)["sha256"]["model"] != manifest(model=other)["sha256"]["model"]


def test_it_is_plain_json_with_versions_and_platform():
    found = json.loads(json.dumps(manifest("compare", 3, model=MODEL, scenario=Scenario(), n=np.int64(4)), allow_nan=False))
    assert set(found["versions"]) >= {"python", "simsales", "numpy", "scipy", "pandas", "simpy", "holidays"}
    assert found["inputs"]["n"] == 4
    assert found["platform"]
    check_versions(found)


def test_models_come_back_from_it():
    found = json.loads(json.dumps(manifest(model=MODEL)))
    assert Model.model_validate_json(json.dumps(found["inputs"]["model"])) == MODEL


def test_a_file_is_known_by_its_content(tmp_path):
    path = tmp_path / "deals.csv"
    path.write_text("a,b\n", encoding="utf-8")
    found = manifest(history=path)["inputs"]["history"]
    path.write_text("a,c\n", encoding="utf-8")
    assert found["file"] == "deals.csv"
    assert manifest(history=path)["inputs"]["history"]["sha256"] != found["sha256"]


def test_tables_come_back_exactly():
    table = pd.DataFrame({
        "text": pd.Series(["甲", None], dtype="str"), "number": [0.1 + 0.2, np.nan], "count": [1, 2**60], "yes": [True, False],
        "time": pd.to_datetime(["2027-01-01T00:00:00.000001Z", None], format="ISO8601"),
    })  # fmt: skip
    again = frame_from(json.loads(json.dumps(frame_data(table))))
    assert again["number"].tolist()[0] == 0.1 + 0.2
    assert again["count"].tolist() == [1, 2**60]
    assert again["time"][0] == table["time"][0]
    assert again.isna().to_numpy().tolist() == table.isna().to_numpy().tolist()


def test_hashes_do_not_depend_on_the_order_of_keys():
    assert sha256({"a": {"x": 1, "y": 2}}) == sha256({"a": {"y": 2, "x": 1}})
    assert sha256([1, 2]) != sha256([2, 1])


@pytest.mark.parametrize("name", ["python", "simpy"])
def test_versions_are_those_installed(name):
    assert versions()[name][0].isdigit()
