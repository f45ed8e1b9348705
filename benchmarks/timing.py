"""Timing by turns: every side does each query once per round, the order turning with the query.

The machine may be busy with other things, so the clock is the processor time of this thread, which
others only disturb. Where a server or other threads work too, another clock is given. A query's
time is the median of its rounds; a ratio is baseline ÷ nuthatch, of sums over
all queries (`total`) and query by query (`p5`, `p50`, `p95`).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import thread_time
from typing import Any

import numpy as np
import numpy.typing as npt

Seconds = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Side:
    """Does a query; `before` runs untimed ahead of each."""

    run: Callable[[Any], object]
    before: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Ratio:
    """Compares a baseline with nuthatch: above 1 nuthatch is faster.

    `lowest` and `highest` are totals of single rounds, and show the noise.
    """

    total: float
    p5: float
    p50: float
    p95: float
    slower: float
    lowest: float
    highest: float
    baseline_ms: float
    ms: float
    queries: int

    @classmethod
    def of(cls, baseline: Seconds, ours: Seconds) -> Ratio:
        """Compare seconds by round and query, arrays of shape (rounds, queries)."""
        theirs_each, ours_each = np.median(baseline, axis=0), np.median(ours, axis=0)
        p5, p50, p95 = np.percentile(theirs_each / ours_each, (5, 50, 95)).tolist()
        rounds = baseline.sum(axis=1) / ours.sum(axis=1)
        return cls(
            total=float(theirs_each.sum() / ours_each.sum()),
            p5=p5,
            p50=p50,
            p95=p95,
            slower=float(np.mean(theirs_each < ours_each)),
            lowest=float(rounds.min()),
            highest=float(rounds.max()),
            baseline_ms=1000 * float(np.median(theirs_each)),
            ms=1000 * float(np.median(ours_each)),
            queries=ours.shape[1],
        )


def by_turns(
    sides: Mapping[str, Side],
    queries: Sequence[object],
    rounds: int,
    clock: Callable[[], float] = thread_time,
) -> dict[str, Seconds]:
    """Return the seconds of each side by round and query, by a clock."""
    seconds = {name: np.empty((rounds, len(queries))) for name in sides}
    names = list(sides)
    gc.collect()
    gc.disable()
    try:
        for turn in range(rounds):
            for number, query in enumerate(queries):
                shift = (turn + number) % len(names)
                for name in names[shift:] + names[:shift]:
                    side = sides[name]
                    if side.before is not None:
                        side.before()
                    begun = clock()
                    side.run(query)
                    seconds[name][turn, number] = clock() - begun
    finally:
        gc.enable()
    return seconds
