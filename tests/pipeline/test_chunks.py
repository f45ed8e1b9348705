"""A document's chunks: exact slices with their starts, all of them or those about one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nuthatch
from nuthatch import Chunk, Document, InvalidQuery, LexicalBackend, Schema
from nuthatch_conformance.corpora import corpora, queries

CHUNKERS = st.sampled_from(["whole", "words:1:0", "words:3:1", "words:5:4"])
SMALL = st.integers(0, 9)


@given(corpora(min_size=1, max_size=3), queries, CHUNKERS, SMALL, SMALL)
def test_the_chunk_of_a_hit_stands_among_its_neighbours(
    documents: list[Document], query: str, chunker: str, before: int, after: int
) -> None:
    with nuthatch.open("memory:", schema=Schema(chunker=chunker)) as index:
        index.add(documents)
        for hit in index.search(query, 100):
            uri, number = hit.document_uri, hit.chunk_idx
            text = index.get(uri).text  # type: ignore[union-attr]  # it was just found
            assert text[hit.start : hit.start + len(hit.text)] == hit.text
            every = index.chunks(uri)
            assert [chunk.chunk_idx for chunk in every] == list(range(len(every)))
            assert every[number] == Chunk(uri, number, hit.text, hit.start)
            about = index.chunks(uri, around=number, before=before, after=after)
            assert about == every[max(0, number - before) : number + after + 1]
            assert index.chunks(uri, around=number) == every[max(0, number - 1) : number + 2]
            assert covered(every) == text


def covered(chunks: list[Chunk]) -> str:
    """Return the text that chunks with their starts give."""
    text = ""
    for chunk in chunks:
        assert chunk.start <= len(text)
        text = text[: chunk.start] + chunk.text
    return text


def test_a_document_that_is_not_there_has_no_chunks(index: LexicalBackend) -> None:
    assert index.chunks("nobody") == index.chunks("nobody", around=3) == []
    index.add(Document("empty"))
    assert index.chunks("empty") == [Chunk("empty", 0, "", 0)]


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"around": 1}, "chunk 1 of 'a' was asked for; the document has 1, counted from 0"),
        ({"around": -1}, "chunks takes around as a number from 0; found -1"),
        ({"around": True}, "chunks takes around as a number from 0; found True"),
        ({"around": 0, "before": -1}, "chunks takes before as a number from 0; found -1"),
        ({"around": 0, "after": "1"}, "chunks takes after as a number from 0; found '1'"),
        ({"after": 1.0}, "chunks takes after as a number from 0; found 1.0"),
    ],
)
def test_a_chunk_that_is_not_there_is_refused(
    index: LexicalBackend, options: Any, problem: str
) -> None:
    index.add(Document("a", text="one chunk"))
    with pytest.raises(InvalidQuery) as caught:
        index.chunks("a", **options)
    assert problem in str(caught.value)
