"""What ``simsales check`` says about a model: in words, with its gaps."""

from __future__ import annotations

from typing import Any

import pytest

from simsales import describe
from simsales.model.apply import apply
from simsales.model.calendars import Calendar
from simsales.model.levers import CHANGES, Scenario
from simsales.model.schema import Model


def model(**fields: Any) -> Model:
    exits = [{"to": "won", "probability": 0.25, "delay_days": 30}, {"to": "open", "probability": 0.75}]
    base = {"channels": [{"name": "web", "leads_per_week": 10.0}], "stages": [{"name": "Open", "exits": exits}]}
    return Model.model_validate(base | fields)


def test_exits_are_said_in_words() -> None:
    lines = describe.describe_model(model())
    assert "     25.0 % to won after 30 days" in lines
    assert "     75.0 % are never closed by anybody" in lines


@pytest.mark.parametrize(
    ("rates", "says"),
    [
        ([{"rate": 0.05}], "commission 5.0 %"),
        ([{"upto": 1.0, "rate": 0.05}, {"rate": 0.1}], "commission 5.0 % up to 100 % of quota, 10.0 % beyond"),
        ([], "no commission"),
    ],
)
def test_a_pay_plan_is_said_in_words(rates: list[dict[str, float]], says: str) -> None:
    plans = {"p": {"base": 1000, "quota": 500, "rates": rates, "bonuses": [{"at": 1.0, "amount": 30}], "cap": 1.5}}
    line = next(line for line in describe.describe_model(model(plans=plans)) if "Plan p" in line)
    assert says in line
    assert line.endswith("bonus $30 at 100 %; capped at 150 % of quota")


def test_assumed_parameters_are_counted_and_named() -> None:
    found = [{"path": f"p{i}", "status": "assumed"} for i in range(6)] + [{"path": "q", "status": "identified"}]
    assert describe.notes(model(provenance=found)) == [
        "6 parameters assumed, not learnt from data: p0, p1, p2, p3 and 2 more."
    ]


def test_a_stage_that_nobody_reaches_and_one_that_nobody_leaves_are_named() -> None:
    stages = [
        {"name": "A", "exits": [{"to": "won", "probability": 0.5}, {"to": "B", "probability": 0.5}]},
        {"name": "B", "exits": [{"to": "B", "probability": 1.0}]},
        {"name": "C", "exits": [{"to": "lost", "probability": 1.0}]},
    ]
    assert describe.notes(model(stages=stages)) == [
        "No deal ever reaches stage 'C'.",
        "From stage 'B' no outcome can be reached; deals end there by max_visits only.",
    ]


def test_years_without_known_make_up_days_are_named() -> None:
    found = describe.calendar_notes(Calendar(country="CN"), range(2025, 2040))
    assert len(found) == 1
    assert "2039" in found[0]
    assert "2025" not in found[0]
    assert describe.calendar_notes(Calendar(country="DE"), range(2025, 2040)) == []


def test_a_scenario_is_said_change_by_change() -> None:
    scenario = Scenario.model_validate(
        {
            "name": "s",
            "description": "Why.",
            "changes": [
                {"set": {"path": "stages[Open].exits[won].probability", "to": 0.5, "start": "2027-03-01", "ramp_days": 30, "adoption": 0.5,
                         "cost": {"once": 5000, "per_year": 100}}},
                {"scale": {"path": "channels[web].leads_per_week", "by": 1.5}},
            ],
        }
    )  # fmt: skip
    assert describe.describe_scenario(scenario, apply(scenario, model())) == [
        "s: 2 changes",
        "  Why.",
        "  1. From 2027-03-01 on, for 50 % of deals (rising over 30 days): stages[Open].exits[won].probability becomes 0.500; "
        "costs 5,000 USD once and 100 USD a year",
        "  2. From the beginning: channels[web].leads_per_week is multiplied by 1.50",
        "  Rules change at: 2027-03-01",
    ]


def test_pay_and_ramps_of_a_scenario_are_said_in_words() -> None:
    plan = {"name": "p", "rates": [{"upto": 1.0, "rate": 0.08}, {"rate": 0.12}], "bonuses": [{"at": 1.0, "amount": 5000}]}
    hire = {"role": "AE", "count": 2, "ramp": {"months": 4, "start": 0.3}, "cost": {"once": 60000}}
    lines = describe.describe_scenario(Scenario.model_validate({"name": "s", "changes": [{"plan": plan}, {"hire": hire}]}))
    assert lines[1:] == [
        "  1. From the beginning: pay plan 'p': commission 8.0 % up to 100 % of quota, 12.0 % beyond, bonus 5,000 at 100 % of quota",
        "  2. From the beginning: hire 2 AE reps, ramp from 30 % over 4 months; costs 60,000 once",
    ]


def test_a_change_after_the_end_of_the_run_is_noted() -> None:
    late = {"scale": {"path": "channels[web].leads_per_week", "by": 2.0, "start": "2028-02-01"}}
    scenario = Scenario(name="late", changes=[{"scale": {"path": "channels[web].leads_per_week", "by": 2.0}}, late])
    assert describe.late(scenario, model()) == ["late: change 2 (scale) begins on 2028-02-01, after the run ends on 2027-12-31: it changes nothing."]
    assert describe.late(scenario, model(), "2028-06-30") == []


SENTENCES: dict[str, tuple[dict[str, Any], str]] = {
    "scale": ({"path": "x", "by": 0.8}, "x is multiplied by 0.800"),
    "set": ({"path": "x", "to": {"gamma": {"mean": 2.0, "cv": 0.5}}}, "x becomes gamma mean 2 cv 0.500"),
    "standardise": ({"path": "x", "by": 0.5}, "x varies 50 % as much as before, around the same mean"),
    "add": ({"after": "报价", "stage": {"name": "法务", "when": "amount >= 5", "exits": [{"to": "won", "probability": 1.0}]}}, "a new stage '法务' (only when amount >= 5) after '报价'"),
    "remove": ({"stage": "报价", "to": "won"}, "stage '报价' falls away, deals go on to won"),
    "reorder": ({"stage": "A", "after": "B"}, "stage 'A' moves behind 'B'"),
    "parallel": ({"stage": "A", "also": "B"}, "the tasks in 'A' run side by side, together with those of 'B', which needs no work of its own any more"),
    "automate": (
        {"stage": "A", "share": 0.6, "error_rate": 0.02, "error_to": "B", "bot": {"name": "RPA", "cost_per_year": 900.0}},
        "60 % of the work in 'A' is automated: 'RPA' does 60 % of it at all hours for 900 a year; 2.0 % of the automated cases go wrong, to B",
    ),
    "approve": (
        {"stage": "审批", "when": "amount >= 200000", "tiers": [{"role": "VP", "when": "amount >= 1000000", "work_hours": 1.0}], "sla_days": 2.0, "escalate_to": "pass"},
        "deals skip '审批' unless amount >= 200000; VP approves in '审批' too when amount >= 1000000; '审批' should take at most 2 days; late ones go on without",
    ),
    "respond": (
        {"stage": "A", "patience_days": 2.0, "response": {}, "share": 0.5, "bot": {"name": "chat"}, "sla_days": 1.0, "escalate_to": "SDR"},
        "deals in 'A' wait at most 2 days; odds in 'A' fall with the first response (k 1.30, 50 % of an association believed); "
        "the first answer in 'A': 'chat' does 50 % of it at all hours; 'A' should take at most 1 day; late ones go to any SDR",
    ),
    "handoff": ({"stage": "A", "delay_days": 1.0, "loss": 0.05, "communication": 2.0}, "hand-off between roles in 'A': takes 1 day, loses 5.0 %, delay and loss divided by 2"),
    "hire": (
        {"role": "AE", "count": 2, "lead_days": 60, "speed": 1.1, "territory": "region == 华东", "cost_per_year": 10.0},
        "hire 2 AE reps, at work 60 days later, speed 1.10, territory region == 华东, 10 a year each besides pay",
    ),
    "leave": ({"role": "AE", "count": 2}, "the last 2 AE reps leave"),
    "attrition": ({"role": "AE", "per_year": 0.3, "vacancy_days": 90.0}, "AE reps leave by themselves: per year 0.300, vacancy days 90"),
    "retrain": (
        {"team": "north", "days_off": 3, "skill": 0.2, "half_life_days": 180.0, "cost_per_head": 500.0},
        "north trained, 3 days off, skill 0.200 more, half gone after 180 days, 500 a head",
    ),
    "route": ({"role": "AE", "routing": "pool", "max_open_deals": 20}, "deals of AE: routing pool, max open deals 20"),
    "plan": (
        {"name": "std", "role": "AE", "quota": 500.0, "period": "month", "cap": "none", "threshold": 0.5, "draw": {"amount_per_period": 50.0}, "paid_at": "collection"},
        "pay plan 'std' for AE reps: quota 500 a month, no cap, nothing below 50 % of quota, then from the first unit, draw 50 a month, recoverable, paid when the cash arrives",
    ),
    "effort": ({"off": True}, "effort does not react to pay"),
    "timing": ({"pull": 0.2, "period": "month"}, "signatures move around period ends: pull 0.200, period month"),
    "price": ({"by": 1.1, "advance_logit": -0.2}, "amounts of all segments x 1.10, log-odds of advancing -0.200, as stated"),
    "budget": (
        {"channel": "web", "by": 1.5, "campaign": {"name": "展会", "start": "2027-05-01", "leads": 40.0, "cost": 100.0}},
        "channel 'web': money x 1.50, campaign 展会 on 2027-05-01: 40 leads for 100",
    ),
    "shock": ({"event": {"name": "price war", "start": "2027-05-01", "win_logit": -0.3, "exposure": 0.5, "probability": 0.2}}, "price war: from 2027-05-01 on, log-odds of advancing -0.300 for 50 % of deals, with probability 20 %"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_every_change_is_a_sentence(kind: str) -> None:
    body, sentence = SENTENCES[kind]
    change = Scenario(changes=[{kind: body}]).changes[0]
    assert describe.change_words(change) == f"From the beginning: {sentence}"


def test_what_all_changes_have_is_said_after_it() -> None:
    change = Scenario(
        changes=[
            {"scale": {"path": "x", "by": 0.8, "start": "2027-07-01", "adoption": 0.6, "where": "segment == smb", "step": "第一步", "owner": "市场部",
                       "dip": {"depth": 0.2, "days": 30, "roles": ["AE"]}, "cost": {"once": 50000}, "source": "访谈", "grade": "judgement",
                       "uncertain": {"by": {"uniform": {"low": 0.7, "high": 0.9}}}}}
        ]
    ).changes[0]  # fmt: skip
    assert describe.change_words(change, "CNY") == (
        "第一步: From 2027-07-01 on, for 60 % of deals, where segment == smb: x is multiplied by 0.800; AE 20 % slower at first, as before "
        "after 30 days; costs 50,000 CNY once; uncertain: by 0.700 to 0.900; source: 访谈 (judgement: the estimate of people who know the "
        "work); owner: 市场部"
    )


def test_a_goal_and_what_is_drawn_are_said() -> None:
    change = {"scale": {"path": "channels[web].leads_per_week", "by": 1.2, "uncertain": {"by": {"uniform": {"low": 1.0, "high": 1.4}}}}}
    scenario = Scenario(name="s", goal="85 %", changes=[change])
    lines = describe.describe_scenario(scenario, apply(scenario, model()))
    assert "  Goal: 85 %" in lines
    assert lines[-1] == "  Uncertain numbers are drawn once a replication; a single run takes the values given."


RICH: dict[str, Any] = {
    "currency": "CNY",
    "channels": [
        {"name": "web", "leads_per_week": 10.0, "partner_share": 0.1, "market": {"size": 5000}, "regions": {"华东": 0.5, "EU": 0.5},
         "spend": {"per_week": 100.0, "most_leads_per_week": 20.0, "half_at": 80.0, "lag_days": 14, "half_life_days": 60},
         "campaigns": [{"name": "展会", "start": "2027-05-01", "until": "2027-05-03", "leads": 40.0, "cost": 900.0}]}
    ],
    "segments": [{"name": "all", "amount": 1000.0, "discount": 0.1, "advance_logit": 0.2}],
    "products": [{"name": "P", "life_cycle": [{"date": "2027-01-01", "factor": 1.0}, {"date": "2028-01-01", "factor": 0.5}]}],
    "regions": [{"name": "华东"}, {"name": "EU", "currency": "EUR"}],
    "fx": {"EUR": 7.8},
    "pricing": {"discount": 0.05, "unit_cost_share": 0.4},
    "terms": {"deposit_share": 0.3, "payment_days": 45.0},
    "shocks": {"arrivals_quarter_cv": 0.1},
    "events": [{"name": "slump", "start": "2027-06-01", "until": "2027-08-31", "leads": 0.7, "where": "channel == web"}],
    "handoff": {"delay_days": 1.0, "communication": 2.0},
    "pace": {"correlation": 0.4},
    "stages": [
        {"name": "报价", "sla_days": 5.0, "escalate_to": "VP", "contexts": [{"when": "visit >= 2", "delay_scale": 0.5}],
         "tasks": [{"role": "AE", "work_hours": 2.0, "part": "lead"}, {"role": "VP", "work_hours": 1.0, "parallel": True, "when": "amount >= 5", "gather": {"weekday": "tue"}}],
         "effects": {"skill": 0.5, "response": {}, "touch": {"logit": 0.2, "reference_hours": 3.0}},
         "exits": [{"to": "won", "probability": 0.5, "then": "交付", "max_discount": 0.1}, {"to": "lost", "probability": 0.5, "reason": "price"}]},
        {"name": "交付", "after_sale": True, "exits": [{"to": "retained", "probability": 0.9}, {"to": "churned", "probability": 0.1}]},
    ],
    "roles": [{"name": "AE", "max_open_deals": 40, "recycle_days": 14.0, "handover_loss": 0.1, "discount_authority": 0.1}, {"name": "VP"}],
    "reps": [{"role": "AE", "count": 2}, {"role": "VP"}],
    "attrition": {"AE": {"per_year": 0.25, "vacancy_days": 90, "ramp": {"months": 4.0}}},
    "trainings": [{"name": "t", "role": "AE", "start": "2027-04-01", "days_off": 3, "skill": 0.2}],
    "plans": {"p": {"quota": 500.0, "ratchet": {"up": 0.5, "down": 0.1}, "spiffs": [{"name": "s", "start": "2027-03-01", "until": "2027-03-31", "amount_per_win": 9.0}],
                    "splits": [{"role": "VP", "share": 0.1, "overlay": True}], "clawback": {"within_days": 90.0}, "ramp_relief": True,
                    "penalties": [{"at_below": 0.5, "amount": -100.0}]}},
    "timing": {"pull": 0.2},
}  # fmt: skip


def test_every_part_of_a_model_is_said() -> None:
    said = "\n".join(describe.describe_model(Model.model_validate(RICH)))
    for words in (
        "web: 10 leads a week; 华东 50 %, EU 50 %; 5,000 prospects, each at most every 365 days; the partner keeps 10 %",
        "buys up to 20 leads a week for ¥100 a week (half of them at ¥80), 14 days later, building up with a half-life of 60 days",
        "campaign 展会: 40 leads for ¥900, 2027-05-01 to 2027-05-03",
        "all: amount 1,000 CNY; log-odds of advancing 0.200; asks for a discount of 0.100",
        "Product P: weight 1, amount x 1, life cycle with 2 points",
        "Region EU: weight 1, amount x 1, in EUR",
        "1 EUR is 7.80 CNY from 1900-01-01",
        "delivery costs 40 % of the list price",
        "Payment: 30 % at once, the rest after 45 days",
        "Quarters differ: leads by 10 %",
        "Event slump: from 2027-06-01 to 2027-08-31, leads x 0.700, where channel == web",
        "Stage 报价: AE works 2 hours (leads); VP works 1 hour (only when amount >= 5, side by side with the task before, waits for the next tue)",
        "should take at most 5 days, then any VP may do it",
        "to won after 0 days, then 交付, discount cut to 10 %",
        "to lost after 0 days (price)",
        "where visit >= 2: delays x 0.500",
        "odds of advancing: 0.500 a unit of skill; fall with the first response (k 1.30, 50 % of an association believed); rise with work above 3 hours",
        "Stage 交付 (after the sale)",
        "Hand-off between roles: 1 day, 0.0 % lost, both divided by 2",
        "delays of a deal correlate by 0.400",
        "at most 40 open deals each, untouched deals go back to the pool after 14 days, 10 % lost when the owner leaves, may give 10 % discount alone",
        "AE reps leave at a rate of 25 % a year, replaced after 90 days, ramp from 20 % over 4 months",
        "Training t of AE on 2027-04-01: 3 days off, skill 0.200, speed x 1",
        "SPIFF s ¥9 a win from 2027-03-01 to 2027-03-31; 10 % credit to VP on top; 100 % taken back if cancelled within 90 days; "
        "next quota follows sales by 50 % up, 10 % down; quota reduced while ramping up",
        "Signatures move around the end of a quarter: 20 % pull",
    ):
        assert words in said, words


def test_after_sale_stages_are_reached_by_a_win_and_end_by_their_own_outcomes() -> None:
    assert [note for note in describe.notes(Model.model_validate(RICH)) if "交付" in note] == []


def test_the_linter_lists_each_gap() -> None:
    gaps = describe.lint(Model.model_validate(RICH))
    assert gaps == [
        "Stage '报价' has no exit criterion: when is it done? Hint: list exit_criteria.",
        "Stage '交付' has no owner. Hint: give owner_role, or part: lead to one of its tasks.",
        "Stage '交付' has no exit criterion: when is it done? Hint: list exit_criteria.",
        "Stage '交付' has no service level: how long may it take? Hint: give sla_days.",
    ]
