"""Percentiles of raw samples, with intervals that survive a stall.

    samples in order of time   ├ block 1 ┼ block 2 ┼ … ┼ block 20 ┤
    percentile                 x(⌈qn⌉) of all samples, whichever query they are of
    interval                   draw 20 of the 20 blocks with replacement, take the percentile;
                               do so many times (Künsch, Annals of Statistics 1989)

A cause that makes a request slow (a garbage collection, a flush, a frozen server) makes its
neighbours slow too, so the bootstrap draws blocks of time, never single samples. Each interval is
at least as wide as the one that holds for independent samples, [x(l), x(u)]: the number of samples
below the true quantile is Binomial(n, q), and l and u leave at most α/2 outside on either side
(David and Nagaraja, Order Statistics, 2003, 7.1). With fewer samples than that takes, there is
neither interval nor percentile: for 95 % p50 takes 6, p90 36, p95 72, p99 368.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

PERCENTILES = (50.0, 90.0, 95.0, 99.0)
RESAMPLES = 2_000
Times = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]


class Percentile(BaseModel):
    """A percentile in milliseconds with its interval; all None where there are too few samples.

    `needs` is the least number of samples that gives it an interval.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    percent: float
    ms: float | None = None
    low: float | None = None
    high: float | None = None
    needs: int


class Blocks:
    """Samples in blocks of time, sorted once, so that percentiles of many resamples are quick."""

    def __init__(self, blocks: Sequence[Times]) -> None:
        self.samples = np.concatenate(blocks) if blocks else np.zeros(0)
        owner = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])
        order = np.argsort(self.samples, kind="stable")
        self.samples, owner = self.samples[order], owner[order]
        # reached[b, i]: how many of the i shortest samples are of block b
        self._reached = np.zeros((len(blocks), len(order) + 1), dtype=np.int32)
        self._reached[owner, np.arange(1, len(order) + 1)] = 1
        np.cumsum(self._reached, axis=1, out=self._reached)

    def draw(self, seed: int, resamples: int = RESAMPLES) -> Counts:
        """Return how often each resample holds each block: (resamples, blocks)."""
        count = len(self._reached)
        random = np.random.default_rng((seed, 3))
        return random.multinomial(count, np.full(count, 1 / count), size=resamples)

    def quantiles(self, percent: float, drawn: Counts) -> Times:
        """Return the percentile of each resample that holds a sample, NaN of the others."""
        sizes = drawn @ self._reached[:, -1]
        wanted = np.maximum(1, np.ceil(percent / 100 * sizes - 1e-9))
        low, high = np.zeros(len(drawn), np.intp), np.full(len(drawn), len(self.samples))
        for _ in range(len(self.samples).bit_length()):  # bisect: the least i with enough samples
            middle = (low + high) // 2
            enough = (drawn * self._reached[:, middle].T).sum(axis=1) >= wanted
            low, high = np.where(enough, low, middle + 1), np.where(enough, middle, high)
            high = np.maximum(low, high)
        values = np.full(len(drawn), np.nan)
        values[sizes > 0] = self.samples[high[sizes > 0] - 1]
        return values


def compute_percentile(
    blocks: Blocks, percent: float, alpha: float = 0.05, seed: int = 0
) -> Percentile:
    """Return a percentile of all samples with its interval at level 1 − α."""
    from scipy.special import bdtr  # slow to import, and not every command needs it

    ordered, q = blocks.samples, percent / 100
    n, needs = len(ordered), least_samples(percent, alpha)
    if n < needs:
        return Percentile(percent=percent, needs=needs)
    counts = np.arange(n)
    below = bdtr(counts, n, q)
    first = int(counts[below <= alpha / 2][-1])  # P(B ≤ first) ≤ α/2: x(first + 1) is below
    above = counts[1 - below <= alpha / 2]  # P(B > last) ≤ α/2: x(last + 1) is above
    last = int(above[0]) if len(above) else n - 1
    resampled = blocks.quantiles(percent, blocks.draw(seed))
    low, high = np.nanquantile(resampled, (alpha / 2, 1 - alpha / 2))
    return Percentile(
        percent=percent,
        ms=float(ordered[math.ceil(q * n - 1e-9) - 1]),
        low=min(float(low), float(ordered[first])),
        high=max(float(high), float(ordered[last])),
        needs=needs,
    )


def compute_percentile_ratio(
    one: Blocks, other: Blocks, percent: float, alpha: float = 0.05, seed: int = 0
) -> tuple[float, float, float] | None:
    """Return a percentile of one ÷ that of the other, with its interval; None with too few samples.

    Both have the same blocks of time, which are drawn together.
    """
    tails = [compute_percentile(blocks, percent, alpha, seed).ms for blocks in (one, other)]
    if not tails[0] or not tails[1]:
        return None
    drawn = one.draw(seed)
    ratios = one.quantiles(percent, drawn) / other.quantiles(percent, drawn)
    low, high = np.nanquantile(ratios, (alpha / 2, 1 - alpha / 2))
    ratio = tails[0] / tails[1]
    return ratio, min(float(low), ratio), max(float(high), ratio)


def least_samples(percent: float, alpha: float = 0.05) -> int:
    """Return how many samples it takes until both ends of the interval are samples."""
    q = percent / 100
    return math.ceil(math.log(alpha / 2) / math.log(max(q, 1 - q)))
