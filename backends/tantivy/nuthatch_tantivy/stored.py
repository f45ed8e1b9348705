"""Rows as they are stored, and what it means that one cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import tantivy

from nuthatch import Document, IndexCorrupt, document_from_header, document_root, leaf_hash
from nuthatch.postings import PackedChunk, corrupted, readable

#: What is stored of a chunk, by field.
Row = dict[str, list[Any]]


class TantivyChunk(PackedChunk):
    """A chunk of Tantivy's store, whose blocks Tantivy unpacks.

    `key` and `number` are those of its document and of itself, `first` is chunk 0's row.
    """

    __slots__ = ("_path",)

    def __init__(
        self,
        path: Path,
        key: str,
        number: int,
        row: tantivy.Document,
        first: tantivy.Document,
        *,
        proofs: bool,
    ) -> None:
        self._path = path
        of_row: Callable[[str], Any] = row.get_first
        of_first: Callable[[str], Any] = first.get_first
        super().__init__(
            key,
            number,
            of_row("start"),
            of_first("root"),
            of_first("header"),
            of_first("leaves"),
            of_row("text"),
            proofs=proofs,
            verify=True,
        )

    def corrupt(self, error: BaseException) -> IndexCorrupt:
        return corrupted(f"{self._path}: the stored document {self.uri!r}", error)


def value_of(row: tantivy.Document, name: str) -> Any:
    """Return the value of a stored field; None where it has none."""
    return row.get_first(name)


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


def readable_row(row: Row, path: Path) -> readable:
    """Return what raises `IndexCorrupt` for a row that cannot be read: with readable_row(…)."""
    return readable(f"{path}: the stored document {row.get('key', ['?'])[0]!r}")
