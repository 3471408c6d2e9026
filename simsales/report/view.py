"""What a report page is made of: plain values that the template lays out.

Sections decide what to say, the template decides how it looks; neither computes statistics.
All text is escaped by the template, except figures, which are paths without text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simsales.report import text
from simsales.report.svg import inline_svg

Column = tuple[str, str, Callable[[Any], str]]


@dataclass(frozen=True)
class Card:
    """One headline number.

    Parameters
    ----------
    label, value, note : str
        What it is, the number, and what it means.
    tone : str
        ``main``, ``good``, ``bad``, ``unsure`` (small and grey) or empty.

    Examples
    --------
    >>> Card("P50", "¥3.09M").note
    ''
    """

    label: str
    value: str
    note: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Part:
    """One part of a stacked bar.

    Parameters
    ----------
    label, value : str
        What it is and how much.
    share : float
        Of the bar, between 0 and 1.
    colour : str
        Name of a CSS variable, without the hyphens.

    Examples
    --------
    >>> Part("Booked", "¥4.12M", 0.4, "ink").share
    0.4
    """

    label: str
    value: str
    share: float
    colour: str


class Muted(str):
    """A cell of a table that holds no finding: shown in grey.

    Examples
    --------
    >>> Muted("+¥1.00M") == "+¥1.00M"
    True
    """

    __slots__ = ()
    is_muted = True


@dataclass(frozen=True)
class Table:
    """A table of ready-made texts.

    Parameters
    ----------
    headings : tuple of str
        One a column.
    rows : tuple of tuple of str
        Texts.
    right : tuple of bool
        Columns that hold numbers.
    caption, note : str
        Above and below the table.
    folded : str
        Where not empty, the table is collapsed under this summary.

    Examples
    --------
    >>> Table(("stage",), (("谈判",),), (False,)).rows
    (('谈判',),)
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]
    caption: str = ""
    note: str = ""
    folded: str = ""
    kind: str = "table"


@dataclass(frozen=True)
class Drawing:
    """A figure with its caption.

    Parameters
    ----------
    svg : Markup
        From :func:`simsales.report.svg.inline_svg`.
    caption : str
        What to see in it.

    Examples
    --------
    >>> Drawing(Markup("<svg></svg>"), "empty").kind
    'figure'
    """

    svg: Markup
    caption: str
    kind: str = "figure"


@dataclass(frozen=True)
class Prose:
    """Paragraphs or a list.

    Parameters
    ----------
    lines : tuple of str
        One a paragraph or item.
    tone : str
        ``plain``, ``assumed``, ``warning``, ``list``, or ``lines`` (a list without bullets).
    heading : str
        Above them; may be empty.

    Examples
    --------
    >>> Prose(("Nothing was assumed.",)).tone
    'plain'
    """

    lines: tuple[str, ...]
    tone: str = "plain"
    kind: str = "prose"
    heading: str = ""


Block = Table | Drawing | Prose


@dataclass(frozen=True)
class Section:
    """One section of a report.

    Parameters
    ----------
    id, title : str
        Anchor and heading.
    lead : str
        What it shows, in a sentence or two.
    blocks : tuple of Table, Drawing or Prose
        In reading order.

    Examples
    --------
    >>> Section("data", "The data").blocks
    ()
    """

    id: str
    title: str
    lead: str = ""
    blocks: tuple[Block, ...] = ()


@dataclass
class Canvas:
    """Turns charts into drawings with identifiers that are unique on the page.

    Parameters
    ----------
    drawn : int
        How many so far.

    Examples
    --------
    >>> page = Canvas()
    >>> page.draw(Figure(figsize=(1, 1)), "empty").caption, page.drawn
    ('empty', 1)
    """

    drawn: int = field(default=0)

    def draw(self, chart: Axes | Figure, caption: str) -> Drawing:
        """Return a chart as a drawing.

        Parameters
        ----------
        chart : Axes or Figure
            What to show.
        caption : str
            Also read aloud to those who cannot see it.

        Returns
        -------
        Drawing
            With identifiers of its own.
        """
        self.drawn += 1
        return Drawing(Markup(inline_svg(chart, f"f{self.drawn}", caption)), caption)  # noqa: S704 - paths only


def table(
    frame: pd.DataFrame, columns: Iterable[Column], *, caption: str = "", note: str = "", folded: str = "", limit: int = 200
) -> Table:
    """Return chosen columns of a DataFrame as a table of texts.

    Parameters
    ----------
    frame : DataFrame
        The rows.
    columns : iterable of (str, str, callable)
        Column name, heading, and how to show a value; absent columns are skipped.
    caption, note, folded : str
        As in :class:`Table`.
    limit : int
        Rows shown; the rest is counted in the note.

    Returns
    -------
    Table
        Numbers are right-aligned.

    Examples
    --------
    >>> shown = table(pd.DataFrame({"p": [0.5]}), [("p", "Chance", text.percent), ("q", "Absent", str)])
    >>> shown.headings, shown.rows
    (('Chance',), (('50 %',),))
    """
    chosen = [column for column in columns if column[0] in frame.columns]
    shown = frame.head(limit)
    cells = [[show(value) for value in shown[name]] for name, _, show in chosen]
    rows = tuple(zip(*cells, strict=True)) if cells else ()
    right = tuple(pd.api.types.is_numeric_dtype(frame[name]) for name, _, _ in chosen)
    if len(frame) > limit:
        note = f"{note} {text.count(len(frame) - limit)} more rows are not shown.".strip()
    return Table(tuple(heading for _, heading, _ in chosen), rows, right, caption, note, folded)
