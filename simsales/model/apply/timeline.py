"""What applying a scenario gives: models that hold one after another, and what the changes cost."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from simsales.errors import InvalidModelError, got
from simsales.model.levers import Scenario
from simsales.model.schema import Model


@dataclass(frozen=True)
class Adoption:
    """A share of all deals, drawn deal by deal: it rises from 0 at `start` to `adoption` over `ramp_days`."""

    start: dt.date | None
    ramp_days: float
    adoption: float


@dataclass(frozen=True)
class Regime:
    """A model that holds from a date on.

    Parameters
    ----------
    model : Model
    start : date or None
        None: from the beginning.
    ramp_days, adoption : float
        How quickly, and by which share of deals, it is taken up.
    where : str, optional
        Condition on a deal's attributes: only deals for which it holds take it up; nothing but what happens to a deal
        differs from the regime before.
    needs : tuple of Adoption
        Earlier changes that its model holds and that not every deal takes up: only deals that do are meant.
    """

    model: Model
    start: dt.date | None = None
    ramp_days: float = 0.0
    adoption: float = 1.0
    where: str | None = None
    needs: tuple[Adoption, ...] = ()


@dataclass(frozen=True)
class DatedCost:
    """A scenario cost: once and per year from `start` (None: the beginning) on."""

    start: dt.date | None
    once: float
    per_year: float


@dataclass(frozen=True)
class DatedDip:
    """A transition dip: from `start` (None: the beginning) on reps of `roles` (none: all) are slower by up to `depth`.

    So is work on the deals that take up the change: those of `share` (None: all) for which `where` holds (None: any).
    """

    start: dt.date | None
    depth: float
    days: float
    roles: tuple[str, ...] = ()
    share: Adoption | None = None
    where: str | None = None


@dataclass(frozen=True)
class Uncertain:
    """A scenario with uncertain numbers, its base, and the costs and dips that the base had already."""

    scenario: Scenario
    base: Model
    costs: tuple[DatedCost, ...] = ()
    dips: tuple[DatedDip, ...] = ()


@dataclass(frozen=True)
class Timeline:
    """What an engine simulates: regimes in order of their start, and what the changes cost.

    Parameters
    ----------
    name : str
    regimes : tuple of Regime
    costs : tuple of DatedCost
    dips : tuple of DatedDip
    uncertain : Uncertain, optional
        Where numbers are drawn once a replication, see :func:`sampled`; the regimes hold the central values.
    base : Model, optional
        The organisation before any change, dated or not: what people are used to. Absent: nothing was changed.
    begins : tuple of (str, date)
        Which changes have a date, and when they begin (a hire on its first day): a run says which lie outside of it.
    """

    name: str
    regimes: tuple[Regime, ...]
    costs: tuple[DatedCost, ...] = ()
    dips: tuple[DatedDip, ...] = ()
    uncertain: Uncertain | None = None
    base: Model | None = None
    begins: tuple[tuple[str, dt.date], ...] = ()

    @property
    def usual(self) -> Model:
        """The organisation before any change."""
        return self.regimes[0].model if self.base is None else self.base

    @property
    def model(self) -> Model:
        """The first regime's model: epoch, calendar and currency are its."""
        return self.regimes[0].model

    @property
    def last(self) -> Model:
        """The last regime's model: its reps include all dated hires and leaves."""
        return self.regimes[-1].model


def as_timeline(model: Model | Timeline) -> Timeline:
    """Return `model` as a timeline of one regime (a timeline is returned as it is).

    Raises
    ------
    InvalidModelError
        If it is neither.
    """
    if not isinstance(model, (Model, Timeline)):
        message = f"model must be a Model, or a scenario applied to one, got {got(model)}. {_instead(model)}"
        raise InvalidModelError(message)
    return model if isinstance(model, Timeline) else Timeline(model.name, (Regime(model),))


def _instead(thing: object) -> str:
    """Return what to do with something that is no model."""
    if hasattr(thing, "changes"):
        return "Hint: apply(scenario, model) says what a scenario makes of a model."
    if hasattr(thing, "model"):
        return "Hint: pass its .model."
    return "Hint: load_model(path) reads one, Model(...) makes one."
