"""What a KPI is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from simsales.errors import InvalidInputError
from simsales.facts import Facts, facts_of

if TYPE_CHECKING:
    from simsales.engine import EventLog
    from simsales.history import History


class KpiError(InvalidInputError, ValueError):
    """A KPI name or dimension is not known."""


@dataclass(frozen=True)
class Kpi:
    """One measure of how the organisation does.

    Parameters
    ----------
    name, unit, definition, zh : str
        `zh` is the Chinese term.
    better : {'higher', 'lower', 'target'}
        Good direction; a target is good or bad only in context.
    function : callable
        From facts to a number.
    by : tuple of str
        Dimensions along which it makes sense.
    adds_up : bool
        Whether it is a sum over the run: of parts, and of months; the longer the run, the more. All others are levels: in a
        steady organisation they do not depend on the length of the run.

    Examples
    --------
    >>> from simsales.kpi import KPIS
    >>> KPIS["win_rate"].better, KPIS["win_rate"].zh
    ('higher', '赢单率')
    """

    name: str
    unit: str
    definition: str
    better: Literal["higher", "lower", "target"]
    zh: str
    function: Callable[[Facts], float]
    by: tuple[str, ...] = ()
    adds_up: bool = False

    def __call__(self, log: EventLog | History | Facts) -> float:
        """Return the value for a run or a history."""
        return self.function(facts_of(log))
