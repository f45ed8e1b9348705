"""Intervals of means: t of few queries, BCa of many, and they cover as often as they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr, stdtrit
from scipy.stats import bootstrap, t

from nuthatch_compare.measures.grade_matrix import Values
from nuthatch_compare.statistics.intervals import compute_intervals, compute_means


def covered(values: Values, mean: float, **options: int) -> float:
    """Return of how many columns the interval holds the mean that they were drawn with."""
    ends = compute_intervals(values, **options)
    return float(((ends[:, 0] <= mean) & (mean <= ends[:, 1])).mean())


@pytest.mark.parametrize("n", [3, 5, 10, 19, 20, 30])
def test_the_interval_of_normal_differences_covers_as_often_as_it_says(n: int) -> None:
    values = np.random.default_rng(n).normal(0.1, 1, (n, 2000))
    assert 0.93 <= covered(values, 0.1, resamples=999) <= 0.97


@pytest.mark.parametrize("n", [30, 60, 200])
def test_the_interval_of_skewed_values_is_hardly_too_narrow(n: int) -> None:
    values = np.random.default_rng(n).beta(0.5, 1, (n, 1000))
    assert 0.92 <= covered(values, 1 / 3, resamples=999) <= 0.97


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=19))
def test_of_few_values_it_is_students(values: list[float]) -> None:
    column = np.array(values)
    ((low, high),) = compute_intervals(column[:, None])
    if column.std() < 1e-9:
        assert low == pytest.approx(high)
        return
    error = column.std(ddof=1) / np.sqrt(len(column))
    theirs = t.interval(0.95, len(column) - 1, loc=column.mean(), scale=error)
    assert (low, high) == pytest.approx(theirs)


def test_of_many_values_it_is_scipys_bca_at_wider_levels() -> None:
    values, n = np.random.default_rng(9).exponential(size=40), 40
    ((low, high),) = compute_intervals(values[:, None], resamples=20_000)
    tail = ndtr(stdtrit(n - 1, 0.025) * np.sqrt(n / (n - 1)))
    theirs = bootstrap(
        (values,),
        np.mean,
        confidence_level=1 - 2 * tail,
        n_resamples=20_000,
        method="BCa",
        rng=np.random.default_rng(0),
    ).confidence_interval
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.015)
    assert high - values.mean() > values.mean() - low  # it follows the skew


def test_one_query_says_nothing_and_equal_ones_nothing_else() -> None:
    one = compute_intervals(np.array([[0.4]]), least=-1, most=1)
    assert one.tolist() == [[-1, 1]]
    for n in (2, 30):
        assert compute_intervals(np.full((n, 1), 0.4)) == pytest.approx(np.full((1, 2), 0.4))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_no_end_is_where_no_value_can_be(values: list[float]) -> None:
    found = compute_means({"a": {"AP": np.array(values)}}, resamples=199)["a"]["AP"]
    assert 0 <= found.low <= found.mean + 1e-12
    assert found.mean - 1e-12 <= found.high <= 1


def test_a_mean_is_over_the_queries_where_the_value_is_defined() -> None:
    values = {"a": {"AP": np.array([0.0, 1.0, 0.5]), "J": np.array([np.nan, 1.0, 0.5])}}
    found = compute_means({**values, "b": {"J": np.full(3, np.nan)}})
    assert (found["a"]["AP"].mean, found["a"]["AP"].queries) == (0.5, 3)
    assert (found["a"]["J"].mean, found["a"]["J"].queries) == (0.75, 2)
    assert found["b"] == {}
    assert compute_means({"a": {"AP": np.zeros(0)}}) == {"a": {}}
