"""Names of the rules by which deals find reps (routing) and reps choose work (queues)."""

from __future__ import annotations

from typing import Literal

Routing = Literal["pool", "round_robin", "least_loaded", "weighted"]
Queue = Literal["fifo", "highest_value", "newest", "oldest"]

ROUTING_RULES: dict[str, str] = {
    "pool": "nobody owns the deal; any free rep of the role takes it from the shared queue",
    "round_robin": "owners in turn, in the order of the reps",
    "least_loaded": "the rep with the fewest open deals per unit of weight; ties by rep order",
    "weighted": "a keyed draw in proportion to the reps' weights",
}
QUEUE_RULES: dict[str, str] = {
    "fifo": "the task that waits longest",
    "highest_value": "the deal with the largest amount",
    "newest": "the deal that was created last",
    "oldest": "the deal that was created first",
}
