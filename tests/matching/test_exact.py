"""`exact` is a promise: the hits are those of `ranked`, score by score, in the same order."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import AnyOf, Document, IntegerField, Results, Schema
from support.few_words import corpora, queries, words

SCHEMA = Schema(analyzer="ascii", fields=(IntegerField("year"),))


def index_of(documents: list[Document], budget: int | None = 0) -> nuthatch.LexicalBackend:
    index = nuthatch.open("memory:", schema=SCHEMA, budget=budget)
    index.add(documents)
    return index


def answer(results: Results) -> list[tuple[str, int, float]]:
    return [(hit.document_uri, hit.chunk_idx, hit.score) for hit in results]


filters = st.none() | st.lists(st.integers(1, 3), min_size=1, max_size=2).map(
    lambda years: [AnyOf("year", years)]
)


@given(
    corpora(max_size=6),
    queries,
    st.lists(words | st.just("unknown"), max_size=2),
    st.sampled_from(["auto", "ladder", "ranked"]),
    filters,
    st.integers(1, 7),
    st.integers(0, 12),
)
def test_an_exact_answer_is_the_ranked_one(
    documents: list[Document],
    text: str,
    extras: list[str],
    policy: Any,
    conditions: Any,
    limit: int,
    budget: int,
) -> None:
    index = index_of(documents, budget)
    asked: dict[str, Any] = {"extra_or_tokens": extras, "filters": conditions}
    found = index.search(text + " unknown", limit, policy=policy, **asked)
    if found.exact:
        ranked = index.search(text + " unknown", limit, policy="ranked", **asked)
        assert answer(found) == answer(ranked)


@pytest.mark.parametrize("text", ["aa", "aa aa", "unknown aa", "aa unknown", "the aa"])
def test_a_ladder_over_one_known_token_is_exact(text: str) -> None:
    index = index_of([Document("x", text="aa aa"), Document("y", text="aa bb")])
    results = index.search(text, policy="ladder")
    assert (results.ran, results.exact, len(results)) == ("ladder", True, 2)


@pytest.mark.parametrize(
    ("documents", "text", "exact"),
    [
        ([("x", "aa bb"), ("y", "aa")], "aa bb", False),  # the conjunction leaves y out
        ([("x", "aa"), ("y", "bb")], "aa bb", False),  # filled up, rung by rung
        ([("x", "aa"), ("y", "ccc aa")], "unknown ccc aa", True),  # the fallback holds all
        ([("x", "aa"), ("y", "ccc aa")], "unknown ccc aa aa", True),  # as often as in ranked
        ([("x", "aa"), ("y", "ccc aa")], "unknown ccc" + 5 * " aa", False),  # one is left out
        ([("x", "zz")], "aa bb", True),  # nothing can match, and nothing does
        ([], "aa", True),
    ],
)
def test_auto_beyond_its_budget_is_exact_only_where_that_is_certain(
    documents: list[tuple[str, str]], text: str, exact: bool
) -> None:
    index = index_of([Document(uri, text=body) for uri, body in documents])
    assert index.search(text).exact is exact


@pytest.mark.parametrize(
    ("text", "exact"), [("aa", True), ("aa aa bb", True), (5 * "aa " + "bb", False)]
)
def test_no_hits_after_filters_are_exact_if_the_last_rung_is_as_good_as_ranked(
    text: str, exact: bool
) -> None:
    index = index_of([Document("x", text="aa bb", fields={"year": 1})])
    results = index.search(text, filters=[AnyOf("year", [2])], policy="ladder")
    assert (len(results), results.exact) == (0, exact)


def test_ties_that_only_rounding_breaks_are_broken_alike() -> None:
    """Sums of the same parts in another order differ in the last bit, and so would the order.

    Three tokens of equal weight in every arrangement of frequencies: in real numbers all
    documents score the same.
    """
    tokens = ("aa", "ccc", "eeee")
    documents = [
        Document(
            str(counts), text=" ".join(f"{t} " * n for t, n in zip(tokens, counts, strict=True))
        )
        for counts in permutations((1, 2, 3))
    ]
    index = index_of(documents)
    found = index.search("aa ccc eeee unknown", policy="ladder")
    ranked = index.search("aa ccc eeee unknown", policy="ranked")
    assert found.exact
    assert [attempt.operator for attempt in found.attempts][-1] == "OR"
    assert answer(found) == answer(ranked)
    assert len({hit.score for hit in ranked}) > 1
