"""A lead score from history: which attributes go with winning, and how well they tell winners apart.

What is found is association among closed deals. It says nothing about what would happen if an attribute were changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import pandas as pd
from scipy import special

from simsales.engine.streams import hash32
from simsales.errors import HistoryError, did_you_mean, got
from simsales.model.laws import Constant, Empirical
from simsales.model.scoring import Factor, Scoring

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from simsales.engine import EventLog
    from simsales.history import History

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

__all__ = ["Auc", "FittedScore", "auc", "fit_score"]

AT_CREATION = ("segment", "channel", "product", "region")
"""Columns that count as known when a deal is created; others must be declared."""
LATER = ("deal_id", "created_at", "status", "closed_at", "stage", "expected_close", "currency", "reason", "response_hours")
FEWEST = 50
SMALL_LEVEL = 10
PRIOR_SD = 2.0
FOLDS = 5
Z95 = 1.959963984540054
_USELESS = "The interval on deals held out does not lie above 0.5: this score tells nothing apart and should not be used."
OTHER, UNKNOWN = "(other)", "(unknown)"


class Auc(NamedTuple):
    """Chance that a random winner scores above a random non-winner, with its 95 % interval (DeLong)."""

    value: float
    low: float
    high: float


class _Column(NamedTuple):
    """How one feature becomes columns: a number by mean and sd, or one column for each level but the reference."""

    name: str
    is_number: bool
    mean: float
    sd: float
    levels: tuple[str, ...]
    reference: str


@dataclass(frozen=True, eq=False, repr=False)
class FittedScore:
    """A fitted logistic lead score.

    Parameters
    ----------
    table : DataFrame, one row a term
        ``feature, level, coefficient, low, high`` (log-odds per unit of a number, or against the reference level; 95 %
        interval), ``odds_ratio``, ``n`` (deals in which it is known or holds).
    intercept : float
    in_sample, cross_validated : Auc
        The second is what to expect of new deals: 5 folds by a hash of the deal id.
    n_won, n_other : int
        Closed deals with and without the outcome.
    outcome : str
    notes : tuple of str
    """

    table: pd.DataFrame
    intercept: float
    in_sample: Auc
    cross_validated: Auc
    n_won: int
    n_other: int
    outcome: str
    notes: tuple[str, ...]
    columns: tuple[_Column, ...]
    beta: Floats
    knots: dict[str, tuple[float, ...]]
    level_means: Floats

    def predict(self, deals: pd.DataFrame) -> Floats:
        """Return the fitted probability of the outcome, shape (n_deals,)."""
        return np.asarray(special.expit(_design(deals, self.columns) @ self.beta))

    def scoring(self) -> Scoring:
        """Return a model's Scoring in logistic form, from the numeric features.

        Levels of other features enter the intercept with their average, since a factor holds a number.

        Raises
        ------
        HistoryError
            If no feature is a number, or one can be negative (a model's laws cannot).
        """
        numbers = [column for column in self.columns if column.is_number]
        if not numbers:
            message = "features must hold a number to make a Scoring, got none. Hint: use predict(deals), or score by segment"
            raise HistoryError(message)
        weights = self.table.set_index("feature")["coefficient"]
        factors = [Factor(name=c.name, weight=float(weights[c.name]), law=_law(c.name, self.knots[c.name])) for c in numbers]
        average = float(self.level_means @ self.beta)
        return Scoring(form="logistic", factors=tuple(factors), intercept=self.intercept + average)

    @property
    def tells_apart(self) -> bool:
        """Whether the score beats a coin on deals held out: the interval of its AUC lies above 0.5."""
        return self.cross_validated.low > 0.5  # noqa: PLR2004 - a coin

    def explain(self) -> str:
        """Return the result in words; a score that does not beat a coin is said to be of no use."""
        a, b = self.cross_validated, self.in_sample
        head = (
            f"Fitted on {self.n_won:,} {self.outcome} and {self.n_other:,} other closed deals. "
            f"AUC {a.value:.3f} ({a.low:.3f} to {a.high:.3f}) on deals held out, {b.value:.3f} in sample; 0.5 is a coin."
        )
        clear = self.table[(self.table["low"] > 0) | (self.table["high"] < 0)]
        terms = [_sentence(row["feature"], row["level"], row["odds_ratio"]) for row in clear.to_dict("records")]
        useless = [] if self.tells_apart else [_USELESS]
        return "\n".join([head, *useless, *(terms or ["No feature is clearly associated with the outcome."]), *self.notes])

    def __repr__(self) -> str:
        return (
            f"<FittedScore: {self.table['feature'].nunique()} features, {self.n_won + self.n_other:,} closed deals, "
            f"cross-validated AUC {self.cross_validated.value:.3f}{'' if self.tells_apart else ', no better than a coin'}>"
        )


def _sentence(feature: str, level: str, ratio: float) -> str:
    what = f"{feature} {level}" if level else f"one more unit of {feature}"
    return f"{what} is associated with {'higher' if ratio > 1 else 'lower'} odds (x {ratio:.3g})."


def _law(name: str, knots: tuple[float, ...]) -> Constant | Empirical:
    """Return the spread of a feature's observed values."""
    if knots[0] < 0:
        message = f"feature '{name}' must not be negative to make a Scoring, got {knots[0]:g}. Hint: shift it first"
        raise HistoryError(message)
    return Constant(value=knots[0]) if knots[0] == knots[-1] else Empirical(values=knots, p=tuple(np.linspace(0.0, 1.0, len(knots)).tolist()))


def fit_score(
    history: History | EventLog, features: Sequence[str], outcome: str = "won", *, known_at_creation: Sequence[str] = ()
) -> FittedScore:
    """Return a logistic lead score fitted to closed deals.

    Parameters
    ----------
    history : History or EventLog
        A run is read as the history that it would leave.
    features : sequence of str
        Columns of ``history.deals``: numbers or texts. Unknown numbers count as the mean, levels with fewer than 10 deals
        are put together.
    outcome : str
        The status to tell apart from the other ways to close.
    known_at_creation : sequence of str
        Further columns that were known when the deal was created, besides segment, channel, product, region and those
        that the import's mapping lists. A value filled in later would make the score look better than it is.

    Returns
    -------
    FittedScore

    Raises
    ------
    HistoryError
        If `history` is neither, a feature is not known at creation, or fewer than 50 deals have or have not the outcome.

    References
    ----------
    Ridge logistic regression by Newton's method (le Cessie, van Houwelingen 1992), prior sd 2 per standard deviation
    or level; AUC interval: DeLong et al. 1988.
    """
    history = _as_history(history)
    deals = history.deals
    _check_features(history, features, known_at_creation)
    closed = deals[(deals["status"] != "open") & deals["created_at"].notna()].reset_index(drop=True)
    y = (closed["status"] == outcome).to_numpy(dtype=bool)
    _check_counts(y, outcome)
    columns = tuple(_column(closed, name) for name in features)
    x = _design(closed, columns)
    beta, cov = _newton(x, y)
    table = _terms(columns, closed, x, beta, cov)
    numbers = [column for column in columns if column.is_number]
    number, scale = _of_number(columns), np.array([(column.mean, column.sd) for column in numbers]).reshape(-1, 2)
    shift = float(beta[number] @ (scale[:, 0] / scale[:, 1]))
    means = np.where(number, 0.0, x.mean(axis=0))
    means[0] = 0.0
    n_open = int((deals["status"] == "open").sum())
    return FittedScore(
        table=table, intercept=float(beta[0]) - shift, in_sample=auc(x @ beta, y),
        cross_validated=auc(_held_out(closed, columns, x, y), y), n_won=int(y.sum()), n_other=int((~y).sum()), outcome=outcome,
        notes=_notes(n_open, closed, columns), columns=columns, beta=beta,
        knots={column.name: _knots(closed[column.name]) for column in numbers},
        level_means=means,
    )  # fmt: skip


def _as_history(source: object) -> History:
    """Return a history as it is, and a run as the history that it would leave."""
    if hasattr(source, "observed_until"):
        return cast("History", source)
    if hasattr(source, "to_history"):
        return cast("EventLog", source).to_history()
    message = (
        f"history must be a History or an EventLog, got {type(source).__name__}. "
        "Hint: pass the result of read_history() or simulate()"
    )
    raise HistoryError(message)


def _check_features(history: History, features: Sequence[str], declared: Sequence[str]) -> None:
    """Refuse features that do not exist, or that may have been filled in after the outcome was known."""
    have = [str(name) for name in history.deals.columns]
    known = {*AT_CREATION, *history.report.mapping.get("known_at_creation", ()), *declared} - set(LATER)
    if not features:
        message = "features must name at least one column of the deals, got none. Hint: channel and segment are a start"
        raise HistoryError(message)
    for name in features:
        if name not in have:
            message = f"feature must be a column of the deals, got {got(name)}. {did_you_mean(name, have)}"
            raise HistoryError(message)
        if name not in known:
            message = (
                f"feature '{name}' must be known when a deal is created, got no word that it is. "
                "Hint: if so, name it in known_at_creation"
            )
            raise HistoryError(message)
    if len(set(features)) < len(features):
        message = f"features must be different, got {', '.join(features)}"
        raise HistoryError(message)


def _check_counts(y: Flags, outcome: str) -> None:
    """Refuse too little data: the score would be noise."""
    won, other = int(y.sum()), int((~y).sum())
    if min(won, other) < FEWEST:
        message = (
            f"history must hold at least {FEWEST} closed deals with outcome '{outcome}' and {FEWEST} without, got {won} and "
            f"{other}. Hint: write a Scoring by hand until there are more"
        )
        raise HistoryError(message)


def _column(closed: pd.DataFrame, name: str) -> _Column:
    """Return how one feature becomes columns; a text's most frequent level is the reference."""
    values = closed[name]
    if pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        numbers = values.to_numpy(dtype=float, na_value=np.nan)
        known = numbers[np.isfinite(numbers)]
        if not len(known):
            message = f"feature '{name}' must have values, got none in closed deals. Hint: leave it out"
            raise HistoryError(message)
        return _Column(name, True, float(known.mean()), float(known.std()) or 1.0, (), "")
    counts = _levels(values).value_counts()
    kept = [str(level) for level, n in counts.items() if n >= SMALL_LEVEL or level == UNKNOWN]
    ordered = sorted(kept, key=lambda level: (-int(counts[level]), level))
    rest = () if len(kept) == len(counts) else (OTHER,)
    every = (*ordered, *rest)
    return _Column(name, False, 0.0, 1.0, every[1:], every[0])


def _levels(values: pd.Series) -> pd.Series:
    """Return the levels of a text feature; unknown is a level of its own."""
    return values.astype("object").where(values.notna(), UNKNOWN).astype(str)


def _design(deals: pd.DataFrame, columns: Sequence[_Column]) -> Floats:
    """Return the matrix of the regression: 1, standardised numbers, indicators of levels."""
    parts = [np.ones(len(deals))]
    for column in columns:
        if column.is_number:
            numbers = deals[column.name].to_numpy(dtype=float, na_value=np.nan)
            parts.append(np.where(np.isfinite(numbers), (numbers - column.mean) / column.sd, 0.0))
            continue
        levels = _levels(deals[column.name])
        known = (column.reference, *column.levels)
        levels = levels.where(levels.isin(known), OTHER if OTHER in known else column.reference)
        parts.extend(np.asarray(levels == level, dtype=np.float64) for level in column.levels)
    return np.column_stack(parts)


def _newton(x: Floats, y: Flags) -> tuple[Floats, Floats]:
    """Return the posterior mode and covariance; the intercept has no prior."""
    penalty = np.full(x.shape[1], PRIOR_SD**-2)
    penalty[0] = 0.0
    beta = np.zeros(x.shape[1])
    beta[0] = special.logit(y.mean())
    loss = _loss(x, y, beta, penalty)
    for _ in range(100):
        p = special.expit(x @ beta)
        hessian = (x.T * (p * (1.0 - p))) @ x + np.diag(penalty)
        step = np.linalg.solve(hessian, x.T @ (y - p) - penalty * beta)
        size = 1.0
        while _loss(x, y, beta + size * step, penalty) > loss and size > 1e-6:
            size *= 0.5
        beta = beta + size * step
        loss = _loss(x, y, beta, penalty)
        if float(np.abs(step).max()) < 1e-10:
            break
    p = special.expit(x @ beta)
    return beta, np.asarray(np.linalg.inv((x.T * (p * (1.0 - p))) @ x + np.diag(penalty)), dtype=np.float64)


def _loss(x: Floats, y: Flags, beta: Floats, penalty: Floats) -> float:
    """Return the penalised negative log-likelihood."""
    eta = x @ beta
    return float(np.logaddexp(0.0, eta).sum() - eta[y].sum() + 0.5 * (penalty * beta**2).sum())


def _of_number(columns: Sequence[_Column]) -> Flags:
    """Tell which columns of the matrix hold numbers (the intercept does not)."""
    return np.array([False, *(c.is_number for c in columns for _ in range(1 if c.is_number else len(c.levels)))])


def _terms(columns: Sequence[_Column], closed: pd.DataFrame, x: Floats, beta: Floats, cov: Floats) -> pd.DataFrame:
    """Return the coefficients in the features' own units."""
    rows, place = [], 1
    for column in columns:
        for level in column.levels or ("",) * column.is_number:
            value, error = float(beta[place]) / column.sd, float(np.sqrt(cov[place, place])) / column.sd
            n = int(closed[column.name].notna().sum()) if column.is_number else int(x[:, place].sum())
            rows.append((column.name, level, value, value - Z95 * error, value + Z95 * error, float(np.exp(value)), n))
            place += 1
    return pd.DataFrame(rows, columns=["feature", "level", "coefficient", "low", "high", "odds_ratio", "n"])


def _held_out(closed: pd.DataFrame, columns: Sequence[_Column], x: Floats, y: Flags) -> Floats:
    """Return each deal's log-odds from a fit to the other four folds."""
    fold = np.array([hash32(f"fold:{deal}") % FOLDS for deal in closed["deal_id"]])
    found = np.zeros(len(y))
    for k in range(FOLDS):
        mine = fold == k
        if mine.any():
            found[mine] = x[mine] @ _newton(x[~mine], y[~mine])[0]
    return found


def auc(scores: Floats, y: Flags) -> Auc:
    """Return the area under the ROC curve with its 95 % interval; ties count half.

    Parameters
    ----------
    scores : ndarray of float, shape (n,)
    y : ndarray of bool, shape (n,)
        Both kinds at least twice.

    Returns
    -------
    Auc

    References
    ----------
    DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44, by midranks (Sun, Xu 2014).

    Examples
    --------
    >>> auc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True])).value
    0.875
    """
    positive, negative = scores[y], scores[~y]
    m, n = len(positive), len(negative)
    together = _midranks(np.concatenate([positive, negative]))
    value = float((together[:m].sum() - m * (m + 1) / 2) / (m * n))
    above = (together[:m] - _midranks(positive)) / n
    below = 1.0 - (together[m:] - _midranks(negative)) / m
    error = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    return Auc(value, max(value - Z95 * error, 0.0), min(value + Z95 * error, 1.0))


def _midranks(values: Floats) -> Floats:
    """Return ranks from 1; equal values share the middle of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2.0)[place.reshape(-1)], dtype=np.float64)


def _knots(values: pd.Series) -> tuple[float, ...]:
    """Return observed quantiles, the smallest and the largest included."""
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    known = numbers[np.isfinite(numbers)]
    return tuple(float(q) for q in np.quantile(known, np.linspace(0.0, 1.0, min(101, max(len(known), 2)))))


def _notes(n_open: int, closed: pd.DataFrame, columns: Sequence[_Column]) -> tuple[str, ...]:
    """Return what the reader must know."""
    notes = ["These are associations among closed deals, not what would happen if an attribute were changed."]
    if n_open:
        notes.append(f"{n_open:,} open deals are left out, so kinds of deals that close slowly are seen less: a bias towards fast ones.")
    for column in columns:
        missing = int(closed[column.name].isna().sum())
        if missing and column.is_number:
            notes.append(f"{column.name}: unknown in {missing:,} closed deals, counted as the mean there.")
    return tuple(notes)
