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
from nuthatch.contract.schema import FilterValue, Schema
from nuthatch.grounding import document_from_header, document_root, leaf_hash, parse_header
from nuthatch.postings.packed import PackedChunk, readable

if TYPE_CHECKING:
    from nuthatch.contract.batch import AnalyzedChunk

_LEVEL: Final = 1  # of zstd: short texts come out as small as at 3, in two thirds of the time


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


class CompressedChunk(PackedChunk):
    """A chunk whose text is compressed, made from the row of an engine that stores in tables.

    The row is (its id, id of its first sibling, uri, root, header, leaves, start, text).
    """

    __slots__ = ()

    def __init__(self, row: Sequence[Any], *, proofs: bool, verify: bool) -> None:
        id_, first, uri, root, header, leaves, start, text = row
        super().__init__(
            uri, id_ - first, start, root, header, leaves, text, proofs=proofs, verify=verify
        )

    def unpack(self, packed: bytes) -> bytes:
        return decompress(packed)


def decode_document(
    name: str, header: bytes, chunks: Iterable[tuple[int, bytes]], *, root: bytes | None = None
) -> Document:
    """Return a document from its header and its chunks, given as (start, compressed text).

    With a root, header and texts must lead to it. `name` stands in the error.
    """
    with readable(f"the stored document {name!r}"):
        return _rebuild(header, [(start, decompress(text)) for start, text in chunks], root)


def _rebuild(header: bytes, chunks: Sequence[tuple[int, bytes]], root: bytes | None) -> Document:
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
    document = _rebuild(header, texts, root)
    return (
        b"".join(hashes) == leaves
        and parse_header(header)["chunks"] == len(texts)
        and document.uri == uri
        and all(document.text.startswith(text.decode(), start) for start, text in texts)
        and set(schema.filter_values(document)) == set(values)
    )
