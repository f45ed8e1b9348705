"""Stored chunks that are unpacked when they are read; and what it means that one cannot be.

    uri  number  start  root ── read in every search, their sizes checked at once
    header ────────────▶ title, fields       held to the root, where the document has few chunks
    leaves ── its own ─▶ text                held to its hash

A hit may outlive its index. So a chunk holds bytes of its own, and no more of them than it needs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from nuthatch.errors import IndexCorrupt, InvalidDocument
from nuthatch.grounding import document_root, leaf_hash, parse_header, read_title

_HASH_BYTES: Final = 32  # of a SHA-256
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
            raise corrupted(self._what, error) from error


def corrupted(what: str, error: BaseException) -> IndexCorrupt:
    """Return the error for stored values that cannot be read; `what` names them."""
    return IndexCorrupt(
        f"{what} cannot be read ({error}); restore the index from a copy, or index the corpus again"
    )


def split_leaves(leaves: bytes, chunks: int) -> list[bytes]:
    """Return the leaf hashes of a document. Raise `ValueError` unless each chunk has one."""
    if len(leaves) != chunks * _HASH_BYTES:
        raise ValueError(f"{len(leaves)} bytes are not the leaves of {chunks} chunks")
    return [leaves[at : at + _HASH_BYTES] for at in range(0, len(leaves), _HASH_BYTES)]


class PackedChunk:
    """A chunk as it is stored, a `FetchedChunk` that unpacks header and text when they are read.

    `leaves` are the leaf hashes of its document, joined, and `packed` its text, which `unpack`
    turns into UTF-8. `proofs` hands header and leaves on, for evidence. `verify` is for a store
    without checksums of its own: the text is held to its leaf when it is read, and the header to
    the root where the document has few chunks. Sizes that cannot be raise `IndexCorrupt` now,
    other damage when it is read.
    """

    __slots__ = (
        "_chunks",
        "_header",
        "_leaf",
        "_leaves",
        "_packed",
        "_proofs",
        "_unpacked",
        "_values",
        "_verify",
        "chunk_idx",
        "root",
        "start",
        "uri",
    )

    def __init__(
        self,
        uri: str,
        chunk_idx: int,
        start: int,
        root: bytes,
        header: bytes,
        leaves: bytes,
        packed: bytes,
        *,
        proofs: bool,
        verify: bool,
    ) -> None:
        self.uri = uri
        self.chunk_idx = chunk_idx
        self.start = start
        self.root = root
        self._header = header
        self._packed = packed
        self._unpacked: bytes | None = None
        self._proofs = proofs
        self._verify = verify
        self._values: dict[str, Any] | None = None
        try:
            self._chunks, rest = divmod(len(leaves), _HASH_BYTES)
            if rest or not 0 <= chunk_idx < self._chunks:
                raise ValueError(f"it has {self._chunks} chunks, and not chunk {chunk_idx}")
            if start < 0:
                raise ValueError(f"its chunk {chunk_idx} starts at {start}")
            if len(root) != _HASH_BYTES:
                raise ValueError(f"its root has {len(root)} bytes")
            self._leaf = leaves[chunk_idx * _HASH_BYTES : (chunk_idx + 1) * _HASH_BYTES]
            self._leaves = leaves if proofs or self._chunks <= _PROVEN_CHUNKS else b""
        except UNREADABLE as error:
            raise self.corrupt(error) from error

    def unpack(self, packed: bytes) -> bytes:
        """Return a stored text in UTF-8. Raise one of `UNREADABLE` for bytes that are none."""
        return packed

    @property
    def title(self) -> str:
        title: str = self._read_header()["title"]
        return title

    @property
    def fields(self) -> Mapping[str, Any]:
        fields: Mapping[str, Any] = self._read_header()["fields"]
        return fields

    @property
    def text(self) -> str:
        try:
            unpacked = self._unpacked  # what was judged is not unpacked again
            text = self.unpack(self._packed) if unpacked is None else unpacked
            if self._verify and leaf_hash(text) != self._leaf:
                raise ValueError(f"the text of its chunk {self.chunk_idx} does not match its hash")
            return text.decode()
        except UNREADABLE as error:
            raise self.corrupt(error) from error

    def peek(self) -> tuple[str, str]:
        """Return title and text to rank by, not held to their hashes; who shows them reads them
        by name."""
        try:
            self._unpacked = text = self.unpack(self._packed)
            return read_title(self._header), text.decode()
        except UNREADABLE as error:
            raise self.corrupt(error) from error

    @property
    def header(self) -> bytes:
        return self._header if self._proofs else b""

    @property
    def leaves(self) -> Sequence[bytes]:
        return split_leaves(self._leaves, self._chunks) if self._proofs else ()

    def _read_header(self) -> dict[str, Any]:
        values = self._values
        if values is None:
            try:
                values = parse_header(self._header)
                self._check_header(values)
            except UNREADABLE as error:
                raise self.corrupt(error) from error
            self._values = values
        return values

    def _check_header(self, values: Mapping[str, Any]) -> None:
        """Raise one of `UNREADABLE` for a header that cannot be this chunk's."""
        chunks, _, _ = values["chunks"], values["title"], values["fields"]
        if chunks != self._chunks:
            raise ValueError(f"its header counts {chunks} chunks, and its leaves {self._chunks}")
        if not self._verify:
            return
        if values["uri"] != self.uri or (
            chunks <= _PROVEN_CHUNKS and self._root_of_header() != self.root  # else it takes long
        ):
            raise ValueError("its header does not match its root")

    def _root_of_header(self) -> bytes:
        """Return the root that the header and all leaves of the document lead to."""
        if self._chunks == 1:
            return document_root(self._header, [self._leaf])
        return document_root(self._header, split_leaves(self._leaves, self._chunks))

    def corrupt(self, error: BaseException) -> IndexCorrupt:
        """Return the error for a chunk that cannot be read."""
        return corrupted(f"the stored document {self.uri!r}", error)
