"""Who leaves by himself or herself, who comes instead, and what is lost on the way (R7)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from engine_models import days, hours, model, same, simulate, stage, waiting, work

from simsales import kpi
from simsales.engine import lower, run_plan
from simsales.engine.reference import Run
from simsales.engine.streams import Purpose, Streams, hash32
from simsales.money.payroll import pay_statements

YEAR = 365.25


def draw(name: str, purpose: Purpose = Purpose.ATTRITION, seed: int = 1) -> float:
    return Streams(seed, 0).uniform(0, hash32(f"rep:{name}"), 0, purpose)


def team(n: int = 1, **parts) -> dict:
    return {
        "roles": [{"name": "AE"}], "reps": [{"role": "AE", "count": n, **parts.pop("rep", {})}],
        "stages": [stage("Open", tasks=work(1.0))], "horizon_days": 700.0, **parts,
    }  # fmt: skip


def test_a_rep_leaves_when_the_hazard_has_used_up_the_draw():
    m = model(**team(3, attrition={"AE": {"per_year": 1.0, "replace": False}}))
    log = simulate(m)
    expected = [-math.log(draw(f"AE-0{i}")) * YEAR for i in (1, 2, 3)]
    assert days(log.rep_left) == [pytest.approx(t) if t < 700 else math.inf for t in expected]
    assert min(expected) < 700  # the test says something


def test_the_first_year_has_a_hazard_of_its_own():
    hired = {"hired": "2026-07-01"}  # day -187; the first year ends on day 178.25
    m = model(**team(1, rep=hired, attrition={"AE": {"per_year": 0.2, "first_year": 3.0, "replace": False}}, horizon_days=5000.0))
    e = -math.log(draw("AE-01"))
    turn = -187 + YEAR
    early = e / (0.6 / YEAR)
    expected = early if early < turn else turn + (e - 0.6 / YEAR * turn) / (0.2 / YEAR)
    assert simulate(m).rep_left[0] == pytest.approx(expected)
    assert expected > turn


def test_who_is_behind_leaves_sooner():
    plans = {"std": {"quota": 100.0, "period": "quarter", "rates": [{"rate": 0.1}]}}
    attrition = {"AE": {"per_year": 0.3, "low_attainment": 0.5, "low_factor": 4.0, "replace": False}}
    m = model(**team(1, rep={"plan": "std"}, plans=plans, attrition=attrition, epoch="2027-01-01", horizon_days=3000.0))
    e = -math.log(draw("AE-01"))
    # nothing is sold: the rep is behind in each month, in the first of a quarter by the quarter before; of the time
    # before January nothing is known
    left, start, step = e, 0.0, 0
    months = [float((np.datetime64("2027-01") + i).astype("datetime64[D]").astype(int) - 20819) for i in range(120)]
    assert months[0] == 0.0
    while True:
        rate = 0.3 * (1.0 if step == 0 else 4.0) / YEAR
        end = months[step + 1]
        if rate * (end - start) > left:
            break
        left, start, step = left - rate * (end - start), end, step + 1
    assert simulate(m).rep_left[0] == pytest.approx(start + left / rate)


def test_bookings_keep_a_rep():
    plans = {"std": {"quota": 100.0, "period": "year", "rates": [{"rate": 0.1}]}}
    attrition = {"AE": {"per_year": 0.01, "low_attainment": 1.0, "low_factor": 10000.0, "replace": False}}
    parts = team(1, rep={"plan": "std"}, plans=plans, attrition=attrition, epoch="2027-01-01", horizon_days=300.0)
    idle, busy = simulate(model(**parts)), simulate(model(**parts), opening=waiting({"amount": 100.0, "owner": "AE-01"}))
    assert 31.0 < idle.rep_left[0] < 59.0  # behind from February on
    assert busy.rep_left[0] > 300.0
    assert busy.deals["status"].tolist() == ["won"]


def test_a_replacement_sits_down_after_the_vacancy_and_ramps_up():
    attrition = {"AE": {"per_year": 1.0, "vacancy_days": 30.0, "ramp": {"months": 12.0, "start": 0.5}}}
    m = model(**team(1, rep={"speed": 2.0, "skill": 0.7, "team": "北"}, attrition=attrition))
    log = simulate(m)
    first = -math.log(draw("AE-01")) * YEAR
    second = first + 30.0 - math.log(draw("AE-01 (2)")) * YEAR
    table = log.reps
    assert table["rep"].tolist()[:2] == ["AE-01", "AE-01 (2)"]
    assert log.rep_hired[1] == pytest.approx(first + 30.0)
    assert log.rep_left[:2] == pytest.approx([first, second if second < 700 else math.inf])
    assert len(table) < len(log.plan.reps)  # who never came is not there
    assert table["team"].tolist()[1] == "北"
    assert log.plan.rep_skill[0, 1] == 0.7
    assert log.plan.rep_ramp_start[0, 1] == 0.5


def test_a_replacement_is_trained_who_is_there_at_the_begin():
    first = -math.log(draw("AE-01")) * YEAR / 3.0
    trainings = [
        {"name": "early", "role": "AE", "start": "2027-01-05", "skill": 1.0},
        {"name": "late", "role": "AE", "start": str(np.datetime64("2027-01-04") + math.ceil(first) + 3), "skill": 4.0},
    ]  # fmt: skip
    m = model(**team(1, attrition={"AE": {"per_year": 3.0, "vacancy_days": 1.0}}, trainings=trainings))
    run = Run(lower(m), 1, 0)
    run.env.run_before(math.ceil(first) + 40.0)  # a month begins meanwhile
    assert run.staff.skill_now(1) == 4.0
    assert run.staff.skill_now(0) == 5.0  # has left, but would have had both by the dates of the model


def test_the_vacancy_is_a_keyed_draw():
    m = model(**team(1, attrition={"AE": {"per_year": 3.0, "vacancy_days": {"uniform": {"low": 10.0, "high": 50.0}}}}))
    log = simulate(m)
    assert log.rep_hired[1] - log.rep_left[0] == pytest.approx(10.0 + 40.0 * draw("AE-01", Purpose.VACANCY))


def test_a_planned_leave_is_not_replaced_and_closes_the_seat():
    attrition = {"AE": {"per_year": 0.001, "vacancy_days": 0.0}}
    log = simulate(model(**team(1, rep={"leaves": "2027-03-01"}, attrition=attrition)))
    assert log.reps["rep"].tolist() == ["AE-01"]
    # a seat that ends before the vacancy does is not filled
    attrition = {"AE": {"per_year": 20.0, "vacancy_days": 60.0}}
    log = simulate(model(**team(1, rep={"leaves": "2027-03-01"}, attrition=attrition)))
    assert log.rep_left[0] < 56.0
    assert log.reps["rep"].tolist() == ["AE-01"]


def test_a_replacement_works_and_is_paid():
    plans = {"std": {"base": 36525.0, "quota": 1000.0, "period": "month", "rates": [{"rate": 0.1}]}}
    attrition = {"AE": {"per_year": 3.0, "vacancy_days": 10.0}}
    m = model(**team(1, rep={"plan": "std"}, plans=plans, attrition=attrition, channels=[{"name": "web", "leads_per_week": 7.0}]))
    log = simulate(m)
    came = log.reps["rep"].tolist()
    assert len(came) > 1
    assert set(log.tasks["rep"].dropna()) <= set(came)
    assert "AE-01 (2)" in set(log.tasks["rep"])
    assert set(pay_statements(log, names=True)["rep"]) == set(came)
    found = kpi.table(log, kpis=["utilisation[rep]"], names=True)
    assert sorted(found) == sorted(f"utilisation[rep={name}]" for name in came)
    assert all(0.0 <= share <= 1.0 for share in found.values())


def test_attrition_of_one_role_changes_nothing_for_the_others():
    parts = {
        "roles": [{"name": "AE"}, {"name": "SE"}], "reps": [{"role": "AE", "count": 2}, {"role": "SE", "count": 2}],
        "channels": [{"name": "web", "leads_per_week": 20.0}], "stages": [stage("Open", days={"gamma": {"mean": 3.0, "cv": 1.0}}, tasks=work(3.0))],
    }  # fmt: skip
    base, other = simulate(model(**parts)), simulate(model(**parts, attrition={"SE": {"per_year": 2.0}}))
    same(base, other)
    assert (other.rep_left[2:4] < 100.0).any()


def test_nobody_leaves_without_a_hazard():
    plan = lower(model(**team(2)))
    assert plan.reps == ("AE-01", "AE-02")
    assert plan.staffing.following == (-1, -1)


def test_there_are_more_seats_than_anybody_will_need():
    plan = lower(model(**team(1, attrition={"AE": {"per_year": 0.25}}, horizon_days=YEAR)))
    assert len(plan.reps) == 1 + 7  # P(Poisson(0.25) > 7) = 3e-10
    assert plan.staffing.seat == (0,) * 8
    assert plan.staffing.following == (1, 2, 3, 4, 5, 6, 7, -1)


def test_a_taken_name_is_not_given_twice():
    reps = [{"name": "Ann", "role": "AE"}, {"name": "Ann (2)", "role": "AE"}]
    plan = lower(model(roles=[{"name": "AE"}], reps=reps, attrition={"AE": {"per_year": 0.25}}))
    assert len(set(plan.reps)) == len(plan.reps)
    assert plan.reps[2] == "Ann (3)"


def test_the_mean_number_of_leavers_is_what_the_hazard_says():
    plan = lower(model(**team(20, attrition={"AE": {"per_year": 0.25}}, horizon_days=YEAR)))
    left = [int((run_plan(plan, 1, r).rep_left < YEAR).sum()) for r in range(50)]
    # 20 seats x 0.25 = 5 a year, filled again at once
    assert np.mean(left) == pytest.approx(5.0, abs=3 * math.sqrt(5 / 50))


# hand-over ------------------------------------------------------------------------------------------


def handed(loss: float, n: int = 1, **parts):
    m = model(roles=[{"name": "AE", "handover_loss": loss}], reps=[{"name": "Ann", "role": "AE", "leaves": "2027-01-06"}, {"name": "Bo", "role": "AE"}],
              stages=[stage("Open", "won", 10.0, tasks=work(1.0))], **parts)  # fmt: skip
    return simulate(m, opening=waiting(*({"owner": "Ann"} for _ in range(n))))


def test_deals_may_be_lost_when_their_owner_leaves():
    log = handed(1.0, 3)
    assert log.deals["status"].tolist() == ["lost"] * 3
    assert log.deals["reason"].tolist() == ["handover"] * 3
    assert days(log.deal.closed) == [2.0] * 3
    assert handed(0.0, 3).deals["status"].tolist() == ["won"] * 3


def test_the_loss_is_a_keyed_draw_for_each_deal():
    log = handed(0.5, 200)
    lost = (log.deals["status"] == "lost").to_numpy()
    assert 0.35 < lost.mean() < 0.65
    milder = (handed(0.25, 200).deals["status"] == "lost").to_numpy()
    assert not (milder & ~lost).any()  # who is lost at 25 % is lost at 50 %
    assert (log.deals["owner"][~lost] == "Bo").all()


def test_a_leaver_finishes_the_task_in_hand_before_the_deal_is_lost():
    m = model(roles=[{"name": "AE", "handover_loss": 1.0}], reps=[{"name": "Ann", "role": "AE", "leaves": "2027-01-05"}, {"name": "Bo", "role": "AE"}],
              stages=[stage("Open", "won", 1.0, tasks=work(48.0))])  # fmt: skip
    log = simulate(m, opening=waiting({"owner": "Ann"}, {"owner": "Ann"}))
    assert log.deals["status"].tolist() == ["lost", "lost"]
    assert hours(log, "ended")[0] == 48.0
    assert days(log.deal.closed) == [2.0, 1.0]


def test_a_key_rep_may_be_taken_by_an_event():
    m = model(roles=[{"name": "AE"}], reps=[{"name": "Ann", "role": "AE"}, {"name": "Bo", "role": "AE"}],
              stages=[stage("Open", "Next", 3.0), stage("Next", tasks=work(1.0))], events=[{"name": "poached", "start": "2027-01-06", "rep": "Ann"}])  # fmt: skip
    log = simulate(m, opening=waiting({"owner": "Ann", "p_waiting": 0.0}))
    assert log.rep_left.tolist() == [2.0, math.inf]
    assert log.deals["owner"].tolist() == ["Bo"]
