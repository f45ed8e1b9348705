"""Fields whose names mean something else, too: facets, orders and filters as memory gives them."""

from __future__ import annotations

from typing import Any

import nuthatch
from nuthatch import (
    AnyOf,
    Document,
    KeywordField,
    LexicalBackend,
    MatchAll,
    Range,
    Schema,
)

from .engines import Engine

#: The keys of an order that are no fields, and what a document has beside its fields.
NAMES = ("uri", "score", "title", "-uri", "y")
SCHEMA = Schema(fields=tuple(KeywordField(name) for name in NAMES))


def documents(start: int, stop: int) -> list[Document]:
    return [
        # Uris fall where the field of that name rises.
        Document(f"d{99 - n}", "", "bee " * (n % 3 + 1), {name: f"{name}{n % 4}" for name in NAMES})
        for n in range(start, stop)
    ]


def answers(index: LexicalBackend) -> list[Any]:
    """Return what searches by each of the names alone, and by all, find and count."""
    found: list[Any] = []
    for name in NAMES:
        for filters in ([AnyOf(name, [f"{name}1"])], [Range(name, gte=f"{name}2")]):
            searches = (
                index.search("bee", 50, filters=filters, sort="uri"),
                index.search("bee", 50, facets=[name], sort="-score"),
                index.search(MatchAll(sort="uri"), 50, filters=filters, facets=NAMES),
            )
            for results in searches:
                uris = sorted(hit.document_uri for hit in results)
                found.append((name, uris, results.total, results.facets))
            found.append([hit.document_uri for hit in searches[2]])
    return found


def test_a_field_may_have_the_name_of_something_else(engine: Engine) -> None:
    with engine.index(SCHEMA) as index, nuthatch.open("memory:", schema=SCHEMA) as oracle:
        for start, stop in ((0, 20), (20, 21), (21, 23)):
            for searched in (index, oracle):
                searched.add(documents(start, stop))
            assert answers(index) == answers(oracle)
