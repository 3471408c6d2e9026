"""How quick answers and effort on quality move the odds of advancing (R5)."""

from __future__ import annotations

import math

LEAST_TOUCH = 0.01
"""Of the reference work: less counts as this much."""


def response_shift(k: float, kept: float, tau_hours: float, hours: float) -> float:
    """Return what the time of first response adds to the log-odds (speed to lead, shrunk).

    Parameters
    ----------
    k : float
        Exponent as observed.
    kept : float
        Share of it that is believed.
    tau_hours, hours : float
        Scale of the curve and the response, in clock hours.

    Examples
    --------
    >>> response_shift(1.3, 0.5, 1.0, 0.0)
    0.0
    >>> round(response_shift(1.0, 0.5, 1.0, 3.0), 6)  # odds times (1 + 3) ** -0.5
    -0.693147
    """
    return 0.0 - k * kept * math.log1p(hours / tau_hours)


def touch_shift(logit: float, work_hours: float, reference_hours: float) -> float:
    """Return what the work in a stay adds to the log-odds: diminishing returns, none at the reference.

    Examples
    --------
    >>> touch_shift(0.5, 2.0, 2.0), round(touch_shift(0.5, 4.0, 2.0), 6)
    (0.0, 0.346574)
    """
    return logit * math.log(max(work_hours / reference_hours, LEAST_TOUCH))
