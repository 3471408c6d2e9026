"""The tiny decisions of the simulation: pure functions that every engine shares.

Each one takes numbers and gives a number, cites its rule, and can be handed round numbers in a test.
"""

from __future__ import annotations

from simsales.engine.rules.effort import (
    PayRule,
    effort,
    marginal_pay,
    projected_finish,
    quota_cost,
    ratchet_cost,
    scaled,
)
from simsales.engine.rules.exits import (
    adopted,
    choose_exit,
    shares_given_age,
    shifted,
    unshifted,
)
from simsales.engine.rules.meetings import next_meeting
from simsales.engine.rules.pace import lasting_at_pace, normal_score, paced, paced_beyond
from simsales.engine.rules.people import (
    dip_factor,
    hazard_steps,
    is_low,
    leaving,
    most_leavers,
    ramp_factor,
    trained,
)
from simsales.engine.rules.response import response_shift, touch_shift
from simsales.engine.rules.routing import (
    has_room,
    least_loaded,
    lot,
    lot_number,
    of_tier,
    queue_key,
    round_robin,
    tier_groups,
    tier_of,
    weighted,
)
from simsales.engine.rules.timing import Moved, moved

__all__ = [
    "Moved",
    "PayRule",
    "adopted",
    "choose_exit",
    "dip_factor",
    "effort",
    "has_room",
    "hazard_steps",
    "is_low",
    "lasting_at_pace",
    "least_loaded",
    "leaving",
    "lot",
    "lot_number",
    "marginal_pay",
    "most_leavers",
    "moved",
    "next_meeting",
    "normal_score",
    "of_tier",
    "paced",
    "paced_beyond",
    "projected_finish",
    "queue_key",
    "quota_cost",
    "ramp_factor",
    "ratchet_cost",
    "response_shift",
    "round_robin",
    "scaled",
    "shares_given_age",
    "shifted",
    "tier_groups",
    "tier_of",
    "touch_shift",
    "trained",
    "unshifted",
    "weighted",
]
