"""A user's own rules, called by the reference engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simsales.engine.life.state import Deal
from simsales.engine.plan import Plan

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class Hooks:
    """Python functions that take a decision instead of the built-in rule.

    Parameters
    ----------
    route : callable, optional
        ``route(deal, reps) -> name or None``: whom a deal goes to, of the reps of the role that are
        there; None leaves it to the role's routing rule. Not asked for a role whose routing is ``pool``.
    exit : callable, optional
        ``exit(deal, stage, targets, chosen) -> target``: how a visit ends; `chosen` is what the
        keyed draw says. A stay that was under way at the start (R9) is not asked.

    Notes
    -----
    `deal` is a mapping with ``channel, segment, amount, owner, created, now`` (days since the epoch).
    A hook must decide by its arguments alone, or results depend on the order of calls.

    Examples
    --------
    >>> hooks = Hooks(route=lambda deal, reps: reps[0] if deal["amount"] > 1e5 else None)
    """

    route: Callable[[Facts, Sequence[str]], str | None] | None = None
    exit: Callable[[Facts, str, Sequence[str], str], str] | None = None

    @staticmethod
    def facts(plan: Plan, deal: Deal, now: float) -> Facts:
        """Return what a hook may know about a deal."""
        return {
            "channel": plan.channels[deal.channel] if deal.channel >= 0 else None,
            "segment": plan.segments[deal.segment],
            "amount": deal.amount,
            "owner": plan.reps[deal.owner] if deal.owner >= 0 else None,
            "created": deal.created,
            "now": now,
        }
