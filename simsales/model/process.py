"""What happens to a deal: stages with tasks, gates and exits (rules R2 to R6)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from simsales.model.base import Name, NonNegative, Positive, Probability, Seq, Value, Weekday
from simsales.model.laws import AnyLaw, Constant

Journey = Literal["awareness", "consideration", "decision", "retention"]
Part = Literal["lead", "own", "assist", "bot"]

ESCALATE_PASS = "pass"  # noqa: S105 - the word in a model file that lets a deal go on
"""In `escalate_to`: nobody works any more, the deal goes on as if the tasks were done."""


class Gather(Value):
    """Work that waits for a fixed weekday, a day of the month, or until enough cases have come.

    Parameters
    ----------
    weekday : str, optional
        The next such day (a committee on Tuesdays); a task that comes on that day before work begins is in time.
    day_of_month : int, optional
        The next such day of a month (a monthly price review).
    size : int, optional
        Wait until so many tasks wait together; then all are free to be done.
    within_days : float, optional
        With `size`: wait no longer than this for the others.
    """

    weekday: Weekday | None = None
    day_of_month: Annotated[int, Field(ge=1, le=28)] | None = None
    size: Annotated[int, Field(ge=1, le=10_000)] | None = None
    within_days: Positive | None = None

    @model_validator(mode="after")
    def _one(self) -> Gather:
        given = [name for name in ("weekday", "day_of_month", "size") if getattr(self, name) is not None]
        if len(given) != 1:
            message = f"must give one of weekday, day_of_month, size, got {', '.join(given) or 'none'}"
            raise ValueError(message)
        if self.within_days is not None and self.size is None:
            message = "within_days must stand beside size, got it alone"
            raise ValueError(message)
        return self


class Task(Value):
    """Work that a rep of a role does in a stage, in hours of the rep's working time.

    Parameters
    ----------
    role : str
    work_hours : Law
    at : {'start', 'end'}
        On entry (R2), or after the delay and before the exit, as where closing a deal is what takes the rep's time.
    parallel : bool
        Begins together with the task before it (the stage goes on when all of them are done) instead of after it.
    continues : bool
        Goes on with the task before it: begins when that one ends, whatever runs beside the two.
    when : str, optional
        Condition such as ``amount >= 200000``; otherwise this task is skipped (a further approval tier).
    part : {'lead', 'own', 'assist', 'bot'}
        Who leads the stage, does a part of his or her own, or assists; the lead's skill counts for the odds. A bot assists,
        owns no deal, and its skill counts only where no person works.
    gather : Gather, optional
        Wait for a meeting or a batch first.
    counts_for : str, optional
        A stage that the deal comes to later, and whose odds this work counts for instead of this one's: the skill of who
        does it and its hours (work that is done ahead, beside this stage's own).
    """

    role: Name
    work_hours: AnyLaw
    at: Literal["start", "end"] = "start"
    parallel: bool = False
    continues: bool = False
    when: str | None = None
    part: Part = "own"
    gather: Gather | None = None
    counts_for: Name | None = None

    @model_validator(mode="after")
    def _one_beginning(self) -> Task:
        if self.parallel and self.continues:
            message = "must be either parallel or continues, got both"
            raise ValueError(message)
        return self


class Exit(Value):
    """A way out of a stage: to another stage or to an outcome.

    The outcome ``open`` is a deal that nobody will ever close: it stays in the stage for good.

    Parameters
    ----------
    to : str
        A stage, or ``won``, ``lost``, ``no_decision``, ``open``; from an after-sale stage another after-sale stage,
        ``retained`` or ``churned``.
    probability : float
    delay_days : Law
    then : str, optional
        With ``to: won``: the after-sale stage in which the customer goes on.
    max_discount : float, optional
        On this way the discount is cut to at most this share (what an approval enforces).
    reason : str, optional
        Why, in the log (an objection, a missing paper).
    """

    to: Name
    probability: Probability
    delay_days: AnyLaw = Constant(value=0.0)
    then: Name | None = None
    max_discount: Probability | None = None
    reason: Name | None = None


class SpeedToLead(Value):
    """Odds of advancing fall with the first response: times ``(1 + t / tau) ** (-k x kept)``, an association.

    Parameters
    ----------
    k : float
        Exponent as observed; published figures come from observational data in which good leads are called first.
    tau_hours : float
        Clock hours.
    kept : float
        Share of the effect that is believed, on the log scale (half by default; 1 takes it at face value, 0 is off).
    """

    k: NonNegative = 1.3
    tau_hours: Positive = 1.0
    kept: Probability = 0.5


class Touch(Value):
    """More work raises the odds, with diminishing returns: log-odds + `logit` x ln(work / reference work).

    Parameters
    ----------
    logit : float
    reference_hours : float
        Work in the stage at which nothing is added.
    """

    logit: NonNegative
    reference_hours: Positive


class Effects(Value):
    """Shifts of the log-odds of advancing (R5).

    Parameters
    ----------
    skill : float
        Per unit of the rep's skill.
    response_hours : float
        Per clock hour of first response (linear).
    response : SpeedToLead, optional
        The same with a curve that flattens.
    score : float
        Per unit of the lead's score above the reference.
    discount : float
        Per unit of discount: 3 means that 10 % discount adds 0.3.
    touch : Touch, optional
        Effort on quality.
    """

    skill: float = 0.0
    response_hours: float = 0.0
    response: SpeedToLead | None = None
    score: float = 0.0
    discount: float = 0.0
    touch: Touch | None = None


class Context(Value):
    """Other exits, or other odds and durations, where a condition holds; the first one that holds counts.

    Parameters
    ----------
    when : str
        Clauses joined by ``and`` on ``previous`` (the stage before), ``visit`` (its number), ``segment, channel, product,
        region, amount, score, discount, terms``.
    exits : tuple of Exit, optional
        Replace the stage's exits.
    advance_logit : float
        Added to the log-odds of advancing.
    delay_scale, work_scale : float
        Multiply delays and work.
    """

    when: str
    exits: Annotated[tuple[Exit, ...], Seq] = ()
    advance_logit: float = 0.0
    delay_scale: Positive = 1.0
    work_scale: Positive = 1.0


class Handoff(Value):
    """What it costs to pass a deal from one role to another.

    Parameters
    ----------
    delay_days : Law
        Before the next role's task is queued.
    loss : float
        Probability that the deal is lost on the way (reason ``handoff``).
    communication : float
        1 is today; better communication divides both by this number.
    """

    delay_days: AnyLaw = Constant(value=0.0)
    loss: Probability = 0.0
    communication: Positive = 1.0


class Stage(Value):
    """A stay of a deal: tasks in order, then a delay, then one of the exits (R2 to R6).

    Parameters
    ----------
    tasks : tuple of Task
        Work done before the delay; none: pure elapsed time.
    patience_days : Law, optional
        A deal whose task waits longer than this is lost with reason ``no_response`` (R4).
    exits : tuple of Exit
        Probabilities must add up to 1.
    contexts : tuple of Context
        Exceptions from the exits; otherwise the general ones hold.
    when : str, optional
        Condition on entry such as ``amount >= 50000`` or ``discount > authority``; otherwise skipped (R6).
    max_visits : int
        A deal that would enter once more is lost instead (R6), a customer after the sale is retained.
    win_probability : float, optional
        What the CRM states for a deal in this stage; used by the stage-weighted baseline only.
    sla_days : float, optional
        A stay that lasts longer breaches the service level (KPI ``sla_breach``).
    escalate_to : str, optional
        At the breach a task that still waits goes to any rep of this role; ``pass``: the tasks are dropped.
    handoff : Handoff, optional
        Instead of the model's.
    after_sale : bool
        What follows a win: the deal stays won, the customer goes on.
    journey : {'awareness', 'consideration', 'decision', 'retention'}, optional
        Where the customer stands meanwhile.
    owner_role, checklist, exit_criteria
        Notes for people; the process linter asks for them, the simulation does not read them.
    """

    name: Name
    tasks: Annotated[tuple[Task, ...], Seq] = ()
    patience_days: AnyLaw | None = None
    exits: Annotated[tuple[Exit, ...], Seq, Field(min_length=1)]
    contexts: Annotated[tuple[Context, ...], Seq] = ()
    effects: Effects = Effects()
    when: str | None = None
    max_visits: Annotated[int, Field(ge=1, le=1000)] = 25
    win_probability: Probability | None = None
    sla_days: Positive | None = None
    escalate_to: Name | None = None
    handoff: Handoff | None = None
    after_sale: bool = False
    journey: Journey | None = None
    owner_role: Name | None = None
    checklist: Annotated[tuple[str, ...], Seq] = ()
    exit_criteria: Annotated[tuple[str, ...], Seq] = ()


class Pace(Value):
    """Fast deals stay fast: a latent pace per deal ties its delays together; each delay's own law stays as it is.

    Parameters
    ----------
    correlation : float
        Between the (normal scores of the) delays of one deal, 0 to 1.
    """

    correlation: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
