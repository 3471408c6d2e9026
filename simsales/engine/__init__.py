"""Model to EventLog: lowering to a plan, keyed randomness, and the engines."""

from simsales.engine.eventlog import EventLog
from simsales.engine.hooks import Hooks
from simsales.engine.lower import lower
from simsales.engine.plan import Plan
from simsales.engine.simulate import run_plan, simulate

__all__ = ["EventLog", "Hooks", "Plan", "lower", "run_plan", "simulate"]
