"""SVG is the same bytes every time and stands inside a page without touching anything else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import report_samples as samples

from simsales.report import palette
from simsales.report.figures import fan, funnel
from simsales.report.svg import inline_svg, svg_text


def test_equal_figures_give_equal_bytes() -> None:
    assert svg_text(fan(samples.forecast()).figure) == svg_text(fan(samples.forecast()).figure)


def test_bytes_do_not_depend_on_the_process() -> None:
    code = (
        "import hashlib, report_samples as s; from simsales.report.figures import funnel; "
        "from simsales.report.svg import inline_svg; print(hashlib.sha256(inline_svg(funnel(s.funnel()), 'f').encode()).hexdigest())"
    )
    found = set()
    for hash_seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(Path(__file__).parent)}
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
        found.add(run.stdout.strip())
    assert len(found) == 1


def test_an_inline_figure_refers_only_to_itself() -> None:
    text = inline_svg(fan(samples.forecast()), "f1", 'the "fan" <1>')
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)) > 5
    assert all(name.startswith("f1-") for name in ids)
    references = re.findall(r'(?:href="#|url\(#)([^")]+)', text)
    assert references
    assert set(references) <= set(ids)
    for foreign in ("http", "<style", "<script", "<metadata", "<!--", "xlink"):
        assert foreign not in text
    root = ElementTree.fromstring(text)  # well-formed
    assert root.attrib["aria-label"] == 'the "fan" <1>'
    assert "width" not in root.attrib


def test_two_figures_of_a_page_share_no_identifier() -> None:
    first, second = (set(re.findall(r'\bid="([^"]+)"', inline_svg(funnel(samples.funnel()), name))) for name in ("f1", "f2"))
    assert first.isdisjoint(second)


def test_neutral_colours_follow_the_page() -> None:
    text = inline_svg(funnel(samples.funnel()), "f1")
    assert f"var(--ink, {palette.INK})" in text
    assert f": {palette.INK}" not in text
