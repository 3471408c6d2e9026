"""The reference engine: SimPy, written to be read. A deal's life is :meth:`Run.live`.

Rules R1 to R11 are those of :mod:`simsales.engine`.
"""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from contextlib import contextmanager

from simpy.events import Event

from simsales.engine import rules
from simsales.engine.arrivals import Deals, make_deals
from simsales.engine.collect import collect
from simsales.engine.environment import Kind, OrderedEnvironment
from simsales.engine.eventlog import EventLog
from simsales.engine.hooks import Hooks
from simsales.engine.people import Staff
from simsales.engine.plan import LOST, NOBODY, OPEN, STATUS, WON, Plan, StageView
from simsales.engine.state import MAX_VISITS, NO_RESPONSE, NONE, Deal, Task, Visit
from simsales.engine.streams import Purpose, Streams
from simsales.engine.tables import Table
from simsales.engine.worktime import INSTANT
from simsales.errors import InvalidModelError
from simsales.model.conditions import holds

NAN = float("nan")
Life = Generator[Event, None, None]
Work = tuple[tuple[int, Table], ...]


class Run:
    """One replication of a plan.

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
        self.staff = Staff(plan, self.env, self.facts.draws, self.streams, self.hooks)
        self.shocked = any(shift != 0.0 for shift in self.facts.win_shift)
        self.deals: list[Deal] = []
        self.visits: list[list[float]] = []
        self.created: list[float] = self.facts.created.tolist()
        self.logit: list[list[float]] = plan.segment_logit.tolist()
        self.first_roles = [_first_roles(plan, r) for r in range(plan.n_regimes)]

    def log(self) -> EventLog:
        """Run to the horizon and return what happened."""
        with _uncollected():
            self.open_pipeline()
            self.next_arrival()
            self.env.run_before(self.facts.until)
            self.forget()
        return collect(self.plan, self.streams, self.facts, self.deals, self.visits, self.staff.rows)

    def forget(self) -> None:
        """Cut the circles between waiting deals and their events, so that memory is free at once."""
        for deal in self.deals:
            for task in deal.tasks:
                task.done.callbacks = []
            deal.tasks.clear()
        self.env.forget()

    # a deal's life -----------------------------------------------------------------------------

    def live(self, deal: Deal) -> Life:
        """Carry a deal from arrival to outcome (R2 to R6)."""
        stage = self.gate(deal, deal.stage)  # R6
        while stage >= 0:
            visit = self.enter(deal, stage)  # R2
            if visit is None:
                return self.close(deal, LOST, MAX_VISITS)  # R6
            answered = yield from self.work(deal, visit, visit.view.tasks, self.env.now)  # R3, R4
            if not answered:
                return self.leave(deal, visit, LOST, NO_RESPONSE)
            target, delay = self.choose(deal, visit)  # R5
            if target == OPEN:
                return None
            yield self.env.at(self.env.now + delay, Kind.DELAY_END, deal.ordinal)
            yield from self.work(deal, visit, visit.view.last_tasks, self.env.now)  # R2
            self.leave(deal, visit, target)
            stage = self.gate(deal, target)
        return self.close(deal, stage)

    def resume(self, deal: Deal, age: float, waiting: bool) -> Life:
        """Carry on a deal that was in a stage at the start, then let it live (R9)."""
        visit = self.enter(deal, deal.stage, self.plan.start - age)
        assert visit is not None
        if waiting and visit.view.tasks:
            answered = yield from self.work(deal, visit, visit.view.tasks, self.plan.start - age)
            if not answered:
                return self.leave(deal, visit, LOST, NO_RESPONSE)
            target, delay = self.choose(deal, visit)
        else:
            target, delay = self.choose_given_age(deal, visit, age)
        if target == OPEN:
            return None
        yield self.env.at(self.env.now + delay, Kind.DELAY_END, deal.ordinal)
        yield from self.work(deal, visit, visit.view.last_tasks, self.env.now)
        self.leave(deal, visit, target)
        deal.stage = target
        if target < 0:
            return self.close(deal, target)
        yield from self.live(deal)
        return None

    def work(
        self, deal: Deal, visit: Visit, tasks: Work, since: float
    ) -> Generator[Event, None, bool]:
        """Let reps do a visit's tasks in order; False if the deal gives up waiting (R3, R4)."""
        late = tasks is visit.view.last_tasks and bool(tasks)
        first = len(visit.view.tasks) if late else 0
        for j, (role, law) in enumerate(tasks, start=first):
            u = self.draw(deal.ordinal, Purpose.WORK + j, self.plan.stage_key[visit.stage], visit.number)
            row = [deal.ordinal, visit.row[1], visit.stage, role, NOBODY, since, NAN, NAN, NAN]
            task = Task(deal, visit, role, law.draw(u), since, Event(self.env), row)
            self.staff.rows.append(row)
            self.staff.queue(task)
            if visit.view.patience is not None and task.queue is not None and not late:
                self.watch(task, visit)
            yield task.done
            if task.lapsed:
                return False
            self.staff.finish(task)
            since = self.env.now
        return True

    def watch(self, task: Task, visit: Visit) -> None:
        """Let the deal give up when it has waited longer than its patience (R4)."""
        patience, deal = visit.view.patience, task.deal
        assert patience is not None
        u = self.draw(deal.ordinal, Purpose.PATIENCE, self.plan.stage_key[visit.stage], visit.number)
        waited = self.env.now - task.since
        left = patience.residual(u, waited) if waited > 0.0 else patience.draw(u)
        lapse = self.env.at(self.env.now + left, Kind.PATIENCE, deal.ordinal)
        lapse.callbacks.append(lambda _: self.staff.give_up(task))

    # steps of a life ---------------------------------------------------------------------------

    def gate(self, deal: Deal, stage: int) -> int:
        """Return the first stage, from `stage` on, whose condition holds; or an outcome (R6)."""
        for _ in range(len(self.plan.stages) + 1):
            if stage < 0:
                return stage
            view = self.view(deal, stage)
            if view.when is None or holds(view.when, self._fields(deal)):
                return stage
            deal.stage = stage
            stage = view.skip_to
        message = (
            f"when must let deals pass, got a circle at '{self.plan.stages[stage]}'. "
            "Hint: an earlier and a later regime send deals back and forth."
        )
        raise InvalidModelError(message)

    def _fields(self, deal: Deal) -> dict[str, object]:
        channel = self.plan.channels[deal.channel] if deal.channel >= 0 else ""
        return {
            "amount": deal.amount, "segment": self.plan.segments[deal.segment], "channel": channel,
        }  # fmt: skip

    def view(self, deal: Deal, stage: int) -> StageView:
        """Return a stage as the deal's regime has it, else as the nearest regime does."""
        views = self.plan.views
        if len(views) == 1:
            view = views[0][stage]
            assert view is not None
            return view
        for r in range(self.regime(deal.ordinal, self.env.now), -1, -1):
            view = views[r][stage]
            if view is not None:
                deal.regime = r
                return view
        deal.regime = next(r for r, row in enumerate(views) if row[stage] is not None)
        found = views[deal.regime][stage]
        assert found is not None
        return found

    def regime(self, deal: int, time: float) -> int:
        """Return the latest regime that has begun and that the deal takes up."""
        plan = self.plan
        for r in range(plan.n_regimes - 1, 0, -1):
            age = time - plan.regime_start[r]
            if age >= 0.0:
                u = self.draw(deal, Purpose.ADOPTION, plan.regime_key[r])
                if rules.adopted(plan.regime_adoption[r], plan.regime_ramp[r], age, u):
                    return r
        return 0

    def enter(self, deal: Deal, stage: int, since: float | None = None) -> Visit | None:
        """Begin a visit; None if the deal has been there too often (R6)."""
        view = self.view(deal, stage)
        number = deal.visits.get(stage, 0) + 1
        if number > view.max_visits and since is None:
            return None
        deal.visits[stage] = number
        deal.stage = stage
        entered = self.env.now if since is None else since
        row = [deal.ordinal, deal.seq, stage, entered, NAN, NONE, deal.owner, number]
        deal.seq += 1
        self.visits.append(row)
        visit = Visit(stage, number, view, deal.regime, row)
        if not view.tasks and deal.owner != NOBODY and self.staff.effort.on:
            rep_regime = self.staff.regime(deal.owner)
            visit.effort = self.staff.effort.multiplier(deal.owner, rep_regime, self.env.now)  # R8
        return visit

    def shift(self, deal: Deal, visit: Visit) -> float:
        """Return what state adds to the log-odds of advancing (R5, R8)."""
        view = visit.view
        total = self.logit[visit.regime][deal.segment]
        if view.skill != 0.0:
            rep = visit.rep if visit.rep != NOBODY else deal.owner
            if rep != NOBODY:
                total += view.skill * self.staff.skill[self.staff.regime(rep)][rep]
        if view.response != 0.0 and deal.response == deal.response:
            total += view.response * deal.response
        if self.shocked:
            quarter = self.facts.quarters.index(self.env.now)
            total += self.facts.win_shift[quarter]
        if visit.effort != 1.0:
            total += self.staff.effort.win_shift(visit.effort, visit.regime)
        return total

    def choose(self, deal: Deal, visit: Visit) -> tuple[int, float]:
        """Return where the deal goes and after which delay (R5)."""
        view, key = visit.view, self.plan.stage_key[visit.stage]
        u = self.draw(deal.ordinal, Purpose.EXIT, key, visit.number)
        k = rules.choose_exit(view.cumulative, view.advancing, self.shift(deal, visit), u)
        if self.hooks.exit is not None:
            k = self._asked(deal, visit, k)
        law = view.delays[k]
        if law.constant is not None:
            return view.targets[k], law.constant
        return view.targets[k], law.draw(self.draw(deal.ordinal, Purpose.DELAY, key, visit.number))

    def _asked(self, deal: Deal, visit: Visit, k: int) -> int:
        names = [STATUS[t] if t < 0 else self.plan.stages[t] for t in visit.view.targets]
        facts = self.hooks.facts(self.plan, deal, self.env.now)
        assert self.hooks.exit is not None
        chosen = self.hooks.exit(facts, self.plan.stages[visit.stage], names, names[k])
        if chosen not in names:
            message = (
                f"hooks.exit must return one of {', '.join(names)}, got {chosen!r}. "
                "Hint: return its last argument to keep the drawn exit."
            )
            raise InvalidModelError(message)
        return names.index(chosen)

    def choose_given_age(self, deal: Deal, visit: Visit, age: float) -> tuple[int, float]:
        """Return exit and remaining delay of a stay that has lasted `age` days (R9)."""
        view, key = visit.view, self.plan.stage_key[visit.stage]
        lasting = [1.0 if t == OPEN else law.survival(age) for t, law in zip(view.targets, view.delays, strict=True)]
        u = self.draw(deal.ordinal, Purpose.EXIT, key, visit.number)
        v = self.draw(deal.ordinal, Purpose.DELAY, key, visit.number)
        shift = self.shift(deal, visit)
        fresh = _shifted(view, shift)
        shares = rules.shares_given_age(fresh, lasting)
        if shares is None:  # nobody has ever stayed that long: the slowest exits, as if anew
            ends = [float(law.x[-1]) for law in view.delays]
            shares = rules.shares_given_age(fresh, [float(end == max(ends)) for end in ends])
            k = rules.choose_exit(shares or fresh, 0, 0.0, u)
            return view.targets[k], view.delays[k].draw(v)
        k = rules.choose_exit(shares, 0, 0.0, u)
        return view.targets[k], view.delays[k].residual(v, age)

    def leave(self, deal: Deal, visit: Visit, target: int, reason: int = 0) -> None:
        """End a visit; a deal that gave up is lost with a reason (R4)."""
        visit.row[4], visit.row[5], visit.row[6] = self.env.now, target, deal.owner
        if reason:
            self.close(deal, LOST, reason)

    def close(self, deal: Deal, status: int, reason: int = 0) -> None:
        """Give a deal its outcome."""
        deal.closed, deal.status, deal.reason = self.env.now, status, reason
        if status == WON:
            rep = self.staff.effort.credited(deal.owner, deal.credit)
            regime = self.staff.regime(rep) if rep != NOBODY else 0
            self.staff.effort.book(rep, regime, deal.amount, self.env.now)
        self.staff.release_deal(deal)

    # where deals come from ---------------------------------------------------------------------

    def next_arrival(self, event: Event | None = None) -> None:
        """Let the next lead arrive, be routed and begin to live (R1)."""
        if event is not None:
            deal = self.make(len(self.deals))
            self.route(deal)
            self.env.process(self.live(deal))
        i = len(self.deals)
        if i < len(self.created):
            arrival = self.env.at(self.created[i], Kind.ARRIVAL, i)
            arrival.callbacks.append(self.next_arrival)

    def make(self, i: int) -> Deal:
        """Return deal number i as it is when it appears."""
        facts = self.facts
        deal = Deal(
            i, self.created[i], float(facts.amount[i]), int(facts.segment[i]),
            int(facts.channel[i]), int(facts.entry[i]), int(facts.regime[i]),
        )  # fmt: skip
        self.deals.append(deal)
        return deal

    def route(self, deal: Deal) -> None:
        """Give a new deal its owner: a rep of the first role that has to do something (R1)."""
        if self.plan.reps:
            self.staff.make_owner(deal, self.first_roles[deal.regime][deal.stage])

    def open_pipeline(self) -> None:
        """Let the deals that are open at the start appear, owned before any is routed (R9)."""
        opening = self.plan.opening
        if opening is None:
            return
        self.staff.hold()
        for i in range(len(opening.ids)):
            deal = self.make(i)
            deal.visits[deal.stage] = int(opening.visit[i]) - 1
            # a deal that has moved on since its creation was answered before the start
            deal.answered = self.plan.start - float(opening.age[i]) > deal.created + INSTANT
            owner = int(opening.owner[i])
            if owner != NOBODY and self.staff.present[owner]:
                self.staff.adopt(deal, owner, self.staff.role[owner])
        for i, deal in enumerate(self.deals):
            if deal.owner == NOBODY:
                self.route(deal)
            p = float(opening.p_waiting[i])
            key = self.plan.stage_key[deal.stage]
            waiting = self.draw(i, Purpose.WAITING, key) < p  # a missing p is never above
            self.env.process(self.resume(deal, float(opening.age[i]), waiting))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keep the cycle collector from searching the many living objects of a run (a third of its time)."""
    paused = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if paused:
            gc.enable()


def _first_roles(plan: Plan, r: int) -> list[int]:
    """Return, for each entry stage, the role of its first task, else of the first task anywhere."""
    row = plan.views[r]
    anywhere = next(
        (tasks[0][0] for view in row if view and (tasks := view.tasks + view.last_tasks)), None
    )
    if anywhere is None:
        anywhere = int(plan.rep_role.min()) if plan.reps else NOBODY
    return [
        tasks[0][0] if view and (tasks := view.tasks + view.last_tasks) else anywhere for view in row
    ]


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
