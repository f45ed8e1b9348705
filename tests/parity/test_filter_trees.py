"""Trees of filters let the same documents pass on every engine as in memory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import Document, EntityQuery, Filter, LexicalBackend, TextQuery
from nuthatch_conformance.filter_trees import TREE_SCHEMA, trees, typed_documents

from .engines import Engine

FEW = settings(
    max_examples=max(20, settings().max_examples // 4),
    phases=set(Phase) - {Phase.shrink},  # examples are small, and each takes an index
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
QUERIES = (
    TextQuery("aa bb", policy="ranked"),
    TextQuery("aa bb", policy="ladder", collapse=True),
    TextQuery("bb", policy="auto"),
    EntityQuery(titles=["aa"]),
    EntityQuery(include={"people": ["Ann Lee", "Bob"]}, exclude={"studios": ["warner"]}),
)


def search(index: LexicalBackend, query: Any, filters: Any) -> list[object]:
    """Return the hits, those of equal score in the order of documents."""
    hits = index.search(query, 200, filters=filters)
    return sorted((-round(hit.score, 6), hit.document_uri, hit.chunk_idx) for hit in hits)


def names(index: LexicalBackend, query: Any, filters: Any) -> list[object]:
    """Return the chunks found, of collapsed hits the documents: which chunk is best may differ."""
    hits = index.search(query, 200, filters=filters)
    return sorted((hit.document_uri, 0 if query.collapse else hit.chunk_idx) for hit in hits)


@pytest.mark.parametrize("options", [{}, {"cache_bytes": 0}], ids=["", "uncached"])
@FEW
@given(
    documents=typed_documents(max_size=10),
    filters=st.lists(st.lists(trees, min_size=1, max_size=2), min_size=6, max_size=10),
)
def test_trees_let_the_same_documents_pass(
    engine: Engine, options: dict[str, int], documents: list[Document], filters: list[list[Filter]]
) -> None:
    if options and engine.name == "tantivy":
        options = {}
    with (
        engine.index(TREE_SCHEMA, **options) as index,
        nuthatch.open("memory:", schema=TREE_SCHEMA) as memory,
    ):
        for searched in (index, memory):
            searched.add(documents)
            searched.add([Document("gone", "aa", "bb aa", {"sizes": 1, "people": "Bob"})])
            searched.delete("gone")
        for number, some in enumerate(filters):
            query = QUERIES[number % len(QUERIES)]
            compare = search if isinstance(query, EntityQuery) else names
            for _ in range(2):  # the second is served from caches
                assert compare(index, query, some) == compare(memory, query, some), (query, some)
