"""How a deal that is open at the start goes on: as if the run had not been cut (R9)."""

from __future__ import annotations

from simsales.engine.life.past import Past
from simsales.engine.life.state import Deal, Visit
from simsales.engine.life.staying import Onward
from simsales.engine.plan import NOBODY
from simsales.engine.plan.opening import NOTHING, Known
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
        view = visit.view
        going_on = [task for task in known.tasks if task.state != "done"]
        waiting = waiting and bool(view.tasks) and not going_on and known.delay_age != known.delay_age and not known.passed
        deal.answered = self._answered(deal, visit, known, waiting or bool(going_on))
        self._recall_stay(visit, known)
        breach = since + view.sla
        if view.escalate != NOBODY and (not known.tasks or breach > self.env.now):
            self.guard(deal, visit)
        if waiting:
            reason = yield from self.work(deal, visit, view.batches, since)  # R3, R4
            return (yield from self.decide(deal, visit, reason))
        target, delay = self.choose_given_past(deal, visit, known, age)
        return (yield from self.depart(deal, visit, target, delay))

    @staticmethod
    def _recall_stay(visit: Visit, known: Known) -> None:
        visit.rep, visit.lead, visit.passed = known.worked_by, known.lead, known.passed
        if known.worked == known.worked:  # noqa: PLR0124 - not NaN
            visit.work = known.worked
        if known.effort == known.effort:  # noqa: PLR0124
            visit.effort = known.effort

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
