"""Reps who are alike get alike: no rule gives its ties to whoever stands first in the file (R1, R3, R7)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from engine_models import OPEN_ALL_DAY, model, simulate, stage, waiting, work
from scipy.stats import chi2

from simsales.engine import lower, rules, run_plan

ROUTINGS = ["pool", "round_robin", "least_loaded", "weighted", "territory", "skill", "score"]
QUEUES = ["fifo", "highest_value", "expected_value", "score", "newest", "oldest", "due"]
OFFICE = {"hours": "09:00-17:00", "days": "mon-fri"}
NIGHT = {"name": "web", "leads_per_week": 45.0, "hours": "18:00-24:00"}
SPARSE = {"name": "web", "leads_per_week": 20.0}
N = 5
DOUBT = 1e-5
"""How often an even share would be called uneven, if the cases were drawn anew."""


def team(channel: dict[str, Any], calendar: dict[str, Any], delay: float, role: dict[str, Any], n: int = N, **parts: Any) -> Any:
    exits = [{"to": "won", "probability": 0.5, "delay_days": delay}, {"to": "lost", "probability": 0.5, "delay_days": delay}]
    return model(**({
        "horizon_days": 182.0, "calendar": calendar, "channels": [channel],
        "segments": [{"name": "all", "amount": {"uniform": {"low": 0.0, "high": 100.0}}}],
        "scoring": {"factors": [{"name": "fit", "law": {"uniform": {"low": 0.0, "high": 100.0}}}]},
        "stages": [{"name": "Open", "tasks": work(1.0), "sla_days": 2.0, "exits": exits}],
        "roles": [{"name": "AE", "tiers": [30.0, 70.0], **role}],
        "reps": [{"role": "AE", "count": n, "territory": "amount >= 0"}],
    } | parts))  # fmt: skip


def even(counts: list[int] | np.ndarray) -> bool:
    """Pearson's test of equal shares."""
    counts = np.asarray(counts, dtype=float)
    mean = counts.mean()
    return bool(((counts - mean) ** 2).sum() / mean < chi2.ppf(1.0 - DOUBT, len(counts) - 1))


def shares(log: Any) -> list[np.ndarray]:
    """Tasks, deals and wins of each rep."""
    n = len(log.plan.reps)
    won = log.deal.status == -1
    of = [log.task.rep, log.deal.owner, log.deal.owner[won]]
    return [np.bincount(each[each >= 0], minlength=n) for each in of]


def test_the_measure_sees_a_roster_order():
    assert even([175, 175, 176, 178, 172, 171])
    assert not even([295, 244, 192, 139, 102, 75])
    assert not even([1050, 0])


@pytest.mark.parametrize("routing", ROUTINGS)
@pytest.mark.parametrize(("channel", "calendar", "delay"), [(NIGHT, OFFICE, 0.0), (SPARSE, OPEN_ALL_DAY, 0.0), (NIGHT, OFFICE, 9.0)])
def test_equal_reps_share_work_deals_and_wins_under_every_routing(routing, channel, calendar, delay):
    for counts in shares(simulate(team(channel, calendar, delay, {"routing": routing}), seed=4)):
        assert even(counts), counts


@pytest.mark.parametrize("queue", QUEUES)
@pytest.mark.parametrize("concurrency", [1, 3])
def test_equal_reps_share_a_pool_at_opening_time_under_every_queue(queue, concurrency):
    role = {"routing": "pool", "queue": queue, "concurrency": concurrency}
    for counts in shares(simulate(team(NIGHT, OFFICE, 0.0, role), seed=5)):
        assert even(counts), counts


@pytest.mark.parametrize(("role", "parts"), [
    ({"routing": "least_loaded", "max_open_deals": 2}, {}),
    ({"routing": "pool", "max_open_deals": 2}, {}),
    ({"routing": "least_loaded", "recycle_days": 0.2, "reclaim_days": 1.0}, {}),
    ({"routing": "least_loaded", "handover_loss": 0.2}, {"attrition": {"AE": {"per_year": 3.0, "vacancy_days": 2.0}}}),
])  # fmt: skip
def test_limits_and_recycling_favour_nobody(role, parts):
    log = simulate(team(NIGHT, OFFICE, 1.0, role, **parts), seed=6)
    seat = np.array(log.plan.staffing.seat)
    mine = log.task.rep[log.task.rep >= 0]
    assert even(np.bincount(seat[mine], minlength=N))


def test_meetings_and_escalations_favour_nobody():
    met = [{"role": "AE", "work_hours": 1.0, "gather": {"weekday": "tue"}}]
    log = simulate(team(NIGHT, OFFICE, 0.0, {"routing": "pool"}, stages=[stage("Open", tasks=met)]), seed=7)
    assert even(shares(log)[0])
    late = team(
        SPARSE, OPEN_ALL_DAY, 0.0, {"routing": "pool"}, roles=[{"name": "AE"}, {"name": "Boss", "routing": "pool"}],
        reps=[{"role": "AE", "hired": "2029-01-01"}, {"role": "Boss", "count": N}],
        stages=[stage("Open", tasks=work(1.0), sla_days=0.1, escalate_to="Boss")],
    )  # fmt: skip
    assert even(shares(simulate(late, seed=8))[0][1:])


def test_two_idle_reps_share_what_comes():
    log = simulate(team(SPARSE, OPEN_ALL_DAY, 0.0, {"routing": "least_loaded"}, n=2, horizon_days=364.0), seed=1)
    deals = shares(log)[1]
    assert deals.sum() > 900
    assert even(deals)


@pytest.mark.parametrize("routing", ROUTINGS)
def test_the_first_deal_of_a_run_may_go_to_anybody(routing):
    """Over many replications: with few deals the first turn decides who gets any."""
    plan = lower(team(SPARSE, OPEN_ALL_DAY, 0.0, {"routing": routing}), cases=1)
    firsts = Counter(int(run_plan(plan, 1, replication).task.rep[0]) for replication in range(150))
    assert even([firsts[rep] for rep in range(N)]), firsts


def test_a_newcomer_takes_only_what_he_wins():
    """Common random numbers: among idle reps one more moves no deal between the others."""
    few, more = (simulate(team(SPARSE, OPEN_ALL_DAY, 0.0, {"routing": "least_loaded"}, n=n, stages=[stage("Open", tasks=work(0.0))]), seed=2)
                 for n in (4, 5))  # fmt: skip
    moved = few.deal.owner != more.deal.owner
    assert set(more.deal.owner[moved].tolist()) == {4}
    assert 0.1 < moved.mean() < 0.3  # a fifth


def test_a_leavers_deals_are_shared_by_those_who_stay():
    people = [{"role": "AE", "leaves": "2027-01-10"}, {"role": "AE", "count": 4, "hired": "2027-01-10"}]
    for routing in ("round_robin", "least_loaded", "weighted"):
        rows = [{"owner": "AE-01", "deal_id": f"d{i:03d}"} for i in range(200)]
        log = simulate(model(stages=[stage("Open", "won", 50.0, tasks=work(24.0))], roles=[{"name": "AE", "routing": routing}], reps=people),
                       opening=waiting(*rows))  # fmt: skip
        counts = np.bincount(log.deal.owner, minlength=5)[1:]
        assert counts.sum() >= 190
        assert even(counts), (routing, counts)


def test_a_lot_is_fair_for_any_seats():
    draws = (np.arange(20_000) + 0.5) / 20_000
    for seats in ([0, 1], [3, 17, 40], list(range(10))):
        counts = Counter(rules.lot(float(u), seats) for u in draws)
        assert even([counts[seat] for seat in seats])


def test_the_equally_skilled_are_in_every_tier_by_lot():
    skills = [0.5, 0.5, 0.5, 0.9]
    upper = [rules.tier_groups([0, 1, 2, 3], skills, 2, (i + 0.5) / 3000)[1] for i in range(3000)]
    assert all(3 in group and len(group) == 2 for group in upper)  # the most skilled is always above
    others = Counter(rep for group in upper for rep in group if rep != 3)
    assert even([others[rep] for rep in (0, 1, 2)])
