"""What the reference engine knows about a deal, a visit and a task while it runs."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from simpy.events import Event

from simsales.engine.plan import NOBODY, OPEN, StageView
from simsales.engine.plan.process import ExitView

NONE = -9
"""No exit yet: the visit goes on at the horizon."""
REASONS = ("", "no_response", "max_visits", "handoff", "handover", "cancelled")
"""Built-in reasons; those that exits state follow (``plan.process.reasons``)."""
NO_RESPONSE, MAX_VISITS, HANDOFF, HANDOVER, CANCELLED = 1, 2, 3, 4, 5


@dataclass(slots=True, eq=False)
class Deal:
    """A deal on its way."""

    ordinal: int
    created: float
    amount: float
    segment: int
    channel: int
    stage: int
    regime: int = 0
    won_under: int = NOBODY
    """The regime that held for the deal when it was won: its terms are those of that day."""
    owner: int = NOBODY
    owner_role: int = NOBODY
    closed: float = math.nan
    status: int = OPEN
    reason: int = 0
    response: float = math.nan
    guess: float = math.nan
    """Hours to the first answer as imagined, for the odds, of an opening deal that was answered nobody knows when."""
    answered: bool = False
    """Whether the first task has begun (for an opening deal perhaps long ago)."""
    seq: int = 0
    reps: dict[int, int] = field(default_factory=dict)
    """Who works for the deal in each role."""
    routed: dict[int, int] = field(default_factory=dict)
    """How often the deal was routed in each role."""
    visits: dict[int, int] = field(default_factory=dict)
    tasks: list[Task] = field(default_factory=list)
    """What waits for a rep, in the order in which it was queued."""
    credit: int = NOBODY
    """The last rep with a pay plan who worked on the deal."""
    worked: dict[int, int] = field(default_factory=dict)
    """The last rep of each role who began work on it, for splits of the credit."""
    list_amount: float = math.nan
    """Before any discount; `amount` is what would be booked now."""
    discount: float = 0.0
    cut: float = 0.0
    """Price cut of a deal whose signature was pulled in, on top of the discount."""
    previous: int = NOBODY
    """The stage of the last visit that has ended."""
    last_role: int = NOBODY
    """Who did the last task (not an assistant)."""
    visit: Visit | None = None
    """The stay that goes on."""
    then: int = NOBODY
    """The after-sale stage in which the customer goes on once the deal is won."""
    after: int = NONE
    """How far the customer is: ``OPEN``, ``RETAINED`` or ``CHURNED``."""
    seller: int = NOBODY
    """The owner at the win of a customer who goes on."""
    doomed: int = 0
    """Why the deal is lost as soon as the task in hand ends."""
    over: bool = False
    """Lost from outside: its life has to stop wherever it is."""
    handovers: int = 0
    """How many of its owners have left."""
    ahead: dict[int, Ahead] = field(default_factory=dict)
    """What has been worked for stages to come."""
    barred: tuple[int, float] | None = None
    """Who lost the deal to the pool, and until when he or she may not take it back."""


@dataclass(slots=True, eq=False)
class Ahead:
    """What counts for the odds of a stage that a deal has not come to yet: who worked for it, who led, for how long."""

    rep: int = NOBODY
    lead: int = NOBODY
    work: float = 0.0
    effort: float = 1.0


@dataclass(slots=True, eq=False)
class Visit:
    """One stay of a deal in a stage."""

    stage: int
    number: int
    view: StageView
    regime: int
    row: list[float]
    rep: int = NOBODY
    effort: float = 1.0
    lead: int = NOBODY
    """The last rep who did a task as the lead."""
    work: float = 0.0
    """Hours of work drawn so far."""
    batch: tuple[Task, ...] = ()
    """Tasks that began together last."""
    passed: bool = False
    """Nobody works on it any more after a breach of the service level."""
    exit: ExitView | None = None
    """What the chosen exit does besides leading somewhere."""
    odds: float = math.nan
    """What moved the log-odds of advancing when the exit was drawn."""
    delayed: float = math.nan
    """Since when the stay is in its delay."""
    target: int = NONE
    """Where the deal goes, once the tasks at the end of the stay have begun."""
    handing: tuple[int, float] | None = None
    """Position of the one task that changes hands, and since when."""
    waited: float = 0.0
    """Longest wait for a rep of the stay before the start: patience is known to be longer (R9)."""
    patience: float = math.nan
    """Days that the deal waits in all, where it was drawn given such a wait."""


@dataclass(slots=True, eq=False)
class Task:
    """A piece of work: waiting, in hand, done, or given up by the deal."""

    deal: Deal
    visit: Visit
    role: int
    work: float
    since: float
    done: Event
    row: list[float]
    position: int
    """Which task of the stage it is, first ones first."""
    counts: Visit | Ahead
    """For whose odds it is done."""
    bot: bool = False
    """Whether the skill of who does it counts only where no person works."""
    pace: float = 1.0
    """Hours of work in an hour of working time, read at its start."""
    before: float = 0.0
    """Hours of work done before the start of the run (R9)."""
    queue: object = None
    rep: int = NOBODY
    lapsed: bool = False
    """Given up by the deal, or lost with it, before anybody began."""

    @property
    def in_hand(self) -> bool:
        """Whether somebody works on it."""
        return self.rep != NOBODY and not self.done.processed
