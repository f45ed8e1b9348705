"""Documents and chunks as they are stored, and back: texts are zstd-compressed bytes.

Bytes, because PostgreSQL's text holds no NUL, and because they compress better here than there.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import zstandard

from nuthatch import Document, StoredChunk, document_from_header, parse_header
from nuthatch_postgres.failure import readable

_HASH = 32  # bytes of a SHA-256
_LEVEL = 1  # of zstd: short texts come out as small as at 3, in two thirds of the time


class _Zstd(threading.local):
    """Both directions for each thread: to make one costs as much as ten texts."""

    def __init__(self) -> None:
        self.pack = zstandard.ZstdCompressor(level=_LEVEL).compress
        self.unpack = zstandard.ZstdDecompressor().decompress


_zstd = _Zstd()


def pack(text: str) -> bytes:
    """Return a text as it is stored."""
    return _zstd.pack(text.encode())


def unpack(data: bytes) -> str:
    """Return a stored text."""
    return _zstd.unpack(data).decode()


def stored(row: Sequence[Any], proofs: bool) -> StoredChunk:
    """Return a chunk from a row of FETCH."""
    key, first, uri, root, header, leaves, packed = row
    with readable(f"the stored document {uri!r}"):
        values = parse_header(header)
        if key - first >= values["chunks"]:
            raise ValueError(f"it has {values['chunks']} chunks, and not chunk {key - first}")
        return StoredChunk(
            uri=uri,
            title=values["title"],
            text=unpack(packed),
            chunk_idx=key - first,
            root=root,
            fields=values["fields"],
            header=header if proofs else b"",
            leaves=_split(leaves, values["chunks"]) if proofs else (),
        )


def document(name: str, header: bytes, chunks: Sequence[tuple[int, bytes]]) -> Document:
    """Return a document from its header and its chunks, given as (start, packed text)."""
    with readable(f"the stored document {name!r}"):
        return document_from_header(header, [(start, unpack(text)) for start, text in chunks])


def _split(leaves: bytes, chunks: int) -> list[bytes]:
    if len(leaves) != chunks * _HASH:
        raise ValueError(f"{len(leaves)} bytes are not the leaves of {chunks} chunks")
    return [leaves[at : at + _HASH] for at in range(0, len(leaves), _HASH)]
