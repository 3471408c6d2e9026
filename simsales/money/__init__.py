"""From events to money: pay statements, cash, and what a run costs."""

from simsales.money.cash import receipts
from simsales.money.cost import RunCost, run_cost
from simsales.money.pay import Line, PayError, Statement, statement
from simsales.money.payroll import pay_statements

__all__ = ["Line", "PayError", "RunCost", "Statement", "pay_statements", "receipts", "run_cost", "statement"]
