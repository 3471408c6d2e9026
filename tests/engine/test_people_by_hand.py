"""Calendars of one's own, days off, ramps, training, limits and recycling (R3, R7), worked out by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from engine_models import OPEN_ALL_DAY, days, hours, model, same, simulate, stage, waiting, work

from simsales import kpi
from simsales.engine import lower
from simsales.errors import InvalidModelError
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model

OFFICE = {"hours": "09:00-18:00", "days": "mon-fri"}
AE = [{"name": "AE"}]
ANN = {"name": "Ann", "role": "AE"}
BO = {"name": "Bo", "role": "AE"}


# calendars ------------------------------------------------------------------------------------------


def test_work_on_friday_evening_ends_on_monday_morning():
    m = model(roles=AE, reps=[ANN], calendar=OFFICE, stages=[stage("Open", tasks=work(1.0))])
    log = simulate(m, start="2027-01-08T17:30:00+00:00", until=60.0, opening=waiting({}))
    # Friday 17:30 -> half an hour; Monday 09:00 -> the other half
    assert hours(log, "ended") == [0.5 + 63.0 + 0.5]
    assert log.moments(log.task.ended)[0] == pd.Timestamp("2027-01-11 09:30", tz="UTC")


def test_reps_work_in_their_own_calendar_and_zone():
    m = model(
        roles=AE, calendar=OFFICE, calendars={"沪": {"hours": "09:00-12:00", "timezone": "Asia/Shanghai"}},
        reps=[ANN, BO | {"calendar": "沪"}], stages=[stage("Open", tasks=work(4.0))],
    )  # fmt: skip
    log = simulate(m, opening=waiting({"owner": "Ann"}, {"owner": "Bo"}))
    assert hours(log, "started") == [9.0, 1.0]  # 09:00 in Shanghai is 01:00 UTC
    assert hours(log, "ended") == [13.0, 24.0 + 2.0]  # three hours on Monday, one on Tuesday


def test_a_named_calendar_without_a_zone_is_in_that_of_the_organisation():
    m = model(
        epoch="2027-01-04T00:00+08:00", roles=AE, calendar=OFFICE, calendars={"late": {"hours": "12:00-20:00"}},
        reps=[ANN | {"calendar": "late"}], stages=[stage("Open", tasks=work(1.0))],
    )  # fmt: skip
    assert hours(simulate(m, opening=waiting({})), "started") == [12.0]


def test_work_pauses_over_days_off():
    m = model(roles=AE, calendar=OFFICE, reps=[ANN | {"off": ["2027-01-05..2027-01-06", "2027-01-08"]}],
              stages=[stage("Open", tasks=work(10.0))])  # fmt: skip
    log = simulate(m, opening=waiting({}, {}))
    # the first: 9 h on Monday, Thursday 09-10; the second: 8 h on Thursday, Friday is off, Monday the 11th 09-11
    assert hours(log, "ended") == [72 + 10.0, 168 + 11.0]


def test_days_off_close_a_calendar_that_never_closes():
    m = model(roles=AE, reps=[ANN | {"off": ["2027-01-05"]}], stages=[stage("Open", tasks=work(30.0))])
    assert hours(simulate(m, opening=waiting({})), "ended") == [24 + 24 + 6.0]


def test_reps_with_the_same_hours_share_one_working_time():
    plan = lower(model(roles=AE, reps=[ANN, BO | {"off": ["2027-02-01"]}, {"name": "Cy", "role": "AE", "off": ["2027-02-01"]}]))
    assert plan.staffing.hours[0] is plan.worktime
    assert plan.staffing.hours[1] is plan.staffing.hours[2]
    assert plan.staffing.n_shifts == 2


def test_a_pool_is_served_by_whoever_is_at_work():
    m = model(
        roles=[{"name": "AE", "routing": "pool"}], calendar=OPEN_ALL_DAY, calendars={"day": OFFICE, "night": {"hours": "00:00-06:00"}},
        reps=[ANN | {"calendar": "day"}, BO | {"calendar": "night"}], stages=[stage("Open", tasks=work(4.0))],
    )  # fmt: skip
    log = simulate(m, opening=waiting({}, {}, {}))
    # Bo: 00-04, then 04-06 and two hours of the next night; Ann begins the third at 09
    assert log.task.rep.tolist() == [1, 1, 0]
    assert hours(log, "started") == [0.0, 4.0, 9.0]
    assert hours(log, "ended") == [4.0, 26.0, 13.0]


def test_available_hours_are_those_of_the_rep():
    m = model(roles=AE, calendar=OFFICE, calendars={"half": {"hours": "09:00-13:00"}},
              reps=[ANN, BO | {"calendar": "half", "off": ["2027-01-04"]}], stages=[stage("Open", tasks=work(4.0))])  # fmt: skip
    log = simulate(m, until="2027-01-08", opening=waiting({"owner": "Bo"}))
    found = kpi.table(log, by=("rep",), kpis=["utilisation[rep]"], names=True)
    assert found["utilisation[rep=Bo]"] == pytest.approx(4 / 16)  # four days of four hours


def test_the_task_in_hand_at_the_end_counts_the_reps_own_hours():
    m = model(roles=AE, reps=[ANN | {"off": ["2027-01-05"]}], stages=[stage("Open", tasks=work(100.0))])
    log = simulate(m, until="2027-01-06", opening=waiting({}))
    assert log.task.work_hours.tolist() == [48.0]  # three days, one of them off


def test_the_calendar_of_a_rep_must_not_change_during_a_run():
    m = model(roles=AE, calendars={"c": OFFICE, "d": OFFICE}, reps=[ANN | {"calendar": "c"}])
    change = {"set": {"path": "reps[Ann].calendar", "to": "d", "start": "2027-02-01"}}
    with pytest.raises(InvalidModelError, match="the calendar of 'Ann' must not change during a run"):
        lower(apply(Scenario(changes=[change]), m))


# ramps and training ---------------------------------------------------------------------------------


def test_a_ramp_follows_its_curve():
    ramp = {"months": 2.0, "start": 0.1, "curve": [0.5, 0.6]}
    new = ANN | {"hired": "2027-01-04", "ramp": ramp}
    half = 365.25 / 12 / 2  # the middle of the first part: speed 0.3
    m = model(roles=AE, reps=[new], stages=[stage("Open", "Next", half), stage("Next", tasks=work(3.0))])
    log = simulate(m, opening=waiting({"p_waiting": 0.0}))
    assert hours(log, "ended")[0] - hours(log, "started")[0] == pytest.approx(10.0)


def test_training_takes_time_off_the_floor_and_speeds_up_less_and_less():
    training = {"name": "课程", "role": "AE", "start": "2027-01-05", "days_off": 2, "speed": 2.0, "half_life_days": 10.0}
    m = model(roles=AE, reps=[ANN, BO | {"hired": "2027-01-06"}], trainings=[training],
              stages=[stage("Open", "Next", 1.0), stage("Next", "Last", 10.0, tasks=work(6.0)), stage("Last", tasks=work(6.0))])  # fmt: skip
    log = simulate(m, opening=waiting({"owner": "Ann", "p_waiting": 0.0}, {"p_waiting": 0.0}))
    # Ann is away on the 5th and 6th; at the end of it speed 2: 3 hours. Ten days and three hours later less is left.
    assert hours(log, "started")[:1] == [72.0]
    assert hours(log, "ended")[:1] == [75.0]
    left = 0.5 ** ((10 + 3 / 24) / 10)
    assert (log.task.ended - log.task.started)[1] * 24 == pytest.approx(6.0 / (1 + left))


def test_later_hires_take_no_part_in_a_training():
    training = {"name": "t", "role": "AE", "start": "2027-01-05", "days_off": 2, "speed": 2.0}
    plan = lower(model(roles=AE, reps=[ANN, BO | {"hired": "2027-01-06"}, {"name": "Cy", "role": "AE", "leaves": "2027-01-05"}],
                       trainings=[training]))  # fmt: skip
    assert [len(each) for each in plan.staffing.trainings] == [1, 0, 0]
    assert plan.staffing.trainings[0][0].half_life == math.inf


def test_trained_skill_raises_the_odds_from_the_end_of_the_training_on():
    exits = [{"to": "won", "probability": 0.5}, {"to": "lost", "probability": 0.5}]
    training = {"name": "t", "rep": "Ann", "start": "2027-01-10", "days_off": 1, "skill": 1000.0}
    m = model(roles=AE, reps=[ANN], trainings=[training], horizon_days=60.0,
              channels=[{"name": "web", "leads_per_week": 70.0}],
              stages=[{"name": "Open", "tasks": work(0.0), "exits": exits, "effects": {"skill": 1.0}}])  # fmt: skip
    log = simulate(m)
    late, won = log.deal.created >= 7.0, log.deals["status"] == "won"
    assert won[late].all()
    assert 0.3 < won[log.deal.created < 6.0].mean() < 0.7


def test_managers_show_in_the_table_of_reps():
    m = model(roles=AE, reps=[ANN, BO | {"manager": "Ann", "team": "北", "region": "华东"}])
    assert simulate(m).reps["manager"].tolist()[1] == "Ann"


# limits and recycling -------------------------------------------------------------------------------


def test_nobody_owns_more_open_deals_than_the_limit():
    m = model(roles=[{"name": "AE", "max_open_deals": 1}], reps=[ANN, BO],
              stages=[stage("Open", "won", 10.0, tasks=work(2.0))])  # fmt: skip
    log = simulate(m, opening=waiting({}, {}, {}, {}))
    # two are owned at once; the third waits in the pool until the first is won on day 10 + 2 h
    assert hours(log, "started") == [0.0, 0.0, 242.0, 242.0]
    assert log.deal.owner.tolist() == [0, 1, 0, 1]


def test_a_freed_rep_begins_after_the_consequences_of_the_event():
    m = model(roles=[{"name": "AE", "max_open_deals": 1}], reps=[ANN], stages=[stage("Open", "won", 0.0, tasks=work(2.0))])
    log = simulate(m, opening=waiting({}, {}))
    assert hours(log, "started") == [0.0, 2.0]
    assert log.deal.owner.tolist() == [0, 0]


def test_opening_deals_may_exceed_the_limit_but_no_new_one_comes():
    m = model(roles=[{"name": "AE", "max_open_deals": 1}], reps=[ANN, BO], stages=[stage("Open", "won", 5.0, tasks=work(1.0))])
    log = simulate(m, opening=waiting({"owner": "Ann"}, {"owner": "Ann"}, {"owner": ""}))
    assert log.deal.owner.tolist() == [0, 0, 1]


def test_a_task_nobody_begins_goes_back_to_the_pool():
    roles = [{"name": "AE", "recycle_days": 1.0}]
    m = model(roles=roles, reps=[ANN, BO | {"hired": "2027-01-06"}], stages=[stage("Open", tasks=work(72.0))])
    log = simulate(m, opening=waiting({}, {}))
    # Ann works on the first until day 3; the second goes to the pool on day 1, Bo takes it on day 2
    assert hours(log, "started") == [0.0, 48.0]
    assert log.deal.owner.tolist() == [0, 1]


def test_who_let_a_deal_wait_may_not_take_it_back_at_once():
    roles = [{"name": "AE", "recycle_days": 1.0, "reclaim_days": 4.0}]
    m = model(roles=roles, reps=[ANN], stages=[stage("Open", tasks=work(48.0))])
    log = simulate(m, opening=waiting({}, {}))
    # free on day 2, but barred until day 1 + 4: then he is woken up
    assert hours(log, "started") == [0.0, 120.0]
    m = model(roles=[{"name": "AE", "recycle_days": 1.0}], reps=[ANN], stages=[stage("Open", tasks=work(48.0))])
    assert hours(simulate(m, opening=waiting({}, {})), "started") == [0.0, 48.0]


def test_what_has_waited_too_long_before_the_start_is_recycled_at_the_start():
    m = model(roles=[{"name": "AE", "recycle_days": 1.0, "reclaim_days": 9.0}], reps=[ANN, BO], stages=[stage("Open", tasks=work(1.0))])
    log = simulate(m, opening=waiting({"owner": "Ann", "age_days": 9.0}, {"owner": "Ann", "age_days": 5.0}))
    assert log.task.rep.tolist() == [0, 1]
    assert hours(log, "started") == [0.0, 0.0]


def test_escalated_work_goes_to_anybody_of_the_other_role():
    m = model(roles=[{"name": "AE"}, {"name": "Boss"}], reps=[ANN, {"name": "Mei", "role": "Boss"}],
              stages=[stage("Open", tasks=work(48.0), sla_days=1.0, escalate_to="Boss")])  # fmt: skip
    log = simulate(m, opening=waiting({}, {}))
    assert log.task.rep.tolist() == [0, 1]
    assert log.task.role.tolist() == [0, 1]
    assert hours(log, "started") == [0.0, 24.0]
    assert log.deal.owner.tolist() == [0, 0]


# what it refuses ------------------------------------------------------------------------------------

REFUSED = [
    ({"reps": [ANN | {"calendar": "nite"}], "calendars": {"night": OFFICE}}, r"reps\[0\]\.calendar must be one of the calendars, got 'nite'.*night"),
    ({"reps": [ANN | {"off": ["2027-08-02..2027-08-01"]}]}, r"reps\[0\]\.off\[0\] must be a date or a\.\.b, got '2027-08-02"),
    ({"reps": [ANN | {"off": ["August"]}]}, r"must be a date or a\.\.b, got 'August'"),
    ({"reps": [ANN | {"territory": "previous == Demo"}]}, r"reps\[0\]\.territory must compare amount, segment"),
    ({"reps": [ANN | {"territory": "segment == al"}]}, r"reps\[0\]\.territory must name a segment of the model, got 'al'.*all"),
    ({"reps": [ANN | {"territory": "region == 华东"}]}, r"must name a region of the model, got '华东'\. Hint: the model has no regions"),
    ({"reps": [ANN | {"manager": "Anne"}]}, r"reps\[0\]\.manager must name a rep, got 'Anne'.*Ann"),
    ({"roles": [{"name": "AE", "routing": "skill"}]}, r"roles\[0\]\.tiers must give bounds for routing skill"),
    ({"roles": [{"name": "AE", "routing": "skill", "tiers": [5, 5]}]}, r"roles\[0\]\.tiers must rise, got 5, 5"),
    ({"roles": [{"name": "AE", "routing": "territory"}]}, r"must have a rep with a territory"),
    ({"roles": [{"name": "AE", "routing": "score", "tiers": [5]}]}, r"routing must stand with scoring"),
    ({"roles": [{"name": "AE", "queue": "score"}]}, r"queue must stand with scoring"),
    ({"roles": [{"name": "AE", "queue": "due"}]}, r"queue must have a stage with sla_days"),
    ({"roles": [{"name": "AE", "routing": "pool", "recycle_days": 3}]}, r"recycle_days must stand with a routing that gives tasks to owners"),
    ({"attrition": {"AEE": {"per_year": 0.1}}}, r"attrition\.AEE must be one of the roles.*AE"),
    ({"trainings": [{"name": "t", "rep": "An", "start": "2027-02-01"}]}, r"trainings\[0\]\.rep must name a rep of the model, got 'An'"),
    ({"trainings": [{"name": "t", "team": "north", "start": "2027-02-01"}]}, r"trainings\[0\]\.team must name a team of the model"),
]  # fmt: skip


@pytest.mark.parametrize(("parts", "match"), REFUSED)
def test_nonsense_about_people_is_refused(parts, match):
    with pytest.raises(ValueError, match=match):
        model(**({"roles": AE, "reps": [ANN]} | parts))


def test_models_without_the_new_fields_are_untouched():
    m = model(roles=AE, reps=[ANN, BO], channels=[{"name": "web", "leads_per_week": 20.0}], stages=[stage("Open", tasks=work(5.0))])
    spelled = Model.model_validate(m.model_dump(mode="json", by_alias=True) | {"attrition": {"AE": {"per_year": 0.0}}})
    same(simulate(m, seed=3), simulate(spelled, seed=3))
    assert days(simulate(m, seed=3).deal.created) == days(simulate(spelled, seed=3).deal.created)
