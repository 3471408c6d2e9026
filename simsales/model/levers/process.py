"""Changes of what happens to a deal: numbers, stages, exits, tasks, gates and hand-offs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from simsales.model.base import Name, NonNegative, Positive, Probability, Seq, Value
from simsales.model.laws import AnyLaw
from simsales.model.levers.base import Change
from simsales.model.schema import Channel, Exit, SpeedToLead, Stage


class Scale(Change):
    """Multiply the number or law at `path`; other exits share what a probability leaves."""

    kind: Literal["scale"] = "scale"
    path: Name
    by: Positive


class Set(Change):
    """Replace the value at `path`; other exits share what a probability leaves."""

    kind: Literal["set"] = "set"
    path: Name
    to: Any


class Standardise(Change):
    """Shrink the spread of the law at `path`, and keep its mean: the coefficient of variation is multiplied by `by`.

    Mean and standard deviation are exact for every law; a law without a finite mean is refused.
    """

    kind: Literal["standardise"] = "standardise"
    path: Name
    by: Probability


class Add(Change):
    """Add a stage after another one, an exit to a stage, or a channel.

    A new stage is entered instead of the stage that followed `after` (the next one in order if deals go there, else the one
    most of them go on to), in every context too; deals that enter elsewhere do not come to it. Its wins lead on as those of
    `after` did, unless it says otherwise. A new exit takes its share in every context; the others keep their proportions.
    """

    kind: Literal["add"] = "add"
    stage: Stage | None = None
    after: Name | None = None
    exit: Exit | None = None
    from_: Name | None = Field(default=None, alias="from")
    channel: Channel | None = None

    @model_validator(mode="after")
    def _one(self) -> Add:
        if sum(item is not None for item in (self.stage, self.exit, self.channel)) != 1:
            message = "must give one of stage (with after), exit (with from), channel"
            raise ValueError(message)
        if (self.stage is not None and self.after is None) or (
            self.exit is not None and self.from_ is None
        ):
            message = "must say where: after (for a stage) or from (for an exit)"
            raise ValueError(message)
        return self


class Remove(Change):
    """Remove a stage or an exit, in every context.

    Deals that would come to the stage go on to `to`, else by its most likely way ahead, in no time, as if it were passed:
    exits that meet become one with the mixture of their delays; what its exits did besides (a cut of the discount, a reason)
    goes with it, and customers go on after a win as they did from it. Exits that cannot be one, and conditions that could not
    tell any more where a deal comes from, are refused.
    """

    kind: Literal["remove"] = "remove"
    stage: Name | None = None
    to: Name | None = None
    exit: Name | None = None
    from_: Name | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _one(self) -> Remove:
        if (self.stage is None) == (self.exit is None) or (
            self.exit is not None and self.from_ is None
        ):
            message = "must give either stage, or exit with from"
            raise ValueError(message)
        return self


class Bot(Value):
    """Software that works at all hours.

    Parameters
    ----------
    name : str
        Of the new role and its only member.
    speed : float
        Hours of the old work that it does in an hour.
    at_once : int
        Cases that it works on at the same time.
    cost_per_year : float
        In the model's currency.
    """

    name: Name
    speed: Positive = 1.0
    at_once: Annotated[int, Field(ge=1, le=10_000)] = 100
    cost_per_year: NonNegative = 0.0


class Automate(Change):
    """Take a share of the work of a stage off people's hands: touch hours fall by `share`.

    Parameters
    ----------
    stage : str
    share : float
        Of the work hours.
    role : str, optional
        Only this role's tasks; absent: all of the stage.
    bot : Bot, optional
        Does the share of each task instead, at all hours, before people go on with it; what ran side by side still does. It
        assists: no hand-off to it or from it, and no deal is its own. Absent: the work falls away.
    error_rate : float
        Probability that an automated case goes wrong: ``share x error_rate`` of deals, in every context, leave by
        `error_to`, with the delay and the reason of others that go there.
    error_to : str
        A stage (rework) or an outcome.
    """

    kind: Literal["automate"] = "automate"
    stage: Name
    share: Probability
    role: Name | None = None
    bot: Bot | None = None
    error_rate: Probability = 0.0
    error_to: Name = "lost"


class Tier(Value):
    """One more approver, for deals of a kind."""

    role: Name
    when: str | None = None
    work_hours: AnyLaw


class Approve(Change):
    """Change an approval: its threshold, tiers, service level; or drop it.

    Parameters
    ----------
    stage : str
        The gate.
    when : str, optional
        New condition, such as ``amount >= 200000``.
    remove : bool
        No approval any more; deals go on by the likeliest way ahead.
    tiers : tuple of Tier
        Further approvers, after the present ones.
    sla_days : float, optional
    escalate_to : str, optional
        A role, or ``pass``.
    """

    kind: Literal["approve"] = "approve"
    stage: Name
    when: str | None = None
    remove: bool = False
    tiers: Annotated[tuple[Tier, ...], Seq] = ()
    sla_days: Positive | None = None
    escalate_to: Name | None = None

    @model_validator(mode="after")
    def _something(self) -> Approve:
        changed = bool(self.when or self.tiers or self.sla_days or self.escalate_to)
        if self.remove == changed:
            message = "must give either remove: true, or some of when, tiers, sla_days, escalate_to"
            raise ValueError(message)
        return self


class Respond(Change):
    """Change how quickly a stage answers: who waits how long, what speed is worth, and a bot that answers first.

    Parameters
    ----------
    stage : str
    patience_days : Law, optional
        How long a lead waits.
    response : SpeedToLead, optional
        What a quick answer does to the odds (an association; halved unless `kept` says otherwise).
    share : float
        Of the work of the first answer that a bot does.
    bot : Bot, optional
    sla_days : float, optional
    escalate_to : str, optional
    """

    kind: Literal["respond"] = "respond"
    stage: Name
    patience_days: AnyLaw | None = None
    response: SpeedToLead | None = None
    share: Probability = 0.0
    bot: Bot | None = None
    sla_days: Positive | None = None
    escalate_to: Name | None = None

    @model_validator(mode="after")
    def _something(self) -> Respond:
        if (self.bot is None) != (self.share == 0.0):
            message = "must give bot and share together"
            raise ValueError(message)
        given = (self.patience_days, self.response, self.bot, self.sla_days, self.escalate_to)
        if all(item is None for item in given):
            message = "must change something: patience_days, response, bot with share, sla_days or escalate_to"
            raise ValueError(message)
        return self


class HandoffChange(Change):
    """Change what passing a deal between roles costs, everywhere or in one stage; fields left out stay.

    Parameters
    ----------
    stage : str, optional
        Absent: the model's hand-off.
    delay_days : Law, optional
    loss : float, optional
    communication : float, optional
        2 halves delay and loss.
    """

    kind: Literal["handoff"] = "handoff"
    stage: Name | None = None
    delay_days: AnyLaw | None = None
    loss: Probability | None = None
    communication: Positive | None = None


class Parallel(Change):
    """Let the tasks of a stage run side by side; or those of the stage that follows it too, which then falls away.

    Parameters
    ----------
    stage : str
    roles : tuple of str
        Only the tasks of these roles are started together with the first; absent: all.
    also : str, optional
        A later stage whose tasks are done here, in parallel: before the first decision, so also for deals that it ends. The odds
        stay those of both decisions. Of the two delays the longer one (by its median) is waited for. Where probabilities alone
        decide, the two become one stage; else the second stays as a decision without work, and keeps its effects, contexts and
        limits (who comes to it another way works there as before). The shorter service level holds for the joint stay;
        different patience, hand-offs or escalation are refused.
    """

    kind: Literal["parallel"] = "parallel"
    stage: Name
    roles: Annotated[tuple[Name, ...], Seq] = ()
    also: Name | None = None


class Reorder(Change):
    """Move a stage: deals come to it after `after` instead of where it was.

    It is taken out as `remove` does and put in as `add` does, with all that is its own: tasks, exits, contexts, effects,
    limits. Its way ahead leads to what followed `after`, its other exits lead where they led.
    """

    kind: Literal["reorder"] = "reorder"
    stage: Name
    after: Name
