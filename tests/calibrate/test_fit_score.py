"""A lead score fitted to closed deals."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from simsales.calibrate.scoring import PRIOR_SD, FittedScore, auc, fit_score
from simsales.engine import simulate
from simsales.errors import HistoryError
from simsales.history import History, ImportReport
from simsales.history.tables import shaped
from simsales.model.schema import Model
from simsales.model.scoring import lead_scores

FEATURES = ["visits", "channel"]


def history(deals: pd.DataFrame, mapping: dict[str, Any] | None = None) -> History:
    start = pd.Timestamp("2026-01-01", tz="UTC")
    n = len(deals)
    created = pd.Series(pd.DatetimeIndex([start] * n)) + pd.to_timedelta(np.arange(n) % 200, unit="D")
    deals = deals.assign(deal_id=[f"D{i:05d}" for i in range(n)], created_at=created.to_numpy())
    empty = {name: shaped(pd.DataFrame(), name) for name in ("visits", "tasks", "reps", "stages")}
    return History(
        deals=shaped(deals, "deals"), **empty, report=ImportReport(source="test", mapping=mapping or {}),
        observed_from=start, observed_until=start + pd.Timedelta(days=400), history_class="D",
    )  # fmt: skip


def world(n: int = 4000, seed: int = 3) -> pd.DataFrame:
    """Deals whose odds are known: -1 + 0.3 visits + 0.8 referral."""
    draw = np.random.default_rng(seed)
    visits = draw.poisson(3.0, n).astype(float)
    channel = draw.choice(["web", "转介绍", "fair"], n, p=[0.6, 0.3, 0.1])
    logit = -1.0 + 0.3 * visits + 0.8 * (channel == "转介绍")
    won = draw.random(n) < 1 / (1 + np.exp(-logit))
    status = np.where(won, "won", np.where(draw.random(n) < 0.3, "no_decision", "lost"))
    return pd.DataFrame({"visits": visits, "channel": channel, "status": status})


@pytest.fixture(scope="module")
def fitted() -> FittedScore:
    return fit_score(history(world()), FEATURES, known_at_creation=["visits"])


def test_known_odds_are_recovered_inside_their_intervals(fitted: FittedScore) -> None:
    rows = fitted.table.set_index(["feature", "level"])
    assert list(rows.index) == [("visits", ""), ("channel", "转介绍"), ("channel", "fair")]
    for key, truth in ((("visits", ""), 0.3), (("channel", "转介绍"), 0.8), (("channel", "fair"), 0.0)):
        error = (rows.loc[key, "high"] - rows.loc[key, "low"]) / (2 * 1.96)
        assert abs(rows.loc[key, "coefficient"] - truth) < 3 * error
        assert error < 0.15
    assert abs(fitted.intercept + 1.0) < 0.25


def test_newton_finds_what_a_general_optimiser_finds(fitted: FittedScore) -> None:
    data = world()
    x = np.column_stack([
        np.ones(len(data)), (data["visits"] - data["visits"].mean()) / data["visits"].std(ddof=0),
        data["channel"] == "转介绍", data["channel"] == "fair",
    ]).astype(float)  # fmt: skip
    sign = np.where(data["status"] == "won", 1.0, -1.0)

    def loss(beta: np.ndarray) -> float:
        return float(np.log1p(np.exp(-sign * (x @ beta))).sum() + 0.5 * (beta[1:] ** 2).sum() / PRIOR_SD**2)

    found = optimize.minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-3}).x
    np.testing.assert_allclose(fitted.beta, found, atol=1e-4)


def test_auc_counts_pairs() -> None:
    draw = np.random.default_rng(1)
    scores, y = draw.integers(0, 9, 80).astype(float), draw.random(80) < 0.4
    pairs = [(a > b) + 0.5 * (a == b) for a in scores[y] for b in scores[~y]]
    found = auc(scores, y)
    assert found.value == pytest.approx(np.mean(pairs), abs=1e-12)
    components_won = [np.mean([(a > b) + 0.5 * (a == b) for b in scores[~y]]) for a in scores[y]]
    components_not = [np.mean([(a > b) + 0.5 * (a == b) for a in scores[y]]) for b in scores[~y]]
    error = np.sqrt(np.var(components_won, ddof=1) / y.sum() + np.var(components_not, ddof=1) / (~y).sum())
    assert (found.high - found.low) / 2 == pytest.approx(1.959964 * error, rel=1e-6)


def test_noise_scores_a_coin_on_deals_held_out() -> None:
    data = world(600).assign(visits=np.random.default_rng(9).random(600), channel="web")
    found = fit_score(history(data), FEATURES, known_at_creation=["visits"])
    assert found.cross_validated.low < 0.5
    assert found.in_sample.value >= found.cross_validated.value
    assert "No feature is clearly associated" in found.explain()


def test_a_true_signal_shows_on_deals_held_out(fitted: FittedScore) -> None:
    data = world()
    logit = 0.3 * data["visits"] + 0.8 * (data["channel"] == "转介绍")
    best = auc(logit.to_numpy(float), (data["status"] == "won").to_numpy())
    assert fitted.cross_validated.value == pytest.approx(best.value, abs=0.01)
    assert fitted.cross_validated.low > 0.55


def test_the_order_of_rows_changes_nothing(fitted: FittedScore) -> None:
    ours = history(world())
    flipped = History(**{**ours.__dict__, "deals": ours.deals.iloc[::-1].reset_index(drop=True)})
    again = fit_score(flipped, FEATURES, known_at_creation=["visits"])
    np.testing.assert_allclose(again.table["coefficient"], fitted.table["coefficient"], rtol=1e-8)
    assert again.cross_validated.value == pytest.approx(fitted.cross_validated.value, abs=1e-9)


def test_numbers_alone_give_a_scoring_with_the_same_probabilities() -> None:
    data = world()
    found = fit_score(history(data), ["visits"], known_at_creation=["visits"])
    scoring = found.scoring()
    assert scoring.form == "logistic"
    expected = found.predict(data)
    np.testing.assert_allclose(lead_scores(scoring, [data["visits"].to_numpy()]), expected, rtol=1e-12)
    drawn = scoring.factors[0].law
    assert drawn is not None
    assert drawn.mean() == pytest.approx(3.0, abs=0.3)


def test_other_features_enter_the_scoring_with_their_average(fitted: FittedScore) -> None:
    scoring = fitted.scoring()
    shares, table = world()["channel"].value_counts(normalize=True), fitted.table.set_index("level")["coefficient"]
    average = shares["转介绍"] * table["转介绍"] + shares["fair"] * table["fair"]
    assert scoring.names == ("visits",)
    assert scoring.intercept == pytest.approx(fitted.intercept + average)


def test_open_deals_are_left_out_and_said_so() -> None:
    data = world(1000)
    more = pd.concat([data, data.assign(status="open", visits=99.0)], ignore_index=True)
    one, other = (fit_score(history(d), FEATURES, known_at_creation=["visits"]) for d in (data, more))
    np.testing.assert_allclose(one.table["coefficient"], other.table["coefficient"])
    assert "1,000 open deals are left out" in other.explain()
    assert "bias" in other.explain()


def test_unknown_values_and_small_levels_have_their_place() -> None:
    data = world(1000)
    data.loc[:99, "visits"] = np.nan
    data.loc[100:149, "channel"] = None
    data.loc[150:154, "channel"] = "rare"
    found = fit_score(history(data), FEATURES, known_at_creation=["visits"])
    assert set(found.table["level"]) == {"", "转介绍", "fair", "(unknown)", "(other)"}
    assert found.table.set_index("level").loc["(other)", "n"] == 5
    assert "visits: unknown in 100 closed deals" in found.explain()
    assert np.isfinite(found.predict(pd.DataFrame({"visits": [np.nan], "channel": ["never seen"]}))).all()


def test_words_speak_of_association_only(fitted: FittedScore) -> None:
    text = fitted.explain()
    assert "associated with higher odds" in text
    assert not re.search(r"\b(causes?|effects?|lift|drives?|impact|because)\b", text)


def test_separable_data_stay_finite() -> None:
    data = world(400)
    data["visits"] = np.where(data["status"] == "won", 10.0, 1.0)
    found = fit_score(history(data), ["visits"], known_at_creation=["visits"])
    assert np.isfinite(found.table["coefficient"]).all()
    assert found.in_sample.value == 1.0


@pytest.mark.parametrize(
    ("features", "known", "message"),
    [
        (["chanel"], [], "feature must be a column of the deals, got 'chanel'. Hint: did you mean 'channel'"),
        (["visits"], [], "feature 'visits' must be known when a deal is created, got no word that it is. Hint: if so, name it"),
        (["closed_at"], ["closed_at"], "feature 'closed_at' must be known when a deal is created"),
        ([], [], "features must name at least one column"),
        (["channel", "channel"], [], "features must be different, got channel, channel"),
    ],
)
def test_features_must_be_known_at_creation(features: list[str], known: list[str], message: str) -> None:
    with pytest.raises(HistoryError, match=message):
        fit_score(history(world(300)), features, known_at_creation=known)


def test_the_mapping_can_declare_a_column() -> None:
    assert fit_score(history(world(600), {"known_at_creation": ("visits",)}), ["visits"]).n_won > 50


def test_too_few_deals_are_refused() -> None:
    data = world(2000)
    few = pd.concat([data[data["status"] == "won"].head(49), data[data["status"] == "lost"].head(300)], ignore_index=True)
    with pytest.raises(HistoryError, match=r"at least 50 closed deals with outcome 'won' and 50 without, got 49 and 300. Hint"):
        fit_score(history(few), ["channel"])


def test_a_scoring_needs_numbers_that_laws_can_hold() -> None:
    data = world(600)
    with pytest.raises(HistoryError, match="features must hold a number to make a Scoring, got none"):
        fit_score(history(data), ["channel"]).scoring()
    with pytest.raises(HistoryError, match="feature 'visits' must not be negative to make a Scoring, got -"):
        fit_score(history(data.assign(visits=data["visits"] - 10)), ["visits"], known_at_creation=["visits"]).scoring()
    with pytest.raises(HistoryError, match="feature 'visits' must have values, got none"):
        fit_score(history(data.assign(visits=np.nan)), ["visits"], known_at_creation=["visits"])


@pytest.mark.data
def test_real_deals_give_an_honest_answer(shared_data: Any) -> None:
    from simsales.history import read_history

    found = fit_score(read_history(shared_data / "skygeni_deals" / "skygeni_sales_data.csv"), ["channel", "region", "product"])
    assert 0.4 < found.cross_validated.value < 0.65
    assert found.n_won + found.n_other > 4000


def test_a_run_is_read_as_its_history() -> None:
    chosen = Model(
        channels=[{"name": "web", "leads_per_week": 20.0}, {"name": "转介绍", "leads_per_week": 20.0}],
        segments=[{"name": "all", "amount": 100.0}], stages=[{"name": "Open", "exits": [
            {"to": "won", "probability": 0.4}, {"to": "lost", "probability": 0.6}]}],
    )  # fmt: skip
    log = simulate(chosen, cases=600)
    found, again = fit_score(log, ["channel"]), fit_score(log.to_history(), ["channel"])
    pd.testing.assert_frame_equal(found.table, again.table)
    assert found.n_won + found.n_other == int((log.deals["status"] != "open").sum())


@pytest.mark.parametrize("wrong", [pd.DataFrame({"status": ["won"]}), None, "deals.csv"])
def test_anything_else_is_refused_with_a_hint(wrong: Any) -> None:
    with pytest.raises(HistoryError, match=rf"must be a History or an EventLog, got {type(wrong).__name__}. Hint: pass the result of"):
        fit_score(wrong, ["channel"])


def test_a_score_no_better_than_a_coin_says_that_it_is_of_no_use(fitted: FittedScore) -> None:
    draw = np.random.default_rng(5)
    noise = pd.DataFrame({"visits": draw.poisson(3.0, 600).astype(float), "status": np.where(draw.random(600) < 0.4, "won", "lost")})
    coin = fit_score(history(noise), ["visits"], known_at_creation=["visits"])
    assert coin.cross_validated.low <= 0.5
    assert "this score tells nothing apart and should not be used" in coin.explain()
    assert "no better than a coin" in repr(coin)
    assert fitted.cross_validated.low > 0.5
    assert "should not be used" not in fitted.explain()
    assert "coin" not in repr(fitted)
