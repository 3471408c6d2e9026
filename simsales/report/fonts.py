"""Fonts and the drawing style: Chinese labels render on a machine without Chinese fonts.

matplotlib ships DejaVu Sans, which has no Chinese. The package therefore carries a subset of Droid
Sans Fallback with the characters of GB2312, used after DejaVu Sans and after the first Chinese font
that is installed. It is registered under a family name of its own, so that a full system font of
the same name cannot be mistaken for it. Characters in none of the fonts are named in one warning.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib import font_manager
from matplotlib.ft2font import FT2Font

from simsales.report import palette

LATIN = "DejaVu Sans"
INSTALLED_FIRST = (
    "Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "WenQuanYi Micro Hei", "SimHei",
)  # fmt: skip
BUNDLED = "simsales GB2312"
_OURS = ("axes.", "date.", "figure.constrained", "font.", "grid.", "hatch.", "image.", "legend.", "lines.", "patch.",
         "path.", "savefig.bbox", "savefig.pad", "svg.", "text.", "xtick.", "ytick.")  # fmt: skip
BUNDLED_FILE = Path(__file__).parent / "assets" / "droid-gb2312.ttf"


class ReportWarning(UserWarning):
    """Something in a figure or report cannot be shown as it should.

    Parameters
    ----------
    message : str
        What is wrong and what to do.
    characters : str
        The characters that no chosen font has.

    Examples
    --------
    >>> ReportWarning("no font has 喆", "喆").characters
    '喆'
    """

    def __init__(self, message: str, characters: str = "") -> None:
        super().__init__(message)
        self.characters = characters


def _register_bundled() -> None:
    """Make the packaged font known to matplotlib under its own family name, once."""
    manager = font_manager.fontManager
    if any(entry.name == BUNDLED for entry in manager.ttflist):
        return
    entry = font_manager.ttfFontProperty(FT2Font(str(BUNDLED_FILE)))
    for weight in (400, 700):  # one file serves bold too; otherwise matplotlib logs a complaint per heading
        manager.ttflist.append(dataclasses.replace(entry, fname=str(BUNDLED_FILE), name=BUNDLED, weight=weight))
    cached = getattr(manager, "_findfont_cached", None)
    if cached is not None and hasattr(cached, "cache_clear"):
        cached.cache_clear()


def families() -> list[str]:
    """Return the font families that figures use, first choice first.

    Returns
    -------
    list of str
        DejaVu Sans, the first installed Chinese font if any, and the packaged subset.

    Examples
    --------
    >>> chosen = families()
    >>> chosen[0], chosen[-1]
    ('DejaVu Sans', 'simsales GB2312')
    """
    _register_bundled()
    installed = {entry.name for entry in font_manager.fontManager.ttflist}
    chinese = [name for name in INSTALLED_FIRST if name in installed][:1]
    return [LATIN, *chinese, BUNDLED]


@lru_cache(maxsize=8)
def _characters(family: str) -> frozenset[int]:
    """Return the code points that a family has."""
    path = font_manager.findfont(font_manager.FontProperties(family=[family]), fallback_to_default=False)
    return frozenset(font_manager.get_font(path).get_charmap())


def missing_characters(texts: Iterable[str]) -> str:
    """Return the characters that no chosen font can draw, in order of their code.

    Parameters
    ----------
    texts : iterable of str
        Everything that a figure writes.

    Returns
    -------
    str
        Each character once; empty when all can be drawn.

    Examples
    --------
    >>> missing_characters(["Stage 谈判 −5 ¥", "line\\nbreak"])
    ''
    """
    wanted = {character for text in texts for character in text if not character.isspace()}
    covered = frozenset().union(*(_characters(family) for family in families()))
    return "".join(sorted(character for character in wanted if ord(character) not in covered))


def warn_missing(characters: str) -> None:
    """Name the characters that cannot be drawn, in one warning.

    Parameters
    ----------
    characters : str
        As :func:`missing_characters` returns them; nothing happens when empty.
    """
    if not characters:
        return
    named = " ".join(characters[:30]) + (" ..." if len(characters) > 30 else "")  # noqa: PLR2004
    message = (
        f"figures cannot show {len(characters)} character(s), drawn as boxes: {named}. "
        "Hint: install a Chinese font such as Noto Sans CJK SC."
    )
    warnings.warn(ReportWarning(message, characters), stacklevel=3)


def _defaults() -> dict[str, Any]:
    """Return matplotlib's own defaults, so that a user's settings cannot change a report."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mpl.MatplotlibDeprecationWarning)
        return {key: value for key, value in mpl.rcParamsDefault.items() if key.startswith(_OURS)}


def parameters() -> dict[str, Any]:
    """Return the matplotlib parameters of the house style.

    Returns
    -------
    dict
        For :func:`matplotlib.rc_context`.

    Examples
    --------
    >>> parameters()["svg.fonttype"]
    'path'
    """
    return {
        **_defaults(),
        "text.parse_math": False,  # a dollar in a stage name is a dollar
        "font.family": families(),
        "font.size": 10.0,
        "axes.titlesize": 11.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 12.0,
        "axes.labelsize": 9.5,
        "axes.labelcolor": palette.MUTED,
        "axes.edgecolor": palette.GRID,
        "axes.facecolor": "none",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "axes.titlecolor": palette.INK,
        "figure.facecolor": palette.PAPER,
        "figure.dpi": 100.0,
        "grid.color": palette.GRID,
        "grid.linewidth": 0.8,
        "legend.frameon": False,
        "legend.fontsize": 9.0,
        "text.color": palette.INK,
        "xtick.color": palette.GRID,
        "ytick.color": palette.GRID,
        "xtick.labelcolor": palette.MUTED,
        "ytick.labelcolor": palette.MUTED,
        "xtick.labelsize": 9.0,
        "ytick.labelsize": 9.0,
        "svg.fonttype": "path",
        "svg.hashsalt": "simsales",
        "path.simplify": True,
    }


@contextmanager
def style() -> Iterator[None]:
    """Draw in the house style; the caller's settings come back afterwards.

    Yields
    ------
    None
        Global settings are changed only inside the ``with`` block.

    Examples
    --------
    >>> import matplotlib as mpl
    >>> before = mpl.rcParams["font.size"]
    >>> with style():
    ...     inside = mpl.rcParams["svg.hashsalt"]
    >>> inside, mpl.rcParams["font.size"] == before
    ('simsales', True)
    """
    settings: Any = parameters()  # stubs list every key as a literal
    with mpl.rc_context(settings):
        yield
