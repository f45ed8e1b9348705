"""What is stored of a chunk: a `FetchedChunk` that reads its header when it is needed."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from nuthatch import Document, document_from_header, parse_header
from nuthatch.postings import readable, split_leaves

#: What an index stores of a chunk, as `schema` describes it.
Row = Mapping[str, Any]


class OpenSearchChunk:
    """A chunk as it is stored. `first` is what is stored of chunk 0, where its own lacks header or
    leaves; `proofs` hands both on."""

    def __init__(self, place: str, chunk_idx: int, row: Row, first: Row, *, proofs: bool) -> None:
        self._place = place
        self._proofs = proofs
        self.chunk_idx = chunk_idx
        with self._readable(row):
            self.uri: str = row["uri"]
            self.root: bytes = bytes.fromhex(row["root"])
            self.text: str = row["text"]
            self.start = int(row["start"])
            self._header: str = row["header"] if "header" in row else first["header"]
            self._leaves = ""
            if proofs:
                self._leaves = row["leaves"] if "leaves" in row else first["leaves"]
            self._chunks: int = row["chunks"]

    def _readable(self, row: Row) -> readable:
        return readable(f"{self._place}: the stored document {row.get('uri', '?')!r}")

    @cached_property
    def _values(self) -> dict[str, Any]:
        with readable(f"{self._place}: the stored document {self.uri!r}"):
            return parse_header(self._header)

    @property
    def title(self) -> str:
        title: str = self._values["title"]
        return title

    @property
    def fields(self) -> Mapping[str, Any]:
        fields: Mapping[str, Any] = self._values["fields"]
        return fields

    @property
    def header(self) -> bytes:
        return self._header.encode() if self._proofs else b""

    @property
    def leaves(self) -> Sequence[bytes]:
        if not self._proofs:
            return ()
        with readable(f"{self._place}: the leaves of the document {self.uri!r}"):
            return split_leaves(b64decode(self._leaves), self._chunks)


def lacks_first(row: Row, *, proofs: bool) -> bool:
    """Return whether a chunk can be read only with what is stored of its document's first one."""
    return "header" not in row or (proofs and "leaves" not in row)


def whole_document(place: str, rows: Sequence[Row]) -> Document:
    """Return the document of its chunks, in order. Raise `IndexCorrupt`."""
    with readable(f"{place}: the stored document {rows[0].get('uri', '?')!r}"):
        if len(rows) != rows[0]["chunks"]:
            raise ValueError(f"{len(rows)} of its {rows[0]['chunks']} chunks are there")
        pairs = [(row["start"], row["text"]) for row in rows]
        return document_from_header(rows[0]["header"].encode(), pairs)
