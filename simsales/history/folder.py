"""Canonical tables on disk: one CSV a table and ``history.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from simsales.errors import HistoryError, OutputError, got, named
from simsales.history import tables
from simsales.history.report import ImportReport

if TYPE_CHECKING:
    from simsales.history.history import History

MANIFEST = "history.json"
RISKY = ("=", "+", "-", "@", "'")


def write(history: History, path: Path) -> Path:
    """Write every table and the manifest; nothing is left behind if the folder cannot be written."""
    texts = {f"{name}.csv": _csv(getattr(history, name)) for name in tables.SCHEMAS}
    texts["dropped.csv"] = history.report.dropped_csv()
    texts[MANIFEST] = json.dumps(_manifest(history), ensure_ascii=False, indent=1)
    try:
        path.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            part = path / (name + ".part")
            part.write_text(text, encoding="utf-8", newline="")
            part.replace(path / name)
    except OSError as error:
        raise OutputError(f"{path} must be a folder that can be written, got {error.strerror}. Hint: choose another --out.") from error
    return path


def _csv(frame: pd.DataFrame) -> str:
    """Return a frame as CSV text: ISO stamps, floats as repr, missing as empty, no text a spreadsheet would run."""
    out = frame.copy()
    for name in out.columns:
        if isinstance(out[name].dtype, pd.DatetimeTZDtype):
            stamps = out[name].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ").astype("object")
            out[name] = stamps.where(out[name].notna(), None)
        elif out[name].dtype.kind not in "fiub":
            risky = out[name].astype("object").map(lambda cell: isinstance(cell, str) and cell[:1] in RISKY)
            out[name] = out[name].mask(risky, "'" + out[name].astype("object").where(risky, ""))
    text: str = out.to_csv(index=False, lineterminator="\n")
    return text


def _manifest(history: History) -> dict[str, Any]:
    """Return what the tables do not say."""
    return {
        "simsales_history": 1,
        "observed_from": history.observed_from.isoformat(),
        "observed_until": history.observed_until.isoformat(),
        "history_class": history.history_class,
        "currency": history.currency,
        "timezone": history.timezone,
        "extra_types": {name: str(dtype) for name, dtype in history.deals.dtypes.items() if name not in tables.DEALS},
        "report": history.report.to_dict(),
    }


def read(path: Path) -> History:
    """Return the history in a folder.

    Raises
    ------
    HistoryError
        If the folder was not written by :meth:`History.to_folder`.
    """
    from simsales.history.history import History

    manifest = _load_manifest(path)
    frames = {name: _load(path / f"{name}.csv", name, manifest) for name in tables.SCHEMAS}
    try:
        return History(
            **frames,
            report=ImportReport.from_dict(manifest["report"]),
            observed_from=pd.Timestamp(manifest["observed_from"]).as_unit("us"),
            observed_until=pd.Timestamp(manifest["observed_until"]).as_unit("us"),
            history_class=manifest["history_class"],
            currency=manifest["currency"],
            timezone=manifest["timezone"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise HistoryError(f"{path / MANIFEST} must be complete, got {got(error)}. Hint: run simsales import again.") from error


def _load_manifest(path: Path) -> dict[str, Any]:
    """Return the parsed manifest."""
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except OSError as error:
        raise HistoryError(f"{path} must hold {MANIFEST}, got a folder without it. Hint: make one with simsales import FILE --out DIR.") from error
    except ValueError as error:
        raise HistoryError(f"{path / MANIFEST} must be JSON, got {error}. Hint: run simsales import again.") from error
    if not isinstance(manifest, dict) or manifest.get("simsales_history") != 1:
        raise HistoryError(f"{path / MANIFEST} must be of version 1, got another. Hint: run simsales import again.")
    return manifest


def _load(path: Path, table: str, manifest: dict[str, Any]) -> pd.DataFrame:
    """Return one table; a table that was not written is empty."""
    if not path.exists():
        if table in ("deals", "visits"):
            raise HistoryError(f"{path} must exist, got no such file. Hint: run simsales import again.")
        return tables.shaped(pd.DataFrame(), table)
    try:
        raw = pd.read_csv(path, dtype=str, keep_default_na=False, na_values=[""], encoding="utf-8")
    except (ValueError, OSError) as error:
        raise HistoryError(f"{path} must be a canonical table, got {error}. Hint: run simsales import again.") from error
    for name in raw.columns:
        quoted = raw[name].astype("object").map(lambda cell: isinstance(cell, str) and cell[:1] == "'" and cell[1:2] in RISKY)
        raw[name] = raw[name].mask(quoted, raw[name].str[1:]) if quoted.any() else raw[name]
    missing = [name for name in tables.SCHEMAS[table] if name not in raw.columns]
    if missing:
        raise HistoryError(f"{path} must have the column {missing[0]}, got {named(raw.columns)}. Hint: run simsales import again.")
    if "is_synthetic" in raw.columns:
        raw["is_synthetic"] = raw["is_synthetic"] == "True"
    extra = manifest.get("extra_types", {}) if table == "deals" else {}
    try:
        for name, kind in extra.items():
            if name in raw.columns and kind.startswith("datetime"):
                raw[name] = tables.times(raw[name])
            elif name in raw.columns and kind == "bool":
                raw[name] = raw[name] == "True"
            elif name in raw.columns and kind in ("float64", "int64"):
                raw[name] = raw[name].astype(kind)
        return tables.shaped(raw, table)
    except ValueError as error:
        raise HistoryError(f"{path} must hold readable values, got {error}. Hint: run simsales import again.") from error
