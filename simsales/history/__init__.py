"""What happened: canonical tables read from CRM exports and event logs, checked, and rebuilt as of any moment."""

from __future__ import annotations

from simsales.history.history import History
from simsales.history.readers import READERS, read_history
from simsales.history.report import ImportReport

__all__ = ["READERS", "History", "ImportReport", "read_history"]
