"""Documents come back from the codec as they went in, and damage is an error."""

from __future__ import annotations

import json
from typing import NamedTuple

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from nuthatch import (
    Document,
    FetchedChunk,
    FilterValue,
    IndexCorrupt,
    IntegerField,
    KeywordField,
    Schema,
    StoredChunk,
    document_root,
    leaf_hash,
)
from nuthatch.postings import (
    UNREADABLE,
    CompressedChunk,
    compress_text,
    decode_document,
    decompress,
    is_document_intact,
    readable,
    split_leaves,
)

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
PIECES = st.lists(TEXTS, min_size=1, max_size=20)
SCHEMA = Schema(fields=[IntegerField(name="year"), KeywordField(name="tags")])
FIELDS = {"year": 1999, "tags": ["a", "b"]}
VALUES: list[tuple[str, FilterValue]] = [("tags", "b"), ("year", 1999), ("tags", "a")]


class Stored(NamedTuple):
    """A document as an engine stores it."""

    document: Document
    root: bytes
    header: bytes
    leaves: bytes
    chunks: list[tuple[int, bytes]]

    def row(self, index: int, first: int = 7) -> list[object]:
        """Return the row from which a chunk is decoded."""
        head = [first + index, first, self.document.uri, self.root, self.header, self.leaves]
        return [*head, *self.chunks[index]]


def stored(pieces: list[str], title: str = "Heat") -> Stored:
    document = Document("heat", title, "".join(pieces), FIELDS)
    values = {"chunker": "by hand", "chunks": len(pieces), "fields": FIELDS, "format": 1}
    values |= {"title": title, "uri": "heat"}
    header = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    leaves = [leaf_hash(piece.encode()) for piece in pieces]
    starts = [sum(map(len, pieces[:index])) for index in range(len(pieces))]
    chunks = [(start, compress_text(piece)) for start, piece in zip(starts, pieces, strict=True)]
    return Stored(document, document_root(header, leaves), header, b"".join(leaves), chunks)


@given(TEXTS)
def test_a_text_comes_back(text: str) -> None:
    assert decompress(compress_text(text)).decode() == text


@given(st.binary(max_size=60))
def test_bytes_that_are_no_frame_are_a_value_error(data: bytes) -> None:
    assume(not data.startswith(b"\x28\xb5\x2f\xfd"))
    with pytest.raises(ValueError, match=r"."):
        decompress(data)


@given(PIECES, TEXTS)
def test_a_document_comes_back_with_and_without_its_root(pieces: list[str], title: str) -> None:
    held = stored(pieces, title)
    assert decode_document("heat", held.header, held.chunks) == held.document
    assert decode_document("heat", held.header, held.chunks, root=held.root) == held.document


def read(chunk: FetchedChunk) -> StoredChunk:
    """Read all of a chunk."""
    return StoredChunk(*(getattr(chunk, name) for name in StoredChunk._fields))


@given(PIECES, st.data())
def test_a_chunk_comes_back_verified_or_not(pieces: list[str], data: st.DataObject) -> None:
    held = stored(pieces)
    index = data.draw(st.integers(0, len(pieces) - 1))
    plain = read(CompressedChunk(held.row(index), proofs=False, verify=False))
    start = held.chunks[index][0]
    assert held.document.text.startswith(pieces[index], start)
    assert plain == StoredChunk(
        "heat", "Heat", pieces[index], index, start, held.root, FIELDS, b"", ()
    )
    assert read(CompressedChunk(held.row(index), proofs=False, verify=True)) == plain
    proven = CompressedChunk(held.row(index), proofs=True, verify=data.draw(st.booleans()))
    assert document_root(proven.header, proven.leaves) == held.root
    assert proven.leaves == split_leaves(held.leaves, len(pieces))


HELD = stored(["one ", "two"])


@pytest.mark.parametrize(
    "changed",
    [
        HELD._replace(root=HELD.root[::-1]),
        HELD._replace(header=HELD.header.replace(b"Heat", b"Haet")),
        HELD._replace(header=HELD.header.replace(b"}", b"")),
        HELD._replace(leaves=HELD.leaves[:-1]),
        HELD._replace(leaves=HELD.leaves[32:] + HELD.leaves[:32]),
        HELD._replace(chunks=[HELD.chunks[1], HELD.chunks[0]]),
        HELD._replace(chunks=[(0, b"no frame")] * 2),
        HELD._replace(document=Document("other")),
    ],
)
@pytest.mark.parametrize("index", [0, 1])
def test_every_change_of_a_verified_chunk_is_damage(changed: Stored, index: int) -> None:
    with pytest.raises(IndexCorrupt, match="the stored document"):
        read(CompressedChunk(changed.row(index), proofs=False, verify=True))


@pytest.mark.parametrize("index", [-1, 2])
def test_a_chunk_that_the_header_does_not_count_is_damage(index: int) -> None:
    row = stored(["a", "b"]).row(0)
    with pytest.raises(IndexCorrupt, match=f"it has 2 chunks, and not chunk {index}"):
        CompressedChunk([7 + index, *row[1:]], proofs=False, verify=False)


@pytest.mark.parametrize(
    "changed",
    [
        HELD._replace(root=b""),
        HELD._replace(root=None),
        HELD._replace(leaves=HELD.leaves[:-1]),
        HELD._replace(leaves=HELD.leaves[:32]),
        HELD._replace(leaves=None),
    ],
)
def test_sizes_that_cannot_be_are_damage_before_anything_is_read(changed: Stored) -> None:
    with pytest.raises(IndexCorrupt, match="the stored document 'heat' cannot be read") as caught:
        CompressedChunk(changed.row(1), proofs=False, verify=False)
    assert caught.value.__cause__ is not None


def test_what_is_damaged_is_found_where_it_is_read_and_nowhere_else() -> None:
    text = CompressedChunk(
        HELD._replace(chunks=[(0, b"no frame")] * 2).row(0), proofs=True, verify=True
    )
    assert (text.title, dict(text.fields)) == ("Heat", FIELDS)
    with pytest.raises(IndexCorrupt, match="the stored document 'heat' cannot be read"):
        _ = text.text
    header = CompressedChunk(HELD._replace(header=b"{").row(0), proofs=True, verify=True)
    assert header.text == "one "
    for name in ("title", "fields"):
        with pytest.raises(IndexCorrupt) as caught:
            getattr(header, name)
        assert isinstance(caught.value.__cause__, ValueError)


def test_what_was_judged_is_unpacked_once_and_still_held_to_its_hash() -> None:
    unpacked = []

    class Counted(CompressedChunk):
        def unpack(self, packed: bytes) -> bytes:
            unpacked.append(packed)
            return super().unpack(packed)

    chunk = Counted(HELD.row(0), proofs=True, verify=True)
    assert chunk.peek() == ("Heat", "one ")
    assert (chunk.title, chunk.text) == ("Heat", "one ")
    assert len(unpacked) == 1
    swapped = HELD._replace(chunks=[HELD.chunks[1], HELD.chunks[0]])
    damaged = CompressedChunk(swapped.row(0), proofs=True, verify=True)
    assert damaged.peek() == ("Heat", "two")
    with pytest.raises(IndexCorrupt, match="does not match its hash"):
        _ = damaged.text


def test_a_document_that_does_not_lead_to_its_root_is_damage() -> None:
    held = stored(["one ", "two"])
    with pytest.raises(IndexCorrupt, match=r"'heat' cannot be read .it does not match its root"):
        decode_document("heat", held.header, held.chunks, root=b"")


def test_what_is_stored_of_a_document_agrees_or_does_not() -> None:
    held = stored(["one ", "two"])

    def is_intact(it: Stored, values: list[tuple[str, FilterValue]]) -> bool:
        proof = (it.document.uri, it.root, it.header, it.leaves)
        return is_document_intact(*proof, it.chunks, values, SCHEMA)

    assert is_intact(held, VALUES)
    assert not is_intact(held, VALUES[1:])
    assert not is_intact(held._replace(document=Document("other")), VALUES)
    assert not is_intact(held._replace(leaves=held.leaves[::-1]), VALUES)
    assert not is_intact(
        held._replace(chunks=[(0, held.chunks[0][1]), (5, held.chunks[1][1])]), VALUES
    )
    with pytest.raises(ValueError, match="root"):
        is_intact(held._replace(root=b""), VALUES)
    with pytest.raises(ValueError, match="root"):
        is_intact(held._replace(chunks=held.chunks[:1]), VALUES)


def fail(error: BaseException) -> None:
    with readable("the counts"):
        raise error


@pytest.mark.parametrize("error", UNREADABLE)
def test_what_cannot_be_read_is_named_and_its_cause_is_kept(error: type[Exception]) -> None:
    with pytest.raises(IndexCorrupt, match=r"the counts cannot be read .odd.; restore") as caught:
        fail(error("odd"))
    assert isinstance(caught.value.__cause__, error)


@pytest.mark.parametrize("error", [KeyboardInterrupt, IndexCorrupt, OSError])
def test_what_is_no_matter_of_values_passes(error: type[BaseException]) -> None:
    with pytest.raises(error, match=r"^odd$"):
        fail(error("odd"))
