"""The paired permutation test: Fisher's value, scipy's, and how often it errs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from scipy.stats import permutation_test as scipys

from nuthatch_compare.statistics.permutation import permutation_test

#: Darwin's maize: cross-fertilized minus self-fertilized, in eighths of an inch (Fisher 1935).
MAIZE = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]


def p_of(differences: list[float], seed: int = 0, permutations: int = 9_999) -> float:
    column = np.array(differences, dtype=float)[:, None]
    return permutation_test(column, permutations=permutations, seed=seed)[0].p


def test_it_gives_fishers_value_on_darwins_maize() -> None:
    (found,) = permutation_test(np.array(MAIZE, dtype=float)[:, None])
    assert (found.p, found.exact, found.patterns) == (1726 / 32768, True, 32768)


@given(st.lists(st.integers(-5, 5), min_size=2, max_size=11))
def test_small_samples_are_exact_as_scipy_has_it(differences: list[int]) -> None:
    sample = np.array(differences, dtype=float)
    theirs = scipys(
        (sample, np.zeros(len(sample))),
        lambda x, y: np.mean(x - y),
        permutation_type="samples",
        n_resamples=np.inf,
    )
    assert p_of(sample.tolist()) == pytest.approx(theirs.pvalue, abs=1e-12)


def test_queries_without_a_difference_do_not_make_it_inexact() -> None:
    (found,) = permutation_test(np.array([0.0] * 5000 + [0.1] * 5)[:, None])
    assert (found.p, found.exact) == (2 / 32, True)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=40), st.integers(0, 5))
def test_it_does_not_matter_which_system_is_called_the_baseline(
    differences: list[float], seed: int
) -> None:
    assert p_of(differences, seed, 199) == p_of(
        [-difference for difference in differences], seed, 199
    )


def test_drawn_patterns_come_near_the_exact_value_and_are_never_0() -> None:
    maize = [*MAIZE, 2, 1]  # seventeen: too many for all
    bits = (np.arange(2**17)[:, None] >> np.arange(17)) & 1
    sums = (2 * bits - 1) @ np.array(maize)
    exact = float((np.abs(sums) >= abs(sum(maize))).mean())
    assert p_of(maize) == pytest.approx(exact, abs=0.01)
    assert p_of([1.0] * 50, permutations=999) == 1 / 1000
    assert p_of(maize, seed=1) == p_of(maize, seed=1) != p_of(maize, seed=2)


def test_identical_systems_have_p_1() -> None:
    assert p_of([0.0] * 30) == 1.0


def test_two_equal_systems_are_called_different_as_often_as_alpha_says() -> None:
    """A/A over 200 seeds: the count of p < .05 lies in its binomial band of 99.9 percent."""
    called = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        hard = random.beta(1, 2, 50)  # a query is hard for both, and each has its luck
        one, other = (np.clip(hard + random.normal(0, 0.2, 50), 0, 1) for _ in range(2))
        called += p_of((one - other).tolist(), seed, 999) < 0.05
    low, high = binom.ppf([0.0005, 0.9995], 200, 0.05)
    assert low <= called <= high
