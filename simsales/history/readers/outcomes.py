"""Which activities of an event log end a case, and how."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from simsales.errors import HistoryError, did_you_mean
from simsales.history.readers import aliases
from simsales.history.readers.build import lookup
from simsales.history.readers.table import Context

FAMILY = re.compile(r"^([A-Za-z]{1,3})[_ .:-]")
LAST_SHARE = 0.5


def of_activities(entries: pd.DataFrame, context: Context, file: str) -> dict[str, str]:
    """Return activity to won, lost or no_decision, from the mapping or by name.

    A guess needs the activity to be, in most of its cases, the last thing that is newly begun, and (where activities
    carry a prefix such as ``A_``) a prefix under which some activity means won. Guesses are reported.

    Parameters
    ----------
    entries : DataFrame
        ``deal_id, time, stage`` of everything newly begun.
    context : Context
    file : str
        Name for messages.

    Raises
    ------
    HistoryError
        If the log has none of the outcomes that the mapping names.
    """
    activities = sorted(str(activity) for activity in entries["stage"].unique())
    given = {**context.mapping.outcomes, **{label: kind for label, kind in context.mapping.stages.items() if kind in ("won", "lost", "no_decision")}}
    if given:
        absent = [label for label in given if label not in activities]
        if len(absent) == len(given):
            raise HistoryError(f"{file} must have the activity '{absent[0]}' that the mapping names as an outcome, got none. {did_you_mean(absent[0], activities)}")
        if absent:
            context.ledger.note(f"{file}: the outcomes {', '.join(absent)} of the mapping do not occur.")
        return {label: kind for label, kind in given.items() if label in activities}
    guessed = {activity: kind for activity in activities if (kind := _kind(activity))}
    guessed = _ending(entries, _with_a_win(guessed))
    if guessed:
        listed = "; ".join(f"{kind}: {', '.join(a for a in guessed if guessed[a] == kind)}" for kind in ("won", "lost", "no_decision") if kind in guessed.values())
        context.ledger.note(f"Outcomes were guessed by the names of activities ({listed}); outcomes: in a mapping states them.")
    else:
        context.ledger.note("No activity says how a case ended, so all deals stay open. Hint: name them in a mapping, like outcomes: {won: [..], lost: [..]}.")
    return guessed


def _kind(activity: str) -> str | None:
    """Return how an activity's name ends a case."""
    plain = " " + re.sub(r"[\W_]+", " ", activity).casefold() + " "
    for kind, words in aliases.load()["activity_words"].items():
        for word in words:
            if (f" {word} " in plain) if word.isascii() else (word in plain):
                return str(kind)
    return aliases.outcome(activity) if aliases.outcome(activity) in ("won", "lost", "no_decision") else None


def _with_a_win(kinds: dict[str, str]) -> dict[str, str]:
    """Return the activities whose prefix family knows a win; all of them where none does."""
    family = {activity: (hit[1] if (hit := FAMILY.match(activity)) else "") for activity in kinds}
    winning = {family[activity] for activity, kind in kinds.items() if kind == "won"}
    kept = {activity: kind for activity, kind in kinds.items() if family[activity] in winning}
    return kept or kinds


def _ending(entries: pd.DataFrame, kinds: dict[str, str]) -> dict[str, str]:
    """Return the activities after which, in most of their cases, nothing else is begun."""
    if not kinds:
        return {}
    is_outcome = entries["stage"].isin(list(kinds)).to_numpy()
    last_other = entries[~is_outcome].groupby("deal_id", sort=False)["time"].max()
    first = entries[is_outcome].groupby(["stage", "deal_id"], sort=True, observed=True)["time"].max().reset_index()
    other = lookup(first["deal_id"], last_other)
    first["ends"] = np.where(other.isna(), True, ~(other > first["time"]))
    share = first.groupby("stage", observed=True)["ends"].mean()
    return {activity: kind for activity, kind in kinds.items() if share.get(activity, 0.0) > LAST_SHARE}
