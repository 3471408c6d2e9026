"""Chinese labels render anywhere; what cannot be drawn is named once."""

from __future__ import annotations

import io
import warnings
from contextlib import nullcontext

import matplotlib as mpl
import pandas as pd
import pytest
import report_samples as samples
from matplotlib.ft2font import FT2Font

from simsales.report import fonts
from simsales.report.figures import base, funnel

RARE = "喆堃"  # name characters outside GB2312


def bundled_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "INSTALLED_FIRST", ())


def aloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let figures pass on what matplotlib says of missing characters."""
    monkeypatch.setattr(base, "quiet_glyphs", nullcontext)


def test_chinese_stage_names_render_without_a_missing_glyph(monkeypatch: pytest.MonkeyPatch) -> None:
    bundled_only(monkeypatch)
    aloud(monkeypatch)
    ax = funnel(samples.funnel())
    with warnings.catch_warnings(), fonts.style():
        warnings.simplefilter("error")
        for kind in ("png", "svg"):
            ax.figure.savefig(io.BytesIO(), format=kind)


def test_the_same_labels_would_miss_glyphs_without_the_bundled_font(monkeypatch: pytest.MonkeyPatch) -> None:
    aloud(monkeypatch)
    ax = funnel(samples.funnel())
    for item in ax.get_yticklabels():
        item.set_fontfamily("DejaVu Sans")
    with pytest.warns(UserWarning, match="Glyph .* missing"):
        ax.figure.savefig(io.BytesIO(), format="png")


def test_characters_in_no_font_are_named_in_one_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    bundled_only(monkeypatch)
    frame = pd.DataFrame({"stage": [f"{RARE}组", "堃"], "entered": [2, 1]})
    with pytest.warns(fonts.ReportWarning, match="2 character.*喆 .*Hint: install") as caught:
        funnel(frame)
    assert len(caught) == 1
    assert set(caught[0].message.characters) == set(RARE)  # type: ignore[union-attr]


def test_drawing_and_importing_leave_global_settings_alone() -> None:
    before = dict(mpl.rcParams)
    funnel(samples.funnel())
    assert dict(mpl.rcParams) == before


def test_a_users_settings_do_not_change_a_figure() -> None:
    from simsales.report.svg import svg_text

    plain = svg_text(funnel(samples.funnel()).figure)
    with mpl.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.hashsalt": "other"}):
        changed = svg_text(funnel(samples.funnel()).figure)
    assert changed == plain


def test_the_bundled_font_has_a_family_name_of_its_own() -> None:
    from matplotlib import font_manager

    assert fonts.families()[-1] == fonts.BUNDLED
    assert FT2Font(str(fonts.BUNDLED_FILE)).family_name == "Droid Sans Fallback"
    files = {entry.fname for entry in font_manager.fontManager.ttflist if entry.name == fonts.BUNDLED}
    assert files == {str(fonts.BUNDLED_FILE)}


def test_gb2312_letters_digits_and_money_signs_are_covered(monkeypatch: pytest.MonkeyPatch) -> None:
    bundled_only(monkeypatch)
    chinese = bytes([0xB0, 0xA1, 0xF7, 0xFE, 0xC9, 0xCC]).decode("gb2312")
    assert fonts.missing_characters([chinese, "Aa09 ¥€£−–√±"]) == ""
    assert fonts.missing_characters(["國線", "ok"]) == "國線"
