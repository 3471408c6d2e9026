"""Terms of payment: when a won deal's money arrives, and which deals are cancelled after the win."""

from __future__ import annotations

from simsales.model.base import Probability, Value
from simsales.model.laws import AnyLaw, Constant


class Terms(Value):
    """How won deals are paid for.

    Parameters
    ----------
    deposit_share : float
        Share of the amount that is paid on the day of the win.
    payment_days : Law
        From the win to the payment of the rest.
    bad_debt_share : float
        Probability that the rest of a deal is never paid.
    cancel_share : float
        Probability that a won deal is cancelled; what had been paid goes back, the rest is never paid.
    cancel_days : Law
        From the win to the cancellation.

    Examples
    --------
    >>> Terms(deposit_share=0.3, payment_days={"lognormal": {"median": 45.0, "p90": 90.0}}).deposit_share
    0.3
    """

    deposit_share: Probability = 0.0
    payment_days: AnyLaw = Constant(value=0.0)
    bad_debt_share: Probability = 0.0
    cancel_share: Probability = 0.0
    cancel_days: AnyLaw = Constant(value=30.0)
