"""The codec of stored documents: texts are zstd-compressed, proofs are kept as bytes.

    document    uri   root   header   leaves        leaves: 32 bytes for each chunk, in order
    chunk       start   text                        text: UTF-8, compressed

The header and the leaves are what grounding hashed (`document_root`), so a row is proven by itself.
Every function raises one of `UNREADABLE` for bytes that it cannot read; what takes a name or a row
raises `IndexCorrupt`.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

import zstandard

from nuthatch.contract.document import Document
from nuthatch.contract.reader import StoredChunk
from nuthatch.contract.schema import FilterValue, Schema
from nuthatch.errors import IndexCorrupt, InvalidDocument
from nuthatch.grounding import document_from_header, document_root, leaf_hash, parse_header

if TYPE_CHECKING:
    from nuthatch.contract.batch import AnalyzedChunk

_HASH_BYTES: Final = 32  # of a SHA-256
_LEVEL: Final = 1  # of zstd: short texts come out as small as at 3, in two thirds of the time
#: Chunks of a document up to which a hit's header is proven: each takes a microsecond.
_PROVEN_CHUNKS: Final = 16

#: What values of the wrong shape raise where they are decoded, measured or looked up.
UNREADABLE: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    OverflowError,
    MemoryError,
    InvalidDocument,
)


class readable:  # noqa: N801  # reads as a statement: with readable("the counts")
    """Raises what fails in reading stored values as `IndexCorrupt`.

    `what` names the values. A class of two slots, as a generator would take four times as long
    around each row.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, UNREADABLE):
            raise IndexCorrupt(
                f"{self._what} cannot be read ({error}); restore the index from a copy, or index "
                "the corpus again"
            ) from error


class _Zstd(threading.local):
    """Both directions for each thread: to make one costs as much as ten texts."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_zstd: Final = _Zstd()


def compress_text(text: str) -> bytes:
    """Return a text as it is stored."""
    return _zstd.compress(text.encode())


def decompress(data: bytes) -> bytes:
    """Return a stored text in UTF-8. Raise `ValueError` for bytes that are no zstd frame."""
    try:
        return _zstd.decompress(data)
    except zstandard.ZstdError as error:
        raise ValueError(str(error)) from error


def join_leaves(chunks: Iterable[AnalyzedChunk]) -> bytes:
    """Return the leaf hashes of a document's chunks as they are stored."""
    return b"".join([chunk.leaf for chunk in chunks])


def split_leaves(leaves: bytes, chunks: int) -> list[bytes]:
    """Return the leaf hashes of a document. Raise `ValueError` unless each chunk has one."""
    if len(leaves) != chunks * _HASH_BYTES:
        raise ValueError(f"{len(leaves)} bytes are not the leaves of {chunks} chunks")
    return [leaves[at : at + _HASH_BYTES] for at in range(0, len(leaves), _HASH_BYTES)]


def decode_chunk(row: Sequence[Any], *, proofs: bool, verify: bool) -> StoredChunk:
    """Return a chunk from (its id, id of its first sibling, uri, root, header, leaves, text).

    `proofs` hands header and leaves on, for evidence. `verify` holds the text to its leaf, and the
    header to the root where the document has few chunks: for a store without checksums of its own.
    """
    id_, first, uri, root, header, leaves, compressed = row
    with readable(f"the stored document {uri!r}"):
        values = parse_header(header)
        chunks: int = values["chunks"]
        index = id_ - first
        if not 0 <= index < chunks:
            raise ValueError(f"it has {chunks} chunks, and not chunk {index}")
        hashes = split_leaves(leaves, chunks) if proofs or verify else []
        text = decompress(compressed)
        if verify:
            if leaf_hash(text) != hashes[index]:
                raise ValueError(f"the text of its chunk {index} does not match its hash")
            few = chunks <= _PROVEN_CHUNKS
            if values["uri"] != uri or (few and document_root(header, hashes) != root):
                raise ValueError("its header does not match its root")
        return StoredChunk(
            uri,
            values["title"],
            text.decode(),
            index,
            root,
            values["fields"],
            header if proofs else b"",
            hashes if proofs else (),
        )


def decode_document(
    name: str, header: bytes, chunks: Iterable[tuple[int, bytes]], *, root: bytes | None = None
) -> Document:
    """Return a document from its header and its chunks, given as (start, compressed text).

    With a root, header and texts must lead to it. `name` stands in the error.
    """
    with readable(f"the stored document {name!r}"):
        return rebuild_document(header, [(start, decompress(text)) for start, text in chunks], root)


def rebuild_document(
    header: bytes, chunks: Sequence[tuple[int, bytes]], root: bytes | None
) -> Document:
    """Return a document from its header and its chunks, given as (start, text in UTF-8).

    Raise `ValueError` if a root is given and they do not lead to it.
    """
    if root is not None and document_root(header, [leaf_hash(text) for _, text in chunks]) != root:
        raise ValueError("it does not match its root")
    return document_from_header(header, [(start, text.decode()) for start, text in chunks])


def is_document_intact(
    uri: str,
    root: bytes,
    header: bytes,
    leaves: bytes,
    chunks: Sequence[tuple[int, bytes]],
    values: Collection[tuple[str, FilterValue]],
    schema: Schema,
) -> bool:
    """Return whether all that is stored of a document agrees, chunks as (start, compressed text).

    `values` are the filter values that are stored of it, (field, value) in any order.
    """
    texts = [(start, decompress(text)) for start, text in chunks]
    hashes = [leaf_hash(text) for _, text in texts]
    document = rebuild_document(header, texts, root)
    return (
        b"".join(hashes) == leaves
        and parse_header(header)["chunks"] == len(texts)
        and document.uri == uri
        and all(document.text.startswith(text.decode(), start) for start, text in texts)
        and set(schema.filter_values(document)) == set(values)
    )
