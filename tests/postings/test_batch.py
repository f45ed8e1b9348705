"""Which documents of a batch have to be written, and how they are numbered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nuthatch import (
    AnalyzedChunk,
    AnalyzedDocument,
    BackendUnavailable,
    Document,
    WriteOutcome,
)
from nuthatch.postings import StoredDocument, number_documents, plan_batch

URIS = st.sampled_from("abcdef")
#: A root, and a number of chunks.
VERSIONS = st.tuples(st.sampled_from([b"1", b"2"]), st.integers(1, 3))


def analyzed(uri: str, root: bytes, chunks: int) -> AnalyzedDocument:
    chunk = AnalyzedChunk("", 0, b"", "", "", 0)
    return AnalyzedDocument(Document(uri), root, b"{}", [chunk] * chunks, [])


@given(st.dictionaries(URIS, VERSIONS), st.dictionaries(URIS, VERSIONS))
def test_a_document_is_written_unless_one_with_its_root_is_stored(
    given_: dict[str, tuple[bytes, int]], held: dict[str, tuple[bytes, int]]
) -> None:
    stored = {uri: StoredDocument(at, *held[uri]) for at, uri in enumerate(held)}
    batch = [analyzed(uri, *version) for uri, version in given_.items()]
    plan = plan_batch(batch, stored)
    roots = {uri: root for uri, (root, _) in held.items()}
    assert plan.changed == [item for item in batch if roots.get(item.document.uri) != item.root]
    uris = [item.document.uri for item in plan.changed]
    assert plan.replaced == [stored[uri] for uri in uris if uri in stored]


@given(st.dictionaries(URIS, VERSIONS), st.dictionaries(URIS, VERSIONS))
def test_the_outcome_counts_every_document_of_the_batch_once(
    given_: dict[str, tuple[bytes, int]], held: dict[str, tuple[bytes, int]]
) -> None:
    stored = {uri: StoredDocument(at, *held[uri]) for at, uri in enumerate(held)}
    batch = [analyzed(uri, *version) for uri, version in given_.items()]
    outcome = plan_batch(batch, stored).outcome(len(batch))
    assert outcome.added == len(given_.keys() - held.keys())
    assert outcome.added + outcome.replaced + outcome.unchanged == len(batch)
    assert plan_batch(batch, {}).outcome(len(batch)) == WriteOutcome(
        added=len(batch), chunks=sum(chunks for _, chunks in given_.values())
    )


@given(st.lists(st.integers(1, 4)), st.integers(0, 100))
def test_ids_follow_each_other_without_a_gap(counts: list[int], first: int) -> None:
    batch = [analyzed(str(at), b"", chunks) for at, chunks in enumerate(counts)]
    rows = number_documents(batch, first)
    assert [document for _, document in rows] == batch
    ids = [start + at for start, document in rows for at in range(len(document.chunks))]
    assert ids == [*range(first, first + sum(counts))]


@given(st.lists(st.integers(1, 4), min_size=1), st.integers(2**32 - 200, 2**32 + 5))
def test_no_chunk_has_an_id_beyond_four_bytes(counts: list[int], first: int) -> None:
    batch = [analyzed(str(at), b"", chunks) for at, chunks in enumerate(counts)]
    if first + sum(counts) <= 2**32:
        assert len(number_documents(batch, first)) == len(batch)
        return
    with pytest.raises(BackendUnavailable, match="copy it into a new one"):
        number_documents(batch, first)
