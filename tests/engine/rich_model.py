"""One small organisation that uses every mechanism, and a walk over everything a change can reach in it."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any, NamedTuple

from simsales.model.base import Value
from simsales.model.laws import Law
from simsales.model.paths import label
from simsales.model.schema import Model

GAMMA = {"gamma": {"mean": 6.0, "cv": 0.7}}
SPIFF = {"name": "spring", "start": "2027-01-10", "until": "2027-04-10", "rate": 0.01, "amount_per_win": 20.0, "where": "segment == smb"}

RICH: dict[str, Any] = {
    "name": "rich", "currency": "CNY", "epoch": "2027-01-01", "horizon_days": 100.0,
    "calendar": {"hours": "08:00-20:00", "days": "mon-sun", "off": ["2027-01-02"], "extra": ["2027-01-03"]},
    "calendars": {"late": {"hours": "10:00-22:00", "days": "mon-sat"}},
    "channels": [
        {
            "name": "web", "leads_per_week": 14.0, "trend_per_year": 0.3, "season": {"mar": 1.2}, "weekday": {"sat": 0.5},
            "hours": "08:00-20:00", "overdispersion": 1.5, "segments": {"smb": 0.6, "mid": 0.4}, "entry": {"Lead": 0.9, "Offer": 0.1},
            "cost_per_lead": 10.0, "products": {"P": 0.6, "Q": 0.4}, "regions": {"eu": 0.5, "cn": 0.5}, "partner_share": 0.05,
            "campaigns": [{"name": "fair", "start": "2027-02-20", "until": "2027-03-20", "leads": 9.0, "lag_days": 1.5, "cost": 50.0}],
            "spend": {"per_week": 100.0, "most_leads_per_week": 6.0, "half_at": 160.0, "shape": 1.5, "lag_days": 2.0, "half_life_days": 9.0},
            "market": {"size": 400, "cooldown_days": 30.0},
        },
        {"name": "fairs", "leads_per_week": 5.0, "cost_per_lead": 4.0, "segments": {"smb": 0.5, "mid": 0.5}},
    ],
    "segments": [
        {"name": "smb", "amount": {"lognormal": {"median": 1000.0, "p90": 4000.0}}, "advance_logit": 0.2, "discount": {"uniform": {"low": 0.05, "high": 0.3}}},
        {"name": "mid", "amount": {"lognormal": {"median": 3000.0, "p90": 9000.0}}, "advance_logit": -0.1},
    ],
    "products": [
        {"name": "P", "share": 1.0, "amount_scale": 1.1, "advance_logit": 0.1,
         "life_cycle": [{"date": "2027-01-01", "factor": 1.0}, {"date": "2027-06-01", "factor": 1.5}]},
        {"name": "Q", "share": 0.5},
    ],
    "regions": [
        {"name": "eu", "share": 0.5, "currency": "EUR", "amount_scale": 1.2, "advance_logit": 0.1}, {"name": "cn", "share": 0.5},
    ],
    "fx": {"EUR": [{"start": "2027-01-01", "rate": 7.5}, {"start": "2027-03-01", "rate": 7.8}]},
    "pricing": {"discount": {"uniform": {"low": 0.0, "high": 0.2}}, "unit_cost_share": 0.3, "non_standard_terms": 0.3},
    "terms": {"deposit_share": 0.3, "payment_days": {"uniform": {"low": 2.0, "high": 20.0}}, "bad_debt_share": 0.5,
              "cancel_share": 0.2, "cancel_days": {"uniform": {"low": 1.0, "high": 20.0}}},
    "scoring": {
        "factors": [
            {"name": "visits", "weight": 1.0, "law": {"gamma": {"mean": 3.0, "cv": 1.0}}, "kind": "behaviour", "half_life_days": 20.0,
             "bands": [{"upto": 2.0, "points": 0.5}, {"points": 2.0}]},
            {"name": "fit", "weight": 0.5, "law": {"uniform": {"low": 0.0, "high": 2.0}}},
        ],
        "intercept": 0.1, "noise_sd": 0.3, "reference": 1.0, "grades": [{"from": 0.5, "name": "B"}, {"from": 1.0, "name": "A"}],
    },
    "stages": [
        {
            "name": "Lead", "tasks": [{"role": "SDR", "work_hours": GAMMA}], "patience_days": {"weibull": {"scale": 12.0, "shape": 0.9}},
            "exits": [{"to": "Demo", "probability": 0.7, "delay_days": GAMMA, "reason": "fit"}, {"to": "lost", "probability": 0.3, "delay_days": 4.0, "reason": "budget"}],
            "effects": {"skill": 0.3, "response_hours": -0.002, "response": {"k": 0.8, "tau_hours": 2.0, "kept": 0.5},
                        "score": 0.2, "discount": 1.0, "touch": {"logit": 0.2, "reference_hours": 6.0}},
            "contexts": [{"when": "segment == mid and visit >= 1", "advance_logit": 0.3, "delay_scale": 0.8, "work_scale": 1.2}],
            "sla_days": 2.0, "escalate_to": "AE", "win_probability": 0.2, "max_visits": 2, "journey": "awareness",
            "owner_role": "SDR", "checklist": ["called"], "exit_criteria": ["need is known"],
        },
        {
            "name": "Demo", "tasks": [{"role": "AE", "work_hours": 3.0, "part": "lead"}, {"role": "SDR", "work_hours": 1.0, "parallel": True, "part": "assist"},
                                      {"role": "AE", "work_hours": 2.0, "gather": {"weekday": "tue"}, "when": "terms == standard"}],
            "exits": [{"to": "Approval", "probability": 0.6, "delay_days": GAMMA}, {"to": "Lead", "probability": 0.2, "delay_days": 1.0},
                      {"to": "no_decision", "probability": 0.2, "delay_days": 20.0}],
            "contexts": [{"when": "segment == mid", "exits": [{"to": "Offer", "probability": 0.5, "max_discount": 0.2}, {"to": "lost", "probability": 0.5}]}],
            "handoff": {"delay_days": {"uniform": {"low": 0.1, "high": 1.0}}, "loss": 0.05, "communication": 1.5}, "max_visits": 2,
        },
        {
            "name": "Approval", "when": "discount > authority", "tasks": [{"role": "AE", "work_hours": 0.5, "gather": {"size": 2, "within_days": 2.0}}],
            "exits": [{"to": "Offer", "probability": 1.0, "delay_days": 1.0, "max_discount": 0.15}],
        },
        {
            "name": "Offer", "tasks": [{"role": "AE", "work_hours": {"uniform": {"low": 1.0, "high": 6.0}}}, {"role": "AE", "work_hours": 1.0, "at": "end", "gather": {"day_of_month": 9}}],
            "exits": [{"to": "won", "probability": 0.5, "delay_days": {"exponential": {"mean": 7.0}}, "then": "Service", "max_discount": 0.25},
                      {"to": "Demo", "probability": 0.3, "delay_days": 1.0}, {"to": "lost", "probability": 0.15, "delay_days": 9.0}, {"to": "open", "probability": 0.05}],
        },
        {"name": "Service", "after_sale": True, "tasks": [{"role": "AE", "work_hours": 1.0}],
         "exits": [{"to": "retained", "probability": 0.6, "delay_days": 5.0}, {"to": "churned", "probability": 0.4, "delay_days": 5.0}]},
    ],
    "roles": [
        {"name": "SDR", "queue": "score", "routing": "score", "tiers": [1.0, 2.0], "recycle_days": 0.5, "reclaim_days": 6.0, "discount_authority": 0.1},
        {"name": "AE", "queue": "due", "routing": "territory", "concurrency": 2, "max_open_deals": 30, "handover_loss": 0.2, "discount_authority": 0.1},
    ],
    "handoff": {"delay_days": {"uniform": {"low": 0.1, "high": 0.5}}, "loss": 0.3, "communication": 1.2},
    "pace": {"correlation": 0.4},
    "reps": [
        {"name": "Ann", "role": "AE", "team": "north", "region": "eu", "manager": "AE-01", "speed": 1.1, "skill": 0.2, "selling_share": 0.6, "weight": 1.5,
         "hired": "2026-11-01", "ramp": {"months": 8.0, "start": 0.3}, "plan": "std", "booked_before": 100.0, "cost_per_year": 1000.0, "territory": "region == eu"},
        {"name": "Bob", "role": "AE", "selling_share": 0.7, "hired": "2027-01-15", "leaves": "2027-03-20", "plan": "std", "off": ["2027-02-01..2027-02-03"],
         "ramp": {"months": 6.0, "curve": [0.3, 0.6, 0.9]}, "calendar": "late"},
        {"role": "AE", "count": 2, "selling_share": 0.6, "plan": "std"},
        {"name": "Sue", "role": "SDR", "plan": "std", "skill": 0.1, "selling_share": 0.8}, {"name": "Tom", "role": "SDR", "skill": 0.5, "speed": 0.9},
    ],
    "attrition": {"AE": {"per_year": 3.0, "first_year": 1.5, "low_attainment": 0.9, "low_factor": 1.5, "replace": True,
                         "vacancy_days": {"uniform": {"low": 5.0, "high": 15.0}}, "ramp": {"months": 3.0, "start": 0.4, "curve": [0.4, 0.9]}}},
    "trainings": [{"name": "skills", "role": "AE", "start": "2027-02-22", "days_off": 1, "skill": 0.3, "speed": 1.1, "half_life_days": 60.0, "cost_per_head": 100.0}],
    "plans": {"std": {
        "base": 50000.0, "quota": 9000.0, "period": "month", "rates": [{"upto": 1.0, "rate": 0.05}, {"rate": 0.1}], "bonuses": [{"at": 0.8, "amount": 300.0}],
        "cap": 3.0, "threshold": 0.1, "penalties": [{"at_below": 0.4, "amount": -50.0}], "spiffs": [SPIFF], "draw": {"amount_per_period": 100.0},
        "splits": [{"role": "SDR", "share": 0.1}], "clawback": {"within_days": 30.0, "share": 0.5}, "ratchet": {"up": 0.3, "down": 0.2}, "ramp_relief": True,
    }},
    "quotas": {"total": 40000.0, "period": "month", "hedge": 0.1, "by": "weight"},
    "effort": {"elasticity": 0.4, "minimum": 0.6, "maximum": 1.5, "win_effect": 0.3, "horizon_sd": 0.4, "reference_rate": 0.06, "ratchet_aversion": 0.2},
    "timing": {"weeks": 1.5, "pull": 0.6, "push": 0.2, "deadline": 0.5, "discount": 0.2, "period": "month"},
    "shocks": {"arrivals_quarter_cv": 0.2, "win_logit_quarter_sd": 0.3, "amount_quarter_cv": 0.2},
    "events": [{"name": "slump", "start": "2027-01-20", "until": "2027-03-20", "probability": 0.9, "leads": 0.9, "amount": 0.8, "win_logit": -0.2, "exposure": 0.8,
                "where": "channel == web"},
               {"name": "offer", "start": "2027-03-25", "probability": 0.5, "rep": "Tom"}],
    "provenance": [{"path": "pace.correlation", "value": 0.4, "low": 0.3, "high": 0.5, "n": 40}],
}  # fmt: skip


def rich() -> Model:
    """The organisation."""
    return Model(**RICH)


class Leaf(NamedTuple):
    """A place in a model that a path can reach: its fields, its path, and what stands there."""

    fields: tuple[str, ...]
    path: str
    value: Any


def leaves(value: Any, fields: tuple[str, ...] = (), path: str = "") -> Iterator[Leaf]:
    """Every number, law, text, date and truth value in a model, found by reflection; a law counts as one number."""
    if isinstance(value, Law) or not isinstance(value, Value | tuple | dict):
        yield Leaf(fields, path, value)
    elif isinstance(value, Value):
        for name, field in type(value).model_fields.items():
            yield from leaves(getattr(value, name), (*fields, name), f"{path}.{field.alias or name}" if path else name)
    else:
        items = value.items() if isinstance(value, dict) else ((label(item) or str(i), item) for i, item in enumerate(value))
        if isinstance(value, tuple):
            items = [(str(i), item) for i, item in enumerate(value)]
        for key, item in items:
            yield from leaves(item, fields, f"{path}[{key}]")


def is_number(value: Any) -> bool:
    return isinstance(value, Law | int | float) and not isinstance(value, bool)


def fields_of(kind: Any, fields: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every numeric field that the schema knows, by reflection on its annotations."""
    for inner in _parts(kind):
        if isinstance(inner, type) and issubclass(inner, Value) and not issubclass(inner, Law):
            if fields.count(fields[-1] if fields else "") < 2:  # noqa: PLR2004 - no value holds itself
                for name, field in inner.model_fields.items():
                    yield from fields_of(field.annotation, (*fields, name))
        elif inner in (int, float) or (isinstance(inner, type) and issubclass(inner, Law)):
            yield fields


def _parts(kind: Any) -> Iterator[Any]:
    """The plain types inside an annotation: members of unions, items of lists, values of mappings."""
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if origin is typing.Annotated:
        yield from _parts(arguments[0])
    elif origin in (typing.Union, types.UnionType, tuple):
        for each in arguments:
            yield from _parts(each)
    elif origin is dict:
        yield from _parts(arguments[1])
    else:
        yield kind
