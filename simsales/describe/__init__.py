"""Say in words what a model or scenario holds, for ``simsales check``."""

from simsales.describe.changes import change_words, describe_scenario
from simsales.describe.earning import unearned
from simsales.describe.idle import idle_changes, idle_parts
from simsales.describe.lint import lint
from simsales.describe.model import describe_model
from simsales.describe.notes import brief_notes, calendar_notes, late, notes

__all__ = ["brief_notes", "calendar_notes", "change_words", "describe_model", "describe_scenario", "idle_changes", "idle_parts", "late",
           "lint", "notes", "unearned"]  # fmt: skip
