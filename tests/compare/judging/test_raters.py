"""Raters: published examples of κ and α, and what must hold for any grades."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import InvalidConfig
from nuthatch_compare.judging.raters import Scale, cohen_kappa, compare_raters, krippendorff_alpha

#: Krippendorff's example of four raters and twelve units, 0 where one did not rate.
UNITS = [
    [grade for grade in unit if grade]
    for unit in zip(
        (1, 2, 3, 3, 2, 1, 4, 1, 2, 0, 0, 0),
        (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, 0, 3),
        (0, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, 0),
        (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, 0),
        strict=True,
    )
]
GRADES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("scale", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_of_the_published_example(scale: Scale, published: float) -> None:
    assert krippendorff_alpha(UNITS, scale) == pytest.approx(published, abs=0.0005)


def test_kappa_of_the_usual_example() -> None:
    """Of 50 proposals both accept 20 and refuse 15; A alone accepts 5, B alone 10: κ = .4."""
    one = [1] * 25 + [0] * 25
    other = [1] * 20 + [0] * 5 + [1] * 10 + [0] * 15
    assert cohen_kappa(one, other) == pytest.approx(0.4)


@given(GRADES)
def test_agreement_is_symmetric_and_1_with_oneself(pairs: list[tuple[int, int]]) -> None:
    one, other = ([pair[at] for pair in pairs] for at in (0, 1))
    for weighted in (False, True):
        there = cohen_kappa(one, other, weighted=weighted)
        back = cohen_kappa(other, one, weighted=weighted)
        assert there == back or there == pytest.approx(back)
        assert cohen_kappa(one, one, weighted=weighted) in (None, 1.0)
    assert krippendorff_alpha([[grade, grade] for grade in one]) in (None, 1.0)
    alpha = krippendorff_alpha(pairs)
    assert alpha is None or alpha <= 1


def test_what_one_grade_only_was_given_to_is_undefined() -> None:
    assert cohen_kappa([1, 1], [1, 1]) is None
    assert cohen_kappa([], []) is None
    assert krippendorff_alpha([[1, 1], [1, 1]]) is None
    assert krippendorff_alpha([[1], [2]]) is None


def test_only_what_several_judged_counts() -> None:
    a = {("1", "x"): 2, ("1", "y"): 0, ("2", "x"): 1}
    b = {("1", "x"): 1, ("1", "y"): 0, ("3", "x"): 1}
    found = compare_raters({"a": a, "b": b})
    assert (found.judged, found.several, found.alpha_relevant) == (4, 2, 1.0)
    (pair,) = found.pairs
    assert (pair.both, pair.same) == (2, 0.5)
    assert pair.kappa == pytest.approx(1 / 3)  # ½ disagrees, ¾ would by chance
    assert pair.weighted == pytest.approx(2 / 3)  # ½ of 1 is lost; 6/4 would be by chance
    with pytest.raises(InvalidConfig, match="the sheets of two or more"):
        compare_raters({"a": a})
