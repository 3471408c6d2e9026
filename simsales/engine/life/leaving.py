"""How a deal leaves a stage: odds, exit, delay, outcome (R5, R8, R9)."""

from __future__ import annotations

from simsales.engine import rules
from simsales.engine.clock import Periods, periods
from simsales.engine.hooks import Hooks
from simsales.engine.life.entering import Entering
from simsales.engine.life.state import Deal, Visit
from simsales.engine.plan import (
    CHURNED,
    LOST,
    NO_DECISION,
    NOBODY,
    OPEN,
    RETAINED,
    STATUS,
    WON,
    Plan,
    StageView,
)
from simsales.engine.plan.process import ExitView
from simsales.engine.rules.timing import WEEK, WINDOW_DAYS
from simsales.engine.streams import Purpose
from simsales.errors import InvalidModelError, got

TIMING = (Purpose.PULL, Purpose.PUSH, Purpose.DEADLINE, Purpose.PLACE)


class Leaving(Entering):
    """The last steps of a stay.

    Parameters
    ----------
    plan : Plan
    seed, replication : int
    hooks : Hooks, optional
    """

    def __init__(self, plan: Plan, seed: int, replication: int, hooks: Hooks | None = None) -> None:
        super().__init__(plan, seed, replication, hooks)
        self.shocked = any(shift != 0.0 for shift in self.facts.win_shift)
        self.eventful = self.facts.events.shifting
        self.has_logit = self.facts.has_logit
        self.logit: list[list[float]] = plan.segment_logit.tolist()
        self.paces = any(rho > 0.0 for rho in plan.process.pace)
        self.timed = any(timing is not None for timing in plan.process.timing)
        self._periods: dict[str, Periods] = {}

    # odds ---------------------------------------------------------------------------------------

    def shift(self, deal: Deal, visit: Visit) -> float:
        """Return what state adds to the log-odds of advancing (R5, R8)."""
        view = visit.view
        total = self.logit[visit.regime][deal.segment]
        if view.skill != 0.0:
            rep = visit.lead if visit.lead != NOBODY else visit.rep
            rep = rep if rep != NOBODY else deal.owner
            if rep != NOBODY:
                total += view.skill * self.staff.skill_now(rep)
        if view.response != 0.0 and (hours := self._to_answer(deal)) == hours:
            total += view.response * hours
        if self.shocked and not view.after_sale:
            quarter = self.facts.quarters.index(self.env.now)
            total += self.facts.win_shift[quarter]
        if visit.effort != 1.0:
            total += self.staff.effort.win_shift(visit.effort, visit.regime)
        if view.logit != 0.0:
            total += view.logit
        if view.effects is not None:
            total += self._effects(deal, visit)
        if self.eventful and not view.after_sale:
            total += self.facts.events.shift(deal.ordinal, self.env.now)
        if self.has_logit:
            total += self.facts.logit(deal.ordinal, visit.regime)
        return total

    @staticmethod
    def _to_answer(deal: Deal) -> float:
        """Return the hours to the first answer, as known, else as imagined; NaN: there was none, or its time moves no odds."""
        return deal.guess if deal.response != deal.response else deal.response  # noqa: PLR0124 - NaN

    def _effects(self, deal: Deal, visit: Visit) -> float:
        """Return what response, score, discount and touch add to the log-odds."""
        effects, total = visit.view.effects, 0.0
        assert effects is not None
        if effects.response is not None and (hours := self._to_answer(deal)) == hours:
            curve = effects.response
            total += rules.response_shift(curve.k, curve.kept, curve.tau_hours, hours)
        if effects.score != 0.0:
            total += effects.score * (self.facts.score_at(deal.ordinal, self.env.now) - effects.reference)
        total += effects.discount * deal.discount
        if effects.touch is not None:
            total += rules.touch_shift(effects.touch.logit, visit.work, effects.touch.reference_hours)
        return total

    # exit and delay -----------------------------------------------------------------------------

    def choose(self, deal: Deal, visit: Visit) -> tuple[int, float]:
        """Return where the deal goes and after which delay (R5)."""
        view, key = visit.view, self.plan.stage_key[visit.stage]
        u = self.draw(deal.ordinal, Purpose.EXIT, key, visit.number)
        visit.odds, visit.delayed = self.shift(deal, visit), self.env.now
        k = rules.choose_exit(view.cumulative, view.advancing, visit.odds, u)
        if self.hooks.exit is not None:
            k = self._asked(deal, visit, k)
        law = view.delays[k]
        delay = law.constant
        if delay is None:
            luck = self._luck(deal, visit) if self.paces else self.draw(deal.ordinal, Purpose.DELAY, key, visit.number)
            delay = law.draw(luck)
        if view.exits is None and not self.timed:
            return view.targets[k], delay * view.delay_scale
        return self._settled(deal, visit, k, delay * view.delay_scale)

    def _luck(self, deal: Deal, visit: Visit) -> float:
        """Return the uniform of a delay, tied to the deal's pace."""
        u = self.draw(deal.ordinal, Purpose.DELAY, self.plan.stage_key[visit.stage], visit.number)
        if not self.paces:
            return u
        z = rules.normal_score(self.draw(deal.ordinal, Purpose.PACE))
        return rules.paced(u, z, self.plan.process.pace[visit.regime])

    def _asked(self, deal: Deal, visit: Visit, k: int) -> int:
        names = [STATUS[t] if t < 0 else self.plan.stages[t] for t in visit.view.targets]
        facts = self.hooks.facts(self.plan, deal, self.env.now)
        assert self.hooks.exit is not None
        chosen = self.hooks.exit(facts, self.plan.stages[visit.stage], names, names[k])
        if chosen not in names:
            message = (
                f"hooks.exit must return one of {', '.join(names)}, got {got(chosen)}. "
                "Hint: return its last argument to keep the drawn exit."
            )
            raise InvalidModelError(message)
        return names.index(chosen)

    def choose_given_age(self, deal: Deal, visit: Visit, age: float, odds: float | None = None) -> tuple[int, float]:
        """Return exit and remaining delay of a stay that is in its delay for `age` days (R9).

        `odds` is what moved the log-odds of advancing as the delay began; None: taken as it would be now.
        """
        view, key = visit.view, self.plan.stage_key[visit.stage]
        visit.odds, visit.delayed = self.shift(deal, visit) if odds is None else odds, self.env.now - age
        age = age / view.delay_scale
        fresh = _shifted(view, visit.odds)
        below, lasting = self._survivals(deal, visit, age)
        u = self.draw(deal.ordinal, Purpose.EXIT, key, visit.number)
        shares = rules.shares_given_age(fresh, lasting)
        if shares is None:  # nobody has ever stayed that long: the slowest exits, as if anew
            ends = [float(law.x[-1]) for law in view.delays]
            shares = rules.shares_given_age(fresh, [float(end == max(ends)) for end in ends])
            k = rules.choose_exit(shares or fresh, 0, 0.0, u)
            return self._settled(deal, visit, k, view.delays[k].draw(self._luck(deal, visit)) * view.delay_scale)
        k = rules.choose_exit(shares, 0, 0.0, u)
        law = view.delays[k]
        if below is None:
            rest = law.residual(self._luck(deal, visit), age)
        else:
            v = self.draw(deal.ordinal, Purpose.DELAY, key, visit.number)
            rest = max(law.draw(rules.paced_beyond(v, below[k], *self._pace(deal, visit))) - age, 0.0)
        return self._settled(deal, visit, k, rest * view.delay_scale)

    def lasting(self, deal: Deal, visit: Visit, age: float) -> float:
        """Return the probability that a delay which began `age` days ago goes on."""
        edges = _shifted(visit.view, self.shift(deal, visit))
        _, lasting = self._survivals(deal, visit, age / visit.view.delay_scale)
        shares = [edge - before for edge, before in zip(edges, (0.0, *edges), strict=False)]
        return sum(share * each for share, each in zip(shares, lasting, strict=True))

    def _survivals(self, deal: Deal, visit: Visit, age: float) -> tuple[list[float] | None, list[float]]:
        """Return for each exit the probability of a shorter delay, and of a longer one.

        The first is None unless the deal's pace is known: then both are given the pace, of which old age tells nothing new.
        """
        view, rho = visit.view, self.plan.process.pace[visit.regime]
        if rho == 0.0 or not self.knows_pace(deal):
            return None, [1.0 if t == OPEN else law.survival(age) for t, law in zip(view.targets, view.delays, strict=True)]
        below = [law.cdf(age) for law in view.delays]
        z, rho = self._pace(deal, visit)
        lasting = [1.0 if t == OPEN else rules.lasting_at_pace(p, z, rho) for t, p in zip(view.targets, below, strict=True)]
        return below, lasting

    def _pace(self, deal: Deal, visit: Visit) -> tuple[float, float]:
        """Return a deal's pace and how closely its delays are tied to it."""
        return rules.normal_score(self.draw(deal.ordinal, Purpose.PACE)), self.plan.process.pace[visit.regime]

    def knows_pace(self, deal: Deal) -> bool:
        """Tell whether the table of opening deals says how fast a deal is."""
        opening = self.plan.opening
        return opening is not None and deal.ordinal < len(opening.known) and opening.known[deal.ordinal].paced

    def _settled(self, deal: Deal, visit: Visit, k: int, delay: float) -> tuple[int, float]:
        """Note what the exit does besides; let the end of a quarter move a win (R8)."""
        target = visit.view.targets[k]
        if visit.view.exits is not None:
            visit.exit = visit.view.exits[k]
        if self.timed and target == WON:
            delay = self._moved(deal, visit, delay)
        return target, delay

    def _moved(self, deal: Deal, visit: Visit, delay: float) -> float:
        """Return the delay of a win whose signature may be pulled in or pushed out (R8)."""
        timing, now, end = self.plan.process.timing[visit.regime], self.env.now, self.env.now + delay
        if timing is None:
            return delay
        latest = self.facts.until + WINDOW_DAYS + timing.weeks * WEEK
        if end >= latest:
            return delay
        known = self._periods.get(timing.period)
        if known is None:
            known = periods(self.plan.clock, timing.period, self.plan.start, latest)
            self._periods[timing.period] = known
        i, key = known.index(end), self.plan.stage_key[visit.stage]
        u = [self.draw(deal.ordinal, p, key, visit.number) for p in TIMING]
        moved = rules.moved(end, now, known.begins[i], known.begins[i + 1], u[0], u[1], u[2], u[3], timing)
        if moved.pulled:
            deal.cut = timing.discount
        return delay if moved.end == end else max(moved.end - now, 0.0)

    # outcome ------------------------------------------------------------------------------------

    def leave(self, deal: Deal, visit: Visit, target: int, reason: int = 0) -> None:
        """End a visit; a deal that gave up is lost with a reason (R4), a customer churns."""
        if reason and deal.status == WON:
            target = CHURNED
        visit.row[4], visit.row[5], visit.row[6] = self.env.now, target, deal.owner
        deal.previous, deal.visit = visit.stage, None
        if deal.status == WON:
            self.staff.release_deal(deal)
        if reason:
            self.close(deal, target, reason)
        elif visit.exit is not None:
            self._take(deal, visit.exit, target)

    @staticmethod
    def _take(deal: Deal, exit_: ExitView, target: int) -> None:
        """Let an exit cut the discount and say why and where a customer goes on (R6)."""
        deal.then = exit_.then
        if target in (LOST, NO_DECISION):
            deal.reason = exit_.reason
        if exit_.max_discount < deal.discount and deal.status == OPEN:  # what is booked stays
            deal.discount = exit_.max_discount
            deal.amount = deal.list_amount * (1.0 - deal.discount)

    def close(self, deal: Deal, status: int, reason: int = 0) -> None:
        """Give a deal its outcome; a customer who has come too often stays one (R6)."""
        if deal.status == WON:
            deal.after = CHURNED if status == CHURNED else RETAINED
        else:
            deal.closed, deal.status, deal.reason = self.env.now, status, reason or deal.reason
            if status == WON:
                self._book(deal)
        self.staff.release_deal(deal)

    def _book(self, deal: Deal) -> None:
        deal.won_under = self.regime(deal.ordinal, self.env.now)
        if deal.cut:
            deal.amount *= 1.0 - deal.cut
            deal.discount = 1.0 - (1.0 - deal.discount) * (1.0 - deal.cut)
        self.staff.book(deal)

    def go_on(self, deal: Deal) -> int:
        """Return the stage in which a customer goes on after the win; further work has no owner's load."""
        stage, deal.then = deal.then, NOBODY
        deal.after, deal.seller = OPEN, deal.owner
        deal.owner_role, deal.answered = NOBODY, True
        return self.gate(deal, stage)

    def lose(self, deal: Deal, reason: int) -> None:
        """Lose a deal wherever it is (R7): at once, or as soon as the task in hand ends."""
        visit = deal.visit
        if visit is None or deal.doomed or OPEN not in (deal.status, deal.after):
            return
        self.doom(deal, visit, reason)
        if not any(task.in_hand for task in visit.batch):
            deal.over = True
            self.leave(deal, visit, LOST, reason)

    def doom(self, deal: Deal, visit: Visit, reason: int) -> None:
        """Note that a deal is lost, once the parts in hand end; what waits or is on its way is taken back at once."""
        deal.doomed = reason
        for task in visit.batch:
            if task.rep == NOBODY and not task.done.triggered:
                task.lapsed = True
                self.staff.withdraw(task)


def _shifted(view: StageView, shift: float) -> tuple[float, ...]:
    """Return a stage's cumulative probabilities with the advancing exits' log-odds shifted."""
    n = view.advancing
    p = view.cumulative[n - 1] if n else 0.0
    if shift == 0.0 or not 0.0 < p < 1.0:
        return view.cumulative
    new = rules.shifted(p, shift)
    return tuple(
        edge * (new / p) if i < n else new + (edge - p) * ((1.0 - new) / (1.0 - p))
        for i, edge in enumerate(view.cumulative)
    )
