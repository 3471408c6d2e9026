"""The few Chinese glyphs a page needs, so that its text shows on a machine without Chinese fonts."""

from __future__ import annotations

import base64
import io
import logging

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

from simsales.report.fonts import BUNDLED_FILE

_LAST_LATIN = 0x2E80  # CJK radicals begin here; what lies before is in every system font


def page_font(page_text: str) -> str:
    """Return a font with the Chinese characters of a text, ready to stand in a style sheet.

    Parameters
    ----------
    page_text : str
        All text of the page.

    Returns
    -------
    str
        WOFF in base64; empty where the text has no character that the packaged font could add.

    Examples
    --------
    >>> page_font("plain English"), page_font("谈判")[:4]
    ('', 'd09G')
    """
    wanted = {ord(character) for character in page_text if ord(character) >= _LAST_LATIN}
    if not wanted:
        return ""
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    font = TTFont(io.BytesIO(BUNDLED_FILE.read_bytes()), recalcTimestamp=False, lazy=True)
    wanted &= set(font.getBestCmap())
    if not wanted:
        return ""
    options = subset.Options(flavor="woff", recalc_timestamp=False, hinting=False, notdef_outline=True)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(wanted))
    cutter.subset(font)
    font.flavor = "woff"
    buffer = io.BytesIO()
    font.save(buffer)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
