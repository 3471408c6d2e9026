"""Model to EventLog: lowering to a plan, keyed randomness, and the engines.

A model and a seed determine every event; an engine only works out the consequences. Its rules:

R1  Arrival. Lead i of a channel arrives when the channel's rate, added up, reaches the sum of i keyed
    exponential draws. It is routed at once, by the loads before it: in turn, to the least loaded, by weight, by territory, or by
    tiers of amount or score (the most skilled of those employed get the highest tier; a tier without room falls to the
    next lower one, then to the next higher one). Ties (equal loads, equal skill at the edge of a tier, who is first in
    turn) are settled by lot: a keyed draw of the deal gives each rep a number, the smallest wins; so one more rep takes
    only what he or she wins, and the order of the file favours nobody. With ``max_open_deals`` only reps with room count; where nobody has
    any, the deal has no owner until somebody with room takes its task from the pool. Its attributes are keyed draws too: segment,
    product, region, list price, discount, terms and score; currencies convert at the rate of the day of creation.
    Campaigns and bought leads are sources of their own with their own keys. In a finite market a lead whose prospect
    was contacted within the cool-down does not come. Events are drawn once a replication, by name.
R2  Visit. On entering a stage a deal has its tasks done in order, waits its delay, has the tasks at the end
    of the visit done, then leaves. No tasks, no queue.
    Tasks marked ``parallel`` begin with the one before them and the deal goes on with the last; one that ``continues``
    begins when the task before it ends, whatever runs beside the two; a task whose ``when`` does not hold as it would
    begin is skipped. A win with ``then`` leads on to after-sale stages: the deal stays won,
    the customer is retained or churns; who waits too long or is lost churns, who comes too often is retained. What
    follows a win is in no history, on no load beyond its work, and out of reach of the shocks and events of winning.
R3  Queue and work. A task joins the queue of the rep who has the deal in that role, or the role's pool. A
    free rep takes the first of both by the role's queue rule, then waiting since, then deal. Work is not
    interrupted but pauses outside the rep's own working time (calendar, days off); speed, selling share, ramp, training
    and effort are read at its start. A pool task is offered to whoever is at work, has least in hand and has been free for longest (ties by lot); so
    is what waits when a shift opens or a meeting ends: one task each, in that order. After
    ``recycle_days`` an unbegun task goes from its owner to the pool; the former owner may not take it for
    ``reclaim_days``. Amount, expected value and score of a queued task are those at queueing.
    A task that gathers waits for the first working instant on or after the next such date (who comes at that very
    instant is in time; a day off moves the meeting), or until its batch is full or a member has waited
    ``within_days``; then all join their queues before anybody begins. Waiting counts from its coming. A task of
    another role than the deal's last one (assistants aside) changes hands first: a keyed delay, at whose end the deal
    may be lost; no queue time and no patience run meanwhile.
R4  Patience. A task that has waited longer than the visit's patience loses the deal: ``no_response``.
    Parts that wait or are on their way (hand-off, gathering) are taken back at that moment, whatever their order in the
    file; a part in hand is finished first, and what happens until then changes neither loss nor reason.
R5  Exit. One keyed uniform against cumulative probabilities, best exits first; effects and shocks shift the
    log-odds of the advancing exits as a group. The delay is the chosen exit's own law.
    The first context whose condition holds on entry replaces exits, shifts odds, scales delays and work (an opening
    deal's stage before is unknown unless the table says it). Odds know segment, product, region, skill (of who leads, else
    of who worked last, bots aside, else of the owner; work that ``counts_for`` a later stage counts there, for skill, effort and touch,
    and not here: of an opening deal it is not known), response, score, discount and touch (less than 1 % of the reference
    work counts as 1 %). A pace ties a deal's delays by a Gaussian copula of their uniforms, residual ones too; each law stays.
R6  Gates, loops, limits. ``when`` is evaluated on entry; a skipped stage takes no time and is left by its
    likeliest advancing exit. Re-entry draws anew. More than ``max_visits`` visits lose the deal.
    Conditions ask for what is true now: amount and discount after earlier cuts, authority of the owner's role (of the
    first role where nobody owns the deal). On leaving, an exit may cut the discount of an open deal, and with it the
    amount; a reason counts where the deal is lost or not decided. At the breach of a service level (not before the start) what waits
    then escalates: any rep of another role may take it, or with ``pass`` the work left is dropped and the exit drawn.
R7  People. Hires and leaves have dates. A leaver finishes the tasks in hand; queued tasks and open deals are
    routed anew; with nobody there, tasks wait in the pool for the next hire. Who leaves at an instant gets no deal at it;
    those who leave together are gone before the first of their deals (in order of deals) is routed, and those who are
    hired then are there. By attrition a rep leaves when a hazard,
    constant between month begins (tenure turns after 365.25 days; attainment is looked at when a month begins, time
    before the hire apart: in the pay period so far, or in the one that has just ended), has used up the rep's keyed exponential draw; after a keyed vacancy a replacement takes the
    seat: the same person but for name and ramp. A planned leave closes the seat. An owned deal whose owner leaves is
    lost (``handover``) with the probability that the role states. A deal lost from outside is closed at once, or as
    soon as the task in hand ends. A training takes those employed at its start.
R8  Effort. A closed form of plan, attainment and time left, evaluated when a task starts (for a stage without
    tasks: on entry); it scales the pace and shifts the log-odds of advancing. Off without ``effort``. The plan is the one
    that pays on that day, the quota the one that pays if nothing changes any more: of the days left at the hire, at the
    run's start (unless ``booked_before`` is stated) or at a change of plan, which all begin a period of their own; lump
    sums are shared out by days after a change. A win counts for whom the splits of the credit name. Usual pay is what the
    organisation before any change pays the seat; who has no plan with a quota is paid nothing for bookings. Nobody knows of a change, a leave or the end of the run beforehand.
    Timing moves the end of a won exit's delay, whoever owns the deal; a pulled deal is booked at its price cut.
R9  Warm start. A run restarted from its own state goes on in distribution as if it had not been cut. What is known of a deal
    that is open at the start holds: its way so far, who works for it, whether it was answered, the hours done, and where
    the stay is (its tasks waiting, in hand, on their way to another role; in its delay, and since when). The rest is drawn
    given what is known: exit and remaining delay given the age of the delay and what moved the odds when it began, the work
    in hand given the hours done, patience given the longest wait so far. Where only the age of the stay is known and its
    tasks are done, their work is imagined by its laws at the mean pace, after a wait like that of what waits now (exponential),
    several times, and one of these pasts is chosen by the probability that the delay has lasted since. A deal whose tasks are
    done was answered: where odds ask when, after such a wait, as somebody was at work, and before what followed. The stay
    follows the regime and the context of its entry. All have queued before anybody begins. Draws of a run that goes on from
    another one's state are keyed by the cut, except what all deals share (shocks of the quarter, factors of the week, events).
R10 Order. Events are ordered by time (as computed), then kind (arrivals, delay ends, task ends, staffing changes and
    shift openings, reviews, patience), then id, then sub-key (position of the task, kind of review: service level,
    recycling, reclaiming); the consequences of one are complete before the next. Of staffing changes, regimes begin
    first, then hires come, leavers go, and then everybody takes work.
R11 Horizon. Events at the horizon belong to what follows; open deals stay open, tasks in hand in hand.
    Created + opened = won + lost + no decision + open, checked after every run.

A dated change begins a new regime: a deal takes, on each entry to a stage, the latest regime that has begun and
that it adopts (a keyed draw against adoption and ramp-in); a rep's attributes follow the same rule. A transition's dip slows
work that begins on deals which take the change up by then. Terms of payment and delivery go by the regime of the win. What counts leads or spending is blended in proportion; what befalls all alike (exchange
rates, shocks, overdispersion, attrition, pay, queue rules, concurrency) holds for everybody from its day on. Nothing before a change
knows of it: a quarter's and a week's draws are one, and act on each day as strongly as is stated for it, a week's multiplier
with the shape of the week's expectation as it was on that day. :mod:`simsales.model.apply.scope` says for every field from
when and for whom it can change. The order in which a file lists things decides nothing, except of stages,
of reps served in turn, and of the first role where no stage has tasks.
"""

from simsales.engine.eventlog import EventLog
from simsales.engine.hooks import Hooks
from simsales.engine.lower import lower
from simsales.engine.plan import Plan
from simsales.engine.simulate import run_plan, simulate

__all__ = ["EventLog", "Hooks", "Plan", "lower", "run_plan", "simulate"]
