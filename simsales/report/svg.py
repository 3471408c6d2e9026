"""Figures as SVG text: the same bytes for the same figure, ready to stand inside an HTML page."""

from __future__ import annotations

import html
import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simsales.report import palette
from simsales.report.fonts import style

_STYLE = re.compile(r"<style type=\"text/css\">.*?</style>", re.DOTALL)  # would apply to the whole page
_COMMENTS = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_NAMESPACES = re.compile(r'\s+xmlns(:xlink)?="[^"]*"')
_SIZE = re.compile(r'(<svg[^>]*?)\s+width="[^"]*pt"([^>]*)>', re.DOTALL)
_HEIGHT = re.compile(r'(<svg[^>]*?)\s+height="[^"]*pt"([^>]*)>', re.DOTALL)
_IDS = re.compile(r'\bid="([^"]+)"')
_REFERENCES = re.compile(r'(xlink:href="#|url\(#)([^")]+)')


@contextmanager
def quiet_glyphs() -> Iterator[None]:
    """Silence matplotlib's own warning per missing character; one warning has named them all."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*Glyph .* missing from .*")
        yield


def root_figure(chart: Axes | Figure) -> Figure:
    """Return the whole figure that a chart belongs to.

    Parameters
    ----------
    chart : Axes or Figure
        Axes may stand in a part of a figure.

    Returns
    -------
    Figure
        What can be saved.

    Examples
    --------
    >>> whole = Figure()
    >>> root_figure(whole.add_subplot()) is whole
    True
    """
    figure: Any = chart if isinstance(chart, Figure) else chart.figure
    while not isinstance(figure, Figure):
        figure = figure.figure
    return figure


def svg_text(figure: Figure) -> str:
    """Return a figure as a stand-alone SVG document.

    Parameters
    ----------
    figure : matplotlib Figure
        Drawn by one of :data:`simsales.report.figures.FIGURES`.

    Returns
    -------
    str
        The same text whenever the figure is the same: no date, no random identifiers.

    Examples
    --------
    >>> svg_text(Figure(figsize=(1, 1))).startswith("<?xml")
    True
    """
    buffer = io.StringIO()
    with style(), quiet_glyphs():
        figure.savefig(buffer, format="svg", facecolor="none", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def inline_svg(chart: Axes | Figure, prefix: str, label: str = "") -> str:
    """Return a figure as an ``<svg>`` element for an HTML page.

    Identifiers are prefixed so that figures of one page do not clash, colours become CSS variables
    so that the page may be light or dark, and nothing refers to anything outside.

    Parameters
    ----------
    chart : Axes or Figure
        What to show.
    prefix : str
        Different for each figure of a page; letters, digits and hyphens.
    label : str
        What the figure shows, for readers who cannot see it.

    Returns
    -------
    str
        One ``<svg>`` element that fills its container's width.

    Examples
    --------
    >>> text = inline_svg(Figure(figsize=(1, 1)), "f1", "an <empty> figure")
    >>> text.startswith("<svg") and "http" not in text and "an &lt;empty&gt; figure" in text
    True
    """
    text = svg_text(root_figure(chart))
    text = _COMMENTS.sub("", _STYLE.sub("", _METADATA.sub("", text[text.index("<svg") :])))
    text = _HEIGHT.sub(r"\1\2>", _SIZE.sub(r"\1\2>", _NAMESPACES.sub("", text, count=2), count=1), count=1)
    text = _REFERENCES.sub(lambda m: f"{m[1].replace('xlink:', '')}{prefix}-{m[2]}", text)
    text = _IDS.sub(lambda m: f'id="{prefix}-{m[1]}"', text)
    for value, variable in palette.VARIABLES.items():
        text = text.replace(f": {value}", f": var({variable}, {value})")
    opening = f'<svg role="img" aria-label="{html.escape(label)}" style="stroke-linejoin: round; stroke-linecap: butt"'
    return text.replace("<svg", opening, 1).strip()
