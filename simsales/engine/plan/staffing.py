"""The part of a plan that says how reps come and go, what they may take, and when they work (R1, R3, R7)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from simsales.model.conditions import Clause

if TYPE_CHECKING:
    from simsales.engine.worktime import WorkTime
    from simsales.model.schema import Rep

__all__ = ["Leaving", "RoleRule", "Staffing", "Trained"]


class RoleRule(NamedTuple):
    """What holds for the reps of one role under one regime.

    Parameters
    ----------
    tiers : tuple of float
    max_open : float
        Open deals per rep; inf: any number.
    recycle, reclaim : float
        Days; recycle is inf where deals never go back to the pool.
    handover_loss : float
    """

    tiers: tuple[float, ...]
    max_open: float
    recycle: float
    reclaim: float
    handover_loss: float


class Leaving(NamedTuple):
    """Attrition of one role under one regime; the vacancy is the position of a law."""

    per_year: float
    first_year: float
    low_attainment: float
    low_factor: float
    replace: bool
    vacancy: int


class Trained(NamedTuple):
    """What one training does for a rep who is employed at its begin, from its end on; half_life is inf where it stays."""

    begin: float
    end: float
    skill: float
    speed: float
    half_life: float


@dataclass(frozen=True, eq=False, repr=False)
class Staffing:
    """How the reps of a plan come and go, what they may take, and when they work.

    Parameters
    ----------
    hours : tuple of WorkTime, one a rep
        Reps with the same calendar and the same days off share one.
    shift : tuple of int, one a rep
        Which of the different working times it is.
    n_shifts : int
    people : tuple of tuple of Rep
        By regime and rep: what the model says, possible replacements included.
    seat : tuple of int, one a rep
        Position of the rep whose seat a possible replacement would take; otherwise the rep's own.
    following : tuple of int, one a rep
        Who would sit down next in the same seat; -1: nobody.
    n_named : int
        How many reps the model names; the rest are possible replacements.
    roles : tuple of tuple of RoleRule
        By regime and role.
    leaving : tuple of tuple of (Leaving or None)
        By regime and role.
    territory : tuple of tuple of (tuple of Clause or None)
        By regime and rep.
    curves : tuple of tuple of (tuple of float)
        By regime and rep; empty for a straight ramp.
    trainings : tuple of tuple of Trained, one a rep
    quota : tuple of tuple of float
        By regime and rep, for one period of the pay plan; 0 without a plan or without a quota.
    win_chance : tuple of tuple of (tuple of float)
        By regime, segment and stage; empty where no queue asks for it.
    """

    hours: tuple[WorkTime, ...]
    shift: tuple[int, ...]
    n_shifts: int
    people: tuple[tuple[Rep, ...], ...]
    seat: tuple[int, ...]
    following: tuple[int, ...]
    n_named: int
    roles: tuple[tuple[RoleRule, ...], ...]
    leaving: tuple[tuple[Leaving | None, ...], ...]
    territory: tuple[tuple[tuple[Clause, ...] | None, ...], ...]
    curves: tuple[tuple[tuple[float, ...], ...], ...]
    trainings: tuple[tuple[Trained, ...], ...]
    quota: tuple[tuple[float, ...], ...]
    win_chance: tuple[tuple[tuple[float, ...], ...], ...] = field(default=())

    @property
    def has_attrition(self) -> bool:
        """Tell whether anybody may leave by himself or herself."""
        return any(each is not None and each.per_year > 0.0 for row in self.leaving for each in row)
