"""What pay plans may refer to."""

from __future__ import annotations

from typing import Any

import pytest

from simsales.errors import InvalidModelError
from simsales.model.schema import Model


def model(plan: dict[str, Any], **parts: Any) -> Model:
    return Model(
        channels=[{"name": "web", "leads_per_week": 1.0}], segments=[{"name": "smb", "amount": 10.0}],
        stages=[{"name": "A", "exits": [{"to": "won", "probability": 1.0}]}], roles=[{"name": "AE"}, {"name": "SE"}],
        reps=[{"role": "AE", "plan": "p"}], plans={"p": {"quota": 100.0, **plan}}, **parts,
    )  # fmt: skip


SPIFF = {"name": "push", "start": "2027-01-01", "until": "2027-02-01", "rate": 0.01}


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"splits": [{"role": "SEE", "share": 0.1}]}, r"plans.p.splits\[0\].role must be one of the roles, got 'SEE'. Hint: did you mean 'SE'"),
        ({"spiffs": [SPIFF | {"where": "segment == sbm"}]}, r"plans.p.spiffs\[0\].where must name a segment of the model, got 'sbm'. Hint: did you mean 'smb'"),
    ],
)
def test_plans_refer_to_what_the_model_has(plan, message):
    with pytest.raises(InvalidModelError, match=message):
        model(plan)


def test_quotas_need_somebody_to_go_to():
    with pytest.raises(InvalidModelError, match="quotas must have reps with a plan to go to, got none. Hint: give reps a plan"):
        Model(channels=[{"name": "web", "leads_per_week": 1.0}], quotas={"total": 100.0},
              stages=[{"name": "A", "exits": [{"to": "won", "probability": 1.0}]}])  # fmt: skip


def test_plans_that_fit_are_taken():
    plan = {"splits": [{"role": "SE", "share": 0.1}], "spiffs": [SPIFF | {"where": "segment == smb"}], "clawback": {"within_days": 90.0}}
    found = model(plan, terms={"cancel_share": 0.05}, quotas={"total": 300.0, "hedge": 0.05})
    assert found.quotas is not None
    assert found.quotas.total == 300.0
