"""Lowering: order of exits, dates, opening deals, and advice in errors."""

from __future__ import annotations

import pandas as pd
import pytest
from engine_models import model, simulate, stage, waiting, work

from simsales.engine import lower, run_plan
from simsales.engine.plan import LOST, NO_DECISION, OPEN, WON
from simsales.errors import InvalidModelError
from simsales.model.apply import apply
from simsales.model.levers import Scenario


def test_working_hours_are_local_to_the_epoch_where_no_time_zone_is_given():
    parts = {"stages": [stage("Open", tasks=work(1.0))], "roles": [{"name": "AE"}], "reps": [{"role": "AE"}]}
    hours = {"hours": "09:00-18:00", "days": "mon-sun"}
    for epoch, began in (("2027-01-04T00:00+08:00", "01:00"), ("2027-01-04T00:00+05:30", "03:30"), ("2027-01-04", "09:00"), ("2027-01-04T00:00-03:30", "12:30")):
        log = simulate(model(epoch=epoch, calendar=hours, **parts), opening=waiting({}))
        assert f"{log.tasks['started_at'][0]:%H:%M}" == began
    stated = simulate(model(epoch="2027-01-04T00:00-03:30", calendar={**hours, "timezone": "UTC"}, **parts), opening=waiting({}))
    assert f"{stated.tasks['started_at'][0]:%H:%M}" == "09:00"


def test_exits_are_ordered_best_first():
    names = ["A", "B", "C", "D"]
    targets = ["lost", "A", "open", "C", "B", "no_decision", "won", "D"]
    exits = [{"to": to, "probability": 0.125} for to in targets]
    m = model(stages=[*[stage(name) for name in names[:1]], {"name": "B", "exits": exits}, stage("C"), stage("D")])
    view = lower(m).views[0][1]
    assert view.targets == (WON, 3, 2, 1, 0, NO_DECISION, LOST, OPEN)
    assert view.advancing == 3
    assert view.cumulative == (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)


def test_an_exit_of_no_probability_is_never_taken():
    m = model(stages=[{"name": "Open", "exits": [{"to": "won", "probability": 0.0}, {"to": "lost", "probability": 1.0}, {"to": "open", "probability": 0.0}]}])
    log = simulate(m, opening=waiting(*[{"deal_id": f"x{i}"} for i in range(300)]))
    assert set(log.deal.status.tolist()) == {LOST}


def test_dates_are_local_days_and_until_includes_its_day():
    m = model(calendar={"timezone": "Asia/Shanghai"}, epoch="2027-01-01T00:00+08:00")
    plan = lower(m, start="2027-01-02", until="2027-01-31")
    assert (plan.start, plan.until) == (1.0, 31.0)
    assert lower(m, until="2027-01-31T12:00").until == 30.5
    assert lower(m, until="20270131").until == 31.0
    assert lower(m, until="2027-01-31T00:00+00:00").until == pytest.approx(30 + 8 / 24)
    assert lower(m, until=pd.Timestamp("2027-01-31T12:00", tz="Asia/Shanghai")).until == 30.5
    assert (lower(m, start=3.0).start, lower(m, start=3.0).until) == (3.0, 103.0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"until": "2026-01-01"}, "until must be after start .2027-01-04., got 2026-01-01. Hint"),
        ({"start": "01/02/2027"}, "start must be a date like 2027-03-31, got '01/02/2027'. Hint"),
        ({"until": float("nan")}, "until must be a date or a finite number of days, got nan. Hint"),
        ({"until": [2027]}, "until must be a date or a finite number of days, got"),
        ({"cases": -1}, "cases must be 0 or more, got -1. Hint"),
    ],
)
def test_bad_arguments_are_refused_with_advice(arguments, message):
    with pytest.raises(InvalidModelError, match=message):
        lower(model(), **arguments)


def test_an_unknown_engine_is_refused_by_name():
    with pytest.raises(InvalidModelError, match="engine must be auto or reference, got 'compiled'. Hint"):
        simulate(model(), engine="compiled")


def test_a_finished_plan_takes_no_dates():
    with pytest.raises(InvalidModelError, match="must be given when the plan is made"):
        simulate(lower(model()), until=20.0)


def test_a_dated_change_of_the_calendar_is_refused():
    change = Scenario(changes=[{"set": {"path": "calendar.hours", "to": "08:00-20:00", "start": "2027-02-01"}}])
    with pytest.raises(InvalidModelError, match="calendar must not change during a run.*Hint"):
        lower(apply(change, model()))


@pytest.mark.parametrize("when", [{"start": "2027-02-01"}, {"adoption": 0.5}])
def test_a_dated_or_partial_change_of_a_named_calendar_is_refused(when):
    base = model(calendars={"late": {"hours": "13:00-21:00"}})
    change = Scenario(changes=[{"set": {"path": "calendars[late].hours", "to": "12:00-21:00", **when}}])
    with pytest.raises(InvalidModelError, match=r"calendars\[late\] must not change during a run.*Hint"):
        apply(change, base)


def test_a_change_of_a_named_calendar_from_the_beginning_holds():
    base = model(calendars={"late": {"hours": "13:00-21:00"}})
    change = Scenario(changes=[{"set": {"path": "calendars[late].hours", "to": "12:00-21:00"}}])
    assert apply(change, base).last.calendars["late"].hours == "12:00-21:00"


BASE = {"deal_id": "d1", "stage": "Open", "age_days": 1.0}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"stage": "Opne"}, "opening.stage must name a stage of the model, got 'Opne' for deal 'd1'. Hint: did you mean 'Open'"),
        ({"channel": "mail"}, "opening.channel must name a channel of the model, got 'mail'"),
        ({"segment": "big"}, "opening.segment must name a segment of the model, got 'big'"),
        ({"age_days": -1.0}, "opening.age_days must be at least 0, got -1 for deal 'd1'. Hint"),
        ({"age_days": None}, "opening.age_days must be at least 0, got nan"),
        ({"age_days": "old"}, "opening.age_days must be numbers, got text"),
        ({"p_waiting": 1.5}, "opening.p_waiting must be from 0 to 1, got 1.5"),
        ({"created_days": 3.0}, "opening.created_days must be at most 0 .*, got 3 for deal 'd1'. Hint"),
        ({"visit": 0}, "opening.visit must be at least 1, got 0"),
    ],
)
def test_bad_opening_deals_are_refused_by_name(row, message):
    with pytest.raises(InvalidModelError, match=message):
        lower(model(), opening=pd.DataFrame([{**BASE, **row}]))


def test_opening_deals_need_their_columns_and_unique_ids():
    with pytest.raises(InvalidModelError, match="opening must have the columns deal_id, stage, age_days, got no stage, age_days"):
        lower(model(), opening=pd.DataFrame({"deal_id": ["a"]}))
    with pytest.raises(InvalidModelError, match="opening.deal_id must be unique, got 'd1' twice"):
        lower(model(), opening=pd.DataFrame([BASE, BASE]))


def test_opening_deals_keep_what_is_known_of_them():
    m = model(
        segments=[{"name": "小", "amount": 5.0}, {"name": "大", "amount": 50.0}],
        channels=[{"name": "官网", "leads_per_week": 0.0, "segments": {"小": 1.0, "大": 0.0}}],
        stages=[stage("Open", "won", 10.0)],
    )
    rows = [
        {"deal_id": "1-商机", "segment": "大", "channel": "官网", "amount": 7.0, "created_days": -30.0, "age_days": 4.0},
        {"deal_id": 2, "segment": None, "channel": None, "amount": None, "created_days": None, "age_days": 4.0},
    ]
    log = simulate(m, opening=waiting(*rows))
    deals = log.deals
    assert deals["deal_id"].tolist() == ["1-商机", "2"]
    assert deals["segment"].tolist() == ["大", "小"]
    assert deals["amount"].tolist() == [7.0, 5.0]
    assert log.deal.created.tolist() == [-30.0, -4.0]
    assert log.deal.closed.tolist() == [6.0, 6.0]  # a delay of 10 days, 4 of them gone
    assert str(deals["created_at"].iloc[0]) == "2026-12-05 00:00:00+00:00"
    assert deals["channel"].isna().tolist() == [False, True]
    assert deals["is_opening"].all()


def test_created_at_places_opening_deals_too():
    m = model(stages=[stage("Open", "won", 10.0)])
    log = simulate(m, start="2027-01-10", opening=pd.DataFrame([{**BASE, "created_at": "2026-12-25T00:00Z"}]))
    assert log.deal.created.tolist() == [-10.0]
    assert log.visit.entered.tolist() == [5.0]


def test_a_deal_older_than_any_law_goes_the_slowest_way_as_if_anew():
    exits = [{"to": "won", "probability": 0.9, "delay_days": 5.0}, {"to": "lost", "probability": 0.1, "delay_days": 8.0}]
    log = simulate(model(stages=[{"name": "Open", "exits": exits}]), opening=waiting({"age_days": 50.0, "p_waiting": 0.0}))
    assert (log.deal.status.tolist(), log.deal.closed.tolist()) == ([LOST], [8.0])


def test_age_rules_out_exits_that_would_have_come_earlier():
    exits = [{"to": "won", "probability": 0.9, "delay_days": 5.0}, {"to": "lost", "probability": 0.1, "delay_days": 8.0}]
    deals = waiting(*[{"deal_id": f"x{i}", "age_days": 6.0, "p_waiting": 0.0} for i in range(50)])
    log = simulate(model(stages=[{"name": "Open", "exits": exits}]), opening=deals)
    assert set(log.deal.status.tolist()) == {LOST}
    assert set(log.deal.closed.tolist()) == {2.0}


def test_an_old_deal_is_probably_one_that_nobody_will_close():
    exits = [{"to": "won", "probability": 0.5, "delay_days": {"exponential": {"mean": 10.0}}}, {"to": "open", "probability": 0.5}]
    deals = waiting(*[{"deal_id": f"x{i}", "age_days": 30.0, "p_waiting": 0.0} for i in range(3000)])
    log = simulate(model(stages=[{"name": "Open", "exits": exits}]), opening=deals)
    still = float((log.deal.status == OPEN).mean())
    assert still == pytest.approx(1.0 / (1.0 + 0.0497871), abs=0.02)  # exp(-3)


def test_p_waiting_sends_its_share_of_deals_back_to_the_queue():
    m = model(roles=[{"name": "AE", "routing": "pool", "concurrency": 9999}], reps=[{"role": "AE", "name": "Ann"}],
              stages=[stage("Open", "won", 1.0, tasks=work(1.0))])  # fmt: skip
    deals = waiting(*[{"deal_id": f"x{i}", "age_days": 0.5, "p_waiting": 0.3} for i in range(2000)])
    log = simulate(m, opening=deals)
    assert len(log.task.deal) / 2000 == pytest.approx(0.3, abs=4 * (0.21 / 2000) ** 0.5)


def test_generated_ids_never_meet_those_of_opening_deals():
    m = model(channels=[{"name": "web", "leads_per_week": 20.0}])
    log = simulate(m, opening=waiting({"deal_id": "web-000001"}))
    assert log.deals["deal_id"].is_unique


def test_cases_are_exactly_the_first_leads_of_all_channels():
    m = model(channels=[{"name": "web", "leads_per_week": 5.0}, {"name": "call", "leads_per_week": 2.0}])
    every, some = simulate(m), simulate(m, cases=17)
    assert len(some.deal.created) == 17
    assert some.deal.created.tolist() == every.deal.created[:17].tolist()
    assert some.until == pytest.approx(some.deal.created[-1] + 100.0)
    assert len(simulate(m, cases=400).deal.created) == 400  # more than 100 days bring
    assert len(simulate(m, cases=0).deal.created) == 0


def test_cases_with_an_end_stop_there():
    m = model(channels=[{"name": "web", "leads_per_week": 5.0}])
    log = simulate(m, cases=400, until=70.0)
    assert log.until == 70.0
    assert len(log.deal.created) == len(simulate(m, until=70.0).deal.created)


def test_a_plan_survives_pickling():
    import pickle

    plan = lower(model(channels=[{"name": "web", "leads_per_week": 5.0}], calendar={"hours": "09:00-17:00"}))
    copy = pickle.loads(pickle.dumps(plan))
    assert run_plan(copy, 3).deal.created.tolist() == run_plan(plan, 3).deal.created.tolist()


def test_notes_of_the_calendar_travel_with_the_plan():
    m = model(calendar={"country": "CN", "timezone": "Asia/Shanghai"})
    assert any("make-up" in note for note in lower(m).notes)


def test_a_first_response_is_not_counted_from_a_creation_long_ago():
    m = model(roles=[{"name": "AE"}], reps=[{"role": "AE", "name": "Ann"}], stages=[stage("Open", tasks=work(1.0))])
    rows = [{"age_days": 2.0, "created_days": -50.0}, {"age_days": 2.0, "created_days": -2.0}]
    log = simulate(m, opening=waiting(*rows))
    assert log.deals["response_hours"].isna().tolist() == [True, False]
    assert log.deal.response[1] == pytest.approx(48.0 + 1.0)
