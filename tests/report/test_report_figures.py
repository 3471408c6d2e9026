"""What the figures show. Contract tests run over the registry."""

from __future__ import annotations

from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
import report_samples as samples
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simsales.errors import InvalidInputError
from simsales.report import figures, palette, text
from simsales.report.figures import FIGURES
from simsales.report.svg import svg_text

NAMES = sorted(FIGURES)


def texts(ax: Axes) -> str:
    """Everything an axes writes, in one string."""
    from simsales.report.figures.base import figure_texts

    return "\n".join(figure_texts(ax))


def line(ax: Axes, label: str) -> np.ndarray:  # type: ignore[type-arg]
    """The heights of the line with a label."""
    return next(np.asarray(item.get_ydata(), dtype=float) for item in ax.lines if str(item.get_label()).startswith(label))


def test_every_figure_has_sample_data() -> None:
    assert set(samples.FIGURE_DATA) == set(FIGURES)
    assert set(FIGURES) | {"FIGURES"} == set(figures.__all__)


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_draws_where_it_is_told_and_returns_that(name: str) -> None:
    ax = Figure().add_subplot()
    assert FIGURES[name](samples.FIGURE_DATA[name](), ax=ax) is ax


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_makes_its_own_canvas_and_never_touches_pyplot(name: str) -> None:
    ax = FIGURES[name](samples.FIGURE_DATA[name]())
    assert ax._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]
    import matplotlib.pyplot as plt

    assert plt.get_fignums() == []


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_has_a_heading_and_a_labelled_axis_and_keeps_settings(name: str) -> None:
    before = dict(mpl.rcParams)
    ax = FIGURES[name](samples.FIGURE_DATA[name](), title="标题 $a$ & <b>")
    assert dict(mpl.rcParams) == before
    assert ax.get_title(loc="left") == "标题 $a$ & <b>"
    assert ax.get_xlabel() or ax.get_ylabel()
    svg_text(ax.figure)  # dollars are text, not formulas


@pytest.mark.parametrize("name", ["differences", "funnel", "queue", "stage_durations", "utilisation"])
def test_a_frame_without_its_columns_is_refused_by_name(name: str) -> None:
    with pytest.raises(
        InvalidInputError, match=f"data of the {name} figure must have the columns .* got wrong. Hint: .* missing"
    ):
        FIGURES[name](pd.DataFrame({"wrong": [1]}))
    with pytest.raises(InvalidInputError, match=f"data of the {name} figure must be a DataFrame, got list"):
        FIGURES[name]([1, 2])
    with pytest.raises(InvalidInputError, match=f"data of the {name} figure must have rows, got none"):
        FIGURES[name](samples.FIGURE_DATA[name]().iloc[:0])


def test_funnel_bars_are_the_counts_and_rates_stand_between_them() -> None:
    ax = figures.funnel(samples.funnel())
    assert [bar.get_width() for bar in ax.patches] == [1000, 800, 600]  # type: ignore[attr-defined]
    shown = texts(ax)
    for expected in ("线索", "1,000", "↓ 80.0 %", "↓ 75.0 %", "↓ 50.0 % won", "60.0 % of the first"):
        assert expected in shown


@pytest.mark.parametrize("name", ["differences", "funnel", "stage_durations", "utilisation"])
def test_very_long_names_are_cut_so_that_the_drawing_keeps_its_room(name: str) -> None:
    data = samples.FIGURE_DATA[name]()
    column = {"differences": "scenario", "utilisation": "rep"}.get(name, "stage")
    data[column] = [f"{value} 很长的名字 and more of it" * 6 for value in data[column]]
    ax = FIGURES[name](data)
    svg_text(ax.figure)  # the layout would warn if nothing were left for the axes
    assert "…" in texts(ax)
    assert max(len(line) for line in texts(ax).split("\n")) < 100


def test_funnel_leaves_out_stages_that_nobody_entered() -> None:
    ax = figures.funnel(pd.DataFrame({"stage": ["Open", "unused"], "entered": [10, 0], "rate": [0.5, np.nan]}))
    assert [bar.get_width() for bar in ax.patches] == [10]  # type: ignore[attr-defined]
    assert "unused" not in texts(ax)


def test_funnel_sets_open_deals_apart() -> None:
    ax = figures.funnel(samples.funnel().assign(open=[100, 0, 50]))
    widths = [bar.get_width() for bar in ax.patches]  # type: ignore[attr-defined]
    assert widths == [900, 800, 550, 100, 0, 50]


def test_fan_shows_median_past_target_and_the_chance_to_reach_it() -> None:
    fc = samples.forecast()
    ax = figures.fan(fc)
    assert line(ax, "median").tolist() == [1.0e6, 2.6e6]
    assert line(ax, "booked").tolist() == [0.0, 1.0e6]
    target = next(item for item in ax.lines if str(item.get_label()).startswith("target"))
    assert set(np.asarray(target.get_ydata())) == {3.0e6}
    assert target.get_linestyle() == "--"
    share = float((fc.samples >= 3.0e6).mean())
    assert ax.get_title(loc="left") == f"P(bookings reach ¥3.00M) = {text.chance(share, len(fc.samples))}"
    for expected in ("as of 2026-11-07", "P50 ¥2.60M", "Cumulative bookings (CNY)"):
        assert expected in texts(ax)


def test_fan_without_a_target_speaks_of_the_median() -> None:
    ax = figures.fan(samples.forecast(target=None))
    assert ax.get_title(loc="left") == "Median ¥2.60M"
    assert not [item for item in ax.lines if str(item.get_label()).startswith("target")]


def test_fan_of_a_period_that_just_begins_has_no_past() -> None:
    fc = samples.forecast()
    fc.paths = fc.paths.iloc[1:].assign(actual=np.nan)
    assert not [item for item in figures.fan(fc).lines if str(item.get_label()).startswith("booked")]


def test_split_bars_are_means_that_add_up() -> None:
    ax = figures.split(samples.forecast())
    heights = [bar.get_height() for bar in ax.patches]  # type: ignore[attr-defined]
    bottoms = [bar.get_y() for bar in ax.patches]  # type: ignore[attr-defined]
    np.testing.assert_allclose(heights, [1.0e6, 1.2e6, 4.0e5, 2.6e6])
    np.testing.assert_allclose(bottoms, [0.0, 1.0e6, 2.2e6, 0.0])


def test_split_survives_no_samples() -> None:
    fc = SimpleNamespace(booked=5.0, open_samples=[], new_samples=[np.nan], samples=[5.0], target=None, currency=None)
    assert [bar.get_height() for bar in figures.split(fc).patches] == [5.0, 0.0, 0.0, 5.0]  # type: ignore[attr-defined]


def test_differences_show_mean_interval_spread_and_chance() -> None:
    ax = figures.differences(samples.differences(), currency="CNY")
    drawn = [np.asarray(item.get_xdata(), dtype=float).tolist() for item in ax.lines]
    for expected in ([1.0e6, 6.0e6], [3.3e6, 4.1e6], [3.7e6]):
        assert expected in drawn
    shown = texts(ax)
    for expected in (
        "加两名销售",
        "+¥3.70M   P(better) 97 %",
        "-¥400K   P(better) 38 %",
        "Difference in bookings from the base (CNY)",
    ):
        assert expected in shown


def test_a_difference_that_may_be_chance_is_drawn_thin_and_grey() -> None:
    rows = samples.differences().assign(low=[3.3e6, -9.0e5], high=[4.1e6, 1.0e5])
    ax = figures.differences(rows, currency="CNY")
    bars = {tuple(np.asarray(item.get_xdata()).tolist()): item for item in ax.lines if len(item.get_xdata()) == 2}  # type: ignore[arg-type]
    sure, unsure = bars[3.3e6, 4.1e6], bars[-9.0e5, 1.0e5]
    assert (sure.get_color(), unsure.get_color()) == (palette.BLUE, palette.MUTED)
    assert unsure.get_linewidth() < sure.get_linewidth()
    assert unsure.get_label() == "95 % interval of the mean, not told from chance"
    assert next(item for item in ax.texts if "38 %" in item.get_text()).get_color() == palette.MUTED


def test_differences_in_shares_are_percentage_points() -> None:
    ax = figures.differences(samples.differences().assign(difference=0.021, low=0.01, high=0.03), kpi="win_rate", unit="share")
    assert "+2.1 points" in texts(ax)
    assert ax.get_xlabel() == "Difference in win rate from the base (percentage points)"


def test_ecdf_counts_ties_half_and_knows_the_good_direction() -> None:
    data = {"a": [-1.0, 0.0, 1.0, 2.0]}  # two better, one tie, one worse
    assert "a: better in 62 % (16 to 96 %)" in texts(figures.ecdf(data))
    assert "a: better in 38 % (4 to 84 %)" in texts(figures.ecdf(data, kpi="cycle_days", unit="days", better="lower"))
    assert line(figures.ecdf(data), "a").tolist() == [0.25, 0.5, 0.75, 1.0]


def test_ecdf_without_differences_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="ecdf figure must hold differences, got none"):
        figures.ecdf({"a": [np.nan]})


def test_stage_durations_add_up_the_exits_of_a_stage() -> None:
    ax = figures.stage_durations(samples.curves())
    assert line(ax, "报价").tolist() == [0.0, 0.375, 0.75]  # (0.5 + 0.25) x days / 10
    assert "still open (censored)" in texts(ax)
    assert "visits still followed" in texts(ax)


def test_stage_durations_of_one_stage_show_each_exit_and_mark_open_visits_on_the_curve() -> None:
    ax = figures.stage_durations(samples.curves(), stage="报价")
    assert line(ax, "won").tolist() == [0.0, 0.25, 0.5]
    assert line(ax, "lost").tolist() == [0.0, 0.125, 0.25]
    whole = figures.stage_durations(samples.curves())
    marks = next(item for item in whole.lines if item.get_marker() == "|")
    assert np.asarray(marks.get_ydata()).tolist() == [0.375]  # at 7 days the curve still stands where it was at 5


def test_a_few_very_old_stays_do_not_squeeze_the_curves() -> None:
    old = pd.DataFrame(
        {"stage": ["报价"], "days": [1000.0], "p": [np.nan], "exit": [""], "kind": ["censored"], "at_risk": [np.nan]}
    )
    ax = figures.stage_durations(pd.concat([samples.curves(), old], ignore_index=True))
    assert ax.get_xlim()[1] == pytest.approx(20.4)  # twice the 10 days by which all is over
    assert ax.get_xlabel() == "Days in the stage (the longest stay: 1,000 days)"


def test_an_unknown_stage_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InvalidInputError, match="stage must be one of .*got 'Negotiatoin'. Hint: did you mean 'Negotiation'"):
        figures.stage_durations(samples.curves(), stage="Negotiatoin")


def test_utilisation_writes_shares_into_cells_in_the_order_of_the_data() -> None:
    ax = figures.utilisation(samples.utilisation())
    assert [item.get_text() for item in ax.get_yticklabels()] == ["AE rep-1", "AE rep-2", "AE rep-3"]
    cells = [item.get_text() for item in ax.texts]
    assert cells == ["25"] * 3 + ["50"] * 3 + ["75"] * 3


def test_utilisation_of_hours_says_so() -> None:
    data = samples.utilisation().rename(columns={"utilisation": "work_hours"})
    ax = figures.utilisation(data)
    assert "hours of work" in {other.get_ylabel() for other in ax.figure.axes}


def test_queue_steps_are_the_counts() -> None:
    ax = figures.queue(samples.queue())
    assert line(ax, "销售经理").tolist() == [0.0, 2.0, 1.0, 3.0]


def test_distribution_marks_its_quantiles() -> None:
    ax = figures.distribution(np.arange(0.0, 101.0) * 1e5, currency="USD", target=5.0e6)
    for expected in ("P10 $1.00M", "P50 $5.00M", "P90 $9.00M", "Bookings (USD)", "Bookings over 101 runs"):
        assert expected in texts(ax)
    with pytest.raises(InvalidInputError, match="distribution figure must hold numbers, got none"):
        figures.distribution([np.nan])
