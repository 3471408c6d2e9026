"""Every sentence, tile and table of a comparison is held against the numbers of made-up comparisons: the same by chance or for sure."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from simsales import render
from simsales.experiment import Comparison, Study
from simsales.experiment.setting import Setting
from simsales.intervals import share_bounds
from simsales.report import html_report, sentences, text
from simsales.report.sections.verdicts import scenario_headline, verdicts

KINDS = ("nothing", "waste", "shift", "noise", "slight", "double")
SETTING = Setting("2027-01-01", "2027-12-31", 0, 0, assumed=("The reaction of effort to pay is assumed, not measured.",))


def made(seed: int) -> Comparison:
    """A comparison with scenarios that do nothing, cost for sure, shift every replication alike, or only make noise."""
    draw = np.random.default_rng(seed)
    n = int(draw.choice([2, 3, 8, 12, 30]))
    base = pd.DataFrame({"bookings": draw.lognormal(14, 0.4, n), "cost": draw.lognormal(12, 0.1, n), "cycle_days": draw.normal(60, 3, n)})
    studies = [_study("today", base)]
    for i in range(int(draw.integers(1, 6))):
        kind = str(draw.choice(KINDS))
        gain, cost = base["bookings"].to_numpy().copy(), base["cost"].to_numpy().copy()
        if kind == "waste":
            cost += float(draw.choice([1e3, 5e7]))
        elif kind == "shift":  # strongly correlated with the base and with one another
            gain *= 1.0 + float(draw.choice([-0.2, 0.05, 0.051, 0.2])) + draw.normal(0, 1e-3, n)
        elif kind == "slight":
            gain += draw.normal(2e3, 1e3, n)
        elif kind == "noise":
            gain += draw.normal(0, 2e5, n)
        elif kind == "double":
            gain, cost = 2 * gain, 2 * cost
        days = base["cycle_days"] * float(draw.choice([1.0, 0.8, 1.2]))
        studies.append(_study(f"{kind} {i}", pd.DataFrame({"bookings": gain, "cost": cost, "cycle_days": days})))
    return Comparison(tuple(studies), {}, replace(SETTING, replications=n), ("margin", "leads[channel=网站]"))


each = pytest.mark.parametrize("seed", range(40))


def _study(name: str, frame: pd.DataFrame) -> Study:
    frame = frame.assign(net=frame["bookings"] - frame["cost"], margin=0.7 * frame["bookings"])
    frame["leads[channel=网站]"] = 40.0 + 20.0 * ("double" in name)
    return Study(name, frame, "USD", {})


COMPARISONS = {seed: made(seed) for seed in range(40)}


@cache
def shown(seed: int) -> tuple[dict[str, Any], str]:
    """JSON shape and terminal text of a comparison."""
    data = COMPARISONS[seed].to_dict()
    return data, render.compare_text(data, "USD")


def line_of(seed: int, name: str) -> str:
    """The closing line of a scenario on the terminal."""
    return next(line for line in shown(seed)[1].splitlines() if line.startswith(f"{name}: "))


@each
def test_what_is_exactly_zero_is_unchanged_and_never_chance(seed: int) -> None:
    result = COMPARISONS[seed]
    for name in result.names[1:]:
        zero = bool((result.samples("bookings")[name] == 0.0).all())
        assert zero == name.startswith(("nothing", "waste"))
        for said in (line_of(seed, name), " ".join(line for line in verdicts(shown(seed)[0], "USD") if f"“{name}”" in line)):
            assert ("bookings unchanged" in said) == zero
            assert not (zero and "chance" in said)


@each
def test_a_sure_loss_is_said_with_its_cost(seed: int) -> None:
    result = COMPARISONS[seed]
    for name in result.names[1:]:
        net = result.table.loc[(name, "net")]
        if net["high"] < 0:
            said = line_of(seed, name)
            assert f"net -{text.money(-net['difference'], 'USD')}" in said
            assert "cannot be told from zero" not in said
            if name.startswith("waste"):
                assert re.search(r": bookings unchanged; costs \$\S+ more: net -\$\S+\.$", said)


@each
def test_net_has_its_interval_or_is_not_told_from_zero(seed: int) -> None:
    result = COMPARISONS[seed]
    for name in result.names[1:]:
        net = result.table.loc[(name, "net")]
        said = line_of(seed, name)
        assert ("net cannot be told from zero" in said) == (net["low"] < 0 < net["high"])
        if net["low"] != net["high"]:
            assert f"({text.signed(net['low'], 'money', 'USD')} to {text.signed(net['high'], 'money', 'USD')})" in said


@each
def test_no_ranking_contradicts_the_paired_runs(seed: int) -> None:
    result = COMPARISONS[seed]
    data = shown(seed)[0]
    for kpi, sign in (("bookings", 1), ("net", 1), ("cycle_days", -1)):
        for said in sentences.leaders(data, kpi, "USD"):
            best = re.search(r"(?:come with|most with) “([^”]+)”: |“([^”]+)” is best: ", said)
            if best:  # told apart from each other one by the paired interval alone
                name = best[1] or best[2]
                for other in set(result.names[1:]) - {name}:
                    row = result.between(name, other).loc[kpi]
                    assert min(sign * row["low"], sign * row["high"]) > 0 or _behind(result, other, kpi, sign)
                assert sign * result.table.loc[(name, kpi), "difference"] > 0
            doubt = re.search(r"cannot be told: “([^”]+)” minus “([^”]+)”", said)
            if doubt:
                row = result.between(doubt[1], doubt[2]).loc[kpi]
                assert row["low"] <= 0 <= row["high"]
            for alone in re.findall(r"“([^”]+)” and “([^”]+)” come to the same", said):
                assert (result.between(*alone).loc[kpi, ["low", "high"]] == 0).all()


def _behind(result: Comparison, name: str, kpi: str, sign: int) -> bool:
    """Whether a scenario does not gain against the base for sure: it is behind one that does."""
    row = result.table.loc[(name, kpi)]
    return max(sign * row["low"], sign * row["high"]) <= 0


@each
def test_every_probability_is_one_that_so_many_replications_bear(seed: int) -> None:
    result = COMPARISONS[seed]
    n = len(result.base.frame)
    said = shown(seed)[1]
    for k, m, least in re.findall(r"(\d+) of (\d+): at least (\d+) %", said):
        assert k == m == str(n)
        assert (int(least) / 100) ** n <= 0.05
    for m, most in re.findall(r"0 of (\d+): at most (\d+) %", said):
        assert (1 - int(most) / 100) ** int(m) <= 0.05
    for share, low, high in re.findall(r"(\d+) % \((\d+) to (\d+) %\)", said):
        k = round(int(share) / 100 * n * 2) / 2  # half a tie lies between two counts
        assert binom.sf(np.floor(k) - 1, n, int(low) / 100) <= 0.05 or k % 1
        assert binom.cdf(np.ceil(k), n, int(high) / 100) <= 0.05 or k % 1
        assert int(low) <= int(share) <= int(high)
    assert not re.search(r">9\d %", said)


def test_what_is_left_of_adding_up_is_no_difference() -> None:
    frame = pd.DataFrame({"bookings": [0.3, 0.6], "cost": [0.0, 0.0], "net": [0.3, 0.6]})
    other = frame.assign(bookings=[0.1 + 0.2, 0.2 + 0.4])
    found = Comparison((Study("a", frame, "USD", {}), Study("b", other, "USD", {})), {})
    assert found.table.loc[("b", "bookings"), ["difference", "low", "high", "p_better"]].tolist() == [0.0, 0.0, 0.0, 0.5]


def test_net_is_not_spoken_of_where_nothing_costs() -> None:
    frame = pd.DataFrame({"bookings": [1.0, 2.0, 4.0], "cost": 0.0, "net": [1.0, 2.0, 4.0]})
    more = frame.assign(bookings=[9.0, 10.0, 13.0], net=[9.0, 10.0, 13.0])
    said = render.compare_text(Comparison((Study("a", frame, "USD", {}), Study("b", more, "USD", {})), {}).to_dict(), "USD")
    assert "b: $8.33 more bookings" in said
    assert "net" not in said.lower()


def test_paired_runs_rank_where_intervals_against_the_base_overlap() -> None:
    luck = np.array([10.0, 60.0, 35.0, 80.0, 20.0, 55.0]) * 1e4
    base = pd.DataFrame({"bookings": luck, "cost": 1.0, "net": luck - 1.0})
    a, b = (base.assign(bookings=luck * by, net=luck * by - 1.0) for by in (1.30, 1.25))
    found = Comparison(tuple(Study(name, frame, "USD", {}) for name, frame in (("now", base), ("a", a), ("b", b))), {})
    low, high = found.table.loc[("a", "net"), "low"], found.table.loc[("b", "net"), "high"]
    assert low < high  # by their own intervals nobody could tell
    assert "After cost, “a” is best" in " ".join(sentences.leaders(found.to_dict(), "net", "USD"))
    turned = Comparison((found.studies[0], found.studies[2], found.studies[1]), {})
    assert "After cost, “a” is best" in " ".join(sentences.leaders(turned.to_dict(), "net", "USD"))
    assert found.between("a", "b").loc["net", "difference"] == pytest.approx(-found.between("b", "a").loc["net", "difference"])


def test_the_best_of_many_equals_is_not_called_the_best() -> None:
    """Of five scenarios with the same true effect none is the best; the leader's plain interval would often say so."""
    wrong, worlds = 0, 40
    for seed in range(worlds):
        draw = np.random.default_rng(seed)
        base = draw.normal(1e6, 1e4, 12)
        frames = [base, *(base + 5e4 + draw.normal(0, 1e4, 12) for _ in range(5))]
        studies = [Study(f"s{i}", pd.DataFrame({"bookings": x, "cost": 1.0, "net": x - 1.0}), "USD", {}) for i, x in enumerate(frames)]
        wrong += "is best" in " ".join(sentences.leaders(Comparison(tuple(studies), {}).to_dict(), "net"))
    assert wrong <= 0.05 * worlds


@pytest.mark.parametrize("seed", [0, 9])
def test_a_page_shows_every_scenario_every_kpi_asked_for_and_what_was_simulated(seed: int, tmp_path: Path) -> None:
    result = made(seed)
    tiles = scenario_headline(result, "USD").cards
    assert [tile.label for tile in tiles] == [f"{name}: net" for name in result.names[1:]]
    page = html_report(tmp_path / "c.html", title="c", comparison=result).read_text(encoding="utf-8")
    plain = re.sub(r"<[^>]+>", " ", re.sub(r"<(style|svg).*?</\1>", "", page, flags=re.DOTALL))
    n = len(result.base.frame)
    for expected in ("Margin", "Leads, channel 网站", f"2027-01-01 to 2027-12-31, {n} replications", "starts without open deals",
                     "effort to pay is assumed", "95 % interval of net"):  # fmt: skip
        assert expected in plain
    rows = [row for row in re.findall(r"<tr>(.*?)</tr>", page, flags=re.DOTALL) if ">Margin<" in row]
    assert len(rows) >= len(result.names)
    assert "Noise floor" not in plain


@each
def test_the_terminal_shows_what_the_page_shows(seed: int) -> None:
    for expected in ("Margin", "Leads, channel 网站", "2027-01-01 to 2027-12-31", "starts without open deals", "effort to pay is assumed"):
        assert expected in shown(seed)[1]


def test_a_gain_from_speed_is_said_to_come_once() -> None:
    base = pd.DataFrame({"bookings": [1.0, 2.0, 3.0], "cycle_days": [60.0, 61.0, 62.0]})
    quick = base.assign(cycle_days=[30.0, 30.0, 32.0], bookings=[1.5, 2.5, 3.5])
    found = Comparison((Study("now", base, "USD", {}), Study("quick", quick, "USD", {}), Study("same", base, "USD", {})), {}, SETTING)
    once = next(line for line in found.to_dict()["says"] if "comes once" in line)
    assert once.startswith("“quick” changes how fast deals go")
    assert "“same”" not in once


@pytest.mark.parametrize("n", [1, 2, 8, 30, 200, 5000])
def test_bounds_are_those_of_clopper_and_pearson(n: int) -> None:
    assert share_bounds(1.0, n) == (pytest.approx(0.05 ** (1 / n)), 1.0)
    assert share_bounds(0.0, n) == (0.0, pytest.approx(1 - 0.05 ** (1 / n)))
    for k in {1, n // 3, n // 2, n - 1} - {0, n}:
        low, high = share_bounds(k / n, n)
        assert binom.sf(k - 1, n, low) == pytest.approx(0.05)
        assert binom.cdf(k, n, high) == pytest.approx(0.05)


def test_a_bound_covers_the_truth_in_95_of_100_worlds() -> None:
    draw = np.random.default_rng(7)
    for truth in (0.6, 0.9, 0.97):
        seen = draw.binomial(30, truth, 4000) / 30
        missed = np.mean([share_bounds(float(share), 30)[0] > truth for share in seen])
        assert missed <= 0.05 + 3 * (0.05 * 0.95 / 4000) ** 0.5
