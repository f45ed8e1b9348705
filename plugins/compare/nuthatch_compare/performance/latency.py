"""Latency: the times of a run with their intervals, as far as its samples are enough.

    percentiles   of all raw samples, so that a slow tenth of the requests shows; their intervals
                  are over blocks of time (`percentiles.py`)
    ratio         the geometric mean, over the queries that both answered, of the ratio of a
                  query's two times, each its median over the passes; its interval is over queries
    p95           the ratio of both tails: a system can be faster at the median and worse there

A failed request has no time. It is counted; all times are those of the other requests.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from pydantic import BaseModel, ConfigDict

from nuthatch_compare.performance.driver import DriverResult, Samples, SearchCall, drive
from nuthatch_compare.performance.null_backend import NullBackend
from nuthatch_compare.performance.percentiles import (
    PERCENTILES,
    Blocks,
    Percentile,
    Times,
    compute_percentile,
    compute_percentile_ratio,
)
from nuthatch_compare.performance.workload import Limits, Load
from nuthatch_compare.statistics.intervals import compute_intervals

#: Points of a curve; a screen shows no more.
_CURVE = 400
#: Blocks of time that a run's samples are cut into, or its passes where they are more.
_BLOCKS = 20
#: The percentile that a gate looks at.
TAIL = 95.0


class SystemLatency(BaseModel):
    """One system's times in milliseconds.

    `percentiles`, `slowest` and `curve` (evenly spaced quantiles, for drawing) are of all raw
    samples that were answered; `failed` counts the others. `per_query` is each query's median over
    the passes, None where every try failed, and `queries` counts those with one. A `saturated`
    system has no percentiles: the longer the run, the worse they would be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    system: str
    queries: int
    samples: int
    failed: int
    errors: dict[str, int] = {}
    saturated: bool = False
    percentiles: tuple[Percentile, ...] = ()
    slowest: float | None = None
    curve: tuple[float, ...] = ()
    per_query: tuple[float | None, ...] = ()
    waited: float | None = None


class LatencyRatio(BaseModel):
    """The geometric mean of the times of `system` ÷ those of `baseline`; below 1 is faster.

    It is over the `queries` that both answered, and so are `system_ms` and `baseline_ms`, the
    medians of both. `p95` is the ratio of the 95th percentiles of all samples, None with too few.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    baseline: str
    system: str
    ratio: float
    low: float
    high: float
    queries: int
    system_ms: float
    baseline_ms: float
    p95: float | None = None
    p95_low: float | None = None
    p95_high: float | None = None


class Latency(BaseModel):
    """The latency of all systems under one load.

    `measures` is `service time` or `response time`. `unequal_hits` is the number of queries that
    the systems answered with different numbers of hits: their work was not equal. `driver_ms` is
    the median time of the null backend through the same path, which is in every other time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    load: str
    measures: str
    depth: int
    passes: int
    warmup: int
    settled: bool
    ended: str = ""
    seconds: float
    seed: int
    unequal_hits: int
    driver_ms: float
    systems: tuple[SystemLatency, ...]
    ratios: tuple[LatencyRatio, ...] = ()


def measure_latency(
    systems: Mapping[str, SearchCall],
    queries: Sequence[str],
    load: Load,
    *,
    baseline: str,
    depth: int = 10,
    limits: Limits | None = None,
    seed: int = 0,
    alpha: float = 0.05,
) -> Latency:
    """Return the latency of all systems under one load, ratios against the baseline.

    `systems` ask for `depth` hits each and read them. Errors of nuthatch are counted; others
    are raised.
    """
    result = drive(systems, queries, load, limits, seed)
    blocks = {name: Blocks(cut_blocks(result.samples[name], len(queries))) for name in systems}
    latencies = {
        name: summarize_system(name, result, blocks[name], alpha, seed) for name in systems
    }
    return Latency(
        load=str(load),
        measures=load.measures,
        depth=depth,
        passes=result.passes,
        warmup=result.warmup,
        settled=result.settled,
        ended=result.ended,
        seconds=result.seconds,
        seed=seed,
        unequal_hits=count_unequal_hits(result.samples, result.queries),
        driver_ms=measure_driver(queries, load, depth, seed),
        systems=tuple(latencies.values()),
        ratios=tuple(
            _with_tail(found, blocks[name], blocks[baseline], alpha, seed)
            for name in systems
            if name != baseline
            and (found := compute_ratio(latencies[baseline], latencies[name], seed, alpha))
            is not None
        ),
    )


def measure_driver(queries: Sequence[str], load: Load, depth: int = 10, seed: int = 0) -> float:
    """Return the driver's own median time per query, by a backend that does nothing."""
    null = NullBackend(depth)
    texts = (list(queries) * 200)[: max(200, min(len(queries), 2000))]
    closed = Load("closed", clients=1 if load.kind == "open" else load.clients)
    limits = Limits(passes=3, requests=50_000, seconds=5)
    result = drive(
        {"null": lambda text: len(null.search(text, depth))}, texts, closed, limits, seed
    )
    times = result.samples["null"].ms
    return float(np.median(np.asarray(times))) if times else 0.0


def summarize_system(
    name: str, result: DriverResult, blocks: Blocks, alpha: float = 0.05, seed: int = 0
) -> SystemLatency:
    """Return the latency of one system from its samples."""
    samples, answered = result.samples[name], blocks.samples
    medians = median_times(samples, result.queries)
    spaced = np.linspace(0, len(answered) - 1, min(_CURVE, len(answered))).astype(np.intp)
    return SystemLatency(
        system=name,
        queries=int((~np.isnan(medians)).sum()),
        samples=len(samples.ms),
        failed=len(samples.ms) - len(answered),
        errors=samples.errors,
        saturated=samples.saturated,
        percentiles=()
        if samples.saturated
        else tuple(compute_percentile(blocks, percent, alpha, seed) for percent in PERCENTILES),
        slowest=float(answered[-1]) if len(answered) else None,
        curve=tuple(answered[spaced].tolist()),
        per_query=tuple(None if math.isnan(ms) else ms for ms in medians.tolist()),
        waited=float(np.median(np.asarray(samples.waits))) if samples.waits else None,
    )


def cut_blocks(samples: Samples, queries: int) -> list[Times]:
    """Return the times that are known, pass by pass, each pass cut so that there are 20 blocks."""
    times = np.asarray(samples.ms, dtype=np.float64).reshape(-1, queries)
    pieces = min(queries, -(-_BLOCKS // max(1, len(times))))
    blocks = (block for row in times for block in np.array_split(row, pieces))
    return [block[~np.isnan(block)] for block in blocks]


def median_times(samples: Samples, queries: int) -> Times:
    """Return each query's median over the passes that answered it; NaN where none did."""
    if not samples.ms:
        return np.full(queries, np.nan)
    times = np.asarray(samples.ms, dtype=np.float64).reshape(-1, queries)
    answered = ~np.isnan(times).all(axis=0)
    medians = np.full(queries, np.nan)
    medians[answered] = np.nanmedian(times[:, answered], axis=0)
    return medians


def compute_ratio(
    baseline: SystemLatency, system: SystemLatency, seed: int = 0, alpha: float = 0.05
) -> LatencyRatio | None:
    """Return the geometric mean of the per-query ratios; None where fewer than two can be had."""
    if baseline.saturated or system.saturated:
        return None
    pairs = zip(baseline.per_query, system.per_query, strict=True)
    common = np.array([(ours, theirs) for theirs, ours in pairs if theirs and ours])
    if len(common) < 2:
        return None
    logs = np.log(common[:, 0] / common[:, 1])
    ((low, high),) = compute_intervals(logs[:, None], alpha=alpha, seed=seed)
    ours, theirs = np.median(common, axis=0)
    return LatencyRatio(
        baseline=baseline.system,
        system=system.system,
        ratio=math.exp(logs.mean()),
        low=math.exp(low),
        high=math.exp(high),
        queries=len(common),
        system_ms=float(ours),
        baseline_ms=float(theirs),
    )


def _with_tail(
    ratio: LatencyRatio, system: Blocks, baseline: Blocks, alpha: float, seed: int
) -> LatencyRatio:
    tail = compute_percentile_ratio(system, baseline, TAIL, alpha, seed)
    if tail is None:
        return ratio
    return ratio.model_copy(update=dict(zip(("p95", "p95_low", "p95_high"), tail, strict=True)))


def count_unequal_hits(samples: Mapping[str, Samples], queries: int) -> int:
    """Return for how many queries the systems gave different numbers of hits; failures aside."""
    different: set[int] = set()
    for one, other in pairwise(samples.values()):
        for at, (ours, theirs) in enumerate(zip(one.hits, other.hits, strict=True)):
            if ours != theirs and min(ours, theirs) >= 0:
                different.add(at % queries)
    return len(different)
