"""Readers: one module per kind of source, chosen by name or by captions."""

from __future__ import annotations

from simsales.history.readers.read import READERS, read_history

__all__ = ["READERS", "read_history"]
