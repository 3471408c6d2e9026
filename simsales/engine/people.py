"""Reps as servers: routing, queues, and who takes which task when (R3, R4, R7)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush

from simpy.events import Event

from simsales.engine import rules
from simsales.engine.effort import EffortState
from simsales.engine.environment import Kind, OrderedEnvironment
from simsales.engine.hooks import Hooks
from simsales.engine.plan import NOBODY, Plan
from simsales.engine.state import Deal, Task
from simsales.engine.streams import DealDraws, Purpose, Streams
from simsales.errors import InvalidModelError

SHIFT = -1
REGIME = -2
Heap = list[tuple[tuple[float, ...], int, Task]]


class Staff:
    """All reps of a run, their queues, and the pools of the roles.

    Parameters
    ----------
    plan : Plan
    env : OrderedEnvironment
    draws : DealDraws
    streams : Streams
    hooks : Hooks
    """

    def __init__(
        self, plan: Plan, env: OrderedEnvironment, draws: DealDraws, streams: Streams, hooks: Hooks
    ) -> None:
        self.plan, self.env, self.draws, self.hooks = plan, env, draws, hooks
        self.work = plan.worktime
        n = len(plan.reps)
        self.role: list[int] = plan.rep_role.tolist()
        self.hired: list[float] = plan.rep_hired.tolist()
        self.leaves: list[float] = plan.rep_leaves.tolist()
        self.present = [h <= env.now < x for h, x in zip(self.hired, self.leaves, strict=True)]
        self.busy = [0] * n
        self.free_since = [env.now] * n
        self.deals: list[dict[int, Deal]] = [{} for _ in range(n)]
        self.loads = [0] * n
        self.own: list[Heap] = [[] for _ in range(n)]
        self.pool: list[Heap] = [[] for _ in plan.roles]
        self.last_routed = [NOBODY] * len(plan.roles)
        self.on_duty: list[list[int]] = [[] for _ in plan.roles]
        self.rows: list[list[float]] = []
        self.effort = EffortState(plan)
        # plain lists: reading one number from an array costs more than the whole rule
        self.limit: list[list[int]] = plan.role_concurrency.tolist()
        self.weights: list[list[float]] = plan.rep_weight.tolist()
        self.skill: list[list[float]] = plan.rep_skill.tolist()
        self._speed: list[list[float]] = (plan.rep_speed * plan.rep_share).tolist()
        self._ramp_days: list[list[float]] = plan.rep_ramp_days.tolist()
        self._ramp_start: list[list[float]] = plan.rep_ramp_start.tolist()
        self._adopts = _rep_adoption(plan, streams)
        self._begun = 0
        self._shift_at = -1.0
        self._count = 0
        self._held = False
        self._muster()
        self._schedule()

    # who is there ------------------------------------------------------------------------------

    def _muster(self) -> None:
        """Rebuild the lists of reps on duty by role, in rep order."""
        for duty in self.on_duty:
            duty.clear()
        for rep, role in enumerate(self.role):
            if self.present[rep]:
                self.on_duty[role].append(rep)

    def _schedule(self) -> None:
        for rep, (hired, leaving) in enumerate(zip(self.hired, self.leaves, strict=True)):
            if hired > self.env.now:
                self._staffing(hired, 2 * rep, partial(self.hire, rep))
            if leaving > self.env.now:
                self._staffing(leaving, 2 * rep + 1, partial(self.leave, rep))
        for r, start in enumerate(self.plan.regime_start.tolist()):
            if start <= self.env.now:
                self._begun = r
            else:
                self._staffing(start, REGIME, partial(self.begin_regime, r))

    def _staffing(self, time: float, ident: int, call: Callable[[Event], None]) -> None:
        if time < float("inf"):
            self.env.at(time, Kind.STAFFING, ident).callbacks.append(call)

    def hire(self, rep: int, _: Event | None = None) -> None:
        """Let a rep begin (R7)."""
        self.present[rep] = True
        self.free_since[rep] = self.env.now
        self._muster()
        self.dispatch(rep)

    def leave(self, rep: int, _: Event | None = None) -> None:
        """Let a rep go: the task in hand is finished, everything else is routed anew (R7)."""
        self.present[rep] = False
        self._muster()
        for _ordinal, deal in sorted(self.deals[rep].items()):
            self._drop(deal, rep)
            role = self.role[rep]
            if deal.owner == rep:
                deal.owner = NOBODY
                self.make_owner(deal, role)
            else:
                self.assign(deal, role)
            for task in tuple(deal.tasks):
                if task.queue is self.own[rep]:
                    self._enqueue(task)

    def begin_regime(self, r: int, _: Event | None = None) -> None:
        """Serve queues by the rules of a regime that begins (deals adopt it one by one)."""
        before, self._begun = self._begun, r
        for role, rule in enumerate(self.plan.role_queue[r]):
            if rule != self.plan.role_queue[before][role]:
                self._resort(role)
        for rep in range(len(self.role)):
            self.dispatch(rep)

    def _resort(self, role: int) -> None:
        heaps = [self.pool[role], *(self.own[p] for p, r in enumerate(self.role) if r == role)]
        for heap in heaps:
            waiting = [entry[2] for entry in sorted(heap) if entry[2].queue is heap]
            heap.clear()
            for task in waiting:
                self._push(heap, task)

    # routing -----------------------------------------------------------------------------------

    def make_owner(self, deal: Deal, role: int) -> None:
        """Give a deal an owner of a role, using the loads before it (R1)."""
        deal.owner_role = role
        rep = self.assign(deal, role)
        if rep != NOBODY:
            deal.owner = rep

    def adopt(self, deal: Deal, rep: int, role: int) -> None:
        """Make `rep` the owner of a deal that is already open at the start (R9)."""
        deal.owner_role = role
        deal.owner = rep
        if self.plan.role_routing[deal.regime][role] == "pool":
            self._hold(deal, rep)
        else:
            self._take(deal, rep, role)

    def assign(self, deal: Deal, role: int) -> int:
        """Return who works for the deal in a role, now chosen by the role's routing rule."""
        present = self.on_duty[role]
        rule = self.plan.role_routing[deal.regime][role]
        if rule == "pool" or not present:
            deal.reps.pop(role, None)
            return NOBODY
        rep = self._route(deal, role, rule, present)
        self.last_routed[role] = rep
        self._take(deal, rep, role)
        return rep

    def _route(self, deal: Deal, role: int, rule: str, present: list[int]) -> int:
        if self.hooks.route is not None:
            names = [self.plan.reps[rep] for rep in present]
            chosen = self.hooks.route(self.hooks.facts(self.plan, deal, self.env.now), names)
            if chosen is not None:
                return present[_position(chosen, names)]
        weights = self.weights[deal.regime]
        if rule == "least_loaded":
            return rules.least_loaded(self.loads, weights, present)
        if rule == "round_robin":
            return rules.round_robin(self.last_routed[role], present)
        times = deal.routed.get(role, 0) + 1
        deal.routed[role] = times
        u = self.draws.one(deal.ordinal, Purpose.ROUTE, self.plan.role_key[role], times)
        return rules.weighted(weights, present, u)

    def _take(self, deal: Deal, rep: int, role: int) -> None:
        deal.reps[role] = rep
        self._hold(deal, rep)

    def _hold(self, deal: Deal, rep: int) -> None:
        if deal.ordinal not in self.deals[rep]:
            self.deals[rep][deal.ordinal] = deal
            self.loads[rep] += 1

    def _drop(self, deal: Deal, rep: int) -> None:
        if self.deals[rep].pop(deal.ordinal, None) is not None:
            self.loads[rep] -= 1

    def release_deal(self, deal: Deal) -> None:
        """Take a closed deal off everybody's hands."""
        for rep in deal.reps.values():
            self._drop(deal, rep)
        if deal.owner != NOBODY:
            self._drop(deal, deal.owner)

    # tasks -------------------------------------------------------------------------------------

    def queue(self, task: Task) -> None:
        """Put a task into its rep's queue or its role's pool (R3)."""
        task.deal.tasks.append(task)
        if task.role not in task.deal.reps:
            if task.role == task.deal.owner_role:
                self.make_owner(task.deal, task.role)
            else:
                self.assign(task.deal, task.role)
        self._enqueue(task)

    def _enqueue(self, task: Task) -> None:
        rep = task.deal.reps.get(task.role, NOBODY)
        if rep != NOBODY:
            self._push(self.own[rep], task)
            self.dispatch(rep)
            return
        self._push(self.pool[task.role], task)
        limit = self.limit[self._begun][task.role]
        duty, now = self.on_duty[task.role], self.env.now
        free = [rep for rep in duty if self.busy[rep] < limit and now < self.leaves[rep]]
        if free:
            self.dispatch(min(free, key=lambda rep: (self.busy[rep], self.free_since[rep], rep)))

    def _push(self, heap: Heap, task: Task) -> None:
        rule = self.plan.role_queue[self._begun][task.role]
        deal = task.deal
        key = rules.queue_key(rule, task.since, deal.ordinal, deal.amount, deal.created)
        self._count += 1
        task.queue = heap
        heappush(heap, (key, self._count, task))

    def _head(self, heap: Heap) -> tuple[tuple[float, ...], int, Task] | None:
        while heap and heap[0][2].queue is not heap:
            heappop(heap)  # taken, lapsed or moved
        return heap[0] if heap else None

    def dispatch(self, rep: int) -> None:
        """Let a rep take tasks while there is time, room and work (R3)."""
        if not self.present[rep] or self.env.now >= self.leaves[rep] or self._held:
            return
        role = self.role[rep]
        limit = self.limit[self._begun][role]
        while self.busy[rep] < limit:
            heads = [h for h in (self._head(self.own[rep]), self._head(self.pool[role])) if h]
            if not heads:
                return
            if not self.work.is_open(self.env.now):
                self._wait_for_opening()
                return
            self._start(min(heads)[2], rep)

    def hold(self) -> None:
        """Let nobody begin until all that waited before the start has queued (R9)."""
        self._held = True
        self._staffing(self.env.now, SHIFT, self._open)

    def _wait_for_opening(self) -> None:
        opens = self.work.next_open(self.env.now)
        if self._shift_at != opens:
            self._shift_at = opens
            event = self.env.at(opens, Kind.STAFFING, SHIFT)
            event.callbacks.append(self._open)

    def _open(self, _: Event) -> None:
        self._held = False
        for rep in range(len(self.role)):
            self.dispatch(rep)

    def _start(self, task: Task, rep: int) -> None:
        now, deal = self.env.now, task.deal
        task.queue, task.rep = None, rep
        deal.tasks.remove(task)
        self.busy[rep] += 1
        if task.role not in deal.reps and deal.owner == NOBODY and task.role == deal.owner_role:
            self.adopt(deal, rep, task.role)  # from a pool: whoever works first is credited
        if not deal.answered and task.visit.view.tasks:
            deal.answered = True
            deal.response = (now - deal.created) * 24.0
        if self.effort.on and self.effort.paid[rep]:
            deal.credit = rep
        hours = task.work / self._pace(rep, task)
        end = self.work.add(now, hours)
        task.visit.rep = rep
        task.row[4], task.row[6], task.row[7], task.row[8] = rep, now, end, hours
        self.env.at(end, Kind.TASK_END, deal.ordinal, task.done)

    def _pace(self, rep: int, task: Task) -> float:
        """Return hours of work done in an hour of working time, read at the start (R3, R8)."""
        now, r = self.env.now, self.regime(rep)
        age = now - self.hired[rep]
        ramp = rules.ramp_factor(self._ramp_start[r][rep], self._ramp_days[r][rep], age)
        task.visit.effort = self.effort.multiplier(rep, r, now)
        return self._speed[r][rep] * ramp * task.visit.effort

    def regime(self, rep: int) -> int:
        """Return the latest regime that a rep has taken up."""
        for r in range(self.plan.n_regimes - 1, 0, -1):
            age = self.env.now - self.plan.regime_start[r]
            u = self._adopts[r][rep]
            if rules.adopted(self.plan.regime_adoption[r], self.plan.regime_ramp[r], age, u):
                return r
        return 0

    def finish(self, task: Task) -> None:
        """Free the rep once everything that follows for the deal at this instant is done (R10)."""
        done = self.env.event()
        done.callbacks.append(lambda _: self._free(task.rep))
        done.succeed()

    def _free(self, rep: int) -> None:
        self.busy[rep] -= 1
        self.free_since[rep] = self.env.now
        self.dispatch(rep)

    def give_up(self, task: Task) -> None:
        """Let a deal leave whose task is still waiting (R4)."""
        if task.queue is not None:
            task.queue, task.lapsed = None, True
            task.deal.tasks.remove(task)
            task.done.succeed()


def _position(chosen: str, names: list[str]) -> int:
    if chosen not in names:
        message = (
            f"hooks.route must return one of {', '.join(names)}, or None, got {chosen!r}. "
            "Hint: choose from its second argument."
        )
        raise InvalidModelError(message)
    return names.index(chosen)


def _rep_adoption(plan: Plan, streams: Streams) -> list[list[float]]:
    """Return each rep's adoption uniform for each regime."""
    return [
        [streams.uniform(0, name, key, Purpose.ADOPTION) for name in plan.rep_key]
        for key in plan.regime_key
    ]
