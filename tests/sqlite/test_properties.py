"""What must always hold, for any documents and query, against the memory backend.

Its idf is another, so sets are compared with it and scores with BM25 spelt out in the test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import Document, Filter, LexicalBackend, Rung, Schema
from nuthatch.pipeline.indexing import DocumentAnalyzer
from support.bm25 import fts5_scores
from support.strategies import DOCUMENTS, FILTERS, HOSTILE, QUERY, SCHEMA, WORD

ALL = 10_000
Chunk = tuple[str, int]
Twins = Callable[..., Any]
TOKENS = st.lists(st.one_of(WORD, st.just("unicorn")), min_size=1, max_size=4).map(tuple)
CACHES = st.sampled_from((0, 3000, 2**20))


def found(index: LexicalBackend, rung: Rung, filters: Sequence[Filter] = ()) -> dict[Chunk, float]:
    """What a rung matches, as chunks with scores."""
    with index.reader() as reader:
        candidates = reader.match(rung, filters, ALL).candidates
        stored = reader.fetch([candidate.key for candidate in candidates], False)
    chunks = [(row.uri, row.chunk_idx) for row in stored]
    assert len(set(chunks)) == len(chunks)
    return {chunk: each.score for chunk, each in zip(chunks, candidates, strict=True)}


def brute_force(schema: Schema, index: LexicalBackend, rung: Rung) -> dict[Chunk, float]:
    """The rung's matches and FTS5's scores from nothing but the documents."""
    preparer = DocumentAnalyzer(schema, index.analyzer)
    chunks = [
        ((document.uri, number), chunk.tokens)
        for document in index.documents()
        for number, chunk in enumerate(preparer.prepare(document).chunks)
    ]
    holds = all if rung.operator == "AND" else any
    if not chunks or not any(tokens for _, tokens in chunks):
        return {}
    scores = fts5_scores([tokens for _, tokens in chunks], rung.words)
    return {
        name: score
        for (name, tokens), score in zip(chunks, scores, strict=True)
        if holds(token in tokens for token in rung.words)
    }


@given(SCHEMA, DOCUMENTS, TOKENS, FILTERS, CACHES)
def test_a_rung_matches_what_the_memory_backend_matches(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    tokens: tuple[str, ...],
    filters: list[Filter],
    cache_bytes: int,
) -> None:
    """AND ⊆ each token ⊆ OR; filtered or not; three times, as caches warm up."""
    with twins(schema, documents, cache_bytes=cache_bytes) as (sqlite, memory):
        for _ in range(3):
            for given_filters in ([], filters):
                every = found(sqlite, Rung.of("AND", tokens), given_filters)
                some = found(sqlite, Rung.of("OR", tokens), given_filters)
                assert every.keys() == found(memory, Rung.of("AND", tokens), given_filters).keys()
                assert some.keys() == found(memory, Rung.of("OR", tokens), given_filters).keys()
                for token in tokens:
                    one = found(sqlite, Rung.of("AND", (token,)), given_filters)
                    assert every.keys() <= one.keys() <= some.keys()


@given(SCHEMA, DOCUMENTS, TOKENS, st.sampled_from(("AND", "OR")), CACHES)
def test_scores_are_those_of_the_formula(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    tokens: tuple[str, ...],
    operator: Any,
    cache_bytes: int,
) -> None:
    """BM25 with FTS5's idf over the chunks that are there now, after deletions and replacements."""
    rung = Rung.of(operator, tokens)
    with twins(schema, documents, cache_bytes=cache_bytes) as (sqlite, _):
        for step in range(3):
            assert found(sqlite, rung) == pytest.approx(brute_force(schema, sqlite, rung), rel=1e-9)
            if step == 1:
                sqlite.delete(document.uri for document in documents[::3])
                sqlite.add(Document(item.uri, "cat", item.text) for item in documents[1::3])


@given(SCHEMA, DOCUMENTS, QUERY, FILTERS, st.sampled_from(("ranked", "ladder", "auto")))
def test_a_bigger_limit_extends_the_list(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    query: str,
    filters: list[Filter],
    policy: Any,
) -> None:
    """The order is total: what a smaller limit gives is the beginning of what a larger gives."""
    for budget in (0, 2_000_000):
        with twins(schema, documents, budget=budget) as (sqlite, _):
            lists = [
                [
                    (h.document_uri, h.chunk_idx, h.score)
                    for h in sqlite.search(query, limit, policy=policy, filters=filters)
                ]
                for limit in (1, 2, 3, 5, 8, ALL)
            ]
        for limit, hits in zip((1, 2, 3, 5, 8), lists, strict=False):
            assert hits == lists[-1][:limit]


@given(SCHEMA, DOCUMENTS, QUERY, FILTERS)
def test_a_filter_is_a_filter_of_the_answer(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    query: str,
    filters: list[Filter],
) -> None:
    """For `ranked`: the same hits with the same scores in the same order, less what fails."""
    with twins(schema, documents) as (sqlite, memory):
        passing = {
            hit.document_uri for hit in memory.search(query, ALL, policy="ranked", filters=filters)
        }
        everything = sqlite.search(query, ALL, policy="ranked")
        filtered = sqlite.search(query, ALL, policy="ranked", filters=filters)
        assert list(filtered) == [hit for hit in everything if hit.document_uri in passing]


@given(SCHEMA, DOCUMENTS, TOKENS, st.sampled_from(("AND", "OR")))
def test_adding_an_unrelated_document_keeps_the_hits(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    tokens: tuple[str, ...],
    operator: Any,
) -> None:
    """Scores may move, the set does not."""
    rung = Rung.of(operator, tokens)
    with twins(schema, documents) as (sqlite, _):
        before = found(sqlite, rung)
        sqlite.add(Document("unrelated", "zebra", "zebra crossing " * 10))
        assert found(sqlite, rung).keys() == before.keys()
        assert {"unrelated"} == {uri for uri, _ in found(sqlite, Rung.of("OR", ("zebra",)))}


@given(SCHEMA, DOCUMENTS.filter(bool), TOKENS)
def test_deleting_removes_exactly_one_document(
    twins: Twins, schema: Schema, documents: list[Document], tokens: tuple[str, ...]
) -> None:
    """Its chunks go, all others stay; adding it again brings them back."""
    rung = Rung.of("OR", tokens)
    with twins(schema, documents) as (sqlite, _):
        gone = documents[0].uri
        whole = sqlite.get(gone)
        before, fingerprint = found(sqlite, rung), sqlite.info(fingerprint=True).corpus_fingerprint
        assert sqlite.delete(gone) == 1
        left = {chunk for chunk in before if chunk[0] != gone}
        assert found(sqlite, rung).keys() == left
        assert sqlite.get(gone) is None
        assert sqlite.check() == []
        sqlite.add(whole)
        assert found(sqlite, rung) == pytest.approx(before)
        assert sqlite.info(fingerprint=True).corpus_fingerprint == fingerprint


@given(SCHEMA, DOCUMENTS, TOKENS, st.integers(0, 1000), st.integers(1, 5))
def test_the_order_of_addition_changes_no_set(
    twins: Twins,
    schema: Schema,
    documents: list[Document],
    tokens: tuple[str, ...],
    seed: int,
    batch: int,
) -> None:
    """Nor the fingerprint, nor any score; nor does the size of the batches."""
    distinct = list({document.uri: document for document in documents}.values())
    shuffled = list(distinct)
    Random(seed).shuffle(shuffled)
    rung = Rung.of("OR", tokens)
    with twins(schema, distinct) as (one, _), twins(schema) as (other, _):
        other.add(shuffled, batch=batch)
        assert found(one, rung) == pytest.approx(found(other, rung))
        assert (
            one.info(fingerprint=True).corpus_fingerprint
            == other.info(fingerprint=True).corpus_fingerprint
        )


@given(SCHEMA, DOCUMENTS, QUERY)
def test_optimizing_and_reopening_change_no_answer(
    twins: Twins, schema: Schema, documents: list[Document], query: str
) -> None:
    """Settled on disk or not: the same hits, and the index stays sound."""
    with twins(schema, documents) as (sqlite, _):
        before = [sqlite.search(query, policy=policy).hits for policy in ("ranked", "ladder")]
        sqlite.optimize()
        after = [sqlite.search(query, policy=policy).hits for policy in ("ranked", "ladder")]
        assert after == before
        assert sqlite.check() == []


@given(SCHEMA, DOCUMENTS, st.one_of(QUERY, HOSTILE), st.sampled_from(("ranked", "ladder", "auto")))
def test_a_search_finds_what_the_memory_backend_finds(
    twins: Twins, schema: Schema, documents: list[Document], query: str, policy: Any
) -> None:
    """Whole searches: the same rungs are tried, the same ones win, with the same chunks."""
    with twins(schema, documents, budget=7) as (sqlite, memory):
        memory.config = memory.config.model_copy(update={"budget": 7})
        for _ in range(3):
            ours = sqlite.search(query, ALL, policy=policy)
            theirs = memory.search(query, ALL, policy=policy)
            assert {(h.document_uri, h.chunk_idx, h.rung) for h in ours} == {
                (h.document_uri, h.chunk_idx, h.rung) for h in theirs
            }
            assert [(a.operator, a.tokens, bool(a.matched)) for a in ours.attempts] == [
                (a.operator, a.tokens, bool(a.matched)) for a in theirs.attempts
            ]
            assert (ours.ran, ours.exact, ours.query) == (theirs.ran, theirs.exact, theirs.query)
            assert dict(ours.frequencies) == dict(theirs.frequencies)
