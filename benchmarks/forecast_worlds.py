"""Forecast worlds whose truth is known, made with NumPy alone, and count how often the ranges hold.

Usage::

    python benchmarks/forecast_worlds.py
    python benchmarks/forecast_worlds.py --worlds 40 --kinds limited

Every world is a year and a quarter of one sales team with its own rates, drawn at random: Poisson
arrivals that stay level or grow, gamma times, gamma amounts, some deals that nobody ever closes. None
of it uses the engine. The file that the forecast reads ends after the year; the quarter is the truth.

* ``alone``: every deal runs on its own.
* ``limited``: the last step needs the team, which serves the deals in the order they came; arrivals
  grow from 75 % of what it can do to well above.
* ``stages``: the file is a stage history (class A); ``deals``: creation and closing only (class D).

Prints one Markdown row a world and file: actuals inside P10 to P90, the bias of P50 and its mean
absolute error (relative to the actual), and how often the team was taken to set the pace.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

import simsales as ss

Floats = NDArray[np.float64]
YEAR, QUARTER = 365.0, 91.0
START = pd.Timestamp("2025-01-01")
KINDS = ("alone", "limited")
FILES = ("stages", "deals")


@dataclass(frozen=True)
class World:
    """Deals of one world, times in days from the start.

    Parameters
    ----------
    created, qualified, closed : ndarray of float, shape (n_deals,)
        ``qualified`` is when the second stage began, NaN where it never did; ``closed`` is infinite
        where nobody will close the deal.
    won : ndarray of bool, shape (n_deals,)
    amount : ndarray of float, shape (n_deals,)
    owner : ndarray of int, shape (n_deals,)
    """

    created: Floats
    qualified: Floats
    closed: Floats
    won: NDArray[np.bool_]
    amount: Floats
    owner: NDArray[np.int64]


def arrivals(rng: np.random.Generator, per_day: float, growth: float, until: float) -> Floats:
    """Return sorted arrival times with a rate that grows by `growth` a year, by thinning."""
    top = per_day * max(1.0, np.exp(growth * until / YEAR))
    times = np.sort(rng.uniform(0.0, until, rng.poisson(top * until)))
    return times[rng.random(len(times)) < per_day * np.exp(growth * times / YEAR) / top]


def serve(ready: Floats, work: Floats, servers: int) -> Floats:
    """Return when each piece of work is done: first come, first served, `servers` at a time."""
    free = np.zeros(servers)
    done = np.full(len(ready), np.inf)
    for i in np.argsort(ready, kind="stable"):
        if np.isfinite(ready[i]):
            first = int(np.argmin(free))
            free[first] = max(free[first], ready[i]) + work[i]
            done[i] = free[first]
    return done


def make(kind: str, seed: int) -> World:
    """Return one world; everything about it is drawn from `seed`."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    limited = kind == "limited"
    reps = int(rng.integers(4, 10))
    per_day = rng.uniform(1.5, 5.0)
    growth = rng.uniform(0.6, 1.2) if limited else rng.choice([0.0, 0.0, 0.4, 0.8])
    warm = 180.0  # the team worked before the record begins
    created = arrivals(rng, per_day, growth, warm + YEAR + QUARTER) - warm
    n = len(created)
    first = rng.gamma(1.5, rng.uniform(6.0, 25.0) / 1.5, n)
    to_second, p_win = rng.random(n) < rng.uniform(0.5, 0.8), rng.uniform(0.3, 0.6)
    never = rng.random(n) < rng.uniform(0.0, 0.12)
    qualified = np.where(to_second & ~never, created + first, np.inf)
    if limited:
        start_rate = per_day * to_second.mean() * (1 - never.mean())
        work = rng.gamma(4.0, 0.25 * 0.75 * reps / start_rate, n)
        ended = serve(qualified, work, reps)
    else:
        ended = qualified + rng.gamma(1.5, rng.uniform(10.0, 40.0) / 1.5, n)
    closed = np.where(to_second & ~never, ended, np.where(never, np.inf, created + first))
    won = to_second & (rng.random(n) < p_win) & np.isfinite(closed)
    amount = rng.gamma(1.0 / 0.6**2, 5000.0 * 0.6**2, n).round(2)
    return World(created, qualified, closed, won, amount, rng.integers(0, reps, n))


def as_file(world: World, kind: str, folder: Path) -> Path:
    """Write what a CRM would hold at the end of the year, and return the file."""
    inside = (world.created <= YEAR) & (world.closed > 0.0)
    closed = world.closed[inside] <= YEAR
    moved = world.qualified[inside] <= YEAR
    ids = np.array([f"D{i}" for i in np.flatnonzero(inside)])
    stage = np.where(closed, np.where(world.won[inside], "Won", "Lost"), np.where(moved, "Offer", "Contact"))
    common = {"owner": [f"Owner {k}" for k in world.owner[inside]], "amount": world.amount[inside]}
    path = folder / f"{kind}.csv"
    if kind == "deals":
        frame = pd.DataFrame({"deal_id": ids, "created": stamps(world.created[inside]), "stage": stage,
                              "closed": stamps(np.where(closed, world.closed[inside], np.nan))} | common)  # fmt: skip
    else:
        base = pd.DataFrame({"deal_id": ids} | common)
        parts = [
            base.assign(stage="Contact", entered_at=world.created[inside]),
            base.assign(stage="Offer", entered_at=world.qualified[inside])[moved],
            base.assign(stage=stage, entered_at=world.closed[inside])[closed],
        ]
        frame = pd.concat(parts, ignore_index=True)
        frame["entered_at"] = stamps(frame["entered_at"].to_numpy(float))
    frame.to_csv(path, index=False)
    return path


def stamps(days: Floats) -> pd.Series:
    """Return days from the start as text."""
    return pd.Series(START + pd.to_timedelta(days, unit="D")).dt.strftime("%Y-%m-%d %H:%M:%S")


def score(kind: str, file: str, seed: int, replications: int, draws: int) -> dict[str, float]:
    """Return how one forecast of the quarter did."""
    world = make(kind, seed)
    with tempfile.TemporaryDirectory() as folder:
        history = ss.read_history(as_file(world, file, Path(folder)))
    end = START + pd.Timedelta(days=YEAR + QUARTER)
    until = (end - pd.Timedelta(days=1)).date().isoformat()
    found = ss.forecast(history, until=until, since=(START + pd.Timedelta(days=YEAR)).date().isoformat(),
                        replications=replications, draws=draws, jobs="serial")  # fmt: skip
    now = (found.as_of.tz_localize(None) - START) / pd.Timedelta(days=1)
    last = (found.until.tz_localize(None) - START) / pd.Timedelta(days=1)
    come = world.won & (world.closed >= max(now, YEAR)) & (world.closed <= last)
    actual = found.booked + float(world.amount[come].sum())
    q = found.quantiles
    seen = found.calibration.fit.throughput
    return {
        "inside": q["p10"] <= actual <= q["p90"], "below": actual < q["p10"], "error": q["p50"] / actual - 1.0,
        "run_rate": found.baselines["run_rate"] / actual - 1.0, "floor": found.noise_floor,
        "limited": np.nan if seen is None else seen.p_limited,
        "stages": len(found.calibration.model.stages),
    }  # fmt: skip


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worlds", type=int, default=30)
    parser.add_argument("--first", type=int, default=0, help="seed of the first world")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=KINDS)
    parser.add_argument("--files", nargs="+", default=list(FILES), choices=FILES)
    parser.add_argument("--reps", type=int, default=60)
    parser.add_argument("--draws", type=int, default=15)
    args = parser.parse_args()
    print("| world | file | n | inside P10-P90 | below P10 | bias of P50 | abs. error of P50 | of run rate | noise floor | "
          "taken for limited | not testable |")  # fmt: skip
    print("|" + "---|" * 11)
    every = []
    for kind in args.kinds:
        for file in args.files:
            rows = [score(kind, file, args.first + i, args.reps, args.draws) for i in range(args.worlds)]
            every += rows
            print(line(kind, file, pd.DataFrame(rows)), flush=True)
    print(line("all", "all", pd.DataFrame(every)))


def line(kind: str, file: str, table: pd.DataFrame) -> str:
    """Return one row of the table."""
    cells = [
        kind, file, str(len(table)), f"{table['inside'].mean():.0%}", f"{table['below'].mean():.0%}",
        f"{table['error'].mean():+.1%}", f"{table['error'].abs().mean():.1%}", f"{table['run_rate'].abs().mean():.1%}",
        f"{table['floor'].mean():.1%}", f"{(table['limited'] > 0.5).mean():.0%}", f"{table['limited'].isna().mean():.0%}",
    ]  # fmt: skip
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    main()
