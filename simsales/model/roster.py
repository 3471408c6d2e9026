"""The people of a model one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from simsales.model.people import Rep

if TYPE_CHECKING:
    from simsales.model.schema import Model


class _HasName(Protocol):
    @property
    def name(self) -> str: ...


Named = TypeVar("Named", bound=_HasName)


def named_reps(model: Model) -> tuple[Rep, ...]:
    """Return one rep a person: counts are spelled out as ``ROLE-01`` and so on.

    Examples
    --------
    >>> from simsales.model.schema import Model
    >>> m = Model(channels=[{"name": "web", "leads_per_week": 1.0}], roles=[{"name": "AE"}],
    ...           reps=[{"role": "AE", "count": 2}],
    ...           stages=[{"name": "Open", "exits": [{"to": "won", "probability": 1.0}]}])
    >>> [rep.name for rep in named_reps(m)]
    ['AE-01', 'AE-02']
    """
    taken = {rep.name for rep in model.reps if rep.name}
    found: list[Rep] = []
    numbers: dict[str, int] = {}
    for rep in model.reps:
        if rep.name is not None:
            found.append(rep)
            continue
        for _ in range(rep.count):
            while True:
                numbers[rep.role] = numbers.get(rep.role, 0) + 1
                name = f"{rep.role}-{numbers[rep.role]:02d}"
                if name not in taken:
                    break
            found.append(rep.model_copy(update={"name": name, "count": 1}))
    return tuple(found)


def by_name(items: Sequence[Named]) -> list[Named]:
    """Return the parts of a model in the order of their names, which no rearranged file changes.

    Examples
    --------
    >>> from simsales.model.market import Region
    >>> [region.name for region in by_name([Region(name="north"), Region(name="east")])]
    ['east', 'north']
    """
    return sorted(items, key=lambda item: item.name)
