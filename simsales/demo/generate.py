"""The demo's data: a made-up company, simulated, and written as a CRM would export it.

The company stands in ``world.yaml`` beside this module. It is simulated with the project's own
engine from its first day to the day of the export; what a CRM would have recorded of that becomes
two CSV files with Chinese captions. They hold a few of the faults that real exports have (rows that
stand there twice, deals without an amount), so that the import report has something to report.
The packaged files in ``data/`` are made by this module; a test makes them again and compares.

Examples
--------
>>> sorted(CAPTIONS)
['deals.csv', 'stage_history.csv']
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simsales.engine import EventLog, simulate
from simsales.files import load_model
from simsales.files.output import write_text
from simsales.model.schema import Model

SEED = 2026
FOLDER = Path(__file__).parent
WORLD = FOLDER / "world.yaml"
DATA = FOLDER / "data"
CAPTIONS = {
    "deals.csv": ("商机编号", "客户类型", "商机来源", "负责人", "预计成交金额", "币种", "商机阶段", "商机状态", "创建时间", "关闭时间"),
    "stage_history.csv": ("商机编号", "商机阶段", "进入时间"),
}
OUTCOMES = {"won": "赢单", "lost": "输单", "no_decision": "无效", "open": "跟进中"}
NO_AMOUNT_EVERY = 400
TWICE_EVERY = 900
BOM = "\ufeff"
Row = tuple[Any, ...]


def world() -> Model:
    """Return the made-up company.

    Examples
    --------
    >>> world().stage_names[:2]
    ('初步接触 Contact', '需求分析 Discovery')
    """
    return load_model(WORLD)


def exports(model: Model | None = None, seed: int = SEED) -> dict[str, str]:
    """Return the two CRM exports as text, by file name.

    Parameters
    ----------
    model : Model, optional
        By default the company of ``world.yaml``.
    seed : int
        Determines every event.

    Returns
    -------
    dict of str to str
        CSV text with a byte order mark, as spreadsheets save it; local times to the minute.
    """
    model = world() if model is None else model
    log = simulate(model, seed=seed)
    deals, stays = _recorded(log, model.calendar.timezone)
    rows = {"deals.csv": _deal_rows(deals), "stage_history.csv": _stage_rows(deals, stays)}
    return {name: _csv(CAPTIONS[name], _some_twice(rows[name])) for name in CAPTIONS}


def packaged(name: str) -> str:
    """Return a packaged export as text.

    Examples
    --------
    >>> packaged("stage_history.csv").splitlines()[0].endswith("进入时间")
    True
    """
    return gzip.decompress((DATA / f"{name}.gz").read_bytes()).decode("utf-8")


def pack(folder: Path = DATA) -> list[Path]:
    """Make the exports and write them, packed, into a folder.

    Run ``python -c "from simsales.demo import generate; generate.pack()"`` after a change of the
    company or of the engine.
    """
    found = []
    for name, text in exports().items():
        target = folder / f"{name}.gz"
        target.write_bytes(gzip.compress(text.encode("utf-8"), mtime=0))
        found.append(target)
    return found


def unpack(folder: Path) -> list[Path]:
    """Write the packaged exports as CSV files into a folder.

    Raises
    ------
    OutputError
        If the folder refuses.
    """
    return [write_text(folder / name, packaged(name)) for name in CAPTIONS]


def _recorded(log: EventLog, zone: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return deals and stays with the ids and local times of a CRM, deals in order of creation."""
    deals = log.deals.sort_values(["created_at", "deal_id"], kind="stable").reset_index(drop=True)
    number = {deal: f"SJ{i + 1:05d}" for i, deal in enumerate(deals["deal_id"])}
    deals = deals.assign(
        number=deals["deal_id"].map(number), created=_local(deals["created_at"], zone), closed=_local(deals["closed_at"], zone)
    )
    stays = log.visits.assign(number=log.visits["deal_id"].map(number), entered=_local(log.visits["entered_at"], zone))
    return deals, stays.sort_values(["number", "seq"], kind="stable").reset_index(drop=True)


def _local(moments: pd.Series, zone: str) -> pd.Series:
    """Return local times as text, to the minute; empty where there is none."""
    shown: pd.Series = moments.dt.tz_convert(zone).dt.strftime("%Y/%m/%d %H:%M").astype(object)
    return shown.where(moments.notna(), "")


def _deal_rows(deals: pd.DataFrame) -> list[Row]:
    """Return one row a deal; now and then somebody forgot the amount."""
    forgotten = np.arange(len(deals)) % NO_AMOUNT_EVERY == NO_AMOUNT_EVERY - 1
    amounts = [f"{round(value, -2):.0f}" for value in deals["amount"]]
    shown = ["" if empty else amount for empty, amount in zip(forgotten, amounts, strict=True)]
    labels = deals["status"].map(OUTCOMES)
    stages = deals["stage"].where(deals["status"].eq("open"), labels)
    columns = [deals["number"], deals["segment"], deals["channel"], deals["owner"], shown, deals["currency"], stages, labels,
               deals["created"], deals["closed"]]  # fmt: skip
    return list(zip(*columns, strict=True))


def _stage_rows(deals: pd.DataFrame, stays: pd.DataFrame) -> list[Row]:
    """Return one row for each entry into a stage, and one for the end of each closed deal."""
    rows: list[Row] = list(zip(stays["number"], stays["stage"], stays["entered"], strict=True))
    ended = deals[deals["status"].ne("open")]
    rows += zip(ended["number"], ended["status"].map(OUTCOMES), ended["closed"], strict=True)
    return sorted(rows, key=lambda row: str(row[0]))  # stable: the rows of a deal stay in their order


def _some_twice(rows: list[Row]) -> list[Row]:
    """Return the rows with every 900th of them twice, as exports that were pieced together have it."""
    return [row for i, row in enumerate(rows) for row in ([row, row] if i % TWICE_EVERY == TWICE_EVERY - 1 else [row])]


def _csv(captions: tuple[str, ...], rows: Iterable[Row]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(captions)
    writer.writerows(rows)
    return BOM + out.getvalue()
