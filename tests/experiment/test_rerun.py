"""A manifest is enough to make a result again, bit for bit."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from test_compare import TWO_MORE
from test_replicate import shop

from simsales.errors import CheckFailedError
from simsales.experiment import compare, replicate, rerun
from simsales.manifest import ManifestError
from simsales.model.levers import Scenario

OPENING = pd.DataFrame(
    {
        "deal_id": ["a", "商机二"],
        "stage": ["沟通", "沟通"],
        "age_days": [1.25, 0.1],
        "created_at": pd.to_datetime(["2026-12-01T10:00:00.123456Z", "2026-12-24T00:00:00Z"], format="ISO8601"),
        "amount": [1e6 / 3, float("nan")],
        "owner": ["AE-01", None],
    }
)
LATER = Scenario(name="later", changes=[{"scale": {"path": "channels[web].leads_per_week", "by": 1.5, "start": "2027-01-20",
                                                   "ramp_days": 7.0, "cost": {"once": 10.0}}}])  # fmt: skip


def through_json(result):
    return json.loads(json.dumps(result.to_dict(), allow_nan=False))


def test_a_study_comes_back_bit_for_bit_from_json():
    study = replicate(shop(), 4, seed=9, until="2027-02-10", opening=OPENING, jobs=2)
    again = rerun(through_json(study), jobs="serial")
    assert json.dumps(again.to_dict()) == json.dumps(study.to_dict())


def test_a_comparison_with_dated_changes_comes_back_too():
    result = compare(shop(), [LATER, TWO_MORE], 4, seed=2**63 + 5, start="2027-01-10", cases=60, precision=0.9,
                     kpis=["bookings", "won"], jobs="serial")  # fmt: skip
    again = rerun(through_json(result)["manifest"], jobs=2)
    assert json.dumps(again.to_dict()) == json.dumps(result.to_dict())


def test_another_version_is_named_and_can_be_allowed():
    record = through_json(replicate(shop(), 2, cases=3, jobs=1))["manifest"]
    record["versions"]["numpy"] = "1.0.0"
    with pytest.raises(CheckFailedError, match=r"manifest numpy must be .* to be reproduced here, got 1.0.0"):
        rerun(record)
    assert len(rerun(record, strict=False).frame) == 2


def test_a_manifest_changed_by_hand_is_refused():
    record = through_json(replicate(shop(), 2, cases=3, jobs=1))["manifest"]
    record["inputs"]["timeline"]["regimes"][0]["model"]["channels"][0]["leads_per_week"] = 99.0
    with pytest.raises(ManifestError, match=r"manifest inputs\.timeline must have its hash"):
        rerun(record)


def test_a_manifest_of_something_else_is_refused():
    with pytest.raises(ManifestError, match="manifest command must be one of replicate, compare, got forecast"):
        rerun({"command": "forecast"})


def test_an_incomplete_manifest_is_refused():
    record = through_json(replicate(shop(), 2, cases=3, jobs=1))["manifest"]
    del record["inputs"]["opening"]
    with pytest.raises(ManifestError, match="manifest inputs must have opening, got replications, timeline"):
        rerun(record)
