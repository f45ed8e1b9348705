"""Power: what is stated is what a simulation finds, and nothing is stated of too few queries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nct
from scipy.stats import t as student

from nuthatch_compare.measures.grade_matrix import Values
from nuthatch_compare.statistics.equivalence import two_one_sided_tests
from nuthatch_compare.statistics.permutation import permutation_test
from nuthatch_compare.statistics.power import (
    POWER,
    count_needed_queries,
    detectable_difference,
    least_differing,
    standard_detectable,
)
from nuthatch_compare.statistics.significance import holm

RUNS = 2000


def established(differences: Values, family: int, alpha: float = 0.05) -> Values:
    """Return, by run and member of the family, whether Holm calls the difference real.

    Columns are runs, family by family.
    """
    tests = permutation_test(differences, permutations=999)
    p = np.array([test.p for test in tests]).reshape(family, -1).T
    return np.array([[adjusted <= alpha for adjusted in holm(row)] for row in p.tolist()])


def drawn(n: int, family: int, planted: float, seed: int = 1) -> Values:
    """Return differences of RUNS comparisons; the first of each family is planted."""
    values = np.random.default_rng((seed, n, family)).normal(0, 1, (n, RUNS * family))
    values[:, :RUNS] += planted
    return values


def simulated_power(n: int, family: int) -> float:
    planted = standard_detectable(n, family=family)
    return float(established(drawn(n, family, planted), family)[:, 0].mean())


def test_the_stated_power_is_that_of_a_simulation() -> None:
    assert abs(simulated_power(30, 4) - POWER) < 0.05


@pytest.mark.nightly
@pytest.mark.parametrize("family", [1, 4])
@pytest.mark.parametrize("n", [10, 30, 200])
def test_the_stated_power_is_that_of_a_simulation_everywhere(n: int, family: int) -> None:
    assert abs(simulated_power(n, family) - POWER) < 0.05


@pytest.mark.nightly
@pytest.mark.parametrize("family", [1, 4])
@pytest.mark.parametrize("n", [3, 5, 10, 30, 200])
def test_of_equal_systems_no_more_than_alpha_are_told_apart(n: int, family: int) -> None:
    any_found = established(drawn(n, family, 0.0, seed=2), family).any(axis=1).mean()
    assert any_found <= 0.065  # 0.05 and three standard errors
    if n < least_differing(family=family):
        assert any_found == 0


def test_the_factor_is_that_of_the_noncentral_t() -> None:
    for n, family in ((6, 1), (10, 4), (200, 1), (5000, 2)):
        effect = standard_detectable(n, family=family)
        critical = student.ppf(1 - 0.05 / family / 2, n - 1)
        power = 1 - nct.cdf(critical, n - 1, effect * np.sqrt(n))
        assert power == pytest.approx(POWER, abs=1e-4)


def test_where_too_few_queries_differ_nothing_can_be_established() -> None:
    assert [least_differing(family=family) for family in (1, 2, 4)] == [6, 7, 8]
    assert least_differing(0.01) == 8
    for family, least in ((1, 6), (4, 8)):
        best = permutation_test(np.ones((least, 1)))[0].p * family
        worse = permutation_test(np.ones((least - 1, 1)))[0].p * family
        assert best <= 0.05
        assert worse > 0.05
        values = np.zeros(100)
        values[: least - 1] = 0.3
        assert detectable_difference(values, family=family) is None
        values[least - 1] = 0.3
        assert detectable_difference(values, family=family) is not None
    assert detectable_difference(np.array([0.1, 0.2, 0.3, 0.4, 0.5])) is None


def test_so_many_queries_are_needed_as_find_the_effect() -> None:
    values = np.random.default_rng(1).normal(0, 0.3, 40)
    needed = count_needed_queries(values, 0.02)
    assert needed is not None
    spread = values.std(ddof=1)
    assert standard_detectable(needed) * spread == pytest.approx(0.02, rel=0.01)
    assert count_needed_queries(np.full(9, 0.1), 0.02) is None


def test_a_difference_as_large_as_the_margin_is_seldom_called_equivalent() -> None:
    """Student's test of normal differences errs in α of all cases, at most."""
    for n in (10, 30, 200):
        values = np.random.default_rng(n).normal(0.2, 1, (n, RUNS))
        found = [two_one_sided_tests(column, 0.2) for column in values.T]
        assert np.mean([test is not None and test.p <= 0.05 for test in found]) <= 0.065


def test_the_interval_lies_within_the_margin_just_where_the_test_says_so() -> None:
    random = np.random.default_rng(3)
    for _ in range(200):
        values = random.normal(random.uniform(-0.1, 0.1), 0.1, 25)
        found = two_one_sided_tests(values, 0.08)
        assert found is not None
        inside = found.low >= -0.08 and found.high <= 0.08
        assert inside is (found.p <= 0.05)
        theirs = student.interval(0.9, 24, loc=values.mean(), scale=values.std(ddof=1) / 5)
        assert (found.low, found.high) == pytest.approx(theirs)
    assert two_one_sided_tests(np.array([0.1]), 0.2) is None
