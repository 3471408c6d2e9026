"""Forecast a history again and again from the past, and hold each forecast against what came.

Usage::

    python benchmarks/rolling_origins.py FILE --origins 2017-03-31 2017-06-30 --days 91
    python benchmarks/rolling_origins.py FILE --origins 2017-03-31 --until 2017-06-30

Prints a Markdown table (one row an origin) and a line with interval coverage and the mean absolute
error of our P50 and of each simple baseline, relative to the mean actual.
"""

from __future__ import annotations

import argparse

import numpy as np
import pandas as pd

import simsales as ss
from simsales.forecast.baselines import won_between


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+")
    parser.add_argument("--origins", nargs="+", required=True)
    parser.add_argument("--until", nargs="*", default=[])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--mapping")
    parser.add_argument("--reps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    history = ss.read_history(args.files, mapping=args.mapping)
    rows = []
    for i, origin in enumerate(args.origins):
        until = args.until[i] if args.until else str((pd.Timestamp(origin) + pd.Timedelta(days=args.days)).date())
        since = str((pd.Timestamp(origin) + pd.Timedelta(days=1)).date())
        fc = ss.forecast(history, as_of=origin, until=until, since=since, seed=args.seed,
                         replications=args.reps, jobs=args.jobs)  # fmt: skip
        actual = won_between(history, fc.as_of, fc.until)
        rows.append({"origin": origin, "until": until, "actual": actual} | fc.quantiles | {
            "inside": fc.quantiles["p10"] <= actual <= fc.quantiles["p90"],
            "error": fc.quantiles["p50"] / actual - 1.0, "floor": fc.noise_floor,
            "mc": fc.mc_error / fc.quantiles["p50"]} | fc.baselines)  # fmt: skip
        print("done", origin, flush=True)
    show(pd.DataFrame(rows))


def show(table: pd.DataFrame) -> None:
    """Print the table and its scores."""
    baselines = ["run_rate", "last_period", "same_period_last_year", "stage_weighted"]
    print("| origin | until | actual | P10 | P50 | P90 | inside 80 % | error of P50 | noise floor | MC error | "
          + " | ".join(baselines) + " |")  # fmt: skip
    print("|" + "---|" * (10 + len(baselines)))
    for row in table.to_dict("records"):
        simple = [f"{row[name]:,.0f}" if np.isfinite(row[name]) else "-" for name in baselines]
        print(f"| {row['origin']} | {row['until']} | {row['actual']:,.0f} | {row['p10']:,.0f} | {row['p50']:,.0f} | "
              f"{row['p90']:,.0f} | {'yes' if row['inside'] else 'no'} | {row['error']:+.1%} | {row['floor']:.1%} | "
              f"{row['mc']:.1%} | " + " | ".join(simple) + " |")  # fmt: skip
    print(f"\ninside: {int(table['inside'].sum())} of {len(table)}; mean absolute error relative to the actual:")
    for name in ("p50", *baselines):
        error = (table[name] / table["actual"] - 1.0).abs()
        if error.notna().any():
            print(f"  {name}: {error.mean():.1%} (n = {int(error.notna().sum())})")


if __name__ == "__main__":
    main()
