"""Agreement without judgments: small cases by hand, and what must hold for any two systems."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import InvalidConfig
from nuthatch_compare.measures.agreement import (
    RankedAnswers,
    compare_answers,
    jaccard,
    overlap,
    rank_shift,
    tau_ap,
)

RANKINGS = st.lists(st.sampled_from("abcdefgh"), unique=True)


def test_small_cases_by_hand() -> None:
    assert overlap("abcd", "bcxy", 3) == pytest.approx(2 / 3)
    assert overlap("abcd", "a", 3) == pytest.approx(1 / 3)  # by the longer list
    assert jaccard("abcd", "bcxy", 4) == pytest.approx(2 / 6)
    assert rank_shift("abc", "cab") == pytest.approx(4 / 3)
    assert rank_shift("ab", "xy") is None


def test_tau_ap_weighs_the_top() -> None:
    assert tau_ap("abcd", "abcd") == 1.0
    assert tau_ap("abcd", "dcba") == -1.0
    top, bottom = tau_ap("abcd", "bacd"), tau_ap("abcd", "abdc")
    # C = 0, 2, 3 of 1, 2, 3 above; then 1, 2, 2 of them: 2/3 · Σ − 1
    assert top == pytest.approx(2 / 3 * (0 + 1 + 1) - 1)
    assert bottom == pytest.approx(2 / 3 * (1 + 1 + 2 / 3) - 1)
    assert tau_ap("abc", "axy") is None
    assert tau_ap("axbyc", "zabc") == 1.0


@given(RANKINGS, RANKINGS)
def test_values_are_symmetric_and_within_their_ranges(one: list[str], other: list[str]) -> None:
    for measure in (lambda a, b: overlap(a, b, 5), lambda a, b: jaccard(a, b, 5)):
        assert measure(one, other) == measure(other, one)
        assert 0 <= measure(one, other) <= 1
        assert measure(one, one) == 1
    there, back = tau_ap(one, other), tau_ap(other, one)
    assert there == back or there == pytest.approx(back)
    assert there is None or -1 - 1e-9 <= there <= 1 + 1e-9


def test_the_summary_counts_what_cannot_be_averaged() -> None:
    a = RankedAnswers("a", {"1": ["x", "y"], "2": ["x"], "3": [], "4": ["x"]})
    b = RankedAnswers("b", {"1": ["x", "z"], "2": [], "4": ["x"]}, {"1": [2.0, 2.0], "4": [1.0]})
    found = compare_answers(a, b, ["1", "2", "3", "4"], k=1)
    assert (found.only_a_empty, found.only_b_empty, found.both_empty) == (0, 1, 1)
    assert (found.same_top, found.same_list, found.overlap) == (0.75, 0.75, 0.75)
    assert (found.tau_ap, found.tau_queries, found.rank_shift) == (None, 0, 0.0)
    assert found.ties_at_cut == (None, 0.25)
    assert [query.query for query in found.per_query] == ["1", "2", "3", "4"]
    assert found.rbo_low <= found.rbo <= found.rbo_high
    assert type(found).model_validate_json(found.model_dump_json()) == found


def test_ties_that_were_broken_by_name_are_no_agreement() -> None:
    """Both engines give one score to all: their common order says nothing."""
    lists = {"1": list("abcdefgh")}
    flat = {"1": [1.0] * 8}
    sharp = compare_answers(RankedAnswers("a", lists), RankedAnswers("b", lists), ["1"])
    tied = compare_answers(RankedAnswers("a", lists, flat), RankedAnswers("b", lists, flat), ["1"])
    assert sharp.rbo == pytest.approx(1.0)
    assert tied.rbo < 0.8


@pytest.mark.parametrize(("queries", "k", "p"), [([], 10, 0.9), (["1"], 0, 0.9), (["1"], 10, 1.0)])
def test_what_makes_no_sense_is_told(queries: list[str], k: int, p: float) -> None:
    nobody = RankedAnswers("a", {})
    with pytest.raises(InvalidConfig, match="agreement needs queries"):
        compare_answers(nobody, nobody, queries, k=k, p=p)
