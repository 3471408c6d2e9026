"""Colours of every figure: the Okabe-Ito palette, readable with any colour vision.

The neutral colours (ink, muted, grid, paper) and the accents are also names of CSS variables in
HTML reports, so that one drawing serves a light and a dark page (see :mod:`simsales.report.svg`).

References
----------
Okabe, M. and Ito, K. (2008), Color Universal Design: How to make figures and presentations that
are friendly to colour-blind people.
"""

from __future__ import annotations

INK = "#1f2a37"
MUTED = "#5b6676"
GRID = "#dfe4ea"
PAPER = "#fefefe"

BLUE = "#0072b2"
VERMILLION = "#d55e00"
GREEN = "#009e73"
ORANGE = "#e69f00"
SKY = "#56b4e9"
PURPLE = "#cc79a7"
YELLOW = "#f0e442"

#: Order in which categories take colours; yellow is last because it is faint on white.
CYCLE = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, MUTED, YELLOW)

#: Outcomes keep their colour in every figure.
OUTCOMES = {"won": GREEN, "lost": VERMILLION, "no_decision": ORANGE, "open": MUTED}

#: CSS variable of each colour that changes between the light and the dark page.
VARIABLES = {
    INK: "--ink",
    MUTED: "--muted",
    GRID: "--grid",
    PAPER: "--paper",
    BLUE: "--blue",
    VERMILLION: "--vermillion",
    GREEN: "--green",
}


def colour(position: int) -> str:
    """Return the colour of the category at a position, starting again after the last.

    Parameters
    ----------
    position : int
        From 0.

    Returns
    -------
    str
        A colour as ``#rrggbb``.

    Examples
    --------
    >>> colour(0) == colour(len(CYCLE)) == BLUE
    True
    """
    return CYCLE[position % len(CYCLE)]
