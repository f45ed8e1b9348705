"""Encode and decode stored documents and chunks; texts are bytes, compressed by zstd.

PostgreSQL's type `text` holds no NUL, and its own compression is weaker.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import zstandard

from nuthatch import Document, StoredChunk, document_from_header, parse_header
from nuthatch_postgres.client.errors import readable

_HASH = 32  # bytes of a SHA-256
_LEVEL = 1  # of zstd: short texts come out as small as at 3, in two thirds of the time


class _Zstd(threading.local):
    """A compressor and a decompressor for each thread: making one costs as much as ten texts."""

    def __init__(self) -> None:
        self.compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.decompress = zstandard.ZstdDecompressor().decompress


_zstd = _Zstd()


def compress(text: str) -> bytes:
    """Return the stored form of a text."""
    return _zstd.compress(text.encode())


def decompress(data: bytes) -> str:
    """Return a text from its stored form."""
    return _zstd.decompress(data).decode()


def decode_chunk(row: Sequence[Any], proofs: bool) -> StoredChunk:
    """Return a chunk from a row of `FETCH`."""
    key, first, uri, root, header, leaves, text = row
    with readable(f"the stored document {uri!r}"):
        values = parse_header(header)
        if key - first >= values["chunks"]:
            raise ValueError(f"it has {values['chunks']} chunks, and not chunk {key - first}")
        return StoredChunk(
            uri=uri,
            title=values["title"],
            text=decompress(text),
            chunk_idx=key - first,
            root=root,
            fields=values["fields"],
            header=header if proofs else b"",
            leaves=_split_leaves(leaves, values["chunks"]) if proofs else (),
        )


def decode_document(name: str, header: bytes, chunks: Sequence[tuple[int, bytes]]) -> Document:
    """Return a document from its header and the starts and stored texts of its chunks."""
    with readable(f"the stored document {name!r}"):
        return document_from_header(header, [(start, decompress(text)) for start, text in chunks])


def _split_leaves(leaves: bytes, chunks: int) -> list[bytes]:
    if len(leaves) != chunks * _HASH:
        raise ValueError(f"{len(leaves)} bytes are not the leaves of {chunks} chunks")
    return [leaves[at : at + _HASH] for at in range(0, len(leaves), _HASH)]
