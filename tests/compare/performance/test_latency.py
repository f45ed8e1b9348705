"""Latency: percentiles with honest intervals, ratios by query, equal work checked."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import BackendUnavailable
from nuthatch_compare.performance.driver import DriverResult, Samples
from nuthatch_compare.performance.latency import (
    SystemLatency,
    compute_ratio,
    count_unequal_hits,
    cut_blocks,
    measure_driver,
    measure_latency,
    median_times,
    summarize_system,
)
from nuthatch_compare.performance.percentiles import (
    Blocks,
    Percentile,
    Times,
    compute_percentile,
    compute_percentile_ratio,
    least_samples,
)
from nuthatch_compare.performance.workload import Limits, Load


def of(times: Times, percent: float, blocks: int = 20) -> Percentile:
    return compute_percentile(Blocks(np.array_split(times, blocks)), percent)


@pytest.mark.parametrize(("percent", "needs"), [(50, 6), (90, 36), (95, 72), (99, 368)])
def test_a_percentile_needs_as_many_samples_as_its_interval_has_ends(
    percent: float, needs: int
) -> None:
    assert least_samples(percent) == needs
    few = of(np.arange(needs - 1, dtype=float), percent)
    assert (few.ms, few.low, few.high) == (None, None, None)
    enough = of(np.arange(needs, dtype=float), percent)
    assert enough.low is not None
    assert enough.high == needs - 1


@pytest.mark.parametrize("percent", [50, 90, 95, 99])
def test_of_a_thousand_values_a_percentile_is_the_one_at_its_rank(percent: float) -> None:
    assert of(np.arange(1, 1001, dtype=float), percent).ms == 10 * percent


def test_the_interval_of_a_percentile_covers_as_often_as_it_says() -> None:
    random = np.random.default_rng(7)
    covered = 0
    for _ in range(200):
        found = of(random.exponential(size=100), 90)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= math.log(10) <= found.high
    assert 0.92 <= covered / 200 <= 1.0


@given(st.lists(st.floats(0.001, 1e6), min_size=6, max_size=200))
def test_a_percentile_lies_within_its_interval_and_is_a_sample(times: list[float]) -> None:
    found = of(np.array(times), 50)
    assert found.ms in times
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.ms <= found.high


@given(
    st.lists(st.lists(st.integers(0, 9), max_size=6), min_size=1, max_size=5),
    st.sampled_from([50.0, 90.0, 95.0]),
)
def test_the_percentiles_of_resamples_are_those_of_their_samples(
    blocks: list[list[int]], percent: float
) -> None:
    held = [np.array(block, dtype=float) for block in blocks]
    found = Blocks(held)
    drawn = found.draw(seed=1, resamples=20)
    assert drawn.sum(axis=1).tolist() == [len(blocks)] * 20
    for counts, value in zip(drawn, found.quantiles(percent, drawn), strict=True):
        whole = sorted(ms for n, block in zip(counts, held, strict=True) for ms in [*block] * n)
        if not whole:
            assert math.isnan(value)
            continue
        assert value == whole[math.ceil(percent / 100 * len(whole) - 1e-9) - 1]


def driven(times: Times) -> DriverResult:
    """Sample of one system, (passes, queries), as a driver would bring them."""
    samples = Samples()
    samples.ms.extend(times.ravel().tolist())
    return DriverResult(Load(), times.shape[1], {"a": samples}, passes=len(times))


def percentiles_of(times: Times) -> dict[float, Percentile]:
    run = driven(times)
    blocks = Blocks(cut_blocks(run.samples["a"], times.shape[1]))
    return {one.percent: one for one in summarize_system("a", run, blocks).percentiles}


def test_a_tenth_of_slow_requests_is_in_the_tail_whichever_queries_they_hit() -> None:
    """The median of each query's passes would not show one of them: 2 ms at p95."""
    random = np.random.default_rng(3)
    found = percentiles_of(np.where(random.random((5, 400)) < 0.1, 40.0, 2.0))
    assert (found[50].ms, found[95].ms, found[99].ms) == (2, 40, 40)
    assert found[95].low == found[95].high == 40


def test_a_server_that_freezes_shows_in_the_tail() -> None:
    """100 requests a second in expectation, frozen for 300 ms of every 2 s."""
    random = np.random.default_rng(4)
    arrivals = np.cumsum(random.exponential(0.01, 2000))
    waits = np.maximum(0, 300 - 1000 * (arrivals % 2)) + 1
    found = percentiles_of(waits.reshape(5, 400))
    assert found[50].ms == pytest.approx(1)
    for percent in (95, 99):  # of the 15 % that wait up to 300 ms
        truth = 1 + 300 * (1 - (1 - percent / 100) / 0.15)
        low, high = found[percent].low, found[percent].high
        assert low is not None
        assert high is not None
        assert low <= truth <= high
        assert found[percent].ms == pytest.approx(truth, rel=0.1)


def test_what_came_in_one_stretch_of_time_may_not_come_again() -> None:
    """Samples one by one would make p90 of one stall in twenty blocks look certain."""
    times = np.full(400, 2.0)
    times[:60] = 50.0
    found = of(times, 90, blocks=20)
    assert (found.ms, found.low, found.high) == (50, 2, 50)
    spread = np.tile(np.repeat([50.0, 2.0], [3, 17]), 20)
    found = of(spread, 90, blocks=20)
    assert (found.ms, found.low, found.high) == (50, 50, 50)


def test_the_ratio_of_tails_is_of_the_same_blocks() -> None:
    random = np.random.default_rng(5)
    slow = [random.exponential(10, 50) + 20 * at for at in range(20)]  # the machine gets slower
    one, other = Blocks([3 * block for block in slow]), Blocks(slow)
    assert compute_percentile_ratio(one, other, 95) == pytest.approx((3, 3, 3))
    assert compute_percentile_ratio(Blocks([np.ones(9)]), Blocks([np.ones(9)]), 95) is None


def test_a_query_counts_once_however_often_it_was_asked() -> None:
    samples = Samples()
    samples.ms.extend([1, 9, math.nan, 3, 9, math.nan, 2, math.nan, math.nan])
    assert median_times(samples, 3).tolist()[:2] == [2, 9]
    assert math.isnan(median_times(samples, 3)[2])


def timed(name: str, *ms: float | None) -> SystemLatency:
    return SystemLatency(system=name, queries=len(ms), samples=len(ms), failed=0, per_query=ms)


def test_the_ratio_is_the_geometric_mean_over_queries_that_both_answered() -> None:
    found = compute_ratio(timed("a", 1, 10, None, 7), timed("b", 2, 5, 3, None))
    assert found is not None
    assert (found.ratio, found.queries) == (pytest.approx(1.0), 2)
    assert found.low <= 1.0 <= found.high
    assert (found.system_ms, found.baseline_ms) == (3.5, 5.5)  # of these two queries alone


@given(st.lists(st.floats(0.01, 1e4), min_size=2, max_size=40), st.floats(0.01, 100))
def test_a_system_that_is_slower_everywhere_by_a_factor_has_that_ratio(
    times: list[float], factor: float
) -> None:
    slower = timed("b", *(ms * factor for ms in times))
    found = compute_ratio(timed("a", *times), slower)
    assert found is not None
    assert (found.ratio, found.low, found.high) == pytest.approx((factor,) * 3)


def test_a_saturated_system_has_no_ratio() -> None:
    full = timed("b", 1.0, 1.0).model_copy(update={"saturated": True})
    assert compute_ratio(timed("a", 1.0, 1.0), full) is None
    assert compute_ratio(timed("a", 1.0), timed("b", 1.0)) is None  # nor is one query enough


def test_queries_with_unequal_numbers_of_hits_are_counted_once_and_failures_are_not() -> None:
    a, b = Samples(), Samples()
    a.hits.extend([10, 10, -1, 10, 10, 10])
    b.hits.extend([10, 9, 10, 10, 9, 10])
    assert count_unequal_hits({"a": a, "b": b}, 3) == 1


def test_failures_are_counted_with_their_message_and_never_averaged() -> None:
    def fails(text: str) -> int:
        if text == "bad":
            raise BackendUnavailable("gone")
        return 1

    found = measure_latency(
        {"ok": lambda text: 1, "down": fails},
        ["good", "bad", "fine"],
        Load(),
        baseline="ok",
        limits=Limits(passes=2),
    )
    down = found.systems[1]
    assert (down.failed, down.per_query[1]) == (2, None)
    assert list(down.errors) == ["BackendUnavailable: gone"]
    assert found.ratios[0].queries == 2


def test_an_error_that_is_no_searchers_own_is_raised() -> None:
    def broken(text: str) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        measure_latency({"a": broken}, ["x"], Load(), baseline="a")


def test_the_driver_tells_its_own_cost() -> None:
    assert 0 < measure_driver(["a", "b"], Load()) < 50  # a sane figure, not a speed
