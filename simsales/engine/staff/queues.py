"""Who takes which task when (R3, R4)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from heapq import heapify, heappop, heappush
from typing import Any

from simpy.events import Event

from simsales.engine import rules
from simsales.engine.environment import Kind, Review
from simsales.engine.life.state import Deal, Task
from simsales.engine.plan import NOBODY, OPEN
from simsales.engine.staff.bench import Entry, Heap
from simsales.engine.staff.routing import Routing

__all__ = ["Queues"]

_WORTH = ("expected_value", "score", "due")


class Queues(Routing):
    """The queues of the reps and the pools of the roles."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        staffing = self.plan.staffing
        self.shift = staffing.shift
        self._shift_at = [-1.0] * staffing.n_shifts
        roles = range(len(self.plan.roles))
        self.recycles = [any(row[k].recycle < float("inf") for row in staffing.roles) for k in roles]
        self.picky = [limited or recycles for limited, recycles in zip(self.limited, self.recycles, strict=True)]
        """Roles in which not every rep may take every task from the pool."""
        self.credits = self.effort.on
        """Whether anybody asks who worked last on a deal."""
        self._count = 0
        self._held = False
        self._roles = sorted(roles, key=self.plan.roles.__getitem__)
        self.after_hires = len(self.plan.reps)
        """At one instant hires come before leavers, who hand over to them as well; then everybody takes work (R10)."""

    def queue(self, task: Task) -> None:
        """Put a task into its rep's queue or its role's pool (R3)."""
        deal, role = task.deal, task.role
        deal.tasks.append(task)
        if role not in deal.reps or not self.present[deal.reps[role]]:
            if role == deal.owner_role and deal.status == OPEN:
                self.make_owner(deal, role)
            else:
                self.assign(deal, role)
        self._enqueue(task, task.since)

    def _enqueue(self, task: Task, since: float) -> None:
        """Let a task wait for its rep, or in the pool; a rep who lets it wait too long from `since` on loses it."""
        rep = task.deal.reps.get(task.role, NOBODY)
        if rep == NOBODY:
            self._offer(task)
            return
        self._push(self.own[rep], task)
        self.dispatch(rep)
        if self.recycles[task.role] and task.queue is not None:
            self._watch(task, rep, since)

    def _offer(self, task: Task) -> None:
        """Put a task into the pool of its role, where whoever has been free for longest may take it."""
        role, now = task.role, self.env.now
        self._push(self.pool[role], task)
        limit = self.limit[self._begun][role]
        free = [rep for rep in self.on_duty[role] if self.busy[rep] < limit and now < self.leaves[rep]]
        if self.picky[role]:
            free = [rep for rep in free if self.may_take(rep, task)]
        if len(self._shift_at) > 1 and free:
            at_work = [rep for rep in free if self.hours[rep].is_open(now)]
            if not at_work:
                for rep in free:
                    self.dispatch(rep)  # each waits for his or her own opening
                return
            free = at_work
        if free:
            self.dispatch(self._first_in_line(free, task))

    def _first_in_line(self, reps: list[int], task: Task) -> int:
        """Return who has least in hand and has been free for longest; ties by lot."""
        best = min((self.busy[rep], self.free_since[rep]) for rep in reps)
        tied = [rep for rep in reps if (self.busy[rep], self.free_since[rep]) == best]
        return tied[0] if len(tied) == 1 else rules.lot(self._luck(task.deal, task.role), tied, self.words)

    def _push(self, heap: Heap, task: Task) -> None:
        rule = self.plan.role_queue[self._begun][task.role]
        deal = task.deal
        worth = self._worth(rule, task) if rule in _WORTH else 0.0
        key = rules.queue_key(rule, task.since, deal.ordinal, deal.amount, deal.created, worth)
        self._count += 1
        task.queue = heap
        heappush(heap, (key, task.position, self._count, task))

    def _worth(self, rule: str, task: Task) -> float:
        """Return what the richer queue rules sort by."""
        deal, visit = task.deal, task.visit
        if rule == "expected_value":
            return self.plan.staffing.win_chance[deal.regime][deal.segment][visit.stage]
        return self.score(deal) if rule == "score" else visit.row[3] + visit.view.sla

    def _resort(self, role: int) -> None:
        heaps = [self.pool[role], *(self.own[p] for p, r in enumerate(self.role) if r == role)]
        for heap in heaps:
            waiting = [entry[3] for entry in sorted(heap) if entry[3].queue is heap]
            heap.clear()
            for task in waiting:
                self._push(heap, task)

    def _head(self, heap: Heap) -> Entry | None:
        while heap and heap[0][3].queue is not heap:
            heappop(heap)  # taken, lapsed or moved
        return heap[0] if heap else None

    def _pick(self, rep: int, first: Entry) -> Entry | None:
        """Return what a rep would take from the pool of the role, of which `first` is the first."""
        if self.may_take(rep, first[3]):
            return first
        heap = self.pool[self.role[rep]]
        allowed = (entry for entry in heap if entry[3].queue is heap and self.may_take(rep, entry[3]))
        return min(allowed, default=None)

    def may_take(self, rep: int, task: Task) -> bool:
        """Tell whether a rep may take a task from the pool: with room for the deal, unless it was taken from him."""
        deal = task.deal
        if deal.barred is not None and deal.barred[0] == rep and self.env.now < deal.barred[1]:
            return False
        lends_a_hand = self.plan.role_routing[deal.regime][task.role] == "pool" and not self._would_own(task)
        return lends_a_hand or deal.status != OPEN or self.has_room(rep, deal)

    def _would_own(self, task: Task) -> bool:
        """Tell whether a deal becomes the property of whoever takes this task from the pool."""
        deal = task.deal
        return task.role not in deal.reps and deal.owner == NOBODY and task.role == deal.owner_role

    # starting and ending -----------------------------------------------------------------------

    def dispatch(self, rep: int, _: Event | None = None, *, once: bool = False) -> bool:
        """Let a rep take tasks, or one, while there is time, room and work (R3); tell whether one was taken that might not be the last."""
        if self._held or not self.present[rep] or self.env.now >= self.leaves[rep]:
            return False
        role, own = self.role[rep], self.own[rep]
        limit, pool = self.limit[self._begun][role], self.pool[role]
        while self.busy[rep] < limit:
            mine, shared = self._head(own), self._head(pool)
            if shared is not None and self.picky[role]:
                shared = self._pick(rep, shared)
            if mine is None or shared is None:
                head = mine or shared
                if head is None:
                    return False
            else:
                head = min(mine, shared)
            if not self.hours[rep].is_open(self.env.now):
                self._wait_for_opening(rep)
                return False
            self._start(head[3], rep)
            if once:
                return True
        return False

    def _dispatch_then(self, rep: int, _: Event) -> None:
        self.dispatch(rep)

    def hold(self) -> None:
        """Let nobody begin until all that comes at this instant, people and work, is there (R3, R7, R9)."""
        if not self._held:
            self._held = True
            self._open_at(self.env.now)

    def _open_at(self, time: float) -> None:
        """Let everybody take work at a time, after the staffing changes of that instant."""
        self.env.at(time, Kind.STAFFING, 2 * self.after_hires).callbacks.append(self._open)

    def _wait_for_opening(self, rep: int) -> None:
        opens, shift = self.hours[rep].next_open(self.env.now), self.shift[rep]
        if self._shift_at[shift] != opens:
            self._shift_at[shift] = opens
            self._open_at(opens)

    def _open(self, _: Event) -> None:
        """Let everybody take one task after the other, first who has least in hand and has been free for longest (R3)."""
        self._held = False
        for role in self._roles:
            duty = self.on_duty[role]
            if len(duty) == 1:
                self.dispatch(duty[0])
                continue
            shared = self._head(self.pool[role])
            luck = 0.0 if shared is None else self._luck(shared[3].deal, role)
            line = [(self.busy[rep], self.free_since[rep], rules.lot_number(luck, self.words[rep]), rep) for rep in duty]
            heapify(line)
            while line:
                busy, since, number, rep = heappop(line)
                if self.dispatch(rep, once=True):
                    heappush(line, (busy + 1, since, number, rep))

    def _start(self, task: Task, rep: int) -> None:
        now, deal = self.env.now, task.deal
        from_pool = task.queue is not self.own[rep]
        task.queue, task.rep = None, rep
        deal.tasks.remove(task)
        self.busy[rep] += 1
        if from_pool:
            self._claim(task, rep)
        if not deal.answered and task.visit.view.tasks:
            deal.answered = True
            deal.response = (now - deal.created) * 24.0
        if self.effort.paid[rep]:
            deal.credit = rep
        if self.attainment.has_splits:
            deal.worked[self.role[rep]] = rep
        task.pace = self._pace(rep, task)
        hours = task.work / task.pace
        end = self.hours[rep].add(now, hours, self.facts.until)
        self._works(task, rep)
        task.row[4], task.row[6], task.row[7], task.row[8] = rep, now, end, hours
        self.env.at(end, Kind.TASK_END, deal.ordinal, task.done, task.position)

    @staticmethod
    def _works(task: Task, rep: int) -> None:
        """Note who worked last for the odds of a stage: a bot only where no person has (R5)."""
        if not task.bot or task.counts.rep == NOBODY:
            task.counts.rep = rep

    def _claim(self, task: Task, rep: int) -> None:
        """Make who takes a task from a pool the owner, or hand the role in the deal to him or her."""
        deal, role = task.deal, task.role
        if deal.status != OPEN:
            return
        if self._would_own(task):
            self.adopt(deal, rep, role)  # whoever works first is credited
        elif self.limited[role] and role not in deal.reps and self.plan.role_routing[deal.regime][role] != "pool":
            self._take(deal, rep, role)

    def finish(self, task: Task) -> None:
        """Free the rep once everything that follows for the deal at this instant is done (R10)."""
        self._later(partial(self._free, task.rep))

    def _later(self, call: Callable[[Event], None]) -> None:
        """Call when everything that follows from the event at hand is done (R10)."""
        done = Event(self.env)
        done.callbacks.append(call)
        done.succeed()

    def _free(self, rep: int, _: Event) -> None:
        self.busy[rep] -= 1
        self.free_since[rep] = self.env.now
        self.dispatch(rep)

    def withdraw(self, task: Task) -> None:
        """Take back a task that nobody has begun: out of its queue, or on its way there; its stay learns that it is over."""
        if task.queue is not None:
            task.queue, task.row[9] = None, self.env.now
            task.deal.tasks.remove(task)
        task.done.succeed()

    def take_up(self, task: Task, rep: int, started: float, pace: float) -> None:
        """Let a rep go on with a task of which some work is done (R9)."""
        now, hours = self.env.now, task.work - task.before
        pace = self._pace(rep, task) if pace != pace else pace  # noqa: PLR0124 - NaN: not known
        self.busy[rep] += 1
        task.rep, task.pace = rep, pace
        self._works(task, rep)
        end = self.hours[rep].add(now, hours / pace, self.facts.until)
        task.row[4], task.row[6], task.row[7], task.row[8] = rep, started, end, hours / pace
        self.env.at(end, Kind.TASK_END, task.deal.ordinal, task.done, task.position)

    def wait_again(self, task: Task, *, home: int, recalled: bool) -> None:
        """Let a task wait where it did before the start (R9): escalated or without anybody, in the pool."""
        if task.role == home and (not recalled or task.role in task.deal.reps):
            self.queue(task)
            return
        task.deal.tasks.append(task)
        self._offer(task)

    def escalate(self, task: Task, role: int) -> None:
        """Let anybody of another role take a task that still waits."""
        if task.queue is not None:
            task.role, task.row[3] = role, role
            self._offer(task)

    # deals that nobody holds any more -----------------------------------------------------------

    def release_deal(self, deal: Deal) -> None:
        """Take a closed deal off everybody's hands."""
        for rep in dict.fromkeys((*deal.reps.values(), deal.owner)):
            if rep != NOBODY:
                self.release(deal, rep)

    def release(self, deal: Deal, rep: int) -> None:
        """Take a deal off a rep's hands, who may then have room for another one."""
        if self._drop(deal, rep) and self.limited[self.role[rep]]:
            self._later(partial(self._dispatch_then, rep))

    def _watch(self, task: Task, rep: int, since: float) -> None:
        """Let a task go back to the pool that its rep has not begun in time (recycle)."""
        days = self.rule(task.deal, task.role).recycle
        if days < float("inf"):
            sub = Review.RECYCLE + task.position
            event = self.env.at(max(since + days, self.env.now), Kind.REVIEW, task.deal.ordinal, sub=sub)
            event.callbacks.append(lambda _: self._recycle(task, rep))

    def _recycle(self, task: Task, rep: int) -> None:
        """Give a deal back to the pool of the role; for a while the rep who let it wait may not take it again."""
        if task.queue is not self.own[rep]:
            return
        deal, role = task.deal, task.role
        if deal.owner == rep:
            deal.owner = NOBODY
        deal.reps.pop(role, None)
        self.bar(deal, rep, self.env.now + self.rule(deal, role).reclaim)
        self.release(deal, rep)
        for waiting in tuple(deal.tasks):
            if waiting.queue is self.own[rep]:
                self._offer(waiting)

    def bar(self, deal: Deal, rep: int, until: float) -> None:
        """Let a rep not take a deal from the pool before a time."""
        if until > self.env.now:
            deal.barred = (rep, until)
            free = self.env.at(until, Kind.REVIEW, deal.ordinal, sub=Review.RECLAIM + rep)
            free.callbacks.append(partial(self._dispatch_then, rep))
