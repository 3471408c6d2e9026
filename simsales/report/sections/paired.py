"""What a comparison holds, read from its public JSON shape: paired differences with intervals and chances."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

Entry = dict[str, Any]


def entries(comparison: Any) -> list[Entry]:  # noqa: ANN401 - a Comparison or its dictionary
    """Return the scenarios of a comparison in the JSON shape of the public contract.

    Parameters
    ----------
    comparison : Comparison or dict
        With ``to_dict()``, or that dictionary.

    Returns
    -------
    list of dict
        Keys name, kpis, difference, cost, net; the base first.

    Examples
    --------
    >>> entries({"scenarios": [{"name": "base"}]})
    [{'name': 'base'}]
    """
    return list(shape(comparison)["scenarios"])


def shape(comparison: Any) -> Mapping[str, Any]:  # noqa: ANN401 - a Comparison or its dictionary
    """Return a comparison in the JSON shape of the public contract."""
    return comparison if isinstance(comparison, Mapping) else dict(comparison.to_dict())


def changed(found: list[Entry]) -> list[Entry]:
    """Return the scenarios without the base, which stands first."""
    return found[1:]


def gap(entry: Mapping[str, Any], kpi: str) -> Mapping[str, Any]:
    """Return the difference of a scenario in one KPI; empty where it is not known."""
    found = (entry.get("difference") or {}).get(kpi) or {}
    return found if found.get("mean") is not None else {}


def difference_frame(comparison: Any, kpi: str = "bookings") -> pd.DataFrame:  # noqa: ANN401
    """Return the differences of one KPI from the base, one row a scenario.

    Parameters
    ----------
    comparison : Comparison or dict
        As in :func:`entries`.
    kpi : str
        Which KPI.

    Returns
    -------
    DataFrame
        Columns scenario, difference, low, high, p_better and, where known, p10, p90 and n; the base is left out.

    Examples
    --------
    >>> found = {"name": "a", "difference": {"won": {"mean": 1.0, "low": 0.5, "high": 1.5, "p_better": 0.9}}}
    >>> difference_frame({"scenarios": [{"name": "base"}, found]}, "won")["difference"].tolist()
    [1.0]
    """
    rows = []
    for entry in changed(entries(comparison)):
        if found := gap(entry, kpi):
            keys = ("low", "high", "p_better", *(key for key in ("p10", "p90") if key in found))
            rows.append({"scenario": str(entry["name"]), "difference": found["mean"], **{key: found.get(key) for key in keys}})
            if n := trials(entry, kpi):
                rows[-1]["n"] = n
    frame = pd.DataFrame(rows, columns=None if rows else ["scenario", "difference", "low", "high", "p_better"])
    return frame.astype({name: float for name in frame.columns if name != "scenario"})


def paired_samples(comparison: Any, kpi: str) -> dict[str, np.ndarray[Any, Any]]:  # noqa: ANN401
    """Return paired differences by scenario, where the comparison keeps them.

    Parameters
    ----------
    comparison : Comparison
        With ``samples(kpi)``, a mapping of scenario to array; anything else has none.
    kpi : str
        Which KPI.

    Returns
    -------
    dict of str to ndarray, shape (n_replications,)
        Empty where the comparison does not keep them or does not hold the KPI.

    Examples
    --------
    >>> paired_samples({"scenarios": []}, "bookings")
    {}
    """
    samples = getattr(comparison, "samples", None)
    if not callable(samples) or not any(gap(entry, kpi) for entry in entries(comparison)):
        return {}
    return {str(name): np.asarray(values, dtype=float) for name, values in samples(kpi).items()}


def mean(entry: Entry, kpi: str) -> Any:  # noqa: ANN401 - float or None
    """Return the mean of a KPI in a scenario, where known."""
    return ((entry.get("kpis") or {}).get(kpi) or {}).get("mean")


def trials(entry: Mapping[str, Any], kpi: str) -> Any:  # noqa: ANN401 - number or None
    """Return how many replications stand behind the difference in a KPI, where known."""
    return gap(entry, kpi).get("n") or ((entry.get("kpis") or {}).get(kpi) or {}).get("n")
