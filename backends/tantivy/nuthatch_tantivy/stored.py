"""Rows as they are stored, and what it means that one cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from nuthatch import (
    Document,
    IndexCorrupt,
    InvalidDocument,
    document_from_header,
    document_root,
    leaf_hash,
)

_HASH: Final = 32  # bytes of a SHA-256
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

#: What is stored of a chunk, by field.
Row = dict[str, list[Any]]


def leaf_hashes(leaves: bytes, chunks: int) -> list[bytes]:
    """Return the leaf hashes that are stored in a row. Raise `ValueError` unless each has one."""
    if len(leaves) != chunks * _HASH:
        raise ValueError(f"{len(leaves)} bytes are not the leaves of {chunks} chunks")
    return [leaves[at : at + _HASH] for at in range(0, len(leaves), _HASH)]


def chunk_text(row: Row, leaf: bytes) -> str:
    """Return the text of a chunk. Raise `ValueError` unless it is the text that was hashed."""
    text: bytes = row["text"][0]
    if leaf_hash(text) != leaf:
        raise ValueError(f"the text of its chunk {row['chunk'][0]} does not match its hash")
    return text.decode()


def whole_document(rows: Sequence[Row]) -> Document:
    """Return the document of its rows, in order. Raise `ValueError` unless they lead to its root.

    The error may be any of `UNREADABLE`.
    """
    header: bytes = rows[0]["header"][0]
    if document_root(header, [leaf_hash(row["text"][0]) for row in rows]) != rows[0]["root"][0]:
        raise ValueError("it does not match its root")
    return document_from_header(
        header, [(row["start"][0], row["text"][0].decode()) for row in rows]
    )


class readable:  # noqa: N801  # reads as a statement: with readable(row, path)
    """Raises what fails in reading stored values as `IndexCorrupt`."""

    __slots__ = ("_path", "_row")

    def __init__(self, row: Row, path: Path) -> None:
        self._row = row
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, UNREADABLE):
            uri = self._row.get("key", ["?"])[0]
            raise IndexCorrupt(
                f"{self._path}: the stored document {uri!r} cannot be read ({error}); restore "
                "the index from a copy, or index the corpus again"
            ) from error
