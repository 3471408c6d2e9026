"""Names of the rules by which deals find reps (routing) and reps choose work (queues)."""

from __future__ import annotations

from typing import Literal

Routing = Literal["pool", "round_robin", "least_loaded", "weighted", "territory", "skill", "score"]
Queue = Literal["fifo", "highest_value", "expected_value", "score", "newest", "oldest", "due"]

ROUTING_RULES: dict[str, str] = {
    "pool": "nobody owns the deal; any free rep of the role takes it from the shared queue",
    "round_robin": "owners in turn, in the order of the reps",
    "least_loaded": "the rep with the fewest open deals per unit of weight; ties by lot",
    "weighted": "a keyed draw in proportion to the reps' weights",
    "territory": "the least loaded rep whose territory the deal is in; without one, the least loaded of all",
    "skill": "large deals to the most skilled reps (tiers of the amount), there to the least loaded",
    "score": "deals of a high score to the most skilled reps (tiers of the score), there to the least loaded",
}
QUEUE_RULES: dict[str, str] = {
    "fifo": "the task that waits longest",
    "highest_value": "the deal with the largest amount",
    "expected_value": "the deal with the largest amount x chance of being won from its stage",
    "score": "the deal with the highest lead score, as it is when the task is queued",
    "newest": "the deal that was created last",
    "oldest": "the deal that was created first",
    "due": "the stay whose service level (`sla_days`) ends first; stays without one last",
}
