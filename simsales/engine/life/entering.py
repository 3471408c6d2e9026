"""How a deal enters a stage: facts, gates, regimes, contexts and the visit that begins (R2, R6)."""

from __future__ import annotations

from simsales.engine import rules
from simsales.engine.environment import OrderedEnvironment
from simsales.engine.hooks import Hooks
from simsales.engine.leads.arrivals import Deals, make_deals
from simsales.engine.life.state import NONE, Deal, Visit
from simsales.engine.plan import NOBODY, OPEN, Plan, StageView
from simsales.engine.plan.process import Clauses
from simsales.engine.staff.people import Staff
from simsales.engine.streams import Purpose, Streams
from simsales.errors import InvalidModelError
from simsales.model.conditions import AUTHORITY, holds

NAN = float("nan")


class Entering:
    """The state of a run, and the first step of a stay.

    Parameters
    ----------
    plan : Plan
    seed, replication : int
    hooks : Hooks, optional
    """

    def __init__(self, plan: Plan, seed: int, replication: int, hooks: Hooks | None = None) -> None:
        self.plan = plan
        self.streams = Streams(seed, replication)
        self.facts: Deals = make_deals(plan, self.streams)  # R1
        self.draw = self.facts.draws.one
        self.env = OrderedEnvironment(initial_time=plan.start)
        self.hooks = hooks or Hooks()
        self.staff = Staff(plan, self.env, self.facts, self.streams, self.hooks)
        self.deals: list[Deal] = []
        self.visits: list[list[float]] = []
        self.rows: list[list[float]] = []  # of tasks

    # what conditions may ask --------------------------------------------------------------------

    def meets(self, deal: Deal, clauses: Clauses, number: int, time: float | None = None) -> bool:
        """Tell whether a condition holds, now or at a time, for a deal that makes its visit `number` to a stage."""
        time = self.env.now if time is None else time
        known = {field: self.fact(deal, field, number, time) for field, _, _ in clauses}
        if any(field == "discount" and value == AUTHORITY for field, _, value in clauses):
            known[AUTHORITY] = self.authority(deal, time)
        return holds(clauses, known)

    def fact(self, deal: Deal, field: str, number: int, time: float) -> float | str:
        """Return what is true of a deal at a time; an unknown name is an empty text."""
        plan = self.plan
        if field == "amount":
            return deal.amount
        if field == "segment":
            return plan.segments[deal.segment]
        if field == "channel":
            return plan.channels[deal.channel] if deal.channel >= 0 else ""
        if field == "previous":
            return plan.stages[deal.previous] if deal.previous >= 0 else ""
        if field == "visit":
            return float(number)
        if field == "discount":
            return deal.discount
        return self._market_fact(deal, field, time)

    def _market_fact(self, deal: Deal, field: str, time: float) -> float | str:
        i, facts, market = deal.ordinal, self.facts, self.plan.market
        if field == "product":
            return market.products[facts.product[i]] if facts.product[i] >= 0 else ""
        if field == "region":
            return market.regions[facts.region[i]] if facts.region[i] >= 0 else ""
        if field == "score":
            return facts.score_at(i, time)
        return "standard" if facts.standard[i] else "non_standard"

    def authority(self, deal: Deal, time: float) -> float:
        """Return the discount that the owner's role may give alone (nobody: the model's first role)."""
        r = self.regime(deal.ordinal, time)
        role = self.staff.role[deal.owner] if deal.owner != NOBODY else 0
        row = self.plan.process.authority[r]
        return row[role] if row else 1.0

    # steps --------------------------------------------------------------------------------------

    def gate(self, deal: Deal, stage: int) -> int:
        """Return the first stage, from `stage` on, whose condition holds; or an outcome (R6)."""
        for _ in range(len(self.plan.stages) + 1):
            if stage < 0:
                return stage
            view = self.view(deal, stage)
            if view.when is None or self.meets(deal, view.when, deal.visits.get(stage, 0) + 1):
                return stage
            if deal.status == OPEN:
                deal.stage = stage
            deal.then = view.skip_then
            stage = view.skip_to
        message = (
            f"when must let deals pass, got a circle at '{self.plan.stages[stage]}'. "
            "Hint: an earlier and a later regime send deals back and forth."
        )
        raise InvalidModelError(message)

    def view(self, deal: Deal, stage: int, time: float | None = None) -> StageView:
        """Return a stage as the deal's regime has it, now or at a time, else as the nearest regime does."""
        views = self.plan.views
        if len(views) == 1:
            view = views[0][stage]
            assert view is not None
            return view
        for r in range(self.regime(deal.ordinal, self.env.now if time is None else time), -1, -1):
            view = views[r][stage]
            if view is not None:
                deal.regime = r
                return view
        deal.regime = next(r for r, row in enumerate(views) if row[stage] is not None)
        found = views[deal.regime][stage]
        assert found is not None
        return found

    def regime(self, deal: int, time: float) -> int:
        """Return the latest regime that has begun, whose condition holds, and that the deal takes up."""
        plan = self.plan
        for r in range(plan.n_regimes - 1, 0, -1):
            age = time - plan.regime_start[r]
            if age >= 0.0 and (not plan.pilot[r] or self.facts.eligible[r][deal]):
                u = self.draw(deal, Purpose.ADOPTION, plan.regime_key[r])
                if rules.adopted(plan.regime_adoption[r], plan.regime_ramp[r], age, u) and self._has(deal, r, time):
                    return r
        return 0

    def _has(self, deal: int, r: int, time: float) -> bool:
        """Tell whether the deal has taken up what regime `r` builds on."""
        return all(
            rules.adopted(adoption, ramp, time - start, self.draw(deal, Purpose.ADOPTION, key))
            for key, start, ramp, adoption in self.plan.needs[r]
        )

    def enter(self, deal: Deal, stage: int, since: float | None = None) -> Visit | None:
        """Begin a visit, or go on with one that began at `since` (R9); None if the deal has been there too often (R6)."""
        view = self.view(deal, stage, since)
        number = deal.visits.get(stage, 0) + 1
        if number > view.max_visits and since is None:
            return None
        deal.visits[stage] = number
        if deal.status == OPEN:
            deal.stage = stage
        if view.contexts:
            view = self._in_context(deal, view, number, since)
        entered = self.env.now if since is None else since
        row = [deal.ordinal, deal.seq, stage, entered, NAN, NONE, deal.owner, number, view.sla]
        deal.seq += 1
        self.visits.append(row)
        visit = deal.visit = Visit(stage, number, view, deal.regime, row)
        if not view.tasks and deal.owner != NOBODY and self.staff.effort.on:
            rep_regime = self.staff.regime(deal.owner)
            visit.effort = self.staff.effort.multiplier(deal.owner, rep_regime, self.env.now)  # R8
        if deal.ahead:
            self._done_ahead(deal, visit)
        return visit

    @staticmethod
    def _done_ahead(deal: Deal, visit: Visit) -> None:
        """Let work that was done for this stage count for its odds; what this stage does ahead begins anew."""
        known = deal.ahead.pop(visit.stage, None)
        if known is not None:
            visit.rep, visit.lead, visit.work, visit.effort = known.rep, known.lead, known.work, known.effort
        for item in visit.view.tasks:
            deal.ahead.pop(item.counts_for, None)

    def _in_context(self, deal: Deal, view: StageView, number: int, since: float | None) -> StageView:
        """Return the stage as the first context that holds on entry has it."""
        for clauses, special in view.contexts:
            if self.meets(deal, clauses, number, since):
                return special
        return view
