"""The page: complete, self-contained, escaped, and saying what it rests on."""

from __future__ import annotations

import os
import re
import warnings
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
import report_samples as samples

from simsales.errors import OutputError
from simsales.report import ReportWarning, html_report
from simsales.report.embed import page_font
from simsales.report.figures import queue, utilisation
from simsales.report.html import write_atomically

VOID = {"meta", "link", "br", "img", "hr", "input"}
HOSTILE = '<script>alert(1)</script> & "quoted" {{ 7 * 7 }}'


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are balanced."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.stack or self.stack[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with everything on it."""
    study = {"kpis": samples.kpis(4.12e7)}
    path = html_report(
        tmp_path_factory.mktemp("report") / "full.html", title="第四季度 forecast", import_report=samples.IMPORT,
        calibration=samples.calibration(), comparison=samples.Comparison(), study=study, forecast=samples.forecast(),
        funnel=samples.funnel(), figures={"How busy": utilisation(samples.utilisation()), "Waiting": queue(samples.queue())},
        notes=[HOSTILE],
    )  # fmt: skip
    return path.read_text(encoding="utf-8")


def test_the_page_is_well_formed_and_loads_nothing(full: str) -> None:
    page = Page(full)
    assert "script" not in {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), f"{tag} has a handler"
            if name in {"src", "href", "xlink:href", "action", "data", "poster", "srcset"}:
                assert value is not None
                assert value.startswith("#"), f"{tag} {name}={value}"
    for found in re.findall(r"url\(([^)]*)\)", full):
        assert found.startswith(("#", "data:font/woff;base64,")), found[:60]
    assert "@import" not in full
    assert "http" not in full


def test_identifiers_are_unique_and_every_reference_has_its_target(full: str) -> None:
    page = Page(full)
    ids = [attributes["id"] for _, attributes in page.tags if attributes.get("id")]
    assert len(ids) == len(set(ids))
    wanted = {
        value.removeprefix("#") for _, attributes in page.tags for name, value in attributes.items() if name == "href" and value
    }
    assert wanted <= set(ids)


def test_the_answer_stands_first_with_its_range_chance_and_split(full: str) -> None:
    text = Page(full).text
    top = text[: text.index("The forecast")]
    for expected in (
        "第四季度 forecast", "Bookings by 2026-12-31, median", "¥2.60M", "80 % range: ¥2.20M to ¥3.00M", "Chance to reach ¥3.00M",
        "Half of the simulated futures end above ¥2.60M", "the median is ¥400K short of it", "Already booked", "as of 2026-11-07",
        "Booked ¥1.00M", "Open pipeline, mean ¥1.20M", "New deals, mean ¥400K",
    ):  # fmt: skip
        assert expected in top


def test_errors_of_computing_chance_and_noise_are_kept_apart(full: str) -> None:
    text = Page(full).text
    for expected in (
        "Monte-Carlo error of the median",
        "±¥23.5K",
        "from 201 simulated futures",
        "Noise floor",
        "11 %",
        "Forecast spread",
    ):
        assert expected in text


def test_simple_methods_and_swing_deals_stand_beside_the_forecast(full: str) -> None:
    text = Page(full).text
    for expected in (
        "Run rate",
        "¥2.34M",
        "-10 %",
        "Stage weighted",
        "¥2.86M",
        "+10 %",
        "D-1",
        "谈判",
        "¥400,000",
        "±¥200K",
        "¥123,456",
    ):
        assert expected in text


def test_scenarios_show_difference_interval_chance_cost_and_net(full: str) -> None:
    text = Page(full).text
    for expected in ("today", "加两名销售", "+¥3.70M", "+¥3.30M to +¥4.10M", "97 %", "¥41.2M", "¥4.10M", "same random draws"):
        assert expected in text


def test_scenarios_say_whether_they_pay() -> None:
    from simsales.report.sections.scenarios import scenario_section
    from simsales.report.view import Canvas, Table

    blocks = scenario_section(samples.Comparison(), Canvas(), "CNY").blocks
    pays = next(block for block in blocks if isinstance(block, Table) and block.headings[0] == "Does it pay?")
    assert pays.rows[0] == ("加两名销售", "+¥1.00M", "2.4 %", "+¥3.70M", "+¥2.70M", "+¥2.30M to +¥3.10M", "50 %", "yes")


def test_undefined_numbers_of_a_comparison_are_said_to_be_unknown(tmp_path: Path) -> None:
    nothing = {"mean": None, "low": None, "high": None, "p_better": None}
    one = {
        "name": "a",
        "kpis": {"bookings": {"mean": 5.0}},
        "difference": {"bookings": {**nothing, "mean": 1.0}},
        "cost": None,
        "net": None,
    }
    base = {"name": "b", "kpis": {"bookings": {"mean": 4.0}}, "difference": {"bookings": nothing}, "cost": None, "net": None}
    comparison = {"scenarios": [base, one], "manifest": {}}
    text = Page(html_report(tmp_path / "c.html", title="c", comparison=comparison).read_text(encoding="utf-8")).text
    assert "n/a" in text
    assert "nan" not in text.lower()


def test_parameters_show_their_status_and_what_it_means(full: str) -> None:
    text = Page(full).text
    for expected in ("stages[谈判].exits[won].probability", "0.420", "0.380 to 0.460", "weakly identified", "assumed", "no data; a stated assumption",
                     "mon-fri 09:00-18:00", "literature", "only 18 stays have ended"):  # fmt: skip
        assert expected in text


def test_the_import_is_told_in_words(full: str) -> None:
    text = Page(full).text
    for expected in (
        "812 rows were read and 800 kept",
        "class C: only the current stage",
        "no created date",
        "商机编号",
        "37 won deals",
    ):
        assert expected in text


def test_measures_come_with_error_range_and_meaning_but_without_reps(full: str) -> None:
    text = Page(full).text
    for expected in (
        "¥41.2M",
        "±¥123K",
        "¥40.2M to ¥42.2M",
        "21.3 %",
        "Mean time waiting for a rep, stage 谈判",
        "1.40 days",
        "签约额",
    ):
        assert expected in text
    assert "王芳" not in full


def test_reps_are_pseudonyms_even_in_the_manifest_and_in_parameters(tmp_path: Path) -> None:
    calibration = samples.calibration()
    rows = calibration.summary().assign(path=["reps[王芳].speed", "reps[Bob].speed", "reps[王芳].skill", "calendar"])
    calibration.summary = lambda: rows
    path = html_report(tmp_path / "p.html", title="p", comparison=samples.Comparison(), calibration=calibration)
    text = Page(path.read_text(encoding="utf-8")).text
    assert "王芳" not in text
    assert "Bob" not in text
    for expected in ('"name": "rep-1"', '"rep": "rep-1"', "reps[rep-1].speed", "reps[rep-2].speed", "reps[rep-1].skill"):
        assert expected in text


def test_a_scenario_that_only_may_gain_is_not_praised(tmp_path: Path) -> None:
    gap = {"bookings": {"mean": 5.0, "low": -1.0, "high": 11.0, "p_better": 0.6}}
    zero = {"bookings": {"mean": 0.0, "low": 0.0, "high": 0.0, "p_better": 0.5}}
    comparison = {"scenarios": [{"name": "b", "kpis": {}, "difference": zero}, {"name": "a", "kpis": {}, "difference": gap}]}
    text = Page(html_report(tmp_path / "c.html", title="c", comparison=comparison).read_text(encoding="utf-8")).text
    assert "“a” does not raise bookings beyond chance." in text
    assert "“a”: no difference in bookings can be told from chance with these replications." in text
    assert "Most bookings" not in text


def test_what_each_scenario_changes_stands_before_the_results_escaped_and_without_reps(tmp_path: Path) -> None:
    says = {
        "加两名销售": ["加两名销售: 2 changes of today", "  1. From 2027-03-01 on: 2 AE reps join; costs 50,000 CNY once", HOSTILE],
        "Faster demo": ["Faster demo: 1 change", "  1. From the beginning: 王芳 leaves; source: 王芳手册 (B: survey)"],
        "silent": [],
    }
    found = html_report(tmp_path / "c.html", title="c", comparison=samples.Comparison(), says=says).read_text(encoding="utf-8")
    page = Page(found)
    text = page.text
    assert text.index("What each scenario changes", text.index("After cost")) < text.index("Every scenario was simulated")
    for expected in ("2 changes of today", "costs 50,000 CNY once", "rep-1 leaves; source: rep-1手册 (B: survey)", HOSTILE):
        assert expected in text
    assert "王芳" not in found
    assert "<script" not in found
    assert sum(tag == "h3" for tag, _ in page.tags) == 2


def test_nothing_is_said_about_changes_where_nothing_was_passed(full: str) -> None:
    assert 'id="changes"' not in full


def test_the_manifest_is_there_and_folded(full: str) -> None:
    page = Page(full)
    assert '"model": "sha256:abc123"' in page.text
    assert '"comparison"' in page.text
    assert "details" in {tag for tag, _ in page.tags}
    assert all("open" not in attributes for tag, attributes in page.tags if tag == "details")


def test_everything_untrusted_is_escaped(full: str) -> None:
    assert "<script" not in full
    assert "<b>D-2" not in full
    text = Page(full).text
    assert HOSTILE in text  # shown as it was written, not run and not computed
    assert "<b>D-2</b>" in text


def test_the_page_carries_the_chinese_letters_it_uses(full: str) -> None:
    assert "data:font/woff;base64," in full
    assert "prefers-color-scheme:dark" in full


def test_the_same_results_give_the_same_bytes(tmp_path: Path) -> None:
    pages = [html_report(tmp_path / f"{name}.html", title="x", forecast=samples.forecast()).read_bytes() for name in "ab"]
    assert pages[0] == pages[1]


def test_sections_appear_only_for_what_is_passed(tmp_path: Path) -> None:
    text = html_report(tmp_path / "a.html", title="Only a funnel", funnel=samples.funnel()).read_text(encoding="utf-8")
    assert 'id="funnel"' in text
    for absent in ('id="forecast"', 'id="scenarios"', 'id="model"', 'id="data"', 'id="manifest"', 'class="answer"'):
        assert absent not in text


def test_a_comparison_alone_leads_with_the_best_scenario(tmp_path: Path) -> None:
    text = Page(html_report(tmp_path / "c.html", title="c", comparison=samples.Comparison()).read_text(encoding="utf-8")).text
    assert "Most bookings come with “加两名销售”: +¥3.70M on average" in text
    assert "After cost, “Faster demo” loses ¥1.40M." in text
    assert "After cost, “加两名销售” is best: +¥2.70M on average against “today”, ¥4.10M more than “Faster demo”, the next" in text


def test_a_forecast_without_target_or_extras_still_makes_a_page(tmp_path: Path) -> None:
    fc = samples.forecast(target=None)
    fc.baselines, fc.swing, fc.notes, fc.manifest = {}, fc.swing.iloc[:0], (), {}
    text = Page(html_report(tmp_path / "f.html", title="f", forecast=fc).read_text(encoding="utf-8")).text
    assert "Chance to reach" not in text
    assert "¥2.60M" in text


def test_a_forecast_brings_its_own_calibration_and_import(tmp_path: Path) -> None:
    fc = samples.forecast()
    fc.calibration = samples.calibration()
    fc.calibration.history = type("History", (), {"report": samples.IMPORT, "timezone": samples.ZONE})()
    text = html_report(tmp_path / "f.html", title="f", forecast=fc).read_text(encoding="utf-8")
    assert 'id="model"' in text
    assert 'id="data"' in text


def test_characters_without_a_font_are_named_once_for_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simsales.report.fonts.INSTALLED_FIRST", ())
    fc = samples.forecast()
    fc.currency = "喆元"
    frame = pd.DataFrame({"stage": ["堃"], "entered": [1]})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        html_report(tmp_path / "w.html", title="w", forecast=fc, funnel=frame)
    about_fonts = [item.message for item in caught if isinstance(item.message, ReportWarning)]
    assert len(about_fonts) == 1
    assert set(about_fonts[0].characters) == {"喆", "堃"}


def test_a_missing_folder_is_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"must be in a folder that exists, got .*nowhere. Hint: create the folder first"):
        html_report(tmp_path / "nowhere" / "a.html", title="a")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_as_target_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="must be a file, got a folder. Hint: name a file"):
        html_report(tmp_path, title="a")


def test_an_unwritable_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="must be in a folder that can be written, got .* Hint: choose another folder"):
        html_report(tmp_path / "a.html", title="a")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.html"
    target.write_text("old", encoding="utf-8")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OutputError, match="must be writable, got No space left on device. Hint"):
        write_atomically(target, "new")
    assert target.read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_the_page_font_holds_exactly_the_chinese_of_the_page() -> None:
    import base64
    import io

    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(base64.b64decode(page_font("谈判 and plain text"))))
    assert {chr(code) for code in font.getBestCmap()} == {"谈", "判"}
    assert page_font("喆") == ""  # the packaged font does not have it
