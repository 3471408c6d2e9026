"""From a model to a plan: names become positions, laws become tables, dates become days."""

from simsales.engine.lower.lower import Lowering, When, lower

__all__ = ["Lowering", "When", "lower"]
