"""KPIs against hand arithmetic, against slow twins on the tables, and as a contract over the registry."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simsales import kpi
from simsales.engine import simulate
from simsales.facts import Deals, Facts, Reps, Tasks, Visits, facts_of, from_log
from simsales.facts.columns import quantile
from simsales.model.apply import apply
from simsales.model.levers import Scenario
from simsales.model.schema import Model
from simsales.money.cost import marketing_costs, run_cost
from simsales.report import measures

NAN = math.nan


def hand_made() -> Facts:
    """Five deals in a window of 100 days, one of them open before it began, two stages, two reps."""
    deals = Deals(
        created=np.array([0.0, 10.0, 20.0, 40.0, -50.0]),
        closed=np.array([30.0, 20.0, NAN, 80.0, 50.0]),
        amount=np.array([100.0, 50.0, 70.0, 300.0, 1000.0]),
        won=np.array([True, False, False, True, True]),
        is_new=np.array([True, True, True, True, False]),
        unanswered=np.array([0.0, 1.0, 0.0, 0.0, 0.0]),
        cause=np.array([1, 2, 0, 1, 1]),
        owner=np.array([0, -1, 1, 1, 0]),
        segment=np.array([0, 0, 1, 1, 1]),
        channel=np.array([0, 0, 0, 0, 0]),
        answered=np.array([0.5, NAN, 21.0, 42.0, NAN]),
        product=np.array([0, 0, 1, 1, -1]),
        region=np.array([0, 0, 0, 0, 0]),
        listed=np.array([125.0, 50.0, 70.0, 375.0, 1000.0]),
        delivery=np.array([50.0, 20.0, 28.0, 150.0, 400.0]),
    )
    visits = Visits(
        deal=np.array([0, 0, 1, 2, 3, 3, 4]),
        stage=np.array([0, 1, 0, 0, 0, 1, 1]),
        entered=np.array([0.0, 10.0, 10.0, 20.0, 40.0, 50.0, -20.0]),
        left=np.array([10.0, 30.0, 20.0, NAN, 50.0, 80.0, 50.0]),
        returned=np.array([False, False, False, False, False, True, False]),
        sla=np.array([15.0, NAN, 15.0, 15.0, 15.0, NAN, NAN]),
        selling=np.ones(7, dtype=bool),
    )
    tasks = Tasks(
        deal=np.array([0, 1, 2, 3]),
        stage=np.array([0, 0, 0, 1]),
        role=np.array([0, 0, 0, 1]),
        rep=np.array([0, -1, 0, 1]),
        wait_days=np.array([0.5, 10.0, 1.0, 2.5]),
        busy_hours=np.array([8.0, 0.0, 4.0, 30.0]),
        handed_days=np.array([NAN, NAN, NAN, 1.5]),
    )
    reps = Reps(
        position=np.array([0, 1]), role=np.array([0, 1]), available_hours=np.array([40.0, 60.0]), team=np.array([0, 0]),
        hired=np.array([-math.inf, 50.0]), left=np.array([75.0, math.inf]),
    )  # fmt: skip
    months = (("2027-01", 0.0, 31.0), ("2027-02", 31.0, 59.0), ("2027-03", 59.0, 90.0), ("2027-04", 90.0, 120.0))
    return Facts(
        0.0, 100.0, deals, visits, tasks, reps, ("smb", "大客户"), ("web",), ("Talk", "Offer"), ("SDR", "AE"),
        ("Ada", "Bo"), months, products=("A", "B"), regions=("N",), teams=("East",),
    )  # fmt: skip


BY_HAND = {
    "leads": 4,
    "won": 3,
    "win_rate": 0.5,  # ages 10 lost, 30 won, 40 won, 80 open; see below
    "win_rate_naive": 3 / 4,
    "bookings": 1400,
    # product limit: 10 lost 1/4, 30 won 1/3, 40 won 1/2, 100 won 1/1 (seen from age 50 on): a quarter each are won at 30, 40 and 100
    "cycle_days": 40,
    "cycle_days_p90": 88,  # 40 + 0.8 * 60
    "cycle_days_mean": (30 + 40 + 100) / 3,
    # product limit of stays: 10 d 3/6, 20 d 1/3, 30 d 1/3 (one more is seen from 20 d on), 70 d 1/2; the last ninth stays open for 80 d
    "time_in_stage_days": (10 * 1 / 2 + 20 * 1 / 6 + 30 * 1 / 9 + 70 * 1 / 9) / (8 / 9),
    "queue_days": 14 / 4,
    "utilisation": 42 / 100,
    "wip": (30 + 10 + 80 + 40 + 50) / 100,
    "response_hours": 24,  # 0.5, 1 and 2 days
    "response_hours_mean": 28,
    "no_response": 0.25,
    "cash": math.nan,  # when its money came is not in a history
    "wip[stage=Talk]": (10 + 10 + 80 + 10) / 100,
    "wip[stage=Offer]": (20 + 30 + 50) / 100,
    "time_in_stage_days[stage=Offer]": 20 / 2 + 30 / 4 + 70 / 4,  # 1/2 at 20 d; 1/2 at 30 d; the rest
    "queue_days[stage=Offer]": 2.5,
    "queue_days[role=SDR]": 11.5 / 3,
    "utilisation[role=AE]": 0.5,
    "utilisation[rep=rep-1]": 0.3,
    "won[rep=rep-1]": 2,
    "bookings[segment=大客户]": 1300,
    "leads[segment=smb]": 2,
    "win_rate[segment=smb]": 0.5,  # lost at 10, then the other one wins at 30
    "no_response[segment=smb]": 0.5,
    "margin": 1400 - 50 - 150 - 400,
    "margin[product=B]": 150,
    "discount_rate": 1 - 1400 / 1500,
    "avg_deal_size": 1400 / 3,
    "avg_deal_size[product=A]": 100,
    "sales_velocity": 4 / 100 * 0.5 * (1400 / 3),
    "no_decision_rate": 0.0,
    "sla_breach": 0.25,  # three of four have ended after 10 days, the fourth lasts for 80
    "sla_breach[stage=Talk]": 0.25,
    "handoff_days": 1.5,
    "handoff_days[role=AE]": 1.5,
    "rework_rate": (1 / 9) / (8 / 9),  # of the stays that end; see time_in_stage_days
    "rework_rate[stage=Offer]": 1 / 4,
    "attrition_rate": 1 / ((75 + 50) / 365.25),  # one leaver; 125 of 200 days were worked
    "won[team=East]": 3,
    "bookings[region=N]": 1400,
    "won[product=B]": 1,
    "bookings[month=2027-01]": 100,
    "bookings[month=2027-02]": 1000,
    "bookings[month=2027-03]": 300,
    "bookings[month=2027-04]": 0,
    "leads[month=2027-02]": 1,
}


@pytest.mark.parametrize(("name", "expected"), BY_HAND.items())
def test_kpi_is_what_the_hand_says(name, expected):
    assert kpi.table(hand_made(), kpis=[name]) == {name: pytest.approx(expected, nan_ok=True)}


def test_win_rate_by_hand_follows_the_product_limit():
    # at age 10 one of 4 is lost; at 30 one of 3 wins: 0.75 / 3; at 40 one of 2: 0.5 / 2; a tenth are followed for 97 days
    assert kpi.KPIS["win_rate"](hand_made()) == pytest.approx(0.25 + 0.25)


def business(**changes) -> Model:
    fields = {
        "epoch": "2027-01-01T00:00+08:00",
        "horizon_days": 120.0,
        "terms": {"deposit_share": 1.0},
        "calendar": {"timezone": "Asia/Shanghai", "hours": "09:00-18:00"},
        "channels": [
            {"name": "web", "leads_per_week": 25.0, "cost_per_lead": 90.0, "segments": {"smb": 0.7, "大客户": 0.3}},
            {"name": "展会", "leads_per_week": 10.0, "cost_per_lead": 400.0, "segments": {"大客户": 1.0}},
        ],
        "segments": [{"name": "smb", "amount": {"lognormal": {"median": 12000.0, "p90": 48000.0}}},
                     {"name": "大客户", "amount": 50000.0}],
        "stages": [
            {"name": "Talk", "sla_days": 5.0, "tasks": [{"role": "SDR", "work_hours": 2.0}], "patience_days": 3.0,
             "exits": [{"to": "Offer", "probability": 0.6, "delay_days": {"exponential": {"mean": 6.0}}},
                       {"to": "lost", "probability": 0.4, "delay_days": 9.0}]},
            {"name": "Offer", "tasks": [{"role": "AE", "work_hours": 4.0}],
             "exits": [{"to": "won", "probability": 0.5, "delay_days": {"exponential": {"mean": 20.0}}},
                       {"to": "Talk", "probability": 0.1, "delay_days": 4.0},
                       {"to": "no_decision", "probability": 0.4, "delay_days": 40.0}]},
        ],
        "roles": [{"name": "SDR", "routing": "pool"}, {"name": "AE", "concurrency": 2}],
        "plans": {"std": {"base": 120000.0, "quota": 400000.0, "rates": [{"rate": 0.08}]}},
        "reps": [{"role": "SDR", "count": 2, "team": "In"}, {"role": "AE", "count": 2, "plan": "std", "team": "Out"},
                 {"role": "AE", "name": "Ada", "hired": "2027-02-01", "leaves": "2027-03-10", "plan": "std", "team": "Out"}],
        "products": [{"name": "A", "share": 2.0}, {"name": "B"}], "regions": [{"name": "华东"}],
        "pricing": {"discount": {"uniform": {"low": 0.0, "high": 0.2}}, "unit_cost_share": 0.4},
    }  # fmt: skip
    return Model(**(fields | changes))


@pytest.fixture(scope="module")
def log():
    return simulate(business(), seed=3)


@pytest.fixture(scope="module")
def values(log):
    return kpi.table(log, by=kpi.DIMENSIONS)


@pytest.mark.parametrize("name", kpi.KPIS)
def test_every_kpi_is_described_and_gives_a_number(name, values):
    member = kpi.KPIS[name]
    assert member.name == name
    assert member.better in {"higher", "lower", "target"}
    assert len(member.definition) > 20
    assert any("\u4e00" <= letter <= "\u9fff" for letter in member.zh)
    assert math.isfinite(values[name])
    if member.unit == "share" and name != "quota_attainment":
        assert 0 <= values[name] <= 1


@pytest.mark.parametrize("dimension", kpi.DIMENSIONS)
@pytest.mark.parametrize("name", ["leads", "won", "bookings", "commission", "wip"])
def test_parts_add_up_to_the_whole(name, dimension, log, values):
    parts = [v for k, v in values.items() if k.startswith(f"{name}[{dimension}=")]
    if dimension not in kpi.KPIS[name].by:
        assert not parts
    elif dimension in ("rep", "team"):
        assert sum(parts) <= values[name] * (1 + 1e-12)  # a win without an owner belongs to nobody
    else:
        assert sum(parts) == pytest.approx(values[name])


def test_values_equal_slow_twins_on_the_tables(log, values):
    deals, tasks = log.deals, log.tasks
    won = deals[deals["status"] == "won"]
    end = pd.Timestamp("2027-01-01T00:00+08:00") + pd.Timedelta(days=120)
    open_days = (deals["closed_at"].fillna(end) - deals["created_at"]) / pd.Timedelta(days=1)
    started = (tasks["started_at"] - tasks["queued_at"]) / pd.Timedelta(days=1)
    assert values["bookings"] == pytest.approx(won["amount"].sum())
    assert values["won"] == len(won)
    assert values["wip"] == pytest.approx(open_days.sum() / 120)
    lapsed = tasks[tasks["started_at"].isna()].merge(deals, on="deal_id")
    waits = (lapsed["closed_at"].fillna(end) - lapsed["queued_at"]) / pd.Timedelta(days=1)
    assert values["queue_days"] == pytest.approx((started.sum() + waits.sum()) / len(tasks))


def test_times_of_a_run_in_which_all_is_over_are_those_of_the_tables():
    log = simulate(business(), seed=3, cases=300, until=3000.0)
    deals, visits = log.deals, log.visits
    found = kpi.table(log)
    won = deals[deals["status"] == "won"]
    assert (deals["status"] != "open").all()
    cycle = (won["closed_at"] - won["created_at"]) / pd.Timedelta(days=1)
    stay = (visits["left_at"] - visits["entered_at"]) / pd.Timedelta(days=1)
    talks = stay[visits["stage"] == "Talk"]
    rank = {"Talk": 0, "Offer": 1}
    back = sum(a <= b for _, v in visits.groupby("deal_id") for a, b in zip(v["stage"].map(rank)[1:], v["stage"].map(rank)[:-1], strict=True))
    expected = {
        "win_rate": len(won) / 300, "win_rate_naive": len(won) / 300, "no_decision_rate": (deals["status"] == "no_decision").mean(),
        "cycle_days": cycle.median(), "cycle_days_p90": cycle.quantile(0.9), "cycle_days_mean": cycle.mean(),
        "time_in_stage_days": stay.mean(), "time_in_stage_days[stage=Talk]": talks.mean(), "sla_breach": (talks > 5.0 + 1e-6).mean(),
        "response_hours": deals["response_hours"].median(), "response_hours_mean": deals["response_hours"].mean(),
        "no_response": (deals["reason"] == "no_response").mean(), "rework_rate": back / len(visits),
    }  # fmt: skip
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-6), name


def test_utilisation_counts_presence_and_tasks_at_a_time(log, values):
    # 9 hours a day, Monday to Friday; Ada from 1 February to 9 March: 27 working days
    days = np.busday_count("2027-01-01", "2027-05-01")
    ada = np.busday_count("2027-02-01", "2027-03-10")
    hours = log.tasks.groupby("rep")["work_hours"].sum()
    assert values["utilisation[role=SDR]"] == pytest.approx(hours[["SDR-01", "SDR-02"]].sum() / (2 * 9 * days))
    assert values["utilisation[rep=rep-5]"] == pytest.approx(hours["Ada"] / (2 * 9 * ada), rel=0.1)
    assert 0 < values["utilisation[rep=rep-5]"] <= 1


def test_a_history_of_the_run_has_the_same_values(log, values):
    real = kpi.table(log.to_history())
    for name in ("leads", "won", "win_rate", "bookings", "cycle_days", "wip", "wip[stage=Offer]", "time_in_stage_days",
                 "queue_days", "response_hours", "no_response", "win_rate[segment=大客户]", "bookings[channel=展会]"):  # fmt: skip
        assert real[name] == pytest.approx(values[name], rel=1e-6), name
    assert math.isnan(real["utilisation"])


def test_win_rate_is_not_fooled_by_open_deals():
    # half of all leads win, slowly; losses are quick: closed deals look worse than they are
    model = Model(
        channels=[{"name": "web", "leads_per_week": 100.0}],
        horizon_days=150.0,
        stages=[{"name": "Open", "exits": [{"to": "won", "probability": 0.5, "delay_days": {"exponential": {"mean": 60.0}}},
                                           {"to": "lost", "probability": 0.5, "delay_days": 1.0}]}],
    )  # fmt: skip
    values = kpi.table(simulate(model, seed=11))
    leads = values["leads"]
    truth = 0.5 * (1 - math.exp(-150 / 60))  # won by age 150, the end of follow-up: 0.459
    assert abs(values["win_rate"] - truth) < 3 * 2 * math.sqrt(0.25 / leads)  # twice the binomial error: few old deals
    assert values["win_rate_naive"] < 0.42


def test_reps_are_pseudonymous_unless_asked_for(log):
    hidden, shown = (kpi.table(log, by=("rep",), names=names) for names in (False, True))
    assert not any("Ada" in name for name in hidden)
    assert shown["bookings[rep=Ada]"] == hidden["bookings[rep=rep-5]"]


def test_names_are_the_same_in_every_replication():
    model = business(horizon_days=3.0)
    first, second = (kpi.table(simulate(model, seed=1, replication=r)) for r in (0, 1))
    assert list(first) == list(second)
    assert len(first) > 60


def test_a_win_is_credited_to_the_closer_with_a_plan(log):
    facts = from_log(log)
    credited = {log.plan.reps[i] for i in facts.deals.owner[facts.deals.won] if i >= 0}
    assert credited <= {"AE-01", "AE-02", "Ada"}
    assert facts.deals.won.sum() > 20


def test_one_kpi_by_month_and_by_segment_only():
    found = kpi.table(hand_made(), kpis=["bookings[month]", "won[segment=smb]", "leads"])
    assert list(found) == [*(f"bookings[month=2027-0{m}]" for m in (1, 2, 3, 4)), "won[segment=smb]", "leads"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kpi.parse_name("bookngs"), "kpi must be a known name, got 'bookngs'. Hint: did you mean 'bookings'"),
        (lambda: kpi.parse_name("ccos[segment=smb]"), "ccos must be broken down by nothing, got 'segment'"),
        (lambda: kpi.table(hand_made(), by=("segments",)), "by must be some of stage, role.*got 'segments'"),
        (lambda: kpi.table(hand_made(), kpis=["won[segment=mid]"]), r"won\[segment\] must name one of its members, got 'mid'"),
        (lambda: facts_of(42), "log must be an EventLog or a History, got int"),
    ],
)
def test_bad_requests_are_refused_with_the_rule(call, message):
    with pytest.raises(Exception, match=message) as caught:
        call()
    assert caught.value.exit_code == 3


# the funnel ---------------------------------------------------------------------------------------

SOURCE = [("潜在客户开发", 1000), ("初步接触", 800), ("需求分析", 600), ("方案制定", 450), ("商务谈判", 350), ("成交", 250)]
WON = 150


def linear_visits() -> pd.DataFrame:
    names = [name for name, _ in SOURCE]
    onward = [count for _, count in SOURCE[1:]] + [WON]
    rows = []
    for i, (name, entered) in enumerate(SOURCE):
        following = names[i + 1] if i + 1 < len(names) else "won"
        rows += [(f"d{n}", name, following if n < onward[i] else "lost") for n in range(entered)]
    return pd.DataFrame(rows, columns=["deal_id", "stage", "exit"])


def test_linear_funnel_of_the_source_gives_15_percent():
    found = kpi.funnel_of(linear_visits(), [name for name, _ in SOURCE], 1000)
    assert found["entered"].tolist() == [1000, 800, 600, 450, 350, 250]
    assert found["advanced"].tolist() == [800, 600, 450, 350, 250, 150]
    assert found["rate"].round(4).tolist() == [0.8, 0.75, 0.75, 0.7778, 0.7143, 0.6]
    assert found["cumulative"].tolist() == [0.8, 0.6, 0.45, 0.35, 0.25, 0.15]
    assert found["rate"].prod() == pytest.approx(0.15)


def test_funnel_counts_a_deal_once_and_knows_skips_and_returns():
    visits = pd.DataFrame(
        [("a", "One", "Three"), ("a", "Three", "One"), ("a", "One", "Two"), ("a", "Two", None), ("b", "One", "lost")],
        columns=["deal_id", "stage", "exit"],
    )
    found = kpi.funnel_of(visits, ["One", "Two", "Three"], 2).set_index("stage")
    assert found["entered"].to_dict() == {"One": 2, "Two": 1, "Three": 1}
    assert found["advanced"].to_dict() == {"One": 1, "Two": 0, "Three": 0}
    assert found["open"].to_dict() == {"One": 0, "Two": 1, "Three": 0}
    assert found["cumulative"].tolist() == [0.5, 0.5, 0.0]  # a reached Three, b nothing


def test_funnel_of_a_run_starts_with_its_leads_and_ends_with_its_wins(log, values):
    found = kpi.funnel(log)
    assert found["stage"].tolist() == ["Talk", "Offer"]
    assert found["entered"].iloc[0] == values["leads"]
    assert found["advanced"].iloc[-1] == values["won"]
    assert found["cumulative"].iloc[-1] == pytest.approx(values["won"] / values["leads"])


# what it costs that deals come ------------------------------------------------------------------


def campaigning(**changes) -> Model:
    channels = [
        {"name": "web", "leads_per_week": 70.0, "cost_per_lead": 2.0, "partner_share": 0.1,
         "spend": {"per_week": 700.0, "most_leads_per_week": 0.0, "half_at": 1.0},
         "campaigns": [{"name": "fair", "start": "2027-01-10", "leads": 0.0, "cost": 5000.0},
                       {"name": "later", "start": "2027-06-01", "leads": 9.0, "cost": 9999.0}]},
        {"name": "展会", "leads_per_week": 70.0},
    ]  # fmt: skip
    fields = {
        "horizon_days": 10.0, "channels": channels, "segments": [{"name": "all", "amount": 100.0}],
        "stages": [{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}],
        "roles": [{"name": "AE"}], "reps": [{"role": "AE", "count": 3, "team": "A"}, {"role": "AE", "name": "New", "hired": "2027-01-08"}],
        "trainings": [{"name": "talk", "role": "AE", "start": "2027-01-04", "cost_per_head": 70.0},
                      {"name": "again", "team": "A", "start": "2027-01-09", "cost_per_head": 1.0},
                      {"name": "old", "role": "AE", "start": "2026-01-04", "cost_per_head": 1e6}],
    }  # fmt: skip
    return Model(**(fields | changes))


def test_the_costs_of_marketing_and_training_are_those_of_the_hand():
    log = simulate(campaigning())
    facts = from_log(log)
    web = int((log.deal.channel == 0).sum())
    costs = marketing_costs(facts)
    assert costs[:, 0].tolist() == pytest.approx([2.0 * web, 5000.0, 100.0 * 10, 0.1 * 100.0 * web])
    assert costs[:, 1].tolist() == [0.0, 0.0, 0.0, 0.0]
    cost = run_cost(facts)
    assert cost.training == 3 * 70.0 + 3 * 1.0  # the new one is not there yet, nor in the team
    assert cost.total == pytest.approx(costs.sum() + cost.training)
    assert kpi.table(log, kpis=["cac[channel=web]"])["cac[channel=web]"] == pytest.approx(costs[:, 0].sum() / web)
    assert kpi.table(log, kpis=["cac"])["cac"] == pytest.approx(costs.sum() / len(log.deals))


def test_channel_costs_follow_a_dated_budget():
    change = {"path": "channels[web].spend.per_week", "to": 1400.0, "start": "2027-01-06", "ramp_days": 4.0}
    log = simulate(apply(Scenario(changes=[{"set": change}]), campaigning()))
    money = [100.0] * 5 + [100.0 + 100.0 * (i + 0.5) / 4 for i in range(4)] + [200.0]
    assert marketing_costs(from_log(log))[2, 0] == pytest.approx(sum(money))


def test_margin_and_discounts_of_a_run(log):
    won = log.deals[log.deals["status"] == "won"]
    expected = (won["amount"] - 0.4 * won["list_amount"]).sum()
    found = kpi.table(log, kpis=["margin", "discount_rate"])
    assert found["margin"] == pytest.approx(expected)
    assert found["discount_rate"] == pytest.approx(1.0 - won["amount"].sum() / won["list_amount"].sum())
    assert 0.05 < found["discount_rate"] < 0.15


def test_further_kpis_have_slow_twins_on_the_tables(log):
    tasks = log.tasks
    waits = []
    for _, rows in tasks.groupby("deal_id"):
        for (_, a), (_, b) in itertools.pairwise(rows.iterrows()):
            if a["role"] != b["role"] and pd.notna(a["ended_at"]) and pd.notna(b["started_at"]):
                waits.append((b["started_at"] - b["queued_at"]) / pd.Timedelta(days=1))
    assert kpi.KPIS["handoff_days"](log) == pytest.approx(np.mean(waits), rel=1e-6)


def test_attrition_counts_leavers_over_head_count(log):
    days = 4 * 120.0 + 37.0  # Ada: 1 February to 10 March
    assert kpi.KPIS["attrition_rate"](log) == pytest.approx(1.0 / (days / 365.25), rel=1e-3)
    assert kpi.table(log, kpis=["attrition_rate[team=In]"])["attrition_rate[team=In]"] == 0.0


def test_a_history_gives_the_same_where_it_can_know(log):
    history = log.to_history()
    for name in ("handoff_days", "rework_rate", "no_decision_rate", "avg_deal_size", "discount_rate", "won[product=A]"):
        value = kpi.table(log, kpis=[name])[name]
        assert kpi.table(history, kpis=[name])[name] == pytest.approx(value, rel=1e-6), name
    for name in ("margin", "cac", "sla_breach", "ccos"):
        assert math.isnan(kpi.KPIS[name](history))


def test_quantiles_are_those_of_numpy():
    rng = np.random.default_rng(1)
    for n in range(1, 60):
        values = rng.exponential(size=n)
        for q in (0.0, 0.5, 0.9, 1.0 - 0.1, 1.0):
            assert quantile(values, q) == np.quantile(values, q)
    assert math.isnan(quantile(np.zeros(0), 0.5))


def test_what_follows_a_win_is_not_part_of_the_cycle():
    stages = [
        {"name": "Open", "exits": [{"to": "won", "probability": 1.0, "delay_days": 2.0, "then": "Care"}]},
        {"name": "Care", "after_sale": True, "exits": [{"to": "Care", "probability": 1.0, "delay_days": 5.0}]},
    ]
    log = simulate(Model(channels=[{"name": "web", "leads_per_week": 7.0}], stages=stages, horizon_days=100.0))
    found = kpi.table(log)
    assert (log.visit.stage == 1).sum() > 20
    assert found["time_in_stage_days"] == pytest.approx(2.0)
    assert found["time_in_stage_days[stage=Care]"] == pytest.approx(5.0)
    assert found["rework_rate"] == 0.0


def test_waiting_after_the_sale_lasts_until_the_customer_goes():
    care = {"name": "Care", "after_sale": True, "patience_days": 3.0, "tasks": [{"role": "CS", "work_hours": 1.0}],
            "exits": [{"to": "retained", "probability": 1.0}]}  # fmt: skip
    model = Model(
        epoch="2027-01-04", horizon_days=20.0, channels=[{"name": "web", "leads_per_week": 7.0}], roles=[{"name": "CS"}],
        reps=[{"name": "Cleo", "role": "CS", "hired": "2028-01-01"}],
        stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0, "then": "Care"}]}, care],
    )  # fmt: skip
    log = simulate(model, cases=4, until=30.0)
    assert log.deals["after"].tolist() == ["churned"] * 4
    assert kpi.table(log)["queue_days[stage=Care]"] == pytest.approx(3.0)


# what the time of a run cannot tell, and what follows a sale --------------------------------------


def slow(horizon: float, by: float = 1.0) -> Model:
    """Half of all deals are won and half are lost, both after a median of 200 days."""
    law = {"lognormal": {"median": 200.0 * by, "p90": 400.0 * by}}
    exits = [{"to": "won", "probability": 0.5, "delay_days": law}, {"to": "lost", "probability": 0.5, "delay_days": law}]
    return Model(channels=[{"name": "web", "leads_per_week": 40.0}], stages=[{"name": "S", "exits": exits}], horizon_days=horizon)


def test_half_the_delay_is_half_the_cycle_however_long_the_run():
    truth = 200.0 * math.exp((math.log(2.0) / 1.2815515655) ** 2 / 2)  # the mean of the law
    for horizon in (365.0, 800.0):
        base, fast = ([kpi.table(simulate(slow(horizon, by), seed=s)) for s in range(3)] for by in (1.0, 0.5))
        for name, expected in (("cycle_days", 200.0), ("cycle_days_mean", truth)):
            whole, half = (np.array([run[name] for run in runs]) for runs in (base, fast))
            if horizon < 500 and name == "cycle_days_mean":
                assert np.isnan(whole).all()  # an eighth of the deals outlasts the year: no mean can be told
            else:
                assert whole.mean() == pytest.approx(expected, abs=4 * 200 / math.sqrt(3 * 40 / 7 * horizon / 8))
            assert half.mean() == pytest.approx(expected / 2, abs=2 * 200 / math.sqrt(3 * 40 / 7 * horizon / 8))


def test_a_run_that_is_too_short_says_nothing_rather_than_something_short():
    found = kpi.table(simulate(slow(150.0), seed=1))
    assert found["won"] > 10
    assert all(math.isnan(found[name]) for name in ("cycle_days", "cycle_days_mean", "cycle_days_p90", "time_in_stage_days"))


def test_deals_that_are_parked_for_good_are_not_waited_for():
    exits = [{"to": "won", "probability": 0.3, "delay_days": {"exponential": {"mean": 20.0}}}, {"to": "open", "probability": 0.7}]
    for horizon in (300.0, 600.0):
        model = Model(channels=[{"name": "web", "leads_per_week": 70.0}], stages=[{"name": "S", "exits": exits}], horizon_days=horizon)
        found = kpi.table(simulate(model, seed=1))
        error = 20.0 / math.sqrt(found["won"])
        assert found["cycle_days"] == pytest.approx(20.0 * math.log(2.0), abs=4 * error)
        assert found["cycle_days_mean"] == pytest.approx(20.0, abs=4 * error)
        assert found["time_in_stage_days"] == pytest.approx(20.0, abs=4 * error)


def test_funnel_counts_what_follows_a_sale_and_shares_of_all_deals():
    stages = [
        {"name": "One", "exits": [{"to": "Two", "probability": 0.5}, {"to": "Three", "probability": 0.3}, {"to": "lost", "probability": 0.2}]},
        {"name": "Two", "exits": [{"to": "Three", "probability": 1.0}]},
        {"name": "Three", "exits": [{"to": "won", "probability": 0.5, "then": "Care"}, {"to": "lost", "probability": 0.5}]},
        {"name": "Care", "after_sale": True, "exits": [{"to": "retained", "probability": 0.8, "delay_days": 9.0}, {"to": "churned", "probability": 0.2}]},
    ]
    log = simulate(Model(channels=[{"name": "web", "leads_per_week": 700.0}], stages=stages), cases=400, until=300.0)
    found, visits, deals = kpi.funnel(log).set_index("stage"), log.visits, log.deals
    assert found.index.tolist() == ["One", "Two", "Three", "Care"]
    assert found["after_sale"].tolist() == [False, False, False, True]
    two = visits[visits["stage"] == "Two"]["deal_id"].nunique()
    won, kept = (deals["status"] == "won").sum(), (deals["after"] == "retained").sum()
    assert found.loc["One", "next"] == two < found.loc["One", "advanced"]  # the others skip it
    assert found.loc["Two", "share"] == two / 400
    assert found.loc["Three", ["advanced", "next"]].tolist() == [won, won]
    assert found.loc["Care", ["entered", "advanced", "next"]].tolist() == [won, kept, kept]
    assert found.loc["Care", ["share", "cumulative"]].tolist() == pytest.approx([won / 400, kept / 400])
    before = kpi.funnel(log.to_history()).set_index("stage")
    pd.testing.assert_frame_equal(before, found.loc[["One", "Two", "Three"]])


# words -----------------------------------------------------------------------------------------


def test_the_table_of_kpis_in_the_docs_is_that_of_the_registry():
    docs = (Path(__file__).parents[1] / "docs" / "concepts.md").read_text(encoding="utf-8")
    told = 'python -c "from simsales import kpi; print(kpi.glossary())" prints what belongs into docs/concepts.md'
    assert kpi.glossary() in docs, told


@pytest.mark.parametrize("name", kpi.KPIS)
def test_labels_and_definitions_say_whether_a_kpi_is_a_median_or_a_mean(name):
    definition, label = kpi.KPIS[name].definition.lower(), measures.label(name).lower()
    for word in ("median", "90th percentile"):
        assert (word in definition.split(",")[0]) == (word in label), name
    if "mean" in label:
        assert "mean" in definition or "average" in definition
    if kpi.KPIS[name].unit in ("days", "hours"):
        assert any(word in label for word in ("median", "mean", "percentile")), name


def test_a_period_too_short_to_tell_a_time_is_said():
    whole = {"won": {"mean": 9.0, "n": 8}, "cycle_days": {"mean": 9.0, "n": 8}, "cycle_days_mean": {"mean": 9.0, "n": 5}, "cycle_days_p90": {"mean": math.nan, "n": 0}}
    (line,) = measures.horizon_lines("Base", whole)
    assert line.startswith("Base: too short a period to tell: mean cycle time (known in 5 of 8 runs, the quicker ones); cycle time, 90th percentile.")
    assert measures.horizon_lines("", {**whole, "won": {"mean": 0.0, "n": 8}}) == []
    assert measures.horizon_lines("", {"won": {"mean": 9.0, "n": 8}, "cycle_days": {"mean": 9.0, "n": 8}}) == []
