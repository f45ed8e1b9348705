"""Measures: ours equal ir-measures' on anything, small cases by hand, names that explain."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import InvalidConfig
from nuthatch_compare.inputs.judgments import Grades
from nuthatch_compare.inputs.runs import Rankings
from nuthatch_compare.measures import computation
from nuthatch_compare.measures.computation import (
    compute_measures,
    describe_library,
)
from nuthatch_compare.measures.measure import DEFAULT_MEASURES, KINDS, Measure

NAMES = [
    *("nDCG@1", "nDCG@10", "nDCG", "AP", "AP@3", "AP(rel=2)", "RR", "RR@3", "RR(rel=2)@10"),
    *("P@5", "P(rel=2)@5", "R@4", "R(rel=3)@10", "Success@1", "Success(rel=2)@5"),
    *("Judged@3", "Judged", "Bpref", "Bpref(rel=2)"),
]
QUERIES = st.sampled_from(["1", "2", "3"])
DOCUMENTS = st.sampled_from([f"d{number}" for number in range(14)])


def value(measure: str, grades: dict[str, int], ranking: list[str], own: bool) -> float:
    chosen = Measure.parse(measure)
    (found,) = compute_measures([chosen], {"q": grades}, {"q": ranking}, ["q"], own=own).values()
    return float(found[0])


@given(
    st.dictionaries(QUERIES, st.dictionaries(DOCUMENTS, st.integers(-2, 4))),
    st.dictionaries(QUERIES, st.lists(DOCUMENTS, unique=True)),
)
def test_ours_equal_those_of_ir_measures(grades: Grades, rankings: Rankings) -> None:
    measures = [Measure.parse(name) for name in NAMES]
    ours = compute_measures(measures, grades, rankings, ["1", "2", "3"], own=True)
    theirs = compute_measures(measures, grades, rankings, ["1", "2", "3"], own=False)
    assert list(ours) == list(theirs) == NAMES
    for name in NAMES:
        assert ours[name] == pytest.approx(theirs[name], abs=1e-12, nan_ok=True), name


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(
    ("measure", "grades", "ranking", "expected"),
    [
        ("nDCG", {"d1": 0, "d2": 1, "d3": 0}, ["d1", "d3", "d2"], 0.5),
        ("nDCG", {"d1": 0, "d2": 1, "d3": 0}, ["d1", "d2", "d3"], 0.6309297535714575),
        ("P@10", {"a": 1}, ["a"], 0.1),
        ("nDCG@10", dict.fromkeys("abcde", 1), ["a"], 0.3391602052736161),
        ("nDCG@10", {"r": 1}, ["x", "y", "r"], 0.5),
        ("Bpref", {"r": 1}, ["x", "y", "r"], 1.0),
        ("Judged@3", {"r": 1}, ["x", "y", "r"], 1 / 3),
        ("RBP(p=0.5)", {"a": 1, "b": 0, "c": 2}, ["a", "b", "c"], 0.625),
        ("RR@2", {"c": 1}, ["a", "b", "c"], 0.0),
    ],
)
def test_small_cases_by_hand(
    measure: str, grades: dict[str, int], ranking: list[str], expected: float, own: bool
) -> None:
    assert value(measure, grades, ranking, own) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("own", [True, False])
def test_a_query_without_an_answer_or_a_relevant_document_counts_nothing(own: bool) -> None:
    measures = [Measure.parse(name) for name in (*NAMES, "RBP")]
    grades = {"empty": {"a": 1}, "absent": {"a": 1}, "none": {"a": 0}}
    found = compute_measures(
        measures, grades, {"empty": [], "none": ["b"]}, ["empty", "absent", "none"], own=own
    )
    shares = [found.pop(name) for name in list(found) if name.startswith("Judged")]
    assert all(values.tolist() == [0, 0, 0] for values in found.values())
    # of a list without documents none is unjudged
    assert all(np.isnan(share).tolist() == [True, True, False] for share in shares)
    assert all(
        not len(values) for values in compute_measures(measures, {}, {}, [], own=own).values()
    )


@pytest.mark.parametrize("own", [True, None])
def test_grades_that_crash_trec_eval_do_no_harm(own: bool | None) -> None:
    """It crashes on a query all of whose grades are below 0, and fills memory up to the highest."""
    measures = [Measure.parse(name) for name in NAMES]
    grades = {"1": {"a": -1}, "2": {"a": 2**40, "b": -2}}
    for judged in ({"1": grades["1"]}, grades):
        found = compute_measures(
            measures, judged, {"1": ["a"], "2": ["b", "a"]}, ["1", "2"], own=own
        )
        assert found["RR"].tolist() == [0.0, 0.5 if "2" in judged else 0.0]
        assert found["Judged"].tolist() == [1.0, 1.0 if "2" in judged else 0.0]


@given(st.permutations([f"d{number}" for number in range(6)]), st.integers(0, 4))
def test_a_relevant_document_one_rank_higher_never_costs(order: list[str], at: int) -> None:
    grades = {"d0": 1, "d1": 1, "d2": 0, "d3": 0}
    one, other = order[at], order[at + 1]
    if grades.get(one, 0) >= grades.get(other, 0):
        return
    better = [*order[:at], other, one, *order[at + 2 :]]
    for name in (*NAMES, "RBP"):
        if Measure.parse(name).is_quality:
            assert value(name, grades, better, True) >= value(name, grades, order, True)


def test_a_document_twice_in_a_ranking_is_an_error_not_a_gain() -> None:
    with pytest.raises(InvalidConfig, match="holds a document more than once"):
        value("nDCG@10", {"a": 1}, ["a", "a"], True)


@pytest.mark.parametrize("name", [*NAMES, *DEFAULT_MEASURES, "RBP(p=0.95)@20", "RBP(rel=2, p=0.8)"])
def test_a_name_says_all_of_a_measure(name: str) -> None:
    assert str(Measure.parse(name)) == name
    kind, bracket, rest = name.partition("(" if "(" in name else "@")
    assert Measure.parse(f" {kind.lower()}{bracket}{rest} ") == Measure.parse(name)


def test_common_names_mean_what_they_mean_elsewhere() -> None:
    assert str(Measure.parse("mrr@10")) == "RR@10"
    assert str(Measure.parse("MAP")) == "AP"
    assert str(Measure.parse("RBP")) == "RBP(p=0.8)"


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nDGC@10", "there is nDCG"),
        ("zzz", "there is nDCG, AP, RR"),
        ("P", "needs a cut-off of 1 or more, such as P@10"),
        ("nDCG@0", "needs a cut-off of 1 or more, such as nDCG@10"),
        ("Bpref@10", "write Bpref"),
        ("P(rel=0)@5", "takes rel=2"),
        ("P(x=1)@5", "takes rel=2"),
        ("nDCG(rel=2)@5", "takes none"),
        ("RBP(p=1.5)", "takes rel=2 (a whole number of 1 or more) and p=0.8"),
        ("P(rel=two)@5", "takes rel=2"),
        ("P@@5", "names no measure"),
    ],
)
def test_a_wrong_name_is_told_what_would_do(name: str, told: str) -> None:
    with pytest.raises(InvalidConfig) as error:
        Measure.parse(name)
    assert told in str(error.value)


def test_every_measure_is_defined_with_its_parameters() -> None:
    assert "over the first 10 ranks" in Measure.parse("nDCG@10").definition
    assert "relevant is grade 2 or more" in Measure.parse("P(rel=2)@5").definition
    assert "p = 0.8" in Measure.parse("RBP").definition
    assert all("{" not in Measure(kind, 3, p=0.5).definition for kind in KINDS)
    assert describe_library().startswith("ir-measures ")


def test_values_are_arrays_in_the_order_of_the_queries() -> None:
    grades = {"1": {"a": 1}, "2": {"a": 1}}
    found = compute_measures(
        [Measure.parse("RR")], grades, {"1": ["b", "a"], "2": ["a"]}, ["2", "1"]
    )
    assert isinstance(found["RR"], np.ndarray)
    assert found["RR"].tolist() == [1.0, 0.5]


def test_without_ir_measures_ours_are_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pytrec_eval", None)  # as where it has no wheel
    computation._import_library.cache_clear()
    try:
        assert describe_library().startswith("nuthatch-compare ")
        found = compute_measures([Measure.parse("RR")], {"1": {"a": 1}}, {"1": ["b", "a"]}, ["1"])
        assert found["RR"].tolist() == [0.5]
        with pytest.raises(ModuleNotFoundError):
            compute_measures([Measure.parse("RR")], {}, {}, [], own=False)
    finally:
        computation._import_library.cache_clear()
