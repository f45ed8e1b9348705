"""The policies on this engine: what `auto` may rank, how it fills up, when it is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import AnyOf, Document, Filter, LexicalBackend, Results, Schema
from support.corpora import queries, seeded_documents
from support.strategies import DOCUMENTS, FILTERS, QUERY, SCHEMA

Chunk = tuple[str, int, float]


@pytest.fixture(scope="module")
def index(seeded_path: Path) -> Iterator[LexicalBackend]:
    with nuthatch.open(f"sqlite:{seeded_path}") as index:
        yield index


def with_budget(index: LexicalBackend, budget: int | None) -> None:
    index.config = index.config.model_copy(update={"budget": budget})


def chunks(results: Results) -> list[Chunk]:
    return [(hit.document_uri, hit.chunk_idx, hit.score) for hit in results]


def test_the_budget_is_met_to_the_posting(index: LexicalBackend) -> None:
    """cost = Σ df over the distinct tokens that the index knows; one posting less is too little."""
    for text in queries(11, 60, seeded_documents()):
        frequencies = dict(index.search(text, policy="ladder").frequencies)
        tokens = set(index.search(text).query.tokens)
        cost = sum(frequencies[token] for token in tokens)
        if not cost:
            continue
        for budget, ran in ((cost, "ranked"), (None, "ranked"), (cost - 1, "ladder")):
            with_budget(index, budget)
            for filters in ([], [AnyOf("lang", ["de"])]):
                results = index.search(text, filters=filters)
                assert (results.policy, results.ran) == ("auto", ran)
                if ran == "ranked":
                    asked = index.search(text, filters=filters, policy="ranked")
                    assert chunks(results) == chunks(asked)
                    assert results.exact
    with_budget(index, 2_000_000)


def test_over_budget_auto_begins_as_the_ladder_and_fills_up(index: LexicalBackend) -> None:
    """Rung by rung, each after the one before, no chunk twice, and as many as there are."""
    with_budget(index, 0)
    for text in queries(12, 60, seeded_documents()):
        auto = index.search(text, 1000)
        climbed = index.search(text, 1000, policy="ladder")
        if not auto.frequencies or not any(df for _, df in auto.frequencies):
            continue
        assert chunks(auto)[: len(climbed)] == chunks(climbed)
        rungs = [hit.rung for hit in auto]
        assert rungs == sorted(rungs)
        assert len({chunk[:2] for chunk in chunks(auto)}) == len(auto)
        for rung in set(rungs):
            scores = [hit.score for hit in auto if hit.rung == rung]
            assert scores == sorted(scores, reverse=True)
        for limit in (1, 3, 10, 50):
            assert chunks(index.search(text, limit)) == chunks(auto)[:limit]
    with_budget(index, 2_000_000)


def test_a_query_of_unknown_words_lives_on_its_synonyms(index: LexicalBackend) -> None:
    """U is empty: only the fallback with the extras is tried."""
    word = seeded_documents()[3].text.split()[0]
    results = index.search("unheardof", extra_or_tokens=[word])
    assert results.ran == "ladder"
    assert results.attempts[-1].tokens == (word,)
    assert len(results) > 0
    assert len(index.search("unheardof")) == 0


@given(
    SCHEMA,
    DOCUMENTS,
    QUERY,
    FILTERS,
    st.integers(0, 30),
    st.integers(1, 6),
    st.sampled_from(("ladder", "auto", "ranked")),
    st.lists(st.sampled_from(("ant", "wolf", "unicorn")), max_size=2),
)
def test_exact_is_never_said_of_another_list_than_ranked_gives(
    twins: Callable[..., Any],
    schema: Schema,
    documents: list[Document],
    query: str,
    filters: list[Filter],
    budget: int,
    limit: int,
    policy: Any,
    extras: list[str],
) -> None:
    """`exact` is a promise: same chunks, same order, same scores as `ranked`."""
    with twins(schema, documents, budget=budget) as (sqlite, _):
        options: dict[str, Any] = {"filters": filters, "extra_or_tokens": extras}
        for _ in range(2):
            results = sqlite.search(query, limit, policy=policy, **options)
            ranked = sqlite.search(query, limit, policy="ranked", **options)
            assert ranked.exact
            if results.exact:
                assert [chunk[:2] for chunk in chunks(results)] == [
                    chunk[:2] for chunk in chunks(ranked)
                ]
                assert [hit.score for hit in results] == pytest.approx(
                    [hit.score for hit in ranked], rel=1e-12
                )


@pytest.mark.parametrize("cache_bytes", [0, 2**20])
@pytest.mark.parametrize("offset", [10, 2**31 - 1, 2**31, 2**63, 10**30])
@pytest.mark.parametrize(
    "options",
    [{}, {"policy": "ladder"}, {"policy": "all"}, {"collapse": True}, {"sort": "-score"}],
    ids=repr,
)
def test_nothing_comes_after_the_last_hit_however_far_the_offset_is(
    tmp_path: Path, cache_bytes: int, offset: int, options: dict[str, Any]
) -> None:
    url = f"sqlite:{tmp_path}/index.db?cache_bytes={cache_bytes}"
    with nuthatch.open(url, create=True) as index:
        index.add([Document("a", "", "heat wave"), Document("b", "", "heat")])
        assert len(index.search("heat", 10**30, **options)) == 2
        assert [*index.search("heat", 5, offset=offset, **options)] == []
        assert index.search("heat", 10**30, offset=offset, count=True, **options).total == 2


def test_collapse_keeps_a_documents_best_chunk(tmp_path: Path) -> None:
    """As many documents as asked for, each by its best chunk, best first."""
    schema = Schema(chunker="words:5:2")
    with nuthatch.open(f"sqlite:{tmp_path}/i", create=True, schema=schema) as index:
        index.add(
            Document(f"d{n}", "", " ".join(["wolf", *["cat"] * (n % 7), "horse"] * 8))
            for n in range(30)
        )
        every = index.search("wolf cat", 10_000, policy="ranked")
        best: dict[str, Chunk] = {}
        for chunk in chunks(every):
            best.setdefault(chunk[0], chunk)
        for limit in (1, 5, 30, 100):
            query = nuthatch.TextQuery("wolf cat", limit=limit, policy="ranked", collapse=True)
            assert chunks(index.search(query)) == list(best.values())[:limit]
