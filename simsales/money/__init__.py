"""From events to money: pay statements and what a run costs."""

from simsales.money.pay import Line, PayError, Statement, statement

__all__ = ["Line", "PayError", "Statement", "statement"]
