"""What an opening deal's stay has been like, drawn given what is known of it (R9)."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate

from simsales.engine.hooks import Hooks
from simsales.engine.life.state import Deal, Visit
from simsales.engine.life.staying import Staying
from simsales.engine.plan import NOBODY, Plan
from simsales.engine.plan.opening import Known
from simsales.engine.staff.bench import LEAST_PACE, later
from simsales.engine.streams import MASK, Purpose
from simsales.engine.worktime import INSTANT

PASTS = 8
"""How many pasts are imagined; one of them is chosen by how likely the deal would still be there."""
WEEK = 7.0
_STEP = 0x9E3779B9
_WAIT, _HANDOFF = 24, 48
_ANSWER = 79
_PLACES = 80


class Past(Staying):
    """Exit and rest of a delay whose age is known, or drawn given the age of the stay.

    Parameters
    ----------
    plan : Plan
    seed, replication : int
    hooks : Hooks, optional
    """

    def __init__(self, plan: Plan, seed: int, replication: int, hooks: Hooks | None = None) -> None:
        super().__init__(plan, seed, replication, hooks)
        self._backlog: dict[int, float] = {}
        every = [view for row in plan.views for view in row if view is not None]
        self._responds = any(v.response != 0.0 or (v.effects is not None and v.effects.response is not None) for v in every)

    def choose_given_past(self, deal: Deal, visit: Visit, known: Known, age: float) -> tuple[int, float]:
        """Return exit and remaining delay of a stay of some age whose tasks are done."""
        odds = None if math.isnan(known.log_odds) else known.log_odds
        if math.isnan(known.worked) and not visit.work:
            visit.work = self._work_ahead(deal, visit)
        if not math.isnan(known.delay_age):
            if math.isnan(known.worked):
                visit.work += self._work(deal, visit, 0)[0]
            return self.choose_given_age(deal, visit, known.delay_age, odds)
        if not visit.view.tasks or visit.passed:
            return self.choose_given_age(deal, visit, age, odds)
        delay_age, visit.work = self._imagined(deal, visit, known, age)
        return self.choose_given_age(deal, visit, delay_age, odds)

    def note_backlog(self, waiting: list[Deal]) -> None:
        """Note how long work waits for a rep at the start, as a guide to how long it waited before.

        That is the work of opening deals whose tasks are to be done, shared by the reps who are there; but no longer than
        the working time for which it has waited on average, which is as long as the wait that is still to come where
        waits are exponential: what came since the last closing waits for the opening, and for nobody.
        """
        hours: dict[int, float] = {}
        ages: dict[int, list[float]] = {}
        for deal in waiting:
            view = self.plan.views[deal.regime][deal.stage]
            for item in view.tasks[:1] if view is not None else ():
                hours[item.role] = hours.get(item.role, 0.0) + item.law.mean()
                ages.setdefault(item.role, []).append(self._working_age(deal))
        for role, total in hours.items():
            waited = sum(ages[role]) / len(ages[role])
            self._backlog[role] = min(total / max(self.staff.pace_of_role(role), LEAST_PACE), waited)

    def _working_age(self, deal: Deal) -> float:
        """Return for how many working hours an opening deal has been in its stage, the last week standing for those before."""
        assert self.plan.opening is not None
        age, start = float(self.plan.opening.age[deal.ordinal]), self.plan.start
        known = min(age, WEEK)
        return self.plan.worktime.hours_between(start - known, start) * (age / known) if known > 0.0 else 0.0

    def imagine_answer(self, deal: Deal, visit: Visit) -> float:
        """Return hours to a first answer before the start, of which only is known that there was one; NaN where no odds ask.

        It came after a wait like that of what waits now, when somebody was at work, and not after what is known to follow it.
        """
        if not self._responds:
            return math.nan
        bound, role = self._first_work(deal, visit)
        if role == NOBODY:
            return math.nan
        begin = deal.created + WEEK * max(math.ceil((self.plan.start - WEEK - deal.created) / WEEK), 0)
        latest = begin + bound - deal.created
        for i in range(PASTS):
            wait = self._backlog.get(role, 0.0)
            wait *= -math.log(self._draw_past(deal, visit, i, _ANSWER))
            comes = later(self.plan.worktime, begin, wait, latest) if wait > 0.0 else begin
            comes = self.staff.opens(role, comes, latest)
            if comes <= latest:
                return (comes - begin) * 24.0
        return max(latest - begin, 0.0) * 24.0

    def _first_work(self, deal: Deal, visit: Visit) -> tuple[float, int]:
        """Return until when a deal was first worked on at the latest, and in which role."""
        entered = float(visit.row[3])
        if visit.number == 1 and entered > deal.created + INSTANT:
            for view in self.plan.views[deal.regime][: visit.stage]:
                if view is not None and view.tasks:
                    return entered, view.tasks[0].role
        return self.plan.start, visit.view.tasks[0].role if visit.view.tasks else NOBODY

    def _work_ahead(self, deal: Deal, visit: Visit) -> float:
        """Return the hours of work that counts for this stay although it was done in earlier stages."""
        row = [view for view in self.plan.views[visit.regime] if view is not None]
        items = [item for view in row for item in (*view.tasks, *view.last_tasks) if item.counts_for == visit.stage]
        return sum(item.law.draw(self._draw_past(deal, visit, PASTS, k)) for k, item in enumerate(items))

    def _imagined(self, deal: Deal, visit: Visit, known: Known, age: float) -> tuple[float, float]:
        """Return an age of the delay, and the work before it, given the age of the stay.

        The work waits as long, on average, as what waits now will (exponential), is drawn by its laws, and done at the mean
        pace in working time (of the same weekdays); of several such pasts, one is chosen by the probability that the delay has
        lasted since.
        """
        pasts, weights = [], []
        for i in range(PASTS):
            hours, spent = self._work(deal, visit, i, known)
            pasts.append((age - spent, hours))
            if spent <= age:
                visit.work = hours
                weights.append(self.lasting(deal, visit, age - spent))
            else:
                weights.append(0.0)
        total = list(accumulate(weights))
        if total[-1] <= 0.0:  # it should not be there any more: the latest begin of the delay that is possible
            begun, hours = min(pasts)
            return max(begun, 0.0), hours
        u = self.draw(deal.ordinal, Purpose.PAST_CHOICE, self.plan.stage_key[visit.stage], visit.number)
        return pasts[min(bisect_right(total, u * total[-1]), PASTS - 1)]

    def _work(self, deal: Deal, visit: Visit, i: int, known: Known | None = None) -> tuple[float, float]:
        """Return hours of work of an imagined past, and how many days it took from entry on."""
        begin = float(visit.row[3])
        begin += WEEK * max(math.ceil((self.plan.start - WEEK - begin) / WEEK), 0)  # where the calendar is known
        latest = begin + self.plan.start - float(visit.row[3])  # what takes longer than the stay has lasted did not happen
        time, total, role = begin, 0.0, deal.last_role if deal.last_role >= 0 else NOBODY
        for batch in visit.view.batches:
            ends, chain = [time], time
            for item in batch:
                chain = chain if item.follows else time
                if item.when is not None and not self.meets(deal, item.when, visit.number):
                    continue
                comes = chain
                if visit.view.handoff is not None and role not in (NOBODY, item.role) and not item.assist:
                    u = self._draw_past(deal, visit, i, _HANDOFF + item.position)
                    comes += visit.view.handoff.delay.draw(u) * visit.view.handoff.scale
                if (wait := self._backlog.get(item.role, 0.0)) > 0.0:
                    wait *= -math.log(self._draw_past(deal, visit, i, _WAIT + item.position))
                    comes = later(self.plan.worktime, comes, wait, latest)
                hours = item.law.draw(self._draw_past(deal, visit, i, item.position)) * visit.view.work_scale
                chain = self.staff.done_by(deal, item.role, comes, hours, latest)
                ends.append(chain)
                total += hours
                role = role if item.assist else item.role
            time = max(ends)
        if known is not None and not math.isnan(known.worked) and visit.view.tasks:
            total = known.worked
            time = self.staff.done_by(deal, visit.view.tasks[0].role, begin, total, latest)
        return total, time - begin

    def _draw_past(self, deal: Deal, visit: Visit, i: int, place: int) -> float:
        word = (self.plan.stage_key[visit.stage] + (i * _PLACES + place + 1) * _STEP) & MASK
        return self.draw(deal.ordinal, Purpose.PAST, word, visit.number)
