"""How a deal that is open at the start goes on: as if the run had not been cut (R9)."""

from __future__ import annotations

from functools import partial

from simsales.engine.life.past import Past
from simsales.engine.life.state import Ahead, Deal, Task, Visit
from simsales.engine.life.staying import Onward
from simsales.engine.life.working import NAN, Answer
from simsales.engine.plan import NOBODY
from simsales.engine.plan.opening import NOTHING, Known, KnownTask
from simsales.engine.plan.process import Batches, TaskView, chains
from simsales.engine.streams import Purpose
from simsales.engine.worktime import INSTANT


class Resuming(Past):
    """The first stay of opening deals: what is known of it holds, the rest is drawn given what is known."""

    def recall(self, deal: Deal) -> Known:
        """Give an opening deal its history and the people who work for it; return what else is known."""
        opening, i = self.plan.opening, deal.ordinal
        assert opening is not None
        known = opening.known[i] if opening.known else NOTHING
        deal.visits.update(known.visits)
        deal.worked.update(known.workers)
        deal.visits[deal.stage] = int(opening.visit[i]) - 1
        deal.previous, deal.last_role, deal.credit = known.previous, known.last_role, known.credit
        deal.doomed, deal.response = known.doomed, known.response
        deal.cut = max(0.0, known.cut)  # NaN is none
        if known.barred is not None:
            rep, days = known.barred
            self.staff.bar(deal, rep, self.env.now + days)
        self._recall_people(deal, int(opening.owner[i]), known)
        return known

    def _recall_people(self, deal: Deal, owner: int, known: Known) -> None:
        staff = self.staff
        if owner != NOBODY and staff.present[owner]:
            staff.adopt(deal, owner, staff.role[owner], known.reps is None)
        for role, rep in known.reps or ():
            if staff.present[rep]:
                staff.hand(deal, rep, role)
        if known.owner_role != NOBODY:
            deal.owner_role = known.owner_role

    def resume(self, deal: Deal, known: Known, age: float, waiting: bool) -> Onward:
        """Carry an opening deal through the rest of its stay of some age."""
        since = self.plan.start - age
        visit = self.enter(deal, deal.stage, since)
        assert visit is not None
        view, going_on = visit.view, {task.position: task for task in known.tasks if task.state != "done"}
        first, last = _rest(view.batches, going_on), _rest(view.last_batches, going_on)
        settled = known.delay_age == known.delay_age or known.passed or bool(first or last)  # noqa: PLR0124 - not NaN
        waiting = bool(view.tasks) and (waiting or bool(going_on)) and not settled
        deal.answered = self._answered(deal, visit, known, waiting or bool(first))
        self._recall_stay(deal, visit, known)
        if deal.answered and known.response != known.response:  # noqa: PLR0124 - NaN: when is not known
            deal.guess = self.imagine_answer(deal, visit)
        if view.escalate != NOBODY and (not going_on or since + view.sla > self.env.now):
            self.guard(deal, visit)
        if last:
            return (yield from self._end(deal, visit, known, last, going_on))
        if first:
            reason = yield from self._go_on(deal, visit, first, going_on)
            return (yield from self.decide(deal, visit, reason))
        if waiting:
            reason = yield from self.work(deal, visit, view.batches, since)  # R3, R4
            return (yield from self.decide(deal, visit, reason))
        target, delay = self.choose_given_past(deal, visit, known, age)
        return (yield from self.depart(deal, visit, target, delay))

    # tasks that go on ---------------------------------------------------------------------------

    def _end(self, deal: Deal, visit: Visit, known: Known, rest: Batches, going_on: dict[int, KnownTask]) -> Onward:
        """Go on with the tasks at the end of a stay, whose exit is known (else drawn as if it ended now)."""
        if known.exit is not None and known.exit in visit.view.targets:
            target, visit.odds, visit.delayed = known.exit, known.log_odds, self.env.now
            if visit.view.exits is not None:
                visit.exit = visit.view.exits[visit.view.targets.index(target)]
        else:
            target, _ = self.choose(deal, visit)
        visit.target = target
        reason = yield from self._go_on(deal, visit, rest, going_on)
        return self.go(deal, visit, target, reason)

    def _go_on(self, deal: Deal, visit: Visit, rest: Batches, going_on: dict[int, KnownTask]) -> Answer:
        """Go on with the tasks of which some are waiting, in hand or on their way; then do those that follow."""
        items = [item for item in rest[0] if item.position in going_on]
        if len(rest[0]) == 1:
            item, state = items[0], going_on[items[0].position]
            if state.state == "handing":
                reason = yield from self.hand_on(deal, visit, item, state.days)
                if reason:
                    return reason
                state = state._replace(state="come", days=0.0)
            task = self._task_again(deal, visit, item, state)
            visit.batch = (task,)
            self._take_up(item, task, state)
            reason = yield from self.served(deal, visit, item, task)
        else:
            states = [going_on[item.position] for item in items]
            tasks = tuple(self._task_again(deal, visit, item, state) for item, state in zip(items, states, strict=True))
            visit.batch = tasks
            for item, task, state in zip(items, tasks, states, strict=True):
                task.done.callbacks.append(partial(self.ended, _from(rest[0], item), task))
                self._take_up(item, task, state)
            reason = yield from self.all_served(deal, visit)
        return reason or (yield from self.work(deal, visit, rest[1:], self.env.now))

    def _task_again(self, deal: Deal, visit: Visit, item: TaskView, state: KnownTask) -> Task:
        """Return a task as it is at the start, its work drawn given the hours that are done."""
        task = self.task(deal, visit, item, self.env.now - state.days, NAN, state.done)
        if state.role != NOBODY:
            task.role = state.role
            task.row[3] = state.role
        return task

    def _take_up(self, item: TaskView, task: Task, state: KnownTask) -> None:
        """Put a task back where it was: in somebody's hands, in a queue or pool, at a gathering, or on its way."""
        if state.state == "handing":
            self.send(item, task, state.days)
            return
        if state.state in ("come", "gathering"):
            self.submit(task, item)
            return
        self.rows.append(task.row)
        if state.state == "working" and state.rep != NOBODY:
            task.before = state.done
            self.staff.take_up(task, state.rep, self.env.now - state.days, state.pace)
            return
        if state.state == "working":  # in the hands of somebody who is not there any more: what is left waits
            task.work -= state.done
            task.since = task.row[5] = self.env.now
        self.staff.wait_again(task, home=item.role, recalled=self._recalls_people(task.deal))
        self.bide(task, item)

    def _recalls_people(self, deal: Deal) -> bool:
        """Tell whether it is known who works for an opening deal, and so who does not."""
        assert self.plan.opening is not None
        return self.plan.opening.known[deal.ordinal].reps is not None

    # what is known of the stay ------------------------------------------------------------------

    @staticmethod
    def _recall_stay(deal: Deal, visit: Visit, known: Known) -> None:
        visit.rep, visit.lead, visit.passed = known.worked_by, known.lead, known.passed
        deal.ahead = {stage: Ahead(rep, lead, hours, effort) for stage, hours, rep, lead, effort in known.ahead}
        if known.worked == known.worked:  # noqa: PLR0124 - not NaN
            visit.work = known.worked
        if known.effort == known.effort:  # noqa: PLR0124
            visit.effort = known.effort
        if known.waited == known.waited:  # noqa: PLR0124
            visit.waited = known.waited

    def _answered(self, deal: Deal, visit: Visit, known: Known, to_do: bool) -> bool:
        """Tell whether the first task of a deal has begun; where it is not said, from what is known of its way."""
        if known.answered is not None:
            return known.answered
        if known.response == known.response:  # noqa: PLR0124 - not NaN
            return True
        if visit.view.tasks and not to_do:
            return True  # the tasks of this stay are done
        moved_on = float(visit.row[3]) > deal.created + INSTANT
        return moved_on and self._worked_before(deal, visit)

    def _worked_before(self, deal: Deal, visit: Visit) -> bool:
        """Tell whether somebody has worked on a deal on its way here: in an earlier stage, else anywhere else."""
        if visit.number > 1:
            return bool(visit.view.tasks)
        row = self.plan.views[deal.regime]
        earlier = row[: visit.stage] or row[visit.stage + 1 :]
        return not earlier or any(view is not None and bool(view.tasks or view.last_tasks) for view in earlier)

    def is_waiting(self, deal: Deal) -> bool:
        """Draw whether the tasks of an opening deal's stay are still to be done."""
        assert self.plan.opening is not None
        p = float(self.plan.opening.p_waiting[deal.ordinal])
        return self.draw(deal.ordinal, Purpose.WAITING, self.plan.stage_key[deal.stage]) < p  # a missing p is never above


def _rest(batches: Batches, going_on: dict[int, KnownTask]) -> Batches:
    """Return the batches from the first one on that has a task which goes on; none where no one has."""
    for b, batch in enumerate(batches):
        if any(item.position in going_on for item in batch):
            return batches[b:]
    return ()


def _from(batch: tuple[TaskView, ...], item: TaskView) -> tuple[TaskView, ...]:
    """Return a task of a group and what goes on with it."""
    chain = next(chain for chain in chains(batch) if item in chain)
    return chain[chain.index(item) :]
