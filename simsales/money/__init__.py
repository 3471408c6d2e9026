"""From events to money: pay statements, cash, and what a run costs."""

from simsales.money.cash import receipts
from simsales.money.cost import RunCost, run_cost
from simsales.money.known import CostParts, cost_parts
from simsales.money.months import cost_by_month
from simsales.money.pay import Line, PayError, Statement, statement
from simsales.money.payroll import pay_statements

__all__ = [
    "CostParts", "Line", "PayError", "RunCost", "Statement", "cost_by_month", "cost_parts", "pay_statements", "receipts",
    "run_cost", "statement",
]  # fmt: skip
