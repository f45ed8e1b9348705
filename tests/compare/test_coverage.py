"""Coverage: what the judgments do not know is counted, bounded and warned about."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch_compare.coverage import (
    Coverage,
    condensed,
    coverage_warning,
    highest,
    measure_coverage,
)
from nuthatch_compare.graded import Graded
from nuthatch_compare.measure import Measure
from nuthatch_compare.measures import evaluate

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
    assert all(each.low == each.high == each.condensed for each in found.bounds.values())


@given(
    st.dictionaries(st.sampled_from("abcde"), st.integers(0, 2), max_size=4),
    st.lists(st.sampled_from("abcdefg"), unique=True, max_size=6),
    st.sampled_from(NAMES),
)
def test_no_judgment_of_the_unjudged_gives_more_than_the_bound(
    grades: dict[str, int], ranking: list[str], name: str
) -> None:
    """All ways to call the unjudged documents relevant or not are tried."""
    measure = Measure.parse(name)
    high = highest(Graded.of({"q": grades}, {"q": ranking}, ["q"]), measure)[0]
    unjudged = [uri for uri in ranking[: measure.cut] if uri not in grades]
    top = max([*grades.values(), measure.rel])
    reached = []
    for outcome in product([0, top], repeat=len(unjudged)):
        judged = {"q": grades | dict(zip(unjudged, outcome, strict=True))}
        reached.append(
            evaluate([measure], judged, {"q": ranking}, ["q"], own=True)[str(measure)][0]
        )
    assert max(reached) <= high + 1e-12
    assert high == pytest.approx(max(reached))


def test_condensed_lists_hold_judged_documents_only() -> None:
    assert condensed({"q": {"a": 0}}, {"q": ["x", "a"], "r": ["x"]}) == {"q": ["a"], "r": []}


def test_systems_that_were_not_judged_alike_are_warned_about() -> None:
    known = covered(["a", "b"], {"a": 1, "b": 0}, "AP")
    unknown = covered(["x", "y"], {"a": 1, "b": 0}, "AP").model_copy(update={"system": "b"})
    warning = coverage_warning([known, unknown])
    assert warning is not None
    assert warning.startswith("the judgments know 100% of the first 3 documents of a and 0% of b")
    assert coverage_warning([known, known]) is None
    assert coverage_warning([known]) is None
    assert coverage_warning([]) is None


def test_without_queries_everything_is_0() -> None:
    found = measure_coverage("a", [Measure.parse("AP")], {}, {}, [])
    assert (found.judged, found.unjudged, found.bounds["AP"].high) == (0.0, 0, 0.0)
