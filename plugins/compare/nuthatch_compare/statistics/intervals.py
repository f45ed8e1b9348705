"""Intervals of means over queries.

    below 20 queries   Student's t:  mean ± t(1 − α/2, n − 1) · standard deviation / √n; also where
                       fewer than 10 values are not 0, for then a bootstrap redraws these few
    20 and more        BCa bootstrap: quantiles of resampled means, whose levels are moved for bias
                       and for skew (Efron, JASA 1987), and spread by t(n − 1) · √(n / (n − 1)) in
                       place of the normal quantile (Hesterberg, The American Statistician 2015)
    one query          everything: from the least value to the greatest one

With few queries a bootstrap has little to draw from and is too narrow: with five, an interval at
95 % covers 83 % of normal differences. With many it follows the skew, which t does not.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict

from nuthatch_compare.measures.computation import Table
from nuthatch_compare.measures.grade_matrix import Values

RESAMPLES = 9_999
#: Numbers that are drawn at a time: those that fit a processor's cache are four times as fast.
_AT_ONCE = 250_000
#: From so many queries on the bootstrap is as good as t, and better where values are skewed.
MANY = 20
#: Of fewer values that are not 0, a bootstrap's interval leaves 0 out where no test would.
_SOME = 10
#: Differences of less, as a share of the largest value, are rounding.
ROUNDING = 1e-12


class Mean(BaseModel):
    """The mean over queries with its interval."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mean: float
    low: float
    high: float
    queries: int


def compute_intervals(
    values: Values,
    *,
    alpha: float = 0.05,
    resamples: int = RESAMPLES,
    seed: int = 0,
    least: float = -np.inf,
    most: float = np.inf,
) -> Values:
    """Return the interval of each column's mean: (queries, columns) gives (columns, 2).

    All values lie from `least` to `most`, so both ends of an interval do too. A column that does
    not vary has an interval without width. The interval of a single query is the whole range.
    """
    n = len(values)
    if n < 2:
        return np.tile(np.array([least, most], dtype=np.float64), (values.shape[1], 1))
    means = values.mean(axis=0)
    ends = np.column_stack([means, means])
    varying = values.std(axis=0) > ROUNDING * np.abs(values).max(axis=0, initial=0)
    sparse = (n < MANY) | (np.count_nonzero(values, axis=0) < _SOME)
    if (few := varying & sparse).any():
        ends[few] = _student(values[:, few], alpha)
    if (many := varying & ~sparse).any():
        ends[many] = _bca(values[:, many], alpha, resamples, seed)
    return np.asarray(np.clip(ends, least, most))


def _student(values: Values, alpha: float) -> Values:
    from scipy.special import stdtrit  # slow to import, and not every command needs it

    n = len(values)
    reach = stdtrit(n - 1, 1 - alpha / 2) * values.std(axis=0, ddof=1) / np.sqrt(n)
    means = values.mean(axis=0)
    return np.column_stack([means - reach, means + reach])


def _bca(values: Values, alpha: float, resamples: int, seed: int) -> Values:
    from scipy.special import ndtr, ndtri, stdtrit

    n, means = len(values), values.mean(axis=0)
    means_drawn = bootstrap_means(values, resamples=resamples, seed=seed)
    deviations = means_drawn - means
    ties = np.abs(deviations) <= ROUNDING * np.abs(values).max(axis=0)
    below = ((deviations < 0) & ~ties).mean(axis=0) + ties.mean(axis=0) / 2
    bias = ndtri(np.clip(below, 1 / (resamples + 1), resamples / (resamples + 1)))
    centred = values - means
    skew = (centred**3).sum(axis=0) / (6 * (centred**2).sum(axis=0) ** 1.5)
    reach = stdtrit(n - 1, 1 - alpha / 2) * np.sqrt(n / (n - 1))
    ends = []
    for z in (bias - reach, bias + reach):
        levels = ndtr(bias + z / (1 - skew * z))
        columns = zip(means_drawn.T, levels, strict=True)
        ends.append([float(np.quantile(column, level)) for column, level in columns])
    return np.column_stack(ends)


def compute_means(
    values: Mapping[str, Table],
    *,
    alpha: float = 0.05,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, dict[str, Mean]]:
    """Return the mean and its interval by system and measure: `means["bm25"]["nDCG@10"]`.

    `values` holds one table for each system: by measure, a value from 0 to 1 for each query. NaN
    means that the measure is not defined for the query; the mean leaves it out. A measure that is
    defined for no query has no entry.
    """
    means: dict[str, dict[str, Mean]] = {system: {} for system in values}
    by_defined: dict[bytes, list[tuple[str, str]]] = {}
    for system, table in values.items():
        for measure, column in table.items():
            if not np.isnan(column).all():
                by_defined.setdefault(np.isnan(column).tobytes(), []).append((system, measure))
    for names in by_defined.values():  # columns defined for the same queries share their samples
        columns = np.column_stack([values[system][measure] for system, measure in names])
        columns = columns[~np.isnan(columns).any(axis=1)]
        ends = compute_intervals(
            columns, alpha=alpha, resamples=resamples, seed=seed, least=0, most=1
        )
        for at, (system, measure) in enumerate(names):
            low, high = ends[at].tolist()
            mean = float(columns[:, at].mean())
            means[system][measure] = Mean(mean=mean, low=low, high=high, queries=len(columns))
    return {
        system: {measure: means[system][measure] for measure in table if measure in means[system]}
        for system, table in values.items()
    }


def bootstrap_means(values: Values, *, resamples: int = RESAMPLES, seed: int = 0) -> Values:
    """Return the means of resampled rows: (queries, columns) gives (resamples, columns)."""
    n = len(values)
    if not n:
        return np.zeros((0, *values.shape[1:]))
    random = np.random.default_rng((seed, 1))
    most = max(1, _AT_ONCE // n)
    means = []
    for begin in range(0, resamples, most):
        size = min(most, resamples - begin)
        rows = random.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        counts = np.bincount(rows.ravel(), minlength=size * n).reshape(size, n)
        means.append(counts @ values / n)
    return np.concatenate(means)
