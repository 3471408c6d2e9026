"""Model to EventLog: lowering to a plan, keyed randomness, and the engines.

A model and a seed determine every event; an engine only works out the consequences. Its rules:

R1  Arrival. Lead i of a channel arrives when the channel's rate, added up, reaches the sum of i keyed
    exponential draws. It is routed at once, by the loads before it: in turn, to the least loaded, by weight, by territory, or by
    tiers of amount or score (the most skilled of those employed get the highest tier; a tier without room falls to the
    next lower one, then to the next higher one). With ``max_open_deals`` only reps with room count; where nobody has
    any, the deal has no owner until somebody with room takes its task from the pool. Its attributes are keyed draws too: segment,
    product, region, list price, discount, terms and score; currencies convert at the rate of the day of creation.
    Campaigns and bought leads are sources of their own with their own keys. In a finite market a lead whose prospect
    was contacted within the cool-down does not come. Events are drawn once a replication, by name.
R2  Visit. On entering a stage a deal has its tasks done in order, waits its delay, has the tasks at the end
    of the visit done, then leaves. No tasks, no queue.
R3  Queue and work. A task joins the queue of the rep who has the deal in that role, or the role's pool. A
    free rep takes the first of both by the role's queue rule, then waiting since, then deal. Work is not
    interrupted but pauses outside the rep's own working time (calendar, days off); speed, selling share, ramp, training
    and effort are read at its start. A pool task is offered to whoever is at work and has been free for longest. After
    ``recycle_days`` an unbegun task goes from its owner to the pool; the former owner may not take it for
    ``reclaim_days``. Amount, expected value and score of a queued task are those at queueing.
R4  Patience. A task that has waited longer than the visit's patience loses the deal: ``no_response``.
R5  Exit. One keyed uniform against cumulative probabilities, best exits first; effects and shocks shift the
    log-odds of the advancing exits as a group. The delay is the chosen exit's own law.
R6  Gates, loops, limits. ``when`` is evaluated on entry; a skipped stage takes no time and is left by its
    likeliest advancing exit. Re-entry draws anew. More than ``max_visits`` visits lose the deal.
R7  People. Hires and leaves have dates. A leaver finishes the tasks in hand; queued tasks and open deals are
    routed anew; with nobody there, tasks wait in the pool for the next hire. By attrition a rep leaves when a hazard,
    constant between month begins (tenure turns after 365.25 days; attainment is looked at when a month begins, time
    before the hire apart), has used up the rep's keyed exponential draw; after a keyed vacancy a replacement takes the
    seat: the same person but for name and ramp. A planned leave closes the seat. An owned deal whose owner leaves is
    lost (``handover``) with the probability that the role states. A training takes those employed at its start.
R8  Effort. A closed form of plan, attainment and time left, evaluated when a task starts (for a stage without
    tasks: on entry); it scales the pace and shifts the log-odds of advancing. Off without ``effort``.
R9  Warm start. A deal that is open at the start keeps its age; exit and remaining delay are drawn given the
    age. Deals that wait for a task keep their waiting time, and all have queued before anybody begins.
R10 Order. Events are ordered by time, then kind (arrivals, delay ends, task ends, staffing changes and shift
    openings, reviews, patience), then id; the consequences of one are complete before the next.
R11 Horizon. Events at the horizon belong to what follows; open deals stay open, tasks in hand in hand.
    Created + opened = won + lost + no decision + open, checked after every run.

A dated change begins a new regime: a deal takes, on each entry to a stage, the latest regime that has begun and
that it adopts (a keyed draw against adoption and ramp-in); a rep's attributes follow the same rule.
"""

from simsales.engine.eventlog import EventLog
from simsales.engine.hooks import Hooks
from simsales.engine.lower import lower
from simsales.engine.plan import Plan
from simsales.engine.simulate import run_plan, simulate

__all__ = ["EventLog", "Hooks", "Plan", "lower", "run_plan", "simulate"]
