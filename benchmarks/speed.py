"""How fast the parts are: start-up, calibration against reading the file, the engine, its memory.

Usage::

    python benchmarks/speed.py [EVENTS.csv.gz]

Each figure is the best of several runs of a fresh process or call; ratios compare runs made side by
side in this process. With an event log as argument, calibration is compared with pandas reading it.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

SIX_STAGES = 6


def best(call: Callable[[], object], runs: int = 5) -> float:
    """Return the shortest of several wall times in seconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def process(*arguments: str) -> Callable[[], object]:
    """Return a call that runs a fresh Python process."""
    return lambda: subprocess.run([sys.executable, *arguments], check=True, capture_output=True)  # noqa: S603


def startup() -> None:
    """Print what starting costs, beyond Python itself."""
    bare = best(process("-c", "pass"))
    imported = best(process("-c", "import simsales"))
    helped = best(process("-m", "simsales.cli", "--help"))
    print(f"import simsales          {imported - bare:6.3f} s over bare Python ({imported:.3f} s in all)")
    print(f"simsales --help          {helped:6.3f} s in all")


def funnel_of_six() -> object:
    """Return a model of six stages with work, about 10,000 leads in a year."""
    import simsales as ss

    delay = {"lognormal": {"median": 5.0, "p90": 20.0}}
    names = [f"Stage {i}" for i in range(1, SIX_STAGES + 1)]
    stages = [
        {"name": name, "tasks": [{"role": "AE", "work_hours": {"gamma": {"mean": 0.5, "cv": 0.6}}}],
         "exits": [{"to": following, "probability": 0.8, "delay_days": delay},
                   {"to": "lost", "probability": 0.2, "delay_days": delay}]}
        for name, following in zip(names, [*names[1:], "won"], strict=True)
    ]  # fmt: skip
    return ss.Model(channels=[{"name": "web", "leads_per_week": 192.0}], stages=stages, roles=[{"name": "AE"}],
                    reps=[{"role": "AE", "count": 20}], horizon_days=500)  # fmt: skip


def engine() -> None:
    """Print time and memory of 10,000 leads through six stages."""
    import simsales as ss

    model = funnel_of_six()
    log = ss.simulate(model, seed=1, cases=10_000)  # type: ignore[arg-type]
    seconds = best(lambda: ss.simulate(model, seed=1, cases=10_000), 3)  # type: ignore[arg-type]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"10,000 leads, six stages {seconds:6.2f} s ({len(log.visits):,} visits, {len(log.tasks):,} tasks); "
          f"peak memory of the process {memory:.0f} MB")  # fmt: skip


def calibration(path: Path) -> None:
    """Print calibration of an event log beside pandas reading the file."""
    import pandas as pd

    import simsales as ss

    history = ss.read_history(path)
    ss.calibrate(history)
    ratios, reads = [], []
    for _ in range(5):
        read = best(lambda: pd.read_csv(path), 1)
        ratios.append(best(lambda: ss.calibrate(history), 1) / read)
        reads.append(best(lambda: ss.read_history(path), 1) / read)
    print(f"pandas.read_csv          {read:6.2f} s for {path.name}")
    print(f"ss.calibrate             {sorted(ratios)[2]:6.1f} times that (median of 5 pairs, {min(ratios):.1f} to {max(ratios):.1f})")
    print(f"ss.read_history          {sorted(reads)[2]:6.1f} times that (median of 5 pairs, {min(reads):.1f} to {max(reads):.1f})")


if __name__ == "__main__":
    startup()
    engine()
    if len(sys.argv) > 1:
        calibration(Path(sys.argv[1]))
