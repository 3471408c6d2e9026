"""What is asked for wrongly is refused in words, and nothing costs time that nobody needs."""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from engine_models import model, same, simulate, stage, waiting, work

from simsales import calibrate, compare, replicate
from simsales.engine import lower
from simsales.engine.clock import Clock
from simsales.engine.streams import Streams, checked_seed
from simsales.engine.worktime import WorkTime
from simsales.errors import InvalidModelError, SimsalesError
from simsales.model.calendars import Calendar

WEB = model(channels=[{"name": "web", "leads_per_week": 20.0}])
WRONG: list[Any] = [True, np.True_, 1.5, 1.0, "a", "1", None, float("nan"), float("inf"), [1], 2**200, -(2**200), 10**5000]


@pytest.mark.parametrize("seed", WRONG, ids=lambda seed: str(type(seed).__name__))
def test_a_seed_is_a_whole_number_everywhere(seed):
    calls = (
        lambda: simulate(WEB, seed=seed), lambda: replicate(WEB, 2, seed=seed, cases=2, jobs=1), lambda: Streams(seed),
        lambda: compare(WEB, WEB, 2, seed=seed, cases=2, jobs=1), lambda: calibrate(simulate(WEB, seed=1).to_history(), seed=seed),
    )  # fmt: skip
    for call in calls:
        with pytest.raises(InvalidModelError, match=r"seed must be a whole number.*got .*Hint: a seed only names a future"):
            call()


@pytest.mark.parametrize("seed", [3, np.int64(3), np.uint8(3), np.int32(3)])
def test_integers_of_numpy_are_integers(seed):
    assert type(checked_seed(seed)) is int
    same(simulate(WEB, seed=seed), simulate(WEB, seed=3))
    study = replicate(WEB, np.int64(2), seed=seed, cases=np.int16(4), jobs=1, kpis=["won"])  # type: ignore[arg-type]
    assert study.frame["won"].tolist() == [4.0, 4.0]
    assert study.to_dict()["manifest"]["seed"] == 3


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cases": 1.5}, "cases must be a whole number from 0 to 4294967295, got 1.5. Hint"),
        ({"cases": True}, "cases must be a whole number from 0"),
        ({"cases": "many"}, "cases must be a whole number from 0"),
        ({"cases": 2**40}, "cases must be a whole number from 0"),
        ({"replication": -1}, "replication must be a whole number from 0 to"),
        ({"replication": 0.5}, "replication must be a whole number from 0 to"),
        ({"until": True}, "until must be a date or a finite number of days, got True"),
        ({"until": float("nan")}, "until must be a date or a finite number of days, got nan"),
        ({"until": 1e9}, "until must lie in the years 1800 to 9000, got 1000000000.0. Hint"),
        ({"until": "9999-12-31"}, "until must lie in the years 1800 to 9000|until must be a date"),
        ({"start": -1e9}, "start must lie in the years 1800 to 9000"),
    ],
)
def test_arguments_of_a_wrong_kind_are_refused_in_words(arguments, message):
    with pytest.raises(InvalidModelError, match=message):
        simulate(WEB, **arguments)


def test_a_horizon_beyond_all_calendars_is_refused():
    with pytest.raises(InvalidModelError, match="horizon_days must lie in the years 1800 to 9000, got 1000000000.0. Hint"):
        simulate(model(horizon_days=1e9))


@pytest.mark.parametrize("replications", [0, -1, 1.5, True, "a", None, float("nan")])
def test_replications_are_a_whole_number(replications):
    with pytest.raises(SimsalesError, match="replications must be a whole number >= "):
        replicate(WEB, replications, cases=2, jobs=1)
    with pytest.raises(SimsalesError, match="replications must be a whole number >= "):
        compare(WEB, WEB, replications, cases=2, jobs=1)


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True, "a", "threads:0", float("nan"), [2]])
def test_jobs_are_a_number_or_a_way(jobs):
    with pytest.raises(SimsalesError, match="jobs must be a number from 1"):
        replicate(WEB, 2, cases=2, jobs=jobs)


# calendars --------------------------------------------------------------------------------------

HOUR_A_WEEK = {"hours": "09:00-10:00", "days": "mon"}


def test_a_task_that_ends_after_the_run_need_not_know_when():
    """Ten million hours of an hour a week would end in the year 194000: they are in hand at the end, and so is the rep."""
    long = model(calendar=HOUR_A_WEEK, roles=[{"name": "AE"}], reps=[{"role": "AE"}], stages=[stage("Open", tasks=work(1e7))])
    begin = time.process_time()
    log = simulate(long, opening=waiting({}, {}))
    assert time.process_time() - begin < 1.0
    assert np.isnan(log.task.ended).all()
    assert log.task.rep.tolist() == [0, -1]
    assert log.task.work_hours.tolist() == pytest.approx([15.0, 0.0])  # Mondays of a hundred days


def test_work_that_no_calendar_holds_is_refused_at_once():
    hours = WorkTime(Calendar(**HOUR_A_WEEK), Clock(WEB.epoch, WEB.epoch.tzinfo), WEB.epoch.date(), 30.0)
    begin = time.process_time()
    with pytest.raises(InvalidModelError, match=r"work must end before the year 9900 in this calendar.*Hint"):
        hours.add(0.0, 1e7)
    assert time.process_time() - begin < 1.0


def test_a_calendar_is_compiled_as_far_as_it_is_asked_and_no_further_from_what_was_asked():
    """The same instants however the questions come; a run of a thousand years does not compile them before it begins."""
    def fresh() -> WorkTime:
        return WorkTime(Calendar(hours="09:00-17:00", lunch="12:00-13:00"), Clock(WEB.epoch, WEB.epoch.tzinfo), WEB.epoch.date(), 365_000.0)

    begin = time.process_time()
    first = fresh()
    assert time.process_time() - begin < 2.0
    far = [fresh().add(0.375, hours) for hours in (1.0, 40_000.0)]
    assert far == [first.add(0.375, hours) for hours in (1.0, 40_000.0)]
    assert first.add(0.375, 40_000.0, horizon=100.0) == np.inf
    steps = [first.add(0.375, hours) for hours in range(0, 3000, 7)]
    assert all(b > a for a, b in pairwise(steps))


# cases ------------------------------------------------------------------------------------------


def test_cases_look_no_further_than_they_need():
    """The horizon says how long a deal may take, not how many leads to make."""
    begin = time.process_time()
    log = simulate(model(channels=[{"name": "web", "leads_per_week": 20.0}], horizon_days=1e6), cases=500)
    assert time.process_time() - begin < 3.0
    assert len(log.deal.created) == 500


@pytest.mark.parametrize("days", [10.0, 100.0, 900.0])
@pytest.mark.parametrize("channel", [{"overdispersion": 3.0}, {"season": {"jan": 0.0, "feb": 0.0}}, {"market": {"size": 300, "cooldown_days": 60.0}},
                                     {"leads_per_week": 0.0, "campaigns": [{"name": "fair", "start": "2027-09-01", "leads": 200.0}]}])  # fmt: skip
def test_the_first_cases_are_the_first_leads_of_a_longer_run(channel, days):
    m = model(channels=[{"name": "web", "leads_per_week": 20.0, **channel}], horizon_days=days)
    some = simulate(m, cases=100).deal.created
    every = simulate(m, until="2028-12-31").deal.created
    assert some.tolist() == every[:100].tolist()


def test_until_still_cuts_cases():
    assert len(simulate(WEB, cases=500, until=14.0).deal.created) == len(simulate(WEB, until=14.0).deal.created)


# event logs -------------------------------------------------------------------------------------


def test_a_case_without_an_activity_has_its_row():
    """One rep, a hundred leads with little patience: whoever was lost unanswered, waits, or skipped everything is in the log."""
    gate = {"name": "Gate", "when": "amount >= 50", "exits": [{"to": "won", "probability": 1.0}]}
    m = model(
        channels=[{"name": "web", "leads_per_week": 50.0, "entry": {"Open": 0.8, "Gate": 0.2}}], roles=[{"name": "AE"}], reps=[{"role": "AE"}], horizon_days=3.0,
        segments=[{"name": "all", "amount": {"uniform": {"low": 0.0, "high": 100.0}}}],
        stages=[stage("Open", tasks=work(9.0), patience_days=2.0), gate],
    )  # fmt: skip
    log = simulate(m, cases=100)
    events = log.to_event_log(every_case=True)
    assert set(events["case_id"]) == set(log.deals["deal_id"])
    assert len(set(events["case_id"])) == 100
    assert events["start_time"].notna().all()
    unanswered = log.deals.loc[log.deals["reason"].eq("no_response"), "deal_id"]
    rows = events[events["case_id"].isin(unanswered)]
    assert len(rows) == len(unanswered) > 10
    assert rows["resource"].isna().all()
    assert set(log.to_event_log()["case_id"]).isdisjoint(unanswered)
    assert events[events["resource"].notna()].shape[0] == int((log.task.rep >= 0).sum())


def test_the_end_of_a_run_of_cases_is_the_horizon_after_the_last():
    log = simulate(WEB, cases=7)
    assert log.until == log.deal.created[-1] + 100.0
    assert lower(WEB, cases=7).until == 100.0
