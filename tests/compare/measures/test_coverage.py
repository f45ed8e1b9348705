"""Coverage: what the judgments do not know is counted, bounded and warned about."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch_compare.measures.bounds import compute_bounds
from nuthatch_compare.measures.computation import compute_measures
from nuthatch_compare.measures.coverage import (
    Coverage,
    condense_rankings,
    measure_coverage,
    warn_of_coverage,
)
from nuthatch_compare.measures.grade_matrix import GradeMatrix
from nuthatch_compare.measures.measure import Measure

NAMES = ["nDCG@3", "nDCG", "AP", "RR", "P@3", "R@3", "Success@2", "RBP", "P(rel=2)@3"]


def covered(ranking: list[str], grades: dict[str, int], *names: str, depth: int = 3) -> Coverage:
    measures = [Measure.parse(name) for name in names]
    return measure_coverage("a", measures, {"q": grades}, {"q": ranking}, ["q"], depth=depth)


def test_two_unjudged_above_the_relevant_one() -> None:
    found = covered(["x", "y", "r"], {"r": 1}, "nDCG@10", "P@2", "Bpref")
    assert (found.judged, found.unjudged) == (pytest.approx(1 / 3), 2)
    assert list(found.bounds) == ["nDCG@10", "P@2"]
    assert found.bounds["nDCG@10"].low == pytest.approx(0.5)
    assert found.bounds["nDCG@10"].condensed == 1.0
    assert found.bounds["nDCG@10"].high == pytest.approx(1.0)
    assert (found.bounds["P@2"].low, found.bounds["P@2"].high) == (0.0, 1.0)


def test_a_list_that_is_wholly_judged_has_no_width() -> None:
    found = covered(["a", "b"], {"a": 0, "b": 2}, "nDCG@10", "AP")
    assert found.unjudged == 0
    assert all(bounds.low == bounds.high == bounds.condensed for bounds in found.bounds.values())


@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(-1, 3), max_size=4),
    st.lists(st.sampled_from("abcdefg"), unique=True, max_size=6),
    st.sampled_from(NAMES),
)
def test_bounds_are_the_least_and_the_most_of_all_grades(
    grades: dict[str, int], ranking: list[str], name: str
) -> None:
    """Every grade of every unjudged document is tried, with all the others."""
    measure = Measure.parse(name)
    low, high = compute_bounds(GradeMatrix.of({"q": grades}, {"q": ranking}, ["q"]), measure)
    unjudged = [uri for uri in ranking[: measure.cut] if uri not in grades]
    top = max([*grades.values(), measure.rel, 1])
    queries = {
        str(at): grades | dict(zip(unjudged, outcome, strict=True))
        for at, outcome in enumerate(product(range(top + 1), repeat=min(len(unjudged), 5)))
        if len(unjudged) <= 5
    } or {"q": grades}
    reached = compute_measures(
        [measure], queries, dict.fromkeys(queries, ranking), list(queries), own=True
    )
    values = reached[str(measure)]
    if len(unjudged) <= 5:
        assert (low[0], high[0]) == pytest.approx((values.min(), values.max()))
    assert low[0] - 1e-12 <= values.min() <= values.max() <= high[0] + 1e-12


def test_an_unjudged_document_can_cost_too_for_it_raises_the_ideal() -> None:
    found = covered(["r", "x", "y"], {"r": 3}, "nDCG@3", "AP")
    assert found.bounds["AP"].high == found.bounds["nDCG@3"].high == 1.0  # as it is measured
    # y relevant: the second relevant document is at rank 3
    assert found.bounds["AP"].low == pytest.approx((1 + 2 / 3) / 2)
    assert found.bounds["nDCG@3"].low == pytest.approx((3 + 3 / 2) / (3 + 3 / 1.5849625))


def test_what_was_not_answered_is_not_unjudged() -> None:
    """A system that finds nothing for half of the queries is as judged as what it does find."""
    queries = [f"q{n}" for n in range(20)]
    grades = {name: {"a": 1} for name in queries}
    whole = {name: ["a"] for name in queries}
    half = {name: ["a"] for name in queries[:10]}
    one, two = (
        measure_coverage(name, [Measure.parse("AP")], grades, rankings, queries)
        for name, rankings in (("one", whole), ("two", half))
    )
    assert (one.judged, one.answered, two.judged, two.answered) == (1.0, 20, 1.0, 10)
    assert warn_of_coverage([one, two]) is None
    silent = measure_coverage("three", [Measure.parse("AP")], grades, {}, queries)
    assert (silent.judged, silent.known) == (None, 0)
    assert warn_of_coverage([one, silent]) is None


def test_condensed_lists_hold_judged_documents_only() -> None:
    assert condense_rankings({"q": {"a": 0}}, {"q": ["x", "a"], "r": ["x"]}) == {
        "q": ["a"],
        "r": [],
    }


def test_systems_that_were_not_judged_alike_are_warned_about() -> None:
    known = covered(["a", "b"], {"a": 1, "b": 0}, "AP")
    unknown = covered(["x", "y"], {"a": 1, "b": 0}, "AP").model_copy(update={"system": "b"})
    warning = warn_of_coverage([known, unknown])
    assert warning is not None
    assert warning.startswith("the judgments know 100% of the first 3 documents of a and 0% of b")
    assert warn_of_coverage([known, known]) is None
    assert warn_of_coverage([known]) is None
    assert warn_of_coverage([]) is None


def test_without_queries_everything_is_0() -> None:
    found = measure_coverage("a", [Measure.parse("AP")], {}, {}, [])
    assert (found.judged, found.unjudged, found.bounds["AP"].high) == (None, 0, 0.0)
