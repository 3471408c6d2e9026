"""Whom a deal goes to (R1, R7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simsales.engine import rules
from simsales.engine.life.state import Deal
from simsales.engine.plan import NOBODY, OPEN
from simsales.engine.staff.bench import Bench
from simsales.engine.streams import Purpose
from simsales.errors import InvalidModelError, got
from simsales.model.conditions import holds

__all__ = ["Routing"]

INFINITY = float("inf")


class Routing(Bench):
    """Gives deals to reps, and keeps count of who has how many."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.last_routed = [NOBODY] * len(self.plan.roles)
        roles = self.plan.staffing.roles
        self.limited = [any(row[k].max_open < float("inf") for row in roles) for k in range(len(self.plan.roles))]

    def make_owner(self, deal: Deal, role: int) -> None:
        """Give a deal an owner of a role, using the loads before it (R1)."""
        deal.owner_role = role
        rep = self.assign(deal, role)
        if rep != NOBODY:
            deal.owner = rep

    def adopt(self, deal: Deal, rep: int, role: int, works: bool = True) -> None:
        """Make `rep` the owner of a deal, who also works for it in a role that routes (R3, R9)."""
        deal.owner_role = role
        deal.owner = rep
        if not works or self.plan.role_routing[deal.regime][role] == "pool":
            self._hold(deal, rep)
        else:
            self._take(deal, rep, role)

    def hand(self, deal: Deal, rep: int, role: int) -> None:
        """Let a rep work for a deal that is already open at the start (R9)."""
        self._take(deal, rep, role)

    def assign(self, deal: Deal, role: int) -> int:
        """Return who works for the deal in a role, now chosen by the role's routing rule."""
        rule, present = self.plan.role_routing[deal.regime][role], self.on_duty[role]
        if self.soonest < INFINITY and self.env.now >= self.soonest:  # who leaves at this instant gets nothing more
            present = [rep for rep in present if self.env.now < self.leaves[rep]]
        if present and self.limited[role]:
            present = [rep for rep in present if self.has_room(rep, deal)]
        if rule == "pool" or not present:
            deal.reps.pop(role, None)
            return NOBODY
        rep = self._route(deal, role, rule, present)
        self.last_routed[role] = rep
        self._take(deal, rep, role)
        return rep

    def has_room(self, rep: int, deal: Deal) -> bool:
        """Tell whether a rep may take a deal under the limit on open deals."""
        if deal.ordinal in self.deals[rep]:
            return True
        return rules.has_room(self.loads[rep], self.rule(deal, self.role[rep]).max_open)

    def _route(self, deal: Deal, role: int, rule: str, present: list[int]) -> int:
        if self.hooks.route is not None:
            names = [self.plan.reps[rep] for rep in present]
            chosen = self.hooks.route(self.hooks.facts(self.plan, deal, self.env.now), names)
            if chosen is not None:
                return present[_position(chosen, names)]
        weights = self.weights[deal.regime]
        if rule == "round_robin" and self.last_routed[role] != NOBODY:
            return rules.round_robin(self.last_routed[role], present)
        if rule == "weighted":
            times = deal.routed[role] = deal.routed.get(role, 0) + 1
            u = self.draws.one(deal.ordinal, Purpose.ROUTE, self.plan.role_key[role], times)
            return rules.weighted(weights, sorted(present, key=self.places.__getitem__), u)
        if rule in ("territory", "skill", "score"):
            present = self._candidates(deal, role, rule, present)
        if rule != "round_robin":
            present = rules.least_loaded(self.loads, weights, present)
        return present[0] if len(present) == 1 else rules.lot(self._luck(deal, role), present, self.words)

    def _luck(self, deal: Deal, role: int) -> float:
        """Return the deal's keyed draw for ties between reps of a role."""
        return self.draws.one(deal.ordinal, Purpose.TIE, self.plan.role_key[role])

    def _candidates(self, deal: Deal, role: int, rule: str, present: list[int]) -> list[int]:
        """Return the reps, of those with room, whom a territory or a tier means."""
        if rule == "territory":
            facts, areas = self.attributes(deal), self.plan.staffing.territory[deal.regime]
            return [rep for rep in present if _covers(areas[rep], facts)] or present
        bounds = self.rule(deal, role).tiers
        value = deal.amount if rule == "skill" else self.score(deal)
        skills = {rep: self.skill_now(rep, deal.regime) for rep in self.on_duty[role]}
        order = [skills.get(rep, 0.0) for rep in range(len(self.role))]
        luck = self._luck(deal, role)
        groups = rules.tier_groups(self.on_duty[role], order, len(bounds) + 1, luck, self.words)
        return rules.of_tier(rules.tier_of(value, bounds), groups, present)

    def attributes(self, deal: Deal) -> dict[str, object]:
        """Return what territories look at: what is known of a deal from its creation on."""
        plan, market = self.plan, self.plan.market
        product, region = int(self.facts.product[deal.ordinal]), int(self.facts.region[deal.ordinal])
        return {
            "amount": deal.amount, "segment": plan.segments[deal.segment],
            "channel": plan.channels[deal.channel] if deal.channel >= 0 else "",
            "product": market.products[product] if product >= 0 else "",
            "region": market.regions[region] if region >= 0 else "",
        }  # fmt: skip

    def _take(self, deal: Deal, rep: int, role: int) -> None:
        deal.reps[role] = rep
        self._hold(deal, rep)

    def _hold(self, deal: Deal, rep: int) -> None:
        if deal.ordinal not in self.deals[rep] and deal.status == OPEN:  # after-sale work is no open deal
            self.deals[rep][deal.ordinal] = deal
            self.loads[rep] += 1

    def _drop(self, deal: Deal, rep: int) -> bool:
        """Take a deal off a rep's hands; tell whether he or she had it."""
        if self.deals[rep].pop(deal.ordinal, None) is None:
            return False
        self.loads[rep] -= 1
        return True


def _covers(area: Any, facts: dict[str, object]) -> bool:
    """Tell whether a deal lies in a territory; nothing lies in none."""
    return area is not None and holds(area, facts)


def _position(chosen: str, names: Sequence[str]) -> int:
    if chosen not in names:
        message = (
            f"hooks.route must return one of {', '.join(names)}, or None, got {got(chosen)}. "
            "Hint: choose from its second argument."
        )
        raise InvalidModelError(message)
    return names.index(chosen)
