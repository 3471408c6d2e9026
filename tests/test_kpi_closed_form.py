"""Every KPI against its formula, on runs and on their histories, at one, two and four lengths.

Two small organisations: in `clockwork` every delay is a constant, so all that can happen to a deal is a short list of paths and
their probabilities; `exponential` has one server and exponential delays, so queueing theory and integrals give the values. Both
start without open deals: counts and sums are written as integrals over the days on which a lead may come. Times and shares must
be the same at every length. A KPI that is added to the registry without a row here fails the first test.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
import pytest

from simsales import kpi
from simsales.engine import simulate
from simsales.kpi.registry import BUILT_IN
from simsales.model.schema import Model

NAN = math.nan
KPIS = sorted(BUILT_IN)
RATE = 4.0  # leads a day
LENGTHS = (100.0, 200.0, 400.0)
RUNS = 12
ERRORS = 5.0  # standard errors of the mean of the runs: with some 300 comparisons, one in 10^4 may miss by chance
NOT_IN_A_HISTORY = {  # pay, receipts, costs, calendars and service levels are not in a history of deals
    "utilisation", "quota_attainment", "commission", "cost", "net", "cash", "margin", "cac", "sla_breach", "ccos",
    "utilisation_busiest",
}  # fmt: skip

ALWAYS_OPEN = {"hours": "00:00-24:00", "days": "mon-sun"}
LIST, DISCOUNT, UNIT_COST, LEAD_COST, QUOTA, PAY_RATE, PAYMENT = 1000.0, 0.1, 0.3, 5.0, 3000.0, 0.1, 30.0
BOOKED = LIST * (1 - DISCOUNT)
SEATS, GONE = 12, 59.0  # people in each role; one SDR more leaves after day 59

# clockwork: Inbox .25 d; Talk: 1 h, then 4 d, .6 go on; Offer: handed over in .5 d, 2 h, then .5 won after 10 d, .2 without
# decision after 20 d, .3 back to Talk after 5 d (handed over again)
INBOX, HANDOFF, TALK_WORK, OFFER_WORK, TALK_DELAY = 0.25, 0.5, 1 / 24, 2 / 24, 4.0
OFFER = {"won": (0.5, 10.0), "no_decision": (0.2, 20.0), "Talk": (0.3, 5.0)}
ONWARD, TALK_SLA, OFFER_SLA = 0.6, 5.0, 12.0
AGAIN = ONWARD * OFFER["Talk"][0]


def business(**parts: object) -> Model:
    fields: dict[str, object] = {
        "epoch": "2027-01-01T00:00+00:00", "calendar": ALWAYS_OPEN,
        "channels": [{"name": "web", "leads_per_week": 7 * RATE, "cost_per_lead": LEAD_COST}],
        "segments": [{"name": "all", "amount": LIST}],
        "pricing": {"discount": DISCOUNT, "unit_cost_share": UNIT_COST}, "terms": {"payment_days": PAYMENT},
        "plans": {"std": {"base": 0.0, "quota": QUOTA, "period": "month", "rates": [{"rate": PAY_RATE}]}},
    }  # fmt: skip
    return Model(**(fields | parts))


def clockwork() -> Model:
    talk = [{"to": "Offer", "probability": ONWARD, "delay_days": TALK_DELAY}, {"to": "lost", "probability": 1 - ONWARD, "delay_days": TALK_DELAY}]
    return business(
        handoff={"delay_days": HANDOFF},
        stages=[
            {"name": "Inbox", "exits": [{"to": "Talk", "probability": 1.0, "delay_days": INBOX}]},
            {"name": "Talk", "sla_days": TALK_SLA, "max_visits": 99, "tasks": [{"role": "SDR", "work_hours": 1.0}], "exits": talk},
            {"name": "Offer", "sla_days": OFFER_SLA, "max_visits": 99, "tasks": [{"role": "AE", "work_hours": 2.0}],
             "exits": [{"to": to, "probability": p, "delay_days": days} for to, (p, days) in OFFER.items()]},
        ],
        roles=[{"name": "SDR", "routing": "pool"}, {"name": "AE", "routing": "pool"}],
        reps=[{"role": "SDR", "count": SEATS}, {"role": "SDR", "name": "Gone", "leaves": "2027-03-01"}, {"role": "AE", "count": SEATS, "plan": "std"}],
    )  # fmt: skip


class Path(NamedTuple):
    """One life of a deal: its probability, outcome, age at the end, and what it does at which age."""

    p: float
    outcome: str
    age: float
    stays: tuple[tuple[str, float], ...]
    work: tuple[tuple[float, float], ...]
    """Age at the start, and days of work."""


@cache
def paths() -> tuple[Path, ...]:
    """Return every path of a clockwork deal with up to 20 returns (the rest is 10^-15 of all)."""
    found = []
    p, age, stays, work = 1.0, INBOX, [("Inbox", INBOX)], []
    for visit in range(20):
        begin = age + (HANDOFF if visit else 0.0)
        talk = begin - age + TALK_WORK + TALK_DELAY
        work, stays, age = [*work, (begin, TALK_WORK)], [*stays, ("Talk", talk)], age + talk
        found.append(Path(p * (1 - ONWARD), "lost", age, tuple(stays), tuple(work)))
        p, begin = p * ONWARD, age + HANDOFF
        work = [*work, (begin, OFFER_WORK)]
        for to, (share, days) in OFFER.items():
            length = HANDOFF + OFFER_WORK + days
            ended = Path(p * share, to, age + length, (*stays, ("Offer", length)), tuple(work))
            if to != "Talk":
                found.append(ended)
        p, age, stays = p * OFFER["Talk"][0], ended.age, list(ended.stays)  # the last one in OFFER goes back
    return tuple(found)


def mean(of: Callable[[Path], float]) -> float:
    return sum(path.p * of(path) for path in paths())


def by_day(length: float, age: float) -> float:
    """Return how many leads of a run come early enough to reach an age in it."""
    return RATE * max(length - age, 0.0)


def in_run(length: float, outcome: str = "") -> float:
    return sum(path.p * by_day(length, path.age) for path in paths() if outcome in ("", path.outcome))


def spent(length: float, age: float, days: float) -> float:
    """Return the days that all leads of a run spend, inside it, on what begins at an age and takes some days."""
    before, after = max(length - age, 0.0), max(length - age - days, 0.0)
    return RATE * (before**2 - after**2) / 2


def clockwork_values(length: float) -> dict[str, float]:
    """Return the expected value of each KPI of a clockwork run of a length in days."""
    won = in_run(length, "won")
    share = {name: mean(lambda path, name=name: path.outcome == name) for name in ("won", "lost", "no_decision")}
    turn = HANDOFF + TALK_WORK + TALK_DELAY + HANDOFF + OFFER_WORK
    first = INBOX - HANDOFF + turn + OFFER["won"][1]  # Talk needs no hand-over the first time
    loop = turn + OFFER["Talk"][1]
    stays = mean(lambda path: len(path.stays))
    # all work begun by then; each path shares its beginning with others, so the hours are those of the tree, not of its leaves
    tasks = {(begin, days): 0.0 for path in paths() for begin, days in path.work}
    for path in paths():
        for begin, days in path.work:
            tasks[begin, days] += path.p
    busy = sum(p * spent(length, begin, days) for (begin, days), p in tasks.items())
    seats = 2 * SEATS * length + GONE
    bookings = BOOKED * won
    cost = LEAD_COST * RATE * length + PAY_RATE * bookings + UNIT_COST * LIST * won
    return {
        "leads": RATE * length,
        "won": won,
        "win_rate": share["won"],
        "win_rate_naive": won / in_run(length),
        "no_decision_rate": share["no_decision"],
        "bookings": bookings,
        "cycle_days": first,  # 82 % of the wins come without a return, 97 % with one at most
        "cycle_days_p90": first + loop,
        "cycle_days_mean": first + loop * AGAIN / (1 - AGAIN),
        "time_in_stage_days": mean(lambda path: sum(days for _, days in path.stays)) / stays,
        "queue_days": 0.0,
        "utilisation": busy / seats,
        "wip": sum(path.p * spent(length, 0.0, path.age) for path in paths()) / length,
        "response_hours": 24 * INBOX,
        "response_hours_mean": 24 * INBOX,
        "no_response": 0.0,
        "quota_attainment": bookings / (SEATS * QUOTA * months(length)),
        "commission": PAY_RATE * bookings,
        "cost": cost,
        "net": bookings - cost,
        "cash": BOOKED * sum(path.p * by_day(length, path.age + PAYMENT) for path in paths() if path.outcome == "won"),
        "margin": (BOOKED - UNIT_COST * LIST) * won,
        "discount_rate": DISCOUNT,
        "avg_deal_size": BOOKED,
        "sales_velocity": RATE * share["won"] * BOOKED,
        "cac": LEAD_COST * RATE * length / won,
        "sla_breach": mean(lambda path: sum(late(stay) for stay in path.stays)) / (stays - 1),  # the inbox has no service level
        "handoff_days": HANDOFF,
        "rework_rate": mean(lambda path: sum(stage == "Talk" for stage, _ in path.stays) - 1) / stays,
        "attrition_rate": 365.25 / seats,
        "ccos": PAY_RATE,
    }


def late(stay: tuple[str, float]) -> bool:
    return stay[1] > {"Inbox": math.inf, "Talk": TALK_SLA, "Offer": OFFER_SLA}[stay[0]]


def months(length: float) -> float:
    """Return how many quotas of a month fall into a run from 1 January 2027 on, the last one by its days."""
    days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 31, 29, 31, 30, 31]
    ends = np.cumsum(days)
    whole = int(np.searchsorted(ends, length, side="right"))
    return whole + (length - (ends[whole - 1] if whole else 0)) / days[whole]


# exponential: one rep, Poisson leads, exponential work: M/M/1. Then Talks: won by a law of mean 12 d or lost by one of 18 d
WON, WON_MEAN, LOST_MEAN, HOURS = 0.4, 12.0, 18.0, 4.5
SERVED = 24.0 / HOURS  # a day; the rep is busy for 3/4 of the time
SLA = 15.0


def exponential() -> Model:
    return business(
        pricing={}, terms={}, plans={},
        stages=[
            {"name": "Desk", "tasks": [{"role": "AE", "work_hours": {"exponential": {"mean": HOURS}}}], "exits": [{"to": "Talks", "probability": 1.0}]},
            {"name": "Talks", "sla_days": SLA, "exits": [
                {"to": "won", "probability": WON, "delay_days": {"exponential": {"mean": WON_MEAN}}},
                {"to": "lost", "probability": 1 - WON, "delay_days": {"exponential": {"mean": LOST_MEAN}}}]},
        ],
        roles=[{"name": "AE"}], reps=[{"role": "AE"}],
    )  # fmt: skip


def exponential_values(length: float) -> dict[str, float]:
    """Return the expected value of each KPI of an exponential run; what cannot be known of it is NaN."""
    load, spare = RATE / SERVED, SERVED - RATE
    desk, wait = 1 / spare, load / spare  # days at the desk, and of them before the work begins
    won, lost = WON * ended(length - desk, WON_MEAN), (1 - WON) * ended(length - desk, LOST_MEAN)
    open_days = WON * still(length - desk, WON_MEAN) + (1 - WON) * still(length - desk, LOST_MEAN)
    follow_up = 0.9 * length
    rate = WON * (1 - tail(follow_up, desk, WON_MEAN))
    return {
        "leads": RATE * length,
        "won": won,
        "win_rate": rate,
        "win_rate_naive": won / (won + lost),
        "no_decision_rate": 0.0,
        "bookings": LIST * won,
        "cycle_days": WON_MEAN * math.log(2 * WON_MEAN / (WON_MEAN - desk)),  # the fast part has long faded; see `tail`
        "cycle_days_p90": WON_MEAN * math.log(10 * WON_MEAN / (WON_MEAN - desk)),
        "cycle_days_mean": desk + WON_MEAN,
        "time_in_stage_days": (desk + WON * WON_MEAN + (1 - WON) * LOST_MEAN) / 2,
        "queue_days": wait,
        "utilisation": load,
        "utilisation_busiest": load,  # one server
        "wip": RATE * desk + open_days / length,
        "response_hours": 24 * math.log(2 * load) / spare,  # waits are 0 for a quarter, else exponential
        "response_hours_mean": 24 * wait,
        "no_response": 0.0,
        "quota_attainment": NAN,
        "commission": NAN,
        "cost": LEAD_COST * RATE * length,
        "net": LIST * won - LEAD_COST * RATE * length,
        "cash": NAN,
        "margin": NAN,
        "discount_rate": NAN,
        "avg_deal_size": LIST,
        "sales_velocity": RATE * rate * LIST,
        "cac": LEAD_COST * RATE * length / won,
        "sla_breach": WON * math.exp(-SLA / WON_MEAN) + (1 - WON) * math.exp(-SLA / LOST_MEAN),
        "handoff_days": NAN,
        "rework_rate": 0.0,
        "attrition_rate": NAN,
        "ccos": NAN,
    }


def tail(age: float, desk: float, last: float) -> float:
    """Return the share that takes longer than an age in two exponential steps."""
    return (last * math.exp(-age / last) - desk * math.exp(-age / desk)) / (last - desk)


def ended(length: float, mean_days: float) -> float:
    """Return how many of a run's leads end within it."""
    return RATE * (length - mean_days * (1 - math.exp(-length / mean_days)))


def still(length: float, mean_days: float) -> float:
    """Return the days in a run for which its leads are open."""
    return RATE * mean_days * (length - mean_days * (1 - math.exp(-length / mean_days)))


MODELS = {"clockwork": (clockwork, clockwork_values), "exponential": (exponential, exponential_values)}


def found(name: str, length: float) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return the KPIs of the runs of a model, and those of their histories, shape (n_runs,)."""
    model = MODELS[name][0]()
    logs = [simulate(model, seed=20, replication=r, until=length) for r in range(RUNS)]
    tables = [kpi.table(log, kpis=KPIS) for log in logs], [kpi.table(log.to_history(), kpis=KPIS) for log in logs]
    runs, histories = ({key: np.array([table[key] for table in each]) for key in each[0]} for each in tables)
    return runs, histories


@pytest.mark.parametrize("name", MODELS)
def test_every_kpi_has_a_formula(name):
    for length in LENGTHS:
        told_elsewhere = {"utilisation_busiest"} if name == "clockwork" else set()
        assert set(MODELS[name][1](length)) == set(KPIS) - told_elsewhere


@pytest.mark.parametrize("length", LENGTHS)
def test_the_busiest_of_a_pool_that_takes_turns_has_at_most_a_task_more_than_the_mean(length):
    log = simulate(clockwork(), seed=20, until=length)
    values = kpi.table(log, kpis=["utilisation[role=AE]", "utilisation_busiest[role=AE]", "utilisation_busiest"])
    mean_load, busiest = values["utilisation[role=AE]"], values["utilisation_busiest[role=AE]"]
    assert mean_load < busiest <= mean_load + OFFER_WORK / length
    assert values["utilisation_busiest"] == busiest, "SDRs have less to do"


@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("name", MODELS)
def test_kpis_are_what_their_formulas_say(name, length):
    runs, histories = found(name, length)
    wrong = {}
    for measure, expected in MODELS[name][1](length).items():
        mean_of_runs, spread = float(runs[measure].mean()), float(runs[measure].std(ddof=1))
        close = abs(mean_of_runs - expected) <= ERRORS * spread / math.sqrt(RUNS) + 1e-6 * max(abs(expected), 1.0)
        if not (np.isnan(runs[measure]).all() if math.isnan(expected) else close):
            wrong[measure] = (expected, mean_of_runs, spread)
        unknown = measure in NOT_IN_A_HISTORY or math.isnan(expected)
        if not (np.isnan(histories[measure]).all() if unknown else histories[measure] == pytest.approx(runs[measure], rel=1e-6, abs=1e-6)):
            wrong[f"{measure} of the history"] = (expected, float(histories[measure].mean()), spread)
    assert wrong == {}
