"""What an engine reads: a model lowered to arrays and plain tuples, with every unit and default decided once."""

from simsales.engine.plan.plan import (
    CHURNED,
    CODES,
    LOST,
    NO_DECISION,
    OPEN,
    RETAINED,
    STATUS,
    WON,
    Flags,
    Floats,
    Ints,
    Opening,
    Plan,
)
from simsales.engine.plan.process import NOBODY, StageView

__all__ = [
    "CHURNED", "CODES", "LOST", "NOBODY", "NO_DECISION", "OPEN", "RETAINED", "STATUS", "WON",
    "Flags", "Floats", "Ints", "Opening", "Plan", "StageView",
]  # fmt: skip
