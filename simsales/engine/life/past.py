"""What an opening deal's stay has been like, drawn given what is known of it (R9)."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import accumulate

from simsales.engine.life.state import Deal, Visit
from simsales.engine.life.staying import Staying
from simsales.engine.plan import NOBODY
from simsales.engine.plan.opening import Known
from simsales.engine.streams import MASK, Purpose

PASTS = 8
"""How many pasts are imagined; one of them is chosen by how likely the deal would still be there."""
WEEK = 7.0
_STEP = 0x9E3779B9
_HANDOFF = 32


class Past(Staying):
    """Exit and rest of a delay whose age is known, or drawn given the age of the stay."""

    def choose_given_past(self, deal: Deal, visit: Visit, known: Known, age: float) -> tuple[int, float]:
        """Return exit and remaining delay of a stay of some age whose tasks are done."""
        odds = None if math.isnan(known.log_odds) else known.log_odds
        if not math.isnan(known.delay_age):
            if math.isnan(known.worked):
                visit.work = self._work(deal, visit, 0)[0]
            return self.choose_given_age(deal, visit, known.delay_age, odds)
        if not visit.view.tasks or visit.passed:
            return self.choose_given_age(deal, visit, age, odds)
        delay_age, visit.work = self._imagined(deal, visit, known, age)
        return self.choose_given_age(deal, visit, delay_age, odds)

    def _imagined(self, deal: Deal, visit: Visit, known: Known, age: float) -> tuple[float, float]:
        """Return an age of the delay, and the work before it, given the age of the stay.

        The work is drawn by its laws and done at the mean pace in working time (of the same weekdays; nobody knows for
        how long it waited for a rep); of several such pasts, one is chosen by the probability that the delay has lasted since.
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
                hours = item.law.draw(self._draw_past(deal, visit, i, item.position)) * visit.view.work_scale
                chain = self.staff.done_by(deal, item.role, comes, hours)
                ends.append(chain)
                total += hours
                role = role if item.assist else item.role
            time = max(ends)
        if known is not None and not math.isnan(known.worked) and visit.view.tasks:
            total = known.worked
            time = self.staff.done_by(deal, visit.view.tasks[0].role, begin, total)
        return total, time - begin

    def _draw_past(self, deal: Deal, visit: Visit, i: int, place: int) -> float:
        word = (self.plan.stage_key[visit.stage] + (i * 64 + place + 1) * _STEP) & MASK
        return self.draw(deal.ordinal, Purpose.PAST, word, visit.number)
