"""Latency: percentiles with honest intervals, ratios by query, equal work checked."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import BackendUnavailable
from nuthatch_compare.driver import Samples
from nuthatch_compare.latency import (
    SystemLatency,
    driver_ms,
    measure_latency,
    per_query,
    ratio,
    unequal_hits,
)
from nuthatch_compare.percentiles import least_queries, percentile
from nuthatch_compare.workload import Bounds, Load


@pytest.mark.parametrize(("percent", "needs"), [(50, 6), (90, 36), (95, 72), (99, 368)])
def test_a_percentile_needs_as_many_queries_as_its_interval_has_ends(
    percent: float, needs: int
) -> None:
    assert least_queries(percent) == needs
    few = percentile(np.arange(needs - 1, dtype=float), percent)
    assert (few.ms, few.low, few.high) == (None, None, None)
    enough = percentile(np.arange(needs, dtype=float), percent)
    assert enough.low is not None
    assert enough.high == needs - 1


@pytest.mark.parametrize("percent", [50, 90, 95, 99])
def test_of_a_thousand_values_a_percentile_is_the_one_at_its_rank(percent: float) -> None:
    assert percentile(np.arange(1, 1001, dtype=float), percent).ms == 10 * percent


def test_the_interval_of_a_percentile_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(400):
        found = percentile(np.sort(random.exponential(size=100)), 90)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= math.log(10) <= found.high
    assert 0.93 <= covered / 400 <= 1.0


@given(st.lists(st.floats(0.001, 1e6), min_size=6, max_size=200))
def test_a_percentile_lies_within_its_interval_and_is_a_sample(times: list[float]) -> None:
    found = percentile(np.sort(np.array(times)), 50)
    assert found.ms in times
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.ms <= found.high


def test_a_query_counts_once_however_often_it_was_asked() -> None:
    samples = Samples()
    samples.ms.extend([1, 9, math.nan, 3, 9, math.nan, 2, math.nan, math.nan])
    assert per_query(samples, 3).tolist()[:2] == [2, 9]
    assert math.isnan(per_query(samples, 3)[2])


def timed(name: str, *ms: float | None) -> SystemLatency:
    return SystemLatency(system=name, queries=len(ms), samples=len(ms), failed=0, per_query=ms)


def test_the_ratio_is_the_geometric_mean_over_queries_that_both_answered() -> None:
    found = ratio(timed("a", 1, 10, None, 7), timed("b", 2, 5, 3, None))
    assert found is not None
    assert (found.ratio, found.queries) == (pytest.approx(1.0), 2)
    assert found.low <= 1.0 <= found.high


@given(st.lists(st.floats(0.01, 1e4), min_size=1, max_size=40), st.floats(0.01, 100))
def test_a_system_that_is_slower_everywhere_by_a_factor_has_that_ratio(
    times: list[float], factor: float
) -> None:
    slower = timed("b", *(ms * factor for ms in times))
    found = ratio(timed("a", *times), slower, resamples=50)
    assert found is not None
    assert (found.ratio, found.low, found.high) == pytest.approx((factor,) * 3)


def test_a_saturated_system_has_no_ratio() -> None:
    full = timed("b", 1.0).model_copy(update={"saturated": True})
    assert ratio(timed("a", 1.0), full) is None


def test_queries_with_unequal_numbers_of_hits_are_counted_once_and_failures_are_not() -> None:
    a, b = Samples(), Samples()
    a.hits.extend([10, 10, -1, 10, 10, 10])
    b.hits.extend([10, 9, 10, 10, 9, 10])
    assert unequal_hits({"a": a, "b": b}, 3) == 1


def test_failures_are_counted_with_their_message_and_never_averaged() -> None:
    def fails(text: str) -> int:
        if text == "bad":
            raise BackendUnavailable("gone")
        return 1

    found = measure_latency(
        {"ok": lambda text: 1, "down": fails},
        ["good", "bad"],
        Load(),
        baseline="ok",
        bounds=Bounds(passes=2),
    )
    down = found.systems[1]
    assert (down.failed, down.per_query[1]) == (2, None)
    assert list(down.errors) == ["BackendUnavailable: gone"]
    assert found.ratios[0].queries == 1


def test_an_error_that_is_no_searchers_own_is_raised() -> None:
    def broken(text: str) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        measure_latency({"a": broken}, ["x"], Load(), baseline="a")


def test_the_driver_tells_its_own_cost() -> None:
    assert 0 < driver_ms(["a", "b"], Load()) < 50  # a sane figure, not a speed
