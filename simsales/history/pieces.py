"""Work that was done in several pieces: added up for a task, and taken apart again for a snapshot."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np
import pandas as pd

Piece = tuple[str, str | None, str | None, str | None]


def encode(pieces: Iterable[Piece]) -> str:
    """Return pieces (queued, started, ended, rep) as JSON text; stamps are ISO.

    Examples
    --------
    >>> encode([("2026-01-01T09:00:00Z", None, None, None)])
    '[["2026-01-01T09:00:00Z", null, null, null]]'
    """
    return json.dumps([list(piece) for piece in pieces], ensure_ascii=False)


def until(texts: pd.Series, at: pd.Timestamp) -> pd.DataFrame:
    """Return tasks as they stood at a moment.

    Parameters
    ----------
    texts : Series of str
        What :func:`encode` returned, one a task.
    at : Timestamp
        UTC.

    Returns
    -------
    DataFrame
        ``started_at, ended_at, work_hours, rep, pieces`` for the index of ``texts``. ``work_hours`` counts finished
        pieces only; ``ended_at`` is missing while the last piece is unfinished.
    """
    rows = [(place, *piece) for place, text in texts.items() for piece in json.loads(text)]
    frame = pd.DataFrame(rows, columns=["task", "queued_at", "started_at", "ended_at", "owner"], dtype="object")
    for name in ("queued_at", "started_at", "ended_at"):
        frame[name] = pd.to_datetime(frame[name], utc=True, format="ISO8601").dt.as_unit("us")
    frame = frame[frame["queued_at"] <= at].reset_index(drop=True)
    begun = frame["started_at"] <= at
    frame["owner"] = frame["owner"].where(begun & frame["owner"].notna(), None)
    frame["started_at"] = frame["started_at"].where(begun)
    frame["ended_at"] = frame["ended_at"].where(frame["ended_at"] <= at)
    return added_up(frame, ["task"])[["started_at", "ended_at", "work_hours", "rep", "pieces"]].reindex(texts.index)


def added_up(found: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return one row per key: the first start, the last end (missing if the last piece has none), the hours, the rep with most of them.

    Parameters
    ----------
    found : DataFrame
        ``queued_at, started_at, ended_at, owner`` and the keys; sorted by key and start.
    keys : list of str

    Returns
    -------
    DataFrame
        Indexed by the keys; ``pieces`` holds the JSON of tasks with more than one piece.
    """
    found = found.assign(hours=(found["ended_at"] - found["started_at"]).dt.total_seconds() / 3600)
    groups = found.groupby(keys, sort=False)
    out = groups.agg(queued_at=("queued_at", "min"), started_at=("started_at", "min"), ended_at=("ended_at", "max"))
    out["work_hours"] = groups["hours"].sum(min_count=1)
    unfinished = found["ended_at"].isna().groupby([found[key] for key in keys], sort=False).last()
    out["ended_at"] = out["ended_at"].mask(unfinished.reindex(out.index))
    by_rep = found.dropna(subset="owner").groupby([*keys, "owner"], sort=True)["hours"].sum().reset_index()
    most = by_rep.sort_values("hours", kind="stable").groupby(keys, sort=False)["owner"].last()
    out["rep"] = most.reindex(out.index).to_numpy(dtype=object)
    return out.assign(pieces=_texts(found, groups.size() > 1, keys))


def _texts(found: pd.DataFrame, several: pd.Series, keys: list[str]) -> pd.Series:
    """Return the JSON of every key with several pieces; missing for the others."""
    texts = pd.Series([None] * len(several), index=several.index, dtype="object")
    if not several.any():
        return texts
    task = found.groupby(keys, sort=False).ngroup().to_numpy()
    chosen = several.to_numpy()[task]
    rows, task = found[chosen], task[chosen]
    owners = rows["owner"].astype("object").where(rows["owner"].notna(), None)
    listed = list(zip(*(_iso(rows[name]) for name in ("queued_at", "started_at", "ended_at")), owners, strict=True))
    ends = np.flatnonzero(np.append(np.diff(task) != 0, True)) + 1
    texts[several.to_numpy()] = [encode(listed[begin:end]) for begin, end in zip(np.append(0, ends[:-1]), ends, strict=True)]
    return texts


def _iso(stamps: pd.Series) -> np.ndarray:
    """Return stamps as ISO text, None where missing."""
    naive = stamps.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    texts = np.char.add(np.datetime_as_string(naive, unit="us"), "Z").astype(object)
    texts[np.isnat(naive)] = None
    return texts
