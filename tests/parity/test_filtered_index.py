"""An index that is opened with filters answers as one that is searched with them, on every engine.

The plain index that is given the filters with each search is the oracle; that engines agree with
memory on filters is tested beside this.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import nuthatch
from nuthatch import (
    Document,
    EntityQuery,
    Facet,
    Filter,
    FilteredIndex,
    InvalidQuery,
    KeywordField,
    MatchAll,
    Results,
    Schema,
    TextQuery,
    check_filters,
    matches_filter,
    values_by_field,
)
from nuthatch_conformance.filter_trees import TREE_SCHEMA, trees, typed_documents

from .engines import Engine

FEW = settings(
    max_examples=max(15, settings().max_examples // 4),
    phases=set(Phase) - {Phase.shrink},
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SORTED: dict[str, Any] = {"sort": ["-sizes", "uri"], "facets": ["tags", "seen"], "count": True}
QUERIES = (
    TextQuery("aa bb"),
    TextQuery("aa bb", policy="ladder", collapse=True),
    TextQuery("bb", policy="all", **SORTED),
    EntityQuery(titles=["aa"], count=True),
    EntityQuery(include={"people": ["Ann Lee", "Bob"]}, facets=["released"]),
    MatchAll(**SORTED),
)


def told(results: Results) -> tuple[object, ...]:
    """Return all of an answer but the times."""
    hits = [hit.model_dump() for hit in results]
    attempts = [replace(attempt, ms=0) for attempt in results.attempts]
    facets = {name: list(counts) for name, counts in results.facets.items()}
    return hits, attempts, facets, results.total, results.exact, results.notes


@FEW
@given(
    documents=typed_documents(max_size=8),
    opened=st.lists(st.lists(trees, max_size=2), min_size=3, max_size=4),
    searched=st.lists(trees, max_size=1),
)
def test_every_answer_is_that_of_the_plain_index_with_the_filters_added(
    engine: Engine, documents: list[Document], opened: list[list[Filter]], searched: list[Filter]
) -> None:
    with engine.index(TREE_SCHEMA) as index:
        index.add(documents)
        for conditions in opened:
            view = FilteredIndex(index, conditions)
            for query in QUERIES:
                both = replace(query, filters=[*conditions, *searched])
                own = replace(query, filters=searched)
                assert told(view.search(own)) == told(index.search(both)), (query, conditions)
            own, both = TextQuery("aa", filters=searched), [*conditions, *searched]
            found = asyncio.run(view.search_async(own, 3))
            assert told(found) == told(index.search(TextQuery("aa", filters=both), 3))
            checked = check_filters(TREE_SCHEMA, conditions)
            passing = [
                row
                for row in index.documents()
                if all(
                    matches_filter(TREE_SCHEMA, values_by_field(TREE_SCHEMA, row), condition)
                    for condition in checked
                )
            ]
            assert list(view.documents()) == passing
            for row in documents:
                assert view.get(row.uri) == (index.get(row.uri) if row in passing else None)
                assert view.chunks(row.uri) == (index.chunks(row.uri) if row in passing else [])


@FEW
@given(
    documents=typed_documents(max_size=8),
    condition=trees,
    searched=st.lists(trees, max_size=2),
    field=st.sampled_from(["tags", "sizes", "seen", "released"]),
)
def test_an_open_facet_leaves_out_the_filters_of_the_search_alone(
    engine: Engine,
    documents: list[Document],
    condition: Filter,
    searched: list[Filter],
    field: str,
) -> None:
    """The oracle is an index that holds nothing but what passes."""
    checked = check_filters(TREE_SCHEMA, condition)
    with (
        engine.index(TREE_SCHEMA) as index,
        nuthatch.open("memory:", schema=TREE_SCHEMA) as alone,
    ):
        index.add(documents)
        for row in documents:
            values = values_by_field(TREE_SCHEMA, row)
            if all(matches_filter(TREE_SCHEMA, values, one) for one in checked):
                alone.add(row)
        view = FilteredIndex(index, condition)
        facet = Facet(field, size=50, without_own_filter=True)
        for query in (MatchAll(facets=facet, count=True), TextQuery("aa", facets=[facet])):
            try:
                expected = alone.search(query, filters=searched)
            except InvalidQuery:  # a filter of the search names the field beside others
                continue
            results = view.search(query, filters=searched)
            assert list(results.facets[field]) == list(expected.facets[field])
            assert not query.count or results.total == expected.total


def test_a_tenant_neither_sees_nor_changes_what_is_another_s(engine: Engine) -> None:
    schema = Schema(fields=(KeywordField("tenant"),))
    with engine.place() as url:
        with nuthatch.open(url, create="new", schema=schema, filters="tenant=a") as ours:
            ours.add([Document("a1", "fox", "", {"tenant": "a"})])
        with nuthatch.open(url, filters="tenant=b") as theirs:
            theirs.add([Document("b1", "fox", "", {"tenant": "b"})])
            theirs.optimize()
            assert theirs.delete(["a1"]) == 0
            refused: list[object] = []
            theirs.add([Document("a1", "", "", {"tenant": "b"})], on_error=refused.append)
            assert len(refused) == 1
            assert [hit.document_uri for hit in theirs.search("fox")] == ["b1"]
            assert theirs.info().documents == 1
        with nuthatch.open(url) as index:
            assert index.get("a1") == Document("a1", "fox", "", {"tenant": "a"})
