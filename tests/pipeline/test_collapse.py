"""Collapsing: a document is found once, by its best chunk, and as many documents as asked for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import Document, Hit, Schema, TextQuery
from nuthatch.memory import MemoryReader
from support.few_words import corpora, queries, sentences

CHUNKED = Schema(chunker="words:2:0")
long_texts = st.lists(sentences, max_size=4).map(" ".join)


def best_chunks(hits: Any) -> list[Hit]:
    """Keep the first hit of each document, spelt out."""
    return [
        hit
        for at, hit in enumerate(hits)
        if all(h.document_uri != hit.document_uri for h in hits[:at])
    ]


@pytest.mark.parametrize("policy", ["ranked", "ladder", "auto"])
@given(corpora(text=long_texts), queries, st.integers(1, 6))
def test_collapsing_keeps_the_best_chunk_of_each_document(
    policy: Any, documents: list[Document], text: str, limit: int
) -> None:
    with nuthatch.open("memory:", schema=CHUNKED, budget=5) as index:
        index.add(documents)
        everything = index.search(TextQuery(text, policy=policy), 10_000)
        collapsed = index.search(TextQuery(text, collapse=True, policy=policy), limit)
    assert [(hit.document_uri, hit.chunk_idx) for hit in collapsed] == [
        (hit.document_uri, hit.chunk_idx) for hit in best_chunks(everything)[:limit]
    ]


def test_it_asks_deeper_until_enough_documents_are_found() -> None:
    """One long document may fill the first hundred places with its chunks."""
    with nuthatch.open("memory:", schema=CHUNKED) as index:
        index.add(Document("long", text="heat heat " * 100))
        index.add(Document(f"short{n}", text="heat and more") for n in range(5))
        plain = index.search("heat", 3)
        assert {hit.document_uri for hit in plain} == {"long"}
        collapsed = index.search(TextQuery("heat", collapse=True), 3)
    assert [hit.document_uri for hit in collapsed] == ["long", "short0", "short1"]


def test_a_collapsed_answer_never_claims_to_equal_the_ranked_chunks() -> None:
    with nuthatch.open("memory:") as index:
        index.add(Document("a", text="heat"))
        assert index.search("heat").exact is True
        assert index.search(TextQuery("heat", collapse=True)).exact is False


def test_it_never_asks_for_more_than_the_engine_gives(make_backend: Any) -> None:
    class Bounded(MemoryReader):
        def match(self, rung: Any, filters: Any, limit: int) -> Any:
            assert limit <= 10
            return super().match(rung, filters, limit)

    backend = make_backend(Bounded, max_limit=10)
    object.__setattr__(backend, "schema", CHUNKED)
    backend.add(Document("long", text="heat heat " * 100))
    backend.add(Document("short", text="heat and more"))
    results = backend.search(TextQuery("heat", collapse=True), 3)
    assert [hit.document_uri for hit in results] == ["long"]
    assert results.notes == ("varied gives no more than 10 chunks; more may match",)
