"""Ten templates, one for each kind of sales process: they load, run, conserve deals and end."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from chains import ROOT, outcomes
from typer.testing import CliRunner

import simsales as ss
from simsales.cli import app
from simsales.model.vocabulary import ROLE_MATRIX, VOCABULARIES, canonical

FOLDER = ROOT / "templates"
NAMES = (
    "linear", "retry_loop", "nonlinear", "role_based_b2b", "customer_journey", "self_service", "consultative", "approvals",
    "public_pool", "inside_sales_sdr",
)  # fmt: skip
LONG = "2032-12-31"


def template(name: str) -> ss.Model:
    return ss.load_model(FOLDER / f"{name}.yaml")


def test_there_are_ten_and_no_others() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_check_finds_nothing_and_says_it_in_words(name: str) -> None:
    found = CliRunner().invoke(app, ["check", str(FOLDER / f"{name}.yaml")])
    assert found.exit_code == 0, found.output
    assert template(name).name in found.output


@pytest.mark.parametrize("name", NAMES)
def test_every_deal_of_a_template_ends(name: str) -> None:
    cases = 60
    log = ss.simulate(template(name), seed=3, cases=cases, until=LONG)
    counts = log.deals["status"].value_counts()
    assert len(log.deals) == cases
    assert set(counts.index) <= {"won", "lost", "no_decision"}
    assert counts.sum() == cases
    assert counts.get("won", 0) >= 1
    assert log.visits["left_at"].notna().all()


@pytest.mark.parametrize("name", NAMES)
def test_a_template_runs_a_quarter_and_keeps_its_deals(name: str) -> None:
    model = template(name)
    end = "2027-02-01" if name == "self_service" else "2027-03-31"
    log = ss.simulate(model, seed=1, until=end)
    assert log.deals["status"].isin(["won", "lost", "no_decision", "open"]).all()
    entered = set(log.visits["deal_id"])
    assert set(log.deals["deal_id"]) == entered
    kpis = log.kpis()
    if model.reps:
        assert 0.0 < kpis["utilisation"] < 0.97, "people of a template are busy, but not drowned"


def test_leads_of_the_linear_template_win_with_the_product_of_its_rates() -> None:
    model = template("linear")
    rates = [stage.exits[0].probability for stage in model.stages if not stage.after_sale]
    assert outcomes(model)["won"] == pytest.approx(np.prod(rates))
    assert outcomes(model)["won"] == pytest.approx(0.204750)
    order = [stage.name for stage in model.stages]
    for stage, following in zip(model.stages, order[1:], strict=False):
        ahead = {way.then or way.to for way in stage.exits} & set(order)
        assert ahead == {following}, "no skip and no way back"


def test_a_skip_in_the_linear_template_is_an_error(tmp_path: Path) -> None:
    text = (FOLDER / "linear.yaml").read_text(encoding="utf-8")
    assert "{to: 产品展示与方案介绍, probability: 0.75" in text
    (tmp_path / "skips.yaml").write_text(text.replace("{to: 产品展示与方案介绍,", "{to: 商务谈判与异议处理,"), encoding="utf-8")
    with pytest.raises(ss.InvalidModelError, match="must lead to the next stage or out in a linear process"):
        ss.load_model(tmp_path / "skips.yaml")


def test_the_non_linear_template_wins_as_its_absorbing_chain_says() -> None:
    model = template("nonlinear")
    exact = outcomes(model, model.channels[0].entry)["won"]
    assert exact == pytest.approx(0.1302, abs=5e-5)
    by_entry = [round(outcomes(model, {stage.name: 1.0})["won"], 4) for stage in model.stages]
    assert by_entry == [0.0940, 0.1339, 0.2075, 0.3280, 0.5631]
    cases = 8000
    log = ss.simulate(model, seed=1, cases=cases, until="2040-12-31")
    won = float(log.deals["status"].eq("won").mean())
    assert won == pytest.approx(exact, abs=3 * (exact * (1 - exact) / cases) ** 0.5)


def test_multiplying_stage_rates_of_the_non_linear_template_misses_by_a_factor_of_three() -> None:
    model = template("nonlinear")
    forward = [next(way.probability for way in stage.exits) for stage in model.stages]
    naive = float(np.prod(forward))
    assert naive == pytest.approx(0.0416, abs=5e-5)
    assert outcomes(model, model.channels[0].entry)["won"] / naive > 3.0


def test_the_retry_loop_goes_back_and_follows_up_once_a_win() -> None:
    log = ss.simulate(template("retry_loop"), seed=2, cases=300, until=LONG)
    visits = log.visits
    back = visits[(visits["stage"] == "成交") & (visits["exit"] == "商务谈判")]
    assert len(back) > 5
    won = set(log.deals.loc[log.deals["status"] == "won", "deal_id"])
    after = visits[visits["stage"] == "后续跟进"]
    assert sorted(after["deal_id"]) == sorted(won), "one follow-up for each win, and for nobody else"
    limits = {stage.name: stage.max_visits for stage in template("retry_loop").stages}
    most = visits.groupby("stage")["deal_id"].agg(lambda ids: ids.value_counts().max())
    assert all(most[stage] <= limits[stage] for stage in most.index)


def test_the_retry_loop_says_why_it_can_lose() -> None:
    text = (FOLDER / "retry_loop.yaml").read_text(encoding="utf-8")
    assert "no way to lose" in text
    assert all({"lost"} <= {way.to for way in stage.exits} for stage in template("retry_loop").stages if not stage.after_sale)


def test_thirteen_percent_of_the_journey_template_are_retained() -> None:
    model = template("customer_journey")
    assert outcomes(model)["won"] == pytest.approx(0.15)
    assert outcomes(model, after=True)["retained"] == pytest.approx(0.13)
    cases = 6000
    log = ss.simulate(model, seed=1, cases=cases, until="2040-12-31")
    for share, exact in (
        (log.deals["status"].eq("won").mean(), 0.15),
        (log.deals["after"].eq("retained").mean(), 0.13),
    ):
        assert float(share) == pytest.approx(exact, abs=3 * (exact * (1 - exact) / cases) ** 0.5)


def test_every_stage_of_the_journey_template_says_where_the_customer_stands() -> None:
    journeys = [stage.journey for stage in template("customer_journey").stages]
    assert None not in journeys
    assert list(dict.fromkeys(journeys)) == ["awareness", "consideration", "decision", "retention"]


def test_nobody_works_in_the_shop_and_it_never_waits() -> None:
    model = template("self_service")
    assert not model.reps
    assert not any(stage.tasks for stage in model.stages)
    log = ss.simulate(model, seed=1, until="2027-01-15")
    assert len(log.deals) > 1000
    assert log.tasks.empty


def test_the_role_matrix_is_what_the_role_based_template_does() -> None:
    model = template("role_based_b2b")
    letters = {"lead": "L", "own": "W", "assist": "A"}
    for stage, (row, matrix) in zip(model.stages, ROLE_MATRIX.items(), strict=True):
        found = {task.role: letters[task.part] for task in stage.tasks}
        assert found == {role: coding for role, coding in matrix.items() if coding}, row
        assert stage.owner_role == next(role for role, coding in matrix.items() if coding == "L")
    hours = [note for note in model.provenance if "work_hours" in note.path]
    assert [(note.status, "assumption" in note.note) for note in hours] == [("assumed", True)]


def test_stage_names_taken_from_texts_are_in_the_vocabulary() -> None:
    for name in ("linear", "retry_loop", "role_based_b2b", "public_pool"):
        for stage in template(name).stages:
            assert canonical(stage.name), stage.name
    linear = tuple(stage.name for stage in template("linear").stages)
    assert linear == VOCABULARIES["linear_six"]
    journey = [stage.name for stage in template("customer_journey").stages if stage.name != "交付上线"]
    assert tuple(journey) == VOCABULARIES["funnel_seven"]


def test_one_more_technical_salesperson_shortens_only_stages_that_need_one() -> None:
    base = template("role_based_b2b")
    more = ss.apply(ss.Scenario(changes=[{"hire": {"role": "TS", "count": 2}}]), base)
    result = ss.compare(base, [more], replications=6, seed=1, until="2027-12-31", jobs=1)
    gain = result.table["difference"].xs(more.name, level=0)
    assert gain["queue_days[role=TS]"] < 0
    assert abs(gain["time_in_stage_days[stage=潜在客户开发]"]) < abs(gain["time_in_stage_days[stage=方案介绍]"])


def test_a_deal_of_49_999_passes_the_deal_desk_and_one_of_50_000_queues() -> None:
    model = template("approvals")
    sure = [way.model_copy(update={"probability": 1.0}) for way in (model.stages[0].exits[0],)]
    assert sure[0].to == "Proposal"
    for amount, gated in ((49_999.0, False), (50_000.0, True)):
        log = ss.simulate(_priced(model, amount), seed=1, cases=40, until=LONG)
        assert log.visits["stage"].eq("Deal desk").any() == gated


def _priced(model: ss.Model, amount: float) -> ss.Model:
    """Return the model with deals of one amount and no discount."""
    changes = [
        {"set": {"path": "segments[*].amount", "to": amount}},
        {"set": {"path": "pricing.discount", "to": 0.0}},
    ]
    return ss.apply(ss.Scenario(changes=changes), model).last


def test_the_pool_takes_back_what_nobody_begins() -> None:
    model = template("public_pool")
    role = model.roles[0]
    assert (role.max_open_deals, role.recycle_days, role.reclaim_days) == (40, 7, 0.5)
    log = ss.simulate(model, seed=1, until="2027-12-31")
    moved = log.tasks.groupby("deal_id")["rep"].nunique()
    assert (moved > 1).any(), "some deals change hands"


def test_a_newcomer_changes_headcount_one_stage_and_one_pay_plan(tmp_path: Path) -> None:
    text = (FOLDER / "linear.yaml").read_text(encoding="utf-8")
    for old, new in (
        ("{count: 4, role: 销售", "{count: 5, role: 销售"),
        ("probability: 0.70,", "probability: 0.60,"),
        ("probability: 0.30,", "probability: 0.40,"),
        ("quota: 280000", "quota: 300000"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    mine = ss.load_model(tmp_path / "mine.yaml")
    assert (mine.reps[0].count, mine.stages[3].exits[0].probability, mine.plans["标准"].quota) == (5, 0.6, 300000)


def test_sdr_and_ae_are_both_credited_for_what_they_win_together() -> None:
    kpis = ss.simulate(template("inside_sales_sdr"), seed=1).kpis()
    assert kpis["quota_attainment[role=SDR]"] == pytest.approx(kpis["quota_attainment[role=AE]"])
    assert kpis["quota_attainment[role=AE]"] > 0.5


@pytest.mark.parametrize("names", VOCABULARIES.values(), ids=VOCABULARIES)
def test_a_model_may_speak_any_of_the_five_vocabularies(names: tuple[str, ...]) -> None:
    *selling, after = names
    stages = [
        {"name": name, "exits": [{"to": to, "probability": 0.8, "delay_days": 3}, {"to": "lost", "probability": 0.2}]}
        for name, to in zip(selling, [*selling[1:], "won"], strict=True)
    ]
    stages[-1]["exits"][0]["then"] = after
    stages.append({"name": after, "after_sale": True, "exits": [{"to": "retained", "probability": 1.0}]})
    model = ss.Model(process="linear", channels=[{"name": "web", "leads_per_week": 5.0}], stages=stages)
    assert canonical(names[0])[0] == "prospecting"
    assert outcomes(model)["won"] == pytest.approx(0.8 ** len(selling))
    log = ss.simulate(model, seed=1, cases=50, until="2029-12-31")
    assert set(log.deals.loc[log.deals["status"] == "won", "after"]) == {"retained"}
