"""Percentiles with intervals, and none where there are too few values for one.

A percentile is an order statistic, x(⌈qn⌉), and its interval [x(l), x(u)] is distribution-free:
the number of values below the true quantile is Binomial(n, q), and l and u leave at most α/2
outside on either side (David & Nagaraja, Order Statistics, 2003, 7.1). With fewer values than
that takes, there is no interval, and neither percentile is given: for 95 % p50 takes 6, p90 36,
p95 72, p99 368.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

PERCENTILES = (50.0, 90.0, 95.0, 99.0)
Times = npt.NDArray[np.float64]


class Percentile(BaseModel):
    """Is a percentile in milliseconds with its interval; all None where n is too small.

    `needs` is the least number of queries that gives it an interval.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    percent: float
    ms: float | None = None
    low: float | None = None
    high: float | None = None
    needs: int


def percentile(ordered: Times, percent: float, alpha: float = 0.05) -> Percentile:
    """Returns a percentile of sorted times, with its order-statistic interval."""
    from scipy.stats import binom  # over a second that other commands need not wait

    n, q = len(ordered), percent / 100
    needs = least_queries(percent, alpha)
    if n < needs:
        return Percentile(percent=percent, needs=needs)
    counts = np.arange(n + 1)
    below = binom.cdf(counts, n, q)
    low = int(counts[below <= alpha / 2][-1])  # P(B ≤ low) ≤ α/2: x(low + 1) is below
    high = int(counts[1 - below <= alpha / 2][0])  # P(B > high) ≤ α/2: x(high + 1) is above
    return Percentile(
        percent=percent,
        ms=float(ordered[math.ceil(q * n - 1e-9) - 1]),
        low=float(ordered[low]),
        high=float(ordered[min(high, n - 1)]),
        needs=needs,
    )


def least_queries(percent: float, alpha: float = 0.05) -> int:
    """Returns how many queries it takes until both ends of the interval are samples."""
    q = percent / 100
    return math.ceil(math.log(alpha / 2) / math.log(max(q, 1 - q)))
