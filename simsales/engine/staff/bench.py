"""Who is there, when they work, and how fast (R3, R7)."""

from __future__ import annotations

from simsales.engine import rules
from simsales.engine.effort import EffortState
from simsales.engine.environment import OrderedEnvironment
from simsales.engine.hooks import Hooks
from simsales.engine.leads.arrivals import Deals
from simsales.engine.life.state import Deal, Task
from simsales.engine.payday import Attainment
from simsales.engine.plan import Plan
from simsales.engine.plan.staffing import RoleRule, Trained
from simsales.engine.staff.dips import Dips
from simsales.engine.streams import Purpose, Streams
from simsales.engine.worktime import WorkTime

__all__ = ["LEAST_PACE", "Bench", "Entry", "Heap", "later"]

LEAST_PACE = 1e-3
"""Keeps the guess of a past finite where a new rep begins at nothing."""

Entry = tuple[tuple[float, ...], int, int, Task]
"""A task that waits: what the queue rule sorts by, its position in the stage, how many came before (never needed), itself."""
Heap = list[Entry]


class Bench:
    """The reps of a run: where they sit, how much they have in hand, how fast they are.

    Parameters
    ----------
    plan : Plan
    env : OrderedEnvironment
    facts : Deals
        What the deals are, and their draws.
    streams : Streams
    hooks : Hooks
    """

    def __init__(
        self, plan: Plan, env: OrderedEnvironment, facts: Deals, streams: Streams, hooks: Hooks
    ) -> None:
        self.plan, self.env, self.facts, self.hooks = plan, env, facts, hooks
        self.draws, self.streams = facts.draws, streams
        self.work = plan.worktime
        self.hours = plan.staffing.hours
        self.attainment = Attainment(plan)
        self.effort = EffortState(plan, self.attainment)
        n = len(plan.reps)
        self.role: list[int] = plan.rep_role.tolist()
        self.words = plan.rep_key
        """What stands for each rep's name in lots."""
        self.places = [0] * n
        for place, rep in enumerate(sorted(range(n), key=plan.reps.__getitem__)):
            self.places[rep] = place
        """Each rep's place by name: where an order is needed, that of the file is none."""
        self.hired: list[float] = plan.rep_hired.tolist()
        self.leaves: list[float] = plan.rep_leaves.tolist()
        self.present = [h <= env.now < x for h, x in zip(self.hired, self.leaves, strict=True)]
        self.busy = [0] * n
        self.free_since = [env.now] * n
        self.deals: list[dict[int, Deal]] = [{} for _ in range(n)]
        self.loads = [0] * n
        self.own: list[Heap] = [[] for _ in range(n)]
        self.pool: list[Heap] = [[] for _ in plan.roles]
        self.on_duty: list[list[int]] = [[] for _ in plan.roles]
        self.roster: list[int] = []
        self.rows: list[list[float]] = []
        self._begun = 0
        self.soonest = float("inf")
        """When the next of those present leaves: from that instant on nobody gives him or her anything."""
        # plain lists: reading one number from an array costs more than the whole rule
        self.limit: list[list[int]] = plan.role_concurrency.tolist()
        self.weights: list[list[float]] = plan.rep_weight.tolist()
        self.skill: list[list[float]] = plan.rep_skill.tolist()
        self._speed: list[list[float]] = (plan.rep_speed * plan.rep_share).tolist()
        self._ramp_days: list[list[float]] = plan.rep_ramp_days.tolist()
        self._ramp_start: list[list[float]] = plan.rep_ramp_start.tolist()
        self._adopts = _rep_adoption(plan, streams)
        self._curves = plan.staffing.curves
        self._trained = any(plan.staffing.trainings)
        self._dips = Dips(plan, facts)
        self._muster()

    def _muster(self) -> None:
        """Rebuild the lists of reps on duty, in all and by role, in rep order."""
        self.roster = [rep for rep, there in enumerate(self.present) if there]
        for duty in self.on_duty:
            duty.clear()
        for rep in self.roster:
            self.on_duty[self.role[rep]].append(rep)
        self.soonest = min((self.leaves[rep] for rep in self.roster), default=float("inf"))

    def rule(self, deal: Deal, role: int) -> RoleRule:
        """Return what holds for a role in the deal's regime."""
        return self.plan.staffing.roles[deal.regime][role]

    def regime(self, rep: int) -> int:
        """Return the latest regime that a rep has taken up."""
        for r in range(self.plan.n_regimes - 1, 0, -1):
            age = self.env.now - self.plan.regime_start[r]
            u = self._adopts[r][rep]
            if not self.plan.pilot[r] and rules.adopted(
                self.plan.regime_adoption[r], self.plan.regime_ramp[r], age, u
            ) and self._has(rep, r):
                return r
        return 0

    def _has(self, rep: int, r: int) -> bool:
        """Tell whether the rep has taken up what regime `r` builds on."""
        name, now = self.plan.rep_key[rep], self.env.now
        return all(
            rules.adopted(adoption, ramp, now - start, self.streams.uniform(0, name, key, Purpose.ADOPTION))
            for key, start, ramp, adoption in self.plan.needs[r]
        )

    def skill_now(self, rep: int, regime: int | None = None) -> float:
        """Return a rep's skill with what is left of trainings (R5, R7).

        Parameters
        ----------
        rep : int
        regime : int, optional
            Whose skill holds; absent: the latest one that the rep has taken up.
        """
        skill = self.skill[self.regime(rep) if regime is None else regime][rep]
        if self._trained:
            for each in self._taken(rep):
                skill += rules.trained(each.skill, each.half_life, self.env.now - each.end)
        return skill

    def _taken(self, rep: int) -> list[Trained]:
        """Return the trainings at whose begin a rep was employed."""
        return [each for each in self.plan.staffing.trainings[rep] if self.hired[rep] <= each.begin]

    def _pace(self, rep: int, task: Task) -> float:
        """Return hours of work done in an hour of working time, read at the start (R3, R8)."""
        now, r = self.env.now, self.regime(rep)
        age = now - self.hired[rep]
        ramp = rules.ramp_factor(self._ramp_start[r][rep], self._ramp_days[r][rep], age, self._curves[r][rep])
        pace = self._speed[r][rep] * ramp
        if self._trained:
            for each in self._taken(rep):
                pace *= 1.0 + rules.trained(each.speed - 1.0, each.half_life, now - each.end)
        pace *= self._dips.factor(task.deal.ordinal, self.role[rep], now)
        task.counts.effort = self.effort.multiplier(rep, r, now)
        return pace * task.counts.effort

    def done_by(self, deal: Deal, role: int, time: float, hours: float, latest: float) -> float:
        """Return when work that begins at a time would be done: by who has the deal in that role, else at the mean pace.

        Infinity stands for a time far beyond the `latest` that matters.
        """
        known = deal.reps.get(role)
        reps = self.on_duty[role] if known is None else [known]
        paces = [self._usual_pace(rep) for rep in reps]
        pace = sum(paces) / len(paces) if paces else 1.0
        calendar = self.work if known is None else self.hours[known]
        return later(calendar, time, hours / pace, latest)

    def opens(self, role: int, time: float, latest: float) -> float:
        """Return when somebody of a role is next at work; infinity where a time is beyond the `latest` that matters."""
        if time > latest:
            return float("inf")
        return min((self.hours[rep].next_open(time) for rep in self.on_duty[role]), default=time)

    def pace_of_role(self, role: int) -> float:
        """Return the hours of work that all reps of a role who are there do in an hour of working time."""
        return sum(self._usual_pace(rep) for rep in self.on_duty[role])

    def _usual_pace(self, rep: int) -> float:
        """Return a rep's speed with the ramp, apart from training and effort."""
        r = self.regime(rep)
        age = self.env.now - self.hired[rep]
        ramp = rules.ramp_factor(self._ramp_start[r][rep], self._ramp_days[r][rep], age, self._curves[r][rep])
        return max(self._speed[r][rep] * ramp, LEAST_PACE)

    def score(self, deal: Deal) -> float:
        """Return the score of a deal as people see it now; 0 without scoring."""
        return self.facts.seen_score_at(deal.ordinal, self.env.now)


def _rep_adoption(plan: Plan, streams: Streams) -> list[list[float]]:
    """Return each rep's adoption uniform for each regime."""
    return [
        [streams.uniform(0, name, key, Purpose.ADOPTION) for name in plan.rep_key]
        for key in plan.regime_key
    ]


def later(calendar: WorkTime, time: float, hours: float, latest: float) -> float:
    """Return when some hours of working time after a time are over; infinity where nobody asks for it any more."""
    return calendar.add(time, hours, latest) if time <= latest else float("inf")
