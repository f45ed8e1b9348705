"""Hits are those of the state that was searched, whenever they are read, on every engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import nuthatch
from nuthatch import (
    AuditMode,
    Chunk,
    Document,
    IntegerField,
    LexicalBackend,
    Results,
    Schema,
    verify,
)

from .engines import Engine

SCHEMA = Schema(fields=(IntegerField("year"),), chunker="words:20:5")
WORDS = [f"w{n}" for n in range(30)]
DOCUMENTS = [
    Document(f"d{n}", f"Title {n} é", "thief " + " ".join(WORDS[n:] + WORDS[:n]), {"year": n})
    for n in range(12)
]
BOOK = Document("book", "A book", " ".join(f"thief {word} page" for word in WORDS * 10))


@pytest.fixture
def url(engine: Engine) -> Iterator[str]:
    with engine.place() as place:
        with nuthatch.open(place, create="new", schema=SCHEMA) as index:
            index.add([*DOCUMENTS, BOOK])
        yield place


def search(index: LexicalBackend, **options: Any) -> Results:
    return index.search("thief w3", 60, audit=AuditMode.GROUNDED, **options)


def replace_all(index: LexicalBackend) -> None:
    index.add([Document(document.uri, "Other", "thief other") for document in DOCUMENTS])


def delete_all(index: LexicalBackend) -> None:
    index.delete([document.uri for document in [*DOCUMENTS, BOOK]])
    index.optimize()


CHANGES: dict[str, Callable[[LexicalBackend], None]] = {
    "nothing": lambda index: None,
    "replace": replace_all,
    "delete": delete_all,
    "close": lambda index: index.close(),
    "delete and close": lambda index: (delete_all(index), index.close())[1],
}


@pytest.mark.parametrize("change", CHANGES)
def test_hits_are_read_as_they_were_found(url: str, change: str) -> None:
    with nuthatch.open(url) as index:
        right = [hit.model_dump() for hit in search(index)]
        results, collapsed = search(index), search(index, collapse=True)
        CHANGES[change](index)
        assert [hit.model_dump() for hit in results] == right
        for hit in results:
            verify(hit)
        best = {values["document_uri"]: values for values in reversed(right)}
        assert {hit.document_uri: hit.model_dump() for hit in collapsed} == best


def test_hits_outlive_the_index(url: str) -> None:
    with nuthatch.open(url) as index:
        right = [hit.model_dump() for hit in search(index)]
        results = search(index)
    nuthatch.drop(url)
    assert [hit.model_dump() for hit in results] == right


def test_hits_that_were_not_read_hold_no_place_among_the_readers(url: str, engine: Engine) -> None:
    """With one reader each search would wait for the one before it."""
    option = {"sqlite": "readers", "postgresql": "connections"}.get(engine.name)
    with nuthatch.open(url, **({option: 1} if option else {})) as index:
        held = [index.search("thief", timeout=60) for _ in range(20)]
        assert len({tuple(hit.snippet for hit in results) for results in held}) == 1


def test_every_hit_stands_among_the_chunks_of_its_document(url: str) -> None:
    with nuthatch.open(url) as index:
        for hit in search(index):
            every = index.chunks(hit.document_uri)
            number = hit.chunk_idx
            assert every[number] == Chunk(hit.document_uri, number, hit.text, hit.start)
            about = index.chunks(hit.document_uri, around=number, before=0, after=2)
            assert about == every[number : number + 3]
        assert len(index.chunks("book")) > 3
