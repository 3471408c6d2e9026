"""From events to money: pay statements and what a run costs."""

from simsales.money.cost import RunCost, run_cost
from simsales.money.pay import Line, PayError, Statement, statement
from simsales.money.payroll import pay_statements

__all__ = ["Line", "PayError", "RunCost", "Statement", "pay_statements", "run_cost", "statement"]
