"""A page of scenarios claims no more than the intervals bear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simsales.report import html_report
from simsales.report.measures import busy_lines
from simsales.report.sections.scenarios import all_measures, scenario_section
from simsales.report.sections.verdicts import scenario_headline, verdicts
from simsales.report.view import Canvas, Muted, Prose, Table

Gap = tuple[float, float, float, float]


def comparison(kpi: str = "bookings", **gaps: Gap) -> dict[str, Any]:
    """A base and scenarios with (mean, low, high, P(better)) of one KPI; bookings are unknown unless they are it."""
    found: list[dict[str, Any]] = [{"name": "today", "kpis": {kpi: {"mean": 100.0}}, "difference": {}, "cost": 1.0}]
    for name, gap in gaps.items():
        known = dict(zip(("mean", "low", "high", "p_better"), gap, strict=True))
        even = {"mean": 0.0, "low": -1.0, "high": 1.0, "p_better": 0.5}
        entry = {"name": name, "kpis": {kpi: {"mean": 100.0 + gap[0]}}, "difference": {"bookings": even, kpi: known}, "cost": 1.0}
        found.append(entry)
    return {"scenarios": found}


def verdict_of(kpi: str, **gaps: Gap) -> str:
    return " ".join(scenario_headline(comparison(kpi, **gaps), "CNY").verdict)


def test_the_best_is_named_only_when_its_interval_stands_apart() -> None:
    apart = verdict_of("cycle_days", a=(-9.0, -10.0, -8.0, 0.9), b=(-3.0, -4.0, -2.0, 0.8))
    assert "The cycle shortens most with “a”: -9 days on average against “today”, 6 days shorter than “b”, the next (4 days to 8 days" in apart


def test_scenarios_of_which_no_paired_runs_are_known_are_alike_where_their_intervals_overlap() -> None:
    alike = verdict_of("cycle_days", c=(1.0, -1.0, 3.0, 0.4), b=(-8.5, -9.5, -7.5, 0.8), a=(-9.0, -10.0, -8.0, 0.9))
    said = "“a” (-9 days) and “b” (-8.50 days) shorten the cycle; which does most cannot be told: “a” minus “b” is -0.500 days (-2.50 days to +1.50 days)"
    assert said in alike
    assert "shortens most" not in alike


def test_a_runner_up_that_may_be_chance_still_takes_the_superlative_away() -> None:
    perhaps = verdict_of("bookings", a=(5.0, 1.0, 9.0, 0.8), b=(3.0, -2.0, 8.0, 0.6))
    assert "“a” raises bookings: +¥5 on average against “today”; whether more than “b” cannot be told from chance." in perhaps
    assert "Most bookings" not in perhaps


def test_where_every_interval_includes_zero_no_scenario_wins() -> None:
    nothing = verdict_of("cycle_days", a=(-2.0, -5.0, 1.0, 0.6), b=(-1.0, -3.0, 1.0, 0.55))
    assert "No scenario shortens the cycle beyond chance." in nothing
    assert "No scenario raises bookings beyond chance." in nothing


def test_a_scenario_that_surely_lengthens_the_cycle_is_not_its_winner() -> None:
    assert "“a” (+4 days) lengthens the cycle." in verdict_of("cycle_days", a=(4.0, 2.0, 6.0, 0.1))


def test_net_of_cost_obeys_the_same_rule() -> None:
    assert "After cost, “a” (+¥5) and “b” (+¥4) gain; which does most cannot be told" in verdict_of("net", a=(5.0, 3.0, 7.0, 0.9), b=(4.0, 2.0, 6.0, 0.9))
    assert "After cost, “b” loses ¥4. After cost, “a” is best: +¥5 on average against “today”, ¥9 more than “b”, the next" in verdict_of("net", a=(5.0, 4.0, 6.0, 0.9), b=(-4.0, -5.0, -3.0, 0.1))
    assert "After cost, none gains beyond chance." in verdict_of("net", a=(5.0, -4.0, 14.0, 0.6), b=(4.0, -2.0, 10.0, 0.6))


def test_each_scenario_has_the_verdict_of_the_command_line() -> None:
    said = verdicts(comparison(a=(5.0, 1.0, 9.0, 0.8), b=(3.0, -2.0, 8.0, 0.6), c=(-6.0, -8.0, -4.0, 0.1)), "CNY")
    assert said == (
        "“a”: ¥5 more bookings (¥1 to ¥9).",
        "“b”: no difference in bookings can be told from chance with these replications.",
        "“c”: ¥6 less bookings (¥4 to ¥8).",
    )


def test_a_mean_and_a_chance_that_disagree_are_explained() -> None:
    worse = verdicts(comparison(a=(-2.0, -6.0, 2.0, 0.62)))
    assert worse[1] == (
        "“a”, bookings: worse on average, yet better in 62 % of the replications, because a few bad futures weigh more than "
        "many slightly better ones."
    )
    better = verdicts(comparison(a=(2.0, -6.0, 9.0, 0.38)))
    assert "better on average, yet better in only 38 % of the replications" in better[1]
    assert len(verdicts(comparison(a=(-2.0, -6.0, 2.0, 0.4), b=(2.0, -6.0, 9.0, 0.6), c=(-2.0, -6.0, 2.0, 0.504)))) == 3
    longer = verdicts(comparison("cycle_days", a=(2.0, -1.0, 5.0, 0.6)))  # a longer cycle is worse
    assert "“a”, median cycle time: worse on average, yet better in 60 %" in longer[1]


def test_cards_and_cells_that_may_be_chance_are_muted() -> None:
    found = comparison(a=(5.0, 1.0, 9.0, 0.8), b=(3.0, -2.0, 8.0, 0.6), c=(-6.0, -8.0, -4.0, 0.1))
    cards = scenario_headline(found, "CNY").cards
    assert [card.tone for card in cards] == ["good", "unsure", "bad"]
    assert cards[0].note == "95 % interval of the mean difference:\n+¥1 to +¥9\nP(better) 80 %"
    assert cards[1].note.startswith("cannot be told from chance\n95 % interval of the mean difference:\n-¥2 to +¥8")
    table = scenario_section(found, Canvas(), "CNY").blocks[0]
    assert isinstance(table, Table)
    assert [isinstance(row[2], Muted) for row in table.rows[1:]] == [False, True, False]
    assert [isinstance(row[3], Muted) for row in table.rows[1:]] == [False, True, False]


def test_a_muted_cell_is_grey_on_the_page_and_escaped(tmp_path: Path) -> None:
    found = comparison(**{"<b>": (3.0, -2.0, 8.0, 0.6)})
    page = html_report(tmp_path / "c.html", title="c", comparison=found, currency="CNY").read_text(encoding="utf-8")
    assert '<td class="r faint" data-label="Difference">+¥3</td>' in page  # the label stands beside it on a narrow screen
    assert '<div class="card unsure">' in page
    assert "<b>:" not in page


def kpis(busy: float | None, late: float | None) -> dict[str, dict[str, float | None]]:
    means = {"bookings": 1.0, "utilisation": 0.6, "utilisation[role=AE]": busy, "utilisation[role=SDR]": 0.25, "utilisation[rep=Bo]": 0.9,
             "sla_breach": late, "sla_breach[stage=报价]": late, "sla_breach[stage=Demo]": None}  # fmt: skip
    return {name: {"mean": mean} for name, mean in means.items()}


def test_measures_show_each_role_and_the_service_levels_that_exist() -> None:
    rows = all_measures([{"name": "today", "kpis": kpis(0.97, 0.125)}]).rows
    assert rows == (
        ("Bookings", "1"), ("Utilisation", "60.0 %"), ("Utilisation, role AE", "97.0 %"), ("Utilisation, role SDR", "25.0 %"),
        ("Stays beyond their service level", "12.5 %"), ("Stays beyond their service level, stage 报价", "12.5 %"),
    )  # fmt: skip
    assert not any("service level" in row[0] for row in all_measures([{"name": "today", "kpis": kpis(0.5, None)}]).rows)


@pytest.mark.parametrize(("busy", "lines"), [(0.97, 1), (0.95, 0), (None, 0)])
def test_roles_that_are_busy_nearly_all_the_time_are_named(busy: float | None, lines: int) -> None:
    said = busy_lines("“two SDR”", kpis(busy, None))
    assert len(said) == lines
    assert said == ["“two SDR”: reps are busy nearly all the time (AE 97 %): queues grow; check hours, reps and leads."][:lines]
    found = comparison(a=(5.0, 1.0, 9.0, 0.8))
    found["scenarios"][1]["kpis"] = kpis(busy, None)
    warned = [block for block in scenario_section(found, Canvas()).blocks if isinstance(block, Prose) and block.tone == "warning"]
    assert len(warned) == lines


def test_the_words_are_those_of_the_command_line() -> None:
    from simsales import render

    found = comparison(a=(5.0, -1.0, 9.0, 0.8))
    assert verdicts(found)[0].replace("“", "").replace("”", "") in render.compare_text(found, None).splitlines()
