"""The log: canonical tables, other shapes, user hooks, and the check that nothing vanishes."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest
from engine_models import model, same, simulate, stage, waiting, work

from simsales.engine import Hooks
from simsales.engine.collect import ConservationError, check_conservation
from simsales.errors import InvalidModelError

DEALS = ["deal_id", "created_at", "segment", "channel", "product", "region", "owner", "amount", "currency",
         "status", "closed_at", "stage", "expected_close"]  # fmt: skip
VISITS = ["deal_id", "seq", "stage", "entered_at", "left_at", "exit", "owner", "amount", "precision", "is_synthetic"]
TASKS = ["deal_id", "seq", "stage", "role", "rep", "queued_at", "started_at", "ended_at", "work_hours"]
REPS = ["rep", "role", "team", "region", "hired_at", "left_at"]


def office():
    return model(
        epoch="2027-01-04T00:00+08:00",
        calendar={"hours": "09:00-18:00", "timezone": "Asia/Shanghai"},
        currency="CNY",
        channels=[{"name": "官网", "leads_per_week": 5.0}],
        roles=[{"name": "销售"}],
        reps=[{"name": "李伟", "role": "销售", "team": "华东", "hired": "2027-01-06"}, {"name": "王芳", "role": "销售", "leaves": "2027-02-01"}],
        stages=[
            {"name": "商务谈判", "tasks": work({"gamma": {"mean": 3.0, "cv": 0.5}}, "销售"),
             "exits": [{"to": "合同", "probability": 0.5, "delay_days": 4.0}, {"to": "no_decision", "probability": 0.5, "delay_days": 9.0}]},
            stage("合同", "won", 60.0),
        ],
    )  # fmt: skip


def test_a_run_shows_itself_in_notebooks_and_has_figures():
    log = simulate(office(), seed=1)
    assert "EventLog(&#x27;model&#x27;" in log._repr_html_()
    assert log.plot.utilisation().get_title() is not None
    assert log.plot.queue() is not None


def test_a_run_written_to_a_folder_reads_back_the_same(tmp_path):
    history = simulate(office(), seed=1).to_history()
    again = history.from_folder(history.to_folder(tmp_path / "run"))
    for name in ("deals", "visits", "tasks", "reps", "stages"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(history, name).reset_index(drop=True))


def test_tables_have_the_canonical_columns():
    log = simulate(office())
    assert list(log.deals.columns)[: len(DEALS)] == DEALS
    assert list(log.visits.columns) == VISITS
    assert list(log.tasks.columns) == TASKS
    assert list(log.reps.columns) == REPS


def test_times_are_utc_stamps_of_the_epoch_plus_days():
    log = simulate(office(), opening=waiting({"stage": "合同", "p_waiting": 0.0}))
    deals = log.deals
    assert str(deals["created_at"].dtype) == "datetime64[us, UTC]"
    assert deals["created_at"].iloc[0] == pd.Timestamp("2027-01-03T16:00Z")
    assert deals["closed_at"].iloc[0] == pd.Timestamp("2027-03-04T16:00Z")
    gap = (deals["created_at"] - pd.Timestamp("2027-01-03T16:00Z")) / pd.Timedelta(days=1)
    assert np.abs(gap - log.deal.created).max() < 1e-9


def test_names_ids_and_missing_values_are_those_of_a_history():
    log = simulate(office())
    deals = log.deals
    assert all(re.fullmatch(r"官网-\d{6}", name) for name in deals["deal_id"])
    assert set(deals["owner"].dropna()) <= {"李伟", "王芳"}
    assert set(deals["status"]) <= {"open", "won", "lost", "no_decision"}
    assert (deals["closed_at"].isna() == (deals["status"] == "open")).all()
    assert deals["reason"].isna().all()
    assert (log.visits["left_at"].isna() == log.visits["exit"].isna()).all()
    assert set(deals["currency"]) == {"CNY"}


def test_reps_know_their_dates_but_not_the_future():
    log = simulate(office(), until="2027-01-20")
    assert log.reps["hired_at"].iloc[0] == pd.Timestamp("2027-01-05T16:00Z")
    assert log.reps["left_at"].isna().all()
    assert log.reps["team"].tolist()[0] == "华东"
    assert simulate(office()).reps["left_at"].notna().tolist() == [False, True]


def test_the_event_log_has_a_row_for_each_task_and_each_visit_without_one():
    log = simulate(office())
    events = log.to_event_log()
    assert list(events.columns) == ["case_id", "activity", "start_time", "end_time", "resource"]
    assert len(events) == (log.task.rep >= 0).sum() + (log.visit.stage == 1).sum()
    assert (events["resource"].isna() == (events["activity"] == "合同")).all()
    assert events["start_time"].is_monotonic_increasing
    assert not (events["end_time"] < events["start_time"]).any()


def test_a_log_is_a_history_with_the_same_tables():
    log = simulate(office())
    history = log.to_history()
    assert history.history_class == "A"
    assert (history.currency, history.timezone) == ("CNY", "Asia/Shanghai")
    assert history.observed_until == pd.Timestamp("2027-04-13T16:00Z")
    assert history.deals.set_index("deal_id")["status"].to_dict() == log.deals.set_index("deal_id")["status"].to_dict()
    assert history.visits["exit"].tolist()[:3] == log.visits["exit"].tolist()[:3]
    assert history.stages["stage"].tolist() == ["商务谈判", "合同", "won", "lost", "no_decision"]


def test_a_history_knows_no_stage_that_was_skipped():
    gate = {"name": "Gate", "when": "amount >= 10", "exits": [{"to": "won", "probability": 1.0}]}
    often = {"name": "Often", "max_visits": 1, "exits": [{"to": "Often", "probability": 1.0, "delay_days": 2}]}
    m = model(channels=[{"name": "web", "leads_per_week": 7.0, "entry": {"Open": 0.5, "Often": 0.5}}],
              stages=[stage("Open", "Gate", 1), gate, often])  # fmt: skip
    log = simulate(m, cases=20)
    ways = log.to_history().visits.groupby("stage")["exit"].unique()
    assert (ways["Open"].tolist(), ways["Often"].tolist()) == (["won"], ["lost"])
    assert set(log.visits["exit"]) == {"Gate", "Often"}  # what was drawn


def test_a_history_of_a_run_knows_the_same_as_a_shorter_run():
    """as_of(t) of a long run is the run until t: a log does not see its own future."""
    long = simulate(office()).to_history().as_of("2027-02-10")
    short = simulate(office(), until="2027-02-10").to_history()
    columns = ["deal_id", "created_at", "status", "closed_at", "stage"]
    pd.testing.assert_frame_equal(long.deals[columns], short.deals[columns])
    kept = ["deal_id", "seq", "stage", "entered_at", "left_at", "exit"]
    pd.testing.assert_frame_equal(long.visits[kept], short.visits[kept])


def test_repr_says_what_it_is():
    assert re.fullmatch(r"EventLog\('model', seed 3, replication 0: \d+ deals, \d+ won, \d+ visits, \d+ tasks\)", repr(simulate(office(), seed=3)))


def test_conservation_is_checked():
    log = simulate(office())
    with pytest.raises(ConservationError, match="must conserve deals"):
        check_conservation(log, len(log.deal.created) + 1)
    status = log.deal.status.copy()
    status[0] = -4 if status[0] != -4 else -1
    with pytest.raises(ConservationError, match="inconsistent"):
        check_conservation(dataclasses.replace(log, deal=dataclasses.replace(log.deal, status=status)), len(status))


# hooks ------------------------------------------------------------------------------------------


def pair(**parts):
    reps = [{"name": "Ann", "role": "AE"}, {"name": "Bo", "role": "AE"}]
    return model(roles=[{"name": "AE"}], reps=reps, **parts)


def test_a_route_hook_chooses_the_owner():
    big = Hooks(route=lambda deal, reps: "Bo" if deal["amount"] > 10 else None)
    log = simulate(pair(stages=[stage("Open", "won", 9.0)]), hooks=big, opening=waiting(*[{"amount": a} for a in (50.0, 60.0, 1.0, 70.0)]))
    assert log.deals["owner"].tolist() == ["Bo", "Bo", "Ann", "Bo"]


def test_an_exit_hook_chooses_how_a_visit_ends():
    exits = [{"to": "won", "probability": 0.5, "delay_days": 1.0}, {"to": "lost", "probability": 0.5, "delay_days": 2.0}]
    m = model(stages=[stage("First", "Open", 1.0), {"name": "Open", "exits": exits}])
    rows = waiting(*[{"stage": "First", "amount": float(i)} for i in range(4)])
    hooks = Hooks(exit=lambda deal, stage, targets, chosen: ("won" if deal["amount"] >= 2 else "lost") if stage == "Open" else chosen)
    assert simulate(m, hooks=hooks, opening=rows).deals["status"].tolist() == ["lost", "lost", "won", "won"]


def test_an_exit_hook_that_invents_an_exit_is_refused():
    m = model(stages=[stage("First", "Open", 1.0), stage("Open")])
    with pytest.raises(InvalidModelError, match="hooks.exit must return one of won, got 'Demo'. Hint"):
        simulate(m, hooks=Hooks(exit=lambda deal, stage, targets, chosen: "Demo" if stage == "Open" else chosen), opening=waiting({"stage": "First"}))


def test_a_route_hook_that_invents_a_rep_is_refused():
    with pytest.raises(InvalidModelError, match="hooks.route must return one of Ann, Bo, or None, got 'Zoe'. Hint"):
        simulate(pair(), hooks=Hooks(route=lambda deal, reps: "Zoe"), opening=waiting({}))


def test_hooks_that_decide_nothing_change_nothing():
    silent = Hooks(route=lambda deal, reps: None, exit=lambda deal, stage, targets, chosen: chosen)
    same(simulate(office(), hooks=silent), simulate(office()))


def test_a_log_reaches_for_its_value_stream_and_its_pay_statements():
    from simsales.money import pay_statements
    from simsales.views import value_stream

    m = model(
        horizon_days=40.0, channels=[{"name": "web", "leads_per_week": 20.0}], segments=[{"name": "all", "amount": 100.0}],
        roles=[{"name": "AE"}], reps=[{"name": "Ada", "role": "AE", "plan": "p"}], plans={"p": {"base": 36500.0, "quota": 1e4}},
        stages=[stage("Open", days=3.0, tasks=work(2.0))],
    )  # fmt: skip
    log = simulate(m, seed=2)
    assert log.value_stream().table.equals(value_stream(log).table)
    assert log.pay_statements().equals(pay_statements(log))
    assert set(log.pay_statements()["rep"]) == {"rep-1"}
    assert set(log.pay_statements(names=True)["rep"]) == {"Ada"}
