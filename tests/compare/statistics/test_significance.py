"""Differences: the t of others, Holm by its definition, intervals that cover, planned power."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from nuthatch import InvalidConfig
from nuthatch_compare.measures.computation import Table
from nuthatch_compare.statistics.power import standard_deviation
from nuthatch_compare.statistics.significance import (
    Difference,
    adjust,
    compare_systems,
    holm,
    student_t_test,
)

P = st.floats(0, 1)
#: R's data set `sleep`: extra hours of sleep with two drugs (Student 1908).
SLEEP = (
    [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
    [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
)


def compared(one: list[float], other: list[float], **options: Any) -> Difference:
    table = {"a": {"AP": np.array(one)}, "b": {"AP": np.array(other)}}
    (found,) = compare_systems(table, "a", ["AP"], **options)
    return found


def test_the_paired_t_is_the_one_that_r_prints_for_sleep() -> None:
    found = student_t_test(np.array(SLEEP[0]) - np.array(SLEEP[1]))
    assert found is not None
    assert (round(found.t, 4), found.df, round(found.p, 6)) == (-4.0621, 9, 0.002833)


@given(st.lists(st.tuples(P, P), min_size=2, max_size=30))
def test_the_paired_t_is_scipys_where_it_is_defined(pairs: list[tuple[float, float]]) -> None:
    one, other = map(np.array, zip(*pairs, strict=True))
    found = student_t_test(one - other)
    spread = standard_deviation(one - other)
    if not spread:
        assert found is None or (found.t, found.p) == (0.0, 1.0)
        return
    theirs = ttest_rel(one, other)
    assert found is not None
    assert found.t == pytest.approx(theirs.statistic, rel=1e-9)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-6, abs=1e-300)


@given(st.lists(P, max_size=12))
def test_holm_rejects_what_its_steps_reject(values: list[float]) -> None:
    """Step down from the smallest p, and stop at the first that fails its level."""
    alpha = 0.05
    rejected = set()
    order = sorted(range(len(values)), key=lambda at: values[at])
    for rank, at in enumerate(order):
        if values[at] * (len(values) - rank) > alpha:
            break
        rejected.add(at)
    adjusted = holm(values)
    assert {at for at, p in enumerate(adjusted) if p <= alpha} == rejected
    assert all(p <= adjusted[at] <= 1 for at, p in enumerate(values))


def test_holm_on_the_usual_example() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_identical_systems_differ_by_nothing_and_nothing_is_nan() -> None:
    found = compared([0.1, 0.5, 0.9], [0.1, 0.5, 0.9])
    assert (found.delta, found.low, found.high, found.p, found.p_t) == (0, 0, 0, 1, 1)
    assert (found.effect, found.detectable, found.ties, found.identical) == (0, None, 3, True)
    assert not found.significant
    assert found.outcome == "same"


def test_a_gain_that_is_the_same_everywhere_has_no_t_and_no_effect_size() -> None:
    found = compared([0.1, 0.5, 0.3] * 4, [0.2, 0.6, 0.4] * 4)
    assert (found.t, found.p_t, found.effect) == (None, None, None)
    assert found.low == pytest.approx(0.1)
    assert found.high == pytest.approx(0.1)
    assert (found.wins, found.p, found.significant) == (12, 2 / 2**12, True)


def test_one_query_proves_nothing() -> None:
    found = compared([0.0], [1.0])
    assert (found.p, found.t, found.effect, found.detectable) == (1.0, None, None, None)
    assert (found.low, found.high, found.outcome) == (-1, 1, "too few")


@given(st.lists(st.tuples(P, P), min_size=1, max_size=25))
def test_swapping_the_systems_turns_everything_around(pairs: list[tuple[float, float]]) -> None:
    one, other = (list(values) for values in zip(*pairs, strict=True))
    there = compared(one, other, permutations=199, resamples=199)
    back = compared(other, one, permutations=199, resamples=199)
    assert there.delta == pytest.approx(-back.delta)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    assert (there.wins, there.ties, there.losses, there.p) == (
        back.losses,
        back.ties,
        back.wins,
        back.p,
    )
    assert there.low - 1e-12 <= there.high
    assert all(math.isfinite(number) for number in (there.delta, there.low, there.high, there.p))


def three() -> dict[str, Table]:
    random = np.random.default_rng(3)
    base = random.random(40)
    gains = {"a": 0.0, "b": 0.05, "c": 0.0}
    return {
        name: {"AP": base + gain + random.normal(0, 0.05, 40), "P@5": base + gain / 9}
        for name, gain in gains.items()
    }


def test_only_the_primary_measure_is_adjusted_and_can_be_significant() -> None:
    found = {
        (difference.system, difference.measure): difference
        for difference in compare_systems(three(), "a", ["AP"])
    }
    assert list(found) == [("b", "AP"), ("b", "P@5"), ("c", "AP"), ("c", "P@5")]
    assert found["b", "AP"].adjusted == pytest.approx(2 * found["b", "AP"].p)
    assert found["b", "AP"].significant
    assert (found["b", "P@5"].adjusted, found["b", "P@5"].significant) == (None, False)
    assert not found["c", "AP"].significant


@pytest.mark.parametrize(
    ("baseline", "primary", "told"),
    [("x", "AP", "the baseline 'x' is none of"), ("a", "RR", "the primary measure 'RR' is none")],
)
def test_names_that_are_not_there_are_told(baseline: str, primary: str, told: str) -> None:
    with pytest.raises(InvalidConfig, match=told):
        compare_systems(three(), baseline, [primary])


def test_without_queries_nothing_can_be_tested() -> None:
    nothing: dict[str, Table] = {name: {"AP": np.zeros(0)} for name in "ab"}
    with pytest.raises(InvalidConfig, match="there are no judged queries"):
        compare_systems(nothing, "a", ["AP"])


def test_what_is_significant_alone_need_not_be_so_beside_others() -> None:
    gain = np.full(6, 0.5)  # six queries, all better: p = 2 / 64
    one = {"a": {"AP": np.zeros(6)}, "b": {"AP": gain}}
    (alone,) = compare_systems(one, "a", ["AP"])
    assert (alone.p, alone.adjusted, alone.significant) == (0.03125, 0.03125, True)
    for found in compare_systems({**one, "c": {"AP": gain}}, "a", ["AP"]):
        assert (found.p, found.adjusted, found.significant) == (0.03125, 0.0625, False)


def test_what_is_too_small_to_matter_is_called_equivalent_even_where_it_is_real() -> None:
    random = np.random.default_rng(1)
    base = random.random(200) / 2 + 0.2
    gain = 0.004 + random.normal(0, 0.01, 200)
    found = compared(base.tolist(), (base + gain).tolist())
    assert (found.significant, found.outcome, found.equivalence) == (True, "better", None)
    small = compared(base.tolist(), (base + gain).tolist(), min_effect=0.01)
    assert (small.significant, small.outcome) == (True, "equivalent")
    assert small.equivalence is not None
    assert -0.01 < small.equivalence.low < small.equivalence.high < 0.01
    assert compared(base.tolist(), (base + gain).tolist(), min_effect=0.003).outcome == "better"


def test_five_queries_establish_nothing_at_all() -> None:
    """Not even that five equal queries are equivalent, for which t alone would say p = 0."""
    gain = compared([0.0] * 5, [0.5] * 5, min_effect=0.1)
    assert (gain.p, gain.significant, gain.outcome) == (0.0625, False, "too few")
    near = compared([0.0] * 5, [0.001] * 5, min_effect=0.1)
    assert near.outcome == "too few"
    assert compared([0.0] * 6, [0.001] * 6, min_effect=0.1).outcome == "equivalent"


def test_slices_are_one_family_however_they_were_compared() -> None:
    one = compared([0.0] * 6, [0.5] * 6)
    four = adjust([one] * 4)
    assert {(difference.adjusted, difference.significant) for difference in four} == {
        (4 * one.p, False)
    }
    assert {difference.least_differing for difference in four} == {8}
    assert adjust([]) == []
