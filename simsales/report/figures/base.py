"""What every figure shares: a canvas, the house style, labels with units."""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, ParamSpec

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter

from simsales.errors import InvalidInputError, named
from simsales.report import palette, text
from simsales.report.fonts import missing_characters, style, warn_missing
from simsales.report.svg import quiet_glyphs, root_figure

P = ParamSpec("P")
_WIDE = 0x2E80  # CJK begins here


class Chart(Axes):
    """Axes that show themselves in a notebook, unless pyplot shows their figure.

    Examples
    --------
    >>> HouseFigure(figsize=(1, 1)).add_subplot(axes_class=Chart)._repr_png_()[1:4]
    b'PNG'
    """

    def _repr_png_(self) -> bytes | None:
        """Return the whole figure as a PNG for notebook front ends; None where the notebook shows it anyway."""
        figure = root_figure(self)
        if _is_on_screen(figure):
            return None
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=120)
        return buffer.getvalue()


class HouseFigure(Figure):
    """A figure that is drawn with the house's fonts whoever draws it: a page, a notebook, a window or savefig."""

    def draw(self, renderer: Any) -> None:
        """Draw on a renderer."""
        with style(), quiet_glyphs():
            super().draw(renderer)

    def get_tightbbox(self, *args: Any, **kwargs: Any) -> Any:  # matplotlib's name
        """Return the box around everything, measured with the fonts that will be drawn."""
        with style(), quiet_glyphs():
            return super().get_tightbbox(*args, **kwargs)


_SCREEN: ContextVar[bool] = ContextVar("screen", default=False)


@contextmanager
def on_screen() -> Iterator[None]:
    """Let pyplot have the figures that are drawn meanwhile, so that notebooks and ``plt.show()`` show them."""
    from matplotlib import pyplot  # noqa: PLC0415 - chooses a screen, which pages do not need

    start: Any = pyplot.draw_if_interactive  # not typed
    start()  # starts the screen now: inside the house style its own settings would be taken back
    before = _SCREEN.set(True)
    try:
        yield
    finally:
        _SCREEN.reset(before)


def _is_on_screen(figure: Figure) -> bool:
    """Tell whether pyplot holds a figure."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    return pyplot is not None and pyplot.fignum_exists(getattr(figure, "number", -1))


def canvas(ax: Axes | None, width: float, height: float) -> Axes:
    """Return the caller's axes, or axes on a new figure of this size in inches."""
    if ax is not None:
        return ax
    if _SCREEN.get():
        from matplotlib import pyplot  # noqa: PLC0415 - chooses a screen, which pages do not need

        figure: Figure = pyplot.figure(figsize=(width, height), layout="constrained", FigureClass=HouseFigure)
    else:
        figure = HouseFigure(figsize=(width, height), layout="constrained")
    return figure.add_subplot(axes_class=Chart)


def figure_texts(ax: Axes) -> list[str]:
    """Return everything that the figure of these axes writes."""
    found = root_figure(ax).findobj(Text)
    return [item.get_text() for item in found if isinstance(item, Text) and item.get_visible()]


def chart(draw: Callable[P, Axes]) -> Callable[P, Axes]:
    """Make a drawing function use the house style and name characters that cannot be drawn."""

    @functools.wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Axes:
        with style():
            ax = draw(*args, **kwargs)
            warn_missing(missing_characters(figure_texts(ax)))
        return ax

    return drawn


def need(frame: Any, columns: Iterable[str], figure: str) -> pd.DataFrame:  # noqa: ANN401 - checked here
    """Return the data if they are a frame with these columns and at least one row.

    Raises
    ------
    InvalidInputError
        If a column is missing or there are no rows.
    """
    wanted = list(columns)
    if not isinstance(frame, pd.DataFrame):
        message = (
            f"data of the {figure} figure must be a DataFrame, got {type(frame).__name__}. "
            f"Hint: its columns are {', '.join(wanted)}."
        )
        raise InvalidInputError(message)
    absent = [name for name in wanted if name not in frame.columns]
    if absent:
        message = (
            f"data of the {figure} figure must have the columns {', '.join(wanted)}, got {named(frame.columns)}. "
            f"Hint: {', '.join(absent)} is missing."
        )
        raise InvalidInputError(message)
    if frame.empty:
        message = f"data of the {figure} figure must have rows, got none. Hint: widen the period or the filter."
        raise InvalidInputError(message)
    return frame


def money_axis(axis: Any, currency: str | None) -> None:  # noqa: ANN401 - XAxis or YAxis
    """Label an axis with money."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: text.money_short(value, currency)))


def date_axis(axis: Any, days: pd.Series[Any]) -> None:  # noqa: ANN401 - XAxis or YAxis
    """Label an axis with dates in the time zone of the data."""
    zone = getattr(days.dt, "tz", None)
    locator = AutoDateLocator(minticks=4, maxticks=8, tz=zone)  # type: ignore[no-untyped-call]
    axis.set_major_locator(locator)
    axis.set_major_formatter(ConciseDateFormatter(locator, tz=zone))  # type: ignore[no-untyped-call]


def percent_axis(axis: Any) -> None:  # noqa: ANN401 - XAxis or YAxis
    """Label an axis with percentages."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:.0f} %"))


def money_label(what: str, currency: str | None) -> str:
    """Return an axis label with the currency as its unit."""
    return f"{what} ({currency})" if currency else what


def finite(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:  # noqa: ANN401 - anything array-like
    """Return the values that are numbers, as floats."""
    array = np.asarray(values, dtype=float).ravel()
    return np.asarray(array[np.isfinite(array)], dtype=np.float64)


def bare(ax: Axes, *sides: str) -> None:
    """Hide spines and their ticks where a figure reads better without."""
    for side in sides:
        ax.spines[side].set_visible(False)
    ax.tick_params(length=0)


def halo() -> list[Any]:
    """Return path effects that keep text readable over lines and bars."""
    from matplotlib.patheffects import withStroke  # noqa: PLC0415 - rarely needed

    return [withStroke(linewidth=3.0, foreground=palette.PAPER)]


def short(name: object, width: int = 36) -> str:
    """Return a name that leaves room for the drawing; Chinese characters are twice as wide."""
    shown = str(name)
    room = width
    for place, character in enumerate(shown):
        room -= 2 if ord(character) >= _WIDE else 1
        if room < 0:
            return shown[: max(place - 1, 1)] + "…"
    return shown


def legend_below(ax: Axes, columns: int = 1) -> None:
    """Put the legend under the axis label, where it hides nothing; on a caller's axes, wherever it hides least."""
    if isinstance(ax, Chart):
        root_figure(ax).legend(loc="outside lower left", ncols=columns)
    else:
        ax.legend(loc="best")
