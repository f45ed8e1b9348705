"""Latency: what a run's samples say, with intervals, and what they are too few to say.

A query's time is the median over the passes: repeats of a query are no independent samples, so
n is the number of queries. Percentiles are of these medians (`percentiles.py`).

Two systems are compared by the geometric mean of their times' ratios query by query; its interval
is a percentile bootstrap over queries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from pydantic import BaseModel, ConfigDict

from nuthatch_compare.driver import Ask, Driven, Samples, drive
from nuthatch_compare.null import Null
from nuthatch_compare.percentiles import PERCENTILES, Percentile, Times, percentile
from nuthatch_compare.workload import Bounds, Load

#: Points that a curve is drawn from; more than a screen has pixels shows nothing more.
_CURVE = 400


class SystemLatency(BaseModel):
    """Holds one system's times in milliseconds.

    `percentiles` are of the queries' medians. `slowest` is the slowest single sample; `curve`
    are quantiles of all raw samples, evenly spaced, for drawing; `per_query` is each query's
    median, None where every try failed. A `saturated` system has no percentiles: the longer the
    run, the worse they would be.
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
    """Compares two systems: the geometric mean of `system` ÷ `baseline`; below 1 is faster."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    baseline: str
    system: str
    ratio: float
    low: float
    high: float
    queries: int


class Latency(BaseModel):
    """Holds what was measured under one load.

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
    systems: Mapping[str, Ask],
    queries: Sequence[str],
    load: Load,
    *,
    baseline: str,
    depth: int = 10,
    bounds: Bounds | None = None,
    seed: int = 0,
    alpha: float = 0.05,
) -> Latency:
    """Returns the latency of all systems under one load, ratios against the baseline.

    `systems` ask for `depth` hits each and read them. Errors of nuthatch are counted; others
    are raised.
    """
    driven = drive(systems, queries, load, bounds, seed)
    measured = {name: summarize(name, driven, alpha) for name in systems}
    return Latency(
        load=str(load),
        measures=load.measures,
        depth=depth,
        passes=driven.passes,
        warmup=driven.warmup,
        settled=driven.settled,
        ended=driven.ended,
        seconds=driven.seconds,
        seed=seed,
        unequal_hits=unequal_hits(driven.samples, driven.queries),
        driver_ms=driver_ms(queries, load, depth, seed),
        systems=tuple(measured.values()),
        ratios=tuple(
            found
            for name in systems
            if name != baseline
            and (found := ratio(measured[baseline], measured[name], seed, alpha)) is not None
        ),
    )


def driver_ms(queries: Sequence[str], load: Load, depth: int = 10, seed: int = 0) -> float:
    """Returns the driver's own median time per query, by a backend that does nothing."""
    null = Null(depth)
    asked = (list(queries) * 200)[: max(200, min(len(queries), 2000))]
    closed = Load("closed", clients=1 if load.kind == "open" else load.clients)
    bounds = Bounds(passes=3, requests=50_000, seconds=5)
    driven = drive(
        {"null": lambda text: len(null.search(text, depth))}, asked, closed, bounds, seed
    )
    times = driven.samples["null"].ms
    return float(np.median(np.asarray(times))) if times else 0.0


def summarize(name: str, driven: Driven, alpha: float = 0.05) -> SystemLatency:
    """Returns what the samples of one system say."""
    samples = driven.samples[name]
    raw = np.asarray(samples.ms, dtype=np.float64)
    known = np.sort(raw[~np.isnan(raw)])
    each = per_query(samples, driven.queries)
    medians = np.sort(each[~np.isnan(each)])
    spaced = np.linspace(0, len(known) - 1, min(_CURVE, len(known))).astype(np.intp)
    return SystemLatency(
        system=name,
        queries=len(medians),
        samples=len(raw),
        failed=int(np.isnan(raw).sum()),
        errors=samples.errors,
        saturated=samples.saturated,
        percentiles=()
        if samples.saturated
        else tuple(percentile(medians, percent, alpha) for percent in PERCENTILES),
        slowest=float(known[-1]) if len(known) else None,
        curve=tuple(known[spaced].tolist()),
        per_query=tuple(None if math.isnan(ms) else ms for ms in each.tolist()),
        waited=float(np.median(np.asarray(samples.waits))) if samples.waits else None,
    )


def per_query(samples: Samples, queries: int) -> Times:
    """Returns each query's median over the passes that answered it; NaN where none did."""
    if not samples.ms:
        return np.full(queries, np.nan)
    times = np.asarray(samples.ms, dtype=np.float64).reshape(-1, queries)
    answered = ~np.isnan(times).all(axis=0)
    medians = np.full(queries, np.nan)
    medians[answered] = np.nanmedian(times[:, answered], axis=0)
    return medians


def ratio(
    baseline: SystemLatency,
    system: SystemLatency,
    seed: int = 0,
    alpha: float = 0.05,
    resamples: int = 2000,
) -> LatencyRatio | None:
    """Returns the geometric mean of the per-query ratios; None where nothing is comparable."""
    if baseline.saturated or system.saturated:
        return None
    pairs = zip(baseline.per_query, system.per_query, strict=True)
    logs = np.array([math.log(ours / theirs) for theirs, ours in pairs if theirs and ours])
    if not len(logs):
        return None
    random = np.random.default_rng(seed)
    n = len(logs)
    means = [float(logs[random.integers(0, n, n)].mean()) for _ in range(resamples)]
    low, high = np.quantile(means, (alpha / 2, 1 - alpha / 2))
    return LatencyRatio(
        baseline=baseline.system,
        system=system.system,
        ratio=math.exp(logs.mean()),
        low=math.exp(low),
        high=math.exp(high),
        queries=n,
    )


def unequal_hits(samples: Mapping[str, Samples], queries: int) -> int:
    """Returns for how many queries the systems gave different numbers of hits; failures aside."""
    different: set[int] = set()
    for one, other in pairwise(samples.values()):
        for at, (ours, theirs) in enumerate(zip(one.hits, other.hits, strict=True)):
            if ours != theirs and min(ours, theirs) >= 0:
                different.add(at % queries)
    return len(different)
