"""What each kind of change makes of a model, with numbers worked out by hand."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest

from simsales.errors import InvalidModelError
from simsales.model.apply import Timeline, apply, sampled
from simsales.model.apply.spread import standardised
from simsales.model.laws import LAWS, Constant, Empirical, Exponential, Gamma, Law, Lognormal, Mixture, Uniform, Weibull
from simsales.model.levers import Scenario
from simsales.model.roster import named_reps
from simsales.model.schema import Model

BASE = Model.model_validate(
    {
        "channels": [{"name": "web", "leads_per_week": 10.0, "spend": {"per_week": 100.0, "most_leads_per_week": 20.0, "half_at": 100.0}}],
        "segments": [{"name": "all", "amount": 1000.0}],
        "stages": [
            {"name": "Lead", "tasks": [{"role": "SDR", "work_hours": 1.0}], "exits": [{"to": "Demo", "probability": 0.6, "delay_days": 4.0}, {"to": "lost", "probability": 0.4}]},
            {"name": "Demo", "tasks": [{"role": "AE", "work_hours": 2.0}, {"role": "SDR", "work_hours": 4.0}], "exits": [{"to": "审批", "probability": 0.5, "delay_days": 3.0}, {"to": "lost", "probability": 0.5}]},
            {"name": "审批", "when": "amount >= 50000", "tasks": [{"role": "AE", "work_hours": 0.5}], "exits": [{"to": "Close", "probability": 0.8, "delay_days": 1.0}, {"to": "Demo", "probability": 0.2, "delay_days": 5.0}]},
            {"name": "Close", "exits": [{"to": "won", "probability": 1.0}]},
        ],
        "roles": [{"name": "AE"}, {"name": "SDR"}],
        "reps": [{"role": "AE", "count": 2, "plan": "std"}, {"role": "SDR", "team": "north"}],
        "plans": {"std": {"quota": 100.0, "base": 10.0, "cap": 2.0, "ratchet": {"up": 0.5, "down": 0.1}}},
    }
)  # fmt: skip


def timeline(*changes: dict[str, Any]) -> Timeline:
    return apply(Scenario(changes=list(changes)), BASE)


def after(*changes: dict[str, Any]) -> Model:
    return timeline(*changes).last


def stage(model: Model, name: str) -> Any:
    return next(s for s in model.stages if s.name == name)


def odds(model: Model, name: str) -> dict[str, float]:
    return {e.to: round(e.probability, 9) for e in stage(model, name).exits}


def work(model: Model, name: str) -> list[tuple[str, float]]:
    return [(task.role, round(task.work_hours.median(), 9)) for task in stage(model, name).tasks]


# the process ----------------------------------------------------------------------------------------


def test_automation_takes_its_share_of_the_work_away() -> None:
    assert work(after({"automate": {"stage": "Demo", "share": 0.25}}), "Demo") == [("AE", 1.5), ("SDR", 3.0)]
    assert work(after({"automate": {"stage": "Demo", "share": 1.0, "role": "SDR"}}), "Demo") == [("AE", 2.0)]


def test_a_bot_does_the_share_first_at_all_hours_for_its_fee() -> None:
    bot = {"name": "机器人", "speed": 5.0, "cost_per_year": 900.0}
    model = after({"automate": {"stage": "Lead", "share": 0.75, "bot": bot, "start": "2027-03-01"}})
    assert work(model, "Lead") == [("机器人", 0.75), ("SDR", 0.25)]
    rep = next(rep for rep in model.reps if rep.role == "机器人")
    assert (rep.speed, rep.cost_per_year, rep.hired) == (5.0, 900.0, dt.date(2027, 3, 1))
    assert rep.calendar is not None
    assert model.calendars[rep.calendar].is_always_open()


def test_every_regime_knows_the_calendar_of_a_bot_that_comes_later() -> None:
    found = timeline({"automate": {"stage": "Lead", "share": 0.5, "bot": {"name": "rpa"}, "start": "2027-03-01"}})
    assert ["rpa 24/7" in regime.model.calendars for regime in found.regimes] == [True, True]


def test_errors_of_automation_shift_the_exits_by_share_times_rate() -> None:
    # 0.5 x 0.1 = 5 % of all deals fail: 0.6 x 0.95 = 0.57; 0.4 x 0.95 + 0.05 = 0.43
    assert odds(after({"automate": {"stage": "Lead", "share": 0.5, "error_rate": 0.1}}), "Lead") == {"Demo": 0.57, "lost": 0.43}
    rework = after({"automate": {"stage": "Demo", "share": 0.5, "error_rate": 0.1, "error_to": "Lead"}})
    assert odds(rework, "Demo") == {"审批": 0.475, "lost": 0.475, "Lead": 0.05}


def test_an_approval_gets_a_threshold_tiers_and_a_service_level_or_falls_away() -> None:
    change = {"approve": {"stage": "审批", "when": "amount >= 200000", "sla_days": 2.0, "escalate_to": "pass",
                          "tiers": [{"role": "SDR", "when": "amount >= 1000000", "work_hours": 1.0}]}}  # fmt: skip
    gate = stage(after(change), "审批")
    assert (gate.when, gate.sla_days, gate.escalate_to) == ("amount >= 200000", 2.0, "pass")
    assert [(task.role, task.when) for task in gate.tasks] == [("AE", None), ("SDR", "amount >= 1000000")]
    gone = after({"approve": {"stage": "审批", "remove": True}})
    assert gone.stage_names == ("Lead", "Demo", "Close")
    assert odds(gone, "Demo") == {"Close": 0.5, "lost": 0.5}


def test_a_bot_answers_first_and_patience_and_the_effect_of_speed_are_stated() -> None:
    change = {"respond": {"stage": "Lead", "patience_days": 2.0, "response": {"k": 1.3}, "share": 0.5, "bot": {"name": "chat"}}}
    lead = stage(after(change), "Lead")
    assert lead.patience_days.median() == 2.0
    assert lead.effects.response.kept == 0.5
    assert [task.role for task in lead.tasks] == ["chat", "SDR"]


def test_better_communication_is_a_hand_off_of_the_model_or_of_one_stage() -> None:
    assert after({"handoff": {"communication": 2.0}}).handoff.communication == 2.0
    model = after({"handoff": {"delay_days": 1.0}}, {"handoff": {"stage": "Demo", "loss": 0.1}})
    assert stage(model, "Demo").handoff.delay_days.median() == 1.0  # begins with the model's own
    assert stage(model, "Demo").handoff.loss == 0.1
    assert stage(model, "Lead").handoff is None


def test_tasks_run_side_by_side() -> None:
    assert [task.parallel for task in stage(after({"parallel": {"stage": "Demo"}}), "Demo").tasks] == [False, True]


def test_two_stages_in_parallel_become_one_with_the_longer_delay() -> None:
    data = BASE.model_dump(by_alias=True)
    base = Model.model_validate(data | {"stages": [dict(s, when=None) for s in data["stages"]]})
    model = apply(Scenario(changes=[{"parallel": {"stage": "Demo", "also": "审批"}}]), base).last
    assert model.stage_names == ("Lead", "Demo", "Close")
    # to 审批 was 0.5: 0.8 of it to Close (longer of 3 and 1 days), 0.2 back to Demo (longer of 3 and 5)
    assert odds(model, "Demo") == {"lost": 0.5, "Close": 0.4, "Demo": 0.1}
    assert {e.to: e.delay_days.median() for e in stage(model, "Demo").exits} == {"lost": 0.0, "Close": 3.0, "Demo": 5.0}
    assert [(task.role, task.parallel) for task in stage(model, "Demo").tasks] == [("AE", False), ("SDR", True), ("AE", True)]


def test_a_stage_moves_behind_another_one() -> None:
    model = after({"reorder": {"stage": "审批", "after": "Lead"}})
    assert model.stage_names == ("Lead", "审批", "Demo", "Close")
    assert odds(model, "Lead") == {"审批": 0.6, "lost": 0.4}
    assert odds(model, "审批") == {"Demo": 1.0}  # on to Demo 0.8, and back to Demo 0.2
    assert odds(model, "Demo") == {"Close": 0.5, "lost": 0.5}


def test_a_channel_is_added() -> None:
    assert [c.name for c in after({"add": {"channel": {"name": "直播", "leads_per_week": 3.0}}}).channels] == ["web", "直播"]


def _cv(law: Law) -> tuple[float, float]:
    u = (np.arange(100_000) + 0.5) / 100_000
    x = law.quantile(u)
    return float(x.mean()), float(x.std() / x.mean())


SPREAD: dict[str, Law] = {
    "constant": Constant(value=3.0),
    "uniform": Uniform(low=1.0, high=5.0),
    "exponential": Exponential(mean=4.0),
    "gamma": Gamma(mean=4.0, cv=0.6),
    "lognormal": Lognormal(median=6.0, p90=15.0),
    "weibull": Weibull(scale=10.0, shape=1.4),
    "empirical": Empirical(values=(1.0, 2.0, 9.0, 4.0)),
    "mixture": Mixture(parts=[{"weight": 1.0, "law": {"gamma": {"mean": 2.0, "cv": 0.5}}}, {"weight": 1.0, "law": 8.0}]),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("kind", LAWS)
def test_standardised_work_keeps_its_mean_and_loses_spread(kind: str) -> None:
    mean, cv = _cv(SPREAD[kind])
    new_mean, new_cv = _cv(standardised(SPREAD[kind], 0.5))
    assert math.isclose(new_mean, mean, rel_tol=2e-3)
    assert math.isclose(new_cv, 0.5 * cv, rel_tol=2e-2, abs_tol=1e-12)
    assert _cv(standardised(SPREAD[kind], 0.0))[1] < 1e-12
    assert standardised(SPREAD[kind], 1.0) == SPREAD[kind]


def test_standardise_reaches_laws_by_path() -> None:
    wide = {"set": {"path": "stages[Demo].tasks[*].work_hours", "to": {"gamma": {"mean": 2.0, "cv": 0.8}}}}
    model = after(wide, {"standardise": {"path": "stages[Demo].tasks[*].work_hours", "by": 0.5}})
    assert [task.work_hours for task in stage(model, "Demo").tasks] == [Gamma(mean=2.0, cv=0.4)] * 2


# people ---------------------------------------------------------------------------------------------


def test_a_hire_comes_after_its_lead_time() -> None:
    model = after({"hire": {"role": "AE", "start": "2027-02-01", "lead_days": 45, "cost_per_year": 5.0}})
    rep = named_reps(model)[-1]
    assert (rep.hired, rep.cost_per_year) == (dt.date(2027, 3, 18), 5.0)
    assert named_reps(after({"hire": {"role": "AE", "lead_days": 10}}))[-1].hired == dt.date(2027, 1, 11)


def test_training_is_added_with_its_day() -> None:
    model = after({"retrain": {"role": "AE", "days_off": 3, "skill": 0.2, "start": "2027-04-01"}}, {"retrain": {"role": "AE"}})
    assert [(t.name, t.start) for t in model.trainings] == [
        ("training of AE", dt.date(2027, 4, 1)),
        ("training of AE (2)", dt.date(2027, 1, 1)),
    ]
    assert len(timeline({"retrain": {"role": "AE", "start": "2027-04-01"}}).regimes) == 1


def test_attrition_begins_or_changes_field_by_field() -> None:
    model = after({"attrition": {"role": "AE", "per_year": 0.3, "vacancy_days": 90}}, {"attrition": {"role": "AE", "per_year": 0.1}})
    assert (model.attrition["AE"].per_year, model.attrition["AE"].vacancy_days.median()) == (0.1, 90.0)


def test_routes_carry_tiers_and_limits_and_none_removes_them() -> None:
    model = after({"route": {"role": "AE", "routing": "skill", "tiers": [100.0], "max_open_deals": 5, "recycle_days": 14.0, "reclaim_days": 3.0}})
    role = model.roles[0]
    assert (role.tiers, role.max_open_deals, role.recycle_days, role.reclaim_days) == ((100.0,), 5, 14.0, 3.0)
    freed = apply(Scenario(changes=[{"route": {"role": "AE", "max_open_deals": "none", "recycle_days": "none"}}]), model).last
    assert (freed.roles[0].max_open_deals, freed.roles[0].recycle_days, freed.roles[0].routing) == (None, None, "skill")


def test_a_plan_takes_every_field_and_none_removes_one() -> None:
    fields = {"name": "std", "threshold": 0.5, "threshold_from": "threshold", "penalties": [{"at_below": 0.4, "amount": -10.0}],
              "draw": {"amount_per_period": 5.0}, "splits": [{"role": "SDR", "share": 0.2}], "ramp_relief": True,
              "cap": "none", "ratchet": "none"}  # fmt: skip
    plan = after({"plan": fields}).plans["std"]
    assert (plan.threshold, plan.threshold_from, plan.ramp_relief) == (0.5, "threshold", True)
    assert (plan.cap, plan.ratchet, plan.base) == (None, None, 10.0)
    assert plan.splits[0].role == "SDR"


def test_effort_and_timing_are_made_changed_and_switched_off() -> None:
    model = after({"effort": {"elasticity": 0.5}}, {"timing": {"pull": 0.2}}, {"timing": {"push": 0.1}})
    assert model.effort is not None
    assert model.timing is not None
    assert (model.effort.elasticity, model.timing.pull, model.timing.push) == (0.5, 0.2, 0.1)
    off = apply(Scenario(changes=[{"effort": {"off": True}}, {"timing": {"off": True}}]), model).last
    assert (off.effort, off.timing) == (None, None)


# the market -----------------------------------------------------------------------------------------


def test_a_price_moves_amounts_and_the_odds_that_are_stated() -> None:
    segment = after({"price": {"by": 1.1, "advance_logit": -0.2, "discount": 0.05}}).segments[0]
    assert round(segment.amount.median(), 9) == 1100.0
    assert (segment.advance_logit, segment.discount.median()) == (-0.2, 0.05)  # type: ignore[union-attr]


def test_a_budget_moves_money_leads_or_adds_a_campaign() -> None:
    assert after({"budget": {"channel": "web", "by": 1.5}}).channels[0].spend.per_week == 150.0  # type: ignore[union-attr]
    fair = {"name": "fair", "start": "2027-05-01", "leads": 40.0}
    found = timeline({"budget": {"channel": "web", "leads_per_week": 12.0, "campaign": fair, "start": "2027-04-01"}})
    assert [r.model.channels[0].leads_per_week for r in found.regimes] == [10.0, 12.0]
    assert [len(r.model.channels[0].campaigns) for r in found.regimes] == [0, 1]


def test_a_shock_has_its_own_dates() -> None:
    found = timeline({"shock": {"event": {"name": "price war", "start": "2027-05-01", "win_logit": -0.3}}})
    assert len(found.regimes) == 1
    assert found.last.events[0].win_logit == -0.3


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"approve": {"stage": "A"}}, "must give either remove: true, or some of when, tiers"),
        ({"respond": {"stage": "A"}}, "must change something: patience_days"),
        ({"respond": {"stage": "A", "share": 0.5}}, "must give bot and share together"),
        ({"retrain": {"days_off": 2}}, "must give one of role, team, rep"),
        ({"price": {}}, "must change something: by, advance_logit or discount"),
        ({"budget": {"channel": "web"}}, "must change something: spend_per_week"),
        ({"budget": {"channel": "web", "by": 2.0, "spend_per_week": 3.0}}, "must give either spend_per_week or by"),
        ({"budget": {"channel": "web", "campaign": {"name": "x", "start": "2027-01-01", "leads": 1.0}, "start": "2027-05-01"}}, "must leave start out where there is only a campaign"),
        ({"shock": {"event": {"name": "x", "start": "2027-01-01"}, "start": "2027-05-01"}}, "must leave start out, got 2027-05-01"),
        ({"add": {"channel": {"name": "x", "leads_per_week": 1.0}, "stage": {"name": "y", "exits": [{"to": "won", "probability": 1.0}]}}}, "must give one of stage"),
        ({"scale": {"path": "x", "by": 1.0, "uncertain": {"path": {"uniform": {"high": 1.0}}}}}, "uncertain must name numbers of this change, got 'path'"),
        ({"scale": {"path": "x", "by": 1.0, "uncertain": {"dip.depth": {"uniform": {"high": 0.5}}}}}, "got 'dip.depth'. Hint: give the central value too"),
        ({"scale": {"path": "x", "by": 1.0, "where": "score > 3"}}, "must compare amount, segment"),
        ({"scale": {"path": "x", "by": 1.0, "dip": {"depth": 1.0, "days": 3}}}, "less than 1"),
    ],
)  # fmt: skip
def test_changes_that_make_no_sense_are_refused_at_birth(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidModelError, match=message):
        Scenario(changes=[change])


# conditions, dips and uncertain numbers --------------------------------------------------------------


def test_a_pilot_branches_and_later_changes_hold_for_both_branches() -> None:
    pilot = {"scale": {"path": "stages[Lead].exits[Demo].delay_days", "by": 0.5, "where": "segment == all", "start": "2027-02-01"}}
    later = {"scale": {"path": "stages[Demo].exits[审批].delay_days", "by": 2.0, "start": "2027-04-01"}}
    found = timeline(pilot, later)
    assert [r.where for r in found.regimes] == [None, "segment == all", None, "segment == all"]
    days = [(stage(r.model, "Lead").exits[0].delay_days.median(), stage(r.model, "Demo").exits[0].delay_days.median()) for r in found.regimes]
    assert days == [(4.0, 3.0), (2.0, 3.0), (4.0, 6.0), (2.0, 6.0)]


def test_two_pilots_meet_in_deals_of_both() -> None:
    first = {"scale": {"path": "stages[Lead].exits[Demo].delay_days", "by": 0.5, "where": "amount >= 5"}}
    second = {"scale": {"path": "stages[Demo].exits[审批].delay_days", "by": 2.0, "where": "channel == web"}}
    found = timeline(first, second)
    assert [r.where for r in found.regimes] == [None, "amount >= 5", "channel == web", "amount >= 5 and channel == web"]


def test_dips_carry_their_dates() -> None:
    found = timeline({"handoff": {"communication": 2.0, "start": "2027-02-01", "dip": {"depth": 0.3, "days": 40, "roles": ["AE"]}}})
    assert [(d.start, d.depth, d.days, d.roles) for d in found.dips] == [(dt.date(2027, 2, 1), 0.3, 40.0, ("AE",))]


UNSURE = {"price": {"by": 1.1, "advance_logit": -0.2, "uncertain": {"by": {"uniform": {"low": 1.0, "high": 1.2}}, "advance_logit": {"uniform": {"low": 0.1, "high": 0.5}}}}}


def test_uncertain_numbers_keep_their_centre_until_they_are_drawn() -> None:
    found = timeline(UNSURE)
    assert round(found.last.segments[0].amount.median(), 9) == 1100.0
    drawn = sampled(found, lambda _: 0.25)
    assert round(drawn.last.segments[0].amount.median(), 6) == 1050.0
    assert round(drawn.last.segments[0].advance_logit, 6) == -0.2  # a negative number: the law is that of its size
    assert drawn.uncertain is None


def test_whole_numbers_are_rounded_and_inner_fields_are_reached() -> None:
    hire = {"hire": {"role": "AE", "count": 2, "ramp": {"months": 3.0}, "uncertain": {"count": {"uniform": {"low": 1, "high": 5}}, "ramp.months": {"uniform": {"low": 2, "high": 6}}}}}
    drawn = sampled(timeline(hire), lambda _: 0.5).last.reps[-1]
    assert (drawn.count, drawn.ramp.months) == (3, 4.0)  # type: ignore[union-attr]


def test_one_number_has_one_key_in_every_scenario() -> None:
    keys: list[list[str]] = []
    for others in ([], [{"hire": {"role": "AE"}}]):
        seen: list[str] = []
        found = timeline(*others, UNSURE, UNSURE)
        sampled(found, lambda key, seen=seen: seen.append(key) or 0.5)  # type: ignore[misc,func-returns-value]
        keys.append(seen)
    assert keys[0] == keys[1] == ["price:by", "price:advance_logit", "price#2:by", "price#2:advance_logit"]


def test_a_source_and_its_grade_are_kept() -> None:
    change = Scenario(changes=[{"scale": {"path": "x", "by": 0.8, "source": "访谈 2027", "grade": "judgement", "step": "月 1", "owner": "市场部"}}]).changes[0]
    assert (change.source, change.grade, change.step, change.owner) == ("访谈 2027", "judgement", "月 1", "市场部")


def test_a_ramp_that_is_over_needs_no_branch_and_one_that_rises_does() -> None:
    ramp = {"scale": {"path": "stages[Lead].exits[Demo].delay_days", "by": 0.5, "start": "2027-02-01", "ramp_days": 28.0}}
    for start, starts in (("2027-03-01", 3), ("2027-02-15", 4)):
        found = timeline(ramp, {"scale": {"path": "stages[Demo].exits[审批].delay_days", "by": 2.0, "start": start}})
        assert len(found.regimes) == starts
        assert stage(found.last, "Lead").exits[0].delay_days.median() == 2.0
    assert found.regimes[-2].needs == ()
    assert [(n.start, n.ramp_days, n.adoption) for n in found.regimes[-1].needs] == [(dt.date(2027, 2, 1), 28.0, 1.0)]


def test_too_many_overlapping_changes_are_refused() -> None:
    changes = [{"scale": {"path": "stages[Lead].exits[Demo].delay_days", "by": 0.9, "adoption": 0.5, "start": f"2027-02-{day:02d}"}} for day in range(1, 11)]
    with pytest.raises(InvalidModelError, match="must leave at most 256 rules side by side, got 257|must leave at most 256 rules"):
        timeline(*changes)
