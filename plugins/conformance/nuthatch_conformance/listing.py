"""What a search may list and count, as Hypothesis draws it, and the answers by brute force.

    order     ("-sizes", "uri")              sort_documents
    facets    tags, seen, …                  count_values
    page      hits, total and facets         describe_list

The documents and their schema are those of `filter_trees`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Final

from hypothesis import strategies as st

from nuthatch import (
    Document,
    FacetCount,
    FilterValue,
    MatchAll,
    Range,
    Results,
    values_by_field,
)
from nuthatch_conformance.corpora import policies
from nuthatch_conformance.filter_trees import TREE_SCHEMA
from nuthatch_conformance.observe import ChunkName, name_chunks

#: The same fields, and each document is one chunk.
WHOLE_SCHEMA = TREE_SCHEMA.model_copy(update={"chunker": "whole"})
#: The fields that have facets and an order.
FIELDS: Final = ("tags", "sizes", "rating", "seen", "released", "added")
#: Ranges that lists meet by several values, by none, and in part.
SIZE_RANGES: Final = (Range("sizes", lte=0), Range("sizes", gt=0, lt=2), Range("sizes", gte=2))

schemas = st.sampled_from([TREE_SCHEMA, WHOLE_SCHEMA])
#: Texts that match all chunks, some of them, or none; and browsing, which has no policy.
texts = st.sampled_from(["aa", "bb", "bb cc", "aa bb", "cc"])
text_searches = st.fixed_dictionaries({"query": texts, "policy": policies})
searches = text_searches | st.just({"query": MatchAll()})
_keys = st.sampled_from(FIELDS).flatmap(lambda name: st.sampled_from([name, f"-{name}"]))
#: Orders that leave no ties, so that engines can be compared.
orders = st.tuples(
    st.lists(_keys, max_size=2, unique_by=lambda key: key.lstrip("-")),
    st.sampled_from(["uri", "-uri"]),
).map(lambda parts: (*parts[0], parts[1]))


def sort_documents(documents: Iterable[Document], order: Sequence[str]) -> list[str]:
    """Return the uris in an order of fields, ties as the documents come."""
    rows = [(d.uri, {**values_by_field(TREE_SCHEMA, d), "uri": [d.uri]}) for d in documents]
    for key in reversed(order):
        name, falls = key.lstrip("-"), key.startswith("-")
        choose: Any = max if falls else min
        present = [row for row in rows if row[1].get(name)]
        absent = [row for row in rows if not row[1].get(name)]
        rows = sorted(present, key=lambda row: choose(row[1][name]), reverse=falls) + absent
    return [uri for uri, _ in rows]


def count_values(
    documents: Iterable[Document], field: str, size: int = 10
) -> list[tuple[FilterValue, int]]:
    """Return the most frequent values of a field and their numbers of documents, as facets do."""
    counts: Counter[FilterValue] = Counter()
    for document in documents:
        counts.update(set(values_by_field(TREE_SCHEMA, document).get(field, ())))
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:size]


def compared_values(field: str, facet: Iterable[FacetCount]) -> list[tuple[FilterValue, int]]:
    """Return the counts of a facet with its values as filters compare them."""
    declared: Any = TREE_SCHEMA.field(field)
    return [(declared.values(value)[0], documents) for value, documents in facet]


def describe_list(results: Results) -> tuple[list[ChunkName], int | None, dict[str, Any]]:
    """Return what all engines must agree on: hits in their order, total and facets."""
    return name_chunks(results), results.total, dict(results.facets)
